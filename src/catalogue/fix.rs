//! Typed remedies. They name what must become true; diagnosis turns them into commands for
//! the host at hand.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::condition::{Condition, Wanted};
use super::located;
use super::value::{check_option, option_value};
use super::vocabulary::{check_placeholders, check_value};
use crate::version::KernelVersion;

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

/// Why a fix is left to a person, or is none at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ByHand {
    /// It may break what runs on the host: whose that is decides.
    Decision,
    /// It is not known whether it helps.
    Perhaps,
    /// Somebody else does it, outside of this host.
    Elsewhere,
    /// It takes another kernel, for a part that software does without.
    TooMuch,
    /// Nothing here brings it about; the words say what is missing.
    NoWay,
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
    /// Why no script does it by itself, where that is not told by what it is.
    pub by_hand: Option<ByHand>,
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    #[serde(default, deserialize_with = "located::lines")]
    pub commands: Vec<String>,
    /// To undo it.
    #[serde(default, deserialize_with = "located::lines")]
    pub undo: Vec<String>,
    /// What it takes.
    pub needs: Needs,
    /// Of an upgrade: the first mainline kernel that has what is missing. The commands are
    /// then those of a packaged kernel of the host.
    #[serde(default)]
    pub kernel: Option<KernelVersion>,
    /// Of an upgrade with `kernel`: options the packaged kernel must be built with, which are not
    /// taken for granted.
    #[serde(default, deserialize_with = "located::lines")]
    pub options: Vec<String>,
}

/// A setting as it is written: text, or a number, which needs no quotes.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "expected text or a whole number; true, false and numbers with a point need quotes"
)]
enum Scalar {
    Number(i64),
    Text(String),
}

impl From<Scalar> for String {
    fn from(value: Scalar) -> Self {
        match value {
            Scalar::Number(number) => number.to_string(),
            Scalar::Text(text) => text,
        }
    }
}

fn settings(map: BTreeMap<String, Scalar>) -> BTreeMap<String, String> {
    map.into_iter()
        .map(|(name, value)| (name, value.into()))
        .collect()
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
    #[serde(deserialize_with = "located::line")]
    summary: String,
    #[serde(default, deserialize_with = "located::some_line")]
    risk: Option<String>,
    by_hand: Option<ByHand>,
    kernel_arguments: Option<RawArguments>,
    kernel_config: Option<BTreeMap<String, Scalar>>,
    sysctl: Option<BTreeMap<String, Scalar>>,
    mount: Option<Mount>,
    capabilities: Option<Vec<String>>,
    memlock: Option<Scalar>,
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
            raw.kernel_config
                .map(|map| Remedy::KernelConfig(settings(map))),
            raw.sysctl.map(|map| Remedy::Sysctl(settings(map))),
            raw.mount.map(Remedy::Mount),
            raw.capabilities.map(Remedy::Capabilities),
            raw.memlock.map(|limit| Remedy::Memlock(limit.into())),
            raw.package.map(steps(StepsKind::Package)),
            raw.upgrade.map(steps(StepsKind::Upgrade)),
            raw.program.map(steps(StepsKind::Program)),
            raw.setting.map(steps(StepsKind::Setting)),
        ];
        let mut remedies = remedies.into_iter().flatten();
        match (remedies.next(), remedies.next()) {
            (Some(remedy), None) => {
                check_placeholders(&raw.summary)?;
                remedy.check()?;
                Ok(Self {
                    when: raw.when,
                    summary: raw.summary,
                    risk: raw.risk,
                    by_hand: raw.by_hand,
                    remedy,
                })
            }
            _ => Err(
                "a fix has exactly one of: kernel-arguments, kernel-config, sysctl, \
                      mount, capabilities, memlock, package, upgrade, program, setting"
                    .to_owned(),
            ),
        }
    }
}

