//! A stream of JSON that threads read in turns.
//!
//! Whose turn it is takes some documents out of the stream, and reads them while the next one
//! takes others. So what came from the file is still near that thread's processor, no thread
//! waits for another to deal, and what comes out of the stream is seen in its order. Documents
//! are read where they came to lie: the buffer goes with them, and the stream goes on in another.

use std::io::{Chain, Cursor, Read};
use std::sync::{Mutex, PoisonError};

use super::batch::{Batch, Got, Part};
use super::gather::Sequence;
use super::split::Splitter;
use super::summary::Summary;
use super::unpack::{Out, told};

/// Bytes that a thread takes at its turn, of all threads together. Turns that are short cost more
/// than they bring: a thread that waits for the other to read a quarter of this falls asleep, and
/// to wake it takes as long as what it then has to do.
const TURNS: usize = 4 << 20;

/// The stream.
pub(super) struct Shared {
    name: String,
    state: Mutex<State>,
}

/// A source, behind what was read of it to tell what it is.
type Whole = Chain<Cursor<Vec<u8>>, Box<dyn Read + Send>>;

struct State {
    splitter: Splitter<Whole>,
    /// What else came out of the stream; none once it has ended.
    sequence: Option<Sequence>,
}

impl Shared {
    /// The stream of this name, of which the head was read before, for so many threads.
    pub(super) fn new(
        name: String,
        head: Vec<u8>,
        source: Box<dyn Read + Send>,
        sequence: Sequence,
        threads: usize,
    ) -> Self {
        let whole = Cursor::new(head).chain(source);
        // A thread alone waits for nobody, and what it reads shall stay near its processor.
        let chunk = if threads > 1 { TURNS / threads } else { 0 };
        Self {
            state: Mutex::new(State {
                splitter: Splitter::new(whole, Vec::new()).reading(chunk),
                sequence: Some(sequence),
            }),
            name,
        }
    }

    /// Puts the next documents in the place of those of this batch; there are none where the
    /// stream has ended. To whom the end comes is given what else there was.
    pub(super) fn turn(&self, batch: &mut Batch) -> Option<Summary> {
        batch.clear();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { splitter, sequence } = &mut *state;
        let name = &self.name;
        name.clone_into(&mut batch.source);
        let open = sequence.as_mut()?;
        loop {
            let held = !batch.documents.is_empty();
            let got = splitter.part(held, &mut |part, begin| {
                let base = match (&part, begin) {
                    (Part::Document(_, whole), Some(begin)) => Some((whole.as_ptr().addr(), begin)),
                    _ => None,
                };
                open.take(Out::Part(name, part), &mut |_, at, text| match base {
                    // It is that document, or a part of it.
                    Some((whole, begin)) => {
                        let start = begin + (text.as_ptr().addr() - whole);
                        batch.lies(at, start, text.len());
                    }
                    None => batch.add(at, text),
                });
            });
            match got {
                Ok(Got::Part) => continue,
                Ok(Got::Wait) => {
                    splitter.swap(&mut batch.bytes);
                    return None;
                }
                Ok(Got::End) => open.end(Out::End(name)),
                Err(error) => open.end(Out::Trouble(name, told(&error))),
            }
            splitter.swap(&mut batch.bytes);
            return sequence.take().map(|sequence| sequence.summary);
        }
    }
}
