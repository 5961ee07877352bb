//! What no library wraps safely: bpf(2) in its oldest form, maps in memory, and fork(2). This is
//! the one file of the project with unsafe code.
#![allow(unsafe_code, reason = "system calls that take addresses")]

mod attach;

use std::os::fd::AsRawFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;
use std::panic;
use std::panic::AssertUnwindSafe;
use std::ptr;
use std::ptr::NonNull;

use libbpf_rs::libbpf_sys;
use nix::errno::Errno;
use nix::unistd;
use nix::unistd::ForkResult;
use nix::unistd::Pid;

use super::errno::Code;
use super::insn::Insn;
use super::kinds::Access;
use super::kinds::Command;
use super::kinds::Lengths;
use super::kinds::Shape;

pub(super) use attach::Table;
pub(super) use attach::as_code;
pub(super) use attach::count_at;
pub(super) use attach::ignore;
pub(super) use attach::keep_only;
pub(super) use attach::pin;
pub(super) use attach::pinned;

/// Attributes of a bpf(2) command, field by field as its part of `union bpf_attr` has them, and
/// no further than the command needs: of a field past the end, a kernel too old for it never
/// hears.
#[derive(Default)]
struct Attr(Vec<u8>);

impl Attr {
    /// A field of four bytes.
    fn number(mut self, number: u32) -> Self {
        self.0.extend(number.to_ne_bytes());
        self
    }

    /// A descriptor.
    fn fd(self, fd: &OwnedFd) -> Self {
        self.number(fd.as_raw_fd() as u32)
    }

    /// A length; nothing here comes near the limit of the field.
    fn length(self, length: usize) -> Self {
        self.number(u32::try_from(length).unwrap_or(u32::MAX))
    }

    /// The address of what the kernel is to read or write.
    fn address<T: ?Sized>(mut self, of: *const T) -> Self {
        self.0.extend((of.cast::<u8>().addr() as u64).to_ne_bytes());
        self
    }

    /// Fields that are not used.
    fn unused(mut self, bytes: usize) -> Self {
        self.0.resize(self.0.len() + bytes, 0);
        self
    }

    /// Calls bpf(2).
    ///
    /// # Safety
    ///
    /// These must be attributes of `command`, and each address among them good for as many
    /// bytes as the command reads or writes there.
    unsafe fn call(&mut self, command: Command) -> Result<i32, Code> {
        let (start, size) = (self.0.as_mut_ptr(), self.0.len());
        // SAFETY: the kernel reads and writes at most `size` bytes at `start`, which are ours;
        // the addresses inside are the caller's promise.
        let answer = unsafe { libc::syscall(libc::SYS_bpf, command as i32, start, size) };
        if answer < 0 {
            Err(Code::last())
        } else {
            i32::try_from(answer).map_err(|_| Code::last())
        }
    }

    /// As [`Attr::call`], for commands that answer with a new descriptor (close-on-exec, always).
    ///
    /// # Safety
    ///
    /// As there; and `command` must be such a command.
    unsafe fn open(&mut self, command: Command) -> Result<OwnedFd, Code> {
        // SAFETY: the caller's promise, handed on; the kernel has made the descriptor for us, and
        // nobody else knows of it.
        unsafe { self.call(command).map(|fd| OwnedFd::from_raw_fd(fd)) }
    }

    /// A field of four bytes the kernel has written.
    fn answer(&self, at: usize) -> u32 {
        let field = self
            .0
            .get(at..at + 4)
            .and_then(|field| field.try_into().ok());
        field.map_or(0, u32::from_ne_bytes)
    }
}

/// Calls bpf(2) with a command that no kernel has.
pub(super) fn unknown_command() -> Result<(), Code> {
    // SAFETY: a kernel that doesn't know the command finds no address, for there are zeros only.
    unsafe { Attr::default().unused(16).call(Command::Unknown) }.map(drop)
}

/// Asks to attach nothing to nothing, or to detach it: both descriptors are -1, so nothing can
/// come of it; only how far the kernel gets before it says so is of interest.
pub(super) fn with_nothing(command: Command, hook: u32, flags: u32) -> Result<(), Code> {
    let nothing = Attr::default().number(u32::MAX).number(u32::MAX);
    match command {
        // SAFETY: the attributes of these commands hold no address.
        Command::ProgAttach | Command::ProgDetach => unsafe {
            nothing.number(hook).number(flags).call(command).map(drop)
        },
        _ => Err(Errno::EINVAL.into()),
    }
}

