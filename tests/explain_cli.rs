//! `bpf-doctor explain` as people and scripts meet it: where a log comes from, what shape the
//! answer has, what a host says to it, and input that is bad on purpose.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and runs programs"
)]

mod support;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde_yaml::Value;
use support::{check, doctor, healthy, put, run, text, yaml};
use tempfile::TempDir;

const SOCKHASH: &str = "libbpf: map 'sock_hash': failed to create: Invalid argument(-22)\n";

/// The arguments of an explanation without a host, and more.
fn explain(more: &[&str]) -> Output {
    run(&[&["explain", "--host", "none"], more].concat())
}

/// What is explained when a program pipes this in.
fn piped(input: &[u8], more: &[&str]) -> Output {
    let mut command = doctor(&[&["explain", "--host", "none"], more].concat());
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // The doctor may stop reading before all is written.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn write(folder: &TempDir, name: &str, content: &[u8]) -> String {
    put(folder.path(), name, content);
    folder.path().join(name).display().to_string()
}

/// The ids of the causes, best first.
fn causes(answer: &Value) -> Vec<String> {
    let causes = answer["causes"].as_sequence().unwrap().iter();
    causes
        .map(|cause| cause["cause"].as_str().unwrap().to_owned())
        .collect()
}

fn refused(output: &Output, says: &str) {
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
    assert_eq!(error.trim_end().lines().count(), 1, "{error}");
    assert!(error.contains(says), "{error}");
    assert!(!error.contains('\u{1b}'), "{error:?}");
}

#[test]
fn wherever_a_log_comes_from_the_answer_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let log = write(&folder, "a log.txt", SOCKHASH.as_bytes());
    let format = ["--format", "yaml"];
    let answers = [
        explain(&[&[log.as_str()][..], &format].concat()),
        explain(&[&["--text", SOCKHASH][..], &format].concat()),
        piped(SOCKHASH.as_bytes(), &format),
        piped(SOCKHASH.as_bytes(), &[&["-"][..], &format].concat()),
    ];
    for answer in &answers {
        assert_eq!(answer.status.code(), Some(0), "{}", text(&answer.stderr));
        assert_eq!(answer.stdout, answers[0].stdout);
    }
    let answer = yaml(&answers[0]);
    assert_eq!(causes(&answer)[0], "sockmap-config-missing");

    // Several files are one log; the lines are counted through.
    let before = write(&folder, "before", b"started\nloading\n");
    let both = yaml(&explain(&[&[before.as_str(), &log][..], &format].concat()));
    assert_eq!(both["causes"][0]["lines"][0]["line"], 3);
    assert_eq!(both["log"]["lines"], 3);
}

#[test]
fn yaml_and_json_carry_the_same_answer() {
    let as_yaml = yaml(&explain(&["--text", SOCKHASH, "--format", "yaml"]));
    let json = explain(&["--text", SOCKHASH, "--format", "json"]);
    let as_json: Value = serde_yaml::from_slice(&json.stdout).unwrap();
    assert_eq!(as_yaml, as_json);
    assert_eq!(as_yaml["schema"], "bpf-doctor/explanation/v1");
    assert_eq!(as_yaml["recognised"], true);
    let first = &as_yaml["causes"][0];
    assert_eq!(first["lines"][0]["text"], SOCKHASH.trim_end());
    assert_eq!(first["standing"], "open");
    for key in ["title", "confidence", "because", "fixes"] {
        assert!(!first[key].is_null(), "{key}");
    }

    let nothing = explain(&["--text", "hello", "--format", "json"]);
    assert_eq!(nothing.status.code(), Some(1));
    let nothing: Value = serde_yaml::from_slice(&nothing.stdout).unwrap();
    assert_eq!(nothing["recognised"], false);
    assert_eq!(nothing["answer"], "nothing recognised");
    assert_eq!(causes(&nothing), Vec::<String>::new());
}

#[test]
fn what_is_no_error_of_ebpf_is_not_explained() {
    let rows = [
        (
            "make: *** [Makefile:10: all] Error 2",
            "nothing recognised",
            1,
        ),
        (
            "mkdir: cannot create directory 'x': Permission denied",
            "nothing recognised",
            1,
        ),
        // Harmless lines are something, and known.
        (
            "libbpf: elf: skipping unrecognized data section(5) .rodata.str1.1",
            "no error found",
            0,
        ),
        (
            "libbpf: prog 'profile': failed to load: -13",
            "an error whose reason is not known",
            1,
        ),
    ];
    for (log, says, status) in rows {
        let output = explain(&["--text", log]);
        assert_eq!(output.status.code(), Some(status), "{log}");
        assert!(
            text(&output.stdout).starts_with(says),
            "{}",
            text(&output.stdout)
        );
    }
}

