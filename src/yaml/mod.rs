//! YAML from people and programs: read with limits, and with the line of what is wrong.
//!
//! The parser takes time in the square of the nesting, so what nests deeper than anything
//! sensible is refused by a scan that takes one look at each character.

mod scan;
mod words;
mod write;

use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess};
use serde::de::{Error as _, SeqAccess, Visitor};

use scan::Scan;

pub use words::plain;
pub use write::to_string;

/// Deepest nesting that is read.
pub const DEEPEST: usize = 64;

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct Error {
    /// The line, counted from 1; 0 where the fault has no line of its own.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl Error {
    fn new(line: usize, message: impl Into<String>) -> Self {
        Self {
            line,
            message: message.into(),
        }
    }
}

impl From<serde_yaml::Error> for Error {
    fn from(error: serde_yaml::Error) -> Self {
        let full = error.to_string();
        let place = error.location();
        // The place is told by `line` already.
        let tail = place
            .as_ref()
            .map(|at| format!(" at line {} column {}", at.line(), at.column()));
        let message = tail.map_or(full.clone(), |tail| full.replace(&tail, ""));
        Self::new(place.map_or(0, |at| at.line()), plain(&message))
    }
}

/// Reads a value.
///
/// # Errors
/// The first thing that is wrong with the text.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    Ok(referring(text)?.0)
}

/// Reads a value, and tells in which line the first tag, anchor or alias stands.
fn referring<T: DeserializeOwned>(text: &str) -> Result<(T, Option<usize>), Error> {
    let reference = Scan::default().run(text)?;
    Ok((serde_yaml::from_str(text)?, reference))
}

/// Reads what this seed asks for.
///
/// # Errors
/// Those of [`from_str`].
pub fn seeded<'de, S: DeserializeSeed<'de>>(text: &'de str, seed: S) -> Result<S::Value, Error> {
    Scan::default().run(text)?;
    Ok(seed.deserialize(serde_yaml::Deserializer::from_str(text))?)
}

/// Reads a value from bytes.
///
/// # Errors
/// As [`from_str`]; what is not UTF-8 is no text.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    from_str(text(bytes)?)
}

/// Reads a value from bytes, and tells in which line the first tag, anchor or alias stands, none
/// of which is in what [`to_string`] makes. What stands in a text, with quotes or without, is none.
///
/// # Errors
/// As [`from_slice`].
pub fn from_slice_referring<T: DeserializeOwned>(
    bytes: &[u8],
) -> Result<(T, Option<usize>), Error> {
    referring(text(bytes)?)
}

/// Whether the text is what [`to_string`] makes of the value in it: such a text has one
/// meaning, wherever it stands.
#[must_use]
pub fn is_as_written(text: &str) -> bool {
    let read = referring::<serde_yaml::Value>(text);
    // A tag comes back as it was, and is no part of what is written.
    read.is_ok_and(|(value, reference)| {
        reference.is_none() && to_string(&value).is_ok_and(|again| again == text)
    })
}

/// The bytes as text.
///
/// # Errors
/// The line of the first byte that is not UTF-8.
pub fn text(bytes: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.iter().take(error.valid_up_to());
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        Error::new(line, "this line is not UTF-8 text")
    })
}

/// The line of an item of the list under a key of the outermost map.
#[must_use]
pub fn line_of(text: &str, key: &str, index: usize) -> Option<usize> {
    let error = Find { key, index }
        .deserialize(serde_yaml::Deserializer::from_str(text))
        .err()?;
    error.location().map(|place| place.line())
}

/// The lines of all `count` items of the list under a key of the outermost map, in one look at
/// the text; none where they are not written one below the other.
#[must_use]
pub fn lines_of(text: &str, key: &str, count: usize) -> Option<Vec<usize>> {
    let items = items_of(text, key);
    let lines: Vec<&str> = text.lines().collect();
    // An item whose hyphen stands alone begins on the next line that says something.
    let begins = items.into_iter().map(|(begin, end)| {
        let own = lines.get(begin - 1..end - 1).unwrap_or_default();
        let content = own.iter().position(|line| {
            let line = line.trim_start_matches([' ', '-']).trim();
            !line.is_empty() && !line.starts_with('#')
        });
        begin + content.unwrap_or(0)
    });
    let begins: Vec<usize> = begins.collect();
    (begins.len() == count).then_some(begins)
}

/// The lines at which the items of such a list begin, and those after their ends, as far as
/// they are written one below the other.
#[must_use]
pub fn items_of(text: &str, key: &str) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    let mut inside = false;
    let mut column = None;
    let mut number = 0;
    for line in text.lines() {
        number += 1;
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        if content.trim().is_empty() || content.starts_with('#') {
            continue;
        }
        let item = content.strip_prefix('-').is_some_and(|rest| {
            let blank = rest.is_empty() || rest.starts_with([' ', '\t', '\r']);
            inside && blank && column.is_none_or(|column| column == indent)
        });
        if !item && indent > 0 {
            continue;
        }
        // What begins here ends what stands above.
        if inside
            && column.is_some()
            && let Some((_, end)) = found.last_mut()
        {
            *end = number;
        }
        if item {
            column = Some(indent);
            found.push((number, usize::MAX));
        } else {
            let rest = content.strip_prefix(key);
            let rest = rest.and_then(|rest| rest.strip_prefix(':')).map(str::trim);
            inside = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('#'));
            column = None;
        }
    }
    for (_, end) in &mut found {
        *end = (*end).min(number + 1);
    }
    found
}

/// Reads up to the item wanted and then fails, since only errors know their line.
#[derive(Clone, Copy)]
struct Find<'a> {
    key: &'a str,
    index: usize,
}