/// Attaches a program to a map of sockets; it goes with the map.
pub(super) fn attach_to_map(map: &Map, program: &Program, hook: u32) -> Result<(), Code> {
    let attr = Attr::default().fd(&map.fd).fd(&program.0);
    // SAFETY: the attributes of this command hold no address.
    unsafe { attr.number(hook).unused(4).call(Command::ProgAttach) }.map(drop)
}

/// Type information the kernel has taken.
pub(super) struct Btf(OwnedFd);

impl Btf {
    /// Gives BTF to the kernel.
    pub(super) fn load(btf: &[u8]) -> Result<Self, Code> {
        // Without a log: its address and length are 0.
        let mut attr = Attr::default()
            .address(btf)
            .unused(8)
            .length(btf.len())
            .unused(4);
        // SAFETY: the one address is that of as many bytes as told, which outlive the call.
        unsafe { attr.open(Command::BtfLoad) }.map(Self)
    }
}

/// A map of one entry, without a name: kernels before 4.15 have no field for it.
pub(super) struct Map {
    fd: OwnedFd,
    value_size: usize,
}

impl Map {
    /// Creates a map.
    pub(super) fn create(shape: &Shape<'_>) -> Result<Self, Code> {
        let sizes = Attr::default()
            .number(shape.of as u32)
            .number(4)
            .number(shape.value_size);
        let mut attr = sizes.number(1).number(shape.flags);
        if let Some((btf, key, value)) = shape.btf {
            // Before these: another map, a NUMA node, the name and a network device.
            attr = attr
                .unused(4 + 4 + 16 + 4)
                .fd(&btf.0)
                .number(key)
                .number(value);
        }
        // SAFETY: the attributes of this command hold no address.
        let fd = unsafe { attr.open(Command::MapCreate)? };
        Ok(Self {
            fd,
            value_size: shape.value_size as usize,
        })
    }

    /// The value, as bpf(2) gives it.
    pub(super) fn lookup(&self) -> Result<Vec<u8>, Code> {
        let mut value = vec![0; self.value_size];
        self.element(Command::MapLookupElem, &mut value)?;
        Ok(value)
    }

    /// Sets the value through bpf(2); what the given bytes leave open becomes zero.
    pub(super) fn update(&self, value: &[u8]) -> Result<(), Code> {
        let mut value = value.to_vec();
        value.resize(self.value_size, 0);
        self.element(Command::MapUpdateElem, &mut value)
    }

    /// Reads or writes the one entry, with a value of the map's size.
    fn element(&self, command: Command, value: &mut [u8]) -> Result<(), Code> {
        let key = [0_u8; 4];
        let attr = Attr::default()
            .fd(&self.fd)
            .unused(4)
            .address(&raw const key);
        let mut attr = attr.address(value.as_mut_ptr()).unused(8);
        // SAFETY: the map was made with a key of four bytes and a value of as many as both callers
        // give, and is of a type for which that is what the kernel reads or writes there.
        unsafe { attr.call(command) }.map(drop)
    }

    /// Makes the map read-only for all of user space, for good.
    pub(super) fn freeze(&self) -> Result<(), Code> {
        // SAFETY: the attributes of this command hold no address.
        unsafe { Attr::default().fd(&self.fd).call(Command::MapFreeze) }.map(drop)
    }

    /// Maps the value into memory.
    pub(super) fn mmap(&self, access: Access) -> Result<Mapping, Code> {
        let protection = match access {
            Access::Read => libc::PROT_READ,
            Access::ReadWrite => libc::PROT_READ | libc::PROT_WRITE,
        };
        let (length, fd) = (self.value_size, self.number());
        // SAFETY: the kernel chooses the address, so no memory in use is replaced.
        let start =
            unsafe { libc::mmap(ptr::null_mut(), length, protection, libc::MAP_SHARED, fd, 0) };
        match NonNull::new(start.cast()) {
            Some(at) if start != libc::MAP_FAILED => Ok(Mapping {
                start: at,
                length,
                access,
            }),
            _ => Err(Code::last()),
        }
    }

    /// The descriptor's number, which instructions name a map by.
    pub(super) fn number(&self) -> i32 {
        self.fd.as_raw_fd()
    }
}

