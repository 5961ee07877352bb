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
    /// transactional-update writes grub.cfg of the next snapshot, on MicroOS.
    Transactional,
    /// grub2-mkconfig writes /boot/grub2/grub.cfg, on SUSE.
    Grub2Mkconfig,
    /// grub-mkconfig writes /boot/grub/grub.cfg, on Arch and Alpine.
    GrubMkconfig,
    /// /etc/kernel/cmdline feeds the entries of systemd-boot.
    SystemdBoot,
    /// Entries in this directory, written by hand.
    LoaderEntries(&'static str),
    /// mkinitcpio puts /etc/kernel/cmdline into unified images.
    Mkinitcpio,
    /// A unified image, made by something else.
    Unified,
    /// The Machine Config Operator of an OpenShift cluster.
    MachineConfig,
    /// update-extlinux, on Alpine.
    Extlinux,
    /// One line in a file on the boot partition, on a Raspberry Pi.
    RaspberryPi(&'static str),
    /// The OEM partition's part of Flatcar's GRUB configuration.
    Flatcar(&'static str),
    /// A container image that is booted, which brings its arguments along.
    Bootc,
    /// The machine config of Talos.
    Talos,
    /// The settings of Bottlerocket.
    Bottlerocket,
    /// None that an administrator of a node can reach, on Container-Optimized OS.
    Cos,
    /// None that is known.
    Unknown,
}

/// The facts that shape commands.
#[derive(Debug, Clone)]
pub(super) struct Platform {
    pub(super) loader: BootLoader,
    pub(super) family: String,
    /// The distribution whose packages it has, by the id of os-release.
    pub(super) packages_of: String,
    /// The release of that distribution.
    pub(super) release: String,
    pub(super) container: Option<String>,
    /// The process is in a pod of Kubernetes.
    pub(super) pod: bool,
    /// The unit of the system's systemd that started the process.
    pub(super) unit: Option<String>,
    pub(super) systemd: bool,
    /// The kind of image the system is, if it is one.
    pub(super) image: Option<String>,
}

impl Platform {
    pub(super) fn of(facts: &Facts) -> Self {
        let container = facts.text("environment.container");
        let container = container.filter(|name| name != "none");
        let image = facts.text("os.image").filter(|image| image != "none");
        // Files in a container are those of its image; by its kernel the node may be known.
        let flavour = facts.text("kernel.flavour").unwrap_or_default();
        let node = ["flatcar", "talos", "bottlerocket", "cos"];
        let of_node = container.is_some() && node.contains(&flavour.as_str());
        let image = image.or_else(|| of_node.then_some(flavour));
        let text = |key: &str| facts.text(key).unwrap_or_default();
        let (packages_of, release) = match facts.text("os.ubuntu-release") {
            Some(release) => ("ubuntu".to_owned(), release),
            None => (text("os.id"), text("os.version-id")),
        };
        Self {
            packages_of,
            release,
            loader: loader(facts, image.as_deref().unwrap_or_default()),
            family: facts.text("os.family").unwrap_or_default(),
            container,
            pod: facts.text("environment.kubernetes").as_deref() == Some("pod"),
            unit: facts.text("environment.unit"),
            systemd: has_file(facts, "/run/systemd/system"),
            image,
        }
    }

    pub(super) fn is_container(&self) -> bool {
        self.container.is_some()
    }

    /// The family of the kernel's system. In a container the files are those of its image, and
    /// tell nothing of the host; its kernel may.
    pub(super) fn kernel_family(&self, facts: &Facts) -> String {
        if !self.is_container() {
            return self.family.clone();
        }
        let flavour = facts.text("kernel.flavour").unwrap_or_default();
        match flavour.as_str() {
            "debian" | "ubuntu" => "debian",
            "uek" => "rhel",
            flavour if flavour.starts_with("rhel") => "rhel",
            flavour => flavour,
        }
        .to_owned()
    }

    /// Whether the commands of a package manager do something here.
    pub(super) fn takes_packages(&self) -> bool {
        let image = self.image.as_deref();
        matches!(image, None | Some("nixos" | "transactional" | "wsl"))
    }

    /// How packages and kernels come to a system that is an image; `None` where they are
    /// installed in the usual way.
    pub(super) fn image_way(&self) -> Option<&'static str> {
        Some(match self.image.as_deref()? {
            "ostree" => "this system is an image: rpm-ostree install or override, then reboot",
            "bootc" => "this system is a container image: change its Containerfile, bootc upgrade",
            "transactional" => {
                "this system is read-only: packages go into its next snapshot, which a reboot starts"
            }
            "talos" => {
                "Talos is an image: another version or a system extension, by talosctl upgrade \
                 --nodes NODE --image IMAGE"
            }
            "bottlerocket" => "Bottlerocket is an image: another version or variant of it",
            "cos" => "Container-Optimized OS is an image: another milestone or node image",
            "flatcar" => "Flatcar is an image: another release, or a system extension",
            "nixos" => "on NixOS: in configuration.nix, then nixos-rebuild",
            "ubuntu-core" => "Ubuntu Core is made of snaps: another kernel snap",
            _ => return None,
        })
    }
}

/// The most special tool first: what it manages would be overwritten by the general one.
fn loader(facts: &Facts, image: &str) -> BootLoader {
    let has = |tool: &str| {
        let fact = facts.get(&format!("tool.{tool}"));
        matches!(fact.value(), Some(Value::Text(_)))
    };
    // In files that were collected, no list of programs need be among them.
    let untold = |tool: &str| facts.get(&format!("tool.{tool}")).value().is_none();
    let family = facts.text("os.family").unwrap_or_default();
    // GRUB of this kind is there, and its tool is, or is not known not to be.
    let grub = |tool, kind, families: &[&str]| {
        let boots = facts.text("boot.loader").as_deref() == Some(kind);
        let usual = boots && families.contains(&family.as_str());
        has(tool) || (usual && untold(tool))
    };
    let kin = ["rhel", "fedora", "amazon"];
    let by_grubby = grub("grubby", "grub-bls", &kin) || grub("grubby", "grub2", &kin);
    let file = |path| has_file(facts, path);
    let flavour = facts.text("kernel.flavour").unwrap_or_default();
    if flavour == "wsl" {
        BootLoader::Wsl
    } else if let Some(loader) = loader_of_image(image, &file) {
        loader
    } else if facts.text("os.id").as_deref() == Some("rhcos") {
        BootLoader::MachineConfig
    } else if file("/run/ostree-booted") && has("rpm-ostree") {
        BootLoader::RpmOstree
    } else if facts.get("boot.unified").value() == Some(&true.into()) {
        loader_of_unified(facts, &has)
    } else if by_grubby {
        BootLoader::Grubby
    } else if has("kernelstub") {
        BootLoader::Kernelstub
    } else if let Some(loader) = systemd_boot(facts, &has) {
        loader
    } else if file("/boot/firmware/cmdline.txt") {
        BootLoader::RaspberryPi("/boot/firmware/cmdline.txt")
    } else if grub("update-grub", "grub-debian", &["debian"]) && file("/etc/default/grub") {
        BootLoader::UpdateGrub
    } else if grub("grub2-mkconfig", "grub2", &["suse"]) && file("/etc/default/grub") {
        BootLoader::Grub2Mkconfig
    } else if grub("grub-mkconfig", "grub2", &["arch", "alpine"]) && file("/etc/default/grub") {
        BootLoader::GrubMkconfig
    } else if has("update-extlinux") {
        BootLoader::Extlinux
    } else if file("/etc/kernel/cmdline") && has("kernel-install") && !has("mkinitcpio") {
        BootLoader::SystemdBoot
    } else if let Some(entries) = entries(facts).filter(|_| has("bootctl")) {
        BootLoader::LoaderEntries(entries)
    } else if file("/etc/kernel/cmdline") && has("mkinitcpio") {
        BootLoader::Mkinitcpio
    } else if file("/boot/cmdline.txt") {
        BootLoader::RaspberryPi("/boot/cmdline.txt")
    } else {
        BootLoader::Unknown
    }
}

/// Who makes the unified image. A distribution that signs its own is the loader of nothing that
/// can be edited here; neither is one made by hand.
fn loader_of_unified(facts: &Facts, has: &dyn Fn(&str) -> bool) -> BootLoader {
    let cmdline = has_file(facts, "/etc/kernel/cmdline");
    let family = facts.text("os.family").unwrap_or_default();
    let of_vendor = matches!(family.as_str(), "rhel" | "fedora" | "arch");
    if cmdline && has("mkinitcpio") {
        BootLoader::Mkinitcpio
    } else if cmdline && has("kernel-install") && !of_vendor {
        BootLoader::SystemdBoot
    } else {
        BootLoader::Unified
    }
}

/// systemd-boot where it is known to be the loader, whatever else is installed. kernel-install
/// writes its entries from /etc/kernel/cmdline; on Arch's systems, which have that program as a
/// part of systemd, nobody runs it, and entries are kept by hand.
fn systemd_boot(facts: &Facts, has: &dyn Fn(&str) -> bool) -> Option<BootLoader> {
    if facts.text("boot.loader").as_deref() != Some("systemd-boot") {
        return None;
    }
    let entries = entries(facts);
    let by_hand = has("mkinitcpio") || facts.text("os.family").as_deref() == Some("arch");
    match entries {
        Some(entries) if by_hand => Some(BootLoader::LoaderEntries(entries)),
        _ if has_file(facts, "/etc/kernel/cmdline") && has("kernel-install") => {
            Some(BootLoader::SystemdBoot)
        }
        entries => entries.map(BootLoader::LoaderEntries),
    }
}

/// Where the entries lie: on the partition the firmware starts from, wherever that is mounted.
fn entries(facts: &Facts) -> Option<&'static str> {
    let places = [
        "/efi/loader/entries",
        "/boot/loader/entries",
        "/boot/efi/loader/entries",
    ];
    places.into_iter().find(|path| has_file(facts, path))
}

