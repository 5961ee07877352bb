//! What is wrong with a document, and the line it is in.

use serde::Deserialize;

use super::digest::Odd;
use super::raw::Raw;
use super::read::{LIMIT, is_json, parse};
use super::record::BUNDLE;
use crate::report::{SCHEMA, clean};
use crate::yaml;

/// How the schema of a report begins in JSON.
const REPORT: &[u8] = b"\"bpf-doctor/report/";

/// What is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// The line in it, counted from 1.
    pub(super) line: usize,
    /// What is wrong, in a line that continues `name:line: `.
    pub(super) reason: String,
}

impl Fault {
    pub(super) fn new(line: usize, reason: impl AsRef<str>) -> Self {
        let reason = clean(reason.as_ref());
        Self {
            line: line.max(1),
            reason: reason.chars().take(300).collect(),
        }
    }

    /// What the report itself is found to be, with the line that shows it.
    pub(super) fn of_report(text: &[u8], odd: &Odd) -> Self {
        let line = odd.at.as_ref().and_then(|(begin, nth)| {
            let key = begin.split(':').next().unwrap_or_default();
            let value = begin.split_once(": ").map(|(_, value)| value);
            line_of(text, 1, key, value, *nth)
        });
        damaged(line.unwrap_or(1), &odd.problem)
    }
}

/// The reason for people: no report at all, one of another kind, or a damaged one.
pub(super) fn better(text: &[u8], fault: Fault) -> Fault {
    #[derive(Deserialize)]
    struct Head {
        schema: Option<String>,
        complete: Option<bool>,
    }
    if is_json(text)
        && let Some(within) = within(text)
    {
        return within;
    }
    if text == b"[" {
        return Fault::new(
            1,
            "the list of reports was cut off here: it has no end, and what followed is \
             missing",
        );
    }
    if let Some(before) = before_report(text) {
        return Fault::new(
            1,
            format!(
                "its lines have `{before}` before them, as `kubectl logs --prefix`, `--timestamps` \
                 and collectors of logs write it: a report is what stands behind that, of one host \
                 alone"
            ),
        );
    }
    let fault = placed(text, fault);
    // Other writers of YAML put what two reports have in common into the first alone.
    let is_alias = fault.reason.contains("unknown anchor");
    if is_alias && memchr::memmem::find(text, b"bpf-doctor/report/").is_some() {
        let problem = "an alias stands here for what is in another report, which no doctor writes";
        return damaged(fault.line, problem);
    }
    let head: Result<(Head, _), Fault> = parse(text);
    match head.map(|(head, _)| head) {
        Ok(Head { schema: None, .. }) => {
            Fault::new(1, "it is no report of bpf-doctor: it has no `schema`")
        }
        Ok(Head {
            schema: Some(schema),
            ..
        }) if schema != SCHEMA => other_schema(text, &schema),
        Ok(Head {
            complete: None | Some(false),
            ..
        }) => cut_off(text),
        Ok(_) => damaged(fault.line, &with_keys(text, &fault)),
        Err(_) if says_report(text) => damaged(fault.line, &with_keys(text, &fault)),
        Err(other) if is_prose(text, &other) => {
            let at = placed(text, other);
            let begins = text.iter().take_while(|byte| byte.is_ascii_whitespace());
            let first = 1 + begins.filter(|byte| **byte == b'\n').count();
            let mut reason = format!(
                "it is no report of bpf-doctor: it begins with `{}`",
                beginning(text)
            );
            // What a parser says of the first line of prose is of no interest.
            if at.line > first {
                reason += &format!("; here: {}", at.reason);
            }
            Fault::new(at.line, reason)
        }
        Err(other) => Fault::new(
            placed(text, other.clone()).line,
            format!(
                "it is no report of bpf-doctor: {}",
                placed(text, other).reason
            ),
        ),
    }
}

