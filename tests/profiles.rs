//! Which software will run: `check --profile`, and the table of docs/PROFILES.md, made from
//! the hosts of tests/hosts.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and runs programs"
)]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use bpf_doctor::catalogue::Catalogue;
use serde_yaml::Value;
use support::{check, copy, healthy, put, run, text, yaml};

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn hosts() -> Vec<String> {
    let mut hosts: Vec<String> = fs::read_dir(project("tests/hosts"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("root").is_dir())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    hosts.sort();
    assert!(hosts.len() >= 12, "{} hosts", hosts.len());
    hosts
}

/// What a report says of each profile: its name, its verdict, and what is lacking.
fn profiles(report: &Value) -> Vec<(String, String, Vec<String>)> {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let of = |one: &Value, key: &str| -> Vec<String> {
        let lacks = one[key].as_sequence().unwrap().iter();
        lacks.map(|lack| word(&lack["need"])).collect()
    };
    let all = report["profiles"].as_sequence().unwrap().iter();
    all.map(|one| {
        let mut lacks = of(one, "missing-required");
        if lacks.is_empty() {
            lacks = of(one, "unknown");
        }
        (word(&one["profile"]), word(&one["verdict"]), lacks)
    })
    .collect()
}

/// The report on each host and all software, made once.
static REPORTS: LazyLock<BTreeMap<String, Value>> = LazyLock::new(|| {
    let report = |host: String| {
        let root = project("tests/hosts").join(&host).join("root");
        let root = root.to_str().unwrap();
        let output = run(&[
            "check",
            "--root",
            root,
            "--profile",
            "all",
            "--format",
            "yaml",
        ]);
        assert_eq!(text(&output.stderr), "", "{host}");
        (host, yaml(&output))
    };
    hosts().into_iter().map(report).collect()
});

fn of_host(host: &str) -> &'static Value {
    REPORTS.get(host).unwrap()
}

/// What the page says of software: its mark, and the word before what it lacks.
fn told(one: &Value) -> (&'static str, &'static str) {
    let is_open = !one["unknown"].as_sequence().unwrap().is_empty();
    match one["runs"].as_str().unwrap() {
        "yes" | "in-part" => ("✓", ""),
        "not-yet" if is_open => ("+?", "wants, and may want more"),
        "not-yet" => ("+", "wants"),
        "no" => ("✗", "lacks"),
        _ => ("?", "not known"),
    }
}

