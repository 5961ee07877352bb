//! `explain` where the mood of a sentence decides: advice, conditions, wishes and manuals make no
//! sure cause by themselves; what a kernel is said to lack is one event in all its words; and what
//! mailers, cut lines and people's own words make of a message.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/explaining.rs"]
mod explaining;

use bpf_doctor::triage::Confidence;
use explaining::explain;

/// The first cause of each log and its confidence; none, where the entry is empty.
#[track_caller]
fn first_are(rows: &[(&str, &str, Confidence)]) {
    for (log, entry, confidence) in rows {
        let explanation = explain(log);
        let first = explanation.causes.first();
        let told = first.map(|first| (first.entry(), first.confidence));
        let wanted = (!entry.is_empty()).then_some((*entry, *confidence));
        assert_eq!(told, wanted, "{log}");
    }
}

use Confidence::{High, Low, Medium};

#[test]
fn what_is_no_fact_makes_no_sure_cause() {
    first_are(&[
        // What is handed out or switched on.
        ("docker run --cap-add CAP_BPF image", "", Low),
        ("scripts/config --enable CONFIG_FTRACE_SYSCALLS", "", Low),
        ("We enabled CONFIG_BPF_LSM in the image; all pass.", "", Low),
        ("CapEff has CAP_BPF, CAP_PERFMON; all fine", "", Low),
        ("$ ulimit -l unlimited\nbpf loaded", "", Low),
        // A condition, a wish, a manual.
        ("When CAP_BPF is missing, the loader falls back", "", Low),
        ("If CAP_PERFMON is not available, we skip kprobes", "", Low),
        (
            "If CONFIG_FTRACE_SYSCALLS is not set, bpf sees none",
            "",
            Low,
        ),
        (
            "If the kernel lacks BTF, we use the archive of BTFhub.",
            "",
            Low,
        ),
        (
            "This patch makes the verifier print 'R1 unbounded memory access' less often.",
            "",
            Low,
        ),
        ("Document that the agent needs CAP_BPF", "", Low),
        ("Requires CONFIG_KPROBES and CONFIG_UPROBES (bpf)", "", Low),
        (
            "it falls back to perf buffers when ring buffers are not supported by the kernel",
            "",
            Low,
        ),
        // A question, and what is needed at times.
        ("Does bpf work without CAP_SYS_ADMIN? Yes.", "", Low),
        ("You may need CAP_BPF to use this", "", Low),
        // Advice.
        (
            "enable CONFIG_FTRACE_SYSCALLS if you want syscalls",
            "tracepoint-missing",
            Low,
        ),
        // What is asked for, without a failure and with one.
        ("the bpf agent needs CAP_BPF", "missing-privilege", Medium),
        (
            "libbpf: prog 'x': BPF program load failed: Operation not permitted\nit needs CAP_BPF",
            "missing-privilege",
            High,
        ),
        // Facts.
        ("Missing CAP_BPF capability", "missing-privilege", High),
        (
            "When I run it, bpf says: missing CAP_BPF",
            "missing-privilege",
            High,
        ),
    ]);
}

#[test]
fn what_a_kernel_lacks_is_told_in_many_words() {
    first_are(&[
        (
            "kernel 5.4.0-42 does not support BPF ring buffers",
            "map-type-unsupported",
            High,
        ),
        (
            "bpf: LRU maps aren't available on your kernel",
            "map-type-unsupported",
            High,
        ),
        (
            "bpf: no support for kfuncs in this kernel",
            "kfunc-unavailable",
            Medium,
        ),
        (
            "error: fentry is not available in your kernel",
            "fentry-unsupported",
            High,
        ),
        (
            "Error: kernel missing BPF LSM support",
            "bpf-lsm-not-enabled",
            Medium,
        ),
        (
            "this kernel has no BPF support",
            "bpf-syscall-missing",
            Medium,
        ),
        (
            "this system does not support BPF links",
            "attach-type-unsupported",
            Medium,
        ),
        ("the kernel supports BPF links", "", Low),
        (
            "If the kernel does not support BPF links, we pin programs.",
            "",
            Low,
        ),
    ]);
}

#[test]
fn errors_below_words_of_the_verifier_are_no_unknown_types() {
    for said in ["Nobody knows this sentence", "kfunc foo has bar"] {
        let log = format!(
            "libbpf: prog 'x': BPF program load failed: Invalid argument\n\
             libbpf: prog 'x': -- BEGIN PROG LOAD LOG --\n{said}\n\
             -- END PROG LOAD LOG --\nlibbpf: prog 'x': failed to load: -22"
        );
        let explanation = explain(&log);
        assert!(explanation.causes.is_empty(), "{log}");
        assert_eq!(explanation.unknown.first().unwrap().text, said);
    }
    first_are(&[(
        "libbpf: prog 'x': -- BEGIN PROG LOAD LOG --\n\
         Attaching tracing to __btf_id function 'migrate_disable' is rejected.\n\
         processed 0 insns (limit 1000000)\n-- END PROG LOAD LOG --\n\
         libbpf: prog 'x': failed to load: -22",
        "kprobe-target-unusable",
        High,
    )]);
}

