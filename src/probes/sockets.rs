//! Maps that hold sockets.
//!
//! EINVAL for a type says that the kernel was built without it: up to 5.12, and 5.10.238 of the
//! long-term kernels, without CONFIG_BPF_STREAM_PARSER (before 4.20: CONFIG_STREAM_PARSER),
//! since then without CONFIG_INET. EPERM comes from CAP_NET_ADMIN, which these types ask for.

use std::os::fd::AsFd as _;

use super::bench::At;
use super::bench::Bench;
use super::bench::Trial;
use super::insn::Insn;
use super::insn::Reg;
use super::kinds::MapType;
use super::kinds::ProgType;
use super::kinds::Shape;
use super::kinds::hook;
use super::outcome::Stage;
use super::sys;
use super::sys::Btf;
use super::table::BPF_AND_NET;
use super::table::ONE_MAP;
use super::table::Probe;
use super::types::Types;

/// What this file adds to the probe table.
pub(super) const PROBES: &[Probe] = &[
    Probe {
        id: "sockmap-create",
        title: "SOCKMAP maps can be created",
        about: "Creates a SOCKMAP with values of four bytes; no socket is put into it.",
        effects: ONE_MAP,
        area: "sockets",
        since: Some("4.14"), // 174a79ff9515
        privilege: BPF_AND_NET,
        stages: &[Stage::Create],
        needs: &["bpf-syscall"],
        run: sockmap,
    },
    Probe {
        id: "sockmap-create-u64",
        title: "SOCKMAP maps can hold socket cookies",
        about: "Creates a SOCKMAP with values of eight bytes; no socket is put into it.",
        effects: ONE_MAP,
        area: "sockets",
        since: Some("5.7"), // c1cdf65da060
        privilege: BPF_AND_NET,
        stages: &[Stage::Create],
        needs: &["bpf-syscall"],
        run: sockmap_u64,
    },
    Probe {
        id: "sockhash-create",
        title: "SOCKHASH maps can be created",
        about: "Creates a SOCKHASH with values of four bytes; no socket is put into it.",
        effects: ONE_MAP,
        area: "sockets",
        since: Some("4.18"), // 81110384441a
        privilege: BPF_AND_NET,
        stages: &[Stage::Create],
        needs: &["bpf-syscall"],
        run: sockhash,
    },
    Probe {
        id: "sockhash-create-u64",
        title: "SOCKHASH maps can hold socket cookies",
        about: "Creates a SOCKHASH with values of eight bytes; no socket is put into it.",
        effects: ONE_MAP,
        area: "sockets",
        since: Some("5.7"), // c1cdf65da060
        privilege: BPF_AND_NET,
        stages: &[Stage::Create],
        needs: &["bpf-syscall"],
        run: sockhash_u64,
    },
    Probe {
        id: "stream-parser-attach",
        title: "Stream parsers can be attached to socket maps",
        about: "Creates a SOCKMAP, loads an SK_SKB program of two instructions and attaches it as \
                the map's stream parser; the map holds no socket, so it never runs.",
        effects: "none: one map and one program, held by descriptors",
        area: "sockets",
        since: Some("4.14"), // 174a79ff9515
        privilege: BPF_AND_NET,
        stages: &[Stage::Create, Stage::Load, Stage::Attach],
        needs: &["sockmap-create"],
        run: stream_parser,
    },
    Probe {
        id: "sockhash-btf",
        title: "SOCKHASH maps take BTF types for key and value",
        about: "Gives the kernel BTF that knows `int`, and creates a SOCKHASH whose key and value \
                are of that type. No kernel known accepts it: ENOTSUPP (524) is the usual answer, \
                and a matter of the program, not of the host.",
        effects: "none: one BTF and one map, held by descriptors",
        area: "sockets",
        since: None,
        privilege: BPF_AND_NET,
        stages: &[Stage::Create, Stage::BtfLoad],
        needs: &["sockhash-create"],
        run: sockhash_btf,
    },
];

/// `sockmap-create`
pub(super) fn sockmap(bench: &mut Bench) -> Trial {
    create(bench, MapType::Sockmap, 4)
}

/// `sockmap-create-u64`
pub(super) fn sockmap_u64(bench: &mut Bench) -> Trial {
    // EINVAL: sock_map_alloc() before 5.7 insists on four bytes.
    create(bench, MapType::Sockmap, 8)
}

/// `sockhash-create`
pub(super) fn sockhash(bench: &mut Bench) -> Trial {
    create(bench, MapType::Sockhash, 4)
}

/// `sockhash-create-u64`
pub(super) fn sockhash_u64(bench: &mut Bench) -> Trial {
    // EINVAL: sock_hash_alloc() before 5.7 insists on four bytes.
    create(bench, MapType::Sockhash, 8)
}

/// `stream-parser-attach`: a parser at an empty map of sockets, which it sees nothing of.
pub(super) fn stream_parser(bench: &mut Bench) -> Trial {
    let map = bench.map(&Shape::of(MapType::Sockmap))?;
    let parser = bench.program(ProgType::SkSkb, &[Insn::set(Reg::R0, 0), Insn::exit()])?;
    // EOPNOTSUPP: sock_map_prog_lookup() from 5.13 on without CONFIG_BPF_STREAM_PARSER.
    sys::attach(map.as_fd(), &parser, hook::SK_SKB_STREAM_PARSER, 0).at(Stage::Attach)
}

/// `sockhash-btf`: key and value described by BTF types.
pub(super) fn sockhash_btf(bench: &mut Bench) -> Trial {
    // EINVAL: before 4.18 there is no such command.
    let mut types = Types::new();
    let int = types.int();
    let btf = Btf::load(&types.bytes()).at(Stage::BtfLoad)?;
    // ENOTSUPP: these maps have no map_check_btf(), or map_check_no_btf(), whose answer this is.
    let shape = Shape {
        btf: Some((&btf, int, int)),
        ..Shape::of(MapType::Sockhash)
    };
    bench.map(&shape).map(drop)
}

fn create(bench: &mut Bench, of: MapType, value_size: u32) -> Trial {
    bench
        .map(&Shape {
            value_size,
            ..Shape::of(of)
        })
        .map(drop)
}
