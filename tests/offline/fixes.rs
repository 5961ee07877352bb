//! What is to be typed on a host that is known from a report, which has no programs in it.

use super::*;

/// The commands of the first fix of a check.
fn typed(report: &Value, check: &str) -> String {
    let findings = report["findings"].as_sequence().unwrap();
    let finding = findings.iter().find(|finding| finding["check"] == check);
    let commands = &finding.unwrap()["fixes"][0]["commands"];
    let commands = commands.as_sequence().into_iter().flatten();
    let commands: Vec<&str> = commands.map(|line| line.as_str().unwrap()).collect();
    commands.join("; ")
}

/// A sosreport of a host of which nothing but these is known, and a config that is of another
/// kernel.
fn small(os: (&str, &str), release: &str, build: &str, packages: &str) -> (TempDir, PathBuf) {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().join("sosreport-vm");
    let (id, version) = os;
    let (list, like) = match id {
        "ubuntu" => ("installed-debs", "debian"),
        "debian" => ("installed-debs", ""),
        "amzn" | "rocky" | "almalinux" => ("installed-rpms", "rhel centos fedora"),
        "ol" => ("installed-rpms", "fedora"),
        _ => ("installed-rpms", ""),
    };
    put(&root, "version.txt", "sosreport: 4.7.1\n");
    put(
        &root,
        "etc/os-release",
        format!("ID={id}\nVERSION_ID=\"{version}\"\nID_LIKE=\"{like}\"\n"),
    );
    let uname = format!("Linux vm {release} {build} x86_64 x86_64 x86_64 GNU/Linux\n");
    put(&root, "sos_commands/kernel/uname_-a", uname);
    put(&root, list, packages);
    let config = CONFIG.replace("5.14.0-427.el9.x86_64", "6.99.0");
    put(&root, &format!("boot/config-{release}"), config);
    (scratch, root)
}

