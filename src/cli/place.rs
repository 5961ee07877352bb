//! A file that is there whole or not at all: whoever reads it while it is written, such as
//! a collector of metrics, reads the older one.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Seek, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use anyhow::Context;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, FcntlArg, OFlag, fcntl};
use nix::unistd::linkat;

/// Where a document will be.
#[derive(Debug)]
pub struct Place {
    path: PathBuf,
    kind: Kind,
    readers: Readers,
}

/// Who may read a file that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Whom the mask of the process lets, and of an older file who could read that.
    AsUsual,
    /// Its owner.
    Owner,
}

impl Readers {
    /// The mode of a file that is made, before the mask of the process.
    fn mode(self) -> u32 {
        match self {
            Self::AsUsual => 0o666,
            Self::Owner => 0o600,
        }
    }
}

#[derive(Debug)]
enum Kind {
    /// Nothing is there yet, or a file, which is replaced by another in its folder.
    File(Option<Metadata>),
    /// A pipe, a terminal, or a file in a folder that takes no other: it is written to.
    Stream(File),
    /// Standard output.
    Output,
}

/// How often a name for the new file is tried that turns out to be taken.
const TRIES: u32 = 16;

impl Place {
    /// Sees that a document can be written there, before the work for it begins. Nothing is
    /// created or changed yet. `-` is standard output.
    pub fn open(path: &Path, readers: Readers) -> anyhow::Result<Self> {
        let place = |path: &Path, kind| Self {
            path: path.to_owned(),
            kind,
            readers,
        };
        if path.as_os_str() == "-" {
            return Ok(place(Path::new("standard output"), Kind::Output));
        }
        let refused = || format!("can't write {}", path.display());
        let access = nix::unistd::AccessFlags::W_OK | nix::unistd::AccessFlags::X_OK;
        let admits =
            |path: &Path| -> io::Result<()> { Ok(nix::unistd::eaccess(folder(path)?, access)?) };
        // A pipe that nobody reads is an error here, and not a reason to wait.
        let mut options = OpenOptions::new();
        let options = options.write(true).custom_flags(OFlag::O_NONBLOCK.bits());
        match options.open(path) {
            Ok(file) => {
                let flags = FcntlArg::F_SETFL(OFlag::empty());
                fcntl(&file, flags)
                    .map_err(io::Error::from)
                    .with_context(refused)?;
                let meta = file.metadata().with_context(refused)?;
                // Links are followed: what they lead to is replaced, not they. A name of an
                // open file is none to replace.
                let is_open = ["/dev", "/proc"]
                    .iter()
                    .any(|place| path.starts_with(place));
                let real = fs::canonicalize(path).ok();
                let real = real.filter(|real| meta.is_file() && !is_open && admits(real).is_ok());
                Ok(match real {
                    Some(path) => place(&path, Kind::File(Some(meta))),
                    None => place(path, Kind::Stream(file)),
                })
            }
            // But for a link to nowhere.
            Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => {
                admits(path).with_context(refused)?;
                Ok(place(path, Kind::File(None)))
            }
            Err(error) if error.raw_os_error() == Some(nix::errno::Errno::ENXIO as i32) => {
                anyhow::bail!("can't write {}: nobody reads this pipe", path.display())
            }
            Err(error) => Err(error).with_context(refused),
        }
    }

    /// Whether a person would get the bytes before their eyes.
    pub fn is_terminal(&self) -> bool {
        match &self.kind {
            Kind::File(_) => false,
            Kind::Stream(file) => file.is_terminal(),
            Kind::Output => io::stdout().is_terminal(),
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
            Kind::Output => buffered(&mut io::stdout().lock(), write),
            Kind::File(older) => replace(&self.path, older.as_ref(), self.readers, write),
        }
    }
}

