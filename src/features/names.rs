//! What the kernel's own BTF tells: the names it has, which anybody may read.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;

use super::table::{Kind, Table};
use crate::facts::types::{self, Type, Types};
use crate::host::Host;

const DIRECTORY: &str = "/sys/kernel/btf";

/// More modules than any host has loaded.
const MOST_MODULES: usize = 1000;

/// What marks a function that programs may call (pahole 1.27 and later write it).
const KFUNC: &str = "bpf_kfunc";

/// Functions to trace in a trial, the first that there is: tests of the kernel's own, then what
/// every kernel has.
const TRACED: &[&str] = &["bpf_fentry_test1", "vfs_read", "do_exit"];
/// Functions of security hooks, likewise.
const GUARDED: &[&str] = &["bpf_lsm_file_open", "bpf_lsm_bpf"];

/// The names a kernel's BTF has, of those that matter here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Why there are none: the BTF could not be read, or there is none.
    pub(super) missing: Option<Missing>,
    /// The enums: by kind, the numbers by name, as the table writes names.
    enums: BTreeMap<Kind, BTreeMap<String, u32>>,
    /// Functions that are for programs, or would be if the BTF marked any.
    functions: BTreeSet<String>,
    /// Whether the BTF marks functions that are for programs.
    pub(super) marked: bool,
    /// Modules whose BTF was read.
    pub(super) modules: Vec<String>,
    /// A function to trace, by its id.
    pub traced: Option<u32>,
    /// The function of a security hook, by its id.
    pub guarded: Option<u32>,
}

/// Why a kernel's names are not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Missing {
    /// The kernel shows no BTF: nothing can build on it.
    Absent(String),
    /// It could not be read here.
    Unread(String),
}

impl Names {
    /// Reads the BTF of the kernel of a host and of its modules. It can't fail: what could not
    /// be read is not known.
    #[must_use]
    pub fn read(host: &dyn Host, table: &Table) -> Self {
        let path = format!("{DIRECTORY}/vmlinux");
        let bytes = match host.read(&path, types::LIMIT) {
            Ok(bytes) => bytes,
            Err(error) => {
                let text = error.to_string();
                let missing = match error.kind() {
                    ErrorKind::NotFound if host.list("/sys/kernel").is_ok() => {
                        Missing::Absent("the kernel shows none".to_owned())
                    }
                    ErrorKind::NotFound => Missing::Unread("there is no /sys here".to_owned()),
                    ErrorKind::Unsupported => Missing::Unread("it was not collected".to_owned()),
                    _ => Missing::Unread(text),
                };
                return Self {
                    missing: Some(missing),
                    ..Self::default()
                };
            }
        };
        let types = match Types::parse(&bytes) {
            Ok(types) => types,
            Err(problem) => {
                return Self {
                    missing: Some(Missing::Unread(problem)),
                    ..Self::default()
                };
            }
        };
        let mut names = Self::default();
        let wanted: BTreeSet<&str> = table
            .rows(Kind::Kfunc)
            .iter()
            .map(|entry| entry.name.as_str())
            .collect();
        names.add(types, &wanted, true);
        names.read_modules(host, types, &wanted);
        names
    }

    /// Those of a kernel whose BTF nobody looked at.
    #[must_use]
    pub fn unread() -> Self {
        Self {
            missing: Some(Missing::Unread("it was not collected".to_owned())),
            ..Self::default()
        }
    }

