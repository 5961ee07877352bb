//! Kinds of type information, which compilers and `pahole` write and older kernels refuse.

use crate::probes::bench::At;
use crate::probes::bench::Bench;
use crate::probes::bench::Trial;
use crate::probes::outcome::Stage;
use crate::probes::sys::Btf;
use crate::probes::table::Probe;
use crate::probes::types::GLOBAL;
use crate::probes::types::Types;

const EFFECTS: &str = "none: one BTF of a few types, held by a descriptor";
const PRIVILEGE: &str = "CAP_BPF (before 5.8: CAP_SYS_ADMIN)";
const NEEDS: &[&str] = &["bpf-syscall"];

/// What this file adds to the probe table.
pub(in crate::probes) const PROBES: &[Probe] = &[
    Probe {
        id: "btf-load",
        title: "The kernel takes type information (BTF)",
        about: "Gives the kernel BTF with a number, a structure and a pointer.",
        effects: EFFECTS,
        area: "btf",
        since: Some("4.18"), // f56a653c1fd1
        privilege: PRIVILEGE,
        stages: &[Stage::BtfLoad],
        needs: NEEDS,
        run: load,
    },
    Probe {
        id: "btf-function",
        title: "BTF can describe functions",
        about: "Gives the kernel BTF with a static function (FUNC, FUNC_PROTO).",
        effects: EFFECTS,
        area: "btf",
        since: Some("5.0"), // 2667a2626f4d
        privilege: PRIVILEGE,
        stages: &[Stage::BtfLoad],
        needs: &["btf-load"],
        run: function,
    },
    Probe {
        id: "btf-global-function",
        title: "BTF can say that a function is global",
        about: "Gives the kernel BTF with a function of global linkage.",
        effects: EFFECTS,
        area: "btf",
        since: Some("5.6"), // 51c39bb1d5d1
        privilege: PRIVILEGE,
        stages: &[Stage::BtfLoad],
        needs: &["btf-function"],
        run: global_function,
    },
    Probe {
        id: "btf-datasec",
        title: "BTF can describe global variables",
        about: "Gives the kernel BTF with a variable in a section (VAR, DATASEC).",
        effects: EFFECTS,
        area: "btf",
        since: Some("5.2"), // 1dc92851849c
        privilege: PRIVILEGE,
        stages: &[Stage::BtfLoad],
        needs: &["btf-load"],
        run: section,
    },
    Probe {
        id: "btf-float",
        title: "BTF can describe floating-point numbers",
        about: "Gives the kernel BTF with a number of the kind FLOAT.",
        effects: EFFECTS,
        area: "btf",
        since: Some("5.13"), // b1828f0b0482
        privilege: PRIVILEGE,
        stages: &[Stage::BtfLoad],
        needs: &["btf-load"],
        run: float,
    },
    Probe {
        id: "btf-decl-tag",
        title: "BTF can tag declarations",
        about: "Gives the kernel BTF with a tag of the kind DECL_TAG.",
        effects: EFFECTS,
        area: "btf",
        since: Some("5.16"), // b5ea834dde6b
        privilege: PRIVILEGE,
        stages: &[Stage::BtfLoad],
        needs: &["btf-load"],
        run: declaration_tag,
    },
    Probe {
        id: "btf-type-tag",
        title: "BTF can tag types",
        about: "Gives the kernel BTF with a tag of the kind TYPE_TAG.",
        effects: EFFECTS,
        area: "btf",
        since: Some("5.17"), // 8c42d2fa4eea
        privilege: PRIVILEGE,
        stages: &[Stage::BtfLoad],
        needs: &["btf-load"],
        run: type_tag,
    },
    Probe {
        id: "btf-enum64",
        title: "BTF can describe lists of 64-bit numbers",
        about: "Gives the kernel BTF with a list of the kind ENUM64.",
        effects: EFFECTS,
        area: "btf",
        since: Some("6.0"), // 6089fb325cf7
        privilege: PRIVILEGE,
        stages: &[Stage::BtfLoad],
        needs: &["btf-load"],
        run: enumeration64,
    },
];

/// Gives the kernel `int` and what is added to it. EINVAL: the kernel does not know a kind, or
/// knows it in another form.
fn takes(add: impl FnOnce(&mut Types, u32)) -> Trial {
    let mut types = Types::new();
    let int = types.int();
    add(&mut types, int);
    Btf::load(&types.bytes()).map(drop).at(Stage::BtfLoad)
}

/// `btf-load`
fn load(_bench: &mut Bench) -> Trial {
    takes(|types, int| {
        let pair = types.structure("pair", 8, &[("one", int, 0), ("other", int, 4)]);
        types.pointer(pair);
    })
}

/// `btf-function`
fn function(_bench: &mut Bench) -> Trial {
    takes(|types, int| {
        let prototype = types.prototype(int, &[("argument", int)]);
        types.function("function", prototype, crate::probes::types::STATIC);
    })
}

/// `btf-global-function`
fn global_function(_bench: &mut Bench) -> Trial {
    takes(|types, int| {
        let prototype = types.prototype(int, &[("argument", int)]);
        types.function("function", prototype, GLOBAL);
    })
}

/// `btf-datasec`
fn section(_bench: &mut Bench) -> Trial {
    takes(|types, int| {
        let variable = types.variable("variable", int);
        types.section(".data", variable, 4);
    })
}

/// `btf-float`
fn float(_bench: &mut Bench) -> Trial {
    takes(|types, _int| {
        types.float();
    })
}

/// `btf-decl-tag`
fn declaration_tag(_bench: &mut Bench) -> Trial {
    takes(|types, int| {
        let pair = types.structure("pair", 4, &[("one", int, 0)]);
        types.declaration_tag("tag", pair);
    })
}

/// `btf-type-tag`
fn type_tag(_bench: &mut Bench) -> Trial {
    takes(|types, int| {
        let tag = types.type_tag("tag", int);
        types.pointer(tag);
    })
}

/// `btf-enum64`
fn enumeration64(_bench: &mut Bench) -> Trial {
    takes(|types, _int| {
        types.enumeration64("list", "row", 1 << 40);
    })
}
