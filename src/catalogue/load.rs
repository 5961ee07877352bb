//! A checks file: reading, joining with another, and what makes it wrong.

use std::collections::BTreeSet;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::check::{Area, Check};
use super::vocabulary::{Vocabulary, nearest, speaking, unknown_word};
use crate::version::{KernelVersion, VersionRange};

/// What a kernel option needs before a build keeps it: the dependencies of its Kconfig entry.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionRule {
    /// The option, without `CONFIG_`.
    pub option: String,
    /// Kernels whose Kconfig says so.
    pub kernel: VersionRange,
    /// Options that must be on.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Options that must be off.
    #[serde(default)]
    pub excludes: Vec<String>,
    /// Programs the build needs, as a person would say it (`pahole 1.16 or later`).
    #[serde(default)]
    pub tools: Vec<String>,
}

/// The documented failures, and what is known about kernel options.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// Groups of checks, in the order of a report.
    pub areas: Vec<Area>,
    /// The checks, in the order of the file.
    pub checks: Vec<Check>,
    /// Dependencies of kernel options.
    pub options: Vec<OptionRule>,
    /// Beginnings of kernel flavours whose vendor brings features to old version numbers,
    /// so that an old number proves nothing.
    pub backporting: Vec<String>,
    /// Says which catalogue judged: the first twelve hexadecimal digits of its SHA-256.
    pub digest: String,
}

/// What is wrong with a checks file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct LoadError {
    /// Its name, as given.
    pub file: String,
    /// The line, counted from 1; 0 where the fault has no line of its own.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    #[serde(default)]
    areas: Vec<Area>,
    #[serde(default)]
    backporting: Vec<String>,
    #[serde(default)]
    options: Vec<OptionRule>,
    checks: Vec<Check>,
}

impl Catalogue {
    /// Reads a checks file. `name` stands in errors.
    ///
    /// # Errors
    /// The first thing that is wrong with it, with its line.
    pub fn parse(name: &str, text: &str, vocabulary: Vocabulary) -> Result<Self, LoadError> {
        let mut catalogue = Self::default();
        catalogue.extend(name, text, vocabulary)?;
        Ok(catalogue)
    }

    /// Reads another checks file on top: its checks are added, or take the place of those
    /// with the same id.
    ///
    /// # Errors
    /// As [`Catalogue::parse`]; the catalogue is then as before.
    pub fn extend(
        &mut self,
        name: &str,
        text: &str,
        vocabulary: Vocabulary,
    ) -> Result<(), LoadError> {
        let parsed = speaking(vocabulary, || serde_yaml::from_str::<File>(text));
        let file = parsed.map_err(|error| explain(name, &error))?;
        let fault = |at: &str, message: String| LoadError {
            file: name.to_owned(),
            line: line_of(text, at),
            message,
        };
        let mut seen = BTreeSet::new();
        for check in &file.checks {
            if !is_kebab_case(&check.id) {
                let message = format!("check id `{}` is not of the form a-b-c", check.id);
                return Err(fault(&check.id, message));
            }
            if !seen.insert(check.id.as_str()) {
                return Err(fault(
                    &check.id,
                    format!("check `{}` stands twice", check.id),
                ));
            }
        }

        let mut joined = self.clone();
        joined.areas.extend(file.areas);
        joined.backporting.extend(file.backporting);
        joined.options.extend(file.options);
        for check in file.checks {
            match joined.checks.iter_mut().find(|old| old.id == check.id) {
                Some(old) => *old = check,
                None => joined.checks.push(check),
            }
        }
        if let Some((at, message)) = joined.fault() {
            return Err(fault(&at, message));
        }
        let digest = Sha256::digest(format!("{}{text}", self.digest));
        joined.digest = digest.iter().take(6).map(|b| format!("{b:02x}")).collect();
        *self = joined;
        Ok(())
    }

