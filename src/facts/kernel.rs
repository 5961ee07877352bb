//! The kernel: its release, the upstream version behind it, who built it, its architecture.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::kernel_number::{debian_version, ubuntu_version};
use super::keys::Values::{Bool, Number, OneOf, Text};
use super::{Fact, Facts, KeyInfo, Value, Why, builds, reader};
use crate::host::{BY_HEADER, CONFIG_ALONE, Host};
use crate::version::KernelVersion;

pub(super) const KEYS: &[KeyInfo] = &[
    KeyInfo::one(
        "kernel.release",
        Text,
        "Release of the kernel, as `uname -r` gives it.",
    ),
    KeyInfo::one(
        "kernel.state",
        OneOf(&["running", "installed", "configured", "none"]),
        "Whether the kernel this is about runs, or was chosen of those that are installed below \
         a root where none of them runs, or is known by its config alone and may not be built \
         yet, or there is none in a root; of other single files that no running kernel shows, neither is known.",
    ),
    KeyInfo::one(
        "kernel.at-rest",
        Bool,
        "Whether nobody runs the kernel this is about where it was found: it is known by its config \
         alone, or is installed where nothing runs or where another kernel does.",
    ),
    KeyInfo::one(
        "kernel.build",
        Text,
        "Build line of the kernel, as `uname -v` gives it.",
    ),
    KeyInfo::one(
        "kernel.version",
        Text,
        "Upstream version the kernel is made from, as three numbers: Ubuntu and Debian keep \
         it apart from the release.",
    ),
    KeyInfo::one(
        "kernel.flavour",
        Text,
        "Who built the kernel, by its release: `vanilla` for a bare version, `rhel8` and the \
         like, `debian`, `ubuntu`, `uek`, `wsl` and others, else `other`.",
    ),
    KeyInfo::one(
        "kernel.vendor-build",
        Number,
        "Number of the vendor's build, of RHEL's kernels and those of its rebuilds: 348 of \
         4.18.0-348.7.1.el8_5. It grows with what is brought to the old version, whatever release \
         of the system it is installed on; absent of other kernels.",
    ),
    KeyInfo::one(
        "kernel.arch",
        Text,
        "Machine the kernel runs on, as `uname -m` gives it.",
    ),
    KeyInfo::one(
        "kernel.package-base",
        Text,
        "Package the kernel came in, as the names of its companions begin on Arch and SUSE \
         (`linux-lts`, `kernel-azure`); absent on other systems.",
    ),
];

/// Why nothing is known of a kernel in a root that has none.
pub(super) const NO_KERNEL: &str = "no kernel is installed here";

/// Whether there is no kernel, as in a container's image.
pub(super) fn is_none(facts: &Facts) -> bool {
    facts.text("kernel.state").as_deref() == Some("none")
}

impl Facts {
    /// The release of the kernel as `uname -r` will give it; not a mere version in the header of its
    /// config, which most have something behind.
    #[must_use]
    pub fn whole_release(&self) -> Option<String> {
        let by_header = self.get("kernel.release").source().ends_with(BY_HEADER);
        let is_version = |release: &str| release.chars().all(|c| c == '.' || c.is_ascii_digit());
        let release = self.text("kernel.release");
        release.filter(|release| !by_header || !is_version(release))
    }
}

