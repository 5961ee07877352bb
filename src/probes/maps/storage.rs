//! Maps that keep a value with an object of the kernel for as long as the object lives.

use std::os::fd::AsFd as _;
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixDatagram;

use nix::errno::Errno;
use nix::sys::memfd;
use nix::sys::memfd::MFdFlags;

use super::BPF_FOR_MAP;
use super::FIRST;
use super::MAP_AND_PROGRAM;
use super::absent;
use super::compare;
use crate::probes::basics::PACKET;
use crate::probes::basics::expect;
use crate::probes::bench::At;
use crate::probes::bench::Bench;
use crate::probes::bench::Trial;
use crate::probes::bench::Trouble;
use crate::probes::bench::own_process;
use crate::probes::call::Call;
use crate::probes::errno::Answered as _;
use crate::probes::errno::Code as Errcode;
use crate::probes::insn::Code;
use crate::probes::insn::Reg;
use crate::probes::insn::Size;
use crate::probes::kernel_types::short_file;
use crate::probes::kinds::MapType;
use crate::probes::kinds::NO_PREALLOCATION;
use crate::probes::kinds::ProgType;
use crate::probes::kinds::Shape;
use crate::probes::outcome::Stage;
use crate::probes::passed;
use crate::probes::sys;
use crate::probes::sys::Btf;
use crate::probes::sys::Map;
use crate::probes::table::Probe;
use crate::probes::table::RUNS;
use crate::probes::types::Types;

/// What this file adds to the probe table.
pub(in crate::probes) const PROBES: &[Probe] = &[
    Probe {
        id: "cgroup-storage",
        title: "Programs at cgroups have storage of their own",
        about: "Creates a CGROUP_STORAGE map and runs a cgroup program for a test that writes its \
                storage and reads it back; it is attached to no cgroup.",
        effects: MAP_AND_PROGRAM,
        area: "maps",
        since: Some("4.19"), // de9cbbaadba5
        privilege: "CAP_BPF (before 5.8: CAP_SYS_ADMIN)",
        stages: RUNS,
        needs: &["map-create", "prog-run"],
        run: cgroup_storage,
    },
    Probe {
        id: "sk-storage",
        title: "Values can be kept with sockets",
        about: "Creates an SK_STORAGE map, keeps a value with a socket of the probe's own, reads \
                it back and deletes it.",
        effects: "none: a BTF, a map and a socket connected to nothing, held by descriptors",
        area: "maps",
        since: Some("5.2"), // 6ac99e8f23d4
        privilege: BPF_FOR_MAP,
        stages: &[Stage::Create, Stage::BtfLoad, Stage::Trigger, Stage::Read],
        needs: &["map-create"],
        run: sk_storage,
    },
    Probe {
        id: "task-storage",
        title: "Values can be kept with tasks",
        about: "Creates a TASK_STORAGE map, keeps a value with the probe's own process, reads it \
                back and deletes it.",
        effects: "none: a BTF, a map and a descriptor of the probe's own process",
        area: "maps",
        since: Some("5.11"), // 4cf1bc1f1045; up to 5.12 with CONFIG_BPF_LSM alone
        privilege: BPF_FOR_MAP,
        stages: &[Stage::Create, Stage::BtfLoad, Stage::Trigger, Stage::Read],
        needs: &["map-create"],
        run: task_storage,
    },
    Probe {
        id: "inode-storage",
        title: "Maps that keep values with files can be created",
        about: "Creates an INODE_STORAGE map.",
        effects: "none: a BTF and a map, held by descriptors",
        area: "maps",
        since: Some("5.10"), // 8ea636848aca, with CONFIG_BPF_LSM
        privilege: BPF_FOR_MAP,
        stages: &[Stage::Create, Stage::BtfLoad],
        needs: &["map-create"],
        run: inode_storage,
    },
    Probe {
        id: "inode-storage-run",
        title: "Values can be kept with files",
        about: "Keeps a value with a file in memory that the probe made and that has no name, reads \
                it back and deletes it. Not tried where bpf is not among the active security \
                modules, for then files have no place for it.",
        effects: "none: a BTF, a map and a file in memory, held by descriptors",
        area: "maps",
        since: Some("5.10"), // 8ea636848aca, with CONFIG_BPF_LSM
        privilege: BPF_FOR_MAP,
        stages: &[
            Stage::Open,
            Stage::Create,
            Stage::BtfLoad,
            Stage::Trigger,
            Stage::Read,
        ],
        needs: &["inode-storage"],
        run: inode_storage_run,
    },
    Probe {
        id: "cgrp-storage",
        title: "Values can be kept with cgroups",
        about: "Creates a CGRP_STORAGE map, keeps a value with the cgroup the probe is in, reads it \
                back and deletes it; nothing else can see it.",
        effects: "none: a BTF, a map and a descriptor of its own cgroup",
        area: "maps",
        since: Some("6.2"), // c4bcfb38a95e
        privilege: BPF_FOR_MAP,
        stages: &[Stage::Create, Stage::BtfLoad, Stage::Trigger, Stage::Read],
        needs: &["map-create"],
        run: cgrp_storage,
    },
];

