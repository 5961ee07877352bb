//! `explain` where one rule decides: what is harmless, what is said of a log whose reason is not
//! known, what a line may not be taken for, and what stands beside a cause. The logs are short ones
//! made for this, in the shapes of what programs print.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/explaining.rs"]
mod explaining;

use bpf_doctor::catalogue::Kind;
use bpf_doctor::facts::{Fact, Facts};
use bpf_doctor::triage::{self, Confidence, Explained, KnownHost, Standing};
use explaining::{CATALOGUE, SEARCHER, explain};

#[track_caller]
fn first(log: &str) -> Explained {
    let explanation = explain(log);
    assert!(
        !explanation.causes.is_empty(),
        "{}: {log}",
        explanation.answer
    );
    explanation.causes.into_iter().next().unwrap()
}

#[test]
fn noise_is_no_failure_and_ends_with_0() {
    let logs = [
        "libbpf: prog 'watch': missing .BTF.ext line info for the main program, skipping all of .BTF.ext line info.",
        "libbpf: Error loading .BTF into kernel: -22. BTF is optional, ignoring.",
        "libbpf: BTF loading error: -22\nlibbpf: -- BEGIN BTF LOAD LOG ---\n\
         [7] STRUCT event size=8 vlen=1 Invalid member\n-- END BTF LOAD LOG --\n\
         libbpf: Error loading .BTF into kernel: -22. BTF is optional, ignoring.\nPID COMM\n12 cat",
        "libbpf: object 'agent': BPF FS at '/sys/fs/bpf' doesn't have BPF token delegation set up, skipping...",
        "BTF: failed to find BTF data\nAttaching 2 probes...\n@: 3",
        "libbpf: prog 'watch': relo #4: <byte_off> [9] struct file___old.f_mode (0:1 @ offset 4)\n\
         libbpf: prog 'watch': relo #4: no matching targets found\n\
         libbpf: prog 'watch': relo #4: substituting insn #21 w/ invalid insn\n\
         libbpf: prog 'watch': relo #5: patched insn #23 (LDX/ST/STX) off 8 -> 16",
        "libbpf: prog 'xdp_pass': BPF program load failed: Invalid argument\n\
         libbpf: prog 'xdp_pass': failed to load: -22\n\
         libbpf: failed to load object 'xdp-dispatcher.o'\n\
         libxdp: Compatibility check for dispatcher program failed: Invalid argument\n\
         Success: Loading XDP prog name:count(id:9) on device:eth0(ifindex:2)",
        "type=AVC msg=audit(1.1:9): avc:  denied  { prog_load } for  pid=7 comm=\"agent\" tclass=bpf permissive=1",
        "libbpf: map 'ops': BPF map skeleton link is uninitialized\nScheduler attached.",
        "JIT compiler hardening is disabled\nJIT compiler kallsyms exports are disabled\n\
         Global memory limit for JIT compiler for unprivileged users is -4096 bytes\n# bpftool feature",
        "  BTF [M] /root/wifi/core.ko\nSkipping BTF generation for /root/wifi/core.ko due to unavailability of vmlinux",
        "libbpf: prog 'xdp_pass': BPF program load failed: Invalid argument\n\
         libbpf: prog 'xdp_pass': failed to load: -22\n\
         libbpf: failed to load object '/opt/lib/bpf/xdp-dispatcher.o'\n\
         The XDP program was attached to eth0.",
    ];
    for log in logs {
        let explanation = explain(log);
        assert_eq!(explanation.answer, "no error found", "{log}");
        assert_eq!(explanation.exit_status(), 0, "{log}");
        assert!(!explanation.harmless.is_empty(), "{log}");
    }
}

#[test]
fn what_looks_like_noise_counts_where_something_failed_for_it() {
    let rows = [
        (
            "libbpf: Error loading .BTF into kernel: -22. BTF is optional, ignoring.\n\
             libbpf: map 'guarded': failed to create: Invalid argument(-22)",
            "object-btf-rejected",
        ),
        (
            "libbpf: prog 'watch': relo #4: <byte_off> [9] struct task_struct.state (0:1 @ offset 4)\n\
             libbpf: prog 'watch': relo #4: no matching targets found\n\
             libbpf: prog 'watch': relo #4: substituting insn #7 w/ invalid insn\n\
             libbpf: prog 'watch': BPF program load failed: Invalid argument\n\
             7: (85) call unknown#195896080\ninvalid func unknown#195896080\n\
             libbpf: prog 'watch': failed to load: -22",
            "core-relocation-failed",
        ),
        (
            "libbpf: prog 'xdp_pass': BPF program load failed: Operation not permitted\n\
             libbpf: prog 'xdp_pass': failed to load: -1\n\
             libbpf: failed to load object 'xdp-dispatcher.o'\n\
             libxdp: Failed to attach dispatcher on ifindex 5: Operation not permitted\n\
             Couldn't attach XDP program on iface 'eth0': Operation not permitted(-1)",
            "missing-privilege",
        ),
    ];
    for (log, cause) in rows {
        let explanation = explain(log);
        let mut causes = explanation.causes.iter();
        assert!(causes.any(|found| found.cause == cause), "{cause}: {log}");
    }
}

