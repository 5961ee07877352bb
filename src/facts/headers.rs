//! The kernel's headers, which programs that are compiled on the host include.

use super::keys::Values::{OneOf, Text};
use super::packages::Packages;
use super::{Fact, Facts, KeyInfo, Value, Why, kernel, nearby, reader};
use crate::host::Host;

pub(super) const KEYS: &[KeyInfo] = &[
    KeyInfo::one(
        "kernel.headers",
        Text,
        "Directory of the running kernel's headers, absent where none of the usual ones has a \
         Makefile; in a sosreport by its list of packages.",
    ),
    KeyInfo::one(
        "kernel.kheaders",
        OneOf(&["present", "module", "absent"]),
        "Whether the kernel shows its headers itself: `module` where the module kheaders is \
         installed and not loaded (/sys/kernel/kheaders.tar.xz, IKHEADERS).",
    ),
];

const KHEADERS: &str = "/sys/kernel/kheaders.tar.xz";

/// Looks where distributions put headers; release and kernel config have to be collected
/// before.
pub(super) fn collect(host: &dyn Host, facts: &mut Facts) {
    facts.set("kernel.headers", headers(host, facts));
    facts.set("kernel.kheaders", kheaders(host, facts));
}

fn headers(host: &dyn Host, facts: &Facts) -> Fact {
    if kernel::is_none(facts) {
        return Fact::unknown(Why::NotCollected, kernel::NO_KERNEL, "");
    }
    let release = facts.text("kernel.release").unwrap_or_default();
    if release.is_empty() || release.contains('/') {
        return Fact::unknown(Why::Missing, "the release is not known", "");
    }
    let build = format!("/lib/modules/{release}/build");
    for directory in [
        build.clone(),
        format!("/usr/lib/modules/{release}/build"),
        format!("/usr/src/linux-headers-{release}"),
        format!("/usr/src/kernels/{release}"),
    ] {
        match host.stat(&format!("{directory}/Makefile")) {
            Ok(_) => return Fact::known(directory.as_str(), &directory),
            Err(error) if reader::why(&error) == Why::Missing => {}
            Err(error) => {
                let fact = reader::unreadable(&error, &directory);
                return by_list(host, &release).unwrap_or(fact);
            }
        }
    }
    Fact::absent(&build)
}

/// Where their directory was not collected, and a list of packages was: by the package of this very
/// kernel's headers. That it is not among them says something where the kernel itself is.
fn by_list(host: &dyn Host, release: &str) -> Option<Fact> {
    let is_of = |name: &str, kind: &str| is_of(name, kind, release);
    let headers = |name: &str| is_of(name, "-devel") || is_of(name, "headers");
    let (has_headers, place) = Packages::lists(host, &headers)?;
    if has_headers {
        let directory = match place.ends_with("rpms") {
            true => format!("/lib/modules/{release}/build"),
            false => format!("/usr/src/linux-headers-{release}"),
        };
        return Some(Fact::known(directory, &place));
    }
    let image = |name: &str| is_of(name, "") || is_of(name, "-core") || is_of(name, "image");
    let (has_kernel, place) = Packages::lists(host, &image)?;
    has_kernel.then(|| Fact::absent(&place))
}

