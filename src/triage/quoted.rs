//! What is quoted as an example: a row of a table that explains messages, a string of a program's
//! source, a line of a change to a file. It shows what may be said, and not what was.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::mood::tells_failure;
use super::patterns::{is_in, pattern};

/// A cell of fewer words explains nothing.
const SENTENCE: usize = 2;
/// So far above a line the beginning of its change is looked for.
const CHANGE: usize = 16 << 10;

/// What makes, prints or compares a message in the source of a program, up to the message.
static CALL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"(?:\b(?:errors\.New|\w+\.Errorf|[fsv]?n?printf|printk|pr_(?:err|warn|info|debug)|verbose|bpf_log|NL_SET_ERR_MSG\w*|\w+\.(?:Contains|HasPrefix|HasSuffix|Equal\w*|ErrorContains|Print(?:f|ln)?|contains|starts_with)|(?:static_)?assert\w*!?|expect|__msg|(?:bail|anyhow|println|eprintln|format|write|writeln|panic)!)\([^)]*|\[\]string\{[^}]*|\bcase |\bif \([^)]*)$",
    )
});
/// The end of a statement.
const ENDS: &[char] = &[';', ',', '{', '}', ')'];
/// What stands in source beside strings.
static CODE: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"\bfunc\(|:=|=> ?\{|\bnullptr\b|\[\]string\{|\)\) ?\{"));

/// Whether this part of a line is quoted as an example.
pub(super) fn is_example(line: &str, start: usize, end: usize) -> bool {
    is_explained_cell(line, start) || is_string_of_source(line, start, end)
}

/// Whether this is the code in a cell of a table of which another cell says in words what it
/// means.
fn is_explained_cell(line: &str, start: usize) -> bool {
    let row = line.trim();
    if !(row.starts_with('|') && row.ends_with('|')) {
        return false;
    }
    let mut at = 0;
    let (mut is_code, mut is_explained) = (false, false);
    for cell in line.split('|') {
        let (from, to) = (at, at + cell.len());
        at = to + 1;
        let said = cell.trim();
        if from <= start && start < to {
            is_code = said.len() > 2 && said.starts_with('`');
        } else {
            let words = said.split_whitespace().count();
            let is_said = words >= SENTENCE && !said.contains(|c: char| c.is_ascii_digit());
            is_explained |= is_said && !said.starts_with('`') && !tells_failure(said);
        }
    }
    is_code && is_explained
}

/// Whether this stands in a string that the source of a program makes a message of.
fn is_string_of_source(line: &str, start: usize, end: usize) -> bool {
    if !line.trim_end().ends_with(ENDS) || !line.contains('"') {
        return false;
    }
    // The string that the part begins in, and what stands around it.
    let quotes: Vec<usize> = line
        .match_indices('"')
        .map(|(at, _)| at)
        .filter(|at| !line.get(..*at).is_some_and(|ahead| ahead.ends_with('\\')))
        .collect();
    let (strings, _) = quotes.as_chunks::<2>();
    let string = strings
        .iter()
        .find(|[opens, closes]| *opens <= start && start < *closes);
    let Some([opens, closes]) = string else {
        return false;
    };
    let ahead = line.get(..*opens).unwrap_or_default();
    let behind = line.get(closes + 1..).unwrap_or_default();
    let is_within = end <= closes + 1 || !behind.starts_with([':', ' ']);
    is_within && (is_in(&CALL, ahead) || is_in(&CODE, ahead) || is_in(&CODE, behind))
}

/// Whether a line belongs to a change to a file (`@@ -1,2 +1,3 @@` stands above it), by what
/// stands above it.
pub(super) fn is_of_change(line: &str, before: &[u8]) -> bool {
    let is_of_it = |line: &[u8]| matches!(line.first(), Some(b' ' | b'+' | b'-') | None);
    if !is_of_it(line.as_bytes()) {
        return false;
    }
    let before = before.get(before.len().saturating_sub(CHANGE)..);
    let before = before.unwrap_or_default();
    let before = before.strip_suffix(b"\n").unwrap_or(before);
    let begins = |line: &[u8]| line.trim_ascii_start().starts_with(b"@@ -");
    let mut above = before.rsplit(|byte| *byte == b'\n');
    above
        .find(|line| begins(line) || !is_of_it(line))
        .is_some_and(begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_told_from_what_was_printed() {
        let rows = [
            (
                "| `~back-edge from insn 4~ to 2` | A loop that has no bound. |",
                true,
            ),
            (
                "| `~R1 invalid mem access~ 'scalar'` | Read it by a helper. | yes |",
                true,
            ),
            (
                "| ~R1 invalid mem access~ 'scalar' | Read it by a helper. |",
                false,
            ),
            ("| 5.4 | `~R1 invalid mem access~ 'inv'` |", false),
            (
                "| `~R1 invalid mem access~` | Error: failed to load it here |",
                false,
            ),
            (
                "\t\tc.err = errors.New(\"load program: ~R1 invalid mem access~\")",
                true,
            ),
            (
                "\tverbose(env, \"~math between ctx pointer~ is prohibited\\n\");",
                true,
            ),
            (
                "    assert!(log.contains(\"~R1 invalid mem access~\"));",
                true,
            ),
            (
                "{\"~no kernel BTF~\", func(c *host) { c.remove(\"x\") },",
                true,
            ),
            ("if err := f(\"a\"); say(\"~no kernel BTF~\") {", true),
            (
                "{\"level\":\"error\",\"msg\":\"~R1 invalid mem access~\"}",
                false,
            ),
            ("Exception: Failed(\"~R1 invalid mem access~\")", false),
            (
                "level=error msg=\"~R1 invalid mem access~ 'inv'\" n={}",
                false,
            ),
            ("Err(LoadError { log: \"~R1 invalid mem access~\" })", false),
        ];
        for (marked, wanted) in rows {
            let start = marked.find('~').unwrap();
            let end = marked.rfind('~').unwrap() - 1;
            let line = marked.replace('~', "");
            assert_eq!(is_example(&line, start, end), wanted, "{marked}");
        }
    }

    #[test]
    fn a_line_of_a_change_is_known_by_what_stands_above() {
        let rows = [
            (
                "+x # error: -524",
                "--- a/x\n+++ b/x\n@@ -1,2 +1,3 @@ f\n a\n+b\n",
                true,
            ),
            (" x # error: -524", "> say\n @@ -24,6 +24,7 @@\n-b\n", true),
            ("x # error: -524", "@@ -1,2 +1,3 @@\n a\n", false),
            ("+x # error: -524", "@@ -1,2 +1,3 @@\n a\nand then\n", false),
            (" x # error: -524", "a log\n b\n", false),
            (" x # error: -524", "", false),
        ];
        for (line, before, wanted) in rows {
            assert_eq!(
                is_of_change(line, before.as_bytes()),
                wanted,
                "{line} {before}"
            );
        }
    }
}
