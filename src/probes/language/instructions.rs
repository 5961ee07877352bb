//! The sets of instructions, which compilers choose by `-mcpu=v1` to `v4`.

use super::returns;
use crate::probes::bench::Bench;
use crate::probes::bench::Trial;
use crate::probes::insn::Atomic;
use crate::probes::insn::Code;
use crate::probes::insn::Op;
use crate::probes::insn::Reg;
use crate::probes::insn::Size;
use crate::probes::insn::When;
use crate::probes::outcome::Stage;
use crate::probes::table::BPF;
use crate::probes::table::ONE_SMALL_PROGRAM;
use crate::probes::table::Probe;

/// What this file adds to the probe table.
pub(in crate::probes) const PROBES: &[Probe] = &[
    Probe {
        id: "isa-v2",
        title: "Programs compiled with -mcpu=v2 load",
        about: "Runs a program with a jump on `less than`.",
        effects: ONE_SMALL_PROGRAM,
        area: "language",
        since: Some("4.14"), // 92b31a9af73b
        privilege: BPF,
        stages: &[Stage::Load, Stage::Trigger, Stage::Read],
        needs: &["prog-run"],
        run: second,
    },
    Probe {
        id: "isa-v3",
        title: "Programs compiled with -mcpu=v3 load",
        about: "Runs a program with arithmetic and a jump on the lower half of a register.",
        effects: ONE_SMALL_PROGRAM,
        area: "language",
        since: Some("5.1"), // 092ed0968bb6
        privilege: BPF,
        stages: &[Stage::Load, Stage::Trigger, Stage::Read],
        needs: &["prog-run"],
        run: third,
    },
    Probe {
        id: "isa-v4",
        title: "Programs compiled with -mcpu=v4 load",
        about: "Runs a program with a division with a sign, a copy that keeps the sign, a swap of \
                bytes and a long jump.",
        effects: ONE_SMALL_PROGRAM,
        area: "language",
        since: Some("6.6"), // 1f9a1ea821ff, 8100928c8814, 0845c3db7bf5, ec0e2da95f72, 4cd58e9af8b9
        privilege: BPF,
        stages: &[Stage::Load, Stage::Trigger, Stage::Read],
        needs: &["prog-run"],
        run: fourth,
    },
    Probe {
        id: "atomics",
        title: "Programs can exchange and compare at once",
        about: "Runs a program that fetches while it adds, exchanges, and compares and exchanges \
                a value on its stack.",
        effects: ONE_SMALL_PROGRAM,
        area: "language",
        since: Some("5.12"), // 5ca419f2864a, 5ffa25502b5a
        privilege: BPF,
        stages: &[Stage::Load, Stage::Trigger, Stage::Read],
        needs: &["prog-run"],
        run: atomics,
    },
    Probe {
        id: "load-acquire",
        title: "Programs can load and store in order",
        about: "Runs a program that stores with release and loads with acquire.",
        effects: ONE_SMALL_PROGRAM,
        area: "language",
        since: Some("6.15"), // 880442305a39
        privilege: BPF,
        stages: &[Stage::Load, Stage::Trigger, Stage::Read],
        needs: &["prog-run"],
        run: load_acquire,
    },
];

/// What these programs return: nothing a kernel gives by accident.
const ANSWER: i32 = 42;

/// `isa-v2`
fn second(bench: &mut Bench) -> Trial {
    let code = Code::new()
        .set(Reg::R0, 3)
        .jump_when(When::Below, Reg::R0, 4, 1)
        .exit()
        .exit_with(ANSWER);
    returns(bench, &code, ANSWER)
}

/// `isa-v3`
fn third(bench: &mut Bench) -> Trial {
    let code = Code::new()
        // 2^32 + 3, of which the lower half is 3.
        .set(Reg::R0, 1)
        .math(Op::Lsh, Reg::R0, 32)
        .math(Op::Add, Reg::R0, 3)
        .jump32_when(When::Equal, Reg::R0, 3, 1)
        .exit()
        .math32(Op::Add, Reg::R0, ANSWER - 3)
        .exit();
    returns(bench, &code, ANSWER)
}

/// `isa-v4`
fn fourth(bench: &mut Bench) -> Trial {
    let code = Code::new()
        .set(Reg::R1, 0xff)
        .copy_signed(Reg::R0, Reg::R1, 8) // -1
        .math(Op::Mul, Reg::R0, 84)
        .signed_math(Op::Div, Reg::R0, 2) // -42
        .math(Op::Mul, Reg::R0, -1)
        .math(Op::Lsh, Reg::R0, 8) // 0x2a00
        .swap_bytes(Reg::R0, 16) // 0x002a
        // All must be within reach, so a jump that is never taken leads to what is jumped over.
        .jump_when(When::Equal, Reg::R0, 7, 1)
        .jump_far(1)
        .set(Reg::R0, 0)
        .exit();
    returns(bench, &code, ANSWER)
}

/// `atomics`
fn atomics(bench: &mut Bench) -> Trial {
    let code = Code::new()
        .store_number(Size::U64, Reg::R10, -8, 1)
        .set(Reg::R1, 4)
        .atomic(Atomic::FetchAdd, Size::U64, Reg::R10, -8, Reg::R1) // R1 = 1, there: 5
        .set(Reg::R2, 10)
        .atomic(Atomic::Exchange, Size::U64, Reg::R10, -8, Reg::R2) // R2 = 5, there: 10
        .set(Reg::R0, 10)
        .set(Reg::R3, 36)
        .atomic(Atomic::CompareExchange, Size::U64, Reg::R10, -8, Reg::R3) // there: 36
        .load(Size::U64, Reg::R0, Reg::R10, -8)
        .math_by(Op::Add, Reg::R0, Reg::R1)
        .math_by(Op::Add, Reg::R0, Reg::R2)
        .exit();
    returns(bench, &code, ANSWER)
}

/// `load-acquire`
fn load_acquire(bench: &mut Bench) -> Trial {
    let code = Code::new()
        .set(Reg::R1, ANSWER)
        .store_number(Size::U64, Reg::R10, -8, 0)
        .atomic(Atomic::StoreRelease, Size::U64, Reg::R10, -8, Reg::R1)
        .atomic(Atomic::LoadAcquire, Size::U64, Reg::R0, -8, Reg::R10)
        .exit();
    returns(bench, &code, ANSWER)
}
