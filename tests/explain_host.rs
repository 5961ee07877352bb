//! `explain` joined with a host: what the host's word refutes and confirms, what a line names held
//! against what the kernel has, and what a log tells of its own host.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/explaining.rs"]
mod explaining;

use bpf_doctor::catalogue::Condition;
use bpf_doctor::facts::{Fact, Facts, KernelConfig};
use bpf_doctor::probes::{Outcome, ProbeResult};
use bpf_doctor::report::{Detail, Style};
use bpf_doctor::triage::{self, Confidence, Explained, Explanation, KnownHost, Standing};
use explaining::{CATALOGUE, SEARCHER, explain};

/// What a log says of a host with these facts, these options and these probes that work.
fn held_against(log: &str, facts: Facts, works: &[&str]) -> Explanation {
    let reading = SEARCHER.read(&mut log.as_bytes(), triage::LIMIT).unwrap();
    let outcomes = works.iter().map(|probe| ProbeResult {
        probe: (*probe).to_owned(),
        outcome: Outcome::Works,
        micros: 0,
    });
    let host = KnownHost {
        facts,
        outcomes: outcomes.collect(),
        known_from: "report",
        ..KnownHost::default()
    };
    triage::explain(&CATALOGUE, &reading, &host)
}

fn facts(release: &str, config: &str) -> Facts {
    let mut facts = Facts::default();
    facts.set("kernel.release", Fact::known(release, "x"));
    let version: String = release.split('-').next().unwrap().to_owned();
    facts.set("kernel.version", Fact::known(version, "x"));
    let lines: String = config
        .split(' ')
        .map(|line| format!("CONFIG_{line}\n"))
        .collect();
    facts.set_config(KernelConfig::quoted(&lines, "x"));
    facts
}

const WHOLE: &str = "BPF_SYSCALL=y NET=y NET_SCH_INGRESS=y NET_CLS_BPF=y FTRACE=y FTRACE_SYSCALLS=y \
    CGROUP_BPF=y KPROBES=y KPROBE_EVENTS=y BPF_EVENTS=y";
const WORKS: &[&str] = &[
    "tc-clsact-run",
    "xdp-native-run",
    "tracepoint-syscall",
    "cgroup-detach",
    "cgroup-attach",
    "kprobe",
];

#[track_caller]
fn of(explanation: &Explanation, cause: &str) -> Explained {
    let found = explanation.causes.iter().find(|one| one.cause == cause);
    assert!(found.is_some(), "{cause}: {explanation:?}");
    found.unwrap().clone()
}

#[test]
fn a_host_refutes_what_is_about_the_whole_of_it_alone() {
    let rows = [
        // One device, one name, one program.
        (
            "tc-clsact-missing",
            "Error: Parent Qdisc doesn't exists.",
            Standing::Open,
            "tc qdisc add dev DEVICE clsact",
        ),
        (
            "tc-clsact-missing",
            "# tc filter add dev lo ingress bpf da obj ok.o sec tc\nError: Parent Qdisc doesn't exists.",
            Standing::Open,
            "tc qdisc add dev lo clsact",
        ),
        (
            "xdp-native-unsupported",
            "Error: Underlying driver does not support XDP in native mode.",
            Standing::Open,
            "xdpgeneric",
        ),
        (
            "tracepoint-missing",
            "ERROR: tracepoint not found: syscalls:sys_enter_opne",
            Standing::Open,
            "available_events",
        ),
        (
            "cgroup-bpf-unsupported",
            "libbpf: failed to attach to cgroup '/sys/fs/cgroup/unified/x': Invalid argument",
            Standing::Open,
            "bpftool cgroup tree",
        ),
        // The host as a whole.
        (
            "tc-clsact-missing",
            "# tc qdisc add dev eth0 clsact\nerror: CONFIG_NET_CLS_BPF is not set",
            Standing::Refuted,
            "",
        ),
        (
            "tracepoint-missing",
            "error: tracepoints: CONFIG_FTRACE_SYSCALLS is not set",
            Standing::Refuted,
            "",
        ),
    ];
    for (cause, log, standing, command) in rows {
        let explanation = held_against(log, facts("6.18.0", WHOLE), WORKS);
        let found = of(&explanation, cause);
        let commands: Vec<&String> = found.fixes.iter().flat_map(|fix| &fix.commands).collect();
        assert_eq!(found.standing, standing, "{log}: {found:?}");
        match command {
            "" => assert!(commands.is_empty(), "{log}: {commands:?}"),
            _ => {
                assert!(
                    commands.iter().any(|one| one.contains(command)),
                    "{log}: {commands:?}"
                );
                assert!(
                    found
                        .remains
                        .as_deref()
                        .unwrap()
                        .contains("says nothing of"),
                    "{log}"
                );
            }
        }
    }
}

