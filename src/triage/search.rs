//! The search of one log: line by line, each pattern once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use memchr::memchr;

use super::candidates::Candidates;
use super::clean::{is_in_numbers, quotable_at, unwrap};
use super::errno::is_explained;
use super::event::{Event, Voice, fitting, keep_special};
use super::forms::{DIALECTS, FORMS, LOOSE};
use super::found::Reading;
use super::general;
use super::keep::Found;
use super::lacking;
use super::levels::{is_error, without_source};
use super::lexicon::{Lexicon, Purpose};
use super::mention::{is_coded, is_measured, is_mention, is_plain, printed_below};
use super::mood::{Mood, mood, tells_failure, tells_success};
use super::place::Place;
use super::places::Places;
use super::quoted::{is_example, is_of_change};
use super::read::Window;
use super::rejoin::causes_below;
use super::shapes::{Alike, Look, Shapes};
use crate::catalogue::{Catalogue, Loader, Noise, Operation};

/// Longer lines are looked at in pieces.
const LINE: usize = 64 << 10;
/// Which have so many bytes in common.
const SEAM: usize = 1 << 10;

/// What is known while a log is read.
pub(super) struct Search<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) lexicon: &'a Lexicon,
    pub(super) reading: Reading,
    /// Symptoms that have no pattern, by what must have failed.
    pub(super) by_event: BTreeMap<Operation, Vec<(usize, usize)>>,
    pub(super) places: Places,
    shapes: Shapes,
    alike: Alike,
    pub(super) candidates: Candidates,
    /// How often two lines were put together.
    pub(super) joins: usize,
    /// How often to see whether they are harmless together.
    pub(super) tries: usize,
    /// The last lines that a symptom was found on.
    pub(super) told: VecDeque<u64>,
}

impl<'a> Search<'a> {
    pub(super) fn new(catalogue: &'a Catalogue, lexicon: &'a Lexicon) -> Self {
        let mut by_event: BTreeMap<Operation, Vec<(usize, usize)>> = BTreeMap::new();
        for (check, of_check) in catalogue.checks.iter().enumerate() {
            for (index, symptom) in of_check.symptoms.iter().enumerate() {
                if symptom.text.is_none() && symptom.verifier.is_none() {
                    for operation in &symptom.event {
                        by_event.entry(*operation).or_default().push((check, index));
                    }
                }
            }
        }
        Self {
            catalogue,
            lexicon,
            reading: Reading::default(),
            by_event,
            places: Places::default(),
            shapes: Shapes::default(),
            alike: Alike::default(),
            candidates: Candidates::new(lexicon),
            joins: 0,
            tries: 0,
            told: VecDeque::new(),
        }
    }

    pub(super) fn window(&mut self, window: Window<'_>) {
        let fresh = window.bytes.get(window.fresh..).unwrap_or_default();
        let mut start = 0;
        let mut number = window.line;
        while let Some(rest) = fresh.get(start..).filter(|rest| !rest.is_empty()) {
            let end = memchr(b'\n', rest).map_or(fresh.len(), |at| start + at);
            // What a terminal wrote over itself is a line each time.
            let mut from = start;
            while let Some(at) = fresh.get(from..end).and_then(|rest| memchr(b'\r', rest))
                && from + at + 1 < end
            {
                self.pieces(window, from, from + at, number);
                from += at + 1;
            }
            self.pieces(window, from, end, number);
            number += 1;
            start = end + 1;
        }
    }

    /// Looks at a line; at a long one in pieces, which overlap.
    fn pieces(&mut self, window: Window<'_>, start: usize, end: usize, number: u64) {
        let mut piece = start;
        while end - piece > LINE {
            self.line(window, piece, piece + LINE, number);
            piece += LINE - SEAM;
        }
        self.line(window, piece, end, number);
    }

