//! The real-kernel bench: boots kernels with known illnesses under QEMU, runs
//! the doctor in them, and compares its findings with what those kernels are
//! documented to do.
//!
//! `tests/kernels/README.md` tells how to use it; `cells.yaml` is the table.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the bench is a program of its own: it prints, reads files and starts QEMU"
)]

mod apt;
mod cache;
mod cell;
mod console;
mod coverage;
mod expected;
mod faults;
mod features;
mod frames;
mod guest;
mod judge;
mod kbuild;
mod kernel;
mod options;
mod outcomes;
mod qemu;
mod report;
mod table;

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Context, Result};

use cell::Outcome;
use faults::{Fault, Spoiled};
use options::Options;
use table::{Cell, Table};

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{}", options::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("kernels: {error:#}");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("kernels: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Everything the options ask for; true when nothing failed.
fn run(options: &Options) -> Result<bool> {
    let table = Table::load()?;
    let cells = if options.self_test {
        Vec::new()
    } else {
        table.choose(&options.kernels, &options.conditions)?
    };
    let trials_wanted = options.is_full() || options.self_test;
    let faults: Vec<(&String, &Fault)> = table.faults.iter().filter(|_| trials_wanted).collect();
    if options.list {
        for cell in &cells {
            println!(
                "{:<28} {:<28} {}",
                cell.kernel,
                cell.condition,
                cell.summary()
            );
        }
        for (name, fault) in &faults {
            println!(
                "{:<28} {:<28} {name}: {}",
                fault.kernel, "trial of the bench", fault.why
            );
        }
        println!(
            "{} cells, {} trials of the bench",
            cells.len(),
            faults.len()
        );
        return Ok(true);
    }

    let begin = Instant::now();
    // Before the minutes that kernels take, not after.
    let doctor = if options.prepare {
        None
    } else {
        Some(options.doctor()?)
    };
    let guest = guest::Base::prepare().context("preparing the guest's userland")?;
    let mut kernels = BTreeMap::new();
    let of_faults = faults.iter().map(|(_, fault)| &fault.kernel);
    for name in cells.iter().map(|cell| &cell.kernel).chain(of_faults) {
        if !kernels.contains_key(name) {
            let kernel = kernel::prepare(name, &table.kernels, options.refresh);
            match &kernel {
                Ok(kernel) => println!("{name}: {} ({})", kernel.release, kernel.version),
                Err(error) => println!("{name}: cannot be had: {error:#}"),
            }
            kernels.insert(name.clone(), kernel);
        }
    }
    println!("kernels ready after {:.0} s", begin.elapsed().as_secs_f64());
    let Some(doctor) = doctor else {
        return Ok(kernels.values().all(Result::is_ok));
    };
    if options.shell {
        return shell(&doctor, &table, &cells, &kernels, &guest);
    }

    let bench = cell::Bench {
        table: &table,
        guest: &guest,
        doctor,
        show: options.shows_everything(),
    };
    // First what shows that the bench can be believed.
    let trials = faults
        .into_iter()
        .map(|(name, fault)| Job::Trial(name, fault));
    let queue: Mutex<VecDeque<Job>> =
        Mutex::new(trials.chain(cells.iter().map(Job::Cell)).collect());
    let outcomes: Mutex<Vec<(Job, Outcome)>> = Mutex::new(Vec::new());
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..options.jobs {
            scope.spawn(|| {
                // A poisoned lock means another worker panicked; what it had done still counts.
                let next = || queue.lock().unwrap_or_else(|e| e.into_inner()).pop_front();
                // Not locked in the loop's head, where the lock would be held for the whole body.
                while let Some(job) = next() {
                    let outcome = match kernels.get(job.kernel()) {
                        Some(Ok(kernel)) => job.run(&bench, kernel),
                        _ => Outcome::not_run("its kernel cannot be had"),
                    };
                    outcome.print(job.kernel(), &job.title());
                    outcomes
                        .lock()
                        .unwrap_or_else(|e| e.into_inner())
                        .push((job, outcome));
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().unwrap_or_else(|e| e.into_inner());
    Ok(summarise(
        options,
        &table,
        &outcomes,
        started.elapsed().as_secs_f64(),
    ))
}

/// What a guest is booted for.
#[derive(Clone, Copy)]
enum Job<'a> {
    /// To judge the doctor.
    Cell(&'a Cell),
    /// To judge the bench, by the name of the trial.
    Trial(&'a str, &'a Fault),
}

impl Job<'_> {
    fn kernel(&self) -> &str {
        match self {
            Self::Cell(cell) => &cell.kernel,
            Self::Trial(_, fault) => &fault.kernel,
        }
    }

    fn title(&self) -> String {
        match self {
            Self::Cell(cell) => cell.condition.clone(),
            Self::Trial(name, _) => format!("trial {name}"),
        }
    }

    fn run(&self, bench: &cell::Bench, kernel: &kernel::Kernel) -> Outcome {
        match self {
            Self::Cell(cell) => bench.run(cell, kernel, &Spoiled::default()),
            Self::Trial(name, fault) => match bench.table.cell_of(fault) {
                Ok(cell) => fault.run(name, bench, cell, kernel),
                Err(error) => Outcome::not_run(&error.to_string()),
            },
        }
    }
}

/// The last lines; true when nothing failed.
fn summarise(options: &Options, table: &Table, outcomes: &[(Job, Outcome)], seconds: f64) -> bool {
    let mut passed = 0;
    let mut failed = 0;
    let mut not_run = 0;
    for (_, outcome) in outcomes {
        match outcome {
            Outcome::Passed { .. } => passed += 1,
            Outcome::Failed { .. } => failed += 1,
            Outcome::NotRun { .. } => not_run += 1,
        }
    }
    // What only the whole table can show is asked only of the whole table.
    if options.is_full() {
        let of_cells = outcomes.iter().filter_map(|(job, outcome)| match job {
            Job::Cell(cell) => Some((*cell, outcome)),
            Job::Trial(..) => None,
        });
        for gap in coverage::gaps(table, &of_cells.collect::<Vec<_>>()) {
            println!("coverage: {gap}");
            failed += 1;
        }
    }
    if options.everything_must_run {
        failed += not_run;
    }
    let trials = outcomes
        .iter()
        .filter(|(job, _)| matches!(job, Job::Trial(..)))
        .count();
    let times: Vec<f64> = outcomes
        .iter()
        .map(|(_, outcome)| outcome.seconds())
        .collect();
    let slowest = times.iter().copied().fold(0.0, f64::max);
    let mean = times.iter().sum::<f64>() / times.len().max(1) as f64;
    println!();
    for (job, outcome) in outcomes {
        if let Outcome::Failed { problems, .. } = outcome {
            println!("FAILED {} {}", job.kernel(), job.title());
            for problem in problems {
                println!("    {problem}");
            }
        }
    }
    println!(
        "{} cells and {trials} trials of the bench in {seconds:.0} s with {} guests at a time; one takes {mean:.1} s, the slowest {slowest:.1} s; {not_run} not run",
        outcomes.len() - trials,
        options.jobs
    );
    println!("{passed} passed, {failed} failed");
    failed == 0
}

/// A prompt in the guest of the one chosen cell.
fn shell(
    doctor: &Path,
    table: &Table,
    cells: &[Cell],
    kernels: &BTreeMap<String, Result<kernel::Kernel>>,
    guest: &guest::Base,
) -> Result<bool> {
    let [cell] = cells else {
        anyhow::bail!("--shell needs one --kernel and one --condition");
    };
    let Some(Ok(kernel)) = kernels.get(&cell.kernel) else {
        anyhow::bail!("the kernel {} cannot be had", cell.kernel);
    };
    cell::shell(table, cell, kernel, guest, doctor)?;
    Ok(true)
}
