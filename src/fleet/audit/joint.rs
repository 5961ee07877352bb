//! Causes that the same commands mend: one change, however many causes it mends.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::judge::{Class, Population};
use super::looking::to_type;
use crate::diagnosis::Status;

/// So many pairs of causes are looked at; catalogues have a few, and what hostile reports hold
/// takes no room.
const PAIRS: usize = 100;

/// Which causes are mended together.
#[derive(Debug, Default)]
pub(super) struct Joint<'a> {
    changes: Vec<Vec<&'a str>>,
    of: BTreeMap<&'a str, usize>,
}

impl<'a> Joint<'a> {
    /// Two causes are one change where most hosts of either have both and type the same for
    /// them, and no host that has both types something else for one of them.
    pub(super) fn new(population: &Population<'a>) -> Self {
        let mut seen: HashMap<(usize, usize), usize> = HashMap::new();
        let mut different: Vec<(&Class<'a>, u64)> = Vec::new();
        for class in population.classes.iter() {
            let parts = (
                class.findings.as_ptr().addr(),
                class.blockers.as_ptr().addr(),
            );
            let place = *seen.entry(parts).or_insert(different.len());
            match different.get_mut(place) {
                Some((_, hosts)) => *hosts += class.hosts,
                None => different.push((class, class.hosts)),
            }
        }
        let mut same: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        let several = different
            .iter()
            .filter(|(class, _)| class.blockers.len() > 1);
        for (class, hosts) in several.clone() {
            let typed = typed(population, class);
            for (one, other) in pairs(&typed).filter(|(one, other)| one.1 == other.1) {
                let pair = (one.0, other.0);
                if one.1.is_some() && (same.len() < PAIRS || same.contains_key(&pair)) {
                    *same.entry(pair).or_default() += hosts;
                }
            }
        }
        same.retain(|(one, other), with| {
            let either = different
                .iter()
                .filter(|(class, _)| class.blocks(one) || class.blocks(other));
            *with * 2 > either.map(|(_, hosts)| hosts).sum()
        });
        let involved: BTreeSet<&str> = same
            .keys()
            .flat_map(|(one, other)| [*one, *other])
            .collect();
        let mut apart: BTreeSet<(&str, &str)> = BTreeSet::new();
        for (class, _) in several.filter(|_| !same.is_empty()) {
            let mut typed = typed(population, class);
            typed.retain(|(check, _)| involved.contains(check));
            let differ = pairs(&typed).filter(|(one, other)| one.1 != other.1 || one.1.is_none());
            apart.extend(differ.map(|(one, other)| (one.0, other.0)));
        }
        let mut joint = Self::default();
        for (one, other) in same.into_keys() {
            joint.join(one, other, &apart);
        }
        joint
    }

    fn join(&mut self, one: &'a str, other: &'a str, apart: &BTreeSet<(&str, &str)>) {
        let [place, second] = [one, other].map(|check| {
            *self.of.entry(check).or_insert_with(|| {
                self.changes.push(vec![check]);
                self.changes.len() - 1
            })
        });
        let list = |place: usize| self.changes.get(place).cloned().unwrap_or_default();
        let (mine, others) = (list(place), list(second));
        let mut all = mine
            .iter()
            .flat_map(|a| others.iter().map(move |b| (*a.min(b), *a.max(b))));
        if place == second || all.any(|pair| apart.contains(&pair)) {
            return;
        }
        for check in &others {
            self.of.insert(check, place);
        }
        if let Some(joined) = self.changes.get_mut(place) {
            joined.extend(others);
            joined.sort_unstable();
        }
    }

    /// All that the change which mends a cause mends, if that is more than this one, by name.
    pub(super) fn with(&self, check: &str) -> &[&'a str] {
        let place = self.of.get(check);
        let change = place.and_then(|place| self.changes.get(*place));
        change
            .filter(|change| change.len() > 1)
            .map_or(&[], Vec::as_slice)
    }

    /// Whether one change mends both.
    pub(super) fn is_one(&self, one: &str, other: &str) -> bool {
        one == other || self.with(one).contains(&other)
    }

    /// One cause of each change that mends these: the first by name.
    pub(super) fn of_each<'c>(&self, checks: &'c [Arc<str>]) -> Vec<&'c str> {
        let mut firsts: Vec<&'c str> = Vec::new();
        for check in checks {
            if !firsts.iter().any(|first| self.is_one(first, check)) {
                firsts.push(check);
            }
        }
        firsts
    }
}

/// What is typed for each cause of these hosts, by the causes' names.
fn typed<'a>(
    population: &Population<'a>,
    class: &Class<'a>,
) -> Vec<(&'a str, Option<&'a [String]>)> {
    let failing = class
        .findings
        .iter()
        .filter(|known| known.status == Status::Fail);
    let in_the_way = failing.filter(|known| class.blocks(&known.check));
    let mut typed: Vec<(&str, Option<&[String]>)> = in_the_way
        .map(|known| {
            let words = population.words(known.key);
            (&*known.check, words.and_then(|words| to_type(words)))
        })
        .collect();
    typed.sort_unstable();
    typed.dedup_by_key(|(check, _)| *check);
    typed
}

/// All pairs of a list.
fn pairs<T>(list: &[T]) -> impl Iterator<Item = (&T, &T)> {
    let ends = list.iter().enumerate();
    ends.flat_map(|(place, one)| list.iter().skip(place + 1).map(move |other| (one, other)))
}
