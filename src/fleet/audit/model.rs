//! What an audit says of a fleet.

use serde::Serialize;

use super::changes::Changes;
use super::inputs::{Partly, Reports};
use crate::diagnosis::{Needs, Severity};
use crate::report::Verdict;

/// The name and version of the audit's shape. Keys keep their meaning within a version; new
/// keys may be added.
pub const AUDIT_SCHEMA: &str = "bpf-doctor/audit/v1";

/// An audit, complete.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Audit {
    /// [`AUDIT_SCHEMA`].
    pub schema: &'static str,
    /// When it was made, RFC 3339.
    pub generated_at: String,
    /// From which severity on a failing check counts.
    pub fail_on: &'static str,
    /// How many hosts there are.
    pub hosts: u64,
    /// How many of them came to which verdict.
    pub verdicts: Verdicts,
    /// What was read.
    pub reports: Reports,
    /// Hosts of which only a part was looked at.
    pub partly: Partly,
    /// What keeps hosts from being ready, most hosts first.
    pub causes: Vec<Cause>,
    /// The fewest changes that make so many hosts ready.
    pub plan: Plan,
    /// Checks that fail on hosts which they do not keep from being ready, most hosts first; one
    /// that does so elsewhere is among the causes, too.
    pub remarks: Vec<Cause>,
    /// What is not known, most hosts first.
    pub unknowns: Vec<Unknown>,
    /// How many more of those there are.
    #[serde(skip_serializing_if = "Untold::is_none")]
    pub untold: Untold,
    /// The hosts by what they have in common.
    pub groups: Vec<Grouping>,
    /// Hosts that differ from most others of their kernel and distribution.
    pub outliers: Outliers,
    /// What is different from an earlier time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<Changes>,
}

/// How many hosts came to which verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Verdicts {
    /// Nothing that counts fails.
    pub ready: u64,
    /// Something that counts fails.
    pub not_ready: u64,
    /// Nothing fails, but something that matters is unknown.
    pub undetermined: u64,
}

impl Verdicts {
    /// Counts hosts of this verdict.
    pub(super) fn add(&mut self, verdict: Verdict, hosts: u64) {
        *match verdict {
            Verdict::Ready => &mut self.ready,
            Verdict::NotReady => &mut self.not_ready,
            Verdict::Undetermined => &mut self.undetermined,
        } += hosts;
    }

    /// The verdict on all of them.
    #[must_use]
    pub fn worst(&self) -> Verdict {
        match self {
            Self {
                not_ready: 0,
                undetermined: 0,
                ..
            } => Verdict::Ready,
            Self { not_ready: 0, .. } => Verdict::Undetermined,
            _ => Verdict::NotReady,
        }
    }
}

/// What there is no room for in a list, by the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Untold {
    /// Causes.
    pub causes: u64,
    /// Remarks.
    pub remarks: u64,
    /// Unknown checks.
    pub unknowns: u64,
}

impl Untold {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Some hosts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Hosts {
    /// How many.
    pub hosts: u64,
    /// The names of a few.
    pub examples: Vec<String>,
}

impl Hosts {
    pub(super) fn is_none(&self) -> bool {
        self.hosts == 0
    }
}

/// A failing check over all hosts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cause {
    /// The check.
    pub check: String,
    /// The failure in a few words.
    pub title: String,
    /// Its area.
    pub area: String,
    /// How much it matters, at most.
    pub severity: Severity,
    /// How many hosts it keeps from being ready; of a remark, on how many others it fails. All
    /// that is told of it here is of these hosts.
    pub hosts: u64,
    /// On how many of them it is not known whether it fails, where what is unknown counts, too.
    #[serde(skip_serializing_if = "is_zero")]
    pub unknown: u64,
    /// How many of them become ready by the one change that mends this, and what it mends with
    /// it.
    pub alone: u64,
    /// How many of those have checks that can't be made before: more may fail there then.
    #[serde(skip_serializing_if = "is_zero")]
    pub alone_unseen: u64,
    /// Other causes that one change mends with this on some hosts: the same commands, or the
    /// same kernel that is built.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub same_change: Vec<String>,
    /// On how many of the hosts it does.
    #[serde(skip_serializing_if = "is_zero")]
    pub same_change_hosts: u64,
    /// The other cause with which most hosts become ready: by one of the two alone, or by both.
    /// Causes beside which this one adds no host are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub together: Option<Together>,
    /// What its fixes that change a host take at most; a group of hosts may get by with less. None
    /// where nothing is known that mends it on a host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<Needs>,
    /// The kernels it fails on, most hosts first.
    pub kernels: Counts,
    /// The distributions it fails on, most hosts first.
    pub distributions: Counts,
    /// Why, most hosts first.
    pub reasons: Counts,
    /// How to mend it: a fix for each group of hosts with the same commands.
    pub fixes: Vec<FixGroup>,
    /// Hosts whose commands are among too many different ones to be told here.
    #[serde(skip_serializing_if = "is_zero")]
    pub other_fixes: u64,
    /// Hosts for which no fix is known.
    #[serde(skip_serializing_if = "is_zero")]
    pub without_fix: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
pub(super) fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Two causes mended at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Together {
    /// The other one.
    pub with: String,
    /// How many hosts become ready by both.
    pub hosts: u64,
    /// Whether what most hosts type for one of the two is what they type for the other.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub same_commands: bool,
}

/// How often something occurs, most often first; what is rare is counted only.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// How many different ones there are.
    pub different: u64,
    /// The most frequent ones.
    pub most: Vec<Count>,
}

