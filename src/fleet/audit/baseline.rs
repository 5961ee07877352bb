//! What is different from an earlier time.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::summary::Summary;
use super::ROWS;
use super::causes::{Failing, failing as failing_checks};
use super::changes::{CauseChange, Changes, Move};
use super::judge::{Class, Population, Weighing};
use super::model::Verdicts;
use super::pairs::{Pairs, pair};
use super::tally::Names;
use crate::diagnosis::{Severity, Status};
use crate::report::Verdict;

pub(super) fn changes(
    before: &Summary,
    now: &Summary,
    population: &Population<'_>,
    weighing: &Weighing,
) -> Changes {
    let past = Population::new(before, weighing);
    let weighing = &weighing.over([&past, population]);
    let sight = Sight::of([&past, population], weighing);
    let Pairs {
        pairs,
        new,
        gone,
        again,
    } = pair(before, now);
    let mut verdicts_before = Verdicts::default();
    let mut unasked_before = 0;
    for class in &past.classes {
        verdicts_before.add(class.verdict, class.hosts);
        unasked_before += if class.unasked { class.hosts } else { 0 };
    }
    let mut became_ready = Names::default();
    let mut broke = Names::default();
    let mut worse = Names::default();
    let mut unclear = Names::default();
    let mut rejudged = Names::default();
    let mut other_catalogue = Names::default();
    let mut moves: BTreeMap<(String, String), [u64; 3]> = BTreeMap::new();
    let mut flow: BTreeMap<&str, Flow> = BTreeMap::new();
    for ((old, new), hosts) in &pairs {
        let (Some(old), Some(new)) = (past.class(*old), population.class(*new)) else {
            continue;
        };
        let is_ready = |class: &Class<'_>| class.verdict == Verdict::Ready;
        // What decided then must have an answer now, or a host that was asked less would look
        // like one that was mended; and the other way round.
        let mut decided = old.blockers.iter().chain(old.waits.iter());
        let answered = decided.all(|check| sight.has_answer(new, old, check));
        let more = |check: &&Arc<str>| !old.blockers.contains(check);
        // What fails now got worse only if it is known that it did not, then; what failed then
        // and counts only now, or no more, is weighed in another way and is what it was.
        let turned = new.blockers.iter().filter(more);
        let is_turned = |check: &&Arc<str>| sight.has_answer(old, new, check) && !fails(old, check);
        let (turned, found): (Vec<_>, Vec<_>) = turned.partition(is_turned);
        let more = !turned.is_empty();
        let cured = !old.blockers.iter().any(|check| fails(new, check));
        let is_asked = !old.unasked && !new.unasked;
        let readied = is_ready(new) && !is_ready(old) && answered && cured && is_asked;
        let broke_now = new.verdict == Verdict::NotReady && old.verdict != Verdict::NotReady;
        let broken = broke_now && more;
        let add = |to: &mut Names| to.add_up_to(ROWS, hosts.hosts(), hosts.examples());
        if readied {
            add(&mut became_ready);
        } else if broken {
            add(&mut broke);
        } else if new.verdict == Verdict::NotReady && more {
            add(&mut worse);
        } else if old.verdict != new.verdict
            || (new.verdict == Verdict::NotReady && !found.is_empty())
        {
            match is_rejudged(old, new, &sight) {
                true => add(&mut rejudged),
                false => add(&mut unclear),
            }
        }
        if by_another_catalogue(old, new) {
            add(&mut other_catalogue);
        }
        let release = |class: &Class<'_>| {
            let release = class.shape.place.release.as_deref();
            release.unwrap_or("(unknown)").to_owned()
        };
        let (from, to) = (release(old), release(new));
        if from != to {
            let [all, well, ill] = moves.entry((from, to)).or_default();
            *all += hosts.hosts();
            *well += if readied { hosts.hosts() } else { 0 };
            *ill += if broken { hosts.hosts() } else { 0 };
        }
        follow(&mut flow, (old, new), hosts, &sight);
    }
    let kernel_moves = moves.len() as u64;
    let moves = moves
        .into_iter()
        .map(|((from, to), [hosts, became_ready, broke])| Move {
            from,
            to,
            hosts,
            became_ready,
            broke,
        });
    let mut moves: Vec<Move> = moves.collect();
    moves.sort_by_key(|one| std::cmp::Reverse(one.hosts));
    Changes {
        regression: broke.hosts() + worse.hosts() > 0,
        // Times in this form sort as texts.
        swapped: before.newest() > now.newest(),
        newest_before: before.newest(),
        hosts_before: before.len() as u64,
        verdicts_before,
        unasked_before,
        new: new.told(),
        gone: gone.told(),
        again: again.told(),
        became_ready: became_ready.told(),
        broke: broke.told(),
        worse: worse.told(),
        unclear: unclear.told(),
        rejudged: rejudged.told(),
        other_catalogue: other_catalogue.told(),
        causes: cause_changes(&past, population, weighing, &mut flow),
        kernels: moves,
        kernel_moves,
    }
}

