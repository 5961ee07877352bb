//! Questions over facts and probe outcomes that have three answers.

use serde::Deserialize;

use super::located;
use super::value::{check_option, fitting};
use super::vocabulary::{check_errno, check_fact, check_probe, check_stage};
use crate::version::VersionRange;

/// A question with the answers yes, no and unknown.
#[derive(Debug, Clone)]
pub enum Condition {
    /// All of these are so.
    All(Vec<Condition>),
    /// At least one of these is so.
    Any(Vec<Condition>),
    /// This is not so.
    Not(Box<Condition>),
    /// The first of these that has an answer decides: an experiment, then a setting, then a
    /// version number.
    Prefer(Vec<Condition>),
    /// The kernel's version lies in this range of mainline versions.
    Kernel(VersionRange),
    /// A fact passes a test.
    Fact(FactTest),
    /// The facts of these two keys have the same value.
    Same(String, String),
    /// A probe came to an outcome.
    Probe(ProbeTest),
}

impl Condition {
    /// Calls `visit` with this condition and all it is made of.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Condition)) {
        visit(self);
        match self {
            Self::All(parts) | Self::Any(parts) | Self::Prefer(parts) => {
                for part in parts {
                    part.walk(visit);
                }
            }
            Self::Not(part) => part.walk(visit),
            Self::Kernel(_) | Self::Fact(_) | Self::Same(..) | Self::Probe(_) => {}
        }
    }
}

/// A test of one fact.
#[derive(Debug, Clone, PartialEq)]
pub struct FactTest {
    /// The fact's key.
    pub key: String,
    /// What is asked of its value.
    pub test: Test,
}

/// What is asked of a fact's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// It is one of these.
    Is(Vec<Wanted>),
    /// It is a list that has this item.
    Has(String),
    /// It is a number, and at least this; of a list, the number of its items.
    AtLeast(i64),
    /// It is a number, and at most this; of a list, the number of its items.
    AtMost(i64),
    /// It is a list with at least one item.
    Some,
}

/// A value a condition names.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(
    untagged,
    expecting = "expected true, false, a whole number or text in quotes"
)]
pub enum Wanted {
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(i64),
    /// Text. Three words have a meaning of their own: `set` is whatever is neither absent
    /// nor `n`, `unset` the contrary, `absent` what the host has none of.
    Text(String),
}

/// A test of one probe's outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeTest {
    /// The probe's id.
    pub probe: String,
    /// `works` or `fails`.
    pub works: bool,
    /// Where it fails: the errnos that count, any if empty.
    pub errno: Vec<String>,
    /// Where it fails: the stage that counts, any if `None`.
    pub stage: Option<String>,
    /// Where it fails: words the log must have, any if `None`.
    pub log: Option<String>,
}

/// One value or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "expected one word (numbers with a point in quotes), or a list of them"
)]
enum OneOrMore<T> {
    One(T),
    More(Vec<T>),
}

impl<T> From<OneOrMore<T>> for Vec<T> {
    fn from(values: OneOrMore<T>) -> Self {
        match values {
            OneOrMore::One(value) => vec![value],
            OneOrMore::More(values) => values,
        }
    }
}

/// A condition as it is written: one subject, and what is asked of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Raw {
    all: Option<Vec<Condition>>,
    any: Option<Vec<Condition>>,
    not: Option<Box<Condition>>,
    prefer: Option<Vec<Condition>>,
    kernel: Option<VersionRange>,
    config: Option<String>,
    probe: Option<String>,
    file: Option<String>,
    filesystem: Option<String>,
    mount: Option<String>,
    sysctl: Option<String>,
    cmdline: Option<String>,
    capability: Option<String>,
    cgroup: Option<OneOrMore<String>>,
    lockdown: Option<OneOrMore<String>>,
    lsm: Option<String>,
    os: Option<String>,
    container: Option<OneOrMore<String>>,
    fact: Option<String>,

    is: Option<OneOrMore<Wanted>>,
    has: Option<String>,
    at_least: Option<i64>,
    at_most: Option<i64>,
    same_as: Option<String>,
    at: Option<String>,
    outcome: Option<RawOutcome>,
    errno: Option<OneOrMore<String>>,
    stage: Option<String>,
    log: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawOutcome {
    Works,
    Fails,
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        located::map::<Raw, Self, D>(deserializer, "a condition")
    }
}

