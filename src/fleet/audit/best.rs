//! The sets of causes that hosts have, and the best ones to mend, by their size.
//!
//! With few causes every set is tried. With many, sets of up to three are still the best there
//! are, since what they bring is a sum over the single causes, pairs and triples that hosts
//! have; larger ones are tried all where that can be done, and else built from good ones.

use std::collections::BTreeMap;

/// Hosts by the causes that keep them from being ready, as sorted places in the list of causes.
pub(super) type Sets = BTreeMap<Box<[u32]>, u64>;

/// A set of causes, and the hosts that have no others.
pub(super) type Best = (Box<[u32]>, u64);

/// Sets larger than this are not looked for.
const LARGEST: usize = 40;
/// Sets whose hosts are counted one by one, for one size.
const TRIED: usize = 40_000_000;
/// So many of the sets that hosts have are put together.
const CANDIDATES: usize = 300;
/// The same, for a set that hosts have put to those before it.
const CHAINED: usize = 10_000_000;
/// The same, for one size that is built from smaller ones.
const BUILT: usize = 4_000_000;

/// So many triples are put together of two pairs; where there are more, not all are tried.
const TRIPLES: usize = 2_000_000;

/// The best single cause, pair and triple, and up to which of these sizes they are the best:
/// all, unless thousands of causes stand beside each other in thousands of pairs.
pub(super) fn small(sets: &Sets) -> (Vec<Best>, usize) {
    let mut ones: BTreeMap<u32, u64> = BTreeMap::new();
    let mut pairs: BTreeMap<(u32, u32), u64> = BTreeMap::new();
    let mut triples: BTreeMap<(u32, u32, u32), u64> = BTreeMap::new();
    for (set, hosts) in sets {
        match &**set {
            [a] => *ones.entry(*a).or_default() += hosts,
            [a, b] => *pairs.entry((*a, *b)).or_default() += hosts,
            [a, b, c] => *triples.entry((*a, *b, *c)).or_default() += hosts,
            _ => {}
        }
    }
    // What no host has alone can still be in a pair.
    let mut single: Vec<(u32, u64)> = ones.iter().map(|(one, hosts)| (*one, *hosts)).collect();
    single.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let one = |a: u32| ones.get(&a).copied().unwrap_or(0);
    let pair = |a: u32, b: u32| pairs.get(&(a.min(b), a.max(b))).copied().unwrap_or(0);
    let value = |set: &[u32]| -> u64 {
        match set {
            [a] => one(*a),
            [a, b] => one(*a) + one(*b) + pair(*a, *b),
            [a, b, c] => {
                let pairs = pair(*a, *b) + pair(*a, *c) + pair(*b, *c);
                let triple = triples.get(&(*a, *b, *c)).copied().unwrap_or(0);
                one(*a) + one(*b) + one(*c) + pairs + triple
            }
            _ => 0,
        }
    };
    let mut best: [Option<Best>; 3] = [None, None, None];
    let mut offer = |mut set: Vec<u32>| {
        set.sort_unstable();
        set.dedup();
        let hosts = value(&set);
        let Some(known) = best.get_mut(set.len().wrapping_sub(1)) else {
            return;
        };
        let better = match known {
            None => true,
            Some((other, most)) => hosts > *most || (hosts == *most && *set < **other),
        };
        if better && hosts > 0 {
            *known = Some((set.into(), hosts));
        }
    };
    let most: Vec<u32> = single.iter().take(5).map(|(one, _)| *one).collect();
    for (place, a) in most.iter().enumerate() {
        offer(vec![*a]);
        for (second, b) in most.iter().enumerate().skip(place + 1) {
            offer(vec![*a, *b]);
            for c in most.iter().skip(second + 1) {
                offer(vec![*a, *b, *c]);
            }
        }
    }
    for (a, b, c) in triples.keys() {
        offer(vec![*a, *b, *c]);
    }
    // A third one brings its own hosts and those it has with either of the two.
    let mut beside: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (a, b) in pairs.keys() {
        beside.entry(*a).or_default().push(*b);
        beside.entry(*b).or_default().push(*a);
    }
    let mut by_value: Vec<(&(u32, u32), u64)> = Vec::with_capacity(pairs.len());
    for pair in pairs.keys() {
        offer(vec![pair.0, pair.1]);
        by_value.push((pair, value(&[pair.0, pair.1])));
    }
    by_value.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let mut tried = 0;
    for ((a, b), _) in &by_value {
        let near = [a, b].into_iter().filter_map(|one| beside.get(one));
        for c in near.flatten().chain(&most) {
            if tried >= TRIPLES {
                break;
            }
            tried += 1;
            if c != a && c != b {
                offer(vec![*a, *b, *c]);
            }
        }
    }
    let exact = if tried < TRIPLES { 3 } else { 2 };
    (best.into_iter().flatten().collect(), exact)
}

