//! Reading of small text files of a host, with errors as reasons for not knowing.

use std::io;

use super::{Fact, Value, Why};
use crate::host::Host;

/// More than any file of /proc or /sys that facts read as text; a larger one is cut.
pub(super) const TEXT_LIMIT: usize = 1 << 20;

/// The reason an error of the system gives for not knowing.
pub(super) fn why(error: &io::Error) -> Why {
    match error.kind() {
        io::ErrorKind::PermissionDenied => Why::Denied,
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Why::Missing,
        // Of a host from files, not of the system: that one has a number for it.
        io::ErrorKind::Unsupported if error.raw_os_error().is_none() => Why::NotCollected,
        io::ErrorKind::InvalidData => Why::Malformed,
        _ => Why::Unreadable,
    }
}

/// The unknown fact that stands for an error at `path`.
pub(super) fn unreadable(error: &io::Error, path: &str) -> Fact {
    let detail = match why(error) {
        Why::Unreadable | Why::Malformed => error.to_string(),
        _ => String::new(),
    };
    Fact::unknown(why(error), &detail, path)
}

/// The text of the file at `path`; bytes that are no UTF-8 are replaced.
pub(super) fn text(host: &dyn Host, path: &str) -> io::Result<String> {
    let bytes = host.read(path, TEXT_LIMIT)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A fact out of the text of the file at `path`; where `parse` finds no sense in it, the
/// fact is unknown as malformed.
pub(super) fn fact(host: &dyn Host, path: &str, parse: impl FnOnce(&str) -> Option<Value>) -> Fact {
    match text(host, path) {
        // No text of the kernel's or of a system's has them: a disk lost it, or it is no text.
        Ok(text) if text.contains('\0') => {
            Fact::unknown(Why::Malformed, "it has zero bytes in it", path)
        }
        Ok(text) => match parse(&text) {
            Some(value) => Fact::known(value, path),
            None => Fact::unknown(Why::Malformed, &shown(&text), path),
        },
        Err(error) => unreadable(&error, path),
    }
}

/// A fact out of the file at `path`, which holds one whole number.
pub(super) fn number(host: &dyn Host, path: &str) -> Fact {
    fact(host, path, |text| {
        text.trim().parse().ok().map(Value::Number)
    })
}

/// Whether the directory at `path` holds anything. Where a kernel file system is not
/// mounted, its directory is there and empty, and nothing can be said of what it lacks.
pub(super) fn is_populated(host: &dyn Host, path: &str) -> bool {
    host.list(path).is_ok_and(|names| !names.is_empty())
}

/// The beginning of foreign text, fit for a reason: one line, no control characters.
pub(super) fn shown(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let clean: String = line.chars().filter(|c| !c.is_control()).take(60).collect();
    if clean.is_empty() {
        return "empty".to_owned();
    }
    format!("`{clean}`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Memory;

    #[test]
    fn a_text_with_zero_bytes_is_none() {
        for (bytes, known) in [
            (&b"quiet\n"[..], true),
            (b"", true),
            (b"quiet\0\0\0", false),
            (&[0; 4096], false),
        ] {
            let host = Memory::new().with("/proc/cmdline", bytes);
            let told = fact(&host, "/proc/cmdline", |text| Some(text.into()));
            assert_eq!(told.value().is_some(), known, "{bytes:?}");
        }
    }
}
