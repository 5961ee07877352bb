//! Conversions whose errors carry the line they arose on.
//!
//! serde's `try_from` converts after the map has been read, when its place is forgotten;
//! here the conversion is part of reading the map.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::harmless::is_harmful;

struct Converting<Raw, T> {
    expecting: &'static str,
    types: PhantomData<(Raw, T)>,
}

impl<'de, Raw, T> Visitor<'de> for Converting<Raw, T>
where
    Raw: Deserialize<'de>,
    T: TryFrom<Raw, Error = String>,
{
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        let raw = Raw::deserialize(MapAccessDeserializer::new(map))?;
        T::try_from(raw).map_err(A::Error::custom)
    }
}

struct Text {
    expecting: &'static str,
    fits: fn(&str) -> bool,
}

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        if (self.fits)(text) {
            return Ok(text.to_owned());
        }
        // What is refused for its characters is told without them.
        let told: String = text.escape_debug().collect();
        let told = if text.contains(is_harmful) {
            told
        } else {
            text.to_owned()
        };
        Err(E::custom(format!(
            "found `{told}`, expected {}",
            self.expecting
        )))
    }
}

/// Reads text that says something, of one line or more. What a terminal would obey, or a reader
/// not see, has no place in it.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    deserializer.deserialize_str(Text {
        expecting: "text that is not empty and has no control characters",
        fits: |text| {
            let harmful = |c: char| is_harmful(c) && !matches!(c, '\n' | '\t');
            !text.trim().is_empty() && !text.contains(harmful)
        },
    })
}

/// Reads text that says something, where a key may be left out.
pub(super) fn some_text<'de, D>(deserializer: D) -> Result<Option<String>, D::Error>
where
    D: Deserializer<'de>,
{
    text(deserializer).map(Some)
}

/// Reads one line that says something.
pub(super) fn line<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    deserializer.deserialize_str(Text {
        expecting: "one line of text that is not empty and has no control characters",
        fits: |text| !text.trim().is_empty() && !text.contains(is_harmful),
    })
}

/// The same where it may be left out.
pub(super) fn some_line<'de, D>(deserializer: D) -> Result<Option<String>, D::Error>
where
    D: Deserializer<'de>,
{
    line(deserializer).map(Some)
}

/// A line that may say nothing: whoever asks for more says so in its own words.
struct Line(String);

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = deserializer.deserialize_str(Text {
            expecting: "one line of text without control characters",
            fits: |text| !text.contains(is_harmful),
        })?;
        Ok(Self(text))
    }
}

/// Reads a list of single lines.
pub(super) fn lines<'de, D>(deserializer: D) -> Result<Vec<String>, D::Error>
where
    D: Deserializer<'de>,
{
    let lines = Vec::<Line>::deserialize(deserializer)?;
    Ok(lines.into_iter().map(|Line(text)| text).collect())
}

/// Reads a name of the form a-b-c.
pub(super) fn kebab_case<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    deserializer.deserialize_str(Text {
        expecting: "a name of the form a-b-c, of small letters and digits",
        fits: is_kebab_case,
    })
}

/// The same where it may be left out.
pub(super) fn some_kebab_case<'de, D>(deserializer: D) -> Result<Option<String>, D::Error>
where
    D: Deserializer<'de>,
{
    kebab_case(deserializer).map(Some)
}

fn is_kebab_case(id: &str) -> bool {
    let part = |part: &str| {
        let mut chars = part.chars();
        !part.is_empty() && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    id.split('-').all(part)
}

/// So many entries a list of a file may have. The doctor's own has some hundred checks.
pub(super) const ENTRIES: usize = 10_000;

struct List<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while list.len() < ENTRIES {
            match items.next_element()? {
                Some(item) => list.push(item),
                None => return Ok(list),
            }
        }
        match items.next_element::<IgnoredAny>()? {
            Some(_) => Err(A::Error::custom(format!(
                "more than {ENTRIES} entries in one list; write several files"
            ))),
            None => Ok(list),
        }
    }

    fn visit_unit<E: Error>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }
}

/// Reads a list of entries, as long as a person could have written it.
pub(super) fn list<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_seq(List(PhantomData))
}

/// Reads a map as a `Raw` and converts it.
pub(super) fn map<'de, Raw, T, D>(deserializer: D, expecting: &'static str) -> Result<T, D::Error>
where
    Raw: Deserialize<'de>,
    T: TryFrom<Raw, Error = String>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_map(Converting::<Raw, T> {
        expecting,
        types: PhantomData,
    })
}
