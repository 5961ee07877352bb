//! `outcomes.yaml`: what every probe of the probe table comes to for root on a
//! kernel as it boots, and why some of it can't be seen here. It is so in every cell of
//! root's, but for the probes that the cell or its condition names.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use bpf_doctor::probes::{Outcome, ProbeResult};
use bpf_doctor::version::KernelVersion;
use serde::Deserialize;

/// The condition the file speaks of: root on a kernel as it boots.
pub const CONDITION: &str = "root";

/// What the file says, checked against the kernels there are.
#[derive(Debug, Clone)]
pub struct Outcomes {
    oldest: KernelVersion,
    /// Kernels on which no row speaks but one that names them.
    without_bpf: BTreeMap<String, Comes>,
    rows: BTreeMap<String, Row>,
}

/// An outcome in a cell that passed.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    pub kernel: &'a str,
    pub condition: &'a str,
    pub probe: &'a ProbeResult,
}

/// One probe.
#[derive(Debug, Clone, Default)]
struct Row {
    /// Kernel to outcome, where it isn't `works`.
    on: BTreeMap<String, Comes>,
    /// Why no cell can show it working.
    never_works: Option<String>,
    /// Why no cell can show it failing for a reason of its own.
    never_fails: Option<String>,
}

/// One expectation: one of these, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comes {
    one_of: Vec<One>,
    why: String,
}

/// What is left open is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum One {
    Works,
    Skipped,
    Fails {
        errno: Option<String>,
        stage: Option<String>,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    oldest: String,
    without_bpf: BTreeMap<String, String>,
    probes: BTreeMap<String, Written>,
}

/// `works`, or the exceptions.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Written {
    Word(String),
    Exceptions(BTreeMap<String, String>),
}

impl Outcomes {
    /// The file's text, with the names of the kernels it may speak of.
    pub fn parse(text: &str, kernels: &[&String]) -> Result<Self> {
        let file: File = serde_yaml::from_str(text)?;
        let mut without_bpf = BTreeMap::new();
        for (kernel, written) in &file.without_bpf {
            ensure!(kernels.contains(&kernel), "no kernel {kernel}");
            without_bpf.insert(kernel.clone(), comes(written)?);
        }
        // Groups of kernels leave out those without bpf(), where nothing but that is the reason.
        let grouped: Vec<&String> = kernels
            .iter()
            .copied()
            .filter(|kernel| !without_bpf.contains_key(*kernel))
            .collect();
        let rows: Result<_> = file
            .probes
            .iter()
            .map(|(probe, written)| {
                let row =
                    row(written, kernels, &grouped).with_context(|| format!("probe {probe}"))?;
                Ok((probe.clone(), row))
            })
            .collect();
        Ok(Self {
            oldest: file.oldest.parse().context("`oldest`")?,
            without_bpf,
            rows: rows?,
        })
    }

