//! What programs print: three values, and more, read back by this process alone.
//!
//! The kernel turns its event `bpf_trace_printk` on for good when a program that prints is loaded
//! (`__set_printk_clr_event()` in kernel/trace/bpf_trace.c). Where it was off, it is turned off
//! again before the program runs, so nothing is in trace_pipe of it; what the program prints is
//! read through a perf event of the probe's own thread, which takes nothing from others. Newer
//! kernels turn it on some time after the load, and more than once, so it is watched until it stays
//! off. A process of its own does that, which outlives one that is killed; for a moment the event is
//! on for the whole host all the same, so a diagnosis leaves these experiments out, and they are for
//! who asks.

use std::os::fd::OwnedFd;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use memchr::memmem;
use nix::errno::Errno;
use nix::fcntl;
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use nix::unistd;

use super::super::bench::At;
use super::super::bench::Bench;
use super::super::bench::Trial;
use super::super::bench::Trouble;
use super::super::guardian::Guardian;
use super::super::insn::Code;
use super::super::insn::Op;
use super::super::insn::Reg;
use super::super::insn::Size;
use super::super::kernel_types::short_file;
use super::super::kinds::ProgType;
use super::super::kinds::Recipe;
use super::super::kinds::helper;
use super::super::outcome::Stage;
use super::super::passed;
use super::super::sys::Event;
use super::super::sys::PerfEvent;
use super::super::table::Probe;
use super::Witness;
use super::events;
use super::witness::ANSWER;
use super::witness::NOTES;

const PRINT_EFFECTS: &str = "only where it is asked for by its name, as no diagnosis makes it: none where others print nothing: the trace event bpf_trace_printk, \
     which the kernel turns on with any program that prints, is turned off again where it was \
     off, by a process of its own that outlives one that is killed; where it is on, one line of text comes out of trace_pipe. A map, a program and an \
     event of the probe's own thread, held by descriptors";
const PRIVILEGE: &str = "CAP_BPF, CAP_PERFMON and the right to write to tracefs, which is root's";

pub(super) const PROBES: &[Probe] = &[
    Probe {
        id: "trace-printk",
        title: "Programs print three values (bpf_trace_printk)",
        about: "Runs a program that prints a text with three values, and reads the text back \
                through a perf event of the probe's own thread.",
        effects: PRINT_EFFECTS,
        area: "tracing",
        since: Some("5.9"), // ac5a72ea5c89, the event; the helper is of 4.1
        privilege: PRIVILEGE,
        stages: &[
            Stage::Open,
            Stage::Create,
            Stage::Load,
            Stage::Attach,
            Stage::Mmap,
            Stage::Trigger,
            Stage::Read,
        ],
        needs: &["prog-load"],
        run: |bench| print(bench, &three_values(), "bpf-doctor 1 22 333"),
    },
    Probe {
        id: "trace-vprintk-run",
        title: "Programs print more than three values (bpf_trace_vprintk)",
        about: "As trace-printk, with four values, which takes another helper.",
        effects: PRINT_EFFECTS,
        area: "tracing",
        since: Some("5.16"), // 10aceb629e19
        privilege: PRIVILEGE,
        stages: &[
            Stage::Open,
            Stage::Create,
            Stage::Load,
            Stage::Attach,
            Stage::Mmap,
            Stage::Trigger,
            Stage::Read,
        ],
        needs: &["prog-load"],
        run: |bench| print(bench, &four_values(), "bpf-doctor 1 22 333 4444"),
    },
];

/// Where on the stack the format is, below what the witness has there.
const FORMAT: i16 = -48;
/// Where the four values are, below that.
const VALUES: i16 = FORMAT - 32;

/// Puts a text with its closing zero on the stack, and its address and length into the first two
/// arguments.
fn format(text: &[u8; 24]) -> Code {
    let (words, _) = text.as_chunks::<8>();
    let places = (FORMAT..).step_by(8);
    let stored = places.zip(words).fold(Code::new(), |code, (at, word)| {
        code.set_long(Reg::R1, u64::from_ne_bytes(*word))
            .store(Size::U64, Reg::R10, at, Reg::R1)
    });
    let end = text.iter().position(|byte| *byte == 0).unwrap_or(0);
    stored
        .copy(Reg::R1, Reg::R10)
        .math(Op::Add, Reg::R1, i32::from(FORMAT))
        .set(Reg::R2, end as i32 + 1)
}

