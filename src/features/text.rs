//! Rows for people.

use std::collections::BTreeMap;

use super::model::{Available, Features, Group, Row};
use crate::report::{Detail, Style, clean};

/// Lines are broken at this column.
const WIDTH: usize = 100;

/// Of a folded group, as many names of one reason are told.
const FEW: usize = 6;
/// A group of more rows is told in numbers, unless it is the only one.
const MANY: usize = 100;

/// What a kernel has, as text: of each group the names that are there in columns, and those that
/// aren't by their reason; with [`Detail::Verbose`] a line for each row, with [`Detail::Quiet`]
/// one for each group.
#[must_use]
pub fn text(features: &Features, style: Style) -> String {
    let mut out = String::new();
    if style.detail != Detail::Quiet {
        header(&mut out, features, style);
    }
    for group in &features.groups {
        let of = group.program_type.as_ref();
        let name = of.map_or_else(
            || group.group.clone(),
            |of| format!("{} of {of}", group.group),
        );
        let counts = format!(
            "{} yes, {} no, {} unknown",
            group.yes, group.no, group.unknown
        );
        out.push_str(&format!(
            "{}  {counts}\n",
            style.bold(&format!("{name:<14}"))
        ));
        match style.detail {
            Detail::Quiet => continue,
            Detail::Normal => {
                let fold = features.groups.len() > 1 && group.rows.len() > MANY;
                compact(&mut out, group, fold && of.is_none(), style);
            }
            Detail::Verbose => lines(&mut out, group, style),
        }
        out.push('\n');
    }
    style.plain(&out)
}

fn header(out: &mut String, features: &Features, style: Style) {
    let known = |text: &Option<String>| text.as_deref().map(clean);
    let kernel = known(&features.kernel.release).unwrap_or_else(|| "of unknown release".to_owned());
    let arch = known(&features.kernel.arch).unwrap_or_default();
    out.push_str(&format!(
        "{} {arch}\n",
        style.bold(&format!("Linux {kernel}"))
    ));
    for asked in &features.sources {
        let what = clean(&asked.what);
        let mark = if asked.told { "" } else { "not known: " };
        out.push_str(&style.dim(&format!("  {:<12}{mark}{what}", asked.source.to_string())));
        out.push('\n');
    }
    out.push('\n');
}

/// Names in columns; those that are not there, or of which there is something to say, under their
/// reason. Folded, how many there are has to do.
fn compact(out: &mut String, group: &Group, fold: bool, style: Style) {
    let of = |answer| group.rows.iter().filter(move |row| row.available == answer);
    let plain = of(Available::Yes).filter(|row| row.because.is_empty());
    let names: Vec<&str> = plain.map(|row| row.name.as_str()).collect();
    if fold {
        let more = format!("{} names: --only {} lists them", names.len(), group.group);
        out.push_str(&format!("  {} {more}\n", word(Available::Yes, style)));
    } else {
        wrapped(out, &names, 2);
    }
    for answer in [Available::Yes, Available::No, Available::Unknown] {
        let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for row in of(answer).filter(|row| !row.because.is_empty()) {
            let reason = reasons.entry(row.because.as_str()).or_default();
            reason.push(&row.name);
        }
        for (reason, names) in reasons {
            let count = names.len();
            let few = if fold && count > FEW {
                format!(": {count} names")
            } else {
                String::new()
            };
            let word = word(answer, style);
            out.push_str(&format!("  {word} {}{few}\n", clean(reason)));
            if few.is_empty() {
                wrapped(out, &names, 10);
            }
        }
    }
}

/// A line for each row.
fn lines(out: &mut String, group: &Group, style: Style) {
    let widest = |cell: fn(&Row) -> usize| group.rows.iter().map(cell).max().unwrap_or(0);
    let name = widest(|row| row.name.chars().count());
    let source = widest(|row| sources(row).len());
    for row in &group.rows {
        let since = row.since.as_deref().unwrap_or("?");
        let line = format!(
            "  {} {:<name$}  {since:<5}  {:<source$}  {}",
            word(row.available, style),
            clean(&row.name),
            sources(row),
            clean(&row.because)
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

pub(super) fn sources(row: &Row) -> String {
    let sources = row.known_by.iter().map(ToString::to_string);
    sources.collect::<Vec<_>>().join(", ")
}

/// The answer, as wide as the widest.
pub(super) fn word(answer: Available, style: Style) -> String {
    match answer {
        Available::Yes => style.green("yes    "),
        Available::No => style.red("no     "),
        Available::Unknown => style.yellow("unknown"),
    }
}

/// Names in columns.
fn wrapped(out: &mut String, names: &[&str], indent: usize) {
    let names: Vec<String> = names.iter().map(|name| clean(name)).collect();
    let widest = names.iter().map(|name| name.chars().count()).max();
    let column = widest.unwrap_or(0) + 2;
    let fit = (WIDTH.saturating_sub(indent) / column.max(1)).max(1);
    for line in names.chunks(fit) {
        let mut text = " ".repeat(indent);
        for name in line {
            text.push_str(&format!("{name:<column$}"));
        }
        out.push_str(text.trim_end());
        out.push('\n');
    }
}

/// Cells that stand below each other.
#[derive(Debug, Default)]
pub(super) struct Columns {
    rows: Vec<Vec<String>>,
}

impl Columns {
    pub(super) fn row(&mut self, cells: &[String]) {
        self.rows.push(cells.to_vec());
    }

    /// The rows, with this many columns before each. The last cell is broken into lines where it
    /// would go too far.
    pub(super) fn text(&self, indent: usize) -> String {
        let count = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |at: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(at));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..count).map(width).collect();
        let mut out = String::new();
        for row in &self.rows {
            let mut line = " ".repeat(indent);
            for (at, cell) in row.iter().enumerate() {
                let width = widths.get(at).copied().unwrap_or(0);
                if at + 1 < row.len() {
                    line.push_str(&format!("{cell:<width$}  "));
                } else {
                    let margin = line.chars().count();
                    line.push_str(&broken(cell, margin));
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

/// Text in lines, each but the first after a margin.
fn broken(text: &str, margin: usize) -> String {
    let room = WIDTH.saturating_sub(margin).max(20);
    let mut out = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > room {
            out.push('\n');
            out.push_str(&" ".repeat(margin));
            used = 0;
        } else if used > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += length;
    }
    out
}
