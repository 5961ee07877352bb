//! A child process in which probes run, seen from inside.

use std::any::Any;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::panic;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use nix::fcntl;
use nix::fcntl::OFlag;
use nix::poll;
use nix::poll::PollFd;
use nix::poll::PollFlags;
use nix::poll::PollTimeout;
use nix::sys::prctl;
use nix::sys::resource;
use nix::sys::resource::Resource;
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd;
use serde::Deserialize;
use serde::Serialize;

use super::bench::Bench;
use super::bench::Trouble;
use super::hooks;
use super::lanes;
use super::log;
use super::memlock;
use super::outcome::Outcome;
use super::outcome::Stage;
use super::passed;
use super::table::Probe;

/// What the child tells of one probe: a line of JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Answer {
    pub(super) outcome: Outcome,
    pub(super) micros: u64,
    /// The stages it passed, in their order.
    #[serde(default)]
    pub(super) passed: Vec<Stage>,
    /// All that libbpf and the verifier said meanwhile.
    pub(super) said: String,
}

/// Runs `probes` one after another and writes an answer for each to `results`; gives the
/// status to exit with. `alone` says that one probe was asked for by its name.
pub(super) fn work(
    probes: &[&Probe],
    settled: &[(String, Outcome)],
    alone: bool,
    results: OwnedFd,
) -> i32 {
    let Ok(mut results) = begin(results) else {
        return 1;
    };
    let mut bench = Bench::new(settled);
    bench.alone = alone;
    bench.told = results.try_clone().ok().map(OwnedFd::from);
    for probe in probes {
        let answer = try_one(probe, &mut bench);
        if tell(&mut results, &answer).is_err() {
            return 1;
        }
        bench.settle(probe.id, answer.outcome);
    }
    bench.tracing.finish();
    0
}

/// Writes an answer as the line it is read back from; fails where nobody listens any more, as the
/// doctor is gone.
pub(super) fn tell(results: &mut File, answer: &impl Serialize) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    results.write_all(&line)
}

/// Runs one probe.
fn try_one(probe: &Probe, bench: &mut Bench) -> Answer {
    passed::take();
    let started = Instant::now();
    let trial = match bench.obstacle(probe.needs) {
        Some(obstacle) => Err(Trouble::Skipped(obstacle)),
        None => panic::catch_unwind(AssertUnwindSafe(|| (probe.run)(bench)))
            .unwrap_or_else(|cause| Err(Trouble::Skipped(mistake(&*cause)))),
    };
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let said = log::take();
    let outcome = match trial {
        Ok(()) => Outcome::Works,
        Err(trouble) => {
            let trouble = bench.filters().judge(probe.id, trouble);
            hooks::without_program(bench, probe, trouble).into_outcome(&said)
        }
    };
    Answer {
        passed: passed::before(passed::take(), &outcome),
        outcome,
        micros,
        said,
    }
}

/// The reason a probe is skipped that panicked.
fn mistake(cause: &(dyn Any + Send)) -> String {
    let text = cause.downcast_ref::<&str>().copied();
    let text = text.or_else(|| cause.downcast_ref::<String>().map(String::as_str));
    format!("a mistake in the probe: {}", text.unwrap_or("it panicked"))
}

/// Makes of a copy of the doctor a process fit for experiments, and greets. What is changed here is
/// the child's own.
pub(super) fn begin(results: OwnedFd) -> std::io::Result<File> {
    // The doctor may be killed at any moment: its child then ends with it, and with the child
    // all that its descriptors hold.
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    if parent_is_gone(&results)? {
        return Err(nix::Error::EPIPE.into());
    }
    // A probe that dies leaves no core file behind.
    resource::setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    let greeting = match memlock::raise() {
        true => lanes::ROOMY,
        false => lanes::CRAMPED,
    };
    silence()?;
    // A panic is answered for as a mistake in the probe; nobody reads its backtrace, which takes
    // longer than all probes together.
    panic::set_hook(Box::new(|_| {}));
    log::capture();
    let mut results = File::from(results);
    results.write_all(greeting)?;
    results.write_all(b"\n")?;
    Ok(results)
}

/// Whether the doctor died before its death could reach the child: then nobody reads the pipe.
/// (Process ids can't tell: the parent may be in another pid namespace.)
fn parent_is_gone(results: &OwnedFd) -> nix::Result<bool> {
    let mut ends = [PollFd::new(results.as_fd(), PollFlags::empty())];
    poll::poll(&mut ends, PollTimeout::ZERO)?;
    let [end] = ends;
    Ok(end
        .revents()
        .is_some_and(|events| events.contains(PollFlags::POLLERR)))
}

/// Sends standard output and standard error of the child to nowhere: a report may be under way
/// there.
fn silence() -> nix::Result<()> {
    let nowhere = match fcntl::open(
        "/dev/null",
        OFlag::O_WRONLY | OFlag::O_CLOEXEC,
        Mode::empty(),
    ) {
        Ok(file) => file,
        // A pipe without a reader does as well: writes to it fail.
        Err(_) => unistd::pipe2(OFlag::O_CLOEXEC)?.1,
    };
    unistd::dup2_stdout(&nowhere)?;
    unistd::dup2_stderr(&nowhere)
}
