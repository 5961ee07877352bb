//! What an audit says of what was read.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde::Serialize;

use super::super::summary::Summary;
use super::judge::{Population, Weighing};
use super::model::Hosts;
use super::reworded::reworded;
use super::tally::Names;
use super::{ROWS, shown};
use crate::report::Verdict;
use crate::time::time;

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reports {
    /// Reports that could be used.
    pub read: u64,
    /// Those of them that a newer one of the same host replaced.
    pub superseded: u64,
    /// Hosts of which there was more than one report.
    pub repeated: Hosts,
    /// Machines that reported under several names, as copies of one image do.
    pub renamed: Vec<Vec<String>>,
    /// Hosts that have their name in common with another one, of another machine id, as a machine
    /// has it that was installed anew; with those names.
    #[serde(skip_serializing_if = "Hosts::is_none")]
    pub namesakes: Hosts,
    /// Hosts without a name of their own, each report of which counts as a host.
    pub unnamed: u64,
    /// Reports that could not be used.
    pub bad: u64,
    /// The first of them by name.
    pub bad_reports: Vec<super::super::bad::Bad>,
    /// Files that don't look like reports and were passed over.
    pub passed_over: u64,
    /// Reports of a time that was still to come; they count where a host has no other one.
    pub future: u64,
    /// Hosts whose report that counts is one of those.
    pub of_future: Hosts,
    /// Labels for which there was no room.
    #[serde(skip_serializing_if = "LeftOut::is_none")]
    pub labels_left_out: LeftOut,
    /// When the oldest report that counts was made.
    pub oldest: Option<String>,
    /// When the newest was made; one of a time that was still to come is none, unless all are.
    pub newest: Option<String>,
}

/// Labels for which there was no room. Hosts count without them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct LeftOut {
    /// Hosts that lost some.
    pub hosts: u64,
    /// The names of those that several hosts had, none of which has them now.
    pub labels: Vec<String>,
}

impl LeftOut {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Hosts of which only a part was looked at: by `--only`, `--skip` or `--profile`. Nothing is
/// known of the rest, whatever their verdict is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Partly {
    /// How many.
    pub hosts: u64,
    /// How many of them are ready as far as they were looked at.
    pub ready: u64,
    /// The names of a few.
    pub examples: Vec<String>,
    /// Those of them of which there is an older report of all checks.
    pub narrowed: Hosts,
    /// Hosts whose reports tell nothing of software that was named, so that nobody knows
    /// whether it runs there.
    #[serde(skip_serializing_if = "Hosts::is_none")]
    pub unasked: Hosts,
    /// Hosts that are ready if any of the software runs that was asked for, since none was said to
    /// be needed.
    #[serde(skip_serializing_if = "Hosts::is_none")]
    pub one_suffices: Hosts,
    /// Pairs of needs that doctors of different versions tell, and that may be one and the same
    /// in other words: two causes then, where there is one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reworded: Vec<[String; 2]>,
}

pub(super) fn reports(summary: &Summary) -> Reports {
    let (mut repeated, mut of_future) = (Names::default(), Names::default());
    let (mut read, mut unnamed, mut oldest) = (0, 0, None);
    // Once over all hosts, of which there may be millions.
    for row in summary.hosts.values() {
        read += u64::from(row.reports);
        unnamed += u64::from(row.name.is_empty());
        if row.reports > 1 {
            repeated.add(1, [&*row.name]);
        }
        if !summary.is_sane(row.time) {
            of_future.add(1, [&*row.name]);
        }
        oldest = Some(oldest.map_or(row.time, |oldest: u64| oldest.min(row.time)));
    }
    let renamed = summary.aliases.values().take(ROWS);
    let names = |names: &BTreeSet<Box<str>>| names.iter().map(|name| shown(name)).collect();
    Reports {
        read,
        superseded: read - summary.len() as u64,
        repeated: repeated.told(),
        renamed: renamed.map(names).collect(),
        namesakes: namesakes(summary),
        unnamed,
        bad: summary.bad_count,
        bad_reports: summary.bad.iter().cloned().collect(),
        passed_over: summary.foreign,
        future: summary.future,
        of_future: of_future.told(),
        labels_left_out: LeftOut {
            hosts: summary.cut(),
            labels: summary.left_out().map(str::to_owned).collect(),
        },
        oldest: oldest.map(time),
        newest: summary.newest(),
    }
}

/// Hosts with the name of another one. Of millions of names those are kept that may be there twice.
fn namesakes(summary: &Summary) -> Hosts {
    let named = || summary.hosts.values().filter(|row| !row.name.is_empty());
    let mark = |name: &str| {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        hasher.finish()
    };
    let mut marks: Vec<u64> = named().map(|row| mark(&row.name)).collect();
    marks.sort_unstable();
    let again = marks.windows(2).filter(|pair| pair.first() == pair.last());
    let again: HashSet<u64> = again.flatten().copied().collect();
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    if !again.is_empty() {
        for row in named().filter(|row| again.contains(&mark(&row.name))) {
            *counts.entry(&row.name).or_default() += 1;
        }
    }
    let mut names = Names::default();
    for (name, hosts) in counts.into_iter().filter(|(_, hosts)| *hosts > 1) {
        names.add_up_to(ROWS, hosts, [name]);
    }
    names.told()
}

/// Hosts of which only a part was looked at.
pub(super) fn partly(population: &Population<'_>, weighing: &Weighing) -> Partly {
    let mut names = Names::default();
    let mut ready = 0;
    for class in population.classes.iter().filter(|class| class.shape.partly) {
        names.add(class.hosts, class.names.examples());
        if class.verdict == Verdict::Ready {
            ready += class.hosts;
        }
    }
    let mut unasked = Names::default();
    for class in population.classes.iter().filter(|class| class.unasked) {
        unasked.add(class.hosts, class.names.examples());
    }
    let mut one_suffices = Names::default();
    for class in &population.classes {
        if weighing.one_suffices(class) {
            one_suffices.add(class.hosts, class.names.examples());
        }
    }
    let told = names.told();
    Partly {
        hosts: told.hosts,
        ready,
        examples: told.examples,
        narrowed: population.narrowed.told(),
        unasked: unasked.told(),
        one_suffices: one_suffices.told(),
        reworded: reworded(population),
    }
}
