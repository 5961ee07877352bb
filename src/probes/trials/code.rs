//! What not every kernel takes in a program: newer instructions, loops, length.

use nix::errno::Errno;
use serde::Deserialize;

use super::Reply;
use super::maps;
use super::programs::{Desk, Refused};
use crate::probes::memlock;
use crate::probes::rights::{Capability, Rights};

/// An instruction, as it lies in memory.
pub(super) type Bytes = [u8; 8];

/// `call`
pub(super) const CALL: u8 = 0x85;
/// `r0 = 0`
pub(super) const SET: Bytes = insn(0xb7, 0, 0, 0, 0);
/// `r0 = r1`
pub(super) const MOVE: Bytes = insn(0xbf, 0, 1, 0, 0);
/// `exit`
pub(super) const EXIT: Bytes = insn(0x95, 0, 0, 0, 0);

/// The frame pointer.
const FRAME: u8 = 10;

/// A type that asks for no hook, and more than unprivileged programs may do (SCHED_CLS).
const PRIVILEGED: u32 = 3;

/// A type that whoever has CAP_BPF may load, and then with all that is allowed (SOCKET_FILTER).
const FILTER: u32 = 1;

/// The plainest type of map.
const ARRAY: u32 = 2;

/// The longest program there was before 5.2 (BPF_MAXINSNS).
const LONGEST_ONCE: usize = 4096;

/// What a program may have on newer kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Extension {
    /// Calls of the program's own functions.
    BpfToBpfCalls,
    /// Jumps on less than.
    V2IsaExtension,
    /// Jumps on 32 bits.
    V3IsaExtension,
    /// Atomic operations that give the old value.
    Atomics,
    /// Long jumps and moves with sign.
    V4IsaExtension,
    /// A jump that a loop takes so that it ends.
    MayGoto,
    /// Loads that order others.
    LoadAcquire,
    /// More than 4096 instructions.
    LargeInsnLimit,
    /// Loops, as long as they end.
    BoundedLoops,
    /// Memory that is counted for the cgroup rather than against RLIMIT_MEMLOCK.
    MemcgAccounting,
}

/// An instruction: code, destination, source, offset, immediate.
pub(super) const fn insn(code: u8, to: u8, from: u8, offset: i16, immediate: i32) -> Bytes {
    // Two bit fields of four bits in C, whose order follows the machine's.
    let registers = if cfg!(target_endian = "big") {
        to << 4 | from
    } else {
        from << 4 | to
    };
    let [o0, o1] = offset.to_ne_bytes();
    let [i0, i1, i2, i3] = immediate.to_ne_bytes();
    [code, registers, o0, o1, i0, i1, i2, i3]
}

/// Tries a program with an extension.
pub(super) fn try_extension(desk: &mut Desk, extension: Extension) -> Reply {
    if extension == Extension::MemcgAccounting {
        // Where not even a plain map can be made, a refusal is not the limit's doing.
        if let Err(code) = maps::create(ARRAY) {
            return Reply::open(code);
        }
        return match memlock::is_charged() {
            Ok(false) => Reply::Yes,
            Ok(true) => Reply::No("EPERM under a limit of 0 bytes".to_owned()),
            Err(code) => Reply::open(code),
        };
    }
    // Where a plain program is refused, nothing can be said of this one.
    let of = plainest(&desk.rights);
    if let Err(Refused { code, .. }) = desk.load_plain(of) {
        return Reply::Unknown(format!("a plain program is refused, too: {code}"));
    }
    match desk.load_unheard(of, &program(extension)) {
        Ok(_program) => Reply::Yes,
        Err(code) => Reply::refused(code, |code| match code {
            _ if is_narrow(extension, &desk.rights) => Reply::Unknown(format!(
                "a program with it is refused ({code}), and the verifier is stricter with who \
                 lacks CAP_PERFMON"
            )),
            // The compiler of this machine's code can't, while the verifier can.
            _ if code == Errno::EOPNOTSUPP => Reply::No(code.to_string()),
            _ if [Errno::EINVAL, Errno::E2BIG, Errno::EACCES]
                .iter()
                .any(|e| code == *e) =>
            {
                Reply::No(code.to_string())
            }
            code => Reply::open(code),
        }),
    }
}

