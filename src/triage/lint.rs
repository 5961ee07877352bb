//! Whether the symptoms of a catalogue find what their examples show.

use super::reading::Searcher;
use crate::catalogue::{Catalogue, Level, Offence, Vocabulary};

/// [`faults`] of one checks file, at the entries they are about. What parsing refuses has none:
/// [`crate::catalogue::lint`] tells it.
#[must_use]
pub fn lint(base: &Catalogue, name: &str, bytes: &[u8], vocabulary: Vocabulary) -> Vec<Offence> {
    let mut alone = Catalogue {
        areas: base.areas.clone(),
        ..Catalogue::default()
    };
    // Checks and profiles of the file may lean on those of the base.
    let mut joined = base.clone();
    if joined.extend_bytes(name, bytes, vocabulary).is_err() {
        return Vec::new();
    }
    let old = |id: &str| base.check(id).map(|check| format!("{check:?}"));
    let checks = joined.checks.into_iter();
    alone.checks = checks
        .filter(|check| old(&check.id) != Some(format!("{check:?}")))
        .collect();
    alone.noise = joined.noise.split_off(base.noise.len());
    let lines = std::str::from_utf8(bytes).unwrap_or_default();
    let line = |id: &str| {
        let mut lines = lines.lines().map(str::trim_start);
        let head = |line: &str| line.strip_prefix("- ").unwrap_or(line).starts_with("id:");
        let place = lines.position(|line| head(line) && line.trim_end().ends_with(id));
        place.map_or(0, |index| index + 1)
    };
    let offence = |(entry, message): (String, String)| Offence {
        file: name.to_owned(),
        line: line(&entry),
        entry,
        level: Level::Error,
        message,
    };
    found(&alone).into_iter().map(offence).collect()
}

/// What is wrong with symptoms and noise: an example that the symptom itself, or its check,
/// is not found in.
#[must_use]
pub fn faults(catalogue: &Catalogue) -> Vec<String> {
    let faults = found(catalogue).into_iter();
    faults.map(|(_, message)| message).collect()
}

/// Faults with the id of their check; of noise without one.
fn found(catalogue: &Catalogue) -> Vec<(String, String)> {
    let searcher = Searcher::new(catalogue);
    let mut faults = Vec::new();
    for (place, check) in catalogue.checks.iter().enumerate() {
        for (index, symptom) in check.symptoms.iter().enumerate() {
            for example in &symptom.examples {
                let reading = searcher.read(&mut example.as_bytes(), u64::MAX);
                let hits = reading.map(|reading| reading.hits).unwrap_or_default();
                let found = hits
                    .iter()
                    .any(|hit| (hit.check, hit.symptom) == (place, index));
                if !found {
                    let id = &check.id;
                    let message =
                        format!("`{id}`: symptom {} is not found in `{example}`", index + 1);
                    faults.push((id.clone(), message));
                }
            }
        }
    }
    for (index, noise) in catalogue.noise.iter().enumerate() {
        for example in &noise.examples {
            let reading = searcher.read(&mut example.as_bytes(), u64::MAX);
            let harmless = reading.map(|reading| reading.harmless).unwrap_or_default();
            if !harmless.iter().any(|found| found.noise == index) {
                let message = format!("noise {} is not found in `{example}`", index + 1);
                faults.push((String::new(), message));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "
areas: [{id: a, title: A}]
checks:
  - id: some-failure
    area: a
    kind: program
    severity: error
    title: T
    why: W.
    causes: [{because: B.}]
    symptoms:
      - {text: 'map create failed', weight: 90, examples: ['map create failed', 'program load failed']}
";

    #[test]
    fn an_example_without_its_symptom_is_an_error_at_its_entry() {
        let base = Catalogue::default();
        let offences = lint(&base, "mine.yaml", FILE.as_bytes(), Vocabulary::OPEN);
        let [one] = offences.as_slice() else {
            panic!("{offences:?}");
        };
        assert_eq!((one.line, one.level), (4, Level::Error));
        assert_eq!(one.entry, "some-failure");
        assert!(one.message.contains("`program load failed`"), "{one:?}");
        let right = FILE.replace(", 'program load failed'", "");
        assert_eq!(
            lint(&base, "mine.yaml", right.as_bytes(), Vocabulary::OPEN),
            []
        );
        assert_eq!(lint(&base, "mine.yaml", b"checks: 7", Vocabulary::OPEN), []);
    }
}
