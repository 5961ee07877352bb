//! What the doctor says of hosts of many distributions, as far as their files tell.
//!
//! Each folder of tests/hosts is a host, with the sources of its facts beside it. The findings
//! are snapshots that a person has read: look at a change before accepting it with
//! `INSTA_UPDATE=always cargo test --test hosts`.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and runs programs"
)]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_yaml::Value;

fn hosts() -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts");
    let mut hosts: Vec<(String, PathBuf)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
        .collect();
    hosts.sort();
    assert!(hosts.len() >= 12, "{} hosts", hosts.len());
    hosts
}

fn check(host: &Path, format: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bpf-doctor"));
    command.args(["check", "--format", format, "--root"]);
    command.arg(host.join("root"));
    command.env_clear().env("LC_ALL", "C.UTF-8");
    command.output().unwrap()
}

#[test]
fn findings_are_those_a_person_has_read() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("findings");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (name, path) in hosts() {
            let output = check(&path, "text");
            assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{name}");
            insta::assert_snapshot!(name, String::from_utf8(output.stdout).unwrap());
        }
    });
}

#[test]
fn every_host_names_its_sources() {
    for (name, path) in hosts() {
        let source = fs::read_to_string(path.join("SOURCE.md")).unwrap();
        assert!(source.lines().count() >= 3, "{name}");
    }
}

/// No command is run, but a shell must be able to read each.
#[test]
fn fixes_are_commands_a_shell_can_read() {
    let mut read = 0;
    for (name, path) in hosts() {
        let report: Value = serde_yaml::from_slice(&check(&path, "yaml").stdout).unwrap();
        for finding in report["findings"].as_sequence().unwrap() {
            let fixes = finding["fixes"]
                .as_sequence()
                .map_or(&[][..], Vec::as_slice);
            for line in fixes.iter().flat_map(lines_of) {
                let mut shell = Command::new("bash");
                shell.args(["-n", "-s"]).stdin(Stdio::piped());
                let mut shell = shell.stderr(Stdio::piped()).spawn().unwrap();
                let mut input = shell.stdin.take().unwrap();
                input.write_all(line.as_bytes()).unwrap();
                drop(input);
                let output = shell.wait_with_output().unwrap();
                assert!(output.status.success(), "{name}: {line}: {output:?}");
                read += 1;
            }
        }
    }
    assert!(read > 100, "{read} commands");
}

/// A failure without a way out helps nobody.
#[test]
fn every_failure_has_a_fix() {
    let mut seen = 0;
    for (name, path) in hosts() {
        let report: Value = serde_yaml::from_slice(&check(&path, "yaml").stdout).unwrap();
        for finding in report["findings"].as_sequence().unwrap() {
            let fixes = finding["fixes"].as_sequence().map_or(0, Vec::len);
            // What is only worth knowing may be as it should be.
            let weighs = finding["severity"] != "info";
            let bare = finding["status"] == "fail" && weighs && fixes == 0;
            assert!(!bare, "{name}: {finding:?}");
            seen += fixes;
        }
    }
    assert!(seen > 100, "{seen} fixes");
}

fn lines_of(fix: &Value) -> Vec<String> {
    ["commands", "undo"]
        .into_iter()
        .filter_map(|key| fix[key].as_sequence())
        .flatten()
        .map(|line| line.as_str().unwrap().to_owned())
        .collect()
}

/// An option that is asked for and stands in no config here would be lacking everywhere: the
/// configs were reduced before somebody asked.
#[test]
fn what_is_asked_for_stands_in_the_configs() {
    let (mut asked, mut there) = (BTreeSet::new(), BTreeSet::new());
    for (_, path) in hosts() {
        let report: Value = serde_yaml::from_slice(&check(&path, "yaml").stdout).unwrap();
        let config = &report["facts"]["config"];
        let words = config["scope"].as_str().unwrap_or_default().split(' ');
        let words = words.filter(|word| !word.is_empty() && !word.contains('*'));
        asked.extend(words.map(str::to_owned));
        let options = config["options"].as_mapping().into_iter().flatten();
        there.extend(options.map(|(name, _)| name.as_str().unwrap().to_owned()));
    }
    let missing: Vec<&String> = asked.difference(&there).collect();
    assert!(asked.len() > 50 && missing.is_empty(), "{missing:?}");
}
