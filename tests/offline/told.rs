//! What is said of files that are not what they should be, and of when a host was seen.

use super::*;

#[test]
fn a_member_that_is_there_twice_is_named() {
    let (scratch, root) = sosreport();
    let top = root.file_name().unwrap().to_str().unwrap();
    let file = tar::EntryType::Regular;
    let again = member(file, &format!("{top}/proc/cmdline"), "", b"lsm=bpf\n");
    let path = scratch.path().join("x.tar");
    let mut bytes = archive(&root);
    bytes.truncate(bytes.len() - 1024);
    fs::write(&path, [bytes, again, vec![0; 1024]].concat()).unwrap();
    let (told, said) = warned(&["--root", name(&path)]);
    assert_eq!(fact(&told, "cmdline").0, "lsm=bpf");
    let line =
        "bpf-doctor: /proc/cmdline is in the archive more than once: the last one was read\n";
    assert_eq!(said, line);
}

#[test]
fn an_empty_config_is_said_to_be_empty() {
    let (_scratch, root) = sosreport();
    put(&root, "boot/config-5.14.0-427.el9.x86_64", "");
    let (told, said) = warned(&["--root", name(&root)]);
    assert!(
        said.contains("/boot/config-5.14.0-427.el9.x86_64 is empty"),
        "{said}"
    );
    let config = fact(&told, "config-file");
    assert_eq!(config.0, "? malformed");
    assert_eq!(config.1, "/boot/config-5.14.0-427.el9.x86_64");
}

#[test]
fn a_host_was_seen_when_its_files_say() {
    let (scratch, root) = sosreport();
    let told = |path: &Path| {
        let report = report(&["--root", name(path)]);
        (report["generated_at"].clone(), report["dated_by"].clone())
    };
    let seen = |time: &str, by: &str| (time.into(), by.into());
    // By when they were written, where nothing better tells.
    let uname = fs::File::open(root.join("sos_commands/kernel/uname_-a")).unwrap();
    let written = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_600_000_000);
    uname.set_modified(written).unwrap();
    let packed = scratch.path().join("x.tar.gz");
    fs::write(&packed, gz(&archive(&root))).unwrap();
    for path in [&root, &packed] {
        let by = "the time at which sos_commands/kernel/uname_-a was written";
        assert_eq!(told(path), seen("2020-09-13T12:26:40Z", by), "{path:?}");
    }
    put(
        &root,
        "sos_commands/date/date",
        "Fri Feb 23 01:51:18 EST 2024\n",
    );
    let bundle = scratch.path().join("bundle.tar.gz");
    run(&["collect", "-o", name(&bundle), "--root", name(&root)]);
    for path in [&root, &bundle] {
        let by = "sos_commands/date/date";
        assert_eq!(told(path), seen("2024-02-23T06:51:18Z", by), "{path:?}");
    }
    // What was told once is told on: packed again, and judged again.
    let again = scratch.path().join("again.tar.gz");
    run(&["collect", "-o", name(&again), "--root", name(&bundle)]);
    assert_eq!(fs::read(&again).unwrap(), fs::read(&bundle).unwrap());
    let saved = run(&["check", "--format", "yaml", "--root", name(&again)]).stdout;
    let path = scratch.path().join("report.yaml");
    fs::write(&path, &saved).unwrap();
    let judged = run(&["check", "--format", "yaml", "--from", name(&path)]).stdout;
    assert_eq!(text(&judged), text(&saved));
    let said = text(&run(&["check", "-v", "--root", name(&root)]).stderr);
    let line = "the host was seen at 2024-02-23T06:51:18Z, as told by sos_commands/date/date";
    assert!(said.contains(line), "{said}");
}

