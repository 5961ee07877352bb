//! JSON reports that are like others, read by what they have in common with them.
//!
//! A report in JSON is taken apart where its findings begin and end. What comes before them,
//! without name, time and machine id, is parsed once and from then on known by its bytes. The
//! findings, and the outcomes and facts behind them, are held against those of a report of a
//! host at the same place ([`layout`](super::layout)), of which everything may be another but
//! what an audit asks for. Where that does not fit, each finding is known by its bytes
//! without its evidence, or parsed. What is in another order than the doctor's is read in full.

use std::collections::HashMap;

use super::digest::{Digest, FINDINGS_LIMIT, Own, Place, identify};
use super::heads::{self, Left};
use super::layout::{Layout, Plan};
use super::raw::{Raw, RawFinding};
use super::read::{Meaning, Reader, add};
use super::scan::{self, Next, Open};

/// The same, where knowing them helped little.
const KNOWN_SMALL: usize = 2 << 20;
/// About what is kept beside the bytes themselves.
const HELD: usize = 2 << 10;
/// So many layouts of each part are kept for a head.
const LAYOUTS: usize = 4;
/// With more values than this that are others, a layout of its own is faster.
const OTHERS: usize = 300;

/// A report that was read.
#[derive(Debug)]
pub(super) enum Reading {
    /// One unlike those before. Where it has a number, others like it will come with that; what
    /// had this number before, or a higher one, is no longer asked for.
    New(Box<Digest>, Option<usize>),
    /// One that differs from that of this number in nothing but this.
    Like(usize, Own),
}

/// What is known of reports in JSON.
#[derive(Debug, Default)]
pub(super) struct Alike {
    numbers: HashMap<Box<[u8]>, usize>,
    heads: Vec<Head>,
    /// The layouts that did for a place.
    places: HashMap<Place, (usize, usize)>,
    findings: HashMap<Box<[u8]>, Meaning>,
    lists: Vec<List>,
    rests: Vec<Layout>,
    /// Heads and lists that came together.
    pairs: HashMap<(usize, usize), usize>,
    known: usize,
    /// So many bytes are known at most; then it begins anew.
    limit: usize,
    /// How often something was known, and how often it was not.
    hits: u64,
    misses: u64,
    /// Whether what was known before helped little, because no report is like another.
    is_small: bool,
    /// Room to put bytes together in.
    scratch: Vec<u8>,
    moves: Vec<(usize, usize)>,
}

/// What comes before the findings.
#[derive(Debug)]
struct Head {
    digest: Digest,
    machine: Option<String>,
    lists: Vec<usize>,
    rests: Vec<usize>,
}

/// Findings, and what they mean.
#[derive(Debug)]
struct List {
    layout: Layout,
    meanings: Vec<Meaning>,
}

impl Alike {
    /// One that knows nothing yet, and never more bytes than this.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// The report, if it is like the doctor writes it and nothing is wrong with it.
    pub(super) fn glance(&mut self, reader: &mut Reader, text: &[u8]) -> Option<Reading> {
        let room = match self.is_small {
            true => KNOWN_SMALL.min(self.limit),
            false => self.limit,
        };
        if self.known > room {
            *self = Self {
                limit: self.limit,
                is_small: self.hits < self.misses,
                ..Self::default()
            };
        }
        let (number, left, at) = match self.known_head(text) {
            Some(known) => {
                self.hits += 1;
                known
            }
            None => {
                let mut left = Left::default();
                let at = heads::take_apart(text, &mut left, &mut self.scratch)?;
                let number = match self.numbers.get(self.scratch.as_slice()) {
                    Some(number) => {
                        self.hits += 1;
                        *number
                    }
                    None => {
                        self.misses += 1;
                        self.head(reader, text, at, &left)?
                    }
                };
                (number, left, at)
            }
        };
        let time = match left.time {
            Some(time) => crate::time::seconds(time)?,
            None => self.heads.get(number)?.digest.time,
        };
        let (list, at) = self.list(reader, number, text, at)?;
        self.rest(number, text, at)?;
        let head = self.heads.get(number)?;
        let name = left.name.map(str::to_owned);
        let name = name.or_else(|| head.digest.name.clone());
        let machine = left.machine.or(head.machine.as_deref());
        let (meanings, pair) = match &list {
            Ok(list) => (&self.lists.get(*list)?.meanings, Some((number, *list))),
            Err(meanings) => (meanings, None),
        };
        if let Some(number) = pair.and_then(|pair| self.pairs.get(&pair)) {
            let (id, name) = identify(name, machine, text);
            return Some(Reading::Like(*number, Own { id, name, time }));
        }
        let mut digest = head.digest.clone();
        (digest.time, digest.name) = (time, name);
        for meaning in meanings {
            add(&mut digest, meaning.clone());
        }
        let digest = Box::new(digest.finish(machine, text).ok()?);
        let known = pair.map(|pair| {
            let known = self.pairs.len();
            self.pairs.insert(pair, known);
            self.known += HELD / 8;
            known
        });
        Some(Reading::New(digest, known))
    }

