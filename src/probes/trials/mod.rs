//! Trials: whether the running kernel has this map type, that program type, this helper.
//!
//! Where the probes of the table are experiments with a story, trials are many and small, and
//! named by the kernel's own numbers: [`start`] is their one door. They run in child processes,
//! as probes do; what they make is held by its descriptors alone and is gone with it.
//!
//! An errno is read here, in the light of what was tried: a refused privilege says nothing of
//! what the kernel has.

mod code;
mod commands;
mod hooks;
mod kinds;
mod maps;
mod narrow;
mod programs;
mod run;

use serde::{Deserialize, Serialize};

use super::errno::Code;

pub use code::Extension;
pub use run::{Underway, start};

/// What is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trial {
    /// To create a map of this type.
    Map(u32),
    /// To load a program of this type.
    Program(u32),
    /// To call each of these helpers from a program of this type; a reply for each.
    Helpers {
        /// The type of program.
        program: u32,
        /// The numbers of the helpers.
        helpers: Vec<u32>,
    },
    /// To use this hook (`enum bpf_attach_type`), in this way.
    Hook(u32, HookTrial),
    /// To give this command, in this way.
    Command(u32, CommandTrial),
    /// To give the kernel a type of this kind of BTF.
    Kind(u32),
    /// To load a program that has what not every kernel takes.
    Code(Extension),
}

impl Trial {
    /// How many replies there are to it.
    #[must_use]
    pub fn replies(&self) -> usize {
        match self {
            Self::Helpers { helpers, .. } => helpers.len(),
            _ => 1,
        }
    }

    /// The numbers of the commands of bpf(2) that it gives.
    #[must_use]
    pub fn commands(&self) -> Vec<u32> {
        const MAP_CREATE: u32 = 0;
        const PROG_LOAD: u32 = 5;
        const BTF_LOAD: u32 = 18;
        match self {
            // SK_STORAGE, INODE_STORAGE, TASK_STORAGE, CGRP_STORAGE come with BTF.
            Self::Map(24 | 28 | 29 | 32) => vec![MAP_CREATE, BTF_LOAD],
            Self::Map(_) => vec![MAP_CREATE],
            Self::Code(Extension::MemcgAccounting) => vec![MAP_CREATE],
            Self::Program(_) | Self::Helpers { .. } | Self::Code(_) => vec![PROG_LOAD],
            Self::Kind(_) => vec![BTF_LOAD],
            // PROG_DETACH
            Self::Hook(_, HookTrial::Detach) => vec![9],
            // PROG_ATTACH
            Self::Hook(_, HookTrial::Sockmap) => vec![MAP_CREATE, PROG_LOAD, 8],
            // LINK_CREATE
            Self::Hook(_, HookTrial::Link) => vec![PROG_LOAD, 28],
            Self::Command(command, _) => vec![*command],
        }
    }
}

/// How to ask for a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookTrial {
    /// Detach nothing from nothing.
    Detach,
    /// Attach a program of the doctor's to a map of its own.
    Sockmap,
    /// Link a kprobe program to nothing.
    Link,
}

/// How to ask for a command without its doing anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommandTrial {
    /// With no descriptor at this byte of the attributes.
    Descriptor(usize),
    /// With an id nothing has.
    Id,
    /// With nothing: no path, say.
    Nothing,
    /// By the smallest thing it makes.
    Make,
}

/// What trials are told of the kernel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kernel {
    /// Major, minor and patch number, which kernels before 5.0 want of kprobes.
    pub version: (u32, u32, u32),
    /// A function to trace, by its id in the kernel's own BTF, where it has any.
    pub traced: Option<u32>,
    /// The function of a security hook, likewise.
    pub guarded: Option<u32>,
}

impl Kernel {
    /// The version as kernels before 5.0 compare it (LINUX_VERSION_CODE).
    fn code(&self) -> u32 {
        let (major, minor, patch) = self.version;
        (major << 16) | (minor << 8) | patch.min(255)
    }
}

/// What became of a trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// The kernel has it.
    Yes,
    /// The kernel has it, and a program can use it in some places alone, as said here.
    Partly(String),
    /// The kernel doesn't have it: it answered with this.
    No(String),
    /// It can't be told from what the kernel answered, or it was not tried: why.
    Unknown(String),
}

impl Reply {
    /// A refusal, of which this says whether the kernel has it; where it is a matter of rights or
    /// of the moment, it can't be told.
    fn refused(code: Code, meaning: impl FnOnce(Code) -> Self) -> Self {
        use nix::errno::Errno;
        let inconclusive = [
            Errno::EPERM,
            Errno::ENOMEM,
            Errno::EAGAIN,
            Errno::EINTR,
            Errno::EMFILE,
            Errno::ENFILE,
            Errno::EBUSY,
            Errno::ENOSYS,
        ];
        if inconclusive.iter().any(|errno| code == *errno) {
            return Self::open(code);
        }
        meaning(code)
    }

    /// That an errno leaves it open.
    fn open(code: Code) -> Self {
        Self::Unknown(format!("trying it answers {code}"))
    }
}
#[cfg(test)]
mod tests;
