//! Programs at functions: of the kernel by kprobes, of this very program by uprobes.

use std::ffi::CStr;
use std::ffi::CString;
use std::hint;

use nix::errno::Errno;
use nix::unistd;
use nix::unistd::Pid;

use super::super::bench::At;
use super::super::bench::Bench;
use super::super::bench::Trial;
use super::super::bench::Trouble;
use super::super::bench::own_process;
use super::super::call::Call;
use super::super::errno::Answered as _;
use super::super::insn::Code;
use super::super::insn::Reg;
use super::super::kernel_types::short_file;
use super::super::kernel_types::whole_file;
use super::super::kinds::ProgType;
use super::super::kinds::Recipe;
use super::super::kinds::helper;
use super::super::kinds::hook;
use super::super::outcome::Stage;
use super::super::rights::through_proc;
use super::super::sys::Event;
use super::super::sys::Link;
use super::super::sys::PerfEvent;
use super::super::table::FIRES;
use super::super::table::LOOKED_UP;
use super::super::table::Probe;
use super::Tracing;
use super::Witness;
use super::functions_are_traced;

const PERFMON: &str = "CAP_BPF and CAP_PERFMON (before 5.8, and on kernels of Debian and Ubuntu where \
     kernel.perf_event_paranoid is 3 or more: CAP_SYS_ADMIN)";
const UPROBE: &str = "CAP_BPF and CAP_PERFMON; from 6.16 on, and on stable kernels since July 2025 \
     (5.10.240, 5.15.189, 6.1.146, 6.6.99, 6.12.39, 6.15.7), CAP_SYS_ADMIN for the event, as before \
     5.8. What uprobe-multi does takes CAP_BPF and CAP_PERFMON alone";
const LINK: &str = "CAP_BPF and CAP_PERFMON";

/// What the kprobe probes are attached to and do.
const KERNEL_EFFECTS: &str = "while the probes run, a program at the system call getsid, which is \
     rarely made; it counts those of the probe's own process alone";
const USER_EFFECTS: &str = "while the probes run, a breakpoint in a function of the doctor's own, \
     in the process of the probes alone";

pub(super) const PROBES: &[Probe] = &[
    Probe {
        id: "kprobe",
        title: "Programs run at kernel functions (kprobe)",
        about: "Attaches a counting program to the entry of the system call getsid through perf, \
                calls it, and reads the count.",
        effects: KERNEL_EFFECTS,
        area: "tracing",
        since: Some("4.17"), // e12f03d7031a, the kprobe PMU; before that through tracefs
        privilege: PERFMON,
        stages: FIRES,
        needs: &["load-kprobe"],
        run: kprobe,
    },
    Probe {
        id: "kretprobe",
        title: "Programs run where kernel functions return (kretprobe)",
        about: "As kprobe, at the return of the system call getsid.",
        effects: KERNEL_EFFECTS,
        area: "tracing",
        since: Some("4.17"),
        privilege: PERFMON,
        stages: FIRES,
        needs: &["load-kprobe"],
        run: kretprobe,
    },
    Probe {
        id: "kprobe-multi",
        title: "One link attaches a program to many kernel functions (kprobe.multi)",
        about: "Attaches a counting program to the system call getsid by a link of many kprobes, \
                calls it, and reads the count.",
        effects: KERNEL_EFFECTS,
        area: "tracing",
        since: Some("5.18"), // 0dcac2725406, with CONFIG_FPROBE
        privilege: LINK,
        stages: FIRES,
        needs: &["load-kprobe"],
        run: kprobe_multi,
    },
];

/// What can run beside these: taking off a breakpoint waits long, and two of one process wait in
/// turn.
pub(super) const UPROBE_ROWS: &[Probe] = &[Probe {
    id: "uprobe",
    title: "Programs run at functions of user programs (uprobe)",
    about: "Attaches a counting program to a function of the doctor's own through perf, calls \
                it, and reads the count.",
    effects: USER_EFFECTS,
    area: "tracing",
    since: Some("4.17"), // 33ea4b24277b, the uprobe PMU
    privilege: UPROBE,
    stages: LOOKED_UP,
    needs: &["load-kprobe"],
    run: uprobe,
}];

/// As [`UPROBE_ROWS`].
pub(super) const URETPROBE_ROWS: &[Probe] = &[Probe {
    id: "uretprobe",
    title: "Programs run where functions of user programs return (uretprobe)",
    about: "As uprobe, at the function's return.",
    effects: USER_EFFECTS,
    area: "tracing",
    since: Some("4.17"),
    privilege: UPROBE,
    stages: LOOKED_UP,
    needs: &["load-kprobe"],
    run: uretprobe,
}];

