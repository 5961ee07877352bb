//! `table.yaml` as types: what there is to ask about, and how to ask.

use serde::Deserialize;

use super::functions::Once;
use super::gate::Gates;
use super::spelling::plain;
use crate::probes::trials::{CommandTrial, Extension, HookTrial, Trial};
use crate::version::KernelVersion;
use crate::yaml;

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A type of map.
    MapType,
    /// A type of program.
    ProgramType,
    /// A hook (`enum bpf_attach_type`).
    AttachType,
    /// A type of link.
    LinkType,
    /// A command of bpf(2).
    Command,
    /// A helper.
    Helper,
    /// A function of the kernel for programs.
    Kfunc,
    /// A kind of BTF.
    BtfKind,
    /// Instructions.
    Isa,
    /// What programs and maps may cost.
    Limit,
}

impl Kind {
    /// All of them, in the order they are told in.
    pub const ALL: [Self; 10] = [
        Self::ProgramType,
        Self::MapType,
        Self::AttachType,
        Self::LinkType,
        Self::Command,
        Self::Helper,
        Self::Kfunc,
        Self::BtfKind,
        Self::Isa,
        Self::Limit,
    ];

    /// Its name, as in the table and in the output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MapType => "map_type",
            Self::ProgramType => "program_type",
            Self::AttachType => "attach_type",
            Self::LinkType => "link_type",
            Self::Command => "command",
            Self::Helper => "helper",
            Self::Kfunc => "kfunc",
            Self::BtfKind => "btf_kind",
            Self::Isa => "isa",
            Self::Limit => "limit",
        }
    }

    /// The enum of the kernel that has its names, and what they begin with there; kinds of BTF
    /// are in one without a name.
    #[must_use]
    pub const fn place(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::MapType => ("bpf_map_type", "BPF_MAP_TYPE_"),
            Self::ProgramType => ("bpf_prog_type", "BPF_PROG_TYPE_"),
            Self::AttachType => ("bpf_attach_type", "BPF_"),
            Self::LinkType => ("bpf_link_type", "BPF_LINK_TYPE_"),
            Self::Command => ("bpf_cmd", "BPF_"),
            Self::Helper => ("bpf_func_id", "BPF_FUNC_"),
            Self::BtfKind => ("", "BTF_KIND_"),
            Self::Kfunc | Self::Isa | Self::Limit => return None,
        })
    }
}

/// All that there is to ask about.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The newest kernel of which the table has all names.
    pub newest: String,
    /// Parts of releases of distributions that backport.
    pub(super) backports: Vec<String>,
    map_type: Vec<Entry>,
    program_type: Vec<Entry>,
    attach_type: Vec<Entry>,
    link_type: Vec<Entry>,
    command: Vec<Entry>,
    helper: Vec<Entry>,
    kfunc: Vec<Entry>,
    /// Functions that the kernel's BTF marks and that are for its own tests.
    pub(super) test_functions: Vec<String>,
    btf_kind: Vec<Entry>,
    isa: Vec<Entry>,
    limit: Vec<Entry>,
}

/// A row of the table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) name: String,
    /// Its number in the kernel's enum.
    pub(super) value: Option<u32>,
    /// The first mainline kernel that has it.
    pub(super) since: String,
    /// Options it is compiled with.
    #[serde(default)]
    pub(super) needs: Gates,
    /// The module that may have it.
    pub(super) module: Option<String>,
    /// Older kernels that had the name too, and lost it before they got it again.
    pub(super) once: Option<Once>,
    /// The name by which older kernels have the same, be it there still or not.
    pub(super) formerly: Option<String>,
    /// From this level of lockdown on, the kernel does not let programs have it.
    pub(super) lockdown: Option<String>,
    /// Whether it can be tried without the kernel's making noise of it.
    #[serde(default = "yes")]
    pub(super) quiet: bool,
    /// How to ask for it, beyond what its kind says.
    pub(super) ask: Option<Ask>,
    /// The hook whose experiment asks for links of this type.
    pub(super) hook: Option<String>,
    /// Probes of the table that make it and see it at work.
    #[serde(default)]
    pub(super) shown: Vec<String>,
    /// Other names of the same number.
    #[serde(default)]
    pub(super) also: Vec<String>,
}

/// How to ask for a row.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
pub(super) enum Ask {
    Hook(HookTrial),
    Command(CommandTrial),
    Extension(Extension),
}

const fn yes() -> bool {
    true
}

impl Entry {
    /// The first mainline kernel that has it.
    pub(super) fn version(&self) -> Option<KernelVersion> {
        self.since.parse().ok()
    }
}

