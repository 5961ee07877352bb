//! What was found on a line is kept, with what stands around it.

use std::collections::BTreeMap;

use super::clean::{quotable, quotable_at};
use super::event::{Event, Voice, is_of, with_errno};
use super::found::Hit;
use super::lexicon::{FACTS, Told};
use super::mention::tells;
use super::mood::Mood;
use super::place::Place;
use super::release::is_asked_for;
use super::search::Search;
use super::surroundings::{Surroundings, refusal_above};
use crate::catalogue::{Operation, Symptom};

/// So many lines are remembered as told.
const TOLD: usize = 16;

/// A symptom that a line has.
pub(super) struct Found {
    /// The places of the check and of the symptom in it.
    pub(super) symptom: (usize, usize),
    pub(super) names: BTreeMap<String, String>,
    /// The line as it is quoted.
    pub(super) text: String,
    pub(super) aside: bool,
    pub(super) plain: bool,
    /// It has a name in code, or a name with its number.
    pub(super) coded: bool,
    /// What failed is known by words that anybody may say.
    pub(super) guessed: bool,
    pub(super) mood: Mood,
}

/// What was refused where this is the instruction.
fn refused(instruction: &str) -> Option<Operation> {
    let code = instruction.split_once(") ").map(|(_, code)| code)?;
    if code.starts_with("call ") {
        return Some(Operation::RefusedCall);
    }
    let of_memory = code.contains(" *)(r") || code.contains(" *)skb[");
    of_memory.then_some(Operation::RefusedAccess)
}

