//! The exit statuses.

use std::process::ExitCode;

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// What was asked came to this status by its own rule.
    Status(u8),
    /// Wrong usage, or an operational error.
    Trouble,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Status(status) => Self::from(status),
            Exit::Trouble => Self::from(2),
        }
    }
}
