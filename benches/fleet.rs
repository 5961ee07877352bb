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
use nix::sys::time::TimeVal;

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
/// How often each is measured, unless the environment says otherwise.
const ROUNDS: usize = 3;

/// What people write: how many hosts have which verdict, and which checks fail.
const SCRIPT: &str = "
import collections, json, sys, yaml
verdicts, causes = collections.Counter(), collections.Counter()
for name in sys.stdin.read().split():
    with open(name) as file:
        report = yaml.load(file, Loader=yaml.CSafeLoader)
    verdicts[report['verdict']] += 1
    causes.update(one['check'] for one in report['findings'] if one['status'] == 'fail')
assert verdicts, 'no report was named'
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
    let rounds = match std::env::var("BPF_DOCTOR_BENCH_ROUNDS") {
        Ok(number) => number
            .parse()
            .context("BPF_DOCTOR_BENCH_ROUNDS is no number")?,
        Err(_) => ROUNDS,
    };
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fleet-bench");
    let made = make(&place, reports)?;
    let few = made.files.len();
    println!(
        "\n{reports} reports of {} kB, {} MB of YAML, {} MB as lines of JSON; medians of {rounds} rounds\n",
        made.yaml_bytes / 1000 / reports.max(1) as u64,
        made.yaml_bytes / 1_000_000,
        made.json_bytes / 1_000_000
    );
    println!(
        "{:<46} {:>8} {:>8} {:>8} {:>10} {:>7} {:>8}",
        "", "reports", "seconds", "of CPU", "reports/s", "MB/s", "peak MB"
    );
    let doctor = env!("CARGO_BIN_EXE_bpf-doctor");
    let me = std::env::current_exe()?.to_string_lossy().into_owned();
    let name = |path: &Path| path.to_string_lossy().into_owned();
    let fleet = |path: &Path, more: &[&str]| -> Vec<String> {
        let mut command = vec![doctor.to_owned(), "fleet".to_owned(), name(path)];
        command.extend(["-q", "-o", "/dev/null"].map(str::to_owned));
        command.extend(more.iter().map(|word| (*word).to_owned()));
        command
    };
    let one = ["--threads", "1"];
    let in_full = ["--full-parser"];
    let in_full_one = ["--full-parser", "--threads", "1"];
    let mut parser = vec![me, PARSE.to_owned()];
    parser.extend(made.files.iter().cloned());
    let script = ["/usr/bin/python3", "-c", SCRIPT].map(str::to_owned);
    let listed = made.files.join("\n");
    let (yaml, json) = (made.yaml_bytes, made.json_bytes);
    let part = |bytes: u64| bytes / reports.max(1) as u64 * few as u64;
    let mut all = [
        Contender::new(
            "fleet, YAML files, all cores",
            fleet(&made.yaml, &[]),
            reports,
            yaml,
        ),
        Contender::new(
            "fleet, YAML files, one thread",
            fleet(&made.yaml, &one),
            reports,
            yaml,
        ),
        Contender::new(
            "fleet, lines of JSON, all cores",
            fleet(&made.json, &[]),
            reports,
            json,
        ),
        Contender::new(
            "fleet, lines of JSON, one thread",
            fleet(&made.json, &one),
            reports,
            json,
        ),
        Contender::new(
            "fleet --full-parser, YAML, all cores",
            fleet(&made.few, &in_full),
            few,
            part(yaml),
        ),
        Contender::new(
            "fleet --full-parser, YAML, one thread",
            fleet(&made.few, &in_full_one),
            few,
            part(yaml),
        ),
        Contender::new(
            "the parser of YAML alone, one core",
            parser,
            few,
            part(yaml),
        ),
        Contender::new(
            "Python, PyYAML with its C loader",
            script.to_vec(),
            few,
            part(yaml),
        ),
    ];
    if let Some(python) = all.last_mut() {
        python.input = Some(listed);
    }
    // In turns, so that whatever else the machine does meets them all.
    for _ in 0..rounds {
        for contender in &mut all {
            contender.run()?;
        }
    }
    let rates = all.each_ref().map(Contender::told);
    let [ours, single, lines, line, full, full_single, alone, python] = rates;

    let tenth = made.yaml.join("0000");
    let summary = place.join("partial.jsonl");
    let html = place.join("fleet.html");
    let to = |file: &Path| ["-o".to_owned(), name(file)];
    let mut partial = [doctor, "fleet", "--partial", "-q"]
        .map(str::to_owned)
        .to_vec();
    partial.push(name(&made.yaml));
    partial.extend(to(&summary));
    let mut page = [doctor, "fleet", "--format", "html", "-q"]
        .map(str::to_owned)
        .to_vec();
    page.push(name(&summary));
    page.extend(to(&html));
    let filter = "[.verdict, (.findings[] | select(.status == \"fail\") | .check)]";
    let jq = ["jq", "-c", filter, &name(&made.few_json)].map(str::to_owned);
    let mut yq = ["yq", "-c", filter].map(str::to_owned).to_vec();
    let fewer = few.min(100);
    yq.extend(made.files.iter().take(fewer).cloned());
    let a_directory = reports.min(A_DIRECTORY);
    for (what, command, count, bytes) in [
        (
            "fleet, YAML files, the first of them",
            fleet(&tenth, &[]),
            a_directory,
            part(yaml),
        ),
        ("fleet --partial, YAML files", partial, reports, yaml),
        ("fleet, from that summary", fleet(&summary, &[]), reports, 0),
        ("fleet, from that summary to HTML", page, reports, 0),
        ("jq over lines of JSON", jq.to_vec(), few, part(json)),
        (
            "yq over YAML",
            yq,
            fewer,
            part(yaml) / few.max(1) as u64 * fewer as u64,
        ),
    ] {
        let program = command.first().cloned().unwrap_or_default();
        let mut contender = Contender::new(what, command, count, bytes);
        match contender.run() {
            Ok(()) => {
                contender.told();
            }
            Err(_) if program != doctor => {
                println!("{what:<46} not measured: it is not installed, or failed");
            }
            Err(error) => return Err(error),
        }
    }
    for (what, file) in [("that summary", &summary), ("the page", &html)] {
        let bytes = fs::metadata(file)?.len();
        println!(
            "{what:<46} {:>8.1} MB, {} bytes a host",
            bytes as f64 / 1e6,
            bytes / reports.max(1) as u64
        );
    }
    println!();
    for (what, a, b) in [
        ("YAML, all cores, over the parser alone on one", ours, alone),
        ("YAML, one thread, over the parser alone", single, alone),
        (
            "YAML in full, all cores, over the parser alone",
            full,
            alone,
        ),
        ("YAML over PyYAML", ours, python),
        ("YAML in full over PyYAML", full, python),
        ("JSON over YAML in full, all cores", lines, full),
        ("JSON over YAML in full, one thread", line, full_single),
        ("JSON over YAML as read, all cores", lines, ours),
        ("JSON over YAML as read, one thread", line, single),
    ] {
        let ([time, work], [other_time, other_work]) = (a, b);
        println!(
            "{what:<46} {:>8.1} times as fast, {:>5.1} by a processor's time",
            time / other_time,
            work / other_work
        );
    }
    Ok(())
}

