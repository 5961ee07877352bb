//! A kernel config as a report has it: less than was read, and what was left out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{KernelConfig, Options, Scope, Setting};
use crate::facts::{Value, Why};

/// A config as a report has it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Written {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unknown: Option<Why>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    detail: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    broken_lines: usize,
    /// Whether the file itself was a part of a config.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    fragment: bool,
    /// Options that were looked for; one of them that is not listed is absent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    scope: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    options: BTreeMap<String, Value>,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl From<KernelConfig> for Written {
    fn from(config: KernelConfig) -> Self {
        Self::from(&config)
    }
}

impl From<&KernelConfig> for Written {
    fn from(config: &KernelConfig) -> Self {
        let mut written = Self {
            source: config.source.clone(),
            unknown: None,
            detail: String::new(),
            broken_lines: 0,
            fragment: false,
            scope: String::new(),
            options: BTreeMap::new(),
        };
        match &config.content {
            Err(reason) => {
                written.unknown = Some(reason.unknown);
                written.detail.clone_from(&reason.detail);
            }
            Ok(options) => {
                let kept = options.settings.iter();
                let kept = kept.filter(|(name, _)| !options.complete || options.scope.has(name));
                written.broken_lines = options.broken_lines;
                written.fragment = options.fragment;
                written.scope = options.scope.to_string();
                written.options = kept
                    .map(|(name, setting)| (name.to_string(), setting.into()))
                    .collect();
            }
        }
        written
    }
}

impl From<Written> for KernelConfig {
    fn from(written: Written) -> Self {
        if let Some(why) = written.unknown {
            return Self::unknown(why, &written.detail, &written.source);
        }
        let options = written.options.into_iter();
        let settings = options.filter_map(|(name, value)| Some((name.into(), Setting::of(value)?)));
        let settings: BTreeMap<Box<str>, Setting> = settings.collect();
        if settings.is_empty() && written.scope.is_empty() {
            return Self::default();
        }
        Self {
            source: written.source,
            content: Ok(Options {
                settings,
                scope: Scope::parse(&written.scope),
                complete: false,
                broken_lines: written.broken_lines,
                fragment: written.fragment,
                version: None,
                machine: None,
                twice: Vec::new(),
            }),
        }
    }
}

impl Setting {
    /// The setting a value of a saved report stands for; a list or nothing is none.
    fn of(value: Value) -> Option<Self> {
        Some(match value {
            Value::Text(text) => match text.as_str() {
                "y" => Self::Yes,
                "m" => Self::Module,
                "n" => Self::No,
                _ => Self::Text(text.into()),
            },
            Value::Number(number) => Self::Number(number),
            // Written by hand: some readers of YAML take a bare `y` for `true`.
            Value::Bool(true) => Self::Yes,
            Value::Bool(false) => Self::No,
            Value::List(_) | Value::Absent => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Fact;

    const TEXT: &str = "\
        CONFIG_BPF_SYSCALL=y\n\
        # CONFIG_BPF_LSM is not set\n\
        CONFIG_NET_CLS_BPF=m\n\
        CONFIG_LSM=\"landlock,yama\"\n\
        CONFIG_HZ=250\n\
        CONFIG_BTRFS_FS=m\n\
        CONFIG_ILLEGAL_POINTER_VALUE=0xdead000000000000\n";

    const NAMES: &[&str] = &[
        "BPF_SYSCALL",
        "BPF_LSM",
        "NET_CLS_BPF",
        "LSM",
        "HZ",
        "BPF_STREAM_PARSER",
        "XFS_FS",
    ];

    fn config() -> KernelConfig {
        KernelConfig::from_bytes(TEXT.as_bytes(), "/proc/config.gz")
    }

    #[test]
    fn a_report_answers_as_the_host_did() {
        let mut config = config();
        config.keep(["XFS_FS", "BPF_LSM"].into_iter());
        let yaml = serde_yaml::to_string(&config).unwrap();
        let read: KernelConfig = serde_yaml::from_str(&yaml).unwrap();
        for name in NAMES {
            assert_eq!(read.option(name), config.option(name), "{name}");
        }
        assert_eq!(read, config);
        assert_eq!(serde_yaml::to_string(&read).unwrap(), yaml);
        let json = serde_json::to_string(&config).unwrap();
        let read: KernelConfig = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), json);

        let lost = read.option("BTRFS_FS");
        assert_eq!(
            lost,
            Fact::unknown(Why::NotCollected, "", "/proc/config.gz")
        );
    }

    #[test]
    fn a_part_of_a_config_stays_one() {
        let config = KernelConfig::fragment(TEXT.as_bytes(), "x.config");
        let yaml = serde_yaml::to_string(&config).unwrap();
        let read: KernelConfig = serde_yaml::from_str(&yaml).unwrap();
        assert_eq!(read.option("BPF_LSM"), Fact::known("n", "x.config"));
        assert_eq!(config.option("BPF_LSM"), Fact::known("n", "x.config"));
        for config in [&config, &read] {
            let Fact::Unknown { reason, .. } = config.option("BPF_STREAM_PARSER") else {
                panic!("known");
            };
            assert_eq!(reason.unknown, Why::Untold);
        }
    }

    #[test]
    fn what_a_report_has_not_kept_can_not_be_kept_later() {
        let json = serde_json::to_string(&config()).unwrap();
        let mut read: KernelConfig = serde_json::from_str(&json).unwrap();
        read.keep(["BTRFS_FS"].into_iter());
        assert!(read.option("BTRFS_FS").value().is_none());
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
    }

    #[test]
    fn reports_written_by_hand_or_without_a_config_are_understood() {
        for (yaml, name, fact) in [
            ("{}", "BPF", Fact::unknown(Why::NotCollected, "", "")),
            (
                "{unknown: denied, source: /x}",
                "BPF",
                Fact::unknown(Why::Denied, "", "/x"),
            ),
            (
                "{source: /x, options: {BPF: y}}",
                "BPF",
                Fact::known("y", "/x"),
            ),
            (
                "{source: /x, options: {BPF: true}}",
                "BPF",
                Fact::known("y", "/x"),
            ),
            (
                "{source: /x, options: {BPF: y}}",
                "BPF_LSM",
                Fact::unknown(Why::NotCollected, "", "/x"),
            ),
        ] {
            let config: KernelConfig = serde_yaml::from_str(yaml).unwrap();
            assert_eq!(config.option(name), fact, "{yaml}");
        }
    }
}
