//! What restricts the kernel beyond permissions: lockdown and the security modules.

use super::kernel_log::KernelLog;
use super::keys::Values::{Bool, List, OneOf, Text};
use super::mounts::Mounts;
use super::{Fact, Facts, KeyInfo, Value, Why, boot, lockdown, reader};
use crate::host::{Host, KERNEL_LOG};

pub(super) const KEYS: &[KeyInfo] = &[
    KeyInfo::one(
        "security.lockdown",
        OneOf(&lockdown::LEVELS),
        "How far the kernel is locked down against its own administrator (lockdown in \
         securityfs).",
    ),
    KeyInfo::one(
        "security.lockdown.signs",
        Bool,
        "Whether anything known of the host says that its kernel is locked down: lockdown in \
         securityfs, the kernel's log, its command line, its config.",
    ),
    KeyInfo::one(
        "security.lsm",
        List,
        "Security modules that are active, in their order (lsm in securityfs); where nothing but \
         the log of a kernel before 6.1 tells, those of them that say so in it.",
    ),
    KeyInfo::one(
        "security.lsm.argument",
        Text,
        "The active security modules as the kernel argument lsm= takes them: joined by commas, \
         without capability, which is always there, and with integrity where lsm= or CONFIG_LSM \
         has it, which the kernel does not list.",
    ),
    KeyInfo::one(
        "security.lsm.asked",
        List,
        "Security modules that lsm= on the kernel's command line names, absent where it is not \
         there.",
    ),
    KeyInfo::one(
        "security.lsm.configured",
        List,
        "Security modules the kernel activates unless its command line says otherwise \
         (CONFIG_LSM).",
    ),
    KeyInfo::one(
        "security.selinux",
        OneOf(&["enforcing", "permissive", "disabled"]),
        "Mode of SELinux (enforce in selinuxfs).",
    ),
    KeyInfo::one(
        "security.apparmor",
        Bool,
        "Whether AppArmor is enabled (/sys/module/apparmor/parameters/enabled).",
    ),
    KeyInfo::one(
        "security.secure-boot",
        Bool,
        "Whether the firmware starts signed systems alone, absent without UEFI (the variable \
         SecureBoot).",
    ),
];

/// The firmware's variable: four bytes of attributes, then 0 or 1.
const SECURE_BOOT: &str =
    "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

const SECURITYFS: &str = "/sys/kernel/security";

/// Why nothing of securityfs is known, and what to type to know it.
pub(super) const NOT_MOUNTED: &str =
    "securityfs is not mounted: `mount -t securityfs securityfs /sys/kernel/security` shows it";

/// Reads what securityfs and the modules' own files show; the kernel config helps where
/// securityfs is not mounted, and has to be collected before.
pub(super) fn collect(host: &dyn Host, mounts: &Mounts, log: &KernelLog, facts: &mut Facts) {
    let has_securityfs = has_securityfs(host, mounts);
    facts.set("security.secure-boot", secure_boot(host, log, facts));
    let configured = configured_modules(facts);
    let asked = names(boot::given_value(&facts.get("cmdline"), "lsm"));
    let state = facts.get("kernel.state");
    let is_config = state.value() == Some(&"configured".into());
    // A kernel that may not be built yet is started with what is told of its command line.
    let asked = match is_config && asked.value().is_none() {
        true => Fact::absent(state.source()),
        false => asked,
    };
    let chosen = [&asked, &configured].map(Fact::value);
    lockdown::collect(host, has_securityfs, log, &chosen, facts);
    let active = active_modules(host, has_securityfs, log);
    let in_part = active.source() == KERNEL_LOG && log.modules().is_none();
    let silent = silent_module(&asked, &configured);
    let list = match (&active, asked.value()) {
        (Fact::Unknown { .. }, Some(Value::Absent)) if is_config => &configured,
        (Fact::Unknown { .. }, _) if is_config => &asked,
        _ => &active,
    };
    facts.set(
        "security.lsm.argument",
        whole_argument(list, in_part, silent),
    );
    facts.set("security.lsm", active);
    facts.set("security.lsm.configured", configured);
    facts.set("security.lsm.asked", asked);
    facts.set("security.selinux", selinux(host));
    facts.set("security.apparmor", apparmor(host));
}

