//! A newer kernel, where the catalogue names no package of it: the way this host has for one.

use super::platform::{BootLoader, Platform};
use super::shelf::Shelf;
use super::{origin, packages, remark};
use crate::catalogue::{Catalogue, Steps};
use crate::diagnosis::tri::Tri;
use crate::facts::Facts;
use crate::version::KernelVersion;

/// The commands; none where nobody can tell. `steps` name the first mainline kernel that has what
/// is missing, where one is known.
pub(super) fn commands(
    steps: &Steps,
    catalogue: &Catalogue,
    facts: &Facts,
    platform: &Platform,
) -> Vec<String> {
    if platform.is_container() {
        return Vec::new();
    }
    let fact = |key: &str| facts.text(key).unwrap_or_default();
    let shelf = Shelf::of(catalogue, facts, platform);
    let image = platform.image.as_deref();
    if image == Some("wsl")
        && let Some(lines) = packaged(steps, &shelf, facts)
    {
        return lines;
    }
    if fact("os.id") == RHCOS {
        return of_cluster(steps, &fact("kernel.flavour"));
    }
    let image: Option<&[&str]> = platform.image.as_deref().and_then(|image| match image {
        "ostree" => Some(&["rpm-ostree upgrade", "reboot"][..]),
        "bootc" => Some(&["bootc upgrade", "reboot"]),
        "transactional" => Some(&["transactional-update --continue up", "reboot"]),
        "flatcar" => Some(&["update_engine_client -update", "reboot"]),
        "bottlerocket" => Some(&["apiclient update check", "apiclient update apply --reboot"]),
        "nixos" => Some(&["nixos-rebuild boot --upgrade", "reboot"]),
        "ubuntu-core" => Some(&["snap refresh", "reboot"]),
        "wsl" => Some(&["wsl.exe --update", "wsl.exe --shutdown"]),
        _ => None,
    });
    if let Some(lines) = image {
        let lines = lines.iter().map(|line| (*line).to_owned());
        return [remark(origin::IMAGE)].into_iter().chain(lines).collect();
    }
    // Other images are replaced from outside, by what the summary says.
    if platform.image_way().is_some() {
        return Vec::new();
    }
    let flavour = fact("kernel.flavour");
    if flavour == "android" {
        return vec![remark(origin::DEVICE)];
    }
    let mut rows = catalogue.kernels.iter();
    let has_row = rows.any(|row| row.flavour.as_deref() == Some(flavour.as_str()));
    if !has_row && is_foreign(&flavour, &fact("kernel.release"), platform) {
        return vec![remark(origin::FOREIGN)];
    }
    if let Some(lines) = packaged(steps, &shelf, facts) {
        return lines;
    }
    if (shelf.is_own() || has_row)
        && let Some(lines) = shelf.any()
    {
        return lines;
    }
    if platform.packages_of == "debian"
        && let Some(lines) = shelf.of_running()
    {
        return [remark(origin::NEWEST)].into_iter().chain(lines).collect();
    }
    let release = fact("kernel.release");
    let (os, version) = (platform.packages_of.as_str(), &platform.release);
    let mut lines: Vec<String> = match (platform.family.as_str(), os) {
        // Who brings a kernel of their own to Debian's packages has all of it depend on that.
        ("debian", _) if flavour == "proxmox" => return vec![remark(origin::UNTOLD)],
        ("debian", "ubuntu") => match packages::ubuntu(&release) {
            Some(flavour) => {
                let hwe = match packages::enables(flavour) && hardware_enablement(version) {
                    true => format!("-hwe-{version}"),
                    false => String::new(),
                };
                vec![
                    "apt-get update".to_owned(),
                    format!("apt-get install --install-recommends linux-{flavour}{hwe}"),
                ]
            }
            None => return vec![remark(packages::UNTOLD_UBUNTU)],
        },
        ("debian", "debian") if packages::is_of_raspberry_pi(&release) => vec![
            "apt-get update".to_owned(),
            "apt-get dist-upgrade".to_owned(),
        ],
        ("debian", "debian") => match packages::debian(&release) {
            Some(flavour) => vec![
                "apt-get update".to_owned(),
                format!("apt-get install linux-image-{flavour}"),
            ],
            None => return vec![remark(packages::UNTOLD_DEBIAN)],
        },
        ("debian", _) => vec![
            "apt-get update".to_owned(),
            "apt-get dist-upgrade".to_owned(),
        ],
        ("rhel" | "amazon", _) if matches!(version.split('.').next(), Some("2" | "6" | "7")) => {
            vec!["yum update kernel".to_owned()]
        }
        ("rhel" | "amazon" | "fedora", _) => vec!["dnf upgrade kernel".to_owned()],
        ("suse", _) => {
            let package = facts.text("kernel.package-base");
            let package = package.unwrap_or_else(|| "kernel-default".to_owned());
            vec![
                "zypper refresh".to_owned(),
                format!("zypper update {}", super::quote(&package)),
            ]
        }
        ("alpine", _) => vec!["apk update".to_owned(), "apk upgrade".to_owned()],
        ("arch", _) => vec!["pacman -Syu".to_owned()],
        _ => return vec![remark(origin::UNTOLD)],
    };
    lines.insert(0, remark(origin::NEWEST));
    lines.push("reboot".to_owned());
    lines
}

