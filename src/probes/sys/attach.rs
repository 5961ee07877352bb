//! Programs of any type, and what it takes to attach them and to see that they ran.

use std::ffi::CStr;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

use nix::errno::Errno;

use super::Attr;
use super::Code;
use super::Command;
use super::Insn;
use super::Program;

impl Program {
    /// Gives instructions to the verifier, which writes what it has to say into `log`, if there
    /// is room for anything. `hook` is the one the program is to be attached to
    /// (`expected_attach_type`), 0 where its type asks for none.
    pub(in super::super) fn load_for(
        of: u32,
        hook: u32,
        code: &[Insn],
        log: &mut [u8],
    ) -> Result<Self, Code> {
        let attr = Attr::default().number(of).length(code.len());
        let attr = attr.address(code).address(c"GPL".as_ptr());
        let mut attr = if log.is_empty() {
            attr.unused(4 + 4 + 8)
        } else {
            attr.number(1).length(log.len()).address(log.as_mut_ptr())
        };
        if hook != 0 {
            // Before it: kernel version, flags, the name and a network device.
            attr = attr.unused(4 + 4 + 16 + 4).number(hook);
        }
        // SAFETY: the addresses are those of as many instructions as told, in the kernel's layout,
        // of a text with a closing zero, and of as many writable bytes as told; all outlive the
        // call.
        unsafe { attr.open(Command::ProgLoad) }.map(Self)
    }

    /// Its descriptor.
    pub(in super::super) fn fd(&self) -> &OwnedFd {
        &self.0
    }

    /// Attaches the program by BPF_PROG_ATTACH to what `target` is (a cgroup, a map of sockets),
    /// or to this process's network namespace without one.
    pub(in super::super) fn attach(
        &self,
        target: Option<BorrowedFd<'_>>,
        hook: u32,
        flags: u32,
    ) -> Result<(), Code> {
        let target = target.map_or(0, |fd| fd.as_raw_fd() as u32);
        let mut attr = Attr::default().number(target).fd(&self.0);
        attr = attr.number(hook).number(flags);
        // SAFETY: the attributes of this command hold no address.
        unsafe { attr.call(Command::ProgAttach) }.map(drop)
    }

    /// Undoes [`Program::attach`].
    pub(in super::super) fn detach(
        &self,
        target: Option<BorrowedFd<'_>>,
        hook: u32,
    ) -> Result<(), Code> {
        let target = target.map_or(0, |fd| fd.as_raw_fd() as u32);
        let mut attr = Attr::default().number(target).fd(&self.0);
        attr = attr.number(hook).unused(4);
        // SAFETY: the attributes of this command hold no address.
        unsafe { attr.call(Command::ProgDetach) }.map(drop)
    }

    /// Attaches the program by a link, which goes when the last descriptor of it is closed.
    /// `target` is a descriptor, the index of a network device, or 0 where the kernel takes this
    /// process's network namespace; `more` are the fields of the kind of link.
    pub(in super::super) fn link(
        &self,
        target: u32,
        hook: u32,
        more: &[u32],
    ) -> Result<OwnedFd, Code> {
        let mut attr = Attr::default().fd(&self.0).number(target);
        attr = attr.number(hook).unused(4);
        for field in more {
            attr = attr.number(*field);
        }
        // SAFETY: none of the kinds of links made here has an address among its fields.
        unsafe { attr.open(Command::LinkCreate) }
    }

    /// Attaches the program to a socket by a socket option, SO_ATTACH_BPF or one like it.
    pub(in super::super) fn attach_to_socket(
        &self,
        socket: BorrowedFd<'_>,
        option: i32,
    ) -> Result<(), Code> {
        let value = self.0.as_raw_fd();
        // SAFETY: the kernel reads as many bytes as told at the address, which are a descriptor.
        let answer = unsafe {
            libc::setsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                option,
                (&raw const value).cast(),
                size_of_val(&value) as libc::socklen_t,
            )
        };
        if answer < 0 {
            return Err(Code::last());
        }
        Ok(())
    }
}

/// How many programs an event at a hook of this cgroup runs, those attached above it included.
pub(in super::super) fn count_at(cgroup: BorrowedFd<'_>, hook: u32) -> Result<u32, Code> {
    const EFFECTIVE: u32 = 1;
    let mut attr = Attr::default().number(cgroup.as_raw_fd() as u32);
    // Then the flags they were attached with, the address for their ids, none here, and their
    // number.
    attr = attr.number(hook).number(EFFECTIVE).unused(4 + 8 + 4);
    // SAFETY: without room for ids, the kernel writes the number of programs alone.
    unsafe { attr.call(Command::ProgQuery)? };
    Ok(attr.answer(24))
}

