//! Each experiment, killed at several moments: nothing of it stays behind.
//!
//! As root this looks at everything there is on this host; as an ordinary user at what such a one
//! may see and make, and says so. Others may use the host meanwhile: what they make goes again,
//! and what a doctor leaves behind stays, so a difference counts that lasts.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, looks at the host and runs programs"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use libbpf_rs::libbpf_sys::bpf_map_create_opts;
use libbpf_rs::query::{BtfInfoIter, LinkInfoIter, MapInfoIter, ProgInfoIter};
use libbpf_rs::{MapHandle, MapType};
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, socket,
};
use nix::unistd::{Pid, geteuid};
use support::{doctor, run, text};
use tempfile::TempDir;

/// How long what is on its way out may take: a killed process hands back what it holds at once,
/// the kernel waits for all processors and tasks before it is gone, on a busy machine for long, and
/// others run their own things.
const PATIENCE: Duration = Duration::from_secs(60);

/// When an experiment is killed, in parts of what it takes as a whole: before it begins, in the
/// middle, at the end.
const MOMENTS: [f64; 4] = [0.15, 0.4, 0.65, 0.9];

/// Whom the signal reaches.
#[derive(Debug, Clone, Copy)]
enum Whom {
    /// The doctor alone: its children must notice.
    Doctor,
    /// The doctor and its children, as Ctrl-\ at a terminal does.
    Group,
    /// Whatever descends from it, in whatever session, as the end of a container does.
    Everything,
}

#[test]
fn what_is_killed_leaves_nothing_behind() {
    let ids = text(&run(&["probes", "list", "-q"]).stdout);
    let ids: Vec<&str> = ids.lines().collect();
    assert!(ids.len() > 100, "{ids:?}");
    let folder = tempfile::tempdir().unwrap();
    let begin = look(&folder);
    if geteuid().is_root() {
        // What can't be seen can't be missed: an object of the test's own must be.
        let _map = own_map();
        let seen = look(&folder)
            .difference(&begin)
            .any(|line| line.starts_with("map "));
        assert!(seen, "maps can't be listed here");
    } else {
        say("as an ordinary user: BPF objects of others, and those left behind, can't be seen");
    }
    let mut hit = 0;
    for (turn, id) in ids.iter().enumerate() {
        let before = look(&folder);
        let started = Instant::now();
        let _status = start(id, &folder).wait().unwrap();
        let whole = started.elapsed();
        for (at, moment) in MOMENTS.iter().enumerate() {
            // By turns, so that each experiment meets all of them at one moment or another.
            let whom = match (turn + at) % 3 {
                0 => Whom::Doctor,
                1 => Whom::Group,
                _ => Whom::Everything,
            };
            let mut child = start(id, &folder);
            thread::sleep(whole.mul_f64(*moment));
            strike(&child, whom, &folder);
            let status = child.wait().unwrap();
            hit += usize::from(!status.success() && status.code().is_none());
            let alive = wait_for(|| family(&folder));
            assert_eq!(alive, BTreeSet::new(), "{id}, {whom:?} killed at {moment}");
            let left = wait_for(|| {
                let left = &cgroups() - &before;
                if !left.is_empty() && matches!(whom, Whom::Everything) {
                    // Who would have removed an empty cgroup is dead as well: the next doctor
                    // does, once nobody waits for the dead any more.
                    let _status = start(CGROUP, &folder).wait().unwrap();
                }
                left
            });
            assert_eq!(left, BTreeSet::new(), "{id}, {whom:?} killed at {moment}");
        }
        let left = wait_for(|| &look(&folder) - &before);
        assert_eq!(left, BTreeSet::new(), "left by {id}");
    }
    let left = wait_for(|| &look(&folder) - &begin);
    assert_eq!(left, BTreeSet::new(), "left by all of them");
    assert!(hit > ids.len(), "only {hit} kills met a living doctor");
}

/// A map that goes with this.
fn own_map() -> MapHandle {
    let options = bpf_map_create_opts {
        sz: size_of::<bpf_map_create_opts>() as _,
        ..Default::default()
    };
    MapHandle::create(MapType::Array, Some("test"), 4, 4, 1, &options).unwrap()
}

/// An experiment at cgroups.
const CGROUP: &str = "cgroup-attach";

/// What the processes of this test's doctors, and no others, have in their environment.
fn mark(folder: &TempDir) -> String {
    format!("TMPDIR={}", folder.path().display())
}

/// Starts an experiment in a process group of its own.
fn start(id: &str, folder: &TempDir) -> Child {
    let mut command = doctor(&["probes", "run", id]);
    command.env("TMPDIR", folder.path());
    command.current_dir(folder.path());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.process_group(0).spawn().unwrap()
}

/// Kills it.
fn strike(child: &Child, whom: Whom, folder: &TempDir) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    match whom {
        Whom::Doctor => kill(pid, Signal::SIGKILL).unwrap(),
        Whom::Group => killpg(pid, Signal::SIGKILL).unwrap(),
        Whom::Everything => {
            // Twice: the first round may have met a process that was just about to fork.
            for _ in 0..2 {
                for pid in family(folder) {
                    // Gone by itself meanwhile.
                    let _gone = kill(Pid::from_raw(pid), Signal::SIGKILL);
                }
            }
        }
    }
}

/// The living processes of this test's doctors.
fn family(folder: &TempDir) -> BTreeSet<i32> {
    let mark = mark(folder);
    processes()
        .filter(|pid| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            let mut variables = environment.split(|byte| *byte == 0);
            variables.any(|variable| variable == mark.as_bytes())
        })
        .collect()
}

