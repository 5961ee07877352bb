//! Functions of the kernel that programs call by their BTF (kfuncs).

use super::returns;
use crate::probes::basics::PACKET;
use crate::probes::basics::expect;
use crate::probes::bench::At;
use crate::probes::bench::Bench;
use crate::probes::bench::Trial;
use crate::probes::insn::Code;
use crate::probes::insn::Op;
use crate::probes::insn::Reg;
use crate::probes::insn::Size;
use crate::probes::insn::When;
use crate::probes::kinds::MapType;
use crate::probes::kinds::ProgType;
use crate::probes::kinds::Shape;
use crate::probes::outcome::Stage;
use crate::probes::table::BPF_AND_NET;
use crate::probes::table::ONE_SMALL_PROGRAM;
use crate::probes::table::Probe;
use crate::probes::table::RUNS;

/// What this file adds to the probe table.
pub(in crate::probes) const PROBES: &[Probe] = &[
    Probe {
        id: "kfunc-call",
        title: "Programs can call functions of the kernel (kfuncs)",
        about: "Runs a program that calls bpf_rcu_read_lock and bpf_rcu_read_unlock by their ids \
                in the kernel's BTF.",
        effects: ONE_SMALL_PROGRAM,
        area: "language",
        since: Some("6.2"), // 9bb00b2895cb; others since 5.13, e6ac2450d6de
        privilege: "CAP_BPF",
        stages: &[Stage::Load, Stage::Trigger, Stage::Read],
        needs: &["prog-run"],
        run: call,
    },
    Probe {
        id: "iterator",
        title: "Programs can walk by iterators",
        about: "Runs a program that adds the numbers from 0 to 4 up with bpf_iter_num_next.",
        effects: "none: a map and a program, held by descriptors",
        area: "language",
        since: Some("6.4"), // 6018e1f407cc
        privilege: "CAP_BPF and CAP_PERFMON",
        stages: RUNS,
        needs: &["global-data", "prog-run"],
        run: iterator,
    },
    Probe {
        id: "exceptions",
        title: "Programs can throw exceptions",
        about: "Runs a traffic-control program for a test that calls bpf_throw; it is attached to \
                nothing.",
        effects: ONE_SMALL_PROGRAM,
        area: "language",
        since: Some("6.7"), // f18b03fabaa9, on x86-64; arm64 since 6.9
        privilege: BPF_AND_NET,
        stages: &[Stage::Load, Stage::Trigger, Stage::Read],
        needs: &["prog-run"],
        run: throw,
    },
];

/// `kfunc-call`
fn call(bench: &mut Bench) -> Trial {
    bench.takes_privilege()?;
    let kernel = bench.kernel_types()?;
    let code = Code::new()
        .call_kernel(kernel.id("bpf_rcu_read_lock")?)
        .call_kernel(kernel.id("bpf_rcu_read_unlock")?)
        .exit_with(42);
    returns(bench, &code, 42)
}

/// `iterator`
fn iterator(bench: &mut Bench) -> Trial {
    bench.takes_privilege()?;
    let kernel = bench.kernel_types()?;
    let [new, next, destroy] = [
        kernel.id("bpf_iter_num_new")?,
        kernel.id("bpf_iter_num_next")?,
        kernel.id("bpf_iter_num_destroy")?,
    ];
    let sum = bench.map(&Shape::of(MapType::Array))?;
    let state = |code: Code| code.copy(Reg::R1, Reg::R10).math(Op::Add, Reg::R1, -8);
    let code = Code::new().map_value(Reg::R6, &sum);
    let code = state(code).set(Reg::R2, 0).set(Reg::R3, 5).call_kernel(new);
    // The sum is kept in memory, where the verifier does not follow it.
    let code = state(code)
        .call_kernel(next)
        .jump_when(When::Equal, Reg::R0, 0, 5)
        .load(Size::U32, Reg::R1, Reg::R0, 0)
        .load(Size::U32, Reg::R2, Reg::R6, 0)
        .math_by(Op::Add, Reg::R2, Reg::R1)
        .store(Size::U32, Reg::R6, 0, Reg::R2)
        .jump(-9);
    let code = state(code)
        .call_kernel(destroy)
        .load(Size::U32, Reg::R0, Reg::R6, 0)
        .exit();
    returns(bench, &code, 10)
}

/// `exceptions`
fn throw(bench: &mut Bench) -> Trial {
    let kernel = bench.kernel_types()?;
    let code = Code::new()
        .set(Reg::R1, 42)
        .call_kernel(kernel.id("bpf_throw")?)
        .exit_with(7);
    let program = bench.program(ProgType::SchedCls, &code)?;
    let answer = program.test_run(&PACKET).at(Stage::Trigger)?;
    // Without a handler the program returns what was thrown.
    expect("the program returned", answer.into(), 42)
}
