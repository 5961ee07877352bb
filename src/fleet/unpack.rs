//! What a file holds: reports as they are, packed with gzip, zstd or xz, or in a tar, one in the
//! other. Nothing is unpacked to disk, and nothing is held but the document at hand.

use std::cell::Cell;
use std::io;
use std::io::Cursor;
use std::io::Read;

use tar::EntryType;

use super::batch::Part;
use super::packing::{Counted, Packing};
use super::record::{Strangers, of_member};
use super::split::Splitter;
use crate::gzip::{GZIP, GzipMembers};

/// So many packings may lie in each other: a tar of packed reports, packed.
const DEEPEST: usize = 4;
/// Most members of a tar.
const MEMBERS: usize = 20_000_000;
/// How much may follow the end of a tar; archives are padded to some 10 KiB.
const PADDING: u64 = 1 << 20;
/// Largest header that holds a long name.
const LONG_NAME: u64 = 64 << 10;
/// The window a zstd stream may ask for, as a power of two: 8 MiB, what `zstd -19` takes.
const WINDOW: u32 = 23;
/// The memory an xz stream may ask for, in KiB: what `xz -9` takes.
const XZ_MEMORY: u32 = 80 << 10;
/// How much is looked at to tell what it is: the header of a tar.
pub(super) const SNIFF: usize = 512;

/// What comes out of a file.
pub(super) enum Out<'a> {
    /// A part of a stream, and the stream's name.
    Part(&'a str, Part<'a>),
    /// The end of a stream, in which a summary must have ended.
    End(&'a str),
    /// Something that could not be read.
    Trouble(&'a str, String),
    /// So many files that do not look like reports at all.
    Foreign(u64),
}

/// What is expected of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// It is named on the command line, or its name says that it holds reports.
    Reports,
    /// It merely lies there.
    Nothing,
}

