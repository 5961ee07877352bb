//! What is done with many elements at once, and with a map as a whole.

use std::os::fd::AsFd as _;

use nix::errno::Errno;

use super::BPF_FOR_MAP;
use super::FIRST;
use super::SECOND;
use super::absent;
use super::compare;
use super::refused;
use crate::probes::basics::expect;
use crate::probes::bench::At;
use crate::probes::bench::Bench;
use crate::probes::bench::Trial;
use crate::probes::bench::Trouble;
use crate::probes::kinds::MapType;
use crate::probes::kinds::Shape;
use crate::probes::outcome::Stage;
use crate::probes::table::BPF;
use crate::probes::table::BPF_TO_FREEZE;
use crate::probes::table::ONE_MAP;
use crate::probes::table::Probe;

/// What this file adds to the probe table.
pub(in crate::probes) const PROBES: &[Probe] = &[
    Probe {
        id: "map-batch",
        title: "Many elements of a hash map can be written and taken at once",
        about: "Creates a HASH, writes three keys with BPF_MAP_UPDATE_BATCH and takes all of them \
                out again with BPF_MAP_LOOKUP_AND_DELETE_BATCH.",
        effects: ONE_MAP,
        area: "maps",
        since: Some("5.6"), // aa2e93b8e58e, 057996380a42
        privilege: BPF,
        stages: &[Stage::Create, Stage::Trigger, Stage::Read],
        needs: &["map-create"],
        run: batch,
    },
    Probe {
        id: "map-take",
        title: "An element of a hash map can be read and deleted in one step",
        about: "Creates a HASH, writes a key, takes it out with BPF_MAP_LOOKUP_AND_DELETE_ELEM, \
                and looks for it in vain.",
        effects: ONE_MAP,
        area: "maps",
        since: Some("5.14"), // 3e87f192b405, for hashes
        privilege: BPF,
        stages: &[Stage::Create, Stage::Trigger, Stage::Read],
        needs: &["map-create"],
        run: take,
    },
    Probe {
        id: "map-freeze",
        title: "Maps can be frozen",
        about: "Creates an array, writes and freezes it; writing it again must be refused.",
        effects: ONE_MAP,
        area: "maps",
        since: Some("5.2"), // 87df15de441b
        privilege: BPF_TO_FREEZE,
        stages: &[Stage::Create, Stage::Trigger, Stage::Read],
        needs: &["map-create"],
        run: freeze,
    },
    Probe {
        id: "map-name",
        title: "Maps can have names",
        about: "Creates an array with a name. A kernel that does not know names answers E2BIG.",
        effects: ONE_MAP,
        area: "maps",
        since: Some("4.15"), // ad5b177bd73f
        privilege: BPF,
        stages: &[Stage::Create],
        needs: &["map-create"],
        run: name,
    },
    Probe {
        id: "inner-array-any-size",
        title: "Arrays of different sizes can be in one map of maps",
        about: "Creates an ARRAY_OF_MAPS for arrays of one entry that may be of any size \
                (BPF_F_INNER_MAP), puts one of three entries into it, and sees that one without \
                that flag is refused there.",
        effects: "none: four maps, held by descriptors",
        area: "maps",
        since: Some("5.10"), // 4a8f87e60f6d
        privilege: BPF_FOR_MAP,
        stages: &[Stage::Create, Stage::Trigger],
        needs: &["map-create"],
        run: inner_array,
    },
    Probe {
        id: "stack-trace-map",
        title: "Maps of call stacks can be created",
        about: "Creates a STACK_TRACE map for stacks of 16 addresses.",
        effects: ONE_MAP,
        area: "maps",
        since: Some("4.6"), // d5a3b1f69186
        privilege: BPF_FOR_MAP,
        stages: &[Stage::Create],
        needs: &["map-create"],
        run: stack_trace,
    },
];

/// `map-batch`
fn batch(bench: &mut Bench) -> Trial {
    const COUNT: usize = 3;
    let map = bench.map(&Shape {
        entries: 8,
        ..Shape::of(MapType::Hash)
    })?;
    let keys: Vec<u8> = (1..=COUNT as u32).flat_map(u32::to_ne_bytes).collect();
    let values = [FIRST, SECOND, FIRST].concat();
    // EINVAL: before 5.6 there is no such command.
    let given = map.give_batch(&keys, &values).at(Stage::Trigger)?;
    expect("elements written at once:", given.into(), COUNT as i64)?;
    let (mut keys, mut values) = map.take_batch(8).at(Stage::Read)?;
    expect(
        "bytes of keys taken at once:",
        keys.len() as i64,
        4 * COUNT as i64,
    )?;
    // They come in any order.
    keys.sort_unstable();
    values.sort_unstable();
    let mut expected = [FIRST, SECOND, FIRST].concat();
    expected.sort_unstable();
    compare("values taken at once, sorted", &values, &expected)?;
    absent("a key after all were taken", map.next_key(None))
}

/// `map-take`
fn take(bench: &mut Bench) -> Trial {
    let map = bench.map(&Shape::of(MapType::Hash))?;
    map.update(&FIRST).at(Stage::Trigger)?;
    // ENOTSUPP or EINVAL: before 5.14 queues and stacks alone could do that.
    compare("taken", &map.take(&[]).at(Stage::Read)?, &FIRST)?;
    absent("a key that was taken", map.lookup())
}

/// `map-freeze`
fn freeze(bench: &mut Bench) -> Trial {
    let map = bench.map(&Shape::of(MapType::Array))?;
    map.update(&FIRST).at(Stage::Trigger)?;
    // EINVAL: before 5.2 there is no such command.
    map.freeze().at(Stage::Trigger)?;
    compare("a frozen map", &map.lookup().at(Stage::Read)?, &FIRST)?;
    refused("updating a frozen map", Stage::Trigger, map.update(&SECOND))
}

/// `map-name`
fn name(bench: &mut Bench) -> Trial {
    bench
        .map(&Shape {
            name: "doctor",
            ..Shape::of(MapType::Array)
        })
        .map(drop)
}

/// `inner-array-any-size`
fn inner_array(bench: &mut Bench) -> Trial {
    /// BPF_F_INNER_MAP
    const INNER_MAP: u32 = 1 << 12;
    let of_size = |entries, flags| Shape {
        entries,
        flags,
        ..Shape::of(MapType::Array)
    };
    // EINVAL: before 5.10 the flag is unknown.
    let one = bench.map(&of_size(1, INNER_MAP))?;
    let three = bench.map(&of_size(3, INNER_MAP))?;
    let plain = bench.map(&of_size(3, 0))?;
    let outer = bench.map(&Shape {
        inner: Some(&one),
        ..Shape::of(MapType::ArrayOfMaps)
    })?;
    outer.update_fd(&[], three.as_fd()).at(Stage::Trigger)?;
    match outer.update_fd(&[], plain.as_fd()) {
        Err(code) if code == Errno::EINVAL => Ok(()),
        Err(code) => Err(code).at(Stage::Trigger),
        Ok(()) => Err(Trouble::wrong(
            Stage::Trigger,
            "an array of another kind was taken as well".to_owned(),
        )),
    }
}

/// `stack-trace-map`
fn stack_trace(bench: &mut Bench) -> Trial {
    // EINVAL: without CONFIG_PERF_EVENTS, or kernel.perf_event_max_stack is below 16.
    bench
        .map(&Shape {
            value_size: 16 * 8,
            entries: 8,
            ..Shape::of(MapType::StackTrace)
        })
        .map(drop)
}
