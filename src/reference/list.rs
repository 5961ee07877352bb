//! All checks, one line each.

use serde::Serialize;

use crate::catalogue::{Catalogue, Check, Kind, SCHEMA, Severity};
use crate::report::{Style, clean};
use crate::yaml;

/// Which checks are listed: those that fit all of it.
#[derive(Debug, Clone, Default)]
pub struct CheckFilter {
    /// These areas; all, if empty.
    pub areas: Vec<String>,
    /// These kinds; all, if empty.
    pub kinds: Vec<Kind>,
    /// At least this severity.
    pub severity: Option<Severity>,
    /// Words that id, title, reasons or references have, whatever their case, or that are the id of
    /// the area.
    pub words: Vec<String>,
}

impl CheckFilter {
    /// The checks that fit, in the order of the catalogue's areas.
    #[must_use]
    pub fn of<'a>(&self, catalogue: &'a Catalogue) -> Vec<&'a Check> {
        let mut checks: Vec<&Check> = catalogue.checks.iter().filter(|c| self.has(c)).collect();
        checks.sort_by_key(|check| {
            catalogue
                .areas
                .iter()
                .position(|area| area.id == check.area)
        });
        checks
    }

    fn has(&self, check: &Check) -> bool {
        let any = |list: &[String], word: &String| list.is_empty() || list.contains(word);
        any(&self.areas, &check.area)
            && (self.kinds.is_empty() || self.kinds.contains(&check.kind))
            && self.severity.is_none_or(|least| check.severity >= least)
            && self.words.iter().all(|word| says(check, word))
    }
}

fn says(check: &Check, word: &str) -> bool {
    let word = word.to_lowercase();
    if check.area == word {
        return true;
    }
    let causes = check.causes.iter().map(|cause| &cause.because);
    let texts = [&check.id, &check.title, &check.why].into_iter();
    let texts = texts.chain(&check.ok).chain(&check.change);
    let mut texts = texts.chain(causes).chain(&check.references);
    texts.any(|text| text.to_lowercase().contains(&word))
}

/// The list for a person, by areas.
#[must_use]
pub fn list(catalogue: &Catalogue, checks: &[&Check], style: Style) -> String {
    let mut out = String::new();
    let width = checks.iter().map(|check| check.id.len()).max().unwrap_or(0);
    for area in &catalogue.areas {
        let mut here = checks
            .iter()
            .filter(|check| check.area == area.id)
            .peekable();
        if here.peek().is_none() {
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&format!("{}\n", style.bold(&clean(&area.title))));
        for check in here {
            let severity = format!("{:<7}", check.severity.to_string());
            let severity = match check.severity {
                Severity::Error => style.red(&severity),
                Severity::Warning => style.yellow(&severity),
                Severity::Info => style.cyan(&severity),
            };
            let kind = kind(check.kind);
            let (id, title) = (clean(&check.id), clean(&check.title));
            out.push_str(&format!("  {id:<width$}  {severity}  {kind:<9}  {title}\n"));
        }
    }
    let count = checks.len();
    let word = if count == 1 { "check" } else { "checks" };
    out.push_str(&format!(
        "\n{count} {word}; `bpf-doctor checks show ID` tells one in full\n"
    ));
    style.plain(&out)
}

/// The word for a kind.
pub(super) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Host => "host",
        Kind::Program => "program",
        Kind::Toolchain => "toolchain",
    }
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    area: &'a str,
    kind: Kind,
    severity: Severity,
    title: &'a str,
}

#[derive(Serialize)]
struct List<'a> {
    schema: &'static str,
    catalogue: &'a str,
    checks: Vec<Row<'a>>,
}

impl<'a> List<'a> {
    fn of(catalogue: &'a Catalogue, checks: &[&'a Check]) -> Self {
        let row = |check: &&'a Check| Row {
            id: &check.id,
            area: &check.area,
            kind: check.kind,
            severity: check.severity,
            title: &check.title,
        };
        Self {
            schema: SCHEMA,
            catalogue: &catalogue.digest,
            checks: checks.iter().map(row).collect(),
        }
    }
}

/// The list in YAML.
///
/// # Errors
/// None that a catalogue can cause; the serializer's signature asks for it.
pub fn list_yaml(catalogue: &Catalogue, checks: &[&Check]) -> Result<String, yaml::Error> {
    yaml::to_string(&List::of(catalogue, checks))
}

/// The list in JSON.
///
/// # Errors
/// None that a catalogue can cause; the serializer's signature asks for it.
pub fn list_json(catalogue: &Catalogue, checks: &[&Check]) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(&List::of(catalogue, checks)).map(|text| text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_joined() {
        let catalogue = crate::built_in_catalogue().unwrap();
        let all = CheckFilter::default().of(&catalogue);
        assert_eq!(all.len(), catalogue.checks.len());
        let words = |words: &[&str]| CheckFilter {
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            ..CheckFilter::default()
        };
        let btf = words(&["BTF"]).of(&catalogue).len();
        assert!(btf > 0 && btf < all.len(), "{btf}");
        assert!(
            words(&["BTF", "no such word at all"])
                .of(&catalogue)
                .is_empty()
        );
        let errors = CheckFilter {
            severity: Some(Severity::Error),
            ..CheckFilter::default()
        };
        let errors = errors.of(&catalogue);
        assert!(errors.iter().all(|check| check.severity == Severity::Error));
        assert!(!errors.is_empty());
    }
}
