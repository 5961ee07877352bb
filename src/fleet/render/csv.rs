//! Hosts and what fails on them, for spreadsheets: a row for each host and check.

use std::io;
use std::io::Write;

use super::super::audit::{LABELS, Population, Weighing, label_keys};
use super::super::digest::Key;
use super::super::labels;
use super::super::summary::{Row, Summary};
use crate::diagnosis::{Needs, Severity, Status};
use crate::report::{Verdict, clean};
use crate::time::time;

const FIRST: &[&str] = &[
    "host",
    "verdict",
    "kernel",
    "arch",
    "distribution",
    "reported_at",
    "looked_at",
    "check",
    "status",
    "severity",
    "counts",
    "title",
    "because",
    "needs",
    "fix",
    "commands",
];

/// So many labels are columns.
pub const LABEL_COLUMNS: usize = LABELS;

/// Writes the rows: of each host what fails or is unknown, and one row of a host on which
/// nothing does. Labels follow as columns of their own, those of the most hosts.
///
/// No cell begins with what a spreadsheet takes for a formula.
///
/// # Errors
/// Those of the place it is written to.
pub fn csv(summary: &Summary, weighing: &Weighing, out: &mut dyn Write) -> io::Result<()> {
    let population = Population::new(summary, weighing);
    let labels = label_keys(&population);
    let labels: Vec<&str> = labels.iter().map(|label| label.key).collect();
    let mut writer = ::csv::Writer::from_writer(out);
    let header = FIRST.iter().map(|name| (*name).to_owned());
    let header = header.chain(labels.iter().map(|key| cell(&format!("label:{key}"))));
    writer.write_record(header)?;
    let mut rows: Vec<(&Key, &Row)> = summary.hosts.iter().collect();
    rows.sort_by(|a, b| (&a.1.name, a.0).cmp(&(&b.1.name, b.0)));
    for (_, row) in rows {
        let Some(class) = population.class(row.shape) else {
            continue;
        };
        let place = &class.shape.place;
        let text = |text: Option<&str>| cell(text.unwrap_or_default());
        let host = [
            cell(&row.name),
            verdict(class.verdict).to_owned(),
            text(place.release.as_deref()),
            text(place.arch.as_deref()),
            text(place.distribution().as_deref()),
            time(row.time),
            if class.shape.partly { "part" } else { "all" }.to_owned(),
        ];
        let labels: Vec<String> = labels
            .iter()
            .map(|key| {
                let own = population.labels_of(row.labels);
                cell(labels::value(own, key).unwrap_or_default())
            })
            .collect();
        if class.findings.is_empty() {
            let nothing = vec![String::new(); FIRST.len() - host.len()];
            writer.write_record(host.iter().chain(&nothing).chain(&labels))?;
        }
        for known in &class.findings {
            let words = population.words(known.key);
            let typed = words.and_then(|words| {
                let typed = words.fixes.iter().find(|fix| !fix.commands.is_empty());
                typed.or(words.fixes.first())
            });
            let commands = typed.map(|fix| fix.commands.iter().map(|line| clean(line)));
            let commands: Vec<String> = commands.into_iter().flatten().collect();
            let finding = [
                cell(&known.check),
                status(known.status).to_owned(),
                severity(known.severity).to_owned(),
                class.blockers.contains(&known.check).to_string(),
                cell(words.map_or("", |words| &words.title)),
                cell(words.map_or("", |words| &words.because)),
                typed.map_or("", |fix| takes(fix.needs)).to_owned(),
                cell(typed.map_or("", |fix| &fix.summary)),
                guarded(commands.join("\n")),
            ];
            writer.write_record(host.iter().chain(&finding).chain(&labels))?;
        }
    }
    writer.flush()
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ready => "ready",
        Verdict::NotReady => "not-ready",
        Verdict::Undetermined => "undetermined",
    }
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Fail => "fail",
        Status::Unknown => "unknown",
        Status::Ok => "ok",
        Status::NotApplicable => "not-applicable",
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

fn takes(needs: Needs) -> &'static str {
    match needs {
        Needs::Nothing => "nothing",
        Needs::Privilege => "privilege",
        Needs::Reboot => "reboot",
        Needs::Rebuild => "rebuild",
    }
}

/// A cell with this text.
fn cell(text: &str) -> String {
    guarded(clean(text))
}

/// A quotation mark before what spreadsheets would evaluate, as OWASP advises.
fn guarded(text: String) -> String {
    match text.trim_start().starts_with([
        '=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ]) {
        true => format!("'{text}"),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (text, expected) in [
            ("web-17", "web-17"),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(1)", "'@SUM(1)"),
            ("  =1", "'  =1"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("\t=1", "\u{fffd}=1"),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected);
        }
    }
}