#[test]
fn words_of_something_else_are_no_failure_of_ebpf() {
    let logs = [
        "kernel: Lockdown: systemd-logind: hibernation is restricted; see man kernel_lockdown.7",
        "kernel: Lockdown: Xorg: raw io port access is restricted; see man kernel_lockdown.7",
        "[ 0.0] Kernel is locked down from EFI Secure Boot mode; see man kernel_lockdown.7\n\
         [ 0.0] secureboot: Secure boot enabled\n[ 0.5] LSM: initializing lsm=lockdown,capability,bpf\n\
         [ 0.9] bpf_preload: loaded\n[ 2.0] systemd[1]: systemd 255 running in system mode (+BPF_FRAMEWORK)",
        "audit: type=1326 audit(1.1:5): pid=1 comm=\"x\" sig=31 arch=c000003e syscall=280 compat=0 code=0x0",
        "audit: type=1326 audit(1.1:5): pid=1 comm=\"x\" sig=31 arch=40000003 syscall=321 compat=0 code=0x0",
        "audit: type=1400 audit(1.1:5): apparmor=\"DENIED\" operation=\"open\" profile=\"bpf-agent\" name=\"/etc/shadow\"",
        "audit: type=1400 audit(1.1:5): apparmor=\"DENIED\" operation=\"capable\" profile=\"bpf\" capability=21 capname=\"sys_admin\"",
    ];
    for log in logs {
        let explanation = explain(log);
        let causes: Vec<&str> = explanation
            .causes
            .iter()
            .map(|cause| &*cause.cause)
            .collect();
        assert!(causes.is_empty(), "{causes:?}: {log}");
    }
    let denied = [
        (
            "audit: type=1326 audit(1.1:5): sig=31 arch=c000003e syscall=321 code=0x0",
            "container-seccomp-denied",
        ),
        (
            "audit: type=1326 audit(1.1:5): sig=31 arch=c00000b7 syscall=280 code=0x0",
            "container-seccomp-denied",
        ),
        (
            "audit: type=1326 audit(1.1:5): sig=31 arch=40000003 syscall=357 code=0x0",
            "container-seccomp-denied",
        ),
        (
            "audit: apparmor=\"DENIED\" operation=\"capable\" profile=\"x\" capability=39 capname=\"bpf\"",
            "lsm-denied",
        ),
        (
            "kernel: Lockdown: agent: use of bpf to read kernel RAM is restricted; see man kernel_lockdown.7",
            "kernel-lockdown",
        ),
    ];
    for (log, cause) in denied {
        assert_eq!(first(log).cause, cause, "{log}");
    }
}

#[test]
fn a_refusal_that_is_not_known_is_quoted() {
    let log = "libbpf: prog 'watch': BPF program load failed: Invalid argument\n\
        libbpf: prog 'watch': -- BEGIN PROG LOAD LOG --\n\
        0: R1=ctx() R10=fp0\n; frob(ctx); @ watch.bpf.c:9\n4: (bf) r1 = r2\n\
        the frobnicator of this hook is upside down\n\
        processed 5 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n\
        -- END PROG LOAD LOG --\nlibbpf: prog 'watch': failed to load: -22\n";
    let explanation = explain(log);
    assert_eq!(explanation.causes, []);
    assert_eq!(explanation.exit_status(), 1);
    let unknown: Vec<_> = explanation
        .unknown
        .iter()
        .map(|line| (line.line, &*line.text))
        .collect();
    assert_eq!(
        unknown,
        [(6, "the frobnicator of this hook is upside down")]
    );

    // A program that was loaded has no refusal, and one that is known is none that is not.
    for log in [
        "libbpf: prog 'watch': -- BEGIN PROG LOAD LOG --\n0: (b7) r0 = 0\n1: (95) exit\nprocessed 2 insns (limit 1000000)\n-- END PROG LOAD LOG --",
        "0: (61) r2 = *(u32 *)(r1 +4)\ninvalid bpf_context access off=4 size=4\nprocessed 1 insns (limit 1000000)",
    ] {
        assert_eq!(explain(log).unknown, [], "{log}");
    }
    let silent = explain("libbpf: prog 'profile': failed to load: -13");
    assert_eq!(silent.answer, "an error whose reason is not known");
    assert_eq!((silent.unknown.len(), silent.exit_status()), (1, 1));
}

#[test]
fn the_source_is_c_and_never_what_registers_hold() {
    let log = "libbpf: prog 'h': -- BEGIN PROG LOAD LOG --\n\
        ; read_it(buf, len, from); @ h.bpf.c:33\n\
        10: (bf) r2 = r7                      ; R2_w=scalar(id=3) R7=scalar(id=3)\n\
        11: (bf) r1 = r6                      ; frame1: R1_w=map_value(ks=4,vs=64)\n\
        12: (85) call bpf_probe_read_kernel#113\n\
        R2 unbounded memory access, use 'var &= const' or 'if (var < const)'\n\
        processed 12 insns (limit 1000000)\n";
    let cause = first(log);
    assert_eq!(
        cause.source.as_deref(),
        Some("read_it(buf, len, from); (h.bpf.c:33)")
    );
    let bare = log.replace("; read_it(buf, len, from); @ h.bpf.c:33\n", "");
    assert_eq!(first(&bare).source, None);
}

#[test]
fn the_last_refusal_of_a_program_wins_also_where_causes_repeat_it() {
    let log = "Error: the BPF_PROG_LOAD syscall failed. Verifier output: R1 type=ctx expected=fp\n\
        reg type unsupported for arg#0 function helper#12\n\
        math between map_value pointer and register with unbounded min value is not allowed\n\
        processed 90 insns (limit 1000000) max_states_per_insn 2\n\nCaused by:\n\
        \x20   0: the BPF_PROG_LOAD syscall failed. Verifier output: R1 type=ctx expected=fp\n\
        \x20      reg type unsupported for arg#0 function helper#12\n\
        \x20      math between map_value pointer and register with unbounded min value is not allowed\n\
        \x20      processed 90 insns (limit 1000000) max_states_per_insn 2\n\
        \x20   1: Invalid argument (os error 22)\n";
    let cause = first(log);
    assert_eq!(cause.cause, "verifier-unbounded-access");
    assert!(!cause.means.unwrap().contains("reg type"));
}

