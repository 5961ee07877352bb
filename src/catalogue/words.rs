//! Conditions and remedies in words a person reads.

use std::fmt::Write;

use super::condition::{Condition, FactTest, ProbeTest, Test, Wanted};
use super::fix::{Fix, Needs, Remedy, Steps};

/// A line of an outline: how deep it stands, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutlineLine {
    /// 0 for the outermost.
    pub depth: usize,
    /// A sentence's part, without a full stop.
    pub text: String,
}

impl Condition {
    /// The condition as an outline: joined parts stand below the line that joins them.
    #[must_use]
    pub fn outline(&self) -> Vec<OutlineLine> {
        let mut lines = Vec::new();
        outline(self, 0, &mut lines);
        lines
    }

    /// The condition in one line.
    #[must_use]
    pub fn sentence(&self) -> String {
        if let Some(name) = os_of(self) {
            return format!("the distribution is {name} or akin to it");
        }
        let joined = |parts: &[Condition], word: &str| {
            let parts = parts.iter().map(|part| match part {
                _ if os_of(part).is_some() => part.sentence(),
                Condition::All(_) | Condition::Any(_) | Condition::Prefer(_) => {
                    format!("({})", part.sentence())
                }
                part => part.sentence(),
            });
            parts.collect::<Vec<_>>().join(word)
        };
        match self {
            Self::All(parts) => joined(parts, " and "),
            Self::Any(parts) => joined(parts, " or "),
            Self::Prefer(parts) => joined(parts, ", else "),
            Self::Not(part) => format!("not ({})", part.sentence()),
            Self::Kernel(range) => format!("the kernel is {}", String::from(range.clone())),
            Self::Fact(test) => of_fact(test),
            Self::Same(one, other) => format!("{one} is the same as {other}"),
            Self::Probe(test) => of_probe(test),
        }
    }
}

impl Condition {
    /// What a need asks for, in one line, without what stands there for hosts of which less is
    /// known.
    #[must_use]
    pub fn demand(&self) -> String {
        demanded(self).sentence()
    }
}

/// Of parts of which the first that has an answer counts, the first, and what follows an
/// experiment that may not have been made.
fn demanded(condition: &Condition) -> Condition {
    let each = |parts: &[Condition]| parts.iter().map(demanded).collect::<Vec<_>>();
    let is_experiment = |part: &Condition| match part {
        Condition::Probe(_) => true,
        Condition::Not(part) => matches!(**part, Condition::Probe(_)),
        _ => false,
    };
    // Numbers that all kernels have, and none: an answer for want of another one.
    let is_a_word = |part: &Condition| match part {
        Condition::Kernel(range) => {
            [">=2.6", ">=3.0", "<3.0"].contains(&String::from(range.clone()).as_str())
        }
        _ => false,
    };
    match condition {
        Condition::All(parts) => Condition::All(each(parts)),
        Condition::Any(parts) => Condition::Any(each(parts)),
        Condition::Prefer(parts) => {
            let mut kept = Vec::new();
            for part in parts.iter().filter(|part| !is_a_word(part)) {
                kept.push(demanded(part));
                if !is_experiment(part) {
                    break;
                }
            }
            match kept.len() {
                1 => kept.remove(0),
                _ => Condition::Prefer(kept),
            }
        }
        other => other.clone(),
    }
}

fn outline(condition: &Condition, depth: usize, lines: &mut Vec<OutlineLine>) {
    let (head, parts): (&str, &[Condition]) = match condition {
        _ if os_of(condition).is_some() => ("", &[]),
        Condition::All(parts) => ("all of these:", parts),
        Condition::Any(parts) => ("one of these:", parts),
        Condition::Prefer(parts) => ("the first of these that has an answer:", parts),
        Condition::Not(part) if is_joined(part) => ("not:", std::slice::from_ref(part.as_ref())),
        _ => ("", &[]),
    };
    if parts.is_empty() {
        let text = condition.sentence();
        lines.push(OutlineLine { depth, text });
        return;
    }
    let text = head.to_owned();
    lines.push(OutlineLine { depth, text });
    for part in parts {
        outline(part, depth + 1, lines);
    }
}

