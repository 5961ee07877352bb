//! Where two files of a host that is known from files tell different things of its kernel.

use std::collections::BTreeSet;

use super::boot::arguments;
use super::kernel_log::KernelLog;
use super::keys::Values::List;
use super::{
    Fact, Facts, KeyInfo, Value, kernel, kernel_log, lockdown, modules, os, reader, sysctl, tables,
};
use crate::host::{Conflict, Host, KERNEL_LOG, boot, is_same_host};
use crate::version::KernelVersion;

/// The kernel's name for itself: release, who built it, and its build.
const VERSION: &str = "/proc/version";

pub(super) const KEYS: &[KeyInfo] = &[KeyInfo::one(
    "kernel.disagreements",
    List,
    "Sentences on what two files tell differently of the kernel and its system: its release and \
     machine, its name, its settings, its modules, SELinux, its command line, lockdown and security modules beside what the \
     command line asks for, Secure Boot, what is mounted, the distribution's version.",
)];

/// Compares; the distribution, the kernel, its command line and what secures it have to be
/// collected before.
pub(super) fn collect(host: &dyn Host, log: &KernelLog, facts: &mut Facts) {
    let mut sentences = told_twice(&host.conflicts());
    let place = |place: &str| host.origin(place).unwrap_or_else(|| place.to_owned());
    sentences.extend(another_command_line(log, facts, &place));
    sentences.extend(other_kernels(host, log, facts, &place));
    sentences.extend(another_machine(facts, &place));
    sentences.extend(lockdown::another(facts, &place));
    sentences.extend(lockdown::unasked_for(log, facts, &place));
    sentences.extend(lockdown::denied_by_log(log, facts, &place));
    sentences.extend(another_list(log, facts, &place));
    sentences.extend(other_modules(log, facts, &place));
    sentences.extend(another_firmware(log, facts, &place));
    sentences.extend(os::another(host, facts, &place));
    sentences.extend(tables::differences(host, &place));
    // A file may say the same thing twice.
    let mut known = BTreeSet::new();
    sentences.retain(|sentence| known.insert(sentence.clone()));
    // Of a kernel of which nothing is known, nothing was compared.
    let release = facts.get("kernel.release");
    let fact = match (&release, sentences.is_empty()) {
        (Fact::Unknown { .. }, false) => Fact::known(sentences, facts.get("os.id").source()),
        _ => release.map(|_| Value::List(sentences)),
    };
    facts.set("kernel.disagreements", fact);
}

/// Of what two files tell differently, what says something of the kernel; a copy of /proc has
/// counters, too, which are another number each time.
fn told_twice(conflicts: &[Conflict]) -> Vec<String> {
    let mut sentences = Vec::new();
    for conflict in conflicts {
        match conflict.path.as_str() {
            "/proc/modules" => sentences.extend(another_list_of_modules(conflict)),
            _ => sentences.extend(another_value(conflict)),
        }
    }
    sentences
}

/// One value, told in two ways.
fn another_value(conflict: &Conflict) -> Option<String> {
    let ((here, place), (there, other)) = (&conflict.told, &conflict.denied);
    // What a command said instead of its answer is no other one.
    let mode = |text: &str| match text {
        "1" => Some("enforcing".to_owned()),
        "0" => Some("permissive".to_owned()),
        "disabled" => Some(text.to_owned()),
        _ => None,
    };
    let (what, here, there) = match conflict.path.as_str() {
        "/sys/fs/selinux/enforce" => ("SELinux".to_owned(), mode(here)?, mode(there)?),
        // Both are the name the kernel has at that time, long or short; what a file in /etc says
        // is often another one, of an image or before the network gave one.
        "/proc/sys/kernel/hostname" => {
            if is_same_host(here, there) || !is_host_name(here) || !is_host_name(there) {
                return None;
            }
            (HOST_NAME.to_owned(), here.clone(), there.clone())
        }
        path => (what_is_set(path)?, here.clone(), there.clone()),
    };
    Some(format!(
        "{what} is {here} in {place} and {there} in {other}"
    ))
}

/// Whether this can be the name of a host, and is not what was said instead of one.
pub(crate) fn is_host_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    !name.is_empty() && name.chars().all(fits)
}

