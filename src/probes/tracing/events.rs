//! Programs at events the kernel's authors put into it, and at counters.

use std::ffi::CStr;
use std::hint;

use nix::errno::Errno;
use nix::fcntl;
use nix::fcntl::AtFlags;
use nix::sys::prctl;
use nix::sys::stat;

use super::super::basics;
use super::super::bench::At;
use super::super::bench::Bench;
use super::super::bench::Trial;
use super::super::bench::Trouble;
use super::super::call::Call;
use super::super::errno::Answered as _;
use super::super::insn::Code;
use super::super::insn::Insn;
use super::super::insn::Reg;
use super::super::kernel_types::short_file;
use super::super::kinds::ProgType;
use super::super::kinds::Recipe;
use super::super::outcome::Stage;
use super::super::place;
use super::super::sys;
use super::super::sys::Event;
use super::super::sys::Link;
use super::super::sys::PerfEvent;
use super::super::table::FIRES;
use super::super::table::LOOKED_UP;
use super::super::table::Probe;
use super::super::table::TRACING;
use super::Witness;
use super::functions::getsid;

const THROUGH_TRACEFS: &str = "CAP_BPF, CAP_PERFMON and the right to read tracefs, which is root's (before 5.8, and on \
     kernels of Debian and Ubuntu where kernel.perf_event_paranoid is 3 or more: CAP_SYS_ADMIN)";
const RENAME_EFFECTS: &str = "while the probes run, a program at the event task_rename, which \
     counts those of the probe's own process alone";

pub(super) const PROBES: &[Probe] = &[
    Probe {
        id: "tracepoint",
        title: "Programs run at tracepoints",
        about: "Attaches a counting program to the event task:task_rename through perf, gives the \
                probe's own process the name it has, and reads the count.",
        effects: "while the probes run, a program at the event task_rename, which counts those of \
                  the probe's own process alone; where the host has tracefs mounted nowhere, a \
                  mount of it in a mount namespace of the probes' own",
        area: "tracing",
        since: Some("4.7"), // 98b5c2c65c29
        privilege: THROUGH_TRACEFS,
        stages: LOOKED_UP,
        needs: &["prog-load"],
        run: tracepoint,
    },
    Probe {
        id: "tracepoint-syscall",
        title: "Programs run at the tracepoints of system calls",
        about: "Attaches a counting program to the event syscalls:sys_enter_getsid through perf, \
                makes the call, and reads the count.",
        effects: "while the probes run, a program at the system call getsid, which counts those of \
                  the probe's own process alone; every system call of the machine takes the \
                  slower way past it meanwhile; where the host has tracefs mounted nowhere, a \
                  mount of it in a mount namespace of the probes' own",
        area: "tracing",
        since: Some("4.7"),
        privilege: THROUGH_TRACEFS,
        stages: LOOKED_UP,
        needs: &["prog-load"],
        run: tracepoint_syscall,
    },
    Probe {
        id: "raw-tracepoint",
        title: "Programs run at raw tracepoints",
        about: "Attaches a counting program to the raw tracepoint task_rename, which needs no \
                tracefs, gives the probe's own process the name it has, and reads the count.",
        effects: RENAME_EFFECTS,
        area: "tracing",
        since: Some("4.17"), // c4f6699dfcb8
        privilege: TRACING,
        stages: FIRES,
        needs: &["prog-load"],
        run: raw_tracepoint,
    },
    Probe {
        id: "raw-tracepoint-writable",
        title: "Programs run at writable raw tracepoints",
        about: "Attaches a counting program, which writes nothing, to the raw tracepoint of test \
                runs, runs the program of prog-load for a test, and reads the count.",
        effects: "while the probes run, a program at the end of test runs of programs",
        area: "tracing",
        since: Some("5.2"), // 9df1c28bb752; e950e843367d, the tracepoint
        privilege: TRACING,
        stages: FIRES,
        needs: &["prog-run"],
        run: raw_tracepoint_writable,
    },
    Probe {
        id: "perf-event-program",
        title: "Programs run at perf events",
        about: "Attaches a counting program to the page faults of the probe's own thread, touches \
                fresh memory, and reads the count.",
        effects: "none: a counter of the probe's own thread and a program at it, held by \
                  descriptors",
        area: "tracing",
        since: Some("4.9"), // 0515e5999a46
        privilege: TRACING,
        stages: FIRES,
        needs: &["prog-load", "perf-event-open"],
        run: perf_event,
    },
];

/// `tracepoint`
fn tracepoint(bench: &mut Bench) -> Trial {
    at_tracepoint(bench, "task/task_rename", rename)
}

/// `tracepoint-syscall`
fn tracepoint_syscall(bench: &mut Bench) -> Trial {
    at_tracepoint(bench, "syscalls/sys_enter_getsid", getsid)
}

fn at_tracepoint(bench: &mut Bench, event: &str, cause: fn() -> Trial) -> Trial {
    let kind = Recipe::of(ProgType::Tracepoint, &[]);
    // An event that is not there is known without a program, which such a kernel may not take.
    // Who may not look is told first whether the program loads.
    let known = match reach_tracefs(bench).and_then(|()| number(event)) {
        Err(missing @ Trouble::Failed { .. }) => return Err(missing),
        known => known,
    };
    let witness = Witness::load(bench, &kind, &Code::new(), 0)?;
    let event = PerfEvent {
        kind: PerfEvent::TRACEPOINT,
        config: known?,
        period: 1,
        sample: PerfEvent::SAMPLE_RAW,
        ..PerfEvent::default()
    };
    let event = Event::open(&event, 0, -1).at(Stage::Attach)?;
    event.run(&witness.program).at(Stage::Attach)?;
    event.enable().at(Stage::Attach)?;
    bench.tracing.keep(event);
    witness.fires_on(cause)
}

