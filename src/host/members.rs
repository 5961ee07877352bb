//! The members of a tar archive, one behind the other: their names, also those too long for a
//! header, and their bytes, also where holes were left out of a file (`tar --sparse`).

use std::io::{self, Read};

use tar::EntryType;

use super::archive::{Limits, NEXT, Problem};
use super::holes::{self, Pieces};
use super::in_a_line;
use super::packed::TooMuch;

/// Blocks that headers, and the bytes of members, are padded to.
const BLOCK: usize = 512;

/// An archive that is read member by member.
pub(super) struct Members<R> {
    inner: R,
    limits: Limits,
    /// Bytes of the member at hand that were not read yet, and of those behind it up to a block.
    left: u64,
    padding: u64,
    count: usize,
    /// The member that is read, for words about trouble.
    last: Option<(String, u64)>,
    /// Whether the archive ended where a member would begin, without the mark of its end.
    is_open: bool,
}

/// A member that has a name.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) kind: EntryType,
    pub(super) name: String,
    /// What a link leads to.
    pub(super) target: String,
    /// Bytes of the file, with its holes.
    pub(super) size: u64,
    /// When it was written.
    pub(super) written: Option<u64>,
    /// The numbers of a device.
    pub(super) device: Option<(u32, u32)>,
    /// Where bytes stand in a file with holes.
    pieces: Option<Pieces>,
}

/// What stands in members before the one it is about.
#[derive(Debug, Default)]
struct Before {
    name: Option<String>,
    target: Option<String>,
    size: Option<u64>,
    /// How large a file with holes is.
    real: Option<u64>,
    /// Where its bytes stand, unless its own first blocks tell.
    pieces: Pieces,
    is_told_inside: bool,
}

impl<R: Read> Members<R> {
    pub(super) fn new(inner: R, limits: Limits) -> Self {
        Self {
            inner,
            limits,
            left: 0,
            padding: 0,
            count: 0,
            last: None,
            is_open: false,
        }
    }

    /// Whether the end of the archive was reached, and nothing of the mark was there that archives
    /// end with.
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// What packed the archive has its check sums behind the end.
    pub(super) fn finish(&mut self) -> Result<(), Problem> {
        let rest = io::copy(&mut self.inner, &mut io::sink());
        rest.map(|_| ()).map_err(|error| clear(&error, None))
    }

    /// The next member that has a name of its own.
    pub(super) fn next(&mut self) -> Result<Option<Member>, Problem> {
        let mut before = Before::default();
        loop {
            let header = self.header();
            let header = header.map_err(|error| clear(&error, self.last.as_ref()))?;
            let Some(header) = header else {
                return Ok(None);
            };
            self.count += 1;
            let most = self.limits.members;
            if self.count > most {
                return Err(format!("it has more than {most} members; {NEXT}"));
            }
            match header.entry_type() {
                EntryType::GNULongName => before.name = Some(text(&self.extension("a name", 1)?)),
                EntryType::GNULongLink => before.target = Some(text(&self.extension("a name", 1)?)),
                // All of a member's records, of which lists of holes are the longest.
                EntryType::XHeader => before.take(&self.extension("a header", 8)?),
                EntryType::XGlobalHeader => {
                    self.extension("a header", 8)?;
                }
                _ => return self.member(&header, before).map(Some),
            }
        }
    }

