//! The kernel's settings that bear on BPF and tracing.

use super::keys::Values::Number;
use super::{Fact, Facts, KeyInfo, Why, reader};
use crate::host::Host;

pub(super) const KEYS: &[KeyInfo] = &[
    KeyInfo::one(
        "sysctl.kernel.unprivileged_bpf_disabled",
        Number,
        "Whether bpf(2) is refused without privilege: 0 no, 1 until the next boot, 2 yes \
         (kernel/bpf/syscall.c).",
    ),
    KeyInfo::one(
        "sysctl.kernel.bpf_stats_enabled",
        Number,
        "Whether run time and count of BPF programs are measured: 0 or 1 \
         (kernel/bpf/syscall.c).",
    ),
    KeyInfo::one(
        "sysctl.kernel.perf_event_paranoid",
        Number,
        "How much of perf_event_open(2) is refused without privilege: -1 nothing, 2 kernel \
         profiling, 3 and 4 everything on Debian and Ubuntu (kernel/events/core.c).",
    ),
    KeyInfo::one(
        "sysctl.kernel.perf_event_mlock_kb",
        Number,
        "Perf buffer memory each user may lock per CPU, in KiB (kernel/events/core.c).",
    ),
    KeyInfo::one(
        "sysctl.kernel.perf_event_max_stack",
        Number,
        "Longest stack trace, in frames (kernel/events/callchain.c).",
    ),
    KeyInfo::one(
        "sysctl.kernel.kptr_restrict",
        Number,
        "Who sees kernel addresses: 0 everyone or by hash, 1 with CAP_SYSLOG, 2 nobody \
         (lib/vsprintf.c).",
    ),
    KeyInfo::one(
        "sysctl.kernel.ftrace_enabled",
        Number,
        "Whether function tracing works: 0 or 1 (kernel/trace/ftrace.c).",
    ),
    KeyInfo::one(
        "sysctl.kernel.modules_disabled",
        Number,
        "Whether loading modules is refused until the next boot: 0 or 1 \
         (kernel/module/main.c).",
    ),
    KeyInfo::one(
        "sysctl.kernel.unprivileged_userns_clone",
        Number,
        "Whether user namespaces may be made without privilege: 0 or 1, a patch of Debian.",
    ),
    KeyInfo::one(
        "sysctl.kernel.apparmor_restrict_unprivileged_userns",
        Number,
        "Whether AppArmor restricts user namespaces made without privilege: 0 or 1, a patch \
         of Ubuntu.",
    ),
    KeyInfo::one(
        "sysctl.user.max_user_namespaces",
        Number,
        "How many user namespaces each user may make (kernel/ucount.c).",
    ),
    KeyInfo::one(
        "sysctl.net.core.bpf_jit_enable",
        Number,
        "Whether BPF programs are compiled: 0 no, 1 yes, 2 yes with dumps \
         (net/core/sysctl_net_core.c).",
    ),
    KeyInfo::one(
        "sysctl.net.core.bpf_jit_harden",
        Number,
        "Whether constants in compiled programs are blinded: 0 no, 1 those of unprivileged \
         users, 2 all (net/core/sysctl_net_core.c).",
    ),
    KeyInfo::one(
        "sysctl.net.core.bpf_jit_kallsyms",
        Number,
        "Whether compiled programs have names in kallsyms: 0 or 1 \
         (net/core/sysctl_net_core.c).",
    ),
    KeyInfo::one(
        "sysctl.net.core.bpf_jit_limit",
        Number,
        "Memory for compiled programs of unprivileged users, in bytes \
         (net/core/sysctl_net_core.c).",
    ),
];

/// A file that every kernel has beside the settings of a part of /proc/sys. Only where it
/// is there, a setting that is not there is one the kernel lacks: /proc can be a directory
/// with a few files, and most of net/core is seen in the first network namespace alone
/// (`net_core_table` is registered for `init_net`).
const WITNESSES: &[(&str, &str)] = &[
    ("net.core.", "/proc/sys/net/core/dev_weight"),
    ("", "/proc/sys/kernel/pid_max"),
];

/// What every network namespace has of net/core.
const IN_EVERY_NAMESPACE: &str = "/proc/sys/net/core/somaxconn";

/// Why a part of /proc/sys tells nothing by what it lacks.
fn without(host: &dyn Host, witness: &str) -> &'static str {
    if witness.starts_with("/proc/sys/net/") && host.stat(IN_EVERY_NAMESPACE).is_ok() {
        return "only the host's network namespace shows it";
    }
    if reader::is_populated(host, "/proc/sys") {
        return "not all of /proc/sys is seen here";
    }
    "/proc/sys is not there"
}

/// Reads each setting.
pub(super) fn collect(host: &dyn Host, facts: &mut Facts) {
    for info in KEYS {
        let name = info.key.trim_start_matches("sysctl.");
        facts.set(info.key, setting(host, name));
    }
    // What a kernel that was never started is not set to by anybody is what it begins with.
    if facts.text("kernel.state").as_deref() == Some("configured")
        && let Some(value) = jit_at_boot(host, facts)
    {
        facts.set(JIT, value);
    }
}

const JIT: &str = "sysctl.net.core.bpf_jit_enable";

