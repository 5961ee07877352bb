//! What is wrong with a checks file beyond what parsing refuses: what can never come about,
//! what stands without proof, and what was left half written.

use serde::{Deserialize, Serialize};

use super::check::{Check, Severity};
use super::condition::Condition;
use super::load::Catalogue;
use super::possible::{self, Answers, NO, UNKNOWN, YES, possible};
use super::profile::{Need, Profile};
use super::vocabulary::Vocabulary;
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

/// A rule looks at one check and says what is wrong with it.
type Rule = fn(&Check, &Scene) -> Vec<(Level, String)>;

/// What rules may look at besides the check.
struct Scene {
    values_of: possible::ValuesOf,
}

/// All rules. A new one is a function and a row.
const RULES: &[Rule] = &[
    parts_that_contradict,
    never_or_always,
    causes_out_of_reach,
    fixes_out_of_reach,
    without_references,
    without_fixes,
    without_confirmation,
    half_written,
];

/// Reads a checks file on top of `base`, and says all that is wrong with it. What parsing
/// refuses comes alone: what follows it would be guesswork.
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
        return vec![offence(error.line, "", Level::Error, error.message)];
    }
    let text = yaml::text(bytes).unwrap_or_default();
    let ids: Ids = yaml::from_str(text).unwrap_or_default();
    let scene = Scene {
        values_of: vocabulary.values_of,
    };
    let mut offences = Vec::new();
    for (index, Id { id }) in ids.checks.iter().enumerate() {
        let Some(check) = catalogue.check(id) else {
            continue;
        };
        let line = yaml::line_of(text, "checks", index).unwrap_or(0);
        for (level, message) in RULES.iter().flat_map(|rule| rule(check, &scene)) {
            offences.push(offence(line, id, level, message));
        }
    }
    for (index, Id { id }) in ids.profiles.iter().enumerate() {
        let Some(profile) = catalogue.profile(id) else {
            continue;
        };
        let line = yaml::line_of(text, "profiles", index).unwrap_or(0);
        for (level, message) in of_profile(profile, &scene) {
            offences.push(offence(line, id, level, message));
        }
    }
    offences
}

