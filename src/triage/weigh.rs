//! From what was found in a log to its causes, best first.

use super::candidate::{Candidate, candidates};
use super::clean::quotable;
use super::explanation::{
    Explained, Explanation, HostUsed, LogSummary, NoiseLine, SCHEMA, Standing,
};
use super::found::Reading;
use super::known::KnownHost;
use crate::catalogue::{Catalogue, Operation};
use crate::diagnosis::diagnose;

/// A cause that weighs less is not told.
pub(super) const LEAST: i32 = 25;
/// Causes are told down to so much below the best.
const SPAN: i32 = 34;
/// On the best one's own line, down to so much.
const NARROW: i32 = 24;
/// So many causes are told.
const MOST: usize = 8;
/// So many lines of failures without a cause are told.
const MOST_FAILURES: usize = 4;
/// What is said of a verdict that the catalogue does not have.
const REFUSED: &str = "With this the verifier refused a program. The catalogue does not know the \
    sentence, and nothing else is made of the error; it is about the instruction above it.";
/// What is said of a failure that nothing explains.
const FAILED: &str = "This failed, and the log does not say why in words that the catalogue knows. \
    More may stand above it, at a higher level of the loader's log or in that of the kernel.";
/// What is said of a program that the verifier refused, where the log does not have its words.
const UNSHOWN: &str = "The error is EACCES: the verifier refused the program, and the log does not \
    have what it said of it, which names the reason. Run the loader so that it prints that: libbpf \
    at its debug level, bpftool with -d, cilium/ebpf with %+v of its VerifierError, aya with \
    RUST_LOG=debug.";
/// What is said of a log in which nothing failed.
const AT_WORK: &str =
    "A program tells here what it does with eBPF, and no line of the log tells of a failure.";

/// Says what a log means, held against a host.
#[must_use]
pub fn explain(catalogue: &Catalogue, reading: &Reading, host: &KnownHost) -> Explanation {
    let host = &*host.of_a_process();
    let findings = diagnose(catalogue, &host.facts, &host.outcomes);
    let mut candidates = candidates(catalogue, reading, host, &findings);
    stand_behind_what_makes_them_moot(&mut candidates);
    candidates.retain(|candidate| candidate.score >= LEAST);
    // What the host does not have is told below all that it may have, whatever it weighs.
    let is_refuted = |candidate: &Candidate<'_>| candidate.standing == Standing::Refuted;
    candidates.sort_by_key(|candidate| {
        let score = std::cmp::Reverse(candidate.score);
        (is_refuted(candidate), score, candidate.first_line())
    });
    // What is far below the best adds nothing, on the same line least of all.
    if let Some(best) = candidates.first().map(|best| best.score) {
        candidates.retain(|candidate| candidate.score + SPAN >= best);
    }
    let open = candidates.iter().filter(|candidate| !is_refuted(candidate));
    let tops: Vec<(u64, i32)> = open
        .filter_map(|candidate| Some((candidate.top_line()?.0, candidate.score)))
        .collect();
    candidates.retain(|candidate| {
        let line = candidate.top_line().map_or(0, |(line, _)| line);
        let mut above = tops.iter().filter(|(top, _)| *top == line);
        !above.any(|(_, score)| candidate.score + NARROW <= *score)
    });
    let mut kept: Vec<Candidate<'_>> = Vec::new();
    for candidate in candidates {
        if !kept.iter().any(|better| candidate.repeats(better)) {
            kept.push(candidate);
        }
    }
    let mut candidates = kept;
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
        let instead_of = above.iter().find(|other| {
            candidate
                .top_line()
                .is_some_and(|(line, _)| other.rests_on(line))
        });
        causes.push(candidate.explained(
            catalogue,
            host,
            contested,
            instead_of.map(|other| other.cause().to_owned()),
        ));
    }
    // A sure cause stands above one that the log leaves half open.
    causes.sort_by_key(|cause| {
        let sure = std::cmp::Reverse(cause.confidence);
        (cause.standing == Standing::Refuted, sure)
    });
    let mut harmless: Vec<NoiseLine> = reading
        .harmless
        .iter()
        .filter_map(|found| {
            let noise = catalogue.noise.get(found.noise)?;
            reading.is_harmless(found.noise, noise).then(|| NoiseLine {
                line: found.line,
                text: found.text.clone(),
                says: noise.says.clone(),
            })
        })
        .collect();
    let unknown = unknown(catalogue, reading, causes.is_empty());
    if causes.is_empty()
        && harmless.is_empty()
        && !reading.complains
        && let Some((line, text)) = &reading.at_work
    {
        harmless.push(NoiseLine {
            line: *line,
            text: text.clone(),
            says: AT_WORK.to_owned(),
        });
    }
    let answer = match causes.first() {
        Some(first) => first.title.clone(),
        None if !reading.refusals.is_empty() => {
            "a refusal of the verifier that is not known".to_owned()
        }
        None if !unknown.is_empty() => "an error whose reason is not known".to_owned(),
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
        unknown,
        harmless,
    }
}

/// A failure that is moot while the host has another one stands behind that, where both are told
/// of one line.
fn stand_behind_what_makes_them_moot(candidates: &mut [Candidate<'_>]) {
    let confirmed = |candidate: &&Candidate<'_>| candidate.standing == Standing::Confirmed;
    let confirmed: Vec<(String, Option<u64>, i32)> = candidates
        .iter()
        .filter(confirmed)
        .map(|one| {
            let line = one.top_line().map(|(line, _)| line);
            (one.check.id.clone(), line, one.score)
        })
        .collect();
    for candidate in candidates {
        let line = candidate.top_line().map(|(line, _)| line);
        let above = confirmed
            .iter()
            .filter(|(id, other, _)| candidate.check.requires.contains(id) && *other == line);
        if let Some(least) = above.map(|(.., score)| *score).min() {
            candidate.score = candidate.score.min(least - 1);
        }
    }
}

/// Errors that are left without a cause.
fn unknown(catalogue: &Catalogue, reading: &Reading, no_cause: bool) -> Vec<NoiseLine> {
    let refusals = reading.refusals.iter().map(|refusal| NoiseLine {
        line: refusal.line,
        text: refusal.text.clone(),
        says: REFUSED.to_owned(),
    });
    let mut unknown: Vec<NoiseLine> = refusals.collect();
    if no_cause && unknown.is_empty() {
        let is_refused = |line: u64| {
            let mut failed = reading.failed.iter();
            failed.any(|failed| {
                let is_load = failed.operation == Operation::ProgramLoad;
                failed.line == line && is_load && failed.errno == "EACCES"
            })
        };
        let failures = reading.failures(catalogue).map(|failure| NoiseLine {
            line: failure.line,
            text: failure.text.clone(),
            says: match is_refused(failure.line) {
                true => UNSHOWN.to_owned(),
                false => FAILED.to_owned(),
            },
        });
        unknown.extend(failures.take(MOST_FAILURES));
    }
    unknown
}