#[test]
fn without_a_host_no_explanation_is_a_fact_unless_the_line_points_to_it() {
    let open = first("libbpf: map 'events': failed to create: Invalid argument(-22)");
    assert!(open.possible.len() > 1 && open.because.starts_with("One of these"));
    let rows = [
        (
            "agent: /sys/fs/bpf is not mounted",
            "Nothing of type bpf is mounted",
            "Mount it",
        ),
        (
            "libbpf: Error loading vmlinux BTF: -3",
            "no /sys/kernel/btf/vmlinux",
            "",
        ),
        (
            "libxdp: Error attaching XDP program to ifindex 4: Operation not supported",
            "The driver refuses",
            "Attach in generic mode",
        ),
        ("invalid func unknown#114", "newer than the kernel", ""),
        (
            "bpf: Failed to load program: No space left on device",
            "buffer is too small",
            "Give a larger buffer",
        ),
        (
            "neither debugfs nor tracefs are mounted",
            "is mounted in this mount namespace",
            "Mount it",
        ),
    ];
    for (log, because, fix) in rows {
        let cause = first(log);
        assert!(cause.because.contains(because), "{log}: {}", cause.because);
        assert_eq!(cause.possible, [], "{log}");
        assert!(
            cause.fixes.is_empty() || cause.fixes[0].summary.starts_with(fix),
            "{log}: {:?}",
            cause.fixes[0]
        );
    }
}

#[test]
fn a_poisoned_access_is_named_where_the_log_names_it() {
    let debug = "libbpf: prog 'h': relo #2: <byte_off> [12] struct inode.i_gone (0:9 @ offset 16)\n\
        libbpf: prog 'h': relo #2: no matching targets found\n\
        libbpf: prog 'h': relo #2: substituting insn #5 w/ invalid insn\n\
        libbpf: prog 'h': relo #3: <byte_off> [14] struct file.f_gone (0:1 @ offset 8)\n\
        libbpf: prog 'h': relo #3: no matching targets found\n\
        libbpf: prog 'h': relo #3: substituting insn #7 w/ invalid insn\n\
        libbpf: prog 'h': BPF program load failed: Invalid argument\n";
    let rows = [
        (format!("{debug}7: (85) call unknown#195896080\ninvalid func unknown#195896080\n"), "struct file.f_gone"),
        (format!("{debug}5: (85) call unknown#195896080\ninvalid func unknown#195896080\n"), "struct inode.i_gone"),
        ("failed to resolve CO-RE relocation <byte_off> [42] struct inode.i_gone.tv_sec (0:15:0 @ offset 88)".to_owned(), "struct inode.i_gone.tv_sec"),
        ("invalid func unknown#195896080".to_owned(), "a type or field that the program reads"),
    ];
    for (log, name) in rows {
        let cause = first(&log);
        assert_eq!(cause.cause, "core-relocation-failed");
        let means = cause.means.unwrap();
        assert!(means.contains(name), "{log}: {means}");
    }
    assert_eq!(
        first("libbpf: prog 'h': x\ninvalid func unknown#2001000004").cause,
        "application-bug"
    );
}

/// What the line makes of an operation and its error, in words that no loader has.
#[test]
fn a_failure_in_any_words_leads_to_its_family_as_a_guess() {
    let rows = [
        (
            "agent: error: could not attach BTF tracing program watch: not supported",
            "fentry-unsupported",
        ),
        (
            "agent[7]: unable to put watch() on its tracepoint: cannot attach bpf program to tracepoint: no such file or directory",
            "tracepoint-missing",
        ),
        (
            "E0101 loader.go:9] bpf: error while updating the map flows: bad address",
            "application-bug",
        ),
        (
            "libbpf: prog 'watch': failed to attach: File exists",
            "application-bug",
        ),
        (
            "ebpf: attaching LSM link: no such file or directory",
            "fentry-target-missing",
        ),
        (
            "libbpf: prog 'watch': failed to attach to cgroup: No such file or directory",
            "cgroup2-missing",
        ),
        (
            "Couldn't attach XDP program on iface 'eth0': Permission denied(-13)",
            "verifier-packet-access",
        ),
    ];
    for (log, cause) in rows {
        let found = first(log);
        assert_eq!(found.cause, cause, "{log}");
        assert!(found.confidence < Confidence::High, "{log}");
    }
    // Without a failure, an error or a word of eBPF nothing is made of it.
    for log in [
        "the bpf link may answer EBUSY where another one is attached",
        "agent: could not attach the volume: permission denied",
        "bpf: attached to eth0",
    ] {
        assert_eq!(explain(log).causes, [], "{log}");
    }
}

#[test]
fn what_stands_beside_a_failure_is_not_taken_for_it() {
    let rows = [
        // What the library tried beside is no word on the object.
        (
            "program watch: load program without BTF: invalid argument: unrecognized bpf_ld_imm64 insn",
            "global-data-unsupported",
        ),
        // A load says E2BIG of the program, whatever stands before it.
        (
            "failed to load watch, options:{0 map[]}, err: load program: argument list too long (bpf)",
            "verifier-complexity-limit",
        ),
        // The kind of the program stands in the traceback alone.
        (
            "bpf: Failed to load program: Invalid argument\n  File \"x.py\", line 3, in attach_lsm\n    fn = self.load_func(fn_name, BPF.LSM)",
            "bpf-lsm-not-enabled",
        ),
        // The error that causes belong to may be cut off.
        (
            "Caused by:\n    0: failed program attach lsm file_open\n    1: `bpf_raw_tracepoint_open` failed\n    2: No error information (os error 524)",
            "fentry-unsupported",
        ),
        (
            "called `Result::unwrap()` on an `Err` value: SyscallError { call: \"perf_event_open\", io_error: Os { code: 13, kind: PermissionDenied, message: \"Permission denied\" } }",
            "perf-event-paranoid",
        ),
    ];
    for (log, cause) in rows {
        assert_eq!(first(log).cause, cause, "{log}");
    }
    let prose = "the sBPF ELF file's offset is no multiple of eight, which is undefined behaviour";
    assert_eq!(explain(prose).causes, []);
}

