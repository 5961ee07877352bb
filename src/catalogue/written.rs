//! The catalogue as it is written: what was read, in a form that reads the same again.

use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::condition::{Condition, Test, Wanted};
use super::fix::{Fix, Remedy, Steps};
use super::words::os_of;

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(flag) => write!(f, "{flag}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl Serialize for Wanted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            condition if os_of(condition).is_some() => {
                map.serialize_entry("os", &os_of(condition))?;
            }
            Self::All(parts) => map.serialize_entry("all", parts)?,
            Self::Any(parts) => map.serialize_entry("any", parts)?,
            Self::Prefer(parts) => map.serialize_entry("prefer", parts)?,
            Self::Not(part) => map.serialize_entry("not", part)?,
            Self::Kernel(range) => map.serialize_entry("kernel", range)?,
            Self::Same(one, other) => {
                map.serialize_entry("fact", one)?;
                map.serialize_entry("same-as", other)?;
            }
            Self::Fact(test) => {
                let mount = test.key.strip_prefix("mount.");
                match (mount, &test.test) {
                    (Some(kind), Test::Some | Test::Has(_)) => {
                        map.serialize_entry("mount", kind)?
                    }
                    _ => match test.key.split_once('.') {
                        Some((word @ ("config" | "sysctl" | "cmdline"), name)) => {
                            map.serialize_entry(word, name)?;
                        }
                        _ => map.serialize_entry("fact", &test.key)?,
                    },
                }
                match &test.test {
                    Test::Is(values) => match values.as_slice() {
                        [value] => map.serialize_entry("is", value)?,
                        values => map.serialize_entry("is", values)?,
                    },
                    Test::Has(at) if mount.is_some() => map.serialize_entry("at", at)?,
                    Test::Has(item) => map.serialize_entry("has", item)?,
                    Test::AtLeast(number) => map.serialize_entry("at-least", number)?,
                    Test::AtMost(number) => map.serialize_entry("at-most", number)?,
                    Test::Some => {}
                }
            }
            Self::Probe(test) => {
                map.serialize_entry("probe", &test.probe)?;
                map.serialize_entry("outcome", if test.works { "works" } else { "fails" })?;
                if !test.errno.is_empty() {
                    map.serialize_entry("errno", &test.errno)?;
                }
                if let Some(stage) = &test.stage {
                    map.serialize_entry("stage", stage)?;
                }
                if let Some(log) = &test.log {
                    map.serialize_entry("log", log)?;
                }
            }
        }
        map.end()
    }
}

/// A map with one or two lists in it.
struct Lists<'a>(&'a [(&'static str, &'a Vec<String>)]);

impl Serialize for Lists<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let filled = self.0.iter().copied().filter(|(_, list)| !list.is_empty());
        serializer.collect_map(filled)
    }
}

impl Serialize for Steps {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, lines) in [("commands", &self.commands), ("undo", &self.undo)] {
            if !lines.is_empty() {
                map.serialize_entry(key, lines)?;
            }
        }
        if let Some(kernel) = &self.kernel {
            let (major, minor) = kernel.series();
            map.serialize_entry("kernel", &format!("{major}.{minor}"))?;
        }
        if !self.options.is_empty() {
            map.serialize_entry("options", &self.options)?;
        }
        map.serialize_entry("needs", &self.needs)?;
        map.end()
    }
}

impl Serialize for Fix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(when) = &self.when {
            map.serialize_entry("when", when)?;
        }
        map.serialize_entry("summary", &self.summary)?;
        if let Some(risk) = &self.risk {
            map.serialize_entry("risk", risk)?;
        }
        if let Some(by_hand) = &self.by_hand {
            map.serialize_entry("by-hand", by_hand)?;
        }
        let kind = self.kind();
        match &self.remedy {
            Remedy::KernelArguments { add, remove } => {
                map.serialize_entry(kind, &Lists(&[("add", add), ("remove", remove)]))?;
            }
            Remedy::KernelConfig(settings) | Remedy::Sysctl(settings) => {
                map.serialize_entry(kind, settings)?;
            }
            Remedy::Mount(mount) => map.serialize_entry(kind, mount)?,
            Remedy::Capabilities(names) => map.serialize_entry(kind, names)?,
            Remedy::Memlock(limit) => map.serialize_entry(kind, limit)?,
            Remedy::Steps(_, steps) => map.serialize_entry(kind, steps)?,
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    /// Every entry of the built-in catalogue, written and read again, says the same.
    #[test]
    fn what_is_written_reads_the_same_again() {
        let catalogue = crate::built_in_catalogue().unwrap();
        let written = crate::yaml::to_string(&std::collections::BTreeMap::from([(
            "checks",
            &catalogue.checks,
        )]));
        let mut again = crate::built_in_catalogue().unwrap();
        again.checks.clear();
        let vocabulary = crate::vocabulary();
        again
            .extend("again", &written.unwrap(), vocabulary)
            .unwrap();
        let debug = |catalogue: &Catalogue| format!("{:#?}", catalogue.checks);
        assert_eq!(debug(&again), debug(&catalogue));
    }

    #[test]
    fn short_words_stay_short() {
        for text in [
            "os: rhel\n",
            "config: BPF\nis: 'y'\n",
            "mount: bpf\nat: /sys/fs/bpf\n",
            "mount: bpf\n",
            "fact: a\nsame-as: b\n",
        ] {
            let condition: Condition = crate::yaml::from_str(text).unwrap();
            assert_eq!(crate::yaml::to_string(&condition).unwrap(), text);
        }
    }
}
