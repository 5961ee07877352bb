//! Where values of JSON end, and whether they are JSON at all, without building anything.
//!
//! A little less than all of JSON is accepted: no halves of characters, and nothing that nests
//! deeper than any report. So a parser that skips what is accepted has no fault to find;
//! whatever else is valid is left to it.

/// Deepest value that is accepted.
const DEEPEST: usize = 60;

/// Is told of the values that are passed.
pub(super) trait Note {
    /// A value begins here; the answer is what it is called at its end.
    fn begin(&mut self, at: usize) -> usize;
    /// It ends here.
    fn end(&mut self, value: usize, at: usize);
}

/// Nobody wants to know.
impl Note for () {
    fn begin(&mut self, _at: usize) -> usize {
        0
    }

    fn end(&mut self, _value: usize, _at: usize) {}
}

/// A map or a list that is being passed. Whoever takes an entry goes on behind its value.
pub(super) struct Open<'a> {
    text: &'a [u8],
    /// Behind what was passed.
    pub(super) at: usize,
    is_first: bool,
    is_map: bool,
}

/// What comes next in a map or a list.
pub(super) enum Next<'a> {
    /// A value that begins here, with its key as it is written; lists have no keys.
    Entry(&'a [u8], usize),
    /// Nothing; it ends here.
    End(usize),
}

impl<'a> Open<'a> {
    /// The map at this place.
    pub(super) fn map(text: &'a [u8], at: usize) -> Option<Self> {
        Self::new(text, at, true)
    }

    /// The list at this place.
    pub(super) fn list(text: &'a [u8], at: usize) -> Option<Self> {
        Self::new(text, at, false)
    }

    fn new(text: &'a [u8], at: usize, is_map: bool) -> Option<Self> {
        let begin = if is_map { b'{' } else { b'[' };
        (text.get(at) == Some(&begin)).then_some(Self {
            text,
            at: at + 1,
            is_first: true,
            is_map,
        })
    }

    /// The next entry; none where this is no JSON.
    #[inline]
    pub(super) fn next(&mut self) -> Option<Next<'a>> {
        let text = self.text;
        let mut at = blank(text, self.at);
        let end = if self.is_map { b'}' } else { b']' };
        match text.get(at)? {
            byte if *byte == end => return Some(Next::End(at + 1)),
            _ if self.is_first => self.is_first = false,
            b',' => at = blank(text, at + 1),
            _ => return None,
        }
        if !self.is_map {
            return Some(Next::Entry(&[], at));
        }
        let key_end = string(text, at)?;
        let key = text.get(at + 1..key_end - 1)?;
        at = blank(text, key_end);
        if text.get(at) != Some(&b':') {
            return None;
        }
        Some(Next::Entry(key, blank(text, at + 1)))
    }
}

/// The end of the value that begins here, if it is one.
pub(super) fn value<N: Note>(text: &[u8], at: usize, note: &mut N) -> Option<usize> {
    within(text, at, note, 0)
}

fn within<N: Note>(text: &[u8], at: usize, note: &mut N, depth: usize) -> Option<usize> {
    let called = note.begin(at);
    let end = match text.get(at)? {
        b'"' => string(text, at)?,
        b'-' | b'0'..=b'9' => number(text, at)?,
        b't' => word(text, at, b"true")?,
        b'f' => word(text, at, b"false")?,
        b'n' => word(text, at, b"null")?,
        begin @ (b'{' | b'[') if depth < DEEPEST => {
            let mut open = Open::new(text, at, *begin == b'{')?;
            loop {
                match open.next()? {
                    Next::Entry(_, at) => open.at = within(text, at, note, depth + 1)?,
                    Next::End(end) => break end,
                }
            }
        }
        _ => return None,
    };
    note.end(called, end);
    Some(end)
}

/// Behind the space between two tokens.
#[inline]
pub(super) fn blank(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\t' | b'\r') = text.get(at) {
        at += 1;
    }
    at
}

fn word(text: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    let end = at + word.len();
    (text.get(at..end) == Some(word)).then_some(end)
}

fn digits(text: &[u8], mut at: usize) -> Option<usize> {
    let begin = at;
    while let Some(b'0'..=b'9') = text.get(at) {
        at += 1;
    }
    (at > begin).then_some(at)
}

