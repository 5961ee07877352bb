//! Maps with keys of one's own: hashes, those that forget, those with a value for each processor,
//! and the one that finds the longest prefix.

use super::BPF_FOR_MAP;
use super::FIRST;
use super::MAP_AND_PROGRAM;
use super::SECOND;
use super::absent;
use super::compare;
use super::filter;
use super::find;
use super::program_finds;
use crate::probes::bench::At;
use crate::probes::bench::Bench;
use crate::probes::bench::Trial;
use crate::probes::bench::Trouble;
use crate::probes::insn::Reg;
use crate::probes::insn::Size;
use crate::probes::kinds::MapType;
use crate::probes::kinds::NO_PREALLOCATION;
use crate::probes::kinds::Shape;
use crate::probes::outcome::Stage;
use crate::probes::sys::Map;
use crate::probes::table::BPF;
use crate::probes::table::ONE_MAP;
use crate::probes::table::Probe;
use crate::probes::table::RUNS;

/// What this file adds to the probe table.
pub(in crate::probes) const PROBES: &[Probe] = &[
    Probe {
        id: "hash-map",
        title: "Hash maps work",
        about: "Creates a HASH, writes a key, has a program find it, walks to it, deletes it and \
                looks for it in vain.",
        effects: MAP_AND_PROGRAM,
        area: "maps",
        since: Some("3.19"), // 0f8e4bd8a1fc
        privilege: BPF,
        stages: RUNS,
        needs: &["map-create", "prog-run"],
        run: hash,
    },
    Probe {
        id: "percpu-array-map",
        title: "Arrays with a value for each processor work",
        about: "Creates a PERCPU_ARRAY; a program writes the value of the processor it runs on, \
                and bpf(2) must find it once among all values.",
        effects: MAP_AND_PROGRAM,
        area: "maps",
        since: Some("4.6"), // a10423b87a7e
        privilege: BPF,
        stages: RUNS,
        needs: &["map-create", "prog-run"],
        run: percpu_array,
    },
    Probe {
        id: "percpu-hash-map",
        title: "Hash maps with a value for each processor work",
        about: "As percpu-array-map, with a key of a PERCPU_HASH.",
        effects: MAP_AND_PROGRAM,
        area: "maps",
        since: Some("4.6"), // 824bd0ce6c7c
        privilege: BPF,
        stages: RUNS,
        needs: &["map-create", "prog-run"],
        run: percpu_hash,
    },
    Probe {
        id: "lru-hash-map",
        title: "Hash maps that forget their oldest entries work",
        about: "Creates an LRU_HASH and writes more keys than it has room for: none may be \
                refused, and a program must find the last one.",
        effects: MAP_AND_PROGRAM,
        area: "maps",
        since: Some("4.10"), // 29ba732acbee
        privilege: BPF_FOR_MAP,
        stages: RUNS,
        needs: &["map-create", "prog-run"],
        run: lru_hash,
    },
    Probe {
        id: "lru-percpu-hash-map",
        title: "Such maps with a value for each processor work",
        about: "As lru-hash-map, with an LRU_PERCPU_HASH, of which bpf(2) reads the last key.",
        effects: ONE_MAP,
        area: "maps",
        since: Some("4.10"), // 8f8449384ec3
        privilege: BPF_FOR_MAP,
        stages: &[Stage::Create, Stage::Trigger, Stage::Read],
        needs: &["map-create"],
        run: lru_percpu_hash,
    },
    Probe {
        id: "lpm-trie-map",
        title: "Maps that find the longest prefix work",
        about: "Creates an LPM_TRIE with the prefixes 10.0.0.0/8 and 10.1.0.0/16, and looks \
                three addresses up.",
        effects: ONE_MAP,
        area: "maps",
        since: Some("4.11"), // b95a5c4db09b
        privilege: BPF_FOR_MAP,
        stages: &[Stage::Create, Stage::Trigger, Stage::Read],
        needs: &["map-create"],
        run: lpm_trie,
    },
];

/// The key most of these maps are given.
const KEY: u32 = 0x0102_0304;
/// How many keys a forgetful map has room for, and is given.
const ROOM: u32 = 16;
const GIVEN: u32 = 40;

