//! Error text → symptoms → causes.
//!
//! A log is read once ([`Searcher`]), in bounded memory: lines are cleaned, what failed is
//! recognised by the shapes of what loaders print (`forms`), and the symptoms of the
//! catalogue are looked for, all at once (`lexicon`). [`explain`] then weighs what was found
//! and joins it with what is known of the host. No failure is known here by name: what a
//! line means stands in checks.yaml.

mod apart;
mod candidate;
mod candidates;
mod cascade;
mod clean;
mod errno;
mod event;
mod explanation;
mod filled;
mod forms;
mod found;
mod general;
mod joins;
mod keep;
mod known;
mod lacking;
mod lacks;
mod levels;
mod lexicon;
mod lint;
mod listing;
mod mail;
mod mention;
mod mood;
mod numbers;
mod parts;
mod patterns;
mod place;
mod places;
mod quoted;
mod read;
mod reading;
mod rejoin;
mod release;
mod search;
mod sentences;
mod shapes;
mod standing;
mod surroundings;
mod text;
mod told;
mod weigh;

pub use explanation::{
    Confidence, Explained, Explanation, HostUsed, Line, LogSummary, NoiseLine, SCHEMA, Standing,
};
pub use found::{Cut, Reading};
pub use known::KnownHost;
pub use lint::{faults, lint};
pub use read::InputError;
pub use reading::Searcher;
pub use text::text;
pub use weigh::explain;

/// So many bytes of a log are read, unless the caller says otherwise.
pub const LIMIT: u64 = 512 << 20;
