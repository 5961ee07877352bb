//! How much summaries may hold that hosts have each for themselves: hostile or broken reports,
//! each with thousands of checks or labels that no other has, are told and not held.
//!
//! What is weighed is about what it takes in memory. A fleet whose reports come from one
//! catalogue is far below: its findings, lists, software and labels are those of many hosts.
//! All summaries that are made of one set of inputs share one room, whichever threads make
//! them; what one of them holds is given back when it is joined to another one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::digest::{Digest, Key};
use super::summary::Summary;

/// What may be held, in bytes.
const ROOM: usize = 48 << 20;
/// What labels may take, in bytes, where the rest leaves so much: for the want of room labels
/// are left out, and never hosts.
const LABELS: usize = 88 << 20;
/// What may be held besides for each host, in bytes: findings and kinds of its own. With this
/// a hundred thousand hosts of any kind stay below 200 MB.
const OF_A_HOST: usize = 1 << 10;
/// The hosts of which that holds; where there are more, rows of hosts take the most anyway, and
/// summaries that were fine by themselves must have room together.
const FIRST: usize = 100_000;
/// What may be held for each of the others.
const OF_ANOTHER: usize = 2 << 10;
/// Why a report is not used.
pub(super) const NO_ROOM: &str = "there is no room left for more findings and kernels that no \
                                  other report has, and it has some: read fewer reports at once";

/// What a text takes besides its letters.
pub(super) const A_TEXT: usize = 48;
/// What a list takes besides its entries.
pub(super) const A_LIST: usize = 72;
/// What a finding takes.
pub(super) const A_FINDING: usize = 110;
/// What a check takes that hosts have findings of, above all when it is weighed as a cause.
pub(super) const A_CHECK: usize = 300;
/// What a place takes besides its texts.
pub(super) const A_PLACE: usize = 300;
/// What a shape takes besides its parts, with the hosts that have it when they are weighed.
pub(super) const A_SHAPE: usize = 900;
/// What a report takes that may count later.
pub(super) const A_ROW: usize = 250;
/// What a piece of software takes besides its texts.
pub(super) const A_SOFTWARE: usize = 180;

/// The room that summaries share.
#[derive(Debug, Default)]
pub(super) struct Room {
    held: AtomicUsize,
    labels: AtomicUsize,
    hosts: AtomicUsize,
}

/// What a summary has of a room.
#[derive(Debug, Default)]
pub(super) struct Account {
    room: Arc<Room>,
    held: usize,
    labels: usize,
    hosts: usize,
}

impl Account {
    /// One that has nothing yet.
    pub(super) fn of(room: &Arc<Room>) -> Self {
        Self {
            room: Arc::clone(room),
            ..Self::default()
        }
    }

    /// The room it is of.
    pub(super) fn room(&self) -> &Arc<Room> {
        &self.room
    }

    /// Takes so much from now on, besides labels that take so much.
    pub(super) fn set(&mut self, held: usize, labels: usize, hosts: usize) {
        let room = &self.room;
        for (place, now, all) in [
            (&mut self.held, held, &room.held),
            (&mut self.labels, labels, &room.labels),
            (&mut self.hosts, hosts, &room.hosts),
        ] {
            // Differences may be negative; these numbers go round.
            if now != *place {
                all.fetch_add(now.wrapping_sub(*place), Relaxed);
                *place = now;
            }
        }
    }

    /// Whether so much more has room, with so many more hosts.
    fn fits(&self, more: usize, more_hosts: usize) -> bool {
        let hosts = self.room.hosts.load(Relaxed) + more_hosts;
        self.room.held.load(Relaxed) + more <= whole(hosts)
    }

    /// What these labels may take, where all labels take more than they may: half of it, so
    /// that it does not come to this again with each host.
    pub(super) fn labels_over(&self) -> Option<usize> {
        let hosts = self.room.hosts.load(Relaxed);
        let left = whole(FIRST).saturating_sub(self.room.held.load(Relaxed));
        let most = left.min(LABELS) + hosts.saturating_sub(FIRST) * OF_A_HOST;
        let is_over = self.labels > 0 && self.room.labels.load(Relaxed) > most;
        is_over.then(|| self.labels.min(most) / 2)
    }
}

/// What may be held of so many hosts.
fn whole(hosts: usize) -> usize {
    ROOM + hosts.min(FIRST) * OF_A_HOST + hosts.saturating_sub(FIRST) * OF_ANOTHER
}

impl Clone for Account {
    fn clone(&self) -> Self {
        let mut clone = Self::of(&self.room);
        clone.set(self.held, self.labels, self.hosts);
        clone
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.set(0, 0, 0);
    }
}

impl Summary {
    /// Whether what this report has for itself has room; these are the keys of its findings.
    pub(super) fn has_room_for(&self, digest: &Digest, keys: &[Key]) -> bool {
        let parts = &self.parts;
        let findings = digest.findings.iter();
        let findings = findings.filter(|one| !self.findings.contains_key(&one.key));
        let findings = findings.map(|one| match parts.weight_of_text(&one.check) {
            0 => A_FINDING,
            name => A_FINDING + A_CHECK + name,
        });
        let shape = parts.weight_of_place(&digest.place)
            + parts.weight_of_keys(keys)
            + parts.weight_of_checks(&digest.ok)
            + parts.weight_of_checks(&digest.moot)
            + parts.weight_of_suite(&digest.software);
        // As if no other host had just these: far from the limit that is no matter.
        let weight = findings.sum::<usize>() + A_SHAPE + shape;
        self.account.fits(weight, 1)
    }

