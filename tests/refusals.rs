//! What checks make of experiments that were refused, or failed for another reason than theirs: a
//! check names no cause that its own evidence speaks against.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, makes hosts of files and runs programs"
)]

mod support;

use std::fs;
use std::path::Path;

use serde_yaml::Value;
use support::{check, healthy, put, run, status, yaml};

/// A kernel new enough for every check here.
const RELEASE: &str = "6.12.0-1-amd64";

/// A healthy host with that kernel, whose config has these lines besides.
fn host(config: &str) -> tempfile::TempDir {
    let host = healthy();
    let root = host.path();
    let before = fs::read_to_string(root.join("boot/config-5.10.0-32-amd64")).unwrap();
    put(root, "proc/sys/kernel/osrelease", RELEASE.as_bytes());
    put(
        root,
        "proc/sys/kernel/version",
        b"#1 SMP PREEMPT_DYNAMIC Debian 6.12.1-1 (2025-01-01)\n",
    );
    let path = format!("boot/config-{RELEASE}");
    put(root, &path, format!("{before}{config}").as_bytes());
    host
}

fn without_config(root: &Path) {
    fs::remove_file(root.join(format!("boot/config-{RELEASE}"))).unwrap();
}

fn without_securityfs(root: &Path) {
    fs::remove_dir_all(root.join("sys/kernel/security")).unwrap();
    unmount(root, "securityfs");
}

fn without_sysfs(root: &Path) {
    fs::remove_dir_all(root.join("sys")).unwrap();
    unmount(root, "/sys");
}

/// Takes the mounts away whose line has these words.
fn unmount(root: &Path, words: &str) {
    let path = root.join("proc/self/mountinfo");
    let mounts = fs::read_to_string(&path).unwrap();
    let kept = mounts.lines().filter(|line| !line.contains(words));
    let kept: String = kept.map(|line| format!("{line}\n")).collect();
    fs::write(path, kept).unwrap();
}

/// The report of a host on which these experiments were made.
fn tried(host: &tempfile::TempDir, check_id: &str, probes: &str) -> Value {
    let mut report = yaml(&check(host, &["--only", check_id]));
    let made: Value = serde_yaml::from_str(probes).unwrap();
    let keys = report.as_mapping_mut().unwrap();
    keys.insert("probes".into(), made);
    let path = host.path().join("report.yaml");
    fs::write(&path, serde_yaml::to_string(&report).unwrap()).unwrap();
    let path = path.to_str().unwrap();
    let output = run(&[
        "check", "--from", path, "--only", check_id, "--format", "yaml",
    ]);
    yaml(&output)
}

const NO_CHANGE: fn(&Path) = |_| {};

#[test]
fn a_refusal_is_not_what_is_missing() {
    const LSM: &str = "bpf-lsm-not-enabled";
    const LSM_FAILS: &str = "[{probe: lsm, outcome: fails, stage: trigger}, \
                             {probe: load-lsm, outcome: works}, \
                             {probe: fentry, outcome: fails, stage: trigger}]";
    const LSM_FAILS_ALONE: &str = "[{probe: lsm, outcome: fails, stage: trigger}, \
                                   {probe: load-lsm, outcome: works}, \
                                   {probe: fentry, outcome: works}]";
    const PARSER: &str = "stream-parser-missing";
    let with_bpf: fn(&Path) = |root| put(root, "sys/kernel/security/lsm", b"capability,bpf");
    for (id, probes, change, expected) in [
        // Without CAP_NET_ADMIN an attach answers EINVAL as well.
        (
            "cgroup-bpf-unsupported",
            "[{probe: cgroup-detach, outcome: works}, \
             {probe: cgroup-attach, outcome: fails, stage: attach, errno: EINVAL}]",
            NO_CHANGE,
            "ok",
        ),
        (
            "cgroup-bpf-unsupported",
            "[{probe: cgroup-detach, outcome: fails, stage: attach, errno: EINVAL}]",
            NO_CHANGE,
            "fail",
        ),
        // bpf is active: something else keeps programs from being called.
        (LSM, LSM_FAILS, with_bpf, "ok"),
        (LSM, LSM_FAILS, NO_CHANGE, "fail"),
        (LSM, LSM_FAILS_ALONE, NO_CHANGE, "fail"),
        (LSM, LSM_FAILS_ALONE, without_securityfs, "fail"),
        // bpf is active, and programs can't be attached for want of trampolines.
        (
            LSM,
            "[{probe: lsm, outcome: fails, stage: attach, errno: ENOTSUPP}]",
            |root| {
                put(root, "sys/kernel/security/lsm", b"capability,bpf");
                put(root, "proc/sys/kernel/ftrace_enabled", b"1\n");
            },
            "fail",
        ),
        // EPERM says nothing; the config does.
        (
            PARSER,
            "[{probe: stream-parser-attach, outcome: fails, stage: attach, errno: EPERM}]",
            NO_CHANGE,
            "ok",
        ),
        (
            PARSER,
            "[{probe: stream-parser-attach, outcome: fails, stage: attach, errno: EPERM}]",
            without_config,
            "unknown",
        ),
        (
            PARSER,
            "[{probe: stream-parser-attach, outcome: fails, stage: attach, errno: EOPNOTSUPP}]",
            NO_CHANGE,
            "fail",
        ),
        // Where /sys is not mounted nobody finds BTF, whatever the kernel has.
        (
            "kernel-btf-missing",
            "[{probe: core-read, outcome: skipped, reason: no /sys}]",
            without_sysfs,
            "unknown",
        ),
        (
            "kernel-btf-missing",
            "[{probe: core-read, outcome: works}]",
            without_sysfs,
            "ok",
        ),
        (
            "kernel-btf-missing",
            "[{probe: core-read, outcome: skipped, reason: no /sys}]",
            |root| fs::remove_file(root.join("sys/kernel/btf/vmlinux")).unwrap(),
            "fail",
        ),
    ] {
        let host = host("CONFIG_BPF_LSM=y\n");
        change(host.path());
        let report = tried(&host, id, probes);
        let (status, because) = status(&report, id);
        assert_eq!(status, expected, "{id}: {probes}: {because}");
    }
}

#[test]
fn lockdown_set_at_run_time_is_not_the_builds_doing() {
    let id = "kernel-lockdown";
    let forced = "CONFIG_LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY=y\n";
    for (config, has_config, needs) in [
        (forced, true, "rebuild"),
        ("CONFIG_LOCK_DOWN_KERNEL_FORCE_NONE=y\n", true, "reboot"),
        ("", false, "reboot"),
    ] {
        let host = host(config);
        put(
            host.path(),
            "sys/kernel/security/lockdown",
            b"none integrity [confidentiality]\n",
        );
        if !has_config {
            without_config(host.path());
        }
        let report = yaml(&check(&host, &["--only", id]));
        let found = &report["findings"][0];
        assert_eq!(found["status"], "fail", "{config}");
        assert_eq!(found["fixes"][0]["needs"], needs, "{config}: {found:?}");
        let others = found["fixes"].as_sequence().unwrap().iter().skip(1);
        assert!(others.into_iter().all(|fix| fix["needs"] != "rebuild"));
    }
}
