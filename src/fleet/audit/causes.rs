//! What fails and what is unknown, over all hosts, and how to mend it.

use std::collections::BTreeMap;

use super::super::digest::{Key, distribution};
use super::ROWS;
use super::fixes::fixes;
use super::joint::Joint;
use super::judge::{Population, Weighing};
use super::listed::{Listed, Where, having, is_gained, list, variants};
use super::looking::{changes_host, first_typed, mending};
use super::model::{Cause, Count, Together, Unknown, Untold};
use super::obstacles::{UNTOLD, obstacles, shown_by};
use super::tally::{Names, Tally};
use crate::diagnosis::{Severity, Status};

/// Kernels, distributions and reasons told of a cause.
const TOLD: usize = 10;
/// The area of the checks that say who may use eBPF.
const REFUSING: &str = "privilege";
/// Causes told of an unknown check.
const BESIDE: usize = 3;

/// What was found.
pub(super) struct Found {
    pub(super) causes: Vec<Cause>,
    pub(super) remarks: Vec<Cause>,
    pub(super) unknowns: Vec<Unknown>,
    pub(super) untold: Untold,
    /// The causes by name, those of most hosts first, and those that are not told as well.
    pub(super) ranking: Vec<String>,
}

/// What is gathered of a check.
#[derive(Default)]
struct Gathered {
    /// Hosts on which it is not known whether it fails.
    unknown: u64,
    /// Those of them for which nothing is told to do.
    unanswered: u64,
    without_root: u64,
    kernels: Tally,
    distributions: Tally,
    partners: Tally,
    /// The causes that the one change that mends this mends as well, on how many of the hosts that
    /// become ready by it.
    along: BTreeMap<String, u64>,
    /// What fails there, counts, and may be why something was refused.
    refusing: Tally,
    variants: BTreeMap<Key, Names>,
}

pub(super) fn causes<'a>(
    population: &Population<'a>,
    joint: &Joint<'a>,
    weighing: &Weighing,
) -> Found {
    let (failing, unknown) = list(population, joint, weighing);
    let alone: BTreeMap<&str, u64> = failing
        .iter()
        .map(|(check, listed)| (*check, listed.alone))
        .collect();
    let mut helping: Vec<(&str, u64)> = alone.iter().map(|(one, hosts)| (*one, *hosts)).collect();
    helping.retain(|(_, hosts)| *hosts > 0);
    helping.sort_by_key(|(check, hosts)| (std::cmp::Reverse(*hosts), *check));
    // What is in the way of some hosts and of others not is both, each with its own hosts.
    let of = |at: Where| -> Vec<(&&str, &Listed)> {
        let some = failing.iter().filter(|(_, listed)| listed.hosts(at) > 0);
        let mut list: Vec<_> = some.collect();
        // Stable, so that ties stay in the order of their names.
        list.sort_by_key(|(_, listed)| std::cmp::Reverse(listed.hosts(at)));
        list
    };
    let (blocking, passing) = (of(Where::Blocks), of(Where::Passes));
    let told = |list: &[(&&str, &Listed)], at: Where| -> Vec<Cause> {
        let some = list.iter().take(ROWS).map(|(check, listed)| {
            let mut gathered = gather(population, joint, check, (listed, at));
            // Beside others, what makes no host ready by itself only counts where both are
            // needed. Of those with which it shares no work none is better than the first.
            if listed.alone > 0 && at == Where::Blocks {
                let others = helping.iter().map(|(one, _)| *one);
                let others = others.filter(|one| *one != **check);
                let (shared, apart): (Vec<&str>, Vec<&str>) =
                    others.partition(|one| joint.is_one(one, check));
                for partner in shared.into_iter().chain(apart.into_iter().take(1)) {
                    gathered.partners.add(partner, 0);
                }
            }
            cause(population, joint, check, (listed, at), gathered, &alone)
        });
        some.collect()
    };
    let mut causes = told(&blocking, Where::Blocks);
    tell_same_commands(&mut causes);
    let mut open: Vec<(&&str, &Listed)> = unknown.iter().collect();
    open.sort_by_key(|(_, listed)| {
        let (severity, hosts) = (listed.severity(Where::All), listed.hosts(Where::All));
        std::cmp::Reverse((listed.decides > 0, listed.waits, severity, hosts))
    });
    let unknowns = open.iter().take(ROWS);
    let unknowns = unknowns.map(|(check, listed)| unknown_check(population, joint, check, listed));
    let rest = |all: usize| all.saturating_sub(ROWS) as u64;
    Found {
        causes,
        remarks: told(&passing, Where::Passes),
        unknowns: unknowns.collect(),
        untold: Untold {
            causes: rest(blocking.len()),
            remarks: rest(passing.len()),
            unknowns: rest(open.len()),
        },
        ranking: blocking
            .iter()
            .map(|(check, _)| (**check).to_owned())
            .collect(),
    }
}

