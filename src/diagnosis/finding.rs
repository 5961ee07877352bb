//! What a check found on a host.

use serde::{Deserialize, Serialize};

use crate::catalogue::{Needs, Severity};
use crate::facts::Fact;
use crate::probes::Outcome;

/// The answer of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The failure is there.
    Fail,
    /// Not enough is known to say.
    Unknown,
    /// The failure is not there.
    Ok,
    /// The question makes no sense on this host.
    NotApplicable,
}

impl Status {
    /// Its name in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::Ok => "ok",
            Self::NotApplicable => "not-applicable",
        }
    }
}

/// Something a verdict rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a map with `probe` and its outcome, or with `fact` and its value"
)]
pub enum Evidence {
    /// An experiment.
    Probe {
        /// The probe's id.
        probe: String,
        /// What it came to.
        #[serde(flatten)]
        outcome: Outcome,
        /// Whether it speaks against what decided.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        disagrees: bool,
    },
    /// A fact.
    Fact {
        /// The fact's key.
        fact: String,
        /// What is known of it.
        #[serde(flatten)]
        known: Fact,
        /// Whether it speaks against what decided.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        disagrees: bool,
    },
}

impl Evidence {
    /// Whether it speaks against what decided.
    #[must_use]
    pub fn disagrees(&self) -> bool {
        match self {
            Self::Probe { disagrees, .. } | Self::Fact { disagrees, .. } => *disagrees,
        }
    }

    /// What the error of a probe that fails means, in words.
    #[must_use]
    pub fn meaning(&self) -> Option<&'static str> {
        match self {
            Self::Probe { probe, outcome, .. } => outcome.meaning(probe),
            Self::Fact { .. } => None,
        }
    }

    pub(super) fn disagreeing(mut self) -> Self {
        match &mut self {
            Self::Probe { disagrees, .. } | Self::Fact { disagrees, .. } => *disagrees = true,
        }
        self
    }
}

/// A remedy as commands for this host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenderedFix {
    /// The kind of remedy, e.g. `kernel-config`.
    pub kind: String,
    /// What it does, in a line.
    pub summary: String,
    /// What to type, in this order. A line that begins with `#` explains the next.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<String>,
    /// What it takes before it helps.
    pub needs: Needs,
    /// What it may break.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<String>,
    /// What to type to undo it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undo: Vec<String>,
    /// What to type to see that it helped.
    pub verify: String,
}

/// What a check found on a host. The fields `because`, `evidence` and `fixes` belong to the
/// status: for `ok` they say what shows that all is well, for `unknown` what is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The check's id.
    pub check: String,
    /// Its area's id.
    pub area: String,
    /// The answer.
    pub status: Status,
    /// How much it matters when it fails; a cause may say otherwise than the check.
    pub severity: Severity,
    /// The failure in a few words, whether it is there or not.
    pub title: String,
    /// Why the status is what it is.
    pub because: String,
    /// What it rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// What cures it, the cheapest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixes: Vec<RenderedFix>,
}
