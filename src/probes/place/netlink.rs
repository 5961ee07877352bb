//! The few requests to the kernel's network (rtnetlink(7)) that a place needs: devices that are
//! joined, brought up, and a route with a program.

use std::os::fd::AsRawFd;

use nix::sys::socket;
use nix::sys::socket::AddressFamily;
use nix::sys::socket::MsgFlags;
use nix::sys::socket::NetlinkAddr;
use nix::sys::socket::SockFlag;
use nix::sys::socket::SockProtocol;
use nix::sys::socket::SockType;

use super::super::call::Call;
use super::super::errno::Answered as _;
use super::super::errno::Code;
use super::super::sys::Program;
use super::LOOPBACK;

/// Attributes that hold others.
const NESTED: u16 = 1 << 15;
/// Bytes of `struct nlmsghdr`.
const HEADER: usize = 16;

/// A request under construction.
struct Request {
    bytes: Vec<u8>,
    kind: u16,
    flags: u16,
}

impl Request {
    fn new(kind: u16, flags: u16) -> Self {
        Self {
            bytes: vec![0; HEADER],
            kind,
            flags,
        }
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend(bytes);
        self
    }

    /// `struct ifinfomsg`; the flags given are set.
    fn device(self, index: u32, flags: u32) -> Self {
        self.raw(&[0; 4])
            .raw(&index.to_ne_bytes())
            .raw(&flags.to_ne_bytes())
            .raw(&flags.to_ne_bytes())
    }

    /// An attribute.
    fn with(self, kind: u16, value: &[u8]) -> Self {
        self.nested(kind, |request| request.raw(value))
    }

    /// An attribute that `fill` fills.
    fn nested(mut self, kind: u16, fill: impl FnOnce(Self) -> Self) -> Self {
        let start = self.bytes.len();
        self.bytes.extend([0; 4]);
        let mut whole = fill(self);
        let length = u16::try_from(whole.bytes.len() - start).unwrap_or(u16::MAX);
        put(&mut whole.bytes, start, &length.to_ne_bytes());
        put(&mut whole.bytes, start + 2, &kind.to_ne_bytes());
        let padded = whole.bytes.len().next_multiple_of(4);
        whole.bytes.resize(padded, 0);
        whole
    }

    /// Sends it and waits for what the kernel says.
    fn send(mut self) -> Result<(), Code> {
        const REQUEST: u16 = 1;
        const ACKNOWLEDGE: u16 = 4;
        let length = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        let flags = self.flags | REQUEST | ACKNOWLEDGE;
        put(&mut self.bytes, 0, &length.to_ne_bytes());
        put(&mut self.bytes, 4, &self.kind.to_ne_bytes());
        put(&mut self.bytes, 6, &flags.to_ne_bytes());
        let line = socket::socket(
            AddressFamily::Netlink,
            SockType::Raw,
            SockFlag::SOCK_CLOEXEC,
            SockProtocol::NetlinkRoute,
        )
        .of(Call::Socket)?;
        let kernel = NetlinkAddr::new(0, 0);
        socket::sendto(line.as_raw_fd(), &self.bytes, &kernel, MsgFlags::empty()).of(Call::Send)?;
        let mut answer = [0; 4096];
        socket::recv(line.as_raw_fd(), &mut answer, MsgFlags::empty()).of(Call::Receive)?;
        // NLMSG_ERROR, whose first field is 0 or the negated error.
        let error = answer.get(HEADER..HEADER + 4);
        let error = error.and_then(|field| field.try_into().ok());
        match error.map_or(-libc::EIO, i32::from_ne_bytes) {
            0 => Ok(()),
            error => Err(Code::of_return(error)),
        }
    }
}

/// Overwrites bytes that are there.
fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    for (to, from) in bytes.iter_mut().skip(at).zip(value) {
        *to = *from;
    }
}

/// Brings a device up.
pub(super) fn set_up(device: u32) -> Result<(), Code> {
    let up = libc::IFF_UP as u32;
    Request::new(libc::RTM_NEWLINK, 0).device(device, up).send()
}

/// Two network devices of which one receives what the other sends. They go with their network
/// namespace, or when this is dropped.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Pair {
    pub(in super::super) near: u32,
    pub(in super::super) far: u32,
}

