//! The hosts by one thing they have in common.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::ROWS;
use super::judge::{Class, Population, Weighing};
use super::model::{Group, Grouping, Verdicts};
use super::tally::Tally;
use crate::report::Verdict;

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

/// Stands before a label that is called like something that reports say themselves.
const LABEL: &str = "label:";

/// The label that hosts are to be grouped by; nothing where it is what reports say themselves.
pub fn label_of(key: &str) -> Option<&str> {
    match key.strip_prefix(LABEL) {
        Some(label) => Some(label),
        None => (!KEYS.contains(&key)).then_some(key),
    }
}

/// What hosts are grouped by, if it is this label: its key, which never stands for anything else.
pub fn by_label(label: &str) -> String {
    match KEYS.contains(&label) {
        true => format!("{LABEL}{label}"),
        false => label.to_owned(),
    }
}

/// Stands for what a report does not tell.
const UNKNOWN: &str = "(unknown)";
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
    /// Causes that are not among those, but as a number.
    uncounted: u64,
}

/// Groups by these keys; by what is always asked and by all labels if there are none.
pub(super) fn groups(
    population: &Population<'_>,
    by: &[String],
    weighing: &Weighing,
) -> Vec<Grouping> {
    if !by.is_empty() {
        let mut asked = BTreeSet::new();
        // Asked for twice, it would count its hosts twice.
        let meant = |key: &String| label_of(key).map_or_else(|| key.clone(), by_label);
        let once = by.iter().filter(|key| asked.insert(meant(key)));
        return once
            .map(|key| grouping(population, key, weighing))
            .collect();
    }
    let labels = label_keys(population);
    let usual = ["profile", "distribution", "kernel"];
    let labels = labels.iter().filter(|label| label.values <= VALUES);
    let labels: Vec<&str> = labels.map(|label| label.key).collect();
    let by_labels = by_labels(population, &labels);
    let usual = usual
        .into_iter()
        .map(|key| grouping(population, key, weighing));
    let groupings = usual.chain(by_labels);
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
    if let Some(label) = label_of(key) {
        let by_label = by_labels(population, &[label]).pop();
        return by_label.unwrap_or_else(|| told(key, Vec::new(), &|_| false));
    }
    let mut groups: BTreeMap<String, Gathered> = BTreeMap::new();
    for class in &population.classes {
        if key == "profile" {
            for software in class.shape.software.iter() {
                let group = groups.entry(software.profile.to_string()).or_default();
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
        for check in class.blockers.iter() {
            group.causes.add(check, class.hosts);
        }
    }
    // Software that was named is what people look for.
    let is_named = |name: &String| key == "profile" && weighing.profiles.contains(name);
    told(key, groups.into_iter().collect(), &is_named)
}

/// The groups, those first that are asked for, then those of most hosts.
fn told(
    key: &str,
    mut groups: Vec<(String, Gathered)>,
    is_named: &dyn Fn(&String) -> bool,
) -> Grouping {
    let different = groups.len() as u64;
    groups.sort_by(|a, b| {
        let named = is_named(&b.0).cmp(&is_named(&a.0));
        let hosts = b.1.hosts.cmp(&a.1.hosts);
        named.then(hosts).then_with(|| a.0.cmp(&b.0))
    });
    groups.truncate(ROWS);
    let groups = groups.into_iter().map(|(value, gathered)| {
        let causes = gathered.causes.most(CAUSES);
        let more_causes = causes.different - causes.most.len() as u64 + gathered.uncounted;
        let causes = causes.most;
        Group {
            value,
            hosts: gathered.hosts,
            verdicts: gathered.verdicts,
            causes,
            more_causes,
        }
    });
    Grouping {
        by: key.to_owned(),
        different,
        groups: groups.collect(),
    }
}

/// The hosts by the values of these labels, for each of them. Hosts without a label are all
/// others; what fails on those is what fails on all without what fails on the others, so that
/// many labels of few hosts cost no more than those hosts.
fn by_labels(population: &Population<'_>, keys: &[&str]) -> Vec<Grouping> {
    let mut all: BTreeMap<&str, u64> = BTreeMap::new();
    let mut verdicts = Verdicts::default();
    for class in &population.classes {
        verdicts.add(class.verdict, class.hosts);
        for check in class.blockers.iter() {
            *all.entry(check).or_default() += class.hosts;
        }
    }
    let mut labelled: BTreeMap<&str, Vec<(&str, &Class<'_>, u64)>> = BTreeMap::new();
    for key in keys {
        labelled.entry(key).or_default();
    }
    for ((place, set), hosts) in &population.labelled {
        let Some(class) = population.classes.get(*place) else {
            continue;
        };
        for (key, value) in population.labels.get(*set) {
            if let Some(hosts_of) = labelled.get_mut(&**key) {
                hosts_of.push((value, class, *hosts));
            }
        }
    }
    let groupings = keys.iter().map(|key| {
        let hosts_of = labelled.get(key).map_or(&[][..], Vec::as_slice);
        let (mut having, mut fails) = (Verdicts::default(), BTreeMap::<&str, u64>::new());
        let mut groups: BTreeMap<&str, Gathered> = BTreeMap::new();
        for (value, class, hosts) in hosts_of {
            having.add(class.verdict, *hosts);
            let group = groups.entry(value).or_default();
            group.hosts += hosts;
            group.verdicts.add(class.verdict, *hosts);
            for check in class.blockers.iter() {
                group.causes.add(check, *hosts);
                *fails.entry(check).or_default() += hosts;
            }
        }
        let rest = [
            (Verdict::Ready, verdicts.ready - having.ready),
            (Verdict::NotReady, verdicts.not_ready - having.not_ready),
            (
                Verdict::Undetermined,
                verdicts.undetermined - having.undetermined,
            ),
        ];
        let count: u64 = rest.iter().map(|(_, hosts)| hosts).sum();
        if count > 0 {
            let group = groups.entry("(none)").or_default();
            group.hosts += count;
            for (verdict, hosts) in rest {
                group.verdicts.add(verdict, hosts);
            }
            let others = all.iter().map(|(check, hosts)| {
                let counted = fails.get(check).copied().unwrap_or(0);
                (*check, hosts - counted)
            });
            let some = others.clone().filter(|(_, hosts)| *hosts > 0).count();
            group.uncounted += some.saturating_sub(CAUSES) as u64;
            for (check, hosts) in most(others, CAUSES) {
                group.causes.add(check, hosts);
            }
        }
        let groups = groups.into_iter();
        told(
            &by_label(key),
            groups
                .map(|(value, gathered)| (value.to_owned(), gathered))
                .collect(),
            &|_| false,
        )
    });
    groupings.collect()
}

/// Those of the most hosts, of equals the first; those of none are left out.
fn most<'a>(counts: impl Iterator<Item = (&'a str, u64)>, rows: usize) -> Vec<(&'a str, u64)> {
    let mut most: Vec<(&str, u64)> = Vec::with_capacity(rows + 1);
    for (check, hosts) in counts.filter(|(_, hosts)| *hosts > 0) {
        let place = most.partition_point(|(_, more)| *more >= hosts);
        if place < rows {
            most.insert(place, (check, hosts));
            most.truncate(rows);
        }
    }
    most
}

fn value(class: &Class<'_>, key: &str) -> String {
    let place = &class.shape.place;
    let value = match key {
        "distribution" => return place.distribution().unwrap_or_else(|| UNKNOWN.to_owned()),
        "kernel" => place.release.as_deref(),
        "arch" => place.arch.as_deref(),
        "container" => place.container.as_deref(),
        "virtualization" => place.virtualization.as_deref(),
        "doctor" => place.tool.as_deref(),
        "user" => place
            .euid
            .map(|euid| if euid == 0 { "root" } else { "not root" }),
        _ => None,
    };
    value.unwrap_or(UNKNOWN).to_owned()
}
