//! `bpf-doctor fleet` where reports are unlike each other, and where something stands in them
//! that no doctor writes: what is bounded, and what is said.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and runs programs"
)]

#[path = "support/reports.rs"]
mod reports;
mod support;

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use support::{run_dated as run, text};
use tempfile::TempDir;

/// A report of a host on which these checks fail, each with this to type.
fn report(name: &str, checks: &[&str], command: &str) -> Value {
    let findings = checks.iter().map(|check| {
        json!({
            "check": check, "area": "a", "status": "fail", "severity": "error", "title": "t",
            "because": "b",
            "fixes": [{
                "kind": "setting", "summary": "s", "commands": [command], "needs": "nothing",
                "verify": "v",
            }],
        })
    });
    let findings: Vec<Value> = findings.collect();
    reports::bare(name, "not-ready", [0, checks.len(), 0], &findings)
}

fn put(place: &TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = place.path().join(name);
    fs::write(&path, content).unwrap();
    path
}

fn lines(reports: &[Value]) -> String {
    let lines = reports.iter().map(|report| format!("{report}\n"));
    lines.collect()
}

/// The audit in JSON, and what was said besides.
fn audit(file: &std::path::Path, more: &[&str]) -> (Value, String) {
    let file = file.to_str().unwrap();
    let output = run(&[&["fleet", file, "--format", "json"], more].concat());
    let audit = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (audit, text(&output.stderr))
}

/// More findings than words are kept of, and more causes than are told.
#[test]
fn thousands_of_causes_are_counted_and_a_thousand_told() {
    let place = tempfile::tempdir().unwrap();
    let (few, many) = (50, 400);
    let hosts = few + many;
    let fleet = |command: &str| {
        let reports = (0..hosts).map(|number| {
            let checks = if number < few { 1 } else { 11 };
            let checks = (0..checks).map(|check| format!("check-{number:03}-{check:02}"));
            let checks: Vec<String> = checks.collect();
            let checks: Vec<&str> = checks.iter().map(String::as_str).collect();
            report(&format!("h{number}"), &checks, command)
        });
        put(&place, "all.jsonl", lines(&reports.collect::<Vec<_>>()))
    };
    // What only looks makes no host ready, and that is known without the words, too.
    let file = fleet("true");
    let (found, told) = audit(&file, &[]);
    assert_eq!(told, "");
    assert_eq!(found["causes"].as_array().unwrap().len(), 1000);
    assert_eq!(found["untold"]["causes"], few + 11 * many - 1000);
    assert_eq!(found["plan"]["stuck"], hosts, "{}", found["plan"]);
    assert_eq!(found["plan"]["steps"], json!([]));
    assert!(
        found["causes"]
            .as_array()
            .unwrap()
            .iter()
            .all(|cause| cause["alone"] == 0)
    );
    let shown = text(&run(&["fleet", file.to_str().unwrap()]).stdout);
    assert!(shown.contains("more causes"), "{shown}");
    // The same by way of a summary.
    let partial = run(&["fleet", file.to_str().unwrap(), "--partial"]).stdout;
    let partial = put(&place, "part.jsonl", partial);
    assert_eq!(audit(&partial, &[]).0, found);
    // What changes something is promised as what it is.
    let (found, _) = audit(&fleet("sysctl -w a=1"), &[]);
    assert_eq!(found["plan"]["stuck"], 0);
    let steps = found["plan"]["steps"].as_array().unwrap();
    assert!(!steps.is_empty());
    for step in steps {
        assert_eq!(step["takes"][0]["what"], "nothing", "{step}");
    }
    // A check that is not told is no new one.
    let (found, _) = audit(&file, &["--baseline", file.to_str().unwrap()]);
    assert_eq!(found["changes"]["causes"], json!([]));
}

