//! What a check found on a host.

use serde::{Deserialize, Serialize};

use crate::catalogue::{ByHand, Needs, Severity};
use crate::facts::{Fact, Value, Why};
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
        /// What decided, each with what it says, where this speaks against it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        against: Vec<String>,
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
        /// What decided, each with what it says, where this speaks against it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        against: Vec<String>,
        /// Of a list, the items that were asked for.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        asked: Vec<String>,
    },
}

impl Evidence {
    /// Whether it is known, or nobody looked.
    pub(super) fn is_unasked(&self) -> bool {
        match self {
            Self::Probe { outcome, .. } => matches!(outcome, Outcome::Skipped { .. }),
            Self::Fact { known, .. } => match known {
                Fact::Known { .. } => true,
                Fact::Unknown { reason, .. } => reason.unknown == Why::NotCollected,
            },
        }
    }

    /// Whether it speaks against what decided.
    #[must_use]
    pub fn disagrees(&self) -> bool {
        match self {
            Self::Probe { disagrees, .. } | Self::Fact { disagrees, .. } => *disagrees,
        }
    }

    /// Whether it is an experiment that failed, by the kernel's own doing.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        let Self::Probe { outcome, .. } = self else {
            return false;
        };
        matches!(outcome, Outcome::Fails { .. }) && outcome.is_conclusive()
    }

    /// Whether it is something that this host is set or built to: no experiment, and not what the
    /// host is, which says little by itself.
    #[must_use]
    pub fn is_set(&self) -> bool {
        let Self::Fact { fact, known, .. } = self else {
            return false;
        };
        let is_what_it_is = ["kernel.", "os.", "privilege.", "environment."];
        let value = known
            .value()
            .filter(|value| !matches!(value, Value::Absent));
        value.is_some() && !is_what_it_is.iter().any(|begin| fact.starts_with(begin))
    }

    /// What the error of a probe that fails means, in words.
    #[must_use]
    pub fn meaning(&self) -> Option<&'static str> {
        match self {
            Self::Probe { probe, outcome, .. } => outcome.meaning(probe),
            Self::Fact { .. } => None,
        }
    }

    /// What it speaks against: `probe lsm fails at trigger`, `config.BPF_LSM is n`.
    #[must_use]
    pub fn against(&self) -> &[String] {
        match self {
            Self::Probe { against, .. } | Self::Fact { against, .. } => against,
        }
    }

    /// The same as one that speaks against these, which decided.
    pub(super) fn disagreeing(mut self, with: &[String]) -> Self {
        match &mut self {
            Self::Probe {
                disagrees, against, ..
            }
            | Self::Fact {
                disagrees, against, ..
            } => {
                *disagrees = true;
                *against = with.to_vec();
            }
        }
        self
    }

    /// Its source and what it says, in a few words.
    pub(super) fn brief(&self) -> String {
        match self {
            Self::Probe { probe, outcome, .. } => match outcome {
                Outcome::Works => format!("probe {probe} works"),
                Outcome::Skipped { .. } => format!("probe {probe} was skipped"),
                Outcome::Fails { stage, errno, .. } if errno.is_empty() => {
                    format!("probe {probe} fails at {stage}")
                }
                Outcome::Fails { stage, errno, .. } => {
                    format!("probe {probe} fails at {stage} with {errno}")
                }
            },
            Self::Fact { fact, known, .. } => match known.value() {
                Some(value) => format!("{fact} is {value}"),
                None => format!("{fact} is unknown"),
            },
        }
    }

    /// Whether both show the same, but for what was asked of it: the second is then a part of
    /// the first.
    pub(super) fn takes_in(&mut self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Fact {
                    fact,
                    known,
                    disagrees,
                    against,
                    asked,
                },
                Self::Fact {
                    fact: other_fact,
                    known: other_known,
                    disagrees: other_disagrees,
                    against: other_against,
                    asked: more,
                },
            ) if fact == other_fact
                && known == other_known
                && disagrees == other_disagrees
                && against == other_against =>
            {
                for item in more {
                    if !asked.contains(item) {
                        asked.push(item.clone());
                    }
                }
                true
            }
            (one, other) => one == other,
        }
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
    /// Why it is left to a person, or is none at all.
    #[serde(default, rename = "by-hand", skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<ByHand>,
    /// What to type to undo it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undo: Vec<String>,
    /// What to type to see that it helped.
    pub verify: String,
    /// Of ways for a host that is not known: the systems whose way it is.
    #[serde(default, rename = "only-on", skip_serializing_if = "Option::is_none")]
    pub only_on: Option<String>,
}

impl RenderedFix {
    /// Whether it is a way at all, be it one that others have to go.
    #[must_use]
    pub fn is_a_way(&self) -> bool {
        !matches!(self.by_hand, Some(ByHand::NoWay | ByHand::TooMuch))
    }

    /// Whether it is known to bring about, on this system, what is missing: a package, be it of a
    /// kernel, a mount, a setting, an argument, a right. A kernel that has to be built first is
    /// another system, and what a program could do in its place is another program.
    #[must_use]
    pub fn is_cure(&self) -> bool {
        let typed = self.commands.iter().any(|line| !line.starts_with('#'));
        let brings = match self.kind.as_str() {
            "package" | "upgrade" => typed,
            "capabilities" | "kernel-arguments" | "limit" | "mount" | "setting" | "sysctl" => {
                !self.commands.is_empty()
            }
            _ => false,
        };
        brings && matches!(self.by_hand, None | Some(ByHand::Decision))
    }

    /// What it does, and on which systems where it is one of several ways.
    #[must_use]
    pub fn told(&self) -> String {
        match &self.only_on {
            Some(systems) => format!("on {systems}: {}", self.summary),
            None => self.summary.clone(),
        }
    }
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

impl Finding {
    /// Whether all that it rests on and that is not known was never asked for: no experiment was
    /// made, and what the host is known from holds nothing of it.
    #[must_use]
    pub fn is_unasked(&self) -> bool {
        self.evidence.iter().all(Evidence::is_unasked)
    }
}

/// Failures by severity, then what is unknown, then the rest; ties by check id.
pub(super) fn sort(findings: &mut [Finding]) {
    findings.sort_by(|left, right| {
        let rank = |finding: &Finding| match finding.status {
            Status::Ok | Status::NotApplicable => (Status::Ok, None),
            status => (status, Some(std::cmp::Reverse(finding.severity))),
        };
        rank(left)
            .cmp(&rank(right))
            .then_with(|| left.check.cmp(&right.check))
    });
}
