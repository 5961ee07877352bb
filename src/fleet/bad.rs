//! Reports that could not be used.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::batch::At;
use crate::report::clean;

/// A report that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Bad {
    /// The file, and what in it.
    pub source: String,
    /// The line.
    pub line: usize,
    /// Which of a list of JSON it is, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<u64>,
    /// What is wrong.
    pub reason: String,
}

impl Bad {
    /// `file:line: reason`.
    #[must_use]
    pub fn told(&self) -> String {
        let Self {
            source,
            line,
            item,
            reason,
        } = self;
        let line = match line {
            0 => String::new(),
            line => format!(":{line}"),
        };
        let item = item.map_or(String::new(), |item| format!(" number {item} of the list:"));
        clean(&format!("{source}{line}:{item} {reason}"))
    }
}

/// So many are kept by name.
const KEPT: usize = 1000;
/// So many of one file, so that one of rubbish leaves room for the others.
const OF_A_FILE: usize = 10;

/// The first bad reports by source and line, whatever the order they were met in.
#[derive(Debug, Clone, Default)]
pub(super) struct BadReports(BTreeSet<Bad>);

impl BadReports {
    /// Keeps a bad report, if it is among the first.
    pub(super) fn keep(&mut self, bad: Bad) {
        let first = Bad {
            line: 0,
            item: None,
            reason: String::new(),
            ..bad.clone()
        };
        self.0.insert(bad);
        let of_file = self.0.range(&first..);
        let of_file = of_file.take_while(|one| one.source == first.source);
        if let Some(last) = of_file.skip(OF_A_FILE).last().cloned() {
            self.0.remove(&last);
        }
        if self.0.len() > KEPT {
            self.0.pop_last();
        }
    }

    /// Them in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Bad> {
        self.0.iter()
    }

    /// The same.
    pub(super) fn into_iter(self) -> impl Iterator<Item = Bad> {
        self.0.into_iter()
    }
}

/// A fault, within bounds.
pub(super) fn bad(source: &str, at: At, reason: &str) -> Bad {
    let short = |text: &str, limit| clean(text).chars().take(limit).collect();
    Bad {
        source: short(source, 500),
        line: at.line,
        item: at.item,
        reason: short(reason, 300),
    }
}
