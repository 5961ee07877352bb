//! A log, read once: which symptoms were found where, whose words it speaks, and what it
//! tells of its host.

use std::io::Read;

use super::found::{Cut, Reading};
use super::lexicon::Lexicon;
use super::mail::unmailed;
use super::read::{InputError, Reader, Window};
use super::rejoin::{Broken, REJOINED, rejoined};
use super::search::Search;
use crate::catalogue::Catalogue;

/// Looks for the symptoms of a catalogue, in any number of logs.
pub struct Searcher<'c> {
    catalogue: &'c Catalogue,
    lexicon: Lexicon,
}

impl std::fmt::Debug for Searcher<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let patterns = self.lexicon.len();
        f.debug_struct("Searcher")
            .field("patterns", &patterns)
            .finish_non_exhaustive()
    }
}

impl<'c> Searcher<'c> {
    /// Prepares the search for the symptoms of this catalogue.
    #[must_use]
    pub fn new(catalogue: &'c Catalogue) -> Self {
        Self {
            catalogue,
            lexicon: Lexicon::new(catalogue),
        }
    }

    /// Reads a log; at most `limit` bytes of it.
    ///
    /// # Errors
    /// If reading fails, or if it is no text.
    pub fn read(&self, input: &mut dyn Read, limit: u64) -> Result<Reading, InputError> {
        read(self.catalogue, &self.lexicon, input, limit)
    }
}

fn read(
    catalogue: &Catalogue,
    lexicon: &Lexicon,
    input: &mut dyn Read,
    limit: u64,
) -> Result<Reading, InputError> {
    let mut search = Search::new(catalogue, lexicon);
    let mut reader = Reader::new(input, limit);
    // Short logs are kept, to be looked at again as if a terminal had broken their lines.
    let mut whole: Option<Vec<u8>> = Some(Vec::new());
    while let Some(window) = reader.next()? {
        search.window(window);
        let fresh = window.bytes.get(window.fresh..).unwrap_or_default();
        match &mut whole {
            Some(kept) if kept.len() + fresh.len() <= REJOINED => kept.extend_from_slice(fresh),
            _ => whole = None,
        }
    }
    let (lines, bytes, cut) = (reader.lines(), reader.bytes, reader.cut);
    let mut reading = search.reading;
    let best = |reading: &Reading| reading.hits.iter().map(|hit| hit.weight).max();
    for broken in [Broken::Mail, Broken::Surely, Broken::Perhaps] {
        let joined = whole.as_deref().and_then(|whole| match broken {
            Broken::Mail => unmailed(whole),
            _ => rejoined(whole, broken),
        });
        let Some(joined) = joined else {
            continue;
        };
        if broken == Broken::Perhaps && !reading.hits.is_empty() {
            continue;
        }
        let again = read_joined(catalogue, lexicon, &joined);
        // What a broken line says by itself is less than what it says as a whole.
        if best(&again) > best(&reading) {
            reading = again;
        }
    }
    (reading.lines, reading.bytes) = (lines, bytes);
    reading.cut = cut.then_some(Cut::Bytes);
    Ok(reading)
}

/// Reads lines that were put together again, each with the number of its first.
fn read_joined(catalogue: &Catalogue, lexicon: &Lexicon, joined: &[(u64, String)]) -> Reading {
    let mut search = Search::new(catalogue, lexicon);
    let lines: Vec<&str> = joined.iter().map(|(_, line)| line.as_str()).collect();
    search.window(Window {
        bytes: lines.join("\n").as_bytes(),
        fresh: 0,
        line: 1,
    });
    let mut reading = search.reading;
    let number = |line: &mut u64| {
        let place = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
        *line = joined.get(place).map_or(*line, |(number, _)| *number);
    };
    reading.renumber(number);
    reading
}
