//! What other programs are given of a diagnosis: labels to group hosts by, the text of
//! Prometheus, JUnit's XML, and files that are there whole or not at all.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and runs programs"
)]

mod support;

use serde_yaml::Value;
use support::{healthy, run, text, yaml};

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
    std::fs::write(&saved, serde_yaml::to_string(&first).unwrap()).unwrap();
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
    std::fs::write(&file, serde_yaml::to_string(&saved).unwrap()).unwrap();
    let output = run(&["check", "--from", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("host.labels.role: found a list"), "{said}");
}
