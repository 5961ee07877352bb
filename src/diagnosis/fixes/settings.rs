//! Sysctls and mounts: at once, and again after the next boot.

use std::collections::BTreeMap;

use super::platform::Platform;
use super::{Recipe, quote};
use crate::catalogue::{Mount, Needs};
use crate::facts::Facts;

/// `None` where the host has these values.
pub(super) fn sysctl(
    wanted: &BTreeMap<String, String>,
    facts: &Facts,
    platform: &Platform,
) -> Option<Recipe> {
    let mut commands = Vec::new();
    let mut undo = Vec::new();
    for (name, value) in wanted {
        let current = facts.get(&format!("sysctl.{name}"));
        let current = current.value().map(ToString::to_string);
        if current.as_ref() == Some(value) {
            continue;
        }
        let setting = quote(&format!("{name}={value}"));
        commands.push(format!("sysctl -w {setting}"));
        if !platform.is_container() {
            let file = format!(
                "/etc/sysctl.d/90-bpf-doctor-{}.conf",
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

pub(super) fn mount(mount: &Mount, facts: &Facts, platform: &Platform) -> Recipe {
    let kind = quote(&mount.kind);
    let at = quote(&mount.at);
    let mut commands = Vec::new();
    let mut undo = vec![format!("umount {at}")];
    // Below /sys the kernel makes the directories.
    if !mount.at.starts_with("/sys/") {
        commands.push(format!("mkdir -p {at}"));
    }
    commands.push(format!("mount -t {kind} {kind} {at}"));
    // systemd mounts what it knows at these places itself with the next boot.
    let by_systemd = platform.systemd && mount.at.starts_with("/sys/");
    let fstab = facts.get("file./etc/fstab").value() == Some(&true.into());
    if !by_systemd && !platform.is_container() && fstab {
        let line = format!(
            "{} {} {} {} 0 0",
            mount.kind, mount.at, mount.kind, mount.options
        );
        let line = quote(&line);
        commands.push(format!(
            "grep -qxF {line} /etc/fstab || printf '%s\\n' {line} >> /etc/fstab"
        ));
        let address = mount.at.replace('/', "\\/");
        undo.push(format!("sed -i '/ {address} {} /d' /etc/fstab", mount.kind));
    }
    Recipe {
        kind: "mount",
        commands,
        undo,
        needs: Needs::Privilege,
    }
}

#[cfg(test)]
mod tests {
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
                 /etc/sysctl.d/90-bpf-doctor-net-core-bpf_jit_enable.conf",
            ]
        );
        assert_eq!(recipe.undo[1], "sysctl -w net.core.bpf_jit_enable=0");
        assert_eq!(sysctl(&wanted("0").into(), &facts, &platform(&facts)), None);
    }

    #[test]
    fn a_mount_outlives_the_boot_where_nobody_else_sees_to_it() {
        let bpffs = Mount {
            kind: "bpf".to_owned(),
            at: "/sys/fs/bpf".to_owned(),
            options: "defaults".to_owned(),
        };
        let mut facts = Facts::default();
        facts.set("file./etc/fstab", Fact::known(true, "/etc/fstab"));
        let by_hand = mount(&bpffs, &facts, &platform(&facts));
        assert_eq!(by_hand.commands.len(), 2, "{by_hand:?}");
        facts.set(
            "file./run/systemd/system",
            Fact::known(true, "/run/systemd/system"),
        );
        let by_systemd = mount(&bpffs, &facts, &platform(&facts));
        assert_eq!(by_systemd.commands, ["mount -t bpf bpf /sys/fs/bpf"]);
    }
}
