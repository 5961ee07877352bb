//! What a host's commands look like: who boots it, who packages for it, what surrounds it.

use crate::facts::{Facts, Value};

/// How kernel arguments are set for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BootLoader {
    /// `.wslconfig` on the Windows side.
    Wsl,
    /// The NixOS configuration.
    NixOs,
    /// rpm-ostree keeps the arguments of an image-based system.
    RpmOstree,
    /// grubby edits the entries of RHEL, Fedora and their kin.
    Grubby,
    /// kernelstub, on Pop!_OS.
    Kernelstub,
    /// update-grub, with drop-ins below /etc/default/grub.d (a Debian patch).
    UpdateGrub,
    /// grub2-mkconfig writes /boot/grub2/grub.cfg, on SUSE.
    Grub2Mkconfig,
    /// grub-mkconfig writes /boot/grub/grub.cfg, on Arch and Alpine.
    GrubMkconfig,
    /// /etc/kernel/cmdline feeds the entries of systemd-boot.
    SystemdBoot,
    /// Entries below /boot/loader/entries, written by hand.
    LoaderEntries,
    /// The Machine Config Operator of an OpenShift cluster.
    MachineConfig,
    /// update-extlinux, on Alpine.
    Extlinux,
    /// One line in a file on the boot partition, on a Raspberry Pi.
    RaspberryPi(&'static str),
    /// None that is known.
    Unknown,
}

/// The facts that shape commands.
#[derive(Debug, Clone)]
pub(super) struct Platform {
    pub(super) loader: BootLoader,
    pub(super) family: String,
    pub(super) container: Option<String>,
    pub(super) systemd: bool,
}

impl Platform {
    pub(super) fn of(facts: &Facts) -> Self {
        let container = facts.text("environment.container");
        Self {
            loader: loader(facts),
            family: facts.text("os.family").unwrap_or_default(),
            container: container.filter(|name| name != "none"),
            systemd: has_file(facts, "/run/systemd/system"),
        }
    }

    pub(super) fn is_container(&self) -> bool {
        self.container.is_some()
    }
}

/// The most special tool first: what it manages would be overwritten by the general one.
fn loader(facts: &Facts) -> BootLoader {
    let has = |tool: &str| {
        let fact = facts.get(&format!("tool.{tool}"));
        matches!(fact.value(), Some(Value::Text(_)))
    };
    let file = |path| has_file(facts, path);
    let flavour = facts.text("kernel.flavour").unwrap_or_default();
    let os = facts.text("os.id").unwrap_or_default();
    if flavour == "wsl" {
        BootLoader::Wsl
    } else if os == "nixos" {
        BootLoader::NixOs
    } else if os == "rhcos" {
        BootLoader::MachineConfig
    } else if file("/run/ostree-booted") && has("rpm-ostree") {
        BootLoader::RpmOstree
    } else if has("grubby") {
        BootLoader::Grubby
    } else if has("kernelstub") {
        BootLoader::Kernelstub
    } else if file("/boot/firmware/cmdline.txt") {
        BootLoader::RaspberryPi("/boot/firmware/cmdline.txt")
    } else if has("update-grub") && file("/etc/default/grub") {
        BootLoader::UpdateGrub
    } else if has("grub2-mkconfig") && file("/etc/default/grub") {
        BootLoader::Grub2Mkconfig
    } else if has("grub-mkconfig") && file("/etc/default/grub") {
        BootLoader::GrubMkconfig
    } else if has("update-extlinux") {
        BootLoader::Extlinux
    } else if file("/etc/kernel/cmdline") && has("kernel-install") {
        BootLoader::SystemdBoot
    } else if file("/boot/loader/entries") && has("bootctl") {
        BootLoader::LoaderEntries
    } else if file("/boot/cmdline.txt") {
        BootLoader::RaspberryPi("/boot/cmdline.txt")
    } else {
        BootLoader::Unknown
    }
}

fn has_file(facts: &Facts, path: &str) -> bool {
    facts.get(&format!("file.{path}")).value() == Some(&Value::Bool(true))
}
