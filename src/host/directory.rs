//! A directory that holds a root file system: a mounted image, a container's view of its
//! host, a fixture.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::live::{kind_of, list_directory, read_byte, read_file};
use super::seen::Dated;
use super::{Host, Kind, Uname, links};

/// What the upper layer of an overlay has in the place of a file that was removed.
const WHITEOUT: (u32, u32) = (0, 0);

/// A host whose files lie below a directory. Links are followed as the host itself would
/// follow them, and never lead out of the directory.
#[derive(Debug, Clone)]
pub struct Directory {
    root: PathBuf,
}

/// Whose /proc a directory has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proc {
    /// Nobody's: files that were copied there, or none.
    Files,
    /// The running kernel's; that it is of this system is denied by nothing.
    Kernels,
    /// The running kernel's, whose first process has another root: a rescue system's, bound there
    /// to change into the directory.
    Others,
}

impl Directory {
    /// The host below `root`.
    ///
    /// # Errors
    /// If `root` is no directory that can be entered.
    pub fn open(root: &Path) -> io::Result<Self> {
        let root = fs::canonicalize(root)?;
        list_directory(&root)?;
        Ok(Self { root })
    }

    /// The name of the one directory in it, if there is one; files beside it do not count.
    pub(super) fn only_directory(&self) -> Option<String> {
        let names = list_directory(&self.root).ok()?.into_iter();
        let mut directories = names.filter(|name| {
            #[expect(clippy::disallowed_methods, reason = "this is the trait's own door")]
            let meta = fs::symlink_metadata(self.root.join(name));
            meta.is_ok_and(|meta| meta.is_dir())
        });
        let name = directories.next()?;
        directories.next().is_none().then_some(name)
    }

    /// The place of `path` in the real file system, every link on the way resolved below
    /// the root; the last component's link is followed if `follow` says so.
    fn resolve(&self, path: &str, follow: bool) -> io::Result<PathBuf> {
        let parts = links::resolve(path, follow, |parts| {
            let place = self.below(parts);
            #[expect(clippy::disallowed_methods, reason = "this is the trait's own door")]
            if !fs::symlink_metadata(&place)?.is_symlink() {
                return Ok(None);
            }
            #[expect(clippy::disallowed_methods, reason = "this is the trait's own door")]
            let target = fs::read_link(&place)?;
            Ok(Some(target.to_string_lossy().into_owned()))
        })?;
        Ok(self.below(&parts))
    }

    /// How many of the directories below may not be listed, how many of the files that `asked`
    /// names may not be read, and the first of all these; of very many directories, only so many
    /// are looked at.
    pub(super) fn refused(&self, asked: &dyn Fn(&str) -> bool) -> (usize, usize, Option<String>) {
        const MOST: usize = 20_000;
        let (mut count, mut files, mut first) = (0, 0, None);
        let mut waiting = vec![self.root.clone()];
        let mut looked_at = 0;
        while let Some(place) = waiting.pop() {
            #[expect(clippy::disallowed_methods, reason = "this is the trait's own door")]
            let entries = match fs::read_dir(&place) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    let inner = place.strip_prefix(&self.root).unwrap_or(&place);
                    let name = inner.to_string_lossy().into_owned();
                    count += 1;
                    first = first.into_iter().chain([name]).min();
                    continue;
                }
                Err(_) => continue,
            };
            // Links are not followed, so there is no way round.
            for entry in entries.flatten() {
                let Ok(kind) = entry.file_type() else {
                    continue;
                };
                let path = entry.path();
                if kind.is_dir() {
                    looked_at += 1;
                    if looked_at < MOST {
                        waiting.push(path);
                    }
                    continue;
                }
                let inner = path.strip_prefix(&self.root).unwrap_or(&path);
                let name = inner.to_string_lossy().into_owned();
                let may_read = || {
                    let access = nix::unistd::eaccess(&path, nix::unistd::AccessFlags::R_OK);
                    access != Err(nix::errno::Errno::EACCES)
                };
                if kind.is_file() && asked(&name) && !may_read() {
                    files += 1;
                    first = first.into_iter().chain([name]).min();
                }
            }
        }
        (count, files, first)
    }

    fn of_first_process<'a>(&self, path: &'a str) -> std::borrow::Cow<'a, str> {
        links::of_first_process(path, |place| {
            let place = self.root.join(place.trim_start_matches('/'));
            #[expect(clippy::disallowed_methods, reason = "this is the trait's own door")]
            let meta = fs::symlink_metadata(place);
            meta.is_ok()
        })
    }

    /// The place of a file to read. What is none is not even opened: that does something to some
    /// devices.
    fn file(&self, path: &str) -> io::Result<PathBuf> {
        let place = self.resolve(&self.of_first_process(path), true)?;
        #[expect(clippy::disallowed_methods, reason = "this is the trait's own door")]
        let meta = fs::symlink_metadata(&place)?;
        let device = meta.rdev();
        let numbers = (libc::major(device), libc::minor(device));
        let hides = [super::NULL, WHITEOUT].contains(&numbers);
        match meta.is_file() {
            true => Ok(place),
            false if meta.file_type().is_char_device() && hides => Err(super::hidden()),
            false => Err(super::no_file()),
        }
    }

    /// Whether /proc in it is a file system of the kernel that runs here, and no copy of files.
    fn has_kernels_own_proc(&self) -> bool {
        let place = self.root.join("proc");
        nix::sys::statfs::statfs(&place)
            .is_ok_and(|found| found.filesystem_type() == nix::sys::statfs::PROC_SUPER_MAGIC)
    }

    /// Whose /proc is in it.
    pub(super) fn proc(&self) -> Proc {
        if !self.has_kernels_own_proc() {
            return Proc::Files;
        }
        #[expect(clippy::disallowed_methods, reason = "this is the trait's own door")]
        let roots = [self.root.clone(), self.root.join("proc/1/root")].map(fs::metadata);
        let [own, of_first] = roots.map(|meta| Some((meta.as_ref().ok()?.dev(), meta.ok()?.ino())));
        match of_first {
            Some(_) if of_first != own => Proc::Others,
            _ => Proc::Kernels,
        }
    }

    fn below(&self, parts: &[String]) -> PathBuf {
        parts
            .iter()
            .fold(self.root.clone(), |path, part| path.join(part))
    }
}

