//! The system call, and the smallest program: taken, run, compiled.

use nix::errno::Errno;
use nix::sys::stat;

use super::bench::At;
use super::bench::Bench;
use super::bench::Trial;
use super::bench::Trouble;
use super::errno::Code as ErrnoCode;
use super::insn::Insn;
use super::insn::Reg;
use super::kinds::ProgType;
use super::outcome::KERNEL_HAS_IT;
use super::outcome::Stage;
use super::passed;
use super::sys;
use super::sys::Program;
use super::table::BPF;
use super::table::NONE;
use super::table::NOTHING;
use super::table::ONE_PROGRAM;
use super::table::Probe;

/// What this file adds to the probe table.
pub(super) const PROBES: &[Probe] = &[
    Probe {
        id: "bpf-syscall",
        title: "The bpf system call is there",
        about: "Calls bpf(2) with a command no kernel has: EINVAL says that the call is there.",
        effects: NOTHING,
        area: "basics",
        since: Some("3.18"), // 99c55f7d47c0
        privilege: NONE,
        stages: &[Stage::Trigger],
        needs: &[],
        run: syscall,
    },
    Probe {
        id: "prog-load",
        title: "Programs can be loaded",
        about: "Loads a socket filter of two instructions, which returns 42; nothing is attached.",
        effects: ONE_PROGRAM,
        area: "basics",
        since: Some("3.19"), // ddd872bc3098
        privilege: BPF,
        stages: &[Stage::Load],
        needs: &["bpf-syscall"],
        run: load,
    },
    Probe {
        id: "prog-run",
        title: "Programs can be run for a test",
        about: "Loads the program of prog-load and runs it by BPF_PROG_TEST_RUN on a packet that \
                exists for it alone.",
        effects: ONE_PROGRAM,
        area: "basics",
        since: Some("4.16"), // 61f3c964dfd2, for socket filters
        privilege: "as prog-load; before 5.8 CAP_SYS_ADMIN",
        stages: &[Stage::Load, Stage::Trigger, Stage::Read],
        needs: &["prog-load"],
        run,
    },
    Probe {
        id: "jit",
        title: "Programs are compiled to machine code",
        about: "Loads the program of prog-load and asks for the length of its machine code.",
        effects: ONE_PROGRAM,
        area: "basics",
        since: Some("4.13"), // 1e2709769086, which lets one ask; compilers are older
        privilege: "CAP_BPF (before 5.8: CAP_SYS_ADMIN)",
        stages: &[Stage::Load, Stage::Read],
        needs: &["prog-load"],
        run: jit,
    },
];

/// What the smallest program returns: nothing a kernel gives by accident.
const ANSWER: i32 = 42;

/// An Ethernet header of zeros, the least a packet program can be run on.
pub(super) const PACKET: [u8; 14] = [0; 14];

/// `bpf-syscall`: whether bpf(2) is there, asked with a command that isn't.
pub(super) fn syscall(_bench: &mut Bench) -> Trial {
    // EINVAL: the system call got as far as looking the command up. ENOSYS would be a kernel
    // without CONFIG_BPF_SYSCALL, or a seccomp filter that says so; EPERM a seccomp filter, or
    // unprivileged_bpf_disabled, which up to 5.18 came before the command.
    let answer = nonsense(
        sys::unknown_command(),
        "a command that does not exist was carried out",
    );
    unless_the_kernel_has_it(answer, "kernel.unprivileged_bpf_disabled")
}

/// Passes where the kernel itself looked at a call that asks for nothing there is, which it says by
/// EINVAL; `carried_out` is said where it did the impossible.
pub(super) fn nonsense(answer: Result<(), ErrnoCode>, carried_out: &str) -> Trial {
    match answer {
        Err(code) if code == Errno::EINVAL => {
            passed::note(Stage::Trigger);
            Ok(())
        }
        Err(code) => Err(code).at(Stage::Trigger),
        Ok(()) => Err(Trouble::wrong(Stage::Trigger, carried_out.to_owned())),
    }
}

/// The same, where a setting is there that comes with the call: then it is not the kernel that
/// says ENOSYS.
pub(super) fn unless_the_kernel_has_it(trial: Trial, setting: &str) -> Trial {
    match trial {
        Err(Trouble::Failed {
            stage,
            errno: Some(code),
            remark,
        }) if code == Errno::ENOSYS && remark.is_empty() && has_setting(setting) => {
            Err(Trouble::Failed {
                stage,
                errno: Some(code),
                remark: format!("{KERNEL_HAS_IT}{setting} is there, which comes with the call"),
            })
        }
        trial => trial,
    }
}

/// Whether the kernel has a setting of this name (`kernel.ostype`).
fn has_setting(name: &str) -> bool {
    let path = format!("/proc/sys/{}", name.replace('.', "/"));
    stat::stat(path.as_str()).is_ok()
}

/// `prog-load`: whether the verifier takes `return 42`.
pub(super) fn load(bench: &mut Bench) -> Trial {
    smallest(bench).map(drop)
}

/// `prog-run`: whether that program, run, returns 42.
pub(super) fn run(bench: &mut Bench) -> Trial {
    // ENOTSUPP: before 4.16 this type of program had no test run; EINVAL: before 4.12 none had.
    let answer = smallest(bench)?.test_run(&PACKET).at(Stage::Trigger)?;
    expect("the program returned", i64::from(answer), i64::from(ANSWER))
}

/// `jit`: whether that program became machine code.
pub(super) fn jit(bench: &mut Bench) -> Trial {
    let lengths = smallest(bench)?.lengths().at(Stage::Read)?;
    match (lengths.jited, lengths.rewritten) {
        // bpf_prog_get_info_by_fd() shows both lengths as 0 to a caller without CAP_BPF (before
        // 5.8: CAP_SYS_ADMIN), and neither as 0 otherwise: a program has instructions. Neither
        // kptr_restrict nor bpf_jit_harden hides a length, only the code itself.
        (0, 0) => Err(Trouble::Skipped(
            "the kernel does not show this process what became of a program".to_owned(),
        )),
        (0, _) => Err(Trouble::wrong(
            Stage::Read,
            "the kernel interprets BPF programs: nothing was compiled".to_owned(),
        )),
        _ => Ok(()),
    }
}

/// Fails a probe whose result is not what it must be.
pub(super) fn expect(what: &str, got: i64, expected: i64) -> Trial {
    if got == expected {
        passed::note(Stage::Read);
        return Ok(());
    }
    Err(Trouble::wrong(
        Stage::Read,
        format!("{what} {got} instead of {expected}"),
    ))
}

/// The smallest program, of a type that needs no privilege of its own.
fn smallest(bench: &mut Bench) -> Result<Program, Trouble> {
    bench.program(
        ProgType::SocketFilter,
        &[Insn::set(Reg::R0, ANSWER), Insn::exit()],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_comes_with_the_call_tells_who_says_that_there_is_none() {
        let failed = |errno: Errno| Err(ErrnoCode::from(errno)).at(Stage::Trigger);
        for (trial, setting, told) in [
            (failed(Errno::ENOSYS), "kernel.ostype", true),
            (failed(Errno::ENOSYS), "kernel.no_such_setting", false),
            (failed(Errno::EPERM), "kernel.ostype", false),
            (Ok(()), "kernel.ostype", false),
        ] {
            let remark = match unless_the_kernel_has_it(trial, setting) {
                Err(Trouble::Failed { remark, .. }) => remark,
                _ => String::new(),
            };
            assert_eq!(remark.starts_with(KERNEL_HAS_IT), told, "{remark}");
        }
    }
}
