//! The words of findings, which many hosts share: bounded when they are read, and known by a
//! number from then on.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::digest::{Key, half};
use crate::diagnosis::{ByHand, Needs, RenderedFix, Severity, Status};

/// Longest name, label or title that is kept, in bytes.
pub(super) const NAME_LIMIT: usize = 256;
/// Longest reason, summary or command that is kept, in bytes.
const LINE_LIMIT: usize = 2 << 10;
/// Most commands of a fix that are kept.
const LINES_LIMIT: usize = 64;
/// Most fixes of a finding that are kept.
const FIXES_LIMIT: usize = 8;
/// Largest fixes of a finding that are kept, in bytes of all their texts.
const TEXT_LIMIT: usize = 8 << 10;
/// So many different findings are kept in words.
const KEPT: usize = 4096;
/// So many bytes of words are kept.
const KEPT_BYTES: usize = 8 << 20;

/// The words of a finding, which many hosts share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Words {
    /// The check's area.
    pub area: String,
    /// The failure in a few words.
    pub title: String,
    /// Why the status is what it is.
    pub because: String,
    /// What cures it, the cheapest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixes: Vec<Remedy>,
}

/// What is kept of a fix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Remedy {
    /// The kind of remedy.
    pub kind: String,
    /// What it does, in a line.
    pub summary: String,
    /// What to type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<String>,
    /// What it takes before it helps.
    pub needs: Needs,
    /// What it may break.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<String>,
    /// Whether it is not known that it helps.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub perhaps: bool,
}

/// A finding that fails or is unknown, in one of the ways that hosts have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Stands for everything below.
    pub key: Key,
    /// The check.
    pub check: Arc<str>,
    /// `fail` or `unknown`.
    pub status: Status,
    /// How much it matters.
    pub severity: Severity,
    /// The rest.
    pub words: Words,
}

impl Variant {
    /// Works out the key of bounded words.
    pub(super) fn new(check: &str, status: Status, severity: Severity, words: Words) -> Arc<Self> {
        let mut hash = Sha256::new();
        // Any text can stand in JSON, so that no two findings look alike to the hash.
        let parts = serde_json::to_vec(&(check, status, severity, &words)).unwrap_or_default();
        hash.update(&parts);
        Arc::new(Self {
            key: half(hash),
            check: check.into(),
            status,
            severity,
            words,
        })
    }
}

impl Words {
    /// Cuts what is too long.
    pub(super) fn bound(&mut self) {
        cut(&mut self.area, NAME_LIMIT);
        cut(&mut self.title, NAME_LIMIT);
        cut(&mut self.because, LINE_LIMIT);
        self.fixes.truncate(FIXES_LIMIT);
        let mut room = TEXT_LIMIT;
        for fix in &mut self.fixes {
            cut(&mut fix.kind, NAME_LIMIT);
            cut(&mut fix.summary, LINE_LIMIT.min(room));
            room -= fix.summary.len();
            fix.commands.truncate(LINES_LIMIT);
            for line in fix.commands.iter_mut().chain(&mut fix.risk) {
                cut(line, LINE_LIMIT.min(room));
                room -= line.len();
            }
            fix.commands.retain(|line| !line.is_empty());
            fix.commands.shrink_to_fit();
        }
    }

    /// How much of the room for words they take; the rest of it is for what holds them.
    fn size(&self) -> usize {
        let fixes = self.fixes.iter().map(|fix| {
            let lines = fix.commands.iter().chain(&fix.risk);
            let lines: usize = lines.map(|line| line.len() + 32).sum();
            fix.kind.len() + fix.summary.len() + lines + 128
        });
        let fixes: usize = fixes.sum();
        self.area.len() + self.title.len() + self.because.len() + fixes + 160
    }
}

impl From<RenderedFix> for Remedy {
    fn from(fix: RenderedFix) -> Self {
        Self {
            kind: fix.kind,
            summary: fix.summary,
            commands: fix.commands,
            needs: fix.needs,
            risk: fix.risk,
            perhaps: fix.by_hand == Some(ByHand::Perhaps),
        }
    }
}

/// Words by their findings, within bounds: those with the smallest keys, up to the first that
/// has no room. No order of adding changes which these are.
#[derive(Debug, Clone, Default)]
pub(super) struct Store {
    words: BTreeMap<Key, Arc<Words>>,
    size: usize,
    /// The smallest key that had no room; what follows it has none either.
    end: Option<Key>,
}

impl Store {
    /// Whether words of this finding would be kept.
    pub(super) fn has_room_for(&self, key: Key) -> bool {
        self.end.is_none_or(|end| key < end)
    }

