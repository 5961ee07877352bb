//! The binary as people and scripts meet it: whole runs on made-up hosts and on this one.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and runs programs"
)]

mod support;

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_yaml::Value;
use support::{BINARY, btf, check, doctor, healthy, put, run, status, text, yaml};

#[test]
fn a_healthy_host_is_ready_and_every_failure_turns_the_verdict() {
    let good = check(&healthy(), &["--skip", "core-read-broken"]);
    assert_eq!(yaml(&good)["verdict"], "ready", "{}", text(&good.stdout));
    assert_eq!(good.status.code(), Some(0));

    type Change = fn(&Path);
    let rows: [(&str, Change); 7] = [
        ("kernel-btf-missing", |root| {
            fs::remove_file(root.join("sys/kernel/btf/vmlinux")).unwrap();
        }),
        ("sockmap-config-missing", |root| {
            let config = "CONFIG_BPF_SYSCALL=y\n# CONFIG_BPF_STREAM_PARSER is not set\n";
            put(root, "boot/config-5.10.0-32-amd64", config.as_bytes());
        }),
        ("jit-unavailable", |root| {
            put(root, "proc/sys/net/core/bpf_jit_enable", b"0\n")
        }),
        ("bpffs-not-mounted", |root| {
            put(
                root,
                "proc/self/mountinfo",
                b"30 21 0:26 / /sys/fs/cgroup rw - cgroup2 c rw\n",
            );
        }),
        ("cgroup-legacy-mode", |root| {
            let mounts = "30 21 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n\
                          31 30 0:27 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n";
            put(root, "proc/self/mountinfo", mounts.as_bytes());
        }),
        ("missing-privilege", |root| {
            let status = include_str!("data/status").replace("000001ffffffffff", "0");
            put(root, "proc/self/status", status.as_bytes());
        }),
        ("kernel-lockdown", |root| {
            put(
                root,
                "sys/kernel/security/lockdown",
                b"none integrity [confidentiality]\n",
            );
        }),
    ];
    for (id, change) in rows {
        let host = healthy();
        change(host.path());
        let output = check(&host, &["--only", id, "--fail-on", "warning"]);
        let (status, because) = status(&yaml(&output), id);
        assert_eq!(status, "fail", "{id}: {because}");
        assert_eq!(output.status.code(), Some(1), "{id}");
    }
}

#[test]
fn what_makes_a_selected_check_moot_is_shown_with_it() {
    let host = healthy();
    put(
        host.path(),
        "boot/config-5.10.0-32-amd64",
        b"CONFIG_BPF=y\n",
    );
    let output = check(&host, &["--only", "sockmap-config-missing"]);
    let report = yaml(&output);
    assert_eq!(
        status(&report, "sockmap-config-missing").0,
        "not-applicable"
    );
    assert_eq!(status(&report, "bpf-syscall-missing").0, "fail");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn the_exit_status_is_the_same_in_every_format() {
    let host = healthy();
    fs::remove_file(host.path().join("boot/config-5.10.0-32-amd64")).unwrap();
    let root = host.path().to_str().unwrap();
    let rows: [(&[&str], i32); 6] = [
        (&[], 3),
        (&["--strict"], 1),
        (&["--fail-on", "never"], 0),
        (&["--exit-zero"], 0),
        (&["--only", "mounts"], 0),
        (&["--only", "mounts", "--fail-on", "warning"], 0),
    ];
    for (more, expected) in rows {
        for format in ["text", "yaml", "json", "prometheus", "junit"] {
            let base = ["check", "--root", root, "--format", format];
            let output = run(&[&base, more].concat());
            assert_eq!(output.status.code(), Some(expected), "{format} {more:?}");
            assert_eq!(text(&output.stderr), "", "{format} {more:?}");
        }
    }
}

#[test]
fn what_could_not_be_read_is_unknown_and_says_why() {
    let gz = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xff];
    let rows: [(&str, &[u8], &str, &str); 6] = [
        (
            "boot/config-5.10.0-32-amd64",
            b"nothing of a config\n\x1b[31m",
            "sockmap-config-missing",
            "/boot/config",
        ),
        (
            "proc/sys/net/core/bpf_jit_enable",
            b"yes\n",
            "jit-unavailable",
            "bpf_jit_enable",
        ),
        ("proc/self/mountinfo", b"", "bpffs-not-mounted", "mountinfo"),
        ("proc/self/status", b"", "missing-privilege", "status"),
        (
            "sys/kernel/security/lockdown",
            b"none",
            "kernel-lockdown",
            "lockdown",
        ),
        ("proc/self/limits", b"\xff\xfe", "memlock-rlimit", "limits"),
    ];
    for (path, content, check_id, place) in rows {
        let host = healthy();
        put(host.path(), path, content);
        let output = check(&host, &[]);
        let (status, because) = status(&yaml(&output), check_id);
        assert_eq!(status, "unknown", "{path}: {because}");
        assert!(because.contains(place), "{path}: {because}");
    }
    let host = healthy();
    fs::remove_file(host.path().join("boot/config-5.10.0-32-amd64")).unwrap();
    put(host.path(), "proc/config.gz", &gz);
    let (status, because) = status(&yaml(&check(&host, &[])), "sockmap-config-missing");
    assert_eq!(status, "unknown", "{because}");
    assert!(because.contains("config.gz"), "{because}");
}

