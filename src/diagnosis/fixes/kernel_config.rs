//! Kernel options: the edit closed over its dependencies, and a build the distribution's way.

use std::collections::{BTreeMap, BTreeSet};

use super::platform::{BootLoader, Platform};
use super::{Recipe, builds, config_file, fill, origin, quote, remark};
use crate::catalogue::{Catalogue, Needs};
use crate::facts::Facts;

/// An edit of a .config.
#[derive(Debug, Default, PartialEq, Eq)]
struct Edit {
    values: BTreeMap<String, String>,
    /// Wanted as well, and in the config already.
    kept: BTreeMap<String, String>,
    off: BTreeSet<String>,
    tools: BTreeSet<String>,
}

impl Edit {
    /// The wanted options and all they depend on. Without a kernel version the dependencies
    /// aren't known; `make olddefconfig` and the line after it then show what is missing.
    fn closed(wanted: &BTreeMap<String, String>, catalogue: &Catalogue, facts: &Facts) -> Self {
        let mut edit = Self::default();
        let version = facts.kernel_version();
        let has = |option: &str, value: &str| has(facts, option, value);
        let mut todo: Vec<(String, String)> = wanted
            .iter()
            .map(|(option, value)| (option.clone(), value.clone()))
            .collect();
        // A config that has all of it is of another build, or lacks what they depend on.
        let has_all = wanted.iter().all(|(option, value)| has(option, value));
        while let Some((option, value)) = todo.pop() {
            // What the running kernel has stays as it is, and what it depends on, too.
            let is_wanted = wanted.contains_key(&option);
            if has(&option, &value) && !(is_wanted && has_all) {
                if is_wanted {
                    let value = value_of(facts, &option).unwrap_or(value);
                    edit.kept.insert(option, value);
                }
                continue;
            }
            if edit.values.insert(option.clone(), value).is_some() {
                continue;
            }
            let rule = version.and_then(|version| catalogue.option_rule(&option, version));
            let Some(rule) = rule else { continue };
            todo.extend(rule.needs.iter().map(|need| (need.clone(), "y".to_owned())));
            edit.off.extend(rule.excludes.iter().cloned());
            edit.tools.extend(rule.tools.iter().cloned());
        }
        let config_known = facts.get("config-file").value().is_some();
        edit.off.retain(|option| !config_known || has(option, "y"));
        // Where there are no modules, Kconfig makes `y` of every `m`.
        if config_known && !has("MODULES", "y") && !edit.values.contains_key("MODULES") {
            let values = edit.values.values_mut().chain(edit.kept.values_mut());
            values
                .filter(|value| *value == "m")
                .for_each(|value| "y".clone_into(value));
        }
        edit
    }

    /// Kconfig asks for pahole's version, and leaves BTF out in silence where there is none.
    fn wants_pahole(&self) -> bool {
        self.tools.iter().any(|tool| tool.starts_with("pahole"))
    }

    fn script(&self) -> String {
        let mut line = "scripts/config".to_owned();
        for option in &self.off {
            line.push_str(&format!(" --disable {}", quote(option)));
        }
        for (option, value) in &self.values {
            let option = quote(option);
            line.push_str(&match value.as_str() {
                "y" => format!(" --enable {option}"),
                "m" => format!(" --module {option}"),
                "n" => format!(" --disable {option}"),
                text => format!(" --set-str {option} {}", quote(text)),
            });
        }
        line
    }

    /// A command that fails if the build dropped an option, as Kconfig does in silence where
    /// a dependency is missing.
    fn proof(&self) -> Vec<String> {
        let all = self.values.iter().chain(&self.kept);
        let lines = all.filter(|(_, value)| *value != "n");
        lines
            .map(|(option, value)| match value.as_str() {
                "y" | "m" => format!("grep -x CONFIG_{option}={value} .config"),
                text => format!("grep -F CONFIG_{option}= .config | grep -F {}", quote(text)),
            })
            .collect()
    }
}

/// An option's value in the kernel's config, where that is known.
fn value_of(facts: &Facts, option: &str) -> Option<String> {
    let fact = facts.get(&format!("config.{option}"));
    fact.value().map(ToString::to_string)
}

