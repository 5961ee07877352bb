//! `explain` over logs: those that real errors left, short ones made from what programs
//! print, and text that has nothing to do with eBPF.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test reads the project's own files"
)]

use std::fs;
use std::path::Path;

use bpf_doctor::catalogue::Catalogue;
use bpf_doctor::triage::{self, Explanation, KnownHost, Searcher};

fn catalogue() -> Catalogue {
    bpf_doctor::built_in_catalogue().unwrap()
}

fn explain(catalogue: &Catalogue, searcher: &Searcher<'_>, log: &[u8]) -> Explanation {
    let mut input = log;
    let reading = searcher.read(&mut input, triage::LIMIT).unwrap();
    // What the log tells of its host is known, as `--host none` has it.
    let host = KnownHost::of_log(&reading, None);
    triage::explain(catalogue, &reading, &host)
}

/// A log and the cause it must be explained by; an empty one where nothing is wrong.
struct Case {
    name: String,
    cause: String,
    /// A more precise cause that must stand below it.
    below: Option<String>,
    log: Vec<u8>,
}

/// Cases of a file: each begins with a line `=== CAUSE`, or `=== none`.
fn cases(file: &str) -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(file);
    let text = fs::read_to_string(&path).unwrap();
    let mut cases: Vec<Case> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(cause) = line.strip_prefix("=== ") {
            cases.push(Case {
                name: format!("{file}:{number}"),
                cause: cause.trim().replace("none", ""),
                below: None,
                log: Vec::new(),
            });
        } else if let Some(case) = cases.last_mut() {
            case.log.extend_from_slice(line.as_bytes());
            case.log.push(b'\n');
        }
    }
    cases
}

/// The logs that real errors left: `tests/logs/CAUSE/NAME.log`.
fn provoked() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/logs");
    let mut cases = Vec::new();
    for cause in fs::read_dir(&root).into_iter().flatten() {
        let folder = cause.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        let cause = folder.file_name().unwrap().to_string_lossy().into_owned();
        for log in fs::read_dir(&folder).unwrap() {
            let path = log.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "log") {
                let about = fs::read_to_string(path.with_extension("yaml")).unwrap();
                let first = about.lines().find_map(|line| line.strip_prefix("first: "));
                cases.push(Case {
                    name: path.strip_prefix(&root).unwrap().display().to_string(),
                    cause: first.unwrap_or(&cause).to_owned(),
                    below: first.map(|_| cause.clone()),
                    log: fs::read(&path).unwrap(),
                });
            }
        }
    }
    cases.sort_by(|left, right| left.name.cmp(&right.name));
    cases
}

/// The cases whose first cause is another than it should be.
fn wrong(catalogue: &Catalogue, cases: &[Case]) -> Vec<String> {
    let searcher = Searcher::new(catalogue);
    let wrong = cases.iter().filter_map(|case| {
        let explanation = explain(catalogue, &searcher, &case.log);
        let causes = explanation.causes.iter();
        let found: Vec<&str> = causes.map(|cause| cause.entry()).collect();
        // A kind of a failure may be labelled by the failure's name.
        let first = explanation.causes.first().map_or("", |first| {
            [first.entry(), &first.cause]
                .into_iter()
                .find(|name| *name == case.cause)
                .unwrap_or(first.entry())
        });
        let below = case.below.as_deref();
        let is_below = below.is_none_or(|below| found.contains(&below));
        (first != case.cause || !is_below)
            .then(|| format!("{}: `{}`, not {found:?}", case.name, case.cause))
    });
    wrong.collect()
}

/// At least so many of a hundred are explained right, and which are not.
#[track_caller]
fn at_least(percent: usize, cases: &[Case]) {
    let wrong = wrong(&catalogue(), cases);
    let right = cases.len() - wrong.len();
    assert!(
        right * 100 >= percent * cases.len(),
        "{right} of {} are right:\n{}",
        cases.len(),
        wrong.join("\n")
    );
}

