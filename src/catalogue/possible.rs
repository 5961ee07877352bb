//! Whether conditions can ever be answered so, whatever the host: the logic behind lint.
//!
//! Each subject a condition asks about (a fact, a probe, the version) gets a few points that
//! stand for all its values: those that are named, one beside them, and "not known". A search
//! over these points with early cuts finds a host for which the wanted answers hold, or
//! proves that there is none.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use super::condition::{Condition, FactTest, Test, Wanted};
use super::points::{Point, Subject, ValuesOf, points, subject};

/// A set of answers.
pub(super) type Answers = u8;
pub(super) const YES: Answers = 1;
pub(super) const NO: Answers = 2;
pub(super) const UNKNOWN: Answers = 4;

/// After so many steps a search gives up, and the question stays open.
const STEPS: usize = 50_000;
/// With so many parts, or values that they name, none is begun.
const PARTS: usize = 1_000;
/// Time for all questions about one file, in answers of single parts: some seconds.
#[derive(Debug)]
pub(super) struct Patience(Cell<usize>);

impl Patience {
    pub(super) fn new() -> Self {
        Self(Cell::new(20_000_000))
    }

    /// Whether there is none left: questions stayed open.
    pub(super) fn is_over(&self) -> bool {
        self.0.get() == 0
    }

    fn spend(&self, answers: usize) {
        self.0.set(self.0.get().saturating_sub(answers));
    }
}

/// Whether a host can exist on which each condition has one of the answers beside it.
/// `None` where the search would take too long.
pub(super) fn possible(
    asked: &[(&Condition, Answers)],
    values_of: ValuesOf,
    patience: &Patience,
) -> Option<bool> {
    let mut leaves: BTreeMap<Subject, Vec<&Condition>> = BTreeMap::new();
    let mut parts = 0;
    for (condition, _) in asked {
        condition.walk(&mut |part| {
            parts += named(part);
            if let Some(subject) = subject(part) {
                leaves.entry(subject).or_default().push(part);
            }
        });
    }
    patience.spend(parts);
    if parts > PARTS || patience.is_over() {
        return None;
    }
    let domains = leaves
        .into_iter()
        .map(|(subject, leaves)| {
            let points = points(&subject, &leaves, values_of);
            (subject, points)
        })
        .collect();
    let mut search = Search {
        asked,
        domains,
        chosen: BTreeMap::new(),
        steps: STEPS,
        patience,
    };
    search.run()
}

/// The condition itself, and the values it names.
fn named(part: &Condition) -> usize {
    1 + match part {
        Condition::Fact(FactTest {
            test: Test::Is(wanted),
            ..
        }) => wanted.len(),
        Condition::Probe(test) => test.errno.len(),
        _ => 0,
    }
}

struct Search<'a> {
    asked: &'a [(&'a Condition, Answers)],
    domains: BTreeMap<Subject, Vec<Point>>,
    chosen: BTreeMap<Subject, Point>,
    steps: usize,
    patience: &'a Patience,
}

impl Search<'_> {
    fn run(&mut self) -> Option<bool> {
        self.steps = self.steps.checked_sub(1)?;
        if self.patience.is_over() {
            return None;
        }
        let mut settled = true;
        for (condition, wanted) in self.asked {
            let answers = self.answers(condition);
            if answers & wanted == 0 {
                return Some(false);
            }
            settled &= answers & !wanted == 0;
        }
        if settled {
            return Some(true);
        }
        let open = self
            .domains
            .keys()
            .find(|subject| !self.chosen.contains_key(subject));
        let Some(subject) = open.cloned() else {
            return Some(true);
        };
        let points = self.domains.get(&subject).cloned().unwrap_or_default();
        for point in points {
            self.chosen.insert(subject.clone(), point);
            if self.run()? {
                return Some(true);
            }
        }
        self.chosen.remove(&subject);
        Some(false)
    }

    /// The answers this condition can still have.
    fn answers(&self, condition: &Condition) -> Answers {
        let parts = |parts: &[Condition]| -> Vec<Answers> {
            parts.iter().map(|part| self.answers(part)).collect()
        };
        match condition {
            Condition::All(all) => parts(all).into_iter().fold(YES, both),
            Condition::Any(any) => not(parts(any).into_iter().map(not).fold(YES, both)),
            Condition::Not(part) => not(self.answers(part)),
            Condition::Prefer(ranked) => {
                let mut answers = 0;
                for part in parts(ranked) {
                    answers |= part & (YES | NO);
                    if part & UNKNOWN == 0 {
                        return answers;
                    }
                }
                answers | UNKNOWN
            }
            leaf => {
                let Some(subject) = subject(leaf) else {
                    return YES | NO | UNKNOWN;
                };
                if let Some(point) = self.chosen.get(&subject) {
                    self.patience.spend(1);
                    return answer(leaf, point);
                }
                let points = self.domains.get(&subject);
                self.patience.spend(points.map_or(1, Vec::len));
                let points = points.into_iter().flatten();
                points.fold(0, |answers, point| answers | answer(leaf, point))
            }
        }
    }
}

fn both(left: Answers, right: Answers) -> Answers {
    let mut answers = (left | right) & NO;
    answers |= left & right & YES;
    let open = YES | UNKNOWN;
    if (left & UNKNOWN != 0 && right & open != 0) || (right & UNKNOWN != 0 && left & open != 0) {
        answers |= UNKNOWN;
    }
    answers
}

fn not(answers: Answers) -> Answers {
    let mut turned = answers & UNKNOWN;
    if answers & YES != 0 {
        turned |= NO;
    }
    if answers & NO != 0 {
        turned |= YES;
    }
    turned
}