/// The reason with the keys that lead to where it applies. The parser of JSON doesn't tell them;
/// that of YAML, which reads JSON as well, does.
fn with_keys(text: &[u8], fault: &Fault) -> String {
    let in_yaml = is_json(text).then(|| yaml::from_slice_referring::<Raw>(text).err());
    let keys = in_yaml
        .flatten()
        .and_then(|error| error.message.strip_suffix(&fault.reason).map(str::to_owned));
    keys.unwrap_or_default() + &fault.reason
}

/// Whether this says that it is a report: YAML at its beginning, JSON anywhere.
fn says_report(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let in_json = [
        "\"schema\":\"bpf-doctor/report/",
        "\"schema\": \"bpf-doctor/report/",
    ];
    let mut in_json = in_json.iter();
    let says = |schema: &str| memchr::memmem::find(text, schema.as_bytes()).is_some();
    text.starts_with(b"schema: bpf-doctor/report")
        || (is_json(text) && in_json.any(|one| says(one)))
}

/// Whether this is what a shell says in the place of a report, `ssh: connect to host web-3 port
/// 22: Connection refused`: how a parser fails at that is of no interest.
fn is_prose(text: &[u8], fault: &Fault) -> bool {
    let is_deep = fault.reason.starts_with("nested deeper");
    let is_text = !is_json(text) && std::str::from_utf8(text).is_ok();
    is_text && !is_deep && memchr::memmem::find(text, b"schema").is_none()
}

/// What is said of JSON in which reports stand, none of them at its beginning.
fn within(text: &[u8]) -> Option<Fault> {
    let begins = memchr::memmem::find_iter(text, REPORT).find_map(|at| {
        let mut before = text.get(..at)?;
        for sign in [b":", &b"\"schema\""[..], b"{"] {
            before = before.trim_ascii_end().strip_suffix(sign)?;
        }
        Some(before)
    });
    let before = String::from_utf8_lossy(begins?);
    let before: Vec<&str> = before.split_ascii_whitespace().collect();
    let before = beginning(before.join(" ").as_bytes());
    (!before.is_empty()).then(|| {
        Fault::new(
            1,
            format!(
                "its reports stand within other JSON, behind `{before}`: they are read as \
                 `jq -c '.. | select(.schema? == \"{SCHEMA}\")'` takes them out of it"
            ),
        )
    })
}

/// What stands in the first line before a report that would begin there.
fn before_report(text: &[u8]) -> Option<String> {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let first = lines.find(|line| !line.is_empty())?;
    let begins = [
        "schema: bpf-doctor/report/",
        "{\"schema\":\"bpf-doctor/report/",
        "{\"schema\": \"bpf-doctor/report/",
    ];
    let place = |begin: &&str| memchr::memmem::find(first, begin.as_bytes());
    let before = first.get(..begins.iter().find_map(place)?)?.trim_ascii();
    // What opens a list, and marks of the text itself, are YAML or JSON.
    let is_word = before.iter().any(u8::is_ascii_alphanumeric);
    is_word.then(|| beginning(before))
}

/// The first line that has something in it, cut.
fn beginning(text: &[u8]) -> String {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let first = lines.find(|line| !line.is_empty()).unwrap_or_default();
    let first = String::from_utf8_lossy(first);
    let mut cut: String = first.chars().take(100).collect();
    if cut.len() < first.len() {
        cut.push('…');
    }
    cut
}

/// Parsers tell where the map begins that has a key twice, and count characters to one that
/// can't stand in a text: the line is what people look for.
fn placed(text: &[u8], fault: Fault) -> Fault {
    if let Some((reason, at)) = fault.reason.rsplit_once(" at position ")
        && let Ok(at) = at.parse::<usize>()
    {
        let before = text.get(..at.min(text.len())).unwrap_or_default();
        let line = 1 + memchr::memchr_iter(b'\n', before).count();
        return Fault::new(line, reason);
    }
    if let Some((_, key)) = fault.reason.split_once("there are two of `")
        && let Some(key) = key.strip_suffix('`')
        && let Some(line) = line_of(text, fault.line, key, None, 2)
    {
        return Fault { line, ..fault };
    }
    fault
}

