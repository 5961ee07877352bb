//! `bpf-doctor fleet` on reports of the hosts in tests/hosts: what it reads and refuses, what it
//! says, and that order and splitting never matter.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and runs programs"
)]

#[path = "support/reports.rs"]
mod reports;
mod support;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use reports::TIME;
use serde_json::Value;
use support::{dated as doctor, run_dated as run, text};
use tempfile::TempDir;

/// Reports of some hosts, in YAML.
static REPORTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let hosts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts");
    let names = [
        "debian-10",
        "debian-12",
        "rhel-8.10",
        "ubuntu-24.04",
        "amazon-2",
        "centos-7",
    ];
    let reports = names.iter().map(|name| {
        let root = hosts.join(name).join("root");
        let output = run(&[
            "check",
            "--format",
            "yaml",
            "--root",
            root.to_str().unwrap(),
        ]);
        text(&output.stdout)
    });
    reports.collect()
});

/// The same report, of another host.
fn renamed(report: &str, name: &str, time: &str) -> String {
    let lines = report.split_inclusive('\n').map(|line| {
        if line.starts_with("  hostname: ") {
            format!("  hostname: {name}\n")
        } else if line.starts_with("generated_at: ") {
            format!("generated_at: '{time}'\n")
        } else {
            line.to_owned()
        }
    });
    lines.collect()
}

/// The same report with a summary and a verdict that fit its findings, after they were changed.
fn restated(report: &str, verdict: &str) -> String {
    let count = |status: &str| {
        let line = format!("\n  status: {status}\n");
        report.matches(&line).count()
    };
    let (from, to) = (
        report.find("\nverdict: ").unwrap(),
        report.find("\nfindings:\n").unwrap(),
    );
    format!(
        "{}\nverdict: {verdict}\nsummary:\n  ok: {}\n  fail: {}\n  unknown: {}\n  not-applicable: {}{}",
        &report[..from],
        count("ok"),
        count("fail"),
        count("unknown"),
        count("not-applicable"),
        &report[to..]
    )
}

/// A report with these failing checks and no others, each with a fix that is typed, if any.
fn failing(name: &str, checks: &[(&str, Option<(&str, &str)>)]) -> String {
    let findings = checks.iter().map(|(check, fix)| {
        let mut finding = serde_json::json!({
            "check": check, "area": "a", "status": "fail", "severity": "error", "title": check,
            "because": "b",
        });
        if let Some((command, needs)) = fix {
            finding["fixes"] = serde_json::json!([{
                "kind": "setting", "summary": "s", "commands": [command], "needs": needs,
                "verify": "v",
            }]);
        }
        finding
    });
    let ok = serde_json::json!({
        "check": "all-well", "area": "a", "status": "ok", "severity": "error", "title": "t",
        "because": "b",
    });
    let findings: Vec<Value> = findings.chain([ok]).collect();
    let verdict = if checks.is_empty() {
        "ready"
    } else {
        "not-ready"
    };
    let counts = [1, checks.len(), 0];
    reports::bare(name, verdict, counts, &findings).to_string()
}

/// A check that fails, and is mended by a command of its own.
fn mended(check: &str) -> (&str, Option<(&str, &str)>) {
    (check, Some((check, "privilege")))
}

/// Some hosts of each kind.
fn fleet(count: usize) -> Vec<String> {
    let names = (0..count).map(|number| {
        let report = &REPORTS[number % REPORTS.len()];
        renamed(report, &format!("web-{number:03}"), TIME)
    });
    names.collect()
}

fn put(place: &TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = place.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    path
}

fn json_of(yaml: &str) -> String {
    let value: Value = serde_yaml::from_str(yaml).unwrap();
    value.to_string()
}