#[test]
fn a_file_that_proves_what_a_kernel_has_or_lacks_is_enough() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("sysctl");
    for (value, expected) in [("1", "ok"), ("2", "ok"), ("0", "fail"), ("x", "unknown")] {
        fs::write(&path, format!("net.core.bpf_jit_enable = {value}\n")).unwrap();
        let (told, _) = warned(&["--sysctl", name(&path)]);
        assert_eq!(status(&told, "jit-unavailable"), expected, "{value}");
        // Of what no file was given for, nothing is said.
        for key in ["kernel.kheaders", "security.lockdown.signs"] {
            assert_eq!(fact(&told, key).0, "? not-collected", "{key}");
        }
    }
    for (kernel, check, expected) in [
        ("2.6.32-754.el6.x86_64", "bpf-syscall-missing", "fail"),
        ("3.10.0-514.el7.x86_64", "bpf-syscall-missing", "unknown"),
        ("6.1.21-v7+ armv7l", "fentry-unsupported", "fail"),
        ("6.1.21-v8+ aarch64", "fentry-unsupported", "fail"),
        ("6.6.20-v8+ aarch64", "fentry-unsupported", "unknown"),
    ] {
        let (release, machine) = kernel.split_once(' ').unwrap_or((kernel, "x86_64"));
        let root = scratch.path().join(release);
        put(
            &root,
            "sos_commands/kernel/uname_-a",
            format!("Linux x {release} #1 SMP Tue Jun 19 21:26:04 UTC 2018 {machine} GNU/Linux\n"),
        );
        let told = report(&["--root", name(&root)]);
        assert_eq!(status(&told, check), expected, "{kernel}");
    }
}

#[test]
fn a_bundle_without_outcomes_says_so() {
    let (scratch, root) = sosreport();
    let bundle = scratch.path().join("bundle.tar.gz");
    run(&["collect", "-o", name(&bundle), "--root", name(&root)]);
    let file = flate2::read::GzDecoder::new(fs::File::open(&bundle).unwrap());
    tar::Archive::new(file).unpack(scratch.path()).unwrap();
    let unpacked = scratch.path().join("bpf-doctor-bundle");
    assert_eq!(
        report(&["--root", name(&unpacked)]),
        report(&["--root", name(&bundle)])
    );
    fs::remove_file(unpacked.join("probes.yaml")).unwrap();
    let (_, said) = warned(&["--root", name(&unpacked)]);
    assert!(
        said.ends_with("has no probes.yaml: what was tried on the host is not known\n"),
        "{said}"
    );
    put(
        &unpacked,
        "probes.yaml",
        "- {probe: x, outcome: works, micros: 0}\n".repeat(2),
    );
    refused(
        &["check", "--root", name(&unpacked)],
        "there are two outcomes of `x`",
    );
}

#[test]
fn a_packed_report_is_read_like_a_plain_one() {
    let (scratch, root) = sosreport();
    let plain = run(&["check", "--format", "yaml", "--root", name(&root)]).stdout;
    let path = scratch.path().join("report.yaml.gz");
    fs::write(&path, gz(&plain)).unwrap();
    let again = run(&["check", "--format", "yaml", "--from", name(&path)]);
    assert_eq!(text(&again.stdout), text(&plain));
    refused(
        &["check", "--root", name(&path)],
        "it is a saved report: --from reads those",
    );
    fs::write(&path, &gz(&plain)[..200]).unwrap();
    refused(&["check", "--from", name(&path)], "it can't be unpacked");
    let archive_says = "it is an archive: --root reads those";
    let xz_says =
        "it is packed with xz: --root reads an archive so, and a report is to unpack first";
    for (bytes, says) in [
        (archive(&root), archive_says),
        (gz(&archive(&root)), archive_says),
        (xz(&archive(&root)), xz_says),
    ] {
        fs::write(&path, bytes).unwrap();
        refused(&["check", "--from", name(&path)], says);
        for file in ["--config", "--os-release", "--lockdown"] {
            let says = "it is an archive, and --root reads those";
            refused(&["check", file, name(&path)], says);
        }
    }
}

#[test]
fn random_bytes_are_no_settings() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("x");
    let mut number = 1_u32;
    let random = std::iter::repeat_with(|| {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        number.to_be_bytes()[0]
    });
    let random = random.filter(|byte| *byte != 0).take(3000);
    fs::write(&path, random.collect::<Vec<u8>>()).unwrap();
    refused(
        &["check", "--sysctl", name(&path)],
        "it is not like `sysctl -a`",
    );
}

