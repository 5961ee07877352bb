//! What is asked of the kernel, in its own numbers (`include/uapi/linux/bpf.h`).

use super::sys::Btf;
use super::sys::Map;
use super::sys::Program;

/// A command of bpf(2).
#[derive(Debug, Clone, Copy)]
#[repr(i32)]
pub(super) enum Command {
    MapCreate = 0,
    MapLookupElem = 1,
    MapUpdateElem = 2,
    MapDeleteElem = 3,
    MapGetNextKey = 4,
    ProgLoad = 5,
    ObjPin = 6,
    ObjGet = 7,
    ProgAttach = 8,
    ProgDetach = 9,
    ProgTestRun = 10,
    ObjGetInfoByFd = 15,
    ProgQuery = 16,
    RawTracepointOpen = 17,
    BtfLoad = 18,
    MapLookupAndDeleteElem = 21,
    MapFreeze = 22,
    MapLookupAndDeleteBatch = 25,
    MapUpdateBatch = 26,
    LinkCreate = 28,
    IterCreate = 33,
    TokenCreate = 36,
    /// No kernel has it: far from the last one, and below the bits that could become flags.
    Unknown = 0x7fff,
}

/// A map's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum MapType {
    Hash = 1,
    Array = 2,
    ProgArray = 3,
    PerfEventArray = 4,
    PercpuHash = 5,
    PercpuArray = 6,
    StackTrace = 7,
    LruHash = 9,
    LruPercpuHash = 10,
    LpmTrie = 11,
    ArrayOfMaps = 12,
    HashOfMaps = 13,
    Devmap = 14,
    Sockmap = 15,
    Cpumap = 16,
    Xskmap = 17,
    Sockhash = 18,
    CgroupStorage = 19,
    ReuseportSockarray = 20,
    PercpuCgroupStorage = 21,
    Queue = 22,
    Stack = 23,
    SkStorage = 24,
    DevmapHash = 25,
    StructOps = 26,
    Ringbuf = 27,
    InodeStorage = 28,
    TaskStorage = 29,
    BloomFilter = 30,
    UserRingbuf = 31,
    CgrpStorage = 32,
    Arena = 33,
}

impl MapType {
    /// The types with a value for each processor, all of which bpf(2) gives and takes at once.
    pub(super) const PER_CPU: [Self; 4] = [
        Self::PercpuHash,
        Self::PercpuArray,
        Self::LruPercpuHash,
        Self::PercpuCgroupStorage,
    ];

    /// Whether this is one of them.
    pub(super) fn is_per_cpu(self) -> bool {
        Self::PER_CPU.contains(&self)
    }
}

/// Programs may only read the map (BPF_F_RDONLY_PROG).
pub(super) const READ_ONLY_FOR_PROGRAMS: u32 = 1 << 7;
/// The map takes memory for an entry when it comes (BPF_F_NO_PREALLOC).
pub(super) const NO_PREALLOCATION: u32 = 1;
/// The map can be mapped into memory (BPF_F_MMAPABLE).
pub(super) const MMAPABLE: u32 = 1 << 10;
/// A token comes with the map (BPF_F_TOKEN_FD).
pub(super) const WITH_TOKEN: u32 = 1 << 16;
/// The program may sleep (BPF_F_SLEEPABLE).
pub(super) const SLEEPABLE: u32 = 1 << 4;

/// What a map is to be: [`Shape::of`] a type, and what differs from that.
#[derive(Clone, Copy)]
pub(super) struct Shape<'a> {
    pub(super) of: MapType,
    pub(super) key_size: u32,
    pub(super) value_size: u32,
    pub(super) entries: u32,
    pub(super) flags: u32,
    /// What the maps in it are like.
    pub(super) inner: Option<&'a Map>,
    /// Type information and the ids of the key's and the value's type in it.
    pub(super) btf: Option<(&'a Btf, u32, u32)>,
    /// The id of the value's type in the kernel's own BTF (struct_ops).
    pub(super) kernel_value_type: u32,
    /// What else a type wants to know (`map_extra`).
    pub(super) extra: u64,
    /// The number of a token's descriptor, where [`WITH_TOKEN`] is among the flags.
    pub(super) token: i32,
    /// At most 15 letters and digits; kernels before 4.15 have no field for it.
    pub(super) name: &'a str,
}

impl Shape<'_> {
    /// A map of one entry with four bytes of key and value.
    pub(super) const fn of(of: MapType) -> Self {
        Self {
            of,
            key_size: 4,
            value_size: 4,
            entries: 1,
            flags: 0,
            inner: None,
            btf: None,
            kernel_value_type: 0,
            extra: 0,
            token: 0,
            name: "",
        }
    }
}

/// What a map is mapped into memory for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    ReadWrite,
}

/// A program's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum ProgType {
    SocketFilter = 1,
    Kprobe = 2,
    SchedCls = 3,
    Tracepoint = 5,
    Xdp = 6,
    PerfEvent = 7,
    CgroupSkb = 8,
    CgroupSock = 9,
    LwtOut = 11,
    SockOps = 13,
    SkSkb = 14,
    CgroupDevice = 15,
    SkMsg = 16,
    RawTracepoint = 17,
    CgroupSockAddr = 18,
    SkReuseport = 21,
    FlowDissector = 22,
    CgroupSysctl = 23,
    RawTracepointWritable = 24,
    CgroupSockopt = 25,
    Tracing = 26,
    StructOps = 27,
    Ext = 28,
    Lsm = 29,
    SkLookup = 30,
    Syscall = 31,
    Netfilter = 32,
}

