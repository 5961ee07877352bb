//! One cell from the boot to the verdict.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bpf_doctor::catalogue::Catalogue;
use bpf_doctor::probes::{self, ProbeResult};

use crate::boots::{Boots, Start};
use crate::faults::Spoiled;
use crate::guest::Payload;
use crate::outcomes::told;
use crate::report::{Guest, Report, Status};
use crate::table::{Cell, Condition, Table};
use crate::{console, frames, guest, judge, kernel};

/// What all cells share.
pub struct Bench<'a> {
    pub table: &'a Table,
    pub boots: &'a Boots,
    /// The checks a report has a finding of.
    pub checks: Vec<String>,
    /// The catalogue of this tree, by which the doctor must have judged.
    pub catalogue: &'a Catalogue,
    /// A word that no other run has, which is part of each guest's name.
    pub run: &'a str,
    /// Print everything of every cell.
    pub show: bool,
    /// Cells in which the doctor had to be ended.
    pub hung: AtomicUsize,
}

/// What the guest says of a doctor it had to end.
const HANGS: &str = "124";

/// After so many cells in which the doctor hangs, nothing is learned from more of them.
const ENOUGH_HANGS: usize = 3;

/// What of a report counts for the whole table.
#[derive(Debug, Default)]
pub struct Said {
    pub findings: Vec<(String, Status)>,
    pub probes: Vec<ProbeResult>,
    /// How many experiments were killed one by one, where they were.
    pub killed: Option<String>,
}

/// How a cell ended.
#[derive(Debug)]
pub enum Outcome {
    Passed {
        seconds: f64,
        said: Said,
    },
    Failed {
        seconds: f64,
        said: Said,
        problems: Vec<String>,
    },
    NotRun {
        why: String,
    },
}

impl Outcome {
    pub fn not_run(why: &str) -> Self {
        Self::NotRun {
            why: why.to_owned(),
        }
    }

    pub fn seconds(&self) -> f64 {
        match self {
            Self::Passed { seconds, .. } | Self::Failed { seconds, .. } => *seconds,
            Self::NotRun { .. } => 0.0,
        }
    }

    /// What the report said, if there was one.
    pub fn said(&self) -> Option<&Said> {
        match self {
            Self::Passed { said, .. } | Self::Failed { said, .. } => Some(said),
            Self::NotRun { .. } => None,
        }
    }

    pub fn print(&self, kernel: &str, title: &str) {
        let (word, rest) = match self {
            Self::Passed { seconds, .. } => ("ok", format!("{seconds:.1} s")),
            Self::Failed {
                seconds, problems, ..
            } => (
                "FAILED",
                format!("{seconds:.1} s, {} problems", problems.len()),
            ),
            Self::NotRun { why } => ("not run", why.clone()),
        };
        let killed = self.said().and_then(|said| said.killed.as_deref());
        let killed = killed.map_or_else(String::new, |killed| format!(", {killed}"));
        println!("{word:<8} {kernel:<28} {title:<28} {rest}{killed}");
    }
}

