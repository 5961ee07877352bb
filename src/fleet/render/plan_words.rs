//! What is said of the plan, of what a verdict waits for, and of outliers, the same in every
//! rendering for people.

use super::super::audit::{Outliers, Plan, Step, Unknown};
use super::words::{counted, counts, hosts, number};

/// `1 change`, `1 change (mends 2 causes)`.
pub(super) fn changes(step: &Step) -> String {
    let count = counted(step.changes, "change");
    match step.checks.len() as u64 == step.changes {
        true => count,
        false => format!("{count} (mends {} causes)", step.checks.len()),
    }
}

/// `; the same work mends a, b as well`: what comes with the changes of a step, but for what was
/// told of the one before it.
pub(super) fn along(step: &Step, before: &[String]) -> String {
    let new = step.along.iter().filter(|check| !before.contains(check));
    let new: Vec<&str> = new.map(String::as_str).collect();
    match new.is_empty() {
        true => String::new(),
        false => format!("; the same work mends {} as well", new.join(", ")),
    }
}

/// What is left open of the hosts a plan makes ready.
pub(super) fn unseen(plan: &Plan) -> String {
    format!(
        "On {} other checks can't be made before: more may fail there then",
        hosts(plan.unseen)
    )
}

/// On how many hosts the verdict waits for an unknown check, alone or with others.
pub(super) fn waits(unknown: &Unknown) -> Option<String> {
    let others = unknown.waits.saturating_sub(unknown.decides);
    let (alone, others) = (
        number(unknown.decides),
        (others > 0).then(|| number(others)),
    );
    match (unknown.decides, others) {
        (0, None) => None,
        (0, Some(others)) => Some(format!("the verdict on {others} waits for this and others")),
        (_, None) => Some(format!("the verdict on {alone} waits for this alone")),
        (_, Some(others)) => Some(format!(
            "the verdict on {alone} waits for this alone, and on {others} for this and others"
        )),
    }
}

/// The same, in a cell of a table.
pub(super) fn waiting(unknown: &Unknown) -> String {
    match unknown.waits.max(unknown.decides) {
        all if all == unknown.decides => number(all),
        all => format!("{} ({} for it alone)", number(all), number(unknown.decides)),
    }
}

/// Which hosts can be outliers.
pub(super) fn rule(outliers: &Outliers) -> String {
    format!(
        "looked for where {} hosts or more have one kernel, distribution and machine, and {}% of \
         them fail the same checks",
        outliers.least_hosts, outliers.alike_percent
    )
}

/// What there is to say of hosts that no step of the plan can make ready.
pub(super) fn undecided(plan: &Plan) -> String {
    let verb = if plan.undecided == 1 { "is" } else { "are" };
    let by = match plan.undecided_by.most.is_empty() {
        true => String::new(),
        false => format!(" ({})", counts(&plan.undecided_by, 3)),
    };
    format!(
        "{} {verb} made ready by no change: something that matters is unknown there{by}",
        hosts(plan.undecided)
    )
}

/// Hosts that no known command makes ready.
pub(super) fn stuck(plan: &Plan) -> String {
    format!(
        "Nothing that is known makes {} ready: for a cause there no fix is known, or only one of which \
         it is not known whether it helps, or what looks and changes nothing, or what is done in the \
         program, which runs then on a host that is found as it was",
        hosts(plan.stuck)
    )
}