#[test]
fn the_rights_of_another_process_are_not_those_of_the_doctor() {
    let mut all = facts("6.18.0", WHOLE);
    let held = ["CAP_SYS_ADMIN", "CAP_BPF", "CAP_PERFMON"]
        .map(str::to_owned)
        .to_vec();
    all.set("privilege.capabilities", Fact::known(held, "x"));
    all.set("sysctl.kernel.perf_event_paranoid", Fact::known(2, "x"));
    let log = "libbpf: failed to open perf buffer event on cpu #0: Permission denied";
    let found = of(&held_against(log, all, WORKS), "perf-event-paranoid");
    assert_eq!(found.standing, Standing::Open);
    assert!(!found.fixes.is_empty());
    assert!(
        found
            .remains
            .unwrap()
            .contains("the rights of the one that failed")
    );
}

#[test]
fn what_a_line_names_is_held_against_what_the_kernel_has() {
    let ksym = "libbpf: extern (func ksym) 'bpf_task_from_pid': not found in kernel or module BTFs";
    let rows = [
        (
            "invalid func unknown#131",
            "6.8.0-52-generic",
            Standing::Refuted,
        ),
        (
            "invalid func unknown#131",
            "5.4.0-150-generic",
            Standing::Confirmed,
        ),
        // Vendors of such kernels bring parts of newer ones to them.
        (
            "invalid func unknown#131",
            "4.18.0-477.el8.x86_64",
            Standing::Open,
        ),
        (
            "map create: map type RingBuf: not supported (requires >= v5.8)",
            "6.8.0",
            Standing::Refuted,
        ),
        (
            "map create: map type RingBuf: not supported (requires >= v5.8)",
            "5.4.0",
            Standing::Confirmed,
        ),
        (
            "BPF_MAP_TYPE_RINGBUF is not supported by this kernel",
            "5.4.0",
            Standing::Confirmed,
        ),
        (
            "program type Syscall: not supported (requires >= v5.14)",
            "6.8.0",
            Standing::Refuted,
        ),
        (
            "program x: load program: program type SkLookup: not supported (requires >= v5.9)",
            "5.4.0",
            Standing::Confirmed,
        ),
        (
            "attach tcx link: create link: invalid argument",
            "6.8.0",
            Standing::Refuted,
        ),
        (
            "attach tcx link: create link: invalid argument",
            "5.4.0",
            Standing::Confirmed,
        ),
        (ksym, "5.4.0", Standing::Confirmed),
        // What one program may not have says nothing of the kernel.
        (
            "unknown func bpf_sock_ops_cb_flags_set#59",
            "6.8.0",
            Standing::Open,
        ),
        (
            "calling kernel function bpf_task_from_pid is not allowed",
            "6.8.0",
            Standing::Open,
        ),
    ];
    for (log, release, standing) in rows {
        let config = "BPF_SYSCALL=y NET=y INET=y BPF_JIT=y NET_XGRESS=y";
        let explanation = held_against(log, facts(release, config), &[]);
        let first = explanation.causes.first().unwrap();
        assert_eq!(first.standing, standing, "{release}: {log}: {first:?}");
        let told = !first.standing_because.is_empty();
        assert_eq!(told, standing != Standing::Open, "{release}: {log}");
        // The same where the log tells the kernel.
        if standing == Standing::Confirmed && !log.contains("type") {
            let log = format!("Linux version {release} (x)\n{log}");
            let explanation = explain(&log);
            assert_eq!(
                explanation.causes.first().unwrap().standing,
                standing,
                "{log}"
            );
        }
    }
    let log = "unknown func bpf_override_return#58";
    let talos = facts("6.12.0", "BPF_SYSCALL=y BPF_EVENTS=y BPF_KPROBE_OVERRIDE=n");
    let found = of(&held_against(log, talos, &[]), "helper-unavailable");
    assert_eq!(found.standing, Standing::Confirmed);
    assert!(
        found.because.contains("CONFIG_BPF_KPROBE_OVERRIDE"),
        "{found:?}"
    );
}

