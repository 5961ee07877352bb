//! The catalogue as something to read: `checks list | show | lint | schema`, the pages made
//! of it, and the schemas it is held against.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and runs programs"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bpf_doctor::reference::{Schema, pages, schema};
use serde_json::{Value, json};
use support::{check, healthy, run, text};

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn validator(of: Schema) -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(schema(of)).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

#[track_caller]
fn fits(validator: &jsonschema::Validator, document: &Value, name: &str) {
    let errors: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}");
}

fn from_yaml(bytes: &[u8]) -> Value {
    let mut value: serde_yaml::Value = serde_yaml::from_slice(bytes).unwrap();
    value.apply_merge().unwrap();
    serde_json::to_value(value).unwrap()
}

/// Holds generated pages against those in the project; with BPF_DOCTOR_WRITE_DOCS set it
/// writes them instead.
fn up_to_date(folder: &str, wanted: &[(String, String)]) {
    let folder = project(folder);
    if std::env::var_os("BPF_DOCTOR_WRITE_DOCS").is_some() {
        fs::remove_dir_all(&folder).unwrap();
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in wanted {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    let hint = "make them anew with: BPF_DOCTOR_WRITE_DOCS=1 cargo test --test reference";
    let there: BTreeSet<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let names: BTreeSet<String> = wanted.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(there, names, "{hint}");
    for (name, text) in wanted {
        let page = fs::read_to_string(folder.join(name)).unwrap();
        assert!(page == *text, "docs/checks/{name} is out of date; {hint}");
    }
}

#[test]
fn pages_are_up_to_date() {
    let catalogue = bpf_doctor::built_in_catalogue().unwrap();
    let pages = pages(&catalogue).into_iter();
    let pages: Vec<_> = pages.map(|page| (page.name, page.text)).collect();
    let all: String = pages.iter().map(|(_, text)| text.as_str()).collect();
    for check in &catalogue.checks {
        assert!(
            all.contains(&format!("\n## {}\n", check.id)),
            "{}",
            check.id
        );
    }
    up_to_date("docs/checks", &pages);
}

#[test]
fn the_built_in_catalogue_fits_its_schema_and_wrong_files_do_not() {
    let validator = validator(Schema::Checks);
    let good = from_yaml(&fs::read(project("checks.yaml")).unwrap());
    fits(&validator, &good, "checks.yaml");
    let check = |changed: &dyn Fn(&mut Value)| {
        let mut document = good.clone();
        changed(&mut document["checks"][0]);
        validator.is_valid(&document)
    };
    assert!(check(&|_| ()));
    let wrong: [(&str, Value); 8] = [
        ("tytle", json!("x")),
        ("severity", json!("eror")),
        ("id", json!("Not An Id")),
        ("title", json!(" ")),
        ("causes", json!([])),
        ("fails", json!({"config": "CONFIG_BPF", "is": "y"})),
        ("fails", json!({"all": []})),
        ("fails", json!({"config": "BPF", "sysctl": "a", "is": "y"})),
    ];
    for (key, value) in wrong {
        let refused = !check(&|check| check[key] = value.clone());
        assert!(refused, "{key}: {value}");
    }
    let two =
        json!({"because": "b", "fixes": [{"summary": "s", "sysctl": {"a": 1}, "memlock": 1}]});
    assert!(!check(&|check| check["causes"] = json!([two])));
}

/// The parser names the keys it knows where it refuses one; the schema has the same.
#[test]
fn the_schema_knows_the_keys_that_the_parser_knows() {
    let schema: Value = serde_json::from_str(schema(Schema::Checks)).unwrap();
    let keys = |pointer: &str| -> BTreeSet<String> {
        let properties = schema.pointer(pointer).unwrap().as_object().unwrap();
        properties.keys().cloned().collect()
    };
    let check = "checks: [{id: c, area: a, kind: host, severity: info, title: t, ok: o, why: w, \
                 FAILS, causes: [CAUSE]}]";
    let fails = "fails: {config: A, is: y}";
    let file = |cause: &str| check.replace("FAILS", fails).replace("CAUSE", cause);
    let rows = [
        ("/properties", "zzz: 1".to_owned()),
        ("/$defs/area/properties", "areas: [{zzz: 1}]".to_owned()),
        ("/$defs/option/properties", "options: [{zzz: 1}]".to_owned()),
        ("/$defs/check/properties", "checks: [{zzz: 1}]".to_owned()),
        ("/$defs/cause/properties", file("{zzz: 1}")),
        (
            "/$defs/fix/properties",
            file("{because: b, fixes: [{zzz: 1}]}"),
        ),
        (
            "/$defs/steps/properties",
            file("{because: b, fixes: [{summary: s, program: {zzz: 1}}]}"),
        ),
        (
            "/$defs/condition/properties",
            check.replace("FAILS", "fails: {zzz: 1}"),
        ),
    ];
    for (pointer, wrong) in rows {
        let mut catalogue = bpf_doctor::catalogue::Catalogue::default();
        let error = catalogue.extend("c", &wrong, bpf_doctor::vocabulary());
        let message = error.unwrap_err().message;
        let (_, known) = message.split_once("expected ").unwrap();
        let known: BTreeSet<String> = known
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .take_while(|word| word != "zzz")
            .collect();
        // What is put after it is the word that was probably meant, one of the same.
        assert_eq!(known, keys(pointer), "{pointer}: {message}");
    }
}

#[test]
fn reports_fit_their_schema_in_json_and_yaml() {
    let validator = validator(Schema::Report);
    let mut hosts: Vec<PathBuf> = fs::read_dir(project("tests/hosts"))
        .unwrap()
        .map(|entry| entry.unwrap().path().join("root"))
        .filter(|root| root.is_dir())
        .collect();
    hosts.sort();
    assert!(hosts.len() >= 12, "{}", hosts.len());
    for root in hosts {
        let name = root.to_str().unwrap();
        let output = run(&["check", "--root", name, "--format", "json"]);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        fits(&validator, &report, name);
    }
    let mut live: Value = serde_json::from_slice(&run(&["--format", "json"]).stdout).unwrap();
    fits(&validator, &live, "this host");
    let host = healthy();
    let labelled = check(&host, &["--label", "example.com/role=web"]);
    let labelled = from_yaml(&labelled.stdout);
    assert_eq!(labelled["host"]["labels"]["example.com/role"], "web");
    fits(&validator, &labelled, "healthy");
    live["findings"][0]["status"] = json!("fine");
    assert!(!validator.is_valid(&live));
    live.as_object_mut().unwrap().remove("findings");
    assert!(!validator.is_valid(&live));
}

#[test]
fn schemas_are_printed() {
    for (arguments, of) in [
        (&["checks", "schema"][..], Schema::Checks),
        (&["checks", "schema", "report"], Schema::Report),
    ] {
        assert_eq!(text(&run(arguments).stdout), schema(of));
    }
}

#[test]
fn the_list_has_every_check_and_filters() {
    let catalogue = bpf_doctor::built_in_catalogue().unwrap();
    let all = text(&run(&["checks", "list"]).stdout);
    for check in &catalogue.checks {
        assert!(all.contains(&format!("  {} ", check.id)), "{}", check.id);
    }
    let machine = |arguments: &[&str]| {
        let output = run(&[&["checks", "list", "--format", "json"], arguments].concat());
        let list: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(list["schema"], "bpf-doctor/checks/v1");
        list["checks"].as_array().unwrap().clone()
    };
    assert_eq!(machine(&[]).len(), catalogue.checks.len());
    let errors = machine(&["--severity", "error", "--area", "btf"]);
    assert!(!errors.is_empty());
    let right = |check: &Value| check["severity"] == "error" && check["area"] == "btf";
    assert!(errors.iter().all(right), "{errors:?}");
    // An area is found by its id as a word, too.
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own.yaml");
    let entry = "areas: [{id: mine, title: Mine}]\nchecks:\n  - {id: own-fault, area: mine, kind: \
                 program, severity: error, title: T, why: W., causes: [{because: B.}]}\n";
    fs::write(&own, entry).unwrap();
    let own = own.to_str().unwrap();
    let of_area = |checks: &[Value]| checks.iter().any(|check| check["id"] == "own-fault");
    assert!(of_area(&machine(&["mine", "--checks", own])));
    let listed = text(&run(&["checks", "list", "mine", "--checks", own]).stdout);
    assert!(listed.contains("checks list --area mine"), "{listed}");
    let wrong = run(&["checks", "list", "--area", "nowhere"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("there are: kernel, btf"));
}

#[test]
fn every_check_can_be_shown_and_what_is_shown_in_yaml_is_a_checks_file() {
    let catalogue = bpf_doctor::built_in_catalogue().unwrap();
    let ids: Vec<&str> = catalogue.checks.iter().map(|c| c.id.as_str()).collect();
    let shown = text(&run(&[&["checks", "show"], ids.as_slice()].concat()).stdout);
    for check in &catalogue.checks {
        assert!(shown.contains(&check.title), "{}", check.id);
    }
    let output = run(&[&["checks", "show", "--format", "yaml"], ids.as_slice()].concat());
    let entries = from_yaml(&output.stdout);
    assert_eq!(entries["schema"], "bpf-doctor/checks/v1");
    fits(&validator(Schema::Checks), &json!(entries), "what is shown");
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own.yaml");
    fs::write(&own, &output.stdout).unwrap();
    let linted = run(&["checks", "lint", own.to_str().unwrap()]);
    assert!(text(&linted.stdout).contains("0 errors"), "{linted:?}");
    let listed = run(&["checks", "list", "--checks", own.to_str().unwrap()]);
    assert_eq!(listed.status.code(), Some(0), "{listed:?}");
}

#[test]
fn an_id_that_is_none_is_met_with_the_nearest() {
    for (id, hint) in [
        ("kernel-lockdwon", "did you mean `kernel-lockdown`?"),
        ("zzzz", "`bpf-doctor checks list` lists all"),
    ] {
        let output = run(&["checks", "show", id]);
        assert_eq!(output.status.code(), Some(2), "{id}");
        assert!(text(&output.stderr).contains(hint), "{id}: {output:?}");
    }
}

#[test]
fn lint_tells_where_a_file_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.yaml");
    let entry = "checks:\n  - id: mine\n    area: maps\n    kind: host\n    severity: error\n    \
                 title: t\n    ok: o\n    why: w\n    fails: {config: BPF, is: y}\n    causes:\n      \
                 - because: b\n        fixes: [{summary: s, sysctl: {kernel.kptr_restrict: 1}}]\n    \
                 confirm: [look]\n    references: [here]\n";
    let lint = |text: &str, arguments: &[&str]| {
        fs::write(&path, text).unwrap();
        let name = path.to_str().unwrap();
        run(&[&["checks", "lint", name], arguments].concat())
    };
    let good = lint(entry, &["--strict"]);
    assert_eq!(
        (good.status.code(), text(&good.stdout).as_str()),
        (Some(0), "1 file: 0 errors, 0 of advice\n")
    );
    let bare = entry.replace("    references: [here]\n", "");
    assert_eq!(lint(&bare, &[]).status.code(), Some(0));
    let strict = lint(&bare, &["--strict"]);
    assert_eq!(strict.status.code(), Some(1));
    assert!(text(&strict.stdout).contains("mine.yaml:2: advice: mine: no references"));
    let wrong = lint(&entry.replace("kind:", "kint:"), &["--format", "yaml"]);
    assert_eq!(wrong.status.code(), Some(1));
    let wrong = from_yaml(&wrong.stdout);
    assert_eq!(wrong["schema"], "bpf-doctor/lint/v1");
    assert_eq!(wrong["offences"][0]["line"], 4);
    let missing = run(&["checks", "lint", "/nowhere/at/all.yaml"]);
    assert_eq!(missing.status.code(), Some(2));
}

/// A terminal obeys some characters, and a reader does not see others.
#[test]
fn what_a_terminal_would_obey_stands_in_no_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.yaml");
    let good = "checks:\n  - id: mine\n    area: maps\n    kind: host\n    severity: error\n    \
        title: TITLE\n    ok: OK\n    why: WHY\n    fails: {config: BPF, is: y}\n    causes:\n      \
        - because: BECAUSE\n        fixes: [{summary: SUMMARY, risk: RISK, setting: {commands: [COMMAND], \
        undo: [UNDO], needs: nothing}}]\n    confirm: [CONFIRM]\n    references: [REFERENCE]\n\
        profiles:\n  - id: p\n    title: PTITLE\n    software: SOFTWARE\n    documents: [DOCUMENT]\n    \
        requires: [{need: NEED, condition: {config: BPF, is: y}, because: PBECAUSE}]\n";
    let prose = ["WHY", "BECAUSE", "PBECAUSE"];
    let lines = [
        "TITLE",
        "OK",
        "SUMMARY",
        "RISK",
        "COMMAND",
        "UNDO",
        "CONFIRM",
        "REFERENCE",
        "PTITLE",
        "SOFTWARE",
        "DOCUMENT",
        "NEED",
    ];
    let lint = |text_of: &str| {
        fs::write(&path, text_of).unwrap();
        run(&["checks", "lint", path.to_str().unwrap()])
    };
    assert_eq!(lint(good).status.code(), Some(0), "{:?}", lint(good));
    for field in lines.iter().chain(&prose) {
        // Whole words alone: TITLE stands in PTITLE.
        let with = |value: &str| {
            let at = good
                .match_indices(field)
                .find(|(at, _)| !good[..*at].ends_with(|c: char| c.is_ascii_uppercase()));
            let (at, _) = at.unwrap();
            format!("{}\"{value}\"{}", &good[..at], &good[at + field.len()..])
        };
        for (value, is_harmful) in [
            ("\\e[31mred", true),
            ("gno\\u202el", true),
            ("gno\\u200bl", true),
            ("two\\nlines", !prose.contains(field)),
            ("plain", false),
        ] {
            let output = lint(&with(value));
            let status = if is_harmful { 1 } else { 0 };
            let told = text(&output.stdout);
            assert_eq!(
                output.status.code(),
                Some(status),
                "{field}: {value}: {told}"
            );
            assert_eq!(
                told.contains("control characters"),
                is_harmful,
                "{field}: {told}"
            );
            let raw =
                |c: char| c.is_control() && c != '\n' || ('\u{200b}'..='\u{202e}').contains(&c);
            assert!(!told.contains(raw), "{field}: {told:?}");
        }
    }
}

#[test]
fn a_question_that_nothing_answers_is_met_with_a_word() {
    for (arguments, complaint) in [
        (
            &["checks", "list", "nosuchword"][..],
            "there is no check with `nosuchword` in it",
        ),
        (&["checks", "show", "tetragon"], "no check but a profile"),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(complaint), "{output:?}");
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
    }
}
