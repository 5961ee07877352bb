//! The report: host, verdict, findings, probe outcomes and facts, with a schema version.
//!
//! The verdict and with it the exit status are decided here, before any rendering; the
//! renderings ([`text()`], [`yaml`], [`json`], [`prometheus()`], [`junit()`]) show one and the same value.

mod evidence;
mod head;
mod junit;
mod machine;
mod model;
mod probes;
mod profiles;
mod prometheus;
mod read;
#[cfg(test)]
mod samples;
mod script;
mod style;
mod text;
mod typed;

pub use crate::harmless::is_harmful;
pub use evidence::evidence_line;
pub use junit::junit;
pub use machine::{json, yaml};
pub use model::{
    Bearing, Environment, Host, Kernel, Origin, Os, Report, SCHEMA, Selected, Summary, Threshold,
    Tool, Verdict,
};
pub use probes::{
    ProbeRun, probes_json, probes_text, probes_yaml, runs_json, runs_status, runs_text, runs_yaml,
};
pub use profiles::{ProfileReport, Runs, profiles_text};
pub use prometheus::prometheus;
pub use read::{LIMIT, ReadError, Saved, outcomes_yaml, read, read_outcomes};
pub use script::fix_script;
pub use style::{Detail, Style, clean};
pub use text::{broken, needs_words, text};
