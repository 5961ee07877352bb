//! Programs at their hooks: links, attachments without one, and names in a BPF file system.

use std::ffi::CStr;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

use super::super::errno::Code;
use super::super::kinds::Command;
use super::super::kinds::hook;
use super::attr::Attr;
use super::map::Map;
use super::program::Program;

/// A program at its hook, for as long as this lives.
pub(in super::super) struct Link(OwnedFd);

/// What a link is made to.
#[derive(Clone, Copy)]
pub(in super::super) enum Target<'a> {
    /// Nothing: the program itself says where it belongs.
    Own,
    /// What a descriptor stands for: a cgroup, a network namespace, an event, a map.
    Fd(BorrowedFd<'a>),
    /// A network device, by its index.
    Device(u32),
}

impl Target<'_> {
    fn number(self) -> u32 {
        match self {
            Self::Own => 0,
            Self::Fd(fd) => fd.as_raw_fd() as u32,
            Self::Device(index) => index,
        }
    }
}

impl Link {
    /// Attaches a program; `options` are what this kind of link has to be told besides.
    pub(in super::super) fn create(
        program: &Program,
        target: Target<'_>,
        hook: u32,
        flags: u32,
        options: &[(LinkOption, u32)],
    ) -> Result<Self, Code> {
        let attr = Attr::new()
            .fd(0, &program.0)
            .number(4, target.number())
            .number(8, hook)
            .number(12, flags);
        let mut attr = options.iter().fold(attr, |attr, (option, number)| {
            attr.number(*option as usize, *number)
        });
        // SAFETY: should an option be taken for a part of an address, the kernel may read from
        // there or refuse to; with this command it writes to none.
        unsafe { attr.open(Command::LinkCreate) }.map(Self)
    }

    /// Attaches a program to a raw tracepoint, or where its recipe says (`None`).
    pub(in super::super) fn raw_tracepoint(
        program: &Program,
        name: Option<&CStr>,
    ) -> Result<Self, Code> {
        let mut attr = Attr::new().fd(8, &program.0);
        if let Some(name) = name {
            attr = attr.text(0, name);
        }
        // SAFETY: the address is that of a text with a closing zero that outlives the call.
        unsafe { attr.open(Command::RawTracepointOpen) }.map(Self)
    }

    /// Attaches a program to the entry of a kernel function, by a link of many kprobes.
    pub(in super::super) fn kprobes(program: &Program, function: &CStr) -> Result<Self, Code> {
        let names = [function.as_ptr()];
        let mut attr = Attr::new()
            .fd(0, &program.0)
            .number(8, hook::TRACE_KPROBE_MULTI)
            .length(20, names.len())
            .address(24, names.as_ptr());
        // SAFETY: the address is that of as many addresses as told, each that of a text with a
        // closing zero; all outlive the call.
        unsafe { attr.open(Command::LinkCreate) }.map(Self)
    }

    /// Attaches a program to what is at a place in a file, for one process, by a link of many
    /// uprobes.
    pub(in super::super) fn uprobe(
        program: &Program,
        file: &CStr,
        offset: u64,
        process: u32,
    ) -> Result<Self, Code> {
        let offsets = [offset];
        let mut attr = Attr::new()
            .fd(0, &program.0)
            .number(8, hook::TRACE_UPROBE_MULTI)
            .text(16, file)
            .address(24, offsets.as_ptr())
            .length(48, offsets.len())
            .number(56, process);
        // SAFETY: the addresses are those of a text with a closing zero and of as many offsets as
        // told; all outlive the call.
        unsafe { attr.open(Command::LinkCreate) }.map(Self)
    }

    /// Attaches an iterator to the entries of a map.
    pub(in super::super) fn walk(program: &Program, map: &Map) -> Result<Self, Code> {
        // `union bpf_iter_link_info`, of which the first field is the map's descriptor; it must
        // be whole only from its beginning on.
        let info = [map.number()];
        let mut attr = Attr::new()
            .fd(0, &program.0)
            .number(8, hook::TRACE_ITER)
            .address(16, info.as_ptr())
            .length(24, size_of_val(&info));
        // SAFETY: the address is that of as many bytes as told, which outlive the call.
        unsafe { attr.open(Command::LinkCreate) }.map(Self)
    }

