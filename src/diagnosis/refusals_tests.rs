//! Who refuses: the catalogue's answers to the outcomes of the experiments that ask for rights.

use super::*;
use crate::probes::Stage;

/// A process on a kernel of mainline's 6.18, with these capabilities.
fn facts(capabilities: &[&str], seccomp: &str) -> Facts {
    let mut facts = Facts::default();
    let held: Vec<String> = capabilities
        .iter()
        .map(|name| format!("CAP_{name}"))
        .collect();
    facts.set(
        "privilege.capabilities",
        Fact::known(held, "/proc/self/status"),
    );
    facts.set(
        "privilege.seccomp",
        Fact::known(seccomp, "/proc/self/status"),
    );
    facts.set(
        "privilege.user-namespace",
        Fact::known("initial", "/proc/self/ns/user"),
    );
    facts.set(
        "privilege.memlock",
        Fact::known("unlimited", "/proc/self/limits"),
    );
    facts.set(
        "privilege.memlock-hard",
        Fact::known("unlimited", "/proc/self/limits"),
    );
    facts.set("privilege.last-cap", Fact::known(40, "/proc"));
    facts.set("security.selinux", Fact::absent("/sys/fs/selinux"));
    facts.set("kernel.version", Fact::known("6.18.1", "uname"));
    facts.set("kernel.release", Fact::known("6.18.1", "uname"));
    facts.set("kernel.flavour", Fact::known("mainline", "uname"));
    facts.set("environment.container", Fact::known("none", "/proc"));
    facts.set("environment.kubernetes", Fact::known("none", "/proc"));
    facts.set("environment.unit", Fact::absent("/proc"));
    facts.set(
        "sysctl.kernel.unprivileged_bpf_disabled",
        Fact::known(2, "/proc"),
    );
    facts.set("sysctl.kernel.perf_event_paranoid", Fact::known(2, "/proc"));
    facts
}

/// Outcomes, each `ID works` or `ID STAGE ERRNO LOG`; what is not told works.
fn outcomes(told: &[&str]) -> Vec<ProbeResult> {
    let mut results: Vec<ProbeResult> = Vec::new();
    for line in told {
        let mut words = line.splitn(4, ' ');
        let mut word = || words.next().unwrap_or_default();
        let (id, stage, errno, log) = (word(), word(), word(), word());
        let stage = Stage::ALL
            .into_iter()
            .find(|known| known.to_string() == stage);
        let outcome = match stage {
            Some(stage) => Outcome::Fails {
                stage,
                errno: errno.to_owned(),
                log: log.to_owned(),
            },
            None => Outcome::Skipped {
                reason: "not tried".to_owned(),
            },
        };
        results.push(ProbeResult {
            probe: id.to_owned(),
            outcome,
            micros: 1,
        });
    }
    for probe in crate::probes::table() {
        if results.iter().all(|result| result.probe != probe.id) {
            results.push(ProbeResult {
                probe: probe.id.to_owned(),
                outcome: Outcome::Works,
                micros: 1,
            });
        }
    }
    results
}

const ROOT: &[&str] = &["SYS_ADMIN", "BPF", "PERFMON", "NET_ADMIN", "SYS_RESOURCE"];
const TRACING: &[&str] = &["BPF", "PERFMON"];
/// Every program and map is refused, and who refuses comes before the attributes, or after.
const NOTHING_LOADS: [&str; 6] = [
    "map-create create EPERM",
    "prog-load load EPERM",
    "load-kprobe skipped",
    "load-tracing skipped",
    "load-lsm skipped",
    "load-ext skipped",
];
const NO_TRACING: [&str; 3] = [
    "load-tracing load EPERM",
    "load-lsm load EPERM",
    "load-ext load EPERM",
];
const SINGLE: &str = "bpf-commands trigger EPERM refused before their attributes were looked at: \
    MAP_CREATE (EPERM), PROG_LOAD (EPERM)";

/// Capabilities, mode of seccomp, outcomes; and of checks the status and words of the cause.
type Row<'a> = (
    &'a [&'a str],
    &'a str,
    Vec<&'a str>,
    &'a [(&'a str, Status, &'a str)],
);

