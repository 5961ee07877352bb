//! A cause on the scales: what weighs for it, and what is said of it.

use std::collections::BTreeMap;

use super::apart::{Weighed, apart};
use super::cascade::{is_consequence, is_explained};
use super::clean::quotable;
use super::explanation::{Confidence, Explained, Line, Standing};
use super::filled::{fill, names};
use super::found::{Hit, Reading};
use super::known::KnownHost;
use super::lacks::lacks;
use super::mood::{Mood, tells_failure};
use super::sentences::{is_beyond, is_held_here, is_of_another, look_closer, remains, told};
use crate::catalogue::{About, Catalogue, Cause, Check, Kind, Symptom};
use crate::diagnosis::{Finding, Needs, RenderedFix, Status, advise, kernel_is, rules_out};
use crate::facts::Facts;

/// What the verifier said before its last word weighs so much less.
const OVERRULED: i32 = 16;
/// A symptom that asks for kernels of a range weighs so much less where none is known: what it
/// says of them is then said by none that asks for less.
const UNKNOWN_KERNEL: i32 = 12;
/// What follows from an earlier failure weighs so much less.
const CONSEQUENCE: i32 = 24;
/// What stands in a mail's quote of an earlier one weighs so much less than what its own words
/// have.
const QUOTED: i32 = 12;
/// A symptom that weighs so much names the failure itself, whatever is behind it.
const OUTSPOKEN: i32 = 92;
/// What is behind a cause whose explanations nothing tells apart.
const UNDECIDED: &str = "One of these; the log does not tell which.";
/// What is known of an operation by words that anybody may say weighs no more.
const GUESS: i32 = 58;

/// A cause on the scales.
pub(super) struct Candidate<'a> {
    pub(super) check: &'a Check,
    pub(super) score: i32,
    /// The hits that weigh, the heaviest first.
    pub(super) hits: Vec<(&'a Hit, i32)>,
    pub(super) process: bool,
    pub(super) standing: Standing,
    /// This process here has what the one of the log may have lacked.
    pub(super) is_held: bool,
    /// Options that the log itself shows to be set, which refutes the cause.
    pub(super) set: Vec<&'a str>,
    pub(super) finding: Option<&'a Finding>,
    /// What is found of the failure that this is a kind of.
    pub(super) broader: Option<&'a Finding>,
    /// The cause about one thing alone that it is, where the host as a whole is not at fault.
    pub(super) particular: Option<&'a Cause>,
    /// What the host says of what its line names, and the facts that tell it.
    pub(super) said: Option<(String, Vec<String>)>,
}

pub(super) fn candidates<'a>(
    catalogue: &'a Catalogue,
    reading: &'a Reading,
    host: &KnownHost,
    findings: &'a [Finding],
) -> Vec<Candidate<'a>> {
    let mut by_check: BTreeMap<usize, Vec<Weighed<'a>>> = BTreeMap::new();
    for hit in &reading.hits {
        let symptom = catalogue.checks.get(hit.check);
        let symptom = symptom.and_then(|check| check.symptoms.get(hit.symptom));
        if let Some(symptom) = symptom
            && let Some(weight) = weight(catalogue, reading, host, hit, symptom)
        {
            by_check
                .entry(hit.check)
                .or_default()
                .push((hit, weight, symptom));
        }
    }
    let is_sure = |symptom: &Symptom| {
        let range = symptom.kernel.as_ref();
        range.is_none_or(|range| kernel_is(catalogue, &host.facts, range).is_some())
    };
    let of = |id: &str| findings.iter().find(|finding| finding.check == id);
    let groups = by_check.into_iter().flat_map(|(check, mut hits)| {
        hits.sort_by_key(|(hit, weight, _)| (std::cmp::Reverse(*weight), hit.line));
        let groups = apart(hits, is_sure).into_iter();
        groups.map(move |hits| (check, hits))
    });
    let weighed = groups.filter_map(|(check, hits)| {
        let (_, heaviest, symptom) = *hits.first()?;
        let process = symptom.process;
        let mut kinds: Vec<usize> = hits.iter().map(|(hit, ..)| hit.symptom).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let more = i32::try_from(kinds.len().saturating_sub(1))
            .unwrap_or(0)
            .min(3);
        let check = catalogue.checks.get(check)?;
        let mut candidate = Candidate {
            check,
            score: heaviest + more,
            hits: hits
                .into_iter()
                .map(|(hit, weight, _)| (hit, weight))
                .collect(),
            process,
            standing: Standing::Open,
            is_held: false,
            set: Vec::new(),
            finding: of(&check.id),
            broader: check.kind_of.as_deref().and_then(of),
            particular: None,
            said: None,
        };
        candidate.hold_against_host(catalogue, host);
        Some(candidate)
    });
    weighed.collect()
}

