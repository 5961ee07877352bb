//! Lines that differ in numbers alone say one thing over and over: after some of a kind the
//! others are passed over, so that a log full of one error is read as fast as any.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};

/// So many lines of one shape are looked at. More than the places of a symptom that are
/// kept, as the first ones may belong to something that is kept already.
const ENOUGH: u8 = 24;
/// So many shapes are remembered; a log of more is read more slowly.
const SHAPES: usize = 1 << 16;
/// Longer numbers are no errors.
const LONGEST_ERROR: usize = 3;

/// The shapes a log had so far.
#[derive(Default)]
pub(super) struct Shapes {
    counts: HashMap<u64, u8>,
}

impl Shapes {
    /// Whether enough lines of this shape were looked at.
    pub(super) fn is_worn(&mut self, line: &[u8]) -> bool {
        let shape = shape(line);
        match self.counts.get_mut(&shape) {
            Some(count) if *count >= ENOUGH => true,
            Some(count) => {
                *count += 1;
                false
            }
            None => {
                if self.counts.len() < SHAPES {
                    self.counts.insert(shape, 1);
                }
                false
            }
        }
    }
}

/// A line without the numbers that are no errors: times, addresses, places.
fn shape(line: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut rest = line;
    while let Some(start) = rest.iter().position(u8::is_ascii_digit) {
        let (before, digits) = rest.split_at(start);
        hasher.write(before);
        let hexadecimal = digits.starts_with(b"0x");
        let is_part = |byte: &u8| match hexadecimal {
            true => byte.is_ascii_hexdigit() || *byte == b'x',
            false => byte.is_ascii_digit(),
        };
        let end = digits.iter().position(|byte| !is_part(byte));
        let (number, after) = digits.split_at(end.unwrap_or(digits.len()));
        if !hexadecimal && number.len() <= LONGEST_ERROR && may_be_error(before) {
            hasher.write(number);
        } else {
            hasher.write_u8(b'0');
        }
        rest = after;
    }
    hasher.write(rest);
    hasher.finish()
}

/// Whether a number after this may be that of an error or of a helper.
fn may_be_error(before: &[u8]) -> bool {
    match before {
        [.., b'-' | b'(' | b'#' | b'='] => true,
        [words @ .., b' '] => {
            let tail = words.get(words.len().saturating_sub(5)..);
            let tail = tail.unwrap_or_default().to_ascii_lowercase();
            tail.ends_with(b"error") || tail.ends_with(b"errno") || tail.ends_with(b"code")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_shape_differ_in_places_and_times_alone() {
        let rows: [(&str, &str, bool); 6] = [
            ("[  1.25] oom 0xffff8a", "[ 1234.5] oom 0x17", false),
            ("[1.25] oom 0xffff8a", "[1234.5] oom 0x17", true),
            ("10:00:01 insn 12 bad", "11:59:02 insn 4711 bad", true),
            ("failed: -22", "failed: -1", false),
            ("unknown#112", "unknown#113", false),
            ("Unknown error 524", "Unknown error 95", false),
        ];
        for (left, right, same) in rows {
            let same_shape = shape(left.as_bytes()) == shape(right.as_bytes());
            assert_eq!(same_shape, same, "{left}, {right}");
        }
        let mut shapes = Shapes::default();
        assert!((0..ENOUGH).all(|_| !shapes.is_worn(b"at 1")));
        assert!(shapes.is_worn(b"at 2") && !shapes.is_worn(b"in 2"));
    }
}
