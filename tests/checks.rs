//! Checks of the catalogue on whole hosts, each in both directions.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and runs programs"
)]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_yaml::Value;
use support::{btf, check, healthy, put, status, yaml};

const RELEASE: &str = "5.10.0-32-amd64";

/// A change that makes a healthy host ill, or keeps it healthy.
type Change = fn(&Path);

/// Debian's menu with these kernels, the first of which is booted.
fn grub(root: &Path, releases: &[&str]) {
    let entries = releases.iter().map(|release| {
        put(root, &format!("boot/vmlinuz-{release}"), b"");
        format!("menuentry 'Debian' {{\n\tlinux /boot/vmlinuz-{release} root=/dev/sda1 ro\n}}\n")
    });
    let menu = format!("set default=\"0\"\n{}", entries.collect::<String>());
    put(root, "boot/grub/grub.cfg", menu.as_bytes());
    put(root, "etc/default/grub", b"GRUB_DEFAULT=0\n");
    put(root, "usr/sbin/update-grub", b"");
    host_namespace(root);
}

fn host_namespace(root: &Path) {
    fs::create_dir_all(root.join("proc/self/ns")).unwrap();
    symlink("pid:[4026531836]", root.join("proc/self/ns/pid")).unwrap();
}

fn tools(root: &Path, names: &[&str]) {
    host_namespace(root);
    for name in names {
        put(root, &format!("usr/bin/{name}"), &[0; 70_000]);
    }
}

/// A process with these capabilities alone.
fn capabilities(root: &Path, mask: &str) {
    let status = include_str!("data/status").replace("000001ffffffffff", mask);
    put(root, "proc/self/status", status.as_bytes());
}

fn sysctl(root: &Path, name: &str, value: &str) {
    put(root, "proc/sys/kernel/pid_max", b"32768\n");
    put(root, "proc/sys/net/core/dev_weight", b"64\n");
    for (other, value) in [
        ("net/core/bpf_jit_harden", "0"),
        ("kernel/kptr_restrict", "0"),
        ("kernel/bpf_stats_enabled", "0"),
        ("kernel/perf_event_paranoid", "2"),
        (name, value),
    ] {
        put(root, &format!("proc/sys/{other}"), value.as_bytes());
    }
}

fn config(root: &Path, lines: &str) {
    let path = root.join(format!("boot/config-{RELEASE}"));
    let before = fs::read_to_string(&path).unwrap();
    fs::write(path, format!("{before}{lines}")).unwrap();
}

/// Debian's kernel with this version.
fn kernel(root: &Path, version: &str) {
    let build = format!("#1 SMP Debian {version}-1 (2025-08-01)\n");
    put(root, "proc/sys/kernel/version", build.as_bytes());
}

/// CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN.
const THREE: &str = "000000c000001000";

