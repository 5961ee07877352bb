//! The system calls that experiments make, so that an error is read as the word of the call that
//! gave it.

pub(super) mod errors;

use super::kinds::Command;

/// The commands of bpf(2), in the order of their numbers (`enum bpf_cmd`), without `BPF_`.
pub(super) const COMMANDS: [&str; 38] = [
    "MAP_CREATE",
    "MAP_LOOKUP_ELEM",
    "MAP_UPDATE_ELEM",
    "MAP_DELETE_ELEM",
    "MAP_GET_NEXT_KEY",
    "PROG_LOAD",
    "OBJ_PIN",
    "OBJ_GET",
    "PROG_ATTACH",
    "PROG_DETACH",
    "PROG_TEST_RUN",
    "PROG_GET_NEXT_ID",
    "MAP_GET_NEXT_ID",
    "PROG_GET_FD_BY_ID",
    "MAP_GET_FD_BY_ID",
    "OBJ_GET_INFO_BY_FD",
    "PROG_QUERY",
    "RAW_TRACEPOINT_OPEN",
    "BTF_LOAD",
    "BTF_GET_FD_BY_ID",
    "TASK_FD_QUERY",
    "MAP_LOOKUP_AND_DELETE_ELEM",
    "MAP_FREEZE",
    "BTF_GET_NEXT_ID",
    "MAP_LOOKUP_BATCH",
    "MAP_LOOKUP_AND_DELETE_BATCH",
    "MAP_UPDATE_BATCH",
    "MAP_DELETE_BATCH",
    "LINK_CREATE",
    "LINK_UPDATE",
    "LINK_GET_FD_BY_ID",
    "LINK_GET_NEXT_ID",
    "ENABLE_STATS",
    "ITER_CREATE",
    "LINK_DETACH",
    "PROG_BIND_MAP",
    "TOKEN_CREATE",
    "PROG_STREAM_READ_BY_FD",
];

/// A system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Call {
    /// A command of bpf(2), by its number.
    Bpf(u32),
    Accept,
    Access,
    Bind,
    Connect,
    Fcntl,
    Fork,
    Fsconfig,
    Fsmount,
    Fsopen,
    Getcpu,
    Getsid,
    Getsockname,
    Getsockopt,
    Ioctl,
    Listen,
    MemfdCreate,
    Mmap,
    Open,
    PerfEventOpen,
    PidfdGetfd,
    PidfdOpen,
    Pipe,
    Prctl,
    Read,
    Readlink,
    Receive,
    Send,
    Setsockopt,
    Socket,
    Socketpair,
    Unlink,
    Write,
}

impl Call {
    /// A command of bpf(2).
    pub(super) const fn bpf(command: Command) -> Self {
        Self::Bpf(command as u32)
    }

    /// Its name, as manuals have it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bpf(_) => "bpf",
            Self::Accept => "accept4",
            Self::Access => "access",
            Self::Bind => "bind",
            Self::Connect => "connect",
            Self::Fcntl => "fcntl",
            Self::Fork => "fork",
            Self::Fsconfig => "fsconfig",
            Self::Fsmount => "fsmount",
            Self::Fsopen => "fsopen",
            Self::Getcpu => "getcpu",
            Self::Getsid => "getsid",
            Self::Getsockname => "getsockname",
            Self::Getsockopt => "getsockopt",
            Self::Ioctl => "ioctl",
            Self::Listen => "listen",
            Self::MemfdCreate => "memfd_create",
            Self::Mmap => "mmap",
            Self::Open => "open",
            Self::PerfEventOpen => "perf_event_open",
            Self::PidfdGetfd => "pidfd_getfd",
            Self::PidfdOpen => "pidfd_open",
            Self::Pipe => "pipe2",
            Self::Prctl => "prctl",
            Self::Read => "read",
            Self::Readlink => "readlink",
            Self::Receive => "recvfrom",
            Self::Send => "sendto",
            Self::Setsockopt => "setsockopt",
            Self::Socket => "socket",
            Self::Socketpair => "socketpair",
            Self::Unlink => "unlink",
            Self::Write => "write",
        }
    }

    /// The same in a sentence: `the command PROG_LOAD of bpf()`, `fsopen()`.
    pub(super) fn in_words(self) -> String {
        match self {
            Self::Bpf(number) => match COMMANDS.get(number as usize) {
                Some(name) => format!("the command {name} of bpf()"),
                None => "bpf()".to_owned(),
            },
            other => format!("{}()", other.name()),
        }
    }
}

/// Who gave an error.
#[derive(Debug, Clone, Copy)]
pub(super) enum By {
    /// No system call: the doctor itself, or what the kernel says through a program or a message.
    Nobody,
    One(Call),
    /// One of those that are made together.
    Several(&'static [Call]),
}

impl By {
    /// The calls it may have been.
    pub(super) fn calls(self) -> Vec<Call> {
        match self {
            Self::Nobody => Vec::new(),
            Self::One(call) => vec![call],
            Self::Several(calls) => calls.to_vec(),
        }
    }

    /// The name of the call, where it is one alone and not bpf(), which goes without saying.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::One(Call::Bpf(_)) | Self::Nobody => "",
            Self::One(call) => call.name(),
            Self::Several(calls) if calls.iter().any(|call| matches!(call, Call::Bpf(_))) => "",
            Self::Several(_) => SOCKET_CALLS,
        }
    }
}

/// What is said of [`TALK`] where it can't be told which of them it was.
pub(super) const SOCKET_CALLS: &str = "a call of sockets";

/// What a process that talks to itself calls.
pub(super) const TALK: By = By::Several(&[
    Call::Socket,
    Call::Bind,
    Call::Listen,
    Call::Connect,
    Call::Accept,
    Call::Setsockopt,
    Call::Getsockopt,
    Call::Getsockname,
    Call::Send,
    Call::Receive,
    Call::Socketpair,
    // To wait no longer than told.
    Call::Ioctl,
]);

/// What libbpf calls for an object: to load it, to attach its programs, to ask it.
pub(super) const LIBBPF: By = By::Several(&[
    Call::MemfdCreate,
    Call::bpf(Command::MapCreate),
    Call::bpf(Command::ProgLoad),
    Call::bpf(Command::BtfLoad),
    Call::bpf(Command::MapUpdateElem),
    Call::bpf(Command::MapLookupElem),
    Call::bpf(Command::ProgTestRun),
    Call::bpf(Command::ObjGetInfoByFd),
    Call::bpf(Command::RawTracepointOpen),
    Call::bpf(Command::MapFreeze),
    Call::bpf(Command::LinkCreate),
    Call::PerfEventOpen,
    Call::Ioctl,
    Call::Socket,
    Call::Setsockopt,
    Call::Bind,
    Call::Getsockname,
    Call::Send,
    Call::Receive,
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_named_as_people_search_for_them() {
        assert_eq!(Call::Bpf(5).in_words(), "the command PROG_LOAD of bpf()");
        assert_eq!(Call::Bpf(99).in_words(), "bpf()");
        assert_eq!(Call::Fsopen.in_words(), "fsopen()");
        assert_eq!(By::One(Call::Bpf(0)).name(), "");
        assert_eq!(By::One(Call::MemfdCreate).name(), "memfd_create");
        assert_eq!((LIBBPF.name(), TALK.name()), ("", SOCKET_CALLS));
        assert_eq!(LIBBPF.calls().first(), Some(&Call::MemfdCreate));
    }
}
