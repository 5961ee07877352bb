//! `check --fix-script`: read by shellcheck for every host there is, and run for real in a
//! root of its own, twice.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and runs programs"
)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_yaml::Value;
use support::{copy, healthy, put, run, text};

fn hosts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts");
    let mut hosts: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().join("root"))
        .filter(|root| root.is_dir())
        .collect();
    hosts.sort();
    assert!(hosts.len() >= 12, "{} hosts", hosts.len());
    hosts
}

fn script(root: &Path) -> String {
    script_and(root, "")
}

/// The script of a host of which this is told besides.
fn script_and(root: &Path, told: &str) -> String {
    let output = run(&["check", "--root", root.to_str().unwrap(), "--fix-script"]);
    assert_eq!(text(&output.stderr), told, "{}", root.display());
    text(&output.stdout)
}

#[track_caller]
fn is_clean(name: &str, script: &str) {
    let mut shellcheck = Command::new("shellcheck");
    shellcheck
        .args(["--severity", "style", "-"])
        .stdin(Stdio::piped());
    let shellcheck = shellcheck.stdout(Stdio::piped()).spawn();
    // Not found is a failure: a test that did not look has seen nothing.
    let mut shellcheck = shellcheck.unwrap();
    let mut input = shellcheck.stdin.take().unwrap();
    input.write_all(script.as_bytes()).unwrap();
    drop(input);
    let output = shellcheck.wait_with_output().unwrap();
    assert!(output.status.success(), "{name}: {}", text(&output.stdout));
}

/// Lines that the shell runs, but for the checks at the start and the last word.
fn typed(script: &str) -> Vec<&str> {
    let after = script.split_once("# --- ").map_or("", |(_, rest)| rest);
    let lines = after.lines().skip(1);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("echo "))
        .collect()
}

#[test]
fn shellcheck_finds_nothing_on_any_host() {
    let mut steps = 0;
    for root in hosts() {
        let script = script(&root);
        let name = root.display().to_string();
        is_clean(&name, &script);
        assert!(script.starts_with("#!/bin/sh\n"), "{name}");
        assert!(script.contains("\nset -eu\n"), "{name}");
        steps += typed(&script).len();
        // Whatever fails is told, with its check.
        let report = run(&[
            "check",
            "--root",
            root.to_str().unwrap(),
            "--format",
            "yaml",
        ]);
        let report: Value = serde_yaml::from_slice(&report.stdout).unwrap();
        for finding in report["findings"].as_sequence().unwrap() {
            let id = finding["check"].as_str().unwrap();
            let told = script.contains(&format!("# check    {id} ("));
            assert_eq!(told, finding["status"] == "fail", "{name}: {id}");
        }
    }
    assert!(steps > 20, "{steps} lines to run on all hosts");
}