/// As [`UPROBE_ROWS`].
pub(super) const MULTI_ROWS: &[Probe] = &[Probe {
    id: "uprobe-multi",
    title: "One link attaches a program to many user functions (uprobe.multi)",
    about: "Attaches a counting program to a function of the doctor's own by a link of many \
                uprobes, calls it, and reads the count.",
    effects: USER_EFFECTS,
    area: "tracing",
    since: Some("6.6"), // 89ae89f53d20
    privilege: LINK,
    stages: LOOKED_UP,
    needs: &["load-kprobe"],
    run: uprobe_multi,
}];

/// What is attached nowhere.
pub(super) const LOADED: &[Probe] = &[Probe {
    id: "override-return-load",
    title: "Programs can be loaded that replace what a kernel function returns",
    about: "Loads a kprobe program that calls bpf_override_return; it is attached nowhere.",
    effects: "none: one program, held by a descriptor",
    area: "tracing",
    since: Some("4.16"), // 9802d86585db, with CONFIG_BPF_KPROBE_OVERRIDE
    privilege: LINK,
    stages: &[Stage::Load],
    needs: &["load-kprobe"],
    run: override_return,
}];

/// What a kprobe program is.
const KPROBE: Recipe<'static> = Recipe::of(ProgType::Kprobe, &[]);

/// The system call getsid inside the kernel, by the names it has had.
const GETSID: [&CStr; 2] = [
    if cfg!(target_arch = "x86_64") {
        c"__x64_sys_getsid"
    } else if cfg!(target_arch = "aarch64") {
        c"__arm64_sys_getsid"
    } else if cfg!(target_arch = "s390x") {
        c"__s390x_sys_getsid"
    } else if cfg!(target_arch = "riscv64") {
        c"__riscv_sys_getsid"
    } else {
        c"__se_sys_getsid"
    },
    // Without wrappers around system calls: before 4.17 and on several machines.
    c"sys_getsid",
];

/// `kprobe`
fn kprobe(bench: &mut Bench) -> Trial {
    at_kernel_function(bench, false)
}

/// `kretprobe`
fn kretprobe(bench: &mut Bench) -> Trial {
    at_kernel_function(bench, true)
}

fn at_kernel_function(bench: &mut Bench, at_return: bool) -> Trial {
    // On arm64 kprobes are breakpoints; elsewhere those where a function begins go by ftrace.
    if !cfg!(target_arch = "aarch64") {
        functions_are_traced()?;
    }
    let witness = Witness::load(bench, &KPROBE, &Code::new(), 0)?;
    // Without CONFIG_KPROBE_EVENTS, and before 4.17, there is no such kind of event.
    let kind = dynamic_events("kprobe")?;
    let open = |name: &'static CStr| {
        let event = PerfEvent {
            kind,
            config: u64::from(at_return),
            name: Some(name),
            ..PerfEvent::default()
        };
        Event::open(&event, 0, -1)
    };
    let [name, older] = GETSID;
    // EPERM: lockdown in confidentiality mode; EACCES: perf_event_paranoid.
    let event = match open(name) {
        Err(code) if code == Errno::ENOENT => open(older),
        answer => answer,
    };
    let event = event.at(Stage::Attach)?;
    event.run(&witness.program).at(Stage::Attach)?;
    event.enable().at(Stage::Attach)?;
    bench.tracing.keep(event);
    witness.fires_on(getsid)
}

/// `kprobe-multi`
fn kprobe_multi(bench: &mut Bench) -> Trial {
    functions_are_traced()?;
    let kind = Recipe {
        hook: hook::TRACE_KPROBE_MULTI,
        ..KPROBE
    };
    let witness = Witness::load(bench, &kind, &Code::new(), 0)?;
    // EOPNOTSUPP: CONFIG_FPROBE is off. EINVAL: before 5.18.
    let [name, older] = GETSID;
    let link = match Link::kprobes(&witness.program, name) {
        Err(code) if code == Errno::ESRCH || code == Errno::ENOENT => {
            Link::kprobes(&witness.program, older)
        }
        answer => answer,
    };
    bench.tracing.keep(link.at(Stage::Attach)?);
    witness.fires_on(getsid)
}

/// The system call itself, which changes nothing.
pub(super) fn getsid() -> Trial {
    unistd::getsid(Some(Pid::this()))
        .map(drop)
        .of(Call::Getsid)
        .at(Stage::Trigger)
}

/// `uprobe`
fn uprobe(bench: &mut Bench) -> Trial {
    at_own_function(bench, false)
}

/// `uretprobe`
fn uretprobe(bench: &mut Bench) -> Trial {
    at_own_function(bench, true)
}

/// The file this program was started from, as the kernel finds it.
const OWN_FILE: &CStr = c"/proc/self/exe";