    /// A file whose reading runs the iterator of this link.
    pub(in super::super) fn iterator(&self) -> Result<OwnedFd, Code> {
        let mut attr = Attr::new().fd(0, &self.0);
        // SAFETY: the attributes of this command hold no address.
        unsafe { attr.open(Command::IterCreate) }
    }

    /// Gives the link a name in a BPF file system, which keeps it.
    pub(in super::super) fn pin(&self, path: &CStr) -> Result<(), Code> {
        pin(&self.0, path)
    }

    /// The link of that name in a BPF file system.
    pub(in super::super) fn pinned(path: &CStr) -> Result<Self, Code> {
        pinned(path).map(Self)
    }
}

impl From<Link> for OwnedFd {
    fn from(link: Link) -> Self {
        link.0
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// What a link may be told besides, by its place in the attributes.
#[derive(Debug, Clone, Copy)]
#[repr(usize)]
pub(in super::super) enum LinkOption {
    /// The function's id in the BTF of the target (`target_btf_id`), or the family of packets
    /// (`netfilter.pf`).
    BtfIdOrFamily = 16,
    /// The hook (`netfilter.hooknum`).
    NetfilterHook = 20,
    /// The place in the order (`netfilter.priority`).
    NetfilterPriority = 24,
}

/// Attaches a program to what a descriptor stands for, without a link: it stays until the one or
/// the other is gone, or it is detached.
pub(in super::super) fn attach(
    to: BorrowedFd<'_>,
    program: &Program,
    hook: u32,
    flags: u32,
) -> Result<(), Code> {
    with(Command::ProgAttach, to, program, hook, flags)
}

/// Takes a program off what a descriptor stands for.
pub(in super::super) fn detach(
    from: BorrowedFd<'_>,
    program: &Program,
    hook: u32,
) -> Result<(), Code> {
    with(Command::ProgDetach, from, program, hook, 0)
}

fn with(
    command: Command,
    target: BorrowedFd<'_>,
    program: &Program,
    hook: u32,
    flags: u32,
) -> Result<(), Code> {
    let mut attr = Attr::new()
        .number(0, target.as_raw_fd() as u32)
        .fd(4, &program.0)
        .number(8, hook)
        .number(12, flags);
    // SAFETY: the attributes of the two commands hold no address.
    unsafe { attr.call(command) }.map(drop)
}

/// A token that lends the rights a BPF file system delegates (BPF_TOKEN_CREATE).
pub(in super::super) fn token(file_system: BorrowedFd<'_>) -> Result<OwnedFd, Code> {
    let mut attr = Attr::new().number(4, file_system.as_raw_fd() as u32);
    // SAFETY: the attributes of this command hold no address.
    unsafe { attr.open(Command::TokenCreate) }
}

/// Gives an object a name in a BPF file system.
pub(super) fn pin(object: &OwnedFd, path: &CStr) -> Result<(), Code> {
    let mut attr = Attr::new().text(0, path).fd(8, object);
    // SAFETY: the address is that of a text with a closing zero that outlives the call.
    unsafe { attr.call(Command::ObjPin) }.map(drop)
}

/// The object of that name in a BPF file system.
pub(super) fn pinned(path: &CStr) -> Result<OwnedFd, Code> {
    let mut attr = Attr::new().text(0, path);
    // SAFETY: as above.
    unsafe { attr.open(Command::ObjGet) }
}

/// Writes the first bytes of what the kernel tells of an object; what it would take addresses
/// from must lie past the end, or be zero with a length of zero.
pub(super) fn info(object: &OwnedFd, info: &mut [u8]) -> Result<(), Code> {
    info.fill(0);
    let mut attr = Attr::new()
        .fd(0, object)
        .length(4, info.len())
        .address(8, info.as_mut_ptr());
    // SAFETY: the address is that of as many writable bytes as told; in them all lengths are
    // zero, so that the kernel follows none of the addresses.
    unsafe { attr.call(Command::ObjGetInfoByFd) }.map(drop)
}
