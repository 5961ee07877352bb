//! The hosts by one thing they have in common.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::ROWS;
use super::judge::{Class, Population, Weighing};
use super::model::{Group, Grouping, Verdicts};
use super::tally::Tally;

/// What hosts can be grouped by, beside labels.
pub const KEYS: &[&str] = &[
    "profile",
    "distribution",
    "kernel",
    "arch",
    "container",
    "virtualization",
    "user",
    "doctor",
];

/// Causes told of a group.
const CAUSES: usize = 3;
/// Labels with more values than this are names rather than groups.
const VALUES: usize = 200;

#[derive(Default)]
struct Gathered {
    hosts: u64,
    verdicts: Verdicts,
    causes: Tally,
}

/// Groups by these keys; by what is always asked and by all labels if there are none.
pub(super) fn groups(
    population: &Population<'_>,
    by: &[String],
    weighing: &Weighing,
) -> Vec<Grouping> {
    if !by.is_empty() {
        return by
            .iter()
            .map(|key| grouping(population, key, weighing))
            .collect();
    }
    let labels = population
        .classes
        .iter()
        .flat_map(|class| &class.shape.labels);
    let labels: BTreeSet<&str> = labels.map(|(key, _)| key.as_str()).collect();
    let usual = ["profile", "distribution", "kernel"].into_iter();
    let all = usual.chain(labels);
    let groupings = all.map(|key| grouping(population, key, weighing));
    groupings
        .filter(|grouping| match KEYS.contains(&grouping.by.as_str()) {
            true => grouping.different > 0,
            false => grouping.different <= VALUES as u64,
        })
        .collect()
}

fn grouping(population: &Population<'_>, key: &str, weighing: &Weighing) -> Grouping {
    let mut groups: BTreeMap<String, Gathered> = BTreeMap::new();
    for class in &population.classes {
        if key == "profile" {
            for software in &class.shape.software {
                let group = groups.entry(software.profile.clone()).or_default();
                group.hosts += class.hosts;
                group.verdicts.add(weighing.runs(software), class.hosts);
                for check in weighing.lacks(software) {
                    group.causes.add(check, class.hosts);
                }
            }
            continue;
        }
        let group = groups.entry(value(class, key)).or_default();
        group.hosts += class.hosts;
        group.verdicts.add(class.verdict, class.hosts);
        for check in &class.blockers {
            group.causes.add(check, class.hosts);
        }
    }
    let different = groups.len() as u64;
    let groups = groups.into_iter().map(|(value, gathered)| {
        let mut causes = gathered.causes.sorted();
        causes.truncate(CAUSES);
        Group {
            value,
            hosts: gathered.hosts,
            verdicts: gathered.verdicts,
            causes,
        }
    });
    let mut groups: Vec<Group> = groups.collect();
    groups.sort_by(|a, b| b.hosts.cmp(&a.hosts).then_with(|| a.value.cmp(&b.value)));
    groups.truncate(ROWS);
    Grouping {
        by: key.to_owned(),
        different,
        groups,
    }
}

fn value(class: &Class<'_>, key: &str) -> String {
    let place = &class.shape.place;
    let value = match key {
        "kernel" => place.release.clone(),
        "distribution" => place.distribution(),
        "arch" => place.arch.clone(),
        "container" => place.container.clone(),
        "virtualization" => place.virtualization.clone(),
        "doctor" => place.tool.clone(),
        "user" => place.euid.map(|euid| {
            let word = if euid == 0 { "root" } else { "not root" };
            word.to_owned()
        }),
        label => {
            let mut labels = class.shape.labels.iter();
            let label = labels.find(|(key, _)| key == label);
            return label.map_or("(none)".to_owned(), |(_, value)| value.clone());
        }
    };
    value.unwrap_or_else(|| "(unknown)".to_owned())
}
