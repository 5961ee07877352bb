//! Which of the kernels installed below a root is meant, where none runs there.
//!
//! In this order: the one that was asked for, the one the boot configuration selects, the
//! newest. Whoever reads the choice learns where it comes from.

mod entries;
mod grub;
mod image;
mod order;

use super::Host;
pub(super) use image::{build_line, machine};

/// More than any configuration of a boot loader.
const LIMIT: usize = 1 << 20;

/// A kernel that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    /// Its release.
    pub(super) release: String,
    /// Where the choice comes from.
    pub(super) why: String,
    /// The command line it would be given, where the boot configuration tells.
    pub(super) cmdline: Option<String>,
}

impl Choice {
    fn booted(release: &str, place: &str, cmdline: Option<String>) -> Self {
        Self {
            release: release.to_owned(),
            why: format!("{place} (boot configuration)"),
            cmdline,
        }
    }
}

/// The kernel that is meant.
pub(super) fn choose(host: &dyn Host, asked: Option<&str>) -> Option<Choice> {
    let booted = entries::selected(host).or_else(|| grub::selected(host));
    if let Some(release) = asked {
        let cmdline = booted.filter(|choice| choice.release == release);
        return Some(Choice {
            release: release.to_owned(),
            why: "--release".to_owned(),
            cmdline: cmdline.and_then(|choice| choice.cmdline),
        });
    }
    booted.or_else(|| linked(host)).or_else(|| newest(host))
}

/// Debian's and SUSE's links to the kernel that was installed last.
fn linked(host: &dyn Host) -> Option<Choice> {
    ["/vmlinuz", "/boot/vmlinuz", "/boot/Image"]
        .into_iter()
        .find_map(|place| {
            let release = release_of(&host.link(place).ok()?)?;
            Some(Choice::booted(&release, place, None))
        })
}

/// The release in the name of a kernel's file, as `uname -r` says it.
fn release_of(path: &str) -> Option<String> {
    // systemd-boot has a directory for each release: /MACHINE/6.1.0/linux.
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    let named = ["vmlinuz-", "vmlinux-", "Image-", "kernel-", "bzImage-"]
        .into_iter()
        .find_map(|prefix| name.strip_prefix(prefix));
    let release = match named {
        Some(release) => release,
        None if matches!(name, "linux" | "vmlinuz") => directory.rsplit('/').next()?,
        None => return None,
    };
    is_release(release).then(|| release.to_owned())
}

/// Whether this can be a release: a number first, and nothing that leads elsewhere. A rescue
/// image (`0-rescue-MACHINE`) is no kernel of its own.
fn is_release(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.contains('.')
        && !text.contains("rescue")
        && text.chars().all(|c| c.is_ascii_graphic() && c != '/')
}

/// Where kernels leave their releases in names. Kernels first: a directory of modules can
/// outlive its kernel.
const PLACES: [&[(&str, &str)]; 2] = [
    &[
        ("/boot", "vmlinuz-"),
        ("/boot", "vmlinux-"),
        ("/boot", "Image-"),
        ("/boot", "config-"),
    ],
    &[("/lib/modules", ""), ("/usr/lib/modules", "")],
];

/// The releases that left something below the root, and the file that shows it.
fn traces<'a>(
    host: &'a dyn Host,
    places: &'a [(&str, &str)],
) -> impl Iterator<Item = (String, String)> + 'a {
    places.iter().flat_map(|(place, prefix)| {
        let names = host.list(place).unwrap_or_default();
        let releases = names.into_iter().filter_map(|name| {
            let release = name.strip_prefix(prefix)?;
            is_release(release).then(|| (release.to_owned(), format!("{place}/{name}")))
        });
        releases.collect::<Vec<_>>()
    })
}

/// The newest of the releases that left something below the root.
fn newest(host: &dyn Host) -> Option<Choice> {
    PLACES.iter().find_map(|places| {
        let newest =
            traces(host, places).max_by(|(left, _), (right, _)| order::compare(left, right));
        newest.map(|(release, place)| Choice {
            release,
            why: format!("{place} (the newest installed)"),
            cmdline: None,
        })
    })
}

/// All releases there is anything of, the newest first.
pub(super) fn installed(host: &dyn Host) -> Vec<String> {
    let traces = PLACES.iter().flat_map(|places| traces(host, places));
    let chosen = choose(host, None).map(|choice| choice.release);
    let mut releases: Vec<String> = traces.map(|(release, _)| release).chain(chosen).collect();
    releases.sort_by(|left, right| order::compare(right, left).then_with(|| left.cmp(right)));
    releases.dedup();
    releases
}

fn text(host: &dyn Host, path: &str) -> Option<String> {
    let bytes = host.read(path, LIMIT).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
#[path = "../kernels_tests.rs"]
mod tests;
