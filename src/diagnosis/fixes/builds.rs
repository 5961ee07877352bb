//! Builds of a kernel: what they are called, where neither a packaged kernel nor a build on the
//! host is its way; and the commands, which each distribution has its own of.

use std::collections::BTreeMap;

use super::platform::{BootLoader, Platform};
use super::{origin, remark, upgrade};
use crate::diagnosis::finding::RenderedFix;
use crate::facts::{Facts, Value};

/// WSL starts one kernel for all of a machine: where its newest is known to mend, a build would only
/// take the place of that.
pub(super) fn without_needless(fixes: &mut Vec<RenderedFix>, facts: &Facts) {
    let mends = |fix: &RenderedFix| fix.kind == "upgrade" && fix.by_hand.is_none();
    if Platform::of(facts).loader == BootLoader::Wsl && fixes.iter().any(mends) {
        fixes.retain(|fix| fix.kind != "kernel-config");
    }
}

/// Whether this title offers a packaged kernel beside the build.
pub(super) fn offers_another(title: &str) -> bool {
    title.contains("packaged") || title.starts_with("Boot ")
}

/// The options by their names, the first of many.
pub(super) fn named(wanted: &BTreeMap<String, String>) -> String {
    const MOST: usize = 4;
    let on = wanted.iter().filter(|(_, value)| *value != "n");
    let names: Vec<String> = on.map(|(option, _)| format!("CONFIG_{option}")).collect();
    match names.split_at_checked(MOST) {
        Some((first, rest)) if !rest.is_empty() => {
            format!("{} and {} more", first.join(", "), rest.len())
        }
        _ => names.join(", "),
    }
}

/// What is to be done where neither a packaged kernel nor a build here is this machine's way;
/// `None` where both may be.
pub(super) fn title(
    wanted: &BTreeMap<String, String>,
    facts: &Facts,
    platform: &Platform,
) -> Option<String> {
    let names = named(wanted);
    let flavour = facts.text("kernel.flavour").unwrap_or_default();
    Some(match platform.loader {
        BootLoader::NixOs => format!("Rebuild the kernel with {names}"),
        BootLoader::RaspberryPi(_) => format!("Build the board's kernel with {names}"),
        _ if flavour == "android" => format!("Have the device's kernel built with {names}"),
        loader if is_of_somebody_else(loader, &flavour, facts, platform) => {
            format!("Have who provides this kernel build it with {names}")
        }
        _ if origin::is_from_outside(facts, platform) => {
            format!("Have this machine started with a kernel that has {names}")
        }
        _ if platform.takes_packages() => return None,
        _ => format!("Have this system's image made with a kernel that has {names}"),
    })
}

/// Whether somebody else builds and installs the kernel: who makes the machine, the device or the
/// system's image.
pub(super) fn is_elsewhere(facts: &Facts, platform: &Platform) -> bool {
    let flavour = facts.text("kernel.flavour").unwrap_or_default();
    match platform.loader {
        BootLoader::NixOs | BootLoader::RaspberryPi(_) => false,
        _ if flavour == "android" => true,
        loader => {
            is_of_somebody_else(loader, &flavour, facts, platform)
                || origin::is_from_outside(facts, platform)
                || !platform.takes_packages()
        }
    }
}

/// Whether the kernel is neither the distribution's nor one that was built for this machine:
/// mainline's source makes none that boots there.
pub(super) fn is_of_somebody_else(
    loader: BootLoader,
    flavour: &str,
    facts: &Facts,
    platform: &Platform,
) -> bool {
    let release = facts.text("kernel.release").unwrap_or_default();
    loader != BootLoader::Wsl
        && !platform.is_container()
        && upgrade::is_foreign(flavour, &release, platform)
}

/// Whether the firmware starts no kernel of this build until it is signed, by what it says of Secure
/// Boot, which may be nothing.
fn is_kept(facts: &Facts, platform: &Platform, secure_boot: Option<&Value>) -> bool {
    facts.get("security.secure-boot").value() == secure_boot
        && platform.loader != BootLoader::Wsl
        && !is_elsewhere(facts, platform)
}

/// Whether the firmware is known to start no kernel of this build until it is signed.
pub(super) fn is_to_be_signed(facts: &Facts, platform: &Platform) -> bool {
    is_kept(facts, platform, Some(&true.into()))
}

/// What is risked where it is not, or may not be.
pub(super) fn unsigned(facts: &Facts, platform: &Platform) -> Option<&'static str> {
    if is_to_be_signed(facts, platform) {
        return Some(
            "Secure Boot is on here: a kernel that no enrolled key has signed does not start, and \
             the machine stays at its boot menu.",
        );
    }
    let is_uefi = facts.text("boot.firmware").as_deref() == Some("uefi");
    (is_uefi && is_kept(facts, platform, None)).then_some(
        "If Secure Boot is on, which is not to be seen here (mokutil --sb-state tells), a kernel \
         that no enrolled key has signed does not start, and the machine stays at its boot menu.",
    )
}

