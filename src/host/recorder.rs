//! A host that writes down what it is asked and what it answers.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;

use super::named::{HOSTNAME, OTHER_HOSTNAME};
use super::reduced::reduced;
use super::{Conflict, Host, Kind, Uname};

/// What a host said to a question, or how it refused.
pub(super) type Answer<T> = Result<T, String>;

/// All questions and answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// Bytes of files, and whether they are less than there are.
    pub(super) reads: BTreeMap<String, Answer<(Vec<u8>, bool)>>,
    /// Single bytes of files, by their places.
    pub(super) bytes: BTreeMap<String, BTreeMap<u64, Answer<u8>>>,
    pub(super) lists: BTreeMap<String, Answer<Vec<String>>>,
    pub(super) stats: BTreeMap<String, Answer<(Kind, u64)>>,
    pub(super) links: BTreeMap<String, Answer<String>>,
    pub(super) uname: Option<Answer<Uname>>,
    /// Where the bytes of paths really came from.
    pub(super) origins: BTreeMap<String, String>,
    /// Size and digest of files of which not all is in here.
    pub(super) digests: BTreeMap<String, (usize, String)>,
    /// What two files told differently of what was asked.
    pub(super) conflicts: Vec<Conflict>,
}

/// Passes questions on to a host, and keeps them with the answers.
pub struct Recorder<'a> {
    inner: &'a dyn Host,
    record: RefCell<Record>,
}

impl std::fmt::Debug for Recorder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

/// What uname tells, as files: facts name these as their source where no system call answered.
const UNAME: &[&str] = &[
    "/proc/sys/kernel/osrelease",
    "/proc/sys/kernel/version",
    "/proc/sys/kernel/arch",
    "/proc/sys/kernel/hostname",
];

impl<'a> Recorder<'a> {
    /// Records what is asked of `inner`.
    #[must_use]
    pub fn new(inner: &'a dyn Host) -> Self {
        Self {
            inner,
            record: RefCell::default(),
        }
    }

    /// What was asked and answered.
    #[must_use]
    pub fn finish(self) -> Record {
        let mut record = self.record.into_inner();
        for (path, answer) in &mut record.reads {
            if let Ok((bytes, _)) = answer {
                *bytes = reduced(path, bytes);
            }
        }
        let asked = record.reads.keys().chain(record.stats.keys());
        let asked = asked.chain(record.lists.keys()).chain(record.links.keys());
        let asked = asked.map(String::as_str).chain(UNAME.iter().copied());
        let origin = |path: &str| Some((path.to_owned(), self.inner.origin(path)?));
        let mut origins: BTreeMap<String, String> = asked.filter_map(origin).collect();
        if self.inner.is_live() {
            origins.extend(
                UNAME
                    .iter()
                    .map(|path| ((*path).to_owned(), "uname(2)".to_owned())),
            );
        }
        record.origins = origins;
        let mut conflicts = self.inner.conflicts();
        conflicts.retain(|conflict| {
            let path = conflict.path.as_str();
            UNAME.contains(&path) || record.reads.contains_key(path)
        });
        record.conflicts = conflicts;
        record
    }
}

impl Record {
    /// Notes of each file that was read below a directory, size and digest of the whole; or
    /// keeps the whole. One larger than `limit` stays as it was asked for.
    pub fn take_whole(&mut self, host: &dyn Host, directory: &str, limit: usize, keep: bool) {
        for (path, answer) in &mut self.reads {
            let inside = path.starts_with(directory);
            let Some(bytes) = inside.then(|| host.read(path, limit).ok()).flatten() else {
                continue;
            };
            if bytes.len() >= limit {
                continue;
            }
            if keep {
                *answer = Ok((bytes, false));
            } else {
                let digest = super::stored::digest(&bytes);
                self.digests.insert(path.clone(), (bytes.len(), digest));
            }
        }
    }

