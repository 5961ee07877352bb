//! What the tests of the command line share: how the binary is run, and a healthy host.

#![allow(
    dead_code,
    reason = "each test binary is built with this file, and none uses all of it"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_yaml::Value;
use tempfile::TempDir;

pub const BINARY: &str = env!("CARGO_BIN_EXE_bpf-doctor");

pub fn doctor(arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(arguments).stdin(Stdio::null());
    command.env_clear().env("LC_ALL", "C.UTF-8");
    command
}

pub fn run(arguments: &[&str]) -> Output {
    doctor(arguments).output().unwrap()
}

/// As [`doctor`], at a time that is the same in every run.
pub fn dated(arguments: &[&str]) -> Command {
    let mut command = doctor(arguments);
    command.env("SOURCE_DATE_EPOCH", "1767225600");
    command
}

pub fn run_dated(arguments: &[&str]) -> Output {
    dated(arguments).output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

pub fn yaml(output: &Output) -> Value {
    serde_yaml::from_slice(&output.stdout).unwrap()
}

/// Status and reason of one check in a report.
pub fn status(report: &Value, check: &str) -> (String, String) {
    let findings = report["findings"].as_sequence().unwrap();
    let finding = findings
        .iter()
        .find(|finding| finding["check"] == check)
        .unwrap();
    let word = |key: &str| finding[key].as_str().unwrap().to_owned();
    (word("status"), word("because"))
}

/// A healthy Debian 11 with cgroup v2, as far as files tell.
pub fn healthy() -> TempDir {
    let host = tempfile::tempdir().unwrap();
    let config = "CONFIG_BPF=y\nCONFIG_BPF_SYSCALL=y\nCONFIG_BPF_JIT=y\nCONFIG_NET=y\n\
                  CONFIG_INET=y\nCONFIG_CGROUPS=y\nCONFIG_CGROUP_BPF=y\n\
                  CONFIG_BPF_STREAM_PARSER=y\nCONFIG_DEBUG_INFO=y\nCONFIG_DEBUG_INFO_BTF=y\n\
                  CONFIG_TRACING=y\nCONFIG_FTRACE=y\nCONFIG_FUNCTION_TRACER=y\n\
                  CONFIG_DYNAMIC_FTRACE=y\nCONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS=y\n\
                  CONFIG_FTRACE_SYSCALLS=y\nCONFIG_PERF_EVENTS=y\n\
                  CONFIG_BPF_EVENTS=y\nCONFIG_KPROBES=y\nCONFIG_KPROBE_EVENTS=y\n\
                  CONFIG_UPROBES=y\nCONFIG_UPROBE_EVENTS=y\nCONFIG_NET_SCH_INGRESS=m\n\
                  CONFIG_NET_CLS_BPF=m\nCONFIG_BPF_LSM=y\nCONFIG_SECURITYFS=y\n";
    let mounts = "21 28 0:20 / /sys rw - sysfs sysfs rw\n\
                  22 28 0:21 / /proc rw - proc proc rw\n\
                  30 21 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n\
                  31 21 0:27 / /sys/fs/bpf rw - bpf bpf rw,mode=700\n\
                  32 21 0:7 / /sys/kernel/security rw - securityfs securityfs rw\n\
                  33 21 0:12 / /sys/kernel/tracing rw - tracefs tracefs rw\n";
    let status = include_str!("../data/status");
    let limits = include_str!("../data/limits");
    for (path, content) in [
        (
            "etc/os-release",
            "ID=debian\nVERSION_ID=\"11\"\nPRETTY_NAME=\"Debian GNU/Linux 11\"\n",
        ),
        ("proc/sys/kernel/osrelease", "5.10.0-32-amd64\n"),
        (
            "proc/sys/kernel/version",
            "#1 SMP Debian 5.10.218-1 (2024-06-01)\n",
        ),
        ("proc/sys/kernel/cap_last_cap", "40\n"),
        ("proc/sys/kernel/unprivileged_bpf_disabled", "2\n"),
        ("proc/sys/net/core/bpf_jit_enable", "1\n"),
        (
            "proc/filesystems",
            "nodev\tsysfs\nnodev\tbpf\nnodev\tcgroup2\nnodev\ttracefs\nnodev\tsecurityfs\n",
        ),
        ("proc/self/mountinfo", mounts),
        ("proc/self/status", status),
        ("proc/self/limits", limits),
        ("proc/self/uid_map", "         0          0 4294967295\n"),
        (
            "proc/cmdline",
            "BOOT_IMAGE=/boot/vmlinuz-5.10.0-32-amd64 root=/dev/sda1 quiet\n",
        ),
        ("boot/config-5.10.0-32-amd64", config),
        (
            "sys/kernel/security/lockdown",
            "[none] integrity confidentiality\n",
        ),
        (
            "sys/kernel/security/lsm",
            "lockdown,capability,yama,apparmor",
        ),
    ] {
        put(host.path(), path, content.as_bytes());
    }
    put(host.path(), "sys/kernel/btf/vmlinux", &btf());
    host
}

/// The smallest BTF that is one: a header, the type `int`, its name.
pub fn btf() -> Vec<u8> {
    let mut bytes = vec![0x9f, 0xeb, 1, 0];
    for word in [24_u32, 0, 16, 16, 5, 1, 1 << 24, 4, 0x0100_0020] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(b"\0int\0");
    bytes
}

pub fn put(root: &Path, path: &str, content: &[u8]) {
    let place = root.join(path);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(place, content).unwrap();
}

/// Copies all that is in a directory into another one.
pub fn copy(from: &Path, to: &Path) {
    let mut command = Command::new("cp");
    let copied = command.arg("-a").arg(from.join(".")).arg(to).status();
    assert!(copied.unwrap().success());
}

pub fn check(host: &TempDir, more: &[&str]) -> Output {
    let root = host.path().to_str().unwrap();
    run(&[&["check", "--root", root, "--format", "yaml"], more].concat())
}
