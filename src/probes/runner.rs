//! The probes of a table, shared out among lanes.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::time::Duration;

use super::child;
use super::child::Answer;
use super::lanes::Lanes;
use super::lanes::Limits;
use super::lanes::Work;
use super::outcome::Outcome;
use super::table::Lane;
use super::table::Probe;

/// The probe that says whether the memory of one process bounds that of another.
const SETTLES_MEMORY: &str = "memlock-charge";

/// Probes under way in processes of their own.
#[derive(Debug)]
pub(super) struct Underway<'table> {
    lanes: Lanes<Trying<'table>>,
    /// Whether each was asked for, rather than built on.
    selected: Vec<bool>,
}

/// What is done in the lanes: an item is the place of a probe in this list.
#[derive(Debug)]
struct Trying<'table> {
    probes: Vec<&'table Probe>,
    /// One probe was asked for, by its name.
    alone: bool,
}

impl<'table> Underway<'table> {
    /// Starts the probes of `table` that are selected, and those they build on. Of two lanes none
    /// waits for the other: what probes of another lane build on is tried first, in this call.
    pub(super) fn start(
        table: &[&'table Probe],
        lane: &dyn Fn(&Probe) -> Lane,
        selected: &dyn Fn(&str) -> bool,
        limits: &Limits,
    ) -> Self {
        let probes = with_foundations(table, selected);
        let selected: Vec<bool> = probes.iter().map(|probe| selected(probe.id)).collect();
        let (first, rest) = shared_out(&probes, lane);
        let late = |items: &[usize]| {
            let probe = items.first().and_then(|item| probes.get(*item));
            probe.is_some_and(|probe| lane(probe).ends_late())
        };
        let with_ends = rest.into_iter().map(|items| {
            let late = late(&items);
            (items, late)
        });
        let mut rest: Vec<(Vec<usize>, bool)> = with_ends.collect();
        let count = probes.len();
        let alone = selected.iter().filter(|is| **is).count() == 1;
        let mut lanes = Lanes::new(Trying { probes, alone }, count, limits);
        if rest.len() > 1 && !first.is_empty() {
            lanes.add(first, false);
            lanes.listen();
        } else {
            rest.push((first, false));
        }
        let mut underway = Self { lanes, selected };
        if rest.len() > 2 && underway.is_roomy() {
            for (items, late) in rest {
                underway.lanes.add(items, late);
            }
        } else {
            // What the memory of one process leaves to another is no answer of the kernel's.
            let items = rest.into_iter().flat_map(|(items, _)| items);
            let mut all: Vec<usize> = items.collect();
            all.sort_unstable();
            underway.lanes.add(all, false);
        }
        underway
    }

    /// Whether processes leave each other enough memory: their limit is none, or the kernel does
    /// not ask for it.
    fn is_roomy(&self) -> bool {
        let (Trying { probes, .. }, answers) = self.lanes.told();
        let mut told = probes.iter().zip(answers);
        self.lanes.is_roomy()
            || told.any(|(probe, answer)| {
                let works = |answer: &Answer| answer.outcome == Outcome::Works;
                probe.id == SETTLES_MEMORY && answer.as_ref().is_some_and(works)
            })
    }

    /// Waits for all answers, and gives them in the order of the table.
    pub(super) fn answers(&mut self) -> Vec<(&'table Probe, Answer)> {
        self.lanes.listen();
        let (Trying { probes, .. }, answers) = self.lanes.told();
        let told = probes.iter().zip(answers);
        let told = told.zip(&self.selected);
        told.filter(|(_, selected)| **selected)
            .filter_map(|((probe, answer), _)| Some((*probe, answer.clone()?)))
            .collect()
    }
}

/// The selected probes of a table and those they build on.
fn with_foundations<'table>(
    table: &[&'table Probe],
    selected: &dyn Fn(&str) -> bool,
) -> Vec<&'table Probe> {
    let mut needed: HashSet<&str> = HashSet::new();
    let mut probes = Vec::new();
    // Backwards, because a probe builds on earlier ones.
    for &probe in table.iter().rev() {
        if selected(probe.id) || needed.contains(probe.id) {
            needed.extend(probe.needs);
            probes.push(probe);
        }
    }
    probes.reverse();
    probes
}

/// Shares probes out: the places of those to try first, because probes of another lane build on
/// them, and of those of each lane.
pub(super) fn shared_out(
    probes: &[&Probe],
    lane: &dyn Fn(&Probe) -> Lane,
) -> (Vec<usize>, Vec<Vec<usize>>) {
    let lane_of: HashMap<&str, Lane> = probes.iter().map(|probe| (probe.id, lane(probe))).collect();
    let mut first: HashSet<&str> = HashSet::new();
    // Backwards, so that what the first ones build on is first as well.
    for probe in probes.iter().rev() {
        let own = lane_of.get(probe.id);
        if probe.id == SETTLES_MEMORY {
            first.insert(probe.id);
        }
        for need in probe.needs {
            if first.contains(probe.id) || lane_of.get(need) != own {
                first.insert(need);
            }
        }
    }
    let mut before = Vec::new();
    let mut lanes: BTreeMap<Lane, Vec<usize>> = BTreeMap::new();
    for (place, probe) in probes.iter().enumerate() {
        match lane_of.get(probe.id) {
            Some(lane) if !first.contains(probe.id) => {
                lanes.entry(*lane).or_default().push(place);
            }
            _ => before.push(place),
        }
    }
    (before, lanes.into_values().collect())
}

impl Work for Trying<'_> {
    type Answer = Answer;

    fn work(&self, items: &[usize], answers: &[Option<Answer>], results: OwnedFd) -> i32 {
        let Self { probes, alone } = self;
        let to_try: Vec<&Probe> = items
            .iter()
            .filter_map(|item| probes.get(*item).copied())
            .collect();
        let settled = probes.iter().zip(answers).filter_map(|(probe, answer)| {
            let outcome = answer.as_ref()?.outcome.clone();
            Some((probe.id.to_owned(), outcome))
        });
        child::work(&to_try, &settled.collect::<Vec<_>>(), *alone, results)
    }

    fn read(&self, _item: usize, line: &[u8]) -> Option<Answer> {
        serde_json::from_slice(line).ok()
    }

    fn unanswered(&self, _item: usize, outcome: Outcome, after: Duration) -> Answer {
        Answer {
            outcome,
            micros: u64::try_from(after.as_micros()).unwrap_or(u64::MAX),
            passed: Vec::new(),
            said: String::new(),
        }
    }
}
