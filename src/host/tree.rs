//! A tree of files in memory, as an archive holds it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::archive::LIMITS;
use super::seen::Dated;
use super::{Host, Kind, Uname, links};

/// What a path of a [`Tree`] holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// A file whose bytes were kept.
    Bytes(Vec<u8>),
    /// The beginning of a file of this size.
    Begin(Vec<u8>, u64),
    /// A file of this size, whose bytes nobody was expected to ask for.
    Size(u64),
    /// A symbolic link.
    Link(String),
    /// Another name of the file at this path.
    Same(String),
    /// A directory.
    Directory,
    /// The device that hides a file.
    Hidden,
    /// Another device, a fifo.
    Other,
}

/// A host whose files were read from an archive. Links lead nowhere but into the tree.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    /// By absolute path; the root is the empty text.
    nodes: BTreeMap<String, Node>,
    /// When files were written, as far as somebody may ask.
    times: BTreeMap<String, u64>,
    /// Paths of which there is more than one member that is no directory.
    twice: BTreeSet<String>,
}

impl Tree {
    /// Puts a node at the place these names lead to, with the directories above it.
    pub(super) fn put(&mut self, parts: &[String], node: Node) {
        let path = joined(parts);
        // Upwards, since most of the way is there after the first member of a directory.
        let above = path.match_indices('/').map(|(at, _)| at);
        for end in above.rev() {
            let directory = path.get(..end).unwrap_or_default();
            if self.nodes.contains_key(directory) {
                break;
            }
            self.nodes.insert(directory.to_owned(), Node::Directory);
        }
        // A directory that is told of again stays what it is.
        let is_new = !self.nodes.contains_key(&path);
        if is_new || (!parts.is_empty() && node != Node::Directory) {
            if !is_new {
                self.twice.insert(path.clone());
            }
            self.nodes.insert(path, node);
        }
    }

    /// Notes when the file at this path was written.
    pub(super) fn date(&mut self, path: &str, seconds: u64) {
        self.times.insert(path.to_owned(), seconds);
    }

    /// Paths of which there is more than one member that is no directory.
    pub(super) fn twice(&self) -> BTreeSet<String> {
        self.twice.clone()
    }

    /// The tree below a directory, as a tree of its own.
    pub(super) fn below(self, directory: &str) -> Self {
        let prefix = directory.trim_end_matches('/');
        let inside = |path: &str| -> Option<String> {
            let rest = path.strip_prefix(prefix)?;
            (rest.is_empty() || rest.starts_with('/')).then(|| rest.to_owned())
        };
        let times = self.times.iter();
        let times = times.filter_map(|(path, time)| Some((inside(path)?, *time)));
        let times = times.collect();
        let twice = self.twice.iter().filter_map(|path| inside(path)).collect();
        let nodes = self.nodes.into_iter().filter_map(|(path, node)| {
            let node = match node {
                // By its name in the archive, which has the directory in it.
                Node::Same(target) => Node::Same(inside(&target)?),
                node => node,
            };
            Some((inside(&path)?, node))
        });
        Self {
            nodes: nodes.collect(),
            times,
            twice,
        }
    }

    /// The one directory that holds everything, if there is one; files beside it, such as its
    /// checksum, do not count.
    pub(super) fn only_directory(&self) -> Option<String> {
        let names = self.list("/").ok()?.into_iter();
        let mut directories = names
            .map(|name| format!("/{name}"))
            .filter(|path| self.nodes.get(path) == Some(&Node::Directory));
        let path = directories.next()?;
        directories.next().is_none().then_some(path)
    }

    /// A member that is neither a file nor a directory.
    pub(super) fn odd_member(&self) -> Option<&str> {
        let odd = |node: &Node| {
            matches!(
                node,
                Node::Link(_) | Node::Same(_) | Node::Hidden | Node::Other
            )
        };
        let mut nodes = self.nodes.iter();
        nodes
            .find(|(_, node)| odd(node))
            .map(|(path, _)| path.as_str())
    }

