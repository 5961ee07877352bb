//! checks.yaml as types: what a documented failure is, when it applies, how it is told and
//! what cures it.
//!
//! [`Catalogue::parse`] is strict: a word it doesn't know is refused with its place and the
//! nearest word it does know. Which facts and probes exist is told to it by the caller
//! ([`Vocabulary`]); this room knows nothing of the host.

mod check;
mod condition;
mod error;
mod faults;
mod file;
mod fix;
mod lint;
mod lists;
mod load;
mod located;
mod mending;
mod options;
mod packaged;
mod pattern;
mod points;
mod possible;
mod profile;
mod replaced;
mod requirements;
mod rules;
mod symptom;
mod value;
mod vocabulary;
mod words;
mod written;

pub use check::{About, Area, Beside, Cause, Check, Kind, Severity};
pub use condition::{Condition, FactTest, ProbeTest, Test, Wanted};
pub use error::LoadError;
pub use file::{OptionRule, SCHEMA};
pub use fix::{ByHand, Fix, Mount, Needs, Remedy, Steps, StepsKind};
pub use lint::{Level, Offence, lint, places};
pub use load::Catalogue;
pub use packaged::{Archived, PackagedKernel};
pub use pattern::Pattern;
pub use profile::{EVERY_PROFILE, Need, Profile};
pub(crate) use requirements::requirements;
pub use symptom::{Loader, Noise, Operation, Part, Symptom};
pub use vocabulary::{Vocabulary, nearest};
pub use words::OutlineLine;
