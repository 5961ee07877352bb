//! The probe table: every experiment there is, in the order they run. Each subject's file holds
//! its rows.

use std::sync::LazyLock;

use super::basics;
use super::bench::Bench;
use super::bench::Trial;
use super::cgroup;
use super::core_read;
use super::hooks;
use super::language;
use super::maps;
use super::memlock;
use super::outcome::Stage;
use super::sockets;
use super::tracing;

/// An experiment on the running kernel.
#[derive(Debug)]
pub struct Probe {
    /// Its name in checks, reports and commands; kept for good.
    pub id: &'static str,
    /// What works where it works.
    pub title: &'static str,
    /// What it does, in words.
    pub about: &'static str,
    /// What it makes while it runs, and what else is touched; all of it is gone afterwards.
    pub effects: &'static str,
    /// What it is about.
    pub area: &'static str,
    /// The first mainline kernel on which it works, to compare with; distributions backport.
    pub since: Option<&'static str>,
    /// The privilege it takes.
    pub privilege: &'static str,
    /// The stages it passes where it works, in the order of [`Stage::ALL`].
    pub stages: &'static [Stage],
    /// The earlier probes it builds on: where one of them did not work, it is not tried.
    pub needs: &'static [&'static str],
    /// Does it.
    pub(super) run: fn(&mut Bench) -> Trial,
}

/// What creating a map or loading a program takes.
pub(super) const BPF: &str =
    "CAP_BPF (before 5.8: CAP_SYS_ADMIN), or none where kernel.unprivileged_bpf_disabled is 0";
/// What maps of sockets take besides.
pub(super) const BPF_AND_NET: &str = "CAP_BPF and CAP_NET_ADMIN (before 5.8: CAP_SYS_ADMIN)";
/// What tracing programs take.
pub(super) const TRACING: &str = "CAP_BPF and CAP_PERFMON (before 5.8: CAP_SYS_ADMIN)";
/// What commands that create nothing take.
pub(super) const NONE: &str = "none; up to 5.18 as for map-create";
/// What asking about programs at cgroups takes.
pub(super) const CGROUP: &str = "none; up to 5.18 as for map-create, and before 5.8 CAP_NET_ADMIN";
/// What freezing a map takes besides.
pub(super) const BPF_TO_FREEZE: &str = "as map-create; up to 6.4 CAP_BPF in any case";

/// The stages of what is attached and seen to run.
pub(super) const FIRES: &[Stage] = &[
    Stage::Create,
    Stage::Load,
    Stage::Attach,
    Stage::Trigger,
    Stage::Read,
];
/// The same, where a name is looked up first.
pub(super) const LOOKED_UP: &[Stage] = &[
    Stage::Open,
    Stage::Create,
    Stage::Load,
    Stage::Attach,
    Stage::Trigger,
    Stage::Read,
];
/// The stages of what is run for a test.
pub(super) const RUNS: &[Stage] = &[Stage::Create, Stage::Load, Stage::Trigger, Stage::Read];

pub(super) const NOTHING: &str = "none";
pub(super) const ONE_MAP: &str = "none: one map, held by a descriptor";
pub(super) const ONE_PROGRAM: &str = "none: one program of two instructions, held by a descriptor";

pub(super) const ONE_SMALL_PROGRAM: &str = "none: one small program, held by a descriptor";

/// All probes, in the order they run.
#[must_use]
pub fn table() -> &'static [&'static Probe] {
    &TABLE
}

/// Which probes share a process, and with it what that process makes for them: a name, a cgroup,
/// a network namespace, its copy of what was read of the kernel's BTF. Those of two lanes run side
/// by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Lane {
    /// The longest to take off again what they have attached, so they start first.
    Uprobe,
    Uretprobe,
    UprobeMulti,
    Functions,
    /// The kernel lets all processors pass for nearly every change to a device.
    Pairs,
    Links,
    Devices,
    Netkit,
    Network,
    Cgroup,
    Events,
    Prints,
    /// Whatever looks names up in the kernel's BTF.
    Types,
    Nested,
    Maps,
    Sockets,
    /// What sockets say, redirected, in a network namespace of its own.
    Streams,
    Language,
}

impl Lane {
    /// Whether the end of its process is not worth waiting for: what the kernel still does then,
    /// once for each breakpoint, is to let all tasks pass twice; nothing of the breakpoint is in
    /// anybody's memory any more.
    pub(super) fn ends_late(self) -> bool {
        matches!(self, Self::Uprobe | Self::Uretprobe | Self::UprobeMulti)
    }
}

