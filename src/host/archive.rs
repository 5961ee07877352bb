//! Archives of files: tar, also packed with gzip or xz, read from front to back, and once more
//! where links lead to what was passed over.
//!
//! Archives come from strangers. Nothing is unpacked to disk; what is kept in memory, how
//! much is unpacked on the way and how many members there may be are limited.

use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::io::{self, Read};

use tar::EntryType;

use super::aliases::{Aliases, Links, Target};
use super::members::{Members, shown};
use super::packed::Buffered;
use super::tree::{Node, Tree};
use super::wanted::{Wish, is_top};

/// How much of an archive is looked at before it counts as hostile.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Bytes it may unpack to: more than sosreport leaves of a big host by its own limits.
    pub(super) unpacked: u64,
    /// To how many times its size it may unpack. Logs of many like lines reach some 50.
    pub(super) ratio: u64,
    /// Below these bytes the ratio says nothing: one file of zeros makes any ratio.
    pub(super) ratio_from: u64,
    /// Members, of which a sosreport has some ten thousand and a host a million.
    pub(super) members: usize,
    /// Members of which is kept that they are there.
    pub(super) nodes: usize,
    /// Bytes of a member that are kept; the largest that facts ask for is BTF, with modules' some 10 MiB.
    pub(super) member: u64,
    /// Bytes that are kept of a larger one, and of one whose beginning tells all.
    pub(super) begin: u64,
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
    ratio_from: 256 << 20,
    members: 2_000_000,
    nodes: 200_000,
    member: 32 << 20,
    begin: 1 << 20,
    kept: 128 << 20,
    name: 8 << 10,
    xz_memory: 80 << 10,
};

/// What is wrong with an archive, in words that continue its name and a colon.
pub(super) type Problem = String;

/// The members of an archive that `wanted` wishes for, be it by their own names or by links that
/// lead to them; and the one directory that holds everything, unless it is one of a host.
///
/// `open` opens the archive from its beginning; that is done again where links ask for more.
pub(super) fn read<R: Read>(
    open: &dyn Fn() -> io::Result<R>,
    limits: Limits,
    wanted: &dyn Fn(&str) -> Wish,
) -> Result<Tree, Problem> {
    let opened = || open().map_err(|error| error.to_string());
    let first = pass(opened()?, limits, wanted)?;
    let top = first.tree.only_directory();
    let top = top.filter(|top| !is_top(top.trim_start_matches('/')));
    let top = top.unwrap_or_default();
    let links = first.links_below(&top);
    let aliases = Aliases::of(&links, wanted);
    let lesser = |path: &str| first.lesser.contains(&hash(&format!("{top}{path}")));
    let tree = match aliases.lead_to(&lesser) {
        false => first.tree,
        true => {
            let wanted = |path: &str| match path.strip_prefix(top.as_str()) {
                Some(inner) => aliases.wish(inner, wanted).max(wanted(path)),
                None => wanted(path),
            };
            pass(opened()?, limits, &wanted)?.tree
        }
    };
    Ok(match top.is_empty() {
        true => tree,
        false => tree.below(&top),
    })
}

/// What one reading of an archive brings.
struct Pass {
    tree: Tree,
    /// All links, whether anybody asks for them or not, by their paths.
    links: Links,
    /// Hashes of the paths of what was not kept whole, and of the directories above.
    lesser: HashSet<u64>,
}

impl Pass {
    /// The links below a directory, as they are called there.
    fn links_below(&self, top: &str) -> Links {
        let inside = |path: &str| {
            let rest = path.strip_prefix(top)?;
            rest.starts_with('/').then(|| rest.to_owned())
        };
        let links = self.links.iter().filter_map(|(path, target)| {
            let target = match target {
                Target::Hard(path) => Target::Hard(inside(path)?),
                Target::Symbolic(text) => Target::Symbolic(text.clone()),
            };
            Some((inside(path)?, target))
        });
        links.collect()
    }

    /// Notes of a member that was not kept whole.
    fn lessen(&mut self, path: &str) {
        let ends = path.match_indices('/').map(|(at, _)| at);
        for end in ends.chain([path.len()]).rev() {
            let place = path.get(..end).unwrap_or_default();
            if !self.lesser.insert(hash(place)) {
                break;
            }
        }
    }
}

fn hash(path: &str) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

