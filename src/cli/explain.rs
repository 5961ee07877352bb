//! `bpf-doctor explain`: what a log means.

use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use nix::sys::stat::SFlag;
use nix::sys::stat::stat;

use super::Exit;
use super::feed::Deadline;
use super::input::read_file;
use super::output::{OutputArguments, Terminal};
use bpf_doctor::catalogue::Catalogue;
use bpf_doctor::facts;
use bpf_doctor::features::{Names, Table};
use bpf_doctor::host::Opened;
use bpf_doctor::triage::{self, Cut, Explanation, KnownHost, Reading};
use bpf_doctor::{probes, report};

/// Shape of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs and for keeping
    Yaml,
    /// The same data
    Json,
}

/// Examples that `explain --help` ends with.
pub const EXAMPLES: &str = "Examples:
  bpf-doctor explain error.log                  a log, held against this host
  ./loader 2>&1 | bpf-doctor explain            what a program prints
  kubectl logs agent | bpf-doctor explain --host none
  bpf-doctor explain --host web-17.yaml x.log   held against a saved report of its host
  bpf-doctor explain --text 'libbpf: map \"m\": failed to create: Invalid argument(-22)'

Exit status: 0 something recognised (a failure, or harmless lines and no failure), 1 nothing
recognised, 2 wrong usage or unreadable input.";

/// Arguments of `bpf-doctor explain`.
#[derive(Debug, Clone, Args)]
pub struct ExplainArguments {
    /// The log, or its parts in order; `-`, or none, is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The text itself
    #[arg(long, value_name = "STRING", conflicts_with = "files")]
    #[arg(allow_hyphen_values = true, value_parser = pasted)]
    text: Option<String>,
    /// The host the log is from: this one (`live`), unknown (`none`), or the file of a saved
    /// report. A log that names another kernel is not held against this host
    #[arg(long, value_name = "live|none|REPORT", default_value = "live")]
    host: String,
    /// Add the checks of this file, or replace those with the same id (may be repeated)
    #[arg(long, value_name = "FILE")]
    checks: Vec<PathBuf>,
    /// Read no more than so many MiB of the log
    #[arg(long, value_name = "MIB", default_value_t = triage::LIMIT >> 20)]
    limit: u64,
    /// Wait no longer than so many seconds for a pipe to come to its end
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    wait: u64,
    /// Shape of the answer
    #[arg(long, short, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    output: OutputArguments,
}

/// The text of `--text`. Lines of a log may begin with dashes; one word that does is an option
/// whose text was forgotten, but for a number or the name of an error (`-22`, `-EPERM`).
fn pasted(text: &str) -> Result<String, String> {
    let mut named = text.trim_start_matches('-').chars();
    let is_long = text.starts_with("--");
    let is_short = text.starts_with('-') && named.next().is_some_and(|c| c.is_ascii_lowercase());
    if (is_long || is_short) && !text.contains(char::is_whitespace) {
        return Err("that is an option; give the text after --text, or pipe it in".to_owned());
    }
    Ok(text.to_owned())
}

/// Reads the log, explains it and prints the answer.
pub fn run(arguments: &ExplainArguments) -> anyhow::Result<Exit> {
    let mut terminal = Terminal::open(&arguments.output)?;
    let catalogue = super::check::catalogue(&arguments.checks)?;
    let reading = read(arguments, &catalogue)?;
    let explanation = explain(arguments, &catalogue, &reading)?;
    let text = match arguments.format {
        Format::Text => triage::text(&explanation, terminal.style()),
        Format::Yaml => bpf_doctor::yaml::to_string(&explanation)?,
        Format::Json => serde_json::to_string_pretty(&explanation)? + "\n",
    };
    terminal.write(&text)?;
    Ok(Exit::Status(explanation.exit_status()))
}

