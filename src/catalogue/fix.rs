//! Typed remedies. They name what must become true; diagnosis turns them into commands for
//! the host at hand.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::condition::Condition;
use super::located;

/// What a fix takes before it helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Needs {
    /// Nothing more.
    Nothing,
    /// The right to do it; then it helps at once.
    Privilege,
    /// A reboot.
    Reboot,
    /// Another kernel build, and a reboot.
    Rebuild,
}

/// A remedy with what belongs to it.
#[derive(Debug, Clone)]
pub struct Fix {
    /// When it can be used; always if `None`.
    pub when: Option<Condition>,
    /// What it does, in a line.
    pub summary: String,
    /// What it may break, in a line.
    pub risk: Option<String>,
    /// What must become true.
    pub remedy: Remedy,
}

/// What must become true for a failure to go away.
#[derive(Debug, Clone, PartialEq)]
pub enum Remedy {
    /// The kernel boots with (and without) these arguments.
    KernelArguments {
        /// Arguments it needs.
        add: Vec<String>,
        /// Arguments (names or `name=value`) that must go.
        remove: Vec<String>,
    },
    /// The kernel is built with these options; keys without `CONFIG_`.
    KernelConfig(BTreeMap<String, String>),
    /// These sysctls have these values.
    Sysctl(BTreeMap<String, String>),
    /// A file system is mounted.
    Mount(Mount),
    /// The process holds these capabilities.
    Capabilities(Vec<String>),
    /// RLIMIT_MEMLOCK is this high (`infinity`, or bytes).
    Memlock(String),
    /// Another way, told in words and, where there are any, in commands.
    Steps(StepsKind, Steps),
}

/// Which kind of other way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepsKind {
    /// Install or update a package.
    Package,
    /// Move to a kernel or tool that has it.
    Upgrade,
    /// Change the program.
    Program,
    /// Change a setting that has no type of its own.
    Setting,
}

/// A file system to mount.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mount {
    /// Its type, e.g. `bpf`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where.
    pub at: String,
    /// Options for fstab.
    #[serde(default = "defaults")]
    pub options: String,
}

fn defaults() -> String {
    "defaults".to_owned()
}

/// Commands written out in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steps {
    /// To type, in this order; may be empty where there is nothing to type.
    #[serde(default)]
    pub commands: Vec<String>,
    /// To undo it.
    #[serde(default)]
    pub undo: Vec<String>,
    /// What it takes.
    pub needs: Needs,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawArguments {
    #[serde(default)]
    add: Vec<String>,
    #[serde(default)]
    remove: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Raw {
    when: Option<Condition>,
    summary: String,
    risk: Option<String>,
    kernel_arguments: Option<RawArguments>,
    kernel_config: Option<BTreeMap<String, String>>,
    sysctl: Option<BTreeMap<String, String>>,
    mount: Option<Mount>,
    capabilities: Option<Vec<String>>,
    memlock: Option<String>,
    package: Option<Steps>,
    upgrade: Option<Steps>,
    program: Option<Steps>,
    setting: Option<Steps>,
}

impl<'de> Deserialize<'de> for Fix {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        located::map::<Raw, Self, D>(deserializer, "a fix")
    }
}

impl TryFrom<Raw> for Fix {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        let steps = |kind| move |steps| Remedy::Steps(kind, steps);
        let remedies = [
            raw.kernel_arguments
                .map(|RawArguments { add, remove }| Remedy::KernelArguments { add, remove }),
            raw.kernel_config.map(Remedy::KernelConfig),
            raw.sysctl.map(Remedy::Sysctl),
            raw.mount.map(Remedy::Mount),
            raw.capabilities.map(Remedy::Capabilities),
            raw.memlock.map(Remedy::Memlock),
            raw.package.map(steps(StepsKind::Package)),
            raw.upgrade.map(steps(StepsKind::Upgrade)),
            raw.program.map(steps(StepsKind::Program)),
            raw.setting.map(steps(StepsKind::Setting)),
        ];
        let mut remedies = remedies.into_iter().flatten();
        match (remedies.next(), remedies.next()) {
            (Some(remedy), None) => Ok(Self {
                when: raw.when,
                summary: raw.summary,
                risk: raw.risk,
                remedy,
            }),
            _ => Err(
                "a fix has exactly one of: kernel-arguments, kernel-config, sysctl, \
                      mount, capabilities, memlock, package, upgrade, program, setting"
                    .to_owned(),
            ),
        }
    }
}