/// Which machines have trampolines, and since when; the option of ftrace tells more than a number.
#[test]
fn trampolines_are_where_the_machine_has_them() {
    let on = "CONFIG_FUNCTION_TRACER=y\nCONFIG_DYNAMIC_FTRACE=y\nCONFIG_BPF_EVENTS=y\n";
    let direct = "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS=y\n";
    for (machine, release, direct, status) in [
        ("x86_64", "5.10.0", direct, "ok"),
        ("x86_64", "5.10.0", "", "fail"),
        ("x86_64", "5.4.0", "", "fail"),
        // RHEL 8's number is old, and its kernel is not.
        ("x86_64", "4.18.0-553.el8_10.x86_64", direct, "ok"),
        ("x86_64", "4.18.0-147.el8_1.x86_64", "", "fail"),
        ("aarch64", "6.1.0", "", "fail"),
        ("aarch64", "6.6.0", direct, "ok"),
        ("aarch64", "5.14.0-427.el9.aarch64", direct, "ok"),
        ("armv7l", "6.18.0", "", "fail"),
        ("armv7l", "6.18.0", direct, "fail"),
        ("i686", "6.1.0", direct, "fail"),
        ("mips64", "6.12.0", "", "fail"),
        ("sparc64", "6.12.0", "", "fail"),
        ("ppc", "6.18.0", direct, "fail"),
        ("ppc64le", "5.14.0", "", "fail"),
        ("ppc64le", "6.13.0", direct, "ok"),
        ("ppc64le", "6.13.0", "", "fail"),
        ("loongarch64", "6.12.0", direct, "fail"),
        ("loongarch64", "6.17.0", direct, "ok"),
        ("riscv64", "6.5.0", "", "fail"),
        ("riscv64", "6.8.0", direct, "ok"),
        ("s390x", "6.1.0", direct, "fail"),
        ("s390x", "6.3.0", direct, "ok"),
    ] {
        let host = healthy();
        let root = host.path();
        put(
            root,
            "proc/sys/kernel/arch",
            format!("{machine}\n").as_bytes(),
        );
        put(
            root,
            "proc/sys/kernel/osrelease",
            format!("{release}\n").as_bytes(),
        );
        put(root, "proc/sys/kernel/version", b"#1 SMP\n");
        let base = "CONFIG_BPF=y\nCONFIG_BPF_SYSCALL=y\nCONFIG_BPF_JIT=y\n";
        let text = format!("{base}CONFIG_DEBUG_INFO_BTF=y\n{on}{direct}");
        put(root, &format!("boot/config-{release}"), text.as_bytes());
        let report = yaml(&check(&host, &["--only", "fentry-unsupported"]));
        let finding = &report["findings"][0];
        assert_eq!(
            finding["status"], status,
            "{machine} {release} {direct}: {finding:#?}"
        );
    }
}

/// No option promises what control flow integrity rules out on arm64, up to the release in which it
/// does so no more.
#[test]
fn what_integrity_rules_out_is_not_promised() {
    let id = "fentry-unsupported";
    let none = "CONFIG_CC_IS_CLANG=y\n";
    for (machine, release, config, cfi, builds) in [
        ("aarch64", "6.6.102", "CONFIG_CFI_CLANG=y\n", true, ""),
        ("aarch64", "6.18.1", "CONFIG_CFI=y\n", true, ""),
        ("aarch64", "5.10.1", "CONFIG_CFI_CLANG=y\n", true, ""),
        (
            "aarch64",
            "7.3.0",
            "CONFIG_CFI=y\n",
            false,
            "FUNCTION_TRACER",
        ),
        ("aarch64", "6.6.102", none, false, "FUNCTION_TRACER"),
        (
            "x86_64",
            "6.6.102",
            "CONFIG_CFI_CLANG=y\n",
            false,
            "FUNCTION_TRACER",
        ),
        (
            "aarch64",
            "6.6.102",
            "CONFIG_CC_IS_GCC=y\nCONFIG_CC_OPTIMIZE_FOR_SIZE=y\n",
            false,
            "CC_OPTIMIZE_FOR_PERFORMANCE",
        ),
        (
            "aarch64",
            "6.6.102",
            "CONFIG_CC_IS_CLANG=y\nCONFIG_CC_OPTIMIZE_FOR_SIZE=y\n",
            false,
            "FUNCTION_TRACER",
        ),
    ] {
        let host = healthy();
        let root = host.path();
        for (path, text) in [
            ("proc/sys/kernel/arch", machine),
            ("proc/sys/kernel/osrelease", release),
            ("proc/sys/kernel/version", "#1 SMP"),
        ] {
            put(root, path, format!("{text}\n").as_bytes());
        }
        let base = "CONFIG_BPF=y\nCONFIG_BPF_SYSCALL=y\nCONFIG_BPF_JIT=y\nCONFIG_BPF_EVENTS=y\n\
                    CONFIG_DEBUG_INFO_BTF=y\n# CONFIG_FUNCTION_TRACER is not set\n";
        let text = format!("{base}{config}");
        put(root, &format!("boot/config-{release}"), text.as_bytes());
        let report = yaml(&check(&host, &["--only", id]));
        let (state, because) = status(&report, id);
        assert_eq!(state, "fail", "{machine} {release} {config}");
        let told = because.contains("control flow integrity");
        assert_eq!(told, cfi, "{machine} {release} {config}: {because}");
        let typed = commands(&report, id);
        let is_promised = typed.contains("scripts/config");
        assert_eq!(
            is_promised,
            !builds.is_empty(),
            "{release} {config}: {typed}"
        );
        assert!(typed.contains(builds), "{release} {config}: {typed}");
    }
}

