//! A program that counts how often it ran, of any type.

use std::os::fd::AsRawFd;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use libbpf_rs::libbpf_sys;

use super::super::bench::At;
use super::super::bench::Bench;
use super::super::bench::Trial;
use super::super::bench::Trouble;
use super::super::insn::Insn;
use super::super::outcome::Stage;
use super::super::sys::Program;
use super::super::sys::Table;

/// Registers by number.
const R0: u8 = 0;
const R1: u8 = 1;
const R2: u8 = 2;
const R3: u8 = 3;
const R4: u8 = 4;
/// Holds the context while a program of ours runs.
const R6: u8 = 6;
/// The frame pointer.
const R10: u8 = 10;

/// Helpers by number.
pub(super) mod helper {
    pub(in super::super) const GET_HASH_RECALC: i32 = 34;
    pub(in super::super) const SOCK_HASH_UPDATE: i32 = 70;
    pub(in super::super) const MSG_REDIRECT_HASH: i32 = 71;
    pub(in super::super) const SK_REDIRECT_HASH: i32 = 72;
}

/// How long to wait for an event the kernel brings about in its own time.
const PATIENCE: Duration = Duration::from_secs(1);

/// A map that counts, and the programs that write to it.
pub(super) struct Counter(Table);

impl Counter {
    pub(super) fn create() -> Result<Self, Trouble> {
        let table = Table::create(libbpf_sys::BPF_MAP_TYPE_ARRAY, 8, 1);
        table.map(Self).at(Stage::Create)
    }

    /// Loads a program that counts and returns a number; `hook` as
    /// [`Program::load_for`] takes it.
    pub(super) fn program(
        &self,
        bench: &mut Bench,
        of: u32,
        hook: u32,
        returns: i32,
    ) -> Result<Program, Trouble> {
        self.program_that(bench, of, hook, &[set(R0, returns)])
    }

    /// Loads a program that counts, does `more`, which must leave in `R0` what it returns and
    /// finds the context in `R6`, and ends.
    pub(super) fn program_that(
        &self,
        bench: &mut Bench,
        of: u32,
        hook: u32,
        more: &[Insn],
    ) -> Result<Program, Trouble> {
        let mut code = vec![copy(R6, R1)];
        code.extend(self.count());
        code.extend(more);
        code.push(Insn::exit());
        bench.program_for(of, hook, &code)
    }

    /// Adds one to the counter, by what every type of program and every kernel has.
    fn count(&self) -> Vec<Insn> {
        let mut code = key(0, -4);
        code.extend(map(R1, &self.0));
        code.extend([
            call(1),                      // bpf_map_lookup_elem
            Insn::raw(0x15, R0, 0, 2, 0), // past the next two where it found nothing
            set(R1, 1),
            Insn::raw(0xdb, R0, R1, 0, 0), // lock *(u64 *)(r0 + 0) += r1
        ]);
        code
    }

    /// How often the programs ran.
    pub(super) fn value(&self) -> Result<u32, Trouble> {
        self.0.get(0).at(Stage::Read)
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

fn set(to: u8, number: i32) -> Insn {
    Insn::raw(0xb7, to, 0, 0, number)
}

fn copy(to: u8, from: u8) -> Insn {
    Insn::raw(0xbf, to, from, 0, 0)
}

fn call(helper: i32) -> Insn {
    Insn::raw(0x85, 0, 0, 0, helper)
}

/// `to = the map`; it takes two places.
fn map(to: u8, map: &Table) -> [Insn; 2] {
    const MAP_FD: u8 = 1;
    [
        Insn::raw(0x18, to, MAP_FD, 0, map.fd().as_raw_fd()),
        Insn::raw(0, 0, 0, 0, 0),
    ]
}

/// Puts a key on the stack and its address into `R2`.
fn key(number: i32, at: i16) -> Vec<Insn> {
    vec![
        Insn::raw(0x62, R10, 0, at, number),
        copy(R2, R10),
        Insn::raw(0x07, R2, 0, 0, i32::from(at)),
    ]
}

/// Redirects what the context is to the socket at `to` of a map of sockets, by one of the two
/// helpers for that, and returns the verdict.
pub(super) fn redirect(helper: i32, sockets: &Table, to: i32, flags: i32) -> Vec<Insn> {
    let mut code = key(to, -8);
    code.push(copy(R3, R2));
    code.extend(map(R2, sockets));
    code.extend([copy(R1, R6), set(R4, flags), call(helper)]);
    code
}

/// Puts the socket of a sockops program into a map of sockets when its connection is there: at 0
/// the one that connected, at 1 the one that was connected to.
pub(super) fn register(sockets: &Table) -> Vec<Insn> {
    /// BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB; the passive one follows.
    const ACTIVE: i32 = 4;
    const PASSIVE: i32 = 5;
    let mut update = vec![
        Insn::raw(0x07, R1, 0, 0, -ACTIVE),
        Insn::raw(0x63, R10, R1, -8, 0),
        copy(R3, R10),
        Insn::raw(0x07, R3, 0, 0, -8),
    ];
    update.extend(map(R2, sockets));
    update.extend([copy(R1, R6), set(R4, 0), call(helper::SOCK_HASH_UPDATE)]);
    let past = update.len() as i16;
    let mut code = vec![
        Insn::raw(0x61, R1, R6, 0, 0), // r1 = context->op
        Insn::raw(0x15, R1, 0, 1, ACTIVE),
        Insn::raw(0x55, R1, 0, past, PASSIVE),
    ];
    code.extend(update);
    code.push(set(R0, 1));
    code
}

/// Asks for the hash of a packet's flow, and lets it pass.
pub(super) fn ask_for_hash() -> Vec<Insn> {
    vec![copy(R1, R6), call(helper::GET_HASH_RECALC), set(R0, 0)]
}

/// Returns the length of the packet, the first field of the context of all socket programs.
pub(super) fn length() -> Vec<Insn> {
    vec![Insn::raw(0x61, R0, R6, 0, 0)]
}
