//! Whether a report is of this guest, and whole.

use crate::report::{Guest, Report};

const SETUP: &str = "Linux guest 6.1.0-57-cloud-amd64 #1 SMP x86_64 GNU/Linux\nquiet\n9.1 0.2\n\
                     2026-11-29T13:00:00Z\n";

fn report(release: &str, euid: u32, at: &str) -> Report {
    serde_yaml::from_str(&format!(
        "{{schema: bpf-doctor/report/v1, generated_at: '{at}', verdict: ready, summary: {{}}, \
         complete: true, host: {{hostname: g1-7, kernel: {{release: {release}}}, environment: {{euid: {euid}}}}}, findings: \
         [{{check: a, status: ok, severity: error}}, {{check: b, status: ok, severity: error}}]}}"
    ))
    .unwrap()
}

const GUEST: Guest = Guest {
    setup: SETUP,
    release: "6.1.0-57-cloud-amd64",
    host: "g1-7",
    euid: Some(0),
};

#[test]
fn a_report_of_another_guest_user_or_time_is_strange() {
    let (release, at) = (GUEST.release, "2026-11-29T13:00:00Z");
    let fits = report(release, 0, at);
    assert_eq!(fits.strangeness(&GUEST), Vec::<String>::new());
    let anybody = Guest {
        euid: None,
        ..GUEST
    };
    assert!(report(release, 7, at).strangeness(&anybody).is_empty());
    for (strange, guest, says) in [
        (report("9.9.9", 0, at), GUEST, "of kernel"),
        (report(release, 1000, at), GUEST, "of user"),
        (
            report(release, 0, "2001-01-01T00:00:00Z"),
            GUEST,
            "ran after",
        ),
        (
            report(release, 0, "9999-12-31T00:00:00Z"),
            GUEST,
            "ran after",
        ),
        (report(release, 0, "soon"), GUEST, "ran after"),
        (report(release, 0, ""), GUEST, "ran after"),
        (
            report(release, 0, at),
            Guest {
                host: "g1-8",
                ..GUEST
            },
            "of host",
        ),
        (
            report("6.12.1", 0, at),
            Guest {
                release: "6.12.1",
                ..GUEST
            },
            "was to be booted",
        ),
        (
            report(release, 0, at),
            Guest { setup: "", ..GUEST },
            "ran after",
        ),
    ] {
        let problems = strange.strangeness(&guest);
        assert!(
            problems.iter().any(|problem| problem.contains(says)),
            "{says}: {problems:?}"
        );
    }
}

#[test]
fn a_doctor_of_another_tree_or_one_that_makes_light_is_told() {
    let catalogue = bpf_doctor::built_in_catalogue().unwrap();
    let report: Report = serde_yaml::from_str(&format!(
        "{{schema: bpf-doctor/report/v1, tool: {{catalogue: '{}'}}, verdict: ready, summary: {{}}, \
         findings: [{{check: kernel-btf-missing, status: fail, severity: info}}, \
         {{check: cgroup-hybrid-mode, status: fail, severity: warning}}]}}",
        catalogue.digest
    ))
    .unwrap();
    assert_eq!(
        report.foreign_to(&catalogue),
        ["kernel-btf-missing is told as info, and is error"]
    );
    let other = Report {
        tool: crate::report::Tool {
            catalogue: "0123".into(),
        },
        findings: Vec::new(),
        ..report
    };
    assert_eq!(other.foreign_to(&catalogue).len(), 1);
}

#[test]
fn what_is_cut_off_or_told_twice_is_no_report() {
    let report: Report = serde_yaml::from_str(
        "{schema: bpf-doctor/report/v1, verdict: ready, summary: {ok: 1}, \
         findings: [{check: a, status: ok, severity: error}], \
         probes: [{probe: p, outcome: works}, {probe: p, outcome: works}]}",
    )
    .unwrap();
    assert_eq!(
        report.contradictions("0"),
        [
            "the report does not say that it is complete",
            "probe p is told twice",
        ]
    );
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
