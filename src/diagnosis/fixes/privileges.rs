//! What a process may do: capabilities and limits, where it is started.

use super::platform::Platform;
use super::{Recipe, quote, remark};
use crate::catalogue::Needs;
use crate::facts::{Fact, Facts, Value, Why, was_sys_admin};

/// What a file is to be given so that its process has these: what a user's process holds already may
/// be of that file, and what is set there takes the place of all that was.
fn of_a_file(names: &[String], facts: &Facts) -> Vec<String> {
    let is_root = facts.number("privilege.euid") == Some(0);
    let held = facts.list("privilege.capabilities").filter(|_| !is_root);
    let held = held.into_iter().flatten();
    let more = held.filter(|name| !names.contains(name));
    names.iter().cloned().chain(more).collect()
}

pub(super) fn capabilities(wanted: &[String], facts: &Facts, platform: &Platform) -> Recipe {
    // A kernel that doesn't know CAP_BPF asks for CAP_SYS_ADMIN in its place.
    let names = match facts.lacks_cap_bpf() {
        true => before_cap_bpf(wanted),
        false => wanted.to_vec(),
    };
    let spaced = names.join(" ");
    let short: Vec<&str> = names
        .iter()
        .map(|name| name.strip_prefix("CAP_").unwrap_or(name))
        .collect();
    // What is granted inside a user namespace counts there alone, a file's capabilities as well.
    if facts.text("privilege.user-namespace").as_deref() == Some("other") {
        return outside(&short, facts, platform);
    }
    // What is kept from all that is started from here; a set that is known to be empty is the
    // narrowest.
    let bounding = facts.list("privilege.bounding");
    let is_kept = |name: &String| bounding.as_ref().is_some_and(|set| !set.contains(name));
    let is_narrow = names.iter().any(is_kept);
    let mut undo = Vec::new();
    let commands = match (platform.container.as_deref(), &platform.unit) {
        _ if platform.pod => pod(&[
            "securityContext:".to_owned(),
            format!("  capabilities: {{add: [{}]}}", short.join(", ")),
            "  runAsUser: 0   # capabilities reach root alone; another user needs them on the file"
                .to_owned(),
        ]),
        (Some(runtime @ ("docker" | "podman")), _) => {
            let options = short.iter().map(|name| format!(" --cap-add={name}"));
            let mut lines = vec![
                format!("{runtime} run{} …", options.collect::<String>()),
                remark(&format!(
                    "or, in a Compose file: cap_add: [{}]",
                    short.join(", ")
                )),
            ];
            // Docker adds them to the bounding set of another user than root, and to no other.
            let is_user = facts.number("privilege.euid").is_some_and(|euid| euid != 0);
            if runtime == "docker" && is_user {
                lines.push(remark(
                    "what is added reaches root alone: run it with --user 0 besides (Compose: user: \"0\"),",
                ));
                lines.push(remark(&format!(
                    "or have the file carry it, in the image: setcap {}+ep /path/to/your-loader",
                    spaced.to_lowercase().replace(' ', ",")
                )));
            }
            lines
        }
        (Some("lxc"), _) => vec![
            remark(
                "in the container's configuration, no lxc.cap.drop of these, and no user namespace:",
            ),
            remark(&spaced.to_lowercase().replace("cap_", "")),
        ],
        (Some("systemd-nspawn"), _) => vec![remark(&format!(
            "in the container's .nspawn file, section [Exec]: Capability={spaced}, PrivateUsers=no"
        ))],
        (Some(_), _) => vec![remark(&format!("start the container with {spaced}"))],
        (None, Some(unit)) => {
            let mut lines = vec![format!("AmbientCapabilities={spaced}")];
            // Naming the set narrows it; only where it is narrow already it must be named.
            if is_narrow {
                lines.push(format!("CapabilityBoundingSet={spaced}"));
            }
            if is_nixos(platform) {
                undo = nixos_undo();
                nixos_unit(unit, &lines)
            } else {
                // Sets of several files add up: each has its own, and none is written over.
                let subject = subject_of(&short);
                undo = take_off(unit, &subject);
                drop_in(unit, &subject, &lines)
            }
        }
        (None, None) if is_nixos(platform) => {
            undo = nixos_undo();
            let mut lines = vec![
                remark(
                    "run the loader as root, or, in /etc/nixos/configuration.nix, have a copy of it with",
                ),
                remark(
                    "what it needs below /run/wrappers/bin: files of the store carry no capabilities",
                ),
                remark(&format!(
                    "security.wrappers.NAME = {{ source = \"/path/to/your-loader\"; owner = \"root\"; \
                     group = \"root\"; capabilities = \"{}+ep\"; }};",
                    spaced.to_lowercase().replace(' ', ",")
                )),
                remark("or, for a service:"),
            ];
            lines.extend(
                nixos_unit("NAME.service", &[format!("AmbientCapabilities={spaced}")]).split_off(1),
            );
            lines
        }
        // A file with capabilities that are kept from it is not started at all.
        (None, None) if is_narrow => {
            let kept = names.iter().filter(|name| is_kept(name));
            let kept: Vec<&str> = kept.map(String::as_str).collect();
            let mut lines = vec![
                remark(&format!(
                    "what is started from here never gets {} (CapBnd in /proc/self/status), root",
                    kept.join(", ")
                )),
                remark(
                    "or not, and a file that is given it by setcap is not started at all: start the loader",
                ),
                remark("where nothing keeps it back, from a login of the host, say"),
            ];
            if platform.systemd {
                lines.push(remark("or by systemd, which hands on its own:"));
                lines.push(format!(
                    "systemd-run --pty -p AmbientCapabilities={} /path/to/your-loader",
                    quote(&spaced)
                ));
            }
            lines
        }
        (None, None) => {
            undo = vec!["setcap -r /path/to/your-loader".to_owned()];
            let file = of_a_file(&names, facts);
            let mut lines = vec![
                remark("run the loader as root, or give its file what it needs:"),
                format!(
                    "setcap {}+ep /path/to/your-loader",
                    quote(&file.join(",").to_lowercase())
                ),
            ];
            if facts.list("privilege.capabilities").is_none() {
                lines.push(remark(
                    "what is named takes the place of what the file has: add what `getcap` shows",
                ));
            }
            if platform.family == "alpine" {
                let ambient = format!("^{}", spaced.to_lowercase().replace(' ', ",^"));
                lines.push(remark(
                    "or, for a service of OpenRC (0.45 or later), in /etc/conf.d/YOUR-SERVICE:",
                ));
                lines.push(remark(&format!("capabilities=\"{ambient}\"")));
            } else {
                lines.extend([
                    remark(
                        "or, for a service of systemd, `systemctl edit YOUR-SERVICE` with these lines:",
                    ),
                    remark("[Service]"),
                    remark(&format!("AmbientCapabilities={spaced}")),
                    remark("and, only where the unit has a CapabilityBoundingSet= already:"),
                    remark(&format!("CapabilityBoundingSet={spaced}")),
                ]);
            }
            if facts.get("privilege.no-new-privs").value() == Some(&true.into()) {
                lines.push(remark(
                    "a file's capability does not count for what is started from here (NoNewPrivs in /proc/self/status)",
                ));
            }
            lines
        }
    };
    Recipe {
        kind: "capabilities",
        commands,
        undo,
        needs: Needs::Privilege,
    }
}

