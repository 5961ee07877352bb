//! Trials, shared out among lanes.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::panic;
use std::panic::AssertUnwindSafe;
use std::thread;
use std::time::Duration;

use super::programs::Desk;
use super::{Kernel, Reply, Trial};
use super::{code, commands, hooks, kinds, maps};
use crate::probes::child;
use crate::probes::errno::Code;
use crate::probes::lanes::{Lanes, Limits, Work};
use crate::probes::outcome::Outcome;

/// Processes that try things side by side: more than this gain nothing, for trials are work and
/// hardly any wait.
const MOST_LANES: usize = 4;

/// Trials under way, while the doctor does something else. Their processes are gone when this is
/// dropped.
#[derive(Debug)]
pub struct Underway<'trials>(Lanes<Trying<'trials>>);

/// Starts all of `trials`.
///
/// It can't fail: what can't be tried is unknown, with the reason. As with
/// [`start`](crate::probes::start), the process should have no other thread.
#[must_use]
pub fn start<'trials>(
    trials: &'trials [Trial],
    kernel: Kernel,
    limits: &Limits,
) -> Underway<'trials> {
    let mut lanes = Lanes::new(Trying { trials, kernel }, trials.len(), limits);
    // Before 5.11, memory that one process takes may be missing in another.
    let most = match kernel.version >= (5, 11, 0) {
        true => MOST_LANES,
        false => 1,
    };
    for items in shared_out(trials, most) {
        lanes.add(items, false);
    }
    Underway(lanes)
}

impl Underway<'_> {
    /// Waits for the replies to each, and gives them in the order of the trials.
    #[must_use]
    pub fn replies(&mut self) -> Vec<Vec<Reply>> {
        let Self(lanes) = self;
        lanes.listen();
        let (Trying { trials, .. }, replies) = lanes.told();
        let told = trials.iter().zip(replies);
        told.map(|(trial, replies)| match replies {
            Some(replies) => replies.clone(),
            None => unknown(trial, "it was not tried"),
        })
        .collect()
    }
}

/// Trials that begin alike: in one lane, what they begin with is done once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Beginning {
    Program(u32),
    Kind,
    Code,
}

fn beginning(trial: &Trial) -> Option<Beginning> {
    match trial {
        Trial::Program(of) | Trial::Helpers { program: of, .. } => Some(Beginning::Program(*of)),
        Trial::Kind(_) => Some(Beginning::Kind),
        Trial::Code(_) => Some(Beginning::Code),
        Trial::Map(_) | Trial::Hook(..) | Trial::Command(..) => None,
    }
}

/// Shares trials out among lanes so that each has as much to do: the places of each lane's.
fn shared_out(trials: &[Trial], most: usize) -> Vec<Vec<usize>> {
    // How many processors there are is asked of the host that runs: for files it is none of ours.
    if trials.is_empty() {
        return Vec::new();
    }
    let mut alike: HashMap<Beginning, usize> = HashMap::new();
    let mut parts: Vec<(usize, Vec<usize>)> = Vec::new();
    for (place, trial) in trials.iter().enumerate() {
        let begun = beginning(trial).map(|begin| *alike.entry(begin).or_insert(parts.len()));
        match begun.and_then(|part| parts.get_mut(part)) {
            Some((work, places)) => {
                *work += trial.replies();
                places.push(place);
            }
            None => parts.push((trial.replies(), vec![place])),
        }
    }
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let mut lanes: Vec<(usize, Vec<usize>)> = vec![(0, Vec::new()); processors.clamp(1, most)];
    for (work, places) in parts {
        if let Some((all, lane)) = lanes.iter_mut().min_by_key(|(all, _)| *all) {
            *all += work;
            lane.extend(places);
        }
    }
    lanes.retain(|(_, lane)| !lane.is_empty());
    lanes.into_iter().map(|(_, lane)| lane).collect()
}

/// The same reply to all that a trial asks.
fn unknown(trial: &Trial, reason: &str) -> Vec<Reply> {
    vec![Reply::Unknown(reason.to_owned()); trial.replies()]
}

/// What is done in the lanes: an item is the place of a trial in this list.
#[derive(Debug)]
struct Trying<'trials> {
    trials: &'trials [Trial],
    kernel: Kernel,
}

