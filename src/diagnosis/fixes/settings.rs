//! Sysctls and mounts: at once, and again after the next boot.

use std::collections::BTreeMap;

use super::platform::{BootLoader, Platform};
use super::{Recipe, files, privileges, quote, remark};
use crate::catalogue::{Mount, Needs};
use crate::facts::{Facts, Value};

/// `None` where the host has these values.
pub(super) fn sysctl(
    wanted: &BTreeMap<String, String>,
    facts: &Facts,
    platform: &Platform,
) -> Option<Recipe> {
    let mut commands = Vec::new();
    let mut undo = Vec::new();
    for (name, value) in wanted {
        let fact = facts.get(&format!("sysctl.{name}"));
        let current = fact.value().map(ToString::to_string);
        let Some(value) = value_for(value, fact.value()) else {
            commands.push(remark(&format!(
                "find out what {name} is (sysctl {name}), and set it to twice as much: sysctl -w \
                 {name}=…"
            )));
            continue;
        };
        let value = value.as_str();
        if current.as_deref() == Some(value) {
            continue;
        }
        let setting = quote(&format!("{name}={value}"));
        // An image that has no shell is told from outside.
        let outside = match platform.image.as_deref() {
            Some("talos") => Some(talos as fn(&str, &str) -> String),
            Some("bottlerocket") => Some(bottlerocket as fn(&str, &str) -> String),
            _ => None,
        };
        if let Some(way) = outside {
            if platform.image.as_deref() == Some("talos") {
                commands.push(remark("from where talosctl is set up; NODE is this node:"));
            }
            commands.push(way(name, value));
            undo.push(match &current {
                Some(current) => way(name, current),
                None => remark(&format!("set {name} to what it was before, the same way")),
            });
            continue;
        }
        commands.push(format!("sysctl -w {setting}"));
        if let Some(way) = for_good(platform, name, value) {
            commands.push(remark(&way));
        } else if !platform.is_container() {
            // Last in the order of files, so that no other has the last word.
            let file = format!(
                "/etc/sysctl.d/zz-bpf-doctor-{}.conf",
                name.replace('.', "-")
            );
            commands.push(format!("printf '%s\\n' {setting} > {file}"));
            undo.push(format!("rm {file}"));
        }
        if let Some(current) = current {
            undo.push(format!("sysctl -w {}", quote(&format!("{name}={current}"))));
        }
    }
    if commands.is_empty() {
        return None;
    }
    Some(Recipe {
        kind: "sysctl",
        commands,
        undo,
        needs: Needs::Privilege,
    })
}

/// The value to set: as it is written, or, for the word `twice`, made of what the host has.
/// `None` where that is not known.
fn value_for(wanted: &str, current: Option<&Value>) -> Option<String> {
    match (wanted, current) {
        (TWICE, Some(Value::Number(number))) => Some(number.saturating_mul(2).to_string()),
        (TWICE, _) => None,
        _ => Some(wanted.to_owned()),
    }
}

/// A value that is made of the host's own.
const TWICE: &str = "twice";

fn talos(name: &str, value: &str) -> String {
    let patch = format!("{{\"machine\":{{\"sysctls\":{{\"{name}\":\"{value}\"}}}}}}");
    format!(
        "talosctl -n NODE patch machineconfig --patch {}",
        quote(&patch)
    )
}

fn bottlerocket(name: &str, value: &str) -> String {
    let settings =
        format!("{{\"settings\":{{\"kernel\":{{\"sysctl\":{{\"{name}\":\"{value}\"}}}}}}}}");
    format!("apiclient set --json {}", quote(&settings))
}

