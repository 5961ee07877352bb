//! `bpf-doctor probes`: what the experiments do, and single ones with all that was said.

use std::time::{Duration, Instant};

use anyhow::bail;
use clap::{Args, Subcommand};

use super::Exit;
use super::output::{Format, OutputArguments, Terminal};
use bpf_doctor::catalogue::nearest;
use bpf_doctor::probes::{self, Limits, Probe};
use bpf_doctor::report::{self, ProbeRun};

/// Arguments of `bpf-doctor probes`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub struct ProbesArguments {
    #[command(subcommand)]
    command: ProbesCommand,
}

#[derive(Debug, Subcommand)]
enum ProbesCommand {
    /// List the experiments: id, first kernel, what works, what it takes, what it leaves
    #[command(after_help = "Examples:
  bpf-doctor probes list                all of them, by areas
  bpf-doctor probes list ringbuf maps   those with one of these words in id or area
  bpf-doctor probes list -v             with what each does
  bpf-doctor probes list -q             the ids alone
  bpf-doctor probes list --format json  for programs")]
    List(ListArguments),
    /// Try experiments on this kernel, one after another, and show all that was said
    #[command(after_help = "Examples:
  bpf-doctor probes run ringbuf
  bpf-doctor probes run kfunc-call iterator --format yaml

What an experiment builds on is tried as well.

Exit status: 0 all work, 1 the kernel lacks one, 2 wrong usage or an operational error,
3 it could not be found out: skipped, or refused for want of privilege.")]
    Run(RunArguments),
}

#[derive(Debug, Args)]
struct ListArguments {
    /// Only experiments that have one of these words in id or area
    words: Vec<String>,
    #[command(flatten)]
    common: CommonArguments,
}

#[derive(Debug, Args)]
struct RunArguments {
    /// Ids of experiments
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    #[command(flatten)]
    common: CommonArguments,
}

#[derive(Debug, Args)]
struct CommonArguments {
    /// Shape of the output
    #[arg(long, short, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs one of the commands.
pub fn run(arguments: &ProbesArguments) -> anyhow::Result<Exit> {
    match &arguments.command {
        ProbesCommand::List(arguments) => list(arguments),
        ProbesCommand::Run(arguments) => try_out(arguments),
    }
}

fn list(arguments: &ListArguments) -> anyhow::Result<Exit> {
    let mut terminal = Terminal::open(&arguments.common.output)?;
    let words = &arguments.words;
    let has = |probe: &Probe, word: &String| {
        probe.id.contains(word.as_str()) || probe.area.contains(word.as_str())
    };
    let probes: Vec<&Probe> = probes::table()
        .iter()
        .copied()
        .filter(|probe| words.is_empty() || words.iter().any(|word| has(probe, word)))
        .collect();
    if probes.is_empty() {
        bail!(
            "no experiment has `{}` in its id or area; `bpf-doctor probes list` lists all",
            words.join("` or `")
        );
    }
    terminal.write(&match arguments.common.format {
        Format::Text => report::probes_text(&probes, terminal.style()),
        Format::Yaml => report::probes_yaml(&probes)?,
        Format::Json => report::probes_json(&probes)?,
    })?;
    Ok(Exit::Status(0))
}

fn try_out(arguments: &RunArguments) -> anyhow::Result<Exit> {
    let mut terminal = Terminal::open(&arguments.common.output)?;
    let mut chosen = Vec::new();
    for id in &arguments.ids {
        match probes::table().iter().find(|probe| probe.id == id) {
            Some(probe) => chosen.push(*probe),
            None => bail!("there is no experiment `{id}`{}", meant(id)),
        }
    }
    let limits = limits(chosen.len());
    let started = Instant::now();
    let catalogue = bpf_doctor::built_in_catalogue()?;
    let run = |probe: &'static Probe| {
        let spent = started.elapsed();
        let alone = probes::run_one(probe.id, &Limits { spent, ..limits })?;
        Some(ProbeRun::new(
            probe,
            alone,
            catalogue.checks_of_probe(probe.id),
        ))
    };
    let runs: Vec<ProbeRun<'_>> = chosen.into_iter().filter_map(run).collect();
    terminal.write(&match arguments.common.format {
        Format::Text => report::runs_text(&runs, terminal.style()),
        Format::Yaml => report::runs_yaml(&runs)?,
        Format::Json => report::runs_json(&runs)?,
    })?;
    Ok(Exit::Status(report::runs_status(&runs)))
}

/// How long so many experiments may take that are tried one after another, each with what it
/// builds on: on a slow machine that is worth the wait.
fn limits(experiments: usize) -> Limits {
    const EACH: Duration = Duration::from_millis(250);
    let usual = Limits::default();
    let more = EACH.saturating_mul(u32::try_from(experiments).unwrap_or(u32::MAX));
    Limits {
        all: usual.all + more,
        ..usual
    }
}

/// What was probably meant by an id that is none.
fn meant(id: &str) -> String {
    let ids = || probes::table().iter().map(|probe| probe.id);
    if let Some(near) = nearest(id, ids()) {
        return format!("; did you mean `{near}`?");
    }
    let containing: Vec<&str> = ids().filter(|known| known.contains(id)).take(8).collect();
    match containing.is_empty() {
        true => "; `bpf-doctor probes list` lists all".to_owned(),
        false => format!("; there are: {}", containing.join(", ")),
    }
}
