//! Program types, and the helpers their programs may call.

use std::os::fd::OwnedFd;

use nix::errno::Errno;

use super::Kernel;
use super::Reply;
use super::code::{Bytes, CALL, EXIT, MOVE, SET, insn};
use crate::probes::errno::Code;
use crate::probes::sys::plain;
use crate::probes::sys::plain::ProgramNumbers;

/// The program may sleep (BPF_F_SLEEPABLE).
const SLEEPABLE: u32 = 1 << 4;

pub(super) const KPROBE: u32 = 2;
pub(super) const SK_SKB: u32 = 14;
const TRACING: u32 = 26;
const STRUCT_OPS: u32 = 27;
const EXT: u32 = 28;
const LSM: u32 = 29;

/// Room for what the verifier says: more than of any program here.
const ROOM: usize = 16 << 10;

/// A desk to try programs at: what the verifier says is written to the same memory each time.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) kernel: Kernel,
    log: Vec<u8>,
}

/// Why a program was refused.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) code: Code,
    /// The last line of what the verifier said; empty where it was not even asked.
    pub(super) said: String,
}

impl Desk {
    pub(super) fn new(kernel: Kernel) -> Self {
        Self {
            kernel,
            log: vec![0; ROOM],
        }
    }

    /// Loads a program of a type, with what that type wants to be told.
    pub(super) fn load(&mut self, of: u32, code: &[Bytes]) -> Result<OwnedFd, Refused> {
        let program = self.numbers(of);
        self.load_as(&program, code)
    }

    pub(super) fn load_as(
        &mut self,
        program: &ProgramNumbers,
        code: &[Bytes],
    ) -> Result<OwnedFd, Refused> {
        plain::load(program, code, &mut self.log).map_err(|code| Refused {
            code,
            said: last_line(&self.log),
        })
    }

    /// Loads a program whose log would be longer than is worth reading.
    pub(super) fn load_unheard(&mut self, of: u32, code: &[Bytes]) -> Result<OwnedFd, Code> {
        plain::load(&self.numbers(of), code, &mut [])
    }

    /// What a program of a type wants to be told (`bpf_prog_load_check_attach` in
    /// kernel/bpf/syscall.c, `bpf_check_attach_target` in verifier.c).
    pub(super) fn numbers(&self, of: u32) -> ProgramNumbers {
        let mut program = ProgramNumbers {
            of,
            ..ProgramNumbers::default()
        };
        match of {
            KPROBE => program.version = self.kernel.code(),
            // CGROUP_SOCK_ADDR for connect4, LIRC_MODE2, CGROUP_SOCKOPT for getsockopt, SK_LOOKUP,
            // NETFILTER: their hooks. (CGROUP_SOCK has the one it had first by itself.)
            18 => program.hook = 10,
            20 => program.hook = 16,
            25 => program.hook = 21,
            30 => program.hook = 36,
            32 => program.hook = 45,
            // SYSCALL
            31 => program.flags = SLEEPABLE,
            TRACING => {
                // BPF_TRACE_FENTRY
                program.hook = 24;
                program.function = self.kernel.traced.unwrap_or(1);
            }
            LSM => {
                // BPF_LSM_MAC
                program.hook = 27;
                program.function = self.kernel.guarded.unwrap_or(1);
            }
            EXT => program.function = 1,
            _ => {}
        }
        program
    }

    /// Tries a program type, by its number.
    pub(super) fn try_type(&mut self, of: u32) -> Reply {
        match self.load(of, &[SET, EXIT]) {
            Ok(_program) => Reply::Yes,
            Err(refused) => self.read(of, &refused),
        }
    }

    /// What a refused program of `return 0` says of its type.
    fn read(&self, of: u32, refused: &Refused) -> Reply {
        let Refused { code, said } = refused;
        Reply::refused(*code, |code| match code {
            // The verifier is asked of known types alone; what it has against this program is that
            // it is for no function, or replaces none.
            _ if !said.is_empty() => Reply::Yes,
            Code::ENOTSUPP if of == STRUCT_OPS => Reply::Yes,
            // Without BTF of its own the kernel doesn't get as far as the type.
            _ if matches!(of, TRACING | LSM | EXT | STRUCT_OPS) && self.kernel.traced.is_none() => {
                Reply::Unknown(format!(
                    "trying it answers {code}, as for want of the kernel's BTF"
                ))
            }
            code => Reply::No(code.to_string()),
        })
    }

    /// Tries helpers from programs of a type.
    pub(super) fn try_helpers(&mut self, of: u32, helpers: &[u32]) -> Vec<Reply> {
        // What keeps the verifier from looking at any program of this type is the answer for all.
        if let Err(refused) = self.load(of, &[SET, EXIT]) {
            let reply = match of {
                STRUCT_OPS | EXT => Reply::Unknown("it depends on what is replaced".to_owned()),
                _ => match self.read(of, &refused) {
                    Reply::Yes | Reply::Partly(_) => Reply::Unknown(refused.said),
                    reply => reply,
                },
            };
            return vec![reply; helpers.len()];
        }
        helpers
            .iter()
            .map(|helper| self.try_helper(of, *helper))
            .collect()
    }

    /// Tries one helper. No kernel takes this program, for it reads a register that has nothing
    /// in it after a call; so nothing is compiled, and what is of interest is how far the verifier
    /// gets (`check_helper_call`).
    fn try_helper(&mut self, of: u32, helper: u32) -> Reply {
        let refused = match self.load(of, &[call(helper), MOVE, EXIT]) {
            Ok(_program) => return Reply::Yes,
            Err(refused) => refused,
        };
        let said = refused.said.as_str();
        Reply::refused(refused.code, |code| {
            let is = |words: &[&str]| words.iter().any(|words| said.contains(words));
            match code {
                _ if said.is_empty() => Reply::open(code),
                // The number is past the last helper.
                _ if is(&["invalid func "]) => Reply::No("no kernel function".to_owned()),
                // Before 6.10, and since: known, not to this type; or not in this configuration,
                // or not to this caller.
                _ if is(&[
                    "unknown func ",
                    "program of this type cannot use helper ",
                    "not supported for program type",
                ]) =>
                {
                    Reply::No("not for this type of program".to_owned())
                }
                _ if is(&["helper call might sleep"]) => {
                    Reply::Partly("in programs that may sleep".to_owned())
                }
                _ if is(&["helper call is not allowed in probe"]) => {
                    Reply::Partly("in some of these programs".to_owned())
                }
                // Arguments are looked at of helpers that may be called.
                _ if code == Errno::EACCES || code == Errno::EINVAL => Reply::Yes,
                _ => Reply::Unknown(format!("trying it answers {code}: {said}")),
            }
        })
    }
}

/// A call of a helper.
fn call(helper: u32) -> Bytes {
    insn(CALL, 0, 0, 0, helper.cast_signed())
}

/// The verifier's complaint: its last line but the statistics, which say how far it got.
fn last_line(log: &[u8]) -> String {
    let written = log.split(|byte| *byte == 0).next().unwrap_or_default();
    let text = String::from_utf8_lossy(written);
    let mut lines = text.lines().rev().map(str::trim);
    let complaint = lines.find(|line| !line.is_empty() && !line.starts_with("processed "));
    complaint.unwrap_or_default().to_owned()
}
