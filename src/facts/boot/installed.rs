//! The kernels that are installed, in the order of their versions.

use std::cmp::Ordering;

use crate::facts::{Fact, Value, Why, reader};
use crate::host::Host;

/// What distributions call a kernel image in front of its release.
const IMAGES: &[&str] = &["vmlinuz-", "vmlinux-", "Image-", "kernel-", "image-"];

/// Where the modules of each release are; /lib can be a directory of its own.
const MODULES: &[&str] = &["/lib/modules", "/usr/lib/modules"];

/// More releases than anyone keeps.
const LIMIT: usize = 64;

/// Releases with an image in /boot or beside their modules. A directory of modules alone
/// is what a removed kernel leaves behind; it counts where no image is to be seen at all.
pub(super) fn kernels(host: &dyn Host) -> Fact {
    let boot = host.list("/boot");
    let modules = MODULES
        .iter()
        .find_map(|path| Some((*path, host.list(path).ok()?)));
    let mut images: Vec<String> = boot
        .iter()
        .flatten()
        .filter_map(|name| release(name))
        .collect();
    let mut source = "/boot";
    if let Some((path, names)) = &modules {
        let beside = |name: &&String| host.stat(&format!("{path}/{name}/vmlinuz")).is_ok();
        let found: Vec<String> = names.iter().take(LIMIT).filter(beside).cloned().collect();
        if images.is_empty() {
            source = path;
            let all = names.iter().filter(|name| is_release(name)).cloned();
            images = if found.is_empty() {
                all.collect()
            } else {
                found
            };
        } else {
            images.extend(found);
        }
    }
    images.sort_by(|left, right| compare(left, right));
    images.dedup();
    match (boot, modules) {
        _ if !images.is_empty() => Fact::known(images, source),
        (Err(error), None) => reader::unreadable(&error, "/boot"),
        (Err(error), _) if reader::why(&error) == Why::Denied => {
            reader::unreadable(&error, "/boot")
        }
        _ => Fact::known(Value::List(Vec::new()), "/boot"),
    }
}

/// The release in the name of a kernel image; none in those of rescue images and backups.
pub(super) fn release(image: &str) -> Option<String> {
    let found = IMAGES.iter().find_map(|begin| image.strip_prefix(begin))?;
    let backup = [".old", ".bak", ".gz", ".hmac", ".sig", ".efi.signed"];
    let fit = is_release(found) && !backup.iter().any(|end| found.ends_with(end));
    fit.then(|| found.to_owned())
}

fn is_release(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_digit()) && !name.contains("rescue")
}

/// Compares two versions as distributions sort them: numbers by their value, a candidate
/// before what it becomes, and what ends before what goes on.
pub(in crate::facts) fn compare(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (pieces(left), pieces(right));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return left_over(None, None),
            (one, other) => left_over(one, other),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Piece<'a> {
    Candidate,
    End,
    Word(&'a str),
    Number(usize, &'a str),
}

fn left_over(one: Option<Piece<'_>>, other: Option<Piece<'_>>) -> Ordering {
    one.unwrap_or(Piece::End).cmp(&other.unwrap_or(Piece::End))
}

/// The numbers and words of a version. A number is told by its length without zeros in
/// front, then by its digits, so that no number is too large.
fn pieces(version: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = version;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(['.', '-', '_', '+']);
        if let Some(behind) = rest.strip_prefix('~').or_else(|| rest.strip_prefix("rc")) {
            rest = behind;
            return Some(Piece::Candidate);
        }
        let first = rest.chars().next()?;
        let digits = first.is_ascii_digit();
        let ends = |c: char| c.is_ascii_digit() != digits || ".-_+~".contains(c);
        let (piece, behind) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
        rest = behind;
        Some(if digits {
            let plain = piece.trim_start_matches('0');
            Piece::Number(plain.len(), plain)
        } else {
            Piece::Word(piece)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Memory;

    #[test]
    fn versions_sort_as_distributions_sort_them() {
        for (older, newer) in [
            ("5.10.0-9-amd64", "5.10.0-10-amd64"),
            ("4.18.0-80.el8", "4.18.0-193.el8"),
            ("4.18.0-193.el8.x86_64", "4.18.0-193.1.2.el8.x86_64"),
            ("6.10-rc7-amd64", "6.10-amd64"),
            ("6.9.0", "6.10.0-rc1"),
            ("6.1", "6.1.1"),
            ("5.15.0-91-generic", "5.15.0-101-generic"),
            ("99999999999999999999998.1", "99999999999999999999999.1"),
        ] {
            assert_eq!(compare(older, newer), Ordering::Less, "{older} {newer}");
            assert_eq!(compare(newer, older), Ordering::Greater, "{older} {newer}");
            assert_eq!(compare(older, older), Ordering::Equal);
        }
    }

    #[test]
    fn images_tell_what_is_installed_and_modules_where_there_are_none() {
        let debian = Memory::new()
            .with("/boot/vmlinuz-6.1.0-10-amd64", "")
            .with("/boot/vmlinuz-6.1.0-9-amd64", "")
            .with("/boot/vmlinuz-6.1.0-9-amd64.old", "")
            .with("/boot/vmlinuz-0-rescue-1f", "")
            .with("/boot/config-6.1.0-8-amd64", "")
            .with("/lib/modules/6.1.0-8-amd64/updates/dkms/x.ko", "");
        let arch = Memory::new()
            .with("/boot/vmlinuz-linux", "")
            .with("/usr/lib/modules/6.9.1-arch1-1/vmlinuz", "")
            .with("/usr/lib/modules/6.8.9-arch1-1/kernel/x", "");
        let container = Memory::new().with("/lib/modules/6.1.0/kernel/x.ko", "");
        for (host, releases) in [
            (debian, Some(&["6.1.0-9-amd64", "6.1.0-10-amd64"][..])),
            (arch, Some(&["6.9.1-arch1-1"])),
            (container, Some(&["6.1.0"])),
            (Memory::new().with("/boot/efi/x", ""), Some(&[])),
            (Memory::new(), None),
            (
                Memory::new().refusing("/boot", std::io::ErrorKind::PermissionDenied),
                None,
            ),
        ] {
            let known = kernels(&host);
            let expected = releases
                .map(|names| Value::List(names.iter().map(|name| (*name).to_owned()).collect()));
            assert_eq!(known.value(), expected.as_ref(), "{host:?}");
        }
    }
}
