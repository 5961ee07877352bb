//! The audit as one page for a browser: nothing is fetched, and nothing of a host becomes
//! markup or script. The page holds the audit as JSON, and its script shows it as text.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Serialize;

use super::super::audit::{Audit, Population, Weighing};
use super::super::summary::Summary;
use crate::report::{Detail, Style, Verdict, clean, is_harmful};

/// Hosts that are named on the page; of a larger fleet some of each group are.
const NAMED: usize = 200_000;
/// Names of a group, where not all hosts are named.
const SOME: usize = 100;
/// Groups of hosts on the page.
const GROUPS: usize = 20_000;

/// Hosts with the same verdict, place and failing checks.
#[derive(Serialize)]
struct Group {
    verdict: Verdict,
    kernel: String,
    distribution: String,
    arch: String,
    /// Checks that fail, by their number in `checks`; what keeps from being ready comes first.
    fails: Vec<usize>,
    /// How many of them keep from being ready.
    blocks: usize,
    /// Checks that are unknown.
    unknown: Vec<usize>,
    hosts: u64,
    /// Their names, one a line.
    names: String,
}

#[derive(Serialize)]
struct Data<'a> {
    audit: &'a Audit,
    checks: Vec<&'a str>,
    groups: Vec<Group>,
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
    let data = data(audit, summary, weighing)?;
    let plain = Style {
        color: false,
        unicode: true,
        detail: Detail::Normal,
    };
    let plain = super::text::text_alone(audit, plain);
    Ok(include_str!("page.html")
        .replace("/*style*/", include_str!("page.css"))
        .replace("/*script*/", include_str!("page.js"))
        .replace("<!--text-->", &escaped(&plain))
        .replace("/*data*/", &data))
}

/// What the page shows, as JSON.
fn data(
    audit: &Audit,
    summary: &Summary,
    weighing: &Weighing,
) -> Result<String, serde_json::Error> {
    let population = Population::new(summary, weighing);
    let (checks, groups, left_out) = groups(summary, &population);
    let data = Data {
        audit,
        checks,
        groups,
        left_out,
    };
    Ok(in_script(&serde_json::to_string(&data)?))
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
) -> (Vec<&'a str>, Vec<Group>, usize) {
    // By name, so that the same hosts give the same page.
    let all = population.classes.iter().flat_map(|class| &class.findings);
    let checks: BTreeSet<&str> = all.map(|known| &*known.check).collect();
    let checks: Vec<&str> = checks.into_iter().collect();
    let number = |check: &str| checks.binary_search(&check).unwrap_or(0);
    let mut shapes: BTreeMap<Shape<'_>, (Verdict, Vec<&str>)> = BTreeMap::new();
    // Labels and versions of the doctor don't tell hosts apart here.
    let mut of_class: Vec<Option<Shape<'_>>> = Vec::new();
    for class in &population.classes {
        let mut fails: Vec<usize> = Vec::new();
        let mut rest: Vec<usize> = Vec::new();
        let mut unknown: Vec<usize> = Vec::new();
        for known in &class.findings {
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
        shapes
            .entry(shape.clone())
            .or_insert((class.verdict, Vec::new()));
        of_class.push(Some(shape));
    }
    for row in summary.hosts.values() {
        let shape = population
            .number(row.shape)
            .and_then(|place| of_class.get(place)?.as_ref());
        if let Some((_, names)) = shape.and_then(|shape| shapes.get_mut(shape)) {
            names.push(&row.name);
        }
    }
    let all = summary.len() <= NAMED;
    let groups = shapes.into_iter().map(|(shape, (verdict, mut names))| {
        let (_, distribution, kernel, arch, fails, blocks, unknown) = shape;
        names.sort_unstable();
        let hosts = names.len() as u64;
        if !all {
            names.truncate(SOME);
        }
        let names = names.into_iter().map(|name| match name.is_empty() {
            true => "(no name)".to_owned(),
            false => clean(name),
        });
        let names: Vec<String> = names.collect();
        let word = |text: Option<&str>| text.unwrap_or("(unknown)").to_owned();
        Group {
            verdict,
            kernel: word(kernel),
            distribution: word(distribution.as_deref()),
            arch: word(arch),
            fails,
            blocks,
            unknown,
            hosts,
            names: names.join("\n"),
        }
    });
    let mut groups: Vec<Group> = groups.collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.hosts));
    let left_out = groups.len().saturating_sub(GROUPS);
    groups.truncate(GROUPS);
    (checks, groups, left_out)
}

/// JSON that ends no script and begins no comment, whatever is in its texts, and whose texts
/// have no control characters but the ends of lines.
fn in_script(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut chars = json.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                // The serializer writes control characters so, and nothing else.
                Some('u') => {
                    chars.by_ref().take(4).for_each(drop);
                    out.push('\u{fffd}');
                }
                Some('r' | 't' | 'b' | 'f') => out.push('\u{fffd}'),
                Some(escaped) => out.extend(['\\', escaped]),
                None => {}
            },
            c if is_harmful(c) => out.push('\u{fffd}'),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // Writing to a string can't fail.
                let _ok = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_stays_data() {
        let hostile = "</script><!--<script>\u{2028}&";
        let json = serde_json::to_string(hostile).unwrap();
        let safe = in_script(&json);
        assert!(!safe.contains(['<', '>', '&', '\u{2028}']));
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), hostile);
        assert_eq!(escaped("<b>&"), "&lt;b&gt;&amp;");
        let hostile = "a\u{1b}[31m\r\tb\u{202e}c\u{85}\n\\u001b \"d\"";
        let json = serde_json::to_string(hostile).unwrap();
        let read = serde_json::from_str::<String>(&in_script(&json)).unwrap();
        let bad = '\u{fffd}';
        assert_eq!(
            read,
            format!("a{bad}[31m{bad}{bad}b{bad}c{bad}\n\\u001b \"d\"")
        );
    }
}
