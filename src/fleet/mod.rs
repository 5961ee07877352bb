//! Many reports, one audit: how many hosts are ready, what keeps the others from it, which
//! changes help the most hosts, and what got worse.
//!
//! [`gather()`] reads reports from any number of streams with several threads, into a
//! [`Summary`]: a row for each host and once what hosts share. Summaries can be written, read
//! and joined in any order ([`Summary::write`]), so that many machines can share the work.
//! [`audit()`] weighs a summary; the renderings show one and the same audit.

mod alike;
mod audit;
mod bad;
mod batch;
mod digest;
mod ends;
mod faults;
mod gather;
mod heads;
mod inventory;
mod labelled;
mod labels;
mod layout;
mod lines;
mod list;
mod needs;
mod packing;
mod partial;
mod parts;
mod quick;
mod raw;
mod read;
mod record;
mod rejoin;
mod render;
mod room;
mod rows;
mod scan;
mod shared;
mod split;
mod summary;
#[cfg(test)]
mod tests;
mod unpack;
mod words;
mod worker;
mod written;

pub use audit::{
    AUDIT_SCHEMA, Audit, Cause, CauseChange, Changes, Count, Counts, FixGroup, Group, Grouping,
    Hosts, LeftOut, Move, Outlier, Outliers, Partly, Plan, Reports, Step, Takes, Together, Unknown,
    Untold, Verdicts, Weighing, audit, by_label, label_of,
};
pub use bad::Bad;
pub use gather::{Input, Reading, gather};
pub use inventory::Inventory;
pub use labelled::Labelled;
pub use partial::PARTIAL_SCHEMA;
pub use record::{BUNDLE, COMMANDS, MANIFEST, SOSREPORT};
pub use render::{LABEL_COLUMNS, csv, html, json, markdown, number, prometheus, text, yaml};
pub use summary::Summary;
pub use unpack::{Promise, promise_of};
