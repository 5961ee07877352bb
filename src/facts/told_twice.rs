//! Where two files of a host that is known from files tell different things of its kernel.

use std::collections::BTreeSet;

use super::kernel_log::KernelLog;
use super::keys::Values::List;
use super::{Fact, Facts, KeyInfo, Value, os, sysctl, tables};
use crate::host::{Conflict, Host, KERNEL_LOG, boot};

pub(super) const KEYS: &[KeyInfo] = &[KeyInfo::one(
    "kernel.disagreements",
    List,
    "Sentences on what two files tell differently of the kernel and its system: its release, its \
     settings, its command line, Secure Boot, what is mounted, the distribution's version.",
)];

/// Compares; the distribution, the kernel, its command line and what secures it have to be
/// collected before.
pub(super) fn collect(host: &dyn Host, log: &KernelLog, facts: &mut Facts) {
    let mut sentences = told_twice(&host.conflicts());
    let place = |place: &str| host.origin(place).unwrap_or_else(|| place.to_owned());
    sentences.extend(another_command_line(log, facts, &place));
    sentences.extend(another_kernel(log, facts, &place));
    sentences.extend(another_firmware(log, facts, &place));
    sentences.extend(os::another(host, facts, &place));
    sentences.extend(tables::differences(host, &place));
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
    let what = |path: &str| {
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
    };
    let sentence = |conflict: &Conflict| {
        let ((here, place), (there, other)) = (&conflict.told, &conflict.denied);
        let what = what(&conflict.path)?;
        Some(format!(
            "{what} is {here} in {place} and {there} in {other}"
        ))
    };
    conflicts.iter().filter_map(sentence).collect()
}

/// The log of another kernel, or an image of another than the one that runs.
fn another_kernel(
    log: &KernelLog,
    facts: &Facts,
    place: &dyn Fn(&str) -> String,
) -> Option<String> {
    let meant = facts.get("kernel.release");
    let Some(Value::Text(release)) = meant.value() else {
        return None;
    };
    if facts.text("kernel.state").as_deref() != Some("running") {
        return None;
    }
    let logged = log
        .release()
        .map(|release| (release.to_owned(), KERNEL_LOG));
    let cmdline = facts.text("cmdline").unwrap_or_default();
    let image = cmdline
        .split_whitespace()
        .find_map(|word| word.strip_prefix("BOOT_IMAGE="));
    let booted = image.and_then(boot::release_of);
    let booted = booted.map(|release| (release, "/proc/cmdline"));
    let other = logged
        .into_iter()
        .chain(booted)
        .find(|(other, _)| other != release);
    other.map(|(other, source)| {
        format!(
            "the kernel's release is {release} in {} and {other} in {}",
            place(meant.source()),
            place(source)
        )
    })
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
    fn arguments(text: &str) -> BTreeSet<&str> {
        let words = text.split_whitespace().take_while(|word| *word != "--");
        words.filter(|word| word.contains('=')).collect()
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    let names: BTreeSet<&str> = arguments(told)
        .symmetric_difference(&arguments(logged))
        .map(|word| word.split('=').next().unwrap_or_default())
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
        assert_eq!(
            found(&format!("{line}quiet lsm=yama p\u{1b}=1\n")),
            ["the arguments lsm are not the same in /proc/cmdline and in /dev/kmsg"]
        );
    }
}