/// The loader of a system that is an image, where the image decides.
fn loader_of_image(image: &str, file: &dyn Fn(&'static str) -> bool) -> Option<BootLoader> {
    Some(match image {
        "nixos" => BootLoader::NixOs,
        "bootc" => BootLoader::Bootc,
        "transactional" => BootLoader::Transactional,
        "talos" => BootLoader::Talos,
        "bottlerocket" => BootLoader::Bottlerocket,
        "cos" => BootLoader::Cos,
        "flatcar" if file("/usr/share/oem/grub.cfg") => {
            BootLoader::Flatcar("/usr/share/oem/grub.cfg")
        }
        "flatcar" => BootLoader::Flatcar("/oem/grub.cfg"),
        _ => return None,
    })
}

fn has_file(facts: &Facts, path: &str) -> bool {
    facts.get(&format!("file.{path}")).value() == Some(&Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Fact, Why};

    /// Files that were collected have no list of programs; the loader they tell of has its tool.
    #[test]
    fn a_tool_of_which_nothing_is_told_goes_with_its_loader() {
        for (family, kind, tool, known, loader) in [
            (
                "debian",
                "grub-debian",
                "update-grub",
                "",
                BootLoader::UpdateGrub,
            ),
            (
                "debian",
                "grub-debian",
                "update-grub",
                "absent",
                BootLoader::Unknown,
            ),
            ("debian", "", "update-grub", "", BootLoader::Unknown),
            (
                "debian",
                "",
                "update-grub",
                "/usr/sbin/update-grub",
                BootLoader::UpdateGrub,
            ),
            (
                "suse",
                "grub2",
                "grub2-mkconfig",
                "",
                BootLoader::Grub2Mkconfig,
            ),
            (
                "arch",
                "grub2",
                "grub-mkconfig",
                "",
                BootLoader::GrubMkconfig,
            ),
            ("other", "grub2", "grub2-mkconfig", "", BootLoader::Unknown),
            ("rhel", "grub-bls", "grubby", "", BootLoader::Grubby),
            ("rhel", "grub2", "grubby", "", BootLoader::Grubby),
            ("amazon", "grub2", "grubby", "", BootLoader::Grubby),
            (
                "debian",
                "systemd-boot",
                "update-grub",
                "",
                BootLoader::Unknown,
            ),
            ("rhel", "grub-bls", "grubby", "absent", BootLoader::Unknown),
        ] {
            let mut facts = Facts::default();
            facts.set("os.family", Fact::known(family, "x"));
            if !kind.is_empty() {
                facts.set("boot.loader", Fact::known(kind, "x"));
            }
            facts.set("file./etc/default/grub", Fact::known(true, "x"));
            let key = format!("tool.{tool}");
            facts.set(
                &key,
                match known {
                    "" => Fact::unknown(Why::NotCollected, "", "x"),
                    "absent" => Fact::known(Value::Absent, "x"),
                    path => Fact::known(path, "x"),
                },
            );
            assert_eq!(
                Platform::of(&facts).loader,
                loader,
                "{family} {kind} {known}"
            );
        }
    }
}
