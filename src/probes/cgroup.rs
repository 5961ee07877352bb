//! Programs at cgroups, asked about without a cgroup and without a program.
//!
//! The descriptors given are -1, so the kernel answers EBADF once it gets as far as looking at
//! them, and nothing can be attached or detached. systemd asks in the same way.

use nix::errno::Errno;

use super::bench::At;
use super::bench::Bench;
use super::bench::Trial;
use super::bench::Trouble;
use super::errno::Code;
use super::kinds::Command;
use super::outcome::Stage;
use super::sys;

/// The hook for packets that leave (BPF_CGROUP_INET_EGRESS), one of the first two there were.
const INET_EGRESS: u32 = 1;
/// Several programs at one hook (BPF_F_ALLOW_MULTI).
const ALLOW_MULTI: u32 = 1 << 1;

/// `cgroup-detach`
pub(super) fn detach(_bench: &mut Bench) -> Trial {
    // EINVAL: cgroup_bpf_prog_detach() is a stub without CONFIG_CGROUP_BPF, or the hook unknown.
    reached(sys::with_nothing(Command::ProgDetach, INET_EGRESS, 0))
}

/// `cgroup-attach-multi`
pub(super) fn attach_multi(_bench: &mut Bench) -> Trial {
    // EINVAL: bpf_prog_attach() before 4.15 doesn't know the flag.
    reached(sys::with_nothing(
        Command::ProgAttach,
        INET_EGRESS,
        ALLOW_MULTI,
    ))
}

/// Works where the kernel got as far as the descriptors.
fn reached(answer: Result<(), Code>) -> Trial {
    match answer {
        Err(code) if code == Errno::EBADF => Ok(()),
        Err(code) => Err(code).at(Stage::Attach),
        Ok(()) => Err(Trouble::wrong(
            Stage::Attach,
            "the kernel took descriptors that do not exist".to_owned(),
        )),
    }
}
