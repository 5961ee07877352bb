//! `bpf-doctor fleet`: many reports, one audit.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use super::Exit;
use super::check::catalogue;
use super::input::{now, read_file};
use super::output::{OutputArguments, Terminal};
use super::paths;
use super::progress::Progress;
use super::remarks::{tell_bad, tell_faults, tell_inventory, tell_strangers, tell_swapped};
use bpf_doctor::Software;
use bpf_doctor::fleet::{self, Inventory, Reading, Summary, Weighing};
use bpf_doctor::report::Threshold;

/// Shape of the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Yaml,
    /// The same data
    Json,
    /// A row for each host and check, for spreadsheets; with -q of what fails or is unknown alone
    Csv,
    /// For tickets and wikis
    Markdown,
    /// One page for a browser: tables to sort, charts, search; it fetches nothing
    Html,
    /// Metrics for node_exporter's textfile collector
    Prometheus,
}

/// What counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum FailOn {
    /// Errors
    #[default]
    Error,
    /// Errors and warnings
    Warning,
    /// Nothing: the exit status is 0 or 2; hosts are judged as with `error`
    Never,
    /// What got worse since --baseline: 1 if a host broke or has another cause, else 0
    Regression,
}

/// Examples that `fleet --help` ends with.
pub const EXAMPLES: &str = "Examples:
  bpf-doctor fleet reports/                           all reports below a directory
  bpf-doctor fleet reports.tar.zst web-*.yaml         archives, files, patterns
  ssh collector cat all.jsonl.gz | bpf-doctor fleet - from a pipe
  bpf-doctor fleet reports/ --by role --by kernel     readiness by a label, and by kernel
  bpf-doctor fleet reports/ --inventory hosts.csv     with labels from an inventory
  bpf-doctor fleet now/ --baseline last-week/ --fail-on regression
  bpf-doctor fleet shard-7/ --partial -o 7.jsonl      a summary, for another `fleet` to read
  bpf-doctor fleet 1.jsonl 2.jsonl 7.jsonl            many summaries, one audit

Exit status: 0 all hosts ready, 1 some are not ready, 2 wrong usage or an input that could not be
used (the audit is printed all the same), 3 nothing fails, but some hosts are undetermined.";

/// Arguments of `bpf-doctor fleet`.
#[derive(Debug, Clone, Args)]
pub struct FleetArguments {
    /// Reports in YAML, JSON or lines of JSON, one or many in a file; directories, patterns,
    /// .gz, .zst, .xz and .tar of them; summaries of `--partial`; `-` is standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Reports or a summary of an earlier time, to tell what changed (may be repeated)
    #[arg(long, value_name = "PATH", conflicts_with = "partial")]
    baseline: Vec<PathBuf>,
    /// Write a summary that `fleet` reads like reports, instead of an audit
    #[arg(long, conflicts_with_all = ["format", "by", "profile", "strict", "fail_on"])]
    partial: bool,
    /// Group by this: kernel, distribution, arch, container, virtualization, user, doctor,
    /// profile, or a label (may be repeated)
    #[arg(long, value_name = "KEY")]
    by: Vec<String>,
    /// Labels of hosts, on top of those in reports: CSV whose first column names the host and
    /// whose others are labels, or a map in YAML
    #[arg(long, value_name = "FILE")]
    inventory: Option<PathBuf>,
    /// Judge by this software alone, where reports tell of software (may be repeated)
    #[arg(long, value_name = "NAME")]
    profile: Vec<String>,
    /// From which severity on a failing check counts; or what got worse
    #[arg(long, value_enum, default_value_t, value_name = "SEVERITY")]
    fail_on: FailOn,
    /// Let warnings and what is unknown count, too
    #[arg(long)]
    strict: bool,
    /// Let inputs that can't be used be told, and not decide the exit status
    #[arg(long)]
    keep_going: bool,
    /// How many threads read; as many as there are processors, if not said
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Have the parser read every report in full; slower, and the same result
    #[arg(long)]
    full_parser: bool,
    /// Shape of the audit
    #[arg(long, short, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    output: OutputArguments,
}

