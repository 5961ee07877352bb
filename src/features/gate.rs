//! The options something is compiled with, against the kernel's config.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::judge::Judge;
use super::model::Source;
use super::reasons::same;
use crate::facts::{Facts, Value};
use crate::probes::trials::Reply;
use crate::version::KernelVersion;

/// Options, joined by `&&`; by the version that began with them, where kernels differ.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Gates {
    Always(String),
    Since(BTreeMap<String, String>),
}

impl Default for Gates {
    fn default() -> Self {
        Self::Always(String::new())
    }
}

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

impl Judge<'_> {
    /// Whether the kernel was built with what a row needs, and with bpf(2) at all.
    pub(super) fn gate(&self, needs: &Gates) -> Gate {
        let facts = self.known.facts;
        let own = match needs {
            Gates::Since(ranges) if self.backports => {
                // Its code may be of any version: only what all agree on counts.
                let all: Vec<Gate> = ranges
                    .values()
                    .map(|options| look(options, facts, &self.proven))
                    .collect();
                match all.split_first() {
                    Some((first, rest)) if rest.iter().all(|gate| same(gate, first)) => {
                        first.clone()
                    }
                    _ => look(needs.of(None), facts, &self.proven),
                }
            }
            _ => look(needs.of(self.version), facts, &self.proven),
        };
        match look("BPF_SYSCALL", facts, &self.proven) {
            Gate::Unknown(option) if !self.has_bpf() => match own {
                shut @ Gate::Shut(_) => shut,
                _ => Gate::Unknown(option),
            },
            shut @ Gate::Shut(_) if !self.has_bpf() => shut,
            _ => own,
        }
    }

    /// Whether bpf(2) is there, by its doings or by its settings.
    fn has_bpf(&self) -> bool {
        let replies = self.known.tried.iter().flat_map(|(_, replies)| replies);
        let setting = self
            .known
            .facts
            .get("sysctl.kernel.unprivileged_bpf_disabled");
        let set = matches!(setting.value(), Some(value) if *value != Value::Absent);
        set || replies
            .into_iter()
            .any(|reply| matches!(reply, Reply::Yes | Reply::Partly(_)))
    }
}
