//! What checks.yaml owes its readers: every documented failure is there, rests on something,
//! speaks plainly, serves the notes, and is proven.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test stops at the first surprise, reads the project's own files and counts aloud"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use bpf_doctor::catalogue::{Catalogue, Check, Kind, Remedy};
use serde::Deserialize;
use serde_yaml::Value;

/// The failures that were documented when the catalogue began. Ids are permanent: the list
/// may grow, and nothing leaves it.
const DOCUMENTED: &str = "
    kernel-btf-missing kernel-btf-incompatible module-btf-mismatch kernel-build-btf-failed
    object-btf-missing object-btf-rejected core-relocation-failed fentry-target-missing
    kfunc-unavailable unresolved-extern

    missing-privilege unprivileged-bpf-disabled memlock-rlimit container-seccomp-denied lsm-denied
    kernel-lockdown perf-event-paranoid bpf-lsm-not-enabled

    cgroup2-missing cgroup-bpf-unsupported bpffs-not-mounted tracefs-not-mounted

    bpf-syscall-missing sockmap-config-missing sockhash-btf-unsupported map-type-unsupported
    map-config-invalid map-size-limit map-memory-exhausted map-full map-reuse-mismatch
    prog-type-unsupported attach-type-unsupported helper-unavailable global-data-unsupported
    kernel-version-mismatch fentry-unsupported jit-unavailable

    kprobe-symbol-missing kprobe-target-unusable kprobes-disabled tracepoint-missing
    uprobe-symbol-missing

    verifier-unbounded-access verifier-packet-access verifier-invalid-mem-access
    verifier-null-check verifier-invalid-stack-access verifier-uninit-register
    verifier-ctx-access verifier-helper-arg-type verifier-unreleased-reference
    verifier-misaligned-access verifier-loop verifier-complexity-limit stack-limit
    verifier-return-value gpl-only-helper printk-format

    xdp-native-unsupported xdp-mtu-too-large xdp-already-attached tc-clsact-missing
    iproute2-no-libelf

    kernel-headers-missing bcc-header-mismatch clang-toolchain legacy-map-definition
    sec-name-unrecognized libbpf-too-old application-bug

    array-mmap-unsupported cgroup-hybrid-mode cgroup-legacy-mode stream-parser-missing
    bpf-trace-printk-shared next-boot-differs dev-tools-missing core-read-broken
    bpf-stats-or-jit-hardening config-disagrees
";

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn catalogue() -> Catalogue {
    bpf_doctor::built_in_catalogue().unwrap()
}

fn read<T: serde::de::DeserializeOwned>(path: &str) -> T {
    serde_yaml::from_str(&fs::read_to_string(project().join(path)).unwrap()).unwrap()
}

#[test]
fn every_documented_failure_is_an_entry() {
    let catalogue = catalogue();
    let documented: Vec<&str> = DOCUMENTED.split_whitespace().collect();
    let unique: BTreeSet<&str> = documented.iter().copied().collect();
    assert_eq!(unique.len(), documented.len());
    let missing: Vec<&str> = documented
        .into_iter()
        .filter(|id| catalogue.check(id).is_none())
        .collect();
    assert_eq!(missing, [""; 0]);
    let ids: BTreeSet<&str> = catalogue.checks.iter().map(|c| c.id.as_str()).collect();
    assert_eq!(ids.len(), catalogue.checks.len(), "an id stands once");
}

#[test]
fn every_entry_rests_on_something_and_can_be_seen_by_hand() {
    for check in &catalogue().checks {
        assert!(!check.references.is_empty(), "{}", check.id);
        assert!(!check.confirm.is_empty(), "{}", check.id);
        let cured = check.causes.iter().filter(|cause| !cause.fixes.is_empty());
        assert_eq!(cured.count(), check.causes.len(), "{} has no fix", check.id);
        for fix in check.causes.iter().flat_map(|cause| &cause.fixes) {
            if let Remedy::Steps(_, steps) = &fix.remedy {
                for command in steps.commands.iter().chain(&steps.undo) {
                    assert!(!command.contains('\n'), "{}: {command}", check.id);
                }
            }
        }
    }
}

/// Where the program alone is at fault, the reader wants to see code.
#[test]
fn faults_of_programs_show_what_to_change() {
    let catalogue = catalogue();
    let verifier = catalogue.checks.iter();
    let verifier = verifier.filter(|c| c.area == "verifier" && c.kind == Kind::Program);
    assert!(verifier.clone().count() >= 13);
    for check in verifier {
        let change = check.change.as_deref().unwrap_or_default();
        assert!(change.contains(';'), "{} shows no code", check.id);
        assert!(check.fails.is_none(), "{}", check.id);
    }
}

