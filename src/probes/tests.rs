//! The runner against probes that misbehave, and the real table against this machine.

use std::os::fd::OwnedFd;
use std::process;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use nix::poll;
use nix::poll::PollFd;
use nix::poll::PollFlags;
use nix::poll::PollTimeout;
use nix::sys::signal;
use nix::sys::signal::Signal;
use nix::sys::stat;
use nix::sys::wait;
use nix::unistd;

use super::bench::At;
use super::bench::Bench;
use super::bench::Trial;
use super::bench::Trouble;
use super::child::Answer;
use super::errno::Answered as _;
use super::errno::Code;
use super::runner;
use super::sys;
use super::sys::Fork;
use super::table::Lane;
use super::*;

/// Time limits with which a hanging probe doesn't hold up the tests.
const SHORT: Limits = Limits {
    each: Duration::from_millis(900),
    all: Duration::from_secs(20),
    spent: Duration::ZERO,
};

const fn probe(
    id: &'static str,
    needs: &'static [&'static str],
    run: fn(&mut Bench) -> Trial,
) -> Probe {
    Probe {
        id,
        title: "",
        about: "",
        effects: "",
        area: "",
        since: None,
        privilege: "",
        stages: &[],
        needs,
        run,
    }
}

fn fine(_bench: &mut Bench) -> Trial {
    Ok(())
}

fn hangs(_bench: &mut Bench) -> Trial {
    loop {
        thread::sleep(Duration::from_secs(1));
    }
}

fn crashes(_bench: &mut Bench) -> Trial {
    loop {
        // The first one only takes away the handler Rust has for a full stack.
        signal::raise(Signal::SIGSEGV).unwrap();
    }
}

fn aborts(_bench: &mut Bench) -> Trial {
    process::abort()
}

/// What a filter answers is taken neither for the kernel's word nor for that of another call.
#[test]
fn a_filters_answer_to_any_system_call_is_not_the_kernels() {
    fn no_file_systems(_bench: &mut Bench) -> Trial {
        sys::refuse(libc::SYS_fsopen, nix::errno::Errno::ENOSYS)
            .told()
            .at(Stage::Load)?;
        sys::file_system(c"bpf").map(drop).at(Stage::Open)
    }
    fn no_commands(_bench: &mut Bench) -> Trial {
        sys::refuse(libc::SYS_bpf, nix::errno::Errno::EINVAL)
            .told()
            .at(Stage::Load)?;
        sys::Map::create(&kinds::Shape::of(kinds::MapType::Array))
            .map(drop)
            .at(Stage::Create)
    }
    fn no_events(_bench: &mut Bench) -> Trial {
        sys::refuse(libc::SYS_perf_event_open, nix::errno::Errno::EINVAL)
            .told()
            .at(Stage::Load)?;
        sys::Event::open(&sys::PerfEvent::default(), 0, -1)
            .map(drop)
            .at(Stage::Create)
    }
    /// The kernel's own word, under a filter for something else.
    fn no_such_file_system(_bench: &mut Bench) -> Trial {
        sys::refuse(libc::SYS_getsid, nix::errno::Errno::ENODEV)
            .told()
            .at(Stage::Load)?;
        sys::process(unistd::Pid::from_raw(i32::MAX))
            .map(drop)
            .at(Stage::Open)
    }
    for (run, words) in [
        (
            no_file_systems as fn(&mut Bench) -> Trial,
            "answers ENOSYS to fsopen()",
        ),
        (
            no_commands,
            "answers EINVAL to the command MAP_CREATE of bpf()",
        ),
        (no_events, "answers EINVAL to perf_event_open()"),
        (no_such_file_system, ""),
    ] {
        let table = &[&probe("filtered", &[], run)];
        let (_, answer) = run_table(table, &|_| true, &SHORT).pop().unwrap();
        match &answer.outcome {
            Outcome::Skipped { reason } => {
                assert!(
                    !words.is_empty() && reason.contains(words),
                    "{words}: {reason}"
                );
            }
            Outcome::Fails { errno, call, .. } => {
                assert_eq!((errno.as_str(), call.as_str()), ("ESRCH", "pidfd_open"));
                assert!(words.is_empty(), "{words}: {answer:?}");
            }
            Outcome::Works => panic!("{words}: {answer:?}"),
        }
    }
}

