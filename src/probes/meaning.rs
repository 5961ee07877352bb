//! What an error number means at the stage at which it came: the same number says different
//! things of a map, a program and a hook.

use super::call::errors;
use super::outcome::KERNEL_HAS_IT;
use super::outcome::Stage;
use super::particular::particular;

/// A row: at which stage (at any one where there is none), which error, what it means.
type Row = (Option<Stage>, &'static str, &'static str);

/// The first row that fits is the one that counts.
///
/// Sources: `kernel/bpf/syscall.c`, `verifier.c`, `cgroup.c`, `core/skmsg.c`,
/// `kernel/events/core.c`, and `src/libbpf.c` of libbpf.
const TABLE: &[Row] = &[
    (
        Some(Stage::Open),
        "ENOENT",
        "something that is looked up before anything is tried is not there; the line below names it",
    ),
    (
        Some(Stage::Create),
        "EINVAL",
        "the kernel has no map of this type, or not with these sizes and flags: it is too old, or \
         was built without the option",
    ),
    (
        Some(Stage::Create),
        "E2BIG",
        "a field was set that this kernel is too old to know, or the map would be too large",
    ),
    (
        Some(Stage::Create),
        "EPERM",
        "refused, which says nothing of whether the kernel has the map: a missing capability, \
         kernel.unprivileged_bpf_disabled, a seccomp filter, a security module, or before 5.11 \
         RLIMIT_MEMLOCK",
    ),
    (
        Some(Stage::Create),
        "ENOTSUPP",
        "the kernel has the map, but takes no BTF types for it, or has nothing of the kind it \
         should stand for",
    ),
    (
        Some(Stage::Create),
        "EOPNOTSUPP",
        "the kernel has the map, but this machine's compiler for BPF lacks what it needs",
    ),
    (
        Some(Stage::Trigger),
        "ENOMEM",
        "memory could not be had at once; from 6.18 on the kernel takes that of timers, arenas and \
         storage of tasks and sockets without waiting, which on x86-64 takes a processor with cx16 \
         (/proc/cpuinfo)",
    ),
    (
        Some(Stage::BtfLoad),
        "EINVAL",
        "the kernel does not know this kind of type information: it is too old for it",
    ),
    (
        Some(Stage::Load),
        "EINVAL",
        "the verifier does not know something the program uses (type, instruction, helper), or \
         takes it in another form; its last lines say what",
    ),
    (
        Some(Stage::Load),
        "EACCES",
        "the verifier understood the program and forbids it; its last lines say why",
    ),
    (
        Some(Stage::Load),
        "E2BIG",
        "the program is longer than this kernel or this privilege allows, or a field was set that \
         the kernel is too old to know",
    ),
    (
        Some(Stage::Load),
        "EPERM",
        "refused before the verifier looked at it: a missing capability, \
         kernel.unprivileged_bpf_disabled, a seccomp filter, a security module, or before 5.11 \
         RLIMIT_MEMLOCK",
    ),
    (
        Some(Stage::Load),
        "ESRCH",
        "there is no kernel BTF to relocate the program against, or it lacks a type",
    ),
    (
        Some(Stage::Load),
        "ENOTSUPP",
        "the verifier took the program, and the compiler for BPF could not compile it, or the \
         kernel has no structure of the kind it is for",
    ),
    (
        Some(Stage::Load),
        "ENOSPC",
        "the verifier had more to say than there was room for; the program may be fine",
    ),
    (
        Some(Stage::Attach),
        "EBADF",
        "what the program should be attached to is not of that kind: a cgroup of version 1, say, \
         where version 2 is needed",
    ),
    (
        Some(Stage::Attach),
        "EINVAL",
        "the kernel does not know this hook, or was built without it",
    ),
    (
        Some(Stage::Attach),
        "EOPNOTSUPP",
        "the kernel knows this hook and was built without what it needs",
    ),
    (
        Some(Stage::Attach),
        "ENOTSUPP",
        "programs can't be put before this function here: no trampoline or no direct calls on \
         this machine",
    ),
    (
        Some(Stage::Attach),
        "ENOENT",
        "the event, the function or the file to attach to is not there",
    ),
    (
        Some(Stage::Attach),
        "EACCES",
        "refused, which says nothing of what the kernel has: mostly kernel.perf_event_paranoid, \
         or a missing CAP_PERFMON",
    ),
    (
        Some(Stage::Attach),
        "EBUSY",
        "somebody else is attached there, which says nothing of what the kernel has",
    ),
    (
        Some(Stage::Attach),
        "EEXIST",
        "something of somebody else's is there already, which says nothing of what the kernel has",
    ),
    (
        Some(Stage::Attach),
        "EPERM",
        "refused, which says nothing of what the kernel has: a missing capability, a seccomp \
         filter, a security module, or at events of tracing lockdown",
    ),
    (
        Some(Stage::Mmap),
        "EINVAL",
        "the kernel does not map this kind of map into memory",
    ),
    (
        Some(Stage::Trigger),
        "ENOTSUPP",
        "the kernel can't do this with such a map, or run such a program without its event",
    ),
    (
        Some(Stage::Trigger),
        "EINVAL",
        "the kernel does not know this command, or takes it in another form",
    ),
    (
        Some(Stage::Trigger),
        "SIGSYS",
        "a seccomp filter killed the process for the system call it made",
    ),
    (
        Some(Stage::Read),
        "ENOTSUPP",
        "the kernel can't do this with such a map",
    ),
    (
        None,
        "ENOSYS",
        "there is no bpf() here: the kernel was built without CONFIG_BPF_SYSCALL, or a seccomp \
         filter says so",
    ),
    (
        None,
        "EPERM",
        "refused, which says nothing of what the kernel has: a missing capability, a sysctl, \
         lockdown, a seccomp filter or a security module",
    ),
    (
        None,
        "EACCES",
        "refused, which says nothing of what the kernel has: file permissions or a security module",
    ),
    (
        None,
        "ENOMEM",
        "there was no memory for it, for the host or for the cgroup of this process",
    ),
    (
        None,
        "EMFILE",
        "this process may open no more files (RLIMIT_NOFILE)",
    ),
    (
        None,
        "EAGAIN",
        "the kernel was interrupted; it may work the next time",
    ),
];

