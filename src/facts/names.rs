//! Names that facts are made of where the kernel or a distribution chose them: a host may have one
//! that is not here, a checks file that asks for one hardly means it.

use super::kernel;

/// Machines as `uname -m` names them.
const MACHINES: &[&str] = &[
    "aarch64",
    "aarch64_be",
    "alpha",
    "arc",
    "armv5tejl",
    "armv5tel",
    "armv6l",
    "armv7l",
    "armv8b",
    "armv8l",
    "csky",
    "hexagon",
    "i386",
    "i486",
    "i586",
    "i686",
    "ia64",
    "loongarch32",
    "loongarch64",
    "m68k",
    "microblaze",
    "mips",
    "mips64",
    "nios2",
    "openrisc",
    "parisc",
    "parisc64",
    "ppc",
    "ppc64",
    "ppc64le",
    "ppcle",
    "riscv32",
    "riscv64",
    "s390",
    "s390x",
    "sh4",
    "sparc",
    "sparc64",
    "x86_64",
    "xtensa",
];

/// Security modules of Linux.
const SECURITY_MODULES: &[&str] = &[
    "apparmor",
    "bpf",
    "capability",
    "evm",
    "ima",
    "integrity",
    "ipe",
    "landlock",
    "loadpin",
    "lockdown",
    "safesetid",
    "selinux",
    "smack",
    "tomoyo",
    "yama",
];

/// File systems as /proc/filesystems names them.
const FILE_SYSTEMS: &[&str] = &[
    "9p",
    "autofs",
    "bcachefs",
    "bdev",
    "binfmt_misc",
    "bpf",
    "btrfs",
    "ceph",
    "cgroup",
    "cgroup2",
    "cifs",
    "configfs",
    "cpuset",
    "debugfs",
    "devpts",
    "devtmpfs",
    "ecryptfs",
    "efivarfs",
    "erofs",
    "exfat",
    "ext2",
    "ext3",
    "ext4",
    "f2fs",
    "fuse",
    "fuseblk",
    "fusectl",
    "hugetlbfs",
    "iso9660",
    "jfs",
    "mqueue",
    "msdos",
    "nfs",
    "nfs4",
    "nfsd",
    "ntfs3",
    "overlay",
    "pipefs",
    "proc",
    "pstore",
    "ramfs",
    "resctrl",
    "rootfs",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "smackfs",
    "sockfs",
    "squashfs",
    "sysfs",
    "tmpfs",
    "tracefs",
    "udf",
    "vfat",
    "virtiofs",
    "xfs",
    "zfs",
    "zonefs",
];

/// The names known for a fact's value, or for the items of its list.
pub(super) fn of(key: &str) -> Option<&'static [&'static str]> {
    Some(match key {
        "kernel.flavour" => kernel::flavours(),
        "kernel.arch" => MACHINES,
        "security.lsm" | "security.lsm.configured" | "security.lsm.asked" => SECURITY_MODULES,
        "filesystems" => FILE_SYSTEMS,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_can_be_has_a_name() {
        for (key, name, known) in [
            ("kernel.flavour", "rhel8", true),
            ("kernel.flavour", "debian", true),
            ("kernel.flavour", "fedora", true),
            ("kernel.flavour", "vanilla", true),
            ("kernel.flavour", "cos", true),
            ("kernel.flavour", "redhat", false),
            ("kernel.arch", "armv7l", true),
            ("kernel.arch", "arm64", false),
            ("security.lsm", "bpf", true),
            ("filesystems", "cgroup2", true),
        ] {
            assert_eq!(of(key).unwrap().contains(&name), known, "{key} {name}");
        }
        assert_eq!(of("kernel.release"), None);
    }
}
