//! `explain` where a sentence decides: a kernel that is asked for, what a kernel is said to lack,
//! an error that is told again, words within words, operations in anybody's words, and logs of
//! success. The logs are short ones made for this, in the shapes of what programs print.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/explaining.rs"]
mod explaining;

use bpf_doctor::triage::Confidence;
use explaining::explain;

fn causes(log: &str) -> Vec<String> {
    let causes = explain(log).causes.into_iter();
    causes.map(|cause| cause.cause).collect()
}

/// Of each log the first cause is this one; none, where it is empty.
#[track_caller]
fn first_are(rows: &[(&str, &str)]) {
    for (log, wanted) in rows {
        let causes = causes(log);
        let first = causes.first().map_or("", String::as_str);
        assert_eq!(first, *wanted, "{log}: {causes:?}");
    }
}

#[test]
fn a_kernel_that_is_asked_for_is_not_the_one_that_runs() {
    let rows = [
        ("bpf: NodePort services needs kernel 4.17.0 or newer.", None),
        ("minimum kernel version: 4.19.57 for bpf", None),
        ("bpf: there since kernel 5.13.0", None),
        (
            "level=info msg=\"kernel (5.18.14) versions: OK\"\nerror=\"bpf needs kernel 4.17.0 or newer\"",
            Some("5.18.14"),
        ),
        (
            "bpf: kernel 5.10.0 or newer is required, found 4.18.0-305.el8.x86_64",
            Some("4.18.0-305.el8.x86_64"),
        ),
        (
            "bpf: at least kernel 5.8.0 is needed; you have kernel 4.18.0",
            Some("4.18.0"),
        ),
        (
            "bpf: kernel 5.4.0 is too old, 5.8.0 is required",
            Some("5.4.0"),
        ),
        (
            "needs kernel 4.4.0 or newer\nLinux h 6.8.0-31-generic #31 SMP x86_64 GNU/Linux",
            Some("6.8.0-31-generic"),
        ),
        // What the running kernel told is surer than what is named, wherever it stands.
        (
            "kernel 5.4.0\n/lib/modules/6.1.0-13-amd64/build",
            Some("6.1.0-13-amd64"),
        ),
        (
            "/lib/modules/6.1.0-13-amd64/build\nkernel 5.4.0",
            Some("6.1.0-13-amd64"),
        ),
        (
            "kernel version: 5.4.0-96-generic\nLinux h 5.4.0 #1",
            Some("5.4.0-96-generic"),
        ),
        (
            "Detected kernel release (uname -r): 5.15.0-1067-gke",
            Some("5.15.0-1067-gke"),
        ),
    ];
    for (log, wanted) in rows {
        assert_eq!(explain(log).log.kernel.as_deref(), wanted, "{log}");
    }
    first_are(&[
        (
            "needs kernel 4.4.0 or newer\nLinux h 6.8.0-31-generic #31 SMP x86_64 GNU/Linux\n\
             libbpf: prog 'x': BPF program load failed: Operation not permitted",
            "missing-privilege",
        ),
        (
            "You need kernel 5.8.0 or newer.\nlibbpf: map 'rb': failed to create: Invalid argument(-22)",
            "map-type-unsupported",
        ),
    ]);
}

