//! What a checks file consists of, and what makes it wrong as long as nothing else is known.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::check::{Area, Check};
use super::located;
use super::packaged::{Archived, PackagedKernel};
use super::profile::Profile;
use super::symptom::Noise;
use super::value::check_option;
use crate::version::VersionRange;
use crate::yaml;

/// What a kernel option needs before a build keeps it: the dependencies of its Kconfig entry.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a mapping with `option` and `kernel`"
)]
pub struct OptionRule {
    /// The option, without `CONFIG_`.
    pub option: String,
    /// Kernels whose Kconfig says so.
    pub kernel: VersionRange,
    /// Options that must be on.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Options that must be off.
    #[serde(default)]
    pub excludes: Vec<String>,
    /// Programs the build needs, as a person would say it (`pahole 1.16 or later`).
    #[serde(default, deserialize_with = "located::lines")]
    pub tools: Vec<String>,
}

impl OptionRule {
    /// Complains about what no Kconfig can say.
    fn fault(&self) -> Option<String> {
        let option = &self.option;
        if self.needs.contains(option) || self.excludes.contains(option) {
            return Some(format!("{option} can neither need nor exclude itself"));
        }
        let both = self
            .needs
            .iter()
            .find(|need| self.excludes.contains(need))?;
        Some(format!("{option} can't both need and exclude {both}"))
    }
}

/// What a file of checks that the doctor printed calls itself.
pub const SCHEMA: &str = "bpf-doctor/checks/v1";

/// What is said of a file without anything.
pub(super) const NOTHING: &str = "nothing in it; expected a mapping with `checks:`";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[serde(expecting = "a mapping with `checks:`")]
pub(super) struct File {
    /// Files that the doctor printed say what they are, and of which catalogue.
    pub(super) schema: Option<String>,
    #[serde(rename = "catalogue")]
    _catalogue: Option<String>,
    #[serde(default, deserialize_with = "located::list")]
    pub(super) areas: Vec<Area>,
    #[serde(default, deserialize_with = "located::list")]
    pub(super) backporting: Vec<String>,
    #[serde(default, deserialize_with = "located::list")]
    pub(super) options: Vec<OptionRule>,
    #[serde(default, deserialize_with = "located::list")]
    pub(super) kernels: Vec<PackagedKernel>,
    #[serde(default, deserialize_with = "located::list")]
    pub(super) archived: Vec<Archived>,
    #[serde(default, deserialize_with = "located::list")]
    pub(super) noise: Vec<Noise>,
    #[serde(default, deserialize_with = "located::list")]
    pub(super) checks: Vec<Check>,
    #[serde(default, deserialize_with = "located::list")]
    pub(super) profiles: Vec<Profile>,
}

impl File {
    /// Complains about what stands twice, and about a file without anything.
    pub(super) fn check(&self, text: &str) -> Result<(), yaml::Error> {
        let fault = |key, index, message| {
            Err(yaml::Error {
                line: yaml::line_of(text, key, index).unwrap_or(0),
                message,
            })
        };
        if let Some(schema) = self.schema.as_ref().filter(|schema| *schema != SCHEMA) {
            let line = text.lines().position(|line| line.contains(schema.as_str()));
            return Err(yaml::Error {
                line: line.map_or(1, |index| index + 1),
                message: format!("`{schema}` is another kind of file; checks are {SCHEMA}"),
            });
        }
        let areas: Vec<&str> = self.areas.iter().map(|area| area.id.as_str()).collect();
        let checks: Vec<&str> = self.checks.iter().map(|check| check.id.as_str()).collect();
        let profiles: Vec<&str> = self.profiles.iter().map(|one| one.id.as_str()).collect();
        for (key, kind, ids) in [
            ("areas", "area", areas),
            ("checks", "check", checks),
            ("profiles", "profile", profiles),
        ] {
            let mut seen = BTreeSet::new();
            if let Some(index) = ids.iter().position(|id| !seen.insert(*id)) {
                let id = ids.get(index).copied().unwrap_or_default();
                return fault(key, index, format!("{kind} `{id}` stands twice"));
            }
        }
        for (index, rule) in self.options.iter().enumerate() {
            let named = [&rule.option].into_iter();
            let mut named = named.chain(&rule.needs).chain(&rule.excludes);
            if let Some(message) = named.find_map(|option| check_option(option).err()) {
                return fault("options", index, message);
            }
            if let Some(message) = rule.fault() {
                return fault("options", index, message);
            }
        }
        for (index, kernel) in self.kernels.iter().enumerate() {
            if let Some(message) = kernel.fault() {
                return fault("kernels", index, message);
            }
        }
        let nothing = self.checks.is_empty() && self.areas.is_empty() && self.profiles.is_empty();
        let nothing = nothing && self.noise.is_empty() && self.kernels.is_empty();
        let nothing = nothing && self.archived.is_empty();
        if nothing && self.options.is_empty() && self.backporting.is_empty() {
            return Err(yaml::Error {
                line: 1,
                // A file may be begun and not filled yet.
                message: match text.lines().any(|line| line.starts_with("checks:")) {
                    true => "`checks:` is empty, and nothing else is in it".to_owned(),
                    false => NOTHING.to_owned(),
                },
            });
        }
        Ok(())
    }
}
