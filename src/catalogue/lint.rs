//! What is wrong with a checks file beyond what parsing refuses: what can never come about,
//! what stands without proof, and what was left half written.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::check::Check;
use super::condition::Condition;
use super::error::LoadError;
use super::file::OptionRule;
use super::lists::{fault_of, fault_of_kernel};
use super::load::{Catalogue, explain};
use super::located;
use super::mending::misses;
use super::options::{options_set, set_by, strange, undone, unheard_of};
use super::packaged::PackagedKernel;
use super::possible::{NO, Patience, YES};
use super::profile::{Need, Profile};
use super::replaced::dropped;
use super::rules::{RULES, Scene, left_over};
use super::vocabulary::{Vocabulary, speaking};
use crate::yaml;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The entry does what it says, and leaves its reader something to wish for.
    Advice,
    /// The entry can't do what it says.
    Error,
}

/// Something wrong with a checks file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offence {
    /// The file, as it was named.
    pub file: String,
    /// The line, counted from 1; 0 where the fault has no line of its own.
    pub line: usize,
    /// The entry it is about; empty for the file as a whole.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub entry: String,
    /// How bad it is.
    pub level: Level,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// Reads a checks file on top of `base`, and says all that is wrong with it. What parsing
/// refuses comes alone, once for each entry: what follows it would be guesswork.
#[must_use]
pub fn lint(base: &Catalogue, name: &str, bytes: &[u8], vocabulary: Vocabulary) -> Vec<Offence> {
    let offence = |line, entry: &str, level, message| Offence {
        file: name.to_owned(),
        line,
        entry: entry.to_owned(),
        level,
        message,
    };
    let mut catalogue = base.clone();
    if let Err(error) = catalogue.extend_bytes(name, bytes, vocabulary) {
        let mut offences = vec![offence(error.line, "", Level::Error, error.message)];
        let text = yaml::text(bytes).unwrap_or_default();
        let mut others = of_entries::<Check>(text, "checks", vocabulary);
        others.extend(of_entries::<Profile>(text, "profiles", vocabulary));
        others.extend(of_entries::<OptionRule>(text, "options", vocabulary));
        for (line, message) in others {
            // The first was told, and perhaps more precisely.
            let told = |one: &Offence| one.line == line || one.message == message;
            if !offences.iter().any(told) {
                offences.push(offence(line, "", Level::Error, message));
            }
        }
        let misfits = base.joined(name, text, vocabulary, MOST);
        for LoadError { line, message, .. } in misfits.map(|(_, all)| all).unwrap_or_default() {
            if !offences.iter().any(|one| one.line == line) {
                offences.push(offence(line, "", Level::Error, message));
            }
        }
        offences.sort_by_key(|offence| offence.line);
        return offences;
    }
    let text = yaml::text(bytes).unwrap_or_default();
    let ids: Ids = yaml::from_str(text).unwrap_or_default();
    let scene = Scene {
        values_of: vocabulary.values_of,
        is_fact: vocabulary.is_fact,
        nearest_fact: vocabulary.nearest_fact,
        patience: Patience::new(),
        options: options_of(base),
        rules: catalogue.options.clone(),
    };
    let mut offences = Vec::new();
    let checks: BTreeMap<&str, &Check> = by_id(&catalogue.checks, |check| &check.id);
    for (id, line) in ids.checks(text) {
        let Some(check) = checks.get(id) else {
            continue;
        };
        for (level, message) in RULES.iter().flat_map(|rule| rule(check, &scene)) {
            offences.push(offence(line, id, level, message));
        }
        if let Some(message) = base.check(id).and_then(|replaced| dropped(check, replaced)) {
            offences.push(offence(line, id, Level::Advice, message));
        }
    }
    let rows: Vec<PackagedKernel> = match yaml::from_str::<Kernels>(text) {
        Ok(file) => file.kernels,
        Err(_) => Vec::new(),
    };
    let places = yaml::lines_of(text, "kernels", rows.len()).unwrap_or_default();
    for (index, row) in rows.iter().enumerate() {
        let line = places.get(index).copied().unwrap_or(0);
        let fault = fault_of_kernel(row).into_iter();
        offences.extend(fault.map(|(level, message)| offence(line, "", level, message)));
    }
    let profiles: BTreeMap<&str, &Profile> = by_id(&catalogue.profiles, |one| &one.id);
    for (id, line) in lines(text, "profiles", &ids.profiles) {
        let Some(profile) = profiles.get(id) else {
            continue;
        };
        for (level, message) in of_profile(profile, &scene) {
            offences.push(offence(line, id, level, message));
        }
    }
    if scene.patience.is_over() {
        let message = "so many conditions that not all were held against each other: lint it in \
                       several files";
        offences.push(offence(0, "", Level::Advice, message.to_owned()));
    }
    offences
}