impl<'a> Search<'a> {
    pub(super) fn symptom(&self, check: usize, index: usize) -> Option<&'a Symptom> {
        self.catalogue.checks.get(check)?.symptoms.get(index)
    }

    /// Whether the line that a symptom asks for besides tells more than that it is there: which
    /// of several symptoms it is, or a name.
    fn is_told_apart(&self, check: usize, symptom: &Symptom) -> bool {
        let source = |one: &Symptom| one.text.as_ref().map(|text| text.source().to_owned());
        let Some(also) = &symptom.also else {
            return false;
        };
        let others = self.catalogue.checks.get(check).into_iter();
        let mut others = others.flat_map(|check| &check.symptoms);
        let is_rival = |other: &Symptom| {
            other.also.is_some() && other.also != symptom.also && source(other) == source(symptom)
        };
        also.source().contains("(?P<") || symptom.text.is_some() && others.any(is_rival)
    }

    pub(super) fn hit(&mut self, found: Found, at: Place<'_>) {
        let Found {
            symptom: (check, symptom),
            names,
            text,
            aside,
            plain,
            coded,
            guessed,
            mood,
        } = found;
        let found = self.symptom(check, symptom);
        let is_verdict = !aside && found.is_some_and(|symptom| symptom.verifier.is_some());
        let weight = found.map_or(0, |symptom| symptom.weight);
        let is_told_apart = found.is_some_and(|found| self.is_told_apart(check, found));
        let above = match is_told_apart {
            true => at.lines_above(),
            false => Vec::new(),
        };
        let hits = &mut self.reading.hits;
        let said = (text.as_str(), above.as_slice());
        if !self.places.admit(hits, (check, symptom), is_verdict, said) {
            return;
        }
        let register = names.get("reg").map(String::as_str);
        let around = Surroundings::above(at.inside, at.before, &text, register);
        let noise = self.noise_of(&text, around.program.as_deref());
        let mut names = names;
        if let Some(relocation) = &around.relocation {
            let told = names.entry("relocation".to_owned());
            told.or_insert_with(|| relocation.clone());
        }
        self.reading.hits.push(Hit {
            check,
            symptom,
            line: at.number,
            text,
            names,
            around,
            above,
            weight: if aside { 0 } else { weight },
            overruled: false,
            aside,
            plain,
            coded,
            guessed,
            mood,
            noise,
        });
    }

    /// A symptom was found on this line.
    pub(super) fn tell(&mut self, number: u64) {
        self.told.push_back(number);
        if self.told.len() > TOLD {
            self.told.pop_front();
        }
    }

    /// The noise that a line is, should the rest of the log say so.
    pub(super) fn noise_of(&self, text: &str, program: Option<&str>) -> Vec<usize> {
        let told = match program {
            Some(program) => format!("prog '{program}': {text}"),
            None => text.to_owned(),
        };
        let noise = self.lexicon.conditional();
        let found = noise.filter(|(entry, _)| self.lexicon.is_match(*entry, &told));
        found.map(|(_, noise)| noise).collect()
    }

    /// Keeps what the verifier said last of a program, if no symptom has it.
    pub(super) fn refusal(&mut self, at: Place<'_>) {
        let Some((above, text)) = refusal_above(at.inside, at.before) else {
            return;
        };
        let line = at.number.saturating_sub(above);
        if self.told.contains(&line) {
            return;
        }
        let around = Surroundings::above(at.inside, at.before, "", None);
        let refused = around.instruction.as_deref().and_then(refused);
        self.reading.keep_refusal(line, &text, around.program);
        // The sentence is not known, but the instruction that it is about is.
        let symptoms = refused.and_then(|operation| self.by_event.get(&operation));
        for symptom in symptoms.cloned().unwrap_or_default() {
            let found = Found {
                symptom,
                names: BTreeMap::new(),
                text: quotable(&text),
                aside: false,
                plain: false,
                coded: false,
                guessed: true,
                mood: Mood::Fact,
            };
            self.hit(found, Place { number: line, ..at });
        }
    }

    pub(super) fn fact(&mut self, entry: u32, index: usize, text: &str, at: Place<'_>) {
        let Some((told, _)) = FACTS.get(index) else {
            return;
        };
        let number = at.number;
        if *told == Told::OsFile && self.lexicon.is_match(entry, text) {
            let file = around(text, at, is_assignment);
            self.reading.learn(*told, &file, number);
            return;
        }
        for captures in self.lexicon.all_captures(entry, text) {
            let Some(value) = captures.name("v") else {
                continue;
            };
            // What a line asks for is not what there is.
            let is_asked_for = match told {
                Told::Release | Told::Named => {
                    is_asked_for(text.as_bytes(), value.start(), value.end())
                }
                Told::Config | Told::Setting => {
                    tells(text.get(..value.start()).unwrap_or_default())
                }
                Told::Os | Told::OsFile | Told::Capabilities | Told::Memlock | Told::Lockdown => {
                    false
                }
            };
            if !is_asked_for {
                let value = String::from_utf8_lossy(value.as_bytes());
                self.reading.learn(*told, &value, number);
                return;
            }
        }
    }

    /// What the symptoms without a pattern make of an event.
    pub(super) fn by_event(&self, event: &Event, text: &str, hits: &mut Vec<Found>, mood: Mood) {
        for &(check, index) in self.by_event.get(&event.operation).into_iter().flatten() {
            let object_is = |name: &str| self.lexicon.is_object((check, index), name);
            let symptom = self.symptom(check, index);
            if symptom.is_some_and(|symptom| is_of(symptom, event, object_is)) {
                hits.push(Found {
                    symptom: (check, index),
                    names: with_errno(event),
                    text: quotable_at(text, 0),
                    aside: false,
                    plain: event.voice != Voice::Loader,
                    coded: false,
                    guessed: event.voice == Voice::Anybody,
                    mood,
                });
            }
        }
    }
}

/// So many lines around one of a file belong to it.
const AROUND: usize = 16;

/// Whether a line of a file gives a name a value.
fn is_assignment(line: &str) -> bool {
    let name = line.split_once('=').map(|(name, _)| name);
    name.is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|c| c.is_ascii_uppercase() || c == b'_')
    })
}

/// A line with those right above and below that are like it.
fn around(line: &str, at: Place<'_>, is_like: impl Fn(&str) -> bool) -> String {
    let text = |line: &[u8]| String::from_utf8_lossy(line).trim().to_owned();
    let above = at.before.strip_suffix(b"\n").unwrap_or(at.before);
    let above = above.rsplit(|byte| *byte == b'\n').map(text);
    let above = above.take_while(|line| is_like(line)).take(AROUND);
    let mut lines: Vec<String> = above.collect();
    lines.reverse();
    lines.push(line.to_owned());
    let below = at.after.split(|byte| *byte == b'\n').skip(1).map(text);
    lines.extend(below.take_while(|line| is_like(line)).take(AROUND));
    lines.join("\n")
}
