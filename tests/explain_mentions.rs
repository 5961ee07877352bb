//! `explain` where a log mentions what is no failure: settings that are shown, words of plain
//! English, warnings that a program outlives, what the verifier says before the code, and errors
//! that follow from earlier ones. The logs are short ones made for this.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/explaining.rs"]
mod explaining;

use bpf_doctor::facts::{Fact, Facts};
use bpf_doctor::triage::{self, KnownHost, Standing};
use explaining::{CATALOGUE, SEARCHER, explain};

fn causes(log: &str) -> Vec<String> {
    let causes = explain(log).causes.into_iter();
    causes.map(|cause| cause.entry().to_owned()).collect()
}

/// Of each log the first cause is this one.
#[track_caller]
fn first_are(rows: &[(&str, &str)]) {
    for (log, wanted) in rows {
        assert_eq!(
            causes(log).first().map(String::as_str),
            Some(*wanted),
            "{log}"
        );
    }
}

#[test]
fn a_manual_and_a_success_are_no_failures() {
    let logs = [
        "E2BIG  The eBPF program is too large, or a map has its most entries\n\
         EPERM  The call of bpf was made without sufficient privilege, such as",
        "libbpf: extern (func ksym) 'scx_bpf_dispatch': resolved to vmlinux [52990]",
        "libbpf: extern 'CONFIG_HZ' (weak): not resolved, defaulting to zero",
        "libbpf: map 'events': created successfully, fd=4",
    ];
    for log in logs {
        assert_eq!(causes(log), [""; 0], "{log}");
    }
}

#[test]
fn a_setting_that_is_shown_is_no_failure() {
    let logs = [
        "# cat /proc/sys/net/core/bpf_jit_limit\n528482304",
        "$ cat /proc/sys/net/core/bpf_jit_harden\n0\n",
        "net.core.bpf_jit_enable = 1\nnet.core.bpf_jit_harden = 2\nkernel.perf_event_paranoid = 4\n\
         kernel.unprivileged_bpf_disabled = 2\nkernel.kptr_restrict = 2",
        "kernel.unprivileged_bpf_disabled = 0",
        "the manual tells of kernel.perf_event_paranoid and of bpf",
        "$ zgrep CONFIG_BPF_STREAM_PARSER /proc/config.gz\nCONFIG_BPF_STREAM_PARSER=m",
        "# CONFIG_DEBUG_INFO_BTF is not set\n# CONFIG_CGROUP_BPF is not set",
        "CONFIG_NET_CLS_BPF is set to m\nCONFIG_FTRACE_SYSCALLS is set to y",
    ];
    for log in logs {
        let explanation = explain(log);
        assert!(!explanation.recognised, "{log}: {:?}", causes(log));
    }
    // What a line asks for, or says to be too little, is one.
    let rows = [
        (
            "bpf: this agent needs CONFIG_BPF_STREAM_PARSER",
            "sockmap-config-missing",
        ),
        (
            "perf_event_open: consider lowering kernel.perf_event_paranoid",
            "perf-event-paranoid",
        ),
        (
            "bpf: net.core.bpf_jit_limit exhausted",
            "jit-memory-exhausted",
        ),
    ];
    first_are(&rows);
}

#[test]
fn what_the_log_shows_to_be_set_is_not_missing() {
    let error = "libbpf: map 'sock_redir': failed to create: Invalid argument(-22)";
    let log = |option: &str| format!("$ uname -r\n5.10.0\n{option}\n{error}\n");
    let standing = |option: &str| {
        let causes = explain(&log(option)).causes;
        let of = causes
            .iter()
            .find(|one| one.cause == "sockmap-config-missing");
        of.map(|cause| (cause.standing, cause.standing_because.clone()))
    };
    let (refuted, because) = standing("CONFIG_BPF_STREAM_PARSER=y").unwrap();
    assert_eq!(refuted, Standing::Refuted);
    assert!(because.contains("CONFIG_BPF_STREAM_PARSER"), "{because}");
    let (confirmed, _) = standing("# CONFIG_BPF_STREAM_PARSER is not set").unwrap();
    assert_eq!(confirmed, Standing::Confirmed);
    // An option that says nothing of it leaves it open, and what is asked for is not shown.
    for other in [
        "CONFIG_BPF_LSM=y",
        "make sure that CONFIG_BPF_STREAM_PARSER=y",
    ] {
        assert_eq!(standing(other).unwrap().0, Standing::Open, "{other}");
    }
}

