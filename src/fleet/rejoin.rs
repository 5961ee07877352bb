//! The lines of a summary's file, read again: each is checked, and nothing of the file counts
//! before its end was seen.

use std::sync::Arc;

use serde::Deserialize;

use super::audit::{Cure, cure};
use super::digest::{FINDINGS_LIMIT, HOST_LIMIT, KEY_LIMIT, Key, LABELS_LIMIT, SOFTWARE_LIMIT};
use super::labels::NONE;
use super::partial::{Head, Hex, Line, PARTIAL_SCHEMA, ShapeLine};
use super::room::{NO_ROOM, Room};
use super::summary::{Known, Row, Shape, Summary};
use super::words::{NAME_LIMIT, Words, cut};
use crate::diagnosis::{Severity, Status};

/// More reports than this were never written.
const MOST: u64 = 1 << 40;
/// The first second that no report can be of: the years have four digits.
const END_OF_TIME: u64 = 253_402_300_800;

/// What the first line says it is.
#[derive(Deserialize)]
struct Version {
    schema: String,
}

/// Reads the lines of such a file. Nothing of it counts before its end was seen.
#[derive(Debug)]
pub(super) struct PartialReader {
    head: Head,
    summary: Summary,
    /// The shape of the hosts that follow, and whether it is of some checks alone.
    shape: Option<(u32, bool)>,
    labels: u32,
}

/// Whether such a file begins here, of this version or another.
pub(super) fn begins(line: &[u8]) -> bool {
    const ANY: &[u8] = b"bpf-doctor/partial/";
    let head = line.get(..line.len().min(60)).unwrap_or_default();
    line.starts_with(b"{") && memchr::memmem::find(head, ANY).is_some()
}

/// Whether this is a line of such a file, and not its first one.
pub(super) fn goes_on(line: &[u8]) -> bool {
    const WORDS: &[&str] = &[
        "bad", "finding", "spare", "shape", "labels", "cut", "hosts", "later", "narrowed",
        "aliases", "end",
    ];
    let key = line.strip_prefix(b"{\"").unwrap_or_default();
    let mut words = WORDS.iter();
    words.any(|word| {
        let rest = key.strip_prefix(word.as_bytes());
        rest.is_some_and(|rest| rest.starts_with(b"\":"))
    })
}

/// Where another document of the doctor begins within this text, which was cut off before: no
/// report and no summary has one in it.
pub(super) fn next_within(text: &[u8]) -> Option<usize> {
    begins_within(text.get(1..)?).map(|found| found + 1)
}

/// Where a document of the doctor begins in this text, be it at once.
pub(super) fn begins_within(text: &[u8]) -> Option<usize> {
    let begins = BEGINS.iter();
    let places = begins.filter_map(|begin| memchr::memmem::find(text, begin));
    places.min()
}

/// How documents of the doctor begin in JSON, as it writes them and as others write them again.
const BEGINS: [&[u8]; 2] = [b"{\"schema\":\"bpf-doctor/", LONGEST];
/// The longest of them.
pub(super) const LONGEST: &[u8] = b"{\"schema\": \"bpf-doctor/";

/// Whether this is no line of such a file, whatever its version, but a report: its first key
/// is one that reports have.
pub(super) fn is_report(text: &[u8]) -> bool {
    const KEYS: &[&str] = &[
        "schema",
        "tool",
        "generated_at",
        "host",
        "verdict",
        "summary",
        "selection",
        "demanded",
        "profiles",
        "findings",
        "probes",
        "facts",
        "complete",
    ];
    let key = text
        .strip_prefix(b"{")
        .unwrap_or_default()
        .trim_ascii_start();
    let key = key.strip_prefix(b"\"").unwrap_or_default();
    let mut keys = KEYS.iter();
    keys.any(|word| {
        let rest = key.strip_prefix(word.as_bytes());
        rest.is_some_and(|rest| rest.starts_with(b"\""))
    })
}

impl PartialReader {
    /// The reader of a file that begins with this line.
    pub(super) fn new(line: &[u8], room: &Arc<Room>) -> Result<Self, String> {
        let version: Version = serde_json::from_slice(line).map_err(|error| damaged(&error))?;
        if version.schema != PARTIAL_SCHEMA {
            let schema: String = version.schema.chars().take(60).collect();
            return Err(format!(
                "it is a `{schema}`; this bpf-doctor reads `{PARTIAL_SCHEMA}`"
            ));
        }
        let head: Head = serde_json::from_slice(line).map_err(|error| damaged(&error))?;
        let counts = [head.bad, head.foreign, head.future.unwrap_or(0)];
        if counts.iter().any(|count| *count > MOST) {
            return Err("it is a damaged summary: it counts more than there can be".to_owned());
        }
        bounded(head.left_out.iter().map(|name| &**name), KEY_LIMIT)?;
        let mut summary = Summary::within(None, room);
        summary.labels.leave_out(head.left_out.iter().cloned());
        Ok(Self {
            head,
            summary,
            shape: None,
            labels: NONE,
        })
    }