#[test]
fn garbage_in_the_place_of_btf_is_named() {
    let mut huge = btf();
    huge[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
    for garbage in [Vec::new(), b"\x7fELF and more".to_vec(), huge] {
        let host = healthy();
        put(host.path(), "sys/kernel/btf/vmlinux", &garbage);
        let (status, because) = status(&yaml(&check(&host, &[])), "kernel-btf-missing");
        assert_eq!(status, "fail", "{garbage:?}");
        assert!(because.contains("not BTF"), "{because}");
    }
}

#[test]
fn no_name_on_a_host_writes_to_the_terminal() {
    let host = healthy();
    let hostile = "30 21 0:26 / /sys/fs/cgroup rw - tmpfs t rw\n\
                   31 30 0:9 / /sys/fs/cgroup/unified\\033[2J\\012\x1b]0;owned\x07 rw - cgroup2 c rw\n\
                   \x00\x01\x02\n40 bad line\n";
    put(host.path(), "proc/self/mountinfo", hostile.as_bytes());
    put(host.path(), "proc/sys/kernel/hostname", b"web\x1b[31m-17");
    put(
        host.path(),
        "etc/os-release",
        "ID=x\nPRETTY_NAME=\"\u{202e}evil\x07\"\n".as_bytes(),
    );
    let root = host.path().to_str().unwrap();
    for verbose in [&["--verbose"][..], &[]] {
        let output = run(&[&["check", "--root", root], verbose].concat());
        let shown = text(&output.stdout);
        let bad = |c: &char| c.is_control() && *c != '\n' || *c == '\u{202e}';
        assert_eq!(shown.chars().find(bad), None, "{shown:?}");
    }
}

#[test]
fn json_and_yaml_carry_the_same_and_a_second_run_the_same_again() {
    let host = healthy();
    let root = host.path().to_str().unwrap();
    let one = |format: &str| {
        let mut command = doctor(&["check", "--root", root, "--format", format]);
        command
            .env("SOURCE_DATE_EPOCH", "1767225600")
            .output()
            .unwrap()
            .stdout
    };
    let from_yaml: Value = serde_yaml::from_slice(&one("yaml")).unwrap();
    let from_json: Value = serde_json::from_slice(&one("json")).unwrap();
    assert_eq!(from_yaml, from_json);
    assert_eq!(from_yaml["generated_at"], "2026-01-01T00:00:00Z");
    assert_eq!(one("yaml"), one("yaml"));
    assert_eq!(from_yaml["schema"], "bpf-doctor/report/v1");
}

#[test]
fn wrong_usage_is_one_clear_line_and_status_2() {
    let scratch = tempfile::tempdir().unwrap();
    let bad = scratch.path().join("bad.yaml");
    fs::write(&bad, "checks:\n  - id: mine\n    tytle: x\n").unwrap();
    let bad = bad.to_str().unwrap();
    let deep = scratch.path().join("deep.yaml");
    fs::write(&deep, "[".repeat(100_000)).unwrap();
    let deep = deep.to_str().unwrap();
    let two = scratch.path().join("two.yaml");
    fs::write(&two, "areas: []\n---\nareas: []\n").unwrap();
    let two = two.to_str().unwrap();
    let missing = scratch.path().join("missing");
    let missing = missing.to_str().unwrap();
    let rows: [(&[&str], &str); 12] = [
        (
            &["check", "--only", "kernel", "--skip", "kernel"],
            "leave no check",
        ),
        (
            &["check", "--only", "sockmap-config-mising"],
            "did you mean `sockmap-config-missing`?",
        ),
        (
            &["check", "--only", "verifier-null-check"],
            "`verifier-null-check` is not judged on a host",
        ),
        (&["check", "--only", "verifier"], "bpf-doctor explain"),
        (&["check", "--checks", bad], "bad.yaml:3: "),
        (&["check", "--checks", bad], "did you mean `title`?"),
        (&["check", "--checks", deep], "deep.yaml:1: nested deeper"),
        (&["check", "--checks", two], "two.yaml:2: a second document"),
        (&["check", "--checks", missing], "can't read"),
        (&["check", "--root", missing], "can't read"),
        (
            &["check", "--output", "/nowhere/report"],
            "can't write /nowhere/report",
        ),
        (&["check", "--format", "xml"], "invalid value 'xml'"),
    ];
    for (arguments, hint) in rows {
        let output = run(arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(hint), "{arguments:?}: {said}");
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
    }
}

#[test]
fn an_older_report_stays_until_there_is_a_new_one() {
    let scratch = tempfile::tempdir().unwrap();
    let report = scratch.path().join("report.yaml");
    fs::write(&report, "x".repeat(1 << 20)).unwrap();
    let path = report.to_str().unwrap();
    let failed = run(&["check", "--output", path, "--only", "nothing-of-that-name"]);
    assert_eq!(failed.status.code(), Some(2));
    assert_eq!(fs::read(&report).unwrap().len(), 1 << 20);
    check(&healthy(), &["--output", path]);
    let written: Value = serde_yaml::from_slice(&fs::read(&report).unwrap()).unwrap();
    assert_eq!(written["verdict"], "ready");
}

#[test]
fn checks_of_ones_own_are_judged_with_the_rest() {
    let scratch = tempfile::tempdir().unwrap();
    let mine = scratch.path().join("mine.yaml");
    let entry = "\
checks:
  - id: zswap-off
    area: kernel
    kind: host
    severity: error
    title: The kernel has no compressed swap cache
    ok: The kernel has a compressed swap cache
    why: Ours needs it.
    fails: {config: ZSWAP, is: unset}
    causes: [{because: CONFIG_ZSWAP is off.}]
    references: []
";
    fs::write(&mine, entry).unwrap();
    let output = check(
        &healthy(),
        &["--checks", mine.to_str().unwrap(), "--only", "zswap-off"],
    );
    let report = yaml(&output);
    assert_eq!(status(&report, "zswap-off").0, "fail");
    // The option must stand in the report, so that it can be judged again from there.
    let options = report["facts"]["config"]["scope"].as_str().unwrap();
    assert!(options.contains("ZSWAP"), "{options}");
}

#[test]
fn colour_and_marks_follow_terminal_and_locale() {
    let host = healthy();
    let root = host.path().to_str().unwrap();
    let shown = |arguments: &[&str], locale: &str| {
        let base = ["check", "--root", root];
        let mut command = doctor(&[&base, arguments].concat());
        text(&command.env("LC_ALL", locale).output().unwrap().stdout)
    };
    assert!(shown(&[], "C.UTF-8").contains("[✓]"));
    let plain = shown(&[], "C");
    assert!(plain.is_ascii() && plain.contains("[+]"), "{plain}");
    assert!(!plain.contains('\x1b'), "not a terminal, so no colour");
    assert!(shown(&["--color", "always"], "C").contains('\x1b'));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let host = healthy();
    let mut command = doctor(&["check", "--format", "yaml", "--root"]);
    command
        .arg(host.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    let status = child.wait().unwrap();
    assert_eq!((said.as_str(), status.code()), ("", Some(0)));
}

#[test]
fn this_host_is_diagnosed_and_twice_the_same() {
    let one = || {
        let output = doctor(&["--format", "yaml"])
            .env("SOURCE_DATE_EPOCH", "0")
            .output()
            .unwrap();
        assert!(
            matches!(output.status.code(), Some(0 | 1 | 3)),
            "{output:?}"
        );
        let mut report = yaml(&output);
        for probe in report["probes"].as_sequence_mut().unwrap() {
            assert_ne!(probe.as_mapping_mut().unwrap().remove("micros"), None);
        }
        report
    };
    let report = one();
    assert_eq!(report, one());
    assert_ne!(report["probes"].as_sequence().unwrap().len(), 0);
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    assert_eq!(report["host"]["kernel"]["release"], release.trim());
}

#[test]
fn without_root_it_still_answers_and_names_what_is_missing() {
    let scratch = tempfile::tempdir().unwrap();
    fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let copy = scratch.path().join("bpf-doctor");
    fs::copy(BINARY, &copy).unwrap();
    let mut command = Command::new(&copy);
    command.args(["--format", "yaml"]);
    if nix::unistd::geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
    let output = command.output().unwrap();
    assert!(matches!(output.status.code(), Some(1 | 3)), "{output:?}");
    let report = yaml(&output);
    let (status, because) = status(&report, "missing-privilege");
    assert_eq!(status, "fail", "{because}");
    assert_ne!(report["host"]["environment"]["euid"], 0);
}
