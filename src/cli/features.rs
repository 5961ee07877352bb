//! `bpf-doctor features`: what a kernel's BPF has.

use std::time::Duration;

use anyhow::bail;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::Exit;
use super::output::{Format, OutputArguments, Terminal};
use super::source::SourceArguments;
use bpf_doctor::facts;
use bpf_doctor::features::{self, Known, Names, Sections, Table, Wish};
use bpf_doctor::host;
use bpf_doctor::probes::trials::{self, Reply, Trial};
use bpf_doctor::probes::{self, Limits, ProbeResult};
use bpf_doctor::report::Style;
use bpf_doctor::yaml;

/// Examples that `features --help` ends with.
pub const EXAMPLES: &str = "Examples:
  bpf-doctor features                              what this kernel has, and what it lacks and why
  bpf-doctor features -v --only map_type           one group, a line for each row
  bpf-doctor features --only ringbuf --only bpf_loop
  bpf-doctor features --helpers xdp                the helpers that XDP programs may call
  bpf-doctor features --full --format yaml         the helpers of every program type
  bpf-doctor features show bpf_loop                one thing in full
  bpf-doctor features sections                     SEC() names, and the hooks with what they need
  bpf-doctor features sections cgroup/connect4     one of them
  bpf-doctor features --root sosreport.tar.xz      of another host, from files

Groups: program_type map_type attach_type link_type command helper kfunc btf_kind isa limit";

/// Arguments of `bpf-doctor features`.
#[derive(Debug, Clone, Args)]
pub struct FeaturesArguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Only this group or name (may be repeated)
    #[arg(long, value_name = "GROUP|NAME")]
    only: Vec<String>,
    /// Try each helper from programs of this type, or of `all` (may be repeated)
    #[arg(long, alias = "per-program", value_name = "PROGTYPE")]
    helpers: Vec<String>,
    /// The same as --helpers all
    #[arg(long)]
    full: bool,
    /// Read only, try nothing: no experiments on the kernel
    #[arg(long)]
    no_probes: bool,
    /// Shape of the output
    #[arg(long, short, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    output: OutputArguments,
    // Last: its heading would stand over what comes after.
    #[command(flatten)]
    source: SourceArguments,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// What a SEC() name of libbpf makes of a program, and what its hook needs
    Sections(SectionsArguments),
    /// One map type, program type, helper, function or other name in full
    Show(Box<ShowArguments>),
}

/// Arguments of `bpf-doctor features sections`.
#[derive(Debug, Clone, Args)]
struct SectionsArguments {
    /// A section name as it stands in an object; all, if none is given
    name: Option<String>,
    /// Shape of the output
    #[arg(long, short, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    output: OutputArguments,
}

/// Arguments of `bpf-doctor features show`.
#[derive(Debug, Clone, Args)]
struct ShowArguments {
    /// A name as bpftool prints it, or as C has it
    name: String,
    /// Read only, try nothing: no experiments on the kernel
    #[arg(long)]
    no_probes: bool,
    /// Shape of the output
    #[arg(long, short, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    source: SourceArguments,
}

/// Tells what a kernel's BPF has.
pub fn run(arguments: &FeaturesArguments) -> anyhow::Result<Exit> {
    if let Some(command) = &arguments.command {
        return run_command(command, arguments);
    }
    let mut terminal = Terminal::open(&arguments.output)?;
    let table = Table::built_in()?;
    let mut helpers = arguments.helpers.clone();
    if arguments.full {
        helpers = vec!["all".to_owned()];
    }
    let wish = table.wish(&arguments.only, &helpers)?;
    let sections = Sections::built_in()?;
    let source = arguments.source.to_read()?;
    let told = ask(&table, &sections, &wish, arguments.no_probes, source.host())?;
    match arguments.format {
        Format::Text => terminal.write(&features::text(&told, terminal.style()))?,
        Format::Yaml => terminal.stream(|out| features::write_yaml(&told, out))?,
        Format::Json => terminal.stream(|out| features::write_json(&told, out))?,
    }
    Ok(source.end())
}

