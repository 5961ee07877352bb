//! The limit on locked memory, where a process is started.

use super::platform::Platform;
use super::privileges::{drop_in, is_nixos, nixos_undo, nixos_unit, pod, take_off};
use super::{Recipe, remark};
use crate::catalogue::Needs;
use crate::facts::Facts;

pub(super) fn memlock(wanted: &str, facts: &Facts, platform: &Platform) -> Recipe {
    let (shell, docker) = match wanted {
        "infinity" => ("unlimited".to_owned(), "-1:-1".to_owned()),
        bytes => {
            let number: u64 = bytes.parse().unwrap_or_default();
            ((number / 1024).to_string(), format!("{bytes}:{bytes}"))
        }
    };
    let setting = format!("LimitMEMLOCK={wanted}");
    let mut undo = Vec::new();
    let commands = match (platform.container.as_deref(), &platform.unit) {
        _ if platform.pod => {
            let mut lines = pod(&[
                "securityContext:".to_owned(),
                "  capabilities: {add: [SYS_RESOURCE]}   # the loader then raises it by itself"
                    .to_owned(),
            ]);
            lines.push(remark(
                "a pod has no setting for the limit; it is that of the node's runtime, on the node:",
            ));
            lines.push(remark(&format!(
                "`systemctl edit containerd` (or crio): [Service], {setting}, and restart it"
            )));
            lines
        }
        (Some(runtime @ ("docker" | "podman")), _) => {
            vec![format!("{runtime} run --ulimit memlock={docker} …")]
        }
        (Some(_), _) => vec![remark(
            "raise RLIMIT_MEMLOCK in the container runtime's unit",
        )],
        (None, Some(unit)) if is_nixos(platform) => {
            undo = nixos_undo();
            nixos_unit(unit, &[setting])
        }
        (None, Some(unit)) => {
            undo = take_off(unit, "memlock");
            drop_in(unit, "memlock", &[setting])
        }
        (None, None) if is_nixos(platform) => {
            let mut lines = vec![
                remark("in the shell that starts the loader:"),
                format!("ulimit -l {shell}"),
                remark("or, for a service:"),
            ];
            let unit = nixos_unit("NAME.service", &[setting]);
            lines.extend(
                unit.iter()
                    .map(|line| remark(line.trim_start_matches("# "))),
            );
            lines
        }
        (None, None) if platform.family == "alpine" => vec![
            remark("in the shell that starts the loader:"),
            format!("ulimit -l {shell}"),
            remark("or, for a service of OpenRC, in /etc/conf.d/YOUR-SERVICE:"),
            remark(&format!("rc_ulimit=\"-l {shell}\"")),
        ],
        (None, None) => shell_lines(&shell, facts)
            .into_iter()
            .chain([
                remark(
                    "or, for a service of systemd, `systemctl edit YOUR-SERVICE` with these lines:",
                ),
                remark("[Service]"),
                remark(&setting),
            ])
            .collect(),
    };
    Recipe {
        kind: "limit",
        commands,
        undo,
        needs: Needs::Privilege,
    }
}

/// In a shell. Beyond its hard limit none goes without CAP_SYS_RESOURCE: there root raises it, for
/// the next login.
fn shell_lines(limit: &str, facts: &Facts) -> Vec<String> {
    let hard = facts.number("privilege.memlock-hard");
    let held = facts.list("privilege.capabilities");
    let may = held.is_none_or(|held| held.iter().any(|name| name == "CAP_SYS_RESOURCE"));
    match hard.filter(|_| !may) {
        None => vec![
            remark("in the shell that starts the loader:"),
            format!("ulimit -l {limit}"),
        ],
        Some(hard) => vec![
            remark(&format!(
                "the hard limit is {hard} bytes here, and root alone raises that; as root, with the user's name:"
            )),
            format!(
                "echo '<user> - memlock {limit}' > /etc/security/limits.d/zz-bpf-doctor-memlock.conf"
            ),
            remark("it counts from that user's next login on"),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Fact;

    #[test]
    fn beyond_the_hard_limit_root_raises_it() {
        let set = "# in the shell that starts the loader:";
        let by_root = "# the hard limit is 65536 bytes here,";
        for (held, hard, begins) in [
            (vec![], Some(65536), by_root),
            (vec!["CAP_SYS_RESOURCE".to_owned()], Some(65536), set),
            (vec![], None, set),
        ] {
            let mut facts = Facts::default();
            facts.set("environment.container", Fact::known("none", "x"));
            facts.set("privilege.capabilities", Fact::known(held, "x"));
            match hard {
                Some(hard) => facts.set("privilege.memlock-hard", Fact::known(hard, "x")),
                None => facts.set("privilege.memlock-hard", Fact::known("unlimited", "x")),
            }
            let told = memlock("infinity", &facts, &Platform::of(&facts)).commands;
            assert!(told[0].starts_with(begins), "{told:?}");
            let ulimit = told.iter().any(|line| line.starts_with("ulimit"));
            assert_eq!(ulimit, begins == set, "{told:?}");
        }
    }
}
