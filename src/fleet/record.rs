//! Records of hosts that are no reports, and that a report can be made of.

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

#[cfg(test)]
mod tests {
    use super::*;

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
