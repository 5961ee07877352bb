//! Work shared out among child processes that run side by side.
//!
//! Most of what an experiment takes is waiting: the kernel lets all processors pass before it
//! gives something back. So there are several lanes, each with a process of its own that does its
//! items one after another and tells the answer to each in a line; their waits pass together, on
//! one processor as well. A process that dies, hangs or talks nonsense costs the answer to the one
//! item it was at; another process goes on with the rest of its lane.

use std::collections::VecDeque;
use std::mem;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::os::fd::RawFd;
use std::time::Duration;
use std::time::Instant;

use nix::poll;
use nix::poll::PollFd;
use nix::poll::PollFlags;

use super::errno::Code;
use super::offspring;
use super::offspring::Child;
use super::outcome::Outcome;

/// How long children may take, all together, to give back what they hold once they have told
/// everything: one waits for all processors several times.
const FAREWELL: Duration = Duration::from_secs(10);

/// The first line of a child that has all the memory it may want.
pub(super) const ROOMY: &[u8] = b"roomy";
/// The first line of a child whose memory is bounded by what others of its user take.
pub(super) const CRAMPED: &[u8] = b"cramped";
/// What a line begins with by which a child says what it is about to do, lest it dies of that.
pub(super) const ABOUT: &[u8] = b"about ";

/// How long the doctor waits.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For one probe.
    pub each: Duration,
    /// For all probes together.
    pub all: Duration,
    /// How much of that is over before these.
    pub spent: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            each: Duration::from_secs(5),
            all: Duration::from_secs(30),
            spent: Duration::ZERO,
        }
    }
}

/// What is done in the lanes.
pub(super) trait Work {
    /// What becomes of an item.
    type Answer;

    /// In a child: greets with [`ROOMY`] or [`CRAMPED`], does these items one after another, and
    /// writes a line for each; gives the status to exit with. `answers` are those of all items so
    /// far.
    fn work(&self, items: &[usize], answers: &[Option<Self::Answer>], results: OwnedFd) -> i32;

    /// The answer that a line is; nothing where it is none.
    fn read(&self, item: usize, line: &[u8]) -> Option<Self::Answer>;

    /// The answer for an item to which none came.
    fn unanswered(&self, item: usize, outcome: Outcome, after: Duration) -> Self::Answer;
}

/// Work under way. When this is dropped, its processes are gone: those that have done their work
/// by themselves, the others killed. Those of late lanes have begun to end.
#[derive(Debug)]
pub(super) struct Lanes<W: Work> {
    work: W,
    limits: Limits,
    until: Instant,
    answers: Vec<Option<W::Answer>>,
    lanes: Vec<Lane>,
    /// Children that have told everything and are about to end.
    leaving: Vec<Child>,
    /// The same, whose end need not be waited for.
    late: Vec<Child>,
    roomy: bool,
}

#[derive(Debug)]
struct Lane {
    /// Whether the end of the process need not be waited for.
    late: bool,
    /// What is still to be answered, in order.
    items: VecDeque<usize>,
    child: Option<Child>,
    /// Whether the child has greeted.
    greeted: bool,
    /// Since when the answer to the first item is waited for.
    since: Instant,
    /// What the child was last about to do.
    about: String,
}

impl<W: Work> Lanes<W> {
    /// No lane yet, for this many items.
    pub(super) fn new(work: W, items: usize, limits: &Limits) -> Self {
        Self {
            work,
            limits: *limits,
            until: Instant::now() + limits.all.saturating_sub(limits.spent),
            answers: (0..items).map(|_| None).collect(),
            lanes: Vec::new(),
            leaving: Vec::new(),
            late: Vec::new(),
            roomy: true,
        }
    }

    /// Starts a lane of these items; `late` says that its process may be left to its end once it
    /// has told everything and is about to.
    pub(super) fn add(&mut self, items: Vec<usize>, late: bool) {
        self.lanes.push(Lane {
            late,
            items: items.into(),
            child: None,
            greeted: false,
            since: Instant::now(),
            about: String::new(),
        });
        self.start_waiting();
    }

