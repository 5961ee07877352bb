//! What the bench expects of probes.

use bpf_doctor::probes::{self, ProbeResult};

use crate::outcomes::{Outcomes, Seen};
use crate::table::Table;

const FILE: &str = "
oldest: '5.10'
without_bpf: {old-no-bpf: fails ENOSYS or skipped because bpf() is not there}
probes:
  always: works
  young:
    all-old: fails EINVAL at create because 5.13 has it first
    old-built: works
    never-fails: for this test
  needy:
    everywhere: skipped because nothing here has it
    never-works: nothing here has it
";

fn kernels() -> Vec<String> {
    ["old-debian", "old-built", "old-no-bpf", "new-debian"]
        .map(str::to_owned)
        .to_vec()
}

fn parse(text: &str) -> anyhow::Result<Outcomes> {
    let kernels = kernels();
    Outcomes::parse(text, &kernels.iter().collect::<Vec<_>>())
}

fn results(text: &str) -> Vec<ProbeResult> {
    serde_yaml::from_str(text).unwrap()
}

fn on<'a>(kernel: &'a str, results: &'a [ProbeResult]) -> Vec<Seen<'a>> {
    let seen = |probe| Seen {
        kernel,
        condition: "user",
        probe,
    };
    results.iter().map(seen).collect()
}

const TABLE: [&str; 3] = ["always", "young", "needy"];

#[test]
fn every_probe_of_the_table_has_a_row() {
    let table = Table::load().unwrap();
    let gaps = table
        .outcomes
        .gaps(probes::table().iter().map(|probe| probe.id));
    assert!(gaps.is_empty(), "{}", gaps.join("\n"));
}

#[test]
fn missing_and_foreign_rows_are_gaps() {
    let gaps = parse(FILE)
        .unwrap()
        .gaps(["always", "young", "new"].into_iter());
    assert_eq!(gaps.len(), 2, "{gaps:?}");
}

#[test]
fn groups_names_and_kernels_without_bpf_have_their_turn() {
    let outcomes = parse(FILE).unwrap();
    let against = |kernel: &str, young: &str| {
        let probes = results(&format!(
            "[{{probe: always, outcome: works}}, {{probe: young, {young}}}, {{probe: needy, outcome: skipped, reason: x}}]"
        ));
        outcomes.differences(kernel, &probes, TABLE.into_iter())
    };
    let refused = "outcome: fails, stage: create, errno: EINVAL";
    assert!(against("old-debian", refused).is_empty());
    assert!(against("old-built", "outcome: works").is_empty());
    assert!(against("new-debian", "outcome: works").is_empty());
    for (kernel, young) in [
        ("old-debian", "outcome: works"),
        ("old-debian", "outcome: fails, stage: load, errno: EINVAL"),
        ("old-debian", "outcome: fails, stage: create, errno: EPERM"),
        ("old-built", refused),
        ("new-debian", refused),
    ] {
        assert_eq!(against(kernel, young).len(), 1, "{kernel} {young}");
    }
    // `always` works there, though bpf() is not there.
    let problems = against("old-no-bpf", "outcome: fails, stage: load, errno: ENOSYS");
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(
        outcomes
            .differences("new-debian", &[], TABLE.into_iter())
            .len(),
        3
    );
}

#[test]
fn what_was_never_seen_needs_a_reason() {
    let outcomes = parse(FILE).unwrap();
    let since = [
        ("always", Some("4.4")),
        ("young", Some("5.13")),
        ("needy", Some("9.0")),
    ];
    let works = results("[{probe: always, outcome: works}, {probe: young, outcome: works}]");
    let seen = on("new-debian", &works);
    let gaps = outcomes.unseen(&seen, since.into_iter());
    assert_eq!(
        gaps,
        ["no cell shows probe needy failing for a reason of its own"]
    );
    // Nothing was seen: not even a failure for privilege counts, nor a kernel without bpf().
    let empty = results(
        "[{probe: needy, outcome: fails, stage: load, errno: EPERM}, {probe: young, outcome: works}]",
    );
    let seen = on("new-debian", &empty);
    assert_eq!(outcomes.unseen(&seen, since.into_iter()).len(), 2);
    let none = results("[{probe: needy, outcome: fails, stage: load, errno: ENOSYS}]");
    let seen = on("old-no-bpf", &none);
    assert_eq!(outcomes.unseen(&seen, since.into_iter()).len(), 3);
    // A reason that is none any more.
    let both = results(
        "[{probe: young, outcome: fails, stage: create, errno: EINVAL}, {probe: needy, outcome: works}]",
    );
    let seen = on("old-debian", &both);
    let gaps = outcomes.unseen(&seen, since.into_iter());
    assert!(
        gaps.iter().any(|gap| gap.contains("never-fails")),
        "{gaps:?}"
    );
    assert!(
        gaps.iter().any(|gap| gap.contains("never-works")),
        "{gaps:?}"
    );
}

#[test]
fn rows_that_say_nothing_are_refused() {
    for row in [
        "fails",
        "{all-old: fails EINVAL}",
        "{all-old: fails EINVAL because }",
        "{all-old: breaks because it does}",
        "{all-old: fails EWRONG because so}",
        "{all-old: fails EINVAL at work because so}",
        "{all-old: fails EINVAL at create twice because so}",
        "{all-young: works}",
        "{all-old: works, all-built: works}",
        "{all-old: works and more}",
        "{never-works: ''}",
    ] {
        let text = format!("oldest: '5.10'\nwithout_bpf: {{}}\nprobes: {{x: {row}}}");
        assert!(parse(&text).is_err(), "{row}");
    }
}
