//! Each rule of tidy fails where it should, and only there.

use super::source::Source;
use super::*;

/// `rule` finds offences in exactly these lines of a file with this path and text.
#[track_caller]
fn check(rule: impl Fn(&Source) -> Vec<Offence>, path: &str, text: &str, lines: &[usize]) {
    let offences = rule(&Source::new(path, text));
    let found: Vec<usize> = offences.iter().map(|offence| offence.line).collect();
    assert_eq!(found, lines, "{path}:\n{text}");
}

#[test]
fn rooms_that_reach_up() {
    let fact = "src/facts/btf.rs";
    let text = "use crate::host::Host;\nuse crate::report::Report;";
    check(rooms, fact, text, &[2]);
    check(rooms, fact, "fn f() { crate::probes::run() }", &[1]);
    check(rooms, fact, "use crate::{host, probes};", &[1]);
    check(
        rooms,
        fact,
        "use super::reader;\nuse super::super::cli;",
        &[2],
    );
    check(rooms, "src/facts/mod.rs", "use super::cli;", &[1]);
    let text = "use super::super::reader;";
    check(rooms, "src/facts/kconfig/parse.rs", text, &[]);
    check(rooms, "src/cellar/mod.rs", "", &[1]);
    check(rooms, "src/cli/check.rs", "use crate::report::Report;", &[]);
    check(rooms, "src/lib.rs", "pub use crate::report::Report;", &[]);
}

#[test]
fn tests_and_comments_are_no_production() {
    let fact = "src/facts/btf.rs";
    let text = "#[cfg(test)]\nuse crate::cli::a;\nuse crate::cli::b;\n";
    check(rooms, fact, text, &[3]);
    let text = "#[cfg(test)]\nmod tests {\n    use crate::cli::a;\n}\nuse crate::cli::b;\n";
    check(rooms, fact, text, &[5]);
    let text = "//! See [`crate::cli`].\n/* crate::cli::a\n*/";
    check(rooms, fact, text, &[]);
    check(rooms, "src/facts/tests.rs", "use crate::cli::a;", &[]);
}

#[test]
fn strings_are_no_code() {
    let fact = "src/facts/btf.rs";
    let text = "let a = \"x \\\" println!\"; println!();\nlet b = r#\"\" println! \"#;\n";
    check(places, fact, text, &[1]);
    let text = "let c = '\"'; print!();\nfn f<'a>(x: &'a u8) { print!() }\nlet d = '\\''; print!()";
    check(places, fact, text, &[1, 2, 3]);
}

#[test]
fn words_out_of_place() {
    check(places, "src/facts/os.rs", "use std::fs;", &[1]);
    check(places, "src/facts/os.rs", "use std::{fs, io};", &[1]);
    check(places, "src/host/live.rs", "use std::fs;", &[]);
    check(places, "src/report/text.rs", "println!();", &[1]);
    check(places, "src/cli/check.rs", "println!();", &[]);
    check(places, "src/cli/check.rs", "std::process::Command", &[1]);
    check(places, "src/diagnosis/judge.rs", "use std::time;", &[1]);
    let text = "unsafe { x() };\nlet unsafely = 1;";
    check(places, "src/probes/run.rs", text, &[1]);
    check(places, "src/probes/sys/map.rs", text, &[]);
}

#[test]
fn entries_that_can_fail() {
    let lines = |text: &str| -> Option<Vec<usize>> {
        let found = infallible(&Source::new("src/facts/mod.rs", text), "collect")?;
        Some(found.iter().map(|offence| offence.line).collect())
    };
    let text = "pub fn collect(\n    host: &dyn Host,\n) -> io::Result<Facts> {\n";
    assert_eq!(lines(text), Some(vec![3]));
    let text = "pub fn collect(host: &dyn Host) -> Facts {\n    let x: Result<u8, u8>;\n}\n";
    assert_eq!(lines(text), Some(vec![]));
    assert_eq!(lines("fn other() -> Result<u8, u8> {"), None);
}

#[test]
fn checks_named_in_code() {
    let catalogue = "\
profiles:
  - id: all
checks:
  - id: a-b
    title: x
    causes:
      - id: field

  - id: c-d
other:
  - id: e
";
    let ids = ids_of(&Source::new("checks.yaml", catalogue));
    assert_eq!(ids, ["a-b", "c-d"]);
    let rule = |source: &Source| check_ids(source, &ids);
    let text = "let x = \"a-b\"; // c-d\nlet y = \"a-b-c\";\n#[cfg(test)]\nlet z = \"c-d\";\n";
    check(rule, "src/report/text.rs", text, &[1]);
    check(rule, "tests/cli.rs", text, &[]);
}

#[test]
fn silent_and_long_files() {
    let file = "src/facts/x.rs";
    check(headers, file, "use std::io;", &[1]);
    check(headers, file, "", &[1]);
    check(headers, file, "//! What it is for.", &[]);
    check(sizes, file, &"\n".repeat(LONGEST), &[]);
    check(sizes, file, &"\n".repeat(LONGEST + 1), &[1]);
    let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "\n".repeat(LONGEST));
    check(sizes, file, &tests, &[]);
}

#[test]
fn half_done_work() {
    let text = "fn f() { todo!() }\n// todo!\n#[ignore = \"x\"]\ndbg!(1);\nunimplemented!();";
    check(unfinished, "tests/x.rs", text, &[1, 3, 4, 5]);
    check(unfinished, "docs/x.md", text, &[]);
}

#[test]
fn lints_silenced_without_a_reason() {
    let file = "src/x.rs";
    let text = "#![allow(dead_code)]\nfn f() {}";
    check(silenced, file, text, &[1]);
    let text = "#[expect(\n    dead_code,\n)]\nlet reason = 1;";
    check(silenced, file, text, &[1]);
    let text = "#[expect(\n    dead_code,\n    reason = \"x\"\n)]";
    check(silenced, file, text, &[]);
}

#[test]
fn entries_without_a_reason() {
    let text = "# list\n\nclang # why\ngcc\nmake #";
    check(reasons, "scripts/packages.txt", text, &[4, 5]);
    check(reasons, "docs/x.md", text, &[]);
    let text =
        "[package]\nname = \"x\"\n[dev-dependencies]\na = \"1\"\nb = \"1\" # why\n[lints]\nc = 1";
    check(reasons, "Cargo.toml", text, &[4]);
}

#[test]
fn careless_scripts() {
    let good = "#!/usr/bin/env bash\nset -euo pipefail\n";
    check(scripts, "scripts/x", good, &[1]);
    check(scripts, "scripts/packages.txt", "gcc # why\n", &[]);
    let offences = |text: &str| {
        let mut source = Source::new(".ci/run", text);
        source.executable = true;
        scripts(&source).len()
    };
    assert_eq!(offences(good), 0);
    assert_eq!(offences("#!/usr/bin/env bash\n"), 1);
    assert_eq!(offences("#!/bin/sh\nset -euo pipefail\n"), 1);
}

#[test]
fn names_of_one_place() {
    for name in FOREIGN {
        check(foreign, "README.md", &format!("a\nb {name} c\n"), &[2]);
    }
}