    /// Those of a kernel that has these alone.
    #[cfg(test)]
    pub(super) fn of(enums: &[(Kind, &[&str])]) -> Self {
        let numbered = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned());
            names.zip(0..).collect()
        };
        Self {
            enums: enums
                .iter()
                .map(|(kind, names)| (*kind, numbered(names)))
                .collect(),
            ..Self::default()
        }
    }

    fn read_modules(&mut self, host: &dyn Host, kernel: Types<'_>, wanted: &BTreeSet<&str>) {
        let mut modules = host.list(DIRECTORY).unwrap_or_default();
        modules.retain(|module| module != "vmlinux");
        if modules.is_empty() {
            return;
        }
        let base = kernel.end();
        for module in modules.into_iter().take(MOST_MODULES) {
            let bytes = host.read(&format!("{DIRECTORY}/{module}"), types::LIMIT);
            let Ok(bytes) = bytes else { continue };
            if let Ok(types) = Types::after(&bytes, base) {
                self.add(types, wanted, false);
                self.modules.push(module);
            }
        }
    }

    /// Takes down what these types have of interest, be they of the kernel or of a module.
    fn add(&mut self, types: Types<'_>, wanted: &BTreeSet<&str>, of_kernel: bool) {
        let marked: BTreeSet<u32> = types
            .iter()
            .filter_map(|found| match found.kind {
                types::Kind::Tag { of, component: -1 } if found.is_called(KFUNC) => Some(of),
                _ => None,
            })
            .collect();
        // Where some are marked, the others are not for programs.
        self.marked |= !marked.is_empty();
        let mut unmarked = BTreeSet::new();
        for found in types.iter() {
            match found.kind {
                types::Kind::Enum(_) => self.add_enum(&found),
                types::Kind::Function if marked.contains(&found.id) => {
                    self.functions.insert(found.name().to_owned());
                    if of_kernel {
                        self.target(&found);
                    }
                }
                types::Kind::Function => {
                    if !self.marked && wanted.contains(found.name()) {
                        unmarked.insert(found.name().to_owned());
                    }
                    if of_kernel {
                        self.target(&found);
                    }
                }
                _ => {}
            }
        }
        self.functions.append(&mut unmarked);
    }

    /// Keeps a function of the kernel itself that trials can be made at, the first of each list
    /// before the others.
    fn target(&mut self, found: &Type<'_>) {
        for (list, kept) in [(TRACED, &mut self.traced), (GUARDED, &mut self.guarded)] {
            match list.iter().position(|name| found.is_called(name)) {
                Some(0) => *kept = Some(found.id),
                Some(_) if kept.is_none() => *kept = Some(found.id),
                _ => {}
            }
        }
    }

    fn add_enum(&mut self, found: &Type<'_>) {
        let types::Kind::Enum(members) = found.kind else {
            return;
        };
        for kind in Kind::ALL {
            let Some((place, prefix)) = kind.place() else {
                continue;
            };
            if !found.is_called(place) {
                continue;
            }
            let values = members
                .iter()
                .filter_map(|(name, value)| Some((told(kind, name.strip_prefix(prefix)?)?, value)));
            let values: BTreeMap<String, u32> = values.collect();
            // Enums without a name are many, and the same one may be there twice.
            if !values.is_empty() {
                self.enums.entry(kind).or_default().extend(values);
            }
        }
    }

    /// Whether the kernel has a name; nothing where its BTF doesn't tell.
    pub(super) fn has(&self, kind: Kind, names: &[&str]) -> Option<bool> {
        if kind == Kind::Kfunc {
            let has = || names.iter().any(|name| self.functions.contains(*name));
            return self.missing.is_none().then(has);
        }
        let values = self.enums.get(&kind)?;
        Some(names.iter().any(|name| values.contains_key(*name)))
    }

    /// Whether the kernel marks a function of this name as one for programs.
    #[must_use]
    pub fn offers(&self, function: &str) -> bool {
        self.marked && self.functions.contains(function)
    }

    /// The kernel's number of a name.
    #[must_use]
    pub fn number(&self, kind: Kind, name: &str) -> Option<u32> {
        self.enums.get(&kind)?.get(name).copied()
    }

    /// All the names of a kind the kernel has, with their numbers where they have any.
    pub(super) fn all(&self, kind: Kind) -> Vec<(&str, Option<u32>)> {
        if kind == Kind::Kfunc {
            let marked = self.functions.iter().filter(|_| self.marked);
            return marked.map(|name| (name.as_str(), None)).collect();
        }
        let values = self.enums.get(&kind);
        let values = values.into_iter().flatten();
        values
            .map(|(name, value)| (name.as_str(), Some(*value)))
            .collect()
    }
}

/// A name of an enum as the table writes it; those that mark the beginning and the end are none.
fn told(kind: Kind, name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    let no_name = matches!(lower.as_str(), "unspec" | "unkn" | "max" | "max_id");
    if no_name || lower.is_empty() || lower.starts_with('_') {
        return None;
    }
    Some(match kind {
        Kind::Helper => format!("bpf_{lower}"),
        _ => lower,
    })
}
