//! What fails and what is unknown, over all hosts, and how to mend it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::super::digest::Key;
use super::super::words::Remedy;
use super::judge::{Class, Population};
use super::looking::{Cure, worst};
use super::model::{Cause, Count, FixGroup, Together, Unknown};
use super::tally::{Names, Tally};
use crate::diagnosis::{Needs, Severity, Status};

/// Kernels, distributions and reasons told of a cause.
const TOLD: usize = 10;
/// Fixes told of a cause.
const FIXES: usize = 50;
/// Causes told of an unknown check.
const BESIDE: usize = 3;

/// What was found.
pub(super) struct Found {
    pub(super) causes: Vec<Cause>,
    pub(super) remarks: Vec<Cause>,
    pub(super) unknowns: Vec<Unknown>,
}

/// What is gathered of a check.
#[derive(Default)]
struct Gathered {
    hosts: u64,
    blocks: u64,
    alone: u64,
    decides: u64,
    without_root: u64,
    severity: Option<Severity>,
    kernels: Tally,
    distributions: Tally,
    partners: Tally,
    /// What else fails there and counts.
    beside: Tally,
    variants: BTreeMap<Key, Names>,
}

pub(super) fn causes(population: &Population<'_>) -> Found {
    let mut failing: BTreeMap<&str, Gathered> = BTreeMap::new();
    let mut unknown: BTreeMap<&str, Gathered> = BTreeMap::new();
    for class in &population.classes {
        // Where nobody can change a cause by what is told, no change makes these hosts ready.
        let is_gained = !class.open && worst(population, class) != Cure::OnlyLooks;
        for known in &class.findings {
            let of = match known.status {
                Status::Fail => &mut failing,
                _ => &mut unknown,
            };
            let gathered = of.entry(&known.check).or_default();
            gather(gathered, class, &known.check, is_gained);
            gathered.severity = gathered.severity.max(Some(known.severity));
            let names = gathered.variants.entry(known.key).or_default();
            names.add(class.hosts, class.names.examples());
        }
    }
    let alone: BTreeMap<String, u64> = failing
        .iter()
        .map(|(check, gathered)| ((*check).to_owned(), gathered.alone))
        .collect();
    // Of those that help alone, no partner is better than the first two.
    let mut helping: Vec<(&String, u64)> = alone.iter().map(|(one, hosts)| (one, *hosts)).collect();
    helping.retain(|(_, hosts)| *hosts > 0);
    helping.sort_by_key(|(check, hosts)| (std::cmp::Reverse(*hosts), *check));
    helping.truncate(2);
    let mut causes = Vec::new();
    let mut remarks = Vec::new();
    for (check, mut gathered) in failing {
        let counts = gathered.blocks > 0;
        // Beside others, what makes no host ready by itself only counts where both are needed.
        if gathered.alone > 0 {
            for (partner, _) in helping.iter().filter(|(one, _)| *one != check) {
                gathered.partners.add(partner, 0);
            }
        }
        let cause = cause(population, check, gathered, &alone);
        if counts { &mut causes } else { &mut remarks }.push(cause);
    }
    tell_same_commands(&mut causes);
    for list in [&mut causes, &mut remarks] {
        list.sort_by(|a, b| b.hosts.cmp(&a.hosts).then_with(|| a.check.cmp(&b.check)));
    }
    let unknowns = unknown.into_iter();
    let unknowns = unknowns.map(|(check, gathered)| unknown_check(population, check, gathered));
    let mut unknowns: Vec<Unknown> = unknowns.collect();
    unknowns.sort_by(|a, b| {
        (b.decides > 0, b.severity, b.hosts)
            .cmp(&(a.decides > 0, a.severity, a.hosts))
            .then_with(|| a.check.cmp(&b.check))
    });
    Found {
        causes,
        remarks,
        unknowns,
    }
}

/// Where one change mends two causes, they are one piece of work.
fn tell_same_commands(causes: &mut [Cause]) {
    let typed: BTreeMap<String, Vec<String>> = causes
        .iter()
        .filter_map(|cause| {
            let commands = cause.fixes.first()?.commands.clone();
            (!commands.is_empty()).then(|| (cause.check.clone(), commands))
        })
        .collect();
    for cause in causes {
        let own = typed.get(&cause.check);
        if let Some(together) = &mut cause.together {
            together.same_commands = own.is_some() && own == typed.get(&together.with);
        }
    }
}

fn gather(gathered: &mut Gathered, class: &Class<'_>, check: &str, is_gained: bool) {
    let place = &class.shape.place;
    gathered.hosts += class.hosts;
    let of = |text: Option<&str>| text.unwrap_or("(unknown)").to_owned();
    gathered
        .kernels
        .add(&of(place.release.as_deref()), class.hosts);
    let distribution = place.distribution();
    gathered
        .distributions
        .add(&of(distribution.as_deref()), class.hosts);
    if place.euid.is_some_and(|euid| euid != 0) {
        gathered.without_root += class.hosts;
    }
    for blocker in class.blockers.iter().filter(|other| ***other != *check) {
        gathered.beside.add(blocker, class.hosts);
    }
    let blocks = class.blockers.iter().any(|blocker| **blocker == *check);
    if blocks {
        gathered.blocks += class.hosts;
    }
    if blocks && is_gained {
        match class.blockers.as_slice() {
            [_] => gathered.alone += class.hosts,
            [one, other] if **one == *check => gathered.partners.add(other, class.hosts),
            [one, _] => gathered.partners.add(one, class.hosts),
            _ => {}
        }
    }
    let is_open = |known: &&&super::super::summary::Known| {
        known.status == Status::Unknown && known.severity == Severity::Error
    };
    let open: Vec<_> = class.findings.iter().filter(is_open).collect();
    if class.blockers.is_empty() && open.len() == 1 && open.iter().all(|one| *one.check == *check) {
        gathered.decides += class.hosts;
    }
}