fn processes() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Looks until nothing is left, or for as long as patience lasts; gives what was there each time.
fn wait_for<T: Ord + Clone>(look: impl Fn() -> BTreeSet<T>) -> BTreeSet<T> {
    let until = Instant::now() + PATIENCE;
    let mut lasting = look();
    while !lasting.is_empty() && Instant::now() < until {
        thread::sleep(Duration::from_millis(5));
        lasting = &lasting & &look();
    }
    lasting
}

/// What there is on this host that an experiment could leave behind, one line each.
fn look(folder: &TempDir) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    seen.extend(MapInfoIter::default().map(|map| format!("map {}", map.id)));
    seen.extend(ProgInfoIter::default().map(|program| format!("program {}", program.id)));
    seen.extend(LinkInfoIter::default().map(|link| format!("link {}", link.id)));
    seen.extend(BtfInfoIter::default().map(|btf| format!("btf {}", btf.id)));
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    seen.extend(mounts.lines().map(|mount| format!("mount {mount}")));
    for place in mounts_of(&["bpf"]) {
        walk(Path::new(&place), &mut seen);
    }
    seen.append(&mut cgroups());
    for list in ["kprobe_events", "uprobe_events"] {
        // Where tracefs is somewhere else or nowhere, nothing can be left in it.
        let events = fs::read_to_string(Path::new("/sys/kernel/tracing").join(list));
        let events = events.unwrap_or_default();
        seen.extend(events.lines().map(|event| format!("{list} {event}")));
    }
    // A namespace lives by its processes, which are looked for by themselves, or by a mount.
    seen.extend(network());
    for place in [Path::new("/tmp"), Path::new("/dev/shm"), Path::new("/run")] {
        let names = fs::read_dir(place).into_iter().flatten().flatten();
        let names = names.map(|entry| entry.path().display().to_string());
        seen.extend(names.filter(|name| name.contains("bpf-doctor")));
    }
    let own = fs::read_dir(folder.path()).unwrap().flatten();
    seen.extend(own.map(|entry| format!("file {}", entry.path().display())));
    seen
}

/// The cgroups of all versions that a doctor made. Whoever else is at work on this machine makes
/// some as well; in guests, where nobody is, the bench of kernels looks at all.
fn cgroups() -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    for place in mounts_of(&["cgroup", "cgroup2"]) {
        walk(Path::new(&place), &mut seen);
    }
    // Their files are the kernel's and go with them.
    seen.retain(|line| line.starts_with("directory ") && line.contains("/bpf-doctor."));
    seen
}

/// Where file systems of these types are mounted.
fn mounts_of(types: &[&str]) -> Vec<String> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let mounts = mounts.lines().filter(|mount| {
        let (_, rest) = mount.split_once(" - ").unwrap();
        types.contains(&rest.split(' ').next().unwrap())
    });
    mounts
        .map(|mount| mount.split(' ').nth(4).unwrap().to_owned())
        .collect()
}

/// The directories and files below a mount.
fn walk(place: &Path, seen: &mut BTreeSet<String>) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            seen.insert(format!("directory {}", path.display()));
            walk(&path, seen);
        } else {
            seen.insert(format!("file {}", path.display()));
        }
    }
}

/// Devices, addresses, routes and queueing disciplines (rtnetlink(7)): of each entry the part of
/// fixed size, which holds no counters.
fn network() -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    for (name, ask, size) in [
        ("device", libc::RTM_GETLINK, 8),
        ("address", libc::RTM_GETADDR, 8),
        ("route", libc::RTM_GETROUTE, 12),
        ("qdisc", libc::RTM_GETQDISC, 16),
    ] {
        let line = socket(
            AddressFamily::Netlink,
            SockType::Raw,
            SockFlag::SOCK_CLOEXEC,
            SockProtocol::NetlinkRoute,
        )
        .unwrap();
        let flags = u16::try_from(libc::NLM_F_REQUEST | libc::NLM_F_DUMP).unwrap();
        let mut request = 36_u32.to_ne_bytes().to_vec();
        request.extend([ask.to_ne_bytes(), flags.to_ne_bytes()].concat());
        request.resize(36, 0);
        let kernel = NetlinkAddr::new(0, 0);
        sendto(line.as_raw_fd(), &request, &kernel, MsgFlags::empty()).unwrap();
        let mut done = false;
        while !done {
            let mut answer = vec![0; 1 << 16];
            let length = recv(line.as_raw_fd(), &mut answer, MsgFlags::empty()).unwrap();
            let mut rest = answer.get(..length).unwrap();
            while let Some((length, kind)) = header(rest) {
                let (message, after) = rest.split_at(length.next_multiple_of(4).min(rest.len()));
                done |= [libc::NLMSG_DONE, libc::NLMSG_ERROR].contains(&i32::from(kind));
                if !done {
                    let fixed = message.get(16..16 + size).unwrap();
                    seen.insert(format!("{name} {fixed:?}"));
                }
                rest = after;
            }
        }
    }
    seen
}

/// Length and kind of the first message, if there is a whole one.
fn header(messages: &[u8]) -> Option<(usize, u16)> {
    let length = u32::from_ne_bytes(messages.get(..4)?.try_into().ok()?);
    let kind = u16::from_ne_bytes(messages.get(4..6)?.try_into().ok()?);
    let length = usize::try_from(length).ok()?;
    (length >= 16 && length <= messages.len()).then_some((length, kind))
}

#[expect(clippy::print_stderr, reason = "a test says what it could not see")]
fn say(what: &str) {
    eprintln!("{what}");
}
