//! The child processes in which probes run, seen from the doctor: started, listened to, ended.

use std::collections::HashSet;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
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

use super::child;
use super::child::Answer;
use super::errno::Code;
use super::outcome::Outcome;
use super::outcome::Stage;
use super::sys;
use super::sys::Fork;
use super::table::Probe;

/// How long a child that was killed, or closed its pipe, may take to be gone. One that hangs
/// inside the kernel is beyond every signal; the doctor does not wait for it.
const LAST_MOMENTS: Duration = Duration::from_secs(1);

/// How long the doctor waits.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For one probe.
    pub each: Duration,
    /// For all probes together.
    pub all: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            each: Duration::from_secs(5),
            all: Duration::from_secs(30),
        }
    }
}

/// Runs the probes of `table` that are selected, and those they build on; gives for each what
/// it came to, in the order of the table.
pub(super) fn run<'table>(
    table: &[&'table Probe],
    selected: &dyn Fn(&str) -> bool,
    limits: &Limits,
) -> Vec<(&'table Probe, Answer)> {
    let probes = with_foundations(table, selected);
    let until = Instant::now() + limits.all;
    let mut answers: Vec<Answer> = Vec::with_capacity(probes.len());
    while let Some(rest) = probes.get(answers.len()..).filter(|rest| !rest.is_empty()) {
        if Instant::now() >= until {
            let reason = format!(
                "not tried: the time for all probes, {}, was over",
                in_words(limits.all)
            );
            answers.extend(rest.iter().map(|_| skipped(&reason, Duration::ZERO)));
            break;
        }
        let settled: Vec<(String, Outcome)> = probes
            .iter()
            .zip(&answers)
            .map(|(probe, answer)| (probe.id.to_owned(), answer.outcome.clone()))
            .collect();
        match Child::start(rest, &settled) {
            Ok(child) => answers.extend(child.listen(rest.len(), limits, until)),
            Err(code) => {
                let reason = format!("no process could be made to try it in: {code}");
                answers.extend(rest.iter().map(|_| skipped(&reason, Duration::ZERO)));
            }
        }
    }
    probes
        .into_iter()
        .zip(answers)
        .filter(|(probe, _)| selected(probe.id))
        .collect()
}

/// The selected probes of a table and those they build on.
fn with_foundations<'table>(
    table: &[&'table Probe],
    selected: &dyn Fn(&str) -> bool,
) -> Vec<&'table Probe> {
    let mut needed: HashSet<&str> = HashSet::new();
    let mut probes = Vec::new();
    // Backwards, because a probe builds on earlier ones.
    for &probe in table.iter().rev() {
        if selected(probe.id) || needed.contains(probe.id) {
            needed.extend(probe.needs);
            probes.push(probe);
        }
    }
    probes.reverse();
    probes
}

/// A time as people write it.
fn in_words(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{} s", time.as_secs())
    }
}

fn skipped(reason: &str, after: Duration) -> Answer {
    let reason = reason.to_owned();
    unanswered(Outcome::Skipped { reason }, after)
}

/// The answer for a probe whose process gave none.
fn unanswered(outcome: Outcome, after: Duration) -> Answer {
    Answer {
        outcome,
        micros: u64::try_from(after.as_micros()).unwrap_or(u64::MAX),
        said: String::new(),
    }
}

/// A running child.
pub(super) struct Child {
    pid: Pid,
    /// Where its answers come from.
    results: OwnedFd,
    /// What has come and is not a whole line yet.
    unread: Vec<u8>,
}

/// What a child has to say next.
pub(super) enum Word {
    /// A line, without its end.
    Line(Vec<u8>),
    /// Nothing more: it is gone, for this reason.
    End(String),
}

/// Why no further answer comes.
enum End {
    /// The child has closed its pipe, most likely by ending.
    Closed,
    /// The time is over.
    Late,
}

impl Child {
    /// Starts a child that tries `probes`.
    fn start(probes: &[&Probe], settled: &[(String, Outcome)]) -> Result<Self, Code> {
        Self::start_with(|to_parent| child::work(probes, settled, to_parent))
    }

    /// Starts a child that does `work`, which writes lines to what it is given and comes to the
    /// status to exit with.
    pub(super) fn start_with(work: impl FnOnce(OwnedFd) -> i32) -> Result<Self, Code> {
        let (results, to_parent) = unistd::pipe2(OFlag::O_CLOEXEC)?;
        match sys::fork()? {
            Fork::Parent(pid) => Ok(Self {
                pid,
                results,
                unread: Vec::new(),
            }),
            Fork::Child => sys::end_child(|| {
                // Were it open here as well, the child would never learn that nobody listens.
                drop(results);
                work(to_parent)
            }),
        }
    }

