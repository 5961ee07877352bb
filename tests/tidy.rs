//! Keeps the invariants of docs/ARCHITECTURE.md that the text of the project can show.
//!
//! Each rule is a function from one file to its offences, each offence names file and line
//! and says what to do, and each rule is proven to fail in `tidy/samples.rs`.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "this test reads the project, not a host, and stops at the first surprise"
)]

#[path = "tidy/samples.rs"]
mod samples;
#[path = "tidy/source.rs"]
mod source;

use std::sync::LazyLock;

use source::{Offence, Source, has_word, project};

/// Each room and the rooms it may use, lowest first: a row names rows above it alone, so
/// there are no cycles. `lib.rs` and `main.rs` see everything.
const ROOMS: &[(&str, &[&str])] = &[
    ("version", &[]),
    ("yaml", &[]),
    ("labels", &[]),
    ("time", &[]),
    ("harmless", &[]),
    ("gzip", &[]),
    ("host", &["yaml", "labels", "time", "gzip"]),
    ("facts", &["version", "gzip", "host"]),
    ("probes", &["facts"]),
    ("catalogue", &["version", "yaml", "harmless"]),
    ("diagnosis", &["version", "facts", "probes", "catalogue"]),
    ("selection", &["catalogue", "diagnosis"]),
    ("software", &["facts", "probes", "catalogue", "diagnosis"]),
    ("redact", &["facts"]),
    (
        "report",
        &[
            "time",
            "yaml",
            "labels",
            "harmless",
            "gzip",
            "facts",
            "probes",
            "diagnosis",
        ],
    ),
    (
        "features",
        &["version", "yaml", "host", "facts", "probes", "report"],
    ),
    ("reference", &["yaml", "catalogue", "report"]),
    (
        "triage",
        &[
            "version",
            "yaml",
            "catalogue",
            "facts",
            "probes",
            "diagnosis",
            "report",
            "features",
        ],
    ),
    ("object", &["catalogue", "facts", "probes", "diagnosis"]),
    ("fleet", &["gzip", "yaml", "time", "diagnosis", "report"]),
    (
        "cli",
        &[
            "version",
            "labels",
            "redact",
            "host",
            "facts",
            "probes",
            "catalogue",
            "selection",
            "software",
            "diagnosis",
            "report",
            "features",
            "reference",
            "triage",
            "object",
            "fleet",
        ],
    ),
];

/// What may be written in some places alone: the word, the places, and what to do elsewhere.
const PLACES: &[(&str, &[&str], &str)] = &[
    (
        "std::fs",
        // The child that runs the probes writes its answers to a pipe.
        &["src/host/", "src/cli/", "src/probes/child.rs"],
        "read the host through host::Host",
    ),
    (
        "std::env",
        &["src/cli/", "src/main.rs"],
        "take it as an argument from cli",
    ),
    (
        "std::process::Command",
        &[],
        "the doctor runs no other program",
    ),
    (
        "std::time",
        &["src/probes/", "src/cli/", "src/main.rs"],
        "take it as an argument from cli",
    ),
    ("print!", PRINTERS, "return text to cli"),
    ("println!", PRINTERS, "return text to cli"),
    ("eprint!", PRINTERS, "return text to cli"),
    ("eprintln!", PRINTERS, "return text to cli"),
    (
        "unsafe",
        &["src/probes/sys/"],
        "give src/probes/sys a safe function for it",
    ),
    (
        "libbpf_rs",
        &["src/probes/"],
        "kernels are asked by probes alone",
    ),
    (
        "set_print",
        &["src/probes/log.rs"],
        "one module owns libbpf's log",
    ),
    (
        "std::{",
        &[],
        "use one module per line, so that each is seen",
    ),
    (
        "procfs::process::Process",
        &[],
        "procfs parses bytes from host::Host; it reads nothing itself",
    ),
    (
        "procfs::Current",
        &[],
        "procfs parses bytes from host::Host; it reads nothing itself",
    ),
];

const PRINTERS: &[&str] = &["src/cli/", "src/main.rs"];

/// Functions that can't fail, only not know: the room and the function's name.
const INFALLIBLE: &[(&str, &str)] = &[("facts", "collect"), ("diagnosis", "diagnose")];

/// A file of more lines no longer fits in the head.
const LONGEST: usize = 400;

/// Files that are tables, which are searched rather than read, and may be longer.
const TABLES: &[&str] = &["src/triage/forms.rs"];

/// Names of servers that only this or that network has, and folders that only this or that
/// machine has. Written in pieces, so that this file is no offence itself.
const FOREIGN: &[&str] = &[
    concat!("deb.", "debian.org"),
    concat!("security.", "debian.org"),
    concat!("snapshot.", "debian.org"),
    concat!("archive.", "ubuntu.com"),
    concat!("crates", ".io/"),
    concat!("/wo", "rk/"),
    concat!("/bash", "_jobs"),
];

