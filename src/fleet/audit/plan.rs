//! The fewest changes that make the most hosts ready.
//!
//! A host becomes ready when all its causes are mended. To choose k causes so that the most
//! hosts have no other ones is a hard problem in general; fleets have few causes, and then
//! every set of them can be tried: the number of hosts below each set comes from one pass over
//! the sets for each cause.

use std::collections::BTreeMap;

use super::judge::Population;
use super::model::{Cause, Plan, Step};
use crate::diagnosis::Needs;
use crate::report::Verdict;

/// With so many causes every set is tried: a million sets.
const EXACT: usize = 20;
/// With more, so many of the causes are looked at, in sets that hosts have.
const MOST: usize = 128;
/// So many of the sets that hosts have are looked at in each step.
const CANDIDATES: usize = 300;
/// So many steps are told.
const STEPS: usize = 40;

/// Hosts by the causes that keep them from being ready, as bits.
type Sets = BTreeMap<u128, u64>;

pub(super) fn plan(population: &Population<'_>, causes: &[Cause], ready: u64) -> Plan {
    // Causes of most hosts first, so that among equals those come first.
    let place: BTreeMap<&str, usize> = causes
        .iter()
        .enumerate()
        .map(|(place, cause)| (cause.check.as_str(), place))
        .collect();
    let mut sets = Sets::new();
    let mut undecided = 0;
    let mut beyond = false;
    for class in &population.classes {
        if class.verdict != Verdict::Ready && class.open {
            undecided += class.hosts;
        } else if class.verdict == Verdict::NotReady {
            let places = class.blockers.iter().map(|check| place.get(&**check));
            let places: Option<Vec<usize>> = places.map(|place| place.copied()).collect();
            match places {
                Some(places) if places.iter().all(|place| *place < MOST) => {
                    let bits = places.iter().fold(0, |bits, place| bits | 1_u128 << place);
                    *sets.entry(bits).or_default() += class.hosts;
                }
                _ => beyond = true,
            }
        }
    }
    let all = sets.keys().fold(0, |all, set| all | set);
    let used: Vec<usize> = (0..MOST).filter(|place| all >> place & 1 == 1).collect();
    let costs = |set: u128| -> Vec<Needs> {
        let chosen = used.iter().filter(|place| set >> **place & 1 == 1);
        let needs = chosen.filter_map(|place| causes.get(*place)?.needs);
        needs.collect()
    };
    let (exact, chosen) = if used.len() <= EXACT && !beyond {
        (true, every_set(&sets, &used, &costs))
    } else {
        (false, good_sets(&sets))
    };
    let mut steps: Vec<Step> = Vec::new();
    for (set, gained) in chosen {
        if steps.last().is_none_or(|last| last.gained < gained) && steps.len() < STEPS {
            let checks = used.iter().filter(|place| set >> **place & 1 == 1);
            let checks = checks.filter_map(|place| causes.get(*place));
            steps.push(Step {
                needs: checks.clone().filter_map(|cause| cause.needs).max(),
                checks: checks.map(|cause| cause.check.clone()).collect(),
                gained,
                ready: ready + gained,
            });
        }
    }
    Plan {
        exact,
        steps,
        undecided,
    }
}

