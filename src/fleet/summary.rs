//! What is known of a fleet: one row for each host, and once what many hosts share.
//!
//! Summaries are values that can be joined in any order: of two reports of a host the newer
//! one counts, whichever comes first. What grows with the number of hosts is a row of some
//! hundred bytes; what could grow with the number of different texts is limited by keeping
//! those texts whose keys are smallest, which is the same choice in any order, too.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;

use super::audit::{Cure, cure};
use super::bad::{Bad, BadReports};
use super::digest::{Digest, Key, Own};
use super::labels::LabelTable;
use super::parts::Parts;
use super::room::{A_CHECK, A_FINDING, A_ROW, A_SHAPE, A_TEXT, Account, Room};
pub use super::rows::{Known, Row, Shape};
use super::words::{Store, Variant, Words};

/// So many names of one machine are kept.
const ALIASES_KEPT: usize = 8;

/// So many reports of a machine that are still to come are kept beside the one that counts, and
/// so many of all.
const LATER_KEPT: usize = 8;
const LATER_OF_ALL: usize = 100_000;

/// What a row has in common with others of the same summary.
#[derive(Debug, Clone, Copy)]
pub(super) struct Common {
    shape: u32,
    labels: u32,
    full: bool,
}

/// What is known of a fleet.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// A map that is sorted: it grows in small steps, and knows no order of reading.
    pub(super) hosts: BTreeMap<Key, Row>,
    pub(super) shapes: Vec<Arc<Shape>>,
    numbers: HashMap<Arc<Shape>, u32>,
    /// What many shapes share.
    pub(super) parts: Parts,
    pub(super) labels: LabelTable,
    /// A map that grows in small steps, too: there may be millions.
    pub(super) findings: BTreeMap<Key, Known>,
    pub(super) words: Store,
    pub(super) bad: BadReports,
    pub(super) bad_count: u64,
    pub(super) aliases: BTreeMap<Key, BTreeSet<Box<str>>>,
    /// Reports that another one of their host replaced because their time is still to come, by
    /// that time: once it has come they may be the ones that count.
    pub(super) later: BTreeMap<(Key, u64), Row>,
    /// Files that don't look like reports at all.
    pub(super) foreign: u64,
    /// Reports of a time that was still to come when they were read.
    pub(super) future: u64,
    /// The last second a report can be of, if its host's clock is right.
    pub(super) latest: Option<u64>,
    /// How many checks have findings, as far as their names came with those.
    names: usize,
    /// About what names of machines take that have several, in bytes.
    of_aliases: usize,
    /// What it has of the room for what hosts have each for themselves.
    pub(super) account: Account,
}

impl Summary {
    /// An empty summary, to which reports of later than `latest` are of the future.
    #[must_use]
    pub fn new(latest: Option<u64>) -> Self {
        Self {
            latest,
            ..Self::default()
        }
    }

    /// The same, of which what hosts have each for themselves has its place in this room.
    pub(super) fn within(latest: Option<u64>, room: &Arc<Room>) -> Self {
        Self {
            account: Account::of(room),
            ..Self::new(latest)
        }
    }

    /// Tells the room what is held by now.
    pub(super) fn settle(&mut self) {
        let held = self.parts.held()
            + self.findings.len() * A_FINDING
            + self.names * A_CHECK
            + self.shapes.len() * A_SHAPE
            + self.of_aliases
            + self.later.len() * A_ROW;
        let hosts = self.hosts.len();
        self.account.set(held, self.labels.held(), hosts);
        if let Some(most) = self.account.labels_over() {
            self.labels.shed(most);
            self.account.set(held, self.labels.held(), hosts);
        }
    }