/// The page as it should be.
fn page(catalogue: &Catalogue) -> String {
    let mut page = "\
# Which software runs where

`bpf-doctor check --profile NAME` judges a host by what one piece of software needs;
`--profile all` gives one line for each that is known.
The exit status says of software that is named: 0 all of it will run, 1 something required is
missing, 3 that is not known. With `all` alone nothing is demanded: 0 where at least one piece of
software will run here, 1 where none will, 3 where none is known to; `--strict` demands them all,
and software named beside `all` is what decides. Reports (`--format yaml`) have it under
`profiles:`, each with `profile`, `title`, `verdict`, `runs` (yes, in-part, not-yet, no,
unknown) and what is `missing-required`,
`missing-optional`, `unknown` and `unknown-optional`, of a kernel that runs nowhere also what is
`left-to-host`; `demanded:` names what must run.

What it needs stands under `profiles:` in `checks.yaml`, each need with its reason, from the
documents named below; `--checks FILE` adds profiles of your own (docs/CATALOGUE.md).

This page is made by `cargo test --test profiles`; change `checks.yaml`, not it.

## The software

| profile | software | its documents |
| --- | --- | --- |
"
    .to_owned();
    for one in &catalogue.profiles {
        let documents = one.documents.join("; ");
        writeln!(page, "| `{}` | {} | {documents} |", one.id, one.software).unwrap();
    }
    page.push_str(
        "
## By distribution

Of the hosts in `tests/hosts`, as far as files tell: as distributions ship them, before anything
is set up, as root. ✓ it runs, + it runs once what it lacks is brought about, for which each has
something to type on this system: a package, be it of a kernel, a mount, a setting, an argument or a
right (until then it is `not-ready`, and `--profile all` says \"not yet\"), +? so it is, and something
else is not known, ✗ something it requires is missing, and the system has nothing for it (a kernel
that would have to be built first is another system), ? not known from files (on
the host an experiment would tell).

",
    );
    write!(page, "| host |").unwrap();
    for one in &catalogue.profiles {
        write!(page, " {} |", one.id).unwrap();
    }
    writeln!(
        page,
        "\n| --- |{}",
        " --- |".repeat(catalogue.profiles.len())
    )
    .unwrap();
    let mut reasons = String::new();
    for host in hosts() {
        write!(page, "| {host} |").unwrap();
        writeln!(reasons, "\n### {host}\n").unwrap();
        let report = of_host(&host);
        let all = report["profiles"].as_sequence().unwrap();
        for (one, (profile, _, lacks)) in all.iter().zip(profiles(report)) {
            let (mark, word) = told(one);
            write!(page, " {mark} |").unwrap();
            if !word.is_empty() {
                writeln!(reasons, "- `{profile}`, {word}: {}", lacks.join("; ")).unwrap();
            }
        }
        page.push('\n');
    }
    page + "\n## Why not\n" + &reasons
}

#[test]
fn the_table_is_up_to_date() {
    let path = project("docs/PROFILES.md");
    let wanted = page(&bpf_doctor::built_in_catalogue().unwrap());
    if std::env::var_os("BPF_DOCTOR_WRITE_DOCS").is_some() {
        fs::write(&path, &wanted).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == wanted,
        "docs/PROFILES.md is out of date; read what changed, then: BPF_DOCTOR_WRITE_DOCS=1 \
         cargo test --test profiles"
    );
}

/// A healthy host runs tracing tools, and does not run them any more without BTF.
#[test]
fn a_profile_judges_what_it_needs_and_nothing_else() {
    let host = healthy();
    put(
        host.path(),
        "etc/os-release",
        b"ID=debian\nVERSION_ID=\"11\"\n",
    );
    let config = "boot/config-5.10.0-32-amd64";
    let before = fs::read_to_string(host.path().join(config)).unwrap();
    put(
        host.path(),
        config,
        format!("{before}CONFIG_BPF_EVENTS=y\n").as_bytes(),
    );
    let arguments = ["--profile", "libbpf-tools"];
    let output = check(&host, &arguments);
    let report = yaml(&output);
    assert_eq!(profiles(&report)[0].1, "ready", "{}", text(&output.stdout));
    assert_eq!(output.status.code(), Some(0));
    // An ill that it has nothing to do with is not judged.
    let all = report["findings"].as_sequence().unwrap();
    assert!(
        all.iter()
            .all(|finding| finding["check"] != "cgroup-legacy-mode")
    );

    fs::remove_file(host.path().join("sys/kernel/btf/vmlinux")).unwrap();
    put(host.path(), "sys/kernel/btf/.keep", b"");
    let output = check(&host, &arguments);
    let report = yaml(&output);
    let (_, verdict, lacks) = profiles(&report).remove(0);
    assert_eq!(
        (verdict.as_str(), lacks),
        ("not-ready", vec!["The kernel offers no BTF".to_owned()])
    );
    assert_eq!(
        (output.status.code(), &report["verdict"]),
        (Some(1), &Value::from("not-ready"))
    );
    // For xdp-tools the same is optional: a warning.
    let optional = check(&host, &["--profile", "xdp-tools"]);
    let report = yaml(&optional);
    assert_eq!(profiles(&report)[0].1, "ready");
    assert_eq!(optional.status.code(), Some(0));
    let all = report["findings"].as_sequence().unwrap();
    let btf = all
        .iter()
        .find(|finding| finding["check"] == "kernel-btf-missing");
    assert_eq!(btf.unwrap()["severity"], "warning");
    let strict = check(&host, &["--profile", "xdp-tools", "--fail-on", "warning"]);
    assert_eq!(strict.status.code(), Some(1));
}

#[test]
fn all_profiles_are_a_line_each_and_a_saved_report_says_the_same() {
    let catalogue = bpf_doctor::built_in_catalogue().unwrap();
    let root = project("tests/hosts/debian-12/root");
    let root = root.to_str().unwrap();
    let output = run(&["check", "--root", root, "--profile", "all"]);
    let lines = text(&output.stdout);
    // Below the host and above the sum of them.
    let of_software = || lines.lines().filter(|line| line.starts_with('['));
    assert_eq!(of_software().count(), catalogue.profiles.len());
    let (head, _) = lines.split_once('\n').unwrap();
    assert!(head.contains(" · Linux 6.1.0-56-amd64"), "{head}");
    assert!(lines.contains(" will run here, "), "{lines}");
    // Some do not run on it, which was not demanded.
    assert!(lines.contains("[✗]") || lines.contains("[x]"), "{lines}");
    assert_eq!(output.status.code(), Some(0));
    let strict = run(&["check", "--root", root, "--profile", "all", "--strict"]);
    assert_eq!(strict.status.code(), Some(1));
    let demanded = ["check", "--root", root, "--profile", "all", "--profile"];
    for (name, status) in [("cilium", 0), ("sched-ext", 1)] {
        let mut arguments = demanded.to_vec();
        arguments.push(name);
        assert_eq!(run(&arguments).status.code(), Some(status), "{name}");
    }
    for (line, profile) in of_software().zip(&catalogue.profiles) {
        assert!(line.contains(&profile.title), "{line}");
    }
    let report = run(&["check", "--root", root, "--format", "yaml"]);
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("report.yaml");
    fs::write(&saved, &report.stdout).unwrap();
    let again = run(&[
        "check",
        "--from",
        saved.to_str().unwrap(),
        "--profile",
        "all",
    ]);
    // Each says how to go on with the same host.
    let (by_root, by_report) = (
        format!("bpf-doctor check --root {root} --profile "),
        format!("bpf-doctor check --from {} --profile ", saved.display()),
    );
    let told = text(&again.stdout).replace(&by_report, &by_root);
    assert!(told.contains(&by_root), "{told}");
    assert_eq!(told, lines);
}

/// A saved report that was asked for software, or for some checks, says so where it is judged by
/// all.
#[test]
fn a_report_that_was_asked_otherwise_says_so() {
    let root = &project("tests/hosts/debian-12/root");
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("report.yaml");
    let from = ["check", "--from", saved.to_str().unwrap()];
    for (asked, told) in [
        (&[][..], None),
        (&["--profile", "all"], Some("--profile all, ")),
        (&["--profile", "cilium"], Some("--profile cilium, ")),
        (
            &["--profile", "cilium", "--profile", "bcc"],
            Some("--profile cilium --profile bcc, "),
        ),
        (&["--skip", "cgroup"], Some("--skip cgroup, ")),
    ] {
        let made = [
            &[
                "check",
                "--root",
                root.to_str().unwrap(),
                "--format",
                "yaml",
            ],
            asked,
        ]
        .concat();
        fs::write(&saved, run(&made).stdout).unwrap();
        let said = text(&run(&from).stderr);
        match told {
            None => assert_eq!(said, ""),
            Some(told) => assert!(said.contains(&format!("was made with {told}")), "{said}"),
        }
        // Who asks for something is told what was asked for.
        for again in [&["--profile", "falco"], &["--only", "cgroup"]] {
            assert_eq!(text(&run(&[&from[..], again].concat()).stderr), "");
        }
    }
}

/// What is told of software that does not run is a reason, and not what it needs; what lacks but
/// an optional part is not said not to run, whatever is demanded.
#[test]
fn lacks_are_told_as_lacks() {
    let locked = changed(|root| {
        fs::create_dir_all(root.join("sys/kernel/security")).unwrap();
        let file = root.join("sys/kernel/security/lockdown");
        fs::write(file, "none integrity [confidentiality]\n").unwrap();
    });
    let fedora = project("tests/hosts/fedora-42/root");
    for (root, arguments, title, told, never) in [
        (
            locked.path(),
            &[][..],
            "Tetragon ",
            "does not  Lockdown forbids reading kernel memory",
            "Lockdown lets programs read",
        ),
        (
            fedora.as_path(),
            &["--strict"],
            "Tetragon ",
            "in part  but: lacks Overriding of return values",
            "does not",
        ),
        (
            fedora.as_path(),
            &["--fail-on", "warning"],
            "Beyla ",
            "in part  but: Lockdown forbids writes to user memory",
            "does not",
        ),
        (
            fedora.as_path(),
            &["--strict"],
            "bcc tools ",
            "not known ",
            "does not",
        ),
        (
            fedora.as_path(),
            &[],
            "Tetragon ",
            "runs  but: lacks ",
            "without",
        ),
    ] {
        let mut all = vec![
            "check",
            "--root",
            root.to_str().unwrap(),
            "--profile",
            "all",
        ];
        all.extend(arguments);
        let lines = text(&run(&all).stdout);
        let line = lines.lines().find(|line| line.contains(title)).unwrap();
        assert!(line.contains(told), "{line}");
        assert!(!line.contains(never), "{line}");
    }
}

/// Hosts whose text is held against their report as well.
const TOLD: &[&str] = &["debian-13", "rhel-8.1", "opensuse-tumbleweed", "talos-1.9"];

/// Software for which each lack has something to type on the host runs not yet, and not "not"; and
/// none is promised for which a lack has nothing. Text and report say the same.
#[test]
fn what_can_be_brought_about_here_is_no_plain_no() {
    let catalogue = bpf_doctor::built_in_catalogue().unwrap();
    let mut seen = [0, 0];
    for host in hosts() {
        let root = project("tests/hosts").join(&host).join("root");
        let root = root.to_str().unwrap();
        let lines = match TOLD.contains(&host.as_str()) {
            true => text(&run(&["check", "--root", root, "--profile", "all"]).stdout),
            false => String::new(),
        };
        let report = of_host(&host);
        let findings = report["findings"].as_sequence().unwrap();
        let all = report["profiles"].as_sequence().unwrap();
        let waiting = all.iter().filter(|one| one["runs"] == "not-yet").count();
        let sum = format!("{waiting} not before the fixes are made");
        assert_eq!(
            lines.contains(&sum),
            waiting > 0 && !lines.is_empty(),
            "{lines}"
        );
        for one in all {
            let id = one["profile"].as_str().unwrap();
            let title = &catalogue.profile(id).unwrap().title;
            let runs = one["runs"].as_str().unwrap();
            for line in lines.lines().filter(|line| line.contains(title)) {
                for (word, is) in [("  not yet", "not-yet"), ("  does not", "no")] {
                    assert_eq!(line.contains(word), runs == is, "{host}: {line}");
                }
            }
            let lacks = one["missing-required"].as_sequence().unwrap();
            if lacks.is_empty() {
                continue;
            }
            let has_step = |lack: &Value| {
                let mut findings = findings.iter();
                let finding = findings.find(|finding| finding["check"] == lack["check"]);
                let of_check = finding.map(|finding| &finding["fixes"]);
                let fixes = [Some(&lack["fixes"]), of_check].into_iter().flatten();
                let fixes = fixes.filter_map(|fixes| fixes.as_sequence()).flatten();
                let is_step = |fix: &Value| {
                    let lines = fix["commands"].as_sequence().into_iter().flatten();
                    let told = lines.count() > 0;
                    let other = ["program", "kernel-config"];
                    let by_hand = fix["by-hand"].as_str();
                    told && !other.contains(&fix["kind"].as_str().unwrap())
                        && by_hand.is_none_or(|by_hand| by_hand == "decision")
                };
                let mut fixes = fixes;
                fixes.any(is_step)
            };
            let wanted = lacks.iter().all(has_step);
            assert_eq!(runs == "not-yet", wanted, "{host}, {id}: {one:#?}");
            seen[usize::from(wanted)] += 1;
        }
    }
    assert!(seen.iter().all(|count| *count > 20), "{seen:?}");
}

/// Each as a person reads it off the host's files.
#[test]
fn whether_it_runs_here_yet_is_what_the_host_can_be_made_to() {
    for (host, rows) in [
        // Boots with cgroup v2 by an argument; an option of theirs stands for the number.
        (
            "rhel-8.10",
            &[("systemd", "not-yet"), ("parca-agent", "not-yet")][..],
        ),
        (
            "rhel-8.10",
            &[("otel-profiler", "not-yet"), ("sched-ext", "no")],
        ),
        // By a file of BTF, which some take in the place of the kernel's.
        (
            "debian-10",
            &[("tetragon", "not-yet"), ("cilium", "no"), ("tracee", "no")],
        ),
        // Headers come in a package; the call itself is not known.
        ("alpine-3.21", &[("bcc", "not-yet"), ("systemd", "no")]),
        (
            "centos-7",
            &[("bcc", "not-yet"), ("systemd", "no"), ("falco", "no")],
        ),
        (
            "debian-13",
            &[("bcc", "not-yet"), ("sched-ext", "no"), ("falco", "yes")],
        ),
        // Systems without a package of headers.
        ("talos-1.9", &[("bcc", "no")]),
        (
            "wsl2-5.15",
            &[
                ("bcc", "no"),
                ("systemd", "not-yet"),
                ("bpftrace", "not-yet"),
            ],
        ),
        // A later packaged kernel, by its vendor's build or its number; one that may do, and none.
        (
            "rhel-8.1",
            &[
                ("cilium", "not-yet"),
                ("falco", "not-yet"),
                ("sched-ext", "no"),
            ],
        ),
        ("ubuntu-24.04", &[("sched-ext", "not-yet")]),
        (
            "ubuntu-20.04",
            &[
                ("cilium", "not-yet"),
                ("falco", "not-yet"),
                ("sched-ext", "no"),
            ],
        ),
        ("amazon-2023", &[("sched-ext", "no")]),
        ("android-15", &[("tetragon", "no"), ("pixie", "no")]),
    ] {
        let report = of_host(host);
        let all = report["profiles"].as_sequence().unwrap();
        for (id, runs) in rows {
            let one = all.iter().find(|one| one["profile"] == *id).unwrap();
            assert_eq!(one["runs"], *runs, "{host}: {one:#?}");
        }
    }
}

/// A need's fix is told with what it risks, as a check's is.
#[test]
fn what_a_fix_of_a_need_risks_is_told() {
    for (host, profile) in [("rhel-8.10", "otel-profiler"), ("debian-13", "sched-ext")] {
        let root = project("tests/hosts").join(host).join("root");
        let root = root.to_str().unwrap();
        let told = text(&run(&["check", "--root", root, "--profile", profile]).stdout);
        let all = of_host(host)["profiles"].as_sequence().unwrap();
        let one = all.iter().find(|one| one["profile"] == profile).unwrap();
        let lacks = one["missing-required"].as_sequence().unwrap().iter();
        let fixes = lacks
            .filter_map(|lack| lack["fixes"].as_sequence())
            .flatten();
        let risks: Vec<&str> = fixes.filter_map(|fix| fix["risk"].as_str()).collect();
        assert!(!risks.is_empty(), "{one:#?}");
        for risk in risks {
            assert!(told.contains(&format!("risk: {risk}")), "{told}");
        }
    }
}

/// A host of Fedora's, changed where it matters.
fn changed(change: fn(&Path)) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&project("tests/hosts/fedora-42/root"), folder.path());
    change(folder.path());
    folder
}