/// How hosts of both times went with a check.
#[derive(Default)]
struct Flow {
    appeared: Names,
    cured: Names,
    other_catalogue: Names,
    unseen: u64,
    unseen_before: u64,
    /// Hosts of both times that had it then, and those that have it now.
    stayed: [u64; 2],
}

impl Flow {
    /// The host may be what it was, and the catalogue another.
    fn judged_by_another(&mut self, is_so: bool, hosts: &Names) {
        if is_so {
            self.other_catalogue.add(hosts.hosts(), hosts.examples());
        }
    }
}

/// Whether another catalogue judged these hosts then, as far as both are known.
fn by_another_catalogue(old: &Class<'_>, new: &Class<'_>) -> bool {
    let [then, now] = [old, new].map(|class| class.shape.place.catalogue.as_deref());
    then.zip(now).is_some_and(|(then, now)| then != now)
}

/// Follows each check that fails, or counts where it is unknown, from then to now.
fn follow<'a>(
    flow: &mut BTreeMap<&'a str, Flow>,
    (old, new): (&Class<'a>, &Class<'a>),
    hosts: &Names,
    sight: &Sight<'_>,
) {
    let is_other = by_another_catalogue(old, new);
    let (then, now) = (standing(old, sight.weighing), standing(new, sight.weighing));
    for (side, all) in [&then, &now].into_iter().enumerate() {
        for check in all.keys() {
            if let Some(stayed) = flow.entry(check).or_default().stayed.get_mut(side) {
                *stayed += hosts.hosts();
            }
        }
    }
    for (check, fails) in &now {
        let is_new = match then.get(check) {
            Some(failed) if *failed || !fails => continue,
            // What was unknown may have failed.
            Some(_) => false,
            None => sight.has_answer(old, new, check),
        };
        let flow = flow.entry(check).or_default();
        match is_new {
            true => {
                flow.appeared.add(hosts.hosts(), hosts.examples());
                flow.judged_by_another(is_other, hosts);
            }
            false => flow.unseen_before += hosts.hosts(),
        }
    }
    for (check, failed) in &then {
        let is_cured = match now.get(check) {
            Some(fails) if *fails || !failed => continue,
            Some(_) => false,
            None => sight.has_answer(new, old, check),
        };
        let flow = flow.entry(check).or_default();
        match is_cured {
            true => {
                flow.cured.add(hosts.hosts(), hosts.examples());
                flow.judged_by_another(is_other, hosts);
            }
            false => flow.unseen += hosts.hosts(),
        }
    }
}

/// What the reports of a time let know.
struct Sight<'a> {
    /// Which needs of software the doctor asked for, by its catalogue: those that any host lacks
    /// or can't tell. A need is known by its words, which another catalogue may have put
    /// otherwise.
    asked: BTreeMap<Option<Arc<str>>, BTreeSet<&'a str>>,
    weighing: &'a Weighing,
}

impl<'a> Sight<'a> {
    fn of(populations: [&Population<'a>; 2], weighing: &'a Weighing) -> Self {
        let mut asked: BTreeMap<Option<Arc<str>>, BTreeSet<&str>> = BTreeMap::new();
        let classes = populations.into_iter().flat_map(|one| &one.classes);
        for class in classes.filter(|class| !class.shape.software.is_empty()) {
            let of = asked
                .entry(class.shape.place.catalogue.clone())
                .or_default();
            let needs = class.findings.iter().map(|known| &*known.check);
            of.extend(needs.filter(|check| is_need(class, check)));
        }
        Self { asked, weighing }
    }

    /// Whether the doctor of these hosts asks for this need, where it asks for its software.
    fn asks(&self, class: &Class<'_>, need: &str) -> bool {
        let of = self.asked.get(&class.shape.place.catalogue);
        of.is_some_and(|of| of.contains(need))
    }

    /// Whether what became of a check is known, of which one of the two times told: `other` are
    /// the same hosts at the other one. A need that is told nowhere is there, if it was asked for.
    fn has_answer(&self, class: &Class<'_>, other: &Class<'_>, check: &str) -> bool {
        let is_in = |list: &[Arc<str>]| list.binary_search_by(|one| (**one).cmp(check)).is_ok();
        match status(class, check) {
            Some(status) => status == Status::Fail,
            None if is_in(&class.shape.ok) => true,
            // That it does not apply is no answer where it was not asked, because of what failed
            // then or of who asked.
            None if is_in(&class.shape.moot) => {
                !self.weighing.is_hidden(class, check) && is_root(class) == is_root(other)
            }
            None => is_need(class, check) && self.asks(class, check),
        }
    }
}

/// Whether the doctor was root there, if that is known.
fn is_root(class: &Class<'_>) -> Option<bool> {
    class.shape.place.euid.map(|euid| euid == 0)
}

/// How a check stands that fails or is unknown.
fn status(class: &Class<'_>, check: &str) -> Option<Status> {
    let mut findings = class.findings.iter();
    let known = findings.find(|known| *known.check == *check);
    known.map(|known| known.status)
}

/// Whether something counts at one of the two times alone that stands as it did, so that it is
/// weighed in another way; whatever else decides at one of them has an answer at both. What was
/// unknown all the time and decides now, because what failed beside it was mended, is no such thing.
fn is_rejudged(old: &Class<'_>, new: &Class<'_>, sight: &Sight<'_>) -> bool {
    let deciding = |class: &Class<'_>| -> BTreeSet<Arc<str>> {
        let waits = class.waits.iter();
        let waits = waits.filter(|_| class.verdict == Verdict::Undetermined);
        class.blockers.iter().chain(waits).cloned().collect()
    };
    let (then, now) = (deciding(old), deciding(new));
    let differ: Vec<&Arc<str>> = then.symmetric_difference(&now).collect();
    let stands = |check: &&Arc<str>| {
        let (then, now) = (status(old, check), status(new, check));
        then.is_some() && then == now
    };
    let is_known = |check: &&Arc<str>| {
        stands(check) || (sight.has_answer(old, new, check) && sight.has_answer(new, old, check))
    };
    let counts = |class: &Class<'_>, check: &Arc<str>| {
        [&class.blockers, &class.waits].map(|list| list.binary_search(check).is_ok())
    };
    let is_weighed = |check: &&Arc<str>| stands(check) && counts(old, check) != counts(new, check);
    let is_asked = !old.unasked && !new.unasked;
    is_asked && differ.iter().any(is_weighed) && differ.iter().all(is_known)
}

