//! Counting, with the most frequent first and ties by name.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::EXAMPLES;
use super::model::{Count, Counts, Hosts};

/// How many hosts have which text.
#[derive(Debug, Default, Clone)]
pub(super) struct Tally(BTreeMap<String, u64>);

impl Tally {
    pub(super) fn add(&mut self, what: &str, hosts: u64) {
        match self.0.get_mut(what) {
            Some(count) => *count += hosts,
            None => drop(self.0.insert(what.to_owned(), hosts)),
        }
    }

    /// Whether a text has these words in it.
    pub(super) fn any(&self, words: &str) -> bool {
        self.0.keys().any(|text| text.contains(words))
    }

    /// All of it, most frequent first.
    pub(super) fn sorted(self) -> Vec<Count> {
        let counts = self.0.into_iter();
        let mut counts: Vec<Count> = counts
            .map(|(value, hosts)| Count { value, hosts })
            .collect();
        counts.sort_by(|a, b| b.hosts.cmp(&a.hosts).then_with(|| a.value.cmp(&b.value)));
        counts
    }

    /// The most frequent of it.
    pub(super) fn most(self, rows: usize) -> Counts {
        let mut most = self.sorted();
        let different = most.len() as u64;
        most.truncate(rows);
        Counts { different, most }
    }
}

/// Hosts, of which a few are named: those whose names come first.
#[derive(Debug, Default, Clone)]
pub(super) struct Names {
    hosts: u64,
    names: BTreeSet<String>,
}

impl Names {
    pub(super) fn add<'a>(&mut self, hosts: u64, names: impl IntoIterator<Item = &'a str>) {
        self.hosts += hosts;
        // A host without a name is no example.
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            let full = self.names.len() >= EXAMPLES;
            let fits = !full || self.names.last().is_some_and(|last| name < last.as_str());
            if fits && !self.names.contains(name) {
                self.names.insert(name.to_owned());
                if full {
                    self.names.pop_last();
                }
            }
        }
    }

    pub(super) fn examples(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    pub(super) fn hosts(&self) -> u64 {
        self.hosts
    }

    pub(super) fn told(&self) -> Hosts {
        Hosts {
            hosts: self.hosts,
            examples: self.names.iter().cloned().collect(),
        }
    }
}