/// Signs it with a key of one's own.
pub(super) fn signing() -> Vec<String> {
    vec![
        remark(
            "Secure Boot is on here, and starts nothing unsigned: with a key of your own, which \
             mokutil --import MOK.der enrols at the next boot, as whoever sits there confirms \
             (sbsign: packages sbsigntool, sbsigntools; RHEL has pesign):",
        ),
        "sbsign --key MOK.key --cert MOK.pem --output /boot/vmlinuz-RELEASE /boot/vmlinuz-RELEASE"
            .to_owned(),
    ]
}

/// The package that `make binrpm-pkg` has just built: below `rpmbuild` in the tree since Linux 6.6,
/// before in the place of rpm's own (scripts/Makefile.package), which for SUSE's root is
/// /usr/src/packages.
macro_rules! built_package {
    () => {
        "\"$(find rpmbuild/RPMS \"$(rpm --eval %_topdir)/RPMS\" -name 'kernel-[0-9]*.rpm' \
         -newer .config 2>/dev/null | head -n 1)\""
    };
}

/// What builds a package of the kernel that is configured, and installs it.
pub(super) fn commands(family: &str, platform: &Platform) -> Vec<String> {
    if platform.loader == BootLoader::Wsl {
        return vec![
            "make -j\"$(nproc)\" bzImage".to_owned(),
            remark(
                "copy arch/x86/boot/bzImage to Windows, and name it in %UserProfile%\\.wslconfig, \
                 section [wsl2], as kernel=C:\\\\path\\\\bzImage",
            ),
            "wsl.exe --shutdown".to_owned(),
        ];
    }
    let lines: &[&str] = match family {
        "debian" => &[
            "make -j\"$(nproc)\" bindeb-pkg",
            "dpkg -i ../linux-image-*-bpf_*.deb",
        ],
        "rhel" | "fedora" | "amazon" => &[
            "make -j\"$(nproc)\" binrpm-pkg",
            concat!("rpm -ivh --force ", built_package!()),
        ],
        "suse" if platform.image.as_deref() == Some("transactional") => &[
            "make -j\"$(nproc)\" binrpm-pkg",
            "# outside of the container, with the package of which the build said `Wrote:` there:",
            "transactional-update --continue pkg install --allow-unsigned-rpm kernel-*.rpm",
        ],
        "suse" => &[
            "make -j\"$(nproc)\" binrpm-pkg",
            concat!("zypper install --allow-unsigned-rpm ", built_package!()),
        ],
        // Where no program of the system's takes it up, as installkernel does elsewhere.
        _ => &[
            "make -j\"$(nproc)\"",
            "make modules_install install",
            "# an initramfs and an entry in the boot loader as this system makes them, beside those that are there; then",
        ],
    };
    let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    if platform.loader == BootLoader::Grubby {
        // Its number sorts below the distribution's, which would go on starting.
        lines.push("grubby --set-default \"/boot/vmlinuz-$(make -s kernelrelease)\"".to_owned());
    }
    lines.push("reboot".to_owned());
    lines
}

/// Whether the host is a machine of a cloud that sells Red Hat's system along.
fn is_rented(facts: &Facts) -> bool {
    let machine = facts.text("environment.virtualization");
    matches!(machine.as_deref(), Some("amazon" | "google" | "microsoft"))
}

/// Has Red Hat's repository for builders on a machine that is registered.
const REGISTERED: &str = "subscription-manager repos --enable \"codeready-builder-for-rhel-$(rpm -E \
                          %rhel)-$(uname -m)-rpms\"";

/// Has EPEL 7, which lies in Fedora's archive since RHEL 7 ended; one package serves all machines.
/// yum ends in an error where what an address names is there already.
const EPEL_7: &str = "rpm -q epel-release || yum install https://archives.fedoraproject.org/pub/archive/epel/7/x86_64/Packages/e/epel-release-7-14.noarch.rpm";

