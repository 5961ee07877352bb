//! Programs attached to sockets.

use std::io;
use std::net::Ipv4Addr;
use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixDatagram;

use nix::sys::socket;
use nix::sys::socket::AddressFamily;
use nix::sys::socket::SockFlag;
use nix::sys::socket::SockType;
use nix::sys::socket::SockaddrIn;
use nix::sys::socket::sockopt;

use super::super::bench::At;
use super::super::bench::Bench;
use super::super::bench::Trial;
use super::super::kinds::ProgType;
use super::super::outcome::Stage;
use super::super::sys;
use super::super::table::BPF;
use super::super::table::FIRES;
use super::super::table::Probe;
use super::LOOPBACK;
use super::SOCKETS;
use super::counter::Counter;
use super::traffic;
use super::traffic::WORDS;
use super::traffic::at;

/// What this file adds to the probe table.
pub(super) const PROBES: &[Probe] = &[
    Probe {
        id: "socket-filter-run",
        title: "Socket filters run",
        about: "Attaches a program to one of two joined sockets (SO_ATTACH_BPF), sends something \
                from the other and reads how often the program ran.",
        effects: "none: two unix sockets, one map and one program, held by descriptors",
        area: "sockets",
        since: Some("3.19"), // 89aa075832b0
        privilege: BPF,
        stages: FIRES,
        needs: &["map-create", "prog-load"],
        run: socket_filter,
    },
    Probe {
        id: "reuseport-run",
        title: "Programs run for packets to a port that sockets share (reuseport)",
        about: "Attaches a program to a UDP socket with SO_REUSEPORT, sends it a packet from \
                itself and reads how often the program ran.",
        effects: LOOPBACK,
        area: "sockets",
        since: Some("4.19"), // 2dbb9b9e6df6
        privilege: SOCKETS,
        stages: FIRES,
        needs: &["map-create", "prog-load"],
        run: reuseport,
    },
];

/// include/uapi/asm-generic/socket.h; libc has the names for some machines alone.
const SO_ATTACH_BPF: i32 = libc::SO_ATTACH_FILTER + 24;
const SO_ATTACH_REUSEPORT_EBPF: i32 = SO_ATTACH_BPF + 2;

/// `socket-filter-run`
fn socket_filter(bench: &mut Bench) -> Trial {
    let counter = Counter::create(bench)?;
    // It returns how much of the packet to keep.
    let program = counter.program(bench, ProgType::SocketFilter, 0, i32::MAX)?;
    let (near, far) = at(UnixDatagram::pair(), Stage::Trigger)?;
    sys::attach_to_socket(far.as_fd(), &program, SO_ATTACH_BPF).at(Stage::Attach)?;
    at(near.send(WORDS), Stage::Trigger)?;
    counter.expect_run("a packet to its socket")
}

/// `reuseport-run`
fn reuseport(bench: &mut Bench) -> Trial {
    let counter = Counter::create(bench)?;
    const PASS: i32 = 1;
    let program = counter.program(bench, ProgType::SkReuseport, 0, PASS)?;
    traffic::somewhere(bench)?;
    let socket = at(shared_port(), Stage::Trigger)?;
    // ENOTSUPP or EINVAL where reuseport knows filters alone.
    sys::attach_to_socket(socket.as_fd(), &program, SO_ATTACH_REUSEPORT_EBPF).at(Stage::Attach)?;
    at(traffic::packet_to(&socket), Stage::Trigger)?;
    counter.expect_run("a packet to its port")
}

/// A socket whose port others could share.
fn shared_port() -> io::Result<UdpSocket> {
    let socket = socket::socket(
        AddressFamily::Inet,
        SockType::Datagram,
        SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    socket::setsockopt(&socket, sockopt::ReusePort, &true)?;
    let any_port = SockaddrIn::from(std::net::SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));
    socket::bind(socket.as_raw_fd(), &any_port)?;
    Ok(UdpSocket::from(socket))
}