#[test]
fn symptoms_are_found_in_their_examples() {
    let faults = triage::faults(&catalogue());
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn logs_from_the_messages_of_programs_are_explained() {
    let cases = cases("logs/short.txt");
    assert!(cases.len() >= 100, "{}", cases.len());
    at_least(85, &cases);
}

/// Written before the patterns were held against them; the patterns were not changed for
/// their sake.
#[test]
fn logs_that_the_patterns_were_not_written_for_are_explained() {
    let cases = cases("logs/unseen.txt");
    assert!(cases.len() >= 50, "{}", cases.len());
    at_least(85, &cases);
}

#[test]
fn text_that_is_no_failure_of_ebpf_gives_nothing() {
    let cases = cases("logs/unrelated.txt");
    assert!(cases.len() >= 40, "{}", cases.len());
    at_least(100, &cases);
}

#[test]
fn logs_of_provoked_errors_are_explained() {
    let cases = provoked();
    assert!(cases.len() >= 150, "{} logs alone", cases.len());
    at_least(95, &cases);
}

#[test]
fn whatever_wraps_a_line_the_cause_is_the_same() {
    let catalogue = catalogue();
    let searcher = Searcher::new(&catalogue);
    let line = "libbpf: map 'sock_hash': failed to create: Invalid argument(-22)";
    let json = format!(r#"{{"time":"2026-01-01","level":"error","msg":"{line}"}}"#);
    let docker = format!(r#"{{"log":"{line}\n","stream":"stderr","time":"2026-01-01T00:00:00Z"}}"#);
    let escaped = serde_json::to_string(&format!("first\n{line}\nlast")).unwrap();
    let wrapped = [line.get(..62).unwrap(), line.get(62..).unwrap()].join("\n");
    let utf16: Vec<u8> = line.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let logs: Vec<Vec<u8>> = vec![
        line.into(),
        format!("\u{1b}[31m{line}\u{1b}[0m\r\n").into(),
        format!("Jan 01 00:00:00 host loader[12]: {line}").into(),
        format!("2026-01-01T00:00:00.000Z stderr F {line}").into(),
        format!("agent-1  | {line}").into(),
        json.into(),
        docker.into(),
        format!("{{\"error\":{escaped}}}").into(),
        wrapped.into(),
        [&b"\xff\xfe"[..], &utf16].concat(),
        [&b"\xff\x80 broken \xf0 bytes\n"[..], line.as_bytes()].concat(),
        [
            vec![b'x'; 3 << 20],
            format!(" {line} ").into(),
            vec![b'y'; 3 << 20],
        ]
        .concat(),
    ];
    let first = explain(&catalogue, &searcher, line.as_bytes()).causes[0]
        .cause
        .clone();
    for log in logs {
        let explanation = explain(&catalogue, &searcher, &log);
        let shown = String::from_utf8_lossy(log.get(..80.min(log.len())).unwrap()).into_owned();
        let found = explanation.causes.first().map(|cause| cause.cause.as_str());
        assert_eq!(found, Some(first.as_str()), "{shown:?}");
        for line in &explanation.causes[0].lines {
            assert!(!line.text.contains('\u{1b}') && line.text.len() < 1000);
        }
    }
}

#[test]
fn the_verifier_is_put_in_plain_words() {
    let catalogue = catalogue();
    let searcher = Searcher::new(&catalogue);
    let log = "libbpf: prog 'trace': BPF program load failed: Permission denied\n\
               libbpf: prog 'trace': -- BEGIN PROG LOAD LOG --\n\
               ; len = event->size; @ trace.bpf.c:31\n\
               14: (79) r2 = *(u64 *)(r6 +8)         ; R2_w=scalar() R6=ringbuf_mem(sz=16)\n\
               ; bpf_probe_read_user(buf, len, src); @ trace.bpf.c:32\n\
               16: (85) call bpf_probe_read_user#112\n\
               R2 unbounded memory access, use 'var &= const' or 'if (var < const)'\n\
               processed 17 insns (limit 1000000) max_states_per_insn 0\n\
               -- END PROG LOAD LOG --\n\
               libbpf: prog 'trace': failed to load: -13\n";
    let explanation = explain(&catalogue, &searcher, log.as_bytes());
    let cause = &explanation.causes[0];
    assert_eq!(cause.program.as_deref(), Some("trace"));
    assert_eq!(
        cause.instruction.as_deref(),
        Some("16: (85) call bpf_probe_read_user#112")
    );
    assert_eq!(
        cause.source.as_deref(),
        Some("bpf_probe_read_user(buf, len, src); (trace.bpf.c:32)")
    );
    assert_eq!(cause.register.as_deref(), Some("scalar()"));
    assert!(
        cause
            .means
            .as_deref()
            .unwrap()
            .starts_with("R2 is a length")
    );
    assert!(!cause.fixes.is_empty());
    let helper = explain(&catalogue, &searcher, b"invalid func unknown#181");
    let means = helper.causes[0].means.clone().unwrap();
    assert!(
        means.contains("bpf_loop, which Linux 5.17 brought"),
        "{means}"
    );
}
