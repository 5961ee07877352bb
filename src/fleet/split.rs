//! Documents out of a stream of bytes: YAML with `---` between them, JSON with or without lines
//! of its own, in memory that one document takes.

mod begin;

use std::io;
use std::io::Read;

use memchr::memmem;

use super::batch::{At, Got, Part, Take};
use super::ends::{
    End, JOINT, blank_lines, dedent, inner_end, is_blank, is_in_item, item_end, json_end, yaml_end,
};
use super::list::{List, object_end, other_end};
use super::read::LIMIT;
use super::rejoin::{LONGEST, begins_within};

/// How much is read at once, where nobody asks for more.
const CHUNK: usize = 256 << 10;
/// A mark of byte order.
const MARK: &[u8] = "\u{feff}".as_bytes();
/// What a list must have in it to be one of reports.
const REPORT: &[u8] = b"bpf-doctor/report/";
/// No report is shorter than this.
pub(super) const SHORT: usize = 128;
/// How much may be read in which nothing is as long as a report.
const USELESS: u64 = 64 << 20;
/// How much of a document that is too large is kept, to tell what it is.
const SHOWN: usize = 64 << 10;
/// How much of a document that is too large is read to find the next one.
const SKIP: u64 = 1 << 30;

/// Takes a stream apart.
pub(super) struct Splitter<R> {
    source: R,
    buffer: Vec<u8>,
    /// Where the next document begins.
    start: usize,
    /// Where what was read ends; the rest of the buffer is room.
    end: usize,
    /// How much is read at once.
    chunk: usize,
    /// Whether the stream has ended.
    ended: bool,
    /// The line the next document begins in.
    line: usize,
    /// Whether it is JSON; known from its first byte, and where it becomes the other one.
    json: Option<bool>,
    /// Whether there are brackets around the JSON at hand.
    listed: bool,
    /// The list of JSON at hand.
    place: List,
    /// What was just passed that is to be told: an item with nothing in it, or lists without end.
    hollow: Option<&'static [u8]>,
    /// Whether the list at hand is all there is in an object, which ends behind it.
    wrapped: bool,
    /// Whether brackets were passed over.
    brackets: bool,
    /// Whether the YAML at hand is a list of reports; known once its beginning was read.
    list: Option<bool>,
    /// Room for an item of a list.
    item: Vec<u8>,
    /// How much was read since the last document that is as long as a report.
    useless: u64,
    /// Whether the buffer must stay as it is, because documents in it are still to be read.
    held: bool,
}

impl<R: Read> Splitter<R> {
    pub(super) fn new(source: R, buffer: Vec<u8>) -> Self {
        Self {
            source,
            buffer,
            start: 0,
            end: 0,
            chunk: CHUNK,
            ended: false,
            line: 1,
            json: None,
            listed: false,
            place: List::default(),
            hollow: None,
            wrapped: false,
            brackets: false,
            list: None,
            item: Vec::new(),
            useless: 0,
            held: false,
        }
    }

    /// Reads so much at once, if that is more than it does of itself.
    pub(super) fn reading(self, chunk: usize) -> Self {
        Self {
            chunk: chunk.max(CHUNK),
            ..self
        }
    }

    /// Whether there were brackets, in which nothing needs to be.
    pub(super) fn has_brackets(&self) -> bool {
        self.brackets
    }

