//! Roots as distributions leave them, and the kernel that is meant on each.

use super::*;
use crate::host::Memory;

fn chosen(host: &Memory, asked: Option<&str>) -> (String, String, String) {
    let choice = choose(host, asked).unwrap();
    (
        choice.release,
        choice.why,
        choice.cmdline.map_or_else(String::new, |(line, _)| line),
    )
}

fn entry(version: &str) -> String {
    format!(
        "title Fedora ({version})\nversion {version}\nlinux /vmlinuz-{version}\n\
         options $kernelopts quiet\n"
    )
}

fn fedora() -> Memory {
    Memory::new()
        .with(
            "/boot/loader/entries/1f-6.9.1-100.fc40.conf",
            entry("6.9.1-100.fc40"),
        )
        .with(
            "/boot/loader/entries/1f-6.10.2-200.fc40.conf",
            entry("6.10.2-200.fc40"),
        )
        .with(
            "/boot/loader/entries/1f-0-rescue.conf",
            entry("0-rescue-1f"),
        )
        .with("/boot/vmlinuz-6.9.1-100.fc40", "")
        .with("/boot/vmlinuz-6.10.2-200.fc40", "")
        .with("/boot/vmlinuz-6.11.0-1.fc40", "")
}

const DEBIAN: &str = r#"
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
   set next_entry=
else
   set default="0"
fi
function load_video {
  insmod all_video
}
menuentry 'Debian GNU/Linux' --class debian $menuentry_id_option 'simple-1f' {
	linux	/boot/vmlinuz-6.1.0-47-amd64 root=UUID=1f ro  quiet
}
submenu 'Advanced options for Debian' $menuentry_id_option 'advanced-1f' {
	menuentry 'Debian, with Linux 6.1.0-47-amd64' $menuentry_id_option '47-1f' {
		linux	/boot/vmlinuz-6.1.0-47-amd64 root=UUID=1f ro single
	}
	menuentry 'Debian, with Linux 6.1.0-9-amd64' $menuentry_id_option '9-1f' {
		if [ x$grub_platform = xxen ]; then
			insmod xzio
		fi
		linux	/boot/vmlinuz-6.1.0-9-amd64 root=UUID=1f ro nine
	}
}
"#;

#[test]
fn whatever_an_image_is_called_it_comes_before_a_config() {
    for image in [
        "/boot/vmlinuz-6.9.0",
        "/boot/vmlinux-6.9.0",
        "/boot/Image-6.9.0",
        "/boot/image-6.9.0",
        "/boot/kernel-6.9.0",
        "/boot/bzImage-6.9.0",
        "/lib/modules/6.9.0/vmlinuz",
        "/usr/lib/modules/6.9.0/vmlinuz",
    ] {
        let host = Memory::new()
            .with(image, "")
            .with("/boot/config-6.9.0", "")
            .with("/boot/config-6.10.0", "")
            .with("/lib/modules/6.11.0/x.ko", "");
        let (release, why, _) = chosen(&host, None);
        assert_eq!(release, "6.9.0", "{image}");
        assert_eq!(why, format!("{image} (the newest installed)"));
    }
}

