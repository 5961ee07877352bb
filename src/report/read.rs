//! A saved report, read to be judged again.
//!
//! Reports come from anywhere. What is read is limited in size, what the parsers take is
//! limited in depth and in the repetition of aliases, and whatever is wrong is told in a line.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::Read;

use serde::Deserialize;

use super::SCHEMA;
use super::model::{Host, Selected, Summary, Tool, Verdict};
use super::style::clean;
use crate::diagnosis::{Finding, quote};
use crate::facts::{Facts, describe};
use crate::gzip::{GZIP, GzipMembers};
use crate::labels::Labels;
use crate::probes::ProbeResult;

/// Some hundred times the largest report of a host; the parser of YAML takes thirty times as
/// much memory.
pub const LIMIT: usize = 8 << 20;

/// What a report was judged by.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Saved {
    /// What was known of the host.
    pub facts: Facts,
    /// What the experiments came to.
    pub probes: Vec<ProbeResult>,
    /// When the host was observed, RFC 3339.
    pub generated_at: String,
    /// The file that told so, where it was not a clock.
    pub dated_by: Option<String>,
    /// What was said of the host.
    pub labels: Labels,
    /// The options by which it tells of less than all checks, or of software.
    pub asked: Vec<String>,
}

/// Why a file can't be read as a report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Larger than any report.
    #[error("it has more than {} MiB, which no report has", LIMIT >> 20)]
    TooLarge,
    /// No report at all.
    #[error("it is no report of bpf-doctor: {0}")]
    Foreign(String),
    /// A report of another schema.
    #[error("it is a `{0}`; this bpf-doctor reads `{SCHEMA}`")]
    OtherSchema(String),
    /// A report in which something is missing or wrong.
    #[error("it is a damaged report: {0}")]
    Damaged(String),
}

/// Everything in a report. What follows from facts and outcomes is worked out anew, yet a
/// report in which it has another shape was written by something else, or was changed.
#[derive(Deserialize)]
struct Whole {
    facts: Facts,
    probes: Vec<ProbeResult>,
    #[serde(rename = "tool")]
    _tool: Tool,
    generated_at: String,
    #[serde(default)]
    dated_by: Option<String>,
    host: Host,
    #[serde(rename = "verdict")]
    _verdict: Verdict,
    #[serde(rename = "summary")]
    _summary: Summary,
    #[serde(rename = "findings")]
    _findings: Vec<Finding>,
    #[serde(default)]
    selection: Option<Selected>,
    #[serde(default)]
    demanded: Option<Vec<String>>,
    #[serde(default)]
    profiles: Vec<Asked>,
}

/// Stands for all software that is known, behind `--profile`.
const EVERY: &str = "all";