    /// Whether all that is held has room.
    pub(super) fn is_within_room(&self) -> bool {
        self.account.fits(0, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::read::Reader;
    use crate::fleet::tests::report;

    /// A room in which so much is left, and for labels so much.
    fn room(left: usize, for_labels: usize) -> Arc<Room> {
        Arc::new(Room {
            held: AtomicUsize::new(ROOM - left),
            labels: AtomicUsize::new(LABELS - for_labels),
            hosts: AtomicUsize::new(0),
        })
    }

    fn digest() -> Digest {
        let text = crate::report::yaml(&report()).unwrap();
        Reader::default().read(text.as_bytes()).unwrap()
    }

    /// A report of a host with so many findings and labels of its own.
    fn own(digest: &Digest, host: usize, findings: usize, labels: usize) -> Digest {
        let mut digest = digest.clone();
        digest.id = host as u128;
        let value = |number| format!("{host}-{number}-{}", "v".repeat(100));
        let label = |number| (format!("l{number}"), value(number));
        digest.labels = (0..labels).map(label).collect();
        let first = Arc::clone(&digest.findings[0]);
        for number in 0..findings {
            let mut own = (*first).clone();
            own.check = format!("own-{host}-{number}").into();
            own.key = crate::fleet::digest::key_of("own", own.check.as_bytes());
            digest.findings.push(Arc::new(own));
        }
        digest
    }

    #[test]
    fn what_hosts_have_for_themselves_is_bounded() {
        let room = room(300 << 10, LABELS);
        let digest = digest();
        let own = |host, findings| own(&digest, host, findings, 2);
        let mut summary = Summary::within(None, &room);
        // A little of its own has every host.
        assert!((0..100).all(|host| summary.add(own(host, 2)).is_some()));
        assert!(summary.add(own(100, 1000)).is_none());
        // What is refused changes nothing.
        assert!(summary.add(own(101, 2)).is_some());
        assert_eq!((summary.len(), summary.bad()), (101, 0));
        // What others hold of the room is missing, whoever they are, until they are gone.
        let mut other = Summary::within(None, &room);
        let held = room.held.load(Relaxed);
        assert!(other.add(own(1, 2)).is_some());
        assert!(room.held.load(Relaxed) > held);
        assert_eq!(room.hosts.load(Relaxed), 102);
        // What the two had in common is there once.
        summary.join(other.clone());
        drop(other);
        assert_eq!(room.held.load(Relaxed), held);
        assert_eq!(room.hosts.load(Relaxed), 101);
        drop(summary);
        assert_eq!(room.hosts.load(Relaxed), 0);
        assert_eq!(room.labels.load(Relaxed), 0);
    }

    /// Whatever labels there are, they cost labels: none of the hosts, and nothing of what was
    /// found on them.
    #[test]
    fn labels_cost_labels_alone() {
        let digest = digest();
        for (left, is_cut) in [(600 << 10, false), (100 << 10, true), (1 << 10, true)] {
            let room = room(ROOM, left);
            let mut whole = Summary::within(None, &room);
            for part in 0..3 {
                let mut summary = Summary::within(None, &room);
                for host in 0..200 {
                    let mut digest = own(&digest, part * 200 + host, 0, 4);
                    digest
                        .labels
                        .insert("role".to_owned(), format!("r{}", host % 3));
                    digest.place.release = Some(format!("6.1.{host}").into());
                    assert!(summary.add(digest).is_some(), "{left} {host}");
                }
                let mut bytes = Vec::new();
                summary.write(&mut bytes).unwrap();
                let mut lines = bytes.split(|byte| *byte == b'\n');
                let head = lines.next().unwrap();
                let mut reader = crate::fleet::rejoin::PartialReader::new(head, &room).unwrap();
                drop(summary);
                let mut read = None;
                for line in lines.filter(|line| !line.is_empty()) {
                    read = reader.line(line).unwrap();
                }
                whole.join(read.unwrap());
            }
            assert_eq!((whole.len(), whole.bad()), (600, 0));
            assert_eq!(whole.cut() > 0, is_cut, "{left}");
            // With room for no more than one host, nobody has what another one has.
            let is_named = is_cut && left > 2 << 10;
            assert_eq!(whole.left_out().next().is_some(), is_named, "{left}");
            assert!(
                whole.labels.held() <= left,
                "{left}: {}",
                whole.labels.held()
            );
            // Where there is any room, it is for what many have in common.
            assert_eq!(whole.has_label("role"), left > 2 << 10, "{left}");
        }
    }

    /// Hosts of a kind of its own each, such as by their kernels, share all the rest.
    #[test]
    fn a_kind_of_its_own_takes_less_than_a_host_may_have() {
        let lacks = |number: usize| -> Vec<Arc<str>> {
            let lacks = (0..30).map(|lack| format!("software {number} needs {lack}").into());
            lacks.collect()
        };
        let software = |number: usize| crate::fleet::digest::Software {
            profile: format!("software-{number}").into(),
            title: format!("Software {number}").into(),
            missing: lacks(number),
            optional: Vec::new(),
            open: Vec::new(),
            demanded: false,
        };
        let software: Vec<_> = (0..20).map(|number| Arc::new(software(number))).collect();
        let room = room(2 << 20, LABELS);
        let digest = digest();
        let mut parts: Vec<Summary> = Vec::new();
        for part in 0..4 {
            let mut summary = Summary::within(None, &room);
            for host in 0..500 {
                let mut digest = digest.clone();
                digest.id = part * 500 + host;
                digest.place.release = Some(format!("6.1.{}", digest.id).into());
                digest.software.clone_from(&software);
                assert!(summary.add(digest).is_some(), "{part} {host}");
            }
            parts.push(summary);
        }
        let mut whole = Summary::within(None, &room);
        for part in parts {
            whole.join(part);
        }
        assert_eq!((whole.len(), whole.shapes.len()), (2000, 2000));
        assert!(whole.is_within_room());
    }
}
