//! Reports that could not be used.

use serde::{Deserialize, Serialize};

use crate::report::clean;

/// A report that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Bad {
    /// The file, and what in it.
    pub source: String,
    /// The line.
    pub line: usize,
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
            reason,
        } = self;
        let line = match line {
            0 => String::new(),
            line => format!(":{line}"),
        };
        clean(&format!("{source}{line}: {reason}"))
    }
}

/// A fault, within bounds.
pub(super) fn bad(source: &str, line: usize, reason: &str) -> Bad {
    let short = |text: &str, limit| clean(text).chars().take(limit).collect();
    Bad {
        source: short(source, 500),
        line,
        reason: short(reason, 300),
    }
}
