//! Programs at a cgroup: attached to one of the probes' own, and run by what the process in it
//! does.

use std::io;
use std::net::UdpSocket;
use std::os::fd::AsFd;

use nix::fcntl;
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use nix::unistd;

use super::super::bench::At;
use super::super::bench::Bench;
use super::super::bench::Trial;
use super::super::bench::Trouble;
use super::super::call::By;
use super::super::call::Call;
use super::super::call::TALK;
use super::super::errno::Answered as _;
use super::super::kinds::ProgType;
use super::super::kinds::hook;
use super::super::outcome::Stage;
use super::super::place::Ground;
use super::super::sys::Link;
use super::super::sys::Target;
use super::super::table::FIRES;
use super::super::table::Probe;
use super::CGROUP;
use super::IN_A_CGROUP;
use super::counter::Counter;
use super::target;
use super::traffic;
use super::traffic::Connection;

/// What this file adds to the probe table.
pub(super) const PROBES: &[Probe] = &[
    Probe {
        id: "cgroup-attach",
        title: "Programs can be attached to a cgroup",
        about: "Attaches a program to the packets that leave a cgroup of its own \
                (BPF_PROG_ATTACH), sends one to itself and reads how often the program ran. \
                Where only version 1 of cgroups is mounted, it tries a directory of that, which \
                the kernel refuses with EBADF.",
        effects: IN_A_CGROUP,
        area: "cgroup",
        since: Some("4.10"), // f4324551489e
        privilege: CGROUP,
        stages: FIRES,
        needs: &["map-create", "prog-load", "cgroup-detach"],
        run: attach,
    },
    Probe {
        id: "cgroup-link",
        title: "Programs can be attached to a cgroup by links",
        about: "As cgroup-attach, attached by a BPF link, which goes with its owner.",
        effects: IN_A_CGROUP,
        area: "cgroup",
        since: Some("5.7"), // af6eea57437a
        privilege: CGROUP,
        stages: FIRES,
        needs: &["cgroup-attach"],
        run: link,
    },
    Probe {
        id: "cgroup-link-pin",
        title: "Links can be pinned",
        about: "Attaches a program to a cgroup of its own by a link, pins the link in a bpf file \
                system of its own, closes it and sees that the program runs on; opens it by its \
                name, removes it and sees that it does not.",
        effects: IN_A_CGROUP,
        area: "cgroup",
        since: Some("5.7"), // 70ed506c3bbc
        privilege: "as cgroup-link, and CAP_SYS_ADMIN for a mount namespace of its own",
        stages: FIRES,
        needs: &["bpffs-pin", "cgroup-link"],
        run: link_pin,
    },
    Probe {
        id: "cgroup-ingress-run",
        title: "Programs see the packets a cgroup receives",
        about: "Attaches a program to the packets that reach a cgroup of its own, sends one to \
                itself and reads how often the program ran.",
        effects: IN_A_CGROUP,
        area: "cgroup",
        since: Some("4.10"), // f4324551489e
        privilege: CGROUP,
        stages: FIRES,
        needs: &["cgroup-attach"],
        run: ingress,
    },
    Probe {
        id: "cgroup-sock-create-run",
        title: "Programs see sockets being made in a cgroup",
        about: "Attaches a program to the making of sockets in a cgroup of its own, makes one and \
                reads how often the program ran.",
        effects: IN_A_CGROUP,
        area: "cgroup",
        since: Some("4.10"), // 61023658760032
        privilege: CGROUP,
        stages: FIRES,
        needs: &["cgroup-attach"],
        run: sock_create,
    },
    Probe {
        id: "cgroup-connect4-run",
        title: "Programs see connect() in a cgroup",
        about: "Attaches a program to connect() over IPv4 in a cgroup of its own, connects a \
                socket to itself and reads how often the program ran. Load balancers of sockets \
                work this way.",
        effects: IN_A_CGROUP,
        area: "cgroup",
        since: Some("4.17"), // d74bad4e74ee
        privilege: CGROUP,
        stages: FIRES,
        needs: &["cgroup-attach"],
        run: connect4,
    },
    Probe {
        id: "cgroup-sockops-run",
        title: "Programs see the life of TCP connections in a cgroup (sockops)",
        about: "Attaches a sockops program to a cgroup of its own, opens a TCP connection to \
                itself and reads how often the program ran.",
        effects: IN_A_CGROUP,
        area: "cgroup",
        since: Some("4.13"), // 40304b2a1567
        privilege: CGROUP,
        stages: FIRES,
        needs: &["cgroup-attach"],
        run: sockops,
    },
    Probe {
        id: "cgroup-device-run",
        title: "Programs decide on devices in a cgroup",
        about: "Attaches a program to the use of devices in a cgroup of its own, opens /dev/null \
                and reads how often the program ran. Container runtimes control devices this way.",
        effects: IN_A_CGROUP,
        area: "cgroup",
        since: Some("4.15"), // ebc614f68736
        privilege: CGROUP,
        stages: FIRES,
        needs: &["cgroup-attach"],
        run: device,
    },
    Probe {
        id: "cgroup-sysctl-run",
        title: "Programs see sysctls being read in a cgroup",
        about: "Attaches a program to sysctls in a cgroup of its own, reads kernel.ostype and \
                reads how often the program ran.",
        effects: IN_A_CGROUP,
        area: "cgroup",
        since: Some("5.2"), // 7b146cebe30c
        privilege: CGROUP,
        stages: FIRES,
        needs: &["cgroup-attach"],
        run: sysctl,
    },
    Probe {
        id: "cgroup-getsockopt-run",
        title: "Programs see getsockopt() in a cgroup",
        about: "Attaches a program to getsockopt() in a cgroup of its own, asks a socket for an \
                option and reads how often the program ran.",
        effects: IN_A_CGROUP,
        area: "cgroup",
        since: Some("5.3"), // 0d01da6afc54
        privilege: CGROUP,
        stages: FIRES,
        needs: &["cgroup-attach"],
        run: getsockopt,
    },
    Probe {
        id: "cgroup-setsockopt-run",
        title: "Programs see setsockopt() in a cgroup",
        about: "Attaches a program to setsockopt() in a cgroup of its own, sets an option of a \
                socket and reads how often the program ran.",
        effects: IN_A_CGROUP,
        area: "cgroup",
        since: Some("5.3"), // 0d01da6afc54
        privilege: CGROUP,
        stages: FIRES,
        needs: &["cgroup-attach"],
        run: setsockopt,
    },
];

