//! A thread's part of the work: documents into a summary of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::alike;
use super::bad::bad;
use super::batch::{At, Batch};
use super::faults::Fault;
use super::gather::{Input, Job, Reading, Sequence, read};
use super::quick::Quick;
use super::rejoin::next_within;
use super::room::{NO_ROOM, Room};
use super::summary::{Common, Summary};

/// A thread's own part of the work.
pub(super) struct Worker<'a> {
    tally: Tally<'a>,
    buffer: Vec<u8>,
    /// Room for what is taken out of a stream.
    batch: Batch,
    latest: Option<u64>,
    room: Arc<Room>,
    /// Is told how many reports were read, by all.
    progress: &'a (dyn Fn(u64) + Sync),
}

/// What was read so far.
struct Tally<'a> {
    quick: Quick,
    summary: Summary,
    /// What the reports have in common that are like those of each number.
    common: Vec<Common>,
    count: &'a AtomicU64,
}

impl<'a> Worker<'a> {
    /// One that has read nothing yet, and counts what it reads.
    pub(super) fn new(
        reading: Reading,
        room: &Arc<Room>,
        count: &'a AtomicU64,
        progress: &'a (dyn Fn(u64) + Sync),
    ) -> Self {
        Self {
            tally: Tally {
                quick: Quick::new(reading.in_full, reading.threads),
                summary: Summary::within(reading.latest, room),
                common: Vec::new(),
                count,
            },
            buffer: Vec::new(),
            batch: Batch::default(),
            latest: reading.latest,
            room: Arc::clone(room),
            progress,
        }
    }

    /// What it has read.
    pub(super) fn into_summary(self) -> Summary {
        self.tally.summary
    }

    /// Does its work.
    pub(super) fn work(&mut self, job: Job) {
        match job {
            Job::Files(inputs) => {
                for input in inputs {
                    self.file(input);
                    self.tell();
                }
            }
            Job::Documents(batch) => {
                self.tally.batch(&batch);
                self.tell();
            }
            Job::Shared(stream) => loop {
                let end = stream.turn(&mut self.batch);
                if end.is_none() && self.batch.documents.is_empty() {
                    break;
                }
                self.tally.batch(&self.batch);
                self.tell();
                if let Some(summary) = end {
                    self.tally.summary.join(summary);
                }
            },
        }
    }

    fn tell(&self) {
        (self.progress)(self.tally.count.load(Relaxed));
    }

    fn file(&mut self, input: Input) {
        let mut sequence = Sequence::new(self.latest, &self.room);
        let tally = &mut self.tally;
        read(input, &mut self.buffer, &mut |out| {
            sequence.take(out, &mut |source, at, text| {
                tally.report(source, at, text);
            });
        });
        self.tally.summary.join(sequence.summary);
    }
}

/// There is no room for what a report has of its own.
fn no_room() -> Fault {
    Fault::new(1, NO_ROOM)
}

impl Tally<'_> {
    fn batch(&mut self, batch: &Batch) {
        for (at, text) in batch.each() {
            self.report(&batch.source, at, text);
        }
    }

    fn report(&mut self, source: &str, at: At, text: &[u8]) {
        if self.one(source, at, text) {
            return;
        }
        // It may have been cut off within a line, and the next one follow at once; what is whole, and
        // has reports somewhere in it, was not.
        let rest = next_within(text).and_then(|at| text.split_at_checked(at));
        let is_whole = || serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok();
        if let Some((cut, rest)) = rest.filter(|_| !is_whole()) {
            let line = at.line + memchr::memchr_iter(b'\n', cut).count();
            self.one(source, At { line, ..at }, rest);
        }
    }

    /// Adds a report; false where it could not be used.
    fn one(&mut self, source: &str, at: At, text: &[u8]) -> bool {
        let read = match self.quick.read(text) {
            Ok(alike::Reading::New(digest, number)) => match (self.summary.add(*digest), number) {
                (None, _) => Err(no_room()),
                (Some(_), None) => Ok(()),
                (Some(common), Some(number)) => {
                    self.common.truncate(number);
                    self.common.push(common);
                    Ok(())
                }
            },
            Ok(alike::Reading::Like(number, own)) => match self.common.get(number) {
                Some(common) => {
                    self.summary.add_like(*common, own);
                    Ok(())
                }
                // Not to happen; no report gets lost over it.
                None => self
                    .quick
                    .in_full(text)
                    .and_then(|digest| self.summary.add(digest).map(|_| ()).ok_or_else(no_room)),
            },
            Err(fault) => Err(fault),
        };
        self.count.fetch_add(1, Relaxed);
        if let Err(fault) = &read {
            let line = at.line + fault.line - 1;
            let at = At { line, ..at };
            self.summary.spoilt(bad(source, at, &fault.reason));
        }
        read.is_ok()
    }
}
