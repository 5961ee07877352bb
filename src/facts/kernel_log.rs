//! What the kernel's log proves of a host that is known from files: a sosreport has the log,
//! and no securityfs.

use super::{Fact, Facts, Value, Why, boot, reader};
use crate::host::{Host, KERNEL_LOG};
use crate::version::KernelVersion;

/// More than the ring buffer of any kernel.
const LIMIT: usize = 16 << 20;

/// A line of the log has no more bytes than some 1000 (`PRINTKRB_RECORD_MAX` and what came
/// before it, kernel/printk/internal.h); what is longer is cut off.
const LINE: usize = 900;

/// The kernel's log; nothing where it was not read.
#[derive(Debug, Default)]
pub(super) struct KernelLog(String);

/// What is refused in confidentiality mode alone, in the words of the log
/// (`lockdown_reasons` in security/security.c).
const CONFIDENTIAL: &[&str] = &[
    "/proc/kcore access is restricted",
    "use of kprobes is restricted",
    "use of bpf to read kernel RAM is restricted",
    "unsafe use of perf is restricted",
    "use of tracefs is restricted",
];

/// What the patch from before Linux 5.4 says of BPF and probes when it refuses as much.
const CONFIDENTIAL_OF_PATCH: &[&str] = &[": BPF is restricted", ": Use of kprobes is restricted"];

const LOCKED: &str = "Kernel is locked down from ";

const BPF_MODULE: &str = "LSM support for eBPF active";

/// What security modules print as they start (their `init` functions below security/).
const MODULES: &[(&str, &str)] = &[
    ("landlock", "landlock: Up and running"),
    ("yama", "Yama: becoming mindful"),
    ("loadpin", "LoadPin: ready to pin"),
    ("selinux", "SELinux:  Initializing"),
    ("smack", "Smack:  Initializing"),
    ("tomoyo", "TOMOYO Linux initialized"),
    ("apparmor", "AppArmor: AppArmor initialized"),
    ("bpf", BPF_MODULE),
];