/// What one process may not see is told, whatever else the host's settings do.
#[test]
fn what_a_line_says_of_a_process_is_not_what_another_setting_does() {
    let log = "Failed to load eBPF tracer: failed to read kernel symbols: unable to read kallsyms \
               addresses - check capabilities";
    for (harden, restrict) in [("0", "1"), ("2", "1"), ("0", "2"), ("2", "2")] {
        let mut facts = facts("6.8.0", WHOLE);
        for (key, value) in [
            ("sysctl.net.core.bpf_jit_harden", harden),
            ("sysctl.kernel.kptr_restrict", restrict),
            ("sysctl.kernel.bpf_stats_enabled", "0"),
        ] {
            facts.set(key, Fact::known(value.parse::<i64>().unwrap(), "x"));
        }
        let found = of(&held_against(log, facts, &[]), "bpf-stats-or-jit-hardening");
        assert!(
            found.because.contains("/proc/kallsyms shows zeros"),
            "{harden} {restrict}: {found:?}"
        );
        let shows = found.fixes.iter().any(|fix| fix.kind == "sysctl");
        assert_eq!(shows, restrict == "2", "{harden} {restrict}: {found:?}");
    }
}

#[test]
fn a_kernel_with_all_types_of_maps_has_another_reason_to_refuse_one() {
    let log = "libbpf: map 'mymap': failed to create: Invalid argument(-22)";
    for (release, first) in [
        ("6.18.0", "map-config-invalid"),
        ("4.15.0", "map-type-unsupported"),
    ] {
        let config = "BPF_SYSCALL=y NET=y INET=y CGROUPS=y CGROUP_BPF=y PERF_EVENTS=y XDP_SOCKETS=y BPF_LSM=y BPF_JIT=y";
        let explanation = held_against(log, facts(release, config), &[]);
        assert_eq!(explanation.causes[0].cause, first, "{release}");
    }
}

#[test]
fn a_kernel_without_kprobes_lacks_no_function() {
    for log in [
        "cannot attach kprobe, probe entry may not exist",
        "libbpf: prog 'x': failed to create kprobe 'vfs_read+0x0' perf event: No such file or directory",
        "creating perf_kprobe PMU: token vfs_read: not found: no such file or directory",
    ] {
        for (config, first) in [
            (WHOLE.replace("KPROBES=y", "KPROBES=n"), "kprobes-disabled"),
            (WHOLE.to_owned(), "kprobe-symbol-missing"),
        ] {
            let explanation = held_against(log, facts("6.18.0", &config), &[]);
            assert_eq!(explanation.causes[0].cause, first, "{log}");
        }
        assert_eq!(
            explain(log).causes[0].cause,
            "kprobe-symbol-missing",
            "{log}"
        );
    }
}

#[test]
fn what_follows_from_a_failure_stands_nowhere_above_it() {
    let follows = "libbpf: prog 'x': can't attach BPF program without FD (was it loaded?)";
    let rows = [
        (
            "libbpf: prog 'x': BPF program load failed: Operation not permitted\nlibbpf: prog 'x': failed to load: -1",
            "missing-privilege",
        ),
        (
            "libbpf: failed to find valid kernel BTF\nlibbpf: Error loading vmlinux BTF: -3",
            "kernel-btf-missing",
        ),
        (
            "libbpf: map 'events': failed to create: Operation not permitted(-1)",
            "missing-privilege",
        ),
    ];
    let attach = "libbpf: prog 'x': failed to attach to tracepoint: Invalid argument";
    for (log, cause) in rows {
        let explanation = explain(&format!("{log}\n{follows}"));
        assert_eq!(explanation.causes[0].cause, cause, "{log}");
        let told = explanation
            .causes
            .iter()
            .any(|one| one.cause == "application-bug");
        assert!(!told, "{log}: {explanation:?}");
    }
    let (log, cause) = rows[0];
    let explanation = explain(&format!("{log}\n{follows}\n{attach}"));
    assert_eq!(explanation.causes[0].cause, cause);
    assert!(
        explanation
            .causes
            .iter()
            .all(|one| one.cause != "tracepoint-missing")
    );
    // Of another program it is a failure of its own, and alone it is the loader's.
    let other = attach.replace("'x'", "'y'");
    let explanation = explain(&format!("{log}\n{other}"));
    assert!(
        explanation
            .causes
            .iter()
            .any(|one| one.cause == "tracepoint-missing")
    );
    assert_eq!(explain(follows).causes[0].cause, "application-bug");
}

