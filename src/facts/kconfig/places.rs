//! Where distributions keep the config of a kernel.

use super::{KernelConfig, parse};
use crate::facts::{Fact, Why, reader};
use crate::host::{CONFIG_FRAGMENT, Host, is_cut_off};

/// What the running kernel itself says, where it was built with `IKCONFIG_PROC`.
const OF_THE_KERNEL: &str = "/proc/config.gz";

/// The places beside, each for one release, which stands for the `{}`. Never another
/// release's config: it would be a confident answer about another kernel.
const OF_A_RELEASE: &[&str] = &[
    "/boot/config-{}",
    "/boot/config-{}.gz",
    // Fedora and its ostree systems, RHEL, openSUSE, NixOS; /lib can be a directory of its own.
    "/lib/modules/{}/config",
    "/usr/lib/modules/{}/config",
    "/usr/lib/kernel/config-{}",
    "/usr/lib/ostree-boot/config-{}",
    // The configs that headers and sources for building modules were prepared with.
    "/lib/modules/{}/build/.config",
    "/usr/src/linux-headers-{}/.config",
    "/usr/src/kernels/{}/.config",
    "/usr/src/linux-{}/.config",
    // Gentoo's genkernel.
    "/etc/kernels/kernel-config-{}",
];

/// How many of them come with the kernel itself.
const INSTALLED_WITH_IT: usize = 6;

/// Below it, a directory per deployment.
const OSTREE: &str = "/boot/ostree";

/// How many of the places are named where none has a config.
const NAMED: usize = 2;

/// The first config that can be read; if there is none, what stood in the way.
pub(super) fn find(host: &dyn Host, release: Option<&str>) -> KernelConfig {
    let release = release.filter(|release| !release.is_empty() && !release.contains('/'));
    let places = places(host, release);
    let mut trouble = None;
    for place in &places {
        match read(host, place) {
            Some(config) if config.content.is_ok() => return config,
            // What was not collected says less than what is there and can't be read.
            Some(config) => {
                let says = |config: &KernelConfig| match &config.content {
                    Err(reason) => reason.unknown != Why::NotCollected,
                    Ok(_) => true,
                };
                if trouble
                    .as_ref()
                    .is_none_or(|known| !says(known) && says(&config))
                {
                    trouble = Some(config);
                }
            }
            None => {}
        }
    }
    if !host.is_live()
        && let Ok(bytes) = host.read(CONFIG_FRAGMENT, parse::LIMIT + 1)
    {
        return KernelConfig::fragment(&bytes, CONFIG_FRAGMENT);
    }
    trouble.unwrap_or_else(|| {
        KernelConfig::unknown(Why::Missing, &looked_for(host, release, &places), "")
    })
}

/// The bytes of another config than the one at `first` that was installed with the kernel. What
/// modules are built with is not asked: it may have been edited for them.
pub(super) fn second(
    host: &dyn Host,
    release: Option<&str>,
    first: &str,
) -> Option<(String, Vec<u8>)> {
    let release = release.filter(|release| !release.is_empty() && !release.contains('/'))?;
    let places = OF_A_RELEASE.iter().take(INSTALLED_WITH_IT);
    places
        .filter_map(|place| {
            let place = place.replace("{}", release);
            if place == first {
                return None;
            }
            let bytes = host.read(&place, parse::LIMIT).ok()?;
            Some((place, bytes))
        })
        .next()
}

fn places(host: &dyn Host, release: Option<&str>) -> Vec<String> {
    let mut places = vec![OF_THE_KERNEL.to_owned()];
    if let Some(release) = release {
        places.extend(
            OF_A_RELEASE
                .iter()
                .map(|place| place.replace("{}", release)),
        );
        let deployments = host.list(OSTREE).unwrap_or_default();
        let deployed = |name| format!("{OSTREE}/{name}/config-{release}");
        places.extend(deployments.into_iter().map(deployed));
    }
    places
}

/// The config at a place, or why it is unknown; nothing where nothing is.
fn read(host: &dyn Host, place: &str) -> Option<KernelConfig> {
    match host.read(place, parse::LIMIT + 1) {
        Ok(bytes) => {
            // A copy that did not end, of a disk that was full, say.
            let is_part = std::str::from_utf8(&bytes).is_ok_and(is_cut_off);
            Some(match is_part {
                true => KernelConfig::fragment(&bytes, place),
                false => KernelConfig::from_bytes(&bytes, place),
            })
        }
        Err(error) => match reader::unreadable(&error, place) {
            Fact::Unknown { reason, .. } if reason.unknown != Why::Missing => {
                Some(KernelConfig::unknown(reason.unknown, &reason.detail, place))
            }
            _ => None,
        },
    }
}

