//! Which checks were asked for.

use std::collections::BTreeSet;

use crate::catalogue::{Catalogue, nearest};
use crate::diagnosis::{Finding, Status};

/// The checks that `--only` and `--skip` leave.
#[derive(Debug, Clone)]
pub struct Selection {
    /// `None` is everything; an empty list is nothing.
    only: Option<Vec<String>>,
    skip: Vec<String>,
}

/// A name that can't be asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSelectable {
    /// It is neither a check nor an area.
    #[error("there is no check and no area `{name}`{hint}")]
    Unknown {
        /// The name, as given.
        name: String,
        /// What was probably meant, as the end of a sentence; may be empty.
        hint: String,
    },
    /// Nothing of it is judged on a host.
    #[error(
        "`{name}` is not judged on a host: no setting tells, an error message does. \
         `bpf-doctor explain FILE` reads one"
    )]
    KnownBySymptoms {
        /// The name, as given.
        name: String,
    },
}

impl Selection {
    /// A selection by ids of checks and of areas; everything if `only` is `None`.
    ///
    /// # Errors
    /// A name the catalogue doesn't have, with the nearest that it has; or one to judge by
    /// that only error output shows.
    pub fn new(
        catalogue: &Catalogue,
        only: Option<&[String]>,
        skip: &[String],
    ) -> Result<Self, NotSelectable> {
        let checks = catalogue.checks.iter().map(|check| check.id.as_str());
        let areas = catalogue.areas.iter().map(|area| area.id.as_str());
        let names: Vec<&str> = checks.chain(areas).collect();
        for name in only.into_iter().flatten().chain(skip) {
            if !names.contains(&name.as_str()) {
                let near = nearest(name, names.iter().copied());
                return Err(NotSelectable::Unknown {
                    name: name.clone(),
                    hint: near
                        .map(|near| format!("; did you mean `{near}`?"))
                        .unwrap_or_default(),
                });
            }
        }
        for name in only.into_iter().flatten() {
            let all = catalogue.checks.iter();
            let of_name = all.filter(|check| check.id == *name || check.area == *name);
            let judged: Vec<bool> = of_name.map(|check| check.fails.is_some()).collect();
            if !judged.is_empty() && !judged.contains(&true) {
                return Err(NotSelectable::KnownBySymptoms { name: name.clone() });
            }
        }
        Ok(Self {
            only: only.map(<[String]>::to_vec),
            skip: skip.to_vec(),
        })
    }

    /// The findings that were asked for. A failing check that makes one of them moot stays
    /// with it: without it "not applicable" would look like an answer.
    #[must_use]
    pub fn of(&self, findings: Vec<Finding>, catalogue: &Catalogue) -> Vec<Finding> {
        let failing = |id: &str| {
            let mut all = findings.iter();
            all.any(|finding| finding.check == id && finding.status == Status::Fail)
        };
        let asked = findings.iter().filter(|finding| self.has(finding));
        let mut kept: BTreeSet<&str> = asked.map(|finding| finding.check.as_str()).collect();
        let mut todo: Vec<&str> = kept.iter().copied().collect();
        while let Some(id) = todo.pop() {
            let requires = catalogue.check(id).map_or(&[][..], |check| &check.requires);
            for required in requires.iter().filter(|id| failing(id)) {
                if kept.insert(required) {
                    todo.push(required);
                }
            }
        }
        let kept: BTreeSet<String> = kept.into_iter().map(str::to_owned).collect();
        let mut findings = findings;
        findings.retain(|finding| kept.contains(&finding.check));
        findings
    }

    fn has(&self, finding: &Finding) -> bool {
        let named = |names: &[String]| {
            let mut names = names.iter();
            names.any(|name| *name == finding.check || *name == finding.area)
        };
        self.only.as_deref().is_none_or(named) && !named(&self.skip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::diagnose;
    use crate::facts::Facts;

    /// No list is everything, and an empty one nothing.
    #[test]
    fn an_empty_list_of_checks_is_none() {
        let catalogue = crate::built_in_catalogue().unwrap();
        let findings = diagnose(&catalogue, &Facts::default(), &[]);
        let one = ["jit-unavailable".to_owned()];
        for (only, count) in [
            (None, findings.len()),
            (Some(&[][..]), 0),
            (Some(&one[..]), 1),
        ] {
            let selection = Selection::new(&catalogue, only, &[]).unwrap();
            let kept = selection.of(findings.clone(), &catalogue);
            assert_eq!(kept.len(), count, "{only:?}");
        }
    }
}
