//! What a cell expects of the doctor, with the reasons.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::report::Status;

/// What the doctor must say; a check that is not named must be ok.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Expected {
    /// Check to reason.
    #[serde(default)]
    pub fail: BTreeMap<String, String>,
    #[serde(default)]
    pub unknown: BTreeMap<String, String>,
    #[serde(default)]
    pub ok: BTreeMap<String, String>,
    #[serde(default)]
    pub not_applicable: BTreeMap<String, String>,
    /// Several checks with one reason.
    #[serde(default)]
    pub together: Vec<Together>,
    /// Check to what its reason must say: the cause, not only that it fails.
    #[serde(default)]
    pub because: BTreeMap<String, String>,
    /// The only probes that may work, besides those named in `probes`.
    pub may_work: Option<BTreeSet<String>>,
    /// What all of it comes to.
    pub verdict: Option<String>,
    /// Probe to `works`, `skipped`, `fails` or `fails ERRNO`.
    #[serde(default)]
    pub probes: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Together {
    pub checks: Vec<String>,
    pub are: Status,
    pub why: String,
}

impl Expected {
    /// Every check named so far, with what it may be and why.
    pub fn of(&self, check: &str) -> Option<(Status, &str)> {
        let lists = [
            (&self.fail, Status::Fail),
            (&self.unknown, Status::Unknown),
            (&self.ok, Status::Ok),
            (&self.not_applicable, Status::NotApplicable),
        ];
        for (list, status) in lists {
            if let Some(why) = list.get(check) {
                return Some((status, why));
            }
        }
        let mut groups = self.together.iter();
        let group = groups.find(|group| group.checks.iter().any(|name| name == check))?;
        Some((group.are, &group.why))
    }

    /// All checks that are named.
    pub fn checks(&self) -> impl Iterator<Item = &String> {
        let lists = [&self.fail, &self.unknown, &self.ok, &self.not_applicable];
        lists
            .into_iter()
            .flat_map(BTreeMap::keys)
            .chain(self.together.iter().flat_map(|group| &group.checks))
    }

    /// Takes over what `other` says about checks and probes not named here.
    pub fn add(&mut self, other: &Expected) {
        let named: BTreeSet<String> = self.checks().cloned().collect();
        for (mine, others) in [
            (&mut self.fail, &other.fail),
            (&mut self.unknown, &other.unknown),
            (&mut self.ok, &other.ok),
            (&mut self.not_applicable, &other.not_applicable),
        ] {
            mine.extend(
                others
                    .iter()
                    .filter(|(check, _)| !named.contains(*check))
                    .map(|(check, why)| (check.clone(), why.clone())),
            );
        }
        for group in &other.together {
            let mut group = group.clone();
            group.checks.retain(|check| !named.contains(check));
            self.together.push(group);
        }
        self.may_work = self.may_work.take().or_else(|| other.may_work.clone());
        self.verdict = self.verdict.take().or_else(|| other.verdict.clone());
        for (check, text) in &other.because {
            // What one of them says of a reason is true of every failure, unless another says more.
            self.because
                .entry(check.clone())
                .or_insert_with(|| text.clone());
        }
        for (probe, outcome) in &other.probes {
            self.probes
                .entry(probe.clone())
                .or_insert_with(|| outcome.clone());
        }
    }

    /// One reason per check, one expectation per check, words that exist.
    pub fn lint(&self) -> Result<()> {
        let mut seen = BTreeSet::new();
        for check in self.checks() {
            ensure!(seen.insert(check), "{check} is expected twice");
            let (_, why) = self.of(check).context("a named check has an expectation")?;
            ensure!(
                !why.trim().is_empty() && !why.contains('\n'),
                "{check} needs one line of reason"
            );
        }
        for (check, text) in &self.because {
            ensure!(
                !text.trim().is_empty(),
                "because of what does {check} fail?"
            );
        }
        let verdicts = ["ready", "not-ready", "undetermined"];
        if let Some(verdict) = &self.verdict {
            ensure!(
                verdicts.contains(&verdict.as_str()),
                "there is no verdict {verdict}"
            );
        }
        for (probe, outcome) in &self.probes {
            let known = ["works", "fails", "skipped"]
                .iter()
                .any(|word| outcome.split(' ').next() == Some(word));
            ensure!(known, "probe {probe} cannot be {outcome:?}");
        }
        Ok(())
    }
}
