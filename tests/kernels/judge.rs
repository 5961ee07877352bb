//! Compares a report with a cell's expectation, in both directions.

use std::collections::BTreeMap;

use crate::expected::Expected;
use crate::report::{Report, Status, short};

/// Every difference, one line each.
pub fn differences(
    expected: &Expected,
    report: &Report,
    not_yet: &BTreeMap<String, String>,
) -> Vec<String> {
    let mut problems = Vec::new();
    for finding in &report.findings {
        let (must_be, why) = expected
            .of(&finding.check)
            .unwrap_or((Status::Ok, "not named by this cell"));
        if finding.status != must_be {
            problems.push(format!(
                "{} is {}, must be {} ({why}); the doctor says: {}",
                finding.check,
                finding.status.name(),
                must_be.name(),
                finding.because.trim(),
            ));
        }
        let reason = expected.because.get(&finding.check);
        let wrong = |text: &&String| {
            finding.status == Status::Fail && !finding.because.contains(text.as_str())
        };
        if let Some(text) = reason.filter(wrong) {
            problems.push(format!(
                "{} must fail because of {text:?}; the doctor says: {}",
                finding.check,
                finding.because.trim(),
            ));
        }
        if not_yet.contains_key(&finding.check) {
            problems.push(format!("{} exists now: take it off not_yet", finding.check));
        }
    }
    for check in expected.checks() {
        if !report
            .findings
            .iter()
            .any(|finding| finding.check == *check)
            && !not_yet.contains_key(check)
        {
            problems.push(format!(
                "{check} is expected, and the report has no such finding"
            ));
        }
    }
    if let Some(verdict) = expected
        .verdict
        .as_ref()
        .filter(|verdict| **verdict != report.verdict)
    {
        problems.push(format!(
            "the verdict is {}, must be {verdict}",
            report.verdict
        ));
    }
    for (name, outcome) in &expected.probes {
        match report.probes.iter().find(|probe| probe.probe == *name) {
            None => problems.push(format!(
                "probe {name} must be {outcome}, and the report has no such probe"
            )),
            Some(probe) => {
                let short = short(&probe.outcome);
                // `fails` alone leaves the errno open.
                if short != *outcome && short.split(' ').next() != Some(outcome) {
                    problems.push(format!("probe {name}: {short}, must be {outcome}"));
                }
            }
        }
    }
    problems
}
