"""Makes of a container in a Kubernetes manifest what a container runtime makes of it.

    bundle.py MANIFEST CONTAINER DOCTOR SECCOMP FOLDER

writes FOLDER/config.json and FOLDER/rootfs for runc: the same arguments, capabilities, user,
mounts of paths of the node, and seccomp profile (SECCOMP is the runtime's default one, as
containers-common has it). What a pod has by default and a manifest doesn't say is as in
Kubernetes: /sys read-only, the paths of /proc that are masked, no new privileges if asked
for. Only what the manifests of docs/fleet/kubernetes use is understood; anything else is an
error.
"""

import json
import pathlib
import shutil
import sys

import yaml

DEFAULT = [  # capabilities of containerd and CRI-O without a word in the manifest
    "CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "NET_BIND_SERVICE",
    "SETGID", "SETUID", "SETPCAP", "SETFCAP", "SYS_CHROOT", "KILL",
]


def capabilities(context):
    if context.get("privileged"):
        sys.exit("privileged containers are not understood here")
    names = set(DEFAULT)
    said = context.get("capabilities", {})
    if "ALL" in said.get("drop", []):
        names = set()
    names -= set(said.get("drop", []))
    names |= set(said.get("add", []))
    return sorted("CAP_" + name for name in names)


NUMBERS = {  # include/uapi/linux/capability.h
    "CAP_NET_ADMIN": 12, "CAP_SYS_ADMIN": 21, "CAP_SYS_RESOURCE": 24, "CAP_PERFMON": 38, "CAP_BPF": 39,
}


def has(name):
    """Whether this process could give a capability away."""
    if name not in NUMBERS:
        return True
    status = pathlib.Path("/proc/self/status").read_text()
    [bounding] = [line.split()[1] for line in status.splitlines() if line.startswith("CapBnd:")]
    return bool(int(bounding, 16) >> NUMBERS[name] & 1)


def seccomp(profile, granted):
    """The profile for these capabilities, in the runtime specification's words."""
    calls = []
    for rule in profile["syscalls"]:
        needs, without = rule.get("includes", {}), rule.get("excludes", {})
        if not set(needs.get("caps", [])) <= set(granted):
            continue
        if "amd64" not in needs.get("arches", ["amd64"]):
            continue
        if set(without.get("caps", [])) & set(granted) or "amd64" in without.get("arches", []):
            continue
        call = {"names": rule["names"], "action": rule["action"]}
        if rule.get("args"):
            call["args"] = [
                {k: v for k, v in arg.items() if k in ("index", "value", "valueTwo", "op")}
                for arg in rule["args"]
            ]
        if rule.get("errnoRet") is not None:
            call["errnoRet"] = rule["errnoRet"]
        calls.append(call)
    made = {
        "defaultAction": profile["defaultAction"],
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": calls,
    }
    if profile.get("defaultErrnoRet") is not None:
        made["defaultErrnoRet"] = profile["defaultErrnoRet"]
    return made


def main():
    manifest, name, doctor, default_seccomp, folder = sys.argv[1:]
    folder = pathlib.Path(folder)
    documents = list(yaml.safe_load_all(pathlib.Path(manifest).read_text()))
    [workload] = [d for d in documents if d["kind"] in ("DaemonSet", "Job", "Deployment")]
    pod = workload["spec"]["template"]["spec"]
    every = pod.get("initContainers", []) + pod["containers"]
    [container] = [c for c in every if c["name"] == name]
    context = {**pod.get("securityContext", {}), **container["securityContext"]}

    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    for variable in container.get("env", []):
        field = variable["valueFrom"]["fieldRef"]["fieldPath"]
        env[variable["name"]] = {"spec.nodeName": "node-1"}[field]
    arguments = ["/bpf-doctor"]
    for argument in container["args"]:
        for key, value in env.items():
            argument = argument.replace(f"$({key})", value)
        arguments.append(argument)

    mounts = [
        {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
        {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
    ]
    paths = {v["name"]: v["hostPath"]["path"] for v in pod.get("volumes", [])}
    for mount in container.get("volumeMounts", []):
        source = pathlib.Path(paths[mount["name"]]).resolve()
        if not source.exists():
            print(f"{source} is not on this machine: an empty folder stands for it", file=sys.stderr)
            source = folder / "empty"
            source.mkdir(parents=True, exist_ok=True)
        source = str(source.absolute())
        if mount["mountPath"] == "/sys":
            mounts = [m for m in mounts if m["destination"] != "/sys"]
        options = ["rbind", "rprivate"] + (["ro"] if mount.get("readOnly") else ["rw"])
        mounts.append({"destination": mount["mountPath"], "type": "bind", "source": source, "options": options})

    granted = capabilities(context)
    own = {name for name in granted if not has(name)}
    if own:
        print(f"this machine itself lacks {' '.join(sorted(own))}: left out", file=sys.stderr)
    granted = [name for name in granted if name not in own]
    namespaces = ["mount", "ipc", "uts", "network"]
    if not pod.get("hostPID"):
        namespaces.append("pid")
    config = {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False,
            "user": {"uid": context.get("runAsUser", 0), "gid": context.get("runAsGroup", 0)},
            "args": arguments,
            "env": [f"{key}={value}" for key, value in env.items()],
            "cwd": "/",
            "capabilities": {
                # Kubernetes gives nobody but root what a manifest adds.
                kind: granted if context.get("runAsUser", 0) == 0 or kind == "bounding" else []
                for kind in ("bounding", "effective", "permitted", "inheritable")
            },
            "noNewPrivileges": not context.get("allowPrivilegeEscalation", True),
        },
        "root": {"path": "rootfs", "readonly": context.get("readOnlyRootFilesystem", False)},
        "hostname": workload["metadata"]["name"] + "-x7k2p",
        "mounts": mounts,
        "linux": {
            "namespaces": [{"type": kind} for kind in namespaces],
            "maskedPaths": [
                "/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
                "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi",
                "/sys/firmware",
            ],
            "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
        },
    }
    if context.get("seccompProfile", {}).get("type") == "RuntimeDefault":
        profile = json.loads(pathlib.Path(default_seccomp).read_text())
        config["linux"]["seccomp"] = seccomp(profile, granted)
    rootfs = folder / "rootfs"
    rootfs.mkdir(parents=True)
    for mount in mounts:
        place = rootfs / mount["destination"].lstrip("/")
        if mount["type"] == "bind" and pathlib.Path(mount["source"]).is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()
        else:
            place.mkdir(parents=True, exist_ok=True)
    shutil.copy(doctor, rootfs / "bpf-doctor")
    (folder / "config.json").write_text(json.dumps(config, indent=1))


main()
