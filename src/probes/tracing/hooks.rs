//! Programs of the kernel's own types (BTF): at functions, typed tracepoints and security hooks.

use nix::errno::Errno;
use nix::fcntl;

use super::super::bench::At;
use super::super::bench::Bench;
use super::super::bench::Trial;
use super::super::bench::Trouble;
use super::super::call::Call;
use super::super::errno::Answered as _;
use super::super::insn::Code;
use super::super::kinds::ProgType;
use super::super::kinds::Recipe;
use super::super::kinds::SLEEPABLE;
use super::super::kinds::hook;
use super::super::outcome::Stage;
use super::super::sys::Link;
use super::super::table::LOOKED_UP;
use super::super::table::Probe;
use super::super::table::TRACING;
use super::Witness;
use super::events::rename;
use super::functions::getsid;
use super::functions_are_traced;

/// A function of the kernel that nothing but test runs of tracing programs calls.
pub(super) const FENTRY_TEST: &str = "bpf_fentry_test1";
/// The same for programs that replace what a function returns.
pub(super) const MODIFY_RETURN_TEST: &str = "bpf_modify_return_test";
/// What asks the security hooks of getsid: programs may stand in for all of its kind.
pub(super) const SECURITY_GETSID: &str = "security_task_getsid";
/// The tracepoint of new names of threads.
pub(super) const TASK_RENAME: &str = "btf_trace_task_rename";
/// The security hook of getsid of a process: rarely asked.
pub(super) const LSM_GETSID: &str = "bpf_lsm_task_getsid";
/// The security hook of reading a symbolic link, where programs may sleep.
pub(super) const LSM_READLINK: &str = "bpf_lsm_inode_readlink";

const TEST_EFFECTS: &str = "while the probes run, a program at a function of the kernel that is \
     there for such tests alone";

pub(super) const PROBES: &[Probe] = &[
    Probe {
        id: "fentry",
        title: "Programs run where kernel functions begin (fentry)",
        about: "Attaches a counting program to the entry of bpf_fentry_test1, has the kernel call \
                it by BPF_PROG_TEST_RUN, and reads the count.",
        effects: TEST_EFFECTS,
        area: "tracing",
        since: Some("5.5"), // fec56f5890d9; da00d2f117a0, the test function
        privilege: TRACING,
        stages: LOOKED_UP,
        needs: &["load-tracing"],
        run: fentry,
    },
    Probe {
        id: "fexit",
        title: "Programs run where kernel functions end (fexit)",
        about: "As fentry, at the function's end.",
        effects: TEST_EFFECTS,
        area: "tracing",
        since: Some("5.5"),
        privilege: TRACING,
        stages: LOOKED_UP,
        needs: &["load-tracing"],
        run: fexit,
    },
    Probe {
        id: "fentry-sleepable",
        title: "Tracing programs may sleep",
        about: "Loads a program for the entry of bpf_fentry_test1 that may sleep, attaches it, has \
                the kernel call the function, and reads the count.",
        effects: TEST_EFFECTS,
        area: "tracing",
        since: Some("5.10"), // 1e6c62a88215
        privilege: TRACING,
        stages: LOOKED_UP,
        needs: &["load-tracing"],
        run: fentry_sleepable,
    },
    Probe {
        id: "fmod-ret",
        title: "Programs replace what kernel functions return (fmod_ret)",
        about: "Attaches a program to bpf_modify_return_test that answers in its place, for the \
                probe's own process alone, has the kernel call it by BPF_PROG_TEST_RUN, and \
                compares what came back with and without. Where the kernel does not let that \
                function be replaced, attaches a counting one that allows everything to \
                security_task_getsid, and calls getsid.",
        effects: "while the probes run, a program at a function of the kernel that is there for \
                  such tests alone, or one at the security check of getsid, which counts the calls \
                  of the probe's own process alone and allows all",
        area: "tracing",
        since: Some("5.7"), // ae24082331d9
        privilege: TRACING,
        stages: LOOKED_UP,
        needs: &["load-tracing"],
        run: fmod_ret,
    },
    Probe {
        id: "tp-btf",
        title: "Programs run at typed tracepoints (tp_btf)",
        about: "Attaches a counting program to task_rename by the kernel's BTF, gives the probe's \
                own process the name it has, and reads the count.",
        effects: "while the probes run, a program at the event task_rename, which counts those of \
                  the probe's own process alone",
        area: "tracing",
        since: Some("5.5"), // ac4414b5ca47
        privilege: TRACING,
        stages: LOOKED_UP,
        needs: &["load-tracing"],
        run: tp_btf,
    },
    Probe {
        id: "lsm",
        title: "Programs run at security hooks (LSM)",
        about: "Attaches a counting program, which allows everything, to the security hook of \
                getsid, asks for the session of the probe's own process, and reads the count.",
        effects: "while the probes run, a program at the security hook of getsid, which counts \
                  the calls of the probe's own process alone and allows all",
        area: "tracing",
        since: Some("5.7"), // 9e4e01dfd325
        privilege: TRACING,
        stages: LOOKED_UP,
        needs: &["load-lsm"],
        run: lsm,
    },
    Probe {
        id: "lsm-sleepable",
        title: "Programs at security hooks may sleep",
        about: "Attaches a counting program that may sleep, and allows everything, to the security \
                hook of reading a link, reads one, and reads the count.",
        effects: "while the probes run, a program at the security hook of reading a symbolic \
                  link, which counts those of the probe's own process alone and allows all",
        area: "tracing",
        since: Some("5.11"), // 423f16108c9d
        privilege: TRACING,
        stages: LOOKED_UP,
        needs: &["lsm"],
        run: lsm_sleepable,
    },
];