#[test]
fn what_a_kernel_is_said_to_lack_is_the_object_of_the_sentence() {
    first_are(&[
        (
            "ERROR: The kernel does not support fentry function load because it is too old!",
            "fentry-unsupported",
        ),
        (
            "Your kernel doesn't support LPM trie maps for BPF, thus disabling policies.",
            "map-type-unsupported",
        ),
        (
            "Kernel does not support BPF ring buffer (requires 5.8+)",
            "map-type-unsupported",
        ),
        (
            "kernel does not support eBPF maps of type LRU hash",
            "map-type-unsupported",
        ),
        (
            "the kernel is too old for the BPF ring buffer",
            "map-type-unsupported",
        ),
        (
            "BPF: LRU maps are not supported by this kernel",
            "map-type-unsupported",
        ),
        (
            "kernel does not support BPF links",
            "attach-type-unsupported",
        ),
        (
            "kernel lacks support for kprobe multi (bpf)",
            "attach-type-unsupported",
        ),
        ("kernel does not support eBPF LSM", "bpf-lsm-not-enabled"),
        (
            "kernel does not support BPF cgroup programs",
            "cgroup-bpf-unsupported",
        ),
        (
            "this kernel does not support BPF trampolines",
            "fentry-unsupported",
        ),
        (
            "this kernel does not support BPF CO-RE (no BTF)",
            "kernel-btf-missing",
        ),
        (
            "kernel doesn't support the bpf_loop helper",
            "helper-unavailable",
        ),
        ("ebpf: kernel lacks support for kfuncs", "kfunc-unavailable"),
        (
            "kernel does not support BPF programs of type sk_lookup",
            "prog-type-unsupported",
        ),
        ("kernel does not support BPF_F_SOMETHING", ""),
        (
            "this kernel lacks support for cgroup BPF",
            "cgroup-bpf-unsupported",
        ),
        (
            "BPF LSM is not supported by this kernel",
            "bpf-lsm-not-enabled",
        ),
        (
            "raw tracepoints are not supported by this kernel",
            "prog-type-unsupported",
        ),
        (
            "bpf_get_current_task_btf is not available in this kernel",
            "helper-unavailable",
        ),
        ("kernel does not support BPF JIT", "jit-unavailable"),
        // The whole of it is missing where the sentence ends there.
        ("kernel doesn't support eBPF", "bpf-syscall-missing"),
        (
            "error: kernel does not support BPF, giving up",
            "bpf-syscall-missing",
        ),
        (
            "This kernel does not have BPF at all",
            "bpf-syscall-missing",
        ),
    ]);
}

#[test]
fn an_error_that_is_there_already_does_not_say_that_a_name_is_missing() {
    for log in [
        "cannot attach kprobe, File exists\nbcc: stopped",
        "cannot attach kprobe, Device or resource busy",
        "cannot attach uprobe, Device or resource busy",
    ] {
        let missing = |cause: &String| cause.ends_with("-symbol-missing");
        assert!(!causes(log).iter().any(missing), "{log}: {:?}", causes(log));
    }
    first_are(&[(
        "libbpf: prog 'a': failed to create kprobe 'b' perf event: -5",
        "kprobe-symbol-missing",
    )]);
}

#[test]
fn an_error_is_explained_once() {
    // The first cause, and whether it is the only one.
    let rows = [
        (
            "-- BEGIN PROG LOAD LOG --\ninsn 6910 cannot be patched due to 16-bit range\n\
             processed 40396 insns (limit 1000000) max_states_per_insn 1 total_states 4057 peak_states 4057 mark_read 73\n\
             -- END PROG LOAD LOG --\n\
             libscap: bpf_load_program() event=raw_tracepoint/filler/sys_procexit_e: Operation not permitted",
            "verifier-complexity-limit",
        ),
        (
            "BPF program is too large. Processed 1000001 insn\nlibbpf: failed to load object 'a.o'\n\
             Could not load XDP BPF program :: Argument list too long.",
            "verifier-complexity-limit",
        ),
        (
            "Prog section 'from-x' rejected: Argument list too long (7)!\n - Instructions: 2626 (0 over limit)\n\
             Verifier analysis:\nSkipped 10968082 bytes, use 'verb' option for the full verbose log.",
            "verifier-complexity-limit",
        ),
        (
            "program x: load program: argument list too long: regs=80 stack=0 before 477: (2d) if r2 > r9 goto pc-114: R1_rw=fp-1 (truncated, 807 line(s) omitted)",
            "verifier-complexity-limit",
        ),
        (
            "libbpf: elf: legacy map definitions in 'maps' section are not supported by libbpf v1.0+\n\
             Failed to open bpf object: Operation not supported",
            "legacy-map-definition",
        ),
        (
            "lxc-start: a: cgroups/cgroup2_devices.c: bpf_program_load_kernel: 332 Invalid argument - Failed to load bpf program\n\
             lxc-start: a: cgroups/cgfsng.c: cgfsng_devices_activate: 3019 Cannot allocate memory - Failed to attach bpf program",
            "cgroup-bpf-unsupported",
        ),
    ];
    for (log, wanted) in rows {
        assert_eq!(causes(log), [wanted], "{log}");
    }
    // What may be another failure is told as one that is not likely.
    let relocations = "libbpf: failed to parse target BTF: -2\n\
        libbpf: failed to perform CO-RE relocations: -2\nlibbpf: failed to load object 'x'";
    let told = explain(relocations).causes.into_iter();
    let told: Vec<(String, Confidence)> =
        told.map(|cause| (cause.cause, cause.confidence)).collect();
    let wanted = [
        ("kernel-btf-missing".to_owned(), Confidence::High),
        ("core-relocation-failed".to_owned(), Confidence::Low),
    ];
    assert_eq!(told, wanted);
    let large = &explain(rows[2].0).causes[0];
    assert_eq!(large.confidence, Confidence::High);
    first_are(&[
        (
            "bpf: Argument list too long. Program  too large (0 insns), at most 4096 insns",
            "syscall-attributes-unknown",
        ),
        // What names its map failed for itself.
        (
            "Error: Parent Qdisc doesn't exists.\nWe have an error talking to the kernel\n\
             libbpf: map 'cpu_map': failed to create: Argument list too long(-7)",
            "map-size-limit",
        ),
    ]);
}

