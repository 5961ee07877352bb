//! Who removes the probes' cgroup when nobody else is left to do it.
//!
//! A cgroup is a directory and stays when its processes die. So a process of its own session
//! waits for the end of the one that made it, however that comes about, and removes it. It is
//! made before the cgroup is, and ends with it.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::signal;
use nix::sys::signal::Signal;
use nix::sys::wait;
use nix::unistd;
use nix::unistd::Pid;

use super::super::errno::Code;
use super::super::sys;
use super::super::sys::Fork;

/// How long a killed process may take to leave its cgroup, which can't be removed before.
const PATIENCE: Duration = Duration::from_secs(20);

/// The guardian of one directory.
#[derive(Debug)]
pub(super) struct Guardian {
    pid: Pid,
    /// When the last copy of this closes, the directory goes.
    line: Option<OwnedFd>,
}

impl Guardian {
    /// Has this directory, which need not exist yet, removed when this process is no more.
    pub(super) fn of(directory: &Path) -> Result<Self, Code> {
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
                guard(&end, on_guard, directory);
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

fn guard(end: &OwnedFd, on_guard: OwnedFd, directory: &Path) {
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
    remove(directory, PATIENCE);
}

/// Removes the directory of a cgroup as soon as its last process is gone.
pub(super) fn remove(directory: &Path, patience: Duration) {
    let until = Instant::now() + patience;
    let mut pause = Duration::from_micros(200);
    while unistd::unlinkat(
        nix::fcntl::AT_FDCWD,
        directory,
        unistd::UnlinkatFlags::RemoveDir,
    ) == Err(Errno::EBUSY)
        && Instant::now() < until
    {
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// Whether a process of this number is there.
pub(super) fn is_alive(pid: i32) -> bool {
    signal::kill(Pid::from_raw(pid), None) != Err(Errno::ESRCH)
}
