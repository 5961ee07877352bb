//! Helpers that the kernel shows to some callers alone: of all others, that one is refused is the
//! kernel's word on the type of program.
//!
//! Sources: `bpf_base_func_proto()` in `kernel/bpf/helpers.c`, `bpf_sk_base_func_proto()` in
//! `net/core/filter.c`, `bpf_get_probe_write_proto()` in `kernel/trace/bpf_trace.c`,
//! `syscall_prog_func_proto()` in `kernel/bpf/syscall.c`, of 5.8 to 6.18.

use crate::probes::rights::{Capability, Rights};

/// The last kernel whose lists these are: a newer one may show more helpers to some alone.
const LAST_KNOWN: (u32, u32) = (6, 18);
/// The first one that has CAP_BPF and CAP_PERFMON.
const FIRST: (u32, u32) = (5, 8);

/// What takes CAP_PERFMON in some kernel: helpers that look into it, and into sockets as the
/// kernel has them.
const LOOK_INTO_IT: &[u32] = &[
    6,   // trace_printk
    16,  // get_current_comm
    22,  // perf_event_read
    35,  // get_current_task
    55,  // perf_event_read_value
    109, // send_signal
    112, // probe_read_user
    113, // probe_read_kernel
    114, // probe_read_user_str
    115, // probe_read_kernel_str
    117, // send_signal_thread
    136, // skc_to_tcp6_sock
    137, // skc_to_tcp_sock
    138, // skc_to_tcp_timewait_sock
    139, // skc_to_tcp_request_sock
    140, // skc_to_udp6_sock
    141, // get_task_stack
    148, // copy_from_user
    149, // snprintf_btf
    158, // get_current_task_btf
    165, // snprintf
    166, // sys_bpf
    175, // task_pt_regs
    176, // get_branch_snapshot
    177, // trace_vprintk
    178, // skc_to_unix_sock
    180, // find_vma
    191, // copy_from_user_task
    196, // skc_to_mptcp_sock
];

/// What takes CAP_SYS_ADMIN: probe_write_user.
const WRITES_TO_OTHERS: u32 = 36;

/// The capability for want of which a helper may be refused although it is for this type of
/// program.
pub(super) fn hidden_for(helper: u32, rights: &Rights) -> Option<&'static str> {
    let is_known = rights
        .version
        .is_some_and(|version| (FIRST..=LAST_KNOWN).contains(&version));
    if rights.lacks(Capability::Bpf) {
        return Some("CAP_BPF");
    }
    if rights.lacks(Capability::Perfmon) && (!is_known || LOOK_INTO_IT.contains(&helper)) {
        return Some("CAP_PERFMON");
    }
    (helper == WRITES_TO_OTHERS && rights.lacks(Capability::SysAdmin)).then_some("CAP_SYS_ADMIN")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::{Kind, Table};

    #[test]
    fn a_missing_capability_hides_what_asks_for_it_alone() {
        let of = |version, capabilities: &[Capability]| Rights {
            capabilities: Some(
                capabilities
                    .iter()
                    .fold(0, |held, capability| held | 1 << *capability as u32),
            ),
            at_home: Some(true),
            version: Some(version),
            ..Rights::default()
        };
        let (bpf, perfmon, all) = (Capability::Bpf, Capability::Perfmon, Capability::SysAdmin);
        let (probe_read_kernel, redirect_peer, timer_init, sys_bpf) = (113, 155, 169, 166);
        for (version, held, helper, hidden) in [
            ((6, 12), &[bpf][..], probe_read_kernel, Some("CAP_PERFMON")),
            ((6, 12), &[bpf], redirect_peer, None),
            ((6, 12), &[bpf], sys_bpf, Some("CAP_PERFMON")),
            ((6, 12), &[bpf], timer_init, None),
            ((6, 12), &[bpf, perfmon], probe_read_kernel, None),
            ((6, 12), &[perfmon], timer_init, Some("CAP_BPF")),
            ((6, 12), &[bpf, perfmon], 36, Some("CAP_SYS_ADMIN")),
            ((6, 12), &[all], 36, None),
            // Lists that nobody has read.
            ((9, 0), &[bpf], redirect_peer, Some("CAP_PERFMON")),
            ((5, 4), &[bpf], redirect_peer, Some("CAP_PERFMON")),
        ] {
            let rights = of(version, held);
            assert_eq!(
                hidden_for(helper, &rights),
                hidden,
                "{version:?} {held:?} {helper}"
            );
        }
    }

    #[test]
    fn the_numbers_are_those_of_the_table() {
        let table = Table::built_in().unwrap();
        for (number, name) in [
            (6, "bpf_trace_printk"),
            (16, "bpf_get_current_comm"),
            (22, "bpf_perf_event_read"),
            (35, "bpf_get_current_task"),
            (WRITES_TO_OTHERS, "bpf_probe_write_user"),
            (55, "bpf_perf_event_read_value"),
            (109, "bpf_send_signal"),
            (112, "bpf_probe_read_user"),
            (113, "bpf_probe_read_kernel"),
            (114, "bpf_probe_read_user_str"),
            (115, "bpf_probe_read_kernel_str"),
            (117, "bpf_send_signal_thread"),
            (136, "bpf_skc_to_tcp6_sock"),
            (137, "bpf_skc_to_tcp_sock"),
            (138, "bpf_skc_to_tcp_timewait_sock"),
            (139, "bpf_skc_to_tcp_request_sock"),
            (140, "bpf_skc_to_udp6_sock"),
            (141, "bpf_get_task_stack"),
            (148, "bpf_copy_from_user"),
            (149, "bpf_snprintf_btf"),
            (158, "bpf_get_current_task_btf"),
            (165, "bpf_snprintf"),
            (166, "bpf_sys_bpf"),
            (175, "bpf_task_pt_regs"),
            (176, "bpf_get_branch_snapshot"),
            (177, "bpf_trace_vprintk"),
            (178, "bpf_skc_to_unix_sock"),
            (180, "bpf_find_vma"),
            (191, "bpf_copy_from_user_task"),
            (196, "bpf_skc_to_mptcp_sock"),
        ] {
            let named = table.numbered(Kind::Helper, number).map(|(name, _)| name);
            assert_eq!(named, Some(name));
            assert!(
                LOOK_INTO_IT.contains(&number) || number == WRITES_TO_OTHERS,
                "{name}"
            );
        }
        assert_eq!(LOOK_INTO_IT.len(), 29);
    }
}
