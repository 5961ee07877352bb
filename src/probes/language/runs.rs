//! Ways of running a program without its event (BPF_PROG_TEST_RUN).

use nix::errno::Errno;

use crate::probes::basics::PACKET;
use crate::probes::basics::expect;
use crate::probes::bench::At;
use crate::probes::bench::Bench;
use crate::probes::bench::Trial;
use crate::probes::bench::Trouble;
use crate::probes::errno::Answered as _;
use crate::probes::insn::Code;
use crate::probes::insn::Reg;
use crate::probes::insn::Size;
use crate::probes::kinds::MapType;
use crate::probes::kinds::ProgType;
use crate::probes::kinds::Recipe;
use crate::probes::kinds::SLEEPABLE;
use crate::probes::kinds::Shape;
use crate::probes::outcome::Stage;
use crate::probes::table::BPF_AND_NET;
use crate::probes::table::ONE_SMALL_PROGRAM;
use crate::probes::table::Probe;
use crate::probes::table::RUNS;
use crate::probes::table::TRACING;

/// What this file adds to the probe table.
pub(in crate::probes) const PROBES: &[Probe] = &[
    Probe {
        id: "run-with-packet",
        title: "XDP programs can be run on a packet that is given back",
        about: "Runs an XDP program on a packet of its own, and reads the packet afterwards.",
        effects: ONE_SMALL_PROGRAM,
        area: "runs",
        since: Some("4.12"), // 1cf1cae963c2
        privilege: BPF_AND_NET,
        stages: &[Stage::Load, Stage::Trigger, Stage::Read],
        needs: &["prog-load"],
        run: packet,
    },
    Probe {
        id: "run-with-context",
        title: "Traffic-control programs can be run with a context",
        about: "Runs a traffic-control program that returns the first word of its control block, \
                which it is given.",
        effects: ONE_SMALL_PROGRAM,
        area: "runs",
        since: Some("5.2"), // b0b9395d865e
        privilege: BPF_AND_NET,
        stages: &[Stage::Load, Stage::Trigger, Stage::Read],
        needs: &["prog-load"],
        run: context,
    },
    Probe {
        id: "run-raw-tracepoint",
        title: "Raw tracepoint programs can be run without their event",
        about: "Runs a raw tracepoint program that returns its first argument, which it is given; \
                it is attached to no tracepoint.",
        effects: ONE_SMALL_PROGRAM,
        area: "runs",
        since: Some("5.10"), // 1b4d60ec162f
        privilege: TRACING,
        stages: &[Stage::Load, Stage::Trigger, Stage::Read],
        needs: &["prog-load"],
        run: raw_tracepoint,
    },
    Probe {
        id: "stack-trace-run",
        title: "Programs can take call stacks",
        about: "Runs a raw tracepoint program for a test that takes the probe's own stack inside \
                the kernel into a STACK_TRACE map, reads the first address of it back and deletes \
                it.",
        effects: "none: a map and a program, held by descriptors",
        area: "runs",
        since: Some("5.10"), // d5a3b1f69186 (4.6), 1b4d60ec162f (5.10)
        privilege: TRACING,
        stages: RUNS,
        needs: &["run-raw-tracepoint"],
        run: stack_trace,
    },
    Probe {
        id: "syscall-program",
        title: "Programs can be run by a system call",
        about: "Runs a SYSCALL program, which may sleep, on a context of its own.",
        effects: ONE_SMALL_PROGRAM,
        area: "runs",
        since: Some("5.14"), // 79a7f8bdb159
        privilege: "CAP_BPF",
        stages: &[Stage::Load, Stage::Trigger, Stage::Read],
        needs: &["prog-load"],
        run: syscall,
    },
];

/// `run-with-packet`
fn packet(bench: &mut Bench) -> Trial {
    /// What XDP programs say of a packet that may go on.
    const XDP_PASS: i32 = 2;
    let code = Code::new().exit_with(XDP_PASS);
    let program = bench.program(ProgType::Xdp, &code)?;
    let mut sent = PACKET;
    sent.fill(0x5a);
    let ran = program.test_run_packet(&sent).at(Stage::Trigger)?;
    expect("the program returned", ran.returned.into(), XDP_PASS.into())?;
    if ran.data == sent {
        return Ok(());
    }
    Err(Trouble::wrong(
        Stage::Read,
        format!("the packet came back as {:02x?}", ran.data),
    ))
}

/// `run-with-context`
fn context(bench: &mut Bench) -> Trial {
    /// Where the control block begins (`struct __sk_buff`).
    const CONTROL_BLOCK: i16 = 48;
    let code = Code::new()
        .load(Size::U32, Reg::R0, Reg::R1, CONTROL_BLOCK)
        .exit();
    let program = bench.program(ProgType::SchedCls, &code)?;
    let mut context = [0; CONTROL_BLOCK as usize + 4];
    if let Some(word) = context.get_mut(CONTROL_BLOCK as usize..) {
        word.copy_from_slice(&42_i32.to_ne_bytes());
    }
    let answer = program
        .test_run_with(&PACKET, &mut context)
        .at(Stage::Trigger)?;
    expect("the program returned", answer.into(), 42)
}

/// `run-raw-tracepoint`
fn raw_tracepoint(bench: &mut Bench) -> Trial {
    let code = Code::new().load(Size::U64, Reg::R0, Reg::R1, 0).exit();
    let program = bench.program(ProgType::RawTracepoint, &code)?;
    let mut context = 42_u64.to_ne_bytes();
    // ENOTSUPP: before 5.10 this type had no test run.
    let answer = program
        .test_run_with(&[], &mut context)
        .at(Stage::Trigger)?;
    expect("the program returned", answer.into(), 42)
}

/// `stack-trace-run`
fn stack_trace(bench: &mut Bench) -> Trial {
    /// BPF_FUNC_get_stackid
    const GET_STACK_ID: i32 = 27;
    let map = bench.map(&Shape {
        value_size: 16 * 8,
        entries: 8,
        ..Shape::of(MapType::StackTrace)
    })?;
    let code = Code::new()
        .map(Reg::R2, &map)
        .set(Reg::R3, 0)
        .call(GET_STACK_ID)
        .exit();
    let program = bench.program(ProgType::RawTracepoint, &code)?;
    let mut context = 42_u64.to_ne_bytes();
    let stack = program
        .test_run_with(&[], &mut context)
        .at(Stage::Trigger)?;
    // What is no number of a stack is an error.
    if let Some(errno) = 0_i32.checked_sub(stack as i32).filter(|errno| *errno > 0) {
        return Err(Errno::from_raw(errno)).told().at(Stage::Trigger);
    }
    let key = stack.to_ne_bytes();
    let taken = map.lookup_at(&key).at(Stage::Read)?;
    if taken.iter().take(8).all(|byte| *byte == 0) {
        let remark = "the stack that was taken has no address in it".to_owned();
        return Err(Trouble::wrong(Stage::Read, remark));
    }
    map.delete(&key).at(Stage::Read)
}

/// `syscall-program`
fn syscall(bench: &mut Bench) -> Trial {
    let code = Code::new().load(Size::U64, Reg::R0, Reg::R1, 0).exit();
    let program = bench.load(&Recipe {
        flags: SLEEPABLE,
        ..Recipe::of(ProgType::Syscall, &code)
    })?;
    let mut context = 42_u64.to_ne_bytes();
    let answer = program
        .test_run_with(&[], &mut context)
        .at(Stage::Trigger)?;
    expect("the program returned", answer.into(), 42)
}
