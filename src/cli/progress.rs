//! How far the reading of many reports has come, on a terminal.

use std::io;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use super::output::Terminal;
use bpf_doctor::fleet::{Bad, Input, number};

/// Says on a terminal how many reports were read, how much of all there is, and how fast, five
/// times a second.
pub struct Progress {
    shown: bool,
    count: Arc<Count>,
}

/// How far it is.
struct Count {
    start: Instant,
    /// When something was said last, in milliseconds from the start.
    last: AtomicU64,
    reports: AtomicU64,
    /// Of all files that were found.
    all: AtomicU64,
    /// Those that were read.
    read: AtomicU64,
    /// Whether all files were found, each with its size.
    known: AtomicBool,
}

impl Progress {
    pub fn new(quiet: bool) -> Self {
        Self {
            shown: !quiet && Terminal::shows_progress(),
            count: Arc::new(Count {
                start: Instant::now(),
                last: AtomicU64::new(0),
                reports: AtomicU64::new(0),
                all: AtomicU64::new(0),
                read: AtomicU64::new(0),
                known: AtomicBool::new(false),
            }),
        }
    }

    /// The same inputs, whose bytes are counted when they are read.
    pub fn counting(
        &self,
        inputs: impl Iterator<Item = Result<Input, Bad>> + 'static,
    ) -> Box<dyn Iterator<Item = Result<Input, Bad>>> {
        if !self.shown {
            return Box::new(inputs);
        }
        let count = Arc::clone(&self.count);
        let mut sized = true;
        let mut inputs = inputs.map(move |input| {
            let Ok(mut input) = input else {
                return (input, true);
            };
            let is_sized = input.size.is_some();
            count.all.fetch_add(input.size.unwrap_or(0), Relaxed);
            let (open, count) = (input.open, Arc::clone(&count));
            input.open = Box::new(move || {
                let source = open()?;
                Ok(Box::new(Counted { source, count }))
            });
            (Ok(input), is_sized)
        });
        let count = Arc::clone(&self.count);
        Box::new(std::iter::from_fn(move || match inputs.next() {
            Some((input, is_sized)) => {
                sized &= is_sized;
                Some(input)
            }
            None => {
                count.known.store(sized, Relaxed);
                None
            }
        }))
    }

    pub fn tell(&self, reports: u64) {
        if self.shown {
            self.count.reports.store(reports, Relaxed);
            self.count.tell();
        }
    }

    pub fn end(&self) {
        if self.shown && self.count.last.load(Relaxed) > 0 {
            Terminal::progress("");
        }
    }
}

impl Count {
    fn tell(&self) {
        let now = self.start.elapsed().as_millis() as u64;
        let last = self.last.load(Relaxed);
        let swap = || {
            self.last
                .compare_exchange(last, now, Relaxed, Relaxed)
                .is_ok()
        };
        if now >= last + 200 && swap() {
            let known = self.known.load(Relaxed);
            let all = known.then(|| self.all.load(Relaxed));
            let (reports, read) = (self.reports.load(Relaxed), self.read.load(Relaxed));
            Terminal::progress(&line(reports, now, read, all));
        }
    }
}

/// A source whose bytes are counted.
struct Counted {
    source: Box<dyn Read + Send>,
    count: Arc<Count>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.count.read.fetch_add(read as u64, Relaxed);
        // Reports are told in chunks, and a slow pipe fills none for seconds.
        self.count.tell();
        Ok(read)
    }
}

/// `12,345 reports, 3,400 a second, 45% of 285 MB`; of summaries, in which no reports are, how much
/// was read alone.
fn line(reports: u64, milliseconds: u64, read: u64, all: Option<u64>) -> String {
    let megabytes = |bytes: u64| number(bytes.div_ceil(1_000_000));
    let read = match all.filter(|all| *all > 0) {
        Some(all) => {
            let share = read.min(all) * 100 / all;
            format!("{share}% of {} MB", megabytes(all))
        }
        None => format!("{} MB", megabytes(read)),
    };
    if reports == 0 {
        return format!("{read} read");
    }
    let pace = number(reports * 1000 / milliseconds.max(1));
    format!("{} reports, {pace} a second, {read}", number(reports))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_while_reports_are_read() {
        for (reports, milliseconds, read, all, said) in [
            (0, 200, 0, None, "0 MB read"),
            (0, 200, 2_000_000, Some(8_000_000), "25% of 8 MB read"),
            (
                12_345,
                2_000,
                100_000_000,
                Some(400_000_000),
                "12,345 reports, 6,172 a second, 25% of 400 MB",
            ),
            // A file that grew, or files that are read twice.
            (
                5,
                1,
                900,
                Some(500),
                "5 reports, 5,000 a second, 100% of 1 MB",
            ),
            (5, 0, 0, Some(0), "5 reports, 5,000 a second, 0 MB"),
        ] {
            assert_eq!(line(reports, milliseconds, read, all), said);
        }
    }
}
