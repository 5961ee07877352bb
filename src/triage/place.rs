//! Where in a log something was said: what stands above it and below it.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::clean::unwrap;
use super::patterns::pattern;

/// So many lines are looked at for the program's first instruction.
const BELOW: usize = 3;

/// The first instruction of a program, or what the registers hold before it.
static FIRST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let source = r"(?:^|[\s:|>\]])0: (?:\([0-9a-f]{2}\) |R\d+(?:_r?w?)?=|frame\d)";
    pattern(source)
});

/// A place in a log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The number of the line.
    pub(super) number: u64,
    /// What the same line says before this, where it holds several.
    pub(super) inside: &'a [String],
    /// What it says after this.
    pub(super) rest: &'a [String],
    /// What stands above the line.
    pub(super) before: &'a [u8],
    /// What stands below the line.
    pub(super) after: &'a [u8],
}

/// So many lines above are kept, each so long.
const ABOVE: (usize, usize) = (6, 512);

impl Place<'_> {
    /// The lines just above, the nearest first.
    pub(super) fn lines_above(&self) -> Vec<String> {
        let (lines, longest) = ABOVE;
        let lines = self.before.rsplit(|byte| *byte == b'\n').take(lines + 1);
        let whole = lines.map(|line| line.get(..longest).unwrap_or(line));
        whole
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .filter(|line| !line.trim().is_empty())
            .collect()
    }

    /// Whether the verifier has yet to come to the program's first instruction.
    pub(super) fn is_before_code(&self) -> bool {
        let Some(first) = FIRST.as_ref() else {
            return false;
        };
        let below = self.after.strip_prefix(b"\n").unwrap_or(self.after);
        let below = below.split(|byte| *byte == b'\n').take(BELOW);
        let below = below.flat_map(|line| unwrap(line.get(..2048).unwrap_or(line)));
        let mut lines = self.rest.iter().cloned().chain(below).take(BELOW);
        let mut ends = false;
        lines.any(|line| {
            ends |= line.contains("processed ") || line.contains("LOG --");
            !ends && first.is_match(line.as_bytes())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_before_the_first_instruction_is_no_verdict() {
        let rows = [
            ("\n0: R1=ctx(off=0,imm=0) R10=fp0\n", true),
            (
                "\nlibbpf: ; int probe(void *ctx)\nlibbpf: 0: (b7) r0 = 0\n",
                true,
            ),
            ("\nprocessed 1 insns\n0: (b7) r0 = 0\n", false),
            ("\n10: (b7) r0 = 0\n", false),
            ("", false),
        ];
        for (after, wanted) in rows {
            let place = Place {
                number: 1,
                inside: &[],
                rest: &[],
                before: b"",
                after: after.as_bytes(),
            };
            assert_eq!(place.is_before_code(), wanted, "{after}");
        }
    }
}
