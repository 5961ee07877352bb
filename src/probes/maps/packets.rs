//! Maps through which programs send packets on: to devices, processors and sockets.

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
        title: "XDP programs can look for a processor to go on at (CPUMAP)",
        about: "Creates a CPUMAP and runs an XDP program for a test that looks for a processor \
                there, finds none, and lets the packet pass as it asked for then. The map stays \
                empty: each processor in it would take a kernel thread.",
        effects: MAP_AND_PROGRAM,
        area: "maps",
        since: Some("4.15"), // 6710e1126934; what to do where there is none: 5.3, 43e74c0267a3
        privilege: BPF_AND_NET,
        stages: RUNS,
        needs: &["map-create", "prog-run"],
        run: cpumap,
    },
    Probe {
        id: "xskmap",
        title: "XDP programs can look for an AF_XDP socket (XSKMAP)",
        about: "Creates an XSKMAP and runs an XDP program for a test that looks for a socket \
                there, finds none, and lets the packet pass as it asked for then.",
        effects: MAP_AND_PROGRAM,
        area: "maps",
        since: Some("4.18"), // fbfc504a24f5, with CONFIG_XDP_SOCKETS
        privilege: BPF_AND_NET,
        stages: RUNS,
        needs: &["map-create", "prog-run"],
        run: xskmap,
    },
];

/// What XDP programs say to be done with a packet.
const XDP_ABORTED: i64 = 0;
const XDP_PASS: i32 = 2;
const XDP_REDIRECT: i64 = 4;
/// The index of the loopback device in each network namespace.
const LOOPBACK: u32 = 1;

/// BPF_FUNC_redirect_map
const REDIRECT_MAP: i32 = 51;

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
    let program = bench.program(ProgType::Xdp, &sends_to(&map, 0))?;
    let answer = program.test_run(&PACKET).at(Stage::Trigger)?;
    expect(
        "the program says of the packet",
        answer.into(),
        XDP_REDIRECT,
    )
}

/// `cpumap`
fn cpumap(bench: &mut Bench) -> Trial {
    finds_nothing(bench, MapType::Cpumap)
}

/// `xskmap`
fn xskmap(bench: &mut Bench) -> Trial {
    // EINVAL: without CONFIG_XDP_SOCKETS.
    finds_nothing(bench, MapType::Xskmap)
}

/// An XDP program looks into an empty map, and says what it asked for where nothing is.
fn finds_nothing(bench: &mut Bench, of: MapType) -> Trial {
    let map = bench.map(&Shape::of(of))?;
    let program = bench.program(ProgType::Xdp, &sends_to(&map, XDP_PASS))?;
    let answer = program.test_run(&PACKET).at(Stage::Trigger)?;
    // Before 5.3 such programs could not say what is to be done then.
    let is_old = bench
        .rights()
        .version
        .is_none_or(|version| version < (5, 3));
    let expected = match i64::from(answer) {
        once @ (XDP_ABORTED | XDP_REDIRECT) if is_old => once,
        _ => XDP_PASS.into(),
    };
    expect("the program says of the packet", answer.into(), expected)
}

/// An XDP program that sends each packet to the first place of a map; where nothing is there, this
/// is done with it.
fn sends_to(map: &Map, otherwise: i32) -> Code {
    Code::new()
        .map(Reg::R1, map)
        .set(Reg::R2, 0)
        .set(Reg::R3, otherwise)
        .call(REDIRECT_MAP)
        .exit()
}
