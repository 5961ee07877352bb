//! Lists of mounts in a host's files that tell different things.

use std::collections::{BTreeMap, BTreeSet};

use super::mounts;
use crate::host::{Host, MOUNT_OUTPUT};

/// File systems whose mounts are compared: others come and go while files are copied.
const COMPARED: &[&str] = &[
    "bpf",
    "cgroup",
    "cgroup2",
    "debugfs",
    "securityfs",
    "tracefs",
];

/// Whoever looks in there mounts it by that.
const BY_LOOKING: &str = "/sys/kernel/debug/tracing";

/// More sentences than these tell nothing more.
const MOST: usize = 6;

/// More than the mounts of any host that works.
const LIMIT: usize = 8 << 20;

/// The file systems at each mount point.
type Table = BTreeMap<String, BTreeSet<String>>;

/// What the lists tell differently, as sentences. A host that runs has one list.
pub(super) fn differences(host: &dyn Host, place: &dyn Fn(&str) -> String) -> Vec<String> {
    if host.is_live() {
        return Vec::new();
    }
    // In a copy the link leads to the list of the copied process, if at all.
    let mounts = match host.link("/proc/mounts") {
        Ok(_) => "/proc/self/mounts",
        Err(_) => "/proc/mounts",
    };
    let tables = ["/proc/self/mountinfo", mounts, MOUNT_OUTPUT];
    let mut tables = tables.into_iter().filter_map(|path| {
        let bytes = host.read(path, LIMIT).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        let table = table(&text);
        // What was cut off lacks something.
        let whole = !table.is_empty() && bytes.len() < LIMIT;
        let name = place(path).replace(MOUNT_OUTPUT, MOUNT_OUTPUT.trim_start_matches('/'));
        whole.then_some((name, table))
    });
    let Some((first, here)) = tables.next() else {
        return Vec::new();
    };
    let mut sentences = Vec::new();
    let mut compared = vec![first.clone()];
    for (other, there) in tables {
        // One stands for another that is not there.
        if !compared.contains(&other) {
            sentences.extend(between((&first, &here), (&other, &there)));
            compared.push(other);
        }
    }
    sentences.truncate(MOST);
    sentences
}

fn table(text: &str) -> Table {
    let mut table = Table::new();
    for (point, fs_type) in text.lines().filter_map(mounts::point_and_type) {
        table.entry(point).or_default().insert(fs_type.to_owned());
    }
    table
}

fn between((first, here): (&str, &Table), (other, there): (&str, &Table)) -> Vec<String> {
    let compared = |types: &BTreeSet<String>| -> BTreeSet<String> {
        let types = types.iter();
        let compared = types.filter(|fs_type| COMPARED.contains(&fs_type.as_str()));
        compared.cloned().collect()
    };
    let points: BTreeSet<&String> = here.keys().chain(there.keys()).collect();
    let differs = |point: &&String| {
        let at = |table: &Table| table.get(*point).map(compared).unwrap_or_default();
        point.as_str() != BY_LOOKING && at(here) != at(there)
    };
    let shown = |table: &Table, point: &String| match table.get(point) {
        Some(types) => types.iter().cloned().collect::<Vec<_>>().join(" and "),
        None => "no mount".to_owned(),
    };
    let points = points.into_iter().filter(differs);
    points
        .map(|point| {
            format!(
                "at {point} there is {} by {first} and {} by {other}",
                shown(here, point),
                shown(there, point)
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Memory;

    #[test]
    fn lists_of_one_host_are_compared() {
        let info = "1 0 8:1 / / rw - ext4 x rw\n2 1 0:2 / /sys/fs/bpf rw - bpf b rw\n\
                    3 1 0:3 / /sys/fs/cgroup rw - cgroup2 c rw\n";
        let same = "x / ext4 rw 0 0\nb /sys/fs/bpf bpf rw 0 0\nc /sys/fs/cgroup cgroup2 rw 0 0\n\
                    t /sys/kernel/debug/tracing tracefs rw 0 0\nt /tmp/x tmpfs rw 0 0\n";
        let other = "x / ext4 rw 0 0\nt /sys/fs/cgroup tmpfs rw 0 0\n";
        let printed = "b on /sys/fs/bpf type bpf (rw)\nc on /sys/fs/cgroup type cgroup2 (rw)\n\
                       s on /sys/kernel/security type securityfs (rw)\n";
        let host = Memory::new().with("/proc/self/mountinfo", info);
        let found = |host: &Memory| differences(host, &|path| path.to_owned());
        assert!(found(&host).is_empty());
        assert!(found(&host.clone().with("/proc/mounts", same)).is_empty());
        assert!(found(&host.clone().with("/proc/mounts", "")).is_empty());
        assert_eq!(
            found(&host.clone().with("/proc/mounts", other)),
            [
                "at /sys/fs/bpf there is bpf by /proc/self/mountinfo and no mount by /proc/mounts",
                "at /sys/fs/cgroup there is cgroup2 by /proc/self/mountinfo and tmpfs by \
                 /proc/mounts",
            ]
        );
        assert_eq!(
            found(&host.with(MOUNT_OUTPUT, printed)),
            [
                "at /sys/kernel/security there is no mount by /proc/self/mountinfo and securityfs by \
              sos_commands/filesys/mount_-l"
            ]
        );
    }
}
