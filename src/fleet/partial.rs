//! A summary as a file: lines of JSON that `fleet` reads like reports.
//!
//! What is written depends on the reports alone, not on their order or on how they were dealt
//! out; whatever is read and joined gives the bytes that reading all reports at once gives.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashSet;
use std::io;
use std::io::Write;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::audit::Cure;
use super::bad::Bad;
use super::digest::Key;
use super::labels::NONE;
use super::summary::{Known, Row, Shape, Summary};
use super::words::Words;
use crate::diagnosis::{Severity, Status};

/// The name and version of the file's shape.
pub const PARTIAL_SCHEMA: &str = "bpf-doctor/partial/v1";

/// So many hosts stand in a line, which must be no longer than a report.
const HOSTS_A_LINE: usize = 4000;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) schema: String,
    pub(super) hosts: u64,
    pub(super) bad: u64,
    pub(super) foreign: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) future: Option<u64>,
    /// From this finding on no words are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) words_end: Option<Hex>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Line {
    Bad(Bad),
    Finding {
        key: Hex,
        check: Arc<str>,
        status: Status,
        severity: Severity,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<Arc<Words>>,
        /// What it takes, where the words that tell it were not kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cure: Option<Cure>,
    },
    /// Words of a finding that no host has any more, kept so that the choice stays the same.
    Spare {
        key: Hex,
        check: Arc<str>,
        status: Status,
        severity: Severity,
        words: Arc<Words>,
    },
    Shape {
        #[serde(flatten)]
        shape: Box<ShapeLine>,
    },
    /// Labels of the hosts that follow, up to the next labels or shape.
    Labels(Vec<(String, String)>),
    /// Hosts of the shape above: id, time, reports, name.
    Hosts(Vec<(Hex, u64, u32, Box<str>)>),
    /// Hosts above whose report was of some checks, and of which there was one of all.
    Narrowed(Vec<Hex>),
    Aliases {
        host: Hex,
        names: BTreeSet<Box<str>>,
    },
    End {
        hosts: u64,
    },
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ShapeLine {
    pub(super) place: super::digest::Place,
    pub(super) findings: Vec<Hex>,
    pub(super) ok: Vec<Arc<str>>,
    pub(super) moot: Vec<Arc<str>>,
    pub(super) software: Vec<Arc<super::digest::Software>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) partly: bool,
}

/// A key in hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hex(pub(super) Key);

impl Serialize for Hex {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:032x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let key = Key::from_str_radix(&text, 16).ok();
        let key = key.filter(|_| text.len() == 32);
        key.map(Self)
            .ok_or_else(|| serde::de::Error::custom("a key has 32 hexadecimal digits"))
    }
}

