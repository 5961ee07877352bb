//! The kernel that the next boot starts, told from the boot loader's configuration.

use crate::facts::{Fact, Value, Why, reader};
use crate::host::Host;
use crate::host::boot::{self, Unselected};

/// The release the next boot starts; `runs` says whether a kernel was started already.
pub(super) fn release(host: &dyn Host, runs: bool, loader: &Fact, installed: &Fact) -> Fact {
    // What runs may have been given its kernel. An image is booted by what it has itself.
    if !runs
        && is_undecided(loader)
        && let Some(fact) = without_loader(host, installed)
    {
        return fact;
    }
    let Some(Value::Text(name)) = loader.value() else {
        return match loader {
            Fact::Unknown { .. } => loader.clone(),
            Fact::Known { source, .. } => unknown("", source),
        };
    };
    let selection = match name.as_str() {
        "none" => return Fact::absent(loader.source()),
        "wsl" => return unknown("Windows chooses the kernel", loader.source()),
        "raspberry-pi" => return unknown("its kernel images bear no version", loader.source()),
        "grub-bls" => boot::by_entry_files(host),
        "zipl" => boot::by_zipl(host),
        "ostree" => boot::by_ostree(host),
        "systemd-boot" => boot::by_systemd_boot(host),
        "grub-legacy" => boot::by_legacy_menu(host),
        "extlinux" => boot::by_extlinux(host, loader.source()),
        _ => boot::by_menu(host),
    };
    let selected = match selection {
        Ok(selected) => selected,
        Err(Unselected::Unreadable(error, path)) => return reader::unreadable(&error, &path),
        Err(Unselected::Untold(detail, path)) => return unknown(&detail, &path),
        Err(Unselected::Malformed(problem, path)) => {
            return Fact::unknown(Why::Malformed, &problem, &path);
        }
    };
    match boot::release_of_image(host, &selected, releases(installed)) {
        Some(release) => Fact::known(release, &selected.source),
        None => {
            let detail = format!(
                "the image {} bears no version",
                reader::shown(&selected.image)
            );
            unknown(&detail, &selected.source)
        }
    }
}

fn releases(installed: &Fact) -> &[String] {
    match installed.value() {
        Some(Value::List(releases)) => releases,
        _ => &[],
    }
}

/// Whether no loader shows itself by what it leaves.
fn is_undecided(loader: &Fact) -> bool {
    match loader {
        Fact::Known { value, .. } => *value == Value::from("none"),
        Fact::Unknown { reason, .. } => reason.unknown == Why::Untold,
    }
}

/// What entries, menus and links select, whoever reads them: as the kernel is chosen that is meant
/// where none runs.
fn without_loader(host: &dyn Host, installed: &Fact) -> Option<Fact> {
    type Rule = fn(&dyn Host) -> Result<boot::Selected, Unselected>;
    let rules: [Rule; 3] = [boot::by_entry_files, boot::by_menu, boot::by_systemd_boot];
    let selected = rules.iter().find_map(|rule| match rule(host) {
        Ok(selected) => {
            let release = boot::release_of_image(host, &selected, releases(installed))?;
            Some(Fact::known(release, &selected.source))
        }
        // The one that is read may not be the one that counts.
        Err(Unselected::Unreadable(error, path)) if boot::is_hidden(&error) => {
            Some(reader::unreadable(&error, &path))
        }
        Err(_) => None,
    });
    selected.or_else(|| {
        let (release, place) = boot::linked(host)?;
        Some(Fact::known(release, place))
    })
}