#[test]
fn a_refusal_is_laid_to_whom_the_experiments_tell() {
    use Status::{Fail, NotApplicable, Ok};
    let with = |more: &[&'static str], rest: &[&'static str]| [more, rest].concat();
    let rows: Vec<Row<'_>> = vec![
        // A filter that refuses single commands, as root.
        (
            ROOT,
            "filter",
            with(&[SINGLE], &NOTHING_LOADS),
            &[
                ("container-seccomp-denied", Fail, "single commands"),
                ("lsm-denied", NotApplicable, ""),
                ("missing-privilege", NotApplicable, ""),
            ],
        ),
        // The same, from a doctor that did not try the commands: a filter stays possible.
        (
            ROOT,
            "filter",
            with(&["bpf-commands skipped"], &NOTHING_LOADS),
            &[
                ("container-seccomp-denied", Ok, ""),
                ("lsm-denied", Fail, "seccomp filter is in force"),
                ("missing-privilege", NotApplicable, "does not apply"),
            ],
        ),
        // Commands reach the kernel: it is no filter.
        (
            ROOT,
            "filter",
            NOTHING_LOADS.to_vec(),
            &[
                ("container-seccomp-denied", Ok, ""),
                ("lsm-denied", Fail, "no seccomp filter refuses"),
                ("missing-privilege", NotApplicable, "does not apply"),
            ],
        ),
        // bpf() refused as a whole, with EACCES.
        (
            ROOT,
            "filter",
            with(
                &[
                    "bpf-syscall trigger EACCES",
                    "bpf-commands trigger EACCES every command",
                ],
                &["map-create create EACCES", "prog-load load EACCES"],
            ),
            &[("container-seccomp-denied", Fail, "does not allow bpf()")],
        ),
        // perf_event_open() alone, with either error.
        (
            ROOT,
            "filter",
            vec![
                "perf-event-call trigger EPERM",
                "perf-event-open create EPERM",
            ],
            &[("container-seccomp-denied", Fail, "perf_event_open() is not")],
        ),
        (
            TRACING,
            "filter",
            vec![
                "perf-event-call trigger EACCES",
                "perf-event-open create EACCES",
                "perf-event-kernel skipped",
                "uprobe attach EACCES",
            ],
            &[
                ("container-seccomp-denied", Fail, "perf_event_open() is not"),
                ("perf-event-paranoid", NotApplicable, ""),
                ("uprobe-denied", NotApplicable, ""),
            ],
        ),
        // A policy that tells types apart, with all capabilities and with two.
        (
            ROOT,
            "disabled",
            NO_TRACING.to_vec(),
            &[
                ("lsm-denied", Fail, "kprobe, xdp and cgroup_device are not"),
                ("missing-privilege", Ok, ""),
            ],
        ),
        (
            TRACING,
            "disabled",
            with(
                &["load-xdp load EPERM", "load-cgroup-device load EPERM"],
                &NO_TRACING,
            ),
            &[
                ("lsm-denied", Fail, "CAP_NET_ADMIN besides"),
                ("missing-privilege", Fail, "CAP_NET_ADMIN is missing"),
            ],
        ),
        // Without CAP_NET_ADMIN an ext program says nothing of policies.
        (
            TRACING,
            "disabled",
            vec!["load-ext load EPERM", "load-xdp load EPERM"],
            &[("lsm-denied", Ok, "")],
        ),
        // Uprobes alone, and perf events as a whole.
        (
            TRACING,
            "disabled",
            vec!["uprobe attach EACCES", "uretprobe attach EACCES"],
            &[
                ("uprobe-denied", Fail, "CAP_SYS_ADMIN is not held"),
                ("perf-event-paranoid", Ok, ""),
            ],
        ),
        (
            &["BPF"],
            "disabled",
            vec![
                "perf-event-kernel create EACCES",
                "perf-event-cpu create EACCES",
                "load-kprobe load EPERM",
                "uprobe skipped",
            ],
            &[
                (
                    "perf-event-paranoid",
                    Fail,
                    "paranoid is 2 or more, and without CAP_PERFMON",
                ),
                ("uprobe-denied", NotApplicable, ""),
            ],
        ),
    ];
    let catalogue = crate::built_in_catalogue().unwrap();
    for (capabilities, seccomp, told, expected) in rows {
        let facts = facts(capabilities, seccomp);
        let findings = diagnose(&catalogue, &facts, &outcomes(&told));
        for (check, status, words) in expected {
            let finding = findings.iter().find(|finding| finding.check == *check);
            let finding = finding.unwrap();
            assert_eq!(finding.status, *status, "{told:?}: {finding:#?}");
            assert!(
                finding.because.contains(words),
                "{told:?}: {}",
                finding.because
            );
            if finding.status == Fail {
                let disagree = finding.evidence.iter().any(Evidence::disagrees);
                assert!(!disagree, "{told:?}: {finding:#?}");
            }
        }
    }
}

#[test]
fn where_the_setting_asks_for_more_than_a_capability_the_advice_is_the_setting() {
    let catalogue = crate::built_in_catalogue().unwrap();
    for (capabilities, flavour, level, told, words) in [
        (
            &["BPF"][..],
            "debian",
            3,
            "perf-event-open create EACCES",
            "asks for CAP_SYS_ADMIN",
        ),
        (
            TRACING,
            "debian",
            3,
            "perf-event-open create EACCES",
            "asks for CAP_SYS_ADMIN",
        ),
        (
            &["BPF"][..],
            "mainline",
            3,
            "perf-event-kernel create EACCES",
            "without CAP_PERFMON",
        ),
        (
            &["BPF"][..],
            "mainline",
            1,
            "perf-event-cpu create EACCES",
            "paranoid is 1",
        ),
    ] {
        let mut facts = facts(capabilities, "disabled");
        facts.set("kernel.flavour", Fact::known(flavour, "uname"));
        facts.set(
            "sysctl.kernel.perf_event_paranoid",
            Fact::known(level, "/proc"),
        );
        let findings = diagnose(&catalogue, &facts, &outcomes(&[told]));
        let finding = findings
            .iter()
            .find(|finding| finding.check == "perf-event-paranoid");
        let finding = finding.unwrap();
        assert!(
            finding.because.contains(words),
            "{level}: {}",
            finding.because
        );
        let first = &finding.fixes[0];
        let lowers = first
            .commands
            .iter()
            .any(|line| line.contains("perf_event_paranoid="));
        assert!(lowers, "{level}: {first:?}");
    }
}