#[test]
fn a_sentence_is_found_within_another_and_without_its_names() {
    first_are(&[
        (
            "dmesg shows: `Lockdown: <process>: use of bpf to read kernel RAM is restricted`.",
            "kernel-lockdown",
        ),
        (
            "dmesg shows: `Lockdown: ebpf-agent: use of bpf to read kernel RAM is restricted`",
            "kernel-lockdown",
        ),
        ("    Lost 10 samples", "events-lost"),
        (" - Lost 10 samples", "events-lost"),
        (
            "a bpf program (calling kernel function is not allowed)",
            "kfunc-unavailable",
        ),
        (
            "the BPF verifier rejects it due to misaligned packet access",
            "verifier-misaligned-access",
        ),
        (
            "XDP attach fails on every veth. The kernel returns `numerical result out of range`",
            "xdp-mtu-too-large",
        ),
        (
            "XDP attach fails: numerical result out of range",
            "xdp-mtu-too-large",
        ),
        ("XDP attach failed on veth0, ERANGE", "xdp-mtu-too-large"),
        (
            "attaching XDP to veth0 returns -ERANGE",
            "xdp-mtu-too-large",
        ),
    ]);
}

#[test]
fn sockets_for_packets_and_the_kernels_types_fail_in_many_words() {
    first_are(&[
        (
            "bind(3, {sa_family=0x2c /* AF_??? */, sa_data=\"\\4\"}, 16) = -1 EOPNOTSUPP (Operation not supported)",
            "xdp-native-unsupported",
        ),
        (
            "ERROR: Can't setup AF_XDP socket \"Operation not supported\"",
            "xdp-native-unsupported",
        ),
        (
            "AF_XDP socket bind failed: errno 95",
            "xdp-native-unsupported",
        ),
        (
            "error: syscall.Bind SockaddrXDP failed: device or resource busy",
            "xdp-already-attached",
        ),
        (
            "xsk_socket__create failed: Device or resource busy",
            "xdp-already-attached",
        ),
        (
            "xsk_socket__create failed: Operation not permitted",
            "missing-privilege",
        ),
        (
            " btf__load_vmlinux_btf() returned NULL",
            "kernel-btf-missing",
        ),
        ("libbpf_find_kernel_btf() failed", "kernel-btf-missing"),
        (
            "No vmlinux BTF available on this system",
            "kernel-btf-missing",
        ),
        ("not able to load kernel BTF", "kernel-btf-missing"),
        (
            "namespace in bpffs failed (is bpffs mounted and accessible?)",
            "bpffs-not-mounted",
        ),
    ]);
}

#[test]
fn a_setting_is_a_cause_where_something_failed_for_it_or_asks_for_it() {
    first_are(&[
        (
            "level=info msg=\"Setting sysctl\" sysParamName=kernel.unprivileged_bpf_disabled sysParamValue=1",
            "",
        ),
        (
            "sysctl: setting key \"kernel.unprivileged_bpf_disabled\": Operation not permitted",
            "",
        ),
        (
            "bpf: consider setting sysctl kernel.unprivileged_bpf_disabled to 0",
            "unprivileged-bpf-disabled",
        ),
        (
            "hint: sysctl kernel.unprivileged_bpf_disabled is set to 1",
            "unprivileged-bpf-disabled",
        ),
        (
            "Consider adjusting /proc/sys/kernel/perf_event_paranoid setting to open\naccess to processes\n\
             without CAP_PERFMON, CAP_SYS_PTRACE or CAP_SYS_ADMIN Linux capability.\nperf_event_paranoid setting is 4:",
            "perf-event-paranoid",
        ),
    ]);
}

