//! What stands above an error in a log: the verifier's last instruction, the source line it
//! comes from, what the register held, and which program it is about.

use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};

use super::clean::{quotable, shorten, unwrap};

/// So many lines are looked at.
const LINES: usize = 80;

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
}

fn pattern(source: &str) -> Option<Regex> {
    RegexBuilder::new(source).unicode(false).build().ok()
}

static INSTRUCTION: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"(?:^|[\s:])([0-9]{1,7}: \([0-9a-f]{2}\) [^;]+)"));
static SOURCE: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"(?:^|[\s|:]); ([^@]{2,200}?)(?: @ ([\w./-]+:[0-9]+))?$"));
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
        around
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
            }
        );
        assert_eq!(
            Surroundings::above(&[], b"", "x", None),
            Surroundings::default()
        );
    }
}
