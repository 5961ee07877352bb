//! Whether lines are YAML as the doctor's own writer has it, without building anything.
//!
//! What is accepted is a small part of YAML, in which each line can be judged by itself and
//! the indentations of those before it: block maps and lists, keys without quotes, scalars of
//! one line, literal text. All of it is valid, so that a parser that skips it has no fault to
//! find. Whatever else is valid is left to the parser.

/// Deepest indentation that is accepted.
const DEEPEST: usize = 40;
/// Longest key, well below the 1024 bytes that parsers take.
const LONGEST_KEY: usize = 200;

/// A map or a list that is open, and the column of its entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Map(usize),
    List(usize),
}

impl Open {
    fn column(self) -> usize {
        match self {
            Self::Map(column) | Self::List(column) => column,
        }
    }
}

/// What the line before asks of the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    /// It is complete.
    Closed,
    /// It ended with a key at this column, whose value follows.
    Key(usize),
    /// It began a text, whose lines begin at this column; so far there is none.
    Header(usize),
    /// A text goes on.
    Text(usize),
}

/// What kind of value a block must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A map.
    Map,
    /// A list.
    List,
}

/// Whether these lines are the value of a key at `column`, of this kind.
pub(super) fn are_plain(lines: &[u8], column: usize, kind: Kind) -> bool {
    let Some(body) = lines.strip_suffix(b"\n") else {
        return false;
    };
    let mut stack: Vec<Open> = Vec::with_capacity(8);
    let mut after = After::Key(column);
    let mut start = 0;
    let ends = memchr::memchr_iter(b'\n', body).chain(std::iter::once(body.len()));
    for end in ends {
        let line = body.get(start..end).unwrap_or_default();
        start = end + 1;
        match step(line, &mut stack, after) {
            Some(next) => after = next,
            None => return false,
        }
    }
    let first = match kind {
        Kind::Map => Open::Map(column + 2),
        Kind::List => Open::List(column),
    };
    matches!(after, After::Closed | After::Text(_)) && stack.first() == Some(&first)
}

fn step(line: &[u8], stack: &mut Vec<Open>, after: After) -> Option<After> {
    let indent = line.iter().take_while(|byte| **byte == b' ').count();
    let rest = line.get(indent..)?;
    match after {
        After::Header(column) if rest.is_empty() || indent != column => return None,
        After::Header(column) => return is_printable(rest).then_some(After::Text(column)),
        // An empty line belongs to the text, also when it is the last one.
        After::Text(column) if line.is_empty() => return Some(After::Text(column)),
        After::Text(column) if indent >= column => {
            return (!rest.is_empty() && is_printable(rest)).then_some(after);
        }
        _ => {}
    }
    if rest.is_empty() || indent > DEEPEST {
        return None;
    }
    let item = rest.strip_prefix(b"- ");
    match after {
        After::Key(column) => {
            // The value of the key: a list at its column, or a map two columns further.
            let opened = match item {
                Some(_) => Open::List(column),
                None => Open::Map(column + 2),
            };
            if opened.column() != indent {
                return None;
            }
            stack.push(opened);
        }
        _ => {
            let wanted = match item {
                Some(_) => Open::List(indent),
                None => Open::Map(indent),
            };
            while *stack.last()? != wanted {
                if stack.pop()?.column() < indent {
                    return None;
                }
            }
        }
    }
    let Some(item) = item else {
        return entry(rest, indent);
    };
    if key(item).is_some() {
        stack.push(Open::Map(indent + 2));
        return entry(item, indent + 2);
    }
    value(item, indent)
}

/// An entry of a map at this column.
fn entry(text: &[u8], column: usize) -> Option<After> {
    let value_at = key(text)?;
    match text.get(value_at..)? {
        [] => Some(After::Key(column)),
        [b' ', rest @ ..] => value(rest, column),
        _ => None,
    }
}

/// Where a key ends, behind its colon; none if the text begins with no key.
fn key(text: &[u8]) -> Option<usize> {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"_./-".contains(byte);
    let length = text.iter().take_while(|byte| fits(byte)).count();
    let begins = text
        .first()
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    if !begins || length > LONGEST_KEY {
        return None;
    }
    match text.get(length..)? {
        [b':'] | [b':', b' ', ..] => Some(length + 1),
        _ => None,
    }
}