impl Remedy {
    /// Complains about what can never become true.
    fn check(&self) -> Result<(), String> {
        match self {
            Self::KernelArguments { add, remove } => {
                let mut words = add.iter().chain(remove);
                if words.clone().all(|word| word.trim().is_empty()) {
                    return Err("kernel-arguments needs `add` or `remove`".to_owned());
                }
                words.try_for_each(|word| argument(word))?;
                match add.iter().find(|word| remove.contains(word)) {
                    Some(word) => Err(format!("`{word}` is both added and removed")),
                    None => Ok(()),
                }
            }
            Self::KernelConfig(options) => {
                some("kernel-config", options.len())?;
                options.iter().try_for_each(|(name, value)| {
                    check_option(name)?;
                    check_option_value(name, value)
                })
            }
            Self::Sysctl(settings) => {
                some("sysctl", settings.len())?;
                settings.iter().try_for_each(|(name, value)| {
                    if name.is_empty() || name.contains(char::is_whitespace) {
                        return Err(format!("`{name}` is no name of a sysctl"));
                    }
                    one_line("value of a sysctl", value)
                })
            }
            Self::Mount(mount) => {
                one_line("type of a mount", &mount.kind)?;
                check_value("filesystems", "file system", &mount.kind)?;
                one_line("mount point", &mount.at)?;
                if !mount.at.starts_with('/') {
                    return Err(format!("mount at `{}`: write an absolute path", mount.at));
                }
                one_line("list of mount options", &mount.options)
            }
            Self::Capabilities(names) => {
                some("capabilities", names.len())?;
                let mut names = names.iter();
                names.try_for_each(|name| check_value(CAPABILITIES, "capability", name))
            }
            Self::Memlock(limit) if limit == "infinity" || limit.parse::<u64>().is_ok() => Ok(()),
            Self::Memlock(limit) => Err(format!(
                "memlock is `infinity` or a number of bytes, not `{limit}`"
            )),
            Self::Steps(kind, steps) if steps.kernel.is_some() => {
                match (kind, steps.commands.is_empty()) {
                    (StepsKind::Upgrade, true) => {
                        let mut options = steps.options.iter();
                        options.try_for_each(|option| check_option(option))
                    }
                    (StepsKind::Upgrade, false) => Err(
                        "an upgrade with `kernel` takes its commands from `kernels:`; leave out \
                         one of the two"
                            .to_owned(),
                    ),
                    _ => Err("`kernel` is for `upgrade` alone".to_owned()),
                }
            }
            Self::Steps(_, steps) if !steps.options.is_empty() => {
                Err("`options` are for `upgrade` with `kernel` alone".to_owned())
            }
            Self::Steps(_, steps) => {
                let mut lines = steps.commands.iter().chain(&steps.undo);
                lines.try_for_each(|line| {
                    if line.trim().is_empty() {
                        return Err("an empty command".to_owned());
                    }
                    check_placeholders(line)
                })
            }
        }
    }
}

/// The fact that lists what this process holds.
const CAPABILITIES: &str = "privilege.capabilities";

fn some(remedy: &str, count: usize) -> Result<(), String> {
    match count {
        0 => Err(format!("{remedy} is empty: name what must become so")),
        _ => Ok(()),
    }
}

/// Complains about what is no single word of a kernel's command line, or would be more than a
/// word to the shells and boot loaders it passes through.
fn argument(word: &str) -> Result<(), String> {
    one_line("kernel argument", word)?;
    let odd = |c: char| c.is_whitespace() || ";&|<>`$()\\'\"*?#!".contains(c);
    match word.chars().find(|c| odd(*c)) {
        Some(c) => Err(format!(
            "{word:?} is no kernel argument: it has {c:?}; write one word for each, `name` or \
             `name=value`"
        )),
        None => Ok(()),
    }
}

/// Complains about what would break the line it is put into.
fn one_line(what: &str, text: &str) -> Result<(), String> {
    if text.trim().is_empty() || text.contains(char::is_control) {
        return Err(format!("{text:?} is no {what}: write one line of text"));
    }
    check_placeholders(text)
}

fn check_option_value(name: &str, value: &str) -> Result<(), String> {
    let word = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || !name.chars().all(word) {
        return Err(format!(
            "`{name}` is no kernel option: capitals, digits and `_` only"
        ));
    }
    if value.contains(char::is_control) {
        return Err(format!("the value of {name} must stand on one line"));
    }
    option_value(Wanted::Text(value.to_owned())).map(drop)
}
