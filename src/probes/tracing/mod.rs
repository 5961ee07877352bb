//! Tracing: programs attached to functions, events and security hooks, and made to fire.
//!
//! Each experiment loads a program that counts how often the probe's own thread made it run,
//! attaches it by a descriptor alone, does to itself what the hook waits for, and reads the
//! count. What is attached stays so until the process of the probes ends: taking a program off
//! waits for all processors, and is done for all of them at once then. Breakpoints in the process
//! itself go with its memory.

mod events;
mod functions;
mod helpers;
mod hooks;
mod iterators;
mod ladder;
mod printk;
mod witness;

use std::time::Duration;

use std::ffi::CString;
use std::os::fd::IntoRawFd as _;
use std::os::fd::OwnedFd;
use std::thread;

use nix::errno::Errno;
use nix::sys::prctl;

use super::bench::At;
use super::bench::Bench;
use super::bench::Trial;
use super::bench::Trouble;
use super::call::Call;
use super::errno::Answered as _;
use super::insn::Code;
use super::kernel_types::short_file;
use super::kinds::MapType;
use super::kinds::Recipe;
use super::kinds::Shape;
use super::outcome::Stage;
use super::passed;
use super::sys::Map;
use super::sys::Program;
use super::table::Probe;
use witness::Name;
use witness::Notes;

/// What this folder adds to the probe table: who may do what.
pub(super) const RIGHTS: &[&[Probe]] = &[ladder::PROBES];
/// Then functions of the kernel.
pub(super) const FUNCTIONS: &[&[Probe]] = &[functions::PROBES];
/// Functions of programs, each on its own.
pub(super) const UPROBE: &[&[Probe]] = &[functions::UPROBE_ROWS];
/// And their returns.
pub(super) const URETPROBE: &[&[Probe]] = &[functions::URETPROBE_ROWS];
/// And many of them by one link.
pub(super) const UPROBE_MULTI: &[&[Probe]] = &[functions::MULTI_ROWS];
/// Then more of these, and events.
pub(super) const EVENTS: &[&[Probe]] = &[functions::LOADED, events::PROBES];
/// What programs print: the kernel turns its event on in its own time.
pub(super) const PRINTS: &[&[Probe]] = &[printk::PROBES];
/// Then what looks names up in the kernel's BTF.
pub(super) const TYPES: &[&[Probe]] = &[hooks::PROBES, iterators::PROBES, helpers::PROBES];

/// What the tracing probes of one process share.
#[derive(Debug, Default)]
pub(super) struct Tracing {
    /// The name this thread goes by, once it took it.
    name: Option<Name>,
    /// What is attached.
    kept: Vec<OwnedFd>,
}

impl Tracing {
    /// The name by which programs know this thread.
    fn name(&mut self) -> Result<Name, Trouble> {
        if let Some(name) = self.name {
            return Ok(name);
        }
        let name = witness::own_name();
        let end = name
            .iter()
            .position(|byte| *byte == 0)
            .unwrap_or(name.len());
        let text = name.get(..end).unwrap_or_default();
        let text = CString::new(text).unwrap_or_default();
        prctl::set_name(&text).of(Call::Prctl).at(Stage::Trigger)?;
        self.name = Some(name);
        Ok(name)
    }

    /// Keeps something attached until the end.
    fn keep(&mut self, attached: impl Into<OwnedFd>) {
        self.kept.push(attached.into());
    }

    /// Leaves a breakpoint in this process to the process's end.
    ///
    /// To take one off, the kernel writes to the process's memory, and can't where the process is
    /// about to be killed: then it logs that it leaks the uprobe (`register_for_each_vma()` in
    /// kernel/events/uprobes.c, as `__get_user_pages()` gives up on a pending SIGKILL). At the
    /// end of a process its memory is gone before its descriptors are closed, so that there is
    /// nothing to write.
    fn keep_to_the_end(attached: impl Into<OwnedFd>) {
        let _closed_by_the_end = attached.into().into_raw_fd();
    }