/// Whether the kernel has the option; what is built in need not be a module.
fn has(facts: &Facts, option: &str, value: &str) -> bool {
    value_of(facts, option).is_some_and(|known| known == value || (value == "m" && known == "y"))
}

/// The wanted options that this kernel has not, as far as is known; all of them where it has all,
/// since then its config is of another build.
pub(super) fn lacking(
    wanted: &BTreeMap<String, String>,
    facts: &Facts,
) -> BTreeMap<String, String> {
    let mut lacking = wanted.clone();
    lacking.retain(|option, value| !has(facts, option, value));
    if lacking.is_empty() {
        return wanted.clone();
    }
    lacking
}

/// `None` where kernels of this series don't have the option.
pub(super) fn recipe(
    wanted: &BTreeMap<String, String>,
    catalogue: &Catalogue,
    facts: &Facts,
    platform: &Platform,
) -> Option<Recipe> {
    let version = facts.kernel_version();
    let offered =
        |option: &String| version.is_none_or(|version| catalogue.offers_option(option, version));
    if !wanted.keys().all(offered) {
        return None;
    }
    let edit = Edit::closed(wanted, catalogue, facts);
    if let Some(recipe) = elsewhere(&edit, facts, platform) {
        return Some(recipe);
    }
    let mut commands = get_source(platform, facts);
    if platform.image.as_deref() == Some("transactional") {
        commands.insert(
            0,
            remark("in a container of this release (toolbox), where packages can be installed:"),
        );
        commands.insert(1, "toolbox".to_owned());
    }
    for tool in &edit.tools {
        commands.push(remark(&format!("the build needs {tool}")));
    }
    commands.push(config_file::start(facts));
    commands.push(edit.script());
    let family = platform.kernel_family(facts);
    let flavour = facts.text("kernel.flavour");
    let signed = matches!(family.as_str(), "debian" | "rhel" | "fedora")
        || flavour.as_deref() == Some("azure-linux");
    if signed && platform.loader != BootLoader::Wsl {
        // The distribution's signing keys aren't at hand.
        commands.push(
            "scripts/config --set-str SYSTEM_TRUSTED_KEYS '' --set-str SYSTEM_REVOCATION_KEYS ''"
                .to_owned(),
        );
    }
    if family == "debian" && platform.loader != BootLoader::Wsl {
        // Debian's own releases end with more than a number, and GRUB would start them first.
        commands.push(
            "scripts/config --set-str LOCALVERSION -bpf   # the boot menu begins with it then"
                .to_owned(),
        );
    }
    if edit.wants_pahole() {
        commands.push("pahole --version".to_owned());
    }
    commands.push("make olddefconfig".to_owned());
    commands.extend(edit.proof());
    let mut build = builds::commands(&family, platform);
    if builds::is_to_be_signed(facts, platform) {
        let reboot = build.len().saturating_sub(1);
        build.splice(reboot..reboot, builds::signing());
    }
    commands.extend(build);
    let undo = if platform.loader == BootLoader::Wsl {
        vec![
            remark("take the line kernel= out of .wslconfig"),
            "wsl.exe --shutdown".to_owned(),
        ]
    } else {
        vec![
            remark("choose the former kernel in the boot menu; it stays installed"),
            "reboot".to_owned(),
        ]
    };
    Some(Recipe {
        kind: "kernel-config",
        commands,
        undo,
        needs: Needs::Rebuild,
    })
}

