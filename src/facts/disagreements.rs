//! Where the kernel config and the running kernel, or two files of the same config, tell
//! different things. What is told by one of them alone is no disagreement.

use super::keys::Values::List;
use super::lockdown::LOCKDOWN;
use super::{Fact, Facts, KeyInfo, Value, kconfig};
use crate::host::{Host, KERNEL_LOG, goes_on_from};
use crate::version::KernelVersion;

pub(super) const KEYS: &[KeyInfo] = &[KeyInfo::one(
    "config-file.disagreements",
    List,
    "Sentences on what the kernel config says and the running kernel, or another file of the \
         config, denies.",
)];

/// An option, the kernel from which on it shows itself so, and what shows it.
struct Sign {
    option: &'static str,
    since: KernelVersion,
    seen: fn(&Facts) -> Option<bool>,
    /// What is there or not.
    what: &'static str,
}

const fn since(major: u32, minor: u32) -> KernelVersion {
    KernelVersion::new(major, minor, 0)
}

const SIGNS: &[Sign] = &[
    Sign {
        option: "DEBUG_INFO_BTF",
        since: since(5, 4),
        seen: |facts| match facts.text("btf.vmlinux")?.as_str() {
            "absent" => Some(false),
            _ => Some(true),
        },
        what: "/sys/kernel/btf/vmlinux",
    },
    Sign {
        option: "BPF_SYSCALL",
        since: since(4, 4),
        seen: |facts| file_system(facts, "bpf"),
        what: "the file system bpf",
    },
    Sign {
        option: "BPF_SYSCALL",
        since: since(4, 4),
        seen: |facts| mounted(facts, "bpf"),
        what: "a mount of the file system bpf",
    },
    Sign {
        option: "BPF_JIT",
        since: since(4, 4),
        seen: |facts| setting(facts, "net.core.bpf_jit_enable"),
        what: "the setting net.core.bpf_jit_enable",
    },
    Sign {
        option: "CGROUPS",
        since: since(4, 5),
        seen: |facts| file_system(facts, "cgroup2"),
        what: "the file system cgroup2",
    },
    Sign {
        option: "CGROUPS",
        since: since(4, 5),
        seen: |facts| mounted(facts, "cgroup2"),
        what: "a mount of the file system cgroup2",
    },
    Sign {
        option: "TRACING",
        since: since(4, 4),
        seen: |facts| mounted(facts, "tracefs"),
        what: "a mount of the file system tracefs",
    },
    Sign {
        option: "SECURITYFS",
        since: since(4, 4),
        seen: |facts| mounted(facts, "securityfs"),
        what: "a mount of the file system securityfs",
    },
    Sign {
        option: "TRACING",
        since: since(4, 4),
        seen: |facts| file_system(facts, "tracefs"),
        what: "the file system tracefs",
    },
    Sign {
        option: "SECURITYFS",
        since: since(4, 4),
        seen: |facts| file_system(facts, "securityfs"),
        what: "the file system securityfs",
    },
    Sign {
        option: "FUNCTION_TRACER",
        since: since(4, 4),
        seen: |facts| setting(facts, "kernel.ftrace_enabled"),
        what: "the setting kernel.ftrace_enabled",
    },
];

/// Options that decide about BPF, compared between two files of the same config.
const COMPARED: &[&str] = &[
    "BPF",
    "BPF_EVENTS",
    "BPF_JIT",
    "BPF_JIT_ALWAYS_ON",
    "BPF_LSM",
    "BPF_STREAM_PARSER",
    "BPF_SYSCALL",
    "BPF_UNPRIV_DEFAULT_OFF",
    "CGROUPS",
    "CGROUP_BPF",
    "DEBUG_INFO_BTF",
    "DEBUG_INFO_BTF_MODULES",
    "FPROBE",
    "FTRACE_SYSCALLS",
    "FUNCTION_TRACER",
    "IKHEADERS",
    "KPROBES",
    "KPROBE_EVENTS",
    "LSM",
    "NET_ACT_BPF",
    "NET_CLS_ACT",
    "NET_CLS_BPF",
    "NET_SCH_INGRESS",
    "SECURITY_LOCKDOWN_LSM",
    "UPROBE_EVENTS",
    "XDP_SOCKETS",
];

