//! Who puts back what outlives its process when nobody else is left to do it.
//!
//! A cgroup is a directory and stays when its processes die, and so does a trace event that the
//! kernel turned on. So a process of its own session waits for the end of the one that brought
//! them about, however that comes to it, and puts them back. It is made before they are, and ends
//! with them.

use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::signal::Signal;
use nix::sys::wait;
use nix::unistd;
use nix::unistd::Pid;

use super::errno::Code;
use super::sys;
use super::sys::Fork;

/// The guardian of one thing.
#[derive(Debug)]
pub(super) struct Guardian {
    pid: Pid,
    /// When the last copy of this closes, it does its work.
    line: Option<OwnedFd>,
}

impl Guardian {
    /// Has this done when this process is no more, by one without any of its descriptors.
    pub(super) fn new(last: impl FnOnce()) -> Result<Self, Code> {
        let (end, line) = unistd::pipe2(OFlag::O_CLOEXEC)?;
        let (ready, on_guard) = unistd::pipe2(OFlag::O_CLOEXEC)?;
        match sys::fork()? {
            Fork::Parent(pid) => {
                drop(on_guard);
                // Who kills the whole group before the guardian has left it kills both, and the
                // directory must not be there then.
                let mut byte = [0];
                while unistd::read(&ready, &mut byte) == Err(Errno::EINTR) {}
                Ok(Self {
                    pid,
                    line: Some(line),
                })
            }
            Fork::Child => sys::end_child(|| {
                guard(&end, on_guard);
                last();
                0
            }),
        }
    }
}

impl Drop for Guardian {
    /// Lets the guardian do its work and waits for its end.
    fn drop(&mut self) {
        drop(self.line.take());
        while wait::waitpid(self.pid, None) == Err(Errno::EINTR) {}
    }
}

/// Waits for the end of the process that it is of.
fn guard(end: &OwnedFd, on_guard: OwnedFd) {
    // Away from the terminal and from whoever kills a whole group.
    let _no_leader = unistd::setsid();
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        sys::ignore(signal);
    }
    // Said by the end of the pipe.
    drop(on_guard);
    // Its own copies of everybody's descriptors would keep what they hold alive.
    sys::keep_only(end);
    let mut byte = [0];
    while unistd::read(end, &mut byte) == Err(Errno::EINTR) {}
}
