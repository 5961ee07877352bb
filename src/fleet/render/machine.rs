//! The audit for programs: YAML and JSON of the same data.

use super::super::audit::Audit;
use crate::yaml::{self, Error};

/// The audit in YAML.
///
/// # Errors
/// None that an audit can cause; the serializer's signature asks for it.
pub fn yaml(audit: &Audit) -> Result<String, Error> {
    yaml::to_string(audit)
}

/// The audit in JSON, indented, with a newline at the end.
///
/// # Errors
/// None that an audit can cause; the serializer's signature asks for it.
pub fn json(audit: &Audit) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(audit).map(|text| text + "\n")
}
