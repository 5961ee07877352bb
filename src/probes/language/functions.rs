//! Functions of programs: called, checked on their own, handed to the kernel.

use super::returns;
use super::with_callback;
use crate::probes::basics::PACKET;
use crate::probes::basics::expect;
use crate::probes::bench::At;
use crate::probes::bench::Bench;
use crate::probes::bench::Trial;
use crate::probes::insn::Code;
use crate::probes::insn::Op;
use crate::probes::insn::Reg;
use crate::probes::insn::Size;
use crate::probes::kinds::MapType;
use crate::probes::kinds::ProgType;
use crate::probes::kinds::Recipe;
use crate::probes::kinds::Shape;
use crate::probes::kinds::helper;
use crate::probes::maps::nested;
use crate::probes::outcome::Stage;
use crate::probes::sys::Btf;
use crate::probes::table::BPF;
use crate::probes::table::ONE_SMALL_PROGRAM;
use crate::probes::table::Probe;
use crate::probes::types::GLOBAL;
use crate::probes::types::Types;

/// What this file adds to the probe table.
pub(in crate::probes) const PROBES: &[Probe] = &[
    Probe {
        id: "subprogram",
        title: "Programs can be made of several functions",
        about: "Runs a program that calls a second function of its own.",
        effects: ONE_SMALL_PROGRAM,
        area: "language",
        since: Some("4.16"), // cc8b0b92a169
        privilege: "CAP_BPF (before 5.8: CAP_SYS_ADMIN)",
        stages: &[Stage::Load, Stage::Trigger, Stage::Read],
        needs: &["prog-run"],
        run: subprogram,
    },
    Probe {
        id: "tail-call-subprogram",
        title: "Functions of a program can go on in another program",
        about: "As tail-call, from a second function of the program: EINVAL says that the \
                kernel takes either functions or tail calls.",
        effects: "none: a map and two programs, held by descriptors",
        area: "language",
        since: Some("5.10"), // e411901c0b77, for x86-64; arm64 since 6.0
        privilege: BPF,
        stages: &[
            Stage::Create,
            Stage::BtfLoad,
            Stage::Load,
            Stage::Trigger,
            Stage::Read,
        ],
        needs: &["tail-call", "subprogram"],
        run: tail_call_in_subprogram,
    },
    Probe {
        id: "global-function",
        title: "Functions can be checked on their own",
        about: "Runs a program of two functions that BTF describes as global.",
        effects: "none: a BTF and a program, held by descriptors",
        area: "language",
        since: Some("5.6"), // 51c39bb1d5d1
        privilege: "CAP_BPF (before 5.8: CAP_SYS_ADMIN)",
        stages: &[Stage::BtfLoad, Stage::Load, Stage::Trigger, Stage::Read],
        needs: &["subprogram"],
        run: global_function,
    },
    Probe {
        id: "bpf-loop",
        title: "Programs can hand a loop to the kernel",
        about: "Runs a program that has bpf_loop call a function of its own seven times.",
        effects: "none: a BTF, a map and a program, held by descriptors",
        area: "language",
        since: Some("5.17"), // e6f2dd0f8067
        privilege: "CAP_BPF",
        stages: &[
            Stage::Create,
            Stage::BtfLoad,
            Stage::Load,
            Stage::Trigger,
            Stage::Read,
        ],
        needs: &["global-data", "subprogram"],
        run: bpf_loop,
    },
];

/// `subprogram`
fn subprogram(bench: &mut Bench) -> Trial {
    returns(bench, &two_functions(), ANSWER)
}

/// What the second function returns.
const ANSWER: i32 = 42;

/// The first of two functions calls the second one.
fn two_functions() -> Code {
    Code::new().call_own(1).exit().exit_with(ANSWER)
}

/// `tail-call-subprogram`
fn tail_call_in_subprogram(bench: &mut Bench) -> Trial {
    let map = nested::targets(bench)?;
    // EINVAL "tail_calls are not allowed in programs with bpf-to-bpf calls": before 5.10, and
    // where the machine's compiler does not have it.
    // Described by BTF, without which some kernels take no tail call there.
    let main = Code::new().call_own(1).exit();
    let answer = with_callback(bench, &main, &nested::goes_on(&map))?;
    expect(
        "the programs returned",
        answer.into(),
        nested::ANSWER.into(),
    )
}
/// `global-function`
fn global_function(bench: &mut Bench) -> Trial {
    let mut types = Types::new();
    let int = types.int();
    let nothing = types.prototype(int, &[]);
    let main = types.function("main", nothing, GLOBAL);
    let second = types.function("second", nothing, GLOBAL);
    // EINVAL: before 5.6 the linkage of functions is a bit that must be zero.
    let types = Btf::load(&types.bytes()).at(Stage::BtfLoad)?;
    let code = two_functions();
    let program = bench.load(&Recipe {
        btf: Some((&types, &[(0, main), (2, second)])),
        ..Recipe::of(ProgType::SocketFilter, &code)
    })?;
    let answer = program.test_run(&PACKET).at(Stage::Trigger)?;
    expect("the program returned", answer.into(), ANSWER.into())
}

/// `bpf-loop`
fn bpf_loop(bench: &mut Bench) -> Trial {
    const ROUNDS: i32 = 7;
    let map = bench.map(&Shape::of(MapType::Array))?;
    let rest = Code::new()
        .set(Reg::R3, 0)
        .set(Reg::R4, 0)
        .call(helper::LOOP)
        .exit();
    let main = Code::new()
        .set(Reg::R1, ROUNDS)
        .function(Reg::R2, rest.len() as i32)
        .then(&rest);
    let callback = Code::new()
        .map_value(Reg::R1, &map)
        .load(Size::U32, Reg::R2, Reg::R1, 0)
        .math(Op::Add, Reg::R2, 1)
        .store(Size::U32, Reg::R1, 0, Reg::R2)
        .exit_with(0);
    let rounds = with_callback(bench, &main, &callback)?;
    expect("rounds, by the helper:", rounds.into(), ROUNDS.into())?;
    let counted = map.lookup().at(Stage::Read)?;
    let counted = counted.try_into().map_or(0, i32::from_ne_bytes);
    expect("rounds, by the function:", counted.into(), ROUNDS.into())
}
