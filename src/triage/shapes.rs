//! Lines that differ in numbers and in their first word alone say one thing over and over:
//! after some of a kind the others are passed over, so that most of a log costs no more than
//! a look at its bytes.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use memchr::memchr;

/// So many lines of one shape are looked at. More than the places of a symptom that are
/// kept, as the first ones may belong to something that is kept already.
const ENOUGH: u8 = 12;
/// So many shapes are remembered; then all are forgotten and counted anew.
const SHAPES: usize = 1 << 16;
/// Longer numbers are no errors.
const LONGEST_ERROR: usize = 3;
/// So many hexadecimal digits with a decimal one among them are an address or an id.
const ADDRESS: usize = 6;
/// A longer first word is no name of a host, a container or a time.
const FIRST_WORD: usize = 96;

/// What is known of a line's shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// It is to be looked at; the number is the shape's.
    Closer(u64),
    /// Enough like it were.
    Worn(Worn),
}

/// What lines of a worn shape are.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Worn {
    /// They end what the verifier says of a program.
    pub(super) ends: bool,
    /// A symptom was found on them.
    pub(super) found: bool,
}

#[derive(Default, Clone, Copy)]
struct Seen {
    count: u8,
    is: Worn,
}

/// Of lines that say the same to all patterns, so many are looked at.
const ALIKE: u8 = 48;

/// How often a log had the same words of patterns, one behind the other. What else such lines
/// have makes no other symptom of them, and of one symptom a few places are kept.
#[derive(Default)]
pub(super) struct Alike {
    seen: HashMap<u64, Said, BuildHasherDefault<Itself>>,
}

#[derive(Default, Clone, Copy)]
struct Said {
    count: u8,
    found: bool,
}

impl Alike {
    /// Where enough lines with these words were looked at: whether a symptom was found on them.
    pub(super) fn worn(&mut self, words: u64) -> Option<bool> {
        if self.seen.len() >= SHAPES {
            self.seen.clear();
        }
        let said = self.seen.entry(words).or_default();
        said.count = said.count.saturating_add(1);
        (said.count > ALIKE).then_some(said.found)
    }

    /// A symptom was found on a line with these words.
    pub(super) fn found(&mut self, words: u64) {
        self.seen.entry(words).or_default().found = true;
    }
}

/// The shapes a log had so far.
#[derive(Default)]
pub(super) struct Shapes {
    seen: HashMap<u64, Seen, BuildHasherDefault<Itself>>,
}

impl Shapes {
    /// Looks at a line; `telling` says whether its first word matters.
    pub(super) fn look(&mut self, line: &[u8], telling: impl Fn(&[u8]) -> bool) -> Look {
        let first = memchr(b' ', line.get(..FIRST_WORD).unwrap_or(line));
        let (first, rest) = line.split_at(first.unwrap_or_default());
        let shape = match telling(first) {
            true => shape(line),
            false => shape(rest),
        };
        if self.seen.len() >= SHAPES {
            self.seen.clear();
        }
        let seen = self.seen.entry(shape).or_default();
        if seen.count >= ENOUGH {
            return Look::Worn(seen.is);
        }
        seen.count += 1;
        Look::Closer(shape)
    }

    /// Lines of this shape end what the verifier says of a program.
    pub(super) fn ends(&mut self, shape: u64) {
        self.seen.entry(shape).or_default().is.ends = true;
    }

    /// A symptom was found on a line of this shape.
    pub(super) fn found(&mut self, shape: u64) {
        self.seen.entry(shape).or_default().is.found = true;
    }
}

/// Shapes are mixed already.
#[derive(Default)]
struct Itself(u64);

impl Hasher for Itself {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(mixed(self.0, u64::from(*byte)));
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

/// One number more in a shape.
pub(super) fn mixed(shape: u64, number: u64) -> u64 {
    (shape.rotate_left(5) ^ number).wrapping_mul(0x517c_c1b7_2722_0a95)
}

/// Some bytes more in a shape.
fn with(mut shape: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        shape = mixed(shape, u64::from_le_bytes(*word));
    }
    // What is left is shorter than a word, which leaves room for how long it is.
    let mut last = [0; 8];
    for (place, byte) in last.iter_mut().zip(rest) {
        *place = *byte;
    }
    mixed(shape, u64::from_le_bytes(last) | (rest.len() as u64) << 56)
}

/// Where the first decimal digit stands; eight bytes are looked at in one go.
fn first_digit(bytes: &[u8]) -> Option<usize> {
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        // A digit is one of ten values above `0`: what is more reaches the high bit.
        let value = u64::from_le_bytes(*word) ^ u64::from_ne_bytes([b'0'; 8]);
        let over = (value & !HIGH) + u64::from_ne_bytes([0x80 - 10; 8]);
        let digits = !(over | value) & HIGH;
        if digits != 0 {
            return Some(index * 8 + digits.trailing_zeros() as usize / 8);
        }
    }
    let place = rest.iter().position(u8::is_ascii_digit)?;
    Some(words.len() * 8 + place)
}

