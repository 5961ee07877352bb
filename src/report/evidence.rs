//! Evidence in words.

use super::style::clean;
use crate::diagnosis::{Evidence, Finding, Status};
use crate::facts::{Fact, Value, Why};
use crate::probes::Outcome;

/// A piece of evidence in a line.
#[must_use]
pub fn evidence_line(piece: &Evidence) -> String {
    match piece {
        Evidence::Probe { probe, outcome, .. } => {
            let probe = clean(probe);
            match outcome {
                Outcome::Works => format!("probe {probe}: works"),
                Outcome::Skipped { reason } => format!("probe {probe}: skipped, {}", clean(reason)),
                Outcome::Fails { stage, errno, .. } if errno.is_empty() => {
                    format!("probe {probe}: fails at {stage}")
                }
                Outcome::Fails { stage, errno, .. } => {
                    format!("probe {probe}: fails at {stage} with {}", clean(errno))
                }
            }
        }
        Evidence::Fact { fact, known, .. } => {
            let fact = clean(fact);
            let place = match known.source() {
                "" => String::new(),
                source => format!("  ({})", clean(source)),
            };
            match known {
                Fact::Known { value, .. } => {
                    format!("{fact} = {}{place}", shortened(&clean(&value.to_string())))
                }
                Fact::Unknown { reason, .. } if reason.detail.is_empty() => {
                    format!("{fact} is unknown: {}{place}", reason.unknown)
                }
                Fact::Unknown { reason, .. } => {
                    let detail = clean(&reason.detail);
                    format!("{fact} is unknown: {}, {detail}{place}", reason.unknown)
                }
            }
        }
    }
}

/// The beginning of a value that is longer than a line has room for; machines get it whole.
pub(super) fn shortened(value: &str) -> String {
    const ROOM: usize = 60;
    if value.chars().count() <= ROOM {
        return value.to_owned();
    }
    let start: String = value.chars().take(ROOM).collect();
    format!("{start}…")
}

/// What a fact says in sentences of its own: they are shown whole.
pub(super) fn sentences(piece: &Evidence) -> Option<&[String]> {
    let Evidence::Fact {
        known: Fact::Known { value, .. },
        ..
    } = piece
    else {
        return None;
    };
    let Value::List(items) = value else {
        return None;
    };
    let told = items.iter().any(|item| item.contains(' '));
    told.then_some(items)
}

/// Whether all that is not known of a finding was never asked for: no experiment was made, and
/// the files this host is known from hold nothing of it.
pub(super) fn nobody_looked(finding: &Finding) -> bool {
    let unasked = |piece: &Evidence| match piece {
        Evidence::Probe { outcome, .. } => matches!(outcome, Outcome::Skipped { .. }),
        Evidence::Fact { known, .. } => match known {
            Fact::Known { .. } => true,
            Fact::Unknown { reason, .. } => reason.unknown == Why::NotCollected,
        },
    };
    finding.status == Status::Unknown && finding.evidence.iter().all(unasked)
}
