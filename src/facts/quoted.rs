//! What a log tells of its host.

use std::collections::BTreeMap;

use super::capabilities::names;
use super::keys::is_known;
use super::{Fact, Facts, KernelConfig, Value, collect};
use crate::host::{Files, Role};

/// Where such facts come from.
const LOG: &str = "the log";

/// What a log shows of a process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QuotedProcess {
    /// Its effective capabilities, a bit for each.
    pub capabilities: Option<u64>,
    /// How much memory it may lock, in KiB, or `unlimited`.
    pub memlock: Option<String>,
}

/// How what is printed of a distribution begins, and the id that its os-release has.
const IDS: &[(&str, &str)] = &[
    ("Red Hat", "rhel"),
    ("Oracle Linux", "ol"),
    ("Amazon Linux", "amzn"),
    ("SUSE Linux Enterprise", "sles"),
    ("openSUSE Leap", "opensuse-leap"),
    ("openSUSE Tumbleweed", "opensuse-tumbleweed"),
];

/// What a log tells of its host.
#[derive(Debug, Clone, Copy)]
pub struct Quoted<'a> {
    /// The kernel's release.
    pub release: Option<&'a str>,
    /// What it says the distribution is.
    pub os: Option<&'a str>,
    /// The file os-release.
    pub os_file: Option<&'a str>,
    /// What it shows of the process that failed.
    pub process: &'a QuotedProcess,
    /// The level of kernel lockdown.
    pub lockdown: Option<&'a str>,
    /// Lines of a kernel config.
    pub config: &'a str,
    /// Settings of the kernel, and their values.
    pub settings: &'a BTreeMap<String, i64>,
}

impl Quoted<'_> {
    /// The facts; none, where nothing is told.
    #[must_use]
    pub fn facts(&self) -> Option<Facts> {
        let tells = self.release.is_some()
            || self.os.is_some()
            || self.os_file.is_some()
            || *self.process != QuotedProcess::default()
            || self.lockdown.is_some()
            || !self.config.is_empty()
            || !self.settings.is_empty();
        if !tells {
            return None;
        }
        let mut files = Files::new(self.release);
        let file = self.os_file.map(str::to_owned);
        if let Some(text) = file.or_else(|| self.os.map(os_release)) {
            // What a log quotes of a file may be too little of it to be read as one.
            let _incomplete = files.add(Role::OsRelease, LOG, text.as_bytes());
        }
        let mut facts = collect(files.host().as_ref());
        said_by_the_log(&mut facts);
        if let Some(set) = self.process.capabilities {
            facts.set("privilege.capabilities", Fact::known(names(set), LOG));
        }
        if let Some(limit) = &self.process.memlock {
            let bytes = limit
                .parse::<i64>()
                .ok()
                .map(|kib| kib.saturating_mul(1024));
            let fact = match bytes {
                Some(bytes) => Fact::known(bytes, LOG),
                None => Fact::known("unlimited", LOG),
            };
            facts.set("privilege.memlock", fact);
        }
        if let Some(level) = self.lockdown {
            facts.set("security.lockdown", Fact::known(level, LOG));
        }
        if !self.config.is_empty() {
            facts.set_config(KernelConfig::quoted(self.config, LOG));
        }
        for (name, value) in self.settings {
            let key = format!("sysctl.{name}");
            if is_known(&key) {
                facts.set(&key, Fact::known(*value, LOG));
            }
        }
        Some(facts)
    }
}

/// What stands for an option that nobody gave: the log told it.
const OPTION: &str = "--release";

/// Names the log as the source of what an option would have told.
fn said_by_the_log(facts: &mut Facts) {
    let known = facts.known();
    let own: Vec<(String, Value)> = known
        .filter(|(key, _)| facts.get(key).source() == OPTION)
        .map(|(key, value)| (key.to_owned(), value.clone()))
        .collect();
    for (key, value) in own {
        facts.set(&key, Fact::known(value, LOG));
    }
}

/// The name and version of a distribution, as people read them, as its os-release has them.
fn os_release(os: &str) -> String {
    let begins = |name: &str| {
        let start = os.get(..name.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(name))
    };
    let id = IDS.iter().find(|(name, _)| begins(name));
    let first = os.split_whitespace().next().unwrap_or_default();
    let id = id.map_or_else(|| first.to_lowercase(), |(_, id)| (*id).to_owned());
    let mut words = os
        .split_whitespace()
        .map(|word| word.trim_start_matches('v'));
    let version = words.find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    let version = version.unwrap_or_default();
    // The third number is that of a medium, which is not in VERSION_ID.
    let parts: Vec<&str> = version.split('.').take(2).collect();
    let pack = words.find_map(|word| word.strip_prefix("SP"));
    let version = match pack {
        Some(pack) => format!("{version}.{pack}"),
        None => parts.join("."),
    };
    let version = match version.is_empty() {
        true => String::new(),
        false => format!("VERSION_ID=\"{version}\"\n"),
    };
    format!("ID={id}\nPRETTY_NAME=\"{os}\"\n{version}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_tells_what_it_shows_and_nothing_else() {
        let settings = BTreeMap::from([
            ("kernel.perf_event_paranoid".to_owned(), 4),
            ("kernel.nothing_of_the_kind".to_owned(), 1),
        ]);
        let quoted = Quoted {
            release: Some("5.10.0"),
            os: None,
            os_file: None,
            process: &QuotedProcess::default(),
            lockdown: None,
            config: "CONFIG_BPF_LSM=y\n",
            settings: &settings,
        };
        let facts = quoted.facts().unwrap();
        assert_eq!(facts.text("kernel.release").as_deref(), Some("5.10.0"));
        assert_eq!(facts.text("config.BPF_LSM").as_deref(), Some("y"));
        assert!(facts.get("config.BPF_JIT").value().is_none());
        let paranoid = facts.get("sysctl.kernel.perf_event_paranoid");
        assert_eq!(paranoid.source(), "the log");
        assert!(paranoid.value().is_some());
        assert!(facts.get("sysctl.kernel.kptr_restrict").value().is_none());
        let nothing = Quoted {
            release: None,
            os: None,
            os_file: None,
            process: &QuotedProcess::default(),
            lockdown: None,
            config: "",
            settings: &BTreeMap::new(),
        };
        assert!(nothing.facts().is_none());
    }
}