    /// Looks at a line of the window, unless enough like it were.
    fn line(&mut self, window: Window<'_>, start: usize, end: usize, number: u64) {
        let lexicon = self.lexicon;
        let (start, end) = (window.fresh + start, window.fresh + end);
        let bytes = window.bytes.get(start..end).unwrap_or_default();
        let shape = match self.shapes.look(bytes, |word| lexicon.has_word(word)) {
            Look::Closer(shape) => shape,
            Look::Worn(worn) => {
                if worn.found {
                    self.tell(number);
                }
                if worn.ends {
                    self.places.end_program();
                }
                return;
            }
        };
        let mut candidates = match is_in_numbers(bytes) {
            true => self
                .candidates
                .of(lexicon, unwrap(bytes).join(" ").as_bytes()),
            false => self.candidates.of(lexicon, bytes),
        };
        if candidates.is_empty() {
            return;
        }
        let ends = |entry: &u32| lexicon.purpose(*entry) == Some(Purpose::Verdict);
        let is_end = candidates.iter().any(ends);
        if is_end {
            self.shapes.ends(shape);
        }
        // Of what a log tells about its host each line is another one.
        let told = |entry: &u32| matches!(lexicon.purpose(*entry), Some(Purpose::Fact(_)));
        let words = self.candidates.said;
        if !candidates.iter().any(told)
            && let Some(found) = self.alike.worn(words)
        {
            if found {
                self.tell(number);
            }
            if is_end {
                self.places.end_program();
            }
            return;
        }
        let before = window.bytes.get(..start).unwrap_or_default();
        let mut said = unwrap(bytes);
        let after = window.bytes.get(end..).unwrap_or_default();
        if let [text] = said.as_mut_slice()
            && let Some(more) = causes_below(text, after).or_else(|| printed_below(text, after))
        {
            text.push_str(&more);
            candidates = self.candidates.of(lexicon, text.as_bytes());
        }
        let says_something = |entry: &u32| {
            let purpose = lexicon.purpose(*entry);
            matches!(purpose, Some(Purpose::Noise(_) | Purpose::Symptom(..)))
        };
        if let [text] = said.as_slice()
            && candidates.iter().any(says_something)
            && self.goes_on_as_noise(
                text,
                window.bytes.get(end + 1..).unwrap_or_default(),
                number,
            )
        {
            return;
        }
        let mut found = false;
        for (index, text) in said.iter().enumerate() {
            let place = Place {
                number,
                inside: said.get(..index).unwrap_or_default(),
                rest: said.get(index + 1..).unwrap_or_default(),
                before,
                after,
            };
            found |= self.said(&candidates, text, place);
        }
        if found {
            self.shapes.found(shape);
            self.alike.found(words);
        }
        if !found && let [text] = said.as_slice() {
            let rest = window.bytes.get(end + 1..).unwrap_or_default();
            self.said_on_two(text, rest, before, number);
        }
    }

