//! A cascade traced to its first cause: an error is explained once. What failed because of it
//! says the same again, or another error that means nothing by itself.

use super::errno;
use super::found::{Hit, Reading};
use super::lacks::lacks;
use crate::catalogue::{Catalogue, Operation, Symptom};

/// So far below a failure a program may say it again in words of its own.
const ECHO: u64 = 16;
/// A symptom that weighs less tells little more than the error.
const VAGUE: u8 = 70;
/// One that weighs so much says what failed in words of its own.
const NAMED: u8 = 84;
/// What the verifier answers with where it refuses a program.
const VERDICTS: &[&str] = &["EINVAL", "EACCES", "EPERM", "E2BIG"];

/// Whether the error of a hit is explained by something else in the log.
pub(super) fn is_explained(
    catalogue: &Catalogue,
    reading: &Reading,
    hit: &Hit,
    symptom: &Symptom,
) -> bool {
    is_outspoken(catalogue, reading, hit, symptom)
        || is_echo(reading, hit, symptom)
        || is_of_what_was_not_loaded(reading, hit, symptom)
        || is_after_a_failure(catalogue, reading, hit, symptom)
}

/// Whether a hit follows from what failed above it: it is about a descriptor that is none, or
/// has no more than an error, below a line that names the failure.
pub(super) fn is_consequence(
    catalogue: &Catalogue,
    reading: &Reading,
    hit: &Hit,
    symptom: &Symptom,
) -> bool {
    is_of_descriptor(reading, hit) || is_named_above(catalogue, reading, hit, symptom)
}

/// The error of a hit.
fn error(hit: &Hit) -> Option<&str> {
    let named = hit.names.get("errno").map(String::as_str);
    named.or_else(|| errno::find(&hit.text))
}

/// Whether a symptom has no words of its own.
fn is_bare(symptom: &Symptom) -> bool {
    symptom.text.is_none() && symptom.verifier.is_none()
}

/// Whether a symptom has no more than the loader's words for the error.
fn is_vague(symptom: &Symptom) -> bool {
    symptom.verifier.is_none() && (symptom.text.is_none() || symptom.weight < VAGUE)
}

/// The program or the map that a hit is about.
fn object(hit: &Hit) -> Option<&String> {
    let names = ["prog", "map"];
    let mut named = names.iter().filter_map(|name| hit.names.get(*name));
    named.next().or(hit.around.program.as_ref())
}

/// Whether a hit is about a descriptor that is none, as what failed above it left it.
fn is_of_descriptor(reading: &Reading, hit: &Hit) -> bool {
    let errno = hit.names.get("errno").map(String::as_str);
    let is_of_descriptor = match errno {
        Some(errno) => errno == "EBADF",
        None => hit
            .text
            .to_ascii_lowercase()
            .contains("bad file descriptor"),
    };
    let mut failed = reading.failed.iter();
    is_of_descriptor && failed.any(|failed| failed.line < hit.line && failed.errno != "EBADF")
}

/// Whether a hit has little more than an error, and a line just above it names the failure of
/// which that is the error, too.
fn is_named_above(catalogue: &Catalogue, reading: &Reading, hit: &Hit, symptom: &Symptom) -> bool {
    if symptom.verifier.is_some() || symptom.weight >= NAMED {
        return false;
    }
    let own = error(hit);
    let mut others = reading.hits.iter();
    others.any(|other| {
        let is_above = other.line < hit.line && other.line + ECHO >= hit.line;
        if !is_above || other.check == hit.check || other.aside {
            return false;
        }
        let check = catalogue.checks.get(other.check);
        let named = check.and_then(|check| check.symptoms.get(other.symptom));
        // What names a program or a map tells of that one, and not of what is around it.
        let is_of_another = object(hit).is_some_and(|own| object(other) != Some(own));
        let is_same_error = match (own, error(other)) {
            (Some(own), Some(other)) => own == other,
            _ => is_vague(symptom),
        };
        !is_of_another
            && is_same_error
            && named.is_some_and(|named| {
                !is_bare(named)
                    && named.weight >= NAMED
                    && lacks(reading, other, named).is_none()
                    && !reading.is_excused(catalogue, other)
            })
    })
}

