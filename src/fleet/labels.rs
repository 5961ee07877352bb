//! Labels of hosts, once for all hosts that have the same ones: a host has the number of its
//! set. A label that is another on each host takes some hundred bytes of each, and no more.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::room::of_labels;

/// Labels, sorted by their keys.
pub(super) type LabelSet = Arc<[(Arc<str>, Box<str>)]>;

/// The number of the set without labels.
pub(super) const NONE: u32 = 0;

/// All sets of labels.
#[derive(Debug, Clone, Default)]
pub(super) struct LabelTable {
    /// The sets but the one without labels, which has the number before theirs.
    sets: Vec<LabelSet>,
    numbers: BTreeMap<LabelSet, u32>,
    keys: BTreeSet<Arc<str>>,
    held: usize,
}

impl LabelTable {
    /// The number of a set.
    pub(super) fn number<'a>(
        &mut self,
        labels: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> u32 {
        let labels = labels
            .into_iter()
            .map(|(key, value)| (self.key(key), value.into()));
        let labels: Vec<(Arc<str>, Box<str>)> = labels.collect();
        self.of_set(labels.into())
    }

    /// The number of a set of another table.
    pub(super) fn of_set(&mut self, set: LabelSet) -> u32 {
        if set.is_empty() {
            return NONE;
        }
        if let Some(known) = self.numbers.get(&set) {
            return *known;
        }
        for (key, _) in set.iter() {
            if !self.keys.contains(key) {
                self.keys.insert(Arc::clone(key));
            }
        }
        self.held += of_labels(set.iter().map(|(key, value)| (&**key, &**value)));
        self.sets.push(Arc::clone(&set));
        // More sets than this have no room in memory.
        let number = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
        self.numbers.insert(set, number);
        number
    }

    /// The labels of a set.
    pub(super) fn get(&self, number: u32) -> &[(Arc<str>, Box<str>)] {
        let set = (number as usize).checked_sub(1);
        set.and_then(|place| self.sets.get(place))
            .map_or(&[], |set| &**set)
    }

    /// About what they take, in bytes.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// All sets, in the order of their numbers, the first of which is 1.
    pub(super) fn into_sets(self) -> Vec<LabelSet> {
        self.sets
    }

    fn key(&mut self, key: &str) -> Arc<str> {
        if let Some(known) = self.keys.get(key) {
            return Arc::clone(known);
        }
        let new: Arc<str> = key.into();
        self.keys.insert(Arc::clone(&new));
        new
    }
}

/// The value of a label in a set.
pub(super) fn value<'a>(set: &'a [(Arc<str>, Box<str>)], key: &str) -> Option<&'a str> {
    let mut labels = set.iter();
    let label = labels.find(|(own, _)| **own == *key);
    label.map(|(_, value)| &**value)
}