/// A scalar of one line, an empty list or map, or the head of a text.
fn value(text: &[u8], column: usize) -> Option<After> {
    let valid = match text {
        b"[]" | b"{}" => true,
        b"|" | b"|-" | b"|+" => return Some(After::Header(column + 2)),
        // The text begins with spaces of its own, as logs of the verifier may.
        b"|2" | b"|2-" | b"|2+" => return Some(After::Text(column + 2)),
        [b'\'', inner @ .., b'\''] => {
            let mut quotes = memchr::memchr_iter(b'\'', inner);
            // Each quote inside has its twin behind it.
            let mut twins = true;
            while let Some(one) = quotes.next() {
                twins &= quotes.next() == Some(one + 1);
            }
            twins && is_printable(inner)
        }
        [b'"', inner @ .., b'"'] => is_escaped(inner),
        [first, ..] => is_plain(*first, text),
        [] => false,
    };
    valid.then_some(After::Closed)
}

fn is_plain(first: u8, text: &[u8]) -> bool {
    let begins = match first {
        b'-' => text.get(1).is_some_and(u8::is_ascii_alphanumeric),
        first => first.is_ascii_alphanumeric() || b"/_.(<+$^=;\\~".contains(&first),
    };
    if !begins || text.last() == Some(&b' ') || !is_printable(text) {
        return false;
    }
    // A colon before a space or the end would end a key, a hash behind a space begin a comment.
    let ends_key =
        memchr::memchr_iter(b':', text).any(|at| matches!(text.get(at + 1), None | Some(b' ')));
    let comments =
        memchr::memchr_iter(b'#', text).any(|at| at > 0 && text.get(at - 1) == Some(&b' '));
    !ends_key && !comments
}

fn is_printable(text: &[u8]) -> bool {
    text.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

/// The inside of double quotes.
fn is_escaped(text: &[u8]) -> bool {
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        let valid = match byte {
            b'"' => false,
            b'\\' => match bytes.next() {
                Some(b'\\' | b'"' | b'n' | b't' | b'r' | b'0' | b'e' | b'a' | b'b') => true,
                Some(b'x') => {
                    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
                    is_digit(bytes.next()) && is_digit(bytes.next())
                }
                _ => false,
            },
            byte => matches!(byte, b' '..=b'~'),
        };
        if !valid {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_writer_are_plain() {
        for (text, kind) in [
            ("  a: 1\n  b: x y\n", Kind::Map),
            (
                "  a:\n    b: 1\n  c:\n  - x\n  - y: 1\n    z: []\n  d: 'it''s'\n",
                Kind::Map,
            ),
            (
                "  a: |-\n    # text: \"\n\n      more\n  b: \"\\n\\x1b\"\n",
                Kind::Map,
            ),
            ("- a: 1\n  b:\n  - c\n- a: -1\n", Kind::List),
            ("- /proc/x\n- a-b: c\n", Kind::List),
            (
                "- log: |2-\n     R10=fp0\n    callee:\n  b: 1\n",
                Kind::List,
            ),
            ("- |2\n\n     a\n- |2-\n", Kind::List),
            ("  a: |2+\n      b\n\n  c: 1\n", Kind::Map),
        ] {
            assert!(are_plain(text.as_bytes(), 0, kind), "{text}");
            let whole = format!("k:\n{text}");
            let value: serde_yaml::Value = crate::yaml::from_str(&whole).unwrap();
            assert_eq!(value["k"].is_mapping(), kind == Kind::Map);
        }
    }

    #[test]
    fn whatever_else_is_left_to_the_parser() {
        for text in [
            "",
            "  a: 1",
            "  a:\n",
            "  a:\n  b: 1\n",
            "  a: 1\n    b: 1\n",
            "  a: 1\n b: 1\n",
            "  a: b: c\n",
            "  a: b #c\n",
            "  a: &x b\n",
            "  a: *x\n",
            "  a: !x b\n",
            "  a: [b]\n",
            "  a: 'b\n",
            "  a: 'b'c'\n",
            "  a: \"b\\\n",
            "  a: \"b\\q\"\n",
            "  a: >-\n    b\n",
            "  a: |3\n     b\n",
            "  a: |2\n   b\n",
            "  a: |2\n     \n    b\n",
            "  a: |\n\n    b\n",
            "  a: |\n   b\n",
            "  a: b:\n",
            "  a: \u{e9}\n",
            "  a: b\tc\n",
            "  a: b\r\n",
            "  a: b \n",
            "  'a': b\n",
            "  ? a\n",
            "  - a\n",
            "a: 1\n",
            "  a: 1\n- b\n",
            "  a:\n  - b\n    c: 1\n",
            "  a:\n   - b\n",
            "  a: 1\n\n  b: 1\n",
            "  # a\n",
        ] {
            assert!(!are_plain(text.as_bytes(), 0, Kind::Map), "{text}");
        }
        let deep: String = (1..30)
            .map(|level| format!("{}a:\n", "  ".repeat(level)))
            .collect();
        assert!(!are_plain(deep.as_bytes(), 0, Kind::Map));
    }
}