/// Something that reads reports.
struct Contender {
    name: &'static str,
    command: Vec<String>,
    /// For its standard input.
    input: Option<String>,
    reports: usize,
    bytes: u64,
    seconds: Vec<f64>,
    /// Of processors.
    work: Vec<f64>,
    peak_mb: f64,
}

impl Contender {
    fn new(name: &'static str, command: Vec<String>, reports: usize, bytes: u64) -> Self {
        Self {
            name,
            command,
            input: None,
            reports,
            bytes,
            seconds: Vec::new(),
            work: Vec::new(),
            peak_mb: 0.0,
        }
    }

    fn run(&mut self) -> Result<()> {
        let cost = measure(self.name, &self.command, self.input.as_deref())?;
        self.seconds.push(cost.seconds);
        self.work.push(cost.work);
        self.peak_mb = self.peak_mb.max(cost.peak_mb);
        Ok(())
    }

    /// Prints the row, and gives the reports a second, and those a second of a processor.
    fn told(&self) -> [f64; 2] {
        let (seconds, work) = (median(&self.seconds), median(&self.work));
        let rate = self.reports as f64 / seconds;
        let speed = match self.bytes {
            0 => String::new(),
            bytes => format!("{:.0}", bytes as f64 / 1e6 / seconds),
        };
        println!(
            "{:<46} {:>8} {seconds:>8.2} {work:>8.2} {rate:>10.0} {speed:>7} {:>8.0}",
            self.name, self.reports, self.peak_mb
        );
        [rate, self.reports as f64 / work]
    }
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
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

/// A report that others are made of.
struct Base {
    yaml: String,
    json: String,
}

/// Roles of hosts.
const ROLES: &[&str] = &["web", "db", "cache", "edge", "batch"];
/// What stands in a base where hosts differ.
const NAME: &str = "bench-name";
const ROLE: &str = "bench-role";
const TIME: &str = "2026-01-01T00:00:00Z";

/// The reports of real hosts: those of tests/hosts, and those that `make test-kernels` left of
/// kernels under QEMU, diagnosed again with the catalogue of today.
fn bases() -> Result<Vec<Base>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    for entry in fs::read_dir(root.join("tests/hosts"))? {
        let host = entry?.path().join("root");
        if host.is_dir() {
            sources.push(("--root", host));
        }
    }
    let files = sources.len();
    let kernels = match std::env::var_os("BPF_DOCTOR_BENCH_KERNELS") {
        Some(kernels) => PathBuf::from(kernels),
        None => Path::new(env!("CARGO_TARGET_TMPDIR")).join("kernels"),
    };
    let pattern = format!("{}/*/*/report.txt", kernels.display());
    // What the bench of kernels lets itself be lied to is no host.
    let faults = kernels.join("faults");
    let reports = glob::glob(&pattern)?.flatten();
    for report in reports.filter(|report| !report.starts_with(&faults)) {
        if fs::read(&report)?.starts_with(b"schema: bpf-doctor/report") {
            sources.push(("--from", report));
        }
    }
    println!(
        "made of {files} hosts in tests/hosts and {} reports of real kernels{}",
        sources.len() - files,
        match sources.len() == files {
            true => " (make test-kernels leaves some)",
            false => "",
        }
    );
    sources.sort();
    let doctor = env!("CARGO_BIN_EXE_bpf-doctor");
    let mut bases = Vec::new();
    for (how, source) in sources {
        let print = |format: &str| -> Result<String> {
            let mut command = Command::new(doctor);
            command
                .args(["check", "--format", format, how])
                .arg(&source);
            if how == "--root" {
                command.args(["--label", &format!("role={ROLE}")]);
            }
            let output = command.env("SOURCE_DATE_EPOCH", "1767225600").output()?;
            let text = String::from_utf8(output.stdout)?;
            // A report that was read keeps its time.
            let key = match format {
                "yaml" => "generated_at: '",
                _ => "\"generated_at\": \"",
            };
            let (before, rest) = text
                .split_once(key)
                .with_context(|| format!("{} gives no report", source.display()))?;
            let rest = rest.get(TIME.len()..).unwrap_or_default();
            Ok(format!("{before}{key}{TIME}{rest}"))
        };
        let (yaml, json) = (print("yaml")?, compact(&print("json")?));
        bases.push(Base {
            yaml: named(&yaml, "  hostname: ", "\n", "\n  machine_id: "),
            json: named(&json, "\"hostname\":", ",", ",\"machine_id\":"),
        });
    }
    ensure!(bases.len() > 10, "too few hosts");
    Ok(bases)
}

