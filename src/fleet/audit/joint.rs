//! Causes that one piece of work mends: one change, however many causes it mends.
//!
//! What is one piece of work is a matter of each host: two causes are one change on the hosts
//! where the same kernel is built, or the same commands are typed, for both. Where other commands
//! mend one of the two, that is a change of its own.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::super::digest::Key;
use super::judge::{Class, Population};
use super::looking::steps;
use crate::diagnosis::Status;

/// So many changes that mend several causes are known, the largest; catalogues have a few, and
/// what hostile reports hold takes no time.
const CHANGES: usize = 100;

/// Which causes are mended together.
#[derive(Debug, Default)]
pub(super) struct Joint<'a> {
    /// The work that mends a finding, by its number, where there is something to do.
    works: HashMap<Key, Option<u32>>,
    /// The change that this work is for this cause, where it mends others as well on some hosts.
    of: HashMap<(u32, &'a str), usize>,
    /// What those changes mend, sorted.
    changes: Vec<Vec<&'a str>>,
}

/// What is one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What<'c> {
    /// The mending of one cause, by whatever commands.
    Cause(&'c str),
    /// The work of this number, which mends several.
    Work(usize),
}

/// A change that hosts need.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change<'c> {
    pub(super) what: What<'c>,
    /// What it mends there, by name.
    pub(super) causes: Vec<&'c str>,
}

impl<'a> Joint<'a> {
    pub(super) fn new(population: &Population<'a>) -> Self {
        let mut numbers: HashMap<Vec<&str>, u32> = HashMap::new();
        let mut joint = Self::default();
        // Which causes one work mends at once on some hosts.
        let mut links: BTreeSet<(u32, &'a str, &'a str)> = BTreeSet::new();
        let mut firsts: Vec<(u32, &'a str)> = Vec::new();
        for class in population.classes.iter() {
            firsts.clear();
            let failing = class.findings.iter().copied();
            let failing = failing.filter(|known| known.status == Status::Fail);
            for known in failing.filter(|known| class.blocks(&known.check)) {
                // Words are bounded in number, and so is what is known of them.
                let Some(words) = population.words(known.key) else {
                    continue;
                };
                let work = joint.works.entry(known.key).or_insert_with(|| {
                    let next = numbers.len() as u32;
                    Some(*numbers.entry(steps(words)?).or_insert(next))
                });
                let Some(work) = *work else {
                    continue;
                };
                match firsts.iter().find(|(of, _)| *of == work) {
                    Some((_, first)) => {
                        links.insert((work, first, &known.check));
                    }
                    None => firsts.push((work, &known.check)),
                }
            }
        }
        joint.connect(&links);
        joint
    }

    /// Makes changes of what hangs together, work for work. Two works that mend the same causes
    /// are one change, like that of a single cause; so is what mends some of those.
    fn connect(&mut self, links: &BTreeSet<(u32, &'a str, &'a str)>) {
        let mut groups: Vec<(u32, BTreeSet<&'a str>)> = Vec::new();
        for (work, one, other) in links {
            let mut group = BTreeSet::from([*one, *other]);
            groups.retain_mut(|(of, checks)| {
                let meets = of == work && !checks.is_disjoint(&group);
                if meets {
                    group.append(checks);
                }
                !meets
            });
            groups.push((*work, group));
        }
        // Larger ones first, so that smaller ones find what holds them.
        groups.sort_by(|(_, a), (_, b)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        let mut sets: Vec<BTreeSet<&'a str>> = Vec::new();
        for (work, group) in groups {
            let holds = sets.iter().position(|set| group.is_subset(set));
            let place = holds.unwrap_or(sets.len());
            if place >= CHANGES {
                continue;
            }
            self.of
                .extend(group.iter().map(|check| ((work, *check), place)));
            if place == sets.len() {
                sets.push(group);
            }
        }
        let lists = sets.into_iter().map(|set| set.into_iter().collect());
        self.changes = lists.collect();
    }

    /// What a change mends, wherever it is made, by name.
    pub(super) fn mends(&self, work: usize) -> &[&'a str] {
        self.changes.get(work).map_or(&[], Vec::as_slice)
    }

    /// The causes that some change mends with this one, by name.
    pub(super) fn with(&self, check: &str) -> BTreeSet<&'a str> {
        let changes = self.changes.iter();
        let changes = changes.filter(|change| change.binary_search(&check).is_ok());
        let others = changes.flatten().filter(|other| **other != check);
        others.copied().collect()
    }

    /// Whether one change mends both, wherever that is.
    pub(super) fn is_one(&self, one: &str, other: &str) -> bool {
        let has = |change: &Vec<&str>, check: &str| change.binary_search(&check).is_ok();
        let mut changes = self.changes.iter();
        one == other || changes.any(|change| has(change, one) && has(change, other))
    }

    /// The changes that make these hosts ready, by the causes they mend.
    pub(super) fn of<'c>(&self, class: &'c Class<'_>) -> Vec<Change<'c>> {
        let mut changes: Vec<Change<'c>> = Vec::with_capacity(class.blockers.len());
        for check in class.blockers.iter() {
            let what = self
                .work(class, check)
                .map_or(What::Cause(check), What::Work);
            let mut known = changes.iter_mut();
            let known = match what {
                What::Cause(_) => None,
                What::Work(_) => known.find(|change| change.what == what),
            };
            match known {
                Some(change) => change.causes.push(check),
                None => changes.push(Change {
                    what,
                    causes: vec![check],
                }),
            }
        }
        changes
    }

    /// The same, where these are two.
    pub(super) fn pair<'c>(&self, class: &'c Class<'_>) -> Option<[Change<'c>; 2]> {
        let causes = class.blockers.len();
        if causes < 2 || (causes > 2 && self.changes.is_empty()) {
            return None;
        }
        self.of(class).try_into().ok()
    }

    /// The number of the work that mends a cause of these hosts, and others elsewhere.
    fn work(&self, class: &Class<'_>, check: &Arc<str>) -> Option<usize> {
        if self.of.is_empty() {
            return None;
        }
        let mut findings = class.findings.iter();
        let failing =
            findings.find(|known| known.status == Status::Fail && *known.check == **check)?;
        let work = self.works.get(&failing.key).copied().flatten()?;
        self.of.get(&(work, &**check)).copied()
    }
}
