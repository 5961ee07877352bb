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
    ".prev",
    ".rpmnew",
    ".rpmorig",
    ".rpmsave",
    ".save",
    ".sig",
    ".tmp",
    ".unsigned",
];

/// What people put behind a release in the name of a copy, and also behind a version when they build
/// a kernel of their own (CONFIG_LOCALVERSION).
const COPIES_OR_NOT: &[&str] = &[
    "-backup", "-bak", "-copy", "-old", "-orig", "-prev", "-save",
];

/// The release of which this is perhaps a copy.
pub(crate) fn copied(release: &str) -> Option<&str> {
    COPIES_OR_NOT
        .iter()
        .find_map(|end| release.strip_suffix(end))
}

/// Whether what is called so is a copy of another: a kernel of that name would have modules of its
/// own, and a copy has the other beside it.
pub(crate) fn is_copy(host: &dyn Host, release: &str) -> bool {
    let Some(plain) = copied(release) else {
        return false;
    };
    let has_modules = |release: &str| {
        let mut places = MODULES.iter();
        places.any(|place| host.stat(&format!("{place}/{release}")).is_ok())
    };
    let has_image = || {
        let names = host.list("/boot").unwrap_or_default();
        let mut images = names.iter().filter_map(|name| release_of(name));
        images.any(|release| release == plain)
    };
    !has_modules(release) && (has_modules(plain) || has_image())
}

/// Where the modules of each release are; /lib can be a directory of its own.
pub(crate) const MODULES: &[&str] = &["/lib/modules", "/usr/lib/modules"];

/// The files of kernel images in the names of which this release may be.
pub(crate) fn images_of(release: &str) -> impl Iterator<Item = String> + '_ {
    let of_boot = IMAGES
        .iter()
        .map(move |begin| format!("/boot/{begin}{release}"));
    let beside = MODULES
        .iter()
        .map(move |place| format!("{place}/{release}/vmlinuz"));
    of_boot.chain(beside)
}

/// The kernel images there are, by release, and where each lies; once each.
pub(crate) fn images(host: &dyn Host) -> Vec<(String, String)> {
    let mut images: Vec<(String, String)> = Vec::new();
    let mut add = |release: String, place: String| {
        let is_there = images.iter().any(|(known, _)| *known == release);
        if !is_there && !is_copy(host, &release) {
            images.push((release, place));
        }
    };
    for name in host.list("/boot").unwrap_or_default() {
        if let Some(release) = release_of(&name) {
            add(release, format!("/boot/{name}"));
        }
    }
    for place in MODULES {
        let names = host.list(place).unwrap_or_default();
        for release in names
            .into_iter()
            .filter(|name| is_release(name))
            .take(LIMIT)
        {
            let image = format!("{place}/{release}/vmlinuz");
            if host.stat(&image).is_ok() {
                add(release, image);
            }
        }
    }
    images
}

/// More releases than anyone keeps.
const LIMIT: usize = 64;

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
    fn a_copy_has_the_other_beside_it_and_no_modules() {
        use crate::host::Memory;
        let releases = |paths: &[&str]| -> Vec<String> {
            let host = paths
                .iter()
                .fold(Memory::new(), |host, path| host.with(path, ""));
            let images = images(&host).into_iter();
            images.map(|(release, _)| release).collect()
        };
        for (paths, expected) in [
            (
                &["/boot/vmlinuz-6.9.0", "/boot/vmlinuz-6.9.0-backup"][..],
                &["6.9.0"][..],
            ),
            (
                &["/boot/image-6.9.0", "/boot/vmlinuz-6.9.0-old"],
                &["6.9.0"],
            ),
            (
                &["/boot/vmlinuz-6.9.0-orig", "/lib/modules/6.9.0/x.ko"],
                &[],
            ),
            // It is what there is.
            (&["/boot/vmlinuz-6.9.0-backup"], &["6.9.0-backup"]),
            (
                &[
                    "/boot/vmlinuz-6.9.0",
                    "/boot/vmlinuz-6.9.0-backup",
                    "/lib/modules/6.9.0-backup/x.ko",
                ],
                &["6.9.0", "6.9.0-backup"],
            ),
            // Images beside modules are named by the same rule.
            (
                &[
                    "/lib/modules/6.9.1/vmlinuz",
                    "/lib/modules/6.9.1.old/vmlinuz",
                ],
                &["6.9.1"],
            ),
            (
                &["/boot/kernel-6.9.0", "/usr/lib/modules/6.9.0/vmlinuz"],
                &["6.9.0"],
            ),
            (&["/boot/bzImage-6.9.0", "/boot/config-6.10.0"], &["6.9.0"]),
        ] {
            assert_eq!(releases(paths), expected, "{paths:?}");
        }
    }

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
            ("vmlinuz-6.1.0.prev", None),
            ("vmlinuz-6.1.0.unsigned", None),
            ("vmlinuz-6.1.0-backup", Some("6.1.0-backup")),
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