#[test]
fn the_boot_configuration_selects() {
    let grubenv = |line: &str| format!("# GRUB Environment Block\n{line}\n#####");
    let debian = |default: &str| {
        let config = DEBIAN.replace("default=\"0\"", &format!("default=\"{default}\""));
        Memory::new()
            .with("/boot/grub/grub.cfg", config)
            .with("/boot/vmlinuz-6.1.0-47-amd64", "")
            .with("/boot/vmlinuz-6.1.0-9-amd64", "")
            .with("/boot/vmlinuz-6.12.0-1-amd64", "")
    };
    let entries = "/boot/loader/entries/1f-";
    let end = "(boot configuration)";
    for (host, release, why, cmdline) in [
        (
            fedora(),
            "6.10.2-200.fc40",
            format!("{entries}6.10.2-200.fc40.conf {end}"),
            "quiet",
        ),
        (
            fedora().with(
                "/boot/grub2/grubenv",
                grubenv("saved_entry=1f-6.9.1-100.fc40\nkernelopts=root=/dev/sda1 ro "),
            ),
            "6.9.1-100.fc40",
            format!("{entries}6.9.1-100.fc40.conf {end}"),
            "root=/dev/sda1 ro quiet",
        ),
        (
            fedora().with("/boot/grub2/grubenv", grubenv("saved_entry=1")),
            "6.9.1-100.fc40",
            format!("{entries}6.9.1-100.fc40.conf {end}"),
            "quiet",
        ),
        (
            fedora().with("/boot/loader/loader.conf", "timeout 3\ndefault 1f-6.9*\n"),
            "6.9.1-100.fc40",
            format!("{entries}6.9.1-100.fc40.conf {end}"),
            "$kernelopts quiet",
        ),
        (
            debian("0"),
            "6.1.0-47-amd64",
            format!("/boot/grub/grub.cfg {end}"),
            "root=UUID=1f ro quiet",
        ),
        (
            debian("1>1"),
            "6.1.0-9-amd64",
            format!("/boot/grub/grub.cfg {end}"),
            "root=UUID=1f ro nine",
        ),
        (
            debian("advanced-1f>9-1f"),
            "6.1.0-9-amd64",
            format!("/boot/grub/grub.cfg {end}"),
            "root=UUID=1f ro nine",
        ),
        (
            debian("${saved_entry}").with(
                "/boot/grub/grubenv",
                grubenv("saved_entry=Advanced options for Debian>Debian, with Linux 6.1.0-9-amd64"),
            ),
            "6.1.0-9-amd64",
            format!("/boot/grub/grub.cfg {end}"),
            "root=UUID=1f ro nine",
        ),
        (
            Memory::new().with_link("/vmlinuz", "boot/vmlinuz-6.1.0-9-amd64"),
            "6.1.0-9-amd64",
            format!("/vmlinuz {end}"),
            "",
        ),
    ] {
        let expected = (release.to_owned(), why, cmdline.to_owned());
        assert_eq!(chosen(&host, None), expected);
    }
}

#[test]
fn what_was_asked_for_counts_more_and_the_newest_less() {
    let (release, why, cmdline) = chosen(&fedora(), Some("6.10.2-200.fc40"));
    assert_eq!(
        (release.as_str(), why.as_str()),
        ("6.10.2-200.fc40", "--release")
    );
    assert_eq!(cmdline, "quiet");
    let (_, _, cmdline) = chosen(&fedora(), Some("5.4.0"));
    assert_eq!(cmdline, "");

    let modules = Memory::new()
        .with("/lib/modules/6.1.0-9-amd64/modules.dep", "")
        .with("/lib/modules/6.1.0-10-amd64/modules.dep", "")
        .with("/lib/modules/extra/x", "");
    let (release, why, _) = chosen(&modules, None);
    assert_eq!(release, "6.1.0-10-amd64");
    assert_eq!(why, "/lib/modules/6.1.0-10-amd64 (the newest installed)");
    let kernel = modules.with("/boot/vmlinuz-6.1.0-9-amd64", "");
    assert_eq!(chosen(&kernel, None).0, "6.1.0-9-amd64");
    assert_eq!(choose(&Memory::new(), None), None);
}

#[test]
fn a_kernel_that_is_not_booted_next_has_its_own_entry_too() {
    for (host, release, cmdline, place) in [
        (
            Memory::new()
                .with("/boot/grub/grub.cfg", DEBIAN)
                .with("/boot/vmlinuz-6.1.0-9-amd64", ""),
            "6.1.0-9-amd64",
            "root=UUID=1f ro nine",
            "/boot/grub/grub.cfg (boot configuration)",
        ),
        (
            fedora()
                .with(
                    "/boot/loader/entries/a-6.9.0.conf",
                    "title rescue\nversion 6.9.0\nlinux /vmlinuz-6.9.0\noptions single\n",
                )
                .with(
                    "/boot/loader/entries/b-6.9.0.conf",
                    "title F\nversion 6.9.0\nlinux /vmlinuz-6.9.0\noptions ro lsm=bpf\n",
                ),
            "6.9.0",
            "ro lsm=bpf",
            "/boot/loader/entries/b-6.9.0.conf (boot configuration)",
        ),
    ] {
        let choice = choose(&host, Some(release)).unwrap();
        let expected = (cmdline.to_owned(), place.to_owned());
        assert_eq!(choice.cmdline, Some(expected), "{release}");
    }
}

