//! Measures `bpf-doctor fleet` over a hundred thousand reports, beside the parser of YAML alone
//! and what people would do without it: a Python script with PyYAML's C loader, yq, jq.
//!
//! The reports are those of the hosts in tests/hosts, varied: names, times, labels, kernels'
//! patch levels, what fails. Times are the machine's own and nothing is asserted of them: read
//! the ratios. What takes too long is measured on fewer reports, and says so.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench runs programs and prints what it measured"
)]

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};

/// As in peer.rs: run the rest, and print the peak memory of that alone.
const PEAK: &str = "--peak-of";
/// Parses the files given with the parser of YAML, on one core.
const PARSE: &str = "--parse";

/// Reports, unless the environment says otherwise.
const REPORTS: usize = 100_000;
/// Files in a directory.
const A_DIRECTORY: usize = 1000;
/// Reports that the slow ones get.
const FEW: usize = 1000;

/// What people write: how many hosts have which verdict, and which checks fail.
const SCRIPT: &str = "
import collections, json, sys, yaml
verdicts, causes = collections.Counter(), collections.Counter()
for name in sys.stdin.read().split():
    with open(name) as file:
        report = yaml.load(file, Loader=yaml.CSafeLoader)
    verdicts[report['verdict']] += 1
    causes.update(one['check'] for one in report['findings'] if one['status'] == 'fail')
print(json.dumps([verdicts, causes.most_common()]))
";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((first, rest)) if first == PEAK => return print_peak(rest),
        Some((first, rest)) if first == PARSE => return parse(rest),
        _ => {}
    }
    let reports = match std::env::var("BPF_DOCTOR_BENCH_REPORTS") {
        Ok(number) => number
            .parse()
            .context("BPF_DOCTOR_BENCH_REPORTS is no number")?,
        Err(_) => REPORTS,
    };
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fleet-bench");
    let made = make(&place, reports)?;
    println!(
        "{reports} reports, {} MB of YAML, {} MB as lines of JSON\n",
        made.yaml_bytes / 1_000_000,
        made.json_bytes / 1_000_000
    );
    println!(
        "{:<44} {:>9} {:>9} {:>11} {:>9}",
        "", "reports", "seconds", "reports/s", "peak MB"
    );
    let doctor = env!("CARGO_BIN_EXE_bpf-doctor");
    let few = made
        .files
        .get(..FEW.min(made.files.len()))
        .unwrap_or_default();
    let yaml = made.yaml.to_string_lossy().into_owned();
    let json = made.json.to_string_lossy().into_owned();
    let fleet = |path: &str, more: &[&str]| -> Vec<String> {
        let mut command = vec![doctor.to_owned(), "fleet".to_owned(), path.to_owned()];
        command.extend(["-q", "-o", "/dev/null"].map(str::to_owned));
        command.extend(more.iter().map(|word| (*word).to_owned()));
        command
    };
    let ours = measure(
        "fleet, YAML files, all cores",
        &fleet(&yaml, &[]),
        reports,
        None,
    )?;
    let single = measure(
        "fleet, YAML files, one thread",
        &fleet(&yaml, &["--threads", "1"]),
        reports,
        None,
    )?;
    let lines = measure(
        "fleet, lines of JSON, all cores",
        &fleet(&json, &[]),
        reports,
        None,
    )?;
    measure(
        "fleet, lines of JSON, one thread",
        &fleet(&json, &["--threads", "1"]),
        reports,
        None,
    )?;
    measure(
        "fleet to HTML",
        &fleet(&yaml, &["--format", "html"]),
        reports,
        None,
    )?;
    let partial = place.join("partial.jsonl");
    let partial_name = partial.to_string_lossy().into_owned();
    let write = [doctor, "fleet", &yaml, "--partial", "-o", &partial_name].map(str::to_owned);
    measure("fleet --partial", &write, reports, None)?;
    measure(
        "fleet, from that summary",
        &fleet(&partial_name, &[]),
        reports,
        None,
    )?;
    let few_place = made.few.to_string_lossy().into_owned();
    let in_full = measure(
        "fleet --full-parser, one thread",
        &fleet(&few_place, &["--full-parser", "--threads", "1"]),
        few.len(),
        None,
    )?;
    let me = std::env::current_exe()?.to_string_lossy().into_owned();
    let mut command = vec![me, PARSE.to_owned()];
    command.extend(few.iter().cloned());
    let parser = measure(
        "the parser of YAML alone, one core",
        &command,
        few.len(),
        None,
    )?;
    let python = measure(
        "Python, PyYAML with its C loader",
        &["/usr/bin/python3", "-c", SCRIPT].map(str::to_owned),
        few.len(),
        Some(&few.join("\n")),
    )?;
    let few_lines = made.few_json.to_string_lossy().into_owned();
    for (name, command, count) in [
        (
            "jq over lines of JSON",
            vec![
                "jq",
                "-c",
                "[.verdict, (.findings[] | select(.status == \"fail\") | .check)]",
                &few_lines,
            ],
            few.len(),
        ),
        (
            "yq over YAML",
            vec![
                "yq",
                "-c",
                "[.verdict, (.findings[] | select(.status == \"fail\") | .check)]",
            ],
            few.len().min(100),
        ),
    ] {
        let mut command: Vec<String> = command.into_iter().map(str::to_owned).collect();
        if command.first().is_some_and(|program| program == "yq") {
            command.extend(few.iter().take(count).cloned());
        }
        if measure(name, &command, count, None).is_err() {
            println!("{name:<44} not measured: it is not installed, or failed");
        }
    }
    println!();
    for (what, one, other) in [
        ("YAML over the parser of YAML on one core", ours, parser),
        ("YAML on one thread over the parser of YAML", single, parser),
        ("YAML over PyYAML", ours, python),
        ("lines of JSON over YAML read in full", lines, in_full),
        ("lines of JSON over YAML", lines, ours),
    ] {
        println!("{what:<44} {:>9.1} times as fast", one / other);
    }
    Ok(())
}