fn read(arguments: &ExplainArguments, catalogue: &Catalogue) -> anyhow::Result<Reading> {
    let limit = arguments.limit.saturating_mul(1 << 20);
    let deadline = Deadline::after(Duration::from_secs(arguments.wait));
    let (name, mut input): (String, Box<dyn Read>) = match &arguments.text {
        Some(text) => ("the text".to_owned(), Box::new(text.as_bytes())),
        None if arguments.files.is_empty() => {
            if io::stdin().is_terminal() {
                bail!("nothing to explain: name the file of a log, pipe one in, or give --text");
            }
            let input = deadline.feed(|| Ok(Box::new(io::stdin())));
            ("standard input".to_owned(), Box::new(input))
        }
        None => {
            let names = arguments
                .files
                .iter()
                .map(|file| file.display().to_string());
            let name = names.collect::<Vec<_>>().join(", ");
            let mut all: Box<dyn Read> = Box::new(io::empty());
            for file in &arguments.files {
                all = Box::new(all.chain(open(file, &deadline)?));
            }
            (name, all)
        }
    };
    let reading = triage::Searcher::new(catalogue).read(input.as_mut(), limit);
    let mut reading = reading.with_context(|| format!("can't read {name}"))?;
    if deadline.is_over() {
        reading.cut = Some(Cut::Seconds);
    }
    Ok(reading)
}

fn open(file: &Path, deadline: &Deadline) -> anyhow::Result<Box<dyn Read>> {
    if file.as_os_str() == "-" {
        return Ok(Box::new(deadline.feed(|| Ok(Box::new(io::stdin())))));
    }
    let context = || format!("can't read {}", file.display());
    let open = |file: &Path| std::fs::OpenOptions::new().read(true).open(file);
    let kind = SFlag::from_bits_truncate(stat(file).with_context(context)?.st_mode);
    if kind & SFlag::S_IFMT == SFlag::S_IFREG {
        return Ok(Box::new(open(file).with_context(context)?));
    }
    // Opening a pipe waits for someone who writes to it.
    let file = file.to_owned();
    Ok(Box::new(deadline.feed(move || Ok(Box::new(open(&file)?)))))
}

/// The log held against its host, as far as that is known.
fn explain(
    arguments: &ExplainArguments,
    catalogue: &Catalogue,
    reading: &Reading,
) -> anyhow::Result<Explanation> {
    // A bad report is said to be one, whatever the log says.
    let saved = match arguments.host.as_str() {
        "live" | "none" => None,
        file => Some(saved_host(Path::new(file))?),
    };
    let alone = triage::explain(catalogue, reading, &KnownHost::of_log(reading, None));
    if !alone.recognised {
        // Nothing is to be held against a host; one that was given is named all the same.
        return Ok(match saved {
            Some(host) => triage::explain(catalogue, reading, &host),
            None => alone,
        });
    }
    let host = match saved {
        Some(host) => host,
        None if arguments.host == "none" => return Ok(alone),
        None => {
            let facts = facts::collect(Opened::this().host.as_ref());
            KnownHost {
                facts,
                outcomes: Vec::new(),
                names: names(catalogue, reading),
                known_from: "live",
                note: None,
            }
        }
    };
    if let Some((release, line)) = &reading.release
        && !host.is_of(release)
    {
        let place = if arguments.host == "live" {
            "this host"
        } else {
            "the report"
        };
        let note =
            format!("line {line} names Linux {release}: the log is of another host than {place}");
        return Ok(triage::explain(
            catalogue,
            reading,
            &KnownHost::of_log(reading, Some(note)),
        ));
    }
    let host = match host.known_from {
        "live" => KnownHost {
            outcomes: probes::run(&|_| true, &probes::Limits::default()),
            ..host
        },
        _ => host,
    };
    Ok(triage::explain(catalogue, reading, &host))
}

/// What the BTF of this kernel names, where a line of the log says that it lacks something.
fn names(catalogue: &Catalogue, reading: &Reading) -> Option<Names> {
    let table = Table::built_in().ok();
    let table = table.filter(|_| reading.names_parts(catalogue))?;
    Some(Names::read(Opened::this().host.as_ref(), &table))
}

/// The largest report there is.
const REPORT_LIMIT: usize = 64 << 20;

fn saved_host(file: &Path) -> anyhow::Result<KnownHost> {
    let (name, bytes) = read_file(file, REPORT_LIMIT)?;
    let saved = report::read(&bytes).with_context(|| format!("can't read {name}"))?;
    Ok(KnownHost {
        facts: saved.facts,
        outcomes: saved.probes,
        names: None,
        known_from: "report",
        note: None,
    })
}