/// What a kernel with this config comes to have, if it is set to what is told: `bpf_jit_enable` in
/// kernel/bpf/core.c has its first value from `BPF_JIT_DEFAULT_ON`, before 5.6 from
/// `BPF_JIT_ALWAYS_ON`, with which it takes no 0 (`net_core_table` in net/core/sysctl_net_core.c).
fn jit_at_boot(host: &dyn Host, facts: &Facts) -> Option<Fact> {
    let is_yes = |name: &str| match facts.get(&format!("config.{name}")) {
        Fact::Known { value, .. } => Some(value == "y".into()),
        Fact::Unknown { .. } => None,
    };
    let place = facts.config().file().source().to_owned();
    let place = host.origin(&place).unwrap_or(place);
    let by = |value: i64, how: &str| Some(Fact::known(value, &format!("{place} ({how})")));
    let is_always = is_yes("BPF_JIT_ALWAYS_ON")?;
    match facts.get(JIT) {
        _ if !is_yes("BPF_JIT")? => None,
        Fact::Known { value, .. } if value == 0.into() && is_always => {
            by(1, "CONFIG_BPF_JIT_ALWAYS_ON takes no 0")
        }
        Fact::Unknown { reason, .. } if reason.unknown == Why::NotCollected => {
            match is_yes("BPF_JIT_DEFAULT_ON")? {
                _ if is_always => by(1, "by CONFIG_BPF_JIT_ALWAYS_ON"),
                true => by(1, "by CONFIG_BPF_JIT_DEFAULT_ON at boot"),
                false => by(0, "at boot"),
            }
        }
        _ => None,
    }
}

fn setting(host: &dyn Host, name: &str) -> Fact {
    let path = format!("/proc/sys/{}", name.replace('.', "/"));
    match reader::number(host, &path) {
        Fact::Unknown { reason, .. } if reason.unknown == Why::Missing => {
            missing(host, name, &path)
        }
        fact => fact,
    }
}

fn missing(host: &dyn Host, name: &str, path: &str) -> Fact {
    let witness = WITNESSES.iter().find(|(part, _)| name.starts_with(part));
    match witness {
        Some((_, witness)) if host.stat(witness).is_err() => {
            Fact::unknown(Why::Missing, without(host, witness), path)
        }
        _ => Fact::absent(path),
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;
    use crate::facts::Value;
    use crate::host::{Files, Memory, Role};

    #[test]
    fn a_config_tells_how_its_jit_begins() {
        let on = "CONFIG_BPF_JIT_DEFAULT_ON=y\n";
        let always = format!("CONFIG_BPF_JIT_ALWAYS_ON=y\n{on}");
        for (options, setting, value) in [
            (on, "", Some(1)),
            (on, "net.core.bpf_jit_enable = 0", Some(0)),
            (&always, "", Some(1)),
            (&always, "net.core.bpf_jit_enable = 0", Some(1)),
            ("", "", Some(0)),
            ("", "net.core.bpf_jit_enable = 2", Some(2)),
            (on, "kernel.osrelease = 6.1.0", Some(1)),
            // All that a host is set to, without it: whoever may not read it is not shown it.
            (on, "kernel.osrelease = 6.1.0\nvm.swappiness = 60", None),
        ] {
            let mut files = Files::new(None);
            let header = "# Automatically generated file; DO NOT EDIT.\n\
                          # Linux/x86 6.1.0 Kernel Configuration\nCONFIG_BPF_JIT=y\n";
            let config = format!("{header}{options}");
            files.add(Role::Config, "c", config.as_bytes()).unwrap();
            if !setting.is_empty() {
                files.add(Role::Sysctl, "s", setting.as_bytes()).unwrap();
            }
            let facts = crate::facts::collect(files.host().as_ref());
            assert_eq!(facts.number(JIT), value, "{options} {setting}");
        }
    }

    #[test]
    fn a_setting_the_kernel_lacks_differs_from_one_that_can_not_be_seen() {
        let kernel = Memory::new().with("/proc/sys/kernel/pid_max", "32768\n");
        let host = kernel.clone().with("/proc/sys/net/core/dev_weight", "64\n");
        let bpf = "kernel.unprivileged_bpf_disabled";
        let bpf_path = "/proc/sys/kernel/unprivileged_bpf_disabled";
        let jit = "net.core.bpf_jit_enable";
        let jit_path = "/proc/sys/net/core/bpf_jit_enable";
        for (host, name, value) in [
            (
                kernel.clone().with(bpf_path, "2\n"),
                bpf,
                Some(Value::Number(2)),
            ),
            (
                kernel.clone().with(bpf_path, "-1\n"),
                bpf,
                Some(Value::Number(-1)),
            ),
            (kernel.clone(), bpf, Some(Value::Absent)),
            (Memory::new(), bpf, None),
            (
                Memory::new().with("/proc/sys/kernel/osrelease", "5.10\n"),
                bpf,
                None,
            ),
            (kernel.clone().with(bpf_path, "rubbish\n"), bpf, None),
            (kernel.clone().with(bpf_path, ""), bpf, None),
            (host.clone(), jit, Some(Value::Absent)),
            (kernel, jit, None),
            (
                host.refusing(jit_path, ErrorKind::PermissionDenied),
                jit,
                None,
            ),
        ] {
            assert_eq!(
                setting(&host, name).value(),
                value.as_ref(),
                "{name} {host:?}"
            );
        }
    }
}
