//! The YAML files beside this one as types, and the rules they must keep among each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::console::{Allowed, Explained};
use crate::expected::Expected;
use crate::faults::Fault;
use crate::features::Known;
use crate::kernel::Recipes;
use crate::outcomes::{self, Outcomes};
use crate::report::Status;

/// Everything the bench is told.
pub struct Table {
    pub kernels: Recipes,
    pub conditions: BTreeMap<String, Condition>,
    pub cells: Vec<Cell>,
    /// What probes come to for root.
    pub outcomes: Outcomes,
    /// Checks no cell can show failing, or ok, with the reason.
    pub unproven: BTreeMap<String, Unproven>,
    /// Checks that cells speak of and the doctor does not know yet, with the reason.
    pub not_yet: BTreeMap<String, String>,
    /// Complaints of the kernel that are no fault of the doctor.
    pub allowed_splats: Vec<Allowed>,
    /// What the kernel may log while the doctor runs.
    pub kernel_says: Vec<Explained>,
    /// What is known of the kernels' BPF.
    pub features: Known,
    /// Trials of the bench itself.
    pub faults: BTreeMap<String, Fault>,
}

/// What init makes of a fresh boot before the doctor runs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// What it stands for; for readers and `--list`.
    pub why: String,
    /// Added to the kernel's command line.
    #[serde(default)]
    pub arguments: String,
    #[serde(default = "unified")]
    pub cgroup: String,
    #[serde(default = "yes")]
    pub bpffs: bool,
    #[serde(default = "yes")]
    pub tracefs: bool,
    #[serde(default = "yes")]
    pub debugfs: bool,
    #[serde(default = "yes")]
    pub securityfs: bool,
    /// /boot/config-RELEASE is there.
    #[serde(default = "yes")]
    pub boot_config: bool,
    /// Options of which that file says that they are off, as one of another build might.
    #[serde(default)]
    pub config_without: Vec<String>,
    /// Below /proc/sys, with slashes.
    #[serde(default)]
    pub sysctls: BTreeMap<String, String>,
    /// Files of the kernel's, and what init writes to them.
    #[serde(default)]
    pub writes: BTreeMap<String, String>,
    /// What init does besides, in its own shell.
    #[serde(default)]
    pub prepare: Vec<String>,
    /// The modules kept with the kernel are loaded.
    #[serde(default)]
    pub modules: bool,
    /// Shell tests that prove the condition is in force.
    #[serde(default)]
    pub verify: Vec<String>,
    /// BPF objects and an attachment of somebody else are there.
    #[serde(default)]
    pub busy: bool,
    /// How often another run is killed after the one that is judged.
    #[serde(default = "once")]
    pub kills: u32,
    /// Each experiment is run alone, too, and killed once.
    #[serde(default)]
    pub kill_each: bool,
    /// The doctor also tells what the kernel's BPF has.
    #[serde(default)]
    pub features: bool,
    /// Seconds until a guest counts as hanging.
    #[serde(default = "limit")]
    pub limit: u64,
    #[serde(default)]
    uid: Option<u32>,
    #[serde(default)]
    caps: Vec<String>,
    #[serde(default)]
    seccomp: Option<String>,
    #[serde(default)]
    userns: bool,
    #[serde(default = "unlimited")]
    memlock: String,
}

impl Condition {
    /// Whom the doctor runs as, unless a user namespace gives everybody another number.
    pub fn euid(&self) -> Option<u32> {
        (!self.userns).then(|| self.uid.unwrap_or(0))
    }

    /// Nothing is taken from the doctor: what root's cell shows is so here, too.
    pub fn is_root(&self) -> bool {
        self.uid.is_none() && self.seccomp.is_none() && !self.userns
    }

    /// Arguments of `guest run`.
    pub fn runner(&self) -> String {
        let mut words = vec![format!("--memlock {}", self.memlock)];
        words.extend(self.uid.map(|uid| format!("--uid {uid}")));
        if !self.caps.is_empty() {
            words.push(format!("--caps {}", self.caps.join(",")));
        }
        words.extend(
            self.seccomp
                .as_ref()
                .map(|error| format!("--seccomp {error}")),
        );
        if self.userns {
            words.push("--userns".to_owned());
        }
        words.join(" ")
    }
}

