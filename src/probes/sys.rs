//! What no library wraps safely: bpf(2), its maps in memory, libbpf's objects with their
//! exact error numbers, and fork(2). This is the one file of the project with unsafe code.
#![allow(
    unsafe_code,
    reason = "system calls that take addresses, and C functions"
)]

use std::ffi::CStr;
use std::num::NonZeroUsize;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
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

/// A command of bpf(2), numbered as in `include/uapi/linux/bpf.h`.
#[derive(Clone, Copy)]
#[repr(i32)]
enum Command {
    MapCreate = 0,
    MapLookupElem = 1,
    MapUpdateElem = 2,
    ProgLoad = 5,
    ProgAttach = 8,
    ProgDetach = 9,
    ProgTestRun = 10,
    ObjGetInfoByFd = 15,
    BtfLoad = 18,
    MapFreeze = 22,
    /// No kernel has it: far from the last one, and below the bits that could become flags.
    None = 0x7fff,
}

/// Calls bpf(2) with the first `size` bytes of `attr`, which should be no more than the
/// command needs: a kernel too old for a field past that size never hears of it.
///
/// # Safety
///
/// `attr` must be what `command` takes apart as its attributes, and every address in it must
/// be valid for what the command does there.
unsafe fn bpf<A>(command: Command, attr: &mut A, size: usize) -> Result<i32, Code> {
    let size = size.min(size_of::<A>());
    // SAFETY: the kernel reads and writes at most `size` bytes at `attr`, which is borrowed
    // mutably and at least that large; the addresses inside are the caller's promise.
    let answer = unsafe { libc::syscall(libc::SYS_bpf, command as i32, ptr::from_mut(attr), size) };
    if answer < 0 {
        Err(Code::last())
    } else {
        i32::try_from(answer).map_err(|_| Code::last())
    }
}

/// As [`bpf`], for commands that answer with a new file descriptor (close-on-exec, always).
///
/// # Safety
///
/// As for [`bpf`]; and `command` must be one that answers with a file descriptor.
unsafe fn bpf_fd<A>(command: Command, attr: &mut A, size: usize) -> Result<OwnedFd, Code> {
    // SAFETY: the caller's promise, handed on.
    let fd = unsafe { bpf(command, attr, size)? };
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The address of what the kernel is to read or write, as bpf(2) takes it.
fn address<T: ?Sized>(of: *const T) -> u64 {
    of.cast::<u8>().addr() as u64
}

/// Calls bpf(2) with a command that no kernel has.
pub(super) fn unknown_command() -> Result<(), Code> {
    // SAFETY: a kernel that doesn't know the command looks for no address in its attributes,
    // and there are zeros only.
    unsafe { bpf(Command::None, &mut [0_u32; 4], 16) }.map(drop)
}

/// Asks to detach nothing from nothing at a cgroup hook; see [`attach_nothing`].
pub(super) fn detach_nothing(hook: u32) -> Result<(), Code> {
    // SAFETY: the attributes of BPF_PROG_DETACH hold no address.
    unsafe { bpf(Command::ProgDetach, &mut [u32::MAX, u32::MAX, hook, 0], 16) }.map(drop)
}

/// Asks to attach nothing to nothing at a cgroup hook: both descriptors are -1, so nothing can
/// come of it; only how far the kernel gets before it says so is of interest.
pub(super) fn attach_nothing(hook: u32, flags: u32) -> Result<(), Code> {
    // SAFETY: the attributes of BPF_PROG_ATTACH hold no address.
    unsafe {
        bpf(
            Command::ProgAttach,
            &mut [u32::MAX, u32::MAX, hook, flags],
            16,
        )
    }
    .map(drop)
}

/// Type information the kernel has taken.
pub(super) struct Btf(OwnedFd);

impl Btf {
    /// Gives BTF to the kernel.
    pub(super) fn load(bytes: &[u8]) -> Result<Self, Code> {
        #[repr(C)]
        struct Attr {
            btf: u64,
            log: u64,
            btf_size: u32,
            log_size: u32,
        }
        let mut attr = Attr {
            btf: address(bytes),
            log: 0,
            btf_size: length(bytes.len()),
            log_size: 0,
        };
        // SAFETY: `btf` is the address of `btf_size` bytes that outlive the call; without a
        // log, its address is not used.
        unsafe { bpf_fd(Command::BtfLoad, &mut attr, 20) }.map(Self)
    }
}

/// A map's type, numbered as the kernel does. Only types whose lookup gives exactly the value
/// size belong here (per-CPU maps give more): [`Map::lookup`] relies on it.
#[derive(Clone, Copy)]
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

/// Whether a map is mapped into memory for reading alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    ReadWrite,
}