#[test]
fn success_is_no_error_and_what_is_not_of_ebpf_is_not_recognised() {
    let rows = [
        (
            "I0719 03:14:47.3 1 attacher.go:146] Successfully load eBPF module from libbpf object",
            "no error found",
        ),
        (
            "time=\"2024-07-09\" level=info msg=\"loaded\" map=execve_map path=/sys/fs/bpf/agent/execve_map",
            "no error found",
        ),
        (
            "I1130 01:00:08.032983 1 config.go:124] using gCgroup ID in the BPF program: true",
            "no error found",
        ),
        ("BPF program loaded successfully", "no error found"),
        (
            "libbpf: loaded kernel BTF from '/sys/kernel/btf/vmlinux'",
            "no error found",
        ),
        (
            "type=AVC msg=audit(1.1:9): avc:  denied  { map_create } for  pid=9 tclass=bpf permissive=1",
            "no error found",
        ),
        (
            "# tc qdisc add dev eth0 clsact\nError: Exclusivity flag on, cannot modify.",
            "no error found",
        ),
        // One word of a failure, and nothing is said to be well.
        (
            "level=info msg=\"bpf: starting\"\nlevel=warning msg=\"the frobnicator is stuck\"",
            "nothing recognised",
        ),
        (
            "level=info msg=\"Detected mounted BPF filesystem at /sys/fs/bpf\"\nlevel=error msg=\"bpf: the frobnicator is off\"",
            "an error whose reason is not known",
        ),
        (
            "type=AVC msg=audit(1.1:9): avc: denied { read } for pid=1 comm=\"x\" tclass=lnk_file permissive=1",
            "nothing recognised",
        ),
        (
            "command=/sbin/tc qdisc add dev tun0 ingress\nstderr=Error: Exclusivity flag on, cannot modify.",
            "nothing recognised",
        ),
    ];
    for (log, wanted) in rows {
        assert_eq!(explain(log).answer, wanted, "{log}");
    }
    let mounted = explain("level=info msg=\"Detected mounted BPF filesystem at /sys/fs/bpf\"");
    let says = &mounted.harmless.first().unwrap().says;
    assert!(!says.contains("was not mounted"), "{says}");
}

#[test]
fn lines_that_are_whole_stay_so_and_loaders_are_those_that_speak() {
    let typed = "$ bpftool btf dump file /sys/kernel/btf/vmlinux format c > vmlinux.h\n\
                 WARNING: bpftool not found for kernel 5.13.12-051312";
    assert!(!causes(typed).contains(&"kernel-btf-missing".to_owned()));
    let rows = [
        (
            "libbpf: failed to load object 'x'\nlibbpf: failed to load BPF skeleton 'x': -2",
            "Libbpf",
        ),
        (
            "Exception: Failed to attach BPF program b'on_entry' to kprobe b'x'",
            "Bcc",
        ),
        (
            "lxc-start: a: cgroup2_devices.c: bpf_program_load_kernel: 332 Invalid argument - Failed to load bpf program",
            "Lxc",
        ),
    ];
    for (log, wanted) in rows {
        let loaders = explain(log).log.loaders;
        let loaders: Vec<String> = loaders.iter().map(|loader| format!("{loader:?}")).collect();
        assert_eq!(loaders, [wanted], "{log}");
    }
}

/// What names a capability or an option to give it, or says under which condition it would be
/// missed, tells of no failure; and neither does what another program says in the same words.
#[test]
fn a_name_to_give_or_to_switch_on_is_no_failure() {
    for line in [
        "docker run --cap-add CAP_BPF image",
        "securityContext: capabilities: add: [\"CAP_BPF\"]",
        "AmbientCapabilities=CAP_BPF CAP_NET_ADMIN",
        "When the kprobe can't load (missing `CAP_BPF` / `CAP_PERFMON`), the runtime degrades",
        "dmesg (13953): Attempt to access syslog with CAP_SYS_ADMIN but no CAP_SYSLOG (deprecated), bpf",
        "scripts/config --enable CONFIG_FTRACE_SYSCALLS",
        "scripts/config --enable CONFIG_BPF_LSM",
        "scripts/config --enable CONFIG_DEBUG_INFO_BTF",
        "We enabled CONFIG_BPF_LSM in the new image",
    ] {
        let explanation = explain(line);
        let told: Vec<_> = explanation
            .causes
            .iter()
            .filter(|cause| cause.confidence > Confidence::Low)
            .map(|cause| cause.entry())
            .collect();
        assert_eq!(told, Vec::<&str>::new(), "{line}");
    }
    for (line, entry) in [
        ("Missing CAP_BPF capability", "missing-privilege"),
        (
            "# CONFIG_FTRACE_SYSCALLS is not set, bpf",
            "tracepoint-missing",
        ),
        (
            "bpftool: Error: update failed: Operation not permitted",
            "map-write-refused",
        ),
        (
            "libbpf: prog 'xdp_dispatcher': BPF program load failed: Operation not permitted\n\
             libbpf: failed to load object 'xdp-dispatcher.o'",
            "missing-privilege",
        ),
    ] {
        let explanation = explain(line);
        let first = explanation.causes.first().map(|first| first.entry());
        assert_eq!(first, Some(entry), "{line}");
    }
}

