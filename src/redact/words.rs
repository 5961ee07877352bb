//! Words that redaction goes by: those that tell nothing, and those that promise a secret.

/// Names that say nothing of whose host it is, or that mean something else in most places.
pub(super) const COMMON: &[&str] = &[
    "localhost",
    "localdomain",
    "linux",
    "none",
    "host",
    "root",
    "boot",
    "home",
    "proc",
    "sys",
    "dev",
    "run",
    "tmp",
    "usr",
    "etc",
    "var",
    "lib",
    "bin",
    "bpf",
    "debian",
    "ubuntu",
    "fedora",
    "centos",
    "rhel",
    "rocky",
    "alpine",
    "arch",
    "amzn",
    "sles",
    "cgroup",
    "cgroup2",
    "tmpfs",
    // Makers and products in the tables of the firmware, by which a virtual machine is known.
    "amazon",
    "apple",
    "bochs",
    "google",
    "innotek",
    "kvm",
    "machine",
    "metal",
    "microsoft",
    "openstack",
    "parallels",
    "qemu",
    "virtual",
    "virtualbox",
    "virtualization",
    "vmware",
    "xen",
    // What mounts, hierarchies and files of the kernel are called: a host of such a name keeps
    // it, or what checks look for would be gone.
    "blkio",
    "bpffs",
    "config",
    "configs",
    "controllers",
    "cpu",
    "cpuacct",
    "cpuset",
    "debugfs",
    "devices",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "freezer",
    "hugetlb",
    "hugetlbfs",
    "hybrid",
    "kernel",
    "legacy",
    "loader",
    "memory",
    "mqueue",
    "net_cls",
    "net_prio",
    "perf_event",
    "pids",
    "rdma",
    "securityfs",
    "security",
    "sysfs",
    "systemd",
    "tracefs",
    "tracing",
    "unified",
    "vmlinux",
    "vmlinuz",
    "grub",
    "grub2",
    "entries",
    "modules",
    "self",
    "mounts",
    "status",
    "ext4",
    "xfs",
    "btrfs",
    "overlay",
    // What the kernel's log, boot loaders and lists of modules are made of.
    "advanced",
    "apparmor",
    "boot_image",
    "bls",
    "blscfg",
    "capability",
    "command",
    "conf",
    "confidentiality",
    "default",
    "efi",
    "enforcing",
    "fallback",
    "gnulinux",
    "ima",
    "initializing",
    "initramfs",
    "initrd",
    "integrity",
    "kubelet",
    "landlock",
    "line",
    "lock",
    "locked",
    "lockdown",
    "lsm",
    "menuentry",
    "mode",
    "ostree",
    "permissive",
    "pods",
    "recovery",
    "release",
    "rescue",
    "saved",
    "secure",
    "selinux",
    "submenu",
    "title",
    "version",
    "yama",
    "quiet",
    "splash",
    "auto",
    "true",
    "false",
];

/// What names of systems and of entries of boot loaders are made of, or of what stands in
/// redacted names: a user who is called so is not told by it.
pub(super) const SYSTEM_WORDS: &[&str] = &[
    "alma",
    "almalinux",
    "amd64",
    "arm64",
    "azure",
    "bottlerocket",
    "cloud",
    "container",
    "core",
    "coreos",
    "domain",
    "edition",
    "enterprise",
    "flatcar",
    "fuse",
    "generic",
    "gentoo",
    "gnu",
    "hat",
    "image",
    "ip",
    "leap",
    "lts",
    "mac",
    "manjaro",
    "mint",
    "nixos",
    "opensuse",
    "oracle",
    "photon",
    "red",
    "server",
    "stream",
    "suse",
    "talos",
    "user",
    "void",
    "with",
    "workstation",
];

/// Parts of names of arguments whose values are nobody's business.
pub(super) const SECRETS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "token",
    "secret",
    "key",
    "credential",
    "rootpw",
    "auth",
];

/// Whole names of such arguments, which stand in other words, too.
pub(super) const SHORT_SECRETS: &[&str] = &["pass", "pin", "psk", "pw"];

/// Last parts of the names of arguments and options whose values are users.
pub(super) const USER_ARGUMENTS: &[&str] = &["user", "username", "login", "logname", "uname"];

