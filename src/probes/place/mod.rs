//! A place of the probes' own: a network namespace, a bpf file system in a mount namespace, and
//! a cgroup, made when the first probe asks for them, so that nothing of the host is touched and
//! all of it goes with the process.
//!
//! Once made, the process stays in them: the rows that ask for them stand last in the table.

mod cgroup;
mod netlink;

use std::ffi::CString;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::mount;
use nix::mount::MsFlags;
use nix::sched;
use nix::sched::CloneFlags;
use nix::unistd;

use super::bench::Trouble;
use super::errno::Code;
use super::filters;
use super::rights::Rights;
use crate::facts::Nearby;
use crate::facts::Presence;

pub(super) use cgroup::Ground;
pub(super) use netlink::Pair;
pub(super) use netlink::Route;

/// The loopback device; it has this index in every network namespace.
pub(super) const LOOPBACK: u32 = 1;

/// The setting by which new devices get no IPv6 address.
const DEVICES_WITHOUT_IPV6: &str = "/proc/sys/net/ipv6/conf/default/disable_ipv6";

/// Where a bpf file system can be mounted over what is there, in a mount namespace where nobody
/// else sees it: directories that one of all hosts has.
const MOUNT_POINTS: [&str; 3] = ["/sys/fs/bpf", "/run", "/tmp"];

/// Where tracefs is mounted by convention: a directory that a kernel with tracing has.
pub(super) const TRACEFS: &str = "/sys/kernel/tracing";

/// What the probes of one process have made for themselves so far; why not, where they could not.
#[derive(Debug, Default)]
pub(super) struct Place {
    nearby: Nearby,
    network: Option<Result<(), NoNetwork>>,
    bpffs: Option<Result<&'static str, String>>,
    tracefs: Option<Result<(), String>>,
    cgroup: Option<Result<Ground, String>>,
    pair: Option<Pair>,
}

impl Place {
    /// Moves this process into a network namespace of its own, where the loopback device is up
    /// and nothing else is.
    pub(super) fn network(&mut self) -> Result<(), Trouble> {
        let made = self.network.get_or_insert_with(own_network);
        made.clone().map_err(|cause| match cause {
            NoNetwork::NotMade(reason) | NoNetwork::Down(reason) => Trouble::Skipped(reason),
        })
    }

    /// Whether the network namespace this process is in is its own.
    pub(super) fn has_own_network(&self) -> bool {
        matches!(self.network, Some(Ok(())))
    }

    /// As [`Self::network`]; where none can be made, this process stays in the one it is in.
    pub(super) fn network_or_present(&mut self) -> Result<(), Trouble> {
        match self.network.get_or_insert_with(own_network) {
            Ok(()) | Err(NoNetwork::NotMade(_)) => Ok(()),
            Err(NoNetwork::Down(reason)) => Err(Trouble::Skipped(reason.clone())),
        }
    }

    /// A path of this name in a bpf file system of this process's own, of which no other process
    /// knows.
    pub(super) fn in_bpffs(&mut self, name: &str) -> Result<CString, Trouble> {
        let nearby = &self.nearby;
        let made = self.bpffs.get_or_insert_with(|| own_bpffs(nearby));
        let at = made.clone().map_err(Trouble::Skipped)?;
        Ok(CString::new(format!("{at}/{name}")).unwrap_or_default())
    }

    /// Mounts tracefs in a mount namespace of this process's own, for a host that has it nowhere.
    pub(super) fn tracefs(&mut self) -> Result<(), Trouble> {
        let nearby = &self.nearby;
        let made = self.tracefs.get_or_insert_with(|| own_tracefs(nearby));
        made.clone().map_err(|reason| {
            Trouble::Skipped(format!(
                "tracefs, which knows the events, is not mounted, and was not mounted for this \
                 process alone: {reason}"
            ))
        })
    }

