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

use super::super::basics;
use super::super::bench::At;
use super::super::bench::Bench;
use super::super::bench::Trial;
use super::super::insn::Code;
use super::super::insn::Reg;
use super::super::insn::When;
use super::super::kinds::MapType;
use super::super::kinds::ProgType;
use super::super::kinds::Shape;
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
    Probe {
        id: "reuseport-sockarray",
        title: "Programs pick the socket of a port by a map (REUSEPORT_SOCKARRAY)",
        about: "Puts one of two UDP sockets that share a port into a REUSEPORT_SOCKARRAY, attaches \
                a program that picks it, sends packets from many sockets of its own and sees that \
                all reach that one; left alone, the kernel would deal them out among both.",
        effects: LOOPBACK,
        area: "sockets",
        since: Some("4.19"), // 5dc4c4b7d4e8
        privilege: SOCKETS,
        stages: FIRES,
        needs: &["map-create", "prog-load"],
        run: reuseport_map,
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

/// `reuseport-sockarray`
fn reuseport_map(bench: &mut Bench) -> Trial {
    /// BPF_FUNC_sk_select_reuseport
    const SELECT: i32 = 82;
    /// By the hash of both ends, all of them reach one socket once in thousands of times.
    const PACKETS: usize = 12;
    let sockets = bench.map(&Shape::of(MapType::ReuseportSockarray))?;
    let counter = Counter::create(bench)?;
    // SK_PASS where the socket was picked, SK_DROP where it was not.
    let pick = Code::new()
        .on_stack(Reg::R3, -8, 0)
        .map(Reg::R2, &sockets)
        .copy(Reg::R1, Reg::R6)
        .set(Reg::R4, 0)
        .call(SELECT)
        .jump_when(When::Equal, Reg::R0, 0, 2)
        .set(Reg::R0, 0)
        .jump(1)
        .set(Reg::R0, 1);
    let program = counter.program_that(bench, ProgType::SkReuseport, 0, &pick)?;
    traffic::somewhere(bench)?;
    let picked = at(shared_port(), Stage::Trigger)?;
    let here = at(picked.local_addr(), Stage::Trigger)?;
    let _other = at(sharing(here.port()), Stage::Trigger)?;
    sockets
        .update_fd(&0_u32.to_ne_bytes(), picked.as_fd())
        .at(Stage::Attach)?;
    sys::attach_to_socket(picked.as_fd(), &program, SO_ATTACH_REUSEPORT_EBPF).at(Stage::Attach)?;
    for _ in 0..PACKETS {
        let from = at(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)), Stage::Trigger)?;
        at(from.send_to(WORDS, here), Stage::Trigger)?;
    }
    counter.expect_run("packets to its port")?;
    // On a busy host packets reach the socket a while after they were sent.
    at(
        picked.set_read_timeout(Some(traffic::PATIENCE)),
        Stage::Read,
    )?;
    let arrived = (0..PACKETS)
        .take_while(|_| picked.recv(&mut [0; 16]).is_ok())
        .count();
    basics::expect(
        "packets at the socket that was picked:",
        arrived as i64,
        PACKETS as i64,
    )
}

/// A socket whose port others could share.
fn shared_port() -> io::Result<UdpSocket> {
    sharing(0)
}

/// A socket that shares this port, any free one if it is 0.
fn sharing(port: u16) -> io::Result<UdpSocket> {
    let socket = socket::socket(
        AddressFamily::Inet,
        SockType::Datagram,
        SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    socket::setsockopt(&socket, sockopt::ReusePort, &true)?;
    let place = SockaddrIn::from(std::net::SocketAddrV4::new(Ipv4Addr::LOCALHOST, port));
    socket::bind(socket.as_raw_fd(), &place)?;
    Ok(UdpSocket::from(socket))
}
