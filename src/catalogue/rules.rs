//! What lint asks of each check, one rule after the other.

use std::collections::BTreeSet;

use super::check::{Check, NOTES, Severity};
use super::condition::Condition;
use super::file::OptionRule;
use super::fix::{Fix, Remedy};
use super::lint::Level;
use super::lists::out_of_date;
use super::mending::fixes_that_mend_nothing;
use super::options::{options_set, strange, undone, unheard_of};
use super::points::ValuesOf;
use super::possible::{Answers, NO, Patience, UNKNOWN, YES, possible};

/// A rule looks at one check and says what is wrong with it.
pub(super) type Rule = fn(&Check, &Scene) -> Vec<(Level, String)>;

/// What rules may look at besides the check.
pub(super) struct Scene {
    pub(super) values_of: ValuesOf,
    /// What facts there are, by their keys, and the nearest to a wrong one.
    pub(super) is_fact: fn(&str) -> bool,
    pub(super) nearest_fact: fn(&str) -> Option<String>,
    pub(super) patience: Patience,
    /// Kernel options that the checks before this file name.
    pub(super) options: BTreeSet<String>,
    /// What Kconfig asks for.
    pub(super) rules: Vec<OptionRule>,
}

/// All rules. A new one is a function and a row.
pub(super) const RULES: &[Rule] = &[
    out_of_reach,
    parts_that_contradict,
    never_or_always,
    causes_out_of_reach,
    fixes_out_of_reach,
    fixes_that_mend_nothing,
    never_beside,
    without_references,
    empty_items,
    unknown_notes,
    odd_options,
    unknown_options,
    undone_options,
    unheard_of_names,
    names_without_group,
    without_fixes,
    without_confirmation,
    half_written,
    out_of_date,
];

/// A word that says that something was left to do.
pub(super) fn left_over(text: &str) -> Option<&str> {
    let words = ["TODO", "FIXME", "TBD", "XXX"];
    let mut tokens = text.split(|c: char| !c.is_ascii_alphanumeric());
    tokens.find(|token| words.contains(token))
}

impl Scene {
    /// Whether no host can give these answers.
    pub(super) fn never(&self, asked: &[(&Condition, Answers)]) -> bool {
        possible(asked, self.values_of, &self.patience) == Some(false)
    }
}

/// What must hold before a cause is looked for.
pub(super) fn failing(check: &Check) -> Vec<(&Condition, Answers)> {
    let applies = check.applies.iter();
    let conditions = applies.chain(&check.fails);
    conditions.map(|condition| (condition, YES)).collect()
}