/// Compares; everything else has to be collected before.
pub(super) fn collect(host: &dyn Host, facts: &mut Facts) {
    let file = facts.get("config-file");
    // Sources are named by where they really come from: the sentences are for people.
    let placed = |sentence: String, place: &str| match host.origin(place) {
        Some(origin) => sentence.replace(place, &origin),
        None => sentence,
    };
    let sentences = match &file {
        Fact::Unknown { .. } => Vec::new(),
        Fact::Known { source, .. } => {
            let mut sentences = facts.config().told_twice();
            sentences.extend(between_files(host, facts, source));
            let of_release = facts.get("kernel.release");
            let another = another_series(facts);
            sentences.extend(another.map(|text| placed(text, of_release.source())));
            let machine = another_machine(facts, source);
            let of_machine = facts.get("kernel.arch");
            sentences.extend(machine.map(|text| placed(text, of_machine.source())));
            sentences.extend(another_kernel(host, facts, source));
            sentences.extend(SIGNS.iter().filter_map(|sign| denied(facts, sign)));
            sentences.extend(loaded_modules(facts));
            sentences.extend(bpf_module(facts));
            sentences.extend(locked_without_option(facts));
            sentences.extend(interpreting(facts));
            let sentences = sentences.into_iter();
            let places = [source.as_str(), KERNEL_LOG, "/proc/modules"];
            let placed = |text| places.iter().fold(text, |text, place| placed(text, place));
            sentences.map(placed).collect()
        }
    };
    let fact = file.map(|_| Value::List(sentences));
    facts.set("config-file.disagreements", fact);
}

/// The config of one series of kernels given, or installed, for another.
fn another_series(facts: &Facts) -> Option<String> {
    let header = facts.get("config-file.version");
    let Some(Value::Text(version)) = header.value() else {
        return None;
    };
    let written: KernelVersion = version.parse().ok()?;
    let meant = facts.kernel_version()?;
    let (place, release) = (header.source(), facts.get("kernel.release"));
    let another_build = facts
        .text("kernel.release")
        .is_some_and(|release| is_another_build(version, &release));
    (written.series() != meant.series() || another_build).then(|| {
        format!(
            "{place} is the config of {version} by its header, and the kernel is {} by {}",
            shown(release.value()),
            release.source()
        )
    })
}

/// Whether two releases of Red Hat's kind are of two builds: the header of its configs has the whole
/// release, but for what stands behind a `+`, and perhaps the machine. Others' have the version.
fn is_another_build(header: &str, release: &str) -> bool {
    let base = |text: &str| text.split('+').next().unwrap_or_default().to_owned();
    let is_whole = |text: &str| {
        [".el", ".fc"].iter().any(|mark| {
            let behind = text.split_once(mark).map(|(_, behind)| behind);
            behind.is_some_and(|behind| behind.starts_with(|c: char| c.is_ascii_digit()))
        })
    };
    let (header, release) = (base(header), base(release));
    let agree = goes_on_from(&header, &release) || goes_on_from(&release, &header);
    is_whole(&header) && is_whole(&release) && !agree
}

/// Machines as uname names them, by the beginning of the name that the kernel's sources have.
const MACHINES: &[(&str, &[&str])] = &[
    ("x86", &["x86_64", "amd64", "i386", "i486", "i586", "i686"]),
    ("arm64", &["aarch64", "arm64", "armv"]),
    ("arm", &["arm"]),
    ("s390", &["s390"]),
    ("powerpc", &["ppc"]),
    ("riscv", &["riscv"]),
];

