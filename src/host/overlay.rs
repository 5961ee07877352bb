//! Files laid over a host: what stands elsewhere, or in another form, at the path where the
//! host itself would have it.

use std::collections::BTreeMap;
use std::io;

use super::named::{HOSTNAME, is_same_host};
use super::seen::Dated;
use super::{Conflict, Host, Kind, Uname};

/// A host with files laid over it. What neither has is not known to be absent: the source
/// may just not hold it.
#[derive(Debug, Default)]
pub(super) struct Overlay<H> {
    inner: H,
    /// By path: the bytes, and where they come from.
    files: BTreeMap<String, (Vec<u8>, String)>,
    /// Below these directories all there is was laid over; and which file told so.
    complete: BTreeMap<String, String>,
    uname: Option<Uname>,
    /// Which file tells what lies at these paths on a host that runs.
    told: BTreeMap<String, String>,
    conflicts: Vec<Conflict>,
    /// What lies at these paths is of something else than of what is asked for there.
    passed_over: &'static [&'static str],
}

/// Longest text, in bytes, that is compared where two files tell the same thing: settings and
/// releases are shorter, and a table is never quite the same twice.
const COMPARED: usize = 256;

impl<H: Host> Overlay<H> {
    pub(super) fn new(inner: H) -> Self {
        Self {
            inner,
            files: BTreeMap::new(),
            complete: BTreeMap::new(),
            uname: None,
            told: BTreeMap::new(),
            conflicts: Vec::new(),
            passed_over: &[],
        }
    }

    /// Has nothing at these paths, whatever the source holds there.
    pub(super) fn pass_over(&mut self, paths: &'static [&'static str]) {
        self.passed_over = paths;
    }

    /// What the source says of a path that is not passed over.
    fn asked<T>(&self, path: &str, ask: impl FnOnce(&H) -> io::Result<T>) -> io::Result<T> {
        match self.passed_over.contains(&path) {
            true => Err(io::ErrorKind::Unsupported.into()),
            false => ask(&self.inner),
        }
    }

    /// Lays a file over, unless there is one; one that tells something else is remembered.
    pub(super) fn put(&mut self, path: &str, bytes: impl Into<Vec<u8>>, origin: &str) {
        let bytes = bytes.into();
        if self.stat(path).is_err() {
            let file = (bytes, origin.to_owned());
            self.files.insert(path.to_owned(), file);
            return;
        }
        let (Some(here), Some(other)) = (
            self.read(path, COMPARED).ok(),
            bytes.get(..COMPARED.min(bytes.len())),
        ) else {
            return;
        };
        let plain = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().replace('\t', " ");
        let (here, other) = (plain(&here), plain(other));
        if here != other && here.len() < COMPARED && other.len() < COMPARED {
            self.differ(path, here, (other, origin.to_owned()));
        }
    }

    /// Notes that another file tells another thing of a path than what is read there.
    pub(super) fn differ(&mut self, path: &str, here: String, denied: (String, String)) {
        let place = self.origin(path).unwrap_or_else(|| path.to_owned());
        let mut told = (here, place);
        // A short name is the same as two long ones, which are not the same.
        if path == HOSTNAME && is_same_host(&told.0, &denied.0) {
            let mut longer = self
                .conflicts
                .iter()
                .map(|known| (&known.path, &known.denied));
            let other = longer.find(|(known, (name, _))| {
                *known == path && is_same_host(&told.0, name) && !is_same_host(name, &denied.0)
            });
            if let Some((_, longer)) = other {
                told = longer.clone();
            }
        }
        self.conflicts.push(Conflict {
            path: path.to_owned(),
            told,
            denied,
        });
    }

    /// What is not at or below this path is not there on the host, as `origin` proves.
    pub(super) fn complete(&mut self, path: &str, origin: &str) {
        self.complete.insert(path.to_owned(), origin.to_owned());
    }

    /// Takes a file away again; who told what was in it is known still.
    pub(super) fn take_away(&mut self, path: &str) {
        if let Some((_, origin)) = self.files.remove(path) {
            self.told.insert(path.to_owned(), origin);
        }
    }

    pub(super) fn set_uname(&mut self, uname: Uname) {
        self.uname = Some(uname);
    }

    fn file(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(|(bytes, _)| bytes.as_slice())
    }

    fn covering(&self, path: &str) -> Option<&str> {
        let mut complete = self.complete.iter();
        complete
            .find(|(top, _)| is_below(path, top))
            .map(|(_, origin)| origin.as_str())
    }

    /// Absence as the source can prove it.
    fn judged<T>(&self, path: &str, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::Unsupported => {
                match self.covering(path) {
                    Some(_) => io::ErrorKind::NotFound.into(),
                    None => io::ErrorKind::Unsupported.into(),
                }
            }
            _ => error,
        })
    }
}

