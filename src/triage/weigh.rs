//! From what was found in a log to its causes, best first.

use std::collections::BTreeMap;

use super::clean::quotable;
use super::explanation::{
    Confidence, Explained, Explanation, HostUsed, Line, LogSummary, NoiseLine, SCHEMA, Standing,
};
use super::found::{Hit, Reading};
use super::lacks::lacks;
use super::sentences::{look_closer, remains, told};
use crate::catalogue::{Catalogue, Check, Kind, Symptom};
use crate::diagnosis::{
    Evidence, Finding, Needs, RenderedFix, Status, advise, diagnose, kernel_is,
};
use crate::facts::{Fact, Facts};
use crate::probes::ProbeResult;

/// A cause that weighs less is not told.
const LEAST: i32 = 25;
/// A cause that the host has rises so much, above what a line points to more clearly.
const CONFIRMED: i32 = 14;
/// One that the host does not have sinks so much.
const REFUTED: i32 = 16;
/// Causes are told down to so much below the best.
const SPAN: i32 = 34;
/// On the best one's own line, down to so much.
const NARROW: i32 = 24;
/// What the verifier said before its last word weighs so much less.
const OVERRULED: i32 = 16;
/// So many causes are told.
const MOST: usize = 8;

/// What is known of the host that a log is from.
#[derive(Debug, Clone, Default)]
pub struct KnownHost {
    /// Its facts.
    pub facts: Facts,
    /// Outcomes of probes on it.
    pub outcomes: Vec<ProbeResult>,
    /// `live`, `report`, `log` or `none`.
    pub known_from: &'static str,
    /// What is to be said of it.
    pub note: Option<String>,
}

/// A cause on the scales.
struct Candidate<'a> {
    check: &'a Check,
    score: i32,
    /// The hits that weigh, the heaviest first.
    hits: Vec<(&'a Hit, i32)>,
    process: bool,
    standing: Standing,
    finding: Option<&'a Finding>,
}

/// Says what a log means, held against a host.
#[must_use]
pub fn explain(catalogue: &Catalogue, reading: &Reading, host: &KnownHost) -> Explanation {
    let findings = diagnose(catalogue, &host.facts, &host.outcomes);
    let mut candidates = candidates(catalogue, reading, host, &findings);
    candidates.retain(|candidate| candidate.score >= LEAST);
    candidates
        .sort_by_key(|candidate| (std::cmp::Reverse(candidate.score), candidate.first_line()));
    // What is far below the best adds nothing, on the same line least of all.
    if let Some(best) = candidates.first().map(|best| best.score) {
        candidates.retain(|candidate| candidate.score + SPAN >= best);
    }
    let tops: Vec<(u64, i32)> = candidates
        .iter()
        .filter_map(|candidate| Some((candidate.top_line()?.0, candidate.score)))
        .collect();
    candidates.retain(|candidate| {
        let line = candidate.top_line().map_or(0, |(line, _)| line);
        let mut above = tops.iter().filter(|(top, _)| *top == line);
        !above.any(|(_, score)| candidate.score + NARROW <= *score)
    });
    candidates.truncate(MOST);

    let mut causes: Vec<Explained> = Vec::new();
    for (place, candidate) in candidates.iter().enumerate() {
        let rivals = candidates.iter().enumerate();
        let close = rivals.filter(|(other, rival)| {
            *other != place
                && rival.top_line() == candidate.top_line()
                && rival.score + 6 >= candidate.score
        });
        let contested = close.count() > 0;
        let above = candidates.get(..place).unwrap_or_default();
        let instead_of = above
            .iter()
            .find(|other| other.top_line() == candidate.top_line());
        causes.push(candidate.explained(
            catalogue,
            host,
            contested,
            instead_of.map(|other| other.check.id.clone()),
        ));
    }
    let harmless: Vec<NoiseLine> = reading
        .harmless
        .iter()
        .filter_map(|found| {
            let noise = catalogue.noise.get(found.noise)?;
            Some(NoiseLine {
                line: found.line,
                text: found.text.clone(),
                says: noise.says.clone(),
            })
        })
        .collect();
    let answer = match causes.first() {
        Some(first) => first.title.clone(),
        None if harmless.is_empty() => "nothing recognised".to_owned(),
        None => "no error found".to_owned(),
    };
    Explanation {
        schema: SCHEMA,
        recognised: !causes.is_empty(),
        answer,
        log: LogSummary {
            lines: reading.lines,
            bytes: reading.bytes,
            cut: reading.cut.is_some(),
            cut_by: reading.cut,
            loaders: reading.loaders.iter().copied().collect(),
            kernel: reading
                .release
                .as_ref()
                .map(|(release, _)| quotable(release)),
            os: reading.os.as_deref().map(quotable),
        },
        host: HostUsed {
            known_from: if host.known_from.is_empty() {
                "none"
            } else {
                host.known_from
            },
            kernel: host.facts.text("kernel.release"),
            note: host.note.clone(),
        },
        causes,
        harmless,
    }
}

fn candidates<'a>(
    catalogue: &'a Catalogue,
    reading: &'a Reading,
    host: &KnownHost,
    findings: &'a [Finding],
) -> Vec<Candidate<'a>> {
    let mut by_check: BTreeMap<usize, Vec<(&Hit, i32, &Symptom)>> = BTreeMap::new();
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
    let weighed = by_check.into_iter().filter_map(|(check, mut hits)| {
        hits.sort_by_key(|(hit, weight, _)| (std::cmp::Reverse(*weight), hit.line));
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
            finding: findings.iter().find(|finding| finding.check == check.id),
        };
        candidate.hold_against_host();
        Some(candidate)
    });
    weighed.collect()
}