/// The config of a kernel for another machine.
fn another_machine(facts: &Facts, source: &str) -> Option<String> {
    let machine = facts.get("kernel.arch");
    let Some(Value::Text(here)) = machine.value() else {
        return None;
    };
    let header = facts.config().machine()?;
    let (_, named) = MACHINES.iter().find(|(name, _)| header.starts_with(name))?;
    let is_one = named.iter().any(|name| here.starts_with(name));
    let known = MACHINES.iter().flat_map(|(_, names)| *names);
    let is_known = { known }.any(|name| here.starts_with(name));
    (is_known && !is_one).then(|| {
        format!(
            "{source} is the config of a kernel for {header} by its header, and the machine is \
             {here} by {}",
            machine.source()
        )
    })
}

fn between_files(host: &dyn Host, facts: &Facts, source: &str) -> Vec<String> {
    let release = facts.text("kernel.release");
    let other = kconfig::second(host, release.as_deref(), source, COMPARED);
    let Some((path, other)) = other else {
        return Vec::new();
    };
    let of_option = |name: &&str| {
        let here = shown(facts.get(&format!("config.{name}")).value());
        let there = shown(other.get(*name));
        let differ = here != there;
        differ.then(|| format!("CONFIG_{name} is {here} in {source} and {there} in {path}"))
    };
    COMPARED.iter().filter_map(of_option).collect()
}

/// `n` and absent are the same to a kernel.
fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Absent) => "n".to_owned(),
        Some(value) => value.to_string(),
    }
}

/// A kernel that shows its config was built with the options that make it do so.
fn another_kernel(host: &dyn Host, facts: &Facts, source: &str) -> Option<String> {
    let shown = "/proc/config.gz";
    let is_yes = |option: &str| facts.get(&format!("config.{option}")).value() == Some(&"y".into());
    let says = source != shown && is_yes("IKCONFIG") && is_yes("IKCONFIG_PROC");
    // A copy of a few files of /proc proves nothing by what it lacks.
    let is_proc = host.link("/proc/self/ns/pid").is_ok();
    (says && is_proc && host.stat(shown).is_err()).then(|| {
        format!("CONFIG_IKCONFIG_PROC is y in {source}, but the running kernel has no {shown}")
    })
}

fn denied(facts: &Facts, sign: &Sign) -> Option<String> {
    let option = facts.get(&format!("config.{}", sign.option));
    let says = match option.value()? {
        Value::Absent => false,
        Value::Text(text) => match text.as_str() {
            "y" => true,
            "n" => false,
            // In a module it may be there or not.
            _ => return None,
        },
        _ => return None,
    };
    let seen = (sign.seen)(facts)?;
    let is_of_age = facts
        .kernel_version()
        .is_some_and(|version| version >= sign.since);
    let counts = seen != says && (seen || is_of_age);
    let there = if seen { "there" } else { "not there" };
    counts.then(|| {
        let says = shown(option.value());
        let place = option.source();
        format!(
            "CONFIG_{} is {says} in {place}, but {} is {there}",
            sign.option, sign.what
        )
    })
}

/// The list of security modules against the options that make it, as far as the command
/// line doesn't change it.
fn bpf_module(facts: &Facts) -> Option<String> {
    let active = facts.list("security.lsm")?.iter().any(|name| name == "bpf");
    let compiled = facts.get("config.BPF_LSM");
    let source = compiled.source();
    let is_compiled = compiled.value()? == &"y".into();
    if active && !is_compiled {
        return Some(format!(
            "CONFIG_BPF_LSM is {} in {source}, but bpf is an active security module",
            shown(compiled.value())
        ));
    }
    let configured = facts
        .list("security.lsm.configured")?
        .iter()
        .any(|name| name == "bpf");
    let given = |name: &str| facts.get(&format!("cmdline.{name}")).value() != Some(&Value::Absent);
    let expected = is_compiled && configured && !given("lsm") && !given("security");
    (expected && !active)
        .then(|| format!("CONFIG_LSM has bpf in {source}, but it is no active security module"))
}

