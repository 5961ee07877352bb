//! `bpf-doctor` says whether eBPF can do its job on a Linux host and, where it can't, which
//! documented failure applies, how it knows, and what to type on this host to fix it.
//!
//! Data flows one way: [`host`] → [`facts`] → [`probes`] → [`diagnosis`] (with the
//! [`catalogue`]) → [`report`] → a rendering of it.

pub mod catalogue;
pub mod diagnosis;
pub mod facts;
pub mod host;
pub mod probes;
pub mod redact;
pub mod report;
mod selection;
pub mod version;

use catalogue::{Catalogue, LoadError, Vocabulary};

pub use selection::{NoSuchCheck, Selection};

/// The catalogue that comes with the doctor: checks.yaml.
///
/// # Errors
/// None in a released doctor; a test reads it.
pub fn built_in_catalogue() -> Result<Catalogue, LoadError> {
    let text = include_str!("../checks.yaml");
    Catalogue::parse("checks.yaml", text, vocabulary())
}

/// The facts and probes a checks file may speak of.
#[must_use]
pub fn vocabulary() -> Vocabulary {
    Vocabulary {
        is_fact: facts::is_known,
        nearest_fact: facts::suggest,
        probes: || probes::table().iter().map(|probe| probe.id).collect(),
    }
}