/// Whether what is not in securityfs is not in the kernel. Not mounted, its directory is
/// there and empty.
fn has_securityfs(host: &dyn Host, mounts: &Mounts) -> bool {
    mounts.is_on(SECURITYFS, "securityfs") != Some(false) && reader::is_populated(host, SECURITYFS)
}

fn not_mounted(path: &str) -> Fact {
    Fact::unknown(Why::Missing, NOT_MOUNTED, path)
}

/// Why a file of securityfs shows nothing, where another source may know.
pub(super) fn not_shown(fact: &Fact) -> Option<Why> {
    match fact {
        Fact::Unknown { reason, .. } => reason.is_elsewhere().then_some(reason.unknown),
        Fact::Known { .. } => None,
    }
}

fn active_modules(host: &dyn Host, has_securityfs: bool, log: &KernelLog) -> Fact {
    let path = "/sys/kernel/security/lsm";
    let fact = reader::fact(host, path, |text| {
        let names = text.trim().split(',').filter(|name| !name.is_empty());
        Some(Value::List(names.map(str::to_owned).collect()))
    });
    match not_shown(&fact) {
        Some(why) if !has_securityfs => {
            let logged = log.modules().or_else(|| log.some_modules());
            logged.unwrap_or_else(|| match why {
                Why::Missing => not_mounted(path),
                _ => fact,
            })
        }
        _ => fact,
    }
}

/// Until 6.9 integrity is a module of its own that has no hooks, so the kernel does not list
/// it; a kernel booted with an lsm= that leaves it out panics where IMA has a policy
/// (`integrity_inode_get` in security/integrity/iint.c).
fn silent_module(asked: &Fact, configured: &Fact) -> Option<&'static str> {
    let told = [asked, configured].map(Fact::value);
    let names = told.into_iter().find_map(|value| match value {
        Some(Value::List(names)) => Some(names),
        _ => None,
    })?;
    let has = names.iter().any(|name| name == "integrity");
    has.then_some("integrity")
}

/// The whole list as lsm= takes it. A log that names some of the modules has not got it.
fn whole_argument(active: &Fact, in_part: bool, silent: Option<&str>) -> Fact {
    if in_part {
        let detail = "the kernel's log names some of the active modules alone";
        return Fact::unknown(Why::Untold, detail, KERNEL_LOG);
    }
    active.clone().map(|value| argument(value, silent))
}

fn argument(active: Value, silent: Option<&str>) -> Value {
    match active {
        Value::List(mut names) => {
            names.retain(|name| name != "capability");
            if let Some(silent) = silent.filter(|silent| !names.iter().any(|name| name == silent)) {
                names.push(silent.to_owned());
            }
            names.join(",").into()
        }
        other => other,
    }
}

fn configured_modules(facts: &Facts) -> Fact {
    names(facts.get("config.LSM"))
}

/// A list of modules with commas between them.
fn names(text: Fact) -> Fact {
    text.map(|value| match value {
        Value::Text(text) => {
            let names = text
                .split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty());
            Value::List(names.map(str::to_owned).collect())
        }
        other => other,
    })
}

fn secure_boot(host: &dyn Host, log: &KernelLog, facts: &Facts) -> Fact {
    let fact = of_firmware(host, facts);
    match &fact {
        Fact::Unknown { reason, .. } if reason.is_elsewhere() => log.secure_boot().unwrap_or(fact),
        _ => fact,
    }
}

fn of_firmware(host: &dyn Host, facts: &Facts) -> Fact {
    match host.read(SECURE_BOOT, 8) {
        Ok(bytes) => match bytes.get(4) {
            Some(0) => Fact::known(false, SECURE_BOOT),
            Some(1) => Fact::known(true, SECURE_BOOT),
            _ => Fact::unknown(Why::Malformed, "it holds no 0 and no 1", SECURE_BOOT),
        },
        Err(error) if reader::why(&error) != Why::Missing => {
            reader::unreadable(&error, SECURE_BOOT)
        }
        Err(_) => match facts.get("boot.firmware") {
            Fact::Known { value, source } if value != "uefi".into() => Fact::absent(&source),
            Fact::Known { .. } if reader::is_populated(host, "/sys/firmware/efi/efivars") => {
                Fact::absent(SECURE_BOOT)
            }
            Fact::Known { .. } => {
                Fact::unknown(Why::Missing, "efivarfs is not mounted", SECURE_BOOT)
            }
            unknown => unknown,
        },
    }
}