/// Modules, and the options that make them.
const MODULES: &[(&str, &str)] = &[
    ("act_bpf", "NET_ACT_BPF"),
    ("cls_bpf", "NET_CLS_BPF"),
    ("configs", "IKCONFIG"),
    ("kheaders", "IKHEADERS"),
    ("sch_ingress", "NET_SCH_INGRESS"),
    ("xt_bpf", "NETFILTER_XT_MATCH_BPF"),
];

/// Modules that are loaded, of which the config says that there are none.
fn loaded_modules(facts: &Facts) -> Vec<String> {
    let denied = |(module, option): &(&str, &str)| {
        let loaded = facts.get(&format!("module.{module}"));
        let built = facts.get(&format!("config.{option}"));
        let says = shown(Some(built.value()?));
        (loaded.value() == Some(&true.into()) && says != "m").then(|| {
            let (place, list) = (built.source(), loaded.source());
            format!(
                "CONFIG_{option} is {says} in {place}, but the module {module} is loaded by {list}"
            )
        })
    };
    MODULES.iter().filter_map(denied).collect()
}

/// A kernel that is locked down though its config has no option for it, that of mainline or
/// that of the patches before it.
fn locked_without_option(facts: &Facts) -> Option<String> {
    let signs = facts.get("security.lockdown.signs");
    let options = [
        "SECURITY_LOCKDOWN_LSM",
        "LOCK_DOWN_KERNEL",
        "EFI_SECURE_BOOT_LOCK_DOWN",
        "EFI_SECURE_BOOT_SECURELEVEL",
    ];
    let is_off = |option: &&str| kconfig::is_off(&facts.get(&format!("config.{option}")));
    // What the command line asks for is no proof that the kernel does it.
    let proven =
        signs.value() == Some(&true.into()) && [KERNEL_LOG, LOCKDOWN].contains(&signs.source());
    (proven && options.iter().all(is_off)).then(|| {
        let option = facts.get("config.SECURITY_LOCKDOWN_LSM");
        format!(
            "CONFIG_SECURITY_LOCKDOWN_LSM is {} in {}, but the kernel is locked down by {}",
            shown(option.value()),
            option.source(),
            signs.source()
        )
    })
}

/// A kernel that interprets programs, by a config without the interpreter: it takes no such value.
fn interpreting(facts: &Facts) -> Option<String> {
    let (name, option) = ("net.core.bpf_jit_enable", "CONFIG_BPF_JIT_ALWAYS_ON");
    let (value, built) = (
        facts.get(&format!("sysctl.{name}")),
        facts.get("config.BPF_JIT_ALWAYS_ON"),
    );
    let is_so = value.value() == Some(&0.into()) && built.value() == Some(&"y".into());
    let place = built.source();
    is_so.then(|| format!("{option} is y in {place}, but {name} is 0, which it does not allow"))
}

/// A mount shows that the kernel has its file system; none shows nothing.
fn mounted(facts: &Facts, name: &str) -> Option<bool> {
    let points = facts.list(&format!("mount.{name}"))?;
    (!points.is_empty()).then_some(true)
}

fn file_system(facts: &Facts, name: &str) -> Option<bool> {
    Some(facts.list("filesystems")?.iter().any(|known| known == name))
}

fn setting(facts: &Facts, name: &str) -> Option<bool> {
    Some(facts.get(&format!("sysctl.{name}")).value()? != &Value::Absent)
}

#[cfg(test)]
mod tests {
    use crate::facts::collect as collect_all;
    use crate::host::Memory;

    const RELEASE: &str = "6.1.0-10-amd64";
    const GOOD: &str = "CONFIG_BPF_SYSCALL=y\nCONFIG_CGROUPS=y\n";

    fn host(config: &str) -> Memory {
        Memory::new()
            .with_uname(RELEASE, "#1 SMP", "x86_64")
            .with(&format!("/boot/config-{RELEASE}"), config)
            .with("/proc/filesystems", "nodev\tbpf\nnodev\tcgroup2\n")
            .with("/proc/cmdline", "quiet\n")
            .with_link("/proc/self/ns/pid", "pid:[4026531836]")
            .with("/proc/sys/kernel/pid_max", "32768\n")
    }

