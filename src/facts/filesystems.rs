//! File systems: which the kernel has, and where those that matter to BPF are mounted.

use super::keys::Values::List;
use super::mounts::Mounts;
use super::{Fact, Facts, KeyInfo, Value, reader};
use crate::host::Host;

pub(super) const KEYS: &[KeyInfo] = &[
    KeyInfo::one(
        "filesystems",
        List,
        "File systems the kernel can mount at this moment, those in modules that are not \
         loaded excepted (/proc/filesystems).",
    ),
    KeyInfo::one(
        "mount.bpf",
        List,
        "Where bpffs is mounted, by type (/proc/self/mountinfo).",
    ),
    KeyInfo::one(
        "mount.tracefs",
        List,
        "Where tracefs is mounted, by type (/proc/self/mountinfo).",
    ),
    KeyInfo::one(
        "mount.debugfs",
        List,
        "Where debugfs is mounted, by type (/proc/self/mountinfo).",
    ),
    KeyInfo::one(
        "mount.securityfs",
        List,
        "Where securityfs is mounted, by type (/proc/self/mountinfo).",
    ),
    KeyInfo::one(
        "mount.cgroup",
        List,
        "Where cgroup hierarchies of version 1 are mounted, by type (/proc/self/mountinfo).",
    ),
    KeyInfo::one(
        "mount.cgroup2",
        List,
        "Where the cgroup2 hierarchy is mounted, by type (/proc/self/mountinfo).",
    ),
    KeyInfo::one(
        "mount.sysfs",
        List,
        "Where sysfs is mounted, by type (/proc/self/mountinfo).",
    ),
    KeyInfo::one(
        "mount.proc",
        List,
        "Where procfs is mounted, by type (/proc/self/mountinfo).",
    ),
];

/// Reads which file systems there are, and which of [`KEYS`] are mounted where.
pub(super) fn collect(host: &dyn Host, mounts: &Mounts, facts: &mut Facts) {
    for info in KEYS {
        let fact = match info.key.strip_prefix("mount.") {
            Some(fs_type) => mounts.fact(|mounts| mounted(mounts, fs_type)),
            None => reader::fact(host, "/proc/filesystems", names),
        };
        facts.set(info.key, fact);
    }
}

/// The mount points of a type; none is a known answer, too.
fn mounted(mounts: &Mounts, fs_type: &str) -> Fact {
    let points = mounts.of_type(fs_type).map(|(point, _)| point.to_owned());
    let points: Vec<String> = points.collect();
    let is_empty = points.is_empty();
    let fact = Fact::known(points, mounts.source());
    if is_empty { mounts.none(fact) } else { fact }
}

/// The last word of each line; the first may be `nodev`.
fn names(text: &str) -> Option<Value> {
    let words = text
        .lines()
        .filter_map(|line| line.split_whitespace().last());
    let names: Vec<String> = words.map(str::to_owned).collect();
    (!names.is_empty()).then_some(Value::List(names))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Why;
    use crate::host::Memory;

    fn facts(host: &Memory) -> Facts {
        let mut facts = Facts::default();
        collect(host, &Mounts::read(host), &mut facts);
        facts
    }

    #[test]
    fn file_systems_are_recognised_by_type_and_not_by_path() {
        let host = Memory::new()
            .with("/proc/filesystems", "nodev\tsysfs\nnodev\tbpf\n\text4\n")
            .with(
                "/proc/self/mountinfo",
                "1 0 8:1 / / rw - ext4 /dev/sda rw\n\
                 2 1 0:2 / /sys/fs/bpf rw - tmpfs tmpfs rw\n\
                 3 1 0:3 / /run/my\\040bpf rw - bpf none rw\n",
            );
        let facts = facts(&host);
        assert_eq!(facts.list("filesystems").unwrap(), ["sysfs", "bpf", "ext4"]);
        assert_eq!(facts.list("mount.bpf").unwrap(), ["/run/my bpf"]);
        assert_eq!(facts.list("mount.tracefs").unwrap(), [""; 0]);
    }

    #[test]
    fn what_a_broken_line_may_have_told_is_unknown() {
        let text = "1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 0:2 / /sys/fs/bpf rw\n";
        let facts = facts(&Memory::new().with("/proc/self/mountinfo", text));
        let Fact::Unknown { reason, .. } = facts.get("mount.bpf") else {
            panic!("known");
        };
        assert_eq!(reason.unknown, Why::Malformed);
    }
}