#[test]
fn plain_english_is_a_failure_in_a_log_about_ebpf_alone() {
    let lines = [
        "Error: the table map is full",
        "runtime error: infinite loop detected",
        "ERROR: Could not resolve symbol: render",
        "There are too many iterations.",
        "failed to create map: permission denied",
        "no available targets are compatible with this triple",
    ];
    for line in lines {
        assert_eq!(causes(line), [""; 0], "{line}");
    }
    for line in [
        "bpftool: map is full",
        "bpftrace: could not resolve symbol: render",
    ] {
        assert!(!causes(line).is_empty(), "{line}");
    }
}

#[test]
fn a_warning_that_the_program_outlives_is_harmless() {
    let logs = [
        "net eth1: XDP request 8 queues but max is 2. XDP_TX and XDP_REDIRECT will operate in a slower locked tx mode.",
        "level=warning msg=\"bpffs is not mounted at /sys/fs/bpf\"\nlevel=info msg=\"Mounted BPF filesystem /sys/fs/bpf\"",
        "libbpf: Error finalizing and loading .BTF into kernel: -22. Ignored and continue.",
        "I0203 04:05:06.000000 1 pins.go:7] get object /sys/fs/bpf/tc/globals/theirs: no such file or directory",
        "libbpf: loading object 'count_bpf' from buffer\nlibbpf: license of count_bpf is GPL",
    ];
    for log in logs {
        let explanation = explain(log);
        assert!(!explanation.recognised, "{log}: {:?}", causes(log));
        assert_eq!(explanation.answer, "no error found", "{log}");
    }
}

#[test]
fn what_the_verifier_says_before_the_code_is_no_verdict() {
    let before = "libbpf: prog 'p': -- BEGIN PROG LOAD LOG --\n\
                  reg type unsupported for arg#0 function p#12\n0: R1=ctx(off=0,imm=0) R10=fp0\n";
    assert_eq!(causes(before), [""; 0]);
    let log = format!(
        "{before}3: (61) r0 = *(u32 *)(r1 +400)\ninvalid bpf_context access off=400 size=4\nprocessed 4 insns"
    );
    assert_eq!(causes(&log), ["verifier-ctx-access"]);
    // The same below the code is one.
    let below =
        "3: (85) call pc+4\nreg type unsupported for arg#0 function p#12\nprocessed 4 insns";
    assert_eq!(
        causes(below).first().map(String::as_str),
        Some("verifier-helper-arg-type")
    );
}

#[test]
fn a_later_error_is_led_back_to_the_first() {
    let rows = [
        (
            "bpf(BPF_MAP_CREATE, {map_type=BPF_MAP_TYPE_RINGBUF, key_size=0}, 72) = -1 EINVAL (Invalid argument)\n\
             bpf_map_update_elem: Bad file descriptor",
            "map-type-unsupported",
        ),
        (
            "loader: bpf_prog_load lib call for net.o (cgroup_sock) returned fd: -1 (Invalid argument)\n\
             loader: Failed to load object: net.o, ret: Operation not permitted",
            "prog-type-unsupported",
        ),
        (
            "libbpf: prog 'on_exit': failed to create BPF link for perf_event FD 12: -13 (Permission denied)\n\
             libbpf: prog 'on_exit': failed to attach to tracepoint 'sched/sched_process_exit': Permission denied",
            "verifier-ctx-access",
        ),
        (
            "ip link set dev eth0 xdp obj lb.o\nProg section 'lb' rejected: Permission denied (13)!\n\
             9: (18) r1 = 0x0\n11: (85) call bpf_map_lookup_elem#1\nR1 type=inv expected=map_ptr",
            "iproute2-no-libelf",
        ),
        (
            "[4] Invalid kind:16\nlibbpf: Error loading BTF: Invalid argument(22)",
            "object-btf-rejected",
        ),
        (
            "./block_ddos --dev ens5\nnlmsg error Operation not supported\nlink set xdp fd failed",
            "xdp-native-unsupported",
        ),
    ];
    first_are(&rows);
}