#[test]
fn mailed_and_cut_lines_are_read() {
    let broken = [
        "> libbpf: prog 'tp_xdp_redirect_err': failed to find kernel BTF=20\n\
         > type ID of 'xdp_redirect_map_err': -3",
        "> libbpf: prog 'tp_xdp_redirect_err': failed to find kernel BTF\n\
         > type ID of 'xdp_redirect_map_err': -3",
    ];
    for log in broken {
        let explanation = explain(log);
        assert_eq!(
            explanation.causes.first().unwrap().entry(),
            "fentry-target-missing"
        );
    }
    first_are(&[
        (
            "15: <invalid kfunc call>\nkfunc 'scx_bpf_events' is refe",
            "kfunc-unavailable",
            High,
        ),
        (
            " - Instructions: 4578 (482 over limit)",
            "verifier-complexity-limit",
            High,
        ),
    ]);
}

#[test]
fn people_tell_it_in_their_own_words() {
    let rows = [
        (
            "libbpf refuses to reuse the pin (`parameter mismatch`, `-EINVAL`)",
            "map-reuse-mismatch",
        ),
        (
            "`bfp()` calls failed with EPERM, was solved by lifting the kernel lockdown",
            "kernel-lockdown",
        ),
        (
            "29 distinct kernel modules failed BTF validation with errno -22",
            "module-btf-mismatch",
        ),
        (
            "bpftrace: Unable to perform more than 4096 instructions",
            "verifier-complexity-limit",
        ),
        (
            "ecapture: the symbol SSL_WRITE can't be found",
            "uprobe-symbol-missing",
        ),
        (
            "attaching to a fentry program on ARM64 seems not be supported",
            "fentry-unsupported",
        ),
        (
            "The bpf_map_def feature was removed from libbpfv1.0+",
            "legacy-map-definition",
        ),
        (
            "tetragon_missed_events_total{error=\"ENOSPC\"} 4826",
            "events-lost",
        ),
        (
            "The option `CONFIG_CGROUP_BPF=y` is required to inject the BPF program",
            "cgroup-bpf-unsupported",
        ),
        (
            "bpf: this container is missing the NET_ADMIN and BPF capabilities",
            "missing-privilege",
        ),
        (
            "fentry attach to __rcu_read_lock denied by bpf, function is in the denylist",
            "kprobe-target-unusable",
        ),
        ("return EPERM when creating ebpf map", "missing-privilege"),
        (
            "falco: loading bpf\nRuntime error: setrlimit failed. Exiting.",
            "missing-privilege",
        ),
        (
            "eBPF-based profiler: memlock rlimit: operation not permitted",
            "missing-privilege",
        ),
        (
            "BPF map `rodata` mmap pointer is NULL",
            "array-mmap-unsupported",
        ),
        (
            "libbpf: map 'simple_ops': failed to create: Operation not supported(-95)",
            "struct-ops-refused",
        ),
        (
            "clang -target bpf -c x.c\nx.c:1: fatal error: 'bits/wordsize.h' file not found",
            "clang-toolchain",
        ),
        (
            "clang: error: no such file or directory: '/usr/lib/x86_64-linux-gnu/libbpf.a'",
            "build-inputs-missing",
        ),
        (
            "invalid relo for insn[6].code 0x85\nlast insn is not an exit or jmp",
            "unresolved-extern",
        ),
    ];
    for (log, entry) in rows {
        let explanation = explain(log);
        let first = explanation.causes.first().map(|first| first.entry());
        assert_eq!(first, Some(entry), "{log}");
    }
}