    /// Whether the tracefs that is to be seen is this process's own.
    pub(super) fn has_own_tracefs(&self) -> bool {
        matches!(self.tracefs, Some(Ok(())))
    }

    /// Where programs can be attached to a cgroup: one of this process's own, which it is in from
    /// now on; or what there is instead.
    pub(super) fn cgroup(&mut self) -> Result<&Ground, Trouble> {
        let nearby = &self.nearby;
        let made = self.cgroup.get_or_insert_with(|| cgroup::ground(nearby));
        made.as_ref()
            .map_err(|reason| Trouble::Skipped(reason.clone()))
    }

    /// The cgroup this process is in, of version 2.
    pub(super) fn present_cgroup(&self) -> Result<OwnedFd, Trouble> {
        cgroup::present(&self.nearby).map_err(Trouble::Skipped)
    }

    /// Two network devices, joined, in a network namespace of their own, or what the kernel says
    /// to that; see [`Pair`].
    pub(super) fn pair(&mut self, kind: &str, option: &str) -> Result<Result<Pair, Code>, Trouble> {
        self.network()?;
        self.has_module(kind, option)?;
        if let Some(older) = self.pair.take() {
            older.remove();
        }
        let pair = Pair::create(kind);
        self.pair = pair.as_ref().ok().copied();
        Ok(pair)
    }

    /// Goes on only where the kernel loads no module when it is asked for this one.
    pub(super) fn has_module(&self, module: &str, option: &str) -> Result<(), Trouble> {
        match self.nearby.module(module, option) {
            Presence::Settled => Ok(()),
            Presence::NotLoaded => Err(Trouble::Skipped(format!(
                "module {module} is not loaded, and the doctor loads none"
            ))),
            Presence::Unknown => Err(Trouble::Skipped(format!(
                "whether the kernel would load module {module} for it could not be told, and the \
                 doctor loads none"
            ))),
        }
    }
}

/// Why there is no network namespace of the process's own that could be used.
#[derive(Debug, Clone)]
enum NoNetwork {
    /// The process is in the one it was in.
    NotMade(String),
    /// The process is in one of its own, where nothing can be sent.
    Down(String),
}

/// The network namespace this process is in.
pub(super) fn this_network() -> Result<OwnedFd, Errno> {
    nix::fcntl::open(
        "/proc/self/ns/net",
        nix::fcntl::OFlag::O_RDONLY | nix::fcntl::OFlag::O_CLOEXEC,
        nix::sys::stat::Mode::empty(),
    )
}

fn own_network() -> Result<(), NoNetwork> {
    sched::unshare(CloneFlags::CLONE_NEWNET).map_err(|errno| {
        NoNetwork::NotMade(match errno {
            Errno::EPERM => Rights::read().no_namespace("network"),
            // Without CONFIG_NET_NS.
            Errno::EINVAL => "this kernel has no network namespaces".to_owned(),
            // user.max_net_namespaces
            Errno::ENOSPC => "no more network namespaces are allowed".to_owned(),
            errno => format!("no network namespace could be made: {errno:?}"),
        })
    })?;
    without_ipv6();
    netlink::set_up(LOOPBACK).map_err(|code| {
        NoNetwork::Down(format!(
            "the loopback device of its own network namespace could not be brought up: {}",
            filters::told(code)
        ))
    })
}

/// Keeps IPv6 off the devices that are made in this network namespace from here on: no probe needs
/// it there, and the kernel logs of each such device that it has become ready (`addrconf_notify()`
/// in net/ipv6/addrconf.c).
fn without_ipv6() {
    let flags = nix::fcntl::OFlag::O_WRONLY | nix::fcntl::OFlag::O_CLOEXEC;
    // The files below /proc/sys/net are those of the namespace the process is in. Where there are
    // none, or they can't be written, nothing is lost but silence.
    if let Ok(file) = nix::fcntl::open(DEVICES_WITHOUT_IPV6, flags, nix::sys::stat::Mode::empty()) {
        let _loud = unistd::write(&file, b"1");
    }
}

