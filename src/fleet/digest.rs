//! What counts of one report: whose it is, when it was made, where the host stands, and what
//! fails or is unknown there.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::words::{NAME_LIMIT, Variant, cut};
use crate::diagnosis::{Severity, Status};
use crate::report::Verdict;

/// Most findings a report may have; the catalogue has a tenth of it.
pub(super) const FINDINGS_LIMIT: usize = 2000;
/// Most labels a host may have.
pub(super) const LABELS_LIMIT: usize = 64;
/// Longest key of a label, in bytes.
pub(super) const KEY_LIMIT: usize = 128;
/// Most pieces of software a report may tell of.
pub(super) const SOFTWARE_LIMIT: usize = 200;
/// Longest version or name of a system, in bytes.
const PLACE_LIMIT: usize = 128;
/// Longest release of a kernel, in bytes: as long as Linux has room for.
const RELEASE_LIMIT: usize = 64;
/// Longest name of a host that is kept, in bytes: twice what Linux has room for.
pub(super) const HOST_LIMIT: usize = 128;

/// `debian 12`, or the id alone.
pub(super) fn distribution(os: Option<&str>, version: Option<&str>) -> Option<String> {
    let id = os?;
    Some(match version {
        Some(version) => format!("{id} {version}"),
        None => id.to_owned(),
    })
}

/// A number that stands for a host or for a text: the first half of a SHA-256.
pub type Key = u128;

/// Where a host stands: what groups of hosts have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Place {
    /// The kernel's release.
    pub release: Option<Arc<str>>,
    /// The mainline version it is built from.
    pub version: Option<Arc<str>>,
    /// The machine.
    pub arch: Option<Arc<str>>,
    /// The distribution's id.
    pub os: Option<Arc<str>>,
    /// Its version.
    pub os_version: Option<Arc<str>>,
    /// Its name for people.
    pub os_name: Option<Arc<str>>,
    /// The container runtime, or `none`.
    pub container: Option<Arc<str>>,
    /// The hypervisor, or `none`.
    pub virtualization: Option<Arc<str>>,
    /// The user the doctor was.
    pub euid: Option<i64>,
    /// The doctor's version.
    pub tool: Option<Arc<str>>,
    /// The digest of its catalogue.
    pub catalogue: Option<Arc<str>>,
}

impl Place {
    /// Distribution and version in a word, such as `debian 12`.
    #[must_use]
    pub fn distribution(&self) -> Option<String> {
        distribution(self.os.as_deref(), self.os_version.as_deref())
    }

    /// Cuts what is too long.
    pub(super) fn bound(&mut self) {
        let shorten = |text: &mut Arc<str>, limit| {
            if text.len() > limit {
                let mut short = text.to_string();
                cut(&mut short, limit);
                *text = short.into();
            }
        };
        if let Some(release) = &mut self.release {
            shorten(release, RELEASE_LIMIT);
        }
        for text in self.common() {
            shorten(text, PLACE_LIMIT);
        }
    }

    /// What many places have in common, though their kernels are others.
    pub(super) fn common(&mut self) -> impl Iterator<Item = &mut Arc<str>> {
        let texts = [
            &mut self.version,
            &mut self.arch,
            &mut self.os,
            &mut self.os_version,
            &mut self.os_name,
            &mut self.container,
            &mut self.virtualization,
            &mut self.tool,
            &mut self.catalogue,
        ];
        texts.into_iter().flatten()
    }
}

/// A piece of software, and the checks by which a host lacks what it needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Software {
    /// The profile.
    pub profile: Arc<str>,
    /// The software's name.
    pub title: Arc<str>,
    /// Required, and not there.
    pub missing: Vec<Arc<str>>,
    /// Optional, and not there.
    pub optional: Vec<Arc<str>>,
    /// Required, and not known.
    pub open: Vec<Arc<str>>,
    /// Whether it must run; where no software must, one suffices.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demanded: bool,
}

impl Software {
    /// All texts it is told by.
    pub(super) fn texts(&self) -> impl Iterator<Item = &Arc<str>> {
        let lists = [&self.missing, &self.optional, &self.open];
        let lacks = lists.into_iter().flatten();
        [&self.profile, &self.title].into_iter().chain(lacks)
    }

    /// The same, to be changed.
    pub(super) fn texts_mut(&mut self) -> impl Iterator<Item = &mut Arc<str>> {
        let lists = [&mut self.missing, &mut self.optional, &mut self.open];
        let lacks = lists.into_iter().flatten();
        [&mut self.profile, &mut self.title]
            .into_iter()
            .chain(lacks)
    }
}

/// What a report says of its findings as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) verdict: Verdict,
    pub(super) summary: crate::report::Summary,
}