#[test]
fn each_check_fails_on_what_it_names_and_on_nothing_else() {
    let rows: [(&str, &str, Change); 44] = [
        ("kprobes-disabled", "fail", |root| {
            config(root, "# CONFIG_KPROBES is not set\n");
        }),
        ("kprobes-disabled", "ok", |root| {
            config(
                root,
                "CONFIG_KPROBES=y\nCONFIG_KPROBE_EVENTS=y\nCONFIG_BPF_EVENTS=y\n",
            );
        }),
        ("fentry-unsupported", "fail", |root| {
            config(root, "# CONFIG_FUNCTION_TRACER is not set\n");
        }),
        ("tracepoint-missing", "fail", |root| {
            config(root, "# CONFIG_FTRACE_SYSCALLS is not set\n");
        }),
        // A loader named its image, and nothing of that loader is there.
        ("next-boot-differs", "unknown", |_| {}),
        ("next-boot-differs", "not-applicable", |root| {
            put(root, "proc/cmdline", b"root=/dev/vda ro quiet\n");
        }),
        ("next-boot-differs", "ok", |root| grub(root, &[RELEASE])),
        ("next-boot-differs", "fail", |root| {
            grub(root, &["6.1.0-10-amd64", RELEASE]);
        }),
        ("next-boot-differs", "unknown", |root| {
            grub(root, &[RELEASE]);
            put(root, "boot/grub/grub.cfg", b"set default=7\n");
        }),
        ("xdp-native-unsupported", "ok", |_| {}),
        ("xdp-native-unsupported", "ok", |root| {
            fs::remove_file(root.join(format!("boot/config-{RELEASE}"))).unwrap();
        }),
        ("xdp-native-unsupported", "fail", |root| {
            config(root, "# CONFIG_NET is not set\n");
        }),
        ("config-disagrees", "ok", |_| {}),
        ("config-disagrees", "fail", |root| {
            config(root, "# CONFIG_SECURITYFS is not set\n");
        }),
        ("config-disagrees", "fail", |root| {
            fs::remove_file(root.join("sys/kernel/btf/vmlinux")).unwrap();
        }),
        ("config-disagrees", "unknown", |root| {
            fs::remove_file(root.join(format!("boot/config-{RELEASE}"))).unwrap();
        }),
        ("module-btf-mismatch", "ok", |root| {
            put(root, "sys/kernel/btf/nf_tables", &btf());
        }),
        ("module-btf-mismatch", "fail", |root| {
            let mut header = btf();
            header.truncate(24);
            header[8..24].fill(0);
            put(root, "sys/kernel/btf/nls_cp437", &header);
        }),
        ("bpf-lsm-not-enabled", "fail", |_| {}),
        ("bpf-lsm-not-enabled", "ok", |root| {
            put(root, "sys/kernel/security/lsm", b"lockdown,capability,bpf");
            config(root, "CONFIG_BPF_LSM=y\n");
        }),
        ("bpf-lsm-not-enabled", "not-applicable", |root| {
            put(root, "proc/sys/kernel/osrelease", b"4.19.0-27-amd64\n");
            put(
                root,
                "boot/config-4.19.0-27-amd64",
                b"CONFIG_BPF_SYSCALL=y\n",
            );
            let build = b"#1 SMP Debian 4.19.316-1 (2024-06-25)\n";
            put(root, "proc/sys/kernel/version", build);
        }),
        // Without securityfs the config and the command line tell.
        ("bpf-lsm-not-enabled", "ok", |root| {
            fs::remove_file(root.join("sys/kernel/security/lsm")).unwrap();
            fs::remove_file(root.join("sys/kernel/security/lockdown")).unwrap();
            config(root, "CONFIG_BPF_LSM=y\nCONFIG_LSM=\"yama,bpf\"\n");
        }),
        ("perf-event-paranoid", "not-applicable", |root| {
            sysctl(root, "kernel/perf_event_paranoid", "3");
        }),
        ("perf-event-paranoid", "not-applicable", |root| {
            capabilities(root, "0000000000000000");
            sysctl(root, "kernel/perf_event_paranoid", "3");
        }),
        ("perf-event-paranoid", "fail", |root| {
            capabilities(root, THREE);
            sysctl(root, "kernel/perf_event_paranoid", "3");
        }),
        // Ubuntu's patch closes at 4, before its 5.4 at 3.
        ("perf-event-paranoid", "ok", |root| {
            capabilities(root, THREE);
            put(root, "proc/sys/kernel/version", b"#35-Ubuntu SMP\n");
            sysctl(root, "kernel/perf_event_paranoid", "3");
        }),
        ("perf-event-paranoid", "fail", |root| {
            capabilities(root, THREE);
            put(root, "proc/sys/kernel/version", b"#35-Ubuntu SMP\n");
            sysctl(root, "kernel/perf_event_paranoid", "4");
        }),
        ("perf-event-paranoid", "fail", |root| {
            capabilities(root, THREE);
            put(root, "proc/sys/kernel/osrelease", b"4.15.0-20-generic\n");
            put(
                root,
                "boot/config-4.15.0-20-generic",
                b"CONFIG_BPF_SYSCALL=y\n",
            );
            put(root, "proc/sys/kernel/version", b"#21-Ubuntu SMP\n");
            sysctl(root, "kernel/perf_event_paranoid", "3");
        }),
        ("perf-event-paranoid", "ok", |root| {
            capabilities(root, THREE);
            sysctl(root, "kernel/perf_event_paranoid", "2");
        }),
        // With CAP_BPF alone, level 2 leaves the events of processors to others.
        ("perf-event-paranoid", "fail", |root| {
            capabilities(root, "0000008000000000");
            sysctl(root, "kernel/perf_event_paranoid", "2");
        }),
        ("perf-event-paranoid", "ok", |root| {
            capabilities(root, "0000008000000000");
            sysctl(root, "kernel/perf_event_paranoid", "0");
        }),
        // The fixture's kernel is Debian's 5.10.218, from before the fix.
        ("uprobe-denied", "ok", |root| {
            capabilities(root, THREE);
            sysctl(root, "kernel/perf_event_paranoid", "2");
        }),
        ("uprobe-denied", "ok", |root| {
            kernel(root, "5.10.240");
            sysctl(root, "kernel/perf_event_paranoid", "2");
        }),
        ("uprobe-denied", "fail", |root| {
            capabilities(root, THREE);
            kernel(root, "5.10.240");
            sysctl(root, "kernel/perf_event_paranoid", "2");
        }),
        ("uprobe-denied", "not-applicable", |root| {
            capabilities(root, "0000000000000000");
            kernel(root, "5.10.240");
        }),
        ("bpf-stats-or-jit-hardening", "fail", |root| {
            sysctl(root, "net/core/bpf_jit_harden", "1");
        }),
        ("bpf-stats-or-jit-hardening", "fail", |root| {
            sysctl(root, "net/core/bpf_jit_harden", "2");
        }),
        ("bpf-stats-or-jit-hardening", "fail", |root| {
            sysctl(root, "kernel/kptr_restrict", "2");
        }),
        ("bpf-stats-or-jit-hardening", "fail", |root| {
            sysctl(root, "kernel/bpf_stats_enabled", "1");
        }),
        ("dev-tools-missing", "ok", |root| {
            tools(root, &["bpftool", "clang", "llvm-objdump", "pahole"]);
        }),
        ("dev-tools-missing", "fail", |root| tools(root, &["clang"])),
        ("kernel-headers-missing", "fail", |root| tools(root, &[])),
        ("kernel-headers-missing", "ok", |root| {
            host_namespace(root);
            put(root, &format!("lib/modules/{RELEASE}/build/Makefile"), b"");
        }),
        ("kernel-headers-missing", "ok", |root| {
            host_namespace(root);
            put(root, "sys/kernel/kheaders.tar.xz", b"");
        }),
    ];
    for (row, (id, expected, change)) in rows.into_iter().enumerate() {
        let host = healthy();
        change(host.path());
        let report = yaml(&check(&host, &["--only", id]));
        let (status, because) = status(&report, id);
        assert_eq!(status, expected, "row {row}, {id}: {because}");
        assert!(status != "fail" || has_fix(&report, id), "row {row}, {id}");
    }
}