/// A map's value in memory.
pub(super) struct Mapping {
    start: NonNull<u8>,
    length: usize,
    access: Access,
}

impl Mapping {
    /// The value as it is now.
    pub(super) fn read(&self) -> Vec<u8> {
        (0..self.length)
            // SAFETY: `at` lies within the mapping, which is readable and lives as long as
            // `self`; the read is volatile because the kernel may change what is there.
            .map(|at| unsafe { self.start.add(at).read_volatile() })
            .collect()
    }

    /// Writes the first bytes of the value, as many as are given and as it has; none where the
    /// mapping is for reading alone.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        let room = if self.access == Access::ReadWrite {
            self.length
        } else {
            0
        };
        for (at, byte) in bytes.iter().enumerate().take(room) {
            // SAFETY: `at` lies within the mapping, which is writable and lives as long as
            // `self`; the write is volatile because the kernel is its reader.
            unsafe { self.start.add(at).write_volatile(*byte) };
        }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and with `self` goes the only way to reach it.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
    }
}

/// A program the kernel has taken.
pub(super) struct Program(OwnedFd);

impl Program {
    /// Runs the program once on `input` by BPF_PROG_TEST_RUN and gives what it returned.
    pub(super) fn test_run(&self, input: &[u8]) -> Result<u32, Code> {
        // Programs that take no packet must be given none, not even an empty one.
        let start = if input.is_empty() {
            ptr::null()
        } else {
            input.as_ptr()
        };
        let attr = Attr::default()
            .fd(&self.0)
            .unused(4)
            .length(input.len())
            .unused(4);
        // Then: where a packet could be given back, how often to run, and how long it took.
        let mut attr = attr.address(start).unused(8 + 4 + 4);
        // SAFETY: the address is that of as many bytes as told, which outlive the call; the kernel
        // gives no packet back, there being neither address nor length for it.
        unsafe { attr.call(Command::ProgTestRun)? };
        Ok(attr.answer(4))
    }

    /// What the program became.
    pub(super) fn lengths(&self) -> Result<Lengths, Code> {
        // The first fields of `struct bpf_prog_info`, the last two being addresses.
        let mut info = Attr::default().unused(4 + 4 + 8 + 4 + 4 + 8 + 8);
        let attr = Attr::default().fd(&self.0).length(info.0.len());
        // SAFETY: the address is that of as many writable bytes as told; in them all lengths are
        // zero, so that the kernel follows none of the addresses.
        unsafe {
            attr.address(info.0.as_mut_ptr())
                .call(Command::ObjGetInfoByFd)?
        };
        Ok(Lengths {
            jited: info.answer(16),
            rewritten: info.answer(20),
        })
    }
}

/// Tells libbpf that the limit on locked memory has been seen to: it need not raise it before
/// 5.11, nor say that it can't.
pub(super) fn keep_libbpf_from_memlock() {
    // SAFETY: the function sets a variable that libbpf reads when it loads an object.
    unsafe { libbpf_sys::libbpf_set_memlock_rlim(0) };
}

/// Which of the two processes after a [`fork`] this is.
pub(super) enum Fork {
    Parent(Pid),
    Child,
}

/// Makes a copy of this process. The copy must end with [`end_child`].
///
/// With other threads about, a lock one of them holds at this moment stays locked in the
/// copy. glibc takes care of its own; whoever meets another one in the copy waits for ever,
/// which the parent's time limit ends.
pub(super) fn fork() -> Result<Fork, Code> {
    // SAFETY: the copy runs this module's callers and libbpf on memory of its own; what
    // POSIX leaves undefined with more than one thread, glibc defines as told above.
    match unsafe { unistd::fork() } {
        Ok(ForkResult::Parent { child }) => Ok(Fork::Parent(child)),
        Ok(ForkResult::Child) => Ok(Fork::Child),
        Err(errno) => Err(errno.into()),
    }
}

/// Does the work of a forked child and ends it, also after a panic: neither the frames of the
/// parent's stack below nor its exit handlers and unwritten output belong to the child.
pub(super) fn end_child(work: impl FnOnce() -> i32) -> ! {
    let status = panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or(101);
    // SAFETY: ending a process at once has no precondition.
    unsafe { libc::_exit(status) }
}
