//! The kernel's headers, which programs that are compiled on the host include.

use super::keys::Values::{OneOf, Text};
use super::packages::Packages;
use super::{Fact, Facts, KeyInfo, Value, Why, reader};
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
    // `kernel-devel-…`, `kernel-uek-devel-…`; `linux-headers-…`, `linux-image-unsigned-…`.
    let is_of = |name: &str, kind: &str| {
        let front = name.strip_suffix(release);
        let front = front.and_then(|front| front.strip_suffix('-'));
        front.is_some_and(|front| match front.strip_prefix("linux-") {
            Some(rest) => rest.starts_with(kind),
            None => front.starts_with("kernel") && front.ends_with(kind),
        })
    };
    let headers = |name: &str| is_of(name, "-devel") || is_of(name, "headers");
    let (has_headers, place) = Packages::lists(host, &headers)?;
    if has_headers {
        let directory = match place.ends_with("rpms") {
            true => format!("/usr/src/kernels/{release}"),
            false => format!("/usr/src/linux-headers-{release}"),
        };
        return Some(Fact::known(directory, &place));
    }
    let image = |name: &str| {
        let plain = [format!("kernel-{release}"), format!("kernel-uek-{release}")];
        plain.iter().any(|own| own == name) || is_of(name, "-core") || is_of(name, "image")
    };
    let (has_kernel, place) = Packages::lists(host, &image)?;
    has_kernel.then(|| Fact::absent(&place))
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
    for end in ["", ".xz", ".zst", ".gz"] {
        match host.stat(&format!("{place}{end}")) {
            Ok(_) => return Fact::known("module", source),
            Err(error) if reader::why(&error) == Why::Missing => {}
            Err(error) => return reader::unreadable(&error, &place),
        }
    }
    // Containers see the kernel, and not its modules; where these are, so is a list of them.
    let list = format!("/lib/modules/{release}/modules.dep");
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
                Some("/usr/src/kernels/6.1.0".into()),
            ),
            (
                rpms("kernel-uek-devel-6.1.0 Mon\nx-1-2.noarch Mon\n"),
                Some("/usr/src/kernels/6.1.0".into()),
            ),
            (
                rpms("kernel-devel-6.0.0 Mon\nkernel-core-6.1.0 Mon\nx-1-2.noarch Mon\n"),
                absent(),
            ),
            (rpms("kernel-6.1.0 Mon\nx-1-2.noarch Mon\n"), absent()),
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
    fn the_kernel_may_show_its_headers() {
        let sys = Memory::new().with("/sys/kernel/uevent_seqnum", "1");
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