/// What a kernel asks for in their place that does not know them.
fn before_cap_bpf(wanted: &[String]) -> Vec<String> {
    let is_new = |name: &&String| was_sys_admin(name);
    let mut names = Vec::new();
    if wanted.iter().any(|name| is_new(&name)) {
        names.push("CAP_SYS_ADMIN".to_owned());
    }
    // Programs on packets were loaded with it alone, whatever CAP_SYS_ADMIN allows.
    if wanted.iter().any(|name| name == "CAP_BPF") {
        names.push("CAP_NET_ADMIN".to_owned());
    }
    let others = wanted.iter().filter(|name| !is_new(name));
    let others: Vec<String> = others
        .filter(|name| !names.contains(name))
        .cloned()
        .collect();
    names.extend(others);
    names
}

/// What a file of capabilities is called: by those it has, as far as a file's name has room.
fn subject_of(short: &[&str]) -> String {
    let names: Vec<String> = short
        .iter()
        .map(|name| name.to_lowercase().replace('_', "-"))
        .collect();
    let mut subject = "capabilities".to_owned();
    for (index, name) in names.iter().enumerate() {
        if subject.len() + name.len() > 160 {
            subject.push_str(&format!("-and-{}", names.len() - index));
            break;
        }
        subject.push_str(&format!("-{name}"));
    }
    subject
}

