//! `bpf-doctor fleet` where reports were asked, weighed or joined in different ways: what counts
//! as an answer, which hosts a cause is of, and what of a stream is read.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and runs programs"
)]

#[path = "support/reports.rs"]
mod reports;
mod support;

use std::fs;
use std::path::{Path, PathBuf};

use reports::TIME;
use serde_json::{Value, json};
use support::{run_dated as run, text};
use tempfile::TempDir;

const EARLIER: &str = "2025-12-25T00:00:00Z";

/// A finding of this check, such as `("one", "fail", "error")`.
type Found<'a> = (&'a str, &'a str, &'a str);

fn finding((check, status, severity): Found<'_>) -> Value {
    json!({
        "check": check, "area": "a", "status": status, "severity": severity, "title": "t",
        "because": "b",
        "fixes": [{
            "kind": "setting", "summary": "s", "commands": ["sysctl -w a=1"], "needs": "nothing",
            "verify": "v",
        }],
    })
}

/// A report with these findings, whose verdict is what they come to.
fn report(name: &str, found: &[Found<'_>]) -> Value {
    let count = |wanted: &str| {
        found
            .iter()
            .filter(|(_, status, _)| *status == wanted)
            .count()
    };
    let any = |wanted: &str| {
        let mut found = found.iter();
        found.any(|(_, status, severity)| *status == wanted && *severity == "error")
    };
    let verdict = match (any("fail"), any("unknown")) {
        (true, _) => "not-ready",
        (_, true) => "undetermined",
        _ => "ready",
    };
    let findings = found.iter().map(|one| finding(*one));
    let findings: Vec<Value> = findings.collect();
    let counts = ["ok", "fail", "unknown"].map(count);
    reports::bare(name, verdict, counts, &findings)
}

/// `NAME=WORDS`, or words alone.
fn lack(need: &str, check: Option<&str>) -> Value {
    let (id, need) = need.split_once('=').unwrap_or(("", need));
    let mut lack = json!({"need": need, "because": "b"});
    if !id.is_empty() {
        lack["id"] = json!(id);
    }
    if let Some(check) = check {
        lack["check"] = json!(check);
    }
    lack
}

/// Adds a piece of software that must run, lacks this, and waits for that.
fn asked(mut report: Value, software: &str, missing: &[Value], open: &[Value]) -> Value {
    let verdict = match (missing.is_empty(), open.is_empty()) {
        (false, _) => "not-ready",
        (true, false) => "undetermined",
        (true, true) => "ready",
    };
    let one = json!({
        "profile": software, "title": software, "verdict": verdict, "missing-required": missing,
        "missing-optional": [], "unknown": open, "unknown-optional": [],
    });
    let mut profiles = report["profiles"].as_array().cloned().unwrap_or_default();
    profiles.push(one);
    report["profiles"] = json!(profiles);
    report["demanded"] = json!([software]);
    report
}

fn at(mut report: Value, time: &str) -> Value {
    report["generated_at"] = json!(time);
    report
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

/// What is printed, what is said besides, and the status.
fn fleet(paths: &[&Path], more: &[&str]) -> (String, String, i32) {
    let paths = paths.iter().map(|path| path.to_str().unwrap());
    let all: Vec<&str> = std::iter::once("fleet")
        .chain(paths)
        .chain(more.iter().copied())
        .collect();
    let output = run(&all);
    let status = output.status.code().unwrap();
    (text(&output.stdout), text(&output.stderr), status)
}

fn audit(paths: &[&Path], more: &[&str]) -> Value {
    let (printed, told, _) = fleet(paths, &[&["--format", "json"], more].concat());
    serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{told}"))
}

#[test]
fn whom_nobody_asked_about_software_is_without_an_answer() {
    let place = tempfile::tempdir().unwrap();
    let ok: &[Found<'_>] = &[("one", "ok", "error")];
    let fails: &[Found<'_>] = &[("one", "fail", "error")];
    let reports = [
        asked(report("asked", ok), "cilium", &[], &[]),
        report("plain", ok),
        report("plain-fails", fails),
        asked(report("other", ok), "bcc", &[], &[]),
    ];
    let file = put(&place, "all.jsonl", lines(&reports));
    for (more, expected, unasked) in [
        (&[][..], [3, 1, 0], 0),
        (&["--profile", "cilium"], [1, 0, 3], 3),
        (&["--profile", "cilium", "--strict"], [1, 0, 3], 3),
        (&["--profile", "cilium", "--profile", "bcc"], [0, 0, 4], 4),
    ] {
        let found = audit(&[&file], more);
        let verdicts = &found["verdicts"];
        let counts = ["ready", "not-ready", "undetermined"].map(|word| verdicts[word].clone());
        assert_eq!(counts, expected.map(|count| json!(count)), "{more:?}");
        let told = found["partly"]["unasked"]["hosts"].as_u64().unwrap_or(0);
        assert_eq!(told, unasked, "{more:?}");
        let (shown, ..) = fleet(&[&file], more);
        let says = shown.contains("do not tell of all software that was named");
        assert_eq!(says, unasked > 0, "{shown}");
        let (rows, ..) = fleet(&[&file], &[&["--format", "csv", "-q"], more].concat());
        let names = rows.lines().filter(|row| row.contains(",unasked,"));
        let names: std::collections::BTreeSet<&str> =
            names.filter_map(|row| row.split(',').next()).collect();
        assert_eq!(names.len() as u64, unasked, "{rows}");
    }
    // Nor did a host become ready that was asked only now.
    let old = put(
        &place,
        "old.jsonl",
        lines(&[
            at(asked(report("else", ok), "cilium", &[], &[]), EARLIER),
            at(report("asked", ok), EARLIER),
        ]),
    );
    let baseline = ["--baseline", old.to_str().unwrap(), "--profile", "cilium"];
    let found = audit(&[&file], &baseline);
    assert_eq!(found["changes"]["became_ready"]["hosts"], 0);
    assert_eq!(found["changes"]["unclear"]["hosts"], 1);
}

#[test]
fn a_cause_is_told_with_the_hosts_it_keeps_from_being_ready() {
    let place = tempfile::tempdir().unwrap();
    let mut reports: Vec<Value> = (0..5)
        .map(|host| report(&format!("info-{host}"), &[("one", "fail", "info")]))
        .collect();
    reports.push(report("error-0", &[("one", "fail", "error")]));
    reports.extend((0..2).map(|host| report(&format!("b-{host}"), &[("two", "fail", "error")])));
    let file = put(&place, "all.jsonl", lines(&reports));
    let found = audit(&[&file], &[]);
    let told = |list: &str| -> Vec<(String, u64, String)> {
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        let list = found[list].as_array().unwrap().iter();
        list.map(|one| {
            (
                word(&one["check"]),
                one["hosts"].as_u64().unwrap(),
                word(&one["severity"]),
            )
        })
        .collect()
    };
    let row = |check: &str, hosts, severity: &str| (check.to_owned(), hosts, severity.to_owned());
    assert_eq!(
        told("causes"),
        [row("two", 2, "error"), row("one", 1, "error")]
    );
    assert_eq!(told("remarks"), [row("one", 5, "info")]);
    assert_eq!(
        found["causes"][1]["fixes"][0]["examples"],
        json!(["error-0"])
    );
    assert_eq!(found["causes"][1]["alone"], 1);
    let (page, ..) = fleet(&[&file], &["--format", "prometheus"]);
    for series in [
        "cause_hosts{check=\"one\",severity=\"error\",blocks=\"true\"} 1\n",
        "cause_hosts{check=\"one\",severity=\"info\",blocks=\"false\"} 5\n",
    ] {
        assert!(page.contains(series), "{page}");
    }
}

/// What is unknown counts with --strict: it is told as what keeps hosts from being ready.
#[test]
fn what_is_unknown_is_a_cause_where_it_counts() {
    let place = tempfile::tempdir().unwrap();
    let now = put(
        &place,
        "now.jsonl",
        lines(&[
            report(
                "a",
                &[("one", "unknown", "warning"), ("two", "ok", "error")],
            ),
            report("b", &[("one", "fail", "warning"), ("two", "ok", "error")]),
        ]),
    );
    let old = put(
        &place,
        "old.jsonl",
        lines(&[at(
            report("a", &[("one", "ok", "warning"), ("two", "ok", "error")]),
            EARLIER,
        )]),
    );
    assert_eq!(audit(&[&now], &[])["causes"], json!([]));
    let found = audit(&[&now], &["--strict", "--baseline", old.to_str().unwrap()]);
    assert_eq!(found["causes"][0]["check"], "one");
    assert_eq!(found["causes"][0]["hosts"], 2);
    assert_eq!(found["causes"][0]["unknown"], 1);
    // An answer is nothing that is mended.
    assert_eq!(found["plan"]["steps"][0]["gained"], 1, "{}", found["plan"]);
    assert_eq!(found["plan"]["undecided"], 1, "{}", found["plan"]);
    assert_eq!(found["changes"]["causes"][0]["check"], "one");
    let (shown, ..) = fleet(&[&now], &["--strict"]);
    assert!(
        shown.contains("without an answer on 1 host, which counts"),
        "{shown}"
    );
}

/// What a verdict waits for is what decides it, and not whatever is unknown.
#[test]
fn a_verdict_waits_for_what_decides_it() {
    let place = tempfile::tempdir().unwrap();
    let found: &[Found<'_>] = &[("one", "unknown", "error"), ("two", "ok", "error")];
    let waits = [lack("two", Some("two"))];
    let ready = asked(report("a", found), "cilium", &[], &[]);
    let open = asked(
        report(
            "a",
            &[("one", "unknown", "error"), ("two", "unknown", "error")],
        ),
        "cilium",
        &[],
        &waits,
    );
    let file = put(&place, "ready.jsonl", lines(std::slice::from_ref(&ready)));
    let decides = |found: &Value| -> Vec<(String, u64)> {
        let unknowns = found["unknowns"].as_array().unwrap().iter();
        let mut all: Vec<(String, u64)> = unknowns
            .map(|one| {
                let check = one["check"].as_str().unwrap().to_owned();
                (check, one["decides"].as_u64().unwrap())
            })
            .collect();
        all.sort();
        all
    };
    assert_eq!(decides(&audit(&[&file], &[])), [("one".to_owned(), 0)]);
    let old = put(&place, "open.jsonl", lines(&[at(open, EARLIER)]));
    let waiting = decides(&audit(&[&old], &[]));
    assert_eq!(waiting, [("one".to_owned(), 0), ("two".to_owned(), 1)]);
    // What else is unknown still does not matter for whether it became ready.
    let changes = &audit(&[&file], &["--baseline", old.to_str().unwrap()])["changes"];
    assert_eq!(changes["became_ready"]["hosts"], 1, "{changes}");
}

/// What happened to a host between two reports.
#[test]
fn what_became_of_a_host() {
    let place = tempfile::tempdir().unwrap();
    let plain = |found: &[Found<'_>]| report("a", found);
    let needs = |need: &[&str], catalogue: &str| {
        let lacks: Vec<Value> = need.iter().map(|need| lack(need, None)).collect();
        let mut one = asked(plain(&[("one", "ok", "error")]), "cilium", &lacks, &[]);
        one["tool"]["catalogue"] = json!(catalogue);
        one
    };
    let (one, two): (Found<'_>, Found<'_>) = (("one", "fail", "error"), ("two", "fail", "error"));
    let (light, mended): (Found<'_>, Found<'_>) =
        (("one", "fail", "warning"), ("two", "ok", "error"));
    for (what, then, now, became) in [
        (
            "lowered, other mended",
            plain(&[one, two]),
            plain(&[light, mended]),
            "rejudged",
        ),
        (
            "raised, other mended",
            plain(&[light, two]),
            plain(&[one, mended]),
            "rejudged",
        ),
        (
            "raised, other broke",
            plain(&[light, mended]),
            plain(&[one, two]),
            "broke",
        ),
        (
            "mended, and what was not known beside it still is not",
            plain(&[one, ("two", "unknown", "error")]),
            plain(&[("one", "ok", "error"), ("two", "unknown", "error")]),
            "unclear",
        ),
        (
            "raised, still unknown",
            plain(&[("one", "unknown", "warning")]),
            plain(&[("one", "unknown", "error")]),
            "rejudged",
        ),
        (
            "unknown now",
            plain(&[("one", "ok", "error")]),
            plain(&[("one", "unknown", "error")]),
            "unclear",
        ),
        (
            "a need in other words",
            needs(&["5.8"], "x"),
            needs(&["Linux 5.8"], "y"),
            "unclear",
        ),
        (
            "a need of one name in other words",
            needs(&["ring=5.8"], "x"),
            needs(&["ring=Linux 5.8"], "y"),
            "",
        ),
        (
            "a need that got a name",
            needs(&["5.8"], "x"),
            needs(&["ring=5.8"], "y"),
            "",
        ),
        (
            "a need that got a name, and other words",
            needs(&["5.8"], "x"),
            needs(&["ring=Linux 5.8"], "y"),
            "unclear",
        ),
        (
            "a need in a newer catalogue",
            needs(&[], "x"),
            needs(&["6.12"], "y"),
            "unclear",
        ),
        (
            "a need gone with its catalogue",
            needs(&["5.8"], "x"),
            needs(&[], "y"),
            "unclear",
        ),
        (
            "a need that was there",
            needs(&[], "x"),
            needs(&["5.8"], "x"),
            "broke",
        ),
        (
            "another need",
            needs(&["5.8"], "x"),
            needs(&["6.12"], "x"),
            "worse",
        ),
        (
            "a need that was mended",
            needs(&["5.8"], "x"),
            needs(&[], "x"),
            "became_ready",
        ),
    ] {
        let old = put(&place, "old.jsonl", lines(&[at(then, EARLIER)]));
        let new = put(&place, "new.jsonl", lines(&[now]));
        let found = audit(&[&new], &["--baseline", old.to_str().unwrap()]);
        for word in ["became_ready", "broke", "worse", "unclear", "rejudged"] {
            let hosts = u64::from(word == became);
            assert_eq!(found["changes"][word]["hosts"], hosts, "{what}: {word}");
        }
    }
}

/// A need that any host told of in the same words was asked for of all.
#[test]
fn a_need_in_the_same_words_is_the_same_whatever_the_catalogue() {
    let place = tempfile::tempdir().unwrap();
    let host = |name: &str, need: &[&str], catalogue: &str| {
        let lacks: Vec<Value> = need.iter().map(|need| lack(need, None)).collect();
        let found = report(name, &[("one", "ok", "error")]);
        let mut one = asked(found, "cilium", &lacks, &[]);
        one["tool"]["catalogue"] = json!(catalogue);
        one
    };
    let other = |need: &[&str], catalogue: &str| host("other", need, catalogue);
    let moved = |mut one: Value| {
        one["host"]["kernel"]["release"] = json!("6.99.0-1-amd64");
        one
    };
    for (what, then, now, became) in [
        (
            "lost, told by another then",
            [host("a", &[], "x"), other(&["5.8"], "x")],
            [host("a", &["5.8"], "y"), other(&["5.8"], "y")],
            "broke",
        ),
        (
            "lost with another kernel, told by another then",
            [host("a", &[], "x"), other(&["5.8"], "x")],
            [moved(host("a", &["5.8"], "y")), other(&["5.8"], "y")],
            "broke",
        ),
        (
            "lost, told by another then in other words of one name",
            [host("a", &[], "x"), other(&["ring=5.8"], "x")],
            [host("a", &["ring=6.1"], "y"), other(&["ring=6.1"], "y")],
            "broke",
        ),
        (
            "lost, told by another then without the name it has now",
            [host("a", &[], "x"), other(&["5.8"], "x")],
            [host("a", &["ring=5.8"], "y"), other(&["ring=5.8"], "y")],
            "broke",
        ),
        (
            "lost, told by nobody then",
            [host("a", &[], "x"), other(&[], "x")],
            [host("a", &["5.8"], "y"), other(&[], "y")],
            "unclear",
        ),
        (
            "mended, told by another now",
            [host("a", &["5.8"], "x"), other(&["5.8"], "x")],
            [host("a", &[], "y"), other(&["5.8"], "y")],
            "became_ready",
        ),
        (
            "mended, told in other words now",
            [host("a", &["5.8"], "x"), other(&["6.0"], "x")],
            [host("a", &[], "y"), other(&["6.0"], "y")],
            "unclear",
        ),
    ] {
        let then = then.map(|one| at(one, EARLIER));
        let old = put(&place, "old.jsonl", lines(&then));
        let new = put(&place, "new.jsonl", lines(&now));
        let found = audit(&[&new], &["--baseline", old.to_str().unwrap()]);
        for word in ["became_ready", "broke", "worse", "unclear", "rejudged"] {
            let hosts = u64::from(word == became);
            assert_eq!(found["changes"][word]["hosts"], hosts, "{what}: {word}");
        }
    }
}

/// What breaks in the week of an update counts, and is told with the other catalogue.
#[test]
fn another_catalogue_is_told_and_hides_nothing() {
    let place = tempfile::tempdir().unwrap();
    let host = |name: &str, (one, two): (&str, &str), catalogue: &str| {
        let mut host = report(name, &[("one", one, "error"), ("two", two, "error")]);
        host["tool"]["catalogue"] = json!(catalogue);
        host
    };
    let (well, ill, other) = (("ok", "ok"), ("fail", "ok"), ("ok", "fail"));
    for (what, then, now, catalogue, became, [appeared, cured, other]) in [
        (
            "both turned",
            [well, well],
            [ill, ill],
            "y",
            ("broke", 2),
            [2, 0, 2],
        ),
        (
            "both turned back",
            [ill, ill],
            [well, well],
            "y",
            ("became_ready", 2),
            [0, 2, 2],
        ),
        (
            "one of two that were alike",
            [well, well],
            [ill, well],
            "y",
            ("broke", 1),
            [1, 0, 1],
        ),
        (
            "one alone mended",
            [ill, ill],
            [ill, well],
            "y",
            ("became_ready", 1),
            [0, 1, 1],
        ),
        (
            "the other was another",
            [well, other],
            [ill, other],
            "y",
            ("broke", 1),
            [1, 0, 1],
        ),
        (
            "the same catalogue",
            [well, well],
            [ill, ill],
            "x",
            ("broke", 2),
            [2, 0, 0],
        ),
    ] {
        let all = |[a, b]: [(&str, &str); 2], catalogue| {
            [host("a", a, catalogue), host("b", b, catalogue)]
        };
        let then = all(then, "x").map(|one| at(one, EARLIER));
        let old = put(&place, "old.jsonl", lines(&then));
        let new = put(&place, "new.jsonl", lines(&all(now, catalogue)));
        let summary = place.path().join("part.jsonl");
        run(&[
            "fleet",
            old.to_str().unwrap(),
            "--partial",
            "-o",
            summary.to_str().unwrap(),
        ]);
        for old in [&old, &summary] {
            let baseline = [
                "--baseline",
                old.to_str().unwrap(),
                "--fail-on",
                "regression",
            ];
            let changes = &audit(&[&new], &baseline)["changes"];
            for word in ["became_ready", "broke", "worse", "unclear", "rejudged"] {
                let hosts = if word == became.0 { became.1 } else { 0 };
                assert_eq!(changes[word]["hosts"], hosts, "{what}: {word}: {changes}");
            }
            let others = if catalogue == "x" {
                json!(null)
            } else {
                json!(2)
            };
            assert_eq!(changes["other_catalogue"]["hosts"], others, "{what}");
            assert_eq!(changes["regression"], became.0 == "broke", "{what}");
            let cause = &changes["causes"][0];
            let count = |word: &str| cause[word]["hosts"].as_u64().unwrap_or(0);
            let found = ["appeared", "cured", "other_catalogue"].map(count);
            assert_eq!(found, [appeared, cured, other], "{what}: {cause}");
            for (format, words) in [
                ("text", "judged by another catalogue then"),
                ("markdown", "judged by another catalogue then"),
                ("prometheus", "other_catalogue_hosts 2"),
            ] {
                let (page, ..) = fleet(&[&new], &[&baseline, &["--format", format][..]].concat());
                assert_eq!(
                    page.contains(words),
                    catalogue == "y",
                    "{what}: {format}: {page}"
                );
            }
        }
    }
}

/// What happened to a check between two reports.
#[test]
fn what_became_of_a_cause() {
    let place = tempfile::tempdir().unwrap();
    let host = |status: &str| match status {
        "" => report("a", &[("two", "ok", "error")]),
        status => report("a", &[("one", status, "error"), ("two", "ok", "error")]),
    };
    let strict: &[&str] = &["--strict"];
    for (then, now, more, change, counts) in [
        ("ok", "fail", &[][..], "new", [1, 0, 0, 0]),
        ("unknown", "fail", &[], "seen", [0, 0, 0, 1]),
        ("", "fail", &[], "seen", [0, 0, 0, 1]),
        ("fail", "ok", &[], "gone", [0, 1, 0, 0]),
        ("fail", "unknown", &[], "unseen", [0, 0, 1, 0]),
        ("fail", "", &[], "unseen", [0, 0, 1, 0]),
        ("unknown", "fail", strict, "seen", [0, 0, 0, 1]),
        ("fail", "unknown", strict, "unseen", [0, 0, 1, 0]),
        ("ok", "unknown", strict, "new", [1, 0, 0, 0]),
        ("unknown", "ok", strict, "gone", [0, 1, 0, 0]),
        ("", "unknown", strict, "seen", [0, 0, 0, 1]),
    ] {
        let old = put(&place, "old.jsonl", lines(&[at(host(then), EARLIER)]));
        let new = put(&place, "new.jsonl", lines(&[host(now)]));
        let more = [&["--baseline", old.to_str().unwrap()], more].concat();
        let found = &audit(&[&new], &more)["changes"]["causes"][0];
        let what = format!("{then} {now} {more:?}: {found}");
        assert_eq!(found["change"], change, "{what}");
        let told = [
            &found["appeared"]["hosts"],
            &found["cured"]["hosts"],
            &found["unseen"],
            &found["unseen_before"],
        ];
        assert_eq!(told.map(|told| told.as_u64().unwrap()), counts, "{what}");
        // What is unknown does not fail, whether it counts or not.
        let words = match (counts, more.contains(&"--strict")) {
            ([1, ..], true) => "; not ok now on 1",
            ([1, ..], false) => "; fails now on 1",
            ([_, 1, ..], true) => "; ok now on 1",
            ([_, 1, ..], false) => "; cured on 1",
            _ => "one: ",
        };
        let (page, ..) = fleet(&[&new], &more);
        assert!(page.contains(words), "{what}: {page}");
    }
}

/// Software that is named comes first among the groups, and a time at which nobody asked for it
/// is told as such.
#[test]
fn software_that_is_named_is_what_is_told() {
    let place = tempfile::tempdir().unwrap();
    let host = |name: &str| {
        let mut one = asked(report(name, &[("one", "ok", "error")]), "zeta", &[], &[]);
        let mut other = one["profiles"][0].clone();
        other["profile"] = json!("alpha");
        one["profiles"].as_array_mut().unwrap().push(other);
        one
    };
    let plain = |name: &str| at(report(name, &[("one", "ok", "error")]), EARLIER);
    let new = put(&place, "new.jsonl", lines(&[host("a"), host("b")]));
    for (then, unasked, words) in [
        (
            vec![plain("a"), plain("b")],
            json!(2),
            ", none of which was asked for this software)",
        ),
        (
            vec![plain("a"), at(host("b"), EARLIER)],
            json!(1),
            ", 1 of which were not asked for this software)",
        ),
        (
            vec![at(host("a"), EARLIER), at(host("b"), EARLIER)],
            json!(null),
            "0 undetermined)",
        ),
    ] {
        let old = put(&place, "old.jsonl", lines(&then));
        let more = ["--profile", "zeta", "--baseline", old.to_str().unwrap()];
        let found = audit(&[&new], &more);
        assert_eq!(found["changes"]["unasked_before"], unasked, "{words}");
        let first = &found["groups"][0]["groups"][0]["value"];
        assert_eq!(first, "zeta");
        let page = run(&[&["fleet", new.to_str().unwrap()], &more[..]].concat());
        assert!(text(&page.stdout).contains(words), "{}", text(&page.stdout));
    }
}

/// Hosts that came or went take their causes with them, and that is said.
#[test]
fn causes_come_and_go_with_hosts() {
    let place = tempfile::tempdir().unwrap();
    let failing = |names: &[&str], time: &str| {
        let hosts = names
            .iter()
            .map(|name| report(name, &[("one", "fail", "error")]));
        hosts.map(|host| at(host, time)).collect::<Vec<Value>>()
    };
    for (then, now, gone, new, words) in [
        (
            &["a", "b", "c"][..],
            &["a"][..],
            2,
            0,
            "(fewer); 2 hosts that had it are gone",
        ),
        (
            &["a"],
            &["a", "b"],
            0,
            1,
            "(more); 1 host that has it is new",
        ),
        (
            &["a", "b"],
            &["a", "c", "d"],
            1,
            2,
            "; 1 host that had it is gone; 2 hosts that have it are new",
        ),
        (&["a"], &["b"], 1, 1, "1 host"),
    ] {
        let old = put(&place, "old.jsonl", lines(&failing(then, EARLIER)));
        let new_file = put(&place, "new.jsonl", lines(&failing(now, TIME)));
        let more = ["--baseline", old.to_str().unwrap()];
        let found = audit(&[&new_file], &more)["changes"].clone();
        if then.len() == now.len() {
            assert_eq!(found["causes"], json!([]), "{found}");
            continue;
        }
        let cause = &found["causes"][0];
        for (key, count) in [("gone_hosts", gone), ("new_hosts", new)] {
            assert_eq!(cause[key].as_u64().unwrap_or(0), count, "{cause}");
        }
        for format in ["text", "markdown"] {
            let path = new_file.to_str().unwrap();
            let page = run(&[&["fleet", path, "--format", format], &more[..]].concat());
            let page = text(&page.stdout);
            let words = words.trim_start_matches(|c: char| c != ';');
            assert!(page.contains(words), "{words}\n{page}");
        }
    }
}

/// Hosts that are known by their names alone are found again where signs in those changed, if
/// that is clear.
#[test]
fn names_that_are_spelt_otherwise_are_the_same_hosts() {
    let place = tempfile::tempdir().unwrap();
    let id = |digit: &str| Some(digit.repeat(32));
    let of = |hosts: &[(&str, Option<String>)], time: &str| {
        let hosts = hosts.iter().map(|(name, id)| {
            let mut host = at(report(name, &[("one", "ok", "error")]), time);
            if let Some(id) = id {
                host["host"]["machine_id"] = json!(id);
            }
            host
        });
        hosts.collect::<Vec<Value>>()
    };
    for (then, now, gone, new) in [
        (vec![("web.3", None)], vec![("web-3", None)], 0, 0),
        (vec![("Web.3", None)], vec![("web_3", None)], 0, 0),
        (vec![("web.3", None)], vec![("web-4", None)], 1, 1),
        // Of two that it may be it is neither.
        (
            vec![("web.3", None), ("web_3", None)],
            vec![("web-3", None)],
            2,
            1,
        ),
        (
            vec![("web.3", None)],
            vec![("web-3", None), ("web_3", None)],
            1,
            2,
        ),
        // A machine is itself, and its name is not that of another one.
        (vec![("web.3", id("a"))], vec![("web-3", None)], 1, 1),
        (
            vec![("web.3", None)],
            vec![("web-3", None), ("web.3", id("a"))],
            0,
            1,
        ),
    ] {
        let old = put(&place, "old.jsonl", lines(&of(&then, EARLIER)));
        let new_file = put(&place, "new.jsonl", lines(&of(&now, TIME)));
        let found = audit(&[&new_file], &["--baseline", old.to_str().unwrap()]);
        let found = [
            &found["changes"]["gone"]["hosts"],
            &found["changes"]["new"]["hosts"],
        ];
        assert_eq!(found, [&json!(gone), &json!(new)], "{then:?} {now:?}");
    }
}

/// A report of a time to come counts once that has come, from a summary as from the reports.
#[test]
fn a_summary_is_as_good_later_as_the_reports() {
    let place = tempfile::tempdir().unwrap();
    let host =
        |name: &str, status: &str, time: &str| at(report(name, &[("one", status, "error")]), time);
    let reports = [
        host("a", "ok", "2026-01-01T00:00:00Z"),
        host("a", "fail", "2026-01-05T00:00:00Z"),
        host("a", "unknown", "2026-01-09T00:00:00Z"),
        host("b", "fail", "2026-01-05T00:00:00Z"),
        host("b", "ok", "2026-01-09T00:00:00Z"),
        host("c", "ok", "2026-01-01T00:00:00Z"),
    ];
    let file = put(&place, "all.jsonl", lines(&reports));
    let of = |file: &Path, day: u64, more: &[&str]| {
        let mut doctor = support::dated(&["fleet", file.to_str().unwrap()]);
        doctor.args(more);
        let epoch = 1_767_225_600 + day * 86_400;
        let output = doctor.env("SOURCE_DATE_EPOCH", epoch.to_string());
        text(&output.output().unwrap().stdout)
    };
    for made in [0, 3, 5, 12] {
        let summary = put(&place, "p.jsonl", of(&file, made, &["--partial"]));
        let again = put(&place, "q.jsonl", of(&summary, made, &["--partial"]));
        assert_eq!(fs::read(&summary).unwrap(), fs::read(&again).unwrap());
        for day in [0, 3, 5, 12].into_iter().filter(|day| *day >= made) {
            let json = ["--format", "json"];
            let verdicts = |file: &Path| {
                let found: Value = serde_json::from_str(&of(file, day, &json)).unwrap();
                found["verdicts"].clone()
            };
            assert_eq!(verdicts(&summary), verdicts(&file), "{made} {day}");
        }
    }
}

#[test]
fn who_demands_software_tells_of_it() {
    let place = tempfile::tempdir().unwrap();
    let host = || asked(report("a", &[("one", "ok", "error")]), "cilium", &[], &[]);
    for (demanded, bad) in [
        (json!(["cilium"]), 0),
        (json!([]), 0),
        (json!(null), 0),
        (json!(["nope"]), 1),
        (json!(["cilium", "nope"]), 1),
    ] {
        let mut one = host();
        one["demanded"] = demanded;
        let good = report("b", &[("one", "ok", "error")]);
        let file = put(&place, "a.jsonl", lines(&[one, good]));
        let found = audit(&[&file], &[]);
        assert_eq!(found["reports"]["bad"], bad, "{}", found["reports"]);
    }
}

#[test]
fn a_clock_that_is_wrong_makes_no_report_the_newest() {
    let place = tempfile::tempdir().unwrap();
    let host = |name, time| at(report(name, &[("one", "ok", "error")]), time);
    let future = "2031-01-01T00:00:00Z";
    let old = put(
        &place,
        "old.jsonl",
        lines(&[host("a", EARLIER), host("b", future)]),
    );
    let new = put(
        &place,
        "new.jsonl",
        lines(&[host("a", TIME), host("b", TIME)]),
    );
    assert_eq!(audit(&[&old], &[])["reports"]["newest"], EARLIER);
    let found = audit(&[&new], &["--baseline", old.to_str().unwrap()]);
    assert_ne!(found["changes"]["swapped"], true);
    // Where there is no other, it is told as it is.
    let all = put(&place, "all.jsonl", lines(&[host("b", future)]));
    assert_eq!(audit(&[&all], &[])["reports"]["newest"], future);
}

/// The fix that counts in the plan is the one that is told.
#[test]
fn the_fix_that_is_told_is_the_one_that_mends() {
    let place = tempfile::tempdir().unwrap();
    let fix = |summary: &str, commands: &[&str], needs: &str| {
        json!({
            "kind": "host", "summary": summary, "commands": commands, "needs": needs,
            "verify": "v",
        })
    };
    let look = fix("look", &["bpftool prog list"], "nothing");
    let boot = fix("boot", &["grubby --args=a"], "reboot");
    let build = fix("build", &["# CONFIG_BPF_JIT=y"], "rebuild");
    for (fixes, told, takes) in [
        (vec![look.clone(), boot.clone()], "boot", "reboot"),
        (vec![build.clone()], "build", "rebuild"),
        (vec![build, boot], "boot", "reboot"),
        (vec![look], "look", "stuck"),
    ] {
        let mut one = report("a", &[("one", "fail", "error")]);
        one["findings"][0]["fixes"] = json!(fixes);
        let found = audit(&[&put(&place, "a.jsonl", lines(&[one]))], &[]);
        assert_eq!(found["causes"][0]["fixes"][0]["summary"], told);
        match takes {
            "stuck" => assert_eq!(found["plan"]["stuck"], 1),
            takes => {
                assert_eq!(found["plan"]["steps"][0]["takes"][0]["what"], takes);
                assert_eq!(found["causes"][0]["needs"], takes);
            }
        }
    }
}

/// Whatever stands before, between or behind them, reports are read that are whole.
#[test]
fn reports_are_read_behind_what_is_none() {
    let place = tempfile::tempdir().unwrap();
    let host = |name: &str| report(name, &[("one", "ok", "error")]);
    // As `jq -cS` writes it, with the keys in their order.
    let sorted = |name: &str| format!("{}\n", host(name));
    let plain = |name: &str| {
        let sorted = sorted(name);
        let schema = "\"schema\":\"bpf-doctor/report/v1\",";
        sorted
            .replacen(schema, "", 1)
            .replacen('{', &format!("{{{schema}"), 1)
    };
    let yaml = |name: &str| {
        let rest = serde_yaml::to_string(&host(name)).unwrap();
        let rest = rest.replacen("schema: bpf-doctor/report/v1\n", "", 1);
        let rest = rest.replacen("complete: true\n", "", 1);
        format!("schema: bpf-doctor/report/v1\n{rest}complete: true\n")
    };
    let three = |one: &dyn Fn(&str) -> String| ["a", "b", "c"].map(one).concat();
    assert!(sorted("a").starts_with("{\"complete\""));
    let (x, y) = (lines(&[host("x")]), lines(&[host("y")]));
    let summary = |content: &str| {
        let file = put(&place, "p.jsonl", content);
        fleet(&[&file], &["--partial"]).0
    };
    let (x, y) = (summary(&x), summary(&y));
    let cut_line = &x[..x.len() / 2];
    let no_head = x.split_once('\n').unwrap().1;
    let cut = x.rsplit_once("{\"end\"").unwrap().0;
    let damaged = x.replace("\"shape\":{", "\"shape\":[");
    for (what, content, hosts, bad) in [
        (
            "a banner, JSON",
            format!("Last login: Mon\n{}", three(&plain)),
            3,
            1,
        ),
        (
            "a banner, sorted",
            format!("Last login: Mon\n{}", three(&sorted)),
            3,
            1,
        ),
        (
            "a banner, YAML",
            format!("Welcome\n\n{}", three(&yaml)),
            3,
            1,
        ),
        ("JSON, YAML", plain("x") + &three(&yaml), 4, 0),
        (
            "JSON, marks, YAML",
            plain("x") + "---\n" + &three(&yaml),
            4,
            0,
        ),
        (
            "YAML, JSON",
            three(&yaml) + &plain("x") + &sorted("y"),
            5,
            0,
        ),
        ("cut, sorted", format!("{cut}{}", three(&sorted)), 3, 1),
        ("cut, plain", format!("{cut}{}", three(&plain)), 3, 1),
        (
            "no head, sorted",
            format!("{no_head}{}", three(&sorted)),
            3,
            1,
        ),
        (
            "damaged, sorted",
            format!("{damaged}{}", three(&sorted)),
            3,
            1,
        ),
        (
            "cut within a line, a summary",
            format!("{cut_line}{y}"),
            1,
            1,
        ),
        (
            "cut within a line, reports",
            format!("{cut_line}{}", three(&plain)),
            3,
            1,
        ),
        (
            "YAML, a line, JSON",
            yaml("x") + "Connection to host closed.\n" + &three(&plain),
            4,
            1,
        ),
        ("YAML, a line", yaml("x") + "logout\n", 1, 1),
        ("YAML, a line without an end", yaml("x") + "logout", 1, 1),
        (
            "YAML, a line, a mark, YAML",
            yaml("x") + "logout\n---\n" + &three(&yaml),
            4,
            1,
        ),
        (
            "YAML, prompts, YAML",
            yaml("x") + "[root@web ~]# exit\nroot@db:~# exit\n" + &three(&yaml),
            4,
            1,
        ),
        (
            "YAML with more keys",
            yaml("x") + "\n# more\nlater: 1\n",
            1,
            0,
        ),
        (
            "JSON that was cut, YAML",
            format!("{}\n{}", &plain("x")[..300], three(&yaml)),
            3,
            1,
        ),
        (
            "JSON that was cut, a mark, YAML",
            format!("{}\n---\n{}", &plain("x")[..300], three(&yaml)),
            3,
            1,
        ),
        ("cut, YAML", format!("{cut}{}", three(&yaml)), 3, 1),
        (
            "YAML, a list",
            format!("{}[\n{},\n  {}]\n", yaml("x"), plain("a"), plain("b")),
            3,
            0,
        ),
        (
            "YAML, a list, YAML",
            format!("{}[{}]\n{}", yaml("x"), plain("a"), yaml("b")),
            3,
            0,
        ),
        ("an item, JSON", format!("- item\n{}", three(&plain)), 3, 1),
        ("an item, YAML", format!("- item\n{}", three(&yaml)), 3, 1),
        (
            "marks of byte order",
            ["x", "y"]
                .map(|name| format!("\u{feff}{}\u{feff}{}", plain(name), yaml(name)))
                .concat(),
            2,
            0,
        ),
        (
            "a report that was cut within a line",
            format!("{}{}", &plain("x")[..300], three(&plain)),
            3,
            1,
        ),
    ] {
        for name in ["all.json", "all.yaml"] {
            let file = put(&place, name, &content);
            let found = audit(&[&file], &[]);
            assert_eq!(found["hosts"], hosts, "{what}");
            assert_eq!(found["reports"]["bad"], bad, "{what}: {}", found["reports"]);
        }
    }
}

/// However many threads there are, a small fleet has room, also of hosts of kinds of their own.
#[test]
fn threads_share_one_room() {
    let place = tempfile::tempdir().unwrap();
    let needs: Vec<Value> = (0..60)
        .map(|need| lack(&"n".repeat(40 + need), None))
        .collect();
    let host = |number: usize| {
        let mut one = report(&format!("h{number}"), &[("one", "ok", "error")]);
        one["host"]["kernel"]["release"] = json!(format!("6.1.{number}"));
        asked(one, "cilium", &needs, &[])
    };
    let all: Vec<Value> = (0..400).map(host).collect();
    let file = put(&place, "all.jsonl", lines(&all));
    for threads in ["1", "2", "64", "1000000"] {
        let (_, told, _) = fleet(&[&file], &["--threads", threads, "-q"]);
        assert_eq!(told, "", "{threads}");
    }
}

#[test]
fn a_directory_that_many_links_lead_to_is_read_once() {
    let place = tempfile::tempdir().unwrap();
    let level = |number: usize| place.path().join(format!("d{number}"));
    for number in 0..=15 {
        fs::create_dir(level(number)).unwrap();
    }
    for number in 0..15 {
        for name in ["a", "b"] {
            std::os::unix::fs::symlink(level(number + 1), level(number).join(name)).unwrap();
        }
    }
    let one = report("a", &[("one", "ok", "error")]);
    fs::write(level(15).join("r.json"), one.to_string()).unwrap();
    let found = audit(&[&level(0)], &[]);
    assert_eq!(found["reports"]["read"], 1);
}

#[test]
fn other_names_are_those_of_hosts() {
    let place = tempfile::tempdir().unwrap();
    let one = put(
        &place,
        "a.jsonl",
        lines(&[report("a", &[("one", "ok", "error")])]),
    );
    let summary = fleet(&[&one], &["--partial"]).0;
    let (rest, end) = summary.split_at(summary.rfind("{\"end\"").unwrap());
    let alias = format!(
        "{{\"aliases\":{{\"host\":\"{:032x}\",\"names\":[\"x\"]}}}}\n",
        7
    );
    let file = put(&place, "p.jsonl", format!("{rest}{alias}{end}"));
    let (_, told, status) = fleet(&[&file], &[]);
    assert!(
        told.contains("it tells of a host that it does not have"),
        "{told}"
    );
    assert_eq!(status, 2);
}

#[test]
fn what_would_be_lost_without_a_word_is_told() {
    let place = tempfile::tempdir().unwrap();
    let host = |name| report(name, &[("one", "ok", "error")]);
    let file = put(&place, "all.jsonl", lines(&[host("web-1"), host("web-2")]));
    let same = file.to_str().unwrap();
    let (_, told, status) = fleet(&[&file], &["--baseline", same, "-o", same]);
    assert!(told.contains("would replace the baseline"), "{told}");
    assert_eq!(
        (status, fs::read_to_string(&file).unwrap().lines().count()),
        (2, 2)
    );
    for (inventory, by, words) in [
        (
            "web-1,web\nweb-2,db\n",
            "kernel",
            "its first line is one of the host web-1",
        ),
        (
            "host,arch\nweb-1,a\nweb-2,b\n",
            "arch",
            "by the label arch, it is --by label:arch",
        ),
        ("host,role\nweb-1,a\nweb-2,b\n", "role", ""),
    ] {
        let inventory = put(&place, "i.csv", inventory);
        let more = ["--inventory", inventory.to_str().unwrap(), "--by", by];
        let (_, told, _) = fleet(&[&file], &more);
        assert!(told.contains(words), "{told}");
        assert_eq!(told.is_empty(), words.is_empty(), "{told}");
    }
}

/// With -q nothing is said but what decides the exit status, whatever the format.
#[test]
fn little_is_said_where_little_is_asked_for() {
    let place = tempfile::tempdir().unwrap();
    let good = report("a", &[("one", "ok", "error")]);
    let file = put(&place, "a.jsonl", lines(std::slice::from_ref(&good)));
    let old = put(&place, "old.jsonl", lines(&[named(good, "b")]));
    let bad = put(&place, "bad.yaml", "a: 1\n");
    let inventory = put(&place, "hosts.csv", "host,role\nc,db\n");
    let remarks = [
        "--by",
        "site",
        "--inventory",
        inventory.to_str().unwrap(),
        "--baseline",
        old.to_str().unwrap(),
    ];
    for format in [
        "text",
        "yaml",
        "json",
        "csv",
        "markdown",
        "html",
        "prometheus",
    ] {
        let said = |paths: &[&Path], more: &[&str]| {
            let more = [&remarks[..], &["--format", format], more].concat();
            let (printed, said, status) = fleet(paths, &more);
            assert!(!printed.is_empty(), "{format}");
            (said.lines().count(), status)
        };
        let (loud, status) = said(&[&file, &bad], &[]);
        assert!(loud > 3 && status == 2, "{format}: {loud}");
        assert_eq!(said(&[&file, &bad], &["-q"]), (1, 2), "{format}");
        assert_eq!(
            said(&[&file, &bad], &["-q", "--keep-going"]),
            (0, 0),
            "{format}"
        );
        assert_eq!(said(&[&file], &["-q"]), (0, 0), "{format}");
    }
}

/// From a record of a host a report is made first: that is told once, and not file by file.
#[test]
fn a_record_of_a_host_is_told_in_a_line() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("root");
    fs::create_dir_all(root.join("etc")).unwrap();
    fs::create_dir_all(root.join("proc")).unwrap();
    fs::write(root.join("etc/os-release"), "ID=debian\nVERSION_ID=12\n").unwrap();
    fs::write(root.join("proc/cmdline"), "quiet\n").unwrap();
    let reports = |name: &str| {
        let place = place.path().join(name);
        fs::create_dir_all(&place).unwrap();
        let good = report("a", &[("one", "ok", "error")]);
        fs::write(place.join("a.jsonl"), lines(&[good])).unwrap();
        place
    };
    let bundle = reports("bundle").join("web1.tar.gz");
    let collected = run(&[
        "collect",
        "-o",
        bundle.to_str().unwrap(),
        "--root",
        root.to_str().unwrap(),
    ]);
    assert!(bundle.is_file(), "{}", text(&collected.stderr));
    let sosreport = |place: &Path| {
        let commands = place.join("sosreport-web1/sos_commands/kernel");
        fs::create_dir_all(&commands).unwrap();
        fs::write(commands.join("sysctl_-a"), "a = 1\n").unwrap();
        fs::write(place.join("sosreport-web1/x.yaml"), "a: 1\n").unwrap();
    };
    sosreport(&reports("directory"));
    let packed = reports("packed");
    sosreport(place.path());
    let mut tar = tar::Builder::new(fs::File::create(packed.join("sos.tar")).unwrap());
    tar.append_dir_all("sosreport-web1", place.path().join("sosreport-web1"))
        .unwrap();
    tar.finish().unwrap();
    // By its files alone, some of which come before those that tell it.
    let unnamed = reports("unnamed");
    let mut tar = tar::Builder::new(fs::File::create(unnamed.join("web1.tar")).unwrap());
    for path in [
        "web1/a/hosts",
        "web1/date",
        "web1/sos_commands/kernel/sysctl_-a",
        "web1/uptime",
        "web1/x.yaml",
    ] {
        let file = place
            .path()
            .join("sosreport-web1/sos_commands/kernel/sysctl_-a");
        tar.append_path_with_name(file, path).unwrap();
    }
    tar.finish().unwrap();
    let unpacked = reports("unpacked").join("web1");
    fs::create_dir_all(&unpacked).unwrap();
    fs::write(
        unpacked.join("manifest.yaml"),
        "schema: bpf-doctor/bundle/v1\n",
    )
    .unwrap();
    for (name, file, what) in [
        ("bundle", "web1.tar.gz", "a bundle of `bpf-doctor collect`"),
        ("directory", "sosreport-web1", "a record of a host"),
        ("packed", "sos.tar", "a record of a host"),
        ("unnamed", "web1.tar", "a record of a host"),
        ("unpacked", "web1", "a bundle of `bpf-doctor collect`"),
    ] {
        let path = place.path().join(name);
        let (told, said, status) = fleet(&[&path], &["--format", "json"]);
        let line = format!(
            "bpf-doctor: {}/{file}: it is {what}, no report: `bpf-doctor check --root FILE --format yaml` \
             makes a report of it\n",
            path.display()
        );
        assert_eq!((said, status), (line, 2), "{name}");
        let found: Value = serde_json::from_str(&told).unwrap();
        let reports = &found["reports"];
        assert_eq!(
            (&reports["bad"], &reports["passed_over"]),
            (&json!(1), &json!(0)),
            "{name}"
        );
        assert_eq!(found["hosts"], 1);
    }
}

/// Where software is named, what its checks were before is known of reports that were not asked
/// for it, too.
#[test]
fn a_baseline_that_was_not_asked_for_software_tells_of_its_checks() {
    let place = tempfile::tempdir().unwrap();
    let plain = |status: &str| report("a", &[("one", status, "error"), ("two", "ok", "error")]);
    let missing = [lack("one", Some("one"))];
    let with = |status: &str| match status {
        "fail" => asked(plain(status), "cilium", &missing, &[]),
        _ => asked(plain(status), "cilium", &[], &[]),
    };
    for (then, now, expected) in [
        (plain("fail"), with("fail"), None),
        (plain("ok"), with("fail"), Some(("new", 0, 1))),
        (with("fail"), plain("fail"), None),
        (with("fail"), plain("ok"), Some(("gone", 1, 0))),
        (with("ok"), with("fail"), Some(("new", 0, 1))),
    ] {
        let tells = put(
            &place,
            "c.jsonl",
            lines(&[named(
                asked(report("c", &[("two", "ok", "error")]), "cilium", &[], &[]),
                "c",
            )]),
        );
        let old = put(&place, "old.jsonl", lines(&[at(then, EARLIER)]));
        let new = put(&place, "new.jsonl", lines(&[now]));
        let more = ["--profile", "cilium", "--baseline", old.to_str().unwrap()];
        let changes = &audit(&[&new, &tells], &more)["changes"];
        let causes = changes["causes"].as_array().unwrap();
        let found = causes.iter().find(|one| one["check"] == "one");
        let found = found.map(|one| {
            let count = |key: &str| one[key].as_u64().unwrap();
            (
                one["change"].as_str().unwrap(),
                count("before"),
                count("now"),
            )
        });
        assert_eq!(found, expected, "{changes}");
    }
}

fn named(mut report: Value, name: &str) -> Value {
    report["host"]["hostname"] = json!(name);
    report
}

/// What is said of software where reports tell of none, or of several of which one suffices.
#[test]
fn what_is_said_of_software() {
    let place = tempfile::tempdir().unwrap();
    let plain = report("a", &[("one", "ok", "error")]);
    let several = |demanded: Value| {
        let lacks = [lack("x", None)];
        let one = asked(
            report("b", &[("one", "ok", "error")]),
            "cilium",
            &lacks,
            &[],
        );
        let mut both = asked(one, "falco", &[], &[]);
        both["demanded"] = demanded;
        both
    };
    let none = put(&place, "plain.jsonl", lines(std::slice::from_ref(&plain)));
    let any = put(&place, "any.jsonl", lines(&[several(json!([]))]));
    let both = put(&place, "both.jsonl", lines(&[several(json!(["falco"]))]));
    let suffices = "on 1 host ready means that one of the software that was asked for runs";
    for (file, more, told, said) in [
        (
            &none,
            &["--profile", "nope"][..],
            "",
            "no report tells of the software nope: ",
        ),
        (
            &none,
            &["--profile", "cilium"],
            "",
            "`check --profile cilium` makes some",
        ),
        (
            &none,
            &["--by", "profile"],
            "By profile\n  no host tells of it\n",
            "no report tells of software",
        ),
        (&any, &[], suffices, ""),
    ] {
        let (page, heard, _) = fleet(&[file], more);
        assert!(
            page.contains(told) && heard.contains(said),
            "{more:?}\n{page}\n{heard}"
        );
        assert!(!heard.contains("nope` makes some"), "{heard}");
    }
    for (file, more) in [
        (&any, &["--profile", "falco"][..]),
        (&both, &[]),
        (&none, &[]),
    ] {
        let (page, _, _) = fleet(&[file], more);
        assert!(!page.contains(suffices), "{page}");
    }
}
