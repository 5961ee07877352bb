//! Lines as people should have seen them: without colours, and with what JSON and other
//! wrappings hide in them brought back.

use std::borrow::Cow;

use memchr::memchr;

const ESCAPE: u8 = 0x1b;

/// Fields of JSON log lines that hold what was said, and the other fields worth quoting.
const FIELDS: &[&str] = &[
    "msg", "message", "log", "MESSAGE", "text", "error", "err", "reason",
];

/// Takes the terminal's escape sequences out of some bytes.
pub(super) fn strip_escapes(bytes: &mut Vec<u8>) {
    let Some(first) = memchr(ESCAPE, bytes) else {
        return;
    };
    let mut kept = bytes.get(..first).unwrap_or_default().to_vec();
    let mut rest = bytes.get(first..).unwrap_or_default();
    while let Some(place) = memchr(ESCAPE, rest) {
        let (before, escape) = rest.split_at(place);
        kept.extend_from_slice(before);
        let length = escape_length(escape);
        rest = escape.get(length..).unwrap_or_default();
    }
    kept.extend_from_slice(rest);
    *bytes = kept;
}

/// How long the escape sequence is that begins here; at least one byte.
fn escape_length(bytes: &[u8]) -> usize {
    let mut rest = bytes.iter().enumerate().skip(1);
    match rest.next() {
        // Control sequences: parameters, then a letter.
        Some((_, b'[')) => {
            for (index, byte) in rest.take(64) {
                if (0x40..=0x7e).contains(byte) {
                    return index + 1;
                }
                if !(0x20..=0x3f).contains(byte) {
                    return index;
                }
            }
            2
        }
        // Titles and links: up to a bell or a string terminator.
        Some((_, b']' | b'P' | b'_' | b'^')) => {
            let mut previous = 0;
            for (index, &byte) in rest.take(4096) {
                if byte == 0x07 || (previous == ESCAPE && byte == b'\\') {
                    return index + 1;
                }
                if byte == b'\n' {
                    return index;
                }
                previous = byte;
            }
            2
        }
        Some((_, b'(' | b')' | b'#')) => 3,
        Some((_, b'\n')) | None => 1,
        Some(_) => 2,
    }
}

/// The lines that one physical line holds: most often itself, but a JSON log line may hold
/// several, with their quotes escaped.
pub(super) fn unwrap(line: &[u8]) -> Vec<String> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = typed(String::from_utf8_lossy(line));
    let text = text.trim_end();
    let journal = text.starts_with('{') && text.contains("\"MESSAGE\"");
    if !text.contains('\\') && !journal {
        return vec![text.to_owned()];
    }
    let said = match text.find('{').map(|start| text.split_at(start)) {
        Some((_, json)) => spoken(json),
        None => None,
    };
    let said = said.unwrap_or_else(|| unescape(text));
    let lines = said.split(['\n', '\r']).map(str::trim_end);
    lines
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The text with the quotes and colons that programs print, where what it was pasted through made
/// typographic ones of them.
fn typed(text: Cow<'_, str>) -> Cow<'_, str> {
    const MARKS: &[(char, char)] = &[
        ('\u{2018}', '\''),
        ('\u{2019}', '\''),
        ('\u{201c}', '"'),
        ('\u{201d}', '"'),
        ('\u{ff1a}', ':'),
    ];
    let plain = |c: char| {
        MARKS
            .iter()
            .find(|(mark, _)| *mark == c)
            .map(|(_, plain)| *plain)
    };
    if text.is_ascii() || !text.contains(|c| plain(c).is_some()) {
        return text;
    }
    Cow::Owned(text.chars().map(|c| plain(c).unwrap_or(c)).collect())
}

/// Whether a line is one of the journal as JSON whose message stands there in numbers.
pub(super) fn is_in_numbers(line: &[u8]) -> bool {
    const KEY: &[u8] = b"\"MESSAGE\"";
    if !line.starts_with(b"{") {
        return false;
    }
    let rest = memchr::memmem::find(line, KEY).and_then(|at| line.get(at + KEY.len()..));
    let rest = rest.unwrap_or_default().trim_ascii_start();
    let value = rest.strip_prefix(b":").unwrap_or_default();
    value.trim_ascii_start().starts_with(b"[")
}

/// What a JSON log line says; nothing, if it is none.
fn spoken(json: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(json.trim()).ok()?;
    let fields = value.as_object()?;
    let said = FIELDS.iter().filter_map(|name| match fields.get(*name)? {
        serde_json::Value::String(text) => Some(text.clone()),
        // The journal writes what is not plain text as the numbers of its bytes.
        serde_json::Value::Array(bytes) if *name == "MESSAGE" => {
            let bytes = bytes.iter().map(|byte| u8::try_from(byte.as_u64()?).ok());
            let mut bytes: Vec<u8> = bytes.collect::<Option<_>>()?;
            strip_escapes(&mut bytes);
            Some(String::from_utf8_lossy(&bytes).into_owned())
        }
        _ => None,
    });
    let said: Vec<String> = said.collect();
    if said.is_empty() {
        return None;
    }
    // A log line inside a log line, as the container runtimes write it.
    let joined = said.join(": ");
    Some(if joined.contains("\\\"") || joined.contains("\\n") {
        unescape(&joined)
    } else {
        joined
    })
}

/// Brings back what backslashes stand for.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('t') => plain.push(' '),
            Some('u') => {
                let digits: String = chars.by_ref().take(4).collect();
                let code = u32::from_str_radix(&digits, 16).ok();
                plain.push(code.and_then(char::from_u32).unwrap_or('\u{fffd}'));
            }
            Some('x') if chars.as_str().get(..2) == Some("1b") => {
                // An escape sequence that was itself escaped.
                let rest = chars.as_str().get(2..).unwrap_or_default();
                let end = rest.find(|c: char| c.is_ascii_alphabetic());
                chars = rest
                    .get(end.map_or(0, |end| end + 1)..)
                    .unwrap_or_default()
                    .chars();
            }
            Some(other @ ('"' | '\'' | '\\' | '/')) => plain.push(other),
            Some(other) => {
                plain.push('\\');
                plain.push(other);
            }
            None => plain.push('\\'),
        }
    }
    plain
}

