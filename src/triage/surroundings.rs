//! What stands above an error in a log: the verifier's last instruction, the source line it
//! comes from, what the register held, and which program it is about.

use std::sync::LazyLock;

use memchr::{memchr, memrchr};
use regex::bytes::Regex;

use super::clean::{quotable, shorten, unwrap};
use super::patterns::pattern;

/// So many lines are looked at.
const LINES: usize = 80;
/// So far above an error a relocation is looked for.
const RELOCATIONS: usize = 256 << 10;
/// What a line about one has before its number.
const RELO: &[u8] = b"relo ";

/// What is known of the place of an error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Surroundings {
    /// The last instruction the verifier looked at.
    pub(super) instruction: Option<String>,
    /// The line of source it comes from.
    pub(super) source: Option<String>,
    /// What the register in question held.
    pub(super) register: Option<String>,
    /// The program the log was about.
    pub(super) program: Option<String>,
    /// The type or field whose relocation had no target.
    pub(super) relocation: Option<String>,
}

static INSTRUCTION: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"(?:^|[\s:])([0-9]{1,7}: \([0-9a-f]{2}\) [^;]+)"));
static SOURCE: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"(?:^|[\s|:\]>]); (.{2,200}?)(?: @ ([\w./-]+:[0-9]+))?$"));
/// What a register or a slot of the stack holds, as the verifier puts it behind an instruction.
static STATE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(r"^(?:frame\d+:? ?)?(?:R\d{1,2}(?:_r?w?)?=|fp-\d+(?:_r?w?)?=|refs=|cb\b)")
});
/// What else stands in the verifier's log beside its verdict.
static ASIDE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"(?:^\W*|[|:\]>] ); |(?:^|[\s:|\]>])(?:[0-9]{1,7}: (?:\([0-9a-f]{2}\)|R\d|frame|<|safe)|from \d+ to \d+|R\d{1,2}(?:_r?w?)?=|(?:last|first|parent)[_ ]|regs=|mark_|force_|[Ff]unc#\d+ (?:@|is |\(\S+ is )|SCC (?:enter|exit|backedge)|subprog#\d|topo_order|Note, |func '[^']*' arg\d+ has btf_id|Cannot find btf of tracepoint|caller:|callee:|frame\d|returning from|to caller|propagating|Validating |Live regs|-- (?:BEGIN|END)|-+ ?BEGIN|-+ ?END|processed \d|BPF program load failed|Verifier analysis|\d+ lines? omitted)|line\(s\) omitted",
    )
});
/// What the verifier adds to its verdict.
static SUMMARY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(r"^\W*$|[:|\]>]\s*$|verification time \d+ usec|stack depth \d|max_states_per_insn")
});
/// A relocation as libbpf writes it, and what came of it.
static RELOCATION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"relo #(\d+): (?:(no matching targets)|substituting insn #(\d+)|(?:kind )?<\w+>(?: \(\d+\), spec is)? \[\d+\] (\S[^(]*)|non-matching candidate #\d+ (?:<\w+> )?\[\d+\] (\S[^(]*))",
    )
});
static PROGRAM: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"(?:prog '([^']+)'|\bprogram (\w+): load program)"));

impl Surroundings {
    /// Looks above a line: at the lines before it in the same record, then in the log. The
    /// line itself may hold an instruction, too, where a loader wrote all in one.
    pub(super) fn above(
        inside: &[String],
        before: &[u8],
        line: &str,
        register: Option<&str>,
    ) -> Self {
        let mut around = Self::default();
        around.look(line, register);
        let mut left = LINES;
        for line in inside.iter().rev() {
            if left == 0 || around.is_complete(register) {
                return around;
            }
            left -= 1;
            around.look(line, register);
        }
        for line in before.rsplit(|byte| *byte == b'\n') {
            if left == 0 || around.is_complete(register) {
                break;
            }
            left -= 1;
            let line = line.get(..2048).unwrap_or(line);
            for line in unwrap(line).iter().rev() {
                around.look(line, register);
            }
        }
        around.relocation = around.poisoned(line, before);
        around
    }

