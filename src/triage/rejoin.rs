//! Lines that a terminal broke at its width, put together again.

/// Lines are not made longer than this.
const LONGEST: usize = 64 << 10;

/// Longer logs were not copied from a terminal.
pub(super) const REJOINED: usize = 256 << 10;
/// Terminals are not narrower.
pub(super) const NARROWEST: usize = 60;

/// A log whose lines were broken at the width of a terminal, with lines put together again;
/// none, if they were not.
pub(super) fn rejoined(bytes: &[u8]) -> Option<Vec<(u64, String)>> {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().collect();
    let width = lines.iter().map(|line| line.chars().count()).max()?;
    if width < NARROWEST {
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
        glue = if length == width {
            Some("")
        } else if length + 24 >= width {
            Some(" ")
        } else {
            None
        };
    }
    any.then_some(joined)
}
