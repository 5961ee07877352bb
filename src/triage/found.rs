//! What was found in a log.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::lexicon::Told;
use super::surroundings::Surroundings;
use crate::catalogue::Loader;

/// So many lines of a kernel config are kept.
const OPTIONS: usize = 20_000;
/// A longer word is no release of a kernel.
const LONGEST_RELEASE: usize = 64;

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
    /// The verifier said something else after it, and its last word is its verdict.
    pub(super) overruled: bool,
}

impl Hit {
    /// Whether it speaks of one of the registers, R0 to R11.
    pub(super) fn names_register(&self) -> bool {
        let mut words = self.text.split(|c: char| !c.is_ascii_alphanumeric());
        words.any(|word| {
            let number = word.strip_prefix('R').map(str::parse::<u8>);
            matches!(number, Some(Ok(0..=11)))
        })
    }
}

/// A line that looks like an error and is none.
#[derive(Debug, Clone)]
pub(super) struct Harmless {
    pub(super) noise: usize,
    pub(super) line: u64,
    pub(super) text: String,
}

/// Why a log was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cut {
    /// It went on past so many bytes.
    Bytes,
    /// It had not ended after so many seconds.
    Seconds,
}

/// What a log tells.
#[derive(Debug, Default)]
pub struct Reading {
    pub(super) hits: Vec<Hit>,
    pub(super) harmless: Vec<Harmless>,
    pub(super) loaders: BTreeSet<Loader>,
    /// Whether a word of eBPF stands anywhere in it.
    pub(super) about_bpf: bool,
    pub(super) also: BTreeSet<(usize, usize)>,
    pub(super) without: BTreeSet<(usize, usize)>,
    /// Lines read.
    pub lines: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Why it was not read to its end, if it was not.
    pub cut: Option<Cut>,
    /// The kernel's release, where the log tells it, and the line that does.
    pub release: Option<(String, u64)>,
    /// What the log says the distribution is.
    pub os: Option<String>,
    /// Lines of a kernel config that the log has.
    pub config: String,
    options: usize,
}

impl Reading {
    /// Keeps what a line tells of its host.
    pub(super) fn learn(&mut self, told: Told, value: &str, line: u64) {
        let value = value.trim().trim_end_matches(['.', ',', ':', ';']);
        match told {
            // The last word on the kernel in a log that goes over a reboot is the first one,
            // too, for most: the first one is kept.
            Told::Release => {
                let better = |(known, _): &(String, u64)| {
                    value.len() > known.len() && value.starts_with(known.as_str())
                };
                let is_better = self.release.as_ref().is_none_or(better);
                if is_better && value.len() <= LONGEST_RELEASE {
                    self.release = Some((value.to_owned(), line));
                }
            }
            Told::Os => {
                let os = &mut self.os;
                os.get_or_insert_with(|| value.chars().take(100).collect());
            }
            Told::Config if self.options < OPTIONS => {
                self.options += 1;
                self.config.push_str(value);
                self.config.push('\n');
            }
            Told::Config => {}
        }
    }
}