#[test]
fn what_a_line_says_is_not_taken_for_more() {
    let rows = [
        (
            "libbpf: prog 'r': failed to attach: -EBUSY\nbpf-restrict-fs: Failed to link program; assuming BPF LSM is not available.",
            "fentry-unsupported",
            Confidence::Medium,
        ),
        (
            "Runtime error: PERF_EVENT_IOC_SET_BPF: Errno 17.",
            "application-bug",
            Confidence::High,
        ),
        (
            "R4 invalid zero-sized read: u64=[0,191]",
            "verifier-unbounded-access",
            Confidence::High,
        ),
        (
            "program p: load program: permission denied: 9: (69) r5 = *(u16 *)(r1 +36): R1 invalid mem access 'map_value_or_null' (47 line(s) omitted)",
            "verifier-null-check",
            Confidence::High,
        ),
        (
            "Error: can't mount BPF file system to pin the object (mine): mount --make-private . failed: Invalid argument",
            "bpffs-not-mounted",
            Confidence::High,
        ),
        (
            "Error: bpf obj get (/sys/fs/bpf/agent/prog): No such file or directory",
            "application-bug",
            Confidence::Low,
        ),
        (
            "libbpf: Error in bpf_object__probe_loading():Invalid argument(22). Couldn't load trivial BPF program.",
            "bpf-syscall-missing",
            Confidence::Low,
        ),
        (
            "bpf: Argument list too long. Program  too large (99 insns), at most 4096 insns",
            "verifier-complexity-limit",
            Confidence::Medium,
        ),
        (
            "PermissionError: [Errno 1] Operation not permitted: '/sys/kernel/debug/tracing/../kprobes/blacklist' (bpf)",
            "kernel-lockdown",
            Confidence::Medium,
        ),
        (
            "libbpf: map 'm': failed to create: Too many open files(-24)",
            "application-bug",
            Confidence::High,
        ),
        // Pasted through what makes typographic quotes.
        (
            "Prog section \u{2018}sk_msg\u{2019} rejected: Unknown error 524 (524)!",
            "jit-unavailable",
            Confidence::Medium,
        ),
        // The dispatcher on an interface is XDP there, and no extension.
        (
            "libxdp: Failed to attach dispatcher on ifindex 3: Numerical result out of range",
            "xdp-mtu-too-large",
            Confidence::High,
        ),
        (
            "Error: failed to set xdp to dev ens5, err is numerical result out of range",
            "xdp-mtu-too-large",
            Confidence::High,
        ),
        (
            "Can't load field Filter: x: operation not permitted (MEMLOCK may be too low, consider rlimit.RemoveMemlock)",
            "memlock-rlimit",
            Confidence::Medium,
        ),
        (
            "flows: update: key too big for map: argument list too long",
            "map-full",
            Confidence::High,
        ),
        (
            "libbpf: failed to open agent.bpf.o: No such file or directory",
            "application-bug",
            Confidence::High,
        ),
        (
            "cannot attach uprobe, Device or resource busy\nFailed to attach BPF program b'f' to uprobe",
            "",
            Confidence::Low,
        ),
        (
            "Tail call map owned by prog type 3, but prog type is 6!",
            "tail-call-refused",
            Confidence::High,
        ),
        (
            "map m: map create: invalid argument, m:RingBuf(keySize=0)\nLinux version 5.4.0-90-generic",
            "map-type-unsupported",
            Confidence::High,
        ),
    ];
    for (log, cause, confidence) in rows {
        if cause.is_empty() {
            assert_ne!(explain(log).answer, "nothing recognised", "{log}");
            continue;
        }
        let found = first(log);
        assert_eq!(
            (&*found.cause, found.confidence),
            (cause, confidence),
            "{log}"
        );
    }
}

#[test]
fn a_cause_that_the_kernel_refutes_stands_below_open_ones() {
    let log = "libbpf: map '.rodata.str1.1': failed to create: Invalid argument(-22)\nLinux version 5.4.0-109-generic (x)";
    let explanation = explain(log);
    assert!(explanation.causes[0].standing != Standing::Refuted);
    assert!(
        explanation
            .causes
            .iter()
            .any(|cause| cause.standing == Standing::Refuted)
    );
    let fixes =
        first("Error: Specified qdisc not found.\nLinux version 5.4.0-109-generic (x)").fixes;
    assert!(
        fixes.iter().all(|fix| !fix.summary.contains("TCX")),
        "{fixes:?}"
    );
}

#[test]
fn without_a_known_kernel_nothing_is_said_of_its_version() {
    let log = "libbpf: map 'm': failed to create: Operation not permitted(-1)";
    let explanation = explain(log);
    let causes: Vec<&str> = explanation
        .causes
        .iter()
        .map(|cause| &*cause.cause)
        .collect();
    assert!(
        causes.contains(&"missing-privilege") && causes.contains(&"memlock-rlimit"),
        "{causes:?}"
    );
    for cause in &explanation.causes {
        assert!(
            !cause
                .means
                .as_deref()
                .unwrap_or_default()
                .contains("Since Linux 5.11")
        );
    }
    let unlimited = explain(&format!("docker run --ulimit memlock=-1 agent\n{log}"));
    assert!(
        unlimited
            .causes
            .iter()
            .all(|cause| cause.cause != "memlock-rlimit")
    );
    let modern = first(&format!("{log}\nLinux version 6.1.0-9-amd64 (x)"));
    assert!(modern.means.unwrap().contains("Since Linux 5.11"));
}

