//! The running system.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};

use super::{Host, Kind, Uname};

/// The system the doctor runs on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Live;

impl Live {
    /// A regular file of this system, to be read from its beginning.
    ///
    /// # Errors
    /// As [`Host::read`].
    pub fn open(self, path: &std::path::Path) -> io::Result<fs::File> {
        regular(path)
    }
}

impl Host for Live {
    fn read(&self, path: &str, limit: usize) -> io::Result<Vec<u8>> {
        read_file(path.as_ref(), limit)
    }

    fn byte(&self, path: &str, at: u64) -> io::Result<u8> {
        read_byte(path.as_ref(), at)
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        list_directory(path.as_ref())
    }

    fn stat(&self, path: &str) -> io::Result<(Kind, u64)> {
        #[expect(clippy::disallowed_methods, reason = "this is the trait's own door")]
        let meta = fs::metadata(path)?;
        Ok((kind_of(&meta), meta.len()))
    }

    fn link(&self, path: &str) -> io::Result<String> {
        #[expect(clippy::disallowed_methods, reason = "this is the trait's own door")]
        let target = fs::read_link(path)?;
        Ok(target.to_string_lossy().into_owned())
    }

    fn uname(&self) -> io::Result<Uname> {
        let uts = nix::sys::utsname::uname()?;
        let text = |field: &std::ffi::OsStr| field.to_string_lossy().into_owned();
        Ok(Uname {
            release: text(uts.release()),
            version: text(uts.version()),
            machine: text(uts.machine()),
            nodename: text(uts.nodename()),
        })
    }

    fn is_live(&self) -> bool {
        true
    }
}

pub(super) fn kind_of(meta: &fs::Metadata) -> Kind {
    if meta.is_file() {
        Kind::File
    } else if meta.is_dir() {
        Kind::Directory
    } else {
        Kind::Other
    }
}

/// Reads at most `limit` bytes of a regular file.
pub(super) fn read_file(path: &std::path::Path, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    regular(path)?.take(limit as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads one byte of a regular file.
pub(super) fn read_byte(path: &std::path::Path, at: u64) -> io::Result<u8> {
    let mut byte = [0];
    regular(path)?.read_exact_at(&mut byte, at)?;
    Ok(byte[0])
}

/// Opened without blocking and looked at through the descriptor: what is a file when it
/// is looked at may be a fifo when it is opened.
fn regular(path: &std::path::Path) -> io::Result<fs::File> {
    let file = fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC)
        .open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(super::no_file());
    }
    Ok(file)
}

pub(super) fn list_directory(path: &std::path::Path) -> io::Result<Vec<String>> {
    #[expect(clippy::disallowed_methods, reason = "this is the trait's own door")]
    let entries = fs::read_dir(path)?;
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
