//! `bpf-doctor fleet`: many reports, one audit.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use super::Exit;
use super::input::{now, read_file};
use super::output::{OutputArguments, Terminal};
use super::paths;
use super::progress::Progress;
use bpf_doctor::fleet::{self, Inventory, Labelled, Reading, Summary, Weighing};
use bpf_doctor::report::{Threshold, clean};

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
    #[arg(long, conflicts_with_all = ["format", "by"])]
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
    let before = match arguments.baseline.is_empty() {
        true => None,
        false => Some(gather(&arguments.baseline, avoid, arguments)?),
    };
    if let Some(before) = &before {
        tell_bad(before, "baseline: ");
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
    tell_bad(&summary, "");
    let mut bad = summary.bad() + before.as_ref().map_or(0, Summary::bad);
    if summary.is_empty() {
        bail!("no report was found");
    }
    if let Some((inventory, name)) = &inventory {
        bad += inventory.faults().len() as u64;
        tell_inventory(name, inventory, &summary.label(inventory));
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
    let weighing = Weighing {
        threshold: threshold(arguments),
        profiles: arguments.profile.clone(),
    };
    for name in &arguments.profile {
        if !summary.tells_of(name) {
            bail!("no report tells of the software {name}; `check --profile {name}` makes some");
        }
    }
    for key in &arguments.by {
        if !fleet::GROUPS.contains(&key.as_str()) && !summary.has_label(key) {
            let is_left_out = summary.left_out().any(|name| name == key);
            Terminal::warn(&match is_left_out {
                true => format!(
                    "no host has a label {key} any more: there was no room for all its values"
                ),
                false => format!("no host has a label {key}"),
            });
        }
        if fleet::GROUPS.contains(&key.as_str()) && summary.has_label(key) {
            Terminal::warn(&format!(
                "--by {key} is what reports say themselves; to group by the label {key}, give it \
                 another name"
            ));
        }
    }
    let time = now()?.0;
    let audit = fleet::audit(&summary, &weighing, &arguments.by, before.as_ref(), &time);
    if let Some(changes) = &audit.changes {
        tell_strangers(changes, audit.hosts);
        if changes.swapped {
            tell_swapped(before.as_ref(), &summary);
        }
    }
    let text = match arguments.format {
        // Rows of all hosts, too many to hold.
        Format::Csv => {
            if summary.label_keys() > fleet::LABEL_COLUMNS {
                Terminal::warn(&format!(
                    "of {} labels the {} that most hosts have are columns",
                    summary.label_keys(),
                    fleet::LABEL_COLUMNS
                ));
            }
            let all = !arguments.output.is_quiet();
            terminal.stream(|out| fleet::csv(&summary, &weighing, all, out))?;
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

fn gather(
    paths: &[PathBuf],
    avoid: Option<&Path>,
    arguments: &FleetArguments,
) -> anyhow::Result<Summary> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let reading = Reading {
        threads: arguments.threads.unwrap_or(processors),
        in_full: arguments.full_parser,
        latest: Some(now()?.1 + A_DAY),
    };
    let inputs = paths::inputs(paths, avoid);
    let progress = Progress::new(arguments.output.is_quiet());
    let inputs = progress.counting(inputs);
    let summary = fleet::gather(inputs, reading, &|reports| progress.tell(reports));
    progress.end();
    Ok(summary)
}

/// What an inventory has that is of no use: rows, hosts without a report, hosts named twice.
fn tell_inventory(name: &str, inventory: &Inventory, labelled: &Labelled<'_>) {
    const TOLD: usize = 20;
    let named = |names: &mut dyn Iterator<Item = &str>| {
        let names: Vec<String> = names.map(clean).collect();
        let some: Vec<String> = names.iter().take(5).cloned().collect();
        let dots = if names.len() > some.len() {
            ", …"
        } else {
            ""
        };
        (names.len(), some.join(", ") + dots)
    };
    let faults = inventory.faults();
    for fault in faults.iter().take(TOLD) {
        Terminal::warn(&clean(&format!("{name}: {fault}")));
    }
    if faults.len() > TOLD {
        let rest = faults.len() - TOLD;
        Terminal::warn(&format!(
            "{name}: and {rest} more rows that could not be used"
        ));
    }
    if let Some(host) = labelled.headless() {
        Terminal::warn(&clean(&format!(
            "{name}: its first line is one of the host {host}, which gets no labels: the first line must \
             name the columns, such as `host,role,site`"
        )));
    }
    let (count, some) = named(&mut inventory.twice().iter().map(String::as_str));
    if count > 0 {
        Terminal::warn(&format!(
            "{name}: {count} named more than once, of which the last row counts: {some}"
        ));
    }
    let (count, some) = named(&mut labelled.ambiguous());
    if count > 0 {
        Terminal::warn(&format!(
            "{name}: {count} may mean several hosts, and label none of them: {some} (write the \
             names in full, with their domains)"
        ));
    }
    let (count, some) = named(&mut labelled.unmatched());
    if inventory.is_empty() {
        Terminal::warn(&format!("{name}: the inventory names no host"));
    } else if labelled.hosts() == 0 {
        let first = match some.is_empty() {
            true => String::new(),
            false => format!(" (its first: {some})"),
        };
        Terminal::warn(&format!(
            "{name}: the inventory labels none of these hosts{first}"
        ));
    } else if count > 0 {
        Terminal::warn(&format!("{name}: {count} without a report: {some}"));
    }
}

/// Where nearly every host is a new one and nearly every old one is gone, it is the names that
/// changed, and nothing is compared.
fn tell_strangers(changes: &fleet::Changes, hosts: u64) {
    let nearly = |part: u64, whole: u64| part > 0 && part * 10 >= whole * 9;
    if nearly(changes.new.hosts, hosts) && nearly(changes.gone.hosts, changes.hosts_before) {
        Terminal::warn(&format!(
            "{} of {hosts} hosts are new and {} of {} are gone: if they are the same, their reports have \
             no machine id that lasts and no name that does (in a pod: mount /etc/machine-id, and check \
             --hostname NODE)",
            changes.new.hosts, changes.gone.hosts, changes.hosts_before
        ));
    }
}

/// Where the baseline is newer than the reports, one was probably given for the other.
fn tell_swapped(before: Option<&Summary>, now: &Summary) {
    let (then, now) = (before.and_then(Summary::newest), now.newest());
    if let (Some(then), Some(now)) = (then, now) {
        Terminal::warn(&format!(
            "the baseline is newer than the reports (its newest is of {then}, theirs of {now}): \
             are the two swapped?"
        ));
    }
}

/// The first of them; the audit has more.
fn tell_bad(summary: &Summary, of: &str) {
    const TOLD: usize = 20;
    // The first of each file, before more of any.
    let mut seen = BTreeSet::new();
    let (mut told, mut more) = (Vec::new(), Vec::new());
    for bad in summary.bad_reports() {
        match seen.insert(bad.source.as_str()) {
            true => told.push(bad),
            false => more.push(bad),
        }
    }
    told.extend(more);
    told.truncate(TOLD);
    told.sort_unstable();
    for bad in told {
        Terminal::warn(&format!("{of}{}", bad.told()));
    }
    let rest = summary.bad().saturating_sub(TOLD as u64);
    if rest > 0 {
        Terminal::warn(&format!("{of}and {rest} more that could not be used"));
    }
}

fn threshold(arguments: &FleetArguments) -> Threshold {
    match arguments.fail_on {
        _ if arguments.strict => Threshold::Strict,
        FailOn::Error | FailOn::Regression | FailOn::Never => Threshold::Error,
        FailOn::Warning => Threshold::Warning,
    }
}
