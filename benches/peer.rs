//! Compares a full diagnosis with `bpftool feature probe`, its nearest peer, on this machine, and
//! `features` in full with `bpftool feature probe full`.
//!
//! Both run in turns, each turn beginning with the other one, so that whatever else the
//! machine does meets both. Times are the machine's own and nothing is asserted of them:
//! read the ratios.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench runs programs and prints what it measured"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use nix::sys::resource::{UsageWho, getrusage};

const WARM_UPS: usize = 2;
const PAIRS: usize = 21;

/// The argument that makes this program run the rest of its arguments and print the peak
/// memory of that alone. A process of its own, because the kernel keeps one maximum for
/// all children a process has had.
const PEAK: &str = "--peak-of";

/// A program to measure.
struct Contender {
    command: Vec<String>,
    /// Exit statuses that mean it did its work.
    fine: &'static [i32],
}

/// What one contender costs besides time.
struct Cost {
    system_calls: u32,
    bpf_calls: u32,
    peak_kib: u32,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((PEAK, command)) = arguments.split_first().map(|(a, b)| (a.as_str(), b)) {
        return print_peak(command);
    }
    let bpftool = bpftool()?;
    let doctor = env!("CARGO_BIN_EXE_bpf-doctor");
    duel(
        &Contender {
            command: words(&[doctor, "check", "--format", "yaml"]),
            fine: &[0, 1, 3],
        },
        &Contender {
            command: words(&[bpftool, "feature", "probe"]),
            fine: &[0],
        },
    )?;
    println!();
    duel(
        &Contender {
            command: words(&[doctor, "features", "--full", "--format", "yaml"]),
            fine: &[0],
        },
        &Contender {
            command: words(&[bpftool, "feature", "probe", "full"]),
            fine: &[0],
        },
    )?;
    println!(
        "\nSystem calls are those of all processes, counted by strace. Less memory than this bench \
         has itself,\nsome 2 MiB, shows as that."
    );
    Ok(())
}

/// Runs both in turns and prints what they cost.
fn duel(doctor: &Contender, bpftool: &Contender) -> Result<()> {
    let mut pairs = Vec::new();
    for turn in 0..WARM_UPS + PAIRS {
        let pair = if turn % 2 == 0 {
            let ours = milliseconds(doctor)?;
            (ours, milliseconds(bpftool)?)
        } else {
            let theirs = milliseconds(bpftool)?;
            (milliseconds(doctor)?, theirs)
        };
        if turn >= WARM_UPS {
            pairs.push(pair);
        }
    }
    let arguments = |contender: &Contender| contender.command.get(1..).map(|rest| rest.join(" "));
    println!(
        "bpf-doctor {}, bpftool {}: {PAIRS} pairs in turns, after {WARM_UPS} warm-ups\n",
        arguments(doctor).unwrap_or_default(),
        arguments(bpftool).unwrap_or_default()
    );
    print_comparison(&pairs, &cost(doctor)?, &cost(bpftool)?);
    Ok(())
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// The peer's program, which Debian keeps where ordinary users don't look.
fn bpftool() -> Result<&'static str> {
    ["bpftool", "/usr/sbin/bpftool"]
        .into_iter()
        .find(|program| start(&words(&[program, "version"])).is_ok())
        .context("bpftool not found: install it (on Debian: apt-get install bpftool)")
}

/// Runs a command without input or output; gives its exit status.
fn start(command: &[String]) -> Result<Option<i32>> {
    let (program, arguments) = command.split_first().context("no command")?;
    let status = Command::new(program)
        .args(arguments)
        // Cargo's addition, which would make the loader search more folders than usual.
        .env_remove("LD_LIBRARY_PATH")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .with_context(|| format!("cannot run {program}"))?;
    Ok(status.code())
}

impl Contender {
    fn accept(&self, status: Option<i32>) -> Result<()> {
        let fine = status.is_some_and(|code| self.fine.contains(&code));
        let command = self.command.join(" ");
        ensure!(
            fine,
            "`{command}` ended with {status:?} (root is needed for both)"
        );
        Ok(())
    }
}

fn milliseconds(contender: &Contender) -> Result<f64> {
    let begin = Instant::now();
    let status = start(&contender.command)?;
    let elapsed = begin.elapsed();
    contender.accept(status)?;
    Ok(elapsed.as_secs_f64() * 1e3)
}

fn cost(contender: &Contender) -> Result<Cost> {
    let folder = tempfile::tempdir()?;
    let table = folder.path().join("calls");
    let mut traced = words(&["strace", "-f", "-c", "-o", &table.to_string_lossy(), "--"]);
    traced.extend_from_slice(&contender.command);
    contender.accept(start(&traced)?)?;
    let (system_calls, bpf_calls) = counted(&table)?;
    Ok(Cost {
        system_calls,
        bpf_calls,
        peak_kib: peak(contender)?,
    })
}

/// All calls, and those of `bpf`, in a table as `strace -c` writes it: the share of time,
/// seconds, microseconds per call, calls, maybe errors, name.
fn counted(table: &Path) -> Result<(u32, u32)> {
    let text = fs::read_to_string(table)?;
    let mut all = 0;
    let mut bpf = 0;
    for line in text.lines() {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let calls = columns.get(3).and_then(|calls| calls.parse::<u32>().ok());
        match (columns.last(), calls) {
            (None | Some(&"total"), _) | (_, None) => {}
            (Some(&name), Some(calls)) => {
                all += calls;
                bpf += if name == "bpf" { calls } else { 0 };
            }
        }
    }
    ensure!(all > 0, "strace counted nothing");
    Ok((all, bpf))
}

/// Peak memory of the contender's largest process, in KiB.
fn peak(contender: &Contender) -> Result<u32> {
    let output = Command::new(std::env::current_exe()?)
        .arg(PEAK)
        .args(&contender.command)
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    match text.trim().parse() {
        Ok(kib) => Ok(kib),
        Err(_) => bail!("no peak memory of `{}`", contender.command.join(" ")),
    }
}

fn print_peak(command: &[String]) -> Result<()> {
    start(command)?;
    println!("{}", getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss());
    Ok(())
}

/// The middle one of an odd number of values.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn least(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::INFINITY, f64::min)
}

fn print_comparison(pairs: &[(f64, f64)], doctor: &Cost, bpftool: &Cost) {
    let ours = || pairs.iter().map(|pair| pair.0);
    let theirs = || pairs.iter().map(|pair| pair.1);
    println!("{:42}bpf-doctor     bpftool     ratio", "");
    row(
        "wall time, median (ms)",
        2,
        median(ours()),
        median(theirs()),
    );
    row("wall time, least (ms)", 2, least(ours()), least(theirs()));
    let ratio = median(pairs.iter().map(|(a, b)| a / b));
    println!("{:<64}{ratio:>10.3}", "median of the ratios of pairs");
    let count = |name, a: u32, b: u32| row(name, 0, f64::from(a), f64::from(b));
    count("system calls", doctor.system_calls, bpftool.system_calls);
    count("of these bpf()", doctor.bpf_calls, bpftool.bpf_calls);
    count(
        "peak memory of the largest process (KiB)",
        doctor.peak_kib,
        bpftool.peak_kib,
    );
}

fn row(name: &str, decimals: usize, a: f64, b: f64) {
    let ratio = a / b;
    println!("{name:<40}{a:>12.decimals$}{b:>12.decimals$}{ratio:>10.3}");
}