impl Dated for Directory {
    fn modified(&self, path: &str) -> Option<u64> {
        let place = self.resolve(path, true).ok()?;
        #[expect(clippy::disallowed_methods, reason = "this is the trait's own door")]
        let meta = fs::symlink_metadata(place).ok()?;
        u64::try_from(meta.mtime()).ok()
    }
}

impl Host for Directory {
    fn read(&self, path: &str, limit: usize) -> io::Result<Vec<u8>> {
        read_file(&self.file(path)?, limit)
    }

    fn byte(&self, path: &str, at: u64) -> io::Result<u8> {
        read_byte(&self.file(path)?, at)
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        list_directory(&self.resolve(&self.of_first_process(path), true)?)
    }

    fn stat(&self, path: &str) -> io::Result<(Kind, u64)> {
        #[expect(clippy::disallowed_methods, reason = "this is the trait's own door")]
        let meta = fs::symlink_metadata(self.resolve(&self.of_first_process(path), true)?)?;
        Ok((kind_of(&meta), meta.len()))
    }

    fn link(&self, path: &str) -> io::Result<String> {
        #[expect(clippy::disallowed_methods, reason = "this is the trait's own door")]
        let target = fs::read_link(self.resolve(&self.of_first_process(path), false)?)?;
        Ok(target.to_string_lossy().into_owned())
    }

    fn uname(&self) -> io::Result<Uname> {
        let mut uname = super::uname_of_proc(self)?;
        // The kernel shows whoever reads it the name of his own UTS namespace (`proc_do_uts_string`
        // in kernel/utsname_sysctl.c), in whose directory ever it is mounted: a pod's own name.
        if self.has_kernels_own_proc() {
            uname.nodename.clear();
        }
        Ok(uname)
    }

    fn is_live(&self) -> bool {
        false
    }

    fn origin(&self, path: &str) -> Option<String> {
        let place = self.of_first_process(path);
        (place != path).then(|| place.into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn host() -> (tempfile::TempDir, Directory) {
        let outside = tempfile::tempdir().unwrap();
        let root = outside.path().join("root");
        fs::create_dir_all(root.join("etc")).unwrap();
        fs::write(outside.path().join("secret"), "outside").unwrap();
        fs::write(root.join("etc/os-release"), "ID=test\n").unwrap();
        symlink("/etc", root.join("absolute")).unwrap();
        symlink("../../../../secret", root.join("etc/climber")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        let host = Directory::open(&root).unwrap();
        (outside, host)
    }

    #[test]
    fn links_are_followed_inside_and_never_out() {
        let (_guard, host) = host();
        let text = host.read("/absolute/os-release", 100).unwrap();
        assert_eq!(text, b"ID=test\n");
        let climbed = host.read("/etc/climber", 100).unwrap_err();
        assert_eq!(climbed.kind(), io::ErrorKind::NotFound);
        let dots = host.read("/../../secret", 100).unwrap_err();
        assert_eq!(dots.kind(), io::ErrorKind::NotFound);
        let circle = host.read("/loop", 100).unwrap_err();
        assert_eq!(circle.raw_os_error(), Some(libc::ELOOP));
        assert_eq!(host.link("/absolute").unwrap(), "/etc");
    }

    #[test]
    fn a_fifo_in_the_place_of_a_file_is_refused() {
        let (guard, host) = host();
        let path = guard.path().join("root/fifo");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let error = host.read("/fifo", 100).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn a_socket_in_the_place_of_a_file_is_refused_as_such() {
        let (guard, host) = host();
        let path = guard.path().join("root/socket");
        let _listens = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let error = host.read("/socket", 100).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(error.raw_os_error(), None);
    }

    #[test]
    fn the_readers_own_name_is_not_the_hosts() {
        let own = Directory::open(Path::new("/")).unwrap().uname().unwrap();
        assert_eq!(own.nodename, "");
        assert!(!own.release.is_empty());
        // A copy of files shows the name it was made with.
        let (guard, host) = host();
        let proc = guard.path().join("root/proc/sys/kernel");
        fs::create_dir_all(&proc).unwrap();
        fs::write(proc.join("osrelease"), "6.1.0\n").unwrap();
        fs::write(proc.join("hostname"), "web-17\n").unwrap();
        assert_eq!(host.uname().unwrap().nodename, "web-17");
    }

    #[test]
    fn reads_are_bounded() {
        let (_guard, host) = host();
        assert_eq!(host.read("/etc/os-release", 2).unwrap(), b"ID");
    }
}
