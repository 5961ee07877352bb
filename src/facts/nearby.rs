//! What an experiment must know of the running system before it tries: where its own cgroup
//! is, and whether asking for something would make the kernel load a module.

use std::cell::OnceCell;

use super::mounts::Mounts;
use super::{Fact, Facts, KernelConfig, Value, kconfig, reader};
use crate::host::{Host, Live};

/// The running system, read when it is asked.
#[derive(Debug, Default)]
pub struct Nearby {
    host: Live,
    /// The kernel's config, once it was needed.
    config: OnceCell<KernelConfig>,
}

/// Where cgroups can be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cgroup {
    /// The directory of this process's cgroup in a version 2 hierarchy.
    Own(String),
    /// Only version 1 is mounted; a directory of it.
    Version1(String),
    /// None that can be used, for this reason.
    Unusable(String),
}

/// Whether a part of the kernel is at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Asking for it loads nothing: it is built in or loaded, or there is no module of it.
    Settled,
    /// It is a module that is not loaded; asking for it would have the kernel load it.
    NotLoaded,
    /// Nobody could tell which of the two.
    Unknown,
}

impl Nearby {
    /// Where this process can have a cgroup of its own.
    #[must_use]
    pub fn cgroup(&self) -> Cgroup {
        cgroup(&self.host)
    }

    /// Whether the kernel can be asked for what `module` holds without loading it; `option` is
    /// the kernel option it is built by, without `CONFIG_`.
    #[must_use]
    pub fn module(&self, module: &str, option: &str) -> Presence {
        presence(&self.host, module, &|| {
            let config = self.config.get_or_init(|| running_config(&self.host));
            config.option(option)
        })
    }

    /// Whether the kernel has this file system without loading a module; `None` where
    /// /proc/filesystems can't be read.
    #[must_use]
    pub fn has_filesystem(&self, name: &str) -> Option<bool> {
        let text = reader::text(&self.host, "/proc/filesystems").ok()?;
        Some(
            text.lines()
                .any(|line| line.split_whitespace().last() == Some(name)),
        )
    }
}

/// Programs attach to a cgroup of version 2, and the one to make a directory in is the one the
/// process is in: its limits stay in force, and nobody else's cgroup is touched.
fn cgroup(host: &dyn Host) -> Cgroup {
    let mounts = Mounts::read(host);
    let mut of_type = mounts.of_type("cgroup2").peekable();
    if of_type.peek().is_none() {
        // The controllers' hierarchies and systemd's own refuse programs alike.
        return match mounts.of_type("cgroup").next() {
            Some((point, _)) => Cgroup::Version1(point.to_owned()),
            None => Cgroup::Unusable("no cgroup file system is mounted".to_owned()),
        };
    }
    let own = reader::text(host, "/proc/self/cgroup").unwrap_or_default();
    let Some(own) = own.lines().find_map(|line| line.strip_prefix("0::")) else {
        return Cgroup::Unusable("/proc/self/cgroup names no cgroup of version 2".to_owned());
    };
    let below = |(point, root): (&str, &str)| {
        let rest = own.strip_prefix(root.trim_end_matches('/'))?;
        let inside = rest.is_empty() || rest.starts_with('/');
        // Outside of the cgroup namespace, a path begins with `/..`.
        (inside && !rest.split('/').any(|part| part == ".."))
            .then(|| format!("{point}/{}", rest.trim_matches('/')))
    };
    of_type
        .map(|(point, mount)| (point, mount.root.as_str()))
        .filter_map(below)
        .map(|path| path.trim_end_matches('/').to_owned())
        .min_by_key(String::len)
        .map_or_else(
            || Cgroup::Unusable(format!("this process's cgroup, {own}, is mounted nowhere")),
            Cgroup::Own,
        )
}

/// The config of the running kernel.
fn running_config(host: &dyn Host) -> KernelConfig {
    let mut facts = Facts::default();
    let release = host.uname().map(|name| name.release).unwrap_or_default();
    facts.set("kernel.release", Fact::known(release, "uname"));
    kconfig::collect(host, &mut facts);
    facts.config().clone()
}

/// More than any list of a kernel's modules.
const LIST_LIMIT: usize = 16 << 20;

/// The kernel asks modprobe for what it lacks, unless it knows of no modules or they are barred.
fn presence(host: &dyn Host, module: &str, option: &dyn Fn() -> Fact) -> Presence {
    let exists = |path: &str| host.stat(path).is_ok();
    let loaded = reader::text(host, "/proc/modules");
    // Without CONFIG_MODULES there is neither the list nor the path of modprobe.
    let has_no_modules =
        loaded.is_err() && exists("/proc/sys/kernel") && !exists("/proc/sys/kernel/modprobe");
    let barred = reader::text(host, "/proc/sys/kernel/modules_disabled");
    if has_no_modules
        || loaded.is_ok_and(|text| {
            text.lines()
                .any(|line| line.split(' ').next() == Some(module))
        })
        || barred.is_ok_and(|text| text.trim() == "1")
        || exists(&format!("/sys/module/{module}"))
    {
        return Presence::Settled;
    }
    let release = host.uname().map(|name| name.release).unwrap_or_default();
    let list = |name: &str| {
        let bytes = host
            .read(&format!("/lib/modules/{release}/{name}"), LIST_LIMIT)
            .ok()?;
        Some(
            String::from_utf8_lossy(&bytes)
                .lines()
                .any(|line| is_of(line, module)),
        )
    };
    if list("modules.builtin") == Some(true) {
        return Presence::Settled;
    }
    let installed = list("modules.dep");
    if installed == Some(true) {
        return Presence::NotLoaded;
    }
    match option().value() {
        Some(Value::Text(text)) if text == "m" => Presence::NotLoaded,
        Some(_) => Presence::Settled,
        None if installed.is_some() => Presence::Settled,
        None => Presence::Unknown,
    }
}