#[test]
fn journals_and_broken_lines_are_read_as_they_were_said() {
    let line = "R0 invalid mem access 'map_value_or_null'";
    let numbers: Vec<String> = line.bytes().map(|byte| byte.to_string()).collect();
    let broken = "libbpf: Error in bpf_object__probe_loading():Operation not permitted(1). Couldn'\n\
        t load trivial BPF program. Make sure your kernel supports BPF (CONFIG_BPF_SYSCA\n\
        LL=y) and/or that RLIMIT_MEMLOCK is set to big enough value.";
    let rows = [
        (
            format!("{{\"PRIORITY\": \"3\", \"MESSAGE\": \"{line}\"}}"),
            "verifier-null-check",
        ),
        (
            format!(
                "{{\"PRIORITY\": \"3\", \"MESSAGE\": [{}]}}",
                numbers.join(", ")
            ),
            "verifier-null-check",
        ),
        (broken.to_owned(), "missing-privilege"),
        (
            "libbpf: prog 'h': BPF program load failed: Operation not perm".to_owned(),
            "missing-privilege",
        ),
    ];
    for (log, cause) in rows {
        let found = first(&log);
        assert_eq!(found.cause, cause, "{log}");
        let texts: Vec<&str> = found.lines.iter().map(|line| &*line.text).collect();
        assert!(
            texts.iter().all(|text| !text.contains("MESSAGE")),
            "{texts:?}"
        );
    }
    let whole = first(broken);
    assert!(whole.means.unwrap().contains("does nothing"));
    assert_eq!(whole.lines.len(), 1);
}

#[test]
fn what_a_terminal_wrote_over_itself_is_read_each_time() {
    let mut log = "loading 1 %\r".repeat(4000);
    log.push_str("libbpf: map 'm': failed to create: Too many open files(-24)\rdone\r\n");
    assert_eq!(first(&log).cause, "application-bug");
}

/// Names stand in quotes of both kinds, a general line yields to the one that names more, and
/// words that leave several causes open are not told with high confidence.
#[test]
fn what_is_named_decides() {
    let rows = [
        (
            "libbpf: map \"m\": failed to create: Invalid argument(-22)",
            "libbpf: map 'm': failed to create: Invalid argument(-22)",
        ),
        (
            "libbpf: prog \"p\": failed to attach to cgroup: Bad file descriptor",
            "libbpf: prog 'p': failed to attach to cgroup: Bad file descriptor",
        ),
    ];
    for (double, single) in rows {
        assert_eq!(first(double).cause, first(single).cause, "{double}");
    }
    let rows = [
        (
            "libbpf: prog 'p': failed to find kernel BTF type ID_ of 'do_gone': -3\n\
             libbpf: prog 'p': failed to load: -3",
            "fentry-target-missing",
        ),
        (
            "bpf: Failed to load program: Invalid argument\nunknown opcode 00\n\
             processed 2 insns",
            "global-data-unsupported",
        ),
        (
            "In file included from /virtual/main.c:3:\n\
             include/linux/types.h:6:10: fatal error: 'asm/types.h' file not found",
            "kernel-headers-missing",
        ),
        (
            "libbpf: Error finalizing .BTF: -2.\n\
             Error: failed to open BPF object file: No such file or directory",
            "libbpf-too-old",
        ),
        (
            "libbpf: failed to parse target BTF: -5\n\
             libbpf: failed to perform CO-RE relocations: -5",
            "kernel-btf-incompatible",
        ),
    ];
    for (log, wanted) in rows {
        assert_eq!(first(log).cause, wanted, "{log}");
    }
    let plain =
        explain("# tc filter add dev eth1 parent ffff: u32\nError: TC classifier not found.");
    assert!(plain.causes.is_empty(), "{:?}", plain.causes);
    let open = first(
        "libbpf: failed to determine tracepoint 'syscalls/sys_enter_foo' perf event ID: No such file or directory",
    );
    assert!(
        open.possible.len() < 2 || open.confidence < Confidence::High,
        "{open:?}"
    );
}

