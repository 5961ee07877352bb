//! File systems that are mounted nowhere.

use std::ffi::CStr;
use std::os::fd::AsRawFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;
use std::ptr;

use super::super::errno::Code;

/// A new file system of a kind, in no place of any tree: it is reached through its descriptor
/// alone, and gone with it (fsopen(2), fsconfig(2), fsmount(2); Linux 5.2).
pub(in super::super) fn file_system(kind: &CStr) -> Result<OwnedFd, Code> {
    /// FSOPEN_CLOEXEC and FSMOUNT_CLOEXEC
    const CLOSE_ON_EXEC: u32 = 1;
    /// FSCONFIG_CMD_CREATE
    const CREATE: u32 = 6;
    // SAFETY: the address is that of a text with a closing zero that outlives the call.
    let plan = own(unsafe { libc::syscall(libc::SYS_fsopen, kind.as_ptr(), CLOSE_ON_EXEC) })?;
    let nothing = ptr::null::<u8>();
    let number = plan.as_raw_fd();
    // SAFETY: this command takes neither key nor value.
    let made = unsafe { libc::syscall(libc::SYS_fsconfig, number, CREATE, nothing, nothing, 0) };
    if made < 0 {
        return Err(Code::last());
    }
    // SAFETY: the system call takes numbers alone.
    own(unsafe { libc::syscall(libc::SYS_fsmount, number, CLOSE_ON_EXEC, 0) })
}

/// The descriptor a system call has made for us, or its error.
fn own(answer: libc::c_long) -> Result<OwnedFd, Code> {
    match i32::try_from(answer) {
        // SAFETY: the caller's system call has made the descriptor for us, and nobody else knows
        // of it.
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(Code::last()),
    }
}
