//! What other programs are given of a diagnosis: labels to group hosts by, the text of
//! Prometheus, JUnit's XML, and files that are there whole or not at all.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and runs programs"
)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use regex::Regex;
use serde_yaml::Value;
use support::{healthy, run, text, yaml};
use tempfile::TempDir;

fn report(arguments: &[&str]) -> Value {
    let output = run(&[&["check", "--format", "yaml"], arguments].concat());
    assert_eq!(text(&output.stderr), "");
    yaml(&output)
}

fn labels(report: &Value) -> String {
    serde_json::to_string(&report["host"]["labels"]).unwrap()
}

#[test]
fn labels_go_with_reports_and_bundles() {
    let host = healthy();
    let root = host.path().to_str().unwrap();
    assert_eq!(report(&["--root", root])["host"].get("labels"), None);

    let given = ["--label", "role=web", "--label", "site=fra 1"];
    let first = report(&[&["--root", root], &given[..]].concat());
    assert_eq!(labels(&first), r#"{"role":"web","site":"fra 1"}"#);

    let scratch = tempfile::tempdir().unwrap();
    let saved = scratch.path().join("report.yaml");
    fs::write(&saved, serde_yaml::to_string(&first).unwrap()).unwrap();
    let saved = saved.to_str().unwrap();
    assert_eq!(labels(&report(&["--from", saved])), labels(&first));
    let newer = report(&["--from", saved, "--label", "role=db"]);
    assert_eq!(labels(&newer), r#"{"role":"db","site":"fra 1"}"#);

    let bundle = scratch.path().join("bundle.tar.gz");
    let bundle = bundle.to_str().unwrap();
    let collected = run(&[&["collect", "--root", root, "-o", bundle], &given[..]].concat());
    assert_eq!(text(&collected.stderr), "");
    let judged = report(&["--root", bundle, "--label", "rack=7"]);
    assert_eq!(
        labels(&judged),
        r#"{"rack":"7","role":"web","site":"fra 1"}"#
    );

    let shown = run(&["check", "--from", saved]);
    assert!(text(&shown.stdout).contains("\nlabels role=web, site=fra 1\n"));
}

#[test]
fn redaction_goes_through_labels() {
    let host = healthy();
    let root = host.path().to_str().unwrap();
    support::put(host.path(), "proc/sys/kernel/hostname", b"web-17\n");
    let given = ["--label", "name=web-17", "--label", "api-token=hunter2 x"];
    let redacted = r#"{"api-token":"redacted","name":"host-1"}"#;
    let at_once = report(&[&["--root", root, "--redact"], &given[..]].concat());
    assert_eq!(labels(&at_once), redacted);

    let scratch = tempfile::tempdir().unwrap();
    let bundle = scratch.path().join("bundle.tar.gz");
    let bundle = bundle.to_str().unwrap();
    run(&[
        &["collect", "--root", root, "-o", bundle, "--redact"],
        &given[..],
    ]
    .concat());
    assert_eq!(labels(&report(&["--root", bundle])), redacted);
}

#[test]
fn what_is_no_label_is_refused_in_a_line() {
    let host = healthy();
    let root = host.path().to_str().unwrap();
    for (given, says) in [
        (&["role"][..], "a label is KEY=VALUE"),
        (&["ro le=x"], "a label's key begins with"),
        (&["role=a\nb"], "is no line"),
        (&["role=a", "role=b"], "the label role is given twice"),
    ] {
        let given = given.iter().flat_map(|label| ["--label", label]);
        let given: Vec<&str> = given.collect();
        let output = run(&[&["check", "--root", root], given.as_slice()].concat());
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{given:?}");
        assert!(said.contains(says), "{said}");
        assert_eq!(said.lines().count(), 1);
    }
    let mut saved = report(&["--root", root, "--label", "role=web"]);
    saved["host"]["labels"]["role"] = Value::from(vec![1]);
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("report.yaml");
    fs::write(&file, serde_yaml::to_string(&saved).unwrap()).unwrap();
    let output = run(&["check", "--from", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("host.labels.role: found a list"), "{said}");
}

/// Root file systems: some distributions, and a host that is not known well enough.
fn hosts() -> (Vec<PathBuf>, TempDir) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts");
    let names = [
        "almalinux-10",
        "amazon-2",
        "debian-11",
        "sles-15-sp3",
        "wsl2-5.15",
    ];
    let mut roots: Vec<PathBuf> = names.map(|name| folder.join(name).join("root")).into();
    let unknown = healthy();
    fs::remove_file(unknown.path().join("boot/config-5.10.0-32-amd64")).unwrap();
    roots.push(unknown.path().to_owned());
    (roots, unknown)
}

fn formatted(format: &str, root: &Path, more: &[&str]) -> Output {
    let root = root.to_str().unwrap();
    run(&[&["check", "--format", format, "--root", root], more].concat())
}

/// The series of a text for Prometheus, each with its value.
#[track_caller]
fn series(metrics: &str) -> BTreeMap<String, u64> {
    let label = r#"[a-z_][a-z0-9_]*="(?:[^"\\\n]|\\["\\n])*""#;
    let sample = format!(r"^(bpf_doctor_[a-z_]+)(\{{{label}(?:,{label})*\}})? ([0-9]+)$");
    let sample = Regex::new(&sample).unwrap();
    let mut found = BTreeMap::new();
    let mut family = String::new();
    let mut families = Vec::new();
    for line in metrics.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            family = help.split(' ').next().unwrap().to_owned();
            assert!(!families.contains(&family), "{family} comes in two pieces");
            families.push(family.clone());
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            assert_eq!(kind, format!("{family} gauge"));
        } else {
            let parts = sample.captures(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(&parts[1], family, "{line}");
            let name = parts.get(2).map_or("", |labels| labels.as_str());
            let twice = found.insert(format!("{family}{name}"), parts[3].parse().unwrap());
            assert_eq!(twice, None, "{line}");
        }
    }
    assert!(metrics.ends_with('\n'));
    found
}

#[test]
fn metrics_say_what_the_report_says() {
    let (roots, _held) = hosts();
    for root in roots {
        let report = formatted("yaml", &root, &[]);
        let metrics = formatted("prometheus", &root, &["--label", "role=web"]);
        assert_eq!(metrics.status.code(), report.status.code());
        let report = yaml(&report);
        let series = series(&text(&metrics.stdout));
        let findings = report["findings"].as_sequence().unwrap();
        assert_eq!(series.len(), findings.len() + 9, "{root:?}");
        for finding in findings {
            let word = |key: &str| finding[key].as_str().unwrap();
            let name = format!(
                "bpf_doctor_check{{check=\"{}\",area=\"{}\",severity=\"{}\",status=\"{}\"}}",
                word("check"),
                word("area"),
                word("severity"),
                word("status")
            );
            assert_eq!(series.get(&name), Some(&1), "{name}");
        }
        for verdict in ["ready", "not-ready", "undetermined"] {
            let name = format!("bpf_doctor_verdict{{verdict=\"{verdict}\"}}");
            let holds = u64::from(report["verdict"] == verdict);
            assert_eq!(series[&name], holds, "{root:?} {name}");
        }
        for (status, count) in report["summary"].as_mapping().unwrap() {
            let name = format!(
                "bpf_doctor_checks{{status=\"{}\"}}",
                status.as_str().unwrap()
            );
            assert_eq!(series[&name], count.as_u64().unwrap(), "{root:?} {name}");
        }
        let info = series.keys().find(|name| name.contains("_info{")).unwrap();
        assert!(info.contains("label_role=\"web\""), "{info}");
    }
}

#[test]
fn hostile_names_stay_in_their_metrics() {
    let host = healthy();
    let hostile = b"a\"} 1\nbpf_doctor_verdict{verdict=\"ready\"} 1\n\\\x1b[31m";
    support::put(host.path(), "proc/sys/kernel/hostname", hostile);
    let os = "ID=x\nPRETTY_NAME='\\\\\"}\'\n";
    support::put(host.path(), "etc/os-release", os.as_bytes());
    let output = formatted("prometheus", host.path(), &["--label", "a=\\\"{}"]);
    let series = series(&text(&output.stdout));
    let verdicts = series
        .keys()
        .filter(|name| name.starts_with("bpf_doctor_verdict{"));
    assert_eq!(verdicts.count(), 3);
}

/// The file alone says what the exit status says.
#[test]
fn test_cases_come_to_the_verdict() {
    let scratch = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    let mut seen = BTreeMap::new();
    let (roots, _held) = hosts();
    for root in roots {
        for more in [
            &[][..],
            &["--strict"],
            &["--fail-on", "never"],
            &["--profile", "all"],
            &["--profile", "cilium", "--fail-on", "warning"],
        ] {
            let output = formatted("junit", &root, more);
            assert_eq!(text(&output.stderr), "");
            let xml = text(&output.stdout);
            let (failure, error) = (xml.contains("<failure "), xml.contains("<error "));
            let status = output.status.code();
            let expected = match (failure, error) {
                (true, _) => 1,
                (false, true) => 3,
                (false, false) => 0,
            };
            assert_eq!(status, Some(expected), "{root:?} {more:?}");
            *seen.entry(expected).or_insert(0) += 1;
            for (attribute, element) in [
                ("tests", "<testcase "),
                ("failures", "<failure "),
                ("errors", "<error "),
                ("skipped", "<skipped "),
            ] {
                let count = Regex::new(&format!(" {attribute}=\"([0-9]+)\"")).unwrap();
                let counts = count.captures_iter(&xml);
                let sum: usize = counts.map(|count| count[1].parse::<usize>().unwrap()).sum();
                assert_eq!(sum, xml.matches(element).count(), "{root:?} {attribute}");
            }
            let file = scratch.path().join(format!("{}.xml", files.len()));
            fs::write(&file, &xml).unwrap();
            files.push(file);
        }
    }
    assert_eq!(seen.len(), 3, "{seen:?}");
    valid(&files);
    fs::write(&files[0], "<testsuites><testsuite/></testsuites>").unwrap();
    assert!(!xmllint(&files[..1]).status.success());
}

fn xmllint(files: &[PathBuf]) -> Output {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/junit.xsd");
    let mut command = Command::new("xmllint");
    command.args(["--noout", "--nonet", "--schema"]).arg(schema);
    let output = command.args(files).output();
    output.unwrap_or_else(|error| panic!("xmllint: {error}; install libxml2-utils"))
}

#[track_caller]
fn valid(files: &[PathBuf]) {
    let output = xmllint(files);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// What the pages of docs/fleet ask Prometheus for is what the doctor gives it.
#[test]
fn rules_and_dashboards_ask_for_metrics_there_are() {
    let host = healthy();
    let root = host.path();
    let of_host = text(&formatted("prometheus", root, &["--profile", "cilium"]).stdout);
    let scratch = tempfile::tempdir().unwrap();
    let report = scratch.path().join("report.json");
    fs::write(&report, formatted("json", root, &[]).stdout).unwrap();
    let report = report.to_str().unwrap();
    let audit = [
        "fleet",
        report,
        "--baseline",
        report,
        "--format",
        "prometheus",
    ];
    let of_fleet = text(&run(&audit).stdout);
    let word = Regex::new(r"\bbpf_doctor_[a-z_]+").unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/fleet");
    for (metrics, names) in [
        (
            of_host,
            [
                "prometheus.md",
                "prometheus/rules.yml",
                "prometheus/rules.test.yml",
                "prometheus/dashboard.json",
            ],
        ),
        (
            of_fleet.clone(),
            [
                "audit-in-prometheus.md",
                "prometheus/fleet-rules.yml",
                "prometheus/fleet-rules.test.yml",
                "prometheus/fleet-dashboard.json",
            ],
        ),
    ] {
        let given: Vec<&str> = word.find_iter(&metrics).map(|word| word.as_str()).collect();
        for name in names {
            let page = fs::read_to_string(folder.join(name)).unwrap();
            let asked: Vec<&str> = word.find_iter(&page).map(|word| word.as_str()).collect();
            assert!(asked.len() > 2, "{name}");
            for metric in asked {
                assert!(given.contains(&metric), "{name}: there is no {metric}");
            }
        }
    }
    let page = fs::read_to_string(folder.join("audit-in-prometheus.md")).unwrap();
    for metric in word.find_iter(&of_fleet) {
        let row = format!("`{}`", metric.as_str());
        assert!(page.contains(&row), "the page does not tell of {row}");
    }
}

/// A collector reads at any moment: it finds the older file or the newer one.
#[test]
fn files_are_there_whole_or_not_at_all() {
    let host = healthy();
    let root = host.path().to_str().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("bpf-doctor.prom");
    let path = file.to_str().unwrap();
    let older = "x".repeat(1 << 20);
    fs::write(&file, &older).unwrap();
    let open = fs::File::open(&file).unwrap();
    let output = run(&[
        "check",
        "--root",
        root,
        "--format",
        "prometheus",
        "-o",
        path,
    ]);
    assert_eq!(text(&output.stderr), "");
    assert_eq!(std::io::read_to_string(open).unwrap(), older);
    series(&fs::read_to_string(&file).unwrap());
    let names = fs::read_dir(scratch.path()).unwrap();
    assert_eq!(names.count(), 1);
}

#[test]
fn a_limit_for_files_is_an_error_and_leaves_nothing_behind() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("checks.yaml");
    fs::write(&path, "older").unwrap();
    let script = "ulimit -f 8; exec \"$0\" checks list --format json --output \"$1\"";
    let output = std::process::Command::new("/bin/sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_bpf-doctor")])
        .arg(&path)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = text(&output.stderr);
    assert!(said.starts_with("bpf-doctor: can't write to "), "{said}");
    assert!(said.contains("File too large"), "{said}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "older");
    let left: Vec<_> = fs::read_dir(scratch.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}
