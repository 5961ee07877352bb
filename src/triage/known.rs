//! What is known of the host that a log is from.

use super::found::Reading;
use crate::facts::{self, Fact, Facts, KernelConfig, Why};
use crate::host::{Files, Role};
use crate::probes::ProbeResult;

/// What is known of the host that a log is from.
#[derive(Debug, Clone, Default)]
pub struct KnownHost {
    /// Its facts.
    pub facts: Facts,
    /// Outcomes of probes on it.
    pub outcomes: Vec<ProbeResult>,
    /// `live`, `report`, `log` or `none`.
    pub known_from: &'static str,
    /// What is to be said of it.
    pub note: Option<String>,
}

impl KnownHost {
    /// Nothing is known.
    #[must_use]
    pub fn none() -> Self {
        Self {
            known_from: "none",
            ..Self::default()
        }
    }

    /// Whether a log that names this release can be of this host.
    #[must_use]
    pub fn is_of(&self, release: &str) -> bool {
        match self.facts.get("kernel.release") {
            Fact::Known { value, .. } => {
                let own = value.to_string();
                own.starts_with(release) || release.starts_with(&own)
            }
            Fact::Unknown { .. } => true,
        }
    }

    /// What the log itself tells of its host.
    #[must_use]
    pub fn of_log(reading: &Reading, note: Option<String>) -> Self {
        let release = reading.release.as_ref();
        let mut files = Files::new(release.map(|(release, _)| release.as_str()));
        if let Some(os) = &reading.os {
            let id = os.split_whitespace().next().unwrap_or_default();
            let id = id.to_lowercase();
            let id = if id == "red" { "rhel".to_owned() } else { id };
            let text = format!("ID={id}\nPRETTY_NAME=\"{os}\"\n");
            // What a log quotes of a file may be too little of it to be read as one.
            let _incomplete = files.add(Role::OsRelease, LOG, text.as_bytes());
        }
        let tells = reading.release.is_some()
            || reading.os.is_some()
            || !reading.config.is_empty()
            || !reading.settings.is_empty();
        if !tells {
            return Self {
                note,
                ..Self::none()
            };
        }
        let mut facts = facts::collect(files.host().as_ref());
        if !reading.config.is_empty() {
            facts.set_config(KernelConfig::quoted(&reading.config, LOG));
        }
        for (name, value) in &reading.settings {
            let key = format!("sysctl.{name}");
            if facts::is_known(&key) {
                facts.set(&key, Fact::known(*value, LOG));
            }
        }
        Self {
            facts,
            outcomes: Vec::new(),
            known_from: "log",
            note,
        }
    }

    /// The host as another process on it may find it: what this one may do says nothing.
    pub(super) fn of_another_process(&self) -> Facts {
        let mut facts = self.facts.clone();
        let own = self.facts.known().map(|(key, _)| key.to_owned());
        let own: Vec<String> = own.filter(|key| key.starts_with("privilege.")).collect();
        for key in own {
            facts.set(&key, Fact::unknown(Why::NotCollected, "", ""));
        }
        facts
    }
}

/// Where facts come from that a log tells.
const LOG: &str = "the log";