/// Of a file that is wrong all over nobody reads more faults.
const MOST: usize = 100;

/// What parsing refuses of each entry of a list, read by itself, with its line; nothing where they
/// don't stand one below the other.
fn of_entries<T: DeserializeOwned>(
    text: &str,
    key: &str,
    vocabulary: Vocabulary,
) -> Vec<(usize, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut faults = Vec::new();
    let begins = yaml::items_of(text, key);
    for (place, &(begin, end)) in begins.iter().enumerate() {
        if faults.len() >= MOST || place >= located::ENTRIES {
            break;
        }
        let entry = lines.get(begin - 1..end - 1).unwrap_or_default().join("\n");
        let read = speaking(vocabulary, || yaml::from_str::<Vec<T>>(&entry));
        // An alias is known to the whole file alone.
        let Err(error) = read.map_err(|error| explain("", error)) else {
            continue;
        };
        if !error.message.contains("unknown anchor") {
            let message = error.message.replacen("[0]", &format!("{key}[{place}]"), 1);
            faults.push((begin - 1 + error.line.max(1), message));
        }
    }
    faults
}

/// The lines of the checks of a file, by their ids; empty where it is none.
#[must_use]
pub fn places(bytes: &[u8]) -> BTreeMap<String, usize> {
    let text = yaml::text(bytes).unwrap_or_default();
    let ids: Ids = yaml::from_str(text).unwrap_or_default();
    let checks = ids.checks(text).into_iter();
    checks.map(|(id, line)| (id.to_owned(), line)).collect()
}

/// The kernel options that a catalogue asks about, sets or knows the needs of.
fn options_of(catalogue: &Catalogue) -> BTreeSet<String> {
    let asked = catalogue.facts_asked();
    let asked = asked.iter().filter_map(|key| key.strip_prefix("config."));
    let mut options: BTreeSet<String> = asked.map(str::to_owned).collect();
    options.extend(catalogue.checks.iter().flat_map(options_set));
    for rule in &catalogue.options {
        let named = rule.needs.iter().chain(&rule.excludes);
        options.extend(named.chain([&rule.option]).cloned());
    }
    options
}

fn by_id<T>(entries: &[T], id: fn(&T) -> &String) -> BTreeMap<&str, &T> {
    entries.iter().map(|one| (id(one).as_str(), one)).collect()
}

/// Ids with their lines. Where entries don't stand one below the other each is looked for, and
/// the file read for each, so that those of long lists have the line of their list alone.
fn lines<'a>(text: &str, key: &str, ids: &'a [Id]) -> Vec<(&'a str, usize)> {
    const SOUGHT: usize = 200;
    let all = yaml::lines_of(text, key, ids.len());
    let line = |index: usize| match &all {
        Some(all) => all.get(index).copied().unwrap_or(0),
        None => yaml::line_of(text, key, if index < SOUGHT { index } else { 0 }).unwrap_or(0),
    };
    let ids = ids.iter().enumerate();
    ids.map(|(index, Id { id })| (id.as_str(), line(index)))
        .collect()
}

