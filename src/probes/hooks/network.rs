//! Programs of a network namespace: lookup of sockets, dissection of flows, netfilter, routes.

use std::io;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::net::TcpStream;
use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::time::Duration;

use super::super::bench::At;
use super::super::bench::Bench;
use super::super::bench::Trial;
use super::super::bench::Trouble;
use super::super::kinds::ProgType;
use super::super::kinds::hook;
use super::super::outcome::Stage;
use super::super::place;
use super::super::rights::through_proc;
use super::super::sys;
use super::super::sys::Link;
use super::super::sys::LinkOption;
use super::super::sys::Target;
use super::super::table::FIRES;
use super::super::table::Probe;
use super::IN_A_NETWORK;
use super::NET;
use super::counter;
use super::counter::Counter;
use super::traffic;
use super::traffic::WORDS;
use super::traffic::at;

/// What this file adds to the probe table.
pub(super) const PROBES: &[Probe] = &[
    Probe {
        id: "sk-lookup-run",
        title: "Programs choose the socket of a connection",
        about: "Attaches an SK_LOOKUP program to a network namespace of its own, connects there \
                to a port nobody listens at and reads how often the program ran.",
        effects: IN_A_NETWORK,
        area: "network",
        since: Some("5.9"), // e9ddbb7707ff
        privilege: NET,
        stages: FIRES,
        needs: &["map-create", "prog-load"],
        run: sk_lookup,
    },
    Probe {
        id: "netfilter-run",
        title: "Programs run as netfilter hooks",
        about: "Attaches a program to netfilter's hook for outgoing packets in a network \
                namespace of its own, sends a packet to itself there and reads how often the \
                program ran.",
        effects: IN_A_NETWORK,
        area: "network",
        since: Some("6.4"), // 84601d6ee68a
        privilege: NET,
        stages: FIRES,
        needs: &["map-create", "prog-load"],
        run: netfilter,
    },
    Probe {
        id: "lwt-run",
        title: "Programs run on packets of a route",
        about: "Adds a route with a program (encap bpf) in a network namespace of its own, sends \
                a packet along it and reads how often the program ran.",
        effects: "none: a network namespace of the probes' own, and in it one route, one map and \
                  one program",
        area: "network",
        since: Some("4.10"), // 3a0af8fd61f9
        privilege: NET,
        stages: FIRES,
        needs: &["map-create", "prog-load"],
        run: lwt,
    },
    Probe {
        id: "flow-dissector-run",
        title: "Programs dissect flows",
        about: "Attaches a flow dissector to a network namespace of its own, has a program of a \
                route there ask for the hash of a packet's flow, and reads how often the \
                dissector ran.",
        effects: "none: a network namespace of the probes' own, and in it one route, one map and \
                  two programs",
        area: "network",
        since: Some("4.20"), // d58e468b1112
        privilege: NET,
        stages: FIRES,
        needs: &["lwt-run"],
        run: flow_dissector,
    },
];

/// `sk-lookup-run`
fn sk_lookup(bench: &mut Bench) -> Trial {
    const PASS: i32 = 1;
    let hook = hook::SK_LOOKUP;
    let counter = Counter::create(bench)?;
    let program = counter.program(bench, ProgType::SkLookup, hook, PASS)?;
    bench.place().network()?;
    let network = through_proc(place::this_network(), Stage::Attach)?;
    let target = Target::Fd(network.as_fd());
    let _link = Link::create(&program, target, hook, 0, &[]).at(Stage::Attach)?;
    let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    // Refused, as it should be, or not answered; the program was asked before.
    if let Err(error) = TcpStream::connect_timeout(&nobody, Duration::from_secs(1))
        && !matches!(
            error.kind(),
            io::ErrorKind::ConnectionRefused | io::ErrorKind::TimedOut
        )
    {
        at(Err(error), Stage::Trigger)?;
    }
    counter.expect_run("a connection to a port nobody listens at")
}

/// `netfilter-run`
fn netfilter(bench: &mut Bench) -> Trial {
    const ACCEPT: i32 = 1;
    let hook = hook::NETFILTER;
    let counter = Counter::create(bench)?;
    let program = counter.program(bench, ProgType::Netfilter, hook, ACCEPT)?;
    bench.place().network()?;
    let ipv4_local_out = [
        (LinkOption::BtfIdOrFamily, libc::NFPROTO_IPV4 as u32),
        (LinkOption::NetfilterHook, libc::NF_INET_LOCAL_OUT as u32),
        (LinkOption::NetfilterPriority, 1),
    ];
    // EINVAL: without CONFIG_NETFILTER_BPF_LINK.
    let link = Link::create(&program, Target::Own, hook, 0, &ipv4_local_out);
    let _link = link.at(Stage::Attach)?;
    at(traffic::packet(), Stage::Trigger)?;
    counter.expect_run("an outgoing packet")
}

/// `lwt-run`
fn lwt(bench: &mut Bench) -> Trial {
    let counter = Counter::create(bench)?;
    const OK: i32 = 0;
    let program = counter.program(bench, ProgType::LwtOut, 0, OK)?;
    bench.place().network()?;
    // EOPNOTSUPP: without CONFIG_LWTUNNEL_BPF.
    let route = place::Route::create(&program).at(Stage::Attach)?;
    at(along_the_route(), Stage::Trigger)?;
    drop(route);
    counter.expect_run("a packet along its route")
}

/// `flow-dissector-run`
fn flow_dissector(bench: &mut Bench) -> Trial {
    let counter = Counter::create(bench)?;
    const OK: i32 = 0;
    let hook = hook::FLOW_DISSECTOR;
    let dissector = counter.program(bench, ProgType::FlowDissector, 0, OK)?;
    let asker = Counter::create(bench)?;
    let asker = asker.program_that(bench, ProgType::LwtOut, 0, &counter::ask_for_hash())?;
    bench.place().network()?;
    // EEXIST: one at the first network namespace works for all of them and allows no other.
    sys::attach_here(&dissector, hook).at(Stage::Attach)?;
    let run = place::Route::create(&asker)
        .at(Stage::Trigger)
        .and_then(|_route| at(along_the_route(), Stage::Trigger))
        .and_then(|()| counter.expect_run("a packet whose flow was asked for"));
    // Else it would stay as long as the namespace.
    let detached: Result<(), Trouble> = sys::detach_here(&dissector, hook).at(Stage::Attach);
    run.and(detached)
}

/// Sends a packet to the network of [`place::Route`]. Nobody gets it.
fn along_the_route() -> io::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket
        .send_to(WORDS, (Ipv4Addr::new(192, 0, 2, 1), 9))
        .map(drop)
}
