//! Reports read as little as they need to be, and yet exactly.
//!
//! A fleet's reports are much alike: the same findings for the same reasons, with facts and
//! outcomes behind them that no audit asks for. So a report in the form the doctor writes is
//! taken apart at its lines. Its head and each of its findings are parsed once, and from then
//! on known by their bytes; evidence, outcomes and facts are only looked at for being YAML
//! ([`lines`](super::lines)). Bytes become known only if they are what the doctor's writer
//! itself makes of the value in them, so that they mean the same wherever they stand.
//! Everything else is read in full; nothing but time depends on which way a report went.

use std::collections::HashMap;

use memchr::memmem;

use super::alike::{Alike, Reading};
use super::digest::Digest;
use super::faults::Fault;
use super::lines::{Kind, are_plain};
use super::raw::{RawFinding, RawHead};
use super::read::{LIMIT, Meaning, Reader, add, is_json};
use crate::yaml;

/// So many bytes are known at most; then it begins anew.
pub(super) const KNOWN: usize = 24 << 20;
/// The same for all threads together.
const KNOWN_BY_ALL: usize = 64 << 20;
/// About what is kept beside the bytes themselves.
const HELD: usize = 2 << 10;

/// Reads documents.
#[derive(Debug)]
pub(super) struct Quick {
    reader: Reader,
    is_in_full: bool,
    /// What is known of JSON.
    alike: Alike,
    findings: HashMap<Box<[u8]>, Meaning>,
    heads: HashMap<Box<[u8]>, Digest>,
    known: usize,
    limit: usize,
    /// Room to put bytes together in.
    scratch: Vec<u8>,
}

impl Quick {
    /// One of so many that read side by side.
    pub(super) fn new(is_in_full: bool, threads: usize) -> Self {
        let limit = KNOWN.min(KNOWN_BY_ALL / threads.max(1));
        Self {
            reader: Reader::default(),
            is_in_full,
            alike: Alike::new(limit),
            findings: HashMap::new(),
            heads: HashMap::new(),
            known: 0,
            limit,
            scratch: Vec::new(),
        }
    }

    /// The report in this document.
    pub(super) fn read(&mut self, text: &[u8]) -> Result<Reading, Fault> {
        if !self.is_in_full
            && text.len() <= LIMIT
            && let Some(reading) = self.glance(text)
        {
            return Ok(reading);
        }
        let digest = self.in_full(text)?;
        Ok(Reading::New(Box::new(digest), None))
    }

    /// The report in this document, through the parser.
    pub(super) fn in_full(&mut self, text: &[u8]) -> Result<Digest, Fault> {
        self.reader.read(text)
    }

    /// The report, if it is in a form that the doctor writes and nothing is wrong with it.
    fn glance(&mut self, text: &[u8]) -> Option<Reading> {
        if is_json(text) {
            return self.alike.glance(&mut self.reader, text);
        }
        let digest = self.yaml(text)?;
        Some(Reading::New(Box::new(digest), None))
    }

    /// The report, if it is YAML in the form the doctor writes and nothing is wrong with it.
    fn yaml(&mut self, document: &[u8]) -> Option<Digest> {
        // What follows a `---`.
        let text = document.strip_prefix(b"\n").unwrap_or(document);
        let findings_at = memmem::find(text, b"\nfindings:\n- check: ")? + 1;
        let (head, rest) = text.split_at_checked(findings_at)?;
        let findings = rest.strip_prefix(b"findings:\n")?;
        let probes_at = memmem::find(findings, b"\nprobes:")? + 1;
        let (findings, rest) = findings.split_at_checked(probes_at)?;
        let facts_at = memmem::find(rest, b"\nfacts:\n")? + 1;
        let (probes, rest) = rest.split_at_checked(facts_at)?;
        // Of a host that was read from files, nothing was tried.
        let probes = match probes.strip_prefix(b"probes:\n") {
            Some(probes) => probes,
            None => probes.strip_prefix(b"probes: []\n")?,
        };
        let facts = rest.strip_prefix(b"facts:\n")?;
        let facts = facts.strip_suffix(b"complete: true\n")?;
        if self.known > self.limit {
            self.findings.clear();
            self.heads.clear();
            self.known = 0;
        }
        let (mut digest, machine) = self.head(head)?;
        let mut start = 0;
        while start < findings.len() {
            let rest = findings.get(start..)?;
            let length = memmem::find(rest, b"\n- check: ").map_or(rest.len(), |at| at + 1);
            let meaning = self.finding(rest.get(..length)?)?;
            add(&mut digest, meaning);
            start += length;
        }
        let probes_are_plain = probes.is_empty() || are_plain(probes, 0, Kind::List);
        if !probes_are_plain || !are_plain(facts, 0, Kind::Map) {
            return None;
        }
        digest.finish(machine.as_deref(), document).ok()
    }