#[test]
fn the_change_to_the_code_is_told_in_every_shape() {
    let rows = [
        (
            "R2 unbounded memory access, use 'var &= const' or 'if (var < const)'",
            "barrier_var",
        ),
        ("R0 invalid mem access 'map_value_or_null'", "if (!v)"),
    ];
    for (log, words) in rows {
        let explanation = explain(log);
        let change = explanation.causes[0].change.as_deref().unwrap();
        assert!(change.contains(words), "{change}");
        for text in [
            triage::text(
                &explanation,
                Style {
                    color: false,
                    detail: Detail::Normal,
                    ..Style::default()
                },
            ),
            bpf_doctor::yaml::to_string(&explanation).unwrap(),
            serde_json::to_string_pretty(&explanation).unwrap(),
        ] {
            assert!(text.contains(words), "{text}");
        }
    }
}

#[test]
fn commands_have_what_the_log_names() {
    let rows = [
        (
            "calling kernel function bpf_crypto_encrypt is not allowed",
            "FUNC 'bpf_crypto_encrypt'",
        ),
        (
            "libbpf: extern (func ksym) 'bpf_task_from_pid': not found in kernel or module BTFs",
            "bpf_task_from_pid",
        ),
        (
            "Error attaching probe: 'kprobe:blk_account_io_start'",
            "grep -w blk_account_io_start /sys",
        ),
        (
            "libbpf: prog 'x': failed to create kprobe 'do_foo+0x0' perf event: No such file or directory",
            "grep -w do_foo /sys",
        ),
        (
            "libbpf: prog 'x': failed to find kernel BTF type ID of 'vfs_read': -3",
            "FUNC 'vfs_read'",
        ),
    ];
    for (log, command) in rows {
        let explanation = explain(log);
        let mut closer = explanation
            .causes
            .iter()
            .flat_map(|cause| &cause.look_closer);
        assert!(
            closer.any(|one| one.contains(command)),
            "{log}: {explanation:?}"
        );
    }
    // BTF's own word for a function is no place for a name.
    for check in &CATALOGUE.checks {
        for symptom in &check.symptoms {
            let patterns = [&symptom.text, &symptom.verifier];
            let mut sources = patterns
                .into_iter()
                .flatten()
                .map(|pattern| pattern.source());
            assert!(
                !sources.any(|source| source.contains("(?P<func>")),
                "{}",
                check.id
            );
        }
    }
}

#[test]
fn a_sentence_has_words_where_the_log_has_no_name() {
    for log in [
        "creating perf_kprobe PMU: token __x64_sys_foo: not found: no such file or directory",
        "3: <invalid kfunc call>",
    ] {
        let explanation = explain(log);
        let means = explanation.causes[0].means.as_deref().unwrap_or_default();
        assert!(!means.contains('…'), "{log}: {means}");
    }
}