    /// Adds a report; says what its row has in common with others, or nothing if it has too much
    /// of its own.
    pub(super) fn add(&mut self, digest: Digest) -> Option<Common> {
        let mut findings: Vec<Key> = digest.findings.iter().map(|one| one.key).collect();
        findings.sort_unstable();
        if !self.has_room_for(&digest, &findings) {
            return None;
        }
        for variant in &digest.findings {
            self.know(variant);
        }
        let shape = Shape {
            place: self.parts.place(&digest.place),
            findings: self.parts.keys(&findings),
            ok: self.parts.checks(&digest.ok),
            moot: self.parts.checks(&digest.moot),
            software: self.parts.suite(&digest.software),
            partly: digest.partly,
        };
        let shape = self.number(Arc::new(shape));
        let labels = digest.labels.iter();
        let labels = labels.map(|(key, value)| (key.as_str(), value.as_str()));
        let number = self.labels.number(labels, false);
        let common = Common {
            shape,
            labels: number,
            full: !digest.partly,
        };
        let (id, name, time) = (digest.id, digest.name, digest.time);
        self.add_like(common, Own { id, name, time });
        Some(common)
    }

    /// Adds a report that has all this in common with one that was added.
    pub(super) fn add_like(&mut self, common: Common, own: Own) {
        self.future += u64::from(!self.is_sane(own.time));
        let row = Row {
            time: own.time,
            shape: common.shape,
            labels: common.labels,
            reports: 1,
            full: common.full,
            name: own.name.unwrap_or_default().into(),
        };
        self.host(own.id, row);
        self.settle();
    }

    /// Adds a report that could not be used.
    pub fn spoilt(&mut self, bad: Bad) {
        self.bad_count += 1;
        self.keep_bad(bad);
    }

    pub(super) fn keep_bad(&mut self, bad: Bad) {
        self.bad.keep(bad);
    }

