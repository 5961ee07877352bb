//! The hosts by one thing they have in common.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::super::labels;
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
/// So many labels are groups, and columns of a table.
pub(in super::super) const LABELS: usize = 64;

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
    let labels = label_keys(population);
    let usual = ["profile", "distribution", "kernel"];
    let labels = labels.iter().filter(|label| label.values <= VALUES);
    let all = usual.into_iter().chain(labels.map(|label| label.key));
    let groupings = all.map(|key| grouping(population, key, weighing));
    groupings
        .filter(|grouping| grouping.different > 0)
        .collect()
}

/// A label that hosts have.
pub(in super::super) struct LabelKey<'a> {
    pub(in super::super) key: &'a str,
    /// How many values it has, as far as that tells a group from a name.
    values: usize,
}

/// The labels of the most hosts, by their keys; more than these are no groups.
pub(in super::super) fn label_keys<'a>(population: &Population<'a>) -> Vec<LabelKey<'a>> {
    let mut found: BTreeMap<&str, (u64, BTreeSet<&str>)> = BTreeMap::new();
    for ((_, set), hosts) in &population.labelled {
        for (key, value) in population.labels.get(*set) {
            let (all, values) = found.entry(key).or_default();
            *all += hosts;
            if values.len() <= VALUES {
                values.insert(value);
            }
        }
    }
    let mut most: Vec<(&str, (u64, BTreeSet<&str>))> = found.into_iter().collect();
    most.sort_by(|a, b| b.1.0.cmp(&a.1.0).then_with(|| a.0.cmp(b.0)));
    most.truncate(LABELS);
    let mut keys: Vec<LabelKey<'_>> = most
        .into_iter()
        .map(|(key, (_, values))| LabelKey {
            key,
            values: values.len(),
        })
        .collect();
    keys.sort_by_key(|label| label.key);
    keys
}

fn grouping(population: &Population<'_>, key: &str, weighing: &Weighing) -> Grouping {
    let mut groups: BTreeMap<String, Gathered> = BTreeMap::new();
    for class in &population.classes {
        if !KEYS.contains(&key) {
            break;
        }
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
    if !KEYS.contains(&key) {
        groups = by_label(population, key);
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

/// The hosts by the values of a label.
fn by_label(population: &Population<'_>, key: &str) -> BTreeMap<String, Gathered> {
    let mut groups: BTreeMap<&str, Gathered> = BTreeMap::new();
    let mut add = |value, class: &Class<'_>, hosts| {
        let group: &mut Gathered = groups.entry(value).or_default();
        group.hosts += hosts;
        group.verdicts.add(class.verdict, hosts);
        for check in &class.blockers {
            group.causes.add(check, hosts);
        }
    };
    let mut without: Vec<u64> = population.classes.iter().map(|class| class.hosts).collect();
    for ((place, set), hosts) in &population.labelled {
        let value = labels::value(population.labels.get(*set), key);
        if let (Some(value), Some(class)) = (value, population.classes.get(*place)) {
            add(value, class, *hosts);
            if let Some(rest) = without.get_mut(*place) {
                *rest -= hosts;
            }
        }
    }
    for (class, rest) in population.classes.iter().zip(without) {
        if rest > 0 {
            add("(none)", class, rest);
        }
    }
    let groups = groups.into_iter();
    groups
        .map(|(value, gathered)| (value.to_owned(), gathered))
        .collect()
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
        _ => None,
    };
    value.unwrap_or_else(|| "(unknown)".to_owned())
}
