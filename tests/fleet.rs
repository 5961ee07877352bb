//! `bpf-doctor fleet` on reports of the hosts in tests/hosts: what it reads and refuses, what it
//! says, and that order and splitting never matter.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and runs programs"
)]

mod support;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

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

const TIME: &str = "2026-01-01T00:00:00Z";

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

#[test]
fn any_split_and_any_order_gives_the_same_bytes() {
    let mut reports = fleet(18);
    // Newer and older reports of hosts there are, one of the same second.
    reports.push(renamed(&REPORTS[1], "web-000", "2026-02-01T00:00:00Z"));
    reports.push(renamed(&REPORTS[2], "web-001", "2025-02-01T00:00:00Z"));
    reports.push(renamed(&REPORTS[3], "web-002", TIME));
    reports.push(renamed(&REPORTS[0], "localhost", TIME));
    reports.push(renamed(&REPORTS[1], "localhost", TIME));
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
    assert_eq!(expected["hosts"], 20);
    assert_eq!(expected["reports"]["read"], 23);
    assert_eq!(expected["reports"]["superseded"], 3);
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
fn tags_anchors_and_nesting_in_a_report_do_nothing() {
    let place = tempfile::tempdir().unwrap();
    let report = renamed(&REPORTS[1], "web-1", TIME);
    let in_facts = |text: &str| report.replace("\nfacts:\n", &format!("\nfacts:\n{text}"));
    let levels = (1..30).map(|level| {
        let row = vec![format!("*b{}", level - 1); 9].join(", ");
        format!("  b{level}: &b{level} [{row}]\n")
    });
    let bomb = format!("  b0: &b0 [x, x]\n{}", levels.collect::<String>());
    // What a tag asks for is built nowhere: the value counts as it stands, or is none.
    for (name, content, hosts) in [
        (
            "ruby",
            in_facts("  evil: !ruby/object:Gem::Installer\n    i: x\n"),
            1,
        ),
        (
            "python",
            in_facts("  evil: !!python/object/apply:os.system ['touch /tmp/x']\n"),
            1,
        ),
        ("binary", in_facts("  evil: !!binary aGVsbG8=\n"), 1),
        (
            "name",
            report.replace("hostname: web-1", "hostname: !!python/name:os.system web-1"),
            1,
        ),
        ("map", report.replace("\nhost:\n", "\nhost: !x\n"), 1),
        ("verdict", report.replace("verdict: ", "verdict: !evil "), 0),
        ("bomb", in_facts(&bomb), 1),
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
            1,
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
        of(0, "web-2", "unknown", old),
    ];
    let expected = {
        let file = put(&place, "all.yaml", reports.join("---\n"));
        audit(&[file.to_str().unwrap()])
    };
    assert_eq!(expected["hosts"], 5);
    assert_eq!(expected["reports"]["read"], 7);
    assert_eq!(expected["reports"]["superseded"], 2);
    assert_eq!(expected["reports"]["renamed"][0][0], "after");
    assert_eq!(expected["reports"]["renamed"][0][1], "before");
    assert_eq!(expected["reports"]["repeated"]["examples"][0], "after");
    // What the newest report says of the machine counts, and nothing of the older ones.
    let release = |kind: usize| {
        let value: Value = serde_yaml::from_str(&REPORTS[kind]).unwrap();
        value["host"]["kernel"]["release"].clone()
    };
    let kernels = expected["groups"].as_array().unwrap();
    let kernels = kernels.iter().find(|one| one["by"] == "kernel").unwrap();
    assert_eq!(kernels["groups"][0]["value"], release(0));
    assert_eq!(kernels["groups"][0]["hosts"], 4);
    assert_eq!(kernels["groups"][1]["value"], release(1));
    assert_eq!(kernels["groups"][1]["hosts"], 1);
    // In whatever order, and as files of their own.
    for order in [[6, 5, 4, 3, 2, 1, 0], [2, 0, 1, 4, 6, 5, 3]] {
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
    let output = run(&["fleet", file, "--by", "rloe"]);
    assert!(text(&output.stderr).contains("no host has a label rloe"));
    let output = run(&["fleet", file, "--profile", "cilium"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("no report tells of the software cilium"));
    let inventory = "host,role,site\na,edge,north\nc,,south\nother,x,y\n";
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
