//! Archives of files: tar, also packed with gzip or xz, read once from front to back.
//!
//! Archives come from strangers. Nothing is unpacked to disk; what is kept in memory, how
//! much is unpacked on the way and how many members there may be are limited.

use std::cell::Cell;
use std::io::{self, BufReader, Read};
use std::rc::Rc;

use tar::EntryType;

use super::tree::{Node, Tree};
use super::wanted::Wish;

/// How much of an archive is looked at before it counts as hostile.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Bytes it may unpack to: more than sosreport leaves of a big host by its own limits.
    pub(super) unpacked: u64,
    /// To how many times its size it may unpack. Logs of many like lines reach some 50.
    pub(super) ratio: u64,
    /// Below these bytes the ratio says nothing.
    pub(super) ratio_from: u64,
    /// Members, of which a sosreport has some ten thousand and a host a million.
    pub(super) members: usize,
    /// Members of which is kept that they are there.
    pub(super) nodes: usize,
    /// Bytes of a member that are kept; the largest that facts ask for is BTF, with modules' some 10 MiB.
    pub(super) member: u64,
    /// Bytes of all members that are kept.
    pub(super) kept: u64,
    /// Bytes of a member's name.
    pub(super) name: u64,
    /// Memory of the xz decoder in KiB; `xz -9` takes 65 MiB.
    pub(super) xz_memory: u32,
}

pub(super) const LIMITS: Limits = Limits {
    unpacked: 2 << 30,
    ratio: 250,
    ratio_from: 16 << 20,
    members: 2_000_000,
    nodes: 200_000,
    member: 32 << 20,
    kept: 128 << 20,
    name: 8 << 10,
    xz_memory: 80 << 10,
};

/// What is wrong with an archive, in words that continue its name and a colon.
type Problem = String;

/// The members of an archive that `wanted` wishes for.
pub(super) fn read(
    packed: impl Read,
    limits: Limits,
    wanted: &dyn Fn(&str) -> Wish,
) -> Result<Tree, Problem> {
    let counted = Counted::new(packed);
    let taken = Rc::clone(&counted.count);
    let mut buffered = BufReader::with_capacity(64 << 10, counted);
    let plain = unpacked(&mut buffered, limits)?;
    let bounded = Bounded {
        inner: plain,
        taken,
        given: 0,
        limits,
    };
    members(bounded, limits, wanted)
}

/// The bytes of the archive itself, whatever it is packed with.
fn unpacked<'a, R: Read>(
    packed: &'a mut BufReader<R>,
    limits: Limits,
) -> Result<Box<dyn Read + 'a>, Problem> {
    let begin = io::BufRead::fill_buf(packed).map_err(|error| error.to_string())?;
    Ok(match begin {
        [] => return Err("it is empty".to_owned()),
        [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(packed)),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Box::new(lzma_rust2::XzReader::new_mem_limit(
            packed,
            true,
            limits.xz_memory,
        )),
        [b'B', b'Z', b'h', ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            return Err(
                "it is packed with bzip2 or zstd: unpack it, and name the directory".to_owned(),
            );
        }
        bytes if bytes.get(257..262) == Some(b"ustar") => Box::new(packed),
        _ => return Err("it is no archive: neither tar nor tar.gz nor tar.xz".to_owned()),
    })
}

