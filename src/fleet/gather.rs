//! Many inputs, read by several threads, into one summary.

use std::cmp::Ordering;
use std::io;
use std::io::{Cursor, Read};
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

use super::bad::{Bad, bad};
use super::batch::{At, Batch, Part};
use super::faults::too_large;
use super::rejoin::{PartialReader, begins, goes_on, is_report, next_within};
use super::room::Room;
use super::shared::Shared;
use super::split::SHORT;
use super::summary::Summary;
use super::unpack::{Out, Promise, SNIFF, fill, is_plain_json, told, unpack};
use super::worker::Worker;

/// Something to read.
pub struct Input {
    /// Its name for people.
    pub name: String,
    /// What is expected of it.
    pub promise: Promise,
    /// How large it is, where that is known: small files are read by one thread each, large
    /// ones and pipes by all together.
    pub size: Option<u64>,
    /// Opens it.
    pub open: Box<dyn FnOnce() -> io::Result<Box<dyn Read + Send>> + Send>,
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// How reports are read.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// How many threads read.
    pub threads: usize,
    /// Whether every report goes through the parser in full; the result is the same.
    pub in_full: bool,
    /// The last second a report can be of, if its host's clock is right.
    pub latest: Option<u64>,
}

/// A file larger than this is taken apart by one thread and read by all.
const LARGE: u64 = 8 << 20;
/// Bytes that are handed over at once.
const BATCH: usize = 1 << 20;
/// Bytes of a batch of each thread, of all threads together: three of them may be there.
const BATCHES: usize = 8 << 20;
/// Files that are handed over at once.
const FILES: usize = 32;
/// So many documents that short are told of in a row; packed well, there could be billions.
const SHORT_TOLD: u32 = 1000;
/// Batches that may wait for each thread.
const WAITING: usize = 2;

/// Work for a thread.
pub(super) enum Job {
    /// Files, each as a whole.
    Files(Vec<Input>),
    /// Documents of a stream.
    Documents(Batch),
    /// A stream to take documents from.
    Shared(Arc<Shared>),
}