/// What a hit weighs in this log and on this host; nothing where its symptom asks for more
/// than there is.
pub(super) fn weight(
    catalogue: &Catalogue,
    reading: &Reading,
    host: &KnownHost,
    hit: &Hit,
    symptom: &Symptom,
) -> Option<i32> {
    if hit.aside || lacks(reading, hit, symptom).is_some() || reading.is_excused(catalogue, hit) {
        return None;
    }
    if is_explained(catalogue, reading, hit, symptom) {
        return None;
    }
    let mut weight = i32::from(symptom.weight);
    if hit.guessed {
        weight = weight.min(GUESS);
    }
    if hit.mood != Mood::Fact {
        let on_failure = tells_failure(&hit.text);
        weight = hit.mood.weighed(weight, reading.suffers, on_failure)?;
    }
    if is_consequence(catalogue, reading, hit, symptom) {
        weight -= CONSEQUENCE;
    }
    if hit.overruled {
        weight -= OVERRULED;
    }
    let mut others = reading.hits.iter();
    if hit.quotes() > 0 && others.any(|other| hit.is_older_than(other)) {
        weight -= QUOTED;
    }
    if let Some(range) = &symptom.kernel {
        match kernel_is(catalogue, &host.facts, range) {
            Some(true) => weight += 4,
            Some(false) => return None,
            None => weight -= UNKNOWN_KERNEL,
        }
    }
    Some(weight)
}