impl TryFrom<Raw> for Condition {
    type Error = String;

    fn try_from(mut raw: Raw) -> Result<Self, String> {
        let condition = raw.take_subject()?;
        raw.expect_empty()?;
        Ok(condition)
    }
}

impl Raw {
    /// Takes the subject and its test out of the fields; what is left over is an error.
    fn take_subject(&mut self) -> Result<Condition, String> {
        if let Some(parts) = self.all.take() {
            return some(parts).map(Condition::All);
        }
        if let Some(parts) = self.any.take() {
            return some(parts).map(Condition::Any);
        }
        if let Some(parts) = self.prefer.take() {
            return some(parts).map(Condition::Prefer);
        }
        if let Some(part) = self.not.take() {
            return Ok(Condition::Not(part));
        }
        if let Some(range) = self.kernel.take() {
            return Ok(Condition::Kernel(range));
        }
        if let Some(probe) = self.probe.take() {
            return self.take_probe(probe);
        }
        if let Some(name) = self.os.take() {
            return Ok(of_os(&name));
        }
        if let (Some(key), Some(other)) = (&self.fact, &self.same_as) {
            check_fact(key)?;
            check_fact(other)?;
            let same = Condition::Same(key.clone(), other.clone());
            (self.fact, self.same_as) = (None, None);
            return Ok(same);
        }
        let (key, test) = self.take_fact()?;
        check_fact(&key)?;
        let test = fitting(&key, test)?;
        Ok(Condition::Fact(FactTest { key, test }))
    }

    fn take_fact(&mut self) -> Result<(String, Test), String> {
        let texts = |words: OneOrMore<String>| {
            let words: Vec<String> = words.into();
            Test::Is(words.into_iter().map(Wanted::Text).collect())
        };
        if let Some(name) = self.config.take() {
            check_option(&name)?;
            return Ok((format!("config.{name}"), self.take_test()?));
        }
        if let Some(name) = self.sysctl.take() {
            return Ok((format!("sysctl.{name}"), self.take_test()?));
        }
        if let Some(name) = self.cmdline.take() {
            return Ok((format!("cmdline.{name}"), self.take_test()?));
        }
        if let Some(key) = self.fact.take() {
            return Ok((key, self.take_test()?));
        }
        if let Some(path) = self.file.take() {
            let present = Test::Is(vec![Wanted::Bool(true)]);
            return Ok((format!("file.{path}"), present));
        }
        if let Some(kind) = self.mount.take() {
            let test = self.at.take().map_or(Test::Some, Test::Has);
            return Ok((format!("mount.{kind}"), test));
        }
        if let Some(name) = self.filesystem.take() {
            return Ok(("filesystems".to_owned(), Test::Has(name)));
        }
        if let Some(name) = self.capability.take() {
            return Ok(("privilege.capabilities".to_owned(), Test::Has(name)));
        }
        if let Some(name) = self.lsm.take() {
            return Ok(("security.lsm".to_owned(), Test::Has(name)));
        }
        if let Some(words) = self.cgroup.take() {
            return Ok(("cgroup.mode".to_owned(), texts(words)));
        }
        if let Some(words) = self.lockdown.take() {
            return Ok(("security.lockdown".to_owned(), texts(words)));
        }
        if let Some(words) = self.container.take() {
            return Ok(("environment.container".to_owned(), texts(words)));
        }
        Err(
            "a condition needs a subject: all, any, not, prefer, kernel, config, probe, file, \
             filesystem, mount, sysctl, cmdline, capability, cgroup, lockdown, lsm, os, \
             container or fact"
                .to_owned(),
        )
    }

