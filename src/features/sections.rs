//! `sections.yaml` as types: the section names of libbpf, and the hooks behind them.

use serde::{Deserialize, Serialize};

use super::table::{NoSuchName, nearest};
use super::text::Columns;
use crate::report::{Style, clean};
use crate::yaml;

/// The name of the shape in which sections are told to programs.
const SCHEMA: &str = "bpf-doctor/sections/v1";

/// The section names of libbpf and the hooks behind them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sections {
    sections: Vec<Section>,
    others: Vec<Other>,
    hooks: Vec<Hook>,
}

/// What a section name makes of a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// The name; `+` at its end means that a target may follow behind a slash.
    pub section: String,
    /// The type of the program.
    pub program: String,
    /// The hook it is loaded for; absent where its type alone says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attach: Option<String>,
    /// The row of the hooks that tells where it runs.
    pub hook: String,
    /// Whether it may sleep.
    #[serde(default)]
    pub sleepable: bool,
    /// Whether its target is found in the kernel's BTF.
    #[serde(default)]
    pub btf: bool,
    /// Whether it takes packets of several buffers.
    #[serde(default)]
    pub frags: bool,
    /// The first mainline kernel that runs it.
    pub since: String,
    /// The first release of libbpf that knows it; 0.1 stands for that and all before.
    pub libbpf: String,
}

/// A name that is none of a program.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Other {
    section: String,
    what: String,
}

/// Where the kernel runs programs, and what that takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    /// Its name.
    pub hook: String,
    /// When its programs run.
    pub at: String,
    /// How a program gets there.
    pub attached: String,
    /// The privilege to load one.
    pub load: String,
    /// The privilege to attach one.
    pub attach: String,
    /// The options the kernel needs.
    pub config: String,
    /// What must be mounted.
    #[serde(default)]
    pub mounts: String,
    /// Whether it takes the kernel's BTF.
    #[serde(default)]
    pub btf: bool,
    /// What there is to know besides.
    #[serde(default)]
    pub remark: String,
}

/// Sections and hooks, as told to programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SectionRow {
    /// `bpf-doctor/sections/v1`.
    pub schema: String,
    /// The sections.
    pub sections: Vec<Section>,
    /// The hooks they are for.
    pub hooks: Vec<Hook>,
}

/// The table that comes with the doctor.
const TEXT: &str = include_str!("sections.yaml");

impl Section {
    /// Whether a name in an object is this one (`sec_def_matches` in tools/lib/bpf/libbpf.c).
    fn is(&self, name: &str) -> bool {
        match self.section.strip_suffix('+') {
            None => self.section == name,
            Some(base) => name
                .strip_prefix(base)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        }
    }

    /// Without the mark of a target.
    fn base(&self) -> &str {
        self.section.trim_end_matches('+')
    }

    /// Whether no target may follow.
    fn is_exact(&self) -> bool {
        !self.section.ends_with('+')
    }
}

impl Sections {
    /// The table that comes with the doctor.
    ///
    /// # Errors
    /// None in a released doctor; a test reads it.
    pub fn built_in() -> Result<Self, yaml::Error> {
        yaml::from_str(TEXT)
    }

    /// All of them, or the one that a name in an object is.
    ///
    /// # Errors
    /// A name that is none of a program, with what it is, or the nearest one that is.
    pub fn look_up(&self, name: Option<&str>) -> Result<SectionRow, NoSuchName> {
        let (sections, hooks) = match name {
            None => (self.sections.clone(), self.hooks.clone()),
            Some(name) => {
                let section = self.find(name)?;
                let hooks = self.hooks.iter().filter(|hook| hook.hook == section.hook);
                (vec![section.clone()], hooks.cloned().collect())
            }
        };
        Ok(SectionRow {
            schema: SCHEMA.to_owned(),
            sections,
            hooks,
        })
    }

    fn find(&self, name: &str) -> Result<&Section, NoSuchName> {
        // SEC("?...") is a program that is not loaded unless it is asked for.
        let plain = name.strip_prefix('?').unwrap_or(name);
        if let Some(section) = self.sections.iter().find(|section| section.is(plain)) {
            return Ok(section);
        }
        let base = plain.split('/').next().unwrap_or_default();
        let other = self
            .others
            .iter()
            .find(|other| other.section == plain || other.section == base);
        let begins = |section: &&Section| {
            section.is_exact() && plain.starts_with(&format!("{}/", section.section))
        };
        let hint = match (other, self.sections.iter().find(begins)) {
            (Some(other), _) => format!(": {}", other.what),
            (None, Some(section)) => format!(
                "; `{}` is a whole name, after which libbpf since 1.0 takes nothing",
                section.section
            ),
            (None, None) => {
                let whole = nearest(plain, self.sections.iter().map(Section::base));
                let first = || nearest(base, self.sections.iter().map(Section::base));
                let near = whole.or_else(first);
                near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
            }
        };
        Err(NoSuchName {
            name: name.to_owned(),
            hint,
        })
    }

