//! Hosts and what fails on them, for spreadsheets: a row for each host and check.

use std::io;
use std::io::Write;

use super::super::audit::{LABELS, Population, Weighing, first_typed, label_keys, mending, takes};
use super::super::digest::Key;
use super::super::labels;
use super::super::summary::{Row, Shape, Summary};
use crate::diagnosis::{Severity, Status};
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

/// Writes the rows: of each host what fails or is unknown, then, if `all`, what is ok or does
/// not apply; one row of a host of which there is nothing of that. Labels follow as columns of
/// their own, those of the most hosts.
///
/// No cell begins with what a spreadsheet takes for a formula, whichever sign it takes for the one
/// between cells.
///
/// # Errors
/// Those of the place it is written to.
pub fn csv(
    summary: &Summary,
    weighing: &Weighing,
    all: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let population = Population::new(summary, weighing);
    let labels = label_keys(&population);
    let labels: Vec<&str> = labels.iter().map(|label| label.key).collect();
    let mut writer = ::csv::Writer::from_writer(out);
    let header = FIRST.iter().map(|name| (*name).to_owned());
    let header = header.chain(labels.iter().map(|key| cell(&format!("label:{key}"))));
    writer.write_record(header).map_err(trouble)?;
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
            looked_at(class.unasked, class.shape.partly).to_owned(),
        ];
        let labels: Vec<String> = labels
            .iter()
            .map(|key| {
                let own = population.labels_of(row.labels);
                cell(labels::value(own, key).unwrap_or_default())
            })
            .collect();
        let passed = passed(class.shape).filter(|_| all);
        let rest = vec![String::new(); FIRST.len() - host.len()];
        if class.findings.is_empty() && passed.clone().next().is_none() {
            let row = host.iter().chain(&rest).chain(&labels);
            writer.write_record(row).map_err(trouble)?;
        }
        for known in class.findings.iter() {
            let words = population.words(known.key);
            // The one that the audit tells.
            let typed = words.and_then(|words| match known.status {
                Status::Unknown => first_typed(words),
                _ => mending(words),
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
                typed.map_or("", takes).to_owned(),
                cell(typed.map_or("", |fix| &fix.summary)),
                guarded(commands.join("\n")),
            ];
            let row = host.iter().chain(&finding).chain(&labels);
            writer.write_record(row).map_err(trouble)?;
        }
        for (check, is) in passed {
            let finding = [cell(check), status(is).to_owned()];
            let rest = rest.iter().skip(finding.len());
            let row = host.iter().chain(&finding).chain(rest).chain(&labels);
            writer.write_record(row).map_err(trouble)?;
        }
    }
    writer.flush()
}

/// The checks that are ok or do not apply.
fn passed(shape: &Shape) -> impl Iterator<Item = (&str, Status)> + Clone {
    let ok = shape.ok.iter().map(|check| (&**check, Status::Ok));
    let moot = shape.moot.iter();
    ok.chain(moot.map(|check| (&**check, Status::NotApplicable)))
}

/// How much of a host was looked at; software that was named and not asked for is why it has
/// no answer.
fn looked_at(unasked: bool, partly: bool) -> &'static str {
    match (unasked, partly) {
        (true, _) => "unasked",
        (false, true) => "part",
        (false, false) => "all",
    }
}

/// What the place it is written to says, such as that a reader went away.
fn trouble(error: ::csv::Error) -> io::Error {
    match error.into_kind() {
        ::csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
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

/// A cell with this text.
fn cell(text: &str) -> String {
    guarded(clean(text))
}

/// A quotation mark before what spreadsheets would evaluate, as OWASP advises; also where a cell
/// begins for those that have a semicolon or a tab between cells.
fn guarded(text: String) -> String {
    let is_formula = |part: &str| part.trim_start().starts_with(EVALUATED);
    if !text.split(BETWEEN).any(is_formula) {
        return text;
    }
    let mut safe = String::with_capacity(text.len() + 2);
    for part in text.split_inclusive(BETWEEN) {
        if is_formula(part) {
            safe.push('\'');
        }
        safe.push_str(part);
    }
    safe
}

/// What formulas begin with.
const EVALUATED: &[char] = &[
    '=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
];
/// What may stand between cells, besides commas, before which a cell is quoted.
const BETWEEN: &[char] = &[';', '\t'];

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
            ("x;=cmd|'/C calc'!A0", "x;'=cmd|'/C calc'!A0"),
            ("x; @a;b;-1", "x;' @a;b;'-1"),
            ("a; b", "a; b"),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected);
        }
    }
}
