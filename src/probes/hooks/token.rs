//! Tokens: rights over BPF that a file system lends to a user namespace.

use std::os::fd::AsFd as _;
use std::os::fd::AsRawFd as _;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl;
use nix::fcntl::OFlag;
use nix::sched;
use nix::sched::CloneFlags;
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::sys::wait;
use nix::unistd;
use nix::unistd::Pid;

use super::super::bench::At;
use super::super::bench::Bench;
use super::super::bench::Trial;
use super::super::bench::Trouble;
use super::super::call::By;
use super::super::call::Call;
use super::super::errno::Answered as _;
use super::super::errno::Code;
use super::super::filters;
use super::super::kinds::Command;
use super::super::kinds::MapType;
use super::super::kinds::NO_PREALLOCATION;
use super::super::kinds::Shape;
use super::super::kinds::WITH_TOKEN;
use super::super::outcome::Stage;
use super::super::sys;
use super::super::sys::Fork;
use super::super::sys::Map;
use super::super::sys::Plan;
use super::super::sys::plain;
use super::super::table::Probe;

/// What this file adds to the probe table.
pub(super) const PROBES: &[Probe] = &[Probe {
    id: "token",
    title: "A user namespace can be given rights over BPF (token)",
    about: "A process in a user namespace of its own makes a bpf file system that this one \
            delegates everything to, takes a token from it, and creates a map by it that it may \
            not create without.",
    effects: "none: for a moment a second process in a user namespace of its own, with a bpf file \
              system mounted nowhere, a token and a map, held by descriptors",
    area: "privilege",
    since: Some("6.9"), // 35f96de04127
    privilege: "CAP_SYS_ADMIN to delegate; none, inside the user namespace, to take the token",
    stages: &[Stage::Open, Stage::Create],
    needs: &["map-create"],
    run: token,
}];

/// What a bpf file system can delegate (`kernel/bpf/inode.c`).
const DELEGATES: [&std::ffi::CStr; 4] = [
    c"delegate_cmds",
    c"delegate_maps",
    c"delegate_progs",
    c"delegate_attachs",
];

/// What the second process says at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Step {
    /// All went well.
    Done = 1,
    /// No user namespace could be made.
    Namespace,
    /// The user namespace was made, and who is who in it could not be said.
    Ids,
    /// No bpf file system could be asked for, or none could be had of the plan.
    FileSystem,
    /// There was no token to be had.
    Token,
    /// A map for which the token should be needed was created without it.
    Without,
    /// The token did not help.
    With,
}

impl Step {
    const ALL: [Self; 7] = [
        Self::Done,
        Self::Namespace,
        Self::Ids,
        Self::FileSystem,
        Self::Token,
        Self::Without,
        Self::With,
    ];
}

/// `token`
fn token(_bench: &mut Bench) -> Trial {
    let known = plain::ask(Command::TokenCreate as u32, &[(4, plain::NOWHERE)]);
    match known {
        // Of no file system there is no token: the kernel looked for it.
        Err(code) if code == Errno::EBADF => {}
        Err(code) if code == Errno::EINVAL => {
            return Err(Trouble::Failed {
                stage: Stage::Create,
                errno: Some(code),
                remark: "the kernel does not know tokens".to_owned(),
            });
        }
        answer => return answer.at(Stage::Create),
    }
    let open = || {
        unistd::pipe2(OFlag::O_CLOEXEC)
            .of(Call::Pipe)
            .at(Stage::Open)
    };
    let ((hear, tell), (listen, say)) = (open()?, open()?);
    match sys::fork().at(Stage::Open)? {
        Fork::Child => sys::end_child(|| {
            drop((hear, say));
            let (step, errno) = match lent(&tell, &listen) {
                Ok(()) => (Step::Done, 0),
                Err((step, code)) => (step, code.number()),
            };
            let [a, b, c, d] = errno.to_ne_bytes();
            let _nobody_listens = unistd::write(&tell, &[step as u8, a, b, c, d]);
            0
        }),
        Fork::Parent(other) => {
            drop((tell, listen));
            let answer = lend(other, &hear, say);
            while wait::waitpid(other, None) == Err(Errno::EINTR) {}
            answer
        }
    }
}

/// The part of the process that has the rights: puts its delegation into the plan of the other
/// one's file system, and hears what comes of it.
fn lend(other: Pid, hear: &OwnedFd, say: OwnedFd) -> Trial {
    let number = match words(hear)? {
        [0, a, b, c, d] => i32::from_ne_bytes([a, b, c, d]),
        early => return ended(early),
    };
    let pidfd = sys::process(other).at(Stage::Open)?;
    let plan = Plan::of_process(&pidfd, number).map_err(|code| {
        Trouble::Skipped(format!(
            "the other process's file system could not be reached (pidfd_getfd): {}",
            filters::told(code)
        ))
    })?;
    for right in DELEGATES {
        // EPERM: that takes CAP_SYS_ADMIN in the first user namespace.
        plan.set(right, c"any").at(Stage::Create)?;
    }
    plan.create().at(Stage::Create)?;
    unistd::write(&say, &[1])
        .of(Call::Write)
        .at(Stage::Create)?;
    ended(words(hear)?)
}

