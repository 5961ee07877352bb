//! The experiments: what the running kernel does when it is tried.
//!
//! [`run`] is the one door. It runs the rows of the probe [`table()`] one after another in
//! a child process with a time limit, so that a probe that hangs or dies never takes the
//! doctor with it, and gives an outcome for every row. What a probe makes is held by file
//! descriptors of that child alone and is gone with it.

mod errno;
mod log;
mod meaning;
mod outcome;
mod table;

mod child;
mod runner;
mod sys;

mod bench;
mod insn;
mod kernel_types;
mod kinds;
mod object;
mod place;

mod basics;
mod cgroup;
mod core_read;
mod hooks;
mod language;
mod maps;
mod memlock;
mod sockets;
mod types;

mod tracing;
pub mod trials;

#[cfg(test)]
mod tests;

pub use outcome::{Outcome, ProbeResult, Stage};
pub use runner::Limits;
pub use table::{Probe, table};

use child::Answer;

/// Tries every probe that `selected` says yes to by its id; gives a result for each of them, in
/// the order of the table. Probes they build on are tried as well, and not told of.
///
/// It can't fail: what could not be tried is skipped, with the reason. It should be called
/// while the process has no other thread; with others, a probe may be skipped for no reason of
/// the kernel's, because a lock was held when its process was made.
#[must_use]
pub fn run(selected: &dyn Fn(&str) -> bool, limits: &Limits) -> Vec<ProbeResult> {
    runner::run(table(), selected, limits)
        .into_iter()
        .map(|(probe, answer)| result(probe, answer))
        .collect()
}

/// Tries one probe and gives, besides its result, all that libbpf and the verifier said
/// meanwhile; nothing where there is no such probe.
#[must_use]
pub fn run_one(id: &str, limits: &Limits) -> Option<(ProbeResult, String)> {
    let (probe, answer) = runner::run(table(), &|probe| probe == id, limits).pop()?;
    let said = answer.said.clone();
    Some((result(probe, answer), said))
}

fn result(probe: &Probe, answer: Answer) -> ProbeResult {
    ProbeResult {
        probe: probe.id.to_owned(),
        outcome: answer.outcome,
        micros: answer.micros,
    }
}
