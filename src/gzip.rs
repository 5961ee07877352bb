//! What is packed with gzip, as gzip(1) unpacks it.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// What it begins with.
pub(crate) const GZIP: &[u8] = &[0x1f, 0x8b];

/// What was packed with gzip, in one piece or in several; zeros behind them fill a block of a tape,
/// and gzip(1) passes them over.
pub(crate) struct GzipMembers<R: BufRead> {
    inner: Option<GzDecoder<R>>,
}

impl<R: BufRead> GzipMembers<R> {
    pub(crate) fn new(packed: R) -> Self {
        Self {
            inner: Some(GzDecoder::new(packed)),
        }
    }
}

impl<R: BufRead> Read for GzipMembers<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.inner {
            let length = member.read(buffer)?;
            if length > 0 || buffer.is_empty() {
                return Ok(length);
            }
            let Some(mut packed) = self.inner.take().map(GzDecoder::into_inner) else {
                break;
            };
            loop {
                let zeros = match packed.fill_buf()? {
                    [] => return Ok(0),
                    [0, rest @ ..] => 1 + rest.iter().take_while(|byte| **byte == 0).count(),
                    [first, ..] if Some(first) == GZIP.first() => break,
                    _ => {
                        let problem = "something else stands behind what is packed in it";
                        return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
                    }
                };
                packed.consume(zeros);
            }
            self.inner = Some(GzDecoder::new(packed));
        }
        Ok(0)
    }
}
