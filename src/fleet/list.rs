//! Where in a list of JSON a stream is, and where what is none of its reports ends.

use memchr::memchr;

use super::ends::{End, string_end};
use super::rejoin::begins_within;
use crate::yaml::DEEPEST;

/// Longest word or number that is looked at.
const WORD: usize = 64;
/// So much of a line is looked at to know whether a list begins there.
const LINE: usize = 64 << 10;

/// The list at hand.
#[derive(Default)]
pub(super) struct List {
    /// How many brackets are open.
    depth: usize,
    /// How many items of the outermost one began; none where they were not seen.
    items: Option<u64>,
    /// Whether nothing was found yet in the list that is an item.
    hollow: bool,
    /// Whether what tells that it was cut off was met: an item that was, or its end with the stream.
    cut: bool,
}

/// More lists in each other than anything that is read.
const TOO_DEEP: &[u8] = &[b'['; DEEPEST + 1];

impl List {
    pub(super) fn is_open(&self) -> bool {
        self.depth > 0
    }

    /// Passes over what stands between values: how much of it, and what is to be told there, a
    /// list that is an item and has nothing in it, or one too many in others.
    pub(super) fn pass(&mut self, between: &[u8]) -> (usize, Option<&'static [u8]>) {
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
                    self.cut = false;
                    if self.depth == TOO_DEEP.len() {
                        self.hollow = false;
                        return (at + 1, Some(TOO_DEEP));
                    }
                }
                b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 1 && std::mem::take(&mut self.hollow) {
                        return (at + 1, Some(b"[]"));
                    }
                }
                _ => {}
            }
        }
        (between.len(), None)
    }

    /// Ends with the stream: whether a list began that has no end, and nothing told of that yet.
    pub(super) fn ends_open(&mut self) -> bool {
        let is_open = !self.cut && (1..TOO_DEEP.len()).contains(&self.depth);
        self.cut = true;
        is_open
    }

    /// The number of the list that was just passed.
    pub(super) fn passed(&self) -> Option<u64> {
        self.items.filter(|items| *items > 0)
    }

    /// The number of the item that begins here, or in which this is.
    pub(super) fn item(&self) -> Option<u64> {
        match self.depth {
            0 => None,
            1 => self.items.map(|items| items + 1),
            _ => self.items,
        }
    }

    /// Passes over what began here, which may have no end of its own.
    pub(super) fn took(&mut self, is_whole: bool) {
        self.items = self.item();
        (self.hollow, self.cut) = (false, !is_whole);
    }

    /// Passes over nobody knows how many items.
    pub(super) fn lost_count(&mut self) {
        self.items = None;
        self.hollow = false;
    }
}

/// Whether a list of JSON begins here; none where what was read does not tell.
pub(super) fn begins_list(text: &[u8], ended: bool) -> Option<bool> {
    let Some(rest) = text.strip_prefix(b"[") else {
        return Some(false);
    };
    let between = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'[';
    let blank = rest.iter().take_while(|byte| between(byte)).count();
    goes_on_in_list(rest.get(blank..).unwrap_or_default(), ended)
}

/// Whether what stands here behind an opening bracket is an item of JSON, or of a list that has
/// reports in the same line; none where what was read does not tell.
pub(super) fn goes_on_in_list(text: &[u8], ended: bool) -> Option<bool> {
    if let Some(object) = text.strip_prefix(b"{") {
        let first = object.trim_ascii_start().first();
        return match first {
            None if !ended && object.len() < LINE => None,
            first => Some(matches!(first, Some(b'"' | b'}'))),
        };
    }
    let (line, is_all) = match memchr(b'\n', text) {
        Some(end) => (text.get(..end).unwrap_or_default(), true),
        None => (text, ended || text.len() > LINE),
    };
    let end = match line {
        [] if !is_all => return None,
        [b']', ..] => Some(0),
        _ => match scalar_end(line, is_all) {
            Some(End::At(end, _)) => Some(end),
            Some(End::Beyond) => return None,
            None => None,
        },
    };
    let behind = end.and_then(|end| line.get(end..)).unwrap_or_default();
    let behind = behind.trim_ascii_start();
    if behind.starts_with(b",") {
        return Some(true);
    }
    // Behind a list that ends at once nothing stands in its line but what JSON has there.
    if let Some(behind) = behind.strip_prefix(b"]") {
        return match behind.trim_ascii_start().first() {
            None => is_all.then_some(true),
            Some(first) => Some(b",[]{".contains(first)),
        };
    }
    // Rubbish, and a report behind it as the next item.
    match begins_within(line) {
        Some(next) => {
            let before = line.get(..next).unwrap_or_default();
            Some(before.trim_ascii_end().ends_with(b","))
        }
        None => is_all.then_some(false),
    }
}

/// How much stands before the list of reports that is all there is in an object, such as
/// `{"reports":[`; none where what was read does not tell, nothing where there is no such thing.
pub(super) fn wrapping(text: &[u8], ended: bool) -> Option<usize> {
    const SCHEMA: &[u8] = b"\"schema\"";
    const REPORT: &[u8] = b"\"bpf-doctor/report/";
    let (mut at, mut list) = (0, 0);
    for sign in [b"{", &b"\""[..], b":", b"[", b"{", SCHEMA, b":", REPORT] {
        let rest = text.get(at..).unwrap_or_default();
        let begin = rest.trim_ascii_start();
        at += rest.len() - begin.len();
        let is_key = sign == b"\"";
        let key = is_key.then(|| string_end(text, at)).flatten();
        let goes_on = (begin.len() < sign.len() && sign.starts_with(begin))
            || (is_key && key.is_none() && begin.starts_with(sign));
        if goes_on {
            let is_all = ended || text.len() > WORD + at;
            return is_all.then_some(0);
        }
        if !begin.starts_with(sign) || begin.starts_with(SCHEMA) && is_key {
            return Some(0);
        }
        if sign == b"[" {
            list = at;
        }
        at = key.map_or(at + sign.len(), |end| end + 1);
    }
    Some(list)
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