    #[test]
    fn a_config_of_another_series_is_noticed() {
        for (header, says) in [
            ("# Linux/x86 6.1.170 Kernel Configuration\n", None),
            ("# Linux/x86 Kernel Configuration\n", None),
            (
                "# Linux/arm64 6.1.170 Kernel Configuration\n",
                Some(
                    "/boot/config-6.1.0-10-amd64 is the config of a kernel for arm64 by its \
                     header, and the machine is x86_64 by /proc/sys/kernel/arch",
                ),
            ),
            (
                "#\n# Linux/x86 6.12.5 Kernel Configuration\n",
                Some(
                    "/boot/config-6.1.0-10-amd64 is the config of 6.12.5 by its header, and the \
                     kernel is 6.1.0-10-amd64 by /proc/sys/kernel/osrelease",
                ),
            ),
        ] {
            let facts = collect_all(&host(&format!("{header}{GOOD}")));
            let found = facts.list("config-file.disagreements").unwrap();
            assert_eq!(found.first().map(String::as_str), says, "{header}");
        }
    }

    #[test]
    fn the_header_of_red_hats_configs_has_the_whole_release() {
        for (header, release, another) in [
            (
                "5.14.0-70.13.1.el9_0.x86_64",
                "5.14.0-284.11.1.el9_2.x86_64",
                true,
            ),
            (
                "5.14.0-284.11.1.el9_2.x86_64",
                "5.14.0-284.11.1.el9_2.x86_64",
                false,
            ),
            (
                "5.14.0-284.11.1.el9_2",
                "5.14.0-284.11.1.el9_2.x86_64",
                false,
            ),
            (
                "5.14.0-427.el9.aarch64",
                "5.14.0-427.el9.aarch64+64k",
                false,
            ),
            ("6.5.6-300.fc39.x86_64", "6.5.7-300.fc39.x86_64", true),
            ("5.14.0", "5.14.0-284.11.1.el9_2.x86_64", false),
            ("5.15.0", "5.15.0-100.96.32.el9uek.x86_64", false),
            ("6.1.170", "6.1.0-10-amd64", false),
            ("5.15.0-25-generic", "5.15.0-27-generic", false),
        ] {
            assert_eq!(
                super::is_another_build(header, release),
                another,
                "{header} {release}"
            );
        }
    }

    #[test]
    fn what_agrees_and_what_is_not_known_is_no_disagreement() {
        for host in [
            host(GOOD),
            Memory::new().with_uname(RELEASE, "", "").with(
                &format!("/boot/config-{RELEASE}"),
                "CONFIG_DEBUG_INFO_BTF=y\n",
            ),
        ] {
            let facts = collect_all(&host);
            let found = facts.list("config-file.disagreements");
            assert_eq!(found, Some(Vec::new()), "{host:?}");
        }
        let none = collect_all(&Memory::new());
        assert!(none.get("config-file.disagreements").value().is_none());
    }

