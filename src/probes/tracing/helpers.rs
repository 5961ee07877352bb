//! What tracing programs call: memory read, stacks taken, and text printed.

use std::hint;

use nix::errno::Errno;
use nix::unistd;
use nix::unistd::AccessFlags;

use super::super::basics;
use super::super::bench::At;
use super::super::bench::Bench;
use super::super::bench::Trial;
use super::super::bench::Trouble;
use super::super::call::Call;
use super::super::errno::Answered as _;
use super::super::errno::Code as ErrnoCode;
use super::super::insn::Code;
use super::super::insn::Op;
use super::super::insn::Reg;
use super::super::insn::Size;
use super::super::kinds::MapType;
use super::super::kinds::ProgType;
use super::super::kinds::Recipe;
use super::super::kinds::Shape;
use super::super::kinds::helper;
use super::super::outcome::Stage;
use super::super::sys::Btf;
use super::super::sys::Link;
use super::super::table::NOTHING;
use super::super::table::Probe;
use super::super::table::RUNS;
use super::super::table::TRACING;
use super::Witness;
use super::events::rename;
use super::witness::ANSWER;
use super::witness::NOTES;
use super::witness::Notes;
use super::witness::VALUE;

const RUN_EFFECTS: &str = "none: a map and a program, held by descriptors; before 5.10, while the \
     probes run, the program is at the event task_rename, where it says nothing of others";

pub(super) const PROBES: &[Probe] = &[
    Probe {
        id: "probe-read-user",
        title: "Programs read the memory of processes (bpf_probe_read_user)",
        about: "Runs a program that reads eight bytes of the probe's own memory, and compares them \
                with what is there.",
        effects: RUN_EFFECTS,
        area: "tracing",
        since: Some("5.5"), // 6ae08ae3dea2
        privilege: TRACING,
        stages: RUNS,
        needs: &["prog-load"],
        run: read_user,
    },
    Probe {
        id: "probe-read-kernel",
        title: "Programs read the memory of the kernel (bpf_probe_read_kernel)",
        about: "Runs a program that reads eight bytes of the kernel's record of the probe's own \
                task; what they are is not looked at.",
        effects: RUN_EFFECTS,
        area: "tracing",
        since: Some("5.5"),
        privilege: TRACING,
        stages: RUNS,
        needs: &["prog-load"],
        run: read_kernel,
    },
    Probe {
        id: "stack-id",
        title: "Programs take stacks (bpf_get_stackid)",
        about: "Runs a program that puts the stack it runs on into a map of stacks.",
        effects: RUN_EFFECTS,
        area: "tracing",
        since: Some("4.6"), // d5a3b1f69186
        privilege: TRACING,
        stages: RUNS,
        needs: &["prog-load"],
        run: stack_id,
    },
    Probe {
        id: "freplace",
        title: "Programs replace functions of programs (freplace)",
        about: "Loads a program that returns 1, replaces it by one that returns 42, and runs it \
                for a test.",
        effects: "none: two programs, held by descriptors",
        area: "tracing",
        since: Some("5.6"), // be8704ff07d2
        privilege: "CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN (before 5.8: CAP_SYS_ADMIN)",
        stages: &[
            Stage::BtfLoad,
            Stage::Load,
            Stage::Attach,
            Stage::Trigger,
            Stage::Read,
        ],
        needs: &["load-ext", "prog-run"],
        run: freplace,
    },
    Probe {
        id: "trace-vprintk",
        title: "The kernel has bpf_trace_vprintk, which prints more than three values",
        about: "Looks for bpf_trace_vprintk in the kernel's BTF. No program is loaded: the kernel \
                turns its trace event on for good when one that prints is; trace-vprintk-run loads \
                one.",
        effects: NOTHING,
        area: "tracing",
        since: Some("5.16"), // 10aceb629e19
        privilege: "none",
        stages: &[Stage::Open],
        needs: &[],
        run: trace_vprintk,
    },
    Probe {
        id: "trace-pipe",
        title: "This process may read what programs print (trace_pipe)",
        about: "Asks whether this process may read trace_pipe. It is not opened: who reads it takes \
                the text away from all others.",
        effects: NOTHING,
        area: "tracing",
        since: Some("2.6.28"), // b3806b4316c5
        privilege: "the right to read tracefs, which is root's",
        stages: &[Stage::Open],
        needs: &[],
        run: trace_pipe,
    },
];

/// What the program is to read: nothing that is there by accident.
const LANDMARK: u64 = 0x6270_662d_646f_6372;

/// `probe-read-user`
fn read_user(bench: &mut Bench) -> Trial {
    // Written by this very process: what a file backs need not be in memory after a fork, and a
    // program can't wait for it.
    let landmark = hint::black_box(Box::new(LANDMARK));
    let then = Code::new()
        .set_long(Reg::R3, (&raw const *landmark).addr() as u64)
        .then(&read(helper::PROBE_READ_USER));
    let notes = run(bench, &then)?;
    drop(hint::black_box(landmark));
    answered("reading the probe's own memory", notes)?;
    basics::expect(
        "the program read",
        notes.value.cast_signed(),
        LANDMARK.cast_signed(),
    )
}

/// `probe-read-kernel`
fn read_kernel(bench: &mut Bench) -> Trial {
    let then = Code::new()
        .call(helper::GET_CURRENT_TASK)
        .copy(Reg::R3, Reg::R0)
        .then(&read(helper::PROBE_READ_KERNEL));
    answered("reading kernel memory", run(bench, &then)?)
}