/// Whether a package is of this kind and of the kernel of this release: `kernel-devel-…`,
/// `kernel-uek-devel-…`; `linux-headers-…`, `linux-image-unsigned-…`. Red Hat's variants
/// (`…el9.aarch64+64k`) and SUSE's flavours (`…-default`) have their names in front, as in
/// `kernel-64k-devel-…`. SUSE's packages go on with the number of a rebuild, and where a release
/// ends without the machine, theirs ends with it.
fn is_of(name: &str, kind: &str, release: &str) -> bool {
    // Proxmox signs some of its kernels, and calls all of them its own.
    let plain = name.strip_suffix("-signed").unwrap_or(name);
    let front = plain
        .strip_suffix(release)
        .and_then(|front| front.strip_suffix('-'));
    if let Some(rest) = front.and_then(|front| front.strip_prefix("linux-")) {
        return !kind.is_empty() && rest.starts_with(kind);
    }
    let of_proxmox = ["proxmox-", "pve-"].iter();
    if let Some(rest) = of_proxmox
        .filter_map(|begin| front?.strip_prefix(begin))
        .next()
    {
        return matches!((kind, rest), ("headers", "headers") | ("image", "kernel"));
    }
    // `kernel-headers-…` of rpm is for programs of the C library, and not the kernel's own.
    if matches!(kind, "headers" | "image") {
        return false;
    }
    let flavour = release.rsplit_once('-').filter(|(base, last)| {
        base.contains('-') && !last.contains('.') && last.starts_with(char::is_alphabetic)
    });
    // RHEL 7 and older write `.debug` where later ones write `+debug`.
    let debug = release.strip_suffix(".debug").map(|base| (base, "debug"));
    let variant = release.split_once('+').or(debug).or(flavour);
    let (base, variant) = variant.unwrap_or((release, ""));
    // `kernel6.12-devel-…` is Amazon's, `kernel-lt-…` and `kernel-ml-…` are ELRepo's.
    let is_own = |own: &str| match own.strip_prefix("kernel") {
        Some("" | "-uek" | "-rt" | "-lt" | "-ml") => variant.is_empty(),
        Some(number) if number.starts_with(|c: char| c.is_ascii_digit()) => {
            variant.is_empty() && !number.contains('-')
        }
        Some(rest) => rest.strip_prefix('-').is_some_and(|own| own == variant),
        None => false,
    };
    let rest = name
        .match_indices(&format!("-{base}"))
        .find_map(|(at, found)| {
            let own = name.get(..at)?.strip_suffix(kind)?;
            name.get(at + found.len()..).filter(|_| is_own(own))
        });
    let is_end = |rest: &str| matches!(rest, "" | ".x86_64" | ".aarch64" | ".ppc64le" | ".s390x");
    rest.is_some_and(|rest| {
        let rebuilt = rest.strip_prefix('.').map(|rest| {
            let end = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            (end.len() < rest.len(), end)
        });
        is_end(rest) || matches!(rebuilt, Some((true, end)) if flavour.is_some() && is_end(end))
    })
}

fn kheaders(host: &dyn Host, facts: &Facts) -> Fact {
    let Err(error) = host.stat(KHEADERS) else {
        return Fact::known("present", KHEADERS);
    };
    let is_missing = reader::why(&error) == Why::Missing;
    let option = facts.get("config.IKHEADERS");
    let source = option.source().to_owned();
    match option.value() {
        Some(Value::Text(text)) if text == "m" => module(host, facts, &source),
        // Of files, some of what a host has below /sys may be there, and the others not.
        _ if is_missing && reader::is_populated(host, "/sys/kernel") => {
            Fact::known("absent", KHEADERS)
        }
        Some(Value::Text(text)) if text == "y" => Fact::known("present", &source),
        Some(_) => Fact::known("absent", &source),
        None if !is_missing => reader::unreadable(&error, KHEADERS),
        None => Fact::unknown(Why::Missing, "sysfs is not mounted at /sys", KHEADERS),
    }
}

