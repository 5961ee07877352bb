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
            (2, vec!["btf", "mount", "data"], 11)
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

/// A kernel that is built for this cause.
fn built(check: &str, option: &str) -> Value {
    let mut one = failing((check, ""));
    one["fixes"][0]["kind"] = json!("kernel-config");
    one["fixes"][0]["needs"] = json!("rebuild");
    one["fixes"][0]["commands"] = json!([
        "# unpack the source of linux 5.10 and enter it",
        "cp /boot/config-5.10 .config",
        format!("scripts/config --enable {option}"),
        format!("grep -x CONFIG_{option}=y .config"),
        "make",
        "reboot",
    ]);
    one
}

/// What is one change is so by host: where other commands mend one of two causes, that is
/// another change, and nobody else's.
#[test]
fn what_is_one_change_is_so_by_host() {
    let (new, hwe) = (("a", "apk upgrade"), ("a", "apt-get install hwe"));
    let both = [new, ("b", "apk upgrade")];
    let chain = [
        hosts(10, "one", &[("a", "x"), ("b", "x")]),
        hosts(1, "two", &[("b", "y"), ("c", "y")]),
        hosts(1, "three", &[("a", "z"), ("c", "w")]),
    ];
    let options = [("a", "BPF_LSM"), ("b", "BPF_JIT"), ("c", "NET_CLS_BPF")];
    let options = options.map(|(check, option)| built(check, option));
    let own = [options[0].clone(), failing(("b", "sysctl -w b=1"))];
    let refreshed = |name: &str, commands: &[&str]| {
        let mut one = failing((name, ""));
        one["fixes"][0]["commands"] = json!(commands);
        one
    };
    let steps_of_one = [
        refreshed("a", &["zypper refresh", "zypper update kernel", "reboot"]),
        refreshed("b", &["# a note", "zypper update kernel", "reboot"]),
    ];
    let reboots = [
        refreshed("a", &["grubby --args=a", "reboot"]),
        refreshed("b", &["grubby --args=b", "reboot"]),
    ];
    for (fleet, expected) in [
        // Who has one of the two, and mends it so, is helped as well.
        (
            [hosts(3, "both", &both), hosts(2, "some", &[new])].concat(),
            vec![(1, vec!["a", "b"], 5)],
        ),
        (
            [hosts(3, "both", &both), hosts(2, "some", &[hwe])].concat(),
            vec![(1, vec!["a", "b"], 5)],
        ),
        (
            [
                hosts(3, "both", &both),
                hosts(1, "own", &[new, ("b", "make")]),
                hosts(2, "some", &[("b", "apk upgrade")]),
            ]
            .concat(),
            vec![(1, vec!["b", "a"], 5), (2, vec!["b", "a"], 6)],
        ),
        // Of what one work mends any cause will do.
        (
            chain.concat(),
            vec![(1, vec!["b", "a", "c"], 11), (2, vec!["a", "c", "b"], 12)],
        ),
        // A kernel is built once, whatever its options are.
        (
            vec![report("pi", &options)],
            vec![(1, vec!["a", "b", "c"], 1)],
        ),
        (vec![report("pi", &own)], vec![(2, vec!["a", "b"], 1)]),
        // What comes before and behind an upgrade makes no other one of it, and is none.
        (
            vec![report("sles", &steps_of_one)],
            vec![(1, vec!["a", "b"], 1)],
        ),
        (vec![report("rhel", &reboots)], vec![(2, vec!["a", "b"], 1)]),
    ] {
        let whole = audit(&fleet, &[]);
        assert_eq!(steps(&whole), expected, "{}", whole["plan"]);
        // What a cause is said to bring alone or with another one, the plan does not deny.
        for cause in whole["causes"].as_array().unwrap() {
            let gained = |changes: usize| {
                let steps = whole["plan"]["steps"].as_array().unwrap().iter();
                let steps = steps.filter(|one| one["changes"].as_u64() <= Some(changes as u64));
                steps
                    .filter_map(|one| one["gained"].as_u64())
                    .max()
                    .unwrap_or(0)
            };
            assert!(cause["alone"].as_u64().unwrap() <= gained(1), "{whole}");
            let together = cause["together"]["hosts"].as_u64();
            assert!(together.unwrap_or(0) <= gained(2), "{whole}");
        }
        for step in whole["plan"]["steps"].as_array().unwrap() {
            let list = |key: &str| step[key].as_array().map_or(0, Vec::len);
            let changes = step["changes"].as_u64().unwrap() as usize;
            assert_eq!(list("checks") - list("along"), changes, "{step}");
        }
    }
    let page = told(
        &[hosts(3, "both", &both), hosts(2, "some", &[hwe])].concat(),
        &[],
    );
    for line in [
        "  1 change (mends 2 causes)  +5 ready, 5 in all (a reboot)\n",
        "              a; the same work mends b as well\n",
        "5 hosts become ready by mending this alone",
        "    on 3 hosts one change mends as well what they have of b",
    ] {
        assert!(page.contains(line), "{line}\n{page}");
    }
}

