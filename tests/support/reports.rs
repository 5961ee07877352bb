//! Reports that a test makes up, of as little as a report has.

use serde_json::{Value, json};

/// When these reports were made.
pub const TIME: &str = "2026-01-01T00:00:00Z";

/// A report of a host of this name with these findings, which are so many of `ok`, `fail` and
/// `unknown`.
pub fn bare(name: &str, verdict: &str, counts: [usize; 3], findings: &[Value]) -> Value {
    let [ok, fail, unknown] = counts;
    json!({
        "schema": "bpf-doctor/report/v1",
        "tool": {"name": "bpf-doctor", "version": "0.1.0", "catalogue": "x"},
        "generated_at": TIME,
        "host": {
            "hostname": name, "kernel": {"release": "6.1.0", "version": "6.1"}, "arch": "x86_64",
            "os": {"id": "debian", "version_id": "12", "name": "Debian"},
            "environment": {"container": "none", "virtualization": "none", "euid": 0},
        },
        "verdict": verdict,
        "summary": {"ok": ok, "fail": fail, "unknown": unknown, "not-applicable": 0},
        "findings": findings, "probes": [], "facts": {}, "complete": true,
    })
}