/// How the sentence begins that tells two names of a host.
pub(crate) const HOST_NAME: &str = "the host's name";

/// What a path of settings says of the kernel.
fn what_is_set(path: &str) -> Option<String> {
    let name = path.strip_prefix("/proc/sys/")?.replace('/', ".");
    match name.as_str() {
        "kernel.osrelease" => return Some("the kernel's release".to_owned()),
        "kernel.version" => return Some("the kernel's build".to_owned()),
        "kernel.arch" => return Some("the machine".to_owned()),
        _ => {}
    }
    let key = format!("sysctl.{name}");
    let judged = sysctl::KEYS.iter().any(|info| info.key == key);
    judged.then_some(name)
}

/// Of the modules that one list has and another has not, those that bear on BPF: any other may
/// come or go while files are collected.
fn another_list_of_modules(conflict: &Conflict) -> Vec<String> {
    let ((here, place), (there, other)) = (&conflict.told, &conflict.denied);
    let judged = |name: &&str| {
        let key = format!("module.{name}");
        modules::KEYS.iter().any(|info| info.key == key)
    };
    let one = |names: &str, place: &str, other: &str| -> Vec<String> {
        let names = names.split(',').filter(judged);
        names
            .map(|name| format!("the module {name} is loaded by {place} and not by {other}"))
            .collect()
    };
    [one(here, place, other), one(there, other, place)].concat()
}

/// The log of another kernel, its own words in /proc/version, or an image of another than the one
/// that runs.
fn other_kernels(
    host: &dyn Host,
    log: &KernelLog,
    facts: &Facts,
    place: &dyn Fn(&str) -> String,
) -> Vec<String> {
    let meant = facts.get("kernel.release");
    let Some(Value::Text(release)) = meant.value() else {
        return Vec::new();
    };
    if facts.text("kernel.state").as_deref() != Some("running") {
        return Vec::new();
    }
    // A kernel that runs has said all of it itself.
    let banner = if host.is_live() {
        String::new()
    } else {
        reader::text(host, VERSION).unwrap_or_default()
    };
    let cmdline = facts.text("cmdline").unwrap_or_default();
    let image = cmdline
        .split_whitespace()
        .find_map(|word| word.strip_prefix("BOOT_IMAGE="));
    let named = [
        (kernel_log::release_in(&banner).map(str::to_owned), VERSION),
        (log.release().map(str::to_owned), KERNEL_LOG),
        (image.and_then(boot::release_of), "/proc/cmdline"),
    ];
    let other = |(other, source): (Option<String>, &str)| {
        // The image of a copy that somebody made is one of the same kernel.
        let is_same = |other: &String| other == release || boot::copied(other) == Some(release);
        let other = other.filter(|other| !is_same(other))?;
        Some(format!(
            "the kernel's release is {release} in {} and {} in {}",
            place(meant.source()),
            reader::shown(&other).trim_matches('`'),
            place(source)
        ))
    };
    let mut sentences: Vec<String> = named.into_iter().filter_map(other).collect();
    let build = facts.get("kernel.build");
    let there = banner.split_once(" #").map(|(_, build)| build.trim());
    if let (Some(Value::Text(here)), Some(there)) = (build.value(), there)
        && sentences.is_empty()
        && here.trim_start_matches('#') != there
    {
        sentences.push(format!(
            "the kernel's build is {here} in {} and #{there} in {}",
            place(build.source()),
            place(VERSION)
        ));
    }
    sentences
}

/// A machine that is none of those the kernel's release says it is for.
fn another_machine(facts: &Facts, place: &dyn Fn(&str) -> String) -> Option<String> {
    let (machine, release) = (facts.get("kernel.arch"), facts.get("kernel.release"));
    let (Some(Value::Text(here)), Some(Value::Text(name))) = (machine.value(), release.value())
    else {
        return None;
    };
    let there = kernel::machine_in(name)?;
    // Programs for smaller machines are told a smaller one by the same kernel (setarch), and
    // some tools write a machine as Debian does.
    let also: &[&str] = match there {
        "x86_64" => &["amd64", "i386", "i486", "i586", "i686"],
        "aarch64" => &["arm64", "armv6l", "armv7l", "armv8l", "arm"],
        "s390x" => &["s390"],
        "ppc64le" => &["ppcle"],
        _ => &[],
    };
    (here != there && !also.contains(&here.as_str())).then(|| {
        format!(
            "the machine is {here} in {} and {there} by the release {name} in {}",
            place(machine.source()),
            place(release.source())
        )
    })
}