/// A cause without a fix, and one whose fix says that there is none, are made good by nothing.
#[test]
fn what_has_no_fix_is_promised_to_nobody() {
    let fix = |kind: &str, needs: &str, commands: &[&str]| {
        let mut one = failing(("a", ""));
        one["fixes"][0]["kind"] = json!(kind);
        one["fixes"][0]["needs"] = json!(needs);
        one["fixes"][0]["commands"] = json!(commands);
        one
    };
    let none = other("a", "kernel", "fail", "b");
    let nothing = "# no kernel of this release has it";
    for (found, takes, said) in [
        (none, None, "1 host without a fix that is known"),
        (
            fix("upgrade", "nothing", &[nothing]),
            Some("no-known-fix"),
            "; no known fix): s",
        ),
        (
            fix("program", "nothing", &[nothing]),
            Some("no-known-fix"),
            "; no known fix): s",
        ),
        (
            fix("program", "nothing", &[]),
            Some("program"),
            "; in the program, not on the host): s",
        ),
        (
            fix("host", "privilege", &["bpftool prog list"]),
            Some("looks"),
            "; changes nothing, only looks): s",
        ),
    ] {
        let fleet = [report("host", &[found])];
        let whole = audit(&fleet, &[]);
        assert_eq!(whole["plan"]["steps"], json!([]), "{said}");
        assert_eq!(whole["plan"]["stuck"], 1, "{said}");
        let cause = &whole["causes"][0];
        assert_eq!(cause["alone"], 0, "{said}");
        assert_eq!(
            cause["fixes"][0].get("takes"),
            takes.map(|takes| json!(takes)).as_ref()
        );
        for format in ["text", "markdown"] {
            let page = told(&fleet, &["--format", format]);
            let said = match format {
                "markdown" => said.replace("; ", ", ").replace("): ", ": "),
                _ => said.to_owned(),
            };
            let said = said.trim_start_matches(", ");
            assert!(page.contains(said), "{said}\n{page}");
        }
    }
}

/// Groups say that there are more causes than they tell; the shortest page tells what fails.
#[test]
fn what_is_left_out_is_said() {
    let causes = ["a", "b", "c", "d", "e"].map(|check| (check, "sysctl -w a=1"));
    let fleet = hosts(2, "host", &causes);
    let whole = audit(&fleet, &["--by", "arch"]);
    let group = &whole["groups"][0]["groups"][0];
    assert_eq!(group["causes"].as_array().unwrap().len(), 3, "{group}");
    assert_eq!(group["more_causes"], 2, "{group}");
    for format in ["text", "markdown"] {
        let page = told(&fleet, &["--by", "arch", "--format", format]);
        assert!(page.contains("(2), and 2 more"), "{page}");
    }
    let brief = told(&fleet, &["-q"]);
    for (check, _) in causes {
        assert!(
            brief.contains(&format!("{check}: 2 hosts (100%)\n")),
            "{brief}"
        );
    }
    // What has no answer has no fix to be missed.
    let open = report("open", &[other("a", "kernel", "unknown", "b")]);
    let page = told(&[open], &["--strict"]);
    assert!(page.contains("without an answer on all of them"), "{page}");
    assert!(!page.contains("without a fix that is known"), "{page}");
}

