//! Kernel options, sysctls and kernels that checks and profiles name, held against those that are
//! known.

use std::collections::BTreeSet;

use super::check::Check;
use super::file::OptionRule;
use super::fix::{Fix, Remedy};
use super::lint::Level;
use super::rules::Scene;
use crate::version::KernelVersion;

/// The kernel options that a fix sets.
pub(super) fn set_by(fix: &Fix) -> impl Iterator<Item = &String> {
    let settings = match &fix.remedy {
        Remedy::KernelConfig(settings) => Some(settings),
        _ => None,
    };
    settings.into_iter().flat_map(|settings| settings.keys())
}

/// The kernel options that the fixes of a check set.
pub(super) fn options_set(check: &Check) -> impl Iterator<Item = String> {
    let fixes = check.causes.iter().flat_map(|cause| &cause.fixes);
    fixes.flat_map(set_by).cloned()
}

/// Nobody has all options of all kernels; those of BPF are few, a slip of the pen is near what was
/// meant, and what nobody asked about before is worth a second look. `known` are those of the
/// catalogue before; of none, nothing is said.
pub(super) fn strange(named: BTreeSet<String>, known: &BTreeSet<String>) -> Vec<(Level, String)> {
    if known.is_empty() {
        return Vec::new();
    }
    let is_new = |option: &&String| !known.contains(*option) && !BPF.contains(&option.as_str());
    let told = named.iter().filter(is_new).map(|option| {
        let others = known.iter().map(String::as_str);
        let likely = |other: &&str| strsim::damerau_levenshtein(option, other) <= 2;
        let meant = others.chain(BPF.iter().copied()).find(likely);
        let message = match meant {
            Some(meant) if option.len() > 5 => {
                format!("is there an option CONFIG_{option}? There is CONFIG_{meant}")
            }
            _ if option.starts_with("BPF_") => {
                format!("no kernel has an option CONFIG_{option}, as far as is known here")
            }
            _ => format!(
                "no check here has asked about an option CONFIG_{option}: see that Kconfig has it, \
                 by this name"
            ),
        };
        (Level::Advice, message)
    });
    told.collect()
}

/// A fix that switches an option off which another of its options needs, or one on with which that
/// can't be: the build lacks it.
pub(super) fn undone(fix: &Fix, rules: &[OptionRule]) -> Option<(Level, String)> {
    let Remedy::KernelConfig(settings) = &fix.remedy else {
        return None;
    };
    let is_off = |option: &String| settings.get(option).is_some_and(|value| value == "n");
    let is_on = |option: &&String| settings.get(*option).is_some_and(|value| value != "n");
    let wanted = settings.iter().filter(|(_, value)| *value != "n");
    for (option, _) in wanted {
        let (mut todo, mut seen) = (vec![option], BTreeSet::new());
        while let Some(next) = todo.pop() {
            if !seen.insert(next) {
                continue;
            }
            if is_off(next) {
                let message = format!("{option} needs {next}, which the fix switches off");
                return Some((Level::Error, message));
            }
            let of_next = rules.iter().filter(|rule| rule.option == *next);
            let mut excluded = of_next.clone().flat_map(|rule| &rule.excludes);
            if let Some(other) = excluded.find(is_on) {
                let message = format!("{next} can't be with {other}, which the fix switches on");
                return Some((Level::Error, message));
            }
            todo.extend(of_next.flat_map(|rule| &rule.needs));
        }
    }
    None
}

/// The last kernel of each number before the point, and the newest that is known.
const LAST: &[(u32, u32)] = &[(3, 19), (4, 20), (5, 19), (6, 19), NEWEST];
pub(super) const NEWEST: (u32, u32) = (7, 3);

/// Sysctls that no host is asked for, which fail where they are typed if their name is wrong, and
/// upgrades to kernels that nobody has released.
pub(super) fn unheard_of<'a>(
    fixes: impl Iterator<Item = &'a Fix>,
    scene: &Scene,
) -> Vec<(Level, String)> {
    let mut told = Vec::new();
    for fix in fixes {
        match &fix.remedy {
            Remedy::Sysctl(settings) => {
                let names = settings.keys().filter_map(|name| no_sysctl(name, scene));
                told.extend(names);
            }
            Remedy::Steps(_, steps) => told.extend(steps.kernel.and_then(no_kernel)),
            _ => {}
        }
    }
    told.dedup();
    told
}

fn no_sysctl(name: &str, scene: &Scene) -> Option<(Level, String)> {
    let key = format!("sysctl.{name}");
    if (scene.is_fact)(&key) {
        return None;
    }
    let near = (scene.nearest_fact)(&key);
    let near = near.and_then(|near| Some(near.strip_prefix("sysctl.")?.to_owned()));
    let hint = near.map_or_else(
        || format!("see that `sysctl {name}` tells it"),
        |near| format!("there is `{near}`"),
    );
    let message = format!("`sysctl`: no kernel is known here to have `{name}`; {hint}");
    Some((Level::Advice, message))
}

fn no_kernel(kernel: KernelVersion) -> Option<(Level, String)> {
    let (major, minor) = kernel.series();
    let mut last = LAST.iter().filter(|last| last.0 == major);
    let is_none = major > NEWEST.0 || last.any(|last| minor > last.1);
    is_none.then(|| {
        let (first, second) = NEWEST;
        let message = format!(
            "`upgrade`: no mainline kernel {major}.{minor} is known here; the newest is \
             {first}.{second}"
        );
        (Level::Advice, message)
    })
}

/// The options of BPF itself, of all kernels.
const BPF: &[&str] = &[
    "BPF",
    "BPFILTER",
    "BPFILTER_UMH",
    "BPF_EVENTS",
    "BPF_JIT",
    "BPF_JIT_ALWAYS_ON",
    "BPF_JIT_DEFAULT_ON",
    "BPF_KPROBE_OVERRIDE",
    "BPF_LIRC_MODE2",
    "BPF_LSM",
    "BPF_PRELOAD",
    "BPF_PRELOAD_UMD",
    "BPF_STREAM_PARSER",
    "BPF_SYSCALL",
    "BPF_UNPRIV_DEFAULT_OFF",
];