/// What an earlier time is compared by.
pub(super) struct Failing {
    pub(super) title: String,
    pub(super) severity: Severity,
    pub(super) hosts: u64,
}

/// All failing checks by their names, whether they count or not.
pub(super) fn failing(
    population: &Population<'_>,
    weighing: &Weighing,
) -> BTreeMap<String, Failing> {
    let (failing, _) = list(population, &Joint::default(), weighing);
    let all = failing.into_iter().map(|(check, listed)| {
        let variants = variants(population, &listed, Where::All);
        let told = Failing {
            title: most_said(population, &variants).title,
            severity: listed.severity(Where::All),
            hosts: listed.hosts(Where::All),
        };
        (check.to_owned(), told)
    });
    all.collect()
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

fn gather<'a>(
    population: &Population<'a>,
    joint: &Joint<'a>,
    check: &str,
    (listed, at): (&Listed, Where),
) -> Gathered {
    let mut gathered = Gathered {
        variants: variants(population, listed, at),
        ..Gathered::default()
    };
    let mut distributions: BTreeMap<(Option<&str>, Option<&str>), u64> = BTreeMap::new();
    for (class, known) in having(population, listed, at) {
        if known.status == Status::Unknown {
            gathered.unknown += class.hosts;
            // What has no answer has no fix, and lacks none.
            if mends_nothing(population, known.key) {
                gathered.unanswered += class.hosts;
            }
        }
        let place = &class.shape.place;
        let release = place.release.as_deref().unwrap_or("(unknown)");
        gathered.kernels.add(release, class.hosts);
        let distribution = (place.os.as_deref(), place.os_version.as_deref());
        *distributions.entry(distribution).or_default() += class.hosts;
        if place.euid.is_some_and(|euid| euid != 0) {
            gathered.without_root += class.hosts;
        }
        let in_the_way = class.findings.iter().filter(|one| *one.check != *check);
        for blocker in in_the_way.filter(|one| class.blocks(&one.check)) {
            let words = population.words(blocker.key);
            if words.is_some_and(|words| words.area == REFUSING) {
                gathered.refusing.add(&blocker.check, class.hosts);
            }
        }
        if !class.blocks(check) || !is_gained(class) {
            continue;
        }
        if let Some(changes) = joint.pair(class) {
            let others = changes.iter().filter(|causes| !causes.contains(&check));
            for partner in others.flatten() {
                gathered.partners.add(partner, class.hosts);
            }
        } else if class.blockers.len() > 1
            && let [change] = &*joint.of(class)
        {
            for other in change.iter().filter(|one| **one != check) {
                *gathered.along.entry((*other).to_owned()).or_default() += class.hosts;
            }
        }
    }
    for ((os, version), hosts) in distributions {
        let distribution = distribution(os, version);
        let distribution = distribution.as_deref().unwrap_or("(unknown)");
        gathered.distributions.add(distribution, hosts);
    }
    gathered
}