    /// The types of program that a hook takes.
    pub(super) fn programs_at(&self, attach: &str) -> Vec<&str> {
        let at = |section: &&Section| section.attach.as_deref() == Some(attach);
        let mut programs: Vec<&str> = self
            .sections
            .iter()
            .filter(at)
            .map(|section| section.program.as_str())
            .collect();
        programs.dedup();
        programs
    }

    /// The sections of a type of program, or for a hook.
    pub(super) fn of(&self, program: Option<&str>, attach: Option<&str>) -> Vec<&str> {
        let wanted = |section: &&Section| {
            program.is_some_and(|program| section.program == program)
                || (attach.is_some() && section.attach.as_deref() == attach)
        };
        let found = self.sections.iter().filter(wanted);
        found.map(Section::base).collect()
    }

    /// All names, for the tests.
    #[cfg(test)]
    pub(super) fn parts(&self) -> (&[Section], &[Hook]) {
        (&self.sections, &self.hooks)
    }
}

/// Sections for people: one in full, or all by hook.
#[must_use]
pub fn sections_text(row: &SectionRow, style: Style) -> String {
    let mut out = String::new();
    let alone = row.sections.len() == 1;
    for hook in &row.hooks {
        let of: Vec<&Section> = row
            .sections
            .iter()
            .filter(|s| s.hook == hook.hook)
            .collect();
        if !alone {
            out.push_str(&format!("{} · {}\n", style.bold(&hook.hook), hook.at));
        }
        if alone {
            for section in &of {
                one(&mut out, section, style);
            }
        } else {
            let mut columns = Columns::default();
            for section in &of {
                columns.row(&cells(section));
            }
            out.push_str(&columns.text(2));
        }
        needs(&mut out, hook, alone);
        out.push('\n');
    }
    let out = out.trim_end().to_owned() + "\n";
    if alone {
        style.plain(&out)
    } else {
        let legend = "A name with /... may be followed by a target; the others are whole names. \
                      Kernels are the first of mainline.\n";
        style.plain(&format!("{out}\n{legend}"))
    }
}

fn cells(section: &Section) -> [String; 6] {
    let flags = [
        (section.sleepable, "sleepable"),
        (section.btf, "btf"),
        (section.frags, "frags"),
    ];
    let flags = flags.iter().filter(|(on, _)| *on).map(|(_, flag)| *flag);
    let shown = section.section.replace('+', "/...");
    [
        shown,
        section.program.clone(),
        section.attach.clone().unwrap_or_else(|| "-".to_owned()),
        format!("Linux {}", section.since),
        format!("libbpf {}", section.libbpf),
        flags.collect::<Vec<_>>().join(", "),
    ]
}

fn one(out: &mut String, section: &Section, style: Style) {
    let yes = |on: bool| if on { "yes" } else { "no" }.to_owned();
    let target = if section.is_exact() {
        "none: this is the whole name"
    } else {
        "may follow behind a slash"
    };
    out.push_str(&format!(
        "SEC(\"{}\")\n",
        style.bold(&clean(section.base()))
    ));
    let mut columns = Columns::default();
    let attach = section.attach.clone().unwrap_or_else(|| "none".to_owned());
    for (what, value) in [
        ("program type", section.program.clone()),
        ("attach type", attach),
        ("target", target.to_owned()),
        ("may sleep", yes(section.sleepable)),
        (
            "kernel's BTF",
            if section.btf {
                "needed".to_owned()
            } else {
                "not needed".to_owned()
            },
        ),
        (
            "since",
            format!("Linux {}, libbpf {}", section.since, libbpf(section)),
        ),
    ] {
        columns.row(&[what.to_owned(), value]);
    }
    if section.frags {
        columns.row(&["packets".to_owned(), "of several buffers, too".to_owned()]);
    }
    out.push_str(&columns.text(2));
}

/// The first release of libbpf that is told of is not the first there was.
fn libbpf(section: &Section) -> String {
    match section.libbpf.as_str() {
        "0.1" => "0.1 or earlier".to_owned(),
        release => release.to_owned(),
    }
}

fn needs(out: &mut String, hook: &Hook, alone: bool) {
    let mut columns = Columns::default();
    for (what, value) in [
        ("runs at", if alone { hook.at.as_str() } else { "" }),
        ("attached", hook.attached.as_str()),
        ("to load", hook.load.as_str()),
        ("to attach", hook.attach.as_str()),
        ("options", hook.config.as_str()),
        ("mounts", hook.mounts.as_str()),
        ("note", hook.remark.as_str()),
    ] {
        if !value.is_empty() {
            columns.row(&[what.to_owned(), value.to_owned()]);
        }
    }
    out.push_str(&columns.text(if alone { 2 } else { 4 }));
}