    /// Keeps words if there is room.
    pub(super) fn keep(&mut self, key: Key, words: Arc<Words>) {
        if !self.has_room_for(key) || self.words.contains_key(&key) {
            return;
        }
        self.size += words.size();
        self.words.insert(key, words);
        while self.words.len() > KEPT || self.size > KEPT_BYTES {
            let Some((last, words)) = self.words.pop_last() else {
                return;
            };
            self.size -= words.size();
            self.end = Some(last);
        }
    }

    /// Keeps nothing from this key on, as where these words were kept before.
    pub(super) fn ends_at(&mut self, key: Key) {
        if self.has_room_for(key) {
            self.end = Some(key);
            for words in self.words.split_off(&key).into_values() {
                self.size -= words.size();
            }
        }
    }

    /// The smallest key without room.
    pub(super) fn end(&self) -> Option<Key> {
        self.end
    }

    /// The words of a finding.
    pub(super) fn get(&self, key: Key) -> Option<&Arc<Words>> {
        self.words.get(&key)
    }

    /// Adds those of another store.
    pub(super) fn join(&mut self, other: Self) {
        if let Some(end) = other.end {
            self.ends_at(end);
        }
        for (key, words) in other.words {
            self.keep(key, words);
        }
    }
}

/// Cuts a text where it is too long, at the end of a character, and shows it.
pub(super) fn cut(text: &mut String, limit: usize) {
    const DOTS: char = '…';
    if text.len() > limit {
        let room = limit.checked_sub(DOTS.len_utf8());
        let end = (0..=room.unwrap_or(limit)).rev();
        let end = end.into_iter().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
        if room.is_some() {
            text.push(DOTS);
        }
        text.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        for (text, limit, expected) in [
            ("aéz", 0, ""),
            ("aéz", 1, "a"),
            ("aéz", 2, "a"),
            ("aéz", 3, "…"),
            ("aéz", 4, "aéz"),
            ("aéz", 9, "aéz"),
            ("aéz-and-more", 5, "a…"),
            ("aéz-and-more", 6, "aé…"),
        ] {
            let mut cut_text = text.to_owned();
            cut(&mut cut_text, limit);
            assert_eq!(cut_text, expected);
            assert!(cut_text.len() <= limit.max(text.len()));
        }
    }

    fn words(length: usize) -> Arc<Words> {
        Arc::new(Words {
            area: String::new(),
            title: String::new(),
            because: "x".repeat(length),
            fixes: Vec::new(),
        })
    }

    /// By bytes as by number: the same choice in any order, and however it was dealt out.
    #[test]
    fn the_same_words_are_kept_in_any_order() {
        let mut state = 5_u64;
        let mut random = |limit: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % limit
        };
        for (count, most) in [(9000, 100), (6000, 10_000)] {
            let mut all: Vec<(Key, Arc<Words>)> = (0..count)
                .map(|_| (Key::from(random(1 << 40)), words(random(most) as usize)))
                .collect();
            let mut whole = Store::default();
            for (key, words) in &all {
                whole.keep(*key, Arc::clone(words));
            }
            assert!(whole.size <= KEPT_BYTES && whole.words.len() <= KEPT);
            assert!(whole.end.is_some());
            for parts in [1, 3, 7] {
                for place in (1..all.len()).rev() {
                    let other = random(place as u64 + 1) as usize;
                    all.swap(place, other);
                }
                let mut stores = vec![Store::default(); parts];
                for (key, words) in &all {
                    stores[random(parts as u64) as usize].keep(*key, Arc::clone(words));
                }
                let mut joined = Store::default();
                for store in stores {
                    joined.join(store);
                }
                assert_eq!(joined.end, whole.end);
                assert_eq!(joined.size, whole.size);
                assert!(joined.words.keys().eq(whole.words.keys()));
            }
        }
    }

    #[test]
    fn no_finding_has_words_without_end() {
        let fix = Remedy {
            kind: "k".repeat(1 << 13),
            summary: "s".repeat(1 << 13),
            commands: vec!["c".repeat(1 << 13); 100],
            needs: Needs::Nothing,
            risk: Some("r".repeat(1 << 13)),
            perhaps: true,
        };
        let mut words = Words {
            area: "a".repeat(1 << 13),
            title: "t".repeat(1 << 13),
            because: "b".repeat(1 << 13),
            fixes: vec![fix; 10],
        };
        words.bound();
        assert!(words.size() < 20 << 10, "{}", words.size());
        assert!(words.because.ends_with("b…") && words.because.len() == LINE_LIMIT);
        let again = words.clone();
        words.bound();
        assert_eq!(words, again);
    }
}