fn unknown(detail: &str, source: &str) -> Fact {
    let why = if detail.is_empty() {
        Why::Missing
    } else {
        Why::Untold
    };
    Fact::unknown(why, detail, source)
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;
    use crate::facts::boot::installed;
    use crate::host::Memory;
    use crate::host::boot::{DEBIAN, ENTRIES};

    fn entry(release: &str) -> String {
        format!("title Rocky ({release})\nversion {release}\nlinux /vmlinuz-{release}\n")
    }

    fn told(host: &Memory, loader: &str) -> Fact {
        release(
            host,
            true,
            &Fact::known(loader, "/boot"),
            &installed::kernels(host),
        )
    }

    #[test]
    fn an_image_without_a_loader_boots_what_entries_and_links_select() {
        let release = "6.1.0-9-amd64";
        let link = Memory::new()
            .with("/boot/vmlinuz-6.1.0-9-amd64", "")
            .with("/boot/vmlinuz-6.1.0-10-amd64", "")
            .with_link("/vmlinuz", "/boot/vmlinuz-6.1.0-9-amd64");
        let path = format!("{ENTRIES}/old-{release}.conf");
        let entries = Memory::new().with(&path, entry(release));
        for (host, place) in [(&link, "/vmlinuz"), (&entries, path.as_str())] {
            let (loader, installed) = (
                Fact::unknown(Why::Untold, "", ENTRIES),
                installed::kernels(host),
            );
            let known = super::release(host, false, &loader, &installed);
            assert_eq!(known, Fact::known(release, place));
            assert_eq!(super::release(host, true, &loader, &installed), loader);
        }
        let none = Fact::known("none", "/boot");
        let list = installed::kernels(&link);
        assert_eq!(
            super::release(&link, false, &none, &list),
            Fact::known(release, "/vmlinuz")
        );
        // One that runs was perhaps given its kernel.
        assert_eq!(
            super::release(&link, true, &none, &list),
            Fact::absent("/boot")
        );
        let empty = Memory::new();
        let list = installed::kernels(&empty);
        assert_eq!(
            super::release(&empty, false, &none, &list),
            Fact::absent("/boot")
        );
    }

    #[test]
    fn each_loader_tells_the_next_kernel() {
        let (old, new) = ("5.14.0-9.el9.x86_64", "5.14.0-427.el9.x86_64");
        let rocky = Memory::new()
            .with(&format!("{ENTRIES}/1f-{old}.conf"), entry(old))
            .with(&format!("{ENTRIES}/1f-{new}.conf"), entry(new));
        let env = |text: &str| rocky.clone().with("/boot/grub2/grubenv", text);
        let debian = Memory::new().with("/boot/grub/grub.cfg", DEBIAN);
        let saved_old = env(&format!("saved_entry=1f-{old}\n"));
        let menu = |text: &str| saved_old.clone().with("/boot/grub2/grub.cfg", text);
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
            (env("saved_entry=gone\n"), "grub-bls", Some(new)),
            // What was saved is out of sight, or was not collected.
            (
                rocky
                    .clone()
                    .refusing("/boot/grub2/grubenv", ErrorKind::PermissionDenied),
                "grub-bls",
                None,
            ),
            (
                rocky
                    .clone()
                    .refusing("/boot/grub2/grubenv", ErrorKind::Unsupported)
                    .refusing("/boot/grub/grubenv", ErrorKind::Unsupported),
                "grub-bls",
                None,
            ),
            (
                rocky
                    .clone()
                    .refusing("/boot/grub2/grubenv", ErrorKind::Unsupported)
                    .with("/boot/grub/grubenv", format!("saved_entry=1f-{old}\n")),
                "grub-bls",
                Some(old),
            ),
            (
                debian
                    .clone()
                    .refusing("/boot/grub/grubenv", ErrorKind::Unsupported),
                "grub-debian",
                Some("6.1.0-10-amd64"),
            ),
            (
                Memory::new()
                    .with(
                        "/boot/grub/grub.cfg",
                        format!("{DEBIAN}\nset default=\"${{saved_entry}}\"\n"),
                    )
                    .refusing("/boot/grub/grubenv", ErrorKind::Unsupported),
                "grub-debian",
                None,
            ),
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
            // The menu decides, and entries in files stand where it takes them.
            (menu("set default=0\nblscfg\n"), "grub-bls", Some(new)),
            (
                menu("set default=\"${saved_entry}\"\nblscfg\n"),
                "grub-bls",
                Some(old),
            ),
            (
                menu("menuentry X {\n linux /vmlinuz-6.1.0\n}\nset default=2\nblscfg\n"),
                "grub-bls",
                Some(old),
            ),
            (
                menu(
                    "set default=1\nmenuentry X {\n linux /vmlinuz-6.1.0\n}\n\
                      menuentry Y {\n linux /vmlinuz-6.1.1\n}\n",
                ),
                "grub-bls",
                Some("6.1.1"),
            ),
            (
                menu("set default=\"${x}${unset_y}z\"\nfi\n"),
                "grub-bls",
                Some(old),
            ),
            (
                menu("set default=0\nblscfg\nsource ${config_directory}/custom.cfg\n")
                    .with("/boot/grub2/custom.cfg", "set default=1\n"),
                "grub-bls",
                Some(old),
            ),
            (
                rocky
                    .clone()
                    .with_link("/boot/grub2/grubenv", "../efi/EFI/redhat/grubenv"),
                "grub-bls",
                None,
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
            (
                rocky.clone().with(
                    "/etc/zipl.conf",
                    format!("[defaultboot]\ndefaultauto\ndefault=Rocky ({old})\ntarget=/boot\n"),
                ),
                "grub-bls",
                Some(old),
            ),
            (
                Memory::new().with(
                    "/boot/grub/menu.lst",
                    "default 1\ntitle a\nkernel /vmlinuz-2.6.32-754.el6.x86_64 ro\n\
                     title b\nkernel /boot/vmlinuz-2.6.32-696.el6.x86_64 ro\n",
                ),
                "grub-legacy",
                Some("2.6.32-696.el6.x86_64"),
            ),
            (
                Memory::new().with("/boot/grub/menu.lst", "default saved\ntitle a\n"),
                "grub-legacy",
                None,
            ),
            // GRUB's own is nothing to it, be it there or not.
            (
                rocky
                    .clone()
                    .with("/etc/zipl.conf", format!("default=1f-{old}\n"))
                    .refusing("/boot/grub2/grubenv", ErrorKind::Unsupported),
                "zipl",
                Some(old),
            ),
            (
                rocky.clone().with("/etc/zipl.conf", "[defaultboot]\n"),
                "zipl",
                Some(new),
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
    fn what_can_not_be_read_is_not_taken_for_nothing() {
        let (old, new) = ("5.14.0-9.el9.x86_64", "5.14.0-427.el9.x86_64");
        let path = |release: &str| format!("{ENTRIES}/1f-{release}.conf");
        let two = || {
            Memory::new()
                .with(&path(old), entry(old))
                .with(&path(new), entry(new))
        };
        let zipl = |settings: &str| two().with("/etc/zipl.conf", settings);
        let section = format!("[defaultboot]\ndefault=l\n[l]\nimage=/boot/vmlinuz-{old}\n");
        for (host, loader, next) in [
            (
                two().refusing(&path(new), ErrorKind::PermissionDenied),
                "grub-bls",
                None,
            ),
            // GRUB sorts them by their names.
            (
                two().refusing(&path(old), ErrorKind::PermissionDenied),
                "grub-bls",
                Some(new),
            ),
            (
                two()
                    .refusing(&path(old), ErrorKind::PermissionDenied)
                    .with(
                        "/boot/grub2/grubenv",
                        format!("saved_entry=Rocky ({old})\n"),
                    ),
                "grub-bls",
                None,
            ),
            (
                two().with("/boot/grub2/grubenv", "saved_entry=x\0\n"),
                "grub-bls",
                None,
            ),
            (
                two().with("/boot/grub2/grub.cfg", "blscfg\0\n"),
                "grub2",
                None,
            ),
            // An entry of no kernel is none of the menu.
            (
                two().with(&format!("{ENTRIES}/z.conf"), "title z\nversion 9.9.9\n"),
                "grub-bls",
                Some(new),
            ),
            (
                two()
                    .with(&format!("{ENTRIES}/z.conf"), "title z\n")
                    .with("/boot/grub2/grubenv", "saved_entry=1\n"),
                "grub-bls",
                Some(old),
            ),
            (zipl("default=gone\n"), "zipl", None),
            (zipl("default=gone\n"), "grub-bls", None),
            (zipl(&section), "zipl", Some(old)),
            (zipl(&section), "grub-bls", Some(old)),
            (
                zipl("").refusing("/etc/zipl.conf", ErrorKind::PermissionDenied),
                "zipl",
                None,
            ),
        ] {
            let fact = told(&host, loader);
            let next = next.map(Value::from);
            assert_eq!(fact.value(), next.as_ref(), "{loader} {host:?} {fact:?}");
        }
        // Of an image nobody tells the loader of.
        let image = two().refusing("/boot/grub2/grubenv", ErrorKind::PermissionDenied);
        let list = installed::kernels(&image);
        let none = Fact::known("none", "/boot");
        assert_eq!(super::release(&image, false, &none, &list).value(), None);
    }

    #[test]
    fn extlinux_and_ostree() {
        let text = "DEFAULT lts\nLABEL edge\n LINUX vmlinuz-edge\nLABEL lts\n  LINUX vmlinuz-lts\n";
        let path = "/boot/extlinux.conf";
        let host = Memory::new()
            .with(path, text)
            .with("/usr/share/kernel/lts/kernel.release", "6.6.30-0-lts\n");
        let loader = Fact::known("extlinux", path);
        let fact = release(&host, true, &loader, &installed::kernels(&host));
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
        let (old, new) = ("6.13.1-200.fc41.x86_64", "6.14.0-63.fc42.x86_64");
        let saved = "set default=\"${saved_entry}\"\nblscfg\n";
        let counting = "if [ -n \"${boot_counter}\" -a \"${boot_success}\" = \"0\" ]; then\n\
                        if [ \"${boot_counter}\" = \"0\" ]; then\nset default=1\nfi\nfi\n";
        let counting = format!("{saved}{counting}");
        for (menu, env, next) in [
            ("", "saved_entry=1\n", new),
            ("# nothing to start\n", "saved_entry=1\n", new),
            ("set default=1\nblscfg\n", "", old),
            ("set default=0\nblscfg\n", "saved_entry=1\n", new),
            (saved, "", new),
            (saved, "saved_entry=1\n", old),
            (saved, "saved_entry=ostree-1-fedora\n", old),
            (&counting, "boot_counter=0\nboot_success=0\n", old),
            (&counting, "boot_counter=2\nboot_success=0\n", new),
        ] {
            let mut host = ostree.clone().with("/boot/grub2/grubenv", env);
            if !menu.is_empty() {
                host = host.with("/boot/grub2/grub.cfg", menu);
            }
            let next = Some(Value::from(next));
            assert_eq!(told(&host, "ostree").value(), next.as_ref(), "{menu} {env}");
        }
    }
}
