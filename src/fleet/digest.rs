//! What counts of one report: whose it is, when it was made, where the host stands, and what
//! fails or is unknown there.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::diagnosis::{RenderedFix, Severity, Status};

/// Longest name, label or title that is kept, in bytes.
pub(super) const NAME_LIMIT: usize = 256;
/// Longest reason, summary or command that is kept, in bytes.
const LINE_LIMIT: usize = 4 << 10;
/// Most commands of a fix that are kept.
const LINES_LIMIT: usize = 64;
/// Most fixes of a finding that are kept.
const FIXES_LIMIT: usize = 8;
/// Largest finding that is kept, in bytes of all its texts.
const TEXT_LIMIT: usize = 16 << 10;
/// Most findings a report may have; the catalogue has a tenth of it.
pub(super) const FINDINGS_LIMIT: usize = 2000;
/// Most labels a host may have.
pub(super) const LABELS_LIMIT: usize = 64;

/// A number that stands for a host or for a text: the first half of a SHA-256.
pub type Key = u128;

/// Where a host stands: what groups of hosts have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Place {
    /// The kernel's release.
    pub release: Option<String>,
    /// The mainline version it is built from.
    pub version: Option<String>,
    /// The machine.
    pub arch: Option<String>,
    /// The distribution's id.
    pub os: Option<String>,
    /// Its version.
    pub os_version: Option<String>,
    /// Its name for people.
    pub os_name: Option<String>,
    /// The container runtime, or `none`.
    pub container: Option<String>,
    /// The hypervisor, or `none`.
    pub virtualization: Option<String>,
    /// The user the doctor was.
    pub euid: Option<i64>,
    /// The doctor's version.
    pub tool: Option<String>,
    /// The digest of its catalogue.
    pub catalogue: Option<String>,
}

impl Place {
    /// Distribution and version in a word, such as `debian 12`.
    #[must_use]
    pub fn distribution(&self) -> Option<String> {
        let id = self.os.as_ref()?;
        Some(match &self.os_version {
            Some(version) => format!("{id} {version}"),
            None => id.clone(),
        })
    }

    fn bound(&mut self) {
        for text in [
            &mut self.release,
            &mut self.version,
            &mut self.arch,
            &mut self.os,
            &mut self.os_version,
            &mut self.os_name,
            &mut self.container,
            &mut self.virtualization,
            &mut self.tool,
            &mut self.catalogue,
        ]
        .into_iter()
        .flatten()
        {
            cut(text, NAME_LIMIT);
        }
    }
}

/// The words of a finding, which many hosts share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Words {
    /// The check's area.
    pub area: String,
    /// The failure in a few words.
    pub title: String,
    /// Why the status is what it is.
    pub because: String,
    /// What cures it, the cheapest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixes: Vec<Remedy>,
}

/// What is kept of a fix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Remedy {
    /// The kind of remedy.
    pub kind: String,
    /// What it does, in a line.
    pub summary: String,
    /// What to type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<String>,
    /// What it takes before it helps.
    pub needs: crate::diagnosis::Needs,
    /// What it may break.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<String>,
}

/// A finding that fails or is unknown, in one of the ways that hosts have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Stands for everything below.
    pub key: Key,
    /// The check.
    pub check: Arc<str>,
    /// `fail` or `unknown`.
    pub status: Status,
    /// How much it matters.
    pub severity: Severity,
    /// The rest.
    pub words: Words,
}

impl Variant {
    /// Bounds the texts, and works out the key.
    pub(super) fn new(
        check: &str,
        status: Status,
        severity: Severity,
        mut words: Words,
    ) -> Arc<Self> {
        let mut check = check.to_owned();
        cut(&mut check, NAME_LIMIT);
        words.bound();
        let mut hash = Sha256::new();
        // Any text can stand in JSON, so that no two findings look alike to the hash.
        let parts = serde_json::to_vec(&(&check, status, severity, &words)).unwrap_or_default();
        hash.update(&parts);
        Arc::new(Self {
            key: half(hash),
            check: check.into(),
            status,
            severity,
            words,
        })
    }
}

impl Words {
    fn bound(&mut self) {
        cut(&mut self.area, NAME_LIMIT);
        cut(&mut self.title, NAME_LIMIT);
        cut(&mut self.because, LINE_LIMIT);
        self.fixes.truncate(FIXES_LIMIT);
        let mut room = TEXT_LIMIT;
        for fix in &mut self.fixes {
            cut(&mut fix.kind, NAME_LIMIT);
            cut(&mut fix.summary, LINE_LIMIT.min(room));
            room -= fix.summary.len();
            fix.commands.truncate(LINES_LIMIT);
            for line in fix.commands.iter_mut().chain(&mut fix.risk) {
                cut(line, LINE_LIMIT.min(room));
                room -= line.len();
            }
        }
    }
}

impl From<RenderedFix> for Remedy {
    fn from(fix: RenderedFix) -> Self {
        Self {
            kind: fix.kind,
            summary: fix.summary,
            commands: fix.commands,
            needs: fix.needs,
            risk: fix.risk,
        }
    }
}

