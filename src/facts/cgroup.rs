//! Control groups: which mode the host runs in, and where the v2 hierarchy is.

use std::io::ErrorKind;

use super::keys::Values::{List, OneOf, Text};
use super::mounts::{Mount, Mounts};
use super::{Fact, Facts, KeyInfo, Value, Why, reader};
use crate::host::Host;

pub(super) const KEYS: &[KeyInfo] = &[
    KeyInfo::one(
        "cgroup.mode",
        OneOf(&["unified", "hybrid", "legacy", "none"]),
        "How control groups are mounted, as systemd tells it from /sys/fs/cgroup: all in \
         version 2, both, version 1 alone, not at all (/proc/self/mountinfo; in reports without a \
         list of mounts /sys/fs/cgroup, else /proc/cgroups and what systemd-cgls said).",
    ),
    KeyInfo::one(
        "cgroup.v2-path",
        Text,
        "The best directory to attach cgroup programs at: a mount point of the whole v2 \
         hierarchy if there is one (/proc/self/mountinfo).",
    ),
    KeyInfo::one(
        "cgroup.v2-extent",
        OneOf(&["whole", "part"]),
        "Whether cgroup.v2-path shows the whole v2 hierarchy of the host or a part of it, as in a \
         container: programs attached there see the processes of that part alone \
         (/proc/self/mountinfo, /proc/self/ns/cgroup, cgroup.events).",
    ),
    KeyInfo::one(
        "cgroup.v2-controllers",
        List,
        "Controllers the v2 hierarchy has at cgroup.v2-path (cgroup.controllers).",
    ),
];

/// Reads mode, place and controllers.
pub(super) fn collect(host: &dyn Host, mounts: &Mounts, facts: &mut Facts) {
    let source = mounts.source();
    let mode_fact = mounts.fact(|mounts| match mode(mounts) {
        "none" => mounts.none(Fact::known("none", source)),
        mode => Fact::known(mode, source),
    });
    let mut path = mounts.fact(|mounts| match best_v2(mounts) {
        Some((path, _)) => Fact::known(path, source),
        None => mounts.none(Fact::absent(source)),
    });
    let mut extent = mounts.fact(|mounts| match best_v2(mounts) {
        Some((path, mount)) => extent(host, path, &mount.root, source),
        None => mounts.none(Fact::absent(source)),
    });
    let mut mode = mode_fact;
    if mode.value().is_none()
        && let Some(told) = by_files(host).or_else(|| by_controllers(host))
    {
        let source = told.source;
        mode = told.mode();
        let known = |of: &dyn Fn(&str) -> Fact| match (told.mode, told.v2) {
            (None, _) => mode.clone(),
            (Some(_), Some(place)) => of(place),
            (Some(_), None) => Fact::absent(source),
        };
        path = known(&|place| Fact::known(place, source));
        extent = known(&|place| self::extent(host, place, "", source));
        let points: Vec<String> = told.v2.iter().map(|place| (*place).to_owned()).collect();
        let points = match mode.value() {
            Some(_) => Fact::known(points, source),
            None => mode.clone(),
        };
        facts.set("mount.cgroup2", points);
    }
    facts.set("cgroup.mode", mode);
    facts.set("cgroup.v2-extent", extent);
    let controllers = match path.value() {
        Some(Value::Text(path)) => {
            reader::fact(host, &format!("{path}/cgroup.controllers"), |text| {
                let names = text.split_whitespace().map(str::to_owned);
                Some(Value::List(names.collect()))
            })
        }
        _ => path.clone(),
    };
    facts.set("cgroup.v2-path", path);
    facts.set("cgroup.v2-controllers", controllers);
}

/// What is known of the hierarchies where no list of mounts was collected.
struct Told {
    /// Nothing where controllers are of version 1, and nobody tells what is beside them.
    mode: Option<&'static str>,
    /// Where version 2 is mounted.
    v2: Option<&'static str>,
    source: &'static str,
}

impl Told {
    fn mode(&self) -> Fact {
        self.mode.map_or_else(
            || {
                let detail = "controllers are in hierarchies of version 1; whether version 2 is \
                              mounted beside them nothing here tells";
                Fact::unknown(Why::Untold, detail, self.source)
            },
            |mode| Fact::known(mode, self.source),
        )
    }
}

/// Where everybody mounts version 2, and in hybrid mode.
const UNIFIED: &str = "/sys/fs/cgroup";
const BESIDE: &[&str] = &["/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"];