#[test]
fn what_a_log_shows_of_the_process_decides() {
    let map = "libbpf: map 'events': failed to create: Operation not permitted(-1)";
    let rows = [
        (
            "CapEff:\t0000000000000000",
            "missing-privilege",
            Standing::Confirmed,
        ),
        (
            "CapEff:\t000001ffffffffff",
            "memlock-rlimit",
            Standing::Open,
        ),
        (
            "Linux version 5.4.0-150-generic (x)\nmax locked memory       (kbytes, -l) 64",
            "memlock-rlimit",
            Standing::Confirmed,
        ),
    ];
    for (shown, cause, standing) in rows {
        let explanation = explain(&format!("{shown}\n{map}"));
        let first = &explanation.causes[0];
        assert_eq!(
            (first.cause.as_str(), first.standing),
            (cause, standing),
            "{shown}: {first:?}"
        );
        assert!(
            !first.standing_because.contains("could not look"),
            "{first:?}"
        );
    }
    // A level that is off is no cause; one that is on is.
    let load = "libbpf: prog 'x': BPF program load failed: Operation not permitted";
    for (line, is_cause) in [
        ("lockdown: [none] integrity confidentiality", false),
        (
            "/sys/kernel/security/lockdown:[none] integrity confidentiality",
            false,
        ),
        ("lockdown: none integrity [confidentiality]", true),
    ] {
        let explanation = explain(&format!("{line}\n{load}"));
        let told = explanation
            .causes
            .iter()
            .any(|one| one.cause == "kernel-lockdown" && one.standing != Standing::Refuted);
        assert_eq!(told, is_cause, "{line}: {:?}", explanation.causes);
    }
}

#[test]
fn the_distribution_that_a_log_shows_is_used_with_its_release() {
    let btf = "5.4.0-150-generic\nlibbpf: failed to find valid kernel BTF";
    let tool = "$ bpftool prog\nbash: bpftool: command not found";
    let ubuntu =
        "NAME=\"Ubuntu\"\nVERSION=\"20.04.6 LTS (Focal Fossa)\"\nID=ubuntu\nVERSION_ID=\"20.04\"";
    let rhel = "NAME=\"Red Hat Enterprise Linux\"\nID=\"rhel\"\nVERSION_ID=\"8.2\"\nPRETTY_NAME=\"Red Hat Enterprise Linux 8.2 (Ootpa)\"";
    let rows = [
        (ubuntu, btf, "linux-generic-hwe-20.04", ""),
        ("Ubuntu 20.04.6 LTS", btf, "linux-generic-hwe-20.04", ""),
        (
            "Description:\tUbuntu 20.04.6 LTS",
            btf,
            "linux-generic-hwe-20.04",
            "",
        ),
        (
            "PRETTY_NAME=\"Ubuntu 20.04.6 LTS\"",
            btf,
            "linux-generic-hwe-20.04",
            "",
        ),
        (rhel, tool, "dnf install bpftool", "apt-get"),
        (
            "Red Hat Enterprise Linux release 8.10 (Ootpa)",
            tool,
            "dnf install bpftool",
            "apt-get",
        ),
        (ubuntu, tool, "apt-get install", "dnf"),
    ];
    for (os, log, command, never) in rows {
        let explanation = explain(&format!("{os}\n{log}"));
        let fixes = &explanation.causes[0].fixes;
        let all: Vec<&str> = fixes
            .iter()
            .flat_map(|fix| &fix.commands)
            .map(String::as_str)
            .collect();
        let all = all.join("\n");
        assert!(all.contains(command), "{os}: {all}");
        assert!(never.is_empty() || !all.contains(never), "{os}: {all}");
    }
    let explanation = explain("Linux version 5.10.0-28-amd64 (x)\ninvalid func unknown#211");
    let evidence = format!("{:?}", explanation.causes[0].evidence);
    assert!(
        evidence.contains("the log") && !evidence.contains("--release"),
        "{evidence}"
    );
    assert_eq!(explanation.causes[0].confidence, Confidence::High);
}

#[test]
fn a_cause_about_one_thing_alone_is_named_and_never_that_of_a_host() {
    let mut seen = 0;
    for check in &CATALOGUE.checks {
        for cause in check.causes.iter().filter(|cause| cause.about.is_some()) {
            seen += 1;
            assert!(cause.id.is_some(), "{}", check.id);
        }
        let own = check.own_causes().last().unwrap();
        let _condition: Option<&Condition> = own.when.as_ref();
        assert!(check.fails.is_none() || own.when.is_none(), "{}", check.id);
    }
    assert!(seen > 4, "{seen}");
}