/// How a setting outlives the boot where no file below /etc does it.
fn for_good(platform: &Platform, name: &str, value: &str) -> Option<String> {
    if platform.pod {
        return Some(
            "on the node, where a pod's securityContext.sysctls does not reach; for good in the \
             node's own configuration, or by a privileged DaemonSet"
                .to_owned(),
        );
    }
    if platform.loader == BootLoader::MachineConfig {
        return Some(format!(
            "for good, in a profile of the cluster's Node Tuning Operator (kind Tuned, [sysctl] \
             {name}={value}): what is set by hand on a node is taken back"
        ));
    }
    Some(match platform.image.as_deref()? {
        "nixos" => format!(
            "for good, in configuration.nix: boot.kernel.sysctl.\"{name}\" = \"{value}\"; then \
             nixos-rebuild switch"
        ),
        "cos" => "for good, in the node pool's linuxConfig.sysctl or by cloud-init: /etc is made \
                  anew with each boot"
            .to_owned(),
        _ => return None,
    })
}

pub(super) fn mount(mount: &Mount, facts: &Facts, platform: &Platform) -> Recipe {
    if platform.is_container() {
        return from_outside(mount, facts, platform);
    }
    if platform.image.as_deref() == Some("talos") {
        return without_shell(mount);
    }
    let (kind, options) = (quote(&mount.kind), quote(&mount.options));
    let at = quote(&mount.at);
    let below_sys = mount.at.starts_with("/sys/");
    let mut commands = Vec::new();
    let mut undo = vec![format!("umount {at}")];
    // Below /sys the kernel makes the directories.
    if !below_sys {
        commands.push(format!("mkdir -p {at}"));
        undo.push(format!("rmdir {at}"));
    }
    let with = match mount.options.as_str() {
        "defaults" => String::new(),
        _ => format!(" -o {options}"),
    };
    // By its type: something else may be mounted there, as a container's view of the host's /sys is.
    let line = quote(&format!(" {} {} ", mount.at, mount.kind));
    commands.push(format!(
        "grep -qF {line} /proc/mounts || mount -t {kind}{with} {kind} {at}"
    ));
    if let Some(way) = mounted_for_good(mount, platform) {
        commands.push(remark(&way));
    } else if facts.get("file./etc/fstab").value() == Some(&true.into()) {
        // What lies below /run must be made anew with each boot, which systemd does for fstab.
        if mount.at.starts_with("/run/") && !platform.systemd {
            commands.push(remark(
                "a start script of yours must do this again after a boot",
            ));
        } else {
            let line = fstab_line(mount);
            commands.push(files::append("/etc/fstab", &line));
            undo.push(files::take_out("/etc/fstab", &line));
        }
    }
    Recipe {
        kind: "mount",
        commands,
        undo,
        needs: Needs::Privilege,
    }
}

/// How a mount outlives the boot where no line of /etc/fstab does it.
fn mounted_for_good(mount: &Mount, platform: &Platform) -> Option<String> {
    if platform.loader == BootLoader::MachineConfig {
        return Some(
            "for good, in a MachineConfig of the cluster, as a systemd unit of type mount: what \
             is written by hand on a node is taken back"
                .to_owned(),
        );
    }
    Some(match platform.image.as_deref()? {
        "nixos" => format!(
            "for good, in configuration.nix: fileSystems.\"{}\" = {{ device = \"{}\"; fsType = \
             \"{}\"; }}; then nixos-rebuild switch",
            mount.at, mount.kind, mount.kind
        ),
        "cos" => "for good, by cloud-init (a unit of type mount, or bootcmd) or a privileged \
                  DaemonSet that mounts it: /etc is made anew with each boot"
            .to_owned(),
        "bottlerocket" => "for good, by a bootstrap container, or by a privileged init container \
                           of the software with mountPropagation: Bidirectional: /etc is made \
                           anew with each boot"
            .to_owned(),
        _ => return None,
    })
}

/// Nobody types anything on such a node.
fn without_shell(mount: &Mount) -> Recipe {
    Recipe {
        kind: "mount",
        commands: vec![
            remark(
                "this system has no shell; a privileged pod with the node's directory as a \
                 hostPath and mountPropagation: Bidirectional does it there:",
            ),
            remark(&format!(
                "mount -t {0} {0} {1}",
                quote(&mount.kind),
                quote(&mount.at)
            )),
        ],
        undo: Vec::new(),
        needs: Needs::Privilege,
    }
}