fn is_joined(condition: &Condition) -> bool {
    let joins = matches!(
        condition,
        Condition::All(_) | Condition::Any(_) | Condition::Prefer(_)
    );
    joins && os_of(condition).is_none()
}

/// The name in `{os: NAME}`, which is read as a question over three facts.
pub(super) fn os_of(condition: &Condition) -> Option<&str> {
    let Condition::Any(parts) = condition else {
        return None;
    };
    let [
        Condition::Fact(id),
        Condition::Fact(family),
        Condition::Fact(like),
    ] = parts.as_slice()
    else {
        return None;
    };
    let keys = [&id.key, &family.key, &like.key].map(String::as_str);
    match &like.test {
        Test::Has(name) if keys == ["os.id", "os.family", "os.id-like"] => Some(name),
        _ => None,
    }
}

fn of_fact(test: &FactTest) -> String {
    let key = test.key.as_str();
    let subject = match key.split_once('.') {
        Some(("config", option)) => format!("CONFIG_{option}"),
        Some(("sysctl", name)) => format!("the sysctl {name}"),
        Some(("cmdline", name)) => format!("the kernel argument {name}"),
        Some(("file", path)) => {
            return match test.test {
                Test::Is(ref values) if values == &[Wanted::Bool(true)] => {
                    format!("{path} is there")
                }
                _ => format!("file {path} {}", of_test(&test.test)),
            };
        }
        Some(("mount", kind)) => {
            return match &test.test {
                Test::Some => format!("a {kind} file system is mounted"),
                Test::Has(at) => format!("a {kind} file system is mounted at {at}"),
                other => format!("mounts of {kind} {}", of_test(other)),
            };
        }
        _ => key.to_owned(),
    };
    match (key, &test.test) {
        ("filesystems", Test::Has(name)) => format!("the kernel knows the file system {name}"),
        ("privilege.capabilities", Test::Has(name)) => format!("this process holds {name}"),
        ("security.lsm", Test::Has(name)) => format!("the security module {name} is active"),
        (_, other) => format!("{subject} {}", of_test(other)),
    }
}

fn of_test(test: &Test) -> String {
    match test {
        Test::Is(values) => {
            let special = values.iter().all(|value| {
                matches!(value, Wanted::Text(word) if matches!(word.as_str(), "set" | "unset" | "absent"))
            });
            let words: Vec<String> = values.iter().map(ToString::to_string).collect();
            match (special, words.as_slice()) {
                (true, [word]) if word == "unset" => "is not set, or absent".to_owned(),
                _ => format!("is {}", in_runs(&words).join(" or ")),
            }
        }
        Test::Has(item) => format!("has {item}"),
        Test::AtLeast(number) => format!("is at least {number}"),
        Test::AtMost(number) => format!("is at most {number}"),
        Test::Some => "has something in it".to_owned(),
    }
}

/// Releases that follow one another told by the first and the last: `6.0 to 6.10`.
fn in_runs(words: &[String]) -> Vec<String> {
    let mut told = Vec::new();
    let mut rest = words;
    while let Some(first) = rest.first() {
        let steps = rest.windows(2).take_while(|pair| match pair {
            [one, next] => follows(one, next),
            _ => false,
        });
        let run = steps.count() + 1;
        let (of_run, behind) = rest.split_at(run);
        rest = behind;
        match of_run {
            [_, _, .., last] => told.push(format!("{first} to {last}")),
            few => told.extend(few.iter().cloned()),
        }
    }
    told
}