/// Good sets of more causes than three, by size, and up to which size they are the best.
pub(super) fn large(sets: &Sets, small: &[Best]) -> (Vec<Best>, usize) {
    // The causes of most hosts, as bits.
    let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
    for (set, hosts) in sets {
        for cause in set {
            *counts.entry(*cause).or_default() += hosts;
        }
    }
    let mut used: Vec<(u32, u64)> = counts.into_iter().collect();
    used.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let all = used.len() <= 128;
    used.truncate(128);
    let used: Vec<u32> = used.into_iter().map(|(cause, _)| cause).collect();
    let bit: BTreeMap<u32, u128> = used
        .iter()
        .enumerate()
        .map(|(place, cause)| (*cause, 1 << place))
        .collect();
    let bits = |set: &[u32]| -> Option<u128> {
        let bits = set.iter().map(|cause| bit.get(cause).copied());
        bits.sum::<Option<u128>>()
    };
    let mut rows: Vec<(u128, u64)> = sets
        .iter()
        .filter_map(|(set, hosts)| Some((bits(set)?, *hosts)))
        .collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let search = Search {
        rows: &rows,
        causes: used.len(),
    };
    let mut best: Vec<(u128, u64)> = vec![(0, 0)];
    for (set, hosts) in small {
        best.resize(set.len(), (0, 0));
        best.push((bits(set).unwrap_or(0), *hosts));
    }
    let chain = search.chain();
    let start = best.len();
    let mut exact_to = 3;
    for size in start..=LARGEST.min(used.len()) {
        let found = match search.all_of(size) {
            Some(found) => {
                if all && exact_to + 1 >= size {
                    exact_to = exact_to.max(size);
                }
                found
            }
            None => search.built(size, &best, &chain),
        };
        best.push(found);
    }
    let told = best.into_iter().skip(start);
    let told = told.map(|(set, hosts)| {
        let causes = used.iter().enumerate();
        let causes = causes.filter(|(place, _)| set >> place & 1 == 1);
        let mut causes: Vec<u32> = causes.map(|(_, cause)| *cause).collect();
        causes.sort_unstable();
        (causes.into_boxed_slice(), hosts)
    });
    (told.collect(), exact_to)
}

struct Search<'a> {
    /// Sets of causes as bits, those of most hosts first.
    rows: &'a [(u128, u64)],
    causes: usize,
}

