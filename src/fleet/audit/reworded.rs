//! Needs of software that doctors of different versions put in other words. A report of an earlier
//! doctor has a need by its words alone, so that one need may be told as two causes; that is said.

use std::collections::{BTreeMap, BTreeSet};

use super::super::needs;
use super::judge::{Class, Population};

/// So many needs of a catalogue are looked at, and so many pairs told.
const NEEDS: usize = 300;
const TOLD: usize = 10;

/// Pairs of needs of the same software, each from hosts of other catalogues, that say nearly the
/// same, where one of them at least has no name but its words.
pub(super) fn reworded(population: &Population<'_>) -> Vec<[String; 2]> {
    let mut needs: BTreeMap<&str, BTreeMap<&str, String>> = BTreeMap::new();
    for class in &population.classes {
        let catalogue = class.shape.place.catalogue.as_deref().unwrap_or_default();
        for software in class.shape.software.iter() {
            let of = needs.entry(catalogue).or_default();
            let lists = [&software.missing, &software.optional, &software.open];
            let all = lists.into_iter().flatten().map(|need| &**need);
            let own = all.filter(|need| {
                let rest = need.strip_prefix(&*software.profile);
                rest.is_some_and(|rest| rest.starts_with(": "))
            });
            for need in own {
                if of.len() < NEEDS && !of.contains_key(need) {
                    of.insert(need, in_words(population, class, need));
                }
            }
        }
    }
    let mut pairs = BTreeSet::new();
    for (catalogue, own) in &needs {
        for (_, others) in needs.range(*catalogue..).skip(1) {
            for (one, words) in own.iter().filter(|(one, _)| !others.contains_key(*one)) {
                for (other, other_words) in others.iter().filter(|(one, _)| !own.contains_key(*one))
                {
                    // Two that have names are two.
                    let are_named = words != one && other_words != other;
                    if !are_named && is_alike(words, other_words) {
                        pairs.insert([*one.min(other), *one.max(other)]);
                    }
                }
            }
        }
        if pairs.len() > TOLD {
            break;
        }
    }
    let told = pairs.into_iter().take(TOLD);
    told.map(|pair| pair.map(str::to_owned)).collect()
}

/// A need of these hosts as it is put in words.
fn in_words(population: &Population<'_>, class: &Class<'_>, need: &str) -> String {
    let known = class.findings.iter().find(|known| *known.check == *need);
    let words = known.and_then(|known| population.words(known.key));
    let words = words.and_then(|words| needs::by_words(need, words));
    words.unwrap_or_else(|| need.to_owned())
}

/// Whether two needs are of the same software and have more words in common than they have of
/// their own.
fn is_alike(one: &str, other: &str) -> bool {
    let parts = |need: &'_ str| -> Option<(String, BTreeSet<String>)> {
        let (software, need) = need.split_once(": ")?;
        let words = need.split(|c: char| !c.is_alphanumeric() && c != '.' && c != '_');
        let words = words.filter(|word| !word.is_empty());
        Some((software.to_owned(), words.map(str::to_lowercase).collect()))
    };
    let (Some((one, words)), Some((other, others))) = (parts(one), parts(other)) else {
        return false;
    };
    let common = words.intersection(&others).count();
    one == other && common * 3 > words.len() + others.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_in_other_words() {
        for (one, other, expected) in [
            (
                "cilium: Linux 5.10, or RHEL 8.6 and its rebuilds",
                "cilium: Linux 5.10 or RHEL 8.6",
                true,
            ),
            (
                "cilium: Programs on packets (tc)",
                "cilium: Programs on packets (tc, NET_CLS_BPF)",
                true,
            ),
            (
                "cilium: Programs on packets (tc)",
                "cilium: Hashes for the datapath (CRYPTO_SHA1)",
                false,
            ),
            ("cilium: Linux 5.10", "falco: Linux 5.10", false),
            ("cilium: Linux 5.10", "cilium: Linux 6.12", false),
            ("kernel-btf-missing", "kernel-btf-missing", false),
        ] {
            assert_eq!(is_alike(one, other), expected, "{one} / {other}");
        }
    }
}
