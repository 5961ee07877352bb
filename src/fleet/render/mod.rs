//! An audit as text, YAML, JSON, CSV, Markdown, HTML and for Prometheus.

mod machine;
mod text;
mod words;

pub use machine::{json, yaml};
pub use text::text;
