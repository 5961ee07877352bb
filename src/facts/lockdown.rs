//! How far the kernel is locked down against its own administrator, by whatever tells.

use super::kconfig::is_off;
use super::kernel_log::KernelLog;
use super::security::{NOT_MOUNTED, not_shown};
use super::{Fact, Facts, Value, Why, boot, reader};
use crate::host::{Host, KERNEL_LOG};

const SECURITYFS: &str = "/sys/kernel/security";
/// Where the kernel shows its lockdown.
pub(super) const LOCKDOWN: &str = "/sys/kernel/security/lockdown";

/// The levels, the strictest last.
pub(super) const LEVELS: [&str; 3] = ["none", "integrity", "confidentiality"];

/// Tells the level, and whether anything says that there is one. The kernel, its config, its
/// command line and Secure Boot have to be collected before; `modules` are the security modules
/// that lsm= and CONFIG_LSM name.
pub(super) fn collect(
    host: &dyn Host,
    has_securityfs: bool,
    log: &KernelLog,
    modules: &[Option<&Value>],
    facts: &mut Facts,
) {
    let level = level(host, has_securityfs, log, facts);
    let level = match level {
        Fact::Unknown { .. } => by_argument(modules, facts).unwrap_or(level),
        Fact::Known { .. } => level,
    };
    let signs = signs(&level, log, facts);
    facts.set("security.lockdown", level);
    facts.set("security.lockdown.signs", signs);
}

/// What the file of securityfs shows; what the log says the kernel did; what the kernel can't do
/// by its build.
fn level(host: &dyn Host, has_securityfs: bool, log: &KernelLog, facts: &Facts) -> Fact {
    let fact = reader::fact(host, LOCKDOWN, in_brackets);
    let Some(why) = not_shown(&fact) else {
        return fact;
    };
    // Distributions lock kernels down by patches whose options have other names, or none.
    if let Some(fact) = log.locked(facts) {
        return fact;
    }
    // Patches from before Linux 5.4, and most of them show no file.
    if is_yes(facts, "LOCK_DOWN_KERNEL") {
        if let Some(fact) = log.unlocked().or_else(|| unasked(has_securityfs, facts)) {
            return fact;
        }
        let hint = hint(facts);
        let detail = format!("this kernel's lockdown patch shows no file{hint}");
        return Fact::unknown(why, &detail, LOCKDOWN);
    }
    // Of files, one of this directory may be there, and the others not collected.
    if has_securityfs && why == Why::Missing {
        return Fact::known("none", SECURITYFS);
    }
    let module = facts.get("config.SECURITY_LOCKDOWN_LSM");
    if is_off(&module) {
        return Fact::known("none", module.source());
    }
    if let Some(fact) = log.unlocked() {
        return fact;
    }
    let hint = hint(facts);
    match why {
        Why::Missing => Fact::unknown(why, &format!("{NOT_MOUNTED}{hint}"), LOCKDOWN),
        _ => Fact::unknown(why, hint.trim_start_matches("; "), LOCKDOWN),
    }
}

/// `[none] integrity confidentiality`: the one word in brackets. RHEL 8 has no third.
fn in_brackets(text: &str) -> Option<Value> {
    let mut chosen = None;
    for word in text.split_whitespace() {
        let inner = word
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let level = LEVELS
            .iter()
            .find(|level| **level == inner.unwrap_or(word))?;
        if inner.is_some() && chosen.replace(*level).is_some() {
            return None;
        }
    }
    chosen.map(Value::from)
}

fn is_yes(facts: &Facts, option: &str) -> bool {
    facts.get(&format!("config.{option}")).value() == Some(&"y".into())
}

/// What the command line asks for.
fn asked(facts: &Facts) -> Option<String> {
    match boot::argument(&facts.get("cmdline"), "lockdown").value() {
        Some(Value::Text(level)) => Some(level.clone()),
        _ => None,
    }
}

/// How far the kernel locks itself down by its build.
fn built(facts: &Facts) -> Option<usize> {
    let forced = ["NONE", "INTEGRITY", "CONFIDENTIALITY"];
    forced
        .iter()
        .position(|level| is_yes(facts, &format!("LOCK_DOWN_KERNEL_FORCE_{level}")))
}