fn edit(root: &Path, path: &str, change: impl Fn(&str) -> String) {
    let before = fs::read_to_string(root.join(path)).unwrap();
    let after = change(&before);
    assert_ne!(before, after, "{path}");
    put(root, path, after.as_bytes());
}

fn lock(root: &Path, level: &str) {
    let levels = "none integrity confidentiality";
    let text = levels.replace(level, &format!("[{level}]"));
    put(root, "sys/kernel/security/lockdown", text.as_bytes());
}

/// A process with these capabilities, by their bits.
fn with_capabilities(root: &Path, bits: &[u32]) {
    let mask: u64 = bits.iter().map(|bit| 1_u64 << bit).sum();
    edit(root, "proc/self/status", |text| {
        let line = |line: &str| match line.starts_with("CapEff:") {
            true => format!("CapEff:\t{mask:016x}\n"),
            false => format!("{line}\n"),
        };
        text.lines().map(line).collect()
    });
}

fn without_options(root: &Path, options: &[&str]) {
    let path = "lib/modules/6.17.5-200.fc42.x86_64/config";
    edit(root, path, |text| {
        let kept = text.lines().filter(|line| {
            let of = |option: &&str| line.starts_with(&format!("CONFIG_{option}="));
            !options.iter().any(of)
        });
        kept.map(|line| format!("{line}\n")).collect()
    });
}