fn unified() -> String {
    "unified".to_owned()
}

fn unlimited() -> String {
    "unlimited".to_owned()
}

fn yes() -> bool {
    true
}

fn once() -> u32 {
    1
}

fn limit() -> u64 {
    180
}

/// Several cells with the same expectation, as they stand in the file.
#[derive(Debug, Deserialize)]
struct Row {
    kernels: Vec<String>,
    condition: String,
    /// Turned into the expectation in a second step, which refuses unknown keys.
    #[serde(flatten)]
    expected: BTreeMap<String, serde_yaml::Value>,
}

/// One kernel under one condition.
#[derive(Debug, Clone)]
pub struct Cell {
    pub kernel: String,
    pub condition: String,
    /// None: chosen by hand, not in the table, nothing to compare with.
    pub expected: Option<Expected>,
}

impl Cell {
    /// For `--list`.
    pub fn summary(&self) -> String {
        let Some(expected) = &self.expected else {
            return "not in the table".to_owned();
        };
        let fails: Vec<&str> = expected.fail.keys().map(String::as_str).collect();
        if fails.is_empty() {
            "nothing fails".to_owned()
        } else {
            format!("fails: {}", fails.join(", "))
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unproven {
    /// Why no cell shows it failing.
    pub fail: Option<String>,
    /// Why no cell shows it ok.
    pub ok: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cells {
    /// What holds in every cell, unless anything below names the same check.
    everywhere: Expected,
    /// What holds in every cell of a kernel, unless the row names the same check.
    always: BTreeMap<String, Expected>,
    /// The same under a condition; it goes before what holds for the kernel.
    under: BTreeMap<String, Expected>,
    cells: Vec<Row>,
    unproven: BTreeMap<String, Unproven>,
    not_yet: BTreeMap<String, String>,
    allowed_splats: Vec<Allowed>,
    kernel_says: Vec<Explained>,
}

impl Table {
    /// Reads the files beside this one and checks them.
    pub fn load() -> Result<Self> {
        let kernels: Recipes = read("kernels.yaml")?;
        let conditions: BTreeMap<String, Condition> = read("conditions.yaml")?;
        let file: Cells = read("cells.yaml")?;
        let mut cells = Vec::new();
        let mut seen = BTreeSet::new();
        file.everywhere.lint().context("cells.yaml: everywhere")?;
        for (kernel, general) in &file.always {
            ensure!(
                kernels.names().any(|name| name == kernel),
                "cells.yaml: no kernel {kernel}"
            );
            general
                .lint()
                .with_context(|| format!("cells.yaml: always {kernel}"))?;
        }
        for (condition, general) in &file.under {
            ensure!(
                conditions.contains_key(condition),
                "cells.yaml: no condition {condition}"
            );
            general
                .lint()
                .with_context(|| format!("cells.yaml: under {condition}"))?;
        }
        for row in file.cells {
            ensure!(
                conditions.contains_key(&row.condition),
                "cells.yaml: no condition {}",
                row.condition
            );
            let expected =
                serde_yaml::to_value(&row.expected).and_then(serde_yaml::from_value::<Expected>);
            let expected = expected.with_context(|| {
                format!("cells.yaml: {} {}", row.kernels.join(", "), row.condition)
            })?;
            for kernel in row.kernels {
                ensure!(
                    kernels.names().any(|name| *name == kernel),
                    "cells.yaml: no kernel {kernel}"
                );
                ensure!(
                    seen.insert((kernel.clone(), row.condition.clone())),
                    "cells.yaml: {kernel} {} twice",
                    row.condition
                );
                expected
                    .lint()
                    .with_context(|| format!("cells.yaml: {kernel} {}", row.condition))?;
                let mut expected = expected.clone();
                let general = [
                    file.under.get(&row.condition),
                    file.always.get(&kernel),
                    Some(&file.everywhere),
                ];
                for general in general.into_iter().flatten() {
                    expected.add(general);
                }
                let reasons = &expected.because;
                for check in expected.checks() {
                    let fails = expected.of(check).is_some_and(|(is, _)| is == Status::Fail);
                    ensure!(
                        !fails || reasons.contains_key(check),
                        "cells.yaml: {kernel} {}: {check} fails, because of what?",
                        row.condition
                    );
                }
                cells.push(Cell {
                    kernel,
                    condition: row.condition.clone(),
                    expected: Some(expected),
                });
            }
        }
        for condition in conditions.keys() {
            ensure!(
                cells.iter().any(|cell| cell.condition == *condition),
                "conditions.yaml: no cell uses {condition}"
            );
        }
        let names: Vec<&String> = kernels.names().collect();
        let outcomes = Outcomes::parse(&text("outcomes.yaml")?, &names).context("outcomes.yaml")?;
        for kernel in &names {
            ensure!(
                seen.contains(&((*kernel).clone(), outcomes::CONDITION.to_owned())),
                "cells.yaml: {kernel} has no cell in which root shows its probes"
            );
        }
        for explained in &file.kernel_says {
            explained.lint(|condition| conditions.contains_key(condition))?;
        }
        let features = Known::parse(&text("features.yaml")?, &names).context("features.yaml")?;
        let faults: BTreeMap<String, Fault> = read("faults.yaml")?;
        for (name, fault) in &faults {
            fault
                .lint()
                .and_then(|()| {
                    let cell = (fault.kernel.clone(), fault.condition.clone());
                    ensure!(seen.contains(&cell), "there is no cell to spoil");
                    Ok(())
                })
                .with_context(|| format!("faults.yaml: {name}"))?;
        }
        Ok(Self {
            kernels,
            conditions,
            cells,
            outcomes,
            unproven: file.unproven,
            not_yet: file.not_yet,
            allowed_splats: file.allowed_splats,
            kernel_says: file.kernel_says,
            features,
            faults,
        })
    }

    /// The cells of these kernels and conditions; no names mean all.
    ///
    /// A pair that both exist but that no row has may still be booted and looked at.
    pub fn choose(&self, kernels: &[String], conditions: &[String]) -> Result<Vec<Cell>> {
        for name in kernels {
            let known: Vec<&str> = self.kernels.names().map(String::as_str).collect();
            ensure!(
                known.contains(&name.as_str()),
                "no kernel {name}; there are {}",
                known.join(", ")
            );
        }
        for name in conditions {
            let known: Vec<&str> = self.conditions.keys().map(String::as_str).collect();
            ensure!(
                known.contains(&name.as_str()),
                "no condition {name}; there are {}",
                known.join(", ")
            );
        }
        let chosen = |names: &[String], name: &String| names.is_empty() || names.contains(name);
        let cells: Vec<Cell> = self
            .cells
            .iter()
            .filter(|cell| chosen(kernels, &cell.kernel) && chosen(conditions, &cell.condition))
            .cloned()
            .collect();
        match (cells.is_empty(), kernels, conditions) {
            (false, ..) => Ok(cells),
            (true, [kernel], [condition]) => Ok(vec![Cell {
                kernel: kernel.clone(),
                condition: condition.clone(),
                expected: None,
            }]),
            _ => bail!("no cell is chosen"),
        }
    }
}

impl Table {
    /// The cell that a trial of the bench spoils.
    pub fn cell_of(&self, fault: &Fault) -> Result<&Cell> {
        self.cells
            .iter()
            .find(|cell| cell.kernel == fault.kernel && cell.condition == fault.condition)
            .context("there is no cell to spoil")
    }
}

fn read<T: DeserializeOwned>(name: &str) -> Result<T> {
    serde_yaml::from_str(&text(name)?).with_context(|| format!("reading {name}"))
}

fn text(name: &str) -> Result<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/kernels")
        .join(name);
    fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
}
