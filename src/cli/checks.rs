//! `bpf-doctor checks`: the catalogue itself, to read and to write.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, Subcommand, ValueEnum};

use super::Exit;
use super::check::{CHECKS_LIMIT, catalogue};
use super::input::read_file;
use super::output::{Format, OutputArguments, Terminal};
use bpf_doctor::catalogue::{self, Catalogue, Check, Kind, Severity, nearest};
use bpf_doctor::reference::{self, CheckFilter, Linted, Schema};
use bpf_doctor::triage;

/// Arguments of `bpf-doctor checks`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub struct ChecksArguments {
    #[command(subcommand)]
    command: ChecksCommand,
}

#[derive(Debug, Subcommand)]
enum ChecksCommand {
    /// List the checks: id, severity, who is at fault, what fails
    #[command(after_help = "Examples:
  bpf-doctor checks list                         all of them, by areas
  bpf-doctor checks list sockmap                 those that speak of sockmap
  bpf-doctor checks list --area btf --severity error
  bpf-doctor checks list --format json           for programs")]
    List(ListArguments),
    /// Tell one check in full: why, when, how it is judged, causes, fixes, references
    #[command(after_help = "Examples:
  bpf-doctor checks show ID
  bpf-doctor checks show ID --format yaml        as it may stand in a file of your own")]
    Show(ShowArguments),
    /// Look for faults in a checks file of your own
    #[command(after_help = "Examples:
  bpf-doctor checks lint mine.yaml
  bpf-doctor checks lint --strict *.yaml         advice counts, too

Exit status: 0 nothing found, 1 errors (with --strict: or advice), 2 a file that can't be read.")]
    Lint(LintArguments),
    /// Print the JSON Schema of a checks file, a report or an audit
    #[command(after_help = "Examples:
  bpf-doctor checks schema > checks.schema.json
  bpf-doctor checks schema report
  bpf-doctor checks schema audit")]
    Schema(SchemaArguments),
}

#[derive(Debug, Args)]
struct ListArguments {
    /// Only checks of an area of this id, or that have these words in id, title, reasons or references
    words: Vec<String>,
    /// Only this area (may be repeated)
    #[arg(long, value_name = "AREA")]
    area: Vec<String>,
    /// Only this kind (may be repeated)
    #[arg(long, value_enum, value_name = "KIND")]
    kind: Vec<KindArgument>,
    /// Only this severity and above
    #[arg(long, value_enum, value_name = "SEVERITY")]
    severity: Option<SeverityArgument>,
    #[command(flatten)]
    common: CommonArguments,
}

#[derive(Debug, Args)]
struct ShowArguments {
    /// Ids of checks
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    #[command(flatten)]
    common: CommonArguments,
}

#[derive(Debug, Args)]
struct LintArguments {
    /// Checks files; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Let advice count, too
    #[arg(long)]
    strict: bool,
    /// Shape of the output
    #[arg(long, short, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Args)]
struct SchemaArguments {
    /// Of what
    #[arg(value_enum, default_value_t)]
    of: SchemaArgument,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Args)]
