//! A part of a JSON report whose layout is known, so that others are read by what they have
//! in common with it.
//!
//! Two reports of like hosts differ in a few values that nobody asks for: how long an
//! experiment took, what a file says. Bytes that are the same mean the same, as long as all
//! before them does. So both are compared as memory is, and where they differ, only the
//! smallest value around that place is read, in the one as in the other: it must be a value,
//! and what follows it must be the same again. Where they may not differ, nothing is known.

use super::scan::{self, Note};

/// So many values that were others before are kept in mind.
const USUAL: usize = 400;
/// No value is around this one.
const NONE: u32 = u32::MAX;

/// A part of a report, and the values in it that may be others.
#[derive(Debug)]
pub(super) struct Layout {
    bytes: Box<[u8]>,
    /// In the order in which they begin.
    values: Box<[Value]>,
    /// Those with no value in them that were others before, in their order: the same few are
    /// others in nearly every report.
    usual: Vec<u32>,
}

/// A value that may be another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Value {
    start: u32,
    end: u32,
    /// The value around it.
    around: u32,
    /// What it must begin with, if it must be a list or a map.
    begin: Option<u8>,
}

/// Takes down the values of a part.
#[derive(Debug)]
pub(super) struct Plan {
    /// Where the part begins.
    base: usize,
    values: Vec<Value>,
    open: u32,
}

impl Plan {
    /// Of a part that begins here.
    pub(super) fn new(base: usize) -> Self {
        Self {
            base,
            values: Vec::new(),
            open: NONE,
        }
    }

    /// The end of the list (`[`) or map (`{`) that begins here, which may be another one.
    pub(super) fn container(&mut self, text: &[u8], at: usize, begin: u8) -> Option<usize> {
        if text.get(at) != Some(&begin) {
            return None;
        }
        let number = self.values.len();
        let end = scan::value(text, at, self)?;
        self.values.get_mut(number)?.begin = Some(begin);
        Some(end)
    }

    /// The layout of this part.
    pub(super) fn of(self, text: &[u8], end: usize) -> Option<Layout> {
        Some(Layout {
            bytes: text.get(self.base..end)?.into(),
            values: self.values.into(),
            usual: Vec::new(),
        })
    }

    fn place(&self, at: usize) -> u32 {
        // No document is as large as this.
        u32::try_from(at - self.base).unwrap_or(NONE)
    }
}

impl Note for Plan {
    fn begin(&mut self, at: usize) -> usize {
        let number = self.values.len();
        let (start, around) = (self.place(at), self.open);
        self.values.push(Value {
            start,
            end: start,
            around,
            begin: None,
        });
        self.open = u32::try_from(number).unwrap_or(NONE);
        number
    }

    fn end(&mut self, number: usize, at: usize) {
        let end = self.place(at);
        if let Some(value) = self.values.get_mut(number) {
            value.end = end;
            self.open = value.around;
        }
    }
}

/// A place in a layout, and the same place in a text.
type Pair = (usize, usize);