/// Reads what uname says and what follows from it.
pub(super) fn collect(host: &dyn Host, facts: &mut Facts) {
    let place = |path| if host.is_live() { "uname(2)" } else { path };
    let release_source = place("/proc/sys/kernel/osrelease");
    let build_source = place("/proc/sys/kernel/version");
    let uname = match host.uname() {
        Ok(uname) => uname,
        Err(error) => {
            let fact = match reader::why(&error) {
                // Whatever kernel will run what is in this root is not of it.
                Why::Missing => Fact::unknown(Why::NotCollected, NO_KERNEL, release_source),
                why @ Why::NotCollected => Fact::unknown(why, "--release tells it", release_source),
                _ => reader::unreadable(&error, release_source),
            };
            for info in KEYS {
                facts.set(info.key, fact.clone());
            }
            if reader::why(&error) == Why::Missing {
                facts.set("kernel.state", Fact::known("none", release_source));
            }
            return;
        }
    };
    let told = |text: &str, source| match text {
        "" => Fact::unknown(Why::Missing, "", source),
        text => Fact::known(text, source),
    };

    let version = if let Some((version, place)) = ubuntu_version(host, &uname.release) {
        Fact::known(version.to_string(), place)
    } else if let Some(version) = debian_version(&uname.release, &uname.version) {
        Fact::known(version.to_string(), build_source)
    } else if let Ok(version) = uname.release.parse::<KernelVersion>() {
        Fact::known(version.to_string(), release_source)
    } else {
        Fact::unknown(
            Why::Malformed,
            &reader::shown(&uname.release),
            release_source,
        )
    };

    let os = facts.text("os.id").unwrap_or_default();
    let family = facts.text("os.family").unwrap_or_default();
    let flavour = told(&uname.release, release_source)
        .map(|_| Value::Text(flavour(&uname.release, &uname.version, &os, &family)));

    let own_word = "/proc/sys/kernel/osrelease";
    let state = match host.read(own_word, 1) {
        Ok(_) => Fact::known("running", release_source),
        Err(_) if host.read(CONFIG_ALONE, 1).is_ok() => Fact::known("configured", CONFIG_ALONE),
        // Single files: the kernel that is meant may not be built yet.
        Err(error) if reader::why(&error) == Why::NotCollected => Fact::unknown(
            Why::NotCollected,
            "nothing shows that this kernel runs",
            release_source,
        ),
        Err(_) => Fact::known("installed", release_source),
    };
    facts.set("kernel.state", state);
    facts.set("kernel.release", told(&uname.release, release_source));
    facts.set("kernel.build", told(&uname.version, build_source));
    facts.set("kernel.version", version);
    let build = builds::of(&flavour, &uname.release, release_source);
    facts.set("kernel.flavour", flavour);
    facts.set("kernel.vendor-build", build);
    let arch = match (uname.machine.as_str(), machine_in(&uname.release)) {
        ("", Some(machine)) => Fact::known(machine, release_source),
        (machine, _) => told(machine, place("/proc/sys/kernel/arch")),
    };
    facts.set("kernel.arch", arch);
    let base = package_base(host, &uname.release, release_source, facts);
    facts.set("kernel.package-base", base);
}

/// Arch's packages leave their name beside the modules, SUSE's have it in the release.
fn package_base(host: &dyn Host, release: &str, source: &str, facts: &Facts) -> Fact {
    let family = facts.text("os.family");
    let flavour = facts.text("kernel.flavour").unwrap_or_default();
    let unknown = Fact::unknown(Why::Missing, "", source);
    match family.as_deref() {
        None => unknown,
        Some("arch") => {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+@".contains(c);
            for folder in ["/usr/lib/modules", "/lib/modules"] {
                let path = format!("{folder}/{release}/pkgbase");
                let name = reader::text(host, &path).unwrap_or_default();
                let name = name.trim();
                if !name.is_empty() && name.chars().all(plain) {
                    return Fact::known(name, &path);
                }
            }
            let variant = arch_variant(release);
            match flavour.as_str() {
                "arch" => Fact::known(format!("linux{variant}"), source),
                _ => unknown,
            }
        }
        Some("suse") => match release.rsplit_once('-') {
            Some((_, variant)) if flavour == "suse" => {
                Fact::known(format!("kernel-{variant}"), source)
            }
            _ => unknown,
        },
        Some(_) => Fact::absent(source),
    }
}

/// What the package of one of Arch's kernels has behind `linux`.
fn arch_variant(release: &str) -> &'static str {
    let variants = ["-rt-lts", "-rt", "-lts", "-zen", "-hardened"];
    let of = variants.iter().find(|variant| release.ends_with(*variant));
    of.copied().unwrap_or_default()
}

/// The machine in a release, as distributions write it at the end.
pub(super) fn machine_in(release: &str) -> Option<&'static str> {
    let endings = [
        (".x86_64", "x86_64"),
        (".aarch64", "aarch64"),
        (".ppc64le", "ppc64le"),
        (".s390x", "s390x"),
        ("-amd64", "x86_64"),
        ("-arm64", "aarch64"),
    ];
    let ends = |(end, _): &&(&str, &str)| release.ends_with(end);
    endings.iter().find(ends).map(|(_, machine)| *machine)
}