impl Bench<'_> {
    /// Runs the cell and judges it; whatever goes wrong on the way is a failure.
    pub fn run(&self, cell: &Cell, spoiled: &Spoiled) -> Outcome {
        if spoiled.trial.is_none() && self.hung.load(Ordering::Relaxed) >= ENOUGH_HANGS {
            return Outcome::not_run("the doctor hangs, as the cells before show");
        }
        let mut seconds = 0.0;
        let mut said = Said::default();
        match self.judge(cell, spoiled, &mut seconds, &mut said) {
            Ok(problems) if problems.is_empty() => Outcome::Passed { seconds, said },
            Ok(problems) => Outcome::Failed {
                seconds,
                said,
                problems,
            },
            Err(error) => Outcome::Failed {
                seconds,
                said,
                problems: vec![format!("bench error: {error:#}")],
            },
        }
    }

    fn judge(
        &self,
        cell: &Cell,
        spoiled: &Spoiled,
        seconds: &mut f64,
        said: &mut Said,
    ) -> Result<Vec<String>> {
        let condition = condition(self.table, cell)?;
        let run = run_folder(cell, spoiled.trial.as_deref())?;
        let key = (cell.kernel.clone(), condition.arguments.clone());
        let start = match self.boots.get(&key) {
            Some(Ok(start)) => start,
            Some(Err(error)) => bail!("{error:#}"),
            None => bail!("nothing was booted for it"),
        };
        let limit = Duration::from_secs(spoiled.limit.unwrap_or(condition.limit));
        let boot = start.run(&run, &name(cell, spoiled), limit)?;
        *seconds = boot.seconds;
        if self.show {
            println!("---- {} {}: {}", cell.kernel, cell.condition, condition.why);
            println!("---- console\n{}", boot.console);
        }
        let frames = match (frames::parse(&boot.result), boot.ended) {
            (Ok(frames), None) => frames,
            (parsed, ended) => {
                let why = ended
                    .or(parsed.err().map(|error| error.to_string()))
                    .unwrap_or_default();
                bail!(
                    "the guest did not get to its end: {why}\n{}",
                    console::tail(&boot.console)
                );
            }
        };
        let frame = |name: &str| {
            frames
                .get(name)
                .map(String::as_str)
                .with_context(|| format!("no frame {name}"))
        };
        for (name, text) in &frames {
            fs::write(run.join(format!("{name}.txt")), text)?;
        }
        let refused = frame("refused")?;
        if !refused.is_empty() {
            bail!("the condition could not be made: {}", refused.trim());
        }

        let mut problems: Vec<String> = console::splats(&boot.console, &self.table.allowed_splats)
            .iter()
            .map(|line| format!("the kernel complains: {line}"))
            .collect();
        let (explained, name) = (&self.table.kernel_says, &cell.condition);
        problems.extend(
            console::unexplained(&boot.console, explained, name)?
                .iter()
                .map(|line| format!("the kernel says while the doctor runs: {line}")),
        );
        problems.extend(
            frame("left")?
                .lines()
                .map(|line| format!("the doctor leaves a trace: {line}")),
        );
        let (text, stderr, status) = (frame("report")?, frame("stderr")?, frame("status")?.trim());
        if self.show {
            println!("---- report\n{text}\n---- stderr\n{stderr}\n---- exit status {status}");
        }
        if status == "125" {
            bail!("the doctor could not be started: {}", stderr.trim());
        }
        if status == HANGS {
            if spoiled.trial.is_none() {
                self.hung.fetch_add(1, Ordering::Relaxed);
            }
            bail!("the doctor did not come to an end in its time");
        }
        if !moments(self.table, cell, condition, spoiled).is_empty() {
            let killed = frame("killed")?;
            let each = killed
                .lines()
                .find(|line| line.contains("experiments were killed"));
            said.killed = each.map(|line| line.trim_start_matches("# ").to_owned());
            if condition.kill_each && said.killed.is_none() {
                problems.push("killed: no experiment was killed by itself".to_owned());
            }
            if !killed.ends_with("\nstatus 0\n") {
                problems.extend(killed.lines().map(|line| format!("killed: {line}")));
            }
            if self.show {
                println!("---- killed\n{killed}");
            }
        }
        let report: Report = match serde_yaml::from_str(text) {
            Ok(report) => report,
            Err(error) => {
                problems.push(format!(
                    "no report (exit status {status}): {error}; stderr: {}",
                    stderr.trim()
                ));
                return Ok(problems);
            }
        };
        said.findings.extend(
            report
                .findings
                .iter()
                .map(|finding| (finding.check.clone(), finding.status)),
        );
        said.probes.clone_from(&report.probes);
        if condition.features {
            let (told, errors) = (frame("features")?, frame("features-stderr")?);
            problems.extend(self.features(cell, &report, told, errors));
        }
        problems.extend(report.contradictions(status));
        problems.extend(report.strangeness(&Guest {
            setup: frame("setup")?,
            release: &start.release,
            host: &host(self.run, self.table, cell),
            euid: condition.euid(),
        }));
        problems.extend(report.foreign_to(self.catalogue));
        if !stderr.is_empty() {
            problems.push(format!("the doctor complains: {}", stderr.trim()));
        }
        problems.extend(report.gaps(
            self.checks.iter().map(String::as_str),
            probes::table().iter().map(|probe| probe.id),
        ));
        match &cell.expected {
            Some(expected) => {
                problems.extend(judge::differences(expected, &report, &self.table.not_yet));
                let named = |probe: &str| expected.probes.contains_key(probe);
                if condition.is_root() {
                    let table = probes::table().iter().map(|probe| probe.id);
                    let outcomes = &self.table.outcomes;
                    problems.extend(outcomes.differences(
                        &cell.kernel,
                        &report.probes,
                        table.filter(|probe| !named(probe)),
                    ));
                }
                if let Some(may_work) = &expected.may_work {
                    let works =
                        |probe: &&ProbeResult| matches!(probe.outcome, probes::Outcome::Works);
                    let more =
                        report.probes.iter().filter(works).filter(|probe| {
                            !named(&probe.probe) && !may_work.contains(&probe.probe)
                        });
                    problems.extend(
                        more.map(|probe| {
                            format!("probe {} works, and nobody lets it", probe.probe)
                        }),
                    );
                }
            }
            None => println!("this cell is not in the table: there is nothing to compare with"),
        }
        if self.show {
            println!("---- comparison");
            for finding in &report.findings {
                println!("{:<28} {}", finding.check, finding.status.name());
            }
            for probe in &report.probes {
                println!("probe {:<22} {}", probe.probe, told(&probe.outcome));
            }
            println!(
                "{}",
                if problems.is_empty() {
                    "as expected".to_owned()
                } else {
                    problems.join("\n")
                }
            );
        }
        Ok(problems)
    }
}