impl Layout {
    /// How much memory it takes.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() + size_of_val(&*self.values) + USUAL * size_of::<u32>()
    }

    /// Where the same part ends in this text, if it begins here, and how many values are others.
    /// `moves` is room.
    pub(super) fn follow(
        &mut self,
        text: &[u8],
        at: usize,
        moves: &mut Vec<Pair>,
    ) -> Option<(usize, usize)> {
        moves.clear();
        moves.push((0, at));
        let (mut here, mut there, mut from, mut others) = (0, at, 0, 0);
        let mut place = 0;
        loop {
            let same = common(self.bytes.get(here..)?, text.get(there..)?);
            here += same;
            there += same;
            if here == self.bytes.len() {
                return Some((there, others));
            }
            others += 1;
            let next = text.get(there).copied();
            let (number, mut value) = match self.usually(here, next, &mut place) {
                Some(known) => known,
                None => {
                    let (number, value) = self.around(here, from, next)?;
                    self.learn(number, value, place);
                    (number, value)
                }
            };
            from = number;
            (here, there) = loop {
                let start = value.start as usize;
                // What was read before within that value is read with it.
                while moves.last().is_some_and(|(before, _)| *before > start) {
                    moves.pop();
                }
                let (before, begin) = moves.last()?;
                let begin = begin + (start - before);
                if value.begin.is_some() && value.begin.as_ref() != text.get(begin) {
                    return None;
                }
                let end = scan::value(text, begin, &mut ());
                let ends = end.map(|end| (value.end as usize, end));
                match ends {
                    Some(ends) if ends != (here, there) => break ends,
                    // There is none, or a number that looked as if it went on.
                    _ => {}
                }
                value = *self.values.get(value.around as usize)?;
            };
            moves.push((here, there));
        }
    }

    /// The smallest value around this place, if it was another one before; `place` is where
    /// among those is looked first.
    fn usually(&self, at: usize, next: Option<u8>, place: &mut usize) -> Option<(usize, Value)> {
        loop {
            let number = *self.usual.get(*place)? as usize;
            let value = *self.values.get(number)?;
            if value.start as usize > at {
                return None;
            }
            if self.reaches(value, at, next) {
                return Some((number, value));
            }
            *place += 1;
        }
    }

    /// Keeps a value for [`usually`](Self::usually), if no other is in it.
    fn learn(&mut self, number: usize, value: Value, place: usize) {
        let inner = self.values.get(number + 1);
        if inner.is_some_and(|inner| inner.start < value.end) {
            return;
        }
        let number = u32::try_from(number).unwrap_or(NONE);
        let later = self.usual.get(place..).unwrap_or_default();
        let place = place + later.partition_point(|known| *known < number);
        if self.usual.get(place) != Some(&number) && self.usual.len() < USUAL {
            self.usual.insert(place, number);
        }
    }

    /// Whether this place is in a value, or where a number may go on that ends here.
    fn reaches(&self, value: Value, at: usize, next: Option<u8>) -> bool {
        let end = value.end as usize;
        let goes_on = || {
            let last = self.bytes.get(end.checked_sub(1)?)?;
            Some(last.is_ascii_digit() && scan::is_numeric(next?))
        };
        end > at || (end == at && goes_on() == Some(true))
    }

    /// The smallest value around this place; a number may go on where it ends here.
    fn around(&self, at: usize, from: usize, next: Option<u8>) -> Option<(usize, Value)> {
        let later = self.values.get(from..)?;
        // Most are near.
        let mut reach = 8;
        while later
            .get(reach)
            .is_some_and(|value| value.start as usize <= at)
        {
            reach *= 2;
        }
        let near = later.get(..reach).unwrap_or(later);
        let count = near.partition_point(|value| value.start as usize <= at);
        let mut number = (from + count).checked_sub(1)?;
        loop {
            let value = *self.values.get(number)?;
            if self.reaches(value, at, next) {
                return Some((number, value));
            }
            number = value.around as usize;
        }
    }
}

/// How many bytes at the beginning are the same.
fn common(one: &[u8], other: &[u8]) -> usize {
    const BLOCK: usize = 512;
    const STEP: usize = 32;
    const WORD: usize = 8;
    // Where values differ, they do so every hundred bytes; else there are thousands.
    let mut at = alike::<STEP>(one, other, 0, BLOCK);
    if at >= BLOCK {
        at = alike::<BLOCK>(one, other, at, usize::MAX);
        at = alike::<STEP>(one, other, at, usize::MAX);
    }
    while let (Some(a), Some(b)) = (chunk::<WORD>(one, at), chunk::<WORD>(other, at)) {
        let differ = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if differ != 0 {
            return at + differ.trailing_zeros() as usize / WORD;
        }
        at += WORD;
    }
    let rest = [one, other].map(|text| text.get(at..).unwrap_or_default());
    let rest = rest[0].iter().zip(rest[1]);
    at + rest.take_while(|(a, b)| a == b).count()
}

/// So many bytes from this place.
#[inline]
fn chunk<const SIZE: usize>(text: &[u8], at: usize) -> Option<&[u8; SIZE]> {
    text.get(at..)?.first_chunk()
}

