//! The kernel that the next boot starts, told from the boot loader's configuration.

use std::collections::BTreeMap;

use super::entries::{self, Entry};
use super::grub::{self, Menu};
use super::{installed, loader};
use crate::facts::{Fact, Value, Why, reader};
use crate::host::Host;

/// GRUB's menu; Red Hat's firmware starts one of another place, to which a link leads.
const MENUS: &[&str] = &[
    "/boot/grub2/grub.cfg",
    "/boot/grub/grub.cfg",
    "/etc/grub2-efi.cfg",
];

const VARIABLES: &[&str] = &["/boot/grub2/grubenv", "/boot/grub/grubenv"];

/// Below it, a directory per system that was installed for this firmware.
const FIRMWARE: &str = "/boot/efi/EFI";

const ENTRIES: &str = "/boot/loader/entries";

/// The release the next boot starts.
pub(super) fn release(host: &dyn Host, loader: &Fact, installed: &Fact) -> Fact {
    let Some(Value::Text(name)) = loader.value() else {
        return match loader {
            Fact::Unknown { .. } => loader.clone(),
            Fact::Known { source, .. } => Fact::unknown(Why::Missing, "", source),
        };
    };
    let next = Next { host, installed };
    match name.as_str() {
        "none" => Fact::absent(loader.source()),
        "wsl" => next.unknown("Windows chooses the kernel", loader.source()),
        "raspberry-pi" => next.unknown("its kernel images bear no version", loader.source()),
        "grub-bls" => next.of_entry_files(),
        "ostree" => next.of_entries(ENTRIES, |entries| {
            entries::first_of_ostree(entries).cloned()
        }),
        "systemd-boot" => next.of_systemd_boot(),
        "extlinux" => next.of_extlinux(loader.source()),
        _ => next.of_menu(),
    }
}

struct Next<'a> {
    host: &'a dyn Host,
    installed: &'a Fact,
}