/// A line without the numbers that are no errors: times, addresses, ids, places.
fn shape(line: &[u8]) -> u64 {
    let mut shape = 0;
    let mut left = line;
    while let Some(place) = first_digit(left) {
        let (text, rest) = left.split_at(place);
        let digits = length(rest, u8::is_ascii_digit);
        let is_hexadecimal = |byte: &u8| byte.is_ascii_hexdigit();
        let more = rest.get(digits..).unwrap_or_default();
        let (wide, prefixed) = match rest {
            [b'0', b'x', digits @ ..] => (2 + length(digits, is_hexadecimal), true),
            _ => (digits + length(more, is_hexadecimal), false),
        };
        let letters = text.iter().rev().take(ADDRESS);
        let letters = letters.take_while(|byte| is_hexadecimal(byte)).count();
        let mut taken = digits;
        if prefixed || (wide > digits && wide + letters >= ADDRESS) {
            let text = text.get(..text.len() - letters).unwrap_or_default();
            shape = mixed(with(shape, text), u64::from(b'0'));
            taken = wide;
        } else if digits <= LONGEST_ERROR && may_be_error(text) {
            let number = rest.get(..digits).unwrap_or_default();
            shape = with(with(shape, text), number);
        } else {
            shape = mixed(with(shape, text), u64::from(b'0'));
        }
        left = rest.get(taken..).unwrap_or_default();
    }
    shape = with(shape, left);
    // The last bytes have to reach all bits.
    shape ^ (shape >> 32)
}

/// How many bytes at the beginning are of a kind.
fn length(bytes: &[u8], is_of_kind: impl Fn(&u8) -> bool) -> usize {
    let end = bytes.iter().position(|byte| !is_of_kind(byte));
    end.unwrap_or(bytes.len())
}

/// Whether a number after this may be that of an error or of a helper.
fn may_be_error(before: &[u8]) -> bool {
    match before {
        [.., b'-' | b'(' | b'#' | b'='] => true,
        [words @ .., b' '] => {
            let tail = words.get(words.len().saturating_sub(5)..);
            let tail = tail.unwrap_or_default();
            let ends = |word: &[u8]| {
                let end = tail.get(tail.len().saturating_sub(word.len())..);
                end.is_some_and(|end| end.eq_ignore_ascii_case(word))
            };
            ends(b"error") || ends(b"errno") || ends(b"code")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_shape_differ_in_places_and_times_alone() {
        let rows: [(&str, &str, bool); 9] = [
            ("[  1.25] oom 0xffff8a", "[ 1234.5] oom 0x17", false),
            ("[1.25] oom 0xffff8a", "[1234.5] oom 0x17", true),
            ("10:00:01 insn 12 bad", "11:59:02 insn 4711 bad", true),
            ("id 7f3ac9e2 bad", "id 91bb04aa bad", true),
            ("failed: -22", "failed: -1", false),
            ("unknown#112", "unknown#113", false),
            ("Unknown error 524", "Unknown error 95", false),
            ("R1 !read_ok", "R2 !read_ok", true),
            ("map create: EPERM", "map create: EINVAL", false),
        ];
        for (left, right, same) in rows {
            let same_shape = shape(left.as_bytes()) == shape(right.as_bytes());
            assert_eq!(same_shape, same, "{left}, {right}");
        }
    }

    #[test]
    fn after_enough_of_a_shape_it_is_worn() {
        let mut shapes = Shapes::default();
        let telling = |word: &[u8]| word.starts_with(b"bpf");
        let mut last = 0;
        for number in 0..ENOUGH {
            let line = format!("host-{} says 1", char::from(b'a' + number));
            match shapes.look(line.as_bytes(), telling) {
                Look::Closer(shape) => last = shape,
                Look::Worn(_) => panic!("{line}"),
            }
        }
        let worn = |ends, found| Look::Worn(Worn { ends, found });
        assert_eq!(shapes.look(b"host says 2", telling), worn(false, false));
        shapes.ends(last);
        assert_eq!(shapes.look(b"host says 2", telling), worn(true, false));
        shapes.found(last);
        assert_eq!(shapes.look(b"host says 2", telling), worn(true, true));
        assert!(matches!(
            shapes.look(b"bpftool says 2", telling),
            Look::Closer(_)
        ));
        assert!(matches!(
            shapes.look(b"host said 2", telling),
            Look::Closer(_)
        ));
    }

    #[test]
    fn the_first_digit_is_found_wherever_it_stands() {
        for text in [
            "",
            "no digit :/ \u{e9}\u{30}x",
            "0",
            "12345678",
            "/:@` 9",
            "abcdefgh-7",
        ] {
            let wanted = text.bytes().position(|byte| byte.is_ascii_digit());
            assert_eq!(first_digit(text.as_bytes()), wanted, "{text}");
        }
        let digit = |byte: u8| first_digit(&[b'a', b'b', byte, b'c', b'd', b'e', b'f', b'g']);
        for byte in 0..=u8::MAX {
            assert_eq!(digit(byte), byte.is_ascii_digit().then_some(2), "{byte:#x}");
        }
    }

    #[test]
    fn ends_of_texts_make_other_shapes() {
        let texts = [
            "",
            "a",
            "ab",
            "ba",
            "abcdefg",
            "abcdefgh",
            "abcdefgh\0",
            "a\0",
        ];
        for (place, text) in texts.iter().enumerate() {
            for other in texts.iter().skip(place + 1) {
                let is_same = shape(text.as_bytes()) == shape(other.as_bytes());
                assert!(!is_same, "{text:?}, {other:?}");
            }
        }
    }

    #[test]
    fn lines_with_the_same_words_are_worn_after_enough() {
        let mut alike = Alike::default();
        for _ in 0..ALIKE {
            assert_eq!(alike.worn(7), None);
        }
        assert_eq!(alike.worn(7), Some(false));
        alike.found(7);
        assert_eq!(alike.worn(7), Some(true));
        assert_eq!(alike.worn(8), None);
    }
}