/// Whether the words of a finding are known, and have no fix.
fn mends_nothing(population: &Population<'_>, key: Key) -> bool {
    let words = population.words(key);
    words.is_some_and(|words| mending(words).is_none())
}

fn cause<'a>(
    population: &Population<'a>,
    joint: &Joint<'a>,
    check: &str,
    (listed, at): (&Listed, Where),
    gathered: Gathered,
    alone: &BTreeMap<&str, u64>,
) -> Cause {
    let words = most_said(population, &gathered.variants);
    let fixes = fixes(population, &gathered.variants, mending);
    // What only looks, or is done in the program, takes nothing of a host because it mends nothing.
    let changing = fixes.groups.iter();
    let changing = changing.filter(|fix| changes_host(fix.takes));
    let own = match at {
        Where::Passes => 0,
        Where::All | Where::Blocks => listed.alone,
    };
    let together = gathered
        .partners
        .sorted()
        .into_iter()
        .filter_map(|partner| {
            let others = alone.get(&*partner.value).copied().unwrap_or(0);
            // Those that either makes ready count once.
            let twice = gathered.along.get(&partner.value).copied().unwrap_or(0);
            let added = (own + partner.hosts).saturating_sub(twice);
            (added > 0).then_some(Together {
                hosts: others + added,
                with: partner.value,
                // Known when all causes are.
                same_commands: false,
            })
        });
    Cause {
        check: check.to_owned(),
        title: words.title,
        area: words.area,
        severity: listed.severity(at),
        hosts: listed.hosts(at),
        unknown: gathered.unknown,
        alone: own,
        alone_unseen: match at {
            Where::Passes => 0,
            Where::All | Where::Blocks => listed.unseen,
        },
        same_change: match at {
            Where::Passes => Vec::new(),
            Where::All | Where::Blocks => {
                let others = joint.with(check).into_iter();
                others.map(str::to_owned).collect()
            }
        },
        same_change_hosts: match at {
            Where::Passes => 0,
            Where::All | Where::Blocks => listed.shared,
        },
        together: together.max_by(|a, b| a.hosts.cmp(&b.hosts).then_with(|| b.with.cmp(&a.with))),
        needs: changing.map(|fix| fix.needs).max(),
        kernels: gathered.kernels.most(TOLD),
        distributions: gathered.distributions.most(TOLD),
        reasons: words.reasons.most(TOLD),
        fixes: fixes.groups,
        other_fixes: fixes.others,
        without_fix: fixes.without.saturating_sub(gathered.unanswered),
    }
}

fn unknown_check<'a>(
    population: &Population<'a>,
    joint: &Joint<'a>,
    check: &str,
    listed: &Listed,
) -> Unknown {
    let gathered = gather(population, joint, check, (listed, Where::All));
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
        // That it was not root says more, below.
        let is_told = obstacle == "permission denied" && gathered.without_root > 0;
        if obstacles.any(obstacle) && !is_told {
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
        for Count { value, hosts } in gathered.refusing.sorted().into_iter().take(BESIDE) {
            grant.push(format!(
                "mend {value} first, which fails on {hosts} of these hosts, and ask again"
            ));
        }
    }
    for command in shown_by(&obstacles) {
        grant.push("have the host show it".to_owned());
        grant.push(format!("$ {command}"));
    }
    // What lets it know need not change anything.
    let known = fixes(population, &gathered.variants, first_typed);
    for fix in known.groups.iter().take(5) {
        grant.push(fix.summary.clone());
        grant.extend(fix.commands.iter().map(|command| format!("$ {command}")));
    }
    Unknown {
        check: check.to_owned(),
        title: words.title,
        severity: listed.severity(Where::All),
        hosts: listed.hosts(Where::All),
        decides: listed.decides,
        waits: listed.waits,
        without_root: gathered.without_root,
        reasons: obstacles.most(TOLD),
        grant,
    }
}

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
