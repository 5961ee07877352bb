//! What the kernel's log proves of a host that is known from files: a sosreport has the log,
//! and no securityfs.

use super::{Fact, Facts, Value, Why, boot};
use crate::host::{Host, KERNEL_LOG};

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

    /// How far the kernel was locked down when the log was read; nothing where it does not
    /// tell. The kernel config has to be collected before.
    pub(super) fn lockdown(&self, facts: &Facts) -> Option<Fact> {
        let Some(rest) = self.behind("Kernel is locked down from ") else {
            // The log is written at each step of lockdown; one that goes back to the first
            // line has them all.
            let whole = self.0.contains("Linux version ");
            // `Lockdown: modprobe: unsigned module loading is restricted; see man ...`
            let refused =
                |line: &str| line.contains("Lockdown: ") && line.contains(" is restricted");
            if self.0.lines().any(refused) {
                let confidential = CONFIDENTIAL.iter().any(|reason| self.0.contains(reason));
                let level = if confidential {
                    "confidentiality"
                } else {
                    "integrity"
                };
                return Some(Fact::known(level, KERNEL_LOG));
            }
            return whole.then(|| Fact::known("none", KERNEL_LOG));
        };
        if CONFIDENTIAL.iter().any(|reason| self.0.contains(reason)) {
            return Some(Fact::known("confidentiality", KERNEL_LOG));
        }
        let from = rest.split(';').next().unwrap_or_default().trim();
        let has = |option: &str| facts.get(option).value() == Some(&"y".into());
        let level = match from {
            "command line" => match boot::argument(&facts.get("cmdline"), "lockdown").value() {
                Some(Value::Text(level)) if level == "confidentiality" => Some("confidentiality"),
                Some(Value::Text(level)) if level == "integrity" => Some("integrity"),
                _ => None,
            },
            "Kernel configuration" if has("config.LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY") => {
                Some("confidentiality")
            }
            "Kernel configuration" if has("config.LOCK_DOWN_KERNEL_FORCE_INTEGRITY") => {
                Some("integrity")
            }
            // What distributions add to the module of Linux 5.4: Secure Boot means integrity.
            _ if from.starts_with("EFI Secure Boot") && has("config.SECURITY_LOCKDOWN_LSM") => {
                Some("integrity")
            }
            _ => None,
        };
        Some(match level {
            Some(level) => Fact::known(level, KERNEL_LOG),
            None => Fact::unknown(
                Why::Untold,
                &format!("the kernel is locked down from {from}, and how far is not said"),
                KERNEL_LOG,
            ),
        })
    }

    /// The release of the kernel that wrote it.
    pub(super) fn release(&self) -> Option<&str> {
        let mut lines = self.0.lines();
        let behind = lines.find_map(|line| Some(line.split_once("Linux version ")?.1))?;
        behind.split_whitespace().next()
    }

    /// The command line of the boot, unless it may be cut off.
    pub(super) fn command_line(&self) -> Option<&str> {
        let marks = ["Command line: ", "Kernel command line: "];
        let told = marks.iter().find_map(|mark| self.behind(mark))?.trim();
        (!told.is_empty() && told.len() < LINE).then_some(told)
    }

    /// The rest of the last line that holds `mark`.
    fn behind(&self, mark: &str) -> Option<&str> {
        let mut lines = self.0.lines().filter_map(|line| line.split_once(mark));
        lines.next_back().map(|(_, rest)| rest)
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
            let fact = log.lockdown(&facts);
            let told = fact.as_ref().and_then(Fact::value).cloned();
            assert_eq!(told, level.map(Value::from), "{log:?} {cmdline}");
        }
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
