//! Whether a fix changes anything, or only says where to look.

use serde::{Deserialize, Serialize};

use super::super::words::{Remedy, Words};
use super::judge::Class;
use crate::diagnosis::{Needs, Status};

/// What it takes to mend a cause on a host, the hardest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cure {
    /// A fix is known, and takes this.
    Takes(Needs),
    /// Nobody said: an earlier doctor wrote the summary and had no room for the words.
    Untold,
    /// No fix is known.
    Unknown,
    /// There is advice, and nothing to do on the host that changes it.
    OnlyLooks,
}

/// What it takes to mend a finding with these words.
pub(in super::super) fn cure(words: &Words) -> Cure {
    match mending(words) {
        None => Cure::Unknown,
        Some(fix) if changes(fix) => Cure::Takes(fix.needs),
        Some(_) => Cure::OnlyLooks,
    }
}

/// The fix that is told of a finding with these words. Fixes come cheapest first; before that
/// counts what they do: one that changes the host without a build; one in the program, of which
/// a build is no match for who has to run it; a build; what is done by hand; what changes the host and
/// perhaps helps; other words on the program; and what only looks, or says that there is none.
pub(in super::super) fn mending(words: &Words) -> Option<&Remedy> {
    words.fixes.iter().min_by_key(|fix| match changes(fix) {
        true if is_typed(fix) && fix.needs < Needs::Rebuild => 0,
        true if is_typed(fix) => 2,
        true => 3,
        false if is_in_program(fix) && is_typed(fix) => 1,
        false if is_doubtful(fix) => 4,
        false if is_in_program(fix) => 5,
        false if is_typed(fix) => 6,
        false => 7,
    })
}

/// What tells the work that mends a finding with these words from other work on the same host:
/// the lines that are typed, without those that only prepare or end it. A kernel that is built
/// is built once, whatever options it gets, so that those don't tell.
pub(super) fn steps(words: &Words) -> Option<Vec<&str>> {
    let fix = mending(words).filter(|fix| changes(fix))?;
    let lines = fix.commands.iter().map(|line| line.trim());
    if fix.needs == Needs::Rebuild && fix.kind == BUILD {
        return Some(lines.filter(|line| !is_option(line)).collect());
    }
    let typed: Vec<&str> = lines.filter(|line| !is_comment(line)).collect();
    let is_own = |line: &&str| !AROUND.contains(line);
    let own: Vec<&str> = typed.iter().copied().filter(is_own).collect();
    let steps = if own.is_empty() { typed } else { own };
    (!steps.is_empty()).then_some(steps)
}

/// The kind of fix that changes the program, and not the host.
const PROGRAM: &str = "program";
/// The kind of fix that builds a kernel.
const BUILD: &str = "kernel-config";

/// Lines that lead to a change, or end it, whatever it is.
const AROUND: &[&str] = &[
    "apk update",
    "apt update",
    "apt-get update",
    "dnf makecache",
    "reboot",
    "yum makecache",
    "zypper refresh",
];

/// Whether a line of a build is about the options of the kernel alone, or what they need.
fn is_option(line: &str) -> bool {
    line.contains("CONFIG_")
        || line.contains("scripts/config ")
        || line.starts_with("pahole ")
        || (line.starts_with('#') && line.contains("dwarves"))
}

/// What a fix takes, or why it mends nothing.
pub(in super::super) fn takes(fix: &Remedy) -> &'static str {
    match fix.needs {
        _ if is_in_program(fix) => "program",
        _ if is_doubtful(fix) => "perhaps",
        _ if !changes(fix) && is_typed(fix) => "looks",
        _ if !changes(fix) => "no-known-fix",
        Needs::Nothing => "nothing",
        Needs::Privilege => "privilege",
        Needs::Reboot => "reboot",
        Needs::Rebuild => "rebuild",
    }
}

/// Whether a fix that takes this changes a host.
pub(super) fn changes_host(takes: &str) -> bool {
    ["nothing", "privilege", "reboot", "rebuild"].contains(&takes)
}

/// The first fix that can be typed, whether it changes anything or not.
pub(in super::super) fn first_typed(words: &Words) -> Option<&Remedy> {
    let typed = words.fixes.iter().find(|fix| !fix.commands.is_empty());
    typed.or_else(|| words.fixes.first())
}