    /// What libbpf poisoned the instruction for, or the last it poisoned one for.
    fn poisoned(&self, line: &str, before: &[u8]) -> Option<String> {
        let regex = RELOCATION.as_ref()?;
        let place = self
            .instruction
            .as_deref()
            .and_then(|text| text.split(':').next());
        let mut wanted: Option<(Vec<u8>, bool)> = None;
        // Below an exact name stands that of a candidate; above the last, others.
        let (mut last, mut candidate) = (None, None);
        for line in std::iter::once(line.as_bytes()).chain(relocations(before)) {
            let Some(found) = regex.captures(line) else {
                continue;
            };
            let number = found.get(1)?.as_bytes().to_vec();
            if let Some(substituted) = found.get(3) {
                let exact = place.map(str::as_bytes) == Some(substituted.as_bytes());
                if exact || wanted.is_none() {
                    wanted = Some((number, exact));
                }
            } else if found.get(2).is_some() {
                wanted.get_or_insert((number, false));
            } else if let Some(name) = found.get(4)
                && let Some((relocation, exact)) = &wanted
                && *relocation == number
            {
                let name = String::from_utf8_lossy(name.as_bytes());
                let name = shorten(name.trim(), 120);
                if *exact || place.is_none() {
                    return Some(name);
                }
                last.get_or_insert(name);
                wanted = None;
            } else if let Some(name) = found.get(5)
                && wanted.as_ref().is_some_and(|(wanted, _)| *wanted == number)
            {
                let name = String::from_utf8_lossy(name.as_bytes());
                candidate.get_or_insert(shorten(name.trim(), 120));
            }
        }
        last.or(candidate)
    }

    fn is_complete(&self, register: Option<&str>) -> bool {
        self.instruction.is_some()
            && self.source.is_some()
            && self.program.is_some()
            && (register.is_none() || self.register.is_some())
    }

    fn look(&mut self, line: &str, register: Option<&str>) {
        if self.instruction.is_none() {
            self.instruction = first(&INSTRUCTION, line).map(|text| shorten(&text, 120));
        }
        if self.source.is_none()
            && line.contains(';')
            && let Some(regex) = SOURCE.as_ref()
            && let Some(found) = regex.captures(line.as_bytes())
            && !is_state(line, found.get(1).map(|text| text.as_bytes()))
        {
            let group = |number| {
                let text = found.get(number)?.as_bytes();
                Some(String::from_utf8_lossy(text).trim().to_owned())
            };
            let place = group(2)
                .map(|place| format!(" ({place})"))
                .unwrap_or_default();
            self.source = group(1)
                .filter(|text| !text.is_empty())
                .map(|text| quotable(&format!("{text}{place}")));
        }
        if self.program.is_none() {
            self.program = first(&PROGRAM, line);
        }
        if self.register.is_none()
            && let Some(register) = register
        {
            self.register = held(line, register).map(|text| shorten(text, 120));
        }
    }
}

/// The lines above that are about a relocation, the nearest first.
fn relocations(before: &[u8]) -> impl Iterator<Item = &[u8]> {
    let from = before.len().saturating_sub(RELOCATIONS);
    let before = before.get(from..).unwrap_or(before);
    let mut end = before.len();
    std::iter::from_fn(move || {
        loop {
            let at = memrchr(b'#', before.get(..end)?)?;
            end = at;
            if before.get(..at)?.ends_with(RELO) {
                let start = memrchr(b'\n', before.get(..at)?).map_or(0, |at| at + 1);
                let rest = before.get(start..)?;
                end = start;
                return rest.get(..memchr(b'\n', rest).unwrap_or(rest.len()));
            }
        }
    })
}