/// Whether a line of modules.dep or modules.builtin is that of this module.
pub(super) fn is_of(line: &str, module: &str) -> bool {
    let path = line.split(':').next().unwrap_or_default();
    let file = path.rsplit('/').next().unwrap_or_default();
    // Compressed ones have another ending behind it; of - and _ either may be in a file's name.
    file.split_once(".ko")
        .is_some_and(|(name, _)| name.replace('-', "_") == module)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Why;
    use crate::host::Memory;

    fn with_mounts(cgroup: &str, mounts: &str) -> Cgroup {
        let root = "1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 0:2 / /sys rw - sysfs sysfs rw\n";
        let host = Memory::new()
            .with("/proc/self/cgroup", cgroup)
            .with("/proc/self/mountinfo", format!("{root}{mounts}"));
        super::cgroup(&host)
    }

    #[test]
    fn the_own_cgroup_is_found_where_it_is_mounted() {
        let v2 = |root: &str, at: &str| format!("4 2 0:4 {root} {at} rw - cgroup2 cgroup2 rw\n");
        let v1 = "5 2 0:5 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n";
        let own = |path: &str| Cgroup::Own(path.to_owned());
        let session = "0::/user.slice/session-1.scope\n";
        for (cgroup, mounts, expected) in [
            ("0::/\n", v2("/", "/sys/fs/cgroup"), own("/sys/fs/cgroup")),
            (
                session,
                v2("/", "/sys/fs/cgroup"),
                own("/sys/fs/cgroup/user.slice/session-1.scope"),
            ),
            // A container that sees its part of the hierarchy alone.
            (
                "0::/docker/1f\n",
                v2("/docker/1f", "/sys/fs/cgroup"),
                own("/sys/fs/cgroup"),
            ),
            (
                "3:pids:/a\n0::/b\n",
                v2("/", "/sys/fs/cgroup/unified") + v1,
                own("/sys/fs/cgroup/unified/b"),
            ),
            (
                session,
                v1.to_owned(),
                Cgroup::Version1("/sys/fs/cgroup/pids".to_owned()),
            ),
        ] {
            assert_eq!(with_mounts(cgroup, &mounts), expected, "{cgroup}{mounts}");
        }
        for (cgroup, mounts) in [
            (session, String::new()),
            // Not even the part that is mounted, only one whose name begins alike.
            ("0::/docker/1f2\n", v2("/docker/1f", "/sys/fs/cgroup")),
            ("0::/../other\n", v2("/", "/sys/fs/cgroup")),
            ("3:pids:/a\n", v2("/", "/sys/fs/cgroup")),
        ] {
            let found = with_mounts(cgroup, &mounts);
            assert!(matches!(found, Cgroup::Unusable(_)), "{cgroup}: {found:?}");
        }
    }

    #[test]
    fn nothing_is_asked_for_that_would_be_loaded() {
        let unknown = || Fact::unknown(Why::Missing, "", "");
        let y = || Fact::known("y", "config");
        let m = || Fact::known("m", "config");
        let absent = || Fact::absent("config");
        let bare = || Memory::new().with("/proc/sys/kernel/modprobe", "/sbin/modprobe\n");
        let modular = || bare().with("/proc/modules", "veth_x 1 0\n");
        let answer = |host: Memory, option: &dyn Fn() -> Fact| presence(&host, "veth", option);
        assert_eq!(answer(modular(), &y), Presence::Settled);
        assert_eq!(answer(modular(), &m), Presence::NotLoaded);
        assert_eq!(answer(modular(), &absent), Presence::Settled);
        assert_eq!(answer(modular(), &unknown), Presence::Unknown);
        let loaded = bare().with("/proc/modules", "veth 1 0 - Live 0x0\n");
        assert_eq!(answer(loaded, &m), Presence::Settled);
        let barred = modular().with("/proc/sys/kernel/modules_disabled", "1\n");
        assert_eq!(answer(barred, &m), Presence::Settled);
        let without = Memory::new().with("/proc/sys/kernel/osrelease", "6.1.0\n");
        assert_eq!(answer(without, &unknown), Presence::Settled);
    }

    #[test]
    fn a_module_is_told_by_its_file() {
        assert!(is_of(
            "kernel/drivers/net/veth.ko.xz: kernel/a.ko.xz",
            "veth"
        ));
        assert!(is_of("kernel/net/sched/sch-ingress.ko:", "sch_ingress"));
        assert!(!is_of(
            "kernel/drivers/net/veth2.ko: kernel/veth.ko",
            "veth"
        ));
        assert!(!is_of("", "veth"));
    }
}
