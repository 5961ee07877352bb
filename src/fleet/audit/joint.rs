//! Causes that one piece of work mends: one change, however many causes it mends.
//!
//! What is one piece of work is a matter of each host: two causes are one change on the hosts
//! where the same kernel is built, or the same commands are typed, for both. Whoever mends one of
//! the two there has mended the other.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::super::digest::Key;
use super::judge::{Class, Population};
use super::looking::steps;
use crate::diagnosis::Status;

/// So many pairs of causes are known that one work mends; catalogues have a few, and what hostile
/// reports hold takes no time.
const PAIRS: usize = 10_000;

/// Which causes are mended together.
#[derive(Debug, Default)]
pub(super) struct Joint<'a> {
    /// The work that mends a finding, by its number, where there is something to do.
    works: HashMap<Key, Option<u32>>,
    /// The causes that are mended with one on some hosts.
    with: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Joint<'a> {
    pub(super) fn new(population: &Population<'a>) -> Self {
        let mut numbers: HashMap<Vec<&str>, u32> = HashMap::new();
        let mut joint = Self::default();
        let mut pairs = 0;
        for class in population.classes.iter() {
            let mut groups: Vec<(u32, Vec<&'a str>)> = Vec::new();
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
                match groups.iter_mut().find(|(of, _)| *of == work) {
                    Some((_, checks)) => checks.push(&known.check),
                    None => groups.push((work, vec![&known.check])),
                }
            }
            for (_, checks) in &groups {
                for one in checks {
                    for other in checks.iter().filter(|other| *other != one) {
                        if pairs < PAIRS && joint.with.entry(one).or_default().insert(other) {
                            pairs += 1;
                        }
                    }
                    if pairs >= PAIRS {
                        break;
                    }
                }
            }
        }
        joint
    }

    /// The causes that some work mends with this one, by name.
    pub(super) fn with(&self, check: &str) -> BTreeSet<&'a str> {
        self.with.get(check).cloned().unwrap_or_default()
    }

    /// Whether one work mends both, wherever that is.
    pub(super) fn is_one(&self, one: &str, other: &str) -> bool {
        one == other || self.with.get(one).is_some_and(|with| with.contains(other))
    }

    /// The changes that make these hosts ready, each as the causes that it mends there.
    pub(super) fn of<'c>(&self, class: &'c Class<'_>) -> Vec<Vec<&'c str>> {
        let mut changes: Vec<(Option<u32>, Vec<&'c str>)> =
            Vec::with_capacity(class.blockers.len());
        for check in class.blockers.iter() {
            let work = self.work(class, check);
            let mut known = changes.iter_mut();
            match known.find(|(of, _)| work.is_some() && *of == work) {
                Some((_, causes)) => causes.push(check),
                None => changes.push((work, vec![check])),
            }
        }
        changes.into_iter().map(|(_, causes)| causes).collect()
    }

    /// The same, where these are two.
    pub(super) fn pair<'c>(&self, class: &'c Class<'_>) -> Option<[Vec<&'c str>; 2]> {
        let causes = class.blockers.len();
        if causes < 2 || (causes > 2 && self.with.is_empty()) {
            return None;
        }
        self.of(class).try_into().ok()
    }

    /// The number of the work that mends a cause of these hosts, where works mend several.
    fn work(&self, class: &Class<'_>, check: &Arc<str>) -> Option<u32> {
        if !self.with.contains_key(&**check) {
            return None;
        }
        let mut findings = class.findings.iter();
        let failing =
            findings.find(|known| known.status == Status::Fail && *known.check == **check)?;
        self.works.get(&failing.key).copied().flatten()
    }
}
