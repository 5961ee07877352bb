//! What was found in a log.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::clean::quotable;
use super::lexicon::Told;
use super::mood::Mood;
use super::surroundings::Surroundings;
use crate::catalogue::{Catalogue, Loader, Noise, Operation};
use crate::facts::QuotedProcess;

/// So many harmless lines are kept.
const HARMLESS: usize = 20;
/// So many lines that tell of a failure are kept.
const FAILURES: usize = 16;
/// So many verdicts of the verifier that no symptom has are kept.
const REFUSALS: usize = 4;
/// What weighs so much is a cause of its own.
const SURE: u8 = 85;
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
    /// The lines just above it, the nearest first, where its symptom asks for another line.
    pub(super) above: Vec<String>,
    /// How strongly its symptom points to the check.
    pub(super) weight: u8,
    /// The verifier said something else after it, and its last word is its verdict.
    pub(super) overruled: bool,
    /// The line names a setting and tells of no failure, or it stands before the verifier came
    /// to the program's first instruction, and so is no verdict.
    pub(super) aside: bool,
    /// What its pattern found is plain English, that other programs say as well.
    pub(super) plain: bool,
    /// It has a name in code, or a name with its number.
    pub(super) coded: bool,
    /// What failed is known by words that anybody may say.
    pub(super) guessed: bool,
    /// How its sentence speaks of it.
    pub(super) mood: Mood,
    /// Noise of the catalogue that it is, should the rest of the log say so.
    pub(super) noise: Vec<usize>,
}

impl Hit {
    /// How many marks of a mail's quote stand before its line.
    pub(super) fn quotes(&self) -> usize {
        let marks = self.text.bytes().take_while(|byte| b"> ".contains(byte));
        marks.filter(|byte| *byte == b'>').count()
    }

    /// Whether a mail quotes it, and has the other one in words of its own or of a later mail.
    pub(super) fn is_older_than(&self, other: &Self) -> bool {
        let is_sure = !other.aside && !other.guessed && other.mood == Mood::Fact;
        is_sure
            && other.weight >= SURE
            && other.check != self.check
            && other.quotes() < self.quotes()
    }

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

/// A verdict of the verifier that the catalogue does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) line: u64,
    pub(super) text: String,
    /// The program it is about, where the log names it.
    pub(super) program: Option<String>,
}

/// An operation that failed, and with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failed {
    pub(super) line: u64,
    pub(super) operation: Operation,
    pub(super) errno: &'static str,
}

/// A line that tells that something failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) line: u64,
    pub(super) text: String,
    /// Noise of the catalogue that it is, should the rest of the log say so.
    pub(super) noise: Vec<usize>,
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
    /// Noise that was found, and what it asks of the rest of the log.
    pub(super) noise: BTreeSet<usize>,
    pub(super) noise_also: BTreeSet<usize>,
    pub(super) noise_without: BTreeSet<usize>,
    /// What the verifier said last of a program, in words that no symptom has.
    pub(super) refusals: Vec<Refusal>,
    /// The first lines that tell that something failed.
    pub(super) failures: Vec<Failure>,
    /// The first operations that failed with an error that is named.
    pub(super) failed: Vec<Failed>,
    /// The first line that tells of work with eBPF.
    pub(super) at_work: Option<(u64, String)>,
    /// Whether a line has a word of a failure.
    pub(super) complains: bool,
    /// Whether a line tells of a failure as programs do.
    pub(super) suffers: bool,
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
    /// The file os-release, where the log has it.
    pub(super) os_file: Option<String>,
    /// What the log shows of the process.
    pub(super) process: QuotedProcess,
    /// The level of kernel lockdown that the log shows.
    pub(super) lockdown: Option<String>,
    /// Lines of a kernel config that the log has.
    pub config: String,
    /// Settings of the kernel that the log shows, and their values.
    pub settings: BTreeMap<String, i64>,
    options: usize,
    /// The release was told as that of the kernel that runs.
    release_is_sure: bool,
}

impl Reading {
    /// Whether noise is harmless in this log.
    pub(super) fn is_harmless(&self, place: usize, noise: &Noise) -> bool {
        self.noise.contains(&place)
            && (noise.also.is_none() || self.noise_also.contains(&place))
            && !self.noise_without.contains(&place)
    }

    /// Whether a line says of a part of the kernel's BPF that it is not there.
    #[must_use]
    pub fn names_parts(&self, catalogue: &Catalogue) -> bool {
        self.hits.iter().any(|hit| {
            let check = catalogue.checks.get(hit.check);
            let symptom = check.and_then(|check| check.symptoms.get(hit.symptom));
            symptom.is_some_and(|symptom| !symptom.lacks.is_empty())
        })
    }

    /// Lines that tell that something failed and are not harmless in this log.
    pub(super) fn failures(&self, catalogue: &Catalogue) -> impl Iterator<Item = &Failure> {
        let harmless = |place: &usize| {
            let noise = catalogue.noise.get(*place);
            noise.is_some_and(|noise| self.is_harmless(*place, noise))
        };
        let hits = self.hits.iter();
        let excused = hits.filter(|hit| self.is_excused(catalogue, hit));
        // Of lines that say the same the first ones are kept.
        let excused: BTreeSet<&str> = excused.map(|hit| hit.text.as_str()).collect();
        let about_bpf = self.about_bpf;
        let failures = self.failures.iter();
        failures.filter(move |failure| {
            let is_noise =
                failure.noise.iter().any(harmless) || excused.contains(failure.text.as_str());
            about_bpf && !is_noise
        })
    }

