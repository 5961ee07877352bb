//! A program that counts how often it ran, of any type.

use std::thread;
use std::time::Duration;
use std::time::Instant;

use super::super::bench::At;
use super::super::bench::Bench;
use super::super::bench::Trial;
use super::super::bench::Trouble;
use super::super::insn::Atomic;
use super::super::insn::Code;
use super::super::insn::Op;
use super::super::insn::Reg;
use super::super::insn::Size;
use super::super::insn::When;
use super::super::kinds::MapType;
use super::super::kinds::ProgType;
use super::super::kinds::Recipe;
use super::super::kinds::Shape;
use super::super::kinds::helper;
use super::super::outcome::Stage;
use super::super::passed;
use super::super::sys::Map;
use super::super::sys::Program;

/// How long to wait for an event the kernel brings about in its own time.
const PATIENCE: Duration = Duration::from_secs(1);

/// A map that counts, and the programs that write to it.
pub(super) struct Counter(Map);

impl Counter {
    pub(super) fn create(bench: &mut Bench) -> Result<Self, Trouble> {
        let shape = Shape {
            value_size: 8,
            ..Shape::of(MapType::Array)
        };
        bench.map(&shape).map(Self)
    }

    /// Loads a program that counts and returns a number; `hook` is the one it is for, 0 where
    /// its type asks for none.
    pub(super) fn program(
        &self,
        bench: &mut Bench,
        of: ProgType,
        hook: u32,
        returns: i32,
    ) -> Result<Program, Trouble> {
        self.program_that(bench, of, hook, &Code::new().set(Reg::R0, returns))
    }

    /// Loads a program that counts, does `more`, which must leave in `R0` what it returns and
    /// finds the context in `R6`, and ends.
    pub(super) fn program_that(
        &self,
        bench: &mut Bench,
        of: ProgType,
        hook: u32,
        more: &Code,
    ) -> Result<Program, Trouble> {
        // By what every type of program and every kernel has.
        let code = Code::new()
            .copy(Reg::R6, Reg::R1)
            .on_stack(Reg::R2, -4, 0)
            .map(Reg::R1, &self.0)
            .call(helper::MAP_LOOKUP_ELEM)
            .jump_when(When::Equal, Reg::R0, 0, 2)
            .set(Reg::R1, 1)
            .atomic(Atomic::Add, Size::U64, Reg::R0, 0, Reg::R1)
            .then(more)
            .exit();
        bench.load(&Recipe {
            hook,
            ..Recipe::of(of, &code)
        })
    }

    /// How often the programs ran.
    pub(super) fn value(&self) -> Result<u64, Trouble> {
        let value = self.0.lookup().at(Stage::Read)?;
        let value = value.try_into().map_or(0, u64::from_ne_bytes);
        if value > 0 {
            passed::note(Stage::Trigger);
        }
        Ok(value)
    }

    /// As [`Self::expect_run`], for an event that may be lost at first: a device that was just
    /// made drops what is sent until the kernel has noticed its carrier (net/core/link_watch.c).
    pub(super) fn expect_run_of(
        &self,
        event: &str,
        mut again: impl FnMut() -> Result<(), Trouble>,
    ) -> Trial {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            again()?;
            for _ in 0..8 {
                if self.value()? > 0 {
                    return Ok(());
                }
                thread::sleep(Duration::from_millis(1));
            }
        }
        self.expect_run(event)
    }

    /// Works once a program ran; fails where none does, with what should have made it run.
    pub(super) fn expect_run(&self, event: &str) -> Trial {
        let until = Instant::now() + PATIENCE;
        while self.value()? == 0 {
            if Instant::now() >= until {
                return Err(Trouble::wrong(
                    Stage::Trigger,
                    format!("attached without an error, and not run by {event}"),
                ));
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

/// Redirects what the context is to the socket at `to` of a map of sockets, by one of the two
/// helpers for that, and returns the verdict.
pub(super) fn redirect(helper: i32, sockets: &Map, to: i32, flags: i32) -> Code {
    Code::new()
        .on_stack(Reg::R3, -8, to)
        .map(Reg::R2, sockets)
        .copy(Reg::R1, Reg::R6)
        .set(Reg::R4, flags)
        .call(helper)
}

/// Puts the socket of a sockops program into a map of sockets when its connection is there: at 0
/// the one that connected, at 1 the one that was connected to.
pub(super) fn register(sockets: &Map) -> Code {
    /// BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB; the passive one follows.
    const ACTIVE: i32 = 4;
    const PASSIVE: i32 = 5;
    let update = Code::new()
        .math(Op::Add, Reg::R1, -ACTIVE)
        .store(Size::U32, Reg::R10, -8, Reg::R1)
        .copy(Reg::R3, Reg::R10)
        .math(Op::Add, Reg::R3, -8)
        .map(Reg::R2, sockets)
        .copy(Reg::R1, Reg::R6)
        .set(Reg::R4, 0)
        .call(helper::SOCK_HASH_UPDATE);
    Code::new()
        // The first field of the context says what happened.
        .load(Size::U32, Reg::R1, Reg::R6, 0)
        .jump_when(When::Equal, Reg::R1, ACTIVE, 1)
        .jump_when(When::NotEqual, Reg::R1, PASSIVE, update.len() as i16)
        .then(&update)
        .set(Reg::R0, 1)
}

/// Asks for the hash of a packet's flow, and lets it pass.
pub(super) fn ask_for_hash() -> Code {
    Code::new()
        .copy(Reg::R1, Reg::R6)
        .call(helper::GET_HASH_RECALC)
        .set(Reg::R0, 0)
}

/// Returns the length of the packet, the first field of the context of all socket programs.
pub(super) fn length() -> Code {
    Code::new().load(Size::U32, Reg::R0, Reg::R6, 0)
}
