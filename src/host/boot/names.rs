//! Releases in the names of kernel images, and in the images.

use crate::host::Host;

/// What distributions call a kernel image in front of its release.
const IMAGES: &[&str] = &[
    "vmlinuz-", "vmlinux-", "Image-", "kernel-", "image-", "bzImage-",
];

/// What stands behind the release in the names of copies, signatures and what package managers lay
/// aside; `make install` calls the one that was there before `.old`.
const COPIES: &[&str] = &[
    "~",
    "-backup",
    ".backup",
    ".bak",
    ".dpkg-dist",
    ".dpkg-new",
    ".dpkg-old",
    ".dpkg-tmp",
    ".efi.signed",
    ".gz",
    ".hmac",
    ".old",
    ".orig",
    ".rpmnew",
    ".rpmorig",
    ".rpmsave",
    ".sig",
    ".tmp",
];

/// The release in the path of a kernel image, as `uname -r` says it; none in those of rescue
/// images and copies.
pub(crate) fn release_of(path: &str) -> Option<String> {
    // systemd-boot has a directory for each release: /MACHINE/6.1.0/linux.
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    let named = IMAGES.iter().find_map(|begin| name.strip_prefix(begin));
    let release = match named {
        Some(release) => release,
        None if matches!(name, "linux" | "vmlinuz") => directory.rsplit('/').next()?,
        None => return None,
    };
    is_release(release).then(|| release.to_owned())
}

/// Whether this can be a release: a number first, and nothing that leads elsewhere. A rescue
/// image (`0-rescue-MACHINE`) is no kernel of its own, and neither is a copy.
pub(crate) fn is_release(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && !COPIES.iter().any(|end| text.ends_with(end))
        && text.contains('.')
        && !text.contains("rescue")
        && text.chars().all(|c| c.is_ascii_graphic() && c != '/')
}

/// The line an x86 kernel image has in its header: `6.1.0-47-amd64 (who@where) #1 SMP ...`.
///
/// As Documentation/arch/x86/boot.rst has it: `HdrS` at 0x202, and at 0x20e where the text
/// begins, counted from 0x200.
pub(crate) fn banner(host: &dyn Host, path: &str) -> Option<String> {
    let bytes = host.read(path, 96 << 10).ok()?;
    if bytes.get(0x202..0x206)? != b"HdrS" {
        return None;
    }
    let offset = u16::from_le_bytes(*bytes.get(0x20e..0x210)?.first_chunk()?);
    let text = bytes.get(usize::from(offset) + 0x200..)?;
    let end = text.iter().take(500).position(|byte| *byte == 0)?;
    Some(std::str::from_utf8(text.get(..end)?).ok()?.to_owned())
}

/// The release in the header of a kernel image.
pub(super) fn image_release(host: &dyn Host, path: &str) -> Option<String> {
    let banner = banner(host, path)?;
    let release = banner.split(' ').next()?;
    is_release(release).then(|| release.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_found_in_names_and_directories() {
        for (path, release) in [
            ("vmlinuz-6.1.0-9-amd64", Some("6.1.0-9-amd64")),
            ("/boot/vmlinux-6.1.0", Some("6.1.0")),
            ("/1f/6.1.0/linux", Some("6.1.0")),
            ("/usr/lib/modules/6.1.0/vmlinuz", Some("6.1.0")),
            ("/boot/vmlinuz-linux", None),
            ("/boot/vmlinuz", None),
            ("vmlinuz-6.1.0.old", None),
            ("vmlinuz-6.1.0.rpmsave", None),
            ("vmlinuz-6.1.0~", None),
            ("vmlinuz-0-rescue-1f.2", None),
            ("vmlinuz-../../etc", None),
            ("vmlinuz-6.1 0", None),
            ("linux", None),
            ("", None),
        ] {
            assert_eq!(release_of(path).as_deref(), release, "{path}");
        }
    }
}