/// By the files of the hierarchies: the first file of version 2 stands at its top, and controllers
/// of version 1 have directories.
fn by_files(host: &dyn Host) -> Option<Told> {
    let is_v2 = |top: &str| host.stat(&format!("{top}/cgroup.controllers")).is_ok();
    if is_v2(UNIFIED) {
        return Some(Told {
            mode: Some("unified"),
            v2: Some(UNIFIED),
            source: "/sys/fs/cgroup/cgroup.controllers",
        });
    }
    let controllers = [
        "/sys/fs/cgroup/memory",
        "/sys/fs/cgroup/pids",
        "/sys/fs/cgroup/cpu,cpuacct",
    ];
    let mut controllers = controllers.into_iter();
    controllers.find(|path| host.stat(path).is_ok())?;
    let v2 = BESIDE.iter().copied().find(|top| is_v2(top));
    Some(Told {
        // Version 2 may be mounted anywhere else.
        mode: v2.map(|_| "hybrid"),
        v2,
        source: v2.unwrap_or(UNIFIED),
    })
}

/// By the kernel's list of controllers: those of version 2, and those that nobody mounted, have
/// hierarchy 0. With systemd as init they are of version 2: it mounts one of the two as it starts.
/// Controllers in hierarchies of their own are version 1; what is beside them is not told.
fn by_controllers(host: &dyn Host) -> Option<Told> {
    const CONTROLLERS: &str = "/proc/cgroups";
    let text = reader::text(host, CONTROLLERS).ok()?;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let hierarchies = lines.map(|line| line.split_whitespace().nth(1)?.parse::<u32>().ok());
    let hierarchies: Option<Vec<u32>> = hierarchies.collect();
    let hierarchies = hierarchies.filter(|all| !all.is_empty())?;
    // sd_booted(3).
    let has_systemd = host.stat("/run/systemd/system").is_ok();
    let all_v2 = hierarchies.iter().all(|number| *number == 0);
    let told = |mode, v2| Told {
        mode,
        v2,
        source: CONTROLLERS,
    };
    match (all_v2, has_systemd) {
        (true, true) => Some(told(Some("unified"), Some(UNIFIED))),
        (true, false) => None,
        (false, _) => Some(told(None, None)),
    }
}

/// systemd's rule (`cg_unified_cached` in src/basic/cgroup-util.c) first, which asks for
/// the file system at three paths; where it has no answer (OpenRC, Android, rescue
/// systems), by the hierarchies that are mounted at all.
fn mode(mounts: &Mounts) -> &'static str {
    let is_on = |path, fs_type| mounts.is_on(path, fs_type) == Some(true);
    if is_on("/sys/fs/cgroup", "cgroup2") {
        return "unified";
    }
    if is_on("/sys/fs/cgroup", "tmpfs") {
        // systemd 232 had the v2 hierarchy at its own name instead of `unified`.
        if is_on("/sys/fs/cgroup/unified", "cgroup2") || is_on("/sys/fs/cgroup/systemd", "cgroup2")
        {
            return "hybrid";
        }
        if is_on("/sys/fs/cgroup/systemd", "cgroup") {
            return "legacy";
        }
    }
    let has = |fs_type| mounts.of_type(fs_type).next().is_some();
    match (has("cgroup"), has("cgroup2")) {
        (false, true) => "unified",
        (true, true) => "hybrid",
        (true, false) => "legacy",
        (false, false) => "none",
    }
}

/// How much of the hierarchy a mount shows. Its root is told as seen from the cgroup namespace of
/// whoever reads, so that `/` may be the top of a container; but the hierarchy's own top lacks a
/// file that all cgroups below it have.
fn extent(host: &dyn Host, path: &str, root: &str, source: &str) -> Fact {
    /// The first cgroup namespace always has this number (PROC_CGROUP_INIT_INO in
    /// include/linux/proc_ns.h).
    const FIRST: &str = "cgroup:[4026531835]";
    let namespace = "/proc/self/ns/cgroup";
    let mut parts = root.split('/').filter(|part| !part.is_empty());
    if parts.any(|part| part != "..") {
        return Fact::known("part", source);
    }
    if host.link(namespace).is_ok_and(|link| link == FIRST) {
        return Fact::known("whole", namespace);
    }
    // CFTYPE_NOT_ON_ROOT in kernel/cgroup/cgroup.c.
    let below = format!("{path}/cgroup.events");
    let is_read = host.stat(&format!("{path}/cgroup.controllers")).is_ok();
    match host.stat(&below) {
        Ok(_) => Fact::known("part", &below),
        Err(error) if is_read && error.kind() == ErrorKind::NotFound => {
            Fact::known("whole", &below)
        }
        Err(error) => reader::unreadable(&error, &below),
    }
}

