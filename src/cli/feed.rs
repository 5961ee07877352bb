//! Input that may never end: read by a thread of its own, so that waiting for it ends at
//! the latest when its time is over.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// So many bytes are read at a time.
const CHUNK: usize = 256 << 10;
/// So many of them wait to be looked at.
const AHEAD: usize = 4;

type Source = Box<dyn Read>;

/// When reading ends, whether the input has or not.
pub struct Deadline {
    until: Instant,
    over: Rc<Cell<bool>>,
}

impl Deadline {
    /// So much time from now.
    pub fn after(time: Duration) -> Self {
        // More than a day is for ever.
        let time = time.min(Duration::from_secs(24 * 3600));
        Self {
            until: Instant::now() + time,
            over: Rc::new(Cell::new(false)),
        }
    }

    /// Whether reading ended for want of time.
    pub fn is_over(&self) -> bool {
        self.over.get()
    }

    /// What is opened, readable until the time is over. The thread that waits for it is
    /// left behind then; it ends with the process.
    pub fn feed(&self, open: impl FnOnce() -> io::Result<Source> + Send + 'static) -> Feed {
        let (sender, chunks) = sync_channel(AHEAD);
        let read = move || {
            let mut input = match open() {
                Ok(input) => input,
                Err(error) => return drop(sender.send(Err(error))),
            };
            loop {
                let mut chunk = vec![0; CHUNK];
                let read = match input.read(&mut chunk) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    read => read,
                };
                let is_last = !matches!(read, Ok(1..));
                let sent = sender.send(read.map(|length| {
                    chunk.truncate(length);
                    chunk
                }));
                if is_last || sent.is_err() {
                    return;
                }
            }
        };
        // A thread that can't be started looks like input that ended at once.
        let _started = thread::Builder::new().spawn(read);
        Feed {
            chunks,
            chunk: Vec::new(),
            taken: 0,
            until: self.until,
            over: Rc::clone(&self.over),
        }
    }
}

/// Input with a deadline.
pub struct Feed {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Vec<u8>,
    taken: usize,
    until: Instant,
    over: Rc<Cell<bool>>,
}

impl Read for Feed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken >= self.chunk.len() {
            let left = self.until.saturating_duration_since(Instant::now());
            self.taken = 0;
            self.chunk = match self.chunks.recv_timeout(left) {
                Ok(chunk) => chunk?,
                Err(RecvTimeoutError::Timeout) => {
                    self.over.set(true);
                    Vec::new()
                }
                Err(RecvTimeoutError::Disconnected) => Vec::new(),
            };
        }
        let mut rest = self.chunk.get(self.taken..).unwrap_or_default();
        let read = rest.read(buffer)?;
        self.taken += read;
        Ok(read)
    }
}