/// What a hit weighs in this log and on this host; nothing where its symptom asks for more
/// than there is.
fn weight(
    catalogue: &Catalogue,
    reading: &Reading,
    host: &KnownHost,
    hit: &Hit,
    symptom: &Symptom,
) -> Option<i32> {
    if lacks(reading, hit, symptom).is_some() {
        return None;
    }
    let mut weight = i32::from(symptom.weight);
    if hit.overruled {
        weight -= OVERRULED;
    }
    if let Some(range) = &symptom.kernel {
        match kernel_is(catalogue, &host.facts, range) {
            Some(true) => weight += 4,
            Some(false) => return None,
            None => weight -= 6,
        }
    }
    Some(weight)
}

impl Candidate<'_> {
    fn first_line(&self) -> u64 {
        self.hits.iter().map(|(hit, _)| hit.line).min().unwrap_or(0)
    }

    /// The line that weighs most, and its text.
    fn top_line(&self) -> Option<(u64, &str)> {
        let (hit, _) = self.hits.first()?;
        Some((hit.line, hit.text.as_str()))
    }

    /// A cause that the host confirms rises, one that it refutes sinks.
    fn hold_against_host(&mut self) {
        let Some(finding) = self.finding else {
            return;
        };
        let moot = finding.status == Status::NotApplicable && finding.because.starts_with("moot");
        match finding.status {
            Status::Fail => {
                self.standing = Standing::Confirmed;
                self.score += CONFIRMED;
            }
            // What a program or a tool did wrong is not undone by what is installed here;
            // and what this process may do says nothing of another one.
            Status::Ok if self.process || self.check.kind != Kind::Host => {}
            Status::Ok => self.refuted(),
            Status::NotApplicable if !moot && self.check.kind == Kind::Host => self.refuted(),
            Status::NotApplicable | Status::Unknown => {}
        }
    }

    fn refuted(&mut self) {
        self.standing = Standing::Refuted;
        self.score -= REFUTED;
    }

    fn explained(
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
        let mut named = self.hits.iter().filter_map(|(hit, _)| {
            let symptom = self.check.symptoms.get(hit.symptom)?;
            symptom.cause.as_deref()
        });
        let (facts, outcomes) = (&host.facts, &host.outcomes);
        let mut advice = advise(catalogue, facts, outcomes, self.check, named.next());
        // What the host does not have is not to be cured on it.
        let remains = (self.standing == Standing::Refuted).then(|| {
            advice.fixes.clear();
            advice.because.clone_from(&self.check.why);
            remains(host.known_from)
        });
        let hit = self.hits.first().map(|(hit, _)| *hit);
        let symptom = hit.and_then(|hit| self.check.symptoms.get(hit.symptom));
        let is_verifier = symptom.is_some_and(|symptom| symptom.verifier.is_some());
        let around = hit.filter(|_| is_verifier).map(|hit| &hit.around);
        let means = symptom.and_then(|symptom| symptom.says.as_deref());
        let means = means.zip(hit).map(|(says, hit)| told(says, hit));
        let mut lines: Vec<Line> = Vec::new();
        for (hit, _) in &self.hits {
            let line = Line {
                line: hit.line,
                text: hit.text.clone(),
            };
            if lines.len() < 4 && !lines.contains(&line) {
                lines.push(line);
            }
        }
        let program = hit.and_then(|hit| {
            let named = hit.names.get("prog").cloned();
            named
                .filter(|name| !name.is_empty())
                .or_else(|| hit.around.program.clone())
        });
        let (standing_because, evidence) = self.standing_because();
        Explained {
            cause: self.check.id.clone(),
            title: self.check.title.clone(),
            confidence,
            standing: self.standing,
            standing_because,
            evidence,
            instead_of,
            lines,
            because: advice.because,
            remains,
            means,
            instruction: around.and_then(|around| around.instruction.clone()),
            source: around.and_then(|around| around.source.clone()),
            register: around.and_then(|around| around.register.clone()),
            fixes: cheapest_first(advice.fixes),
            look_closer: look_closer(is_verifier, program.as_deref(), self.check),
            program: program.as_deref().map(quotable),
        }
    }

    fn standing_because(&self) -> (String, Vec<Evidence>) {
        let Some(finding) = self.finding.filter(|_| self.standing != Standing::Open) else {
            return (String::new(), Vec::new());
        };
        (finding.because.clone(), finding.evidence.clone())
    }
}

/// Fixes in the order people try them in.
fn cheapest_first(mut fixes: Vec<RenderedFix>) -> Vec<RenderedFix> {
    fixes.sort_by_key(|fix| match fix.needs {
        Needs::Nothing => 0,
        Needs::Privilege => 1,
        Needs::Reboot => 2,
        Needs::Rebuild => 3,
    });
    fixes
}

/// The facts a log tells of its kernel, where no host is given.
impl KnownHost {
    /// Nothing is known.
    #[must_use]
    pub fn none() -> Self {
        Self {
            known_from: "none",
            ..Self::default()
        }
    }

    /// Whether a log that names this release can be of this host.
    #[must_use]
    pub fn is_of(&self, release: &str) -> bool {
        match self.facts.get("kernel.release") {
            Fact::Known { value, .. } => {
                let own = value.to_string();
                own.starts_with(release) || release.starts_with(&own)
            }
            Fact::Unknown { .. } => true,
        }
    }
}
