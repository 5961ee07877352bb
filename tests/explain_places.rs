//! `explain` where a line names a place or a thing of its own (a path to pin at, a directory of
//! cgroups, a map, the one pipe of messages): what the host has elsewhere refutes nothing then, and
//! the answer is what is wrong with that one.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and runs the program"
)]

#[path = "support/explaining.rs"]
mod explaining;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use bpf_doctor::triage::{self, KnownHost, Standing};
use explaining::{CATALOGUE, SEARCHER, explain};
use support::{run, text};

const PIN: &str = "Error: can't pin the object";
const MOUNT: &str = "Error: can't mount BPF file system to pin the object";
const CGROUP: &str = "Error: can't query bpf programs attached to /sys/fs/cgroup/cpu: \
                      Bad file descriptor";

/// Each log, the hosts it is held against, the entry that must come first, and words of what is
/// told to be behind it.
const ROWS: &[(&str, &[&str], &str, &str)] = &[
    // Pins.
    (
        "{PIN} (/root/bpf_sockops): Operation not permitted",
        ANY,
        "pin-refused",
        "not below",
    ),
    (
        "libbpf: failed to pin object '/root/x': Operation not permitted",
        ANY,
        "pin-refused",
        "not below",
    ),
    (
        "libbpf: map 'x': failed to auto-pin at '/tmp/x': -1",
        ANY,
        "pin-refused",
        "not below",
    ),
    (
        "libbpf: specified path /root/x is not on BPF FS",
        ANY,
        "pin-refused",
        "not below",
    ),
    (
        "Error: directory not in bpf file system (bpffs)",
        ANY,
        "pin-refused",
        "not below",
    ),
    (
        "libbpf: specified path /sys/fs/bpf/x is not on BPF FS",
        NONE,
        "bpffs-not-mounted",
        "is mounted",
    ),
    (
        "{MOUNT} (/sys/fs/bpf/nodir/ar): mount --make-private /sys/fs/bpf/nodir failed: No such file or directory",
        ANY,
        "pin-refused",
        "nobody made",
    ),
    (
        "{MOUNT} '/sys/fs/bpf/m': mount --make-private /sys/fs/bpf failed: Operation not permitted",
        NONE,
        "bpffs-not-mounted",
        "is mounted",
    ),
    (
        "Error: can't pin BPF object: dir '/sys/fs/bpf/no' doesn't exist",
        ANY,
        "pin-refused",
        "nobody made",
    ),
    (
        "{PIN} (/sys/fs/bpf/tp_execv.rodata): Operation not permitted",
        ANY,
        "pin-refused",
        "a dot",
    ),
    (
        "mkdir /sys/fs/bpf/bpf.d: Operation not permitted",
        ANY,
        "pin-refused",
        "a dot",
    ),
    (
        "libbpf: failed to pin map: Operation not permitted\n\
         libbpf: map 'tp_execv.rodata': failed to auto-pin at '/sys/fs/bpf/tp_execv.rodata': -1",
        ANY,
        "pin-refused",
        "a dot",
    ),
    (
        "{PIN} (/sys/fs/bpf/xy): Operation not permitted",
        NONE,
        "bpffs-not-mounted",
        "is mounted",
    ),
    (
        "{PIN} (/sys/fs/bpf/bpf_sockops): File exists",
        ANY,
        "pin-exists",
        "already",
    ),
    (
        "libbpf: failed to pin program: File exists",
        ANY,
        "pin-exists",
        "already",
    ),
    (
        "Error: can't pin BPF object: path '/sys/fs/bpf/x' already exists",
        ANY,
        "pin-exists",
        "already",
    ),
    (
        "# bpftool prog load tcp_accelerate_sockops.kern.o /sys/fs/bpf/bpf_sockops\n\
         Error: failed to pin program sockops",
        ANY,
        "pin-refused",
        "already",
    ),
    (
        "# bpftool prog load prog.bpf.o /sys/fs/bpf/prog.v2\nError: failed to pin program sockops",
        ANY,
        "pin-refused",
        "a dot",
    ),
    (
        "Error: failed to pin program sockops",
        ANY,
        "pin-refused",
        "One of these",
    ),
    (
        "libbpf: failed to pin program: Operation not permitted",
        &["debian-12"],
        "pin-refused",
        "has a dot",
    ),
    // Where a container has the host's, and where Cilium mounts its own.
    (
        "libbpf: specified path /host/sys/fs/bpf/x is not on BPF FS",
        NONE,
        "bpffs-not-mounted",
        "is mounted",
    ),
    (
        "bpf: pin map conns to /run/cilium/bpffs/tc/conns: operation not permitted",
        NONE,
        "bpffs-not-mounted",
        "is mounted",
    ),
    // Cgroups.
    (
        "{CGROUP}",
        &["none", "debian-12"],
        "cgroup-path-refused",
        "no directory of a cgroup v2",
    ),
    (
        "{CGROUP}",
        &["rhel-8.10"],
        "cgroup-path-refused",
        "version 1 alone",
    ),
    (
        "{CGROUP}",
        &["ubuntu-20.04"],
        "cgroup-path-refused",
        "/sys/fs/cgroup/unified",
    ),
    (
        "# bpftool cgroup attach /sys/fs/cgroup sock_ops pinned /sys/fs/bpf/bpf_sockops\n\
         Error: failed to attach program",
        &["none", "debian-12"],
        "cgroup-path-refused",
        "does not tell",
    ),
    (
        "# bpftool cgroup attach /sys/fs/cgroup sock_ops pinned /sys/fs/bpf/bpf_sockops\n\
         Error: failed to attach program",
        &["ubuntu-20.04"],
        "cgroup-path-refused",
        "hybrid",
    ),
    (
        "libbpf: prog 'x': failed to attach to cgroup: Bad file descriptor",
        &["debian-12"],
        "cgroup-path-refused",
        "no directory of a cgroup v2",
    ),
    (
        "libbpf: prog 'x': failed to attach to cgroup: Bad file descriptor",
        &["none", "rhel-8.10"],
        "cgroup2-missing",
        "",
    ),
    (
        "libbpf: loading object from x.bpf.o\nopen /sys/fs/cgroup/unified: no such file or directory",
        &["debian-12", "ubuntu-20.04"],
        "cgroup-path-refused",
        "is not there",
    ),
    (
        "libbpf: prog 'watch': failed to attach to cgroup: No such file or directory",
        &["debian-12"],
        "cgroup-path-refused",
        "is not there",
    ),
    (
        "libbpf: prog 'watch': failed to attach to cgroup: No such file or directory",
        &["none", "rhel-8.10"],
        "cgroup2-missing",
        "",
    ),
    // Maps.
    (
        "Error: lookup failed: No space left on device",
        ANY,
        "socket-map-unreadable",
        "values of 4",
    ),
    (
        "# bpftool map dump pinned /sys/fs/bpf/m\nkey:\n00 00 00 00\nvalue:\nNo space left on device",
        ANY,
        "socket-map-unreadable",
        "values of 4",
    ),
    (
        "Error: update failed: No space left on device",
        ANY,
        "map-full",
        "",
    ),
    (
        "Error: update failed: Argument list too long",
        ANY,
        "map-full",
        "",
    ),
    (
        "# bpftool map update name tp_execv.rodata key 0 0 0 0 value 1 0 0 0\n\
         Error: update failed: Operation not permitted",
        ANY,
        "map-write-refused",
        "frozen",
    ),
    (
        "Error: update failed: Operation not permitted",
        ANY,
        "map-write-refused",
        "One of these",
    ),
    // Messages.
    (
        "cat: /sys/kernel/debug/tracing/trace_pipe: Device or resource busy",
        ANY,
        "trace-pipe-busy",
        "Another process",
    ),
    (
        "could not enable bpf_trace_printk events",
        ANY,
        "trace-pipe-busy",
        "switch on the event",
    ),
    (
        "** trace_printk() being used. Allocating extra memory.  **",
        ANY,
        "trace-pipe-busy",
        "a notice",
    ),
    (
        "bpf_trace_printk: unsupported conversion %zu",
        ANY,
        "printk-format",
        "The conversion",
    ),
    (
        "prog 'h': bpf_trace_printk(): invalid format specifier %hu",
        ANY,
        "printk-format",
        "The conversion",
    ),
    (
        "bpf_trace_printk failed: -22 (EINVAL)",
        ANY,
        "printk-format",
        "One of these",
    ),
    (
        "bpf_printk returned -EINVAL",
        ANY,
        "printk-format",
        "One of these",
    ),
    (
        "bpf_trace_printk: too many arguments, at most 3 are taken",
        ANY,
        "printk-format",
        "three",
    ),
    (
        "error: format '%s' expects argument of type 'char *', in printk(KERN_INFO) too many arguments",
        ANY,
        "",
        "",
    ),
    // What is built and loaded.
    (
        "make: Entering directory '/usr/src/linux-5.12.9/tools/bpf/bpftool'\n... libelf: [ OFF ]\n\
         No libelf found\nmake[1]: *** [Makefile:287: elfdep] Error 1",
        ANY,
        "build-inputs-missing",
        "libelf",
    ),
    (
        "No zlib found\nmake[1]: *** [Makefile:291: zdep] Error 1",
        ANY,
        "build-inputs-missing",
        "zlib",
    ),
    (
        "make M=samples/bpf V=1\nERROR: Kernel configuration is invalid.\n  include/generated/autoconf.h \
         or include/config/auto.conf are missing.",
        ANY,
        "build-inputs-missing",
        "no configuration",
    ),
    (
        "# tc filter add dev eth0 ingress bpf da obj x.o sec nosuch\n\
         object file doesn't contain sec nosuch\nUnable to load program",
        ANY,
        "sec-name-unrecognized",
        "asks for a section",
    ),
    (
        "Cannot initialize ELF context!\nUnable to load program",
        ANY,
        "application-bug",
        "object file",
    ),
];

