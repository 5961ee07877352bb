//! `bpf-doctor check`: a host, diagnosed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Exit;
use super::input::{LabelArguments, NameArguments, now, read_file, seconds_of};
use super::output::{OutputArguments, Terminal};
use super::source::SourceArguments;
use bpf_doctor::catalogue::{self, Catalogue, Level};
use bpf_doctor::host::Record;
use bpf_doctor::probes::ProbeResult;
use bpf_doctor::redact::Redactor;
use bpf_doctor::report::{self, Origin, Report, Threshold};
use bpf_doctor::{Labels, Selection, Software, diagnosis, facts, probes};

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
    /// Metrics for the textfile collector of Prometheus' node_exporter
    Prometheus,
    /// Test cases for CI servers, in JUnit's XML
    Junit,
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

/// Examples that `check --help` ends with.
pub const EXAMPLES: &str = "Examples:
  bpf-doctor check --root /mnt                        a mounted image, an unpacked sosreport
  bpf-doctor check --root /                           this host, without experiments, as --no-probes
  bpf-doctor check --root sosreport-web-17.tar.xz     a packed one; or a bundle of `collect`
  bpf-doctor check --config .config --release 6.12.0  would this kernel config do?
  zcat config.gz | bpf-doctor check --config -        the same, from a pipe
  bpf-doctor check --from report.yaml                 a saved report, judged by today's catalogue
  bpf-doctor check --profile cilium                   will this software run here?
  bpf-doctor check --profile all                      one line for each that is known
  bpf-doctor check --label role=web --format yaml     a report for `fleet` to group by role
  bpf-doctor check --hostname node-7 --format yaml    in a pod, whose own name does not last
  bpf-doctor check --fix-script > fixes.sh            all fixes as a script to read, then run
  bpf-doctor check --format yaml --redact             a report to show to others
  bpf-doctor check --format junit -o bpf.xml          test cases for a CI server
  bpf-doctor check --format prometheus -o /var/lib/prometheus/node-exporter/bpf-doctor.prom";

/// Arguments of `bpf-doctor check`.
#[derive(Debug, Clone, Args)]
pub struct CheckArguments {
    /// Only this check or area (may be repeated)
    #[arg(long, value_name = "ID|AREA")]
    only: Vec<String>,
    /// Without this check or area (may be repeated)
    #[arg(long, value_name = "ID|AREA")]
    skip: Vec<String>,
    /// Replace what tells whose host it is: names, addresses, ids, secrets
    #[arg(long)]
    redact: bool,
    #[command(flatten)]
    name: NameArguments,
    #[command(flatten)]
    labels: LabelArguments,
    /// Judge only what this software needs; `all` tells which software will run, and fails
    /// where none will, or with --strict where one will not (may be repeated)
    #[arg(long, value_name = "NAME")]
    profile: Vec<String>,
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
    /// End with status 0 whatever the verdict is, for what takes another for a crash; trouble
    /// is 2 still
    #[arg(long)]
    exit_zero: bool,
    /// Shape of the report
    #[arg(long, short, value_enum, default_value_t)]
    format: Format,
    /// Print all fixes as one shell script instead of the report
    #[arg(long, conflicts_with = "format")]
    fix_script: bool,
    #[command(flatten)]
    output: OutputArguments,
    // Last: its heading would stand over what comes after.
    #[command(flatten)]
    source: SourceArguments,
}