    /// Gives the host another name, where it is read from.
    pub fn name_host(&mut self, name: &str) {
        match &mut self.uname {
            Some(Ok(uname)) if !uname.nodename.is_empty() => name.clone_into(&mut uname.nodename),
            _ => {
                let bytes = format!("{name}\n").into_bytes();
                self.reads
                    .insert("/etc/hostname".to_owned(), Ok((bytes, false)));
            }
        }
    }

    /// Changes every text in it: paths, names, links, and files, each file with its path.
    /// What is no text stays.
    pub fn rewrite(&mut self, change: &mut dyn FnMut(&str, &str) -> String) {
        for (path, answer) in &mut self.reads {
            if let Ok((bytes, _)) = answer
                && let Ok(text) = std::str::from_utf8(bytes)
            {
                *bytes = change(path, text).into_bytes();
            }
        }
        for (path, answer) in &mut self.lists {
            for name in answer.iter_mut().flatten() {
                *name = change(&format!("{path}/"), name);
            }
        }
        for (path, answer) in &mut self.links {
            if let Ok(target) = answer {
                *target = change(path, target);
            }
        }
        if let Some(Ok(uname)) = &mut self.uname {
            uname.nodename = change(HOSTNAME, &uname.nodename);
            uname.version = change("/proc/sys/kernel/version", &uname.version);
        }
        for place in self.origins.values_mut() {
            *place = change("", place);
        }
        for conflict in &mut self.conflicts {
            let path = conflict.path.as_str();
            // Two names of the host are two, or agree, whatever they are replaced by.
            conflict.denied.0 = match path {
                HOSTNAME => {
                    let both = format!("{}\0{}", conflict.told.0, conflict.denied.0);
                    change(OTHER_HOSTNAME, &both)
                }
                path => change(path, &conflict.denied.0),
            };
            conflict.told.0 = change(path, &conflict.told.0);
            for place in [&mut conflict.told.1, &mut conflict.denied.1] {
                *place = change("", place);
            }
        }
        rename(&mut self.reads, change);
        rename(&mut self.bytes, change);
        rename(&mut self.lists, change);
        rename(&mut self.stats, change);
        rename(&mut self.links, change);
        rename(&mut self.origins, change);
    }
}

fn rename<T>(map: &mut BTreeMap<String, T>, change: &mut dyn FnMut(&str, &str) -> String) {
    let renamed = std::mem::take(map).into_iter();
    *map = renamed
        .map(|(path, value)| (change("", &path), value))
        .collect();
}

/// A refusal in a few words, from which the same error can be made again.
pub(super) fn refusal(error: &io::Error) -> String {
    match (error.kind(), error.raw_os_error()) {
        (io::ErrorKind::NotFound, _) => "absent".to_owned(),
        (io::ErrorKind::PermissionDenied, _) => "denied".to_owned(),
        (_, Some(number)) => format!("errno {number}"),
        (io::ErrorKind::InvalidInput, None) => "no regular file".to_owned(),
        (io::ErrorKind::Unsupported, None) => "not held".to_owned(),
        (io::ErrorKind::UnexpectedEof, None) => "ended".to_owned(),
        (io::ErrorKind::InvalidData, None) => "malformed".to_owned(),
        // The system has a number for each of its own.
        _ => format!("errno {}", libc::EIO),
    }
}

/// Whether these words are some that [`refusal`] writes.
pub(super) fn is_refusal(words: &str) -> bool {
    let known = [
        "absent",
        "denied",
        "ended",
        "malformed",
        "no regular file",
        "not held",
    ];
    let number = words.strip_prefix("errno ").map(str::parse::<i32>);
    known.contains(&words) || matches!(number, Some(Ok(1..)))
}

