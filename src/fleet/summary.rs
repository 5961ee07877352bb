//! What is known of a fleet: one row for each host, and once what many hosts share.
//!
//! Summaries are values that can be joined in any order: of two reports of a host the newer
//! one counts, whichever comes first. What grows with the number of hosts is a row of some
//! hundred bytes; what could grow with the number of different texts is limited by keeping
//! those texts whose keys are smallest, which is the same choice in any order, too.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::digest::{Digest, Key, Place, Software, Variant, Words};
use super::inventory::Inventory;
use crate::diagnosis::{Severity, Status};

/// So many different findings are kept in words.
const WORDS_KEPT: usize = 4096;
/// So many bad reports are kept by name.
pub const BAD_KEPT: usize = 1000;
/// So many names of one machine are kept.
const ALIASES_KEPT: usize = 8;

/// A report that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Bad {
    /// The file, and what in it.
    pub source: String,
    /// The line.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

impl Bad {
    /// `file:line: reason`.
    #[must_use]
    pub fn told(&self) -> String {
        let Self {
            source,
            line,
            reason,
        } = self;
        let line = match line {
            0 => String::new(),
            line => format!(":{line}"),
        };
        crate::report::clean(&format!("{source}{line}: {reason}"))
    }
}

/// A finding that hosts have; its words may be among those that were not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Stands for the finding with its words.
    pub key: Key,
    /// The check.
    pub check: Arc<str>,
    /// `fail` or `unknown`.
    pub status: Status,
    /// How much it matters.
    pub severity: Severity,
}

/// What hosts have in common that differ in nothing but their names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Shape {
    /// Where they stand.
    pub place: Arc<Place>,
    /// Their labels, sorted.
    pub labels: Vec<(String, String)>,
    /// Keys of what fails or is unknown, sorted.
    pub findings: Vec<Key>,
    /// What is ok, sorted.
    pub ok: Arc<Vec<Arc<str>>>,
    /// The software that was asked for.
    pub software: Vec<Software>,
}

/// A host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// When its report was made, in seconds since 1970.
    pub time: u64,
    /// Its shape, by number.
    pub shape: u32,
    /// How many reports of it there were.
    pub reports: u32,
    /// Its name, if it has one of its own.
    pub name: Box<str>,
}

/// What is known of a fleet.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    pub(super) hosts: HashMap<Key, Row>,
    pub(super) shapes: Vec<Arc<Shape>>,
    numbers: HashMap<Arc<Shape>, u32>,
    /// Parts that many shapes share.
    places: HashSet<Arc<Place>>,
    ok: HashSet<Arc<Vec<Arc<str>>>>,
    pub(super) findings: HashMap<Key, Known>,
    pub(super) words: BTreeMap<Key, Arc<Words>>,
    pub(super) bad: BTreeSet<Bad>,
    pub(super) bad_count: u64,
    pub(super) aliases: BTreeMap<Key, BTreeSet<Box<str>>>,
    /// Files that don't look like reports at all.
    pub(super) foreign: u64,
}

impl Summary {
    /// Adds a report.
    pub fn add(&mut self, digest: Digest) {
        for variant in &digest.findings {
            self.know(variant);
        }
        let mut findings: Vec<Key> = digest.findings.iter().map(|one| one.key).collect();
        findings.sort_unstable();
        let shape = Shape {
            place: shared(&mut self.places, digest.place),
            labels: digest.labels.into_iter().collect(),
            findings,
            ok: shared(&mut self.ok, digest.ok),
            software: digest.software,
        };
        let shape = self.number(Arc::new(shape));
        let row = Row {
            time: digest.time,
            shape,
            reports: 1,
            name: digest.name.unwrap_or_default().into(),
        };
        self.host(digest.id, row);
    }

    /// Adds a report that could not be used.
    pub fn spoilt(&mut self, bad: Bad) {
        self.bad_count += 1;
        self.keep_bad(bad);
    }

    pub(super) fn keep_bad(&mut self, bad: Bad) {
        self.bad.insert(bad);
        if self.bad.len() > BAD_KEPT {
            self.bad.pop_last();
        }
    }

    /// Adds what another summary knows.
    pub fn join(&mut self, other: Self) {
        if self.hosts.is_empty() && self.findings.is_empty() && self.bad_count == 0 {
            let foreign = self.foreign;
            *self = other;
            self.foreign += foreign;
            return;
        }
        for (key, known) in other.findings {
            self.findings.entry(key).or_insert(known);
        }
        for (key, words) in other.words {
            self.keep_words(key, words);
        }
        let numbers: Vec<u32> = other
            .shapes
            .into_iter()
            .map(|shape| self.number(shape))
            .collect();
        for (id, mut row) in other.hosts {
            if let Some(number) = numbers.get(row.shape as usize) {
                row.shape = *number;
                self.host(id, row);
            }
        }
        for (id, names) in other.aliases {
            for name in names {
                self.alias(id, name);
            }
        }
        self.bad_count += other.bad_count;
        self.foreign += other.foreign;
        for bad in other.bad {
            self.keep_bad(bad);
        }
    }