/// What a kernel is locked down to by its build and its command line: of one that is to be booted what it is asked
/// for; one that runs can have been locked down further since, unless that is as far as it goes.
fn by_argument(modules: &[Option<&Value>], facts: &Facts) -> Option<Fact> {
    let runs = facts.text("kernel.state").as_deref() == Some("running");
    let of_rhel = facts.text("kernel.flavour").as_deref() == Some("rhel8");
    if of_rhel || !is_yes(facts, "SECURITY_LOCKDOWN_LSM") {
        return None;
    }
    let listed = modules.iter().flatten().find_map(|value| match value {
        Value::List(names) => Some(names.iter().any(|name| name == "lockdown")),
        _ => None,
    });
    let is_active = is_yes(facts, "SECURITY_LOCKDOWN_LSM_EARLY") || listed == Some(true);
    let asked = asked(facts);
    let asked = LEVELS
        .iter()
        .position(|level| asked.as_deref() == Some(*level));
    let built = built(facts);
    // It is raised and never lowered.
    let (rank, source) = match (asked, built) {
        (Some(asked), built) if Some(asked) > built => (asked, facts.get("cmdline")),
        (_, built) => (built?, facts.config().file()),
    };
    let level = LEVELS.get(rank)?;
    let is_sure = match *level {
        "confidentiality" => true,
        level => !runs && level != "none",
    };
    (is_active && is_sure).then(|| Fact::known(*level, source.source()))
}

/// A patched kernel that nothing has locked down: these are locked by an argument of the command
/// line, whatever its value, by Secure Boot or by their build, and while they run by nothing,
/// unless they show a file for it (`lock_kernel_down` in security/lock_down.c).
fn unasked(has_securityfs: bool, facts: &Facts) -> Option<Fact> {
    let runs = facts.text("kernel.state").as_deref() == Some("running");
    let of_rhel = facts.text("kernel.flavour").as_deref() == Some("rhel8");
    let cmdline = facts.get("cmdline");
    let by_argument = boot::argument(&cmdline, "lockdown");
    let by_firmware = facts.get("security.secure-boot");
    let is_free = by_argument.value() == Some(&Value::Absent)
        && [Value::Absent, Value::Bool(false)]
            .iter()
            .any(|off| by_firmware.value() == Some(off))
        && !is_yes(facts, "LOCK_DOWN_MANDATORY");
    (runs && is_free && (has_securityfs || of_rhel)).then(|| Fact::known("none", cmdline.source()))
}

/// What the kernel was told to be locked down to. It is no answer: firmware with Secure
/// Boot, and whoever was root, can have locked it down further.
fn hint(facts: &Facts) -> String {
    if let Some(level) = asked(facts) {
        format!("; the command line asks for {}", reader::shown(&level))
    } else if is_yes(facts, "LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY") {
        "; the kernel is built for `confidentiality`".to_owned()
    } else if is_yes(facts, "LOCK_DOWN_KERNEL_FORCE_INTEGRITY") {
        "; the kernel is built for `integrity`".to_owned()
    } else {
        String::new()
    }
}

fn signs(level: &Fact, log: &KernelLog, facts: &Facts) -> Fact {
    if let Fact::Known { value, source } = level {
        return Fact::known(*value != "none".into(), source);
    }
    let cmdline = facts.get("cmdline");
    let forced = [
        "LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY",
        "LOCK_DOWN_KERNEL_FORCE_INTEGRITY",
        "LOCK_DOWN_MANDATORY",
    ];
    let secure_boot = facts.get("security.secure-boot");
    let by_firmware = secure_boot.value() == Some(&true.into())
        && is_yes(facts, "LOCK_DOWN_KERNEL")
        && is_yes(facts, "LOCK_DOWN_IN_EFI_SECURE_BOOT");
    if log.is_locked() {
        Fact::known(true, KERNEL_LOG)
    } else if asked(facts).is_some() {
        Fact::known(true, cmdline.source())
    } else if forced.iter().any(|option| is_yes(facts, option)) {
        Fact::known(true, facts.config().file().source())
    } else if by_firmware {
        Fact::known(true, secure_boot.source())
    } else {
        // What was read says nothing of it; where nothing was read, nothing is known.
        let log = match log.is_empty() {
            true => level.clone(),
            false => Fact::known(false, KERNEL_LOG),
        };
        let sources = [cmdline, facts.config().file().clone(), log, secure_boot];
        let read = sources.iter().find(|source| source.value().is_some());
        match (level, read) {
            (Fact::Unknown { reason, .. }, _) if reason.unknown == Why::Denied => level.clone(),
            (_, Some(read)) => Fact::known(false, read.source()),
            (_, None) => level.clone(),
        }
    }
}

