//! Whether a report is of this guest, and whole.

use crate::report::Report;

const SETUP: &str = "Linux guest 6.1.0-57-cloud-amd64 #1 SMP x86_64 GNU/Linux\nquiet\n9.1 0.2\n\
                     2026-11-29T13:00:00Z\n";

fn report(release: &str, euid: u32, at: &str) -> Report {
    serde_yaml::from_str(&format!(
        "{{schema: bpf-doctor/report/v1, generated_at: '{at}', verdict: ready, summary: {{}}, \
         host: {{kernel: {{release: {release}}}, environment: {{euid: {euid}}}}}, findings: \
         [{{check: a, status: ok, severity: error}}, {{check: b, status: ok, severity: error}}]}}"
    ))
    .unwrap()
}

#[test]
fn a_report_of_another_guest_user_or_time_is_strange() {
    let (release, at) = ("6.1.0-57-cloud-amd64", "2026-11-29T13:00:00Z");
    assert!(
        report(release, 0, at)
            .strangeness(SETUP, Some(0))
            .is_empty()
    );
    assert!(report(release, 7, at).strangeness(SETUP, None).is_empty());
    for (strange, says) in [
        (report("9.9.9", 0, at), "of kernel"),
        (report(release, 1000, at), "of user"),
        (
            report(release, 0, "2001-01-01T00:00:00Z"),
            "before the doctor ran",
        ),
        (report(release, 0, ""), "before the doctor ran"),
    ] {
        let problems = strange.strangeness(SETUP, Some(0));
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(says), "{problems:?}");
    }
    assert_eq!(report(release, 0, at).strangeness("", Some(0)).len(), 2);
}

#[test]
fn what_a_report_leaves_out_or_makes_up_is_told() {
    let report = report("x", 0, "");
    assert!(
        report
            .gaps(["a", "b"].into_iter(), [].into_iter())
            .is_empty()
    );
    assert_eq!(
        report.gaps(["b", "c"].into_iter(), ["p"].into_iter()),
        [
            "the report has no finding c",
            "the report has a finding a, and there is none",
            "the report has no probe p",
        ]
    );
}