/// A piece of software, and the checks by which a host lacks what it needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Software {
    /// The profile.
    pub profile: String,
    /// The software's name.
    pub title: String,
    /// Required, and not there.
    pub missing: Vec<String>,
    /// Optional, and not there.
    pub optional: Vec<String>,
    /// Required, and not known.
    pub open: Vec<String>,
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
    /// The software that was asked for.
    pub software: Vec<Software>,
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

impl Digest {
    /// Brings what was read into the one shape it has, or says what is wrong with it.
    pub(super) fn finish(mut self, machine: Option<&str>, text: &[u8]) -> Result<Self, String> {
        self.place.bound();
        if let Some(name) = &mut self.name {
            cut(name, NAME_LIMIT);
        }
        let is_own = |name: &&str| !NOBODY.contains(&name.to_ascii_lowercase().as_str());
        let name = self.name.as_deref().filter(is_own);
        self.id = match (machine.filter(is_own), name) {
            (Some(machine), _) => key_of("machine", machine.as_bytes()),
            (None, Some(name)) => key_of("name", name.as_bytes()),
            (None, None) => key_of("report", text.trim_ascii()),
        };
        if machine.is_none_or(|machine| !is_own(&machine)) && name.is_none() {
            self.name = None;
        }
        if self.labels.len() > LABELS_LIMIT {
            return Err(format!("it has more than {LABELS_LIMIT} labels"));
        }
        let bounded = |text: &String| text.len() <= NAME_LIMIT;
        if !self
            .labels
            .iter()
            .all(|(key, value)| bounded(key) && bounded(value))
        {
            return Err(format!("a label has more than {NAME_LIMIT} bytes"));
        }
        if self.findings.len() + self.ok.len() > FINDINGS_LIMIT {
            return Err(format!("it has more than {FINDINGS_LIMIT} findings"));
        }
        self.findings
            .sort_by(|a, b| (&a.check, a.key).cmp(&(&b.check, b.key)));
        self.ok.sort();
        let twice = self.findings.windows(2).find_map(|pair| match pair {
            [one, other] if one.check == other.check => Some(one.check.clone()),
            _ => None,
        });
        let twice = twice.or_else(|| {
            self.ok.windows(2).find_map(|pair| match pair {
                [one, other] if one == other => Some(one.clone()),
                _ => None,
            })
        });
        let both = || {
            self.findings
                .iter()
                .find(|finding| self.ok.binary_search(&finding.check).is_ok())
                .map(|finding| finding.check.clone())
        };
        if let Some(check) = twice.or_else(both) {
            return Err(format!("it has two findings of the check {check}"));
        }
        Ok(self)
    }
}

/// The number that stands for these bytes.
pub(super) fn key_of(kind: &str, bytes: &[u8]) -> Key {
    let mut hash = Sha256::new();
    hash.update(kind.as_bytes());
    hash.update([0]);
    hash.update(bytes);
    half(hash)
}

fn half(hash: Sha256) -> Key {
    let mut key = [0; 16];
    let bytes = hash.finalize();
    for (to, from) in key.iter_mut().zip(bytes.iter()) {
        *to = *from;
    }
    Key::from_be_bytes(key)
}

/// Cuts a text where it is too long, at the end of a character.
pub(super) fn cut(text: &mut String, limit: usize) {
    if text.len() > limit {
        let end = (0..=limit).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
    }
}

/// Seconds since 1970 of a time as reports have it: `2026-01-01T00:00:00Z`.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    if bytes.len() != 20 {
        return None;
    }
    for (index, byte) in bytes.iter().enumerate() {
        let fits = match index {
            4 | 7 => *byte == b'-',
            10 => *byte == b'T',
            13 | 16 => *byte == b':',
            19 => *byte == b'Z',
            _ => byte.is_ascii_digit(),
        };
        if !fits {
            return None;
        }
    }
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<u64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let valid = year >= 1970
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    // Days of the civil calendar, with years that begin in March so that leap days come last.
    let (year, month) = match month {
        1 | 2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 306 + 5) / 10 + day - 1;
    let since = days.checked_sub(719_468)?;
    valid.then_some(since * 86_400 + hour * 3600 + minute * 60 + second)
}

/// The time as reports have it.
pub(super) fn time(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = year + era * 400 + later;
    let (hour, minute, second) = (rest / 3600, rest % 3600 / 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T12:00:00Z", Some(951_825_600)),
            ("2026-01-01T00:00:00Z", Some(1_767_225_600)),
            ("2026-12-31T23:59:59Z", Some(1_798_761_599)),
            ("1969-12-31T23:59:59Z", None),
            ("2026-13-01T00:00:00Z", None),
            ("2026-01-01T24:00:00Z", None),
            ("2026-01-01 00:00:00Z", None),
            ("2026-01-01T00:00:00+", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
            if let Some(since) = expected {
                assert_eq!(time(since), text);
            }
        }
        // Every day of four centuries, there and back.
        for day in 0..146_097 {
            assert_eq!(seconds(&time(day * 86_400)), Some(day * 86_400));
        }
    }

    #[test]
    fn texts_are_cut_between_characters() {
        for (limit, expected) in [(0, ""), (1, "a"), (2, "a"), (3, "aé"), (9, "aéz")] {
            let mut text = "aéz".to_owned();
            cut(&mut text, limit);
            assert_eq!(text, expected);
        }
    }
}
