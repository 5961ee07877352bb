//! What was found in a log.

use std::collections::{BTreeMap, BTreeSet};

use super::surroundings::Surroundings;
use crate::catalogue::Loader;

/// A symptom, and where it was found.
#[derive(Debug, Clone)]
pub(super) struct Hit {
    pub(super) check: usize,
    pub(super) symptom: usize,
    /// The number of the line, counted from 1.
    pub(super) line: u64,
    /// The line as it is quoted.
    pub(super) text: String,
    /// What the pattern's groups found, and the error.
    pub(super) names: BTreeMap<String, String>,
    /// What stands around it.
    pub(super) around: Surroundings,
}

/// A line that looks like an error and is none.
#[derive(Debug, Clone)]
pub(super) struct Harmless {
    pub(super) noise: usize,
    pub(super) line: u64,
    pub(super) text: String,
}

/// What a log tells.
#[derive(Debug, Default)]
pub struct Reading {
    pub(super) hits: Vec<Hit>,
    pub(super) harmless: Vec<Harmless>,
    pub(super) loaders: BTreeSet<Loader>,
    pub(super) also: BTreeSet<(usize, usize)>,
    pub(super) without: BTreeSet<(usize, usize)>,
    /// Lines read.
    pub lines: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Whether the log went on past the limit.
    pub cut: bool,
    /// The kernel's release, where the log tells it, and the line that does.
    pub release: Option<(String, u64)>,
    /// What the log says the distribution is.
    pub os: Option<String>,
    /// Lines of a kernel config that the log has.
    pub config: String,
    pub(super) options: usize,
}
