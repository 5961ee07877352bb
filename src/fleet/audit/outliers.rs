//! Hosts that differ from most others of their kernel and distribution.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::judge::{Class, Population};
use super::model::{Outlier, Outliers};
use super::tally::Names;
use crate::diagnosis::Status;

/// Fewer hosts than this have nothing in common.
const FEWEST: u64 = 10;
/// Of a hundred hosts so many must be alike for others to be outliers.
const ALIKE: u64 = 80;
/// So many ways to differ are told.
const TOLD: usize = 50;

type Failing<'a> = BTreeSet<&'a str>;

/// What peers have in common: kernel, distribution and machine.
fn peers<'a>(class: &Class<'a>) -> [Option<&'a str>; 4] {
    let place = &class.shape.place;
    [
        place.release.as_deref(),
        place.os.as_deref(),
        // Without the first the second tells nothing.
        place.os.as_ref().and(place.os_version.as_deref()),
        place.arch.as_deref(),
    ]
}

pub(super) fn outliers(population: &Population<'_>) -> Outliers {
    // Peers stand together then; only where they are many enough is anything gathered of them.
    let mut classes: Vec<&Class<'_>> = population.classes.iter().collect();
    classes.sort_by(|one, other| peers(one).cmp(&peers(other)));
    let mut found = Outliers {
        least_hosts: FEWEST,
        alike_percent: ALIKE,
        ..Outliers::default()
    };
    for alike in classes.chunk_by(|one, other| peers(one) == peers(other)) {
        let of: u64 = alike.iter().map(|class| class.hosts).sum();
        let Some(place) = alike.first().map(|class| &class.shape.place) else {
            continue;
        };
        if of < FEWEST {
            continue;
        }
        let (kernel, distribution) = (place.release.as_deref(), place.distribution());
        let mut ways: BTreeMap<Failing<'_>, Names> = BTreeMap::new();
        for class in alike {
            let names = ways.entry(failing(class)).or_default();
            names.add(class.hosts, class.names.examples());
        }
        let usual = ways.iter().max_by_key(|(_, names)| names.hosts());
        let Some((usual, alike)) = usual else {
            continue;
        };
        if alike.hosts() * 100 < of * ALIKE {
            continue;
        }
        for (way, names) in ways.iter().filter(|(way, _)| *way != usual) {
            let told = names.told();
            found.hosts += told.hosts;
            found.different += 1;
            let word = |text: Option<&str>| text.unwrap_or("(unknown)").to_owned();
            let only = |one: &Failing<'_>, other: &Failing<'_>| {
                one.difference(other)
                    .map(|check| (*check).to_owned())
                    .collect()
            };
            found.most.push(Outlier {
                kernel: word(kernel),
                distribution: word(distribution.as_deref()),
                hosts: told.hosts,
                of,
                more: only(way, usual),
                fewer: only(usual, way),
                examples: told.examples,
            });
        }
    }
    // The rarest first: one host among a thousand rather than one among ten.
    found.most.sort_by(|a, b| {
        (a.hosts * b.of)
            .cmp(&(b.hosts * a.of))
            .then_with(|| (&a.kernel, &a.distribution).cmp(&(&b.kernel, &b.distribution)))
            .then_with(|| (&a.more, &a.fewer).cmp(&(&b.more, &b.fewer)))
    });
    found.most.truncate(TOLD);
    found
}

fn failing<'a>(class: &Class<'a>) -> Failing<'a> {
    let failing = class.findings.iter();
    let failing = failing.filter(|known| known.status == Status::Fail);
    failing.map(|known| &*known.check).collect()
}