/// Whether a check fails, whatever it weighs.
fn fails(class: &Class<'_>, check: &str) -> bool {
    status(class, check) == Some(Status::Fail)
}

/// Whether this is a need of software that was asked for: told where it lacks, and not where
/// it is there.
fn is_need(class: &Class<'_>, check: &str) -> bool {
    let mut software = class.shape.software.iter();
    software.any(|one| {
        let need = check.strip_prefix(&*one.profile);
        need.is_some_and(|need| need.starts_with(": "))
    })
}

/// What fails, and what is unknown where that counts, too; whether it fails.
fn standing<'a>(class: &Class<'a>, weighing: &Weighing) -> BTreeMap<&'a str, bool> {
    let all = class.findings.iter();
    let all = all.filter(|known| weighing.concerns(class, &known.check));
    let all = all.map(|known| {
        let fails = known.status == Status::Fail;
        (known, fails)
    });
    let all = all.filter(|(known, fails)| *fails || class.blocks(&known.check));
    all.map(|(known, fails)| (&*known.check, fails)).collect()
}

fn cause_changes(
    past: &Population<'_>,
    population: &Population<'_>,
    weighing: &Weighing,
    flow: &mut BTreeMap<&str, Flow>,
) -> Vec<CauseChange> {
    let [mut then, now] = [past, population].map(|one| failing_checks(one, weighing));
    let mut changes = Vec::new();
    let mut add = |check: &str, cause: &Failing, before: u64, now: u64| {
        let flow = flow.remove(check).unwrap_or_default();
        let [stayed_then, stayed_now] = flow.stayed;
        let seen = flow.appeared.hosts() + flow.cured.hosts();
        let still = seen + flow.unseen + flow.unseen_before == 0;
        if before == now && still {
            return;
        }
        changes.push(CauseChange {
            check: check.to_owned(),
            title: cause.title.clone(),
            severity: cause.severity,
            change: match (before, now) {
                // Come into sight: all hosts of now were there then, and it is not known of them.
                (0, _) if flow.unseen_before == now => "seen",
                (0, _) => "new",
                // Gone from sight.
                (_, 0) if flow.unseen > 0 && flow.cured.hosts() == 0 => "unseen",
                (_, 0) => "gone",
                _ if now > before => "more",
                _ if now < before => "fewer",
                // The same hosts, of which more, or less, is known.
                _ if seen == 0 && flow.unseen_before > 0 => "seen",
                _ if seen == 0 => "unseen",
                _ => "moved",
            },
            before,
            now,
            appeared: flow.appeared.told(),
            cured: flow.cured.told(),
            other_catalogue: flow.other_catalogue.told(),
            unseen: flow.unseen,
            unseen_before: flow.unseen_before,
            gone_hosts: before.saturating_sub(stayed_then),
            new_hosts: now.saturating_sub(stayed_now),
        });
    };
    for (check, cause) in &now {
        let before = then.remove(check).map_or(0, |cause| cause.hosts);
        add(check, cause, before, cause.hosts);
    }
    for (check, cause) in &then {
        add(check, cause, cause.hosts, 0);
    }
    let rank = |change: &CauseChange| {
        let counts = change.severity == Severity::Error;
        (
            !counts,
            std::cmp::Reverse(change.now.abs_diff(change.before)),
        )
    };
    changes.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.check.cmp(&b.check)));
    changes.truncate(ROWS);
    changes
}