fn at_own_function(bench: &mut Bench, at_return: bool) -> Trial {
    let witness = Witness::load(bench, &KPROBE, &Code::new(), 0)?;
    let kind = dynamic_events("uprobe")?;
    let offset = own_function()?;
    let event = PerfEvent {
        kind,
        config: u64::from(at_return),
        name: Some(OWN_FILE),
        offset,
        ..PerfEvent::default()
    };
    // EACCES: without CAP_SYS_ADMIN, since ba677dbe77af (6.16; `perf_uprobe_event_init()`).
    let event = Event::open(&event, 0, -1).at(Stage::Attach)?;
    event.run(&witness.program).at(Stage::Attach)?;
    event.enable().at(Stage::Attach)?;
    Tracing::keep_to_the_end(event);
    witness.fires_on(|| {
        landmark();
        Ok(())
    })
}

/// `uprobe-multi`
fn uprobe_multi(bench: &mut Bench) -> Trial {
    let kind = Recipe {
        hook: hook::TRACE_UPROBE_MULTI,
        ..KPROBE
    };
    let witness = Witness::load(bench, &kind, &Code::new(), 0)?;
    let offset = own_function()?;
    // The kernel wants the file itself here, not a link to it, under some file systems.
    let path = through_proc(nix::fcntl::readlink(OWN_FILE), Stage::Open)?;
    let path = CString::new(path.into_encoded_bytes()).map_err(|_| Errno::EINVAL);
    let path = path.told().at(Stage::Open)?;
    let process = own_process()?.as_raw().cast_unsigned();
    // EOPNOTSUPP: CONFIG_UPROBES is off. EINVAL: before 6.6.
    let link = Link::uprobe(&witness.program, &path, offset, process).at(Stage::Attach)?;
    Tracing::keep_to_the_end(link);
    witness.fires_on(|| {
        landmark();
        Ok(())
    })
}

/// What the uprobes are attached to: nothing else calls it.
#[inline(never)]
extern "C" fn landmark() {
    hint::black_box(());
}

/// Where that function is in the file of this program.
fn own_function() -> Result<u64, Trouble> {
    let address = (landmark as *const ()).addr() as u64;
    let maps = through_proc(whole_file("/proc/self/maps"), Stage::Open)?;
    place(&String::from_utf8_lossy(&maps), address)
        .ok_or(Errno::ENOENT)
        .told()
        .at(Stage::Open)
}

/// The place in its file of what is at an address, by the text of `/proc/self/maps`.
fn place(maps: &str, address: u64) -> Option<u64> {
    let hex = |text: &str| u64::from_str_radix(text, 16).ok();
    maps.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let (start, end) = (hex(start)?, hex(end)?);
        let offset = hex(words.nth(1)?)?;
        (start..end)
            .contains(&address)
            .then(|| address - start + offset)
    })
}

/// The number of a kind of event that is made while it is opened.
fn dynamic_events(kind: &str) -> Result<u32, Trouble> {
    let devices = "/sys/bus/event_source/devices";
    let number = |kind: &str| {
        let text = short_file(&format!("{devices}/{kind}/type"))?;
        text.parse().map_err(|_| Errno::EINVAL)
    };
    match number(kind) {
        Err(Errno::ENOENT) if number("software").is_err() => Err(Trouble::Skipped(format!(
            "the kinds of events can't be seen: nothing is at {devices}"
        ))),
        Err(Errno::ENOENT) => Err(Trouble::Failed {
            stage: Stage::Attach,
            errno: Some(Errno::ENOENT.into()),
            remark: format!("the kernel has no events of kind {kind}: no {devices}/{kind}"),
        }),
        answer => answer.of(Call::Open).at(Stage::Attach),
    }
}

/// `override-return-load`
fn override_return(bench: &mut Bench) -> Trial {
    let code = Code::new()
        .set(Reg::R2, 0)
        .call(helper::OVERRIDE_RETURN)
        .exit_with(0);
    // EINVAL: CONFIG_BPF_KPROBE_OVERRIDE is off, and the helper not there.
    let recipe = Recipe {
        code: &code,
        ..KPROBE
    };
    bench.load(&recipe).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_in_its_file() {
        let maps = "55a0000-55b0000 r--p 00000000 fd:00 1234 /usr/bin/x\n\
                    55b0000-55f0000 r-xp 00010000 fd:00 1234 /usr/bin/x (deleted)\n\
                    nonsense\n\
                    7ff0000-7ff1000 r-xp 00000000 00:00 0 [vdso]\n";
        assert_eq!(place(maps, 0x55b_0123), Some(0x1_0123));
        assert_eq!(place(maps, 0x55f_0000), None);
        assert_eq!(place("", 1), None);
        assert!(own_function().is_ok());
    }
}