impl Candidate<'_> {
    pub(super) fn first_line(&self) -> u64 {
        self.hits.iter().map(|(hit, _)| hit.line).min().unwrap_or(0)
    }

    /// The line that weighs most, and its text.
    pub(super) fn top_line(&self) -> Option<(u64, &str)> {
        let (hit, _) = self.hits.first()?;
        Some((hit.line, hit.text.as_str()))
    }

    /// Whether this line is among those that weigh for it.
    pub(super) fn rests_on(&self, line: u64) -> bool {
        self.hits.iter().any(|(hit, _)| hit.line == line)
    }

    /// Whether another one says the same of the same line under the same name.
    pub(super) fn repeats(&self, other: &Self) -> bool {
        self.cause() == other.cause() && self.top_line() == other.top_line()
    }

    /// The name people know the failure by.
    pub(super) fn cause(&self) -> &str {
        self.check.kind_of.as_deref().unwrap_or(&self.check.id)
    }

    pub(super) fn explained(
        &self,
        catalogue: &Catalogue,
        host: &KnownHost,
        contested: bool,
        instead_of: Option<String>,
    ) -> Explained {
        let heaviest = self.hits.first().map_or(0, |(_, weight)| *weight);
        let confidence = match heaviest {
            85.. => Confidence::High,
            62.. => Confidence::Medium,
            _ => Confidence::Low,
        };
        let confidence = match (self.standing, contested) {
            (Standing::Confirmed, false) => confidence.up(),
            (Standing::Refuted, _) | (Standing::Open, true) => confidence.down(),
            _ => confidence,
        };
        // The heaviest line that points to a cause decides which one is told.
        let one = self.particular.or_else(|| self.pointed(catalogue, host));
        let pointed = one.and_then(|cause| cause.id.as_deref());
        let (facts, outcomes) = (&host.facts, &host.outcomes);
        // What another process lacks is not told by what this one has.
        // What a log tells of a process is of the one that failed.
        let is_anothers = host.known_from != "log"
            && (self.is_held || self.process && self.check.kind != Kind::Host);
        let another = is_anothers.then(|| host.of_another_process());
        // Words that are unmistakable and can't be of this host are of another one.
        let is_elsewhere = self.standing == Standing::Open
            && heaviest >= OUTSPOKEN
            && pointed.is_some_and(|cause| {
                let facts = another.as_ref().unwrap_or(facts);
                rules_out(catalogue, facts, self.check, cause)
            });
        let nothing = Facts::default();
        let (facts, outcomes) = match (&another, is_elsewhere) {
            (_, true) => (&nothing, &[][..]),
            (Some(facts), false) => (facts, &[][..]),
            (None, false) => (facts, outcomes.as_slice()),
        };
        let mut advice = advise(catalogue, facts, outcomes, self.check, pointed);
        let held = self
            .is_held
            .then(|| match self.finding.map(|finding| finding.status) {
                Some(Status::Ok) => is_held_here(host.known_from),
                _ => is_beyond(About::Process, host.known_from),
            });
        let about = self.particular.and_then(|cause| cause.about);
        let held = held.or_else(|| about.map(|about| is_beyond(about, host.known_from)));
        let held = held.or_else(|| is_elsewhere.then(|| is_of_another(host.known_from)));
        // What the host does not have is not to be cured on it.
        let refuted = (self.standing == Standing::Refuted).then(|| {
            advice.fixes.clear();
            advice.possible.clear();
            advice.because.clone_from(&self.check.why);
            remains(host.known_from)
        });
        let remains = refuted.or(held);
        let is_refuted = self.standing == Standing::Refuted;
        let change = self.check.change.as_ref().filter(|_| !is_refuted);
        let hit = self.hits.first().map(|(hit, _)| *hit);
        let symptom = hit.and_then(|hit| self.check.symptoms.get(hit.symptom));
        let is_verifier = symptom.is_some_and(Symptom::is_of_verifier);
        let around = hit.filter(|_| is_verifier).map(|hit| &hit.around);
        let means = symptom.and_then(|symptom| symptom.says.as_deref());
        let means = means.zip(hit.zip(symptom));
        let means = means.map(|(says, (hit, symptom))| told(says, &names(hit, symptom)));
        let mut lines: Vec<Line> = Vec::new();
        for (hit, _) in &self.hits {
            let line = Line {
                line: hit.line,
                text: hit.text.clone(),
            };
            if lines.len() < 4 && !lines.iter().any(|told| told.line == line.line) {
                lines.push(line);
            }
        }
        let program = hit.and_then(|hit| {
            let named = hit.names.get("prog").cloned();
            named
                .filter(|name| !name.is_empty())
                .or_else(|| hit.around.program.clone())
        });
        let mut closer = look_closer(is_verifier, program.as_deref(), self.check);
        if let Some(names) = hit.zip(symptom).map(|(hit, symptom)| names(hit, symptom)) {
            let fixes = advice.fixes.iter_mut();
            let commands = fixes.flat_map(|fix| fix.commands.iter_mut().chain(&mut fix.undo));
            fill(commands.chain(&mut closer), &names);
        }
        let (standing_because, evidence) = self.standing_because(host);
        let named = self.check.causes.iter();
        let named = named.filter(|cause| cause.because == advice.because);
        let title = named.filter_map(|cause| cause.title.as_ref()).next();
        if !advice.possible.is_empty() {
            UNDECIDED.clone_into(&mut advice.because);
        }
        Explained {
            cause: self.cause().to_owned(),
            entry: self.check.kind_of.is_some().then(|| self.check.id.clone()),
            title: title.unwrap_or(&self.check.title).clone(),
            confidence,
            standing: self.standing,
            standing_because,
            evidence,
            instead_of,
            lines,
            because: advice.because,
            possible: advice.possible,
            remains,
            means,
            instruction: around.and_then(|around| around.instruction.clone()),
            source: around.and_then(|around| around.source.clone()),
            register: around.and_then(|around| around.register.clone()),
            fixes: cheapest_first(advice.fixes),
            change: change.cloned(),
            look_closer: closer,
            program: program.as_deref().map(quotable),
        }
    }
}

/// Fixes in the order people try them in; those of systems that the host may not be, last.
fn cheapest_first(mut fixes: Vec<RenderedFix>) -> Vec<RenderedFix> {
    fixes.sort_by_key(|fix| {
        let price = match fix.needs {
            Needs::Nothing => 0,
            Needs::Privilege => 1,
            Needs::Reboot => 2,
            Needs::Rebuild => 3,
        };
        (fix.only_on.is_some(), price)
    });
    fixes
}
