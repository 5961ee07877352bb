//! System calls that ask for nothing there is: how they are answered tells whether the kernel
//! was asked at all.

use std::ptr;

use nix::errno::Errno;

use super::super::call::Call;
use super::super::errno::Code;

/// A descriptor that no process has.
const NO_FILE: libc::c_long = i32::MAX as libc::c_long;
const NO_PROCESS: libc::c_long = i32::MAX as libc::c_long;

/// A way to call: its number and arguments, and what the kernel itself may answer to it.
type Way = (libc::c_long, [libc::c_long; 6], &'static [Errno]);

/// Makes a call that can't come to anything; gives the answer where no kernel gives it, which is
/// nothing where the kernel was reached, or where there is no harmless way to ask.
///
/// Sources: the system calls' own functions in the kernel, which look at these arguments before
/// anything else (`kernel/events/core.c`, `fs/fsopen.c`, `fs/namespace.c`, `kernel/pid.c`,
/// `kernel/fork.c`, `mm/memfd.c`, `net/socket.c`, `fs/ioctl.c`, `kernel/bpf/syscall.c`).
pub(in super::super) fn stopped(call: Call) -> Option<Code> {
    if call == Call::Mmap {
        return mapping();
    }
    ways(call).iter().find_map(|(number, arguments, kernels)| {
        let [a, b, c, d, e, f] = arguments;
        // SAFETY: every address among the arguments is null, which the kernel reads and writes
        // nothing at, and every descriptor and process is none; see `ways`.
        let answer = unsafe { libc::syscall(*number, *a, *b, *c, *d, *e, *f) };
        let code = match answer {
            ..0 => Code::last(call),
            // No kernel carries any of these out.
            _ => Code::none(call),
        };
        let is_the_kernels = kernels.iter().any(|errno| code == *errno);
        (!is_the_kernels).then_some(code)
    })
}

/// The same of mmap(2), which the C library makes in as many ways as there are machines. A filter
/// may look at what is asked for, so that it is what maps ask for.
fn mapping() -> Option<Code> {
    const PAGE: usize = 4096;
    let read = libc::PROT_READ;
    let none = i32::MAX;
    [read, read | libc::PROT_WRITE]
        .into_iter()
        .find_map(|protection| {
            // SAFETY: the kernel chooses the address, so no memory in use is replaced; there is
            // nothing to map.
            let start =
                unsafe { libc::mmap(ptr::null_mut(), PAGE, protection, libc::MAP_SHARED, none, 0) };
            let code = match start == libc::MAP_FAILED {
                true => Code::last(Call::Mmap),
                false => Code::none(Call::Mmap),
            };
            (code != Errno::EBADF).then_some(code)
        })
}

/// Options of sockets that the probes set: a filter may look at them.
const OPTIONS: &[i32] = &[
    0,
    libc::SO_BROADCAST,
    libc::SO_REUSEPORT,
    libc::SO_RCVTIMEO,
    // SO_ATTACH_BPF and SO_ATTACH_REUSEPORT_EBPF.
    libc::SO_ATTACH_FILTER + 24,
    libc::SO_ATTACH_FILTER + 26,
];

/// What is asked of perf events: PERF_EVENT_IOC_ENABLE and PERF_EVENT_IOC_SET_BPF.
const REQUESTS: &[libc::c_long] = &[0, 0x2400, 0x4004_2408];

/// How to ask without asking for anything.
fn ways(call: Call) -> Vec<Way> {
    use Errno::{E2BIG, EACCES, EAFNOSUPPORT, EBADF, EFAULT, EINVAL, EMFILE, ENFILE, EPERM, ESRCH};
    let of_no_file = |number| vec![(number, [NO_FILE, 0, 0, 0, 0, 0], &[EBADF][..])];
    match call {
        // The attributes are copied before they are looked at, and before that they must not be
        // larger than a page: whoever is in between can't know which of the two is asked.
        Call::Bpf(command) => {
            const TOO_LARGE: libc::c_long = 1 << 20;
            let command = libc::c_long::from(command);
            vec![
                (libc::SYS_bpf, [command, 0, 64, 0, 0, 0], &[EFAULT][..]),
                (libc::SYS_bpf, [command, 0, TOO_LARGE, 0, 0, 0], &[E2BIG]),
            ]
        }
        // Flags that no kernel has come first; without any, the event is read, which a security
        // module may be asked about before.
        Call::PerfEventOpen => vec![
            (libc::SYS_perf_event_open, [0, 0, -1, -1, -1, 0], &[EINVAL]),
            (
                libc::SYS_perf_event_open,
                [0, 0, -1, -1, 0, 0],
                &[EFAULT, EACCES, EPERM],
            ),
        ],
        // These two ask for CAP_SYS_ADMIN first, which the caller knows of.
        Call::Fsopen => vec![(libc::SYS_fsopen, [0; 6], &[EFAULT])],
        Call::Fsmount => vec![(libc::SYS_fsmount, [NO_FILE, 0, 0, 0, 0, 0], &[EBADF, EPERM])],
        Call::Fsconfig => {
            /// FSCONFIG_CMD_CREATE
            const CREATE: libc::c_long = 6;
            vec![(libc::SYS_fsconfig, [NO_FILE, CREATE, 0, 0, 0, 0], &[EBADF])]
        }
        Call::PidfdOpen => vec![(libc::SYS_pidfd_open, [NO_PROCESS, 0, 0, 0, 0, 0], &[ESRCH])],
        Call::PidfdGetfd => of_no_file(libc::SYS_pidfd_getfd),
        Call::MemfdCreate => {
            let on_exec = libc::c_long::from(libc::MFD_CLOEXEC);
            vec![(libc::SYS_memfd_create, [0, on_exec, 0, 0, 0, 0], &[EFAULT])]
        }
        // Of no family of addresses.
        Call::Socket => {
            let stream = libc::c_long::from(libc::SOCK_STREAM);
            vec![(libc::SYS_socket, [-1, stream, 0, 0, 0, 0], &[EAFNOSUPPORT])]
        }
        Call::Socketpair => {
            let stream = libc::c_long::from(libc::SOCK_STREAM);
            vec![(
                libc::SYS_socketpair,
                [-1, stream, 0, 0, 0, 0],
                &[EAFNOSUPPORT, EFAULT, EMFILE, ENFILE],
            )]
        }
        Call::Accept => of_no_file(libc::SYS_accept4),
        Call::Bind => of_no_file(libc::SYS_bind),
        Call::Connect => of_no_file(libc::SYS_connect),
        Call::Listen => of_no_file(libc::SYS_listen),
        Call::Getsockname => of_no_file(libc::SYS_getsockname),
        Call::Getsockopt => of_no_file(libc::SYS_getsockopt),
        Call::Setsockopt => {
            let level = libc::c_long::from(libc::SOL_SOCKET);
            let options = OPTIONS.iter().map(|option| libc::c_long::from(*option));
            options
                .map(|option| {
                    let arguments = [NO_FILE, level, option, 0, 0, 0];
                    (libc::SYS_setsockopt, arguments, &[EBADF][..])
                })
                .collect()
        }
        Call::Send => of_no_file(libc::SYS_sendto),
        Call::Receive => of_no_file(libc::SYS_recvfrom),
        Call::Ioctl => {
            let requests = REQUESTS.iter();
            requests
                .map(|request| {
                    let arguments = [NO_FILE, *request, 0, 0, 0, 0];
                    (libc::SYS_ioctl, arguments, &[EBADF][..])
                })
                .collect()
        }
        Call::Getsid => vec![(libc::SYS_getsid, [NO_PROCESS, 0, 0, 0, 0, 0], &[ESRCH])],
        Call::Pipe => vec![(libc::SYS_pipe2, [0; 6], &[EFAULT, EMFILE, ENFILE])],
        // See `mapping`.
        Call::Mmap => Vec::new(),
        // Without these no process gets as far as this one, or there is no harmless way to ask.
        Call::Access
        | Call::Fcntl
        | Call::Fork
        | Call::Getcpu
        | Call::Open
        | Call::Prctl
        | Call::Read
        | Call::Readlink
        | Call::Unlink
        | Call::Write => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever this kernel is: it was reached, so none of these says otherwise.
    #[test]
    fn the_kernels_own_answers_are_known_as_such() {
        for call in [
            Call::Bpf(0),
            Call::Bpf(5),
            Call::PerfEventOpen,
            Call::Fsopen,
            Call::Fsconfig,
            Call::Fsmount,
            Call::PidfdOpen,
            Call::PidfdGetfd,
            Call::MemfdCreate,
            Call::Socket,
            Call::Socketpair,
            Call::Accept,
            Call::Bind,
            Call::Connect,
            Call::Listen,
            Call::Getsockname,
            Call::Getsockopt,
            Call::Setsockopt,
            Call::Send,
            Call::Receive,
            Call::Ioctl,
            Call::Getsid,
            Call::Pipe,
            Call::Mmap,
        ] {
            assert!(call == Call::Mmap || !ways(call).is_empty(), "{call:?}");
            // What a machine keeps from its users says EPERM.
            let answer = stopped(call).filter(|code| *code != Errno::EPERM);
            assert_eq!(answer, None, "{call:?}");
        }
    }
}