/// A header, a library or the types of a kernel come with packages and commands of their own; that
/// bpftool or clang are absent has nothing to do with it, and confirms nothing.
#[test]
fn what_a_build_lacks_is_what_is_brought() {
    const LIBBPF: &str = "headers or the library of libbpf";
    const INTERFACE: &str = "interface for programs";
    let of_debian = |command: &'static str| [("debian", command)];
    // The line, words of its cause, and what is typed first on each system.
    type Row = (
        &'static str,
        &'static str,
        Vec<(&'static str, &'static str)>,
    );
    let rows: Vec<Row> = vec![
        (
            "fatal error: 'bpf/bpf_helpers.h' file not found",
            LIBBPF,
            vec![
                ("debian", "apt-get install libbpf-dev"),
                ("suse", "zypper install libbpf-devel"),
                ("arch", "pacman -Syu libbpf"),
                ("alpine", "apk add libbpf-dev"),
                ("nixos", "nix-shell -p libbpf elfutils zlib pkg-config"),
            ],
        ),
        (
            "/usr/bin/ld: cannot find -lbpf\nmake: *** [Makefile:9: bpf-agent] Error 1",
            LIBBPF,
            of_debian("apt-get install libbpf-dev").to_vec(),
        ),
        (
            "Package libbpf was not found in the pkg-config search path",
            LIBBPF,
            of_debian("apt-get install libbpf-dev").to_vec(),
        ),
        (
            "BPF: fatal error: libelf.h: No such file or directory",
            "libelf or zlib",
            vec![
                ("debian", "apt-get install libelf-dev zlib1g-dev"),
                ("suse", "zypper install libelf-devel zlib-devel"),
            ],
        ),
        (
            "p.bpf.c:1:10: fatal error: 'linux/bpf.h' file not found",
            INTERFACE,
            vec![
                ("debian", "apt-get install linux-libc-dev"),
                ("suse", "zypper install linux-glibc-devel"),
            ],
        ),
        (
            "samples/bpf/Makefile:359: *** Cannot find a vmlinux for VMLINUX_BTF at any of \" …\", \
             build the kernel or set VMLINUX_BTF or VMLINUX_H variable.  Stop.",
            "types from a vmlinux",
            of_debian(
                "make M=samples/bpf VMLINUX_BTF=/sys/kernel/btf/vmlinux   # and so for tools/bpf/bpftool",
            )
            .to_vec(),
        ),
        (
            "'vmlinux.h' file not found",
            "made of a kernel's BTF",
            of_debian("bpftool btf dump file /sys/kernel/btf/vmlinux format c > vmlinux.h").to_vec(),
        ),
        (
            "error: linker `bpf-linker` not found",
            "bpf-linker",
            of_debian("cargo install bpf-linker").to_vec(),
        ),
    ];
    for (log, because, ways) in rows {
        let reading = SEARCHER.read(&mut log.as_bytes(), triage::LIMIT).unwrap();
        for (family, command) in ways {
            let mut facts = Facts::default();
            facts.set("os.family", Fact::known(family, "/etc/os-release"));
            facts.set("os.id", Fact::known(family, "/etc/os-release"));
            facts.set("kernel.release", Fact::known("6.1.0", "uname"));
            facts.set("environment.container", Fact::known("none", "x"));
            facts.set(
                "btf.vmlinux",
                Fact::known("present", "/sys/kernel/btf/vmlinux"),
            );
            let missing = vec!["bpftool".to_owned(), "clang".to_owned()];
            facts.set("dev-tools.missing", Fact::known(missing, "/usr/bin"));
            let host = KnownHost {
                facts,
                ..KnownHost::none()
            };
            let explanation = triage::explain(&CATALOGUE, &reading, &host);
            let cause = explanation.causes.first().unwrap();
            let entry = (cause.cause.as_str(), cause.entry.as_deref());
            let wanted = ("dev-tools-missing", Some("build-inputs-missing"));
            assert_eq!(entry, wanted, "{log}");
            assert_eq!(cause.standing, Standing::Open, "{log}");
            assert!(cause.because.contains(because), "{log}: {}", cause.because);
            let first = &cause.fixes[0];
            // Old lists of packages lead nowhere.
            let mut typed = first.commands.iter();
            let typed = typed.find(|line| *line != "apt-get update");
            assert_eq!(typed.unwrap(), command, "{family}: {log}");
            assert_eq!(first.only_on, None, "{family}: {log}");
        }
    }
}

/// Where the host is not known, what helps anywhere comes first, and what is one system's way says so.
#[test]
fn without_a_host_no_system_is_taken_for_it() {
    for log in [
        "libbpf: failed to find valid kernel BTF",
        "bash: bpftool: command not found",
        "fatal error: 'bpf/bpf_helpers.h' file not found",
    ] {
        let fixes = first(log).fixes;
        let of_one = fixes.iter().position(|fix| fix.only_on.is_some());
        let of_one = of_one.unwrap();
        assert!(of_one > 0, "{log}: {fixes:#?}");
        let rest = fixes.iter().skip(of_one);
        assert!(rest.clone().all(|fix| fix.only_on.is_some()), "{log}");
        for fix in rest {
            let systems = fix.only_on.as_deref().unwrap();
            assert!(fix.told().starts_with(&format!("on {systems}: ")), "{log}");
        }
        let managers = [
            "apt-get",
            "dnf",
            "yum",
            "zypper",
            "pacman",
            "apk",
            "nix-shell",
            "oc debug",
        ];
        for fix in fixes.iter().take(of_one) {
            let mut typed = fix.commands.iter();
            let found = typed.find(|line| managers.iter().any(|word| line.starts_with(word)));
            assert_eq!(found, None, "{log}");
        }
    }
}
/// What leaves several things open says so by its weight: `medium` at most, unless the host has it.
#[test]
fn what_leaves_several_causes_open_is_not_sure() {
    let catalogue = bpf_doctor::built_in_catalogue().unwrap();
    let mut seen = 0;
    for check in &catalogue.checks {
        if check.kind != Kind::Host || check.causes.len() < 2 {
            continue;
        }
        for symptom in check.symptoms.iter().filter(|one| one.cause.is_none()) {
            seen += 1;
            assert!(
                !(85..92).contains(&symptom.weight),
                "{}: {symptom:?}",
                check.id
            );
        }
    }
    assert!(seen > 100, "{seen}");
}

