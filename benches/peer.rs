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

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

const WARM_UPS: usize = 2;
const PAIRS: usize = 21;
/// Runs in which memory is looked at: a look takes as long as a good part of a run, so one run
/// alone would miss the moment at which it is most.
const LOOKS: usize = 9;

/// What the doctor may have in memory at most, in KiB: 20 MB.
const MOST_KIB: u64 = 20_000_000 / 1024;

/// A program to measure.
struct Contender {
    command: Vec<String>,
    /// Exit statuses that mean it did its work.
    fine: &'static [i32],
}

/// What one contender costs besides time.
struct Cost {
    /// Calls of bpf(2), of all its processes.
    bpf_calls: usize,
    /// The most memory of all its processes together (KiB).
    together_kib: u64,
    /// The most memory that one of its processes ever had (KiB).
    largest_kib: u64,
    /// The most processes at a time.
    processes: usize,
}

fn main() -> Result<()> {
    let bpftool = bpftool()?;
    let version = Command::new(&bpftool).arg("version").output()?.stdout;
    let version = String::from_utf8_lossy(&version);
    let version = version.lines().take(2).collect::<Vec<_>>().join(", ");
    println!("against {bpftool}: {version}\n");
    let doctor = env!("CARGO_BIN_EXE_bpf-doctor");
    duel(
        &Contender {
            command: words(&[doctor, "check", "--format", "yaml"]),
            fine: &[0, 1, 3],
        },
        &Contender {
            command: words(&[&bpftool, "feature", "probe"]),
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
            command: words(&[&bpftool, "feature", "probe", "full"]),
            fine: &[0],
        },
    )?;
    println!(
        "\nCalls of bpf() are those of all processes, counted by strace. Memory of all processes \
         together is the\nlargest sum of their proportional set sizes (Pss: what processes share is \
         counted once) in {LOOKS} runs\nduring which they are looked at without pause; that of the \
         largest process is its resident set at\nits peak (VmHWM), with what it shares."
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

/// The peer's program: what BPFTOOL names, or Debian's, which is kept where ordinary users don't
/// look.
fn bpftool() -> Result<String> {
    if let Ok(program) = std::env::var("BPFTOOL") {
        return Ok(program);
    }
    ["bpftool", "/usr/sbin/bpftool"]
        .into_iter()
        .find(|program| start(&words(&[program, "version"])).is_ok())
        .map(str::to_owned)
        .context("bpftool not found: install it (on Debian: apt-get install bpftool)")
}

/// Starts a command without input or output.
fn spawn(command: &[String]) -> Result<Child> {
    let (program, arguments) = command.split_first().context("no command")?;
    Command::new(program)
        .args(arguments)
        // Cargo's addition, which would make the loader search more folders than usual.
        .env_remove("LD_LIBRARY_PATH")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot run {program}"))
}

/// Runs a command without input or output; gives its exit status.
fn start(command: &[String]) -> Result<Option<i32>> {
    Ok(spawn(command)?.wait()?.code())
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
    let bpf_calls = bpf_calls(contender)?;
    let mut cost = Cost {
        bpf_calls,
        together_kib: 0,
        largest_kib: 0,
        processes: 0,
    };
    for _ in 0..LOOKS {
        look(contender, &mut cost)?;
    }
    ensure!(cost.together_kib > 0, "no memory was seen");
    Ok(cost)
}

/// Counts the calls of bpf(2). Arguments stay bare numbers: to follow the addresses among them
/// takes strace memory of processes that are about to end.
fn bpf_calls(contender: &Contender) -> Result<usize> {
    let folder = tempfile::tempdir()?;
    let calls = folder.path().join("calls");
    let mut traced = words(&[
        "strace",
        "-f",
        "-qq",
        "-e",
        "trace=bpf",
        "-e",
        "raw=bpf",
        "-o",
    ]);
    traced.push(calls.to_string_lossy().into_owned());
    traced.push("--".to_owned());
    traced.extend_from_slice(&contender.command);
    contender.accept(start(&traced)?)?;
    let text = fs::read_to_string(&calls)?;
    // A call that another process interrupts takes a second line, without the parenthesis.
    let count = text.lines().filter(|line| line.contains(" bpf(")).count();
    ensure!(count > 0, "strace saw no call of bpf()");
    Ok(count)
}

/// Runs it once more and looks at the memory of all its processes as often as can be.
fn look(contender: &Contender, cost: &mut Cost) -> Result<()> {
    let mut child = spawn(&contender.command)?;
    loop {
        if let Some(status) = child.try_wait()? {
            return contender.accept(status.code());
        }
        let family = family(child.id());
        let together = family.iter().filter_map(|pid| pss(*pid)).sum();
        cost.together_kib = cost.together_kib.max(together);
        cost.processes = cost.processes.max(family.len());
        let largest = family.iter().filter_map(|pid| peak(*pid)).max();
        cost.largest_kib = cost.largest_kib.max(largest.unwrap_or(0));
    }
}

/// A process and all that descend from it.
fn family(pid: u32) -> Vec<u32> {
    let mut known = HashSet::from([pid]);
    let mut family = vec![pid];
    let mut next = 0;
    while let Some(&pid) = family.get(next) {
        next += 1;
        // Of the thread that forks, which the doctor and bpftool have one of.
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let children = children.unwrap_or_default();
        let children = children
            .split_whitespace()
            .filter_map(|pid| pid.parse().ok());
        family.extend(children.filter(|child| known.insert(*child)));
    }
    family
}

/// The memory of a process, of which what it shares with others is counted in proportion (KiB).
fn pss(pid: u32) -> Option<u64> {
    kib(Path::new(&format!("/proc/{pid}/smaps_rollup")), "Pss:")
}

/// The most memory that a process has had so far (KiB).
fn peak(pid: u32) -> Option<u64> {
    kib(Path::new(&format!("/proc/{pid}/status")), "VmHWM:")
}

fn kib(path: &Path, name: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
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
    let count = |name, a: f64, b: f64| row(name, 0, a, b);
    let of = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let kib = |kib: u64| f64::from(u32::try_from(kib).unwrap_or(u32::MAX));
    count(
        "calls of bpf()",
        of(doctor.bpf_calls),
        of(bpftool.bpf_calls),
    );
    count(
        "processes at a time",
        of(doctor.processes),
        of(bpftool.processes),
    );
    count(
        "memory, all processes together (KiB)",
        kib(doctor.together_kib),
        kib(bpftool.together_kib),
    );
    count(
        "memory, the largest process (KiB)",
        kib(doctor.largest_kib),
        kib(bpftool.largest_kib),
    );
    let verdict = |good: bool| if good { "met" } else { "MISSED" };
    println!(
        "targets: time at most that of bpftool: {}; memory at most 20 MB: {}",
        verdict(ratio <= 1.0),
        verdict(doctor.together_kib.max(doctor.largest_kib) <= MOST_KIB)
    );
}

fn row(name: &str, decimals: usize, a: f64, b: f64) {
    let ratio = a / b;
    println!("{name:<40}{a:>12.decimals$}{b:>12.decimals$}{ratio:>10.3}");
}