/// What is done in a program leaves the host as it is: it is told, and promises nothing.
#[test]
fn what_is_done_in_a_program_makes_no_host_ready() {
    let fix = |kind: &str, needs: &str, summary: &str, command: &str| {
        json!({
            "kind": kind, "summary": summary, "commands": [command], "needs": needs, "verify": "v",
        })
    };
    let file = fix(
        "program",
        "nothing",
        "a file of BTF",
        "curl -fLO https://x/4.15.btf",
    );
    let build = fix("kernel-config", "rebuild", "build it", "make");
    let boot = fix(
        "upgrade",
        "reboot",
        "boot a newer one",
        "apt-get install linux-image",
    );
    for (fixes, stuck, told, or) in [
        (
            json!([file, build]),
            1,
            "; in the program, not on the host): a file of BTF\n      $ curl",
            "      or: build it\n",
        ),
        (
            json!([file, boot]),
            0,
            "; a reboot): boot a newer one\n      $ apt-get install linux-image\n",
            "      or: a file of BTF\n",
        ),
    ] {
        let mut one = failing(("btf", ""));
        one["fixes"] = fixes;
        let fleet = [report("host", &[one])];
        let whole = audit(&fleet, &[]);
        assert_eq!(whole["plan"]["stuck"], stuck, "{told}");
        assert_eq!(whole["causes"][0]["alone"], 1 - stuck, "{told}");
        let page = self::told(&fleet, &[]);
        for words in [told, or] {
            assert!(page.contains(words), "{words}\n{page}");
        }
    }
}

/// A verdict may wait for one check alone, on some hosts, and for several on others.
#[test]
fn what_a_verdict_waits_for_is_told_alike_in_all_formats() {
    let open = |check: &str| other(check, "kernel", "unknown", "b");
    let (one, two) = (open("one"), open("two"));
    for (alone, with, text, cell) in [
        (1, 0, "the verdict on 1 waits for this alone", "| 1 | 1 |"),
        (
            0,
            2,
            "the verdict on 2 waits for this and others",
            "| 2 | 2 (0 for it alone) |",
        ),
        (
            1,
            2,
            "the verdict on 1 waits for this alone, and on 2 for this and others",
            "| 3 | 3 (1 for it alone) |",
        ),
    ] {
        let first = (0..alone).map(|n| report(&format!("a{n}"), std::slice::from_ref(&one)));
        let both = [one.clone(), two.clone()];
        let second = (0..with).map(|n| report(&format!("b{n}"), &both));
        let fleet: Vec<Value> = first.chain(second).collect();
        let page = told(&fleet, &[]);
        assert!(page.contains(&format!("; {text}\n")), "{text}\n{page}");
        let page = told(&fleet, &["--format", "markdown"]);
        assert!(page.contains(&format!("| `one` {cell}")), "{cell}\n{page}");
    }
}

/// Which check is in the way of a plan is told with the hosts that it leaves out.
#[test]
fn what_leaves_hosts_out_of_the_plan_is_named() {
    let cause = failing(("a", "x"));
    let open = |check: &str| other(check, "kernel", "unknown", "b");
    let fleet = [
        report("one", &[cause.clone(), open("b")]),
        report("two", &[cause.clone(), open("b"), open("c")]),
        report("three", &[cause]),
    ];
    let whole = audit(&fleet, &[]);
    let plan = &whole["plan"];
    assert_eq!(
        (&plan["undecided"], &plan["steps"][0]["gained"]),
        (&json!(2), &json!(1))
    );
    let by = json!([{"value": "b", "hosts": 2}, {"value": "c", "hosts": 1}]);
    assert_eq!(plan["undecided_by"]["most"], by);
    let line = "2 hosts are made ready by no change: something that matters is unknown there (b (2), c (1))";
    for format in ["text", "markdown"] {
        let page = told(&fleet, &["--format", format]);
        assert!(page.contains(line), "{page}");
    }
}

/// Which hosts can be outliers is said where some are.
#[test]
fn the_rule_of_outliers_is_told_with_them() {
    let mut fleet = hosts(9, "alike", &[("a", "x")]);
    fleet.push(report("other", &[failing(("b", "y"))]));
    let whole = audit(&fleet, &[]);
    let outliers = &whole["outliers"];
    assert_eq!(outliers["hosts"], 1);
    assert_eq!(
        (&outliers["least_hosts"], &outliers["alike_percent"]),
        (&json!(10), &json!(80))
    );
    for format in ["text", "markdown"] {
        let page = told(&fleet, &["--format", format]);
        let rule = "looked for where 10 hosts or more have one kernel, distribution and machine, \
                    and 80% of them fail the same checks";
        assert!(page.contains(rule), "{page}");
    }
}

