//! Whether hosts are ready, by what was found on them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::super::digest::{Key, Software};
use super::super::labels::{LabelTable, NONE};
use super::super::summary::{Known, Shape, Summary};
use super::super::words::{Store, Words};
use super::tally::Names;
use crate::diagnosis::{Severity, Status};
use crate::report::{Threshold, Verdict};

/// What counts.
#[derive(Debug, Clone, Default)]
pub struct Weighing {
    /// From which severity on a failing check makes a host not ready; with
    /// [`Threshold::Never`] as with errors, for a fleet is told as it is.
    pub threshold: Threshold,
    /// The software that counts, where reports tell of some; all of it if empty.
    pub profiles: Vec<String>,
    /// While which checks fail which others are moot, by the moot ones, as far as the catalogue
    /// knows.
    pub requires: BTreeMap<String, Vec<String>>,
    /// The checks that are of interest where software is named, if not each host's own report
    /// says what that software needs.
    pub of_interest: Option<BTreeSet<String>>,
}

impl Weighing {
    pub(super) fn word(&self) -> &'static str {
        match self.threshold {
            Threshold::Error | Threshold::Never => "error",
            Threshold::Warning => "warning",
            Threshold::Strict => "strict",
        }
    }

    fn least(&self) -> Severity {
        match self.threshold {
            Threshold::Error | Threshold::Never => Severity::Error,
            Threshold::Warning | Threshold::Strict => Severity::Warning,
        }
    }

    /// Whether this software runs.
    pub(super) fn runs(&self, software: &Software) -> Verdict {
        match self.lacks(software).next() {
            Some(_) => Verdict::NotReady,
            None if software.open.is_empty() => Verdict::Ready,
            None => Verdict::Undetermined,
        }
    }

    /// The checks that keep this software from running.
    pub(super) fn lacks<'a>(&self, software: &'a Software) -> impl Iterator<Item = &'a Arc<str>> {
        let optional = matches!(self.threshold, Threshold::Warning | Threshold::Strict);
        let open = self.threshold == Threshold::Strict;
        let lists = [
            (true, &software.missing),
            (optional, &software.optional),
            (open, &software.open),
        ];
        let lists = lists.into_iter().filter(|(counts, _)| *counts);
        lists.flat_map(|(_, list)| list)
    }

    /// The software that decides: all that must run. Where the question was which will run, the
    /// one that is nearest to it, since one suffices; when everything counts, all of it.
    fn deciding<'a>(&self, software: &'a [Arc<Software>]) -> Vec<&'a Software> {
        let asked = software.iter().map(|one| &**one);
        let asked = asked.filter(|one| self.asks_for(one));
        let asked: Vec<&Software> = asked.collect();
        let is_named = !self.profiles.is_empty();
        if is_named || self.threshold == Threshold::Strict {
            return asked;
        }
        if asked.iter().any(|one| one.demanded) {
            return asked.into_iter().filter(|one| one.demanded).collect();
        }
        let distance = |one: &&Software| {
            let lacks = self.lacks(one).count();
            // What nobody can tell is not made to run by mending what is known.
            let never_known = lacks > 0 && !one.open.is_empty();
            (lacks > 0, never_known, lacks, !one.open.is_empty())
        };
        let mut asked = asked.into_iter();
        let first = asked.next();
        let nearest = first.map(|first| {
            asked.fold(first, |best, one| match distance(&one) < distance(&best) {
                true => one,
                false => best,
            })
        });
        nearest.into_iter().collect()
    }

    /// Whether checks could not be made on these hosts because of what is in their way.
    pub(super) fn hides(&self, class: &Class<'_>) -> bool {
        let mut moot = class.shape.moot.iter();
        moot.any(|moot| self.waits_for(moot, &|one| class.blocks(one)))
    }

    /// Whether a check was moot on these hosts because of what fails there.
    pub(super) fn is_hidden(&self, class: &Class<'_>, check: &str) -> bool {
        let fails = |one: &str| {
            let mut findings = class.findings.iter();
            findings.any(|known| *known.check == *one && known.status == Status::Fail)
        };
        self.waits_for(check, &fails)
    }

    fn waits_for(&self, check: &str, stands: &dyn Fn(&str) -> bool) -> bool {
        let mut required = self.requires.get(check).into_iter().flatten();
        required.any(|one| stands(one))
    }

    /// Whether a finding is of interest: where software is named, what it needs.
    pub(super) fn concerns(&self, class: &Class<'_>, check: &str) -> bool {
        if let Some(all) = &self.of_interest {
            return all.contains(check);
        }
        let mut needs = self.needs(class);
        self.profiles.is_empty() || needs.any(|one| **one == *check)
    }

    /// What the software needs that may decide, as far as these hosts lack it or can't tell.
    fn needs<'c>(&self, class: &'c Class<'_>) -> impl Iterator<Item = &'c Arc<str>> {
        let named = class.shape.software.iter().filter(|one| self.asks_for(one));
        let lists = named.flat_map(|one| [&one.missing, &one.optional, &one.open]);
        lists.flatten()
    }

    /// The same weighing, to which is of interest whatever software that is named needs on any of
    /// these hosts: a report that was not asked for it tells of the same checks.
    pub(super) fn over(&self, populations: [&Population<'_>; 2]) -> Self {
        let mut weighing = self.clone();
        if !self.profiles.is_empty() {
            let mut all: BTreeSet<&str> = BTreeSet::new();
            for class in populations.into_iter().flat_map(|one| &one.classes) {
                all.extend(self.needs(class).map(|need| &**need));
            }
            weighing.of_interest = Some(all.into_iter().map(str::to_owned).collect());
        }
        weighing
    }

    /// Whether it suffices that one of several pieces of software runs on these hosts.
    pub(super) fn one_suffices(&self, class: &Class<'_>) -> bool {
        let software = &class.shape.software;
        self.profiles.is_empty()
            && self.threshold != Threshold::Strict
            && software.len() > 1
            && !software.iter().any(|one| one.demanded)
    }

    /// Whether this software may decide.
    pub(super) fn asks_for(&self, software: &Software) -> bool {
        self.profiles.is_empty() || self.profiles.iter().any(|one| **one == *software.profile)
    }

    /// Whether reports tell nothing of software that was named.
    fn is_unasked(&self, software: &[Arc<Software>]) -> bool {
        let tells = |name: &String| software.iter().any(|one| *one.profile == **name);
        !self.profiles.iter().all(tells)
    }

    fn judge<'a>(&self, shape: &Shape, findings: Arc<[&'a Known]>) -> Judged<'a> {
        let mut blockers: Vec<Arc<str>> = Vec::new();
        // Whether it runs where nobody asked is not known, and nothing else stands for it.
        let unasked = self.is_unasked(&shape.software);
        let mut waits: Vec<Arc<str>> = Vec::new();
        let deciding = self.deciding(&shape.software);
        for software in &deciding {
            blockers.extend(self.lacks(software).cloned());
            waits.extend(software.open.iter().cloned());
        }
        if deciding.is_empty() && !unasked {
            let strict = self.threshold == Threshold::Strict;
            let counts = |known: &&&Known| {
                let fails = known.status == Status::Fail || strict;
                fails && known.severity >= self.least()
            };
            let counting = findings.iter().filter(counts);
            blockers.extend(counting.map(|known| Arc::clone(&known.check)));
            let matters = if strict {
                self.least()
            } else {
                Severity::Error
            };
            let open = findings
                .iter()
                .filter(|known| known.status == Status::Unknown && known.severity >= matters);
            waits.extend(open.map(|known| Arc::clone(&known.check)));
        }
        for list in [&mut blockers, &mut waits] {
            list.sort();
            list.dedup();
        }
        let open = unasked || !waits.is_empty();
        let verdict = match () {
            () if !blockers.is_empty() => Verdict::NotReady,
            () if open => Verdict::Undetermined,
            () => Verdict::Ready,
        };
        Judged {
            findings,
            verdict,
            blockers: blockers.into(),
            waits: waits.into(),
            open,
            unasked,
        }
    }
}