/// Indices and names of the devices of a pair; there is one pair at a time, in a network
/// namespace that has loopback and perhaps some tunnels besides.
const NEAR: (u32, &[u8]) = (5001, b"doctor0\0");
const FAR: (u32, &[u8]) = (5002, b"doctor1\0");

impl Pair {
    /// The name of the near device.
    pub(in super::super) const NEAR: &str = "doctor0";

    /// Makes one of this kind, `veth` or `netkit`, both ends up.
    pub(super) fn create(kind: &str) -> Result<Self, Code> {
        // VETH_INFO_PEER and IFLA_NETKIT_PEER_INFO are the same number.
        const PEER: u16 = 1;
        let create = (libc::NLM_F_CREATE | libc::NLM_F_EXCL) as u16;
        let request = Request::new(libc::RTM_NEWLINK, create)
            .device(NEAR.0, 0)
            .with(libc::IFLA_IFNAME, NEAR.1)
            .nested(libc::IFLA_LINKINFO | NESTED, |info| {
                info.with(libc::IFLA_INFO_KIND, kind.as_bytes()).nested(
                    libc::IFLA_INFO_DATA | NESTED,
                    |data| {
                        data.nested(PEER | NESTED, |peer| {
                            peer.device(FAR.0, 0).with(libc::IFLA_IFNAME, FAR.1)
                        })
                    },
                )
            });
        // EOPNOTSUPP: rtnl_newlink() knows no such kind.
        request.send()?;
        let pair = Self {
            near: NEAR.0,
            far: FAR.0,
        };
        for device in [pair.near, pair.far] {
            set_up(device)?;
        }
        Ok(pair)
    }
}

impl Pair {
    /// Makes room for another one. What is not removed goes with the namespace, for which nobody
    /// waits.
    pub(super) fn remove(self) {
        // With one end goes the other.
        let _gone = Request::new(libc::RTM_DELLINK, 0)
            .device(self.near, 0)
            .send();
    }
}

/// A route for the packets to 192.0.2.0/24, which is nobody's: each runs a program on its way out
/// through the loopback device.
pub(in super::super) struct Route;

impl Route {
    /// Adds it, in the network namespace of this process, which must be the probes' own.
    pub(in super::super) fn create(program: &Program) -> Result<Self, Code> {
        // include/uapi/linux/lwtunnel.h
        const ENCAP_BPF: u16 = 6;
        const BPF_OUT: u16 = 2;
        const PROGRAM_FD: u16 = 1;
        const PROGRAM_NAME: u16 = 2;
        let create = (libc::NLM_F_CREATE | libc::NLM_F_EXCL) as u16;
        let program = program.number().to_ne_bytes();
        let request = Self::request(libc::RTM_NEWROUTE, create);
        let answer = request
            .with(libc::RTA_PREFSRC, &[127, 0, 0, 1])
            .with(libc::RTA_ENCAP_TYPE, &ENCAP_BPF.to_ne_bytes())
            .nested(libc::RTA_ENCAP | NESTED, |encap| {
                encap.nested(BPF_OUT | NESTED, |out| {
                    out.with(PROGRAM_FD, &program)
                        .with(PROGRAM_NAME, b"bpf-doctor\0")
                })
            })
            .send();
        answer.map(|()| Self)
    }

    fn request(kind: u16, flags: u16) -> Request {
        const BOOT: u8 = 3;
        // struct rtmsg
        let to = [
            libc::AF_INET as u8,
            24,
            0,
            0,
            libc::RT_TABLE_MAIN,
            BOOT,
            libc::RT_SCOPE_LINK,
            libc::RTN_UNICAST,
        ];
        Request::new(kind, flags)
            .raw(&to)
            .raw(&[0; 4])
            .with(libc::RTA_DST, &[192, 0, 2, 0])
            .with(libc::RTA_OIF, &LOOPBACK.to_ne_bytes())
    }
}

impl Drop for Route {
    fn drop(&mut self) {
        // Should it fail, the route goes with the namespace.
        let _gone = Self::request(libc::RTM_DELROUTE, 0).send();
    }
}
