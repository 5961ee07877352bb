//! What is asked of the kernel, in its own numbers (`include/uapi/linux/bpf.h`).

use super::sys::Btf;

/// A command of bpf(2).
#[derive(Debug, Clone, Copy)]
#[repr(i32)]
pub(super) enum Command {
    MapCreate = 0,
    MapLookupElem = 1,
    MapUpdateElem = 2,
    ProgLoad = 5,
    ObjPin = 6,
    ObjGet = 7,
    ProgAttach = 8,
    ProgDetach = 9,
    ProgTestRun = 10,
    ProgQuery = 16,
    ObjGetInfoByFd = 15,
    BtfLoad = 18,
    MapFreeze = 22,
    LinkCreate = 28,
    /// No kernel has it: far from the last one, and below the bits that could become flags.
    Unknown = 0x7fff,
}

/// A map's type. Only types whose lookup gives exactly the value size belong here (per-CPU maps
/// give more): [`super::sys::Map`] relies on it.
#[derive(Debug, Clone, Copy)]
#[repr(u32)]
pub(super) enum MapType {
    Array = 2,
    Sockmap = 15,
    Sockhash = 18,
}

/// What a map of one entry and four bytes of key is to be.
#[derive(Clone, Copy)]
pub(super) struct Shape<'a> {
    pub(super) of: MapType,
    pub(super) value_size: u32,
    pub(super) flags: u32,
    /// Type information and the ids of the key's and the value's type in it.
    pub(super) btf: Option<(&'a Btf, u32, u32)>,
}

/// What a map is mapped into memory for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    ReadWrite,
}

/// A program's type.
#[derive(Debug, Clone, Copy)]
#[repr(u32)]
pub(super) enum ProgType {
    SocketFilter = 1,
    SkSkb = 14,
}

/// How many bytes a program became.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lengths {
    /// Of machine code.
    pub(super) jited: u32,
    /// Of instructions, as the verifier rewrote them.
    pub(super) rewritten: u32,
}
