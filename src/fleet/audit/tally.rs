//! Counting, with the most frequent first and ties by name.

use std::collections::BTreeMap;

use super::EXAMPLES;
use super::model::{Count, Counts, Hosts};

/// So many texts stand in a list; a map has room for more than it holds.
const FEW: usize = 4;

/// How many hosts have which text.
#[derive(Debug, Default, Clone)]
pub(super) struct Tally {
    few: Vec<(Box<str>, u64)>,
    many: BTreeMap<Box<str>, u64>,
}

impl Tally {
    pub(super) fn add(&mut self, what: &str, hosts: u64) {
        if let Some(count) = self.many.get_mut(what) {
            *count += hosts;
        } else if !self.many.is_empty() {
            self.many.insert(what.into(), hosts);
        } else if let Some((_, count)) = self.few.iter_mut().find(|(text, _)| **text == *what) {
            *count += hosts;
        } else if self.few.len() < FEW {
            self.few.reserve_exact(1);
            self.few.push((what.into(), hosts));
        } else {
            self.many = std::mem::take(&mut self.few).into_iter().collect();
            self.many.insert(what.into(), hosts);
        }
    }

    /// All different texts.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let few = self.few.iter().map(|(text, _)| text);
        few.chain(self.many.keys()).map(|text| &**text)
    }

    /// Whether a text has these words in it.
    pub(super) fn any(&self, words: &str) -> bool {
        self.texts().any(|text| text.contains(words))
    }

    /// All of it, most frequent first.
    pub(super) fn sorted(self) -> Vec<Count> {
        let counts = self.few.into_iter().chain(self.many);
        let mut counts: Vec<Count> = counts
            .map(|(value, hosts)| Count {
                value: value.into(),
                hosts,
            })
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
    /// Sorted. There is one of these for each class of hosts, so that each byte counts.
    names: Vec<Box<str>>,
}

impl Names {
    pub(super) fn add<'a>(&mut self, hosts: u64, names: impl IntoIterator<Item = &'a str>) {
        self.add_up_to(EXAMPLES, hosts, names);
    }

    /// The same, with so many of them named.
    pub(super) fn add_up_to<'a>(
        &mut self,
        most: usize,
        hosts: u64,
        names: impl IntoIterator<Item = &'a str>,
    ) {
        self.hosts += hosts;
        // A host without a name is no example.
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            let Err(place) = self.names.binary_search_by(|known| (**known).cmp(name)) else {
                continue;
            };
            if place < most {
                self.names.truncate(most - 1);
                self.names.reserve_exact(1);
                self.names.insert(place, name.into());
            }
        }
    }

    pub(super) fn examples(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    pub(super) fn hosts(&self) -> u64 {
        self.hosts
    }

    pub(super) fn told(&self) -> Hosts {
        Hosts {
            hosts: self.hosts,
            examples: self.examples().map(str::to_owned).collect(),
        }
    }
}
