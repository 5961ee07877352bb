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
use super::passed;
use super::sys;
use super::table::CGROUP;
use super::table::NOTHING;
use super::table::Probe;

/// What this file adds to the probe table.
pub(super) const PROBES: &[Probe] = &[
    Probe {
        id: "cgroup-detach",
        title: "The kernel has programs at cgroups",
        about: "Asks to detach no program from no cgroup: EBADF says that the kernel looked for \
                them, EINVAL that it was built without CONFIG_CGROUP_BPF.",
        effects: NOTHING,
        area: "cgroup",
        since: Some("4.10"), // f4324551489e
        privilege: CGROUP,
        stages: &[Stage::Attach],
        needs: &["bpf-syscall"],
        run: detach,
    },
    Probe {
        id: "cgroup-attach-multi",
        title: "Several programs can share a hook of a cgroup",
        about: "Asks to attach no program to no cgroup with BPF_F_ALLOW_MULTI: EBADF says that \
                the kernel knows the flag, EINVAL that it doesn't.",
        effects: NOTHING,
        area: "cgroup",
        since: Some("4.15"), // 324bda9e6c5a
        privilege: CGROUP,
        stages: &[Stage::Attach],
        needs: &["cgroup-detach"],
        run: attach_multi,
    },
];

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
        Err(code) if code == Errno::EBADF => {
            passed::note(Stage::Attach);
            Ok(())
        }
        Err(code) => Err(code).at(Stage::Attach),
        Ok(()) => Err(Trouble::wrong(
            Stage::Attach,
            "the kernel took descriptors that do not exist".to_owned(),
        )),
    }
}
