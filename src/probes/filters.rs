//! What a seccomp filter answers in the kernel's place, asked in one way by all who must know.

use std::collections::HashMap;

use nix::errno::Errno;
use nix::sys::stat;

use super::bench::Trouble;
use super::call::Call;
use super::errno::Code;
use super::outcome::Stage;
use super::rights::Capability;
use super::rights::Rights;
use super::sys;

/// The first kernel that looks at the attributes of bpf(2) before it asks for a right.
const ATTRIBUTES_FIRST: (u32, u32) = (5, 19);

/// Probes that are about filters themselves.
const TELL_OF_FILTERS: &[&str] = &["bpf-commands", "perf-event-call", "bpf-syscall"];

/// Who answers a system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// The kernel.
    Kernels,
    /// A filter, with this.
    Filters(Code),
    /// One or the other, with this.
    Open(Code),
}

/// What is known of the filter that is in force, if any.
#[derive(Debug)]
pub(super) struct Filters {
    rights: Rights,
    asked: HashMap<Call, Word>,
    ask: fn(Call) -> Option<Code>,
    has_ipv4: fn() -> bool,
}

impl Filters {
    /// Of the filter of this process.
    pub(super) fn of(rights: &Rights) -> Self {
        Self {
            rights: *rights,
            asked: HashMap::new(),
            ask: sys::stopped,
            has_ipv4: || stat::stat("/proc/sys/net/ipv4").is_ok(),
        }
    }

    /// Who answers a call; asked once, by one that can't come to anything.
    pub(super) fn word(&mut self, call: Call) -> Word {
        if self.rights.filtered == Some(false) {
            return Word::Kernels;
        }
        let (rights, ask) = (self.rights, self.ask);
        *self.asked.entry(call).or_insert_with(|| {
            let Some(code) = ask(call) else {
                return Word::Kernels;
            };
            match (rights.filtered, call) {
                // An old kernel asks everybody for CAP_BPF where kernel.unprivileged_bpf_disabled
                // is set, and that before it reads the attributes.
                (_, Call::Bpf(_))
                    if code == Errno::EPERM
                        && rights.version.is_none_or(|is| is < ATTRIBUTES_FIRST)
                        && rights.lacks(Capability::Bpf) =>
                {
                    Word::Open(code)
                }
                // So does every kernel that is asked for a file system.
                (_, Call::Fsopen | Call::Fsmount)
                    if code == Errno::EPERM
                        && (rights.at_home != Some(true) || rights.lacks(Capability::SysAdmin)) =>
                {
                    Word::Open(code)
                }
                // A kernel may be too old for the call, or be built without it.
                (_, call) if code == Errno::ENOSYS && !is_as_old_as_bpf(call, &rights) => {
                    Word::Open(code)
                }
                (Some(true), _) => Word::Filters(code),
                _ => Word::Open(code),
            }
        })
    }

    /// The call of these whose answer this error was, if no kernel gave it.
    fn gave(&mut self, code: Code) -> Option<(Call, Word)> {
        let calls = code.by().calls().into_iter();
        calls.map(|call| (call, self.word(call))).find(
            |(_, word)| matches!(word, Word::Filters(answer) | Word::Open(answer) if *answer == code),
        )
    }

    /// Who says that there are no sockets of a family; nothing where it is the kernel. What a filter
    /// answers to one family can't be told from the answer to another that no kernel has.
    fn of_families(&self) -> Option<String> {
        if self.rights.filtered == Some(false) {
            return None;
        }
        let says = "a seccomp filter answers EAFNOSUPPORT to socket(), as systemd's \
                    RestrictAddressFamilies= does";
        match ((self.has_ipv4)(), self.rights.filtered) {
            (true, _) => Some(format!(
                "{says}: the kernel has IPv4 (/proc/sys/net/ipv4); that says nothing of what else \
                 it has"
            )),
            (false, Some(true)) => Some(format!(
                "either {says}, for one is in force, or the kernel has no IPv4"
            )),
            (false, _) => None,
        }
    }

    /// An error, and that a filter may have given it.
    fn told(&mut self, code: Code) -> String {
        let trouble = Trouble::Failed {
            stage: Stage::Open,
            errno: Some(code),
            remark: String::new(),
        };
        match self.judge("", trouble) {
            Trouble::Skipped(reason) => format!("{code}: {reason}"),
            Trouble::Failed { .. } => code.to_string(),
        }
    }

