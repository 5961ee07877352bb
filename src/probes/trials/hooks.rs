//! Hooks, asked for without a program at them, or with one at a map of the doctor's own.

use nix::errno::Errno;

use super::HookTrial;
use super::Reply;
use super::code::{EXIT, SET};
use super::maps;
use super::programs::{Desk, KPROBE, SK_SKB};
use crate::probes::errno::Code;
use crate::probes::sys::plain;
use crate::probes::sys::plain::NOWHERE;
use crate::probes::sys::plain::ProgramNumbers;

const PROG_DETACH: u32 = 9;
/// The hook of SK_MSG programs (BPF_SK_MSG_VERDICT); the others at maps are of SK_SKB.
const SK_MSG_VERDICT: u32 = 7;
const SK_MSG: u32 = 16;

/// Tries a hook, by its number.
pub(super) fn try_hook(desk: &mut Desk, hook: u32, how: HookTrial) -> Reply {
    match how {
        HookTrial::Detach => detach(hook),
        HookTrial::Sockmap => at_a_map(desk, hook),
        HookTrial::Link => link(desk, hook),
    }
}

/// Asks to detach nothing from nothing. EBADF: the kernel looked for it.
fn detach(hook: u32) -> Reply {
    match plain::ask(PROG_DETACH, &[(0, NOWHERE), (4, NOWHERE), (8, hook)]) {
        Err(code) if code == Errno::EBADF => Reply::Yes,
        Err(code) => Reply::refused(code, |code| Reply::No(code.to_string())),
        Ok(()) => Reply::Unknown("nothing was detached from nothing".to_owned()),
    }
}

/// Attaches a program to a map of sockets that has none.
fn at_a_map(desk: &mut Desk, hook: u32) -> Reply {
    let of = if hook == SK_MSG_VERDICT {
        SK_MSG
    } else {
        SK_SKB
    };
    let map = match maps::create(maps::SOCKMAP) {
        Ok(map) => map,
        Err(code) => return Reply::refused(code, |code| missing("its map", code)),
    };
    let program = match desk.load(of, &[SET, EXIT]) {
        Ok(program) => program,
        Err(refused) => return Reply::refused(refused.code, |code| missing("its program", code)),
    };
    match plain::attach(&map, &program, hook) {
        Ok(()) => Reply::Yes,
        Err(code) => Reply::refused(code, |code| Reply::No(code.to_string())),
    }
}

/// Links a kprobe program for several functions to none of them. EOPNOTSUPP: the kernel was built
/// without; whatever else it says, it says of older kernels, too.
fn link(desk: &mut Desk, hook: u32) -> Reply {
    let kprobe = ProgramNumbers {
        hook,
        ..desk.numbers(KPROBE)
    };
    let answer = match desk.load_as(&kprobe, &[SET, EXIT]) {
        Ok(program) => plain::link_to_nothing(&program, hook).map(drop),
        Err(refused) => Err(refused.code),
    };
    match answer {
        Err(code) if code == Errno::EOPNOTSUPP => Reply::No(code.to_string()),
        // Whatever a kernel has against nothing.
        Err(code) if code == Errno::EINVAL => Reply::Unknown(String::new()),
        Err(code) => Reply::open(code),
        Ok(()) => Reply::Yes,
    }
}

fn missing(what: &str, code: Code) -> Reply {
    Reply::No(format!("{what}: {code}"))
}