    /// Adds what another summary knows.
    pub fn join(&mut self, mut other: Self) {
        // From here on it is what this one holds.
        other.account.set(0, 0, 0);
        let is_empty = self.hosts.is_empty() && self.findings.is_empty() && self.bad_count == 0;
        if is_empty && other.later.is_empty() {
            let (foreign, future, latest) = (self.foreign, self.future, self.latest);
            let account = Account::of(self.account.room());
            *self = other;
            self.account = account;
            self.foreign += foreign;
            self.future += future;
            self.latest = latest;
            self.settle();
            return;
        }
        for known in other.findings.into_values() {
            self.know_of(known);
        }
        self.words.join(other.words);
        // Else they would be there twice, here and there.
        drop((other.numbers, other.parts));
        let shapes = other.shapes.into_iter();
        let numbers: Vec<u32> = shapes.map(|shape| self.shape_of(shape)).collect();
        self.labels.leave_out(other.labels.left_out().cloned());
        let sets = other.labels.into_sets().into_iter();
        let sets: Vec<u32> = std::iter::once(super::labels::NONE)
            .chain(sets.map(|set| self.labels.of_set(&set)))
            .collect();
        let later = other.later.into_iter().map(|((id, _), row)| (id, row));
        for (id, mut row) in other.hosts.into_iter().chain(later) {
            let (shape, labels) = (row.shape as usize, row.labels as usize);
            if let (Some(shape), Some(labels)) = (numbers.get(shape), sets.get(labels)) {
                (row.shape, row.labels) = (*shape, *labels);
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
        self.future += other.future;
        for bad in other.bad.into_iter() {
            self.keep_bad(bad);
        }
        self.settle();
    }

    /// The number of a shape of another summary.
    fn shape_of(&mut self, shape: Arc<Shape>) -> u32 {
        if let Some(known) = self.numbers.get(&shape) {
            return *known;
        }
        let shape = Arc::unwrap_or_clone(shape);
        let parts = &mut self.parts;
        let shape = Shape {
            place: parts.same_place(shape.place),
            findings: parts.same_keys(shape.findings),
            ok: parts.checks(&shape.ok),
            moot: parts.checks(&shape.moot),
            software: parts.suite(&shape.software),
            partly: shape.partly,
        };
        self.number(Arc::new(shape))
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

    /// When the newest report that counts was made, RFC 3339. One whose clock was wrong says
    /// nothing of that, unless there is no other.
    #[must_use]
    pub fn newest(&self) -> Option<String> {
        let times = self.hosts.values().map(|row| row.time);
        let newest = times.max_by_key(|time| (self.is_sane(*time), *time));
        newest.map(crate::time::time)
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
        let mut software = self.shapes.iter().flat_map(|shape| shape.software.iter());
        software.any(|one| *one.profile == *profile)
    }

    /// The shape of a row.
    pub(super) fn shape(&self, row: &Row) -> Option<&Arc<Shape>> {
        self.shapes.get(row.shape as usize)
    }

    /// Knows a finding. A summary of an earlier doctor may not have told what it takes.
    pub(super) fn know_of(&mut self, known: Known) {
        let (parts, names) = (&mut self.parts, &mut self.names);
        let before = self.findings.entry(known.key).or_insert_with(|| {
            *names += usize::from(parts.weight_of_text(&known.check) > 0);
            let check = parts.text(&known.check);
            Known {
                check,
                ..known.clone()
            }
        });
        if before.cure == Cure::Untold {
            before.cure = known.cure;
        }
    }

    fn know(&mut self, variant: &Variant) {
        let before = self.findings.get(&variant.key);
        if before.is_some_and(|known| known.cure != Cure::Untold) {
            return;
        }
        let known = Known {
            key: variant.key,
            check: Arc::clone(&variant.check),
            status: variant.status,
            severity: variant.severity,
            cure: cure(&variant.words),
        };
        self.know_of(known);
        if self.words.has_room_for(variant.key) {
            let words: Arc<Words> = Arc::new(variant.words.clone());
            self.words.keep(variant.key, words);
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
        let full = before.full || row.full;
        for name in names.into_iter().flatten() {
            self.alias(id, name);
        }
        let mut other = row;
        if let Some(host) = self.hosts.get_mut(&id) {
            if newer {
                std::mem::swap(host, &mut other);
            }
            host.reports = reports;
            host.full = full;
        }
        if !self.is_sane(other.time) {
            self.keep_later(id, other);
        }
    }

    /// Keeps a report that may count later.
    pub(super) fn keep_later(&mut self, id: Key, row: Row) {
        let at = (id, row.time);
        let row = Row { reports: 0, ..row };
        let known = self.later.get(&at);
        if known.is_some_and(|known| self.rank(known) >= self.rank(&row)) {
            return;
        }
        self.later.insert(at, row);
        let of_host = self.later.range((id, 0)..=(id, u64::MAX));
        if let Some(last) = of_host.map(|(at, _)| *at).nth(LATER_KEPT) {
            self.later.remove(&last);
        }
        if self.later.len() > LATER_OF_ALL {
            self.later.pop_last();
        }
    }

    /// Whether a report can be of this time.
    pub(super) fn is_sane(&self, time: u64) -> bool {
        self.latest.is_none_or(|latest| time <= latest)
    }

    /// Of two reports of a host the one with the higher rank counts: one of a time that can
    /// be, the newer one, the one of all checks. Where all that is the same, any rule will do
    /// that knows no order of reading.
    fn rank<'a>(&'a self, row: &'a Row) -> impl Ord + use<'a> {
        let shape = self.shape(row);
        let full = shape.is_some_and(|shape| !shape.partly);
        let sane = self.is_sane(row.time);
        let labels = self.labels.get(row.labels);
        (sane, row.time, full, shape, labels, &row.name)
    }

    pub(super) fn alias(&mut self, id: Key, name: Box<str>) {
        let names = self.aliases.entry(id).or_default();
        let of = |name: &str| A_TEXT + name.len();
        let weight = of(&name);
        self.of_aliases += if names.insert(name) { weight } else { 0 };
        if names.len() > ALIASES_KEPT {
            self.of_aliases -= names.pop_last().map_or(0, |last| of(&last));
        }
    }
}
