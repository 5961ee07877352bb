//! Which checks were asked for.

use std::collections::BTreeSet;

use crate::catalogue::{Catalogue, nearest};
use crate::diagnosis::{Finding, Lack, ProfileFinding, Status};

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
    /// with it, as without it "not applicable" would look like an answer; but not where it was
    /// named to be left out.
    #[must_use]
    pub fn of(&self, findings: Vec<Finding>, catalogue: &Catalogue) -> Vec<Finding> {
        let failing = |id: &str| {
            let mut all = findings.iter();
            all.any(|finding| {
                let is_it = finding.check == id && finding.status == Status::Fail;
                is_it && !self.skips(&finding.check, &finding.area)
            })
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

    /// What software lacks, without the needs that a check tells of which is to be left out.
    #[must_use]
    pub fn of_lacks(
        &self,
        mut lacks: Vec<ProfileFinding>,
        catalogue: &Catalogue,
    ) -> Vec<ProfileFinding> {
        let skipped = |lack: &Lack| {
            let check = lack.check.as_deref().and_then(|id| catalogue.check(id));
            check.is_some_and(|check| self.skips(&check.id, &check.area))
        };
        for finding in &mut lacks {
            for list in [
                &mut finding.missing_required,
                &mut finding.missing_optional,
                &mut finding.unknown,
                &mut finding.left_to_host,
                &mut finding.unknown_optional,
            ] {
                list.retain(|lack| !skipped(lack));
            }
        }
        lacks
    }

    fn has(&self, finding: &Finding) -> bool {
        let (check, area) = (&finding.check, &finding.area);
        let only = self.only.as_deref();
        only.is_none_or(|only| is_named(only, check, area)) && !self.skips(check, area)
    }

    /// Whether a check was named to be left out, or its area was.
    fn skips(&self, check: &str, area: &str) -> bool {
        is_named(&self.skip, check, area)
    }
}

/// Whether a check or its area is among these names.
fn is_named(names: &[String], check: &str, area: &str) -> bool {
    names.iter().any(|name| name == check || name == area)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Vocabulary;
    use crate::diagnosis::{assess, diagnose};
    use crate::facts::{Fact, Facts};

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

    const FILE: &str = "
areas: [{id: a, title: A}, {id: b, title: B}]
checks:
  - id: base
    area: a
    kind: host
    severity: error
    title: The base is missing
    ok: o
    why: w
    fails: {sysctl: base, is: 0}
    causes: [{because: It is switched off}]
  - id: above
    area: b
    kind: host
    severity: error
    title: Above
    ok: o
    why: w
    requires: [base]
    fails: {sysctl: above, is: 0}
    causes: [{because: It is switched off}]
profiles:
  - {id: p, title: P, software: P 1, documents: [here], requires: [base, above]}
";

    /// What makes another check moot is told with it, but not against the words of who asked.
    #[test]
    fn what_is_named_to_be_left_out_is_left_out_whatever_rests_on_it() {
        let catalogue = Catalogue::parse("c", FILE, Vocabulary::OPEN).unwrap();
        let mut facts = Facts::default();
        for key in ["base", "above"] {
            facts.set(&format!("sysctl.{key}"), Fact::known(0, "/proc"));
        }
        let findings = diagnose(&catalogue, &facts, &[]);
        let lacks = assess(&catalogue.profiles[0], &catalogue, &findings, &facts, &[]);
        type Row<'a> = (&'a [&'a str], &'a [&'a str], &'a [&'a str], usize);
        let rows: [Row<'_>; 7] = [
            (&[], &[], &["base", "above"], 1),
            (&["above"], &[], &["base", "above"], 1),
            (&["b"], &[], &["base", "above"], 1),
            (&[], &["base"], &["above"], 0),
            (&[], &["a"], &["above"], 0),
            (&["b"], &["base"], &["above"], 0),
            (&[], &["above"], &["base"], 1),
        ];
        for (only, skip, left, lacking) in rows {
            let names =
                |names: &[&str]| -> Vec<String> { names.iter().map(ToString::to_string).collect() };
            let only = (!only.is_empty()).then(|| names(only));
            let selection = Selection::new(&catalogue, only.as_deref(), &names(skip)).unwrap();
            let kept = selection.of(findings.clone(), &catalogue);
            let kept: Vec<&str> = kept.iter().map(|finding| &*finding.check).collect();
            assert_eq!(kept, left, "{only:?} {skip:?}");
            let lacks = selection.of_lacks(vec![lacks.clone()], &catalogue);
            assert_eq!(
                lacks[0].missing_required.len(),
                lacking,
                "{only:?} {skip:?}"
            );
        }
    }
}
