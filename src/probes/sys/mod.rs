//! What no library wraps safely: bpf(2) in its oldest form, maps in memory, perf events and
//! fork(2). This folder is the one place of the project with unsafe code.
//!
//! What it lends out is safe to call with any arguments: buffers are sized here, descriptors and
//! mappings are owned by values, and go with them.
#![allow(unsafe_code, reason = "system calls that take addresses")]

mod ask;
mod attr;
mod link;
mod map;
mod memory;
mod mount;
mod perf;
pub(super) mod plain;
mod process;
mod program;
mod socket;

use nix::errno::Errno;

use super::errno::Code;
use super::kinds::Command;
use attr::Attr;
use link::{info, pin, pinned};

pub(super) use ask::stopped;
pub(super) use link::{Link, LinkOption, Target, attach, detach, token};
pub(super) use map::{Btf, Map};
pub(super) use memory::{Mapping, kernel_btf};
pub(super) use mount::{Plan, file_system};
pub(super) use perf::{Event, PerfEvent};
#[cfg(test)]
pub(super) use process::refuse;
pub(super) use process::{
    Fork, capabilities, end_child, fork, is_filtered, keep_libbpf_from_memlock, process,
    thread_name,
};
pub(super) use program::Program;
pub(super) use socket::{
    attach_here, attach_to_socket, attached_at, detach_here, ignore, keep_only,
};

/// Calls bpf(2) with a command that no kernel has.
pub(super) fn unknown_command() -> Result<(), Code> {
    // SAFETY: a kernel that doesn't know the command finds no address, for there are zeros only.
    unsafe { Attr::new().call(Command::Unknown) }.map(drop)
}

/// Asks to attach nothing to nothing, or to detach it: both descriptors are -1, so nothing can
/// come of it; only how far the kernel gets before it says so is of interest.
pub(super) fn with_nothing(command: Command, hook: u32, flags: u32) -> Result<(), Code> {
    let nothing = Attr::new().number(0, u32::MAX).number(4, u32::MAX);
    match command {
        // SAFETY: the attributes of these commands hold no address.
        Command::ProgAttach | Command::ProgDetach => unsafe {
            nothing
                .number(8, hook)
                .number(12, flags)
                .call(command)
                .map(drop)
        },
        _ => Err(Errno::EINVAL.into()),
    }
}