/// Texts as people read them in a terminal: sentences that end, one space between words,
/// nothing that a terminal would obey.
fn offence(check: &Check) -> Option<String> {
    let sentences = check.causes.iter().map(|cause| cause.because.as_str());
    for text in sentences.chain([check.why.as_str()]) {
        if !text.trim_end().ends_with(['.', ':', '?']) {
            return Some(format!("no end: {text}"));
        }
    }
    let fixes = check.causes.iter().flat_map(|cause| &cause.fixes);
    let lines = fixes.clone().map(|fix| fix.summary.as_str());
    for text in lines
        .chain([check.title.as_str()])
        .chain(check.ok.as_deref())
    {
        if text.ends_with('.') || text.len() > 200 {
            return Some(format!("a heading, without a full stop: {text}"));
        }
    }
    if check.title.chars().count() > 72 {
        return Some(format!("long title: {}", check.title));
    }
    let risks = fixes.filter_map(|fix| fix.risk.as_deref());
    let all = check.causes.iter().map(|cause| cause.because.as_str());
    for text in all.chain(risks).chain([check.why.as_str(), &check.title]) {
        let odd = |c: char| c.is_control() || ('\u{2028}'..='\u{202e}').contains(&c);
        if text.chars().any(odd) || text.contains("  ") {
            return Some(format!("not plain: {text}"));
        }
    }
    None
}

#[test]
fn texts_are_plain() {
    let offences: Vec<String> = catalogue()
        .checks
        .iter()
        .filter_map(|check| offence(check).map(|text| format!("{}: {text}", check.id)))
        .collect();
    assert!(offences.is_empty(), "{}", offences.join("\n"));
}

/// The ids between backticks on the lines `Entries: …` of each section of docs/notes-coverage.md.
fn coverage() -> BTreeMap<u8, Vec<String>> {
    let text = fs::read_to_string(project().join("docs/notes-coverage.md")).unwrap();
    let mut sections: BTreeMap<u8, Vec<String>> = BTreeMap::new();
    let mut current = None;
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            current = heading.split('.').next().and_then(|n| n.parse().ok());
            sections.entry(current.unwrap()).or_default();
        } else if let (Some(rest), Some(item)) = (line.strip_prefix("Entries: "), current) {
            let ids = rest.split('`').skip(1).step_by(2).map(str::to_owned);
            sections.get_mut(&item).unwrap().extend(ids);
        }
    }
    sections
}

#[test]
fn all_seventeen_notes_are_served() {
    let catalogue = catalogue();
    let sections = coverage();
    assert!(sections.keys().copied().eq(1..=17), "{:?}", sections.keys());
    for (item, ids) in &sections {
        assert!(!ids.is_empty(), "item {item} names no entry");
        for id in ids {
            let check = catalogue.check(id);
            let check = check.unwrap_or_else(|| panic!("item {item}: no entry `{id}`"));
            assert!(
                check.notes.contains(item),
                "`{id}` does not name item {item}"
            );
        }
    }
    for check in &catalogue.checks {
        for item in &check.notes {
            assert!((1..=17).contains(item), "{} names item {item}", check.id);
        }
    }
}

// ---------------------------------------------------------------------------------------
// Proofs
// ---------------------------------------------------------------------------------------

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proofs {
    /// Entries with `fails` that no fixture and no cell shows.
    hosts: BTreeMap<String, Unseen>,
    /// Entries without `fails` that no log of the project shows.
    logs: Vec<Unprovoked>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unseen {
    fail: Option<String>,
    ok: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unprovoked {
    because: String,
    ids: Vec<String>,
}

/// What was found on the fixtures, as a person has read it; not what a failed test left beside.
fn findings() -> Vec<PathBuf> {
    let files = fs::read_dir(project().join("tests/findings")).unwrap();
    let files = files.map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|end| end == "snap"))
        .collect()
}

