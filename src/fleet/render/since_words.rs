//! What changed since an earlier time in words, the same in every rendering for people.

use super::super::audit::{CauseChange, Changes};
use super::words::{hosts, number};

/// What hosts are of which it is not known whether they changed.
pub(super) const UNCLEAR: &str = "unclear: what decides is not known or was not looked at";
/// What is said of hosts on which the same fails and counts, or does not, otherwise.
pub(super) const REJUDGED: &str =
    "judged otherwise: the same fails, and the doctor weighs it in another way";

/// What there is to say of hosts that a doctor of another catalogue judged then.
pub(super) fn other_catalogue(changes: &Changes) -> Option<String> {
    let some = &changes.other_catalogue;
    (some.hosts > 0).then(|| {
        let were = if some.hosts == 1 { "was" } else { "were" };
        format!(
            "{} {were} judged by another catalogue then, as by another version of the doctor: what \
             turned there may be the catalogue's work and not the host's; `bpf-doctor check --from \
             OLD -o NEW`, for each report of then, judges both times alike",
            hosts(some.hosts)
        )
    })
}

/// Hosts on which another catalogue may be all that made a cause come or go: `; 16 of them judged by
/// another catalogue then`.
pub(super) fn by_catalogue(cause: &CauseChange) -> String {
    match &cause.other_catalogue {
        none if none.hosts == 0 => String::new(),
        some => format!(
            "; {} of them judged by another catalogue then",
            number(some.hosts)
        ),
    }
}

/// What hosts are that are among the new ones, and by their names among those that are gone.
pub(super) const AGAIN: &str = "of the new ones have the name of one that is gone, by another machine id, as where installed anew";

/// Said where one was probably given for the other.
pub(super) const SWAPPED: &str = "The baseline is newer than the reports: are the two swapped?";

/// `Since 2026-11-23T04:00:00Z (40 hosts then: 30 ready, 8 not ready, 2 undetermined)`.
pub(super) fn since(changes: &Changes) -> String {
    let then = &changes.verdicts_before;
    let unasked = match changes.unasked_before {
        0 => String::new(),
        all if all == changes.hosts_before => {
            ", none of which was asked for this software".to_owned()
        }
        some => format!(
            ", {} of which were not asked for this software",
            number(some)
        ),
    };
    format!(
        "Since {} ({} then: {} ready, {} not ready, {} undetermined{unasked})",
        changes.newest_before.as_deref().unwrap_or("then"),
        hosts(changes.hosts_before),
        number(then.ready),
        number(then.not_ready),
        number(then.undetermined)
    )
}

/// What became of a cause, in words.
pub(super) fn became(cause: &CauseChange) -> &'static str {
    match cause.change {
        "gone" if cause.cured.hosts == 0 => "gone with its hosts",
        "unseen" => "no answer any more",
        "seen" => "not known before",
        "moved" => "on other hosts",
        other => other,
    }
}

/// Hosts of a cause that came or went as such: `; 5 that had it are gone; 2 that have it are new`.
pub(super) fn with_hosts(cause: &CauseChange) -> String {
    let mut told = String::new();
    // Where it is gone with its hosts, that is said already.
    if cause.gone_hosts > 0 && (cause.now > 0 || cause.cured.hosts > 0) {
        let be = if cause.gone_hosts == 1 { "is" } else { "are" };
        told += &format!("; {} that had it {be} gone", hosts(cause.gone_hosts));
    }
    if cause.new_hosts > 0 {
        let (have, be) = match cause.new_hosts {
            1 => ("has", "is"),
            _ => ("have", "are"),
        };
        told += &format!("; {} that {have} it {be} new", hosts(cause.new_hosts));
    }
    told
}
