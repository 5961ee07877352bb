//! Who may do what: the smallest thing of each kind that asks for a privilege of its own. Which of
//! them are refused tells who refuses.

use nix::errno::Errno;

use super::super::basics;
use super::super::bench::At;
use super::super::bench::Bench;
use super::super::bench::Trial;
use super::super::bench::Trouble;
use super::super::call::{COMMANDS, Call};
use super::super::insn::Code;
use super::super::kinds::ProgType;
use super::super::kinds::Recipe;
use super::super::kinds::hook;
use super::super::log;
use super::super::outcome::{NOT_REACHED, Stage};
use super::super::passed;
use super::super::sys;
use super::super::sys::Event;
use super::super::sys::PerfEvent;
use super::super::sys::Program;
use super::super::table::NONE;
use super::super::table::NOTHING;
use super::super::table::ONE_PROGRAM;
use super::super::table::Probe;
use super::super::table::TRACING;

const NETWORKING: &str = "CAP_BPF and CAP_NET_ADMIN (before 5.8: CAP_SYS_ADMIN)";
const ONE_EVENT: &str = "none: a counter of nothing, held by a descriptor";
const REFUSED: &str = "none: the program is refused in any case, for it has no target";

pub(super) const PROBES: &[Probe] = &[
    Probe {
        id: "bpf-commands",
        title: "Every command of bpf() reaches the kernel",
        about: "Gives each command of bpf(2) attributes that can't be read: EFAULT says that the \
                kernel took the call. What answers otherwise looked at the command alone, as \
                seccomp filters do.",
        effects: NOTHING,
        area: "privilege",
        since: Some("3.18"), // 99c55f7d47c0
        privilege: NONE,
        stages: &[Stage::Trigger],
        needs: &["bpf-syscall"],
        run: commands,
    },
    Probe {
        id: "perf-event-call",
        title: "perf_event_open() reaches the kernel",
        about: "Calls perf_event_open(2) with flags no kernel has, then without an event: EINVAL, \
                then EFAULT say that the kernel took the call, for it asks for no right before \
                it looks at them.",
        effects: NOTHING,
        area: "privilege",
        since: Some("2.6.31"),
        privilege: "none",
        stages: &[Stage::Trigger],
        needs: &[],
        run: perf_call,
    },
    Probe {
        id: "load-cgroup-skb",
        title: "Programs for the packets of cgroups can be loaded",
        about: "Loads a program of two instructions of type cgroup_skb; nothing is attached.",
        effects: ONE_PROGRAM,
        area: "privilege",
        since: Some("4.10"), // 0e33661de493
        privilege: "as prog-load",
        stages: &[Stage::Load],
        needs: &["prog-load"],
        run: |bench| load(bench, ProgType::CgroupSkb),
    },
    Probe {
        id: "load-cgroup-device",
        title: "Programs that guard devices can be loaded",
        about: "Loads a program of two instructions of type cgroup_device; nothing is attached.",
        effects: ONE_PROGRAM,
        area: "privilege",
        since: Some("4.15"), // ebc614f68736
        privilege: NETWORKING,
        stages: &[Stage::Load],
        needs: &["prog-load"],
        run: |bench| load(bench, ProgType::CgroupDevice),
    },
    Probe {
        id: "load-xdp",
        title: "XDP programs can be loaded",
        about: "Loads a program of two instructions of type xdp; nothing is attached.",
        effects: ONE_PROGRAM,
        area: "privilege",
        since: Some("4.8"), // 6a773a15a1e8
        privilege: NETWORKING,
        stages: &[Stage::Load],
        needs: &["prog-load"],
        run: |bench| load(bench, ProgType::Xdp),
    },
    Probe {
        id: "load-kprobe",
        title: "Kprobe programs can be loaded",
        about: "Loads a program of two instructions of type kprobe; nothing is attached, which \
                takes more of the kernel than this.",
        effects: ONE_PROGRAM,
        area: "privilege",
        since: Some("4.1"), // 2541517c32be
        privilege: TRACING,
        stages: &[Stage::Load],
        needs: &["prog-load"],
        run: |bench| load(bench, ProgType::Kprobe),
    },
    Probe {
        id: "load-tracing",
        title: "Tracing programs (fentry and its kin) are let in",
        about: "Gives the kernel a tracing program without a target: that the verifier asks for \
                one says that the program was let in.",
        effects: REFUSED,
        area: "privilege",
        since: Some("5.5"), // f1b9509c2fb0
        privilege: TRACING,
        stages: &[Stage::Load],
        needs: &["prog-load"],
        run: |_bench| let_in(ProgType::Tracing, hook::TRACE_FENTRY),
    },
    Probe {
        id: "load-lsm",
        title: "Programs for security hooks are let in",
        about: "Gives the kernel an LSM program without a target: that the verifier asks for one \
                says that the program was let in.",
        effects: REFUSED,
        area: "privilege",
        since: Some("5.7"), // fc611f47f218
        privilege: TRACING,
        stages: &[Stage::Load],
        needs: &["prog-load"],
        run: |_bench| let_in(ProgType::Lsm, hook::LSM_MAC),
    },
    Probe {
        id: "load-ext",
        title: "Programs that replace functions of others are let in",
        about: "Gives the kernel an extension program without a target: that the verifier asks for \
                one says that the program was let in.",
        effects: REFUSED,
        area: "privilege",
        since: Some("5.6"), // be8704ff07d2
        privilege: "CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN (before 5.8: CAP_SYS_ADMIN)",
        stages: &[Stage::Load],
        needs: &["prog-load"],
        run: |_bench| let_in(ProgType::Ext, 0),
    },
    Probe {
        id: "perf-event-open",
        title: "Processes can count events of their own",
        about: "Opens a counter of nothing (PERF_COUNT_SW_DUMMY) for the probe's own thread, in \
                user space alone: what perf_event_paranoid allows everyone up to 2.",
        effects: ONE_EVENT,
        area: "privilege",
        since: Some("3.12"), // fa0097ee690693
        privilege: "none where kernel.perf_event_paranoid is at most 2; else CAP_PERFMON, on \
                    kernels of Debian and Ubuntu CAP_SYS_ADMIN",
        stages: &[Stage::Create],
        needs: &[],
        run: |_bench| event(PerfEvent::EXCLUDE_KERNEL, 0, -1),
    },
    Probe {
        id: "perf-event-kernel",
        title: "Processes can count events inside the kernel",
        about: "As perf-event-open, in the kernel as well: what attaching kprobes and tracepoints \
                takes.",
        effects: ONE_EVENT,
        area: "privilege",
        since: Some("3.12"),
        privilege: "none where kernel.perf_event_paranoid is at most 1; else CAP_PERFMON, on \
                    kernels of Debian and Ubuntu, where it is 3 or more, CAP_SYS_ADMIN",
        stages: &[Stage::Create],
        needs: &["perf-event-open"],
        run: |_bench| event(0, 0, -1),
    },
    Probe {
        id: "perf-event-cpu",
        title: "Events of a whole processor can be opened",
        about: "As perf-event-open, for all that runs on the first processor: what perf buffers \
                take. A counter of nothing sees none of it.",
        effects: ONE_EVENT,
        area: "privilege",
        since: Some("3.12"),
        privilege: "none where kernel.perf_event_paranoid is at most 0; else CAP_PERFMON, on \
                    kernels of Debian and Ubuntu, where it is 3 or more, CAP_SYS_ADMIN",
        stages: &[Stage::Create],
        needs: &["perf-event-open"],
        run: |_bench| event(PerfEvent::EXCLUDE_KERNEL, -1, 0),
    },
];