/// Runs a command of `features`; options count before its name as behind it.
fn run_command(command: &Command, before: &FeaturesArguments) -> anyhow::Result<Exit> {
    if !before.only.is_empty() || !before.helpers.is_empty() || before.full {
        bail!("--only, --helpers and --full choose rows of the whole list: leave the command out");
    }
    let format = |own: Format| match own {
        Format::Text => before.format,
        own => own,
    };
    match command {
        Command::Sections(own) => {
            if before.no_probes || !before.source.is_this_host() {
                bail!("`features sections` asks no host: leave --no-probes and the host out");
            }
            sections(&SectionsArguments {
                name: own.name.clone(),
                format: format(own.format),
                output: own.output.or(&before.output),
            })
        }
        Command::Show(own) => show(&ShowArguments {
            name: own.name.clone(),
            no_probes: own.no_probes || before.no_probes,
            format: format(own.format),
            output: own.output.or(&before.output),
            source: own.source.or(&before.source),
        }),
    }
}

fn sections(arguments: &SectionsArguments) -> anyhow::Result<Exit> {
    let mut terminal = Terminal::open(&arguments.output)?;
    let row = Sections::built_in()?.look_up(arguments.name.as_deref())?;
    let text = render(
        arguments.format,
        &row,
        terminal.style(),
        features::sections_text,
    )?;
    terminal.write(&text)?;
    Ok(Exit::Status(0))
}

fn show(arguments: &ShowArguments) -> anyhow::Result<Exit> {
    let mut terminal = Terminal::open(&arguments.output)?;
    let table = Table::built_in()?;
    let wish = table.wish_to_show(&arguments.name)?;
    let sections = Sections::built_in()?;
    let source = arguments.source.to_read()?;
    let told = ask(&table, &sections, &wish, arguments.no_probes, source.host())?;
    let shown = table.show(&arguments.name, &sections, &told);
    let text = render(
        arguments.format,
        &shown,
        terminal.style(),
        features::shown_text,
    )?;
    terminal.write(&text)?;
    Ok(source.end())
}

/// Reads the host, and tries its kernel if that is the running one.
fn ask(
    table: &Table,
    sections: &Sections,
    wish: &Wish,
    no_probes: bool,
    host: &dyn host::Host,
) -> anyhow::Result<features::Features> {
    let names = Names::read(host, table);
    let trials = match host.is_live() && !no_probes {
        true => table.trials(wish, |kind, name| names.number(kind, name)),
        false => Vec::new(),
    };
    let version = facts::kernel_version(host).map(|version| version.numbers());
    let kernel = trials::Kernel {
        version: version.unwrap_or_default(),
        traced: names.traced,
        guarded: names.guarded,
    };
    let mut underway = trials::start(&trials, kernel, &limits(&trials));
    let facts = facts::collect(host);
    let tried: Vec<(Trial, Vec<Reply>)> = trials.iter().cloned().zip(underway.replies()).collect();
    let judge = |shown: &[ProbeResult]| {
        let known = Known {
            facts: &facts,
            names: &names,
            tried: &tried,
            running: host.is_live(),
            shown,
        };
        features::judge(table, sections, &known, wish)
    };
    let told = judge(&[]);
    if !host.is_live() || no_probes {
        return Ok(told);
    }
    // Only where the kernel's options are out of sight: these take longer than trials.
    let open = features::left_open(table, &told);
    if open.is_empty() {
        return Ok(told);
    }
    let is_open = |id: &str| open.iter().any(|open| open == id);
    Ok(judge(&probes::run(&is_open, &Limits::default())))
}

/// How long trials may take. In full they are thousands, and of a slow or busy machine, where each
/// takes a hundred times as long as usual, the answers are worth the wait, too.
fn limits(trials: &[Trial]) -> Limits {
    const EACH: Duration = Duration::from_millis(25);
    let usual = Limits::default();
    let times = |replies: usize| EACH.saturating_mul(u32::try_from(replies).unwrap_or(u32::MAX));
    let replies = trials.iter().map(Trial::replies);
    Limits {
        each: usual.each + times(replies.clone().max().unwrap_or(0)),
        all: usual.all + times(replies.sum()),
        ..usual
    }
}

fn render<T: Serialize>(
    format: Format,
    value: &T,
    style: Style,
    text: impl Fn(&T, Style) -> String,
) -> anyhow::Result<String> {
    Ok(match format {
        Format::Text => text(value, style),
        Format::Yaml => yaml::to_string(value)?,
        Format::Json => serde_json::to_string_pretty(value)? + "\n",
    })
}
