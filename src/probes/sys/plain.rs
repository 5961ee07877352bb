//! bpf(2) by bare numbers, for trials of what only a table knows: kinds of maps, programs and
//! commands that no other part of the doctor has a use for.

use std::os::fd::AsRawFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;

use crate::probes::errno::Code;

/// The first bytes of `union bpf_attr`, as many as any trial has a use for.
type Words = [u32; 32];

/// The least that bpf(2) is given: what its first kernel had fields for.
const LEAST: usize = 5;

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
    let mut words: Words = [0; 32];
    let number = |fd: &OwnedFd| fd.as_raw_fd().cast_unsigned();
    let (btf, key, value) = map
        .btf
        .map_or((0, 0, 0), |(fd, key, value)| (number(fd), key, value));
    let inner = map.inner.map_or(0, number);
    for (at, word) in [
        (0, map.of),
        (1, map.key),
        (2, map.value),
        (3, map.entries),
        (4, map.flags),
        (5, inner),
        (12, btf),
        (13, key),
        (14, value),
        (15, map.kernel_type),
    ] {
        set(&mut words, at, word);
    }
    // SAFETY: the attributes of BPF_MAP_CREATE hold no address in what is set above.
    unsafe { open(0, &mut words) }
}

/// Gives a program of bare instructions to the verifier, which writes what it says into `log`, up
/// to a zero, if there is room for anything.
pub(in crate::probes) fn load(
    program: &ProgramNumbers,
    code: &[[u8; 8]],
    log: &mut [u8],
) -> Result<OwnedFd, Code> {
    let mut words: Words = [0; 32];
    let count = u32::try_from(code.len()).unwrap_or(u32::MAX);
    let room = u32::try_from(log.len()).unwrap_or(u32::MAX);
    if let Some(first) = log.first_mut() {
        *first = 0;
    }
    for (at, word) in [
        (0, program.of),
        (1, count),
        (6, room.min(1)),
        (7, room),
        (10, program.version),
        (11, program.flags),
        (17, program.hook),
        (27, program.function),
    ] {
        set(&mut words, at, word);
    }
    set_address(&mut words, 2, code.as_ptr().addr());
    set_address(&mut words, 4, c"GPL".as_ptr().addr());
    // The kernel takes no address of a log without a level and a length.
    if room > 0 {
        set_address(&mut words, 8, log.as_mut_ptr().addr());
    }
    // SAFETY: the addresses are those of as many instructions as told, of a text with a closing
    // zero, and of the log's memory, as long as told; all outlive the call.
    unsafe { open(5, &mut words) }
}

/// Gives BTF to the kernel.
pub(in crate::probes) fn load_btf(btf: &[u8]) -> Result<OwnedFd, Code> {
    let mut words: Words = [0; 32];
    set_address(&mut words, 0, btf.as_ptr().addr());
    set(&mut words, 4, u32::try_from(btf.len()).unwrap_or(u32::MAX));
    // SAFETY: the one address is that of as many bytes as told, which outlive the call.
    unsafe { open(18, &mut words) }
}

/// Asks to attach a program to a map of sockets; it goes with the map.
pub(in crate::probes) fn attach(map: &OwnedFd, program: &OwnedFd, hook: u32) -> Result<(), Code> {
    let mut words: Words = [0; 32];
    set(&mut words, 0, map.as_raw_fd().cast_unsigned());
    set(&mut words, 1, program.as_raw_fd().cast_unsigned());
    set(&mut words, 2, hook);
    // SAFETY: the attributes of BPF_PROG_ATTACH hold no address.
    unsafe { call(8, &mut words, 8) }.map(drop)
}

/// Asks for a link of a program to nothing, which no kernel gives.
pub(in crate::probes) fn link_to_nothing(program: &OwnedFd, hook: u32) -> Result<OwnedFd, Code> {
    let mut words: Words = [0; 32];
    set(&mut words, 0, program.as_raw_fd().cast_unsigned());
    set(&mut words, 2, hook);
    // SAFETY: all addresses among the attributes are null, at which nothing is.
    unsafe { open(28, &mut words) }
}

/// Gives a command, whose attributes are zero but for some: numbers of nothing, so that the
/// kernel gets no further than looking for it. Of commands that create, enable or load
/// something, or whose attributes begin with an address, only null may be given.
pub(in crate::probes) fn ask(command: u32, set_words: &[(usize, u32)]) -> Result<(), Code> {
    let mut words: Words = [0; 32];
    for &(at, word) in set_words {
        set(&mut words, at, word);
    }
    // SAFETY: the callers set descriptors and ids alone; every address is null, at which nothing
    // is that the kernel could read or write.
    unsafe { call(command, &mut words, LEAST) }.map(drop)
}

fn set(words: &mut Words, at: usize, word: u32) {
    if let Some(place) = words.get_mut(at) {
        *place = word;
    }
}

/// An address, in two words of which the order follows the machine's.
fn set_address(words: &mut Words, at: usize, address: usize) {
    let bytes = (address as u64).to_ne_bytes();
    let [a, b, c, d, e, f, g, h] = bytes;
    set(words, at, u32::from_ne_bytes([a, b, c, d]));
    set(words, at + 1, u32::from_ne_bytes([e, f, g, h]));
}

/// Calls bpf(2), with no more words than the last one that is not zero, and at least `least`.
///
/// # Safety
///
/// Each address among the words must be null, or good for what the command does with it.
unsafe fn call(command: u32, words: &mut Words, least: usize) -> Result<i32, Code> {
    let used = words
        .iter()
        .rposition(|word| *word != 0)
        .map_or(0, |at| at + 1);
    let size = 4 * used.max(least);
    // SAFETY: the kernel reads `size` bytes of the words, and writes none past its own fields,
    // which lie within them; the addresses inside are the caller's promise.
    let answer = unsafe { libc::syscall(libc::SYS_bpf, command, words.as_mut_ptr(), size) };
    i32::try_from(answer)
        .ok()
        .filter(|answer| *answer >= 0)
        .ok_or_else(Code::last)
}

/// As [`call`], for commands that answer with a descriptor.
///
/// # Safety
///
/// As there; and the command must be such a command.
unsafe fn open(command: u32, words: &mut Words) -> Result<OwnedFd, Code> {
    // SAFETY: the caller's promise, handed on; the kernel has made the descriptor for us.
    unsafe { call(command, words, LEAST).map(|fd| OwnedFd::from_raw_fd(fd)) }
}
