//! A host from files that notes which of the files it was asked for are none, or can't be read:
//! facts pass on to another place, and nobody would know why.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::rc::Rc;

use super::files::{TOO_LARGE, unpacked};
use super::{Conflict, Hidden, Host, KERNEL_LOG, Kind, LedOut, Uname, in_a_line};

/// What was noticed so far: by path, in words that continue its name.
#[derive(Debug, Clone, Default)]
pub(super) struct Notices {
    told: Rc<RefCell<BTreeMap<String, String>>>,
    has_trouble: Rc<Cell<bool>>,
}

impl Notices {
    /// A sentence for each.
    pub(super) fn sentences(&self) -> Vec<String> {
        let notices = self.told.borrow();
        // What lies below a link that leads to itself is not there for the same reason.
        let is_below = |path: &str| {
            let mut ends = path.match_indices('/').map(|(end, _)| end);
            ends.any(|end| path.get(..end).is_some_and(|top| notices.contains_key(top)))
        };
        let told = notices
            .iter()
            .filter(|(path, _)| !is_below(path))
            .map(|(path, what)| format!("{path} {what}"));
        let mut told: Vec<String> = told.collect();
        if told.len() > MOST {
            let rest = told.len() - MOST;
            told.truncate(MOST);
            told.push(format!("{rest} more files are not what they should be"));
        }
        told
    }

    fn note(&self, path: &str, what: &str) {
        let mut notices = self.told.borrow_mut();
        notices.insert(path.to_owned(), what.to_owned());
    }

    /// Notes what has no business in the place of a file.
    fn note_trouble(&self, path: &str, what: &str) {
        self.has_trouble.set(true);
        self.note(path, what);
    }

    /// Whether something that is no file was in the place of one.
    pub(super) fn has_trouble(&self) -> bool {
        self.has_trouble.get()
    }
}

/// From so many bytes on, whoever asks for no more means the whole file.
const LONG: usize = 16 << 20;

/// So many are told one by one.
const MOST: usize = 8;

/// Passes questions on to a host, and notes what was odd in the answers.
#[derive(Debug)]
pub(super) struct Noticing<H> {
    inner: H,
    /// Paths of which an archive has more than one member.
    twice: BTreeSet<String>,
    notices: Notices,
}

impl<H: Host> Noticing<H> {
    pub(super) fn new(inner: H, twice: BTreeSet<String>) -> (Self, Notices) {
        let notices = Notices::default();
        let noticing = Self {
            inner,
            twice,
            notices: notices.clone(),
        };
        (noticing, notices)
    }

    pub(super) fn inner(&self) -> &H {
        &self.inner
    }

    fn is_longer(&self, path: &str, limit: usize) -> bool {
        let size = self.inner.stat(path).map(|(_, size)| size);
        size.is_ok_and(|size| size > limit as u64)
    }

    fn notice(&self, path: &str, error: &io::Error) {
        let is_loop = error.raw_os_error() == Some(libc::ELOOP);
        let kind = || self.inner.stat(path).ok().map(|(kind, _)| kind);
        let is_hidden = error.get_ref().is_some_and(|inner| inner.is::<Hidden>());
        let led_out = error.get_ref().and_then(|inner| inner.downcast_ref());
        if let Some(LedOut(link, target)) = led_out {
            let target = in_a_line(target, 80);
            let text =
                format!("is a link to `{target}`, out of the archive: nothing was read of it");
            self.notices.note_trouble(link, &text);
            return;
        }
        match error.kind() {
            // On a host that runs, this one is a device, and nobody expects a file.
            _ if path == KERNEL_LOG => {}
            _ if is_loop => self.notices.note(path, "is a link that leads to itself"),
            io::ErrorKind::InvalidInput if is_hidden => self.notices.note(
                path,
                "is hidden: a device that hides files is in its place, and it was not opened",
            ),
            io::ErrorKind::InvalidInput | io::ErrorKind::NotADirectory
                if kind() == Some(Kind::Other) =>
            {
                self.notices.note_trouble(
                    path,
                    "is no regular file but a fifo, a device or a socket: it was not opened",
                );
            }
            io::ErrorKind::InvalidInput if kind() == Some(Kind::Directory) => {
                self.notices.note_trouble(
                    path,
                    "is a directory where a regular file should be: nothing was read of it",
                );
            }
            io::ErrorKind::PermissionDenied => {
                self.notices.note(path, "can't be read: Permission denied");
            }
            _ if error.raw_os_error() == Some(libc::EFBIG) => {
                self.notices.note(
                    path,
                    "is too large to be what its name says: it was not read",
                );
            }
            _ if error.raw_os_error() == Some(libc::EIO) => {
                let text = format!("can't be read: {error}");
                self.notices.note(path, &text);
            }
            _ => {}
        }
    }
}