    fn take_test(&mut self) -> Result<Test, String> {
        let asked = [
            ("is", self.is.is_some()),
            ("has", self.has.is_some()),
            ("at-least", self.at_least.is_some()),
            ("at-most", self.at_most.is_some()),
            ("same-as", self.same_as.is_some()),
        ];
        let asked: Vec<&str> = asked
            .into_iter()
            .filter_map(|(word, there)| there.then_some(word))
            .collect();
        if let [one, other, ..] = asked.as_slice() {
            return Err(format!(
                "a condition asks one thing, `{one}` and `{other}` are two: write a condition for \
                 each, and join them with `all`"
            ));
        }
        if let Some(wanted) = self.is.take() {
            return some(wanted.into()).map(Test::Is);
        }
        if let Some(item) = self.has.take() {
            return Ok(Test::Has(item));
        }
        if let Some(number) = self.at_least.take() {
            return Ok(Test::AtLeast(number));
        }
        if let Some(number) = self.at_most.take() {
            return Ok(Test::AtMost(number));
        }
        Err("what is asked of it? Add one of: is, has, at-least, at-most, same-as".to_owned())
    }

    fn take_probe(&mut self, probe: String) -> Result<Condition, String> {
        check_probe(&probe)?;
        let Some(outcome) = self.outcome.take() else {
            return Err(format!(
                "probe `{probe}` needs an outcome: works, or fails (with errno, stage or log)"
            ));
        };
        let works = outcome == RawOutcome::Works;
        let test = ProbeTest {
            probe,
            works,
            errno: self.errno.take().map(Vec::from).unwrap_or_default(),
            stage: self.stage.take(),
            log: self.log.take(),
        };
        test.errno.iter().try_for_each(|errno| check_errno(errno))?;
        test.stage.as_deref().map_or(Ok(()), check_stage)?;
        if works && (!test.errno.is_empty() || test.stage.is_some() || test.log.is_some()) {
            return Err("a probe that works has no errno, stage or log".to_owned());
        }
        Ok(Condition::Probe(test))
    }

    /// Whether a second subject or a test without one was written.
    fn expect_empty(&self) -> Result<(), String> {
        let subjects = [
            self.all.is_some(),
            self.any.is_some(),
            self.not.is_some(),
            self.prefer.is_some(),
            self.kernel.is_some(),
            self.config.is_some(),
            self.probe.is_some(),
            self.file.is_some(),
            self.filesystem.is_some(),
            self.mount.is_some(),
            self.sysctl.is_some(),
            self.cmdline.is_some(),
            self.capability.is_some(),
            self.cgroup.is_some(),
            self.lockdown.is_some(),
            self.lsm.is_some(),
            self.os.is_some(),
            self.container.is_some(),
            self.fact.is_some(),
        ];
        if subjects.contains(&true) {
            return Err("a condition has one subject; join several with all or any".to_owned());
        }
        let tests = [
            ("is", self.is.is_some()),
            ("has", self.has.is_some()),
            ("at-least", self.at_least.is_some()),
            ("at-most", self.at_most.is_some()),
            ("same-as", self.same_as.is_some()),
            ("at", self.at.is_some()),
            ("outcome", self.outcome.is_some()),
            ("errno", self.errno.is_some()),
            ("stage", self.stage.is_some()),
            ("log", self.log.is_some()),
        ];
        match tests.iter().find(|(_, left)| *left) {
            Some((word, _)) => Err(format!("`{word}` has no meaning for this subject")),
            None => Ok(()),
        }
    }
}

/// The distribution is this one, or says it is like it, or belongs to its family.
fn of_os(name: &str) -> Condition {
    let fact = |key: &str, test| {
        Condition::Fact(FactTest {
            key: key.to_owned(),
            test,
        })
    };
    let is = || Test::Is(vec![Wanted::Text(name.to_owned())]);
    Condition::Any(vec![
        fact("os.id", is()),
        fact("os.family", is()),
        fact("os.id-like", Test::Has(name.to_owned())),
    ])
}

fn some<T>(parts: Vec<T>) -> Result<Vec<T>, String> {
    if parts.is_empty() {
        return Err("an empty list has no answer".to_owned());
    }
    Ok(parts)
}