/// Diagnoses the host and prints the report.
pub fn run(arguments: &CheckArguments) -> anyhow::Result<Exit> {
    let mut terminal = Terminal::open(&arguments.output)?;
    // What is wrong with the arguments is said before the work begins.
    arguments.labels.over(Labels::default())?;
    // The kernel takes its time to be tried; meanwhile there is much to read.
    let may_try = !arguments.no_probes && arguments.source.is_this_host();
    let mut underway = may_try.then(|| probes::start(&|_| true, &probes::Limits::default()));
    let catalogue = catalogue(&arguments.checks)?;
    let software = Software::new(&catalogue, &arguments.profile)?;
    let only = software.checks_or(&arguments.only);
    let selection = Selection::new(&catalogue, only.as_deref(), &arguments.skip)?;

    let observed = arguments
        .source
        .observe(underway.as_mut(), arguments.redact)?;
    let asks = [&arguments.profile, &arguments.only, &arguments.skip];
    if asks.iter().all(|option| option.is_empty())
        && let Some(told) = asked_otherwise(&observed.asked)
    {
        Terminal::warn(&told);
    }
    let (mut facts, mut outcomes) = (observed.facts, observed.outcomes);
    // Of a saved report that is judged anew, the time of the observation is what counts.
    let (mut generated_at, mut seconds) = now()?;
    let mut dated_by = None;
    if let Some((time, by)) = observed.observed_at {
        seconds = seconds_of(&time).unwrap_or(seconds);
        if arguments.output.is_verbose() {
            let by = by.as_deref().unwrap_or("the report or bundle made of it");
            Terminal::warn(&format!("the host was seen at {time}, as told by {by}"));
        }
        generated_at = time;
        dated_by = by;
    }
    let mut labels = arguments.labels.over(observed.labels)?;
    facts.keep(catalogue.facts_asked().iter().map(String::as_str));
    if let Some(name) = &arguments.name.hostname {
        let named = facts::Fact::known(name.as_str(), "--hostname");
        facts.set("environment.hostname", named);
    }
    if arguments.redact {
        let record = observed.record;
        redact(&mut facts, &mut outcomes, &mut labels, record);
    }
    let findings = diagnosis::diagnose(&catalogue, &facts, &outcomes);
    let lacking = software.assess(&findings, &facts, &outcomes);
    let lacking = selection.of_lacks(lacking, &catalogue);
    let findings = selection.of(findings, &catalogue);
    let findings = software.weigh(diagnosis::leave_to_the_host(findings, &facts));
    // Software may need nothing that a check tells of; its own conditions are judged then.
    let by_conditions = !software.is_empty() && arguments.only.is_empty();
    if findings.is_empty() && !(by_conditions && arguments.skip.is_empty()) {
        anyhow::bail!("--only and --skip leave no check to make");
    }

    let origin = Origin {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        catalogue: catalogue.digest.clone(),
        generated_at,
    };
    let threshold = threshold(arguments);
    let mut report = Report::new(origin, findings, threshold, outcomes, facts)
        .with_labels(labels)
        .with_date_of(dated_by)
        .with_selection(&arguments.only, &arguments.skip);
    if !software.is_empty() {
        report = report.with_profiles(lacking, software.demanded(), threshold);
    }
    let text = match arguments.format {
        _ if arguments.fix_script => {
            let again = diagnosis::again(&catalogue);
            let profiles = arguments.profile.iter();
            let profiles = profiles.map(|id| format!(" --profile {}", diagnosis::quote(id)));
            report::fix_script(&report, &(again + &profiles.collect::<String>()))
        }
        Format::Text if software.is_every() => {
            let words: Vec<String> = std::env::args().skip(1).collect();
            report::profiles_text(&report, &asked_again(&words), terminal.style())
        }
        Format::Text => report::text(&report, &catalogue.areas, terminal.style()),
        Format::Yaml => report::yaml(&report)?,
        Format::Json => report::json(&report)?,
        Format::Prometheus => report::prometheus(&report, seconds),
        Format::Junit => report::junit(&report, &catalogue.areas, threshold)?,
    };
    terminal.write(&text)?;
    // Gone before the doctor is, with all they made.
    drop(underway);
    if observed.has_trouble {
        return Ok(Exit::Trouble);
    }
    Ok(Exit::Status(match arguments.exit_zero {
        true => 0,
        false => report.verdict.exit_status(),
    }))
}

/// The built-in catalogue with these files on top.
pub(super) fn catalogue(files: &[PathBuf]) -> anyhow::Result<Catalogue> {
    let mut catalogue = bpf_doctor::built_in_catalogue()?;
    for file in files {
        let (name, bytes) = read_file(file, CHECKS_LIMIT)?;
        let base = catalogue.clone();
        catalogue.extend_bytes(&name, &bytes, bpf_doctor::vocabulary())?;
        catalogue.files.push(file.display().to_string());
        warn_of_faults(&base, &name, &bytes);
    }
    Ok(catalogue)
}

