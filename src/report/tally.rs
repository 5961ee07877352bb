//! What the last line of a report for people counts.

use std::collections::BTreeSet;

use super::model::Report;
use super::profiles::Runs;
use super::style::clean;

use crate::diagnosis::{Severity, Status};

/// What of the software that was asked for will not run, or may not; nothing where all will.
pub(super) fn software(report: &Report) -> String {
    let titles = |wanted: &[Runs]| {
        let those = report.profiles.iter();
        let those = those.filter(|one| wanted.contains(&report.runs(one)));
        let titles: Vec<String> = those.map(|one| clean(&one.title)).collect();
        match titles.len() {
            0..=3 => titles.join(", "),
            many => format!("{many} of {}", report.profiles.len()),
        }
    };
    let parts = [
        (titles(&[Runs::No]), "will not run"),
        (titles(&[Runs::NotYet]), "will not run yet"),
        (titles(&[Runs::InPart]), "will run in part"),
        (titles(&[Runs::Unknown]), "may or may not run"),
    ];
    let told = parts.iter().filter(|(titles, _)| !titles.is_empty());
    let told = told.map(|(titles, what)| format!("{titles} {what}"));
    told.collect::<Vec<_>>().join("; ")
}

/// How many checks came to what, in words; what nothing came to is left out.
pub(super) fn tally(report: &Report) -> String {
    let failing = |severity: Severity| {
        let failed = report.findings.iter();
        let failed = failed.filter(|f| f.status == Status::Fail && f.severity == severity);
        failed.count()
    };
    let summary = report.summary;
    // Needs that no check tells of, those of several profiles once.
    let lacks = report.profiles.iter().flat_map(|one| &one.missing_required);
    let unmet = lacks.filter(|lack| lack.check.is_none());
    let unmet: BTreeSet<&str> = unmet.map(|lack| lack.need.as_str()).collect();
    let open = report.profiles.iter().flat_map(|one| one.open());
    let open = open.filter(|lack| lack.check.is_none());
    let open: BTreeSet<&str> = open.map(|lack| lack.need.as_str()).collect();
    let parts = [
        (unmet.len(), "need not met", "needs not met"),
        (open.len(), "need not known", "needs not known"),
        (failing(Severity::Error), "error", "errors"),
        (failing(Severity::Warning), "warning", "warnings"),
        (failing(Severity::Info), "note", "notes"),
        (summary.unknown, "not known", "not known"),
        (summary.ok, "ok", "ok"),
        (summary.not_applicable, "not applicable", "not applicable"),
    ];
    let told = parts.iter().filter(|(count, ..)| *count > 0);
    let told = told.map(|(count, one, more)| {
        let word = if *count == 1 { one } else { more };
        format!("{count} {word}")
    });
    told.collect::<Vec<_>>().join(", ")
}
