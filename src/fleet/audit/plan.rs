//! The fewest changes that make the most hosts ready.
//!
//! A host becomes ready when all its causes are mended. To choose k causes so that the most
//! hosts have no other ones is a hard problem in general; fleets have few causes, and then
//! every set of them can be tried: the number of hosts below each set comes from one pass over
//! the sets for each cause.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::best::{Best, Sets, large, small};
use super::causes::Found;
use super::joint::{Joint, What};
use super::judge::{Population, Weighing};
use super::looking::{Cure, is_mendable, worst};
use super::model::{Plan, Step, Takes};
use super::tally::Tally;
use crate::diagnosis::Needs;
use crate::report::Verdict;

/// With so many causes every set is tried: a million sets.
const EXACT: usize = 20;
/// So many checks are told that are unknown where nothing decides.
const UNDECIDED_BY: usize = 10;
/// So many steps are told.
const STEPS: usize = 40;

/// Hosts with the same causes, by what it takes to mend all of them.
type Cures = BTreeMap<Box<[u32]>, BTreeMap<Cure, u64>>;

pub(super) fn plan(
    population: &Population<'_>,
    found: &Found,
    joint: &Joint<'_>,
    weighing: &Weighing,
    ready: u64,
) -> Plan {
    // Causes of most hosts first, so that among equals those come first; what mends several has
    // its place right before the first of them.
    let ranking = found.ranking.iter().enumerate();
    let rank: BTreeMap<&str, usize> = ranking.map(|(rank, check)| (&**check, rank)).collect();
    let mut order: BTreeSet<(usize, Reverse<What<'_>>)> = BTreeSet::new();
    for class in &population.classes {
        for change in joint.of(class) {
            let first = mends(joint, change.what);
            let first = first.iter().filter_map(|check| rank.get(check).copied());
            if let Some(first) = first.min() {
                order.insert((first, Reverse(change.what)));
            }
        }
    }
    let order: Vec<What<'_>> = order.into_iter().map(|(_, Reverse(what))| what).collect();
    let places = order.iter().enumerate();
    let place: BTreeMap<What<'_>, u32> =
        places.map(|(place, what)| (*what, place as u32)).collect();
    let mended = |set: &[u32]| -> Vec<&str> {
        let mut checks: Vec<&str> = Vec::new();
        for what in set.iter().filter_map(|place| order.get(*place as usize)) {
            let mut all = mends(joint, *what);
            all.sort_by_key(|check| rank.get(check));
            all.retain(|check| !checks.contains(check));
            checks.extend(all);
        }
        checks
    };
    let mut cures = Cures::new();
    let (mut undecided, mut stuck, mut unseen) = (0, 0, 0);
    let mut undecided_by = Tally::default();
    for class in &population.classes {
        if class.verdict != Verdict::Ready && class.open {
            undecided += class.hosts;
            for check in class.waits.iter() {
                undecided_by.add(check, class.hosts);
            }
        } else if class.verdict == Verdict::NotReady {
            if !is_mendable(class) {
                stuck += class.hosts;
                continue;
            }
            let changes = joint.of(class);
            let places = changes
                .iter()
                .map(|change| place.get(&change.what).copied());
            let Some(mut places) = places.collect::<Option<Vec<u32>>>() else {
                continue;
            };
            places.sort_unstable();
            if weighing.hides(class) {
                unseen += class.hosts;
            }
            let by_cure = cures.entry(places.into()).or_default();
            *by_cure.entry(worst(class)).or_default() += class.hosts;
        }
    }
    let mut needs: BTreeMap<u32, Needs> = BTreeMap::new();
    let known = found.causes.iter();
    let known = known.filter_map(|cause| Some((&*cause.check, cause.needs?)));
    let known: BTreeMap<&str, Needs> = known.collect();
    for (what, place) in &place {
        let all = mends(joint, *what);
        if let Some(most) = all.iter().filter_map(|check| known.get(check)).max() {
            needs.insert(*place, *most);
        }
    }
    let sets: Sets = cures
        .iter()
        .map(|(set, hosts)| (set.clone(), hosts.values().sum()))
        .collect();
    let mut used: Vec<u32> = sets.keys().flat_map(|set| set.iter().copied()).collect();
    used.sort_unstable();
    used.dedup();
    let (chosen, exact_up_to) = if used.len() <= EXACT {
        let needs = |place: &u32| needs.get(place).copied();
        (every_set(&sets, &used, &needs), used.len())
    } else {
        let (few, small_exact) = small(&sets);
        let (more, large_exact) = large(&sets, &few);
        let exact_up_to = if small_exact < 3 {
            small_exact
        } else {
            large_exact
        };
        (few.into_iter().chain(more).collect(), exact_up_to)
    };
    let mut steps: Vec<Step> = Vec::new();
    for (set, gained) in chosen {
        // A set that brings nothing is no step.
        let before = steps.last().map_or(0, |last| last.gained);
        if gained > before && steps.len() < STEPS {
            let checks = mended(&set);
            // Where one work mends what others mend as well, it is no more than to mend each.
            let changes = set.len().min(checks.len()) as u64;
            steps.pop_if(|last| last.changes >= changes);
            let takes = takes(&cures, &set);
            let mut needs = takes.keys().rev().filter_map(|cure| match cure {
                Cure::Takes(needs) => Some(*needs),
                Cure::Untold | Cure::Unknown | Cure::OnlyLooks => None,
            });
            steps.push(Step {
                needs: needs.next(),
                changes,
                checks: checks.into_iter().map(str::to_owned).collect(),
                gained,
                ready: ready + gained,
                takes: takes.into_iter().map(told).collect(),
            });
        }
    }
    Plan {
        exact: exact_up_to >= used.len(),
        exact_up_to: exact_up_to as u64,
        unseen,
        steps,
        undecided,
        undecided_by: undecided_by.most(UNDECIDED_BY),
        stuck,
    }
}

/// What a change mends.
fn mends<'w>(joint: &'w Joint<'_>, what: What<'w>) -> Vec<&'w str> {
    match what {
        What::Cause(check) => vec![check],
        What::Work(work) => joint.mends(work).to_vec(),
    }
}