/// The system of OpenShift's nodes.
const RHCOS: &str = "rhcos";

/// OpenShift brings its nodes their system and reboots them; what is changed on a node by hand it
/// takes for an error. The kernel is RHEL 8's up to 4.12, and RHEL 9's from 4.13 on.
fn of_cluster(steps: &Steps, flavour: &str) -> Vec<String> {
    let newest = KernelVersion::new(5, 14, 0);
    let is_enough = steps.kernel.is_none_or(|wanted| wanted <= newest);
    let (told, step) = match (flavour, is_enough) {
        ("rhel8", true) => (
            "the cluster brings its nodes their kernel: up to OpenShift 4.12 it is RHEL 8's (4.18), \
             from 4.13 on RHEL 9's (5.14)",
            Some("oc adm upgrade channel stable-4.13"),
        ),
        _ => (
            "the cluster brings its nodes their kernel; its vendor brings features of later ones to \
             the old number, so the newest may do",
            None,
        ),
    };
    let step = step.map(str::to_owned);
    let upgrade = "oc adm upgrade --to-latest".to_owned();
    [remark(told)]
        .into_iter()
        .chain(step)
        .chain([upgrade])
        .collect()
}

/// The way back. A kernel that is replaced in place, as on Arch and Alpine, has none but the
/// older package; others stay beside the new one, whose own package holds it, and not the one
/// that follows the newest (`linux-image-amd64`).
pub(super) fn undo(commands: &[String], facts: &Facts, platform: &Platform) -> Vec<String> {
    let typed = |words: &[&str]| {
        let begins = |line: &String| words.iter().any(|word| line.starts_with(word));
        commands.iter().any(begins)
    };
    let back: &[&str] = match platform.image.as_deref() {
        _ if commands.is_empty() => &[],
        // No cluster goes back to an earlier release.
        _ if typed(&["oc adm "]) => &[],
        Some("ostree") => &["rpm-ostree rollback", "reboot"],
        Some("bootc") => &["bootc rollback", "reboot"],
        Some("transactional") => &["transactional-update rollback last", "reboot"],
        Some("nixos") => &["nixos-rebuild boot --rollback", "reboot"],
        Some("ubuntu-core") => &["snap revert pc-kernel", "reboot"],
        Some(_) => &[],
        None if typed(&["apt-get install", "apt-get dist-upgrade"]) => &[
            "# choose the former kernel in the boot menu: it stays installed",
            "# for good: remove the new one by its own name, not what points to it",
            "dpkg -l 'linux-image-*'",
        ],
        None if typed(&["dnf ", "yum ", "amazon-linux-extras ", "zypper "]) => {
            &["# choose the former kernel in the boot menu: it stays installed"]
        }
        None => &[],
    };
    let mut back: Vec<String> = back.iter().map(|line| (*line).to_owned()).collect();
    let release = facts.text("kernel.release");
    if platform.loader == BootLoader::Grubby
        && typed(&["dnf ", "yum ", "amazon-linux-extras "])
        && let Some(release) = release
    {
        let image = super::quote(&format!("/boot/vmlinuz-{release}"));
        back.push(remark("for good:"));
        back.push(format!("grubby --set-default={image}"));
    }
    back
}