#[test]
fn names_that_begin_alike_are_of_two_hosts() {
    let place = tempfile::tempdir().unwrap();
    let long = "n".repeat(300);
    let reports = ["a", "b"].map(|end| report(&format!("{long}{end}"), &["c"], "true"));
    let (found, _) = audit(&put(&place, "two.jsonl", lines(&reports)), &[]);
    assert_eq!(found["hosts"], 2);
    let name = found["causes"][0]["fixes"][0]["examples"][0]
        .as_str()
        .unwrap();
    assert!(name.len() <= 128 && name.ends_with('…'), "{name}");
}

/// Tags, anchors and aliases, where nobody asks for what they stand at.
#[test]
fn yaml_that_no_doctor_writes_is_told() {
    let place = tempfile::tempdir().unwrap();
    let report = serde_yaml::to_string(&report("web-1", &["one"], "echo '*' && ! true")).unwrap();
    let with = |facts: &str| report.replace("facts: {}\n", &format!("facts:\n{facts}"));
    for (facts, line) in [
        ("  q: &q [*q]\n", Some(0)),
        (
            "  a: 1\n  q: !!python/object/apply:os.system [x]\n",
            Some(1),
        ),
        ("  q:\n  - a\n  - !x b\n", Some(2)),
        ("  q: {a: [b, *c]}\n  c: &c 1\n", None),
        ("  q: '*x'\n  r: \"&y !z\"\n", None),
        ("  q: a *x &y !z\n", None),
        ("  q: |\n    *x\n    &y !z\n", None),
        ("  q:\n  - |\n    *x\n  - >-\n    &y\n", None),
        ("  q:\n  - some words\n    *x and more\n", None),
        ("  q: some words\n    !x and more\n", None),
        ("  q: 'a\n\n    *x'\n", None),
        ("  q: [a, 'b',\n    \"*c\"]\n", None),
    ] {
        let content = with(facts);
        let file = put(&place, "one.yaml", &content);
        for more in [&[][..], &["--full-parser"]] {
            let (found, told) = audit(&file, more);
            let begin = content.split("facts:\n").next().unwrap().lines().count() + 2;
            match line {
                Some(line) => {
                    assert!(found.is_null(), "{facts}");
                    let place = format!("one.yaml:{}: it is a damaged report: a tag", begin + line);
                    assert!(told.contains(&place), "{facts}: {told}");
                }
                // An alias before its anchor is no YAML at all.
                None if facts.contains("*c]") => assert!(found.is_null(), "{facts}"),
                None => {
                    assert_eq!(told, "", "{facts}");
                    assert_eq!(found["hosts"], 1, "{facts}");
                }
            }
        }
    }
}

#[test]
fn what_is_no_report_is_named_as_what_it_is() {
    let place = tempfile::tempdir().unwrap();
    let good = put(
        &place,
        "good.jsonl",
        lines(&[report("web-1", &["one"], "true")]),
    );
    let partial = text(&run(&["fleet", good.to_str().unwrap(), "--partial"]).stdout);
    let (head, rest) = partial.split_once('\n').unwrap();
    let many = "18446744073709551615";
    let second = "1767225600";
    assert!(head.contains("\"bad\":0") && rest.contains(second));
    let no_name = lines(&[report("web-1", &[""], "true")]);
    let mut no_need = report("web-1", &["one"], "true");
    no_need["findings"][0]["check"] = json!("  ");
    for (name, content, line, reason) in [
        (
            "empty",
            no_name.clone(),
            1,
            "it is a damaged report: a finding names no check",
        ),
        (
            "blank",
            lines(&[no_need]),
            1,
            "it is a damaged report: a finding names no check",
        ),
        (
            "later",
            partial.replace("partial/v1", "partial/v2"),
            1,
            "it is a `bpf-doctor/partial/v2`; this bpf-doctor reads `bpf-doctor/partial/v1`",
        ),
        (
            "headless",
            rest.to_owned(),
            1,
            "it is a piece of a summary, whose beginning is missing",
        ),
        (
            "many",
            partial.replace("\"bad\":0", &format!("\"bad\":{many}")),
            1,
            "it is a damaged summary: it counts more than there can be",
        ),
        (
            "late",
            partial.replace(second, "99999999999999999"),
            4,
            "it has a report of a time that can't be",
        ),
        (
            "brackets",
            "[".repeat(3 << 20),
            1,
            "number 1 of the list: it is no report of bpf-doctor: nested deeper than 64 levels",
        ),
        (
            "few",
            "[ [".to_owned(),
            0,
            "there are brackets in it, and no report",
        ),
        ("blanks", "\n".repeat(3 << 20), 0, "there is nothing in it"),
    ] {
        let file = put(&place, &format!("{name}.json"), content);
        let (found, told) = audit(&file, &[]);
        assert!(found.is_null(), "{name}: {found}");
        let place = match line {
            0 => format!("{name}.json: {reason}\n"),
            line => format!("{name}.json:{line}: {reason}\n"),
        };
        assert!(told.contains(&place), "{name}: {told}");
        // Once, and not for each of its lines.
        assert_eq!(told.matches(".json").count(), 1, "{name}: {told}");
    }
}

