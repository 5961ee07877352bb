//! Every check of the catalogue must have been seen failing and seen ok, and
//! every probe working and failing, each in a cell that passed, or the tables
//! say why it cannot be.

use std::collections::{BTreeMap, BTreeSet};

use bpf_doctor::probes;

use crate::cell::Outcome;
use crate::outcomes::Seen;
use crate::report::Status;
use crate::table::{Cell, Table};

/// What the whole table leaves unproven without saying so.
pub fn gaps(table: &Table, outcomes: &[(&Cell, &Outcome)]) -> Vec<String> {
    let mut seen: BTreeMap<&str, BTreeSet<Status>> = BTreeMap::new();
    for (_, outcome) in outcomes {
        for (check, status) in outcome.said().into_iter().flat_map(|said| &said.findings) {
            let statuses = seen.entry(check).or_default();
            // A cell that failed proves nothing, but shows which checks there are.
            if matches!(outcome, Outcome::Passed { .. }) {
                statuses.insert(*status);
            }
        }
    }
    let mut gaps = Vec::new();
    for (check, statuses) in &seen {
        let excuse = table.unproven.get(*check);
        for (status, excused) in [
            (
                Status::Fail,
                excuse.is_some_and(|excuse| excuse.fail.is_some()),
            ),
            (Status::Ok, excuse.is_some_and(|excuse| excuse.ok.is_some())),
        ] {
            match (statuses.contains(&status), excused) {
                (false, false) => gaps.push(format!("no cell shows {check} as {}", status.name())),
                (true, true) => gaps.push(format!(
                    "a cell shows {check} as {}: take it off unproven",
                    status.name()
                )),
                _ => {}
            }
        }
    }
    for check in table
        .unproven
        .keys()
        .filter(|check| !seen.contains_key(check.as_str()))
    {
        gaps.push(format!("unproven names {check}, which no report has"));
    }
    gaps.extend(
        table
            .outcomes
            .gaps(probes::table().iter().map(|probe| probe.id)),
    );
    let mut tried = Vec::new();
    for (cell, outcome) in outcomes {
        if let Outcome::Passed { said, .. } = outcome {
            tried.extend(said.probes.iter().map(|probe| Seen {
                kernel: &cell.kernel,
                condition: &cell.condition,
                probe,
            }));
        }
    }
    let all = probes::table().iter().map(|probe| (probe.id, probe.since));
    gaps.extend(table.outcomes.unseen(&tried, all));
    gaps
}
