//! The experiments: what the running kernel does when it is tried.
//!
//! [`start`] is the one door. It shares the rows of the probe [`table()`] out among child
//! processes that run side by side, with time limits, so that a probe that hangs or dies never
//! takes the doctor with it, and there is an outcome for every row. What a probe makes is held by
//! file descriptors of its child alone and is gone with it.

mod asked;
mod call;
mod errno;
mod filters;
mod log;
mod meaning;
mod outcome;
mod particular;
mod passed;
mod rights;
mod table;

mod child;
mod guardian;
mod lanes;
mod offspring;
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

pub use lanes::Limits;
pub use outcome::{Outcome, ProbeResult, Stage};
pub use table::{Probe, table};

use nix::unistd;
use nix::unistd::SysconfVar;

use child::Answer;

/// Probes under way, while the doctor does something else. They are all gone, with all they made,
/// when this is dropped, which may wait for that; those without a result by then are killed.
/// Processes that had a breakpoint in themselves are at their end then, and what the kernel keeps
/// of it goes as soon as it has let all tasks pass.
#[derive(Debug)]
pub struct Underway(runner::Underway<'static>);

/// Starts every probe that `selected` says yes to by its id, and those they build on.
///
/// It can't fail: what can't be tried is skipped, with the reason. It should be called while the
/// process has no other thread, and the results be asked for before it has any; with others, a
/// probe may be skipped for no reason of the kernel's, because a lock was held when its process
/// was made.
#[must_use]
pub fn start(selected: &dyn Fn(&str) -> bool, limits: &Limits) -> Underway {
    let lane = |probe: &Probe| table::lane(probe);
    Underway(runner::Underway::start(table(), &lane, selected, limits))
}

impl Underway {
    /// Waits for the results: one for each probe that was selected, in the order of the table.
    /// What the probes made may still be on its way out then.
    #[must_use]
    pub fn results(&mut self) -> Vec<ProbeResult> {
        let answers = self.0.answers().into_iter();
        answers
            .map(|(probe, answer)| result(probe, answer))
            .collect()
    }
}

/// Tries every probe that `selected` says yes to by its id; gives a result for each of them, in
/// the order of the table, when all is over. See [`start`].
#[must_use]
pub fn run(selected: &dyn Fn(&str) -> bool, limits: &Limits) -> Vec<ProbeResult> {
    start(selected, limits).results()
}

/// What one probe came to, alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alone {
    /// Its result.
    pub result: ProbeResult,
    /// The stages it passed.
    pub passed: Vec<Stage>,
    /// All that libbpf and the verifier said meanwhile.
    pub said: String,
    /// Who may have refused it, and who did not, as far as this process can tell; nothing where
    /// it was not refused.
    pub suspects: Option<String>,
}

/// Tries one probe, and what it builds on; nothing where there is no such probe.
#[must_use]
pub fn run_one(id: &str, limits: &Limits) -> Option<Alone> {
    let Underway(mut underway) = start(&|probe| probe == id, limits);
    let (probe, answer) = underway.answers().pop()?;
    let (passed, said) = (answer.passed.clone(), answer.said.clone());
    let result = result(probe, answer);
    let rights = rights::Rights::read();
    let mut filters = filters::Filters::of(&rights);
    Some(Alone {
        suspects: rights.suspects(&result, &asked::Asked::of(probe), &mut |call| {
            filters.word(call)
        }),
        result,
        passed,
        said,
    })
}

/// The size of a page of memory, in bytes.
fn page() -> usize {
    let size = unistd::sysconf(SysconfVar::PAGE_SIZE).ok().flatten();
    size.and_then(|size| usize::try_from(size).ok())
        .unwrap_or(4096)
}

fn result(probe: &Probe, answer: Answer) -> ProbeResult {
    ProbeResult {
        probe: probe.id.to_owned(),
        outcome: answer.outcome,
        micros: answer.micros,
    }
}