/// A map of several entries with keys of four bytes.
pub(in super::super) struct Table {
    fd: OwnedFd,
    value_size: usize,
}

impl Table {
    /// Creates it, of a type whose lookup and update take exactly the value size.
    pub(in super::super) fn create(of: u32, value_size: u32, entries: u32) -> Result<Self, Code> {
        let mut attr = Attr::default().number(of).number(4);
        attr = attr.number(value_size).number(entries).unused(4);
        // SAFETY: the attributes of this command hold no address.
        let fd = unsafe { attr.open(Command::MapCreate)? };
        Ok(Self {
            fd,
            value_size: value_size as usize,
        })
    }

    /// An array of one entry of four bytes that was opened.
    pub(in super::super) fn of_array(fd: OwnedFd) -> Self {
        Self { fd, value_size: 4 }
    }

    /// Its descriptor.
    pub(in super::super) fn fd(&self) -> &OwnedFd {
        &self.fd
    }

    /// The number in the first bytes of an entry.
    pub(in super::super) fn get(&self, key: u32) -> Result<u32, Code> {
        let mut value = vec![0_u8; self.value_size];
        self.element(Command::MapLookupElem, key, &mut value)?;
        let number = value.get(..4).and_then(|number| number.try_into().ok());
        Ok(number.map_or(0, u32::from_ne_bytes))
    }

    /// Sets an entry to a number.
    pub(in super::super) fn set(&self, key: u32, number: u32) -> Result<(), Code> {
        let mut value = number.to_ne_bytes().to_vec();
        value.resize(self.value_size, 0);
        self.element(Command::MapUpdateElem, key, &mut value)
    }

    fn element(&self, command: Command, key: u32, value: &mut [u8]) -> Result<(), Code> {
        let attr = Attr::default().fd(&self.fd).unused(4);
        let attr = attr.address(&raw const key);
        let mut attr = attr.address(value.as_mut_ptr()).unused(8);
        // SAFETY: the map was made with a key of four bytes and a value of as many as both callers
        // give, and is of a type for which that is what the kernel reads or writes there.
        unsafe { attr.call(command) }.map(drop)
    }
}

/// Pins a map, program or link at a path of a BPF file system.
pub(in super::super) fn pin(object: &OwnedFd, path: &CStr) -> Result<(), Code> {
    let mut attr = Attr::default().address(path.as_ptr()).fd(object);
    // SAFETY: the address is that of a text with a closing zero, which outlives the call.
    unsafe { attr.call(Command::ObjPin) }.map(drop)
}

/// Opens what is pinned at a path.
pub(in super::super) fn pinned(path: &CStr) -> Result<OwnedFd, Code> {
    let mut attr = Attr::default().address(path.as_ptr()).unused(4);
    // SAFETY: the address is that of a text with a closing zero, which outlives the call.
    unsafe { attr.open(Command::ObjGet) }
}

/// Closes all descriptors of this process but one.
///
/// Only for a process that was forked a moment ago and never returns to what the others belong
/// to: see [`super::end_child`].
pub(in super::super) fn keep_only(fd: &OwnedFd) {
    let kept = fd.as_raw_fd() as libc::c_uint;
    let range = |from: libc::c_uint, to: libc::c_uint| {
        // SAFETY: no address is given. Nobody else in this process uses a descriptor: that is the
        // caller's to see to.
        let answer = unsafe { libc::syscall(libc::SYS_close_range, from, to, 0) };
        answer == 0
    };
    let below = kept.checked_sub(1).is_none_or(|last| range(0, last));
    if below && range(kept + 1, libc::c_uint::MAX) {
        return;
    }
    // Before 5.9 there is no such call. The doctor never has many open.
    for number in (0..1024).filter(|number| *number != fd.as_raw_fd()) {
        // SAFETY: as above; a number that is no descriptor answers EBADF.
        let _none = unsafe { libc::close(number) };
    }
}

/// As an error of bpf(2).
pub(in super::super) fn as_code(error: &std::io::Error) -> Code {
    error.raw_os_error().map_or_else(
        || Errno::EIO.into(),
        |number| Code::of_return(number.saturating_neg()),
    )
}

/// Has this process ignore a signal.
pub(in super::super) fn ignore(signal: nix::sys::signal::Signal) {
    // SAFETY: no handler is set that could run at a wrong moment.
    let _unknown =
        unsafe { nix::sys::signal::signal(signal, nix::sys::signal::SigHandler::SigIgn) };
}