impl Bench<'_> {
    /// What is wrong with what `features` told in this cell.
    fn features(&self, cell: &Cell, report: &Report, told: &str, errors: &str) -> Vec<String> {
        if !errors.is_empty() {
            return vec![format!("features complains: {}", errors.trim())];
        }
        match serde_yaml::from_str(told) {
            Ok(told) => {
                let known = &self.table.features;
                known.differences(&cell.kernel, &told, &report.probes)
            }
            Err(error) => vec![format!("features told nothing that can be read: {error}")],
        }
    }
}

/// When further runs of the doctor are killed: in every cell, and in no two next to each
/// other at the same moment, by turns the doctor alone and its whole session.
fn moments(table: &Table, cell: &Cell, condition: &Condition, spoiled: &Spoiled) -> String {
    let place = place(table, cell);
    let moments: Vec<usize> = match condition.kills {
        // What a trial spoils has nothing to do with kills, unless its condition has.
        1 if spoiled.trial.is_some() => Vec::new(),
        1 => vec![20 + place * 173 % 940],
        kills => {
            let kills = kills as usize;
            (1..=kills).map(|kill| 1000 * kill / (kills + 1)).collect()
        }
    };
    let words = moments.iter().enumerate().map(|(at, moment)| {
        let whole_session = if (place + at) % 2 == 1 { "s" } else { "" };
        format!("{moment}{whole_session}")
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Where the cell stands in the table.
fn place(table: &Table, cell: &Cell) -> usize {
    let at = |other: &Cell| other.kernel == cell.kernel && other.condition == cell.condition;
    table.cells.iter().position(at).unwrap_or_default()
}

/// What the guest is called: no report of another run or cell can have it.
fn host(run: &str, table: &Table, cell: &Cell) -> String {
    format!("{run}-{}", place(table, cell))
}

/// What the cell is called among those of its boot.
fn name(cell: &Cell, spoiled: &Spoiled) -> String {
    match &spoiled.trial {
        Some(trial) => format!("trial-{trial}"),
        None => cell.condition.clone(),
    }
}

/// What makes this cell out of a boot, and the arguments it wants on the command line.
pub fn payload<'a>(
    table: &'a Table,
    cell: &Cell,
    spoiled: &Spoiled,
    run: &str,
) -> Result<(&'a str, Payload<'a>)> {
    let condition = condition(table, cell)?;
    let payload = Payload {
        name: name(cell, spoiled),
        condition,
        hooks: spoiled.hooks.clone(),
        kills: moments(table, cell, condition, spoiled),
        host: host(run, table, cell),
        shell: false,
    };
    Ok((&condition.arguments, payload))
}

/// A prompt in the guest of a cell.
pub fn shell(
    table: &Table,
    cell: &Cell,
    kernel: &kernel::Kernel,
    guest: &guest::Base,
    doctor: &Path,
) -> Result<()> {
    let (arguments, mut payload) = payload(table, cell, &Spoiled::default(), "guest")?;
    payload.shell = true;
    let place = run_folder(cell, None)?;
    Start::prepare(place, guest, kernel, arguments, doctor, &[payload])?.interact()
}

fn condition<'a>(table: &'a Table, cell: &Cell) -> Result<&'a Condition> {
    table
        .conditions
        .get(&cell.condition)
        .with_context(|| format!("no condition {}", cell.condition))
}

/// Where runs leave something.
pub fn kept() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("kernels")
}

/// What a run leaves for people: console, frames, QEMU's own messages.
fn run_folder(cell: &Cell, trial: Option<&str>) -> Result<PathBuf> {
    let all = kept();
    let run = match trial {
        Some(trial) => all.join("faults").join(trial),
        None => all.join(&cell.kernel).join(&cell.condition),
    };
    // What an earlier run left must not be taken for this one's.
    let _ = fs::remove_dir_all(&run);
    fs::create_dir_all(&run).with_context(|| format!("creating {}", run.display()))?;
    Ok(run)
}
