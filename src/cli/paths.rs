//! The inputs that paths on the command line mean: files, directories, patterns, `-`.

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::output::Terminal;
use bpf_doctor::fleet::{self, Bad, Input, Promise, promise_of};

type Inputs = Box<dyn Iterator<Item = Result<Input, Bad>>>;

/// The inputs, found one after the other while they are read. What is `avoid`, the file that
/// is going to be written, is none unless it was named: then it is read before. That is told,
/// unless little is to be said.
/// A path or pattern that means nothing is one fault among them.
pub fn inputs(paths: &[PathBuf], avoid: Option<&Path>, quiet: bool) -> Inputs {
    let real = avoid.and_then(|path| path.canonicalize().ok());
    let avoid = real.map(|real| Avoid { real, quiet });
    let mut all: Inputs = Box::new(std::iter::empty());
    for path in paths {
        all = Box::new(all.chain(of_path(path, avoid.clone())));
    }
    all
}

/// The file that is going to be written.
#[derive(Clone)]
struct Avoid {
    real: PathBuf,
    quiet: bool,
}

fn of_path(path: &Path, avoid: Option<Avoid>) -> Inputs {
    let name = path.display().to_string();
    if name == "-" {
        return Box::new(std::iter::once(Ok(Input {
            name: "standard input".to_owned(),
            promise: Promise::Reports,
            size: None,
            open: Box::new(|| Ok(Box::new(io::stdin()))),
        })));
    }
    // Files may have names that look like patterns.
    if path.symlink_metadata().is_err() && name.contains(['*', '?', '[']) {
        let one = |reason: &str| -> Inputs {
            Box::new(std::iter::once(Err(bad(Path::new(&name), reason))))
        };
        // Any depth: directories come with what is in them, so that no file comes twice.
        let is_deep = name.contains("**");
        let pattern = match name.ends_with("**") {
            true => format!("{name}/*"),
            false => name.clone(),
        };
        let options = glob::MatchOptions {
            // What begins with a dot is hidden, as in a directory and for a shell.
            require_literal_leading_dot: true,
            ..glob::MatchOptions::new()
        };
        let Ok(found) = glob::glob_with(&pattern, options) else {
            return one("it is no pattern");
        };
        let found = found.filter(move |path| match path {
            Ok(path) => !(is_deep && path.is_dir()),
            Err(_) => true,
        });
        let mut found = found.peekable();
        if found.peek().is_none() {
            return one("nothing is called that");
        }
        return Box::new(found.flat_map(move |path| match path {
            Ok(path) => walk(&path, avoid.clone(), Found::ByPattern),
            Err(error) => {
                let reason = error.error().to_string();
                Box::new(std::iter::once(Err(bad(error.path(), &reason))))
            }
        }));
    }
    walk(path, avoid, Found::ByName)
}

/// How a path came to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// It was named.
    ByName,
    /// A pattern has it.
    ByPattern,
}

/// The file, or the files below the directory. Links are followed, and loops of them told; a
/// directory that several ways lead to is read once.
fn walk(path: &Path, avoid: Option<Avoid>, found: Found) -> Inputs {
    let walk = WalkDir::new(path).follow_links(true).sort_by_file_name();
    let hidden = |entry: &DirEntry| {
        entry.depth() > 0 && entry.file_name().as_encoded_bytes().starts_with(b".")
    };
    let mut seen: HashSet<(u64, u64)> = HashSet::new();
    let mut is_new = move |entry: &DirEntry| {
        let found = entry.metadata().ok().filter(std::fs::Metadata::is_dir);
        found.is_none_or(|found| seen.insert((found.dev(), found.ino())))
    };
    let mut entries = walk.into_iter().filter_entry(move |entry| {
        !hidden(entry) && (!entry.file_type().is_dir() || is_new(entry))
    });
    // A record of a host is told in a line, and not file by file.
    let entries = std::iter::from_fn(move || {
        let entry = entries.next()?;
        let record = entry.as_ref().ok().and_then(record_at);
        if record.is_some() {
            entries.skip_current_dir();
        }
        Some((entry, record))
    });
    Box::new(entries.filter_map(move |(entry, record)| match entry {
        Ok(entry) => match record {
            Some(what) => Some(Err(bad(entry.path(), what))),
            None => input(&entry, avoid.as_ref(), found).map(Ok),
        },
        Err(error) => {
            let reason = match error.loop_ancestor() {
                Some(_) => "a link leads back to a directory above it".to_owned(),
                None => match error.io_error() {
                    Some(error) => format!("can't read it: {error}"),
                    None => "can't read it".to_owned(),
                },
            };
            Some(Err(bad(error.path().unwrap_or(Path::new("?")), &reason)))
        }
    }))
}

/// What a directory is that holds the record of a host, from which a report can be made.
fn record_at(entry: &DirEntry) -> Option<&'static str> {
    if !entry.file_type().is_dir() {
        return None;
    }
    let mut commands = fleet::COMMANDS.iter();
    if commands.any(|name| entry.path().join(name).is_dir()) {
        return Some(fleet::SOSREPORT);
    }
    let (manifest, begin) = fleet::MANIFEST;
    let path = entry.path().join(manifest);
    // A pipe of that name would wait for ever.
    let file = path
        .is_file()
        .then(|| OpenOptions::new().read(true).open(path))?
        .ok()?;
    let mut head = Vec::new();
    let length = begin.len() as u64;
    file.take(length).read_to_end(&mut head).ok()?;
    (head == begin).then_some(fleet::BUNDLE)
}

/// Whether a file is the one at this place, which has no links in it.
pub fn is_at(path: &Path, real: &Path) -> bool {
    path.canonicalize().is_ok_and(|path| path == real)
}

fn input(entry: &DirEntry, avoid: Option<&Avoid>, found: Found) -> Option<Input> {
    let named = entry.depth() == 0;
    let kind = entry.file_type();
    if kind.is_dir() {
        return None;
    }
    let path = entry.path().to_owned();
    // What nobody named and is no file has no end, or waits for ever: it is passed over.
    let is_wanted = kind.is_file() || (named && found == Found::ByName);
    if !is_wanted {
        return Some(Input {
            name: path.display().to_string(),
            promise: Promise::Nothing,
            size: Some(1),
            // Nothing that looks like a report.
            open: Box::new(|| Ok(Box::new(&b"\0"[..]))),
        });
    }
    let promise = match named {
        true => Promise::Reports,
        false => promise_of(&entry.file_name().to_string_lossy()),
    };
    let output = avoid.filter(|avoid| is_at(&path, &avoid.real));
    if let Some(output) = output
        && !(named && found == Found::ByName)
    {
        if promise == Promise::Reports && !output.quiet {
            Terminal::warn(&format!(
                "{}: it is what will be written, so it is not read; name it to have it read before",
                path.display()
            ));
        }
        return None;
    }
    let size = entry.metadata().ok().filter(|_| kind.is_file());
    let size = size.map(|found| found.len());
    Some(Input {
        name: path.display().to_string(),
        promise,
        size,
        open: Box::new(move || open(&path, size)),
    })
}

/// Opens a file, and reads no more than it had: one that grows has no end.
fn open(path: &Path, size: Option<u64>) -> io::Result<Box<dyn Read + Send>> {
    let file = OpenOptions::new().read(true).open(path)?;
    Ok(match size {
        Some(size) => Box::new(file.take(size)),
        None => Box::new(file),
    })
}

fn bad(path: &Path, reason: &str) -> Bad {
    Bad {
        source: path.display().to_string(),
        line: 0,
        item: None,
        reason: reason.to_owned(),
    }
}