/// The answer of a leaf at a point.
fn answer(leaf: &Condition, point: &Point) -> Answers {
    let truth = |yes: bool| if yes { YES } else { NO };
    match (leaf, point) {
        (_, Point::Unknown) => UNKNOWN,
        (Condition::Kernel(range), Point::Version(version)) => truth(range.contains(*version)),
        (Condition::Same(..), Point::Truth(yes)) => truth(*yes),
        (Condition::Fact(test), point) => of_fact(&test.test, point),
        (Condition::Probe(test), Point::Works) => truth(test.works),
        (Condition::Probe(test), Point::Fails { errno, stage, logs }) => {
            if test.works {
                return NO;
            }
            let fits = |wanted: &Option<String>, found: &Option<String>| {
                wanted.is_none() || wanted == found
            };
            let errno_fits = test.errno.is_empty()
                || errno
                    .as_ref()
                    .is_some_and(|errno| test.errno.contains(errno));
            let log_fits = test.log.as_ref().is_none_or(|words| logs.contains(words));
            truth(errno_fits && fits(&test.stage, stage) && log_fits)
        }
        _ => YES | NO | UNKNOWN,
    }
}

fn of_fact(test: &Test, point: &Point) -> Answers {
    let truth = |yes: bool| if yes { YES } else { NO };
    match (test, point) {
        (Test::Is(wanted), point) => truth(wanted.iter().any(|wanted| is(point, wanted))),
        (_, Point::Absent) => NO,
        (Test::Has(item), Point::Items(items, _)) => truth(items.contains(item)),
        (Test::Some, Point::Items(items, others)) => truth(!items.is_empty() || *others > 0),
        (Test::AtLeast(bound), Point::Items(items, others)) => {
            truth(count(items, *others) >= *bound)
        }
        (Test::AtMost(bound), Point::Items(items, others)) => {
            truth(count(items, *others) <= *bound)
        }
        (Test::AtLeast(bound), Point::Value(Wanted::Number(number))) => truth(number >= bound),
        (Test::AtMost(bound), Point::Value(Wanted::Number(number))) => truth(number <= bound),
        _ => UNKNOWN,
    }
}

fn count(items: &BTreeSet<String>, others: i64) -> i64 {
    i64::try_from(items.len())
        .unwrap_or(i64::MAX)
        .saturating_add(others)
}

fn is(point: &Point, wanted: &Wanted) -> bool {
    let unset = || {
        *point == Point::Absent || matches!(point, Point::Value(Wanted::Text(word)) if word == "n")
    };
    match wanted {
        Wanted::Text(word) if word == "set" => !unset(),
        Wanted::Text(word) if word == "unset" => unset(),
        Wanted::Text(word) if word == "absent" => {
            *point == Point::Absent || *point == Point::Value(wanted.clone())
        }
        wanted => *point == Point::Value(wanted.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(text: &str) -> Condition {
        crate::yaml::from_str(text).unwrap()
    }

    fn can(text: &str, wanted: Answers) -> Option<bool> {
        let values_of: ValuesOf = |key| match key {
            "cgroup.mode" => Some(&["hybrid", "legacy", "unified"]),
            _ => None,
        };
        possible(&[(&condition(text), wanted)], values_of, &Patience::new())
    }

    #[test]
    fn contradictions_are_found_and_nothing_else() {
        let rows = [
            ("{kernel: \">=5.13\"}", true, true),
            (
                "{all: [{kernel: \">=5.13\"}, {kernel: \"<5.13\"}]}",
                false,
                true,
            ),
            (
                "{all: [{kernel: \">=5.13\"}, {kernel: \">=6.1\"}]}",
                true,
                true,
            ),
            (
                "{any: [{kernel: \">=5.13\"}, {kernel: \"<5.13\"}]}",
                true,
                false,
            ),
            (
                "{all: [{config: A, is: y}, {config: A, is: unset}]}",
                false,
                true,
            ),
            (
                "{all: [{config: A, is: n}, {config: A, is: unset}]}",
                true,
                true,
            ),
            (
                "{all: [{sysctl: a, at-least: 3}, {sysctl: a, at-most: 2}]}",
                false,
                true,
            ),
            (
                "{all: [{sysctl: a, at-least: 3}, {sysctl: a, at-most: 3}]}",
                true,
                true,
            ),
            ("{all: [{lsm: bpf}, {not: {lsm: bpf}}]}", false, true),
            ("{all: [{lsm: bpf}, {not: {lsm: yama}}]}", true, true),
            ("{cgroup: [hybrid, legacy, unified]}", true, true),
            ("{not: {cgroup: [hybrid, legacy, unified]}}", true, true),
            ("{all: [{cgroup: hybrid}, {cgroup: unified}]}", false, true),
            (
                "{all: [{probe: p, outcome: works}, {probe: p, outcome: fails}]}",
                false,
                true,
            ),
            (
                "{all: [{probe: p, outcome: fails, errno: EINVAL}, {probe: p, outcome: fails, errno: EPERM}]}",
                false,
                true,
            ),
            (
                "{all: [{probe: p, outcome: fails, errno: EINVAL}, {probe: p, outcome: fails, stage: load}]}",
                true,
                true,
            ),
            // Where the experiment is not known, the setting decides.
            (
                "{prefer: [{probe: p, outcome: works}, {config: A, is: y}]}",
                true,
                true,
            ),
            (
                "{all: [{fact: a, same-as: b}, {not: {fact: a, same-as: b}}]}",
                false,
                true,
            ),
        ];
        for (text, yes, no) in rows {
            assert_eq!(can(text, YES), Some(yes), "{text}");
            assert_eq!(can(text, NO), Some(no), "{text}");
        }
    }

    #[test]
    fn not_known_is_an_answer() {
        assert_eq!(can("{config: A, is: y}", UNKNOWN), Some(true));
    }
}
