//! One report, read in full: whatever else reads reports must come to the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::digest::{Digest, LABELS_LIMIT, Place, Remedy, Software, Variant, Words, seconds};
use crate::diagnosis::{RenderedFix, Severity, Status};
use crate::report::{SCHEMA, Summary, Tool, Verdict, clean};
use crate::yaml;

/// Some forty times the largest report of a host. Reports are read by several threads at
/// once, and the parser of YAML takes thirty times as much memory as it reads.
pub const LIMIT: usize = 2 << 20;

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
}

/// What is asked of a report. Everything that every report has must be there and have its
/// shape; facts, outcomes and evidence must only be YAML or JSON.
#[derive(Deserialize)]
struct Raw {
    schema: String,
    tool: Tool,
    generated_at: String,
    host: RawHost,
    #[serde(rename = "verdict")]
    _verdict: Verdict,
    #[serde(rename = "summary")]
    _summary: Summary,
    #[serde(default)]
    profiles: Vec<RawProfile>,
    findings: Vec<RawFinding>,
    #[serde(rename = "probes")]
    _probes: Vec<IgnoredAny>,
    #[serde(rename = "facts")]
    _facts: BTreeMap<String, IgnoredAny>,
    complete: bool,
}

/// The part of a report before its findings.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RawHead {
    schema: String,
    tool: Tool,
    pub(super) generated_at: String,
    pub(super) host: RawHost,
    #[serde(rename = "verdict")]
    _verdict: Verdict,
    #[serde(rename = "summary")]
    _summary: Summary,
    #[serde(default)]
    profiles: Vec<RawProfile>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct RawHost {
    pub(super) hostname: Option<String>,
    #[serde(default)]
    pub(super) machine_id: Option<String>,
    kernel: crate::report::Kernel,
    arch: Option<String>,
    os: crate::report::Os,
    environment: crate::report::Environment,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawProfile {
    profile: String,
    title: String,
    #[serde(rename = "verdict")]
    _verdict: Verdict,
    missing_required: Vec<RawLack>,
    missing_optional: Vec<RawLack>,
    unknown: Vec<RawLack>,
    #[serde(rename = "unknown-optional")]
    _unknown_optional: Vec<RawLack>,
}

#[derive(Debug, Clone, Deserialize)]
struct RawLack {
    need: String,
    #[serde(default)]
    check: Option<String>,
    because: String,
    #[serde(default)]
    fixes: Vec<RenderedFix>,
}

/// A finding without what it rests on.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RawFinding {
    check: String,
    area: String,
    status: Status,
    severity: Severity,
    title: String,
    because: String,
    #[serde(default, rename = "evidence")]
    _evidence: Vec<IgnoredAny>,
    #[serde(default)]
    fixes: Vec<RenderedFix>,
}

/// What a finding means for the fleet.
#[derive(Debug, Clone)]
pub(super) enum Meaning {
    /// It fails or is unknown.
    Counts(Arc<Variant>),
    /// It is ok.
    Ok(Arc<str>),
    /// It does not apply.
    Moot,
}

/// Reads documents, and keeps what many have in common.
#[derive(Debug, Default)]
pub(super) struct Reader {
    variants: BTreeMap<Seed, Arc<Variant>>,
    checks: BTreeMap<Box<str>, Arc<str>>,
}

type Seed = (String, Status, Severity, Words);

/// So many different findings and names are kept; more than that are no longer common.
const COMMON: usize = 4096;

impl Reader {
    /// The report in this document.
    pub(super) fn read(&mut self, text: &[u8]) -> Result<Digest, Fault> {
        if text.len() > LIMIT {
            return Err(too_large());
        }
        let raw: Raw = parse(text).map_err(|fault| better(text, fault))?;
        if !raw.complete {
            return Err(better(text, cut_off()));
        }
        let head = RawHead {
            schema: raw.schema,
            tool: raw.tool,
            generated_at: raw.generated_at,
            host: raw.host,
            _verdict: raw._verdict,
            _summary: raw._summary,
            profiles: raw.profiles,
        };
        let meanings = raw.findings.into_iter();
        let meanings = meanings.map(|finding| self.meaning(finding));
        let meanings: Vec<Meaning> = meanings.collect();
        let mut digest = self.digest(&head)?;
        for meaning in meanings {
            add(&mut digest, meaning);
        }
        let finished = digest.finish(head.host.machine_id.as_deref(), text);
        finished.map_err(|problem| damaged(1, &problem))
    }

    /// What a finding means.
    pub(super) fn meaning(&mut self, finding: RawFinding) -> Meaning {
        match finding.status {
            Status::NotApplicable => Meaning::Moot,
            Status::Ok => Meaning::Ok(self.check(&finding.check)),
            Status::Fail | Status::Unknown => {
                let words = Words {
                    area: finding.area,
                    title: finding.title,
                    because: finding.because,
                    fixes: finding.fixes.into_iter().map(Remedy::from).collect(),
                };
                let seed = (finding.check, finding.status, finding.severity, words);
                Meaning::Counts(self.variant(seed))
            }
        }
    }

    fn variant(&mut self, seed: Seed) -> Arc<Variant> {
        if let Some(known) = self.variants.get(&seed) {
            return Arc::clone(known);
        }
        if self.variants.len() >= COMMON {
            self.variants.clear();
        }
        let (check, status, severity, words) = &seed;
        let variant = Variant::new(check, *status, *severity, words.clone());
        self.variants.insert(seed, Arc::clone(&variant));
        variant
    }

