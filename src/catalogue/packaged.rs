//! Which kernels a distribution has as packages: what is cheaper than building one.

use serde::Deserialize;

use super::located;
use super::value::check_option;
use super::vocabulary::check_placeholders;
use crate::version::KernelVersion;

/// A release whose packages lie in an archive alone, where no package manager looks by itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a mapping with `os`, `releases` and `at`"
)]
pub struct Archived {
    /// ID of the distribution in os-release.
    #[serde(deserialize_with = "located::line")]
    pub os: String,
    /// Its releases, as `VERSION_ID` has them, or how that begins.
    #[serde(deserialize_with = "located::lines")]
    pub releases: Vec<String>,
    /// The host that has them now.
    #[serde(deserialize_with = "located::line")]
    pub at: String,
    /// How its last kernel's release begins, where that is known: no later one is to come.
    #[serde(default, rename = "last-kernel")]
    pub last_kernel: Option<String>,
    /// Which systems go on where it ended.
    #[serde(default, rename = "goes-on")]
    pub goes_on: Option<String>,
}

impl Archived {
    /// Whether this release of this distribution is one of them.
    #[must_use]
    pub fn holds(&self, os: &str, release: &str) -> bool {
        let mut releases = self.releases.iter();
        self.os == os && releases.any(|own| is_or_begins(own, release))
    }

    /// Whether this is its last kernel.
    #[must_use]
    pub fn ends_with(&self, release: &str) -> bool {
        let last = self.last_kernel.as_deref();
        last.is_some_and(|last| is_or_begins(last, release))
    }
}

/// Whether a release is this one, or one of its minor ones.
fn is_or_begins(own: &str, release: &str) -> bool {
    let rest = release.strip_prefix(own);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// A kernel that a release of a distribution has as a package.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    deny_unknown_fields,
    rename_all = "kebab-case",
    expecting = "a mapping with `name`, `kernel`, `commands`, and `os` or `flavour`"
)]
pub struct PackagedKernel {
    /// What people call this release (`Ubuntu 20.04`).
    #[serde(deserialize_with = "located::line")]
    pub name: String,
    /// ID or family of the distribution in os-release.
    #[serde(default)]
    pub os: Option<String>,
    /// The kernel's flavour, where it counts and not the distribution (`wsl`, `uek`).
    #[serde(default)]
    pub flavour: Option<String>,
    /// The release, or how its number begins (`8` is 8.10), or behind `*` what it has within
    /// (`*_alpha` is 3.12_alpha20200122); all if left out.
    #[serde(default)]
    pub release: Option<String>,
    /// The mainline version the package is of.
    pub kernel: KernelVersion,
    /// Its vendor brings features to this number, so that the number proves little.
    #[serde(default)]
    pub backports: bool,
    /// The vendor's build that the release ended with, or has now: what counts in the place of the
    /// number.
    #[serde(default)]
    pub build: Option<i64>,
    /// Its release goes on to later ones: the number and the options are those of the day on which
    /// somebody looked, and it has this number or a higher one.
    #[serde(default)]
    pub rolling: bool,
    /// Options it is known to be built with, of those that are not taken for granted.
    #[serde(default, deserialize_with = "located::lines")]
    pub has: Vec<String>,
    /// Options that kernels of its version have, and it is built without.
    #[serde(default, deserialize_with = "located::lines")]
    pub lacks: Vec<String>,
    /// Installs and boots it.
    #[serde(deserialize_with = "located::lines")]
    pub commands: Vec<String>,
}

impl PackagedKernel {
    /// Complains about what can't be used.
    pub(super) fn fault(&self) -> Option<String> {
        let name = &self.name;
        if self.os.is_some() == self.flavour.is_some() {
            return Some(format!(
                "kernel of `{name}`: write one of `os` and `flavour`"
            ));
        }
        if self.commands.is_empty() {
            return Some(format!("kernel of `{name}`: no commands that install it"));
        }
        let mut options = self.has.iter().chain(&self.lacks);
        if let Some(fault) = options.find_map(|option| check_option(option).err()) {
            return Some(format!("kernel of `{name}`: {fault}"));
        }
        if let Some(both) = self.has.iter().find(|option| self.lacks.contains(option)) {
            return Some(format!("kernel of `{name}`: it both has and lacks {both}"));
        }
        let mut commands = self.commands.iter();
        commands.find_map(|line| match line.trim() {
            "" => Some(format!("kernel of `{name}`: an empty command")),
            line => check_placeholders(line).err(),
        })
    }

    /// Whether it may have what mainline's kernels of its number do not have.
    #[must_use]
    pub fn may_have_more(&self) -> bool {
        self.backports || self.rolling
    }

    /// What is said of it as the newest kernel of its release.
    #[must_use]
    pub fn as_newest(&self) -> String {
        match self.rolling {
            true => format!("it has {}", self.number()),
            false => format!("{} is the newest", self.number()),
        }
    }

    /// Its number as people say it.
    #[must_use]
    pub fn number(&self) -> String {
        let (major, minor) = self.kernel.series();
        let later = if self.rolling { " or later" } else { "" };
        format!("{major}.{minor}{later}")
    }

    /// Whether it is of this release of a distribution.
    #[must_use]
    pub fn is_of(&self, release: &str) -> bool {
        let own = self.release.as_deref();
        own.is_none_or(|own| match own.strip_prefix('*') {
            Some(within) => release.contains(within),
            None => is_or_begins(own, release),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> PackagedKernel {
        crate::yaml::from_str(text).unwrap()
    }

    #[test]
    fn a_release_is_meant_with_its_minor_ones() {
        let row = parse("{name: N, os: rhel, release: '8', kernel: '4.18', commands: [x]}");
        assert_eq!(row.fault(), None);
        for (release, is) in [("8", true), ("8.10", true), ("80", false), ("9", false)] {
            assert_eq!(row.is_of(release), is, "{release}");
        }
        let edge = parse("{name: N, os: a, release: '*_alpha', kernel: '6.6', commands: [x]}");
        assert!(edge.is_of("3.12_alpha20200122") && !edge.is_of("3.12.1"));
        let every = parse("{name: N, flavour: wsl, kernel: '6.6', commands: [x]}");
        assert!(every.is_of("24.04"));
    }

    #[test]
    fn what_can_not_be_used_is_told() {
        for (text, fault) in [
            (
                "{name: N, kernel: '6.6', commands: [x]}",
                "one of `os` and `flavour`",
            ),
            (
                "{name: N, os: a, flavour: b, kernel: '6.6', commands: [x]}",
                "one of",
            ),
            (
                "{name: N, os: a, kernel: '6.6', commands: []}",
                "no commands",
            ),
            (
                "{name: N, os: a, kernel: '6.6', commands: ['']}",
                "an empty command",
            ),
            (
                "{name: N, os: a, kernel: '6.6', has: [X], lacks: [X], commands: [x]}",
                "both has and lacks X",
            ),
            (
                "{name: N, os: a, kernel: '6.6', lacks: [CONFIG_X], commands: [x]}",
                "CONFIG_",
            ),
        ] {
            let found = parse(text).fault().unwrap();
            assert!(found.contains(fault), "{found}");
        }
    }
}