impl Counts {
    fn is_none(&self) -> bool {
        self.different == 0
    }
}

/// How many hosts have something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Count {
    /// What.
    pub value: String,
    /// How many.
    pub hosts: u64,
}

/// A fix, and the hosts it is for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FixGroup {
    /// How many hosts.
    pub hosts: u64,
    /// Names of a few.
    pub examples: Vec<String>,
    /// The kind of fix.
    pub kind: String,
    /// What it does.
    pub summary: String,
    /// What to type there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<String>,
    /// What it takes before it helps.
    pub needs: Needs,
    /// The same, or why it mends nothing: `looks` where what is typed only looks,
    /// `perhaps` where it is not known whether it helps, `program` where
    /// the program is to be changed and not the host, `no-known-fix` where the words say what is
    /// missing and there is nothing to do.
    pub takes: &'static str,
    /// What it may break.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk: Option<String>,
    /// What else would help, in a line each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
}

/// The fewest changes that make so many hosts ready.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Plan {
    /// Whether no smaller sets of changes do; with many causes the larger sets are good ones
    /// and need not be the best.
    pub exact: bool,
    /// Up to this number of changes no set of the same size does more.
    pub exact_up_to: u64,
    /// Hosts with checks that can't be made before their causes are mended: more may fail there
    /// then.
    #[serde(skip_serializing_if = "is_zero")]
    pub unseen: u64,
    /// One step for each number of changes that is worth it.
    pub steps: Vec<Step>,
    /// Hosts that no change makes ready, because something that matters is unknown there.
    pub undecided: u64,
    /// The checks that are unknown there, those of most hosts first.
    #[serde(skip_serializing_if = "Counts::is_none")]
    pub undecided_by: Counts,
    /// Hosts with a cause for which no fix is known, or only one of which nobody knows whether it
    /// helps, what looks and changes nothing, or what is done in the program.
    pub stuck: u64,
}

/// What it takes on some of the hosts of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Takes {
    /// `nothing`, `privilege`, `reboot`, `rebuild`; `own-report` where the fix is told in the
    /// host's own report alone.
    pub what: &'static str,
    /// How many hosts.
    pub hosts: u64,
}

/// A set of changes, and what it brings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// How many changes it takes: to mend a cause wherever it is, by whatever commands, is one.
    pub changes: u64,
    /// The checks to mend, those of most hosts first; then those that are mended along.
    pub checks: Vec<String>,
    /// Those of them that the same work mends on the hosts gained, without a change of their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub along: Vec<String>,
    /// How many hosts become ready by it.
    pub gained: u64,
    /// How many are ready then.
    pub ready: u64,
    /// What the fixes take at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<Needs>,
    /// What they take on how many of the hosts gained, the easiest first.
    pub takes: Vec<Takes>,
}

impl Step {
    /// The checks that each take a change.
    #[must_use]
    pub fn chosen(&self) -> &[String] {
        let own = self.checks.len().saturating_sub(self.along.len());
        self.checks.get(..own).unwrap_or(&self.checks)
    }
}

/// A check without an answer, over all hosts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unknown {
    /// The check.
    pub check: String,
    /// The failure in a few words.
    pub title: String,
    /// How much it would matter.
    pub severity: Severity,
    /// On how many hosts it is unknown.
    pub hosts: u64,
    /// How many of them are undetermined for this alone.
    pub decides: u64,
    /// How many of them are undetermined for this, be it with others.
    pub waits: u64,
    /// On how many of them the doctor was not root.
    pub without_root: u64,
    /// What was in the way, most hosts first.
    pub reasons: Counts,
    /// What would let the doctor know.
    pub grant: Vec<String>,
}

/// The hosts by one thing they have in common.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Grouping {
    /// By what: `kernel`, `distribution`, a label, ...
    pub by: String,
    /// How many groups there are.
    pub different: u64,
    /// The groups, most hosts first.
    pub groups: Vec<Group>,
}

/// Hosts that have something in common.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// What they have in common.
    pub value: String,
    /// How many there are.
    pub hosts: u64,
    /// How many of them came to which verdict.
    pub verdicts: Verdicts,
    /// What keeps most of them from being ready.
    pub causes: Vec<Count>,
    /// How many more causes there are.
    #[serde(skip_serializing_if = "is_zero")]
    pub more_causes: u64,
}

/// Hosts that differ from most others of their kernel and distribution.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Outliers {
    /// How many there are.
    pub hosts: u64,
    /// In how many different ways they differ.
    pub different: u64,
    /// The rarest ways.
    pub most: Vec<Outlier>,
    /// So many hosts of one kernel, distribution and machine there must be for some of them to
    /// be outliers.
    pub least_hosts: u64,
    /// Of a hundred of them so many must fail the same checks.
    pub alike_percent: u64,
}

/// Hosts that differ in one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outlier {
    /// Their kernel.
    pub kernel: String,
    /// Their distribution.
    pub distribution: String,
    /// How many differ in this way.
    pub hosts: u64,
    /// How many there are of the same kernel and distribution.
    pub of: u64,
    /// What fails there and usually doesn't.
    pub more: Vec<String>,
    /// What usually fails and doesn't there.
    pub fewer: Vec<String>,
    /// Names of a few.
    pub examples: Vec<String>,
}
