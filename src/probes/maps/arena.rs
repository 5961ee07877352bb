//! Memory that a program and user space share as a whole.

use super::FIRST;
use super::MAP_AND_PROGRAM;
use super::compare;
use super::filter;
use crate::probes::bench::At;
use crate::probes::bench::Bench;
use crate::probes::bench::Trial;
use crate::probes::insn::Code;
use crate::probes::insn::Reg;
use crate::probes::insn::Size;
use crate::probes::kinds::Access;
use crate::probes::kinds::MMAPABLE;
use crate::probes::kinds::MapType;
use crate::probes::kinds::Shape;
use crate::probes::outcome::Stage;
use crate::probes::table::Probe;
use crate::probes::table::TRACING;

/// What this file adds to the probe table.
pub(in crate::probes) const PROBES: &[Probe] = &[Probe {
    id: "arena",
    title: "Programs can share memory with user space (arenas)",
    about: "Creates an ARENA of one page, writes it through memory, and has a program read it by \
            the same address.",
    effects: MAP_AND_PROGRAM,
    area: "maps",
    since: Some("6.9"), // 317460317a02, on x86-64 and arm64
    privilege: TRACING,
    stages: &[
        Stage::Create,
        Stage::Load,
        Stage::Mmap,
        Stage::Trigger,
        Stage::Read,
    ],
    needs: &["map-create", "prog-run"],
    run: arena,
}];

/// `arena`
fn arena(bench: &mut Bench) -> Trial {
    // EINVAL: before 6.9; EOPNOTSUPP: the machine's compiler does not have it, which kernels
    // before 7.x say only when a program is loaded.
    let map = bench.map(&Shape {
        key_size: 0,
        value_size: 0,
        entries: 1,
        flags: MMAPABLE,
        ..Shape::of(MapType::Arena)
    })?;
    let mut memory = map
        .mmap_at(0, FIRST.len(), Access::ReadWrite)
        .at(Stage::Mmap)?;
    memory.write(&FIRST);
    let code = Code::new()
        // The program has to name the arena; it does nothing with it.
        .map(Reg::R1, &map)
        .set_long(Reg::R2, memory.address())
        .arena_pointer(Reg::R2)
        .load(Size::U32, Reg::R0, Reg::R2, 0)
        .exit();
    let found = filter(bench, &code)?;
    compare("read by a program", &found.to_ne_bytes(), &FIRST)?;
    compare("read through memory", &memory.read(), &FIRST)
}