/// What the programs return: whatever it is may go on.
const GO_ON: i32 = 1;

/// `cgroup-attach`
fn attach(bench: &mut Bench) -> Trial {
    let hook = hook::CGROUP_INET_EGRESS;
    let counter = Counter::create(bench)?;
    let program = counter.program(bench, ProgType::CgroupSkb, 0, GO_ON)?;
    let cgroup = match bench.place().cgroup()? {
        Ground::Own(cgroup) => cgroup.fd().try_clone_to_owned(),
        // EBADF: cgroup_get_from_fd() takes directories of version 2 alone.
        Ground::Version1(directory, path) => {
            return Err(target::refused_by_version_1(
                &program,
                directory.as_fd(),
                path,
                hook,
            ));
        }
    };
    let cgroup = traffic::at_by(cgroup, By::One(Call::Fcntl), Stage::Attach)?;
    let _attached = target::plainly(program, cgroup, hook)?;
    traffic::reached(bench, TALK, traffic::packet)?;
    counter.expect_run(SEEN)
}

/// What an event of this process comes to where the program did not run.
const SEEN: &str = "what a process in its cgroup did; before 5.15 sockets are not told apart by \
                    cgroup while net_cls or net_prio of version 1 are in use";

/// `cgroup-link`
fn link(bench: &mut Bench) -> Trial {
    let hook = hook::CGROUP_INET_EGRESS;
    let counter = Counter::create(bench)?;
    let program = counter.program(bench, ProgType::CgroupSkb, 0, GO_ON)?;
    let cgroup = target::own(bench)?;
    let _link = Link::create(&program, Target::Fd(cgroup.as_fd()), hook, 0, &[])
        .map_err(|code| target::explained(code, cgroup.as_fd(), hook))?;
    traffic::reached(bench, TALK, traffic::packet)?;
    counter.expect_run(SEEN)
}

