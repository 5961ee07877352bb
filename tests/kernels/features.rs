//! `features.yaml`: what is known of the kernels' BPF, against what `features` tells of it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use bpf_doctor::features::{Available, Features, Row};
use bpf_doctor::probes::{Outcome, ProbeResult};
use serde::Deserialize;

use crate::outcomes::{is_member, members};

/// What the file says, checked against the kernels there are.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Group, name and kernel to the answer, and why.
    facts: Vec<Fact>,
    /// Group and name to the probe that shows it.
    shown_by: BTreeMap<String, BTreeMap<String, String>>,
    may_be_unknown: Vec<Unknown>,
}

/// What need not be told.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unknown {
    /// A kernel or a group of them.
    on: String,
    group: String,
    /// What the doctor must say for it.
    because: String,
    /// Why that is right.
    why: String,
}

#[derive(Debug, Clone)]
struct Fact {
    group: String,
    name: String,
    kernels: Vec<String>,
    answer: Available,
    why: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    facts: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>,
    shown_by: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    may_be_unknown: Vec<Unknown>,
}

impl Known {
    /// The file's text, with the names of the kernels it may speak of.
    pub fn parse(text: &str, kernels: &[&String]) -> Result<Self> {
        let file: File = serde_yaml::from_str(text)?;
        let resolve = |key: &String| -> Result<Vec<String>> {
            let found = if kernels.contains(&key) {
                vec![key.clone()]
            } else {
                members(key, kernels)
            };
            ensure!(!found.is_empty(), "no kernel and no group {key}");
            Ok(found)
        };
        let mut facts: Vec<Fact> = Vec::new();
        for (group, names) in file.facts {
            for (name, answers) in names {
                for (key, text) in answers {
                    let fact = fact(&group, &name, resolve(&key)?, &text)
                        .with_context(|| format!("{group} {name}"))?;
                    let twice = facts.iter().any(|other| {
                        other.group == fact.group
                            && other.name == fact.name
                            && other
                                .kernels
                                .iter()
                                .any(|kernel| fact.kernels.contains(kernel))
                    });
                    ensure!(!twice, "{group} {name}: two answers for one kernel");
                    facts.push(fact);
                }
            }
        }
        for unknown in &file.may_be_unknown {
            ensure!(
                !unknown.because.trim().is_empty() && !unknown.why.trim().is_empty(),
                "may_be_unknown: {} needs what the doctor says, and why that is right",
                unknown.group
            );
            resolve(&unknown.on)?;
        }
        Ok(Self {
            facts,
            shown_by: file.shown_by,
            may_be_unknown: file.may_be_unknown,
        })
    }

    /// What is wrong with what was told on this kernel, for root, one line each.
    pub fn differences(
        &self,
        kernel: &str,
        told: &Features,
        probes: &[ProbeResult],
    ) -> Vec<String> {
        let mut problems = Vec::new();
        let row = |group: &str, name: &str| -> Option<&Row> {
            let groups = told.groups.iter().filter(|of| of.group == group);
            groups.flat_map(|of| &of.rows).find(|row| row.name == name)
        };
        for fact in &self.facts {
            if !fact.kernels.iter().any(|name| name == kernel) {
                continue;
            }
            let Fact {
                group, name, why, ..
            } = fact;
            match row(group, name) {
                Some(row) if row.available == fact.answer => {}
                Some(row) => problems.push(format!(
                    "features: {group} {name} is {}, must be {} ({why}); the doctor says: {}",
                    word(row.available),
                    word(fact.answer),
                    row.because
                )),
                None => problems.push(format!("features: there is no {group} {name}")),
            }
        }
        for (group, names) in &self.shown_by {
            for (name, probe) in names {
                let outcome = probes.iter().find(|result| result.probe == *probe);
                let Some(must_be) = outcome.and_then(|result| answer_of(&result.outcome)) else {
                    continue;
                };
                match row(group, name) {
                    Some(row) if row.available == must_be => {}
                    Some(row) => problems.push(format!(
                        "features: {group} {name} is {}, and probe {probe} shows that it is {}; \
                         the doctor says: {}",
                        word(row.available),
                        word(must_be),
                        row.because
                    )),
                    None => problems.push(format!("features: there is no {group} {name}")),
                }
            }
        }
        for group in &told.groups {
            for row in &group.rows {
                let unknown = row.available == Available::Unknown;
                let full = format!("{} {}", group.group, row.name);
                let may_be = self.may_be_unknown.iter().any(|entry| {
                    entry.group == group.group
                        && row.because.contains(&entry.because)
                        && (entry.on == kernel || is_member(kernel, &entry.on))
                });
                if unknown && !may_be {
                    problems.push(format!("features: {full} is unknown: {}", row.because));
                }
                if row.available == Available::No && row.because.is_empty() {
                    problems.push(format!("features: {full} is a no without a reason"));
                }
                if !unknown && row.known_by.is_empty() {
                    problems.push(format!("features: {full} is known by nothing"));
                }
            }
        }
        problems
    }
}

/// `yes because ...`, `no because ...`, `unknown because ...`.
fn fact(group: &str, name: &str, kernels: Vec<String>, text: &str) -> Result<Fact> {
    let (answer, why) = text
        .split_once(" because ")
        .context("write `yes|no|unknown because ...`")?;
    ensure!(
        !why.trim().is_empty() && !why.contains('\n'),
        "one line of reason"
    );
    let answer = match answer {
        "yes" => Available::Yes,
        "no" => Available::No,
        "unknown" => Available::Unknown,
        other => bail!("`{other}` is no answer"),
    };
    Ok(Fact {
        group: group.to_owned(),
        name: name.to_owned(),
        kernels,
        answer,
        why: why.to_owned(),
    })
}

/// What an experiment with a type says of the type: it works, or the kernel does not know it
/// (EINVAL when the map is created, the program or the BTF loaded). Anything else says nothing.
fn answer_of(outcome: &Outcome) -> Option<Available> {
    match outcome {
        Outcome::Works => Some(Available::Yes),
        Outcome::Fails { stage, errno, .. } => {
            let stage = stage.to_string();
            (errno == "EINVAL" && ["create", "load", "btf-load"].contains(&stage.as_str()))
                .then_some(Available::No)
        }
        Outcome::Skipped { .. } => None,
    }
}

fn word(answer: Available) -> &'static str {
    match answer {
        Available::Yes => "yes",
        Available::No => "no",
        Available::Unknown => "unknown",
    }
}