#[test]
fn colours_are_as_asked_and_none_comes_from_the_log() {
    let hostile = "\u{1b}]0;title\u{7}\u{1b}[31mlibbpf: map 'sock_\u{1b}[2Jhash': failed to \
                   create: Invalid argument(-22)\u{1b}[0m \u{202e}\u{9b}31m";
    let folder = tempfile::tempdir().unwrap();
    let log = write(&folder, "log", hostile.as_bytes());
    let coloured = text(&explain(&[&log, "--color", "always"]).stdout);
    assert!(coloured.contains("\u{1b}["));
    assert!(
        !coloured.contains("\u{1b}[2J") && !coloured.contains("\u{1b}]0"),
        "{coloured:?}"
    );
    for format in ["text", "yaml", "json"] {
        let output = explain(&[&log, "--color", "never", "--format", format]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let plain = text(&output.stdout);
        let control = plain.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(control, None, "{plain:?}");
    }
}

#[test]
fn what_is_no_text_is_refused_in_a_line() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content, says) in [
        ("elf", &b"\x7fELF\x02\x01\x01"[..], "an ELF file"),
        ("gz", b"\x1f\x8b\x08\x00", "a gzip file"),
        ("noise", &[0x01, 0x02, 0x03, 0x04, 0x05], "binary data"),
    ] {
        let file = write(&folder, name, content);
        refused(&explain(&[&file]), says);
        refused(&piped(content, &[]), says);
    }
    refused(&explain(&["/nonexistent/log"]), "No such file");
    refused(
        &explain(&[&folder.path().display().to_string()]),
        "s a directory",
    );
}

#[test]
fn broken_letters_and_endless_lines_do_no_harm() {
    let mut log = b"\xff\xfe\x80 \xc3\n".to_vec();
    log.extend(vec![b'x'; 3 << 20]);
    log.extend(b" libbpf: map 'sock_hash': failed to create: Invalid argument(-22) \xf0\x9f");
    log.extend(vec![b'y'; 3 << 20]);
    let answer = yaml(&piped(&log, &["--format", "yaml"]));
    assert_eq!(causes(&answer)[0], "sockmap-config-missing");
    let shown = answer["causes"][0]["lines"][0]["text"].as_str().unwrap();
    assert!(shown.len() < 1000, "{}", shown.len());
}

#[test]
fn reading_ends_at_a_limit_that_is_said() {
    let mut log = SOCKHASH.as_bytes().to_vec();
    while log.len() < 3 << 20 {
        log.extend(b"still running, nothing to see here\n");
    }
    let output = piped(&log, &["--limit", "2"]);
    assert_eq!(output.status.code(), Some(0));
    let said = text(&output.stdout);
    assert!(
        said.contains("only the first 2 MiB of the log were read"),
        "{said}"
    );
    let answer = yaml(&piped(&log, &["--limit", "2", "--format", "yaml"]));
    assert_eq!(answer["log"]["cut"], true);
    assert_eq!(answer["log"]["cut_by"], "bytes");
    assert_eq!(answer["log"]["bytes"], 2 << 20);
    let whole = yaml(&piped(&log, &["--format", "yaml"]));
    assert_eq!(whole["log"]["cut"], false);
    assert!(whole["log"]["cut_by"].is_null());
}

