//! A newer kernel, where the catalogue names no package of it: the way this host has for one.

use super::platform::Platform;
use super::remark;
use crate::facts::Facts;

/// The commands; none where nobody can tell, as for a kernel somebody built.
pub(super) fn commands(facts: &Facts, platform: &Platform) -> Vec<String> {
    if platform.is_container() {
        return Vec::new();
    }
    let fact = |key: &str| facts.text(key).unwrap_or_default();
    let image: Option<&[&str]> = platform.image.as_deref().and_then(|image| match image {
        "ostree" => Some(&["rpm-ostree upgrade", "reboot"][..]),
        "bootc" => Some(&["bootc upgrade", "reboot"]),
        "transactional" => Some(&["transactional-update up", "reboot"]),
        "flatcar" => Some(&["update_engine_client -update", "reboot"]),
        "bottlerocket" => Some(&["apiclient update check", "apiclient update apply --reboot"]),
        "nixos" => Some(&["nixos-rebuild boot --upgrade", "reboot"]),
        "ubuntu-core" => Some(&["snap refresh", "reboot"]),
        "wsl" => Some(&["wsl.exe --update", "wsl.exe --shutdown"]),
        _ => None,
    });
    if let Some(lines) = image {
        return lines.iter().map(|line| (*line).to_owned()).collect();
    }
    // Other images are replaced from outside, by what the summary says.
    if platform.image_way().is_some() {
        return Vec::new();
    }
    let release = fact("kernel.release");
    let (os, version) = (fact("os.id"), fact("os.version-id"));
    let mut lines: Vec<String> = match (platform.family.as_str(), os.as_str()) {
        ("debian", "ubuntu") => {
            let package = match hardware_enablement(&version) {
                true => format!("linux-generic-hwe-{version}"),
                false => "linux-generic".to_owned(),
            };
            vec![
                "apt-get update".to_owned(),
                format!("apt-get install --install-recommends {package}"),
            ]
        }
        ("debian", "debian") => {
            let arch = match fact("kernel.arch").as_str() {
                "x86_64" => "amd64",
                "aarch64" => "arm64",
                "ppc64le" => "ppc64el",
                "s390x" => "s390x",
                "riscv64" => "riscv64",
                _ => return Vec::new(),
            };
            let cloud = if release.contains("-cloud-") {
                "cloud-"
            } else {
                ""
            };
            vec![
                "apt-get update".to_owned(),
                format!("apt-get install linux-image-{cloud}{arch}"),
            ]
        }
        ("debian", _) => vec![
            "apt-get update".to_owned(),
            "apt-get dist-upgrade".to_owned(),
        ],
        ("rhel" | "amazon", _) if matches!(version.split('.').next(), Some("2" | "6" | "7")) => {
            vec!["yum update kernel".to_owned()]
        }
        ("rhel" | "amazon" | "fedora", _) => vec!["dnf upgrade kernel".to_owned()],
        ("suse", _) => vec![
            "zypper refresh".to_owned(),
            "zypper update kernel-default".to_owned(),
        ],
        ("alpine", _) => vec!["apk update".to_owned(), "apk upgrade".to_owned()],
        ("arch", _) => vec!["pacman -Syu".to_owned()],
        _ => return Vec::new(),
    };
    lines.insert(
        0,
        remark(
            "the newest kernel of this release; if that is not new enough, a newer release has it",
        ),
    );
    lines.push("reboot".to_owned());
    lines
}

/// Whether Ubuntu has newer kernels for this release: those of April in even years live long.
fn hardware_enablement(version: &str) -> bool {
    version.split_once('.').is_some_and(|(year, month)| {
        month == "04"
            && year
                .parse::<u32>()
                .is_ok_and(|year| year % 2 == 0 && year >= 14)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Fact;

    #[test]
    fn each_family_has_its_way() {
        for (family, os, version, image, says) in [
            (
                "debian",
                "debian",
                "12",
                "none",
                "apt-get install linux-image-cloud-amd64",
            ),
            (
                "debian",
                "ubuntu",
                "22.04",
                "none",
                "linux-generic-hwe-22.04",
            ),
            ("debian", "ubuntu", "23.10", "none", "linux-generic"),
            ("debian", "mint", "21", "none", "apt-get dist-upgrade"),
            ("rhel", "centos", "7", "none", "yum update kernel"),
            ("rhel", "rocky", "9.4", "none", "dnf upgrade kernel"),
            ("amazon", "amzn", "2", "none", "yum update kernel"),
            ("amazon", "amzn", "2023", "none", "dnf upgrade kernel"),
            (
                "suse",
                "sles",
                "15.5",
                "none",
                "zypper update kernel-default",
            ),
            ("alpine", "alpine", "3.20", "none", "apk upgrade"),
            ("arch", "arch", "", "none", "pacman -Syu"),
            ("fedora", "fedora", "41", "ostree", "rpm-ostree upgrade"),
            ("other", "cos", "113", "cos", ""),
            ("other", "odd", "1", "none", ""),
        ] {
            let mut facts = Facts::default();
            facts.set("os.family", Fact::known(family, "x"));
            facts.set("os.id", Fact::known(os, "x"));
            facts.set("os.version-id", Fact::known(version, "x"));
            facts.set("os.image", Fact::known(image, "x"));
            facts.set("kernel.arch", Fact::known("x86_64", "x"));
            facts.set("kernel.release", Fact::known("6.1.0-47-cloud-amd64", "x"));
            let lines = commands(&facts, &Platform::of(&facts));
            assert_eq!(lines.is_empty(), says.is_empty(), "{os} {lines:?}");
            if !says.is_empty() {
                assert!(
                    lines.iter().any(|line| line.ends_with(says)),
                    "{os} {lines:?}"
                );
                assert_eq!(lines.last().map(String::as_str), Some("reboot"));
            }
        }
    }
}
