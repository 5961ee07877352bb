//! Tools and files that tell how to fix things on this host.

use super::keys::Values::{Bool, Text};
use super::{Fact, Facts, KeyInfo, Why, reader};
use crate::host::{Host, Kind};

pub(super) const TOOLS: &[KeyInfo] = &[
    KeyInfo::one(
        "tool.grubby",
        Text,
        "Path of grubby, which edits boot entries on Red Hat's systems.",
    ),
    KeyInfo::one(
        "tool.update-grub",
        Text,
        "Path of update-grub, which writes the GRUB configuration on Debian's systems.",
    ),
    KeyInfo::one(
        "tool.grub-mkconfig",
        Text,
        "Path of grub-mkconfig, which writes the GRUB configuration.",
    ),
    KeyInfo::one(
        "tool.grub2-mkconfig",
        Text,
        "Path of grub2-mkconfig, the same on Red Hat's and SUSE's systems.",
    ),
    KeyInfo::one(
        "tool.rpm-ostree",
        Text,
        "Path of rpm-ostree, which keeps kernel arguments on image-based systems.",
    ),
    KeyInfo::one(
        "tool.bootctl",
        Text,
        "Path of bootctl, the tool of systemd-boot.",
    ),
    KeyInfo::one(
        "tool.kernelstub",
        Text,
        "Path of kernelstub, which keeps kernel arguments on Pop!_OS.",
    ),
    KeyInfo::one(
        "tool.kernel-install",
        Text,
        "Path of kernel-install, which writes boot loader entries.",
    ),
    KeyInfo::one(
        "tool.mkinitcpio",
        Text,
        "Path of mkinitcpio, which makes initramfs and unified kernel images on Arch's systems.",
    ),
    KeyInfo::one(
        "tool.update-bootloader",
        Text,
        "Path of update-bootloader, SUSE's tool for boot loaders.",
    ),
    KeyInfo::one(
        "tool.update-extlinux",
        Text,
        "Path of update-extlinux, Alpine's tool for its boot loader.",
    ),
    KeyInfo::one(
        "tool.transactional-update",
        Text,
        "Path of transactional-update, which changes SUSE's read-only systems.",
    ),
    KeyInfo::one(
        "tool.nixos-rebuild",
        Text,
        "Path of nixos-rebuild, which applies a NixOS configuration.",
    ),
    KeyInfo::one(
        "tool.sysctl",
        Text,
        "Path of sysctl, which sets the kernel's settings.",
    ),
    KeyInfo::one(
        "tool.systemctl",
        Text,
        "Path of systemctl, the tool of systemd.",
    ),
    KeyInfo::one("tool.dnf", Text, "Path of dnf, a package manager."),
    KeyInfo::one("tool.yum", Text, "Path of yum, a package manager."),
    KeyInfo::one("tool.apt-get", Text, "Path of apt-get, a package manager."),
    KeyInfo::one("tool.zypper", Text, "Path of zypper, a package manager."),
    KeyInfo::one("tool.pacman", Text, "Path of pacman, a package manager."),
    KeyInfo::one("tool.apk", Text, "Path of apk, a package manager."),
    KeyInfo::one(
        "tool.bootc",
        Text,
        "Path of bootc, which updates systems that are container images.",
    ),
    KeyInfo::one(
        "tool.bpftool",
        Text,
        "Path of bpftool, which looks at and loads BPF programs and maps.",
    ),
    KeyInfo::one(
        "tool.clang",
        Text,
        "Path of clang, the compiler of BPF programs.",
    ),
    KeyInfo::one(
        "tool.llvm-objdump",
        Text,
        "Path of llvm-objdump, which shows the instructions of an object.",
    ),
    KeyInfo::one(
        "tool.llc",
        Text,
        "Path of llc, the code generator beside older builds of BPF programs.",
    ),
    KeyInfo::one(
        "tool.pahole",
        Text,
        "Path of pahole, which makes BTF out of debug information.",
    ),
    KeyInfo::one("tool.gcc", Text, "Path of gcc, a compiler."),
    KeyInfo::one("tool.make", Text, "Path of make, which builds."),
];