impl Summary {
    /// Writes the summary as a file that `fleet` reads like reports.
    ///
    /// # Errors
    /// Those of the place it is written to.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut line = |line: &dyn erased::Line| -> io::Result<()> {
            line.write(out)?;
            out.write_all(b"\n")
        };
        line(&Head {
            schema: PARTIAL_SCHEMA.to_owned(),
            hosts: self.hosts.len() as u64,
            bad: self.bad_count,
            foreign: self.foreign,
            future: (self.future > 0).then_some(self.future),
            words_end: self.words.end().map(Hex),
        })?;
        for bad in self.bad.iter() {
            line(&Line::Bad(bad.clone()))?;
        }
        let mut used_shapes: BTreeMap<&Arc<Shape>, u32> = BTreeMap::new();
        let mut rows: Vec<(Key, &Row)> = Vec::with_capacity(self.hosts.len());
        for (id, row) in &self.hosts {
            if let Some(shape) = self.shape(row) {
                used_shapes.insert(shape, row.shape);
                rows.push((*id, row));
            }
        }
        let used: HashSet<Key> = used_shapes
            .keys()
            .flat_map(|shape| shape.findings.iter().copied())
            .collect();
        for (key, known) in &self.findings {
            if let Some(words) = self.words.get(*key).filter(|_| !used.contains(key)) {
                line(&Line::Spare {
                    key: Hex(*key),
                    check: Arc::clone(&known.check),
                    status: known.status,
                    severity: known.severity,
                    words: Arc::clone(words),
                })?;
            }
        }
        drop(used);
        let mut told: HashSet<Key> = HashSet::new();
        let places: Vec<u32> = used_shapes.values().copied().collect();
        let mut order = vec![0_usize; self.shapes.len()];
        for (place, number) in places.iter().enumerate() {
            if let Some(known) = order.get_mut(*number as usize) {
                *known = place;
            }
        }
        rows.sort_by(|(id, row), (other, next)| {
            let place = |row: &Row| order.get(row.shape as usize);
            let labels = |row: &Row| self.labels.get(row.labels);
            (place(row), labels(row), id).cmp(&(place(next), labels(next), other))
        });
        let mut rest = rows.as_slice();
        for (shape, number) in used_shapes {
            // Findings come where they are first asked for: the room for what hosts have each
            // for themselves grows with the hosts before.
            let new = shape.findings.iter().filter(|key| told.insert(**key));
            for known in new.filter_map(|key| self.findings.get(key)) {
                line(&self.told(known))?;
            }
            line(&Line::Shape {
                shape: Box::new(ShapeLine {
                    place: (*shape.place).clone(),
                    findings: shape.findings.iter().copied().map(Hex).collect(),
                    ok: shape.ok.to_vec(),
                    moot: shape.moot.to_vec(),
                    software: shape.software.to_vec(),
                    partly: shape.partly,
                }),
            })?;
            let end = rest.partition_point(|(_, row)| row.shape == number);
            let (of_shape, others) = rest.split_at_checked(end).unwrap_or_default();
            rest = others;
            let alike = of_shape.chunk_by(|(_, one), (_, other)| one.labels == other.labels);
            for hosts in alike {
                let labels = hosts.first().map_or(NONE, |(_, row)| row.labels);
                if labels != NONE {
                    let labels = self.labels.get(labels).iter();
                    let labels = labels.map(|(key, value)| (key.to_string(), value.to_string()));
                    line(&Line::Labels(labels.collect()))?;
                }
                for some in hosts.chunks(HOSTS_A_LINE) {
                    let told = some.iter();
                    let told =
                        told.map(|(id, row)| (Hex(*id), row.time, row.reports, row.name.clone()));
                    line(&Line::Hosts(told.collect()))?;
                    let narrowed = some.iter().filter(|(_, row)| shape.partly && row.full);
                    let narrowed: Vec<Hex> = narrowed.map(|(id, _)| Hex(*id)).collect();
                    if !narrowed.is_empty() {
                        line(&Line::Narrowed(narrowed))?;
                    }
                }
            }
        }
        for (host, names) in &self.aliases {
            line(&Line::Aliases {
                host: Hex(*host),
                names: names.clone(),
            })?;
        }
        line(&Line::End {
            hosts: self.hosts.len() as u64,
        })
    }
}

impl Summary {
    /// The line of a finding.
    fn told(&self, known: &Known) -> Line {
        let words = self.words.get(known.key).cloned();
        Line::Finding {
            key: Hex(known.key),
            check: Arc::clone(&known.check),
            status: known.status,
            severity: known.severity,
            cure: Some(known.cure).filter(|cure| words.is_none() && *cure != Cure::Untold),
            words,
        }
    }
}

/// Lines of different types, written alike.
mod erased {
    use std::io;
    use std::io::Write;

    pub(super) trait Line {
        fn write(&self, out: &mut dyn Write) -> io::Result<()>;
    }

    impl<T: serde::Serialize> Line for T {
        fn write(&self, out: &mut dyn Write) -> io::Result<()> {
            Ok(serde_json::to_writer(out, self)?)
        }
    }
}
