//! What is told: rows in groups, with a schema version.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::table::Kind;

/// The name of this shape.
pub const SCHEMA: &str = "bpf-doctor/features/v1";

/// Whether a kernel has something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Available {
    /// It has.
    Yes,
    /// It hasn't, or doesn't let anybody have it.
    No,
    /// It can't be told, for the reason given.
    Unknown,
}

/// What an answer rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The kernel's own BTF.
    Btf,
    /// It was tried.
    Experiment,
    /// The options the kernel was built with.
    Config,
    /// A setting of the running kernel, such as its lockdown, or a rule of whoever provides it.
    Policy,
    /// The kernel's version, compared with the first mainline kernel that has it.
    Version,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Btf => "btf",
            Self::Experiment => "experiment",
            Self::Config => "config",
            Self::Policy => "policy",
            Self::Version => "version",
        })
    }
}

/// One thing a kernel may have.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Row {
    /// Its name, as bpftool prints it.
    pub name: String,
    /// Whether the kernel has it.
    pub available: Available,
    /// How that is known; nothing where it isn't.
    #[serde(default)]
    pub known_by: Vec<Source>,
    /// The first mainline kernel that has it; absent where the table doesn't know the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Why not, or why it can't be told; or what there is to say of a yes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub because: String,
}

/// Rows of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The kind: `map_type`, `helper`.
    pub group: String,
    /// Of helpers, the type of program they are for, where they were tried for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program_type: Option<String>,
    /// How many rows say yes.
    pub yes: usize,
    /// How many say no.
    pub no: usize,
    /// Of how many it can't be told.
    pub unknown: usize,
    /// The rows.
    pub rows: Vec<Row>,
}

impl Group {
    /// A group of these rows.
    #[must_use]
    pub fn new(kind: Kind, program_type: Option<String>, rows: Vec<Row>) -> Self {
        let count = |answer| rows.iter().filter(|row| row.available == answer).count();
        Self {
            group: kind.name().to_owned(),
            program_type,
            yes: count(Available::Yes),
            no: count(Available::No),
            unknown: count(Available::Unknown),
            rows,
        }
    }
}

/// The kernel that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kernel {
    /// Its release; absent where it isn't known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// The machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arch: Option<String>,
}

/// What a kernel's BPF has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Features {
    /// [`SCHEMA`].
    pub schema: String,
    /// The kernel that was asked.
    pub kernel: Kernel,
    /// The newest kernel all of whose names are known here.
    pub table: String,
    /// What was asked: each source, and what came of it.
    pub sources: Vec<Asked>,
    /// The rows, in groups.
    pub groups: Vec<Group>,
}

/// A source that was asked, or could not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Which.
    pub source: Source,
    /// Whether it told anything.
    pub told: bool,
    /// Where it is, or why it told nothing.
    pub what: String,
}
