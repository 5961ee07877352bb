//! `bpf-doctor` says whether eBPF can do its job on a Linux host and, where it can't, which
//! documented failure applies, how it knows, and what to type on this host to fix it.
//!
//! Data flows one way: [`host`] → [`facts`] → [`probes`] → [`diagnosis`] (with the
//! [`catalogue`]) → [`report`] → a rendering of it.

pub mod catalogue;
pub mod diagnosis;
pub mod facts;
pub mod features;
pub mod fleet;
mod gzip;
mod harmless;
pub mod host;
mod labels;
pub mod probes;
pub mod redact;
pub mod reference;
pub mod report;
mod selection;
mod software;
mod time;
pub mod triage;
pub mod version;
pub mod yaml;

use std::collections::BTreeMap;

use catalogue::{Catalogue, LoadError, Vocabulary};
use nix::errno::Errno;
use probes::Stage;

pub use labels::{LabelError, Labels};
pub use selection::{NotSelectable, Selection};
pub use software::{NoSuchProfile, Software};

/// The catalogue that comes with the doctor: checks.yaml.
///
/// # Errors
/// None in a released doctor; a test reads it.
pub fn built_in_catalogue() -> Result<Catalogue, LoadError> {
    Catalogue::converted("checks.yaml", CHECKS, CONVERTED)
}

/// Which other checks make a check of that catalogue moot while they fail, by its id; of nothing
/// else it is read.
///
/// # Errors
/// None in a released doctor; a test reads it.
pub fn built_in_requirements() -> Result<BTreeMap<String, Vec<String>>, LoadError> {
    catalogue::requirements("checks.yaml", CHECKS)
}

/// checks.yaml.
const CHECKS: &str = include_str!("../checks.yaml");

/// The same as JSON, made when the doctor was built.
const CONVERTED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/checks.json"));

/// The facts, probes and words a checks file may speak of.
#[must_use]
pub fn vocabulary() -> Vocabulary {
    Vocabulary {
        is_fact: facts::is_known,
        nearest_fact: facts::suggest,
        probes: || probes::table().iter().map(|probe| probe.id).collect(),
        values_of: |key| facts::describe(key)?.words(),
        names_of: |key| facts::describe(key)?.known_names(),
        stages: || STAGES.iter().map(ToString::to_string).collect(),
        errnos,
    }
}

const STAGES: &[Stage] = &[
    Stage::Open,
    Stage::Create,
    Stage::BtfLoad,
    Stage::Load,
    Stage::Attach,
    Stage::Mmap,
    Stage::Trigger,
    Stage::Read,
];

/// What a probe can fail with: the C library's names, and two it doesn't have or that are
/// none of an error but of the signal seccomp kills with.
fn errnos() -> Vec<String> {
    let known = (1..=200).map(Errno::from_raw);
    let known = known.filter(|errno| *errno != Errno::UnknownErrno);
    let known = known.map(|errno| format!("{errno:?}"));
    known
        .chain(["ENOTSUPP", "SIGSYS"].map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_converted_catalogue_is_the_written_one() {
        let written = Catalogue::parse("checks.yaml", CHECKS, vocabulary()).unwrap();
        let converted = built_in_catalogue().unwrap();
        assert!(written.checks.len() > 100);
        assert_eq!(format!("{converted:#?}"), format!("{written:#?}"));
    }
}