    /// Probes of the table that have no row, and rows of no probe.
    pub fn gaps<'a>(&self, table: impl Iterator<Item = &'a str>) -> Vec<String> {
        let table: BTreeSet<&str> = table.collect();
        let rows: BTreeSet<&str> = self.rows.keys().map(String::as_str).collect();
        let missing = table
            .difference(&rows)
            .map(|probe| format!("probe {probe} has no row in outcomes.yaml"));
        let foreign = rows
            .difference(&table)
            .map(|probe| format!("outcomes.yaml has a row for {probe}, which is no probe"));
        missing.chain(foreign).collect()
    }

    /// What a probe must come to for root; `works` where nothing else is said.
    fn of(&self, kernel: &str, probe: &str) -> Comes {
        let row = self.rows.get(probe).and_then(|row| row.on.get(kernel));
        let said = row.or_else(|| self.without_bpf.get(kernel));
        said.cloned().unwrap_or(Comes {
            one_of: vec![One::Works],
            why: "nothing else is said".to_owned(),
        })
    }

    /// What differs in a cell of root on `kernel`, one line each. `table` are all probes that
    /// the cell itself says nothing of.
    pub fn differences<'a>(
        &self,
        kernel: &str,
        probes: &[ProbeResult],
        table: impl Iterator<Item = &'a str>,
    ) -> Vec<String> {
        let mut problems = Vec::new();
        for name in table {
            let Some(probe) = probes.iter().find(|probe| probe.probe == name) else {
                problems.push(format!("the report has no probe {name}"));
                continue;
            };
            let comes = self.of(kernel, name);
            if !comes.one_of.iter().any(|one| one.is(&probe.outcome)) {
                problems.push(format!(
                    "probe {name}: {}, must be {comes} by outcomes.yaml",
                    told(&probe.outcome)
                ));
            }
        }
        problems
    }

    /// What the cells that passed leave unseen without a reason, and reasons that are none.
    /// `since` is the kernel a probe works on first.
    pub fn unseen<'a>(
        &self,
        seen: &[Seen],
        table: impl Iterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Vec<String> {
        let mut gaps = Vec::new();
        for (name, since) in table {
            let outcomes = || seen.iter().filter(|seen| seen.probe.probe == name);
            let works = outcomes().any(|seen| seen.probe.outcome == Outcome::Works);
            // Neither a refused privilege nor a missing bpf() shows that the probe can tell; what
            // is refused to root as the kernel boots is no matter of privilege.
            let fails = outcomes().any(|seen| {
                matches!(seen.probe.outcome, Outcome::Fails { .. })
                    && (seen.condition == CONDITION || seen.probe.outcome.is_conclusive())
                    && !self.without_bpf.contains_key(seen.kernel)
            });
            let old = since
                .and_then(|since| since.parse::<KernelVersion>().ok())
                .is_some_and(|since| since <= self.oldest);
            let Some(row) = self.rows.get(name) else {
                continue;
            };
            match (works, &row.never_works) {
                (false, None) => gaps.push(format!("no cell shows probe {name} working")),
                (true, Some(_)) => gaps.push(format!(
                    "a cell shows probe {name} working: take never-works off its row"
                )),
                _ => {}
            }
            match (fails, &row.never_fails) {
                (false, None) if !old => gaps.push(format!(
                    "no cell shows probe {name} failing for a reason of its own"
                )),
                (true, Some(_)) => gaps.push(format!(
                    "a cell shows probe {name} failing: take never-fails off its row"
                )),
                _ => {}
            }
        }
        gaps
    }
}

/// A row with its groups of kernels resolved.
fn row(written: &Written, kernels: &[&String], grouped: &[&String]) -> Result<Row> {
    let exceptions = match written {
        Written::Word(word) if word == "works" => return Ok(Row::default()),
        Written::Word(word) => bail!("must be `works` or say on which kernel, not `{word}`"),
        Written::Exceptions(exceptions) => exceptions,
    };
    let mut row = Row::default();
    let mut by_group = BTreeMap::new();
    let mut by_name = BTreeMap::new();
    for (key, text) in exceptions {
        let reason = || -> Result<Option<String>> {
            ensure!(one_line(text), "{key} needs one line of reason");
            Ok(Some(text.clone()))
        };
        match key.as_str() {
            "never-works" => row.never_works = reason()?,
            "never-fails" => row.never_fails = reason()?,
            name if kernels.iter().any(|kernel| *kernel == name) => {
                by_name.insert(name.to_owned(), comes(text)?);
            }
            group => {
                let members = members(group, grouped);
                ensure!(!members.is_empty(), "no kernel and no group {group}");
                for member in members {
                    let before = by_group.insert(member.clone(), comes(text)?);
                    ensure!(before.is_none(), "two groups speak of {member}");
                }
            }
        }
    }
    row.on = by_group;
    row.on.extend(by_name);
    Ok(row)
}