/// How far clocks may be apart, in seconds.
const A_DAY: u64 = 86_400;
/// An inventory of some million hosts, in bytes.
const INVENTORY_LIMIT: usize = 256 << 20;

/// Reads the reports and prints the audit.
pub fn run(arguments: &FleetArguments) -> anyhow::Result<Exit> {
    if arguments.fail_on == FailOn::Regression && arguments.baseline.is_empty() {
        bail!("--fail-on regression needs --baseline: what was it like before?");
    }
    let inputs = |path: &PathBuf| path.as_os_str() == "-";
    let all = arguments.paths.iter().chain(&arguments.baseline);
    if all.filter(|path| inputs(path)).count() > 1 {
        bail!("`-` can be named once: standard input is read once");
    }
    let mut terminal = Terminal::open(&arguments.output)?;
    // What decides the exit status is told, however little is to be said.
    let quiet = arguments.output.is_quiet();
    let tells_bad = !quiet || !arguments.keep_going;
    let remark = |text: &str| {
        if !quiet {
            Terminal::warn(text);
        }
    };
    let inventory = match &arguments.inventory {
        None => None,
        Some(file) => {
            let (name, bytes) = read_file(file, INVENTORY_LIMIT)?;
            let read = Inventory::read(&bytes).map_err(anyhow::Error::msg);
            let read = read.with_context(|| format!("can't read the inventory {name}"))?;
            Some((read, name))
        }
    };
    let avoid = arguments.output.path();
    if let Some(path) = avoid
        && let Ok(real) = path.canonicalize()
        && arguments
            .baseline
            .iter()
            .any(|before| paths::is_at(before, &real))
    {
        bail!(
            "--output would replace the baseline {}: name another file",
            path.display()
        );
    }
    let mut before = match arguments.baseline.is_empty() {
        true => None,
        false => Some(gather(&arguments.baseline, avoid, arguments)?),
    };
    if let Some(before) = &before {
        if tells_bad {
            tell_bad(before, "baseline: ");
        }
        if before.is_empty() {
            let named: Vec<String> = arguments
                .baseline
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            bail!("no report was found in the baseline {}", named.join(", "));
        }
    }
    let mut summary = gather(&arguments.paths, avoid, arguments)?;
    if tells_bad {
        tell_bad(&summary, "");
    }
    let mut bad = summary.bad() + before.as_ref().map_or(0, Summary::bad);
    if summary.is_empty() {
        bail!("no report was found");
    }
    if let Some((inventory, name)) = &inventory {
        bad += inventory.faults().len() as u64;
        if tells_bad {
            tell_faults(name, inventory);
        }
        let labelled = summary.label(inventory);
        if !quiet {
            tell_inventory(name, inventory, &labelled);
        }
    }
    let spoilt = bad > 0 && !arguments.keep_going;
    if arguments.partial {
        terminal.stream(|out| summary.write(out))?;
        return Ok(if spoilt {
            Exit::Trouble
        } else {
            Exit::Status(0)
        });
    }
    summary.join_needs(before.as_mut());
    let weighing = weighing(arguments, &summary)?;
    for name in &weighing.profiles {
        if !summary.tells_of(name) {
            Software::new(&catalogue(&[])?, std::slice::from_ref(name))
                .with_context(|| format!("no report tells of the software {name}"))?;
            bail!("no report tells of the software {name}; `check --profile {name}` makes some");
        }
    }
    for key in &arguments.by {
        if key == "profile" && !summary.tells_of_any() {
            remark("no report tells of software; `check --profile NAME` makes some that do");
        }
        match fleet::label_of(key) {
            Some(label) if !summary.has_label(label) => {
                let is_left_out = summary.left_out().any(|name| name == label);
                remark(&match is_left_out {
                    true => format!(
                        "no host has a label {label} any more: there was no room for all its values"
                    ),
                    false => format!("no host has a label {label}"),
                });
            }
            None if summary.has_label(key) => remark(&format!(
                "--by {key} is what reports say themselves; by the label {key}, it is --by {}",
                fleet::by_label(key)
            )),
            _ => {}
        }
    }
    let time = now()?.0;
    let audit = fleet::audit(&summary, &weighing, &arguments.by, before.as_ref(), &time);
    if let Some(changes) = audit.changes.as_ref().filter(|_| !quiet) {
        tell_strangers(changes, audit.hosts);
        if changes.swapped {
            tell_swapped(before.as_ref(), &summary);
        }
    }
    let text = match arguments.format {
        // Rows of all hosts, too many to hold.
        Format::Csv => {
            if summary.label_keys() > fleet::LABEL_COLUMNS {
                remark(&format!(
                    "of {} labels the {} that most hosts have are columns",
                    summary.label_keys(),
                    fleet::LABEL_COLUMNS
                ));
            }
            if before.is_some() {
                remark(
                    "--baseline has no rows in CSV; every other format tells what changed since",
                );
            }
            terminal.stream(|out| fleet::csv(&summary, &weighing, !quiet, out))?;
            None
        }
        Format::Text => Some(fleet::text(&audit, terminal.style())),
        Format::Yaml => Some(fleet::yaml(&audit)?),
        Format::Json => Some(fleet::json(&audit)?),
        Format::Markdown => Some(fleet::markdown(&audit)),
        Format::Html => Some(fleet::html(&audit, &summary, &weighing)?),
        Format::Prometheus => Some(fleet::prometheus(&audit)),
    };
    if let Some(text) = text {
        terminal.write(&text)?;
    }
    Ok(match arguments.fail_on {
        _ if spoilt => Exit::Trouble,
        FailOn::Never => Exit::Status(0),
        FailOn::Regression => {
            let worse = audit
                .changes
                .as_ref()
                .is_some_and(|changes| changes.regression);
            Exit::Status(u8::from(worse))
        }
        _ => Exit::Status(audit.verdicts.worst().exit_status()),
    })
}