fn number(text: &[u8], mut at: usize) -> Option<usize> {
    if text.get(at) == Some(&b'-') {
        at += 1;
    }
    at = match text.get(at) {
        Some(b'0') => at + 1,
        _ => digits(text, at)?,
    };
    if text.get(at) == Some(&b'.') {
        at = digits(text, at + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        at += 1;
        if let Some(b'+' | b'-') = text.get(at) {
            at += 1;
        }
        at = digits(text, at)?;
    }
    Some(at)
}

/// Whether this byte may be a part of a number.
pub(super) fn is_numeric(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

/// The end of the text in quotes that begins here.
#[inline]
pub(super) fn string(text: &[u8], at: usize) -> Option<usize> {
    if text.get(at) != Some(&b'"') {
        return None;
    }
    let begin = at + 1;
    let (mut at, mut is_wide) = (begin, false);
    loop {
        at += letters(text.get(at..)?);
        match text.get(at)? {
            b'"' => break,
            b'\\' => {
                at += match text.get(at + 1)? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
                    b'u' => {
                        let code = text.get(at + 2..at + 6)?;
                        let is_half = matches!(
                            code,
                            [b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F', ..]
                        );
                        if is_half || !code.iter().all(u8::is_ascii_hexdigit) {
                            return None;
                        }
                        6
                    }
                    _ => return None,
                }
            }
            0x80.. => {
                is_wide = true;
                at += 1;
            }
            b' '..=0x7f => at += 1,
            _ => return None,
        }
    }
    if is_wide {
        std::str::from_utf8(text.get(begin..at)?).ok()?;
    }
    Some(at + 1)
}

/// How many bytes at the beginning mean themselves alone, as far as that is seen eight at a
/// time.
#[inline]
fn letters(text: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGH: u64 = ONES << 7;
    // High bits where a byte is zero, of which the lowest is right.
    let zero = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes;
    let (eights, rest) = text.as_chunks::<8>();
    for (number, eight) in eights.iter().enumerate() {
        let bytes = u64::from_le_bytes(*eight);
        let quotes = zero(bytes ^ (ONES * u64::from(b'"')));
        let escapes = zero(bytes ^ (ONES * u64::from(b'\\')));
        let controls = bytes.wrapping_sub(ONES * 0x20) & !bytes;
        let found = (quotes | escapes | controls | bytes) & HIGH;
        if found != 0 {
            return number * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let plain = |byte: &&u8| matches!(byte, b' '..=0x7f) && !b"\"\\".contains(*byte);
    eights.len() * 8 + rest.iter().take_while(plain).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_end_where_the_parser_says() {
        let deep = format!("{}1{}", "[".repeat(DEEPEST), "]".repeat(DEEPEST));
        for text in [
            "0",
            "-0",
            "10.50",
            "1e5",
            "-1.5E-10",
            "true",
            "false",
            "null",
            "\"\"",
            "\"a\"",
            "\"longer than eight letters \\\" \\\\ \\u00e9 \\n é \u{7f}\"",
            "\"éééééééé\"",
            "[]",
            "{}",
            "[ 1 , 2 ]",
            "{\"a\":1,\"b\" : [ {} ] }",
            " \n\t\r1",
            &deep,
        ] {
            for after in ["", " ", ",", "]", "}", "\n"] {
                let whole = format!("{text}{after}");
                let at = blank(whole.as_bytes(), 0);
                assert_eq!(
                    value(whole.as_bytes(), at, &mut ()),
                    Some(text.len()),
                    "{whole}"
                );
            }
            assert!(serde_json::from_str::<serde_json::Value>(text).is_ok());
        }
    }

    #[test]
    fn whatever_else_is_left_to_the_parser() {
        let deep = format!("{}1{}", "[".repeat(DEEPEST + 1), "]".repeat(DEEPEST + 1));
        for text in [
            &b""[..],
            b"-",
            b"1.",
            b"1e",
            b".5",
            b"+1",
            b"tru",
            b"nul",
            b"True",
            b"\"",
            b"\"a",
            b"\"\\\"",
            b"\"\\x\"",
            b"\"\\u12g4\"",
            b"\"\\u12",
            b"\"\\ud800\"",
            b"\"\\uDfff\"",
            b"\"\n\"",
            b"\"12345678\x1f\"",
            b"\"\xff\"",
            b"\"12345678\xc3\"",
            b"[",
            b"[1",
            b"[1,",
            b"[1,]",
            b"[,1]",
            b"[1 2]",
            b"{",
            b"{\"a\"",
            b"{\"a\":",
            b"{\"a\":1,}",
            b"{\"a\" 1}",
            b"{a:1}",
            b"{1:1}",
            b"{,}",
            b"]",
            b"}",
            b":",
            b"'a'",
            deep.as_bytes(),
        ] {
            assert_eq!(
                value(text, 0, &mut ()),
                None,
                "{}",
                String::from_utf8_lossy(text)
            );
        }
    }

    /// Any byte anywhere in a text.
    #[test]
    fn each_byte_means_what_it_means_to_the_parser() {
        for length in [0, 3, 7, 8, 9, 17] {
            for place in 0..=length {
                for byte in 0..=255_u8 {
                    let mut text = vec![b'x'; length + 3];
                    text[0] = b'"';
                    text[length + 2] = b'"';
                    text[place + 1] = byte;
                    let parsed = serde_json::from_slice::<String>(&text);
                    let ours = string(&text, 0) == Some(text.len());
                    assert_eq!(ours, parsed.is_ok(), "{byte} at {place} of {length}");
                }
            }
        }
    }
}