/// Systems whose kernel is not built and installed on them: what its build needs, and how it
/// comes to them. `None` where it is built in the usual way.
fn elsewhere(edit: &Edit, facts: &Facts, platform: &Platform) -> Option<Recipe> {
    let flavour = facts.text("kernel.flavour").unwrap_or_default();
    let way = match platform.loader {
        BootLoader::NixOs => return Some(nixos(edit)),
        BootLoader::RaspberryPi(path) => {
            let boot = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            format!(
                "in a tree of Raspberry Pi's linux of this series, build and install it as its \
                 documentation tells: the image goes to {boot}, where the firmware looks for it; \
                 bcmrpi_defconfig and its kin are where to start"
            )
        }
        _ if flavour == "android" => "in the kernel tree of the device's vendor, as a GKI or \
                                      device build; the image is flashed with fastboot"
            .to_owned(),
        loader if builds::is_of_somebody_else(loader, &flavour, facts, platform) => {
            "this kernel is not one of this distribution's packages: it is built of the source of \
             whoever provides it, and installed their way"
                .to_owned()
        }
        _ if origin::is_from_outside(facts, platform) => format!(
            "{}; build it for them, or start the machine with your own",
            origin::OUTSIDE
        ),
        _ if platform.takes_packages() => return None,
        _ => "the kernel is part of this system's image: ask for it where the image is made, or \
              build an image of your own"
            .to_owned(),
    };
    let needs = match builds::is_elsewhere(facts, platform) {
        true => "what to ask for, in that kernel's configuration:",
        false => "its configuration needs",
    };
    let mut commands = vec![remark(&way), remark(needs)];
    commands.extend(
        edit.off
            .iter()
            .map(|option| remark(&format!("# CONFIG_{option} is not set"))),
    );
    let lines = edit.values.iter().filter(|(_, value)| *value != "n");
    commands.extend(lines.map(|(option, value)| {
        let plain = value.chars().all(|c| c.is_ascii_alphanumeric());
        let value = if plain {
            value.clone()
        } else {
            format!("\"{value}\"")
        };
        remark(&format!("CONFIG_{option}={value}"))
    }));
    for tool in &edit.tools {
        commands.push(remark(&format!("the build needs {tool}")));
    }
    Some(Recipe {
        kind: "kernel-config",
        commands,
        undo: Vec::new(),
        needs: Needs::Rebuild,
    })
}

/// NixOS builds the kernel from its configuration.
fn nixos(edit: &Edit) -> Recipe {
    let off = edit.off.iter().map(|option| format!("{option} = no;"));
    let on = edit
        .values
        .iter()
        .map(|(option, value)| match value.as_str() {
            "y" => format!("{option} = yes;"),
            "m" => format!("{option} = module;"),
            "n" => format!("{option} = no;"),
            text => format!("{option} = freeform {text:?};"),
        });
    let options: Vec<String> = off.chain(on).collect();
    Recipe {
        kind: "kernel-config",
        commands: vec![
            remark("in /etc/nixos/configuration.nix, with lib among its arguments"),
            remark("boot.kernelPatches = [ { name = \"bpf\"; patch = null;"),
            remark(&format!(
                "  structuredExtraConfig = with lib.kernel; {{ {} }}; }} ];",
                options.join(" ")
            )),
            "nixos-rebuild boot".to_owned(),
            "reboot".to_owned(),
        ],
        undo: vec![
            "nixos-rebuild boot --rollback".to_owned(),
            "reboot".to_owned(),
        ],
        needs: Needs::Rebuild,
    }
}