#[test]
fn a_fix_is_typed_with_the_package_manager_and_the_packages_of_the_release() {
    const UBUNTU: &str = "#1-Ubuntu SMP";
    const DEBIAN: &str = "#1 SMP PREEMPT_DYNAMIC Debian 6.1.90-1 (2024-05-03)";
    let deb = |names: &[&str]| -> String {
        let line = |name: &&str| format!("ii  {name}  1.0-1  amd64  x\n");
        names.iter().map(line).collect()
    };
    let rpm = |names: &[&str]| -> String {
        let line = |name: &&str| format!("{name}-1.0-1.x86_64  Mon\n");
        names.iter().map(line).collect()
    };
    let none = "vim";
    for (os, release, build, packages, tools, again) in [
        (
            ("rhel", "9.2"),
            "5.14.0-284.11.1.el9_2.x86_64",
            "#1 SMP",
            rpm(&["bpftool"]),
            "subscription-manager repos --enable",
            "dnf reinstall \"kernel*-\"$(echo 5.14.0-284.11.1.el9_2.x86_64 | sed",
        ),
        (
            ("rocky", "8.10"),
            "4.18.0-553.el8_10.x86_64",
            "#1 SMP",
            rpm(&[none]),
            "dnf install --enablerepo=powertools bpftool clang",
            "dnf reinstall \"kernel*-\"$(echo 4.18.0-553.el8_10.x86_64 | sed",
        ),
        (
            ("almalinux", "9.4"),
            "5.14.0-427.el9.x86_64",
            "#1 SMP",
            rpm(&[none]),
            "dnf install --enablerepo=crb bpftool clang",
            "dnf reinstall \"kernel*-\"$(echo 5.14.0-427.el9.x86_64 | sed",
        ),
        (
            ("ol", "8.9"),
            "5.15.0-206.153.7.el8uek.x86_64",
            "#2 SMP",
            rpm(&[none]),
            "dnf install --enablerepo=\"ol$(rpm -E %rhel)_codeready_builder\"",
            "dnf reinstall \"kernel-uek*-\"5.15.0-206.153.7.el8uek.x86_64",
        ),
        (
            ("fedora", "42"),
            "6.14.0-63.fc42.x86_64",
            "#1 SMP",
            rpm(&[none]),
            "dnf install bpftool clang llvm dwarves",
            "dnf reinstall \"kernel*-\"$(echo 6.14.0-63.fc42.x86_64 | sed",
        ),
        (
            ("amzn", "2023"),
            "6.1.90-99.173.amzn2023.x86_64",
            "#1 SMP",
            rpm(&[none]),
            "dnf install bpftool clang llvm dwarves",
            "dnf reinstall \"kernel*-\"6.1.90-99.173.amzn2023.x86_64",
        ),
        (
            ("amzn", "2"),
            "5.10.75-79.358.amzn2.x86_64",
            "#1 SMP",
            rpm(&[none]),
            "yum install bpftool clang llvm dwarves",
            "yum reinstall kernel-5.10.75-79.358.amzn2.x86_64",
        ),
        (
            ("centos", "7"),
            "3.10.0-1160.el7.x86_64",
            "#1 SMP",
            rpm(&[none]),
            "yum install bpftool clang llvm dwarves",
            "yum reinstall kernel-3.10.0-1160.el7.x86_64",
        ),
        (
            ("sles", "15.6"),
            "6.4.0-150600.21-default",
            "#1 SMP",
            rpm(&[none]),
            "SUSEConnect -p sle-module-desktop-applications/15.6/\"$(uname -m)\"; SUSEConnect -p \
             sle-module-development-tools/15.6/\"$(uname -m)\"; SUSEConnect -p PackageHub/15.6/\"$(uname -m)\"; zypper install bpftool clang llvm dwarves",
            "zypper install --force \"$(rpm -qf --queryformat ",
        ),
        (
            ("ubuntu", "20.04"),
            "5.4.0-26-generic",
            UBUNTU,
            deb(&[none]),
            "apt-get update; apt-get install linux-tools-common linux-tools-5.4.0-26-generic clang",
            "apt-get update; apt-get install --reinstall linux-image-5.4.0-26-generic linux-modules-5.4.0-26-generic",
        ),
        (
            ("ubuntu", "22.04"),
            "5.15.0-25-generic",
            UBUNTU,
            deb(&["linux-tools-5.15.0-25-generic"]),
            "apt-get update; apt-get install clang llvm dwarves",
            "apt-get update; apt-get install --reinstall linux-image-5.15.0-25-generic linux-modules-5.15.0-25-generic",
        ),
        (
            ("ubuntu", "25.04"),
            "6.14.0-15-generic",
            UBUNTU,
            deb(&[none]),
            "apt-get update; apt-get install bpftool clang llvm dwarves",
            "apt-get update; apt-get install --reinstall linux-image-6.14.0-15-generic linux-modules-6.14.0-15-generic",
        ),
        (
            ("debian", "12"),
            "6.1.0-21-amd64",
            DEBIAN,
            deb(&[none]),
            "apt-get update; apt-get install bpftool clang llvm dwarves",
            "apt-get update; apt-get install --reinstall linux-image-6.1.0-21-amd64",
        ),
        (
            ("debian", "12"),
            "6.1.0-21-amd64",
            DEBIAN,
            deb(&["bpftool"]),
            "apt-get update; apt-get install clang llvm dwarves",
            "apt-get update; apt-get install --reinstall linux-image-6.1.0-21-amd64",
        ),
    ] {
        let (_scratch, root) = small(os, release, build, &packages);
        let told = report(&["--root", name(&root)]);
        // CentOS 7 lies in archives, which is said first, in one remark.
        let is_first = |here: &str, command: &str| {
            let before = here.split_once(command).map(|(before, _)| before);
            before.is_some_and(|before| before.is_empty() || before.starts_with("# "))
        };
        let here = typed(&told, "dev-tools-missing");
        assert!(is_first(&here, tools), "{os:?}: {here}");
        let here = typed(&told, "config-disagrees");
        assert!(is_first(&here, again), "{os:?}: {here}");
        assert!(here.ends_with("; reboot"), "{os:?}: {here}");
    }
}