#[test]
fn a_kernel_that_is_gone_is_not_chosen() {
    let host = Memory::new()
        .with("/boot/grub/grub.cfg", DEBIAN)
        .with("/boot/vmlinuz-6.1.0-9-amd64", "");
    let (release, why, cmdline) = chosen(&host, None);
    assert_eq!((release.as_str(), cmdline.as_str()), ("6.1.0-9-amd64", ""));
    assert_eq!(
        why,
        "/boot/vmlinuz-6.1.0-9-amd64 (the newest installed); /boot/grub/grub.cfg (boot \
         configuration) selects 6.1.0-47-amd64, which is not there"
    );
}

#[test]
fn what_the_boot_configuration_names_and_nothing_is_called_is_told() {
    let first = "/boot/loader/entries/1f-6.10.2-200.fc40.conf";
    let with = |path: &str, text: &str| fedora().with(path, text);
    let debian = DEBIAN.replace("default=\"0\"", "default=\"1>gone\"");
    for (host, release, why) in [
        (
            with("/boot/grub2/grubenv", "saved_entry=1f-6.12\n"),
            "6.10.2-200.fc40",
            format!(
                "{first} (its first entry: the boot configuration selects `1f-6.12`, which is not \
                 there)"
            ),
        ),
        (
            with("/boot/loader/loader.conf", "default arch-*\n"),
            "6.10.2-200.fc40",
            format!(
                "{first} (its first entry: the boot configuration selects `arch-*`, which is not \
                 there)"
            ),
        ),
        (
            with("/boot/loader/loader.conf", "default @saved\n"),
            "6.10.2-200.fc40",
            format!(
                "{first} (the first that leads to a kernel); /boot/loader/entries could not be \
                 followed: it boots what was chosen last"
            ),
        ),
        (
            Memory::new()
                .with("/boot/grub/grub.cfg", &debian)
                .with("/boot/vmlinuz-6.1.0-47-amd64", ""),
            "6.1.0-47-amd64",
            "/boot/grub/grub.cfg (its first entry: the boot configuration selects `1>gone`, \
             which is not there)"
                .to_owned(),
        ),
        (
            Memory::new()
                .with("/boot/grub/grub.cfg", "menuentry x {\nfwsetup\n}\n")
                .with("/boot/vmlinuz-6.1.0-9-amd64", ""),
            "6.1.0-9-amd64",
            "/boot/vmlinuz-6.1.0-9-amd64 (the newest installed); /boot/grub/grub.cfg could not be \
             followed: the entry `x` starts no kernel"
                .to_owned(),
        ),
    ] {
        let (chosen, told, _) = chosen(&host, None);
        assert_eq!((chosen.as_str(), told), (release, why));
    }
}

#[test]
fn extlinux_starts_the_default_of_its_menu() {
    let menu = "DEFAULT menu.c32\nTIMEOUT 50\nLABEL l0\n  LINUX /vmlinuz-6.1.0-21\n  APPEND a\n\
                LABEL l1\n  MENU DEFAULT\n  LINUX /vmlinuz-6.1.0-18\n  APPEND root=/dev/x b\n";
    let host = |menu: &str| {
        Memory::new()
            .with("/boot/extlinux/extlinux.conf", menu)
            .with("/boot/vmlinuz-6.1.0-18", "")
            .with("/boot/vmlinuz-6.1.0-21", "")
    };
    let (release, _, cmdline) = chosen(&host(menu), None);
    assert_eq!(
        (release.as_str(), cmdline.as_str()),
        ("6.1.0-18", "root=/dev/x b")
    );
    let timed = format!("ONTIMEOUT l0\n{menu}");
    assert_eq!(chosen(&host(&timed), None).0, "6.1.0-21");
}