/// What counts of one report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// Whose it is: the machine's id, else the host's name, else the report itself.
    pub id: Key,
    /// The host's name, where it has one that is its own.
    pub name: Option<String>,
    /// When it was made, in seconds since 1970.
    pub time: u64,
    /// Where the host stands.
    pub place: Place,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// What fails or is unknown, by the check's id.
    pub findings: Vec<Arc<Variant>>,
    /// The checks that are ok, sorted.
    pub ok: Vec<Arc<str>>,
    /// The checks that do not apply, sorted.
    pub moot: Vec<Arc<str>>,
    /// The software that was asked for.
    pub software: Vec<Arc<Software>>,
    /// Whether only a part of the checks was asked for.
    pub partly: bool,
    pub(super) said: Said,
    /// What its findings came to, to hold against what it says.
    pub(super) counted: crate::report::Summary,
}

/// What each host has of its own.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) id: Key,
    pub(super) name: Option<String>,
    pub(super) time: u64,
}

/// Names that many hosts have: of images that nobody named, and of reports that were redacted.
const NOBODY: &[&str] = &[
    "",
    "localhost",
    "localhost.localdomain",
    "localhost4",
    "localhost6",
    "(none)",
    "none",
    "unknown",
    "host-1",
    "redacted",
];

/// What is wrong with a report, and the line it is in, by what that line begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Odd {
    pub(super) problem: String,
    /// The beginning of the line, without what indents it, and the how manieth such it is.
    pub(super) at: Option<(String, usize)>,
}

impl Odd {
    fn new(problem: String, at: &str) -> Self {
        Self {
            problem,
            at: Some((at.to_owned(), 1)),
        }
    }
}

impl Digest {
    /// Brings what was read into the one shape it has, or says what is wrong with it.
    pub(super) fn finish(mut self, machine: Option<&str>, text: &[u8]) -> Result<Self, Odd> {
        (self.id, self.name) = identify(self.name, machine, text);
        self.check_labels()?;
        self.check_findings()?;
        self.check_said()?;
        Ok(self)
    }

    /// About what it takes in memory that others like it do not share, in bytes.
    pub(super) fn held(&self) -> usize {
        const A_LABEL: usize = 2 * (size_of::<String>() + 16);
        let labels = self.labels.iter();
        let labels = labels.map(|(key, value)| A_LABEL + key.len() + value.len());
        let lists = self.findings.len() + self.software.len() + 2 * self.ok.len();
        labels.sum::<usize>() + (lists + 2 * self.moot.len()) * size_of::<usize>()
    }

    fn check_labels(&mut self) -> Result<(), Odd> {
        if self.labels.len() > LABELS_LIMIT {
            let problem = format!("it has more than {LABELS_LIMIT} labels");
            return Err(Odd::new(problem, "labels:"));
        }
        if let Some(key) = self.labels.keys().find(|key| !is_key(key)) {
            let problem = format!(
                "the label `{}` has a name that is none: letters, digits and `_ - . /`, {KEY_LIMIT} at most",
                key.chars().take(40).collect::<String>()
            );
            return Err(Odd::new(problem, "labels:"));
        }
        for value in self.labels.values_mut() {
            cut(value, NAME_LIMIT);
        }
        Ok(())
    }

    fn check_findings(&mut self) -> Result<(), Odd> {
        if self.findings.len() + self.ok.len() + self.moot.len() > FINDINGS_LIMIT {
            let problem = format!("it has more than {FINDINGS_LIMIT} findings");
            return Err(Odd::new(problem, "findings:"));
        }
        self.findings
            .sort_by(|a, b| (&a.check, a.key).cmp(&(&b.check, b.key)));
        self.ok.sort();
        self.moot.sort();
        let failing = self.findings.iter().map(|finding| &finding.check);
        let mut all: Vec<&Arc<str>> = failing.chain(&self.ok).chain(&self.moot).collect();
        all.sort();
        if all.iter().any(|check| check.trim().is_empty()) {
            return Err(Odd::new("a finding names no check".to_owned(), "check:"));
        }
        let twice = all.windows(2).find_map(|pair| match pair {
            [one, other] if one == other => Some((*one).clone()),
            _ => None,
        });
        match twice {
            Some(check) => Err(Odd {
                problem: format!("it has two findings of the check {check}"),
                at: Some((format!("check: {check}"), 2)),
            }),
            None => Ok(()),
        }
    }

