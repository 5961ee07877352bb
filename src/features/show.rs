//! One thing in full: what it is, since when, with what, and whether it is here.

use serde::{Deserialize, Serialize};

use super::gate::Gates;
use super::model::{Available, Features, Row};
use super::sections::Sections;
use super::table::{Kind, NoSuchName, Table, Wish};
use super::text::{Columns, sources, word};
use crate::report::{Style, clean};

/// More types of program than a line names of which nothing is known.
const MANY: usize = 10;

/// The name of this shape.
const SCHEMA: &str = "bpf-doctor/feature/v1";

/// All that is known of a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// `bpf-doctor/feature/v1`.
    pub schema: String,
    /// What has the name: a program type and an attach type may share one.
    pub things: Vec<Thing>,
}

/// One thing of a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thing {
    /// Its kind: `map_type`, `helper`.
    pub kind: String,
    /// Its name in C, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constant: Option<String>,
    /// Its number in the kernel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<u32>,
    /// The kernel's options it needs, and since which kernel these are the ones.
    #[serde(default)]
    pub needs: Vec<String>,
    /// The sections of libbpf that make programs of it.
    #[serde(default)]
    pub sections: Vec<String>,
    /// Of a helper, the types of program that may call it here; absent where it wasn't tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program_types: Option<Vec<String>>,
    /// Those of them that may not in every case, and in which.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub program_types_partly: Vec<OfTypes>,
    /// Of a helper, the types of program of which it is not known, and why not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub program_types_unknown: Vec<OfTypes>,
    /// Whether it is here.
    #[serde(flatten)]
    pub row: Row,
}

/// Types of program with one thing to say of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfTypes {
    /// Their names.
    pub program_types: Vec<String>,
    /// What is to be said of them.
    pub because: String,
}

/// The types of program of these rows, put together by what is said of them.
fn together<'a>(rows: impl Iterator<Item = (&'a str, &'a Row)>) -> Vec<OfTypes> {
    let mut all: Vec<OfTypes> = Vec::new();
    for (of, row) in rows {
        match all.iter_mut().find(|some| some.because == row.because) {
            Some(some) => some.program_types.push(of.to_owned()),
            None => all.push(OfTypes {
                program_types: vec![of.to_owned()],
                because: row.because.clone(),
            }),
        }
    }
    all
}

impl Table {
    /// What to ask for to show a name; of a helper, all types of program.
    ///
    /// # Errors
    /// A name that nothing has, with the nearest one.
    pub fn wish_to_show(&self, name: &str) -> Result<Wish, NoSuchName> {
        let found = self.find(name);
        if found.is_empty() {
            return Err(self.unknown(name));
        }
        let helper = found.iter().any(|(kind, _)| *kind == Kind::Helper);
        let mut only = vec![name.to_owned()];
        let all = [String::from("all")];
        if helper {
            only.push(Kind::Helper.name().to_owned());
        }
        self.wish(&only, if helper { &all } else { &[] })
    }

    /// Shows a name, from what was judged for its wish.
    #[must_use]
    pub fn show(&self, name: &str, sections: &Sections, features: &Features) -> Shown {
        let things = self.find(name).into_iter().filter_map(|(kind, entry)| {
            let mut groups = features.groups.iter();
            let group =
                groups.find(|group| group.group == kind.name() && group.program_type.is_none())?;
            let row = group.rows.iter().find(|row| row.name == entry.name)?;
            let groups = features.groups.iter().filter(|_| kind == Kind::Helper);
            let tried = groups.filter_map(|group| {
                let row = group.rows.iter().find(|row| row.name == entry.name)?;
                Some((group.program_type.as_deref()?, row))
            });
            let told = |wanted| {
                tried
                    .clone()
                    .filter(move |(_, row)| row.available == wanted)
            };
            let of: Vec<String> = told(Available::Yes).map(|(of, _)| of.to_owned()).collect();
            // Where no type of program was tried, there is nothing to say of each.
            let was_tried = told(Available::Yes).count() + told(Available::No).count() > 0;
            let unknown = told(Available::Unknown).filter(|_| was_tried);
            let partly = told(Available::Yes).filter(|(_, row)| !row.because.is_empty());
            let named = |wanted: Kind| Some(entry.name.as_str()).filter(|_| kind == wanted);
            let made = sections.of(named(Kind::ProgramType), named(Kind::AttachType));
            Some(Thing {
                kind: kind.name().to_owned(),
                constant: constant(kind, &entry.name),
                value: entry.value,
                needs: needs(&entry.needs),
                sections: made.into_iter().map(str::to_owned).collect(),
                program_types: (!of.is_empty()).then_some(of),
                program_types_partly: together(partly),
                program_types_unknown: together(unknown),
                row: row.clone(),
            })
        });
        Shown {
            schema: SCHEMA.to_owned(),
            things: things.collect(),
        }
    }
}