/// Whether this is the release after another: the next minor number, or half a year later.
fn follows(one: &str, next: &str) -> bool {
    let parts = |text: &str| -> Option<(u32, u32)> {
        let (major, minor) = text.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    };
    let (Some(one), Some(next)) = (parts(one), parts(next)) else {
        return false;
    };
    let half_a_year = match one {
        (year, 4) => (year, 10),
        (year, 10) => (year + 1, 4),
        other => other,
    };
    next == (one.0, one.1 + 1) || (half_a_year != one && next == half_a_year)
}

fn of_probe(test: &ProbeTest) -> String {
    let mut text = format!("the probe {}", test.probe);
    if test.works {
        text.push_str(" works");
        return text;
    }
    text.push_str(" fails");
    // Writing to a String cannot fail.
    if let Some(stage) = &test.stage {
        let _ok = write!(text, " at {stage}");
    }
    if !test.errno.is_empty() {
        let _ok = write!(text, " with {}", test.errno.join(" or "));
    }
    if let Some(log) = &test.log {
        let _ok = write!(text, ", its log saying `{log}`");
    }
    text
}

impl Fix {
    /// What becomes of the host, in lines: settings by their names, commands as they stand.
    #[must_use]
    pub fn remedy_lines(&self) -> Vec<String> {
        let pairs = |map: &std::collections::BTreeMap<String, String>, before: &str| {
            let lines = map
                .iter()
                .map(|(name, value)| format!("{before}{name}={value}"));
            lines.collect::<Vec<_>>()
        };
        match &self.remedy {
            Remedy::KernelArguments { add, remove } => {
                let add = add
                    .iter()
                    .map(|word| format!("kernel argument to add: {word}"));
                let remove = remove
                    .iter()
                    .map(|word| format!("kernel argument to remove: {word}"));
                add.chain(remove).collect()
            }
            Remedy::KernelConfig(options) => pairs(options, "CONFIG_"),
            Remedy::Sysctl(settings) => pairs(settings, "sysctl "),
            Remedy::Mount(mount) => vec![format!(
                "mount -t {} -o {} {} {}",
                mount.kind, mount.options, mount.kind, mount.at
            )],
            Remedy::Capabilities(names) => vec![names.join(", ")],
            Remedy::Memlock(limit) => vec![format!("RLIMIT_MEMLOCK = {limit}")],
            Remedy::Steps(
                _,
                Steps {
                    kernel: Some(kernel),
                    ..
                },
            ) => {
                let (major, minor) = kernel.series();
                vec![format!(
                    "a packaged kernel of {major}.{minor} or later, as the release of the host has one"
                )]
            }
            Remedy::Steps(_, steps) => steps.commands.clone(),
        }
    }

    /// Whether its lines are commands, written out in the catalogue.
    #[must_use]
    pub fn is_steps(&self) -> bool {
        matches!(&self.remedy, Remedy::Steps(_, steps) if steps.kernel.is_none())
    }

