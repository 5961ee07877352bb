//! Which boot loader this host starts with, by the configuration it has.

use std::io;

use crate::facts::{Fact, Facts, Value, Why, environment, reader};
use crate::host::{Host, boot};

/// What a boot loader can be.
pub(super) const NAMES: &[&str] = &[
    "grub-bls",
    "grub-debian",
    "grub2",
    "grub-legacy",
    "systemd-boot",
    "ostree",
    "extlinux",
    "raspberry-pi",
    "zipl",
    "wsl",
    "none",
];

/// What systemd-boot, and nobody else, leaves in the firmware's variables while it starts.
const LOADER_INFO: &str =
    "/sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

/// What the stub of a unified image leaves there while it starts.
const STUB_INFO: &str = "/sys/firmware/efi/efivars/StubInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

/// Whether the kernel came out of a unified image. The firmware's variables tell what started;
/// without them, as in files of a host, images where the loader looks for them are the sign.
pub(super) fn unified(host: &dyn Host) -> Fact {
    if host.stat(STUB_INFO).is_ok() {
        return Fact::known(true, STUB_INFO);
    }
    if reader::is_populated(host, "/sys/firmware/efi/efivars") {
        return Fact::known(false, STUB_INFO);
    }
    let mut denied = None;
    for directory in boot::SYSTEMD_BOOT {
        let path = format!("{directory}/EFI/Linux");
        match host.list(&path) {
            Ok(names) if names.iter().any(|name| name.ends_with(".efi")) => {
                return Fact::known(true, &path);
            }
            Err(error) if reader::why(&error) != Why::Missing => {
                denied.get_or_insert(reader::unreadable(&error, &path));
            }
            _ => {}
        }
    }
    denied.unwrap_or_else(|| Fact::known(false, "/boot/EFI/Linux"))
}

/// The loader by its most special sign.
pub(super) fn find(host: &dyn Host, facts: &Facts) -> Fact {
    if facts.text("kernel.flavour").as_deref() == Some("wsl") {
        return Fact::known("wsl", facts.get("kernel.flavour").source());
    }
    let there = |path: &str| host.stat(path).is_ok();
    if there("/run/ostree-booted") {
        return Fact::known("ostree", "/run/ostree-booted");
    }
    let deployed = |name: &String| name.starts_with("ostree-") && name.ends_with(".conf");
    let entries = host.list(boot::ENTRIES);
    if entries.iter().flatten().any(deployed) {
        return Fact::known("ostree", boot::ENTRIES);
    }
    if says_systemd_boot(host) {
        return Fact::known("systemd-boot", LOADER_INFO);
    }
    // A supportconfig has some files of /boot, and no list of what is there.
    let (names, unlisted) = match host.list("/boot") {
        Ok(names) => (names, None),
        Err(error) if reader::why(&error) == Why::Missing => (Vec::new(), None),
        Err(error) if reader::why(&error) == Why::NotCollected => (Vec::new(), Some(error)),
        Err(error) => return reader::unreadable(&error, "/boot"),
    };
    let has = |name: &str| match unlisted {
        Some(_) => there(&format!("/boot/{name}/grub.cfg")) || name != "grub2",
        None => names.iter().any(|known| known == name),
    };
    for path in ["/boot/firmware/config.txt", "/boot/config.txt"] {
        if (has("firmware") || has("config.txt")) && there(path) {
            return Fact::known("raspberry-pi", path);
        }
    }
    // Red Hat keeps /boot/grub2 and /boot/loader from everyone but root; their names tell.
    if has("grub2") {
        let denied = |error: &io::Error| reader::why(error) == Why::Denied;
        let bls = match &entries {
            Ok(names) => names.iter().any(|name| name.ends_with(".conf")),
            Err(error) => has("loader") && denied(error),
        };
        return match bls {
            true => Fact::known("grub-bls", boot::ENTRIES),
            false => Fact::known("grub2", "/boot/grub2"),
        };
    }
    if has("grub") && there("/boot/grub/grub.cfg") {
        let debian = facts.text("os.family").as_deref() == Some("debian");
        let name = if debian { "grub-debian" } else { "grub2" };
        return Fact::known(name, "/boot/grub/grub.cfg");
    }
    // GRUB before version 2, as RHEL 6 and Amazon Linux 1 have it. Some images have such a menu
    // for the provider alone, and start by another one.
    for path in boot::LEGACY_MENUS {
        if has("grub") && there(path) {
            return match starts_what_runs(host, facts) {
                true => Fact::known("grub-legacy", path),
                false => {
                    let detail = "the menu of a GRUB before version 2, in which the kernel that \
                                  runs has no entry";
                    Fact::unknown(Why::Untold, detail, path)
                }
            };
        }
    }
    for directory in boot::SYSTEMD_BOOT {
        let path = format!("{directory}/loader/loader.conf");
        if there(&path) {
            return Fact::known("systemd-boot", &path);
        }
    }
    // It needs no settings; its entries and its program show it.
    for directory in boot::SYSTEMD_BOOT {
        let path = format!("{directory}/loader/entries");
        if there(&path) && there(&format!("{directory}/EFI/systemd")) {
            return Fact::known("systemd-boot", &path);
        }
    }
    if let Some(path) = boot::EXTLINUX.iter().find(|path| there(path)) {
        return Fact::known("extlinux", path);
    }
    if let Some(path) = boot::firmware_menu(host) {
        let bls = entries.iter().flatten().any(|name| name.ends_with(".conf"));
        let name = if bls { "grub-bls" } else { "grub2" };
        return Fact::known(name, &path);
    }
    if let Some(error) = unlisted {
        return reader::unreadable(&error, "/boot");
    }
    // Of a sosreport, some files of /boot are there, and the others are left where they are.
    for path in ["/boot/grub", "/boot/grub2"] {
        if let Err(error) = host.stat(path)
            && reader::why(&error) == Why::NotCollected
        {
            return reader::unreadable(&error, path);
        }
    }
    let has_entries = entries.is_ok_and(|names| names.iter().any(|name| name.ends_with(".conf")));
    // IBM Z's reads entries, too, and has its choice in its settings.
    if has_entries && there(boot::ZIPL) {
        return Fact::known("zipl", boot::ZIPL);
    }
    if has_entries {
        let detail = "entries are there, and nothing of the loader that reads them";
        return Fact::unknown(Why::Untold, detail, boot::ENTRIES);
    }
    match unseen(host, facts) {
        Some((detail, place)) => Fact::unknown(Why::Untold, &detail, &place),
        None => Fact::known(Value::from("none"), "/boot"),
    }
}

