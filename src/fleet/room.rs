//! How much a summary may hold that hosts have each for themselves: hostile or broken reports,
//! each with thousands of checks or labels that no other has, are told and not held.
//!
//! What is weighed is about what it takes in memory. A fleet whose reports come from one
//! catalogue is far below: its findings, lists and labels are those of many hosts.

use std::sync::Arc;

use super::bad::bad;
use super::digest::{Digest, Place, Software};
use super::gather::Reading;
use super::summary::Summary;

/// What may be held for all threads together, in bytes.
const ROOM: usize = 48 << 20;
/// What may be held besides for each host, in bytes: labels and findings of its own.
const OF_A_HOST: usize = 2 << 10;
/// Why a report is not used.
pub(super) const NO_ROOM: &str = "it has findings or labels that no other report has, and there is \
                                  no room for more of these: read fewer reports at once";

/// What a text takes besides its letters.
const A_TEXT: usize = 32;
const A_FINDING: usize = 160;
const A_SHAPE: usize = 200;
const A_KEY: usize = 16;

impl Summary {
    /// One of those of all threads that read.
    pub(super) fn sharing(reading: Reading) -> Self {
        let mut summary = Self::new(reading.latest);
        summary.share = reading.threads;
        summary
    }

    /// Whether what this report has for itself has room.
    pub(super) fn has_room_for(&self, digest: &Digest) -> bool {
        let findings = digest.findings.iter();
        let findings = findings.filter(|one| !self.findings.contains_key(&one.key));
        let findings: usize = findings.map(|one| of_finding(&one.check)).sum();
        // As if no other report had the same: far from the limit that is no matter.
        let lists = of_list(&digest.ok) + of_list(&digest.moot);
        let shape = of_shape(digest.findings.len(), &digest.software) + of_place(&digest.place);
        let labels = digest.labels.iter();
        let labels = of_labels(labels.map(|(key, value)| (key.as_str(), value.as_str())));
        let weight = findings + lists + shape + labels;
        self.fits(self.held + weight, 1)
    }

    /// Whether all that is held has room.
    pub(super) fn is_within_room(&self) -> bool {
        self.fits(self.held, 0)
    }

    /// Adds what another summary knows, if that has room; else it counts as one bad report.
    pub(super) fn join_within(&mut self, (source, line): (&str, usize), other: Self) {
        match self.fits(self.held + other.held, other.hosts.len()) {
            true => self.join(other),
            false => self.spoilt(bad(source, line, NO_ROOM)),
        }
    }

    fn fits(&self, held: usize, more_hosts: usize) -> bool {
        let hosts = self.hosts.len() + more_hosts;
        held <= ROOM / self.share.max(1) + hosts * OF_A_HOST
    }
}

/// What a finding takes.
pub(super) fn of_finding(check: &str) -> usize {
    A_FINDING + check.len()
}

/// What a list of checks takes.
pub(super) fn of_list(checks: &[Arc<str>]) -> usize {
    checks.iter().map(|check| A_TEXT + check.len()).sum()
}

/// What labels take.
pub(super) fn of_labels<'a>(labels: impl Iterator<Item = (&'a str, &'a str)>) -> usize {
    labels
        .map(|(key, value)| 2 * A_TEXT + key.len() + value.len())
        .sum()
}

/// What a place takes.
pub(super) fn of_place(place: &Place) -> usize {
    A_SHAPE + place.release.as_deref().map_or(0, str::len)
}

/// What a shape takes besides its place and its lists.
pub(super) fn of_shape(findings: usize, software: &[Software]) -> usize {
    let software = software.iter().map(|one| {
        let lists = [&one.missing, &one.optional, &one.open];
        let lacks = lists.into_iter().flatten().map(|lack| A_TEXT + lack.len());
        A_SHAPE + one.profile.len() + one.title.len() + lacks.sum::<usize>()
    });
    A_SHAPE + findings * A_KEY + software.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::read::Reader;
    use crate::fleet::tests::report;

    /// A summary with room for little.
    fn small() -> Summary {
        let mut summary = Summary::new(None);
        summary.share = ROOM / 1024;
        summary
    }

    /// A report of a host with so many labels of its own.
    fn labelled(host: usize, labels: usize) -> Digest {
        let text = crate::report::yaml(&report()).unwrap();
        let mut digest = Reader::default().read(text.as_bytes()).unwrap();
        digest.id = host as u128;
        let label = |number| (format!("l{host}-{number}"), "v".repeat(100));
        digest.labels = (0..labels).map(label).collect();
        digest
    }

    #[test]
    fn what_hosts_have_for_themselves_is_bounded() {
        let mut summary = small();
        // A little of its own has every host.
        assert!((0..100).all(|host| summary.add(labelled(host, 4)).is_some()));
        assert!(summary.add(labelled(100, 1000)).is_none());
        // What is refused changes nothing.
        assert!(summary.add(labelled(101, 4)).is_some());
        assert_eq!((summary.len(), summary.bad()), (101, 0));
        // The same labels again take nothing.
        let mut other = Summary::new(None);
        assert!(other.add(labelled(1, 1000)).is_some());
        summary.join_within(("a", 7), other.clone());
        assert_eq!((summary.len(), summary.bad()), (101, 1));
        let told = summary.bad_reports().next().unwrap().told();
        assert!(told.starts_with("a:7: it has findings or labels"), "{told}");
        let mut roomy = Summary::new(None);
        roomy.join_within(("a", 7), other);
        assert_eq!((roomy.len(), roomy.bad()), (1, 0));
        assert!(roomy.held > 100_000);
    }
}