#[test]
fn a_constant_offset_is_not_called_a_variable_one() {
    let log = "invalid access to packet, off=14 size=20, R2(id=0,off=14,r=14)\n\
               R2 offset is outside of the packet\nprocessed 9 insns";
    let cause = explain(log).causes.into_iter().next().unwrap();
    assert_eq!(cause.cause, "verifier-packet-access");
    assert!(
        cause.because.contains("was not compared"),
        "{}",
        cause.because
    );
}

#[test]
fn an_entry_comes_first_by_its_own_words() {
    let rows = [
        (
            "libbpf: failed to pin map: Permission denied",
            "bpffs-permission",
        ),
        (
            "pin map seen to /sys/fs/bpf/seen: permission denied",
            "bpffs-permission",
        ),
        (
            "mkdir /sys/fs/bpf/agent: permission denied",
            "bpffs-permission",
        ),
        ("mkdir /sys/fs/bpf: permission denied", "bpffs-not-mounted"),
        ("R2 leaks addr into map", "verifier-pointer-leak"),
        ("R0 leaks addr as return value", "verifier-pointer-leak"),
        (
            "libbpf: failed to mmap perf buffer on cpu #1: Operation not permitted",
            "perf-buffer-memory-limit",
        ),
        (
            "could not create perf reader: mmap: operation not permitted",
            "perf-buffer-memory-limit",
        ),
        (
            "Error: can't get next map: Operation not permitted",
            "id-listing-denied",
        ),
        (
            "error loading seccomp filter: errno 524",
            "jit-memory-exhausted",
        ),
        (
            "clang -target bpf -c a.c\n/usr/include/linux/types.h:5:10: fatal error: 'asm/types.h' file not found",
            "clang-toolchain",
        ),
        ("Possibly lost 7 samples", "events-lost"),
    ];
    first_are(&rows);
}

/// A process that holds all that is asked for is not told that it lacks it.
#[test]
fn what_this_process_holds_is_not_what_is_missing_here() {
    let log = "libbpf: prog 'p': BPF program load failed: Operation not permitted";
    let reading = SEARCHER.read(&mut log.as_bytes(), triage::LIMIT).unwrap();
    let explained = |held: &[&str]| {
        let mut facts = Facts::default();
        let held: Vec<String> = held.iter().map(ToString::to_string).collect();
        facts.set("privilege.capabilities", Fact::known(held, "x"));
        facts.set("privilege.user-namespace", Fact::known("initial", "x"));
        facts.set("privilege.last-cap", Fact::known(40_i64, "x"));
        let host = KnownHost {
            facts,
            known_from: "live",
            ..KnownHost::none()
        };
        let causes = triage::explain(&CATALOGUE, &reading, &host).causes;
        causes
            .into_iter()
            .find(|cause| cause.cause == "missing-privilege")
            .unwrap()
    };
    for held in [
        &["CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN"][..],
        &["CAP_SYS_ADMIN"],
    ] {
        let cause = explained(held);
        let remains = cause.remains.unwrap_or_default();
        assert!(
            remains.contains("not what is missing here"),
            "{held:?}: {remains}"
        );
        for lie in ["are missing", "holds none", "could not be read"] {
            assert!(!cause.because.contains(lie), "{held:?}: {}", cause.because);
        }
    }
    let lacking = explained(&["CAP_BPF"]);
    assert!(
        lacking
            .because
            .contains("CAP_PERFMON and CAP_NET_ADMIN are missing"),
        "{}",
        lacking.because
    );
    assert_eq!(lacking.standing, Standing::Confirmed);
}