/// What must be typed before pahole can be installed, and how to install with it: Red Hat's kin
/// keep it in a repository for builders, the old ones in EPEL.
pub(super) fn builders_repository(facts: &Facts) -> (Vec<String>, String) {
    let version = facts.text("os.version-id").unwrap_or_default();
    let major = version.split('.').next().unwrap_or_default();
    // Reports have no programs, and the release tells instead.
    let has_dnf = match facts.get("tool.dnf").value() {
        Some(value) => *value != Value::Absent,
        None => !matches!(major, "" | "2" | "6" | "7" | "2017" | "2018"),
    };
    let os = facts.text("os.id").unwrap_or_default();
    let epel = match (os.as_str(), major) {
        ("rhel" | "centos" | "scientific", "7") => EPEL_7.to_owned(),
        _ => remark("dwarves lies in EPEL here: have that among the repositories first"),
    };
    let with = |repository: &str| format!("dnf install --enablerepo={repository}");
    match (os.as_str(), has_dnf) {
        // Machines that a cloud rents out are not registered, and have its repositories.
        ("rhel", true) if is_rented(facts) => (
            vec![remark(&format!(
                "where the machine is registered itself, without --enablerepo, after {REGISTERED}"
            ))],
            with("\"*codeready-builder-for-rhel-$(rpm -E %rhel)*-rhui-rpms\""),
        ),
        ("rhel", true) => (vec![REGISTERED.to_owned()], "dnf install".to_owned()),
        ("centos" | "rocky" | "almalinux", true) if major == "8" => {
            (Vec::new(), with("powertools"))
        }
        ("centos" | "rocky" | "almalinux", true) => (Vec::new(), with("crb")),
        ("ol", true) => (Vec::new(), with("\"ol$(rpm -E %rhel)_codeready_builder\"")),
        (_, true) => (Vec::new(), "dnf install".to_owned()),
        ("amzn", false) => (
            vec!["amazon-linux-extras install epel".to_owned()],
            "yum install".to_owned(),
        ),
        _ => (vec![epel], "yum install".to_owned()),
    }
}

/// The source that the vendor's running kernel was built from: mainline's of the same number lacks
/// what was brought to it since.
pub(super) fn vendors_source(has_dnf: bool, facts: &Facts) -> Vec<String> {
    let package = super::fill(
        "\"$(rpm -qf --qf '%{NAME}-%{VERSION}-%{RELEASE}' /boot/vmlinuz-{{kernel.release}})\"",
        facts,
    );
    // Fedora has dnf 5 from 41 on, which brings the command along and calls the option otherwise.
    let release = facts.text("os.version-id").unwrap_or_default();
    let is_fedora = facts.text("os.id").as_deref() == Some("fedora");
    let has_dnf5 = is_fedora && release.parse().map_or(true, |number: u32| number >= 41);
    let (tools, download) = match has_dnf {
        true if has_dnf5 => (None, "dnf download --srpm"),
        true => (
            Some("dnf install 'dnf-command(download)'"),
            "dnf download --source",
        ),
        false => (Some("yum install yum-utils"), "yumdownloader --source"),
    };
    let tools = tools.map(str::to_owned).into_iter();
    let lines = [
        format!("{download} {package}"),
        "rpm -i kernel*.src.rpm".to_owned(),
        "rpmbuild -bp --nodeps ~/rpmbuild/SPECS/kernel*.spec".to_owned(),
        "cd \"$(find ~/rpmbuild/BUILD -maxdepth 3 -type d -path '*/kernel*/linux-*' | head -n 1)\""
            .to_owned(),
    ];
    tools.chain(lines).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Fact;

    #[test]
    fn the_title_says_what_is_true_here() {
        let wanted = |names: &str| -> BTreeMap<String, String> {
            let names = names.split(' ');
            names
                .map(|name| (name.to_owned(), "y".to_owned()))
                .collect()
        };
        let outside = [
            ("os.family", "debian"),
            ("kernel.flavour", "vanilla"),
            ("boot.loader", "none"),
        ];
        for (known, options, says) in [
            (&[("os.image", "none")][..], "KPROBES", None),
            // A distribution of no family, on a kernel of its own.
            (
                &[("os.family", "other"), ("kernel.flavour", "azure-linux")],
                "KPROBES",
                None,
            ),
            (
                &[("kernel.flavour", "android")],
                "KPROBES",
                Some("Have the device's kernel built with CONFIG_KPROBES"),
            ),
            (
                &[("os.image", "talos")],
                "A B",
                Some("Have this system's image made with a kernel that has CONFIG_A, CONFIG_B"),
            ),
            (
                &[("os.image", "nixos")],
                "A B C D E F",
                Some("Rebuild the kernel with CONFIG_A, CONFIG_B, CONFIG_C, CONFIG_D and 2 more"),
            ),
            (
                &[
                    ("os.family", "debian"),
                    ("kernel.flavour", "other"),
                    ("kernel.release", "5.15.148-tegra"),
                ],
                "KPROBES",
                Some("Have who provides this kernel build it with CONFIG_KPROBES"),
            ),
            (
                &outside,
                "KPROBES",
                Some("Have this machine started with a kernel that has CONFIG_KPROBES"),
            ),
        ] {
            let mut facts = super::super::tests::with(known);
            facts.set("boot.installed", Fact::known(Vec::<String>::new(), "x"));
            let told = title(&wanted(options), &facts, &Platform::of(&facts));
            assert_eq!(told.as_deref(), says, "{known:?}");
        }
        for (text, offers) in [
            ("Boot a packaged kernel, or rebuild this one with it", true),
            ("Boot a kernel with CONFIG_BPF_JIT=y", true),
            ("Rebuild the kernel with CONFIG_BPF_JIT=y", false),
        ] {
            assert_eq!(offers_another(text), offers, "{text}");
        }
    }
}