/// What is wrong with a profile.
fn of_profile(profile: &Profile, scene: &Scene) -> Vec<(Level, String)> {
    let mut found = Vec::new();
    if profile.documents.is_empty() {
        let message = "no documents: name those of the software that say what it needs";
        found.push((Level::Error, message.to_owned()));
    }
    let mut options = BTreeSet::new();
    for need in profile.needs() {
        let fixes = need.fixes();
        options.extend(fixes.iter().flat_map(set_by).cloned());
        found.extend(fixes.iter().filter_map(|fix| undone(fix, &scene.rules)));
        found.extend(fixes.iter().filter_map(fault_of));
        found.extend(unheard_of(fixes.iter(), scene));
        if let Need::Condition {
            need, condition, ..
        } = need
        {
            options.extend(condition.options().map(str::to_owned));
            found.extend(
                fixes
                    .iter()
                    .filter_map(|fix| misses(fix, need, condition, scene)),
            );
        }
    }
    found.extend(exclusive(profile, scene));
    found.extend(strange(options, &scene.options));
    let (mut seen, mut ids) = (Vec::new(), BTreeSet::new());
    for need in profile.needs() {
        let name = match need {
            Need::Check { check, .. } => check,
            Need::Condition {
                id,
                need,
                condition,
                ..
            } => {
                match id {
                    None => {
                        let message = format!(
                            "`{need}` has no `id`, by which an audit knows it once it is put in other words"
                        );
                        found.push((Level::Advice, message));
                    }
                    Some(id) if !ids.insert(id) => {
                        let message = format!("two needs have the id `{id}`");
                        found.push((Level::Error, message));
                    }
                    Some(_) => {}
                }
                for (answer, what) in [(YES, "can never be met"), (NO, "is always met")] {
                    if scene.never(&[(condition, answer)]) {
                        found.push((Level::Error, format!("`{need}` {what}")));
                    }
                }
                need
            }
        };
        if seen.contains(&name) {
            found.push((Level::Error, format!("`{name}` is named twice")));
        }
        seen.push(name);
        if need.because().is_some_and(|text| left_over(text).is_some()) {
            found.push((
                Level::Error,
                format!("what `{name}` is for was left half written"),
            ));
        }
    }
    found
}

/// Needs that are required together, and never met together.
fn exclusive(profile: &Profile, scene: &Scene) -> Vec<(Level, String)> {
    let mut met: Vec<(&str, &Condition)> = Vec::new();
    let mut found = Vec::new();
    for need in &profile.requires {
        let Need::Condition {
            need, condition, ..
        } = need
        else {
            continue;
        };
        if scene.never(&[(condition, YES)]) {
            continue;
        }
        let mut others = met.iter();
        let other = others.find(|(_, other)| scene.never(&[(condition, YES), (other, YES)]));
        if let Some((other, _)) = other {
            let message = format!("`{other}` and `{need}` are never met together");
            found.push((Level::Error, message));
        }
        met.push((need, condition));
    }
    found
}

/// The ids of a file's entries, in their order.
#[derive(Debug, Default, Deserialize)]
struct Ids {
    #[serde(default)]
    checks: Vec<Id>,
    #[serde(default)]
    profiles: Vec<Id>,
}

/// The packaged kernels of a file.
#[derive(Debug, Deserialize)]
struct Kernels {
    #[serde(default)]
    kernels: Vec<PackagedKernel>,
}

#[derive(Debug, Deserialize)]
struct Id {
    id: String,
}