/// Where tracefs is looked for, as libbpf does.
const TRACEFS: [&str; 2] = [place::TRACEFS, "/sys/kernel/debug/tracing"];

/// Where tracefs is mounted.
pub(super) fn tracefs() -> impl Iterator<Item = &'static str> {
    TRACEFS.into_iter().filter(|place| is_mounted(place))
}

/// Sees to it that tracefs can be read: where the host has it mounted nowhere, it is mounted for
/// this process alone.
pub(super) fn reach_tracefs(bench: &mut Bench) -> Trial {
    match tracefs().next() {
        Some(_) => Ok(()),
        None => bench.place().tracefs(),
    }
}

/// Whether something is mounted at a place. Going there would not do: debugfs mounts tracefs
/// below itself when somebody looks, which would be a trace of the doctor.
fn is_mounted(place: &str) -> bool {
    let above = place.rsplit_once('/').map_or("/", |(above, _)| above);
    let device = |path: &str| {
        let file = stat::fstatat(fcntl::AT_FDCWD, path, AtFlags::AT_NO_AUTOMOUNT);
        file.map(|file| file.st_dev)
    };
    matches!((device(place), device(above)), (Ok(here), Ok(there)) if here != there)
}

/// The number of an event, which tracefs knows.
pub(super) fn number(event: &str) -> Result<u64, Trouble> {
    let mut missing = None;
    for root in tracefs() {
        match short_file(&format!("{root}/events/{event}/id")) {
            Ok(text) => {
                return text
                    .parse()
                    .map_err(|_| Errno::EINVAL)
                    .told()
                    .at(Stage::Open);
            }
            Err(Errno::ENOENT) => missing = Some(format!("{root}/events/{event} is not there")),
            Err(errno) => {
                return Err(Trouble::Skipped(format!(
                    "{root}/events/{event}/id can't be read: {errno:?}"
                )));
            }
        }
    }
    match missing {
        // Also where lockdown is in confidentiality mode: all events are gone then.
        Some(remark) => Err(Trouble::Failed {
            stage: Stage::Open,
            errno: Some(Errno::ENOENT.into()),
            remark,
        }),
        None => Err(Trouble::Skipped(
            "tracefs, which knows the numbers of events, is not mounted".to_owned(),
        )),
    }
}

/// `raw-tracepoint`
fn raw_tracepoint(bench: &mut Bench) -> Trial {
    let kind = Recipe::of(ProgType::RawTracepoint, &[]);
    at_raw_tracepoint(bench, &kind, c"task_rename", rename)
}

/// `raw-tracepoint-writable`
fn raw_tracepoint_writable(bench: &mut Bench) -> Trial {
    let kind = Recipe::of(ProgType::RawTracepointWritable, &[]);
    let code = [Insn::set(Reg::R0, 0), Insn::exit()];
    let smallest = bench.load(&Recipe::of(ProgType::SocketFilter, &code))?;
    // ENOENT: before 5.2 test runs have no such event.
    at_raw_tracepoint(bench, &kind, c"bpf_test_finish", || {
        let answer = smallest.test_run(&basics::PACKET);
        answer.map(drop).at(Stage::Trigger)
    })
}

fn at_raw_tracepoint(
    bench: &mut Bench,
    kind: &Recipe<'_>,
    name: &CStr,
    cause: impl Fn() -> Trial,
) -> Trial {
    let witness = Witness::load(bench, kind, &Code::new(), 0)?;
    let link = Link::raw_tracepoint(&witness.program, Some(name)).at(Stage::Attach)?;
    bench.tracing.keep(link);
    witness.fires_on(cause)
}

/// Gives this thread the name it has, which is an event all the same.
pub(super) fn rename() -> Trial {
    sys::thread_name()
        .and_then(|name| prctl::set_name(&name))
        .of(Call::Prctl)
        .at(Stage::Trigger)
}

/// `perf-event-program`
fn perf_event(bench: &mut Bench) -> Trial {
    /// PERF_COUNT_SW_PAGE_FAULTS
    const PAGE_FAULTS: u64 = 2;
    let kind = Recipe::of(ProgType::PerfEvent, &[]);
    let witness = Witness::load(bench, &kind, &Code::new(), 0)?;
    let event = PerfEvent {
        kind: PerfEvent::SOFTWARE,
        config: PAGE_FAULTS,
        period: 1,
        flags: PerfEvent::EXCLUDE_KERNEL,
        ..PerfEvent::default()
    };
    let event = Event::open(&event, 0, -1).at(Stage::Attach)?;
    event.run(&witness.program).at(Stage::Attach)?;
    event.enable().at(Stage::Attach)?;
    // Memory this large comes fresh from the kernel (glibc keeps up to 32 MiB of what was given
    // back), and each page of it with its first use: one page is used.
    let touch = || {
        let mut fresh = vec![0_u8; 33 << 20];
        if let Some(last) = fresh.last_mut() {
            *last = 1;
        }
        hint::black_box(&fresh);
        Ok(())
    };
    bench.tracing.keep(event);
    witness.fires_on(touch)
}