#[test]
fn a_supportconfig_is_understood_as_directory_and_as_archive() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().join("scc_web-17_260101_0000");
    let command = |name: &str, said: &str| format!("#==[ Command ]=====#\n# {name}\n{said}\n\n");
    let file =
        |path: &str, text: &str| format!("#==[ Configuration File ]==#\n# {path}\n{text}\n\n");
    let environment = [
        command("/bin/date", "Thu Jan  1 00:00:00 UTC 2026"),
        command(
            "/bin/uname -a",
            "Linux web-17 6.4.0-150600.23.47-default #1 SMP PREEMPT_DYNAMIC x86_64 x86_64 x86_64 GNU/Linux",
        ),
        file(
            "/etc/os-release",
            "ID=\"sles\"\nVERSION_ID=\"15.6\"\nPRETTY_NAME=\"SLES 15 SP6\"",
        ),
    ];
    put(&root, "basic-environment.txt", environment.concat());
    put(
        &root,
        "boot.txt",
        file("/proc/cmdline", "ro security=apparmor"),
    );
    put(
        &root,
        "env.txt",
        command(
            "/sbin/sysctl -a",
            "kernel.unprivileged_bpf_disabled = 2\nvm.swappiness = 60",
        ),
    );
    put(
        &root,
        "fs-diskio.txt",
        command(
            "/bin/mount",
            "bpf on /sys/fs/bpf type bpf (rw)\ncgroup2 on /sys/fs/cgroup type cgroup2 (rw)",
        ),
    );
    let told = report(&["--root", name(&root)]);
    for (key, value, source) in [
        (
            "kernel.release",
            "6.4.0-150600.23.47-default",
            "basic-environment.txt (/bin/uname -a)",
        ),
        ("os.id", "sles", "basic-environment.txt (/etc/os-release)"),
        (
            "sysctl.kernel.unprivileged_bpf_disabled",
            "2",
            "env.txt (/sbin/sysctl -a)",
        ),
        ("cgroup.mode", "unified", "fs-diskio.txt (/bin/mount)"),
    ] {
        let expected = (value.to_owned(), source.to_owned());
        assert_eq!(fact(&told, key), expected, "{key}");
    }
    assert_eq!(told["generated_at"], "2026-01-01T00:00:00Z");
    let packed = scratch.path().join("x.txz");
    fs::write(&packed, xz(&archive(&root))).unwrap();
    assert_eq!(report(&["--root", name(&packed)]), told);
}

#[test]
fn the_root_of_the_running_system_is_read_and_not_tried() {
    let here = report(&["--no-probes"]);
    for root in ["/", "/proc/self/root"] {
        let told = report(&["--root", root]);
        assert_eq!(told["probes"].as_sequence().unwrap().len(), 0, "{root}");
        assert_eq!(statuses(&told), statuses(&here), "{root}");
    }
}

#[test]
fn what_was_not_collected_of_a_boot_loader_is_not_known() {
    let (_scratch, root) = sosreport();
    let told = report(&["--root", name(&root)]);
    assert_eq!(fact(&told, "boot.loader").0, "? not-collected");
    assert_eq!(fact(&told, "boot.next").0, "? not-collected");
    assert_eq!(status(&told, "next-boot-differs"), "unknown");
}

#[test]
fn an_image_boots_the_kernel_that_was_chosen_by_its_boot_configuration() {
    let image = tempfile::tempdir().unwrap();
    let root = image.path();
    put(root, "etc/os-release", "ID=debian\n");
    for release in ["6.1.0-9-amd64", "6.1.0-10-amd64"] {
        put(root, &format!("boot/vmlinuz-{release}"), "");
    }
    symlink("boot/vmlinuz-6.1.0-9-amd64", root.join("vmlinuz")).unwrap();
    let told = report(&["--root", name(root)]);
    let chosen = fact(&told, "kernel.release");
    assert_eq!(chosen.1, "/vmlinuz (boot configuration)");
    assert_eq!(fact(&told, "boot.next"), (chosen.0, "/vmlinuz".to_owned()));
    // As a directory of its archive alone, and as one of two.
    let packed = tempfile::tempdir().unwrap();
    let file = |name: &str| packed.path().join(name);
    fs::write(file("a.tar.gz"), gz(&archive(root))).unwrap();
    let path = packed.path();
    assert_eq!(report(&["--root", name(path)])["facts"], told["facts"]);
    fs::copy(file("a.tar.gz"), file("b.tar.gz")).unwrap();
    refused(&["check", "--root", name(path)], "holds 2 hosts: name one");
    // IBM Z's loader, with sections of its own.
    let zipl = "[defaultboot]\ndefault=old\n[old]\nimage=/boot/vmlinuz-6.1.0-9-amd64\n";
    fs::remove_file(root.join("vmlinuz")).unwrap();
    put(root, "etc/zipl.conf", zipl);
    let told = report(&["--root", name(root)]);
    let chosen = fact(&told, "kernel.release");
    assert_eq!(chosen.0, "6.1.0-9-amd64");
    assert_eq!(chosen.1, "/etc/zipl.conf (boot configuration)");
}