/// Capabilities that count for bpf(2), for a process in a user namespace: they must be held
/// outside of it, or be lent by a token.
fn outside(short: &[&str], facts: &Facts, platform: &Platform) -> Recipe {
    let lent = match facts.get("privilege.bpf-delegated") {
        Fact::Known { value, .. } if value != Value::Absent => vec![
            remark(
                "a bpf file system here lends all rights by a token, which the loader has to take:",
            ),
            remark("libbpf from 1.5 on does so by itself from /sys/fs/bpf, and then lacks nothing"),
        ],
        Fact::Unknown { reason, .. } if reason.unknown == Why::Untold => vec![
            remark(&reason.detail),
            remark("see what it lends: grep -w bpf /proc/self/mountinfo   # options delegate_…"),
        ],
        _ => Vec::new(),
    };
    if !lent.is_empty() {
        return Recipe {
            kind: "capabilities",
            commands: lent,
            undo: Vec::new(),
            needs: Needs::Nothing,
        };
    }
    let mut commands = match platform.container.as_deref() {
        _ if platform.pod => pod(&[
            "hostUsers: true   # of the pod's spec, not of the container".to_owned(),
            "securityContext:".to_owned(),
            format!("  capabilities: {{add: [{}]}}", short.join(", ")),
        ]),
        Some(runtime @ ("docker" | "podman")) => {
            let options = short.iter().map(|name| format!(" --cap-add={name}"));
            let options = options.collect::<String>();
            vec![
                remark("as root of the host, not rootless, without a user namespace of its own:"),
                format!("{runtime} run --userns=host{options} …"),
            ]
        }
        Some("lxc") => vec![remark(
            "run the container privileged (no lxc.idmap; Incus, LXD: security.privileged=true)",
        )],
        Some("systemd-nspawn") => vec![remark(&format!(
            "in the container's .nspawn file: [Exec] PrivateUsers=no, Capability=CAP_{}",
            short.join(" CAP_")
        ))],
        Some(_) => vec![remark(&format!(
            "start the container outside of a user namespace, with CAP_{}",
            short.join(" CAP_")
        ))],
        None => vec![
            remark(
                "leave the user namespace (unshare -U, a rootless shell, PrivateUsers= of a unit),",
            ),
            remark("and there run the loader as root, or with these capabilities:"),
            remark(&format!("CAP_{}", short.join(" CAP_"))),
        ],
    };
    commands.push(remark(
        "capabilities in a user namespace, and setcap there, do not count for bpf(); from 6.9 on",
    ));
    commands.push(remark(
        "root of the host may lend rights instead, by a token: systemd 258 PrivateBPF=yes with",
    ));
    commands.push(remark(
        "BPFDelegateCommands=, or mount -t bpf -o delegate_cmds=any,… for the namespace",
    ));
    Recipe {
        kind: "capabilities",
        commands,
        undo: Vec::new(),
        needs: Needs::Privilege,
    }
}

/// Lines for the container in a pod's manifest.
pub(super) fn pod(lines: &[String]) -> Vec<String> {
    let head = remark("in the pod's manifest (of its DaemonSet, of its chart), for the container:");
    let lines = lines.iter().map(|line| remark(line));
    [head].into_iter().chain(lines).collect()
}

pub(super) fn is_nixos(platform: &Platform) -> bool {
    platform.image.as_deref() == Some("nixos")
}

/// On NixOS units are made from the system's configuration, and their directory is a part of the
/// store, which nobody writes to.
pub(super) fn nixos_unit(unit: &str, settings: &[String]) -> Vec<String> {
    let name = unit.strip_suffix(".service").unwrap_or(unit);
    let is_plain = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    // In a string of Nix a backslash, a quote and `${` mean something.
    let quoted = || {
        name.replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace("${", "\\${")
    };
    let name = match is_plain {
        true => name.to_owned(),
        false => format!("\"{}\"", quoted()),
    };
    let mut lines = vec![remark("in /etc/nixos/configuration.nix:")];
    for setting in settings {
        let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
        lines.push(remark(&format!(
            "systemd.services.{name}.serviceConfig.{key} = \"{value}\";"
        )));
    }
    lines.push("nixos-rebuild switch".to_owned());
    lines
}

