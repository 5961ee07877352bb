//! Which patterns are worth a try on a line: those that have a word of it, and of all else that
//! they ask for.

use super::lexicon::Lexicon;
use super::shapes::mixed;

/// The generation of patterns that have told what they can.
const DONE: u64 = u64::MAX;

/// What was looked at last, by line.
pub(super) struct Candidates {
    /// For each pattern the line it was last a candidate for; `DONE` if it is no longer
    /// looked for.
    seen: Vec<u64>,
    /// For each word the line it was last found in.
    words: Vec<u64>,
    generation: u64,
    /// The words of the line that was looked at last, one behind the other.
    pub(super) said: u64,
}

impl Candidates {
    pub(super) fn new(lexicon: &Lexicon) -> Self {
        Self {
            seen: vec![0; lexicon.len()],
            words: vec![0; lexicon.word_count()],
            generation: 1,
            said: 0,
        }
    }

    /// The patterns whose words these bytes have.
    pub(super) fn of(&mut self, lexicon: &Lexicon, bytes: &[u8]) -> Vec<u32> {
        self.generation += 1;
        let generation = self.generation;
        let mut candidates = Vec::new();
        let mut said = 0;
        for (word, owners) in lexicon.words(bytes) {
            let Some(last) = self.words.get_mut(word) else {
                continue;
            };
            if *last == generation {
                continue;
            }
            *last = generation;
            said = mixed(said, word as u64 + 1);
            for owner in owners {
                if let Some(seen) = self.seen.get_mut(*owner as usize)
                    && *seen != generation
                    && *seen != DONE
                {
                    *seen = generation;
                    candidates.push(*owner);
                }
            }
        }
        self.said = said ^ (said >> 32);
        let words = &self.words;
        let has = |word: u32| words.get(word as usize) == Some(&generation);
        candidates.retain(|entry| lexicon.may_match(*entry, has));
        candidates
    }

    /// This pattern has told what it can.
    pub(super) fn retire(&mut self, entry: u32) {
        if let Some(seen) = self.seen.get_mut(entry as usize) {
            *seen = DONE;
        }
    }
}