/// What the verifier says where it is not the program that it has something against: of these words
/// one row, which goes before all others.
///
/// Sources: `kernel/bpf/verifier.c`, `kernel/trace/bpf_trace.c` (`bpf_tracing_func_proto()`).
const SAID: &[(&[&str], &str)] = &[
    (
        &[
            "non-JITed program",
            "JIT does not support",
            "JIT is required",
        ],
        "the kernel takes such a program only compiled, and its compiler for BPF is off \
         (net.core.bpf_jit_enable), or cannot do it on this machine",
    ),
    (
        &[
            "unknown func bpf_probe_read_kernel#",
            "cannot use helper bpf_probe_read_kernel#",
        ],
        "the kernel hides bpf_probe_read_kernel, which all have since 5.5, from this program: \
         lockdown in confidentiality mode does so (/sys/kernel/security/lockdown)",
    ),
];

/// What an error of a probe means at a stage, in the light of what was said; nothing where no more
/// can be said than its name.
pub(super) fn meaning(
    probe: &str,
    stage: Stage,
    errno: &str,
    call: &str,
    said: &str,
) -> Option<&'static str> {
    if said.starts_with(KERNEL_HAS_IT) {
        return Some(
            "a seccomp filter says so in the kernel's place, for the setting that is named below comes \
             with the call",
        );
    }
    let has = |words: &[&str]| words.iter().any(|words| said.contains(words));
    let told = SAID
        .iter()
        .find(|(words, _)| stage == Stage::Load && has(words));
    if let Some((_, meaning)) = told {
        return Some(meaning);
    }
    if let Some(words) = particular(probe, stage, errno) {
        return Some(words);
    }
    if !call.is_empty() {
        // What is said at no stage is said of any call.
        let any = TABLE
            .iter()
            .find(|(at, of, _)| at.is_none() && *of == errno);
        return errors::of_call(call, errno).or_else(|| any.map(|(.., words)| *words));
    }
    let row = TABLE
        .iter()
        .find(|(at, of, _)| *of == errno && at.is_none_or(|at| at == stage));
    row.map(|(_, _, words)| *words)
}