fn pass(packed: impl Read, limits: Limits, wanted: &dyn Fn(&str) -> Wish) -> Result<Pass, Problem> {
    let mut buffered = Buffered::new(packed);
    let is_packed = buffered.is_packed();
    let mut members = Members::new(buffered.plain(limits)?, limits);
    let found = kept(&mut members, limits, wanted)?;
    members.finish()?;
    // What packs an archive proves that it is whole; without, its own end mark does, of which
    // some programs write one block of two.
    if members.is_open() && !is_packed {
        return Err("it is cut short: the mark at the end of an archive is missing".to_owned());
    }
    Ok(found)
}

/// The members that somebody wishes for.
fn kept<R: Read>(
    members: &mut Members<R>,
    limits: Limits,
    wanted: &dyn Fn(&str) -> Wish,
) -> Result<Pass, Problem> {
    let mut found = Pass {
        tree: Tree::default(),
        links: Links::new(),
        lesser: HashSet::new(),
    };
    let (mut nodes, mut kept) = (0, 0);
    while let Some(member) = members.next()? {
        let name = &member.name;
        let parts = safe_parts(name)?;
        let path = format!("/{}", parts.join("/"));
        // The member it is the same as, by its name in the archive.
        let link = match member.kind {
            EntryType::Symlink => Some(Target::Symbolic(member.target.clone())),
            EntryType::Link => {
                let parts = safe_parts(&member.target)?;
                Some(Target::Hard(format!("/{}", parts.join("/"))))
            }
            _ => None,
        };
        if let Some(link) = &link
            && found.links.len() < limits.nodes
        {
            found.links.insert(path.clone(), link.clone());
        }
        let wish = wanted(&path);
        if wish == Wish::Nothing {
            found.lessen(&path);
            continue;
        }
        nodes += 1;
        if nodes > limits.nodes {
            return Err(format!(
                "it has more than {} members to keep; {NEXT}",
                limits.nodes
            ));
        }
        let node = match (member.kind, link) {
            (_, Some(Target::Symbolic(target))) => Node::Link(target),
            (_, Some(Target::Hard(path))) => Node::Same(path),
            (EntryType::Directory, _) => Node::Directory,
            (EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse, _) => {
                let size = member.size;
                let most = match wish {
                    Wish::Bytes if size <= limits.member => size,
                    Wish::Bytes | Wish::Begin => size.min(limits.begin),
                    Wish::Presence | Wish::Nothing => 0,
                };
                // Holes take no bytes of an archive, and memory here.
                kept += most;
                if kept > limits.kept {
                    return Err(format!(
                        "the files to read in it have more than {} MiB, up to `{}`; {NEXT}",
                        limits.kept >> 20,
                        shown(name)
                    ));
                }
                let bytes = members.bytes(&member, most)?;
                if wish != Wish::Bytes {
                    found.lessen(&path);
                }
                match most {
                    _ if most == size => Node::Bytes(bytes),
                    0 => Node::Size(size),
                    _ => Node::Begin(bytes, size),
                }
            }
            (EntryType::Char, _) if member.device == Some(super::NULL) => Node::Hidden,
            _ => Node::Other,
        };
        if matches!(node, Node::Bytes(_))
            && (path.ends_with("_-a")
                || path.ends_with("version.txt")
                || path.ends_with("basic-environment.txt"))
            && let Some(time) = member.written
        {
            found.tree.date(&path, time);
        }
        found.tree.put(&parts, node);
    }
    Ok(found)
}

/// What somebody can do whose archive is larger than archives from strangers may be.
pub(super) const NEXT: &str = "unpack it, and name the directory";

/// The names a member's path is made of. One that is absolute or climbs would lie outside
/// of where the archive is unpacked: nobody packs such a one in good faith.
fn safe_parts(name: &str) -> Result<Vec<String>, Problem> {
    // The root itself, as `tar cf x.tar /` has it: nothing leads out of there.
    if !name.is_empty() && name.chars().all(|c| c == '/') {
        return Ok(Vec::new());
    }
    if name.starts_with('/') || name.split('/').any(|part| part == "..") {
        return Err(format!("its member `{}` leads out of it", shown(name)));
    }
    let parts = name.split('/').filter(|part| !matches!(*part, "" | "."));
    Ok(parts.map(str::to_owned).collect())
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;