/// Software that was asked for.
#[derive(Deserialize)]
struct Asked {
    profile: String,
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Facts and probe outcomes of a report in YAML or JSON.
///
/// # Errors
/// If it is no such report, or one of another version.
pub fn read(bytes: &[u8]) -> Result<Saved, ReadError> {
    let unpacked = unpacked(bytes)?;
    // What editors and shells of other systems put before a text.
    let bytes = unpacked.as_ref();
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    #[derive(Deserialize)]
    struct Head {
        schema: Option<String>,
        #[serde(default)]
        complete: bool,
    }
    let head: Head = parse(bytes)?.map_err(|problem| {
        // What begins like a report is one, however it ends.
        let begin = String::from_utf8_lossy(bytes.get(..100).unwrap_or(bytes));
        let ours = [
            "schema: bpf-doctor/report",
            "\"schema\": \"bpf-doctor/report",
        ];
        let ours = ours.iter().any(|schema| begin.contains(schema));
        let error = if ours {
            ReadError::Damaged
        } else {
            ReadError::Foreign
        };
        error(problem)
    })?;
    match head.schema {
        Some(schema) if schema == SCHEMA => {}
        Some(schema) => {
            let schema: String = clean(&schema).chars().take(60).collect();
            return Err(ReadError::OtherSchema(schema));
        }
        None => return Err(ReadError::Foreign("it has no `schema`".to_owned())),
    }
    if !head.complete {
        let problem = "it has no `complete: true` at its end, so it was cut off".to_owned();
        return Err(ReadError::Damaged(problem));
    }
    let whole: Whole =
        parse(bytes)?.map_err(|problem| ReadError::Damaged(placed(bytes, problem)))?;
    if let Some(problem) = whole.contradiction() {
        return Err(ReadError::Damaged(problem));
    }
    if crate::time::seconds(&whole.generated_at).is_none() {
        let told: String = clean(&whole.generated_at).chars().take(60).collect();
        let problem = format!("generated_at is no time: `{told}`");
        return Err(ReadError::Damaged(problem));
    }
    let saved = Saved {
        asked: whole.asked(),
        facts: whole.facts,
        probes: whole.probes,
        generated_at: whole.generated_at,
        dated_by: whole.dated_by,
        labels: whole.host.labels,
    };
    for (key, value) in saved.facts.known() {
        if describe(key).is_some_and(|info| !info.admits(value)) {
            let value: String = clean(&value.to_string()).chars().take(60).collect();
            let problem = format!("the fact {key} can't be `{value}`");
            return Err(ReadError::Damaged(problem));
        }
    }
    Ok(saved)
}

/// The outcomes of probes in YAML.
///
/// # Errors
/// None that outcomes can cause; the serializer's signature asks for it.
pub fn outcomes_yaml(outcomes: &[ProbeResult]) -> Result<String, crate::yaml::Error> {
    crate::yaml::to_string(&outcomes)
}

/// The outcomes that [`outcomes_yaml`] wrote.
///
/// # Errors
/// If they are something else.
pub fn read_outcomes(bytes: &[u8]) -> Result<Vec<ProbeResult>, ReadError> {
    let outcomes: Vec<ProbeResult> = parse(bytes)?.map_err(ReadError::Damaged)?;
    match odd_probe(&outcomes) {
        Some(problem) => Err(ReadError::Damaged(problem)),
        None => Ok(outcomes),
    }
}

/// A probe of which there are two outcomes, of which one is wrong; or one that is called as none
/// can be, today or later.
fn odd_probe(outcomes: &[ProbeResult]) -> Option<String> {
    let can_be = |name: &str| {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
        name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(fits)
    };
    let mut known = BTreeSet::new();
    outcomes.iter().find_map(|result| {
        let name = result.probe.as_str();
        let shown: String = clean(name).chars().take(60).collect();
        match known.insert(name) {
            _ if !can_be(name) => Some(format!("probes: no probe can be called `{shown}`")),
            false => Some(format!("probes: there are two outcomes of `{shown}`")),
            true => None,
        }
    })
}

impl Whole {
    /// The options by which another question was asked than how all checks come out.
    fn asked(&self) -> Vec<String> {
        let profiles = match &self.demanded {
            // Which of them runs was the question.
            Some(demanded) if demanded.is_empty() && self.profiles.len() > 1 => {
                vec![EVERY.to_owned()]
            }
            _ => self
                .profiles
                .iter()
                .map(|one| one.profile.clone())
                .collect(),
        };
        let Selected { only, skip } = self.selection.clone().unwrap_or_default();
        let options = [("--profile", profiles), ("--only", only), ("--skip", skip)];
        let options = options.into_iter().flat_map(|(option, values)| {
            let values = values.into_iter();
            values.map(move |value| format!("{option} {}", quote(&value)))
        });
        options.collect()
    }