/// The line of the `nth` entry with this key (and value) from a line on, all of them indented
/// like the first: in YAML, or in JSON with a line for each entry.
fn line_of(text: &[u8], from: usize, key: &str, value: Option<&str>, nth: usize) -> Option<usize> {
    let mut column = None;
    let mut found = 0;
    let lines = text.split(|byte| *byte == b'\n').enumerate();
    for (number, line) in lines.skip(from.saturating_sub(1)) {
        let bare = line.trim_ascii_start();
        let bare = bare.strip_prefix(b"- ").unwrap_or(bare);
        let indent = line.len() - bare.len();
        let is_quoted = bare.starts_with(b"\"");
        let rest = match is_quoted {
            true => bare
                .get(1..)?
                .strip_prefix(key.as_bytes())
                .and_then(|rest| rest.strip_prefix(b"\"")),
            false => bare.strip_prefix(key.as_bytes()),
        };
        let Some(rest) = rest.and_then(|rest| rest.trim_ascii_start().strip_prefix(b":")) else {
            continue;
        };
        let rest = rest.trim_ascii();
        let rest = rest.strip_suffix(b",").unwrap_or(rest);
        let quotes = |byte: &u8| b"\"'".contains(byte);
        let rest = match (rest.first().is_some_and(quotes), rest.last()) {
            (true, Some(last)) if quotes(last) && rest.len() > 1 => {
                rest.get(1..rest.len() - 1).unwrap_or_default()
            }
            _ => rest,
        };
        let fits = value.is_none_or(|value| rest == value.as_bytes());
        if fits && *column.get_or_insert(indent) == indent {
            found += 1;
            if found == nth {
                return Some(number + 1);
            }
        }
    }
    None
}

pub(super) fn other_schema(text: &[u8], schema: &str) -> Fault {
    if schema.starts_with("bpf-doctor/bundle/") {
        return Fault::new(1, BUNDLE);
    }
    let schema: String = schema.chars().take(60).collect();
    Fault::new(
        line_of(text, 1, "schema", None, 1).unwrap_or(1),
        format!("it is a `{schema}`; this bpf-doctor reads `{SCHEMA}`"),
    )
}

pub(super) fn damaged(line: usize, problem: &str) -> Fault {
    Fault::new(line, format!("it is a damaged report: {problem}"))
}

/// A report without its last line, or with another one than it should have.
pub(super) fn cut_off(text: &[u8]) -> Fault {
    let text = text.trim_ascii_end();
    let last = 1 + memchr::memchr_iter(b'\n', text).count();
    damaged(
        line_of(text, 1, "complete", None, 1).unwrap_or(last),
        "it has no `complete: true` at its end, so it was cut off",
    )
}

