//! The probes' cgroup as a target, and why a kernel refuses it.

use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl;
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;

use super::super::bench::Bench;
use super::super::bench::Trouble;
use super::super::call::By;
use super::super::call::Call;
use super::super::errno::Answered as _;
use super::super::errno::Code;
use super::super::outcome::ABOVE_UNASKED;
use super::super::outcome::Stage;
use super::super::place::Ground;
use super::super::rights::Capability;
use super::super::rights::Rights;
use super::super::sys;
use super::super::sys::Link;
use super::super::sys::Program;
use super::super::sys::Target;
use super::traffic::at_by;

/// Another program below takes its place (BPF_F_ALLOW_OVERRIDE).
const ALLOW_OVERRIDE: u32 = 1 << 0;
/// Several programs at one hook (BPF_F_ALLOW_MULTI).
const ALLOW_MULTI: u32 = 1 << 1;

/// A program that is attached to the probes' cgroup.
pub(super) enum Attached {
    /// It goes with this descriptor.
    Link { _link: Link },
    /// Without a link, and what undoes it.
    Plain(Program, OwnedFd, u32),
}

impl Drop for Attached {
    fn drop(&mut self) {
        if let Self::Plain(program, cgroup, hook) = self {
            // Should it fail, the program goes with the cgroup.
            let _gone = sys::detach(cgroup.as_fd(), program, *hook);
        }
    }
}

/// The probes' cgroup, and only that.
pub(super) fn own(bench: &mut Bench) -> Result<OwnedFd, Trouble> {
    match bench.place().cgroup()? {
        Ground::Own(cgroup) => at_by(
            cgroup.fd().try_clone_to_owned(),
            By::One(Call::Fcntl),
            Stage::Attach,
        ),
        Ground::Version1(..) => Err(Trouble::Skipped(
            "no cgroup hierarchy of version 2 is mounted".to_owned(),
        )),
    }
}

/// Attaches a program by a link or, on kernels without them, plainly.
pub(super) fn attached(program: Program, cgroup: OwnedFd, hook: u32) -> Result<Attached, Trouble> {
    let target = Target::Fd(cgroup.as_fd());
    match Link::create(&program, target, hook, 0, &[]) {
        Ok(link) => Ok(Attached::Link { _link: link }),
        // Before 5.7 there is no such command.
        Err(code) if code == Errno::EINVAL => plainly(program, cgroup, hook),
        Err(code) => Err(explained(code, cgroup.as_fd(), hook)),
    }
}

/// Attaches a program by BPF_PROG_ATTACH.
pub(super) fn plainly(program: Program, cgroup: OwnedFd, hook: u32) -> Result<Attached, Trouble> {
    let answer = match sys::attach(cgroup.as_fd(), &program, hook, ALLOW_MULTI) {
        // Before 4.15 the flag is unknown.
        Err(code) if code == Errno::EINVAL => sys::attach(cgroup.as_fd(), &program, hook, 0),
        answer => answer,
    };
    match answer {
        Ok(()) => Ok(Attached::Plain(program, cgroup, hook)),
        Err(code) => Err(explained(code, cgroup.as_fd(), hook)),
    }
}

/// What is known of the reason why the kernel refused to attach to the probes' cgroup.
pub(super) fn explained(code: Code, cgroup: BorrowedFd<'_>, hook: u32) -> Trouble {
    if let Some(reason) = for_want_of_a_right(code, &Rights::read()) {
        return Trouble::Skipped(reason);
    }
    let remark = match code == Errno::EPERM {
        true => above(cgroup, &|cgroup| sys::attached_at(cgroup, hook)),
        false => Above::Nobody,
    };
    let remark = match remark {
        Above::Forbids(above) => {
            return Trouble::Skipped(format!(
                "{above} has a program of somebody else's at this hook that allows none below it, \
                 so that the kernel answers everybody there with EPERM: it was attached with \
                 neither BPF_F_ALLOW_MULTI nor BPF_F_ALLOW_OVERRIDE; `bpftool cgroup tree` shows it"
            ));
        }
        Above::Unasked(code) => format!("{ABOVE_UNASKED}: PROG_QUERY is answered with {code}"),
        Above::Nobody => String::new(),
    };
    Trouble::Failed {
        stage: Stage::Attach,
        errno: Some(code),
        remark,
    }
}

/// What the cgroups above say to a program below them.
#[derive(Debug, PartialEq, Eq)]
enum Above {
    /// The program at this one allows none.
    Forbids(String),
    /// They all were asked, and none forbids it.
    Nobody,
    /// One was not told of, for this reason.
    Unasked(Code),
}

/// How many programs a cgroup has at a hook, and with which flags.
type Programs = Result<(u32, u32), Code>;

