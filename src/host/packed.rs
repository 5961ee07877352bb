//! What an archive is packed with, and how much may come out of it.

use std::cell::Cell;
use std::io::{self, BufReader, Cursor, Read};
use std::rc::Rc;

use super::archive::{Limits, Problem};
use super::members::has_its_sum;
use crate::gzip::{GZIP, GzipMembers};

/// A packed archive.
pub(super) struct Buffered<R> {
    inner: BufReader<Counted<R>>,
    taken: Rc<Cell<u64>>,
}

impl<R: Read> Buffered<R> {
    pub(super) fn new(packed: R) -> Self {
        let counted = Counted::new(packed);
        Self {
            taken: Rc::clone(&counted.count),
            inner: BufReader::with_capacity(64 << 10, counted),
        }
    }

    /// Whether a packer's check sums prove that the archive is whole.
    pub(super) fn is_packed(&mut self) -> bool {
        let begin = io::BufRead::fill_buf(&mut self.inner);
        begin.is_ok_and(|begin| begin.starts_with(GZIP) || begin.starts_with(XZ))
    }

    /// The bytes of the archive itself, within the limits.
    pub(super) fn plain(&mut self, limits: Limits) -> Result<impl Read + '_, Problem> {
        Ok(Bounded {
            taken: Rc::clone(&self.taken),
            inner: unpacked(&mut self.inner, limits)?,
            given: 0,
            limits,
        })
    }
}

/// The bytes of the archive itself, whatever it is packed with.
fn unpacked<'a, R: Read>(
    packed: &'a mut BufReader<R>,
    limits: Limits,
) -> Result<Box<dyn Read + 'a>, Problem> {
    let begin = io::BufRead::fill_buf(packed).map_err(|error| error.to_string())?;
    Ok(match begin {
        [] => return Err("it is empty".to_owned()),
        bytes if bytes.starts_with(GZIP) => unlike(GzipMembers::new(packed), REPORT)?,
        bytes if bytes.starts_with(XZ) => {
            let reader = lzma_rust2::XzReader::new_mem_limit(packed, true, limits.xz_memory);
            unlike(reader, PACKED_REPORT)?
        }
        [b'B', b'Z', b'h', ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            return Err(
                "it is packed with bzip2 or zstd: unpack it, and name the directory".to_owned(),
            );
        }
        bytes if is_tar(bytes) => Box::new(packed),
        [b'P', b'K', 3, 4, ..] => {
            return Err("it is packed with zip: unpack it, and name the directory".to_owned());
        }
        bytes if is_report(bytes) => return Err(REPORT.to_owned()),
        bytes if is_config(bytes) => return Err(CONFIG.to_owned()),
        bytes if is_disk(bytes) => {
            return Err("it is the image of a disk: mount it, and name the directory".to_owned());
        }
        bytes if bytes.starts_with(SEVEN_ZIP) => {
            return Err("it is packed with 7-Zip: unpack it, and name the directory".to_owned());
        }
        bytes if bytes.get(ISO_AT..ISO_AT + 5) == Some(b"CD001") => {
            return Err(
                "it is the image of a CD (ISO 9660): mount it, and name the directory; \
                        of a live system, mount the image in it, too"
                    .to_owned(),
            );
        }
        bytes if is_encrypted(bytes) => {
            return Err(
                "it is encrypted with OpenPGP: `gpg --output FILE --decrypt` it, and name what \
                        comes out"
                    .to_owned(),
            );
        }
        _ => return Err("it is no archive: neither tar nor tar.gz nor tar.xz".to_owned()),
    })
}

const SEVEN_ZIP: &[u8] = &[b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c];

/// Where the first descriptor of a volume has its mark (ECMA-119, 8.1): in the second byte of the
/// sector 16, of 2048 bytes each.
const ISO_AT: usize = 16 * 2048 + 1;

/// Whether an OpenPGP message begins here that is encrypted: armoured, or with the packet of a
/// session key for a public key or a passphrase (tag 1 from version 3 on, tag 3 from version 4 on:
/// RFC 4880, 4.2, 5.1 and 5.3).
fn is_encrypted(bytes: &[u8]) -> bool {
    let begins = |mark: &[u8]| bytes.starts_with(mark);
    let body = match bytes {
        // The old form: two bits tell how many bytes the length has.
        [tag @ (0x84..=0x86 | 0x8c..=0x8e), ..] => 1 + (1 << (tag & 3)),
        [0xc1 | 0xc3, 0..=191, ..] => 2,
        [0xc1 | 0xc3, 192..=223, ..] => 3,
        _ => return begins(b"-----BEGIN PGP MESSAGE-----"),
    };
    matches!(bytes.get(body), Some(3..=6))
}

