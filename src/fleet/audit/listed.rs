//! Which hosts have which check: little for each check, so that there may be thousands.

use std::collections::BTreeMap;

use super::super::digest::Key;
use super::super::summary::Known;
use super::joint::Joint;
use super::judge::{Class, Population, Weighing};
use super::looking::is_mendable;
use super::tally::Names;
use crate::diagnosis::{Severity, Status};
use crate::report::Verdict;

/// A check that fails or is unknown, before anything is gathered of it.
#[derive(Default)]
pub(super) struct Listed {
    hosts: u64,
    blocks: u64,
    /// Hosts on which the change that mends this mends other causes as well.
    pub(super) shared: u64,
    /// Hosts that one change makes ready which mends this, be it with others.
    pub(super) alone: u64,
    /// Hosts of these on which other checks could not be made while this fails.
    pub(super) unseen: u64,
    /// Hosts whose verdict waits for this, be it with others.
    pub(super) waits: u64,
    pub(super) decides: u64,
    /// How much it matters at most, where it is in the way and where it is not.
    severities: [Option<Severity>; 2],
    /// The classes that have it, and the place among their findings.
    places: Vec<(u32, u32)>,
}

/// Which of the hosts are meant that have a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Where {
    /// All.
    All,
    /// Those that it keeps from being ready.
    Blocks,
    /// Those that it does not.
    Passes,
}

impl Where {
    fn is(self, blocks: bool) -> bool {
        match self {
            Self::All => true,
            Self::Blocks => blocks,
            Self::Passes => !blocks,
        }
    }
}

impl Listed {
    /// On how many of these hosts.
    pub(super) fn hosts(&self, at: Where) -> u64 {
        match at {
            Where::All => self.hosts,
            Where::Blocks => self.blocks,
            Where::Passes => self.hosts - self.blocks,
        }
    }

    /// How much it matters there at most.
    pub(super) fn severity(&self, at: Where) -> Severity {
        let [passing, blocking] = self.severities;
        let of = [(false, passing), (true, blocking)];
        let of = of.into_iter().filter(|(blocks, _)| at.is(*blocks));
        let most = of.filter_map(|(_, severity)| severity).max();
        most.unwrap_or(Severity::Info)
    }
}

pub(super) type List<'a> = BTreeMap<&'a str, Listed>;

/// Which hosts have which check: what fails or is in the way, and what is unknown. What is told of a check is gathered for one after the other,
/// so that thousands of them take no more room than this.
pub(super) fn list<'a>(
    population: &Population<'a>,
    joint: &Joint<'a>,
    weighing: &Weighing,
) -> (List<'a>, List<'a>) {
    let (mut failing, mut unknown) = (List::new(), List::new());
    for (place, class) in population.classes.iter().enumerate() {
        let changes = joint.of(class);
        let is_gained = is_gained(class) && changes.len() == 1;
        // What one change mends there with others.
        let shared: Vec<&str> = changes
            .iter()
            .filter(|causes| causes.len() > 1)
            .flat_map(|causes| causes.iter().copied())
            .collect();
        let unseen = if is_gained && weighing.hides(class) {
            class.hosts
        } else {
            0
        };
        let decides = decides(class);
        let waits = class.verdict == Verdict::Undetermined;
        for (within, known) in class.findings.iter().enumerate() {
            if !weighing.concerns(class, &known.check) {
                continue;
            }
            let blocks = class.blocks(&known.check);
            // What is unknown and in the way, since that counts, too, is both.
            let fails = known.status == Status::Fail;
            let lists = [
                (fails || blocks).then_some(&mut failing),
                (!fails).then_some(&mut unknown),
            ];
            for of in lists.into_iter().flatten() {
                let listed = of.entry(&*known.check).or_default();
                listed.hosts += class.hosts;
                if blocks {
                    listed.blocks += class.hosts;
                    if shared.contains(&&*known.check) {
                        listed.shared += class.hosts;
                    }
                    if is_gained {
                        listed.alone += class.hosts;
                        listed.unseen += unseen;
                    }
                }
                if waits && class.waits.binary_search(&known.check).is_ok() {
                    listed.waits += class.hosts;
                }
                if decides == Some(&*known.check) {
                    listed.decides += class.hosts;
                }
                let [passing, blocking] = &mut listed.severities;
                let severity = if blocks { blocking } else { passing };
                *severity = (*severity).max(Some(known.severity));
                if listed.places.is_empty() {
                    listed.places.reserve_exact(1);
                }
                // More classes than this have no room in memory.
                let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
                listed.places.push((number(place), number(within)));
            }
        }
    }
    (failing, unknown)
}

/// Where no change is known for a cause, nothing that is told makes these hosts ready.
pub(super) fn is_gained(class: &Class<'_>) -> bool {
    !class.open && is_mendable(class)
}

/// The one check the verdict on these hosts waits for.
fn decides<'c>(class: &'c Class<'_>) -> Option<&'c str> {
    match &*class.waits {
        [one] if class.verdict == Verdict::Undetermined && !class.unasked => Some(one),
        _ => None,
    }
}

/// The classes that have a check, of those that are meant, each with the finding.
pub(super) fn having<'p, 'a>(
    population: &'p Population<'a>,
    listed: &'p Listed,
    at: Where,
) -> impl Iterator<Item = (&'p Class<'a>, &'a Known)> + use<'p, 'a> {
    listed.places.iter().filter_map(move |(place, within)| {
        let class = population.classes.get(*place as usize)?;
        let known = *class.findings.get(*within as usize)?;
        (at == Where::All || at.is(class.blocks(&known.check))).then_some((class, known))
    })
}

/// The words a check has, and the hosts that have them.
pub(super) fn variants(
    population: &Population<'_>,
    listed: &Listed,
    at: Where,
) -> BTreeMap<Key, Names> {
    let mut variants: BTreeMap<Key, Names> = BTreeMap::new();
    for (class, known) in having(population, listed, at) {
        let names = variants.entry(known.key).or_default();
        names.add(class.hosts, class.names.examples());
    }
    variants
}