pub(super) const FILES: &[KeyInfo] = &[
    KeyInfo::one(
        "file./etc/default/grub",
        Bool,
        "Whether GRUB is configured in this file.",
    ),
    KeyInfo::one(
        "file./boot/grub/grub.cfg",
        Bool,
        "Whether there is a GRUB configuration at its usual place.",
    ),
    KeyInfo::one(
        "file./boot/grub2/grub.cfg",
        Bool,
        "Whether there is a GRUB configuration at the place of Red Hat and SUSE.",
    ),
    KeyInfo::one(
        "file./boot/loader/entries",
        Bool,
        "Whether there are boot loader entries, as systemd-boot and Red Hat's GRUB read them.",
    ),
    KeyInfo::one(
        "file./efi/loader/entries",
        Bool,
        "Whether there are boot loader entries on a partition mounted at /efi.",
    ),
    KeyInfo::one(
        "file./boot/efi/loader/entries",
        Bool,
        "Whether there are boot loader entries on a partition mounted at /boot/efi.",
    ),
    KeyInfo::one(
        "file./etc/kernel/cmdline",
        Bool,
        "Whether kernel-install and mkinitcpio take the command line from this file.",
    ),
    KeyInfo::one(
        "file./boot/efi",
        Bool,
        "Whether there is a place for the EFI system partition.",
    ),
    KeyInfo::one(
        "file./boot/extlinux.conf",
        Bool,
        "Whether the host boots with extlinux.",
    ),
    KeyInfo::one(
        "file./boot/firmware/cmdline.txt",
        Bool,
        "Whether a Raspberry Pi takes the command line from this file.",
    ),
    KeyInfo::one(
        "file./boot/cmdline.txt",
        Bool,
        "Whether an older Raspberry Pi OS takes the command line from this file.",
    ),
    KeyInfo::one(
        "file./usr/share/oem/grub.cfg",
        Bool,
        "Whether Flatcar's GRUB is configured in this file; newer ones have /oem/grub.cfg.",
    ),
    KeyInfo::one(
        "file./run/ostree-booted",
        Bool,
        "Whether the host runs an ostree deployment, whose /usr is read-only.",
    ),
    KeyInfo::one(
        "file./sysroot/ostree",
        Bool,
        "Whether the system is a deployment of ostree, as its root shows also where it does not \
         run.",
    ),
    KeyInfo::one(
        "file./run/systemd/system",
        Bool,
        "Whether systemd is the running init (sd_booted(3)).",
    ),
    KeyInfo::one(
        "file./etc/sysctl.d",
        Bool,
        "Whether lasting settings belong into this directory.",
    ),
    KeyInfo::one(
        "file./etc/fstab",
        Bool,
        "Whether lasting mounts belong into this file.",
    ),
    KeyInfo::one(
        "file./sys/fs/bpf",
        Bool,
        "Whether the mount point for bpffs is there.",
    ),
    KeyInfo::one(
        "file./sys/fs/cgroup",
        Bool,
        "Whether the mount point for control groups is there.",
    ),
    KeyInfo::one(
        "file./sys/kernel/tracing",
        Bool,
        "Whether the mount point for tracefs is there.",
    ),
    KeyInfo::one(
        "file./sys/kernel/debug",
        Bool,
        "Whether the mount point for debugfs is there.",
    ),
    KeyInfo::one(
        "file./sys/kernel/security",
        Bool,
        "Whether the mount point for securityfs is there.",
    ),
    KeyInfo::one(
        "file.kernel-build",
        Bool,
        "Whether modules can be built for the running kernel (/lib/modules/RELEASE/build).",
    ),
];

/// Where tools are looked for, in this order.
const TOOL_DIRECTORIES: &[&str] = &[
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
    "/usr/local/sbin",
    "/usr/local/bin",
    // NixOS keeps programs nowhere else.
    "/run/current-system/sw/bin",
];

/// Directories that are filled while a host runs: on an image they are there and empty,
/// which says nothing about the host.
const FILLED_AT_RUN_TIME: &[&str] = &["/sys", "/run"];

