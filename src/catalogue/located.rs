//! Conversions whose errors carry the line they arose on.
//!
//! serde's `try_from` converts after the map has been read, when its place is forgotten;
//! here the conversion is part of reading the map.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

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