/// As a seccomp filter ends a process.
fn is_filtered(_bench: &mut Bench) -> Trial {
    loop {
        signal::raise(Signal::SIGSYS).unwrap();
    }
}

fn tells_and_is_filtered(bench: &mut Bench) -> Trial {
    bench.about_to("the first call");
    bench.about_to("the second call");
    is_filtered(bench)
}

fn tells(bench: &mut Bench) -> Trial {
    bench.about_to("a call that went well");
    Ok(())
}

fn panics(_bench: &mut Bench) -> Trial {
    panic!("there is no tea")
}

fn fails(_bench: &mut Bench) -> Trial {
    Err(Code::ENOTSUPP).at(Stage::Create)
}

/// Works if what it prints goes nowhere.
fn prints(_bench: &mut Bench) -> Trial {
    let nowhere = stat::stat("/dev/null").unwrap();
    for output in [libc::STDOUT_FILENO, libc::STDERR_FILENO] {
        let file = stat::stat(format!("/proc/self/fd/{output}").as_str()).unwrap();
        if file.st_rdev != nowhere.st_rdev {
            return Err(Trouble::wrong(
                Stage::Trigger,
                format!("output {output} is open"),
            ));
        }
    }
    unistd::write(std::io::stdout(), b"{\"outcome\":\"works\",\"micros\":1}\n").unwrap();
    Ok(())
}

const BAD: &[Probe] = &[
    probe("fine", &[], fine),
    probe("hangs", &[], hangs),
    probe("after-hang", &[], fine),
    probe("crashes", &[], crashes),
    probe("aborts", &[], aborts),
    probe("panics", &[], panics),
    probe("prints", &[], prints),
    probe("fails", &[], fails),
    probe("on-fine", &["fine"], fine),
    probe("on-fails", &["fine", "fails"], fine),
    probe("on-crashes", &["crashes"], fine),
    probe("on-on-fails", &["on-fails"], fine),
    probe("filtered-told", &[], tells_and_is_filtered),
    probe("filtered-untold", &[], is_filtered),
    probe("fine-told", &[], tells),
    probe("filtered-later", &[], is_filtered),
];

/// Runs rows of a table in two lanes, in each of which some misbehave.
fn run_table<'table>(
    table: &[&'table Probe],
    selected: &dyn Fn(&str) -> bool,
    limits: &Limits,
) -> Vec<(&'table Probe, Answer)> {
    runner::Underway::start(table, &lane, selected, limits).answers()
}

/// Runs all rows of the real table in their own lanes.
fn run_all(limits: &Limits) -> Vec<(&'static Probe, Answer)> {
    let lane = |probe: &Probe| table::lane(probe);
    runner::Underway::start(table(), &lane, &|_| true, limits).answers()
}

fn lane(probe: &Probe) -> Lane {
    match probe.id.starts_with(['c', 'f', 'p']) {
        true => Lane::Maps,
        false => Lane::Language,
    }
}

/// Runs rows of a table and gives what became of each, in few words.
fn run_bad(ids: &[&str], limits: &Limits) -> Vec<String> {
    let selected = |id: &str| ids.is_empty() || ids.contains(&id);
    run_table(&BAD.iter().collect::<Vec<_>>(), &selected, limits)
        .into_iter()
        .map(|(probe, Answer { outcome, .. })| match outcome {
            Outcome::Works => format!("{}: works", probe.id),
            Outcome::Fails {
                stage, errno, log, ..
            } => {
                format!("{}: fails {stage} {errno} {log}", probe.id)
            }
            Outcome::Skipped { reason } => format!("{}: {reason}", probe.id),
        })
        .collect()
}