/// The audit in JSON, of a run that could use all inputs.
#[track_caller]
fn audit(arguments: &[&str]) -> Value {
    let output = run(&[&["fleet", "--format", "json"], arguments].concat());
    assert_eq!(text(&output.stderr), "");
    assert!(matches!(output.status.code(), Some(0 | 1 | 3)));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What an audit says, without what was passed over on the way.
#[track_caller]
fn said(arguments: &[&str]) -> Value {
    let mut audit = audit(arguments);
    audit["reports"]["passed_over"] = Value::Null;
    audit
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn tar(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive
            .append_data(&mut header, name, bytes.as_slice())
            .unwrap();
    }
    archive.into_inner().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(3);
    let mut packed = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// A tar as it was before POSIX gave it a mark.
fn old_tar(reports: &[String]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (number, report) in reports.iter().enumerate() {
        let mut header = tar::Header::new_old();
        header.set_path(format!("r{number}.yaml")).unwrap();
        header.set_size(report.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append(&header, report.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap()
}

/// Reports as a list in YAML.
fn listed(reports: &[String]) -> String {
    let items = reports.iter().map(|report| {
        let lines = report.split_inclusive('\n').enumerate();
        let lines = lines.map(|(number, line)| match (number, line) {
            (0, line) => format!("- {line}"),
            (_, "\n") => line.to_owned(),
            _ => format!("  {line}"),
        });
        lines.collect::<String>()
    });
    items.collect()
}

#[test]
fn every_way_to_hand_in_reports_gives_the_same_audit() {
    let reports = fleet(12);
    let place = tempfile::tempdir().unwrap();
    for (number, report) in reports.iter().enumerate() {
        put(
            &place,
            &format!("dir/{}/r{number}.yaml", number % 3),
            report,
        );
    }
    put(&place, "dir/README", "Reports of all hosts.\n");
    put(&place, "dir/.hidden.yaml", "weather\n");
    let lines: Vec<String> = reports.iter().map(|report| json_of(report)).collect();
    let pretty = lines.iter().map(|line| {
        let value: Value = serde_json::from_str(line).unwrap();
        serde_json::to_string_pretty(&value).unwrap()
    });
    let pretty: Vec<String> = pretty.collect();
    let many = reports.join("---\n");
    let lined = lines.join("\n");
    let members: Vec<(String, Vec<u8>)> = reports
        .iter()
        .enumerate()
        .map(|(number, report)| {
            let long = "x".repeat(if number % 2 == 0 { 150 } else { 1 });
            (format!("{long}/r{number}.yaml.gz"), gzip(report.as_bytes()))
        })
        .collect();
    let members: Vec<(&str, Vec<u8>)> = members
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.clone()))
        .collect();
    let zst = |bytes: &[u8]| zstd::encode_all(bytes, 3).unwrap();
    let ways = [
        put(&place, "many.yaml", &many),
        put(&place, "marked.yml", format!("---\n{many}...\n")),
        // As `cat` leaves them.
        put(&place, "cat.yaml", reports.concat()),
        put(&place, "cat.yaml.gz", gzip(reports.concat().as_bytes())),
        put(&place, "lines.jsonl", &lined),
        put(&place, "pretty.json", pretty.join("\n")),
        put(&place, "list.json", format!("[{}]", pretty.join(",\n"))),
        put(&place, "parted.json", pretty.join("\n---\n") + "\n---\n"),
        put(&place, "list.yaml", listed(&reports)),
        put(&place, "bom.yaml", format!("\u{feff}{many}")),
        put(
            &place,
            "bom.jsonl.gz",
            gzip(format!("\u{feff}{lined}").as_bytes()),
        ),
        put(&place, "many.yaml.xz", xz(many.as_bytes())),
        put(&place, "all.tar.xz", xz(&tar(&members))),
        put(&place, "old.tar", old_tar(&reports)),
        put(&place, "many.yaml.gz", gzip(many.as_bytes())),
        put(&place, "lines.jsonl.zst", zst(lined.as_bytes())),
        put(&place, "all.tar", tar(&members)),
        put(&place, "all.tar.gz", gzip(&tar(&members))),
        put(&place, "all.tar.zst", zst(&tar(&members))),
    ];
    let directory = place.path().join("dir");
    let expected = said(&[directory.to_str().unwrap()]);
    assert_eq!(expected["hosts"], 12);
    assert_eq!(
        audit(&[directory.to_str().unwrap()])["reports"]["passed_over"],
        1
    );
    let page = text(&run(&["fleet", directory.to_str().unwrap()]).stdout);
    assert!(
        page.contains("\n1 other file passed over, which does not"),
        "{page}"
    );
    for way in &ways {
        let way = way.to_str().unwrap();
        assert_eq!(said(&[way]), expected, "{way}");
        assert_eq!(
            said(&[way, "--full-parser", "--threads", "1"]),
            expected,
            "{way}"
        );
        // From a pipe, whatever it holds.
        let mut child = doctor(&["fleet", "--format", "json", "-"]);
        let child = child.stdin(fs::File::open(way).unwrap()).output().unwrap();
        let mut piped: Value = serde_json::from_slice(&child.stdout).unwrap();
        piped["reports"]["passed_over"] = Value::Null;
        assert_eq!(piped, expected, "{way}");
    }
    let pattern = directory.join("*/r*.yaml");
    assert_eq!(said(&[pattern.to_str().unwrap()]), expected);
}

/// Several threads take documents out of one stream in turns; what is wrong is told by its line.
#[test]
fn lines_of_a_large_file_are_read_in_turns() {
    let place = tempfile::tempdir().unwrap();
    let hosts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts");
    let bases = ["debian-12", "rhel-8.10", "alpine-3.21"].map(|name| {
        let root = hosts.join(name).join("root");
        let output = run(&[
            "check",
            "--format",
            "json",
            "--root",
            root.to_str().unwrap(),
        ]);
        let lines: String = text(&output.stdout).lines().map(str::trim_start).collect();
        // Facts that make the file a large one.
        let facts = format!("\"facts\": {{\"x\": \"{}\",", "x".repeat(40_000));
        lines.replacen("\"facts\": {", &facts, 1)
    });
    let name = |base: &str, name: &str| {
        let (before, rest) = base.split_once("\"hostname\": ").unwrap();
        let rest = &rest[rest.find(',').unwrap()..];
        format!("{before}\"hostname\": \"{name}\"{rest}\n")
    };
    let few = [name(&bases[0], "part-1"), name(&bases[1], "part-2")];
    let few = put(&place, "few.jsonl", few.concat());
    let partial = run(&["fleet", "--partial", few.to_str().unwrap()]);
    let mut file = String::new();
    for number in 0..150 {
        let line = name(&bases[number % 3], &format!("web-{number}"));
        match number {
            20 => file.push_str(&text(&partial.stdout)),
            n if n % 37 == 5 => file.push_str("\n\n"),
            n if n % 37 == 6 => file.push_str(&line[..line.len() / 2]),
            _ => {}
        }
        match number {
            n if n % 37 == 7 => file.push('\n'),
            n if n % 41 == 8 => file.push_str(&line.replacen("\"ok\": ", "\"ok\": 1", 1)),
            _ => file.push_str(&line),
        }
    }
    assert!(file.len() > 9 << 20, "{}", file.len());
    let file = put(&place, "large.jsonl", file);
    let file = file.to_str().unwrap();
    let read = |more: &[&str]| {
        let output = run(&[&["fleet", file, "--format", "json"], more].concat());
        (text(&output.stdout), text(&output.stderr))
    };
    let (audit, faults) = read(&["--threads", "1", "--full-parser"]);
    let found: Value = serde_json::from_str(&audit).unwrap();
    assert!(found["hosts"].as_u64() > Some(130), "{}", found["hosts"]);
    assert!(found["reports"]["bad"].as_u64() > Some(5), "{faults}");
    assert!(faults.contains("large.jsonl:") && faults.contains("its summary says"));
    for threads in ["1", "2", "7"] {
        assert_eq!(
            read(&["--threads", threads]),
            (audit.clone(), faults.clone())
        );
    }
    let mut piped = doctor(&["fleet", "--format", "json", "-"]);
    let piped = piped.stdin(fs::File::open(file).unwrap()).output().unwrap();
    let named = text(&piped.stdout).replace("standard input", file);
    assert_eq!(named, audit);
}

#[test]
fn any_split_and_any_order_gives_the_same_bytes() {
    let mut reports = fleet(18);
    // Newer and older reports of hosts there are, one of the same second.
    reports.push(renamed(&REPORTS[1], "web-000", "2026-01-01T12:00:00Z"));
    reports.push(renamed(&REPORTS[2], "web-001", "2025-02-01T00:00:00Z"));
    reports.push(renamed(&REPORTS[3], "web-002", TIME));
    reports.push(renamed(&REPORTS[0], "localhost", TIME));
    reports.push(renamed(&REPORTS[1], "localhost", TIME));
    // Of a time to come, once beside another one and once alone.
    reports.push(renamed(&REPORTS[1], "web-003", "2027-01-01T00:00:00Z"));
    reports.push(renamed(&REPORTS[1], "web-900", "9999-12-31T23:59:59Z"));
    // Of some checks, once beside one of all.
    for name in ["web-004", "web-901"] {
        let partly = renamed(&REPORTS[4], name, "2026-01-01T12:00:00Z");
        let partly = partly.replacen(
            "\nfindings:",
            "\nselection:\n  only:\n  - btf\nfindings:",
            1,
        );
        reports.push(partly.replacen("\nverdict:", "\n  labels:\n    role: x\nverdict:", 1));
    }
    let place = tempfile::tempdir().unwrap();
    let partial = |name: &str, inputs: &[&str]| {
        let to = place.path().join(name).to_str().unwrap().to_owned();
        let output = run(&[&["fleet", "--partial", "-o", &to], inputs].concat());
        assert_eq!(text(&output.stderr), "");
        assert_eq!(output.status.code(), Some(0));
        to
    };
    let all = put(&place, "all.yaml", reports.join("---\n"));
    let all = all.to_str().unwrap();
    let whole = fs::read(partial("whole.jsonl", &[all])).unwrap();
    let expected = audit(&[all]);
    assert_eq!(expected["hosts"], 22);
    assert_eq!(expected["reports"]["read"], 27);
    assert_eq!(expected["reports"]["superseded"], 5);
    assert_eq!(expected["reports"]["future"], 2);
    assert_eq!(expected["reports"]["of_future"]["examples"][0], "web-900");
    assert_eq!(expected["reports"]["of_future"]["hosts"], 1);
    assert_eq!(expected["partly"]["hosts"], 2);
    assert_eq!(expected["partly"]["narrowed"]["examples"][0], "web-004");
    assert_eq!(expected["partly"]["narrowed"]["hosts"], 1);
    assert_eq!(expected["reports"]["unnamed"], 2);
    let mut state = 3_u64;
    let mut random = |limit: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    };
    for round in 0..6 {
        for place in (1..reports.len()).rev() {
            reports.swap(place, random(place + 1));
        }
        let shards = 1 + random(5);
        let mut dealt = vec![Vec::new(); shards];
        for report in &reports {
            dealt[random(shards)].push(report.clone());
        }
        let mut partials = Vec::new();
        for (number, shard) in dealt
            .iter()
            .enumerate()
            .filter(|(_, shard)| !shard.is_empty())
        {
            let name = format!("{round}-{number}");
            let file = put(&place, &format!("{name}.yaml"), shard.join("---\n"));
            partials.push(partial(&format!("{name}.jsonl"), &[file.to_str().unwrap()]));
        }
        let partials: Vec<&str> = partials.iter().map(String::as_str).collect();
        assert_eq!(audit(&partials), expected);
        let merged = partial(&format!("{round}.merged"), &partials);
        assert!(fs::read(merged).unwrap() == whole, "round {round}");
    }
}

#[test]
fn bad_reports_are_named_and_the_others_go_on() {
    let good = fleet(3);
    let place = tempfile::tempdir().unwrap();
    let bomb = {
        let mut text =
            "schema: bpf-doctor/report/v1\na0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let row = format!("*a{}, ", level - 1).repeat(9);
            text += &format!("a{level}: &a{level} [{row}]\n");
        }
        text + "facts: *a11\n"
    };
    let cut = &good[0][..good[0].len() / 2];
    for (name, content, says) in [
        ("empty.yaml", String::new(), "it is empty"),
        (
            "weather.yaml",
            "weather\n".to_owned(),
            ":1: it is no report",
        ),
        (
            "foreign.yaml",
            "kind: ConfigMap\n".to_owned(),
            ":1: it is no report of bpf-doctor: it has no `schema`",
        ),
        (
            "shell.yaml",
            "\nssh: connect to host web-3 port 22: Connection refused\n".to_owned(),
            ": it is no report of bpf-doctor: it begins with `ssh: connect to host web-3 port 22: \
             Connection refused`",
        ),
        ("bomb.yaml", bomb, "it is "),
        (
            "deep.yaml",
            format!("a: {}", "[".repeat(10_000)),
            ":1: it is no report of bpf-doctor: nested deeper",
        ),
        (
            "huge.yaml",
            format!("schema: bpf-doctor/report/v1\nx: {}", "x".repeat(3 << 20)),
            "more than 2 MiB",
        ),
        (
            "lie.yaml",
            good[0].replace("report/v1", "report/v9\u{202e}"),
            "bpf-doctor/report/v9",
        ),
        ("cut.yaml", cut.to_owned(), "it is a damaged report"),
        (
            "twice.yaml",
            good[0].replace("verdict: ", "verdict: ready\nverdict: "),
            "there are two of `verdict`",
        ),
        (
            "time.yaml",
            good[0].replace(TIME, "yesterday"),
            "generated_at is no time",
        ),
        (
            "second.yaml",
            format!("{}---\n{cut}", good[0]),
            "it is a damaged report",
        ),
        (
            "broken.json",
            "{\"schema\": 1".to_owned(),
            ":1: it is no report",
        ),
        ("utf8.yaml", "\u{1b}[31m\n".to_owned(), "it is no report"),
        (
            "summary.jsonl",
            "{\"schema\":\"bpf-doctor/partial/v1\",\"hosts\":1,\"bad\":0,\"foreign\":0}\n"
                .to_owned(),
            "summary that was cut off",
        ),
    ] {
        let file = put(&place, name, content);
        let other = put(&place, "good/good.yaml", good[1..].join("---\n"));
        let files = [file.to_str().unwrap(), other.to_str().unwrap()];
        let output = run(&[&["fleet", "--format", "json"][..], &files].concat());
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}: {told}");
        assert!(told.contains(name) && told.contains(says), "{name}: {told}");
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(!told.contains(['\u{1b}', '\u{202e}']), "{told}");
        let audit: Value = serde_json::from_slice(&output.stdout).unwrap();
        let expected = if name == "second.yaml" { 3 } else { 2 };
        assert_eq!(audit["hosts"], expected, "{name}");
        assert_eq!(audit["reports"]["bad"], 1, "{name}");
        let output = run(&[&["fleet", "--keep-going"][..], &files].concat());
        assert_eq!(output.status.code(), Some(1), "{name}");
    }
    // A file that is not there, a loop of links, and packings that are none.
    let loops = place.path().join("loops");
    fs::create_dir(&loops).unwrap();
    std::os::unix::fs::symlink("..", loops.join("up")).unwrap();
    put(&place, "loops/good.yaml", &good[0]);
    put(&place, "not.gz", [&[0x1f, 0x8b][..], b"weather"].concat());
    for (path, says) in [
        ("loops", "a link leads back"),
        ("not.gz", "can't read it"),
        ("nowhere.yaml", "can't read it"),
    ] {
        let output = run(&["fleet", place.path().join(path).to_str().unwrap()]);
        assert!(
            text(&output.stderr).contains(says),
            "{path}: {}",
            text(&output.stderr)
        );
        assert_eq!(output.status.code(), Some(2));
    }
}

/// What a run says on standard error, and how many hosts it counts; nothing takes it down.
#[track_caller]
fn told_of(paths: &[&Path]) -> (String, Option<i32>, u64) {
    let paths: Vec<&str> = paths.iter().map(|path| path.to_str().unwrap()).collect();
    let output = run(&[&["fleet", "--format", "json"][..], &paths].concat());
    let told = text(&output.stderr);
    let status = output.status.code();
    assert!(status.is_some(), "{told}");
    assert!(!told.contains("panicked"), "{told}");
    let audit: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (told, status, audit["hosts"].as_u64().unwrap_or(0))
}

#[test]
fn tags_anchors_and_nesting_in_a_report_are_told_and_do_nothing() {
    let place = tempfile::tempdir().unwrap();
    let report = renamed(&REPORTS[1], "web-1", TIME);
    let in_facts = |text: &str| report.replace("\nfacts:\n", &format!("\nfacts:\n{text}"));
    let levels = (1..30).map(|level| {
        let row = vec![format!("*b{}", level - 1); 9].join(", ");
        format!("  b{level}: &b{level} [{row}]\n")
    });
    let bomb = format!("  b0: &b0 [x, x]\n{}", levels.collect::<String>());
    // What a tag asks for is built nowhere, and no doctor writes one.
    for (name, content, hosts) in [
        (
            "ruby",
            in_facts("  evil: !ruby/object:Gem::Installer\n    i: x\n"),
            0,
        ),
        (
            "python",
            in_facts("  evil: !!python/object/apply:os.system ['touch /tmp/x']\n"),
            0,
        ),
        ("binary", in_facts("  evil: !!binary aGVsbG8=\n"), 0),
        (
            "name",
            report.replace("hostname: web-1", "hostname: !!python/name:os.system web-1"),
            0,
        ),
        ("map", report.replace("\nhost:\n", "\nhost: !x\n"), 0),
        ("verdict", report.replace("verdict: ", "verdict: !evil "), 0),
        ("bomb", in_facts(&bomb), 0),
        (
            "deep",
            in_facts(&format!(
                "  evil: {}{}\n",
                "[".repeat(5000),
                "]".repeat(5000)
            )),
            0,
        ),
        (
            "deeper",
            in_facts(&format!("  evil:\n{}", {
                let lines = (2..2000).map(|level| format!("{}a:\n", " ".repeat(level * 2)));
                lines.collect::<String>()
            })),
            0,
        ),
        (
            "alias",
            format!("x: &x {}\n{report}", "y".repeat(1000)).replace("web-1", "*x"),
            0,
        ),
    ] {
        let file = put(&place, &format!("{name}.yaml"), content);
        let (told, status, counted) = told_of(&[&file]);
        assert_eq!(counted, hosts, "{name}: {told}");
        if hosts == 0 {
            assert!(told.contains(name), "{name}: {told}");
            assert_eq!(status, Some(2), "{name}: {told}");
        }
    }
}

