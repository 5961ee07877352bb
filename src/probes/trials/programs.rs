//! Program types, and the helpers their programs may call.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;

use nix::errno::Errno;

use super::Kernel;
use super::Reply;
use super::code::{Bytes, CALL, EXIT, MOVE, SET, insn};
use super::narrow;
use crate::probes::call::Call;
use crate::probes::errno::Code;
use crate::probes::filters::{Filters, Word};
use crate::probes::rights::Rights;
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

/// Why a helper is none.
const NO_HELPER: &str = "no kernel function";

/// Room for what the verifier says: more than of any program here.
const ROOM: usize = 16 << 10;

/// A desk to try programs at: what the verifier says is written to the same memory each time, and
/// what the kernel has said once is not asked again.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) kernel: Kernel,
    pub(super) rights: Rights,
    log: Vec<u8>,
    /// Types of which a plain program was loaded.
    loads: BTreeSet<u32>,
    /// A number past the last helper.
    past_helpers: Option<u32>,
    /// Whether the kernel took BTF of a number.
    pub(super) takes_btf: bool,
    filters: Filters,
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
        let rights = Rights::read();
        Self {
            kernel,
            filters: Filters::of(&rights),
            rights,
            log: vec![0; ROOM],
            loads: BTreeSet::new(),
            past_helpers: None,
            takes_btf: false,
        }
    }

    /// What a seccomp filter answers in the kernel's place to one of these commands.
    pub(super) fn filter_answers(&mut self, commands: &[u32]) -> Option<Code> {
        commands
            .iter()
            .find_map(|command| match self.filters.word(Call::Bpf(*command)) {
                Word::Kernels => None,
                Word::Filters(code) | Word::Open(code) => Some(code),
            })
    }

    /// Loads a program of `return 0`, unless that is known to do.
    pub(super) fn load_plain(&mut self, of: u32) -> Result<(), Refused> {
        if !self.loads.contains(&of) {
            let _program = self.load(of, &[SET, EXIT])?;
            self.loads.insert(of);
        }
        Ok(())
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
        match self.load_plain(of) {
            Ok(()) => Reply::Yes,
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
            code if code == Code::ENOTSUPP && of == STRUCT_OPS => Reply::Yes,
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
        if let Err(refused) = self.load_plain(of) {
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
        if self.past_helpers.is_some_and(|past| helper >= past) {
            return Reply::No(NO_HELPER.to_owned());
        }
        let refused = match self.load(of, &[call(helper), MOVE, EXIT]) {
            Ok(_program) => return Reply::Yes,
            Err(refused) => refused,
        };
        if is_past(&refused.said) {
            self.past_helpers = Some(helper);
        }
        called(&refused, narrow::hidden_for(helper, &self.rights))
    }
}

/// Whether the verifier says that a number is past the last helper; so is every greater one.
fn is_past(said: &str) -> bool {
    said.contains("invalid func ")
}

/// What a refused call says of a helper. Only what is known to be said of helpers that may be
/// called is a yes: words change from kernel to kernel, and a new way to say no must not be taken
/// for a complaint about arguments. For want of the capability `lacking` the kernel says the same of
/// a helper that it has for the type.
fn called(refused: &Refused, lacking: Option<&str>) -> Reply {
    let Refused { code, said } = refused;
    let is = |words: &[&str]| words.iter().any(|words| said.contains(words));
    Reply::refused(*code, |code| {
        match code {
            _ if said.is_empty() => Reply::open(code),
            _ if is_past(said) => Reply::No(NO_HELPER.to_owned()),
            // Before 6.10, and since: known, not to this type; or not in this configuration, or not
            // to this caller.
            _ if is(&[
                "unknown func ",
                "program of this type cannot use helper ",
                "not supported for program type",
            ]) =>
            {
                match lacking {
                    Some(capability) => Reply::Unknown(format!(
                        "refused, as it is to who lacks {capability}, and to this type of program where \
                     it is not for it"
                    )),
                    None => Reply::No("not for this type of program".to_owned()),
                }
            }
            // Before 7.2, and since.
            _ if is(&["helper call might sleep", "sleepable helper "]) => {
                Reply::Partly("in programs that may sleep".to_owned())
            }
            _ if is(&["helper call is not allowed in probe"]) => {
                Reply::Partly("in some of these programs".to_owned())
            }
            // Registers are looked at of helpers that may be called: `R2 !read_ok`, `R1 type=ctx
            // expected=map_ptr`.
            _ if code == Errno::EACCES && begins_with_register(said) => Reply::Yes,
            _ if code == Errno::EINVAL && begins_with_register(said) => Reply::Yes,
            _ => Reply::Unknown(format!("trying it answers {code}: {said}")),
        }
    })
}

fn begins_with_register(said: &str) -> bool {
    let number = said.strip_prefix('R').unwrap_or_default();
    number.starts_with(|c: char| c.is_ascii_digit())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_call_is_a_yes_only_where_it_is_known_to_be() {
        let yes = Reply::Yes;
        let no = |why: &str| Reply::No(why.to_owned());
        let partly = |place: &str| Reply::Partly(place.to_owned());
        let not_here = || no("not for this type of program");
        let unknown = |why: &str| Reply::Unknown(format!("trying it answers {why}"));
        for (errno, said, reply) in [
            (Errno::EACCES, "R2 !read_ok", yes.clone()),
            (Errno::EACCES, "R1 type=ctx expected=map_ptr", yes.clone()),
            // bpf_set_retval of 7.2
            (Errno::EINVAL, "R1 is not a scalar", yes.clone()),
            (Errno::EINVAL, "invalid func unknown#212", no(NO_HELPER)),
            (
                Errno::EINVAL,
                "unknown func bpf_xdp_adjust_head#44",
                not_here(),
            ),
            (
                Errno::EINVAL,
                "program of this type cannot use helper bpf_xdp_adjust_head#44",
                not_here(),
            ),
            (
                Errno::EINVAL,
                "helper call might sleep in a non-sleepable prog",
                partly("in programs that may sleep"),
            ),
            (
                Errno::EINVAL,
                "sleepable helper bpf_copy_from_user#148 in non-sleepable prog",
                partly("in programs that may sleep"),
            ),
            (
                Errno::EINVAL,
                "helper call is not allowed in probe",
                partly("in some of these programs"),
            ),
            (
                Errno::EINVAL,
                "this helper is for others",
                unknown("EINVAL: this helper is for others"),
            ),
            (Errno::EINVAL, "Really not", unknown("EINVAL: Really not")),
            (Errno::EINVAL, "", unknown("EINVAL")),
            (Errno::EPERM, "R2 !read_ok", unknown("EPERM")),
        ] {
            let refused = Refused {
                code: errno.into(),
                said: said.to_owned(),
            };
            assert_eq!(called(&refused, None), reply, "{said}");
        }
        let refused = Refused {
            code: Code::ENOTSUPP,
            said: "func bpf_get_func_ip#173 not supported for program type 5".to_owned(),
        };
        assert_eq!(called(&refused, None), not_here());
        // What the kernel keeps from a caller without CAP_PERFMON it may have.
        assert!(
            matches!(called(&refused, Some("CAP_PERFMON")), Reply::Unknown(why) if why.contains("CAP_PERFMON"))
        );
    }

    #[test]
    fn the_complaint_comes_before_the_statistics() {
        let log = b"0: R1=ctx() R10=fp0\n0: (85) call bpf_loop#181\nR2 !read_ok\n\
                    processed 1 insns (limit 1000000)\n\0left of before";
        assert_eq!(last_line(log), "R2 !read_ok");
        assert_eq!(last_line(b"\0"), "");
    }
}