/// The kernels of a group.
pub fn members(group: &str, kernels: &[&String]) -> Vec<String> {
    let of_group = kernels.iter().filter(|kernel| is_member(kernel, group));
    of_group.map(|kernel| (*kernel).clone()).collect()
}

/// `everywhere`, or `all-WORD`: the kernels with that word between the hyphens of their name.
pub fn is_member(kernel: &str, group: &str) -> bool {
    let word = group.strip_prefix("all-");
    group == "everywhere" || word.is_some_and(|word| kernel.split('-').any(|w| w == word))
}

fn one_line(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains('\n')
}

/// `works`, `fails [ERRNO] [at STAGE]` or `skipped`, several with ` or ` between them, then
/// ` because ` and one line of reason, which `works` alone does not need.
fn comes(text: &str) -> Result<Comes> {
    let (outcomes, why) = text.split_once(" because ").unwrap_or((text, ""));
    let one_of: Result<Vec<One>> = outcomes.split(" or ").map(one).collect();
    let one_of = one_of.with_context(|| format!("`{text}`"))?;
    ensure!(
        one_line(why) || one_of == [One::Works],
        "`{text}` needs ` because ` and one line of reason"
    );
    Ok(Comes {
        one_of,
        why: why.to_owned(),
    })
}

fn one(text: &str) -> Result<One> {
    let mut words = text.split_whitespace();
    let outcome = match words.next() {
        Some("works") => One::Works,
        Some("skipped") => One::Skipped,
        Some("fails") => {
            let words: Vec<&str> = words.by_ref().collect();
            let (errno, stage) = match words.as_slice() {
                [] => (None, None),
                ["at", stage] => (None, Some(*stage)),
                [errno] => (Some(*errno), None),
                [errno, "at", stage] => (Some(*errno), Some(*stage)),
                _ => bail!("write `fails [ERRNO] [at STAGE]`"),
            };
            let vocabulary = bpf_doctor::vocabulary();
            if let Some(errno) = errno {
                ensure!(
                    (vocabulary.errnos)().iter().any(|e| e == errno),
                    "no errno {errno}"
                );
            }
            if let Some(stage) = stage {
                ensure!(
                    (vocabulary.stages)().iter().any(|s| s == stage),
                    "no stage {stage}"
                );
            }
            One::Fails {
                errno: errno.map(str::to_owned),
                stage: stage.map(str::to_owned),
            }
        }
        _ => bail!("a probe works, fails or is skipped"),
    };
    ensure!(words.next().is_none(), "`{text}` says too much");
    Ok(outcome)
}

impl One {
    fn is(&self, outcome: &Outcome) -> bool {
        match (self, outcome) {
            (Self::Works, Outcome::Works) | (Self::Skipped, Outcome::Skipped { .. }) => true,
            (
                Self::Fails { errno, stage },
                Outcome::Fails {
                    errno: is,
                    stage: at,
                    ..
                },
            ) => {
                errno.as_ref().is_none_or(|errno| errno == is)
                    && stage.as_ref().is_none_or(|stage| *stage == at.to_string())
            }
            _ => false,
        }
    }
}

/// In the words of the file, and what the kernel said.
pub fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Works => "works".to_owned(),
        Outcome::Skipped { reason } => format!("skipped ({reason})"),
        Outcome::Fails {
            stage, errno, log, ..
        } => {
            format!("fails {errno} at {stage} ({})", log.replace('\n', " / "))
        }
    }
}

impl std::fmt::Display for Comes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words: Vec<String> = self.one_of.iter().map(ToString::to_string).collect();
        write!(f, "{} ({})", words.join(" or "), self.why)
    }
}

impl std::fmt::Display for One {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Works => f.write_str("works"),
            Self::Skipped => f.write_str("skipped"),
            Self::Fails { errno, stage } => {
                f.write_str("fails")?;
                if let Some(errno) = errno {
                    write!(f, " {errno}")?;
                }
                if let Some(stage) = stage {
                    write!(f, " at {stage}")?;
                }
                Ok(())
            }
        }
    }
}
