//! What a process may do: capabilities and limits, where it is started.

use super::platform::Platform;
use super::{Recipe, quote, remark};
use crate::catalogue::Needs;
use crate::facts::Facts;

/// The number of CAP_BPF (include/uapi/linux/capability.h), which came with 5.8.
const CAP_BPF: i64 = 39;

pub(super) fn capabilities(wanted: &[String], facts: &Facts, platform: &Platform) -> Recipe {
    // A kernel that doesn't know CAP_BPF asks for CAP_SYS_ADMIN in its place.
    let old = facts
        .number("privilege.last-cap")
        .is_some_and(|last| last < CAP_BPF);
    let names: Vec<String> = if old {
        vec!["CAP_SYS_ADMIN".to_owned(), "CAP_NET_ADMIN".to_owned()]
    } else {
        wanted.to_vec()
    };
    let spaced = names.join(" ");
    let short: Vec<&str> = names
        .iter()
        .map(|name| name.strip_prefix("CAP_").unwrap_or(name))
        .collect();
    let commands = match platform.container.as_deref() {
        Some("kubernetes") => vec![
            remark("in the pod's container: securityContext.capabilities.add"),
            remark(&format!("add: [{}]", short.join(", "))),
        ],
        Some(runtime @ ("docker" | "podman")) => {
            let options = short.iter().map(|name| format!(" --cap-add={name}"));
            vec![format!("{runtime} run{} …", options.collect::<String>())]
        }
        Some(_) => vec![remark(&format!("start the container with {spaced}"))],
        None => vec![
            remark("run the loader as root, or give its file what it needs:"),
            format!(
                "setcap {}+ep /path/to/your-loader",
                quote(&spaced.to_lowercase().replace(' ', ","))
            ),
            remark("or, for a service of systemd, `systemctl edit YOUR-SERVICE` with these lines:"),
            remark("[Service]"),
            remark(&format!("AmbientCapabilities={spaced}")),
            remark(&format!("CapabilityBoundingSet={spaced}")),
        ],
    };
    Recipe {
        kind: "capabilities",
        commands,
        undo: match platform.container {
            None => vec!["setcap -r /path/to/your-loader".to_owned()],
            Some(_) => Vec::new(),
        },
        needs: Needs::Privilege,
    }
}

pub(super) fn memlock(wanted: &str, platform: &Platform) -> Recipe {
    let (shell, docker) = match wanted {
        "infinity" => ("unlimited".to_owned(), "-1:-1".to_owned()),
        bytes => {
            let number: u64 = bytes.parse().unwrap_or_default();
            ((number / 1024).to_string(), format!("{bytes}:{bytes}"))
        }
    };
    let commands = match platform.container.as_deref() {
        Some(runtime @ ("docker" | "podman")) => {
            vec![format!("{runtime} run --ulimit memlock={docker} …")]
        }
        Some(_) => vec![remark(
            "raise RLIMIT_MEMLOCK in the container runtime's unit",
        )],
        None => vec![
            remark("in the shell that starts the loader:"),
            format!("ulimit -l {shell}"),
            remark("or, for a service of systemd, `systemctl edit YOUR-SERVICE` with these lines:"),
            remark("[Service]"),
            remark(&format!("LimitMEMLOCK={wanted}")),
        ],
    };
    Recipe {
        kind: "limit",
        commands,
        undo: Vec::new(),
        needs: Needs::Privilege,
    }
}
