//! Records of hosts that are no reports, and that a report can be made of.

use std::collections::BTreeMap;

/// What is said of a bundle that `collect` packed.
pub const BUNDLE: &str = "it is a bundle of `bpf-doctor collect`, no report: \
                          `bpf-doctor check --root FILE --format yaml` makes a report of it";
/// What is said of a sosreport or a supportconfig.
pub const SOSREPORT: &str = "it is a record of a host, no report: \
                             `bpf-doctor check --root FILE --format yaml` makes a report of it";
/// The file that tells a bundle, and what it begins with.
pub const MANIFEST: (&str, &[u8]) = ("manifest.yaml", b"schema: bpf-doctor/bundle/");
/// Directories of what commands said, which sosreports alone have.
pub const COMMANDS: &[&str] = &["sos_commands", "sos_logs", "sos_reports"];

/// Whether a member of an archive is of a record, by its path: where in the archive that record
/// lies, and what it is.
pub(super) fn of_member(path: &str) -> Option<(&str, &'static str)> {
    let mut begin = 0;
    for part in path.split('/') {
        let end = begin + part.len();
        if COMMANDS.contains(&part) {
            return Some((path.get(..begin)?, SOSREPORT));
        }
        if part == "bpf-doctor-bundle" {
            return Some((path.get(..=end)?, BUNDLE));
        }
        // `sosreport-web1-2026-11-30-abcdefg/`, `scc_web1_261130_1200/`; a file may be called so.
        let is_named = part.starts_with("sosreport-") || part.starts_with("scc_");
        if is_named && path.len() > end {
            return Some((path.get(..=end)?, SOSREPORT));
        }
        begin = end + 1;
    }
    None
}

/// Files of an archive that don't look like reports, by where they lie: those of a record are told
/// with it, whatever came first.
#[derive(Debug, Default)]
pub(super) struct Strangers {
    places: BTreeMap<String, u64>,
    /// Those of more places than are kept.
    elsewhere: u64,
}

impl Strangers {
    /// So many places are kept, and so many directories of each: as deep as records lie.
    const PLACES: usize = 10_000;
    const DEEPEST: usize = 4;

    /// Adds a file.
    pub(super) fn add(&mut self, path: &str) {
        let ends = path.match_indices('/').map(|(at, _)| at + 1);
        let place = path.get(..ends.take(Self::DEEPEST).last().unwrap_or(0));
        let place = place.unwrap_or_default();
        if let Some(count) = self.places.get_mut(place) {
            *count += 1;
        } else if self.places.len() < Self::PLACES {
            self.places.insert(place.to_owned(), 1);
        } else {
            self.elsewhere += 1;
        }
    }

    /// Forgets those of a record that lies there.
    pub(super) fn forget(&mut self, record: &str) {
        self.places.retain(|place, _| !place.starts_with(record));
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.elsewhere + self.places.values().sum::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_records_are_no_strangers() {
        let mut strangers = Strangers::default();
        for path in [
            "a",
            "x/web1/etc/hosts",
            "x/web1/b",
            "x/web10/b",
            "x/c",
            "1/2/3/4/5/6",
        ] {
            strangers.add(path);
        }
        assert_eq!(strangers.count(), 6);
        for (record, left) in [("x/web1/", 4), ("y/", 4), ("1/2/3/", 3), ("", 0)] {
            strangers.forget(record);
            assert_eq!(strangers.count(), left, "{record}");
        }
        for number in 0..Strangers::PLACES + 10 {
            strangers.add(&format!("{number}/a"));
        }
        assert_eq!(strangers.count(), Strangers::PLACES as u64 + 10);
        assert_eq!(strangers.places.len(), Strangers::PLACES);
    }

    #[test]
    fn members_of_records() {
        for (path, expected) in [
            (
                "bpf-doctor-bundle/manifest.yaml",
                Some(("bpf-doctor-bundle/", BUNDLE)),
            ),
            (
                "./bpf-doctor-bundle/files/etc/fstab",
                Some(("./bpf-doctor-bundle/", BUNDLE)),
            ),
            (
                "sosreport-web1-2026/version.txt",
                Some(("sosreport-web1-2026/", SOSREPORT)),
            ),
            (
                "x/web1/sos_commands/kernel/sysctl_-a",
                Some(("x/web1/", SOSREPORT)),
            ),
            ("sos_commands/a", Some(("", SOSREPORT))),
            (
                "scc_web1_261130_1200/boot.txt",
                Some(("scc_web1_261130_1200/", SOSREPORT)),
            ),
            ("reports/web1.yaml", None),
            ("reports/sosreport-web1.yaml", None),
            ("", None),
        ] {
            assert_eq!(of_member(path), expected, "{path}");
        }
    }
}