/// No host, one that has all, one with version 1 of cgroups alone.
const ANY: &[&str] = &["none", "debian-12", "rhel-8.10"];
const NONE: &[&str] = &["none"];

/// What `check` says of a fixture, as a report.
fn report(host: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/hosts/{host}/root"));
    let root = root.to_str().unwrap();
    run(&["check", "--root", root, "--format", "yaml"]).stdout
}

fn known(host: &str) -> KnownHost {
    let saved = bpf_doctor::report::read(&report(host)).unwrap();
    KnownHost {
        names: None,
        facts: saved.facts,
        outcomes: saved.probes,
        known_from: "report",
        note: None,
    }
}

#[test]
fn what_a_line_names_decides_and_not_what_the_host_has_elsewhere() {
    let names: BTreeSet<&str> = ROWS.iter().flat_map(|row| row.1).copied().collect();
    let hosts = names.into_iter().filter(|name| *name != "none");
    let hosts: BTreeMap<&str, KnownHost> = hosts.map(|name| (name, known(name))).collect();
    let mut wrong = Vec::new();
    for (log, names, entry, because) in ROWS {
        let log = log.replace("{PIN}", PIN).replace("{MOUNT}", MOUNT);
        let log = log.replace("{CGROUP}", CGROUP);
        let reading = SEARCHER.read(&mut log.as_bytes(), triage::LIMIT).unwrap();
        for name in *names {
            let told = match hosts.get(name) {
                Some(host) => triage::explain(&CATALOGUE, &reading, host),
                None => explain(&log),
            };
            let first = told.causes.first();
            let named = first.map_or("", |first| first.entry());
            let behind = first.map_or("", |first| &first.because);
            let is_refuted = first.is_some_and(|first| first.standing == Standing::Refuted);
            if named != *entry || !behind.contains(because) || is_refuted {
                wrong.push(format!("{name}: {log}\n  {named} {is_refuted}: {behind}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What says that all is well here sends nobody away with nothing to do, and a host that was given
/// is named, whatever the log is.
#[test]
fn a_place_of_its_own_has_a_cure() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), report("debian-12")).unwrap();
    let name = file.path().to_str().unwrap();
    let explained = |log| text(&run(&["explain", "--host", name, "--text", log]).stdout);
    let told = explained("libbpf: specified path /root/x is not on BPF FS");
    assert!(told.contains("Give a path below /sys/fs/bpf"), "{told}");
    assert!(!told.contains("Nothing is to be changed"), "{told}");
    let told = explained("hello world");
    assert!(told.contains("nothing recognised in 1 line\n"), "{told}");
    // Of little more is asked for, of much not.
    assert!(told.contains("more of it helps"), "{told}");
    let told_of_many = explained(&"hello world\n".repeat(50));
    assert!(!told_of_many.contains("more of it helps"), "{told_of_many}");
    assert!(!told.contains("not held against"), "{told}");
}