impl<H: Host> Host for Noticing<H> {
    fn read(&self, path: &str, limit: usize) -> io::Result<Vec<u8>> {
        let result = self.inner.read(path, limit);
        match &result {
            Ok(_) if self.twice.contains(path) => {
                let text = "is in the archive more than once: the last one was read";
                self.notices.note(path, text);
            }
            Ok(bytes) if bytes.is_empty() && is_never_empty(path) => {
                self.notices.note(path, "is empty");
            }
            Ok(bytes) if bytes.len() == limit && limit >= LONG && self.is_longer(path, limit) => {
                let text = format!("is longer than {} MiB: its beginning was read", limit >> 20);
                self.notices.note(path, &text);
            }
            Ok(bytes) if is_no_config(path, bytes) => {
                self.notices
                    .note(path, "is larger than any kernel config, so it is none");
            }
            Ok(_) => {}
            Err(error) => {
                self.notice(path, error);
                // In a file's place; directories are looked for in many places.
                if error.raw_os_error() == Some(libc::ELOOP) && path != KERNEL_LOG {
                    self.notices.has_trouble.set(true);
                }
            }
        }
        result
    }

    fn byte(&self, path: &str, at: u64) -> io::Result<u8> {
        self.inner.byte(path, at)
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        let result = self.inner.list(path);
        if let Err(error) = &result {
            self.notice(path, error);
        }
        result
    }

    fn stat(&self, path: &str) -> io::Result<(Kind, u64)> {
        let result = self.inner.stat(path);
        // What another file stands for is read no more.
        if let Err(error) = &result
            && path.starts_with("/proc/")
        {
            self.notice(path, error);
            if error.raw_os_error() == Some(libc::ELOOP) {
                self.notices.has_trouble.set(true);
            }
        }
        result
    }

    fn link(&self, path: &str) -> io::Result<String> {
        self.inner.link(path)
    }

    fn uname(&self) -> io::Result<Uname> {
        let uname = super::uname_of_proc(self);
        if let Err(error) = &uname
            && error.kind() == io::ErrorKind::InvalidData
        {
            self.notices
                .note("/proc/sys/kernel/osrelease", &error.to_string());
        }
        let mut uname = uname?;
        // What is read itself may know that the name is not the host's.
        uname.nodename = self.inner.uname()?.nodename;
        Ok(uname)
    }

    fn is_live(&self) -> bool {
        self.inner.is_live()
    }

    fn origin(&self, path: &str) -> Option<String> {
        self.inner.origin(path)
    }

    fn conflicts(&self) -> Vec<Conflict> {
        self.inner.conflicts()
    }
}

/// Whether the bytes of a config, unpacked, are more than any has.
fn is_no_config(path: &str, bytes: &[u8]) -> bool {
    const MOST: usize = 8 << 20;
    let name = path.rsplit('/').next().unwrap_or_default();
    name.starts_with("config") && unpacked(bytes, MOST) == Err(TOO_LARGE)
}

