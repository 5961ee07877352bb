//! What libbpf and the verifier say, kept off the terminal and cut down to what matters.
//!
//! libbpf prints through one callback of the whole process; this module owns it.

use std::mem;
use std::sync::Mutex;
use std::sync::PoisonError;

use libbpf_rs::PrintLevel;

/// How the lines end that libbpf puts around a verifier log.
const BEGIN: &str = "-- BEGIN PROG LOAD LOG --";
const END: &str = "-- END PROG LOAD LOG --";

/// Lines of a shortened log.
const MOST_LINES: usize = 15;
/// Bytes of a shortened log.
const MOST_BYTES: usize = 2048;
/// Lines kept of one verifier log: its complaint is at the end, after the instructions that
/// lead to it.
const MOST_VERIFIER_LINES: usize = 8;

/// What was said since the last [`take`].
static SAID: Mutex<String> = Mutex::new(String::new());

/// Sends what libbpf prints into this module instead of standard error, from now on.
pub(super) fn capture() {
    libbpf_rs::set_print(Some((PrintLevel::Info, |_level, line| note(&line))));
}

/// Adds what the verifier said to us rather than to libbpf.
pub(super) fn note_verifier(text: &str) {
    if !text.is_empty() {
        note(&format!("{BEGIN}\n{text}\n{END}"));
    }
}

/// Adds to what was said.
fn note(text: &str) {
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    said.push_str(text);
    if !text.ends_with('\n') {
        said.push('\n');
    }
}

/// What was said since the last call.
pub(super) fn take() -> String {
    mem::take(&mut *SAID.lock().unwrap_or_else(PoisonError::into_inner))
}

/// The lines that matter of what was said: of each verifier log the last ones before its
/// statistics, of the rest all, within bounds.
pub(super) fn shorten(said: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut verifier: Vec<&str> = Vec::new();
    let mut in_verifier = false;
    for line in said
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
    {
        if line.ends_with(BEGIN) {
            in_verifier = true;
        } else if line.ends_with(END) {
            in_verifier = false;
            keep_last(&mut kept, &mut verifier);
        } else if line.starts_with("processed ") && line.contains(" insns") {
            // The verifier's statistics, the same after a refusal and after a success.
        } else if in_verifier {
            verifier.push(line);
        } else {
            kept.push(line);
        }
    }
    keep_last(&mut kept, &mut verifier);
    bounded(&kept)
}

/// Moves the last lines of a verifier log to what is kept.
fn keep_last<'log>(kept: &mut Vec<&'log str>, verifier: &mut Vec<&'log str>) {
    let from = verifier.len().saturating_sub(MOST_VERIFIER_LINES);
    kept.extend(verifier.drain(..).skip(from));
}

/// The first and last lines, as many as the bounds allow: the first one names the cause where
/// libbpf speaks, the last one where the verifier does.
fn bounded(lines: &[&str]) -> String {
    let half = MOST_LINES / 2;
    let mut text = if lines.len() > MOST_LINES {
        let (first, rest) = lines.split_at(half);
        let last = rest.split_at(rest.len().saturating_sub(half)).1;
        format!("{}\n…\n{}", first.join("\n"), last.join("\n"))
    } else {
        lines.join("\n")
    };
    if text.len() > MOST_BYTES {
        let end = (0..=MOST_BYTES)
            .rev()
            .find(|&at| text.is_char_boundary(at))
            .unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_log_keeps_its_complaint() {
        let mut said = String::from(
            "libbpf: prog 'core_read': BPF program load failed: Invalid argument\n\
             libbpf: prog 'core_read': -- BEGIN PROG LOAD LOG --\n",
        );
        for at in 0..40 {
            said.push_str(&format!("{at}: (b7) r1 = 0\n"));
        }
        said.push_str(
            "unknown func bpf_probe_read_kernel#113\n\
             processed 40 insns (limit 1000000) max_states_per_insn 0\n\
             -- END PROG LOAD LOG --\n\
             libbpf: prog 'core_read': failed to load: -22\n\
             libbpf: failed to load object 'core_read'\n",
        );
        let short = shorten(&said);
        assert_eq!(
            short.lines().next(),
            Some("libbpf: prog 'core_read': BPF program load failed: Invalid argument")
        );
        assert!(short.contains("39: (b7) r1 = 0\nunknown func bpf_probe_read_kernel#113\nlibbpf:"));
        assert!(!short.contains("processed"));
        assert!(!short.contains("20: (b7)"));
        assert!(short.ends_with("libbpf: failed to load object 'core_read'"));
    }

    #[test]
    fn a_log_is_bounded_in_lines_and_bytes() {
        let many: String = (0..100).map(|at| format!("libbpf: line {at}\n")).collect();
        let short = shorten(&many);
        assert!(short.lines().count() <= MOST_LINES);
        assert!(short.starts_with("libbpf: line 0\n") && short.ends_with("libbpf: line 99"));

        let long = shorten(&"ä".repeat(MOST_BYTES));
        assert!(long.len() <= MOST_BYTES + '…'.len_utf8());
        assert!(long.ends_with('…'));
    }
}
