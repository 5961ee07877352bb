//! Labels of hosts, once for all hosts that have the same ones: a host has the number of its
//! set. A label that is another on each host takes some hundred bytes of each, and no more.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::room::{A_LIST, A_TEXT};

/// Labels, sorted by their keys.
pub(super) type LabelSet = Arc<[(Arc<str>, Arc<str>)]>;

/// The number of the set without labels.
pub(super) const NONE: u32 = 0;

/// All sets of labels.
#[derive(Debug, Clone, Default)]
pub(super) struct LabelTable {
    /// The sets but the one without labels, which has the number before theirs.
    sets: Vec<LabelSet>,
    numbers: BTreeMap<LabelSet, u32>,
    /// Keys and values, each once: of a host's labels most are those of many others.
    texts: BTreeSet<Arc<str>>,
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
            .map(|(key, value)| (self.text(key), self.text(value)));
        let set: Vec<(Arc<str>, Arc<str>)> = labels.collect();
        self.of_texts(set)
    }

    /// The number of a set whose texts are those of this table.
    fn of_texts(&mut self, set: Vec<(Arc<str>, Arc<str>)>) -> u32 {
        if set.is_empty() {
            return NONE;
        }
        if let Some(known) = self.numbers.get(set.as_slice()) {
            return *known;
        }
        self.held += of_set(set.len());
        let set: LabelSet = set.into();
        self.sets.push(Arc::clone(&set));
        // More sets than this have no room in memory.
        let number = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
        self.numbers.insert(set, number);
        number
    }

    /// The number of a set of another table.
    pub(super) fn of_set(&mut self, set: &LabelSet) -> u32 {
        let labels = set.iter();
        let labels = labels.map(|(key, value)| (self.same(key), self.same(value)));
        let set = labels.collect();
        self.of_texts(set)
    }

    /// What labels would take, as if no host had just these.
    pub(super) fn weight<'a>(&self, labels: impl Iterator<Item = (&'a str, &'a str)>) -> usize {
        let labels: Vec<(&str, &str)> = labels.collect();
        let texts = labels.iter().flat_map(|(key, value)| [*key, *value]);
        let new = texts.filter(|text| !self.texts.contains(*text));
        match labels.len() {
            0 => 0,
            some => of_set(some) + new.map(of_text).sum::<usize>(),
        }
    }

    /// The labels of a set.
    pub(super) fn get(&self, number: u32) -> &[(Arc<str>, Arc<str>)] {
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

    fn text(&mut self, text: &str) -> Arc<str> {
        match self.texts.get(text) {
            Some(known) => Arc::clone(known),
            None => self.same(&text.into()),
        }
    }

    /// The one copy of a text, which is this one if there is none.
    fn same(&mut self, text: &Arc<str>) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        self.held += of_text(text);
        self.texts.insert(Arc::clone(text));
        Arc::clone(text)
    }
}

/// What so many labels take besides their texts.
fn of_set(labels: usize) -> usize {
    A_LIST + labels * 2 * size_of::<Arc<str>>()
}

fn of_text(text: &str) -> usize {
    A_TEXT + text.len()
}

/// The value of a label in a set.
pub(super) fn value<'a>(set: &'a [(Arc<str>, Arc<str>)], key: &str) -> Option<&'a str> {
    let mut labels = set.iter();
    let label = labels.find(|(own, _)| **own == *key);
    label.map(|(_, value)| &**value)
}
