//! The audit as one page for a browser: nothing is fetched, and nothing of a host becomes
//! markup or script. The page holds the audit as JSON, and its script shows it as text.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::fmt::{Display, Write as _};
use std::io;

use serde::{Serialize, Serializer};

use super::super::audit::{Audit, Population, Weighing};
use super::super::summary::{Row, Summary};
use crate::report::{Detail, Style, Verdict, clean, is_harmful};

/// Hosts that are named on the page; of a larger fleet some of each group are.
const NAMED: usize = 200_000;
/// Names of a group, where not all hosts are named.
const SOME: usize = 100;
/// Groups of hosts on the page.
const GROUPS: usize = 20_000;

/// Hosts with the same verdict, place and failing checks.
#[derive(Serialize)]
struct Group<'a> {
    verdict: Verdict,
    kernel: &'a str,
    distribution: String,
    arch: &'a str,
    /// Checks that fail, by their number in `checks`; what keeps from being ready comes first.
    fails: Vec<usize>,
    /// How many of them keep from being ready.
    blocks: usize,
    /// Checks that are unknown.
    unknown: Vec<usize>,
    hosts: u64,
    /// Their names, one a line.
    names: Names<'a>,
}

/// Names, one a line. They are put together only when they are written: they are most of a page.
struct Names<'a>(Vec<&'a str>);

impl Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, name) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str("\n")?;
            }
            match name.is_empty() {
                true => f.write_str("(no name)")?,
                false => f.write_str(&clean(name))?,
            }
        }
        Ok(())
    }
}

impl Serialize for Names<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[derive(Serialize)]
struct Data<'a> {
    audit: &'a Audit,
    checks: Vec<&'a str>,
    groups: Vec<Group<'a>>,
    /// Groups that have no room.
    left_out: usize,
}

/// The page.
///
/// # Errors
/// None that an audit can cause; the serializer's signature asks for it.
pub fn html(
    audit: &Audit,
    summary: &Summary,
    weighing: &Weighing,
) -> Result<String, serde_json::Error> {
    const MARKS: [&str; 4] = ["/*style*/", "<!--text-->", "/*data*/", "/*script*/"];
    let mut page = String::new();
    let mut rest = include_str!("page.html");
    for mark in MARKS {
        // A test holds the page to its marks.
        let (before, behind) = rest.split_once(mark).unwrap_or((rest, ""));
        page.push_str(before);
        rest = behind;
        match mark {
            "/*style*/" => page.push_str(include_str!("page.css")),
            "/*script*/" => page.push_str(include_str!("page.js")),
            "/*data*/" => data(audit, summary, weighing, &mut page)?,
            _ => {
                let plain = Style {
                    color: false,
                    unicode: true,
                    detail: Detail::Normal,
                };
                page.push_str(&escaped(&super::text::text_alone(audit, plain)));
            }
        }
    }
    page.push_str(rest);
    Ok(page)
}

/// Adds what the page shows, as JSON.
fn data(
    audit: &Audit,
    summary: &Summary,
    weighing: &Weighing,
    page: &mut String,
) -> Result<(), serde_json::Error> {
    let population = Population::new(summary, weighing);
    let (checks, groups, left_out) = groups(summary, &population);
    let data = Data {
        audit,
        checks,
        groups,
        left_out,
    };
    serde_json::to_writer(InScript::new(page), &data)
}

type Shape<'a> = (
    &'a str,
    Option<String>,
    Option<&'a str>,
    Option<&'a str>,
    Vec<usize>,
    usize,
    Vec<usize>,
);