/// The hosts that become ready by a set, by what they take.
fn takes(cures: &Cures, set: &[u32]) -> BTreeMap<Cure, u64> {
    let mut hosts: BTreeMap<Cure, u64> = BTreeMap::new();
    let inside = |own: &[u32]| own.iter().all(|place| set.binary_search(place).is_ok());
    for (_, by_cure) in cures.iter().filter(|(own, _)| inside(own)) {
        for (cure, count) in by_cure {
            *hosts.entry(*cure).or_default() += count;
        }
    }
    hosts
}

fn told((cure, hosts): (Cure, u64)) -> Takes {
    let what = match cure {
        Cure::Takes(Needs::Nothing) => "nothing",
        Cure::Takes(Needs::Privilege) => "privilege",
        Cure::Takes(Needs::Reboot) => "reboot",
        Cure::Takes(Needs::Rebuild) => "rebuild",
        Cure::Untold => "own-report",
        Cure::Unknown | Cure::OnlyLooks => "no-known-fix",
    };
    Takes { what, hosts }
}

/// The best set of each size, by trying all.
fn every_set(sets: &Sets, used: &[u32], needs: &dyn Fn(&u32) -> Option<Needs>) -> Vec<Best> {
    let size = used.len();
    let mut below = vec![0_u64; 1 << size];
    for (set, hosts) in sets {
        if let Some(count) = below.get_mut(packed(set, used)) {
            *count += hosts;
        }
    }
    for bit in 0..size {
        for set in 0..1_usize << size {
            if set >> bit & 1 == 1 {
                let without = below.get(set ^ 1 << bit).copied().unwrap_or(0);
                if let Some(count) = below.get_mut(set) {
                    *count += without;
                }
            }
        }
    }
    let mut best: Vec<Option<(usize, u64)>> = vec![None; size + 1];
    for (set, hosts) in below.iter().enumerate() {
        let Some(best) = best.get_mut(set.count_ones() as usize) else {
            continue;
        };
        let better = match best {
            None => true,
            Some((_, most)) if hosts != most => hosts > most,
            // As many hosts: what costs less, then the causes of most hosts.
            Some((other, _)) => {
                let cost = |set| {
                    let mut all: Vec<Needs> = spread(set, used).iter().filter_map(needs).collect();
                    all.sort_by(|a, b| b.cmp(a));
                    all
                };
                let (one, two) = (cost(set), cost(*other));
                one < two || (one == two && set.reverse_bits() > other.reverse_bits())
            }
        };
        if better {
            *best = Some((set, *hosts));
        }
    }
    let best = best.into_iter().skip(1).flatten();
    best.filter(|(_, hosts)| *hosts > 0)
        .map(|(set, hosts)| (spread(set, used), hosts))
        .collect()
}