impl Search<'_> {
    /// The hosts that have no other causes than these.
    fn below(&self, chosen: u128) -> u64 {
        let inside = self.rows.iter().filter(|(set, _)| set & !chosen == 0);
        inside.map(|(_, hosts)| hosts).sum()
    }

    /// The best set of this size by trying all, if they are not too many.
    fn all_of(&self, size: usize) -> Option<(u128, u64)> {
        let mut count = 1_usize;
        for place in 0..size {
            count = count.checked_mul(self.causes - place)? / (place + 1);
            if count.checked_mul(self.rows.len().max(1))? > TRIED * 64 {
                return None;
            }
        }
        if count.checked_mul(self.rows.len().max(1))? > TRIED {
            return None;
        }
        let mut best = (0, 0);
        let mut set: Vec<usize> = (0..size).collect();
        loop {
            let bits = set.iter().fold(0, |bits, place| bits | 1_u128 << place);
            let hosts = self.below(bits);
            if hosts > best.1 {
                best = (bits, hosts);
            }
            // The next set in the order of their places.
            let mut places = set.iter().enumerate().rev();
            let free = places.find(|(place, value)| **value < self.causes - size + place);
            let Some((place, value)) = free.map(|(place, value)| (place, *value)) else {
                return Some(best);
            };
            for (offset, slot) in set.iter_mut().skip(place).enumerate() {
                *slot = value + 1 + offset;
            }
        }
    }

    /// Sets that grow by what brings the most hosts for each cause.
    fn chain(&self) -> Vec<(u128, u64)> {
        let mut chosen = 0;
        let mut steps = Vec::new();
        loop {
            let now = self.below(chosen);
            let open = self.rows.iter().filter(|(set, _)| set & !chosen != 0);
            let room = (CHAINED / self.rows.len().max(1)).clamp(1, CANDIDATES);
            let candidates = open.take(room).map(|(set, _)| {
                let added = u64::from((set & !chosen).count_ones());
                (chosen | set, self.below(chosen | set) - now, added)
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
            if chosen.count_ones() as usize > LARGEST {
                return steps;
            }
        }
    }

    /// A good set of this size: what smaller ones become by one more set that hosts have, and
    /// then by changing one cause for another as long as that helps.
    fn built(&self, size: usize, smaller: &[(u128, u64)], chain: &[(u128, u64)]) -> (u128, u64) {
        let fits = |set: u128| set.count_ones() as usize <= size;
        let mut best = chain
            .iter()
            .filter(|(set, _)| fits(*set))
            .copied()
            .max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)))
            .unwrap_or((0, 0));
        let mut tried = 0_usize;
        for (base, _) in smaller.iter().rev() {
            for (set, _) in self.rows.iter().take(CANDIDATES) {
                let grown = base | set;
                if fits(grown) && grown != *base && tried < BUILT {
                    tried += self.rows.len();
                    let hosts = self.below(grown);
                    if hosts > best.1 || (hosts == best.1 && grown < best.0) {
                        best = (grown, hosts);
                    }
                }
            }
        }
        let places = || (0..self.causes).map(|place| 1_u128 << place);
        let mut helped = true;
        while helped {
            helped = false;
            let (set, now) = best;
            let room = (set.count_ones() as usize) < size;
            let out = places()
                .filter(|one| set & one != 0)
                .chain(room.then_some(0));
            'swap: for out in out {
                for add in places().filter(|one| set & one == 0) {
                    if tried >= BUILT {
                        break 'swap;
                    }
                    tried += self.rows.len();
                    let other = set & !out | add;
                    let hosts = self.below(other);
                    if hosts > now && hosts > best.1 {
                        best = (other, hosts);
                        helped = true;
                    }
                }
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets(list: &[(&[u32], u64)]) -> Sets {
        let rows = list.iter().map(|(set, hosts)| ((*set).into(), *hosts));
        rows.collect()
    }

    #[test]
    fn the_best_single_cause_is_never_missed() {
        // A clique of many hosts and five causes, beside single ones of few.
        let mut all = sets(&[(&[0, 1, 2, 3, 4], 100), (&[5, 6], 30)]);
        for place in 10..27 {
            all.insert([place].into(), 10);
        }
        let (found, exact) = small(&all);
        assert_eq!(exact, 3);
        assert_eq!(found[0], ([10].into(), 10));
        assert_eq!(found[1], ([5, 6].into(), 30));
        assert_eq!(found[2], ([5, 6, 10].into(), 40));
        let (more, exact_to) = large(&all, &found);
        assert_eq!(more[0].1, 50);
        assert_eq!(more[1].1, 100);
        assert!(exact_to >= 4);
    }

    /// Each of thousands of causes stands beside one that all have: millions of triples.
    #[test]
    fn with_too_many_triples_pairs_are_still_the_best() {
        let mut all = sets(&[(&[0], 1)]);
        for place in 1..3000 {
            all.insert([0, place].into(), u64::from(place));
        }
        let (found, exact) = small(&all);
        assert_eq!(exact, 2);
        assert_eq!(found[1], ([0, 2999].into(), 3000));
        assert_eq!(found[2], ([0, 2998, 2999].into(), 5998));
    }

    /// Against the definition, on many small fleets.
    #[test]
    fn small_sets_are_the_best_of_their_size() {
        let mut random = super::super::plan::tests::chance();
        for _ in 0..200 {
            let mut all = Sets::new();
            for _ in 0..1 + random(20) {
                let mut set: Vec<u32> = (0..1 + random(4)).map(|_| random(9) as u32).collect();
                set.sort_unstable();
                set.dedup();
                *all.entry(set.into()).or_default() += 1 + random(9);
            }
            let bits = |set: &[u32]| set.iter().fold(0_u32, |bits, one| bits | 1 << one);
            let below = |chosen: u32| -> u64 {
                let inside = all.iter().filter(|(set, _)| bits(set) & !chosen == 0);
                inside.map(|(_, hosts)| hosts).sum()
            };
            let (few, _) = small(&all);
            let (more, exact_to) = large(&all, &few);
            let mut seen = 0;
            for (set, hosts) in few.iter().chain(&more) {
                assert_eq!(below(bits(set)), *hosts);
                let size = set.len();
                let same = (0..512_u32).filter(|other| other.count_ones() as usize <= size);
                let best = same.map(below).max().unwrap();
                if size <= 3 || size <= exact_to {
                    assert!(*hosts == best || seen == best, "{all:?} {set:?}");
                }
                seen = seen.max(*hosts);
            }
        }
    }
}
