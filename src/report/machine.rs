//! The report for programs: YAML and JSON of the same data.

use super::model::Report;

/// The report in YAML.
///
/// # Errors
/// None that a report can cause; the serializer's signature asks for it.
pub fn yaml(report: &Report) -> Result<String, serde_yaml::Error> {
    serde_yaml::to_string(report)
}

/// The report in JSON, indented, with a newline at the end.
///
/// # Errors
/// None that a report can cause; the serializer's signature asks for it.
pub fn json(report: &Report) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(report).map(|text| text + "\n")
}