/// Whether the kernel comes from somebody else than the distribution in whose files this was
/// found: WSL, a container on another system, a machine that is given its kernel.
pub(super) fn is_foreign(flavour: &str, release: &str, platform: &Platform) -> bool {
    if matches!(flavour, "vanilla" | "other") && origin::is_of_vendor(release) {
        return true;
    }
    let families: &[&str] = match flavour {
        "wsl" | "gvisor" | "linuxkit" | "orbstack" | "android" => &[],
        "amazon" => &["amazon"],
        "azure-linux" => &["azure-linux", "azurelinux", "mariner", "other"],
        "ubuntu" | "debian" => &["debian"],
        "suse" => &["suse"],
        "alpine" => &["alpine"],
        _ => return false,
    };
    !platform.family.is_empty() && !families.contains(&platform.family.as_str())
}

/// A packaged kernel of this release that is new enough and built with these options; in words,
/// which release has one where this one has none. `None` where nothing is known of the release,
/// or where the running kernel is new enough by its number already, so that the number is not
/// what is wrong.
fn packaged(steps: &Steps, shelf: &Shelf<'_>, facts: &Facts) -> Option<Vec<String>> {
    let wanted = steps.kernel?;
    let running: Option<KernelVersion> = facts.text("kernel.version")?.parse().ok();
    if running.is_some_and(|running| running >= wanted) && !shelf.is_own() {
        return None;
    }
    let does = |row: &_| {
        let built = steps.options.iter();
        let built = built.map(|option| shelf.is_built_with(row, option));
        Tri::all(built.chain([Shelf::is_as_new(row, wanted)]))
    };
    shelf.lines(&does, &steps.options)
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
    use crate::catalogue::Needs;
    use crate::facts::Fact;

    /// An upgrade to a kernel of this number, or to any.
    fn from(wanted: &str) -> Steps {
        Steps {
            commands: Vec::new(),
            undo: Vec::new(),
            needs: Needs::Reboot,
            kernel: wanted.parse().ok(),
            options: Vec::new(),
        }
    }

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
        ] {
            let mut facts = Facts::default();
            facts.set("os.family", Fact::known(family, "x"));
            facts.set("os.id", Fact::known(os, "x"));
            facts.set("os.version-id", Fact::known(version, "x"));
            facts.set("os.image", Fact::known(image, "x"));
            facts.set("kernel.arch", Fact::known("x86_64", "x"));
            facts.set("kernel.release", Fact::known("6.1.0-47-cloud-amd64", "x"));
            let catalogue = Catalogue::default();
            let lines = commands(&from(""), &catalogue, &facts, &Platform::of(&facts));
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

    /// What is typed on a node of OpenShift, its cluster takes back.
    #[test]
    fn nodes_of_a_cluster_are_upgraded_by_it() {
        for (flavour, wanted, channel) in [
            ("rhel8", "", true),
            ("rhel8", "5.10", true),
            ("rhel8", "6.6", false),
            ("rhel9", "5.10", false),
        ] {
            let mut facts = Facts::default();
            for (key, value) in [
                ("os.family", "rhel"),
                ("os.id", "rhcos"),
                ("os.image", "ostree"),
                ("kernel.flavour", flavour),
            ] {
                facts.set(key, Fact::known(value, "x"));
            }
            let platform = Platform::of(&facts);
            let catalogue = Catalogue::default();
            let lines = commands(&from(wanted), &catalogue, &facts, &platform);
            let last = lines.last().map(String::as_str);
            assert_eq!(last, Some("oc adm upgrade --to-latest"), "{lines:?}");
            let moves = lines
                .iter()
                .any(|line| line.starts_with("oc adm upgrade channel"));
            assert_eq!(moves, channel, "{flavour} {wanted}: {lines:?}");
            let doubts = super::super::origin::is_perhaps(&lines);
            assert_eq!(doubts, !channel, "{flavour} {wanted}: {lines:?}");
            assert!(undo(&lines, &facts, &platform).is_empty());
        }
    }

    #[test]
    fn where_no_command_is_known_that_is_said() {
        for (known, says) in [
            (
                &[("os.family", "other"), ("os.id", "odd")][..],
                origin::UNTOLD,
            ),
            (&[("os.family", "")], origin::UNTOLD),
            (&[("kernel.flavour", "android")], origin::DEVICE),
        ] {
            let facts = super::super::tests::with(known);
            let catalogue = Catalogue::default();
            let lines = commands(&from("6.12"), &catalogue, &facts, &Platform::of(&facts));
            assert_eq!(lines, [remark(says)], "{known:?}");
            assert!(origin::say_none(&lines), "{lines:?}");
        }
    }

    #[test]
    fn the_way_back_is_to_the_kernel_that_runs() {
        for (known, command, wanted) in [
            (
                &[("tool.grubby", "/sbin/grubby")][..],
                "dnf upgrade kernel",
                "grubby --set-default=/boot/vmlinuz-5.14.0-1.el9.x86_64",
            ),
            (
                &[],
                "apt-get install linux-generic",
                "dpkg -l 'linux-image-*'",
            ),
            (
                &[("os.image", "transactional")],
                "transactional-update --continue up",
                "transactional-update rollback last",
            ),
            (&[], "pacman -Syu", ""),
        ] {
            let mut facts = Facts::default();
            facts.set("kernel.release", Fact::known("5.14.0-1.el9.x86_64", "x"));
            for (key, value) in known {
                facts.set(key, Fact::known(*value, "x"));
            }
            let commands = [command.to_owned()];
            let back = undo(&commands, &facts, &Platform::of(&facts));
            assert_eq!(back.is_empty(), wanted.is_empty(), "{back:?}");
            let found = wanted.is_empty() || back.iter().any(|line| line == wanted);
            assert!(found, "{back:?}");
        }
    }

    const TABLE: &str = "
kernels:
  - {name: Ubuntu 20.04, os: ubuntu, release: '20.04', kernel: '5.4', commands: [one]}
  - {name: Ubuntu 20.04, os: ubuntu, release: '20.04', kernel: '5.15', commands: [two, reboot]}
  - {name: Ubuntu 22.04, os: ubuntu, release: '22.04', kernel: '6.8', commands: [three]}
  - {name: RHEL 7, os: rhel, release: '7', kernel: '3.10', commands: [four]}
  - {name: RHEL 8, os: rhel, release: '8', kernel: '4.18', backports: true, commands: [five]}
  - {name: WSL, flavour: wsl, kernel: '6.6', commands: [six]}
";

    #[test]
    fn a_packaged_kernel_comes_before_a_promise() {
        let catalogue =
            Catalogue::parse("test", TABLE, crate::catalogue::Vocabulary::OPEN).unwrap();
        let none = "# no kernel of Ubuntu 20.04 is that new: 5.15 is the newest";
        for (os, family, version, running, flavour, wanted, lines) in [
            (
                "ubuntu",
                "debian",
                "20.04",
                "5.4.0",
                "ubuntu",
                "5.13",
                &["two", "reboot"][..],
            ),
            (
                "ubuntu",
                "debian",
                "20.04",
                "5.4.0",
                "ubuntu",
                "6.1",
                &[none, "# Ubuntu 22.04 has 6.8"],
            ),
            (
                "centos",
                "rhel",
                "7",
                "3.10.0",
                "rhel7",
                "4.10",
                &[
                    "# no kernel of RHEL 7 is that new: 3.10 is the newest",
                    "# RHEL 8 has 4.18",
                ],
            ),
            (
                "rocky",
                "rhel",
                "8.10",
                "4.18.0",
                "rhel8",
                "5.5",
                &[
                    "# the kernel of RHEL 8 stays at 4.18 by its number; its vendor brings features of later ones to it, so the newest may do",
                    "five",
                ],
            ),
            (
                "ubuntu",
                "debian",
                "20.04",
                "5.10.0",
                "wsl",
                "5.13",
                &["six"],
            ),
        ] {
            let mut facts = Facts::default();
            for (key, value) in [
                ("os.id", os),
                ("os.family", family),
                ("os.version-id", version),
                ("kernel.version", running),
                ("kernel.flavour", flavour),
                ("kernel.release", &format!("{running}-150-generic")),
            ] {
                facts.set(key, Fact::known(value, "x"));
            }
            let platform = Platform::of(&facts);
            assert_eq!(
                commands(&from(wanted), &catalogue, &facts, &platform),
                lines,
                "{os}"
            );
        }
    }

    /// Where the last kernel of a release that ended runs, nothing is to be upgraded to.
    #[test]
    fn a_release_that_ended_has_no_newer_kernel() {
        let catalogue = crate::built_in_catalogue().unwrap();
        for (os, version, release, ended) in [
            ("centos", "8", "4.18.0-348.7.1.el8_5.x86_64", true),
            ("centos", "8", "4.18.0-305.3.1.el8.x86_64", false),
            ("rocky", "8.10", "4.18.0-348.7.1.el8_5.x86_64", false),
        ] {
            let facts = super::super::tests::with(&[
                ("os.id", os),
                ("os.family", "rhel"),
                ("os.version-id", version),
                ("kernel.version", "4.18.0"),
                ("kernel.flavour", "rhel8"),
                ("kernel.release", release),
            ]);
            let lines = commands(&from("5.10"), &catalogue, &facts, &Platform::of(&facts));
            assert_eq!(origin::say_none(&lines), ended, "{release}: {lines:?}");
            let told = lines.iter().any(|line| line.contains("AlmaLinux 8"));
            assert_eq!(told, ended, "{release}: {lines:?}");
        }
    }

    #[test]
    fn a_number_that_is_high_enough_is_not_what_is_wrong() {
        let catalogue = crate::built_in_catalogue().unwrap();
        let mut facts = Facts::default();
        for (key, value) in [
            ("os.id", "ubuntu"),
            ("os.version-id", "20.04"),
            ("kernel.version", "5.15.1"),
        ] {
            facts.set(key, Fact::known(value, "x"));
        }
        let lines = |facts: &Facts| {
            let platform = Platform::of(facts);
            packaged(
                &from("5.13"),
                &Shelf::of(&catalogue, facts, &platform),
                facts,
            )
        };
        assert_eq!(lines(&facts), None);
        facts.set("kernel.version", Fact::known("5.4.0", "x"));
        facts.set("kernel.release", Fact::known("5.4.0-1018-aws", "x"));
        assert_eq!(lines(&facts), None);
    }

    /// Whose packages a system has, and whose kernel runs, decide; a kernel that the next boot
    /// starts is not installed once more.
    #[test]
    fn a_derivative_has_the_kernels_it_is_made_with() {
        let catalogue = crate::built_in_catalogue().unwrap();
        let mint = &[
            ("os.id", "linuxmint"),
            ("os.family", "debian"),
            ("os.version-id", "20.3"),
            ("os.ubuntu-release", "20.04"),
            ("kernel.release", "5.4.0-26-generic"),
            ("kernel.version", "5.4.30"),
            ("kernel.flavour", "ubuntu"),
        ][..];
        let proxmox = |version, release, number| {
            [
                ("os.id", "debian"),
                ("os.family", "debian"),
                ("os.version-id", version),
                ("kernel.release", release),
                ("kernel.version", number),
                ("kernel.flavour", "proxmox"),
            ]
        };
        let eight = proxmox("12", "6.2.16-20-pve", "6.2.16");
        let seven = proxmox("11", "5.15.158-1-pve", "5.15.158");
        let next = [mint, &[("boot.next", "5.15.0-139-generic")]].concat();
        let same = [mint, &[("boot.next", "5.4.0-200-generic")]].concat();
        let hwe = "apt-get install --install-recommends linux-generic-hwe-20.04";
        for (host, wanted, line) in [
            (mint, "5.13", hwe),
            (
                &next,
                "5.13",
                "# 5.15.0-139-generic is such a kernel, and starts with the next boot:",
            ),
            (&same, "5.13", hwe),
            (&eight, "6.3", "apt-get install proxmox-kernel-6.8"),
            (&eight, "6.12", "apt-get install proxmox-kernel-6.14"),
            (&eight, "4.19", "apt-get install proxmox-kernel-6.8"),
            (&seven, "6.3", &remark(origin::UNTOLD)),
        ] {
            let facts = super::super::tests::with(host);
            let lines = commands(&from(wanted), &catalogue, &facts, &Platform::of(&facts));
            assert!(lines.iter().any(|one| one == line), "{wanted}: {lines:?}");
            let debians = lines.iter().any(|line| line.contains("linux-image"));
            assert!(!debians, "{lines:?}");
        }
    }

    /// The end of the release says which of the distribution's kernels it is.
    #[test]
    fn a_kernel_is_followed_by_the_newest_of_its_flavour() {
        let catalogue = crate::built_in_catalogue().unwrap();
        let ubuntu = packages::UNTOLD_UBUNTU;
        for (os, version, release, wanted, says) in [
            (
                "ubuntu",
                "22.04",
                "5.15.0-1053-raspi",
                "6.5",
                "--install-recommends linux-raspi",
            ),
            (
                "ubuntu",
                "22.04",
                "5.15.0-1063-azure-fde",
                "6.5",
                "linux-azure-fde",
            ),
            (
                "ubuntu",
                "22.04",
                "5.15.0-1041-intel-iotg",
                "6.5",
                "linux-intel-iotg",
            ),
            ("ubuntu", "22.04", "5.15.0-1041-aws", "6.5", "linux-aws"),
            (
                "ubuntu",
                "22.04",
                "5.15.0-91-lowlatency",
                "6.5",
                "linux-lowlatency-hwe-22.04",
            ),
            (
                "ubuntu",
                "22.04",
                "5.15.0-91-generic-64k",
                "6.5",
                "linux-generic-64k-hwe-22.04",
            ),
            (
                "ubuntu",
                "22.04",
                "5.15.0-91-generic",
                "6.5",
                "linux-generic-hwe-22.04",
            ),
            ("ubuntu", "23.10", "6.5.0-9-generic", "6.5", "linux-generic"),
            ("ubuntu", "22.04", "5.15.0-91-mine", "6.5", ubuntu),
            ("ubuntu", "22.04", "5.15.0", "6.5", ubuntu),
            (
                "debian",
                "10",
                "4.19.0-21-armmp",
                "5.7",
                "linux-image-5.10-armmp",
            ),
            (
                "debian",
                "10",
                "4.19.0-21-cloud-amd64",
                "5.7",
                "linux-image-5.10-cloud-amd64",
            ),
            (
                "debian",
                "11",
                "5.10.0-46-686-pae",
                "5.15",
                "linux-image-6.1-686-pae",
            ),
            (
                "debian",
                "11",
                "5.10.0-46-powerpc64le",
                "5.15",
                "linux-image-6.1-powerpc64le",
            ),
            (
                "debian",
                "12",
                "6.1.0-47-rt-amd64",
                "",
                "linux-image-rt-amd64",
            ),
            (
                "debian",
                "12",
                "6.1.0-47-rt-amd64",
                "6.8",
                "bookworm-backports linux-image-rt-amd64",
            ),
            // From backports, or of a later series: the main package would go back.
            (
                "debian",
                "12",
                "6.12.9+bpo-cloud-amd64",
                "",
                "install -t bookworm-backports linux-image-cloud-amd64",
            ),
            (
                "debian",
                "13",
                "6.17.8+deb13-amd64",
                "",
                "install -t trixie-backports linux-image-amd64",
            ),
            (
                "debian",
                "11",
                "6.1.0-0.deb11.21-amd64",
                "",
                "install linux-image-6.1-amd64",
            ),
            (
                "debian",
                "13",
                "6.12.57+deb13-arm64-16k",
                "",
                "linux-image-arm64-16k",
            ),
            (
                "debian",
                "12",
                "6.6.31+rpt-rpi-v8",
                "6.8",
                "apt-get dist-upgrade",
            ),
            ("debian", "12", "6.1.0-mine", "6.8", packages::UNTOLD_DEBIAN),
        ] {
            let mut facts = Facts::default();
            for (key, value) in [
                ("os.id", os),
                ("os.family", "debian"),
                ("os.version-id", version),
                ("kernel.release", release),
                ("kernel.flavour", os),
                ("kernel.version", release.split(['-', '+']).next().unwrap()),
            ] {
                facts.set(key, Fact::known(value, "x"));
            }
            let platform = Platform::of(&facts);
            let lines = commands(&from(wanted), &catalogue, &facts, &platform);
            let found = lines.iter().any(|line| line.ends_with(says));
            assert!(found, "{release}: {lines:?}");
        }
    }
}