/// Five bytes from the other process.
fn words(hear: &OwnedFd) -> Result<[u8; 5], Trouble> {
    let mut bytes = [0; 5];
    loop {
        match unistd::read(hear, &mut bytes) {
            Ok(5) => return Ok(bytes),
            Err(Errno::EINTR) => {}
            _ => {
                return Err(Trouble::Skipped(
                    "the second process ended without an answer".to_owned(),
                ));
            }
        }
    }
}

/// What the other process's last words mean.
fn ended([step, a, b, c, d]: [u8; 5]) -> Trial {
    let code = Code::of_return(i32::from_ne_bytes([a, b, c, d]).saturating_neg());
    let failed = |stage, by, remark: &str| {
        Err(Trouble::Failed {
            stage,
            errno: Some(code.given_by(by)),
            remark: remark.to_owned(),
        })
    };
    match Step::ALL.into_iter().find(|known| *known as u8 == step) {
        Some(Step::Done) => Ok(()),
        Some(Step::Namespace) => Err(Trouble::Skipped(format!(
            "no user namespace could be made to give rights to: {code}"
        ))),
        Some(Step::Ids) => Err(Trouble::Skipped(format!(
            "a user namespace was made, and its users could not be told (/proc/self/uid_map, \
             gid_map and setgroups): {code}; tokens were not tried"
        ))),
        Some(Step::FileSystem) => failed(
            Stage::Open,
            By::Several(&[Call::Fsopen, Call::Fsmount]),
            "no bpf file system in a user namespace",
        ),
        Some(Step::Token) => failed(
            Stage::Create,
            By::One(Call::bpf(Command::TokenCreate)),
            "no token was given",
        ),
        Some(Step::With) => failed(
            Stage::Trigger,
            By::One(Call::bpf(Command::MapCreate)),
            "the token did not help to create a map",
        ),
        Some(Step::Without) => Err(Trouble::wrong(
            Stage::Trigger,
            "a map that takes a right was created in a user namespace without a token".to_owned(),
        )),
        None => Err(Trouble::Skipped(
            "the second process lost its mind".to_owned(),
        )),
    }
}

/// The part of the process without rights: asks for a file system, waits until everything is
/// delegated to it, and creates a map by its token.
fn lent(tell: &OwnedFd, listen: &OwnedFd) -> Result<(), (Step, Code)> {
    let in_namespace = |errno: Errno| (Step::Namespace, Code::from(errno));
    let in_file_system = |code: Code| (Step::FileSystem, code);
    prctl::set_pdeathsig(Signal::SIGKILL).map_err(in_namespace)?;
    let (user, group) = (unistd::geteuid(), unistd::getegid());
    let own = CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS;
    sched::unshare(own).map_err(in_namespace)?;
    // In this order: a group may be given only once no others can be dropped any more.
    for (file, text) in [
        ("setgroups", "deny".to_owned()),
        ("uid_map", format!("0 {user} 1")),
        ("gid_map", format!("0 {group} 1")),
    ] {
        write(&format!("/proc/self/{file}"), &text).map_err(|errno| (Step::Ids, errno.into()))?;
    }
    let plan = Plan::new(c"bpf").map_err(in_file_system)?;
    let [a, b, c, d] = plan.number().to_ne_bytes();
    unistd::write(tell, &[0, a, b, c, d]).map_err(in_namespace)?;
    let mut word = [0];
    while unistd::read(listen, &mut word) == Err(Errno::EINTR) {}
    if word != [1] {
        // Nothing was delegated, which the other one tells of.
        return Err((Step::FileSystem, Errno::ECANCELED.into()));
    }
    let mount = plan.mount().map_err(in_file_system)?;
    // The mount's own descriptor is good for a path alone.
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let root = fcntl::openat(&mount, ".", flags, Mode::empty());
    let root = root.map_err(|errno| in_file_system(errno.into()))?;
    let token = sys::token(root.as_fd()).map_err(|code| (Step::Token, code))?;
    if map_of_some_right(None).is_ok() {
        return Err((Step::Without, Errno::EINVAL.into()));
    }
    map_of_some_right(Some(token.as_fd())).map_err(|code| (Step::With, code))?;
    Ok(())
}

/// A map that takes CAP_BPF whatever kernel.unprivileged_bpf_disabled says.
fn map_of_some_right(token: Option<BorrowedFd<'_>>) -> Result<Map, Code> {
    Map::create(&Shape {
        key_size: 8,
        flags: NO_PREALLOCATION | token.map_or(0, |_| WITH_TOKEN),
        token: token.map_or(0, |token| token.as_raw_fd()),
        ..Shape::of(MapType::LpmTrie)
    })
}

fn write(path: &str, text: &str) -> Result<(), Errno> {
    let file = fcntl::open(path, OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty())?;
    unistd::write(&file, text.as_bytes()).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_before_the_token_is_no_failure_of_it() {
        let said = |step: Step| ended([step as u8, 1, 0, 0, 0]);
        assert!(said(Step::Done).is_ok());
        for (step, word) in [(Step::Namespace, "could be made"), (Step::Ids, "uid_map")] {
            let Err(Trouble::Skipped(reason)) = said(step) else {
                panic!("{step:?} is taken for a failure of tokens");
            };
            assert!(
                reason.contains(word) && reason.contains("EPERM"),
                "{reason}"
            );
        }
        for step in [Step::FileSystem, Step::Token, Step::Without, Step::With] {
            assert!(
                matches!(said(step), Err(Trouble::Failed { .. })),
                "{step:?}"
            );
        }
    }
}