    /// The link that leads what is read at this path out of the archive, and its text: a link on
    /// the way that climbs out of the root, or another name of a member that the archive has not.
    /// One to a path that is not there leads to nothing, as it does in a directory.
    fn way_out(&self, path: &str) -> Option<(String, String)> {
        let out = RefCell::new(None);
        let link_at = |parts: &[String]| {
            let place = joined(parts);
            let (target, is_gone) = match self.nodes.get(&place) {
                Some(Node::Link(target)) => (target, false),
                Some(Node::Same(target)) => (target, self.find(target, true).is_err()),
                Some(_) => return Ok(None),
                None => return Err(io::ErrorKind::NotFound.into()),
            };
            if is_gone || links::climbs(parts, target) {
                out.borrow_mut()
                    .get_or_insert_with(|| (place, target.clone()));
            }
            Ok(Some(target.clone()))
        };
        // That nothing is there is why it is asked.
        let _missing = links::resolve(path, true, link_at);
        out.into_inner()
    }

    /// What a path leads to; where nothing is there, perhaps which link led out.
    fn found(&self, path: &str) -> io::Result<(String, &Node)> {
        self.find(path, true)
            .map_err(|error| match self.way_out(path) {
                Some((place, target)) => super::led_out(place, target),
                None => error,
            })
    }

