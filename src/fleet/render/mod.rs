//! An audit as text, YAML, JSON, CSV, Markdown, HTML and for Prometheus.

mod csv;
mod first;
mod html;
mod machine;
mod markdown;
mod plan_words;
mod prometheus;
mod since;
mod since_words;
mod text;
mod words;

pub use csv::{LABEL_COLUMNS, csv};
pub use html::html;
pub use machine::{json, yaml};
pub use markdown::markdown;
pub use prometheus::prometheus;
pub use text::text;
pub use words::number;