/// Whether the menu of a GRUB before version 2 has an entry of the kernel this is about.
fn starts_what_runs(host: &dyn Host, facts: &Facts) -> bool {
    let release = facts.text("kernel.release");
    let mut entries = boot::legacy_entries(host).into_iter();
    entries.any(|entry| {
        let found = boot::release_of_image(host, &entry, &[]);
        found.is_some() && found == release
    })
}

/// Settings of loaders that are not read.
const FOREIGN: &[(&str, &str)] = &[
    ("rEFInd", "/boot/refind_linux.conf"),
    ("rEFInd", "/boot/efi/EFI/refind"),
    ("rEFInd", "/boot/EFI/refind"),
    ("rEFInd", "/efi/EFI/refind"),
    ("Limine", "/boot/limine.conf"),
    ("Limine", "/boot/limine/limine.conf"),
    ("Limine", "/boot/efi/limine.conf"),
    ("Limine", "/boot/EFI/limine/limine.conf"),
    ("Limine", "/boot/limine.cfg"),
    ("LILO", "/etc/lilo.conf"),
    ("zipl", "/etc/zipl.conf"),
];

/// Why there is a loader though nothing of it is seen, and the place that tells. A container has
/// none, and virtual machines that are given their kernel have neither firmware nor kernels.
fn unseen(host: &dyn Host, facts: &Facts) -> Option<(String, String)> {
    let told = |detail: &str, place: &str| Some((detail.to_owned(), place.to_owned()));
    for (name, path) in FOREIGN {
        if host.stat(path).is_ok() {
            return told(&format!("the settings of {name} are not looked into"), path);
        }
    }
    let image = unified(host);
    if image.value() == Some(&Value::Bool(true)) {
        return told("unified kernel images are not looked into", image.source());
    }
    if let Some(place) = unmounted(host) {
        let detail = format!("{place} is a file system of its own, and nothing is in it here");
        return told(&detail, "/etc/fstab");
    }
    let firmware = facts.get("boot.firmware");
    let is = |name: &str| firmware.value() == Some(&Value::from(name));
    if is("uefi") {
        let detail = "UEFI started something, and no settings of a loader are seen";
        return told(detail, "/boot");
    }
    // The kernel is given this by loaders, and by no virtual machine that starts it itself.
    let cmdline = facts.text("cmdline").unwrap_or_default();
    let mut words = cmdline.split_whitespace();
    let shares = environment::is_marked(host);
    if !shares && words.any(|word| word.starts_with("BOOT_IMAGE=")) {
        let detail = "a loader named the kernel's image, and no settings of it are seen";
        return told(detail, "/proc/cmdline");
    }
    let installed = facts
        .list("boot.installed")
        .is_some_and(|all| !all.is_empty());
    if installed && !is("other") && !shares {
        let detail = "kernels are installed, and no settings of a loader are seen";
        return told(detail, "/boot");
    }
    None
}