const TRACING: &[&str] = &[
    "tetragon",
    "falco",
    "tracee",
    "inspektor-gadget",
    "bpftrace",
    "libbpf-tools",
    "pixie",
    "parca-agent",
    "otel-profiler",
    "obi",
    "kepler",
];

/// In confidentiality mode the kernel keeps its memory, kprobes and tracefs from programs;
/// in integrity mode it does not, and nobody is told that it might.
#[test]
fn lockdown_matters_where_programs_read_the_kernel() {
    for (level, runs) in [
        ("none", true),
        ("integrity", true),
        ("confidentiality", false),
    ] {
        let set: fn(&Path) = match level {
            "none" => |root| lock(root, "none"),
            "integrity" => |root| lock(root, "integrity"),
            _ => |root| lock(root, "confidentiality"),
        };
        let report = yaml(&check(&changed(set), &["--profile", "all"]));
        for (profile, verdict, lacks) in profiles(&report) {
            if TRACING.contains(&profile.as_str()) {
                assert_eq!(verdict == "ready", runs, "{level}: {profile} {lacks:?}");
                let told = lacks.iter().any(|lack| lack.contains("Lockdown lets"));
                assert_eq!(told, !runs, "{level}: {profile} {lacks:?}");
            } else if ["cilium", "katran", "xdp-tools", "calico-ebpf"].contains(&profile.as_str()) {
                assert_eq!(verdict, "ready", "{level}: {profile} {lacks:?}");
            }
        }
        let all = report["profiles"].as_sequence().unwrap();
        for one in all.iter().filter(|one| one["profile"] != "obi") {
            let optional = one["missing-optional"].as_sequence().unwrap();
            let told = optional
                .iter()
                .any(|lack| lack["check"] == "kernel-lockdown");
            assert!(!told, "{level}: {one:?}");
        }
    }
}