/// Whether fixtures show a check failing, and ok.
fn seen_on_fixtures() -> BTreeMap<String, (bool, bool)> {
    let mut seen: BTreeMap<String, (bool, bool)> = BTreeMap::new();
    for path in findings() {
        for line in fs::read_to_string(path).unwrap().lines() {
            let Some((mark, rest)) = line.strip_prefix("  [").and_then(|l| l.split_once("] "))
            else {
                continue;
            };
            let Some(id) = rest.split("  ").last() else {
                continue;
            };
            let (fails, ok) = seen.entry(id.to_owned()).or_default();
            *fails |= ["✗", "!", "i"].contains(&mark);
            *ok |= mark == "✓";
        }
    }
    seen
}

/// Checks that cells of tests/kernels expect to fail, and to be ok.
fn seen_in_cells() -> (BTreeSet<String>, BTreeSet<String>) {
    fn walk(value: &Value, key: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Mapping(map) => {
                for (name, value) in map {
                    if name.as_str() == Some(key) {
                        let ids = value.as_mapping().into_iter().flat_map(|map| map.keys());
                        found.extend(ids.filter_map(|id| Some(id.as_str()?.to_owned())));
                    } else if name.as_str() != Some("unproven") {
                        walk(value, key, found);
                    }
                }
            }
            Value::Sequence(list) => list.iter().for_each(|value| walk(value, key, found)),
            _ => {}
        }
    }
    let cells: Value = read("tests/kernels/cells.yaml");
    let (mut fail, mut ok) = (BTreeSet::new(), BTreeSet::new());
    walk(&cells, "fail", &mut fail);
    walk(&cells, "ok", &mut ok);
    (fail, ok)
}

#[test]
fn every_check_was_seen_failing_and_ok() {
    let proofs: Proofs = read("tests/proofs.yaml");
    let fixtures = seen_on_fixtures();
    let (failing, healthy) = seen_in_cells();
    let mut complaints = Vec::new();
    let catalogue = catalogue();
    // Hosts made for one check each: rows of the form `("id", "fail", …)`.
    let made = fs::read_to_string(project().join("tests/checks.rs")).unwrap();
    let judged = catalogue.checks.iter().filter(|c| c.fails.is_some());
    for Check { id, .. } in judged {
        let (fails, ok) = fixtures.get(id).copied().unwrap_or_default();
        let excuse = proofs.hosts.get(id);
        for (what, seen, excuse) in [
            (
                "fail",
                fails || failing.contains(id),
                excuse.and_then(|e| e.fail.as_ref()),
            ),
            (
                "ok",
                ok || healthy.contains(id),
                excuse.and_then(|e| e.ok.as_ref()),
            ),
        ] {
            let seen = seen || made.contains(&format!("(\"{id}\", \"{what}\""));
            match (seen, excuse) {
                (false, None) => complaints.push(format!("nothing shows {id} as {what}")),
                (true, Some(_)) => {
                    complaints.push(format!(
                        "{id} is seen as {what}: take it off tests/proofs.yaml"
                    ));
                }
                (false, Some(because)) => assert!(because.len() > 10, "{id}"),
                (true, None) => {}
            }
        }
    }
    for id in proofs.hosts.keys() {
        if catalogue
            .check(id)
            .is_none_or(|check| check.fails.is_none())
        {
            complaints.push(format!("tests/proofs.yaml: {id} is no check of hosts"));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// The fixtures of tests/findings on which a check fails, and on which it is ok.
fn fixtures_of(id: &str) -> (Vec<String>, Vec<String>) {
    let (mut fails, mut ok) = (Vec::new(), Vec::new());
    for path in findings() {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        for line in fs::read_to_string(&path).unwrap().lines() {
            let line = line
                .strip_prefix("  [")
                .and_then(|line| line.split_once("] "));
            match line {
                Some((_, rest)) if rest.split("  ").last() != Some(id) => {}
                Some(("✗" | "!" | "i", _)) => fails.push(name.clone()),
                Some(("✓", _)) => ok.push(name.clone()),
                _ => {}
            }
        }
    }
    fails.sort();
    ok.sort();
    (fails, ok)
}

/// What proves an entry, in a line.
fn proof(check: &Check, logs: &[PathBuf], cells: &(BTreeSet<String>, BTreeSet<String>)) -> String {
    let id = check.id.as_str();
    let proofs: Proofs = read("tests/proofs.yaml");
    if check.fails.is_none() {
        let mut of_id: Vec<String> = logs
            .iter()
            .map(|path| path.strip_prefix(project()).unwrap())
            .filter(|path| path.iter().any(|part| is_of(part.to_str().unwrap(), id)))
            .map(|path| path.to_str().unwrap().to_owned())
            .collect();
        of_id.sort();
        let listed = proofs.logs.iter();
        let mut listed = listed.filter(|group| group.ids.iter().any(|one| one == id));
        return match (of_id.as_slice(), listed.next()) {
            ([], Some(group)) => format!("none yet: {}", group.because),
            ([], None) => "none yet".to_owned(),
            ([one], _) => format!("{one}, which the project provoked"),
            ([one, rest @ ..], _) => {
                format!("{one} and {} more that the project provoked", rest.len())
            }
        };
    }
    let made = fs::read_to_string(project().join("tests/checks.rs")).unwrap();
    let (fails, ok) = fixtures_of(id);
    let excuse = proofs.hosts.get(id);
    let of = |what: &str, on: &[String], in_cell: bool, excuse: Option<&String>| {
        let mut seen = Vec::new();
        if let [one, rest @ ..] = on {
            let more = match rest.len() {
                0 => String::new(),
                count => format!(" and {count} more"),
            };
            seen.push(format!("tests/hosts/{one}{more}"));
        }
        if in_cell {
            seen.push("a kernel of tests/kernels/cells.yaml".to_owned());
        }
        if seen.is_empty() && made.contains(&format!("(\"{id}\", \"{what}\"")) {
            seen.push("a host made for it in tests/checks.rs".to_owned());
        }
        match (seen.is_empty(), excuse) {
            (true, Some(excuse)) => format!("nowhere yet ({excuse})"),
            _ => seen.join(", "),
        }
    };
    format!(
        "fails on {}; ok on {}",
        of(
            "fail",
            &fails,
            cells.0.contains(id),
            excuse.and_then(|one| one.fail.as_ref())
        ),
        of(
            "ok",
            &ok,
            cells.1.contains(id),
            excuse.and_then(|one| one.ok.as_ref())
        ),
    )
}

/// `checks show` and the pages name what proves an entry.
#[test]
fn proofs_are_named_and_up_to_date() {
    let (logs, cells) = (logs(), seen_in_cells());
    let mut text = String::new();
    for check in &catalogue().checks {
        let proof = proof(check, &logs, &cells).replace('\n', " ");
        text.push_str(&format!("{}: {proof}\n", check.id));
    }
    let path = project().join("src/reference/proofs.txt");
    if std::env::var_os("BPF_DOCTOR_WRITE_DOCS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(
        fs::read_to_string(path).unwrap(),
        text,
        "make it anew with: BPF_DOCTOR_WRITE_DOCS=1 cargo test --test catalogue"
    );
    assert!(
        !text.contains("fails on ;") && !text.contains("ok on \n"),
        "{text}"
    );
}

/// Whether a file or a folder of logs is named by an id.
fn is_of(part: &str, id: &str) -> bool {
    let rest = part.strip_prefix(id);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '@', '_']))
}

