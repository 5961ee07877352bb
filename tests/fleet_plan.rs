//! `bpf-doctor fleet`: what is to be mended first, and what would let the doctor know.

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

use serde_json::{Value, json};
use support::{run_dated as run, text};
use tempfile::TempDir;

/// A check that fails, and what is typed to mend it.
type Cause<'a> = (&'a str, &'a str);

fn failing((check, command): Cause<'_>) -> Value {
    json!({
        "check": check, "area": "kernel", "status": "fail", "severity": "error", "title": "t",
        "because": "b",
        "fixes": [{
            "kind": "setting", "summary": "s", "commands": [command], "needs": "reboot",
            "verify": "v",
        }],
    })
}

fn other(check: &str, area: &str, status: &str, because: &str) -> Value {
    json!({
        "check": check, "area": area, "status": status, "severity": "error", "title": "t",
        "because": because, "fixes": [],
    })
}

fn report(name: &str, findings: &[Value]) -> Value {
    let count = |wanted: &str| {
        findings
            .iter()
            .filter(|one| one["status"] == wanted)
            .count()
    };
    let counts = ["ok", "fail", "unknown"].map(count);
    let verdict = match counts {
        [_, 0, 0] => "ready",
        [_, 0, _] => "undetermined",
        _ => "not-ready",
    };
    let mut report = reports::bare(name, verdict, counts, findings);
    report["summary"]["not-applicable"] = json!(count("not-applicable"));
    report
}

/// What `fleet` prints of these reports.
fn told(reports: &[Value], more: &[&str]) -> String {
    let place = TempDir::new().unwrap();
    let path = place.path().join("reports.jsonl");
    let lines = reports.iter().map(|report| format!("{report}\n"));
    fs::write(&path, lines.collect::<String>()).unwrap();
    let output = run(&[&["fleet", path.to_str().unwrap()], more].concat());
    assert_eq!(text(&output.stderr), "");
    text(&output.stdout)
}

fn audit(reports: &[Value], more: &[&str]) -> Value {
    serde_json::from_str(&told(reports, &[&["--format", "json"], more].concat())).unwrap()
}

/// Which causes are mended by each step, in how many changes, and how many hosts that makes ready.
fn steps(audit: &Value) -> Vec<(u64, Vec<&str>, u64)> {
    let steps = audit["plan"]["steps"].as_array().unwrap().iter();
    let step = |step: &'_ Value| step["changes"].as_u64().unwrap();
    steps
        .map(|one| {
            let checks = one["checks"].as_array().unwrap().iter();
            let checks = checks.map(|check| check.as_str().unwrap()).collect();
            (step(one), checks, one["gained"].as_u64().unwrap())
        })
        .collect()
}

