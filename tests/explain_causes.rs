//! `explain` where one entry has several causes: each failure of a log is told with its own, the
//! commands have what the log names, and what the host says decides which one it is.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/explaining.rs"]
mod explaining;

use bpf_doctor::facts::{Fact, Facts, Value};
use bpf_doctor::triage::{self, Confidence, Explanation, KnownHost};
use explaining::{CATALOGUE, SEARCHER, explain};

/// What a log says of a host of which these facts are known.
fn on(log: &str, known: &[(&str, Value)]) -> Explanation {
    let reading = SEARCHER.read(&mut log.as_bytes(), triage::LIMIT).unwrap();
    let mut facts = Facts::default();
    for (key, value) in known {
        facts.set(key, Fact::known(value.clone(), "x"));
    }
    let host = KnownHost {
        facts,
        known_from: "report",
        ..KnownHost::none()
    };
    triage::explain(&CATALOGUE, &reading, &host)
}

const ELSEWHERE: &str = "Error: can't pin the object (/root/q): Operation not permitted";

/// What is said of each cause, and the lines it rests on.
type Told<'a> = &'a [(&'a str, &'a [u64])];

/// Each has its own lines; lines that leave the cause open make none of their own.
#[test]
fn two_failures_of_one_entry_are_both_told() {
    let dot = "Error: can't pin the object (/sys/fs/bpf/a.b): Operation not permitted";
    let taken = "# bpftool prog load x.o /sys/fs/bpf/ok\nError: failed to pin program";
    let dotted = "# bpftool prog load x.o /sys/fs/bpf/b.c\nError: failed to pin program";
    let rows: [(String, Told<'_>); 6] = [
        (
            format!("{dot}\n{ELSEWHERE}"),
            &[("has a dot", &[1]), ("not below a BPF file system", &[2])],
        ),
        (
            format!("{ELSEWHERE}\n{dot}\n{ELSEWHERE}"),
            &[("has a dot", &[2]), ("not below a BPF file system", &[1])],
        ),
        (
            format!("{taken}\n{dotted}"),
            &[("has a dot", &[4]), ("under this name already", &[2])],
        ),
        (
            format!("{dotted}\n{taken}"),
            &[("has a dot", &[2]), ("under this name already", &[4])],
        ),
        (dot.to_owned(), &[("has a dot", &[1])]),
        (taken.to_owned(), &[("under this name already", &[2])]),
    ];
    for (log, wanted) in rows {
        let causes = explain(&log).causes;
        let told = causes.iter().filter(|cause| cause.entry() == "pin-refused");
        let told: Vec<(String, Vec<u64>)> = told
            .map(|cause| {
                let lines = cause.lines.iter().map(|line| line.line);
                (cause.because.clone(), lines.collect())
            })
            .collect();
        assert_eq!(told.len(), wanted.len(), "{log}: {told:?}");
        for ((because, lines), (says, of)) in told.iter().zip(wanted) {
            assert!(because.contains(says), "{log}: {told:?}");
            assert_eq!(lines, of, "{log}: {told:?}");
        }
    }
}

/// What the log names is typed; what it does not name stays a word in capitals.
#[test]
fn commands_have_what_the_log_names() {
    let rows = [
        (
            "Error: can't pin the object (/sys/fs/bpf/my_m.bss): Operation not permitted",
            "bpftool map pin name my_m.bss /sys/fs/bpf/my_m_bss",
        ),
        (
            "libbpf: map 'tp_execv.rodata': failed to auto-pin at '/sys/fs/bpf/tp_execv.rodata': -1",
            "bpftool map pin name tp_execv.rodata /sys/fs/bpf/tp_execv_rodata",
        ),
        (
            "mkdir: cannot create directory '/sys/fs/bpf/bpf.d': Operation not permitted",
            "",
        ),
        (
            "Error: can't pin the object (/sys/fs/bpf/acl): File exists",
            "rm /sys/fs/bpf/acl",
        ),
        (
            "libbpf: failed to pin map: File exists",
            "rm /sys/fs/bpf/PIN",
        ),
        (
            "# bpftool prog load x.o /sys/fs/bpf/ok\nError: failed to pin program",
            "rm /sys/fs/bpf/ok",
        ),
        (
            "libbpf: failed to pin map at '/sys/fs/bpf/a;b': File exists",
            "rm '/sys/fs/bpf/a;b'",
        ),
    ];
    for (log, wanted) in rows {
        let explanation = explain(log);
        let fixes = explanation.causes.first().into_iter();
        let fixes = fixes.flat_map(|cause| &cause.fixes);
        let commands: Vec<&String> = fixes.flat_map(|fix| &fix.commands).collect();
        match wanted {
            "" => assert_eq!(commands, Vec::<&String>::new(), "{log}"),
            _ => assert!(
                commands.iter().any(|one| *one == wanted),
                "{log}: {commands:?}"
            ),
        }
    }
}

/// On a host without a BPF file system a path below one is not enough, nor is one alone.
#[test]
fn a_pin_elsewhere_needs_a_mount_and_another_path() {
    let unmounted = [
        ("filesystem.bpf", true.into()),
        ("mount.bpf", Value::Absent),
    ];
    let mounted = [("mount.bpf", Value::List(vec!["/sys/fs/bpf".to_owned()]))];
    let libbpf = "libbpf: specified path /root/x is not on BPF FS";
    let mount = "mount -t bpf";
    for (log, known, mounts) in [
        (ELSEWHERE, &unmounted[..], true),
        (libbpf, &unmounted, true),
        (ELSEWHERE, &mounted, false),
        (libbpf, &mounted, false),
    ] {
        let explanation = on(log, known);
        let first = explanation.causes.first().unwrap();
        let fixes: Vec<String> = first
            .fixes
            .iter()
            .map(|fix| format!("{}: {}", fix.summary, fix.commands.join("; ")))
            .collect();
        let path = fixes.iter().any(|fix| fix.contains("a path below"));
        assert!(path, "{log}: {}: {fixes:?}", first.entry());
        let told = fixes.iter().any(|fix| fix.contains(mount));
        assert_eq!(told, mounts, "{log}: {fixes:?}");
    }
}

/// Where /sys/fs/cgroup is of version 2, nothing there answers EBADF.
#[test]
fn what_contradicts_the_host_is_said() {
    let host = |mode: &str, at: &str| {
        let (mode, at) = (mode.to_owned(), at.to_owned());
        [
            ("cgroup.mode", Value::Text(mode)),
            ("mount.cgroup2", Value::List(vec![at])),
        ]
    };
    let unified = host("unified", "/sys/fs/cgroup");
    let hybrid = host("hybrid", "/sys/fs/cgroup/unified");
    let query = "Error: can't query bpf programs attached to /sys/fs/cgroup: Bad file descriptor";
    let attach = "# bpftool cgroup attach /sys/fs/cgroup egress name x\n\
                  Error: failed to attach program: Bad file descriptor";
    let below =
        "Error: can't query bpf programs attached to /sys/fs/cgroup/cpu: Bad file descriptor";
    for (log, known, says) in [
        (query, &unified[..], true),
        (attach, &unified, true),
        (query, &hybrid, false),
        (below, &unified, false),
        (query, &[], false),
    ] {
        let explanation = on(log, known);
        let first = explanation.causes.first().unwrap();
        assert_eq!(first.cause, "cgroup2-missing", "{log}");
        let remains = first.remains.as_deref().unwrap_or_default();
        assert_eq!(remains.contains("can't say this"), says, "{log}: {remains}");
    }
}

/// The words alone tell it, whatever stands around them.
#[test]
fn lines_without_the_command_above_them_are_known() {
    let rows = [
        (
            "object file doesn't contain sec nosuch\nUnable to load program",
            "sec-name-unrecognized",
            "",
        ),
        (
            "key:\n00 00 00 00\nvalue:\nNo space left on device\nFound 0 elements",
            "socket-map-unreadable",
            "",
        ),
        (
            "bpf_trace_printk too many arguments: invalid format",
            "printk-format",
            "more than three arguments",
        ),
        (
            "libbpf: failed to pin object '/tmp/bpf/x': Operation not permitted",
            "bpffs-not-mounted",
            "",
        ),
        (
            "bpf_trace_printk: unsupported conversion %zu",
            "printk-format",
            "conversion is none",
        ),
    ];
    for (log, entry, because) in rows {
        let explanation = explain(log);
        let first = explanation.causes.first().unwrap();
        assert_eq!(first.entry(), entry, "{log}");
        assert!(first.because.contains(because), "{log}: {}", first.because);
    }
    // What gives no reason is told as that.
    let log = "# bpftool prog load x.o /sys/fs/bpf/ok\nError: failed to pin program";
    let explanation = explain(log);
    let first = explanation.causes.first().unwrap();
    assert!(first.confidence < Confidence::High, "{log}");
}
