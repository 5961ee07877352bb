//! The capabilities that the kernel asks for, by what is tried.
//!
//! Sources: `kernel/bpf/syscall.c` (`is_net_admin_prog_type()`, `is_perfmon_prog_type()`,
//! `map_create()`, and the commands that go by an id).

use super::judge::Judge;
use super::table::{Entry, Kind};
use crate::probes::trials::Reply;
use crate::version::KernelVersion;

/// Types of programs that take CAP_PERFMON.
const TRACING: &[&str] = &[
    "kprobe",
    "tracepoint",
    "perf_event",
    "raw_tracepoint",
    "raw_tracepoint_writable",
    "tracing",
    "lsm",
    "struct_ops",
];

/// Types of programs that take no more than CAP_BPF.
const PLAIN: &[&str] = &[
    "socket_filter",
    "cgroup_skb",
    "sk_reuseport",
    "sk_lookup",
    "lirc_mode2",
    "syscall",
];

/// Types of maps that take CAP_NET_ADMIN.
const NETWORK_MAPS: &[&str] = &["sockmap", "sockhash", "devmap", "devmap_hash", "xskmap"];

/// The capabilities that trying a row takes; CAP_SYS_ADMIN stands for all others.
pub(super) fn asked(
    kind: Kind,
    name: &str,
    version: Option<KernelVersion>,
) -> &'static [&'static str] {
    const ALL: &[&str] = &["CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN"];
    const SYS_ADMIN: &[&str] = &["CAP_SYS_ADMIN"];
    let by_id = ["_by_id", "_next_id"].iter().any(|end| name.ends_with(end));
    let is_old = version.is_some_and(|version| version < KernelVersion::new(5, 8, 0));
    match kind {
        _ if is_old => SYS_ADMIN,
        Kind::Command if by_id || ["task_fd_query", "enable_stats"].contains(&name) => SYS_ADMIN,
        Kind::Command if name == "prog_query" => &["CAP_NET_ADMIN"],
        Kind::Command | Kind::BtfKind | Kind::Isa | Kind::Limit => &["CAP_BPF"],
        Kind::ProgramType if name == "ext" => ALL,
        Kind::ProgramType if TRACING.contains(&name) => &["CAP_BPF", "CAP_PERFMON"],
        Kind::ProgramType if PLAIN.contains(&name) => &["CAP_BPF"],
        Kind::ProgramType => &["CAP_BPF", "CAP_NET_ADMIN"],
        Kind::MapType if NETWORK_MAPS.contains(&name) => &["CAP_BPF", "CAP_NET_ADMIN"],
        Kind::MapType => &["CAP_BPF"],
        Kind::AttachType | Kind::LinkType | Kind::Helper | Kind::Kfunc => ALL,
    }
}

impl Judge<'_> {
    /// Whether the commands that an experiment gives were let through for another one: a seccomp
    /// filter sees the command alone.
    pub(super) fn passes(&self, kind: Kind, entry: &Entry) -> bool {
        let number = |kind, name: &str| self.known.names.number(kind, name);
        let Some(trial) = self.table.trial(kind, entry, &number) else {
            return false;
        };
        let let_through = |command: &u32| {
            let mut tried = self.known.tried.iter();
            tried.any(|(other, replies)| {
                let is_yes = |reply: &Reply| matches!(reply, Reply::Yes | Reply::Partly(_));
                other.commands().contains(command) && replies.iter().any(is_yes)
            })
        };
        trial.commands().iter().all(let_through)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_kernel_asks_for_is_asked_for() {
        let new = Some(KernelVersion::new(6, 12, 0));
        for (kind, name, capabilities) in [
            (Kind::Command, "prog_get_fd_by_id", "CAP_SYS_ADMIN"),
            (Kind::Command, "map_get_next_id", "CAP_SYS_ADMIN"),
            (Kind::Command, "map_create", "CAP_BPF"),
            (Kind::ProgramType, "lsm", "CAP_BPF CAP_PERFMON"),
            (Kind::ProgramType, "xdp", "CAP_BPF CAP_NET_ADMIN"),
            (
                Kind::ProgramType,
                "ext",
                "CAP_BPF CAP_PERFMON CAP_NET_ADMIN",
            ),
            (Kind::ProgramType, "socket_filter", "CAP_BPF"),
            (Kind::MapType, "sockmap", "CAP_BPF CAP_NET_ADMIN"),
            (Kind::MapType, "hash", "CAP_BPF"),
            (Kind::Isa, "v2_isa_extension", "CAP_BPF"),
        ] {
            assert_eq!(asked(kind, name, new).join(" "), capabilities, "{name}");
        }
        let old = Some(KernelVersion::new(5, 4, 0));
        assert_eq!(asked(Kind::ProgramType, "xdp", old), ["CAP_SYS_ADMIN"]);
    }

    #[test]
    fn the_names_are_those_of_the_table() {
        let table = super::super::Table::built_in().unwrap();
        for (kind, names) in [
            (Kind::ProgramType, TRACING),
            (Kind::ProgramType, PLAIN),
            (Kind::MapType, NETWORK_MAPS),
        ] {
            for name in names {
                assert!(table.named(kind, name).is_some(), "{name}");
            }
        }
    }
}
