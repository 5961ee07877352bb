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

/// All that a redacted bundle and the redacted reports of a host hold.
fn everything(root: &Path, bundle: &Path) -> Vec<String> {
    pack_redacted(root, bundle);
    let file = flate2::read::GzDecoder::new(fs::File::open(bundle).unwrap());
    let mut packed = String::new();
    for entry in tar::Archive::new(file).entries().unwrap() {
        let mut entry = entry.unwrap();
        packed += &entry.path().unwrap().to_string_lossy();
        let mut bytes = Vec::new();
        std::io::copy(&mut entry, &mut bytes).unwrap();
        packed += &String::from_utf8_lossy(&bytes);
    }
    let mut shown = vec![packed];
    for format in ["yaml", "json", "text", "junit", "prometheus"] {
        let redacted = [
            "check",
            "--redact",
            "--format",
            format,
            "--root",
            name(root),
        ];
        shown.push(text(&run(&redacted).stdout));
    }
    shown
}

/// Whether redaction took all these, and nothing that a verdict rests on.
#[track_caller]
fn takes(scratch: &TempDir, root: &Path, secrets: &[&str]) {
    let bundle = scratch.path().join("x.tar.gz");
    for shown in everything(root, &bundle) {
        for secret in secrets {
            let line = shown.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{secret}");
        }
    }
    let redacted = report(&["--redact", "--root", name(root)]);
    assert_eq!(report(&["--root", name(&bundle)]), redacted);
    let plain = report(&["--root", name(root)]);
    assert_eq!(statuses(&redacted), statuses(&plain));
}

#[test]
fn users_in_names_of_entries_systems_and_mounts_are_nobodys() {
    for saved in [
        "joe-5.14.0-427.el9.x86_64",
        "RHEL (5.14.0-427.el9.x86_64) of joe",
    ] {
        let (scratch, root) = with_entries("web-17");
        let entries = root.join("boot/loader/entries");
        for release in ["5.14.0-427.el9.x86_64", "5.14.0-503.el9.x86_64"] {
            let id = release.strip_prefix("5.14.0-").unwrap();
            let old = entries.join(format!("{ENTRY}{id}.conf"));
            let told = fs::read_to_string(&old).unwrap().replace(" 9.4", " of joe");
            fs::remove_file(old).unwrap();
            put(&entries, &format!("joe-{release}.conf"), told);
        }
        put(
            &root,
            "boot/grub2/grubenv",
            format!("saved_entry={saved}\n"),
        );
        for (path, content) in [
            (
                "usr/lib/os-release",
                "ID=rhel\nVERSION_ID=\"9.4\"\nBUILD_ID=joe-20240101\n\
                 CPE_NAME=\"cpe:/o:acme.example:joe\"\nPRETTY_NAME=\"RHEL 9.4 of joe\"\n\
                 VERSION=\"by joe@acme.example\"\n",
            ),
            (
                "proc/self/mountinfo",
                "21 28 0:20 / /sys rw - sysfs sysfs rw\n\
                 31 21 0:27 / /run/user/1000/bpf-joe rw - bpf joe-bpf rw\n\
                 32 21 0:28 / /home/joe rw - ext4 /dev/sda1 rw\n",
            ),
        ] {
            put(&root, path, content);
        }
        let plain = report(&["--root", name(&root)]);
        assert_eq!(status(&plain, "next-boot-differs"), "ok", "{saved}");
        takes(&scratch, &root, &["joe", "acme"]);
    }
}

#[test]
fn a_host_called_like_a_container_manager_and_more_is_nobody() {
    let (scratch, root) = with_menu("docker01");
    put(
        &root,
        "proc/self/cgroup",
        "0::/system.slice/app-docker01.service\n",
    );
    let plain = report(&["--root", name(&root)]);
    takes(&scratch, &root, &["docker01"]);
    let redacted = report(&["--redact", "--root", name(&root)]);
    let container = |report: &Value| fact(report, "environment.container").0;
    assert_eq!(container(&plain), container(&redacted));
    assert_eq!(
        fact(&redacted, "environment.unit").0,
        "app-docker-host-1.service"
    );
}

#[test]
fn names_in_os_release_units_and_mount_points_are_nobodys() {
    let (scratch, root) = sosreport();
    for (path, content) in [
        (
            "usr/lib/os-release",
            "ID=rhel\nVERSION_ID=\"9.4\"\nVERSION=\"9.4 by ops@corp.example, 10.7.7.7\"\n\
             PRETTY_NAME=\"RHEL 9.4 (built by gina@acme.example at 10.7.7.8)\"\n",
        ),
        ("proc/self/cgroup", "0::/system.slice/app-web-17.service\n"),
        (
            "proc/self/mountinfo",
            "21 28 0:20 / /sys rw - sysfs sysfs rw\n\
             31 21 0:27 / /sys/fs/bpf/web-17 rw - bpf web-17 rw\n\
             32 21 0:28 / /sys/kernel/debug/web-17 rw - tracefs web-17 rw\n",
        ),
    ] {
        put(&root, path, content);
    }
    let bundle = scratch.path().join("x.tar.gz");
    pack_redacted(&root, &bundle);
    let shown = everything(&root, &bundle);
    assert!(
        shown
            .iter()
            .any(|shown| shown.contains("app-host-1.service"))
    );
    assert!(
        shown
            .iter()
            .any(|shown| shown.contains("/sys/fs/bpf/host-1"))
    );
    for shown in shown {
        for secret in ["web-17", "gina", "acme", "ops@", "corp", "10.7.7"] {
            let line = shown.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{secret}");
        }
    }
    let redacted = report(&["--redact", "--root", name(&root)]);
    assert_eq!(report(&["--root", name(&bundle)]), redacted);
    let plain = report(&["--root", name(&root)]);
    assert_eq!(statuses(&redacted), statuses(&plain));
}
