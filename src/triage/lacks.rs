//! What a symptom asks of a log beside its own line.

use super::found::{Hit, Reading};
use crate::catalogue::{Loader, Symptom};

/// What weighs so much and is no plain English tells of eBPF by itself.
pub(super) const UNMISTAKABLE: u8 = 84;
/// What weighs so much is the failure's own, in plain English as well.
pub(super) const OWN_WORDS: u8 = 95;
/// The same as [`UNMISTAKABLE`] for what the verifier says.
const VERIFIERS_OWN: u8 = 94;
/// The same where names in code stand in it, or names with their numbers.
const VERIFIERS_CODE: u8 = 80;
/// The same as [`OWN_WORDS`] for what the verifier says.
const VERIFIERS_ALONE: u8 = 99;

/// What a symptom asks of a log beside its own line, and the log does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lack<'a> {
    /// A line with this.
    Also,
    /// That this is nowhere in it.
    Without(&'a str),
    /// Words of one of its loaders.
    Loader,
    /// A word of eBPF, where the line could as well be about something else.
    Subject,
}

/// What this log lacks for a hit to count; what an example must show before what only the
/// rest of its log may tell.
pub(super) fn lacks<'a>(reading: &Reading, hit: &Hit, symptom: &'a Symptom) -> Option<Lack<'a>> {
    let place = (hit.check, hit.symptom);
    let without = symptom.without.as_ref();
    if let Some(without) = without.filter(|_| reading.without.contains(&place)) {
        return Some(Lack::Without(without.source()));
    }
    let speaks = |loader: &Loader| reading.loaders.contains(loader);
    if !symptom.loader.is_empty() && !symptom.loader.iter().any(speaks) {
        return Some(Lack::Loader);
    }
    if symptom.also.is_some() && !reading.also.contains(&place) {
        return Some(Lack::Also);
    }
    // Words that mean something in a log about eBPF mean something else elsewhere.
    let is_plain = match symptom.verifier {
        None => symptom.weight < UNMISTAKABLE || hit.plain && symptom.weight < OWN_WORDS,
        // What the verifier says is about a register most often.
        Some(_) => {
            let is_plain = hit.plain && !hit.coded && symptom.weight < VERIFIERS_ALONE;
            let own = if hit.coded {
                VERIFIERS_CODE
            } else {
                VERIFIERS_OWN
            };
            (symptom.weight < own || is_plain) && !hit.names_register()
        }
    };
    (is_plain && !reading.about_bpf).then_some(Lack::Subject)
}
