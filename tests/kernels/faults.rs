//! `faults.yaml`: guests in which something goes wrong on purpose, to see that the bench says so.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde::Deserialize;

use crate::cell::{Bench, Outcome, Said};
use crate::table::Cell;

/// When init does it.
const MOMENTS: [&str; 5] = ["start", "before", "during", "after", "end"];

/// One trial of the bench.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong; for readers and `--list`.
    pub why: String,
    pub kernel: String,
    #[serde(default = "root")]
    pub condition: String,
    at: String,
    #[serde(rename = "do")]
    script: String,
    /// Seconds until the guest counts as hanging, where not those of the condition.
    pub limit: Option<u64>,
    /// What the bench must say, and nothing else.
    says: Vec<String>,
}

fn root() -> String {
    "root".to_owned()
}

/// What is done to a cell that is not to be judged as it is.
#[derive(Debug, Default)]
pub struct Spoiled {
    /// Moment to script.
    pub hooks: BTreeMap<String, String>,
    pub limit: Option<u64>,
    /// The name of the trial, which has a place of its own for what its run leaves.
    pub trial: Option<String>,
}

impl Fault {
    /// A moment that exists, and something that must be said.
    pub fn lint(&self) -> Result<()> {
        ensure!(
            MOMENTS.contains(&self.at.as_str()),
            "there is no moment {}",
            self.at
        );
        ensure!(
            !self.says.is_empty() && self.says.iter().all(|said| !said.trim().is_empty()),
            "what must the bench say?"
        );
        Ok(())
    }

    /// What it does to its cell.
    pub fn spoiled(&self, name: &str) -> Spoiled {
        Spoiled {
            hooks: BTreeMap::from([(self.at.clone(), self.script.clone())]),
            limit: self.limit,
            trial: Some(name.to_owned()),
        }
    }

    /// Spoils the cell and judges what the bench makes of that.
    pub fn run(&self, name: &str, bench: &Bench, cell: &Cell) -> Outcome {
        let (seconds, problems) = match bench.run(cell, &self.spoiled(name)) {
            Outcome::Failed {
                seconds, problems, ..
            } => (seconds, self.unexpected(&problems)),
            other => (
                other.seconds(),
                vec!["the bench noticed nothing".to_owned()],
            ),
        };
        let said = Said::default();
        if problems.is_empty() {
            Outcome::Passed { seconds, said }
        } else {
            Outcome::Failed {
                seconds,
                said,
                problems,
            }
        }
    }

    /// What the bench said besides, and what it should have said and did not.
    pub fn unexpected(&self, problems: &[String]) -> Vec<String> {
        let besides = problems
            .iter()
            .filter(|problem| !self.says.iter().any(|said| problem.contains(said)))
            .map(|problem| format!("the bench also says: {problem}"));
        let unsaid = self
            .says
            .iter()
            .filter(|said| !problems.iter().any(|problem| problem.contains(*said)))
            .map(|said| format!("the bench does not say: {said}"));
        besides.chain(unsaid).collect()
    }
}