/// The error such words stand for.
pub(super) fn refused(words: &str) -> io::Error {
    match words {
        "absent" => io::ErrorKind::NotFound.into(),
        "denied" => io::ErrorKind::PermissionDenied.into(),
        "no regular file" => io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"),
        "not held" => io::ErrorKind::Unsupported.into(),
        "ended" => io::ErrorKind::UnexpectedEof.into(),
        "malformed" => super::no_release(),
        other => match other.strip_prefix("errno ").map(str::parse) {
            Some(Ok(number)) => io::Error::from_raw_os_error(number),
            _ => io::Error::other(other.to_owned()),
        },
    }
}

fn told<T: Clone>(result: &io::Result<T>) -> Answer<T> {
    match result {
        Ok(value) => Ok(value.clone()),
        Err(error) => Err(refusal(error)),
    }
}

impl Host for Recorder<'_> {
    fn conflicts(&self) -> Vec<Conflict> {
        self.inner.conflicts()
    }

    fn read(&self, path: &str, limit: usize) -> io::Result<Vec<u8>> {
        let result = self.inner.read(path, limit);
        let answer = told(&result).map(|bytes| {
            let cut = bytes.len() >= limit;
            (bytes, cut)
        });
        let reads = &mut self.record.borrow_mut().reads;
        let longer = match (reads.get(path), &answer) {
            (Some(Ok((old, _))), Ok((new, _))) => new.len() > old.len(),
            (Some(_), Err(_)) => false,
            _ => true,
        };
        if longer {
            reads.insert(path.to_owned(), answer);
        }
        result
    }

    fn byte(&self, path: &str, at: u64) -> io::Result<u8> {
        let result = self.inner.byte(path, at);
        let bytes = &mut self.record.borrow_mut().bytes;
        let of_file = bytes.entry(path.to_owned()).or_default();
        of_file.insert(at, told(&result));
        result
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        let result = self.inner.list(path);
        let lists = &mut self.record.borrow_mut().lists;
        lists.insert(path.to_owned(), told(&result));
        result
    }

    fn stat(&self, path: &str) -> io::Result<(Kind, u64)> {
        let result = self.inner.stat(path);
        let stats = &mut self.record.borrow_mut().stats;
        stats.insert(path.to_owned(), told(&result));
        result
    }

    fn link(&self, path: &str) -> io::Result<String> {
        let result = self.inner.link(path);
        let links = &mut self.record.borrow_mut().links;
        links.insert(path.to_owned(), told(&result));
        result
    }

    fn uname(&self) -> io::Result<Uname> {
        let result = self.inner.uname();
        self.record.borrow_mut().uname = Some(told(&result));
        result
    }

    fn is_live(&self) -> bool {
        self.inner.is_live()
    }

    fn origin(&self, path: &str) -> Option<String> {
        self.inner.origin(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Memory;

    #[test]
    fn errors_are_the_same_again() {
        let raw = |number| io::Error::from_raw_os_error(number);
        for error in [
            raw(libc::ENOENT),
            raw(libc::EACCES),
            raw(libc::EIO),
            raw(libc::ENOTDIR),
            io::ErrorKind::Unsupported.into(),
            io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"),
            io::ErrorKind::UnexpectedEof.into(),
            crate::host::no_release(),
        ] {
            assert!(is_refusal(&refusal(&error)), "{error}");
            let again = refused(&refusal(&error));
            assert_eq!(again.kind(), error.kind());
            let number = |error: &io::Error| error.raw_os_error().filter(|n| *n == libc::EIO);
            assert_eq!(number(&again), number(&error));
        }
        for words in ["weather", "errno", "errno x", "errno -1", ""] {
            assert!(!is_refusal(words), "{words}");
        }
        assert!(is_refusal(&refusal(&io::Error::other("weather"))));
    }

    #[test]
    fn the_longest_answer_is_kept() {
        let host = Memory::new().with("/x", "abcdef");
        let recorder = Recorder::new(&host);
        for limit in [2, 6, 3] {
            recorder.read("/x", limit).unwrap();
        }
        let record = recorder.finish();
        assert_eq!(record.reads["/x"], Ok((b"abcdef".to_vec(), true)));
    }
}
