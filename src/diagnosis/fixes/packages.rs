//! Which of its kernels a distribution of Debian's family runs here: the end of the release says
//! the flavour, and the flavour is the end of the package's name.

/// Flavours of Ubuntu that have newer kernels for older releases (hardware enablement).
const ENABLED: &[&str] = &["generic", "generic-64k", "generic-lpae", "lowlatency"];

/// Flavours of Ubuntu whose package follows a series of their own.
const ALONE: &[&str] = &[
    "aws",
    "aws-64k",
    "azure",
    "azure-fde",
    "gcp",
    "gcp-64k",
    "gke",
    "gkeop",
    "ibm",
    "intel-iotg",
    "kvm",
    "nvidia",
    "nvidia-64k",
    "oracle",
    "oracle-64k",
    "raspi",
    "xilinx-zynqmp",
];

/// Flavours of Debian, the longer before what they end with.
const DEBIAN: &[&str] = &[
    "cloud-amd64",
    "rt-amd64",
    "amd64",
    "arm64-16k",
    "cloud-arm64",
    "rt-arm64",
    "arm64",
    "armmp-lpae",
    "rt-armmp",
    "armmp",
    "marvell",
    "rpi",
    "rt-686-pae",
    "686-pae",
    "686",
    "loong64",
    "powerpc64le-64k",
    "powerpc64le",
    "riscv64",
    "s390x",
];

pub(super) const UNTOLD_UBUNTU: &str = "which of Ubuntu's kernels this is, its release does not \
    say: install the newest of its flavour (linux-FLAVOUR, such as linux-generic or linux-aws)";

pub(super) const UNTOLD_DEBIAN: &str = "which of Debian's kernels this is, its release does not \
    say: install the newest of its flavour (linux-image-FLAVOUR, such as linux-image-amd64 or \
    linux-image-armmp)";

/// The flavour behind the version and the number of the ABI, if it is one of Ubuntu's.
pub(super) fn ubuntu(release: &str) -> Option<&'static str> {
    let end = release.splitn(3, '-').nth(2)?;
    let mut all = ENABLED.iter().chain(ALONE);
    all.find(|flavour| **flavour == end).copied()
}

/// Whether newer kernels of this flavour come for older releases.
pub(super) fn enables(flavour: &str) -> bool {
    ENABLED.contains(&flavour)
}

/// The flavour a release of Debian's ends with.
pub(super) fn debian(release: &str) -> Option<&'static str> {
    let ends = |flavour: &&&str| {
        let front = release.strip_suffix(**flavour);
        front.is_some_and(|front| front.ends_with('-'))
    };
    DEBIAN.iter().find(ends).copied()
}

/// Whether it is one of Raspberry Pi's own, whose system calls itself Debian on 64 bits.
pub(super) fn is_of_raspberry_pi(release: &str) -> bool {
    release.contains("+rpt")
}

/// A command for the main flavour, as one for the flavour that runs here; `None` where that has
/// a package of another kind, or is not known.
pub(super) fn in_flavour(command: &str, os: &str, release: &str) -> Option<String> {
    match os {
        "ubuntu" if command.contains("linux-generic") => {
            let flavour = ubuntu(release).filter(|flavour| enables(flavour))?;
            Some(command.replace("linux-generic", &format!("linux-{flavour}")))
        }
        "debian" if is_of_raspberry_pi(release) => None,
        "debian" if command.contains(OF_ARCHITECTURE) => {
            let command = command.replace(OF_ARCHITECTURE, debian(release)?);
            Some(command.replace('"', ""))
        }
        _ => Some(command.to_owned()),
    }
}

/// What stands for the flavour in the commands of the catalogue: right where it is the main one.
const OF_ARCHITECTURE: &str = "$(dpkg --print-architecture)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_ends_with_its_flavour() {
        for (release, of_ubuntu, of_debian) in [
            ("5.4.0-150-generic", Some("generic"), None),
            ("5.15.0-1053-raspi", Some("raspi"), None),
            ("6.8.0-1001-nvidia-64k", Some("nvidia-64k"), None),
            ("5.15.0-generic", None, None),
            ("6.1.0-0.deb11.9-cloud-arm64", None, Some("cloud-arm64")),
            ("6.12.57+deb13-amd64", None, Some("amd64")),
            ("4.19.0-21-armmp-lpae", None, Some("armmp-lpae")),
            ("6.1.0", None, None),
            ("", None, None),
        ] {
            assert_eq!(ubuntu(release), of_ubuntu, "{release}");
            assert_eq!(debian(release), of_debian, "{release}");
        }
    }
}
