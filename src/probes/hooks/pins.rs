//! Objects that outlive their descriptors by a name in a bpf file system.

use super::super::bench::At;
use super::super::bench::Bench;
use super::super::bench::Trial;
use super::super::bench::Trouble;
use super::super::kinds::MapType;
use super::super::kinds::Shape;
use super::super::outcome::Stage;
use super::super::sys::Map;
use super::super::table::Probe;

/// What this file adds to the probe table.
pub(super) const PROBES: &[Probe] = &[Probe {
    id: "bpffs-pin",
    title: "Maps can be pinned and opened again",
    about: "Mounts a bpf file system in a mount namespace of its own, pins a map there, closes \
            it, opens it by its name and finds what was written before.",
    effects: "none: a mount namespace of the probes' own, a bpf file system that only it sees, \
              and in that one map",
    area: "mounts",
    since: Some("4.4"), // b2197755b263
    privilege: "CAP_BPF (before 5.8: CAP_SYS_ADMIN), and CAP_SYS_ADMIN for a mount namespace of \
                its own",
    stages: &[Stage::Create, Stage::Attach, Stage::Trigger, Stage::Read],
    needs: &["map-create"],
    run: pin,
}];

/// Something to find again.
const MARK: [u8; 4] = *b"mark";

/// `bpffs-pin`
fn pin(bench: &mut Bench) -> Trial {
    let path = bench.place().in_bpffs("bpf-doctor")?;
    let map = bench.map(&Shape::of(MapType::Array))?;
    map.update(&MARK).at(Stage::Trigger)?;
    map.pin(&path).at(Stage::Attach)?;
    drop(map);
    let again = Map::pinned(&path).at(Stage::Read);
    // What is pinned goes with the mount; the name should be free for the next one all the same.
    let _with_the_mount = nix::unistd::unlink(path.as_c_str());
    let found = again?.lookup().at(Stage::Read)?;
    if found == MARK {
        return Ok(());
    }
    Err(Trouble::wrong(
        Stage::Read,
        format!("the map that was opened again holds {found:?} instead of {MARK:?}"),
    ))
}