/// In the order of the table: a probe builds on earlier ones. Those that move their process into a
/// place of its own, where it stays, are the last of their lane.
static SUBJECTS: &[(Lane, &[&[Probe]])] = &[
    (Lane::Maps, &[basics::PROBES]),
    (
        Lane::Maps,
        &[maps::data::PROBES, maps::keyed::PROBES, maps::batch::PROBES],
    ),
    (Lane::Nested, &[maps::nested::PROBES]),
    (
        Lane::Maps,
        &[
            maps::queues::PROBES,
            maps::streams::PROBES,
            maps::storage::PROBES,
            maps::packets::PROBES,
            maps::arena::PROBES,
            maps::pins::PROBES,
            memlock::PROBES,
        ],
    ),
    (Lane::Sockets, &[sockets::PROBES]),
    (Lane::Cgroup, &[cgroup::PROBES]),
    (Lane::Types, &[core_read::PROBES]),
    (
        Lane::Language,
        &[
            language::btf_kinds::PROBES,
            language::instructions::PROBES,
            language::limits::PROBES,
            language::functions::PROBES,
        ],
    ),
    (Lane::Types, &[language::kernel_functions::PROBES]),
    (
        Lane::Language,
        &[language::objects::PROBES, language::runs::PROBES],
    ),
    (Lane::Types, &[language::struct_ops::PROBES]),
    (Lane::Events, tracing::RIGHTS),
    (Lane::Functions, tracing::FUNCTIONS),
    (Lane::Uprobe, tracing::UPROBE),
    (Lane::Uretprobe, tracing::URETPROBE),
    (Lane::UprobeMulti, tracing::UPROBE_MULTI),
    (Lane::Events, tracing::EVENTS),
    (Lane::Prints, tracing::PRINTS),
    (Lane::Types, tracing::TYPES),
    (Lane::Cgroup, hooks::PINS),
    (Lane::Nested, hooks::TOKENS),
    (Lane::Network, hooks::NETWORK),
    (Lane::Devices, hooks::DEVICES),
    (Lane::Links, hooks::LINKS),
    (Lane::Pairs, hooks::PAIRS),
    (Lane::Netkit, hooks::NETKIT),
    (Lane::Streams, hooks::STREAMS),
    (Lane::Cgroup, hooks::CGROUPS),
];

static TABLE: LazyLock<Vec<&'static Probe>> = LazyLock::new(|| {
    let probes = SUBJECTS.iter().flat_map(|(_, subjects)| *subjects);
    probes.copied().flatten().collect()
});

/// The lane of a probe of the table.
pub(super) fn lane(probe: &Probe) -> Lane {
    let has = |subjects: &[&[Probe]]| {
        let mut probes = subjects.iter().copied().flatten();
        probes.any(|known| known.id == probe.id)
    };
    let found = SUBJECTS.iter().find(|(_, subjects)| has(subjects));
    found.map_or(Lane::Maps, |(lane, _)| *lane)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_unique_kebab_case_and_told_of_in_words() {
        let mut seen = HashSet::new();
        for probe in table() {
            assert!(seen.insert(probe.id), "{} is there twice", probe.id);
            let words: Vec<&str> = probe.id.split('-').collect();
            let plain = |word: &&str| {
                !word.is_empty()
                    && word
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
            };
            assert!(words.iter().all(plain), "{} is not kebab-case", probe.id);
            for text in [
                probe.title,
                probe.about,
                probe.effects,
                probe.area,
                probe.privilege,
            ] {
                assert!(
                    !text.trim().is_empty(),
                    "{} leaves something untold",
                    probe.id
                );
                assert!(!text.contains("  "), "{}: a gap in {text:?}", probe.id);
            }
        }
    }

    #[test]
    fn stages_are_told_in_their_order() {
        for probe in table() {
            let mut sorted = probe.stages.to_vec();
            sorted.sort_unstable();
            sorted.dedup();
            assert!(!sorted.is_empty(), "{}", probe.id);
            assert_eq!(sorted, probe.stages, "{}", probe.id);
        }
    }

    #[test]
    fn a_probe_builds_on_earlier_ones() {
        let mut earlier = HashSet::new();
        for probe in table() {
            for need in probe.needs {
                assert!(
                    earlier.contains(need),
                    "{} builds on {need}, later or unknown",
                    probe.id
                );
            }
            earlier.insert(probe.id);
        }
    }

    #[test]
    fn what_runs_before_the_lanes_is_little() {
        let places = |probes: &[&Probe]| {
            let (first, lanes) = super::super::runner::shared_out(probes, &lane);
            let id = |place: &usize| probes[*place].id;
            let first: Vec<&str> = first.iter().map(id).collect();
            (first, lanes.len())
        };
        let (first, lanes) = places(table());
        let expected = [
            "bpf-syscall",
            "prog-load",
            "prog-run",
            "map-create",
            "global-data",
            "hash-map",
            "tail-call",
            "memlock-charge",
            "sockhash-create",
            "load-kprobe",
            "load-tracing",
            "load-lsm",
            "load-ext",
        ];
        assert_eq!(first, expected);
        assert_eq!(lanes, 18);
    }
}