/// Whether something is known to do about each cause of these hosts.
pub(super) fn is_mendable(class: &Class<'_>) -> bool {
    worst(class) <= Cure::Untold
}

/// What it takes to mend all causes of these hosts.
pub(super) fn worst(class: &Class<'_>) -> Cure {
    let of_check = |check: &str| {
        let mut findings = class.findings.iter().filter(|known| *known.check == *check);
        let known = findings.find(|known| known.status == Status::Fail);
        // What is unknown counts only where all must be known; looking is what mends it.
        let known = known.or_else(|| class.findings.iter().find(|known| *known.check == *check));
        match known {
            Some(known) if known.status == Status::Fail => known.cure,
            Some(_) => Cure::Unknown,
            None => Cure::Untold,
        }
    };
    let cures = class.blockers.iter().map(|check| of_check(check));
    cures.max().unwrap_or(Cure::Untold)
}

/// Whether there is something to type; lines that only tell what to do are none.
fn is_typed(fix: &Remedy) -> bool {
    fix.commands.iter().any(|line| !is_comment(line))
}

fn is_comment(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

/// Whether a fix changes something on the host. Without commands it does if it takes more
/// than a word with somebody: another boot, another kernel, a right. What is done in a program
/// lets that program run, and leaves the host as it is, and so what is found of it. What changes
/// the host, and perhaps not what is found of it, is counted on for nothing.
fn changes(fix: &Remedy) -> bool {
    !fix.perhaps && alters(fix)
}

/// Whether a fix changes the host, and it is not known whether that helps.
fn is_doubtful(fix: &Remedy) -> bool {
    fix.perhaps && alters(fix)
}

fn alters(fix: &Remedy) -> bool {
    fix.kind != PROGRAM
        && match is_typed(fix) {
            false => fix.needs > Needs::Nothing,
            true => fix.commands.iter().any(|line| acts(line)),
        }
}

/// Whether a fix says what to do in the program. With lines that only tell, those say why there
/// is nothing to do, and so do some summaries.
fn is_in_program(fix: &Remedy) -> bool {
    let acts = fix.commands.iter().any(|line| acts(line));
    fix.kind == PROGRAM && (acts || fix.commands.is_empty()) && !says_none(&fix.summary)
}

/// Whether a summary says that there is nothing to do. The words are those of diagnosis and of
/// its catalogue.
fn says_none(summary: &str) -> bool {
    summary.starts_with("None ") || summary.starts_with("It takes another kernel")
}

/// Whether a line that is typed changes something. What is not known to look alone does.
fn acts(line: &str) -> bool {
    if is_comment(line) {
        return false;
    }
    let line = line.trim();
    let bare = line
        .replace("2>&1", " ")
        .replace("2>/dev/null", " ")
        .replace(">/dev/null", " ")
        .replace("> /dev/null", " ");
    if bare.contains('>') {
        return true;
    }
    let parts = bare.split(['|', ';', '&']);
    parts
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .any(|part| !looks(part))
}

/// Programs that only show something, whatever they are told.
const SHOW: &[&str] = &[
    "aa-status",
    "audit2why",
    "ausearch",
    "awk",
    "bpf-doctor",
    "cat",
    "cut",
    "date",
    "df",
    "dmesg",
    "du",
    "egrep",
    "env",
    "false",
    "fgrep",
    "file",
    "findmnt",
    "getcap",
    "getenforce",
    "getfattr",
    "grep",
    "head",
    "id",
    "journalctl",
    "jq",
    "ldd",
    "less",
    "ls",
    "lsblk",
    "lscpu",
    "lsmod",
    "lsns",
    "modinfo",
    "nm",
    "objdump",
    "od",
    "pgrep",
    "printenv",
    "ps",
    "pwd",
    "readelf",
    "readlink",
    "sestatus",
    "sort",
    "stat",
    "strings",
    "systemd-detect-virt",
    "tail",
    "test",
    "tr",
    "true",
    "type",
    "uname",
    "uniq",
    "wc",
    "which",
    "who",
    "whoami",
    "xxd",
    "zcat",
    "zgrep",
];

/// Programs that show something with these words behind them.
const SHOW_WITH: &[(&str, &[&str])] = &[
    ("apt-cache", &[""]),
    (
        "bpftool",
        &["list", "show", "dump", "probe", "tree", "version"],
    ),
    ("capsh", &["--print", "--decode"]),
    ("command", &["-v"]),
    ("dnf", &["list", "info", "search", "provides", "repoquery"]),
    ("docker", &["info", "inspect", "logs", "ps", "version"]),
    ("dpkg", &["-l", "-S", "-L", "-s"]),
    ("grubby", &["--info", "--default-kernel"]),
    ("hostnamectl", &["status"]),
    (
        "kubectl",
        &["get", "describe", "logs", "version", "explain"],
    ),
    ("mokutil", &["--sb-state", "--list-enrolled"]),
    ("rpm", &["-q", "-qa", "-qf", "-ql"]),
    ("rpm-ostree", &["status"]),
    (
        "systemctl",
        &[
            "cat",
            "list-units",
            "show",
            "status",
            "is-active",
            "is-enabled",
        ],
    ),
];

fn looks(command: &str) -> bool {
    let mut words = command
        .split_whitespace()
        .skip_while(|word| matches!(*word, "sudo" | "if" | "then" | "!"));
    let program = words.next().unwrap_or_default();
    let program = program.rsplit('/').next().unwrap_or_default();
    let rest: Vec<&str> = words.collect();
    let any = |wanted: &[&str]| wanted.iter().any(|one| rest.contains(one));
    match program {
        "sysctl" => {
            !any(&["-w", "-p", "--system", "--write", "--load"])
                && !rest.iter().any(|word| word.contains('='))
        }
        "mount" => rest.is_empty() || rest.first() == Some(&"-l"),
        "sed" => !rest
            .iter()
            .any(|word| word.starts_with("-i") || word.starts_with("--in-place")),
        "find" => !any(&["-delete", "-exec", "-execdir", "-ok"]),
        "echo" | "printf" => true,
        "date" | "dmesg" => !any(&["-s", "-c", "-C", "--clear", "--set"]),
        "docker" | "kubectl" | "systemctl" | "bpftool" if any(&["delete", "rm", "restart"]) => {
            false
        }
        _ => {
            let with = SHOW_WITH.iter().find(|(name, _)| *name == program);
            SHOW.contains(&program) || with.is_some_and(|(_, words)| any(words) || *words == [""])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_look_and_that_act() {
        for (line, expected) in [
            ("bpftool prog list | grep -w lsm", false),
            ("sudo bpftool link list", false),
            ("# reboot", false),
            ("sysctl kernel.unprivileged_bpf_disabled", false),
            ("sysctl -w kernel.unprivileged_bpf_disabled=0", true),
            ("cat /proc/cmdline 2>/dev/null | tr ' ' '\\n'", false),
            ("echo 1 > /proc/sys/net/core/bpf_jit_enable", true),
            ("echo bpf | tee -a /etc/modules", true),
            ("mount", false),
            ("mount -t bpf bpf /sys/fs/bpf", true),
            ("sed -i s/a/b/ /etc/default/grub", true),
            ("sed -n 1p /etc/default/grub", false),
            (
                "ausearch -m avc -ts recent | audit2allow -M bpf-local",
                true,
            ),
            ("systemctl status x", false),
            ("systemctl restart x", true),
            ("kubectl get pods && kubectl delete pod x", true),
            ("grubby --update-kernel=ALL --args=lsm=bpf", true),
            ("frobnicate", true),
        ] {
            assert_eq!(acts(line), expected, "{line}");
        }
    }

    #[test]
    fn what_it_takes_to_mend() {
        let fix = |kind: &str, commands: &[&str], needs| Remedy {
            kind: kind.to_owned(),
            summary: "s".to_owned(),
            commands: commands.iter().map(|line| (*line).to_owned()).collect(),
            needs,
            risk: None,
            perhaps: false,
        };
        let words = |fixes: Vec<Remedy>| Words {
            area: String::new(),
            title: String::new(),
            because: String::new(),
            fixes,
        };
        let look = fix("setting", &["bpftool prog list"], Needs::Privilege);
        let ask = fix("program", &[], Needs::Nothing);
        let set = fix("setting", &["sysctl -w a=1"], Needs::Privilege);
        let boot = fix("host", &[], Needs::Reboot);
        let build = fix("kernel-config", &["# CONFIG_BPF_JIT=y", ""], Needs::Rebuild);
        let boot_typed = fix("host", &["grubby --args=lsm=bpf"], Needs::Reboot);
        let doubtful = Remedy {
            perhaps: true,
            ..boot_typed.clone()
        };
        let remark = fix("setting", &["# ask who set it"], Needs::Nothing);
        let file = fix("program", &["curl -fLO https://x/5.4.btf"], Needs::Nothing);
        let build_typed = fix("kernel-config", &["make"], Needs::Rebuild);
        for (fixes, expected) in [
            (vec![], Cure::Unknown),
            (vec![look.clone(), ask.clone()], Cure::OnlyLooks),
            (vec![ask.clone()], Cure::OnlyLooks),
            (vec![look.clone(), set], Cure::Takes(Needs::Privilege)),
            (vec![look.clone(), boot], Cure::Takes(Needs::Reboot)),
            // What is done in a program leaves the host as it was, and goes before a build alone.
            (vec![file.clone()], Cure::OnlyLooks),
            (vec![file.clone(), build_typed], Cure::OnlyLooks),
            (vec![file, boot_typed.clone()], Cure::Takes(Needs::Reboot)),
            // What to build, told in comments alone.
            (vec![build.clone()], Cure::Takes(Needs::Rebuild)),
            (
                vec![build.clone(), boot_typed.clone()],
                Cure::Takes(Needs::Reboot),
            ),
            (vec![remark], Cure::OnlyLooks),
            (vec![doubtful.clone()], Cure::OnlyLooks),
            (vec![doubtful, build], Cure::Takes(Needs::Rebuild)),
        ] {
            assert_eq!(cure(&words(fixes)), expected);
        }
    }

    /// Of what is known the most helpful is told, and what it takes is true of it.
    #[test]
    fn what_is_told_of_several_fixes() {
        let fix = |kind: &str, summary: &str, commands: &[&str], needs| Remedy {
            kind: kind.to_owned(),
            summary: summary.to_owned(),
            commands: commands.iter().map(|line| (*line).to_owned()).collect(),
            needs,
            risk: None,
            perhaps: false,
        };
        let none = fix("program", "boot", &["# no kernel of it"], Needs::Nothing);
        let unknown = fix("program", "None is known here", &[], Needs::Nothing);
        let option = fix("program", "start it so", &[], Needs::Nothing);
        let file = fix(
            "program",
            "a file",
            &["curl -fLO https://x"],
            Needs::Nothing,
        );
        let build = fix("kernel-config", "build", &["make"], Needs::Rebuild);
        let boot = fix("upgrade", "upgrade", &["apt-get install x"], Needs::Reboot);
        let newest = Remedy {
            perhaps: true,
            ..fix("upgrade", "newest", &["apt-get upgrade"], Needs::Reboot)
        };
        let look = fix("setting", "look", &["lsmod"], Needs::Nothing);
        for (fixes, told, what) in [
            (vec![&none], "boot", "no-known-fix"),
            (vec![&unknown], "None is known here", "no-known-fix"),
            (vec![&none, &option], "start it so", "program"),
            (vec![&look, &option], "start it so", "program"),
            (vec![&option, &look, &build], "build", "rebuild"),
            (vec![&build, &file], "a file", "program"),
            (vec![&file, &build, &boot], "upgrade", "reboot"),
            (vec![&none, &look], "look", "looks"),
            (vec![&newest, &build], "build", "rebuild"),
            (vec![&newest, &option], "newest", "perhaps"),
        ] {
            let words = Words {
                area: String::new(),
                title: String::new(),
                because: String::new(),
                fixes: fixes.into_iter().cloned().collect(),
            };
            let fix = mending(&words).unwrap();
            assert_eq!((fix.summary.as_str(), takes(fix)), (told, what));
        }
    }
}