    /// What the report says in two places in two ways.
    fn contradiction(&self) -> Option<String> {
        let differs = |key: &str, place: &str, told: Option<&str>| {
            let fact = self.facts.text(key)?;
            let told = told.filter(|told| *told != fact)?;
            let shown = |text: &str| clean(text).chars().take(60).collect::<String>();
            Some(format!(
                "{place} is `{}`, and the fact {key} is `{}`",
                shown(told),
                shown(&fact)
            ))
        };
        let host = &self.host;
        let (kernel, os, around) = (&host.kernel, &host.os, &host.environment);
        let told = [
            ("kernel.release", "host.kernel.release", &kernel.release),
            ("kernel.version", "host.kernel.version", &kernel.version),
            ("kernel.arch", "host.arch", &host.arch),
            ("environment.hostname", "host.hostname", &host.hostname),
            ("os.id", "host.os.id", &os.id),
            ("os.version-id", "host.os.version_id", &os.version_id),
            ("os.name", "host.os.name", &os.name),
            (
                "environment.container",
                "host.environment.container",
                &around.container,
            ),
            (
                "environment.virtualization",
                "host.environment.virtualization",
                &around.virtualization,
            ),
        ];
        let mut told = told.into_iter();
        let euid = || {
            let (fact, told) = (self.facts.number("privilege.euid")?, around.euid?);
            let place = "host.environment.euid is";
            (fact != told)
                .then(|| format!("{place} `{told}`, and the fact privilege.euid is `{fact}`"))
        };
        odd_probe(&self.probes)
            .or_else(|| told.find_map(|(key, place, text)| differs(key, place, text.as_deref())))
            .or_else(euid)
    }
}

/// The bytes of a report, which may be packed with gzip.
fn unpacked(bytes: &[u8]) -> Result<Cow<'_, [u8]>, ReadError> {
    if !bytes.starts_with(GZIP) {
        refuse_other(bytes)?;
        return Ok(bytes.into());
    }
    let mut plain = Vec::new();
    let packed = GzipMembers::new(bytes);
    let read = packed.take(LIMIT as u64).read_to_end(&mut plain);
    read.map_err(|_| ReadError::Foreign("it can't be unpacked".to_owned()))?;
    refuse_other(&plain)?;
    Ok(plain.into())
}

/// A bundle, a sosreport or a kernel config in the place of a report is a slip that can be told.
fn refuse_other(bytes: &[u8]) -> Result<(), ReadError> {
    let is_tar = bytes.get(257..262) == Some(b"ustar");
    let is_xz = bytes.starts_with(&[0xfd, b'7', b'z', b'X', b'Z', 0]);
    let begin = String::from_utf8_lossy(bytes.get(..300).unwrap_or(bytes));
    let mut lines = begin.lines();
    let is_config =
        begin.contains(" Kernel Configuration\n") || lines.any(|line| line.starts_with("CONFIG_"));
    let problem = match (is_tar, is_xz) {
        (true, _) => "it is an archive: --root reads those",
        (_, true) => {
            "it is packed with xz: --root reads an archive so, and a report is to unpack first"
        }
        _ if is_config => "it is a kernel config: --config reads those",
        _ => return Ok(()),
    };
    Err(ReadError::Foreign(problem.to_owned()))
}

/// What is wrong with a fact, with the line of that fact: the parser tells where facts begin.
fn placed(bytes: &[u8], problem: String) -> String {
    const FACTS: &str = ": facts.observed: ";
    let text = String::from_utf8_lossy(bytes);
    let line = || {
        let (before, told) = problem.split_once(FACTS)?;
        let from: usize = before.strip_prefix("line ")?.parse().ok()?;
        let (key, what) = told.split_once(": ")?;
        let mut lines = text.lines().enumerate().skip(from.saturating_sub(1));
        let mut found = lines.by_ref().filter(|(_, line)| {
            let line = line.trim_start().trim_start_matches(['"', '\'']);
            let rest = line.strip_prefix(key);
            rest.is_some_and(|rest| rest.trim_start_matches(['"', '\'']).starts_with(':'))
        });
        let number = found.next()?.0 + 1;
        let number = match what.contains("twice") {
            true => found.next().map_or(number, |(at, _)| at + 1),
            false => number,
        };
        Some(format!("line {number}{FACTS}{told}"))
    };
    line().unwrap_or(problem)
}

type Parsed<T> = Result<Result<T, String>, ReadError>;