fn looked_for(host: &dyn Host, release: Option<&str>, places: &[String]) -> String {
    // Where a config is put for the doctor to find it; the others are those of distributions
    // that have no such file there, and too many for a line.
    let (named, others) = places.split_at(places.len().min(NAMED));
    let mut detail = format!("looked for {}", named.join(", "));
    if !others.is_empty() {
        detail += &format!(" and in {} more places", others.len());
    }
    let Some(release) = release else {
        return detail + "; for more, the kernel's release would have to be known";
    };
    // Built with IKCONFIG=m, the kernel shows its config once this module is loaded.
    let module = format!("/lib/modules/{release}/kernel/kernel/configs.ko");
    let is_there = |suffix| host.stat(&format!("{module}{suffix}")).is_ok();
    if ["", ".xz", ".zst", ".gz"].into_iter().any(is_there) {
        detail += "; `modprobe configs` would show it";
    }
    detail
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;
    use crate::facts::Value;
    use crate::host::Memory;

    const RELEASE: &str = "5.10.0-32-amd64";

    fn option(host: &Memory) -> Fact {
        find(host, Some(RELEASE)).option("A")
    }

    #[test]
    fn each_place_is_found_and_the_kernel_itself_comes_first() {
        let mut all = places(&Memory::new(), Some(RELEASE));
        all.push(format!("/boot/ostree/fedora-1f/config-{RELEASE}"));
        for place in &all {
            let host = Memory::new().with(place, "CONFIG_A=y\n");
            assert_eq!(option(&host), Fact::known("y", place));
        }
        let host = Memory::new()
            .with("/proc/config.gz", "CONFIG_A=y\n")
            .with(&format!("/boot/config-{RELEASE}"), "CONFIG_A=m\n");
        assert_eq!(option(&host).value(), Some(&Value::from("y")));
    }

    #[test]
    fn what_a_config_lost_with_its_end_is_not_known() {
        let begin = "CONFIG_A=y\n# CONFIG_B is not set\n# end of General setup\n";
        let whole = format!("{begin}# end of Kernel hacking\n");
        let path = format!("/boot/config-{RELEASE}");
        let of = |text: &str, name: &str| {
            let host = Memory::new().with(&path, text);
            find(&host, Some(RELEASE)).option(name).value().cloned()
        };
        assert_eq!(of(begin, "A"), Some(Value::from("y")));
        assert_eq!(of(begin, "C"), None);
        assert_eq!(of(&whole, "C"), Some(Value::Absent));
    }

    #[test]
    fn the_config_of_another_release_is_never_read() {
        let host = Memory::new()
            .with("/boot/config-5.10.0-33-amd64", "CONFIG_A=y\n")
            .with("/boot/ostree/x/config-6.1.0", "CONFIG_A=y\n");
        let Fact::Unknown { reason, .. } = option(&host) else {
            panic!("known");
        };
        assert_eq!(reason.unknown, Why::Missing);
        assert!(
            reason
                .detail
                .contains("/boot/config-5.10.0-32-amd64 and in 11 more places")
        );
        for release in [None, Some(""), Some("../boot/config-5.10.0-33-amd64")] {
            let config = find(&host, release);
            assert!(config.option("A").value().is_none(), "{release:?}");
        }
    }

    #[test]
    fn a_wrong_file_is_passed_over_and_remembered() {
        let boot = format!("/boot/config-{RELEASE}");
        let wrong = Memory::new().with("/proc/config.gz", [0x1f, 0x8b, 8]);
        let Fact::Unknown { reason, source } = option(&wrong) else {
            panic!("known");
        };
        assert_eq!(reason.unknown, Why::Malformed);
        assert_eq!(source, "/proc/config.gz");

        let better = wrong.with(&boot, "CONFIG_A=y\n");
        assert_eq!(option(&better), Fact::known("y", &boot));

        let denied = Memory::new().refusing(&boot, ErrorKind::PermissionDenied);
        let Fact::Unknown { reason, source } = option(&denied) else {
            panic!("known");
        };
        assert_eq!((reason.unknown, source), (Why::Denied, boot));
    }

    #[test]
    fn a_config_in_a_module_is_hinted_at() {
        let module = format!("/lib/modules/{RELEASE}/kernel/kernel/configs.ko.xz");
        let Fact::Unknown { reason, .. } = option(&Memory::new().with(&module, "")) else {
            panic!("known");
        };
        assert!(reason.detail.ends_with("`modprobe configs` would show it"));
    }
}