    fn check(&mut self, id: &str) -> Arc<str> {
        if let Some(known) = self.checks.get(id) {
            return Arc::clone(known);
        }
        if self.checks.len() >= COMMON {
            self.checks.clear();
        }
        let mut name = id.to_owned();
        super::digest::cut(&mut name, super::digest::NAME_LIMIT);
        let known: Arc<str> = name.into();
        self.checks.insert(id.into(), Arc::clone(&known));
        known
    }

    /// The digest of a report without findings.
    pub(super) fn digest(&mut self, head: &RawHead) -> Result<Digest, Fault> {
        if head.schema != SCHEMA {
            return Err(other_schema(&head.schema));
        }
        let Some(time) = seconds(&head.generated_at) else {
            return Err(damaged(
                1,
                "generated_at is no time such as 2026-01-01T00:00:00Z",
            ));
        };
        let host = &head.host;
        if host.labels.len() > LABELS_LIMIT {
            return Err(damaged(
                1,
                &format!("it has more than {LABELS_LIMIT} labels"),
            ));
        }
        let mut digest = Digest {
            id: 0,
            name: host.hostname.clone(),
            time,
            place: Place {
                release: host.kernel.release.clone(),
                version: host.kernel.version.clone(),
                arch: host.arch.clone(),
                os: host.os.id.clone(),
                os_version: host.os.version_id.clone(),
                os_name: host.os.name.clone(),
                container: host.environment.container.clone(),
                virtualization: host.environment.virtualization.clone(),
                euid: host.environment.euid,
                tool: Some(head.tool.version.clone()),
                catalogue: Some(head.tool.catalogue.clone()),
            },
            labels: host.labels.clone(),
            findings: Vec::new(),
            ok: Vec::new(),
            software: Vec::new(),
        };
        for profile in &head.profiles {
            let software = self.software(profile, &mut digest.findings);
            digest.software.push(software);
        }
        digest.software.sort();
        Ok(digest)
    }

    /// What a piece of software lacks. A need that no check speaks of becomes a finding.
    fn software(&mut self, raw: &RawProfile, findings: &mut Vec<Arc<Variant>>) -> Software {
        let mut checks = |lacks: &[RawLack], status, severity| {
            let ids = lacks.iter().map(|lack| match &lack.check {
                Some(check) => check.clone(),
                None => {
                    let words = Words {
                        area: "profile".to_owned(),
                        title: format!("{} needs: {}", raw.title, lack.need),
                        because: lack.because.clone(),
                        fixes: lack.fixes.iter().cloned().map(Remedy::from).collect(),
                    };
                    let id = format!("{}: {}", raw.profile, lack.need);
                    let variant = self.variant((id, status, severity, words));
                    let id = variant.check.to_string();
                    if !findings.iter().any(|one| one.check == variant.check) {
                        findings.push(variant);
                    }
                    id
                }
            });
            let mut ids: Vec<String> = ids.collect();
            ids.sort();
            ids.dedup();
            ids
        };
        Software {
            profile: raw.profile.clone(),
            title: raw.title.clone(),
            missing: checks(&raw.missing_required, Status::Fail, Severity::Error),
            optional: checks(&raw.missing_optional, Status::Fail, Severity::Warning),
            open: checks(&raw.unknown, Status::Unknown, Severity::Error),
        }
    }
}

/// Adds a finding to the digest.
pub(super) fn add(digest: &mut Digest, meaning: Meaning) {
    match meaning {
        Meaning::Counts(variant) => digest.findings.push(variant),
        Meaning::Ok(check) => digest.ok.push(check),
        Meaning::Moot => {}
    }
}

/// What the text holds, or what is wrong with it.
fn parse<T: for<'de> Deserialize<'de>>(text: &[u8]) -> Result<T, Fault> {
    if is_json(text) {
        let error = match serde_json::from_slice(text) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let said = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let said = yaml::plain(&said.replace(&place, ""));
        return Err(Fault::new(error.line(), said));
    }
    yaml::from_slice(text).map_err(|error| Fault::new(error.line, error.message))
}

/// YAML reads JSON, too, but slower.
pub(super) fn is_json(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(b"{")
}

/// The reason for people: no report at all, one of another kind, or a damaged one.
fn better(text: &[u8], fault: Fault) -> Fault {
    #[derive(Deserialize)]
    struct Head {
        schema: Option<String>,
        complete: Option<bool>,
    }
    let head: Result<Head, Fault> = parse(text);
    match head {
        Ok(Head { schema: None, .. }) => {
            Fault::new(1, "it is no report of bpf-doctor: it has no `schema`")
        }
        Ok(Head {
            schema: Some(schema),
            ..
        }) if schema != SCHEMA => other_schema(&schema),
        Ok(Head {
            complete: None | Some(false),
            ..
        }) => cut_off(),
        Ok(_) => damaged(fault.line, &fault.reason),
        Err(_)
            if text
                .trim_ascii_start()
                .starts_with(b"schema: bpf-doctor/report") =>
        {
            damaged(fault.line, &fault.reason)
        }
        Err(fault) => Fault::new(
            fault.line,
            format!("it is no report of bpf-doctor: {}", fault.reason),
        ),
    }
}

fn other_schema(schema: &str) -> Fault {
    let schema: String = schema.chars().take(60).collect();
    Fault::new(
        1,
        format!("it is a `{schema}`; this bpf-doctor reads `{SCHEMA}`"),
    )
}

fn damaged(line: usize, problem: &str) -> Fault {
    Fault::new(line, format!("it is a damaged report: {problem}"))
}

fn cut_off() -> Fault {
    damaged(
        1,
        "it has no `complete: true` at its end, so it was cut off",
    )
}

/// What is said of a document beyond [`LIMIT`].
pub(super) fn too_large() -> Fault {
    let limit = LIMIT >> 20;
    Fault::new(
        1,
        format!("it has more than {limit} MiB, which no report has"),
    )
}