impl Next<'_> {
    fn unknown(&self, detail: &str, source: &str) -> Fact {
        Fact::unknown(Why::Missing, detail, source)
    }

    fn of_menu(&self) -> Fact {
        let mut trouble = None;
        for path in MENUS {
            match reader::text(self.host, path) {
                Ok(text) => {
                    let menu = Menu::parse(&text);
                    if menu.has_entry_files {
                        return self.of_entry_files();
                    }
                    return match menu.next(&self.variables()) {
                        Ok(image) => self.of_image(image, path),
                        Err(problem) => Fact::unknown(Why::Malformed, &problem, path),
                    };
                }
                Err(error) if reader::why(&error) == Why::Missing => {}
                Err(error) => {
                    trouble.get_or_insert(reader::unreadable(&error, path));
                }
            }
        }
        trouble.unwrap_or_else(|| self.unknown("", "/boot/grub2/grub.cfg"))
    }

    /// Red Hat's GRUB: `saved_entry` names an entry's file, its title or its place.
    fn of_entry_files(&self) -> Fact {
        let variables = self.variables();
        let variable = |name: &str| variables.get(name).filter(|value| !value.is_empty());
        let chosen = variable("next_entry").or_else(|| variable("saved_entry"));
        self.of_entries(ENTRIES, |entries| {
            let Some(chosen) = chosen.filter(|chosen| *chosen != "0") else {
                return entries::first_of_grub(entries).cloned();
            };
            if let Ok(place) = chosen.parse::<usize>() {
                let mut sorted: Vec<&Entry> = entries.iter().collect();
                sorted.sort_by(|left, right| installed::compare(&right.id, &left.id));
                return sorted.get(place).copied().cloned();
            }
            let named = |entry: &&Entry| entry.id == *chosen || entry.title == *chosen;
            entries.iter().find(named).cloned()
        })
    }

    fn of_systemd_boot(&self) -> Fact {
        let there = |path: &&&str| self.host.stat(&format!("{path}/loader")).is_ok();
        let place = loader::SYSTEMD_BOOT.iter().find(there).unwrap_or(&"/boot");
        // The variable outranks the file, and is set by `bootctl set-default`.
        let guid = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
        let chosen = ["LoaderEntryOneShot", "LoaderEntryDefault"]
            .iter()
            .find_map(|name| {
                let path = format!("/sys/firmware/efi/efivars/{name}-{guid}");
                let bytes = self.host.read(&path, 1024).ok()?;
                Some(utf16(bytes.get(4..)?)).filter(|id| !id.is_empty())
            });
        let settings = reader::text(self.host, &format!("{place}/loader/loader.conf"));
        let settings = settings.unwrap_or_default();
        let mut lines = settings
            .lines()
            .filter_map(|line| line.trim().split_once([' ', '\t']));
        let default = lines.rfind(|(key, _)| *key == "default");
        let pattern = chosen.or_else(|| default.map(|(_, value)| value.trim().to_owned()));
        let directory = format!("{place}/loader/entries");
        if pattern.as_deref() == Some("@saved") {
            return self.unknown("it boots what was chosen last", &directory);
        }
        if self
            .host
            .list(&format!("{place}/EFI/Linux"))
            .is_ok_and(|names| !names.is_empty())
        {
            return self.unknown("unified kernel images are not looked into", &directory);
        }
        self.of_entries(&directory, |entries| {
            let fits = |entry: &&Entry| {
                let file = format!("{}.conf", entry.id);
                let pattern = pattern.as_deref().unwrap_or("*");
                matches(pattern, &file) || matches(pattern, &entry.id)
            };
            let fitting: Vec<Entry> = entries.iter().filter(fits).cloned().collect();
            let first = entries::first_of_systemd_boot(&fitting);
            first
                .or_else(|| entries::first_of_systemd_boot(entries))
                .cloned()
        })
    }

    fn of_entries(&self, directory: &str, choose: impl FnOnce(&[Entry]) -> Option<Entry>) -> Fact {
        match entries::read(self.host, directory) {
            Err(error) => reader::unreadable(&error, directory),
            Ok(entries) => match choose(&entries) {
                None => self.unknown("no entry is the one that is booted", directory),
                Some(entry) => {
                    let source = format!("{directory}/{}.conf", entry.id);
                    self.of_image(&entry.image, &source)
                }
            },
        }
    }

    /// `DEFAULT label`, then `LABEL label` with `LINUX path` or `KERNEL path` below it.
    fn of_extlinux(&self, path: &str) -> Fact {
        let text = match reader::text(self.host, path) {
            Ok(text) => text,
            Err(error) => return reader::unreadable(&error, path),
        };
        let mut default = None;
        let mut images: Vec<(String, String)> = Vec::new();
        let mut label = String::new();
        for line in text.lines() {
            let Some((key, value)) = line.trim().split_once([' ', '\t']) else {
                continue;
            };
            let value = value.trim().to_owned();
            match key.to_ascii_lowercase().as_str() {
                "default" => default = Some(value),
                "label" => label = value,
                "linux" | "kernel" => images.push((label.clone(), value)),
                _ => {}
            }
        }
        let named =
            |(label, _): &&(String, String)| default.as_ref().is_none_or(|name| name == label);
        let image = images.iter().find(named).or_else(|| images.first());
        match image {
            Some((_, image)) => self.of_image(image, path),
            None => self.unknown("no entry starts a kernel", path),
        }
    }

    /// The release of a kernel image: in its name, in that of the file a link leads to, or
    /// where the distribution notes it.
    fn of_image(&self, image: &str, source: &str) -> Fact {
        let name = image.rsplit('/').next().unwrap_or(image);
        if let Some(release) = installed::release(name) {
            return Fact::known(release, source);
        }
        for place in ["/boot", ""] {
            let target = self
                .host
                .link(&format!("{place}/{name}"))
                .unwrap_or_default();
            let target = target.rsplit('/').next().unwrap_or_default();
            if let Some(release) = installed::release(target) {
                return Fact::known(release, source);
            }
        }
        let flavour = name.split_once('-').map_or("", |(_, flavour)| flavour);
        let noted = format!("/usr/share/kernel/{flavour}/kernel.release");
        let alpine = reader::text(self.host, &noted).map(|text| text.trim().to_owned());
        if let Some(release) = alpine.ok().filter(|release| !release.is_empty()) {
            return Fact::known(release, source);
        }
        let releases = match self.installed.value() {
            Some(Value::List(releases)) => releases.as_slice(),
            _ => &[],
        };
        // Arch notes beside the modules of a release which package it is of.
        let of_package = |release: &&String| {
            let noted = format!("/usr/lib/modules/{release}/pkgbase");
            reader::text(self.host, &noted).is_ok_and(|text| text.trim() == flavour)
        };
        match releases.iter().rev().find(of_package) {
            Some(release) => Fact::known(release.as_str(), source),
            None => {
                let detail = format!("the image {} bears no version", reader::shown(image));
                self.unknown(&detail, source)
            }
        }
    }

    fn variables(&self) -> BTreeMap<String, String> {
        let read = |path: &str| reader::text(self.host, path).ok();
        if let Some(text) = VARIABLES.iter().find_map(|path| read(path)) {
            return grub::variables(&text);
        }
        let systems = self.host.list(FIRMWARE).unwrap_or_default();
        let found = systems
            .iter()
            .find_map(|name| read(&format!("{FIRMWARE}/{name}/grubenv")));
        grub::variables(&found.unwrap_or_default())
    }
}

