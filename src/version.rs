//! Kernel versions; temporary door until the file moves here.
pub use crate::facts::{KernelVersion, VersionRange};
