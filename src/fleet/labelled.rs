//! Labels of the hosts of a summary: those of their reports, and those that an inventory has for
//! them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::inventory::{Inventory, Labels, Match};
use super::summary::Summary;

/// What an inventory had to say of the hosts of a summary.
#[derive(Debug)]
pub struct Labelled<'a> {
    inventory: &'a Inventory,
    /// Whether a host was found for an entry.
    found: Vec<bool>,
    /// Entries that could be of several hosts, of which none is called as they are.
    ambiguous: BTreeSet<usize>,
    hosts: u64,
    /// A host by whose name the first column is called.
    headless: Option<&'a str>,
}

impl<'a> Labelled<'a> {
    pub(super) fn new<'n>(inventory: &'a Inventory, hosts: impl Iterator<Item = &'n str>) -> Self {
        // Which entries have a host of their name, and what hosts are called that are like one.
        let mut named: BTreeSet<usize> = BTreeSet::new();
        let mut like: BTreeMap<usize, &str> = BTreeMap::new();
        let mut ambiguous: BTreeSet<usize> = BTreeSet::new();
        let first = inventory.first_column.as_deref();
        let mut headless = None;
        for host in hosts {
            headless = headless.or(first.filter(|first| first.eq_ignore_ascii_case(host)));
            match inventory.entry(host) {
                Some(Match::Named(entry)) => {
                    named.insert(entry);
                }
                Some(Match::Like(entry)) => {
                    let first = like.entry(entry).or_insert(host);
                    if !first.eq_ignore_ascii_case(host) {
                        ambiguous.insert(entry);
                    }
                }
                None => {}
            }
        }
        ambiguous.extend(like.into_keys().filter(|entry| named.contains(entry)));
        Self {
            inventory,
            found: vec![false; inventory.entries.len()],
            ambiguous,
            hosts: 0,
            headless,
        }
    }

    /// The number and the labels of a host's entry, which is found from now on.
    pub(super) fn find(&mut self, host: &str) -> Option<(usize, &'a Labels)> {
        let entry = match self.inventory.entry(host)? {
            Match::Like(entry) if self.ambiguous.contains(&entry) => return None,
            Match::Named(entry) | Match::Like(entry) => entry,
        };
        let (_, labels) = self.inventory.entries.get(entry)?;
        if let Some(found) = self.found.get_mut(entry) {
            *found = true;
        }
        self.hosts += 1;
        Some((entry, labels))
    }

    /// How many hosts got labels.
    #[must_use]
    pub fn hosts(&self) -> u64 {
        self.hosts
    }

    /// The host that stands where the first column should be named, of which nothing is taken.
    #[must_use]
    pub fn headless(&self) -> Option<&'a str> {
        self.headless
    }

    /// Hosts of the inventory without a report, in its order.
    pub fn unmatched(&self) -> impl Iterator<Item = &'a str> {
        let entries = self.inventory.entries.iter().zip(&self.found).enumerate();
        let lost =
            entries.filter(|(place, (_, found))| !**found && !self.ambiguous.contains(place));
        lost.map(|(_, ((name, _), _))| name.as_str())
    }

    /// Names of the inventory that several hosts could be meant by, such as `web-9` by
    /// `web-9.a.example` and `web-9.b.example`, which get no labels by them.
    pub fn ambiguous(&self) -> impl Iterator<Item = &'a str> {
        let entries = self.ambiguous.iter();
        let entries = entries.filter_map(|entry| self.inventory.entries.get(*entry));
        entries.map(|(name, _)| name.as_str())
    }
}

impl Summary {
    /// Gives hosts the labels an inventory has for them, on top of their own.
    pub fn label<'a>(&mut self, inventory: &'a Inventory) -> Labelled<'a> {
        let names = self.hosts.values().map(|row| &*row.name);
        let mut labelled = Labelled::new(inventory, names);
        let mut relabelled: HashMap<(u32, usize), u32> = HashMap::new();
        for row in self.hosts.values_mut() {
            let Some((entry, labels)) = labelled.find(&row.name) else {
                continue;
            };
            let before = row.labels;
            row.labels = *relabelled.entry((before, entry)).or_insert_with(|| {
                let set: Vec<(String, String)> = {
                    let own = self.labels.get(before).iter();
                    let own = own.map(|(key, value)| (key.to_string(), value.to_string()));
                    let mut all: BTreeMap<String, String> = own.collect();
                    all.extend(labels.clone());
                    all.into_iter().collect()
                };
                let set = set
                    .iter()
                    .map(|(key, value)| (key.as_str(), value.as_str()));
                self.labels.number_on(set, before)
            });
        }
        labelled
    }

    /// How many hosts have lost labels for which there was no room.
    #[must_use]
    pub fn cut(&self) -> u64 {
        if !self.labels.has_cut() {
            return 0;
        }
        let rows = self.hosts.values();
        rows.filter(|row| self.labels.is_cut(row.labels)).count() as u64
    }

    /// Labels that no host has because there was no room for them, by their names.
    pub fn left_out(&self) -> impl Iterator<Item = &str> {
        self.labels.left_out().map(|name| &**name)
    }

    /// Whether any host has this label; what a report had that another one replaced is none.
    #[must_use]
    pub fn has_label(&self, key: &str) -> bool {
        self.keys().contains(key)
    }

    /// How many different labels hosts have.
    #[must_use]
    pub fn label_keys(&self) -> usize {
        self.keys().len()
    }

    /// The names of labels of hosts; those of reports that don't count are none.
    fn keys(&self) -> BTreeSet<&str> {
        let sets: BTreeSet<u32> = self.hosts.values().map(|row| row.labels).collect();
        let labels = sets.into_iter().flat_map(|set| self.labels.get(set));
        labels.map(|(key, _)| &**key).collect()
    }
}
