//! Rows of lists: what a package manager, a test run, a symbol table, a probe or the doctor itself
//! tells of many things one by one, and the titles of changes. A row has the words of a failure in
//! it and tells of none.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::event::Event;
use super::keep::Found;
use super::mention::tells;
use super::mood::{Mood, tells_failure};
use super::patterns::{is_in, pattern};
use super::place::Place;
use super::search::Search;

/// What the doctor prints of checks that found nothing, of what it knows and of what it does.
static OWN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"^\s*\[(?:(?:✓|\?)\] .*  [a-z][a-z0-9]*(?:-[a-z0-9]+)+|-\] .*  [a-z][a-z0-9]*(?:-[a-z0-9]+)+\s*$)|^\s+(?:fix|undo|verify) {3,}\S|^\s*[a-z][a-z0-9-]* +(?:error|warning|info) +(?:host|program|toolchain) |^\w+ +\d+ yes, \d+ no, \d+ unknown\s*$|^\s{1,4}(?:yes|no|unknown) {2,}\S|^\s{1,4}[a-z0-9-]+ +\d+\.\d+\+ {2}",
    )
});
/// A note of the doctor's.
static NOTE: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"^\s*\[i\] .*  [a-z][a-z0-9]*(?:-[a-z0-9]+)+\s*$"));
/// Packages, and what was found on the way to a build.
static PACKAGE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (?:install|status|configure|upgrade|trigproc|remove|purge|startup) |^[a-z]{2} {1,2}[a-z0-9][\w.+:-]+ +\S*\d\S* +(?:amd64|arm64|all|i386|armhf|ppc64el|s390x|riscv64)\b|^(?:Get:\d|Hit:\d|Setting up |Unpacking |Selecting previously |Preparing to unpack |Processing triggers )|^\S+-\d\S*\.(?:x86_64|aarch64|noarch|ppc64le|s390x)(?:\s|$)|^-- Found \w|^(?i:checking (?:for|whether) .*\.\.\. ?(?:\(cached\) )?(?:yes|/\S+|-\w\S*)\s*$)",
    )
});
/// A package and what it is for.
static SUMMARY: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"^[a-z0-9][a-z0-9.+-]+ - [A-Za-z]"));
/// A function or variable of a kernel or a program, with its address.
static SYMBOL: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"^[0-9a-f]{8,16} [A-Za-z] \S+(?:\s+\[\S+\])?\s*$"));
/// A test that found what it expected.
static PASSED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"^\W{0,4}ok \d+\b|^\W{0,3}#\d+(?:/\S+)? .*\b(?:OK|PASS|SKIP)(?: \([^)]*\))?\s*$|^\W{0,4}(?:--- )?PASS\b|^test \S.* \.\.\. ok\s*$",
    )
});
/// What bpftool found when it tried what a kernel has.
static PROBED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"^\s*(?:eBPF )?(?:program_type|map_type|link_type|attach_type|helpers?) \S+ is (?:NOT )?available\s*$|^\s*JIT compiler (?:is|hardening|kallsyms)\b[^:;]*$|^\s*Global memory limit for JIT compiler|^\s*bpf\(\) syscall (?:un)?restricted\b|^\s*Program type not supported\s*$",
    )
});
/// The title of a change to a program.
static CHANGE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"^[\s*+>-]*(?:\[[^\]]*\] ?)?(?:[\w./,-]+: ){1,4}(?i:fix(?:es|ed)?|avoid|prevent|revert|introduce|refactor|document|clean ?up) [\w(]",
    )
});
/// The same with words that programs have for their own work.
static WORK: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"^[\s*+>-]*(?:\[[^\]]*\] ?)?(?:[\w./,-]+: ){1,4}(?i:add(?:s|ed)?|remove|drop|support|update|handle|rename) [\w(]",
    )
});
/// What opens advice, and no title.
static ADVICE: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"(?i)\b(?:hint|note|help|tip|fix|todo|solution|workaround): "));
/// A line of a comment in C.
static COMMENT: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"^\s?\*(?:\t|\s{2,})\s*\S"));

impl Search<'_> {
    /// Whether a line is a row that tells of no failure; what others tell of one is made less of.
    /// It is asked where something was found on the line alone.
    pub(super) fn is_listed(
        &self,
        hits: &mut [Found],
        events: &mut Vec<Event>,
        text: &str,
        at: Place<'_>,
    ) -> bool {
        if hits.is_empty() && events.is_empty() {
            return false;
        }
        let mut noise = self.reading.noise.iter();
        let begins = |place: &usize| {
            let noise = self.catalogue.noise.get(*place);
            noise.is_some_and(|noise| noise.listing)
        };
        let line = at.inside.first().map_or(text, String::as_str);
        if is_below(line) && noise.any(begins) {
            return true;
        }
        let mood = mood(text);
        if let Some(mood) = mood {
            events.clear();
            hits.iter_mut().for_each(|hit| hit.mood = mood);
        }
        mood == Some(Mood::Given)
    }
}

