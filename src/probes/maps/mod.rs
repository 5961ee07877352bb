//! Maps: every family is created, filled by the one side and read by the other.
//!
//! A program of a few instructions stands on the kernel's side, a socket filter where it can be
//! one: that type asks for the least privilege. EINVAL at the creation says that the kernel does
//! not have the type, or not in this shape.

pub(super) mod arena;
pub(super) mod batch;
pub(super) mod data;
pub(super) mod keyed;
pub(super) mod nested;
pub(super) mod packets;
pub(super) mod pins;
pub(super) mod queues;
pub(super) mod storage;
pub(super) mod streams;

use nix::errno::Errno;

use super::basics::PACKET;
use super::bench::At;
use super::bench::Bench;
use super::bench::Trial;
use super::bench::Trouble;
use super::errno;
use super::insn::Code;
use super::insn::Reg;
use super::insn::Size;
use super::insn::When;
use super::kinds::ProgType;
use super::kinds::helper;
use super::outcome::Stage;
use super::passed;
use super::sys::Map;

pub(super) use data::PLAIN;

const MAP_AND_PROGRAM: &str = "none: a map and a program, held by descriptors";
const TWO_MAPS_AND_PROGRAM: &str = "none: two maps and a program, held by descriptors";
/// What maps take that are not for everybody.
const BPF_FOR_MAP: &str = "CAP_BPF (before 5.8: CAP_SYS_ADMIN)";

/// Values that are not the zeros a new map holds, and differ in every byte.
const FIRST: [u8; 4] = [0x11, 0x22, 0x33, 0x44];
const SECOND: [u8; 4] = [0x55, 0x66, 0x77, 0x18];

/// The address of the value a map has for a key is in `R0` then, and not null; where there is
/// none, the program has ended with 0.
pub(super) fn find(map: &Map, key: u32) -> Code {
    Code::new()
        .on_stack(Reg::R2, -4, key as i32)
        .map(Reg::R1, map)
        .call(helper::MAP_LOOKUP_ELEM)
        .jump_when(When::NotEqual, Reg::R0, 0, 2)
        .exit_with(0)
}

/// Runs a socket filter on a packet of its own, and gives what it returned.
fn filter(bench: &mut Bench, code: &Code) -> Result<u32, Trouble> {
    let program = bench.program(ProgType::SocketFilter, code)?;
    program.test_run(&PACKET).at(Stage::Trigger)
}

/// A program must find in a map what bpf(2) has put there.
fn program_finds(bench: &mut Bench, map: &Map, key: u32, value: &[u8; 4]) -> Trial {
    let code = find(map, key).load(Size::U32, Reg::R0, Reg::R0, 0).exit();
    let found = filter(bench, &code)?;
    compare("found by a program", &found.to_ne_bytes(), value)
}

/// Fails a probe whose value does not start with the bytes it must.
fn compare(what: &str, got: &[u8], expected: &[u8]) -> Trial {
    if got.starts_with(expected) {
        passed::note(Stage::Read);
        return Ok(());
    }
    Err(Trouble::wrong(
        Stage::Read,
        format!("{what}: {got:02x?} instead of {expected:02x?}"),
    ))
}

/// Fails a probe where what must be refused was not.
fn refused<T>(what: &str, stage: Stage, answer: Result<T, errno::Code>) -> Trial {
    match answer {
        Err(code) if code == Errno::EPERM || code == Errno::EACCES => {
            passed::note(stage);
            Ok(())
        }
        Err(code) => Err(code).at(stage),
        Ok(_) => Err(Trouble::wrong(stage, format!("{what} was not refused"))),
    }
}

/// Fails a probe that finds what must not be there.
fn absent<T>(what: &str, answer: Result<T, errno::Code>) -> Trial {
    match answer {
        Err(code) if code == Errno::ENOENT => Ok(()),
        Err(code) => Err(code).at(Stage::Read),
        Ok(_) => Err(Trouble::wrong(
            Stage::Read,
            format!("{what} is there and should not be"),
        )),
    }
}
