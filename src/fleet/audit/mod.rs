//! A summary weighed: verdicts, causes and their fixes, the plan, groups, outliers, and what
//! changed.

mod baseline;
mod best;
mod causes;
mod changes;
mod fixes;
mod groups;
mod judge;
mod listed;
mod looking;
mod model;
mod outliers;
mod plan;
mod tally;

use std::collections::BTreeSet;

pub use changes::{CauseChange, Changes, Move};
pub use groups::KEYS as GROUPS;
pub use judge::Weighing;
pub use model::{
    AUDIT_SCHEMA, Audit, Cause, Count, Counts, FixGroup, Group, Grouping, Hosts, LeftOut, Outlier, Outliers,
    Partly, Plan, Reports, Step, Takes, Together, Unknown, Untold, Verdicts,
};

pub(super) use groups::{LABELS, label_keys};
pub(super) use judge::Population;
pub use looking::Cure;
pub(super) use looking::cure;

use super::summary::Summary;
use crate::time::time;

/// Names of hosts that stand for a group.
pub(super) const EXAMPLES: usize = 3;
/// Rows of a list that may be long.
const ROWS: usize = 1000;

/// Weighs a summary, and what is different from `before`.
#[must_use]
pub fn audit(
    summary: &Summary,
    weighing: &Weighing,
    by: &[String],
    before: Option<&Summary>,
    generated_at: &str,
) -> Audit {
    let population = Population::new(summary, weighing);
    let mut verdicts = Verdicts::default();
    for class in &population.classes {
        verdicts.add(class.verdict, class.hosts);
    }
    let found = causes::causes(&population);
    let plan = plan::plan(&population, &found, verdicts.ready);
    Audit {
        schema: AUDIT_SCHEMA,
        generated_at: generated_at.to_owned(),
        fail_on: weighing.word(),
        hosts: summary.len() as u64,
        verdicts,
        reports: reports(summary),
        partly: partly(summary, &population),
        groups: groups::groups(&population, by, weighing),
        outliers: outliers::outliers(&population),
        changes: before.map(|before| baseline::changes(before, summary, &population, weighing)),
        causes: found.causes,
        remarks: found.remarks,
        unknowns: found.unknowns,
        untold: found.untold,
        plan,
    }
}

fn reports(summary: &Summary) -> Reports {
    let rows = || summary.hosts.values();
    let read: u64 = rows().map(|row| u64::from(row.reports)).sum();
    let mut repeated = tally::Names::default();
    for row in rows().filter(|row| row.reports > 1) {
        repeated.add(1, [&*row.name]);
    }
    let mut of_future = tally::Names::default();
    for row in rows().filter(|row| !summary.is_sane(row.time)) {
        of_future.add(1, [&*row.name]);
    }
    let renamed = summary.aliases.values().take(ROWS);
    let names = |names: &BTreeSet<Box<str>>| names.iter().map(|name| shown(name)).collect();
    Reports {
        read,
        superseded: read - summary.len() as u64,
        repeated: repeated.told(),
        renamed: renamed.map(names).collect(),
        unnamed: rows().filter(|row| row.name.is_empty()).count() as u64,
        bad: summary.bad_count,
        bad_reports: summary.bad.iter().cloned().collect(),
        passed_over: summary.foreign,
        future: summary.future,
        of_future: of_future.told(),
        labels_left_out: LeftOut {
            hosts: summary.cut(),
            labels: summary.left_out().map(str::to_owned).collect(),
        },
        oldest: rows().map(|row| row.time).min().map(time),
        newest: summary.newest(),
    }
}

/// Hosts of which only a part was looked at.
fn partly(summary: &Summary, population: &Population<'_>) -> Partly {
    let mut names = tally::Names::default();
    let mut ready = 0;
    for class in population.classes.iter().filter(|class| class.shape.partly) {
        names.add(class.hosts, class.names.examples());
        if class.verdict == crate::report::Verdict::Ready {
            ready += class.hosts;
        }
    }
    let mut unasked = tally::Names::default();
    for class in population.classes.iter().filter(|class| class.unasked) {
        unasked.add(class.hosts, class.names.examples());
    }
    let mut narrowed = tally::Names::default();
    for row in summary.hosts.values().filter(|row| row.full) {
        if summary.shape(row).is_some_and(|shape| shape.partly) {
            narrowed.add(1, [&*row.name]);
        }
    }
    let told = names.told();
    Partly {
        hosts: told.hosts,
        ready,
        examples: told.examples,
        narrowed: narrowed.told(),
        unasked: unasked.told(),
    }
}

/// The name of a host for people.
pub(super) fn shown(name: &str) -> String {
    match name.is_empty() {
        true => "(no name)".to_owned(),
        false => name.to_owned(),
    }
}
