//! How to mend a check, for each group of hosts that type the same.

use std::collections::BTreeMap;

use super::super::digest::Key;
use super::super::words::{Remedy, Words};
use super::judge::Population;
use super::looking::takes;
use super::model::FixGroup;
use super::tally::Names;
use crate::diagnosis::Needs;

/// Fixes told of a cause.
const FIXES: usize = 50;

/// What mends a check.
pub(super) struct Fixes {
    pub(super) groups: Vec<FixGroup>,
    /// Hosts whose fixes are not told.
    pub(super) others: u64,
    /// Hosts without any.
    pub(super) without: u64,
}

/// What hosts do that type the same.
#[derive(Default)]
struct Typed<'a> {
    names: Names,
    /// The fix in its different words and risks.
    fixes: BTreeMap<&'a Remedy, u64>,
    /// What else would help, in the order of reports, the cheapest first.
    others: Vec<(&'a str, u64)>,
}

/// A fix for each group of hosts that type the same: of each finding the one that is `chosen`.
pub(super) fn fixes(
    population: &Population<'_>,
    variants: &BTreeMap<Key, Names>,
    chosen: fn(&Words) -> Option<&Remedy>,
) -> Fixes {
    // Where there is nothing to type, the words stand for it.
    let mut groups: BTreeMap<(Needs, &[String], &str), Typed<'_>> = BTreeMap::new();
    let (mut others, mut without) = (0, 0);
    for (key, names) in variants {
        let Some(words) = population.words(*key) else {
            others += names.hosts();
            continue;
        };
        let Some(fix) = chosen(words) else {
            without += names.hosts();
            continue;
        };
        let said = match fix.commands.is_empty() {
            true => fix.summary.as_str(),
            false => "",
        };
        let group = groups.entry((fix.needs, &fix.commands, said)).or_default();
        group.names.add(names.hosts(), names.examples());
        *group.fixes.entry(fix).or_default() += names.hosts();
        for other in words.fixes.iter().filter(|other| *other != fix) {
            let mut known = group.others.iter_mut();
            match known.find(|(summary, _)| *summary == other.summary) {
                Some((_, hosts)) => *hosts += names.hosts(),
                None => group.others.push((&other.summary, names.hosts())),
            }
        }
    }
    let groups = groups.into_values().filter_map(|group| {
        let all = group.names.told();
        let mut fixes = group.fixes.into_iter();
        let first = fixes.next()?;
        let (fix, _) = fixes.fold(first, |most, one| if one.1 > most.1 { one } else { most });
        let others = group.others.into_iter().map(|(other, hosts)| match hosts {
            some if some < all.hosts => format!("{other} (on {some} of them)"),
            _ => other.to_owned(),
        });
        Some(FixGroup {
            hosts: all.hosts,
            examples: all.examples,
            kind: fix.kind.clone(),
            summary: fix.summary.clone(),
            commands: fix.commands.clone(),
            needs: fix.needs,
            takes: takes(fix),
            risk: fix.risk.clone(),
            others: others.collect(),
        })
    });
    let mut groups: Vec<FixGroup> = groups.collect();
    // Stable, so that ties stay in the order of the fixes themselves.
    groups.sort_by_key(|group| std::cmp::Reverse(group.hosts));
    let rare = groups.split_off(groups.len().min(FIXES));
    others += rare.iter().map(|group| group.hosts).sum::<u64>();
    Fixes {
        groups,
        others,
        without,
    }
}