#[test]
fn a_config_alone_does_not_run_and_is_what_its_mending_begins_with() {
    let scratch = tempfile::tempdir().unwrap();
    let without = CONFIG.replace("CONFIG_BPF_SYSCALL=y", "# CONFIG_BPF_SYSCALL is not set");
    put(scratch.path(), "c.cfg", &without);
    let file = scratch.path().join("c.cfg");
    let told = report(&["--config", name(&file)]);
    assert_eq!(fact(&told, "kernel.state").0, "configured");
    let mut command = doctor(&["check", "--config", "-", "--only", "bpf-syscall-missing"]);
    command.stdin(fs::File::open(&file).unwrap());
    let shown = text(&command.output().unwrap().stdout);
    assert!(shown.contains("standard input to .config"), "{shown}");
    assert!(!shown.contains("was not found"), "{shown}");

    let lacking = CONFIG.replace("CONFIG_DEBUG_INFO_BTF=y\n", "");
    put(scratch.path(), "c.cfg", &lacking);
    let whole = report(&["--config", name(&file)]);
    assert_eq!(status(&whole, "kernel-btf-missing"), "fail");
    put(scratch.path(), "cut.cfg", lacking.trim_end());
    let cut = scratch.path().join("cut.cfg");
    let (told, said) = warned(&["--config", name(&cut)]);
    assert!(said.contains("is cut off after"), "{said}");
    assert_eq!(status(&told, "kernel-btf-missing"), "unknown");
}

#[test]
fn reports_that_say_two_things_are_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let (_sosreport, root) = sosreport();
    let saved = text(&run(&["check", "--format", "yaml", "--root", name(&root)]).stdout);
    let value = "      value: x86_64\n";
    let time = saved.lines().find(|line| line.starts_with("generated_at:"));
    for (text, says) in [
        (
            saved.replacen(value, &format!("{value}      unknown: missing\n"), 1),
            "kernel.arch: it has a `value` and is `unknown`",
        ),
        (
            saved.replacen(time.unwrap(), "generated_at: yesterday", 1),
            "generated_at is no time: `yesterday`",
        ),
    ] {
        let path = scratch.path().join("x.yaml");
        fs::write(&path, text).unwrap();
        refused(&["check", "--from", name(&path)], says);
    }
}

/// What a redacted report and a redacted bundle of a host tell, which is the same.
fn redacted(root: &Path) -> (Value, String) {
    let scratch = tempfile::tempdir().unwrap();
    let bundle = scratch.path().join("x.tar.gz");
    let told = report(&["--redact", "--root", name(root)]);
    run(&[
        "collect",
        "--redact",
        "--root",
        name(root),
        "-o",
        name(&bundle),
    ]);
    assert_eq!(report(&["--root", name(&bundle)]), told);
    let again = scratch.path().join("again.yaml");
    let plain = serde_yaml::to_string(&told).unwrap();
    fs::write(&again, &plain).unwrap();
    assert_eq!(report(&["--redact", "--from", name(&again)]), told);
    (told, plain)
}

