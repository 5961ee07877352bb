//! One report, read in full: whatever else reads reports must come to the same.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::sync::Arc;

use serde::Deserialize;

use super::digest::{Digest, LABELS_LIMIT, Odd, Place, SOFTWARE_LIMIT, Said, Software};
use super::faults::{Fault, better, cut_off, damaged, other_schema, too_large};
use super::needs;
use super::raw::{Raw, RawFinding, RawHead, RawLack, RawProfile};
use super::words::{NAME_LIMIT, Remedy, Variant, Words, cut};
use crate::diagnosis::{Severity, Status};
use crate::report::{SCHEMA, Summary};
use crate::time::seconds;
use crate::yaml;

/// Some forty times the largest report of a host. Reports are read by several threads at
/// once, and the parser of YAML takes thirty times as much memory as it reads.
pub const LIMIT: usize = 2 << 20;

/// What a finding means for the fleet.
#[derive(Debug, Clone)]
pub(super) enum Meaning {
    /// It fails or is unknown.
    Counts(Arc<Variant>),
    /// It is ok.
    Ok(Arc<str>),
    /// It does not apply.
    Moot(Arc<str>),
}

/// Reads documents, and keeps what many have in common.
#[derive(Debug, Default)]
pub(super) struct Reader {
    variants: BTreeMap<Seed, Arc<Variant>>,
    checks: BTreeMap<Box<str>, Arc<str>>,
    software: HashSet<Arc<Software>>,
}

type Seed = (String, Status, Severity, Words);

/// So many different findings and names are kept; more than that are no longer common.
const COMMON: usize = 1024;

impl Reader {
    /// The report in this document.
    pub(super) fn read(&mut self, text: &[u8]) -> Result<Digest, Fault> {
        if text.len() > LIMIT {
            return Err(too_large(text));
        }
        let read = parse(text).map_err(|fault| better(text, fault))?;
        let (raw, reference): (Raw, Option<usize>) = read;
        if let Some(line) = reference {
            let problem = "a tag, an anchor or an alias stands here, which no doctor writes";
            return Err(damaged(line, problem));
        }
        if !raw.complete {
            return Err(better(text, cut_off(text)));
        }
        let (head, findings) = raw.into_parts();
        let meanings = findings.into_iter();
        let meanings = meanings.map(|finding| self.meaning(finding));
        let meanings: Vec<Meaning> = meanings.collect();
        if head.schema != SCHEMA {
            return Err(other_schema(text, &head.schema));
        }
        let of_report = |odd: Odd| Fault::of_report(text, &odd);
        let mut digest = self.digest(&head).map_err(of_report)?;
        for meaning in meanings {
            add(&mut digest, meaning);
        }
        let finished = digest.finish(head.host.machine_id.as_deref(), text);
        finished.map_err(of_report)
    }

    /// What a finding means.
    pub(super) fn meaning(&mut self, finding: RawFinding) -> Meaning {
        match finding.status {
            Status::NotApplicable => Meaning::Moot(self.check(&finding.check)),
            Status::Ok => Meaning::Ok(self.check(&finding.check)),
            Status::Fail | Status::Unknown => {
                let words = Words {
                    area: finding.area,
                    title: finding.title,
                    because: finding.because,
                    fixes: finding.fixes.into_iter().map(Remedy::from).collect(),
                };
                let (status, severity) = (finding.status, finding.severity);
                Meaning::Counts(self.variant(finding.check, status, severity, words))
            }
        }
    }

    fn variant(
        &mut self,
        mut check: String,
        status: Status,
        severity: Severity,
        mut words: Words,
    ) -> Arc<Variant> {
        cut(&mut check, NAME_LIMIT);
        words.bound();
        let seed: Seed = (check, status, severity, words);
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
        cut(&mut name, NAME_LIMIT);
        let known: Arc<str> = name.into();
        self.checks.insert((*known).into(), Arc::clone(&known));
        known
    }

    /// The digest of a report without findings.
    pub(super) fn digest(&mut self, head: &RawHead) -> Result<Digest, Odd> {
        let odd = |problem: String, at: &str| Odd {
            problem,
            at: Some((at.to_owned(), 1)),
        };
        if head.schema != SCHEMA {
            return Err(odd("it has another schema".to_owned(), "schema:"));
        }
        let Some(time) = seconds(&head.generated_at) else {
            let problem = "generated_at is no time such as 2026-01-01T00:00:00Z";
            return Err(odd(problem.to_owned(), "generated_at:"));
        };
        let host = &head.host;
        if host.labels.len() > LABELS_LIMIT {
            let problem = format!("it has more than {LABELS_LIMIT} labels");
            return Err(odd(problem, "labels:"));
        }
        if head.profiles.len() > SOFTWARE_LIMIT {
            let problem = format!("it has more than {SOFTWARE_LIMIT} profiles");
            return Err(odd(problem, "profiles:"));
        }
        // Whoever demands software has asked for it.
        let tells = |name: &&String| head.profiles.iter().any(|one| one.profile == **name);
        let demanded = head.demanded.iter().flatten();
        if let Some(name) = demanded.into_iter().find(|name| !tells(name)) {
            let name: String = name.chars().take(40).collect();
            let problem = format!("it demands the software `{name}` and tells nothing of it");
            return Err(odd(problem, "demanded:"));
        }
        let text = |text: &Option<String>| text.as_deref().map(Arc::from);
        let mut place = Place {
            release: text(&host.kernel.release),
            version: text(&host.kernel.version),
            arch: text(&host.arch),
            os: text(&host.os.id),
            os_version: text(&host.os.version_id),
            os_name: text(&host.os.name),
            container: text(&host.environment.container),
            virtualization: text(&host.environment.virtualization),
            euid: host.environment.euid,
            tool: Some(head.tool.version.as_str().into()),
            catalogue: Some(head.tool.catalogue.as_str().into()),
        };
        place.bound();
        let mut digest = Digest {
            id: 0,
            name: host.hostname.clone(),
            time,
            place,
            labels: host.labels.clone(),
            findings: Vec::new(),
            ok: Vec::new(),
            moot: Vec::new(),
            software: Vec::new(),
            // What software needs is a part of what could be asked, too.
            partly: head.selection.is_some() || !head.profiles.is_empty(),
            said: Said {
                verdict: head.verdict,
                summary: head.summary,
            },
            counted: Summary::default(),
        };
        for profile in &head.profiles {
            let mut software = self.software(profile, &mut digest.findings);
            software.demanded = head.demands(profile);
            let software = self.shared(software);
            digest.software.push(software);
        }
        digest.software.sort();
        Ok(digest)
    }