struct CommonArguments {
    /// With the checks of this file, too (may be repeated)
    #[arg(long, value_name = "FILE")]
    checks: Vec<PathBuf>,
    /// Shape of the output
    #[arg(long, short, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KindArgument {
    Host,
    Program,
    Toolchain,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SeverityArgument {
    Info,
    Warning,
    Error,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum SchemaArgument {
    /// A checks file
    #[default]
    Checks,
    /// A report of `check`
    Report,
    /// An audit of `fleet`
    Audit,
}

/// Runs one of the commands.
pub fn run(arguments: &ChecksArguments) -> anyhow::Result<Exit> {
    match &arguments.command {
        ChecksCommand::List(arguments) => list(arguments),
        ChecksCommand::Show(arguments) => show(arguments),
        ChecksCommand::Lint(arguments) => lint(arguments),
        ChecksCommand::Schema(arguments) => schema(arguments),
    }
}

fn list(arguments: &ListArguments) -> anyhow::Result<Exit> {
    let mut terminal = Terminal::open(&arguments.common.output)?;
    let catalogue = catalogue(&arguments.common.checks)?;
    let areas: Vec<&str> = catalogue
        .areas
        .iter()
        .map(|area| area.id.as_str())
        .collect();
    for area in &arguments.area {
        if !areas.contains(&area.as_str()) {
            bail!("there is no area `{area}`; there are: {}", areas.join(", "));
        }
    }
    let filter = CheckFilter {
        areas: arguments.area.clone(),
        kinds: arguments.kind.iter().map(|kind| kind.known()).collect(),
        severity: arguments.severity.map(SeverityArgument::known),
        words: arguments.words.clone(),
    };
    let checks = filter.of(&catalogue);
    if checks.is_empty() {
        let asked = match filter.words.is_empty() {
            true => "of this area, kind and severity".to_owned(),
            false => format!("with `{}` in it", filter.words.join("` and `")),
        };
        bail!("there is no check {asked}; `bpf-doctor checks list` lists all");
    }
    let mut named = filter.words.iter();
    let area = named.find(|word| areas.contains(&word.to_lowercase().as_str()));
    terminal.write(&match arguments.common.format {
        Format::Text => {
            let mut text = reference::list(&catalogue, &checks, terminal.style());
            if let Some(area) = area.map(|area| area.to_lowercase()) {
                text.push_str(&format!(
                    "`{area}` is an area, too: `bpf-doctor checks list --area {area}` lists its checks alone\n"
                ));
            }
            text
        }
        Format::Yaml => reference::list_yaml(&catalogue, &checks)?,
        Format::Json => reference::list_json(&catalogue, &checks)?,
    })?;
    Ok(Exit::Status(0))
}

fn show(arguments: &ShowArguments) -> anyhow::Result<Exit> {
    let mut terminal = Terminal::open(&arguments.common.output)?;
    let catalogue = catalogue(&arguments.common.checks)?;
    let mut checks = Vec::new();
    for id in &arguments.ids {
        match catalogue.check(id) {
            Some(check) => checks.push(check),
            None if catalogue.profile(id).is_some() => bail!(
                "`{id}` is no check but a profile, of what software needs: `bpf-doctor check \
                 --profile {id}` judges this host by it"
            ),
            None => bail!("there is no check `{id}`{}", meant(&catalogue, id)),
        }
    }
    let text = |checks: &[&Check]| {
        let style = terminal.style();
        let pages = checks
            .iter()
            .map(|check| reference::show(&catalogue, check, style));
        pages.collect::<Vec<_>>().join("\n\n")
    };
    terminal.write(&match arguments.common.format {
        Format::Text => text(&checks),
        Format::Yaml => reference::checks_yaml(&catalogue, &checks)?,
        Format::Json => reference::checks_json(&catalogue, &checks)?,
    })?;
    Ok(Exit::Status(0))
}

/// What was probably meant by an id that is none.
fn meant(catalogue: &Catalogue, id: &str) -> String {
    let ids = || catalogue.checks.iter().map(|check| check.id.as_str());
    if let Some(near) = nearest(id, ids()) {
        return format!("; did you mean `{near}`?");
    }
    let containing: Vec<&str> = ids().filter(|known| known.contains(id)).take(8).collect();
    match containing.is_empty() {
        true => "; `bpf-doctor checks list` lists all".to_owned(),
        false => format!("; there are: {}", containing.join(", ")),
    }
}

fn lint(arguments: &LintArguments) -> anyhow::Result<Exit> {
    let mut terminal = Terminal::open(&arguments.output)?;
    let base = bpf_doctor::built_in_catalogue()?;
    let mut names = Vec::new();
    let mut offences = Vec::new();
    for file in &arguments.files {
        let (name, bytes) = read_file(file, CHECKS_LIMIT)?;
        offences.extend(catalogue::lint(
            &base,
            &name,
            &bytes,
            bpf_doctor::vocabulary(),
        ));
        offences.extend(triage::lint(&base, &name, &bytes, bpf_doctor::vocabulary()));
        names.push(name);
    }
    let linted = Linted::new(names, offences);
    terminal.write(&match arguments.format {
        Format::Text => reference::lint_text(&linted, terminal.style()),
        Format::Yaml => reference::lint_yaml(&linted)?,
        Format::Json => reference::lint_json(&linted)?,
    })?;
    Ok(Exit::Status(linted.exit_status(arguments.strict)))
}

fn schema(arguments: &SchemaArguments) -> anyhow::Result<Exit> {
    let mut terminal = Terminal::open(&arguments.output)?;
    terminal.write(reference::schema(match arguments.of {
        SchemaArgument::Checks => Schema::Checks,
        SchemaArgument::Report => Schema::Report,
        SchemaArgument::Audit => Schema::Audit,
    }))?;
    Ok(Exit::Status(0))
}

impl KindArgument {
    fn known(self) -> Kind {
        match self {
            Self::Host => Kind::Host,
            Self::Program => Kind::Program,
            Self::Toolchain => Kind::Toolchain,
        }
    }
}

impl SeverityArgument {
    fn known(self) -> Severity {
        match self {
            Self::Info => Severity::Info,
            Self::Warning => Severity::Warning,
            Self::Error => Severity::Error,
        }
    }
}