impl KernelLog {
    /// The log of a host that is known from files. A running one has better sources.
    pub(super) fn read(host: &dyn Host) -> Self {
        if host.is_live() {
            return Self::default();
        }
        let bytes = host.read(KERNEL_LOG, LIMIT).unwrap_or_default();
        Self(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// `LSM: initializing lsm=lockdown,capability,yama`, from Linux 6.1 on.
    pub(super) fn modules(&self) -> Option<Fact> {
        // The first line, which is the kernel's own; programs can write later ones.
        let mut lines = self.0.lines();
        let rest = lines.find_map(|line| Some(line.split_once("LSM: initializing lsm=")?.1))?;
        let names = rest.split_whitespace().next()?.split(',');
        let names: Vec<String> = names
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        Some(Fact::known(Value::List(names), KERNEL_LOG))
    }

    /// Those of the security modules that tell of themselves as they start, where bpf is among
    /// them: kernels before 6.1 do not print the list.
    pub(super) fn some_modules(&self) -> Option<Fact> {
        let names = MODULES.iter().filter(|(_, line)| self.0.contains(line));
        let names: Vec<String> = names.map(|(name, _)| (*name).to_owned()).collect();
        self.has_bpf_module()
            .then(|| Fact::known(Value::List(names), KERNEL_LOG))
    }

    /// Whether the kernel said that it calls BPF programs on security hooks.
    pub(super) fn has_bpf_module(&self) -> bool {
        self.0.contains(BPF_MODULE)
    }

    /// How far the kernel was locked down when the log was read; nothing where it does not say
    /// that it was, or that it was and was lifted. The kernel, its config and its command line
    /// have to be collected before.
    pub(super) fn locked(&self, facts: &Facts) -> Option<Fact> {
        if self.is_lifted() {
            return Some(Fact::known("none", KERNEL_LOG));
        }
        if !self.is_locked() {
            return None;
        }
        let says = |reasons: &[&str]| {
            let mut lines = self.refused();
            lines.any(|line| reasons.iter().any(|reason| line.contains(reason)))
        };
        let from = self.locked_from();
        let level = if says(CONFIDENTIAL) || says(CONFIDENTIAL_OF_PATCH) || self.is_raised() {
            Some("confidentiality")
        } else {
            level(from, self.refused().next().is_some(), facts)
        };
        Some(match level {
            Some(level) => Fact::known(level, KERNEL_LOG),
            None => {
                let from = from.map(|from| format!(" from {}", reader::shown(from)));
                let from = from.unwrap_or_default();
                let detail = format!("the kernel is locked down{from}, and how far is not said");
                Fact::unknown(Why::Untold, &detail, KERNEL_LOG)
            }
        })
    }

    /// That the kernel was not locked down, by a log that says nothing of it: it is written at
    /// each step of lockdown, and one that goes back to the first line has them all.
    pub(super) fn unlocked(&self) -> Option<Fact> {
        let whole = self.0.contains("Linux version ") && !self.is_locked();
        whole.then(|| Fact::known("none", KERNEL_LOG))
    }

    /// Whether nothing of it was read.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it says that the kernel was locked down, or that it refused something for that.
    pub(super) fn is_locked(&self) -> bool {
        let says = self.locked_from().is_some() || self.refused().next().is_some();
        says && !self.is_lifted()
    }

    /// Whether it was locked down further than it was. A kernel writes a line for a step and none
    /// for one that leads nowhere, and has two steps (`lock_kernel_down` in
    /// security/lockdown/lockdown.c); those with the patch from before write one line.
    fn is_raised(&self) -> bool {
        let lines = self.0.lines();
        let mut from = lines.filter_map(|line| Some(line.split_once(LOCKED)?.1));
        let first = from.next();
        from.any(|other| Some(other) != first)
    }

    /// Whether the command line locked it down, by its own words.
    pub(super) fn is_locked_by_argument(&self) -> bool {
        let mut lines = self.0.lines();
        lines.any(|line| line.contains("Kernel is locked down from command line"))
    }

    /// `Lockdown: modprobe: unsigned module loading is restricted; see man ...`
    fn refused(&self) -> impl Iterator<Item = &str> {
        let lines = self.0.lines();
        lines.filter(|line| line.contains("Lockdown: ") && line.contains(" is restricted"))
    }

    /// What locked the kernel down last.
    fn locked_from(&self) -> Option<&str> {
        let rest = self.behind(LOCKED)?;
        Some(rest.split(';').next().unwrap_or_default().trim())
    }

    /// Whether somebody at the keyboard ended lockdown, as a patch of distributions allows.
    fn is_lifted(&self) -> bool {
        let last = |mark: &str| self.0.rfind(mark);
        last("Lifting lockdown").is_some_and(|at| {
            let since = [last(LOCKED), last("Lockdown: ")];
            since.into_iter().flatten().all(|other| other <= at)
        })
    }

    /// Whether the firmware started a signed system, in the kernel's words (setup.c of x86,
    /// drivers/firmware/efi/secureboot.c of distributions); nothing where it does not tell.
    pub(super) fn secure_boot(&self) -> Option<Fact> {
        let word = |line: &str| {
            let line = line.trim_end();
            if line.ends_with("Secure boot enabled") {
                Some(Fact::known(true, KERNEL_LOG))
            } else if line.ends_with("Secure boot disabled") {
                Some(Fact::known(false, KERNEL_LOG))
            } else if line.contains("Secure boot could not be determined") {
                let detail = "the kernel could not determine it";
                Some(Fact::unknown(Why::Untold, detail, KERNEL_LOG))
            } else {
                None
            }
        };
        // The first line is the kernel's own; programs can write later ones.
        let told = self.0.lines().find_map(word);
        let locked = self.locked_from().is_some_and(is_efi);
        match told {
            Some(Fact::Unknown { .. }) | None if locked => Some(Fact::known(true, KERNEL_LOG)),
            told => told,
        }
    }

    /// The release of the kernel that wrote it.
    pub(super) fn release(&self) -> Option<&str> {
        release_in(&self.0)
    }

    /// The command line of the boot, unless it may be cut off. What x86 says first is what the
    /// loader gave (`setup_arch` in arch/x86/kernel/setup.c); the later line has the arguments of
    /// a bootconfig as well, as /proc/cmdline does (`saved_command_line` in init/main.c).
    pub(super) fn command_line(&self) -> Option<&str> {
        let marks = ["Kernel command line: ", "Command line: "];
        let told = marks.iter().find_map(|mark| self.behind(mark))?.trim();
        (!told.is_empty() && told.len() < LINE).then_some(told)
    }

    /// The rest of the last line that holds `mark`.
    fn behind(&self, mark: &str) -> Option<&str> {
        let mut lines = self.0.lines().filter_map(|line| line.split_once(mark));
        lines.next_back().map(|(_, rest)| rest)
    }
}

/// The release in the kernel's banner, `Linux version 6.1.0 (who@where) ...`.
pub(super) fn release_in(text: &str) -> Option<&str> {
    let mut lines = text.lines();
    let behind = lines.find_map(|line| Some(line.split_once("Linux version ")?.1))?;
    behind.split_whitespace().next()
}

fn is_efi(from: &str) -> bool {
    from.to_ascii_lowercase().starts_with("efi secure boot")
}

/// How far a kernel is locked down that says no more than by what it is.
fn level(from: Option<&str>, refuses: bool, facts: &Facts) -> Option<&'static str> {
    let has = |option: &str| facts.get(option).value() == Some(&"y".into());
    // RHEL 8 has the patch from before Linux 5.4. It ignores the value of its argument, and calls
    // its one level so (`lockdown_levels` in its security/lock_down.c). Others have the patch
    // with two levels, and say nothing of which.
    if facts.text("kernel.flavour").as_deref() == Some("rhel8") {
        return Some("integrity");
    }
    if has("config.LOCK_DOWN_KERNEL") {
        return None;
    }
    let has_module = has("config.SECURITY_LOCKDOWN_LSM")
        || facts
            .kernel_version()
            .is_some_and(|version| version >= KernelVersion::new(5, 4, 0));
    match from {
        Some("command line") => match boot::argument(&facts.get("cmdline"), "lockdown").value() {
            Some(Value::Text(level)) if level == "confidentiality" => Some("confidentiality"),
            Some(Value::Text(level)) if level == "integrity" => Some("integrity"),
            _ => None,
        },
        Some("Kernel configuration") if has("config.LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY") => {
            Some("confidentiality")
        }
        Some("Kernel configuration") if has("config.LOCK_DOWN_KERNEL_FORCE_INTEGRITY") => {
            Some("integrity")
        }
        // What distributions add to the module of Linux 5.4: Secure Boot means integrity.
        Some(from) if (is_efi(from) || from.starts_with("Secure IPL")) && has_module => {
            Some("integrity")
        }
        None if refuses => Some("integrity"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::KernelConfig;
    use crate::host::Memory;

    const LOCKED: &str = "[    0.000000] Kernel is locked down from ";
    const MORE: &str = "; see man kernel_lockdown.7\n";

    #[test]
    fn lockdown_is_known_where_the_log_proves_it() {
        let efi = format!("{LOCKED}EFI Secure Boot mode{MORE}");
        let denied = format!(
            "{efi}[    9.1] Lockdown: bpftrace: use of bpf to read kernel RAM is restricted{MORE}"
        );
        let asked = format!("{LOCKED}command line{MORE}");
        let built = format!("{LOCKED}Kernel configuration{MORE}");
        let raised = format!("{efi}{LOCKED}securityfs{MORE}");
        let twice = format!("{asked}{asked}");
        let module = "CONFIG_SECURITY_LOCKDOWN_LSM=y\n";
        let forced = format!("{module}CONFIG_LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY=y\n");
        for (log, config, cmdline, level) in [
            ("", module, "", None),
            ("[ 5.0] cut off\n", module, "", None),
            (
                "[ 0.0] Linux version 6.1\n[ 5.0] x\n",
                module,
                "",
                Some("none"),
            ),
            (&efi, module, "", Some("integrity")),
            (&efi, "CONFIG_A=y", "", None),
            (&denied, module, "", Some("confidentiality")),
            (&raised, module, "", Some("confidentiality")),
            // The same boot, told twice.
            (&twice, module, "", None),
            (&asked, module, "lockdown=integrity", Some("integrity")),
            (
                &asked,
                module,
                "lockdown=confidentiality",
                Some("confidentiality"),
            ),
            (&asked, module, "", None),
            (&built, &forced, "", Some("confidentiality")),
            (&built, module, "", None),
        ] {
            let mut facts = Facts::default();
            facts.set("cmdline", Fact::known(cmdline, "/proc/cmdline"));
            facts.set_config(KernelConfig::from_bytes(config.as_bytes(), "/c"));
            let log = KernelLog::read(&Memory::new().with(KERNEL_LOG, log));
            let fact = log.locked(&facts).or_else(|| log.unlocked());
            let told = fact.as_ref().and_then(Fact::value).cloned();
            assert_eq!(told, level.map(Value::from), "{log:?} {cmdline}");
        }
    }

    #[test]
    fn the_patch_of_rhel_8_is_proven_by_the_log() {
        let efi = format!("{LOCKED}EFI secure boot{MORE}");
        let refused = format!("[ 9.0] Lockdown: sosreport: debugfs is restricted{MORE}");
        let bpf = format!("{efi}[ 9.0] Lockdown: bpftrace: BPF is restricted{MORE}");
        let lifted = format!("{efi}[ 9.0] Lifting lockdown\n");
        let first = "[ 0.0] Linux version 4.18.0-553.el8_10.x86_64\n";
        for (log, flavour, level) in [
            (efi.as_str(), "rhel8", Some("integrity")),
            (&refused, "rhel8", Some("integrity")),
            (&bpf, "rhel8", Some("confidentiality")),
            (&lifted, "rhel8", Some("none")),
            (first, "rhel8", Some("none")),
            ("", "rhel8", None),
            // A patch with two levels.
            (&efi, "uek", None),
            (&bpf, "uek", Some("confidentiality")),
        ] {
            let mut facts = Facts::default();
            facts.set("kernel.flavour", Fact::known(flavour, "/x"));
            let config = "CONFIG_LOCK_DOWN_KERNEL=y\n";
            facts.set_config(KernelConfig::from_bytes(config.as_bytes(), "/c"));
            let log = KernelLog::read(&Memory::new().with(KERNEL_LOG, log));
            let fact = log.locked(&facts).or_else(|| log.unlocked());
            let told = fact.as_ref().and_then(Fact::value).cloned();
            assert_eq!(told, level.map(Value::from), "{log:?} {flavour}");
        }
    }

    #[test]
    fn secure_boot_is_in_the_log() {
        let locked = format!("{LOCKED}EFI Secure Boot mode{MORE}");
        let undetermined = "[ 0.0] secureboot: Secure boot could not be determined (mode 0)\n";
        let both = format!("{undetermined}{locked}");
        for (log, state) in [
            ("[ 0.0] secureboot: Secure boot enabled\n", Some(true)),
            ("[ 0.0] Secure boot disabled\n", Some(false)),
            (
                "[ 0.0] Secure boot disabled\n[ 9.0] x: Secure boot enabled\n",
                Some(false),
            ),
            (&locked, Some(true)),
            (&both, Some(true)),
            (undetermined, None),
            ("[ 0.0] Linux version 6.1\n", None),
        ] {
            let log = KernelLog::read(&Memory::new().with(KERNEL_LOG, log));
            let told = log.secure_boot();
            let told = told.as_ref().and_then(Fact::value).cloned();
            assert_eq!(told, state.map(Value::Bool), "{log:?}");
        }
    }

    #[test]
    fn bpf_among_the_modules_is_in_the_log_of_older_kernels() {
        let names = |log: &str| {
            let log = KernelLog::read(&Memory::new().with(KERNEL_LOG, log));
            let fact = log.some_modules();
            fact.and_then(|fact| fact.value().map(Value::to_string))
        };
        let yama = "[    0.0] Yama: becoming mindful.\n";
        assert_eq!(names(yama), None);
        let both = format!("{yama}[    0.0] LSM support for eBPF active\n");
        assert_eq!(names(&both).as_deref(), Some("yama, bpf"));
    }

    #[test]
    fn the_list_of_modules_is_in_the_log_of_newer_kernels() {
        let log = "[    0.1] LSM: initializing lsm=lockdown,capability,yama,bpf\n";
        let log = KernelLog::read(&Memory::new().with(KERNEL_LOG, log));
        let Some(Fact::Known { value, .. }) = log.modules() else {
            panic!("unknown");
        };
        assert_eq!(value.to_string(), "lockdown, capability, yama, bpf");
        let old = "[    0.1] LSM: Security Framework initializing\n";
        let old = KernelLog::read(&Memory::new().with(KERNEL_LOG, old));
        assert_eq!(old.modules(), None);
    }
}