    /// What comes before the findings, and the machine's id. What each host has of its own is
    /// left out of what becomes known, and read by itself.
    fn head(&mut self, head: &[u8]) -> Option<(Digest, Option<String>)> {
        let mut own = Own::default();
        self.scratch.clear();
        for line in head.split_inclusive(|byte| *byte == b'\n') {
            if own.takes(line) {
                self.scratch.push(0);
            } else {
                self.scratch.extend_from_slice(line);
            }
        }
        let Own {
            time: Some(time),
            name: Some(name),
            machine,
            odd: false,
        } = own
        else {
            let raw = parse_head(head)?;
            let digest = self.reader.digest(&raw).ok()?;
            return Some((digest, raw.host.machine_id));
        };
        let seconds = crate::time::seconds(time)?;
        let machine = machine.map(str::to_owned);
        if let Some(known) = self.heads.get(self.scratch.as_slice()) {
            let mut digest = known.clone();
            digest.time = seconds;
            digest.name = Some(name.to_owned());
            return Some((digest, machine));
        }
        let raw = parse_head(head)?;
        let same = raw.generated_at == time
            && raw.host.hostname.as_deref() == Some(name)
            && raw.host.machine_id == machine;
        if !same {
            return None;
        }
        let digest = self.reader.digest(&raw).ok()?;
        self.known += self.scratch.len() + HELD + digest.held();
        self.heads
            .insert(self.scratch.as_slice().into(), digest.clone());
        Some((digest, machine))
    }

    /// What a finding means.
    fn finding(&mut self, block: &[u8]) -> Option<Meaning> {
        const EVIDENCE: &[u8] = b"\n  evidence:\n";
        self.scratch.clear();
        match memmem::find(block, EVIDENCE) {
            None => self.scratch.extend_from_slice(block),
            Some(at) => {
                let (before, rest) = block.split_at_checked(at + 1)?;
                let rest = rest.get(EVIDENCE.len() - 1..)?;
                let end = end_of_evidence(rest);
                let (evidence, after) = rest.split_at_checked(end)?;
                if !are_plain(evidence, 2, Kind::List) {
                    return None;
                }
                self.scratch.extend_from_slice(before);
                self.scratch.extend_from_slice(after);
            }
        }
        if let Some(known) = self.findings.get(self.scratch.as_slice()) {
            return Some(known.clone());
        }
        let text = std::str::from_utf8(&self.scratch).ok()?;
        if text.contains("\n  evidence:") || !yaml::is_as_written(text) {
            return None;
        }
        let one: [RawFinding; 1] = yaml::from_str(text).ok()?;
        let [raw] = one;
        let meaning = self.reader.meaning(raw);
        self.known += self.scratch.len() + HELD;
        self.findings
            .insert(self.scratch.as_slice().into(), meaning.clone());
        Some(meaning)
    }
}

fn parse_head(head: &[u8]) -> Option<RawHead> {
    let text = std::str::from_utf8(head).ok()?;
    let later = ["findings:", "probes:", "facts:", "complete:"];
    let early = |line: &str| later.iter().any(|key| line.starts_with(key));
    if text.lines().any(early) || !yaml::is_as_written(text) {
        return None;
    }
    yaml::from_str(text).ok()
}

/// Where the next key of the finding begins.
fn end_of_evidence(text: &[u8]) -> usize {
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', text) {
        match text.get(start..start + 3) {
            Some([b' ', b' ', b' ' | b'-']) => start = end + 1,
            // An empty line within a text.
            Some([b'\n', ..]) => start = end + 1,
            _ => return start,
        }
    }
    start
}

/// What each host has of its own in the head.
#[derive(Default)]
struct Own<'a> {
    time: Option<&'a str>,
    name: Option<&'a str>,
    machine: Option<&'a str>,
    /// One of them is there twice, or is no word: the parser shall say what it is.
    odd: bool,
}

impl<'a> Own<'a> {
    /// Takes the line if it is one of these, each of which may be there once.
    fn takes(&mut self, line: &'a [u8]) -> bool {
        for (key, place) in [
            (b"generated_at: ".as_slice(), &mut self.time),
            (b"  hostname: ", &mut self.name),
            (b"  machine_id: ", &mut self.machine),
        ] {
            if let Some(value) = line.strip_prefix(key) {
                let word = word(value);
                self.odd |= place.is_some() || word.is_none();
                *place = word;
                return true;
            }
        }
        false
    }
}

