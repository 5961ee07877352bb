//! Inventories as people write them: values of maps, and where the rows of a table stand.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

/// A value of a label, as people write it.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Scalar {
    Bool(bool),
    /// Its digits are asked for once more.
    Number(Digits),
    Text(String),
    Nothing(()),
    /// A map or a list, which no label is.
    Many(IgnoredAny),
}

/// A number, whatever it is.
pub(super) struct Digits;

impl<'de> Deserialize<'de> for Digits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_json::Number::deserialize(deserializer).map(|_| Self)
    }
}

/// A map as it is written, with keys that are there twice.
pub(super) struct Written<V>(pub(super) Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Written<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for Entries<V> {
            type Value = Vec<(String, V)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(entries)
            }
        }

        deserializer.deserialize_map(Entries(PhantomData)).map(Self)
    }
}

/// Takes the numbers of these maps in their order, as they are written: 8.10 is no 8.1.
pub(super) struct AsWritten<'a> {
    pub(super) maps: Maps<'a>,
    pub(super) numbers: &'a mut Vec<String>,
}

/// Maps of maps, or of values.
pub(super) enum Maps<'a> {
    Hosts(&'a [(String, Written<Scalar>)]),
    Labels(&'a [(String, Scalar)]),
}

impl<'de> DeserializeSeed<'de> for AsWritten<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for AsWritten<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { maps, numbers } = self;
        match maps {
            Maps::Hosts(hosts) => {
                for (_, labels) in hosts {
                    let maps = Maps::Labels(&labels.0);
                    let numbers = &mut *numbers;
                    map.next_key::<IgnoredAny>()?;
                    map.next_value_seed(AsWritten { maps, numbers })?;
                }
            }
            Maps::Labels(labels) => {
                for (_, value) in labels {
                    map.next_key::<IgnoredAny>()?;
                    match value {
                        Scalar::Number(Digits) => numbers.push(map.next_value()?),
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
            }
        }
        map.next_key::<IgnoredAny>().map(drop)
    }
}

/// Counts the lines before the rows of a table.
pub(super) struct Lines<'a> {
    rest: &'a str,
    passed: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self {
            rest: text,
            passed: 0,
            line: 1,
        }
    }

    /// The line of the row that follows this place, which is behind the last one: the end of that
    /// row's line, empty lines and remarks may come first.
    pub(super) fn at(&mut self, byte: u64) -> u64 {
        let to = usize::try_from(byte).unwrap_or(usize::MAX);
        loop {
            let line = self.rest.find('\n').map(|end| end + 1);
            let content = self.rest.get(..line.unwrap_or(self.rest.len()));
            let content = content.unwrap_or_default().trim();
            let is_row = !content.is_empty() && !content.starts_with('#');
            match line {
                Some(length) if self.passed < to || !is_row => {
                    self.rest = self.rest.get(length..).unwrap_or_default();
                    self.passed += length;
                    self.line += 1;
                }
                _ => return self.line,
            }
        }
    }
}
