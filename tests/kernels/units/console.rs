//! The scanner of the kernel log.

use crate::console::{Allowed, Explained, is_dead, panicked, splats, tail, unexplained, waits};

#[test]
fn trouble_is_seen_with_and_without_time_stamps() {
    let console = "[    1.234567] WARNING: CPU: 0 PID: 1 at kernel/bpf/verifier.c:1 x\r\n\
                   [    2.000001][    T7] BUG: unable to handle page fault\n\
                   UBSAN: shift-out-of-bounds in net/core/filter.c\n\
                   [    3.5] Oops: 0000 [#1] SMP\n\
                   [    4.0] watchdog: BUG: soft lockup - CPU#0 stuck for 22s!\n\
                   [    5.0] Kernel panic - not syncing: Attempted to kill init!\n";
    assert_eq!(splats(console, &[]).len(), 6);
}

#[test]
fn talk_about_trouble_is_none() {
    let console = "[    0.1] Kernel command line: panic=-1 oops=panic\n\
                   [    0.2] bpf-doctor prints WARNING: not the kernel\n\
                   [    0.3] audit: BUG: is a word\n\
                   [  [note] ] BUG: no time stamp\n";
    assert!(splats(console, &[]).is_empty());
}

#[test]
fn the_list_of_allowed_lines_is_exact() {
    let allowed = [Allowed {
        text: "x86/fpu.c:9".into(),
        _why: "test".into(),
    }];
    let console =
        "[    1.0] WARNING: at x86/fpu.c:9 init\n[    1.1] WARNING: at x86/fpu.c:8 init\n";
    assert_eq!(splats(console, &allowed), ["WARNING: at x86/fpu.c:8 init"]);
}

#[test]
fn a_panic_ends_the_waiting() {
    assert!(is_dead(
        "[ 1.0] ---[ end Kernel panic - not syncing: x ]---"
    ));
    assert!(!is_dead("Kernel panic soon"));
    // With `panic=-1` the kernel is gone before its last line.
    let console =
        "[ 1.0] Kernel panic - not syncing: Attempted to kill init!\r\n[ 1.1] Rebooting\r\n";
    assert!(panicked(console) && !is_dead(console));
    assert!(!panicked(
        "[ 1.0] bench: Kernel panic - not syncing is what it says"
    ));
}

const LOG: &str = "[    1.0] loud while it boots\r\n\
                   [    2.0] bench: the doctor begins\r\n\
                   [    2.1] clock: ticks\r\n\
                   [    2.2] odd\r\n\
                   [    2.3] odd\r\n\
                   [    2.4] bench: the doctor has ended\r\n\
                   [    3.0] reboot\r\n";

fn explained(text: &str) -> Vec<Explained> {
    serde_yaml::from_str(text).unwrap()
}

#[test]
fn what_nothing_explains_is_told_once() {
    let clock = explained("[{text: 'clock: ', why: it ticks}]");
    assert_eq!(unexplained(LOG, &clock, "root").unwrap(), ["odd"]);
    assert_eq!(
        unexplained(LOG, &[], "root").unwrap(),
        ["clock: ticks", "odd"]
    );
}

#[test]
fn an_explanation_holds_under_its_condition_alone() {
    let odd = explained("[{text: odd, why: w, under: [lsm]}, {text: clock, why: w}]");
    assert!(unexplained(LOG, &odd, "lsm").unwrap().is_empty());
    assert_eq!(unexplained(LOG, &odd, "root").unwrap(), ["odd"]);
}

#[test]
fn without_both_marks_nothing_is_known() {
    assert!(unexplained(&LOG.replace("begins", "starts"), &[], "root").is_err());
    assert!(unexplained(&LOG.replace("has ended", "ends"), &[], "root").is_err());
}

#[test]
fn what_comes_of_a_kill_is_explained_by_the_kill_alone() {
    let leak = explained("[{text: leaking, killed: true, why: w}]");
    let line = "[ 3.2] uprobe: leaking uprobe";
    let log = |lines: [&str; 2]| {
        let [before, after] = lines;
        format!("[ 3.0] {BEGIN}\n{before}\n[ 3.1] bench: runs are killed\n{after}\n[ 4.0] {END}\n")
    };
    const BEGIN: &str = "bench: the doctor begins";
    const END: &str = "bench: the doctor has ended";
    let of = |text: &str| unexplained(text, &leak, "root").unwrap();
    assert!(of(&log(["", line])).is_empty());
    assert_eq!(of(&log([line, ""])), ["uprobe: leaking uprobe"]);
}

#[test]
fn an_explanation_needs_a_text_a_reason_and_a_condition_that_exists() {
    let lint = |text: &str| {
        explained(text)
            .iter()
            .all(|e| e.lint(|name| name == "lsm").is_ok())
    };
    assert!(lint("[{text: x, why: w, under: [lsm]}]"));
    assert!(!lint("[{text: x, why: w, under: [none]}]"));
    assert!(!lint("[{text: x, why: ''}]"));
    assert!(!lint("[{text: ' ', why: w}]"));
}

#[test]
fn a_guest_waits_when_the_whole_line_says_so() {
    let line = "[    3.039946] bench: waiting for the name of a cell";
    assert!(waits(&format!("[    2.9] Run /init\r\n{line}\r\n")));
    assert!(!waits(line));
    assert!(!waits(&format!("somebody quotes: {line}\n")));
}

#[test]
fn the_tail_has_the_last_lines_in_their_order() {
    let console: String = (0..100).map(|n| format!("{n}\n")).collect();
    let tail = tail(&console);
    assert!(tail.starts_with("60\n61\n") && tail.ends_with("98\n99"));
}