/// A container is given the mount of its host when it is started; one made inside of it would be
/// another one, or be refused.
fn from_outside(mount: &Mount, facts: &Facts, platform: &Platform) -> Recipe {
    // A container's own hierarchy shows its own part alone. Where version 1 lies at the usual
    // place, the host's version 2 must not come over it.
    let is_cgroup = mount.kind == "cgroup2";
    let mode = facts.text("cgroup.mode").unwrap_or_default();
    let beside = matches!(mode.as_str(), "legacy" | "hybrid");
    let at = match is_cgroup && !beside {
        true => "/sys/fs/cgroup",
        false => mount.at.as_str(),
    };
    // Below /sys the kernel makes the directories.
    let made = match at.starts_with("/sys/") {
        true => String::new(),
        false => format!("mkdir -p {} && ", quote(at)),
    };
    let mounted = format!("{made}mount -t {0} {0} {1}", quote(&mount.kind), quote(at));
    let commands = match platform.container.as_deref() {
        _ if platform.pod => privileges::pod(&[
            format!(
                "volumeMounts: [{{name: {0}, mountPath: {at}, mountPropagation: HostToContainer}}]",
                mount.kind
            ),
            "and beside `containers:`".to_owned(),
            format!(
                "volumes: [{{name: {0}, hostPath: {{path: {at}, type: Directory}}}}]",
                mount.kind
            ),
            format!(
                "where the node has no {0} there: mount it on the node ({mounted}), or by a privileged init container with mountPropagation: Bidirectional",
                mount.kind
            ),
        ]),
        Some(runtime @ ("docker" | "podman")) => {
            let namespace = if is_cgroup { " --cgroupns=host" } else { "" };
            let volume = quote(&format!("{at}:{at}"));
            vec![
                format!("{runtime} run{namespace} -v {volume} …"),
                remark(&format!("on the host {at} must be mounted: {mounted}")),
            ]
        }
        _ => vec![remark(&format!(
            "give the container the host's {at} when it is started; there it must be mounted: \
             {mounted}"
        ))],
    };
    Recipe {
        kind: "mount",
        commands,
        undo: Vec::new(),
        needs: Needs::Privilege,
    }
}

/// A line of fstab(5), in which blanks are written in octal. A kernel that lacks the file system
/// shall boot all the same: without `nofail` systemd stops at it.
fn fstab_line(mount: &Mount) -> String {
    let field = |text: &str| text.replace('\\', "\\134").replace(' ', "\\040");
    let (kind, at) = (field(&mount.kind), field(&mount.at));
    format!("{kind} {at} {kind} {},nofail 0 0", field(&mount.options))
}

#[cfg(test)]
mod tests {
    use super::super::tests::with;
    use super::*;
    use crate::facts::Fact;

    fn platform(facts: &Facts) -> Platform {
        Platform::of(facts)
    }

    #[test]
    fn a_sysctl_is_set_now_and_for_good_unless_it_has_the_value() {
        let mut facts = Facts::default();
        let key = "sysctl.net.core.bpf_jit_enable";
        facts.set(key, Fact::known(0, "/proc/sys/net/core/bpf_jit_enable"));
        let wanted = |value: &str| [("net.core.bpf_jit_enable".to_owned(), value.to_owned())];
        let recipe = sysctl(&wanted("1").into(), &facts, &platform(&facts)).unwrap();
        assert_eq!(
            recipe.commands,
            [
                "sysctl -w net.core.bpf_jit_enable=1",
                "printf '%s\\n' net.core.bpf_jit_enable=1 > \
                 /etc/sysctl.d/zz-bpf-doctor-net-core-bpf_jit_enable.conf",
            ]
        );
        assert_eq!(recipe.undo[1], "sysctl -w net.core.bpf_jit_enable=0");
        assert_eq!(sysctl(&wanted("0").into(), &facts, &platform(&facts)), None);
    }

