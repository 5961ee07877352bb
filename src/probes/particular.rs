//! What an error number means of some probes alone.

use super::call::errors::NO_PERF;
use super::outcome::Stage;

/// In the place of errors: whichever it is, but that nobody calls ENOSYS or SIGSYS so.
const ANY: &[&str] = &[];

/// A row of one kind of probes: which, at which stage, which errors, what it means.
pub(super) type Particular = (
    &'static [&'static str],
    Stage,
    &'static [&'static str],
    &'static str,
);

/// What an error says of these probes alone; goes before what is said of all.
///
/// Sources: `kernel/events/core.c`, `net/core/rtnetlink.c` (`rtnl_newlink()`),
/// `drivers/net/netkit.c`, `kernel/bpf/syscall.c` and `token.c`.
pub(super) const PARTICULAR: &[Particular] = &[
    (
        &["bpf-commands"],
        Stage::Trigger,
        &["EPERM", "EACCES"],
        "refused by the command alone: a seccomp filter, for a security module or a missing \
         capability is asked after the attributes; up to 5.18 also \
         kernel.unprivileged_bpf_disabled",
    ),
    (
        &["bpf-commands"],
        Stage::Trigger,
        ANY,
        "answered by the command alone: a seccomp filter, for the kernel reads the attributes of \
         every command first, also of one that it does not know",
    ),
    (
        &["bpf-syscall"],
        Stage::Trigger,
        &["EPERM", "EACCES"],
        "refused, which says nothing of what the kernel has: a seccomp filter, a security module, \
         or up to 5.18 kernel.unprivileged_bpf_disabled",
    ),
    (
        &["bpf-syscall"],
        Stage::Trigger,
        ANY,
        "a seccomp filter answers in the kernel's place, which says EINVAL to a command that it \
         does not know, or ENOSYS where it has no bpf()",
    ),
    (
        &["perf-event-call"],
        Stage::Trigger,
        ANY,
        "a seccomp filter refuses perf_event_open(): the kernel itself would look at the flags, \
         then at the event, before it asks for any right",
    ),
    (
        &[
            "perf-event-call",
            "perf-event-open",
            "perf-event-kernel",
            "perf-event-cpu",
        ],
        Stage::Trigger,
        &["ENOSYS"],
        NO_PERF,
    ),
    (
        &["perf-event-open", "perf-event-kernel", "perf-event-cpu"],
        Stage::Create,
        &["ENOSYS"],
        NO_PERF,
    ),
    (
        &["perf-event-open", "perf-event-kernel", "perf-event-cpu"],
        Stage::Create,
        &["EACCES"],
        "kernel.perf_event_paranoid asks for more than this process has, or a security module \
         refuses it",
    ),
    (
        &["perf-event-open", "perf-event-kernel", "perf-event-cpu"],
        Stage::Create,
        &["EPERM"],
        "refused by a seccomp filter or a security module: kernel.perf_event_paranoid says EACCES",
    ),
    (
        &["uprobe", "uretprobe"],
        Stage::Attach,
        &["EACCES"],
        "such events take CAP_SYS_ADMIN from 6.16 on, and on stable kernels since July 2025; a \
         link of many uprobes (uprobe.multi, 6.6) takes CAP_BPF and CAP_PERFMON alone",
    ),
    (
        &[
            "fentry",
            "fexit",
            "fentry-sleepable",
            "fmod-ret",
            "lsm",
            "lsm-sleepable",
            "kprobe",
            "kretprobe",
            "kprobe-multi",
        ],
        Stage::Attach,
        &["ENODEV"],
        "the kernel's ftrace has shut itself down after a fault of its own, which dmesg tells; \
         nothing can be attached by it until the next boot",
    ),
    (
        &["flow-dissector-run"],
        Stage::Attach,
        &["EEXIST"],
        "somebody else's flow dissector is attached to the host's first network namespace, and then \
         the kernel takes none in any other; it says nothing of what the kernel has",
    ),
    (
        &["inode-storage"],
        Stage::Create,
        &["EOPNOTSUPP"],
        "the kernel has the map and refuses it, as where bpf is not among the active security \
         modules (lsm= on the kernel's command line)",
    ),
    (
        &["netkit-run"],
        Stage::Create,
        &["EOPNOTSUPP"],
        "the kernel has no network devices of the kind netkit: it is older than 6.7, or was built \
         without CONFIG_NETKIT",
    ),
    (
        &["token"],
        Stage::Create,
        &["EINVAL"],
        "the kernel has no tokens: it is older than 6.9",
    ),
    (
        &["token"],
        Stage::Create,
        &["EPERM"],
        "refused, which says nothing of whether the kernel has tokens: to delegate takes \
         CAP_SYS_ADMIN in the first user namespace",
    ),
];

/// Whether an error is told of this probe in words of its own.
pub(super) fn is_particular(probe: &str, stage: Stage, errno: &str) -> bool {
    particular(probe, stage, errno).is_some()
}

/// What an error says of this probe alone.
pub(super) fn particular(probe: &str, stage: Stage, errno: &str) -> Option<&'static str> {
    let fits = |errors: &[&str]| match errors {
        ANY => !["", "SIGSYS"].contains(&errno) && (errno != "ENOSYS" || probe == "bpf-commands"),
        errors => errors.contains(&errno),
    };
    let row = PARTICULAR
        .iter()
        .find(|(probes, at, errors, _)| probes.contains(&probe) && *at == stage && fits(errors));
    row.map(|(.., words)| *words)
}
