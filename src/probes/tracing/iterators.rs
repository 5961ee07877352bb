//! Programs that walk through what the kernel has, run by reading a file.

use nix::errno::Errno;
use nix::unistd;

use super::super::bench::At;
use super::super::bench::Bench;
use super::super::bench::Trial;
use super::super::call::Call;
use super::super::errno::Answered as _;
use super::super::insn::Code;
use super::super::kinds::MapType;
use super::super::kinds::ProgType;
use super::super::kinds::Recipe;
use super::super::kinds::Shape;
use super::super::kinds::hook;
use super::super::outcome::Stage;
use super::super::sys::Link;
use super::super::sys::Map;
use super::super::sys::Target;
use super::super::table::LOOKED_UP;
use super::super::table::Probe;
use super::super::table::TRACING;
use super::Witness;

/// The walk through all tasks.
pub(super) const TASK: &str = "bpf_iter_task";
/// The walk through the entries of a map.
pub(super) const MAP_ELEMENT: &str = "bpf_iter_bpf_map_elem";

pub(super) const PROBES: &[Probe] = &[
    Probe {
        id: "iter-task",
        title: "Programs can walk through all tasks",
        about: "Makes an iterator of tasks with a program that looks at none of them, reads it to \
                its end, and reads how often the program ran.",
        effects: "none: a program and its link, held by descriptors",
        area: "tracing",
        since: Some("5.8"), // eaaacd23910f
        privilege: TRACING,
        stages: LOOKED_UP,
        needs: &["load-tracing"],
        run: task,
    },
    Probe {
        id: "iter-map",
        title: "Programs can walk through the entries of a map",
        about: "Makes an iterator of the entries of a map of the probe's own, reads it to its \
                end, and reads how often the program ran.",
        effects: "none: two maps, a program and its link, held by descriptors",
        area: "tracing",
        since: Some("5.9"), // a5cbe05a6673
        privilege: TRACING,
        stages: LOOKED_UP,
        needs: &["load-tracing"],
        run: map,
    },
];

/// `iter-task`
fn task(bench: &mut Bench) -> Trial {
    walk(bench, TASK, None)
}

/// `iter-map`
fn map(bench: &mut Bench) -> Trial {
    let map = bench.map(&Shape::of(MapType::Array))?;
    walk(bench, MAP_ELEMENT, Some(&map))
}

fn walk(bench: &mut Bench, name: &'static str, through: Option<&Map>) -> Trial {
    let kind = Recipe {
        hook: hook::TRACE_ITER,
        // ESRCH: the kernel has no such walk.
        attach_btf_id: bench.target(name)?,
        ..Recipe::of(ProgType::Tracing, &[])
    };
    let witness = Witness::load(bench, &kind, &Code::new(), 0)?;
    let link = match through {
        None => Link::create(&witness.program, Target::Own, hook::TRACE_ITER, 0, &[]),
        Some(map) => Link::walk(&witness.program, map),
    };
    let link = link.at(Stage::Attach)?;
    let file = link.iterator().at(Stage::Trigger)?;
    let mut text = [0; 64];
    loop {
        match unistd::read(&file, &mut text) {
            Ok(0) => break,
            Ok(_) | Err(Errno::EINTR | Errno::EAGAIN) => {}
            Err(errno) => return Err(errno).of(Call::Read).at(Stage::Trigger),
        }
    }
    witness.has_fired()
}
