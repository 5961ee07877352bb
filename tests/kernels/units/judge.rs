//! The comparison of reports with expectations, and of a report with itself.

use std::collections::BTreeMap;

use crate::expected::Expected;
use crate::judge::differences;
use crate::report::Report;

const REPORT: &str = "
schema: bpf-doctor/report/v1
verdict: not-ready
summary: {ok: 1, fail: 1, unknown: 1}
findings:
- {check: broken, status: fail, severity: error, because: it is, evidence: [{probe: p}], fixes: [{kind: mount}]}
- {check: dark, status: unknown, severity: warning}
- {check: fine, status: ok, severity: error}
probes:
- {probe: p, outcome: fails, stage: create, errno: EINVAL}
- {probe: q, outcome: works}
complete: true
";

fn against(expected: &str) -> Vec<String> {
    let report: Report = serde_yaml::from_str(REPORT).unwrap();
    let expected: Expected = serde_yaml::from_str(expected).unwrap();
    differences(
        &expected,
        &report,
        &BTreeMap::from([("later".into(), "why".into())]),
    )
}

#[test]
fn a_report_as_expected_has_no_differences() {
    let expected = "{fail: {broken: b}, unknown: {dark: b}, probes: {p: fails EINVAL, q: works}}";
    assert_eq!(against(expected), Vec::<String>::new());
    assert_eq!(
        against("{fail: {broken: b, later: b}, unknown: {dark: b}, probes: {p: fails}}").len(),
        0
    );
}

#[test]
fn a_failure_nobody_expects_is_a_difference() {
    let problems = against("{unknown: {dark: b}}");
    assert_eq!(problems.len(), 1);
    assert!(problems[0].starts_with("broken is fail, must be ok ("));
}

#[test]
fn a_check_that_is_not_asked_has_not_passed() {
    let report = REPORT.replace("fine, status: ok", "fine, status: not-applicable");
    let report: Report = serde_yaml::from_str(&report).unwrap();
    for (expected, problems) in [
        ("{fail: {broken: b}, unknown: {dark: b}}", 1),
        (
            "{fail: {broken: b}, unknown: {dark: b}, not-applicable: {fine: b}}",
            0,
        ),
    ] {
        let expected: Expected = serde_yaml::from_str(expected).unwrap();
        let found = differences(&expected, &report, &BTreeMap::new());
        assert_eq!(found.len(), problems, "{found:?}");
    }
}

#[test]
fn a_missing_failure_is_a_difference() {
    let problems = against("{fail: {broken: b, fine: b, gone: b}, unknown: {dark: b}}");
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].starts_with("fine is ok, must be fail"));
    assert!(problems[1].starts_with("gone is expected"));
}

#[test]
fn unknown_is_neither_ok_nor_fail() {
    assert_eq!(against("{fail: {broken: b}}").len(), 1);
    assert_eq!(against("{fail: {broken: b, dark: b}}").len(), 1);
    assert_eq!(
        against("{fail: {broken: b}, together: [{checks: [dark], are: unknown, why: b}]}").len(),
        0
    );
    assert_eq!(
        against("{fail: {broken: b}, together: [{checks: [dark], are: ok, why: b}]}").len(),
        1
    );
}

#[test]
fn probes_are_compared_with_their_errno() {
    assert_eq!(against("{fail: {broken: b}, unknown: {dark: b}, probes: {p: fails EPERM, q: skipped, r: works}}").len(), 3);
}

#[test]
fn a_failure_for_another_reason_is_a_difference() {
    let expected = "fail: {broken: b}, unknown: {dark: b}";
    assert_eq!(
        against(&format!("{{{expected}, because: {{broken: it is}}}}")).len(),
        0
    );
    assert_eq!(
        against(&format!("{{{expected}, because: {{broken: it was}}}}")).len(),
        1
    );
    // A reason is for wherever the check fails, and not for where it does not.
    assert_eq!(
        against(&format!("{{{expected}, because: {{fine: it was}}}}")).len(),
        0
    );
    let no_reason: Expected = serde_yaml::from_str("{because: {fine: ''}}").unwrap();
    assert!(no_reason.lint().is_err());
}

#[test]
fn the_verdict_is_compared() {
    assert_eq!(
        against("{fail: {broken: b}, unknown: {dark: b}, verdict: not-ready}").len(),
        0
    );
    assert_eq!(
        against("{fail: {broken: b}, unknown: {dark: b}, verdict: ready}").len(),
        1
    );
}

#[test]
fn a_report_must_agree_with_itself() {
    let mut report: Report = serde_yaml::from_str(REPORT).unwrap();
    assert_eq!(report.contradictions("1"), Vec::<String>::new());
    assert_eq!(report.contradictions("0").len(), 1);
    report.verdict = "ready".into();
    report.summary.insert("ok".into(), 7);
    assert_eq!(report.contradictions("1").len(), 2);
}
