//! Why a checks file can't be used.

/// What is wrong with a checks file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct LoadError {
    /// Its name, as given.
    pub file: String,
    /// The line, counted from 1; 0 where the fault has no line of its own.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}
