//! Programs at network devices: XDP and traffic control.

use std::io;
use std::net::Ipv4Addr;
use std::net::UdpSocket;
use std::os::fd::AsFd;

use libbpf_rs::TC_INGRESS;
use libbpf_rs::TcHookBuilder;
use libbpf_rs::Xdp;
use libbpf_rs::XdpFlags;
use nix::sys::socket;
use nix::sys::socket::sockopt;

use super::super::bench::At;
use super::super::bench::Bench;
use super::super::bench::Trial;
use super::super::bench::Trouble;
use super::super::filters;
use super::super::kinds::ProgType;
use super::super::kinds::hook;
use super::super::outcome::Stage;
use super::super::place;
use super::super::place::Pair;
use super::super::sys::Link;
use super::super::sys::Target;
use super::super::table::FIRES;
use super::super::table::Probe;
use super::IN_A_NETWORK;
use super::NET;
use super::counter::Counter;
use super::traffic;
use super::traffic::WORDS;
use super::traffic::at;

/// What this file adds to the probe table.
pub(super) const PROBES: &[Probe] = &[Probe {
    id: "xdp-generic-run",
    title: "XDP programs run on any device (generic mode)",
    about: "Attaches an XDP program in generic mode to the loopback device of a network \
                namespace of its own, sends a packet there and reads how often the program ran.",
    effects: IN_A_NETWORK,
    area: "network",
    since: Some("4.12"), // b5cdae3291f7
    privilege: NET,
    stages: FIRES,
    needs: &["map-create", "prog-load"],
    run: xdp_generic,
}];

/// What is attached by a link, or through traffic control.
pub(super) const LINKS: &[Probe] = &[
    Probe {
        id: "xdp-link-run",
        title: "XDP programs can be attached by links",
        about: "As xdp-generic-run, attached by a BPF link, which goes with its owner.",
        effects: IN_A_NETWORK,
        area: "network",
        since: Some("5.9"), // aa8d3a716b59
        privilege: NET,
        stages: FIRES,
        needs: &["map-create", "prog-load"],
        run: xdp_link,
    },
    Probe {
        id: "tc-clsact-run",
        title: "Programs run as traffic filters (clsact)",
        about: "Adds the clsact queueing discipline to the loopback device of a network namespace \
                of its own, and a program to its ingress as a filter; sends a packet there and \
                reads how often the program ran.",
        effects: "none: a network namespace of the probes' own, and in it one queueing \
                  discipline, one filter, one map and one program; where a module for them is \
                  not loaded, it is not tried",
        area: "network",
        since: Some("4.5"), // 1f211a1b929c
        privilege: NET,
        stages: FIRES,
        needs: &["map-create", "prog-load"],
        run: tc_clsact,
    },
    Probe {
        id: "tcx-run",
        title: "Programs run as traffic filters by links (tcx)",
        about: "Attaches a program by a link to the ingress of the loopback device of a network \
                namespace of its own, sends a packet there and reads how often the program ran.",
        effects: IN_A_NETWORK,
        area: "network",
        since: Some("6.6"), // e420bed02507
        privilege: NET,
        stages: FIRES,
        needs: &["map-create", "prog-load"],
        run: tcx,
    },
];

/// What needs a pair of devices.
pub(super) const PAIRS: &[Probe] = &[Probe {
    id: "xdp-native-run",
    title: "XDP programs run in a device driver (native mode, on veth)",
    about: "Makes two joined veth devices in a network namespace of its own, attaches an XDP \
                program to the driver of one, sends a packet to it from the other and reads how \
                often the program ran. It speaks of the kernel and of veth, not of network cards.",
    effects: "none: a network namespace of the probes' own, and in it two veth devices, one \
                  map and one program; where veth is a module that is not loaded, it is not tried",
    area: "network",
    since: Some("4.19"), // 948d4f214fde
    privilege: NET,
    stages: FIRES,
    needs: &["map-create", "prog-load"],
    run: xdp_native,
}];

/// What needs a pair of another kind.
pub(super) const NETKIT: &[Probe] = &[Probe {
    id: "netkit-run",
    title: "Programs run in netkit devices",
    about: "Makes two joined netkit devices in a network namespace of its own, attaches a \
                program to one by a link, sends a packet through it and reads how often the \
                program ran.",
    effects: "none: a network namespace of the probes' own, and in it two netkit devices, one \
                  map and one program",
    area: "network",
    since: Some("6.7"), // 35dfaad7188c
    privilege: NET,
    stages: FIRES,
    needs: &["map-create", "prog-load"],
    run: netkit,
}];

/// XDP_PASS
const XDP_PASS: i32 = 2;
/// TCX_NEXT and TC_ACT_UNSPEC: the packet goes on.
const NEXT: i32 = -1;