    /// Tries the candidates on what a line says, and tells whether something was found.
    pub(super) fn said(&mut self, candidates: &[u32], text: &str, at: Place<'_>) -> bool {
        let (lexicon, number) = (self.lexicon, at.number);
        self.places.next();
        let mut events: Vec<Event> = Vec::new();
        let mut symptoms = Vec::new();
        let mut lacked = Vec::new();
        let (mut ended, mut is_noise, mut is_harmless) = (false, false, false);
        let mut about = None;
        let mut speaking = BTreeSet::new();
        for &entry in candidates {
            match lexicon.purpose(entry) {
                Some(Purpose::Noise(noise)) if lexicon.is_match(entry, text) => {
                    self.reading.keep_noise(noise, number, text);
                    let noise = self.catalogue.noise.get(noise);
                    is_harmless |= !noise.is_some_and(Noise::depends);
                    is_noise = true;
                }
                Some(Purpose::NoiseAlso(noise)) if lexicon.is_match(entry, text) => {
                    self.reading.noise_also.insert(noise);
                    self.candidates.retire(entry);
                }
                Some(Purpose::NoiseWithout(noise)) if lexicon.is_match(entry, text) => {
                    self.reading.noise_without.insert(noise);
                    self.candidates.retire(entry);
                }
                Some(Purpose::Form(index)) => {
                    let Some(captures) = lexicon.captures(entry, text) else {
                        continue;
                    };
                    if let Some((loader, operation, _)) = FORMS.get(index) {
                        speaking.insert(*loader);
                        // What Go's library says is short and other programs say it, too.
                        self.reading.about_bpf |= *loader != Loader::Ebpf;
                        let names = lexicon.groups(entry, &captures);
                        events.push(Event::told(*operation, names, text));
                    }
                }
                Some(Purpose::Loose(index)) => {
                    if let Some(captures) = lexicon.captures(entry, text)
                        && let Some((operation, _)) = LOOSE.get(index)
                    {
                        let names = lexicon.groups(entry, &captures);
                        events.push(Event::told(*operation, names, text).in_words_of(Voice::Loose));
                    }
                }
                Some(Purpose::Lacking) => {
                    if let Some(captures) = lexicon.captures(entry, text) {
                        lacked.extend(lacking::of(&captures));
                    }
                }
                Some(Purpose::Dialect(index)) if lexicon.is_match(entry, text) => {
                    if let Some((loader, _)) = DIALECTS.get(index) {
                        self.reading.loaders.insert(*loader);
                    }
                    self.candidates.retire(entry);
                }
                Some(Purpose::Subject) if lexicon.is_match(entry, text) => {
                    self.reading.about_bpf = true;
                    self.candidates.retire(entry);
                }
                Some(Purpose::About) => about = Some(entry),
                Some(Purpose::AtWork) if lexicon.is_match(entry, text) => {
                    self.reading.at_work = Some((number, quotable_at(text, 0)));
                    self.candidates.retire(entry);
                }
                Some(Purpose::Complaint)
                    if self.reading.complains || lexicon.is_match(entry, text) =>
                {
                    self.reading.complains = true;
                    if tells_failure(text) {
                        self.reading.suffers = true;
                        self.candidates.retire(entry);
                    }
                }
                Some(Purpose::Verdict) if lexicon.is_match(entry, text) => ended = true,
                Some(Purpose::Also(check, index)) if lexicon.is_match(entry, text) => {
                    self.reading.also.insert((check, index));
                    self.candidates.retire(entry);
                }
                Some(Purpose::Without(check, index)) if lexicon.is_match(entry, text) => {
                    self.reading.without.insert((check, index));
                    self.candidates.retire(entry);
                }
                Some(Purpose::Fact(index)) => self.fact(entry, index, text, at),
                Some(Purpose::Symptom(check, index)) => {
                    if self.places.are_enough(check, index) {
                        self.candidates.retire(entry);
                    }
                    symptoms.push((entry, check, index));
                }
                _ => {}
            }
        }
        // What programs on libbpf say is said by others, too, who are named by more.
        if speaking.len() > 1 && !text.to_ascii_lowercase().contains("libbpf") {
            speaking.remove(&Loader::Libbpf);
        }
        self.reading.loaders.append(&mut speaking);
        if is_harmless {
            return true;
        }
        // Where a loader says it in its own words, nothing is to be made of general ones.
        if let Some(own) = events.iter().map(|event| event.voice).min() {
            events.retain(|event| event.voice == own);
        }
        keep_special(&mut events);
        if !events.is_empty() && tells_success(text) {
            events.retain(|event| event.errno.is_some());
        }
        let mut hits: Vec<Found> = Vec::new();
        for (entry, check, index) in symptoms {
            let Some(symptom) = self.symptom(check, index) else {
                continue;
            };
            if let Some(captures) = lexicon.captures(entry, text)
                && let Some(names) = fitting(symptom, &events, text)
            {
                let mut names = names.clone();
                names.extend(lexicon.groups(entry, &captures));
                let place = captures.get(0).map_or(0, |found| found.start());
                let matched = captures.get(0).map_or(&b""[..], |found| found.as_bytes());
                let matched = String::from_utf8_lossy(matched);
                let mood = match symptom.event.is_empty() {
                    true => mood(text, place, place + matched.len()),
                    false => Mood::Fact,
                };
                let aside = match symptom.verifier {
                    Some(_) => at.is_before_code() || is_explained(text),
                    None => symptom.event.is_empty() && is_mention(text, &matched),
                };
                let is_aside = aside
                    || matches!(mood, Mood::Given | Mood::Denied)
                    || is_example(text, place, place + matched.len());
                hits.push(Found {
                    symptom: (check, index),
                    names,
                    text: quotable_at(text, place),
                    aside: is_aside,
                    plain: is_plain(&matched),
                    coded: is_coded(&matched) || is_measured(text.get(place..).unwrap_or_default()),
                    guessed: false,
                    mood: if symptom.verifier.is_some() {
                        mood.of_verifier()
                    } else {
                        mood
                    },
                });
            }
        }
        for lacked in lacked {
            self.by_event(&lacked.event, text, &mut hits, lacked.mood(text));
        }
        // What failed stands on this line; why, perhaps on the next.
        let is_about = about.is_some_and(|entry| lexicon.is_match(entry, text));
        let found = hits.iter().any(|hit| !hit.aside);
        let is_left_open = !found && !is_noise && events.is_empty() && is_about;
        if is_left_open {
            events.extend(general::event(text));
        }
        if self.is_listed(&mut hits, &mut events, text, at) {
            return is_noise;
        }
        for event in &events {
            if let Some(errno) = event.errno {
                self.reading.keep_failed(number, event.operation, errno);
            }
        }
        for event in &events {
            self.by_event(event, text, &mut hits, Mood::Fact);
        }
        if !hits.is_empty() && is_of_change(text, at.before) {
            hits.iter_mut().for_each(|hit| hit.aside = true);
        }
        let about_bpf = self
            .reading
            .loaders
            .iter()
            .any(|loader| *loader != Loader::Ebpf);
        let failed = !events.is_empty() && (about_bpf || text.to_ascii_lowercase().contains("bpf"));
        let is_marked = || {
            let said = without_source(text);
            is_error(text) && about.is_some_and(|entry| lexicon.is_match(entry, &said))
        };
        if failed || is_left_open && is_marked() {
            let noise = self.noise_of(text, None);
            self.reading.keep_failure(number, text, noise);
        }
        for hit in hits {
            self.hit(hit, at);
        }
        if found {
            self.tell(number);
        }
        if ended {
            if text.contains(" insns") || text.contains("END") && !text.contains("BTF") {
                self.refusal(at);
            }
            self.places.end_program();
        }
        found || is_noise
    }
}
