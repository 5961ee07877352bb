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

use super::digest::{FINDINGS_LIMIT, Key, LABELS_LIMIT, NAME_LIMIT, Words};
use super::summary::{Bad, Known, Row, Shape, Summary};
use crate::diagnosis::{Severity, Status};

/// The name and version of the file's shape.
pub const PARTIAL_SCHEMA: &str = "bpf-doctor/partial/v1";

/// So many hosts stand in a line, which must be no longer than a report.
const HOSTS_A_LINE: usize = 4000;

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    schema: String,
    hosts: u64,
    bad: u64,
    foreign: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    Bad(Bad),
    Finding {
        key: Hex,
        check: Arc<str>,
        status: Status,
        severity: Severity,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<Arc<Words>>,
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
    /// Hosts of the shape above: id, time, reports, name.
    Hosts(Vec<(Hex, u64, u32, Box<str>)>),
    Aliases {
        host: Hex,
        names: BTreeSet<Box<str>>,
    },
    End {
        hosts: u64,
    },
}

#[derive(Debug, Serialize, Deserialize)]
struct ShapeLine {
    place: super::digest::Place,
    labels: Vec<(String, String)>,
    findings: Vec<Hex>,
    ok: Vec<Arc<str>>,
    software: Vec<super::digest::Software>,
}