    /// The kind of remedy, as it is written in a checks file.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        use super::fix::StepsKind;
        match &self.remedy {
            Remedy::KernelArguments { .. } => "kernel-arguments",
            Remedy::KernelConfig(_) => "kernel-config",
            Remedy::Sysctl(_) => "sysctl",
            Remedy::Mount(_) => "mount",
            Remedy::Capabilities(_) => "capabilities",
            Remedy::Memlock(_) => "memlock",
            Remedy::Steps(StepsKind::Package, _) => "package",
            Remedy::Steps(StepsKind::Upgrade, _) => "upgrade",
            Remedy::Steps(StepsKind::Program, _) => "program",
            Remedy::Steps(StepsKind::Setting, _) => "setting",
        }
    }

    /// What it takes before it helps.
    #[must_use]
    pub fn needs(&self) -> Needs {
        match &self.remedy {
            Remedy::KernelArguments { .. } => Needs::Reboot,
            Remedy::KernelConfig(_) => Needs::Rebuild,
            Remedy::Steps(_, steps) => steps.needs,
            Remedy::Sysctl(_) | Remedy::Mount(_) | Remedy::Capabilities(_) | Remedy::Memlock(_) => {
                Needs::Privilege
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(text: &str) -> Condition {
        crate::yaml::from_str(text).unwrap()
    }

    #[test]
    fn sentences() {
        for (text, sentence) in [
            ("{kernel: \">=4.20 <5.13\"}", "the kernel is >=4.20 <5.13"),
            (
                "{config: BPF_LSM, is: unset}",
                "CONFIG_BPF_LSM is not set, or absent",
            ),
            ("{config: BPF_LSM, is: [y, m]}", "CONFIG_BPF_LSM is y or m"),
            ("{mount: bpf}", "a bpf file system is mounted"),
            (
                "{mount: bpf, at: /sys/fs/bpf}",
                "a bpf file system is mounted at /sys/fs/bpf",
            ),
            ("{os: rhel}", "the distribution is rhel or akin to it"),
            (
                "{not: {lsm: bpf}}",
                "not (the security module bpf is active)",
            ),
            (
                "{probe: p, outcome: fails, errno: [EPERM, EACCES], stage: load}",
                "the probe p fails at load with EPERM or EACCES",
            ),
            (
                "{all: [{sysctl: a.b, at-least: 2}, {any: [{os: arch}, {cgroup: hybrid}]}]}",
                "the sysctl a.b is at least 2 and (the distribution is arch or akin to it or \
                 cgroup.mode is hybrid)",
            ),
        ] {
            assert_eq!(condition(text).sentence(), sentence);
        }
    }

    #[test]
    fn joined_parts_stand_below_each_other() {
        let text = "{prefer: [{probe: p, outcome: works}, {all: [{os: arch}, {lsm: bpf}]}]}";
        let lines = condition(text).outline();
        let lines: Vec<(usize, &str)> = lines
            .iter()
            .map(|line| (line.depth, line.text.as_str()))
            .collect();
        assert_eq!(
            lines,
            [
                (0, "the first of these that has an answer:"),
                (1, "the probe p works"),
                (1, "all of these:"),
                (2, "the distribution is arch or akin to it"),
                (2, "the security module bpf is active"),
            ]
        );
    }

    #[test]
    fn releases_in_a_row_are_told_by_their_ends() {
        let rows = [
            ("'12', '13'", "12 or 13"),
            ("'9.1', '9.2'", "9.1 or 9.2"),
            (
                "'7', '6.8', '6.9', '6.10', '7.0', '7.1', '7.2'",
                "7 or 6.8 to 6.10 or 7.0 to 7.2",
            ),
            (
                "'14.04', '16.04', '18.04', '18.10', '19.04'",
                "14.04 or 16.04 or 18.04 to 19.04",
            ),
            ("alpha, beta, gamma", "alpha or beta or gamma"),
        ];
        for (values, told) in rows {
            let condition = condition(&format!("{{fact: os.version-id, is: [{values}]}}"));
            assert_eq!(condition.sentence(), format!("os.version-id is {told}"));
        }
    }

    #[test]
    fn what_is_demanded_is_told_without_makeshifts() {
        let option = "{config: X, is: y}";
        for (text, told) in [
            (
                format!("{{prefer: [{option}, {{all: [{{kernel: '>=6.12'}}, {option}]}}]}}"),
                "CONFIG_X is y",
            ),
            (
                "{prefer: [{not: {probe: p, outcome: fails, errno: EPERM}}, {kernel: '>=3.0'}]}"
                    .to_owned(),
                "not (the probe p fails with EPERM)",
            ),
            (
                format!(
                    "{{all: [{{prefer: [{{probe: p, outcome: works}}, {option}]}}, {{kernel: '>=5.8'}}]}}"
                ),
                "(the probe p works, else CONFIG_X is y) and the kernel is >=5.8",
            ),
        ] {
            assert_eq!(condition(&text).demand(), told);
        }
    }
}
