//! `bpf-doctor features` as people and scripts meet it, on made-up hosts and on this one.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and runs programs"
)]

mod support;

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;

use serde_json::Value;
use support::{doctor, healthy, run, text};

/// What a run prints, read as JSON.
fn json(arguments: &[&str]) -> Value {
    let output = run(&[arguments, &["--format", "json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Rows by group and name: whether they are there.
fn rows(features: &Value) -> BTreeMap<(String, String), String> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let groups = features["groups"].as_array().unwrap().iter();
    groups
        .flat_map(|group| {
            let of = word(&group["program_type"]);
            let name = format!("{} {of}", word(&group["group"])).trim().to_owned();
            let rows = group["rows"].as_array().unwrap().iter();
            rows.map(move |row| {
                let key = (name.clone(), word(&row["name"]));
                (key, word(&row["available"]))
            })
        })
        .collect()
}

#[test]
fn formats_carry_the_same_data_and_end_with_the_same_status() {
    let host = healthy();
    let root = host.path().to_str().unwrap();
    for command in [
        vec!["features", "--root", root],
        vec!["features", "sections"],
        vec!["features", "show", "xdp", "--root", root],
    ] {
        let of_json = json(&command);
        let yaml = run(&[command.as_slice(), &["--format", "yaml"]].concat());
        let of_yaml: Value = serde_yaml::from_slice(&yaml.stdout).unwrap();
        assert_eq!(of_json, of_yaml, "{command:?}");
        let plain = run(&command);
        assert_eq!(plain.status.code(), Some(0));
        assert!(!plain.stdout.is_empty());
        let schema = of_json["schema"].as_str().unwrap();
        assert!(schema.starts_with("bpf-doctor/") && schema.ends_with("/v1"));
    }
}

#[test]
fn another_hosts_kernel_is_known_from_its_files_and_tried_in_nothing() {
    let host = healthy();
    let root = host.path().to_str().unwrap();
    let features = json(&["features", "--root", root]);
    assert_eq!(features["schema"], "bpf-doctor/features/v1");
    assert_eq!(features["kernel"]["release"], "5.10.0-32-amd64");
    let rows = rows(&features);
    let of = |group: &str, name: &str| rows[&(group.to_owned(), name.to_owned())].as_str();
    // Its options, and its version against that of mainline.
    assert_eq!(of("map_type", "sockhash"), "yes");
    assert_eq!(of("map_type", "user_ringbuf"), "no");
    assert_eq!(of("program_type", "cgroup_skb"), "yes");
    assert_eq!(of("program_type", "lirc_mode2"), "no");
    assert_eq!(of("attach_type", "lirc_mode2"), "no");
    for group in features["groups"].as_array().unwrap() {
        for row in group["rows"].as_array().unwrap() {
            let by = row["known_by"].as_array().unwrap();
            assert!(!by.iter().any(|source| source == "experiment"), "{row}");
        }
    }
}

#[test]
fn names_are_those_of_bpftool() {
    let features = json(&["features", "--no-probes"]);
    let rows = rows(&features);
    for (group, name) in [
        ("program_type", "socket_filter"),
        ("program_type", "raw_tracepoint_writable"),
        ("map_type", "hash"),
        ("map_type", "percpu_cgroup_storage"),
        ("attach_type", "cgroup_inet4_connect"),
        ("link_type", "kprobe_multi"),
        ("command", "prog_load"),
        ("helper", "bpf_map_lookup_elem"),
        ("kfunc", "bpf_cpumask_create"),
        ("btf_kind", "enum64"),
        ("isa", "v4_isa_extension"),
        ("limit", "large_insn_limit"),
    ] {
        assert!(
            rows.contains_key(&(group.to_owned(), name.to_owned())),
            "{name}"
        );
    }
}

#[test]
fn what_is_asked_for_is_told_and_nothing_else() {
    let some = json(&[
        "features",
        "--no-probes",
        "--only",
        "ringbuf",
        "--only",
        "isa",
        "--only",
        "BPF_FUNC_loop",
    ]);
    let keys: Vec<(String, String)> = rows(&some).into_keys().collect();
    assert!(keys.contains(&("map_type".to_owned(), "ringbuf".to_owned())));
    assert!(keys.contains(&("helper".to_owned(), "bpf_loop".to_owned())));
    assert!(
        keys.iter()
            .all(|(group, name)| { group == "isa" || name == "ringbuf" || name == "bpf_loop" })
    );
    for (arguments, said) in [
        (
            ["features", "--only", "ringbuff"],
            "did you mean `ringbuf`?",
        ),
        (["features", "--helpers", "xpd"], "did you mean `xdp`?"),
        (["features", "show", "bpf_lop"], "did you mean `bpf_loop`?"),
        (
            ["features", "sections", "fentri/x"],
            "did you mean `fentry.s`?",
        ),
    ] {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let error = text(&output.stderr);
        assert!(
            error.contains(said) && error.lines().count() == 1,
            "{error}"
        );
    }
}

#[test]
fn without_privilege_there_is_still_an_answer() {
    let mut command = doctor(&["features", "--format", "json"]);
    // Nobody; where the tests don't run as root, whoever they run as.
    if nix::unistd::geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
    let output = match command.output() {
        Ok(output) => output,
        // Nobody may not reach the program where it was built.
        Err(error) => return skip(&error.to_string()),
    };
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let features: Value = serde_json::from_slice(&output.stdout).unwrap();
    let told = features["sources"].as_array().unwrap();
    let told = |source: &str| {
        told.iter()
            .any(|s| s["source"] == source && s["told"] == true)
    };
    if !told("btf") {
        return skip("the kernel shows no BTF");
    }
    let rows = rows(&features);
    assert_eq!(rows[&("map_type".to_owned(), "array".to_owned())], "yes");
    assert_eq!(
        rows[&("helper".to_owned(), "bpf_map_lookup_elem".to_owned())],
        "yes"
    );
    // A refused privilege never becomes a no that nothing else says.
    for group in features["groups"].as_array().unwrap() {
        for row in group["rows"].as_array().unwrap() {
            let because = row["because"].as_str().unwrap_or_default();
            assert!(
                row["available"] != "no" || !because.contains("EPERM"),
                "{row}"
            );
        }
    }
}

#[test]
fn helpers_are_tried_for_the_types_of_program_asked_for() {
    let features = json(&["features", "--only", "helper", "--helpers", "socket_filter"]);
    let rows = rows(&features);
    let of = |name: &str| {
        let key = ("helper socket_filter".to_owned(), name.to_owned());
        rows[&key].as_str()
    };
    // Loud ones are not tried, whatever the privilege.
    assert_ne!(of("bpf_trace_printk"), "yes");
    if !nix::unistd::geteuid().is_root() || of("bpf_map_lookup_elem") != "yes" {
        return skip("programs can't be loaded here");
    }
    assert_eq!(of("bpf_skb_load_bytes"), "yes");
    assert_eq!(of("bpf_xdp_adjust_head"), "no");
    let shown = text(&run(&["features", "show", "bpf_xdp_adjust_head"]).stdout);
    let line = shown.lines().find(|line| line.contains("called from"));
    assert_eq!(line.unwrap().trim(), "called from  xdp", "{shown}");
}

#[allow(clippy::print_stderr, reason = "a test that is left out says so")]
fn skip(reason: &str) {
    eprintln!("left out: {reason}");
}
