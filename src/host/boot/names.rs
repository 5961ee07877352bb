//! Releases in the names of kernel images.

/// What distributions call a kernel image in front of its release.
const IMAGES: &[&str] = &[
    "vmlinuz-", "vmlinux-", "Image-", "kernel-", "image-", "bzImage-",
];

/// What stands behind the release in the names of copies and signatures.
const COPIES: &[&str] = &[".old", ".bak", ".gz", ".hmac", ".sig", ".efi.signed"];

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
    let copy = COPIES.iter().any(|end| release.ends_with(end));
    (is_release(release) && !copy).then(|| release.to_owned())
}

/// Whether this can be a release: a number first, and nothing that leads elsewhere. A rescue
/// image (`0-rescue-MACHINE`) is no kernel of its own.
pub(crate) fn is_release(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.contains('.')
        && !text.contains("rescue")
        && text.chars().all(|c| c.is_ascii_graphic() && c != '/')
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