/// A name that nothing has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("nothing is called `{name}`{hint}")]
pub struct NoSuchName {
    /// The name, as given.
    pub name: String,
    /// What was probably meant, as the end of a sentence; may be empty.
    pub hint: String,
}

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Names of groups and of rows; everything, if there are none.
    only: Vec<String>,
    /// Numbers of the program types whose helpers are tried one by one.
    pub(super) helpers_of: Vec<String>,
}

impl Wish {
    /// Whether a row is asked for.
    pub(super) fn has(&self, kind: Kind, name: &str) -> bool {
        let mut only = self.only.iter();
        self.only.is_empty() || only.any(|wish| wish == kind.name() || wish == name)
    }

    /// Whether the helpers of program types are all that is asked for.
    pub(super) fn wants_groups(&self) -> bool {
        self.only.is_empty() || self.only.iter().any(|wish| wish == Kind::Helper.name())
    }
}

/// Program types that have the list of helpers of another one, by the kernel's source: for both,
/// `include/linux/bpf_types.h` and `kernel/trace/bpf_trace.c` name the same function.
const SHARED: &[(&str, &str)] = &[
    ("sched_act", "sched_cls"),
    ("raw_tracepoint_writable", "raw_tracepoint"),
];

/// The table that comes with the doctor.
const TEXT: &str = include_str!("table.yaml");

impl Table {
    /// The table that comes with the doctor.
    ///
    /// # Errors
    /// None in a released doctor; a test reads it.
    pub fn built_in() -> Result<Self, yaml::Error> {
        yaml::from_str(TEXT)
    }

    /// The rows of a kind, in the order of their numbers.
    pub(super) fn rows(&self, kind: Kind) -> &[Entry] {
        match kind {
            Kind::MapType => &self.map_type,
            Kind::ProgramType => &self.program_type,
            Kind::AttachType => &self.attach_type,
            Kind::LinkType => &self.link_type,
            Kind::Command => &self.command,
            Kind::Helper => &self.helper,
            Kind::Kfunc => &self.kfunc,
            Kind::BtfKind => &self.btf_kind,
            Kind::Isa => &self.isa,
            Kind::Limit => &self.limit,
        }
    }

    /// The row of this number in the kernel's enum: its name, and the first mainline kernel
    /// that has it.
    #[must_use]
    pub fn numbered(&self, kind: Kind, number: u32) -> Option<(&str, &str)> {
        let mut rows = self.rows(kind).iter();
        let row = rows.find(|row| row.value == Some(number))?;
        Some((&row.name, &row.since))
    }

    /// The same of the row of this name.
    #[must_use]
    pub fn named(&self, kind: Kind, name: &str) -> Option<(&str, &str)> {
        let row = self.rows(kind).iter().find(|row| row.name == name)?;
        Some((&row.name, &row.since))
    }

    /// What is asked for by these names of groups and rows, as bpftool prints them or as C has
    /// them, and by these program types, of which `all` are all.
    ///
    /// # Errors
    /// A name that nothing has, with the nearest one.
    pub fn wish(&self, only: &[String], helpers_of: &[String]) -> Result<Wish, NoSuchName> {
        let mut wish = Wish::default();
        let types = || self.program_type.iter().map(|row| row.name.clone());
        let mut helpers_of = helpers_of.to_vec();
        for name in only {
            match name.strip_suffix("_available_helpers") {
                // As bpftool calls the list of a program type's helpers in JSON.
                Some(of) => {
                    wish.only.push(Kind::Helper.name().to_owned());
                    helpers_of.push(of.to_owned());
                }
                None => {
                    let plain = self.plain(name).ok_or_else(|| self.unknown(name))?;
                    wish.only.push(plain);
                }
            }
        }
        for name in &helpers_of {
            let plain = plain(name, Kind::ProgramType);
            if name == "all" {
                wish.helpers_of.extend(types());
            } else if types().any(|of| of == plain) {
                wish.helpers_of.push(plain);
            } else {
                return Err(unknown(name, types().collect()));
            }
        }
        Ok(wish)
    }

    /// A name as the table has it.
    fn plain(&self, name: &str) -> Option<String> {
        if Kind::ALL.iter().any(|kind| kind.name() == name) {
            return Some(name.to_owned());
        }
        let (_, entry) = self.find(name).into_iter().next()?;
        Some(entry.name.clone())
    }

