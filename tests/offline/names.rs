//! Hosts that are called like words of the system: redaction takes their names, and nothing that
//! a verdict rests on.

use super::*;

/// Words of the kernel's log, of boot loaders, mounts, releases and systems; and names that are
/// none.
const NAMES: &[&str] = &[
    "locked", "EFI", "amd64", "427.el9", "version", "default", "Advanced", "lsm", "nosuid", "conf",
    "web-17",
];

const ENTRY: &str = "0a1b2c3d0000111122220a1b2c3d4e5f-5.14.0-";

/// A sosreport whose boot loader has entries in files of their own.
fn with_entries(name: &str) -> (TempDir, PathBuf) {
    let (scratch, root) = sosreport();
    for release in ["427.el9.x86_64", "503.el9.x86_64"] {
        let entry = format!(
            "title RHEL (5.14.0-{release}) 9.4\nversion 5.14.0-{release}\n\
             linux /vmlinuz-5.14.0-{release}\noptions root=/dev/mapper/rhel-root ro lsm=yama,bpf\n"
        );
        put(
            &root,
            &format!("boot/loader/entries/{ENTRY}{release}.conf"),
            entry,
        );
        put(&root, &format!("boot/vmlinuz-5.14.0-{release}"), "");
    }
    put(
        &root,
        "boot/grub2/grub.cfg",
        "set default=\"${saved_entry}\"\nblscfg\n",
    );
    put(
        &root,
        "boot/grub2/grubenv",
        format!("saved_entry={ENTRY}503.el9.x86_64\nkernelopts=ro\n"),
    );
    let uname = root.join("sos_commands/kernel/uname_-a");
    let text = fs::read_to_string(&uname).unwrap();
    fs::write(&uname, text.replace("web-17", name)).unwrap();
    put(&root, "sos_commands/host/hostname", format!("{name}\n"));
    (scratch, root)
}

/// A root whose boot loader has all in one menu.
fn with_menu(name: &str) -> (TempDir, PathBuf) {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().join("root");
    let entry = |title: &str, release: &str| {
        format!(
            "menuentry '{title}' --class debian $menuentry_id_option 'gnulinux-{release}' {{\n\
             \tlinux /vmlinuz-{release} root=/dev/sda1 ro lockdown=integrity\n}}\n"
        )
    };
    let menu = format!(
        "if [ -s $prefix/grubenv ]; then\n  load_env\nfi\n\
         set default=\"Advanced options for Debian>Debian, with Linux 6.1.0-9-amd64\"\n{}\
         submenu 'Advanced options for Debian' $menuentry_id_option 'x' {{\n{}{}}}\n",
        entry("Debian", "6.1.0-8-amd64"),
        entry("Debian, with Linux 6.1.0-8-amd64", "6.1.0-8-amd64"),
        entry("Debian, with Linux 6.1.0-9-amd64", "6.1.0-9-amd64"),
    );
    for (path, content) in [
        ("boot/grub/grub.cfg", menu.as_str()),
        ("boot/vmlinuz-6.1.0-8-amd64", ""),
        ("boot/vmlinuz-6.1.0-9-amd64", ""),
        ("boot/config-6.1.0-8-amd64", CONFIG),
        (
            "etc/os-release",
            "ID=debian\nVERSION_ID=\"12\"\nNAME=\"Debian GNU/Linux\"\n",
        ),
        ("proc/sys/kernel/osrelease", "6.1.0-8-amd64\n"),
        (
            "proc/cmdline",
            "BOOT_IMAGE=/vmlinuz-6.1.0-8-amd64 ro lsm=yama,bpf lockdown=integrity\n",
        ),
        ("proc/self/mountinfo", MOUNTS),
        (
            "proc/filesystems",
            "nodev\tsysfs\nnodev\tbpf\nnodev\tcgroup2\n",
        ),
        ("sys/class/dmi/id/sys_vendor", "QEMU\n"),
        ("sys/class/dmi/id/product_name", "Standard PC (Q35)\n"),
    ] {
        put(&root, path, content);
    }
    put(&root, "proc/sys/kernel/hostname", format!("{name}\n"));
    (scratch, root)
}

#[test]
fn a_host_called_like_a_word_of_the_system_keeps_its_verdict() {
    for host in [with_entries, with_menu] {
        for host_name in NAMES {
            let (scratch, root) = host(host_name);
            let plain = report(&["--root", name(&root)]);
            assert_eq!(status(&plain, "next-boot-differs"), "fail", "{host_name}");
            let redacted = report(&["--redact", "--root", name(&root)]);
            assert_eq!(redacted["host"]["hostname"], "host-1");
            assert_eq!(statuses(&redacted), statuses(&plain), "{host_name}");
            let bundle = scratch.path().join("x.tar.gz");
            pack_redacted(&root, &bundle);
            assert_eq!(report(&["--root", name(&bundle)]), redacted, "{host_name}");
        }
    }
}

#[test]
fn a_user_that_a_file_names_is_nobody_in_the_report() {
    let (scratch, root) = sosreport();
    let mounts = format!("{MOUNTS}41 28 0:41 / /srv/alice/bpf rw - bpf bpf rw\n");
    put(&root, "proc/self/mountinfo", mounts);
    let shown = text(&run(&["check", "--format", "yaml", "--root", name(&root)]).stdout);
    assert!(
        shown.contains("/srv/alice/bpf"),
        "the report tells of that mount"
    );
    let arguments = [
        "check",
        "--format",
        "yaml",
        "--redact",
        "--root",
        name(&root),
    ];
    let shown = text(&run(&arguments).stdout);
    assert!(shown.contains("/srv/user-1/bpf"), "{shown}");
    assert!(!shown.contains("alice"), "{shown}");
    let bundle = scratch.path().join("x.tar.gz");
    pack_redacted(&root, &bundle);
    let again = run(&["check", "--format", "yaml", "--root", name(&bundle)]);
    assert_eq!(text(&again.stdout), shown);
}
