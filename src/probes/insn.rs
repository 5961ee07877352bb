//! Instructions of BPF, for the programs too small to be worth a compiler.

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
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(super) enum Reg {
    R0 = 0,
    R1 = 1,
}

/// In place of the source register of [`Insn::map_value`]: the immediate is a map's descriptor, and
/// the register gets the address of its first value (BPF_PSEUDO_MAP_VALUE).
const PSEUDO_MAP_VALUE: u8 = 2;

impl Insn {
    /// Any instruction, by the numbers of its fields.
    pub(super) const fn raw(
        code: u8,
        destination: u8,
        source: u8,
        offset: i16,
        immediate: i32,
    ) -> Self {
        let plain = Self::new(code, destination, source, immediate);
        Self { offset, ..plain }
    }

    const fn new(code: u8, destination: u8, source: u8, immediate: i32) -> Self {
        // Two bit fields of four bits in C, whose order follows the machine's.
        let registers = if cfg!(target_endian = "big") {
            destination << 4 | source
        } else {
            source << 4 | destination
        };
        Self {
            code,
            registers,
            offset: 0,
            immediate,
        }
    }

    /// `to = number`
    pub(super) const fn set(to: Reg, number: i32) -> Self {
        Self::new(0xb7, to as u8, 0, number)
    }

    /// `to = *(u32 *)(from + 0)`
    pub(super) const fn load(to: Reg, from: Reg) -> Self {
        Self::new(0x61, to as u8, from as u8, 0)
    }

    /// `*(u32 *)(to + 0) = from`
    pub(super) const fn store(to: Reg, from: Reg) -> Self {
        Self::new(0x63, to as u8, from as u8, 0)
    }

    /// `to = address of the value of the map with this descriptor`; it takes two places.
    pub(super) const fn map_value(to: Reg, map: i32) -> [Self; 2] {
        [
            Self::new(0x18, to as u8, PSEUDO_MAP_VALUE, map),
            Self::new(0, 0, 0, 0),
        ]
    }

    /// Ends the program, which returns what is in `R0`.
    pub(super) const fn exit() -> Self {
        Self::new(0x95, 0, 0, 0)
    }
}