/// The packages that hold the headers, by the name of each build's own.
#[test]
fn headers_are_those_of_the_build_that_runs_whatever_its_package_is_called() {
    let (el9, arm) = (
        "5.14.0-427.13.1.el9_4.x86_64",
        "5.14.0-427.13.1.el9_4.aarch64",
    );
    for (os, release, build, image, command, undo) in [
        (
            ("rocky", "9.4"),
            el9.to_owned(),
            "#1 SMP",
            format!("kernel-core-{el9} Mon\n"),
            "dnf install \"kernel-devel-uname-r = \"5.14.0-427.13.1.el9_4.x86_64",
            "dnf remove \"$(rpm -qf /usr/src/kernels/5.14.0-427.13.1.el9_4.x86_64)\"",
        ),
        (
            ("rocky", "9.4"),
            format!("{arm}+64k"),
            "#1 SMP",
            format!("kernel-64k-core-{arm} Mon\n"),
            "dnf install \"kernel-devel-uname-r = \"5.14.0-427.13.1.el9_4.aarch64+64k",
            "dnf remove \"$(rpm -qf /usr/src/kernels/5.14.0-427.13.1.el9_4.aarch64+64k)\"",
        ),
        (
            ("amzn", "2023"),
            "6.1.141-165.249.amzn2023.x86_64".to_owned(),
            "#1 SMP",
            "kernel-6.1.141-165.249.amzn2023.x86_64 Mon\n".to_owned(),
            "dnf install \"kernel-devel-uname-r = \"6.1.141-165.249.amzn2023.x86_64",
            "dnf remove \"$(rpm -qf /usr/src/kernels/6.1.141-165.249.amzn2023.x86_64)\"",
        ),
        (
            ("amzn", "2023"),
            "6.12.40-64.114.amzn2023.x86_64".to_owned(),
            "#1 SMP",
            "kernel6.12-6.12.40-64.114.amzn2023.x86_64 Mon\n".to_owned(),
            "dnf install kernel6.12-devel-6.12.40-64.114.amzn2023.x86_64",
            "dnf remove kernel6.12-devel-6.12.40-64.114.amzn2023.x86_64",
        ),
        (
            ("amzn", "2023"),
            "6.18.9-1.amzn2023.x86_64".to_owned(),
            "#1 SMP",
            "kernel6.18-6.18.9-1.amzn2023.x86_64 Mon\n".to_owned(),
            "dnf install kernel6.18-devel-6.18.9-1.amzn2023.x86_64",
            "dnf remove kernel6.18-devel-6.18.9-1.amzn2023.x86_64",
        ),
        (
            ("amzn", "2"),
            "5.10.75-79.358.amzn2.x86_64".to_owned(),
            "#1 SMP",
            "kernel-5.10.75-79.358.amzn2.x86_64 Mon\n".to_owned(),
            "yum install \"kernel-devel-uname-r == \"5.10.75-79.358.amzn2.x86_64",
            "yum remove \"$(rpm -qf /usr/src/kernels/5.10.75-79.358.amzn2.x86_64)\"",
        ),
        (
            ("debian", "12"),
            "6.8.12-5-pve".to_owned(),
            "#1 SMP PREEMPT_DYNAMIC PMX 6.8.12-5 (2024-12-03T10:26Z)",
            "ii  proxmox-kernel-6.8.12-5-pve-signed 6.8.12-5 amd64 x\n".to_owned(),
            "apt-get update; apt-get install pve-headers-6.8.12-5-pve",
            "apt-get remove pve-headers-6.8.12-5-pve",
        ),
    ] {
        let (_scratch, root) = small(os, &release, build, &image);
        let (report, _) = warned(&["--root", name(&root)]);
        assert_eq!(fact(&report, "kernel.headers").0, "null", "{release}");
        let typed = typed(&report, "kernel-headers-missing");
        assert_eq!(typed, command, "{release}");
        let findings = report["findings"].as_sequence().unwrap();
        let mut findings = findings.iter();
        let finding = findings.find(|finding| finding["check"] == "kernel-headers-missing");
        assert_eq!(finding.unwrap()["fixes"][0]["undo"][0], undo, "{release}");
    }
}