/// Whether a file of nothing is one whose content was lost.
fn is_never_empty(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.starts_with("config-")
        || matches!(
            path,
            "/proc/config.gz"
                | "/proc/cmdline"
                | "/proc/filesystems"
                | "/proc/self/mountinfo"
                | "/etc/os-release"
                | "/sos_commands/kernel/uname_-a"
                | "/sos_commands/kernel/sysctl_-a"
        )
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::host::Memory;

    #[test]
    fn a_name_that_is_not_the_hosts_stays_unsaid() {
        let root = crate::host::Directory::open(std::path::Path::new("/")).unwrap();
        let (host, _) = Noticing::new(root, BTreeSet::new());
        assert_eq!(host.uname().unwrap().nodename, "");
    }

    #[test]
    fn a_text_that_is_longer_than_what_is_read_is_told() {
        let path = "/sos_commands/kernel/sysctl_-a";
        for (more, told) in [(0, false), (1, true)] {
            let host = Memory::new().with(path, vec![b'\n'; LONG + more]);
            let (host, notices) = Noticing::new(host, BTreeSet::new());
            host.read(path, 9).unwrap();
            assert!(notices.sentences().is_empty());
            host.read(path, LONG).unwrap();
            let line = format!("{path} is longer than 16 MiB: its beginning was read");
            assert_eq!(notices.sentences().contains(&line), told);
        }
    }

    #[test]
    fn what_is_no_config_and_no_release_is_told() {
        let zeros = vec![0; (8 << 20) + 1];
        let mut packed = Vec::new();
        let mut encoder = flate2::read::GzEncoder::new(&zeros[..], flate2::Compression::fast());
        encoder.read_to_end(&mut packed).unwrap();
        let host = Memory::new()
            .with("/proc/config.gz", packed)
            .with("/boot/config-6.1", zeros)
            .with("/boot/config-6.2", "CONFIG_A=y\n")
            .with("/proc/sys/kernel/osrelease", "6.1.0\0\0\n");
        let (host, notices) = Noticing::new(host, BTreeSet::new());
        for path in ["/proc/config.gz", "/boot/config-6.1", "/boot/config-6.2"] {
            host.read(path, 9 << 20).unwrap();
        }
        assert!(host.uname().is_err());
        assert_eq!(
            notices.sentences(),
            [
                "/boot/config-6.1 is larger than any kernel config, so it is none",
                "/proc/config.gz is larger than any kernel config, so it is none",
                "/proc/sys/kernel/osrelease holds no release of a kernel",
            ]
        );
    }

    #[test]
    fn what_was_odd_is_told_for_files_that_were_asked_for() {
        let host = Memory::new()
            .with("/proc/cmdline", "")
            .with("/proc/1/environ", "")
            .with("/etc/os-release", "ID=x\n")
            .with("/etc/hostname", "x\n")
            .refusing("/boot/config-6.1", io::ErrorKind::PermissionDenied)
            .refusing("/etc/other", io::ErrorKind::PermissionDenied)
            .refusing("/boot/grub", io::ErrorKind::PermissionDenied)
            .refusing("/boot/grub/grub.cfg", io::ErrorKind::PermissionDenied);
        let twice = ["/etc/os-release", "/etc/hostname"].map(str::to_owned);
        let (host, notices) = Noticing::new(host, twice.into());
        assert!(notices.sentences().is_empty());
        let _ = host.list("/boot/grub");
        for path in [
            "/proc/cmdline",
            "/proc/1/environ",
            "/etc/os-release",
            "/boot/config-6.1",
            "/boot/grub/grub.cfg",
            "/nowhere",
        ] {
            let _ = host.read(path, 99);
        }
        assert_eq!(
            notices.sentences(),
            [
                "/boot/config-6.1 can't be read: Permission denied",
                "/boot/grub can't be read: Permission denied",
                "/etc/os-release is in the archive more than once: the last one was read",
                "/proc/cmdline is empty",
            ]
        );
    }
}