/// The kernel makes the directory for selinuxfs when SELinux starts (`init_sel_fs` in
/// security/selinux/selinuxfs.c), so that none means it did not.
fn selinux(host: &dyn Host) -> Fact {
    let (directory, path) = ("/sys/fs/selinux", "/sys/fs/selinux/enforce");
    let fact = reader::fact(host, path, |text| match text.trim() {
        "1" => Some("enforcing".into()),
        "0" => Some("permissive".into()),
        // What a command said of it, in a report: there is no such file then.
        "disabled" => Some("disabled".into()),
        _ => None,
    });
    match &fact {
        Fact::Unknown { reason, .. } if reason.unknown == Why::Missing => {
            if host.stat(directory).is_ok() {
                Fact::unknown(Why::Missing, "selinuxfs is not mounted", path)
            } else if reader::is_populated(host, "/sys/fs") {
                Fact::known("disabled", directory)
            } else {
                Fact::unknown(Why::Missing, "sysfs is not mounted at /sys", path)
            }
        }
        _ => fact,
    }
}

fn apparmor(host: &dyn Host) -> Fact {
    let path = "/sys/module/apparmor/parameters/enabled";
    let fact = reader::fact(host, path, |text| match text.trim() {
        "Y" => Some(true.into()),
        "N" => Some(false.into()),
        _ => None,
    });
    match &fact {
        Fact::Unknown { reason, .. }
            if reason.unknown == Why::Missing && reader::is_populated(host, "/sys/module") =>
        {
            Fact::known(false, path)
        }
        _ => fact,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::ErrorKind;

    use super::*;
    use crate::facts::KernelConfig;
    use crate::host::Memory;

    pub(in super::super) const MOUNTED: &str = "1 0 8:1 / / rw - ext4 x rw\n\
        2 1 0:2 / /sys rw - sysfs sysfs rw\n\
        3 2 0:3 / /sys/kernel/security rw - securityfs securityfs rw\n";

    fn facts(host: &Memory, config: &str, cmdline: &str) -> Facts {
        let mut facts = Facts::default();
        facts.set("cmdline", Fact::known(cmdline, "/proc/cmdline"));
        if !config.is_empty() {
            facts.set_config(KernelConfig::from_bytes(config.as_bytes(), "/boot/config"));
        }
        collect(
            host,
            &Mounts::read(host),
            &KernelLog::read(host),
            &mut facts,
        );
        facts
    }

    #[test]
    fn the_list_of_modules_is_unknown_where_securityfs_is_not_mounted() {
        let mounted = Memory::new()
            .with("/proc/self/mountinfo", MOUNTED)
            .with("/sys/kernel/security/lsm", "lockdown,capability,bpf");
        let config = "CONFIG_LSM=\"yama,bpf\"";
        let known = facts(&mounted, config, "");
        assert_eq!(
            known.list("security.lsm").unwrap(),
            ["lockdown", "capability", "bpf"]
        );
        assert_eq!(
            known.list("security.lsm.configured").unwrap(),
            ["yama", "bpf"]
        );
        assert_eq!(known.text("security.lsm.argument").unwrap(), "lockdown,bpf");
        assert_eq!(
            known.get("security.lsm.asked").value(),
            Some(&Value::Absent)
        );
        for (cmdline, asked) in [
            ("lsm=yama,bpf", vec!["yama", "bpf"]),
            ("lsm=bpf lsm=yama", vec!["yama"]),
            ("lsm=", vec![]),
            ("lsm=bpf lsm", vec!["bpf"]),
        ] {
            let facts = facts(&mounted, config, cmdline);
            assert_eq!(
                facts.list("security.lsm.asked").unwrap(),
                asked,
                "{cmdline}"
            );
        }
        let list = |names: &str| Fact::known(Value::List(vec![names.to_owned()]), "x");
        let none = Fact::absent("x");
        for (asked, configured, silent) in [
            (&none, "integrity", Some("integrity")),
            (&none, "yama", None),
            (&list("yama"), "integrity", None),
            (&list("integrity"), "yama", Some("integrity")),
        ] {
            assert_eq!(silent_module(asked, &list(configured)), silent, "{asked:?}");
        }
        let active = || Value::List(vec!["capability".to_owned(), "yama".to_owned()]);
        assert_eq!(
            argument(active(), Some("integrity")),
            "yama,integrity".into()
        );
        assert_eq!(argument(active(), None), "yama".into());
        // Without a value it is no argument of the kernel's.
        let bare = facts(&mounted, "CONFIG_LSM=\"yama,integrity\"", "lsm");
        assert_eq!(bare.get("security.lsm.asked").value(), Some(&Value::Absent));
        let argument = bare.text("security.lsm.argument").unwrap();
        assert_eq!(argument, "lockdown,bpf,integrity");
        // A log that names some of them tells no list to go on with.
        let log = Memory::new().with(KERNEL_LOG, "[ 0.0] LSM support for eBPF active\n");
        let told = facts(&log, config, "");
        assert_eq!(told.list("security.lsm").unwrap(), ["bpf"]);
        assert!(told.get("security.lsm.argument").value().is_none());
        let unknown = facts(&Memory::new(), "", "");
        assert!(unknown.get("security.lsm").value().is_none());
        assert!(unknown.get("security.lsm.configured").value().is_none());
        assert!(unknown.get("security.lsm.argument").value().is_none());
    }

    #[test]
    fn secure_boot_is_a_byte_of_the_firmware() {
        let efivar = "/sys/firmware/efi/efivars/Boot0000-x";
        let with = |bytes: &[u8]| Memory::new().with(SECURE_BOOT, bytes);
        for (host, firmware, value) in [
            (with(&[6, 0, 0, 0, 1]), "uefi", Some(Value::Bool(true))),
            (with(&[6, 0, 0, 0, 0]), "uefi", Some(Value::Bool(false))),
            (with(&[6, 0, 0, 0, 7]), "uefi", None),
            (with(&[6]), "uefi", None),
            (Memory::new(), "bios", Some(Value::Absent)),
            (Memory::new(), "uefi", None),
            (Memory::new().with(efivar, ""), "uefi", Some(Value::Absent)),
            (
                with(&[]).refusing(SECURE_BOOT, ErrorKind::PermissionDenied),
                "uefi",
                None,
            ),
        ] {
            let mut facts = Facts::default();
            facts.set("boot.firmware", Fact::known(firmware, "/sys/firmware"));
            assert_eq!(
                of_firmware(&host, &facts).value(),
                value.as_ref(),
                "{host:?}"
            );
        }
        assert!(
            of_firmware(&Memory::new(), &Facts::default())
                .value()
                .is_none()
        );
    }

    #[test]
    fn selinux_and_apparmor_are_off_where_the_kernel_shows_nothing_of_them() {
        let sys = Memory::new()
            .with("/sys/fs/ext4/x", "")
            .with("/sys/module/x/y", "");
        let apparmor = "/sys/module/apparmor/parameters/enabled";
        for (host, selinux, is_enabled) in [
            (sys.clone(), Some("disabled"), Some(false)),
            (
                sys.clone().with("/sys/fs/selinux/enforce", "1"),
                Some("enforcing"),
                Some(false),
            ),
            (
                sys.clone().with("/sys/fs/selinux/enforce", "0\n"),
                Some("permissive"),
                Some(false),
            ),
            (
                sys.clone().with("/sys/fs/selinux/enforce", "x"),
                None,
                Some(false),
            ),
            (
                sys.clone().with("/sys/fs/selinux/other", ""),
                None,
                Some(false),
            ),
            (
                sys.clone().with(apparmor, "Y\n"),
                Some("disabled"),
                Some(true),
            ),
            (sys.with(apparmor, "N\n"), Some("disabled"), Some(false)),
            (Memory::new(), None, None),
        ] {
            let facts = facts(&host, "", "");
            assert_eq!(
                facts.text("security.selinux").as_deref(),
                selinux,
                "{host:?}"
            );
            let enabled = is_enabled.map(Value::Bool);
            assert_eq!(
                facts.get("security.apparmor").value(),
                enabled.as_ref(),
                "{host:?}"
            );
        }
    }
}