#[test]
fn waiting_ends_with_what_came_until_then() {
    let mut command = doctor(&["explain", "--host", "none", "--wait", "1"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // The pipe stays open, as that of a loader that goes on running.
    let mut open = child.stdin.take().unwrap();
    open.write_all(SOCKHASH.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    drop(open);
    assert_eq!(output.status.code(), Some(0));
    let said = text(&output.stdout);
    assert!(said.contains("sockmap-config-missing"), "{said}");
    assert!(
        said.contains("had not ended when its time was over"),
        "{said}"
    );

    // A pipe that nobody writes to.
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let pipe = pipe.display().to_string();
    let output = explain(&[&pipe, "--wait", "1", "--format", "yaml"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(yaml(&output)["log"]["cut_by"], "seconds");
}

/// The report of a host, in a file.
fn report(host: &TempDir) -> PathBuf {
    let file = host.path().join("report.yaml");
    fs::write(&file, check(host, &[]).stdout).unwrap();
    file
}

fn held_against(report: &Path, log: &str) -> Value {
    let report = report.display().to_string();
    yaml(&run(&[
        "explain", "--host", &report, "--format", "yaml", "--text", log,
    ]))
}

#[test]
fn a_cause_that_the_host_has_rises_and_one_it_has_not_sinks() {
    // bpf_probe_read() is refused by lockdown, and where the kernel does not have it.
    let log = "bpf: Failed to load program: Invalid argument\n\
               0: (bf) r6 = r1\n\
               4: (85) call bpf_probe_read#4\n\
               program of this type cannot use helper bpf_probe_read#4\n\
               processed 5 insns (limit 1000000)\n\
               ERROR: Error loading program: kprobe:do_sys_open\n";
    let alone = yaml(&explain(&["--format", "yaml", "--text", log]));
    let order = causes(&alone);
    assert_eq!(order[0], "helper-unavailable", "{order:?}");
    assert!(order.contains(&"kernel-lockdown".to_owned()), "{order:?}");

    let locked = healthy();
    let lockdown = b"none integrity [confidentiality]\n";
    put(locked.path(), "sys/kernel/security/lockdown", lockdown);
    let answer = held_against(&report(&locked), log);
    assert_eq!(causes(&answer)[0], "kernel-lockdown");
    let first = &answer["causes"][0];
    assert_eq!(first["standing"], "confirmed");
    let evidence = serde_yaml::to_string(&first["evidence"]).unwrap();
    assert!(
        evidence.contains("/sys/kernel/security/lockdown"),
        "{evidence}"
    );
    assert_eq!(answer["host"]["known_from"], "report");

    let open = healthy();
    let answer = held_against(&report(&open), log);
    assert_eq!(causes(&answer)[0], "helper-unavailable");
    let causes = answer["causes"].as_sequence().unwrap();
    let refuted = causes
        .iter()
        .find(|cause| cause["cause"] == "kernel-lockdown");
    if let Some(refuted) = refuted {
        assert_eq!(refuted["standing"], "refuted");
        assert_ne!(refuted["confidence"], "high");
    }
}

#[test]
fn what_a_host_does_not_have_is_not_to_be_cured_on_it() {
    let host = healthy();
    let answer = held_against(&report(&host), SOCKHASH);
    let causes = answer["causes"].as_sequence().unwrap();
    let refuted = causes
        .iter()
        .find(|cause| cause["standing"] == "refuted")
        .unwrap();
    assert_eq!(refuted["cause"], "sockmap-config-missing");
    assert!(refuted["fixes"].as_sequence().unwrap().is_empty());
    let remains = refuted["remains"].as_str().unwrap();
    assert!(remains.contains("another machine"), "{remains}");
    assert_ne!(refuted["standing_because"], Value::Null);
}

#[test]
fn a_host_confirms_by_what_was_read_where() {
    let host = healthy();
    let config = "CONFIG_BPF=y\nCONFIG_BPF_SYSCALL=y\nCONFIG_NET=y\nCONFIG_INET=y\n\
                  # CONFIG_BPF_STREAM_PARSER is not set\n";
    put(
        host.path(),
        "boot/config-5.10.0-32-amd64",
        config.as_bytes(),
    );
    let file = report(&host);
    let answer = held_against(&file, SOCKHASH);
    let first = &answer["causes"][0];
    assert_eq!(first["cause"], "sockmap-config-missing");
    assert_eq!(first["standing"], "confirmed");
    assert_eq!(first["confidence"], "high");
    let file = file.display().to_string();
    let shown = run(&["explain", "--host", &file, "--text", SOCKHASH]);
    let shown = text(&shown.stdout);
    assert!(shown.contains("confirmed"), "{shown}");
    assert!(shown.contains("boot/config-5.10.0-32-amd64"), "{shown}");
    assert!(shown.contains("CONFIG_BPF_STREAM_PARSER"), "{shown}");
}

#[test]
fn what_the_log_tells_of_its_host_is_used() {
    let log = "$ uname -r\n5.10.0-32-amd64\n\
               $ grep BTF /boot/config-5.10.0-32-amd64\n\
               # CONFIG_DEBUG_INFO_BTF is not set\n\
               $ ./opensnoop\nlibbpf: failed to find valid kernel BTF\n\
               libbpf: Error loading vmlinux BTF: -3\n";
    let answer = yaml(&explain(&["--format", "yaml", "--text", log]));
    assert_eq!(answer["host"]["known_from"], "log");
    assert_eq!(answer["host"]["kernel"], "5.10.0-32-amd64");
    assert_eq!(answer["causes"][0]["cause"], "kernel-btf-missing");
    assert_eq!(answer["causes"][0]["standing"], "confirmed");

    // The same words mean another thing on another kernel.
    let refused = "libbpf: map 'm': failed to create: Operation not permitted(-1)";
    let first = |kernel: &str| {
        let log = format!("Linux version {kernel} (builder)\n{refused}");
        causes(&yaml(&explain(&["--format", "yaml", "--text", &log])))[0].clone()
    };
    assert_eq!(first("5.4.0-91-generic"), "memlock-rlimit");
    assert_eq!(first("6.8.0-48-generic"), "missing-privilege");
}

#[test]
fn a_log_of_another_kernel_is_not_held_against_this_host() {
    let host = healthy();
    let file = report(&host);
    let log = format!("Linux version 6.8.0-48-generic (builder)\n{SOCKHASH}");
    let answer = held_against(&file, &log);
    assert_eq!(answer["host"]["known_from"], "log");
    let note = answer["host"]["note"].as_str().unwrap();
    assert!(note.contains("another host"), "{note}");
    let live = run(&["explain", "--format", "yaml", "--text", &log]);
    assert_eq!(yaml(&live)["host"]["known_from"], "log");
}

#[test]
fn by_default_a_log_is_held_against_this_host() {
    let output = run(&["explain", "--format", "yaml", "--text", SOCKHASH]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(yaml(&output)["host"]["known_from"], "live");
}

#[test]
fn a_report_that_is_none_is_refused_in_a_line() {
    let host = healthy();
    let whole = fs::read(report(&host)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let deep = format!("schema: {}", "[".repeat(10_000));
    for (name, content) in [
        ("cut", &whole[..whole.len() / 2]),
        ("empty", b""),
        ("other", b"hello: world\n"),
        ("escape", b"\x1b]0;x\x07: [\n"),
        ("binary", &[0xff; 4096]),
        ("deep", deep.as_bytes()),
    ] {
        let file = write(&folder, name, content);
        refused(
            &run(&["explain", "--host", &file, "--text", SOCKHASH]),
            name,
        );
    }
    let missing = run(&["explain", "--host", "/nonexistent", "--text", SOCKHASH]);
    refused(&missing, "/nonexistent");
}

/// Lines of logs begin with dashes; a forgotten text does not eat the option behind it.
#[test]
fn a_text_may_begin_with_dashes_and_an_option_is_no_text() {
    let logs = [
        "-- BEGIN BTF LOAD LOG ---",
        "--cap-add BPF is refused",
        "-22",
        "-EPERM",
    ];
    for log in logs {
        let apart = explain(&["--text", log]);
        let joined = explain(&[&format!("--text={log}")]);
        assert!(apart.stderr.is_empty(), "{}", text(&apart.stderr));
        assert_eq!(apart.stdout, joined.stdout, "{log}");
    }
    let options = [
        &["--text", "--format", "json"][..],
        &["--text", "--format=json"],
        &["--text", "--fromat=json"],
        &["--text", "-v"],
        &["--text", "-fjson"],
        &["--text", "--"],
    ];
    for option in options {
        let output = explain(option);
        assert_eq!(output.status.code(), Some(2), "{option:?}");
        assert!(output.stdout.is_empty(), "{option:?}");
        let error = text(&output.stderr);
        assert!(error.contains("that is an option"), "{error}");
    }
}

#[test]
fn without_a_log_it_says_what_to_give() {
    let both = run(&["explain", "--text", "x", "file"]);
    assert_eq!(both.status.code(), Some(2));
    let help = text(&run(&["explain", "--help"]).stdout);
    for word in ["--host", "--wait", "--limit", "Exit status"] {
        assert!(help.contains(word), "{word}");
    }
}
