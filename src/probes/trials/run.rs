//! Trials in a child process: started, listened to, started again after one that ended it.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::panic;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use super::programs::Desk;
use super::{Kernel, Reply, Trial};
use super::{code, commands, hooks, kinds, maps};
use crate::probes::child;
use crate::probes::runner::{Child, Limits, Word};

/// Tries all of `trials`, one after another, and gives the replies to each, in their order.
///
/// It can't fail: what could not be tried is unknown, with the reason. As with
/// [`run`](crate::probes::run), the process should have no other thread.
#[must_use]
pub fn try_all(trials: &[Trial], kernel: Kernel, limits: &Limits) -> Vec<Vec<Reply>> {
    let until = Instant::now() + limits.all;
    let mut told: Vec<Vec<Reply>> = Vec::with_capacity(trials.len());
    while let Some(rest) = trials.get(told.len()..).filter(|rest| !rest.is_empty()) {
        if Instant::now() >= until {
            let reason = "the time for all of them was over";
            told.extend(rest.iter().map(|trial| unknown(trial, reason)));
            break;
        }
        match Child::start_with(|results| work(rest, kernel, results)) {
            Ok(child) => listen(child, rest, limits, until, &mut told),
            Err(code) => {
                let reason = format!("no process could be made to try it in: {code}");
                told.extend(rest.iter().map(|trial| unknown(trial, &reason)));
            }
        }
    }
    told
}

/// The same reply to all that a trial asks.
fn unknown(trial: &Trial, reason: &str) -> Vec<Reply> {
    vec![Reply::Unknown(reason.to_owned()); trial.replies()]
}

/// Takes down what a child tells, until it has told all, ends, or takes too long over a trial,
/// which is answered for.
fn listen(
    mut child: Child,
    trials: &[Trial],
    limits: &Limits,
    until: Instant,
    told: &mut Vec<Vec<Reply>>,
) {
    for trial in trials {
        let replies = match child.word(limits, until) {
            Word::Line(line) => serde_json::from_slice::<Vec<Reply>>(&line).ok(),
            Word::End(reason) => {
                told.push(unknown(trial, &reason));
                return;
            }
        };
        match replies.filter(|replies| replies.len() == trial.replies()) {
            Some(replies) => told.push(replies),
            None => {
                told.push(unknown(trial, "its process told something else"));
                child.end();
                return;
            }
        }
    }
    child.end();
}

/// The child: tries them, and writes a line of replies for each.
fn work(trials: &[Trial], kernel: Kernel, results: OwnedFd) -> i32 {
    if child::prepare(&results).is_err() {
        return 1;
    }
    let mut desk = Desk::new(kernel);
    let mut results = File::from(results);
    for trial in trials {
        let replies = panic::catch_unwind(AssertUnwindSafe(|| try_one(&mut desk, trial)))
            .unwrap_or_else(|_| unknown(trial, "a mistake in the trial"));
        let Ok(mut line) = serde_json::to_vec(&replies) else {
            return 1;
        };
        line.push(b'\n');
        if results.write_all(&line).is_err() {
            return 1;
        }
    }
    0
}

fn try_one(desk: &mut Desk, trial: &Trial) -> Vec<Reply> {
    vec![match trial {
        Trial::Helpers { program, helpers } => return desk.try_helpers(*program, helpers),
        Trial::Map(of) => maps::try_type(*of),
        Trial::Program(of) => desk.try_type(*of),
        Trial::Hook(hook, how) => hooks::try_hook(desk, *hook, *how),
        Trial::Command(command, how) => commands::try_command(desk, *command, *how),
        Trial::Kind(kind) => kinds::try_kind(*kind),
        Trial::Code(extension) => code::try_extension(desk, *extension),
    }]
}
