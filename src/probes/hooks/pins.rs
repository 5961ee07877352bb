//! Objects that outlive their descriptors by a name in a bpf file system.

use libbpf_rs::libbpf_sys;

use super::super::bench::At;
use super::super::bench::Bench;
use super::super::bench::Trial;
use super::super::bench::Trouble;
use super::super::outcome::Stage;
use super::super::sys;
use super::super::sys::Table;
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
    needs: &["map-create"],
    run: pin,
}];

/// Something to find again.
const MARK: u32 = 0x0d0c_7084;

/// `bpffs-pin`
fn pin(bench: &mut Bench) -> Trial {
    let path = bench.place().in_bpffs("bpf-doctor")?;
    let map = Table::create(libbpf_sys::BPF_MAP_TYPE_ARRAY, 4, 1).at(Stage::Create)?;
    map.set(0, MARK).at(Stage::Trigger)?;
    sys::pin(map.fd(), &path).at(Stage::Attach)?;
    drop(map);
    let again = sys::pinned(&path).at(Stage::Read);
    // What is pinned goes with the mount; the name should be free for the next one all the same.
    let _with_the_mount = nix::unistd::unlink(path.as_c_str());
    match Table::of_array(again?).get(0).at(Stage::Read)? {
        MARK => Ok(()),
        other => Err(Trouble::wrong(
            Stage::Read,
            format!("the map that was opened again holds {other} instead of {MARK}"),
        )),
    }
}