/// Parts of a release that tell the builder. The first that is found decides, so what is
/// built on another's kernel stands before it.
const BY_RELEASE: &[(&str, &str)] = &[
    ("microsoft", "wsl"),
    ("Microsoft", "wsl"),
    ("gvisor", "gvisor"),
    ("uek", "uek"),
    (".amzn", "amazon"),
    ("-android", "android"),
    (".azl", "azure-linux"),
    (".cm2", "azure-linux"),
    ("-pve", "proxmox"),
    ("-talos", "talos"),
    ("-flatcar", "flatcar"),
    ("-linuxkit", "linuxkit"),
    ("-orbstack", "orbstack"),
    ("-gentoo", "gentoo"),
    ("-arch", "arch"),
    ("-zen", "arch"),
    ("-default", "suse"),
];

/// Words of a build line that tell the builder.
const BY_BUILD: &[(&str, &str)] = &[
    ("Ubuntu", "ubuntu"),
    ("Debian", "debian"),
    ("Kali", "debian"),
    ("-Alpine", "alpine"),
    ("-NixOS", "nixos"),
];

/// Systems whose kernels have no mark of their own, and which can be told by their
/// os-release (not from within a container).
const BY_OS: &[&str] = &["cos", "bottlerocket"];

/// Kernels that a distribution builds beside its main one, by the end of the release; others
/// have these endings, too, so that the system they run decides.
const BY_FAMILY: &[(&str, &[&str])] = &[
    (
        "suse",
        &[
            "-azure",
            "-rt",
            "-preempt",
            "-64kb",
            "-longterm",
            "-kvmsmall",
        ],
    ),
    ("arch", &["-lts", "-hardened", "-rt"]),
];

/// Whether this system's packages name their kernels so: 5.4.0-150-generic on Ubuntu,
/// 4.19.0-27-amd64, 6.1.0-0.deb11.9-cloud-arm64 and 6.12.57+deb13-amd64 on Debian.
pub(super) fn is_packaged(release: &str, os: &str) -> bool {
    let (kinds, machines): (&[&str], bool) = match os {
        "ubuntu" => (UBUNTU_KINDS, false),
        "debian" => (DEBIAN_MACHINES, true),
        _ => return false,
    };
    let Some((front, kind)) = release.rsplit_once('-') else {
        return false;
    };
    let numbered = |text: &str| {
        let abi = |c: char| c.is_ascii_digit() || c == '.';
        text.split('-').all(|part| {
            let part = part.replacen("+deb", ".", 1).replacen("deb", "", 1);
            !part.is_empty() && part.replace("bpo", "").replace('+', ".").chars().all(abi)
        })
    };
    let front = match machines {
        true => ["-cloud", "-rt"]
            .iter()
            .find_map(|variant| front.strip_suffix(variant))
            .unwrap_or(front),
        false => front,
    };
    let named = kinds.contains(&kind);
    // Ubuntu's have the number of an ABI in front, which a kernel of one's own need not.
    named && numbered(front) && (machines || front.contains('-'))
}

const UBUNTU_KINDS: &[&str] = &[
    "generic",
    "lowlatency",
    "aws",
    "azure",
    "gcp",
    "gke",
    "ibm",
    "kvm",
    "nvidia",
    "oem",
    "oracle",
    "raspi",
    "virtual",
];

const DEBIAN_MACHINES: &[&str] = &[
    "686",
    "amd64",
    "arm64",
    "armmp",
    "loong64",
    "powerpc64le",
    "riscv64",
    "s390x",
];

/// Flavours that no table above has: by marks in the release that come with a number, and what is
/// said of the others.
const REST: &[&str] = &[
    "elrepo", "fedora", "rhel5", "rhel6", "rhel7", "rhel8", "rhel9", "rhel10", "rhel11", "ubuntu",
    "debian", "vanilla", "other",
];

/// All flavours there are.
pub(super) fn flavours() -> &'static [&'static str] {
    static ALL: LazyLock<Vec<&str>> = LazyLock::new(|| {
        let tables = BY_RELEASE.iter().chain(BY_BUILD).map(|(_, name)| *name);
        let families = BY_FAMILY.iter().map(|(name, _)| *name);
        let all = tables.chain(families).chain(BY_OS.iter().copied());
        let all: BTreeSet<&str> = all.chain(REST.iter().copied()).collect();
        all.into_iter().collect()
    });
    &ALL
}