/// The source of a kernel of the same series, and what its build needs.
fn get_source(platform: &Platform, facts: &Facts) -> Vec<String> {
    let series = match facts.kernel_version().map(|version| version.series()) {
        Some((major, minor)) => format!("{major}.{minor}"),
        None => "<series>".to_owned(),
    };
    // A kernel of somebody else's is not built from the distribution's source.
    let flavour = facts.text("kernel.flavour").unwrap_or_default();
    let own = match platform.family.as_str() {
        "debian" => matches!(flavour.as_str(), "debian" | "ubuntu"),
        "rhel" => flavour.starts_with("rhel"),
        "suse" => flavour == "suse",
        family => flavour == family,
    };
    let family = if own { platform.family.as_str() } else { "" };
    let lines: Vec<String> = match (family, platform.packages_of.as_str()) {
        // One kernel serves all of a machine: a build of an older one would take back what the
        // newest has.
        _ if platform.loader == BootLoader::Wsl => vec![
            "wsl.exe --update".to_owned(),
            "wsl.exe --shutdown".to_owned(),
            remark(
                "then, in the kernel that starts now: unpack Microsoft's WSL2-Linux-Kernel of the \
                 release that uname -r says and enter it; the build needs gcc, make, bc, bison, \
                 flex, libelf, openssl and pahole",
            ),
        ],
        ("debian", "ubuntu") => {
            vec![
            "apt-get update".to_owned(),
            "apt-get install build-essential bc bison flex libelf-dev libssl-dev dwarves rsync \
             debhelper fakeroot"
                .to_owned(),
            remark("with deb-src among the sources of apt (Types: deb deb-src), and apt-get update:"),
            fill("apt-get source linux-image-unsigned-{{kernel.release}}", facts),
            "cd linux-*/".to_owned(),
        ]
        }
        ("debian", _) => vec![
            "apt-get update".to_owned(),
            format!(
                "apt-get install linux-source-{series} build-essential bc bison flex libelf-dev \
                 libssl-dev dwarves rsync debhelper"
            ),
            format!("tar -xf /usr/src/linux-source-{series}.tar.xz"),
            format!("cd linux-source-{series}"),
        ],
        ("rhel" | "fedora" | "amazon", _) => {
            let (mut lines, install) = builds::builders_repository(facts);
            lines.push(format!(
                "{install} gcc make bc bison flex elfutils-libelf-devel openssl-devel dwarves \
                 rsync perl rpm-build rpmdevtools"
            ));
            lines.push("rpmdev-setuptree".to_owned());
            lines.extend(builds::vendors_source(install.starts_with("dnf"), facts));
            lines
        }
        ("suse", _) => {
            vec![
                "zypper install kernel-source gcc make bc bison flex libelf-devel \
                 libopenssl-devel dwarves rpm-build"
                    .to_owned(),
                "cp -a /usr/src/linux linux && cd linux".to_owned(),
            ]
        }
        // Oracle's own, whose source it publishes by the release.
        _ if flavour == "uek" => vec![remark(&format!(
            "unpack Oracle's linux-uek (github.com/oracle/linux-uek, the tag of {}) and enter it; \
             the build needs gcc, make, bc, bison, flex, libelf, openssl and pahole",
            facts.text("kernel.release").unwrap_or(series)
        ))],
        _ => vec![remark(&format!(
            "unpack the source of linux {series} and enter it; the build needs gcc, make, bc, \
             bison, flex, libelf, openssl and pahole"
        ))],
    };
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Fact, KernelConfig};

    fn rendered(version: &str, config: &str, wanted: &str) -> Option<Recipe> {
        let catalogue = crate::built_in_catalogue().unwrap();
        let mut facts = Facts::default();
        facts.set("kernel.version", Fact::known(version, "uname"));
        facts.set("os.family", Fact::known("debian", "/etc/os-release"));
        facts.set("kernel.flavour", Fact::known("debian", "uname"));
        facts.set(
            "config-file",
            Fact::known("/boot/config-x", "/boot/config-x"),
        );
        facts.set_config(KernelConfig::from_bytes(
            config.as_bytes(),
            "/boot/config-x",
        ));
        let wanted = wanted.split(' ');
        let wanted = wanted.map(|word| {
            let (option, value) = word.split_once('=').unwrap_or((word, "y"));
            (option.to_owned(), value.to_owned())
        });
        recipe(&wanted.collect(), &catalogue, &facts, &Platform::of(&facts))
    }

    #[test]
    fn an_edit_brings_what_the_option_depends_on() {
        let config = "CONFIG_BPF=y\nCONFIG_DEBUG_INFO_REDUCED=y\n# CONFIG_DEBUG_INFO is not set\n";
        let commands = rendered("5.10.218", config, "DEBUG_INFO_BTF")
            .unwrap()
            .commands;
        for line in [
            "tar -xf /usr/src/linux-source-5.10.tar.xz",
            "# the build needs pahole 1.16 or later (the package dwarves)",
            "cp /boot/config-x .config",
            "scripts/config --disable DEBUG_INFO_REDUCED --enable DEBUG_INFO --enable DEBUG_INFO_BTF \
             --enable DEBUG_KERNEL",
            "pahole --version",
            "grep -x CONFIG_DEBUG_INFO_BTF=y .config",
        ] {
            assert!(
                commands.iter().any(|command| command == line),
                "{line}: {commands:#?}"
            );
        }
    }

    /// `make olddefconfig` drops in silence what lacks a dependency.
    #[test]
    fn an_edit_is_closed_over_what_kconfig_asks_for() {
        let off = "CONFIG_BPF=y\nCONFIG_BPF_SYSCALL=y\n# CONFIG_FTRACE is not set\n\
                   # CONFIG_KPROBES is not set\n# CONFIG_PERF_EVENTS is not set\n\
                   CONFIG_MODULES=y\nCONFIG_NET=y\n# CONFIG_DEBUG_INFO is not set\n";
        for (wanted, version, needs) in [
            (
                "BPF_EVENTS",
                "6.9.1",
                &["FTRACE", "KPROBES", "KPROBE_EVENTS", "PERF_EVENTS"][..],
            ),
            (
                "BPF_LSM",
                "6.9.1",
                &[
                    "BPF_EVENTS",
                    "FTRACE",
                    "KPROBE_EVENTS",
                    "PERF_EVENTS",
                    "SECURITY",
                ],
            ),
            ("DYNAMIC_FTRACE", "5.10.0", &["FTRACE", "FUNCTION_TRACER"]),
            ("UPROBE_EVENTS", "5.10.0", &["FTRACE", "PERF_EVENTS"]),
            (
                "BPF_KPROBE_OVERRIDE",
                "5.10.0",
                &[
                    "BPF_EVENTS",
                    "FUNCTION_ERROR_INJECTION",
                    "KPROBES",
                    "FTRACE",
                ],
            ),
            (
                "FPROBE",
                "5.18.0",
                &["DYNAMIC_FTRACE", "FUNCTION_TRACER", "FTRACE"],
            ),
            (
                "DEBUG_INFO_BTF_MODULES",
                "5.11.0",
                &["DEBUG_INFO_BTF", "DEBUG_INFO"],
            ),
            ("FTRACE_SYSCALLS", "6.1.0", &["FTRACE"]),
            ("NETKIT", "6.8.0", &["NETDEVICES"]),
            (
                "DEBUG_INFO_BTF",
                "6.18.19",
                &[
                    "DEBUG_INFO",
                    "DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT",
                    "DEBUG_KERNEL",
                ],
            ),
            ("DEBUG_INFO_BTF", "5.10.0", &["DEBUG_INFO", "DEBUG_KERNEL"]),
            ("DEBUG_INFO_DWARF4", "5.15.0", &["DEBUG_KERNEL"]),
            ("DEBUG_INFO_DWARF4", "6.1.0", &["DEBUG_KERNEL"]),
            (
                "SCHED_CLASS_EXT",
                "6.12.0",
                &["BPF_JIT", "DEBUG_INFO_BTF", "DEBUG_KERNEL"],
            ),
            ("CPUSETS_V1", "6.12.0", &["CPUSETS", "CGROUPS"]),
        ] {
            let commands = rendered(version, off, wanted).unwrap().commands;
            let edit = commands
                .iter()
                .find(|line| line.starts_with("scripts/config "));
            let edit = format!("{} ", edit.unwrap());
            for option in needs {
                assert!(
                    edit.contains(&format!(" --enable {option} ")),
                    "{wanted}: {edit}"
                );
            }
        }
    }

    #[test]
    fn what_the_build_needs_is_where_the_distribution_has_it() {
        for (known, says) in [
            (
                &[("os.id", "rhel"), ("tool.dnf", "/usr/bin/dnf")][..],
                "subscription-manager repos --enable",
            ),
            (
                &[
                    ("os.id", "rocky"),
                    ("os.version-id", "9.3"),
                    ("tool.dnf", "/usr/bin/dnf"),
                ],
                "dnf install --enablerepo=crb gcc ",
            ),
            (
                &[
                    ("os.id", "centos"),
                    ("os.version-id", "8"),
                    ("tool.dnf", "/usr/bin/dnf"),
                ],
                "dnf install --enablerepo=powertools gcc ",
            ),
            // Reports have no programs.
            (
                &[("os.id", "rhel"), ("os.version-id", "9.2")],
                "subscription-manager repos --enable",
            ),
            (
                &[("os.id", "almalinux"), ("os.version-id", "9.4")],
                "dnf install --enablerepo=crb gcc ",
            ),
            (
                &[("os.id", "amzn"), ("os.version-id", "2023")],
                "dnf install gcc ",
            ),
            (
                &[
                    ("os.id", "rhel"),
                    ("os.version-id", "9.4"),
                    ("environment.virtualization", "google"),
                ],
                "# where the machine is registered itself",
            ),
            (
                &[("os.id", "amzn"), ("os.version-id", "2")],
                "amazon-linux-extras install epel",
            ),
            (
                &[("os.id", "rhel"), ("os.version-id", "7.9")],
                "rpm -q epel-release || yum install https://archives.fedoraproject.org/",
            ),
            (
                &[("os.id", "ol"), ("os.version-id", "7.9")],
                "# dwarves lies in EPEL",
            ),
            (
                &[("os.id", "fedora"), ("tool.dnf", "/usr/bin/dnf")],
                "dnf install gcc ",
            ),
        ] {
            let mut facts = Facts::default();
            for (key, value) in known {
                facts.set(key, Fact::known(*value, "x"));
            }
            let (mut lines, install) = builds::builders_repository(&facts);
            lines.push(format!("{install} gcc make"));
            assert!(lines[0].starts_with(says), "{known:?}: {lines:?}");
        }
    }

    /// Mainline's source of the same number is another kernel than the vendor's.
    #[test]
    fn a_vendors_kernel_is_built_of_the_vendors_source() {
        for (os, family, version, flavour, says) in [
            ("rhel", "rhel", "9.2", "rhel9", "dnf download --source "),
            ("fedora", "fedora", "40", "fedora", "dnf download --source "),
            ("fedora", "fedora", "42", "fedora", "dnf download --srpm "),
            ("amzn", "amazon", "2023", "amazon", "dnf download --source "),
            ("amzn", "amazon", "2", "amazon", "yumdownloader --source "),
            ("ol", "rhel", "8.8", "uek", "# unpack Oracle's linux-uek "),
            (
                "rocky",
                "rhel",
                "9.3",
                "elrepo",
                "# unpack the source of linux 5.14 ",
            ),
        ] {
            let mut facts = Facts::default();
            for (key, value) in [
                ("os.id", os),
                ("os.family", family),
                ("os.version-id", version),
                ("kernel.flavour", flavour),
                ("kernel.version", "5.14.0"),
                ("kernel.release", "5.14.0-1"),
            ] {
                facts.set(key, Fact::known(value, "x"));
            }
            let lines = get_source(&Platform::of(&facts), &facts);
            assert!(
                lines.iter().any(|line| line.starts_with(says)),
                "{os}: {lines:?}"
            );
        }
    }

    /// A network device of a kernel without network takes the network with it.
    #[test]
    fn an_edit_goes_down_to_the_network_itself() {
        let config = "CONFIG_BPF=y\n# CONFIG_NET is not set\n";
        let commands = rendered("6.18.0", config, "NETKIT").unwrap().commands;
        let edit = "scripts/config --enable BPF_SYSCALL --enable NET --enable NETDEVICES --enable \
                    NETKIT";
        assert!(commands.contains(&edit.to_owned()), "{commands:#?}");
    }

    #[test]
    fn a_module_is_built_in_where_there_are_none() {
        let net = "CONFIG_NET=y\nCONFIG_NET_SCHED=y\nCONFIG_NET_CLS_ACT=y\n";
        for (modules, has, edit, proof) in [
            ("CONFIG_MODULES=y", "", "--module NET_CLS_BPF", "m"),
            ("CONFIG_MODULES=y", "CONFIG_NET_CLS_BPF=y", "", "y"),
            (
                "# CONFIG_MODULES is not set",
                "",
                "--enable NET_CLS_BPF",
                "y",
            ),
            ("", "", "--enable NET_CLS_BPF", "y"),
        ] {
            let config = format!("{net}{modules}\n{has}\n");
            let commands = rendered("6.18.0", &config, "NET_CLS_BPF=m NET_SCH_INGRESS=m");
            let commands = commands.unwrap().commands;
            let line = |begin: &str| {
                let mut lines = commands.iter();
                lines.find(|line| line.starts_with(begin)).unwrap()
            };
            assert!(line("scripts/config --").contains(edit), "{commands:#?}");
            let proof = format!("grep -x CONFIG_NET_CLS_BPF={proof} .config");
            assert!(commands.contains(&proof), "{commands:#?}");
        }
    }

    #[test]
    fn what_is_set_is_not_set_again() {
        let config = "CONFIG_BPF=y\nCONFIG_DEBUG_INFO=y\nCONFIG_BPF_SYSCALL=y\n";
        let commands = rendered("6.1.0", config, "DEBUG_INFO_BTF")
            .unwrap()
            .commands;
        let edit = "scripts/config --enable DEBUG_INFO_BTF".to_owned();
        assert!(commands.contains(&edit), "{commands:#?}");
        // What is wanted and there is looked after, and not set again.
        let config = "CONFIG_DEBUG_INFO_BTF=y\nCONFIG_BPF_SYSCALL=y\nCONFIG_SECURITY=y\n";
        let both = rendered("6.1.0", config, "BPF_LSM DEBUG_INFO_BTF").unwrap();
        let line = |begin: &str| {
            let mut lines = both.commands.iter();
            lines.find(|line| line.starts_with(begin)).unwrap().clone()
        };
        let edit = line("scripts/config --");
        assert!(edit.contains("--enable BPF_LSM"), "{edit}");
        assert!(!edit.contains("DEBUG_INFO_BTF"), "{edit}");
        line("grep -x CONFIG_DEBUG_INFO_BTF=y");
        // A config that has it all is told to have it: something else is missing.
        let again = rendered("6.1.0", config, "DEBUG_INFO_BTF").unwrap();
        let mut edits = again.commands.iter();
        let set = edits.any(|line| line.contains("--enable DEBUG_INFO_BTF"));
        assert!(set, "{:#?}", again.commands);
    }

    #[test]
    fn titles_name_what_lacks() {
        let mut facts = Facts::default();
        facts.set_config(KernelConfig::from_bytes(b"CONFIG_A=y\nCONFIG_B=m\n", "x"));
        for (wanted, lacks) in [
            (&[("A", "y"), ("B", "y"), ("C", "y")][..], "B C"),
            (&[("A", "m"), ("C", "y")], "C"),
            (&[("A", "y"), ("B", "m")], "A B"),
        ] {
            let wanted = wanted
                .iter()
                .map(|(option, value)| (option.to_string(), value.to_string()));
            let lacking: Vec<String> = lacking(&wanted.collect(), &facts).into_keys().collect();
            assert_eq!(lacking.join(" "), lacks);
        }
    }

    #[test]
    fn where_the_kernel_is_part_of_an_image_nothing_is_built() {
        let catalogue = crate::built_in_catalogue().unwrap();
        let wanted = BTreeMap::from([("BPF_LSM".to_owned(), "y".to_owned())]);
        let of = |known: &[(&str, &str)]| {
            let mut facts = Facts::default();
            facts.set("kernel.version", Fact::known("6.1.96", "uname"));
            for (key, value) in known {
                match *value {
                    "true" => facts.set(key, Fact::known(true, key)),
                    text => facts.set(key, Fact::known(text, key)),
                }
            }
            recipe(&wanted, &catalogue, &facts, &Platform::of(&facts)).unwrap()
        };
        for (known, words) in [
            (
                &[("os.image", "flatcar")][..],
                "part of this system's image",
            ),
            (&[("os.image", "talos")], "part of this system's image"),
            (&[("kernel.flavour", "android")], "fastboot"),
            (
                &[("file./boot/firmware/cmdline.txt", "true")],
                "goes to /boot/firmware",
            ),
        ] {
            let commands = of(known).commands;
            assert!(commands[0].contains(words), "{commands:#?}");
            assert!(
                commands.contains(&"# CONFIG_BPF_LSM=y".to_owned()),
                "{commands:#?}"
            );
            let typed = commands.iter().find(|line| !line.starts_with("# "));
            assert_eq!(typed, None, "{known:?}");
        }
        let nixos = of(&[("os.image", "nixos")]).commands.join("\n");
        assert!(nixos.contains("BPF_LSM = yes;"), "{nixos}");
        assert!(nixos.contains("nixos-rebuild boot"), "{nixos}");
        assert!(!nixos.contains("make"), "{nixos}");
    }

    #[test]
    fn an_option_the_series_does_not_have_is_no_fix() {
        assert_eq!(rendered("4.18.0", "CONFIG_BPF=y\n", "DEBUG_INFO_BTF"), None);
    }
}