    #[test]
    fn the_kernel_denies_its_config() {
        let lsm = "/sys/kernel/security/lsm";
        let with = |more: &str| host(&format!("{GOOD}{more}"));
        for (host, sentence) in [
            (
                with("CONFIG_DEBUG_INFO_BTF=y\n").with("/sys/kernel/uevent_seqnum", "1"),
                "CONFIG_DEBUG_INFO_BTF is y in /boot/config-6.1.0-10-amd64, but \
                 /sys/kernel/btf/vmlinux is not there",
            ),
            (
                host("CONFIG_BPF_SYSCALL=y\n# CONFIG_CGROUPS is not set\n"),
                "CONFIG_CGROUPS is n in /boot/config-6.1.0-10-amd64, but the file system cgroup2 \
                 is there",
            ),
            (
                with("CONFIG_NET_CLS_BPF=m\n# CONFIG_NET_CLS_BPF is not set\n"),
                "CONFIG_NET_CLS_BPF is m by one line of /boot/config-6.1.0-10-amd64 and n by a \
                 later one",
            ),
            (
                with("CONFIG_TRACING=y\n"),
                "CONFIG_TRACING is y in /boot/config-6.1.0-10-amd64, but the file system tracefs \
                 is not there",
            ),
            (
                with("CONFIG_FUNCTION_TRACER=y\n"),
                "CONFIG_FUNCTION_TRACER is y in /boot/config-6.1.0-10-amd64, but the setting \
                 kernel.ftrace_enabled is not there",
            ),
            (
                with("CONFIG_IKCONFIG=y\nCONFIG_IKCONFIG_PROC=y\n"),
                "CONFIG_IKCONFIG_PROC is y in /boot/config-6.1.0-10-amd64, but the running \
                 kernel has no /proc/config.gz",
            ),
            (
                with("# CONFIG_BPF_LSM is not set\n").with(lsm, "yama,bpf"),
                "CONFIG_BPF_LSM is n in /boot/config-6.1.0-10-amd64, but bpf is an active \
                 security module",
            ),
            (
                with("CONFIG_BPF_LSM=y\nCONFIG_LSM=\"yama,bpf\"\n").with(lsm, "yama"),
                "CONFIG_LSM has bpf in /boot/config-6.1.0-10-amd64, but it is no active security \
                 module",
            ),
            (
                host("# CONFIG_BPF_SYSCALL is not set\nCONFIG_CGROUPS=y\n")
                    .with("/proc/filesystems", "nodev\tcgroup2\n")
                    .with(
                        "/proc/self/mountinfo",
                        "1 0 0:1 / /sys/fs/bpf rw - bpf bpf rw\n",
                    ),
                "CONFIG_BPF_SYSCALL is n in /boot/config-6.1.0-10-amd64, but a mount of the file \
                 system bpf is there",
            ),
            (
                with("# CONFIG_NET_SCH_INGRESS is not set\nCONFIG_NET_CLS_BPF=m\n")
                    .with("/proc/modules", "sch_ingress 16384 0\ncls_bpf 2 0\n"),
                "CONFIG_NET_SCH_INGRESS is n in /boot/config-6.1.0-10-amd64, but the module \
                 sch_ingress is loaded by /proc/modules",
            ),
            (
                with("").with(
                    crate::host::KERNEL_LOG,
                    "Kernel is locked down from EFI secure boot; see man\n",
                ),
                "CONFIG_SECURITY_LOCKDOWN_LSM is n in /boot/config-6.1.0-10-amd64, but the kernel \
                 is locked down by /dev/kmsg",
            ),
            (
                with("CONFIG_BPF_JIT=y\nCONFIG_BPF_JIT_ALWAYS_ON=y\n")
                    .with("/proc/sys/net/core/bpf_jit_enable", "0\n"),
                "CONFIG_BPF_JIT_ALWAYS_ON is y in /boot/config-6.1.0-10-amd64, but \
                 net.core.bpf_jit_enable is 0, which it does not allow",
            ),
            (
                with("").with("/proc/config.gz", format!("{GOOD}CONFIG_BPF_LSM=y\n")),
                "CONFIG_BPF_LSM is y in /proc/config.gz and n in /boot/config-6.1.0-10-amd64",
            ),
        ] {
            let facts = collect_all(&host);
            let found = facts.list("config-file.disagreements").unwrap();
            assert_eq!(found, [sentence], "{host:?}");
        }
        let told = with("CONFIG_BPF_LSM=y\nCONFIG_LSM=\"yama,bpf\"\n")
            .with(lsm, "yama")
            .with("/proc/cmdline", "lsm=yama\n");
        let found = collect_all(&told).list("config-file.disagreements");
        assert_eq!(found, Some(Vec::new()));
    }
}