/// What a program is to be: [`Recipe::of`] a type and its instructions, and what differs from that.
#[derive(Clone, Copy)]
pub(super) struct Recipe<'a> {
    pub(super) of: ProgType,
    pub(super) code: &'a [super::insn::Insn],
    /// The hook it is for (`expected_attach_type`); see [`hook`].
    pub(super) hook: u32,
    pub(super) flags: u32,
    /// At most 15 letters and digits; kernels before 4.15 have no field for it.
    pub(super) name: &'a str,
    /// The function it is for, by its id in the kernel's BTF, or in that of `extends`.
    pub(super) attach_btf_id: u32,
    /// The program it replaces a function of, or looks at.
    pub(super) extends: Option<&'a Program>,
    /// Type information, and for each function where it begins (in instructions) and the id of
    /// its type there.
    pub(super) btf: Option<(&'a Btf, &'a [(u32, u32)])>,
}

impl<'a> Recipe<'a> {
    /// A program without a hook.
    pub(super) const fn of(of: ProgType, code: &'a [super::insn::Insn]) -> Self {
        Self {
            of,
            code,
            hook: 0,
            flags: 0,
            name: "",
            attach_btf_id: 0,
            extends: None,
            btf: None,
        }
    }
}

/// Where programs are attached (`enum bpf_attach_type`).
pub(super) mod hook {
    pub(in super::super) const CGROUP_INET_INGRESS: u32 = 0;
    pub(in super::super) const CGROUP_INET_EGRESS: u32 = 1;
    pub(in super::super) const CGROUP_INET_SOCK_CREATE: u32 = 2;
    pub(in super::super) const CGROUP_SOCK_OPS: u32 = 3;
    pub(in super::super) const SK_SKB_STREAM_PARSER: u32 = 4;
    pub(in super::super) const SK_SKB_STREAM_VERDICT: u32 = 5;
    pub(in super::super) const CGROUP_DEVICE: u32 = 6;
    pub(in super::super) const SK_MSG_VERDICT: u32 = 7;
    pub(in super::super) const CGROUP_INET4_CONNECT: u32 = 10;
    pub(in super::super) const FLOW_DISSECTOR: u32 = 17;
    pub(in super::super) const CGROUP_SYSCTL: u32 = 18;
    pub(in super::super) const CGROUP_GETSOCKOPT: u32 = 21;
    pub(in super::super) const CGROUP_SETSOCKOPT: u32 = 22;
    pub(in super::super) const TRACE_RAW_TP: u32 = 23;
    pub(in super::super) const TRACE_FENTRY: u32 = 24;
    pub(in super::super) const TRACE_FEXIT: u32 = 25;
    pub(in super::super) const MODIFY_RETURN: u32 = 26;
    pub(in super::super) const LSM_MAC: u32 = 27;
    pub(in super::super) const TRACE_ITER: u32 = 28;
    pub(in super::super) const SK_LOOKUP: u32 = 36;
    pub(in super::super) const XDP: u32 = 37;
    pub(in super::super) const TRACE_KPROBE_MULTI: u32 = 42;
    pub(in super::super) const NETFILTER: u32 = 45;
    pub(in super::super) const TCX_INGRESS: u32 = 46;
    pub(in super::super) const TRACE_UPROBE_MULTI: u32 = 48;
    pub(in super::super) const NETKIT_PRIMARY: u32 = 54;
}

/// Functions of the kernel that programs call (`enum bpf_func_id`).
pub(super) mod helper {
    pub(in super::super) const MAP_LOOKUP_ELEM: i32 = 1;
    pub(in super::super) const TRACE_PRINTK: i32 = 6;
    pub(in super::super) const TAIL_CALL: i32 = 12;
    pub(in super::super) const GET_CURRENT_COMM: i32 = 16;
    pub(in super::super) const PERF_EVENT_OUTPUT: i32 = 25;
    pub(in super::super) const GET_STACKID: i32 = 27;
    pub(in super::super) const GET_HASH_RECALC: i32 = 34;
    pub(in super::super) const GET_CURRENT_TASK: i32 = 35;
    pub(in super::super) const OVERRIDE_RETURN: i32 = 58;
    pub(in super::super) const SOCK_HASH_UPDATE: i32 = 70;
    pub(in super::super) const MSG_REDIRECT_HASH: i32 = 71;
    pub(in super::super) const SK_REDIRECT_HASH: i32 = 72;
    pub(in super::super) const SPIN_LOCK: i32 = 93;
    pub(in super::super) const SPIN_UNLOCK: i32 = 94;
    pub(in super::super) const PROBE_READ_USER: i32 = 112;
    pub(in super::super) const PROBE_READ_KERNEL: i32 = 113;
    pub(in super::super) const RINGBUF_RESERVE: i32 = 131;
    pub(in super::super) const RINGBUF_SUBMIT: i32 = 132;
    pub(in super::super) const TIMER_INIT: i32 = 169;
    pub(in super::super) const TIMER_SET_CALLBACK: i32 = 170;
    pub(in super::super) const TIMER_START: i32 = 171;
    pub(in super::super) const TRACE_VPRINTK: i32 = 177;
    pub(in super::super) const LOOP: i32 = 181;
    pub(in super::super) const DYNPTR_FROM_MEM: i32 = 197;
    pub(in super::super) const DYNPTR_READ: i32 = 201;
    pub(in super::super) const DYNPTR_WRITE: i32 = 202;
    pub(in super::super) const USER_RINGBUF_DRAIN: i32 = 209;
}

/// How many bytes a program became.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lengths {
    /// Of machine code.
    pub(super) jited: u32,
    /// Of instructions, as the verifier rewrote them.
    pub(super) rewritten: u32,
}