#[test]
fn a_probe_that_misbehaves_is_told_of_and_the_others_run() {
    assert_eq!(
        run_bad(&[], &SHORT),
        [
            "fine: works",
            "hangs: it did not answer within 900 ms and was killed",
            "after-hang: works",
            "crashes: its process died of SIGSEGV (signal 11)",
            "aborts: its process died of SIGABRT (signal 6)",
            "panics: a mistake in the probe: there is no tea",
            "prints: works",
            "fails: fails create ENOTSUPP ",
            "on-fine: works",
            "on-fails: it builds on fails, which failed with ENOTSUPP",
            "on-crashes: it builds on crashes, which was skipped",
            "on-on-fails: it builds on fails, which failed with ENOTSUPP",
            "filtered-told: fails trigger SIGSYS its process was killed for the system call it \
             made: the second call",
            "filtered-untold: fails trigger SIGSYS its process was killed for the system call it \
             made",
            "fine-told: works",
            "filtered-later: fails trigger SIGSYS its process was killed for the system call it \
             made",
        ]
    );
}

#[test]
fn only_selected_probes_are_told_of_and_what_they_build_on_is_tried() {
    assert_eq!(
        run_bad(&["on-fails", "fine"], &SHORT),
        [
            "fine: works",
            "on-fails: it builds on fails, which failed with ENOTSUPP"
        ]
    );
    assert!(run(&|_| false, &Limits::default()).is_empty());
}

#[test]
fn the_time_for_all_probes_is_a_limit_too() {
    let limits = Limits {
        each: Duration::from_secs(10),
        // Of which little is left.
        all: Duration::from_millis(1200),
        spent: Duration::from_secs(1),
    };
    let started = Instant::now();
    let told = run_bad(&["fine", "hangs", "after-hang"], &limits);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(
        told,
        [
            "fine: works",
            "hangs: it did not answer within 1 s, the time for all probes, and was killed",
            "after-hang: not tried: the time for all probes, 1 s, was over",
        ]
    );
}

/// Two ends of a pipe between probes of two lanes.
static LINE: Mutex<Option<(OwnedFd, OwnedFd)>> = Mutex::new(None);

fn waits_for_the_other(_bench: &mut Bench) -> Trial {
    let line = LINE.lock().unwrap();
    let (reader, _) = line.as_ref().unwrap();
    assert_eq!(unistd::read(reader, &mut [0]), Ok(1));
    Ok(())
}

fn calls_the_other(_bench: &mut Bench) -> Trial {
    let line = LINE.lock().unwrap();
    let (_, writer) = line.as_ref().unwrap();
    unistd::write(writer, b".").unwrap();
    Ok(())
}

#[test]
fn lanes_run_side_by_side() {
    *LINE.lock().unwrap() = Some(unistd::pipe().unwrap());
    let table = &[
        &probe("waits", &[], waits_for_the_other),
        &probe("calls", &[], calls_the_other),
    ];
    let told = run_table(table, &|_| true, &SHORT).into_iter();
    let told: Vec<(&str, Outcome)> = told
        .map(|(probe, answer)| (probe.id, answer.outcome))
        .collect();
    assert_eq!(told, [("waits", Outcome::Works), ("calls", Outcome::Works)]);
}

#[test]
fn what_is_asked_for_late_was_not_late() {
    let limits = Limits {
        each: Duration::from_millis(200),
        ..SHORT
    };
    let table = &[&probe("fine", &[], fine), &probe("again", &[], fine)];
    let mut underway = runner::Underway::start(table, &lane, &|_| true, &limits);
    thread::sleep(limits.each * 2);
    for (probe, answer) in underway.answers() {
        assert_eq!(answer.outcome, Outcome::Works, "{}", probe.id);
    }
}

#[test]
fn what_nobody_waits_for_is_gone() {
    let _alone = HOLDING.lock().unwrap();
    let (reader, writer) = unistd::pipe().unwrap();
    *HELD.lock().unwrap() = Some(writer);
    let table = &[
        &probe("hangs", &[], says_so_and_hangs),
        &probe("fails", &[], says_so_and_hangs),
    ];
    let underway = runner::Underway::start(table, &lane, &|_| true, &Limits::default());
    HELD.lock().unwrap().take();
    for _lane in table {
        assert_eq!(unistd::read(&reader, &mut [0]), Ok(1));
    }
    drop(underway);
    assert_eq!(unistd::read(&reader, &mut [0]), Ok(0));
}