/// What the argument `lockdown=` asks for and the kernel does not do. One that is
/// locked down further than it was asked to is no contradiction.
pub(super) fn another(facts: &Facts, place: &dyn Fn(&str) -> String) -> Option<String> {
    let level = facts.get("security.lockdown");
    let Some(Value::Text(here)) = level.value() else {
        return None;
    };
    let asked = asked(facts)?;
    let rank = |level: &str| LEVELS.iter().position(|known| *known == level);
    let short = rank(&asked)? > rank(here)?;
    // RHEL 8 does not read the value, and one that has no lockdown does not read the argument.
    let one_level = facts.text("kernel.flavour").as_deref() == Some("rhel8") && here != "none";
    let has_none = level.source() != LOCKDOWN
        && is_off(&facts.get("config.SECURITY_LOCKDOWN_LSM"))
        && is_off(&facts.get("config.LOCK_DOWN_KERNEL"));
    (short && !one_level && !has_none).then(|| {
        format!(
            "lockdown is {here} in {} and {asked} in {}",
            place(level.source()),
            place(facts.get("cmdline").source())
        )
    })
}

/// That the log says the kernel was locked down, and securityfs that it is not: it can only be
/// raised (`lock_kernel_down` in security/lockdown/lockdown.c). How far is a guess in the log.
pub(super) fn denied_by_log(
    log: &KernelLog,
    facts: &Facts,
    place: &dyn Fn(&str) -> String,
) -> Option<String> {
    let level = facts.get("security.lockdown");
    let is_none = level.source() == LOCKDOWN && level.value() == Some(&"none".into());
    if !is_none || !log.is_locked() {
        return None;
    }
    let logged = log.locked(facts)?;
    let there = logged.value().map_or("on".to_owned(), Value::to_string);
    Some(format!(
        "lockdown is none in {} and {there} in {}",
        place(level.source()),
        place(KERNEL_LOG)
    ))
}

