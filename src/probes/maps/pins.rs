//! Names in a BPF file system, which keep objects when all descriptors are closed.

use std::ffi::CString;
use std::os::fd::AsRawFd as _;

use super::FIRST;
use super::compare;
use crate::probes::bench::At;
use crate::probes::bench::Bench;
use crate::probes::bench::Trial;
use crate::probes::kinds::MapType;
use crate::probes::kinds::Shape;
use crate::probes::outcome::Stage;
use crate::probes::rights::through_proc;
use crate::probes::sys;
use crate::probes::sys::Map;
use crate::probes::table::Probe;

/// What this file adds to the probe table.
pub(in crate::probes) const PROBES: &[Probe] = &[Probe {
    id: "pin",
    title: "Objects can be kept by a name in a BPF file system",
    about: "Makes a BPF file system that is mounted nowhere, pins a map in it, closes the map, \
            opens it again by its name and reads its value.",
    effects: "none: a map and a file system that no tree has, held by a descriptor",
    area: "maps",
    since: Some("5.2"), // b2197755b263 (4.4) for pins, 93766fbd2696 for file systems without a place
    privilege: "CAP_BPF, and CAP_SYS_ADMIN to make the file system",
    stages: &[
        Stage::Open,
        Stage::Create,
        Stage::Attach,
        Stage::Trigger,
        Stage::Read,
    ],
    needs: &["map-create"],
    run: pin,
}];

/// `pin`
fn pin(bench: &mut Bench) -> Trial {
    // ENODEV: the kernel has no BPF file system. EPERM: CAP_SYS_ADMIN is missing.
    let place = sys::file_system(c"bpf").at(Stage::Open)?;
    let path = format!("/proc/self/fd/{}/map", place.as_raw_fd());
    let path = CString::new(path).unwrap_or_default();
    let map = bench.map(&Shape::of(MapType::Array))?;
    map.update(&FIRST).at(Stage::Trigger)?;
    through_proc(map.pin(&path), Stage::Attach)?;
    drop(map);
    let map = Map::pinned(&path).at(Stage::Read)?;
    compare("the pinned map", &map.lookup().at(Stage::Read)?, &FIRST)
}