/// What hosts come to that have the same findings and lack the same for the same software.
#[derive(Debug, Clone)]
struct Judged<'a> {
    findings: Arc<[&'a Known]>,
    verdict: Verdict,
    blockers: Arc<[Arc<str>]>,
    waits: Arc<[Arc<str>]>,
    open: bool,
    unasked: bool,
}

/// Hosts that differ in nothing but their names, judged.
#[derive(Debug)]
pub(in super::super) struct Class<'a> {
    pub(in super::super) shape: &'a Shape,
    pub(in super::super) findings: Arc<[&'a Known]>,
    pub(in super::super) verdict: Verdict,
    /// What keeps them from being ready, sorted.
    pub(in super::super) blockers: Arc<[Arc<str>]>,
    /// What matters for the verdict and is unknown, sorted.
    pub(super) waits: Arc<[Arc<str>]>,
    /// Whether there is something of that.
    pub(in super::super) open: bool,
    /// Whether their reports tell nothing of software that was named.
    pub(in super::super) unasked: bool,
    pub(in super::super) hosts: u64,
    pub(super) names: Names,
}

impl Class<'_> {
    /// Whether this check keeps them from being ready.
    pub(super) fn blocks(&self, check: &str) -> bool {
        let place = self.blockers.binary_search_by(|one| (**one).cmp(check));
        place.is_ok()
    }
}