fn three_values() -> Code {
    format(b"bpf-doctor %d %d %d\0\0\0\0\0")
        .set(Reg::R3, 1)
        .set(Reg::R4, 22)
        .set(Reg::R5, 333)
        .call(helper::TRACE_PRINTK)
        .store(Size::U64, NOTES, ANSWER, Reg::R0)
}

fn four_values() -> Code {
    let places = (VALUES..).step_by(8);
    let values = places.zip([1, 22, 333, 4444]);
    let stored = values.fold(Code::new(), |code, (at, value)| {
        code.store_number(Size::U64, Reg::R10, at, value)
    });
    stored
        .then(&format(b"bpf-doctor %d %d %d %d\0\0"))
        .copy(Reg::R3, Reg::R10)
        .math(Op::Add, Reg::R3, i32::from(VALUES))
        .set(Reg::R4, 32)
        .call(helper::TRACE_VPRINTK)
        .store(Size::U64, NOTES, ANSWER, Reg::R0)
}

/// Loads a program that prints, and has it print.
fn print(bench: &mut Bench, then: &Code, text: &str) -> Trial {
    if !bench.alone {
        return Err(Trouble::Skipped(
            "the kernel turns a trace event on for the whole host when a program that prints is \
             loaded, if only for a moment: tried where it is asked for by its name, with \
             `bpf-doctor probes run`"
                .to_owned(),
        ));
    }
    events::reach_tracefs(bench)?;
    let switch = Switch::find()?;
    // Its own copy of the switch goes with all other descriptors.
    let guardian = Guardian::new(|| {
        let again = Switch::at(switch.path.clone(), switch.was_on);
        let _nobody_listens = again.and_then(|again| again.put_back());
    })
    .map_err(|code| {
        Trouble::Skipped(format!(
            "no process could be made that turns {EVENT} off again where this one is killed: {code}"
        ))
    })?;
    let kind = Recipe::of(ProgType::RawTracepoint, &[]);
    let loaded = Witness::load(bench, &kind, then, 0);
    // Before the program runs, so that nothing is in trace_pipe of it; and again at the end.
    switch.put_back()?;
    let outcome = printed(&loaded?, text);
    drop(guardian);
    if !switch.was_on && switch.is_on_now() {
        return Err(switch.is_left_on());
    }
    outcome
}

/// Runs a program that prints, and finds the text among what this thread's event has.
fn printed(witness: &Witness, text: &str) -> Trial {
    /// Pages of the event: one that tells how far the kernel has come, and one for what it writes.
    const PAGES: usize = 2;
    let event = PerfEvent {
        kind: PerfEvent::TRACEPOINT,
        config: events::number(EVENT)?,
        period: 1,
        sample: PerfEvent::SAMPLE_RAW,
        wakeup: 1,
        ..PerfEvent::default()
    };
    let event = Event::open(&event, 0, -1).at(Stage::Attach)?;
    let memory = event.mmap(PAGES * super::super::page()).at(Stage::Mmap)?;
    event.enable().at(Stage::Attach)?;
    // Before 5.10 there is no test run of this type.
    if let Err(code) = witness.program.test_run(&[]) {
        return match code == Errno::EINVAL || code == super::super::errno::Code::ENOTSUPP {
            true => Err(Trouble::Skipped(format!(
                "this kernel runs no such program for a test: {code}"
            ))),
            false => Err(code).at(Stage::Trigger),
        };
    }
    let notes = witness.fired()?;
    if notes.answer < 0 {
        let code = i32::try_from(notes.answer).unwrap_or_default();
        let code = super::super::errno::Code::of_return(code);
        return Err(code).at(Stage::Trigger);
    }
    if memmem::find(&memory.read(), text.as_bytes()).is_some() {
        passed::note(Stage::Read);
        return Ok(());
    }
    Err(Trouble::wrong(
        Stage::Read,
        format!("the program printed, and `{text}` did not come out of the event {EVENT}"),
    ))
}

/// The event of what programs print.
const EVENT: &str = "bpf_trace/bpf_trace_printk";

/// The file by which that event is turned on and off.
struct Switch {
    file: OwnedFd,
    path: String,
    was_on: bool,
}