fn finding<'a>(report: &'a Value, id: &str) -> &'a Value {
    let findings = report["findings"].as_sequence().unwrap();
    findings
        .iter()
        .find(|finding| finding["check"] == id)
        .unwrap()
}

fn has_fix(report: &Value, id: &str) -> bool {
    let fixes = finding(report, id)["fixes"].as_sequence();
    fixes.is_some_and(|fixes| !fixes.is_empty())
}

/// The commands of all fixes of a finding, in lines.
fn commands(report: &Value, id: &str) -> String {
    let fixes = finding(report, id)["fixes"].as_sequence().unwrap();
    let lines = fixes.iter().filter_map(|fix| fix["commands"].as_sequence());
    let lines = lines.flatten().map(|line| line.as_str().unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_list_of_security_modules_is_the_hosts_own_or_is_not_typed() {
    let id = "bpf-lsm-not-enabled";
    let host = healthy();
    put(host.path(), "etc/default/grub", b"");
    put(host.path(), "usr/sbin/update-grub", b"");
    config(host.path(), "CONFIG_BPF_LSM=y\nCONFIG_LSM=\"yama\"\n");
    let known = commands(&yaml(&check(&host, &["--only", id])), id);
    assert!(known.contains(" lsm=lockdown,yama,apparmor,bpf"), "{known}");
    assert!(known.contains("zz-bpf-doctor-lsm.cfg"), "{known}");

    fs::remove_dir_all(host.path().join("sys/kernel/security")).unwrap();
    let unknown = commands(&yaml(&check(&host, &["--only", id])), id);
    assert!(
        unknown.contains("# lsm=<what /sys/kernel/security/lsm lists, without capability>,bpf"),
        "{unknown}"
    );
    assert!(
        unknown.lines().all(|line| line.starts_with("# ")),
        "{unknown}"
    );
}

#[test]
fn missing_tools_are_named_and_come_in_packages_of_the_host() {
    let id = "dev-tools-missing";
    for (os, command) in [
        (
            "ID=debian",
            "apt-get update\napt-get install bpftool clang llvm dwarves",
        ),
        (
            "ID=ubuntu\nID_LIKE=debian\nVERSION_ID=\"22.04\"",
            "apt-get update\napt-get install linux-tools-common linux-tools-5.10.0-32-amd64 clang llvm dwarves",
        ),
        (
            "ID=rocky\nID_LIKE=\"rhel centos fedora\"",
            "yum install bpftool clang llvm dwarves",
        ),
        ("ID=arch", "pacman -Syu bpf clang llvm pahole"),
        ("ID=void", ""),
    ] {
        let host = healthy();
        tools(host.path(), &["clang", "pahole"]);
        put(host.path(), "etc/os-release", os.as_bytes());
        if os.contains("ubuntu") {
            put(host.path(), "proc/sys/kernel/version", b"#35-Ubuntu SMP\n");
        }
        let report = yaml(&check(&host, &["--only", id]));
        assert_eq!(commands(&report, id), command, "{os}");
        let missing = &finding(&report, id)["evidence"][0]["value"];
        let missing: Vec<&str> = missing
            .as_sequence()
            .unwrap()
            .iter()
            .flat_map(Value::as_str)
            .collect();
        assert_eq!(missing, ["bpftool", "llvm-objdump"], "{os}");
        assert_eq!(report["verdict"], "ready", "{os}");
    }
}

/// The main package of a flavour leads to the release's own series: a kernel from backports, or of a
/// later series, has its headers from where it came from.
#[test]
fn headers_come_from_where_the_kernel_came_from() {
    let id = "kernel-headers-missing";
    for (version, release, typed, flavour) in [
        (
            "12",
            "6.1.0-32-amd64",
            "apt-get install \"linux-image-$",
            "amd64",
        ),
        (
            "12",
            "6.12.9+bpo-cloud-amd64",
            "apt-get install -t bookworm-backports \"linux-image-$flavour\" \"linux-headers-$flavour\"",
            "cloud-amd64",
        ),
        (
            "13",
            "6.12.57+deb13-amd64",
            "apt-get install \"linux-image-$",
            "amd64",
        ),
        (
            "13",
            "6.17.8+deb13-amd64",
            "apt-get install -t trixie-backports \"linux-image-$",
            "amd64",
        ),
        (
            "11",
            "6.1.0-0.deb11.21-amd64",
            "apt-get install \"linux-image-6.1-$flavour\" \"linux-headers-6.1-$flavour\"",
            "amd64",
        ),
        (
            "11",
            "5.10.0-32-amd64",
            "apt-get install \"linux-image-$",
            "amd64",
        ),
        (
            "10",
            "5.10.0-0.deb10.30-amd64",
            "apt-get install \"linux-image-5.10-$",
            "amd64",
        ),
    ] {
        let host = healthy();
        tools(host.path(), &[]);
        let os = format!("ID=debian\nVERSION_ID=\"{version}\"\n");
        put(host.path(), "etc/os-release", os.as_bytes());
        put(host.path(), "proc/sys/kernel/osrelease", release.as_bytes());
        let series = release.split(['-', '+']).next().unwrap();
        kernel(host.path(), series);
        let told = commands(&yaml(&check(&host, &["--only", id])), id);
        let newer: Vec<&str> = told
            .lines()
            .filter(|line| line.contains("flavour="))
            .collect();
        assert_eq!(newer.len(), 1, "{release}: {told}");
        assert!(newer[0].contains(typed), "{release}: {told}");
        let name = newer[0].split(" && ").next().unwrap();
        let script = name.replace("$(uname -r", &format!("$(echo {release}")) + "; echo $flavour";
        let told = std::process::Command::new("sh")
            .args(["-c", &script])
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8_lossy(&told.stdout).trim(),
            flavour,
            "{script}"
        );
    }
}

/// Ubuntu has no package of bpftool alone, and the program of its kernels' tools finds none for a
/// kernel from elsewhere.
#[test]
fn under_wsl_ubuntus_bpftool_is_one_of_a_packaged_kernel() {
    let host = healthy();
    tools(host.path(), &["clang", "pahole"]);
    put(
        host.path(),
        "etc/os-release",
        b"ID=ubuntu\nID_LIKE=debian\nVERSION_ID=\"22.04\"\n",
    );
    let release = "5.15.146.1-microsoft-standard-WSL2";
    put(host.path(), "proc/sys/kernel/osrelease", release.as_bytes());
    put(host.path(), "proc/sys/kernel/version", b"#1 SMP\n");
    let id = "dev-tools-missing";
    let told = commands(&yaml(&check(&host, &["--only", id])), id);
    assert!(
        told.starts_with("apt-get update\napt-get install linux-tools-generic "),
        "{told}"
    );
}

/// Integrity takes bpf_probe_write_user away since 5.14, and in stable series of that time.
#[test]
fn lockdown_is_told_as_this_kernel_has_it() {
    let id = "kernel-lockdown";
    for (version, words) in [
        ("5.10.40", "leaves programs alone"),
        ("5.10.218", "may not write to user memory"),
    ] {
        let host = healthy();
        kernel(host.path(), version);
        put(
            host.path(),
            "sys/kernel/security/lockdown",
            b"none [integrity] confidentiality\n",
        );
        let (state, because) = status(&yaml(&check(&host, &["--only", id])), id);
        assert_eq!(state, "fail", "{version}");
        assert!(because.contains(words), "{version}: {because}");
    }
}

/// A link is offered where its collection has such kernels.
#[test]
fn btf_from_elsewhere_is_offered_where_there_is_some() {
    let id = "kernel-btf-missing";
    for (os, release, build, path) in [
        (
            "ID=debian\nVERSION_ID=\"10\"\n",
            "4.19.0-27-amd64",
            "#1 SMP Debian 4.19.316-1 (2024-06-25)",
            "/debian/10/",
        ),
        (
            "ID=debian\nVERSION_ID=\"12\"\n",
            "6.1.0-20-amd64",
            "#1 SMP PREEMPT_DYNAMIC Debian 6.1.85-1 (2024-04-11)",
            "",
        ),
        // A kernel of one's own, and one of somebody else, on a release that is collected.
        (
            "ID=debian\nVERSION_ID=\"10\"\n",
            "4.19.0-mine",
            "#1 SMP me@here",
            "",
        ),
        (
            "ID=ubuntu\nVERSION_ID=\"20.04\"\n",
            "5.4.72-microsoft-standard-WSL2",
            "#1 SMP",
            "",
        ),
        (
            "ID=ubuntu\nVERSION_ID=\"20.04\"\n",
            "5.4.0-150-generic",
            "#167-Ubuntu SMP",
            "/ubuntu/20.04/",
        ),
        (
            "ID=ubuntu\nVERSION_ID=\"22.04\"\n",
            "5.15.0-91-generic",
            "#101-Ubuntu SMP",
            "",
        ),
    ] {
        let host = healthy();
        fs::remove_file(host.path().join("sys/kernel/btf/vmlinux")).unwrap();
        put(host.path(), "sys/kernel/btf/.keep", b"");
        put(host.path(), "etc/os-release", os.as_bytes());
        put(host.path(), "proc/sys/kernel/osrelease", release.as_bytes());
        put(host.path(), "proc/sys/kernel/version", build.as_bytes());
        let lines = b"CONFIG_BPF_SYSCALL=y\nCONFIG_BPF=y\n# CONFIG_DEBUG_INFO_BTF is not set\n";
        put(host.path(), &format!("boot/config-{release}"), lines);
        let report = yaml(&check(&host, &["--only", id]));
        assert_eq!(status(&report, id).0, "fail", "{os} {release}");
        let told = commands(&report, id);
        let link = told.lines().find(|line| line.contains("btfhub-archive"));
        match path {
            "" => assert_eq!(link, None, "{os} {release}"),
            path => assert!(link.unwrap().contains(path), "{link:?}"),
        }
    }
}

#[test]
fn a_system_that_is_an_image_is_told_so() {
    let id = "bpf-lsm-not-enabled";
    let host = healthy();
    put(host.path(), "etc/os-release", b"ID=talos\n");
    config(host.path(), "CONFIG_BPF_LSM=y\n");
    let told = commands(&yaml(&check(&host, &["--only", id])), id);
    assert!(told.contains("machine.install.extraKernelArgs"), "{told}");
    config(host.path(), "# CONFIG_BPF_LSM is not set\n");
    let report = yaml(&check(&host, &["--only", id]));
    let summary = finding(&report, id)["fixes"][0]["summary"]
        .as_str()
        .unwrap();
    assert!(summary.contains("Talos is an image"), "{summary}");
}