/// What is said of a document beyond [`LIMIT`], of which this much was read.
pub(super) fn too_large(text: &[u8]) -> Fault {
    if is_json(text)
        && let Some(within) = within(text)
    {
        return within;
    }
    let limit = LIMIT >> 20;
    Fault::new(
        1,
        format!("it has more than {limit} MiB, which no report has"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_entries() {
        let yaml = b"schema: x\nhost:\n  verdict: no\nverdict: a\nfindings:\n- check: one\n  verdict: b\n- check: two\n- check: one\nverdict: c\n";
        let json = b"{\n  \"schema\": \"x\",\n  \"findings\": [\n    {\n      \"check\": \"one\"\n    },\n    {\n      \"check\": \"one\",\n      \"a\": 1\n    }\n  ]\n}";
        for (text, from, key, value, nth, expected) in [
            (&yaml[..], 1, "schema", None, 1, Some(1)),
            (yaml, 4, "verdict", None, 2, Some(10)),
            (yaml, 1, "check", Some("one"), 2, Some(9)),
            (yaml, 1, "check", Some("two"), 2, None),
            (yaml, 1, "complete", None, 1, None),
            (json, 1, "schema", None, 1, Some(2)),
            (json, 1, "check", Some("one"), 2, Some(8)),
        ] {
            assert_eq!(line_of(text, from, key, value, nth), expected, "{key}");
        }
    }

    #[test]
    fn what_stands_before_a_report() {
        for (text, before) in [
            (
                "[pod/x-1/bpf-doctor] schema: bpf-doctor/report/v1\n[pod/x-1/bpf-doctor] tool:\n",
                Some("[pod/x-1/bpf-doctor]"),
            ),
            (
                "\n2026-11-30T12:00:00.1Z {\"schema\":\"bpf-doctor/report/v1\"}",
                Some("2026-11-30T12:00:00.1Z"),
            ),
            ("schema: bpf-doctor/report/v1\n", None),
            ("\u{feff}schema: bpf-doctor/report/v1\n", None),
            ("--- schema: bpf-doctor/report/v1\n", None),
            ("[{\"schema\": \"bpf-doctor/report/v1\"}]", None),
            ("a: b\nx schema: bpf-doctor/report/v1\n", None),
        ] {
            assert_eq!(before_report(text.as_bytes()).as_deref(), before, "{text}");
        }
        let mut reader = super::super::read::Reader::default();
        let text = b"[pod/x/y] schema: bpf-doctor/report/v1\n[pod/x/y] tool:\n";
        let fault = reader.read(text).unwrap_err();
        assert!(fault.reason.contains("kubectl logs --prefix"), "{fault:?}");
    }

    #[test]
    fn reports_within_other_json_are_told() {
        let report = "{\n \"schema\" : \"bpf-doctor/report/v1\"}";
        for (text, before) in [
            (format!("{{\"web1\": {report}}}"), Some("`{\"web1\":`")),
            (
                format!("{{\n  \"a\": [\n    1,\n{report}]}}"),
                Some("`{ \"a\": [ 1,`"),
            ),
            (report.to_owned(), None),
            // A key of the report before its schema, as sorting puts it.
            (
                "{\"complete\":false,\"schema\":\"bpf-doctor/report/v1\"}".to_owned(),
                None,
            ),
        ] {
            let mut reader = super::super::read::Reader::default();
            let fault = reader.read(text.as_bytes()).unwrap_err();
            let told = fault.reason.contains("within other JSON");
            assert_eq!(told, before.is_some(), "{fault:?}");
            assert!(
                fault.reason.contains(before.unwrap_or_default()),
                "{fault:?}"
            );
            let large = format!("{text}{}", " ".repeat(LIMIT));
            assert_eq!(
                reader
                    .read(large.as_bytes())
                    .unwrap_err()
                    .reason
                    .contains("jq"),
                told
            );
        }
    }

    #[test]
    fn damage_is_told_with_its_keys_in_both_notations() {
        for text in [
            "{\"schema\":\"bpf-doctor/report/v1\",\"host\":{\"kernel\":{\"release\":[1]}},\"complete\":true}",
            "schema: bpf-doctor/report/v1\nhost:\n  kernel:\n    release: [1]\ncomplete: true\n",
        ] {
            let mut reader = super::super::read::Reader::default();
            let fault = reader.read(text.as_bytes()).unwrap_err();
            let told = "it is a damaged report: host.kernel.release: found a list, expected text";
            assert_eq!(fault.reason, told);
        }
    }

    /// Where a text is wrong is said, but for the first line of what a shell says.
    #[test]
    fn what_is_no_report_is_told_by_its_beginning_and_its_fault() {
        for (text, line, begins, here) in [
            ("a: [1,2\nb: 3\n", 2, "`a: [1,2`", Some("expected")),
            (
                "ssh: connect to host web-3 port 22: Connection refused\n",
                1,
                "`ssh: connect to host web-3 port 22: Connection refused`",
                None,
            ),
        ] {
            let mut reader = super::super::read::Reader::default();
            let fault = reader.read(text.as_bytes()).unwrap_err();
            assert_eq!(fault.line, line, "{fault:?}");
            assert!(fault.reason.contains(begins), "{fault:?}");
            match here {
                Some(here) => assert!(
                    fault.reason.contains("; here: ") && fault.reason.contains(here),
                    "{fault:?}"
                ),
                None => assert!(!fault.reason.contains("; here: "), "{fault:?}"),
            }
        }
    }
}