/// Each asks for the capabilities its own documents name.
#[test]
fn capabilities_are_those_of_each_software() {
    const NET_ADMIN: u32 = 12;
    const SYS_PTRACE: u32 = 19;
    const SYS_ADMIN: u32 = 21;
    const SYS_RESOURCE: u32 = 24;
    const SYSLOG: u32 = 34;
    const PERFMON: u32 = 38;
    const BPF: u32 = 39;
    let falco: fn(&Path) =
        |root| with_capabilities(root, &[BPF, PERFMON, SYS_RESOURCE, SYS_PTRACE]);
    let network: fn(&Path) = |root| with_capabilities(root, &[BPF, NET_ADMIN]);
    let no_admin: fn(&Path) = |root| with_capabilities(root, &[BPF, PERFMON, NET_ADMIN]);
    let admin: fn(&Path) = |root| with_capabilities(root, &[SYS_ADMIN]);
    let profiler: fn(&Path) = |root| with_capabilities(root, &[BPF, PERFMON, SYSLOG, SYS_RESOURCE]);
    let limited: fn(&Path) = |root| with_capabilities(root, &[BPF, PERFMON, SYSLOG]);
    let reader: fn(&Path) = |root| with_capabilities(root, &[SYS_ADMIN, SYSLOG]);
    // Symbols are open to everybody by both settings alone.
    let open: fn(&Path) = |root| {
        with_capabilities(root, &[BPF, PERFMON, SYS_RESOURCE]);
        put(root, "proc/sys/kernel/perf_event_paranoid", b"1\n");
    };
    let restricted: fn(&Path) = |root| put(root, "proc/sys/kernel/kptr_restrict", b"2\n");
    // With the rights of root, who it is not.
    let user: fn(&Path) = |root| {
        let file = "proc/self/status";
        edit(root, file, |text| {
            text.replace("Uid:\t0\t0\t0\t0", "Uid:\t1000\t1000\t1000\t1000")
        });
    };
    let lent: fn(&Path) = |root| {
        with_capabilities(root, &[BPF, PERFMON]);
        let file = "proc/self/status";
        edit(root, file, |text| {
            text.replace("Uid:\t0\t0\t0\t0", "Uid:\t1000\t1000\t1000\t1000")
        });
    };
    for (set, profile, lacking) in [
        (falco, "falco", ""),
        (falco, "libbpf-tools", ""),
        (lent, "libbpf-tools", "CAP_DAC_READ_SEARCH"),
        (user, "libbpf-tools", ""),
        (falco, "otel-profiler", "CAP_SYSLOG"),
        (limited, "otel-profiler", "CAP_SYS_RESOURCE"),
        (profiler, "otel-profiler", ""),
        (open, "otel-profiler", ""),
        (restricted, "otel-profiler", "kptr_restrict"),
        (restricted, "parca-agent", "kptr_restrict"),
        (user, "bpftrace", "Root"),
        (user, "bcc", "Root"),
        (user, "inspektor-gadget", "Root"),
        (user, "falco", ""),
        (falco, "bpftrace", ""),
        (falco, "obi", "CAP_NET_RAW"),
        (falco, "parca-agent", "CAP_SYS_ADMIN"),
        (falco, "katran", "CAP_NET_ADMIN"),
        (network, "katran", ""),
        (network, "falco", "CAP_BPF and CAP_PERFMON"),
        (no_admin, "parca-agent", "CAP_SYS_ADMIN"),
        (no_admin, "tetragon", "CAP_SYS_ADMIN"),
        (no_admin, "pixie", "CAP_SYS_ADMIN"),
        (no_admin, "cilium", ""),
        (admin, "parca-agent", "CAP_SYSLOG"),
        (reader, "parca-agent", ""),
        (admin, "katran", "CAP_NET_ADMIN"),
    ] {
        let report = yaml(&check(&changed(set), &["--profile", profile]));
        let (_, verdict, lacks) = profiles(&report).remove(0);
        assert_eq!(
            verdict == "ready",
            lacking.is_empty(),
            "{profile}: {lacks:?}"
        );
        let told = lacks.iter().any(|lack| lack.contains(lacking));
        assert!(told || lacking.is_empty(), "{profile}: {lacks:?}");
    }
}

