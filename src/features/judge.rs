//! From names, experiments and facts to rows.

use std::collections::BTreeSet;

use super::gate::Gate;
use super::helpers;
use super::model::{Available, Features, Group, Kernel, Row, SCHEMA, Source};
use super::names::Names;
use super::reasons::{self, Answer, backports, by_policy, follow, in_words, joined, off};
use super::rights;
use super::sections::Sections;
use super::shown;
use super::table::{Entry, Kind, Table, Wish};
use crate::facts::Facts;
use crate::probes::ProbeResult;
use crate::probes::trials::{Reply, Trial};
use crate::version::KernelVersion;

/// All that is known of a kernel.
#[derive(Debug, Clone)]
pub struct Known<'a> {
    /// The facts of its host.
    pub facts: &'a Facts,
    /// What its BTF tells.
    pub names: &'a Names,
    /// What was tried, each with the replies to it; nothing where nothing was.
    pub tried: &'a [(Trial, Vec<Reply>)],
    /// Whether it is the running kernel that is asked about, tried or not.
    pub running: bool,
    /// What probes of the table came to, where any were asked for what is left open without them.
    pub shown: &'a [ProbeResult],
}

/// Judges what a kernel's BPF has, of what is asked for.
///
/// It reads no file, clock or environment, and every row of the table that is asked for gets
/// exactly one answer.
#[must_use]
pub fn judge(table: &Table, sections: &Sections, known: &Known<'_>, wish: &Wish) -> Features {
    let judge = Judge::of(table, known);
    let mut groups = Vec::new();
    let mut programs: Vec<Row> = Vec::new();
    for kind in Kind::ALL {
        let rows = judge.rows(kind, sections, &programs);
        if kind == Kind::ProgramType {
            programs = rows.clone();
        }
        let rows: Vec<Row> = rows
            .into_iter()
            .filter(|row| wish.has(kind, &row.name))
            .collect();
        if !rows.is_empty() {
            groups.push(Group::new(kind, None, rows));
        }
    }
    groups.extend(helpers::groups(&judge, &programs, wish));
    Features {
        schema: SCHEMA.to_owned(),
        kernel: Kernel {
            release: known.facts.text("kernel.release"),
            arch: known.facts.text("kernel.arch"),
        },
        table: table.newest.clone(),
        sources: reasons::sources(known),
        groups,
    }
}

/// What is known of one name of a group, however it is written; nothing where the table does not
/// have it.
#[must_use]
pub fn judge_one(table: &Table, known: &Known<'_>, kind: Kind, name: &str) -> Option<Row> {
    let entry = table.spelled(kind, name)?;
    let judge = Judge::of(table, known);
    Some(judge.row(kind, entry))
}

/// How many names of a group the kernel is known to have, and how many it has not.
#[must_use]
pub fn judge_all(table: &Table, known: &Known<'_>, kind: Kind) -> (usize, usize) {
    let judge = Judge::of(table, known);
    let rows = table.rows(kind).iter();
    let rows: Vec<Row> = rows.map(|entry| judge.row(kind, entry)).collect();
    let count = |available| rows.iter().filter(|row| row.available == available).count();
    (count(Available::Yes), count(Available::No))
}

pub(super) struct Judge<'a> {
    pub(super) table: &'a Table,
    pub(super) known: &'a Known<'a>,
    pub(super) version: Option<KernelVersion>,
    /// Whether the kernel is of those that have parts of newer ones.
    pub(super) backports: bool,
    /// Options that experiments have shown to be on.
    pub(super) proven: BTreeSet<String>,
}

impl<'a> Judge<'a> {
    fn of(table: &'a Table, known: &'a Known<'a>) -> Self {
        let version = known.facts.kernel_version();
        let backports = backports(table, known.facts);
        Self {
            table,
            known,
            version,
            backports,
            proven: shown::proven(table, known, version, backports),
        }
    }

    /// The rows of a kind: those of the table, and what else the kernel's BTF names.
    fn rows(&self, kind: Kind, sections: &Sections, programs: &[Row]) -> Vec<Row> {
        let mut rows: Vec<Row> = self
            .table
            .rows(kind)
            .iter()
            .map(|entry| {
                let mut row = self.row(kind, entry);
                if kind == Kind::AttachType {
                    follow(&mut row, sections, programs);
                }
                row
            })
            .collect();
        rows.extend(self.strangers(kind).into_iter().map(|name| Row {
            name: name.to_owned(),
            available: Available::Yes,
            known_by: vec![Source::Btf],
            since: None,
            because: "the kernel's BTF names it; this doctor does not know it".to_owned(),
        }));
        rows
    }

