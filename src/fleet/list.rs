//! Where in a list of JSON a stream is, and where what is none of its reports ends.

use memchr::memchr;

use super::ends::{End, string_end};
use super::rejoin::begins_within;

/// Longest word or number that is looked at.
const WORD: usize = 64;

/// The list at hand.
#[derive(Default)]
pub(super) struct List {
    /// How many brackets are open.
    depth: usize,
    /// How many items of the outermost one began; none where they were not seen.
    items: Option<u64>,
    /// Whether nothing was found yet in the list that is an item.
    hollow: bool,
}

impl List {
    pub(super) fn is_open(&self) -> bool {
        self.depth > 0
    }

    /// Passes over what stands between values: how much of it, and whether there ends a list
    /// that is an item and has nothing in it.
    pub(super) fn pass(&mut self, between: &[u8]) -> (usize, bool) {
        for (at, byte) in between.iter().enumerate() {
            match byte {
                b'[' => {
                    match self.depth {
                        0 => self.items = Some(0),
                        1 => {
                            self.items = self.items.map(|items| items + 1);
                            self.hollow = true;
                        }
                        _ => {}
                    }
                    self.depth += 1;
                }
                b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 1 && std::mem::take(&mut self.hollow) {
                        return (at + 1, true);
                    }
                }
                _ => {}
            }
        }
        (between.len(), false)
    }

    /// The number of the list with nothing in it that was just passed.
    pub(super) fn passed(&self) -> Option<u64> {
        self.items
    }

    /// The number of the item that begins here, or in which this is.
    pub(super) fn item(&self) -> Option<u64> {
        match self.depth {
            0 => None,
            1 => self.items.map(|items| items + 1),
            _ => self.items,
        }
    }

    /// Passes over what began here.
    pub(super) fn took(&mut self) {
        self.items = self.item();
        self.hollow = false;
    }

    /// Passes over nobody knows how many items.
    pub(super) fn lost_count(&mut self) {
        self.items = None;
        self.hollow = false;
    }
}

/// Whether what stands here behind an opening bracket is an item of JSON, though no report, with
/// others behind it; none where what was read does not tell.
pub(super) fn goes_on_in_list(text: &[u8], ended: bool) -> Option<bool> {
    let end = match text {
        [b']', ..] => 1,
        _ => match scalar_end(text, ended) {
            Some(End::At(end, _)) => end,
            Some(End::Beyond) => return None,
            None => return Some(false),
        },
    };
    let behind = text.get(end..).unwrap_or_default().trim_ascii_start();
    match behind.first() {
        None if !ended => None,
        first => Some(first == Some(&b',')),
    }
}

/// The end of what is no object in a list: a word, a number, a text; else all up to the next
/// report, or to the end of the line.
pub(super) fn other_end(text: &[u8], ended: bool) -> End {
    if let Some(end) = scalar_end(text, ended) {
        return end;
    }
    let line = memchr(b'\n', text);
    let first = text.get(..line.unwrap_or(text.len())).unwrap_or_default();
    match (begins_within(first), line) {
        (Some(next), _) => End::At(next, next),
        (None, Some(end)) => End::At(end, end + 1),
        (None, None) if ended => End::At(text.len(), text.len()),
        (None, None) => End::Beyond,
    }
}

/// The end of a word, a number or a text of JSON behind which its list goes on or ends.
fn scalar_end(text: &[u8], ended: bool) -> Option<End> {
    let length = match text.first()? {
        b'"' => string_end(text, 0).map(|end| end + 1),
        _ => {
            let word = text.iter().take(WORD);
            let fits = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
            let length = word.take_while(fits).count();
            (length < text.len()).then_some(length)
        }
    };
    let Some(length) = length else {
        return (!ended).then_some(End::Beyond);
    };
    let (scalar, behind) = text.split_at_checked(length)?;
    if serde_json::from_slice::<serde::de::IgnoredAny>(scalar).is_err() {
        return None;
    }
    match behind.trim_ascii_start().first() {
        Some(b',' | b']') => Some(End::At(length, length)),
        None if !ended => Some(End::Beyond),
        _ => None,
    }
}

/// The end of an object of a list: where another report begins behind what is no whole value,
/// this one was cut off.
pub(super) fn object_end(text: &[u8], end: End, ended: bool, most: usize) -> End {
    let whole = match end {
        End::At(to, _) => text.get(..to),
        End::Beyond if ended || text.len() > most => Some(text),
        End::Beyond => None,
    };
    let whole = whole.unwrap_or_default();
    let Some(next) = begins_within(whole.get(1..).unwrap_or_default()) else {
        return end;
    };
    match serde_json::from_slice::<serde::de::IgnoredAny>(whole).is_ok() {
        true => end,
        false => End::At(next + 1, next + 1),
    }
}
