//! The names of all facts: what each one says, and which values it can have.

use std::fmt;
use std::sync::LazyLock;

use super::{
    Value, boot, btf, capabilities, cgroup, devtools, disagreements, environment, files,
    filesystems, headers, held, kconfig, kernel, modules, names, os, privilege, security, sysctl,
    told_twice,
};
use crate::version::KernelVersion;

/// Which values a fact can have, beside being absent or unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Number,
    /// A whole number, or this word.
    NumberOr(&'static str),
    /// Any text.
    Text,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A list of texts.
    List,
    /// A kernel option's: `y`, `m`, `n`, a number or text.
    Option,
}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("true or false"),
            Self::Number => f.write_str("number"),
            Self::NumberOr(word) => write!(f, "number, or {word}"),
            Self::Text => f.write_str("text"),
            Self::OneOf(words) => f.write_str(&words.join(", ")),
            Self::List => f.write_str("list"),
            Self::Option => f.write_str("y, m, n, a number or text"),
        }
    }
}

/// The name of a fact, or of a family of them, and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyInfo {
    /// The key; a family ends in `.*`, and any word of letters, digits, `_`, `.` and `-`
    /// can stand for the star.
    pub key: &'static str,
    /// Whether this is a family.
    pub family: bool,
    /// What the fact says, in one sentence, with its unit and where it is from.
    pub what: &'static str,
    /// The values it can have.
    pub values: Values,
}

impl KeyInfo {
    /// The row of a single fact.
    pub(super) const fn one(key: &'static str, values: Values, what: &'static str) -> Self {
        Self {
            key,
            family: false,
            what,
            values,
        }
    }

    /// The row of a family.
    pub(super) const fn family(key: &'static str, values: Values, what: &'static str) -> Self {
        Self {
            key,
            family: true,
            what,
            values,
        }
    }

    /// Whether the fact can have this value.
    #[must_use]
    pub fn admits(&self, value: &Value) -> bool {
        match (self.values, value) {
            (Values::Number | Values::NumberOr(_), Value::Number(number)) => {
                // What is counted is never less than nothing, and a setting may be.
                *number >= 0 || self.key.starts_with("sysctl.")
            }
            (Values::Text, Value::Text(text)) => {
                self.key != "kernel.version" || text.parse::<KernelVersion>().is_ok()
            }
            (Values::List, Value::List(items)) => match self.words() {
                Some(words) => items.iter().all(|item| {
                    // One without a name is told by its number.
                    let number = item.strip_prefix("CAP_").map(str::parse::<u8>);
                    words.contains(&item.as_str()) || matches!(number, Some(Ok(0..64)))
                }),
                None => true,
            },
            (_, Value::Absent)
            | (Values::Bool, Value::Bool(_))
            | (Values::Option, Value::Text(_) | Value::Number(_)) => true,
            (Values::OneOf(words), Value::Text(text)) => words.contains(&text.as_str()),
            (Values::NumberOr(word), Value::Text(text)) => text == word,
            _ => false,
        }
    }

    /// The values it can have, or the items of its list, where they are few and known.
    #[must_use]
    pub fn words(&self) -> Option<&'static [&'static str]> {
        match self.values {
            Values::OneOf(words) => Some(words),
            Values::Bool => Some(&["true", "false"]),
            Values::List if self.key == "privilege.capabilities" => Some(&CAPABILITY_NAMES),
            _ => None,
        }
    }

    /// The names it is chosen from, beside those of [`Self::words`]: a host may have another one.
    #[must_use]
    pub fn known_names(&self) -> Option<&'static [&'static str]> {
        names::of(self.key)
    }

    fn names(&self, key: &str) -> bool {
        if !self.family {
            return self.key == key;
        }
        let member = key.strip_prefix(self.key.trim_end_matches('*'));
        member.is_some_and(|name| !name.is_empty() && name.chars().all(is_word))
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
}

/// Each subject tells its own keys.
const TABLES: &[&[KeyInfo]] = &[
    kernel::KEYS,
    kconfig::KEYS,
    disagreements::KEYS,
    told_twice::KEYS,
    headers::KEYS,
    modules::KEYS,
    btf::KEYS,
    os::KEYS,
    os::IMAGE,
    held::KEYS,
    filesystems::KEYS,
    cgroup::KEYS,
    sysctl::KEYS,
    boot::KEYS,
    security::KEYS,
    privilege::KEYS,
    environment::KEYS,
    files::TOOLS,
    devtools::KEYS,
    files::FILES,
];