impl<H: Dated> Dated for Overlay<H> {
    fn modified(&self, path: &str) -> Option<u64> {
        self.inner.modified(path)
    }
}

fn is_below(path: &str, top: &str) -> bool {
    let rest = path.strip_prefix(top);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl<H: Host> Host for Overlay<H> {
    fn read(&self, path: &str, limit: usize) -> io::Result<Vec<u8>> {
        match self.file(path) {
            Some(bytes) => Ok(bytes.iter().copied().take(limit).collect()),
            None => self.judged(path, self.asked(path, |inner| inner.read(path, limit))),
        }
    }

    fn byte(&self, path: &str, at: u64) -> io::Result<u8> {
        match self.file(path) {
            Some(bytes) => {
                let byte = usize::try_from(at).ok().and_then(|at| bytes.get(at));
                byte.copied()
                    .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
            }
            None => self.judged(path, self.asked(path, |inner| inner.byte(path, at))),
        }
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        // What was packed of these is a choice of files, and no list of what is there.
        let chosen = ["/usr", "/lib", "/lib64", "/bin", "/sbin"];
        if chosen.iter().any(|top| is_below(path, top)) && self.covering(path).is_none() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        self.judged(path, self.inner.list(path))
    }

    fn stat(&self, path: &str) -> io::Result<(Kind, u64)> {
        match self.file(path) {
            Some(bytes) => Ok((Kind::File, bytes.len() as u64)),
            None => self.judged(path, self.asked(path, |inner| inner.stat(path))),
        }
    }

    fn link(&self, path: &str) -> io::Result<String> {
        self.judged(path, self.asked(path, |inner| inner.link(path)))
    }

    fn uname(&self) -> io::Result<Uname> {
        match &self.uname {
            Some(uname) => Ok(uname.clone()),
            None => self.judged("", self.inner.uname()),
        }
    }

    fn is_live(&self) -> bool {
        false
    }

    fn origin(&self, path: &str) -> Option<String> {
        if let Some((_, origin)) = self.files.get(path) {
            return Some(origin.clone());
        }
        if self.asked(path, |inner| inner.stat(path)).is_ok() {
            return self.inner.origin(path);
        }
        let told = self.told.get(path).map(String::as_str);
        told.or_else(|| self.covering(path)).map(str::to_owned)
    }

    fn conflicts(&self) -> Vec<Conflict> {
        self.conflicts.clone()
    }
}

/// A host of which nothing is known.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Nothing;

fn nothing<T>() -> io::Result<T> {
    Err(io::ErrorKind::Unsupported.into())
}

impl Host for Nothing {
    fn read(&self, _path: &str, _limit: usize) -> io::Result<Vec<u8>> {
        nothing()
    }

    fn list(&self, _path: &str) -> io::Result<Vec<String>> {
        nothing()
    }

    fn stat(&self, _path: &str) -> io::Result<(Kind, u64)> {
        nothing()
    }

    fn link(&self, _path: &str) -> io::Result<String> {
        nothing()
    }

    fn uname(&self) -> io::Result<Uname> {
        nothing()
    }

    fn is_live(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Memory;

    #[test]
    fn two_long_names_of_a_short_one_are_two() {
        for (names, told) in [
            (
                &["a", "a.x", "a.y"][..],
                &[("a", "a.x"), ("a.x", "a.y")][..],
            ),
            (&["a.x", "a", "a.y"], &[("a.x", "a"), ("a.x", "a.y")]),
            (&["a", "a.x", "a.x.y"], &[("a", "a.x"), ("a", "a.x.y")]),
            (&["a", "a.x", "b"], &[("a", "a.x"), ("a", "b")]),
            (
                &["a", "a.x", "A.X", "a.y"],
                &[("a", "a.x"), ("a", "A.X"), ("a.x", "a.y")],
            ),
        ] {
            let mut host = Overlay::new(Memory::new());
            for name in names {
                host.put(HOSTNAME, format!("{name}\n"), name);
            }
            let conflicts = host.conflicts();
            let pairs: Vec<(&str, &str)> = conflicts
                .iter()
                .map(|conflict| (conflict.told.0.as_str(), conflict.denied.0.as_str()))
                .collect();
            assert_eq!(pairs, told, "{names:?}");
            // Each with the file it is from.
            let from = |(name, place): &(String, String)| name == place;
            assert!(
                conflicts
                    .iter()
                    .all(|one| from(&one.told) && from(&one.denied))
            );
        }
    }
}
