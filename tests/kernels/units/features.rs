//! What is known of the kernels' BPF, against what is told of it.

use crate::features::Known;

const FILE: &str = "
facts:
  map_type:
    ringbuf: {everywhere: yes because 5.8 has it}
    arena: {old-debian: no because 6.9 has it first}
shown_by:
  map_type: {queue: queue-map}
may_be_unknown:
- {on: old-debian, group: helper, because: x, why: w}
";

const TOLD: &str = "
schema: bpf-doctor/features/v1
kernel: {}
table: '7.3'
sources: []
groups:
- group: map_type
  yes: 2
  no: 1
  unknown: 0
  rows:
  - {name: ringbuf, available: yes, known_by: [btf]}
  - {name: queue, available: yes, known_by: [experiment]}
  - {name: arena, available: no, known_by: [btf], because: too old}
- group: helper
  yes: 0
  no: 0
  unknown: 1
  rows:
  - {name: bpf_odd, available: unknown, because: x}
";

const SHOWN: &str = "[{probe: queue-map, outcome: works, micros: 1}]";

fn known() -> anyhow::Result<Known> {
    Known::parse(FILE, &[&"old-debian".to_owned(), &"new-debian".to_owned()])
}

/// The problems on a kernel when something in what was told, or shown, is replaced.
fn problems(kernel: &str, from: &str, to: &str) -> Vec<String> {
    let told = serde_yaml::from_str(&TOLD.replace(from, to)).unwrap();
    let shown: Vec<_> = serde_yaml::from_str(&SHOWN.replace(from, to)).unwrap();
    known().unwrap().differences(kernel, &told, &shown)
}

#[test]
fn what_is_told_as_known_is_no_difference() {
    assert_eq!(problems("old-debian", "", ""), Vec::<String>::new());
}

#[test]
fn every_wrong_answer_is_a_difference() {
    for (from, to) in [
        ("ringbuf, available: yes", "ringbuf, available: no"),
        ("ringbuf, available: yes", "ringbuf, available: unknown"),
        ("arena, available: no", "arena, available: yes"),
        ("{name: arena", "{name: area"),
        // The probe shows it, whatever is told.
        ("queue, available: yes", "queue, available: no"),
        (
            "outcome: works",
            "outcome: fails, stage: create, errno: EINVAL",
        ),
        ("name: queue", "name: queues"),
        // A no needs a reason, and what is known a source.
        ("because: too old", "because: ''"),
        ("[experiment]", "[]"),
        ("because: x}", "because: y}"),
    ] {
        let problems = problems("old-debian", from, to);
        assert!(!problems.is_empty(), "{from} to {to}");
    }
}

#[test]
fn a_refused_probe_says_nothing() {
    for outcome in [
        "fails, stage: create, errno: EPERM",
        "fails, stage: attach, errno: EINVAL",
        "skipped, reason: x",
    ] {
        let to = format!("outcome: {outcome}");
        assert!(problems("old-debian", "outcome: works", &to).is_empty());
    }
}

#[test]
fn an_unknown_is_excused_on_its_kernel_alone() {
    assert_eq!(problems("new-debian", "", "").len(), 1);
}

#[test]
fn rows_that_say_nothing_are_refused() {
    for (from, to) in [
        ("no because", "never because"),
        ("no because 6.9 has it first", "no"),
        ("old-debian: no", "other: no"),
        ("on: old-debian", "on: other"),
        ("because: x", "because: ''"),
    ] {
        let text = FILE.replace(from, to);
        assert_ne!(text, FILE);
        assert!(
            Known::parse(&text, &[&"old-debian".to_owned()]).is_err(),
            "{to}"
        );
    }
    let twice = FILE.replace(
        "ringbuf: {everywhere: yes because 5.8 has it}",
        "ringbuf: {everywhere: yes because x, old-debian: no because y}",
    );
    assert!(Known::parse(&twice, &[&"old-debian".to_owned()]).is_err());
}
