//! Maps without keys.

use super::BPF_FOR_MAP;
use super::FIRST;
use super::SECOND;
use super::absent;
use super::compare;
use crate::probes::bench::At;
use crate::probes::bench::Bench;
use crate::probes::bench::Trial;
use crate::probes::kinds::MapType;
use crate::probes::kinds::Shape;
use crate::probes::outcome::Stage;
use crate::probes::table::ONE_MAP;
use crate::probes::table::Probe;

/// What this file adds to the probe table.
pub(in crate::probes) const PROBES: &[Probe] = &[
    Probe {
        id: "queue-map",
        title: "Queues work",
        about: "Creates a QUEUE, puts two values into it, looks at the first one and takes both \
                out, the first one first.",
        effects: ONE_MAP,
        area: "maps",
        since: Some("4.20"), // f1a2e44a3aec
        privilege: BPF_FOR_MAP,
        stages: &[Stage::Create, Stage::Trigger, Stage::Read],
        needs: &["map-create"],
        run: queue,
    },
    Probe {
        id: "stack-map",
        title: "Stacks work",
        about: "As queue-map, with a STACK, from which the last value comes first.",
        effects: ONE_MAP,
        area: "maps",
        since: Some("4.20"), // f1a2e44a3aec
        privilege: BPF_FOR_MAP,
        stages: &[Stage::Create, Stage::Trigger, Stage::Read],
        needs: &["map-create"],
        run: stack,
    },
    Probe {
        id: "bloom-filter-map",
        title: "Bloom filters work",
        about: "Creates a BLOOM_FILTER, adds a value, and asks for it and for another one.",
        effects: ONE_MAP,
        area: "maps",
        since: Some("5.16"), // 9330986c0300
        privilege: BPF_FOR_MAP,
        stages: &[Stage::Create, Stage::Trigger, Stage::Read],
        needs: &["map-create"],
        run: bloom_filter,
    },
];

/// `queue-map`
fn queue(bench: &mut Bench) -> Trial {
    in_order(bench, MapType::Queue, [&FIRST, &SECOND])
}

/// `stack-map`
fn stack(bench: &mut Bench) -> Trial {
    in_order(bench, MapType::Stack, [&SECOND, &FIRST])
}

fn in_order(bench: &mut Bench, of: MapType, order: [&[u8; 4]; 2]) -> Trial {
    let map = bench.map(&Shape {
        key_size: 0,
        entries: 2,
        ..Shape::of(of)
    })?;
    map.update(&FIRST).at(Stage::Trigger)?;
    map.update(&SECOND).at(Stage::Trigger)?;
    let [first, second] = order;
    compare("looked at", &map.lookup().at(Stage::Read)?, first)?;
    compare("taken first", &map.take(&[]).at(Stage::Read)?, first)?;
    compare("taken second", &map.take(&[]).at(Stage::Read)?, second)?;
    absent("a third value", map.take(&[]))
}

/// `bloom-filter-map`
fn bloom_filter(bench: &mut Bench) -> Trial {
    let map = bench.map(&Shape {
        key_size: 0,
        // So many that another value is not taken for the one that is there.
        entries: 512,
        ..Shape::of(MapType::BloomFilter)
    })?;
    map.update(&FIRST).at(Stage::Trigger)?;
    map.has(&FIRST).at(Stage::Read)?;
    // The filter may be wrong about a value, but hardly about all of these.
    let found = (0..8_u32).find(|value| map.has(&value.to_ne_bytes()).is_err());
    match found {
        Some(value) => absent("a value never added", map.has(&value.to_ne_bytes())),
        None => absent("each of eight values never added", Ok(())),
    }
}
