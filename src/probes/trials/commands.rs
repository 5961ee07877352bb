//! Commands of bpf(2), given with nothing: how far the kernel gets says whether it has them.

use nix::errno::Errno;

use super::CommandTrial;
use super::Reply;
use super::code::{EXIT, SET};
use super::programs::Desk;
use super::{kinds, maps};
use crate::probes::sys::plain;
use crate::probes::sys::plain::NOWHERE;

const MAP_CREATE: u32 = 0;
const PROG_LOAD: u32 = 5;
const BTF_LOAD: u32 = 18;

/// Far from every id there is, and the largest that asking for the next one takes.
const NO_ID: u32 = 0x7fff_fffe;

/// Tries a command, by its number.
pub(super) fn try_command(desk: &mut Desk, command: u32, how: CommandTrial) -> Reply {
    let answer = match how {
        CommandTrial::Descriptor(at) => {
            // A program's place is beside that of what it goes to.
            let beside = if at == 0 { 4 } else { at };
            let second = if ATTACHES.contains(&command) {
                beside
            } else {
                at
            };
            plain::ask(command, &[(at, NOWHERE), (second, NOWHERE)])
        }
        CommandTrial::Id => plain::ask(command, &[(0, NO_ID)]),
        CommandTrial::Nothing => plain::ask(command, &[]),
        CommandTrial::Make => match command {
            MAP_CREATE => maps::create(2).map(drop),
            BTF_LOAD => kinds::of_a_number().map(drop),
            PROG_LOAD => desk
                .load(1, &[SET, EXIT])
                .map(drop)
                .map_err(|refused| refused.code),
            _ => Err(Errno::ENOSYS.into()),
        },
    };
    let Err(code) = answer else { return Reply::Yes };
    Reply::refused(code, |code| {
        // It looked for the descriptor, the id, the path: for what the command is about.
        let looked = [
            Errno::EBADF,
            Errno::EBADFD,
            Errno::ENOENT,
            Errno::EFAULT,
            Errno::ESRCH,
        ];
        if looked.iter().any(|errno| code == *errno) {
            Reply::Yes
        } else {
            Reply::No(code.to_string())
        }
    })
}

/// BPF_PROG_ATTACH, of which the program is looked for first.
const ATTACHES: &[u32] = &[8];
