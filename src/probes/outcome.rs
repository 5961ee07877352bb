//! What an experiment can come to.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::meaning::meaning;

/// How what was said begins where single commands of bpf() came not to the kernel.
pub(super) const NOT_REACHED: &str = "refused before their attributes were looked at: ";

/// How what was said begins where the kernel has the call that was answered with ENOSYS.
pub(super) const KERNEL_HAS_IT: &str = "a seccomp filter answers in the kernel's place: ";

/// How what was said begins where nobody could tell what programs the cgroups above have.
pub(super) const ABOVE_UNASKED: &str = "what programs the cgroups above have is not told";

/// A step of an experiment; the errno of a failure is read in the light of its stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The object file was opened and its relocations resolved (no kernel involved).
    Open,
    /// A map was created.
    Create,
    /// BTF was given to the kernel.
    BtfLoad,
    /// A program passed, or did not pass, the verifier.
    Load,
    /// A program was attached.
    Attach,
    /// A map was mapped into memory.
    Mmap,
    /// The program was run, or the event it waits for was caused.
    Trigger,
    /// What the program left was read and compared with the truth.
    Read,
}

impl Stage {
    /// All of them, in the order in which most experiments go through them.
    pub const ALL: [Self; 8] = [
        Self::Open,
        Self::Create,
        Self::BtfLoad,
        Self::Load,
        Self::Attach,
        Self::Mmap,
        Self::Trigger,
        Self::Read,
    ];

    /// Stages in a line: `create, load, attach, trigger, read`.
    #[must_use]
    pub fn in_words(stages: &[Self]) -> String {
        let names: Vec<String> = stages.iter().map(ToString::to_string).collect();
        names.join(", ")
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Create => "create",
            Self::BtfLoad => "btf-load",
            Self::Load => "load",
            Self::Attach => "attach",
            Self::Mmap => "mmap",
            Self::Trigger => "trigger",
            Self::Read => "read",
        })
    }
}

/// The outcome of an experiment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// The kernel did what was asked, and the result was right.
    Works,
    /// The kernel refused, or the result was wrong.
    Fails {
        /// The step that failed.
        stage: Stage,
        /// The errno's name, e.g. `EINVAL`, `ENOTSUPP`, or `SIGSYS` where a seccomp filter
        /// killed the process; empty where a result was wrong without an error.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        errno: String,
        /// The system call that gave it, e.g. `fsopen`; empty where it was bpf(), or none alone.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        call: String,
        /// What kernel or libbpf said, shortened to the lines that matter.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        log: String,
    },
    /// Not tried, or tried without an answer.
    Skipped {
        /// Why.
        reason: String,
    },
}

impl Outcome {
    /// The error of a failure, and the system call that gave it: ` with ENOSYS (fsopen)`; nothing
    /// where there is none.
    #[must_use]
    pub fn with_errno(&self) -> String {
        match self {
            Self::Fails { errno, call, .. } if call.is_empty() && !errno.is_empty() => {
                format!(" with {errno}")
            }
            Self::Fails { errno, call, .. } if !errno.is_empty() => {
                format!(" with {errno} ({call})")
            }
            _ => String::new(),
        }
    }

    /// Changes what was said about it.
    pub fn rewrite(&mut self, change: &mut dyn FnMut(&str) -> String) {
        match self {
            Self::Works => {}
            Self::Fails { log, .. } => *log = change(log),
            Self::Skipped { reason } => *reason = change(reason),
        }
    }

    /// The same, where it is known what the process was about to do when that ended it.
    pub(super) fn while_about(mut self, what: &str) -> Self {
        if let Self::Fails { log, .. } = &mut self
            && !what.is_empty()
        {
            log.push_str(": ");
            log.push_str(what);
        }
        self
    }