/// The list of active security modules as securityfs has it, and as the kernel wrote it to its
/// log as it started: nothing changes it later.
fn another_list(log: &KernelLog, facts: &Facts, place: &dyn Fn(&str) -> String) -> Option<String> {
    let active = facts.get("security.lsm");
    let (Some(Value::List(here)), Some(logged)) = (active.value(), log.modules()) else {
        return None;
    };
    let Some(Value::List(there)) = logged.value() else {
        return None;
    };
    // The log has those, too, which have no hooks and which securityfs does not list; bpf has a
    // sentence of its own.
    let own = ["integrity", "ima", "evm"];
    let has = |names: &[String], name: &str| names.iter().any(|known| known == name);
    let of_bpf = log.has_bpf_module() && !has(here, "bpf");
    let compared = |names: &[String]| -> BTreeSet<String> {
        let names = names.iter().filter(|name| !own.contains(&name.as_str()));
        let names = names.filter(|name| !(of_bpf && *name == "bpf"));
        names.cloned().collect()
    };
    let differ = compared(here) != compared(there);
    differ.then(|| {
        format!(
            "the active security modules are {} in {} and {} in {}",
            here.join(","),
            place(active.source()),
            reader::shown(&there.join(",")).trim_matches('`'),
            place(KERNEL_LOG)
        )
    })
}

/// The list of active modules against what the command line asks for, and against the log.
fn other_modules(log: &KernelLog, facts: &Facts, place: &dyn Fn(&str) -> String) -> Vec<String> {
    let active = facts.get("security.lsm");
    let Some(Value::List(names)) = active.value() else {
        return Vec::new();
    };
    let list = place(active.source());
    let has = |name: &str| names.iter().any(|active| active == name);
    let mut sentences = Vec::new();
    if log.has_bpf_module() && !has("bpf") {
        let logged = place(KERNEL_LOG);
        sentences.push(format!(
            "bpf is an active security module by {logged} and none by {list}"
        ));
    }
    let asked = facts.get("security.lsm.asked");
    let Some(Value::List(wanted)) = asked.value() else {
        return sentences;
    };
    // Kernels before 5.1 have no such argument, unless their vendor gave them it.
    let version = facts.kernel_version();
    let is_new = version.is_some_and(|version| version >= KernelVersion::new(5, 1, 0));
    if !is_new && facts.list("security.lsm.configured").is_none() {
        return sentences;
    }
    let asks = place(asked.source());
    // What is always there, or may be by its own options.
    let own = ["capability", "lockdown", "integrity", "ima", "evm"];
    let unasked = names.iter().filter(|name| {
        let wanted = wanted.iter().any(|wanted| wanted == *name);
        !wanted && !own.contains(&name.as_str())
    });
    let unasked: Vec<&str> = unasked.map(String::as_str).collect();
    if !unasked.is_empty() {
        sentences.push(format!(
            "{} active by {list}, and lsm= in {asks} does not ask for that",
            is_or_are(&unasked)
        ));
    }
    // Of those that may be there beside all others; a list out of a log that names some of the
    // modules has bpf in it.
    let beside = [
        ("bpf", "BPF_LSM"),
        ("landlock", "SECURITY_LANDLOCK"),
        ("lockdown", "SECURITY_LOCKDOWN_LSM"),
        ("yama", "SECURITY_YAMA"),
    ];
    let in_part = facts.get("security.lsm.argument").value().is_none();
    let missing = beside.iter().filter(|(name, option)| {
        let built = facts.get(&format!("config.{option}"));
        let is_off = built.value().is_some_and(|value| *value != "y".into());
        wanted.iter().any(|wanted| wanted == name) && !has(name) && !is_off && !in_part
    });
    let missing: Vec<&str> = missing.map(|(name, _)| *name).collect();
    if !missing.is_empty() {
        sentences.push(format!(
            "lsm= in {asks} asks for {}, which {list} does not have",
            missing.join(", ")
        ));
    }
    sentences
}

fn is_or_are(names: &[&str]) -> String {
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", names.join(", "))
}

