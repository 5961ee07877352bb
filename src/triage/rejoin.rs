//! What belongs to one message and stands on several lines, put together again: lines that a
//! terminal broke at its width, and errors with their causes below.

/// Lines are not made longer than this.
const LONGEST: usize = 64 << 10;

/// Longer logs were not copied from a terminal.
pub(super) const REJOINED: usize = 256 << 10;
/// Terminals are not narrower.
pub(super) const NARROWEST: usize = 60;

/// The width most terminals have.
const USUAL: usize = 80;

/// How sure it is that a terminal broke the lines of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// By a mailer, which left its marks.
    Mail,
    /// Lines are as long as a terminal is wide: they were cut within words.
    Surely,
    /// They may have been cut between words, as mailers do.
    Perhaps,
}

/// A log whose lines were broken at the width of a terminal, with lines put together again and
/// the number of the first of each; none, if they were not.
pub(super) fn rejoined(bytes: &[u8], broken: Broken) -> Option<Vec<(u64, String)>> {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().collect();
    let lengths = lines.iter().map(|line| line.chars().count());
    let width = lengths.clone().max()?;
    if width < NARROWEST {
        return None;
    }
    let full = lengths.filter(|length| *length == width).count();
    let surely = width == USUAL || full > 1;
    if broken == Broken::Surely && !surely {
        return None;
    }
    let mut joined: Vec<(u64, String)> = Vec::new();
    let mut glue: Option<&str> = None;
    let mut any = false;
    for (number, line) in (1..).zip(lines) {
        match (glue, joined.last_mut()) {
            (Some(glue), Some((_, last))) if last.len() < LONGEST => {
                last.push_str(glue);
                last.push_str(line.trim_start());
                any = true;
            }
            _ => joined.push((number, line.to_owned())),
        }
        // A full line was cut within a word; one that is nearly full was cut between words.
        let length = line.chars().count();
        glue = if is_listed(line) || is_call(line) {
            None
        } else if length == width {
            Some("")
        } else if length + 24 >= width && broken == Broken::Perhaps {
            Some(" ")
        } else {
            None
        };
    }
    any.then_some(joined)
}

/// Whether a line may be the rest of the one above: it does not begin as that one does, as
/// lines of a log do, nor with a number, as the verifier's and those with a time do.
pub(super) fn goes_on(above: &str, line: &str) -> bool {
    let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
    let begins_anew = line
        .starts_with(|c: char| c.is_ascii_digit() || matches!(c, '[' | '{' | ';' | '$' | '#'))
        || OPENINGS.iter().any(|opening| line.starts_with(opening))
        || is_exception(line);
    !line.is_empty()
        && !begins_anew
        && !is_listed(above)
        && !is_call(above)
        && !is_typed(above)
        && first(line) != first(above)
}

/// What a line begins with that is none's rest.
const OPENINGS: &[&str] = &[
    "libbpf: ",
    "WARNING",
    "Warning:",
    "ERROR",
    "Error:",
    "error:",
    "INFO",
    "FATAL",
    "Traceback (",
    "Caused by:",
    "level=",
    "time=",
];

