//! What a summary has a row of, or one of for many rows.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::audit::Cure;
use super::digest::{Key, Place};
use super::parts::{Checks, Suite};
use crate::diagnosis::{Severity, Status};

/// A finding that hosts have; its words may be among those that were not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Stands for the finding with its words.
    pub key: Key,
    /// The check.
    pub check: Arc<str>,
    /// `fail` or `unknown`.
    pub status: Status,
    /// How much it matters.
    pub severity: Severity,
    /// What it takes to mend it, known even where its words were not kept.
    pub cure: Cure,
}

/// What hosts have in common that differ in nothing but their names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Shape {
    /// Where they stand.
    pub place: Arc<Place>,
    /// Keys of what fails or is unknown, sorted.
    pub findings: Arc<[Key]>,
    /// What is ok, sorted.
    pub ok: Checks,
    /// What does not apply, sorted.
    pub moot: Checks,
    /// The software that was asked for.
    pub software: Suite,
    /// Whether only a part of the checks was asked for.
    pub partly: bool,
}

/// A host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// When its report was made, in seconds since 1970.
    pub time: u64,
    /// Its shape, by number.
    pub shape: u32,
    /// Its labels, by number.
    pub labels: u32,
    /// How many reports of it there were.
    pub reports: u32,
    /// Whether one of them was of all checks.
    pub full: bool,
    /// Its name, if it has one of its own.
    pub name: Box<str>,
}