    /// What a probe comes to that ended so: what a filter answered in the kernel's place leaves
    /// the kernel unknown. A refusal of bpf() stays one, for that is no answer of the kernel's
    /// anyway, and others may have refused as well.
    pub(super) fn judge(&mut self, probe: &str, trouble: Trouble) -> Trouble {
        let Trouble::Failed {
            errno: Some(code), ..
        } = &trouble
        else {
            return trouble;
        };
        if TELL_OF_FILTERS.contains(&probe) {
            return trouble;
        }
        if *code == Errno::EAFNOSUPPORT
            && code.by().calls().contains(&Call::Socket)
            && let Some(reason) = self.of_families()
        {
            return Trouble::Skipped(reason);
        }
        match self.gave(*code) {
            None => trouble,
            Some((Call::Bpf(_), _)) if *code == Errno::EPERM => trouble,
            Some((call, Word::Filters(code))) => Trouble::Skipped(of_filter(call, code)),
            Some((call, _)) if *code == Errno::ENOSYS => Trouble::Skipped(format!(
                "{} is not there: {code} is the answer of a kernel that is too old for it or was \
                 built without it, and of a seccomp filter",
                call.in_words()
            )),
            Some(_) => trouble,
        }
    }
}

/// An error in a reason, with who gave it where that may be a filter: the kernel is not blamed for
/// what another said.
pub(super) fn told(code: Code) -> String {
    let mut filters = Filters::of(&Rights::read());
    filters.told(code)
}

/// That a filter answered, in words.
pub(super) fn of_filter(call: Call, code: Code) -> String {
    format!(
        "a seccomp filter answers {code} to {} before the kernel looks at it, which says nothing \
         of what the kernel has",
        call.in_words()
    )
}

/// Whether every kernel of this version has the call.
fn is_as_old_as_bpf(call: Call, rights: &Rights) -> bool {
    let since = match call {
        // It can be left out of a kernel, as the probes that are about it tell.
        Call::Bpf(_) | Call::PerfEventOpen => return true,
        Call::Fsopen | Call::Fsconfig | Call::Fsmount => (5, 2),
        Call::PidfdOpen => (5, 3),
        Call::PidfdGetfd => (5, 6),
        _ => (4, 4),
    };
    rights.version.is_some_and(|is| is >= since)
}

#[cfg(test)]
mod tests {
    use super::super::call;
    use super::super::call::By;
    use super::*;

    /// A filter with an answer to each of these calls.
    fn filter(call: Call) -> Option<Code> {
        let errno = match call {
            Call::Bpf(10) => Errno::EINVAL,
            Call::Bpf(5) => Errno::EPERM,
            Call::Fsopen | Call::PidfdGetfd => Errno::ENOSYS,
            Call::Fsmount => Errno::EPERM,
            Call::MemfdCreate => Errno::ENOENT,
            Call::Connect => Errno::EPERM,
            _ => return None,
        };
        Some(Code::from(errno).by_call(call))
    }

    fn filters(version: (u32, u32), filtered: bool, capabilities: u64) -> Filters {
        Filters {
            rights: Rights {
                capabilities: Some(capabilities),
                filtered: Some(filtered),
                at_home: Some(true),
                version: Some(version),
                ..Rights::default()
            },
            asked: HashMap::new(),
            ask: filter,
            has_ipv4: || true,
        }
    }

    fn failed(code: Code) -> Trouble {
        Trouble::Failed {
            stage: Stage::Open,
            errno: Some(code),
            remark: String::new(),
        }
    }

    /// Why it was skipped; nothing where it still fails.
    fn judged(filters: &mut Filters, probe: &str, code: Code) -> Option<String> {
        match filters.judge(probe, failed(code)) {
            Trouble::Skipped(reason) => Some(reason),
            Trouble::Failed { .. } => None,
        }
    }

    #[test]
    fn what_a_filter_answers_is_not_the_kernels() {
        let one = |errno, call| Code::from(errno).by_call(call);
        for (probe, code, words) in [
            (
                "global-data",
                one(Errno::EINVAL, Call::Bpf(10)),
                "the command PROG_TEST_RUN of bpf()",
            ),
            // The same error of another call, and another error of the same.
            ("global-data", one(Errno::EINVAL, Call::Bpf(0)), ""),
            ("global-data", one(Errno::ENOENT, Call::Bpf(10)), ""),
            // A refusal is read as one, whoever it is by.
            ("prog-load", one(Errno::EPERM, Call::Bpf(5)), ""),
            (
                "pin",
                one(Errno::ENOSYS, Call::Fsopen),
                "ENOSYS to fsopen()",
            ),
            (
                "lwt-run",
                one(Errno::EPERM, Call::Connect),
                "EPERM to connect()",
            ),
            (
                "lwt-run",
                Code::from(Errno::EPERM).given_by(call::TALK),
                "EPERM to connect()",
            ),
            (
                "core-read",
                Code::from(Errno::ENOENT).given_by(call::LIBBPF),
                "ENOENT to memfd_create()",
            ),
            (
                "core-read",
                Code::from(Errno::ESRCH).given_by(call::LIBBPF),
                "",
            ),
            ("any", Code::from(Errno::ENOSYS), ""),
            // They tell of filters themselves.
            ("bpf-commands", one(Errno::EINVAL, Call::Bpf(10)), ""),
        ] {
            let said = judged(&mut filters((6, 1), true, u64::MAX), probe, code);
            assert_eq!(
                said.is_some(),
                !words.is_empty(),
                "{probe} {code}: {said:?}"
            );
            assert!(said.unwrap_or_default().contains(words), "{words}");
            // Where none is in force, nobody but the kernel answers.
            let said = judged(&mut filters((6, 1), false, u64::MAX), probe, code);
            assert_eq!(said, None, "{probe} {code}");
        }
    }