/// Whether these are the first bytes of a disk, or of a file system on one: as qcow2, VMDK and VHDX
/// begin, XFS and squashfs, a partition table, and ext2 to ext4.
fn is_disk(bytes: &[u8]) -> bool {
    let begins: [&[u8]; 5] = [b"QFI\xfb", b"KDMV", b"vhdxfile", b"XFSB", b"hsqs"];
    let has = |at: usize, mark: &[u8]| bytes.get(at..at + mark.len()) == Some(mark);
    begins.iter().any(|begin| bytes.starts_with(begin))
        || has(510, &[0x55, 0xaa])
        || has(1080, &[0x53, 0xef])
}

/// The bytes that are packed in these with gzip or xz, or these themselves.
pub(super) fn of_bytes(bytes: &[u8]) -> Box<dyn Read + '_> {
    match bytes {
        _ if bytes.starts_with(GZIP) => Box::new(GzipMembers::new(bytes)),
        _ if bytes.starts_with(XZ) => {
            let memory = super::archive::LIMITS.xz_memory;
            Box::new(lzma_rust2::XzReader::new_mem_limit(bytes, true, memory))
        }
        _ => Box::new(bytes),
    }
}

const XZ: &[u8] = &[0xfd, b'7', b'z', b'X', b'Z', 0];

const REPORT: &str = "it is a saved report: --from reads those";
const PACKED_REPORT: &str = "it is a saved report: unpack it, and --from reads it";
const CONFIG: &str = "it is a kernel config: --config reads those";

/// Whether this is the beginning of a tar archive, by the mark of its formats, or by the check sum
/// of the first header, as the oldest format has nothing else.
fn is_tar(begin: &[u8]) -> bool {
    begin.get(257..262) == Some(b"ustar") || has_its_sum(begin)
}

/// Whether these bytes are an archive, or one that is packed with xz.
pub(super) fn is_archive(bytes: &[u8]) -> bool {
    let begin = bytes.get(..512).unwrap_or(bytes);
    bytes.starts_with(XZ) || is_tar(begin)
}

/// What was packed, unless that is no archive: a report is refused in these words.
fn unlike<'a>(mut plain: impl Read + 'a, report: &str) -> Result<Box<dyn Read + 'a>, Problem> {
    let mut begin = Vec::new();
    let taken = plain.by_ref().take(512).read_to_end(&mut begin);
    if is_report(&begin) {
        return Err(report.to_owned());
    }
    if is_config(&begin) {
        return Err(CONFIG.to_owned());
    }
    // An archive of nothing is one.
    let is_empty = begin.iter().all(|byte| *byte == 0);
    if taken.is_ok() && !is_empty && !is_tar(&begin) {
        return Err("what is packed in it is no tar archive".to_owned());
    }
    // Trouble comes where it came: behind what could be read.
    let trouble = Trouble(taken.err());
    Ok(Box::new(Cursor::new(begin).chain(trouble).chain(plain)))
}

/// Nothing, or an error once.
struct Trouble(Option<io::Error>);

impl Read for Trouble {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Whether a text begins as reports of this program do, in YAML or JSON.
fn is_report(begin: &[u8]) -> bool {
    let begin = String::from_utf8_lossy(begin.get(..100).unwrap_or(begin));
    begin.contains("schema") && begin.contains("bpf-doctor/report/")
}

/// Whether a text begins as kernel configs do.
fn is_config(begin: &[u8]) -> bool {
    let begin = String::from_utf8_lossy(begin.get(..300).unwrap_or(begin));
    let mut lines = begin.lines();
    begin.contains(" Kernel Configuration\n") || lines.any(|line| line.starts_with("CONFIG_"))
}

/// Counts what was taken from a reader.
struct Counted<R> {
    inner: R,
    count: Rc<Cell<u64>>,
}

impl<R> Counted<R> {
    fn new(inner: R) -> Self {
        Self {
            inner,
            count: Rc::default(),
        }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.count.set(self.count.get() + length as u64);
        Ok(length)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct TooMuch(pub(super) Problem);

/// Ends with an error where more comes out than the limits allow.
struct Bounded<R> {
    inner: R,
    /// What was taken from the packed file so far.
    taken: Rc<Cell<u64>>,
    given: u64,
    limits: Limits,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.given += length as u64;
        let times = self.taken.get().saturating_mul(self.limits.ratio);
        let problem = if self.given > self.limits.unpacked {
            format!("it unpacks to more than {} MiB", self.limits.unpacked >> 20)
        } else if self.given > self.limits.ratio_from && self.given > times {
            format!(
                "it unpacks to more than {} times its size",
                self.limits.ratio
            )
        } else {
            return Ok(length);
        };
        Err(io::Error::other(TooMuch(problem)))
    }
}
