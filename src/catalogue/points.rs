//! The few values of what conditions ask about that stand for all its values.

use std::collections::BTreeSet;

use super::condition::{Condition, FactTest, ProbeTest, Test, Wanted};
use crate::version::KernelVersion;

impl Condition {
    /// The facts that it asks about, by key, in their order.
    #[must_use]
    pub fn facts(&self) -> Vec<&str> {
        let mut keys: Vec<&str> = Vec::new();
        self.walk(&mut |part| match part {
            Self::Fact(test) => keys.push(&test.key),
            Self::Same(one, other) => keys.extend([one.as_str(), other]),
            _ => {}
        });
        keys
    }

    /// The kernel options among them, without `CONFIG_`.
    pub fn options(&self) -> impl Iterator<Item = &str> {
        let facts = self.facts().into_iter();
        facts.filter_map(|key| key.strip_prefix("config."))
    }
}

/// So many lists stand for all lists of a subject.
const LISTS: usize = 10_000;

/// What a leaf of a condition asks about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    Kernel,
    Fact(String),
    Same(String, String),
    Probe(String),
}

/// One value of a subject.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Point {
    Unknown,
    Version(KernelVersion),
    Truth(bool),
    Absent,
    Value(Wanted),
    /// A list with these items and so many others.
    Items(BTreeSet<String>, i64),
    Works,
    Fails {
        errno: Option<String>,
        stage: Option<String>,
        logs: BTreeSet<String>,
    },
}

/// The values of a fact where they are few.
pub(super) type ValuesOf = fn(&str) -> Option<&'static [&'static str]>;

/// What a condition asks about; none where it joins others.
pub(super) fn subject(condition: &Condition) -> Option<Subject> {
    Some(match condition {
        Condition::Kernel(_) => Subject::Kernel,
        Condition::Fact(test) => Subject::Fact(test.key.clone()),
        Condition::Same(one, other) => Subject::Same(one.clone(), other.clone()),
        Condition::Probe(test) => Subject::Probe(test.probe.clone()),
        _ => return None,
    })
}

/// Points that stand for all values of a subject, as far as these leaves can tell them apart.
pub(super) fn points(subject: &Subject, leaves: &[&Condition], values_of: ValuesOf) -> Vec<Point> {
    let mut points = vec![Point::Unknown];
    match subject {
        Subject::Kernel => {
            points.push(Point::Version(KernelVersion::new(0, 0, 0)));
            for leaf in leaves {
                let Condition::Kernel(range) = leaf else {
                    continue;
                };
                let (lowest, end) = range.bounds();
                points.push(Point::Version(lowest));
                points.extend(end.map(Point::Version));
            }
        }
        Subject::Same(..) => points.extend([Point::Truth(true), Point::Truth(false)]),
        Subject::Probe(_) => points.extend(outcomes(leaves)),
        Subject::Fact(key) => {
            let tests: Vec<&Test> = leaves
                .iter()
                .filter_map(|leaf| match leaf {
                    Condition::Fact(FactTest { test, .. }) => Some(test),
                    _ => None,
                })
                .collect();
            points.push(Point::Absent);
            let is_list = |test: &&Test| matches!(test, Test::Has(_) | Test::Some);
            match tests.iter().any(is_list) {
                true => points.extend(lists(&tests)),
                false => points.extend(values(key, &tests, values_of)),
            }
        }
    }
    let mut once: Vec<Point> = Vec::new();
    for point in points {
        // Each list is there once.
        if matches!(point, Point::Items(..)) || !once.contains(&point) {
            once.push(point);
        }
    }
    once
}

/// Lists with and without each item that is named, and with others.
fn lists(tests: &[&Test]) -> Vec<Point> {
    let items: BTreeSet<&String> = tests
        .iter()
        .filter_map(|test| match test {
            Test::Has(item) => Some(item),
            _ => None,
        })
        .collect();
    let bounds = tests.iter().filter_map(|test| match test {
        Test::AtLeast(bound) | Test::AtMost(bound) => Some(*bound),
        _ => None,
    });
    let others: BTreeSet<i64> = bounds
        .flat_map(|bound| [bound, bound.saturating_add(1)])
        .chain([0, 1])
        .collect();
    let mut subsets: Vec<BTreeSet<String>> = vec![BTreeSet::new()];
    // Ten names are a thousand lists; beyond, each name alone and all together will do.
    if items.len() <= 10 && others.len() << items.len() <= LISTS {
        for item in items {
            let with = subsets.clone().into_iter().map(|mut subset| {
                subset.insert(item.clone());
                subset
            });
            subsets.extend(with.collect::<Vec<_>>());
        }
    } else {
        subsets.extend(items.iter().map(|item| BTreeSet::from([(*item).clone()])));
        subsets.push(items.into_iter().cloned().collect());
    }
    subsets
        .into_iter()
        .flat_map(|items| {
            let others = others.iter().filter(|count| **count >= 0);
            others
                .map(|count| Point::Items(items.clone(), *count))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn values(key: &str, tests: &[&Test], values_of: ValuesOf) -> Vec<Point> {
    if let Some(words) = values_of(key) {
        let value = |word: &&str| match word.parse() {
            Ok(flag) => Wanted::Bool(flag),
            Err(_) => Wanted::Text((*word).to_owned()),
        };
        return words.iter().map(|word| Point::Value(value(word))).collect();
    }
    let mut values = vec![
        Wanted::Text("n".to_owned()),
        Wanted::Text("\u{0}none of those that are named".to_owned()),
        Wanted::Number(i64::MIN),
        Wanted::Number(i64::MAX),
    ];
    for test in tests {
        match test {
            Test::Is(wanted) => {
                let special =
                    |value: &&Wanted| matches!(value, Wanted::Text(word) if is_special(word));
                values.extend(wanted.iter().filter(|value| !special(value)).cloned());
            }
            Test::AtLeast(bound) | Test::AtMost(bound) => {
                let near = [bound.saturating_sub(1), *bound, bound.saturating_add(1)];
                values.extend(near.map(Wanted::Number));
            }
            Test::Has(_) | Test::Some => {}
        }
    }
    values.into_iter().map(Point::Value).collect()
}

fn is_special(word: &str) -> bool {
    matches!(word, "set" | "unset" | "absent")
}

/// What a probe can come to, as far as these tests can tell.
fn outcomes(leaves: &[&Condition]) -> Vec<Point> {
    let tests: Vec<&ProbeTest> = leaves
        .iter()
        .filter_map(|leaf| match leaf {
            Condition::Probe(test) => Some(test),
            _ => None,
        })
        .collect();
    let mut errnos: BTreeSet<Option<String>> = BTreeSet::from([None]);
    errnos.extend(
        tests
            .iter()
            .flat_map(|test| test.errno.iter().cloned().map(Some)),
    );
    let mut stages: BTreeSet<Option<String>> = BTreeSet::from([None]);
    stages.extend(tests.iter().map(|test| test.stage.clone()));
    let words: BTreeSet<String> = tests.iter().filter_map(|test| test.log.clone()).collect();
    let mut logs = vec![BTreeSet::new(), words.clone()];
    logs.extend(words.into_iter().map(|word| BTreeSet::from([word])));
    let mut points = vec![Point::Works];
    for errno in &errnos {
        for stage in &stages {
            points.extend(logs.iter().map(|logs| Point::Fails {
                errno: errno.clone(),
                stage: stage.clone(),
                logs: logs.clone(),
            }));
        }
    }
    points
}
