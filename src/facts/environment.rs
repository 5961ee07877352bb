//! Where the doctor runs: container, virtual machine, name of the host.

use sha2::{Digest, Sha256};

use super::keys::Values::{OneOf, Text};
use super::mounts::Mounts;
use super::{Fact, Facts, KeyInfo, Why, machine, reader};
use crate::host::Host;

pub(super) const KEYS: &[KeyInfo] = &[
    KeyInfo::one(
        "environment.container",
        OneOf(CONTAINERS),
        "Container the doctor runs in, `none` where its process namespace is the host's and \
         nothing tells of one.",
    ),
    KeyInfo::one(
        "environment.kubernetes",
        OneOf(&["pod", "node", "none"]),
        "Part the doctor's surroundings have in a Kubernetes cluster: a pod, a node, or none.",
    ),
    KeyInfo::one(
        "environment.unit",
        Text,
        "Service of the system's systemd that started this process; absent where a login, another \
         manager or nobody known did.",
    ),
    KeyInfo::one(
        "environment.virtualization",
        OneOf(machine::NAMES),
        "Virtual machine the host is, `none` where its hardware tells that it is none.",
    ),
    KeyInfo::one(
        "environment.hostname",
        Text,
        "Name of the host, as `uname -n` gives it; of one that does not run, from /etc/hostname.",
    ),
    KeyInfo::one(
        "environment.machine-id",
        Text,
        "What tells this system from all others: 32 hexadecimal digits made of /etc/machine-id, \
         which itself is nobody's business (machine-id(5)).",
    ),
];

const CONTAINERS: &[&str] = &[
    "none",
    "docker",
    "podman",
    "kubernetes",
    "containerd",
    "lxc",
    "systemd-nspawn",
    "gvisor",
    "other",
];

/// Reads the hints there are.
pub(super) fn collect(host: &dyn Host, mounts: &Mounts, facts: &mut Facts) {
    let container = container(host, mounts, facts);
    facts.set("environment.kubernetes", kubernetes(host, &container));
    facts.set("environment.container", container);
    facts.set("environment.unit", unit(host));
    facts.set(
        "environment.virtualization",
        machine::virtualization(host, facts),
    );
    facts.set("environment.hostname", hostname(host));
    facts.set("environment.machine-id", machine_id(host));
}

/// Services that start what others ask for: a process in one of them is not its own.
const STARTERS: &[&str] = &[
    "amazon-ssm-agent",
    "atd",
    "cloud-final",
    "cloud-init",
    "console-getty",
    "containerd",
    "cri-docker",
    "crio",
    "cron",
    "crond",
    "docker",
    "getty",
    "google-guest-agent",
    "k3s",
    "k3s-agent",
    "kubelet",
    "lxd",
    "podman",
    "rke2-agent",
    "rke2-server",
    "serial-getty",
    "snapd",
    "ssh",
    "sshd",
    "waagent",
    "walinuxagent",
];

/// Whether what a unit is called, without its instance and ending, is one that starts others.
pub(crate) fn is_starter(stem: &str) -> bool {
    STARTERS.contains(&stem)
}

/// systemd puts each service into a control group of its name below system.slice; a user's own
/// services, below user.slice, are not of the system.
fn unit(host: &dyn Host) -> Fact {
    let path = "/proc/self/cgroup";
    let text = match reader::text(host, path) {
        Ok(text) => text,
        Err(error) => return reader::unreadable(&error, path),
    };
    // `0::PATH` of version 2, `1:name=systemd:PATH` of version 1.
    let mut paths = text.lines().filter_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        matches!(controllers, "" | "name=systemd").then_some(path)
    });
    let service = paths.find_map(|path| {
        let mut parts = path.strip_prefix("/system.slice/")?.split('/');
        parts.find(|part| part.ends_with(".service"))
    });
    let own = service.filter(|service| {
        let stem = service.trim_end_matches(".service");
        let stem = stem.split('@').next().unwrap_or(stem);
        !is_starter(stem)
    });
    match own {
        Some(service) => Fact::known(service, path),
        None => Fact::absent(path),
    }
}

/// The name that a file such as /etc/hostname gives a host.
pub(crate) fn own_name(text: &str) -> Option<&str> {
    let mut lines = text.lines().map(str::trim);
    lines.find(|line| !line.is_empty() && !line.starts_with('#'))
}