#[cfg(test)]
mod tests {
    use super::errors::PERF;
    use super::*;

    #[test]
    fn ftrace_that_shut_itself_down_is_not_taken_for_a_kernel_without_it() {
        for probe in ["fentry", "lsm", "kprobe-multi"] {
            let said = particular(probe, Stage::Attach, "ENODEV").unwrap();
            assert!(said.contains("shut itself down"), "{probe}: {said}");
        }
        assert_eq!(particular("xdp", Stage::Attach, "ENODEV"), None);
        let said = particular("inode-storage", Stage::Create, "EOPNOTSUPP").unwrap();
        assert!(said.contains("security modules"), "{said}");
    }

    #[test]
    fn the_same_errno_says_different_things_at_different_stages() {
        let says = |stage, errno| meaning("any", stage, errno, "", "").unwrap_or_default();
        assert!(says(Stage::Create, "EINVAL").contains("no map of this type"));
        assert!(says(Stage::Load, "EINVAL").contains("verifier"));
        assert!(says(Stage::Attach, "EBADF").contains("version 1"));
        assert!(says(Stage::Read, "ENOSYS").contains("CONFIG_BPF_SYSCALL"));
        assert_eq!(meaning("any", Stage::Open, "EXDEV", "", ""), None);
    }

    #[test]
    fn whatever_a_filter_answers_is_told_as_its_answer() {
        for (probe, errno, said, words) in [
            ("bpf-syscall", "EUCLEAN", "", "a seccomp filter answers"),
            (
                "bpf-syscall",
                "EPERM",
                "",
                "says nothing of what the kernel has",
            ),
            ("bpf-syscall", "ENOSYS", "", "CONFIG_BPF_SYSCALL"),
            (
                "bpf-syscall",
                "ENOSYS",
                KERNEL_HAS_IT,
                "a seccomp filter says so",
            ),
            ("bpf-syscall", "SIGSYS", "", "killed the process"),
            (
                "bpf-commands",
                "EUCLEAN",
                "",
                "by the command alone: a seccomp filter",
            ),
            (
                "bpf-commands",
                "ENOSYS",
                "",
                "by the command alone: a seccomp filter",
            ),
            ("perf-event-call", "EUCLEAN", "", "a seccomp filter refuses"),
            ("perf-event-call", "ENOSYS", "", "CONFIG_PERF_EVENTS"),
            (
                "perf-event-call",
                "ENOSYS",
                KERNEL_HAS_IT,
                "a seccomp filter says so",
            ),
        ] {
            let told = meaning(probe, Stage::Trigger, errno, "", said).unwrap_or_default();
            assert!(told.contains(words), "{probe} {errno} {said}: {told}");
        }
        let told = |probe, errno| meaning(probe, Stage::Attach, errno, "", "");
        assert!(
            told("tcx-run", "EEXIST")
                .unwrap()
                .contains("somebody else's")
        );
        let dissector = told("flow-dissector-run", "EEXIST").unwrap();
        assert!(dissector.contains("flow dissector"), "{dissector}");
    }