    /// What the error of a failure of this probe means at its stage, in words; nothing where it
    /// came without one, or no more is known than its name.
    #[must_use]
    pub fn meaning(&self, probe: &str) -> Option<&'static str> {
        match self {
            Self::Fails {
                stage,
                errno,
                call,
                log,
            } => meaning(probe, *stage, errno, call, log),
            Self::Works | Self::Skipped { .. } => None,
        }
    }

    /// Whether an errno speaks of the caller or of the moment rather than of what the
    /// kernel has: refused privileges and exhausted resources say nothing about support.
    #[must_use]
    pub fn is_conclusive(&self) -> bool {
        match self {
            Self::Works => true,
            Self::Skipped { .. } => false,
            Self::Fails {
                errno, stage, log, ..
            } => match errno.as_str() {
                "EPERM" | "SIGSYS" | "ENOMEM" | "EAGAIN" | "EINTR" | "EMFILE" | "ENFILE"
                | "EBUSY" | "ETIMEDOUT" => false,
                // The verifier says EACCES about programs; elsewhere it is a matter of rights.
                "EACCES" => *stage == Stage::Load,
                // Whoever is there already says nothing of what the kernel has.
                "EEXIST" => *stage != Stage::Attach,
                // The addresses given are the doctor's own and good: somebody in between answers,
                // but for the verifier, which says so of what should not be.
                "EFAULT" => *stage == Stage::Load && !log.is_empty(),
                _ => true,
            },
        }
    }

    /// The same of a probe: those that are about filters say nothing of what the kernel has,
    /// whatever error they end with.
    #[must_use]
    pub fn is_conclusive_of(&self, probe: &str) -> bool {
        let of_filters = match self {
            Self::Fails { errno, .. } if errno.is_empty() => false,
            Self::Fails { errno, log, .. } => match probe {
                "bpf-commands" => true,
                // A kernel without the call says so, too.
                "perf-event-call" | "bpf-syscall" => {
                    errno != "ENOSYS" || log.starts_with(KERNEL_HAS_IT)
                }
                _ => false,
            },
            Self::Works | Self::Skipped { .. } => false,
        };
        self.is_conclusive() && !of_filters
    }
}

/// An experiment and its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeResult {
    /// The probe's id in the probe table.
    pub probe: String,
    /// What it came to.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// How long it took, in microseconds.
    #[serde(default)]
    pub micros: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_hold_or_answer_says_nothing_of_the_kernel() {
        for (stage, errno, log, conclusive) in [
            (Stage::Attach, "EBUSY", "", false),
            (Stage::Attach, "EEXIST", "", false),
            (Stage::Create, "EEXIST", "", true),
            (Stage::Trigger, "ETIMEDOUT", "", false),
            (Stage::Create, "EFAULT", "", false),
            (Stage::Load, "EFAULT", "", false),
            (Stage::Load, "EFAULT", "verifier bug", true),
            (Stage::Load, "EACCES", "", true),
            (Stage::Attach, "EACCES", "", false),
            (Stage::Attach, "EINVAL", "", true),
        ] {
            let outcome = Outcome::Fails {
                stage,
                errno: errno.to_owned(),
                call: String::new(),
                log: log.to_owned(),
            };
            assert_eq!(outcome.is_conclusive(), conclusive, "{stage} {errno} {log}");
        }
    }

    #[test]
    fn a_call_that_the_kernel_has_is_not_missing() {
        for (probe, errno, log, conclusive) in [
            ("bpf-syscall", "ENOSYS", "", true),
            ("bpf-syscall", "ENOSYS", KERNEL_HAS_IT, false),
            ("bpf-syscall", "EUCLEAN", "", false),
            ("perf-event-call", "ENOSYS", KERNEL_HAS_IT, false),
            ("ringbuf", "ENOSYS", "", true),
        ] {
            let outcome = Outcome::Fails {
                stage: Stage::Trigger,
                errno: errno.to_owned(),
                call: String::new(),
                log: log.to_owned(),
            };
            assert_eq!(
                outcome.is_conclusive_of(probe),
                conclusive,
                "{probe} {errno}"
            );
        }
    }
}