/// Whether a hit has nothing but the error of attaching what could not be loaded just above it,
/// for another reason.
fn is_of_what_was_not_loaded(reading: &Reading, hit: &Hit, symptom: &Symptom) -> bool {
    use Operation::{ProgramLoad, TrivialLoad};
    let of_line = |line| {
        reading
            .failed
            .iter()
            .filter(move |failed| failed.line == line)
    };
    let is_attached = of_line(hit.line).any(|failed| failed.operation.is_attaching());
    if !is_attached {
        return false;
    }
    // A program that was not loaded itself can't be attached, whatever the error is then.
    if let Some(own) = object(hit) {
        return reading.hits.iter().any(|other| {
            other.line < hit.line
                && object(other) == Some(own)
                && of_line(other.line)
                    .any(|failed| matches!(failed.operation, ProgramLoad | TrivialLoad))
        });
    }
    if !is_vague(symptom) {
        return false;
    }
    let own = error(hit);
    reading.failed.iter().any(|failed| {
        failed.line < hit.line
            && failed.line + ECHO >= hit.line
            && matches!(failed.operation, ProgramLoad | TrivialLoad)
            && own.is_some_and(|own| own != failed.errno)
    })
}

/// Whether a hit says no more than that something failed before, and that is told above it.
fn is_after_a_failure(
    catalogue: &Catalogue,
    reading: &Reading,
    hit: &Hit,
    symptom: &Symptom,
) -> bool {
    symptom.follows
        && reading.hits.iter().any(|other| {
            let check = catalogue.checks.get(other.check);
            let named = check.and_then(|check| check.symptoms.get(other.symptom));
            other.line < hit.line
                && !other.aside
                && named.is_some_and(|named| {
                    !named.follows
                        && lacks(reading, other, named).is_none()
                        && !reading.is_excused(catalogue, other)
                })
        })
}

/// Whether a hit has nothing but EPERM, and the same operation failed with another error just
/// above it: programs say -1, which a call returned that failed, as if it were its error.
fn is_echo(reading: &Reading, hit: &Hit, symptom: &Symptom) -> bool {
    let is_bare = is_bare(symptom);
    if !(is_bare || symptom.weight < VAGUE)
        || hit.names.get("errno").map(String::as_str) != Some("EPERM")
    {
        return false;
    }
    let mut failed = reading.failed.iter();
    failed.any(|failed| {
        // The next line, too, where the two were taken for one that was broken.
        failed.line <= hit.line
            && failed.line + ECHO >= hit.line
            && !matches!(failed.errno, "EPERM" | "EACCES")
            && (!is_bare || symptom.event.contains(&failed.operation))
    })
}

/// Whether a hit has nothing but the error of a load, of which the verifier said why: then
/// nothing else is to be made of the error.
fn is_outspoken(catalogue: &Catalogue, reading: &Reading, hit: &Hit, symptom: &Symptom) -> bool {
    let mut failed = reading.failed.iter();
    let is_of_load = symptom.event.contains(&Operation::ProgramLoad)
        || failed
            .any(|failed| failed.line == hit.line && failed.operation == Operation::ProgramLoad);
    if !is_vague(symptom)
        || !is_of_load
        || !error(hit).is_some_and(|errno| VERDICTS.contains(&errno))
    {
        return false;
    }
    let named = hit.names.get("prog").or(hit.around.program.as_ref());
    let is_of_it = |program: &Option<String>| match (program, named) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    };
    let known = reading.hits.iter().any(|other| {
        let check = catalogue.checks.get(other.check);
        let symptom = check.and_then(|check| check.symptoms.get(other.symptom));
        let verdict = symptom.filter(|symptom| symptom.verifier.is_some());
        verdict.is_some_and(|symptom| lacks(reading, other, symptom).is_none())
            && is_of_it(&other.around.program)
    });
    let mut refusals = reading.refusals.iter();
    known || refusals.any(|refusal| is_of_it(&refusal.program))
}