// ---------------------------------------------------------------------------------------
// The rules
// ---------------------------------------------------------------------------------------

/// Rooms use the rooms their row of [`ROOMS`] names, and nothing reaches round the table.
fn rooms(source: &Source) -> Vec<Offence> {
    let Some(room) = source.room() else {
        return Vec::new();
    };
    let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
        return source.whole(format!(
            "room `{room}` has no row in ROOMS of tests/tidy.rs"
        ));
    };
    let to_the_root = "super::".repeat(source.modules().len());
    source.judge(source.production(), |line| {
        if line.code.contains(&to_the_root) {
            return Some("`super` leads out of the room: write crate::room".to_owned());
        }
        let names = line.code.split("crate::").skip(1);
        let end = |c: char| !c.is_alphanumeric() && c != '_';
        let used = names.map(|rest| rest.split(end).next().unwrap_or_default());
        let used = used
            .into_iter()
            .find(|used| *used != room && !allowed.contains(used))?;
        Some(match used {
            "" => "name one room per `use crate::`".to_owned(),
            _ => format!("`{room}` may not use `{used}`: the caller passes what it needs"),
        })
    })
}

/// What belongs to some places is in no other one.
fn places(source: &Source) -> Vec<Offence> {
    source.judge(source.production(), |line| {
        let (word, _, instead) = PLACES.iter().find(|(word, allowed, _)| {
            let at_home = allowed.iter().any(|place| source.path.starts_with(place));
            !at_home && has_word(&line.code, word)
        })?;
        Some(format!("`{word}` doesn't belong here: {instead}"))
    })
}

/// The function `name` returns no `Result`. None where this file doesn't have it.
fn infallible(source: &Source, name: &str) -> Option<Vec<Offence>> {
    let start = format!("pub fn {name}(");
    let mut lines = source
        .production()
        .skip_while(|line| !line.code.contains(&start))
        .peekable();
    lines.peek()?;
    let mut ended = false;
    let signature = lines.take_while(|line| {
        let inside = !ended;
        ended = line.code.trim_end().ends_with('{');
        inside
    });
    Some(source.judge(signature, |line| {
        let what = format!("`{name}` can't fail, it can only not know: return no Result");
        has_word(&line.code, "Result").then_some(what)
    }))
}

/// A failure is an entry of checks.yaml: no code knows one by name.
fn check_ids(source: &Source, ids: &[String]) -> Vec<Offence> {
    source.judge(source.production(), |line| {
        let id = ids.iter().find(|id| has_word(&line.said, id))?;
        Some(format!(
            "the check `{id}` is named in code: express it in checks.yaml"
        ))
    })
}

/// Ids below `checks:` of the catalogue; those of causes, which stand deeper, are plain words.
fn ids_of(catalogue: &Source) -> Vec<String> {
    let lines = catalogue.lines.iter().map(|line| line.text.as_str());
    let checks = lines.skip_while(|line| *line != "checks:").skip(1);
    let depth = |line: &str| line.len() - line.trim_start().len();
    let items = checks
        .take_while(|line| line.is_empty() || line.starts_with([' ', '-', '#']))
        .filter_map(|line| Some((depth(line), line.trim_start().strip_prefix("- id: ")?)));
    let items: Vec<(usize, &str)> = items.collect();
    let own = items.first().map(|(depth, _)| *depth);
    let items = items.iter().filter(|(depth, _)| Some(*depth) == own);
    items.map(|(_, id)| id.trim().to_owned()).collect()
}

/// Each file of Rust says first what it is for.
fn headers(source: &Source) -> Vec<Offence> {
    let first = source.lines.first().map_or("", |line| &line.text);
    if !source.is_rust() || first.starts_with("//! ") {
        return Vec::new();
    }
    source.whole("say in the first line, after `//! `, what the file is for")
}

/// Files fit in the head.
fn sizes(source: &Source) -> Vec<Offence> {
    let length = source.production().count();
    if length <= LONGEST || TABLES.contains(&source.path.as_str()) {
        return Vec::new();
    }
    source.whole(format!(
        "{length} lines without tests, more than {LONGEST}: move walls"
    ))
}

/// Nothing is left half done.
fn unfinished(source: &Source) -> Vec<Offence> {
    let words = ["todo!", "unimplemented!", "dbg!", "#[ignore"];
    source.judge(source.rust(), |line| {
        let word = words.iter().find(|word| line.code.contains(*word))?;
        Some(format!("`{word}`: finish it, or take it out"))
    })
}