fn flavour(release: &str, build: &str, os: &str, family: &str) -> String {
    if let Some(major) = number_behind(release, ".el") {
        // Oracle's own kernels for its RHEL-like systems: 5.4.17-2136.el8uek.
        return if release.contains("uek") {
            "uek".to_owned()
        // Kernels of kernel.org in packages for RHEL: none of its backports are in them.
        } else if release.contains(".elrepo") {
            "elrepo".to_owned()
        } else {
            format!("rhel{major}")
        };
    }
    if number_behind(release, ".fc").is_some() {
        return "fedora".to_owned();
    }
    let in_release = BY_RELEASE.iter().find(|(part, _)| release.contains(part));
    let in_build = || BY_BUILD.iter().find(|(part, _)| build.contains(part));
    if let Some((_, name)) = in_release.or_else(in_build) {
        return (*name).to_owned();
    }
    if BY_OS.contains(&os) {
        return os.to_owned();
    }
    // A release that was named or found in a file comes without a build line.
    if build.is_empty() && is_packaged(release, os) {
        return os.to_owned();
    }
    let mut beside = BY_FAMILY.iter().filter(|(known, _)| *known == family);
    if beside.any(|(_, ends)| ends.iter().any(|end| release.ends_with(end))) {
        return family.to_owned();
    }
    let bare = |c: char| c.is_ascii_digit() || c == '.';
    let suffix = release.trim_start_matches(bare);
    let is_candidate = suffix
        .strip_prefix("-rc")
        .is_some_and(|n| n.chars().all(bare));
    if suffix.is_empty() || is_candidate {
        "vanilla"
    } else {
        "other"
    }
    .to_owned()
}