fn cause(
    population: &Population<'_>,
    check: &str,
    gathered: Gathered,
    alone: &BTreeMap<String, u64>,
) -> Cause {
    let words = most_said(population, &gathered.variants);
    let fixes = fixes(population, &gathered.variants);
    let own = gathered.alone;
    let together = gathered.partners.sorted().into_iter().map(|partner| {
        let others = alone.get(&partner.value).copied().unwrap_or(0);
        Together {
            hosts: own + others + partner.hosts,
            with: partner.value,
            // Known when all causes are.
            same_commands: false,
        }
    });
    Cause {
        check: check.to_owned(),
        title: words.title,
        area: words.area,
        severity: gathered.severity.unwrap_or(Severity::Info),
        hosts: gathered.hosts,
        alone: own,
        together: together.max_by(|a, b| a.hosts.cmp(&b.hosts).then_with(|| b.with.cmp(&a.with))),
        needs: fixes.groups.iter().map(|fix| fix.needs).max(),
        kernels: gathered.kernels.most(TOLD),
        distributions: gathered.distributions.most(TOLD),
        reasons: words.reasons.most(TOLD),
        fixes: fixes.groups,
        other_fixes: fixes.others,
        without_fix: fixes.without,
    }
}

fn unknown_check(population: &Population<'_>, check: &str, gathered: Gathered) -> Unknown {
    let words = most_said(population, &gathered.variants);
    let obstacles = obstacles(population, &gathered.variants);
    let mut grant = Vec::new();
    // The words are those of diagnosis.
    for (obstacle, remedy) in [
        (
            "no experiments were made",
            "let it try: run it on the host itself, and not with --no-probes",
        ),
        (
            "permission denied",
            "run it as root, or with the capability that is missing",
        ),
    ] {
        if obstacles.any(obstacle) {
            grant.push(remedy.to_owned());
        }
    }
    if gathered.without_root > 0 {
        grant.push(format!(
            "run the doctor as root: on {} of these hosts it was not",
            gathered.without_root
        ));
    }
    // What was refused may be refused because of what fails there.
    if obstacles.any("EPERM") || obstacles.any("EACCES") {
        for Count { value, hosts } in gathered.beside.sorted().into_iter().take(BESIDE) {
            grant.push(format!(
                "mend {value} first, which fails on {hosts} of these hosts, and ask again"
            ));
        }
    }
    for fix in fixes(population, &gathered.variants).groups.iter().take(5) {
        grant.push(fix.summary.clone());
        grant.extend(fix.commands.iter().map(|command| format!("$ {command}")));
    }
    Unknown {
        check: check.to_owned(),
        title: words.title,
        severity: gathered.severity.unwrap_or(Severity::Info),
        hosts: gathered.hosts,
        decides: gathered.decides,
        without_root: gathered.without_root,
        reasons: obstacles.most(TOLD),
        grant,
    }
}

/// What was in the way of knowing, each thing for itself.
fn obstacles(population: &Population<'_>, variants: &BTreeMap<Key, Names>) -> Tally {
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

/// Stands for words that were not kept.
const UNTOLD: &str = "(see the hosts' own reports)";

struct Said {
    title: String,
    area: String,
    reasons: Tally,
}

/// What most hosts say of a check; versions of the doctor may have different words for it.
fn most_said(population: &Population<'_>, variants: &BTreeMap<Key, Names>) -> Said {
    let mut titles = Tally::default();
    let mut areas = Tally::default();
    let mut reasons = Tally::default();
    for (key, names) in variants {
        match population.words(*key) {
            Some(words) => {
                titles.add(&words.title, names.hosts());
                areas.add(&words.area, names.hosts());
                reasons.add(&words.because, names.hosts());
            }
            None => reasons.add(UNTOLD, names.hosts()),
        }
    }
    let first = |tally: Tally| tally.sorted().into_iter().next().map(|first| first.value);
    Said {
        title: first(titles).unwrap_or_default(),
        area: first(areas).unwrap_or_default(),
        reasons,
    }
}

struct Fixes {
    groups: Vec<FixGroup>,
    others: u64,
    without: u64,
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

/// A fix for each group of hosts that type the same.
fn fixes(population: &Population<'_>, variants: &BTreeMap<Key, Names>) -> Fixes {
    // Where there is nothing to type, the words stand for it.
    let mut groups: BTreeMap<(Needs, &[String], &str), Typed<'_>> = BTreeMap::new();
    let (mut others, mut without) = (0, 0);
    for (key, names) in variants {
        let Some(words) = population.words(*key) else {
            others += names.hosts();
            continue;
        };
        // The first that can be typed; they come cheapest first.
        let typed = words.fixes.iter().position(|fix| !fix.commands.is_empty());
        let Some(fix) = words.fixes.get(typed.unwrap_or(0)) else {
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