/// A list of required options is read to its end, and a number proves no option.
#[test]
fn required_options_are_those_of_the_documents() {
    for (option, profile, words) in [
        ("BLK_CGROUP", "tetragon", "BLK_CGROUP"),
        ("CGROUP_SCHED", "tetragon", "CGROUP_SCHED"),
        ("CPUSETS", "tetragon", "CPUSETS"),
        ("CGROUP_PERF", "tetragon", "CGROUP_PERF"),
        ("CGROUP_BPF", "tetragon", "CGROUP_BPF"),
        ("FUNCTION_TRACER", "bpftrace", "FUNCTION_TRACER"),
        ("DYNAMIC_FTRACE", "bpftrace", "DYNAMIC_FTRACE"),
        ("SCHED_CLASS_EXT", "sched-ext", "SCHED_CLASS_EXT"),
        // Control groups of version 2 have these without an option.
        ("CGROUP_FREEZER", "tetragon", ""),
    ] {
        let host = changed(|_| ());
        without_options(host.path(), &[option]);
        let report = yaml(&check(&host, &["--profile", profile]));
        let (_, verdict, lacks) = profiles(&report).remove(0);
        assert_eq!(verdict == "ready", words.is_empty(), "{option}: {lacks:?}");
        let told = lacks.iter().any(|lack| lack.contains(words));
        assert!(told || words.is_empty(), "{option}: {lacks:?}");
    }
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "proc/sys/kernel/osrelease", b"6.12.9\n");
    let report = yaml(&check(&root, &["--profile", "sched-ext"]));
    let lacks = report["profiles"][0]["unknown"].as_sequence().unwrap();
    let mut names = lacks.iter().map(|lack| lack["need"].as_str().unwrap());
    assert!(names.any(|need| need.contains("SCHED_CLASS_EXT")));
}

/// What the documents of each say, and no more.
#[test]
fn needs_are_those_of_the_documents() {
    let host = healthy();
    put(
        host.path(),
        "etc/os-release",
        b"ID=debian\nVERSION_ID=\"10\"\n",
    );
    put(
        host.path(),
        "proc/sys/kernel/osrelease",
        b"4.19.0-27-amd64\n",
    );
    let build = b"#1 SMP Debian 4.19.316-1 (2024-06-25)\n";
    put(host.path(), "proc/sys/kernel/version", build);
    let lines = b"CONFIG_BPF_SYSCALL=y\nCONFIG_BPF=y\n# CONFIG_SCHEDSTATS is not set\n\
                  # CONFIG_IP_SET is not set\n";
    put(host.path(), "boot/config-4.19.0-27-amd64", lines);
    put(host.path(), "proc/sys/kernel/kptr_restrict", b"2\n");
    let status = fs::read_to_string(host.path().join("proc/self/status")).unwrap();
    let status = status.replace("000001ffffffffff", "000000c000001000");
    put(host.path(), "proc/self/status", status.as_bytes());
    for (profile, key, words, there) in [
        ("katran", "missing-required", "Linux", false),
        ("bpftrace", "missing-required", "Linux", false),
        ("bpftrace", "missing-optional", "Linux 6.1", true),
        ("cilium", "missing-required", "SCHEDSTATS", true),
        ("cilium", "missing-optional", "Sets of iptables", true),
        ("tracee", "missing-required", "CAP_SYS_RESOURCE", true),
        ("tracee", "missing-required", "CAP_SYS_PTRACE", true),
        ("tracee", "missing-required", "CAP_SYSLOG", true),
        ("tracee", "missing-required", "CAP_NET_ADMIN", false),
        ("tracee", "missing-optional", "kptr_restrict", true),
    ] {
        let report = yaml(&check(&host, &["--profile", profile]));
        let lacks = report["profiles"][0][key].as_sequence().unwrap();
        let mut lacks = lacks.iter().map(|lack| lack["need"].as_str().unwrap());
        let found = lacks.any(|need| need.contains(words));
        assert_eq!(found, there, "{profile}, {key}: {words}");
    }
}

/// Both look up a tracepoint at their start and end without it, whatever else is there.
#[test]
fn profilers_do_not_start_without_tracefs() {
    let host = healthy();
    edit(host.path(), "proc/self/mountinfo", |text| {
        let kept = text.lines().filter(|line| !line.contains("tracefs"));
        kept.map(|line| format!("{line}\n")).collect()
    });
    for profile in ["otel-profiler", "parca-agent"] {
        let report = yaml(&check(&host, &["--profile", profile]));
        let one = &report["profiles"][0];
        assert_eq!(one["verdict"], "not-ready", "{profile}: {one:#?}");
        let lacks = one["missing-required"].as_sequence().unwrap();
        let mut lacks = lacks.iter().map(|lack| lack["check"].as_str());
        assert!(
            lacks.any(|check| check == Some("tracefs-not-mounted")),
            "{one:#?}"
        );
    }
}