/// A scalar that means its letters and nothing else.
fn word(value: &[u8]) -> Option<&str> {
    const MEANING: &[&str] = &[
        "null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf",
    ];
    let value = value.strip_suffix(b"\n")?;
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    if let [b'\'', inner @ .., b'\''] = value {
        let fits = inner.iter().all(|byte| fits(byte) || *byte == b':');
        return std::str::from_utf8(inner).ok().filter(|_| fits);
    }
    let begins = match value {
        [first, ..] if first.is_ascii_alphabetic() => true,
        // Numbers in other bases.
        [b'0', b'x' | b'o' | b'b' | b'X' | b'O' | b'B', ..] => false,
        // As most machine ids begin; no decimal number has a letter but that of its exponent.
        [first, rest @ ..] if first.is_ascii_digit() => rest
            .iter()
            .any(|byte| byte.is_ascii_alphabetic() && !b"eE".contains(byte)),
        _ => false,
    };
    let text = std::str::from_utf8(value).ok()?;
    let meaning = MEANING.iter().any(|word| text.eq_ignore_ascii_case(word));
    (begins && value.iter().all(fits) && !meaning).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::tests::{random, report};
    use crate::report;

    fn text() -> String {
        report::yaml(&report()).unwrap()
    }

    #[test]
    fn a_report_of_files_is_read_at_a_glance() {
        let text = text();
        let (from, to) = (
            text.find("\nprobes:\n").unwrap(),
            text.find("\nfacts:\n").unwrap(),
        );
        let text = format!("{}\nprobes: []{}", &text[..from], &text[to..]);
        let digest = Quick::new(false, 1).yaml(text.as_bytes()).unwrap();
        assert_eq!(Reader::default().read(text.as_bytes()).unwrap(), digest);
    }

    #[test]
    fn what_the_doctor_writes_is_read_at_a_glance() {
        let text = text();
        let mut quick = Quick::new(false, 1);
        let first = quick.yaml(text.as_bytes()).unwrap();
        assert_eq!(Reader::default().read(text.as_bytes()).unwrap(), first);
        assert!(!first.findings.is_empty() && !first.ok.is_empty());
        // From what is known by now, for another host.
        let known = quick.known;
        let other = text
            .replace("web-17", "db-1")
            .replace("2026-01-01", "2026-02-01");
        let second = quick.yaml(other.as_bytes()).unwrap();
        assert_eq!(quick.known, known);
        assert_eq!(Reader::default().read(other.as_bytes()).unwrap(), second);
        assert_ne!(first.id, second.id);
        // Names that mean something else as a scalar.
        for name in [
            "~",
            "null",
            "'null'",
            "17",
            "'17'",
            "1e5",
            "0fd3c9",
            "10-web.7e",
            "0x1f",
            "0b1",
            "0b1c",
            "0o17",
            "17e3e",
            "1.5e3",
            "1_000",
            "'a''b'",
            "\"a\\nb\"",
            "\u{e9}",
            "[]",
        ] {
            let odd = text.replace("hostname: web-17", &format!("hostname: {name}"));
            let full = Reader::default().read(odd.as_bytes());
            if let Some(digest) = quick.yaml(odd.as_bytes()) {
                assert_eq!(full.unwrap(), digest, "{name}");
            }
        }
    }

    /// Whatever is done to a report: if it is read at a glance, the parser reads the same.
    #[test]
    fn at_a_glance_and_in_full_are_the_same() {
        let text = text();
        let mut random = random(1);
        let mut quick = Quick::new(false, 1);
        let mut reader = Reader::default();
        quick.yaml(text.as_bytes()).unwrap();
        let bits = [
            "'",
            "\"",
            "- ",
            "  ",
            ": ",
            " #",
            "&a ",
            "*a",
            "!x ",
            "|-",
            ">",
            "[",
            "{}",
            "\n",
            "\n\n",
            "\t",
            "\r",
            "\u{85}",
            "\u{2028}",
            "~",
            "null",
            "---",
            "...",
            "%",
            "@",
            "complete: true\n",
            "verdict: ready\n",
            "- check: x\n",
            "\\",
            "\u{0}",
            "\u{feff}",
            "facts:\n",
            "probes:\n",
        ];
        let mut glances = 0;
        for _ in 0..500 {
            let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
            for _ in 0..=random(2) {
                let (one, other) = (random(lines.len()), random(lines.len()));
                match random(8) {
                    0 => drop(lines.remove(one)),
                    1 => lines.swap(one, other),
                    2 => lines.insert(one, lines[other].clone()),
                    3 => lines[one].insert_str(0, "  "),
                    4 => lines[one] = lines[one].strip_prefix("  ").unwrap_or("\n").to_owned(),
                    5 => {
                        let at = random(lines[one].len() + 1);
                        lines[one].insert_str(at, bits[random(bits.len())]);
                    }
                    6 => {
                        let at = random(lines[one].len());
                        lines[one].remove(at);
                    }
                    _ => {
                        let words = ["ok", "fail", "unknown", "x y", "17", "''"];
                        let key = lines[one].split(':').next().unwrap_or_default().to_owned();
                        lines[one] = format!("{key}: {}\n", words[random(words.len())]);
                    }
                }
            }
            let changed = lines.concat();
            if let Some(digest) = quick.yaml(changed.as_bytes()) {
                glances += 1;
                match reader.read(changed.as_bytes()) {
                    Ok(full) => assert_eq!(full, digest, "{changed}"),
                    Err(fault) => panic!("{}: {changed}", fault.reason),
                }
            }
        }
        assert!(glances > 30, "only {glances}");
    }
}
