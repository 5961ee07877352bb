//! Which software was asked for, by its profiles.

use std::collections::BTreeMap;

use crate::catalogue::{Catalogue, EVERY_PROFILE, Profile, nearest};
use crate::diagnosis::{Finding, ProfileFinding, Severity, assess};
use crate::facts::Facts;
use crate::probes::ProbeResult;

/// The profiles that `--profile` names.
#[derive(Debug, Clone)]
pub struct Software<'a> {
    catalogue: &'a Catalogue,
    profiles: Vec<&'a Profile>,
    demanded: Vec<String>,
    every: bool,
}

/// A name that no profile has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no profile `{name}`{hint}")]
pub struct NoSuchProfile {
    name: String,
    hint: String,
}

impl<'a> Software<'a> {
    /// The profiles of these names; every one for the name `all`.
    ///
    /// # Errors
    /// A name the catalogue doesn't have, with what it has.
    pub fn new(catalogue: &'a Catalogue, names: &[String]) -> Result<Self, NoSuchProfile> {
        let every = names.iter().any(|name| name == EVERY_PROFILE);
        let mut profiles: Vec<&Profile> = match every {
            true => catalogue.profiles.iter().collect(),
            false => Vec::new(),
        };
        for name in names.iter().filter(|name| *name != EVERY_PROFILE) {
            let known = || catalogue.profiles.iter().map(|one| one.id.as_str());
            let Some(profile) = catalogue.profile(name) else {
                let hint = match nearest(name, known()) {
                    Some(near) => format!("; did you mean `{near}`?"),
                    None => format!("; there are: {}", known().collect::<Vec<_>>().join(", ")),
                };
                let name = name.clone();
                return Err(NoSuchProfile { name, hint });
            };
            if !profiles.iter().any(|one| one.id == profile.id) {
                profiles.push(profile);
            }
        }
        let named = names.iter().filter(|name| *name != EVERY_PROFILE);
        Ok(Self {
            catalogue,
            profiles,
            demanded: named.cloned().collect(),
            every,
        })
    }

    /// Whether none was asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.profiles.is_empty()
    }

    /// Whether all were asked for.
    #[must_use]
    pub fn is_every(&self) -> bool {
        self.every
    }

    /// The software that must run; none where the question was which will.
    #[must_use]
    pub fn demanded(&self) -> &[String] {
        &self.demanded
    }

    /// The checks to judge: those asked for, or else those the software needs, which may be none
    /// at all; `None` stands for all, where neither was asked for.
    #[must_use]
    pub fn checks_or(&self, asked: &[String]) -> Option<Vec<String>> {
        if !asked.is_empty() {
            return Some(asked.to_vec());
        }
        let needed = || self.weights().into_keys().map(str::to_owned).collect();
        (!self.is_empty()).then(needed)
    }

    /// What each of them lacks on a host. `findings` are those of all checks.
    #[must_use]
    pub fn assess(
        &self,
        findings: &[Finding],
        facts: &Facts,
        probes: &[ProbeResult],
    ) -> Vec<ProfileFinding> {
        // The same for all of them.
        let facts = &*facts.for_a_loader();
        let profiles = self.profiles.iter();
        profiles
            .map(|profile| assess(profile, self.catalogue, findings, facts, probes))
            .collect()
    }

    /// The findings with the weight they have for the software: what it requires counts as
    /// an error, what is optional as a warning at most.
    #[must_use]
    pub fn weigh(&self, mut findings: Vec<Finding>) -> Vec<Finding> {
        let weights = self.weights();
        for finding in &mut findings {
            match weights.get(finding.check.as_str()) {
                Some(true) => finding.severity = Severity::Error,
                Some(false) => finding.severity = finding.severity.min(Severity::Warning),
                None => {}
            }
        }
        findings
    }

    /// The checks that are needed, and whether one of the profiles requires them.
    fn weights(&self) -> BTreeMap<&'a str, bool> {
        let mut weights = BTreeMap::new();
        for (check, required) in self.profiles.iter().flat_map(|profile| profile.checks()) {
            *weights.entry(check).or_default() |= required;
        }
        weights
    }
}
