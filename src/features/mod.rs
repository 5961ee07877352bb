//! What a kernel's BPF has: one row per map type, program type, hook, helper, function for
//! programs, command, kind of BTF, instruction and limit, each with yes, no or unknown, how that is
//! known, since which kernel, and for a no the reason.
//!
//! What there is to ask about is data: the [`Table`], `table.yaml`, and [`Sections`],
//! `sections.yaml`. [`Names`] are what the kernel's own BTF tells, which takes no privilege;
//! [`Table::trials`] are the experiments that confirm it. [`judge()`] puts both together with the
//! facts; it reads no file and can't fail. An experiment outranks a setting, and a setting
//! outranks a version. What it leaves open where the kernel's options are out of sight, probes of the
//! table can show ([`left_open()`]).

mod functions;
mod gate;
mod helpers;
mod judge;
mod machine;
mod model;
mod names;
mod reasons;
mod rights;
mod sections;
mod show;
mod shown;
mod spelling;
mod table;
mod text;

#[cfg(test)]
mod tests;

pub use judge::{Known, judge, judge_all, judge_one};
pub use machine::{write_json, write_yaml};
pub use model::{Available, Features, Group, Kernel, Row, SCHEMA, Source};
pub use names::Names;
pub use sections::{Hook, Section, SectionRow, Sections, sections_text};
pub use show::{Shown, shown_text};
pub use shown::left_open;
pub use table::{Kind, NoSuchName, Table, Wish};
pub use text::text;