#[test]
fn what_is_quoted_or_foretold_is_no_failure() {
    first_are(&[
        // What would be seen.
        (
            "Remove the memset.\nThis will trigger a `invalid read from stack off -8+0 size 8` \
             error at load time of the bpf program.",
            "",
            Low,
        ),
        (
            "Hit the first one and you get `BPF program is too large. Processed 1000001 insn`.",
            "",
            Low,
        ),
        // A table of messages and what they mean.
        (
            "verifier errors of bpf\n| Message | Usual cause |\n|---|---|\n\
             | `R1 type=scalar expected=fp` | Passed a number where a pointer was required. |\n\
             | `cannot call GPL-restricted function` | Missing/non-GPL license. |",
            "",
            Low,
        ),
        // The source of a program.
        (
            "\t\tc.refused = errors.New(\"load program: permission denied: 0: R1 invalid mem access\")\n\
             \t}, preflight.ProgramLoad, []string{\"R1 invalid mem access\"}},",
            "",
            Low,
        ),
        (
            "\t\t{\"no kernel BTF\", func(c *host) { c.remove(\"sys/kernel/btf/vmlinux\") },",
            "",
            Low,
        ),
        // A change to a list.
        (
            "--- a/tools/testing/selftests/bpf/DENYLIST\n+++ b/tools/testing/selftests/bpf/DENYLIST\n\
             @@ -24,6 +24,7 @@ fexit_test\n htab_update/reenter_update\n\
             +htab_deadlock   # failed to find kernel BTF type ID of 'nmi_handle': -3 (trampoline)\n \
             kfree_skb       # attach fentry unexpected error: -524 (trampoline)",
            "",
            Low,
        ),
        // Somebody asks which sizes there are.
        (
            "Subject: Max MTU with XDP\nHow is the max MTU found that drivers support with XDP?",
            "",
            Low,
        ),
        // What a file is called.
        (
            "make: *** [Makefile:1726: drivers/net/ethernet/netronome/nfp/bpf/jit.o] Error 2",
            "",
            Low,
        ),
        // What went well.
        (
            "INFO [src/ebpf/mod.rs:643] [eBPF] INFO attach tracepoint: \
             'tracepoint/syscalls/sys_enter_read', succeed!",
            "",
            Low,
        ),
        // What is said not to be so, in a comment whose lines are broken anywhere.
        (
            "// The first attempt was rejected by it during the\n\
             // verification: \"load program: permission denied: 0: (bf) r4 = r2: R2\n\
             // !read_ok\". That error is the BPF verifier, not a\n\
             // capability/SELinux/AppArmor denial (CAP_MAC_ADMIN was present and correct)",
            "verifier-uninit-register",
            High,
        ),
        // The rest of what is harmless is on the next line.
        (
            "libbpf: object 'tc_bpf': failed (-95) to create BPF token from\n\
             '/sys/fs/bpf', skipping optional step...",
            "",
            Low,
        ),
        // They are failures all the same where a program says them.
        (
            "mlx5: MTU(9000) > 3498 is too big for an XDP on dev",
            "xdp-mtu-too-large",
            High,
        ),
        (
            "BPF JIT is disabled on this kernel",
            "jit-unavailable",
            Medium,
        ),
    ]);
}

#[test]
fn what_a_mail_quotes_is_older_than_its_own_words() {
    let quoted = ">> The sequence of 8193 jumps is too complex.";
    let log = format!(
        "I receive a new bpf error:\ninvalid read from stack off -488+0 size 8\n\
         processed 46277 insns (limit 1000000)\n\n> It said before:\n{quoted}"
    );
    first_are(&[
        (&log, "verifier-invalid-stack-access", High),
        (quoted, "verifier-complexity-limit", High),
    ]);
}

#[test]
fn what_only_the_verifier_says_is_known_alone() {
    for (log, entry) in [
        (
            "invalid access to map value, value_size=8 off=8 size=8",
            "verifier-unbounded-access",
        ),
        (
            "invalid access to memory, mem_size=8 off=8 size=4",
            "verifier-unbounded-access",
        ),
        (
            "access beyond struct task_struct at off 9999 size 4",
            "verifier-invalid-mem-access",
        ),
        ("cannot write into packet", "verifier-write-forbidden"),
        (
            "write into map forbidden, value_size=4 off=0 size=4",
            "verifier-write-forbidden",
        ),
        (
            "expected uninitialized iter_num as arg #1",
            "verifier-helper-arg-type",
        ),
        (
            "helper call is not allowed while holding a spin lock",
            "verifier-lock",
        ),
        (
            "kfunc offset > 0 without fd_array is invalid",
            "kfunc-unavailable",
        ),
        // Ordinary English is anybody's.
        ("div by zero", ""),
        ("invalid shift 64", ""),
        ("unlock of a different lock", ""),
        ("unknown opcode 91", ""),
        ("call to invalid destination", ""),
    ] {
        let explanation = explain(log);
        let told = explanation.causes.first().map(|first| first.entry());
        assert_eq!(told, (!entry.is_empty()).then_some(entry), "{log}");
    }
}

#[test]
fn more_words_of_loaders_and_of_people_are_known() {
    first_are(&[
        (
            "ERROR : attach error: Unable to attach uprobe for binary c symbol malloc addr 0 offset 0 using alloc_enter",
            "uprobe-symbol-missing",
            Medium,
        ),
        (
            "stdin:1:6-36: ERROR: Struct/union of type 'struct bio' does not contain a field named 'bi_disk'",
            "core-relocation-failed",
            Medium,
        ),
        (
            "level=warning msg=\"Max entries mismatch for BPF map\" file-path=/sys/fs/bpf/tc/globals/x new=524288 old=1000000 subsys=bpf",
            "map-reuse-mismatch",
            Medium,
        ),
        (
            "apply CO-RE relocations: load BTF for kmod cls_bpf: rebase split spec: raw BTF differs (base address differs)",
            "kernel-btf-incompatible",
            Medium,
        ),
        (
            "# xdp-loader load eth0 x.o\nCouldn't load BPF program: Relocation failed",
            "unresolved-extern",
            Medium,
        ),
        (
            "codegen of clang 20 causes the eBPF verifier to give up",
            "verifier-complexity-limit",
            Medium,
        ),
        (
            "`bpftool prog load` refuses to overwrite an existing pinned path",
            "pin-exists",
            Medium,
        ),
        (
            "BPF_HASH and perf_buffer: they both lost samples",
            "events-lost",
            Medium,
        ),
    ]);
}
