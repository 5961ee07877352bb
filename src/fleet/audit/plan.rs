//! The fewest changes that make the most hosts ready.
//!
//! A change is to mend a cause wherever it is, by whatever commands; where one work mends several
//! causes of a host, mending any of them is as good. A host becomes ready when all its causes are
//! mended. To choose k causes so that the most hosts have no other ones is a hard problem in
//! general; fleets have few causes, and then every set of them can be tried: the number of hosts
//! below each set comes from one pass over the sets for each cause.

use std::collections::{BTreeMap, BTreeSet};

use super::best::{Best, Sets, large, small};
use super::causes::Found;
use super::joint::Joint;
use super::judge::{Population, Weighing};
use super::looking::{Cure, is_mendable, worst};
use super::model::{Plan, Step, Takes};
use super::tally::Tally;
use crate::diagnosis::Needs;
use crate::report::Verdict;

/// With so many causes every set is tried: a million sets.
const EXACT: usize = 20;
/// So many sets stand at most for what hosts need that have a choice, and so many of one host.
const TERMS: usize = 1_000_000;
const TERMS_OF_ONE: usize = 1024;
/// So many checks are told that are unknown where nothing decides.
const UNDECIDED_BY: usize = 10;
/// So many steps are told.
const STEPS: usize = 40;

/// What hosts need: of each of these groups of causes one, since one work mends them all.
type Wanted = Box<[Box<[u32]>]>;

/// Hosts that need the same, by what it takes to mend all of it.
type Cures = BTreeMap<Wanted, BTreeMap<Cure, u64>>;

/// Hosts that are ready by all causes of a set; some are taken away again where they were counted
/// for several sets.
type Signed = BTreeMap<Box<[u32]>, i64>;

pub(super) fn plan(
    population: &Population<'_>,
    found: &Found,
    joint: &Joint<'_>,
    weighing: &Weighing,
    ready: u64,
) -> Plan {
    // Causes of most hosts first, so that among equals those come first.
    let order: Vec<&str> = found.ranking.iter().map(|check| &**check).collect();
    let places = order.iter().enumerate();
    let place: BTreeMap<&str, u32> = places
        .map(|(place, check)| (*check, place as u32))
        .collect();
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
            let groups = joint.of(class).into_iter().map(|causes| {
                let places = causes.iter().map(|check| place.get(check).copied());
                let mut places = places.collect::<Option<Vec<u32>>>()?;
                places.sort_unstable();
                Some(places.into_boxed_slice())
            });
            let Some(mut groups) = groups.collect::<Option<Vec<_>>>() else {
                continue;
            };
            groups.sort_unstable();
            if weighing.hides(class) {
                unseen += class.hosts;
            }
            let by_cure = cures.entry(groups.into()).or_default();
            *by_cure.entry(worst(class)).or_default() += class.hosts;
        }
    }
    let known = found.causes.iter();
    let known = known.filter_map(|cause| Some((*place.get(&*cause.check)?, cause.needs?)));
    let needs: BTreeMap<u32, Needs> = known.collect();
    let (chosen, exact_up_to, causes) = choose(&cures, &needs);
    let mut steps: Vec<Step> = Vec::new();
    for (set, gained) in chosen {
        // A set that brings nothing is no step.
        let before = steps.last().map_or(0, |last| last.gained);
        if gained > before && steps.len() < STEPS {
            let (takes, along) = outcome(&cures, &set);
            let name = |place: &u32| order.get(*place as usize).map(|check| (*check).to_owned());
            let along: Vec<String> = along.iter().filter_map(name).collect();
            let mut checks: Vec<String> = set.iter().filter_map(name).collect();
            checks.extend(along.iter().cloned());
            let mut needs = takes.keys().rev().filter_map(|cure| match cure {
                Cure::Takes(needs) => Some(*needs),
                Cure::Untold | Cure::Unknown | Cure::OnlyLooks => None,
            });
            steps.push(Step {
                needs: needs.next(),
                changes: set.len() as u64,
                checks,
                along,
                gained,
                ready: ready + gained,
                takes: takes.into_iter().map(told).collect(),
            });
        }
    }
    Plan {
        exact: exact_up_to >= causes,
        exact_up_to: exact_up_to as u64,
        unseen,
        steps,
        undecided,
        undecided_by: undecided_by.most(UNDECIDED_BY),
        stuck,
    }
}