    /// The head of a report, if it is known.
    fn known_head<'a>(&mut self, text: &'a [u8]) -> Option<(usize, Left<'a>, usize)> {
        let (left, at) = heads::guess(text, &mut self.scratch)?;
        let number = *self.numbers.get(self.scratch.as_slice())?;
        Some((number, left, at))
    }

    /// A head that was not seen before.
    fn head(
        &mut self,
        reader: &mut Reader,
        text: &[u8],
        at: usize,
        left: &Left<'_>,
    ) -> Option<usize> {
        const REST: &[u8] = br#"[],"probes":[],"facts":{},"complete":true}"#;
        let whole = [text.get(..at)?, REST].concat();
        let raw: Raw = serde_json::from_slice(&whole).ok()?;
        let (raw, _) = raw.into_parts();
        let host = &raw.host;
        let same = left.time.is_none_or(|time| raw.generated_at == time)
            && (left.name.is_none() || host.hostname.as_deref() == left.name)
            && (left.machine.is_none() || host.machine_id.as_deref() == left.machine);
        if !same {
            return None;
        }
        let digest = reader.digest(&raw).ok()?;
        let (list, rest) = self.places.get(&digest.place).copied().unzip();
        let number = self.heads.len();
        self.known += self.scratch.len() + HELD + digest.held();
        self.heads.push(Head {
            digest,
            machine: raw.host.machine_id,
            lists: list.into_iter().collect(),
            rests: rest.into_iter().collect(),
        });
        self.numbers.insert(self.scratch.as_slice().into(), number);
        Some(number)
    }

    /// The list of findings that begins here: its number, or what it means where it is not
    /// kept; and its end.
    fn list(
        &mut self,
        reader: &mut Reader,
        head: usize,
        text: &[u8],
        at: usize,
    ) -> Option<(Result<usize, Vec<Meaning>>, usize)> {
        let known = &mut self.heads.get_mut(head)?.lists;
        for place in 0..known.len() {
            let number = *known.get(place)?;
            let layout = &mut self.lists.get_mut(number)?.layout;
            if let Some((end, _)) = layout.follow(text, at, &mut self.moves) {
                self.hits += 1;
                // Those of the same kind often come together.
                known.swap(0, place);
                return Some((Ok(number), end));
            }
        }
        let has_room = known.len() < LAYOUTS;
        let mut plan = Plan::new(at);
        let mut meanings = Vec::new();
        let mut open = Open::list(text, at)?;
        let end = loop {
            match open.next()? {
                Next::End(end) => break end,
                Next::Entry(_, at) => {
                    let (meaning, end) = self.finding(reader, text, at, &mut plan)?;
                    meanings.push(meaning);
                    open.at = end;
                }
            }
            if meanings.len() > FINDINGS_LIMIT {
                return None;
            }
        };
        if !has_room {
            return Some((Err(meanings), end));
        }
        let layout = plan.of(text, end)?;
        self.known += layout.size() + HELD;
        let number = self.lists.len();
        self.lists.push(List { layout, meanings });
        self.heads.get_mut(head)?.lists.push(number);
        Some((Ok(number), end))
    }

    /// What a finding means, and where it ends.
    fn finding(
        &mut self,
        reader: &mut Reader,
        text: &[u8],
        start: usize,
        plan: &mut Plan,
    ) -> Option<(Meaning, usize)> {
        self.scratch.clear();
        let mut taken = start;
        let mut open = Open::map(text, start)?;
        let end = loop {
            let (key, at) = match open.next()? {
                Next::Entry(key, at) => (key, at),
                Next::End(end) => break end,
            };
            if key == b"evidence" {
                open.at = plan.container(text, at, b'[')?;
                self.scratch.extend_from_slice(text.get(taken..at)?);
                self.scratch.extend_from_slice(b"[]");
                taken = open.at;
            } else {
                open.at = scan::value(text, at, &mut ())?;
            }
        };
        self.scratch.extend_from_slice(text.get(taken..end)?);
        if let Some(known) = self.findings.get(self.scratch.as_slice()) {
            self.hits += 1;
            return Some((known.clone(), end));
        }
        let raw: RawFinding = serde_json::from_slice(&self.scratch).ok()?;
        self.misses += 1;
        let meaning = reader.meaning(raw);
        self.known += self.scratch.len() + HELD;
        self.findings
            .insert(self.scratch.as_slice().into(), meaning.clone());
        Some((meaning, end))
    }

    /// Whether what follows the findings is what should: outcomes, facts, and the end.
    fn rest(&mut self, head: usize, text: &[u8], at: usize) -> Option<()> {
        let is_end = |end| scan::blank(text, end) == text.len();
        let known = &mut self.heads.get_mut(head)?.rests;
        for place in 0..known.len() {
            let layout = self.rests.get_mut(*known.get(place)?)?;
            let followed = layout.follow(text, at, &mut self.moves);
            let Some((_, others)) = followed.filter(|(end, _)| is_end(*end)) else {
                continue;
            };
            known.swap(0, place);
            if others <= OTHERS || known.len() >= LAYOUTS {
                return Some(());
            }
            break;
        }
        let mut plan = Plan::new(at);
        let end = behind(text, at, &mut plan).filter(|end| is_end(*end))?;
        if known.len() < LAYOUTS {
            let layout = plan.of(text, end)?;
            self.known += layout.size();
            let number = self.rests.len();
            self.rests.push(layout);
            let head = self.heads.get_mut(head)?;
            head.rests.push(number);
            if let Some(list) = head.lists.last() {
                let place = head.digest.place.clone();
                self.places.insert(place, (*list, number));
                self.known += HELD / 2;
            }
        }
        Some(())
    }
}

