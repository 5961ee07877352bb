//! What an audit says of the time since another one.

use serde::Serialize;

use super::model::{Hosts, Verdicts, is_zero};
use crate::diagnosis::Severity;

/// What is different from an earlier time. Of hosts that are counted here up to a thousand are
/// named.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changes {
    /// Whether a host that was there then is worse now.
    pub regression: bool,
    /// Whether the newest report then is newer than the newest one now: one was probably given
    /// for the other.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub swapped: bool,
    /// When the newest report then was made.
    pub newest_before: Option<String>,
    /// Hosts then.
    pub hosts_before: u64,
    /// How many of them came to which verdict.
    pub verdicts_before: Verdicts,
    /// How many of them were not asked for software that is named now.
    #[serde(skip_serializing_if = "is_zero")]
    pub unasked_before: u64,
    /// Hosts that are there now and were not.
    pub new: Hosts,
    /// Hosts that were there and are not.
    pub gone: Hosts,
    /// New hosts that have the name of one that is gone, and another machine id: installed anew.
    #[serde(skip_serializing_if = "Hosts::is_none")]
    pub again: Hosts,
    /// Hosts that are ready now and were not.
    pub became_ready: Hosts,
    /// Hosts that are not ready now and were not known to be so.
    pub broke: Hosts,
    /// Hosts that were not ready and have another cause for it now.
    pub worse: Hosts,
    /// Hosts of which it is not known whether they are better or worse: what decides is
    /// unknown at one of the two times, or was not looked at.
    pub unclear: Hosts,
    /// Hosts with another verdict though the same fails, which the doctor weighs in another way.
    pub rejudged: Hosts,
    /// Hosts that were judged by another catalogue of checks then.
    #[serde(skip_serializing_if = "Hosts::is_none")]
    pub other_catalogue: Hosts,
    /// Causes, the largest change first; those without a change are left out.
    pub causes: Vec<CauseChange>,
    /// Hosts whose kernel is another one now, most hosts first; all of them.
    pub kernels: Vec<Move>,
    /// How many such moves there are in all.
    pub kernel_moves: u64,
}

/// How a cause changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CauseChange {
    /// The check.
    pub check: String,
    /// The failure in a few words.
    pub title: String,
    /// How much it matters.
    pub severity: Severity,
    /// `new`, `gone`, `more`, `fewer` or `moved`, by the hosts there are now and then; `unseen`
    /// where it is gone only because no answer is there now, `seen` where it is new only because
    /// none was there then, and so where the number is the same and all that changed is that.
    pub change: &'static str,
    /// On how many hosts it failed.
    pub before: u64,
    /// On how many it fails.
    pub now: u64,
    /// Hosts of both times on which it fails now and is known not to have failed then.
    pub appeared: Hosts,
    /// Hosts of both times on which it failed and is ok now, or does not apply any more.
    pub cured: Hosts,
    /// Those of these two that another catalogue judged then: it may be all that changed.
    #[serde(skip_serializing_if = "Hosts::is_none")]
    pub other_catalogue: Hosts,
    /// Hosts of both times on which it failed and no answer is there now.
    pub unseen: u64,
    /// Hosts of both times on which it fails now and no answer was there then.
    pub unseen_before: u64,
    /// Hosts that had it then and are not there any more.
    #[serde(skip_serializing_if = "is_zero")]
    pub gone_hosts: u64,
    /// Hosts that have it now and were not there then.
    #[serde(skip_serializing_if = "is_zero")]
    pub new_hosts: u64,
}

/// Hosts that went from one kernel to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Move {
    /// The kernel then.
    pub from: String,
    /// The kernel now.
    pub to: String,
    /// How many hosts.
    pub hosts: u64,
    /// How many of them became ready.
    pub became_ready: u64,
    /// How many of them broke.
    pub broke: u64,
}
