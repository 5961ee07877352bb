//! The three-valued word the doctor is built on: known with a value, or unknown with a reason.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

/// A value read from a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// A whole number, in the unit the fact's key describes.
    Number(i64),
    /// Text; a kernel option that is `y`, `m` or `n` is text, too.
    Text(String),
    /// Several texts, in the order the host gives them.
    List(Vec<String>),
    /// The host answered that there is none: an option no line of the config names, an
    /// argument the command line lacks. Written `null`.
    Absent,
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Bool(yes)
    }
}

impl From<Vec<String>> for Value {
    fn from(items: Vec<String>) -> Self {
        Self::List(items)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(true) => f.write_str("yes"),
            Self::Bool(false) => f.write_str("no"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
            Self::List(items) if items.is_empty() => f.write_str("(none)"),
            Self::List(items) => f.write_str(&items.join(", ")),
            Self::Absent => f.write_str("(absent)"),
        }
    }
}

/// Why a fact is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// The host refused; more privilege would tell.
    Denied,
    /// The place that would tell is not there: not mounted, not shipped by this distribution.
    Missing,
    /// The place is there and holds something else than it should.
    Malformed,
    /// The place is there and does not tell.
    Untold,
    /// Reading failed for another reason.
    Unreadable,
    /// Nobody looked: an older report, or a host read from single files.
    NotCollected,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Denied => "permission denied",
            Self::Missing => "not there",
            Self::Malformed => "malformed",
            Self::Untold => "does not tell",
            Self::Unreadable => "unreadable",
            Self::NotCollected => "not collected",
        })
    }
}

/// The reason for not knowing, in a word and in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unknown {
    /// The kind of reason.
    pub unknown: Why,
    /// What exactly was in the way; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl Unknown {
    /// Whether another source may tell: the place itself is not there, or nobody looked.
    pub(super) const fn is_elsewhere(&self) -> bool {
        matches!(self.unknown, Why::Missing | Why::NotCollected)
    }
}

/// Something read from the host, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, try_from = "Told")]
pub enum Fact {
    /// Known to be so.
    Known {
        /// What was read.
        value: Value,
        /// Where it was read: a path of the host, or the name of a system call.
        source: String,
    },
    /// Not known, and why.
    Unknown {
        /// The reason.
        #[serde(flatten)]
        reason: Unknown,
        /// Where it should have been read; empty if there is no such place.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        source: String,
    },
}

/// A fact as a file tells it, which may tell two things.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a map with `value` and `source`, or with `unknown` and why"
)]
enum Told {
    Known {
        value: Value,
        source: String,
        unknown: Option<IgnoredAny>,
    },
    Unknown {
        #[serde(flatten)]
        reason: Unknown,
        #[serde(default)]
        source: String,
        value: Option<IgnoredAny>,
    },
}

impl TryFrom<Told> for Fact {
    type Error = &'static str;

    fn try_from(told: Told) -> Result<Self, Self::Error> {
        match told {
            Told::Known {
                value,
                source,
                unknown: None,
            } => Ok(Self::Known { value, source }),
            Told::Unknown {
                reason,
                source,
                value: None,
            } => Ok(Self::Unknown { reason, source }),
            _ => Err("it has a `value` and is `unknown`, and can be one of them"),
        }
    }
}

/// Facts by their keys; of one that is none, the key is told.
pub(super) fn by_name<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Fact>, D::Error> {
    struct ByName;
    impl<'de> Visitor<'de> for ByName {
        type Value = BTreeMap<String, Fact>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map of facts")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut facts = BTreeMap::new();
            while let Some(key) = map.next_key::<String>()? {
                let fact = map.next_value();
                let fact = fact.map_err(|error| A::Error::custom(format!("{key}: {error}")))?;
                if facts.contains_key(&key) {
                    return Err(A::Error::custom(format!("{key}: it is there twice")));
                }
                facts.insert(key, fact);
            }
            Ok(facts)
        }
    }
    deserializer.deserialize_map(ByName)
}

impl Fact {
    /// A known fact.
    #[must_use]
    pub fn known(value: impl Into<Value>, source: &str) -> Self {
        Self::Known {
            value: value.into(),
            source: source.to_owned(),
        }
    }

    /// An unknown fact.
    #[must_use]
    pub fn unknown(why: Why, detail: &str, source: &str) -> Self {
        Self::Unknown {
            reason: Unknown {
                unknown: why,
                detail: detail.to_owned(),
            },
            source: source.to_owned(),
        }
    }

    /// The fact that the host has none of it.
    #[must_use]
    pub fn absent(source: &str) -> Self {
        Self::known(Value::Absent, source)
    }

    /// The value, where it is known.
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        match self {
            Self::Known { value, .. } => Some(value),
            Self::Unknown { .. } => None,
        }
    }

    /// Where it was read, or should have been.
    #[must_use]
    pub fn source(&self) -> &str {
        match self {
            Self::Known { source, .. } | Self::Unknown { source, .. } => source,
        }
    }

    /// The same knowledge with its value changed; unknown stays unknown.
    #[must_use]
    pub fn map(self, change: impl FnOnce(Value) -> Value) -> Self {
        match self {
            Self::Known { value, source } => Self::Known {
                value: change(value),
                source,
            },
            unknown => unknown,
        }
    }
}
