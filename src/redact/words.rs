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
    "quiet",
    "splash",
    "auto",
    "true",
    "false",
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
