//! A log as windows of whole lines: one pass, bounded memory, whatever the bytes are.

use std::io::{self, Read};

use memchr::{memchr, memchr_iter, memrchr};

use super::clean::strip_escapes;

/// So many bytes are read at a time; a longer line is handled in pieces.
const CHUNK: usize = 1 << 20;
/// Pieces of a line overlap by this much, so that nothing is lost at their seams.
const OVERLAP: usize = 512;
/// So much of what came before is kept, to look up what an error is about.
const CONTEXT: usize = 32 << 10;

/// Why something can't be read as a log.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// Reading failed.
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    /// It is no text.
    #[error("this is {0}, not the text of a log{1}")]
    NotText(&'static str, &'static str),
}

/// Some lines of a log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window<'a> {
    /// Lines, of which the first ones were seen before.
    pub(super) bytes: &'a [u8],
    /// Where the lines begin that were not.
    pub(super) fresh: usize,
    /// The number of the first fresh line, counted from 1.
    pub(super) line: u64,
}

/// Reads a log window by window.
pub(super) struct Reader<'r> {
    input: &'r mut dyn Read,
    buffer: Vec<u8>,
    pending: Vec<u8>,
    line: u64,
    lines_in_buffer: u64,
    left: u64,
    began: bool,
    ended: bool,
    /// Bytes read.
    pub(super) bytes: u64,
    /// Whether there was more than the limit allows.
    pub(super) cut: bool,
}

impl<'r> Reader<'r> {
    pub(super) fn new(input: &'r mut dyn Read, limit: u64) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            pending: Vec::new(),
            line: 1,
            lines_in_buffer: 0,
            left: limit,
            began: false,
            ended: false,
            bytes: 0,
            cut: false,
        }
    }

    /// Lines read so far.
    pub(super) fn lines(&self) -> u64 {
        self.line - 1 + self.lines_in_buffer
    }

    /// The next window; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Window<'_>>, InputError> {
        self.line += self.lines_in_buffer;
        self.lines_in_buffer = 0;
        if self.ended {
            return Ok(None);
        }
        let mut fresh = self.fill()?;
        strip_escapes(&mut fresh);
        if memchr(0, &fresh).is_some() {
            fresh.retain(|byte| *byte != 0);
        }
        if fresh.is_empty() && self.ended {
            return Ok(None);
        }
        self.lines_in_buffer = memchr_iter(b'\n', &fresh).count() as u64;
        if self.ended && !fresh.ends_with(b"\n") {
            self.lines_in_buffer += 1;
        }
        let start = self.buffer.len().saturating_sub(CONTEXT);
        self.buffer.drain(..start);
        let kept = self.buffer.len();
        self.buffer.append(&mut fresh);
        Ok(Some(Window {
            bytes: &self.buffer,
            fresh: kept,
            line: self.line,
        }))
    }

    /// Whole lines, or a piece of a line that is too long.
    fn fill(&mut self) -> Result<Vec<u8>, InputError> {
        let mut bytes = std::mem::take(&mut self.pending);
        let old = bytes.len();
        let wanted = (CHUNK as u64).min(self.left);
        let mut part = Read::take(&mut *self.input, wanted);
        let read = part.read_to_end(&mut bytes)? as u64;
        self.left -= read;
        self.bytes += read;
        if !self.began {
            self.began = true;
            if let Some((what, advice)) = foreign(&bytes) {
                return Err(InputError::NotText(what, advice));
            }
        }
        if read < CHUNK as u64 {
            self.ended = true;
            // One byte more tells whether the limit or the log came to its end.
            self.cut = self.left == 0 && self.input.read(&mut [0])? > 0;
            return Ok(bytes);
        }
        match memrchr(b'\n', &bytes) {
            Some(end) => self.pending = bytes.split_off(end + 1),
            None => {
                let from = bytes.len().saturating_sub(OVERLAP).max(old.min(OVERLAP));
                self.pending = bytes.get(from..).unwrap_or_default().to_vec();
            }
        }
        Ok(bytes)
    }
}

/// What these bytes are, if they are surely no text, and what to do then.
fn foreign(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let known: &[(&[u8], &str, &str)] = &[
        (
            b"\x7fELF",
            "an ELF file",
            "; `bpftool btf dump file FILE` or `llvm-objdump -S FILE` shows what is in it",
        ),
        (
            b"\x1f\x8b",
            "a gzip file",
            "; unpack it: zcat FILE | bpf-doctor explain -",
        ),
        (
            b"\xfd7zXZ",
            "an xz file",
            "; unpack it: xzcat FILE | bpf-doctor explain -",
        ),
        (
            b"\x28\xb5\x2f\xfd",
            "a zstd file",
            "; unpack it: zstdcat FILE | bpf-doctor explain -",
        ),
        (b"PK\x03\x04", "a zip file", "; unpack it first"),
        (
            b"LPKSHHRH",
            "a journal file",
            "; print it: journalctl --file FILE | bpf-doctor explain -",
        ),
    ];
    let known = known.iter().find(|(magic, ..)| bytes.starts_with(magic));
    if let Some((_, what, advice)) = known {
        return Some((what, advice));
    }
    // Text of Windows, in two bytes a letter.
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return None;
    }
    let head = bytes.get(..4096.min(bytes.len()))?;
    let odd =
        |byte: &&u8| **byte < 0x20 && !matches!(**byte, b'\n' | b'\r' | b'\t' | 0x0c | 0x08 | 0x1b);
    (head.iter().filter(odd).count() * 10 > head.len()).then_some(("binary data", ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fresh parts of all windows, and the number of lines.
    fn read(bytes: &[u8], limit: u64) -> (Vec<Vec<u8>>, u64, bool) {
        let mut input = bytes;
        let mut reader = Reader::new(&mut input, limit);
        let mut parts = Vec::new();
        while let Some(window) = reader.next().unwrap() {
            assert!(window.bytes.len() <= 2 * CHUNK + CONTEXT);
            parts.push(window.bytes[window.fresh..].to_vec());
        }
        (parts, reader.lines(), reader.cut)
    }

    #[test]
    fn lines_stay_whole_and_are_counted() {
        let text = "a line of some length\n".repeat(200_000);
        let (parts, lines, cut) = read(text.as_bytes(), u64::MAX);
        assert!(parts.len() > 3 && !cut);
        assert!(parts.iter().all(|part| part.ends_with(b"\n")));
        assert_eq!(parts.concat(), text.as_bytes());
        assert_eq!(lines, 200_000);
        assert_eq!(read(b"one\ntwo", u64::MAX).1, 2);
        assert_eq!(read(b"", u64::MAX).1, 0);
    }

    #[test]
    fn endless_input_ends_at_the_limit() {
        let (parts, _, cut) = read(&vec![b'y'; 5 << 20], 3 << 20);
        assert!(cut);
        assert!(parts.concat().len() < 4 << 20);
        assert!(!read(b"abc\n", 4).2);
    }

    #[test]
    fn what_is_no_text_is_refused_with_what_to_do() {
        for bytes in [
            &b"\x7fELF..."[..],
            b"\x1f\x8b\x08",
            &[0; 100],
            b"\x01\x02\x03a",
        ] {
            let mut input = bytes;
            assert!(Reader::new(&mut input, 1000).next().is_err(), "{bytes:?}");
        }
        let wide: Vec<u8> = "libbpf: x\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let wide = [&b"\xff\xfe"[..], &wide].concat();
        assert_eq!(read(&wide, 1000).0.concat(), b"\xff\xfelibbpf: x\n");
    }
}