    /// Whether all children so far had all the memory they may want.
    pub(super) fn is_roomy(&self) -> bool {
        self.roomy
    }

    /// What is done in the lanes, and the answers; those to items of no lane are missing.
    pub(super) fn told(&self) -> (&W, &[Option<W::Answer>]) {
        (&self.work, &self.answers)
    }

    /// Waits until every item of a lane has its answer.
    pub(super) fn listen(&mut self) {
        // What came while the doctor did something else has not been waited for.
        let now = Instant::now();
        for lane in &mut self.lanes {
            lane.since = now;
        }
        loop {
            self.start_waiting();
            if self.lanes.iter().all(|lane| lane.child.is_none()) {
                break;
            }
            self.hear();
        }
    }

    /// Starts a child for every lane that has work and none.
    fn start_waiting(&mut self) {
        if Instant::now() >= self.until {
            let reason = format!(
                "not tried: the time for all probes, {}, was over",
                in_words(self.limits.all)
            );
            return self.give_up(&reason);
        }
        let Err(mut code) = self.start_all() else {
            return;
        };
        // There may be room for a process when another has ended.
        if self.lanes.iter().any(|lane| lane.child.is_some()) {
            return;
        }
        if !self.leaving.is_empty() {
            self.dismiss();
            match self.start_all() {
                Ok(()) => return,
                Err(again) => code = again,
            }
        }
        if self.lanes.iter().all(|lane| lane.child.is_none()) {
            self.give_up(&format!("no process could be made to try it in: {code}"));
        }
    }

    fn start_all(&mut self) -> Result<(), Code> {
        let mut lanes = mem::take(&mut self.lanes);
        let mut answer = Ok(());
        let mut others: Vec<RawFd> = lanes
            .iter()
            .filter_map(|lane| Some(lane.child.as_ref()?.number()))
            .collect();
        let told = self.leaving.iter().chain(&self.late);
        others.extend(told.map(Child::number));
        for lane in &mut lanes {
            if lane.child.is_some() || lane.items.is_empty() {
                continue;
            }
            let (work, items, answers) = (&self.work, lane.items.make_contiguous(), &self.answers);
            match Child::start(&others, |results| work.work(items, answers, results)) {
                Ok(child) => {
                    others.push(child.number());
                    lane.child = Some(child);
                    lane.greeted = false;
                    lane.about.clear();
                    lane.since = Instant::now();
                }
                Err(code) => answer = Err(code),
            }
        }
        self.lanes = lanes;
        answer
    }

    /// Answers for all items of lanes without a child.
    fn give_up(&mut self, reason: &str) {
        for lane in &mut self.lanes {
            if lane.child.is_some() {
                continue;
            }
            for item in lane.items.drain(..) {
                let outcome = Outcome::Skipped {
                    reason: reason.to_owned(),
                };
                let answer = self.work.unanswered(item, outcome, Duration::ZERO);
                settle(&mut self.answers, item, answer);
            }
        }
    }