/// The sets to be told, with the hosts they make ready; up to which number of causes they are the
/// best, and how many causes there are.
fn choose(cures: &Cures, needs: &BTreeMap<u32, Needs>) -> (Vec<Best>, usize, usize) {
    let count = |hosts: &BTreeMap<Cure, u64>| hosts.values().sum::<u64>();
    let all = cures.keys().flat_map(|wanted| wanted.iter());
    let used: BTreeSet<u32> = all.flat_map(|group| group.iter().copied()).collect();
    let used: Vec<u32> = used.into_iter().collect();
    if used.len() <= EXACT {
        let mut signed = Signed::new();
        let mut room = TERMS;
        let mut exact_up_to = used.len();
        for (wanted, hosts) in cures {
            let hosts = i64::try_from(count(hosts)).unwrap_or(i64::MAX);
            let terms = terms(wanted, room.min(TERMS_OF_ONE)).unwrap_or_else(|| {
                exact_up_to = 0;
                vec![(first(wanted), 1)]
            });
            room = room.saturating_sub(terms.len());
            for (set, sign) in terms {
                *signed.entry(set).or_default() += sign * hosts;
            }
        }
        let needs = |place: &u32| needs.get(place).copied();
        return (every_set(&signed, &used, &needs), exact_up_to, used.len());
    }
    let mut sets = Sets::new();
    let mut ones: BTreeMap<u32, u64> = BTreeMap::new();
    let mut has_choice = false;
    for (wanted, hosts) in cures {
        *sets.entry(first(wanted)).or_default() += count(hosts);
        has_choice |= wanted.iter().any(|group| group.len() > 1);
        if let [group] = &**wanted {
            for place in group.iter() {
                *ones.entry(*place).or_default() += count(hosts);
            }
        }
    }
    let (mut few, small_exact) = small(&sets);
    let (more, large_exact) = large(&sets, &few);
    if !has_choice {
        let exact_up_to = if small_exact < 3 {
            small_exact
        } else {
            large_exact
        };
        return (
            few.into_iter().chain(more).collect(),
            exact_up_to,
            used.len(),
        );
    }
    // Found as if there were no choice, and counted as there is one; the best single cause is
    // known.
    few.retain(|(set, _)| set.len() > 1);
    let one = ones
        .into_iter()
        .max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)));
    let one = one.map(|(place, _)| (Box::from([place]), 0));
    let chosen = one.into_iter().chain(few).chain(more);
    let chosen = chosen.map(|(set, _)| {
        let gained = outcome(cures, &set).0.values().sum();
        (set, gained)
    });
    (chosen.collect(), 1, used.len())
}

/// Of each group the cause of most hosts.
fn first(wanted: &Wanted) -> Box<[u32]> {
    let mut first: Vec<u32> = wanted
        .iter()
        .filter_map(|group| group.first().copied())
        .collect();
    first.sort_unstable();
    first.into()
}

/// Sets that together stand for hosts that need one of each group: of two causes of a group, those
/// that have one, and those that have the other, without those that have both. `None` if there
/// are more than `most`.
fn terms(wanted: &Wanted, most: usize) -> Option<Vec<(Box<[u32]>, i64)>> {
    let mut terms: Vec<(Vec<u32>, i64)> = vec![(Vec::new(), 1)];
    for group in wanted {
        let subsets = 1_usize.checked_shl(u32::try_from(group.len()).ok()?)? - 1;
        if terms.len().checked_mul(subsets)? > most.max(1) {
            return None;
        }
        let mut next = Vec::with_capacity(terms.len() * subsets);
        for (set, sign) in &terms {
            for subset in 1..=subsets {
                let chosen = group.iter().enumerate();
                let chosen = chosen.filter(|(bit, _)| subset >> bit & 1 == 1);
                let all = set.iter().copied().chain(chosen.map(|(_, place)| *place));
                let odd = subset.count_ones() % 2 == 1;
                next.push((all.collect(), if odd { *sign } else { -sign }));
            }
        }
        terms = next;
    }
    let sorted = terms.into_iter().map(|(mut set, sign)| {
        set.sort_unstable();
        (set.into_boxed_slice(), sign)
    });
    Some(sorted.collect())
}