    /// The first `most` bytes of the member at hand.
    pub(super) fn bytes(&mut self, member: &Member, most: u64) -> Result<Vec<u8>, Problem> {
        let bytes = match &member.pieces {
            None => self.taken(most),
            Some(pieces) => self.with_holes(pieces, most),
        };
        bytes.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                format!("it is cut short, in its member `{}`", shown(&member.name))
            }
            _ => clear(&error, self.last.as_ref()),
        })
    }

    /// The header of what comes next, none at the end.
    fn header(&mut self) -> io::Result<Option<tar::Header>> {
        let rest = self.left.saturating_add(self.padding);
        let skipped = io::copy(&mut self.inner.by_ref().take(rest), &mut io::sink())?;
        if skipped < rest {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        (self.left, self.padding) = (0, 0);
        let mut header = tar::Header::new_old();
        let block = header.as_mut_bytes();
        let mut filled = 0;
        while filled < BLOCK {
            let free = block.get_mut(filled..).unwrap_or_default();
            match self.inner.read(free)? {
                0 => break,
                count => filled += count,
            }
        }
        match filled {
            0 => {
                self.is_open = true;
                return Ok(None);
            }
            BLOCK => {}
            _ => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        if !has_its_sum(block) {
            return Err(io::Error::other("the check sum of a header is wrong"));
        }
        self.has(header.entry_size()?);
        Ok(Some(header))
    }

    /// Notes how many bytes the member at hand has here.
    fn has(&mut self, size: u64) {
        let over = size % BLOCK as u64;
        self.left = size;
        self.padding = (BLOCK as u64 - over) % BLOCK as u64;
    }

    fn member(&mut self, header: &tar::Header, before: Before) -> Result<Member, Problem> {
        let name = before.name.unwrap_or_else(|| text(&header.path_bytes()));
        if let Some(size) = before.size {
            self.has(size);
        }
        let mut block = |block: &mut [u8]| self.inner.read_exact(block);
        let pieces = match header.as_gnu() {
            Some(gnu) if header.entry_type() == EntryType::GNUSparse => {
                let pieces = holes::of_gnu(gnu, &mut block);
                pieces.map(|pieces| (Some(pieces), gnu.real_size().ok()))
            }
            _ if before.is_told_inside => {
                let pieces = holes::told_inside(&mut || self.taken(BLOCK as u64));
                pieces.map(|pieces| (Some(pieces), before.real))
            }
            _ if before.real.is_some() => {
                let pieces = holes::in_order(before.pieces);
                pieces.map(|pieces| (Some(pieces), before.real))
            }
            _ => Ok((None, None)),
        };
        let (pieces, real) = pieces.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => clear(&error, None),
            _ => format!("it is damaged, in its member `{}`: {error}", shown(&name)),
        })?;
        let size = real.unwrap_or(self.left);
        self.last = Some((shown(&name), size));
        let target = before
            .target
            .or_else(|| Some(text(&header.link_name_bytes()?)));
        Ok(Member {
            kind: header.entry_type(),
            name,
            target: target.unwrap_or_default(),
            size,
            written: header.mtime().ok(),
            device: numbers(header),
            pieces,
        })
    }

    /// What a member says of the one behind it.
    fn extension(&mut self, what: &str, times: u64) -> Result<Vec<u8>, Problem> {
        let most = self.limits.name * times;
        if self.left > most {
            return Err(format!("{what} in it has more than {most} bytes"));
        }
        self.taken(self.left).map_err(|error| clear(&error, None))
    }

    /// Some of the bytes of the member at hand that are here.
    fn taken(&mut self, most: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let wanted = most.min(self.left);
        self.inner.by_ref().take(wanted).read_to_end(&mut bytes)?;
        let count = bytes.len() as u64;
        self.left -= count;
        match count == most {
            true => Ok(bytes),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// The pieces put where they belong, and zeros between.
    fn with_holes(&mut self, pieces: &[(u64, u64)], most: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let too_large = |_| io::Error::other("a file in it is too large");
        bytes.resize(usize::try_from(most).map_err(too_large)?, 0);
        for (begin, length) in pieces {
            // They stand in the order of their places.
            let Some(free) = most.checked_sub(*begin).filter(|free| *free > 0) else {
                break;
            };
            let piece = self.taken((*length).min(free))?;
            let at = usize::try_from(*begin).map_err(too_large)?;
            let place = bytes
                .get_mut(at..)
                .and_then(|rest| rest.get_mut(..piece.len()));
            if let Some(place) = place {
                place.copy_from_slice(&piece);
            }
            if *length > free {
                break;
            }
        }
        Ok(bytes)
    }
}

impl Before {
    /// Takes the records of POSIX's format.
    fn take(&mut self, bytes: &[u8]) {
        let records = tar::PaxExtensions::new(bytes).filter_map(Result::ok);
        let mut name = None;
        for record in records {
            let value = String::from_utf8_lossy(record.value_bytes()).into_owned();
            let number = || value.parse::<u64>().ok();
            match record.key().unwrap_or_default() {
                "path" => self.name = Some(value),
                "linkpath" => self.target = Some(value),
                "size" => self.size = number().or(self.size),
                "GNU.sparse.name" => name = Some(value),
                "GNU.sparse.size" | "GNU.sparse.realsize" => self.real = number().or(self.real),
                "GNU.sparse.major" => self.is_told_inside = value == "1",
                "GNU.sparse.offset" => self.pieces.push((number().unwrap_or(u64::MAX), 0)),
                "GNU.sparse.numbytes" => {
                    if let Some((_, length)) = self.pieces.last_mut() {
                        *length = number().unwrap_or_default();
                    }
                }
                "GNU.sparse.map" => {
                    let numbers = value.split(',').map_while(|number| number.parse().ok());
                    let numbers: Vec<u64> = numbers.collect();
                    self.pieces = holes::in_pairs(&numbers);
                }
                _ => {}
            }
        }
        // That of the member itself says what cannot read holes what it is.
        self.name = name.or(self.name.take());
    }
}

/// Whether a block is the header of a member, by its check sum.
pub(super) fn has_its_sum(block: &[u8]) -> bool {
    let Some(header) = block.get(..BLOCK) else {
        return false;
    };
    const SUM: std::ops::Range<usize> = 148..156;
    let told = header.get(SUM).map(String::from_utf8_lossy);
    let told = told.unwrap_or_default();
    let told = told.trim_matches(|c: char| c == '\0' || c == ' ');
    // The sum is made with blanks in its place.
    let sum = |bytes: &[u8]| bytes.iter().copied().map(u32::from).sum::<u32>();
    let own = header.get(SUM).unwrap_or_default();
    let sum = sum(header) - sum(own) + 8 * u32::from(b' ');
    u32::from_str_radix(told, 8) == Ok(sum)
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0);
    let name = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
    String::from_utf8_lossy(name).into_owned()
}

/// A member's name in a line.
pub(super) fn shown(name: &str) -> String {
    in_a_line(name, 80)
}

/// An error of a decoder in one line, perhaps with the member that was read, and its size.
fn clear(error: &io::Error, member: Option<&(String, u64)>) -> Problem {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return "it is cut short".to_owned();
    }
    let inner = error.get_ref();
    if let Some(TooMuch(problem)) = inner.and_then(|inner| inner.downcast_ref()) {
        return match member {
            Some((name, size)) => {
                let size = size.div_ceil(1 << 20);
                format!("{problem}, in its member `{name}` of {size} MiB; {NEXT}")
            }
            None => format!("{problem}; {NEXT}"),
        };
    }
    // The decoder of xz, of archives that were packed with more than it may take to unpack.
    if error.kind() == io::ErrorKind::OutOfMemory {
        return format!("unpacking it takes more memory than it is given here; {NEXT}");
    }
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    format!("it is damaged: {line}")
}

/// The numbers of a device, where the header has room for them.
fn numbers(header: &tar::Header) -> Option<(u32, u32)> {
    let (major, minor) = (header.device_major().ok()?, header.device_minor().ok()?);
    major.zip(minor)
}