#[test]
fn labels_of_replaced_reports_are_none() {
    let place = tempfile::tempdir().unwrap();
    let mut old = report("web-1", &["one"], "true");
    old["host"]["labels"] = json!({"role": "web"});
    let mut new = report("web-1", &["one"], "true");
    new["generated_at"] = json!("2026-01-02T00:00:00Z");
    let file = put(&place, "two.jsonl", lines(&[old.clone(), new]));
    let (_, told) = audit(&file, &["--by", "role"]);
    assert!(told.contains("no host has a label role"), "{told}");
    let file = put(&place, "one.jsonl", lines(&[old]));
    let (_, told) = audit(&file, &["--by", "role"]);
    assert_eq!(told, "");
}

#[test]
fn a_baseline_that_is_newer_is_told_in_every_format() {
    let place = tempfile::tempdir().unwrap();
    let old = report("web-1", &["one"], "true");
    let mut new = old.clone();
    new["generated_at"] = json!("2026-01-02T00:00:00Z");
    let old = put(&place, "old.jsonl", lines(&[old]));
    let new = put(&place, "new.jsonl", lines(&[new]));
    let (old, new) = (old.to_str().unwrap(), new.to_str().unwrap());
    for (format, words) in [
        ("text", "are the two swapped?"),
        ("markdown", "are the two swapped?"),
        ("json", "\"swapped\": true"),
        ("yaml", "swapped: true"),
        ("html", "\"swapped\":true"),
    ] {
        for (paths, is_told) in [([old, new], true), ([new, old], false)] {
            let output = run(&["fleet", paths[0], "--baseline", paths[1], "-f", format]);
            assert_eq!(text(&output.stdout).contains(words), is_told, "{format}");
        }
    }
}

#[test]
fn an_inventory_of_another_kind_says_what_is_read() {
    let place = tempfile::tempdir().unwrap();
    let file = put(
        &place,
        "web.jsonl",
        lines(&[report("web-1", &["one"], "true")]),
    );
    for (inventory, words) in [
        (
            "all:\n  hosts:\n    web-1:\n      role: web\n",
            "it is an inventory of Ansible",
        ),
        (
            "all:\n  children:\n    web:\n      hosts:\n        web-1:\n",
            "such as `web-1: {role: web}`",
        ),
        ("web-1: web\n", "such as `web-1: {role: web}`"),
        (
            "web-1: {role: {a: 1}, site: x}\n",
            "the label role is passed over, since its value is a map",
        ),
        (
            "web-1: {role: [a], site: x}\n",
            "the label role is passed over, since its value is a map",
        ),
    ] {
        let inventory = put(&place, "i.yaml", inventory);
        let (found, told) = audit(
            &file,
            &["--inventory", inventory.to_str().unwrap(), "--by", "site"],
        );
        assert!(told.contains(words), "{told}");
        if words.contains("passed over") {
            assert_eq!(found["groups"][0]["groups"][0]["value"], "x");
        }
    }
}