impl<'de> DeserializeSeed<'de> for Find<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Find<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of lists")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == self.key {
                map.next_value_seed(self)?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        for _ in 0..self.index {
            items.next_element::<IgnoredAny>()?;
        }
        items.next_element_seed(Here).map(drop)
    }
}

struct Here;

impl<'de> DeserializeSeed<'de> for Here {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Here {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the item that was looked for")
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        Err(A::Error::custom("here"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<serde_yaml::Value, Error> {
        from_str(text)
    }

    #[test]
    fn deep_nesting_is_refused_at_its_line() {
        let many = 100_000;
        let stairs: String = (0..many.min(2000))
            .map(|depth| format!("{}a:\n", " ".repeat(depth)))
            .collect();
        for (text, line) in [
            ("[".repeat(many), 1),
            ("{a: ".repeat(many), 1),
            (format!("a: 1\nb: {}", "[".repeat(many)), 2),
            (format!("a: b\n  'c\nd: {}", "[".repeat(many)), 3),
            (format!("- a: |\n  b: {}", "{a: ".repeat(many)), 2),
            (format!("a: \"|\"\nb:\n  - {}", "[\n".repeat(many)), 64),
            (format!("a: {{b: it 's, c: {}", "[".repeat(many)), 1),
            (format!("# a\r{}", "[".repeat(many)), 2),
            (format!("# a\r\n# b\u{2028}{}", "[".repeat(many)), 3),
            ("- ".repeat(many), 1),
            ("? ".repeat(many), 1),
            (stairs, 65),
        ] {
            let error = read(&text).unwrap_err();
            let start: String = text.chars().take(30).collect();
            assert_eq!(error.message, "nested deeper than 64 levels", "{start}");
            assert_eq!(error.line, line, "{start}");
        }
    }

    #[test]
    fn brackets_in_text_are_no_nesting() {
        let many = "[{".repeat(100);
        for text in [
            format!("a: \"{many}\"\nb: '{many}'\n# {many}\n"),
            format!("a: |\n  {many}\n\n  {many}\nb: x{many}\n"),
            format!("- a: >-\n    {many}\n  b: it's\n    {many}\n"),
            format!("a: \"one\n  {many}\n  two\"\nb: 'it''s {many}'\n"),
            format!("a: \"\\\"{many}\" # {many}\n"),
        ] {
            read(&text).unwrap();
        }
        let flat: String = (0..1000).map(|i| format!("a{i}: [{{b: [c]}}]\n")).collect();
        read(&flat).unwrap();
    }

    #[test]
    fn a_file_has_one_document_of_text() {
        assert!(read("# c\n%YAML 1.1\n---\na: 1\n...\n# end\n").is_ok());
        for (text, line) in [
            ("a: 1\n---\nb: 1\n", 2),
            ("---\na: 1\n---\n", 3),
            ("a: 1\n...\nb: 2\n", 3),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.line, line, "{text}");
            assert!(error.message.contains("second document"), "{error}");
        }
        let error = from_slice::<serde_yaml::Value>(b"a: 1\nb: \xff\n").unwrap_err();
        assert_eq!(error.to_string(), "line 2: this line is not UTF-8 text");
    }

    #[test]
    fn items_have_lines() {
        let text = "a: []\nb:\n  - {id: x}\n\n  - id: \"x\"\n    c: 1\n";
        assert_eq!(line_of(text, "b", 0), Some(3));
        assert_eq!(line_of(text, "b", 1), Some(5));
        assert_eq!(line_of(text, "b", 2), None);
        assert_eq!(line_of(text, "c", 0), None);
        assert_eq!(lines_of(text, "b", 3), None);
    }

    #[test]
    fn references_have_lines() {
        for (text, line) in [
            ("a: 1\nb: &x 2\nc: *x\n", Some(2)),
            ("a: [b, !t c]\n", Some(1)),
            ("--- !t\na: 1\n", Some(1)),
            ("- a\n- *x\n", Some(2)),
            ("a: {b: *x}\n", Some(1)),
            ("a:\n  <<: *x\n", Some(2)),
            ("a: b &x\nc: '!t'\n# *x\nd: \"*x\"\n", None),
            // What goes on below an item, a key or a value on its own line.
            ("- a\n  *x\n- b\n", None),
            ("a: b\n  *x\n", None),
            ("a:\n  b\n  *x\n", None),
            ("- a: b\n    *x\n", None),
            ("- |\n  *x\n- c: >\n    &x\n", None),
            ("- - |\n    *x\n  - b\n    !t\n", None),
            // And what does not.
            ("- a\n- b: c\n  d: *x\n", Some(3)),
            ("- |\n  x\n- !t y\n", Some(3)),
            ("a: |\n  x\nb: &x y\n", Some(3)),
        ] {
            assert_eq!(Scan::default().run(text), Ok(line), "{text}");
        }
    }

    #[test]
    fn lines_of_all_items_are_those_of_each() {
        for text in [
            "a: 1\nb:\n  - c: 1\n    d: 2\n\n  # e\n  - c: 2\nf:\n  - g: 1\n",
            "b:\n- c: 1\n-\n  # e\n  c: 2\n",
            "b: # e\n  - c: |\n      - not one\n     \n    d:\n      - {e: 1}\n  -   c: 2",
        ] {
            let each = [0, 1].map(|index| line_of(text, "b", index).unwrap());
            assert_eq!(lines_of(text, "b", 2).unwrap(), each, "{text}");
        }
        assert_eq!(lines_of("b: [{c: 1}, {c: 2}]", "b", 2), None);
    }
}
