//! Events of perf, which hand out what programs say, and run programs themselves.

use std::ffi::CStr;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;

use super::super::call::Call;
use super::super::errno::Code;
use super::super::kinds::Access;
use super::memory::Mapping;
use super::program::Program;

/// The size of `struct perf_event_attr` that every kernel since 3.4 knows (PERF_ATTR_SIZE_VER2).
const SIZE: usize = 80;

/// What an event is to be (`struct perf_event_attr`).
#[derive(Debug, Clone, Copy, Default)]
pub(in super::super) struct PerfEvent<'a> {
    /// The kind of event; of dynamic ones what their folder in
    /// `/sys/bus/event_source/devices` says.
    pub(in super::super) kind: u32,
    pub(in super::super) config: u64,
    /// How many events make a sample.
    pub(in super::super) period: u64,
    /// What a sample holds (PERF_SAMPLE_*).
    pub(in super::super) sample: u64,
    /// The bits that follow; see the constants.
    pub(in super::super) flags: u64,
    /// After how many samples a reader is woken.
    pub(in super::super) wakeup: u32,
    /// A function's or a file's name (`config1`, where it is an address).
    pub(in super::super) name: Option<&'a CStr>,
    /// An address, or a place in the file (`config2`).
    pub(in super::super) offset: u64,
}

impl PerfEvent<'_> {
    /// What programs say (PERF_COUNT_SW_BPF_OUTPUT of PERF_TYPE_SOFTWARE).
    pub(in super::super) const SOFTWARE: u32 = 1;
    pub(in super::super) const TRACEPOINT: u32 = 2;
    pub(in super::super) const BPF_OUTPUT: u64 = 10;
    pub(in super::super) const SAMPLE_RAW: u64 = 1 << 10;
    pub(in super::super) const DISABLED: u64 = 1;
    pub(in super::super) const EXCLUDE_KERNEL: u64 = 1 << 5;
}

/// An event.
pub(in super::super) struct Event(OwnedFd);

impl Event {
    /// Opens an event of a process (0: this thread, -1: all) on a processor (-1: all).
    pub(in super::super) fn open(
        event: &PerfEvent<'_>,
        process: i32,
        processor: i32,
    ) -> Result<Self, Code> {
        /// The descriptor closes when another program is run (PERF_FLAG_FD_CLOEXEC).
        const CLOSE_ON_EXEC: u64 = 1 << 3;
        let mut attr = [0; SIZE];
        let mut put = |at: usize, field: &[u8]| {
            if let Some(place) = attr.get_mut(at..at + field.len()) {
                place.copy_from_slice(field);
            }
        };
        let name = event.name.map_or(0, |name| name.as_ptr().addr() as u64);
        put(0, &event.kind.to_ne_bytes());
        put(4, &(SIZE as u32).to_ne_bytes());
        put(8, &event.config.to_ne_bytes());
        put(16, &event.period.to_ne_bytes());
        put(24, &event.sample.to_ne_bytes());
        put(40, &event.flags.to_ne_bytes());
        put(48, &event.wakeup.to_ne_bytes());
        put(56, &name.to_ne_bytes());
        put(64, &event.offset.to_ne_bytes());
        // SAFETY: the kernel reads as many bytes as the second field says; the one address among
        // them is that of a text with a closing zero; both outlive the call. The descriptor it
        // answers with is new.
        let fd = unsafe {
            libc::syscall(
                libc::SYS_perf_event_open,
                attr.as_ptr(),
                process,
                processor,
                -1,
                CLOSE_ON_EXEC,
            )
        };
        match i32::try_from(fd) {
            // SAFETY: as above.
            Ok(fd) if fd >= 0 => Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) })),
            _ => Err(Code::last(Call::PerfEventOpen)),
        }
    }

    /// Lets the event run.
    pub(in super::super) fn enable(&self) -> Result<(), Code> {
        /// PERF_EVENT_IOC_ENABLE
        const ENABLE: libc::c_ulong = 0x2400;
        self.control(ENABLE, 0)
    }

    /// Has the event run a program, for as long as it is open.
    pub(in super::super) fn run(&self, program: &Program) -> Result<(), Code> {
        /// PERF_EVENT_IOC_SET_BPF
        const SET_BPF: libc::c_ulong = 0x4004_2408;
        self.control(SET_BPF, program.number())
    }

    fn control(&self, request: libc::c_ulong, argument: i32) -> Result<(), Code> {
        // SAFETY: the two requests take a number, not an address.
        let answer = unsafe { libc::ioctl(self.0.as_raw_fd(), request as _, argument) };
        if answer < 0 {
            Err(Code::last(Call::Ioctl))
        } else {
            Ok(())
        }
    }

    /// The pages where the kernel puts samples: one that tells how far it has come, then a power
    /// of two of them.
    pub(in super::super) fn mmap(&self, length: usize) -> Result<Mapping, Code> {
        Mapping::of(&self.0, 0, length, Access::ReadWrite)
    }
}

impl From<Event> for OwnedFd {
    fn from(event: Event) -> Self {
        event.0
    }
}

impl AsFd for Event {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