    #[test]
    fn what_is_about_filters_says_nothing_of_the_kernel() {
        use super::super::outcome::Outcome;
        for (probe, errno, conclusive) in [
            ("bpf-commands", "EINVAL", false),
            ("bpf-commands", "ENOSYS", false),
            ("perf-event-call", "EINVAL", false),
            // A kernel without perf events says so, too.
            ("perf-event-call", "ENOSYS", true),
            ("perf-event-call", "EUCLEAN", false),
            ("bpf-syscall", "ENOSYS", true),
            ("bpf-syscall", "EUCLEAN", false),
            ("ringbuf", "EINVAL", true),
            ("ringbuf", "EPERM", false),
        ] {
            let code = Outcome::Fails {
                stage: Stage::Trigger,
                errno: errno.to_owned(),
                call: String::new(),
                log: String::new(),
            };
            assert_eq!(code.is_conclusive_of(probe), conclusive, "{probe} {errno}");
        }
    }

    #[test]
    fn a_family_of_sockets_that_a_filter_denies_is_not_missing() {
        let (no_ipv4, ipv4) = (false, true);
        for (filtered, has_ipv4, by, words) in [
            (Some(true), ipv4, call::TALK, "the kernel has IPv4"),
            (
                Some(true),
                ipv4,
                By::One(Call::Socket),
                "RestrictAddressFamilies=",
            ),
            (Some(true), no_ipv4, call::TALK, "or the kernel has no IPv4"),
            (None, ipv4, call::TALK, "the kernel has IPv4"),
            (None, no_ipv4, call::TALK, ""),
            (Some(false), ipv4, call::TALK, ""),
            // Of a call that knows no family.
            (Some(true), ipv4, By::One(Call::Bind), ""),
        ] {
            let mut filters = filters((6, 1), true, u64::MAX);
            filters.rights.filtered = filtered;
            filters.has_ipv4 = if has_ipv4 { || true } else { || false };
            let code = Code::from(Errno::EAFNOSUPPORT).given_by(by);
            let said = judged(&mut filters, "lwt-run", code).unwrap_or_default();
            assert_eq!(said.is_empty(), words.is_empty(), "{filtered:?}: {said}");
            assert!(said.contains(words), "{words}: {said}");
        }
    }

    #[test]
    fn a_reason_names_the_filter_whose_error_it_tells() {
        let mut all = filters((6, 1), true, u64::MAX);
        for (errno, call, words) in [
            (
                Errno::EAFNOSUPPORT,
                Call::Socket,
                "RestrictAddressFamilies=",
            ),
            (
                Errno::EPERM,
                Call::Connect,
                "EPERM: a seccomp filter answers",
            ),
            (Errno::ENOSYS, Call::PidfdGetfd, "a seccomp filter"),
        ] {
            let said = all.told(Code::from(errno).by_call(call));
            assert!(said.contains(words), "{said}");
        }
        // Another error of the same call is the kernel's.
        let said = all.told(Code::from(Errno::EBUSY).by_call(Call::Connect));
        assert_eq!(said, "EBUSY");
        let mut none = filters((6, 1), false, u64::MAX);
        let said = none.told(Code::from(Errno::EPERM).by_call(Call::Connect));
        assert_eq!(said, "EPERM");
    }

    #[test]
    fn what_the_kernel_may_have_answered_is_left_open() {
        let mut old = filters((5, 4), true, 0);
        assert_eq!(old.word(Call::Bpf(5)), Word::Open(Errno::EPERM.into()));
        assert_eq!(old.word(Call::Bpf(0)), Word::Kernels);
        assert_eq!(old.word(Call::Fsmount), Word::Open(Errno::EPERM.into()));
        let code = Code::from(Errno::ENOSYS).by_call(Call::PidfdGetfd);
        let said = judged(&mut old, "token", code).unwrap();
        assert!(said.contains("pidfd_getfd() is not there"), "{said}");
        let mut all = filters((6, 1), true, u64::MAX);
        assert_eq!(all.word(Call::Fsmount), Word::Filters(Errno::EPERM.into()));
        let mut new = filters((6, 1), true, 0);
        assert_eq!(new.word(Call::Bpf(5)), Word::Filters(Errno::EPERM.into()));
    }
}