impl Ids {
    fn checks(&self, text: &str) -> Vec<(&str, usize)> {
        lines(text, "checks", &self.checks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    applies: {kernel: \">=4.14\"}
    fails: {config: BPF, is: unset}
    causes:
      - when: {kernel: \">=5.13\"}
        because: Of this
        fixes: [{summary: Do it, when: {kernel: \">=6.1\"}, sysctl: {a.b: 1}}]
      - because: Of that
        fixes: [{summary: Do it, sysctl: {a.b: 1}}]
    confirm: [look]
    references: [here]
";

    fn told(from: &str, to: &str) -> Vec<String> {
        assert!(GOOD.contains(from), "{from}");
        let text = GOOD.replacen(from, to, 1);
        let offences = lint(
            &Catalogue::default(),
            "c.yaml",
            text.as_bytes(),
            Vocabulary::OPEN,
        );
        offences
            .iter()
            .map(|one| format!("{}: {}: {}", one.line, one.entry, one.message))
            .collect()
    }

    #[test]
    fn a_good_file_is_good() {
        assert_eq!(told("look", "look"), [""; 0]);
    }

    #[test]
    fn each_check_tells_its_own_fault() {
        let entry = GOOD.split_once("checks:\n").unwrap().1;
        let wrong = [
            ("some-failure", "Bad_Id"),
            ("kind: host", "kind: hast"),
            ("severity: error", "severity: fatal"),
            ("title: It fails", "tittle: It fails"),
            ("title: It fails", "title: It fails too"),
            ("causes:", "cause:"),
            (">=4.14", "four"),
        ];
        let mut text = "areas: [{id: maps, title: Maps}]\nchecks:\n".to_owned();
        for (index, (from, to)) in wrong.into_iter().enumerate() {
            let entry = entry.replacen(from, to, 1);
            text += &entry.replace("some-failure", &format!("failure-{index}"));
        }
        let base = Catalogue::default();
        let offences = lint(&base, "c.yaml", text.as_bytes(), Vocabulary::OPEN);
        let length = entry.lines().count();
        let told: Vec<usize> = offences.iter().map(|one| (one.line - 3) / length).collect();
        assert_eq!(told, [0, 1, 2, 3, 5, 6], "{offences:#?}");
        let words = ["Bad_Id", "hast", "fatal", "tittle", "cause", "four"];
        for (offence, word) in offences.iter().zip(words) {
            assert!(offence.message.contains(word), "{offence:?}");
        }
    }

    /// Profiles and options tell theirs as checks do, and so does what does not fit together.
    #[test]
    fn each_entry_tells_its_own_fault() {
        let told = |text: &str| {
            let base = Catalogue::default();
            let offences = lint(&base, "c.yaml", text.as_bytes(), Vocabulary::OPEN);
            let lines = offences.into_iter().map(|one| (one.line, one.message));
            lines.collect::<Vec<_>>()
        };
        let profile = |id: &str, key: &str| {
            format!("  - {{id: {id}, {key}: T, software: S, documents: [d], requires: []}}\n")
        };
        let text = format!(
            "profiles:\n{}{}{}options:\n  - {{option: A, kernel: x}}\n  - {{option: B, kernle: y}}\n",
            profile("a", "titel"),
            profile("b", "title"),
            profile("c", "titl"),
        );
        let lines: Vec<usize> = told(&text).iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 4, 6, 7], "{:#?}", told(&text));
        let entry = GOOD.split_once("checks:\n").unwrap().1;
        let misfit = |id: &str| {
            let entry = entry.replace("some-failure", id);
            entry.replace("area: maps", "area: nowhere")
        };
        let text = format!(
            "areas: [{{id: maps, title: M}}]\nchecks:\n{}{}",
            misfit("a"),
            misfit("b")
        );
        let lines: Vec<usize> = told(&text).iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [3, 3 + entry.lines().count()], "{:#?}", told(&text));
    }

    #[test]
    fn long_files_are_linted_or_refused() {
        let entry = GOOD.split_once("checks:\n").unwrap().1;
        let file = |count: usize, entry: &dyn Fn(usize) -> String| {
            let entries: String = (0..count).map(entry).collect();
            let text = format!("areas: [{{id: maps, title: Maps}}]\nchecks:\n{entries}");
            let base = Catalogue::default();
            lint(&base, "c.yaml", text.as_bytes(), Vocabulary::OPEN)
        };
        let plain = |index: usize| entry.replace("some-failure", &format!("failure-{index}"));
        assert_eq!(file(300, &plain), []);
        let chain = |index: usize| {
            let needs = format!("    kind: host\n    requires: [failure-{}]", index + 1);
            match index {
                299 => plain(index),
                _ => plain(index).replacen("    kind: host", &needs, 1),
            }
        };
        assert_eq!(file(300, &chain), []);
        let round = |index: usize| {
            let needs = format!(
                "    kind: host\n    requires: [failure-{}]",
                (index + 1) % 300
            );
            plain(index).replacen("    kind: host", &needs, 1)
        };
        let told = file(300, &round);
        assert_eq!(told.len(), 1);
        assert!(told[0].message.contains("require each other"), "{told:?}");
        let bare = |_: usize| "  - {}\n".to_owned();
        let list = (0..10_001).map(|_| "a, ").collect::<String>();
        let text = format!("backporting: [{list}a]\n");
        let base = Catalogue::default();
        let told = lint(&base, "c.yaml", text.as_bytes(), Vocabulary::OPEN);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].message.contains("more than 10000 entries"),
            "{told:?}"
        );
        // Of many faults the first hundred are told.
        assert!(file(300, &bare).len() <= 101);
    }

    #[test]
    fn each_rule_finds_what_it_is_for() {
        let rows = [
            ("kind:", "kint:", "did you mean `kind`"),
            (
                "fails: {config: BPF, is: unset}",
                "fails: {all: [{config: BPF, is: unset}, {config: BPF, is: y}]}",
                "`fails`: this can never be so: CONFIG_BPF is not set, or absent and CONFIG_BPF is y",
            ),
            (
                "{config: BPF, is: unset}",
                "{kernel: \"<4.14\"}",
                "the check can't fail",
            ),
            (
                "{config: BPF, is: unset}",
                "{kernel: \">=4.4\"}",
                "the check can't be ok",
            ),
            (
                "when: {kernel: \">=5.13\"}",
                "when: {config: BPF, is: y}",
                "cause 1 is never reached",
            ),
            (
                "when: {kernel: \">=5.13\"}",
                "when: {kernel: \">=4.14\"}",
                "cause 2 is never reached",
            ),
            (
                "when: {kernel: \">=6.1\"}",
                "when: {kernel: \"<5.13\"}",
                "cause 1, fix 1: its `when`",
            ),
            (
                "because: Of that\n        fixes: [{summary: Do it, sysctl: {a.b: 1}}]",
                "because: Of that\n        fixes: [{summary: Do it, kernel-config: {BPF: n}}]",
                "cause 2, fix 1: the check fails with it as it does without",
            ),
            (
                "fails: {config: BPF, is: unset}\n    causes:\n      - when: {kernel: \">=5.13\"}\n        \
                 because: Of this\n        fixes: [{summary: Do it, when: {kernel: \">=6.1\"}, sysctl: {a.b: 1}}]",
                "fails: {kernel: \"<5.13\"}\n    causes:\n      - when: {kernel: \"<5.10\"}\n        because: \
                 Of this\n        fixes: [{summary: Do it, upgrade: {kernel: \"5.5\", needs: reboot}}]",
                "cause 1, fix 1: the check fails with it as it does without",
            ),
            (
                "sysctl: {a.b: 1}",
                "upgrade: {kernel: \"5.13\", needs: reboot}",
                "cause 1, fix 1: what it brings about is so already where it is offered",
            ),
            (
                "ok: It does not",
                "ok: It does not\n    beside: [{when: {config: BPF, is: unset}, says: and more}]",
                "`beside` is never said",
            ),
            ("[here]", "[]", "no references"),
            ("[look]", "[]", "nothing under `confirm`"),
            ("[here]", "[\"\"]", "no references"),
            (
                "[here]",
                "[here, \" \"]",
                "an empty item under `references`",
            ),
            ("[look]", "[\"\"]", "nothing under `confirm`"),
            (
                "[here]",
                "[here]\n    notes: [17, 99]",
                "there is no item 99, they are 1 to 17",
            ),
            (
                "sysctl: {a.b: 1}",
                "kernel-config: {NOPE: maybe, LSM: \"a,b\", NR_CPUS: 64, BASE: 0x10}",
                "is NOPE an option whose value is text?",
            ),
            (
                "sysctl: {a.b: 1}",
                "kernel-arguments: {add: [lsm=x], remove: [lsm=x]}",
                "`lsm=x` is both added and removed",
            ),
            (
                "sysctl: {a.b: 1}",
                "kernel-arguments: {add: [\"a b; c\"]}",
                "it has ' '",
            ),
            (
                "sysctl: {a.b: 1}",
                "kernel-arguments: {remove: [\"a=$(b)\"]}",
                "it has '$'",
            ),
            (
                "{config: BPF, is: unset}",
                "{sysctl: a.b, at-least: 5, at-most: 2}",
                "`at-least` and `at-most` are two",
            ),
            (
                "because: Of that\n        fixes: [{summary: Do it, sysctl: {a.b: 1}}]",
                "because: Of that",
                "cause 2 has no fix",
            ),
            (
                "because: Of that",
                "because: TODO say why",
                "`TODO` was left in",
            ),
            (
                "why: Because",
                "why: \"Because of {{os.id}}\"",
                "a placeholder is filled in fixes alone",
            ),
        ];
        for (from, to, wanted) in rows {
            let told = told(from, to);
            assert!(
                told.iter().any(|line| line.contains(wanted)),
                "{to}: {told:#?}"
            );
        }
    }

    #[test]
    fn a_check_that_nothing_leads_to_is_refused() {
        let text = GOOD.replacen("    ok: It does not\n", "", 1);
        let text = text.replacen("    applies: {kernel: \">=4.14\"}\n", "", 1);
        let bare = text.replacen("    fails: {config: BPF, is: unset}\n", "", 1);
        assert_ne!(bare, text);
        let found = |text: &str| {
            let base = Catalogue::default();
            let offences = lint(&base, "c.yaml", text.as_bytes(), Vocabulary::OPEN);
            let errors = offences.iter().filter(|one| one.level == Level::Error);
            let told = errors.map(|one| format!("{}: {}", one.entry, one.message));
            told.collect::<Vec<_>>().join("\n")
        };
        assert!(
            found(&bare).starts_with("some-failure: nothing leads to it"),
            "{}",
            found(&bare)
        );
        let symptom = "    symptoms: [{text: 'it failed', weight: 80, examples: ['it failed']}]\n";
        assert_eq!(found(&(bare + symptom)), "");
    }

    #[test]
    fn an_option_that_no_kernel_has_is_asked_about() {
        let base = crate::built_in_catalogue().unwrap();
        for (option, says) in [
            (
                "BPF_NOSUCH",
                Some("no kernel has an option CONFIG_BPF_NOSUCH"),
            ),
            ("DEBUG_INFO_BFT", Some("There is CONFIG_DEBUG_INFO_BTF")),
            ("BPF_JIT_ALWAYS_ON", None),
            ("SCHED_CLASS_EXT", None),
            (
                "SOME_DRIVER_OF_MINE",
                Some("no check here has asked about an option CONFIG_SOME_DRIVER_OF_MINE"),
            ),
        ] {
            for from in ["{config: BPF, is: unset}", "sysctl: {a.b: 1}"] {
                let to = match from.starts_with('{') {
                    true => format!("{{config: {option}, is: unset}}"),
                    false => format!("kernel-config: {{{option}: y}}"),
                };
                let text = GOOD.replacen(from, &to, 1);
                let told = lint(&base, "c.yaml", text.as_bytes(), crate::vocabulary());
                let about = told
                    .iter()
                    .find(|one| one.message.contains("an option CONFIG_"));
                match says {
                    None => assert_eq!(about, None),
                    Some(says) => {
                        let about = about.unwrap();
                        assert!(about.message.contains(says), "{about:?}");
                        assert_eq!(about.level, Level::Advice);
                    }
                }
            }
        }
    }

    /// Names that facts and Kconfig never have, wherever they stand.
    #[test]
    fn names_that_do_not_exist_are_met_wherever_they_stand() {
        let base = crate::built_in_catalogue().unwrap();
        let asked = "{config: BPF, is: unset}";
        let profile = |condition: &str| {
            format!(
                "{GOOD}profiles:\n  - id: p\n    title: P\n    software: P 1\n    documents: [d]\n    \
                 requires: [{{need: n, condition: {condition}}}]\n"
            )
        };
        for (text, level, says) in [
            (
                GOOD.replacen(asked, "{fact: kernel.flavour, is: redhat}", 1),
                Level::Error,
                "unknown value of `kernel.flavour` `redhat`",
            ),
            (
                GOOD.replacen(asked, "{fact: kernel.arch, is: x86-64}", 1),
                Level::Error,
                "did you mean `x86_64`?",
            ),
            (
                GOOD.replacen(asked, "{lsm: bfp}", 1),
                Level::Error,
                "unknown security module `bfp`",
            ),
            (
                GOOD.replacen(asked, "{filesystem: bfp}", 1),
                Level::Error,
                "unknown file system `bfp`",
            ),
            (
                GOOD.replacen(asked, "{fact: tool.dnf, is: zzz}", 1),
                Level::Error,
                "`tool.dnf` is a path",
            ),
            (
                GOOD.replacen(asked, "{fact: security.lsm.asked, has: bfp}", 1),
                Level::Error,
                "unknown security module `bfp`",
            ),
            (
                GOOD.replacen("sysctl: {a.b: 1}", "mount: {type: nosuchfs, at: /x}", 1),
                Level::Error,
                "unknown file system `nosuchfs`",
            ),
            (
                GOOD.replacen("{a.b: 1}", "{net.core.bpf_jit_hardne: 1}", 1),
                Level::Advice,
                "have `net.core.bpf_jit_hardne`; there is `net.core.bpf_jit_harden`",
            ),
            (
                GOOD.replacen("{a.b: 1}", "{vm.nosuch_setting: 1}", 1),
                Level::Advice,
                "see that `sysctl vm.nosuch_setting` tells it",
            ),
            (
                GOOD.replacen(
                    "sysctl: {a.b: 1}",
                    "upgrade: {kernel: \"99.9\", needs: reboot}",
                    1,
                ),
                Level::Advice,
                "no mainline kernel 99.9 is known here",
            ),
            (
                GOOD.replacen(
                    "sysctl: {a.b: 1}",
                    "upgrade: {kernel: \"5.20\", needs: reboot}",
                    1,
                ),
                Level::Advice,
                "no mainline kernel 5.20 is known here",
            ),
            (
                profile("{config: BPF, is: y}, fixes: [{summary: S, sysctl: {net.no: 1}}]"),
                Level::Advice,
                "see that `sysctl net.no` tells it",
            ),
            (
                profile(
                    "{config: NETKIT, is: y}, fixes: [{summary: S, kernel-config: {NETKIT: n}}]",
                ),
                Level::Error,
                "`n` is not met with its fix `S`",
            ),
            (
                profile("{kernel: \">=5.8\"}}, {need: m, condition: {kernel: \"<5.2\"}"),
                Level::Error,
                "`n` and `m` are never met together",
            ),
            (
                profile("{config: NO_SUCH_OPTION, is: y}"),
                Level::Advice,
                "an option CONFIG_NO_SUCH_OPTION",
            ),
            (
                profile("{config: BPF_SYSCAL, is: y}"),
                Level::Advice,
                "There is CONFIG_BPF_SYSCALL",
            ),
            (
                GOOD.replacen(
                    "sysctl: {a.b: 1}",
                    "kernel-config: {BPF_LSM: y, BPF_EVENTS: n}",
                    1,
                ),
                Level::Error,
                "BPF_LSM needs BPF_EVENTS, which the fix switches off",
            ),
            (
                GOOD.replacen(
                    "sysctl: {a.b: 1}",
                    "kernel-config: {DEBUG_INFO_BTF: y, DEBUG_INFO_SPLIT: y}",
                    1,
                ),
                Level::Error,
                "DEBUG_INFO_BTF can't be with DEBUG_INFO_SPLIT, which the fix switches on",
            ),
            (
                format!(
                    "{GOOD}    symptoms: [{{event: [pin, map-creat], weight: 50, examples: [x]}}]\n"
                ),
                Level::Error,
                "did you mean `map-create`?",
            ),
            (
                format!(
                    "{GOOD}    symptoms: [{{text: 'it failed', loader: libbfp, weight: 50, examples: ['it failed']}}]\n"
                ),
                Level::Error,
                "did you mean `libbpf`?",
            ),
            (
                format!(
                    "{GOOD}    symptoms: [{{text: 'it failed', weight: 80, says: 'the {{name}} \
                     went', examples: ['it failed']}}]\n"
                ),
                Level::Error,
                "its pattern no group (?P<name>…)",
            ),
            (
                format!("{GOOD}options: [{{option: A, kernel: '>=4.9', needs: [A]}}]\n"),
                Level::Error,
                "A can neither need nor exclude itself",
            ),
            (
                format!(
                    "{GOOD}options: [{{option: A, kernel: '>=4.9', needs: [B], excludes: [B]}}]\n"
                ),
                Level::Error,
                "A can't both need and exclude B",
            ),
        ] {
            let told = lint(&base, "c.yaml", text.as_bytes(), crate::vocabulary());
            let found = told
                .iter()
                .any(|one| one.level == level && one.message.contains(says));
            assert!(found, "{says}: {told:#?}");
        }
    }

    /// The kernels that may be asked for go as far as the tables of what kernels have.
    #[test]
    fn the_newest_kernel_is_that_of_the_tables() {
        let (major, minor) = crate::catalogue::options::NEWEST;
        let table = include_str!("../features/table.yaml");
        assert!(table.contains(&format!("\nnewest: \"{major}.{minor}\"\n")));
    }

    /// What the doctor asks of others it does itself.
    #[test]
    fn the_built_in_catalogue_has_no_errors() {
        let text = include_str!("../../checks.yaml");
        let offences = lint(
            &Catalogue::default(),
            "checks.yaml",
            text.as_bytes(),
            crate::vocabulary(),
        );
        let of_names = |one: &&Offence| {
            one.message.starts_with("`sysctl`") || one.message.starts_with("`upgrade`")
        };
        assert_eq!(offences.iter().find(of_names), None);
        let errors = offences.iter().filter(|one| one.level == Level::Error);
        let errors: Vec<String> = errors
            .map(|one| format!("{}:{}: {}: {}", one.file, one.line, one.entry, one.message))
            .collect();
        assert!(errors.is_empty(), "\n{}\n", errors.join("\n"));
    }
}