    /// Waits for the next that children say, or until the first is late, and takes it down.
    fn hear(&mut self) {
        let children = self.lanes.iter().filter_map(|lane| lane.child.as_ref());
        let mut ends: Vec<PollFd<'_>> = children
            .map(|child| PollFd::new(child.results().as_fd(), PollFlags::POLLIN))
            .collect();
        let running = self.lanes.iter().filter(|lane| lane.child.is_some());
        let late = running.map(|lane| lane.since + self.limits.each).min();
        let late = late.unwrap_or(self.until).min(self.until);
        let left = late.saturating_duration_since(Instant::now());
        if poll::poll(&mut ends, offspring::timeout(left)).is_err() {
            // EINTR
            return;
        }
        let speaking = |end: &PollFd<'_>| end.revents().is_none_or(|events| !events.is_empty());
        let mut speaking: VecDeque<bool> = ends.iter().map(speaking).collect();
        drop(ends);

        let over = Instant::now() >= self.until;
        if over {
            // All at once: some may take a while to die.
            for child in self.lanes.iter().filter_map(|lane| lane.child.as_ref()) {
                child.send_kill();
            }
        }
        let mut lanes = mem::take(&mut self.lanes);
        for lane in &mut lanes {
            let Some(mut child) = lane.child.take() else {
                continue;
            };
            let speaks = speaking.pop_front().unwrap_or(false);
            let trouble = if speaks && !over {
                self.take_down(lane, &mut child)
            } else {
                self.lateness(lane, &mut child, over)
            };
            match trouble {
                Some(outcome) => {
                    if let Some(item) = lane.items.pop_front() {
                        let after = lane.since.elapsed();
                        let outcome = outcome.while_about(&lane.about);
                        let answer = self.work.unanswered(item, outcome, after);
                        settle(&mut self.answers, item, answer);
                    }
                }
                None if lane.items.is_empty() && lane.late => self.late.push(child),
                None if lane.items.is_empty() => self.leaving.push(child),
                None => lane.child = Some(child),
            }
        }
        self.lanes = lanes;
    }

    /// Takes down what a child says; what became of it, where it says no more.
    fn take_down(&mut self, lane: &mut Lane, child: &mut Child) -> Option<Outcome> {
        if !child.read() {
            return Some(child.last_words());
        }
        while let Some(line) = child.line() {
            if !lane.greeted && (line == ROOMY || line == CRAMPED) {
                lane.greeted = true;
                self.roomy &= line == ROOMY;
                continue;
            }
            if let Some(about) = line.strip_prefix(ABOUT) {
                lane.about = String::from_utf8_lossy(about).into_owned();
                continue;
            }
            let &item = lane.items.front()?;
            let Some(answer) = self.work.read(item, &line) else {
                // What isn't an answer comes from a child that has lost its mind.
                return Some(child.last_words());
            };
            settle(&mut self.answers, item, answer);
            lane.items.pop_front();
            lane.about.clear();
            lane.since = Instant::now();
        }
        None
    }

    /// What becomes of a child that is late.
    fn lateness(&self, lane: &Lane, child: &mut Child, over: bool) -> Option<Outcome> {
        let (time, whose) = match over {
            true => (self.limits.all, ", the time for all probes,"),
            false if lane.since.elapsed() >= self.limits.each => (self.limits.each, ""),
            false => return None,
        };
        let killed = child.kill();
        let time = in_words(time);
        let reason = format!("it did not answer within {time}{whose} and {killed}");
        Some(Outcome::Skipped { reason })
    }

    /// Waits for the end of those that have told everything.
    fn dismiss(&mut self) {
        let until = Instant::now() + FAREWELL;
        let reaped = is_first_pid_namespace();
        for mut child in self.late.drain(..) {
            if reaped && child.is_ending_by(until) {
                child.leave();
            } else {
                self.leaving.push(child);
            }
        }
        for child in &mut self.leaving {
            child.gone_by(until);
        }
        // Whoever is still there is killed.
        self.leaving.clear();
    }
}

impl<W: Work> Drop for Lanes<W> {
    fn drop(&mut self) {
        for child in self.lanes.iter().filter_map(|lane| lane.child.as_ref()) {
            child.send_kill();
        }
        self.dismiss();
    }
}

/// Whether whoever takes over orphans takes them off the process table: the first process of the
/// host does, that of a container may not, and a dead process would stay.
fn is_first_pid_namespace() -> bool {
    // PROC_PID_INIT_INO in include/linux/proc_ns.h
    nix::fcntl::readlink("/proc/self/ns/pid").is_ok_and(|name| name == "pid:[4026531836]")
}

/// Takes down an answer.
fn settle<T>(answers: &mut [Option<T>], item: usize, answer: T) {
    if let Some(place) = answers.get_mut(item) {
        *place = Some(answer);
    }
}

/// A time as people write it.
fn in_words(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{} s", time.as_secs())
    }
}
