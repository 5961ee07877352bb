//! A check: one documented failure.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::condition::Condition;
use super::fix::Fix;
use super::located;
use super::symptom::Symptom;

/// How much a failing check matters. Ordered: an error is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Works, with a loss or a trap.
    Warning,
    /// Something documented will not work.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// The items of the user's notes.
pub(super) const NOTES: std::ops::RangeInclusive<u8> = 1..=17;

/// What decides a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A property of the host.
    Host,
    /// The program or its loader.
    Program,
    /// Compiler, loader library or tool.
    Toolchain,
}

/// A group of checks that belong together in a report.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a mapping with `id` and `title`")]
pub struct Area {
    /// Its name for `--only` and `--skip`.
    #[serde(deserialize_with = "located::kebab_case")]
    pub id: String,
    /// Its heading.
    #[serde(deserialize_with = "located::line")]
    pub title: String,
}

/// What a cause or a check is a property of, where that is not the host as a whole: what works elsewhere on
/// the host does not refute it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum About {
    /// One network interface.
    Device,
    /// One name: of a function, a tracepoint, a type.
    Name,
    /// One control group.
    Cgroup,
    /// The one program that was loaded.
    Program,
    /// The rights of the process that failed.
    Process,
}

/// What brings a failure about, as far as facts tell.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a mapping with `because`")]
pub struct Cause {
    /// Its name within the check, for symptoms that point to it.
    #[serde(
        default,
        deserialize_with = "located::some_kebab_case",
        skip_serializing_if = "Option::is_none"
    )]
    pub id: Option<String>,
    /// When this is the cause; a cause without it is the one that remains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// What it is a property of, where that is not the host as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<About>,
    /// The failure in a few words, where the check's own title says more than this cause.
    #[serde(
        default,
        deserialize_with = "located::some_line",
        skip_serializing_if = "Option::is_none"
    )]
    pub title: Option<String>,
    /// The cause in a sentence or two.
    #[serde(deserialize_with = "located::text")]
    pub because: String,
    /// Overrides the check's severity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// What cures it, the cheapest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixes: Vec<Fix>,
}

/// What is said beside a check's being ok, where something is so.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a mapping with `when` and `says`")]
pub struct Beside {
    /// When it is said.
    pub when: Condition,
    /// The rest of the sentence that [`Check::ok`] begins.
    #[serde(deserialize_with = "located::line")]
    pub says: String,
}

/// One documented failure.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a mapping with `id` and what belongs to a check"
)]
pub struct Check {
    /// Its permanent name.
    #[serde(deserialize_with = "located::kebab_case")]
    pub id: String,
    /// The id of its [`Area`].
    #[serde(deserialize_with = "located::kebab_case")]
    pub area: String,
    /// What decides it.
    pub kind: Kind,
    /// How much it matters when it fails.
    pub severity: Severity,
    /// The failure in a few words.
    #[serde(deserialize_with = "located::line")]
    pub title: String,
    /// What is so when it does not fail. With [`Check::fails`], and only with it.
    #[serde(
        default,
        deserialize_with = "located::some_line",
        skip_serializing_if = "Option::is_none"
    )]
    pub ok: Option<String>,
    /// What is said beside that, where something is so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<Beside>,
    /// Why it matters, and to whom.
    #[serde(deserialize_with = "located::text")]
    pub why: String,
    /// The failure that this one is a kind of, by whose name people know it. `explain` gives that
    /// name as the cause, and this one as the entry that tells of it.
    #[serde(
        default,
        rename = "kind-of",
        deserialize_with = "located::some_kebab_case",
        skip_serializing_if = "Option::is_none"
    )]
    pub kind_of: Option<String>,
    /// What it is a property of, where that is not the host as a whole: the rights of a process are
    /// a question where one is judged alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<About>,
    /// Checks that make this one moot while they fail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<String>,
    /// When the question makes sense at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applies: Option<Condition>,
    /// When the failure is there. Without it nothing on a host decides: the failure is known
    /// by its symptoms alone, and `check` gives no finding for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fails: Option<Condition>,
    /// Its causes; the first that matches is reported.
    pub causes: Vec<Cause>,
    /// What to change in the code, where the program is at fault: a few words and lines of C.
    #[serde(
        default,
        deserialize_with = "located::some_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub change: Option<String>,
    /// How to see it by hand.
    #[serde(
        default,
        deserialize_with = "located::lines",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub confirm: Vec<String>,
    /// How it shows in what programs print.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub symptoms: Vec<Symptom>,
    /// Commits, files and documents the entry rests on.
    #[serde(
        default,
        deserialize_with = "located::lines",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub references: Vec<String>,
    /// Items of the user's notes it serves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<u8>,
}

impl Check {
    /// Its causes up to the one that remains on a host. What stands behind that is about one thing
    /// alone, and symptoms lead to it.
    #[must_use]
    pub fn own_causes(&self) -> &[Cause] {
        let mut own = self.causes.as_slice();
        while let [before @ .., last] = own
            && last.about.is_some()
            && before.iter().any(|cause| cause.when.is_none())
        {
            own = before;
        }
        own
    }

    /// What it asks of a host to be judged; what its fixes ask is not among it.
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        let causes = self.causes.iter().filter_map(|cause| cause.when.as_ref());
        let beside = self.beside.iter().map(|beside| &beside.when);
        let own = self.applies.iter().chain(&self.fails);
        own.chain(causes).chain(beside)
    }
}