    /// Takes off all that is kept. Each one waits for all processors in turn, so they are
    /// made to wait side by side.
    pub(super) fn finish(&mut self) {
        thread::scope(|scope| {
            for attached in self.kept.drain(..) {
                scope.spawn(move || drop(attached));
            }
        });
    }
}

/// Where the kernel tells whether it traces functions.
const FTRACE: &str = "/proc/sys/kernel/ftrace_enabled";

/// Lets nothing be attached by ftrace while that is switched off: such a program is known never to
/// run, and kernels were seen to stall, or to shut ftrace down for good, over attaching one then.
fn functions_are_traced() -> Trial {
    traced(short_file(FTRACE).ok().as_deref())
}

/// By what the setting says; where it can't be read, attaching is what tells.
fn traced(setting: Option<&str>) -> Trial {
    match setting.map(str::trim) {
        Some("0") => Err(Trouble::Skipped(
            "kernel.ftrace_enabled is 0: what is attached by ftrace never runs then, and kernels \
             were seen to stall over it, so nothing is attached"
                .to_owned(),
        )),
        _ => Ok(()),
    }
}

/// A program that counts, and what it counts in.
struct Witness {
    program: Program,
    notes: Map,
}

impl Witness {
    /// Loads a program of this kind; `then` is what it does besides counting, told the map it
    /// notes in, and `result` what it returns to the event of the probe's own.
    fn load(
        bench: &mut Bench,
        kind: &Recipe<'_>,
        then: &Code,
        result: i32,
    ) -> Result<Self, Trouble> {
        let name = bench.tracing.name()?;
        let notes = bench.map(&Shape {
            value_size: witness::NOTES_SIZE,
            ..Shape::of(MapType::Array)
        })?;
        let code = witness::code(&name, &notes, then, result);
        let program = bench.load(&Recipe {
            code: &code,
            ..*kind
        })?;
        Ok(Self { program, notes })
    }

    /// Does what the program waits for, and again where it did not run. The kernel leaves a
    /// program of an event out while another one runs on the same processor, or a map is worked
    /// on there (`bpf_prog_active` in kernel/trace/bpf_trace.c), and one of a raw tracepoint or
    /// a function while the same program is at work there for a task that had to make way
    /// (`active` of `struct bpf_prog`: `__bpf_trace_run()`, `__bpf_prog_enter_recur()`). Those
    /// of iterators and security hooks are never left out (`bpf_prog_check_recur()`).
    fn fires_on(&self, mut cause: impl FnMut() -> Trial) -> Trial {
        /// As often as no coincidence lasts.
        const TRIES: u32 = 50;
        let mut tries = 1;
        loop {
            cause()?;
            let fired = self.has_fired();
            if fired.is_ok() || tries == TRIES {
                return fired;
            }
            tries += 1;
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Fails unless the program has run; gives what it noted.
    fn fired(&self) -> Result<Notes, Trouble> {
        let value = self.notes.lookup().at(Stage::Read)?;
        let notes = Notes::of(&value)
            .ok_or(Errno::EINVAL)
            .told()
            .at(Stage::Read)?;
        if notes.count > 0 {
            passed::note(Stage::Trigger);
            return Ok(notes);
        }
        Err(Trouble::wrong(
            Stage::Trigger,
            "the program was attached, and what it waits for was done, but it never ran".to_owned(),
        ))
    }

    /// As [`Witness::fired`], for who needs no more.
    fn has_fired(&self) -> Trial {
        self.fired().map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_attached_by_ftrace_while_it_is_off() {
        for (setting, skipped) in [
            (Some("0"), true),
            (Some("0\n"), true),
            (Some("1\n"), false),
            (None, false),
        ] {
            let answer = traced(setting);
            let is =
                matches!(&answer, Err(Trouble::Skipped(why)) if why.contains("ftrace_enabled"));
            assert_eq!(is, skipped, "{setting:?}");
        }
    }
}
