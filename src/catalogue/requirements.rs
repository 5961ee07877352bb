//! What checks require, without the rest of a catalogue, whose reading takes longer than many
//! reports take together.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::error::LoadError;
use crate::yaml;

/// A check, as far as it is asked for here.
#[derive(Deserialize)]
struct Requiring {
    id: String,
    requires: Vec<String>,
}

/// The checks of a file that require others, which make them moot while they fail, by their ids.
/// The file is the doctor's own: each list stands on one line.
pub(crate) fn requirements(
    name: &str,
    text: &str,
) -> Result<BTreeMap<String, Vec<String>>, LoadError> {
    let (mut entry, mut outline) = ("", String::new());
    for line in text.lines() {
        if line.starts_with("  - id: ") {
            entry = line;
        } else if line.starts_with("    requires: [") {
            outline.extend([entry, "\n", line, "\n"]);
        }
    }
    if outline.is_empty() {
        return Ok(BTreeMap::new());
    }
    let checks: Vec<Requiring> = yaml::from_str(&outline).map_err(|error| LoadError {
        file: name.to_owned(),
        // It is one of the outline.
        line: 0,
        message: error.message,
    })?;
    let checks = checks.into_iter().map(|check| (check.id, check.requires));
    Ok(checks.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_checks_require_is_what_the_catalogue_says() {
        let catalogue = crate::built_in_catalogue().unwrap();
        let all = catalogue.checks.into_iter();
        let all = all.filter(|check| !check.requires.is_empty());
        let all: BTreeMap<String, Vec<String>> =
            all.map(|check| (check.id, check.requires)).collect();
        assert!(all.len() > 20, "{all:?}");
        assert_eq!(requirements("c", crate::CHECKS).unwrap(), all);
        assert!(requirements("c", "").unwrap().is_empty());
    }
}