    /// Where there is no map and no program, none is spoken of.
    #[test]
    fn an_error_is_told_of_the_call_that_gave_it() {
        for (probe, stage, errno, call, word) in [
            (
                "pin",
                Stage::Open,
                "ENOSYS",
                "fsopen",
                "no such system call",
            ),
            (
                "kprobe",
                Stage::Attach,
                "ENOSYS",
                PERF,
                "CONFIG_PERF_EVENTS",
            ),
            (
                "perf-event-open",
                Stage::Create,
                "EINVAL",
                PERF,
                "kind of event",
            ),
            (
                "kprobe",
                Stage::Attach,
                "EACCES",
                PERF,
                "perf_event_paranoid",
            ),
            ("uprobe", Stage::Attach, "EACCES", PERF, "CAP_SYS_ADMIN"),
            (
                "task-storage",
                Stage::Trigger,
                "EPERM",
                "pidfd_open",
                "refused",
            ),
            (
                "lwt-run",
                Stage::Trigger,
                "EMFILE",
                "socket",
                "RLIMIT_NOFILE",
            ),
        ] {
            let words = meaning(probe, stage, errno, call, "").unwrap_or_default();
            assert!(words.contains(word), "{call} {errno}: {words}");
            assert!(!words.contains("bpf()"), "{call} {errno}: {words}");
        }
        let words = meaning("pin", Stage::Create, "EINVAL", "fsmount", "");
        assert_eq!(words, None, "a map is not what it is about");
    }

    #[test]
    fn an_error_is_told_of_what_the_probe_is_about() {
        for (probe, stage, errno, word) in [
            ("netkit-run", Stage::Create, "EOPNOTSUPP", "CONFIG_NETKIT"),
            ("arena", Stage::Create, "EOPNOTSUPP", "compiler"),
            ("uprobe", Stage::Attach, "EACCES", "CAP_SYS_ADMIN"),
            ("kprobe", Stage::Attach, "EACCES", "perf_event_paranoid"),
            (
                "perf-event-open",
                Stage::Create,
                "ENOSYS",
                "CONFIG_PERF_EVENTS",
            ),
            ("perf-event-cpu", Stage::Create, "EACCES", "paranoid"),
            ("perf-event-call", Stage::Trigger, "EPERM", "seccomp"),
            ("bpf-commands", Stage::Trigger, "EACCES", "seccomp"),
            ("bpf-commands", Stage::Trigger, "EINVAL", "seccomp"),
            ("perf-event-call", Stage::Trigger, "EINVAL", "seccomp"),
            ("token", Stage::Create, "EINVAL", "6.9"),
        ] {
            let words = meaning(probe, stage, errno, "", "").unwrap_or_default();
            assert!(words.contains(word), "{probe} {stage} {errno}: {words}");
        }
    }

    #[test]
    fn the_verifiers_words_go_before_its_number() {
        for (errno, said, word) in [
            (
                "EINVAL",
                "callbacks are not allowed in non-JITed programs",
                "bpf_jit_enable",
            ),
            (
                "ENOTSUPP",
                "JIT does not support calling kernel function",
                "bpf_jit_enable",
            ),
            (
                "EINVAL",
                "unknown func bpf_probe_read_kernel#113",
                "lockdown",
            ),
            (
                "EINVAL",
                "program of this type cannot use helper bpf_probe_read_kernel#113",
                "lockdown",
            ),
            (
                "EINVAL",
                "unknown func bpf_probe_read_user#112",
                "verifier does not know",
            ),
        ] {
            let words = meaning("any", Stage::Load, errno, "", said).unwrap_or_default();
            assert!(words.contains(word), "{said}: {words}");
        }
    }

    #[test]
    fn what_is_said_of_single_probes_is_of_probes_there_are() {
        let known: Vec<&str> = crate::probes::table()
            .iter()
            .map(|probe| probe.id)
            .collect();
        for (probes, .., words) in super::super::particular::PARTICULAR {
            assert!(!words.is_empty() && !words.contains("  "), "{words}");
            for probe in *probes {
                assert!(known.contains(probe), "{probe}");
            }
        }
    }

    #[test]
    fn no_row_stands_behind_one_that_fits_always() {
        for (place, (at, errno, words)) in TABLE.iter().enumerate() {
            assert!(!words.is_empty() && !words.contains("  "), "{words}");
            let before = TABLE.iter().take(place);
            let hidden = before
                .filter(|(_, of, _)| of == errno)
                .any(|(other, ..)| other.is_none() || other == at);
            assert!(!hidden, "{at:?} {errno} is never reached");
        }
    }
}