    /// Whether what was found is harmless in this log: noise itself, or excused by it.
    pub(super) fn is_excused(&self, catalogue: &Catalogue, hit: &Hit) -> bool {
        let check = catalogue.checks.get(hit.check).map(|check| &check.id);
        let mut noise = catalogue.noise.iter().enumerate();
        noise.any(|(place, noise)| {
            let may = hit.noise.contains(&place)
                || check.is_some_and(|check| noise.excuses.contains(check));
            may && self.is_harmless(place, noise)
        })
    }

    /// Keeps a line that is noise.
    pub(super) fn keep_noise(&mut self, noise: usize, line: u64, text: &str) {
        self.noise.insert(noise);
        if self.harmless.len() < HARMLESS {
            let text = quotable(text);
            self.harmless.push(Harmless { noise, line, text });
        }
    }

    /// Keeps a line that tells of a failure.
    pub(super) fn keep_failure(&mut self, line: u64, text: &str, noise: Vec<usize>) {
        if self.failures.len() < FAILURES {
            let text = quotable(text);
            self.failures.push(Failure { line, text, noise });
        }
    }

    /// Keeps an operation that failed with this error.
    pub(super) fn keep_failed(&mut self, line: u64, operation: Operation, errno: &'static str) {
        if self.failed.len() < FAILURES {
            self.failed.push(Failed {
                line,
                operation,
                errno,
            });
        }
    }

    /// Keeps a verdict of the verifier, once.
    pub(super) fn keep_refusal(&mut self, line: u64, text: &str, program: Option<String>) {
        let text = quotable(text);
        let again = self.refusals.iter().any(|known| known.text == text);
        if !again && self.refusals.len() < REFUSALS {
            self.refusals.push(Refusal {
                line,
                text,
                program,
            });
        }
    }

    /// Gives all that was found the numbers of other lines.
    pub(super) fn renumber(&mut self, number: impl Fn(&mut u64)) {
        let hits = self.hits.iter_mut().map(|hit| &mut hit.line);
        let harmless = self.harmless.iter_mut().map(|line| &mut line.line);
        let refusals = self.refusals.iter_mut().map(|refusal| &mut refusal.line);
        let failures = self.failures.iter_mut().map(|failure| &mut failure.line);
        let release = self.release.iter_mut().map(|(_, line)| line);
        let failed = self.failed.iter_mut().map(|failed| &mut failed.line);
        let at_work = self.at_work.iter_mut().map(|(line, _)| line);
        let all = at_work
            .chain(hits)
            .chain(harmless)
            .chain(refusals)
            .chain(failures);
        all.chain(release).chain(failed).for_each(number);
    }

    /// Keeps what a line tells of its host.
    pub(super) fn learn(&mut self, told: Told, value: &str, line: u64) {
        let value = value.trim().trim_end_matches(['.', ',', ':', ';']);
        match told {
            // The last word on the kernel in a log that goes over a reboot is the first one,
            // too, for most: the first one is kept. What is named alone says less.
            Told::Release | Told::Named => {
                let is_sure = told == Told::Release;
                let is_surer = is_sure && !self.release_is_sure;
                let better = |(known, _): &(String, u64)| {
                    is_surer && !known.starts_with(value)
                        || value.len() > known.len() && value.starts_with(known.as_str())
                };
                let is_better = self.release.as_ref().is_none_or(better);
                if is_better && value.len() <= LONGEST_RELEASE {
                    self.release = Some((value.to_owned(), line));
                }
                self.release_is_sure |= is_sure;
            }
            Told::Os => {
                let os = &mut self.os;
                os.get_or_insert_with(|| value.chars().take(100).collect());
            }
            Told::OsFile => {
                let file = &mut self.os_file;
                file.get_or_insert_with(|| value.chars().take(4096).collect());
            }
            // The last word counts: people look again.
            Told::Capabilities => self.process.capabilities = u64::from_str_radix(value, 16).ok(),
            Told::Memlock => self.process.memlock = Some(value.to_owned()),
            Told::Lockdown => self.lockdown = Some(value.to_ascii_lowercase()),
            Told::Config if self.options < OPTIONS => {
                self.options += 1;
                self.config.push_str(value);
                self.config.push('\n');
            }
            Told::Config => {}
            Told::Setting => {
                let (name, number) = value.split_once(['=', ':']).unwrap_or_default();
                let bare = |text: &str| text.trim().trim_matches(['\'', '"']).to_owned();
                let name = bare(name)
                    .trim_start_matches("/proc/sys/")
                    .replace('/', ".");
                if let Ok(number) = bare(number).trim().parse()
                    && self.settings.len() < OPTIONS
                {
                    self.settings.entry(name).or_insert(number);
                }
            }
        }
    }
}