/// A profile of somebody's own, whose needs no check tells of.
const AGENT: &str = "
profiles:
  - id: agent
    title: Agent
    software: Agent 1
    documents: [here]
    requires:
      - need: Events of processors for everybody
        condition: {sysctl: kernel.perf_event_paranoid, is: 1}
        because: It samples
        fixes: [{summary: Open them, sysctl: {kernel.perf_event_paranoid: 1}}]
      - need: Samples for everybody
        condition: {sysctl: kernel.perf_event_paranoid, at-most: 1}
        fixes: [{summary: Open them, sysctl: {kernel.perf_event_paranoid: 1}}]
      - {need: A machine of 1970, condition: {fact: kernel.arch, is: mips}}
    optional:
      - need: A newer kernel
        condition: {kernel: \">=9.1\"}
        fixes: [{summary: Boot it, upgrade: {kernel: \"9.1\", needs: reboot}}]
";

/// What software lacks and no check tells of is mended or told like what checks find.
#[test]
fn needs_of_software_are_steps_like_findings() {
    let host = healthy();
    put(host.path(), "proc/sys/kernel/pid_max", b"32768\n");
    put(host.path(), "proc/sys/kernel/perf_event_paranoid", b"2\n");
    let file = host.path().join("agent.yaml");
    fs::write(&file, AGENT).unwrap();
    let (root, file) = (host.path().to_str().unwrap(), file.to_str().unwrap());
    // The same need of two profiles is a step once.
    let twice = fs::read_to_string(file).unwrap().replace("agent", "second");
    let second = host.path().join("second.yaml");
    fs::write(&second, twice).unwrap();
    let second = second.to_str().unwrap();
    for named in [&["agent"][..], &["agent", "second"], &["all"]] {
        let mut arguments = vec!["check", "--root", root, "--fix-script", "--checks", file];
        arguments.extend(["--checks", second]);
        for name in named {
            arguments.extend(["--profile", *name]);
        }
        let output = run(&arguments);
        let script = text(&output.stdout);
        is_clean("agent", &script);
        let typed = typed(&script);
        let steps = typed
            .iter()
            .filter(|line| **line == "sysctl -w kernel.perf_event_paranoid=1");
        assert_eq!(steps.count(), 1, "{named:?}: {script}");
        for told in [
            "# profile  agent (error)\n",
            "# for      It samples\n",
            "# undo     ",
            "# A machine of 1970\n",
            "# fix      Boot it\n",
            "echo '  error    A machine of 1970, which agent needs'",
            "echo '  warning  A newer kernel, which agent can do without'",
            "# Samples for everybody\n",
            "# done     by step ",
            "echo 'done; ",
        ] {
            assert!(script.contains(told), "{told} {named:?}: {script}");
        }
        // What was asked with is asked with again.
        let files = format!("bpf-doctor check --checks {file} --checks {second} --profile");
        let verify = format!("# verify   {files} agent\n");
        assert!(script.contains(&verify), "{verify} {named:?}: {script}");
        let last = format!("{files} {}'", named.join(" --profile "));
        assert!(script.contains(&last), "{last} {named:?}: {script}");
    }
    let script = text(
        &run(&[
            "check",
            "--root",
            fixture("rhel-8.10").to_str().unwrap(),
            "--fix-script",
            "--profile",
            "otel-profiler",
        ])
        .stdout,
    );
    let need = "  error    Linux 5.10 by its number, which otel-profiler needs'";
    assert!(script.contains(need), "{script}");
    assert!(script.contains("no-kernel-version-check"), "{script}");
}

/// Whoever reads its last lines alone knows what is left to do, and what this script says nothing
/// of: each sentence is true of what stands under it.
#[test]
fn the_last_lines_tell_what_remains() {
    let (mut left, mut without) = (0, 0);
    let all_of = |root: &Path| {
        let arguments = ["check", "--root", root.to_str().unwrap(), "--fix-script"];
        text(&run(&[&arguments[..], &["--profile", "all"]].concat()).stdout)
    };
    let some = ["rhel-8.10", "amazon-2", "android-15", "talos-1.9"];
    let plain = hosts().into_iter().map(|root| script(&root));
    let software = some.map(|host| all_of(&fixture(host)));
    for script in plain.chain(software) {
        let (before, end) = script.split_once("# --- Then").unwrap();
        let mut rest = end;
        for (group, is_way, told) in [
            (
                "By hand",
                true,
                "to be mended by hand; this script says how:'",
            ),
            ("Left as it is", false, "for which "),
        ] {
            let of_group = before.split_once(&format!("# --- {group} "));
            let of_group = of_group.map_or("", |(_, rest)| rest);
            let of_group = of_group.split("\n# --- ").next().unwrap();
            let entries: Vec<&str> = of_group.split("\n\n").skip(1).collect();
            let entries: Vec<&str> = entries
                .into_iter()
                .filter(|one| !one.trim().is_empty())
                .collect();
            let (title, lines) = match entries.len() {
                0 => {
                    assert!(!end.contains(told), "{end}");
                    continue;
                }
                1 => ("1 finding remains ".to_owned(), 1),
                count => (format!("{count} findings remain "), count),
            };
            let behind = rest.split_once(&format!("echo '{title}{told}"));
            assert!(behind.is_some(), "{title}{told}: {end}");
            let (_, behind) = behind.unwrap();
            let names = behind.lines().skip(1);
            let names: Vec<&str> = names
                .take_while(|line| line.starts_with("echo '  "))
                .collect();
            assert_eq!(names.len(), lines, "{end}");
            for entry in entries {
                let severity = entry.lines().find_map(|line| {
                    let source = line.strip_prefix("# check    ");
                    let (id, severity) = source?.split_once(" (")?;
                    Some((id, severity.trim_end_matches(')')))
                });
                if let Some((id, severity)) = severity {
                    let line = format!("echo '  {severity:<7}  {id}'");
                    assert!(names.contains(&line.as_str()), "{line}: {end}");
                }
                let fixes = entry.lines().filter(|line| {
                    line.starts_with("# fix      ") || line.starts_with("# or       ")
                });
                let empty = ["None", "It takes another kernel"];
                let says = |line: &str| !empty.iter().any(|words| line[11..].starts_with(words));
                let none = entry.lines().any(|line| line.contains("   no kernel of "));
                assert_eq!(
                    fixes.clone().any(says) && !(none && fixes.count() == 1),
                    is_way,
                    "{entry}"
                );
            }
            rest = behind;
            left += usize::from(is_way && before.contains("--- At once"));
            without += usize::from(!is_way);
        }
    }
    assert!(left > 0 && without > some.len(), "{left} {without}");
    let archived = script(&fixture("debian-10"));
    let told = "\necho '  error    kernel-btf-missing'";
    assert!(archived.contains(told), "{archived}");
}

/// What may break what runs, and what is a guess, is told and never typed, whoever asks; and for
/// what software does without no kernel is changed, be it a check that says so.
#[test]
fn decisions_and_guesses_are_told_whichever_profile_asks() {
    for (host, profile, told, never) in [
        (
            "rhel-8.10",
            "systemd",
            "grubby --update-kernel=ALL --args=systemd.unified",
            "unified",
        ),
        (
            "debian-10",
            "systemd",
            "systemd.unified_cgroup_hierarchy=1",
            "unified",
        ),
        (
            "amazon-2023",
            "sched-ext",
            "dnf install kernel6.18",
            "kernel6.18",
        ),
        (
            "amazon-2",
            "xdp-tools",
            "amazon-linux-extras install kernel-5.10",
            "kernel-5.10",
        ),
    ] {
        let root = fixture(host);
        let script = run(&[
            "check",
            "--root",
            root.to_str().unwrap(),
            "--fix-script",
            "--profile",
            profile,
        ]);
        let script = text(&script.stdout);
        let (_, by_hand) = script.split_once("# --- By hand").unwrap();
        assert!(by_hand.contains(told), "{host}, {profile}: {script}");
        let line = typed(&script).into_iter().find(|line| line.contains(never));
        assert_eq!(line, None, "{host}, {profile}: {script}");
    }
    // What a step does for one need is done for the other, which would not be worth it.
    let root = fixture("amazon-2");
    let arguments = [
        "check",
        "--root",
        root.to_str().unwrap(),
        "--fix-script",
        "--profile",
    ];
    let script = text(&run(&[&arguments[..], &["tetragon"]].concat()).stdout);
    let (_, override_) = script.split_once("# Overriding of return values").unwrap();
    let entry = override_.split("\n\n").next().unwrap();
    assert!(entry.contains("# done     by step "), "{script}");
}

/// Nobody's kernel is changed for what software does without, nor for one of a machine's own; and
/// a fresh image has the lists of packages before it installs one.
#[test]
fn what_takes_a_person_is_not_typed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("light.yaml");
    let profile = "
profiles:
  - id: light
    title: Light
    software: Light 1
    documents: [here]
    requires: [{need: A number, condition: {kernel: '>=3.0'}}]
    optional: [{need: A later number, condition: {kernel: '>=5.15'}}]
";
    fs::write(&file, profile).unwrap();
    let debian = fixture("debian-11");
    let asked = ["--checks", file.to_str().unwrap(), "--profile", "light"];
    let arguments = ["check", "--root", debian.to_str().unwrap(), "--fix-script"];
    let told = text(&run(&[&arguments[..], &asked[..]].concat()).stdout);
    assert!(told.contains("linux-image-6.1-"), "{told}");
    assert!(
        !typed(&told).iter().any(|line| line.contains("linux-image")),
        "{told}"
    );
    let debian = fixture("debian-13");
    let arguments = [
        "check",
        "--root",
        debian.to_str().unwrap(),
        "--fix-script",
        "--profile",
        "bcc",
    ];
    let script = text(&run(&arguments).stdout);
    let typed = typed(&script);
    let first = |words: &str| typed.iter().position(|line| line.contains(words));
    assert!(first("apt-get install").is_some(), "{script}");
    assert!(
        first("apt-get update") < first("apt-get install"),
        "{script}"
    );
    assert_eq!(
        typed
            .iter()
            .filter(|line| **line == "apt-get update")
            .count(),
        1
    );
}

/// Packages and kernels are installed, in the group of what takes a reboot where they do.
#[test]
fn packages_and_kernels_are_steps() {
    for (host, arguments, group, command) in [
        (
            "ubuntu-20.04",
            &[][..],
            "With the next reboot",
            "DEBIAN_FRONTEND=noninteractive apt-get install -y --install-recommends \
             linux-generic-hwe-20.04",
        ),
        (
            "rhel-8.1",
            &[],
            "With the next reboot",
            "dnf upgrade -y kernel",
        ),
        (
            "amazon-2",
            &[],
            "With the next reboot",
            "amazon-linux-extras install -y kernel-5.10",
        ),
        (
            "debian-13",
            &["--profile", "bcc"],
            "At once",
            "DEBIAN_FRONTEND=noninteractive apt-get install -y \
             linux-headers-6.12.107+deb13-amd64",
        ),
    ] {
        let root = fixture(host);
        let mut all = vec!["check", "--root", root.to_str().unwrap(), "--fix-script"];
        all.extend(arguments);
        let script = text(&run(&all).stdout);
        is_clean(host, &script);
        let (_, rest) = script.split_once(&format!("# --- {group} ")).unwrap();
        let of_group = rest.split("# --- ").next().unwrap();
        let line = of_group.lines().filter(|line| *line == command);
        assert_eq!(line.count(), 1, "{host}: {of_group}");
        assert!(of_group.contains("# undo     "), "{host}: {of_group}");
    }
    let sound = script(&fixture("cos-109"));
    assert!(sound.contains("echo 'nothing to mend"), "{sound}");
}

/// What is typed asks nothing and reboots nothing, and takes no decision.
#[test]
fn decisions_are_left_to_people() {
    for root in hosts() {
        let script = script(&root);
        for line in typed(&script) {
            let words = ["reboot", "make ", "setcap", "docker", "podman", "<", "…"];
            let word = words.iter().find(|word| line.contains(*word));
            assert_eq!(word, None, "{}: {line}", root.display());
            // One host's script does nothing to its cluster, its cloud or other machines.
            let first = line.split_whitespace().next();
            let elsewhere = ["oc", "kubectl", "talosctl", "gcloud", "aws", "az", "ssh"];
            let reaches = first.is_some_and(|first| elsewhere.contains(&first));
            assert!(!reaches, "{}: {line}", root.display());
        }
    }
}

/// Names of the host can't break out of the remarks and quotes they stand in.
#[test]
fn a_hostile_host_runs_nothing() {
    let host = healthy();
    let evil = "5.10.0'; touch /tmp/owned #";
    put(
        host.path(),
        "proc/sys/kernel/osrelease",
        format!("{evil}\n").as_bytes(),
    );
    put(
        host.path(),
        "proc/sys/kernel/hostname",
        b"a\n`touch /tmp/owned`\n$(touch /tmp/owned)\n",
    );
    put(
        host.path(),
        "etc/os-release",
        b"ID=debian\nPRETTY_NAME=\"a`touch /tmp/owned`\"\n",
    );
    let told = "bpf-doctor: /proc/sys/kernel/osrelease holds no release of a kernel\n";
    let script = script_and(host.path(), told);
    is_clean("a hostile host", &script);
    for line in script.lines().filter(|line| line.contains("touch")) {
        let quoted = line.starts_with("# ") || line.contains("'\\''; touch /tmp/owned #'");
        assert!(quoted, "{line}");
    }
}

#[test]
fn in_a_container_nothing_is_typed() {
    let host = healthy();
    put(host.path(), "run/.containerenv", b"engine=\"podman\"\n");
    put(
        host.path(),
        "proc/self/mountinfo",
        b"22 28 0:21 / /proc rw - proc proc rw\n",
    );
    let report = run(&[
        "check",
        "--root",
        host.path().to_str().unwrap(),
        "--format",
        "yaml",
    ]);
    let report: Value = serde_yaml::from_slice(&report.stdout).unwrap();
    assert_eq!(report["host"]["environment"]["container"], "podman");
    let script = script(host.path());
    assert_eq!(typed(&script), [""; 0], "{script}");
    assert!(script.contains("this is a container"), "{script}");
}

// ---------------------------------------------------------------------------------------
// For real
// ---------------------------------------------------------------------------------------

/// Programs of the host that a root of its own can't have; each keeps its state in a file,
/// as the real one does, and writes each call to /calls.
const PROGRAMS: &[(&str, &str)] = &[
    ("uname", "cat /proc/sys/kernel/osrelease"),
    ("id", "echo 0"),
    (
        "sysctl",
        "[ \"$1\" = -w ]; name=${2%%=*}; value=${2#*=}\n\
         printf '%s\\n' \"$value\" > \"/proc/sys/$(echo \"$name\" | tr . /)\"",
    ),
    (
        "mount",
        "before= kind=\nfor at; do [ \"$before\" != -t ] || kind=$at; before=$at; done\n\
         [ -d \"$at\" ] || mkdir -p \"$at\"\n\
         printf '%s %s %s rw 0 0\\n' \"$kind\" \"$at\" \"$kind\" >> /proc/mounts",
    ),
    (
        "umount",
        "grep -vF \" $1 \" /proc/mounts > /left || true\nmv /left /proc/mounts",
    ),
    (
        "update-grub",
        ". /etc/default/grub\nfor file in /etc/default/grub.d/*.cfg; do\n    \
         [ ! -e \"$file\" ] || . \"$file\"\ndone\n\
         printf 'linux /vmlinuz %s\\n' \"$GRUB_CMDLINE_LINUX ${GRUB_CMDLINE_LINUX_DEFAULT-}\" \
         > /boot/grub/grub.cfg",
    ),
    (
        // Arguments of the entries, one a line: added once, removed where they are.
        "grubby",
        "touch /boot/arguments\nfor option; do\n    case $option in\n    --args=*)\n        \
         for word in ${option#--args=}; do\n            \
         grep -qxF \"$word\" /boot/arguments || printf '%s\\n' \"$word\" >> /boot/arguments\n        \
         done ;;\n    --remove-args=*)\n        for word in ${option#--remove-args=}; do\n            \
         grep -vxF \"$word\" /boot/arguments > /boot/left || true\n            \
         mv /boot/left /boot/arguments\n        done ;;\n    esac\ndone",
    ),
    (
        "grub2-mkconfig",
        ". /etc/default/grub\nprintf 'linux /vmlinuz %s\\n' \
         \"$GRUB_CMDLINE_LINUX ${GRUB_CMDLINE_LINUX_DEFAULT-}\" > \"$2\"",
    ),
    ("rc-update", ":"),
    ("rc-service", ":"),
    (
        "grub-mkconfig",
        ". /etc/default/grub\nprintf 'linux /vmlinuz %s\\n' \
         \"$GRUB_CMDLINE_LINUX ${GRUB_CMDLINE_LINUX_DEFAULT-}\" > \"$2\"",
    ),
];

/// Makes a directory a root that a shell can live in.
fn furnish(root: &Path) {
    let busybox = ["/bin/busybox", "/usr/bin/busybox"];
    let busybox = busybox.iter().find(|path| Path::new(path).exists());
    let busybox = busybox.expect_none_missing();
    for folder in [
        "bin",
        "calls.d",
        "boot/grub",
        "boot/grub2",
        "etc/default",
        "tmp",
    ] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    fs::copy(busybox, root.join("bin/busybox")).unwrap();
    for applet in [
        "sh", "cat", "find", "grep", "mkdir", "mv", "printf", "rm", "rmdir", "sed", "touch", "tr",
        "xargs", "echo", "tail",
    ] {
        symlink("/bin/busybox", root.join("bin").join(applet)).unwrap();
    }
    fs::create_dir_all(root.join("fakes")).unwrap();
    for (name, body) in PROGRAMS {
        let path = root.join("fakes").join(name);
        let program = format!("#!/bin/sh\nset -eu\necho \"{name} $*\" >> /calls.d/calls\n{body}\n");
        fs::write(&path, program).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    put(root, "proc/mounts", b"");
}

trait Needed<T> {
    fn expect_none_missing(self) -> T;
}

impl<T> Needed<T> for Option<T> {
    #[track_caller]
    fn expect_none_missing(self) -> T {
        assert!(
            self.is_some(),
            "busybox is not installed: apt-get install busybox-static"
        );
        self.unwrap()
    }
}

/// Runs a script in that root, as its root user.
fn run_in(root: &Path, script: &str) -> Output {
    // busybox prefers its own applets to programs of the same name, and functions to both.
    let functions = PROGRAMS.iter().map(|(name, _)| match name.contains('-') {
        true => String::new(),
        false => format!("{name}() {{ /fakes/{name} \"$@\"; }}\n"),
    });
    let script = functions.collect::<String>() + script;
    put(root, "tmp/script", script.as_bytes());
    // Who is not root becomes so in a user namespace.
    let is_root = nix::unistd::geteuid().is_root();
    let become_root: &[&str] = if is_root {
        &[]
    } else {
        &["unshare", "--map-root-user"]
    };
    let mut command = Command::new("env");
    command.args(become_root).arg("chroot").arg(root);
    command.args([
        "/bin/busybox",
        "env",
        "PATH=/fakes:/bin",
        "sh",
        "/tmp/script",
    ]);
    command
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.stdin(Stdio::null());
    let output = command.output().unwrap();
    fs::remove_file(root.join("tmp/script")).unwrap();
    output
}

/// All files of a root but the record of calls.
fn state(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let kind = fs::symlink_metadata(&path).unwrap().file_type();
            if kind.is_dir() {
                files.insert(path.clone(), b"directory".to_vec());
                open.push(path);
            } else if kind.is_file() && !path.ends_with("calls.d/calls") {
                let content = fs::read(&path).unwrap();
                files.insert(path, content);
            }
        }
    }
    files
}

/// What was done to a host, its script once run: the calls, and a file's content.
struct Done {
    calls: String,
    root: tempfile::TempDir,
}

impl Done {
    fn file(&self, path: &str) -> String {
        fs::read_to_string(self.root.path().join(path)).unwrap()
    }
}

/// Runs the script for a host twice, and its undo; compares what there is after each.
#[track_caller]
fn twice_and_back(prepare: impl Fn(&Path)) -> Done {
    let root = tempfile::tempdir().unwrap();
    prepare(root.path());
    let script = script(root.path());
    assert!(!typed(&script).is_empty(), "{script}");
    furnish(root.path());
    let before = state(root.path());
    let first = run_in(root.path(), &script);
    assert!(first.status.success(), "{first:?}\n{script}");
    let once = state(root.path());
    assert_ne!(once, before, "{script}");
    let calls = fs::read_to_string(root.path().join("calls.d/calls")).unwrap();
    let second = run_in(root.path(), &script);
    assert!(second.status.success(), "{second:?}\n{script}");
    let again = state(root.path());
    let changed: Vec<_> = again
        .iter()
        .filter(|(path, now)| once.get(*path) != Some(*now))
        .collect();
    assert!(again == once, "a second run changed {changed:?}");
    taken_back(root.path(), &script, &before);
    let redone = run_in(root.path(), &script);
    assert!(redone.status.success(), "{redone:?}");
    Done { calls, root }
}

/// Runs what the script tells to undo its steps; then all files are as they were, but for
/// what a boot loader's tool writes anew and a newline at an end that had none.
#[track_caller]
fn taken_back(root: &Path, script: &str, before: &BTreeMap<PathBuf, Vec<u8>>) {
    let undo = script
        .lines()
        .filter_map(|line| line.strip_prefix("# undo     "));
    let undo: Vec<&str> = undo.collect();
    let output = run_in(root, &format!("set -eu\n{}\n", undo.join("\n")));
    assert!(output.status.success(), "{output:?}\n{undo:#?}");
    let files = |state: &BTreeMap<PathBuf, Vec<u8>>| -> BTreeMap<PathBuf, String> {
        let boot = root.join("boot");
        let files = state.iter().filter(|(path, content)| {
            !path.starts_with(&boot) && content.as_slice() != b"directory"
        });
        let ended = |content: &[u8]| {
            let text = String::from_utf8_lossy(content).into_owned();
            match text.is_empty() || text.ends_with('\n') {
                true => text,
                false => text + "\n",
            }
        };
        let files = files.map(|(path, content)| (path.clone(), ended(content)));
        files.collect()
    };
    assert!(
        files(&state(root)) == files(before),
        "{undo:#?} leaves something behind"
    );
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/hosts")
        .join(name)
        .join("root")
}

#[test]
fn debians_script_runs_and_changes_nothing_the_second_time() {
    let done = twice_and_back(|root| {
        copy(&fixture("debian-11"), root);
        put(root, "etc/default/grub", b"GRUB_CMDLINE_LINUX=\"quiet\"\n");
        put(root, "proc/sys/net/core/bpf_jit_enable", b"0\n");
        fs::create_dir_all(root.join("etc/sysctl.d")).unwrap();
    });
    assert!(done.calls.contains("update-grub"), "{}", done.calls);
    assert!(
        done.calls.contains("sysctl -w net.core.bpf_jit_enable=1"),
        "{}",
        done.calls
    );
    assert_eq!(
        done.file("boot/grub/grub.cfg"),
        "linux /vmlinuz quiet lsm=lockdown,yama,apparmor,tomoyo,integrity,bpf \n"
    );
    assert_eq!(done.file("proc/sys/net/core/bpf_jit_enable"), "1\n");
    let conf = done.file("etc/sysctl.d/zz-bpf-doctor-net-core-bpf_jit_enable.conf");
    assert_eq!(conf, "net.core.bpf_jit_enable=1\n");
}

/// A list that waits for the next boot would have the last word.
#[test]
fn a_setting_that_was_not_booted_with_yet_is_overruled() {
    let done = twice_and_back(|root| {
        copy(&fixture("debian-11"), root);
        let grub = b"GRUB_CMDLINE_LINUX=\"ro\"\nGRUB_CMDLINE_LINUX_DEFAULT=\"quiet lsm=lockdown,yama lsm=yama splash\"\n";
        put(root, "etc/default/grub", grub);
    });
    let booted = done.file("boot/grub/grub.cfg");
    assert_eq!(
        booted,
        "linux /vmlinuz ro lsm=lockdown,yama,apparmor,tomoyo,integrity,bpf quiet splash\n"
    );
}

/// SUSE's file is one, and what stands at its end has the last word.
#[test]
fn suses_script_runs_and_overrules_what_stands_above() {
    let done = twice_and_back(|root| {
        copy(&fixture("sles-15-sp6"), root);
        let grub = b"GRUB_CMDLINE_LINUX=\"\"\nGRUB_CMDLINE_LINUX_DEFAULT=\"lsm=yama quiet\"\n";
        put(root, "etc/default/grub", grub);
        put(
            root,
            "sys/kernel/security/lsm",
            b"lockdown,capability,yama,apparmor",
        );
    });
    let booted = done.file("boot/grub2/grub.cfg");
    assert!(booted.trim_end().ends_with(",bpf"), "{booted}");
}

#[test]
fn mounts_are_made_once_and_for_good() {
    let done = twice_and_back(|root| {
        copy(&fixture("rhel-8.10"), root);
        put(root, "etc/fstab", b"/dev/sda1 / xfs defaults 0 0");
    });
    assert!(
        done.calls.contains("mount -t cgroup2 cgroup2 /run/cgroup2"),
        "{}",
        done.calls
    );
    assert_eq!(
        done.file("proc/mounts"),
        "cgroup2 /run/cgroup2 cgroup2 rw 0 0\n"
    );
    let fstab = done.file("etc/fstab");
    assert_eq!(
        fstab
            .matches("cgroup2 /run/cgroup2 cgroup2 defaults,nofail 0 0")
            .count(),
        1,
        "{fstab}"
    );
    assert!(
        fstab.starts_with("/dev/sda1 / xfs defaults 0 0\n"),
        "{fstab}"
    );
}

/// The cluster takes back what is set by hand on a node.
#[test]
fn on_openshift_nothing_is_written_on_the_node() {
    let script = script(&fixture("rhcos-4.12"));
    let lines = typed(&script);
    let kept = lines.iter().find(|line| line.contains("/etc/"));
    assert_eq!(kept, None, "{script}");
    assert!(script.contains("MachineConfig"), "{script}");
    // All nodes would boot again: that is told, and not done.
    assert!(
        script.contains("#            oc patch nodes.config"),
        "{script}"
    );
    assert!(!lines.iter().any(|line| line.contains("oc ")), "{script}");
}

/// Where a mount is kept by others, it is made until the next boot, and how it is kept stands by.
#[test]
fn a_mount_is_made_where_it_can_not_be_kept() {
    let folder = tempfile::tempdir().unwrap();
    copy(&fixture("cos-109"), folder.path());
    let path = folder.path().join("proc/self/mountinfo");
    let mounts = fs::read_to_string(&path).unwrap();
    let kept = mounts.lines().filter(|line| !line.contains(" - bpf "));
    let kept: Vec<&str> = kept.collect();
    fs::write(&path, kept.join("\n") + "\n").unwrap();
    let script = script(folder.path());
    let lines = typed(&script);
    let mounts: Vec<_> = lines
        .iter()
        .filter(|line| line.contains("mount -t bpf "))
        .collect();
    assert_eq!(mounts.len(), 1, "{script}");
    assert!(script.contains("\n# for good, by cloud-init"), "{script}");
}

/// lsm= without a kernel that has it is a list of modules for nothing.
#[test]
fn security_modules_are_listed_where_the_kernel_has_bpf_among_them() {
    for (host, told) in [
        ("alpine-3.21", "See whether the kernel was built with it"),
        ("sles-15-sp3", "built without BTF"),
    ] {
        let script = script(&fixture(host));
        let typed = typed(&script);
        let line = typed.iter().find(|line| line.contains("lsm="));
        assert_eq!(line, None, "{host}: {script}");
        assert!(script.contains(told), "{host}: {script}");
    }
}

/// RHEL's way, where the list of security modules is not what is needed.
#[test]
fn grubby_adds_its_arguments_once() {
    let done = twice_and_back(|root| {
        copy(&fixture("rhel-9.2"), root);
        put(
            root,
            "sys/kernel/security/lsm",
            b"lockdown,capability,yama,selinux",
        );
    });
    assert!(
        done.calls.contains("grubby --update-kernel=ALL"),
        "{}",
        done.calls
    );
    let arguments = done.file("boot/arguments");
    let lsm = arguments
        .lines()
        .find(|line| line.starts_with("lsm="))
        .unwrap();
    assert!(lsm.ends_with(",bpf"), "{arguments}");
    assert_eq!(arguments.lines().count(), 1, "{arguments}");
}

/// OpenRC's file may say something else, or nothing, or not be there.
#[test]
fn openrcs_setting_is_made_whatever_its_file_says() {
    for there in [
        None,
        Some("unicode=\"YES\"\n"),
        Some("rc_cgroup_mode=\"hybrid\"\nunicode=\"YES\"\n"),
        Some("#rc_cgroup_mode=\"unified\"\n"),
        Some("unicode=\"YES\""),
    ] {
        let done = twice_and_back(|root| {
            copy(&fixture("alpine-edge-2020"), root);
            if let Some(there) = there {
                put(root, "etc/rc.conf", there.as_bytes());
            }
        });
        assert!(
            done.calls.contains("rc-service cgroups start"),
            "{}",
            done.calls
        );
        let said = done.file("etc/rc.conf");
        let last = said
            .lines()
            .rfind(|line| line.starts_with("rc_cgroup_mode="));
        let last = last.unwrap();
        assert!(
            last.starts_with("rc_cgroup_mode=\"unified\""),
            "{there:?}: {said}"
        );
    }
}

#[test]
fn the_script_runs_on_its_own_host_alone() {
    let root = tempfile::tempdir().unwrap();
    copy(&fixture("debian-11"), root.path());
    let script = script(root.path());
    furnish(root.path());
    put(root.path(), "proc/sys/kernel/osrelease", b"6.1.0-1-amd64\n");
    let before = state(root.path());
    let output = run_in(root.path(), &script);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(
        text(&output.stderr).contains("made for another kernel"),
        "{output:?}"
    );
    assert!(state(root.path()) == before);
    // The header of a config has a version, and not all that `uname -r` says.
    let config = fixture("debian-11").join("boot/config-5.10.0-46-amd64");
    let config = [
        "check",
        "--fix-script",
        "--config",
        config.to_str().unwrap(),
    ];
    for (more, guard) in [
        (&[][..], None),
        (&["--release", "5.10.0-46-amd64"], Some("'5.10.0-46-amd64'")),
    ] {
        let script = text(&run(&[&config, more].concat()).stdout);
        let release = script.split_once("\"$(uname -r)\" != ");
        let release = release.and_then(|(_, rest)| rest.split(' ').next());
        assert_eq!(release.map(|word| word.trim_end_matches(';')), guard);
    }
}