/// The memory for compiled programs, by the host's limit: raised where it can be, and not where the
/// kernel would take no more.
#[test]
fn a_full_jit_area_is_told_by_the_limit_of_the_host() {
    let log = "bpf: net.core.bpf_jit_limit exhausted";
    let reading = SEARCHER.read(&mut log.as_bytes(), triage::LIMIT).unwrap();
    for (arch, limit, words, doubled) in [
        (
            "x86_64",
            264_241_152,
            "used up net.core.bpf_jit_limit, seccomp filters",
            Some("528482304"),
        ),
        (
            "x86_64",
            1_056_964_608,
            "raised above the default already",
            None,
        ),
        (
            "aarch64",
            33_554_432,
            "used up net.core.bpf_jit_limit, seccomp filters",
            Some("67108864"),
        ),
        ("aarch64", 135_291_469_824, "It is not the limit", None),
    ] {
        let mut facts = Facts::default();
        facts.set("kernel.arch", Fact::known(arch, "x"));
        facts.set("sysctl.net.core.bpf_jit_limit", Fact::known(limit, "x"));
        let host = KnownHost {
            facts,
            known_from: "live",
            ..KnownHost::none()
        };
        let causes = triage::explain(&CATALOGUE, &reading, &host).causes;
        let cause = causes.first().unwrap();
        assert_eq!(cause.entry(), "jit-memory-exhausted");
        assert!(
            cause.because.contains(words),
            "{arch} {limit}: {}",
            cause.because
        );
        let fixes = format!("{:?}", cause.fixes);
        let is_doubled = doubled.is_some_and(|limit| fixes.contains(limit));
        assert_eq!(is_doubled, doubled.is_some(), "{arch} {limit}: {fixes}");
        assert_eq!(
            fixes.contains("sysctl -w"),
            doubled.is_some(),
            "{arch} {limit}: {fixes}"
        );
    }
}

/// What a line says in so many words is not turned into another cause because the host, or this
/// process on it, can't have the one it names.
#[test]
fn a_cause_that_a_line_names_stays_where_the_host_has_none_of_it() {
    let rows = [
        (
            "R2 leaks addr into map",
            "The loader had no CAP_PERFMON",
            "",
        ),
        (
            "R1 stack pointer arithmetic goes out of range, prohibited for !root",
            "`prohibited for !root`: ",
            "",
        ),
        (
            "R1 32-bit pointer arithmetic prohibited",
            "A pointer is masked",
            "",
        ),
        (
            "Lockdown: loader: BPF is restricted; see man kernel_lockdown.7",
            "Before mainline's lockdown (5.4)",
            "the line is of another host",
        ),
    ];
    for (log, because, remains) in rows {
        let reading = SEARCHER.read(&mut log.as_bytes(), triage::LIMIT).unwrap();
        let mut facts = Facts::default();
        facts.set(
            "privilege.capabilities",
            Fact::known(
                ["CAP_BPF", "CAP_PERFMON", "CAP_SYS_ADMIN"]
                    .map(str::to_owned)
                    .to_vec(),
                "x",
            ),
        );
        facts.set("privilege.user-namespace", Fact::known("initial", "x"));
        facts.set("kernel.version", Fact::known("6.12.1", "x"));
        facts.set("kernel.flavour", Fact::known("debian", "x"));
        let host = KnownHost {
            facts,
            known_from: "live",
            ..KnownHost::none()
        };
        let first = triage::explain(&CATALOGUE, &reading, &host)
            .causes
            .remove(0);
        assert!(
            first.because.starts_with(because),
            "{log}: {}",
            first.because
        );
        let told = first.remains.unwrap_or_default();
        assert_eq!(told.is_empty(), remains.is_empty(), "{log}: {told}");
        assert!(told.contains(remains), "{log}: {told}");
    }
}

/// A finer cause and the one it is a kind of are told once where the same line says both.
#[test]
fn one_line_says_a_cause_once() {
    for log in [
        "error loading seccomp filter into kernel: error loading seccomp filter: errno 524",
        "Prog section 'connect' rejected: Unknown error 524 (524)!",
    ] {
        let explanation = explain(log);
        let mut told: Vec<&str> = explanation
            .causes
            .iter()
            .map(|one| one.cause.as_str())
            .collect();
        let all = told.len();
        told.sort_unstable();
        told.dedup();
        assert_eq!(told.len(), all, "{log}");
    }
}