    /// The check of this id.
    #[must_use]
    pub fn check(&self, id: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.id == id)
    }

    /// The first reference or cause that can't be right, and the id of its check.
    fn fault(&self) -> Option<(String, String)> {
        let ids = || self.checks.iter().map(|check| check.id.as_str());
        for check in &self.checks {
            let fault = |message| Some((check.id.clone(), message));
            if !self.areas.iter().any(|area| area.id == check.area) {
                let areas = self.areas.iter().map(|area| area.id.as_str());
                let hint = nearest(&check.area, areas);
                return fault(unknown_word("area", &check.area, hint));
            }
            for id in &check.requires {
                if self.check(id).is_none() {
                    return fault(unknown_word("check", id, nearest(id, ids())));
                }
                if self.leads_to(id, &check.id, self.checks.len()) {
                    return fault(format!("`{}` and `{id}` require each other", check.id));
                }
            }
            match check.causes.split_last() {
                None => return fault(format!("`{}` names no cause", check.id)),
                Some((last, _)) if last.when.is_some() => {
                    return fault(format!(
                        "the last cause of `{}` has a `when`; end with one that remains when \
                         no other matches",
                        check.id
                    ));
                }
                Some((_, before)) if before.iter().any(|cause| cause.when.is_none()) => {
                    return fault(format!(
                        "a cause of `{}` without `when` stands before others, which are never \
                         reached",
                        check.id
                    ));
                }
                Some(_) => {}
            }
        }
        None
    }

    /// Whether following `requires` from `from` reaches `to` in at most `steps` steps.
    fn leads_to(&self, from: &str, to: &str, steps: usize) -> bool {
        from == to
            || steps > 0
                && self.check(from).is_some_and(|check| {
                    let mut next = check.requires.iter();
                    next.any(|id| self.leads_to(id, to, steps - 1))
                })
    }

    /// What a kernel's Kconfig of this version asks of an option; `None` where nothing is known.
    #[must_use]
    pub fn option_rule(&self, option: &str, version: KernelVersion) -> Option<&OptionRule> {
        let mut rules = self.options.iter();
        rules.find(|rule| rule.option == option && rule.kernel.contains(version))
    }

    /// Whether kernels of this version have the option, as far as is known of it.
    #[must_use]
    pub fn offers_option(&self, option: &str, version: KernelVersion) -> bool {
        let known = self.options.iter().any(|rule| rule.option == option);
        !known || self.option_rule(option, version).is_some()
    }

    /// All facts any condition asks about, by key.
    #[must_use]
    pub fn facts_asked(&self) -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        let mut visit = |condition: &super::Condition| {
            if let super::Condition::Fact(test) = condition {
                keys.insert(test.key.clone());
            }
        };
        for check in &self.checks {
            let causes = check.causes.iter();
            let fixes = causes.clone().flat_map(|cause| cause.fixes.iter());
            let conditions = check.applies.iter().chain([&check.fails]);
            let conditions = conditions.chain(causes.filter_map(|cause| cause.when.as_ref()));
            for condition in conditions.chain(fixes.filter_map(|fix| fix.when.as_ref())) {
                condition.walk(&mut visit);
            }
        }
        let rules = self.options.iter();
        let options = rules.flat_map(|rule| {
            let named = [&rule.option].into_iter();
            named.chain(&rule.needs).chain(&rule.excludes)
        });
        keys.extend(options.map(|option| format!("config.{option}")));
        keys
    }
}

/// A serde error as place and sentence, with the word that was probably meant.
fn explain(file: &str, error: &serde_yaml::Error) -> LoadError {
    let line = error.location().map_or(0, |place| place.line());
    let full = error.to_string();
    // The place stands in front already.
    let message = full.split(" at line ").next().unwrap_or(&full).to_owned();
    let hint = message
        .split_once("unknown field `")
        .or_else(|| message.split_once("unknown variant `"))
        .and_then(|(_, rest)| {
            let mut quoted = rest.split('`').step_by(2);
            let word = quoted.next()?;
            let known = rest.split('`').skip(2).step_by(2);
            nearest(word, known).map(|known| format!("; did you mean `{known}`?"))
        });
    LoadError {
        file: file.to_owned(),
        line,
        message: message + hint.as_deref().unwrap_or_default(),
    }
}

/// The line on which a check begins, or a word first stands; 0 if nowhere.
fn line_of(text: &str, word: &str) -> usize {
    let start = format!("id: {word}");
    let number = |found: Option<usize>| found.map(|index| index + 1);
    let entry = text.lines().position(|line| line.contains(&start));
    let word = || text.lines().position(|line| line.contains(word));
    number(entry).or_else(|| number(word())).unwrap_or(0)
}