/// Without an interpreter programs are compiled, whatever else is known.
#[test]
fn a_config_without_an_interpreter_says_that_programs_are_compiled() {
    let scratch = tempfile::tempdir().unwrap();
    for (config, status_of) in [
        ("CONFIG_BPF_JIT=y\nCONFIG_BPF_JIT_ALWAYS_ON=y\n", "ok"),
        // The kernel's own default, then, is the interpreter.
        ("CONFIG_BPF_JIT=y\n", "fail"),
        ("CONFIG_BPF_JIT=y\nCONFIG_BPF_JIT_DEFAULT_ON=y\n", "ok"),
        ("", "fail"),
    ] {
        let whole = CONFIG.replace("CONFIG_BPF_JIT=y\n", "");
        let whole = whole.replace("CONFIG_BPF_JIT_ALWAYS_ON=y\n", "");
        put(scratch.path(), "config", format!("{whole}{config}"));
        let file = scratch.path().join("config");
        let (report, _) = warned(&["--config", name(&file)]);
        assert_eq!(status(&report, "jit-unavailable"), status_of, "{config}");
    }
}

#[test]
fn groups_are_known_by_what_a_report_has_of_them_without_its_mounts() {
    const LIST: &str = "proc/cgroups";
    const TREE: &str = "sos_commands/cgroups/systemd-cgls";
    const V1: &str = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t4\t9\t1\n";
    const V2: &str = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t0\t9\t1\n";
    const SLICES: &str = "Control group /:\n-.slice\n\u{251c}\u{2500}init.scope\n";
    for (files, legacy, missing) in [
        (
            &[("sys/fs/cgroup/cgroup.controllers", "cpu\n")][..],
            "ok",
            "ok",
        ),
        (&[(LIST, V2), (TREE, SLICES)], "ok", "ok"),
        (&[(LIST, V2)], "unknown", "unknown"),
        (&[(LIST, V1), (TREE, SLICES)], "unknown", "unknown"),
        (
            &[("sys/fs/cgroup/memory/tasks", ""), (LIST, V1)],
            "unknown",
            "unknown",
        ),
    ] {
        let os = ("rhel", "9.2");
        let (scratch, root) = small(os, "5.14.0-284.11.1.el9_2.x86_64", "#1 SMP", "x\n");
        let config = CONFIG.replace("427.el9", "284.11.1.el9_2");
        put(&root, "boot/config-5.14.0-284.11.1.el9_2.x86_64", config);
        put(&root, "proc/filesystems", "nodev\tcgroup2\nnodev\tbpf\n");
        for (path, content) in files {
            put(&root, path, content);
        }
        let packed = scratch.path().join("x.tar.gz");
        fs::write(&packed, gz(&archive(&root))).unwrap();
        for path in [&root, &packed] {
            let told = report(&["--root", name(path)]);
            assert_eq!(status(&told, "cgroup-legacy-mode"), legacy, "{files:?}");
            assert_eq!(status(&told, "cgroup2-missing"), missing, "{files:?}");
        }
    }
}

#[test]
fn a_command_line_that_locks_the_kernel_down_is_judged_with_its_config() {
    let scratch = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        put(scratch.path(), name, content);
        scratch.path().join(name)
    };
    let config = CONFIG.to_owned()
        + "CONFIG_SECURITY=y\nCONFIG_SECURITYFS=y\nCONFIG_SECURITY_LOCKDOWN_LSM=y\n\
           CONFIG_SECURITY_LOCKDOWN_LSM_EARLY=y\nCONFIG_LSM=\"lockdown,yama\"\n";
    let config = file("config", &config);
    for (cmdline, said) in [
        ("ro lockdown=confidentiality", "fail"),
        ("ro lockdown=weather", "unknown"),
        ("ro quiet", "unknown"),
    ] {
        let cmdline = file("cmdline", cmdline);
        let told = report(&["--config", name(&config), "--cmdline", name(&cmdline)]);
        assert_eq!(status(&told, "kernel-lockdown"), said, "{cmdline:?}");
    }
}