/// Files of tests/logs, with the parts of their paths.
fn logs() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![project().join("tests/logs")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => open.push(path),
                false => found.push(path),
            }
        }
    }
    found
}

#[test]
fn every_symptom_was_provoked_or_is_listed() {
    let proofs: Proofs = read("tests/proofs.yaml");
    let logs = logs();
    let listed: BTreeMap<&str, &str> = proofs
        .logs
        .iter()
        .flat_map(|group| {
            group
                .ids
                .iter()
                .map(|id| (id.as_str(), group.because.as_str()))
        })
        .collect();
    let mut complaints = Vec::new();
    let catalogue = catalogue();
    let (mut proven, mut unproven) = (0, 0);
    for Check { id, .. } in catalogue.checks.iter().filter(|c| c.fails.is_none()) {
        let of_id = |path: &PathBuf| {
            path.strip_prefix(project())
                .unwrap()
                .iter()
                .any(|part| is_of(part.to_str().unwrap(), id))
                && fs::metadata(path).unwrap().len() > 0
        };
        match (logs.iter().any(of_id), listed.get(id.as_str())) {
            (true, None) => proven += 1,
            (false, Some(_)) => unproven += 1,
            (true, Some(_)) => complaints.push(format!("{id} has a log: take it off the list")),
            (false, None) => complaints.push(format!("no log shows {id}, and it is not listed")),
        }
    }
    for (id, because) in &listed {
        if catalogue
            .check(id)
            .is_none_or(|check| check.fails.is_some())
        {
            complaints.push(format!("tests/proofs.yaml: {id} is not known by symptoms"));
        }
        assert!(because.len() > 10, "{id}");
    }
    println!("{proven} failures provoked by the project, {unproven} not yet");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
