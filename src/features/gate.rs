//! The options something is compiled with, against the kernel's config.

use std::collections::BTreeSet;

use super::model::Source;
use super::table::Gates;
use crate::facts::{Facts, Value};
use crate::version::KernelVersion;

/// Whether a kernel was built with what something needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Gate {
    /// It was, by what these say; nobody, if no option was asked about.
    Open(Vec<Source>),
    /// It was not: this option is off.
    Shut(String),
    /// It isn't known of this option.
    Unknown(String),
}

impl Gates {
    /// The options that count for a kernel. Where its version isn't known, or a distribution's
    /// kernel may have the code of any, those of all kernels are told apart by the caller.
    pub(super) fn of(&self, version: Option<KernelVersion>) -> &str {
        match (self, version) {
            (Self::Always(options), _) => options,
            (Self::Since(ranges), None) => ranges.values().last().map_or("", String::as_str),
            (Self::Since(ranges), Some(version)) => {
                let begun = ranges.iter().filter_map(|(from, options)| {
                    // The first range has no beginning.
                    let from = from.parse().unwrap_or(KernelVersion::new(0, 0, 0));
                    (from <= version).then_some((from, options))
                });
                let last = begun.max_by_key(|(from, _)| *from);
                last.map_or("", |(_, options)| options.as_str())
            }
        }
    }
}

/// Looks the options up. What was `proven` by an experiment is on, whatever a file says.
pub(super) fn look(options: &str, facts: &Facts, proven: &BTreeSet<String>) -> Gate {
    let mut unknown = None;
    let mut by = BTreeSet::new();
    for option in options.split("&&").map(str::trim).filter(|o| !o.is_empty()) {
        if proven.contains(option) {
            by.insert(Source::Experiment);
            continue;
        }
        by.insert(Source::Config);
        match facts.config().option(option).value() {
            Some(Value::Text(state)) if state != "n" => {}
            Some(Value::Number(_)) => {}
            // Not set, or of a kernel that has no such option: off either way.
            Some(_) => return Gate::Shut(option.to_owned()),
            None => unknown = unknown.or(Some(option.to_owned())),
        }
    }
    unknown.map_or_else(|| Gate::Open(by.into_iter().collect()), Gate::Unknown)
}

/// Whether an option is on as a module.
pub(super) fn is_module(options: &str, facts: &Facts) -> bool {
    let options = options.split("&&").map(str::trim);
    let value = |option: &str| facts.config().option(option).value().cloned();
    options
        .filter(|option| !option.is_empty())
        .any(|option| value(option) == Some("m".into()))
}