/// What was made to be read.
struct Made {
    yaml: PathBuf,
    json: PathBuf,
    few: PathBuf,
    few_json: PathBuf,
    files: Vec<String>,
    yaml_bytes: u64,
    json_bytes: u64,
}

/// Makes the reports: the hosts of tests/hosts in turns, each with a name, a time, labels, a
/// patch level and faults of its own.
fn make(place: &Path, reports: usize) -> Result<Made> {
    let doctor = env!("CARGO_BIN_EXE_bpf-doctor");
    let hosts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts");
    let mut bases = Vec::new();
    for entry in fs::read_dir(hosts)? {
        let root = entry?.path().join("root");
        if root.is_dir() {
            let both = ["yaml", "json"].map(|format| {
                let mut command = Command::new(doctor);
                command
                    .args(["check", "--format", format, "--root"])
                    .arg(&root);
                command.env("SOURCE_DATE_EPOCH", "1767225600");
                command
                    .output()
                    .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
            });
            let [yaml, json] = both;
            // Compact, as a line.
            let json: serde_json::Value = serde_json::from_str(&json?)?;
            bases.push((yaml?, json.to_string()));
        }
    }
    ensure!(bases.len() > 10, "too few hosts in tests/hosts");
    bases.sort();
    let _new = fs::remove_dir_all(place);
    let yaml = place.join("yaml");
    let few = place.join("few");
    fs::create_dir_all(&few)?;
    let json = place.join("reports.jsonl");
    let few_json = place.join("few.jsonl");
    let mut lines = BufWriter::new(fs::File::create(&json)?);
    let mut few_lines = BufWriter::new(fs::File::create(&few_json)?);
    let mut files = Vec::new();
    let (mut yaml_bytes, mut json_bytes) = (0, 0);
    for number in 0..reports {
        let (yaml_base, json_base) = bases.get(number % bases.len()).context("no base")?;
        let text = varied(yaml_base, number, "hostname: ", "generated_at: '", "\n");
        let line = varied(
            json_base,
            number,
            "\"hostname\":\"",
            "\"generated_at\":\"",
            "\"",
        );
        let directory = yaml.join(format!("{:04}", number / A_DIRECTORY));
        if number % A_DIRECTORY == 0 {
            fs::create_dir_all(&directory)?;
        }
        let file = directory.join(format!("host-{number:06}.yaml"));
        fs::write(&file, &text)?;
        if number < FEW {
            fs::write(few.join(format!("host-{number:06}.yaml")), &text)?;
            few_lines.write_all(line.as_bytes())?;
            few_lines.write_all(b"\n")?;
            files.push(file.to_string_lossy().into_owned());
        }
        yaml_bytes += text.len() as u64;
        json_bytes += line.len() as u64 + 1;
        lines.write_all(line.as_bytes())?;
        lines.write_all(b"\n")?;
    }
    lines.flush()?;
    few_lines.flush()?;
    Ok(Made {
        yaml,
        json,
        few,
        few_json,
        files,
        yaml_bytes,
        json_bytes,
    })
}

