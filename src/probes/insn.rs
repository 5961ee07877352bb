//! Instructions of BPF, for the programs too small to be worth a compiler.

use std::ops::Deref;

use super::sys::Map;

/// One instruction, laid out as the kernel reads it (`struct bpf_insn`).
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(super) struct Insn {
    code: u8,
    registers: u8,
    offset: i16,
    immediate: i32,
}

/// A register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Reg {
    R0 = 0,
    R1 = 1,
    R2 = 2,
    R3 = 3,
    R4 = 4,
    R5 = 5,
    R6 = 6,
    R7 = 7,
    /// The stack, which lies below it.
    R10 = 10,
}

/// How much is loaded or stored.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(super) enum Size {
    U8 = 0x10,
    U32 = 0x00,
    U64 = 0x18,
}

/// An operation of arithmetic.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(super) enum Op {
    Add = 0x00,
    Mul = 0x20,
    Div = 0x30,
    And = 0x50,
    Lsh = 0x60,
}

/// A condition of a jump.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(super) enum When {
    Equal = 0x10,
    NotEqual = 0x50,
    /// Compares without a sign; of the second instruction set.
    Below = 0xa0,
}

/// What is done at once with a value in memory.
#[derive(Debug, Clone, Copy)]
#[repr(i32)]
pub(super) enum Atomic {
    Add = 0x00,
    FetchAdd = 0x01,
    Exchange = 0xe1,
    /// Compares with `R0`, which gets what was there.
    CompareExchange = 0xf1,
    /// The registers change places: `to` gets what is at `from + offset`.
    LoadAcquire = 0x100,
    StoreRelease = 0x110,
}

/// What the immediate of a wide load is, in place of its source register (BPF_PSEUDO_*).
mod wide {
    pub(super) const MAP: u8 = 1;
    pub(super) const MAP_VALUE: u8 = 2;
    pub(super) const FUNCTION: u8 = 4;
}

/// What is called, in place of the source register of a call.
mod callee {
    pub(super) const HELPER: u8 = 0;
    pub(super) const OWN: u8 = 1;
    pub(super) const KERNEL: u8 = 2;
}

impl Insn {
    const fn new(code: u8, destination: u8, source: u8, offset: i16, immediate: i32) -> Self {
        // Two bit fields of four bits in C, whose order follows the machine's.
        let registers = if cfg!(target_endian = "big") {
            destination << 4 | source
        } else {
            source << 4 | destination
        };
        Self {
            code,
            registers,
            offset,
            immediate,
        }
    }

    /// `to = number`
    pub(super) const fn set(to: Reg, number: i32) -> Self {
        Self::new(0xb7, to as u8, 0, 0, number)
    }

    /// Ends the program, which returns what is in `R0`.
    pub(super) const fn exit() -> Self {
        Self::new(0x95, 0, 0, 0, 0)
    }
}

/// A program in the making: each function adds an instruction (or one that takes two places).
#[derive(Debug, Clone, Default)]
pub(super) struct Code(Vec<Insn>);

impl Code {
    /// No instruction.
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    fn add(mut self, code: u8, to: u8, from: u8, offset: i16, immediate: i32) -> Self {
        self.0.push(Insn::new(code, to, from, offset, immediate));
        self
    }

    /// Another piece of program.
    pub(super) fn then(mut self, more: &[Insn]) -> Self {
        self.0.extend(more);
        self
    }

    /// `to = number`
    pub(super) fn set(self, to: Reg, number: i32) -> Self {
        self.then(&[Insn::set(to, number)])
    }

    /// `to = number` of 64 bits; it takes two places.
    pub(super) fn set_long(self, to: Reg, number: u64) -> Self {
        self.add(0x18, to as u8, 0, 0, number as i32)
            .add(0, 0, 0, 0, (number >> 32) as i32)
    }

    /// `to = from`
    pub(super) fn copy(self, to: Reg, from: Reg) -> Self {
        self.add(0xbf, to as u8, from as u8, 0, 0)
    }

    /// `to = to op number`
    pub(super) fn math(self, op: Op, to: Reg, number: i32) -> Self {
        self.add(0x07 | op as u8, to as u8, 0, 0, number)
    }

    /// `to = to op from`
    pub(super) fn math_by(self, op: Op, to: Reg, from: Reg) -> Self {
        self.add(0x0f | op as u8, to as u8, from as u8, 0, 0)
    }

    /// `to = to op number` in 32 bits
    pub(super) fn math32(self, op: Op, to: Reg, number: i32) -> Self {
        self.add(0x04 | op as u8, to as u8, 0, 0, number)
    }

    /// `to = to op number`, both with a sign: `Div` and `Mod` of the fourth instruction set
    pub(super) fn signed_math(self, op: Op, to: Reg, number: i32) -> Self {
        self.add(0x07 | op as u8, to as u8, 0, 1, number)
    }

    /// `to = from`, of which only the lowest 8, 16 or 32 bits count, with a sign (fourth set)
    pub(super) fn copy_signed(self, to: Reg, from: Reg, bits: i16) -> Self {
        self.add(0xbf, to as u8, from as u8, bits, 0)
    }