/// The helper that gives a program at a cgroup its storage (BPF_FUNC_get_local_storage).
const GET_LOCAL_STORAGE: i32 = 81;

/// `cgroup-storage`
fn cgroup_storage(bench: &mut Bench) -> Trial {
    // EINVAL: before 4.19, and without CONFIG_CGROUP_BPF.
    let map = bench.map(&Shape {
        // A cgroup's number and a hook.
        key_size: 16,
        value_size: 8,
        entries: 0,
        ..Shape::of(MapType::CgroupStorage)
    })?;
    let code = Code::new()
        .map(Reg::R1, &map)
        .set(Reg::R2, 0)
        .call(GET_LOCAL_STORAGE)
        .store_number(Size::U8, Reg::R0, 0, 1)
        .load(Size::U8, Reg::R6, Reg::R0, 0)
        .copy(Reg::R0, Reg::R6)
        // A program at a cgroup says yes or no.
        .math(crate::probes::insn::Op::And, Reg::R0, 1)
        .exit();
    let program = bench.program(ProgType::CgroupSkb, &code)?;
    let answer = program.test_run(&PACKET).at(Stage::Trigger)?;
    expect("the program found in its storage", answer.into(), 1)
}

/// `sk-storage`
fn sk_storage(bench: &mut Bench) -> Trial {
    let map = create(bench, MapType::SkStorage)?;
    let socket = UnixDatagram::unbound()
        .map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or_default()))
        .of(Call::Socket)
        .at(Stage::Trigger)?;
    keep(&map, socket.as_raw_fd())
}

/// `task-storage`
fn task_storage(bench: &mut Bench) -> Trial {
    let map = create(bench, MapType::TaskStorage)?;
    let process = sys::process(own_process()?).at(Stage::Trigger)?;
    keep(&map, process.as_fd().as_raw_fd())
}

/// `inode-storage`
fn inode_storage(bench: &mut Bench) -> Trial {
    create(bench, MapType::InodeStorage).map(drop)
}

/// `inode-storage-run`
fn inode_storage_run(bench: &mut Bench) -> Trial {
    const MODULES: &str = "/sys/kernel/security/lsm";
    // Where `bpf` is not among the active modules, kernels have no place reserved for it in an
    // inode, and not all of them notice.
    let modules = short_file(MODULES);
    match modules.as_deref().map(is_active) {
        Ok(true) => passed::note(Stage::Open),
        Ok(false) => {
            return Err(Trouble::Skipped(
                "bpf is not among the active security modules, so files have no place for a value"
                    .to_owned(),
            ));
        }
        Err(errno) => {
            return Err(Trouble::Skipped(format!(
                "whether bpf is among the active security modules is not known: {MODULES} answers \
                 {}",
                Errcode::from(*errno)
            )));
        }
    }
    let map = create(bench, MapType::InodeStorage)?;
    let file = memfd::memfd_create("bpf-doctor", MFdFlags::MFD_CLOEXEC);
    let file = file.of(Call::MemfdCreate).at(Stage::Open)?;
    keep(&map, file.as_raw_fd())
}

/// Whether `bpf` is among the modules the kernel lists.
fn is_active(modules: &str) -> bool {
    modules.split(',').any(|module| module == "bpf")
}

/// `cgrp-storage`
fn cgrp_storage(bench: &mut Bench) -> Trial {
    let map = create(bench, MapType::CgrpStorage)?;
    let cgroup = bench.place().present_cgroup()?;
    keep(&map, cgroup.as_raw_fd())
}

/// A map of this family: they insist on BTF.
fn create(bench: &mut Bench, of: MapType) -> Result<Map, Trouble> {
    let mut types = Types::new();
    let int = types.int();
    let types = Btf::load(&types.bytes()).at(Stage::BtfLoad)?;
    bench.map(&Shape {
        entries: 0,
        flags: NO_PREALLOCATION,
        btf: Some((&types, int, int)),
        ..Shape::of(of)
    })
}

/// Keeps a value with what a descriptor stands for.
fn keep(map: &Map, with: i32) -> Trial {
    let key = with.to_ne_bytes();
    map.update_at(&key, &FIRST, 0).at(Stage::Trigger)?;
    compare("kept", &map.lookup_at(&key).at(Stage::Read)?, &FIRST)?;
    map.delete(&key).at(Stage::Trigger)?;
    absent("a deleted value", map.lookup_at(&key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_is_found_by_its_whole_name() {
        for (modules, active) in [
            ("lockdown,capability,yama,bpf", true),
            ("bpf", true),
            ("lockdown,capability,yama", false),
            ("capability,bpfguard", false),
            ("", false),
        ] {
            assert_eq!(is_active(modules), active, "{modules}");
        }
    }
}