pub(super) fn nixos_undo() -> Vec<String> {
    vec!["nixos-rebuild switch --rollback".to_owned()]
}

/// Where a change to a unit lies, beside what others changed.
fn drop_in_file(unit: &str, subject: &str) -> (String, String) {
    let folder = format!("/etc/systemd/system/{unit}.d");
    let file = format!("{folder}/zz-bpf-doctor-{subject}.conf");
    (quote(&folder), quote(&file))
}

pub(super) fn drop_in(unit: &str, subject: &str, lines: &[String]) -> Vec<String> {
    let (folder, file) = drop_in_file(unit, subject);
    let lines: Vec<String> = lines.iter().map(|line| quote(line)).collect();
    vec![
        format!("mkdir -p {folder}"),
        format!("printf '%s\\n' '[Service]' {} > {file}", lines.join(" ")),
        "systemctl daemon-reload".to_owned(),
        format!("systemctl restart {}", quote(unit)),
    ]
}

pub(super) fn take_off(unit: &str, subject: &str) -> Vec<String> {
    let (_, file) = drop_in_file(unit, subject);
    vec![
        format!("rm {file}"),
        "systemctl daemon-reload".to_owned(),
        format!("systemctl restart {}", quote(unit)),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::limits::memlock;
    use super::super::tests::with;
    use super::*;
    use crate::facts::{Fact, Value};

    const WANTED: &str = "CAP_BPF";

    fn commands(facts: &Facts) -> String {
        let recipe = capabilities(&[WANTED.to_owned()], facts, &Platform::of(facts));
        recipe.commands.join("\n")
    }

    /// setcap takes all that a file has away, and gives it what it names.
    #[test]
    fn a_file_keeps_what_its_process_holds() {
        let wanted = ["CAP_SYSLOG".to_owned()];
        for (euid, held, given, asks) in [
            (
                1000,
                Some("CAP_PERFMON CAP_SYSLOG"),
                "CAP_SYSLOG CAP_PERFMON",
                false,
            ),
            (1000, Some(""), "CAP_SYSLOG", false),
            (0, Some("CAP_PERFMON"), "CAP_SYSLOG", false),
            (1000, None, "CAP_SYSLOG", true),
        ] {
            let mut facts = Facts::default();
            facts.set("privilege.euid", Fact::known(euid, "x"));
            if let Some(held) = held {
                let held: Vec<String> = held.split_whitespace().map(str::to_owned).collect();
                facts.set("privilege.capabilities", Fact::known(held, "x"));
            }
            assert_eq!(
                of_a_file(&wanted, &facts).join(" "),
                given,
                "{euid} {held:?}"
            );
            let told = capabilities(&wanted, &facts, &Platform::of(&facts)).commands;
            let is_asked = told.iter().any(|line| line.contains("`getcap` shows"));
            assert_eq!(is_asked, asks, "{told:?}");
        }
    }

    #[test]
    fn what_a_kernel_does_not_know_has_a_name_it_knows() {
        for (wanted, names) in [
            ("CAP_BPF CAP_PERFMON", "CAP_SYS_ADMIN CAP_NET_ADMIN"),
            ("CAP_SYS_RESOURCE", "CAP_SYS_RESOURCE"),
            ("CAP_PERFMON CAP_SYS_PTRACE", "CAP_SYS_ADMIN CAP_SYS_PTRACE"),
        ] {
            let wanted: Vec<String> = wanted.split(' ').map(str::to_owned).collect();
            assert_eq!(before_cap_bpf(&wanted).join(" "), names);
        }
    }

    /// Two sets have two files, whose names fit.
    #[test]
    fn a_file_of_capabilities_is_called_by_them() {
        let many = vec!["CHECKPOINT_RESTORE"; 20];
        assert_eq!(
            subject_of(&["BPF", "SYS_PTRACE"]),
            "capabilities-bpf-sys-ptrace"
        );
        assert_ne!(subject_of(&["BPF"]), subject_of(&["BPF", "PERFMON"]));
        assert!(subject_of(&many).len() < 200 && subject_of(&many).ends_with("-and-13"));
    }

    #[test]
    fn who_was_lent_a_token_is_not_told_to_ask_for_one() {
        let source = "/proc/self/mountinfo";
        let part = "the bpf file system at `/mnt` lends rights by tokens";
        for (lent, says) in [
            (
                Fact::known("all", source),
                "libbpf from 1.5 on does so by itself",
            ),
            (Fact::unknown(Why::Untold, part, source), part),
            (
                Fact::absent(source),
                "root of the host may lend rights instead",
            ),
            (
                Fact::unknown(Why::Denied, "", source),
                "root of the host may lend rights instead",
            ),
        ] {
            let mut facts = with(&[("privilege.user-namespace", "other")]);
            facts.set("privilege.bpf-delegated", lent);
            let told = commands(&facts);
            assert!(told.contains(says), "{told}");
            let asks = told.contains("leave the user namespace");
            assert_eq!(asks, says.starts_with("root"), "{told}");
        }
    }

    #[test]
    fn a_pod_is_told_its_manifest() {
        let facts = with(&[
            ("environment.container", "containerd"),
            ("environment.kubernetes", "pod"),
        ]);
        let told = commands(&facts);
        assert!(told.contains("capabilities: {add: [BPF]}"), "{told}");
        assert!(told.lines().all(|line| line.starts_with('#')), "{told}");
        let limit = memlock("infinity", &facts, &Platform::of(&facts))
            .commands
            .join("\n");
        assert!(limit.contains("SYS_RESOURCE"), "{limit}");
    }

    #[test]
    fn a_unit_gets_a_drop_in_that_widens_and_never_narrows() {
        let mut facts = with(&[("environment.unit", "a b@1.service")]);
        let told = commands(&facts);
        assert!(
            told.contains("'/etc/systemd/system/a b@1.service.d'"),
            "{told}"
        );
        assert!(told.contains("AmbientCapabilities=CAP_BPF"), "{told}");
        assert!(!told.contains("CapabilityBoundingSet"), "{told}");
        for (set, named) in [
            (vec![], true),
            (vec!["CAP_CHOWN"], true),
            (vec!["CAP_CHOWN", "CAP_BPF"], false),
        ] {
            let names = set.iter().map(ToString::to_string);
            let value = Value::List(names.collect());
            facts.set("privilege.bounding", Fact::known(value, "x"));
            let told = commands(&facts);
            let names = told.contains("CapabilityBoundingSet=CAP_BPF");
            assert_eq!(names, named, "{set:?}: {told}");
        }
        let undo = memlock("infinity", &facts, &Platform::of(&facts)).undo;
        assert!(
            undo[0].starts_with("rm '/etc/systemd/system/a b@1"),
            "{undo:?}"
        );
    }

    /// What is written below /etc/systemd/system there is in the store, which is read-only.
    #[test]
    fn nixos_makes_units_from_its_configuration() {
        let rows = [
            ("agent.service", "# systemd.services.agent.serviceConfig."),
            ("a@1.service", "# systemd.services.\"a@1\".serviceConfig."),
            (
                "a${b}\"c.service",
                "# systemd.services.\"a\\${b}\\\"c\".serviceConfig.",
            ),
            ("", "# security.wrappers.NAME"),
        ];
        for (unit, wanted) in rows {
            let mut keys = vec![("os.image", "nixos"), ("environment.container", "none")];
            keys.extend((!unit.is_empty()).then_some(("environment.unit", unit)));
            let facts = with(&keys);
            let recipe = capabilities(&[WANTED.to_owned()], &facts, &Platform::of(&facts));
            let told = recipe.commands.join("\n");
            assert!(told.contains(wanted), "{unit}: {told}");
            assert!(told.contains("\nnixos-rebuild switch"), "{unit}: {told}");
            let limit = memlock("infinity", &facts, &Platform::of(&facts))
                .commands
                .join("\n");
            assert!(
                limit.contains("serviceConfig.LimitMEMLOCK = \"infinity\";"),
                "{limit}"
            );
            for text in [&told, &limit] {
                assert!(
                    !text.contains("/etc/systemd") && !text.contains("setcap "),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn in_a_user_namespace_nothing_is_advised_that_counts_there_alone() {
        for container in ["none", "docker", "podman", "lxc", "systemd-nspawn", "other"] {
            let told = commands(&with(&[
                ("environment.container", container),
                ("environment.unit", "a.service"),
                ("privilege.user-namespace", "other"),
            ]));
            assert!(!told.contains("setcap cap_"), "{container}: {told}");
            assert!(!told.contains("AmbientCapabilities"), "{container}: {told}");
            assert!(told.contains("token"), "{container}: {told}");
        }
        let docker = commands(&with(&[
            ("environment.container", "docker"),
            ("privilege.user-namespace", "other"),
        ]));
        assert!(
            docker.contains("docker run --userns=host --cap-add=BPF"),
            "{docker}"
        );
        let first = commands(&with(&[
            ("environment.container", "none"),
            ("privilege.user-namespace", "initial"),
        ]));
        assert!(first.contains("setcap cap_bpf+ep"), "{first}");
    }

    /// What Docker adds for another user than root stays in the bounding set.
    #[test]
    fn dockers_other_users_are_told_how_capabilities_reach_them() {
        for (container, euid, says) in [
            ("docker", Some(1000), true),
            ("docker", Some(0), false),
            ("docker", None, false),
            ("podman", Some(1000), false),
        ] {
            let mut facts = with(&[("environment.container", container)]);
            if let Some(euid) = euid {
                facts.set("privilege.euid", Fact::known(euid, "x"));
            }
            let told = commands(&facts);
            let named = told.contains("--user 0") && told.contains("setcap cap_bpf+ep");
            assert_eq!(named, says, "{container} {euid:?}: {told}");
        }
    }

    /// Neither root nor a file's capabilities pass over what a process is kept from.
    #[test]
    fn what_is_kept_from_this_process_is_said() {
        for (set, no_new, says) in [
            (None, None, [false, false]),
            (Some(vec!["CAP_BPF"]), Some(false), [false, false]),
            (Some(vec![]), None, [true, false]),
            (Some(vec!["CAP_CHOWN"]), Some(true), [true, false]),
            (Some(vec!["CAP_BPF"]), Some(true), [false, true]),
        ] {
            let mut facts = with(&[("environment.container", "none")]);
            if let Some(set) = &set {
                let names = set.iter().map(ToString::to_string);
                let value = Value::List(names.collect());
                facts.set("privilege.bounding", Fact::known(value, "x"));
            }
            if let Some(no_new) = no_new {
                facts.set("privilege.no-new-privs", Fact::known(no_new, "x"));
            }
            let told = commands(&facts);
            let found = ["CapBnd", "NoNewPrivs"].map(|word| told.contains(word));
            assert_eq!(found, says, "{set:?} {no_new:?}: {told}");
            // A file that is given what is kept from it is not started at all.
            assert_eq!(told.contains("setcap cap_bpf+ep"), !says[0], "{told}");
        }
    }

    #[test]
    fn other_containers_are_told_their_own_way() {
        for (container, says) in [
            ("docker", "docker run --cap-add=BPF …"),
            ("lxc", "# bpf"),
            ("systemd-nspawn", "Capability=CAP_BPF"),
            ("other", "# start the container with CAP_BPF"),
            ("none", "setcap cap_bpf+ep"),
        ] {
            let told = commands(&with(&[("environment.container", container)]));
            assert!(told.contains(says), "{container}: {told}");
        }
    }

    #[test]
    fn services_of_openrc_are_told_in_its_words() {
        for (family, words, limit) in [
            (
                "alpine",
                "# capabilities=\"^cap_bpf\"",
                "# rc_ulimit=\"-l unlimited\"",
            ),
            (
                "debian",
                "# AmbientCapabilities=CAP_BPF",
                "# LimitMEMLOCK=infinity",
            ),
        ] {
            let facts = with(&[("environment.container", "none"), ("os.family", family)]);
            assert!(commands(&facts).contains(words), "{family}");
            let told = memlock("infinity", &facts, &Platform::of(&facts)).commands;
            assert!(told.iter().any(|line| line == limit), "{family}: {told:?}");
        }
    }
}