    /// Names the kernel has and the table hasn't.
    fn strangers(&self, kind: Kind) -> Vec<&'a str> {
        let rows = self.table.rows(kind);
        let all = self.known.names.all(kind).into_iter();
        let strange = all.filter(|(name, value)| {
            let test = self.table.test_functions.iter().any(|test| test == name);
            let known = |entry: &Entry| {
                entry.name == *name
                    || entry.also.iter().any(|also| also == name)
                    // An older or a newer name of the same thing.
                    || (value.is_some() && entry.value == *value && self.names_it(kind, entry))
            };
            !test && !rows.iter().any(known)
        });
        strange.map(|(name, _)| name).collect()
    }

    /// Whether the kernel's BTF has a row's own name.
    fn names_it(&self, kind: Kind, entry: &Entry) -> bool {
        self.known.names.has(kind, &[&entry.name]) == Some(true)
    }

    pub(super) fn row(&self, kind: Kind, entry: &Entry) -> Row {
        let answer = self.answer(kind, entry);
        Row {
            name: entry.name.clone(),
            available: answer.available,
            known_by: answer.known_by,
            since: Some(match self.once(entry) {
                Some(once) => once.from.clone(),
                None => entry.since.clone(),
            }),
            because: answer.because,
        }
    }

    fn answer(&self, kind: Kind, entry: &Entry) -> Answer {
        if let Some(answer) = self.forbidden(entry) {
            return answer;
        }
        let named = self.named(kind, entry);
        let untried = |why: &str| self.untried(kind, entry, named, why);
        let (known, because) = match self.reply(kind, entry) {
            Some(Reply::Yes) => (Available::Yes, String::new()),
            Some(Reply::Partly(where_)) => (Available::Yes, where_.clone()),
            Some(Reply::No(errno)) => {
                let (by, because) = self.why_not(kind, entry, named, errno);
                return Answer::new(Available::No, &by, because);
            }
            Some(Reply::Unknown(why)) => {
                return self.shown(entry, named).unwrap_or_else(|| {
                    let asked = rights::asked(kind, &entry.name, self.version);
                    let passes = self.passes(kind, entry);
                    by_policy(why, self.known.facts, asked, passes, untried)
                });
            }
            None => {
                return self
                    .shown(entry, named)
                    .unwrap_or_else(|| untried(helpers::unheard(kind, entry)));
            }
        };
        let mut by = vec![Source::Experiment];
        if named == Some(true) {
            by.insert(0, Source::Btf);
        }
        Answer::new(known, &by, because)
    }

    /// The reply of the experiment for a row.
    fn reply(&self, kind: Kind, entry: &Entry) -> Option<&Reply> {
        if kind == Kind::Helper {
            return self.called(entry);
        }
        let number = |kind, name: &str| self.known.names.number(kind, name);
        let trial = self.table.trial(kind, entry, &number)?;
        let mut tried = self.known.tried.iter();
        let (_, replies) = tried.find(|(tried, _)| *tried == trial)?;
        replies.first()
    }

    /// That some type of program may call a helper.
    fn called(&self, entry: &Entry) -> Option<&Reply> {
        let number = self.known.names.number(Kind::Helper, &entry.name);
        let number = number.or(entry.value)?;
        let mut tried = self.known.tried.iter();
        tried.find_map(|(trial, replies)| {
            let Trial::Helpers { helpers, .. } = trial else {
                return None;
            };
            let at = helpers.iter().position(|helper| *helper == number)?;
            let reply = replies.get(at)?;
            matches!(reply, Reply::Yes).then_some(reply)
        })
    }

    /// Whether the kernel's BTF has the row's name.
    fn named(&self, kind: Kind, entry: &Entry) -> Option<bool> {
        let also = entry.also.iter().map(String::as_str);
        let names: Vec<&str> = [entry.name.as_str()].into_iter().chain(also).collect();
        self.known.names.has(kind, &names)
    }

    /// What lockdown takes from programs.
    fn forbidden(&self, entry: &Entry) -> Option<Answer> {
        let level = self.known.facts.text("security.lockdown")?;
        let asked = entry.lockdown.as_deref()?;
        let forbids = level == asked || (level == "confidentiality" && asked == "integrity");
        forbids.then(|| {
            let because = format!("kernel lockdown is at {level}");
            Answer::new(Available::No, &[Source::Policy], because)
        })
    }

    /// Why an experiment was refused for good, and what says so.
    fn why_not(
        &self,
        kind: Kind,
        entry: &Entry,
        named: Option<bool>,
        errno: &str,
    ) -> (Vec<Source>, String) {
        if named == Some(false) {
            let by = vec![Source::Btf, Source::Experiment];
            return (by, self.too_old(entry, "its BTF does not name it"));
        }
        if let Gate::Shut(option) = self.gate(&entry.needs) {
            let by = vec![Source::Experiment, Source::Config];
            return (by, off(&option));
        }
        if named.is_none() && self.is_older(entry) == Some(true) {
            return (vec![Source::Experiment], self.too_old(entry, ""));
        }
        let options = entry.needs.of(self.version);
        let because = match (kind, options) {
            // The type is looked up before: where it isn't compiled in, that says EINVAL.
            (Kind::MapType, "BPF_LSM" | "NET && BPF_LSM") if errno == "EOPNOTSUPP" => {
                format!(
                    "the kernel has it and refuses it ({errno}), as where bpf is not among the \
                     active security modules (lsm=)"
                )
            }
            (Kind::Isa | Kind::Limit, _) => format!("a program with it is refused: {errno}"),
            (_, "") => format!("it is refused: {errno}"),
            (_, options) => format!("it is refused ({errno}), as without {}", in_words(options)),
        };
        (vec![Source::Experiment], because)
    }

    /// The answer where no experiment gave one.
    fn untried(&self, kind: Kind, entry: &Entry, named: Option<bool>, why: &str) -> Answer {
        let tried = why.to_owned();
        if kind == Kind::Kfunc {
            return self.function(entry, named);
        }
        let gate = self.gate(&entry.needs);
        match (named, gate) {
            (Some(false), _) => {
                let because = self.too_old(entry, "its BTF does not name it");
                Answer::new(Available::No, &[Source::Btf], because)
            }
            (_, Gate::Shut(option)) => Answer::new(Available::No, &[Source::Config], off(&option)),
            (Some(true), Gate::Open(by)) => {
                let by = [vec![Source::Btf], by].concat();
                Answer::new(Available::Yes, &by, tried)
            }
            (Some(true), Gate::Unknown(option)) => Answer::unknown(joined(&[
                format!("its BTF names it; whether CONFIG_{option} is on is not known"),
                tried,
            ])),
            (None, gate) => self.by_version(entry, &gate, tried),
        }
    }

    /// The answer where nothing but the version is left.
    pub(super) fn by_version(&self, entry: &Entry, gate: &Gate, tried: String) -> Answer {
        if let Gate::Shut(option) = gate {
            return Answer::new(Available::No, &[Source::Config], off(option));
        }
        match (self.is_older(entry), gate) {
            (Some(true), _) if self.backports => Answer::unknown(joined(&[
                format!(
                    "Linux {} brought it; this distribution brings parts of newer kernels to its own",
                    entry.since
                ),
                tried,
            ])),
            (Some(true), _) => {
                Answer::new(Available::No, &[Source::Version], self.too_old(entry, ""))
            }
            (Some(false), Gate::Open(by)) => {
                let by = [by.as_slice(), &[Source::Version]].concat();
                Answer::new(Available::Yes, &by, tried)
            }
            (Some(false), Gate::Unknown(option)) => Answer::unknown(joined(&[
                format!("whether CONFIG_{option} is on is not known"),
                tried,
            ])),
            (_, _) => Answer::unknown(joined(&[
                "the kernel's version is not known".to_owned(),
                tried,
            ])),
        }
    }

    /// Whether the kernel is older than the first that has it; nothing where that isn't known.
    pub(super) fn is_older(&self, entry: &Entry) -> Option<bool> {
        let is_before = self.version?.series() < entry.version()?.series();
        Some(is_before && self.once(entry).is_none())
    }

    /// That the kernel is too old, or has it no longer.
    pub(super) fn too_old(&self, entry: &Entry, otherwise: &str) -> String {
        match (self.is_older(entry), otherwise) {
            (Some(true), _) | (_, "") => joined(&[
                format!("newer than this kernel: Linux {}", entry.since),
                self.older_names(entry),
            ]),
            (_, otherwise) => otherwise.to_owned(),
        }
    }

    /// Whether it is the running kernel that is asked about.
    pub(super) fn is_running(&self) -> bool {
        self.known.running
    }
}

/// Names of a kind a kernel has and the table hasn't.
#[cfg(test)]
pub(super) fn strangers<'a>(table: &'a Table, known: &'a Known<'_>, kind: Kind) -> Vec<&'a str> {
    let judge = Judge {
        table,
        known,
        version: None,
        backports: false,
        proven: BTreeSet::new(),
    };
    judge.strangers(kind)
}