    /// The next line of a child that was started for others than probes.
    pub(super) fn word(&mut self, limits: &Limits, until: Instant) -> Word {
        match self.next_line(until.min(Instant::now() + limits.each)) {
            Ok(line) => Word::Line(line),
            Err(End::Closed) => Word::End(match self.last_words() {
                Outcome::Skipped { reason } => reason,
                Outcome::Fails { errno, log, .. } => format!("{log}: {errno}"),
                Outcome::Works => String::new(),
            }),
            Err(End::Late) => {
                let killed = self.kill();
                Word::End(format!("it did not answer in time and {killed}"))
            }
        }
    }

    /// Sees to it that the child is gone.
    pub(super) fn end(mut self) {
        if self.gone_within(LAST_MOMENTS).is_none() {
            self.kill();
        }
    }

    /// Collects answers until the child has given `expected`, ends, or takes too long over one;
    /// then that one is answered for, and the child is gone. At least one answer is given.
    fn listen(mut self, expected: usize, limits: &Limits, until: Instant) -> Vec<Answer> {
        let mut answers = Vec::new();
        while answers.len() < expected {
            let started = Instant::now();
            let line = self.next_line(until.min(started + limits.each));
            let answer = line.and_then(|line| {
                // What isn't an answer comes from a child that has lost its mind.
                serde_json::from_slice(&line).map_err(|_| End::Closed)
            });
            let outcome = match answer {
                Ok(answer) => {
                    answers.push(answer);
                    continue;
                }
                Err(End::Closed) => self.last_words(),
                Err(End::Late) => {
                    let (time, whose) = if Instant::now() < until {
                        (limits.each, "")
                    } else {
                        (limits.all, ", the time for all probes,")
                    };
                    let killed = self.kill();
                    let time = in_words(time);
                    let reason = format!("it did not answer within {time}{whose} and {killed}");
                    Outcome::Skipped { reason }
                }
            };
            answers.push(unanswered(outcome, started.elapsed()));
            return answers;
        }
        // It takes off what it attached, which waits for all processors, and is as slow as a
        // probe may be; should it not get to its end, it is helped.
        if self.gone_within(limits.each.max(LAST_MOMENTS)).is_none() {
            self.kill();
        }
        answers
    }

    /// The next line the child writes, without its end.
    fn next_line(&mut self, until: Instant) -> Result<Vec<u8>, End> {
        loop {
            if let Some(at) = self.unread.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.unread.drain(..=at).collect();
                line.pop();
                return Ok(line);
            }
            let left = until.saturating_duration_since(Instant::now());
            // Rounded up: poll() counts in milliseconds, and 0 of them are no wait at all.
            let timeout =
                PollTimeout::try_from(left.as_micros().div_ceil(1000)).unwrap_or(PollTimeout::MAX);
            let mut ends = [PollFd::new(self.results.as_fd(), PollFlags::POLLIN)];
            match poll::poll(&mut ends, timeout) {
                Ok(0) => return Err(End::Late),
                Ok(_) => {}
                Err(Errno::EINTR) => continue,
                Err(_) => return Err(End::Closed),
            }
            let mut chunk = [0; 4096];
            match unistd::read(&self.results, &mut chunk) {
                Ok(0) => return Err(End::Closed),
                Ok(count) => self.unread.extend(chunk.iter().take(count)),
                Err(Errno::EINTR) => {}
                Err(_) => return Err(End::Closed),
            }
        }
    }

    /// How a child came to its end that closed its pipe too early.
    fn last_words(&mut self) -> Outcome {
        let reason = match self.gone_within(LAST_MOMENTS) {
            // No accident: so a seccomp filter answers a system call it forbids.
            Some(WaitStatus::Signaled(_, signal @ Signal::SIGSYS, _)) => {
                return Outcome::Fails {
                    stage: Stage::Trigger,
                    errno: signal.as_str().to_owned(),
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

    /// Kills the child and tells what came of it.
    fn kill(&mut self) -> &'static str {
        let _gone_already = signal::kill(self.pid, Signal::SIGKILL);
        match self.gone_within(LAST_MOMENTS) {
            Some(_) => "was killed",
            None => "could not be killed: it hangs inside the kernel",
        }
    }

    /// Waits a while for the child's end, and takes it off the process table.
    fn gone_within(&mut self, time: Duration) -> Option<WaitStatus> {
        let until = Instant::now() + time;
        let mut pause = Duration::from_micros(100);
        loop {
            match wait::waitpid(self.pid, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) if Instant::now() >= until => return None,
                Ok(WaitStatus::StillAlive) => {
                    thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_millis(10));
                }
                Ok(status) => return Some(status),
                Err(Errno::EINTR) => {}
                // Somebody else takes ended children off, or SIGCHLD is ignored, as it may be
                // for the first process of a container: how it ended can't be known then.
                Err(_) => return Some(WaitStatus::StillAlive),
            }
        }
    }
}
