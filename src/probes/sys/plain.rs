//! bpf(2) by bare numbers, for trials of what only a table knows: types of maps and programs,
//! hooks and commands that no other part of the doctor has a use for.

use std::os::fd::OwnedFd;

use nix::errno::Errno;

use super::attr::Attr;
use crate::probes::errno::Code;
use crate::probes::kinds::Command;

/// A descriptor that is none.
pub(in crate::probes) const NOWHERE: u32 = u32::MAX;

/// What a map is to be. What is zero is not told to kernels that have no field for it.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::probes) struct MapNumbers<'a> {
    pub(in crate::probes) of: u32,
    pub(in crate::probes) key: u32,
    pub(in crate::probes) value: u32,
    pub(in crate::probes) entries: u32,
    pub(in crate::probes) flags: u32,
    /// What the maps in it are like.
    pub(in crate::probes) inner: Option<&'a OwnedFd>,
    /// Type information, and the ids of key and value in it.
    pub(in crate::probes) btf: Option<(&'a OwnedFd, u32, u32)>,
    /// The value's type in the kernel's own BTF.
    pub(in crate::probes) kernel_type: u32,
}

/// What a program is to be.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::probes) struct ProgramNumbers {
    pub(in crate::probes) of: u32,
    pub(in crate::probes) hook: u32,
    pub(in crate::probes) flags: u32,
    /// The function it is for, in the kernel's own BTF.
    pub(in crate::probes) function: u32,
    /// What kernels before 5.0 compare with their own version, for kprobes.
    pub(in crate::probes) version: u32,
}

/// Creates a map.
pub(in crate::probes) fn create(map: &MapNumbers<'_>) -> Result<OwnedFd, Code> {
    let mut attr = Attr::new()
        .number(0, map.of)
        .number(4, map.key)
        .number(8, map.value)
        .number(12, map.entries)
        .number(16, map.flags)
        .number(60, map.kernel_type);
    if let Some(inner) = map.inner {
        attr = attr.fd(20, inner);
    }
    if let Some((btf, key, value)) = map.btf {
        attr = attr.fd(48, btf).number(52, key).number(56, value);
    }
    // SAFETY: the attributes of this command hold no address in what is set above.
    unsafe { attr.open(Command::MapCreate) }
}

/// Gives a program of bare instructions to the verifier, which writes what it says into `log`, up
/// to a zero, if there is room for anything.
pub(in crate::probes) fn load(
    program: &ProgramNumbers,
    code: &[[u8; 8]],
    log: &mut [u8],
) -> Result<OwnedFd, Code> {
    if let Some(first) = log.first_mut() {
        *first = 0;
    }
    let attr = Attr::new()
        .number(0, program.of)
        .length(4, code.len())
        .address(8, code)
        .text(16, c"GPL")
        .number(40, program.version)
        .number(44, program.flags)
        .number(68, program.hook)
        .number(108, program.function);
    // The kernel takes no address of a log without a level and a length.
    let mut attr = if log.is_empty() {
        attr
    } else {
        let attr = attr.number(24, 1).length(28, log.len());
        attr.address(32, log.as_mut_ptr())
    };
    // SAFETY: the addresses are those of as many instructions as told, of a text with a closing
    // zero, and of as many writable bytes as told; all outlive the call.
    unsafe { attr.open(Command::ProgLoad) }
}

/// Gives BTF to the kernel.
pub(in crate::probes) fn load_btf(btf: &[u8]) -> Result<OwnedFd, Code> {
    let mut attr = Attr::new().address(0, btf).length(16, btf.len());
    // SAFETY: the one address is that of as many bytes as told, which outlive the call.
    unsafe { attr.open(Command::BtfLoad) }
}

/// Asks to attach a program to a map of sockets; it goes with the map.
pub(in crate::probes) fn attach(map: &OwnedFd, program: &OwnedFd, hook: u32) -> Result<(), Code> {
    let mut attr = Attr::new().fd(0, map).fd(4, program).number(8, hook);
    // SAFETY: the attributes of this command hold no address.
    unsafe { attr.call(Command::ProgAttach) }.map(drop)
}

/// Asks for a link of a program to nothing, which no kernel gives.
pub(in crate::probes) fn link_to_nothing(program: &OwnedFd, hook: u32) -> Result<OwnedFd, Code> {
    let mut attr = Attr::new().fd(0, program).number(8, hook);
    // SAFETY: all addresses among the attributes are null, at which nothing is.
    unsafe { attr.open(Command::LinkCreate) }
}

/// Commands whose attributes begin with an address, in their first eight bytes.
const ADDRESS_FIRST: &[u32] = &[6, 7, 17, 18, 24, 25, 26, 27, 37];
/// The last command that is known to have no other address in its first 40 bytes but those that a
/// descriptor or an id is looked up before.
const LAST_KNOWN: u32 = 38;

/// Gives a command whose attributes are zero but for these numbers, each at its byte: descriptors
/// of nothing and ids of nothing, so that the kernel gets no further than looking for it.
pub(in crate::probes) fn ask(command: u32, numbers: &[(usize, u32)]) -> Result<(), Code> {
    let at_address = |(at, _): &(usize, u32)| *at < 8 && ADDRESS_FIRST.contains(&command);
    if command > LAST_KNOWN || numbers.iter().any(at_address) {
        return Err(Errno::ENOSYS.into());
    }
    let attr = numbers
        .iter()
        .fold(Attr::new(), |attr, (at, number)| attr.number(*at, *number));
    let mut attr = attr;
    // SAFETY: where an address would be, the kernel finds null, at which nothing is; the other
    // numbers are no addresses, as was just seen to.
    unsafe { attr.give(command) }.map(drop)
}
