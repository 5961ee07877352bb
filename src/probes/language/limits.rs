//! How long programs may be, and how long they may run.

use super::returns;
use crate::probes::bench::Bench;
use crate::probes::bench::Trial;
use crate::probes::insn::Code;
use crate::probes::insn::Insn;
use crate::probes::insn::Op;
use crate::probes::insn::Reg;
use crate::probes::insn::Size;
use crate::probes::insn::When;
use crate::probes::kinds::MapType;
use crate::probes::kinds::Shape;
use crate::probes::outcome::Stage;
use crate::probes::table::ONE_SMALL_PROGRAM;
use crate::probes::table::Probe;
use crate::probes::table::RUNS;
use crate::probes::table::TRACING;

/// What takes a program out of the narrow limits for everybody.
const PRIVILEGED: &str = "CAP_BPF (before 5.8: CAP_SYS_ADMIN)";

/// What this file adds to the probe table.
pub(in crate::probes) const PROBES: &[Probe] = &[
    Probe {
        id: "large-program",
        title: "Programs can be longer than 4096 instructions",
        about: "Runs a program of 4200 instructions; a kernel with the old limit answers E2BIG. \
                The same change let the verifier follow a program for a million instructions.",
        effects: "none: one program, held by a descriptor",
        area: "language",
        since: Some("5.2"), // c04c0d2b968a
        privilege: PRIVILEGED,
        stages: &[Stage::Load, Stage::Trigger, Stage::Read],
        needs: &["prog-run"],
        run: large,
    },
    Probe {
        id: "bounded-loop",
        title: "Programs can loop",
        about: "Runs a program that counts to ten; a verifier that knows no loops answers EINVAL \
                and names a back-edge.",
        effects: ONE_SMALL_PROGRAM,
        area: "language",
        since: Some("5.3"), // 2589726d12a1
        privilege: TRACING,
        stages: &[Stage::Load, Stage::Trigger, Stage::Read],
        needs: &["prog-run"],
        run: bounded_loop,
    },
    Probe {
        id: "may-goto",
        title: "Programs can loop without a bound the verifier sees",
        about: "Runs a program with a `may_goto` that leaves its loop after ten rounds.",
        effects: "none: a map and a program, held by descriptors",
        area: "language",
        since: Some("6.9"), // 011832b97b31
        privilege: "CAP_BPF and CAP_PERFMON",
        stages: RUNS,
        needs: &["global-data"],
        run: may_goto,
    },
];

/// `large-program`
fn large(bench: &mut Bench) -> Trial {
    bench.takes_privilege()?;
    // E2BIG: bpf_prog_load() before 5.2.
    let code = Code::new().then(&vec![Insn::set(Reg::R0, 1); 4200]).exit();
    returns(bench, &code, 1)
}

/// `bounded-loop`
fn bounded_loop(bench: &mut Bench) -> Trial {
    bench.takes_privilege()?;
    let code = Code::new()
        .set(Reg::R0, 0)
        .math(Op::Add, Reg::R0, 1)
        .jump_when(When::NotEqual, Reg::R0, 10, -2)
        .exit();
    returns(bench, &code, 10)
}

/// `may-goto`
fn may_goto(bench: &mut Bench) -> Trial {
    bench.takes_privilege()?;
    let map = bench.map(&Shape::of(MapType::Array))?;
    // What is in memory the verifier does not follow.
    let code = Code::new()
        .map_value(Reg::R6, &map)
        .may_jump(5)
        .load(Size::U32, Reg::R0, Reg::R6, 0)
        .math(Op::Add, Reg::R0, 1)
        .store(Size::U32, Reg::R6, 0, Reg::R0)
        .jump_when(When::Equal, Reg::R0, 10, 1)
        .jump(-6)
        .load(Size::U32, Reg::R0, Reg::R6, 0)
        .exit();
    returns(bench, &code, 10)
}
