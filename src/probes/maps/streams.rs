//! Maps in which data flows between programs and user space, through memory that both see.

use std::os::fd::AsFd as _;

use nix::errno::Errno;
use nix::sched;

use super::FIRST;
use super::MAP_AND_PROGRAM;
use super::TWO_MAPS_AND_PROGRAM;
use super::compare;
use super::filter;
use crate::probes::basics::PACKET;
use crate::probes::basics::expect;
use crate::probes::bench::At;
use crate::probes::bench::Bench;
use crate::probes::bench::Trial;
use crate::probes::bench::Trouble;
use crate::probes::call::Call;
use crate::probes::errno::Answered as _;
use crate::probes::insn::Code;
use crate::probes::insn::Op;
use crate::probes::insn::Reg;
use crate::probes::insn::Size;
use crate::probes::insn::When;
use crate::probes::kinds::Access;
use crate::probes::kinds::MapType;
use crate::probes::kinds::ProgType;
use crate::probes::kinds::Recipe;
use crate::probes::kinds::Shape;
use crate::probes::kinds::helper;
use crate::probes::outcome::Stage;
use crate::probes::page;
use crate::probes::sys::Btf;
use crate::probes::sys::Event;
use crate::probes::sys::Mapping;
use crate::probes::sys::PerfEvent;
use crate::probes::table::Probe;
use crate::probes::types::Types;

/// What this file adds to the probe table.
pub(in crate::probes) const PROBES: &[Probe] = &[
    Probe {
        id: "ringbuf",
        title: "Ring buffers work",
        about: "Creates a RINGBUF of one page; a program reserves a record, fills and submits it; \
                it is read back through memory, as consumers do.",
        effects: MAP_AND_PROGRAM,
        area: "streams",
        since: Some("5.8"), // 457f44363a88
        privilege: "CAP_BPF (before 5.8: CAP_SYS_ADMIN)",
        stages: &[
            Stage::Create,
            Stage::Load,
            Stage::Mmap,
            Stage::Trigger,
            Stage::Read,
        ],
        needs: &["map-create", "prog-run"],
        run: ringbuf,
    },
    Probe {
        id: "user-ringbuf",
        title: "Ring buffers from user space to programs work",
        about: "Creates a USER_RINGBUF of one page and writes a record into it through memory; a \
                program drains it, and writes what it found into an array.",
        effects: TWO_MAPS_AND_PROGRAM,
        area: "streams",
        since: Some("6.1"), // 583c1f420173, 205715673844
        privilege: "CAP_BPF",
        stages: &[
            Stage::Create,
            Stage::BtfLoad,
            Stage::Load,
            Stage::Mmap,
            Stage::Trigger,
            Stage::Read,
        ],
        needs: &["global-data"],
        run: user_ringbuf,
    },
    Probe {
        id: "perf-event-array",
        title: "Perf buffers work",
        about: "Creates a PERF_EVENT_ARRAY with a perf event of the processor the probe is on; \
                its program writes a record there, which is read back through memory.",
        effects: "none: a map, a program and a perf event that hears of nothing but that program, \
                  held by descriptors",
        area: "streams",
        since: Some("4.4"), // a43eec304259; for socket filters 5.4: 7c4b90d79d0f
        privilege: "CAP_BPF and CAP_PERFMON (before 5.8: CAP_SYS_ADMIN)",
        stages: &[
            Stage::Create,
            Stage::Load,
            Stage::Attach,
            Stage::Mmap,
            Stage::Trigger,
            Stage::Read,
        ],
        needs: &["map-create", "prog-run"],
        run: perf_event_array,
    },
];

/// Two bits of a record's length that say it is not finished, or given up.
const BUSY_OR_DISCARDED: u32 = 0b11 << 30;

/// A number of four bytes in shared memory.
fn word(memory: &Mapping, at: usize) -> u32 {
    let bytes = memory.read_at(at, 4);
    bytes.try_into().map_or(0, u32::from_ne_bytes)
}

/// `ringbuf`
fn ringbuf(bench: &mut Bench) -> Trial {
    bench.takes_privilege()?;
    let page = page();
    let map = bench.map(&Shape {
        key_size: 0,
        value_size: 0,
        entries: page as u32,
        ..Shape::of(MapType::Ringbuf)
    })?;
    let code = Code::new()
        .map(Reg::R1, &map)
        .set(Reg::R2, FIRST.len() as i32)
        .set(Reg::R3, 0)
        .call(helper::RINGBUF_RESERVE)
        .jump_when(When::NotEqual, Reg::R0, 0, 2)
        .exit_with(1)
        .store_number(Size::U32, Reg::R0, 0, i32::from_ne_bytes(FIRST))
        .copy(Reg::R1, Reg::R0)
        .set(Reg::R2, 0)
        .call(helper::RINGBUF_SUBMIT)
        .exit_with(0);
    let refused = filter(bench, &code)?;
    expect(
        "the program, which found no room, returned",
        refused.into(),
        0,
    )?;
    // One page for how far the consumer has come, which it may write, then one for the producer
    // and the records, which it may not.
    let mut consumer = map.mmap_at(0, page, Access::ReadWrite).at(Stage::Mmap)?;
    let memory = map.mmap_at(page, 2 * page, Access::Read).at(Stage::Mmap)?;
    // A header of eight bytes, the record, and what is missing to a multiple of eight.
    let filled = word(&memory, 0);
    expect("bytes in the buffer:", filled.into(), 16)?;
    let length = word(&memory, page);
    expect(
        "length of the record:",
        i64::from(length & !BUSY_OR_DISCARDED),
        FIRST.len() as i64,
    )?;
    expect("unfinished:", i64::from(length & BUSY_OR_DISCARDED), 0)?;
    compare("the record", &memory.read_at(page + 8, 4), &FIRST)?;
    consumer.write(&u64::from(filled).to_ne_bytes());
    Ok(())
}

