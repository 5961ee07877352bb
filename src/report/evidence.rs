//! Evidence in words.

use std::collections::BTreeSet;

use super::style::clean;
use crate::diagnosis::{Evidence, Finding, Status};
use crate::facts::{Fact, Value};
use crate::probes::{Outcome, Stage, table};

/// A piece of evidence in a line, with what it disagrees with.
#[must_use]
pub fn evidence_line(piece: &Evidence) -> String {
    let mut told = said(piece);
    if piece.disagrees() {
        let mut said = BTreeSet::new();
        let others = piece.against().iter();
        let others = others.map(|other| shortened(&clean(other)));
        let others: Vec<String> = others.filter(|other| said.insert(other.clone())).collect();
        told.push_str(&match others.is_empty() {
            true => "  (disagrees)".to_owned(),
            false => format!("  (disagrees with {})", others.join(", ")),
        });
    }
    told
}

/// What it says by itself.
fn said(piece: &Evidence) -> String {
    match piece {
        Evidence::Probe { probe, outcome, .. } => {
            let probe = clean(probe);
            match outcome {
                Outcome::Works => match stages_of(&probe) {
                    Some(stages) => format!("probe {probe}: works ({stages})"),
                    None => format!("probe {probe}: works"),
                },
                Outcome::Skipped { reason } => format!("probe {probe}: skipped, {}", clean(reason)),
                Outcome::Fails { stage, .. } => {
                    format!(
                        "probe {probe}: fails at {stage}{}",
                        clean(&outcome.with_errno())
                    )
                }
            }
        }
        Evidence::Fact {
            fact, known, asked, ..
        } => {
            let fact = clean(fact);
            let place = match known.source() {
                "" => String::new(),
                source => format!("  ({})", clean(source)),
            };
            match known {
                Fact::Known { value, .. } => {
                    let value = match value {
                        Value::List(items) => long_list(items, asked),
                        _ => None,
                    }
                    .unwrap_or_else(|| beginning(&clean(&value.to_string()), LONGEST));
                    format!("{fact} = {value}{place}")
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

/// Of a list that fills more than a line, such as the capabilities of root: what was asked for,
/// above all what of it is missing, and how many others there are.
fn long_list(items: &[String], asked: &[String]) -> Option<String> {
    const LINE: usize = 100;
    let length: usize = items.iter().map(|item| item.chars().count() + 2).sum();
    if length <= LINE || asked.is_empty() {
        return None;
    }
    let (held, missing): (Vec<&String>, Vec<&String>) =
        asked.iter().partition(|item| items.contains(item));
    let named = |items: &[&String]| {
        let names = items.iter().map(|item| clean(item));
        beginning(&names.collect::<Vec<_>>().join(", "), LINE)
    };
    let others = items.len().saturating_sub(held.len());
    Some(match (missing.is_empty(), held.is_empty()) {
        (false, true) => format!("not {}; {others} others", named(&missing)),
        (false, false) => {
            format!(
                "not {}; {} and {others} others",
                named(&missing),
                named(&held)
            )
        }
        (true, _) => format!("{} and {others} others", named(&held)),
    })
}

/// A value of more characters is cut; machines get it whole.
const LONGEST: usize = 1_000;

/// The stages a probe goes through, for what works; nothing of a probe this doctor does not know,
/// as a saved report may have.
fn stages_of(probe: &str) -> Option<String> {
    let probe = table().iter().find(|known| known.id == probe)?;
    Some(Stage::in_words(probe.stages))
}

/// The beginning of a value that is longer than a line has room for.
pub(super) fn shortened(value: &str) -> String {
    beginning(value, 60)
}

fn beginning(value: &str, room: usize) -> String {
    if value.chars().count() <= room {
        return value.to_owned();
    }
    let start: String = value.chars().take(room).collect();
    format!("{start}…")
}

/// The pieces of evidence that say something the pieces before did not.
pub(super) fn once(evidence: &[Evidence]) -> Vec<&Evidence> {
    let mut seen = BTreeSet::new();
    let mut pieces: Vec<&Evidence> = evidence.iter().collect();
    pieces.retain(|piece| seen.insert(evidence_line(piece)));
    pieces
}

/// What a fact says in sentences of its own: they are shown whole, without its name. Names of
/// one word or two are no sentences.
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
    let sentence = |item: &String| item.split_whitespace().nth(2).is_some();
    (!items.is_empty() && items.iter().all(sentence)).then_some(items)
}

/// Whether all that is not known of a finding was never asked for: no experiment was made, and
/// the files this host is known from hold nothing of it, not half an answer.
pub(super) fn nobody_looked(finding: &Finding) -> bool {
    finding.status == Status::Unknown
        && finding.is_unasked()
        && !finding.evidence.iter().any(Evidence::is_set)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(items: &[&str]) -> Evidence {
        let items = items
            .iter()
            .map(|item| format!("\"{item}\""))
            .collect::<Vec<_>>();
        let text = format!(
            "{{fact: security.lsm, value: [{}], source: /x}}",
            items.join(", ")
        );
        crate::yaml::from_str(&text).unwrap()
    }

    #[test]
    fn lists_of_words_keep_their_name_and_are_whole() {
        let words = [
            "lockdown",
            "capability",
            "yama",
            "apparmor",
            "integrity",
            "selinux",
            "bpf",
        ];
        let rows = [
            (&words[..], false),
            (&["lockdown", "not a word"], false),
            (&["two words"], false),
            (&[], false),
            (&["this is a sentence", "and so is this"], true),
        ];
        for (items, wanted) in rows {
            let piece = list(items);
            assert_eq!(sentences(&piece).is_some(), wanted, "{items:?}");
            let line = evidence_line(&piece);
            assert!(line.starts_with("security.lsm = "), "{line}");
            assert!(items.iter().all(|item| line.contains(item)), "{line}");
        }
    }

    #[test]
    fn of_a_long_list_what_is_missing_comes_first() {
        let capabilities: Vec<String> = (0..36).map(|one| format!("CAP_NUMBER_{one}")).collect();
        let told = |asked: &[&str]| {
            evidence_line(&Evidence::Fact {
                fact: "privilege.capabilities".to_owned(),
                known: Fact::known(capabilities.clone(), "/proc/self/status"),
                disagrees: false,
                against: Vec::new(),
                asked: asked.iter().map(|&one| one.to_owned()).collect(),
            })
        };
        for (asked, line) in [
            (
                &["CAP_BPF", "CAP_PERFMON"][..],
                "not CAP_BPF, CAP_PERFMON; 36 others",
            ),
            (
                &["CAP_NUMBER_1", "CAP_BPF"],
                "not CAP_BPF; CAP_NUMBER_1 and 35 others",
            ),
            (&["CAP_NUMBER_1"], "CAP_NUMBER_1 and 35 others"),
        ] {
            let told = told(asked);
            let whole = format!("privilege.capabilities = {line}  (/proc/self/status)");
            assert_eq!(told, whole);
        }
    }

    #[test]
    fn a_disagreement_names_both_sources_and_both_values() {
        let piece = Evidence::Fact {
            fact: "config.BPF_LSM".to_owned(),
            known: Fact::known("y", "/boot/config"),
            disagrees: true,
            // Said once, however many rules have come to it.
            against: vec!["probe lsm fails at trigger".to_owned(); 4],
            asked: Vec::new(),
        };
        assert_eq!(
            evidence_line(&piece),
            "config.BPF_LSM = y  (/boot/config)  (disagrees with probe lsm fails at trigger)"
        );
    }

    #[test]
    fn what_was_said_is_not_said_again() {
        let pieces = [list(&["a"]), list(&["b"]), list(&["a"])];
        let lines: Vec<String> = once(&pieces).into_iter().map(evidence_line).collect();
        assert_eq!(lines.len(), 2);
        assert!(
            lines[0].contains("= a") && lines[1].contains("= b"),
            "{lines:?}"
        );
    }
}