/// Loads the smallest program of a type.
fn load(bench: &mut Bench, of: ProgType) -> Trial {
    // EINVAL: the kernel does not know the type. EPERM: see the privilege.
    let code = Code::new().exit_with(0);
    bench.load(&Recipe::of(of, &code)).map(drop)
}

/// Gives the kernel a program that lacks its target.
fn let_in(of: ProgType, hook: u32) -> Trial {
    let code = Code::new().exit_with(0);
    let recipe = Recipe {
        hook,
        ..Recipe::of(of, &code)
    };
    let mut text = vec![0; 4096];
    match Program::load(&recipe, &mut text) {
        Ok(_program) => {
            passed::note(Stage::Load);
            Ok(())
        }
        // The verifier was reached: all who ask for privileges had been asked before. A kernel
        // that does not know the type says EINVAL as well, and has no verifier to say more.
        Err(code) if code == Errno::EINVAL && text.first() != Some(&0) => {
            passed::note(Stage::Load);
            Ok(())
        }
        Err(code) => {
            let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
            log::note_verifier(&String::from_utf8_lossy(text));
            Err(code).at(Stage::Load)
        }
    }
}

/// `bpf-commands`
fn commands(bench: &mut Bench) -> Trial {
    let mut first = None;
    let mut refused = Vec::new();
    for (number, name) in (0_u32..).zip(COMMANDS) {
        // A filter may kill for one of them.
        let before = match number > 0 && refused.is_empty() {
            true => "; those with a number below its own were let through",
            false => "",
        };
        bench.about_to(&format!("the command {name} of bpf(){before}"));
        match sys::stopped(Call::Bpf(number)) {
            // The attributes are copied before anything is asked of the caller, but that up to
            // 5.18 kernel.unprivileged_bpf_disabled comes first.
            None => {}
            Some(code) if code.number() == 0 => refused.push(format!("{name} (carried out)")),
            Some(code) => {
                first.get_or_insert(code);
                refused.push(format!("{name} ({code})"));
            }
        }
    }
    if refused.is_empty() {
        passed::note(Stage::Trigger);
        return Ok(());
    }
    let remark = match refused.len() == COMMANDS.len() {
        true => "every command was refused before its attributes were looked at".to_owned(),
        false => format!("{NOT_REACHED}{}", refused.join(", ")),
    };
    Err(Trouble::Failed {
        stage: Stage::Trigger,
        errno: first,
        remark,
    })
}

/// `perf-event-call`
fn perf_call(_bench: &mut Bench) -> Trial {
    // ENOSYS: without CONFIG_PERF_EVENTS, or a seccomp filter that says so.
    let answer = match sys::stopped(Call::PerfEventOpen) {
        None => {
            passed::note(Stage::Trigger);
            Ok(())
        }
        Some(code) if code.number() == 0 => Err(Trouble::wrong(
            Stage::Trigger,
            "a call with flags that do not exist was carried out".to_owned(),
        )),
        Some(code) => Err(code).at(Stage::Trigger),
    };
    basics::unless_the_kernel_has_it(answer, "kernel.perf_event_paranoid")
}

/// Opens a counter of nothing.
fn event(flags: u64, process: i32, processor: i32) -> Trial {
    /// PERF_COUNT_SW_DUMMY
    const DUMMY: u64 = 9;
    let event = PerfEvent {
        kind: PerfEvent::SOFTWARE,
        config: DUMMY,
        flags: flags | PerfEvent::DISABLED,
        ..PerfEvent::default()
    };
    // ENOSYS: without CONFIG_PERF_EVENTS. EACCES: kernel.perf_event_paranoid. EPERM: seccomp, or
    // a security module.
    Event::open(&event, process, processor)
        .map(drop)
        .at(Stage::Create)
}