/// `fentry`
fn fentry(bench: &mut Bench) -> Trial {
    at_test_function(bench, hook::TRACE_FENTRY, 0)
}

/// `fexit`
fn fexit(bench: &mut Bench) -> Trial {
    at_test_function(bench, hook::TRACE_FEXIT, 0)
}

/// `fentry-sleepable`
fn fentry_sleepable(bench: &mut Bench) -> Trial {
    at_test_function(bench, hook::TRACE_FENTRY, SLEEPABLE)
}

fn at_test_function(bench: &mut Bench, hook: u32, flags: u32) -> Trial {
    functions_are_traced()?;
    let kind = Recipe {
        hook,
        flags,
        attach_btf_id: bench.target(FENTRY_TEST)?,
        ..Recipe::of(ProgType::Tracing, &[])
    };
    let witness = Witness::load(bench, &kind, &Code::new(), 0)?;
    attach(bench, &witness)?;
    witness.fires_on(|| witness.program.test_run(&[]).at(Stage::Trigger).map(drop))
}

/// Attaches a program where its recipe says.
fn attach(bench: &mut Bench, witness: &Witness) -> Trial {
    // ENOTSUPP: no trampolines for this machine in this kernel (arm64 before 6.4 among them), or
    // without CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS. EBUSY: something else sits there that
    // can't be shared with, a live patch, or ftrace is off.
    let link = Link::raw_tracepoint(&witness.program, None).at(Stage::Attach)?;
    bench.tracing.keep(link);
    Ok(())
}

/// `fmod-ret`
fn fmod_ret(bench: &mut Bench) -> Trial {
    functions_are_traced()?;
    /// Nothing the test function answers by itself.
    const ANSWER: i32 = 42;
    let kind = Recipe {
        hook: hook::MODIFY_RETURN,
        attach_btf_id: bench.target(MODIFY_RETURN_TEST)?,
        ..Recipe::of(ProgType::Tracing, &[])
    };
    let witness = match Witness::load(bench, &kind, &Code::new(), ANSWER) {
        // Up to 6.1 that function is open to programs only with CONFIG_FUNCTION_ERROR_INJECTION;
        // the security checks always are.
        Err(Trouble::Failed {
            errno: Some(code), ..
        }) if code == Errno::EINVAL => return fmod_ret_of_check(bench),
        answer => answer?,
    };
    let before = witness.program.test_run(&[]).at(Stage::Trigger)?;
    attach(bench, &witness)?;
    let mut after = before;
    witness.fires_on(|| {
        after = witness.program.test_run(&[]).at(Stage::Trigger)?;
        Ok(())
    })?;
    if before == after {
        return Err(Trouble::wrong(
            Stage::Read,
            format!("the program ran, and the function answered {after} as without it"),
        ));
    }
    Ok(())
}

/// `fmod-ret` at a security check, which goes on as without it.
fn fmod_ret_of_check(bench: &mut Bench) -> Trial {
    let kind = Recipe {
        hook: hook::MODIFY_RETURN,
        attach_btf_id: bench.target(SECURITY_GETSID)?,
        ..Recipe::of(ProgType::Tracing, &[])
    };
    let witness = Witness::load(bench, &kind, &Code::new(), 0)?;
    attach(bench, &witness)?;
    witness.fires_on(getsid)
}

/// `tp-btf`
fn tp_btf(bench: &mut Bench) -> Trial {
    let kind = Recipe {
        hook: hook::TRACE_RAW_TP,
        attach_btf_id: bench.target(TASK_RENAME)?,
        ..Recipe::of(ProgType::Tracing, &[])
    };
    let witness = Witness::load(bench, &kind, &Code::new(), 0)?;
    attach(bench, &witness)?;
    witness.fires_on(rename)
}

/// `lsm`
fn lsm(bench: &mut Bench) -> Trial {
    at_security_hook(bench, LSM_GETSID, 0, getsid)
}

/// `lsm-sleepable`
fn lsm_sleepable(bench: &mut Bench) -> Trial {
    at_security_hook(bench, LSM_READLINK, SLEEPABLE, || {
        match fcntl::readlink("/proc/self/exe") {
            // What is behind the link does not matter.
            Ok(_) | Err(Errno::ENOENT | Errno::EACCES) => Ok(()),
            Err(errno) => Err(errno).of(Call::Readlink).at(Stage::Trigger),
        }
    })
}

fn at_security_hook(
    bench: &mut Bench,
    name: &'static str,
    flags: u32,
    cause: fn() -> Trial,
) -> Trial {
    functions_are_traced()?;
    let kind = Recipe {
        hook: hook::LSM_MAC,
        flags,
        // ESRCH: CONFIG_BPF_LSM is off.
        attach_btf_id: bench.target(name)?,
        ..Recipe::of(ProgType::Lsm, &[])
    };
    let witness = Witness::load(bench, &kind, &Code::new(), 0)?;
    attach(bench, &witness)?;
    cause()?;
    // Where bpf is not among the active security modules, the hook is never asked.
    witness.has_fired()
}
