//! The names of the kernel's capabilities.

/// Capabilities by number (include/uapi/linux/capability.h).
const NAMES: &[&str] = &[
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
];

/// Those that came out of CAP_SYS_ADMIN, which kernels without them ask for in their place: CAP_PERFMON
/// and CAP_BPF with 5.8, CAP_CHECKPOINT_RESTORE with 5.9.
const OUT_OF_SYS_ADMIN: &[&str] = &["CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE"];

/// Whether a capability was a part of CAP_SYS_ADMIN before there was one of its name.
#[must_use]
pub(crate) fn was_sys_admin(name: &str) -> bool {
    OUT_OF_SYS_ADMIN.contains(&name)
}

/// All that have a name.
pub(super) fn all() -> Vec<String> {
    NAMES.iter().map(|name| (*name).to_owned()).collect()
}

/// The names of the bits that are set; one without a name is `CAP_` and its number.
pub(super) fn names(set: u64) -> Vec<String> {
    let name = |bit: usize| match NAMES.get(bit) {
        Some(name) => (*name).to_owned(),
        None => format!("CAP_{bit}"),
    };
    (0..64)
        .filter(|bit| set & (1 << bit) != 0)
        .map(name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_have_the_names_of_the_kernel() {
        assert_eq!(names(0), [""; 0]);
        assert_eq!(
            names(1 << 21 | 1 << 38 | 1 << 39),
            ["CAP_SYS_ADMIN", "CAP_PERFMON", "CAP_BPF"]
        );
        assert_eq!(
            names(1 << 40 | 1 << 41),
            ["CAP_CHECKPOINT_RESTORE", "CAP_41"]
        );
        assert_eq!(names(u64::MAX).len(), 64);
    }
}
