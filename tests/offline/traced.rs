//! What the doctor asks of the system while it judges a report, as strace(1) sees it.

use super::*;

use std::os::unix::process::CommandExt;
use std::process::Command;

/// An unprivileged user of every Linux.
const NOBODY: u32 = 65534;

/// System calls that look at a host or change it.
const CALLS: &str = "bpf,perf_event_open,open,openat,openat2,socket,connect,mount,unshare,execve";

/// What a run of a copy of the doctor in `place` did, call by call; as somebody without rights.
#[track_caller]
fn trace(place: &Path, arguments: &[&str]) -> Vec<String> {
    let log = place.join("trace");
    let copy = place.join("bpf-doctor");
    if !copy.exists() {
        fs::copy(support::BINARY, &copy).unwrap();
    }
    fs::write(&log, "").unwrap();
    for (path, mode) in [(place, 0o777), (&copy, 0o755), (&log, 0o666)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-qq", "-o", name(&log), "-e", CALLS]);
    command.arg(&copy).args(arguments);
    command.env_clear().env("LC_ALL", "C.UTF-8");
    command.env("PATH", std::env::var_os("PATH").unwrap());
    if nix::unistd::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    let output = command.output();
    let hint = "strace runs not: scripts/setup scripts/packages.txt installs it";
    assert!(output.is_ok(), "{hint}: {output:?}");
    let output = output.unwrap();
    // A link that leads out of it or to itself is trouble, and all else is told.
    let code = output.status.code();
    let of_links = text(&output.stderr).contains(" is a link") && !output.stdout.is_empty();
    let expected = matches!(code, Some(0 | 1 | 3)) || code == Some(2) && of_links;
    assert!(expected, "{output:?}");
    let calls = fs::read_to_string(&log).unwrap();
    calls.lines().map(str::to_owned).collect()
}

/// The calls that touch more than the report, the program itself and what the loader reads of it.
fn beyond<'a>(calls: &'a [String], place: &Path) -> Vec<&'a str> {
    let own = |path: &str| {
        let library = ["/lib", "/usr/lib"].iter().any(|top| path.starts_with(top));
        path.starts_with(name(place))
            || path.starts_with("/etc/ld.so.")
            || (library && path.contains(".so"))
            || (path.starts_with("/proc/") && path.ends_with("/maps"))
    };
    let is_beyond = |call: &&str| {
        let call = call.split_once(' ').map_or("", |(_, call)| call.trim());
        let Some((kind, rest)) = call.split_once('(') else {
            return false;
        };
        match kind {
            "execve" => !rest.contains("bpf-doctor\""),
            "open" | "openat" | "openat2" => {
                // `= 3</usr/lib/libc.so.6>`: what it really was; else what was asked for, and from where.
                let opened = call.rsplit_once(" = ").map_or("", |(_, result)| result);
                let opened = opened
                    .split_once('<')
                    .and_then(|(_, rest)| rest.rsplit_once('>'));
                let asked = rest.split('"').nth(1).unwrap_or_default();
                let from = rest
                    .split_once('<')
                    .and_then(|(_, rest)| rest.split_once('>'));
                let from = from.map_or("", |(path, _)| path);
                match opened {
                    Some((path, _)) => !own(path),
                    None if asked.starts_with('/') => !own(asked),
                    None => !own(from) || asked.split('/').any(|part| part == ".."),
                }
            }
            _ => true,
        }
    };
    calls.iter().map(String::as_str).filter(is_beyond).collect()
}

#[test]
fn a_report_is_judged_without_a_look_at_the_running_host() {
    let (scratch, root) = sosreport();
    let place = fs::canonicalize(scratch.path()).unwrap();
    let root = place.join(root.file_name().unwrap());
    // Links that lead out of it, as they are on the host itself.
    symlink("/etc/hostname", root.join("etc/hostname")).unwrap();
    symlink(
        "../../../../../../etc/machine-id",
        root.join("etc/machine-id"),
    )
    .unwrap();
    let packed = place.join("sosreport.tar.xz");
    fs::write(&packed, xz(&archive(&root))).unwrap();
    let bundle = place.join("bundle.tar.gz");
    let collected = run(&["collect", "-o", name(&bundle), "--root", name(&root)]);
    // Inside it they lead to themselves, which is trouble and keeps nothing from being packed.
    assert_eq!(collected.status.code(), Some(2), "{collected:?}");
    let mode = fs::Permissions::from_mode(0o644);
    fs::set_permissions(&bundle, mode).unwrap();
    for source in [&root, &packed, &bundle] {
        for command in ["check", "features"] {
            let calls = trace(&place, &[command, "--root", name(source)]);
            let reads = |call: &&String| call.contains(name(source)) && call.contains("open");
            assert!(calls.iter().any(|call| reads(&call)), "{source:?}");
            let none: &[&str] = &[];
            assert_eq!(beyond(&calls, &place), none, "{command} {source:?}");
        }
    }
    // The same eyes see a look at the host, and an experiment.
    let calls = trace(&place, &["check", "--root", "/"]);
    let looks = beyond(&calls, &place);
    assert!(
        looks.iter().any(|call| call.contains("/proc/")),
        "{looks:?}"
    );
    assert!(
        !looks.iter().any(|call| call.contains(" bpf(")),
        "{looks:?}"
    );
    let calls = trace(&place, &["features", "--only", "map_type"]);
    let looks = beyond(&calls, &place);
    assert!(looks.iter().any(|call| call.contains(" bpf(")), "{looks:?}");
}