/// The name in C.
fn constant(kind: Kind, name: &str) -> Option<String> {
    let (_, prefix) = kind.place()?;
    Some(match kind {
        Kind::Helper => name.replacen("bpf_", prefix, 1),
        _ => format!("{prefix}{}", name.to_uppercase()),
    })
}

fn needs(gates: &Gates) -> Vec<String> {
    let in_words = |options: &str| {
        let options = options.split("&&").map(str::trim).filter(|o| !o.is_empty());
        let options: Vec<String> = options.map(|option| format!("CONFIG_{option}")).collect();
        options.join(", ")
    };
    match gates {
        Gates::Always(options) => vec![in_words(options)],
        Gates::Since(ranges) => {
            let mut ranges: Vec<(crate::version::KernelVersion, &String)> = ranges
                .iter()
                .map(|(from, options)| {
                    let first = crate::version::KernelVersion::new(0, 0, 0);
                    (from.parse().unwrap_or(first), options)
                })
                .collect();
            ranges.sort();
            let told = ranges.iter().map(|(from, options)| {
                let options = match in_words(options) {
                    none if none.is_empty() => "nothing".to_owned(),
                    options => options,
                };
                match from.series() {
                    (0, _) => format!("at first {options}"),
                    (major, minor) => format!("from {major}.{minor} {options}"),
                }
            });
            told.collect()
        }
    }
    .into_iter()
    .filter(|line| !line.is_empty())
    .collect()
}

/// A name for people.
#[must_use]
pub fn shown_text(shown: &Shown, style: Style) -> String {
    let mut out = String::new();
    for thing in &shown.things {
        let row = &thing.row;
        out.push_str(&format!(
            "{}  {}\n",
            style.bold(&clean(&row.name)),
            style.dim(&thing.kind)
        ));
        let mut columns = Columns::default();
        let by = match sources(row) {
            by if by.is_empty() => String::new(),
            by => format!(" ({by})"),
        };
        let here = format!("{}{by}", word(row.available, style).replace("  ", ""));
        let mut line = |what: &str, value: String| {
            if !value.is_empty() {
                columns.row(&[what.to_owned(), value]);
            }
        };
        line("here", here);
        line("because", clean(&row.because));
        line(
            "since",
            row.since
                .clone()
                .map_or_else(String::new, |since| format!("Linux {since}")),
        );
        let number = thing
            .value
            .map_or_else(String::new, |value| format!(" = {value}"));
        let constant = thing.constant.clone();
        line(
            "in C",
            constant.map_or_else(String::new, |name| format!("{name}{number}")),
        );
        line("options", thing.needs.join("; "));
        line("sections", thing.sections.join(", "));
        let of = thing.program_types.clone().unwrap_or_default();
        line("called from", of.join(", "));
        for (what, some) in [
            ("in part", &thing.program_types_partly),
            ("not known", &thing.program_types_unknown),
        ] {
            for some in some {
                // Where hardly any is known, a list of them all tells nothing.
                let types = match some.program_types.len() {
                    few if few < MANY || thing.program_types.is_some() => {
                        some.program_types.join(", ")
                    }
                    _ => "most types of program".to_owned(),
                };
                line(what, format!("{types}: {}", clean(&some.because)));
            }
        }
        out.push_str(&columns.text(2));
        out.push('\n');
    }
    style.plain(&(out.trim_end().to_owned() + "\n"))
}
