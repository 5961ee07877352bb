//! Labels of hosts from an inventory: a table in CSV, or a map in YAML or JSON.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::digest::{LABELS_LIMIT, NAME_LIMIT};
use crate::report::clean;
use crate::yaml;

/// Labels of hosts, by the hosts' names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    hosts: BTreeMap<String, BTreeMap<String, String>>,
}

/// A value of a label, as people write it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    Nothing(()),
}

impl Inventory {
    /// Reads an inventory: CSV whose first column names the host and whose others are labels,
    /// or a map from hosts to maps of labels. An empty value is none.
    ///
    /// # Errors
    /// What is wrong with it, in a line.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let text = yaml::text(bytes).map_err(|error| error.to_string())?;
        let first = text
            .lines()
            .find(|line| !line.trim().is_empty() && !line.starts_with('#'));
        let first = first.unwrap_or_default();
        let is_map = first.starts_with(['{', '-']) || first.contains(": ") || first.ends_with(':');
        let mut inventory = match is_map {
            true => Self::map(text)?,
            false => Self::table(text)?,
        };
        for labels in inventory.hosts.values_mut() {
            labels.retain(|_, value| !value.is_empty());
        }
        Ok(inventory)
    }

    /// The labels of a host.
    #[must_use]
    pub fn of(&self, host: &str) -> Option<&BTreeMap<String, String>> {
        self.hosts.get(host)
    }

    fn map(text: &str) -> Result<Self, String> {
        let map: BTreeMap<String, BTreeMap<String, Scalar>> =
            yaml::from_str(text).map_err(|error| error.to_string())?;
        let mut inventory = Self::default();
        for (host, labels) in map {
            for (key, value) in labels {
                let value = match value {
                    Scalar::Bool(value) => value.to_string(),
                    Scalar::Number(value) => value.to_string(),
                    Scalar::Text(value) => value,
                    Scalar::Nothing(()) => String::new(),
                };
                inventory.add(&host, &key, &value)?;
            }
        }
        Ok(inventory)
    }

    fn table(text: &str) -> Result<Self, String> {
        let told = |error: &csv::Error| clean(&error.to_string());
        let mut reader = csv::ReaderBuilder::new()
            .comment(Some(b'#'))
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| told(&error))?.clone();
        if header.len() < 2 {
            return Err(
                "its first line must name a column for hosts and one for each label".to_owned(),
            );
        }
        let mut inventory = Self::default();
        for record in reader.records() {
            let record = record.map_err(|error| told(&error))?;
            let host = record.get(0).unwrap_or_default();
            for (key, value) in header.iter().zip(&record).skip(1) {
                inventory.add(host, key, value)?;
            }
        }
        Ok(inventory)
    }

    fn add(&mut self, host: &str, key: &str, value: &str) -> Result<(), String> {
        let short = clean(host).chars().take(60).collect::<String>();
        if [host, key, value]
            .iter()
            .any(|text| text.len() > NAME_LIMIT)
        {
            return Err(format!(
                "a label of {short} has more than {NAME_LIMIT} bytes"
            ));
        }
        let labels = self.hosts.entry(host.to_owned()).or_default();
        labels.insert(key.to_owned(), value.to_owned());
        match labels.len() > LABELS_LIMIT {
            true => Err(format!("{short} has more than {LABELS_LIMIT} labels")),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inventories_in_csv_and_yaml() {
        let labels = |inventory: &Inventory, host: &str| {
            let labels = inventory.of(host).cloned().unwrap_or_default();
            labels
                .into_iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect::<Vec<_>>()
        };
        for text in [
            "host,role,rack\n# c\na,\"web, old\",17\nb,,2\n",
            "a: {role: 'web, old', rack: 17}\nb: {role: , rack: \"2\"}\n",
            "{\"a\": {\"role\": \"web, old\", \"rack\": 17}, \"b\": {\"rack\": 2}}",
        ] {
            let inventory = Inventory::read(text.as_bytes()).unwrap();
            assert_eq!(
                labels(&inventory, "a"),
                ["rack=17", "role=web, old"],
                "{text}"
            );
            assert_eq!(labels(&inventory, "b"), ["rack=2"], "{text}");
            assert_eq!(inventory.of("c"), None);
        }
        for text in [
            "",
            "host\na\n",
            "a,b\n1,2,3\n",
            "a: b\n",
            "a: [1]\n",
            "a: {b: [1]}\n",
        ] {
            assert!(Inventory::read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