/// `xdp-generic-run`
fn xdp_generic(bench: &mut Bench) -> Trial {
    let counter = Counter::create(bench)?;
    let program = counter.program(bench, ProgType::Xdp, 0, XDP_PASS)?;
    bench.place().network()?;
    let xdp = Xdp::new(program.as_fd());
    let device = place::LOOPBACK as i32;
    xdp.attach(device, XdpFlags::SKB_MODE).at(Stage::Attach)?;
    let sent = at(traffic::packet(), Stage::Trigger);
    let ran = sent.and_then(|()| counter.expect_run("a packet to its device"));
    // Else it would stay as long as the namespace, and others would find the device in use.
    xdp.detach(device, XdpFlags::SKB_MODE).at(Stage::Attach)?;
    ran
}

/// `xdp-link-run`
fn xdp_link(bench: &mut Bench) -> Trial {
    let hook = hook::XDP;
    let counter = Counter::create(bench)?;
    let program = counter.program(bench, ProgType::Xdp, 0, XDP_PASS)?;
    bench.place().network()?;
    let target = Target::Device(place::LOOPBACK);
    let _link = Link::create(&program, target, hook, 0, &[]).at(Stage::Attach)?;
    at(traffic::packet(), Stage::Trigger)?;
    counter.expect_run("a packet to its device")
}

/// `xdp-native-run`
fn xdp_native(bench: &mut Bench) -> Trial {
    let counter = Counter::create(bench)?;
    let program = counter.program(bench, ProgType::Xdp, 0, XDP_PASS)?;
    // They are the equipment here, not the question.
    let pair = bench.place().pair("veth", "VETH")?.map_err(|code| {
        Trouble::Skipped(format!(
            "no veth devices could be made to try it with: {}",
            filters::told(code)
        ))
    })?;
    let xdp = Xdp::new(program.as_fd());
    // EOPNOTSUPP: veth before 4.19.
    xdp.attach(pair.far as i32, XdpFlags::DRV_MODE)
        .at(Stage::Attach)?;
    let send = || at(through_the_pair(), Stage::Trigger);
    counter.expect_run_of("a packet to its device", send)
}

/// `tc-clsact-run`
fn tc_clsact(bench: &mut Bench) -> Trial {
    let counter = Counter::create(bench)?;
    let program = counter.program(bench, ProgType::SchedCls, 0, NEXT)?;
    let place = bench.place();
    place.network()?;
    place.has_module("sch_ingress", "NET_SCH_INGRESS")?;
    place.has_module("cls_bpf", "NET_CLS_BPF")?;
    let mut hook = TcHookBuilder::new(program.as_fd())
        .ifindex(place::LOOPBACK as i32)
        .replace(true)
        .handle(1)
        .priority(1)
        .hook(TC_INGRESS);
    // ENOENT: without CONFIG_NET_SCH_INGRESS, then without CONFIG_NET_CLS_BPF.
    hook.create().at(Stage::Attach)?;
    hook.attach().at(Stage::Attach)?;
    let sent = at(traffic::packet(), Stage::Trigger);
    let ran = sent.and_then(|()| counter.expect_run("a packet to its device"));
    hook.detach().at(Stage::Attach)?;
    ran
}

/// `tcx-run`
fn tcx(bench: &mut Bench) -> Trial {
    let counter = Counter::create(bench)?;
    let program = counter.program(bench, ProgType::SchedCls, 0, NEXT)?;
    bench.place().network()?;
    let hook = hook::TCX_INGRESS;
    let target = Target::Device(place::LOOPBACK);
    let _link = Link::create(&program, target, hook, 0, &[]).at(Stage::Attach)?;
    at(traffic::packet(), Stage::Trigger)?;
    counter.expect_run("a packet to its device")
}

/// `netkit-run`
fn netkit(bench: &mut Bench) -> Trial {
    let hook = hook::NETKIT_PRIMARY;
    let counter = Counter::create(bench)?;
    let program = counter.program(bench, ProgType::SchedCls, 0, NEXT)?;
    let pair = bench.place().pair("netkit", "NETKIT")?.at(Stage::Create)?;
    let target = Target::Device(pair.near);
    let _link = Link::create(&program, target, hook, 0, &[]).at(Stage::Attach)?;
    let send = || at(through_the_pair(), Stage::Trigger);
    counter.expect_run_of("a packet through its device", send)
}

/// Sends a packet to all there are behind the near end of the pair: to the far end alone.
fn through_the_pair() -> io::Result<()> {
    let sender = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    sender.set_broadcast(true)?;
    socket::setsockopt(&sender, sockopt::BindToDevice, &Pair::NEAR.into())?;
    sender.send_to(WORDS, (Ipv4Addr::BROADCAST, 9)).map(drop)
}