fn utf16(bytes: &[u8]) -> String {
    let pairs = bytes
        .chunks_exact(2)
        .filter_map(|pair| pair.first_chunk::<2>());
    let units: Vec<u16> = pairs.map(|pair| u16::from_le_bytes(*pair)).collect();
    String::from_utf16_lossy(&units)
        .trim_end_matches('\0')
        .to_owned()
}

/// Whether a name fits a pattern with stars.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::super::grub::tests::DEBIAN;
    use super::*;
    use crate::host::Memory;

    fn entry(release: &str) -> String {
        format!("title Rocky ({release})\nversion {release}\nlinux /vmlinuz-{release}\n")
    }

    fn told(host: &Memory, loader: &str) -> Fact {
        release(
            host,
            &Fact::known(loader, "/boot"),
            &installed::kernels(host),
        )
    }

    #[test]
    fn each_loader_tells_the_next_kernel() {
        let (old, new) = ("5.14.0-9.el9.x86_64", "5.14.0-427.el9.x86_64");
        let rocky = Memory::new()
            .with(&format!("{ENTRIES}/1f-{old}.conf"), entry(old))
            .with(&format!("{ENTRIES}/1f-{new}.conf"), entry(new));
        let env = |text: &str| rocky.clone().with("/boot/grub2/grubenv", text);
        let debian = Memory::new().with("/boot/grub/grub.cfg", DEBIAN);
        let loader_conf = |text: &str| rocky.clone().with("/boot/loader/loader.conf", text);
        let alpine = "DEFAULT menu.c32\nDEFAULT lts\nLABEL edge\n LINUX vmlinuz-edge\n\
                      LABEL lts\n  LINUX vmlinuz-lts\n";
        for (host, loader, next) in [
            (rocky.clone(), "grub-bls", Some(new)),
            (
                env(&format!("saved_entry=1f-{old}\n")),
                "grub-bls",
                Some(old),
            ),
            (
                env(&format!("saved_entry=Rocky ({old})\n")),
                "grub-bls",
                Some(old),
            ),
            (env("saved_entry=1\n"), "grub-bls", Some(old)),
            (env("saved_entry=0\n"), "grub-bls", Some(new)),
            (env("saved_entry=gone\n"), "grub-bls", None),
            (env("saved_entry=0\nnext_entry=1\n"), "grub-bls", Some(old)),
            (
                rocky
                    .clone()
                    .with("/boot/efi/EFI/rocky/grubenv", "saved_entry=1\n"),
                "grub-bls",
                Some(old),
            ),
            (
                Memory::new().refusing(ENTRIES, ErrorKind::PermissionDenied),
                "grub-bls",
                None,
            ),
            (debian.clone(), "grub-debian", Some("6.1.0-10-amd64")),
            (
                debian.with("/boot/grub/grubenv", "next_entry=1>old\n"),
                "grub-debian",
                Some("6.1.0-9-amd64"),
            ),
            (
                rocky.clone().with("/boot/grub2/grub.cfg", "blscfg\n"),
                "grub2",
                Some(new),
            ),
            (Memory::new(), "grub2", None),
            (loader_conf("timeout 3\n"), "systemd-boot", Some(new)),
            (loader_conf("default *-9.el9*\n"), "systemd-boot", Some(old)),
            (loader_conf("default gone\n"), "systemd-boot", Some(new)),
            (loader_conf("default @saved\n"), "systemd-boot", None),
            (
                loader_conf("").with("/boot/EFI/Linux/arch.efi", ""),
                "systemd-boot",
                None,
            ),
            (
                Memory::new()
                    .with("/boot/extlinux.conf", alpine)
                    .with("/usr/share/kernel/lts/kernel.release", "6.6.30-0-lts\n"),
                "extlinux",
                None, // the loader's source is /boot here
            ),
            (
                Memory::new()
                    .with(
                        "/boot/grub/grub.cfg",
                        DEBIAN.replace("-6.1.0-10-amd64 root", "-linux root"),
                    )
                    .with("/usr/lib/modules/6.9.1-arch1-1/vmlinuz", "")
                    .with("/usr/lib/modules/6.9.1-arch1-1/pkgbase", "linux\n"),
                "grub2",
                Some("6.9.1-arch1-1"),
            ),
            (rocky, "raspberry-pi", None),
        ] {
            let fact = told(&host, loader);
            assert_eq!(
                fact.value(),
                next.map(Value::from).as_ref(),
                "{loader} {host:?} {fact:?}"
            );
        }
        assert_eq!(told(&Memory::new(), "none"), Fact::absent("/boot"));
    }

    #[test]
    fn extlinux_and_ostree() {
        let text = "DEFAULT lts\nLABEL edge\n LINUX vmlinuz-edge\nLABEL lts\n  LINUX vmlinuz-lts\n";
        let path = "/boot/extlinux.conf";
        let host = Memory::new()
            .with(path, text)
            .with("/usr/share/kernel/lts/kernel.release", "6.6.30-0-lts\n");
        let loader = Fact::known("extlinux", path);
        let fact = release(&host, &loader, &installed::kernels(&host));
        assert_eq!(fact, Fact::known("6.6.30-0-lts", path));

        let image = |release: &str| format!("/ostree/fedora-1f/vmlinuz-{release}");
        let ostree = Memory::new()
            .with(
                &format!("{ENTRIES}/ostree-1-fedora.conf"),
                format!("version 1\nlinux {}\n", image("6.13.1-200.fc41.x86_64")),
            )
            .with(
                &format!("{ENTRIES}/ostree-2-fedora.conf"),
                format!("version 2\nlinux {}\n", image("6.14.0-63.fc42.x86_64")),
            );
        assert_eq!(
            told(&ostree, "ostree").value(),
            Some(&"6.14.0-63.fc42.x86_64".into())
        );
    }

    #[test]
    fn patterns_have_stars() {
        for (pattern, name, fits) in [
            ("*", "a.conf", true),
            ("a.conf", "a.conf", true),
            ("a*", "b", false),
            ("*-6.1*.conf", "1f-6.1.0.conf", true),
            ("*-6.1*x", "1f-6.1.0.conf", false),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }
}
