//! What comes about without the probes' program as well says nothing of that program: what made an
//! experiment run is done once more after it failed, with nothing of the doctor's attached.

use std::io;

use nix::errno::Errno;

use super::super::bench::Bench;
use super::super::bench::Trouble;
use super::super::call::By;
use super::super::call::Call;
use super::super::outcome::Stage;
use super::super::table::Probe;
use super::cgroup;
use super::traffic;
use super::traffic::Connection;

/// Probes of these areas say something to this process over sockets.
const TALKING: &[&str] = &["cgroup", "sockets", "network"];

/// What made a probe's program run, as far as it may have been kept from coming about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in super::super) enum Event {
    /// This process speaks to itself.
    Talk {
        /// In a network namespace of its own, where the host's firewall has no say.
        alone: bool,
    },
    /// It opens a file.
    Open,
}

/// What a probe comes to that ended so: not found out, where the event it waited for does not come
/// about without its program either.
pub(in super::super) fn judge(bench: &mut Bench, probe: &Probe, trouble: Trouble) -> Trouble {
    let Some(event) = event_of(probe.area, &trouble, bench.place().has_own_network()) else {
        return trouble;
    };
    let filtered = bench.rights().filtered != Some(false);
    let answer = bench.bare(event, || match tried(event) {
        Ok(()) => None,
        Err(error) => kept(event, &error, filtered),
    });
    match answer {
        Some(reason) => Trouble::Skipped(reason),
        None => trouble,
    }
}

/// The event that may be to blame for how a probe of this area ended.
fn event_of(area: &str, trouble: &Trouble, alone: bool) -> Option<Event> {
    let Trouble::Failed { stage, errno, .. } = trouble else {
        return None;
    };
    if !TALKING.contains(&area) || *stage < Stage::Attach {
        return None;
    }
    let talk = Some(Event::Talk { alone });
    match errno.map(super::super::errno::Code::by) {
        // Attached, and not run; or run, and nothing arrived.
        None if *stage > Stage::Attach => talk,
        Some(By::Several(calls)) if calls.contains(&Call::Socket) => talk,
        Some(By::One(Call::Setsockopt | Call::Getsockopt)) => talk,
        Some(By::One(Call::Open)) => Some(Event::Open),
        _ => None,
    }
}

/// Does it, with no program attached.
fn tried(event: Event) -> io::Result<()> {
    match event {
        Event::Talk { .. } => {
            traffic::packet()?;
            traffic::options()?;
            let connection = Connection::open()?;
            traffic::passed_on(&connection)
        }
        Event::Open => cgroup::opened(),
    }
}

/// Why nothing is known of the kernel where the event itself fails with this error; nothing where
/// that is no hint at anybody in between.
fn kept(event: Event, error: &io::Error, filtered: bool) -> Option<String> {
    let errno = traffic::errno(error);
    if matches!(
        errno,
        Errno::EAFNOSUPPORT | Errno::ENOSYS | Errno::ENOENT | Errno::EMFILE | Errno::ENOMEM
    ) || traffic::is_unreachable(error)
    {
        return None;
    }
    let filter = match filtered {
        true => ", a seccomp filter",
        false => "",
    };
    let (what, who) = match event {
        Event::Talk { alone: true } => (
            "this process can't reach itself over the loopback device",
            "",
        ),
        Event::Talk { alone: false } => (
            "this process can't reach itself over the loopback device",
            ", a firewall",
        ),
        Event::Open => (
            "this process may not open the file that is opened for it",
            "",
        ),
    };
    let how = match errno {
        // It waited for what did not come.
        Errno::EAGAIN | Errno::ETIMEDOUT => "nothing arrives".to_owned(),
        errno => format!("{errno:?}"),
    };
    Some(format!(
        "{what}, with no program of the doctor's attached either: {how}. That is somebody's doing \
         and no answer of the kernel's: a program on a cgroup above (as of systemd's \
         IPAddressDeny=, SocketBindDeny= and DeviceAllow=; `bpftool cgroup tree` shows them){who}\
         {filter} or a security module"
    ))
}

#[cfg(test)]
mod tests {
    use super::super::super::call::TALK;
    use super::super::super::errno::Code;
    use super::*;

    fn failed(stage: Stage, errno: Option<Code>) -> Trouble {
        Trouble::Failed {
            stage,
            errno,
            remark: String::new(),
        }
    }

    #[test]
    fn what_made_a_program_run_is_tried_where_it_may_be_to_blame() {
        let talk = Some(Event::Talk { alone: true });
        let by = |errno: Errno, by: By| Some(Code::from(errno).given_by(by));
        for (area, trouble, event) in [
            ("network", failed(Stage::Trigger, None), talk),
            ("sockets", failed(Stage::Read, None), talk),
            (
                "network",
                failed(Stage::Trigger, by(Errno::EPERM, TALK)),
                talk,
            ),
            (
                "sockets",
                failed(Stage::Attach, by(Errno::EPERM, By::One(Call::Setsockopt))),
                talk,
            ),
            (
                "cgroup",
                failed(Stage::Trigger, by(Errno::EPERM, By::One(Call::Open))),
                Some(Event::Open),
            ),
            // What the kernel says of the program, and what has nothing to do with events.
            (
                "network",
                failed(Stage::Attach, by(Errno::EINVAL, By::One(Call::Bpf(28)))),
                None,
            ),
            (
                "network",
                failed(Stage::Load, by(Errno::EINVAL, TALK)),
                None,
            ),
            ("tracing", failed(Stage::Trigger, None), None),
            ("network", Trouble::Skipped(String::new()), None),
        ] {
            assert_eq!(event_of(area, &trouble, true), event, "{area} {trouble:?}");
        }
    }

    #[test]
    fn who_may_keep_it_from_happening_is_named() {
        let error = |errno: Errno| io::Error::from_raw_os_error(errno as i32);
        let (alone, here) = (Event::Talk { alone: true }, Event::Talk { alone: false });
        for (event, error, filtered, words, without) in [
            (alone, error(Errno::EPERM), false, "EPERM", "firewall"),
            (here, error(Errno::EPERM), false, "a firewall", "seccomp"),
            (
                here,
                error(Errno::EACCES),
                true,
                "a seccomp filter",
                "nothing arrives",
            ),
            (
                alone,
                error(Errno::EAGAIN),
                false,
                "nothing arrives",
                "EAGAIN",
            ),
            (
                alone,
                io::Error::from(io::ErrorKind::TimedOut),
                false,
                "nothing arrives",
                "EIO",
            ),
            (
                Event::Open,
                error(Errno::EPERM),
                false,
                "open the file",
                "loopback",
            ),
        ] {
            let said = kept(event, &error, filtered).unwrap();
            assert!(said.contains("bpftool cgroup tree"), "{said}");
            assert!(said.contains(words) && !said.contains(without), "{said}");
        }
        // The kernel's own, or the moment's.
        for errno in [Errno::EAFNOSUPPORT, Errno::ENOSYS, Errno::ENETUNREACH] {
            assert_eq!(kept(here, &error(errno), true), None, "{errno}");
        }
    }
}
