//! `bpf-doctor collect`: what is known of a host, packed to be judged elsewhere.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;

use super::Exit;
use super::check::redactor;
use super::input::{LabelArguments, NameArguments, now, seconds_of};
use super::output::Terminal;
use super::place::{Place, Readers};
use super::source::outcomes_of;
use bpf_doctor::host::{self, Opened, Packed, Recorder};
use bpf_doctor::{facts, probes, report};

/// Arguments of `bpf-doctor collect`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  bpf-doctor collect -o web-17.tar.gz             what is known of this host
  bpf-doctor collect -o case-4711.tar.gz --redact without names, addresses and secrets
  bpf-doctor check --root case-4711.tar.gz        elsewhere: the same findings")]
pub struct CollectArguments {
    /// The archive to write, readable for its owner alone; `-` is standard output
    #[arg(long, short, value_name = "FILE.tar.gz")]
    output: PathBuf,
    /// Read the root file system in this directory instead of this host, such as a
    /// container's /host; with / experiments are made, as without it
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Pack the kernel's BTF whole, some 5 MiB, instead of its header
    #[arg(long)]
    with_btf: bool,
    /// Replace what tells whose host it is: names, addresses, ids, secrets
    #[arg(long)]
    redact: bool,
    #[command(flatten)]
    name: NameArguments,
    #[command(flatten)]
    labels: LabelArguments,
    /// Read only, try nothing: no experiments on the kernel
    #[arg(long)]
    no_probes: bool,
}

const BTF: &str = "/sys/kernel/btf/";
const BTF_LIMIT: usize = 32 << 20;

/// Collects and writes.
pub fn run(arguments: &CollectArguments) -> anyhow::Result<Exit> {
    let (mut collected_at, mut seconds) = now()?;
    let opened = match &arguments.root {
        Some(root) => host::open(root, None)?,
        None => Opened::this(),
    };
    // What is packed again is as old as it was.
    let mut dated_by = None;
    if let Some((time, by)) = &opened.seen_at {
        seconds = seconds_of(time).unwrap_or(seconds);
        collected_at.clone_from(time);
        dated_by.clone_from(by);
    }
    opened.warnings.iter().for_each(|text| Terminal::warn(text));
    let mut labels = arguments.labels.over(opened.labels.clone())?;
    let mut output = Place::open(&arguments.output, Readers::Owner)?;
    if output.is_terminal() {
        bail!("an archive is nothing for a terminal: name a file, or pipe it on");
    }
    let may_try = opened.host.is_live() && !arguments.no_probes;
    let mut underway = may_try.then(|| probes::start(&|_| true, &probes::Limits::default()));

    let recorder = Recorder::new(opened.host.as_ref());
    let facts = facts::collect(&recorder);
    let mut record = recorder.finish();
    opened
        .noticed()
        .iter()
        .for_each(|text| Terminal::warn(text));
    record.take_whole(opened.host.as_ref(), BTF, BTF_LIMIT, arguments.with_btf);
    if let Some(name) = &arguments.name.hostname {
        record.name_host(name);
    }
    let of_bundle = outcomes_of(&opened)?;
    let mut outcomes = underway
        .as_mut()
        .map_or(of_bundle, probes::Underway::results);
    // Timings say nothing elsewhere, and would make each bundle another.
    for result in &mut outcomes {
        result.micros = 0;
    }
    if arguments.redact {
        let mut redactor = redactor(&facts, Some(record.clone()));
        // In the order of a report, so that a name is replaced by the same word in both.
        let mut told = facts.clone();
        told.rewrite(&mut |key, text| redactor.fact(key, text));
        // A report has a hash in its place, and so another word as one to replace.
        let id = told.text("environment.machine-id").unwrap_or_default();
        record.rewrite(&mut |path, text| match path {
            "/etc/machine-id" => format!("{id}\n"),
            _ => redactor.file(path, text),
        });
        for result in &mut outcomes {
            result.outcome.rewrite(&mut |text| redactor.log(text));
        }
        labels.rewrite(&mut |key, value| redactor.label(key, value));
    }
    let bundle = Packed {
        version: env!("CARGO_PKG_VERSION"),
        collected_at: (&collected_at, seconds),
        dated_by: dated_by.as_deref(),
        redacted: arguments.redact,
        labels: &labels,
        probes: &report::outcomes_yaml(&outcomes)?,
    };
    let packed = bundle.pack(&record)?;
    let written = output.fill(|out| out.write_all(&packed));
    written.with_context(|| format!("can't write {}", output.name()))?;
    if opened.has_trouble() {
        return Ok(Exit::Trouble);
    }
    Ok(Exit::Status(0))
}
