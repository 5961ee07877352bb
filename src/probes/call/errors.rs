//! What an error number means where another system call than bpf(2) gave it: no map and no program
//! was in it.

use super::SOCKET_CALLS;

/// A row of one system call, or of any: which error, what it means.
type OfCall = (Option<&'static str>, &'static str, &'static str);

/// What errors of system calls other than bpf(2) mean; the first row that fits is the one that
/// counts.
///
/// Sources: `kernel/events/core.c`, `kernel/trace/bpf_trace.c`, `kernel/trace/trace_kprobe.c`.
const CALLS: &[OfCall] = &[
    (Some(PERF), "ENOSYS", NO_PERF),
    (
        Some(PERF),
        "EACCES",
        "refused, which says nothing of what the kernel has: mostly kernel.perf_event_paranoid, or \
         a missing CAP_PERFMON",
    ),
    (
        Some(PERF),
        "EPERM",
        "refused, which says nothing of what the kernel has: a missing capability, lockdown, a \
         seccomp filter or a security module",
    ),
    (
        Some(PERF),
        "ENOENT",
        "the event, the function or the file to attach to is not there",
    ),
    (
        Some(PERF),
        "EINVAL",
        "the kernel does not know this kind of event, or takes it in another form",
    ),
    (
        Some(PERF),
        "EOPNOTSUPP",
        "the kernel knows this kind of event and was built without what it needs",
    ),
    (
        Some(SOCKET_CALLS),
        "EPERM",
        "refused, which says nothing of what the kernel has: somebody's program on a cgroup above \
         (`bpftool cgroup tree`), a firewall, a seccomp filter or a security module",
    ),
    (
        Some(SOCKET_CALLS),
        "EAGAIN",
        "what was sent did not arrive in time, which says nothing of what the kernel has",
    ),
    (
        Some(SOCKET_CALLS),
        "ETIMEDOUT",
        "no connection came about in time, which says nothing of what the kernel has",
    ),
    (
        Some("open"),
        "EPERM",
        "refused, which says nothing of what the kernel has: somebody's program on a cgroup above \
         (`bpftool cgroup tree`), a seccomp filter or a security module",
    ),
    (
        Some("ioctl"),
        "EINVAL",
        "the kernel does not take such a program at this event",
    ),
    (
        Some("ioctl"),
        "EEXIST",
        "somebody else's program is at this event, which says nothing of what the kernel has",
    ),
    (
        None,
        "ENOSYS",
        "there is no such system call here: the kernel is too old for it or was built without it, \
         or a seccomp filter says so",
    ),
];

/// The system call that opens events.
pub(in crate::probes) const PERF: &str = "perf_event_open";

/// Why there may be no perf_event_open(2).
pub(in crate::probes) const NO_PERF: &str = "there is no perf_event_open() here: the kernel was built without \
     CONFIG_PERF_EVENTS, or a seccomp filter says so";

/// What an error of a system call other than bpf(2) means; nothing where no more can be said of it
/// than of that error anywhere.
pub(in crate::probes) fn of_call(call: &str, errno: &str) -> Option<&'static str> {
    let row = CALLS
        .iter()
        .find(|(of, error, _)| *error == errno && of.is_none_or(|of| of == call));
    row.map(|(.., words)| *words)
}
