//! `explain` where a text has the words of a failure and tells of none: lists of packages, symbols,
//! tests and features, calls that went well, the doctor's own reports; and words of loaders and
//! of people that say what failed in their own way.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/explaining.rs"]
mod explaining;

use bpf_doctor::triage::Confidence;
use explaining::explain;

/// The first entry of each log.
#[track_caller]
fn first_are(rows: &[(&str, &str)]) {
    for (log, entry) in rows {
        let explanation = explain(log);
        let first = explanation.causes.first().map(|first| first.entry());
        assert_eq!(first, Some(*entry), "{log}");
    }
}

#[test]
fn lists_and_successes_are_no_failures() {
    for log in [
        "bpf() syscall restricted to privileged users (without recovery)\nJIT compiler is enabled\nJIT compiler hardening is disabled",
        "eBPF program_type socket_filter is available\neBPF program_type lirc_mode2 is NOT available",
        "bpf: this tells whether the JIT compiler is enabled or not. In case of failed test cases, see",
        "2026-11-29 16:42:19 install libbpf-dev:amd64 <none> 1:1.1.0-1\n2026-11-29 16:42:19 install libelf-dev:amd64 <none> 0.188-2.1",
        "-- Found LibElf: /usr/lib/libelf.so\n-- Found LibBpf: /usr/lib/libbpf.so",
        "ii  libbpf1:amd64  1:1.1.0-1  amd64  eBPF helper library\nii  libseccomp2:amd64  2.5.4-1  amd64  high level interface to Linux seccomp filter",
        "  [✓] No seccomp filter refuses bpf() or perf_event_open()  container-seccomp-denied",
        "[?] Kernel lockdown restricts BPF? Not known  kernel-lockdown\n    could not look: no such file",
        "attach_type     53 yes, 9 no, 0 unknown",
        "ffffffff814886d0 t seccomp_check_filter\nffffffff81488700 t bpf_prog_load",
        "- [What is eBPF](https://ebpf.io/what-is-ebpf)\n- filter",
        "  * drm/amd/pm: fix possible power mode mismatch between driver\n  * net: xdp: Fix a leak",
        "bpf(BPF_MAP_CREATE, {map_type=BPF_MAP_TYPE_RINGBUF, key_size=0, value_size=0, max_entries=4096}, 80) = 4\nioctl(3, TCGETS, 0x7ffd) = -1 EINVAL (Invalid argument)",
        "bpf(BPF_MAP_CREATE, {map_type=BPF_MAP_TYPE_ARRAY, key_size=4, value_size=32, max_entries=1}, 80) = 4\nopenat(AT_FDCWD, \"/etc/ld.so.preload\", O_RDONLY) = -1 ENOENT (No such file or directory)",
        "unprivileged_bpf_disabled = 2\nbpf",
        "ok 23 - bpf verifier: unreachable insn rejected",
        "#12 \"R0 invalid mem access 'map_value_or_null'\" OK",
        "Kernel 4.18 has no BTF, so we ship our own with the agent and it works fine.",
        "level=info msg=\"loaded seccomp profile\" profile=default\nlevel=info msg=\"eBPF maps loaded\"",
        "libbpf: Error in bpf_create_map_xattr(events):Invalid argument(-22). Retrying without BTF.\nSuccessfully started!",
        "schema: bpf-doctor/report/v1\nfindings:\n- check: x\n  title: A seccomp filter refuses bpf()\n  log: \"a\\n0: exit\\nunknown func bpf_override_return#58\"",
    ] {
        let explanation = explain(log);
        let told: Vec<&str> = explanation
            .causes
            .iter()
            .map(|cause| cause.entry())
            .collect();
        assert_eq!(told, Vec::<&str>::new(), "{log}");
    }
}

#[test]
fn a_failure_beside_a_list_is_told() {
    first_are(&[
        (
            "Seccomp:\t0\nSeccomp_filters:\t0\nlibbpf: map 'events': failed to create: Operation not permitted(-1)",
            "missing-privilege",
        ),
        (
            "schema: bpf-doctor/report/v1\nverdict: ready\nlibbpf: prog 'a': failed\n0: (95) exit\nR0 !read_ok",
            "verifier-uninit-register",
        ),
        (
            "bpf() is blocked by the seccomp profile",
            "container-seccomp-denied",
        ),
        (
            "bpf(BPF_MAP_CREATE, {map_type=BPF_MAP_TYPE_RINGBUF, max_entries=4096}, 80) = -1 EINVAL (Invalid argument)",
            "map-type-unsupported",
        ),
    ]);
}