/// That the log tells of an argument which the command line does not have.
pub(super) fn unasked_for(
    log: &KernelLog,
    facts: &Facts,
    place: &dyn Fn(&str) -> String,
) -> Option<String> {
    let cmdline = facts.get("cmdline");
    let argument = boot::argument(&cmdline, "lockdown");
    let is_absent = argument.value() == Some(&Value::Absent);
    (log.is_locked_by_argument() && is_absent).then(|| {
        format!(
            "the kernel is locked down from its command line by {}, and {} has no lockdown=",
            place(KERNEL_LOG),
            place(cmdline.source())
        )
    })
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;
    use crate::facts::security::{self, tests::MOUNTED};
    use crate::facts::{KernelConfig, mounts::Mounts};
    use crate::host::Memory;

    fn facts(host: &Memory, config: &str, cmdline: &str) -> Facts {
        of_kernel(host, config, cmdline, "other")
    }

    fn of_kernel(host: &Memory, config: &str, cmdline: &str, flavour: &str) -> Facts {
        let mut facts = Facts::default();
        facts.set("cmdline", Fact::known(cmdline, "/proc/cmdline"));
        facts.set("kernel.state", Fact::known("running", "/x"));
        facts.set("kernel.flavour", Fact::known(flavour, "/x"));
        facts.set("boot.firmware", Fact::known("bios", "/sys/class/dmi/id"));
        if !config.is_empty() {
            facts.set_config(KernelConfig::from_bytes(config.as_bytes(), "/boot/config"));
        }
        let log = KernelLog::read(host);
        security::collect(host, &Mounts::read(host), &log, &mut facts);
        facts
    }

    #[test]
    fn lockdown_is_read_or_follows_from_what_the_kernel_lacks() {
        let mounted = Memory::new()
            .with("/proc/self/mountinfo", MOUNTED)
            .with("/sys/kernel/security/lsm", "capability,yama");
        let unmounted = Memory::new().with("/sys/kernel/uevent_seqnum", "1");
        let file = |text: &str| mounted.clone().with(LOCKDOWN, text);
        let denied = mounted
            .clone()
            .refusing(LOCKDOWN, ErrorKind::PermissionDenied);
        let module = "CONFIG_SECURITY_LOCKDOWN_LSM=y";
        for (host, config, level, source) in [
            (
                &file("none [integrity] confidentiality\n"),
                "",
                Some("integrity"),
                LOCKDOWN,
            ),
            (
                &file("[none] integrity confidentiality\n"),
                "",
                Some("none"),
                LOCKDOWN,
            ),
            (&file("[weather]\n"), "", None, LOCKDOWN),
            (&file("none integrity"), "", None, LOCKDOWN),
            (
                &file("[none] [integrity] confidentiality\n"),
                "",
                None,
                LOCKDOWN,
            ),
            // RHEL 8.
            (&file("none [integrity]\n"), "", Some("integrity"), LOCKDOWN),
            (&denied, "", None, LOCKDOWN),
            (&mounted, "", Some("none"), SECURITYFS),
            (
                &mounted,
                "CONFIG_LOCK_DOWN_KERNEL=y",
                Some("none"),
                "/proc/cmdline",
            ),
            (
                &mounted,
                "CONFIG_LOCK_DOWN_KERNEL=y\nCONFIG_LOCK_DOWN_MANDATORY=y",
                None,
                LOCKDOWN,
            ),
            (&unmounted, "", None, LOCKDOWN),
            (&unmounted, module, None, LOCKDOWN),
            (&unmounted, "CONFIG_BPF=y", Some("none"), "/boot/config"),
            (
                &unmounted,
                "# CONFIG_SECURITY_LOCKDOWN_LSM is not set",
                Some("none"),
                "/boot/config",
            ),
            (&unmounted, "CONFIG_LOCK_DOWN_KERNEL=y", None, LOCKDOWN),
        ] {
            let facts = facts(host, config, "quiet");
            assert_eq!(
                facts.text("security.lockdown").as_deref(),
                level,
                "{config}"
            );
            assert_eq!(facts.get("security.lockdown").source(), source, "{config}");
        }
    }

    #[test]
    fn what_the_kernel_was_told_is_a_hint() {
        let module = "CONFIG_SECURITY_LOCKDOWN_LSM=y\n";
        let forced = format!("{module}CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY=y\n");
        for (config, cmdline, end) in [
            (module, "quiet", NOT_MOUNTED),
            (
                module,
                "lockdown=integrity",
                "the command line asks for `integrity`",
            ),
            (&forced, "quiet", "the kernel is built for `integrity`"),
        ] {
            let fact = facts(&Memory::new(), config, cmdline).get("security.lockdown");
            let Fact::Unknown { reason, .. } = fact else {
                panic!("known");
            };
            assert!(reason.detail.ends_with(end), "{}", reason.detail);
        }
    }

    #[test]
    fn a_kernel_that_is_to_be_booted_is_locked_as_its_command_line_asks() {
        let config = "CONFIG_SECURITY_LOCKDOWN_LSM=y\nCONFIG_LSM=\"lockdown,yama\"\n";
        let early = "CONFIG_SECURITY_LOCKDOWN_LSM=y\nCONFIG_SECURITY_LOCKDOWN_LSM_EARLY=y\n";
        let off = "# CONFIG_SECURITY_LOCKDOWN_LSM is not set\n";
        let strict = "lockdown=confidentiality";
        let built = "CONFIG_SECURITY_LOCKDOWN_LSM=y\nCONFIG_SECURITY_LOCKDOWN_LSM_EARLY=y\n\
                     CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY=y\n";
        let asked = "lockdown=integrity lsm=yama,lockdown";
        for (state, config, cmdline, level) in [
            ("", config, strict, Some("confidentiality")),
            ("installed", config, asked, Some("integrity")),
            ("", early, strict, Some("confidentiality")),
            ("", off, strict, Some("none")),
            // By its build.
            ("configured", built, "quiet", Some("integrity")),
            ("configured", built, strict, Some("confidentiality")),
            ("running", built, "quiet", None),
            // What is not active locks nothing; and what may have happened since is not known.
            ("", config, "lockdown=integrity lsm=yama", None),
            ("", config, "lockdown=weather", None),
            ("", config, "quiet", None),
            ("running", config, asked, None),
            ("running", config, strict, Some("confidentiality")),
        ] {
            let host = Memory::new();
            let mut facts = Facts::default();
            facts.set("cmdline", Fact::known(cmdline, "/proc/cmdline"));
            if !state.is_empty() {
                facts.set("kernel.state", Fact::known(state, "/x"));
            }
            facts.set_config(KernelConfig::from_bytes(config.as_bytes(), "/boot/config"));
            let log = KernelLog::read(&host);
            security::collect(&host, &Mounts::read(&host), &log, &mut facts);
            let told = facts.text("security.lockdown");
            assert_eq!(told.as_deref(), level, "{state} {cmdline}");
        }
    }

    #[test]
    fn the_log_outranks_what_the_config_lacks() {
        let locked = "[ 0.0] Linux version 5.14.0\n\
            [ 0.0] Kernel is locked down from EFI secure boot; see man kernel_lockdown.7\n";
        let whole = "[ 0.0] Linux version 5.14.0\n";
        let off = "# CONFIG_SECURITY_LOCKDOWN_LSM is not set\n";
        for (log, config, flavour, level) in [
            (locked, off, "rhel8", Some("integrity")),
            // A patch whose levels nobody knows here.
            (locked, off, "other", None),
            (whole, off, "other", Some("none")),
            ("", off, "other", Some("none")),
        ] {
            let host = Memory::new().with(KERNEL_LOG, log);
            let facts = of_kernel(&host, config, "quiet", flavour);
            assert_eq!(facts.text("security.lockdown").as_deref(), level, "{log}");
            let signs = facts.get("security.lockdown.signs");
            let said = Value::Bool(log == locked);
            assert_eq!(signs.value(), Some(&said), "{log}");
        }
    }

    #[test]
    fn rhel_8_has_one_level_whatever_is_asked_for() {
        let log = "[ 0.0] Kernel is locked down from command line; see man kernel_lockdown.7\n";
        let host = Memory::new().with(KERNEL_LOG, log);
        let config = "CONFIG_LOCK_DOWN_KERNEL=y\n";
        let facts = of_kernel(&host, config, "lockdown=confidentiality", "rhel8");
        assert_eq!(facts.text("security.lockdown").unwrap(), "integrity");
        assert_eq!(another(&facts, &str::to_owned), None);
        // Mainline's would be at what it was asked for.
        let mounted = Memory::new().with(LOCKDOWN, "none [integrity] confidentiality");
        let other = of_kernel(&mounted, "", "lockdown=confidentiality", "rhel9");
        assert!(another(&other, &str::to_owned).is_some());
        // One without lockdown does not know the argument.
        let off = "# CONFIG_SECURITY_LOCKDOWN_LSM is not set\n";
        let none = of_kernel(&Memory::new(), off, "lockdown=integrity", "other");
        assert_eq!(none.text("security.lockdown").unwrap(), "none");
        assert_eq!(another(&none, &str::to_owned), None);
    }

    #[test]
    fn signs_of_lockdown_are_no_level_of_it() {
        let module = "CONFIG_SECURITY_LOCKDOWN_LSM=y\n";
        let forced = format!("{module}CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY=y\n");
        for (config, cmdline, said) in [
            (module, "quiet", false),
            (module, "lockdown=confidentiality", true),
            (&forced, "quiet", true),
        ] {
            let facts = facts(&Memory::new(), config, cmdline);
            assert!(
                facts.get("security.lockdown").value().is_none(),
                "{cmdline}"
            );
            let signs = facts.get("security.lockdown.signs");
            assert_eq!(signs.value(), Some(&Value::Bool(said)), "{cmdline}");
            let source = if said && cmdline == "quiet" {
                "/boot/config"
            } else {
                "/proc/cmdline"
            };
            assert_eq!(signs.source(), source, "{cmdline}");
        }
    }

    #[test]
    fn where_nothing_was_read_nothing_is_known_of_lockdown() {
        let nothing = Memory::new()
            .refusing(LOCKDOWN, ErrorKind::Unsupported)
            .refusing(SECURITYFS, ErrorKind::Unsupported);
        let log = nothing.clone().with(KERNEL_LOG, "[ 9.0] cut off\n");
        // That another file of the directory was collected does not make it whole.
        let another = Memory::new()
            .refusing(LOCKDOWN, ErrorKind::Unsupported)
            .with("/sys/kernel/security/lsm", "yama");
        for (host, said) in [(&nothing, None), (&log, Some(KERNEL_LOG)), (&another, None)] {
            let mut facts = Facts::default();
            let log = KernelLog::read(host);
            security::collect(host, &Mounts::read(host), &log, &mut facts);
            let level = facts.get("security.lockdown");
            let signs = facts.get("security.lockdown.signs");
            let Fact::Unknown { reason, .. } = &level else {
                panic!("{level:?}");
            };
            assert_eq!(reason.unknown, Why::NotCollected);
            assert_eq!(
                signs,
                said.map_or(level, |source| Fact::known(false, source))
            );
        }
    }
}