/// What is wrong with a profile.
fn of_profile(profile: &Profile, scene: &Scene) -> Vec<(Level, String)> {
    let mut found = Vec::new();
    if profile.documents.is_empty() {
        let message = "no documents: name those of the software that say what it needs";
        found.push((Level::Error, message.to_owned()));
    }
    let mut seen = Vec::new();
    for need in profile.needs() {
        let name = match need {
            Need::Check { check, .. } => check,
            Need::Condition {
                need, condition, ..
            } => {
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

/// A word that says that something was left to do.
fn left_over(text: &str) -> Option<&str> {
    let words = ["TODO", "FIXME", "TBD", "XXX"];
    let mut tokens = text.split(|c: char| !c.is_ascii_alphanumeric());
    tokens.find(|token| words.contains(token))
}

/// The ids of a file's entries, in their order.
#[derive(Debug, Default, Deserialize)]
struct Ids {
    #[serde(default)]
    checks: Vec<Id>,
    #[serde(default)]
    profiles: Vec<Id>,
}

#[derive(Debug, Deserialize)]
struct Id {
    id: String,
}

impl Scene {
    /// Whether no host can give these answers.
    fn never(&self, asked: &[(&Condition, Answers)]) -> bool {
        possible(asked, self.values_of) == Some(false)
    }
}

/// What must hold before a cause is looked for.
fn failing(check: &Check) -> Vec<(&Condition, Answers)> {
    let applies = check.applies.iter();
    let conditions = applies.chain(&check.fails);
    conditions.map(|condition| (condition, YES)).collect()
}

/// All conditions of a check, and what they are.
fn conditions(check: &Check) -> Vec<(String, &Condition)> {
    let mut all = Vec::new();
    all.extend(check.fails.iter().map(|c| ("`fails`".to_owned(), c)));
    all.extend(check.applies.iter().map(|c| ("`applies`".to_owned(), c)));
    for (index, cause) in check.causes.iter().enumerate() {
        let place = format!("cause {}", index + 1);
        all.extend(cause.when.iter().map(|when| (place.clone(), when)));
        for (fix, when) in cause.fixes.iter().map(|fix| &fix.when).enumerate() {
            let place = format!("{place}, fix {}", fix + 1);
            all.extend(when.iter().map(|when| (place.clone(), when)));
        }
    }
    all
}

fn parts_that_contradict(check: &Check, scene: &Scene) -> Vec<(Level, String)> {
    let mut found = Vec::new();
    for (place, condition) in conditions(check) {
        condition.walk(&mut |part| {
            let joined = matches!(
                part,
                Condition::All(_) | Condition::Any(_) | Condition::Prefer(_)
            );
            if joined && scene.never(&[(part, YES)]) {
                let message = format!("{place}: this can never be so: {}", part.sentence());
                found.push((Level::Error, message));
            }
        });
    }
    found
}

fn never_or_always(check: &Check, scene: &Scene) -> Vec<(Level, String)> {
    let Some(fails) = &check.fails else {
        return Vec::new();
    };
    let with = |answer: Answers| {
        let applies = check.applies.iter().map(|condition| (condition, YES));
        applies.chain([(fails, answer)]).collect::<Vec<_>>()
    };
    // A part that contradicts itself is told by another rule.
    let alone = scene.never(&[(fails, YES)]);
    if check.applies.is_some() && !alone && scene.never(&with(YES)) {
        let message = "where `applies` holds, `fails` never does: the check can't fail";
        return vec![(Level::Error, message.to_owned())];
    }
    if scene.never(&with(NO)) {
        let message = "where `applies` holds, `fails` is never answered no: the check can't be ok";
        return vec![(Level::Error, message.to_owned())];
    }
    Vec::new()
}

fn causes_out_of_reach(check: &Check, scene: &Scene) -> Vec<(Level, String)> {
    let mut asked = failing(check);
    if scene.never(&asked) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (index, cause) in check.causes.iter().enumerate() {
        let reaching = cause.when.iter().map(|when| (when, YES));
        let reaching: Vec<_> = asked.iter().copied().chain(reaching).collect();
        if scene.never(&reaching) {
            let message = format!(
                "cause {} is never reached: what it asks can't be so where the check fails and \
                 no cause before it matched",
                index + 1
            );
            found.push((Level::Error, message));
        }
        asked.extend(cause.when.iter().map(|when| (when, NO | UNKNOWN)));
    }
    found
}

fn fixes_out_of_reach(check: &Check, scene: &Scene) -> Vec<(Level, String)> {
    let mut found = Vec::new();
    for (index, cause) in check.causes.iter().enumerate() {
        let mut asked = failing(check);
        asked.extend(cause.when.iter().map(|when| (when, YES)));
        if scene.never(&asked) {
            continue;
        }
        for (place, fix) in cause.fixes.iter().enumerate() {
            let Some(when) = &fix.when else { continue };
            let usable: Vec<_> = asked.iter().copied().chain([(when, YES)]).collect();
            if scene.never(&usable) {
                let message = format!(
                    "cause {}, fix {}: its `when` can't be so together with its cause",
                    index + 1,
                    place + 1
                );
                found.push((Level::Error, message));
            }
        }
    }
    found
}

fn without_references(check: &Check, _: &Scene) -> Vec<(Level, String)> {
    if !check.references.is_empty() {
        return Vec::new();
    }
    let message = "no references: name the commit, file or document it rests on";
    vec![(Level::Advice, message.to_owned())]
}

fn without_fixes(check: &Check, _: &Scene) -> Vec<(Level, String)> {
    let bare = check.causes.iter().enumerate().filter(|(_, cause)| {
        let severity = cause.severity.unwrap_or(check.severity);
        cause.fixes.is_empty() && severity > Severity::Info
    });
    bare.map(|(index, _)| {
        let message = format!(
            "cause {} has no fix: say what to do, or what else to use",
            index + 1
        );
        (Level::Advice, message)
    })
    .collect()
}

fn without_confirmation(check: &Check, _: &Scene) -> Vec<(Level, String)> {
    if !check.confirm.is_empty() {
        return Vec::new();
    }
    let message = "nothing under `confirm`: say how to see it by hand";
    vec![(Level::Advice, message.to_owned())]
}

fn half_written(check: &Check, _: &Scene) -> Vec<(Level, String)> {
    let fixes = || check.causes.iter().flat_map(|cause| &cause.fixes);
    let causes = check.causes.iter().map(|cause| &cause.because);
    let prose = [&check.title, &check.why].into_iter();
    let prose = prose.chain(&check.ok).chain(causes);
    let more = check.references.iter().chain(&check.confirm);
    let texts = prose.clone().chain(more);
    let texts = texts.chain(fixes().map(|fix| &fix.summary));
    let half = texts.filter_map(|text| {
        let word = left_over(text)?;
        Some((Level::Error, format!("`{word}` was left in: {text}")))
    });
    let unfilled = prose.filter(|text| text.contains("{{")).map(|text| {
        let message = format!("a placeholder is filled in fixes alone, not here: {text}");
        (Level::Error, message)
    });
    half.chain(unfilled).collect()
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
            ("[here]", "[]", "no references"),
            ("[look]", "[]", "nothing under `confirm`"),
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
        let errors = offences.iter().filter(|one| one.level == Level::Error);
        let errors: Vec<String> = errors
            .map(|one| format!("{}:{}: {}: {}", one.file, one.line, one.entry, one.message))
            .collect();
        assert!(errors.is_empty(), "\n{}\n", errors.join("\n"));
    }
}