    /// The words of a node that takes back what is set by hand, or has no shell, ask a person.
    #[test]
    fn what_a_node_does_not_keep_is_told_and_not_written() {
        let limit = "sysctl.net.core.bpf_jit_limit";
        let wanted = [("net.core.bpf_jit_limit".to_owned(), "twice".to_owned())].into();
        let bpf = Mount {
            kind: "bpf".to_owned(),
            at: "/sys/fs/bpf".to_owned(),
            options: "mode=0700".to_owned(),
        };
        for (known, says, undo) in [
            (
                ("os.id", "rhcos"),
                "Node Tuning Operator",
                "sysctl -w net.core.bpf_jit_limit=100",
            ),
            (
                ("os.image", "talos"),
                "\"200\"",
                "talosctl -n NODE patch machineconfig --patch \
              '{\"machine\":{\"sysctls\":{\"net.core.bpf_jit_limit\":\"100\"}}}'",
            ),
        ] {
            let mut facts = with(&[known]);
            facts.set("file./etc/fstab", Fact::known(true, "/etc/fstab"));
            facts.set(limit, Fact::known(100, "/proc/sys/net/core/bpf_jit_limit"));
            let recipe = sysctl(&wanted, &facts, &platform(&facts)).unwrap();
            let told = recipe.commands.join("\n");
            assert!(told.contains(says), "{told}");
            assert!(
                recipe.commands.iter().any(|line| line.starts_with("# ")),
                "{told}"
            );
            assert!(!told.contains("/etc/sysctl.d"), "{told}");
            assert_eq!(recipe.undo, [undo]);
            let mounted = mount(&bpf, &facts, &platform(&facts)).commands;
            assert!(
                mounted.iter().any(|line| line.starts_with("# ")),
                "{mounted:?}"
            );
            assert!(!mounted.join("\n").contains("/etc/fstab"), "{mounted:?}");
        }
    }

    #[test]
    fn a_value_made_of_the_hosts_own_is_doubled_or_asked_for() {
        let key = "sysctl.net.core.bpf_jit_limit";
        let wanted = [("net.core.bpf_jit_limit".to_owned(), "twice".to_owned())].into();
        let mut facts = Facts::default();
        let gap = sysctl(&wanted, &facts, &platform(&facts)).unwrap();
        assert!(
            gap.commands.iter().all(|line| line.starts_with("# ")),
            "{gap:?}"
        );
        facts.set(
            key,
            Fact::known(528_482_304, "/proc/sys/net/core/bpf_jit_limit"),
        );
        let doubled = sysctl(&wanted, &facts, &platform(&facts)).unwrap();
        assert_eq!(
            doubled.commands[0],
            "sysctl -w net.core.bpf_jit_limit=1056964608"
        );
        assert_eq!(
            doubled.undo[1],
            "sysctl -w net.core.bpf_jit_limit=528482304"
        );
        let most = Fact::known(i64::MAX, "/proc/sys/net/core/bpf_jit_limit");
        facts.set(key, most);
        assert_eq!(sysctl(&wanted, &facts, &platform(&facts)), None);
    }

    #[test]
    fn a_mount_outlives_the_boot() {
        let cgroup2 = |at: &str| Mount {
            kind: "cgroup2".to_owned(),
            at: at.to_owned(),
            options: "defaults".to_owned(),
        };
        let mut facts = Facts::default();
        facts.set("file./etc/fstab", Fact::known(true, "/etc/fstab"));
        let below_sys = mount(&cgroup2("/sys/fs/cgroup"), &facts, &platform(&facts));
        assert_eq!(below_sys.commands.len(), 2, "{below_sys:?}");
        assert!(below_sys.commands[1].contains("/etc/fstab"));
        let below_run = cgroup2("/run/cgroup2");
        let by_hand = mount(&below_run, &facts, &platform(&facts));
        assert!(by_hand.commands[2].starts_with("# "), "{by_hand:?}");
        let systemd = "file./run/systemd/system";
        facts.set(systemd, Fact::known(true, "/run/systemd/system"));
        let by_systemd = mount(&below_run, &facts, &platform(&facts));
        assert!(
            by_systemd.commands[2].contains("/etc/fstab"),
            "{by_systemd:?}"
        );
        // Where /etc is made anew with each boot, no line in it lasts.
        for (image, way) in [
            ("cos", "cloud-init"),
            ("bottlerocket", "bootstrap container"),
        ] {
            facts.set("os.image", Fact::known(image, "/etc/os-release"));
            let told = mount(&below_run, &facts, &platform(&facts));
            let lines = told.commands.iter().chain(&told.undo);
            assert!(
                !lines.clone().any(|line| line.contains("fstab")),
                "{told:?}"
            );
            let last = told.commands.last().unwrap();
            assert!(
                last.starts_with("# for good") && last.contains(way),
                "{told:?}"
            );
        }
    }