/// `user-ringbuf`
fn user_ringbuf(bench: &mut Bench) -> Trial {
    let page = page();
    let map = bench.map(&Shape {
        key_size: 0,
        value_size: 0,
        entries: page as u32,
        ..Shape::of(MapType::UserRingbuf)
    })?;
    let found = bench.map(&super::PLAIN)?;
    // Past the consumer's page, which is not for us: how far we have come, and the records.
    let mut memory = map
        .mmap_at(page, 2 * page, Access::ReadWrite)
        .at(Stage::Mmap)?;
    let header = [(FIRST.len() as u32).to_ne_bytes(), [0; 4]].concat();
    memory.write_at(page, &header);
    memory.write_at(page + 8, &FIRST);
    memory.write(&16_u64.to_ne_bytes());

    let callback = Code::new()
        .copy(Reg::R3, Reg::R1)
        .copy(Reg::R1, Reg::R10)
        .math(Op::Add, Reg::R1, -8)
        .set(Reg::R2, 4)
        .set(Reg::R4, 0)
        .set(Reg::R5, 0)
        .call(helper::DYNPTR_READ)
        .load(Size::U32, Reg::R2, Reg::R10, -8)
        .map_value(Reg::R1, &found)
        .store(Size::U32, Reg::R1, 0, Reg::R2)
        .exit_with(0);
    let after_drain = Code::new()
        .set(Reg::R3, 0)
        .set(Reg::R4, 0)
        .call(helper::USER_RINGBUF_DRAIN)
        .exit();
    let drain = Code::new()
        .map(Reg::R1, &map)
        .function(Reg::R2, after_drain.len() as i32)
        .then(&after_drain);
    let code = drain.clone().then(&callback);

    let (types, [main, callback]) = Types::functions();
    let types = Btf::load(&types.bytes()).at(Stage::BtfLoad)?;
    let program = bench.load(&Recipe {
        btf: Some((&types, &[(0, main), (drain.len() as u32, callback)])),
        ..Recipe::of(ProgType::SocketFilter, &code)
    })?;
    let drained = program.test_run(&PACKET).at(Stage::Trigger)?;
    expect("records drained:", i64::from(drained as i32), 1)?;
    compare("the record", &found.lookup().at(Stage::Read)?, &FIRST)
}

/// `perf-event-array`
fn perf_event_array(bench: &mut Bench) -> Trial {
    /// How often it is tried on another processor.
    const TRIES: u32 = 5;
    let page = page();
    let map = bench.map(&Shape::of(MapType::PerfEventArray))?;
    let code = Code::new()
        .store_number(Size::U32, Reg::R10, -8, i32::from_ne_bytes(FIRST))
        .map(Reg::R2, &map)
        .set(Reg::R3, 0)
        .copy(Reg::R4, Reg::R10)
        .math(Op::Add, Reg::R4, -8)
        .set(Reg::R5, FIRST.len() as i32)
        .call(helper::PERF_EVENT_OUTPUT)
        .exit();
    let program = bench.program(ProgType::SocketFilter, &code)?;
    let event = PerfEvent {
        kind: PerfEvent::SOFTWARE,
        config: PerfEvent::BPF_OUTPUT,
        period: 1,
        sample: PerfEvent::SAMPLE_RAW,
        wakeup: 1,
        ..PerfEvent::default()
    };
    // An event belongs to a processor, as those of real consumers do, and this thread may come
    // to another one meanwhile.
    for _ in 0..TRIES {
        let here = sched::sched_getcpu().of(Call::Getcpu).at(Stage::Attach)?;
        // EACCES or EPERM: perf_event_paranoid.
        let event = Event::open(&event, -1, here as i32).at(Stage::Attach)?;
        let memory = event.mmap(2 * page).at(Stage::Mmap)?;
        map.update_fd(&[], event.as_fd()).at(Stage::Attach)?;
        let answer = program.test_run(&PACKET).at(Stage::Trigger)? as i32;
        if answer == -(Errno::EOPNOTSUPP as i32) {
            continue;
        }
        expect("the program's output answered", answer.into(), 0)?;
        return judge(&memory, page);
    }
    Err(Trouble::Skipped(
        "the process never stayed on one processor".to_owned(),
    ))
}

/// Whether the program's record has come.
fn judge(memory: &Mapping, page: usize) -> Trial {
    /// Where the first page tells how far the kernel has come (`data_head`).
    const HEAD: usize = 1024;
    /// A record of the kind PERF_RECORD_SAMPLE.
    const SAMPLE: u32 = 9;
    if word(memory, HEAD) == 0 {
        return expect("bytes in the buffer:", 0, 24);
    }
    expect("kind of record:", word(memory, page).into(), SAMPLE.into())?;
    // A header of eight bytes and the length, then what the program has written.
    compare("the record", &memory.read_at(page + 12, 4), &FIRST)
}
