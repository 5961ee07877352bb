//! A summary weighed: verdicts, causes and their fixes, the plan, groups, outliers, and what
//! changed.

mod baseline;
mod best;
mod causes;
mod changes;
mod fixes;
mod groups;
mod inputs;
mod joint;
mod judge;
mod listed;
mod looking;
mod model;
mod obstacles;
mod outliers;
mod pairs;
mod plan;
mod reworded;
mod tally;

pub use changes::{CauseChange, Changes, Move};
pub use groups::{by_label, label_of};
pub use inputs::{LeftOut, Partly, Reports};
pub use judge::Weighing;
pub use model::{
    AUDIT_SCHEMA, Audit, Cause, Count, Counts, FixGroup, Group, Grouping, Hosts, Outlier, Outliers,
    Plan, Step, Takes, Together, Unknown, Untold, Verdicts,
};

pub(super) use groups::{LABELS, label_keys};
pub(super) use judge::Population;
pub use looking::Cure;
pub(super) use looking::{cure, first_typed, mending, takes};

use super::summary::Summary;
use joint::Joint;

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
    let joint = Joint::new(&population);
    let found = causes::causes(&population, &joint, weighing);
    let plan = plan::plan(&population, &found, &joint, weighing, verdicts.ready);
    Audit {
        schema: AUDIT_SCHEMA,
        generated_at: generated_at.to_owned(),
        fail_on: weighing.word(),
        hosts: summary.len() as u64,
        verdicts,
        reports: inputs::reports(summary),
        partly: inputs::partly(&population, weighing),
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

/// The name of a host for people.
pub(super) fn shown(name: &str) -> String {
    match name.is_empty() {
        true => "(no name)".to_owned(),
        false => name.to_owned(),
    }
}