/// Who silences a lint says why.
fn silenced(source: &Source) -> Vec<Offence> {
    source.judge(source.rust(), |line| {
        let attribute = line.code.contains("[allow(") || line.code.contains("[expect(");
        let rest = source
            .lines
            .iter()
            .skip(line.number - 1)
            .map(|line| line.code.as_str());
        let length = rest.clone().position(|code| code.contains(")]"))? + 1;
        let reason = rest.take(length).any(|code| has_word(code, "reason"));
        (attribute && !reason).then(|| "a lint is silenced without `reason = ...`".to_owned())
    })
}

/// Each package and each dependency says in a `#` comment what it is for.
fn reasons(source: &Source) -> Vec<Offence> {
    let manifest = source.path == "Cargo.toml";
    if !manifest && !source.path.ends_with("packages.txt") {
        return Vec::new();
    }
    let mut section = "";
    let entries = source.lines.iter().filter(|line| {
        if line.text.starts_with('[') {
            section = &line.text;
        }
        !manifest || (section.ends_with("dependencies]") && line.text.contains(" = "))
    });
    source.judge(entries, |line| {
        let (entry, reason) = line.text.split_once('#').unwrap_or((&line.text, ""));
        let bare = !entry.trim().is_empty() && reason.trim().is_empty();
        bare.then(|| "say after `#` what it is for".to_owned())
    })
}

/// Scripts stop at the first error, and can be run.
fn scripts(source: &Source) -> Vec<Offence> {
    let is_script = source.path.starts_with("scripts/") || source.path.starts_with(".ci/");
    if !is_script || source.path.ends_with(".txt") {
        return Vec::new();
    }
    let has = |wanted: &str| source.lines.iter().any(|line| line.text == wanted);
    let kept = has("#!/usr/bin/env bash") && has("set -euo pipefail") && source.executable;
    if kept {
        return Vec::new();
    }
    source.whole("begin with `#!/usr/bin/env bash`, then `set -euo pipefail`, and chmod +x")
}

/// The project names no server or folder of the place where it was written.
fn foreign(source: &Source) -> Vec<Offence> {
    source.judge(source.lines.iter(), |line| {
        let name = FOREIGN.iter().find(|name| line.text.contains(*name))?;
        Some(format!(
            "`{name}` is of one network or machine: take it out"
        ))
    })
}

// ---------------------------------------------------------------------------------------
// The project keeps them
// ---------------------------------------------------------------------------------------

static PROJECT: LazyLock<Vec<Source>> = LazyLock::new(project);

#[track_caller]
fn keeps(rule: impl Fn(&Source) -> Vec<Offence>) {
    nothing_in(PROJECT.iter().flat_map(rule));
}

#[track_caller]
fn nothing_in(offences: impl Iterator<Item = Offence>) {
    let lines: Vec<String> = offences
        .map(|Offence { path, line, what }| format!("{path}:{line}: {what}"))
        .collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}

#[test]
fn rooms_use_lower_rooms_alone() {
    keeps(rooms);
}

#[test]
fn the_table_of_rooms_has_no_cycle() {
    for (place, (room, allowed)) in ROOMS.iter().enumerate() {
        let lower: Vec<&str> = ROOMS.iter().take(place).map(|(name, _)| *name).collect();
        for used in *allowed {
            assert!(
                lower.contains(used),
                "`{room}` uses `{used}`, which is not above it in ROOMS"
            );
        }
    }
}

#[test]
fn what_belongs_to_one_place_stays_there() {
    keeps(places);
}

#[test]
fn facts_and_diagnosis_cannot_fail() {
    for (room, name) in INFALLIBLE {
        let files = PROJECT.iter().filter(|source| source.room() == Some(room));
        let found: Vec<_> = files
            .filter_map(|source| infallible(source, name))
            .collect();
        assert!(
            !found.is_empty(),
            "no `pub fn {name}` in room `{room}`: update INFALLIBLE"
        );
        nothing_in(found.into_iter().flatten());
    }
}

#[test]
fn code_knows_no_check_by_name() {
    let catalogue = PROJECT.iter().find(|source| source.path == "checks.yaml");
    let ids = ids_of(catalogue.expect("checks.yaml is there"));
    assert!(
        !ids.is_empty(),
        "no `- id: ` below `checks:` in checks.yaml: update ids_of"
    );
    nothing_in(PROJECT.iter().flat_map(|source| check_ids(source, &ids)));
}

#[test]
fn files_say_what_they_are_for() {
    keeps(headers);
}

#[test]
fn files_fit_in_the_head() {
    keeps(sizes);
}

#[test]
fn nothing_is_half_done() {
    keeps(unfinished);
}

#[test]
fn silenced_lints_have_reasons() {
    keeps(silenced);
}

#[test]
fn packages_and_dependencies_have_reasons() {
    keeps(reasons);
}

#[test]
fn scripts_stop_at_errors() {
    keeps(scripts);
}

#[test]
fn nothing_names_the_place_it_was_written_in() {
    keeps(foreign);
}