/// All conditions of a check, and what they are.
fn conditions(check: &Check) -> Vec<(String, &Condition)> {
    let mut all = Vec::new();
    all.extend(check.fails.iter().map(|c| ("`fails`".to_owned(), c)));
    all.extend(check.applies.iter().map(|c| ("`applies`".to_owned(), c)));
    let beside = check.beside.iter().map(|beside| &beside.when);
    all.extend(beside.map(|when| ("`beside`".to_owned(), when)));
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

/// A check without a question for the host is found by what programs print, or by nobody.
fn out_of_reach(check: &Check, _: &Scene) -> Vec<(Level, String)> {
    if check.fails.is_some() || !check.symptoms.is_empty() {
        return Vec::new();
    }
    let message = "nothing leads to it: it has neither `fails`, by which a host shows it, nor \
                   `symptoms`, by which error output does";
    vec![(Level::Error, message.to_owned())]
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
        // What a program printed may point to a cause that no host shows.
        let mut symptoms = check.symptoms.iter();
        let pointed = cause.id.is_some() && symptoms.any(|symptom| symptom.cause == cause.id);
        if scene.never(&reaching) && !pointed {
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

/// What is said beside a check that is ok, and can't be so where it is.
fn never_beside(check: &Check, scene: &Scene) -> Vec<(Level, String)> {
    let Some(fails) = &check.fails else {
        return Vec::new();
    };
    let applies = check.applies.iter().map(|condition| (condition, YES));
    let ok: Vec<_> = applies.chain([(fails, NO)]).collect();
    if scene.never(&ok) {
        return Vec::new();
    }
    let said = |when| ok.iter().copied().chain([(when, YES)]).collect::<Vec<_>>();
    let mut beside = check.beside.iter();
    if !beside.any(|beside| scene.never(&said(&beside.when))) {
        return Vec::new();
    }
    let message = "`beside` is never said: where it holds, the check is not ok";
    vec![(Level::Error, message.to_owned())]
}

/// Kernel options that are text; nearly all others are y, m, n or a number.
const TEXTS: &[&str] = &[
    "BOOT_CONFIG_EMBED_FILE",
    "BUILD_SALT",
    "CMDLINE",
    "DEFAULT_HOSTNAME",
    "DEFAULT_NET_SCH",
    "DEFAULT_TCP_CONG",
    "EXTRA_FIRMWARE",
    "EXTRA_FIRMWARE_DIR",
    "INITRAMFS_SOURCE",
    "LOCALVERSION",
    "LSM",
    "MODULE_SIG_HASH",
    "MODULE_SIG_KEY",
    "MODPROBE_PATH",
    "SYSTEM_BLACKLIST_HASH_LIST",
    "SYSTEM_REVOCATION_KEYS",
    "SYSTEM_TRUSTED_KEYS",
    "UEVENT_HELPER_PATH",
];

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

fn empty_items(check: &Check, _: &Scene) -> Vec<(Level, String)> {
    let lists = [
        ("references", &check.references),
        ("confirm", &check.confirm),
    ];
    let empty = lists
        .iter()
        .filter(|(_, list)| list.iter().any(|text| is_blank(text)));
    let told = empty.map(|(key, _)| (Level::Error, format!("an empty item under `{key}`")));
    told.collect()
}

fn unknown_notes(check: &Check, _: &Scene) -> Vec<(Level, String)> {
    let unknown = check.notes.iter().filter(|item| !NOTES.contains(item));
    let told = unknown.map(|item| {
        let (first, last) = (NOTES.start(), NOTES.end());
        let message = format!("`notes`: there is no item {item}, they are {first} to {last}");
        (Level::Error, message)
    });
    told.collect()
}

fn odd_options(check: &Check, _: &Scene) -> Vec<(Level, String)> {
    let fixes = check.causes.iter().flat_map(|cause| &cause.fixes);
    let options = fixes.filter_map(|fix| match &fix.remedy {
        Remedy::KernelConfig(options) => Some(options),
        _ => None,
    });
    let odd = options.flatten().filter(|(name, value)| {
        let number = value.strip_prefix("0x").map_or_else(
            || value.parse::<i64>().is_ok(),
            |digits| u64::from_str_radix(digits, 16).is_ok(),
        );
        !number && !["y", "m", "n"].contains(&value.as_str()) && !TEXTS.contains(&name.as_str())
    });
    let told = odd.map(|(name, value)| {
        let message = format!(
            "`kernel-config`: is {name} an option whose value is text? Most are y, m, n or a \
             number, not `{value}`"
        );
        (Level::Advice, message)
    });
    told.collect()
}

/// The options a check asks about or sets.
fn unknown_options(check: &Check, scene: &Scene) -> Vec<(Level, String)> {
    let mut named: BTreeSet<String> = options_set(check).collect();
    for (_, condition) in conditions(check) {
        named.extend(condition.options().map(str::to_owned));
    }
    strange(named, &scene.options)
}

/// Names that are made of what a pattern found: a relocation of several lines, the others of
/// numbers.
const MADE: &[&str] = &["relocation", "helper", "kind"];

/// `{name}` in what a symptom says is filled in by its pattern; an event has names of its own.
fn names_without_group(check: &Check, _: &Scene) -> Vec<(Level, String)> {
    let mut found = Vec::new();
    for symptom in check.symptoms.iter().filter(|one| one.event.is_empty()) {
        let says = symptom.says.iter().flat_map(|says| says.split('{').skip(1));
        let names = says.filter_map(|piece| Some(piece.split_once('}')?.0));
        // Behind a stroke stand the words for where nothing was found.
        let names = names.map(|name| name.split('|').next().unwrap_or(name));
        for name in names.filter(|name| !MADE.contains(name)) {
            let group = format!("<{name}>");
            let patterns = symptom.text.iter().chain(&symptom.verifier);
            let mut patterns = patterns.chain(&symptom.also);
            if !patterns.any(|pattern| pattern.source().contains(&group)) {
                let message = format!(
                    "a symptom's `says` has {{{name}}}, and its pattern no group (?P<{name}>…)"
                );
                found.push((Level::Error, message));
            }
        }
    }
    found
}

/// A fix that switches off what it needs itself.
fn undone_options(check: &Check, scene: &Scene) -> Vec<(Level, String)> {
    let fixes = check.causes.iter().flat_map(|cause| &cause.fixes);
    fixes.filter_map(|fix| undone(fix, &scene.rules)).collect()
}

fn fixes(check: &Check) -> impl Iterator<Item = &Fix> {
    check.causes.iter().flat_map(|cause| &cause.fixes)
}

/// Settings and kernels that a fix names and nobody knows.
fn unheard_of_names(check: &Check, scene: &Scene) -> Vec<(Level, String)> {
    unheard_of(fixes(check), scene)
}

fn without_references(check: &Check, _: &Scene) -> Vec<(Level, String)> {
    if !check.references.iter().all(|text| is_blank(text)) {
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
    if !check.confirm.iter().all(|text| is_blank(text)) {
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