/// Whatever the verifier says last of a program, something is made of it.
#[test]
fn a_refusal_in_unknown_words_is_told_by_its_instruction() {
    let log = |instruction: &str, sentence: &str| {
        format!(
            "0: R1=ctx() R10=fp0\n{instruction}\n{sentence}\n\
             processed 3 insns (limit 1000000) max_states_per_insn 0 total_states 0"
        )
    };
    let rows = [
        (
            "2: (85) call bpf_task_acquire#71302",
            "R1 is of a sort nobody has met",
            "verifier-helper-arg-type",
        ),
        (
            "2: (61) r1 = *(u32 *)(r2 +4)",
            "R2 is of a sort nobody has met",
            "verifier-invalid-mem-access",
        ),
    ];
    for (instruction, sentence, cause) in rows {
        let found = first(&log(instruction, sentence));
        assert_eq!((&*found.cause, found.confidence), (cause, Confidence::Low));
        let quoted = found.lines.iter().map(|line| line.text.as_str());
        assert_eq!(quoted.collect::<Vec<_>>(), [sentence]);
        assert!(found.instruction.is_some());
    }
    // What is no verdict makes none, and neither does a program that was taken.
    let rows = [
        ("2: (85) call bpf_ktime_get_ns#5", "2: safe"),
        (
            "2: (85) call bpf_ktime_get_ns#5",
            "Func#1 ('f') is safe for any args that match its prototype",
        ),
        (
            "2: (79) r1 = *(u64 *)(r1 +0)",
            "func 'sys_exit' arg0 has btf_id 27 type STRUCT 'pt_regs'",
        ),
        ("2: (79) r1 = *(u64 *)(r1 +0)", "3: (95) exit"),
    ];
    for (instruction, sentence) in rows {
        let explanation = explain(&log(instruction, sentence));
        assert!(
            !explanation.recognised,
            "{sentence}: {:?}",
            explanation.causes
        );
    }
}

/// Each sentence of the verifier leads to its family, in the words of old kernels and of new ones.
#[test]
fn the_last_words_of_the_verifier_have_a_family() {
    let rows = [
        (
            "cannot restore irq state out of order, expected id=2 acquired at insn_idx=10",
            "verifier-lock",
        ),
        (
            "irq flag acquired by bpf_local_irq_save kfuncs cannot be restored with bpf_res_spin_lock kfuncs",
            "verifier-lock",
        ),
        (
            "bpf_res_spin_unlock cannot be out of order",
            "verifier-lock",
        ),
        ("can't res_spin_{lock,unlock} in rbtree cb", "verifier-lock"),
        (
            "BPF_EXIT instruction in main prog cannot be used inside bpf_rcu_read_lock-ed region",
            "verifier-lock",
        ),
        (
            "kernel func bpf_copy is sleepable within non-preemptible region",
            "verifier-sleepable",
        ),
        (
            "sleepable global function copy() called in IRQ-disabled region",
            "verifier-sleepable",
        ),
        (
            "potential write to dynptr at off=-16 disallowed",
            "verifier-invalid-stack-access",
        ),
        (
            "R2 invalid sock access off=2 size=2",
            "verifier-invalid-mem-access",
        ),
        (
            "off=8 kptr isn't referenced kptr",
            "verifier-invalid-mem-access",
        ),
        (
            "write to change key R2 not allowed",
            "verifier-write-forbidden",
        ),
        (
            "store to referenced kptr disallowed",
            "verifier-write-forbidden",
        ),
        (
            "BPF_ATOMIC stores into R2 pkt is not allowed",
            "verifier-write-forbidden",
        ),
        (
            "allocated object must be referenced",
            "verifier-helper-arg-type",
        ),
        (
            "more than one arg with ref_obj_id R2 2 4",
            "verifier-helper-arg-type",
        ),
        ("callback function not static", "verifier-helper-arg-type"),
        ("BPF_CALL uses reserved fields", "instruction-unsupported"),
        ("invalid BPF_LD_IMM insn", "instruction-unsupported"),
        (
            "64-bit load-acquires are only supported on 64-bit arches",
            "instruction-unsupported",
        ),
        ("invalid shift 64", "verifier-dead-code"),
        (
            "LD_ABS is only allowed in functions that return 'int'.",
            "verifier-return-value",
        ),
        (
            "tail_call is only allowed in functions that return 'int'.",
            "tail-call-refused",
        ),
        ("cannot tail call within exception cb", "tail-call-refused"),
        (
            "tracing progs cannot use bpf_{list_head,rb_root} yet",
            "verifier-lock",
        ),
        (
            "multiple exception callback tags for main subprog",
            "verifier-helper-arg-type",
        ),
        (
            "func 'vfs_read' offset 6 is not multiple of 8",
            "verifier-ctx-access",
        ),
        ("missing bpf_line_info for func#1", "object-btf-rejected"),
        ("BUG backtracking idx 12", "verifier-internal-error"),
        (
            "insn 70000 cannot be patched due to 16-bit range",
            "verifier-complexity-limit",
        ),
        (
            "R8 invalid mem access ' inv'",
            "verifier-invalid-mem-access",
        ),
        (
            "R8 invalid mem access \"scalar\"",
            "verifier-invalid-mem-access",
        ),
        ("R8 invalid mem access inv", "verifier-invalid-mem-access"),
        (
            "R0 invalid mem access `map_value_or_null`",
            "verifier-null-check",
        ),
    ];
    for (sentence, cause) in rows {
        let log = format!(
            "1: (b7) r2 = 0\n2: (95) exit\n{sentence}\n\
             processed 3 insns (limit 1000000) max_states_per_insn 0 total_states 0"
        );
        let found = first(&log);
        let names = [found.cause.as_str(), found.entry()];
        assert!(names.contains(&cause), "{sentence}: {names:?}");
        assert!(found.confidence >= Confidence::Medium, "{sentence}");
    }
}