impl Switch {
    /// Sees how it stands, and that it can be put back.
    fn find() -> Result<Self, Trouble> {
        let Some(root) = events::tracefs().next() else {
            return Err(Trouble::Skipped(
                "tracefs, which has the switch of what programs print, is not mounted".to_owned(),
            ));
        };
        let path = format!("{root}/events/{EVENT}/enable");
        let state = short_file(&path).map_err(|errno| match errno {
            Errno::ENOENT => Trouble::Skipped(format!(
                "{root}/events/{EVENT} is not there: such a kernel, as all before 5.9, keeps \
                 buffers for good and writes a banner to its log once a program prints"
            )),
            errno => Trouble::Skipped(format!("{path} can't be read: {errno:?}")),
        })?;
        Self::at(path, is_on(&state))
    }

    /// The switch in this file, which stood so before.
    fn at(path: String, was_on: bool) -> Result<Self, Trouble> {
        let flags = OFlag::O_WRONLY | OFlag::O_CLOEXEC;
        let file = fcntl::open(path.as_str(), flags, Mode::empty()).map_err(|errno| {
            Trouble::Skipped(format!(
                "{path} can't be written, so what the kernel turns on would stay on: {errno:?}"
            ))
        })?;
        Ok(Self { file, path, was_on })
    }

    /// Turns the event off again where it was off, until it stays off: newer kernels turn it on in
    /// their own time, once for each time the verifier asked for the helper (6.18, and long-term
    /// kernels since; `set_printk_work` in kernel/trace/bpf_trace.c).
    fn put_back(&self) -> Trial {
        /// As long as none of them is ever late.
        const QUIET: Duration = Duration::from_millis(250);
        const PATIENCE: Duration = Duration::from_secs(3);
        if self.was_on {
            return Ok(());
        }
        let begun = Instant::now();
        let mut quiet_since = begun;
        while quiet_since.elapsed() < QUIET {
            if begun.elapsed() > PATIENCE {
                return Err(self.is_left_on());
            }
            if self.is_on_now() {
                let _at_the_start = unistd::lseek(&self.file, 0, unistd::Whence::SeekSet);
                if unistd::write(&self.file, b"0").is_err() {
                    return Err(self.is_left_on());
                }
                quiet_since = Instant::now();
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    fn is_on_now(&self) -> bool {
        short_file(&self.path).is_ok_and(|state| is_on(&state))
    }

    fn is_left_on(&self) -> Trouble {
        Trouble::wrong(
            Stage::Read,
            format!(
                "the kernel turned {EVENT} on, and it could not be turned off again: {}",
                self.path
            ),
        )
    }
}

/// `1`, or `1*` where something else uses the event as well.
fn is_on(state: &str) -> bool {
    state.trim().starts_with('1')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that says `0` at first, as a switch that was off.
    fn switch(folder: &tempfile::TempDir, was_on: bool) -> Switch {
        let path = folder.path().join("enable");
        let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_CLOEXEC;
        let file = fcntl::open(&path, flags, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
        unistd::write(&file, b"0").unwrap();
        Switch {
            file,
            path: path.to_str().unwrap().to_owned(),
            was_on,
        }
    }

    #[test]
    fn what_is_turned_on_late_and_twice_is_off_in_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let turned_on = |file: OwnedFd| {
            for pause in [30, 120] {
                thread::sleep(Duration::from_millis(pause));
                unistd::lseek(&file, 0, unistd::Whence::SeekSet).unwrap();
                unistd::write(&file, b"1").unwrap();
            }
        };
        for (was_on, left) in [(false, "0"), (true, "1")] {
            let switch = switch(&folder, was_on);
            let path = switch.path.clone();
            let kernel = fcntl::open(path.as_str(), OFlag::O_WRONLY, Mode::empty()).unwrap();
            let late = thread::spawn(move || turned_on(kernel));
            assert!(switch.put_back().is_ok());
            late.join().unwrap();
            assert_eq!(short_file(&path).unwrap(), left, "was on: {was_on}");
        }
    }

    /// A diagnosis turns nothing on for the whole host, not even for a moment.
    #[test]
    fn what_prints_is_tried_only_by_its_name() {
        for probe in PROBES {
            let mut bench = Bench::new(&[]);
            let Err(Trouble::Skipped(reason)) = (probe.run)(&mut bench) else {
                panic!("{} was tried", probe.id);
            };
            assert!(reason.contains("by its name"), "{reason}");
        }
    }

    #[test]
    fn a_switch_is_read_as_the_kernel_writes_it() {
        for (state, on) in [("1\n", true), ("1*\n", true), ("0\n", false), ("0*", false)] {
            assert_eq!(is_on(state), on, "{state}");
        }
        assert!(!is_on("X") && !is_on(""));
    }
}