/// Reads a stream, whatever it is packed with, and calls `take` with what comes out.
/// `buffer` is lent from stream to stream.
pub(super) fn unpack(
    name: &str,
    source: &mut dyn Read,
    promise: Promise,
    buffer: &mut Vec<u8>,
    take: &mut dyn FnMut(Out<'_>),
) {
    let read = Cell::new(0);
    let mut source = Counted::new(source, &read);
    let place = Packing::new(&read);
    level(name, &mut source, promise, place, buffer, take);
}

fn level(
    name: &str,
    source: &mut dyn Read,
    promise: Promise,
    place: Packing<'_>,
    buffer: &mut Vec<u8>,
    take: &mut dyn FnMut(Out<'_>),
) {
    let mut head = [0; SNIFF];
    let length = match fill(source, &mut head) {
        Ok(length) => length,
        Err(error) => return take(Out::Trouble(name, told(&error))),
    };
    let head = head.get(..length).unwrap_or_default();
    let mut whole = Cursor::new(head).chain(source);
    let packed = head.starts_with(GZIP)
        || head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
        || head.starts_with(XZ)
        || is_tar(head);
    if packed && place.depth >= DEEPEST {
        let problem = format!("packed more than {DEEPEST} times");
        return take(Out::Trouble(name, problem));
    }
    if head.starts_with(GZIP) {
        let mut plain = place.bounded(GzipMembers::new(io::BufReader::new(whole)));
        return level(name, &mut plain, promise, place.inner(), buffer, take);
    }
    if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let plain = zstd::Decoder::new(whole).and_then(|mut plain| {
            plain.window_log_max(WINDOW)?;
            Ok(plain)
        });
        return match plain {
            Ok(plain) => {
                let mut plain = place.bounded(plain);
                level(name, &mut plain, promise, place.inner(), buffer, take);
            }
            Err(error) => take(Out::Trouble(name, told(&error))),
        };
    }
    if head.starts_with(XZ) {
        let plain = lzma_rust2::XzReader::new_mem_limit(whole, true, XZ_MEMORY);
        let mut plain = place.bounded(plain);
        return level(name, &mut plain, promise, place.inner(), buffer, take);
    }
    if is_tar(head) {
        let mut strangers = Strangers::default();
        members(
            name,
            &mut whole,
            place.inner(),
            buffer,
            (take, &mut strangers),
        );
        return take(Out::Foreign(strangers.count()));
    }
    if head.is_empty() {
        if promise == Promise::Reports {
            take(Out::Trouble(name, "it is empty".to_owned()));
        }
        return;
    }
    if promise == Promise::Nothing && !looks_like_reports(head) {
        return take(Out::Foreign(1));
    }
    if let Some(what) = other_kind(head) {
        return take(Out::Trouble(name, what.to_owned()));
    }
    if head.starts_with(BOM) {
        let mut mark = [0; BOM.len()];
        if let Err(error) = whole.read_exact(&mut mark) {
            return take(Out::Trouble(name, told(&error)));
        }
    }
    let mut splitter = Splitter::new(whole, std::mem::take(buffer));
    let mut is_blank = true;
    let ended = splitter.each(&mut |part| {
        is_blank = false;
        take(Out::Part(name, part));
    });
    let brackets = splitter.has_brackets();
    *buffer = splitter.into_buffer();
    match ended {
        Ok(()) if is_blank && promise == Promise::Reports => {
            let reason = match brackets {
                true => "there are brackets in it, and no report",
                false => "there is nothing in it",
            };
            take(Out::Trouble(name, reason.to_owned()));
        }
        Ok(()) => take(Out::End(name)),
        Err(error) => take(Out::Trouble(name, told(&error))),
    }
}

/// The members of a tar, each as a stream of its own. What does not look like reports is counted
/// by itself, for it may turn out to be of a record.
fn members(
    name: &str,
    source: &mut dyn Read,
    place: Packing<'_>,
    buffer: &mut Vec<u8>,
    (take, strangers): (&mut dyn FnMut(Out<'_>), &mut Strangers),
) {
    let mut archive = tar::Archive::new(source);
    // Raw, because the reader of long names would take as much memory as they ask for.
    let entries = match archive.entries() {
        Ok(entries) => entries.raw(true),
        Err(error) => return take(Out::Trouble(name, told(&error))),
    };
    let mut long = None;
    let mut record: Option<String> = None;
    for (count, entry) in entries.enumerate() {
        let mut entry = match entry {
            Ok(entry) => entry,
            Err(error) => return take(Out::Trouble(name, told(&error))),
        };
        if count >= MEMBERS {
            let problem = format!("it has more than {MEMBERS} members");
            return take(Out::Trouble(name, problem));
        }
        let kind = entry.header().entry_type();
        match kind {
            EntryType::GNULongName | EntryType::XHeader => {
                let mut bytes = Vec::new();
                if let Err(error) = (&mut entry).take(LONG_NAME).read_to_end(&mut bytes) {
                    return take(Out::Trouble(name, told(&error)));
                }
                let said = match kind {
                    EntryType::GNULongName => Some(text(&bytes)),
                    _ => pax_path(&bytes),
                };
                long = said.or(long);
            }
            EntryType::Regular | EntryType::Continuous => {
                let short = text(&entry.path_bytes());
                let member = long.take().unwrap_or(short);
                let last = member.rsplit('/').next().unwrap_or_default();
                // `._x` are what macOS adds.
                if last.starts_with('.') {
                    continue;
                }
                if let Some((begin, what)) = of_member(&member) {
                    if record.as_deref() != Some(begin) {
                        let path = begin.trim_matches(['.', '/']);
                        let full = match path.contains('/') {
                            true => format!("{name}:{path}"),
                            // It is all there is in an archive.
                            false => name.to_owned(),
                        };
                        take(Out::Trouble(&full, what.to_owned()));
                        strangers.forget(begin);
                        record = Some(begin.to_owned());
                    }
                    continue;
                }
                if record
                    .as_ref()
                    .is_some_and(|begin| member.starts_with(begin))
                {
                    continue;
                }
                let promise = promise_of(last);
                let full = format!("{name}:{member}");
                level(
                    &full,
                    &mut entry,
                    promise,
                    place,
                    buffer,
                    &mut |out| match out {
                        Out::Foreign(_) => strangers.add(&member),
                        out => take(out),
                    },
                );
            }
            // Directories, links, devices and what else has no content of its own.
            _ => long = None,
        }
    }
    // A packing has its checksum behind the end of the archive and what it is padded with.
    let mut rest = archive.into_inner().take(PADDING);
    if let Err(error) = io::copy(&mut rest, &mut io::sink()) {
        take(Out::Trouble(name, told(&error)));
    }
}

/// What a file's name promises.
#[must_use]
pub fn promise_of(name: &str) -> Promise {
    const ENDINGS: &[&str] = &[
        ".yaml", ".yml", ".json", ".jsonl", ".ndjson", ".tar", ".tgz", ".gz", ".zst", ".tzst",
        ".xz", ".txz", ".bz2", ".tbz2", ".zip",
    ];
    let lower = name.to_ascii_lowercase();
    match ENDINGS.iter().any(|ending| lower.ends_with(ending)) {
        true => Promise::Reports,
        false => Promise::Nothing,
    }
}

/// Whether a stream that begins like this is JSON as it is, not packed in anything.
pub(super) fn is_plain_json(head: &[u8]) -> bool {
    head.starts_with(b"{") && !is_tar(head) && other_kind(head).is_none()
}

fn looks_like_reports(head: &[u8]) -> bool {
    let begin = head.strip_prefix(BOM).unwrap_or(head).trim_ascii_start();
    begin.starts_with(b"---") || begin.starts_with(b"{") || begin.starts_with(b"schema: ")
}

/// What text of some systems begins with.
const BOM: &[u8] = b"\xef\xbb\xbf";
const XZ: &[u8] = b"\xfd7zXZ\0";

/// What is no text and is not unpacked either, and what to do.
fn other_kind(head: &[u8]) -> Option<&'static str> {
    const PACKED: &[(&[u8], &str)] = &[
        (
            b"BZh",
            "it is packed with bzip2, which is not read: unpack it, or pack it with gzip, xz or zstd",
        ),
        (
            b"PK\x03\x04",
            "it is a zip archive, which is not read: unpack it, and name the directory",
        ),
        (
            b"7z\xbc\xaf\x27\x1c",
            "it is a 7z archive, which is not read: unpack it, and name the directory",
        ),
        (
            b"\x04\x22\x4d\x18",
            "it is packed with lz4, which is not read: unpack it, or pack it with gzip, xz or zstd",
        ),
        (
            b"\x1f\x9d",
            "it is packed with compress, which is not read: unpack it, or pack it with gzip, xz or zstd",
        ),
    ];
    let mut packed = PACKED.iter();
    if let Some((_, what)) = packed.find(|(mark, _)| head.starts_with(mark)) {
        return Some(what);
    }
    let wide = match head {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => true,
        // Letters that are half zeros, without a mark.
        [a, 0, b, 0, ..] | [0, a, 0, b, ..] => *a != 0 && *b != 0,
        _ => false,
    };
    wide.then_some("it is UTF-16 text: write it as UTF-8, as with `iconv -f UTF-16 -t UTF-8`")
}

/// Whether a tar begins here: by its mark, or where it is of the days before that by the sum
/// over its header.
fn is_tar(head: &[u8]) -> bool {
    if head.get(257..262) == Some(b"ustar") {
        return true;
    }
    let (Some(block), Some(sum)) = (head.get(..512), head.get(148..156)) else {
        return false;
    };
    let told = std::str::from_utf8(sum).ok();
    let told = told.map(|text| text.trim_matches(['\0', ' ']));
    let told = told.and_then(|text| u64::from_str_radix(text, 8).ok());
    let bytes = block.iter().enumerate();
    let real: u64 = bytes
        .map(|(place, byte)| match place {
            148..156 => u64::from(b' '),
            _ => u64::from(*byte),
        })
        .sum();
    block.first() != Some(&0) && told == Some(real)
}

/// Reads until the buffer is full or the source has ended.
pub(super) fn fill(source: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while let Some(room) = buffer.get_mut(length..).filter(|room| !room.is_empty()) {
        match source.read(room) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0);
    let bytes = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
    String::from_utf8_lossy(bytes).into_owned()
}

/// The path in a header of POSIX: lines of length, key and value.
fn pax_path(bytes: &[u8]) -> Option<String> {
    let mut rest = bytes;
    while let Some(space) = memchr::memchr(b' ', rest) {
        let length: usize = std::str::from_utf8(rest.get(..space)?).ok()?.parse().ok()?;
        let line = rest.get(space + 1..length)?;
        if let Some(path) = line.strip_prefix(b"path=") {
            return Some(text(path.trim_ascii_end()));
        }
        rest = rest.get(length..)?;
    }
    None
}

/// What went wrong, in a line that continues the file's name.
pub(super) fn told(error: &io::Error) -> String {
    let said = error.to_string();
    if said.contains("requires too much memory") {
        return "can't read it: it was packed with a window larger than 8 MiB (zstd --long); pack it \
                again without that"
            .to_owned();
    }
    format!("can't read it: {}", said.lines().next().unwrap_or_default())
}
