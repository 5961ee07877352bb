//! How fast `explain` reads logs of 100 MB, next to `grep` looking for the same words.
//!
//! Three logs: of ordinary lines with an error now and then; of nothing but lines that
//! loaders print when they fail; and the same with a word of its own in each line, so that no
//! line is like another. Both programs run in turns, grep on the first megabytes alone. Nothing
//! is asserted of times: they are the machine's own.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench runs programs and prints what it measured"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use nix::sys::resource::{UsageWho, getrusage};

const MEGABYTES: usize = 100;
/// So much of a log is what grep gets: with so many expressions it needs minutes for all of it.
const FOR_GREP: usize = 4;
const TURNS: usize = 3;
/// One line of so many tells of an error.
const SPRINKLED: usize = 2000;

/// The argument that makes this program run the rest of its arguments and print the peak
/// memory of that alone, as the kernel keeps one maximum for all children of a process.
const PEAK: &str = "--peak-of";

/// What a busy host prints; `#` is a number.
const ORDINARY: &[&str] = &[
    "Jan 10 10:00:00 web-17 sshd[#]: Accepted publickey for deploy from 10.0.0.7 port # ssh2",
    "Jan 10 10:00:00 web-17 kernel: [#.#] eth0: renamed from veth#",
    "Jan 10 10:00:00 web-17 systemd[1]: Started session-#.scope - Session # of user deploy.",
    "10.1.2.3 - - [10/Jan/2026:10:00:00 +0000] \"GET /api/v1/items/# HTTP/1.1\" 200 # \"-\" \"curl/8\"",
    "time=\"2026-01-10T10:00:00Z\" level=info msg=\"reconciled\" controller=nodes took=#ms",
    "{\"ts\":#.#,\"level\":\"info\",\"msg\":\"request done\",\"status\":200,\"bytes\":#,\"path\":\"/x/#\"}",
    "2026-01-10 10:00:00.# [worker-#] INFO com.example.Orders - order # stored in # ms",
    "E0110 10:00:00.# # pod_workers.go:190] \"Error syncing pod, skipping\" pod=\"default/web-#\"",
    "postgres[#]: [#-1] LOG:  checkpoint complete: wrote # buffers (0.#%); write=#.# s",
    "nginx: 2026/01/10 10:00:00 [warn] #: upstream response is buffered to a temporary file",
];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((PEAK, command)) = arguments.split_first().map(|(a, b)| (a.as_str(), b)) {
        start(command)?;
        println!("{}", getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss());
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let needles = folder.path().join("needles");
    fs::write(&needles, words_of_the_catalogue()?)?;
    let errors = errors()?;
    println!(
        "logs of {MEGABYTES} MB, {FOR_GREP} MB of them for grep; medians of {TURNS} runs in turns\n"
    );
    println!("{:58}explain              grep -ciE", "");
    println!(
        "{:52}{:>12}{:>10}{:>10}{:>12}",
        "", "MB/s", "peak MiB", "MB/s", "peak MiB"
    );
    for (name, log) in [
        ("ordinary lines, an error now and then", ordinary(&errors)),
        ("lines of errors alone", alone(&errors, false)),
        ("lines of errors alone, no two alike", alone(&errors, true)),
    ] {
        let file = folder.path().join("log");
        let for_grep = folder.path().join("for-grep");
        let begin = log
            .as_bytes()
            .get(..FOR_GREP * 1_000_000)
            .unwrap_or(log.as_bytes());
        fs::write(&for_grep, begin)?;
        fs::write(&file, &log)?;
        let file = file.to_string_lossy().into_owned();
        let explain = words(&[
            env!("CARGO_BIN_EXE_bpf-doctor"),
            "explain",
            "--host",
            "none",
            "--quiet",
            &file,
        ]);
        let grep = words(&[
            "grep",
            "-ciE",
            "-f",
            &needles.to_string_lossy(),
            &for_grep.to_string_lossy(),
        ]);
        let mut times = Vec::new();
        for turn in 0..TURNS {
            times.push(if turn % 2 == 0 {
                let ours = seconds(&explain)?;
                (ours, seconds(&grep)?)
            } else {
                let theirs = seconds(&grep)?;
                (seconds(&explain)?, theirs)
            });
        }
        let speed = |megabytes: usize, seconds: Vec<f64>| megabytes as f64 / median(seconds);
        println!(
            "{name:<52}{:>12.0}{:>10.1}{:>10.1}{:>12.1}",
            speed(MEGABYTES, times.iter().map(|(ours, _)| *ours).collect()),
            peak(&explain)?,
            speed(FOR_GREP, times.iter().map(|(_, theirs)| *theirs).collect()),
            peak(&grep)?,
        );
    }
    Ok(())
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// The words by which `explain` searches a log, as expressions for grep, one a line.
fn words_of_the_catalogue() -> Result<String> {
    let catalogue = bpf_doctor::built_in_catalogue()?;
    let symptoms = catalogue.checks.iter().flat_map(|check| &check.symptoms);
    let patterns = symptoms.flat_map(|symptom| [&symptom.text, &symptom.verifier]);
    let words: BTreeSet<&String> = patterns
        .flatten()
        .flat_map(|pattern| pattern.words())
        .collect();
    let mut lines = String::new();
    for word in words {
        for letter in word.chars() {
            let special = !letter.is_ascii_alphanumeric() && letter != ' ';
            let slash = if special
                && letter.is_ascii_punctuation()
                && !"<>_'`\",:;=@~#%&!/-".contains(letter)
            {
                "\\"
            } else {
                ""
            };
            write!(lines, "{slash}{letter}")?;
        }
        lines.push('\n');
    }
    Ok(lines)
}

/// Lines of the logs that real errors left.
fn errors() -> Result<Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/logs");
    let mut files = Vec::new();
    for folder in fs::read_dir(root)? {
        let folder = folder?.path();
        if folder.is_dir() {
            for file in fs::read_dir(folder)? {
                files.push(file?.path());
            }
        }
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "log"));
    files.sort();
    let mut lines = Vec::new();
    for file in files {
        let text = String::from_utf8_lossy(&fs::read(file)?).into_owned();
        lines.extend(text.lines().map(str::to_owned));
    }
    ensure!(!lines.is_empty(), "no logs below tests/logs");
    Ok(lines)
}

