//! What comes out of packings, which may lie in each other: it bears a relation to the file, so
//! that a small file costs no more than a large one of reports.

use std::cell::Cell;
use std::io;
use std::io::Read;

/// How much may come out of a packing at least, and for each byte of the file: reports that are
/// much alike shrink to a thousandth.
const UNPACKED: u64 = 1 << 30;
const UNPACKED_EACH: u64 = 10_000;

/// Where a stream lies in its file.
#[derive(Clone, Copy)]
pub(super) struct Packing<'a> {
    /// How much of the file was read.
    read: &'a Cell<u64>,
    /// In how many packings it lies.
    pub(super) depth: usize,
}

impl<'a> Packing<'a> {
    /// Where the file itself is.
    pub(super) fn new(read: &'a Cell<u64>) -> Self {
        Self { read, depth: 0 }
    }

    /// What is in this one.
    pub(super) fn inner(self) -> Self {
        Self {
            depth: self.depth + 1,
            ..self
        }
    }

    /// What comes out of a packing, as long as that bears a relation to the file.
    pub(super) fn bounded<R: Read>(self, source: R) -> Bounded<'a, R> {
        Bounded {
            source,
            file: self.read,
            out: 0,
        }
    }
}

/// Counts what is read of a file.
pub(super) struct Counted<'a> {
    source: &'a mut dyn Read,
    read: &'a Cell<u64>,
}

impl<'a> Counted<'a> {
    pub(super) fn new(source: &'a mut dyn Read, read: &'a Cell<u64>) -> Self {
        Self { source, read }
    }
}

impl Read for Counted<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(room)?;
        self.read.set(self.read.get() + read as u64);
        Ok(read)
    }
}

/// What comes out of a packing.
pub(super) struct Bounded<'a, R> {
    source: R,
    file: &'a Cell<u64>,
    out: u64,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.out > UNPACKED + self.file.get().saturating_mul(UNPACKED_EACH) {
            return Err(io::Error::other(
                "more comes out of it than of any reports, so it was given up",
            ));
        }
        let read = self.source.read(room)?;
        self.out += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_out_bears_a_relation_to_the_file() {
        for (file, expected) in [(0, UNPACKED), (10_000, UNPACKED + 100_000_000)] {
            let read = Cell::new(file);
            let mut plain = Packing::new(&read).bounded(io::repeat(b' '));
            let mut room = vec![0; 16 << 20];
            let mut out = 0;
            let error = loop {
                match plain.read(&mut room) {
                    Ok(read) => out += read as u64,
                    Err(error) => break error,
                }
                assert!(out < 2 * expected);
            };
            assert!(out > expected, "{out}");
            assert!(error.to_string().contains("given up"), "{error}");
        }
    }
}