fn groups<'a>(
    summary: &'a Summary,
    population: &Population<'a>,
) -> (Vec<&'a str>, Vec<Group<'a>>, usize) {
    // By name, so that the same hosts give the same page.
    let all = population
        .classes
        .iter()
        .flat_map(|class| class.findings.iter());
    let checks: BTreeSet<&str> = all.map(|known| &*known.check).collect();
    let checks: Vec<&str> = checks.into_iter().collect();
    let number = |check: &str| checks.binary_search(&check).unwrap_or(0);
    let mut shapes: BTreeMap<Shape<'_>, usize> = BTreeMap::new();
    let mut verdicts: Vec<Verdict> = Vec::new();
    // Labels and versions of the doctor don't tell hosts apart here.
    let mut of_class: Vec<usize> = Vec::new();
    for class in &population.classes {
        let mut fails: Vec<usize> = Vec::new();
        let mut rest: Vec<usize> = Vec::new();
        let mut unknown: Vec<usize> = Vec::new();
        for known in class.findings.iter() {
            let number = number(&known.check);
            if class.blockers.contains(&known.check) {
                fails.push(number);
            } else if known.status == crate::diagnosis::Status::Fail {
                rest.push(number);
            } else {
                unknown.push(number);
            }
        }
        let blocks = fails.len();
        rest.sort_unstable();
        fails.sort_unstable();
        fails.extend(rest);
        unknown.sort_unstable();
        let place = &class.shape.place;
        let word = match class.verdict {
            Verdict::Ready => "ready",
            Verdict::NotReady => "not-ready",
            Verdict::Undetermined => "undetermined",
        };
        let shape = (
            word,
            place.distribution(),
            place.release.as_deref(),
            place.arch.as_deref(),
            fails,
            blocks,
            unknown,
        );
        let next = verdicts.len();
        let shape = *shapes.entry(shape).or_insert(next);
        if shape == next {
            verdicts.push(class.verdict);
        }
        of_class.push(shape);
    }
    let shape_of = |row: &Row| of_class.get(population.number(row.shape)?).copied();
    let mut hosts = vec![0_u64; verdicts.len()];
    for row in summary.hosts.values() {
        if let Some(count) = shape_of(row).and_then(|shape| hosts.get_mut(shape)) {
            *count += 1;
        }
    }
    let count = |shape: usize| hosts.get(shape).copied().unwrap_or(0);
    let mut shapes: Vec<(Shape<'_>, usize)> = shapes.into_iter().collect();
    shapes.sort_by_key(|(_, shape)| std::cmp::Reverse(count(*shape)));
    let left_out = shapes.len().saturating_sub(GROUPS);
    shapes.truncate(GROUPS);
    let mut named: HashMap<usize, Vec<&str>> = HashMap::new();
    named.extend(shapes.iter().map(|(_, shape)| (*shape, Vec::new())));
    for row in summary.hosts.values() {
        if let Some(names) = shape_of(row).and_then(|shape| named.get_mut(&shape)) {
            names.push(&row.name);
        }
    }
    let all = summary.len() <= NAMED;
    let groups = shapes.into_iter().map(|(shape, number)| {
        let (_, distribution, kernel, arch, fails, blocks, unknown) = shape;
        let mut names = named.remove(&number).unwrap_or_default();
        names.sort_unstable();
        if !all {
            names.truncate(SOME);
        }
        const UNKNOWN: &str = "(unknown)";
        Group {
            verdict: verdicts
                .get(number)
                .copied()
                .unwrap_or(Verdict::Undetermined),
            kernel: kernel.unwrap_or(UNKNOWN),
            distribution: distribution.unwrap_or_else(|| UNKNOWN.to_owned()),
            arch: arch.unwrap_or(UNKNOWN),
            fails,
            blocks,
            unknown,
            hosts: count(number),
            names: Names(names),
        }
    });
    (checks, groups.collect(), left_out)
}

/// Takes JSON and adds it to a page so that it ends no script and begins no comment, whatever
/// is in its texts, and that these have no control characters but the ends of lines.
struct InScript<'a> {
    page: &'a mut String,
    escape: Escape,
}

/// How much of an escaped character was seen.
#[derive(Clone, Copy)]
enum Escape {
    Nothing,
    Begun,
    /// So many digits are to come.
    Digits(u8),
}

impl<'a> InScript<'a> {
    fn new(page: &'a mut String) -> Self {
        let escape = Escape::Nothing;
        Self { page, escape }
    }

    fn add(&mut self, c: char) {
        self.escape = match (self.escape, c) {
            (Escape::Nothing, '\\') => Escape::Begun,
            // The serializer writes control characters so, and nothing else.
            (Escape::Begun, 'u') => Escape::Digits(4),
            (Escape::Digits(left), _) if left > 1 => Escape::Digits(left - 1),
            (Escape::Digits(_), _) | (Escape::Begun, 'r' | 't' | 'b' | 'f') => {
                self.page.push('\u{fffd}');
                Escape::Nothing
            }
            (Escape::Begun, escaped) => {
                self.page.extend(['\\', escaped]);
                Escape::Nothing
            }
            (Escape::Nothing, c) => {
                match c {
                    c if is_harmful(c) => self.page.push('\u{fffd}'),
                    '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                        // Writing to a string can't fail.
                        let _ok = write!(self.page, "\\u{:04x}", u32::from(c));
                    }
                    c => self.page.push(c),
                }
                Escape::Nothing
            }
        };
    }
}

impl io::Write for InScript<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The serializer writes whole characters.
        let text = std::str::from_utf8(bytes)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        text.chars().for_each(|c| self.add(c));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text as it stands in the page.
    fn in_script(text: &str) -> String {
        let mut page = String::new();
        serde_json::to_writer(InScript::new(&mut page), text).unwrap();
        page
    }

    #[test]
    fn the_page_has_its_marks() {
        let page = include_str!("page.html");
        let places = ["/*style*/", "<!--text-->", "/*data*/", "/*script*/"];
        let places = places.map(|mark| page.find(mark).unwrap());
        assert!(places.is_sorted());
    }

    #[test]
    fn data_stays_data() {
        let hostile = "</script><!--<script>\u{2028}&";
        let safe = in_script(hostile);
        assert!(!safe.contains(['<', '>', '&', '\u{2028}']));
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), hostile);
        assert_eq!(escaped("<b>&"), "&lt;b&gt;&amp;");
        let hostile = "a\u{1b}[31m\r\tb\u{202e}c\u{85}\n\\u001b \"d\"";
        let read = serde_json::from_str::<String>(&in_script(hostile)).unwrap();
        let bad = '\u{fffd}';
        assert_eq!(
            read,
            format!("a{bad}[31m{bad}{bad}b{bad}c{bad}\n\\u001b \"d\"")
        );
    }
}