fn packed(set: &[u32], used: &[u32]) -> usize {
    let bits = set
        .iter()
        .filter_map(|place| used.binary_search(place).ok());
    bits.fold(0, |packed, bit| packed | 1 << bit)
}

fn spread(set: usize, used: &[u32]) -> Box<[u32]> {
    let bits = used.iter().enumerate();
    let bits = bits.filter(|(bit, _)| set >> bit & 1 == 1);
    bits.map(|(_, place)| *place).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn sets(list: &[(&[u32], u64)]) -> Sets {
        let rows = list.iter().map(|(set, hosts)| ((*set).into(), *hosts));
        rows.collect()
    }

    fn all_needs_are_equal(_: &u32) -> Option<Needs> {
        None
    }

    fn found(sets: &Sets, used: &[u32], needs: &dyn Fn(&u32) -> Option<Needs>) -> Vec<Best> {
        every_set(sets, used, needs)
    }

    #[test]
    fn every_set_finds_what_greed_misses() {
        // Mending cause 0 alone brings 5; 1 and 2 bring nothing alone and 20 together.
        let all = sets(&[(&[0], 5), (&[1, 2], 20), (&[0, 1, 2], 1)]);
        let best = found(&all, &[0, 1, 2], &all_needs_are_equal);
        let expected: Vec<Best> = sets(&[(&[0], 5), (&[1, 2], 20), (&[0, 1, 2], 26)])
            .into_iter()
            .collect();
        assert_eq!(best.len(), 3);
        assert!(expected.iter().all(|one| best.contains(one)), "{best:?}");
    }

    #[test]
    fn among_equals_the_cheaper_set_is_chosen() {
        let all = sets(&[(&[0], 5), (&[1], 5)]);
        let needs = |place: &u32| match place {
            0 => Some(Needs::Reboot),
            _ => Some(Needs::Privilege),
        };
        let best = found(&all, &[0, 1], &needs);
        assert_eq!(best, [([1].into(), 5), ([0, 1].into(), 10)]);
        let best = found(&all, &[0, 1], &all_needs_are_equal);
        assert_eq!(best, [([0].into(), 5), ([0, 1].into(), 10)]);
    }

    /// Numbers below a limit that look random and are the same in every run (an LCG of Knuth's).
    pub(in super::super) fn chance() -> impl FnMut(u64) -> u64 {
        let mut state = 7_u64;
        move |limit| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % limit
        }
    }

    /// Against the definition, on many small fleets.
    #[test]
    fn the_sets_are_the_best_of_their_size() {
        let mut random = chance();
        for _ in 0..200 {
            let mut all = Sets::new();
            for _ in 0..random(12) {
                let bits = 1 + random(63);
                let set = (0..6_u32).filter(|place| bits >> place & 1 == 1);
                *all.entry(set.collect()).or_default() += 1 + random(9);
            }
            let mut used: Vec<u32> = all.keys().flat_map(|set| set.iter().copied()).collect();
            used.sort_unstable();
            used.dedup();
            let bits = |set: &[u32]| set.iter().fold(0_u32, |bits, one| bits | 1 << one);
            let below = |chosen: u32| -> u64 {
                let inside = all.iter().filter(|(set, _)| bits(set) & !chosen == 0);
                inside.map(|(_, hosts)| hosts).sum()
            };
            for (set, hosts) in found(&all, &used, &all_needs_are_equal) {
                assert_eq!(below(bits(&set)), hosts);
                let same = (0..64_u32).filter(|other| other.count_ones() as usize == set.len());
                assert_eq!(same.map(below).max(), Some(hosts));
            }
        }
    }
}