/// Reads all inputs. `progress` is told now and then how many reports were read.
///
/// What can't be read is in the summary, and never stops the rest.
pub fn gather(
    inputs: impl Iterator<Item = Result<Input, Bad>>,
    reading: Reading,
    progress: &(dyn Fn(u64) + Sync),
) -> Summary {
    let threads = reading.threads.clamp(1, 64);
    let reading = Reading { threads, ..reading };
    let (jobs, waiting) = sync_channel(threads * WAITING);
    let waiting = Mutex::new(waiting);
    let count = AtomicU64::new(0);
    let room = Arc::new(Room::default());
    std::thread::scope(|scope| {
        let worker = || {
            let mut worker = Worker::new(reading, &room, &count, progress);
            while let Some(job) = next(&waiting) {
                worker.work(job);
            }
            worker.into_summary()
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        let mut summary = deal(inputs, &jobs, reading, &room);
        drop(jobs);
        for worker in workers {
            match worker.join() {
                Ok(read) => summary.join(read),
                // A fault of this program: what that thread had read would be missing.
                Err(fault) => std::panic::resume_unwind(fault),
            }
        }
        summary
    })
}

fn next(waiting: &Mutex<Receiver<Job>>) -> Option<Job> {
    let receiver = match waiting.lock() {
        Ok(receiver) => receiver,
        Err(poisoned) => poisoned.into_inner(),
    };
    receiver.recv().ok()
}

/// Deals out the inputs: small files by the dozen, large ones document by document.
fn deal(
    inputs: impl Iterator<Item = Result<Input, Bad>>,
    jobs: &SyncSender<Job>,
    reading: Reading,
    room: &Arc<Room>,
) -> Summary {
    let mut summary = Summary::within(reading.latest, room);
    let mut files = Vec::new();
    let mut buffer = Vec::new();
    for input in inputs {
        let input = match input {
            Ok(input) => input,
            Err(bad) => {
                summary.spoilt(bad);
                continue;
            }
        };
        if input.size.is_some_and(|size| size <= LARGE) {
            files.push(input);
            if files.len() >= FILES {
                hand_over(jobs, Job::Files(std::mem::take(&mut files)));
            }
        } else {
            let sequence = Sequence::new(reading.latest, room);
            summary.join(stream(input, jobs, reading, sequence, &mut buffer));
        }
    }
    hand_over(jobs, Job::Files(files));
    summary
}

fn hand_over(jobs: &SyncSender<Job>, job: Job) {
    // The threads take jobs until this end is dropped.
    let _gone = jobs.send(job);
}

/// Has a stream read by all threads. JSON as it is they read in turns; what else there is, is
/// taken apart here, and its documents are handed over.
fn stream(
    input: Input,
    jobs: &SyncSender<Job>,
    reading: Reading,
    mut sequence: Sequence,
    buffer: &mut Vec<u8>,
) -> Summary {
    let Input {
        name,
        promise,
        open,
        ..
    } = input;
    let mut head = vec![0; SNIFF];
    let begun = open().and_then(|mut source| {
        let length = fill(&mut source, &mut head)?;
        head.truncate(length);
        Ok(source)
    });
    let source = match begun {
        Ok(source) => source,
        Err(error) => {
            sequence.end(Out::Trouble(&name, told(&error)));
            return sequence.summary;
        }
    };
    if is_plain_json(&head) {
        let room = Arc::clone(sequence.summary.account.room());
        let shared = Arc::new(Shared::new(name, head, source, sequence, reading.threads));
        for _ in 0..reading.threads {
            hand_over(jobs, Job::Shared(Arc::clone(&shared)));
        }
        return Summary::within(reading.latest, &room);
    }
    let mut batch = Batch::default();
    let most = BATCH.min(BATCHES / reading.threads);
    let flush = |batch: &mut Batch| {
        if !batch.documents.is_empty() {
            let source = batch.source.clone();
            hand_over(jobs, Job::Documents(std::mem::take(batch)));
            batch.source = source;
        }
    };
    let mut whole = Cursor::new(head).chain(source);
    unpack(&name, &mut whole, promise, buffer, &mut |out| {
        sequence.take(out, &mut |source, at, text| {
            if batch.source != source || batch.copied() + text.len() > most {
                flush(&mut batch);
                source.clone_into(&mut batch.source);
            }
            batch.add(at, text);
        });
    });
    flush(&mut batch);
    sequence.summary
}

/// Reads an input, whatever it is packed with.
pub(super) fn read(input: Input, buffer: &mut Vec<u8>, take: &mut dyn FnMut(Out<'_>)) {
    match (input.open)() {
        Ok(mut source) => unpack(&input.name, &mut source, input.promise, buffer, take),
        Err(error) => {
            take(Out::Trouble(&input.name, told(&error)));
        }
    }
}

/// What comes out of streams, in its order: reports go on, summaries and faults stay.
pub(super) struct Sequence {
    /// The summaries, and the faults.
    pub(super) summary: Summary,
    /// A summary that has begun and not ended.
    open: Option<(At, PartialReader)>,
    /// Whether the summary that is being passed is one that was found wrong.
    broken: bool,
    /// How many documents in a row were too short for reports.
    short: u32,
}

impl Sequence {
    pub(super) fn new(latest: Option<u64>, room: &Arc<Room>) -> Self {
        Self {
            summary: Summary::within(latest, room),
            open: None,
            broken: false,
            short: 0,
        }
    }

    /// Takes the end of the stream, in which no report can be.
    pub(super) fn end(&mut self, out: Out<'_>) {
        self.take(out, &mut |_, _, _| {});
    }

    /// Takes the next part; `report` is called with what may be one.
    pub(super) fn take(&mut self, out: Out<'_>, report: &mut dyn FnMut(&str, At, &[u8])) {
        match out {
            Out::Part(source, Part::Document(at, text)) => {
                self.document(source, at, text, report);
            }
            Out::Part(source, Part::TooLarge(at, text)) => {
                self.bad(source, at, &too_large(text).reason);
            }
            Out::Part(source, Part::Endless(at)) => {
                let reason = "it has a document without end; the rest was not read";
                self.bad(source, at, reason);
            }
            Out::Part(source, Part::Useless(at)) => {
                let reason = "nothing in much of it is as long as a report; the rest was not read";
                self.bad(source, at, reason);
            }
            Out::End(source) => {
                if let Some((at, _)) = self.open.take() {
                    self.bad(source, at, "it is a summary that was cut off");
                }
                self.broken = false;
                self.short = 0;
            }
            Out::Trouble(source, reason) => {
                self.open = None;
                self.broken = false;
                self.short = 0;
                self.bad(source, At::default(), &reason);
            }
            Out::Foreign(files) => self.summary.foreign += files,
        }
    }

    fn document(
        &mut self,
        source: &str,
        at: At,
        text: &[u8],
        report: &mut dyn FnMut(&str, At, &[u8]),
    ) {
        if begins(text) {
            if let Some((at, _)) = self.open.take() {
                self.bad(source, at, "it is a summary that was cut off");
            }
            self.broken = false;
            match PartialReader::new(text, self.summary.account.room()) {
                Ok(reader) => self.open = Some((at, reader)),
                Err(reason) => self.wrong(source, at, &reason),
            }
            return;
        }
        // A report ends a summary that has no end, and is none of its lines.
        let is_report = is_report(text);
        let is_line = text.starts_with(b"{") && !is_report;
        if !is_line && let Some((at, _)) = self.open.take() {
            self.bad(source, at, "it is a summary that was cut off");
        }
        // The lines of a summary that is wrong are no faults of their own.
        if self.broken && is_line {
            return;
        }
        let Some((_, reader)) = &mut self.open else {
            self.broken = false;
            if goes_on(text) {
                let reason = "it is a piece of a summary, whose beginning is missing";
                return self.wrong(source, at, reason);
            }
            self.short = match text.len() < SHORT {
                true => self.short.saturating_add(1),
                false => 0,
            };
            match self.short.cmp(&SHORT_TOLD) {
                Ordering::Less => report(source, at, text),
                Ordering::Equal => {
                    let reason = format!(
                        "the {SHORT_TOLD} documents up to here are too short for reports; \
                         those like them that follow are passed over"
                    );
                    self.bad(source, at, &reason);
                }
                Ordering::Greater => {}
            }
            return;
        };
        match reader.line(text) {
            Ok(None) => {}
            Ok(Some(summary)) => {
                self.open = None;
                self.summary.join(summary);
            }
            Err(reason) => {
                self.wrong(source, at, &reason);
                // It was cut off within a line, and the next one follows at once.
                if let Some(rest) = next_within(text).and_then(|at| text.get(at..)) {
                    self.document(source, at, rest, report);
                }
            }
        }
    }

    fn wrong(&mut self, source: &str, at: At, reason: &str) {
        self.open = None;
        self.broken = true;
        self.bad(source, at, reason);
    }

    fn bad(&mut self, source: &str, at: At, reason: &str) {
        self.summary.spoilt(bad(source, at, reason));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::PoisonError;

    use super::*;

    /// A stream of JSON is one piece of work, and what was read of it is told all the same.
    #[test]
    fn reports_are_told_while_a_stream_is_read() {
        let line = serde_json::to_string(&super::super::tests::report()).unwrap() + "\n";
        let yaml = crate::yaml::to_string(&super::super::tests::report()).unwrap();
        let most = 400;
        for one in [line, format!("---\n{yaml}")] {
            let text = one.repeat(most).into_bytes();
            let told = Mutex::new(Vec::new());
            let input = Input {
                name: "x".to_owned(),
                promise: Promise::Reports,
                size: None,
                open: Box::new(move || Ok(Box::new(Cursor::new(text)))),
            };
            let reading = Reading {
                threads: 1,
                in_full: false,
                latest: None,
            };
            let summary = gather(std::iter::once(Ok(input)), reading, &|reports| {
                told.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(reports);
            });
            assert_eq!(summary.len(), 1);
            let told = told.into_inner().unwrap();
            let most = most as u64;
            assert_eq!(told.last(), Some(&most));
            assert!(
                told.iter().any(|reports| (1..most).contains(reports)),
                "{told:?}"
            );
        }
    }
}
