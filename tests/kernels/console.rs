//! Reads the guest's console for what no healthy kernel prints.

use anyhow::{Result, bail, ensure};
use serde::Deserialize;

/// A complaint of the kernel that is known and harmless here, and why.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowed {
    /// The line must contain this.
    pub text: String,
    /// Why it is harmless; for readers of the table.
    #[serde(rename = "why")]
    pub _why: String,
}

/// What init writes into the kernel's log before and after the doctor runs.
const BEGIN: &str = "bench: the doctor begins";
const KILLS: &str = "bench: runs are killed";
const END: &str = "bench: the doctor has ended";

/// What init writes there when it waits for the name of a cell.
const WAITS: &str = "bench: waiting for the name of a cell";

/// What a kernel may log while the doctor runs, and why that is as it must be.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explained {
    /// The line must contain this.
    text: String,
    /// The conditions under which it may come; none named, under all.
    #[serde(default)]
    under: Vec<String>,
    /// It comes of a kill alone, and never while a run is left in peace.
    #[serde(default)]
    killed: bool,
    why: String,
}

impl Explained {
    /// Something to look for, a reason, and conditions that exist.
    pub fn lint(&self, exists: impl Fn(&String) -> bool) -> Result<()> {
        ensure!(
            !self.text.trim().is_empty() && !self.why.trim().is_empty(),
            "cells.yaml: kernel_says needs a text and a reason"
        );
        for condition in &self.under {
            ensure!(exists(condition), "cells.yaml: no condition {condition}");
        }
        Ok(())
    }
}

/// What the kernel logged between the two marks, without what is explained under this condition.
pub fn unexplained(console: &str, explained: &[Explained], condition: &str) -> Result<Vec<String>> {
    let mut lines = console.lines().map(without_time);
    ensure!(
        lines.any(|line| line == BEGIN),
        "the kernel's log does not show where the doctor began"
    );
    let mut said = Vec::new();
    let mut killed = false;
    for line in lines {
        if line == END {
            return Ok(said);
        }
        if line == KILLS {
            killed = true;
            continue;
        }
        let may_be = explained.iter().any(|entry| {
            line.contains(&entry.text)
                && (killed || !entry.killed)
                && (entry.under.is_empty() || entry.under.iter().any(|name| name == condition))
        });
        // One of each is enough to see; a kernel can say the same thousands of times.
        if !line.is_empty() && !may_be && !said.iter().any(|known| known == line) {
            said.push(line.to_owned());
        }
    }
    bail!("the kernel's log does not show where the doctor ended")
}

/// What a kernel in trouble puts at the beginning of a line.
const SPLATS: &[&str] = &[
    "BUG:",
    "WARNING:",
    "UBSAN:",
    "Oops",
    "Kernel panic",
    "watchdog: BUG: soft lockup",
    "general protection fault",
    "INFO: task",
    "rcu: INFO:",
    "kernel BUG at",
    "Out of memory:",
];

/// Lines of trouble that no entry of the list allows.
pub fn splats(console: &str, allowed: &[Allowed]) -> Vec<String> {
    console
        .lines()
        .map(without_time)
        .filter(|line| SPLATS.iter().any(|splat| line.starts_with(splat)))
        .filter(|line| !allowed.iter().any(|entry| line.contains(&entry.text)))
        .map(str::to_owned)
        .collect()
}

/// The guest has booted, and waits to be told which cell it is.
pub fn waits(console: &str) -> bool {
    let mut whole = console
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'));
    whole.any(|line| without_time(line.trim_end()) == WAITS)
}

/// Its last lines.
pub fn tail(console: &str) -> String {
    let mut lines: Vec<&str> = console.lines().rev().take(40).collect();
    lines.reverse();
    lines.join("\n")
}

/// The kernel has given up: no use waiting any longer.
pub fn is_dead(console: &str) -> bool {
    console.contains("end Kernel panic")
}

/// The kernel has panicked, and may have left by itself before it said its last words.
pub fn panicked(console: &str) -> bool {
    let mut lines = console.lines().map(without_time);
    lines.any(|line| line.starts_with("Kernel panic - not syncing"))
}

/// A console line without `[    1.234567] ` or `[    1.234567][    T1] `.
fn without_time(line: &str) -> &str {
    let mut rest = line.trim_end_matches('\r');
    while let Some((inside, after)) = rest.strip_prefix('[').and_then(|line| line.split_once(']')) {
        let is_stamp = inside
            .trim()
            .trim_start_matches(['T', 'C'])
            .chars()
            .all(|c| c.is_ascii_digit() || c == '.');
        if !is_stamp {
            break;
        }
        rest = after.trim_start();
    }
    rest
}