    /// Takes a line; the last one gives the summary.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<Option<Summary>, String> {
        let read = self.read(line);
        self.summary.settle();
        read
    }

    fn read(&mut self, line: &[u8]) -> Result<Option<Summary>, String> {
        let line: Line = serde_json::from_slice(line).map_err(|error| damaged(&error))?;
        if !self.summary.is_within_room() {
            return Err(NO_ROOM.to_owned());
        }
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
                cure,
            } => know(summary, (key, check, status, severity), words, cure)?,
            Line::Spare {
                key,
                check,
                status,
                severity,
                words,
            } => know(summary, (key, check, status, severity), Some(words), None)?,
            Line::Shape { shape } => {
                let shape = self.checked(*shape)?;
                let partly = shape.partly;
                self.shape = Some((self.summary.number(Arc::new(shape)), partly));
                self.labels = NONE;
            }
            line @ (Line::Labels(_) | Line::Cut(_)) => {
                let (labels, is_cut) = match line {
                    Line::Cut(labels) => (labels, true),
                    Line::Labels(labels) => (labels, false),
                    _ => (Vec::new(), false),
                };
                let texts = labels.iter();
                bounded(
                    texts.flat_map(|(key, value)| [key.as_str(), value]),
                    NAME_LIMIT,
                )?;
                let keys = labels.iter().map(|(key, _)| key);
                if labels.len() > LABELS_LIMIT || !keys.is_sorted_by(|one, next| one < next) {
                    return Err("it has more labels than hosts may have, or in no order".to_owned());
                }
                let labels = labels.iter();
                let labels = labels.map(|(key, value)| (key.as_str(), value.as_str()));
                self.labels = summary.labels.number(labels, is_cut);
            }
            Line::Narrowed(hosts) => {
                for id in hosts {
                    let row = summary.hosts.get_mut(&id.0);
                    row.ok_or("it tells of a host that it does not have")?.full = true;
                }
            }
            line @ (Line::Hosts(_) | Line::Later(_)) => {
                let (rows, is_later) = match line {
                    Line::Hosts(rows) => (rows, false),
                    Line::Later(rows) => (rows, true),
                    _ => (Vec::new(), false),
                };
                let (shape, partly) = self.shape.ok_or("hosts without a shape before them")?;
                for (id, time, reports, name) in rows {
                    bounded([&*name], NAME_LIMIT)?;
                    if time >= END_OF_TIME {
                        return Err("it has a report of a time that can't be".to_owned());
                    }
                    if !is_later && summary.hosts.contains_key(&id.0) {
                        return Err("it has a host twice".to_owned());
                    }
                    let row = Row {
                        time,
                        shape,
                        labels: self.labels,
                        reports,
                        full: !partly,
                        name: short(name),
                    };
                    match is_later {
                        true => summary.keep_later(id.0, row),
                        false => summary.host(id.0, row),
                    }
                }
            }
            Line::Aliases { host, names } => {
                if !summary.hosts.contains_key(&host.0) {
                    return Err("it tells of a host that it does not have".to_owned());
                }
                for name in names {
                    bounded([&*name], NAME_LIMIT)?;
                    summary.alias(host.0, short(name));
                }
            }
            Line::End { hosts } => {
                if hosts != self.head.hosts || hosts != summary.hosts.len() as u64 {
                    return Err("it has not as many hosts as it says".to_owned());
                }
                let mut later = summary.later.keys();
                if later.any(|(id, _)| !summary.hosts.contains_key(id)) {
                    return Err("it tells of a host that it does not have".to_owned());
                }
                summary.bad_count = self.head.bad;
                summary.foreign = self.head.foreign;
                summary.future = self.head.future.unwrap_or(0);
                if let Some(end) = self.head.words_end {
                    summary.words.ends_at(end.0);
                }
                return Ok(Some(std::mem::take(summary)));
            }
        }
        Ok(None)
    }

    fn checked(&mut self, mut shape: ShapeLine) -> Result<Shape, String> {
        if shape.findings.len() + shape.ok.len() + shape.moot.len() > FINDINGS_LIMIT * 2
            || shape.software.len() > SOFTWARE_LIMIT
        {
            return Err("a shape has more findings or software than reports may have".to_owned());
        }
        let known = |key: &Hex| self.summary.findings.contains_key(&key.0);
        let sorted = shape.findings.is_sorted() && shape.ok.is_sorted() && shape.moot.is_sorted();
        if !sorted || !shape.findings.iter().all(known) {
            return Err(
                "a shape has findings that the file does not tell, or in no order".to_owned(),
            );
        }
        shape.place.bound();
        let parts = &mut self.summary.parts;
        let findings = shape.findings.iter().map(|key| key.0);
        Ok(Shape {
            place: parts.place(&shape.place),
            findings: parts.keys(&findings.collect::<Vec<Key>>()),
            ok: parts.checks(&shape.ok),
            moot: parts.checks(&shape.moot),
            software: parts.suite(&shape.software),
            partly: shape.partly,
        })
    }
}

fn know(
    summary: &mut Summary,
    (key, check, status, severity): (Hex, Arc<str>, Status, Severity),
    mut words: Option<Arc<Words>>,
    told: Option<Cure>,
) -> Result<(), String> {
    bounded([&*check], NAME_LIMIT)?;
    if !matches!(status, Status::Fail | Status::Unknown) {
        return Err("a finding neither fails nor is unknown".to_owned());
    }
    let key = key.0;
    if let Some(words) = &mut words {
        Arc::make_mut(words).bound();
    }
    let cure = words.as_deref().map(cure).or(told);
    summary.know_of(Known {
        key,
        check,
        status,
        severity,
        cure: cure.unwrap_or(Cure::Untold),
    });
    if let Some(words) = words {
        summary.words.keep(key, words);
    }
    Ok(())
}

/// A name of a host as it is kept: summaries of an earlier doctor have longer ones.
fn short(name: Box<str>) -> Box<str> {
    if name.len() <= HOST_LIMIT {
        return name;
    }
    let mut name = String::from(name);
    cut(&mut name, HOST_LIMIT);
    name.into()
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