/// The hosts that become ready by a set, by what they take, and what is mended there besides.
fn outcome(cures: &Cures, set: &[u32]) -> (BTreeMap<Cure, u64>, BTreeSet<u32>) {
    let mut hosts: BTreeMap<Cure, u64> = BTreeMap::new();
    let mut along = BTreeSet::new();
    let has = |place: &u32| set.binary_search(place).is_ok();
    let is_met = |wanted: &Wanted| wanted.iter().all(|group| group.iter().any(has));
    for (wanted, by_cure) in cures.iter().filter(|(wanted, _)| is_met(wanted)) {
        for (cure, count) in by_cure {
            *hosts.entry(*cure).or_default() += count;
        }
        let all = wanted.iter().flat_map(|group| group.iter().copied());
        along.extend(all.filter(|place| !has(place)));
    }
    (hosts, along)
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
fn every_set(sets: &Signed, used: &[u32], needs: &dyn Fn(&u32) -> Option<Needs>) -> Vec<Best> {
    let size = used.len();
    let mut below = vec![0_i64; 1 << size];
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
    let mut best: Vec<Option<(usize, i64)>> = vec![None; size + 1];
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
        .map(|(set, hosts)| (spread(set, used), hosts.unsigned_abs()))
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
        let signed = sets.iter().map(|(set, hosts)| (set.clone(), *hosts as i64));
        every_set(&signed.collect(), used, needs)
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

    /// Where hosts have a choice, against the definition: of each group one is mended.
    #[test]
    fn what_one_work_mends_is_mended_by_any_of_its_causes() {
        let mut random = chance();
        for _ in 0..200 {
            let mut cures = Cures::new();
            for _ in 0..random(8) {
                let (mut left, mut groups) = (1 + random(63), Vec::new());
                while left > 0 {
                    let group = left & (1 + random(63));
                    let places = (0..6_u32).filter(|place| group >> place & 1 == 1);
                    if group > 0 {
                        groups.push(places.collect::<Box<[u32]>>());
                    }
                    left &= !group;
                }
                groups.sort_unstable();
                let hosts = cures.entry(groups.into()).or_default();
                *hosts.entry(Cure::Untold).or_default() += 1 + random(9);
            }
            let hosts_of = |set: &[u32]| outcome(&cures, set).0.values().sum::<u64>();
            let (chosen, exact_up_to, causes) = choose(&cures, &BTreeMap::new());
            assert_eq!(exact_up_to, causes);
            for (set, hosts) in chosen {
                assert_eq!(hosts_of(&set), hosts, "{cures:?}");
                let same = (0..64_u32).filter(|bits| bits.count_ones() as usize == set.len());
                let best = same.map(|bits| {
                    let places = (0..6_u32).filter(|place| bits >> place & 1 == 1);
                    hosts_of(&places.collect::<Vec<u32>>())
                });
                assert_eq!(best.max(), Some(hosts), "{cures:?}");
            }
        }
    }

    #[test]
    fn more_choice_than_can_be_counted_is_no_trouble() {
        let group: Box<[u32]> = (0..20).collect();
        let wanted: Wanted = Box::new([group]);
        assert_eq!(terms(&wanted, TERMS_OF_ONE), None);
        let cures = Cures::from([(wanted, BTreeMap::from([(Cure::Untold, 3)]))]);
        let (chosen, exact_up_to, causes) = choose(&cures, &BTreeMap::new());
        assert_eq!((exact_up_to, causes), (0, 20));
        assert_eq!(chosen.first(), Some(&(Box::from([0]), 3)));
        // More causes than are tried in every set.
        let pair = |a: u32, b: u32| -> Wanted { Box::new([Box::from([a, b])]) };
        let cures: Cures = (0..30)
            .map(|one| (pair(one, 40), BTreeMap::from([(Cure::Untold, 1)])))
            .collect();
        let (chosen, exact_up_to, causes) = choose(&cures, &BTreeMap::new());
        assert_eq!((exact_up_to, causes), (1, 31));
        assert_eq!(chosen.first(), Some(&(Box::from([40]), 30)));
    }
}