impl Work for Trying<'_> {
    type Answer = Vec<Reply>;

    fn work(&self, items: &[usize], _replies: &[Option<Vec<Reply>>], results: OwnedFd) -> i32 {
        let Ok(mut results) = child::begin(results) else {
            return 1;
        };
        let mut desk = Desk::new(self.kernel);
        for trial in items.iter().filter_map(|item| self.trials.get(*item)) {
            let replies = panic::catch_unwind(AssertUnwindSafe(|| try_one(&mut desk, trial)))
                .unwrap_or_else(|_| unknown(trial, "a mistake in the trial"));
            if child::tell(&mut results, &replies).is_err() {
                return 1;
            }
        }
        0
    }

    fn read(&self, item: usize, line: &[u8]) -> Option<Vec<Reply>> {
        let replies: Vec<Reply> = serde_json::from_slice(line).ok()?;
        let expected = self.trials.get(item)?.replies();
        (replies.len() == expected).then_some(replies)
    }

    fn unanswered(&self, item: usize, outcome: Outcome, _after: Duration) -> Vec<Reply> {
        let reason = match outcome {
            Outcome::Skipped { reason } => reason,
            Outcome::Fails { errno, log, .. } => format!("{log}: {errno}"),
            Outcome::Works => String::new(),
        };
        match self.trials.get(item) {
            Some(trial) => unknown(trial, &reason),
            None => Vec::new(),
        }
    }
}

/// Tries one, and takes nothing for the kernel's word that a filter before it says.
fn try_one(desk: &mut Desk, trial: &Trial) -> Vec<Reply> {
    let replies = try_it(desk, trial);
    let commands = trial.commands();
    behind_filter(trial, replies, || desk.filter_answers(&commands))
}

/// What replies come to where a filter may have given them; it is asked for its own answer only
/// where they say something.
fn behind_filter(
    trial: &Trial,
    replies: Vec<Reply>,
    filter: impl FnOnce() -> Option<Code>,
) -> Vec<Reply> {
    let told = |reply: &Reply| !matches!(reply, Reply::Unknown(_));
    if !replies.iter().any(told) {
        return replies;
    }
    match filter() {
        Some(code) => unknown(
            trial,
            &format!("a seccomp filter answers {code} to bpf() here"),
        ),
        None => replies,
    }
}

fn try_it(desk: &mut Desk, trial: &Trial) -> Vec<Reply> {
    vec![match trial {
        Trial::Helpers { program, helpers } => return desk.try_helpers(*program, helpers),
        Trial::Map(of) => maps::try_type(*of),
        Trial::Program(of) => desk.try_type(*of),
        Trial::Hook(hook, how) => hooks::try_hook(desk, *hook, *how),
        Trial::Command(command, how) => commands::try_command(desk, *command, *how),
        Trial::Kind(kind) => kinds::try_kind(desk, *kind),
        Trial::Code(extension) => code::try_extension(desk, *extension),
    }]
}

#[cfg(test)]
mod tests {
    use nix::errno::Errno;

    use super::*;

    #[test]
    fn what_a_filter_says_is_not_taken_for_the_kernels_word() {
        let trial = Trial::Helpers {
            program: 1,
            helpers: vec![1, 2],
        };
        let no = || Reply::No("EINVAL".to_owned());
        let open = || Reply::Unknown("trying it answers EPERM".to_owned());
        for replies in [
            vec![no(), no()],
            vec![Reply::Yes, no()],
            vec![open(), Reply::Partly("here".to_owned())],
        ] {
            let kept = behind_filter(&trial, replies.clone(), || None);
            assert_eq!(kept, replies, "no filter, or one that lets it through");
            let gated = behind_filter(&trial, replies, || Some(Errno::EINVAL.into()));
            let said = "a seccomp filter answers EINVAL to bpf() here".to_owned();
            assert_eq!(gated, vec![Reply::Unknown(said); 2]);
        }
        // Where nothing is known the filter need not be asked, and the reason stays.
        let replies = vec![open(), open()];
        let kept = behind_filter(&trial, replies.clone(), || panic!("it was asked"));
        assert_eq!(kept, replies);
    }
}