    #[test]
    fn a_container_is_given_the_mount_of_its_host() {
        let bpf = Mount {
            kind: "bpf".to_owned(),
            at: "/sys/fs/bpf".to_owned(),
            options: "mode=0700".to_owned(),
        };
        let cgroup2 = Mount {
            kind: "cgroup2".to_owned(),
            at: "/run/cgroup2".to_owned(),
            options: "defaults".to_owned(),
        };
        let pod = [
            ("environment.container", "containerd"),
            ("environment.kubernetes", "pod"),
        ];
        let legacy_pod = [pod[0], pod[1], ("cgroup.mode", "legacy")];
        for (facts, mounted, says) in [
            (
                &pod[..],
                &bpf,
                "hostPath: {path: /sys/fs/bpf, type: Directory}",
            ),
            (
                &pod,
                &cgroup2,
                "mountPath: /sys/fs/cgroup, mountPropagation: HostToContainer",
            ),
            (
                &[("environment.container", "docker")],
                &cgroup2,
                "docker run --cgroupns=host -v /sys/fs/cgroup:/sys/fs/cgroup …",
            ),
            // Version 1 is there already, and would be hidden.
            (
                &legacy_pod,
                &cgroup2,
                "mountPath: /run/cgroup2, mountPropagation: HostToContainer",
            ),
            (
                &legacy_pod,
                &cgroup2,
                "mkdir -p /run/cgroup2 && mount -t cgroup2 cgroup2 /run/cgroup2",
            ),
            (
                &[
                    ("environment.container", "podman"),
                    ("cgroup.mode", "hybrid"),
                ],
                &cgroup2,
                "podman run --cgroupns=host -v /run/cgroup2:/run/cgroup2 …",
            ),
            (
                &[("environment.container", "lxc")],
                &bpf,
                "the host's /sys/fs/bpf",
            ),
        ] {
            let facts = with(facts);
            let recipe = mount(mounted, &facts, &platform(&facts));
            let told = recipe.commands.join("\n");
            assert!(told.contains(says), "{told}");
            assert!(!told.contains("/etc/fstab"), "{told}");
        }
    }

    #[test]
    fn a_setting_of_an_image_is_set_where_the_image_is_told() {
        let wanted = [("net.core.bpf_jit_enable".to_owned(), "1".to_owned())].into();
        for (facts, says) in [
            (
                [("os.image", "talos")],
                "--patch '{\"machine\":{\"sysctls\":{\"net.core.bpf_jit_enable\":\"1\"}}}'",
            ),
            (
                [("os.image", "bottlerocket")],
                "apiclient set --json '{\"settings\":{\"kernel\":{\"sysctl\":",
            ),
            (
                [("os.image", "nixos")],
                "boot.kernel.sysctl.\"net.core.bpf_jit_enable\" = \"1\"",
            ),
            ([("os.image", "cos")], "linuxConfig.sysctl"),
            ([("environment.kubernetes", "pod")], "on the node"),
            ([("os.image", "none")], "/etc/sysctl.d/zz-bpf-doctor-"),
        ] {
            let facts = with(&facts);
            let recipe = sysctl(&wanted, &facts, &platform(&facts)).unwrap();
            let told = recipe.commands.join("\n");
            assert!(told.contains(says), "{told}");
        }
    }
}
