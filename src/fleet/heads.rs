//! What comes before the findings of a report in JSON, without what each host has of its own.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::scan::{self, Next, Open};

/// The list of findings, and what each host has of its own, as the doctor writes them.
static FINDINGS: Key = LazyLock::new(|| Finder::new(b"\"findings\":"));
static TIME: Key = LazyLock::new(|| Finder::new(b"\"generated_at\":"));
static NAME: Key = LazyLock::new(|| Finder::new(b"\"hostname\":"));
static MACHINE: Key = LazyLock::new(|| Finder::new(b"\"machine_id\":"));

type Key = LazyLock<Finder<'static>>;

/// What stands in the head and is left out of what becomes known.
#[derive(Default)]
pub(super) struct Left<'a> {
    pub(super) time: Option<&'a str>,
    pub(super) name: Option<&'a str>,
    pub(super) machine: Option<&'a str>,
}

/// Where the list of findings begins. What comes before it is put together without what
/// each host has of its own, in whose place is a byte that stands in no JSON.
pub(super) fn take_apart<'a>(
    text: &'a [u8],
    left: &mut Left<'a>,
    scratch: &mut Vec<u8>,
) -> Option<usize> {
    scratch.clear();
    let mut taken = 0;
    let mut top = Open::map(text, scan::blank(text, 0))?;
    loop {
        let Next::Entry(key, at) = top.next()? else {
            return None;
        };
        let mut leave = |place: &mut Option<&'a str>, at: usize| {
            let (word, end) = word(text, at)?;
            // The second of two is left where it is, for the parser to see.
            if place.is_some() {
                return None;
            }
            *place = Some(word);
            scratch.extend_from_slice(text.get(taken..at)?);
            scratch.push(0);
            taken = end;
            Some(end)
        };
        let end = match key {
            b"findings" => {
                scratch.extend_from_slice(text.get(taken..at)?);
                return Some(at);
            }
            b"generated_at" => leave(&mut left.time, at),
            b"host" => {
                let mut host = Open::map(text, at)?;
                Some(loop {
                    let (key, at) = match host.next()? {
                        Next::Entry(key, at) => (key, at),
                        Next::End(end) => break end,
                    };
                    let end = match key {
                        b"hostname" => leave(&mut left.name, at),
                        b"machine_id" => leave(&mut left.machine, at),
                        _ => None,
                    };
                    host.at = match end {
                        Some(end) => end,
                        None => scan::value(text, at, &mut ())?,
                    };
                })
            }
            _ => None,
        };
        top.at = match end {
            Some(end) => end,
            None => scan::value(text, at, &mut ())?,
        };
    }
}

/// The same by the places where what each host has of its own mostly stands: only where what is put
/// together is known, by bytes of which [`take_apart`] left out the same, are these the right ones.
pub(super) fn guess<'a>(text: &'a [u8], scratch: &mut Vec<u8>) -> Option<(Left<'a>, usize)> {
    let at = FINDINGS.find(text)? + FINDINGS.needle().len();
    let head = text.get(..at)?;
    let (mut left, mut taken) = (Left::default(), 0);
    scratch.clear();
    for (key, place) in [
        (&*TIME, &mut left.time),
        (&*NAME, &mut left.name),
        (&*MACHINE, &mut left.machine),
    ] {
        let Some(found) = key.find(head.get(taken..)?) else {
            continue;
        };
        let at = taken + found + key.needle().len();
        let (word, end) = word(text, at)?;
        *place = Some(word);
        scratch.extend_from_slice(head.get(taken..at)?);
        scratch.push(0);
        taken = end;
    }
    scratch.extend_from_slice(head.get(taken..)?);
    Some((left, at))
}

/// A text in quotes that means its letters and nothing else, and where it ends.
fn word(text: &[u8], at: usize) -> Option<(&str, usize)> {
    const LONGEST: usize = 256;
    let end = scan::string(text, at)?;
    let word = text.get(at + 1..end - 1)?;
    let fits = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'\\';
    if word.len() > LONGEST || !word.iter().all(fits) {
        return None;
    }
    Some((std::str::from_utf8(word).ok()?, end))
}