/// ENOSPC of a load is the buffer for the log, whoever loads; EINVAL that only wraps up is nothing.
#[test]
fn an_error_of_a_load_counts_by_what_it_is_an_error_of() {
    for log in [
        "panic: error while loading \"kprobe/do_exit\" (no space left on device)",
        "error while loading \"kprobe/do_exit\": no space left on device",
        "bpf_load_program() err=28 event=filler/sys_open message=0",
        "bpf: Failed to load program: No space left on device",
        "load program: no space left on device",
        "libbpf: prog 'p': BPF program load failed: -ENOSPC",
    ] {
        assert_eq!(first(log).cause, "verifier-log-buffer", "{log}");
    }
    for log in [
        "Error: Failed to load BPF program\n\nCaused by:\n    Invalid argument (os error 22)",
        "libbpf: failed to load BPF skeleton 'bpf_bpf': -EINVAL",
        "Error: Failed to load BPF program: Operation not supported (os error 95)",
    ] {
        let explanation = explain(log);
        assert!(!explanation.recognised, "{log}: {:?}", explanation.causes);
        assert_eq!(explanation.answer, "an error whose reason is not known");
    }
    let named = first("libbpf: prog 'p': BPF program load failed: Invalid argument");
    assert_eq!(
        (&*named.cause, named.confidence),
        ("prog-type-unsupported", Confidence::Low)
    );
}

/// What a file is called does not tell what failed.
#[test]
fn a_name_of_a_file_is_no_evidence() {
    for log in [
        "python3: can't open file 'kprobe.py': [Errno 2] No such file or directory",
        "Error: failed to link '.output/usdt.tmp.bpf.o': No such file or directory (2)",
    ] {
        assert!(!explain(log).recognised, "{log}");
    }
    let log = "libbpf: elf: failed to open .output/uprobe.bpf.o: No such file or directory";
    assert_eq!(first(log).cause, "application-bug");
    let log = "libbpf: elf: failed to open /usr/bin/missing: No such file or directory";
    assert_eq!(first(log).cause, "uprobe-symbol-missing");
}

/// The BTF that a load goes on without is a remark, and what failed behind it is the cause.
#[test]
fn what_is_gone_on_without_is_not_the_cause() {
    let opcodes = [
        ("c3", "instruction-unsupported"),
        // No kernel has a call through a pointer.
        ("8d", "clang-toolchain"),
    ];
    for (opcode, cause) in opcodes {
        let log = format!(
            "libbpf: -- BEGIN BTF LOAD LOG ---\n[13] FUNC handle type_id=9 Invalid arg#1\n\
             libbpf: -- END BTF LOAD LOG --\n\
             libbpf: Error loading .BTF into kernel: -22. BTF is optional, ignoring.\n\
             libbpf: prog 'handle': BPF program load failed: Invalid argument\n\
             unknown opcode {opcode}\nprocessed 0 insns (limit 1000000)"
        );
        let causes: Vec<String> = explain(&log)
            .causes
            .into_iter()
            .map(|cause| cause.cause)
            .collect();
        assert_eq!(causes, [cause], "{opcode}");
    }
}

/// A line that says why stands above what follows from it, and above what it could be else.
#[test]
fn the_line_that_says_why_is_the_cause() {
    let rows = [
        (
            "libbpf: failed to find valid kernel BTF\nlibbpf: vmlinux BTF is not found\n\
             libbpf: fentry/do_mount is not found in vmlinux BTF",
            "kernel-btf-missing",
        ),
        (
            "libbpf: failed to find valid kernel BTF\n\
             Error: failed to load BTF from /sys/kernel/btf/vmlinux: Invalid argument",
            "kernel-btf-incompatible",
        ),
        (
            "libbpf: failed to get EHDR from /sys/kernel/btf/vmlinux",
            "kernel-btf-incompatible",
        ),
        (
            "libbpf: failed to find valid kernel BTF\n\
             chdir(/lib/modules/4.19.9/build): No such file or directory\n\
             Exception: Failed to compile BPF module <text>",
            "kernel-headers-missing",
        ),
        (
            "libbpf: failed to get map info for map FD 7: Invalid argument\n\
             libbpf: couldn't reuse pinned map at '/sys/fs/bpf/m': parameter mismatch",
            "syscall-attributes-unknown",
        ),
        // No kernel lacks hash maps; it may lack others.
        (
            "bpf check: kprobe program type not supported: errno 0\n\
             hash map type not supported: errno 0",
            "missing-privilege",
        ),
        (
            "bpf check: LRU hash map type not supported: errno 0",
            "map-type-unsupported",
        ),
        (
            "bpf_prog_query(BPF_CGROUP_DEVICE) failed: function not implemented\n\
             # CONFIG_BPF_SYSCALL is not set",
            "bpf-syscall-missing",
        ),
        (
            "libbpf: failed to determine tracepoint 'syscalls/sys_enter_unlink' perf event ID: \
             No such file or directory",
            "tracepoint-missing",
        ),
        (
            "libbpf: failed to determine tracepoint 'syscalls/sys_enter_unlink' perf event ID: \
             No such file or directory\n\
             libbpf: failed to determine tracepoint 'sched/sched_switch' perf event ID: \
             No such file or directory",
            "tracefs-not-mounted",
        ),
        (
            "bpf_attach_raw_tracepoint (sched_waking): Invalid argument",
            "verifier-ctx-access",
        ),
        (
            "bpf_attach_raw_tracepoint (sched_foo): No such file or directory",
            "tracepoint-missing",
        ),
        (
            "Finished `dev` profile [unoptimized + debuginfo] target(s) in 2.10s\n\
             Error: the BPF_PROG_LOAD syscall failed. Verifier output: unreachable insn 44",
            "clang-toolchain",
        ),
        (
            "Error: the BPF_PROG_LOAD syscall failed. Verifier output: unreachable insn 44",
            "verifier-dead-code",
        ),
        (
            "$ sudo ./agent\ncould not open bpf map: counts, error: Operation not permitted",
            "memlock-rlimit",
        ),
        (
            "$ ./agent\ncould not open bpf map: counts, error: Operation not permitted",
            "missing-privilege",
        ),
        (
            "clang: error: no such file or directory: '/src/build/libbpf.a'",
            "dev-tools-missing",
        ),
    ];
    for (log, cause) in rows {
        assert_eq!(first(log).cause, cause, "{log}");
    }
}
