//! What is known of the host that a log is from.

use std::borrow::Cow;

use super::found::Reading;
use crate::catalogue::{Catalogue, Check};
use crate::diagnosis::is_failing;
use crate::facts::{Fact, Facts, KernelConfig, Quoted, Why};
use crate::features::Names;
use crate::probes::ProbeResult;

/// What is known of the host that a log is from.
#[derive(Debug, Clone, Default)]
pub struct KnownHost {
    /// Its facts.
    pub facts: Facts,
    /// Outcomes of probes on it.
    pub outcomes: Vec<ProbeResult>,
    /// The names that its kernel's BTF has, where that was read.
    pub names: Option<Names>,
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
        let quoted = Quoted {
            release: release.map(|(release, _)| release.as_str()),
            os: reading.os.as_deref(),
            os_file: reading.os_file.as_deref(),
            process: &reading.process,
            lockdown: reading.lockdown.as_deref(),
            config: &reading.config,
            settings: &reading.settings,
        };
        match quoted.facts() {
            None => Self {
                note,
                ..Self::none()
            },
            Some(facts) => Self {
                facts,
                outcomes: Vec::new(),
                names: None,
                known_from: "log",
                note,
            },
        }
    }

    /// The same host as that of the log's process: somebody's rights are a question, although the
    /// files that the host is known from hold no process.
    pub(super) fn of_a_process(&self) -> Cow<'_, Self> {
        if !self.facts.judges_no_process() {
            return Cow::Borrowed(self);
        }
        let mut host = self.clone();
        let unseen = Fact::unknown(Why::NotCollected, "nobody looked at the log's process", LOG);
        host.facts.set(PROCESS, unseen);
        Cow::Owned(host)
    }

    /// Options that the log shows to be set, and that a check fails for want of, where nothing
    /// but options that the log does not show could make it fail: those are taken to be set.
    pub(super) fn options_that_refute<'a>(
        &self,
        catalogue: &Catalogue,
        check: &'a Check,
    ) -> Vec<&'a str> {
        let Some(fails) = check.fails.as_ref().filter(|_| self.known_from == "log") else {
            return Vec::new();
        };
        let is_shown = |option: &&str| {
            let fact = self.facts.get(&format!("config.{option}"));
            fact.value().is_some()
        };
        let (mut shown, unknown): (Vec<&str>, Vec<&str>) = fails.options().partition(is_shown);
        if shown.is_empty() {
            return shown;
        }
        let mut facts = self.facts.clone();
        let taken = unknown.iter().map(|option| format!("CONFIG_{option}=y\n"));
        let shown_lines = shown.iter().filter_map(|option| {
            let value = self.facts.text(&format!("config.{option}"))?;
            Some(format!("CONFIG_{option}={value}\n"))
        });
        let lines: String = taken.chain(shown_lines).collect();
        facts.set_config(KernelConfig::quoted(&lines, LOG));
        if is_failing(catalogue, &facts, fails) != Some(false) {
            shown.clear();
        }
        shown.dedup();
        shown
    }

    /// Whether a check fails by what the log shows of the process that failed, and whether it
    /// would, were the process no other than most.
    pub(super) fn fails_for_a_process(
        &self,
        catalogue: &Catalogue,
        check: &Check,
    ) -> (Option<bool>, Option<bool>) {
        let Some(fails) = check.fails.as_ref() else {
            return (None, None);
        };
        let is_shown = self
            .facts
            .known()
            .any(|(key, _)| key.starts_with(OF_PROCESS));
        if !is_shown {
            return (None, None);
        }
        let mut usual = self.facts.clone();
        for (key, value) in USUAL {
            usual.set(key, Fact::known(*value, LOG));
        }
        let fails = |facts: &Facts| is_failing(catalogue, facts, fails);
        (fails(&self.facts), fails(&usual))
    }

    /// The host as another process on it may find it: what this one may do says nothing.
    pub(super) fn of_another_process(&self) -> Facts {
        let mut facts = self.facts.clone();
        let own = self.facts.known().map(|(key, _)| key.to_owned());
        let own: Vec<String> = own.filter(|key| key.starts_with(OF_PROCESS)).collect();
        for key in own {
            facts.set(&key, Fact::unknown(Why::NotCollected, "", ""));
        }
        facts
    }
}

/// Whether there is a process to judge.
const PROCESS: &str = "privilege.process";
/// How the keys of facts begin that are those of a process.
pub(super) const OF_PROCESS: &str = "privilege.";
/// What most processes have.
const USUAL: &[(&str, &str)] = &[("privilege.user-namespace", "initial")];
/// Where facts come from that a log tells.
const LOG: &str = "the log";