/// Secure Boot as the firmware's variable, or a tool that reads it, has it, and as the log does.
fn another_firmware(
    log: &KernelLog,
    facts: &Facts,
    place: &dyn Fn(&str) -> String,
) -> Option<String> {
    let fact = facts.get("security.secure-boot");
    let (Some(Value::Bool(here)), Some(logged)) = (fact.value(), log.secure_boot()) else {
        return None;
    };
    let shown = |enabled| if enabled { "enabled" } else { "disabled" };
    (logged.value() == Some(&Value::Bool(!here))).then(|| {
        format!(
            "Secure Boot is {} in {} and {} in {}",
            shown(*here),
            place(fact.source()),
            shown(!here),
            place(KERNEL_LOG)
        )
    })
}

/// The kernel writes its command line to its log. Arguments are told by their names: their
/// values may be secrets.
fn another_command_line(
    log: &KernelLog,
    facts: &Facts,
    place: &dyn Fn(&str) -> String,
) -> Option<String> {
    let cmdline = facts.get("cmdline");
    let Some(Value::Text(told)) = cmdline.value() else {
        return None;
    };
    let logged = log.command_line()?;
    // Words without a value may be secrets, and what stands behind a lone `--` is for init.
    fn given(text: &str) -> BTreeSet<(&str, &str)> {
        let words = arguments(text);
        words
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    let names: BTreeSet<&str> = given(told)
        .symmetric_difference(&given(logged))
        .map(|(name, _)| *name)
        .filter(|name| !name.is_empty() && name.bytes().all(plain))
        .collect();
    let names: Vec<&str> = names.into_iter().collect();
    (!names.is_empty()).then(|| {
        format!(
            "the arguments {} are not the same in {} and in {}",
            names.join(", "),
            place(cmdline.source()),
            place(KERNEL_LOG)
        )
    })
}

#[cfg(test)]
mod tests {
    use crate::facts::collect as collect_all;
    use crate::host::{Files, KERNEL_LOG, Memory, Role};

    #[test]
    fn two_files_that_tell_one_thing_differently_are_noticed() {
        let mut files = Files::new(Some("6.1.0"));
        let settings = "kernel.osrelease = 5.10.0\nnet.core.bpf_jit_harden = 1\nkernel.pid_max = 9\n\
                        net.core.bpf_jit_harden = 2\nkernel.pid_max = 8\n";
        files
            .add(Role::Sysctl, "s.txt", settings.as_bytes())
            .unwrap();
        let facts = collect_all(files.host().as_ref());
        assert_eq!(
            facts.list("kernel.disagreements").unwrap(),
            [
                "the kernel's release is 6.1.0 in --release and 5.10.0 in s.txt",
                "net.core.bpf_jit_harden is 1 in s.txt and 2 in s.txt",
            ]
        );
        assert_eq!(facts.text("kernel.release").as_deref(), Some("6.1.0"));
    }

    #[test]
    fn what_commands_said_is_compared_with_the_files_they_read() {
        let release = "5.14.0-427.el9.x86_64";
        let uname = format!("Linux web-17.acme.example {release} #1 SMP x86_64 GNU/Linux\n");
        let (selinux, list) = ("sys/fs/selinux/enforce", "proc/modules");
        let (sestatus, lsmod) = ("sos_commands/selinux/sestatus", "sos_commands/kernel/lsmod");
        let enabled = "SELinux status:   enabled\nCurrent mode:   enforcing\n";
        let loaded = "Module Size Used by\nxfs 1 0\nxt_bpf 16384 0\n";
        for (files, sentence) in [
            (&[(selinux, "1"), (sestatus, enabled)][..], None),
            (
                &[(selinux, "0"), (sestatus, enabled)],
                Some(
                    "SELinux is permissive in /sys/fs/selinux/enforce and enforcing in \
                     sos_commands/selinux/sestatus",
                ),
            ),
            (
                &[(selinux, "1"), (sestatus, "SELinux status:   disabled\n")],
                Some(
                    "SELinux is enforcing in /sys/fs/selinux/enforce and disabled in \
                     sos_commands/selinux/sestatus",
                ),
            ),
            (
                &[
                    (sestatus, enabled),
                    ("sos_commands/selinux/getenforce", "Permissive\n"),
                ],
                Some(
                    "SELinux is enforcing in sos_commands/selinux/sestatus and permissive in \
                     sos_commands/selinux/getenforce",
                ),
            ),
            (
                &[
                    (list, "xt_bpf 16384 0 - Live 0x0\nxfs 1 0 - Live 0x0\n"),
                    (lsmod, loaded),
                ],
                None,
            ),
            (
                &[(list, "xfs 1 0 - Live 0x0\n"), (lsmod, loaded)],
                Some(
                    "the module xt_bpf is loaded by sos_commands/kernel/lsmod and not by \
                     /proc/modules",
                ),
            ),
            (
                &[
                    (
                        list,
                        "xfs 1 0 - Live 0x0\ncls_bpf 2 0 - Live 0x0\nxt_bpf 1 0 - Live 0x0\n",
                    ),
                    (lsmod, loaded),
                ],
                Some(
                    "the module cls_bpf is loaded by /proc/modules and not by \
                     sos_commands/kernel/lsmod",
                ),
            ),
            // Another one came or went meanwhile.
            (
                &[
                    (list, "xt_bpf 1 0 - Live 0x0\nvfat 1 0 - Live 0x0\n"),
                    (lsmod, loaded),
                ],
                None,
            ),
            // The same name, short and long; and what a file says that nobody need heed.
            (
                &[
                    ("sos_commands/host/hostname", "WEB-17\n"),
                    ("etc/hostname", "golden\n"),
                ],
                None,
            ),
            (
                &[(
                    "sos_commands/host/hostname",
                    "bash: hostname: command not found\n",
                )],
                None,
            ),
            (&[(selinux, "rubbish"), (sestatus, enabled)], None),
            (
                &[
                    (sestatus, "SELinux status:   disabled\n"),
                    ("sos_commands/selinux/getenforce", "Enforcing\n"),
                ],
                Some(
                    "SELinux is enforcing in sos_commands/selinux/getenforce and disabled in \
                     sos_commands/selinux/sestatus",
                ),
            ),
            (
                &[
                    (sestatus, "SELinux status:   disabled\n"),
                    ("sos_commands/selinux/getenforce", "Disabled\n"),
                ],
                None,
            ),
            // What was said in lsmod's place, and a title that was sorted in.
            (
                &[
                    (list, "cls_bpf 2 0 - Live 0x0\n"),
                    (lsmod, "bash: lsmod: command not found\n"),
                ],
                None,
            ),
            (
                &[
                    (list, "xt_bpf 2 0 - Live 0x0\ncls_bpf 2 0 - Live 0x0\n"),
                    (lsmod, "cls_bpf 2 0\nModule Size Used by\nxt_bpf 2 0\n"),
                ],
                None,
            ),
            // Said twice, it is told once.
            (
                &[(
                    "sos_commands/kernel/sysctl_-a",
                    "kernel.hostname = db-2\nx = 1\nkernel.hostname = db-2\n",
                )],
                Some(
                    "the host's name is web-17.acme.example in sos_commands/kernel/uname_-a and \
                     db-2 in sos_commands/kernel/sysctl_-a",
                ),
            ),
            // One name, with and without its domain; and two of two domains.
            (
                &[(
                    "sos_commands/kernel/sysctl_-a",
                    "kernel.hostname = web-17.acme\n",
                )],
                None,
            ),
            (
                &[(
                    "sos_commands/kernel/sysctl_-a",
                    "kernel.hostname = web-17.other.example\n",
                )],
                Some(
                    "the host's name is web-17.acme.example in sos_commands/kernel/uname_-a and \
                     web-17.other.example in sos_commands/kernel/sysctl_-a",
                ),
            ),
            (
                &[("sos_commands/host/hostname", "db-2\n")],
                Some(
                    "the host's name is web-17.acme.example in sos_commands/kernel/uname_-a and \
                     db-2 in sos_commands/host/hostname",
                ),
            ),
        ] {
            let scratch = tempfile::tempdir().unwrap();
            let all = [("sos_commands/kernel/uname_-a", uname.as_str())];
            for (path, text) in all.iter().chain(files) {
                let place = scratch.path().join(path);
                std::fs::create_dir_all(place.parent().unwrap()).unwrap();
                std::fs::write(place, text).unwrap();
            }
            let opened = crate::host::open(scratch.path(), None).unwrap();
            let found = collect_all(opened.host.as_ref());
            let found = found.list("kernel.disagreements").unwrap();
            let expected: Vec<&str> = sentence.into_iter().collect();
            assert_eq!(found, expected, "{files:?}");
        }
    }

    #[test]
    fn the_log_and_securityfs_tell_of_one_boot() {
        const LSM: &str = "/sys/kernel/security/lsm";
        const LOCKDOWN: &str = "/sys/kernel/security/lockdown";
        let locked = "[ 0.0] Kernel is locked down from EFI secure boot; see man\n";
        let modules = "[ 0.1] LSM: initializing lsm=lockdown,capability,integrity,yama,bpf\n";
        let none = "[none] integrity confidentiality\n";
        for (log, path, text, sentence) in [
            (
                locked,
                LOCKDOWN,
                none,
                Some(
                    "lockdown is none in /sys/kernel/security/lockdown and integrity in /dev/kmsg",
                ),
            ),
            (locked, LOCKDOWN, "none [integrity] confidentiality\n", None),
            (locked, LOCKDOWN, "none integrity [confidentiality]\n", None),
            ("[ 0.0] x\n", LOCKDOWN, none, None),
            (modules, LSM, "lockdown,capability,yama,bpf", None),
            (modules, LSM, "bpf,capability,yama,lockdown\n", None),
            (
                modules,
                LSM,
                "capability,yama",
                Some(
                    "the active security modules are capability,yama in \
                     /sys/kernel/security/lsm and lockdown,capability,integrity,yama,bpf in \
                     /dev/kmsg",
                ),
            ),
            ("[ 0.0] x\n", LSM, "capability,yama", None),
        ] {
            let host = Memory::new()
                .with_uname("6.1.0-1.x86_64", "#1", "x86_64")
                .with("/proc/sys/kernel/osrelease", "6.1.0-1.x86_64")
                .with(KERNEL_LOG, log)
                .with(path, text);
            let found = collect_all(&host).list("kernel.disagreements").unwrap();
            assert_eq!(found.first().map(String::as_str), sentence, "{log} {text}");
            assert!(found.len() < 2, "{found:?}");
        }
    }

    #[test]
    fn the_kernel_is_named_by_several_files() {
        let release = "5.14.0-427.el9.x86_64";
        let host = || {
            Memory::new()
                .with_uname(release, "#1 SMP Fri", "x86_64")
                .with("/proc/sys/kernel/osrelease", release)
        };
        let banner = |release: &str, build: &str| {
            format!("Linux version {release} (mock@build) (gcc version 11) {build}\n")
        };
        for (host, sentences) in [
            (
                host().with("/proc/version", banner(release, "#1 SMP Fri")),
                vec![],
            ),
            (host().with("/proc/version", "rubbish"), vec![]),
            (
                host().with(
                    "/proc/version",
                    banner("5.14.0-503.el9.x86_64", "#1 SMP Sun"),
                ),
                vec![
                    "the kernel's release is 5.14.0-427.el9.x86_64 in /proc/sys/kernel/osrelease \
                      and 5.14.0-503.el9.x86_64 in /proc/version",
                ],
            ),
            (
                host().with("/proc/version", banner(release, "#2 SMP Sun")),
                vec![
                    "the kernel's build is #1 SMP Fri in /proc/sys/kernel/version and #2 SMP Sun \
                      in /proc/version",
                ],
            ),
            (
                host().with_uname(release, "#1 SMP Fri", "aarch64"),
                vec![
                    "the machine is aarch64 in /proc/sys/kernel/arch and x86_64 by the release \
                      5.14.0-427.el9.x86_64 in /proc/sys/kernel/osrelease",
                ],
            ),
            (host().with_uname(release, "#1 SMP Fri", "i686"), vec![]),
        ] {
            let found = collect_all(&host).list("kernel.disagreements").unwrap();
            assert_eq!(found, sentences, "{host:?}");
        }
    }

    #[test]
    fn what_the_command_line_asks_for_is_compared_with_what_is_active() {
        let (lsm, lockdown) = ("/sys/kernel/security/lsm", "/sys/kernel/security/lockdown");
        let host = |cmdline: &str, config: &str| {
            Memory::new()
                .with_uname("6.1.0-1.x86_64", "#1", "x86_64")
                .with("/proc/sys/kernel/osrelease", "6.1.0-1.x86_64")
                .with("/proc/cmdline", format!("{cmdline}\n"))
                .with("/proc/config.gz", format!("CONFIG_LSM=\"yama\"\n{config}"))
        };
        let built = "CONFIG_BPF_LSM=y\n";
        let unset = "# CONFIG_BPF_LSM is not set\n";
        let integrity = "none [integrity] confidentiality\n";
        for (host, sentence) in [
            (
                host("lsm=yama,bpf", built).with(lsm, "lockdown,capability,yama,bpf"),
                None,
            ),
            (host("quiet", built).with(lsm, "capability,apparmor"), None),
            (
                host("lsm=yama,bpf", built).with(lsm, "capability,yama"),
                Some(
                    "lsm= in /proc/cmdline asks for bpf, which /sys/kernel/security/lsm does not \
                     have",
                ),
            ),
            // The kernel has no such module, and says nothing.
            (
                host("lsm=yama,bpf", unset).with(lsm, "capability,yama"),
                None,
            ),
            (
                host("lsm=yama", built).with(lsm, "capability,yama,bpf"),
                Some(
                    "bpf is active by /sys/kernel/security/lsm, and lsm= in /proc/cmdline does not \
                     ask for that",
                ),
            ),
            (
                host("quiet", built)
                    .with(lsm, "capability,yama")
                    .with(KERNEL_LOG, "[ 0.1] LSM support for eBPF active\n"),
                Some(
                    "bpf is an active security module by /dev/kmsg and none by \
                     /sys/kernel/security/lsm",
                ),
            ),
            (
                host("lockdown=integrity", "").with(lockdown, integrity),
                None,
            ),
            (
                host("lockdown=confidentiality", "").with(lockdown, integrity),
                Some(
                    "lockdown is integrity in /sys/kernel/security/lockdown and confidentiality in \
                     /proc/cmdline",
                ),
            ),
            (
                host("lockdown=integrity", "").with(lockdown, "[none] integrity confidentiality\n"),
                Some(
                    "lockdown is none in /sys/kernel/security/lockdown and integrity in \
                     /proc/cmdline",
                ),
            ),
            // Whoever is root may have locked it down further since.
            (
                host("lockdown=integrity", "").with(lockdown, "none integrity [confidentiality]\n"),
                None,
            ),
        ] {
            let found = collect_all(&host).list("kernel.disagreements").unwrap();
            let expected: Vec<&str> = sentence.into_iter().collect();
            assert_eq!(found, expected, "{host:?}");
        }
    }

    #[test]
    fn the_log_has_the_command_line_of_this_boot() {
        let found = |log: &str| {
            let host = Memory::new().with_uname("6.1.0", "#1", "x86_64");
            let host = host.with("/proc/cmdline", "quiet\n").with(KERNEL_LOG, log);
            collect_all(&host).list("kernel.disagreements").unwrap()
        };
        let line = "[    0.000000] Command line: ";
        for agrees in ["", "quiet", "ro single -- lsm=x"] {
            assert!(found(&format!("{line}{agrees}\n")).is_empty(), "{agrees}");
        }
        // What the loader gave, before the kernel adds a bootconfig's.
        let logged = format!("{line}quiet\n[    0.1] Kernel command line: lsm=bpf quiet\n");
        let host = Memory::new().with_uname("6.1.0", "#1", "x86_64");
        let host = host.with("/proc/cmdline", "lsm=bpf quiet\n");
        let host = host.with(KERNEL_LOG, &logged);
        let found_none = collect_all(&host).list("kernel.disagreements").unwrap();
        assert!(found_none.is_empty(), "{found_none:?}");
        assert_eq!(
            found(&format!("{line}quiet dyndbg=\"file a.c +p\"\n")),
            ["the arguments dyndbg are not the same in /proc/cmdline and in /dev/kmsg"]
        );
        assert_eq!(
            found(&format!("{line}quiet lsm=yama p\u{1b}=1\n")),
            ["the arguments lsm are not the same in /proc/cmdline and in /dev/kmsg"]
        );
    }
}