fn ordinary(errors: &[String]) -> String {
    let mut log = String::with_capacity((MEGABYTES << 20) + 4096);
    let mut numbers = Numbers(1);
    let mut errors = errors.iter().cycle();
    let mut count = 0;
    for line in ORDINARY.iter().cycle() {
        if log.len() >= MEGABYTES * 1_000_000 {
            break;
        }
        count += 1;
        if count % SPRINKLED == 0
            && let Some(error) = errors.next()
        {
            log.push_str(error);
        }
        for piece in line.split_inclusive('#') {
            match piece.strip_suffix('#') {
                Some(before) => {
                    log.push_str(before);
                    log.push_str(&(numbers.next() % 100_000).to_string());
                }
                None => log.push_str(piece),
            }
        }
        log.push('\n');
    }
    log
}

fn alone(errors: &[String], all_differ: bool) -> String {
    let mut log = String::with_capacity((MEGABYTES << 20) + 4096);
    let mut numbers = Numbers(1);
    for line in errors.iter().cycle() {
        if log.len() >= MEGABYTES * 1_000_000 {
            break;
        }
        if all_differ {
            let mut number = numbers.next();
            for _ in 0..8 {
                let letter = u8::try_from(number % 26).unwrap_or_default();
                log.push(char::from(b'a' + letter));
                number /= 26;
            }
            log.push_str(": ");
        }
        log.push_str(line);
        log.push('\n');
    }
    log
}

/// Numbers that look random and are the same in every run (an LCG of Knuth's).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        self.0 >> 20
    }
}

/// Runs a command without input or output.
fn start(command: &[String]) -> Result<()> {
    let (program, arguments) = command.split_first().context("no command")?;
    let status = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C")
        .env_remove("LD_LIBRARY_PATH")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .with_context(|| format!("cannot run {program}"))?;
    ensure!(status.code() == Some(0), "`{program}` ended with {status}");
    Ok(())
}

fn seconds(command: &[String]) -> Result<f64> {
    let begin = Instant::now();
    start(command)?;
    Ok(begin.elapsed().as_secs_f64())
}

/// Peak memory in MiB.
fn peak(command: &[String]) -> Result<f64> {
    let output = Command::new(std::env::current_exe()?)
        .arg(PEAK)
        .args(command)
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    match text.trim().parse::<f64>() {
        Ok(kib) => Ok(kib / 1024.0),
        Err(_) => bail!("no peak memory of `{}`", command.join(" ")),
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
