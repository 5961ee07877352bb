//! What experiments say of more than they were made for: options without which they would have
//! failed, and hooks and links that the probes of the table made and saw at work.

use std::collections::BTreeSet;

use super::gate::Gates;
use super::judge::{Judge, Known};
use super::model::{Available, Features, Source};
use super::reasons::Answer;
use super::table::{Entry, Kind, Table};
use crate::probes::Outcome;
use crate::probes::trials::Reply;
use crate::version::KernelVersion;

/// The options a kernel was built with, as it has what takes them. Of a kernel with parts of newer
/// ones only what all versions agree on counts.
pub(super) fn proven(
    table: &Table,
    known: &Known<'_>,
    version: Option<KernelVersion>,
    backports: bool,
) -> BTreeSet<String> {
    let number = |kind, name: &str| known.names.number(kind, name);
    let has = |kind, entry: &Entry| {
        let trial = table.trial(kind, entry, &number);
        let mut tried = known.tried.iter();
        let found = trial.and_then(|trial| tried.find(|(tried, _)| *tried == trial));
        let reply = found.and_then(|(_, replies)| replies.first());
        matches!(reply, Some(Reply::Yes | Reply::Partly(_))) || is_shown(known, entry)
    };
    let mut options = BTreeSet::new();
    for kind in Kind::ALL {
        for entry in table.rows(kind) {
            let needs = match &entry.needs {
                Gates::Since(_) if backports || version.is_none() => continue,
                needs => needs.of(version),
            };
            if !needs.is_empty() && has(kind, entry) {
                options.extend(needs.split("&&").map(|option| option.trim().to_owned()));
            }
        }
    }
    options
}

/// Whether a probe had it at work.
fn is_shown(known: &Known<'_>, entry: &Entry) -> bool {
    let works = |id: &String| {
        let mut results = known.shown.iter();
        results.any(|result| result.probe == *id && result.outcome == Outcome::Works)
    };
    entry.shown.iter().any(works)
}

/// The probes that could answer what a first judgement left open.
#[must_use]
pub fn left_open(table: &Table, judged: &Features) -> Vec<String> {
    let mut probes = BTreeSet::new();
    for kind in [Kind::AttachType, Kind::LinkType] {
        let groups = judged.groups.iter();
        let rows = groups
            .filter(|group| group.group == kind.name())
            .flat_map(|group| &group.rows);
        for row in rows.filter(|row| row.available == Available::Unknown) {
            let mut entries = table.rows(kind).iter();
            let entry = entries.find(|entry| entry.name == row.name);
            probes.extend(entry.into_iter().flat_map(|entry| entry.shown.clone()));
        }
    }
    probes.into_iter().collect()
}

impl Judge<'_> {
    /// The answer of a probe that had it at work.
    pub(super) fn shown(&self, entry: &Entry, named: Option<bool>) -> Option<Answer> {
        is_shown(self.known, entry).then(|| {
            let by: &[Source] = match named {
                Some(true) => &[Source::Btf, Source::Experiment],
                _ => &[Source::Experiment],
            };
            Answer::new(Available::Yes, by, "")
        })
    }
}