#[test]
fn a_need_alone_is_one_of_several_things() {
    for log in [
        "The modern eBPF probe needs BTF and a kernel of 5.8 or later.",
        "Note: fentry needs BTF, kprobe does not.",
        "Enable CONFIG_DEBUG_INFO_BTF if your kernel has no BTF.",
    ] {
        let explanation = explain(log);
        let first = explanation.causes.first().unwrap();
        assert_eq!(first.confidence, Confidence::Low, "{log}");
    }
}

#[test]
fn loaders_tell_it_in_words_of_their_own() {
    first_are(&[
        (
            "map flows: map create: invalid argument (MaxEntries may be incorrectly set to zero)",
            "map-config-invalid",
        ),
        (
            "map rb: map create: invalid argument (ring map size 4096 not a multiple of page size 65536)",
            "map-config-invalid",
        ),
        (
            "Error: netlink error while attaching ebpf program to tc\n\nCaused by:\n    Invalid argument (os error 22)",
            "tc-clsact-missing",
        ),
        (
            "called `Result::unwrap()` on an `Err` value: TcError(NetlinkError { io_error: Os { code: 22, kind: InvalidInput, message: \"Invalid argument\" } })",
            "tc-clsact-missing",
        ),
        (
            "could not attach XDP program: create link: not supported (requires >= v5.9)",
            "attach-type-unsupported",
        ),
        (
            "Error: can't register struct_ops tcp_cubic: File exists",
            "struct-ops-refused",
        ),
        (
            "attach raw tracepoint: create raw tracepoint: no such file or directory",
            "tracepoint-missing",
        ),
        (
            "Error: map error: map `Some(\"FOO\")` requested pinning. pinning failed\n\nCaused by:\n    No such file or directory (os error 2)",
            "bpffs-not-mounted",
        ),
        (
            "program foo: bpf_probe_read_kernel not supported (requires >= v5.5)",
            "helper-unavailable",
        ),
        (
            "load program: >4096 instructions not supported (requires >= v5.2)",
            "verifier-complexity-limit",
        ),
        (
            "bpf token: create token from \"/sys/fs/bpf\": operation not permitted",
            "bpf-token-refused",
        ),
        (
            "ERROR: Can't create xsk socket: Operation not supported",
            "xdp-native-unsupported",
        ),
        (
            "Error: can't load BTF\nlibbpf: failed to get EHDR from prog.c",
            "application-bug",
        ),
    ]);
}

#[test]
fn a_verdict_that_was_cut_off_is_no_other_one() {
    for rest in [
        "map_value_or_nul",
        "map_value_or_nu",
        "map_value_or_n",
        "map_value_o",
        "sock_or",
    ] {
        let log = format!("R0 invalid mem access '{rest}");
        first_are(&[(&log, "verifier-null-check")]);
    }
    first_are(&[(
        "R0 invalid mem access 'scalar'",
        "verifier-invalid-mem-access",
    )]);
}

#[test]
fn what_is_said_to_have_been_printed_is_a_fact() {
    first_are(&[
        (
            "When we deploy to the RHEL 8 nodes the loader prints: invalid func unknown#131",
            "helper-unavailable",
        ),
        (
            "When the program is loaded: The sequence of 8193 jumps is too complex.",
            "verifier-complexity-limit",
        ),
        (
            "When we run it in Docker: bpf(BPF_PROG_LOAD) = -1 EPERM (Operation not permitted)",
            "missing-privilege",
        ),
    ]);
}

#[test]
fn a_refused_load_without_the_verifiers_words_asks_for_them() {
    for log in [
        "libbpf: failed to load program 'calico_from_wep': Permission denied",
        "libbpf: prog 'sys_enter': failed to load: -13",
    ] {
        let explanation = explain(log);
        assert!(explanation.causes.is_empty(), "{log}");
        let says = &explanation.unknown.first().unwrap().says;
        assert!(
            says.contains("the verifier refused the program"),
            "{log}: {says}"
        );
    }
}