/// The same for hosts, where the value has a dot.
pub(super) const HOST_ARGUMENTS: &[&str] = &[
    "addr",
    "clientaddr",
    "host",
    "hostname",
    "ip",
    "mountaddr",
    "server",
    "servername",
];

/// File systems that lie elsewhere: what is mounted names servers and users.
pub(super) const REMOTE: &[&str] = &["ceph", "glusterfs", "lustre"];

/// The same for domains.
pub(super) const DOMAIN_ARGUMENTS: &[&str] =
    &["domain", "domainname", "dnsdomain", "realm", "workgroup"];

/// Where the same names stand on every host: a host called `config` must not turn
/// /boot/config-6.1 into something else.
pub(super) const SYSTEM_PATHS: &[&str] = &[
    "/proc/",
    "/sys/",
    "/boot/",
    "/usr/",
    "/lib/",
    "/lib64/",
    "/etc/",
    "/run/systemd/",
];

/// Vendors of EFI variables: the specification's own and systemd's boot loader.
pub(super) const EFI_VENDORS: &[&str] = &[
    "8be4df61-93ca-11d2-aa0d-00e098032b8c",
    "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f",
];

/// Kernel arguments whose values are needed for a diagnosis or tell nothing of anybody once
/// names and addresses are replaced.
pub(super) const OPEN_ARGUMENTS: &[&str] = &[
    "BOOT_IMAGE",
    "acpi",
    "acpi_osi",
    "apparmor",
    "audit",
    "biosdevname",
    "clocksource",
    "console",
    "crashkernel",
    "default_hugepagesz",
    "earlycon",
    "elevator",
    "enforcing",
    "hugepages",
    "hugepagesz",
    "initrd",
    "intel_iommu",
    "iommu",
    "ip",
    "isolcpus",
    "lockdown",
    "lsm",
    "mitigations",
    "modprobe.blacklist",
    "module_blacklist",
    "net.ifnames",
    "nohz_full",
    "panic",
    "pci",
    "preempt",
    "rcu_nocbs",
    "rd.luks.uuid",
    "rd.md.uuid",
    "rootflags",
    "rootfstype",
    "security",
    "selinux",
    "spectre_v2",
    "systemd.legacy_systemd_cgroup_controller",
    "systemd.unified_cgroup_hierarchy",
    "systemd.unit",
    "transparent_hugepage",
    "tsc",
    "video",
];

/// Beginnings of such arguments.
pub(super) const OPEN_FAMILIES: &[&str] =
    &["cgroup", "sysctl.", "trace_", "ftrace", "kprobe", "bpf"];

/// Values that mean the same everywhere.
pub(super) const PLAIN_VALUES: &[&str] = &[
    "", "auto", "disable", "disabled", "enable", "enabled", "false", "force", "full", "none",
    "off", "on", "no", "true", "yes", "y", "n",
];

/// Options whose values are secrets, and words behind which one may stand.
pub(super) const OPTION_SECRETS: &[&str] = &[
    "api-key",
    "apikey",
    "passphrase",
    "passwd",
    "password",
    "secret",
    "token",
];

/// What stands behind such a word in a sentence.
pub(super) const PROSE: &[&str] = &[
    "and", "at", "can", "expired", "failed", "file", "for", "from", "has", "in", "invalid", "is",
    "missing", "must", "not", "of", "on", "or", "program", "required", "that", "to", "was",
    "which", "will", "with", "wrong",
];

/// Beginnings of keys: of AWS, GitHub, GitLab, Slack, Google and Hugging Face.
pub(super) const TOKENS: &[&str] = &[
    "AKIA",
    "ASIA",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "AIza",
    "hf_",
];

/// What the kernel and container runtimes call directories, by which they are known.
pub(super) const PATH_WORDS: &[&str] = &[
    "containerd",
    "containers",
    "docker",
    "overlay-containers",
    "overlay2",
    "storage",
    "volumes",
    "bpffs",
    "cilium",
    "cgroupv2",
    "calico",
    "run",
    "merged",
    "diff",
    "libpod",
    "crio",
    "lxc",
    "machine.slice",
    "netns",
    "sandboxes",
];