/// An image that does not run has its name in a file, and so has one of which the kernel shows
/// no name but the reader's own. Where both are there, redaction learns both.
fn hostname(host: &dyn Host) -> Fact {
    let running = if host.is_live() {
        "uname(2)"
    } else {
        "/proc/sys/kernel/hostname"
    };
    let noted = reader::fact(host, "/etc/hostname", |text| Some(own_name(text)?.into()));
    match host.uname() {
        Ok(uname) if !uname.nodename.is_empty() => Fact::known(uname.nodename, running),
        _ => noted,
    }
}

/// As machine-id(5) asks of applications: not the id, but a hash of it that is theirs alone.
fn machine_id(host: &dyn Host) -> Fact {
    reader::fact(host, "/etc/machine-id", |text| {
        let id = text.trim();
        // What redaction put in its place, in a bundle.
        let number = id.strip_prefix("machine-").unwrap_or_default();
        if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(id.into());
        }
        let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let digest = Sha256::digest(format!("bpf-doctor {}", id.to_ascii_lowercase()));
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let hash: String = digest.get(..16).map(hex)?;
        is_id.then(|| hash.into())
    })
}

/// Words that container managers use for themselves (the `container` variable of PID 1)
/// or write into the names of control groups, and what they mean here.
const MANAGERS: &[(&str, &str)] = &[
    ("kubepods", "kubernetes"),
    ("libpod", "podman"),
    ("podman", "podman"),
    ("systemd-nspawn", "systemd-nspawn"),
    ("lxc", "lxc"),
    ("docker", "docker"),
    ("containerd", "containerd"),
];

/// The word by which a container would be known, where this name is a part of a control group's.
pub(crate) fn manager_in(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    let (word, _) = MANAGERS.iter().find(|(word, _)| name.contains(word))?;
    Some(word)
}

fn manager(text: &str) -> Option<&'static str> {
    let (_, name) = MANAGERS.iter().find(|(word, _)| text.contains(word))?;
    Some(name)
}

fn container(host: &dyn Host, mounts: &Mounts, facts: &Facts) -> Fact {
    let build = facts.text("kernel.build").unwrap_or_default();
    if facts.text("kernel.flavour").as_deref() == Some("gvisor") || build == GVISOR_BUILD {
        return Fact::known("gvisor", facts.get("kernel.build").source());
    }
    // The first process namespace always has this number (PROC_PID_INIT_INO in
    // include/linux/proc_ns.h).
    let namespace = "/proc/self/ns/pid";
    let is_first = host
        .link(namespace)
        .ok()
        .map(|link| link == "pid:[4026531836]");
    let told = told_by_files(host, mounts, is_first).or_else(|| told_by_text(host));
    let told = told.or_else(|| match is_first {
        Some(false) => told_by_layers(host),
        _ => None,
    });
    match (told, is_first) {
        (Some((name, source)), _) => Fact::known(name, source),
        (None, Some(true)) => Fact::known("none", namespace),
        (None, Some(false)) => Fact::known("other", namespace),
        (None, None) => Fact::unknown(Why::Missing, "nothing tells", namespace),
    }
}

/// What kubelet and its relatives leave on a node.
const NODE_MARKS: &[&str] = &[
    "/var/lib/kubelet",
    "/etc/kubernetes/kubelet.conf",
    "/var/lib/rancher/k3s/agent",
    "/var/lib/rancher/rke2/agent",
    "/var/lib/k0s/kubelet",
    "/var/snap/microk8s/current",
];

/// Where kubelet keeps what it mounts into each container: /etc/hosts at least.
const POD_MOUNT: &str = "/kubelet/pods/";

fn kubernetes(host: &dyn Host, container: &Fact) -> Fact {
    let mountinfo = "/proc/self/mountinfo";
    let is_bare = container.value() == Some(&"none".into());
    if container.value() == Some(&"kubernetes".into()) {
        return Fact::known("pod", container.source());
    }
    if !is_bare && reader::text(host, mountinfo).is_ok_and(|text| text.contains(POD_MOUNT)) {
        return Fact::known("pod", mountinfo);
    }
    match NODE_MARKS.iter().find(|path| host.stat(path).is_ok()) {
        Some(path) => Fact::known("node", path),
        None if is_bare => Fact::known("none", "/var/lib/kubelet"),
        None => Fact::unknown(Why::Missing, "nothing tells", mountinfo),
    }
}

/// What gVisor's imitation of Linux says of its build (pkg/sentry/syscalls/linux).
const GVISOR_BUILD: &str = "#1 SMP Sun Jan 10 15:06:54 PST 2016";

