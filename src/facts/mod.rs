//! What is known of a host: one file per subject, each fact with where it was read.
//!
//! [`collect`] asks a [`Host`] everything the catalogue may ask about and keeps the answers
//! as plain data. It can't fail: what couldn't be read is an unknown fact with its reason.
//! This room knows nothing of checks.

mod fact;
mod keys;
mod quoted;
mod reader;
mod rest;

mod boot;
mod btf;
mod builds;
mod capabilities;
mod cgroup;
mod devtools;
mod disagreements;
mod environment;
mod files;
mod filesystems;
mod headers;
mod held;
mod kconfig;
mod kernel;
mod kernel_log;
mod kernel_number;
mod lockdown;
mod machine;
mod modules;
mod mounts;
mod names;
mod nearby;
mod needed;
mod os;
mod packages;
mod privilege;
mod rewrite;
mod security;
mod sysctl;
mod tables;
mod told_twice;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::host::Host;
use crate::version::KernelVersion;

pub(crate) use crate::host::{OTHER_HOSTNAME, is_same_host};
pub use btf::types;
pub(crate) use capabilities::was_sys_admin;
pub(crate) use environment::{is_starter, manager_in, own_name};
pub use fact::{Fact, Unknown, Value, Why};
pub use kconfig::KernelConfig;
pub(crate) use kernel_number::lacks_stable_number;
pub use keys::{KeyInfo, Values, describe, is_known, known_keys, suggest};
pub(crate) use mounts::lent_where_loaders_look;
pub use nearby::{Cgroup, Nearby, Presence};
pub use needed::needed_mounts;
pub use quoted::{Quoted, QuotedProcess};
pub(crate) use told_twice::{HOST_NAME, is_host_name};

/// Everything known of one host.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Facts {
    /// Facts by key; the keys are those of [`known_keys`].
    #[serde(deserialize_with = "fact::by_name")]
    observed: BTreeMap<String, Fact>,
    /// The kernel's build configuration, a fact per option.
    config: KernelConfig,
}

impl Facts {
    /// The fact `key` names. `config.NAME` and `cmdline.ARGUMENT` are looked up in the
    /// kernel config and the kernel command line. What was never collected is unknown.
    #[must_use]
    pub fn get(&self, key: &str) -> Fact {
        if let Some(option) = key.strip_prefix("config.") {
            return self.config.option(option);
        }
        if let Some(argument) = key.strip_prefix("cmdline.") {
            return boot::argument(&self.get("cmdline"), argument);
        }
        match self.observed.get(key) {
            Some(fact) => fact.clone(),
            None => Fact::unknown(Why::NotCollected, "", ""),
        }
    }

    /// The text of a fact, where it is known and is text.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<String> {
        match self.get(key).value() {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        }
    }

    /// The list a fact holds, where it is known and is a list.
    #[must_use]
    pub fn list(&self, key: &str) -> Option<Vec<String>> {
        match self.get(key).value() {
            Some(Value::List(items)) => Some(items.clone()),
            _ => None,
        }
    }

    /// The number a fact holds, where it is known and is a number.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<i64> {
        match self.get(key).value() {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// The kernel's comparable version, where it is known.
    #[must_use]
    pub fn kernel_version(&self) -> Option<KernelVersion> {
        self.text("kernel.version")?.parse().ok()
    }

    /// The kernel's build configuration.
    #[must_use]
    pub fn config(&self) -> &KernelConfig {
        &self.config
    }

    /// The values of all facts that are known, but for the kernel's options.
    pub fn known(&self) -> impl Iterator<Item = (&str, &Value)> {
        let facts = self.observed.iter();
        facts.filter_map(|(key, fact)| Some((key.as_str(), fact.value()?)))
    }

    /// Sets a fact, for collectors and for tests of what reads facts.
    pub fn set(&mut self, key: &str, fact: Fact) {
        self.observed.insert(key.to_owned(), fact);
    }

    /// Has a report carry the kernel options among these keys, whatever their subject.
    pub fn keep<'a>(&mut self, keys: impl Iterator<Item = &'a str>) {
        let options = keys.filter_map(|key| key.strip_prefix("config."));
        self.config.keep(options);
    }

    /// Sets the kernel config.
    pub fn set_config(&mut self, config: KernelConfig) {
        self.config = config;
    }
}

/// Reads all facts of `host`.
#[must_use]
pub fn collect(host: &dyn Host) -> Facts {
    let mut facts = Facts::default();
    let mounts = mounts::Mounts::read(host);
    let log = kernel_log::KernelLog::read(host);
    os::collect(host, &mut facts);
    held::collect(host, &mut facts);
    kernel::collect(host, &mut facts);
    kconfig::collect(host, &mut facts);
    kernel_number::refine(&mut facts);
    btf::collect(host, &mounts, &mut facts);
    filesystems::collect(host, &mounts, &mut facts);
    cgroup::collect(host, &mounts, &mut facts);
    sysctl::collect(host, &mut facts);
    boot::collect(host, &log, &mut facts);
    security::collect(host, &mounts, &log, &mut facts);
    privilege::collect(host, &mounts, &mut facts);
    environment::collect(host, &mounts, &mut facts);
    files::collect(host, &mut facts);
    os::collect_image(host, &mut facts);
    modules::collect(host, &mut facts);
    headers::collect(host, &mut facts);
    devtools::collect(host, &mut facts);
    disagreements::collect(host, &mut facts);
    told_twice::collect(host, &log, &mut facts);
    rest::collect(host, &mut facts);
    facts.relocate(&|place| host.origin(place));
    facts
}

/// The comparable version of a host's kernel, for who needs no other fact yet.
#[must_use]
pub fn kernel_version(host: &dyn Host) -> Option<KernelVersion> {
    let mut facts = Facts::default();
    kernel::collect(host, &mut facts);
    facts.kernel_version()
}

#[cfg(test)]
mod tests;
