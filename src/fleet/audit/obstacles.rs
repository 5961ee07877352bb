//! What was in the way of knowing, and what shows it.

use std::collections::{BTreeMap, BTreeSet};

use super::super::digest::Key;
use super::judge::Population;
use super::tally::{Names, Tally};

/// Commands that are told of an unknown check.
const TOLD: usize = 3;
/// Stands for words that were not kept.
pub(super) const UNTOLD: &str = "(see the hosts' own reports)";

/// What was in the way of knowing, each thing for itself.
pub(super) fn obstacles(population: &Population<'_>, variants: &BTreeMap<Key, Names>) -> Tally {
    let mut tally = Tally::default();
    for (key, names) in variants {
        let Some(words) = population.words(*key) else {
            tally.add(UNTOLD, names.hosts());
            continue;
        };
        let because = &words.because;
        let because = because.strip_prefix("could not look: ").unwrap_or(because);
        let things: BTreeSet<&str> = because.split("; ").collect();
        for thing in things {
            tally.add(thing, names.hosts());
        }
    }
    tally
}

/// What is to be typed so that the host shows what was not there to see, where the words of
/// diagnosis tell it: `securityfs is not mounted: CMD shows it`, with a command between backticks.
pub(super) fn shown_by(obstacles: &Tally) -> BTreeSet<&str> {
    let commands = obstacles.texts().filter_map(|text| {
        let (before, _) = text.split_once("` shows it")?;
        Some(before.rsplit_once('`')?.1)
    });
    commands.take(TOLD).collect()
}