/// Held by a child that [`says_so_and_hangs`] for as long as it lives.
static HELD: Mutex<Option<OwnedFd>> = Mutex::new(None);

/// Tests that use it, one at a time.
static HOLDING: Mutex<()> = Mutex::new(());

fn says_so_and_hangs(bench: &mut Bench) -> Trial {
    unistd::write(HELD.lock().unwrap().as_ref().unwrap(), b".").unwrap();
    hangs(bench)
}

#[test]
fn no_child_outlives_a_killed_doctor() {
    let _alone = HOLDING.lock().unwrap();
    let (reader, writer) = unistd::pipe().unwrap();
    *HELD.lock().unwrap() = Some(writer);
    let doctor = match sys::fork().unwrap() {
        Fork::Parent(pid) => pid,
        Fork::Child => sys::end_child(|| {
            let table = &[
                &probe("hangs", &[], says_so_and_hangs),
                &probe("fails", &[], says_so_and_hangs),
            ];
            run_table(table, &|_| true, &Limits::default());
            0
        }),
    };
    HELD.lock().unwrap().take();
    let mut dot = [0];
    for _lane in 0..2 {
        assert_eq!(unistd::read(&reader, &mut dot), Ok(1));
    }

    signal::kill(doctor, Signal::SIGKILL).unwrap();
    wait::waitpid(doctor, None).unwrap();
    // The pipe closes when the last process is gone that holds it: a probe's.
    let mut ends = [PollFd::new(
        std::os::fd::AsFd::as_fd(&reader),
        PollFlags::POLLIN,
    )];
    assert_eq!(poll::poll(&mut ends, PollTimeout::from(20_000_u16)), Ok(1));
    assert_eq!(unistd::read(&reader, &mut dot), Ok(0));
}

#[test]
fn every_probe_answers_whoever_asks() {
    let results = run(&|_| true, &Limits::default());
    let ids: Vec<&str> = results.iter().map(|result| result.probe.as_str()).collect();
    let expected: Vec<&str> = table().iter().map(|probe| probe.id).collect();
    assert_eq!(ids, expected);
    for result in &results {
        let json = serde_json::to_string(result).unwrap();
        let back: ProbeResult = serde_json::from_str(&json).unwrap();
        assert_eq!(&back, result);
    }
    let alone = run_one("bpf-syscall", &Limits::default()).unwrap();
    assert_eq!(
        Some(&alone.result.outcome),
        results.first().map(|result| &result.outcome)
    );
    assert_eq!(run_one("no-such-probe", &Limits::default()), None);
}

/// Tests that need the privilege to use BPF; without it they say so and prove nothing.
mod root {
    use super::*;

    /// Whether maps and programs can be made here.
    fn privileged() -> bool {
        let basics = run(
            &|id| ["map-create", "prog-load"].contains(&id),
            &Limits::default(),
        );
        let yes = basics.iter().all(|result| result.outcome == Outcome::Works);
        if !yes {
            skip(&format!("BPF can't be used here: {basics:?}"));
        }
        yes
    }

    #[allow(clippy::print_stderr, reason = "a test that is left out says so")]
    fn skip(reason: &str) {
        eprintln!("left out: {reason}");
    }

    fn outcome(results: &[ProbeResult], probe: &str) -> Outcome {
        results
            .iter()
            .find(|result| result.probe == probe)
            .unwrap()
            .outcome
            .clone()
    }

    const PLACES: [&str; 4] = ["cgroup", "mounts", "network", "sockets"];