/// The number that follows `mark`: 8 in `4.18.0-553.el8_10` behind `.el`.
fn number_behind(text: &str, mark: &str) -> Option<u32> {
    let (_, rest) = text.split_once(mark)?;
    let end = rest.find(|c: char| !c.is_ascii_digit());
    rest.get(..end.unwrap_or(rest.len()))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Memory;

    fn facts(release: &str, build: &str) -> Facts {
        let mut facts = Facts::default();
        collect(
            &Memory::new().with_uname(release, build, "x86_64"),
            &mut facts,
        );
        facts
    }

    #[test]
    fn version_and_builder_are_told_from_release_and_build_line() {
        let debian = "#1 SMP PREEMPT_DYNAMIC Debian";
        for (release, build, version, flavour) in [
            (
                "5.10.0-32-cloud-amd64",
                "#1 SMP Debian 5.10.223-1 (2024-08-10)",
                "5.10.223",
                "debian",
            ),
            (
                "6.1.0-47-amd64",
                &format!("{debian} 6.1.170-1 (2026-04-30)"),
                "6.1.170",
                "debian",
            ),
            (
                "6.10-rc7-amd64",
                &format!("{debian} 6.10~rc7-1~exp1 (x)"),
                "6.10.0",
                "debian",
            ),
            (
                "6.1.0-0.deb11.17-amd64",
                &format!("{debian} 6.1.69-1~bpo11+1"),
                "6.1.69",
                "debian",
            ),
            (
                "6.6.31+rpt-rpi-v8",
                "#1 SMP PREEMPT Debian 1:6.6.31-1+rpt1 (x)",
                "6.6.31",
                "debian",
            ),
            (
                "5.10.0-kali3-amd64",
                "#1 SMP Debian 5.10.13-1kali1 (x)",
                "5.10.13",
                "debian",
            ),
            ("6.9.0-x", "#1 SMP Debian 5.10.13-1 (x)", "6.9.0", "debian"),
            ("6.9.0-x", "#1 SMP Debian", "6.9.0", "debian"),
            (
                "5.15.0-91-generic",
                "#101-Ubuntu SMP Tue Nov 14",
                "5.15.0",
                "ubuntu",
            ),
            (
                "6.5.0-1016-gke",
                "#16~22.04.1-Ubuntu SMP",
                "6.5.0",
                "ubuntu",
            ),
            (
                "6.8.12-4-pve",
                "#1 SMP PREEMPT_DYNAMIC PMX 6.8.12-4",
                "6.8.12",
                "proxmox",
            ),
            ("4.18.0-553.el8_10.x86_64", "#1 SMP", "4.18.0", "rhel8"),
            ("5.14.0-427.13.1.el9_4.x86_64", "#1 SMP", "5.14.0", "rhel9"),
            ("6.12.0-55.el10.aarch64", "#1 SMP", "6.12.0", "rhel10"),
            ("6.12.9-1.el9.elrepo.x86_64", "#1 SMP", "6.12.9", "elrepo"),
            ("3.10.0-1160.el7.x86_64", "#1 SMP", "3.10.0", "rhel7"),
            ("5.4.17-2136.330.7.el8uek.x86_64", "#2 SMP", "5.4.17", "uek"),
            (
                "4.14.355-275.570.amzn2.x86_64",
                "#1 SMP",
                "4.14.355",
                "amazon",
            ),
            (
                "6.1.141-155.222.amzn2023.x86_64",
                "#1 SMP",
                "6.1.141",
                "amazon",
            ),
            ("6.14.0-63.fc42.x86_64", "#1 SMP", "6.14.0", "fedora"),
            (
                "6.6.87.2-microsoft-standard-WSL2",
                "#1 SMP",
                "6.6.87",
                "wsl",
            ),
            (
                "6.1.75-android14-11-g1f-ab11",
                "#1 SMP",
                "6.1.75",
                "android",
            ),
            ("6.4.0-150600.21-default", "#1 SMP", "6.4.0", "suse"),
            ("6.6.57.1-7.azl3", "#1 SMP", "6.6.57", "azure-linux"),
            ("6.9.1-arch1-1", "#1 SMP", "6.9.1", "arch"),
            ("6.6.30-0-lts", "#1-Alpine SMP", "6.6.30", "alpine"),
            ("6.6.30", "#1-NixOS SMP", "6.6.30", "nixos"),
            ("6.12-rc3", "#1 SMP", "6.12.0", "vanilla"),
            ("6.18.0-rc1.7", "#1 SMP", "6.18.0", "vanilla"),
            (
                "6.18.44-fc-v595",
                "#1 SMP PREEMPT_DYNAMIC @0",
                "6.18.44",
                "other",
            ),
            ("6.1.112+", "#1 SMP", "6.1.112", "other"),
        ] {
            let facts = facts(release, build);
            assert_eq!(facts.text("kernel.version").unwrap(), version, "{release}");
            assert_eq!(facts.text("kernel.flavour").unwrap(), flavour, "{release}");
        }
    }

    #[test]
    fn kernels_beside_the_main_one_have_their_own_packages() {
        let suse = "ID=sles\nID_LIKE=suse\n";
        let ubuntu = "ID=ubuntu\nID_LIKE=debian\n";
        for (os, release, build, flavour, base) in [
            ("ID=arch\n", "6.17.5-arch1-1", "#1 SMP", "arch", "linux"),
            ("ID=arch\n", "6.12.60-1-lts", "#1 SMP", "arch", "linux-lts"),
            (
                "ID=arch\n",
                "6.17.5-zen1-1-zen",
                "#1 SMP",
                "arch",
                "linux-zen",
            ),
            (
                "ID=arch\n",
                "6.16.12-hardened1-1-hardened",
                "#1 SMP",
                "arch",
                "linux-hardened",
            ),
            (
                suse,
                "6.4.0-150600.8.5-azure",
                "#1 SMP",
                "suse",
                "kernel-azure",
            ),
            (
                suse,
                "6.4.0-150600.21-default",
                "#1 SMP",
                "suse",
                "kernel-default",
            ),
            // A container of SUSE on a node of somebody else's.
            (suse, "6.8.0-1017-azure", "#20-Ubuntu SMP", "ubuntu", ""),
            (
                ubuntu,
                "6.8.0-1017-azure",
                "#20-Ubuntu SMP",
                "ubuntu",
                "absent",
            ),
        ] {
            let host = Memory::new()
                .with_uname(release, build, "x86_64")
                .with("/etc/os-release", os);
            let mut facts = Facts::default();
            crate::facts::os::collect(&host, &mut facts);
            collect(&host, &mut facts);
            assert_eq!(facts.text("kernel.flavour").unwrap(), flavour, "{release}");
            let found = match facts.get("kernel.package-base").value() {
                None => String::new(),
                Some(Value::Absent) => "absent".to_owned(),
                Some(value) => value.to_string(),
            };
            assert_eq!(found, base, "{os} {release}");
        }
        let manjaro = Memory::new()
            .with_uname("6.12.48-1-MANJARO", "#1 SMP", "x86_64")
            .with("/etc/os-release", "ID=manjaro\nID_LIKE=arch\n")
            .with("/usr/lib/modules/6.12.48-1-MANJARO/pkgbase", "linux612\n");
        let mut facts = Facts::default();
        crate::facts::os::collect(&manjaro, &mut facts);
        collect(&manjaro, &mut facts);
        assert_eq!(facts.text("kernel.package-base").unwrap(), "linux612");
    }

    #[test]
    fn ubuntu_tells_its_version_in_files() {
        let (signature, line) = ("/proc/version_signature", "/proc/version");
        let compiler = "(gcc (Ubuntu 11.4.0-1ubuntu1~22.04.2) 11.4.0, GNU ld (GNU Binutils for \
                        Ubuntu) 2.38)";
        let first = format!("Linux version 5.4.0-26-generic (buildd@x) {compiler} #30-Ubuntu SMP");
        let old = "Linux version 5.4.0-26-generic (buildd@x) (gcc version 7.5.0 (Ubuntu \
                   7.5.0-3ubuntu1~18.04)) #30-Ubuntu SMP (Ubuntu 5.4.0-26.30-generic 5.4.30)\n";
        for (place, text, told) in [
            (
                signature,
                "Ubuntu 5.4.0-26.30-generic 5.4.30\n".to_owned(),
                Some("5.4.30"),
            ),
            (
                line,
                format!("{first} Wed Oct 1 (Ubuntu 5.4.0-26.30-generic 5.4.30)\n"),
                Some("5.4.30"),
            ),
            (line, old.to_owned(), Some("5.4.30")),
            // Only a compiler's version is in these, or one of another kernel.
            (line, format!("{first} Wed Oct 1\n"), None),
            (
                line,
                format!("{first} (x) (Ubuntu 5.15.0-9.9-generic 5.15.4)\n"),
                None,
            ),
            (line, first.replace(" #30-Ubuntu SMP", ""), None),
            (
                line,
                first
                    .replace("#30-Ubuntu SMP", "#1 SMP")
                    .replace("buildd", "joe"),
                None,
            ),
        ] {
            let host = Memory::new()
                .with_uname("5.4.0-26-generic", "#30-Ubuntu SMP", "x86_64")
                .with(place, &text);
            let mut facts = Facts::default();
            collect(&host, &mut facts);
            let known = match told {
                Some(version) => Fact::known(version, place),
                None => Fact::known("5.4.0", "/proc/sys/kernel/osrelease"),
            };
            assert_eq!(facts.get("kernel.version"), known, "{text}");
        }
    }

    #[test]
    fn a_system_without_a_mark_in_its_kernel_is_told_by_its_name() {
        assert_eq!(flavour("6.1.112+", "#1 SMP", "cos", ""), "cos");
        for (release, build, os, wanted) in [
            ("5.4.0-150-generic", "", "ubuntu", "ubuntu"),
            ("5.4.0-1100-aws", "", "ubuntu", "ubuntu"),
            ("5.15.0-91-lowlatency", "", "ubuntu", "ubuntu"),
            ("4.19.0-27-amd64", "", "debian", "debian"),
            ("5.10.0-32-cloud-amd64", "", "debian", "debian"),
            ("5.10.0-0.deb10.30-amd64", "", "debian", "debian"),
            ("6.12.57+deb13-amd64", "", "debian", "debian"),
            ("6.10-rc7-amd64", "", "debian", "other"),
            // One's own, one of somebody else, one whose build line says otherwise.
            ("5.4.0-mine-generic", "", "ubuntu", "other"),
            ("5.4.0-generic", "", "ubuntu", "other"),
            ("5.4.0-150-generic", "", "debian", "other"),
            ("5.4.0-150-generic", "#1 SMP me@here", "ubuntu", "other"),
            ("5.15.146.1-microsoft-standard-WSL2", "", "ubuntu", "wsl"),
        ] {
            assert_eq!(
                flavour(release, build, os, "debian"),
                wanted,
                "{release} {build}"
            );
        }
        assert_eq!(flavour("6.1.112+", "#1 SMP", "debian", "debian"), "other");
    }

    #[test]
    fn a_release_without_a_version_is_malformed_and_none_is_missing() {
        for release in ["custom", "6", "\u{1b}[2J"] {
            assert!(facts(release, "").get("kernel.version").value().is_none());
        }
        let mut none = Facts::default();
        collect(&Memory::new(), &mut none);
        assert_eq!(none.text("kernel.state").as_deref(), Some("none"));
        for info in KEYS.iter().filter(|info| info.key != "kernel.state") {
            assert!(none.get(info.key).value().is_none(), "{}", info.key);
        }
    }
}