/// A map of one entry, without a name: kernels before 4.15 have no field for it.
pub(super) struct Map {
    fd: OwnedFd,
    value_size: usize,
}

impl Map {
    /// Creates a map.
    pub(super) fn create(shape: &Shape<'_>) -> Result<Self, Code> {
        #[repr(C)]
        #[derive(Default)]
        struct Attr {
            map_type: u32,
            key_size: u32,
            value_size: u32,
            max_entries: u32,
            map_flags: u32,
            inner_map_fd: u32,
            numa_node: u32,
            map_name: [u8; 16],
            map_ifindex: u32,
            btf_fd: i32,
            btf_key_type_id: u32,
            btf_value_type_id: u32,
        }
        let mut attr = Attr {
            map_type: shape.of as u32,
            key_size: 4,
            value_size: shape.value_size,
            max_entries: 1,
            map_flags: shape.flags,
            ..Attr::default()
        };
        let mut size = 20;
        if let Some((btf, key, value)) = shape.btf {
            attr.btf_fd = btf.0.as_raw_fd();
            attr.btf_key_type_id = key;
            attr.btf_value_type_id = value;
            size = size_of::<Attr>();
        }
        // SAFETY: the attributes of BPF_MAP_CREATE hold no address.
        let fd = unsafe { bpf_fd(Command::MapCreate, &mut attr, size)? };
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

    /// Calls a command on the one entry, with a value of the map's size.
    fn element(&self, command: Command, value: &mut [u8]) -> Result<(), Code> {
        if value.len() != self.value_size {
            return Err(Errno::EINVAL.into());
        }
        #[repr(C)]
        struct Attr {
            map_fd: i32,
            unused: u32,
            key: u64,
            value: u64,
            flags: u64,
        }
        let key = 0_u32;
        let mut attr = Attr {
            map_fd: self.fd.as_raw_fd(),
            unused: 0,
            key: address(&raw const key),
            value: address(value.as_mut_ptr()),
            flags: 0,
        };
        // SAFETY: the map was made with a key of four bytes and a value of as many as there are
        // here, and is of a type for which that is what the kernel reads or writes there.
        unsafe { bpf(command, &mut attr, size_of::<Attr>()) }.map(drop)
    }

    /// Makes the map read-only for all of user space, for good.
    pub(super) fn freeze(&self) -> Result<(), Code> {
        // SAFETY: the attributes of BPF_MAP_FREEZE hold no address.
        unsafe { bpf(Command::MapFreeze, &mut [self.fd.as_raw_fd()], 4) }.map(drop)
    }

    /// Maps the value into memory.
    pub(super) fn mmap(&self, access: Access) -> Result<Mapping, Code> {
        let length = NonZeroUsize::new(self.value_size).unwrap_or(NonZeroUsize::MIN);
        let protection = match access {
            Access::Read => libc::PROT_READ,
            Access::ReadWrite => libc::PROT_READ | libc::PROT_WRITE,
        };
        // SAFETY: the kernel chooses the address, so no memory in use is replaced.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                length.get(),
                protection,
                libc::MAP_SHARED,
                self.fd.as_raw_fd(),
                0,
            )
        };
        match NonNull::new(start) {
            Some(start) if start.as_ptr() != libc::MAP_FAILED => Ok(Mapping {
                start: start.cast(),
                length: length.get(),
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

    /// Writes the first bytes of the value, as many as are given and as it has; false where
    /// the mapping is for reading alone.
    pub(super) fn write(&mut self, bytes: &[u8]) -> bool {
        if self.access == Access::Read {
            return false;
        }
        for (at, byte) in bytes.iter().enumerate().take(self.length) {
            // SAFETY: `at` lies within the mapping, which is writable and lives as long as
            // `self`; the write is volatile because the kernel is its reader.
            unsafe { self.start.add(at).write_volatile(*byte) };
        }
        true
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and with `self` goes the only way to reach it.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
    }
}

/// A program's type, numbered as the kernel does.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(super) enum ProgType {
    SocketFilter = 1,
}

/// A program the kernel has taken.
pub(super) struct Program(OwnedFd);

impl Program {
    /// Gives instructions to the verifier. What it says of them, where a log is asked for,
    /// comes along, whether it takes them or not.
    pub(super) fn load(of: ProgType, code: &[Insn], log: &mut [u8]) -> Result<Self, Code> {
        #[repr(C)]
        struct Attr {
            prog_type: u32,
            insn_cnt: u32,
            insns: u64,
            license: u64,
            log_level: u32,
            log_size: u32,
            log_buf: u64,
        }
        let mut attr = Attr {
            prog_type: of as u32,
            insn_cnt: length(code.len()),
            insns: address(code),
            license: address(c"GPL".as_ptr()),
            log_level: u32::from(!log.is_empty()),
            log_size: length(log.len()),
            // The kernel takes no address without a level.
            log_buf: if log.is_empty() {
                0
            } else {
                address(log.as_mut_ptr())
            },
        };
        // SAFETY: the addresses are those of `insn_cnt` instructions in the kernel's layout, of
        // a text with a closing zero, and of `log_size` writable bytes; all outlive the call.
        unsafe { bpf_fd(Command::ProgLoad, &mut attr, size_of::<Attr>()) }.map(Self)
    }

    /// Runs the program once on `input` by BPF_PROG_TEST_RUN and gives what it returned.
    pub(super) fn test_run(&self, input: &[u8]) -> Result<u32, Code> {
        #[repr(C)]
        struct Attr {
            prog_fd: i32,
            retval: u32,
            data_size_in: u32,
            data_size_out: u32,
            data_in: u64,
            data_out: u64,
            repeat: u32,
            duration: u32,
        }
        let mut attr = Attr {
            prog_fd: self.0.as_raw_fd(),
            retval: 0,
            data_size_in: length(input.len()),
            data_size_out: 0,
            // Programs that take no packet must be given none, not even an empty one.
            data_in: if input.is_empty() { 0 } else { address(input) },
            data_out: 0,
            repeat: 0,
            duration: 0,
        };
        // SAFETY: `data_in` is the address of `data_size_in` bytes that outlive the call;
        // without `data_out` the kernel gives no packet back.
        unsafe { bpf(Command::ProgTestRun, &mut attr, size_of::<Attr>())? };
        Ok(attr.retval)
    }

    /// The lengths in bytes of what the program became: machine code, and instructions as
    /// the verifier rewrote them.
    pub(super) fn lengths(&self) -> Result<Lengths, Code> {
        // The first fields of `struct bpf_prog_info`; its lengths ask for no content.
        #[repr(C)]
        #[derive(Default)]
        struct Info {
            kind: u32,
            id: u32,
            tag: [u8; 8],
            jited: u32,
            rewritten: u32,
            jited_insns: u64,
            rewritten_insns: u64,
        }
        #[repr(C)]
        struct Attr {
            fd: i32,
            info_size: u32,
            info: u64,
        }
        let mut info = Info::default();
        let mut attr = Attr {
            fd: self.0.as_raw_fd(),
            info_size: length(size_of::<Info>()),
            info: address(&raw mut info),
        };
        // SAFETY: `info` is the address of `info_size` writable bytes; the lengths in it are
        // zero, so the kernel follows none of the addresses in it.
        unsafe { bpf(Command::ObjGetInfoByFd, &mut attr, size_of::<Attr>())? };
        Ok(Lengths {
            jited: info.jited,
            rewritten: info.rewritten,
        })
    }
}

/// See [`Program::lengths`].
pub(super) struct Lengths {
    pub(super) jited: u32,
    pub(super) rewritten: u32,
}

/// A BPF object in libbpf's hands. libbpf-rs wraps these functions as well, but its error
/// doesn't give the number back.
pub(super) struct Object(NonNull<libbpf_sys::bpf_object>);

impl Object {
    /// Takes an object file apart; `name` is what libbpf calls it in its messages.
    pub(super) fn open(image: &'static [u8], name: &CStr) -> Result<Self, Code> {
        let options = libbpf_sys::bpf_object_open_opts {
            sz: size_of::<libbpf_sys::bpf_object_open_opts>() as libbpf_sys::size_t,
            object_name: name.as_ptr(),
            ..Default::default()
        };
        // SAFETY: the image is there for good, the name and the options outlive the call, and
        // libbpf keeps copies of both. The limit on locked memory has been seen to already, so
        // libbpf need not raise it, nor say that it can't.
        let object = unsafe {
            libbpf_sys::libbpf_set_memlock_rlim(0);
            let size = image.len() as libbpf_sys::size_t;
            libbpf_sys::bpf_object__open_mem(image.as_ptr().cast(), size, &raw const options)
        };
        // libbpf 1 answers NULL and sets errno.
        NonNull::new(object).map(Self).ok_or_else(Code::last)
    }

    /// Relocates the object for this kernel and gives its maps and programs to it.
    pub(super) fn load(&mut self) -> Result<(), Code> {
        // SAFETY: the object is open and borrowed mutably.
        let answer = unsafe { libbpf_sys::bpf_object__load(self.0.as_ptr()) };
        if answer < 0 {
            Err(Code::of_return(answer))
        } else {
            Ok(())
        }
    }

    /// A program of the loaded object.
    pub(super) fn program(&self, name: &CStr) -> Result<Program, Code> {
        // SAFETY: the object is open; libbpf asks a program that isn't there for nothing.
        let fd = unsafe { libbpf_sys::bpf_program__fd(self.find(name)?.as_ptr()) };
        // SAFETY: libbpf keeps the descriptor of a loaded program open as long as the object.
        unsafe { own_copy(fd) }.map(Program)
    }

    /// A map of the loaded object, which must be an array of one entry.
    pub(super) fn map(&self, name: &CStr) -> Result<Map, Code> {
        // SAFETY: the object is open, and the name has a closing zero.
        let map =
            unsafe { libbpf_sys::bpf_object__find_map_by_name(self.0.as_ptr(), name.as_ptr()) };
        let map = NonNull::new(map).ok_or_else(Code::last)?.as_ptr();
        // SAFETY: the map is the object's and lives as long as it.
        let (of, keys, entries, size, fd) = unsafe {
            (
                libbpf_sys::bpf_map__type(map),
                libbpf_sys::bpf_map__key_size(map),
                libbpf_sys::bpf_map__max_entries(map),
                libbpf_sys::bpf_map__value_size(map),
                libbpf_sys::bpf_map__fd(map),
            )
        };
        if (of, keys, entries) != (MapType::Array as u32, 4, 1) {
            return Err(Errno::EINVAL.into());
        }
        // SAFETY: libbpf keeps the descriptor of a created map open as long as the object.
        let fd = unsafe { own_copy(fd)? };
        Ok(Map {
            fd,
            value_size: size as usize,
        })
    }

    /// Attaches a program to what its section names, until the link is dropped.
    pub(super) fn attach(&self, name: &CStr) -> Result<Link, Code> {
        // SAFETY: the program is the object's, which is loaded.
        let link = unsafe { libbpf_sys::bpf_program__attach(self.find(name)?.as_ptr()) };
        NonNull::new(link).map(Link).ok_or_else(Code::last)
    }

    /// A program of the object, by its function's name.
    fn find(&self, name: &CStr) -> Result<NonNull<libbpf_sys::bpf_program>, Code> {
        // SAFETY: the object is open, and the name has a closing zero.
        let program =
            unsafe { libbpf_sys::bpf_object__find_program_by_name(self.0.as_ptr(), name.as_ptr()) };
        NonNull::new(program).ok_or_else(Code::last)
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: the object is ours; copies of its descriptors outlive it, addresses don't.
        unsafe { libbpf_sys::bpf_object__close(self.0.as_ptr()) };
    }
}

/// A program's attachment.
pub(super) struct Link(NonNull<libbpf_sys::bpf_link>);

impl Drop for Link {
    fn drop(&mut self) {
        // SAFETY: the link is ours and is not used again.
        unsafe { libbpf_sys::bpf_link__destroy(self.0.as_ptr()) };
    }
}

/// A descriptor of our own for what a descriptor of libbpf stands for; `fd` may be libbpf's
/// negative answer instead of one.
///
/// # Safety
///
/// Unless negative, `fd` must be open.
unsafe fn own_copy(fd: i32) -> Result<OwnedFd, Code> {
    if fd < 0 {
        return Err(Code::of_return(fd));
    }
    // SAFETY: the descriptor is open, by the caller's promise.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    borrowed.try_clone_to_owned().map_err(|_| Code::last())
}

/// A length as bpf(2) takes it; nothing here comes near its limit.
fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
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
