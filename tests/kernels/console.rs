//! Reads the guest's console for what no healthy kernel prints.

use serde::Deserialize;

/// A complaint of the kernel that is known and harmless here, and why.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowed {
    /// The line must contain this.
    pub text: String,
    /// Why it is harmless; for readers of the table.
    #[serde(rename = "why")]
    pub _why: String,
}

/// What a kernel in trouble puts at the beginning of a line.
const SPLATS: &[&str] = &[
    "BUG:",
    "WARNING:",
    "UBSAN:",
    "Oops",
    "Kernel panic",
    "watchdog: BUG: soft lockup",
    "general protection fault",
    "INFO: task",
    "rcu: INFO:",
    "kernel BUG at",
    "Out of memory:",
];

/// Lines of trouble that no entry of the list allows.
pub fn splats(console: &str, allowed: &[Allowed]) -> Vec<String> {
    console
        .lines()
        .map(without_time)
        .filter(|line| SPLATS.iter().any(|splat| line.starts_with(splat)))
        .filter(|line| !allowed.iter().any(|entry| line.contains(&entry.text)))
        .map(str::to_owned)
        .collect()
}

/// The kernel has given up: no use waiting any longer.
pub fn is_dead(console: &str) -> bool {
    console.contains("end Kernel panic")
}

/// A console line without `[    1.234567] ` or `[    1.234567][    T1] `.
fn without_time(line: &str) -> &str {
    let mut rest = line.trim_end_matches('\r');
    while let Some((inside, after)) = rest.strip_prefix('[').and_then(|line| line.split_once(']')) {
        let is_stamp = inside
            .trim()
            .trim_start_matches(['T', 'C'])
            .chars()
            .all(|c| c.is_ascii_digit() || c == '.');
        if !is_stamp {
            break;
        }
        rest = after.trim_start();
    }
    rest
}