fn members(
    plain: impl Read,
    limits: Limits,
    wanted: &dyn Fn(&str) -> Wish,
) -> Result<Tree, Problem> {
    let told = |error: io::Error| clear(&error);
    let mut archive = tar::Archive::new(plain);
    let mut tree = Tree::default();
    let (mut count, mut nodes, mut kept) = (0, 0, 0);
    // Names too long for a header stand in a member before it.
    let (mut long_name, mut long_target) = (None, None);
    // Raw, because the reader of names would take as much memory as they ask for.
    for entry in archive.entries().map_err(told)?.raw(true) {
        let mut entry = entry.map_err(told)?;
        count += 1;
        if count > limits.members {
            return Err(format!("it has more than {} members", limits.members));
        }
        let kind = entry.header().entry_type();
        if extends(kind) {
            let bytes = name_bytes(&mut entry, limits)?;
            match kind {
                EntryType::GNULongName => long_name = Some(text(&bytes)),
                EntryType::GNULongLink => long_target = Some(text(&bytes)),
                EntryType::XHeader => {
                    long_name = pax(&bytes, "path").or(long_name);
                    long_target = pax(&bytes, "linkpath").or(long_target);
                }
                _ => {}
            }
            continue;
        }
        let name = long_name
            .take()
            .unwrap_or_else(|| text(&entry.path_bytes()));
        let target = long_target
            .take()
            .or_else(|| entry.link_name_bytes().map(|bytes| text(&bytes)))
            .unwrap_or_default();
        let parts = safe_parts(&name)?;
        let path = format!("/{}", parts.join("/"));
        let wish = wanted(&path);
        if wish == Wish::Nothing {
            continue;
        }
        nodes += 1;
        if nodes > limits.nodes {
            return Err(format!("it has more than {} members to keep", limits.nodes));
        }
        let node = match kind {
            EntryType::Directory => Node::Directory,
            EntryType::Symlink => Node::Link(target),
            // The member it is the same as, by its name in the archive.
            EntryType::Link => Node::Same(format!("/{}", safe_parts(&target)?.join("/"))),
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                let size = entry.size();
                if kind == EntryType::GNUSparse || size > limits.member || wish != Wish::Bytes {
                    Node::Size(size)
                } else {
                    let mut bytes = Vec::new();
                    entry.read_to_end(&mut bytes).map_err(told)?;
                    if bytes.len() as u64 != size {
                        return Err("it ends in the middle of a file".to_owned());
                    }
                    kept += size;
                    if kept > limits.kept {
                        return Err(format!(
                            "the files to read in it have more than {} MiB",
                            limits.kept >> 20
                        ));
                    }
                    Node::Bytes(bytes)
                }
            }
            _ => Node::Other,
        };
        tree.put(&parts, node);
    }
    Ok(tree)
}

fn extends(kind: EntryType) -> bool {
    matches!(
        kind,
        EntryType::GNULongName
            | EntryType::GNULongLink
            | EntryType::XHeader
            | EntryType::XGlobalHeader
    )
}

fn name_bytes(entry: &mut impl Read, limits: Limits) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let read = entry.take(limits.name + 1).read_to_end(&mut bytes);
    read.map_err(|error| clear(&error))?;
    if bytes.len() as u64 > limits.name {
        return Err(format!("a name in it has more than {} bytes", limits.name));
    }
    Ok(bytes)
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0);
    let name = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
    String::from_utf8_lossy(name).into_owned()
}

fn pax(bytes: &[u8], key: &str) -> Option<String> {
    let mut records = tar::PaxExtensions::new(bytes).filter_map(Result::ok);
    let record = records.find(|record| record.key() == Ok(key))?;
    Some(String::from_utf8_lossy(record.value_bytes()).into_owned())
}

/// The names a member's path is made of. One that is absolute or climbs would lie outside
/// of where the archive is unpacked: nobody packs such a one in good faith.
fn safe_parts(name: &str) -> Result<Vec<String>, Problem> {
    // The root itself, as `tar cf x.tar /` has it: nothing leads out of there.
    if !name.is_empty() && name.chars().all(|c| c == '/') {
        return Ok(Vec::new());
    }
    let shown: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
    if name.starts_with('/') || name.split('/').any(|part| part == "..") {
        return Err(format!("its member `{shown}` leads out of it"));
    }
    let parts = name.split('/').filter(|part| !matches!(*part, "" | "."));
    Ok(parts.map(str::to_owned).collect())
}

/// An error of a decoder in one line.
fn clear(error: &io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "it is cut short".to_owned(),
        _ => {
            let text = error.to_string();
            let line: String = text.lines().next().unwrap_or_default().to_owned();
            match error
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<TooMuch>())
            {
                Some(TooMuch(problem)) => problem.clone(),
                None => format!("it is damaged: {line}"),
            }
        }
    }
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
struct TooMuch(Problem);

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

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;