fn is_kebab_case(id: &str) -> bool {
    let part = |part: &str| {
        let mut chars = part.chars();
        !part.is_empty() && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    id.split('-').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: Vocabulary = Vocabulary {
        is_fact: |key| key != "config.WRONG",
        nearest_fact: |_| Some("config.RIGHT".to_owned()),
        probes: || vec!["sockhash-create"],
    };

    const GOOD: &str = "\
areas: [{id: maps, title: Maps}]
checks:
  - id: some-failure
    area: maps
    kind: host
    severity: error
    title: It fails
    ok: It does not
    why: Because
    fails: {probe: sockhash-create, outcome: works}
    causes:
      - when: {kernel: \">=5.13\"}
        because: Of this
      - because: Of that
    references: []
";

    fn error(from: &str, to: &str) -> String {
        assert!(GOOD.contains(from), "{from} stands in the good file");
        let text = GOOD.replacen(from, to, 1);
        Catalogue::parse("c.yaml", &text, WORDS)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn the_built_in_catalogue_is_right() {
        assert_eq!(crate::built_in_catalogue().err(), None);
    }

    #[test]
    fn a_wrong_word_is_refused_with_its_line_and_the_right_one() {
        let rows = [
            (
                "    title:",
                "    tytle:",
                "c.yaml:7: ",
                "did you mean `title`?",
            ),
            (
                "severity: error",
                "severity: eror",
                "c.yaml:6: ",
                "did you mean `error`?",
            ),
            (
                "sockhash-create",
                "sockhash-creat",
                "c.yaml:10: ",
                "did you mean `sockhash-create`?",
            ),
            (
                "outcome: works",
                "outcome: works, errno: [EINVAL]",
                "c.yaml:10: ",
                "no errno",
            ),
            (
                "outcome: works",
                "outcome: works, is: y",
                "c.yaml:10: ",
                "`is` has no meaning",
            ),
            (
                "probe: sockhash-create, outcome: works",
                "config: WRONG, is: y",
                "c.yaml:10: ",
                "did you mean `config.RIGHT`?",
            ),
            (
                "probe: sockhash-create, outcome: works",
                "config: BPF",
                "c.yaml:10: ",
                "is, has, at-least, at-most",
            ),
            (
                "probe: sockhash-create, outcome: works",
                "all: []",
                "c.yaml:10: ",
                "empty list",
            ),
            (
                "probe: sockhash-create, outcome: works",
                "is: y",
                "c.yaml:10: ",
                "needs a subject",
            ),
            (">=5.13", "newer than 5.13", "c.yaml:12: ", "newer"),
            (
                "area: maps",
                "area: map",
                "c.yaml:3: ",
                "did you mean `maps`?",
            ),
            (
                "some-failure",
                "Some Failure",
                "c.yaml:3: ",
                "not of the form a-b-c",
            ),
            (
                "      - because: Of that\n",
                "",
                "c.yaml:3: ",
                "has a `when`",
            ),
            (
                "    ok: It does not\n",
                "",
                "c.yaml:3: ",
                "missing field `ok`",
            ),
            ("kind: host", "kind: [host", "c.yaml:", ""),
        ];
        for (from, to, place, hint) in rows {
            let message = error(from, to);
            assert!(message.starts_with(place), "{to}: {message}");
            assert!(message.contains(hint), "{to}: {message}");
        }
    }

    #[test]
    fn checks_of_another_file_are_added_or_replace() {
        let mut catalogue = Catalogue::parse("c.yaml", GOOD, WORDS).unwrap();
        let before = catalogue.digest.clone();
        let replaced = GOOD
            .replace("It fails", "It fails otherwise")
            .replace("areas", "#areas");
        catalogue.extend("mine.yaml", &replaced, WORDS).unwrap();
        assert_eq!(catalogue.checks.len(), 1);
        assert_eq!(catalogue.checks[0].title, "It fails otherwise");
        assert_ne!(catalogue.digest, before);
    }

    #[test]
    fn circles_are_refused() {
        let line = "    severity: error\n";
        let circle = error(line, "    severity: error\n    requires: [some-failure]\n");
        assert!(circle.contains("require each other"), "{circle}");
    }
}