/// Says that an entry of a file is read and can't do what it says.
fn warn_of_faults(base: &Catalogue, name: &str, bytes: &[u8]) {
    let offences = catalogue::lint(base, name, bytes, bpf_doctor::vocabulary());
    let mut errors = offences.iter().filter(|one| one.level == Level::Error);
    let Some(first) = errors.next() else { return };
    let more = match errors.count() {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    Terminal::warn(&format!(
        "{name}:{}: {}{more}; `bpf-doctor checks lint` tells all of it",
        first.line, first.message
    ));
}

/// Some hundred times the built-in checks file, in bytes.
pub(super) const CHECKS_LIMIT: usize = 16 << 20;

/// Before anything is judged, so that no text of the report has what the facts no longer
/// have.
fn redact(
    facts: &mut facts::Facts,
    outcomes: &mut [ProbeResult],
    labels: &mut Labels,
    record: Option<Record>,
) {
    let mut redactor = redactor(facts, record);
    facts.rewrite(&mut |key, text| redactor.fact(key, text));
    for result in outcomes {
        result.outcome.rewrite(&mut |text| redactor.log(text));
    }
    labels.rewrite(&mut |key, value| redactor.label(key, value));
}

/// One that has met all names of the host: a name may stand as such only behind where it stands
/// otherwise, or in a file that is not in the report. A report and a bundle of the same host have
/// the same words by it.
pub(super) fn redactor(facts: &facts::Facts, record: Option<Record>) -> Redactor {
    let mut redactor = Redactor::new(
        facts.text("environment.hostname").as_deref(),
        facts.text("kernel.release").as_deref(),
    );
    let mut draft = facts.clone();
    draft.rewrite(&mut |key, text| redactor.fact(key, text));
    if let Some(mut record) = record {
        record.rewrite(&mut |path, text| redactor.draft(path, text));
    }
    redactor
}

/// The command that was typed, without its profiles: of the same host something else is asked.
fn asked_again(words: &[String]) -> String {
    let mut line = "bpf-doctor check".to_owned();
    let mut words = words.iter().enumerate();
    while let Some((index, word)) = words.next() {
        match word.as_str() {
            "check" if index == 0 => {}
            "--profile" => _ = words.next(),
            word if word.starts_with("--profile=") => {}
            word => {
                line.push(' ');
                line.push_str(&diagnosis::quote(word));
            }
        }
    }
    line
}

/// What is said of a report that was made with another question than is asked now.
fn asked_otherwise(asked: &[String]) -> Option<String> {
    let some = asked.get(..MOST_ASKED).unwrap_or(asked).join(" ");
    let dots = if asked.len() > MOST_ASKED { " …" } else { "" };
    (!asked.is_empty()).then(|| {
        format!(
            "the report was made with {some}{dots}, which it was judged by; here all checks are \
             judged, and no software: give the same options for the same question"
        )
    })
}

/// So many options of a saved report are told.
const MOST_ASKED: usize = 5;

fn threshold(arguments: &CheckArguments) -> Threshold {
    match arguments.fail_on {
        FailOn::Never => Threshold::Never,
        _ if arguments.strict => Threshold::Strict,
        FailOn::Error => Threshold::Error,
        FailOn::Warning => Threshold::Warning,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_next_is_asked_of_the_same_host() {
        for (typed, again) in [
            (
                "check --root /h --profile all",
                "bpf-doctor check --root /h",
            ),
            ("--profile=all", "bpf-doctor check"),
            (
                "check --profile all --from r.yaml -q",
                "bpf-doctor check --from r.yaml -q",
            ),
            (
                "check --root a;b --profile all",
                "bpf-doctor check --root 'a;b'",
            ),
        ] {
            let words: Vec<String> = typed.split(' ').map(str::to_owned).collect();
            assert_eq!(asked_again(&words), again);
        }
    }
}