/// Files that container managers leave, and whether they stay when a container image becomes
/// the disk of a virtual machine: such a machine shows them for ever.
const MARKS: &[(&str, &str, bool)] = &[
    ("/run/secrets/kubernetes.io", "kubernetes", false),
    ("/var/run/secrets/kubernetes.io", "kubernetes", false),
    ("/run/.containerenv", "podman", true),
    ("/.dockerenv", "docker", true),
];

/// Whether a container manager made this file system: what is inside of one has another's kernel.
pub(super) fn is_marked(host: &dyn Host) -> bool {
    let mut marks = MARKS.iter().filter(|(.., stays)| *stays);
    marks.any(|(path, ..)| host.stat(path).is_ok())
}

fn told_by_files(
    host: &dyn Host,
    mounts: &Mounts,
    is_first: Option<bool>,
) -> Option<(&'static str, &'static str)> {
    let is_machine = is_first == Some(true) && mounts.is_on("/", "overlay") != Some(true);
    let mut marks = MARKS.iter().filter(|(.., stays)| !(is_machine && *stays));
    let (path, name, _) = marks.find(|(path, ..)| host.stat(path).is_ok())?;
    Some((name, path))
}

fn told_by_text(host: &dyn Host) -> Option<(&'static str, &'static str)> {
    for path in [
        "/run/systemd/container",
        "/run/host/container-manager",
        "/proc/1/environ",
    ] {
        let Ok(text) = reader::text(host, path) else {
            continue;
        };
        let variable = text
            .split('\0')
            .find_map(|word| word.strip_prefix("container="));
        let word = if path == "/proc/1/environ" {
            variable
        } else {
            Some(text.as_str())
        };
        match word.map(str::trim) {
            None | Some("") => {}
            Some(word) => return Some((manager(word).unwrap_or("other"), path)),
        }
    }
    let path = "/proc/self/cgroup";
    Some((manager(&reader::text(host, path).ok()?)?, path))
}

/// Where runtimes keep the layers of their images, which the root's mount names.
const LAYERS: &[(&str, &str)] = &[
    ("/kubelet/pods/", "kubernetes"),
    ("/var/lib/docker/", "docker"),
    ("/containers/storage/", "podman"),
    ("/io.containerd.", "containerd"),
    ("/lxc/", "lxc"),
];

/// What is looked for in the list of mounts besides mount points.
pub(super) fn mount_marks() -> impl Iterator<Item = &'static str> {
    let layers = LAYERS.iter().map(|(place, _)| *place);
    layers.chain([POD_MOUNT])
}