    /// Gives hosts the labels an inventory has for them, on top of their own; says how many.
    pub fn label(&mut self, inventory: &Inventory) -> u64 {
        let mut labelled = 0;
        let ids: Vec<Key> = self.hosts.keys().copied().collect();
        let mut relabelled: HashMap<(u32, &BTreeMap<String, String>), u32> = HashMap::new();
        for id in ids {
            let Some(row) = self.hosts.get(&id) else {
                continue;
            };
            let (Some(labels), before) = (inventory.of(&row.name), row.shape) else {
                continue;
            };
            labelled += 1;
            let shape = match relabelled.get(&(before, labels)) {
                Some(known) => *known,
                None => {
                    let Some(old) = self.shapes.get(before as usize) else {
                        continue;
                    };
                    let mut shape = Shape::clone(old);
                    let mut all: BTreeMap<String, String> = shape.labels.into_iter().collect();
                    all.extend(labels.clone());
                    shape.labels = all.into_iter().collect();
                    let number = self.number(Arc::new(shape));
                    relabelled.insert((before, labels), number);
                    number
                }
            };
            if let Some(row) = self.hosts.get_mut(&id) {
                row.shape = shape;
            }
        }
        labelled
    }

    /// How many hosts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.hosts.len()
    }

    /// Whether there is no host.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// How many reports could not be used.
    #[must_use]
    pub fn bad(&self) -> u64 {
        self.bad_count
    }

    /// The bad reports that are kept by name: the first by source and line.
    pub fn bad_reports(&self) -> impl Iterator<Item = &Bad> {
        self.bad.iter()
    }

    /// Whether any report tells of this software.
    #[must_use]
    pub fn tells_of(&self, profile: &str) -> bool {
        let mut software = self.shapes.iter().flat_map(|shape| &shape.software);
        software.any(|one| one.profile == profile)
    }

    /// Whether any host has this label.
    #[must_use]
    pub fn has_label(&self, key: &str) -> bool {
        let mut labels = self.shapes.iter().flat_map(|shape| &shape.labels);
        labels.any(|(own, _)| own == key)
    }

    /// The shape of a row.
    pub(super) fn shape(&self, row: &Row) -> Option<&Arc<Shape>> {
        self.shapes.get(row.shape as usize)
    }

    fn know(&mut self, variant: &Variant) {
        if self.findings.contains_key(&variant.key) {
            return;
        }
        let known = Known {
            key: variant.key,
            check: Arc::clone(&variant.check),
            status: variant.status,
            severity: variant.severity,
        };
        self.findings.insert(variant.key, known);
        if self.has_room_for(variant.key) {
            self.keep_words(variant.key, Arc::new(variant.words.clone()));
        }
    }

    fn has_room_for(&self, key: Key) -> bool {
        let largest = self.words.last_key_value().map(|(key, _)| *key);
        self.words.len() < WORDS_KEPT || largest.is_some_and(|largest| key < largest)
    }

    pub(super) fn keep_words(&mut self, key: Key, words: Arc<Words>) {
        if self.has_room_for(key) {
            self.words.insert(key, words);
            if self.words.len() > WORDS_KEPT {
                self.words.pop_last();
            }
        }
    }

    pub(super) fn number(&mut self, shape: Arc<Shape>) -> u32 {
        if let Some(known) = self.numbers.get(&shape) {
            return *known;
        }
        // More shapes than this have no room in memory.
        let number = u32::try_from(self.shapes.len()).unwrap_or(u32::MAX);
        self.shapes.push(Arc::clone(&shape));
        self.numbers.insert(shape, number);
        number
    }

    pub(super) fn host(&mut self, id: Key, row: Row) {
        let Some(before) = self.hosts.get(&id) else {
            self.hosts.insert(id, row);
            return;
        };
        let newer = self.rank(&row) > self.rank(before);
        let names = (before.name != row.name).then(|| [before.name.clone(), row.name.clone()]);
        let reports = before.reports.saturating_add(row.reports);
        for name in names.into_iter().flatten() {
            self.alias(id, name);
        }
        if let Some(host) = self.hosts.get_mut(&id) {
            if newer {
                *host = row;
            }
            host.reports = reports;
        }
    }

    /// Of two reports of a host the one with the higher rank counts. Where even the second is
    /// the same, any rule will do that knows no order of reading.
    fn rank<'a>(&'a self, row: &'a Row) -> (u64, Option<&'a Arc<Shape>>, &'a str) {
        (row.time, self.shape(row), &row.name)
    }

    pub(super) fn alias(&mut self, id: Key, name: Box<str>) {
        let names = self.aliases.entry(id).or_default();
        names.insert(name);
        if names.len() > ALIASES_KEPT {
            names.pop_last();
        }
    }
}

/// The one copy of a value that many have.
fn shared<T: Hash + Eq>(known: &mut HashSet<Arc<T>>, value: T) -> Arc<T> {
    if let Some(known) = known.get(&value) {
        return Arc::clone(known);
    }
    let new = Arc::new(value);
    known.insert(Arc::clone(&new));
    new
}