    #[test]
    fn what_every_kernel_since_works_here() {
        if !privileged() {
            return;
        }
        let results = run(&|_| true, &Limits::default());
        // A kernel may be built without what these need.
        let optional = [
            "jit",
            "sockmap",
            "sockhash",
            "cgroup",
            "core",
            "kfunc",
            "iterator",
            "exceptions",
            "struct-ops",
            "xskmap",
            "inode-storage",
            "arena",
            "load-acquire",
        ];
        for probe in table() {
            let outcome = outcome(&results, probe.id);
            // What needs a place of its own depends on what surrounds this test as well.
            if PLACES.contains(&probe.area) {
                continue;
            }
            let Some(since) = probe.since else { continue };
            // These ask what a kernel was built with, what is mounted, and what a policy lets in.
            if matches!(probe.area, "tracing" | "privilege") {
                continue;
            }
            if version(since) <= running() && !optional.iter().any(|id| probe.id.starts_with(id)) {
                assert_eq!(outcome, Outcome::Works, "{}", probe.id);
            }
            // Neither may a privileged doctor be left without an answer by a probe's own doing.
            if let Outcome::Skipped { reason } = outcome {
                assert!(
                    reason.starts_with("it builds on ")
                        || ["cgrp-storage", "inode-storage-run"].contains(&probe.id),
                    "{}: {reason}",
                    probe.id
                );
            }
        }
    }

    #[test]
    fn what_works_passes_the_stages_that_its_row_tells() {
        if !privileged() {
            return;
        }
        let told = run_all(&Limits::default());
        let mut seen = 0;
        for (probe, answer) in told {
            if answer.outcome == Outcome::Works {
                seen += 1;
                assert_eq!(answer.passed, probe.stages, "{}", probe.id);
            }
        }
        assert!(seen > 60, "only {seen} work here");
    }

    #[test]
    fn a_sockhash_with_btf_is_refused_the_documented_way() {
        if !privileged() {
            return;
        }
        let results = run(&|id| id.starts_with("sockhash"), &Limits::default());
        if outcome(&results, "sockhash-create") != Outcome::Works {
            return skip("this kernel has no SOCKHASH");
        }
        let expected = Outcome::Fails {
            stage: Stage::Create,
            errno: "ENOTSUPP".to_owned(),
            call: String::new(),
            log: String::new(),
        };
        assert_eq!(outcome(&results, "sockhash-btf"), expected);
    }

    #[test]
    fn core_read_is_true_both_by_test_run_and_by_its_event() {
        if !privileged() {
            return;
        }
        if stat::stat("/sys/kernel/btf/vmlinux").is_err() {
            return skip("this kernel has no BTF");
        }
        let table = &[
            &probe("test-run", &[], core_read::core_read),
            &probe("attached", &[], core_read::core_read_attached),
        ];
        for (probe, answer) in run_table(table, &|_| true, &Limits::default()) {
            assert_eq!(
                answer.outcome,
                Outcome::Works,
                "{}: {}",
                probe.id,
                answer.said
            );
        }
    }

    #[test]
    fn the_verifiers_complaint_is_kept() {
        if !privileged() {
            return;
        }
        fn returns_nothing(bench: &mut Bench) -> Trial {
            bench
                .program(kinds::ProgType::SocketFilter, &[insn::Insn::exit()])
                .map(drop)
        }
        let table = &[&probe("refused", &[], returns_nothing)];
        let (_, answer) = run_table(table, &|_| true, &SHORT).pop().unwrap();
        let Outcome::Fails {
            stage: Stage::Load,
            errno,
            log,
            ..
        } = answer.outcome
        else {
            panic!("{answer:?}")
        };
        assert_eq!(errno, "EACCES");
        assert!(log.contains("R0 !read_ok"), "{log}");
    }

    fn version(text: &str) -> (u32, u32) {
        let mut numbers = text
            .split(|c: char| !c.is_ascii_digit())
            .map(|part| part.parse().unwrap());
        (numbers.next().unwrap(), numbers.next().unwrap())
    }

    fn running() -> (u32, u32) {
        let release = nix::sys::utsname::uname().unwrap().release().to_owned();
        version(release.to_str().unwrap())
    }
}
