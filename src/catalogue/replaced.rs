//! Entries of a file that take the place of others: by what those were found in logs, these are,
//! unless they say it themselves.

use super::check::Check;
use super::load::Catalogue;
use super::symptom::Symptom;

/// The checks of a file on top of a catalogue.
pub(super) fn inheriting(mut checks: Vec<Check>, base: &Catalogue) -> Vec<Check> {
    for check in &mut checks {
        if let Some(replaced) = base.check(&check.id) {
            inherit(check, replaced);
        }
    }
    checks
}

/// Gives an entry without symptoms those of the one it replaces. They point to no cause that it
/// does not have.
fn inherit(check: &mut Check, replaced: &Check) {
    if !check.symptoms.is_empty() {
        return;
    }
    check.symptoms.clone_from(&replaced.symptoms);
    let causes: Vec<&String> = check
        .causes
        .iter()
        .filter_map(|one| one.id.as_ref())
        .collect();
    for symptom in &mut check.symptoms {
        let is_there = |cause: &String| causes.contains(&cause);
        symptom.cause = symptom.cause.take().filter(is_there);
    }
}

/// What is looked for, whatever is said of it.
fn asked(symptom: &Symptom) -> Symptom {
    Symptom {
        cause: None,
        weight: 0,
        process: false,
        lacks: std::collections::BTreeMap::new(),
        of_host: false,
        follows: false,
        says: None,
        examples: Vec::new(),
        ..symptom.clone()
    }
}

/// What an entry does not say any more that the one it replaces says of logs.
pub(super) fn dropped(check: &Check, replaced: &Check) -> Option<String> {
    let like = |one: &Symptom, other: &Symptom| asked(one) == asked(other);
    let found = |old: &Symptom| check.symptoms.iter().find(|own| like(own, old));
    let old = &replaced.symptoms;
    let lost = old.iter().filter(|old| found(old).is_none()).count();
    if lost > 0 {
        return Some(format!(
            "{lost} of the {} symptoms of the entry it replaces are not among its own: `explain` does \
             not find it by those any more; copy them, or leave `symptoms` out to keep them all",
            old.len()
        ));
    }
    let mut causes: Vec<&str> = old
        .iter()
        .filter(|old| found(old).is_some_and(|own| own.cause.is_none()))
        .filter_map(|old| old.cause.as_deref())
        .collect();
    causes.sort_unstable();
    causes.dedup();
    (!causes.is_empty()).then(|| {
        format!(
            "symptoms of the entry it replaces point to causes that it does not have ({}): `explain` \
             then tells one of its own; give the causes that mean the same these ids",
            causes.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use crate::catalogue::{Catalogue, Vocabulary, lint};

    const BASE: &str = "
areas: [{id: a, title: A}]
checks:
  - id: it-fails
    area: a
    kind: program
    severity: error
    title: It fails
    why: So.
    causes:
      - {id: one, when: {kernel: '<5.9'}, because: One.}
      - because: Another.
    symptoms:
      - {text: it fails once, cause: one, weight: 95, examples: [it fails once]}
      - {text: it fails twice, weight: 95, examples: [it fails twice]}
";

    /// An entry that takes the place of another is found by the same words, and lint says what
    /// is lost.
    #[test]
    fn what_is_replaced_is_found_as_before() {
        let (head, symptoms) = BASE.split_once("    symptoms:\n").unwrap();
        let (first, _) = symptoms
            .split_once("      - {text: it fails twice")
            .unwrap();
        let own = "    fails: {kernel: \">=5.8\"}\n    ok: It works\n";
        let rows = [
            // None of its own: those that are there, and the cause that they point to is named.
            (format!("{head}{own}"), 2, ""),
            (
                format!("{head}{own}").replace("id: one, ", ""),
                2,
                "causes that it does not have (one)",
            ),
            (format!("{head}    symptoms:\n{symptoms}"), 2, ""),
            (
                format!("{head}    symptoms:\n{first}"),
                1,
                "1 of the 2 symptoms of the entry it replaces",
            ),
        ];
        for (file, count, wanted) in rows {
            let base = Catalogue::parse("base", BASE, Vocabulary::OPEN).unwrap();
            let mut joined = base.clone();
            joined.extend("mine", &file, Vocabulary::OPEN).unwrap();
            assert_eq!(joined.checks[0].symptoms.len(), count, "{file}");
            let offences = lint(&base, "mine", file.as_bytes(), Vocabulary::OPEN);
            let told = offences
                .iter()
                .filter(|one| one.message.contains("replaces"));
            let told: Vec<&str> = told.map(|one| one.message.as_str()).collect();
            assert_eq!(told.is_empty(), wanted.is_empty(), "{file}: {told:?}");
            assert!(told.iter().all(|one| one.contains(wanted)), "{told:?}");
        }
    }
}