/// What the cgroups above say at a hook, by the kernel's own rule (`hierarchy_allows_attach()` in
/// kernel/bpf/cgroup.c); `ask` tells what one has.
fn above(cgroup: BorrowedFd<'_>, ask: &dyn Fn(BorrowedFd<'_>) -> Programs) -> Above {
    let mut below = cgroup.try_clone_to_owned().map_err(|error| {
        Code::from(Errno::from_raw(error.raw_os_error().unwrap_or_default())).by_call(Call::Fcntl)
    });
    loop {
        let up = below.and_then(|below| parent(below.as_fd()));
        let next = match up {
            Ok(next) => next,
            Err(code) => return Above::Unasked(code),
        };
        match ask(next.as_fd()) {
            Ok((programs, flags)) => match allows_below(programs, flags) {
                Some(true) => return Above::Nobody,
                Some(false) => return Above::Forbids(name(next.as_fd())),
                None => below = Ok(next),
            },
            // What is no cgroup any more.
            Err(code) if code == Errno::EBADF => return Above::Nobody,
            Err(code) => return Above::Unasked(code),
        }
    }
}

/// Whether what is attached to a cgroup allows programs below it; nothing where those further up
/// have the word.
fn allows_below(programs: u32, flags: u32) -> Option<bool> {
    match programs {
        _ if flags & ALLOW_MULTI != 0 => Some(true),
        0 => None,
        _ => Some(flags & ALLOW_OVERRIDE != 0),
    }
}

fn parent(directory: BorrowedFd<'_>) -> Result<OwnedFd, Code> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    fcntl::openat(directory, "..", flags, Mode::empty()).of(Call::Open)
}

fn name(directory: BorrowedFd<'_>) -> String {
    let link = format!("/proc/self/fd/{}", directory.as_raw_fd());
    let path = fcntl::readlink(link.as_str());
    path.map_or_else(
        |_| "a cgroup above".to_owned(),
        |path| path.to_string_lossy().into_owned(),
    )
}

/// Why EINVAL says nothing of the kernel: programs for packets load without CAP_NET_ADMIN, which
/// is asked for when one is attached (5.8, `bpf_prog_attach_check_attach_type()`), and
/// `bpf_prog_attach()` says EINVAL of whatever that has against it.
fn for_want_of_a_right(code: Code, rights: &Rights) -> Option<String> {
    let hidden = code == Errno::EINVAL && rights.lacks(Capability::NetAdmin);
    hidden.then(|| {
        "to attach to a cgroup takes CAP_NET_ADMIN, which this process lacks; the kernel says \
         EINVAL then"
            .to_owned()
    })
}

/// Tries to attach to a cgroup of version 1, which no kernel allows.
pub(super) fn refused_by_version_1(
    program: &Program,
    directory: BorrowedFd<'_>,
    path: &str,
    hook: u32,
) -> Trouble {
    match sys::attach(directory, program, hook, ALLOW_MULTI) {
        Err(code) => Trouble::Failed {
            stage: Stage::Attach,
            errno: Some(code),
            remark: format!("only version 1 of cgroups is mounted; tried at {path}"),
        },
        Ok(()) => {
            let _gone = sys::detach(directory, program, hook);
            Trouble::wrong(
                Stage::Attach,
                format!("the kernel took {path}, a cgroup of version 1"),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_forbids_programs_below_is_told_by_the_kernels_rule() {
        for (programs, flags, allows) in [
            (0, 0, None),
            (1, 0, Some(false)),
            (1, ALLOW_OVERRIDE, Some(true)),
            (2, ALLOW_MULTI, Some(true)),
            // The flag stays when the programs are gone.
            (0, ALLOW_MULTI, Some(true)),
        ] {
            assert_eq!(allows_below(programs, flags), allows, "{programs} {flags}");
        }
    }

    #[test]
    fn who_is_asked_and_does_not_answer_is_not_innocent() {
        let here = fcntl::open("/proc/self/fdinfo", OFlag::O_RDONLY, Mode::empty()).unwrap();
        for (answers, wanted) in [
            (vec![Ok((0, 0)), Err(Errno::EBADF)], Above::Nobody),
            (vec![Ok((0, 0)), Ok((1, ALLOW_OVERRIDE))], Above::Nobody),
            (vec![Err(Errno::EPERM)], Above::Unasked(Errno::EPERM.into())),
            (
                vec![Ok((0, 0)), Err(Errno::EINVAL)],
                Above::Unasked(Errno::EINVAL.into()),
            ),
        ] {
            let left = std::cell::RefCell::new(answers.into_iter());
            let ask = |_: BorrowedFd<'_>| {
                let next = left.borrow_mut().next().unwrap();
                next.map_err(Code::from)
            };
            assert_eq!(above(here.as_fd(), &ask), wanted);
        }
        let forbids = above(here.as_fd(), &|_| Ok((1, 0)));
        assert!(matches!(forbids, Above::Forbids(path) if path.starts_with("/proc")));
    }

    #[test]
    fn a_missing_capability_is_not_a_missing_hook() {
        let rights = |capabilities| Rights {
            capabilities: Some(capabilities),
            at_home: Some(true),
            ..Rights::default()
        };
        let (all, bpf_alone) = (rights(u64::MAX), rights(1 << Capability::Bpf as u32));
        for (errno, rights, is_told) in [
            (Errno::EINVAL, bpf_alone, true),
            (Errno::EINVAL, all, false),
            (Errno::EPERM, bpf_alone, false),
            (Errno::EBADF, bpf_alone, false),
        ] {
            let reason = for_want_of_a_right(errno.into(), &rights);
            assert_eq!(reason.is_some(), is_told, "{errno} {rights:?}");
            assert!(reason.is_none_or(|reason| reason.contains("CAP_NET_ADMIN")));
        }
    }
}