fn hosts(count: usize, prefix: &str, causes: &[Cause<'_>]) -> Vec<Value> {
    let names = (0..count).map(|number| format!("{prefix}-{number}"));
    let findings: Vec<Value> = causes.iter().copied().map(failing).collect();
    names.map(|name| report(&name, &findings)).collect()
}

#[test]
fn what_the_same_commands_mend_is_one_change() {
    let (new, mount) = (
        "apt-get install linux-image-amd64",
        "mount -t bpf bpf /sys/fs/bpf",
    );
    // Six hosts need a newer kernel for two things, five a mount.
    let kernels = hosts(6, "old", &[("btf", new), ("data", new)]);
    let fleet = [kernels, hosts(5, "bare", &[("mount", mount)])].concat();
    let whole = audit(&fleet, &[]);
    assert_eq!(
        steps(&whole),
        [
            (1, vec!["btf", "data"], 6),
            (2, vec!["btf", "data", "mount"], 11)
        ]
    );
    for (cause, with) in [("btf", "data"), ("data", "btf")] {
        let causes = whole["causes"].as_array().unwrap();
        let found = causes.iter().find(|one| one["check"] == cause).unwrap();
        assert_eq!(
            (&found["alone"], &found["same_change"]),
            (&json!(6), &json!([with]))
        );
        assert_eq!(found["together"], json!({"with": "mount", "hosts": 11}));
    }
    let page = told(&fleet, &[]);
    for line in [
        "  1 change (mends 2 causes)  +6 ready, 6 in all (a reboot)",
        "  2 changes (mends 3 causes)  +11 ready, 11 in all (a reboot)",
        "    6 hosts become ready by this change, which mends data as well; 11 together with mount",
    ] {
        assert!(page.contains(&format!("{line}\n")), "{line}\n{page}");
    }
    let markdown = told(&fleet, &["--format", "markdown"]);
    assert!(
        markdown.contains("| 1 change (mends 2 causes) | 6 | 6 | a reboot |"),
        "{markdown}"
    );
    assert!(
        markdown.contains("become ready by this change"),
        "{markdown}"
    );
    let metrics = told(&fleet, &["--format", "prometheus"]);
    let line = "bpf_doctor_fleet_plan_gained_hosts{changes=\"1\"} 6\n";
    assert!(metrics.contains(line), "{metrics}");
}

/// One host that types something else for one of two causes, and they are two changes for all.
#[test]
fn what_other_commands_mend_elsewhere_is_a_change_of_its_own() {
    let fleet = [
        hosts(3, "same", &[("btf", "new kernel"), ("data", "new kernel")]),
        hosts(1, "own", &[("btf", "new kernel"), ("data", "rebuild")]),
        hosts(2, "some", &[("data", "new kernel")]),
    ]
    .concat();
    let whole = audit(&fleet, &[]);
    assert_eq!(
        steps(&whole),
        [(1, vec!["data"], 2), (2, vec!["data", "btf"], 6)]
    );
    assert_eq!(whole["causes"][0].get("same_change"), None);
    // Where most hosts have one of the two alone, what one host types is no change for all.
    let rare = [
        hosts(1, "both", &[("btf", "new kernel"), ("data", "new kernel")]),
        hosts(4, "some", &[("data", "other kernel")]),
    ]
    .concat();
    let whole = audit(&rare, &[]);
    assert_eq!(
        steps(&whole),
        [(1, vec!["data"], 4), (2, vec!["data", "btf"], 5)]
    );
    // Three of which two have the same commands, and none all: two pairs are no triple.
    let chain = [
        hosts(10, "one", &[("a", "x"), ("b", "x")]),
        hosts(1, "two", &[("b", "y"), ("c", "y")]),
        hosts(1, "three", &[("a", "z"), ("c", "w")]),
    ]
    .concat();
    let whole = audit(&chain, &[]);
    assert_eq!(steps(&whole).last().unwrap().0, 2, "{whole}");
}

/// While bpf() itself is missing other checks are moot, and may fail once it is there.
#[test]
fn what_could_not_be_looked_at_before_is_said() {
    let moot = other(
        "kernel-btf-missing",
        "btf",
        "not-applicable",
        "moot while it fails",
    );
    let cause = failing(("bpf-syscall-missing", "make"));
    let blind = report("blind", &[cause.clone(), moot.clone()]);
    let seen = report("seen", &[cause]);
    let elsewhere = report("elsewhere", &[failing(("jit-unavailable", "x")), moot]);
    let fleet = [blind, seen, elsewhere];
    let whole = audit(&fleet, &[]);
    let causes = whole["causes"].as_array().unwrap();
    let unseen: Vec<_> = causes
        .iter()
        .map(|cause| (cause["check"].as_str().unwrap(), cause.get("alone_unseen")))
        .collect();
    assert_eq!(
        unseen,
        [
            ("bpf-syscall-missing", Some(&json!(1))),
            ("jit-unavailable", None)
        ]
    );
    assert_eq!(whole["plan"]["unseen"], 1);
    let page = told(&fleet, &[]);
    for line in [
        "    on 1 of them other checks can't be made while it fails; more may fail then",
        "  On 1 host other checks can't be made before: more may fail there then.",
    ] {
        assert!(page.contains(line), "{line}\n{page}");
    }
}

/// What is to be mended to know is what refuses, not whatever fails there.
#[test]
fn a_grant_is_of_what_was_in_the_way() {
    let hint = format!(
        "not there: `mount -t securityfs securityfs {}`",
        "/sys/kernel".repeat(12)
    );
    let findings = [
        failing(("kprobes-disabled", "make")),
        other("missing-privilege", "privilege", "fail", "no CAP_BPF"),
        other(
            "core-read-broken",
            "btf",
            "unknown",
            "prog-load failed with EPERM",
        ),
        other("kernel-lockdown", "privilege", "unknown", &hint),
    ];
    let fleet = [report("host", &findings)];
    let whole = audit(&fleet, &[]);
    let unknowns = whole["unknowns"].as_array().unwrap();
    let grants = unknowns
        .iter()
        .map(|one| (one["check"].as_str().unwrap(), &one["grant"]));
    let mend = "mend missing-privilege first, which fails on 1 of these hosts, and ask again";
    assert_eq!(
        grants.collect::<Vec<_>>(),
        [
            ("core-read-broken", &json!([mend])),
            ("kernel-lockdown", &json!([]))
        ]
    );
    // A command that is cut can't be typed.
    for more in [&[][..], &["-v"]] {
        assert!(told(&fleet, more).contains(&hint), "{more:?}");
    }
}

/// With software named, what is listed as unknown or failing is what it needs.
#[test]
fn named_software_narrows_what_is_told() {
    let mut one = report(
        "host",
        &[
            other("mine", "btf", "unknown", "b"),
            other("theirs", "btf", "unknown", "b"),
        ],
    );
    let open = |need: &str| json!({"need": need, "check": need, "because": "b"});
    one["profiles"] = json!([("cilium", "mine"), ("falco", "theirs")].map(
        |(software, need)| json!({
            "profile": software, "title": software, "verdict": "undetermined",
            "missing-required": [], "missing-optional": [], "unknown": [open(need)],
            "unknown-optional": [],
        })
    ));
    // Nothing must run: the question was which will, and the first one is as near as the other.
    one["demanded"] = json!([]);
    let fleet = [one];
    for (more, expected) in [
        (&["--profile", "cilium"][..], vec![("mine", 1)]),
        (&["--profile", "all"], vec![("mine", 1), ("theirs", 0)]),
        (&[], vec![("mine", 1), ("theirs", 0)]),
    ] {
        let whole = audit(&fleet, more);
        let unknowns = whole["unknowns"].as_array().unwrap().iter();
        let told: Vec<(&str, u64)> = unknowns
            .map(|one| {
                (
                    one["check"].as_str().unwrap(),
                    one["waits"].as_u64().unwrap(),
                )
            })
            .collect();
        assert_eq!(told, expected, "{more:?}");
    }
}

/// What is said of an earlier time: when, how it stood then, and who changed.
#[test]
fn a_baseline_is_told_with_its_time_and_all_names() {
    let then = |mut report: Value| {
        report["generated_at"] = json!("2025-12-25T00:00:00Z");
        report
    };
    let ready = |name: &str| then(report(name, &[other("three", "kernel", "ok", "b")]));
    let names: Vec<String> = (0..30).map(|number| format!("v-{number:02}")).collect();
    let mut before: Vec<Value> = names.iter().map(|name| ready(name)).collect();
    let mended = report("mended", &[failing(("two", "x"))]);
    before.extend([then(report("left", &[failing(("one", "x"))])), then(mended)]);
    let place = TempDir::new().unwrap();
    let old = place.path().join("old.jsonl");
    let lines = before.iter().map(|report| format!("{report}\n"));
    fs::write(&old, lines.collect::<String>()).unwrap();
    let mut now = hosts(30, "v", &[("three", "x")]);
    for (report, name) in now.iter_mut().zip(&names) {
        report["host"]["hostname"] = json!(name);
    }
    now.push(report("mended", &[other("two", "kernel", "ok", "b")]));
    let baseline = ["--baseline", old.to_str().unwrap()];
    let changes = &audit(&now, &baseline)["changes"];
    assert_eq!(changes["newest_before"], "2025-12-25T00:00:00Z");
    assert_eq!(changes["broke"], json!({"hosts": 30, "examples": names}));
    let page = told(&now, &baseline);
    for line in [
        "Since 2025-12-25T00:00:00Z (32 hosts then: 30 ready, 2 not ready, 0 undetermined)",
        "         30  broke: v-00, v-01, v-02, …",
        "  one: 1 → 0 hosts (gone with its hosts)",
        "  two: 1 → 0 hosts (gone); cured on 1 (mended)",
        "  three: 0 → 30 hosts (new); fails now on 30 (v-00, v-01, v-02, …)",
    ] {
        assert!(page.contains(&format!("{line}\n")), "{line}\n{page}");
    }
    let all = format!("broke: {}\n", names.join(", "));
    assert!(told(&now, &[&baseline[..], &["-v"]].concat()).contains(&all));
    let markdown = told(&now, &[&baseline[..], &["--format", "markdown"]].concat());
    let row = "| `two` | 1 | 0 | gone |  | 1: mended |\n";
    assert!(markdown.contains(row), "{markdown}");
}

/// Two reports of one host, by what they say of one check.
#[test]
fn what_was_not_asked_then_is_no_regression_now() {
    let place = TempDir::new().unwrap();
    let old = place.path().join("old.jsonl");
    let fails = |check: &str| failing((check, "x"));
    let moot = || other("kernel-btf-missing", "btf", "not-applicable", "b");
    let as_user = |mut report: Value| {
        report["host"]["environment"]["euid"] = json!(1000);
        report
    };
    let one = |findings: &[Value]| report("host", findings);
    let open = |status: &str| one(&[other("jit-unavailable", "kernel", status, "b")]);
    let strict = &["--strict"][..];
    for (what, then, now, more, broke, line) in [
        (
            "moot because of what was mended",
            one(&[fails("bpf-syscall-missing"), moot()]),
            one(&[fails("kernel-btf-missing")]),
            &[][..],
            0,
            "kernel-btf-missing: 0 → 1 host (not known before); fails now on 1 of which it was not known",
        ),
        (
            "does not apply, and nothing hid it",
            one(&[fails("other"), moot()]),
            one(&[fails("kernel-btf-missing")]),
            &[],
            1,
            "kernel-btf-missing: 0 → 1 host (new); fails now on 1 (host)",
        ),
        (
            "asked as a user, then as root",
            as_user(one(&[moot(), other("ok", "btf", "ok", "b")])),
            one(&[fails("kernel-btf-missing")]),
            &[],
            0,
            "kernel-btf-missing: 0 → 1 host (not known before); fails now on 1 of which it was not known",
        ),
        (
            "known now, and it counted before",
            open("unknown"),
            open("fail"),
            strict,
            0,
            "jit-unavailable: 1 → 1 host (not known before); fails now on 1 of which it was not known",
        ),
        (
            "not known any more",
            open("fail"),
            open("unknown"),
            strict,
            0,
            "jit-unavailable: 1 → 1 host (no answer any more); no answer now on 1",
        ),
    ] {
        fs::write(&old, format!("{then}\n")).unwrap();
        let fleet = [now];
        let more = [&["--baseline", old.to_str().unwrap()], more].concat();
        let changes = &audit(&fleet, &more)["changes"];
        let worse = &changes["worse"]["hosts"].as_u64().unwrap();
        assert_eq!(
            worse + changes["broke"]["hosts"].as_u64().unwrap(),
            broke,
            "{what}"
        );
        let page = told(&fleet, &more);
        assert!(
            page.contains(&format!("  {line}\n")),
            "{what}: {line}\n{page}"
        );
    }
}

/// With software named, a baseline is compared by what that software needs.
#[test]
fn named_software_narrows_what_changed() {
    let place = TempDir::new().unwrap();
    let old = place.path().join("old.jsonl");
    let ok = |check: &str| other(check, "btf", "ok", "b");
    fs::write(
        &old,
        format!("{}\n", report("host", &[ok("mine"), ok("theirs")])),
    )
    .unwrap();
    let mut now = report("host", &[failing(("mine", "x")), failing(("theirs", "x"))]);
    let lack = |need: &str| json!({"need": need, "check": need, "because": "b"});
    now["profiles"] = json!([("cilium", "mine"), ("falco", "theirs")].map(
        |(software, need)| json!({
            "profile": software, "title": software, "verdict": "not-ready",
            "missing-required": [lack(need)], "missing-optional": [], "unknown": [],
            "unknown-optional": [],
        })
    ));
    let more = ["--baseline", old.to_str().unwrap(), "--profile", "cilium"];
    let whole = audit(&[now], &more);
    let causes = whole["changes"]["causes"].as_array().unwrap().iter();
    let told: Vec<&str> = causes.map(|one| one["check"].as_str().unwrap()).collect();
    assert_eq!(told, ["mine"]);
}
