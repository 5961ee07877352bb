//! A program that counts, in a map of its own, how often this thread made it run.
//!
//! It knows the thread by its name, which nobody else has: a process id is another number inside
//! a pid namespace than for the kernel. Whatever else makes it run goes by uncounted.

use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use nix::unistd;

use super::super::insn::Code;
use super::super::insn::Op;
use super::super::insn::Reg;
use super::super::insn::Size;
use super::super::insn::When;
use super::super::kinds::helper;
use super::super::sys::Map;

/// What the program was called with.
pub(super) const CONTEXT: Reg = Reg::R6;
/// The address of what it counts in.
pub(super) const NOTES: Reg = Reg::R7;

/// Where in the map's value the program counts.
const COUNT: i16 = 0;
/// Where it notes what a function of the kernel answered.
pub(super) const ANSWER: i16 = 8;
/// Where it notes what it read.
pub(super) const VALUE: i16 = 16;
/// How long all of it is.
pub(super) const NOTES_SIZE: u32 = 24;

/// The name of a thread as the kernel keeps it.
pub(super) type Name = [u8; 16];

/// A name no other thread has: what tells processes apart, and the moment.
pub(super) fn own_name() -> Name {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let moment = since.map_or(0, |since| since.subsec_nanos() & 0xff_ffff);
    let text = format!("d{:x}-{moment:x}", unistd::getpid().as_raw());
    let mut name = [0; 16];
    // The last byte stays a zero.
    for (to, from) in name.iter_mut().take(15).zip(text.bytes()) {
        *to = from;
    }
    name
}

/// The program: for the thread of this name, do `then` (with [`CONTEXT`] and [`NOTES`] set),
/// count, and return `result`; for all others return 0.
pub(super) fn code(name: &Name, map: &Map, then: &Code, result: i32) -> Code {
    let counted = Code::new()
        .copy(NOTES, Reg::R0)
        .then(then)
        .load(Size::U64, Reg::R1, NOTES, COUNT)
        .math(Op::Add, Reg::R1, 1)
        .store(Size::U64, NOTES, COUNT, Reg::R1)
        .exit_with(result);
    let found = Code::new()
        .map(Reg::R1, map)
        .on_stack(Reg::R2, -20, 0)
        .call(helper::MAP_LOOKUP_ELEM)
        .jump_when(When::Equal, Reg::R0, 0, distance(&counted))
        .then(&counted);
    let [low, high] = halves(name);
    let second = Code::new()
        .load(Size::U64, Reg::R1, Reg::R10, -8)
        .set_long(Reg::R2, high)
        .jump_when_by(When::NotEqual, Reg::R1, Reg::R2, distance(&found))
        .then(&found);
    Code::new()
        .copy(CONTEXT, Reg::R1)
        // Not every kernel writes zeros behind the name's end (6.1 does not).
        .store_number(Size::U64, Reg::R10, -16, 0)
        .store_number(Size::U64, Reg::R10, -8, 0)
        .copy(Reg::R1, Reg::R10)
        .math(Op::Add, Reg::R1, -16)
        .set(Reg::R2, 16)
        .call(helper::GET_CURRENT_COMM)
        .load(Size::U64, Reg::R1, Reg::R10, -16)
        .set_long(Reg::R2, low)
        .jump_when_by(When::NotEqual, Reg::R1, Reg::R2, distance(&second))
        .then(&second)
        .exit_with(0)
}

/// How far a jump over a piece goes.
fn distance(over: &Code) -> i16 {
    i16::try_from(over.len()).unwrap_or(i16::MAX)
}

fn halves(name: &Name) -> [u64; 2] {
    let (low, high) = name.split_at(8);
    [low, high].map(|half| half.try_into().map_or(0, u64::from_ne_bytes))
}

/// What the program has noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Notes {
    pub(super) count: u64,
    pub(super) answer: i64,
    pub(super) value: u64,
}

impl Notes {
    /// Takes the map's value apart.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let field = |at: usize| Some(u64::from_ne_bytes(*bytes.get(at..)?.first_chunk::<8>()?));
        Some(Self {
            count: field(0)?,
            answer: field(8)?.cast_signed(),
            value: field(16)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_as_long_as_the_kernel_keeps_it() {
        let name = own_name();
        let end = name.iter().position(|byte| *byte == 0).unwrap();
        assert!((3..16).contains(&end), "{name:?}");
        assert!(name[end..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn notes_are_three_numbers() {
        let mut bytes = Vec::new();
        bytes.extend(2_u64.to_ne_bytes());
        bytes.extend((-1_i64).to_ne_bytes());
        bytes.extend(7_u64.to_ne_bytes());
        let notes = Notes::of(&bytes).unwrap();
        assert_eq!((notes.count, notes.answer, notes.value), (2, -1, 7));
        assert_eq!(Notes::of(&bytes[..23]), None);
    }
}
