//! A host in memory, for tests of whatever reads hosts.

use std::collections::BTreeMap;
use std::io;

use super::{Host, Kind, Uname};

/// What a path of a [`Memory`] host holds.
#[derive(Debug, Clone)]
enum Entry {
    Bytes(Vec<u8>),
    Link(String),
    Refusal(io::ErrorKind),
}

/// A host that is a table of paths and bytes.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    entries: BTreeMap<String, Entry>,
    uname: Option<Uname>,
}

impl Memory {
    /// A host on which there is nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same host with a file at `path`.
    #[must_use]
    pub fn with(mut self, path: &str, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = Entry::Bytes(bytes.as_ref().to_vec());
        self.entries.insert(path.to_owned(), bytes);
        self
    }

    /// The same host with a symbolic link at `path` (absolute targets only).
    #[must_use]
    pub fn with_link(mut self, path: &str, target: &str) -> Self {
        let link = Entry::Link(target.to_owned());
        self.entries.insert(path.to_owned(), link);
        self
    }

    /// The same host where `path` is refused with an error of this kind.
    #[must_use]
    pub fn refusing(mut self, path: &str, kind: io::ErrorKind) -> Self {
        self.entries.insert(path.to_owned(), Entry::Refusal(kind));
        self
    }

    /// The same host with this answer to `uname`.
    #[must_use]
    pub fn with_uname(mut self, release: &str, version: &str, machine: &str) -> Self {
        self.uname = Some(Uname {
            release: release.to_owned(),
            version: version.to_owned(),
            machine: machine.to_owned(),
            nodename: "host".to_owned(),
        });
        self
    }

    fn find(&self, path: &str) -> io::Result<&[u8]> {
        match self.entries.get(path) {
            Some(Entry::Bytes(bytes)) => Ok(bytes),
            Some(Entry::Link(target)) if target != path => self.find(target),
            Some(Entry::Link(_)) => Err(io::ErrorKind::InvalidInput.into()),
            Some(Entry::Refusal(kind)) => Err((*kind).into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn below<'a>(&'a self, path: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let prefix = format!("{}/", path.trim_end_matches('/'));
        let keys = self.entries.keys().map(String::as_str);
        keys.filter_map(move |key| key.strip_prefix(prefix.as_str()))
    }
}

impl Host for Memory {
    fn read(&self, path: &str, limit: usize) -> io::Result<Vec<u8>> {
        let bytes = self.find(path)?;
        Ok(bytes.iter().copied().take(limit).collect())
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        if let Some(Entry::Refusal(kind)) = self.entries.get(path) {
            return Err((*kind).into());
        }
        let first = |rest: &str| rest.split('/').next().unwrap_or_default().to_owned();
        let names: std::collections::BTreeSet<String> = self.below(path).map(first).collect();
        if names.is_empty() {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(names.into_iter().collect())
    }

    fn stat(&self, path: &str) -> io::Result<(Kind, u64)> {
        match self.find(path) {
            Ok(bytes) => Ok((Kind::File, bytes.len() as u64)),
            Err(_) if self.below(path).next().is_some() => Ok((Kind::Directory, 0)),
            Err(error) => Err(error),
        }
    }

    fn link(&self, path: &str) -> io::Result<String> {
        match self.entries.get(path) {
            Some(Entry::Link(target)) => Ok(target.clone()),
            Some(Entry::Refusal(kind)) => Err((*kind).into()),
            Some(Entry::Bytes(_)) => Err(io::ErrorKind::InvalidInput.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn uname(&self) -> io::Result<Uname> {
        self.uname
            .clone()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn is_live(&self) -> bool {
        false
    }
}