/// A line for quoting: what JSON wraps is brought out, control characters are gone, and
/// what is longer than a screen is cut in the middle.
pub(super) fn quotable(line: &str) -> String {
    let line = line.trim();
    let said = if line.starts_with('{') {
        spoken(line)
    } else {
        None
    };
    let line = said.unwrap_or_else(|| line.to_owned());
    let line: String = line
        .chars()
        .map(|c| if c == '\t' { ' ' } else { c })
        .filter(|c| !c.is_control())
        .collect();
    shorten(line.trim(), 300)
}

/// What stands around a place of a line that may be longer than a screen, for quoting.
pub(super) fn quotable_at(line: &str, place: usize) -> String {
    let mut from = place.saturating_sub(100);
    if line.len() <= 300 || from == 0 {
        return quotable(line);
    }
    while !line.is_char_boundary(from) {
        from -= 1;
    }
    let part = line.get(from..).unwrap_or(line);
    let part: String = part.chars().take(300).collect();
    format!("… {}", quotable(&part))
}

/// At most so many characters, with the middle left out.
pub(super) fn shorten(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let head: String = text.chars().take(most * 2 / 3).collect();
    let tail: String = text.chars().skip(count - most / 3).collect();
    format!("{head} … {tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        strip_escapes(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[test]
    fn escapes_are_taken_out() {
        let rows = [
            ("\u{1b}[31;1merror\u{1b}[0m: x", "error: x"),
            ("a\u{1b}]0;title\u{7}b\u{1b}]8;;http://x\u{1b}\\c", "abc"),
            ("\u{1b}(Bx\u{1b}", "x"),
            ("open \u{1b}]never closed\nnext", "open \nnext"),
            ("\u{1b}[", ""),
            ("plain", "plain"),
        ];
        for (text, expected) in rows {
            assert_eq!(stripped(text), expected, "{text:?}");
        }
    }

    #[test]
    fn wrapped_lines_are_brought_back() {
        let docker = r#"{"log":"libbpf: map \"x\": failed\n","stream":"stderr"}"#;
        assert_eq!(unwrap(docker.as_bytes()), ["libbpf: map \"x\": failed"]);
        let zap =
            r#"{"level":"error","msg":"load failed","error":"program a: 0: R1 !read_ok\n1: x"}"#;
        assert_eq!(
            unwrap(zap.as_bytes()),
            ["load failed: program a: 0: R1 !read_ok", "1: x"]
        );
        let logfmt = br#"time=1 msg="a \"b\" c" err="x\ny""#;
        assert_eq!(unwrap(logfmt), ["time=1 msg=\"a \"b\" c\" err=\"x", "y\""]);
        assert_eq!(unwrap(b"cut \\u00e9 \\"), ["cut \u{e9} \\"]);
        let pasted = "Prog section \u{2018}x\u{2019} rejected\u{ff1a} \u{201c}no\u{201d} \u{e9}";
        assert_eq!(
            unwrap(pasted.as_bytes()),
            ["Prog section 'x' rejected: \"no\" \u{e9}"]
        );
        assert_eq!(unwrap(b"\xff\xfe bytes\r"), ["\u{fffd}\u{fffd} bytes"]);
    }

    #[test]
    fn quoted_lines_are_harmless() {
        assert_eq!(quotable("  a\u{7}b\tc "), "ab c");
        assert_eq!(quotable(&"x".repeat(1000)).chars().count(), 303);
        let long = format!("{}here it is{}", "é".repeat(500), "x".repeat(500));
        let quoted = quotable_at(&long, 1000);
        assert!(quoted.contains("here it is") && quoted.chars().count() < 320);
        assert_eq!(quotable_at("short", 3), "short");
        assert_eq!(quotable(r#"{"msg":"hello","level":"info"}"#), "hello");
    }
}