/// The type of program to try it in: one that asks for no right which is missing and not needed.
fn plainest(rights: &Rights) -> u32 {
    match rights.lacks(Capability::NetAdmin) && !rights.lacks(Capability::Bpf) {
        true => FILTER,
        false => PRIVILEGED,
    }
}

/// Whether the verifier follows such a program further, and may give up, where a right is missing:
/// of loops it then walks what a processor does on a guess as well.
fn is_narrow(extension: Extension, rights: &Rights) -> bool {
    let loops = matches!(extension, Extension::BoundedLoops | Extension::MayGoto);
    loops && rights.lacks(Capability::Perfmon)
}

fn program(extension: Extension) -> Vec<Bytes> {
    let store = [
        SET,
        // *(u64 *)(r10 - 8) = r0
        insn(0x7b, FRAME, 0, -8, 0),
    ];
    match extension {
        // call +1; exit; r0 = 0; exit
        Extension::BpfToBpfCalls => vec![insn(CALL, 0, 1, 0, 1), EXIT, SET, EXIT],
        // if r0 < 1 goto +0
        Extension::V2IsaExtension => vec![SET, insn(0xa5, 0, 0, 0, 1), EXIT],
        // if w0 < 1 goto +0
        Extension::V3IsaExtension => vec![SET, insn(0xa6, 0, 0, 0, 1), EXIT],
        // r0 = atomic_fetch_add((u64 *)(r10 - 8), r0)
        Extension::Atomics => [&store[..], &[insn(0xdb, FRAME, 0, -8, 0x01), EXIT]].concat(),
        // r0 = (s8)r0; gotol +0
        Extension::V4IsaExtension => {
            vec![SET, insn(0xbf, 0, 0, 8, 0), insn(0x06, 0, 0, 0, 0), EXIT]
        }
        // may_goto +1: kernels up to 6.13 refuse one that goes nowhere
        Extension::MayGoto => vec![SET, insn(0xe5, 0, 0, 1, 0), SET, EXIT],
        // r0 = load_acquire((u64 *)(r10 - 8))
        Extension::LoadAcquire => [&store[..], &[insn(0xdb, 0, FRAME, -8, 0x100), EXIT]].concat(),
        Extension::LargeInsnLimit => {
            let mut long = vec![SET; LONGEST_ONCE];
            long.push(EXIT);
            long
        }
        // r0 = 10; r0 -= 1; if r0 != 0 goto -2; exit
        Extension::BoundedLoops => vec![
            insn(0xb7, 0, 0, 0, 10),
            insn(0x17, 0, 0, 0, 1),
            insn(0x55, 0, 0, -2, 0),
            EXIT,
        ],
        Extension::MemcgAccounting => vec![SET, EXIT],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_loop_is_no_answer_without_cap_perfmon() {
        let rights = |capabilities| Rights {
            capabilities: Some(capabilities),
            at_home: Some(true),
            ..Rights::default()
        };
        let bpf_alone = rights(1 << Capability::Bpf as u32);
        assert!(is_narrow(Extension::BoundedLoops, &bpf_alone));
        assert!(is_narrow(Extension::MayGoto, &bpf_alone));
        assert!(!is_narrow(Extension::Atomics, &bpf_alone));
        assert!(!is_narrow(Extension::BoundedLoops, &rights(u64::MAX)));
        // A plain program asks for no CAP_NET_ADMIN.
        assert_eq!(plainest(&bpf_alone), FILTER);
        assert_eq!(plainest(&rights(u64::MAX)), PRIVILEGED);
        assert_eq!(plainest(&rights(0)), PRIVILEGED);
    }
}
