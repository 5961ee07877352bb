//! The kernel's headers, which programs that are compiled on the host include.

use super::keys::Values::{OneOf, Text};
use super::{Fact, Facts, KeyInfo, Value, Why, reader};
use crate::host::Host;

pub(super) const KEYS: &[KeyInfo] = &[
    KeyInfo::one(
        "kernel.headers",
        Text,
        "Directory of the running kernel's headers, absent where none of the usual ones has a \
         Makefile.",
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
            Err(error) => return reader::unreadable(&error, &directory),
        }
    }
    Fact::absent(&build)
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