#[test]
fn what_is_cut_off_is_told_and_what_came_before_counts() {
    let place = tempfile::tempdir().unwrap();
    let reports = fleet(40);
    let many = reports.join("---\n");
    let lines: Vec<String> = reports.iter().map(|report| json_of(report)).collect();
    let members: Vec<(String, Vec<u8>)> = reports
        .iter()
        .enumerate()
        .map(|(number, report)| (format!("r{number}.yaml"), report.clone().into_bytes()))
        .collect();
    let members: Vec<(&str, Vec<u8>)> = members
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.clone()))
        .collect();
    let archive = tar(&members);
    let zst = |bytes: &[u8]| zstd::encode_all(bytes, 3).unwrap();
    for (name, whole) in [
        ("many.yaml", many.clone().into_bytes()),
        ("lines.jsonl", lines.join("\n").into_bytes()),
        ("many.yaml.gz", gzip(many.as_bytes())),
        ("many.yaml.zst", zst(many.as_bytes())),
        ("all.tar", archive.clone()),
        ("all.tar.gz", gzip(&archive)),
        ("all.tar.zst", zst(&archive)),
    ] {
        // Of what is packed the end alone, because a block may hold it all.
        let packed = name.ends_with(".gz") || name.ends_with(".zst");
        let cut = match packed {
            true => whole.len() - 12,
            false => whole.len() * 2 / 3 + 7,
        };
        let file = put(&place, name, &whole[..cut]);
        let (told, status, hosts) = told_of(&[&file]);
        assert_eq!(status, Some(2), "{name}: {told}");
        assert!(told.contains(name), "{name}: {told}");
        // Of a tar the member and the archive.
        assert!(told.lines().count() <= 2, "{name}: {told}");
        assert!(hosts > 20 && (packed || hosts < 40), "{name}: {hosts}");
        fs::remove_file(&file).unwrap();
    }
}

#[test]
fn floods_of_nothing_are_told_once() {
    let place = tempfile::tempdir().unwrap();
    let report = json_of(&fleet(1)[0]);
    let flood = "{}\n".repeat(200_000);
    let spaces = " ".repeat(50 << 20);
    for (name, content, count) in [
        ("flood.gz", format!("{flood}{report}\n"), 1000),
        ("spaces.gz", format!("{spaces}\n{report}\n"), 0),
    ] {
        let file = put(&place, name, gzip(content.as_bytes()));
        let output = run(&["fleet", "--format", "json", file.to_str().unwrap()]);
        let audit: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(audit["hosts"], 1, "{name}");
        assert_eq!(audit["reports"]["bad"], count, "{name}");
        assert!(text(&output.stderr).lines().count() <= 21, "{name}");
    }
}