/// Reads from the address in `R3` by this helper, and notes what it answers.
fn read(helper: i32) -> Code {
    Code::new()
        .copy(Reg::R1, NOTES)
        .math(Op::Add, Reg::R1, i32::from(VALUE))
        .set(Reg::R2, 8)
        .call(helper)
        .store(Size::U64, NOTES, ANSWER, Reg::R0)
}

/// `stack-id`
fn stack_id(bench: &mut Bench) -> Trial {
    let stacks = bench.map(&Shape {
        value_size: 8 * 8,
        ..Shape::of(MapType::StackTrace)
    })?;
    let then = Code::new()
        .copy(Reg::R1, super::witness::CONTEXT)
        .map(Reg::R2, &stacks)
        .set(Reg::R3, 0)
        .call(helper::GET_STACKID)
        .store(Size::U64, NOTES, ANSWER, Reg::R0);
    answered("taking the stack", run(bench, &then)?)
}

/// Fails where a helper answered with an error.
fn answered(what: &str, notes: Notes) -> Trial {
    if notes.answer >= 0 {
        return Ok(());
    }
    // Up to 5.12, lockdown=confidentiality let such programs load and refused the read.
    let code = ErrnoCode::of_return(i32::try_from(notes.answer).unwrap_or_default());
    Err(Trouble::wrong(
        Stage::Read,
        format!("{what} answered {code}"),
    ))
}

/// Runs a program that does this, without an event where the kernel can.
fn run(bench: &mut Bench, then: &Code) -> Result<Notes, Trouble> {
    let kind = Recipe::of(ProgType::RawTracepoint, &[]);
    let witness = Witness::load(bench, &kind, then, 0)?;
    // Before 5.10 there is no test run of this type.
    if witness.program.test_run(&[]).is_err() {
        let link = Link::raw_tracepoint(&witness.program, Some(c"task_rename"));
        bench.tracing.keep(link.at(Stage::Attach)?);
        rename()?;
    }
    witness.fired()
}

/// `freplace`
fn freplace(bench: &mut Bench) -> Trial {
    const ANSWER: i32 = 42;
    let btf = Btf::load(&types()).at(Stage::BtfLoad)?;
    let functions = [(0, FUNCTION)];
    let code = |answer| Code::new().exit_with(answer);
    let target = bench.load(&Recipe {
        btf: Some((&btf, &functions)),
        ..Recipe::of(ProgType::SocketFilter, &code(1))
    })?;
    let other = bench.load(&Recipe {
        btf: Some((&btf, &functions)),
        extends: Some(&target),
        attach_btf_id: FUNCTION,
        ..Recipe::of(ProgType::Ext, &code(ANSWER))
    })?;
    let link = Link::raw_tracepoint(&other, None).at(Stage::Attach)?;
    bench.tracing.keep(link);
    let answer = target.test_run(&basics::PACKET).at(Stage::Trigger)?;
    basics::expect("the program returned", answer.into(), ANSWER.into())
}

/// The id of the function in [`types`].
const FUNCTION: u32 = 5;

/// BTF of `int function(struct __sk_buff *skb)` (`include/uapi/linux/btf.h`).
fn types() -> Vec<u8> {
    let strings = b"\0int\0__sk_buff\0len\0skb\0function\0";
    let info = |kind: u32, members: u32| kind << 24 | members;
    let types: Vec<u32> = [
        // 1: a signed integer of 32 bits.
        &[1, info(1, 0), 4, 1 << 24 | 32][..],
        // 2: the structure, of which the first field will do.
        &[5, info(4, 1), 4, 15, 1, 0],
        // 3: a pointer to it.
        &[0, info(2, 0), 2],
        // 4: the prototype, 5: the function, visible to others.
        &[0, info(13, 1), 1, 19, 3],
        &[23, info(12, 1), 4],
    ]
    .concat();
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or_default();
    let mut btf = Vec::new();
    btf.extend(0xeb9f_u16.to_ne_bytes());
    btf.extend([1, 0]);
    let size = length(types.len() * 4);
    for word in [24, 0, size, size, length(strings.len())] {
        btf.extend(word.to_ne_bytes());
    }
    btf.extend(types.iter().flat_map(|word| word.to_ne_bytes()));
    btf.extend(strings);
    btf
}

/// `trace-vprintk`
fn trace_vprintk(bench: &mut Bench) -> Trial {
    match bench.target("bpf_trace_vprintk") {
        Ok(_id) => Ok(()),
        // No BTF is no answer here.
        Err(Trouble::Failed { errno, remark, .. }) if errno != Some(Errno::ESRCH.into()) => {
            Err(Trouble::Skipped(remark))
        }
        Err(missing) => Err(missing),
    }
}

/// `trace-pipe`
fn trace_pipe(bench: &mut Bench) -> Trial {
    let mut answer = None;
    // What the doctor has mounted for itself is of no use to others.
    let is_own = bench.place().has_own_tracefs();
    for root in super::events::tracefs().filter(|_| !is_own) {
        let asked = unistd::access(format!("{root}/trace_pipe").as_str(), AccessFlags::R_OK);
        if asked.is_ok() {
            return asked.of(Call::Access).at(Stage::Open);
        }
        answer = Some(asked);
    }
    match answer {
        Some(answer) => answer.of(Call::Access).at(Stage::Open),
        None => Err(Trouble::Skipped(
            "tracefs is mounted neither at /sys/kernel/tracing nor at /sys/kernel/debug/tracing"
                .to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_are_named_by_the_right_offsets() {
        let bytes = types();
        let strings = bytes.split_at(bytes.len() - 32).1;
        for (at, name) in [
            (1, "int"),
            (5, "__sk_buff"),
            (15, "len"),
            (19, "skb"),
            (23, "function"),
        ] {
            assert!(strings[at..].starts_with(format!("{name}\0").as_bytes()));
        }
    }
}