    /// The rows with a name, written as bpftool prints it or as C has it.
    pub(super) fn find(&self, name: &str) -> Vec<(Kind, &Entry)> {
        let rows = Kind::ALL.iter().filter_map(|&kind| {
            let plain = plain(name, kind);
            let is = |entry: &&Entry| {
                let named = entry.name == plain || entry.also.contains(&plain);
                named || (kind == Kind::Helper && entry.name.strip_prefix("bpf_") == Some(name))
            };
            self.rows(kind).iter().find(is).map(|entry| (kind, entry))
        });
        rows.collect()
    }

    /// Why a name is not in the table, with the nearest that is.
    pub(super) fn unknown(&self, name: &str) -> NoSuchName {
        let rows = Kind::ALL.iter().flat_map(|kind| self.rows(*kind));
        let names = rows.map(|entry| entry.name.clone());
        let groups = Kind::ALL.iter().map(|kind| kind.name().to_owned());
        unknown(name, groups.chain(names).collect())
    }

    /// The experiments that answer a wish, each with the row it is for.
    #[must_use]
    pub fn trials(&self, wish: &Wish, number: impl Fn(Kind, &str) -> Option<u32>) -> Vec<Trial> {
        let mut trials = Vec::new();
        for kind in Kind::ALL {
            for entry in self.rows(kind) {
                if wish.has(kind, &entry.name) {
                    let trial = self.trial(kind, entry, &number);
                    trials.extend(trial.filter(|trial| !trials.contains(trial)));
                }
            }
        }
        // Where no program of its type may be loaded, a hook is of no use.
        let mut hooks = self.rows(Kind::AttachType).iter();
        if hooks.any(|hook| wish.has(Kind::AttachType, &hook.name)) {
            for entry in self.rows(Kind::ProgramType) {
                let trial = self.trial(Kind::ProgramType, entry, &number);
                trials.extend(trial.filter(|trial| !trials.contains(trial)));
            }
        }
        for name in &wish.helpers_of {
            let helpers = self.helpers(name, &number);
            trials.extend(helpers.filter(|trial| !trials.contains(trial)));
        }
        trials
    }

    /// The experiment for a row, where there is one. The number is the kernel's own, where its
    /// BTF tells one.
    pub(super) fn trial(
        &self,
        kind: Kind,
        entry: &Entry,
        number: &impl Fn(Kind, &str) -> Option<u32>,
    ) -> Option<Trial> {
        let value = || number(kind, &entry.name).or(entry.value);
        Some(match (kind, entry.ask) {
            (Kind::MapType, _) => Trial::Map(value()?),
            (Kind::ProgramType, _) => Trial::Program(value()?),
            (Kind::BtfKind, _) => Trial::Kind(value()?),
            (Kind::AttachType, Some(Ask::Hook(how))) => Trial::Hook(value()?, how),
            (Kind::LinkType, _) => {
                let (hook, rows) = (entry.hook.as_deref()?, self.rows(Kind::AttachType));
                let of = rows.iter().find(|row| row.name == hook)?;
                return self.trial(Kind::AttachType, of, number);
            }
            (Kind::Command, Some(Ask::Command(how))) => Trial::Command(value()?, how),
            (Kind::Isa | Kind::Limit, Some(Ask::Extension(extension))) => Trial::Code(extension),
            _ => return None,
        })
    }

    /// The experiment for the helpers of a program type, which may be that for another type.
    pub(super) fn helpers(
        &self,
        program: &str,
        number: &impl Fn(Kind, &str) -> Option<u32>,
    ) -> Option<Trial> {
        let shared = SHARED.iter().find(|(with, _)| *with == program);
        let program = shared.map_or(program, |(_, of)| of);
        let entry = self.program_type.iter().find(|row| row.name == program)?;
        let quiet = self.helper.iter().filter(|helper| helper.quiet);
        Some(Trial::Helpers {
            program: number(Kind::ProgramType, program).or(entry.value)?,
            helpers: quiet
                .filter_map(|helper| number(Kind::Helper, &helper.name).or(helper.value))
                .collect(),
        })
    }
}

fn unknown(name: &str, names: Vec<String>) -> NoSuchName {
    let near = nearest(name, names.iter().map(String::as_str));
    NoSuchName {
        name: name.to_owned(),
        hint: near.map_or_else(String::new, |near| format!("; did you mean `{near}`?")),
    }
}

/// The name that is most like the one given, if any is.
pub(super) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    /// Less alike than this, a suggestion would only confuse.
    const ALIKE: f64 = 0.6;
    let name = name.to_lowercase();
    let likeness =
        |other: &str| strsim::normalized_damerau_levenshtein(&name, &other.to_lowercase());
    let scored = names.map(|other| (likeness(other), other));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= ALIKE).then_some(best.1)
}