/// The v2 mount that shows most of the hierarchy, the usual places first. In a container
/// without a cgroup namespace, the mount shows a subtree and says so by its root.
fn best_v2(mounts: &Mounts) -> Option<(&str, &Mount)> {
    let usual = [
        "/sys/fs/cgroup",
        "/sys/fs/cgroup/unified",
        "/sys/fs/cgroup/systemd",
    ];
    let rank = |(point, mount): &(&str, &Mount)| {
        let place = usual.iter().position(|path| path == point);
        let shows_part = !matches!(mount.root.as_str(), "/" | "");
        (shows_part, place.unwrap_or(usual.len()), point.len())
    };
    mounts.of_type("cgroup2").min_by_key(rank)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Memory;

    const ROOT: &str = "1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 0:2 / /sys rw - sysfs sysfs rw\n";

    fn facts(mountinfo: &str) -> Facts {
        let host = Memory::new()
            .with("/proc/self/mountinfo", format!("{ROOT}{mountinfo}"))
            .with("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io\n")
            .with("/sys/fs/cgroup/unified/cgroup.controllers", "\n");
        let mut facts = Facts::default();
        collect(&host, &Mounts::read(&host), &mut facts);
        facts
    }

    #[test]
    fn the_mode_is_what_systemd_would_say() {
        let tmpfs = "3 2 0:3 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n";
        let v2 = |at: &str| format!("4 3 0:4 / /sys/fs/cgroup{at} rw - cgroup2 cgroup2 rw\n");
        let v1 = |at: &str| format!("5 3 0:5 / /sys/fs/cgroup/{at} rw - cgroup cgroup rw,{at}\n");
        for (mountinfo, mode, path) in [
            (
                "3 2 0:3 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n".to_owned(),
                "unified",
                Value::from("/sys/fs/cgroup"),
            ),
            (
                tmpfs.to_owned() + &v1("systemd") + &v2("/unified"),
                "hybrid",
                Value::from("/sys/fs/cgroup/unified"),
            ),
            (
                tmpfs.to_owned() + &v2("/systemd"),
                "hybrid",
                Value::from("/sys/fs/cgroup/systemd"),
            ),
            (tmpfs.to_owned() + &v1("systemd"), "legacy", Value::Absent),
            // The way out without a reboot leaves the mode as it is.
            (
                tmpfs.to_owned() + &v1("systemd") + "6 1 0:4 / /run/cgroup2 rw - cgroup2 none rw\n",
                "legacy",
                Value::from("/run/cgroup2"),
            ),
            (tmpfs.to_owned() + &v1("cpu"), "legacy", Value::Absent),
            (tmpfs.to_owned(), "none", Value::Absent),
            (String::new(), "none", Value::Absent),
            (
                "6 1 0:4 / /dev/cg2_bpf rw - cgroup2 none rw\n".to_owned(),
                "unified",
                Value::from("/dev/cg2_bpf"),
            ),
            // A v2 mount that a later tmpfs hides is not there.
            (
                v2("").replace("4 3", "4 2") + "7 4 0:3 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n",
                "none",
                Value::Absent,
            ),
        ] {
            let facts = facts(&mountinfo);
            assert_eq!(
                facts.text("cgroup.mode").as_deref(),
                Some(mode),
                "{mountinfo}"
            );
            assert_eq!(
                facts.get("cgroup.v2-path").value(),
                Some(&path),
                "{mountinfo}"
            );
        }
    }

    #[test]
    fn without_a_list_of_mounts_files_and_controllers_tell() {
        const V1: &str =
            "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t4\t100\t1\nmemory\t7\t9\t1\n";
        const V2: &str =
            "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t0\t100\t1\nmemory\t0\t9\t1\n";
        let top = "/sys/fs/cgroup/cgroup.controllers";
        let beside = "/sys/fs/cgroup/unified/cgroup.controllers";
        let memory = "/sys/fs/cgroup/memory/tasks";
        let systemd = "/run/systemd/system/x";
        let list = "/proc/cgroups";
        for (files, mode, point) in [
            (&[(top, "cpu")][..], Some("unified"), Some("/sys/fs/cgroup")),
            // The files of the hierarchies know better.
            (
                &[(top, "cpu"), (list, V1)],
                Some("unified"),
                Some("/sys/fs/cgroup"),
            ),
            (
                &[(memory, ""), (beside, "")],
                Some("hybrid"),
                Some("/sys/fs/cgroup/unified"),
            ),
            (&[(memory, ""), (list, V1)], None, None),
            (&[(memory, "")], None, None),
            (
                &[(list, V2), (systemd, "")],
                Some("unified"),
                Some("/sys/fs/cgroup"),
            ),
            (&[(list, V2)], None, None),
            (&[(systemd, "")], None, None),
            (&[(list, V1), (systemd, "")], None, None),
            (&[(list, "rubbish\n"), (systemd, "")], None, None),
            (&[(list, "#subsys_name\n"), (systemd, "")], None, None),
        ] {
            let host = files
                .iter()
                .fold(Memory::new(), |host, (path, text)| host.with(path, *text));
            let mut facts = Facts::default();
            collect(&host, &Mounts::read(&host), &mut facts);
            assert_eq!(facts.text("cgroup.mode").as_deref(), mode, "{files:?}");
            let known = |key: &str| facts.get(key).value().cloned();
            let (path, points) = match point {
                Some(point) => (
                    Some(Value::from(point)),
                    Some(Value::List(vec![point.to_owned()])),
                ),
                None => (None, None),
            };
            assert_eq!(known("cgroup.v2-path"), path, "{files:?}");
            assert_eq!(known("mount.cgroup2"), points, "{files:?}");
        }
        let host = Memory::new().with(list, V1);
        let mut facts = Facts::default();
        collect(&host, &Mounts::read(&host), &mut facts);
        let Fact::Unknown { reason, .. } = facts.get("cgroup.mode") else {
            panic!("known");
        };
        assert!(reason.detail.contains("version 1"), "{}", reason.detail);
    }

    #[test]
    fn a_mount_of_the_whole_hierarchy_beats_one_of_a_part() {
        let facts = facts(
            "3 2 0:3 /docker/1f /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n\
             4 1 0:3 / /host/cgroup rw - cgroup2 cgroup2 rw\n",
        );
        assert_eq!(facts.text("cgroup.v2-path").unwrap(), "/host/cgroup");
    }

    #[test]
    fn a_subtree_is_told_from_the_whole() {
        const FIRST: Option<&str> = Some("cgroup:[4026531835]");
        const OTHER: Option<&str> = Some("cgroup:[4026532201]");
        for (root, namespace, files, extent) in [
            ("/", FIRST, &["cgroup.controllers"][..], Some("whole")),
            ("/docker/1f", FIRST, &[], Some("part")),
            ("/docker/1f", None, &[], Some("part")),
            ("/../system.slice", OTHER, &[], Some("part")),
            (
                "/",
                OTHER,
                &["cgroup.controllers", "cgroup.events"],
                Some("part"),
            ),
            // A namespace made at the top, and a mount that leads up there.
            ("/", OTHER, &["cgroup.controllers"], Some("whole")),
            ("/../..", OTHER, &["cgroup.controllers"], Some("whole")),
            // What nobody could look at is not known.
            ("/", OTHER, &[], None),
            ("/", None, &[], None),
        ] {
            let mount = format!("{ROOT}3 2 0:3 {root} /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
            let mut host = Memory::new().with("/proc/self/mountinfo", mount);
            if let Some(name) = namespace {
                host = host.with_link("/proc/self/ns/cgroup", name);
            }
            for file in files {
                host = host.with(&format!("/sys/fs/cgroup/{file}"), "");
            }
            let mut facts = Facts::default();
            collect(&host, &Mounts::read(&host), &mut facts);
            let told = facts.text("cgroup.v2-extent");
            assert_eq!(told.as_deref(), extent, "{root} {namespace:?} {files:?}");
        }
        let none = facts("");
        assert_eq!(none.get("cgroup.v2-extent").value(), Some(&Value::Absent));
    }

    #[test]
    fn controllers_are_those_of_the_v2_hierarchy() {
        let unified = facts("3 2 0:3 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
        assert_eq!(
            unified.list("cgroup.v2-controllers").unwrap(),
            ["cpuset", "cpu", "io"]
        );
        let none = facts("");
        assert_eq!(
            none.get("cgroup.v2-controllers").value(),
            Some(&Value::Absent)
        );
        let unreadable = facts("3 1 0:3 / /run/cg rw - cgroup2 cgroup2 rw\n");
        assert!(unreadable.get("cgroup.v2-controllers").value().is_none());
    }
}