#[test]
fn a_name_that_is_none_is_met_with_the_nearest() {
    for (name, hint) in [
        ("tetragone", "did you mean `tetragon`?"),
        ("zzz", "there are: cilium, tetragon"),
    ] {
        let output = run(&["check", "--profile", name]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(text(&output.stderr).contains(hint), "{output:?}");
    }
}

#[test]
fn profiles_of_ones_own_are_read_as_strictly_and_linted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.yaml");
    let name = path.to_str().unwrap();
    let good = "profiles:\n  - id: mine\n    title: Mine\n    software: Mine 1\n    documents: [here]\n    \
                requires: [kernel-btf-missing, {need: x, condition: {config: BPF, is: y}}]\n";
    let host = healthy();
    let judged = |text: &str| {
        fs::write(&path, text).unwrap();
        check(&host, &["--checks", name, "--profile", "mine"])
    };
    let output = judged(good);
    assert_eq!(profiles(&yaml(&output))[0].1, "ready");
    for (from, to, complaint) in [
        ("id: mine", "id: all", "means every profile"),
        (
            "kernel-btf-missing",
            "kernel-btf-mising",
            "mine.yaml:2: unknown check `kernel-btf-mising`, did you mean",
        ),
        ("need: x", "ned: x", "did you mean `need`?"),
        ("need: x, ", "", "has `need` (a few words) and `condition`"),
        ("requires:", "require:", "did you mean `requires`?"),
    ] {
        let output = judged(&good.replacen(from, to, 1));
        assert_eq!(output.status.code(), Some(2), "{to}");
        assert!(text(&output.stderr).contains(complaint), "{to}: {output:?}");
    }
    let linted = |text_of: &str| {
        fs::write(&path, text_of).unwrap();
        text(&run(&["checks", "lint", name]).stdout)
    };
    for (from, to, complaint) in [
        ("[here]", "[]", "no documents"),
        (
            "{config: BPF, is: y}",
            "{all: [{lsm: bpf}, {not: {lsm: bpf}}]}",
            "can never be met",
        ),
        (
            "[kernel-btf-missing,",
            "[kernel-btf-missing, kernel-btf-missing,",
            "is named twice",
        ),
        ("need: x", "need: x", "`x` has no `id`"),
        (
            "{need: x,",
            "{id: k, need: z, condition: {config: BPF, is: y}}, {id: k, need: x,",
            "two needs have the id `k`",
        ),
    ] {
        let told = linted(&good.replacen(from, to, 1));
        assert!(told.contains(complaint), "{to}: {told}");
    }
}

/// A host of RHEL 8 with another kernel and another release of the system.
fn of_rhel8(release: &str, version_id: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&project("tests/hosts/rhel-8.10/root"), folder.path());
    put(
        folder.path(),
        "proc/sys/kernel/osrelease",
        format!("{release}\n").as_bytes(),
    );
    let os = format!(
        "NAME=\"x\"\nID=\"centos\"\nID_LIKE=\"rhel fedora\"\nVERSION_ID=\"{version_id}\"\n"
    );
    for path in ["etc/os-release", "usr/lib/os-release"] {
        if folder.path().join(path).exists() {
            fs::remove_file(folder.path().join(path)).unwrap();
        }
        put(folder.path(), path, os.as_bytes());
    }
    folder
}

/// Where a need of these words is told: `required`, `optional`, `unknown`, or not at all. Of a report
/// on all profiles.
fn told_as(report: &Value, profile: &str, words: &str) -> &'static str {
    let mut all = report["profiles"].as_sequence().unwrap().iter();
    let one = all.find(|one| one["profile"] == profile).unwrap();
    for (key, place) in [
        ("missing-required", "required"),
        ("missing-optional", "optional"),
        ("unknown", "unknown"),
        ("unknown-optional", "unknown-optional"),
    ] {
        let lacks = one[key].as_sequence().unwrap();
        let mut needs = lacks.iter().map(|lack| lack["need"].as_str().unwrap());
        if needs.any(|need| need.contains(words)) {
            return place;
        }
    }
    ""
}

fn of_all(host: &tempfile::TempDir) -> Value {
    yaml(&check(host, &["--profile", "all"]))
}

/// The kernels are those of each software's own document; of RHEL's, the build decides, and
/// not how the release is called that it is installed on.
#[test]
fn kernels_are_those_of_each_document() {
    let builds = [
        ("4.18.0-147.57.1.el8_1.x86_64", "8.1"),
        ("4.18.0-193.el8.x86_64", "8"),
        ("4.18.0-305.3.1.el8.x86_64", "8"),
        ("4.18.0-348.7.1.el8_5.x86_64", "8"),
        ("4.18.0-372.9.1.el8.x86_64", "8"),
        ("4.18.0-553.6.1.el8.x86_64", "8"),
        // What runs is what was booted, and not what is installed beside it.
        ("4.18.0-348.7.1.el8_5.x86_64", "8.10"),
    ];
    let required = "required";
    let rows = [
        (
            "cilium",
            "Linux 5.10",
            [
                required, required, required, required, "unknown", "", required,
            ],
        ),
        (
            "calico-ebpf",
            "Linux 5.10",
            [required, required, "", "", "", "", ""],
        ),
        // It asks for the number, whatever was brought to it.
        ("parca-agent", "by its number", [required; 7]),
        ("inspektor-gadget", "Linux 5.10", ["unknown"; 7]),
        (
            "obi",
            "Linux 5.8",
            [required, required, "unknown", "", "", "", ""],
        ),
        (
            "falco",
            "ring buffer",
            [required, required, "unknown", "", "", "", ""],
        ),
    ];
    for (index, (release, version_id)) in builds.iter().enumerate() {
        let host = of_all(&of_rhel8(release, version_id));
        for (profile, words, told) in rows {
            assert_eq!(
                told_as(&host, profile, words),
                told[index],
                "{profile} on {release}"
            );
        }
    }
    let ubuntu = |release: &str| {
        let host = healthy();
        put(
            host.path(),
            "etc/os-release",
            b"ID=ubuntu\nVERSION_ID=\"20.04\"\n",
        );
        put(
            host.path(),
            "proc/sys/kernel/osrelease",
            format!("{release}\n").as_bytes(),
        );
        put(host.path(), "proc/sys/kernel/version", b"#1-Ubuntu SMP\n");
        of_all(&host)
    };
    for (release, rows) in [
        (
            "4.15.0-20-generic",
            &[("calico-ebpf", "Linux 5.10", required)][..],
        ),
        (
            "5.4.0-150-generic",
            &[
                ("calico-ebpf", "Linux 5.10", required),
                ("xdp-tools", "Linux 5.3", ""),
                ("inspektor-gadget", "Linux 5.10", required),
            ],
        ),
        (
            "5.15.0-20-generic",
            &[
                ("calico-ebpf", "Linux 5.10", ""),
                ("calico-ebpf", "Linux 5.16", "optional"),
                ("parca-agent", "by its number", ""),
                ("inspektor-gadget", "Linux 5.10", ""),
            ],
        ),
    ] {
        let report = ubuntu(release);
        for (profile, words, told) in rows {
            assert_eq!(
                told_as(&report, profile, words),
                *told,
                "{profile} on {release}"
            );
        }
    }
}