/// What the text holds, or what is wrong with it in a line.
fn parse<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Parsed<T> {
    if bytes.len() >= LIMIT {
        return Err(ReadError::TooLarge);
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        let wide = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
        let problem = match wide {
            true => "it is text in UTF-16: save it as UTF-8",
            false => "it is no text",
        };
        return Err(ReadError::Foreign(problem.to_owned()));
    };
    let line = |error: String| {
        let line = error.lines().next().unwrap_or_default();
        clean(&crate::yaml::plain(line)).chars().take(200).collect()
    };
    // YAML reads JSON, too, but slower.
    let told = |error: crate::yaml::Error| line(error.to_string());
    Ok(if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|error| {
            // What is whole JSON and yet no report is told better as YAML: by its key.
            let whole = error.is_data() || error.is_syntax() && is_json(text);
            let by_key = whole.then(|| crate::yaml::from_str::<T>(text).err());
            let in_line = || {
                let said = error.to_string();
                let tail = format!(" at line {} column {}", error.line(), error.column());
                line(format!(
                    "line {}: {}",
                    error.line(),
                    said.replace(&tail, "")
                ))
            };
            by_key.flatten().map_or_else(in_line, told)
        })
    } else {
        crate::yaml::from_str(text).map_err(told)
    })
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Fact;
    use crate::probes::{Outcome, Stage};
    use crate::report::{Origin, Report, Threshold, json, yaml};

    fn report() -> Report {
        let mut facts = Facts::default();
        facts.set("kernel.version", Fact::known("5.10.218", "uname(2)"));
        facts.set("privilege.euid", Fact::known(0_i64, "/proc/self/status"));
        let outcomes = vec![ProbeResult {
            probe: "p".to_owned(),
            outcome: Outcome::Fails {
                stage: Stage::Create,
                errno: "EINVAL".to_owned(),
                call: String::new(),
                log: "a\nb".to_owned(),
            },
            micros: 7,
        }];
        let origin = Origin {
            version: "1".to_owned(),
            catalogue: "x".to_owned(),
            generated_at: "2026-01-01T00:00:00Z".to_owned(),
        };
        Report::new(origin, Vec::new(), Threshold::Error, outcomes, facts)
    }

    #[test]
    fn what_is_no_report_is_called_by_its_name() {
        let config = "#\n# Automatically generated file; DO NOT EDIT.\n# Linux/x86 6.1.0 Kernel \
                      Configuration\n#\nCONFIG_BPF=y\n";
        let mut archive = vec![0_u8; 512];
        archive[257..262].copy_from_slice(b"ustar");
        for (bytes, says) in [
            (
                config.as_bytes(),
                "it is a kernel config: --config reads those",
            ),
            (
                b"CONFIG_BPF=y\n",
                "it is a kernel config: --config reads those",
            ),
            (&archive, "it is an archive: --root reads those"),
        ] {
            let error = read(bytes).unwrap_err().to_string();
            assert_eq!(error, format!("it is no report of bpf-doctor: {says}"));
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let report = report();
        for text in [yaml(&report).unwrap(), json(&report).unwrap()] {
            let saved = read(text.as_bytes()).unwrap();
            assert_eq!(saved.facts, report.facts);
            assert_eq!(saved.probes, report.probes);
        }
        let outcomes = outcomes_yaml(&report.probes).unwrap();
        assert_eq!(read_outcomes(outcomes.as_bytes()).unwrap(), report.probes);
    }

    #[test]
    fn a_report_that_says_two_things_or_what_cannot_be_is_refused() {
        let mut facts = Facts::default();
        for (key, text) in [
            ("kernel.release", "6.18.44-x"),
            ("kernel.version", "6.18.44"),
            ("kernel.arch", "x86_64"),
            ("os.id", "debian"),
        ] {
            facts.set(key, Fact::known(text, "uname(2)"));
        }
        facts.set("privilege.euid", Fact::known(0_i64, "/proc/self/status"));
        let root = vec!["CAP_BPF".to_owned(), "CAP_61".to_owned()];
        facts.set(
            "privilege.capabilities",
            Fact::known(root, "/proc/self/status"),
        );
        let level = Fact::known(-1_i64, "/proc/sys/kernel/perf_event_paranoid");
        facts.set("sysctl.kernel.perf_event_paranoid", level);
        let origin = Origin {
            version: "1".to_owned(),
            catalogue: "x".to_owned(),
            generated_at: "2026-01-01T00:00:00Z".to_owned(),
        };
        let report = Report::new(origin, Vec::new(), Threshold::Error, Vec::new(), facts);
        let text = yaml(&report).unwrap();
        assert!(read(text.as_bytes()).is_ok(), "{text}");
        let in_facts = |from: &str, to: &str| {
            let (host, facts) = text.split_once("\nfacts:").unwrap();
            assert!(facts.contains(from), "{facts}");
            format!("{host}\nfacts:{}", facts.replacen(from, to, 1))
        };
        for (changed, says) in [
            (
                in_facts("value: 6.18.44\n", "value: 5.4.0\n"),
                "host.kernel.version is `6.18.44`, and the fact kernel.version is `5.4.0`",
            ),
            (
                in_facts("value: x86_64", "value: vax"),
                "host.arch is `x86_64`, and the fact kernel.arch is `vax`",
            ),
            (
                in_facts("value: debian", "value: rhel"),
                "host.os.id is `debian`, and the fact os.id is `rhel`",
            ),
            (
                in_facts("value: 0\n", "value: 7\n"),
                "host.environment.euid is `0`, and the fact privilege.euid is `7`",
            ),
            (
                text.replace("value: 0\n", "value: -1\n")
                    .replace("euid: 0\n", "euid: -1\n"),
                "the fact privilege.euid can't be `-1`",
            ),
            (
                text.replace("CAP_61", "CAP_64"),
                "the fact privilege.capabilities can't be",
            ),
            (
                text.replace("CAP_BPF", "CAP_X"),
                "the fact privilege.capabilities can't be",
            ),
            (
                text.replace(": 6.18.44\n", ": six\n"),
                "the fact kernel.version can't be `six`",
            ),
        ] {
            let said = read(changed.as_bytes()).unwrap_err().to_string();
            assert!(said.contains(says), "{said}");
        }
    }

    #[test]
    fn zeros_behind_what_is_packed_are_passed_over() {
        use std::io::Write;
        let text = yaml(&report()).unwrap();
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(text.as_bytes()).unwrap();
        let packed = packer.finish().unwrap();
        for (behind, is_read) in [
            (&[][..], true),
            (&[0; 700], true),
            (&[0, 0, 7], false),
            (b"x", false),
        ] {
            let bytes = [&packed, behind].concat();
            assert_eq!(read(&bytes).is_ok(), is_read, "{behind:?}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_passed_over() {
        let report = report();
        for text in [yaml(&report).unwrap(), json(&report).unwrap()] {
            let marked = format!("\u{feff}{text}");
            assert_eq!(read(marked.as_bytes()).unwrap().facts, report.facts);
            let wide: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let problem = read(&wide).unwrap_err().to_string();
            assert!(problem.ends_with("save it as UTF-8"), "{problem}");
        }
    }

    #[test]
    fn keys_of_a_newer_doctor_are_passed_over() {
        let text = yaml(&report()).unwrap();
        let newer = text.replace("facts:\n", "news: 1\nfacts:\n  more: {a: 1}\n");
        assert_eq!(read(newer.as_bytes()).unwrap().facts, report().facts);
    }

    #[test]
    fn whatever_is_wrong_is_told_in_a_line() {
        let good = yaml(&report()).unwrap();
        let bomb = {
            let mut text =
                "schema: bpf-doctor/report/v1\na0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
            for level in 1..12 {
                let before = level - 1;
                let row = format!("*a{before}, ").repeat(9);
                text += &format!("a{level}: &a{level} [{row}]\n");
            }
            text + "facts: *a11\nprobes: []\n"
        };
        let deep = "[".repeat(100_000);
        let time = "generated_at: '2026-01-01T00:00:00Z'";
        assert!(good.contains(time), "{good}");
        let line = |begin: &str| 1 + good.lines().position(|line| line == begin).unwrap();
        let wrong = format!(
            "line {}: facts.observed: privilege.euid: ",
            line("    privilege.euid:")
        );
        let twice = format!(
            "line {}: facts.observed: kernel.version: it is there twice",
            line("    privilege.euid:")
        );
        for (text, says) in [
            (String::new(), "it is no report"),
            ("weather".to_owned(), "it is no report"),
            ("{\"schema\": 1}".to_owned(), "it is no report"),
            ("{}".to_owned(), "no `schema`"),
            (
                "schema: bpf-doctor/report/v2\nfacts: 1\n".to_owned(),
                "`bpf-doctor/report/v2`",
            ),
            (good[..good.len() / 2].to_owned(), "it is a damaged report"),
            (
                good.replace("value: 0", "value: zero"),
                "privilege.euid can't be `zero`",
            ),
            (
                good.replace("value: 5.10.218", "value: {a: 1}"),
                "it is a damaged report",
            ),
            (
                good.replace("stage: create", "stage: weather"),
                "it is a damaged report",
            ),
            (bomb, "it is "),
            (
                good.replace("findings: []", "findings: 7"),
                "findings: found the number `7`",
            ),
            (
                good.replace("findings: []", "findings: [7]"),
                "findings[0]: found the number `7`, expected a map",
            ),
            (good.replace("findings: []\n", ""), "there is no `findings`"),
            (
                good.replace("ok: 0", "ok: many"),
                "summary.ok: found the text \"many\"",
            ),
            (good.replace("ok: 0", "ok: -1"), "summary.ok: "),
            (
                good.replace("probe: p\n", "probe: '5'\n"),
                "no probe can be called `5`",
            ),
            (good.replace("verdict: ready", "verdict: fine"), "`fine`"),
            (
                good.replace(time, "generated_at: []"),
                "generated_at: found a list",
            ),
            (
                good.replace(time, "generated_at: yesterday"),
                "generated_at is no time: `yesterday`",
            ),
            (
                good.replace(
                    "      value: 0\n",
                    "      value: 0\n      unknown: missing\n",
                ),
                "privilege.euid: it has a `value` and is `unknown`",
            ),
            (
                good.replace(
                    "      value: 0\n",
                    "      value: {}\n      unknown: missing\n",
                ),
                "privilege.euid: it has a `value` and is `unknown`",
            ),
            (
                good.replace("complete: true", "complete: 1"),
                "complete: found the number `1`",
            ),
            (good.replace("      value: 0\n", "      valu: 0\n"), &wrong),
            (
                good.replace("    privilege.euid:", "    kernel.version:"),
                &twice,
            ),
            (
                good.replace("    release: null", "    release: 6.1.0\n")
                    .replace("    kernel.version:", "    kernel.release:"),
                "host.kernel.release is `6.1.0`, and the fact kernel.release is `5.10.218`",
            ),
            (deep.clone(), "it is no report"),
            (format!("{{\"schema\": {deep}"), "it is no report"),
            (" ".repeat(LIMIT), "more than 8 MiB"),
        ] {
            let said = read(text.as_bytes()).unwrap_err().to_string();
            assert!(said.contains(says), "{said} instead of {says}");
            assert_eq!(said.lines().count(), 1);
        }
        assert!(read(&[0xff, 0xfe]).is_err());
    }

    #[test]
    fn a_wrong_value_in_json_is_named_by_its_key() {
        let good = json(&report()).unwrap();
        for (was, is, says) in [
            ("\"verdict\": \"ready\"", "\"verdict\": 7", "verdict: "),
            (
                "\"findings\": []",
                "\"findings\": [7]",
                "findings[0]: found",
            ),
            (
                "\"ok\": 0",
                "\"ok\": \"many\"",
                "summary.ok: found the text",
            ),
            ("\"ok\": 0", "\"ok\": ", ": there is no value that fits"),
        ] {
            let text = good.replacen(was, is, 1);
            assert_ne!(text, good, "{was}");
            let said = read(text.as_bytes()).unwrap_err().to_string();
            assert!(said.contains(says), "{said} instead of {says}");
            assert_eq!(said.lines().count(), 1);
        }
    }
}