/// The best set of each size, by trying all.
fn every_set(sets: &Sets, used: &[usize], costs: &dyn Fn(u128) -> Vec<Needs>) -> Vec<(u128, u64)> {
    let size = used.len();
    let mut below = vec![0_u64; 1 << size];
    for (set, hosts) in sets {
        if let Some(count) = below.get_mut(packed(*set, used)) {
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
                    let mut needs = costs(spread(set, used));
                    needs.sort_by(|a, b| b.cmp(a));
                    needs
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

fn packed(set: u128, used: &[usize]) -> usize {
    let bits = used.iter().enumerate();
    bits.filter(|(_, place)| set >> **place & 1 == 1)
        .fold(0, |packed, (bit, _)| packed | 1 << bit)
}

fn spread(set: usize, used: &[usize]) -> u128 {
    let bits = used.iter().enumerate();
    bits.filter(|(bit, _)| set >> bit & 1 == 1)
        .fold(0, |spread, (_, place)| spread | 1 << place)
}

/// Good sets: in each step those changes that bring the most hosts for each change.
fn good_sets(sets: &Sets) -> Vec<(u128, u64)> {
    let mut rows: Vec<(u128, u64)> = sets.iter().map(|(set, hosts)| (*set, *hosts)).collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let below = |chosen: u128| -> u64 {
        let inside = rows.iter().filter(|(set, _)| set & !chosen == 0);
        inside.map(|(_, hosts)| hosts).sum()
    };
    let mut chosen = 0;
    let mut steps = Vec::new();
    loop {
        let now = below(chosen);
        let open = rows.iter().filter(|(set, _)| set & !chosen != 0);
        let candidates = open.take(CANDIDATES).map(|(set, _)| {
            let added = u64::from((set & !chosen).count_ones());
            (chosen | set, below(chosen | set) - now, added)
        });
        let best = candidates.max_by(|(one, gain, added), (other, gained, more)| {
            let (left, right) = (gain * more, gained * added);
            left.cmp(&right).then(more.cmp(added)).then(other.cmp(one))
        });
        let Some((next, gain, _)) = best else {
            return steps;
        };
        chosen = next;
        steps.push((chosen, now + gain));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_needs_are_equal(_: u128) -> Vec<Needs> {
        Vec::new()
    }

    #[test]
    fn every_set_finds_what_greed_misses() {
        // Mending cause 0 alone brings 5; 1 and 2 bring nothing alone and 20 together.
        let sets = Sets::from([(0b001, 5), (0b110, 20), (0b111, 1)]);
        let used = [0, 1, 2];
        let found = every_set(&sets, &used, &all_needs_are_equal);
        assert_eq!(found, [(0b001, 5), (0b110, 20), (0b111, 26)]);
        assert_eq!(good_sets(&sets), [(0b110, 20), (0b111, 26)]);
    }

    #[test]
    fn among_equals_the_cheaper_set_is_chosen() {
        let sets = Sets::from([(0b01, 5), (0b10, 5)]);
        let costs = |set: u128| match set {
            0b01 => vec![Needs::Reboot],
            0b10 => vec![Needs::Privilege],
            _ => vec![Needs::Reboot, Needs::Privilege],
        };
        let found = every_set(&sets, &[0, 1], &costs);
        assert_eq!(found, [(0b10, 5), (0b11, 10)]);
        let found = every_set(&sets, &[0, 1], &all_needs_are_equal);
        assert_eq!(found, [(0b01, 5), (0b11, 10)]);
    }

    /// Against the definition, on many small fleets.
    #[test]
    fn the_sets_are_the_best_of_their_size() {
        let mut state = 7_u64;
        let mut random = |limit: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % limit
        };
        for _ in 0..200 {
            let mut sets = Sets::new();
            for _ in 0..random(12) {
                let set = 1 + u128::from(random(63));
                *sets.entry(set).or_default() += 1 + random(9);
            }
            let all = sets.keys().fold(0, |all, set| all | set);
            let used: Vec<usize> = (0..6).filter(|place| all >> place & 1 == 1).collect();
            let below = |chosen: u128| -> u64 {
                sets.iter()
                    .filter(|(set, _)| *set & !chosen == 0)
                    .map(|(_, hosts)| hosts)
                    .sum()
            };
            for (set, hosts) in every_set(&sets, &used, &all_needs_are_equal) {
                assert_eq!(below(set), hosts);
                let same_size = (0..64_u128).filter(|other| other.count_ones() == set.count_ones());
                assert_eq!(same_size.map(below).max(), Some(hosts));
            }
            for (set, hosts) in good_sets(&sets) {
                assert_eq!(below(set), hosts);
            }
        }
    }
}
