//! Where the running kernel comes from: its distribution, somebody's own build, the maker of the
//! machine; and the words for those that have no packaged kernel to go to.

use super::platform::{BootLoader, Platform};
use super::{Recipe, builds, packages};
use crate::catalogue::{ByHand, Needs};
use crate::facts::Facts;

/// How words begin that say there is no such kernel.
pub(super) const NONE: &str = "no kernel of ";

/// What is said of a machine that is given its kernel.
pub(super) const OUTSIDE: &str = "this machine's kernel comes from outside, for nothing in /boot starts it: \
     who provides the machine, or its hypervisor, has to start it with another";

/// What is said of a kernel that is none of the distribution's.
pub(super) const FOREIGN: &str = "this kernel is not one of this distribution's packages: whoever \
     provides it has to bring a newer one";

/// What is said of a device whose image holds its kernel.
pub(super) const DEVICE: &str = "the kernel is a part of this device's image: an image of its \
     vendor's may bring a newer one, as an update of the system";

/// What is said where nothing is known of how the system comes by its kernel.
pub(super) const UNTOLD: &str = "how this system comes by another kernel is not known here: see \
     the documents of who makes it";

/// Why what is to be done for a kernel is left to a person; `None` where it is known what is to
/// be typed here.
pub(super) fn by_hand(recipe: &Recipe, facts: &Facts, platform: &Platform) -> Option<ByHand> {
    let said = recipe.commands.first();
    let said = said.map_or("", |line| line.trim_start_matches("# "));
    let others = [OUTSIDE, FOREIGN, DEVICE];
    let of_kernel = matches!(recipe.kind, "upgrade" | "kernel-config");
    match recipe.kind {
        "upgrade" if say_none(&recipe.commands) => Some(match others.contains(&said) {
            true => ByHand::Elsewhere,
            false => ByHand::NoWay,
        }),
        _ if platform.is_container() && recipe.needs >= Needs::Reboot => Some(ByHand::Elsewhere),
        "kernel-config" if builds::is_elsewhere(facts, platform) => Some(ByHand::Elsewhere),
        _ if of_kernel && is_perhaps(&recipe.commands) => Some(ByHand::Perhaps),
        _ => None,
    }
}

/// Whether these commands bring a kernel of which it is not known whether it has what is missing,
/// or say that there is none.
pub(super) fn is_perhaps(commands: &[String]) -> bool {
    let doubts = ["is not known here", "may do", NEWEST];
    let mut remarks = commands.iter().filter(|line| line.starts_with('#'));
    say_none(commands) || remarks.any(|line| doubts.iter().any(|end| line.ends_with(end)))
}

/// What is said before the newest kernel of a release of which it is not known which that is.
pub(super) const NEWEST: &str =
    "the newest kernel of this release; if that is not new enough, a newer release has it";

/// What is said before the newest image of a system: what its kernel has is not told.
pub(super) const IMAGE: &str =
    "the newest image of this system; whether its kernel has it is not known here";

/// Whether these commands are words alone that say there is nothing to be installed here.
pub(super) fn say_none(commands: &[String]) -> bool {
    let said = commands.first().and_then(|line| line.strip_prefix("# "));
    let none = said.is_some_and(|said| {
        [NONE, OUTSIDE, FOREIGN, DEVICE, UNTOLD]
            .iter()
            .any(|words| said.starts_with(words))
    });
    none && commands.iter().all(|line| line.starts_with('#'))
}

/// Whether it is a kernel that the maker of a board or the provider of a machine builds, which
/// boots with no other.
pub(super) fn is_of_vendor(release: &str) -> bool {
    const WORDS: &[&str] = &[
        "tegra", "linode", "armbian", "rockchip", "rk35xx", "sunxi", "meson", "imx", "bcm27",
        "qcom",
    ];
    let release = release.to_ascii_lowercase();
    WORDS.iter().any(|word| release.contains(word))
}

/// Whether the machine is given its kernel: somebody built it, and there is neither a loader nor an
/// image of a kernel that the machine could start by itself.
pub(super) fn is_from_outside(facts: &Facts, platform: &Platform) -> bool {
    let installed = facts.list("boot.installed");
    is_own(facts, platform)
        && facts.text("boot.loader").as_deref() == Some("none")
        && installed.is_some_and(|installed| installed.is_empty())
}

/// Whether somebody built the running kernel for a machine with packages.
pub(super) fn is_own(facts: &Facts, platform: &Platform) -> bool {
    let flavour = facts.text("kernel.flavour").unwrap_or_default();
    let release = facts.text("kernel.release").unwrap_or_default();
    let board = matches!(platform.loader, BootLoader::RaspberryPi(_));
    let families = [
        "debian", "rhel", "fedora", "amazon", "suse", "arch", "alpine",
    ];
    matches!(flavour.as_str(), "vanilla" | "other" | "elrepo")
        && families.contains(&platform.family.as_str())
        && platform.image.is_none()
        && !platform.is_container()
        && !(board || packages::is_of_raspberry_pi(&release) || is_of_vendor(&release))
}