/// A place of boot files that is mounted by /etc/fstab, and is empty.
fn unmounted(host: &dyn Host) -> Option<String> {
    let mut points = boot::mounted_by_fstab(host).into_iter();
    let is_empty = |point: &String| host.list(point).is_ok_and(|names| names.is_empty());
    let is_missing = |point: &String| {
        let listed = host.list(point);
        listed.is_err_and(|error| reader::why(&error) == Why::Missing)
    };
    points.find(|point| is_empty(point) || is_missing(point))
}

/// Four bytes of attributes, then UTF-16: `systemd-boot 252`.
fn says_systemd_boot(host: &dyn Host) -> bool {
    let bytes = host.read(LOADER_INFO, 256).unwrap_or_default();
    let letters = bytes.iter().skip(4).step_by(2);
    letters.copied().take(12).eq("systemd-boot".bytes())
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;
    use crate::host::Memory;

    #[test]
    fn a_unified_image_shows_itself() {
        let (yes, no) = (Some(Value::Bool(true)), Some(Value::Bool(false)));
        let image = "/efi/EFI/Linux/arch-linux.efi";
        for (host, wanted) in [
            (Memory::new(), no.clone()),
            (Memory::new().with(STUB_INFO, "x"), yes.clone()),
            (Memory::new().with(image, ""), yes),
            // It lies there, and something else was started.
            (Memory::new().with(image, "").with(LOADER_INFO, "x"), no),
            (
                Memory::new().refusing("/boot/efi/EFI/Linux", ErrorKind::PermissionDenied),
                None,
            ),
        ] {
            assert_eq!(unified(&host).value().cloned(), wanted);
        }
    }

    #[test]
    fn each_loader_is_told_by_what_it_leaves() {
        let mut variable = vec![6, 0, 0, 0];
        variable.extend("systemd-boot 252".encode_utf16().flat_map(u16::to_le_bytes));
        let grub_says: Vec<u8> = "0000G\0R\0U\0B\0".into();
        let bls = "/boot/loader/entries/1f-5.14.conf";
        let grub2 = Memory::new().with("/boot/grub2/grubenv", "");
        let grub = Memory::new().with("/boot/grub/grub.cfg", "");
        for (host, family, name) in [
            (grub2.clone().with(bls, ""), "rhel", Some("grub-bls")),
            (
                grub2
                    .clone()
                    .with("/boot/loader/x", "")
                    .refusing("/boot/loader/entries", ErrorKind::PermissionDenied),
                "rhel",
                Some("grub-bls"),
            ),
            (grub2.clone(), "suse", Some("grub2")),
            (grub.clone(), "debian", Some("grub-debian")),
            (grub.clone(), "arch", Some("grub2")),
            (
                grub.clone().with(LOADER_INFO, &variable),
                "debian",
                Some("systemd-boot"),
            ),
            (
                grub.clone().with(LOADER_INFO, &grub_says),
                "debian",
                Some("grub-debian"),
            ),
            (
                Memory::new().with("/efi/loader/loader.conf", ""),
                "arch",
                Some("systemd-boot"),
            ),
            (
                grub2.with(bls, "").with("/run/ostree-booted", ""),
                "fedora",
                Some("ostree"),
            ),
            (
                Memory::new().with("/boot/extlinux.conf", ""),
                "alpine",
                Some("extlinux"),
            ),
            (
                Memory::new().with("/boot/firmware/config.txt", ""),
                "debian",
                Some("raspberry-pi"),
            ),
            // Files of it, and no list of them.
            (
                Memory::new()
                    .refusing("/boot", ErrorKind::Unsupported)
                    .with("/boot/grub2/grub.cfg", "menuentry x {\n}\n"),
                "suse",
                Some("grub2"),
            ),
            (
                Memory::new().refusing("/boot", ErrorKind::Unsupported),
                "suse",
                None,
            ),
            (
                Memory::new()
                    .with(bls, "")
                    .with("/etc/zipl.conf", "[defaultboot]\n"),
                "rhel",
                Some("zipl"),
            ),
            (Memory::new(), "debian", Some("none")),
            (Memory::new().with("/boot/grub/menu.lst", ""), "rhel", None),
            (
                Memory::new().with("/boot/grub/menu.lst", "title x\nkernel /vmlinuz-4.9.1\n"),
                "rhel",
                None,
            ),
            (
                Memory::new().with("/boot/grub/grub.conf", "title x\nkernel /vmlinuz-6.1.0\n"),
                "rhel",
                Some("grub-legacy"),
            ),
            // Entries of no loader that shows itself, and a sosreport without what GRUB has.
            (Memory::new().with(bls, ""), "rhel", None),
            (
                Memory::new()
                    .with("/boot/config-4.18.0-553.el8_10.x86_64", "")
                    .refusing("/boot/grub", ErrorKind::Unsupported),
                "rhel",
                None,
            ),
            (
                Memory::new().refusing("/boot", ErrorKind::PermissionDenied),
                "debian",
                None,
            ),
        ] {
            let mut facts = Facts::default();
            facts.set("os.family", Fact::known(family, ""));
            facts.set("kernel.release", Fact::known("6.1.0", ""));
            let told = find(&host, &facts);
            assert_eq!(told.value(), name.map(Value::from).as_ref(), "{host:?}");
        }
        for (host, firmware, installed, name) in [
            (Memory::new(), "uefi", "", None),
            (Memory::new(), "bios", "", Some("none")),
            (Memory::new(), "bios", "6.1.0", None),
            (Memory::new(), "other", "6.1.0", Some("none")),
            (Memory::new(), "other, by a loader", "", None),
            (
                Memory::new().with("/.dockerenv", ""),
                "other, by a loader",
                "",
                Some("none"),
            ),
            (
                Memory::new().with("/.dockerenv", ""),
                "",
                "6.1.0",
                Some("none"),
            ),
            (
                Memory::new().with("/etc/fstab", "# /boot\nUUID=b /boot ext4 noauto\n"),
                "other",
                "",
                None,
            ),
            (
                Memory::new().with("/etc/fstab", "# UUID=b /boot ext4\n/dev/a / ext4\n"),
                "other",
                "",
                Some("none"),
            ),
            (
                Memory::new().with("/boot/EFI/Linux/a.efi", ""),
                "",
                "",
                None,
            ),
            (Memory::new().with("/boot/limine.conf", ""), "", "", None),
            (
                Memory::new().with("/boot/EFI/refind/refind.conf", ""),
                "",
                "",
                None,
            ),
            (
                Memory::new().with(
                    "/boot/efi/EFI/debian/grub.cfg",
                    "configfile $prefix/grub.cfg\n",
                ),
                "uefi",
                "",
                None,
            ),
            (
                Memory::new().with(
                    "/boot/efi/EFI/centos/grub.cfg",
                    "menuentry 'a' {\n linux /vmlinuz-3.10.0-1.el7.x86_64\n}\n",
                ),
                "uefi",
                "3.10.0-1.el7.x86_64",
                Some("grub2"),
            ),
        ] {
            let mut facts = Facts::default();
            let (firmware, loader) = firmware.split_once(", ").unwrap_or((firmware, ""));
            let cmdline = match loader {
                "" => "quiet",
                _ => "quiet BOOT_IMAGE=/flatcar/vmlinuz-a",
            };
            facts.set("cmdline", Fact::known(cmdline, "/proc/cmdline"));
            facts.set("boot.firmware", Fact::known(firmware, ""));
            let releases: Vec<String> = installed.split_whitespace().map(str::to_owned).collect();
            facts.set("boot.installed", Fact::known(Value::List(releases), ""));
            let told = find(&host, &facts);
            assert_eq!(told.value(), name.map(Value::from).as_ref(), "{host:?}");
        }
        let mut facts = Facts::default();
        facts.set("kernel.flavour", Fact::known("wsl", "uname(2)"));
        assert_eq!(find(&grub, &facts), Fact::known("wsl", "uname(2)"));
    }
}
