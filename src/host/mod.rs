//! Where bytes come from: everything the doctor may ask of a host.
//!
//! Facts read through [`Host`] and through nothing else, so that the running system, a
//! directory that holds a root file system, a sosreport, single files and a table in memory
//! are the same to them. This room knows paths and bytes, and where other hosts' files keep
//! them; it does not know what they mean for BPF.

mod aliases;
mod archive;
pub(crate) mod boot;
mod bundle;
mod directory;
mod files;
mod fragment;
mod holes;
mod kernels;
mod links;
mod listed;
mod live;
mod members;
mod memory;
mod named;
mod noticing;
mod open;
mod overlay;
mod packed;
mod recorder;
mod reduced;
mod rooted;
mod seen;
mod several;
mod sosreport;
mod stored;
mod supportconfig;
mod sysctl;
mod tree;
mod wanted;

use std::io;

use serde::{Deserialize, Serialize};

pub use bundle::{Bundle, Packed};
pub use directory::Directory;
pub(crate) use files::BY_HEADER;
pub(crate) use files::config_version;
pub use files::{CONFIG_ALONE, Files, Role, UnusableFile};
pub use fragment::{CONFIG_FRAGMENT, is_cut_off};
pub(crate) use listed::{DEBS, RPMS, listed};
pub use live::Live;
pub use memory::Memory;
pub(crate) use named::{OTHER_HOSTNAME, goes_on_from, is_same_host};
pub use open::{OpenError, Opened, open};
pub use recorder::{Record, Recorder};
pub use rooted::ANOTHER_RUNS;
pub(crate) use sosreport::MOUNT_OUTPUT;

/// What `uname(2)` says, or the files that say the same.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Uname {
    /// Kernel release, e.g. `6.1.0-47-cloud-amd64`.
    pub release: String,
    /// Kernel build line, e.g. `#1 SMP PREEMPT_DYNAMIC Debian 6.1.170-1 (2026-04-30)`.
    pub version: String,
    /// Machine, e.g. `x86_64`; empty where no file tells.
    pub machine: String,
    /// Host name.
    pub nodename: String,
}

/// Whether a path names something on the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A regular file (the files of /proc and /sys are regular, too).
    File,
    /// A directory.
    Directory,
    /// Anything else: device, fifo, socket.
    Other,
}

/// The numbers of /dev/null, which stands in the place of files that are hidden: systemd and
/// runtimes of containers put it there.
const NULL: (u32, u32) = (1, 3);

/// What is in a file's place in order to hide it.
#[derive(Debug, thiserror::Error)]
#[error("not a regular file")]
struct Hidden;

/// The error of reading what is hidden by a device in its place.
fn hidden() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, Hidden)
}

/// A link of an archive that leads out of it, and where to.
#[derive(Debug, thiserror::Error)]
#[error("{0} leads to {1}, which is not in the archive")]
struct LedOut(String, String);

/// The error of reading what a link leads out of an archive.
fn led_out(link: String, target: String) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, LedOut(link, target))
}

/// The error of reading what is no regular file.
fn no_file() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")
}

/// A host that can be read. Paths are absolute, as they are on the host itself.
pub trait Host {
    /// The first `limit` bytes of the regular file at `path`.
    ///
    /// # Errors
    /// The error of the system; [`io::ErrorKind::InvalidInput`] for what is no regular
    /// file, so that a fifo in the place of a file can't stop the doctor;
    /// [`io::ErrorKind::Unsupported`], here and below, for what this source holds nothing
    /// of, be it there on the host or not.
    fn read(&self, path: &str, limit: usize) -> io::Result<Vec<u8>>;

    /// The byte at place `at` of the regular file at `path`: of a large file, that is often
    /// all there is to know.
    ///
    /// # Errors
    /// As [`Host::read`]; [`io::ErrorKind::UnexpectedEof`] where the file ends before.
    fn byte(&self, path: &str, at: u64) -> io::Result<u8> {
        let at = usize::try_from(at).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let bytes = self.read(path, at.saturating_add(1))?;
        let byte = bytes.get(at).copied();
        byte.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Names in the directory at `path`, sorted.
    ///
    /// # Errors
    /// The error of the system.
    fn list(&self, path: &str) -> io::Result<Vec<String>>;

    /// Kind and size in bytes of what `path` leads to, links followed.
    ///
    /// # Errors
    /// The error of the system; [`io::ErrorKind::NotFound`] where there is nothing.
    fn stat(&self, path: &str) -> io::Result<(Kind, u64)>;

    /// The text a symbolic link holds.
    ///
    /// # Errors
    /// The error of the system; [`io::ErrorKind::InvalidInput`] for what is no link.
    fn link(&self, path: &str) -> io::Result<String>;

    /// Release, build line, machine and name of the host.
    ///
    /// # Errors
    /// The error of the system, or of the file that should have told.
    fn uname(&self) -> io::Result<Uname>;

    /// Whether this is the running system, so that its kernel can be asked by experiment.
    fn is_live(&self) -> bool;

    /// Where that which is read at `path` really comes from, where that is another place:
    /// the file of a sosreport that stands for it, a name given on the command line.
    fn origin(&self, _path: &str) -> Option<String> {
        None
    }

    /// What two files of this source tell differently of one path, in the order in which
    /// that was noticed.
    fn conflicts(&self) -> Vec<Conflict> {
        Vec::new()
    }
}

/// A path of which two files tell different things.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// The path on the host.
    pub path: String,
    /// What is read at it, and where that comes from.
    pub told: (String, String),
    /// What the other file says, and its name.
    pub denied: (String, String),
}

/// The kernel's log. On a running host it is a device, which nobody reads; a host from
/// files may have it as a regular file at this path, in the form of dmesg(1).
pub const KERNEL_LOG: &str = "/dev/kmsg";

/// The kernel's build line, which /proc/version has at its end, after the compiler.
fn build_line(line: impl Fn(&str) -> io::Result<String>) -> String {
    line("/proc/sys/kernel/version").unwrap_or_else(|_| {
        let whole = line("/proc/version").unwrap_or_default();
        let at = whole.find(" #").map(|at| at + 1);
        at.and_then(|at| whole.get(at..))
            .unwrap_or_default()
            .to_owned()
    })
}

/// What uname would say, from the files that say the same.
fn uname_of_proc(host: &dyn Host) -> io::Result<Uname> {
    let line = |path: &str| {
        let bytes = host.read(path, 4096)?;
        io::Result::Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    };
    let optional = |path: &str| line(path).unwrap_or_default();
    let release = line("/proc/sys/kernel/osrelease")?;
    if !is_release_of_uname(&release) {
        return Err(no_release());
    }
    Ok(Uname {
        release,
        version: build_line(line),
        machine: optional("/proc/sys/kernel/arch"),
        nodename: optional("/proc/sys/kernel/hostname"),
    })
}

/// Foreign text in a line, with so many characters at most.
fn in_a_line(text: &str, most: usize) -> String {
    let harmless = text.chars().filter(|c| !c.is_control());
    harmless.take(most).collect()
}

fn no_release() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "holds no release of a kernel")
}

/// Whether the kernel may call itself so: it has 64 bytes for it, and no blanks or slashes in it,
/// since modules lie in a directory of this name. An empty one is none yet.
fn is_release_of_uname(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_graphic() && c != '/';
    text.len() <= 64 && text.chars().all(fits)
}