/// All facts and families of facts, subject by subject.
pub fn known_keys() -> impl Iterator<Item = &'static KeyInfo> {
    TABLES.iter().copied().flatten()
}

/// What is known of a key: its own row, or that of its family.
#[must_use]
pub fn describe(key: &str) -> Option<&'static KeyInfo> {
    known_keys().find(|info| info.names(key))
}

static CAPABILITIES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut names = capabilities::names(u64::MAX);
    names.retain(|name| !name.ends_with(|c: char| c.is_ascii_digit()));
    names
});
static CAPABILITY_NAMES: LazyLock<Vec<&str>> =
    LazyLock::new(|| CAPABILITIES.iter().map(String::as_str).collect());

/// Whether there is a fact of this key.
#[must_use]
pub fn is_known(key: &str) -> bool {
    describe(key).is_some()
}

/// The key that was probably meant by a wrong one.
#[must_use]
pub fn suggest(key: &str) -> Option<String> {
    let likeness = |info: &KeyInfo| strsim::normalized_damerau_levenshtein(key, info.key);
    let scored = known_keys()
        .filter(|info| !info.family)
        .map(|info| (likeness(info), info));
    scored
        .filter(|(score, _)| *score >= 0.6)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, info)| info.key.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::{Facts, collect};
    use super::*;
    use crate::host::{Live, Memory};

    #[test]
    fn keys_are_unique_and_described_by_a_sentence() {
        let mut seen = BTreeSet::new();
        for info in known_keys() {
            assert!(seen.insert(info.key), "{} twice", info.key);
            assert!(info.what.ends_with('.'), "{}: {}", info.key, info.what);
            assert_eq!(info.family, info.key.ends_with(".*"), "{}", info.key);
        }
    }

    #[test]
    fn every_key_of_the_tables_is_collected_and_no_other() {
        let told: BTreeSet<&str> = known_keys()
            .filter(|info| !info.family)
            .map(|info| info.key)
            .collect();
        for facts in [collect(&Memory::new()), collect(&Live)] {
            let got: BTreeSet<&str> = facts.observed.keys().map(String::as_str).collect();
            assert_eq!(got, told);
        }
    }

    #[test]
    fn values_are_of_the_kind_the_table_tells() {
        for (key, fact) in &collect(&Live).observed {
            let Some(value) = fact.value() else { continue };
            let info = describe(key).unwrap();
            let (values, fits) = (info.values, info.admits(value));
            assert!(fits, "{key}: {value:?} is not {values}");
        }
    }

    #[test]
    fn families_have_any_member_and_tables_have_theirs() {
        for key in [
            "kernel.version",
            "config.BPF_SYSCALL",
            "cmdline.systemd.unified_cgroup_hierarchy",
            "cmdline.rd.driver-blacklist",
            "sysctl.kernel.kptr_restrict",
            "mount.bpf",
            "file./etc/default/grub",
            "tool.grubby",
        ] {
            assert!(is_known(key), "{key}");
        }
        for key in [
            "kernel.versoin",
            "config.",
            "config.BPF SYSCALL",
            "sysctl.vm.swappiness",
            "mount.ext4",
            "file./etc/passwd",
            "",
        ] {
            assert!(!is_known(key), "{key}");
        }
    }

    #[test]
    fn a_wrong_key_is_met_with_the_one_that_was_meant() {
        for (wrong, meant) in [
            ("kernel.versoin", Some("kernel.version")),
            ("cgroup.v2_path", Some("cgroup.v2-path")),
            (
                "sysctl.net.core.bpf_jit_enabled",
                Some("sysctl.net.core.bpf_jit_enable"),
            ),
            ("mount.bpffs", Some("mount.bpf")),
            ("weather", None),
        ] {
            assert_eq!(suggest(wrong).as_deref(), meant, "{wrong}");
        }
    }

    #[test]
    fn values_are_told_where_they_are_few() {
        let words = |key| describe(key).and_then(KeyInfo::words);
        let has = |key, word| words(key).is_some_and(|words| words.contains(&word));
        assert!(has("cgroup.mode", "hybrid"));
        assert!(has("privilege.capabilities", "CAP_BPF"));
        assert!(!has("privilege.capabilities", "CAP_41"));
        assert!(has("security.apparmor", "true"));
        assert_eq!(words("config.BPF"), None);
    }

    #[test]
    fn what_was_never_collected_is_unknown() {
        let facts = Facts::default();
        for info in known_keys() {
            let key = info.key.replace('*', "X");
            assert!(facts.get(&key).value().is_none(), "{key}");
        }
    }
}
