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
mod boots;
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
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use anyhow::{Context, Result};

use boots::{Boots, Start};
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
            // Whoever reads only the last line must not miss it.
            println!("0 passed, 1 failed");
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
    // Two at once would take each other's guests for their own, and half a kernel for a whole one.
    let kept = cell::kept();
    fs::create_dir_all(&kept).with_context(|| format!("creating {}", kept.display()))?;
    let _mine = cache::alone(&kept, "another bench runs in this checkout")?;
    let preparing = cache::alone(&cache::root()?, "another bench prepares kernels")?;
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
    drop(preparing);
    println!("kernels ready after {:.0} s", begin.elapsed().as_secs_f64());
    let Some(doctor) = doctor else {
        return Ok(kernels.values().all(Result::is_ok));
    };
    if options.shell {
        return shell(&doctor, &table, &cells, &kernels, &guest);
    }

    // First what shows that the bench can be believed.
    let trials = faults
        .into_iter()
        .map(|(name, fault)| Job::Trial(name, fault));
    let jobs: Vec<Job> = trials.chain(cells.iter().map(Job::Cell)).collect();
    let started = Instant::now();
    let run_word = run_word();
    let boots = boot(options, &table, &jobs, &kernels, &guest, &doctor, &run_word)?;
    println!(
        "{} boots are ready after {:.0} s more",
        boots.len(),
        started.elapsed().as_secs_f64()
    );
    let bench = cell::Bench {
        table: &table,
        boots: &boots,
        checks: catalogue_checks()?,
        catalogue: &bpf_doctor::built_in_catalogue()?,
        run: &run_word,
        show: options.shows_everything(),
        hung: AtomicUsize::new(0),
    };
    let outcomes = side_by_side(options.jobs, jobs, |job| {
        let outcome = match kernels.get(job.kernel()) {
            Some(Ok(_)) => job.run(&bench),
            _ => Outcome::not_run("its kernel cannot be had"),
        };
        outcome.print(job.kernel(), &job.title());
        (job, outcome)
    });
    Ok(summarise(
        options,
        &table,
        &outcomes,
        started.elapsed().as_secs_f64(),
    ))
}

/// A word that no other run has, as part of a host's name.
fn run_word() -> String {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    format!("g{:x}", since.as_nanos())
}

/// The checks of the catalogue that a host decides; what only a log shows has no finding.
fn catalogue_checks() -> Result<Vec<String>> {
    let text = include_str!("../../checks.yaml");
    let catalogue: serde_yaml::Value = serde_yaml::from_str(text)?;
    let checks = catalogue
        .get("checks")
        .and_then(|checks| checks.as_sequence());
    let checks = checks.into_iter().flatten();
    let decided = checks.filter(|check| check.get("fails").is_some());
    let ids = decided.filter_map(|check| check.get("id")?.as_str());
    let ids: Vec<String> = ids.map(str::to_owned).collect();
    anyhow::ensure!(!ids.is_empty(), "checks.yaml: no check has `fails`");
    Ok(ids)
}

/// Does all of them, so many at a time.
fn side_by_side<T: Send, R: Send>(
    workers: usize,
    work: Vec<T>,
    each: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let queue: Mutex<VecDeque<T>> = Mutex::new(work.into());
    let done: Mutex<Vec<R>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                // A poisoned lock means another worker panicked; what it had done still counts.
                let next = || queue.lock().unwrap_or_else(|e| e.into_inner()).pop_front();
                // Not locked in the loop's head, where the lock would be held for the whole body.
                while let Some(piece) = next() {
                    let result = each(piece);
                    done.lock().unwrap_or_else(|e| e.into_inner()).push(result);
                }
            });
        }
    });
    done.into_inner().unwrap_or_else(|e| e.into_inner())
}

/// A boot for each kernel and command line; cells that share one go on from it.
fn boot(
    options: &Options,
    table: &Table,
    jobs: &[Job],
    kernels: &BTreeMap<String, Result<kernel::Kernel>>,
    guest: &guest::Base,
    doctor: &Path,
    run: &str,
) -> Result<Boots> {
    let mut groups: BTreeMap<(String, String), Vec<guest::Payload>> = BTreeMap::new();
    for job in jobs {
        let (arguments, payload) = cell::payload(table, job.cell(table)?, &job.spoiled(), run)?;
        let key = (job.kernel().to_owned(), arguments.to_owned());
        groups.entry(key).or_default().push(payload);
    }
    let of_kernels = groups
        .into_iter()
        .enumerate()
        .filter_map(|(at, (key, cells))| match kernels.get(&key.0) {
            Some(Ok(kernel)) => Some((at, key, kernel, cells)),
            _ => None,
        });
    let boots = side_by_side(
        options.jobs,
        of_kernels.collect(),
        |(at, key, kernel, cells)| {
            let place = cell::kept().join(format!("boots/{at}"));
            let start = Start::prepare(place, guest, kernel, &key.1, doctor, &cells);
            (key, start)
        },
    );
    Ok(boots.into_iter().collect())
}

/// What a guest is started for.
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

    /// The cell that is run, or spoiled.
    fn cell<'a>(&'a self, table: &'a Table) -> Result<&'a Cell> {
        match self {
            Self::Cell(cell) => Ok(cell),
            Self::Trial(_, fault) => table.cell_of(fault),
        }
    }

    fn spoiled(&self) -> Spoiled {
        match self {
            Self::Cell(_) => Spoiled::default(),
            Self::Trial(name, fault) => fault.spoiled(name),
        }
    }

    fn run(&self, bench: &cell::Bench) -> Outcome {
        match self {
            Self::Cell(cell) => bench.run(cell, &Spoiled::default()),
            Self::Trial(name, fault) => match bench.table.cell_of(fault) {
                Ok(cell) => fault.run(name, bench, cell),
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
    failed += not_run;
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
    if passed + failed == 0 {
        println!("nothing was run");
    }
    println!("{passed} passed, {failed} failed");
    failed == 0 && passed > 0
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