/// All hosts, by classes.
#[derive(Debug)]
pub(in super::super) struct Population<'a> {
    pub(in super::super) classes: Vec<Class<'a>>,
    words: &'a Store,
    pub(super) labels: &'a LabelTable,
    /// How many hosts of a class have which labels, where they have some.
    pub(super) labelled: BTreeMap<(usize, u32), u64>,
    /// Hosts that were looked at in part, of which there is an older report of all checks.
    pub(super) narrowed: Names,
    /// The class of each shape of the summary.
    of_shape: HashMap<u32, usize>,
}

impl<'a> Population<'a> {
    pub(in super::super) fn new(summary: &'a Summary, weighing: &Weighing) -> Self {
        let mut population = Self {
            classes: Vec::new(),
            words: &summary.words,
            labels: &summary.labels,
            labelled: BTreeMap::new(),
            narrowed: Names::default(),
            of_shape: HashMap::new(),
        };
        // There may be as many classes as hosts, and they share these.
        let mut known: HashMap<[usize; 2], Judged<'a>> = HashMap::new();
        for row in summary.hosts.values() {
            let place = match population.of_shape.get(&row.shape) {
                Some(place) => *place,
                None => {
                    let Some(shape) = summary.shape(row) else {
                        continue;
                    };
                    let place = population.classes.len();
                    let judged = known.entry(parts(shape)).or_insert_with(|| {
                        let keys = shape.findings.iter();
                        let findings = keys.filter_map(|key| summary.findings.get(key));
                        weighing.judge(shape, findings.collect())
                    });
                    population.classes.push(class(shape, judged.clone()));
                    population.of_shape.insert(row.shape, place);
                    place
                }
            };
            if let Some(class) = population.classes.get_mut(place) {
                class.hosts += 1;
                class.names.add(1, [&*row.name]);
                if row.full && class.shape.partly {
                    population.narrowed.add(1, [&*row.name]);
                }
            }
            if row.labels != NONE {
                *population.labelled.entry((place, row.labels)).or_default() += 1;
            }
        }
        population
    }

    /// The words of a finding, if they were kept.
    pub(in super::super) fn words(&self, key: Key) -> Option<&'a Arc<Words>> {
        self.words.get(key)
    }

    /// Labels by the number of their set.
    pub(in super::super) fn labels_of(&self, number: u32) -> &'a [(Arc<str>, Arc<str>)] {
        self.labels.get(number)
    }

    /// The number of the class of a shape of the summary.
    pub(in super::super) fn number(&self, shape: u32) -> Option<usize> {
        self.of_shape.get(&shape).copied()
    }

    /// The class of a shape of the summary.
    pub(in super::super) fn class(&self, shape: u32) -> Option<&Class<'a>> {
        self.classes.get(*self.of_shape.get(&shape)?)
    }
}

/// Stands for the findings and the software of a shape, of which a summary has one copy.
fn parts(shape: &Shape) -> [usize; 2] {
    let findings = Arc::as_ptr(&shape.findings).cast::<Key>();
    let software = Arc::as_ptr(&shape.software).cast::<Arc<Software>>();
    [findings.addr(), software.addr()]
}

fn class<'a>(shape: &'a Shape, judged: Judged<'a>) -> Class<'a> {
    Class {
        shape,
        findings: judged.findings,
        verdict: judged.verdict,
        blockers: judged.blockers,
        waits: judged.waits,
        open: judged.open,
        unasked: judged.unasked,
        hosts: 0,
        names: Names::default(),
    }
}