#[test]
fn a_file_that_grows_has_an_end() {
    let place = tempfile::tempdir().unwrap();
    let lines: Vec<String> = fleet(6).iter().map(|report| json_of(report)).collect();
    let block = lines.join("\n") + "\n";
    // Larger than what one thread reads alone, and small.
    for copies in [80, 1] {
        let block = block.clone();
        let file = put(&place, "growing.jsonl", block.repeat(copies));
        let path = file.clone();
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let writer = std::thread::spawn(move || {
            let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
            let empty = std::sync::mpsc::TryRecvError::Empty;
            let mut written = 0_u64;
            // A gigabyte at most, should the reader never end.
            while stopped.try_recv() == Err(empty) && written < 1 << 30 {
                file.write_all(block.as_bytes()).unwrap();
                written += block.len() as u64;
                // Faster than reports are read, and no faster than needed.
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            written
        });
        let (told, _, hosts) = told_of(&[&file]);
        drop(stop);
        assert!(writer.join().unwrap() < 1 << 30, "it read to the end");
        assert_eq!(hosts, 6, "{told}");
        fs::remove_file(&file).unwrap();
    }
}

#[test]
fn a_host_is_its_machine_and_the_newest_report_counts() {
    let place = tempfile::tempdir().unwrap();
    let of = |kind: usize, name: &str, machine: &str, time: &str| {
        let machine = match machine.parse::<u64>() {
            Ok(number) => format!("a{number:031}"),
            Err(_) => machine.to_owned(),
        };
        let report = renamed(&REPORTS[kind], name, time);
        let line = format!("  hostname: {name}\n");
        report.replace(&line, &format!("{line}  machine_id: {machine}\n"))
    };
    let (old, new) = (TIME, "2026-01-02T00:00:00Z");
    // One machine that was renamed, two that share a name, and a copy of an image whose
    // machine id is none.
    let reports = [
        of(0, "before", "1111", old),
        of(1, "after", "1111", new),
        of(1, "after", "1111", old),
        of(0, "twin", "2222", old),
        of(0, "twin", "3333", old),
        of(0, "web-1", "unknown", old),
        of(0, "web-2", "uninitialized", old),
        of(0, "web-3", "'00000000000000000000000000000000'", old),
        of(0, "web-4", "'00000000000000000000000000000000'", old),
    ];
    let expected = {
        let file = put(&place, "all.yaml", reports.join("---\n"));
        audit(&[file.to_str().unwrap()])
    };
    assert_eq!(expected["hosts"], 7);
    assert_eq!(expected["reports"]["read"], 9);
    assert_eq!(expected["reports"]["superseded"], 2);
    assert_eq!(expected["reports"]["renamed"][0][0], "after");
    assert_eq!(expected["reports"]["renamed"][0][1], "before");
    assert_eq!(expected["reports"]["repeated"]["examples"][0], "after");
    let twins = serde_json::json!({"hosts": 2, "examples": ["twin"]});
    assert_eq!(expected["reports"]["namesakes"], twins);
    // What the newest report says of the machine counts, and nothing of the older ones.
    let release = |kind: usize| {
        let value: Value = serde_yaml::from_str(&REPORTS[kind]).unwrap();
        value["host"]["kernel"]["release"].clone()
    };
    let kernels = expected["groups"].as_array().unwrap();
    let kernels = kernels.iter().find(|one| one["by"] == "kernel").unwrap();
    assert_eq!(kernels["groups"][0]["value"], release(0));
    assert_eq!(kernels["groups"][0]["hosts"], 6);
    assert_eq!(kernels["groups"][1]["value"], release(1));
    assert_eq!(kernels["groups"][1]["hosts"], 1);
    // In whatever order, and as files of their own.
    for order in [[6, 5, 4, 3, 8, 2, 1, 7, 0], [2, 0, 1, 8, 7, 4, 6, 5, 3]] {
        for (place_in_order, number) in order.into_iter().enumerate() {
            put(
                &place,
                &format!("dir/{place_in_order}.yaml"),
                &reports[number],
            );
        }
        let directory = place.path().join("dir");
        assert_eq!(audit(&[directory.to_str().unwrap()]), expected);
    }
    let output = run(&["fleet", place.path().join("dir").to_str().unwrap()]);
    let told = text(&output.stdout);
    assert!(
        told.contains("one machine id, several names: after, before"),
        "{told}"
    );
    let twins = "2 hosts with a name that another one has, by another machine id (twin)";
    assert!(told.contains(twins), "{told}");
    // Installed anew since then.
    let [then, now] =
        [("then.yaml", "4444", old), ("now.yaml", "5555", new)].map(|(file, machine, time)| {
            let reports = [of(0, "web", machine, time), of(1, "other", "6666", time)];
            put(&place, file, reports.join("---\n"))
        });
    let found = audit(&[now.to_str().unwrap(), "--baseline", then.to_str().unwrap()]);
    let again = serde_json::json!({"hosts": 1, "examples": ["web"]});
    assert_eq!(found["changes"]["again"], again);
}

#[test]
fn what_changed_is_told_and_regressions_count() {
    let place = tempfile::tempdir().unwrap();
    let ready = REPORTS
        .iter()
        .find(|report| report.contains("\nverdict: ready\n"))
        .unwrap();
    let ill = REPORTS
        .iter()
        .find(|report| report.contains("\nverdict: not-ready\n"))
        .unwrap();
    let file = |name: &str, reports: &[String]| {
        put(&place, name, reports.join("---\n"))
            .to_str()
            .unwrap()
            .to_owned()
    };
    let old = file(
        "old.yaml",
        &[
            renamed(ready, "a", TIME),
            renamed(ill, "b", TIME),
            renamed(ready, "gone", TIME),
        ],
    );
    let new = file(
        "new.yaml",
        &[
            renamed(ill, "a", TIME),
            renamed(ready, "b", TIME),
            renamed(ready, "new", TIME),
        ],
    );
    let changes = &audit(&[&new, "--baseline", &old])["changes"];
    assert_eq!(changes["regression"], true);
    for (key, name) in [
        ("broke", "a"),
        ("became_ready", "b"),
        ("new", "new"),
        ("gone", "gone"),
    ] {
        assert_eq!(changes[key]["hosts"], 1, "{key}");
        assert_eq!(changes[key]["examples"][0], name);
    }
    assert!(changes["kernels"][0]["hosts"] == 1);
    let status = |new: &str, old: &str| {
        let output = run(&["fleet", new, "--baseline", old, "--fail-on", "regression"]);
        output.status.code()
    };
    assert_eq!(status(&new, &old), Some(1));
    assert_eq!(status(&old, &old), Some(0));
    let partial = place.path().join("old.jsonl");
    run(&["fleet", &old, "--partial", "-o", partial.to_str().unwrap()]);
    assert_eq!(
        &audit(&[&new, "--baseline", partial.to_str().unwrap()])["changes"],
        changes
    );
    // What is no longer known is no regression, and told.
    let blind: String = ready
        .split_inclusive('\n')
        .map(|line| match line {
            "  status: ok\n" => "  status: unknown\n",
            line => line,
        })
        .collect();
    let blind = restated(&blind, "undetermined");
    let blind = file("blind.yaml", &[renamed(&blind, "a", TIME)]);
    let changes = &audit(&[&blind, "--baseline", &old])["changes"];
    assert_eq!(changes["unclear"]["examples"][0], "a");
    assert_eq!(changes["regression"], false);
    let output = run(&["fleet", &new, "--fail-on", "regression"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--baseline"));
}

#[test]
fn every_format_says_the_same_and_nothing_in_it_is_executed() {
    let place = tempfile::tempdir().unwrap();
    let names = [
        "=cmd|'/c calc'!A1",
        "</script><script>alert(1)</script>",
        "a\u{1b}[31mb",
        "x|y`$(reboot)`",
    ];
    let reports = names.iter().map(|name| {
        let name = serde_json::to_string(name).unwrap();
        renamed(&REPORTS[0], &name, TIME)
    });
    let reports: Vec<String> = reports.collect();
    let file = put(&place, "r.yaml", reports.join("---\n"));
    let file = file.to_str().unwrap();
    let print = |format: &str| {
        let output = run(&["fleet", file, "--format", format]);
        assert_eq!(output.status.code(), Some(1), "{format}");
        let printed = text(&output.stdout);
        if !matches!(format, "json" | "yaml" | "html") {
            assert!(!printed.contains('\u{1b}'), "{format}");
        }
        printed
    };
    let json: Value = serde_json::from_str(&print("json")).unwrap();
    let yaml: Value = serde_yaml::from_str(&print("yaml")).unwrap();
    assert_eq!(json, yaml);
    assert_eq!(json["schema"], "bpf-doctor/audit/v1");
    let schema: Value =
        serde_json::from_slice(&run(&["checks", "schema", "audit"]).stdout).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let with_changes = audit(&[file, "--baseline", file]);
    for document in [&json, &with_changes] {
        let faults: Vec<String> = validator
            .iter_errors(document)
            .map(|fault| fault.to_string())
            .collect();
        assert!(faults.is_empty(), "{faults:?}");
        let mut untold = Vec::new();
        unknown_to((&schema, &schema), document, "", &mut untold);
        assert!(untold.is_empty(), "{untold:?}");
    }
    assert!(print("text").starts_with("4 hosts: 0 ready, 4 not ready (100%)"));
    assert!(print("markdown").contains("**4 hosts**: 0 ready"));
    assert!(print("prometheus").contains("bpf_doctor_fleet_hosts{verdict=\"not-ready\"} 4\n"));
    let csv = print("csv");
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    let failing =
        json["causes"].as_array().unwrap().len() + json["remarks"].as_array().unwrap().len();
    assert!(rows.len() >= 4 * failing);
    for row in &rows {
        assert!(
            !row.iter()
                .any(|cell| cell.starts_with(['=', '+', '-', '@'])),
            "{row:?}"
        );
    }
    let html = print("html");
    assert!(html.starts_with("<!DOCTYPE html>"));
    assert_eq!(html.matches("<script").count(), 2);
    assert!(
        !html.contains("<script>alert") && !html.contains("http://") || html.contains("www.w3.org")
    );
}

/// The keys of a document that its schema does not know, though a place names some.
fn unknown_to(
    (whole, schema): (&Value, &Value),
    document: &Value,
    place: &str,
    untold: &mut Vec<String>,
) {
    let referred = schema["$ref"].as_str().map(|to| to.trim_start_matches('#'));
    let schema = referred.map_or(schema, |to| whole.pointer(to).unwrap());
    for item in document.as_array().into_iter().flatten() {
        unknown_to((whole, &schema["items"]), item, place, untold);
    }
    let (Some(own), Some(known)) = (document.as_object(), schema["properties"].as_object()) else {
        return;
    };
    for (key, value) in own {
        let place = format!("{place}.{key}");
        match known.get(key) {
            Some(schema) => unknown_to((whole, schema), value, &place, untold),
            None => untold.push(place),
        }
    }
}

#[test]
fn hosts_are_grouped_by_labels() {
    let place = tempfile::tempdir().unwrap();
    let labelled = |name: &str, role: &str| {
        let report = renamed(&REPORTS[0], name, TIME);
        report.replacen(
            "\nverdict:",
            &format!("\n  labels:\n    role: {role}\nverdict:"),
            1,
        )
    };
    let reports = [
        labelled("a", "web"),
        labelled("b", "web"),
        labelled("c", "db"),
    ];
    let file = put(&place, "r.yaml", reports.join("---\n"));
    let file = file.to_str().unwrap();
    let by = |more: &[&str], key: &str| {
        let audit = audit(&[&[file], more].concat());
        let grouping = audit["groups"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["by"] == key)
            .cloned();
        let grouping = grouping.unwrap_or_default();
        let groups = grouping["groups"].as_array().cloned().unwrap_or_default();
        let groups = groups.iter().map(|group| {
            (
                group["value"].as_str().unwrap().to_owned(),
                group["hosts"].as_u64().unwrap(),
            )
        });
        groups.collect::<Vec<_>>()
    };
    let expected = [("web".to_owned(), 2), ("db".to_owned(), 1)];
    assert_eq!(by(&[], "role"), expected);
    assert_eq!(by(&["--by", "role"], "role"), expected);
    assert_eq!(by(&["--by", "role"], "kernel"), []);
    assert_eq!(
        by(&["--by", "role", "--by", "label:role"], "role"),
        expected
    );
    // What reports say themselves and a label of that name are two things, hosts counted once.
    let kernels = put(&place, "kernels.csv", "host,kernel\na,old\n");
    let inventory = ["--inventory", kernels.to_str().unwrap()];
    let own = by(&[], "kernel");
    assert_eq!(by(&inventory, "kernel"), own);
    let labelled = [("(none)".to_owned(), 2), ("old".to_owned(), 1)];
    assert_eq!(by(&inventory, "label:kernel"), labelled);
    let asked = [&inventory[..], &["--by", "label:kernel"]].concat();
    assert_eq!(by(&asked, "label:kernel"), labelled);
    let output = run(&["fleet", file, "--by", "rloe"]);
    assert!(text(&output.stderr).contains("no host has a label rloe"));
    let output = run(&["fleet", file, "--profile", "cilium"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("no report tells of the software cilium"));
    let inventory = "host,role,site\na,edge,north\nc,,south\n";
    let csv = put(&place, "hosts.csv", inventory);
    let yaml = put(
        &place,
        "hosts.yaml",
        "a: {role: edge, site: north}\nc: {site: south}\n",
    );
    for inventory in [csv, yaml] {
        let inventory = ["--inventory", inventory.to_str().unwrap()];
        let roles = [
            ("db".to_owned(), 1),
            ("edge".to_owned(), 1),
            ("web".to_owned(), 1),
        ];
        assert_eq!(by(&inventory, "role"), roles);
        let sites = [
            ("(none)".to_owned(), 1),
            ("north".to_owned(), 1),
            ("south".to_owned(), 1),
        ];
        assert_eq!(by(&inventory, "site"), sites);
    }
}

#[test]
fn what_is_wrong_with_a_report_is_told_with_its_line() {
    let place = tempfile::tempdir().unwrap();
    let report = renamed(&REPORTS[1], "web-1", TIME);
    let line_of = |text: &str, begin: &str, nth: usize| {
        let mut lines = text.lines().enumerate();
        let line = lines
            .by_ref()
            .filter(|(_, line)| line.starts_with(begin))
            .nth(nth - 1);
        line.unwrap().0 + 1
    };
    let findings_at = report.find("\nfindings:\n").unwrap() + "\nfindings:\n".len();
    let first_check = report[findings_at..].lines().next().unwrap();
    let first = report[findings_at..].find("\n- check: ").unwrap() + 1;
    let first = &report[findings_at..findings_at + first];
    let twice = report.replacen("\nprobes:", &format!("\n{first}probes:"), 1);
    let verdicts = report.replacen("\nfindings:", "\nverdict: ready\nfindings:", 1);
    let whole = report.trim_end().to_owned();
    let (whole, _) = whole.rsplit_once('\n').unwrap();
    let control = report.replacen("hostname: web-1", "hostname: web\u{7}1", 1);
    let empty = {
        let (from, to) = (findings_at, report.find("\nprobes:").unwrap());
        let text = format!("{} []{}", report[..from].trim_end(), &report[to..]);
        restated(&text.replace("findings: []", "findings:\n[]"), "ready")
            .replace("findings:\n[]", "findings: []")
    };
    let lie = report.replacen("\n  ok: ", "\n  ok: 9", 1);
    for (name, text, line, says) in [
        (
            "schema",
            format!("# c\n{}", report.replace("report/v1", "report/v2")),
            2,
            "it is a `bpf-doctor/report/v2`",
        ),
        (
            "time",
            report.replace(TIME, "2026-13-45T99:99:99Z"),
            line_of(&report, "generated_at:", 1),
            "generated_at is no time",
        ),
        (
            "check-twice",
            twice.clone(),
            line_of(&twice, first_check, 2),
            "two findings of the check",
        ),
        (
            "verdict-twice",
            verdicts.clone(),
            line_of(&verdicts, "verdict:", 2),
            "there are two of `verdict`",
        ),
        (
            "control",
            control.clone(),
            line_of(&control, "  hostname:", 1),
            "control characters are not allowed",
        ),
        (
            "cut",
            whole.to_owned(),
            whole.lines().count(),
            "it was cut off",
        ),
        (
            "incomplete",
            report.replace("complete: true", "complete: false"),
            report.lines().count(),
            "it was cut off",
        ),
        (
            "lie",
            lie.clone(),
            line_of(&lie, "summary:", 1),
            "its summary says 9",
        ),
        (
            "verdict",
            failing("x", &[]).replace("\"verdict\":\"ready\"", "\"verdict\":\"not-ready\""),
            1,
            "its verdict is not-ready, and nothing",
        ),
        (
            "empty",
            empty,
            line_of(&report, "findings:", 1),
            "it has no findings",
        ),
    ] {
        let file = put(&place, &format!("{name}.yaml"), text);
        let (told, status, _) = told_of(&[&file]);
        let expected = format!("{name}.yaml:{line}: ");
        assert!(
            told.contains(&expected) && told.contains(says),
            "{name} {line}: {told}"
        );
        assert_eq!(status, Some(2), "{name}");
    }
}

#[test]
fn what_cannot_be_unpacked_is_named_as_what_it_is() {
    let place = tempfile::tempdir().unwrap();
    let wide: Vec<u8> = REPORTS[0]
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let marked = [&[0xff, 0xfe][..], &wide].concat();
    for (name, bytes, says) in [
        ("a.yaml.bz2", b"BZh91AY&SY".to_vec(), "packed with bzip2"),
        ("a.zip", b"PK\x03\x04\x14\0".to_vec(), "zip archive"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c\0".to_vec(), "7z archive"),
        ("a.yaml", wide, "UTF-16"),
        ("b.yaml", marked, "UTF-16"),
    ] {
        let file = put(&place, name, bytes);
        let (told, status, _) = told_of(&[&file]);
        assert!(told.contains(name) && told.contains(says), "{name}: {told}");
        assert_eq!(status, Some(2), "{name}");
    }
}

#[test]
fn a_path_that_is_nothing_is_named_and_the_others_are_audited() {
    let place = tempfile::tempdir().unwrap();
    let good = put(&place, "good.yaml", fleet(2).join("---\n"));
    let nothing = place.path().join("nothing-*.yaml");
    let (told, status, hosts) = told_of(&[&nothing, &good]);
    assert!(
        told.contains("nothing-*.yaml: nothing is called that"),
        "{told}"
    );
    assert_eq!((status, hosts), (Some(2), 2));
    let good = good.to_str().unwrap();
    for (baseline, says) in [
        (
            put(&place, "empty/README", ""),
            "no report was found in the baseline",
        ),
        (
            place.path().join("nowhere"),
            "no report was found in the baseline",
        ),
    ] {
        let baseline = match baseline.is_file() {
            true => baseline.parent().unwrap().to_owned(),
            false => baseline,
        };
        let baseline = baseline.to_str().unwrap();
        let output = run(&["fleet", good, "--baseline", baseline]);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert_eq!(text(&output.stdout), "");
        assert!(told.contains(says) && told.contains(baseline), "{told}");
    }
}

#[test]
fn a_part_that_was_looked_at_is_no_whole() {
    let place = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts/debian-12/root");
    let root = root.to_str().unwrap();
    let report = |more: &[&str]| {
        let check = ["check", "--format", "yaml", "--root", root];
        text(&run(&[&check[..], more].concat()).stdout)
    };
    let (btf, skip) = (report(&["--only", "btf"]), report(&["--skip", "network"]));
    assert!(btf.contains("\nselection:\n  only:\n  - btf\n"), "{btf}");
    assert!(skip.contains("\nselection:\n  skip:\n  - network\n"));
    assert!(!report(&[]).contains("\nselection:"));
    // A report of some checks, judged anew, is one of all.
    let again = put(&place, "btf.yaml", &btf);
    let again = run(&[
        "check",
        "--format",
        "yaml",
        "--from",
        again.to_str().unwrap(),
    ]);
    assert!(!text(&again.stdout).contains("\nselection:"));

    let all = report(&[]);
    let file = |name: &str, reports: &[String]| {
        let file = put(&place, name, reports.join("---\n"));
        file.to_str().unwrap().to_owned()
    };
    let now = file(
        "now.yaml",
        &[
            renamed(&btf, "a", "2026-01-01T12:00:00Z"),
            renamed(&all, "a", TIME),
            renamed(&all, "b", TIME),
            renamed(&report(&["--profile", "cilium"]), "c", TIME),
        ],
    );
    let found = audit(&[&now]);
    assert_eq!(found["partly"]["hosts"], 2);
    assert_eq!(found["partly"]["examples"], serde_json::json!(["a", "c"]));
    assert_eq!(
        found["partly"]["narrowed"]["examples"],
        serde_json::json!(["a"])
    );
    for (format, says) in [
        ("text", "2 hosts only partly looked at"),
        ("markdown", "2 hosts only partly looked at"),
        ("html", "\"partly\":{\"hosts\":2,"),
        ("yaml", "partly:\n  hosts: 2\n"),
        ("prometheus", "bpf_doctor_fleet_partly_checked_hosts{ready="),
        ("csv", ",part,"),
    ] {
        let printed = text(&run(&["fleet", &now, "--format", format]).stdout);
        assert!(printed.contains(says), "{format}: {printed}");
    }

    // What decided is not looked at any more: neither better nor worse.
    let ill = file("ill.jsonl", &[failing("a", &[("one", None)])]);
    let less = failing("a", &[]).replacen(
        "\"complete\"",
        "\"selection\":{\"only\":[\"all-well\"]},\"complete\"",
        1,
    );
    let less = file("less.jsonl", &[less]);
    for (now, before) in [(&less, &ill), (&ill, &less)] {
        let changes = &audit(&[now, "--baseline", before])["changes"];
        assert_eq!(changes["unclear"]["examples"], serde_json::json!(["a"]));
        assert_eq!(changes["became_ready"]["hosts"], 0);
        assert_eq!(changes["broke"]["hosts"], 0);
        assert_eq!(changes["regression"], false);
    }
    // What does not apply any more is an answer.
    let moot = failing("a", &[("one", None)])
        .replacen("\"status\":\"fail\"", "\"status\":\"not-applicable\"", 1)
        .replacen("\"fail\":1", "\"fail\":0", 1)
        .replacen("\"not-applicable\":0", "\"not-applicable\":1", 1)
        .replacen("\"verdict\":\"not-ready\"", "\"verdict\":\"ready\"", 1);
    let moot = file("moot.jsonl", &[moot]);
    let changes = &audit(&[&moot, "--baseline", &ill])["changes"];
    assert_eq!(changes["became_ready"]["hosts"], 1, "{changes}");
    assert_eq!(changes["causes"][0]["unseen"], 0);
    assert_eq!(changes["causes"][0]["cured"]["hosts"], 1);
}

#[test]
fn a_plan_says_what_it_takes_and_promises_nothing_that_only_looks() {
    let place = tempfile::tempdir().unwrap();
    let set = Some(("sysctl -w a=1", "privilege"));
    let build = Some(("make", "rebuild"));
    let look = Some(("bpftool prog list | grep -w lsm", "privilege"));
    let mut reports = Vec::new();
    for (count, checks) in [
        (4, vec![("one", set)]),
        (3, vec![("one", build)]),
        (2, vec![("one", None)]),
        (5, vec![("two", look)]),
        (1, vec![("one", set), ("two", look)]),
    ] {
        for _ in 0..count {
            reports.push(failing(&format!("h{}", reports.len()), &checks));
        }
    }
    let file = put(&place, "plan.jsonl", reports.join("\n"));
    let file = file.to_str().unwrap();
    let found = audit(&[file]);
    // Nor does a cause make a host ready where only looking is told, alone or with another.
    for (cause, check, alone) in [(0, "one", 7), (1, "two", 0)] {
        let cause = &found["causes"][cause];
        assert_eq!(
            (&cause["check"], &cause["alone"]),
            (&check.into(), &alone.into())
        );
        assert_eq!(cause["together"], serde_json::Value::Null, "{cause}");
    }
    let plan = &found["plan"];
    // What nobody knows a fix for is no better than what only looks.
    assert_eq!(plan["stuck"], 8);
    assert_eq!(plan["steps"].as_array().unwrap().len(), 1, "{plan}");
    let step = &plan["steps"][0];
    assert_eq!(step["gained"], 7);
    let expected = serde_json::json!([
        {"what": "privilege", "hosts": 4},
        {"what": "rebuild", "hosts": 3},
    ]);
    assert_eq!(step["takes"], expected);
    let told = text(&run(&["fleet", file]).stdout);
    assert!(
        told.contains(
            "+7 ready, 7 in all (4 hosts: as root, no reboot; 3 hosts: a rebuilt kernel)"
        ),
        "{told}"
    );
    assert!(
        told.contains("Nothing that is known makes 8 hosts ready"),
        "{told}"
    );
    assert!(told.contains("; changes nothing, only looks): "), "{told}");
}

#[test]
fn a_plan_of_many_causes_has_the_best_small_steps_and_says_that_it_is_approximate() {
    let place = tempfile::tempdir().unwrap();
    let clique: Vec<String> = (0..5).map(|number| format!("clique-{number}")).collect();
    let clique: Vec<(&str, Option<(&str, &str)>)> =
        clique.iter().map(|name| mended(name)).collect();
    let mut reports = Vec::new();
    for _ in 0..60 {
        reports.push(failing(&format!("h{}", reports.len()), &clique));
    }
    for number in 0..60 {
        let single = format!("single-{:02}", number % 30);
        reports.push(failing(&format!("h{}", reports.len()), &[mended(&single)]));
    }
    // More than can be tried for sets of six.
    for number in 0..90 {
        let pair = [format!("p{}", number % 9), format!("q{}", number % 10)];
        let pair = [mended(&pair[0]), mended(&pair[1])];
        reports.push(failing(&format!("h{}", reports.len()), &pair));
    }
    let file = put(&place, "many.jsonl", reports.join("\n"));
    let file = file.to_str().unwrap();
    let plan = &audit(&[file])["plan"];
    let gained = |size: usize| {
        let steps = plan["steps"].as_array().unwrap();
        let fits = steps
            .iter()
            .filter(|step| step["checks"].as_array().unwrap().len() <= size);
        fits.map(|step| step["gained"].as_u64().unwrap())
            .max()
            .unwrap_or(0)
    };
    assert_eq!((gained(1), gained(2), gained(3)), (2, 4, 6));
    assert_eq!(gained(5), 60);
    assert_eq!(plan["exact"], false);
    assert!(plan["exact_up_to"].as_u64().unwrap() >= 3);
    for (format, says) in [
        ("text", "Approximate: sets of up to"),
        ("markdown", "Approximate: sets of up to"),
        ("html", "Approximate: sets of up to"),
        ("yaml", "  exact: false\n"),
        ("prometheus", "bpf_doctor_fleet_plan_exact 0\n"),
    ] {
        let printed = text(&run(&["fleet", file, "--format", format]).stdout);
        assert!(printed.contains(says), "{format}");
    }
}

#[test]
fn the_same_reports_give_the_same_page_in_any_order() {
    let place = tempfile::tempdir().unwrap();
    let mut reports = fleet(24);
    let page = |name: &str, reports: &[String]| {
        let file = put(&place, name, reports.join("---\n"));
        run(&["fleet", file.to_str().unwrap(), "--format", "html"]).stdout
    };
    let first = page("1.yaml", &reports);
    reports.reverse();
    let second = page("2.yaml", &reports);
    reports.rotate_left(7);
    let third = page("3.yaml", &reports);
    assert!(first == second && second == third);
}

#[test]
fn a_host_in_a_pod_goes_by_the_name_of_its_node() {
    let place = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts/debian-12/root");
    let root = root.to_str().unwrap();
    let named = [
        "check",
        "--format",
        "yaml",
        "--root",
        root,
        "--hostname",
        "node-7",
    ];
    let report = text(&run(&named).stdout);
    assert!(report.contains("\n  hostname: node-7\n"), "{report}");
    // The name lasts when the report is judged anew.
    let saved = put(&place, "saved.yaml", &report);
    let again = run(&[
        "check",
        "--format",
        "yaml",
        "--from",
        saved.to_str().unwrap(),
    ]);
    assert!(text(&again.stdout).contains("\n  hostname: node-7\n"));
    let bundle = place.path().join("b.tar.gz");
    let bundle = bundle.to_str().unwrap();
    let collected = run(&[
        "collect",
        "-o",
        bundle,
        "--root",
        root,
        "--hostname",
        "node-7",
    ]);
    assert_eq!(text(&collected.stderr), "");
    let report = text(&run(&["check", "--format", "yaml", "--root", bundle]).stdout);
    assert!(report.contains("\n  hostname: node-7\n"), "{report}");
    for (name, status) in [("a b", 2), ("", 2), ("x\u{1b}", 2)] {
        let output = run(&["check", "--root", root, "--hostname", name]);
        assert_eq!(output.status.code(), Some(status), "{name}");
    }
    // Names that do not last are told, where two times are compared.
    let of = |suffix: &str| {
        let hosts = (0..12).map(|number| failing(&format!("pod-{number}-{suffix}"), &[]));
        hosts.collect::<Vec<_>>().join("\n")
    };
    let (old, new) = (
        put(&place, "old.jsonl", of("x")),
        put(&place, "new.jsonl", of("y")),
    );
    let (old, new) = (old.to_str().unwrap(), new.to_str().unwrap());
    let told = text(&run(&["fleet", new, "--baseline", old]).stderr);
    assert!(
        told.contains("12 of 12 hosts are new") && told.contains("--hostname"),
        "{told}"
    );
    assert_eq!(text(&run(&["fleet", old, "--baseline", old]).stderr), "");
}

#[test]
fn inventories_are_held_against_the_hosts() {
    let place = tempfile::tempdir().unwrap();
    let reports: Vec<String> = ["web-1", "web-2.example.com", "db"]
        .iter()
        .map(|name| failing(name, &[]))
        .collect();
    let file = put(&place, "r.jsonl", reports.join("\n"));
    let file = file.to_str().unwrap();
    let inventory =
        "host;role\nweb-1.example.com;web\nweb-2;web\nragged\nlost-1;x\ndb;old\ndb;new\n";
    let inventory = put(&place, "hosts.csv", inventory);
    let inventory = inventory.to_str().unwrap();
    let output = run(&[
        "fleet",
        file,
        "--inventory",
        inventory,
        "--by",
        "role",
        "-f",
        "json",
    ]);
    let told = text(&output.stderr);
    for says in [
        "hosts.csv: line 4: it has 1 column, and the first line 2",
        "hosts.csv: 1 named more than once, of which the last row counts: db",
        "hosts.csv: 1 without a report: lost-1",
    ] {
        assert!(told.contains(says), "{says}: {told}");
    }
    assert_eq!(output.status.code(), Some(2));
    let audit: Value = serde_json::from_slice(&output.stdout).unwrap();
    let groups = audit["groups"][0]["groups"].as_array().unwrap();
    let groups: Vec<(&str, u64)> = groups
        .iter()
        .map(|group| {
            (
                group["value"].as_str().unwrap(),
                group["hosts"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(groups, [("web", 2), ("new", 1)]);
    let output = run(&["fleet", file, "--inventory", inventory, "--keep-going"]);
    assert_eq!(output.status.code(), Some(0));
}

/// A label that is another on each host, and words without end, take little of each.
#[test]
fn what_each_host_has_of_its_own_is_small() {
    let place = tempfile::tempdir().unwrap();
    let hosts = 500;
    let reports: Vec<String> = (0..hosts)
        .map(|number| {
            failing(&format!("h{number}"), &[]).replacen(
                "\"hostname\"",
                &format!("\"labels\":{{\"serial\":\"SN{number:08}\"}},\"hostname\""),
                1,
            )
        })
        .collect();
    let file = put(&place, "labels.jsonl", reports.join("\n"));
    let partial = run(&["fleet", file.to_str().unwrap(), "--partial"]).stdout;
    assert!(partial.len() < hosts * 170, "{}", partial.len() / hosts);
    let long = "x".repeat(1 << 19);
    let reports: Vec<String> = (0..40)
        .map(|number| {
            let command = format!("sysctl -w a={number}{long}");
            let report = failing(
                &format!("h{number}"),
                &[("one", Some((&command, "privilege")))],
            );
            report.replacen("6.1.0", &format!("6.1.{number}-{long}"), 1)
        })
        .collect();
    let file = put(&place, "long.jsonl", reports.join("\n"));
    let partial = run(&["fleet", file.to_str().unwrap(), "--partial"]).stdout;
    assert!(partial.len() < 40 * 4000, "{}", partial.len() / 40);
    let told = text(&run(&["fleet", file.to_str().unwrap()]).stdout);
    assert!(told.contains('…') && told.len() < 40_000, "{}", told.len());
}

#[test]
fn a_table_has_columns_for_so_many_labels() {
    let place = tempfile::tempdir().unwrap();
    let reports: Vec<String> = (0..200)
        .map(|number| {
            failing(&format!("h{number}"), &[]).replacen(
                "\"hostname\"",
                &format!("\"labels\":{{\"role\":\"=web\",\"k{number:03}\":\"v\"}},\"hostname\""),
                1,
            )
        })
        .collect();
    let file = put(&place, "labels.jsonl", reports.join("\n"));
    let output = run(&["fleet", file.to_str().unwrap(), "-f", "csv"]);
    assert!(text(&output.stderr).contains("of 201 labels the 64 that most hosts have are columns"));
    let csv = text(&output.stdout);
    let header = csv.lines().next().unwrap();
    assert_eq!(header.matches("label:").count(), 64);
    assert!(header.contains("label:role") && csv.contains("'=web"));
    let odd = failing("x", &[]).replacen(
        "\"hostname\"",
        "\"labels\":{\"=cmd()\":\"v\"},\"hostname\"",
        1,
    );
    let odd = put(&place, "odd.jsonl", odd);
    let (told, _, hosts) = told_of(&[&odd]);
    assert!(
        told.contains("has a name that is none") && hosts == 0,
        "{told}"
    );
}

#[test]
fn all_moves_between_kernels_are_listed() {
    let place = tempfile::tempdir().unwrap();
    let of = |patch: &str| {
        let hosts = (0..80).map(|number| {
            failing(&format!("h{number}"), &[]).replacen(
                "6.1.0",
                &format!("6.1.{number}{patch}"),
                1,
            )
        });
        hosts.collect::<Vec<_>>().join("\n")
    };
    let (old, new) = (
        put(&place, "old.jsonl", of("")),
        put(&place, "new.jsonl", of("-2")),
    );
    let changes = &audit(&[new.to_str().unwrap(), "--baseline", old.to_str().unwrap()])["changes"];
    assert_eq!(changes["kernels"].as_array().unwrap().len(), 80);
    assert_eq!(changes["kernel_moves"], 80);
}

/// `check --profile all` asks which software will run: where one will, the host is ready, in its
/// own report and in the fleet.
#[test]
fn a_report_of_all_software_is_judged_as_check_judges_it() {
    let place = tempfile::tempdir().unwrap();
    let hosts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts");
    let mut ways: Vec<u64> = Vec::new();
    for host in ["debian-12", "centos-7", "wsl2-5.10", "rhel-8.1"] {
        let root = hosts.join(host).join("root");
        let root = root.to_str().unwrap();
        for profiles in [
            &["all"][..],
            &["all", "cilium"],
            &["bcc", "cilium"],
            &["falco"],
        ] {
            let mut check = vec!["check", "--root", root, "-f", "json"];
            for profile in profiles {
                check.extend(["--profile", profile]);
            }
            let report = text(&run(&check).stdout);
            let file = put(&place, "one.json", &report);
            let file = file.to_str().unwrap();
            let mut without: Value = serde_json::from_str(&report).unwrap();
            without.as_object_mut().unwrap().remove("demanded");
            let of_old = put(&place, "old.json", without.to_string());
            for more in [&[][..], &["--strict"], &["--fail-on", "warning"]] {
                let expected = run(&[&check[..], more].concat()).status.code();
                let found = run(&[&["fleet", file][..], more].concat()).status.code();
                assert_eq!(found, expected, "{host} {profiles:?} {more:?}");
                ways.push(expected.unwrap().unsigned_abs().into());
            }
            if profiles.len() == 2 && profiles.contains(&"all") {
                continue;
            }
            // Reports that do not say what was demanded tell it by their verdict.
            let expected = run(&check).status.code();
            let found = run(&["fleet", of_old.to_str().unwrap()]).status.code();
            assert_eq!(found, expected, "{host} {profiles:?}, without `demanded`");
        }
    }
    for verdict in [0, 1, 3] {
        assert!(ways.contains(&verdict), "{verdict}: {ways:?}");
    }
    // Where none runs, the causes are those of the software that lacks least.
    let mut report: Value = serde_json::from_str(&failing("a", &[])).unwrap();
    let software = |profile: &str, needs: &[&str]| {
        let lacks: Vec<Value> = needs
            .iter()
            .map(|need| serde_json::json!({"need": need, "because": "b"}))
            .collect();
        serde_json::json!({
            "profile": profile, "title": profile, "verdict": "not-ready",
            "missing-required": lacks, "missing-optional": [], "unknown": [],
            "unknown-optional": [],
        })
    };
    report["profiles"] = Value::Array(vec![software("x", &["1", "2"]), software("y", &["3"])]);
    report["verdict"] = "not-ready".into();
    for (demanded, causes) in [
        (serde_json::json!([]), &["y: 3"][..]),
        (serde_json::json!(["x"]), &["x: 1", "x: 2"]),
        (serde_json::json!(["x", "y"]), &["x: 1", "x: 2", "y: 3"]),
    ] {
        report["demanded"] = demanded;
        let file = put(&place, "none.json", report.to_string());
        let found = audit(&[file.to_str().unwrap()]);
        let mut names: Vec<&str> = found["causes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|cause| cause["check"].as_str().unwrap())
            .collect();
        names.sort_unstable();
        assert_eq!(names, causes);
    }
}

/// A report with these checks besides the one that is ok, each with its status.
fn stated(name: &str, checks: &[(&str, &str)]) -> String {
    let named: Vec<(&str, Option<(&str, &str)>)> =
        checks.iter().map(|(check, _)| (*check, None)).collect();
    let mut report: Value = serde_json::from_str(&failing(name, &named)).unwrap();
    for (number, (_, status)) in checks.iter().enumerate() {
        report["findings"][number]["status"] = (*status).into();
    }
    let count = |status: &str| checks.iter().filter(|(_, one)| *one == status).count();
    report["summary"] = serde_json::json!({
        "ok": 1 + count("ok"), "fail": count("fail"), "unknown": count("unknown"),
        "not-applicable": 0,
    });
    report["verdict"] = match (count("fail"), count("unknown")) {
        (0, 0) => "ready",
        (0, _) => "undetermined",
        _ => "not-ready",
    }
    .into();
    report.to_string()
}

/// Only what is known to have been well, and is known to fail, got worse.
#[test]
fn what_was_not_known_before_is_no_regression() {
    let place = tempfile::tempdir().unwrap();
    let lists = ["broke", "worse", "unclear", "became_ready"];
    for (before, now, list) in [
        (&[("a", "unknown")][..], &[("a", "fail")][..], "unclear"),
        (&[], &[("a", "fail")], "unclear"),
        (&[("a", "ok")], &[("a", "fail")], "broke"),
        (
            &[("a", "ok"), ("b", "unknown")],
            &[("a", "fail"), ("b", "fail")],
            "broke",
        ),
        (
            &[("a", "fail"), ("b", "unknown")],
            &[("a", "fail"), ("b", "fail")],
            "unclear",
        ),
        (
            &[("a", "fail"), ("b", "ok")],
            &[("a", "fail"), ("b", "fail")],
            "worse",
        ),
        (&[("a", "fail")], &[("a", "unknown")], "unclear"),
        (&[("a", "ok")], &[("a", "unknown")], "unclear"),
        (&[("a", "unknown")], &[("a", "ok")], "became_ready"),
        (&[("a", "fail")], &[("a", "fail")], ""),
        (&[("a", "unknown")], &[("a", "unknown")], ""),
    ] {
        let before_file = put(&place, "before.jsonl", stated("h", before));
        let now_file = put(&place, "now.jsonl", stated("h", now));
        let paths = [&now_file, &before_file].map(|path| path.to_str().unwrap());
        let found = &audit(&[paths[0], "--baseline", paths[1]])["changes"];
        for one in lists {
            let expected = u64::from(one == list);
            assert_eq!(found[one]["hosts"], expected, "{before:?} {now:?} {one}");
        }
        let regression = ["broke", "worse"].contains(&list);
        assert_eq!(found["regression"], regression, "{before:?} {now:?}");
        if before == [("a", "fail")] && now == [("a", "unknown")] {
            assert_eq!(found["causes"][0]["change"], "unseen");
        }
    }
}

#[test]
fn two_machines_of_one_name_are_two_and_a_swapped_baseline_is_told() {
    let place = tempfile::tempdir().unwrap();
    let report = |machine: Option<&str>, time: &str, checks: &[(&str, &str)]| {
        let mut report: Value = serde_json::from_str(&stated("a", checks)).unwrap();
        report["generated_at"] = time.into();
        if let Some(machine) = machine {
            report["host"]["machine_id"] = machine.into();
        }
        report.to_string()
    };
    let (one, other) = (
        "55a8611b75aab588d8cef864ac41a13e",
        "66a8611b75aab588d8cef864ac41a13e",
    );
    for (then, now, new) in [
        (Some(one), Some(other), 1),
        (Some(one), None, 0),
        (None, Some(other), 0),
        (Some(one), Some(one), 0),
    ] {
        let before = put(&place, "before.jsonl", report(then, TIME, &[("c", "ok")]));
        let after = report(now, "2026-01-02T00:00:00Z", &[("c", "fail")]);
        let after = put(&place, "after.jsonl", after);
        let (before, after) = (before.to_str().unwrap(), after.to_str().unwrap());
        // Where all are new, a line says so.
        let output = run(&["fleet", "-f", "json", after, "--baseline", before]);
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        let changes = &found["changes"];
        assert_eq!(changes["new"]["hosts"], new, "{then:?} {now:?}");
        assert_eq!(changes["gone"]["hosts"], new, "{then:?} {now:?}");
        assert_eq!(changes["broke"]["hosts"], 1 - new, "{then:?} {now:?}");
        for (paths, is_told) in [([after, before], false), ([before, after], true)] {
            let output = run(&["fleet", paths[0], "--baseline", paths[1]]);
            let told = text(&output.stderr).contains("are the two swapped?");
            assert_eq!(told, is_told);
        }
    }
}

#[test]
fn the_best_partner_of_a_cause_is_the_one_with_which_most_hosts_become_ready() {
    let place = tempfile::tempdir().unwrap();
    let kinds: [(&[&str], usize); 4] = [(&["a"], 2), (&["b"], 1), (&["c"], 9), (&["a", "b"], 4)];
    let mut reports = Vec::new();
    for (checks, count) in kinds {
        for _ in 0..count {
            let checks: Vec<_> = checks.iter().map(|check| mended(check)).collect();
            reports.push(failing(&format!("h{}", reports.len()), &checks));
        }
    }
    let file = put(&place, "r.jsonl", reports.join("\n"));
    let found = audit(&[file.to_str().unwrap()]);
    for cause in found["causes"].as_array().unwrap() {
        let expected = match cause["check"].as_str().unwrap() {
            "a" => serde_json::json!({"with": "c", "hosts": 11}),
            "b" => serde_json::json!({"with": "c", "hosts": 10}),
            _ => serde_json::json!({"with": "a", "hosts": 11}),
        };
        assert_eq!(cause["together"], expected, "{cause}");
    }
}

#[test]
fn what_would_let_the_doctor_know_is_in_every_page_and_nothing_is_mended_where_nothing_fails() {
    let place = tempfile::tempdir().unwrap();
    let mut report: Value = serde_json::from_str(&stated("a", &[("c", "unknown")])).unwrap();
    report["findings"][0]["because"] = "could not look: permission denied".into();
    let file = put(&place, "r.json", report.to_string());
    let file = file.to_str().unwrap();
    for format in ["text", "markdown", "html"] {
        let page = text(&run(&["fleet", file, "--format", format]).stdout);
        assert!(
            page.contains("run it as root, or with the capability"),
            "{format}: {page}"
        );
        if format != "html" {
            assert!(!page.contains("What to mend first"), "{format}: {page}");
        }
    }
    // A page in a browser has no options.
    let many: Vec<(String, String)> = (0..40)
        .map(|number| (format!("c{number}"), "fail".to_owned()))
        .collect();
    let many: Vec<(&str, &str)> = many
        .iter()
        .map(|(check, status)| (&**check, &**status))
        .collect();
    let file = put(&place, "many.json", stated("a", &many));
    let file = file.to_str().unwrap();
    for (format, is_told) in [("text", true), ("html", false)] {
        let page = text(&run(&["fleet", file, "--format", format]).stdout);
        assert!(page.contains("and 28 more causes"), "{format}");
        assert_eq!(page.contains("-v shows"), is_told, "{format}");
    }
}

#[test]
fn json_nests_no_deeper_than_yaml_does() {
    let place = tempfile::tempdir().unwrap();
    let with = |depth: usize| {
        let nest = format!(
            "\"q\":{}{},\"complete\"",
            "[".repeat(depth),
            "]".repeat(depth)
        );
        failing("a", &[]).replacen("\"complete\"", &nest, 1)
    };
    for (depth, status) in [(40, 0), (63, 0), (64, 2), (100_000, 2)] {
        let file = put(&place, "r.json", with(depth));
        for more in [&[][..], &["--full-parser"]] {
            let output = run(&[&["fleet", file.to_str().unwrap()][..], more].concat());
            assert_eq!(output.status.code(), Some(status), "{depth} {more:?}");
            let told = text(&output.stderr);
            let says = "it is a damaged report: nested deeper than 64 levels";
            assert_eq!(told.contains(says), status == 2, "{depth}: {told}");
        }
    }
    // Brackets in texts nest nothing.
    let words = failing("a", &[]).replacen("6.1.0", &format!("\\\"{}", "[".repeat(100)), 1);
    let file = put(&place, "r.json", words);
    let output = run(&["fleet", file.to_str().unwrap(), "--full-parser"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

/// What failed before and is weighed in another way now is what it was.
#[test]
fn a_severity_that_changed_is_no_regression_and_no_cure() {
    let place = tempfile::tempdir().unwrap();
    let of = |severity: &str, verdict: &str| {
        let mut report: Value = serde_json::from_str(&stated("h", &[("a", "fail")])).unwrap();
        report["findings"][0]["severity"] = severity.into();
        report["verdict"] = verdict.into();
        report.to_string()
    };
    let (light, heavy) = (of("warning", "ready"), of("error", "not-ready"));
    for (before, now) in [(&light, &heavy), (&heavy, &light)] {
        let before = put(&place, "before.jsonl", before);
        let now = put(&place, "now.jsonl", now);
        let paths = [&now, &before].map(|path| path.to_str().unwrap());
        let found = &audit(&[paths[0], "--baseline", paths[1]])["changes"];
        for (list, hosts) in [
            ("broke", 0),
            ("worse", 0),
            ("became_ready", 0),
            ("unclear", 0),
            ("rejudged", 1),
        ] {
            assert_eq!(found[list]["hosts"], hosts, "{list}");
        }
        assert_eq!(found["regression"], false);
        let output = run(&["fleet", paths[0], "--baseline", paths[1]]);
        assert!(text(&output.stdout).contains("judged otherwise: the same fails"));
    }
}

/// More causes than all sets of which are tried, and none that makes a host ready alone.
#[test]
fn a_plan_has_no_step_that_brings_nothing() {
    let place = tempfile::tempdir().unwrap();
    let hosts = (0..5).map(|host| {
        let names: Vec<String> = (0..5).map(|number| format!("c-{host}-{number}")).collect();
        let fix = Some(("sysctl -w a.b=1", "nothing"));
        let checks: Vec<_> = names.iter().map(|name| (name.as_str(), fix)).collect();
        failing(&format!("h-{host}"), &checks)
    });
    let file = put(&place, "r.jsonl", hosts.collect::<Vec<_>>().join("\n"));
    let steps = audit(&[file.to_str().unwrap()])["plan"]["steps"].clone();
    let first = &steps[0];
    assert_eq!(
        (&first["gained"], first["checks"].as_array().unwrap().len()),
        (&1.into(), 5)
    );
    for step in steps.as_array().unwrap() {
        assert!(step["gained"].as_u64() > Some(0), "{step}");
    }
}

#[test]
fn one_file_of_rubbish_hides_no_other() {
    let place = tempfile::tempdir().unwrap();
    let rubbish = vec!["{\"a\": 1}"; 1200].join("\n");
    put(&place, "d/a.jsonl", &rubbish);
    for number in 0..15 {
        put(
            &place,
            &format!("d/b-{number:02}.yaml"),
            "schema: bpf-doctor/report/v1\nhost: 1\n",
        );
    }
    put(&place, "d/good.json", failing("h", &[]));
    let directory = place.path().join("d");
    let output = run(&["fleet", "-f", "json", directory.to_str().unwrap()]);
    let told = text(&output.stderr);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let all = found["reports"]["bad_reports"].as_array().unwrap();
    let of = |file: &str| {
        let named = all
            .iter()
            .filter(|bad| bad["source"].as_str().unwrap().ends_with(file));
        named.count()
    };
    assert_eq!(of("a.jsonl"), 10);
    for number in 0..15 {
        let name = format!("b-{number:02}.yaml");
        assert_eq!(of(&name), 1, "{name}");
        assert!(told.contains(&name), "{name}: {told}");
    }
    assert_eq!(told.matches("a.jsonl").count(), 5, "{told}");
}

#[test]
fn an_inventory_swallows_no_rows_and_guesses_no_host() {
    let place = tempfile::tempdir().unwrap();
    let names = [
        "web-1",
        "web-2",
        "web-9.a.org",
        "web-9.b.org",
        "db",
        "db.a.org",
        "x.a.org",
    ];
    let reports: Vec<String> = names.iter().map(|name| failing(name, &[])).collect();
    let file = put(&place, "r.jsonl", reports.join("\n"));
    let file = file.to_str().unwrap();
    let open = put(
        &place,
        "open.csv",
        "host,role\nweb-1,a\ndb,\"b\nweb-2,c\nx,d\n",
    );
    let output = run(&["fleet", file, "--inventory", open.to_str().unwrap()]);
    let told = text(&output.stderr);
    assert!(
        told.contains("line 3: a value in quotes goes on to line "),
        "{told}"
    );
    assert_eq!(output.status.code(), Some(2));
    let short = put(&place, "short.csv", "host,role\nweb-9,a\ndb,b\nx,c\n");
    let short = short.to_str().unwrap();
    let output = run(&[
        "fleet",
        file,
        "--inventory",
        short,
        "--by",
        "role",
        "-f",
        "json",
    ]);
    let told = text(&output.stderr);
    assert!(
        told.contains(
            "2 may mean several hosts, and label none of them: web-9, db (write the names in full"
        ),
        "{told}"
    );
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let groups = found["groups"][0]["groups"].as_array().unwrap();
    let groups: Vec<_> = groups
        .iter()
        .map(|one| (one["value"].as_str(), one["hosts"].as_u64()))
        .collect();
    let expected = [("(none)", 5), ("b", 1), ("c", 1)];
    assert_eq!(
        groups,
        expected.map(|(value, hosts)| (Some(value), Some(hosts)))
    );
}

/// What a pattern or a directory has and is no file waits for ever: it is passed over, and told.
#[test]
fn pipes_that_nobody_named_are_passed_over_and_counted() {
    let place = tempfile::tempdir().unwrap();
    let report = put(&place, "d/a.json", failing("h", &[]));
    let pipe = report.with_file_name("b.json");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRUSR).unwrap();
    let directory = report.parent().unwrap().to_str().unwrap();
    for path in [directory, &format!("{directory}/*.json")] {
        let output = run(&["fleet", path, "-f", "json"]);
        assert_eq!(output.status.code(), Some(0), "{path}");
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(found["hosts"], 1);
        assert_eq!(found["reports"]["passed_over"], 1, "{path}");
    }
}

/// The page of a hostile fleet has no character that a terminal obeys, for whoever copies from it.
#[test]
fn the_page_has_no_control_characters() {
    let place = tempfile::tempdir().unwrap();
    let mut report: Value = serde_json::from_str(&failing(
        "h",
        &[("a", Some(("true \u{1b}]0;x\u{7}\u{202e}", "nothing")))],
    ))
    .unwrap();
    report["host"]["kernel"]["release"] = "6.1\u{1b}[31m\r\u{202e}".into();
    let file = put(&place, "r.json", report.to_string());
    let page = text(&run(&["fleet", file.to_str().unwrap(), "-f", "html"]).stdout);
    for harmful in ["\u{1b}", "\\u001b", "\u{202e}", "\\r", "\\u0007"] {
        let data = page
            .split_once("id=\"data\"")
            .unwrap()
            .1
            .split_once("</script>")
            .unwrap()
            .0;
        assert!(!data.contains(harmful), "{harmful:?}");
    }
}

/// Labels of reports that don't count are none.
#[test]
fn labels_of_replaced_reports_are_not_counted() {
    let place = tempfile::tempdir().unwrap();
    let labelled = |time: &str, prefix: &str, count: usize| {
        let mut report: Value = serde_json::from_str(&failing("h", &[])).unwrap();
        report["generated_at"] = time.into();
        for number in 0..count {
            report["host"]["labels"][format!("{prefix}{number}")] = "x".into();
        }
        report.to_string()
    };
    let reports = [
        labelled("2026-01-01T00:00:00Z", "old", 40),
        labelled("2026-01-02T00:00:00Z", "new", 30),
    ];
    let file = put(&place, "r.jsonl", reports.join("\n"));
    let file = file.to_str().unwrap();
    let output = run(&["fleet", file, "-f", "csv"]);
    assert_eq!(text(&output.stderr), "");
    let output = run(&["fleet", file, "--by", "old1"]);
    assert!(text(&output.stderr).contains("no host has a label old1"));
}

/// What is to be replaced and was named is read before; what a directory has is not, and said.
#[test]
fn an_input_that_is_the_output_is_read_before() {
    let place = tempfile::tempdir().unwrap();
    let old = put(&place, "old.jsonl", stated("a", &[("x", "fail")]));
    let new = put(&place, "new.jsonl", stated("b", &[("x", "fail")]));
    let [old, new] = [&old, &new].map(|path| path.to_str().unwrap());
    let site = put(&place, "site.jsonl", "");
    let site = site.to_str().unwrap();
    run(&["fleet", old, "--partial", "-o", site]);
    let output = run(&["fleet", site, new, "--partial", "-o", site]);
    assert_eq!(text(&output.stderr), "");
    assert_eq!(audit(&[site])["hosts"], 2);
    let output = run(&["fleet", site, "-f", "json", "-o", old, old]);
    assert_eq!(text(&output.stderr), "");
    let written: Value = serde_json::from_slice(&fs::read(old).unwrap()).unwrap();
    assert_eq!(written["hosts"], 2);

    let place = tempfile::tempdir().unwrap();
    put(&place, "d/a.json", stated("a", &[]));
    let inside = put(&place, "d/b.json", stated("b", &[]));
    let inside = inside.to_str().unwrap();
    let folder = place.path().join("d");
    let output = run(&[
        "fleet",
        folder.to_str().unwrap(),
        "-f",
        "json",
        "-o",
        inside,
    ]);
    let said = text(&output.stderr);
    assert!(
        said.contains("b.json: it is what will be written, so it is not read"),
        "{said}"
    );
    let written: Value = serde_json::from_slice(&fs::read(inside).unwrap()).unwrap();
    assert_eq!(written["hosts"], 1);
}

/// A shard with nothing in it is a fault, not a summary.
#[test]
fn a_summary_of_nothing_is_none() {
    let place = tempfile::tempdir().unwrap();
    let empty = place.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let to = place.path().join("p.jsonl");
    let [empty, to] = [&empty, &to].map(|path| path.to_str().unwrap());
    let output = run(&["fleet", empty, "--partial", "-o", to]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("no report was found"));
    assert!(!Path::new(to).exists());
}

/// The exit status is another one, the audit is not.
#[test]
fn hosts_are_judged_where_nothing_shall_fail() {
    let place = tempfile::tempdir().unwrap();
    let file = put(&place, "a.jsonl", stated("a", &[("x", "fail")]));
    let file = file.to_str().unwrap();
    let output = run(&["fleet", file, "-f", "json", "--fail-on", "never"]);
    assert_eq!(output.status.code(), Some(0));
    let audit: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(audit["verdicts"]["not-ready"], 1);
    assert_eq!(audit["causes"][0]["check"], "x");
}

/// Names that come to the same text are one series, since Prometheus refuses two.
#[test]
fn no_series_is_told_twice() {
    let place = tempfile::tempdir().unwrap();
    let checks: &[(&str, &str)] = &[("c\u{1}", "fail"), ("c\u{2}", "fail")];
    let file = put(&place, "a.jsonl", stated("a", checks));
    let output = run(&["fleet", file.to_str().unwrap(), "-f", "prometheus"]);
    let told = text(&output.stdout);
    let series = told.lines().filter(|line| !line.starts_with('#'));
    let series: Vec<&str> = series
        .filter_map(|line| Some(line.rsplit_once(' ')?.0))
        .collect();
    let different: std::collections::BTreeSet<&&str> = series.iter().collect();
    assert_eq!(series.len(), different.len(), "{told}");
    let cause = "cause_hosts{check=\"c\u{fffd}\",severity=\"error\",blocks=\"true\"} 2";
    assert!(told.contains(cause), "{told}");
}

/// As for a shell, and as in a directory.
#[test]
fn patterns_leave_hidden_files_alone_and_read_none_twice() {
    let place = tempfile::tempdir().unwrap();
    for (name, host) in [
        ("top.json", "a"),
        ("s/deep/x.json", "b"),
        (".hid/y.json", "c"),
        (".z.json", "d"),
    ] {
        put(&place, name, stated(host, &[]));
    }
    for (pattern, hosts) in [
        ("*", 2),
        ("**", 2),
        ("**/*", 2),
        ("**/*.json", 2),
        ("*/y.json", 0),
        (".hid/*.json", 1),
        ("s/*", 1),
    ] {
        let pattern = format!("{}/{pattern}", place.path().display());
        let output = run(&["fleet", &pattern, "-f", "json"]);
        let read = match output.stdout.is_empty() {
            true => [0, 0],
            false => {
                let audit: Value = serde_json::from_slice(&output.stdout).unwrap();
                [&audit["hosts"], &audit["reports"]["read"]].map(|count| count.as_u64().unwrap())
            }
        };
        assert_eq!(read, [hosts; 2], "{pattern}");
    }
}

/// A table of everything, or of what fails or is unknown.
#[test]
fn a_row_for_each_host_and_check() {
    let place = tempfile::tempdir().unwrap();
    let file = put(
        &place,
        "a.jsonl",
        stated("a", &[("x", "fail"), ("y", "unknown")]),
    );
    let file = file.to_str().unwrap();
    for (more, statuses) in [
        (&[][..], &["fail", "unknown", "ok"][..]),
        (&["-q"], &["fail", "unknown"]),
    ] {
        let output = run(&[&["fleet", file, "-f", "csv"], more].concat());
        let mut rows = csv::Reader::from_reader(&output.stdout[..]);
        let rows = rows.records().map(Result::unwrap);
        let mut found: Vec<String> = rows.map(|row| row[8].to_owned()).collect();
        found.sort();
        let mut expected = statuses.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }
}