/// A key in hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Hex(Key);

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
        })?;
        for bad in &self.bad {
            line(&Line::Bad(bad.clone()))?;
        }
        let mut shapes: BTreeMap<&Arc<Shape>, Vec<(Key, &Row)>> = BTreeMap::new();
        for (id, row) in &self.hosts {
            if let Some(shape) = self.shape(row) {
                shapes.entry(shape).or_default().push((*id, row));
            }
        }
        let used: HashSet<Key> = shapes
            .keys()
            .flat_map(|shape| shape.findings.clone())
            .collect();
        let findings: BTreeMap<Key, &Known> = self
            .findings
            .iter()
            .filter(|(key, _)| used.contains(key) || self.words.contains_key(key))
            .map(|(key, known)| (*key, known))
            .collect();
        for (key, known) in findings {
            let (check, status, severity) =
                (Arc::clone(&known.check), known.status, known.severity);
            let words = self.words.get(&key).cloned();
            let key = Hex(key);
            match words {
                Some(words) if !used.contains(&key.0) => line(&Line::Spare {
                    key,
                    check,
                    status,
                    severity,
                    words,
                })?,
                words => line(&Line::Finding {
                    key,
                    check,
                    status,
                    severity,
                    words,
                })?,
            }
        }
        for (shape, mut hosts) in shapes {
            line(&Line::Shape {
                shape: Box::new(ShapeLine {
                    place: (*shape.place).clone(),
                    labels: shape.labels.clone(),
                    findings: shape.findings.iter().copied().map(Hex).collect(),
                    ok: (*shape.ok).clone(),
                    software: shape.software.clone(),
                }),
            })?;
            hosts.sort_unstable_by_key(|(id, _)| *id);
            for some in hosts.chunks(HOSTS_A_LINE) {
                let rows = some.iter();
                let rows =
                    rows.map(|(id, row)| (Hex(*id), row.time, row.reports, row.name.clone()));
                line(&Line::Hosts(rows.collect()))?;
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

/// Reads the lines of such a file. Nothing of it counts before its end was seen.
#[derive(Debug)]
pub(super) struct PartialReader {
    head: Head,
    summary: Summary,
    shape: Option<u32>,
}

/// Whether such a file begins here.
pub(super) fn begins(line: &[u8]) -> bool {
    let head = line.get(..line.len().min(60)).unwrap_or_default();
    line.starts_with(b"{") && memchr::memmem::find(head, PARTIAL_SCHEMA.as_bytes()).is_some()
}

impl PartialReader {
    /// The reader of a file that begins with this line.
    pub(super) fn new(line: &[u8]) -> Result<Self, String> {
        let head: Head = serde_json::from_slice(line).map_err(|error| damaged(&error))?;
        if head.schema != PARTIAL_SCHEMA {
            return Err(format!("it is no `{PARTIAL_SCHEMA}`"));
        }
        Ok(Self {
            head,
            summary: Summary::default(),
            shape: None,
        })
    }

    /// Takes a line; the last one gives the summary.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<Option<Summary>, String> {
        let line: Line = serde_json::from_slice(line).map_err(|error| damaged(&error))?;
        let summary = &mut self.summary;
        match line {
            Line::Bad(bad) => {
                bounded([bad.source.as_str(), &bad.reason], 4 << 10)?;
                summary.keep_bad(bad);
            }
            Line::Finding {
                key,
                check,
                status,
                severity,
                words,
            } => know(summary, key, check, status, severity, words)?,
            Line::Spare {
                key,
                check,
                status,
                severity,
                words,
            } => know(summary, key, check, status, severity, Some(words))?,
            Line::Shape { shape } => {
                let shape = self.checked(*shape)?;
                self.shape = Some(self.summary.number(Arc::new(shape)));
            }
            Line::Hosts(rows) => {
                let shape = self.shape.ok_or("hosts without a shape before them")?;
                for (id, time, reports, name) in rows {
                    bounded([&*name], NAME_LIMIT)?;
                    if summary.hosts.contains_key(&id.0) {
                        return Err("it has a host twice".to_owned());
                    }
                    let row = Row {
                        time,
                        shape,
                        reports,
                        name,
                    };
                    summary.host(id.0, row);
                }
            }
            Line::Aliases { host, names } => {
                for name in names {
                    bounded([&*name], NAME_LIMIT)?;
                    summary.alias(host.0, name);
                }
            }
            Line::End { hosts } => {
                if hosts != self.head.hosts || hosts != summary.hosts.len() as u64 {
                    return Err("it has not as many hosts as it says".to_owned());
                }
                summary.bad_count = self.head.bad;
                summary.foreign = self.head.foreign;
                return Ok(Some(std::mem::take(summary)));
            }
        }
        Ok(None)
    }

    fn checked(&self, shape: ShapeLine) -> Result<Shape, String> {
        if shape.findings.len() + shape.ok.len() > FINDINGS_LIMIT
            || shape.labels.len() > LABELS_LIMIT
        {
            return Err("a shape has more findings or labels than reports may have".to_owned());
        }
        let labels = shape.labels.iter();
        bounded(
            labels.flat_map(|(key, value)| [key.as_str(), value]),
            NAME_LIMIT,
        )?;
        let known = |key: &Hex| self.summary.findings.contains_key(&key.0);
        let sorted = shape.findings.is_sorted() && shape.ok.is_sorted() && shape.labels.is_sorted();
        if !sorted || !shape.findings.iter().all(known) {
            return Err(
                "a shape has findings that the file does not tell, or in no order".to_owned(),
            );
        }
        Ok(Shape {
            place: Arc::new(shape.place),
            labels: shape.labels,
            findings: shape.findings.iter().map(|key| key.0).collect(),
            ok: Arc::new(shape.ok),
            software: shape.software,
        })
    }
}

fn know(
    summary: &mut Summary,
    key: Hex,
    check: Arc<str>,
    status: Status,
    severity: Severity,
    words: Option<Arc<Words>>,
) -> Result<(), String> {
    bounded([&*check], NAME_LIMIT)?;
    if !matches!(status, Status::Fail | Status::Unknown) {
        return Err("a finding neither fails nor is unknown".to_owned());
    }
    let key = key.0;
    let known = Known {
        key,
        check,
        status,
        severity,
    };
    summary.findings.insert(key, known);
    if let Some(words) = words {
        summary.keep_words(key, words);
    }
    Ok(())
}

fn bounded<'a>(texts: impl IntoIterator<Item = &'a str>, limit: usize) -> Result<(), String> {
    match texts.into_iter().all(|text| text.len() <= limit) {
        true => Ok(()),
        false => Err(format!("a text has more than {limit} bytes")),
    }
}

fn damaged(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    format!("it is a damaged summary: {}", said.replace(&place, ""))
}