/// Whether a line begins with the name of what Python or Java raised.
fn is_exception(line: &str) -> bool {
    let Some((name, _)) = line.split_once(": ") else {
        return false;
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || "._".contains(c);
    name.chars().all(is_name) && (name.ends_with("Exception") || name.ends_with("Error"))
}

/// Whether somebody typed a line behind a prompt: what stands below it is what was printed.
fn is_typed(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("$ ")
        || line.starts_with("# ")
        || ["]# ", "]$ ", "~# ", "~$ "].iter().any(|prompt| {
            line.get(..80.min(line.len()))
                .is_some_and(|head| head.contains(prompt))
        })
}

/// Whether `strace` printed a line, with what the call returned at its end.
fn is_call(line: &str) -> bool {
    let result = line.rsplit_once(") = ").map(|(_, result)| result);
    let mut words = result.unwrap_or_default().split_whitespace();
    let is_number = |word: &str| {
        let digits = word.trim_start_matches('-').trim_start_matches("0x");
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    words.next().is_some_and(is_number)
        && match words.next() {
            // An error is told by its name and in words, which may have been cut off.
            Some(next) => next.starts_with('<') || line.ends_with([')', '>']),
            None => true,
        }
}

/// Whether `ls -l` printed a line: what stands below it is no part of it.
fn is_listed(line: &str) -> bool {
    let mode = line.split_whitespace().next().unwrap_or_default();
    mode.len() >= 10
        && mode.starts_with(['-', 'd', 'l', 'c', 'b', 'p', 's'])
        && mode.get(1..10).is_some_and(|mode| {
            mode.bytes().all(|byte| b"-rwxsStT".contains(&byte)) && mode.contains('r')
        })
}

/// How far below an error its causes may begin: a verifier's log may stand between.
const CAUSES_WITHIN: usize = 64 << 10;
/// Causes are not followed further than this.
const MOST_CAUSES: usize = 10;
/// Nor over more lines, which may hold what the verifier said.
const CAUSE_LINES: usize = 400;

/// What stands below an error that a Rust program ended with (`Error: …`, then `Caused by:` and
/// indented lines, the innermost last), as the end of its line; none, if nothing does.
///
/// A journal or a container runtime may have put a prefix before each of the lines.
pub(super) fn causes_below(error: &str, below: &[u8]) -> Option<String> {
    if let Some(found) = numbered_below(error, below) {
        return Some(found);
    }
    let starts = |line: &str| {
        let place = line.find("Error: ")?;
        let prefix = line.get(..place)?;
        (prefix.trim().is_empty() || prefix.trim_end().ends_with([':', '|', ']'])).then_some(place)
    };
    starts(error)?;
    let below = below.get(..CAUSES_WITHIN).unwrap_or(below);
    let below = String::from_utf8_lossy(below);
    let mut lines = below.lines().map(str::trim_end);
    let column = loop {
        let line = lines.next()?;
        if let Some(before) = line.strip_suffix("Caused by:") {
            break before.len();
        }
        if starts(line).is_some() {
            return None;
        }
    };
    let unprefixed = lines.map_while(|line| line.get(column..));
    let causes = unprefixed.take_while(|line| line.starts_with([' ', '\t']));
    let causes: Vec<&str> = causes.map(str::trim_start).take(CAUSE_LINES).collect();
    // Where causes are numbered, lines without a number go on with what stands above them,
    // as the verifier's do, and are found on their own.
    let is_numbered = |cause: &&str| {
        let rest = cause.trim_start_matches(|c: char| c.is_ascii_digit());
        rest.len() < cause.len() && rest.starts_with(": ")
    };
    let numbered = causes.first().is_some_and(is_numbered);
    let causes = causes
        .iter()
        .filter(|cause| !numbered || is_numbered(cause));
    // The outermost cause is the error itself, most often.
    let news = causes.filter(|cause| {
        let said = cause.trim_start_matches(|c: char| c.is_ascii_digit());
        !error.contains(said.trim_start_matches(": "))
    });
    let joined: String = news
        .take(MOST_CAUSES)
        .map(|cause| format!(": {cause}"))
        .collect();
    (!joined.is_empty()).then_some(joined)
}

/// A cause with its number, as `1: what went wrong`.
fn numbered(line: &str) -> Option<(u32, &str)> {
    let (number, said) = line.trim().split_once(": ")?;
    Some((number.parse().ok()?, said))
}

/// The causes below one that has a number itself, where the error they belong to was cut off.
fn numbered_below(cause: &str, below: &[u8]) -> Option<String> {
    // The verifier numbers instructions so, too, and tells of no failure there.
    let (mut number, _) = numbered(cause).filter(|(_, said)| said.contains("fail"))?;
    let below = below.get(..CAUSES_WITHIN).unwrap_or(below);
    let below = String::from_utf8_lossy(below);
    let mut joined = String::new();
    let lines = below.lines().filter(|line| !line.trim().is_empty());
    for line in lines.take(MOST_CAUSES) {
        let Some((_, said)) = numbered(line).filter(|(next, _)| *next == number + 1) else {
            break;
        };
        number += 1;
        joined.push_str(": ");
        joined.push_str(said.trim_end());
    }
    (!joined.is_empty()).then_some(joined)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_on_where_the_next_begins_otherwise() {
        let rows = [
            (
                "error: load program: invalid argument: Unreleased",
                "reference id=3",
                true,
            ),
            (
                "libbpf: prog 'a': failed to load: -22",
                "libbpf: failed to load object",
                false,
            ),
            ("level=warning msg=x", "level=warning msg=y", false),
            (
                "R1 type=scalar expected=map_ptr",
                "12: (85) call bpf_map_lookup_elem#1",
                false,
            ),
            ("[ 1.0] BPF: x", "[ 1.1] BPF: y", false),
            ("an error", "", false),
            (
                "bpf(BPF_MAP_CREATE, {map_type=1, max_entries=1}, 80) = 4",
                "ioctl(3, TCGETS) = -1 EINVAL (Invalid argument)",
                false,
            ),
            (
                "bpf(BPF_MAP_CREATE, {map_type=1}, 80) = -1 EINVAL (Invalid",
                "argument)",
                true,
            ),
            (
                "$ bpftool btf dump file /sys/kernel/btf/vmlinux format c > vmlinux.h",
                "WARNING: bpftool not found for kernel 5.13.12",
                false,
            ),
            (
                "[root@host bin]# ./agent --verbose > out",
                "bpf: failed",
                false,
            ),
            (
                "    raise Exception(\"to kprobe %s\"",
                "Exception: Failed",
                false,
            ),
            ("    return f(x)", "OSError: [Errno 2] No such file", false),
            ("could not load: the", "Exceptional program", true),
            (
                "-r--r--r-- 1 root root 54 Jan  1 10:00 /sys/kernel/btf/vmlinux",
                "load program: no such file",
                false,
            ),
        ];
        for (above, line, expected) in rows {
            assert_eq!(goes_on(above, line), expected, "{above} / {line}");
        }
    }

    #[test]
    fn causes_that_lost_their_error_go_on_by_their_numbers() {
        let below =
            b"\n    1: `bpf_link_create` failed   \n    2: gone (os error 524)\n  | at x.rs";
        assert_eq!(
            causes_below("    0: failed to attach", below).as_deref(),
            Some(": `bpf_link_create` failed: gone (os error 524)")
        );
        assert_eq!(causes_below("0: (b7) r1 = 0", b"\n1: (95) exit\n"), None);
        assert_eq!(causes_below("0: failed", b"\n3: other\n"), None);
    }

    #[test]
    fn causes_stand_below_an_error_alone() {
        let below =
            b"\n\nCaused by:\n    0: inner\n    1: Cannot allocate memory (os error 12)\nnext";
        assert_eq!(
            causes_below("Error: map error", below).as_deref(),
            Some(": 0: inner: 1: Cannot allocate memory (os error 12)")
        );
        let log =
            b" 0: (b7) r1 = 0\nR0 !read_ok\n\nCaused by:\n    Permission denied (os error 13)";
        assert_eq!(
            causes_below("Error: the call failed", log).as_deref(),
            Some(": Permission denied (os error 13)")
        );
        assert_eq!(causes_below("started", below), None);
        assert_eq!(
            causes_below("Error: a", b"\nError: b\nCaused by:\n  c"),
            None
        );
        assert_eq!(causes_below("Error: a", b"\nCaused by:\nnothing"), None);
        let journal = b"Aug 13 10:00:01 host agent[7]: Caused by:\n\
            Aug 13 10:00:01 host agent[7]:     Device or resource busy (os error 16)\n\
            Aug 13 10:00:02 host agent[7]: next";
        assert_eq!(
            causes_below("Aug 13 10:00:01 host agent[7]: Error: a", journal).as_deref(),
            Some(": Device or resource busy (os error 16)")
        );
        assert_eq!(causes_below("no such Error: a", journal), None);
    }
}
