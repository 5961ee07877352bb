//! Maps through which programs send packets on: to devices, processors and sockets.

use super::BPF_FOR_MAP;
use super::MAP_AND_PROGRAM;
use super::compare;
use crate::probes::basics::PACKET;
use crate::probes::basics::expect;
use crate::probes::bench::At;
use crate::probes::bench::Bench;
use crate::probes::bench::Trial;
use crate::probes::insn::Code;
use crate::probes::insn::Reg;
use crate::probes::kinds::MapType;
use crate::probes::kinds::ProgType;
use crate::probes::kinds::Shape;
use crate::probes::outcome::Stage;
use crate::probes::sys::Map;
use crate::probes::table::BPF_AND_NET;
use crate::probes::table::Probe;
use crate::probes::table::RUNS;

/// What this file adds to the probe table.
pub(in crate::probes) const PROBES: &[Probe] = &[
    Probe {
        id: "devmap",
        title: "XDP programs can pick a device to send a packet to (DEVMAP)",
        about: "Creates a DEVMAP with the loopback device of the probe's network namespace, and \
                runs an XDP program for a test that picks it; no packet is sent.",
        effects: "none: a map, which holds the loopback device while it exists, and a program, \
                  held by descriptors",
        area: "maps",
        since: Some("4.14"), // 546ac1ffb70d
        privilege: BPF_AND_NET,
        stages: RUNS,
        needs: &["map-create", "prog-run"],
        run: devmap,
    },
    Probe {
        id: "devmap-hash",
        title: "XDP programs can pick a device by any key (DEVMAP_HASH)",
        about: "As devmap, with a DEVMAP_HASH.",
        effects: "none: a map, which holds the loopback device while it exists, and a program, \
                  held by descriptors",
        area: "maps",
        since: Some("5.4"), // 6f9d451ab1a3
        privilege: BPF_AND_NET,
        stages: RUNS,
        needs: &["map-create", "prog-run"],
        run: devmap_hash,
    },
    Probe {
        id: "cpumap",
        title: "XDP programs that use a map of processors are taken (CPUMAP)",
        about: "Creates a CPUMAP and loads an XDP program that uses it. It stays empty: each \
                processor in it would take a kernel thread.",
        effects: MAP_AND_PROGRAM,
        area: "maps",
        since: Some("4.15"), // 6710e1126934
        privilege: BPF_AND_NET,
        stages: &[Stage::Create, Stage::Load],
        needs: &["map-create", "prog-run"],
        run: cpumap,
    },
    Probe {
        id: "xskmap",
        title: "XDP programs that use a map of AF_XDP sockets are taken (XSKMAP)",
        about: "Creates an XSKMAP and loads an XDP program that uses it; no socket is put into it.",
        effects: MAP_AND_PROGRAM,
        area: "maps",
        since: Some("4.18"), // fbfc504a24f5, with CONFIG_XDP_SOCKETS
        privilege: BPF_AND_NET,
        stages: &[Stage::Create, Stage::Load],
        needs: &["map-create", "prog-run"],
        run: xskmap,
    },
    Probe {
        id: "reuseport-sockarray",
        title: "Programs that use a map of sockets of one port are taken (REUSEPORT_SOCKARRAY)",
        about: "Creates a REUSEPORT_SOCKARRAY and loads an SK_REUSEPORT program that picks from \
                it; no socket is put into it.",
        effects: MAP_AND_PROGRAM,
        area: "maps",
        since: Some("4.19"), // 5dc4c4b7d4e8
        privilege: BPF_FOR_MAP,
        stages: &[Stage::Create, Stage::Load],
        needs: &["map-create"],
        run: reuseport_sockarray,
    },
];

/// What XDP programs say to be done with a packet.
const XDP_REDIRECT: i64 = 4;
/// The index of the loopback device in each network namespace.
const LOOPBACK: u32 = 1;

/// BPF_FUNC_redirect_map
const REDIRECT_MAP: i32 = 51;
/// BPF_FUNC_sk_select_reuseport
const SK_SELECT_REUSEPORT: i32 = 82;

/// `devmap`
fn devmap(bench: &mut Bench) -> Trial {
    to_loopback(bench, MapType::Devmap)
}

/// `devmap-hash`
fn devmap_hash(bench: &mut Bench) -> Trial {
    to_loopback(bench, MapType::DevmapHash)
}

/// An XDP program picks the loopback device.
fn to_loopback(bench: &mut Bench, of: MapType) -> Trial {
    let map = bench.map(&Shape::of(of))?;
    let device = LOOPBACK.to_ne_bytes();
    map.update(&device).at(Stage::Trigger)?;
    compare("the device", &map.lookup().at(Stage::Read)?, &device)?;
    let program = bench.program(ProgType::Xdp, &sends_to(&map))?;
    let answer = program.test_run(&PACKET).at(Stage::Trigger)?;
    expect(
        "the program says of the packet",
        answer.into(),
        XDP_REDIRECT,
    )
}

/// `cpumap`
fn cpumap(bench: &mut Bench) -> Trial {
    let map = bench.map(&Shape::of(MapType::Cpumap))?;
    bench.program(ProgType::Xdp, &sends_to(&map)).map(drop)
}

/// `xskmap`
fn xskmap(bench: &mut Bench) -> Trial {
    // EINVAL: without CONFIG_XDP_SOCKETS.
    let map = bench.map(&Shape::of(MapType::Xskmap))?;
    bench.program(ProgType::Xdp, &sends_to(&map)).map(drop)
}

/// An XDP program that sends each packet to the first place of a map.
fn sends_to(map: &Map) -> Code {
    Code::new()
        .map(Reg::R1, map)
        .set(Reg::R2, 0)
        .set(Reg::R3, 0)
        .call(REDIRECT_MAP)
        .exit()
}

/// `reuseport-sockarray`
fn reuseport_sockarray(bench: &mut Bench) -> Trial {
    let map = bench.map(&Shape::of(MapType::ReuseportSockarray))?;
    let code = Code::new()
        .copy(Reg::R6, Reg::R1)
        .on_stack(Reg::R3, -4, 0)
        .copy(Reg::R1, Reg::R6)
        .map(Reg::R2, &map)
        .set(Reg::R4, 0)
        .call(SK_SELECT_REUSEPORT)
        .exit_with(1);
    bench.program(ProgType::SkReuseport, &code).map(drop)
}