/// How a row of a list speaks of what stands in it; nothing, where the line is none.
fn mood(line: &str) -> Option<Mood> {
    if is_in(&OWN, line) || is_in(&SYMBOL, line) || is_in(&PASSED, line) {
        return Some(Mood::Given);
    }
    if (is_in(&PACKAGE, line) && !tells_failure(line)) || (is_in(&SUMMARY, line) && !tells(line)) {
        return Some(Mood::Given);
    }
    let is_change = (is_in(&CHANGE, line) && !tells_failure(line)
        || is_in(&WORK, line) && !tells(line))
        && !is_in(&ADVICE, line);
    (is_change || is_in(&NOTE, line) || is_in(&PROBED, line) || is_in(&COMMENT, line))
        .then_some(Mood::Document)
}

/// Whether a line belongs to the report that began above it: it is indented, or begins an item, as
/// lines of YAML and JSON do.
fn is_below(line: &str) -> bool {
    line.starts_with([' ', '\t', '{', '}', '[', ']']) || line.starts_with("- ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_lists_are_told_from_failures() {
        let (given, document) = (Some(Mood::Given), Some(Mood::Document));
        let rows = [
            (
                "  [✓] No seccomp filter refuses bpf()  container-seccomp-denied",
                given,
            ),
            (
                "[?] Kernel lockdown restricts BPF? Not known  kernel-lockdown",
                given,
            ),
            (
                "[i] The headers are not there  kernel-headers-missing",
                document,
            ),
            ("[✗] No tracefs is mounted  tracefs-not-mounted", None),
            ("[-] failed to load the program: -22", None),
            ("      fix       Mount it (needs root)", given),
            ("attach_type     53 yes, 9 no, 0 unknown", given),
            (
                "  [?] Lockdown restricts BPF? Not known  kernel-lockdown could not look",
                given,
            ),
            (
                "  iproute2-no-libelf    error    toolchain  tc was built without libelf",
                given,
            ),
            (
                "2026-11-29 16:42:19 install libelf-dev:amd64 <none> 0.188",
                given,
            ),
            ("2026-11-29 16:42:19 error: libelf not found", None),
            (
                "ii  libseccomp2:amd64  2.5.4-1+deb12u1  amd64  interface to seccomp filter",
                given,
            ),
            ("libbpf1-1.2.0-1.el9.x86_64", given),
            ("-- Found LibElf: /usr/lib/libelf.so", given),
            ("-- Could NOT find LibElf", None),
            ("checking for libbpf... yes", given),
            ("checking for libbpf... no", None),
            (
                "oci-seccomp-bpf-hook - OCI hook to trace system calls",
                given,
            ),
            ("agent - cannot load the seccomp filter", None),
            ("ffffffff814886d0 t seccomp_check_filter", given),
            ("ok 23 - bpf verifier: unreachable insn rejected", given),
            ("not ok 23 - bpf verifier: unreachable insn rejected", None),
            (
                "#12 \"R0 invalid mem access 'map_value_or_null'\" OK",
                given,
            ),
            (
                "#12 \"R0 invalid mem access 'map_value_or_null'\" FAIL",
                None,
            ),
            ("eBPF program_type lirc_mode2 is NOT available", document),
            ("JIT compiler hardening is disabled", document),
            ("error: the JIT compiler is disabled", None),
            (
                "  * drm/amd/pm: fix possible power mode mismatch between driver and PMFW",
                document,
            ),
            ("- bpf: Fix unbounded memory access", document),
            ("hint: fix: add CAP_BPF", None),
            ("agent: update map: Operation not permitted", None),
            (
                " *\t\t**-E2BIG** if *fmt* contains too many specifiers",
                document,
            ),
            (" * \t\tcgroup v1 only.", document),
            ("* map is full", None),
        ];
        for (line, wanted) in rows {
            assert_eq!(mood(line), wanted, "{line}");
        }
    }

    #[test]
    fn a_report_goes_on_by_its_indent() {
        for (line, wanted) in [
            ("  title: No cgroup v2 hierarchy is mounted", true),
            ("- check: kernel-headers-missing", true),
            ("\"a\": 1", false),
            ("libbpf: failed to load object", false),
        ] {
            assert_eq!(is_below(line), wanted, "{line}");
        }
    }
}