#[test]
fn an_image_without_a_version_in_its_name_has_one_in_its_header() {
    let mut kernel = vec![0; 0x600];
    kernel[0x202..0x206].copy_from_slice(b"HdrS");
    kernel[0x20e..0x210].copy_from_slice(&0x300_u16.to_le_bytes());
    let line = b"6.6.32-0-lts (a@b) #1-Alpine SMP\0";
    kernel[0x500..0x500 + line.len()].copy_from_slice(line);
    let host = Memory::new()
        .with(
            "/boot/extlinux.conf",
            "DEFAULT lts\nLABEL lts\n  LINUX vmlinuz-lts\n",
        )
        .with("/boot/vmlinuz-lts", kernel)
        .with("/boot/config-6.6.32-0-lts", "")
        .with("/boot/config-6.6.32-0-virt", "");
    assert_eq!(chosen(&host, None).0, "6.6.32-0-lts");
}

#[test]
fn a_hostile_boot_configuration_chooses_nothing() {
    let deep = "submenu 'x' {\n".repeat(10_000);
    let climbing = "menuentry 'x' {\nlinux /vmlinuz-../../etc\n}\n";
    for config in [
        deep.as_str(),
        climbing,
        "menuentry {",
        "}\n}\nlinux x\n",
        "\u{0}'\"{",
    ] {
        let host = Memory::new().with("/boot/grub/grub.cfg", config);
        assert_eq!(choose(&host, None), None, "{config:.40}");
    }
}

#[test]
fn files_tell_of_kernel_and_machine() {
    let mut kernel = vec![0; 0x600];
    kernel[0x202..0x206].copy_from_slice(b"HdrS");
    kernel[0x20e..0x210].copy_from_slice(&0x300_u16.to_le_bytes());
    let line = b"6.1.0-47-amd64 (debian@x) #1 SMP PREEMPT_DYNAMIC Debian 6.1.170-1 (2026-04-30)\0";
    kernel[0x500..0x500 + line.len()].copy_from_slice(line);
    let mut program = b"\x7fELF\x02\x01".to_vec();
    program.resize(20, 0);
    program[18] = 62;
    let host = Memory::new()
        .with("/boot/vmlinuz-6.1.0-47-amd64", &kernel)
        .with("/boot/vmlinuz-6.1.0-48-amd64", &kernel)
        .with("/bin/sh", program);
    let build = |release: &str| {
        let choice = choose(&host, Some(release)).unwrap();
        build_line(&host, &choice).map(|(line, _)| line)
    };
    let expected = "#1 SMP PREEMPT_DYNAMIC Debian 6.1.170-1 (2026-04-30)";
    assert_eq!(build("6.1.0-47-amd64").unwrap(), expected);
    assert_eq!(build("6.1.0-48-amd64"), None);
    assert_eq!(machine(&host), Some(("x86_64", "/bin/sh")));
}

#[test]
fn a_copy_of_a_kernel_is_none_and_a_config_may_outlive_its_kernel() {
    let image = Memory::new()
        .with("/boot/vmlinuz-6.9.0", "")
        .with("/boot/config-6.9.0", "");
    for (host, release) in [
        (image.clone(), "6.9.0"),
        (
            image
                .clone()
                .with("/boot/vmlinuz-6.9.0.old", "")
                .with("/boot/config-6.9.0.old", "")
                .with("/boot/config-6.9.1.rpmsave", "")
                .with("/lib/modules/6.9.2-backup/x", ""),
            "6.9.0",
        ),
        (image.clone().with("/boot/config-6.10.0", ""), "6.9.0"),
        (image.with("/boot/vmlinuz-6.10.0", ""), "6.10.0"),
        (
            Memory::new()
                .with("/boot/config-6.9.0", "")
                .with("/lib/modules/6.10.0/x", ""),
            "6.9.0",
        ),
    ] {
        assert_eq!(choose(&host, None).unwrap().release, release, "{host:?}");
    }
}
