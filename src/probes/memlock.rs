//! Whether the kernel charges BPF memory to RLIMIT_MEMLOCK, as it did before 5.11.

use nix::errno::Errno;
use nix::sys::resource;
use nix::sys::resource::RLIM_INFINITY;
use nix::sys::resource::Resource;

use super::bench::Bench;
use super::bench::Trial;
use super::bench::Trouble;
use super::errno::Code;
use super::maps;
use super::outcome::Stage;
use super::passed;
use super::sys::Map;
use super::table::BPF;
use super::table::Probe;

/// What this file adds to the probe table.
pub(super) const PROBES: &[Probe] = &[Probe {
    id: "memlock-charge",
    title: "BPF memory is not bounded by RLIMIT_MEMLOCK",
    about: "Creates the map of map-create under a limit of 0 bytes: EPERM says that the \
                kernel charges BPF memory to the limit, which root has as well.",
    effects: "none: one map, held by a descriptor, and for its time the limit of the process \
                  that does it",
    area: "basics",
    since: Some("5.11"), // 1bc5975613ed, for arrays; its neighbours for the rest
    privilege: BPF,
    stages: &[Stage::Create],
    needs: &["map-create"],
    run: charge,
}];

/// `memlock-charge`: works where the limit does not bound BPF memory.
pub(super) fn charge(_bench: &mut Bench) -> Trial {
    // The plain map of `map-create`, on which this probe builds, could be created; so what
    // comes now is the limit's doing.
    match is_charged() {
        Ok(false) => {
            passed::note(Stage::Create);
            Ok(())
        }
        // EPERM: bpf_charge_memlock() of kernels before 5.11 found the user's locked memory
        // above the limit. It asks for no capability, so it refuses root as well.
        Ok(true) => Err(Trouble::Failed {
            stage: Stage::Create,
            errno: Some(Errno::EPERM.into()),
            remark: "a map that can be created otherwise was refused under a limit of 0 bytes"
                .to_owned(),
        }),
        Err(code) => Err(Trouble::Skipped(format!(
            "the limit can't be tried: {code}"
        ))),
    }
}

/// Creates a map under a limit of 0 bytes of our own, and puts the limit back.
pub(super) fn is_charged() -> Result<bool, Code> {
    let (soft, hard) = resource::getrlimit(Resource::RLIMIT_MEMLOCK)?;
    resource::setrlimit(Resource::RLIMIT_MEMLOCK, 0, hard)?;
    let answer = Map::create(&maps::PLAIN);
    resource::setrlimit(Resource::RLIMIT_MEMLOCK, soft, hard)?;
    match answer {
        Ok(_map) => Ok(false),
        Err(code) if code == Errno::EPERM => Ok(true),
        Err(code) => Err(code),
    }
}

/// Raises this process's limit as far as it may be raised, so that BPF memory fits under it
/// where it is charged; whether it is no limit any more. That of the doctor itself stays as it was.
pub(super) fn raise() -> bool {
    // Only CAP_SYS_RESOURCE may raise the hard limit; without it, what it allows must do.
    if resource::setrlimit(Resource::RLIMIT_MEMLOCK, RLIM_INFINITY, RLIM_INFINITY).is_ok() {
        return true;
    }
    if let Ok((_soft, hard)) = resource::getrlimit(Resource::RLIMIT_MEMLOCK) {
        let _bounded = resource::setrlimit(Resource::RLIMIT_MEMLOCK, hard, hard);
    }
    false
}
