//! Maps: plain ones, ones mapped into memory, and those that hold a program's global data.

use super::compare;
use super::refused;
use crate::probes::basics;
use crate::probes::bench::At;
use crate::probes::bench::Bench;
use crate::probes::bench::Trial;
use crate::probes::insn::Code;
use crate::probes::insn::Reg;
use crate::probes::insn::Size;
use crate::probes::kinds::Access;
use crate::probes::kinds::MMAPABLE;
use crate::probes::kinds::MapType;
use crate::probes::kinds::ProgType;
use crate::probes::kinds::READ_ONLY_FOR_PROGRAMS;
use crate::probes::kinds::Shape;
use crate::probes::outcome::Stage;
use crate::probes::table::BPF;
use crate::probes::table::BPF_TO_FREEZE;
use crate::probes::table::ONE_MAP;
use crate::probes::table::Probe;
use crate::probes::table::RUNS;

/// What this file adds to the probe table.
pub(in crate::probes) const PROBES: &[Probe] = &[
    Probe {
        id: "map-create",
        title: "Maps can be created",
        about: "Creates an array of one value of four bytes, writes it and reads it back.",
        effects: ONE_MAP,
        area: "basics",
        since: Some("3.19"), // 28fbcfa08d8e
        privilege: BPF,
        stages: &[Stage::Create, Stage::Trigger, Stage::Read],
        needs: &["bpf-syscall"],
        run: create,
    },
    Probe {
        id: "array-mmap",
        title: "Arrays can be mapped into memory",
        about: "Creates an array with BPF_F_MMAPABLE and maps it: what is written through memory \
                must be read by bpf(2), and the other way round.",
        effects: ONE_MAP,
        area: "global-data",
        since: Some("5.5"), // fc9702273e2e
        privilege: BPF,
        stages: &[Stage::Create, Stage::Mmap, Stage::Trigger, Stage::Read],
        needs: &["map-create"],
        run: mmap,
    },
    Probe {
        id: "rodata-mmap",
        title: "Frozen arrays can be read through memory and written by nobody",
        about: "Creates the array libbpf makes for .rodata (flags 0x480, nine bytes), fills and \
                freezes it, reads it through memory, and tries to map it writable and to update \
                it, which must be refused.",
        effects: ONE_MAP,
        area: "global-data",
        since: Some("5.5"), // fc9702273e2e
        privilege: BPF_TO_FREEZE,
        stages: &[Stage::Create, Stage::Mmap, Stage::Trigger, Stage::Read],
        needs: &["map-create"],
        run: rodata,
    },
    Probe {
        id: "global-data",
        title: "Programs can use global variables and constants",
        about: "Runs a program of five instructions that reads a frozen array and writes another \
                one by the addresses of their values, as compiled programs do with .rodata and \
                .data.",
        effects: "none: two maps and a program, held by descriptors",
        area: "global-data",
        since: Some("5.2"), // d8eca5bbb2be, 87df15de441b, 591fe9888d78
        privilege: BPF_TO_FREEZE,
        stages: RUNS,
        needs: &["map-create", "prog-load"],
        run: global_data,
    },
];

/// The simplest map there is.
pub(in crate::probes) const PLAIN: Shape<'_> = array(4, 0);

/// Values that are not the zeros a new map holds, and differ in every byte.
const FIRST: [u8; 4] = [0x11, 0x22, 0x33, 0x44];
const SECOND: [u8; 4] = [0x55, 0x66, 0x77, 0x18];

/// An array of one value.
const fn array(value_size: u32, flags: u32) -> Shape<'static> {
    Shape {
        value_size,
        flags,
        ..Shape::of(MapType::Array)
    }
}

/// `map-create`: an array is created, written and read.
pub(in crate::probes) fn create(bench: &mut Bench) -> Trial {
    let map = bench.map(&PLAIN)?;
    map.update(&FIRST).at(Stage::Trigger)?;
    compare("read by bpf(2)", &map.lookup().at(Stage::Read)?, &FIRST)
}

/// `array-mmap`: what is written through memory is read by bpf(2), and the other way round.
pub(in crate::probes) fn mmap(bench: &mut Bench) -> Trial {
    // EINVAL: array_map_alloc_check() before 5.5 doesn't know the flag.
    let map = bench.map(&array(FIRST.len() as u32, MMAPABLE))?;
    let mut memory = map.mmap(Access::ReadWrite).at(Stage::Mmap)?;
    memory.write(&FIRST);
    compare(
        "written through memory, read by bpf(2)",
        &map.lookup().at(Stage::Read)?,
        &FIRST,
    )?;
    map.update(&SECOND).at(Stage::Trigger)?;
    compare(
        "written by bpf(2), read through memory",
        &memory.read(),
        &SECOND,
    )
}

/// `rodata-mmap`: the map libbpf makes for `.rodata`, with the size and flags of the notes'
/// fourth item: filled, frozen, then readable through memory and writable by nobody.
pub(in crate::probes) fn rodata(bench: &mut Bench) -> Trial {
    // EINVAL: either flag is unknown, the younger of which is from 5.5.
    let map = bench.map(&array(9, READ_ONLY_FOR_PROGRAMS | MMAPABLE))?;
    map.update(&FIRST).at(Stage::Trigger)?;
    map.freeze().at(Stage::Trigger)?;
    let memory = map.mmap(Access::Read).at(Stage::Mmap)?;
    compare("frozen, read through memory", &memory.read(), &FIRST)?;
    // EPERM: bpf_map_mmap() found the map frozen. EACCES would be the flag for programs, which
    // it looks at next: as good a refusal.
    refused(
        "mapping a frozen map writable",
        Stage::Mmap,
        map.mmap(Access::ReadWrite),
    )?;
    // EPERM: map_get_sys_perms() takes the right to write from the descriptor.
    refused("updating a frozen map", Stage::Trigger, map.update(&SECOND))
}

/// `global-data`: a program reads a frozen map and writes another one by the addresses of their
/// values, as compiled programs do with `.rodata` and `.data`.
pub(in crate::probes) fn global_data(bench: &mut Bench) -> Trial {
    // EINVAL: before 5.2 array_map_alloc_check() doesn't know the flag.
    let rodata = bench.map(&array(4, READ_ONLY_FOR_PROGRAMS))?;
    let data = bench.map(&PLAIN)?;
    rodata.update(&FIRST).at(Stage::Trigger)?;
    // EINVAL: before 5.2 there is no such command.
    rodata.freeze().at(Stage::Trigger)?;
    let code = Code::new()
        .map_value(Reg::R1, &rodata)
        .load(Size::U32, Reg::R0, Reg::R1, 0)
        .map_value(Reg::R1, &data)
        .store(Size::U32, Reg::R1, 0, Reg::R0)
        .exit();
    // EINVAL "unrecognized bpf_ld_imm64 insn": before 5.2 instructions name maps, not values.
    let program = bench.program(ProgType::SocketFilter, &code)?;
    let answer = program.test_run(&basics::PACKET).at(Stage::Trigger)?;
    compare("returned by the program", &answer.to_ne_bytes(), &FIRST)?;
    compare(
        "written by the program",
        &data.lookup().at(Stage::Read)?,
        &FIRST,
    )
}