fn buffered(
    file: &mut impl Write,
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

/// Writes a new file, which gets a name beside the older one when it is whole, and then gives it
/// that one's name, owner and mode.
fn replace(
    path: &Path,
    older: Option<&Metadata>,
    readers: Readers,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let (mut file, mut beside) = create(path, readers)?;
    let written = older
        .map_or(Ok(()), |older| like(&file, older, readers))
        .and_then(|()| buffered(&mut file, write));
    let written = written.and_then(|()| match &beside {
        Some(_) => Ok(()),
        None => name_beside(&mut file, path, readers).map(|named| beside = Some(named)),
    });
    let Some(beside) = beside else {
        // What has no name goes with its descriptor.
        return written;
    };
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

/// A new file in the same folder: without a name, so that it is gone with the process however
/// that ends; with one, where the file system has no such files.
fn create(path: &Path, readers: Readers) -> io::Result<(File, Option<PathBuf>)> {
    let mut options = OpenOptions::new();
    let options = options
        .read(true)
        .write(true)
        .mode(readers.mode())
        .custom_flags(OFlag::O_TMPFILE.bits());
    match options.open(folder(path)?) {
        Ok(file) => Ok((file, None)),
        Err(_) => create_beside(path, readers).map(|(file, name)| (file, Some(name))),
    }
}

/// Gives a file without a name one beside where it is to be.
fn name_beside(file: &mut File, path: &Path, readers: Readers) -> io::Result<PathBuf> {
    let own = format!("/proc/self/fd/{}", file.as_raw_fd());
    for tries in 0..=TRIES {
        let beside = folder(path)?.join(beside(path, tries)?);
        let flags = AtFlags::AT_SYMLINK_FOLLOW;
        match linkat(AT_FDCWD, own.as_str(), AT_FDCWD, &beside, flags) {
            Ok(()) => return Ok(beside),
            Err(Errno::EEXIST) => {}
            Err(_) => break,
        }
    }
    // Without /proc there is no way to it but through its content.
    let (mut named, beside) = create_beside(path, readers)?;
    file.rewind()?;
    io::copy(file, &mut named).map(|_| beside)
}

fn fill_from(new: &mut File, path: &Path) -> io::Result<()> {
    new.rewind()?;
    let mut file = OpenOptions::new().write(true).truncate(true).open(path)?;
    io::copy(new, &mut file).map(|_| ())
}

/// The name of the file that is to become `path`. It begins with a dot and has the name of the
/// program as its ending, so that nobody who collects files by their endings takes it for one.
fn beside(path: &Path, tries: u32) -> io::Result<String> {
    let name = path.file_name().ok_or(ErrorKind::IsADirectory)?;
    let name: String = name.to_string_lossy().chars().take(60).collect();
    Ok(format!(".{name}.{}-{tries}.bpf-doctor", std::process::id()))
}

/// A new file in the same folder, with a name.
fn create_beside(path: &Path, readers: Readers) -> io::Result<(File, PathBuf)> {
    let mut tries = 0;
    loop {
        let beside = folder(path)?.join(beside(path, tries)?);
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create_new(true);
        let options = options.mode(readers.mode());
        match options.open(&beside) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && tries < TRIES => tries += 1,
            opened => return opened.map(|file| (file, beside)),
        }
    }
}

/// Who may read the older file may read the newer one.
fn like(file: &File, older: &Metadata, readers: Readers) -> io::Result<()> {
    let mine = file.metadata()?;
    if (mine.uid(), mine.gid()) != (older.uid(), older.gid()) {
        // Only root may give files away; the mode holds for whoever owns it.
        let _kept = fchown(file, Some(older.uid()), Some(older.gid()));
    }
    let mode = match readers {
        Readers::AsUsual => older.mode() & 0o777,
        Readers::Owner => 0o600,
    };
    file.set_permissions(Permissions::from_mode(mode))
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
        Place::open(&link, Readers::AsUsual)
            .unwrap()
            .fill(|out| out.write_all(b"newer"))
            .unwrap();
        assert_eq!(io::read_to_string(&mut reader).unwrap(), "older");
        assert_eq!(fs::read_to_string(&path).unwrap(), "newer");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
        assert_eq!(names(scratch.path()), ["link", "x.prom"]);
    }

    #[test]
    fn what_is_half_written_has_no_name() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("x");
        fs::write(&path, "older").unwrap();
        let mut place = Place::open(&path, Readers::AsUsual).unwrap();
        let folder = scratch.path().to_owned();
        place
            .fill(|out| {
                out.write_all(&[b'x'; 100_000])?;
                assert_eq!(names(&folder), ["x"]);
                Ok(())
            })
            .unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), 100_000);
        let failed = place.fill(|out| out.write_all(b"y").and(Err(ErrorKind::Other.into())));
        assert!(failed.is_err());
        assert_eq!(fs::metadata(&path).unwrap().len(), 100_000);
        assert_eq!(names(scratch.path()), ["x"]);
    }

    #[test]
    fn a_file_without_a_name_gets_one_that_is_free() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("x");
        let taken = scratch.path().join(beside(&path, 0).unwrap());
        fs::write(&taken, "taken").unwrap();
        let (mut file, name) = create(&path, Readers::AsUsual).unwrap();
        file.write_all(b"new").unwrap();
        if name.is_none() {
            let named = name_beside(&mut file, &path, Readers::AsUsual).unwrap();
            assert_eq!(fs::read_to_string(named).unwrap(), "new");
        }
        assert_eq!(fs::read_to_string(taken).unwrap(), "taken");
    }

    #[test]
    fn nothing_is_there_before_there_is_something_to_write() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("new");
        let mut place = Place::open(&path, Readers::AsUsual).unwrap();
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
            assert!(Place::open(path, Readers::AsUsual).is_err(), "{path:?}");
        }
        assert!(Place::open(&link, Readers::AsUsual).is_err());
        assert!(Place::open(scratch.path(), Readers::AsUsual).is_err());
        assert_eq!(names(scratch.path()), ["link"]);
    }

    #[test]
    fn what_is_for_its_owner_alone_is_so_from_the_first_byte() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("x");
        fs::write(&path, "older").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        for _ in 0..2 {
            let mut place = Place::open(&path, Readers::Owner).unwrap();
            place.fill(|out| out.write_all(b"secret")).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn a_pipe_is_written_to_if_somebody_reads_it() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("pipe");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let refused = Place::open(&path, Readers::Owner).unwrap_err();
        assert!(refused.to_string().ends_with("nobody reads this pipe"));
        let mut options = OpenOptions::new();
        let options = options.read(true).custom_flags(OFlag::O_NONBLOCK.bits());
        let mut reader = options.open(&path).unwrap();
        let mut place = Place::open(&path, Readers::Owner).unwrap();
        place.fill(|out| out.write_all(b"x")).unwrap();
        drop(place);
        assert_eq!(io::read_to_string(&mut reader).unwrap(), "x");
    }

    #[test]
    fn what_is_no_file_is_written_to() {
        let mut place = Place::open(Path::new("/dev/null"), Readers::AsUsual).unwrap();
        place.fill(|out| out.write_all(b"x")).unwrap();
        assert!(matches!(place.kind, Kind::Stream(_)));
    }
}