/// How far both are the same in pieces of this size, from this place on, and about to that one.
#[inline]
fn alike<const SIZE: usize>(one: &[u8], other: &[u8], mut at: usize, to: usize) -> usize {
    while at < to
        && let (Some(a), Some(b)) = (chunk::<SIZE>(one, at), chunk::<SIZE>(other, at))
        && a == b
    {
        at += SIZE;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{"a":[...],"b":{...}}`, whose two values may be others.
    fn layout(text: &str) -> Layout {
        let text = text.as_bytes();
        let mut plan = Plan::new(0);
        let end = plan.container(text, 5, b'[').unwrap();
        plan.container(text, end + 5, b'{').unwrap();
        plan.of(text, text.len()).unwrap()
    }

    #[test]
    fn values_may_be_others_and_nothing_else() {
        let mut known = layout(r#"{"a":[1,{"c":"x","d":[]},[2,3]],"b":{"e":{"f":12},"g":null}}"#);
        for (text, others) in [
            (
                r#"{"a":[1,{"c":"x","d":[]},[2,3]],"b":{"e":{"f":12},"g":null}}"#,
                Some(0),
            ),
            (
                r#"{"a":[1,{"c":"yy","d":[]},[2,3]],"b":{"e":{"f":12},"g":null}}"#,
                Some(1),
            ),
            // Numbers that are longer, shorter, or others at their end.
            (
                r#"{"a":[17,{"c":"x","d":[]},[2,3]],"b":{"e":{"f":1},"g":null}}"#,
                Some(2),
            ),
            (
                r#"{"a":[1.5,{"c":"x","d":[]},[2,3]],"b":{"e":{"f":123},"g":null}}"#,
                Some(2),
            ),
            (
                r#"{"a":[1e5,{"c":"x","d":[]},[2,33]],"b":{"e":{"f":12},"g":true}}"#,
                Some(3),
            ),
            // Of another kind, and in other numbers.
            (
                r#"{"a":[{},{"c":"x","d":[7]},[2,3,4]],"b":{"e":{"f":12,"h":1},"g":null}}"#,
                Some(4),
            ),
            (
                r#"{"a":[1,{"c":[9],"d":[]},[2]],"b":{"e":{"f":12},"g":"n"}}"#,
                Some(3),
            ),
            (r#"{"a":[],"b":{}}"#, Some(2)),
            // Once by itself, and once more with all around it.
            (
                r#"{"a":[1,{"c":"y","x":[]},[2,3]],"b":{"e":{"f":12},"g":null}}"#,
                Some(2),
            ),
            (
                r#"{"a":[1, {"c":"x","d":[]},[2,3]],"b":{"e":{"f":12},"g":null}}"#,
                Some(1),
            ),
            (r#"{"a":{},"b":{"e":{"f":12},"g":null}}"#, None),
            (r#"{"a":[],"b":[]}"#, None),
            (r#"{"a":[],"c":{}}"#, None),
            (r#"{"a":[],"b":{},"c":1}"#, None),
            (r#"{"a":[01,{"c":"x","d":[]},[2,3]],"b":{}}"#, None),
            (
                r#"{"a":[1,{"c":"x","d":[]},[2,3]],"b":{"e":{"f":12},"g":nul}}"#,
                None,
            ),
            (
                r#"{"a":[1,{"c":"x","d":[]},[2,3]],"b":{"e":{"f":12},"g":null}"#,
                None,
            ),
            (r#"{"a":[1,{"c":"x","d":[]"#, None),
            ("", None),
        ] {
            let followed = known.follow(text.as_bytes(), 0, &mut Vec::new());
            assert_eq!(
                followed,
                others.map(|others| (text.len(), others)),
                "{text}"
            );
        }
    }

    #[test]
    fn how_much_is_the_same() {
        let text: Vec<u8> = (0..1300_u32).map(|number| (number % 251) as u8).collect();
        for length in 0..text.len() {
            assert_eq!(common(&text, &text[..length]), length);
            assert_eq!(common(&text[..length], &text), length);
            let mut other = text.clone();
            other[length] ^= 0x80;
            assert_eq!(common(&text, &other), length);
        }
    }

    /// Whatever is done to a text: what is followed to its end is JSON, and the same outside of
    /// the two values.
    #[test]
    fn what_is_followed_is_json() {
        let text = r#"{"a":[1,{"c":"x\"y","d":[]},[20,3.5],true,"é"],"b":{"e":{"f":-12e3},"g":null,"h":[[],{}]}}"#;
        let mut known = layout(text);
        let mut random = crate::fleet::tests::random(3);
        let (mut moves, mut followed) = (Vec::new(), 0);
        for _ in 0..20_000 {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..=random(2) {
                let at = random(bytes.len());
                let bits = b"0123456789.eE+-,:[]{}\"\\ tnfu\x00\xc3";
                let bit = bits[random(bits.len())];
                match random(4) {
                    0 => drop(bytes.remove(at)),
                    1 => bytes.insert(at, bit),
                    2 => bytes[at] = bit,
                    _ => {
                        let other = random(bytes.len());
                        let part = bytes[at.min(other)..at.max(other)].to_vec();
                        let to = random(bytes.len());
                        bytes.splice(to..to, part);
                    }
                }
            }
            let followed_now = known.follow(&bytes, 0, &mut moves);
            // What was met before changes nothing but the time it takes.
            assert_eq!(layout(text).follow(&bytes, 0, &mut moves), followed_now);
            let Some((end, _)) = followed_now else {
                continue;
            };
            followed += 1;
            let shown = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let value: serde_json::Value = serde_json::from_slice(&bytes[..end]).expect(&shown);
            assert!(value["a"].is_array() && value["b"].is_object(), "{shown}");
            assert!(
                shown.starts_with("{\"a\":[") && shown.ends_with("}}"),
                "{shown}"
            );
        }
        assert!(followed > 1000, "only {followed}");
    }
}