/// Whether what stands behind a semicolon is what registers hold behind an instruction, not
/// a line of source.
fn is_state(line: &str, text: Option<&[u8]>) -> bool {
    let matches = |regex: &LazyLock<Option<Regex>>, text: &[u8]| {
        regex.as_ref().is_some_and(|regex| regex.is_match(text))
    };
    text.is_some_and(|text| matches(&STATE, text)) || matches(&INSTRUCTION, line.as_bytes())
}

/// What stands last in what the verifier says of a program, above its summary, and how many
/// lines above; nothing, where it is an instruction or something else that is no verdict.
pub(super) fn refusal_above(inside: &[String], before: &[u8]) -> Option<(u64, String)> {
    let matches = |regex: &LazyLock<Option<Regex>>, line: &str| {
        regex
            .as_ref()
            .is_some_and(|regex| regex.is_match(line.as_bytes()))
    };
    let inside = inside.iter().rev().map(|line| (0, line.clone()));
    let before = before.strip_suffix(b"\n").unwrap_or(before);
    let lines = before.rsplit(|byte| *byte == b'\n').zip(1..);
    let above = lines.flat_map(|(line, number)| {
        let line = line.get(..2048).unwrap_or(line);
        let said = unwrap(line).into_iter().rev();
        said.map(move |line| match line.trim_start().starts_with('{') {
            true => (number, quotable(&line)),
            false => (number, line),
        })
    });
    let mut lines = inside.chain(above).take(6);
    let (number, line) = lines.find(|(_, line)| !matches(&SUMMARY, line))?;
    (!matches(&ASIDE, &line)).then_some((number, line))
}

fn first(regex: &LazyLock<Option<Regex>>, line: &str) -> Option<String> {
    let found = regex.as_ref()?.captures(line.as_bytes())?;
    let group = found.iter().skip(1).flatten().next()?;
    Some(String::from_utf8_lossy(group.as_bytes()).trim().to_owned())
}

/// What the verifier's state on this line says of a register: `R2_w=inv(id=0)`.
fn held<'a>(line: &'a str, register: &str) -> Option<&'a str> {
    let name = format!("R{register}");
    for (place, _) in line.match_indices(&name) {
        let rest = line.get(place + name.len()..)?;
        let marks = ["_rw", "_r", "_w"];
        let unmarked = marks.iter().find_map(|mark| rest.strip_prefix(mark));
        let rest = unmarked.unwrap_or(rest);
        if let Some(value) = rest.strip_prefix('=') {
            // A value ends at a space outside of its parentheses.
            let mut depth = 0_u32;
            let end = value.find(|c: char| {
                match c {
                    '(' => depth += 1,
                    ')' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                c == ' ' && depth == 0
            });
            return value.get(..end.unwrap_or(value.len()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_refusal_is_found_above_it() {
        let log = "libbpf: prog 'handle': -- BEGIN PROG LOAD LOG --\n\
                   ; bpf_probe_read_user(e->args, len, p); @ snoop.bpf.c:42\n\
                   R2_w=scalar(umax=4294967295,var_off=(0x0; 0xffffffff)) R10=fp0\n\
                   41: (85) call bpf_probe_read_user#112\n";
        let line = "R2 unbounded memory access, use 'var &= const'";
        let around = Surroundings::above(&[], log.as_bytes(), line, Some("2"));
        assert_eq!(
            around,
            Surroundings {
                instruction: Some("41: (85) call bpf_probe_read_user#112".to_owned()),
                source: Some("bpf_probe_read_user(e->args, len, p); (snoop.bpf.c:42)".to_owned()),
                register: Some("scalar(umax=4294967295,var_off=(0x0; 0xffffffff))".to_owned()),
                program: Some("handle".to_owned()),
                relocation: None,
            }
        );
        assert_eq!(
            Surroundings::above(&[], b"", "x", None),
            Surroundings::default()
        );
    }
}