/// Stands for all software, as with `check`.
const ALL: &str = "all";

/// What counts: with `--profile all` as the reports were made, each host by the software that
/// it was asked for.
fn weighing(arguments: &FleetArguments, summary: &Summary) -> anyhow::Result<Weighing> {
    let is_all = |name: &&String| *name == ALL && !summary.tells_of(name) && summary.tells_of_any();
    let all = arguments.profile.iter().any(|name| is_all(&name));
    Ok(Weighing {
        threshold: threshold(arguments),
        profiles: match all {
            true => Vec::new(),
            false => arguments.profile.clone(),
        },
        requires: bpf_doctor::built_in_requirements()?,
        of_interest: None,
    })
}

fn gather(
    paths: &[PathBuf],
    avoid: Option<&Path>,
    arguments: &FleetArguments,
) -> anyhow::Result<Summary> {
    let quiet = arguments.output.is_quiet();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let reading = Reading {
        threads: arguments.threads.unwrap_or(processors),
        in_full: arguments.full_parser,
        latest: Some(now()?.1 + A_DAY),
    };
    let inputs = paths::inputs(paths, avoid, quiet);
    let progress = Progress::new(quiet);
    let inputs = progress.counting(inputs);
    let summary = fleet::gather(inputs, reading, &|reports| progress.tell(reports));
    progress.end();
    Ok(summary)
}

fn threshold(arguments: &FleetArguments) -> Threshold {
    match arguments.fail_on {
        _ if arguments.strict => Threshold::Strict,
        FailOn::Error | FailOn::Regression | FailOn::Never => Threshold::Error,
        FailOn::Warning => Threshold::Warning,
    }
}