#[test]
fn two_names_of_one_host_are_shown_and_stay_two_when_replaced() {
    let (_scratch, root) = sosreport();
    put(&root, "sos_commands/host/hostname", "zulu77\n");
    // Of an image, or given before the network gave another.
    put(&root, "etc/hostname", "golden-1\n");
    let plain = report(&["--root", name(&root)]);
    let disagreements = |told: &Value| fact(told, "kernel.disagreements").0;
    assert_eq!(
        disagreements(&plain),
        "- the host's name is web-17 in sos_commands/kernel/uname_-a and zulu77 in \
         sos_commands/host/hostname"
    );
    assert_eq!(status(&plain, "config-disagrees"), "fail");
    let (told, text) = redacted(&root);
    assert_eq!(statuses(&told), statuses(&plain));
    let number = disagreements(&told);
    let number = number
        .strip_prefix("- the host's name is host-1 in sos_commands/kernel/uname_-a and host-");
    let number = number.and_then(|rest| rest.strip_suffix(" in sos_commands/host/hostname"));
    assert!(number.unwrap().parse::<u8>().unwrap() > 1);
    for secret in ["zulu77", "golden-1", "web-17"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[test]
fn a_sosreports_list_of_packages_tells_what_programs_are_there() {
    let (scratch, root) = sosreport();
    let list = "bpftool-7.3.0-427.13.1.el9_4.x86_64    Tue 01 Oct 2024 09:00:00 AM UTC\n\
                clang-17.0.6-5.el9.x86_64              Tue 01 Oct 2024 09:00:00 AM UTC\n\
                libbpf-1.3.0-2.el9.x86_64              Tue 01 Oct 2024 09:00:00 AM UTC\n\
                vim-enhanced-8.2.2637-20.el9_1.x86_64  Tue 01 Oct 2024 09:00:00 AM UTC\n";
    put(&root, "sos_commands/rpm/sh_-c_rpm_--nodigest_-qa", list);
    symlink(
        "sos_commands/rpm/sh_-c_rpm_--nodigest_-qa",
        root.join("installed-rpms"),
    )
    .unwrap();
    let packed = scratch.path().join("x.tar.gz");
    fs::write(&packed, gz(&archive(&root))).unwrap();
    let bundle = scratch.path().join("bundle.tar.gz");
    run(&["collect", "--root", name(&root), "-o", name(&bundle)]);
    for path in [&root, &packed, &bundle] {
        let told = report(&["--root", name(path)]);
        let place = "/installed-rpms".to_owned();
        for (key, value) in [
            ("version.bpftool", "7.3.0"),
            ("version.clang", "17.0.6"),
            ("version.libbpf", "1.3.0"),
            ("version.pahole", "null"),
            ("dev-tools.missing", "- llvm-objdump\n- pahole"),
        ] {
            assert_eq!(
                fact(&told, key),
                (value.to_owned(), place.clone()),
                "{path:?}"
            );
        }
        assert_eq!(status(&told, "dev-tools-missing"), "fail");
    }
    fs::remove_file(root.join("installed-rpms")).unwrap();
    let told = report(&["--root", name(&root)]);
    assert_eq!(fact(&told, "dev-tools.missing").0, "? not-collected");
}

#[test]
fn the_menu_of_an_old_grub_tells_the_next_kernel() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().join("root");
    let (old, new) = ("4.9.1-1.amzn1.x86_64", "4.14.2-1.amzn1.x86_64");
    let entry = |release: &str| {
        format!(
            "title Amazon Linux on web-17 ({release})\nroot (hd0)\n\
             kernel /boot/vmlinuz-{release} root=LABEL=/ console=ttyS0 token=x\n"
        )
    };
    put(
        &root,
        "boot/grub/menu.lst",
        format!(
            "default=0\ntimeout=0\npassword --md5 $1$x\n\n{}{}",
            entry(new),
            entry(old)
        ),
    );
    for release in [old, new] {
        put(&root, &format!("boot/vmlinuz-{release}"), "");
    }
    put(
        &root,
        "etc/os-release",
        "ID=amzn\nVERSION_ID=2018.03\nID_LIKE=\"rhel fedora\"\n",
    );
    put(&root, "etc/hostname", "web-17\n");
    // An image: its menu chooses.
    let image = report(&["--root", name(&root)]);
    let chosen = (
        new.to_owned(),
        "/boot/grub/menu.lst (boot configuration)".to_owned(),
    );
    assert_eq!(fact(&image, "kernel.release"), chosen);
    put(&root, "proc/self/mountinfo", MOUNTS);
    for (running, default, loader, next, verdict) in [
        (old, "0", "grub-legacy", new, "fail"),
        (new, "0", "grub-legacy", new, "ok"),
        (old, "1", "grub-legacy", old, "ok"),
        (old, "saved", "grub-legacy", "? untold", "unknown"),
        // A menu that some images have for their provider alone.
        ("4.4.0-9-generic", "0", "? untold", "? untold", "unknown"),
    ] {
        put(&root, "proc/sys/kernel/osrelease", format!("{running}\n"));
        let menu = fs::read_to_string(root.join("boot/grub/menu.lst")).unwrap();
        let (_, rest) = menu.split_once('\n').unwrap();
        put(
            &root,
            "boot/grub/menu.lst",
            format!("default={default}\n{rest}"),
        );
        let told = report(&["--root", name(&root)]);
        assert_eq!(fact(&told, "boot.loader").0, loader, "{running} {default}");
        assert_eq!(fact(&told, "boot.next").0, next, "{running} {default}");
        assert_eq!(status(&told, "next-boot-differs"), verdict);
        let (hidden, text) = redacted(&root);
        assert_eq!(statuses(&hidden), statuses(&told));
        assert!(!text.contains("web-17"), "{text}");
    }
}
