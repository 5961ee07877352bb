//! A cgroup of the probes' own, below the one the doctor runs in.

use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl;
use nix::fcntl::OFlag;
use nix::sys::signal;
use nix::sys::stat::Mode;
use nix::unistd;
use nix::unistd::Pid;

use super::super::guardian::Guardian;
use super::own_pid;
use crate::facts::Cgroup as Found;
use crate::facts::Nearby;

/// How the names of the doctor's cgroups begin; its process id follows.
const PREFIX: &str = "bpf-doctor.";

/// How long a killed process may take to leave its cgroup, which can't be removed before.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where programs can be attached to cgroups on this host.
#[derive(Debug)]
pub(in super::super) enum Ground {
    /// A cgroup of version 2 for the probes alone.
    Own(Cgroup),
    /// Only version 1 is there: a directory of it, and its path.
    Version1(OwnedFd, String),
}

/// A cgroup that this process is in until it drops it.
#[derive(Debug)]
pub(in super::super) struct Cgroup {
    directory: OwnedFd,
    path: PathBuf,
    /// The cgroup this process came from.
    parent: PathBuf,
    /// Dropped last: then nothing is left for it to do.
    _guardian: Guardian,
}

impl Cgroup {
    /// The directory, as bpf(2) takes it.
    pub(in super::super) fn fd(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        if enter(&self.parent).is_ok() {
            remove(&self.path, Duration::from_millis(500));
        }
    }
}

/// Makes a cgroup and moves this process into it.
pub(super) fn ground(nearby: &Nearby) -> Result<Ground, String> {
    let parent = match nearby.cgroup() {
        Found::Own(path) => PathBuf::from(path),
        Found::Version1(path) => {
            let directory = open(Path::new(&path))
                .map_err(|errno| format!("{path} could not be opened: {errno:?}"))?;
            return Ok(Ground::Version1(directory, path));
        }
        Found::Unusable(reason) => return Err(reason),
    };
    sweep(&parent);
    let path = parent.join(format!("{PREFIX}{}", own_pid()));
    let guardian = Guardian::new(|| remove(&path, PATIENCE))
        .map_err(|code| format!("no process could be made to watch over a cgroup: {code}"))?;
    let shown = parent.display();
    unistd::mkdir(&path, Mode::from_bits_truncate(0o755)).map_err(|errno| match errno {
        Errno::EROFS => format!("{shown} is mounted read-only: no cgroup of its own can be made"),
        Errno::EACCES | Errno::EPERM => {
            format!("{shown} may not be written: no cgroup of its own can be made")
        }
        errno => format!("no cgroup of its own could be made in {shown}: {errno:?}"),
    })?;
    let directory = open(&path).map_err(|errno| format!("its cgroup can't be opened: {errno:?}"));
    let cgroup = Cgroup {
        directory: directory?,
        path,
        parent,
        _guardian: guardian,
    };
    enter(&cgroup.path).map_err(|errno| {
        format!("this process could not move into a cgroup of its own: {errno:?}")
    })?;
    Ok(Ground::Own(cgroup))
}

/// The directory of the cgroup of version 2 that this process is in.
pub(super) fn present(nearby: &Nearby) -> Result<OwnedFd, String> {
    match nearby.cgroup() {
        Found::Own(path) => {
            open(Path::new(&path)).map_err(|errno| format!("{path} could not be opened: {errno:?}"))
        }
        Found::Version1(_) => Err("no cgroup hierarchy of version 2 is mounted".to_owned()),
        Found::Unusable(reason) => Err(reason),
    }
}

/// Moves this process into a cgroup.
fn enter(directory: &Path) -> Result<(), Errno> {
    let processes = fcntl::open(
        &directory.join("cgroup.procs"),
        OFlag::O_WRONLY | OFlag::O_CLOEXEC,
        Mode::empty(),
    )?;
    unistd::write(&processes, b"0").map(drop)
}

/// Removes what doctors left behind whose guardians were killed, too.
fn sweep(parent: &Path) {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let Ok(mut names) = Dir::open(parent, flags, Mode::empty()) else {
        return;
    };
    // An error does not end what this gives, and would come again for ever.
    for entry in names.iter().map_while(Result::ok) {
        let name = entry.file_name().to_string_lossy();
        let pid = name.strip_prefix(PREFIX).and_then(|pid| pid.parse().ok());
        if pid.is_some_and(|pid| !is_alive(pid)) {
            // One that still has a process, be it of another pid namespace, is refused.
            remove(&parent.join(&*name), Duration::ZERO);
        }
    }
}

fn open(directory: &Path) -> Result<OwnedFd, Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    fcntl::open(directory, flags, Mode::empty())
}

/// Removes the directory of a cgroup as soon as its last process is gone.
fn remove(directory: &Path, patience: Duration) {
    let until = Instant::now() + patience;
    let mut pause = Duration::from_micros(200);
    while unistd::unlinkat(fcntl::AT_FDCWD, directory, unistd::UnlinkatFlags::RemoveDir)
        == Err(Errno::EBUSY)
        && Instant::now() < until
    {
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// Whether a process of this number is there.
fn is_alive(pid: i32) -> bool {
    signal::kill(Pid::from_raw(pid), None) != Err(Errno::ESRCH)
}