/// Processors that a document leaves out do not run it.
#[test]
fn processors_are_those_of_the_documents() {
    for arch in ["x86_64", "aarch64", "s390x", "ppc64le", "riscv64"] {
        let host = changed(|_| ());
        put(
            host.path(),
            "proc/sys/kernel/arch",
            format!("{arch}\n").as_bytes(),
        );
        let host = of_all(&host);
        let missing = match arch {
            "x86_64" | "aarch64" => "",
            _ => "required",
        };
        for (profile, words, told) in [
            ("obi", "x86-64 or arm64", missing),
            ("cilium", "x86-64 or arm64", missing),
            ("tetragon", "x86-64 or arm64", missing),
            ("calico-ebpf", "x86-64 or arm64", missing),
            ("otel-profiler", "x86-64 or arm64", missing),
            // The same profiler.
            ("parca-agent", "x86-64 or arm64", missing),
        ] {
            let as_told = told_as(&host, profile, words);
            assert_eq!(as_told, told, "{profile} on {arch}");
        }
        // Two more have its probe as an experiment.
        let falco = told_as(&host, "falco", "x86-64 or arm64");
        let told = match arch {
            "x86_64" | "aarch64" => "",
            "s390x" | "ppc64le" => "optional",
            _ => "required",
        };
        assert_eq!(falco, told, "falco on {arch}");
    }
}

/// Nothing is judged that the software does not need, also where it needs no check at all.
#[test]
fn a_profile_of_conditions_alone_judges_no_check() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.yaml");
    let name = path.to_str().unwrap();
    for (range, verdict, status, word, ending) in [
        (">=4.9", "ready", 0, "will run", "ready"),
        (
            ">=99.1",
            "not-ready",
            1,
            "will not run",
            "not ready: Mine will not run; 1 need not met",
        ),
    ] {
        let file = format!(
            "profiles:\n  - id: mine\n    title: Mine\n    software: Mine 1\n    documents: [here]\n    \
             requires: [{{need: A kernel, because: b, condition: {{kernel: \"{range}\"}}}}]\n"
        );
        fs::write(&path, file).unwrap();
        let host = project("tests/hosts/debian-10/root");
        let root = host.to_str().unwrap();
        let arguments = [
            "check",
            "--root",
            root,
            "--checks",
            name,
            "--profile",
            "mine",
        ];
        let output = run(&[&arguments[..], &["--format", "yaml"]].concat());
        assert_eq!(output.status.code(), Some(status), "{output:?}");
        let report = yaml(&output);
        assert_eq!(
            report["findings"].as_sequence().unwrap().len(),
            0,
            "{range}"
        );
        assert_eq!(profiles(&report)[0].1, verdict);
        let told = text(&run(&arguments).stdout);
        assert!(told.contains(word), "{told}");
        let last = told.lines().last().unwrap();
        assert_eq!(last, ending, "{told}");
        let script = text(&run(&[&arguments[..], &["--fix-script"]].concat()).stdout);
        assert!(!script.contains("# check "), "{script}");
    }
}

/// An entry that can't do what it says is used, and not without a word.
#[test]
fn a_fault_in_a_checks_file_is_told_where_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.yaml");
    let name = path.to_str().unwrap();
    let entry = |because: &str| {
        format!(
            "checks:\n  - id: mine\n    area: kernel\n    kind: host\n    severity: info\n    title: t\n    \
             ok: o\n    why: w\n    fails: {{config: BPF, is: y}}\n    causes: [{{because: \"{because}\"}}]\n    \
             confirm: [look]\n    references: [here]\n"
        )
    };
    let host = healthy();
    for (because, told) in [("always", ""), ("always {{kernel.release}}", "placeholder")] {
        fs::write(&path, entry(because)).unwrap();
        let output = check(&host, &["--checks", name, "--only", "mine"]);
        let stderr = text(&output.stderr);
        assert_eq!(stderr.is_empty(), told.is_empty(), "{stderr}");
        assert!(stderr.contains(told), "{stderr}");
    }
}
