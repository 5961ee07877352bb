//! JSON Schemas (draft 2020-12) of checks files, reports and audits.

/// Which document a schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// A checks file: what `--checks` takes.
    Checks,
    /// A report: what `check --format json` gives.
    Report,
    /// An audit: what `fleet --format json` gives.
    Audit,
}

/// The schema of such a document, in JSON.
#[must_use]
pub fn schema(of: Schema) -> &'static str {
    match of {
        Schema::Checks => include_str!("checks.schema.json"),
        Schema::Report => include_str!("report.schema.json"),
        Schema::Audit => include_str!("audit.schema.json"),
    }
}
