//! What a process says to itself over the network, for programs to see.

use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::net::UdpSocket;
use std::time::Duration;

use nix::errno::Errno;

use super::super::bench::At;
use super::super::bench::Bench;
use super::super::bench::Trial;
use super::super::bench::Trouble;
use super::super::call::By;
use super::super::call::TALK;
use super::super::errno::Code;
use super::super::outcome::Stage;

/// How long a byte may take from this process to itself.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// What is said.
pub(super) const WORDS: &[u8] = b"doctor";

/// Errors of sockets as those of the kernel they are, but that a process can't be reached by itself
/// is no answer to what is tried.
pub(super) fn at<T>(answer: io::Result<T>, stage: Stage) -> Result<T, Trouble> {
    match answer {
        Err(error) if is_unreachable(&error) => Err(Trouble::Skipped(
            "the loopback device of this network namespace is down, so nothing could be sent"
                .to_owned(),
        )),
        answer => at_by(answer, TALK, stage),
    }
}

/// Errors of what is no socket, whose call is known.
pub(super) fn at_by<T>(answer: io::Result<T>, by: By, stage: Stage) -> Result<T, Trouble> {
    let answer = answer.map_err(|error| Code::from(errno(&error)).given_by(by));
    answer.at(stage)
}

/// Whether there is no way even to this host itself: its loopback device is down.
pub(super) fn is_unreachable(error: &io::Error) -> bool {
    matches!(
        errno(error),
        Errno::ENETUNREACH | Errno::EADDRNOTAVAIL | Errno::ENETDOWN
    )
}

/// What an event over the loopback device came to; where that is down, it is tried again in a
/// network namespace of the probes' own.
pub(super) fn reached<T>(
    bench: &mut Bench,
    by: By,
    event: impl Fn() -> io::Result<T>,
) -> Result<T, Trouble> {
    match event() {
        Err(error) if is_unreachable(&error) => {
            bench.place().network()?;
            at(event(), Stage::Trigger)
        }
        answer => at_by(answer, by, Stage::Trigger),
    }
}

pub(super) fn errno(error: &io::Error) -> Errno {
    let kind = || match error.kind() {
        // The doctor's own patience was at its end.
        io::ErrorKind::TimedOut => Errno::ETIMEDOUT,
        _ => Errno::EIO,
    };
    error.raw_os_error().map_or_else(kind, Errno::from_raw)
}

/// Uses a network of its own if it may have one, otherwise the loopback device of the present.
pub(super) fn somewhere(bench: &mut Bench) -> Trial {
    bench.place().network_or_present()
}

/// Sends a packet to itself on the loopback device and gets it.
pub(super) fn packet() -> io::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    packet_to(&socket)
}

/// Has a socket send a packet to itself.
pub(super) fn packet_to(socket: &UdpSocket) -> io::Result<()> {
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.send_to(WORDS, socket.local_addr()?)?;
    socket.recv(&mut [0; 16]).map(drop)
}

/// Asks for an option of a socket, and sets one.
pub(super) fn options() -> io::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.broadcast()?;
    socket.set_broadcast(true)
}

/// Says something at one end of a connection and hears it at the other.
pub(super) fn passed_on(connection: &Connection) -> io::Result<()> {
    (&connection.near).write_all(WORDS)?;
    (&connection.far).read_exact(&mut [0; WORDS.len()])
}

/// Two ends of a connection on the loopback device.
pub(super) struct Connection {
    pub(super) near: TcpStream,
    pub(super) far: TcpStream,
}

impl Connection {
    pub(super) fn open() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let near = TcpStream::connect_timeout(&listener.local_addr()?, PATIENCE)?;
        let (far, _) = listener.accept()?;
        for end in [&near, &far] {
            end.set_read_timeout(Some(PATIENCE))?;
        }
        Ok(Self { near, far })
    }
}

/// Says something at one end of a connection.
pub(super) fn say(mut end: &TcpStream) -> Result<(), Trouble> {
    at(end.write_all(WORDS), Stage::Trigger)
}

/// Whether what was said arrives at this end.
pub(super) fn is_heard(mut end: &TcpStream) -> Result<bool, Trouble> {
    let mut heard = [0; 6];
    match end.read_exact(&mut heard) {
        Ok(()) => Ok(heard == *WORDS),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::UnexpectedEof
            ) =>
        {
            Ok(false)
        }
        Err(error) => at_by(Err(error), TALK, Stage::Trigger),
    }
}
