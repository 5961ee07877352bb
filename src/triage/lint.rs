//! Whether the symptoms of a catalogue find what their examples show.

use super::reading::Searcher;
use crate::catalogue::Catalogue;

/// What is wrong with symptoms and noise: an example that the symptom itself, or its check,
/// is not found in.
#[must_use]
pub fn faults(catalogue: &Catalogue) -> Vec<String> {
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
                    faults.push(format!(
                        "`{id}`: symptom {} is not found in `{example}`",
                        index + 1
                    ));
                }
            }
        }
    }
    for (index, noise) in catalogue.noise.iter().enumerate() {
        for example in &noise.examples {
            let reading = searcher.read(&mut example.as_bytes(), u64::MAX);
            let harmless = reading.map(|reading| reading.harmless).unwrap_or_default();
            if !harmless.iter().any(|found| found.noise == index) {
                faults.push(format!("noise {} is not found in `{example}`", index + 1));
            }
        }
    }
    faults
}
