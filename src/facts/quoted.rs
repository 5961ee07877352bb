//! What a log tells of its host.

use std::collections::BTreeMap;

use super::keys::is_known;
use super::{Fact, Facts, KernelConfig, collect};
use crate::host::{Files, Role};

/// Where such facts come from.
const LOG: &str = "the log";

/// What a log tells of its host.
#[derive(Debug, Clone, Copy)]
pub struct Quoted<'a> {
    /// The kernel's release.
    pub release: Option<&'a str>,
    /// What it says the distribution is.
    pub os: Option<&'a str>,
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
            || !self.config.is_empty()
            || !self.settings.is_empty();
        if !tells {
            return None;
        }
        let mut files = Files::new(self.release);
        if let Some(os) = self.os {
            let id = os.split_whitespace().next().unwrap_or_default();
            let id = id.to_lowercase();
            let id = if id == "red" { "rhel".to_owned() } else { id };
            let text = format!("ID={id}\nPRETTY_NAME=\"{os}\"\n");
            // What a log quotes of a file may be too little of it to be read as one.
            let _incomplete = files.add(Role::OsRelease, LOG, text.as_bytes());
        }
        let mut facts = collect(files.host().as_ref());
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
            config: "",
            settings: &BTreeMap::new(),
        };
        assert!(nothing.facts().is_none());
    }
}
