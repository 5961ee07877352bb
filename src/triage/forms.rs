//! What loaders say when an operation fails: the shapes of their lines, not what they mean.
//!
//! The messages are those of libbpf 0.1 to 1.7, bpftool, bcc, bpftrace, cilium/ebpf, aya,
//! libbpf-rs, iproute2, systemd, runc and strace. The group `err` holds the error; without
//! it the whole line is searched for one.

use crate::catalogue::Loader;
use crate::catalogue::Operation;

use Loader::{
    Aya, Bcc, Bpftool, Bpftrace, Cilium, Ebpf, Iproute2, Kernel, Libbpf, Lxc, Runc, Strace, Systemd,
};
use Operation::{
    Attach, AttachCgroup, AttachKprobe, AttachTc, AttachTracepoint, AttachTrampoline, AttachUprobe,
    AttachXdp, BindXdp, BtfLoad, Compile, Inspect, KernelBtf, MapCreate, MapCreateWithBtf, MapUse,
    Open, PerfEventOpen, Pin, ProgramLoad, Relocation, Rlimit, TrivialLoad,
};

/// Whose line it is, what failed, and the shape of the line.
pub(super) type Form = (Loader, Operation, &'static str);

/// The shapes of lines that tell of a failure.
pub(super) const FORMS: &[Form] = &[
    // libbpf
    (
        Libbpf,
        MapCreate,
        r"map '(?P<map>[^']*)': failed to create(?: inner map)?: (?P<err>.*)",
    ),
    (
        Libbpf,
        MapCreate,
        r"failed to create map \(name: '(?P<map>[^']*)'\): (?P<err>.*)",
    ),
    (
        Libbpf,
        MapCreateWithBtf,
        r"Error in bpf_create_map_xattr\((?P<map>[^)]*)\): ?(?P<err>.*)\. Retrying without BTF",
    ),
    (
        Libbpf,
        MapCreate,
        r"Error in \w+\(\): ?(?P<err>.*)\. Couldn't create simple array map",
    ),
    (
        Libbpf,
        MapUse,
        r"map '(?P<map>[^']*)': failed to (?:set initial contents|freeze as read-only|initialize slot)[^:]*: (?P<err>.*)",
    ),
    (
        Libbpf,
        TrivialLoad,
        r"Error in bpf_object__probe_loading\(\): ?(?P<err>.*?)\. Couldn't load trivial BPF program",
    ),
    (
        Libbpf,
        TrivialLoad,
        r"Couldn't load (?:basic|trivial) (?:'r0 = 0' )?BPF program",
    ),
    (
        Libbpf,
        ProgramLoad,
        r"prog '(?P<prog>[^']*)': BPF program load failed: (?P<err>.*)",
    ),
    (Libbpf, ProgramLoad, r"load bpf program failed: (?P<err>.*)"),
    (
        Ebpf,
        ProgramLoad,
        r#"error while loading "(?P<prog>[^"]*)"[ :(]+(?P<err>[^()]*)"#,
    ),
    (
        Libbpf,
        ProgramLoad,
        r"prog '(?P<prog>[^']*)': failed to load: (?P<err>.*)",
    ),
    (
        Libbpf,
        ProgramLoad,
        r"failed to load program '(?P<prog>[^']*)'",
    ),
    (
        Libbpf,
        BtfLoad,
        r"Error loading \.BTF into kernel: (?P<err>.*)",
    ),
    (Libbpf, BtfLoad, r"BTF loading error: (?P<err>.*)"),
    (Libbpf, BtfLoad, r"Error loading BTF: (?P<err>.*)"),
    (Libbpf, KernelBtf, r"Error loading vmlinux BTF: (?P<err>.*)"),
    (
        Libbpf,
        KernelBtf,
        r"failed to read kernel BTF from '[^']*': (?P<err>.*)",
    ),
    (
        Libbpf,
        Relocation,
        r"failed to perform CO-RE relocations: (?P<err>.*)",
    ),
    (
        Libbpf,
        Relocation,
        r"prog '(?P<prog>[^']*)': relo #\d+: failed to relocate[^:]*: (?P<err>.*)",
    ),
    (
        Libbpf,
        AttachTracepoint,
        r"prog(?:ram)? '(?P<prog>[^']*)': failed to (?:attach to|create) (?:raw )?tracepoint '(?P<target>[^']*)'[^:]*: (?P<err>.*)",
    ),
    (
        Libbpf,
        AttachTracepoint,
        r"failed to determine tracepoint '(?P<target>[^']*)' perf event ID: (?P<err>.*)",
    ),
    (
        Libbpf,
        AttachKprobe,
        r"prog(?:ram)? '(?P<prog>[^']*)': failed to (?:create|attach to) k(?:ret)?probe '(?P<target>[^']*)'[^:]*: (?P<err>.*)",
    ),
    (
        Libbpf,
        AttachKprobe,
        r"failed to add legacy kprobe event for '(?P<target>[^']*)': (?P<err>.*)",
    ),
    (
        Libbpf,
        AttachUprobe,
        r"prog(?:ram)? '(?P<prog>[^']*)': failed to (?:create|attach to) u(?:ret)?probe '(?P<target>[^']*)'[^:]*: (?P<err>.*)",
    ),
    (
        Libbpf,
        AttachUprobe,
        r"failed to add legacy uprobe event for (?P<target>\S+): (?P<err>.*)",
    ),
    (
        Libbpf,
        AttachCgroup,
        r"prog(?:ram)? '(?P<prog>[^']*)': failed to attach to cgroup: (?P<err>.*)",
    ),
    (
        Libbpf,
        AttachXdp,
        r"prog(?:ram)? '(?P<prog>[^']*)': failed to attach to xdp: (?P<err>.*)",
    ),
    (
        Libbpf,
        AttachTc,
        r"prog(?:ram)? '(?P<prog>[^']*)': failed to attach to (?:tcx|netkit|netfilter): (?P<err>.*)",
    ),
    (
        Libbpf,
        Attach,
        r"prog(?:ram)? '(?P<prog>[^']*)': failed to (?:auto-)?attach(?: to [^:']*)?: (?P<err>.*)",
    ),
    (
        Libbpf,
        Attach,
        r"failed to auto-attach program '(?P<prog>[^']*)': (?P<err>.*)",
    ),
    (
        Libbpf,
        Attach,
        r"map '(?P<map>[^']*)': failed to auto-attach: (?P<err>.*)",
    ),
    (
        Libbpf,
        Pin,
        r"map '(?P<map>[^']*)': failed to auto-pin at '[^']*': (?P<err>.*)",
    ),
    (
        Libbpf,
        Pin,
        r"(?:failed to pin (?:map|program|BPF object|link|the [a-z]+)|prog '(?P<prog>[^']*)': failed to pin at)[^:]*: (?P<err>.*)",
    ),
    (
        Libbpf,
        PerfEventOpen,
        r"failed to open perf (?:buffer )?event[^:]*: (?P<err>.*)",
    ),
    (
        Libbpf,
        PerfEventOpen,
        r"failed to mmap perf buffer on cpu #\d+: (?P<err>.*)",
    ),
    (
        Libbpf,
        PerfEventOpen,
        r"(?:failed to (?:enable perf_event FD|attach to perf_event FD|create BPF link for perf_event FD)) \d+: (?P<err>.*)",
    ),
    (
        Libbpf,
        Rlimit,
        r"Failed to bump RLIMIT_MEMLOCK \(err = (?P<err>[^)]*)\)",
    ),
    (
        Libbpf,
        Rlimit,
        r"failed to (?:increase|set|raise|remove|bump) (?:the )?(?:rlimit|RLIMIT_MEMLOCK|memlock)[^:]*:? ?(?P<err>.*)",
    ),
    (
        Lxc,
        Rlimit,
        r"setrlimit ?\((?:RLIM(?:IT)?_MEMLOCK)\b[^)]*\)[^:]*: (?P<err>.*)",
    ),
    // bpftool
    (Bpftool, MapCreate, r"Error: map create failed: (?P<err>.*)"),
    (
        Bpftool,
        MapUse,
        r"Error: (?:update|delete|lookup|get next key) failed: (?P<err>.*)",
    ),
    (
        Bpftool,
        Inspect,
        r"Error: can't (?:get|open|find) (?:next |info |prog |map |link |BTF )*[a-z /]*(?:\(\d+\))?: (?P<err>.*)",
    ),
    (
        Bpftool,
        Pin,
        r"Error: (?:can't|failed to|couldn't) (?:pin|mount)[^:]*: (?P<err>.*)",
    ),
    (
        Bpftool,
        Pin,
        r"Error: bpf obj (?:pin|get) [^:]*(?:\([^)]*\))?: (?P<err>.*)",
    ),
    (
        Bpftool,
        AttachXdp,
        r"Error: interface xdp\w* attach failed: (?P<err>.*)",
    ),
    (
        Bpftool,
        Attach,
        r"Error: (?:failed prog attach to map|failed to attach program|interface \w+ attach failed|failed to attach (?:cgroup|\w+))[^:]*:? ?(?P<err>.*)",
    ),
    (
        Bpftool,
        ProgramLoad,
        r"Error: failed to load (?:object file|program|BPF object)",
    ),
    (
        Bpftool,
        Open,
        r"Error: failed to open (?:object file|BPF object)[^:]*:? ?(?P<err>.*)",
    ),
    // libbpf-rs and programs built on libbpf
    (
        Libbpf,
        Open,
        r"libbpf: (?:elf: )?failed to open (?P<file>[^ :]+\.o): (?P<err>.*)",
    ),
    (
        Libbpf,
        Open,
        r"failed to open (?:and load )?BPF (?:object|skeleton|application)[^:]*:? ?(?P<err>.*)",
    ),
    (
        Libbpf,
        ProgramLoad,
        r"failed to load (?:object|BPF skeleton|and verify BPF skeleton|BPF (?:object|programs?))[^:]*:? ?(?P<err>.*)",
    ),
    (
        Libbpf,
        Attach,
        r"failed to attach (?:BPF (?:skeleton|programs?|object)|skeleton)[^:]*:? ?(?P<err>.*)",
    ),
    // cilium/ebpf and what is built on it
    (
        Ebpf,
        MapCreate,
        r"(?:map (?P<map>[\w.\-]+): )?(?:map create|create map|creating map)(?: without BTF| \S+)?: (?P<err>.*)",
    ),
    (
        Ebpf,
        ProgramLoad,
        r"(?:program (?P<prog>[\w.\-]+): )?load program(?: without BTF)?: (?P<err>[^:(]*)",
    ),
    (
        Ebpf,
        Relocation,
        r"(?:apply )?CO-RE relocations?: (?P<err>.*)",
    ),
    (
        Ebpf,
        KernelBtf,
        r"(?:load(?:ing)? (?:kernel spec|vmlinux BTF|kernel BTF)|read(?:ing)? (?:kernel|vmlinux) BTF): (?P<err>.*)",
    ),
    (
        Ebpf,
        AttachKprobe,
        r"(?:creat(?:e|ing) (?:perf_kprobe PMU|tracefs event|trace event)[^:]*|opening k(?:ret)?probe|attach(?:ing)? k(?:ret)?probe(?: to)?(?: \S+)?|link\.K(?:ret)?probe|creating k(?:ret)?probe_multi link)[^:]*: (?P<err>.*)",
    ),
    (
        Ebpf,
        AttachUprobe,
        r"(?:opening u(?:ret)?probe|attach(?:ing)? u(?:ret)?probe(?: \S+)?|creat(?:e|ing) perf_uprobe PMU)[^:]*: (?P<err>.*)",
    ),
    (
        Ebpf,
        AttachTracepoint,
        r"(?:attach(?:ing)? (?:raw )?|opening |creating )tracepoint[^:]*: (?P<err>.*)",
    ),
    (
        Ebpf,
        AttachTracepoint,
        r"reading (?:trace )?event id[^:]*: (?P<err>.*)",
    ),
    (
        Ebpf,
        AttachXdp,
        r"(?:attach(?:ing)?|loading|create|creating|set|setting) XDP(?: program| link| prog)?[^:]*: (?P<err>.*)",
    ),
    (
        Ebpf,
        AttachCgroup,
        r"(?:attach(?:ing)? (?:program to )?cgroup(?: link)?|creat(?:e|ing) cgroup link|cgroup attach: PROG_ATTACH|attach(?:ing)? (?:e?BPF )?prog(?:ram)?\b[^:]{0,40} to cgroup)[^:]*: (?P<err>.*)",
    ),
    (
        Ebpf,
        AttachTrampoline,
        r"(?:create|creating|attach(?:ing)?) (?:tracing|lsm|fentry|fexit|LSM)(?: link| program)?[^:]*: (?P<err>.*)",
    ),
    (
        Ebpf,
        AttachTc,
        r"(?:create|creating|attach(?:ing)?) (?:tcx|netkit) link[^:]*: (?P<err>.*)",
    ),
    (
        Ebpf,
        AttachTc,
        r"(?:attach(?:ing)? tcx (?:egress|ingress|program)|attaching (?:tcx|netkit|tc) program)[^:]*: (?P<err>.*)",
    ),
    (
        Ebpf,
        AttachXdp,
        r"attaching program \S*xdp\S* using bpf_link: create link: (?P<err>.*)",
    ),
    (Ebpf, Attach, r"(?:create|creating) link: (?P<err>.*)"),
    (Ebpf, Attach, r"\battach program: (?P<err>.*)"),
    (
        Ebpf,
        Pin,
        r"(?:map (?P<map>[\w.\-]+): )?pin(?:ning)? (?:map|program|link|object)?[^:]* to [^:]*: (?P<err>.*)",
    ),
    (
        Ebpf,
        Pin,
        r"load(?:ing)? pinned (?:map|program|link|object): (?P<err>.*)",
    ),
    (
        Ebpf,
        PerfEventOpen,
        r"(?:opening|can't open|creating|failed to create) perf (?:event|reader|ring|buffer)[^:]*: (?P<err>.*)",
    ),
    (
        Ebpf,
        Rlimit,
        r"(?:failed to set (?:temporary )?(?:rlimit|memlock rlimit)|removing memlock|unexpected error (?:restoring|setting) rlimit)[^:]*: (?P<err>.*)",
    ),
    // libxdp and programs with XDP
    (
        Libbpf,
        AttachXdp,
        r"libxdp: Failed to attach dispatcher on ifindex \d+: (?P<err>.*)",
    ),
    (
        Libbpf,
        ProgramLoad,
        r"libxdp: Failed to load program (?P<prog>[^:]*): (?P<err>.*)",
    ),
    (
        Libbpf,
        AttachXdp,
        r"(?:Error attaching XDP program|Couldn't attach XDP program|Could not attach with \S+ mode|failed to attach (?:the )?XDP program|link set xdp fd failed)[^:(]*[:(] ?(?P<err>.*)",
    ),
    // aya
    (
        Aya,
        MapCreate,
        r"failed to create map `(?P<map>[^`]*)`(?: with code -?\d+)?(?P<err>.*)",
    ),
    (
        Aya,
        MapCreate,
        r"`?bpf_map_create`? (?:syscall )?failed(?P<err>.*)",
    ),
    (
        Aya,
        ProgramLoad,
        r"the BPF_PROG_LOAD syscall (?:failed|returned)(?P<err>.*)",
    ),
    (
        Aya,
        ProgramLoad,
        r"`?bpf_prog_load`? (?:syscall )?failed(?P<err>.*)",
    ),
    (
        Aya,
        BtfLoad,
        r"the BPF_BTF_LOAD syscall (?:failed|returned)(?P<err>.*)",
    ),
    (
        Aya,
        BtfLoad,
        r"`?bpf_btf_load`? (?:syscall )?failed(?P<err>.*)",
    ),
    (
        Aya,
        PerfEventOpen,
        r"`?perf_event_open`? (?:syscall )?failed(?P<err>.*)",
    ),
    (
        Aya,
        Attach,
        r"`?bpf_(?:link_create|prog_attach|raw_tracepoint_open)`? (?:syscall )?failed(?P<err>.*)",
    ),
    (
        Aya,
        Pin,
        r"`?bpf_obj_(?:pin|get)`? (?:syscall )?failed(?P<err>.*)",
    ),
    (
        Aya,
        AttachXdp,
        r"netlink error while attaching XDP program(?P<err>.*)",
    ),
    (
        Aya,
        AttachTc,
        r"netlink error while (?:attaching|adding clsact)[^:]*(?P<err>.*)",
    ),
    (
        Aya,
        AttachTc,
        r"TcError\(NetlinkError\W.*?(?P<err>Os \{ code: [^}]*)",
    ),
    (
        Aya,
        AttachXdp,
        r"XdpError\(NetlinkError\W.*?(?P<err>Os \{ code: [^}]*)",
    ),
    (Aya, Pin, r"requested pinning\. pinning failed(?P<err>.*)"),
    (
        Aya,
        Relocation,
        r"error relocating (?:function|section|`)[^:]*(?P<err>.*)",
    ),
    // as Rust prints an error for programmers
    (
        Aya,
        ProgramLoad,
        r"LoadError \{ io_error: (?P<err>Os \{ code: [^}]*)",
    ),
    (
        Aya,
        PerfEventOpen,
        r#"SyscallError \{ call: "perf_event_open\w*", io_error: (?P<err>Os \{ code: [^}]*)"#,
    ),
    (
        Aya,
        Attach,
        r#"SyscallError \{ call: "bpf_(?:link_create|prog_attach|raw_tracepoint_open)", io_error: (?P<err>Os \{ code: [^}]*)"#,
    ),
    (
        Aya,
        MapUse,
        r#"SyscallError \{ call: "bpf_map_\w+", io_error: (?P<err>Os \{ code: [^}]*)"#,
    ),
    (
        Aya,
        Pin,
        r#"SyscallError \{ call: "bpf_(?:obj_)?(?:pin|get)\w*", io_error: (?P<err>Os \{ code: [^}]*)"#,
    ),
    // bcc
    (
        Bcc,
        ProgramLoad,
        r"(?:^|[^\w-])bpf: Failed to load program: (?P<err>.*)",
    ),
    (
        Bcc,
        ProgramLoad,
        r"Failed to load BPF program b?'?(?P<prog>\w+)'?: (?P<err>.*)",
    ),
    (
        Bcc,
        MapCreate,
        r"could not open bpf map: (?P<map>[^,]*), error: (?P<err>.*)",
    ),
    (Bcc, AttachKprobe, r"cannot attach kprobe, (?P<err>.*)"),
    (Bcc, AttachUprobe, r"cannot attach uprobe, (?P<err>.*)"),
    (
        Bcc,
        AttachKprobe,
        r"Failed to attach BPF program b?'?(?P<prog>\w+)'? to k(?:ret)?probe b?'?(?P<target>[^']*)'?(?P<err>.*)",
    ),
    (
        Bcc,
        AttachTracepoint,
        r"Failed to attach BPF program b?'?(?P<prog>\w+)'? to (?:raw )?tracepoint b?'?(?P<target>[^']*)'?(?P<err>.*)",
    ),
    (
        Bcc,
        AttachUprobe,
        r"Failed to attach BPF (?:program b?'?(?P<prog>\w+)'? )?to u(?:ret)?probe(?P<err>.*)",
    ),
    (
        Bcc,
        PerfEventOpen,
        r"perf_event_open\([^)]*\)(?: failed)?: (?P<err>.*)",
    ),
    (
        Bcc,
        Attach,
        r"bpf_attach_\w+\([^)]*\)(?: failed)?: (?P<err>.*)",
    ),
    (
        Bcc,
        AttachTrampoline,
        r"bpf_attach_raw_tracepoint \((?:kfunc|lsm)\): (?P<err>.*)",
    ),
    (
        Bcc,
        Attach,
        r"ioctl\(PERF_EVENT_IOC_SET_BPF\)(?: failed)?: (?P<err>.*)",
    ),
    (
        Bcc,
        Compile,
        r"Failed to compile BPF (?:module|text|program)(?P<err>.*)",
    ),
    // bpftrace
    (
        Bpftrace,
        ProgramLoad,
        r"(?:ERROR: )?Error loading (?:BPF )?program: (?P<prog>\S*)(?P<err>.*)",
    ),
    (
        Bpftrace,
        MapCreate,
        r"(?:Error creating (?:\w+ )?map: '?|ERROR: failed to create (?:\w+ )?map: '?|failed to create map: '[@%])(?P<map>[^':]*)'?:? ?(?P<err>.*)",
    ),
    (
        Bpftrace,
        Attach,
        r"(?:ERROR: )?(?:Error attaching|Unable to attach|Failed to attach) probe: (?P<target>\S*)(?P<err>.*)",
    ),
    (
        Bpftrace,
        ProgramLoad,
        r"ERROR: Loading BPF object\(s\) failed",
    ),
    (
        Libbpf,
        AttachTrampoline,
        r"libxdp: Failed to attach program (?:\S+ )?to dispatcher: (?P<err>.*)",
    ),
    (
        Ebpf,
        Pin,
        r"(?:get|getting|load|loading|open|opening)(?: pinned)? object /\S+: (?P<err>.*)",
    ),
    (
        Aya,
        MapCreate,
        r"CreateError \{ name: \W*(?P<map>[\w.]*).*(?P<err>Os \{ code: .*)",
    ),
    // gobpf
    (
        Ebpf,
        MapCreate,
        r#"error while loading map "(?P<map>[^"]+)":? (?P<err>.*)"#,
    ),
    (
        Ebpf,
        ProgramLoad,
        r#"error while loading "(?P<prog>[^"]+)" \((?P<err>[^)]*)\)"#,
    ),
    // iproute2
    (
        Iproute2,
        ProgramLoad,
        r"Prog section '(?P<prog>[^']*)' rejected: (?P<err>.*)",
    ),
    (
        Iproute2,
        MapCreate,
        r"Map '(?P<map>[^']*)' rejected: (?P<err>.*)",
    ),
    (
        Iproute2,
        MapCreate,
        r"Map object '(?P<map>[^']*)' rejected: (?P<err>.*)",
    ),
    (
        Iproute2,
        ProgramLoad,
        r"Error (?:fetching|loading) (?:eBPF )?(?:program|ELF)(?:/map)?!?(?P<err>.*)",
    ),
    // systemd
    (
        Systemd,
        AttachCgroup,
        r"(?:At|De)taching (?:device control|\w+)? ?BPF program (?:to|from) cgroup(?: \S+)? failed: (?P<err>.*)",
    ),
    (
        Systemd,
        ProgramLoad,
        r"(?:bpf-\w+|BPF \w+): (?:Failed to load|Loading) BPF [^:]*: (?P<err>.*)",
    ),
    // runc and others that guard devices
    (
        Runc,
        AttachCgroup,
        r"bpf_prog_query\(BPF_CGROUP_DEVICE\) failed: (?P<err>.*)",
    ),
    (
        Runc,
        AttachCgroup,
        r"failed to call BPF_PROG_(?:ATTACH|DETACH|QUERY) \(BPF_CGROUP_DEVICE[^)]*\): (?P<err>.*)",
    ),
    (
        Runc,
        ProgramLoad,
        r"(?:error loading|failed to load) eBPF (?:device filter|program)[^:]*: (?P<err>.*)",
    ),
    (Runc, ProgramLoad, r"\bcreate BPF program: (?P<err>.*)"),
    // LXC, which names what failed behind its error
    (
        Lxc,
        ProgramLoad,
        r"bpf_program_load_kernel: \d+ (?P<err>.*) - Failed to load bpf program",
    ),
    (
        Lxc,
        AttachCgroup,
        r"(?:cgfsng_devices_activate|bpf_program_cgroup_attach|bpf_cgroup_devices_attach): \d+ (?P<err>.*) - Failed to (?:attach|load) bpf program",
    ),
    // strace
    (
        Strace,
        BindXdp,
        r"bind\(\d+, \{sa_family=(?:AF_XDP|PF_XDP|0x2c|44)\b.* = -1 (?P<err>.*)",
    ),
    (
        Strace,
        MapCreate,
        r"bpf\(BPF_MAP_CREATE, \{map_type=(?P<type>\w+).* = -1 (?P<err>.*)",
    ),
    (
        Strace,
        ProgramLoad,
        r"bpf\(BPF_PROG_LOAD, \{prog_type=(?P<type>\w+).* = -1 (?P<err>.*)",
    ),
    (Strace, BtfLoad, r"bpf\(BPF_BTF_LOAD, .* = -1 (?P<err>.*)"),
    (
        Strace,
        AttachCgroup,
        r"bpf\(BPF_(?:LINK_CREATE|PROG_ATTACH), .*BPF_(?:CGROUP|LSM_CGROUP)\w*.* = -1 (?P<err>.*)",
    ),
    (
        Strace,
        Attach,
        r"bpf\(BPF_(?:LINK_CREATE|PROG_ATTACH|RAW_TRACEPOINT_OPEN), .* = -1 (?P<err>.*)",
    ),
    (
        Strace,
        Pin,
        r"bpf\(BPF_OBJ_(?:PIN|GET), .* = -1 (?P<err>.*)",
    ),
    (
        Strace,
        Inspect,
        r"bpf\(BPF_(?:PROG|MAP|LINK|BTF)_GET_(?:NEXT_ID|FD_BY_ID), .* = -1 (?P<err>.*)",
    ),
    (
        Strace,
        MapUse,
        r"bpf\(BPF_MAP_(?:UPDATE|LOOKUP|DELETE)\w*, .* = -1 (?P<err>E(?:2BIG|NOSPC|NOMEM|PERM|BADF|INVAL)\b.*)",
    ),
    (
        Strace,
        AttachKprobe,
        r#"write\(\d+, "[pr]:(?:kprobes/)?\S+ .* = -1 (?P<err>.*)"#,
    ),
    (
        Strace,
        PerfEventOpen,
        r"perf_event_open\(\{.* = -1 (?P<err>.*)",
    ),
    (
        Kernel,
        BtfLoad,
        r"failed to validate module \[(?P<map>[^\]]*)\] BTF: (?P<err>.*)",
    ),
];

/// What programs say in words of their own: what failed, and the shape of the line. In a log
/// that is not about eBPF they may mean something else.
pub(super) const LOOSE: &[(Operation, &str)] = &[
    (
        BindXdp,
        r"\b(?:AF_XDP|PF_XDP|Sockaddr_?XDP|xsk_(?:socket|umem)__create\w*|xsk socket|xsk_configure_socket)\b(?:\(\))?[^:=]{0,40}(?:fail\w*|error|returned|can't|cannot|could not|unable)\b(?P<err>.*)",
    ),
    (
        BindXdp,
        r"(?:fail\w*|can't|cannot|could ?n[o']t|unable|error)\b[^:=]{0,40}\b(?:AF_XDP|PF_XDP|Sockaddr_?XDP|xsk|umem)\b(?:[^:=]{0,40}\bsocket\b)?(?P<err>.*)",
    ),
    (
        AttachXdp,
        r"\b(?:attach\w* (?:the )?XDP\b|XDP (?:program |prog )?attach\w*)[^:]{0,40}(?:\bfail\w*|\breturn(?:s|ed)|\berror)\b(?P<err>.*)",
    ),
    (AttachXdp, r"\bnlmsg error:? (?P<err>.*)"),
    (AttachXdp, r"error receiving netlink message: (?P<err>.*)"),
    (AttachXdp, r"link set xdp fd failed\s*$"),
    (
        AttachXdp,
        r"(?:set|install|load|attach)(?:ing)? (?:the )?xdp (?:\w+ )?(?:to|on|onto|at) (?:the )?(?:dev(?:ice)?|link|i(?:nter)?face|ifindex) ?\S*?,? (?:err|error|failed|because)\b:? ?(?:is )?(?P<err>.*)",
    ),
    (
        AttachXdp,
        r"(?:bpf_set_link_xdp_fd|bpf_xdp_attach|bpf_xdp_link_create)\w*(?:\(\))?[^:]{0,30}(?:failed|error|returned)[^:]{0,12}[: ] ?(?P<err>.*)",
    ),
    (
        AttachXdp,
        r"(?:fail(?:ed|ure)?|unable|can ?not|can't|could ?n[o']t|error)(?: to| in| while)? attach(?:ing)? [^:]{0,40}\bXDP\b[^:]{0,60}: (?P<err>.*)",
    ),
    (
        AttachTc,
        r"(?:fail(?:ed|ure)?|unable|can ?not|can't|could ?n[o']t|error)(?: to| in| while)? (?:attach|add|replac|creat)\w* [^:]{0,30}\b(?:tc|tcx|cls_bpf|clsact)\b[^:]{0,40}: (?P<err>.*)",
    ),
    (
        AttachCgroup,
        r"(?:fail(?:ed|ure)?|unable|can ?not|can't|could ?n[o']t|error)(?: to| in| while)? attach(?:ing)? [^:]{0,50}\bcgroups?\b[^:]{0,40}: (?P<err>.*)",
    ),
    (
        AttachTrampoline,
        r"(?:fail(?:ed|ure)?|unable|can ?not|can't|could ?n[o']t|error)(?: to| in| while)? attach(?:ing)? [^:]{0,30}\b(?:fentry|fexit|fmod_ret|LSM)\b[^:]{0,40}: (?P<err>.*)",
    ),
    (
        MapCreate,
        r"(?:unable|could ?n[o']t|can ?not|can't)(?: to)? create (?:the )?(?:\w+ ){0,3}map\b[^:]*[:(] ?(?P<err>.*)",
    ),
    (
        PerfEventOpen,
        r"(?:fail(?:ed|ure)?|unable|can ?not|can't|could ?n[o']t|error)(?: to| in| while)? (?:open|creat|set ?up)\w* [^:]{0,30}\bperf[ _](?:event|buffer|reader|ring)\w*[^:]{0,60}: (?P<err>.*)",
    ),
    (
        ProgramLoad,
        r"bpf_prog_load\b.{0,160}returned fd: -1 \((?P<err>[^)]*)\)",
    ),
    (
        MapCreate,
        r"(?:ebpf_create_map|bpf_create_map\w*|bpf_map_create)(?:\(\))? ?(?:failed|error)?[^:]*: (?P<err>.*)",
    ),
    (
        MapCreate,
        r"failed to create (?:the )?(?:\w+ ){0,3}map\b[^:]*[:(] ?(?P<err>.*)",
    ),
    (
        ProgramLoad,
        r"bpf_(?:load_program|prog_load)\w*\(\)? ?(?:failed|error|err)?[^:=]*[:=] ?(?P<err>.*)",
    ),
    (
        ProgramLoad,
        r"bpf_(?:load_program|prog_load)\w*\(\) (?P<err>err=-?\d+)",
    ),
    (
        ProgramLoad,
        r"\bBPF_PROG_LOAD\b[)`]? ?(?:failed|error|returned)?: (?P<err>.*)",
    ),
    (
        ProgramLoad,
        r"failed to load BPF (?:object|prog\w*) \((?P<err>.*)",
    ),
    (
        Attach,
        r"failed to attach (?:the )?(?:\w+ )?BPF prog\w* \((?P<err>.*)",
    ),
    (
        ProgramLoad,
        r"(?:could not|couldn't|failed to|cannot|can't|unable to|error) load(?:ing)? (?:the |an? )?(?:\w+ ){0,3}(?:e?BPF|XDP|kprobe|uprobe|tracepoint) (?:\w+ )?(?:program|prog|object|code|bytecode|filter)s?\b[^:]*:+ ?(?P<err>.*)",
    ),
    (
        AttachKprobe,
        r"(?:could not|couldn't|failed to|cannot|can't|unable to|error) (?:create|creating|open|opening|attach|attaching|register|registering|enable|enabling)[^:]{0,40}?k(?:ret)?probe(?:[^:.\w][^:]{0,60}?)?[:.](?: |$)(?P<err>.*)",
    ),
    (
        AttachUprobe,
        r"(?:could not|couldn't|failed to|cannot|can't|unable to|error) (?:create|creating|open|opening|attach|attaching|register|registering|enable|enabling)[^:]{0,40}?u(?:ret)?probe(?:[^:.\w][^:]{0,60}?)?[:.](?: |$)(?P<err>.*)",
    ),
    (
        AttachTracepoint,
        r"(?:could not|couldn't|failed to|cannot|can't|unable to|error) (?:create|creating|open|opening|attach|attaching|enable|enabling|probe)[^:]{0,40}?\btracepoint\b[^:]{0,60}?[:.] ?(?P<err>.*)",
    ),
];

/// Words by which a log says whose it is.
pub(super) const DIALECTS: &[(Loader, &str)] = &[
    (Libbpf, r"libbpf: |libbpf_rs|libbpf-rs|libbpf\.so"),
    (Bpftool, r"\bbpftool\b"),
    (
        Bcc,
        r"from bcc\b|/usr/share/bcc|bcc/tools|(?:^|[^\w-])bpf: Failed to load|BPF_HASH|bpf_module\.c|python3-bpfcc|-bpfcc\b",
    ),
    (Bpftrace, r"\bbpftrace\b"),
    (
        Ebpf,
        r"cilium/ebpf|map create: |load program: |bpf2go|rlimit\.RemoveMemlock",
    ),
    (
        Aya,
        r"aya_obj|aya::programs|aya-obj|aya_log|BPF_PROG_LOAD. syscall|ProgramError|EbpfError|BpfError",
    ),
    (
        Iproute2,
        r"RTNETLINK answers|\btc (?:filter|qdisc) |Prog section '|\bip link set\b",
    ),
    (
        Systemd,
        r"systemd\[\d+\]|bpf-(?:firewall|devices|foreign|restrict)|systemd.*BPF",
    ),
    (
        Runc,
        r"\brunc create|OCI runtime|libcontainer|BPF_CGROUP_DEVICE",
    ),
    (
        Cilium,
        r"cilium-agent|subsys=(?:datapath|daemon|probes)|cilium-operator",
    ),
    (
        Lxc,
        r"\blxc-start\b|\blxc-execute\b|\blxc-attach\b|src/lxc/|\blxc\.cgroup",
    ),
    (Strace, r"bpf\(BPF_\w+, \{"),
    (Kernel, r"Linux version \d|(?:^|[\s\]])kernel: "),
];
