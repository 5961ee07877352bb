//! `bpf-doctor check`: this host, diagnosed.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use super::Exit;
use super::output::{OutputArguments, Terminal, env};
use bpf_doctor::catalogue::Catalogue;
use bpf_doctor::host::{Directory, Host, Live};
use bpf_doctor::report::{self, Origin, Report, Threshold};
use bpf_doctor::{Selection, diagnosis, facts, probes};

/// Shape of the report.
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

/// From which severity on a failing check makes the host not ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum FailOn {
    /// Errors
    #[default]
    Error,
    /// Errors and warnings
    Warning,
    /// Nothing: the exit status is 0 or 2
    Never,
}

/// Arguments of `bpf-doctor check`.
#[derive(Debug, Clone, Args)]
pub struct CheckArguments {
    /// Only this check or area (may be repeated)
    #[arg(long, value_name = "ID|AREA")]
    only: Vec<String>,
    /// Without this check or area (may be repeated)
    #[arg(long, value_name = "ID|AREA")]
    skip: Vec<String>,
    /// Read the root file system in this directory instead of this host; no experiments
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Read only, try nothing: no experiments on the kernel
    #[arg(long)]
    no_probes: bool,
    /// Add the checks of this file, or replace those with the same id (may be repeated)
    #[arg(long, value_name = "FILE")]
    checks: Vec<PathBuf>,
    /// From which severity on a failing check counts
    #[arg(long, value_enum, default_value_t, value_name = "SEVERITY")]
    fail_on: FailOn,
    /// Let warnings and what is unknown count, too
    #[arg(long)]
    strict: bool,
    /// Shape of the report
    #[arg(long, short, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    output: OutputArguments,
}

/// Diagnoses the host and prints the report.
pub fn run(arguments: &CheckArguments) -> anyhow::Result<Exit> {
    let mut terminal = Terminal::open(&arguments.output)?;
    let catalogue = catalogue(&arguments.checks)?;
    let selection = Selection::new(&catalogue, &arguments.only, &arguments.skip)?;

    let host = host(arguments)?;
    let mut facts = facts::collect(host.as_ref());
    facts.keep(catalogue.facts_asked().iter().map(String::as_str));
    let outcomes = if host.is_live() && !arguments.no_probes {
        probes::run(&|_| true, &probes::Limits::default())
    } else {
        Vec::new()
    };
    let findings = diagnosis::diagnose(&catalogue, &facts, &outcomes);
    let findings = selection.of(findings, &catalogue);
    if findings.is_empty() {
        bail!("--only and --skip leave no check to make");
    }

    let origin = Origin {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        catalogue: catalogue.digest.clone(),
        generated_at: humantime::format_rfc3339_seconds(now()?).to_string(),
    };
    let threshold = threshold(arguments);
    let report = Report::new(origin, findings, threshold, outcomes, facts);
    let text = match arguments.format {
        Format::Text => report::text(&report, &catalogue.areas, terminal.style()),
        Format::Yaml => report::yaml(&report)?,
        Format::Json => report::json(&report)?,
    };
    terminal.write(&text)?;
    Ok(Exit::Status(report.verdict.exit_status()))
}

fn catalogue(files: &[PathBuf]) -> anyhow::Result<Catalogue> {
    let mut catalogue = bpf_doctor::built_in_catalogue()?;
    for file in files {
        let name = file.display().to_string();
        let path = std::path::absolute(file).with_context(|| format!("can't find {name}"))?;
        let bytes = Live
            .read(&path.to_string_lossy(), CHECKS_LIMIT)
            .with_context(|| format!("can't read {name}"))?;
        if bytes.len() >= CHECKS_LIMIT {
            bail!("{name} is larger than any checks file should be");
        }
        let text = String::from_utf8(bytes).with_context(|| format!("{name} is no text"))?;
        catalogue.extend(&name, &text, bpf_doctor::vocabulary())?;
    }
    Ok(catalogue)
}

/// Some hundred times the built-in checks file, in bytes.
const CHECKS_LIMIT: usize = 16 << 20;

fn host(arguments: &CheckArguments) -> anyhow::Result<Box<dyn Host>> {
    Ok(match &arguments.root {
        None => Box::new(Live),
        Some(root) => Box::new(
            Directory::open(root)
                .with_context(|| format!("can't read the directory {}", root.display()))?,
        ),
    })
}

fn threshold(arguments: &CheckArguments) -> Threshold {
    match arguments.fail_on {
        FailOn::Never => Threshold::Never,
        _ if arguments.strict => Threshold::Strict,
        FailOn::Error => Threshold::Error,
        FailOn::Warning => Threshold::Warning,
    }
}

/// The time, or the one that SOURCE_DATE_EPOCH asks for.
fn now() -> anyhow::Result<SystemTime> {
    match env("SOURCE_DATE_EPOCH") {
        None => Ok(SystemTime::now()),
        Some(seconds) => {
            let seconds = seconds
                .parse()
                .ok()
                .filter(|seconds| *seconds < 253_402_300_800)
                .with_context(|| {
                    format!("SOURCE_DATE_EPOCH is `{seconds}`, not a number of seconds")
                })?;
            Ok(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
        }
    }
}
