//! How loud the lines of a log are: which tell of work that is done, and which complain.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::patterns::pattern;

/// A line of a program that tells what it does with eBPF.
pub(super) const AT_WORK: &str = r#"(?:level["']?[=:] ?["']?(?:info|debug)\b|\[?\b(?:INFO|DEBUG)\b\]?[\s:|]|^\W{0,4}[ID]\d{4} \d\d:\d\d:).*(?:bpf|\bxdp|kprobe|uprobe|tracepoint|fentry|\bbtf\b|tetragon|falco|tracee|cilium|socket_trace_connector|linux_headers\.cc)"#;

/// A word of a failure, or of a warning.
pub(super) const COMPLAINT: &str = r"fail|error|errno|denied|permitted|refus|reject|panic|fatal|unable|can ?not|can't|could ?n[o']t|does ?n[o']t|is not|isn't|invalid|warn|no such|not (?:found|supported|available|enabled|present|set)|unsupported|missing|unknown|exceed|abort|crash|killed|denies|stuck|lost \d|too (?:large|big|long|old|many|small)";

/// What marks a line as an error.
static ERROR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r#"(?i:\b(?:level|lvl|severity)["']?[=:] ?["']?(?:err|error|fatal|panic|crit\w*)\b)|\b(?:ERROR|FATAL|CRITICAL)\b[\]\s:|]|^\W{0,4}[EF]\d{4} \d\d:\d\d:"#,
    )
});

/// Where in a source a line was written.
static SOURCE: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"\b[\w./-]+\.(?:go|cc|cpp|c|h|rs|py):\d+"));

/// Whether the program that wrote a line marked it as an error.
pub(super) fn is_error(line: &str) -> bool {
    let regex = ERROR.as_ref();
    regex.is_some_and(|regex| regex.is_match(line.as_bytes()))
}

/// A line without the place in a source that it was written at: what that is called does not
/// tell what the line is about.
pub(super) fn without_source(line: &str) -> String {
    let regex = SOURCE.as_ref();
    let rest = regex.map(|regex| regex.replace_all(line.as_bytes(), &b""[..]));
    rest.map_or_else(
        || line.to_owned(),
        |rest| String::from_utf8_lossy(&rest).into_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_marked_as_one() {
        let rows = [
            ("level=error msg=\"x\"", true),
            ("{\"level\":\"error\",\"msg\":\"x\"}", true),
            ("{\"severity\": \"ERROR\"}", true),
            ("E1130 01:00:08.032892       1 x.go:1] x", true),
            ("2024-01-01 ERROR agent: x", true),
            ("[FATAL] x", true),
            ("I1130 01:00:08.032892       1 x.go:1] an error", false),
            ("level=info msg=\"no error\"", false),
            ("some error", false),
        ];
        for (line, wanted) in rows {
            assert_eq!(is_error(line), wanted, "{line}");
        }
        assert_eq!(without_source("E1 BpfLoader.cpp:87] no map"), "E1 ] no map");
        for source in [AT_WORK, COMPLAINT] {
            assert!(pattern(source).is_some(), "{source}");
        }
    }
}