    /// The one copy of software that many lack the same of.
    fn shared(&mut self, software: Software) -> Arc<Software> {
        if let Some(known) = self.software.get(&software) {
            return Arc::clone(known);
        }
        if self.software.len() >= COMMON {
            self.software.clear();
        }
        let new = Arc::new(software);
        self.software.insert(Arc::clone(&new));
        new
    }

    /// What a piece of software lacks. A need that no check speaks of becomes a finding.
    fn software(&mut self, raw: &RawProfile, findings: &mut Vec<Arc<Variant>>) -> Software {
        let (profile, title) = (self.check(&raw.profile), self.check(&raw.title));
        let mut checks = |lacks: &[RawLack], status, severity| {
            let named = |name: &&String| !name.trim().is_empty();
            let ids = lacks
                .iter()
                .map(|lack| match lack.check.as_ref().filter(named) {
                    Some(check) => self.check(check),
                    None => {
                        let words = Words {
                            area: needs::AREA.to_owned(),
                            title: needs::title(&title, &lack.need),
                            because: lack.because.clone(),
                            fixes: lack.fixes.iter().cloned().map(Remedy::from).collect(),
                        };
                        // Words may be others in another catalogue.
                        let id = lack.id.as_ref().filter(named).unwrap_or(&lack.need);
                        let id = needs::name(&profile, id);
                        let variant = self.variant(id, status, severity, words);
                        let id = Arc::clone(&variant.check);
                        if !findings.iter().any(|one| one.check == variant.check) {
                            findings.push(variant);
                        }
                        id
                    }
                });
            let mut ids: Vec<Arc<str>> = ids.collect();
            ids.sort();
            ids.dedup();
            ids
        };
        let missing = checks(&raw.missing_required, Status::Fail, Severity::Error);
        let optional = checks(&raw.missing_optional, Status::Fail, Severity::Warning);
        let open = checks(&raw.unknown, Status::Unknown, Severity::Error);
        Software {
            missing,
            optional,
            open,
            profile,
            title,
            demanded: false,
        }
    }
}

/// Adds a finding to the digest.
pub(super) fn add(digest: &mut Digest, meaning: Meaning) {
    let counted = &mut digest.counted;
    match meaning {
        Meaning::Counts(variant) => {
            match variant.status {
                Status::Fail => counted.fail += 1,
                _ => counted.unknown += 1,
            }
            digest.findings.push(variant);
        }
        Meaning::Ok(check) => {
            counted.ok += 1;
            digest.ok.push(check);
        }
        Meaning::Moot(check) => {
            counted.not_applicable += 1;
            digest.moot.push(check);
        }
    }
}

/// What the text holds and, if it is YAML, the line of its first tag, anchor or alias; or what is
/// wrong with it.
pub(super) fn parse<T: for<'de> Deserialize<'de>>(
    text: &[u8],
) -> Result<(T, Option<usize>), Fault> {
    if is_json(text) {
        if let Some(line) = too_deep(text) {
            let said = format!("nested deeper than {} levels", yaml::DEEPEST);
            return Err(Fault::new(line, said));
        }
        let error = match serde_json::from_slice(text) {
            Ok(value) => return Ok((value, None)),
            Err(error) => error,
        };
        let said = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let said = yaml::plain(&said.replace(&place, ""));
        return Err(Fault::new(error.line(), said));
    }
    yaml::from_slice_referring(text).map_err(|error| Fault::new(error.line, error.message))
}

/// The line in which JSON nests deeper than anything that is read: the parser passes over what
/// nobody asks for, however deep it is.
fn too_deep(text: &[u8]) -> Option<usize> {
    let (mut depth, mut line) = (0_usize, 1);
    let (mut is_text, mut is_escaped) = (false, false);
    for byte in text {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_text,
            b'"' => is_text = !is_text,
            b'\n' => line += 1,
            b'{' | b'[' if !is_text => {
                depth += 1;
                if depth > yaml::DEEPEST {
                    return Some(line);
                }
            }
            b'}' | b']' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// YAML reads JSON, too, but slower. A map of YAML may stand in braces as well; its keys have
/// no such quotes.
pub(super) fn is_json(text: &[u8]) -> bool {
    let inner = text.trim_ascii_start().strip_prefix(b"{");
    inner.is_some_and(|inner| {
        let first = inner.trim_ascii_start().first();
        matches!(first, None | Some(b'"' | b'}'))
    })
}