    /// The buffer, for another stream.
    pub(super) fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    /// Calls `take` with each part.
    pub(super) fn each(&mut self, take: &mut dyn FnMut(Part<'_>)) -> io::Result<()> {
        while self.part(false, &mut |part, _| take(part))? == Got::Part {}
        Ok(())
    }

    /// Calls `take` with the next part, if there is one. Where the buffer is held, nothing in it
    /// is moved.
    pub(super) fn part(&mut self, held: bool, take: &mut Take<'_>) -> io::Result<Got> {
        self.held = held;
        match self.next(take) {
            Ok(true) => Ok(Got::Part),
            Ok(false) => Ok(Got::End),
            // That it is held was the fault.
            Err(_) if held && !std::mem::replace(&mut self.held, false) => Ok(Got::Wait),
            Err(error) => Err(error),
        }
    }

    /// Gives the buffer away for another one, in which goes on what was not yet taken.
    pub(super) fn swap(&mut self, other: &mut Vec<u8>) {
        let rest = self.buffer.get(self.start..self.end).unwrap_or_default();
        if other.len() < rest.len() {
            other.resize(rest.len(), 0);
        }
        if let Some(room) = other.get_mut(..rest.len()) {
            room.copy_from_slice(rest);
        }
        (self.start, self.end) = (0, rest.len());
        std::mem::swap(&mut self.buffer, other);
    }

    fn next(&mut self, take: &mut Take<'_>) -> io::Result<bool> {
        let Some(json) = self.begin()? else {
            if !self.ended {
                take(Part::Useless(self.at()), None);
            }
            return Ok(false);
        };
        if let Some(hollow) = self.hollow.take() {
            let at = At {
                line: self.line,
                item: self.place.passed(),
            };
            take(Part::Document(at, hollow), None);
            return Ok(true);
        }
        let list = !json && self.is_list()?;
        // A bracket too many may have ended a list that goes on.
        let is_listed = self.listed;
        let mut from = self.start;
        let end = loop {
            let rest = self.rest();
            let end = match json {
                true if is_listed && !rest.starts_with(b"{") => other_end(rest, self.ended),
                true if is_listed => {
                    let end = inner_end(rest);
                    let end = end.unwrap_or_else(|| json_end(rest, true, self.ended));
                    object_end(rest, end, self.ended, LIMIT)
                }
                true => json_end(rest, false, self.ended),
                false if list => item_end(rest, from - self.start, self.ended),
                false => yaml_end(rest, from - self.start, self.ended),
            };
            match end {
                End::At(..) => break Some(end),
                End::Beyond if rest.len() > LIMIT => break None,
                End::Beyond => {
                    // A mark may stand at the very end of what was read.
                    from = self.end.saturating_sub(JOINT.len()).max(self.start);
                    let before = self.start;
                    self.fill()?;
                    from -= before - self.start;
                }
            }
        };
        let at = self.at();
        match end {
            Some(End::At(end, next)) => {
                let (end, next) = (self.start + end, self.start + next);
                let document = self.buffer.get(self.start..end).unwrap_or_default();
                self.place.took(document.trim_ascii_end().ends_with(b"}"));
                self.useless = match document.len() < SHORT {
                    true => self.useless + (next - self.start) as u64,
                    false => 0,
                };
                if document.len() > LIMIT {
                    take(Part::TooLarge(at, document), None);
                } else if list {
                    dedent(document, &mut self.item);
                    take(Part::Document(at, &self.item), None);
                } else if json || !is_blank(document) {
                    take(Part::Document(at, document), Some(self.start));
                }
                match json && next > end {
                    // A line, as it was found by its end.
                    true => {
                        (self.start, self.line) = (next, at.line + 1);
                        self.listed &= self.place.is_open();
                    }
                    false => self.advance(next),
                }
                if !list || self.buffer.get(next..next + 2) != Some(b"- ") {
                    self.list = None;
                }
            }
            _ => {
                // What was passed over is not found again.
                self.may_move()?;
                self.list = None;
                self.place.lost_count();
                let begin = self.rest().get(..SHOWN).unwrap_or_default().to_vec();
                if !self.skip(json)? {
                    take(Part::Endless(at), None);
                    return Ok(false);
                }
                take(Part::TooLarge(at, &begin), None);
            }
        }
        Ok(true)
    }

    /// Whether the YAML at hand is a list with reports in it. No more than a document is
    /// read to know.
    fn is_list(&mut self) -> io::Result<bool> {
        loop {
            if let Some(known) = self.list {
                return Ok(known);
            }
            let rest = self.rest();
            let begin = rest.get(blank_lines(rest)..).unwrap_or_default();
            let list = match begin {
                [b'-', b' ', ..] => {
                    let found = memmem::find(rest, REPORT);
                    let is_item = |at| is_in_item(rest.get(..at).unwrap_or_default());
                    let known = found.map(is_item);
                    let is_told = known.is_some() || rest.len() > LIMIT || self.ended;
                    is_told.then_some(known == Some(true))
                }
                [] | [b'-'] if !self.ended && rest.len() <= LIMIT => None,
                _ => Some(false),
            };
            self.list = list;
            if list.is_none() {
                self.fill()?;
            }
        }
    }

    /// Where the next document begins.
    fn at(&self) -> At {
        At {
            line: self.line,
            item: self.place.item(),
        }
    }

    /// Goes over what stands between documents; true where it went no further than behind what is
    /// to be told.
    fn pass(&mut self, blank: usize) -> bool {
        let passed = self.buffer.get(self.start..self.start + blank);
        let passed = passed.unwrap_or_default();
        let has = |byte: u8| passed.contains(&byte);
        self.brackets |= has(b'[');
        let in_line = !has(b'\n') && (self.listed || has(b'['));
        self.wrapped &= !has(b'}');
        let (length, hollow) = self.place.pass(passed);
        self.listed = self.place.is_open() || in_line;
        self.advance(self.start + length);
        self.hollow = hollow;
        hollow.is_some()
    }

    fn advance(&mut self, to: usize) {
        let passed = self.buffer.get(self.start..to).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', passed).count();
        self.start = to;
    }

    /// What was read and not yet taken.
    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Whether the buffer may be changed; if not, that is told by its being held no longer.
    fn may_move(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.held, false) {
            true => Err(io::ErrorKind::WouldBlock.into()),
            false => Ok(()),
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.may_move()?;
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() < self.end + self.chunk {
            self.buffer.resize(self.end + self.chunk, 0);
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        let read = loop {
            match self.source.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.end += read.min(room.len());
        self.ended = read == 0;
        Ok(())
    }

    /// Passes over the rest of a document; false where it has no end in sight.
    fn skip(&mut self, json: bool) -> io::Result<bool> {
        let mark: &[u8] = if json { b"\n{" } else { b"\n---" };
        let is_open = json && self.place.is_open();
        let mut passed = 0;
        if is_open {
            // Not to find what is to be passed.
            self.advance(self.start + 1);
        }
        loop {
            let rest = self.rest();
            let line = memmem::find(rest, mark).map(|at| at + 1);
            let next = is_open.then(|| begins_within(rest)).flatten();
            if let Some(at) = line.into_iter().chain(next).min() {
                self.advance(self.start + at);
                if !json {
                    self.advance(self.start + 3);
                }
                return Ok(true);
            }
            let keep = rest.len().min(LONGEST.len() - 1);
            let to = self.end - keep;
            passed += (to - self.start) as u64;
            self.advance(to);
            if self.ended {
                self.advance(self.end);
                return Ok(true);
            }
            if passed > SKIP {
                return Ok(false);
            }
            self.fill()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte after the other.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            let one = room.len().min(1);
            self.0.read(&mut room[..one])
        }
    }

    fn parts(text: &str) -> Vec<(usize, String)> {
        let collect = |source: &mut dyn Read| {
            let mut parts = Vec::new();
            let mut splitter = Splitter::new(source, Vec::new());
            splitter
                .each(&mut |part| {
                    parts.push(match part {
                        Part::Document(at, text) => {
                            (at.line, String::from_utf8(text.to_vec()).unwrap())
                        }
                        Part::TooLarge(at, _) => (at.line, "too large".to_owned()),
                        Part::Endless(at) => (at.line, "endless".to_owned()),
                        Part::Useless(at) => (at.line, "useless".to_owned()),
                    });
                })
                .unwrap();
            parts
        };
        let at_once = collect(&mut text.as_bytes());
        if text.len() < 10_000 {
            assert_eq!(collect(&mut Slow(text.as_bytes())), at_once, "{text}");
        }
        at_once
    }

    #[test]
    fn documents_of_yaml_and_json() {
        for (text, expected) in [
            ("", &[][..]),
            ("\n\n", &[]),
            ("a: 1\n", &[(1, "a: 1\n")]),
            ("\u{feff}a: 1\n", &[(1, "a: 1\n")]),
            // Reports that were cut off, before others.
            (
                "{\"schema\":\"a\n{\"schema\":1}\n{\"schema\":[\n1,\n{\"complete\":2}\n",
                &[
                    (1, "{\"schema\":\"a"),
                    (2, "{\"schema\":1}"),
                    (3, "{\"schema\":[\n1,"),
                    (5, "{\"complete\":2}"),
                ],
            ),
            (
                "{\n\"a\": [\n{\"b\": 1},\n{}\n]\n}\n{\"schema\": 1}",
                &[
                    (1, "{\n\"a\": [\n{\"b\": 1},\n{}\n]\n}"),
                    (7, "{\"schema\": 1}"),
                ],
            ),
            ("\u{feff}{}\n{}", &[(1, "{}"), (2, "{}")]),
            ("a: 1", &[(1, "a: 1")]),
            (
                "---\na: 1\n---\nb: 2\n",
                &[(1, "\na: 1\n"), (3, "\nb: 2\n")],
            ),
            ("%YAML 1.1\n# c\n---\na: 1\n...\n", &[(3, "\na: 1\n")]),
            (
                "--- # c\na: 1\n--- {b: 2}\n",
                &[(1, " # c\na: 1\n"), (3, " {b: 2}\n")],
            ),
            (
                "a: 1\n---x\n----\nb: 2\n",
                &[(1, "a: 1\n---x\n----\nb: 2\n")],
            ),
            ("a: 1\n---", &[(1, "a: 1\n")]),
            (
                "schema: x\ncomplete: true\nschema: y\ncomplete: true\n",
                &[
                    (1, "schema: x\ncomplete: true\n"),
                    (3, "schema: y\ncomplete: true\n"),
                ],
            ),
            (
                "schema: x\na:\n  complete: true\n  schema: y\n---\nb: 2\n",
                &[
                    (1, "schema: x\na:\n  complete: true\n  schema: y\n"),
                    (5, "\nb: 2\n"),
                ],
            ),
            (
                "{\"a\": 1}\n{\"b\": 2}\n",
                &[(1, "{\"a\": 1}"), (2, "{\"b\": 2}")],
            ),
            ("{\"a\": 1}", &[(1, "{\"a\": 1}")]),
            (
                "{\n \"a\": {}\n}\n\n{\"b\": \"}\\\"{\"}",
                &[(1, "{\n \"a\": {}\n}"), (5, "{\"b\": \"}\\\"{\"}")],
            ),
            (
                "[{\"a\": 1},\n {\"b\": 2}]\n",
                &[(1, "{\"a\": 1}"), (2, "{\"b\": 2}")],
            ),
            (
                "{\"a\": {}\n}\nweather\n{\"b\": 2}\n",
                &[(1, "{\"a\": {}\n}"), (3, "weather"), (4, "{\"b\": 2}")],
            ),
            ("{\"a\": \"", &[(1, "{\"a\": \"")]),
            ("{\"a\": 1", &[(1, "{\"a\": 1")]),
            ("\u{feff}a: 1\n", &[(1, "a: 1\n")]),
            (
                "{\"a\": 1}\n---\n{\"b\": 2}\n--- {\"c\": 3}\n---\n",
                &[(1, "{\"a\": 1}"), (3, "{\"b\": 2}"), (4, "{\"c\": 3}")],
            ),
            (
                "- a: bpf-doctor/report/v1\n  b:\n  - c\n\n- a: 2\n  b: |\n    - x\n- 3\n",
                &[
                    (1, "a: bpf-doctor/report/v1\nb:\n- c\n\n"),
                    (5, "a: 2\nb: |\n  - x\n"),
                    (8, "3\n"),
                ],
            ),
            (
                "---\n- a: bpf-doctor/report/v1\n-\n  b: 1\n---\nc: 1\n",
                &[
                    (1, "\n  a: bpf-doctor/report/v1\n-\n  b: 1\n"),
                    (5, "\nc: 1\n"),
                ],
            ),
            ("- a: 1\n- b: 2\n", &[(1, "- a: 1\n- b: 2\n")]),
            // A map of YAML in braces.
            (
                "{a: [1,\n  {b: 'x \"}'}],\n  c: 2}\n---\n{a: 3}\n",
                &[
                    (1, "{a: [1,\n  {b: 'x \"}'}],\n  c: 2}\n"),
                    (4, "\n{a: 3}\n"),
                ],
            ),
            // What a login says before reports, and both kinds in one stream.
            (
                "Last login\n{\"schema\":1}\n{\"schema\":2}\n",
                &[
                    (1, "Last login\n"),
                    (2, "{\"schema\":1}"),
                    (3, "{\"schema\":2}"),
                ],
            ),
            (
                "Hello\nschema: bpf-doctor/report/v1\nfindings:\n- a\nschema: bpf-doctor/x\n",
                &[
                    (1, "Hello\n"),
                    (2, "schema: bpf-doctor/report/v1\nfindings:\n- a\n"),
                    (5, "schema: bpf-doctor/x\n"),
                ],
            ),
            (
                "complete: true\nfindings:\n- a\nschema: bpf-doctor/x\n",
                &[(1, "complete: true\nfindings:\n- a\nschema: bpf-doctor/x\n")],
            ),
            (
                "{\n  \"schema\": 1\n}\nschema: bpf-doctor/a\nb:\n  - {\nschema: bpf-doctor/b\n{\n  \"schema\": 2}\n---\nschema: bpf-doctor/c\n---\n{ \"complete\": 1}\nx\n",
                &[
                    (1, "{\n  \"schema\": 1\n}"),
                    (4, "schema: bpf-doctor/a\nb:\n  - {\n"),
                    (7, "schema: bpf-doctor/b\n"),
                    (8, "{\n  \"schema\": 2}"),
                    (11, "schema: bpf-doctor/c\n"),
                    (13, "{ \"complete\": 1}"),
                    (14, "x"),
                ],
            ),
            ("a: [\n{\"b\": 1}]\n", &[(1, "a: [\n{\"b\": 1}]\n")]),
            // Nor does a line before a list take any of it.
            (
                "Warning\n[{\"a\":1},{\"b\":2}]\n",
                &[(1, "Warning\n"), (2, "{\"a\":1}"), (2, "{\"b\":2}")],
            ),
            (
                "a\nb\n[\n        {\n          \"a\":1}]",
                &[(1, "a\nb\n"), (4, "{\n          \"a\":1}")],
            ),
            (
                "a\n[null,\n{\"a\":1}]",
                &[(1, "a\n"), (2, "null"), (3, "{\"a\":1}")],
            ),
            ("[]\n[{\"a\":1}]", &[(2, "{\"a\":1}")]),
            ("[null]\n[{\"a\":1}]", &[(1, "null"), (2, "{\"a\":1}")]),
            ("a\n[b] c\n[d]\n", &[(1, "a\n[b] c\n[d]\n")]),
        ] {
            let expected: Vec<(usize, String)> = expected
                .iter()
                .map(|(line, text)| (*line, (*text).to_owned()))
                .collect();
            assert_eq!(parts(text), expected, "{text}");
        }
    }

    /// What is no report in a list takes nothing else of it along.
    #[test]
    fn items_of_lists_have_numbers() {
        let items = |text: &str| {
            let collect = |source: &mut dyn Read| {
                let mut items = Vec::new();
                let mut splitter = Splitter::new(source, Vec::new());
                let mut take = |part: Part<'_>| {
                    items.push(match part {
                        Part::Document(at, text) => {
                            (at.item, String::from_utf8(text.to_vec()).unwrap())
                        }
                        Part::TooLarge(at, _) | Part::Endless(at) | Part::Useless(at) => {
                            (at.item, "too much".to_owned())
                        }
                    });
                };
                splitter.each(&mut take).unwrap();
                items
            };
            let at_once = collect(&mut text.as_bytes());
            if text.len() < 10_000 {
                assert_eq!(collect(&mut Slow(text.as_bytes())), at_once, "{text}");
            }
            at_once
        };
        const REPORT: &str = "{\"schema\": \"bpf-doctor/report/v1\"}";
        let huge = format!("{{\"a\":\"{}\"}}", "x".repeat(LIMIT * 2));
        let many = format!("[{huge},{REPORT},1]");
        let deep = format!("{{}}\n{}{}\n{{}}", "[".repeat(100), "]".repeat(100));
        for (text, expected) in [
            (
                "[{\"a\":1},null, -1.5e3 ,\"x,]\\\"y\",{\"b\":2}]",
                &[
                    (Some(1), "{\"a\":1}"),
                    (Some(2), "null"),
                    (Some(3), "-1.5e3"),
                    (Some(4), "\"x,]\\\"y\""),
                    (Some(5), "{\"b\":2}"),
                ][..],
            ),
            (
                "[null,{\"a\":1}]",
                &[(Some(1), "null"), (Some(2), "{\"a\":1}")],
            ),
            ("[[],{\"a\":1}]", &[(Some(1), "[]"), (Some(2), "{\"a\":1}")]),
            (
                "[{\"a\":1},[[[]]],[{\"b\":2},{\"c\":3}],{\"d\":4}]\n{\"e\":5}\n[{\"f\":6}]",
                &[
                    (Some(1), "{\"a\":1}"),
                    (Some(2), "[]"),
                    (Some(3), "{\"b\":2}"),
                    (Some(3), "{\"c\":3}"),
                    (Some(4), "{\"d\":4}"),
                    (None, "{\"e\":5}"),
                    (Some(1), "{\"f\":6}"),
                ],
            ),
            // Cut off within an object, and within a text.
            (
                "[{\"a\":{\"b,{\"schema\":\"bpf-doctor/x\"},{\"a\":[1,{\"schema\": \"bpf-doctor/y\"},nil,{\"schema\":\"bpf-doctor/z\"}]",
                &[
                    (Some(1), "{\"a\":{\"b,"),
                    (Some(2), "{\"schema\":\"bpf-doctor/x\"}"),
                    (Some(3), "{\"a\":[1,"),
                    (Some(4), "{\"schema\": \"bpf-doctor/y\"}"),
                    (Some(5), "nil,"),
                    (Some(6), "{\"schema\":\"bpf-doctor/z\"}"),
                ],
            ),
            // Rubbish first, and a bracket too many.
            (
                "[Error: no route,{\"schema\":\"bpf-doctor/x\"}]",
                &[
                    (Some(1), "Error: no route,"),
                    (Some(2), "{\"schema\":\"bpf-doctor/x\"}"),
                ],
            ),
            (
                "[{\"a\":1}],{\"b\":2},c,{\"schema\":\"bpf-doctor/x\"}]\n{\"d\":3}",
                &[
                    (Some(1), "{\"a\":1}"),
                    (None, "{\"b\":2}"),
                    (None, "c,"),
                    (None, "{\"schema\":\"bpf-doctor/x\"}"),
                    (None, "{\"d\":3}"),
                ],
            ),
            // A list that has no end, and one that is all of an object.
            ("{}\n[", &[(None, "{}"), (None, "[")]),
            (
                "[{\"a\":1},{\"b\":2}",
                &[
                    (Some(1), "{\"a\":1}"),
                    (Some(2), "{\"b\":2}"),
                    (Some(2), "["),
                ],
            ),
            ("[{\"a\":1},\n", &[(Some(1), "{\"a\":1}"), (Some(1), "[")]),
            // An item that was cut off says as much.
            (
                "[{\"a\":1},{\"b\":",
                &[(Some(1), "{\"a\":1}"), (Some(2), "{\"b\":")],
            ),
            (
                &deep,
                &[(None, "{}"), (Some(1), &deep[3..68]), (None, "{}")],
            ),
            (
                "{\"x\" : [ {\"schema\": \"bpf-doctor/report/v1\"},{\"a\":[]}] }\n{\"b\":{}}",
                &[
                    (Some(1), REPORT),
                    (Some(2), "{\"a\":[]}"),
                    (None, "{\"b\":{}}"),
                ],
            ),
            (
                "{\"x\":[{\"schema\":\"bpf-doctor/x\"}]}",
                &[(None, "{\"x\":[{\"schema\":\"bpf-doctor/x\"}]}")],
            ),
            // An object with a report in it is one object.
            (
                "[{\"a\":{\"schema\":\"bpf-doctor/x\"}},{}]",
                &[
                    (Some(1), "{\"a\":{\"schema\":\"bpf-doctor/x\"}}"),
                    (Some(2), "{}"),
                ],
            ),
            // No list of JSON.
            (
                "[1] schema: bpf-doctor/x\n",
                &[(None, "[1] schema: bpf-doctor/x\n")],
            ),
            // How many are in what was passed over is not known.
            (&many, &[(Some(1), "too much"), (None, REPORT), (None, "1")]),
        ] {
            let expected = expected
                .iter()
                .map(|(item, text)| (*item, (*text).to_owned()));
            assert_eq!(items(text), expected.collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_is_of_no_use_has_an_end() {
        let short = format!("{{\"a\": \"{}\"}}\n", "x".repeat(SHORT - 20));
        let long = format!("{{\"a\": \"{}\"}}\n", "x".repeat(SHORT));
        let count = |lines: usize, every: usize| {
            let mut text = String::new();
            for line in 0..lines {
                let is_long = line > 0 && line % every == 0;
                text += if is_long { &long } else { &short };
            }
            let (mut read, mut given_up) = (0, false);
            let mut splitter = Splitter::new(text.as_bytes(), Vec::new());
            splitter
                .each(&mut |part| match part {
                    Part::Document(..) => read += 1,
                    _ => given_up = true,
                })
                .unwrap();
            (read, given_up)
        };
        let many = USELESS as usize / short.len() + 1;
        assert_eq!(count(many + 1000, many * 2), (many, true));
        assert_eq!(count(many + 1000, many / 2), (many + 1000, false));
    }

    #[test]
    fn what_is_too_large_is_passed_over() {
        let large = "x".repeat(LIMIT + 1);
        let text = format!("a: 1\n---\nb: {large}\n---\nc: 3\n");
        assert_eq!(
            parts(&text),
            [
                (1, "a: 1\n".to_owned()),
                (2, "too large".to_owned()),
                (4, "\nc: 3\n".to_owned())
            ]
        );
        // A list is no document, however long its one line is.
        let one = format!("{{\"a\": \"{}\"}}", "x".repeat(LIMIT / 3));
        let list = format!("[{}]\n", [one.as_str(); 5].join(", "));
        assert_eq!(parts(&list), vec![(1, one); 5]);
        let text = format!("{{\"a\": \"{large}\"}}\n{{\"b\": 2}}\n");
        assert_eq!(
            parts(&text),
            [(1, "too large".to_owned()), (2, "{\"b\": 2}".to_owned())]
        );
    }
}