/// `cgroup-link-pin`
fn link_pin(bench: &mut Bench) -> Trial {
    let hook = hook::CGROUP_INET_EGRESS;
    let path = bench.place().in_bpffs("bpf-doctor-link")?;
    let counter = Counter::create(bench)?;
    let program = counter.program(bench, ProgType::CgroupSkb, 0, GO_ON)?;
    let cgroup = target::own(bench)?;
    let target = Target::Fd(cgroup.as_fd());
    let link = Link::create(&program, target, hook, 0, &[]).at(Stage::Attach)?;
    link.pin(&path).at(Stage::Attach)?;
    drop(link);
    let sent = traffic::reached(bench, TALK, traffic::packet);
    let ran = sent.and_then(|()| counter.expect_run("a packet after its link was closed"));
    let again = Link::pinned(&path).at(Stage::Read);
    unistd::unlink(path.as_c_str())
        .of(Call::Unlink)
        .at(Stage::Read)?;
    ran?;
    drop(again?);
    // The kernel detaches it in its own time.
    for _ in 0..PATIENCE {
        let before = counter.value()?;
        traffic::reached(bench, TALK, traffic::packet)?;
        if counter.value()? == before {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    Err(Trouble::wrong(
        Stage::Read,
        "the program runs on after the last name of its link was removed".to_owned(),
    ))
}

/// How often to see whether a link is gone.
const PATIENCE: u32 = 100;

/// `cgroup-ingress-run`
fn ingress(bench: &mut Bench) -> Trial {
    let of = ProgType::CgroupSkb;
    seen(bench, of, hook::CGROUP_INET_INGRESS, traffic::packet)
}

/// `cgroup-sock-create-run`
fn sock_create(bench: &mut Bench) -> Trial {
    let of = ProgType::CgroupSock;
    seen(bench, of, hook::CGROUP_INET_SOCK_CREATE, || {
        socket().map(drop)
    })
}

/// `cgroup-connect4-run`
fn connect4(bench: &mut Bench) -> Trial {
    let of = ProgType::CgroupSockAddr;
    seen(bench, of, hook::CGROUP_INET4_CONNECT, || {
        let socket = socket()?;
        socket.connect(socket.local_addr()?)
    })
}

/// `cgroup-sockops-run`
fn sockops(bench: &mut Bench) -> Trial {
    let of = ProgType::SockOps;
    seen(bench, of, hook::CGROUP_SOCK_OPS, || {
        Connection::open().map(drop)
    })
}

/// `cgroup-device-run`
fn device(bench: &mut Bench) -> Trial {
    let of = ProgType::CgroupDevice;
    seen(bench, of, hook::CGROUP_DEVICE, || open("/dev/null"))
}

/// A setting that everybody may read.
const SYSCTL: &str = "/proc/sys/kernel/ostype";

/// `cgroup-sysctl-run`
fn sysctl(bench: &mut Bench) -> Trial {
    let of = ProgType::CgroupSysctl;
    seen(bench, of, hook::CGROUP_SYSCTL, || {
        let file = fcntl::open(SYSCTL, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())?;
        unistd::read(&file, &mut [0; 16])?;
        Ok(())
    })
}

/// `cgroup-getsockopt-run`
fn getsockopt(bench: &mut Bench) -> Trial {
    let of = ProgType::CgroupSockopt;
    seen(bench, of, hook::CGROUP_GETSOCKOPT, || {
        socket()?.broadcast().map(drop)
    })
}

/// `cgroup-setsockopt-run`
fn setsockopt(bench: &mut Bench) -> Trial {
    let of = ProgType::CgroupSockopt;
    seen(bench, of, hook::CGROUP_SETSOCKOPT, || {
        socket()?.set_broadcast(true)
    })
}

/// Attaches a program that counts to the probes' cgroup and sees whether `event` runs it.
fn seen(bench: &mut Bench, of: ProgType, hook: u32, event: fn() -> io::Result<()>) -> Trial {
    let counter = Counter::create(bench)?;
    // Some types must say at the load already which hook it is for; kernels before 4.17 have no
    // field for it.
    let expected = match of {
        ProgType::CgroupSockAddr | ProgType::CgroupSockopt => hook,
        _ => 0,
    };
    let program = counter.program(bench, of, expected, GO_ON)?;
    let cgroup = target::own(bench)?;
    let _attached = target::attached(program, cgroup, hook)?;
    // Only a file is ever missing: /dev/null, or one below /proc.
    let event = || match event() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        answer => answer.map(|()| true),
    };
    let by = match of {
        ProgType::CgroupDevice | ProgType::CgroupSysctl => By::One(Call::Open),
        _ => TALK,
    };
    if !traffic::reached(bench, by, event)? {
        return Err(Trouble::Skipped(
            "the file that is opened for it is not here: /dev/null, or one below /proc".to_owned(),
        ));
    }
    counter.expect_run(SEEN)
}

fn socket() -> io::Result<UdpSocket> {
    UdpSocket::bind((std::net::Ipv4Addr::LOCALHOST, 0))
}

/// Opens the files that are opened for the programs of devices and sysctls, with none attached.
pub(super) fn opened() -> io::Result<()> {
    open("/dev/null")?;
    open(SYSCTL)
}

fn open(path: &str) -> io::Result<()> {
    fcntl::open(path, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())?;
    Ok(())
}