/// The end of what follows the findings.
fn behind(text: &[u8], at: usize, plan: &mut Plan) -> Option<usize> {
    let mut at = at;
    for (key, begin) in [(&b"\"probes\""[..], b'['), (b"\"facts\"", b'{')] {
        at = plan.container(text, entry(text, at, key)?, begin)?;
    }
    at = entry(text, at, b"\"complete\"")?;
    if !text.get(at..)?.starts_with(b"true") {
        return None;
    }
    at = scan::blank(text, at + b"true".len());
    (text.get(at) == Some(&b'}')).then_some(at + 1)
}

/// Where the value of this key begins, if it is the next one in its map.
fn entry(text: &[u8], at: usize, key: &[u8]) -> Option<usize> {
    let mut at = scan::blank(text, at);
    for token in [b",", key, b":"] {
        if !text.get(at..)?.starts_with(token) {
            return None;
        }
        at = scan::blank(text, at + token.len());
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::quick::KNOWN;
    use crate::fleet::tests::{random, report};

    /// Reads as the threads do, and gives what was read in the one shape it has.
    struct Glancing {
        alike: Alike,
        reader: Reader,
        seen: Vec<Digest>,
    }

    impl Glancing {
        fn new() -> Self {
            Self {
                alike: Alike::new(KNOWN),
                reader: Reader::default(),
                seen: Vec::new(),
            }
        }

        fn glance(&mut self, text: &str) -> Option<Digest> {
            Some(
                match self.alike.glance(&mut self.reader, text.as_bytes())? {
                    Reading::New(digest, number) => {
                        if let Some(number) = number {
                            self.seen.truncate(number);
                            self.seen.push((*digest).clone());
                        }
                        *digest
                    }
                    Reading::Like(number, Own { id, name, time }) => Digest {
                        id,
                        name,
                        time,
                        ..self.seen[number].clone()
                    },
                },
            )
        }
    }

    fn in_full(text: &str) -> Digest {
        let read = Reader::default().read(text.as_bytes());
        read.unwrap_or_else(|fault| panic!("{}: {text}", fault.reason))
    }

    fn lines() -> [String; 3] {
        let pretty = crate::report::json(&report()).unwrap();
        let value: serde_json::Value = serde_json::from_str(&pretty).unwrap();
        // With its keys in the order of the doctor, as tools leave them.
        let compact = compact(&pretty);
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&compact).unwrap(),
            value
        );
        let spaced = compact.replace("\":", "\": ").replace(",\"", ", \"");
        [compact, spaced, pretty]
    }

    /// Without the spaces between tokens.
    fn compact(pretty: &str) -> String {
        let lines = pretty
            .lines()
            .map(|line| line.trim_start().replacen("\": ", "\":", 1));
        lines.collect()
    }

    #[test]
    fn like_reports_are_known_by_what_they_have_in_common() {
        for text in lines() {
            let mut glancing = Glancing::new();
            let first = glancing.glance(&text).unwrap();
            assert_eq!(in_full(&text), first);
            assert!(!first.findings.is_empty() && !first.ok.is_empty());
            let known = glancing.alike.known;
            // Other hosts, with other outcomes, facts and evidence.
            let other = text
                .replace("web-17", "db-1")
                .replace("2026-01-01", "2026-02-01")
                .replace("CONFIG_BPF=y", "x")
                .replace("micros\":7", "micros\":123456")
                .replace("micros\": 7", "micros\": 123456")
                .replace("\"source\":\"/", "\"source\":\"\\u0041\u{e9}/")
                .replace("\"source\": \"/", "\"source\": \"\\u0041\u{e9}/");
            assert_ne!(other, text);
            let read = glancing
                .alike
                .glance(&mut glancing.reader, other.as_bytes());
            assert!(matches!(read, Some(Reading::Like(0, _))), "{read:?}");
            assert_eq!(in_full(&other), glancing.glance(&other).unwrap());
            assert_eq!(glancing.alike.known, known);
            assert_ne!(first.id, in_full(&other).id);
            // A host for which something else is true.
            let fails = text
                .replacen("\"status\":\"ok\"", "\"status\":\"fail\"", 1)
                .replacen("\"status\": \"ok\"", "\"status\": \"fail\"", 1);
            assert!(glancing.glance(&fails).is_none(), "its summary lies");
            assert!(Reader::default().read(fails.as_bytes()).is_err());
            assert_eq!(in_full(&text), glancing.glance(&text).unwrap());
        }
    }

    #[test]
    fn names_of_any_kind() {
        let [text, ..] = lines();
        let mut glancing = Glancing::new();
        for _ in 0..2 {
            for name in [
                "\"a\"",
                "null",
                "\"\"",
                "\"localhost\"",
                "\"\\u0061\"",
                "\"\u{e9}\"",
                "\"a b\"",
                "\"null\"",
            ] {
                let text = text.replace("\"web-17\"", name);
                assert_eq!(in_full(&text), glancing.glance(&text).unwrap(), "{name}");
            }
            for (from, to) in [
                ("\"hostname\":", "\"hostname\":\"x\",\"hostname\":"),
                ("\"hostname\":", "\"host\\u006eame\":\"x\",\"hostname\":"),
                ("\"hostname\":\"web-17\"", "\"hostname\":17"),
                ("\"host\":", "\"host\":{},\"host\":"),
                ("\"findings\":", "\"findings\":[],\"findings\":"),
                ("\"findings\":", "\"complete\":true,\"findings\":"),
                ("\"evidence\":", "\"evidence\":[],\"evidence\":"),
                ("\"probes\":", "\"probes\":[],\"probes\":"),
                ("\"probes\":", "\"probes\":{},\"x\":"),
                ("\"facts\":", "\"facts\":{},\"facts\":"),
                ("\"complete\":true", "\"complete\":false"),
                ("\"complete\":true", "\"complete\":true,\"complete\":true"),
                (",\"complete\":true", ""),
                ("2026-01-01T00:00:00Z", "2026-13-01T00:00:00Z"),
                ("bpf-doctor/report/v1", "bpf-doctor/report/v2"),
                (
                    "\"generated_at\":",
                    "\"generated_at\":\"2026-01-01T00:00:00Z\",\"generated_at\":",
                ),
            ] {
                let odd = text.replacen(from, to, 1);
                assert_ne!(odd, text, "{from}");
                assert!(glancing.glance(&odd).is_none(), "{from}: {to}");
                assert!(
                    Reader::default().read(odd.as_bytes()).is_err(),
                    "{from}: {to}"
                );
            }
        }
    }

    /// Each report with findings, evidence and facts of its own: less is kept than comes.
    #[test]
    fn what_no_two_have_in_common_is_read_and_dropped() {
        let [text, ..] = lines();
        let mut glancing = Glancing::new();
        let mut most = 0;
        let padding = "x".repeat(1 << 16);
        for number in 0..600 {
            let text = text
                .replace("\"because\":\"", &format!("\"because\":\"{number} "))
                .replacen(
                    "\"facts\":{",
                    &format!("\"facts\":{{\"{number}{padding}\":1,"),
                    1,
                )
                .replacen(
                    "\"os\":{",
                    &format!("\"os\":{{\"{number}\":\"{padding}\","),
                    1,
                );
            let digest = glancing.glance(&text).unwrap();
            if number % 50 == 0 {
                assert_eq!(in_full(&text), digest);
            }
            most = most.max(glancing.alike.known);
        }
        assert!(most > KNOWN && most < KNOWN + (1 << 20), "{most}");
    }

    /// Whatever is done to a report: if it is read at a glance, the parser reads the same.
    #[test]
    fn at_a_glance_and_in_full_are_the_same() {
        let mut random = random(2);
        let bits = [
            "\"",
            "\\",
            "\\u00e9",
            "\\ud800",
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            " ",
            "\n",
            "0",
            "1",
            "-",
            ".5",
            "e3",
            "true",
            "false",
            "null",
            "\u{e9}",
            "\u{0}",
            "{}",
            "[]",
            "\"x\":1,",
            ",\"x\":1",
            "\"check\":\"x\",",
            "\"status\":\"ok\",",
            "\"evidence\":[],",
            "\"complete\":true,",
            "\"facts\":{},",
            "\"host\":{},",
            "\"findings\":[],",
            "\"hostname\":\"x\",",
            "\"machine_id\":\"0123456789abcdef0123456789abcdef\",",
        ];
        for text in lines() {
            let mut glancing = Glancing::new();
            glancing.glance(&text).unwrap();
            let tokens: Vec<&str> = text.split_inclusive([',', ':', '{', '[']).collect();
            let mut glances = 0;
            for _ in 0..500 {
                let mut tokens: Vec<String> =
                    tokens.iter().map(|token| (*token).to_owned()).collect();
                for _ in 0..=random(2) {
                    let (one, other) = (random(tokens.len()), random(tokens.len()));
                    match random(7) {
                        0 => drop(tokens.remove(one)),
                        1 => tokens.swap(one, other),
                        2 => tokens.insert(one, tokens[other].clone()),
                        3 | 4 => {
                            let places: Vec<usize> = (0..=tokens[one].len())
                                .filter(|at| tokens[one].is_char_boundary(*at))
                                .collect();
                            let at = places[random(places.len())];
                            tokens[one].insert_str(at, bits[random(bits.len())]);
                        }
                        5 => drop(tokens[one].pop()),
                        _ => {
                            let end = tokens[one].pop().unwrap_or(',');
                            let values = [
                                "0",
                                "\"x\"",
                                "null",
                                "[1,2]",
                                "{\"a\":{}}",
                                "\"fail\"",
                                "true",
                            ];
                            tokens[one] = format!("{}{end}", values[random(values.len())]);
                        }
                    }
                }
                let changed = tokens.concat();
                if let Some(digest) = glancing.glance(&changed) {
                    glances += 1;
                    assert_eq!(in_full(&changed), digest, "{changed}");
                }
            }
            assert!(glances > 40, "only {glances}");
        }
    }
}