/// A report of another host: its name and time, its patch level, its memory and numbers.
fn varied(base: &str, number: usize, name: &str, time: &str, end: &str) -> String {
    let mut text = String::with_capacity(base.len() + 64);
    let (before, rest) = base.split_once(time).unwrap_or((base, ""));
    text.push_str(before);
    text.push_str(time);
    // A week, in some order.
    let second = number * 7919 % (7 * 86_400);
    let (day, hour) = (1 + second / 86_400, second / 3600 % 24);
    text += &format!(
        "2026-01-{day:02}T{hour:02}:{:02}:{:02}Z",
        second / 60 % 60,
        second % 60
    );
    let rest = rest.get(20..).unwrap_or_default();
    let (before, rest) = rest.split_once(name).unwrap_or((rest, ""));
    text.push_str(before);
    text.push_str(name);
    let roles = ["web", "db", "cache", "edge", "batch"];
    let role = roles.get(number % roles.len()).copied().unwrap_or_default();
    text += &format!("{role}-{number:06}");
    let after = rest.find(end).unwrap_or(0);
    text.push_str(rest.get(after..).unwrap_or_default());
    // What a kernel update changes.
    if number.is_multiple_of(3) {
        text = text
            .replace("micros: ", "micros: 1")
            .replace("-cloud-", "-cloud1-");
    }
    // One in fifty has what the others of its kind don't: a check that is ok fails here.
    if number % 50 == 7 && end == "\n" {
        text = text.replacen(
            "  status: ok\n  severity: error\n",
            "  status: fail\n  severity: error\n",
            1,
        );
    } else if number % 50 == 7 {
        text = text.replacen("\"status\":\"ok\"", "\"status\":\"fail\"", 1);
    }
    text
}

/// Runs a command, prints a row and gives the reports a second.
fn measure(name: &str, command: &[String], reports: usize, input: Option<&str>) -> Result<f64> {
    let me = std::env::current_exe()?;
    let start = Instant::now();
    let mut child = Command::new(me);
    child
        .arg(PEAK)
        .args(command)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    child.stdin(if input.is_some() {
        Stdio::piped()
    } else {
        Stdio::null()
    });
    let mut child = child.spawn()?;
    if let (Some(mut to), Some(input)) = (child.stdin.take(), input) {
        to.write_all(input.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    let seconds = start.elapsed().as_secs_f64();
    ensure!(
        output.status.success(),
        "{name}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let peak: f64 = String::from_utf8_lossy(&output.stdout).trim().parse()?;
    let rate = reports as f64 / seconds;
    println!(
        "{name:<44} {reports:>9} {seconds:>9.2} {rate:>11.0} {:>9.0}",
        peak / 1024.0
    );
    Ok(rate)
}

/// Runs the command and prints the peak memory of it in KiB.
fn print_peak(command: &[String]) -> Result<()> {
    let (program, arguments) = command.split_first().context("no command")?;
    let output = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .output()?;
    // `fleet` says with 1 that hosts are not ready.
    ensure!(
        matches!(output.status.code(), Some(0 | 1 | 3)),
        "{program} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    println!("{}", getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss());
    Ok(())
}

fn parse(files: &[String]) -> Result<()> {
    for file in files {
        let text = fs::read_to_string(file)?;
        let report: bpf_doctor::report::Report = serde_yaml::from_str(&text)?;
        ensure!(!report.findings.is_empty(), "{file} has no findings");
    }
    Ok(())
}
