//! File systems that are mounted nowhere (fsopen(2), fsconfig(2), fsmount(2); Linux 5.2).

use std::ffi::CStr;
use std::os::fd::AsRawFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;
use std::ptr;

use super::super::call::Call;
use super::super::errno::Code;

/// FSOPEN_CLOEXEC and FSMOUNT_CLOEXEC
const CLOSE_ON_EXEC: u32 = 1;

/// A new file system of a kind, in no place of any tree: it is reached through its descriptor
/// alone, and gone with it.
pub(in super::super) fn file_system(kind: &CStr) -> Result<OwnedFd, Code> {
    let plan = Plan::new(kind)?;
    plan.create()?;
    plan.mount()
}

/// A file system that is being made.
pub(in super::super) struct Plan(OwnedFd);

impl Plan {
    /// One that will belong to the user namespace of this process.
    pub(in super::super) fn new(kind: &CStr) -> Result<Self, Code> {
        // SAFETY: the address is that of a text with a closing zero that outlives the call.
        own(
            unsafe { libc::syscall(libc::SYS_fsopen, kind.as_ptr(), CLOSE_ON_EXEC) },
            Call::Fsopen,
        )
        .map(Self)
    }

    /// One that another process has begun, by the number its descriptor has there
    /// (pidfd_getfd(2), Linux 5.6).
    pub(in super::super) fn of_process(process: &OwnedFd, number: i32) -> Result<Self, Code> {
        let of = process.as_raw_fd();
        // SAFETY: the system call takes numbers alone, and gives a descriptor of our own.
        own(
            unsafe { libc::syscall(libc::SYS_pidfd_getfd, of, number, 0) },
            Call::PidfdGetfd,
        )
        .map(Self)
    }

    /// The number of its descriptor.
    pub(in super::super) fn number(&self) -> i32 {
        self.0.as_raw_fd()
    }

    /// Sets an option.
    pub(in super::super) fn set(&self, key: &CStr, value: &CStr) -> Result<(), Code> {
        /// FSCONFIG_SET_STRING
        const SET_STRING: u32 = 1;
        self.configure(SET_STRING, Some((key, value)))
    }

    /// Makes the file system as planned.
    pub(in super::super) fn create(&self) -> Result<(), Code> {
        /// FSCONFIG_CMD_CREATE
        const CREATE: u32 = 6;
        self.configure(CREATE, None)
    }

    fn configure(&self, command: u32, option: Option<(&CStr, &CStr)>) -> Result<(), Code> {
        let (key, value) = option.map_or((ptr::null(), ptr::null()), |(key, value)| {
            (key.as_ptr(), value.as_ptr())
        });
        // SAFETY: the addresses are those of texts with a closing zero that outlive the call, or
        // null for a command that takes none.
        let answer =
            unsafe { libc::syscall(libc::SYS_fsconfig, self.number(), command, key, value, 0) };
        if answer < 0 {
            return Err(Code::last(Call::Fsconfig));
        }
        Ok(())
    }

    /// Mounts what was made, in no place.
    pub(in super::super) fn mount(&self) -> Result<OwnedFd, Code> {
        // SAFETY: the system call takes numbers alone.
        own(
            unsafe { libc::syscall(libc::SYS_fsmount, self.number(), CLOSE_ON_EXEC, 0) },
            Call::Fsmount,
        )
    }
}

/// The descriptor a system call has made for us, or its error.
fn own(answer: libc::c_long, call: Call) -> Result<OwnedFd, Code> {
    match i32::try_from(answer) {
        // SAFETY: the caller's system call has made the descriptor for us, and nobody else knows
        // of it.
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(Code::last(call)),
    }
}