/// Looks for each tool and each file.
pub(super) fn collect(host: &dyn Host, facts: &mut Facts) {
    let has = |directory: &&&str| host.stat(directory).is_ok();
    let directories: Vec<&str> = TOOL_DIRECTORIES.iter().filter(has).copied().collect();
    for info in TOOLS {
        let name = info.key.trim_start_matches("tool.");
        facts.set(info.key, tool(host, &directories, name));
    }

    let empty = |directory: &&&str| !reader::is_populated(host, directory);
    let empty: Vec<&str> = FILLED_AT_RUN_TIME.iter().filter(empty).copied().collect();
    for info in FILES {
        let path = info.key.trim_start_matches("file.");
        let fact = match (path, facts.text("kernel.release")) {
            ("kernel-build", Some(release)) => {
                exists(host, &empty, &format!("/lib/modules/{release}/build"))
            }
            ("kernel-build", None) => Fact::unknown(Why::Missing, "the release is not known", ""),
            _ => exists(host, &empty, path),
        };
        facts.set(info.key, fact);
    }
}

fn tool(host: &dyn Host, directories: &[&str], name: &str) -> Fact {
    if directories.is_empty() {
        const PLACE: &str = "/usr/bin";
        return match host.stat(PLACE) {
            Err(error) if reader::why(&error) == Why::NotCollected => {
                reader::unreadable(&error, PLACE)
            }
            _ => Fact::unknown(Why::Missing, "no directory of programs is there", PLACE),
        };
    }
    for directory in directories {
        let path = format!("{directory}/{name}");
        if host.stat(&path).is_ok_and(|(kind, _)| kind == Kind::File) {
            return Fact::known(path.as_str(), &path);
        }
    }
    Fact::absent(&directories.join(":"))
}

fn exists(host: &dyn Host, empty: &[&str], path: &str) -> Fact {
    match host.stat(path) {
        Ok(_) => Fact::known(true, path),
        Err(error) if reader::why(&error) != Why::Missing => reader::unreadable(&error, path),
        Err(_) => match empty.iter().find(|directory| path.starts_with(**directory)) {
            Some(directory) => Fact::unknown(Why::Missing, &format!("{directory} is empty"), path),
            None => Fact::known(false, path),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;
    use crate::facts::Value;
    use crate::host::Memory;

    fn facts(host: &Memory) -> Facts {
        let mut facts = Facts::default();
        facts.set("kernel.release", Fact::known("6.1", ""));
        collect(host, &mut facts);
        facts
    }

    #[test]
    fn tools_are_files_and_found_in_order() {
        let host = Memory::new()
            .with("/usr/sbin/grubby", "")
            .with("/sbin/grubby", "")
            .with("/bin/yum/not-a-program", "");
        let facts = facts(&host);
        assert_eq!(facts.text("tool.grubby").unwrap(), "/usr/sbin/grubby");
        assert_eq!(facts.get("tool.yum").value(), Some(&Value::Absent));
    }

    #[test]
    fn files_are_there_or_not_or_not_to_be_seen() {
        let grub = "/etc/default/grub";
        let there = Some(true.into());
        let not_there = Some(false.into());
        for (host, key, value) in [
            (
                Memory::new().with(grub, ""),
                "file./etc/default/grub",
                there.clone(),
            ),
            (Memory::new(), "file./etc/default/grub", not_there.clone()),
            (
                Memory::new().refusing(grub, ErrorKind::PermissionDenied),
                "file./etc/default/grub",
                None,
            ),
            (Memory::new(), "file./run/ostree-booted", None),
            (
                Memory::new().with("/run/utmp", ""),
                "file./run/ostree-booted",
                not_there,
            ),
            (
                Memory::new().with("/lib/modules/6.1/build/Makefile", ""),
                "file.kernel-build",
                there,
            ),
            (Memory::new(), "tool.grubby", None),
        ] {
            assert_eq!(
                facts(&host).get(key).value(),
                value.as_ref(),
                "{key} {host:?}"
            );
        }
    }
}
