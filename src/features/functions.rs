//! Functions of the kernel for programs (kfuncs): they come and go, under names that come and go, and
//! modules have some of them.

use serde::Deserialize;

use super::gate::{self, Gate};
use super::judge::Judge;
use super::model::{Available, Source};
use super::names::Missing;
use super::reasons::{Answer, joined, off};
use super::table::{Entry, Kind};
use crate::version::KernelVersion;

/// An earlier life of a name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Once {
    /// The first mainline kernel that had it.
    pub(super) from: String,
    /// The first one that had it no longer.
    pub(super) until: String,
}

impl Once {
    /// Whether a kernel is of those.
    pub(super) fn has(&self, version: KernelVersion) -> bool {
        let parse = |text: &str| text.parse::<KernelVersion>().ok();
        match (parse(&self.from), parse(&self.until)) {
            (Some(from), Some(until)) => {
                (from.series()..until.series()).contains(&version.series())
            }
            _ => false,
        }
    }
}

impl Judge<'_> {
    /// The answer for a function for programs, of which only BTF tells.
    pub(super) fn function(&self, entry: &Entry, named: Option<bool>) -> Answer {
        let names = self.known.names;
        let gate = self.gate(&entry.needs);
        match named {
            Some(true) if names.marked => Answer::new(Available::Yes, &[Source::Btf], ""),
            // The function alone may be older than its use in programs.
            Some(true) => match self.is_older(entry) {
                Some(false) => Answer::new(Available::Yes, &[Source::Btf, Source::Version], ""),
                Some(true) if !self.backports => {
                    let because = format!(
                        "the kernel has a function of this name, which programs may call since \
                         Linux {}",
                        entry.since
                    );
                    Answer::new(Available::No, &[Source::Btf, Source::Version], because)
                }
                _ => Answer::unknown(format!(
                    "the kernel has a function of this name; programs may call it since {}",
                    entry.since
                )),
            },
            Some(false) => {
                if let Gate::Shut(option) = gate {
                    let by = [Source::Btf, Source::Config];
                    return Answer::new(Available::No, &by, off(&option));
                }
                let loaded = |module: &String| names.modules.contains(module);
                let module = entry.module.as_ref().filter(|module| !loaded(module));
                let module = module.filter(|_| self.is_older(entry) == Some(false));
                let options = entry.needs.of(self.version);
                // Its own options alone: what they are built as is the question.
                match (module, gate::look(options, self.known.facts, &self.proven)) {
                    (Some(module), _) if gate::is_module(options, self.known.facts) => {
                        Answer::unknown(format!("it is in module {module}, which is not loaded"))
                    }
                    // Distributions build as a module what can be one.
                    (Some(module), Gate::Unknown(option)) => Answer::unknown(format!(
                        "it may be in module {module}, which is not loaded; whether \
                         CONFIG_{option} is m is not known"
                    )),
                    _ => {
                        let because = self.too_old(entry, "its BTF does not have it");
                        let because = joined(&[because, self.newer_name(entry)]);
                        Answer::new(Available::No, &[Source::Btf], because)
                    }
                }
            }
            None => match &names.missing {
                Some(Missing::Absent(_)) if self.is_running() => {
                    let because = "it is called through the kernel's BTF, which this one lacks";
                    Answer::new(Available::No, &[Source::Btf], because)
                }
                // Functions for programs come and go: that one came is no proof that it is there.
                _ => match self.by_version(entry, &gate, String::new()) {
                    Answer {
                        available: Available::Yes,
                        ..
                    } if !self.is_first(entry) => Answer::unknown(
                        "an older kernel brought it, and only the kernel's BTF tells whether it is \
                         still there",
                    ),
                    answer => answer,
                },
            },
        }
    }

    /// The earlier life of the name that this kernel is of.
    pub(super) fn once<'e>(&self, entry: &'e Entry) -> Option<&'e Once> {
        let once = entry.once.as_ref()?;
        once.has(self.version?).then_some(once)
    }

    /// Whether the kernel is of the very version that brought it, so that it can't have lost it.
    fn is_first(&self, entry: &Entry) -> bool {
        let once = entry.once.as_ref().and_then(|once| once.from.parse().ok());
        let firsts = [entry.version(), once].into_iter().flatten();
        let own = self.version.map(KernelVersion::series);
        firsts
            .map(KernelVersion::series)
            .any(|first| own == Some(first))
    }

    /// What kernels that lost the name have in its place; of one that is not there yet nothing.
    fn newer_name(&self, entry: &Entry) -> String {
        let rows = self.table.rows(Kind::Kfunc).iter();
        let mut rows = rows.filter(|_| self.is_older(entry) != Some(true));
        let newer = rows.find(|row| row.formerly.as_ref() == Some(&entry.name));
        newer.map_or_else(String::new, |row| {
            format!("{} does the same since Linux {}", row.name, row.since)
        })
    }

    /// What kernels before the first have in a row's place.
    pub(super) fn older_names(&self, entry: &Entry) -> String {
        let once = entry.once.as_ref().map_or_else(String::new, |once| {
            format!(
                "from {} to before {} it was there by this name too",
                once.from, once.until
            )
        });
        let rows = self.table.rows(Kind::Kfunc);
        let formerly = entry.formerly.as_ref();
        let formerly = formerly.and_then(|name| rows.iter().find(|row| row.name == *name));
        let formerly = formerly.map_or_else(String::new, |row| {
            format!("{} does the same since Linux {}", row.name, row.since)
        });
        joined(&[formerly, once])
    }
}