/// Hosts on which one change mends two causes become ready by either, and count once beside both.
#[test]
fn what_either_of_two_makes_ready_counts_once() {
    let mut fleet = Vec::new();
    for (count, causes) in [
        (3, &[("jit", "build"), ("btf", "build")][..]),
        (1, &[("jit", "switch")]),
        (5, &[("btf", "build")]),
        (2, &[("other", "x")]),
    ] {
        for _ in 0..count {
            let found: Vec<Value> = causes.iter().map(|cause| failing(*cause)).collect();
            fleet.push(report(&format!("h{}", fleet.len()), &found));
        }
    }
    let whole = audit(&fleet, &[]);
    for (check, alone, with, hosts) in [
        ("btf", 8, "other", 10),
        ("jit", 4, "btf", 9),
        ("other", 2, "btf", 10),
    ] {
        let causes = whole["causes"].as_array().unwrap();
        let cause = causes.iter().find(|cause| cause["check"] == check).unwrap();
        assert_eq!(cause["alone"], alone, "{cause}");
        let together = &cause["together"];
        assert_eq!(
            (&together["with"], &together["hosts"]),
            (&json!(with), &json!(hosts))
        );
    }
}

/// Doctors of two versions may put one need in other words.
#[test]
fn a_need_in_other_words_is_told() {
    let host = |name: &str, catalogue: &str, need: &str| {
        let mut one = report(name, &[other("x", "kernel", "ok", "b")]);
        one["tool"]["catalogue"] = json!(catalogue);
        one["verdict"] = json!("not-ready");
        one["demanded"] = json!(["cilium"]);
        // Its name, and its words.
        let (id, need) = need.split_once('=').unwrap_or(("", need));
        let mut lack = json!({"need": need, "because": "b"});
        if !id.is_empty() {
            lack["id"] = json!(id);
        }
        one["profiles"] = json!([{
            "profile": "cilium", "title": "Cilium", "verdict": "not-ready", "missing-optional": [],
            "missing-required": [lack], "unknown": [], "unknown-optional": [],
        }]);
        one
    };
    let (old, new) = (
        "Linux 5.10, or RHEL 8.6",
        "Linux 5.10 or RHEL 8.6 and its rebuilds",
    );
    let name = |need: &str| format!("kernel={need}");
    let (named, renamed) = (name(old), name(new));
    for (one, other, expected, causes) in [
        (("x", old), ("y", new), 1, 2),
        (("x", old), ("x", new), 0, 2),
        (("x", old), ("y", old), 0, 1),
        (("x", old), ("y", "Programs on packets"), 0, 2),
        // By its name it is one need, and so it is where one has the same words alone.
        (("x", &*named), ("y", &*renamed), 0, 1),
        (("x", old), ("y", &*named), 0, 1),
        (("x", old), ("y", &*renamed), 1, 2),
        // Two names are two needs.
        (("x", &*named), ("y", &*format!("other={new}")), 0, 2),
        (("x", &*named), ("y", &*format!("other={old}")), 0, 2),
    ] {
        let fleet = [host("a", one.0, one.1), host("b", other.0, other.1)];
        let whole = audit(&fleet, &[]);
        let told_twice = whole["partly"].get("reworded").and_then(Value::as_array);
        assert_eq!(told_twice.map_or(0, Vec::len), expected, "{whole}");
        assert_eq!(whole["causes"].as_array().unwrap().len(), causes, "{whole}");
        let page = told(&fleet, &[]);
        assert_eq!(
            page.contains("may be one need in other words"),
            expected > 0,
            "{page}"
        );
    }
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
    let mount = format!(
        "mount -t securityfs securityfs {}",
        "/sys/kernel".repeat(12)
    );
    let hint = format!("not there, securityfs is not mounted: `{mount}` shows it");
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
            (
                "kernel-lockdown",
                &json!(["have the host show it", format!("$ {mount}")])
            )
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
