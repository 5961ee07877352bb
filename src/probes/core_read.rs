//! A compiled program finds the fields of a kernel structure on this kernel, and what it reads
//! there is true.

use std::ffi::CString;

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::stat;
use nix::unistd::Pid;

use super::basics::expect;
use super::bench::At;
use super::bench::Bench;
use super::bench::Trial;
use super::bench::Trouble;
use super::bench::own_process;
use super::call::Call;
use super::errno::Answered as _;
use super::errno::Code;
use super::kernel_types::NoTypes;
use super::object::Experiment;
use super::object::image;
use super::outcome::Stage;
use super::sys;
use super::table::Probe;
use super::table::TRACING;

/// What this file adds to the probe table.
pub(super) const PROBES: &[Probe] = &[Probe {
    id: "core-read",
    title: "Compiled programs find their way in this kernel (CO-RE)",
    about: "Loads a program that reads process id and name of the current task through CO-RE \
                relocations against the kernel's BTF, runs it in the probe's own process, and \
                compares what it read with the truth.",
    effects: "none: two maps and a program, held by descriptors; for its time the name of the \
                  process that does it and, before 5.10, a program at the tracepoint task_rename, \
                  which says nothing of other processes",
    area: "core",
    since: Some("5.2"), // e83b9f55448a, kernel BTF; bpf_probe_read_kernel is replaced before 5.5
    privilege: TRACING,
    stages: &[Stage::Open, Stage::Load, Stage::Trigger, Stage::Read],
    needs: &["map-create", "prog-load"],
    run: core_read,
}];

/// What `probes/core_read.bpf.c` answers: four numbers, then the thread's name.
const ANSWER_NUMBERS: usize = 4;

/// The inode of the initial pid namespace (PROC_PID_INIT_INO), the same on every kernel.
const INITIAL_PID_NAMESPACE: u64 = 0xEFFF_FFFC;

/// `core-read`: reads process id and name of the current task through CO-RE relocations.
pub(super) fn core_read(bench: &mut Bench) -> Trial {
    read_own_task(true).map_err(|trouble| match (&trouble, bench.kernel_types()) {
        // libbpf's word for no BTF, wherever it looked: without /sys nobody can tell.
        (
            Trouble::Failed {
                stage: Stage::Load,
                errno: Some(code),
                ..
            },
            Err(NoTypes::Unread(reason)),
        ) if *code == Errno::ESRCH => Trouble::Skipped(reason),
        _ => trouble,
    })
}

fn read_own_task(test_run: bool) -> Trial {
    let experiment = Experiment {
        name: "core_read",
        image: image!("core_read"),
        test_run,
        cause: rename,
    };
    let before = sys::thread_name().of(Call::Prctl).at(Stage::Trigger)?;
    // A name nobody else has, by which the program knows us.
    let process = own_process()?;
    let name = CString::new(format!("probe-{process}")).unwrap_or_default();
    prctl::set_name(&name).of(Call::Prctl).at(Stage::Trigger)?;
    let answer = experiment.perform(name.to_bytes());
    prctl::set_name(&before)
        .of(Call::Prctl)
        .at(Stage::Trigger)?;
    judge(&answer?, &name, process)
}

/// Gives this thread the name it has, which is an event all the same.
fn rename() -> Result<(), Errno> {
    prctl::set_name(&sys::thread_name()?)
}

/// Compares what the program read with the truth.
fn judge(answer: &[u8], name: &CString, process: Pid) -> Trial {
    let (words, comm) = answer
        .split_at_checked(4 * ANSWER_NUMBERS)
        .unwrap_or_default();
    let numbers: Vec<i32> = words
        .chunks_exact(4)
        .filter_map(|word| Some(i32::from_ne_bytes(word.try_into().ok()?)))
        .collect();
    let &[times, tgid_by_helper, tgid, error] = numbers.as_slice() else {
        return Err(Trouble::wrong(
            Stage::Read,
            "the program's answer has another size".to_owned(),
        ));
    };
    if times == 0 {
        return Err(Trouble::wrong(
            Stage::Trigger,
            "the program did not run, or did not find the thread's name".to_owned(),
        ));
    }
    if error != 0 {
        // Up to 5.12, lockdown=confidentiality let such programs load and refused the read.
        let code = Code::of_return(error);
        return Err(Trouble::wrong(
            Stage::Read,
            format!("reading kernel memory answered {code}"),
        ));
    }
    expect("process id, read", tgid.into(), tgid_by_helper.into())?;
    if in_initial_pid_namespace() {
        expect(
            "process id, by the helper",
            tgid_by_helper.into(),
            process.as_raw().into(),
        )?;
    }
    // Behind the closing zero the kernel may keep what is left of a longer name.
    let comm = comm.split(|byte| *byte == 0).next().unwrap_or_default();
    if comm == name.to_bytes() {
        return Ok(());
    }
    let got = String::from_utf8_lossy(comm);
    let expected = name.to_string_lossy();
    Err(Trouble::wrong(
        Stage::Read,
        format!("thread name, read: {got:?} instead of {expected:?}"),
    ))
}

/// Whether process ids are here what they are inside the kernel; no where it can't be told.
fn in_initial_pid_namespace() -> bool {
    stat::stat("/proc/self/ns/pid").is_ok_and(|file| file.st_ino == INITIAL_PID_NAMESPACE)
}

/// As [`core_read`], the way it goes on kernels before 5.10.
#[cfg(test)]
pub(super) fn core_read_attached(_bench: &mut Bench) -> Trial {
    read_own_task(false)
}

#[cfg(test)]
mod tests {
    use nix::unistd;

    use super::*;

    fn answer(numbers: [i32; 4], comm: &[u8]) -> Vec<u8> {
        let mut bytes: Vec<u8> = numbers
            .iter()
            .flat_map(|number| number.to_ne_bytes())
            .collect();
        bytes.extend(comm);
        bytes
    }

    fn judged(numbers: [i32; 4], comm: &[u8]) -> Result<(), String> {
        judge(
            &answer(numbers, comm),
            &c"probe".to_owned(),
            unistd::getpid(),
        )
        .map_err(|trouble| match trouble {
            Trouble::Failed { remark, .. } => remark,
            Trouble::Skipped(reason) => reason,
        })
    }

    #[test]
    fn wrong_answers_are_told_from_right_ones() {
        let pid = unistd::getpid().as_raw();
        assert_eq!(judged([1, pid, pid, 0], b"probe\0left-over"), Ok(()));
        assert!(
            judged([0, 0, 0, 0], b"\0")
                .unwrap_err()
                .contains("did not run")
        );
        assert!(
            judged([1, pid, 0, -1], b"\0")
                .unwrap_err()
                .ends_with("answered EPERM")
        );
        assert!(
            judged([1, pid, 7, 0], b"probe\0")
                .unwrap_err()
                .contains("read 7 instead of")
        );
        assert!(
            judged([1, pid, pid, 0], b"ebor\0")
                .unwrap_err()
                .contains("\"ebor\" instead of")
        );
        assert!(judge(b"short", &c"probe".to_owned(), unistd::getpid()).is_err());
    }
}