/// The report with a name and a machine id of its own, which `NAME` stands for.
fn named(text: &str, key: &str, end: &str, machine: &str) -> String {
    let quote = if end == "," { "\"" } else { "" };
    let (before, rest) = text.split_once(key).unwrap_or((text, ""));
    let after = rest
        .find(end)
        .and_then(|at| rest.get(at..))
        .unwrap_or_default();
    format!("{before}{key}{quote}{NAME}{quote}{machine}{quote}id-{NAME}{quote}{after}")
}

/// The same JSON without spaces and line ends between its tokens.
fn compact(json: &str) -> String {
    let (mut out, mut inside, mut escaped) = (String::with_capacity(json.len()), false, false);
    for c in json.chars() {
        if inside || !c.is_ascii_whitespace() {
            out.push(c);
        }
        match c {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' => inside = !inside,
            _ => {}
        }
    }
    out
}

/// Makes the reports: the bases in turns, each with a name, a machine id, a time, a label,
/// a patch level and faults of its own.
fn make(place: &Path, reports: usize) -> Result<Made> {
    let bases = bases()?;
    if place.exists() {
        fs::remove_dir_all(place)?;
    }
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
        let base = bases.get(number % bases.len()).context("no base")?;
        let text = varied(
            &base.yaml,
            number,
            (
                "  status: ok\n  severity: error\n",
                "  status: fail\n  severity: error\n",
            ),
        );
        let line = varied(
            &base.json,
            number,
            (
                "\"status\":\"ok\",\"severity\":\"error\"",
                "\"status\":\"fail\",\"severity\":\"error\"",
            ),
        ) + "\n";
        let directory = yaml.join(format!("{:04}", number / A_DIRECTORY));
        if number % A_DIRECTORY == 0 {
            fs::create_dir_all(&directory)?;
        }
        let file = directory.join(format!("host-{number:06}.yaml"));
        fs::write(&file, &text)?;
        if number < FEW {
            fs::write(few.join(format!("host-{number:06}.yaml")), &text)?;
            few_lines.write_all(line.as_bytes())?;
            files.push(file.to_string_lossy().into_owned());
        }
        yaml_bytes += text.len() as u64;
        json_bytes += line.len() as u64;
        lines.write_all(line.as_bytes())?;
    }
    lines.flush()?;
    few_lines.flush()?;
    // What is measured is reading: the kernel has written to the disk before.
    let synced = Command::new("sync").status().context("sync")?;
    ensure!(synced.success(), "sync: {synced}");
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