/// `hash-map`
fn hash(bench: &mut Bench) -> Trial {
    let map = bench.map(&Shape {
        entries: 2,
        ..Shape::of(MapType::Hash)
    })?;
    let key = KEY.to_ne_bytes();
    map.update_at(&key, &FIRST, 0).at(Stage::Trigger)?;
    program_finds(bench, &map, KEY, &FIRST)?;
    let walked = map.next_key(None).at(Stage::Read)?;
    compare("the first key", &walked, &key)?;
    map.delete(&key).at(Stage::Trigger)?;
    absent("a deleted key", map.lookup_at(&key))
}

/// `percpu-array-map`
fn percpu_array(bench: &mut Bench) -> Trial {
    let map = bench.map(&Shape::of(MapType::PercpuArray))?;
    one_processor_writes(bench, &map, 0)
}

/// `percpu-hash-map`
fn percpu_hash(bench: &mut Bench) -> Trial {
    let map = bench.map(&Shape::of(MapType::PercpuHash))?;
    let zeros = [0; 4];
    map.update_at(&KEY.to_ne_bytes(), &zeros, 0)
        .at(Stage::Trigger)?;
    one_processor_writes(bench, &map, KEY)
}

/// A program writes the value of its processor: bpf(2) must find it once.
fn one_processor_writes(bench: &mut Bench, map: &Map, key: u32) -> Trial {
    let code = find(map, key)
        .store_number(Size::U32, Reg::R0, 0, i32::from_ne_bytes(FIRST))
        .exit_with(1);
    filter(bench, &code)?;
    let values = map.lookup_at(&key.to_ne_bytes()).at(Stage::Read)?;
    let written = values.chunks(8).filter(|value| value.starts_with(&FIRST));
    let others = values
        .chunks(8)
        .filter(|value| value.iter().any(|b| *b != 0));
    match (written.count(), others.count()) {
        (1, 1) => Ok(()),
        (written, _) => Err(Trouble::wrong(
            Stage::Read,
            format!("what a program wrote once is there {written} times"),
        )),
    }
}

/// `lru-hash-map`
fn lru_hash(bench: &mut Bench) -> Trial {
    let map = overfull(bench, MapType::LruHash)?;
    program_finds(bench, &map, GIVEN, &FIRST)
}

/// `lru-percpu-hash-map`
fn lru_percpu_hash(bench: &mut Bench) -> Trial {
    let map = overfull(bench, MapType::LruPercpuHash)?;
    let values = map.lookup_at(&GIVEN.to_ne_bytes()).at(Stage::Read)?;
    compare("the last key", &values, &FIRST)
}

/// A map that was given more keys than it has room for, [`GIVEN`] being the last one.
fn overfull(bench: &mut Bench, of: MapType) -> Result<Map, Trouble> {
    let map = bench.map(&Shape {
        entries: ROOM,
        ..Shape::of(of)
    })?;
    for key in 1..=GIVEN {
        map.update_at(&key.to_ne_bytes(), &FIRST, 0)
            .at(Stage::Trigger)?;
    }
    Ok(map)
}

/// `lpm-trie-map`
fn lpm_trie(bench: &mut Bench) -> Trial {
    let prefix = |bits: u32, address: [u8; 4]| [bits.to_ne_bytes(), address].concat();
    // EINVAL: before 4.11, and for whoever asks for memory beforehand, on every kernel.
    let map = bench.map(&Shape {
        key_size: 8,
        entries: 2,
        flags: NO_PREALLOCATION,
        ..Shape::of(MapType::LpmTrie)
    })?;
    for (key, value) in [
        (prefix(8, [10, 0, 0, 0]), &FIRST),
        (prefix(16, [10, 1, 0, 0]), &SECOND),
    ] {
        map.update_at(&key, value, 0).at(Stage::Trigger)?;
    }
    let find = |address| map.lookup_at(&prefix(32, address));
    compare("10.2.3.4", &find([10, 2, 3, 4]).at(Stage::Read)?, &FIRST)?;
    compare("10.1.3.4", &find([10, 1, 3, 4]).at(Stage::Read)?, &SECOND)?;
    absent("11.1.3.4", find([11, 1, 3, 4]))
}