fn told_by_layers(host: &dyn Host) -> Option<(&'static str, &'static str)> {
    let path = "/proc/self/mountinfo";
    let text = reader::text(host, path).ok()?;
    let (_, name) = LAYERS.iter().find(|(place, _)| text.contains(place))?;
    Some((name, path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Memory;

    const PID: &str = "/proc/self/ns/pid";

    #[test]
    fn a_service_is_told_by_its_control_group() {
        for (text, service) in [
            ("0::/system.slice/agent.service\n", Some("agent.service")),
            (
                "0::/system.slice/agent.service/payload\n",
                Some("agent.service"),
            ),
            (
                "0::/system.slice/system-web.slice/web@7.service\n",
                Some("web@7.service"),
            ),
            (
                "4:memory:/\n1:name=systemd:/system.slice/agent.service\n0::/\n",
                Some("agent.service"),
            ),
            ("0::/system.slice/ssh.service\n", None),
            ("0::/system.slice/sshd@3-10.0.0.1.service\n", None),
            ("0::/user.slice/user-0.slice/session-3.scope\n", None),
            (
                "0::/user.slice/user-7.slice/user@7.service/app.slice/a.service\n",
                None,
            ),
            ("0::/\n", None),
        ] {
            let found = unit(&Memory::new().with("/proc/self/cgroup", text));
            let expected = match service {
                Some(name) => Fact::known(name, "/proc/self/cgroup"),
                None => Fact::absent("/proc/self/cgroup"),
            };
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn the_name_of_an_image_is_in_its_file() {
        let id = |text: &str| machine_id(&Memory::new().with("/etc/machine-id", text));
        let one = id("0a1b2c3d0000111122220a1b2c3d4e5f\n");
        let Some(crate::facts::Value::Text(hash)) = one.value() else {
            panic!("{one:?}");
        };
        assert_eq!(hash, "c8fb6a2efe80e178653a345ba55562cd");
        assert_ne!(id("0a1b2c3d0000111122220a1b2c3d4e50\n"), one);
        assert_eq!(id("machine-1\n").value(), Some(&"machine-1".into()));
        for text in ["", "uninitialized\n", "0a1b\n", "machine-", "machine-x"] {
            assert_eq!(id(text).value(), None, "{text}");
        }
        let file = Memory::new().with("/etc/hostname", "# ours\nweb-17\n");
        let running = file.clone().with_uname("6.1.0", "#1", "x86_64");
        assert_eq!(hostname(&file), Fact::known("web-17", "/etc/hostname"));
        assert_eq!(hostname(&running).value(), Some(&"host".into()));
        assert!(hostname(&Memory::new()).value().is_none());
    }

    #[test]
    fn a_cluster_is_told_by_what_it_leaves() {
        let hosts = "9 1 8:1 /var/lib/kubelet/pods/1f/etc-hosts /etc/hosts rw - ext4 /dev/sda rw\n";
        let pod = Memory::new().with("/proc/self/mountinfo", hosts);
        let node = Memory::new().with("/var/lib/kubelet/config.yaml", "");
        for (host, container, part) in [
            (Memory::new(), Some("none"), Some("none")),
            (Memory::new(), Some("docker"), None),
            (Memory::new(), Some("kubernetes"), Some("pod")),
            (Memory::new(), None, None),
            (pod.clone(), Some("containerd"), Some("pod")),
            // A node has the mounts of its pods in sight.
            (pod, Some("none"), Some("none")),
            (node, Some("none"), Some("node")),
        ] {
            let unknown = Fact::unknown(Why::Missing, "", PID);
            let container = container.map_or(unknown, |name| Fact::known(name, PID));
            let told = kubernetes(&host, &container);
            assert_eq!(told.value(), part.map(Into::into).as_ref(), "{host:?}");
        }
    }

    #[test]
    fn containers_are_told_by_what_they_leave() {
        let first = Memory::new().with_link(PID, "pid:[4026531836]");
        let inner = Memory::new().with_link(PID, "pid:[4026532442]");
        let disk = "1 0 8:1 / / rw - ext4 /dev/sda rw\n";
        let layers = "1 0 0:9 / / rw - overlay overlay rw\n";
        let mountinfo = "/proc/self/mountinfo";
        let cgroup = "/proc/self/cgroup";
        for (host, name) in [
            (Memory::new(), None),
            (first.clone(), Some("none")),
            (inner.clone(), Some("other")),
            (inner.clone().with("/.dockerenv", ""), Some("docker")),
            (
                inner
                    .clone()
                    .with("/run/.containerenv", "engine=\"podman-4\""),
                Some("podman"),
            ),
            // A virtual machine whose disk was made from an image.
            (
                first.clone().with("/.dockerenv", "").with(mountinfo, disk),
                Some("none"),
            ),
            // `docker run --pid=host`.
            (
                first
                    .clone()
                    .with("/.dockerenv", "")
                    .with(mountinfo, layers),
                Some("docker"),
            ),
            (
                inner
                    .clone()
                    .with("/.dockerenv", "")
                    .with("/run/secrets/kubernetes.io/serviceaccount/token", ""),
                Some("kubernetes"),
            ),
            (
                inner
                    .clone()
                    .with("/proc/1/environ", "A=b\0container=lxc\0"),
                Some("lxc"),
            ),
            (
                inner.clone().with("/proc/1/environ", "container=\0"),
                Some("other"),
            ),
            (
                inner
                    .clone()
                    .with("/run/systemd/container", "systemd-nspawn\n"),
                Some("systemd-nspawn"),
            ),
            (
                inner.clone().with("/run/host/container-manager", "new"),
                Some("other"),
            ),
            (
                inner
                    .clone()
                    .with(cgroup, "0::/kubepods.slice/cri-containerd-1f\n"),
                Some("kubernetes"),
            ),
            (
                inner
                    .clone()
                    .with(cgroup, "0::/system.slice/docker-1f.scope\n"),
                Some("docker"),
            ),
            (
                inner.clone().with(
                    mountinfo,
                    "1 0 0:9 / / rw - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/A\n",
                ),
                Some("docker"),
            ),
            (inner.with(cgroup, "0::/\n"), Some("other")),
            (
                first.with_uname("4.4.0", GVISOR_BUILD, "x86_64"),
                Some("gvisor"),
            ),
        ] {
            let facts = crate::facts::collect(&host);
            assert_eq!(
                facts.text("environment.container").as_deref(),
                name,
                "{host:?}"
            );
        }
    }
}