/// A report of another host.
fn varied(base: &str, number: usize, (ok, fails): (&str, &str)) -> String {
    let role = ROLES.get(number % ROLES.len()).copied().unwrap_or_default();
    // A week, in some order.
    let second = number * 7919 % (7 * 86_400);
    let time = format!(
        "2026-01-{:02}T{:02}:{:02}:{:02}Z",
        1 + second / 86_400,
        second / 3600 % 24,
        second / 60 % 60,
        second % 60
    );
    let mut text = base
        .replacen(TIME, &time, 1)
        .replace(NAME, &format!("{role}-{number:06}"))
        .replacen(ROLE, role, 1);
    // What a kernel update changes, and how long experiments took: another time in each.
    if number.is_multiple_of(3) {
        text = text.replace("-cloud-", "-cloud1-");
    }
    text = timed(&timed(&text, "micros: ", number), "\"micros\":", number);
    // One in fifty has what the others of its kind don't: a check that is ok fails here.
    if number % 50 == 7 {
        text = failing(&text, ok, fails);
    }
    text
}

/// The report with its first check that is ok failing, as its summary and its verdict say too.
fn failing(text: &str, ok: &str, fails: &str) -> String {
    let mut text = match text.split_once(ok) {
        Some((before, after)) => format!("{before}{fails}{after}"),
        None => return text.to_owned(),
    };
    for (keys, by) in [
        (["\n  ok: ", "\"ok\":"], -1),
        (["\n  fail: ", "\"fail\":"], 1),
    ] {
        for key in keys {
            text = counted(&text, key, by);
        }
    }
    for verdict in ["ready", "undetermined"] {
        for (key, end) in [("\nverdict: ", "\n"), ("\"verdict\":\"", "\"")] {
            let (old, new) = (
                format!("{key}{verdict}{end}"),
                format!("{key}not-ready{end}"),
            );
            text = text.replacen(&old, &new, 1);
        }
    }
    text
}

/// The text with the number behind the first of these keys changed.
fn counted(text: &str, key: &str, by: i64) -> String {
    let Some((before, after)) = text.split_once(key) else {
        return text.to_owned();
    };
    let end = after
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(after.len());
    let (number, rest) = after.split_at(end);
    let number = number.parse::<i64>().unwrap_or_default() + by;
    format!("{before}{key}{number}{rest}")
}

/// The text with another number behind each of these keys.
fn timed(text: &str, key: &str, number: usize) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    let mut state = number as u64;
    while let Some((before, after)) = rest.split_once(key) {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        out.push_str(before);
        out.push_str(key);
        out.push_str(&(5 + (state >> 33) % 90_000).to_string());
        rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    out.push_str(rest);
    out
}

/// What a run took.
struct Cost {
    seconds: f64,
    work: f64,
    peak_mb: f64,
}

/// Runs a command.
fn measure(name: &str, command: &[String], input: Option<&str>) -> Result<Cost> {
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
    let said = String::from_utf8_lossy(&output.stdout);
    let (peak, work) = said.trim().split_once(' ').context("no two numbers")?;
    Ok(Cost {
        seconds,
        work: work.parse()?,
        peak_mb: peak.parse::<f64>()? * 1024.0 / 1e6,
    })
}

/// Runs the command and prints its peak memory in KiB, and the seconds of processors it took.
fn print_peak(command: &[String]) -> Result<()> {
    let (program, arguments) = command.split_first().context("no command")?;
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::inherit())
        .stdout(Stdio::null())
        .output()?;
    // `fleet` says with 1 that hosts are not ready.
    ensure!(
        matches!(output.status.code(), Some(0 | 1 | 3)),
        "{program} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let seconds = |time: TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    println!(
        "{} {}",
        usage.max_rss(),
        seconds(usage.user_time()) + seconds(usage.system_time())
    );
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