/// bpftool's words in another's mouth are not bpftool's.
#[test]
fn what_another_program_may_not_update_is_no_map() {
    for program in ["helm", "kubectl", "yum"] {
        let line = format!("{program}: Error: update failed: Operation not permitted");
        let explanation = explain(&line);
        let mut told = explanation.causes.iter();
        assert!(
            !told.any(|cause| cause.entry() == "map-write-refused"),
            "{line}"
        );
    }
}

/// A relative path and dots behind a name are none of the path's own.
#[test]
fn paths_of_pins_are_taken_as_they_stand() {
    for line in [
        "Pinning map to /sys/fs/bpf/x... failed: Operation not permitted",
        "Error: can't pin the object (../x): Operation not permitted",
        "Error: can't pin the object (bpf/x): Operation not permitted",
        "libbpf: failed to pin object '/tmp/bpf/x': Operation not permitted",
    ] {
        let explanation = explain(line);
        let sure = explanation
            .causes
            .iter()
            .filter(|cause| cause.entry() == "pin-refused" && cause.confidence == Confidence::High);
        assert_eq!(sure.count(), 0, "{line}");
    }
}

/// Words without a number: no two are alike.
fn word(mut number: u32) -> String {
    let mut word = String::new();
    for _ in 0..5 {
        let letter = u8::try_from(number % 26).unwrap();
        word.push(char::from(b'a' + letter));
        number /= 26;
    }
    word
}

#[test]
fn behind_many_lines_that_say_the_same_another_one_is_heard() {
    let many = |line: &str| -> String {
        let lines = (0..400_u32).map(|number| line.replace('#', &word(number * 7919)) + "\n");
        lines.collect()
    };
    let rows = [
        (
            "libbpf: map 'q#': failed to create: Cannot allocate memory(-12)",
            "libbpf: map 'qq': failed to create: Operation not permitted(-1)",
            "missing-privilege",
        ),
        (
            "q#: bpf: this kernel does not support nothing known as q#",
            "q: bpf: this kernel does not support kfuncs",
            "kfunc-unavailable",
        ),
        (
            "q#: bpf says q#",
            "q: libbpf: failed to find valid kernel BTF",
            "kernel-btf-missing",
        ),
    ];
    for (line, other, wanted) in rows {
        let alone = causes(other);
        assert!(
            alone.iter().any(|cause| cause == wanted),
            "{other}: {alone:?}"
        );
        let told = causes(&(many(line) + other));
        assert!(told.iter().any(|cause| cause == wanted), "{line}: {told:?}");
    }
}

/// Refusals that are known stay so where they are told for the hundredth time, in lines of JSON,
/// too, and an empty line or an instruction of such a log is no verdict.
#[test]
fn a_refusal_is_known_however_often_it_is_told() {
    let line =
        |number: u32, said: &str| format!("{{\"id\":\"{}\",\"msg\":\"{said}\"}}\n", word(number));
    let many: String = (0..200_u32)
        .map(|number| {
            line(
                number * 7919,
                "R1 unbounded memory access, make sure to bounds check any such access",
            ) + &line(
                number * 104_729,
                "processed 9 insns (limit 1000000) max_states_per_insn 0",
            )
        })
        .collect();
    let odd =
        line(7, "8: (95) exit") + &line(8, "") + &line(9, "processed 3 insns (limit 1000000)");
    for log in [&many, &odd] {
        let unknown = explain(log).unknown;
        assert!(unknown.is_empty(), "{unknown:?}");
    }
    assert!(!explain(&many).causes.is_empty());
}
