//! What programs keep in maps besides numbers: locks, timers, pointers; and memory whose size
//! the verifier does not know.

use std::thread;
use std::time::Duration;
use std::time::Instant;

use nix::errno::Errno;

use super::returns;
use super::with_callback;
use crate::probes::basics::PACKET;
use crate::probes::basics::expect;
use crate::probes::bench::At;
use crate::probes::bench::Bench;
use crate::probes::bench::Trial;
use crate::probes::bench::Trouble;
use crate::probes::insn::Code;
use crate::probes::insn::Op;
use crate::probes::insn::Reg;
use crate::probes::insn::Size;
use crate::probes::kinds::MapType;
use crate::probes::kinds::ProgType;
use crate::probes::kinds::Recipe;
use crate::probes::kinds::Shape;
use crate::probes::kinds::helper;
use crate::probes::maps;
use crate::probes::outcome::Stage;
use crate::probes::sys::Btf;
use crate::probes::sys::Map;
use crate::probes::sys::Program;
use crate::probes::table::Probe;
use crate::probes::table::RUNS;
use crate::probes::types::Types;

const WITH_BTF: &str = "none: a BTF, a map and a program, held by descriptors";

/// What this file adds to the probe table.
pub(in crate::probes) const PROBES: &[Probe] = &[
    Probe {
        id: "spin-lock",
        title: "Programs can lock a value of a map",
        about: "Runs a traffic-control program for a test that locks a value, writes and unlocks \
                it; it is attached to nothing.",
        effects: WITH_BTF,
        area: "language",
        since: Some("5.1"), // d83525ca62cf
        privilege: "CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON (before 5.8: CAP_SYS_ADMIN)",
        stages: &[
            Stage::Create,
            Stage::BtfLoad,
            Stage::Load,
            Stage::Trigger,
            Stage::Read,
        ],
        needs: &["map-create", "prog-run"],
        run: spin_lock,
    },
    Probe {
        id: "timer",
        title: "Programs can set timers",
        about: "Runs a program that starts a timer in a map, and waits for the value the timer's \
                function writes.",
        effects: "none: two BTFs, a map with a timer that fires at once, and a program, held by \
                  descriptors",
        area: "language",
        since: Some("5.15"), // b00628b1c7d5
        privilege: "CAP_BPF and CAP_PERFMON",
        stages: &[
            Stage::Create,
            Stage::BtfLoad,
            Stage::Load,
            Stage::Trigger,
            Stage::Read,
        ],
        needs: &["map-create", "subprogram"],
        run: timer,
    },
    Probe {
        id: "dynptr",
        title: "Programs can use memory of any size (dynptr)",
        about: "Runs a program that writes to a map's value and reads it back through a dynptr.",
        effects: "none: a map and a program, held by descriptors",
        area: "language",
        since: Some("5.19"), // 97e03f521050, 13bbbfbea759
        privilege: "CAP_BPF",
        stages: RUNS,
        needs: &["global-data"],
        run: dynptr,
    },
    Probe {
        id: "kptr",
        title: "Maps can keep pointers to objects of the kernel (kptr)",
        about: "Creates an array whose value BTF describes as a pointer to a task; a program may \
                read it, and one that writes a number there must be refused.",
        effects: WITH_BTF,
        area: "language",
        since: Some("5.19"), // 61df10c7799e
        privilege: "CAP_BPF",
        stages: &[Stage::Create, Stage::BtfLoad, Stage::Load],
        needs: &["btf-type-tag"],
        run: kptr,
    },
];

/// An array of one value that BTF describes: a number, then something else at eight bytes.
fn array(
    bench: &mut Bench,
    value_size: u32,
    add: impl FnOnce(&mut Types, u32) -> u32,
) -> Result<Map, Trouble> {
    let mut types = Types::new();
    let int = types.int();
    let other = add(&mut types, int);
    let value = types.structure(
        "value",
        value_size,
        &[("number", int, 0), ("other", other, 8)],
    );
    let types = Btf::load(&types.bytes()).at(Stage::BtfLoad)?;
    bench.map(&Shape {
        value_size,
        btf: Some((&types, int, value)),
        ..Shape::of(MapType::Array)
    })
}

/// The number in such an array.
fn number(map: &Map) -> Result<i32, Trouble> {
    let value = map.lookup().at(Stage::Read)?;
    let number = value.get(..4).and_then(|number| number.try_into().ok());
    Ok(number.map_or(0, i32::from_ne_bytes))
}

