//! Maps that hold maps, and maps that hold programs.

use std::os::fd::AsFd as _;

use super::FIRST;
use super::compare;
use super::filter;
use super::find;
use crate::probes::basics::expect;
use crate::probes::bench::At;
use crate::probes::bench::Bench;
use crate::probes::bench::Trial;
use crate::probes::bench::Trouble;
use crate::probes::insn::Code;
use crate::probes::insn::Insn;
use crate::probes::insn::Reg;
use crate::probes::insn::Size;
use crate::probes::insn::When;
use crate::probes::kinds::MapType;
use crate::probes::kinds::ProgType;
use crate::probes::kinds::Shape;
use crate::probes::kinds::helper;
use crate::probes::outcome::Stage;
use crate::probes::sys::Map;
use crate::probes::table::BPF;
use crate::probes::table::Probe;
use crate::probes::table::RUNS;

/// What this file adds to the probe table.
pub(in crate::probes) const PROBES: &[Probe] = &[
    Probe {
        id: "array-of-maps",
        title: "Arrays of maps work",
        about: "Creates an ARRAY_OF_MAPS, puts a hash map into it, and has a program find a key \
                of that map through it.",
        effects: "none: two maps and a program, held by descriptors",
        area: "maps",
        since: Some("4.12"), // 56f668dfe00d
        privilege: BPF,
        stages: RUNS,
        needs: &["hash-map"],
        run: array_of_maps,
    },
    Probe {
        id: "hash-of-maps",
        title: "Hash maps of maps work",
        about: "As array-of-maps, with a HASH_OF_MAPS.",
        effects: "none: two maps and a program, held by descriptors",
        area: "maps",
        since: Some("4.12"), // bcc6b1b7ebf8
        privilege: BPF,
        stages: RUNS,
        needs: &["hash-map"],
        run: hash_of_maps,
    },
    Probe {
        id: "tail-call",
        title: "Programs can go on in another program",
        about: "Creates a PROG_ARRAY with a program that returns 42, and runs one that goes on \
                there.",
        effects: "none: a map and two programs, held by descriptors",
        area: "maps",
        since: Some("4.2"), // 04fd61ab36ec
        privilege: BPF,
        stages: RUNS,
        needs: &["map-create", "prog-run"],
        run: tail_call,
    },
];

/// The key of the inner map that is looked for.
const KEY: u32 = 5;

/// `array-of-maps`
fn array_of_maps(bench: &mut Bench) -> Trial {
    through(bench, MapType::ArrayOfMaps)
}

/// `hash-of-maps`
fn hash_of_maps(bench: &mut Bench) -> Trial {
    through(bench, MapType::HashOfMaps)
}

/// A program finds a key of a map that is in another map.
fn through(bench: &mut Bench, of: MapType) -> Trial {
    let inner = bench.map(&Shape::of(MapType::Hash))?;
    inner
        .update_at(&KEY.to_ne_bytes(), &FIRST, 0)
        .at(Stage::Trigger)?;
    let outer = bench.map(&Shape {
        inner: Some(&inner),
        ..Shape::of(of)
    })?;
    outer.update_fd(&[], inner.as_fd()).at(Stage::Trigger)?;
    let code = find(&outer, 0)
        .copy(Reg::R1, Reg::R0)
        .on_stack(Reg::R2, -4, KEY as i32)
        .call(helper::MAP_LOOKUP_ELEM)
        .jump_when(When::NotEqual, Reg::R0, 0, 2)
        .exit_with(0)
        .load(Size::U32, Reg::R0, Reg::R0, 0)
        .exit();
    let found = filter(bench, &code)?;
    compare("found in the inner map", &found.to_ne_bytes(), &FIRST)
}

/// `tail-call`
fn tail_call(bench: &mut Bench) -> Trial {
    let map = targets(bench)?;
    let answer = filter(bench, &goes_on(&map))?;
    expect("the programs returned", answer.into(), ANSWER.into())
}

/// What the program returns in which others go on.
pub(in crate::probes) const ANSWER: i32 = 42;

/// A map with the program in which others go on.
pub(in crate::probes) fn targets(bench: &mut Bench) -> Result<Map, Trouble> {
    let target = [Insn::set(Reg::R0, ANSWER), Insn::exit()];
    let target = bench.program(ProgType::SocketFilter, &target)?;
    let map = bench.map(&Shape::of(MapType::ProgArray))?;
    map.update_fd(&[], target.as_fd()).at(Stage::Trigger)?;
    // Lives on in the map.
    Ok(map)
}

/// Goes on in the first program of a map; returns 7 where there is none.
pub(in crate::probes) fn goes_on(map: &Map) -> Code {
    Code::new()
        .map(Reg::R2, map)
        .set(Reg::R3, 0)
        .call(helper::TAIL_CALL)
        .exit_with(7)
}
