//! Programs that stand for functions of the kernel's own structures.

use crate::probes::bench::At;
use crate::probes::bench::Bench;
use crate::probes::bench::Trial;
use crate::probes::errno::Answered as _;
use crate::probes::insn::Code;
use crate::probes::kinds::MapType;
use crate::probes::kinds::ProgType;
use crate::probes::kinds::Recipe;
use crate::probes::kinds::Shape;
use crate::probes::outcome::Stage;
use crate::probes::sys::Btf;
use crate::probes::table::ONE_SMALL_PROGRAM;
use crate::probes::table::Probe;
use crate::probes::types::Types;
use nix::errno::Errno;

/// What this file adds to the probe table.
pub(in crate::probes) const PROBES: &[Probe] = &[
    Probe {
        id: "struct-ops-map",
        title: "Structures of functions can be made of programs",
        about: "Creates a STRUCT_OPS map for tcp_congestion_ops. It stays empty: a filled one \
                would be a congestion control that every socket could ask for.",
        effects: "none: a BTF and a map, held by descriptors",
        area: "language",
        since: Some("5.6"), // 85d33df357b6, with CONFIG_BPF_JIT and CONFIG_INET
        privilege: "CAP_BPF (before 5.8: CAP_SYS_ADMIN)",
        stages: &[Stage::Create, Stage::BtfLoad],
        needs: &["map-create"],
        run: map,
    },
    Probe {
        id: "struct-ops-program",
        title: "Programs can stand for a function of a structure",
        about: "Loads a program for the function ssthresh of tcp_congestion_ops; it is registered \
                nowhere.",
        effects: ONE_SMALL_PROGRAM,
        area: "language",
        since: Some("5.6"), // 27ae7997a661, 0baf26b0fcd7
        privilege: "CAP_BPF and CAP_PERFMON (before 5.8: CAP_SYS_ADMIN)",
        stages: &[Stage::Open, Stage::Load],
        needs: &["prog-load"],
        run: program,
    },
];

/// `struct-ops-map`
fn map(bench: &mut Bench) -> Trial {
    let kernel = bench.kernel_types()?;
    // What the kernel makes of the structure: it, and who uses it.
    let value = kernel.get("bpf_struct_ops_tcp_congestion_ops")?;
    // The kernel asks for BTF of the caller's too, of which it needs nothing.
    let mut types = Types::new();
    types.int();
    let types = Btf::load(&types.bytes()).at(Stage::BtfLoad)?;
    bench
        .map(&Shape {
            value_size: value.size,
            btf: Some((&types, 0, 0)),
            kernel_value_type: value.id,
            ..Shape::of(MapType::StructOps)
        })
        .map(drop)
}

/// `struct-ops-program`
fn program(bench: &mut Bench) -> Trial {
    let kernel = bench.kernel_types()?;
    let structure = kernel.get("tcp_congestion_ops")?;
    let mut members = structure.members.iter();
    let member = members.position(|member| member == "ssthresh");
    let member = member.ok_or(Errno::ENOENT).told().at(Stage::Open)?;
    let code = Code::new().exit_with(2);
    bench
        .load(&Recipe {
            hook: member as u32,
            attach_btf_id: structure.id,
            ..Recipe::of(ProgType::StructOps, &code)
        })
        .map(drop)
}
