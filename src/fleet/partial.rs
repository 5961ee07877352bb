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
use super::labels::{Label, NONE};
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
    /// Labels that were left out for want of room, by their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) left_out: Vec<Arc<str>>,
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
    /// The same, where some were left out for want of room.
    Cut(Vec<(String, String)>),
    /// Hosts of the shape above: id, time, reports, name.
    Hosts(Vec<(Hex, u64, u32, Box<str>)>),
    /// Reports of the same shape, of hosts that have another one, which count once their time
    /// has come.
    Later(Vec<(Hex, u64, u32, Box<str>)>),
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
            left_out: self.labels.left_out().cloned().collect(),
        })?;
        for bad in self.bad.iter() {
            line(&Line::Bad(bad.clone()))?;
        }
        let mut used_shapes: BTreeMap<&Arc<Shape>, u32> = BTreeMap::new();
        let mut rows: Vec<(Key, &Row, bool)> =
            Vec::with_capacity(self.hosts.len() + self.later.len());
        let hosts = self.hosts.iter().map(|(id, row)| (*id, row, false));
        let later = self.later.iter().map(|((id, _), row)| (*id, row, true));
        for (id, row, is_later) in hosts.chain(later) {
            if let Some(shape) = self.shape(row) {
                used_shapes.insert(shape, row.shape);
                rows.push((id, row, is_later));
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
        rows.sort_by(|(id, row, later), (other, next, other_later)| {
            let place = |row: &Row| order.get(row.shape as usize);
            let labels = |row: &Row| self.labels_by(row.labels);
            let own = (place(row), labels(row), later, id, row.time);
            own.cmp(&(place(next), labels(next), other_later, other, next.time))
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
            let end = rest.partition_point(|(_, row, _)| row.shape == number);
            let (of_shape, others) = rest.split_at_checked(end).unwrap_or_default();
            rest = others;
            let alike = of_shape.chunk_by(|(_, one, _), (_, other, _)| {
                // Where some were left out, sets of several numbers may be the same.
                one.labels == other.labels
                    || self.labels_by(one.labels) == self.labels_by(other.labels)
            });
            for hosts in alike {
                let labels = hosts.first().map_or(NONE, |(_, row, _)| row.labels);
                if labels != NONE {
                    let (told, is_cut) = self.labels_by(labels);
                    let told = told.iter();
                    let told = told.map(|(key, value)| (key.to_string(), value.to_string()));
                    let told: Vec<(String, String)> = told.collect();
                    line(&match is_cut {
                        true => Line::Cut(told),
                        false => Line::Labels(told),
                    })?;
                }
                let (hosts, later) = hosts
                    .split_at_checked(hosts.partition_point(|(_, _, is_later)| !is_later))
                    .unwrap_or_default();
                let told = |some: &[(Key, &Row, bool)]| {
                    let told = some.iter();
                    let told = told
                        .map(|(id, row, _)| (Hex(*id), row.time, row.reports, row.name.clone()));
                    told.collect()
                };
                for some in hosts.chunks(HOSTS_A_LINE) {
                    line(&Line::Hosts(told(some)))?;
                    let narrowed = some.iter().filter(|(_, row, _)| shape.partly && row.full);
                    let narrowed: Vec<Hex> = narrowed.map(|(id, ..)| Hex(*id)).collect();
                    if !narrowed.is_empty() {
                        line(&Line::Narrowed(narrowed))?;
                    }
                }
                for some in later.chunks(HOSTS_A_LINE) {
                    line(&Line::Later(told(some)))?;
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
    /// The labels of this number, and whether some were left out.
    fn labels_by(&self, number: u32) -> (&[Label], bool) {
        (self.labels.get(number), self.labels.is_cut(number))
    }

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