    /// What a report says of its findings must be what they are: what was changed by hand or
    /// put together wrongly speaks of no host.
    fn check_said(&self) -> Result<(), Odd> {
        let counted = self.counted;
        let all = counted.ok + counted.fail + counted.unknown + counted.not_applicable;
        if all == 0 {
            return Err(Odd::new("it has no findings".to_owned(), "findings:"));
        }
        let said = self.said.summary;
        for (word, said, counted) in [
            ("failing", said.fail, counted.fail),
            ("unknown", said.unknown, counted.unknown),
            ("ok", said.ok, counted.ok),
            (
                "not applicable",
                said.not_applicable,
                counted.not_applicable,
            ),
        ] {
            if said != counted {
                let problem =
                    format!("its summary says {said} checks {word}, its findings say {counted}");
                return Err(Odd::new(problem, "summary:"));
            }
        }
        // Software decides by needs of its own.
        if !self.software.is_empty() {
            return Ok(());
        }
        let any = |least: Severity, unknown: bool| {
            self.findings.iter().any(|finding| {
                let counts = finding.status == Status::Fail || unknown;
                counts && finding.severity >= least
            })
        };
        let open = self.findings.iter().any(|finding| {
            finding.status == Status::Unknown && finding.severity == Severity::Error
        });
        // By the least that makes each of them true; `ready` may be what nothing counts against.
        let problem = match self.said.verdict {
            Verdict::NotReady if !any(Severity::Warning, true) => {
                "its verdict is not-ready, and nothing that could count fails or is unknown"
            }
            Verdict::Undetermined if !open => {
                "its verdict is undetermined, and nothing that matters is unknown"
            }
            Verdict::Undetermined if any(Severity::Error, false) => {
                "its verdict is undetermined, and an error fails"
            }
            Verdict::Ready | Verdict::NotReady | Verdict::Undetermined => return Ok(()),
        };
        Err(Odd::new(problem.to_owned(), "verdict:"))
    }
}

/// What stands for the host of this report, and its name where it has one of its own.
pub(super) fn identify(
    mut name: Option<String>,
    machine: Option<&str>,
    text: &[u8],
) -> (Key, Option<String>) {
    let is_own = |name: &&str| {
        !NOBODY
            .iter()
            .any(|nobody| name.eq_ignore_ascii_case(nobody))
    };
    let own = name.as_deref().filter(is_own);
    let machine = machine.filter(|id| is_machine(id));
    let key = match (machine, own) {
        (Some(machine), _) => key_of("machine", machine.to_ascii_lowercase().as_bytes()),
        (None, Some(own)) => key_of("name", own.as_bytes()),
        (None, None) => return (key_of("report", text.trim_ascii()), None),
    };
    // Two names that begin alike are of two hosts, so that this comes last.
    if let Some(name) = &mut name {
        cut(name, HOST_LIMIT);
    }
    (key, name)
}

/// Whether this tells a machine from all others: 32 hexadecimal digits that are not all zero.
fn is_machine(id: &str) -> bool {
    id.len() == 32
        && id.bytes().all(|byte| byte.is_ascii_hexdigit())
        && id.bytes().any(|byte| byte != b'0')
}

/// Whether a label can have this name.
pub(super) fn is_key(key: &str) -> bool {
    let begins = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    begins && key.len() <= KEY_LIMIT && key.chars().all(fits)
}

/// The number that stands for these bytes.
pub(super) fn key_of(kind: &str, bytes: &[u8]) -> Key {
    let mut hash = Sha256::new();
    hash.update(kind.as_bytes());
    hash.update([0]);
    hash.update(bytes);
    half(hash)
}

pub(super) fn half(hash: Sha256) -> Key {
    let mut key = [0; 16];
    let bytes = hash.finalize();
    for (to, from) in key.iter_mut().zip(bytes.iter()) {
        *to = *from;
    }
    Key::from_be_bytes(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_many_could_have_is_none() {
        for (id, expected) in [
            ("0123456789abcdef0123456789abcdef", true),
            ("0123456789ABCDEF0123456789abcdef", true),
            ("00000000000000000000000000000000", false),
            ("0123456789abcdef0123456789abcde", false),
            ("0123456789abcdef0123456789abcdeg", false),
            ("uninitialized", false),
            ("machine-1", false),
            ("", false),
        ] {
            assert_eq!(is_machine(id), expected, "{id}");
        }
    }

    #[test]
    fn names_of_labels() {
        let long = "k".repeat(KEY_LIMIT);
        for (key, expected) in [
            ("role", true),
            ("_x", true),
            ("app.kubernetes.io/name", true),
            (&*long, true),
            (&*(long.clone() + "k"), false),
            ("", false),
            ("1a", false),
            ("a b", false),
            ("a\nb", false),
            ("=a", false),
        ] {
            assert_eq!(is_key(key), expected, "{key}");
        }
    }
}