/// `spin-lock`
fn spin_lock(bench: &mut Bench) -> Trial {
    let map = array(bench, 12, |types, int| {
        types.structure("bpf_spin_lock", 4, &[("val", int, 0)])
    })?;
    let lock = |code: Code| code.copy(Reg::R1, Reg::R6).math(Op::Add, Reg::R1, 8);
    let code = maps::find(&map, 0).copy(Reg::R6, Reg::R0);
    let code = lock(code)
        .call(helper::SPIN_LOCK)
        .store_number(Size::U32, Reg::R6, 0, 42);
    let code = lock(code).call(helper::SPIN_UNLOCK).exit_with(0);
    let program = bench.program(ProgType::SchedCls, &code)?;
    program.test_run(&PACKET).at(Stage::Trigger)?;
    expect("written under the lock:", number(&map)?.into(), 42)
}

/// `timer`
fn timer(bench: &mut Bench) -> Trial {
    /// CLOCK_MONOTONIC
    const CLOCK: i32 = 1;
    /// A timer that is due at once fires within microseconds.
    const PATIENCE: Duration = Duration::from_millis(500);
    let map = array(bench, 24, |types, _int| {
        let long = types.long();
        types.structure("bpf_timer", 16, &[("one", long, 0), ("two", long, 8)])
    })?;
    let timer = |code: Code| code.copy(Reg::R1, Reg::R6).math(Op::Add, Reg::R1, 8);
    let code = maps::find(&map, 0).copy(Reg::R6, Reg::R0);
    let code = timer(code)
        .map(Reg::R2, &map)
        .set(Reg::R3, CLOCK)
        .call(helper::TIMER_INIT);
    let start = timer(Code::new().call(helper::TIMER_SET_CALLBACK))
        .set(Reg::R2, 0)
        .set(Reg::R3, 0)
        .call(helper::TIMER_START)
        .exit();
    let code = timer(code)
        .function(Reg::R2, start.len() as i32)
        .then(&start);
    // It is given the map, the key and the value.
    let callback = Code::new()
        .store_number(Size::U32, Reg::R3, 0, 42)
        .exit_with(0);
    let started = with_callback(bench, &code, &callback)?;
    expect("starting the timer answered", i64::from(started as i32), 0)?;
    let until = Instant::now() + PATIENCE;
    while number(&map)? == 0 && Instant::now() < until {
        thread::sleep(Duration::from_micros(50));
    }
    expect("written by the timer:", number(&map)?.into(), 42)
}

/// `dynptr`
fn dynptr(bench: &mut Bench) -> Trial {
    bench.takes_privilege()?;
    let map = bench.map(&Shape {
        value_size: 16,
        ..Shape::of(MapType::Array)
    })?;
    let own = |code: Code, to: Reg, at: i32| code.copy(to, Reg::R10).math(Op::Add, to, at);
    let code = Code::new()
        .map_value(Reg::R1, &map)
        .set(Reg::R2, 16)
        .set(Reg::R3, 0);
    let code = own(code, Reg::R4, -16)
        .call(helper::DYNPTR_FROM_MEM)
        .store_number(Size::U32, Reg::R10, -24, 42)
        .store_number(Size::U32, Reg::R10, -32, 0);
    let code = own(code, Reg::R1, -16).set(Reg::R2, 4);
    let code = own(code, Reg::R3, -24)
        .set(Reg::R4, 4)
        .set(Reg::R5, 0)
        .call(helper::DYNPTR_WRITE);
    let code = own(code, Reg::R1, -32).set(Reg::R2, 4);
    let code = own(code, Reg::R3, -16)
        .set(Reg::R4, 4)
        .set(Reg::R5, 0)
        .call(helper::DYNPTR_READ)
        .load(Size::U32, Reg::R0, Reg::R10, -32)
        .exit();
    returns(bench, &code, 42)?;
    let value = map.lookup().at(Stage::Read)?;
    let written = value.get(4).copied().unwrap_or_default();
    expect("written through the dynptr:", written.into(), 42)
}

/// `kptr`
fn kptr(bench: &mut Bench) -> Trial {
    let map = array(bench, 16, |types, int| {
        let task = types.structure("task_struct", 4, &[("first", int, 0)]);
        let tag = types.type_tag("kptr", task);
        types.pointer(tag)
    })?;
    let kept = maps::find(&map, 0)
        .load(Size::U64, Reg::R1, Reg::R0, 8)
        .exit_with(0);
    bench.program(ProgType::SocketFilter, &kept)?;
    // To a kernel before 5.19 the tag says nothing; later ones let no number into such a place.
    let wrong = maps::find(&map, 0)
        .store_number(Size::U64, Reg::R0, 8, 1)
        .exit_with(0);
    match Program::load(&Recipe::of(ProgType::SocketFilter, &wrong), &mut []) {
        Err(code) if code == Errno::EACCES || code == Errno::EINVAL => Ok(()),
        Err(code) => Err(code).at(Stage::Load),
        Ok(_) => Err(Trouble::wrong(
            Stage::Load,
            "the kernel does not look at the tag `kptr`".to_owned(),
        )),
    }
}
