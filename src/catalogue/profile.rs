//! A profile: what a piece of software needs of a host.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::condition::Condition;
use super::fix::Fix;
use super::located;

/// The name that stands for all profiles.
pub const EVERY_PROFILE: &str = "all";

/// What a piece of software needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a mapping with `id` and what belongs to a profile"
)]
pub struct Profile {
    /// Its permanent name.
    #[serde(deserialize_with = "located::kebab_case")]
    pub id: String,
    /// The software's name.
    #[serde(deserialize_with = "located::line")]
    pub title: String,
    /// The version or revision whose documents were read.
    #[serde(deserialize_with = "located::line")]
    pub software: String,
    /// The documents that say what it needs.
    #[serde(deserialize_with = "located::lines")]
    pub documents: Vec<String>,
    /// Without one of these it does not run.
    pub requires: Vec<Need>,
    /// Without one of these a part of it does not work.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub optional: Vec<Need>,
}

/// Something that a piece of software needs.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Need {
    /// A check must not fail.
    Check {
        /// Its id.
        check: String,
        /// What for, in the software's own terms.
        #[serde(skip_serializing_if = "Option::is_none")]
        because: Option<String>,
        /// What this software takes in its place, beside what cures the failure.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        fixes: Vec<Fix>,
    },
    /// A condition must hold, for which there is no check.
    Condition {
        /// Its permanent name among the needs of its profile; words may change.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// What is needed, in a few words.
        need: String,
        /// The same as a lack, where `need` is a sentence: what is so where it is not there.
        #[serde(skip_serializing_if = "Option::is_none")]
        lacking: Option<String>,
        /// When it is there.
        condition: Condition,
        /// What for, in the software's own terms.
        #[serde(skip_serializing_if = "Option::is_none")]
        because: Option<String>,
        /// What brings it about.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        fixes: Vec<Fix>,
    },
}

impl Need {
    /// What for, in the software's own terms.
    #[must_use]
    pub fn because(&self) -> Option<&str> {
        match self {
            Self::Check { because, .. } | Self::Condition { because, .. } => because.as_deref(),
        }
    }

    /// What is written for it where it is not met.
    #[must_use]
    pub fn fixes(&self) -> &[Fix] {
        match self {
            Self::Check { fixes, .. } | Self::Condition { fixes, .. } => fixes,
        }
    }
}

impl Profile {
    /// All needs, those it requires first.
    pub fn needs(&self) -> impl Iterator<Item = &Need> {
        self.requires.iter().chain(&self.optional)
    }

    /// The ids of all checks it names, and whether it requires them.
    pub fn checks(&self) -> impl Iterator<Item = (&str, bool)> {
        let required = self.requires.iter().map(|need| (need, true));
        let all = required.chain(self.optional.iter().map(|need| (need, false)));
        all.filter_map(|(need, required)| match need {
            Need::Check { check, .. } => Some((check.as_str(), required)),
            Need::Condition { .. } => None,
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    check: Option<String>,
    #[serde(default, deserialize_with = "located::some_kebab_case")]
    id: Option<String>,
    #[serde(default, deserialize_with = "located::some_line")]
    need: Option<String>,
    #[serde(default, deserialize_with = "located::some_line")]
    lacking: Option<String>,
    condition: Option<Condition>,
    #[serde(default, deserialize_with = "located::some_text")]
    because: Option<String>,
    #[serde(default)]
    fixes: Vec<Fix>,
}

impl TryFrom<Raw> for Need {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        let because = raw.because;
        match (raw.check, raw.need, raw.condition) {
            (Some(check), None, None) if raw.lacking.is_none() && raw.id.is_none() => {
                Ok(Self::Check {
                    check,
                    because,
                    fixes: raw.fixes,
                })
            }
            (None, Some(need), Some(condition)) => Ok(Self::Condition {
                id: raw.id,
                need,
                lacking: raw.lacking,
                condition,
                because,
                fixes: raw.fixes,
            }),
            _ => Err(
                "a need is the id of a check, also as `check` with `because` and `fixes`; or it \
                 has `need` (a few words) and `condition`, and then maybe `id`, `lacking`, \
                 `because` and `fixes`; a check has an `id` and words of its own"
                    .to_owned(),
            ),
        }
    }
}

impl<'de> Deserialize<'de> for Need {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NeedVisitor)
    }
}

struct NeedVisitor;

impl<'de> Visitor<'de> for NeedVisitor {
    type Value = Need;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the id of a check, or a mapping with `need` and `condition`")
    }

    fn visit_str<E: Error>(self, id: &str) -> Result<Need, E> {
        Ok(Need::Check {
            check: id.to_owned(),
            because: None,
            fixes: Vec::new(),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Need, A::Error> {
        let raw = Raw::deserialize(MapAccessDeserializer::new(map))?;
        Need::try_from(raw).map_err(A::Error::custom)
    }
}
