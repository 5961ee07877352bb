//! Programs at sockets, at cgroups and at this process's network namespace, and what a process
//! that stays behind must do about itself.

use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

use nix::sys::signal;
use nix::sys::signal::SigHandler;
use nix::sys::signal::Signal;

use super::super::call::Call;
use super::super::errno::Code;
use super::super::kinds::Command;
use super::attr::Attr;
use super::program::Program;

/// Attaches a program to a socket by a socket option, SO_ATTACH_BPF or one like it; it goes with
/// the socket.
pub(in super::super) fn attach_to_socket(
    socket: BorrowedFd<'_>,
    program: &Program,
    option: i32,
) -> Result<(), Code> {
    let value = program.number();
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
        return Err(Code::last(Call::Setsockopt));
    }
    Ok(())
}

/// Attaches a program to this process's network namespace, without a link.
pub(in super::super) fn attach_here(program: &Program, hook: u32) -> Result<(), Code> {
    here(Command::ProgAttach, program, hook)
}

/// Undoes [`attach_here`].
pub(in super::super) fn detach_here(program: &Program, hook: u32) -> Result<(), Code> {
    here(Command::ProgDetach, program, hook)
}

fn here(command: Command, program: &Program, hook: u32) -> Result<(), Code> {
    let mut attr = Attr::new().fd(4, &program.0).number(8, hook);
    // SAFETY: the attributes of the two commands hold no address.
    unsafe { attr.call(command) }.map(drop)
}

/// How many programs are attached to this very cgroup at a hook, and the flags they came with.
pub(in super::super) fn attached_at(cgroup: BorrowedFd<'_>, hook: u32) -> Result<(u32, u32), Code> {
    let mut attr = Attr::new()
        .number(0, cgroup.as_raw_fd() as u32)
        .number(4, hook);
    // SAFETY: without an address for the programs' ids, the kernel writes their number alone.
    unsafe { attr.call(Command::ProgQuery)? };
    Ok((attr.answer(24), attr.answer(12)))
}

/// Closes all descriptors of this process but one.
///
/// Only for a process that was forked a moment ago and never returns to what the others belong
/// to: see [`super::end_child`].
pub(in super::super) fn keep_only(fd: &OwnedFd) {
    let kept = fd.as_raw_fd() as libc::c_uint;
    let close = |from: libc::c_uint, to: libc::c_uint| {
        // SAFETY: no address is given. Nobody else in this process uses a descriptor: that is the
        // caller's to see to.
        unsafe { libc::syscall(libc::SYS_close_range, from, to, 0) == 0 }
    };
    let below = kept.checked_sub(1).is_none_or(|last| close(0, last));
    if below && close(kept + 1, libc::c_uint::MAX) {
        return;
    }
    // Before 5.9 there is no such call. The doctor never has many open.
    for number in (0..1024).filter(|number| *number != fd.as_raw_fd()) {
        // SAFETY: as above; a number that is no descriptor answers EBADF.
        let _none = unsafe { libc::close(number) };
    }
}

/// Has this process ignore a signal.
pub(in super::super) fn ignore(signal: Signal) {
    // SAFETY: no handler is set that could run at a wrong moment.
    let _unknown = unsafe { signal::signal(signal, SigHandler::SigIgn) };
}