/// A name of a mechanism, a list that has it, and a host that is in order are no refusal.
#[test]
fn what_is_in_order_is_no_evidence() {
    let errors = [
        "load program: permission denied",
        "load program: operation not permitted",
        "libbpf: map 'm': failed to create: Operation not permitted(-1)",
        "load program: no such file or directory",
    ];
    let remarks = [
        "Supported LSMs: lockdown,capability,yama,selinux,bpf,landlock",
        "{\"lsms\":\"lockdown,capability,yama,apparmor,bpf\"}",
        "LSM list: landlock,lockdown,yama,bpf",
        "SELinux status: disabled",
        "apparmor module is loaded. 0 profiles are in enforce mode.",
        "SELinux:  Initializing.",
        "SecureBoot disabled",
        "Permissive",
        "mount: bpf on /sys/fs/bpf type bpf (rw)",
        "-r--r--r-- 1 root root 5432123 Jan  1 10:00 /sys/kernel/btf/vmlinux",
        "libbpf: extern (kcfg) 'CONFIG_X': set to y",
    ];
    for error in errors {
        let alone = causes(error);
        for remark in remarks {
            assert_eq!(
                causes(&format!("{remark}\n{error}")),
                alone,
                "{remark}: {error}"
            );
        }
    }
    // A refusal is one.
    let log = "kernel: Lockdown: agent: use of bpf to read kernel RAM is restricted; see man kernel_lockdown.7";
    assert_eq!(causes(log), ["kernel-lockdown"]);
}

/// `section` with a word for wrong is not the name of a program's section.
#[test]
fn a_section_of_the_file_is_not_that_of_a_program() {
    let rows = [
        (
            "libbpf: sec 'xdp': corrupted symbol #27 pointing to invalid section #65522 for relo #0",
            "clang-toolchain",
        ),
        (
            "libbpf: can't find section 'xdp' referenced from .BTF.ext",
            "clang-toolchain",
        ),
        (
            "libbpf: prog 'p': failed to find BPF program (FD 2) BTF ID for 'f': -ENOENT",
            "program-extension-refused",
        ),
        (
            "libbpf: struct_ops reloc x: cannot find prog at shdr_idx 2 to relocate func ptr y",
            "struct-ops-refused",
        ),
        (
            "load BTF: compressed BTF map section is not supported",
            "object-btf-rejected",
        ),
        (
            "libbpf: prog 'p': missing BPF prog type, check ELF section name 'xpd'",
            "sec-name-unrecognized",
        ),
    ];
    for (line, cause) in rows {
        assert_eq!(causes(line), [cause], "{line}");
    }
}

/// Compilers, whatever the sort of the error, where the source is one of BPF programs.
#[test]
fn what_a_compiler_says_of_bpf_sources_is_told() {
    let rows = [
        (
            "hello.bpf.c:5:15: error: incomplete definition of type 'struct bpf_raw_tracepoint_args'",
            "clang-toolchain",
        ),
        (
            "tc_bpf_encap.c:61:26: error: variable has incomplete type 'struct bpf_redir_neigh'",
            "clang-toolchain",
        ),
        (
            "x.bpf.c:12:9: error: no member named 'state' in 'struct task_struct'",
            "clang-toolchain",
        ),
        (
            "/usr/include/bpf/bpf_helper_defs.h:78:83: error: unknown type name '__u64'",
            "clang-toolchain",
        ),
        (
            "/virtual/main.c:44:20: error: incompatible pointer to integer conversion passing 'void *'",
            "bcc-header-mismatch",
        ),
        (
            "ERROR: Include headers with missing type definitions or install BTF information to your system.",
            "kernel-btf-missing",
        ),
    ];
    for (line, cause) in rows {
        assert_eq!(causes(line), [cause], "{line}");
    }
    assert_eq!(
        causes("main.c:12:9: error: no member named 'state' in 'struct task'"),
        [""; 0]
    );
}