fn own_bpffs(nearby: &Nearby) -> Result<&'static str, String> {
    // Asked for a file system it does not know, the kernel looks for a module.
    if nearby.has_filesystem("bpf") == Some(false) {
        return Err("this kernel has no bpf file system".to_owned());
    }
    own_mounts()?;
    let none: Option<&str> = None;
    let mut trouble = String::new();
    for at in MOUNT_POINTS {
        match mount::mount(Some("bpf"), at, Some("bpf"), MsFlags::empty(), none) {
            Ok(()) => return Ok(at),
            Err(errno) => trouble = format!("no bpf file system could be mounted: {errno:?}"),
        }
    }
    Err(trouble)
}

/// Moves this process into a mount namespace of its own, from which nothing that is mounted reaches
/// another one.
fn own_mounts() -> Result<(), String> {
    match sched::unshare(CloneFlags::CLONE_NEWNS) {
        Ok(()) => {}
        Err(Errno::EPERM) => {
            return Err(Rights::read().no_namespace("mount"));
        }
        Err(errno) => return Err(format!("no mount namespace could be made: {errno:?}")),
    }
    let none: Option<&str> = None;
    mount::mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
        .map_err(|errno| format!("the mounts could not be made this process's own: {errno:?}"))
}

/// There is one tracefs for all mounts of it, and to mount it sets who may read it, for all of
/// them, to what it is at first (`mount_single()` and `reconfigure_single()` in fs/super.c,
/// `tracefs_remount()` in fs/tracefs/inode.c). So it is mounted only where nobody can have set
/// that: this process sees the mounts of the host's first process, and tracefs is not among them.
fn own_tracefs(nearby: &Nearby) -> Result<(), String> {
    if nearby.has_filesystem("tracefs") == Some(false) {
        return Err("this kernel has none".to_owned());
    }
    let mounts = |of: &str| nix::fcntl::readlink(&*format!("/proc/{of}/ns/mnt"));
    if !is_of_the_host(mounts("self").ok(), mounts("1").ok(), first_processes()) {
        return Err(
            "others of this host may have it mounted, and the mount would change who may read \
             theirs"
                .to_owned(),
        );
    }
    own_mounts()?;
    let none: Option<&str> = None;
    mount::mount(
        Some("tracefs"),
        TRACEFS,
        Some("tracefs"),
        MsFlags::empty(),
        none,
    )
    .map_err(|errno| format!("the mount was refused: {errno:?}"))
}

/// Whether a process that has these mounts sees those of the host: they are those of the first
/// process, and that is the host's own.
fn is_of_the_host<T: PartialEq>(own: Option<T>, first: Option<T>, is_first: bool) -> bool {
    is_first && own.is_some() && own == first
}

/// Whether process 1 is here what it is inside the kernel.
fn first_processes() -> bool {
    /// PROC_PID_INIT_INO in include/linux/proc_ns.h
    const FIRST: &str = "pid:[4026531836]";
    nix::fcntl::readlink("/proc/self/ns/pid").is_ok_and(|name| name == FIRST)
}

/// This process.
fn own_pid() -> i32 {
    unistd::getpid().as_raw()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracefs_is_mounted_only_where_the_hosts_own_mounts_are_seen() {
        for (own, first, is_first, may) in [
            (Some("mnt:[1]"), Some("mnt:[1]"), true, true),
            // A container, and one that shares the host's processes.
            (Some("mnt:[2]"), Some("mnt:[2]"), false, false),
            (Some("mnt:[2]"), Some("mnt:[1]"), true, false),
            (Some("mnt:[1]"), None, true, false),
            (None, None, true, false),
        ] {
            assert_eq!(
                is_of_the_host(own, first, is_first),
                may,
                "{own:?} {first:?}"
            );
        }
    }
}
