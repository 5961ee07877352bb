//! What one socket says, redirected to another through a map of sockets.

use std::net::TcpStream;
use std::os::fd::AsFd;

use super::super::bench::At;
use super::super::bench::Bench;
use super::super::bench::Trial;
use super::super::bench::Trouble;
use super::super::call::TALK;
use super::super::kinds::MapType;
use super::super::kinds::ProgType;
use super::super::kinds::Shape;
use super::super::kinds::helper;
use super::super::kinds::hook;
use super::super::outcome::Stage;
use super::super::sys;
use super::super::sys::Map;
use super::super::sys::Program;
use super::super::table::FIRES;
use super::super::table::Probe;
use super::CGROUP;
use super::LOOPBACK;
use super::SOCKETS;
use super::counter;
use super::counter::Counter;
use super::target;
use super::traffic;
use super::traffic::Connection;
use super::traffic::at;

/// What this file adds to the probe table.
pub(super) const PROBES: &[Probe] = &[
    Probe {
        id: "sockhash-redirect",
        title: "Messages are redirected between sockets (sk_msg)",
        about: "Opens two TCP connections to itself, puts an end of each into a SOCKHASH with an \
                SK_MSG program that redirects, says something at the first and hears it at the \
                second.",
        effects: LOOPBACK,
        area: "sockets",
        since: Some("4.18"), // 81110384441a
        privilege: SOCKETS,
        stages: FIRES,
        needs: &["map-create", "prog-load", "sockhash-create"],
        run: sk_msg,
    },
    Probe {
        id: "stream-parser-run",
        title: "Stream parsers and verdicts run and redirect (sk_skb)",
        about: "Opens two TCP connections to itself, puts an end of each into a SOCKHASH with a \
                stream parser and a stream verdict that redirects, says something at one end of \
                the first and hears it at one end of the second.",
        effects: LOOPBACK,
        area: "sockets",
        since: Some("4.18"), // 81110384441a
        privilege: SOCKETS,
        stages: FIRES,
        needs: &["map-create", "prog-load", "sockhash-create"],
        run: sk_skb,
    },
];

/// What needs a cgroup besides.
pub(super) const IN_CGROUPS: &[Probe] = &[Probe {
    id: "sockops-redirect",
    title: "Connections of a cgroup are redirected past TCP (sockops and sk_msg)",
    about: "Attaches a sockops program to a cgroup of its own that puts the sockets of a new \
                TCP connection into a SOCKHASH, opens one to itself, and has an SK_MSG program \
                redirect what is said there to a socket of another connection. This is how \
                service meshes shorten the way between two programs of a host.",
    effects: "for its time a cgroup below the doctor's own, as cgroup-attach; two connections \
                  to itself on the loopback device; maps and programs held by descriptors",
    area: "sockets",
    since: Some("4.18"), // 81110384441a
    privilege: CGROUP,
    stages: FIRES,
    needs: &["cgroup-sockops-run", "sockhash-create"],
    run: sockops,
}];

/// BPF_F_INGRESS: into what the socket reads, rather than what it sends.
const INGRESS: i32 = 1;

/// Keys of the sockets: those of the connection that speaks, and the one that is to hear it.
const SPEAKER: u32 = 0;
const LISTENER: u32 = 2;

fn sockhash(bench: &mut Bench) -> Result<Map, Trouble> {
    bench.map(&Shape {
        entries: 3,
        ..Shape::of(MapType::Sockhash)
    })
}

fn put(sockets: &Map, key: u32, socket: &TcpStream) -> Trial {
    sockets
        .update_fd(&key.to_ne_bytes(), socket.as_fd())
        .at(Stage::Attach)
}

/// An SK_MSG program that sends all that is said to the listener, attached to a map.
fn redirector(bench: &mut Bench, counter: &Counter, sockets: &Map) -> Result<Program, Trouble> {
    let hook = hook::SK_MSG_VERDICT;
    let code = counter::redirect(helper::MSG_REDIRECT_HASH, sockets, LISTENER as i32, INGRESS);
    let program = counter.program_that(bench, ProgType::SkMsg, 0, &code)?;
    sys::attach(sockets.as_fd(), &program, hook, 0).at(Stage::Attach)?;
    Ok(program)
}

/// `sockhash-redirect`
fn sk_msg(bench: &mut Bench) -> Trial {
    let counter = Counter::create(bench)?;
    let sockets = sockhash(bench)?;
    let _program = redirector(bench, &counter, &sockets)?;
    traffic::somewhere(bench)?;
    let speaker = at(Connection::open(), Stage::Trigger)?;
    let listener = at(Connection::open(), Stage::Trigger)?;
    put(&sockets, SPEAKER, &speaker.near)?;
    put(&sockets, LISTENER, &listener.far)?;
    traffic::say(&speaker.near)?;
    heard(&counter, &listener.far)
}

/// `stream-parser-run`
fn sk_skb(bench: &mut Bench) -> Trial {
    let of = ProgType::SkSkb;
    let counter = Counter::create(bench)?;
    let sockets = sockhash(bench)?;
    // The parser tells the length of a message, here of all there is.
    let uncounted = Counter::create(bench)?;
    let parser = uncounted.program_that(bench, of, 0, &counter::length())?;
    // Out of the listener's other end, as if it had been said there.
    let code = counter::redirect(helper::SK_REDIRECT_HASH, &sockets, LISTENER as i32, 0);
    let verdict = counter.program_that(bench, of, 0, &code)?;
    // EOPNOTSUPP: from 5.13 on without CONFIG_BPF_STREAM_PARSER.
    for (program, hook) in [
        (&parser, hook::SK_SKB_STREAM_PARSER),
        (&verdict, hook::SK_SKB_STREAM_VERDICT),
    ] {
        sys::attach(sockets.as_fd(), program, hook, 0).at(Stage::Attach)?;
    }
    traffic::somewhere(bench)?;
    let speaker = at(Connection::open(), Stage::Trigger)?;
    let listener = at(Connection::open(), Stage::Trigger)?;
    put(&sockets, LISTENER, &listener.near)?;
    put(&sockets, SPEAKER, &speaker.far)?;
    traffic::say(&speaker.near)?;
    uncounted.expect_run("what its socket received")?;
    heard(&counter, &listener.far)
}

/// `sockops-redirect`
fn sockops(bench: &mut Bench) -> Trial {
    let hook = hook::CGROUP_SOCK_OPS;
    let counter = Counter::create(bench)?;
    let sockets = sockhash(bench)?;
    let _redirector = redirector(bench, &counter, &sockets)?;
    let uncounted = Counter::create(bench)?;
    let code = counter::register(&sockets);
    let register = uncounted.program_that(bench, ProgType::SockOps, 0, &code)?;
    let cgroup = target::own(bench)?;
    // Before the program is attached: this one is put into the map from outside.
    let listener = traffic::reached(bench, TALK, Connection::open)?;
    put(&sockets, LISTENER, &listener.far)?;
    let _attached = target::attached(register, cgroup, hook)?;
    let speaker = traffic::reached(bench, TALK, Connection::open)?;
    uncounted.expect_run("a new connection")?;
    traffic::say(&speaker.near)?;
    heard(&counter, &listener.far)
}

/// Works where the program ran and what was said came out where it was to.
fn heard(counter: &Counter, end: &TcpStream) -> Trial {
    counter.expect_run("what was said at its socket")?;
    if traffic::is_heard(end)? {
        return Ok(());
    }
    Err(Trouble::wrong(
        Stage::Read,
        "the program ran, and nothing came out where it redirected to".to_owned(),
    ))
}
