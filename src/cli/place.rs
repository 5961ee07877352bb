//! A file that is there whole or not at all: whoever reads it while it is written, such as
//! a collector of metrics, reads the older one.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, BufWriter, ErrorKind, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use anyhow::Context;

/// Where a document will be.
#[derive(Debug)]
pub struct Place {
    path: PathBuf,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Nothing is there yet, or a file, which is replaced by another in its folder.
    File(Option<Metadata>),
    /// A pipe, a terminal, or a file in a folder that takes no other: it is written to.
    Stream(File),
}

/// How often a name for the new file is tried that turns out to be taken.
const TRIES: u32 = 16;

impl Place {
    /// Sees that a document can be written there, before the work for it begins. Nothing is
    /// created or changed yet.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let refused = || format!("can't write {}", path.display());
        let access = nix::unistd::AccessFlags::W_OK | nix::unistd::AccessFlags::X_OK;
        let admits =
            |path: &Path| -> io::Result<()> { Ok(nix::unistd::eaccess(folder(path)?, access)?) };
        match OpenOptions::new().write(true).open(path) {
            Ok(file) => {
                let meta = file.metadata().with_context(refused)?;
                // Links are followed: what they lead to is replaced, not they. A name of an
                // open file is none to replace.
                let is_open = ["/dev", "/proc"]
                    .iter()
                    .any(|place| path.starts_with(place));
                let real = fs::canonicalize(path).ok();
                let real = real.filter(|real| meta.is_file() && !is_open && admits(real).is_ok());
                Ok(match real {
                    Some(path) => Self {
                        path,
                        kind: Kind::File(Some(meta)),
                    },
                    None => Self {
                        path: path.to_owned(),
                        kind: Kind::Stream(file),
                    },
                })
            }
            // But for a link to nowhere.
            Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => {
                admits(path).with_context(refused)?;
                let path = path.to_owned();
                let kind = Kind::File(None);
                Ok(Self { path, kind })
            }
            Err(error) => Err(error).with_context(refused),
        }
    }

    /// Its name for people.
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Puts the document there that `write` writes.
    pub fn fill(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        match &mut self.kind {
            Kind::Stream(file) => {
                // What is no file can't be cut.
                let _device = file.set_len(0);
                buffered(file, write)
            }
            Kind::File(older) => replace(&self.path, older.as_ref(), write),
        }
    }
}

fn buffered(
    file: &mut File,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    write(&mut out).and_then(|()| out.flush())
}

fn folder(path: &Path) -> io::Result<&Path> {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Ok(Path::new(".")),
        Some(folder) => Ok(folder),
        None => Err(ErrorKind::IsADirectory.into()),
    }
}

/// Writes a new file beside the older one and gives it that one's name, owner and mode.
fn replace(
    path: &Path,
    older: Option<&Metadata>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let (mut file, beside) = create_beside(path)?;
    let written = older
        .map_or(Ok(()), |older| like(&file, older))
        .and_then(|()| buffered(&mut file, write));
    let written = written.and_then(|()| match fs::rename(&beside, path) {
        // A file that is mounted by itself, as containers have them, can only be filled.
        Err(error) if error.kind() == ErrorKind::ResourceBusy => {
            fill_from(&mut file, path).and_then(|()| fs::remove_file(&beside))
        }
        other => other,
    });
    if written.is_err() {
        // The error that is told is the one that came first.
        let _gone = fs::remove_file(&beside);
    }
    written
}

fn fill_from(new: &mut File, path: &Path) -> io::Result<()> {
    new.rewind()?;
    let mut file = OpenOptions::new().write(true).truncate(true).open(path)?;
    io::copy(new, &mut file).map(|_| ())
}

/// A new file in the same folder. Its name begins with a dot and has the name of the program
/// as its ending, so that nobody who collects files by their endings takes it for one.
fn create_beside(path: &Path) -> io::Result<(File, PathBuf)> {
    let name = path.file_name().ok_or(ErrorKind::IsADirectory)?;
    let name: String = name.to_string_lossy().chars().take(60).collect();
    let mut tries = 0;
    loop {
        let new = format!(".{name}.{}-{tries}.bpf-doctor", std::process::id());
        let beside = folder(path)?.join(new);
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create_new(true).mode(0o666);
        match options.open(&beside) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && tries < TRIES => tries += 1,
            opened => return opened.map(|file| (file, beside)),
        }
    }
}

/// Who may read the older file may read the newer one.
fn like(file: &File, older: &Metadata) -> io::Result<()> {
    let mine = file.metadata()?;
    if (mine.uid(), mine.gid()) != (older.uid(), older.gid()) {
        // Only root may give files away; the mode holds for whoever owns it.
        let _kept = fchown(file, Some(older.uid()), Some(older.gid()));
    }
    file.set_permissions(Permissions::from_mode(older.mode() & 0o777))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests look at what was written")]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_reader_of_the_older_file_is_not_disturbed() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("x.prom");
        fs::write(&path, "older").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let mut reader = File::open(&path).unwrap();
        let link = scratch.path().join("link");
        std::os::unix::fs::symlink("x.prom", &link).unwrap();
        Place::open(&link)
            .unwrap()
            .fill(|out| out.write_all(b"newer"))
            .unwrap();
        assert_eq!(io::read_to_string(&mut reader).unwrap(), "older");
        assert_eq!(fs::read_to_string(&path).unwrap(), "newer");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
        assert_eq!(names(scratch.path()), ["link", "x.prom"]);
    }

    #[test]
    fn nothing_is_there_before_there_is_something_to_write() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("new");
        let mut place = Place::open(&path).unwrap();
        assert!(names(scratch.path()).is_empty());
        place.fill(|out| out.write_all(b"whole")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
        assert_eq!(names(scratch.path()), ["new"]);
    }

    #[test]
    fn places_that_take_nothing_are_known_at_once() {
        let scratch = tempfile::tempdir().unwrap();
        let link = scratch.path().join("link");
        std::os::unix::fs::symlink("nowhere/x", &link).unwrap();
        for path in ["/nowhere/x", "/", "/dev/null/x"].map(Path::new) {
            assert!(Place::open(path).is_err(), "{path:?}");
        }
        assert!(Place::open(&link).is_err());
        assert!(Place::open(scratch.path()).is_err());
        assert_eq!(names(scratch.path()), ["link"]);
    }

    #[test]
    fn what_is_no_file_is_written_to() {
        let mut place = Place::open(Path::new("/dev/null")).unwrap();
        place.fill(|out| out.write_all(b"x")).unwrap();
        assert!(matches!(place.kind, Kind::Stream(_)));
    }
}
