//! A child process seen from the doctor: started, heard, ended.

use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;
use std::os::fd::RawFd;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll;
use nix::poll::PollFd;
use nix::poll::PollFlags;
use nix::poll::PollTimeout;
use nix::sys::signal;
use nix::sys::signal::Signal;
use nix::sys::wait;
use nix::sys::wait::WaitPidFlag;
use nix::sys::wait::WaitStatus;
use nix::unistd;
use nix::unistd::Pid;

use super::errno::Code;
use super::outcome::Outcome;
use super::outcome::Stage;
use super::sys;
use super::sys::Fork;

/// How long a child that was killed, or closed its pipe, may take to be gone. One that hangs
/// inside the kernel is beyond every signal; the doctor does not wait for it.
const LAST_MOMENTS: Duration = Duration::from_secs(1);

/// Children that were left to their end.
static LEFT: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// Takes those off the process table that have come to it.
fn take_off_ended() {
    let mut left = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
    left.retain(|child| {
        let state = wait::waitpid(*child, Some(WaitPidFlag::WNOHANG));
        matches!(state, Ok(WaitStatus::StillAlive) | Err(Errno::EINTR))
    });
}

/// A child process; when this is dropped, it is killed, and gone if it can be.
#[derive(Debug)]
pub(super) struct Child {
    pid: Pid,
    /// Where its answers come from.
    results: OwnedFd,
    /// What has come and is not a whole line yet.
    unread: Vec<u8>,
    /// Whether it has been taken off the process table.
    gone: bool,
}

impl Child {
    /// Starts a child that does `work`, which writes lines to what it is given and comes to the
    /// status to exit with. `others` are what comes from its siblings: kept open in the child, it
    /// would hide from them that nobody listens any more.
    pub(super) fn start(others: &[RawFd], work: impl FnOnce(OwnedFd) -> i32) -> Result<Self, Code> {
        take_off_ended();
        let (results, to_parent) = unistd::pipe2(OFlag::O_CLOEXEC)?;
        match sys::fork()? {
            Fork::Parent(pid) => Ok(Self {
                pid,
                results,
                unread: Vec::new(),
                gone: false,
            }),
            Fork::Child => sys::end_child(|| {
                drop(results);
                for other in others {
                    let _closed = unistd::close(*other);
                }
                work(to_parent)
            }),
        }
    }

    /// What its answers come through.
    pub(super) fn results(&self) -> &OwnedFd {
        &self.results
    }

    /// The number of [`Child::results`].
    pub(super) fn number(&self) -> RawFd {
        self.results.as_raw_fd()
    }

    /// Reads what has come; whether more may follow. It waits where nothing has come yet.
    pub(super) fn read(&mut self) -> bool {
        let mut chunk = [0; 4096];
        match unistd::read(&self.results, &mut chunk) {
            Ok(0) => false,
            Ok(count) => {
                self.unread.extend(chunk.iter().take(count));
                true
            }
            Err(errno) => errno == Errno::EINTR,
        }
    }

    /// The next line of what was read, without its end.
    pub(super) fn line(&mut self) -> Option<Vec<u8>> {
        let end = self.unread.iter().position(|byte| *byte == b'\n')?;
        let mut line: Vec<u8> = self.unread.drain(..=end).collect();
        line.pop();
        Some(line)
    }

    /// Whether it has closed its pipe by this moment, as it does right before it ends.
    pub(super) fn is_ending_by(&mut self, until: Instant) -> bool {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let mut ends = [PollFd::new(self.results.as_fd(), PollFlags::POLLIN)];
            match poll::poll(&mut ends, timeout(left)) {
                Ok(0) => return false,
                Err(Errno::EINTR) => {}
                Err(_) => return false,
                Ok(_) if !self.read() => return true,
                Ok(_) => {}
            }
        }
    }

    /// Leaves it to its end: it is taken off the process table with the next child that is
    /// started, or by whoever takes over orphans.
    pub(super) fn leave(mut self) {
        self.gone = true;
        let mut left = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
        left.push(self.pid);
    }

    /// How a child came to its end that closed its pipe too early, or what was done to it.
    pub(super) fn last_words(&mut self) -> Outcome {
        let reason = match self.gone_by(Instant::now() + LAST_MOMENTS) {
            // No accident: so a seccomp filter answers a system call it forbids.
            Some(WaitStatus::Signaled(_, signal @ Signal::SIGSYS, _)) => {
                return Outcome::Fails {
                    stage: Stage::Trigger,
                    errno: signal.as_str().to_owned(),
                    call: String::new(),
                    log: "its process was killed for the system call it made".to_owned(),
                };
            }
            Some(WaitStatus::Signaled(_, signal, _)) => {
                format!(
                    "its process died of {} (signal {})",
                    signal.as_str(),
                    signal as i32
                )
            }
            Some(WaitStatus::Exited(_, status)) => {
                format!("its process ended without an answer (exit status {status})")
            }
            Some(_) => "its process ended without an answer".to_owned(),
            None => format!("its process stopped answering and {}", self.kill()),
        };
        Outcome::Skipped { reason }
    }

    /// Kills it and tells what came of that.
    pub(super) fn kill(&mut self) -> &'static str {
        self.send_kill();
        match self.gone_by(Instant::now() + LAST_MOMENTS) {
            Some(_) => "was killed",
            None => "could not be killed: it hangs inside the kernel",
        }
    }

    /// Kills it without waiting for its end.
    pub(super) fn send_kill(&self) {
        // Once it is off the process table, its number may be another's.
        if !self.gone {
            let _gone_already = signal::kill(self.pid, Signal::SIGKILL);
        }
    }

    /// Waits for its end until this moment, and takes it off the process table.
    pub(super) fn gone_by(&mut self, until: Instant) -> Option<WaitStatus> {
        if self.gone {
            return Some(WaitStatus::StillAlive);
        }
        let end = sys::process(self.pid).ok();
        let mut pause = Duration::from_micros(100);
        loop {
            match wait::waitpid(self.pid, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) => {}
                Ok(status) => {
                    self.gone = true;
                    return Some(status);
                }
                Err(Errno::EINTR) => {}
                // Somebody else takes ended children off, or SIGCHLD is ignored, as it may be
                // for the first process of a container: how it ended can't be known then.
                Err(_) => {
                    self.gone = true;
                    return Some(WaitStatus::StillAlive);
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            match &end {
                Some(end) => {
                    let mut ends = [PollFd::new(end.as_fd(), PollFlags::POLLIN)];
                    let _ended = poll::poll(&mut ends, timeout(left));
                }
                // Before 5.3 there is nothing to wait for a process with.
                None => {
                    thread::sleep(pause.min(left));
                    pause = (pause * 2).min(Duration::from_millis(5));
                }
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.gone {
            self.kill();
        }
    }
}

/// A time as poll(2) takes it. Rounded up: it counts in milliseconds, and 0 of them are no wait
/// at all.
pub(super) fn timeout(time: Duration) -> PollTimeout {
    PollTimeout::try_from(time.as_micros().div_ceil(1000)).unwrap_or(PollTimeout::MAX)
}