    /// Turns the lowest 16, 32 or 64 bits of a register round, whatever the machine (fourth set)
    pub(super) fn swap_bytes(self, to: Reg, bits: i32) -> Self {
        self.add(0xd7, to as u8, 0, 0, bits)
    }

    /// `to = *(size *)(from + offset)`
    pub(super) fn load(self, size: Size, to: Reg, from: Reg, offset: i16) -> Self {
        self.add(0x61 | size as u8, to as u8, from as u8, offset, 0)
    }

    /// `*(size *)(to + offset) = from`
    pub(super) fn store(self, size: Size, to: Reg, offset: i16, from: Reg) -> Self {
        self.add(0x63 | size as u8, to as u8, from as u8, offset, 0)
    }

    /// `*(size *)(to + offset) = number`
    pub(super) fn store_number(self, size: Size, to: Reg, offset: i16, number: i32) -> Self {
        self.add(0x62 | size as u8, to as u8, 0, offset, number)
    }

    /// Does something at once with what is at `to + offset`, which `from` gets if it is fetched.
    pub(super) fn atomic(self, op: Atomic, size: Size, to: Reg, offset: i16, from: Reg) -> Self {
        self.add(0xc3 | size as u8, to as u8, from as u8, offset, op as i32)
    }

    /// Goes on `by` instructions after the next one.
    pub(super) fn jump(self, by: i16) -> Self {
        self.add(0x05, 0, 0, by, 0)
    }

    /// As [`Code::jump`], as far as one likes (fourth instruction set).
    pub(super) fn jump_far(self, by: i32) -> Self {
        self.add(0x06, 0, 0, 0, by)
    }

    /// Goes on with the next instruction, or, when the kernel has enough of it, `by` instructions
    /// after that (`may_goto`).
    pub(super) fn may_jump(self, by: i16) -> Self {
        self.add(0xe5, 0, 0, by, 0)
    }

    /// Goes on `by` instructions after the next one when a register compares so with a number.
    pub(super) fn jump_when(self, when: When, of: Reg, number: i32, by: i16) -> Self {
        self.add(0x05 | when as u8, of as u8, 0, by, number)
    }

    /// As [`Code::jump_when`], compared with another register.
    pub(super) fn jump_when_by(self, when: When, of: Reg, with: Reg, by: i16) -> Self {
        self.add(0x0d | when as u8, of as u8, with as u8, by, 0)
    }

    /// As [`Code::jump_when`], by the lower 32 bits alone (third instruction set).
    pub(super) fn jump32_when(self, when: When, of: Reg, number: i32, by: i16) -> Self {
        self.add(0x06 | when as u8, of as u8, 0, by, number)
    }

    /// Calls a helper; see [`super::kinds::helper`].
    pub(super) fn call(self, helper: i32) -> Self {
        self.add(0x85, 0, callee::HELPER, 0, helper)
    }

    /// Calls the function of this program that begins `by` instructions after the next one.
    pub(super) fn call_own(self, by: i32) -> Self {
        self.add(0x85, 0, callee::OWN, 0, by)
    }

    /// Calls a function of the kernel by its id in the kernel's BTF.
    pub(super) fn call_kernel(self, id: u32) -> Self {
        self.add(0x85, 0, callee::KERNEL, 0, id as i32)
    }

    /// `to = the map`; it takes two places.
    pub(super) fn map(self, to: Reg, map: &Map) -> Self {
        self.wide(to, wide::MAP, map.number())
    }

    /// `to = address of the map's first value`; it takes two places.
    pub(super) fn map_value(self, to: Reg, map: &Map) -> Self {
        self.wide(to, wide::MAP_VALUE, map.number())
    }

    /// `to = the function` that begins `by` places after the second place of this instruction,
    /// which takes two.
    pub(super) fn function(self, to: Reg, by: i32) -> Self {
        // The kernel counts from the second place on.
        self.wide(to, wide::FUNCTION, by + 1)
    }

    /// Makes of an address of an arena in user space one for the program
    /// (`addr_space_cast` from 1 to 0).
    pub(super) fn arena_pointer(self, of: Reg) -> Self {
        self.add(0xbf, of as u8, of as u8, 1, 1)
    }

    fn wide(self, to: Reg, what: u8, number: i32) -> Self {
        self.add(0x18, to as u8, what, 0, number).add(0, 0, 0, 0, 0)
    }

    /// Puts a number on the stack, and its address into a register: how helpers take keys.
    pub(super) fn on_stack(self, to: Reg, offset: i16, number: i32) -> Self {
        self.store_number(Size::U32, Reg::R10, offset, number)
            .copy(to, Reg::R10)
            .math(Op::Add, to, i32::from(offset))
    }

    /// Ends the function, which returns what is in `R0`.
    pub(super) fn exit(self) -> Self {
        self.then(&[Insn::exit()])
    }

    /// Ends the function, which returns a number.
    pub(super) fn exit_with(self, number: i32) -> Self {
        self.set(Reg::R0, number).exit()
    }
}

impl Deref for Code {
    type Target = [Insn];

    fn deref(&self) -> &[Insn] {
        &self.0
    }
}