/// Distributions have it in a package that is not always there.
fn module(host: &dyn Host, facts: &Facts, source: &str) -> Fact {
    let release = facts.text("kernel.release").unwrap_or_default();
    let place = format!("/lib/modules/{release}/kernel/kernel/kheaders.ko");
    // Containers see the kernel, and not its modules; where these are, so is a list of them.
    let list = format!("/lib/modules/{release}/modules.dep");
    for end in ["", ".xz", ".zst", ".gz"] {
        match host.stat(&format!("{place}{end}")) {
            Ok(_) => return Fact::known("module", source),
            Err(error) if reader::why(&error) == Why::Missing => {}
            // A sosreport has the list alone.
            Err(error) => {
                return match reader::text(host, &list) {
                    Ok(text) if text.lines().any(|line| nearby::is_of(line, "kheaders")) => {
                        Fact::known("module", &list)
                    }
                    Ok(text) if !text.trim().is_empty() => Fact::known("absent", &list),
                    _ => reader::unreadable(&error, &place),
                };
            }
        }
    }
    if host.stat(&list).is_err() {
        let detail = "CONFIG_IKHEADERS is m, and the kernel's modules are not seen here";
        return Fact::unknown(Why::Missing, detail, &list);
    }
    Fact::known("absent", &place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::KernelConfig;
    use crate::host::Memory;

    fn facts(host: &Memory, config: &str) -> Facts {
        let mut facts = Facts::default();
        facts.set("kernel.release", Fact::known("6.1.0", "uname(2)"));
        if !config.is_empty() {
            facts.set_config(KernelConfig::from_bytes(config.as_bytes(), "/boot/config"));
        }
        collect(host, &mut facts);
        facts
    }

    #[test]
    fn headers_are_where_a_makefile_is() {
        for directory in [
            "/lib/modules/6.1.0/build",
            "/usr/src/linux-headers-6.1.0",
            "/usr/src/kernels/6.1.0",
        ] {
            let host = Memory::new().with(&format!("{directory}/Makefile"), "");
            assert_eq!(facts(&host, "").text("kernel.headers").unwrap(), directory);
        }
        let others = Memory::new().with("/usr/src/linux-headers-6.1.1/Makefile", "");
        assert_eq!(
            facts(&others, "").get("kernel.headers").value(),
            Some(&Value::Absent)
        );
        let mut none = Facts::default();
        collect(&others, &mut none);
        assert!(none.get("kernel.headers").value().is_none());
    }

    #[test]
    fn a_list_of_packages_tells_of_headers_that_were_not_collected() {
        let debs = |packages: &str| ("/installed-debs", packages.to_owned());
        let rpms = |packages: &str| ("/installed-rpms", packages.to_owned());
        let absent = || Some(Value::Absent);
        for ((list, packages), value) in [
            (
                rpms("kernel-devel-6.1.0 Mon\nkernel-core-6.1.0 Mon\nx-1-2.noarch Mon\n"),
                Some("/lib/modules/6.1.0/build".into()),
            ),
            (
                rpms("kernel-uek-devel-6.1.0 Mon\nx-1-2.noarch Mon\n"),
                Some("/lib/modules/6.1.0/build".into()),
            ),
            (
                rpms("kernel-devel-6.0.0 Mon\nkernel-core-6.1.0 Mon\nx-1-2.noarch Mon\n"),
                absent(),
            ),
            (rpms("kernel-6.1.0 Mon\nx-1-2.noarch Mon\n"), absent()),
            (
                rpms("kernel-headers-6.1.0 Mon\nkernel-core-6.1.0 Mon\n"),
                absent(),
            ),
            // Where the kernel is none of the packages, its headers may be none either.
            (rpms("kernel-core-6.0.0 Mon\nx-1-2.noarch Mon\n"), None),
            (rpms("kernel-headers-1-6.1.0 Mon\nx-1-2.noarch Mon\n"), None),
            (rpms("[error] no command\n"), None),
            (
                debs("ii  linux-headers-6.1.0 6.1-1 amd64 x\n"),
                Some("/usr/src/linux-headers-6.1.0".into()),
            ),
            (
                debs(
                    "rc  linux-headers-6.1.0 6.1-1 amd64 x\nii  linux-image-6.1.0 6.1-1 amd64 x\n",
                ),
                absent(),
            ),
            (debs("ii  linux-image-6.0.0 6.0-1 amd64 x\n"), None),
        ] {
            let host = Memory::new()
                .refusing(
                    "/lib/modules/6.1.0/build/Makefile",
                    std::io::ErrorKind::Unsupported,
                )
                .refusing("/var/lib/dpkg/status", std::io::ErrorKind::Unsupported)
                .with(list, packages.as_str());
            let told = facts(&host, "").get("kernel.headers");
            assert_eq!(told.value(), value.as_ref(), "{packages}");
        }
    }

    #[test]
    fn packages_of_a_kernel_are_those_of_its_variant_and_flavour() {
        let (el, arm) = ("5.14.0-427.el9.x86_64", "5.14.0-427.el9.aarch64+64k");
        let pve = "6.8.12-5-pve";
        let (sles, azl) = ("6.4.0-150600.21-default", "6.6.57.1-2.azl3");
        for (package, kind, release, is_one) in [
            ("kernel-devel-5.14.0-427.el9.x86_64", "-devel", el, true),
            ("kernel-5.14.0-427.el9.x86_64", "", el, true),
            ("kernel-devel-5.14.0-427.el9.x86_64", "", el, false),
            ("kernel-core-5.14.0-427.el9.x86_64", "-core", el, true),
            (
                "kernel-debug-devel-5.14.0-427.el9.x86_64",
                "-devel",
                el,
                false,
            ),
            ("kernel-headers-5.14.0-427.el9.x86_64", "-devel", el, false),
            (
                "kernel-64k-devel-5.14.0-427.el9.aarch64",
                "-devel",
                arm,
                true,
            ),
            ("kernel-devel-5.14.0-427.el9.aarch64", "-devel", arm, false),
            ("kernel-64k-core-5.14.0-427.el9.aarch64", "-core", arm, true),
            (
                "kernel-default-devel-6.4.0-150600.21.3.x86_64",
                "-devel",
                sles,
                true,
            ),
            (
                "kernel-default-devel-6.4.0-150600.21.x86_64",
                "-devel",
                sles,
                true,
            ),
            ("kernel-default-6.4.0-150600.21.3.x86_64", "", sles, true),
            (
                "kernel-default-devel-6.4.0-150600.213.1.x86_64",
                "-devel",
                sles,
                false,
            ),
            (
                "kernel-azure-devel-6.4.0-150600.21.3.x86_64",
                "-devel",
                sles,
                false,
            ),
            (
                "kernel-default-devel-6.4.0-150600.23.7.x86_64",
                "-devel",
                sles,
                false,
            ),
            ("kernel-devel-6.6.57.1-2.azl3.x86_64", "-devel", azl, true),
            (
                "kernel-devel-6.6.57.1-2.azl3.1.x86_64",
                "-devel",
                azl,
                false,
            ),
            (
                "kernel6.12-devel-6.12.1-2.amzn2023.x86_64",
                "-devel",
                "6.12.1-2.amzn2023.x86_64",
                true,
            ),
            ("kernel-modules-5.14.0-427.el9.x86_64", "", el, false),
            (
                "kernel-debug-devel-3.10.0-1160.el7.x86_64",
                "-devel",
                "3.10.0-1160.el7.x86_64.debug",
                true,
            ),
            (
                "kernel-devel-3.10.0-1160.el7.x86_64",
                "-devel",
                "3.10.0-1160.el7.x86_64.debug",
                false,
            ),
            ("proxmox-headers-6.8.12-5-pve", "headers", pve, true),
            ("pve-headers-6.8.12-5-pve", "headers", pve, true),
            ("proxmox-headers-6.8", "headers", pve, false),
            ("proxmox-kernel-6.8.12-5-pve-signed", "image", pve, true),
            ("proxmox-kernel-6.8.12-5-pve-signed", "headers", pve, false),
            (
                "linux-headers-6.1.0-9-amd64",
                "headers",
                "6.1.0-9-amd64",
                true,
            ),
            ("linux-image-6.1.0-9-amd64", "", "6.1.0-9-amd64", false),
        ] {
            assert_eq!(is_of(package, kind, release), is_one, "{package} {release}");
        }
    }

    #[test]
    fn the_kernel_may_show_its_headers() {
        let sys = Memory::new().with("/sys/kernel/uevent_seqnum", "1");
        let module = "/lib/modules/6.1.0/kernel/kernel/kheaders.ko";
        let collected = |list: &str| {
            let host = sys.clone().with("/lib/modules/6.1.0/modules.dep", list);
            host.refusing(module, std::io::ErrorKind::Unsupported)
        };
        for (host, config, state) in [
            (sys.clone().with(KHEADERS, "xz"), "", Some("present")),
            (sys.clone(), "CONFIG_IKHEADERS=m", None),
            (
                sys.clone().with("/lib/modules/6.1.0/modules.dep", ""),
                "CONFIG_IKHEADERS=m",
                Some("absent"),
            ),
            (
                sys.clone()
                    .with("/lib/modules/6.1.0/kernel/kernel/kheaders.ko.xz", ""),
                "CONFIG_IKHEADERS=m",
                Some("module"),
            ),
            (
                collected("kernel/kernel/kheaders.ko.xz:\n"),
                "CONFIG_IKHEADERS=m",
                Some("module"),
            ),
            (
                collected("kernel/fs/xfs/xfs.ko.xz:\n"),
                "CONFIG_IKHEADERS=m",
                Some("absent"),
            ),
            (collected(""), "CONFIG_IKHEADERS=m", None),
            (sys, "CONFIG_BPF=y", Some("absent")),
            (
                Memory::new(),
                "# CONFIG_IKHEADERS is not set",
                Some("absent"),
            ),
            (Memory::new(), "CONFIG_IKHEADERS=y", Some("present")),
            (Memory::new(), "", None),
        ] {
            let facts = facts(&host, config);
            assert_eq!(facts.text("kernel.kheaders").as_deref(), state, "{config}");
        }
    }

    #[test]
    fn what_was_not_collected_tells_nothing_of_sysfs() {
        let uncollected = || Memory::new().refusing(KHEADERS, std::io::ErrorKind::Unsupported);
        for host in [
            uncollected(),
            // A sosreport has some files of it.
            uncollected().with("/sys/kernel/uevent_seqnum", "1"),
        ] {
            let Fact::Unknown { reason, .. } = facts(&host, "").get("kernel.kheaders") else {
                panic!("known");
            };
            assert_eq!(
                (reason.unknown, reason.detail.as_str()),
                (Why::NotCollected, "")
            );
        }
        let config = facts(&uncollected(), "# CONFIG_IKHEADERS is not set");
        assert_eq!(config.text("kernel.kheaders").as_deref(), Some("absent"));
    }
}
