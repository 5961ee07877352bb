//! What a terminal or a mailer broke into two lines, put together again.

use super::lexicon::Purpose;
use super::place::Place;
use super::rejoin::{NARROWEST, goes_on};
use super::search::Search;
use crate::catalogue::Noise;

/// So often a line is put together with the next one; a log with more was not copied from a
/// terminal.
const JOINS: usize = 2048;
/// Where the two are harmless together, the first may have lost its prefix.
const NARROWER: usize = 40;
/// So much of the next line is looked at.
const NEXT: usize = 512;

/// The line that begins here, if it may be the rest of the one above.
fn rest_of<'b>(
    above: &str,
    narrowest: usize,
    below: &'b [u8],
) -> Option<std::borrow::Cow<'b, str>> {
    if above.len() < narrowest {
        return None;
    }
    let next = below.split(|byte| *byte == b'\n').next()?;
    let next = String::from_utf8_lossy(next.get(..NEXT).unwrap_or(next));
    goes_on(above, next.trim()).then_some(next)
}

impl Search<'_> {
    /// Looks at a line together with the next one, if that may be its rest.
    pub(super) fn said_on_two(&mut self, text: &str, below: &[u8], before: &[u8], number: u64) {
        if self.joins >= JOINS {
            return;
        }
        let Some(next) = rest_of(text, NARROWEST, below) else {
            return;
        };
        self.joins += 1;
        let joined = [
            format!("{text}{}", next.trim()),
            format!("{} {}", text.trim_end(), next.trim()),
        ];
        let _any = joined.iter().any(|joined| {
            let mut candidates = self.candidates.of(self.lexicon, joined.as_bytes());
            // What the next line says alone is found there.
            candidates.retain(|entry| !self.lexicon.is_match(*entry, &next));
            let place = Place {
                number,
                inside: &[],
                rest: &[],
                before,
                after: b"",
            };
            self.said(&candidates, joined, place)
        });
    }

    /// Whether a line and its rest on the next say together what is harmless, where the first
    /// does not say it alone: then nothing is to be made of a part of it.
    pub(super) fn goes_on_as_noise(&mut self, text: &str, below: &[u8], number: u64) -> bool {
        if self.tries >= JOINS {
            return false;
        }
        let Some(next) = rest_of(text, NARROWER, below) else {
            return false;
        };
        self.tries += 1;
        let lexicon = self.lexicon;
        let joined = format!("{} {}", text.trim_end(), next.trim());
        let candidates = self.candidates.of(lexicon, joined.as_bytes());
        let noise = candidates.into_iter().find_map(|entry| {
            let Some(Purpose::Noise(noise)) = lexicon.purpose(entry) else {
                return None;
            };
            let depends = self.catalogue.noise.get(noise).is_none_or(Noise::depends);
            let is_whole = !depends
                && lexicon.is_match(entry, &joined)
                && !lexicon.is_match(entry, text)
                && !lexicon.is_match(entry, &next);
            is_whole.then_some(noise)
        });
        if let Some(noise) = noise {
            self.reading.keep_noise(noise, number, &joined);
        }
        noise.is_some()
    }
}