    fn find(&self, path: &str, follow: bool) -> io::Result<(String, &Node)> {
        let path = &links::of_first_process(path, |place| self.nodes.contains_key(place));
        let parts = links::resolve(path, follow, |parts| match self.nodes.get(&joined(parts)) {
            Some(Node::Link(target) | Node::Same(target)) => Ok(Some(target.clone())),
            Some(_) => Ok(None),
            None => Err(io::ErrorKind::NotFound.into()),
        })?;
        let path = joined(&parts);
        match self.nodes.get(&path) {
            Some(node) => Ok((path, node)),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

impl Dated for Tree {
    fn modified(&self, path: &str) -> Option<u64> {
        self.times.get(path).copied()
    }
}

fn joined(parts: &[String]) -> String {
    let length = parts.iter().map(|part| part.len() + 1).sum();
    let mut path = String::with_capacity(length);
    for part in parts {
        path.push('/');
        path.push_str(part);
    }
    path
}

impl Host for Tree {
    fn read(&self, path: &str, limit: usize) -> io::Result<Vec<u8>> {
        match self.found(path)?.1 {
            Node::Bytes(bytes) => Ok(bytes.iter().copied().take(limit).collect()),
            Node::Begin(bytes, _) if limit <= bytes.len() => {
                Ok(bytes.iter().copied().take(limit).collect())
            }
            // Others were not kept because nobody was expected to ask.
            Node::Size(size) | Node::Begin(_, size) if *size > LIMITS.member => {
                Err(io::Error::from_raw_os_error(libc::EFBIG))
            }
            Node::Size(_) | Node::Begin(..) => Err(io::ErrorKind::Unsupported.into()),
            Node::Hidden => Err(super::hidden()),
            _ => Err(super::no_file()),
        }
    }

    fn byte(&self, path: &str, at: u64) -> io::Result<u8> {
        match self.find(path, true)?.1 {
            Node::Bytes(bytes) => {
                let byte = usize::try_from(at).ok().and_then(|at| bytes.get(at));
                byte.copied()
                    .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
            }
            Node::Begin(bytes, size) => {
                let byte = usize::try_from(at).ok().and_then(|at| bytes.get(at));
                let error = match at < *size {
                    true => io::ErrorKind::Unsupported,
                    false => io::ErrorKind::UnexpectedEof,
                };
                byte.copied().ok_or_else(|| error.into())
            }
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        let (path, node) = self.find(path, true)?;
        if *node != Node::Directory {
            return Err(io::Error::from_raw_os_error(libc::ENOTDIR));
        }
        let prefix = path + "/";
        let inside = self.nodes.range(prefix.clone()..);
        let inside = inside.map_while(|(path, _)| path.strip_prefix(prefix.as_str()));
        let first = |rest| str::split(rest, '/').next().unwrap_or_default();
        let names: BTreeSet<&str> = inside.map(first).collect();
        Ok(names.into_iter().map(str::to_owned).collect())
    }

    fn stat(&self, path: &str) -> io::Result<(Kind, u64)> {
        Ok(match self.found(path)?.1 {
            Node::Bytes(bytes) => (Kind::File, bytes.len() as u64),
            Node::Size(size) | Node::Begin(_, size) => (Kind::File, *size),
            Node::Directory => (Kind::Directory, 0),
            Node::Link(_) | Node::Same(_) | Node::Hidden | Node::Other => (Kind::Other, 0),
        })
    }

    fn link(&self, path: &str) -> io::Result<String> {
        match self.find(path, false)?.1 {
            Node::Link(target) => Ok(target.clone()),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    fn uname(&self) -> io::Result<Uname> {
        super::uname_of_proc(self)
    }

    fn is_live(&self) -> bool {
        false
    }

    fn origin(&self, path: &str) -> Option<String> {
        let place = links::of_first_process(path, |place| self.nodes.contains_key(place));
        (place != path).then(|| place.into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::LedOut;

    fn tree(nodes: &[(&str, Node)]) -> Tree {
        let mut tree = Tree::default();
        for (path, node) in nodes {
            let parts: Vec<String> = path.split('/').map(str::to_owned).collect();
            tree.put(&parts, node.clone());
        }
        tree
    }

    #[test]
    fn links_are_followed_inside_and_never_out() {
        let tree = tree(&[
            ("usr/lib/os-release", Node::Bytes(b"ID=x\n".to_vec())),
            (
                "etc/os-release",
                Node::Link("../usr/lib/os-release".to_owned()),
            ),
            ("etc/climber", Node::Link("../../../etc/passwd".to_owned())),
            ("etc/absolute", Node::Link("/usr/lib".to_owned())),
            ("loop", Node::Link("loop".to_owned())),
            ("dev/null", Node::Other),
            ("etc/outside", Node::Link("/srv/x".to_owned())),
            ("etc/relative", Node::Link("gone".to_owned())),
            ("etc/hidden", Node::Link("/dev/null".to_owned())),
            ("etc/itself", Node::Link("/etc/itself".to_owned())),
            ("etc/same", Node::Same("/gone".to_owned())),
            ("up", Node::Link("../..".to_owned())),
            ("lib", Node::Link("/srv/lib".to_owned())),
        ]);
        for (path, out) in [
            ("/etc/climber", Some("/etc/climber")),
            ("/etc/same", Some("/etc/same")),
            ("/up/x", Some("/up")),
            // What was not packed, be it behind a link of a directory.
            ("/etc/outside", None),
            ("/etc/relative", None),
            ("/lib/x", None),
            ("/etc/gone", None),
            ("/etc/hidden", None),
        ] {
            let error = tree.read(path, 9).unwrap_err();
            let led = error.get_ref().and_then(|inner| inner.downcast_ref());
            let led = led.map(|LedOut(link, _)| link.as_str());
            assert_eq!(led, out, "{path}");
        }
        assert_eq!(tree.read("/etc/os-release", 9).unwrap(), b"ID=x\n");
        assert_eq!(tree.read("/etc/absolute/os-release", 2).unwrap(), b"ID");
        assert_eq!(
            tree.list("/").unwrap(),
            ["dev", "etc", "lib", "loop", "up", "usr"]
        );
        assert_eq!(tree.list("/etc/absolute").unwrap(), ["os-release"]);
        assert_eq!(tree.link("/etc/absolute").unwrap(), "/usr/lib");
        for (path, kind) in [
            ("/etc/climber", io::ErrorKind::NotFound),
            ("/dev/null", io::ErrorKind::InvalidInput),
            ("/usr", io::ErrorKind::InvalidInput),
        ] {
            assert_eq!(tree.read(path, 9).unwrap_err().kind(), kind, "{path}");
        }
        for path in ["/loop", "/etc/itself"] {
            let circle = tree.read(path, 9).unwrap_err();
            assert_eq!(circle.raw_os_error(), Some(libc::ELOOP), "{path}");
        }
    }

    #[test]
    fn a_directory_above_all_can_be_taken_off() {
        let same = Node::Same("/top/etc/x".to_owned());
        let tree = tree(&[
            ("top/etc/x", Node::Size(3)),
            ("top/y", Node::Directory),
            ("top/z", same),
        ]);
        let top = tree.only_directory().unwrap();
        let below = tree.below(&top);
        assert_eq!(below.stat("/z").unwrap(), (Kind::File, 3));
        assert_eq!(below.stat("/etc/x").unwrap(), (Kind::File, 3));
        assert_eq!(below.list("/").unwrap(), ["etc", "y", "z"]);
        assert_eq!(below.only_directory(), None);
    }
}
