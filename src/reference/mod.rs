//! The catalogue as something to read: the list of checks, one check in full, the pages
//! below docs/checks, and the JSON Schemas of what the doctor reads and writes.
//!
//! All of it comes from the catalogue alone; nothing here knows a host.

mod block;
mod entry;
mod lint;
mod list;
mod pages;
mod schema;

pub use entry::{checks_json, checks_yaml, show};
pub use lint::{Linted, lint_json, lint_text, lint_yaml};
pub use list::{CheckFilter, list, list_json, list_yaml};
pub use pages::{Page, pages};
pub use schema::{Schema, schema};
