//! Hosts that are known from files, as people hand them in: images, sosreports, single
//! files, saved reports, bundles; in good faith and in bad.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and runs programs"
)]

#[path = "offline/archives.rs"]
mod archives;
#[path = "offline/at_rest.rs"]
mod at_rest;
#[path = "offline/fixes.rs"]
mod fixes;
#[path = "offline/names.rs"]
mod names;
#[path = "offline/nobody.rs"]
mod nobody;
#[path = "offline/sosreports.rs"]
mod sosreports;
mod support;
#[path = "offline/told.rs"]
mod told;
#[path = "offline/traced.rs"]
mod traced;

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use bpf_doctor::host::{self, Live, Packed, Recorder};
use bpf_doctor::report::{self, Origin, Report, Threshold};
use bpf_doctor::{Labels, Selection, diagnosis, facts};
use serde_yaml::Value;
use support::{dated as doctor, run_dated as run, text};
use tempfile::TempDir;

/// The report of a run that came to a verdict.
#[track_caller]
fn report(arguments: &[&str]) -> Value {
    let output = run(&[&["check", "--format", "yaml"], arguments].concat());
    let said = text(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1 | 3)), "{said}");
    assert_eq!(said, "");
    serde_yaml::from_slice(&output.stdout).unwrap()
}

/// Value and source of a fact; an unknown one has its reason in the place of the value.
fn fact(report: &Value, key: &str) -> (String, String) {
    let fact = &report["facts"]["observed"][key];
    let shown = match fact.get("value") {
        Some(Value::String(text)) => text.clone(),
        Some(value) => serde_yaml::to_string(value).unwrap().trim().to_owned(),
        None => format!("? {}", fact["unknown"].as_str().unwrap()),
    };
    (
        shown,
        fact["source"].as_str().unwrap_or_default().to_owned(),
    )
}

fn statuses(report: &Value) -> Vec<(String, String)> {
    let findings = report["findings"].as_sequence().unwrap().iter();
    let word = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    findings
        .map(|finding| (word(finding, "check"), word(finding, "status")))
        .collect()
}

fn status(report: &Value, check: &str) -> String {
    let all = statuses(report);
    all.into_iter().find(|(id, _)| id == check).unwrap().1
}

fn put(root: &Path, path: &str, content: impl AsRef<[u8]>) {
    let place = root.join(path);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(place, content).unwrap();
}

fn name(path: &Path) -> &str {
    path.to_str().unwrap()
}

const CONFIG: &str = "# Linux/x86_64 5.14.0-427.el9.x86_64 Kernel Configuration\nCONFIG_X86_64=y\n\
    CONFIG_BPF=y\nCONFIG_BPF_SYSCALL=y\nCONFIG_BPF_JIT=y\nCONFIG_NET=y\nCONFIG_INET=y\n\
    CONFIG_CGROUPS=y\nCONFIG_CGROUP_BPF=y\nCONFIG_BPF_STREAM_PARSER=y\nCONFIG_DEBUG_INFO_BTF=y\n\
    CONFIG_SECURITY_LOCKDOWN_LSM=y\n";

const MOUNTS: &str = "21 28 0:20 / /sys rw - sysfs sysfs rw\n\
    30 21 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n\
    31 21 0:27 / /sys/fs/bpf rw - bpf bpf rw,mode=700\n\
    40 28 0:40 / /home/alice/data rw - nfs4 10.1.2.3:/export/web-17 rw\n";

/// A sosreport as RHEL 9 leaves it, as far as the doctor asks.
fn sosreport() -> (TempDir, PathBuf) {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().join("sosreport-web-17-2026-01-01-abcdefg");
    for (path, content) in [
        ("version.txt", "sosreport: 4.7.1\n"),
        (
            "sos_commands/kernel/uname_-a",
            "Linux web-17 5.14.0-427.el9.x86_64 #1 SMP PREEMPT_DYNAMIC Fri Feb 23 01:51:18 EST 2024 \
             x86_64 x86_64 x86_64 GNU/Linux\n",
        ),
        (
            "sos_commands/kernel/sysctl_-a",
            "kernel.pid_max = 4194304\nkernel.unprivileged_bpf_disabled = 2\n\
             net.core.bpf_jit_enable = 1\nnet.core.dev_weight = 64\nvm.swappiness = 60\n",
        ),
        (
            "sos_commands/kernel/dmesg",
            "[    0.000000] Linux version 5.14.0-427.el9.x86_64\n\
             [    0.000000] Kernel is locked down from EFI Secure Boot mode; see man kernel_lockdown.7\n\
             [    0.100000] LSM: initializing lsm=lockdown,capability,yama,selinux,bpf\n",
        ),
        (
            "sos_commands/kernel/lsmod",
            "Module Size Used by\nxfs 1 0\n",
        ),
        ("sos_commands/host/hostname", "web-17\n"),
        (
            "sos_commands/filesys/mount_-l",
            "cgroup2 on /sys/fs/cgroup type cgroup2 (rw)\nbpf on /sys/fs/bpf type bpf (rw)\n",
        ),
        (
            "sos_commands/selinux/sestatus",
            "SELinux status:  enabled\nCurrent mode:  enforcing\n",
        ),
        (
            "usr/lib/os-release",
            "ID=rhel\nVERSION_ID=\"9.4\"\nPRETTY_NAME=\"RHEL 9.4\"\n",
        ),
        (
            "proc/cmdline",
            "root=UUID=0a1b2c3d-0000-1111-2222-0a1b2c3d4e5f ro\n",
        ),
        (
            "proc/filesystems",
            "nodev\tsysfs\nnodev\tbpf\nnodev\tcgroup2\n",
        ),
        ("proc/self/mountinfo", MOUNTS),
        ("sys/fs/cgroup/cgroup.controllers", "cpu memory\n"),
        ("boot/config-5.14.0-427.el9.x86_64", CONFIG),
    ] {
        put(&root, path, content);
    }
    fs::create_dir_all(root.join("etc")).unwrap();
    symlink("../usr/lib/os-release", root.join("etc/os-release")).unwrap();
    symlink("self/mounts", root.join("proc/mounts")).unwrap();
    (scratch, root)
}

/// The files below a directory as an archive with one directory at its top.
fn archive(root: &Path) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    builder.follow_symlinks(false);
    builder
        .append_dir_all(root.file_name().unwrap(), root)
        .unwrap();
    builder.into_inner().unwrap()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_sosreport_is_understood_as_directory_and_as_archive() {
    let (scratch, root) = sosreport();
    let from_directory = report(&["--root", name(&root)]);
    for (key, value, source) in [
        (
            "kernel.release",
            "5.14.0-427.el9.x86_64",
            "sos_commands/kernel/uname_-a",
        ),
        ("kernel.flavour", "rhel9", "sos_commands/kernel/uname_-a"),
        ("kernel.arch", "x86_64", "sos_commands/kernel/uname_-a"),
        (
            "environment.hostname",
            "web-17",
            "sos_commands/kernel/uname_-a",
        ),
        ("os.id", "rhel", "/etc/os-release"),
        (
            "config-file",
            "/boot/config-5.14.0-427.el9.x86_64",
            "/boot/config-5.14.0-427.el9.x86_64",
        ),
        (
            "sysctl.net.core.bpf_jit_enable",
            "1",
            "sos_commands/kernel/sysctl_-a",
        ),
        (
            "sysctl.kernel.bpf_stats_enabled",
            "null",
            "sos_commands/kernel/sysctl_-a",
        ),
        (
            "security.lockdown",
            "integrity",
            "sos_commands/kernel/dmesg",
        ),
        (
            "security.selinux",
            "enforcing",
            "sos_commands/selinux/sestatus",
        ),
        ("cgroup.mode", "unified", "/proc/self/mountinfo"),
        ("btf.vmlinux", "? not-collected", "/sys/kernel/btf/vmlinux"),
        ("privilege.euid", "? not-collected", "/proc/self/status"),
        ("tool.grubby", "? not-collected", "/usr/bin"),
    ] {
        let expected = (value.to_owned(), source.to_owned());
        assert_eq!(fact(&from_directory, key), expected, "{key}");
    }
    let modules = fact(&from_directory, "security.lsm").0;
    assert!(
        modules.contains("selinux") && modules.contains("bpf"),
        "{modules}"
    );
    assert_eq!(from_directory["probes"], Value::Sequence(Vec::new()));

    let plain = archive(&root);
    for (file, bytes) in [
        ("x.tar", plain.clone()),
        ("x.tar.gz", gz(&plain)),
        ("x.tar.xz", xz(&plain)),
    ] {
        let path = scratch.path().join(file);
        fs::write(&path, bytes).unwrap();
        assert_eq!(report(&["--root", name(&path)]), from_directory, "{file}");
    }
}

#[test]
fn an_image_has_the_kernel_its_boot_configuration_selects() {
    let image = tempfile::tempdir().unwrap();
    let root = image.path();
    put(root, "etc/os-release", "ID=fedora\n");
    for version in ["6.9.1-100.fc40.x86_64", "6.10.2-200.fc40.x86_64"] {
        put(root, &format!("boot/config-{version}"), CONFIG);
        let entry =
            format!("title F\nversion {version}\nlinux /vmlinuz-{version}\noptions ro lsm=bpf\n");
        put(
            root,
            &format!("boot/loader/entries/1f-{version}.conf"),
            entry,
        );
    }
    put(root, "boot/config-6.11.0-1.fc40.x86_64", CONFIG);
    fs::create_dir(root.join("proc")).unwrap();
    let kernel = |more: &[&str]| {
        let report = report(&[&["--root", name(root)], more].concat());
        let config = fact(&report, "config-file").0;
        (fact(&report, "kernel.release"), config)
    };
    let entry =
        |version: &str| format!("/boot/loader/entries/1f-{version}.conf (boot configuration)");
    let newest = "6.10.2-200.fc40.x86_64";
    let expected = (
        (newest.to_owned(), entry(newest)),
        format!("/boot/config-{newest}"),
    );
    assert_eq!(kernel(&[]), expected);

    let older = "6.9.1-100.fc40.x86_64";
    put(
        root,
        "boot/grub2/grubenv",
        format!("# GRUB\nsaved_entry=1f-{older}\n####"),
    );
    assert_eq!(kernel(&[]).0, (older.to_owned(), entry(older)));
    let asked = kernel(&["--release", "6.11.0-1.fc40.x86_64"]);
    assert_eq!(
        asked.0,
        ("6.11.0-1.fc40.x86_64".to_owned(), "--release".to_owned())
    );
    assert_eq!(asked.1, "/boot/config-6.11.0-1.fc40.x86_64");

    let shown = text(&run(&["check", "--root", name(root)]).stdout);
    let line = format!("kernel {older} by {}", entry(older));
    assert_eq!(shown.lines().nth(1), Some(line.as_str()));

    fs::remove_dir_all(root.join("boot/loader")).unwrap();
    let (release, why) = kernel(&[]).0;
    assert_eq!(release, "6.11.0-1.fc40.x86_64");
    assert!(why.ends_with("(the newest installed)"), "{why}");
}

#[test]
fn links_of_an_image_stay_inside() {
    let outside = tempfile::tempdir().unwrap();
    put(outside.path(), "secret", "ID=stolen\n");
    let root = outside.path().join("root");
    fs::create_dir_all(root.join("etc")).unwrap();
    symlink("../../secret", root.join("etc/os-release")).unwrap();
    symlink(
        outside.path().join("secret"),
        root.join("etc/centos-release"),
    )
    .unwrap();
    let report = report(&["--root", name(&root)]);
    assert_eq!(fact(&report, "os.id").0, "? missing");
}

#[test]
fn single_files_answer_for_a_kernel_that_is_not_built() {
    let scratch = tempfile::tempdir().unwrap();
    let put_file = |file: &str, content: &[u8]| {
        put(scratch.path(), file, content);
        scratch.path().join(file)
    };
    let config = put_file("config", CONFIG.as_bytes());
    let packed = put_file("config.gz", &gz(CONFIG.as_bytes()));
    let plain = report(&["--config", name(&config)]);
    let (release, source) = fact(&plain, "kernel.release");
    assert_eq!(release, "5.14.0-427.el9.x86_64");
    assert!(source.ends_with("config (its header)"), "{source}");
    assert_eq!(status(&plain, "sockmap-config-missing"), "ok");
    // Of the host that will run it nothing is known, and nothing is held against the kernel.
    assert_eq!(status(&plain, "bpffs-not-mounted"), "unknown");
    assert_eq!(fact(&plain, "kernel.state").0, "configured");
    assert_eq!(
        statuses(&report(&["--config", name(&packed)])),
        statuses(&plain)
    );

    let without = CONFIG.replace(
        "CONFIG_BPF_STREAM_PARSER=y",
        "# CONFIG_BPF_STREAM_PARSER is not set",
    );
    let without = put_file("without", without.as_bytes());
    let old = report(&["--config", name(&without), "--release", "5.10.218"]);
    assert_eq!(status(&old, "sockmap-config-missing"), "fail");
    assert_eq!(
        fact(&old, "kernel.release"),
        ("5.10.218".to_owned(), "--release".to_owned())
    );
    let new = report(&["--config", name(&without), "--release", "6.1.0"]);
    assert_eq!(status(&new, "sockmap-config-missing"), "ok");

    let mounts = put_file("mounts", b"none /sys/fs/bpf bpf rw 0 0\n");
    let lsm = put_file("lsm", b"yama,bpf");
    let more = report(&[
        "--mountinfo",
        name(&mounts),
        "--lsm",
        name(&lsm),
        "--release",
        "6.1.0",
    ]);
    assert_eq!(status(&more, "bpffs-not-mounted"), "ok");
    assert_eq!(fact(&more, "security.lsm").1, name(&lsm));
    assert_eq!(fact(&more, "security.lockdown").0, "? not-collected");

    let mut command = doctor(&["check", "--format", "yaml", "--config", "-"]);
    command.stdin(fs::File::open(&config).unwrap());
    let output = command.output().unwrap();
    let piped: Value = serde_yaml::from_slice(&output.stdout).unwrap();
    assert_eq!(fact(&piped, "config-file").0, "standard input");
    assert_eq!(statuses(&piped), statuses(&plain));
}

#[test]
fn a_report_is_judged_again_with_the_same_bytes() {
    let scratch = tempfile::tempdir().unwrap();
    let (_sosreport, root) = sosreport();
    let root = name(&root);
    let this: [&[&str]; 3] = [&[], &["--no-probes"], &["--root", root]];
    // What a call asks for, it has to ask for again.
    let asked: [&[&str]; 6] = [
        &["--profile", "cilium", "--profile", "bpftrace"],
        &["--profile", "all"],
        &[
            "--only",
            "btf",
            "--only",
            "privilege",
            "--skip",
            "kernel-btf-missing",
        ],
        &["--redact", "--label", "role=web", "--only", "kernel"],
        &["--hostname", "node-7"],
        &["--strict", "--fail-on", "warning"],
    ];
    for arguments in asked {
        let base = [&["check", "--format", "yaml"], arguments].concat();
        let first = run(&[&base, this[2]].concat());
        let saved = scratch.path().join("asked");
        fs::write(&saved, &first.stdout).unwrap();
        let again = run(&[&base[..], &["--from", name(&saved)]].concat());
        assert_eq!(text(&again.stdout), text(&first.stdout), "{arguments:?}");
        assert_eq!(again.status, first.status, "{arguments:?}");
    }
    for arguments in this {
        for format in ["yaml", "json"] {
            let base: &[&str] = &["check", "--format", format];
            let first = run(&[base, arguments].concat());
            let saved = scratch.path().join(format);
            fs::write(&saved, &first.stdout).unwrap();
            let again = run(&[base, &["--from", name(&saved)]].concat());
            assert_eq!(text(&again.stdout), text(&first.stdout), "{arguments:?}");
            assert_eq!(again.status, first.status);
        }
    }
    let plain = run(&["check", "--no-probes", "--format", "yaml"]);
    let root = run(&["check", "--no-probes", "--root", "/", "--format", "yaml"]);
    assert_eq!(text(&root.stdout), text(&plain.stdout));
}

#[test]
fn a_bundle_is_small_its_owners_and_packed_again_the_same() {
    let scratch = tempfile::tempdir().unwrap();
    let path = |file: &str| scratch.path().join(file).to_str().unwrap().to_owned();
    let (bundle, again) = (path("a.tar.gz"), path("b.tar.gz"));
    for arguments in [
        &["collect", "-o", &bundle][..],
        &["collect", "-o", &again, "--root", &bundle],
    ] {
        let file = arguments[2];
        fs::write(file, "").unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
        let output = run(arguments);
        let said = (output.status.code(), text(&output.stderr));
        assert_eq!(said, (Some(0), String::new()));
    }
    let meta = fs::metadata(&bundle).unwrap();
    assert_eq!(meta.permissions().mode() & 0o777, 0o600);
    assert!(meta.len() < 200_000, "{} bytes", meta.len());
    assert_eq!(report(&["--root", &again]), report(&["--root", &bundle]));
}

/// Two looks at a host that runs may differ; so one of them is judged, and packed and judged.
#[test]
fn a_bundle_is_judged_as_the_host_was() {
    let (scratch, _) = sosreport();
    let bundle = scratch.path().join("x.tar.gz");
    let collected = run(&["collect", "-o", name(&bundle)]);
    assert_eq!(collected.status.code(), Some(0), "{collected:?}");
    let outcomes = host::open(&bundle, None).unwrap().probes.unwrap();
    let outcomes = report::read_outcomes(&outcomes).unwrap();
    assert!(!outcomes.is_empty());

    let recorder = Recorder::new(&Live);
    let mut facts = facts::collect(&recorder);
    let packed = Packed {
        version: env!("CARGO_PKG_VERSION"),
        collected_at: ("2026-01-01T00:00:00Z", 1_767_225_600),
        dated_by: None,
        redacted: false,
        labels: &Labels::default(),
        probes: &report::outcomes_yaml(&outcomes).unwrap(),
    };
    fs::write(&bundle, packed.pack(&recorder.finish()).unwrap()).unwrap();

    let catalogue = bpf_doctor::built_in_catalogue().unwrap();
    facts.keep(catalogue.facts_asked().iter().map(String::as_str));
    let findings = diagnosis::diagnose(&catalogue, &facts, &outcomes);
    let selection = Selection::new(&catalogue, None, &[]).unwrap();
    let origin = Origin {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        catalogue: catalogue.digest.clone(),
        generated_at: "2026-01-01T00:00:00Z".to_owned(),
    };
    let findings = selection.of(findings, &catalogue);
    let here = Report::new(origin, findings, Threshold::Error, outcomes, facts);
    let here: Value = serde_yaml::from_str(&report::yaml(&here).unwrap()).unwrap();
    assert_eq!(report(&["--root", name(&bundle)]), here);
}

/// BTF as large as a kernel's: of more than an archive keeps of what is known by its beginning.
fn large_btf() -> Vec<u8> {
    const STRINGS: usize = 3 << 20;
    let mut bytes = support::btf();
    let small = bytes.len() - b"\0int\0".len();
    bytes.resize(small + STRINGS - 1, b'x');
    bytes.push(0);
    let length = u32::try_from(STRINGS).unwrap();
    bytes[20..24].copy_from_slice(&length.to_le_bytes());
    bytes
}

#[test]
fn a_bundle_with_btf_is_read_back_with_the_same_findings() {
    let host = support::healthy();
    let root = host.path();
    put(root, "sys/kernel/btf/vmlinux", large_btf());
    put(root, "sys/kernel/btf/xfs", support::btf());
    put(root, "proc/modules", "xfs 1 0 - Live 0x0\n");
    put(root, "etc/hostname", "web-17\n");
    let scratch = tempfile::tempdir().unwrap();
    let (bundle, plain) = (
        scratch.path().join("x.tar.gz"),
        scratch.path().join("x.tar"),
    );
    let features = |root: &Path| {
        let output = run(&["features", "--format", "yaml", "--root", name(root)]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        text(&output.stdout)
    };
    let types = features(root);
    for (collected, judged) in [
        (&[][..], &[][..]),
        (&["--redact"], &["--redact"]),
        (&["--no-probes"], &[]),
        (&["--label", "role=web"], &[]),
    ] {
        let arguments = [
            "collect",
            "--with-btf",
            "-o",
            name(&bundle),
            "--root",
            name(root),
        ];
        let output = run(&[&arguments[..], collected].concat());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let mut unpacked = Vec::new();
        let packed = fs::File::open(&bundle).unwrap();
        let mut packed = flate2::read::GzDecoder::new(packed);
        std::io::copy(&mut packed, &mut unpacked).unwrap();
        assert!(unpacked.len() > 3 << 20, "{}", unpacked.len());
        fs::write(&plain, unpacked).unwrap();
        let here = report(&[&["--root", name(root)], judged].concat());
        for archive in [&bundle, &plain] {
            let there = report(&["--root", name(archive)]);
            assert_eq!(statuses(&there), statuses(&here), "{collected:?}");
            assert_eq!(there["verdict"], here["verdict"], "{collected:?}");
            assert_eq!(there["facts"], here["facts"], "{collected:?}");
            assert_eq!(features(archive), types, "{collected:?}");
        }
    }
}

fn pack_redacted(root: &Path, bundle: &Path) {
    let packed = run(&[
        "collect",
        "--redact",
        "-o",
        name(bundle),
        "--root",
        name(root),
    ]);
    assert_eq!(packed.status.code(), Some(0), "{packed:?}");
}

#[test]
fn redaction_leaves_verdicts_and_takes_names() {
    let (scratch, root) = sosreport();
    put(
        &root,
        "proc/cmdline",
        "root=/dev/mapper/web--17-root ip=10.1.2.3::10.1.2.1:255.255.255.0:web-17:eth0 \
         ifname=eth0:02:42:ac:11:00:02 systemd.machine_id=0a1b2c3d0000111122220a1b2c3d4e5f \
         luks.key=hunter2 api_token=hunter2 lsm=yama,bpf -- --user=alice hunter2\n",
    );
    let plain = report(&["--root", name(&root)]);
    let output = run(&[
        "check",
        "--format",
        "yaml",
        "--redact",
        "--root",
        name(&root),
    ]);
    let redacted = report(&["--redact", "--root", name(&root)]);
    let bundle = scratch.path().join("redacted.tar.gz");
    pack_redacted(&root, &bundle);
    let from_bundle = run(&["check", "--format", "yaml", "--root", name(&bundle)]);
    let mut unpacked = String::new();
    let file = flate2::read::GzDecoder::new(fs::File::open(&bundle).unwrap());
    for entry in tar::Archive::new(file).entries().unwrap() {
        let mut bytes = Vec::new();
        std::io::copy(&mut entry.unwrap(), &mut bytes).unwrap();
        unpacked += &String::from_utf8_lossy(&bytes);
    }
    for shown in [text(&output.stdout), text(&from_bundle.stdout), unpacked] {
        for secret in [
            "web-17", "web--17", "10.1.2", "02:42", "0a1b2c3d", "hunter2", "alice",
        ] {
            let line = shown.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{secret}");
        }
    }
    assert_eq!(report(&["--root", name(&bundle)]), redacted);
    for bytes in [&output.stdout, &from_bundle.stdout] {
        let redacted: Value = serde_yaml::from_slice(bytes).unwrap();
        assert_eq!(statuses(&redacted), statuses(&plain));
        assert_eq!(redacted["verdict"], plain["verdict"]);
        assert_eq!(redacted["host"]["hostname"], "host-1");
        let cmdline = fact(&redacted, "cmdline").0;
        assert!(cmdline.contains("ip=ip-"), "{cmdline}");
        assert!(cmdline.contains("lsm=yama,bpf"), "{cmdline}");
    }
}

/// The report of a root is that of its bundle; and redacted, it finds the same, as its bundle does.
#[track_caller]
fn reads_back(root: &Path, scratch: &Path) {
    let plain = report(&["--root", name(root)]);
    let redacted = report(&["--redact", "--root", name(root)]);
    assert_eq!(statuses(&redacted), statuses(&plain), "{root:?}");
    assert_eq!(redacted["verdict"], plain["verdict"], "{root:?}");
    let bundle = scratch.join("x.tar.gz");
    let packed = run(&["collect", "-o", name(&bundle), "--root", name(root)]);
    assert_eq!(packed.status.code(), Some(0), "{packed:?}");
    assert_eq!(report(&["--root", name(&bundle)]), plain, "{root:?}");
    // Names are replaced by the same words, so that a report and a bundle fit together.
    pack_redacted(root, &bundle);
    assert_eq!(report(&["--root", name(&bundle)]), redacted, "{root:?}");
}

/// The root directories of all hosts of the tests, in order.
fn hosts() -> Vec<PathBuf> {
    let hosts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts");
    let roots = fs::read_dir(hosts).unwrap();
    let roots = roots.map(|entry| entry.unwrap().path().join("root"));
    let mut roots: Vec<PathBuf> = roots.filter(|root| root.is_dir()).collect();
    roots.sort();
    assert_ne!(roots.len(), 0);
    roots
}

#[test]
fn bundles_and_redaction_keep_the_verdict_of_every_host() {
    let scratch = tempfile::tempdir().unwrap();
    for root in hosts() {
        reads_back(&root, scratch.path());
    }
}

/// An archive with the mark of its end.
fn ended(members: &[u8]) -> Vec<u8> {
    [members, &[0; 1024]].concat()
}

fn member(kind: tar::EntryType, path: &str, target: &str, content: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    let old = header.as_old_mut();
    old.name[..path.len()].copy_from_slice(path.as_bytes());
    old.linkname[..target.len()].copy_from_slice(target.as_bytes());
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

#[test]
fn bad_input_ends_in_one_clear_line_and_status_2() {
    let scratch = tempfile::tempdir().unwrap();
    let (_sosreport, root) = sosreport();
    let good = archive(&root);
    let file = tar::EntryType::Regular;
    let with = |kind, path: &str, target: &str| {
        let bad = member(kind, path, target, b"");
        [bad, good.clone()].concat()
    };
    // Packed in pieces, since a test is to be done soon.
    let mut begin = tar::Header::from_byte_slice(&member(file, "x", "", b"")).clone();
    begin.set_size(320 << 20);
    begin.set_cksum();
    let zeros = vec![0; 10 << 20];
    let bomb = |pack: &dyn Fn(&[u8]) -> Vec<u8>| {
        [pack(begin.as_bytes()), pack(&zeros).repeat(32)].concat()
    };
    let honest = member(file, "etc/x", "", &zeros);
    let mut endless = member(file, "x", "", b"");
    let size = tar::Header::from_byte_slice(&endless).clone();
    let mut size = size;
    size.set_size(u64::MAX >> 1);
    size.set_cksum();
    endless[..512].copy_from_slice(size.as_bytes());
    let bundle = scratch.path().join("bundle.tar.gz");
    run(&["collect", "--no-probes", "-o", name(&bundle)]);
    let bundle = fs::read(bundle).unwrap();
    let newer = "schema: bpf-doctor/bundle/v9\n";
    let saved = run(&["check", "--no-probes", "--format", "yaml"]).stdout;
    let v9 = text(&saved).replace("report/v1", "report/v9");
    let wrong = text(&saved).replacen("observed:", "observed: 7\n  was:", 1);
    let fifo = scratch.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    // Some megabytes of the same are no bomb.
    let path = scratch.path().join("honest.tar.xz");
    let release = member(file, "etc/os-release", "", b"ID=debian\n");
    fs::write(&path, xz(&[honest, release].concat())).unwrap();
    assert_eq!(fact(&report(&["--root", name(&path)]), "os.id").0, "debian");

    let rows: [(&str, Vec<u8>, &str); 20] = [
        (
            "--root",
            with(file, "../../tmp/evil", ""),
            "leads out of it",
        ),
        ("--root", with(file, "/tmp/evil", ""), "leads out of it"),
        (
            "--root",
            with(tar::EntryType::Link, "x", "/etc/passwd"),
            "leads out of it",
        ),
        (
            "--root",
            bomb(&gz),
            "more than 250 times its size, in its member `x` of 320 MiB; unpack it, and name the",
        ),
        ("--root", bomb(&xz), "more than 250 times its size"),
        ("--root", endless, "can't read"),
        ("--root", gz(&good)[..500].to_vec(), "cut short"),
        (
            "--root",
            ended(&member(tar::EntryType::Char, "dev/null", "", b"")),
            "holds no sosreport",
        ),
        ("--root", b"hello".to_vec(), "no archive"),
        ("--root", bundle[..bundle.len() / 2].to_vec(), "cut short"),
        (
            "--root",
            ended(&member(file, "b/manifest.yaml", "", newer.as_bytes())),
            "newer bpf-doctor",
        ),
        (
            "--root",
            member(file, "etc/os-release", "", b"ID=debian\n"),
            "it is cut short: the mark at the end of an archive is missing",
        ),
        (
            "--root",
            gz(CONFIG.as_bytes()),
            "it is a kernel config: --config reads those",
        ),
        ("--from", v9.into_bytes(), "`bpf-doctor/report/v9`"),
        (
            "--from",
            saved[..saved.len() / 2].to_vec(),
            "damaged report",
        ),
        ("--from", wrong.into_bytes(), "damaged report"),
        ("--from", vec![b'['; 100_000], "no report"),
        ("--from", vec![b' '; 65 << 20], "larger than"),
        ("--config", b"\x7fELF".to_vec(), "no kernel config"),
        ("--sysctl", b"nothing".to_vec(), "no output of sysctl"),
    ];
    for (at, (option, bytes, says)) in rows.into_iter().enumerate() {
        let path = scratch.path().join(format!("bad-{at}"));
        fs::write(&path, bytes).unwrap();
        refused(&["check", option, name(&path)], says);
    }
    refused(
        &["check", "--root", name(&fifo)],
        "neither a directory nor an archive",
    );
    let empty = scratch.path().join("empty");
    fs::create_dir(&empty).unwrap();
    refused(&["check", "--root", name(&empty)], "no root file system");
    refused(&["check", "--from", name(&fifo)], "not a regular file");
    refused(&["check", "--config", name(&fifo)], "not a regular file");
    refused(&["check", "--config", "-", "--cmdline", "-"], "read once");
    refused(&["check", "--release", "6.1"], "--release");
    refused(&["check", "--config", "x", "--release", "../x"], "uname -r");
    refused(
        &["check", "--root", "/", "--from", "x"],
        "cannot be used with",
    );
    refused(&["collect", "-o", "/nowhere/x"], "can't write /nowhere/x");
    assert!(!Path::new("/tmp/evil").exists());
}

#[track_caller]
fn refused(arguments: &[&str], says: &str) {
    let start = std::time::Instant::now();
    let output = run(arguments);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert!(said.contains(says), "{arguments:?}: {said}");
    assert_eq!(text(&output.stdout), "", "{arguments:?}");
    let of_clap = said.starts_with("error: ");
    assert!(
        of_clap || said.lines().count() == 1,
        "{arguments:?}: {said}"
    );
    assert!(start.elapsed().as_secs() < 60, "{arguments:?}");
}

/// A report of what could not all be read, what was said of that, and whether the status says so.
fn troubled(path: &Path) -> (Value, String, bool) {
    let output = run(&["check", "--format", "yaml", "--root", name(path)]);
    let report: Value = serde_yaml::from_slice(&output.stdout).unwrap();
    assert_eq!(report["complete"], true);
    let code = output.status.code();
    assert!(matches!(code, Some(0..=3)), "{code:?}");
    (report, text(&output.stderr), code == Some(2))
}

#[test]
fn a_fifo_or_a_device_in_a_sosreport_stops_nothing_and_is_trouble() {
    let (scratch, root) = sosreport();
    let cmdline = root.join("proc/cmdline");
    fs::remove_file(&cmdline).unwrap();
    let top = root.file_name().unwrap().to_str().unwrap();
    let path = scratch.path().join("x.tar");
    let special = "/proc/cmdline is no regular file but a fifo, a device or a socket";
    let directory = "/proc/cmdline is a directory where a regular file should be";
    let hidden = "/proc/cmdline is hidden: a device that hides files is in its place";
    let archived = |kind, numbers: (u32, u32)| {
        let place = format!("{top}/proc/cmdline");
        let mut header = tar::Header::from_byte_slice(&member(kind, &place, "", b"")).clone();
        header.set_device_major(numbers.0).unwrap();
        header.set_device_minor(numbers.1).unwrap();
        header.set_cksum();
        [header.as_bytes().to_vec(), archive(&root)].concat()
    };
    // /dev/null in its place is how a file is hidden, and no device of another number is.
    for (kind, numbers, odd, is_trouble) in [
        (tar::EntryType::Char, (1, 3), hidden, false),
        (tar::EntryType::Char, (1, 5), special, true),
        (tar::EntryType::Block, (1, 3), special, true),
        (tar::EntryType::Fifo, (0, 0), special, true),
        (tar::EntryType::Directory, (0, 0), directory, true),
    ] {
        fs::write(&path, archived(kind, numbers)).unwrap();
        let (report, said, has_trouble) = troubled(&path);
        assert_eq!(fact(&report, "cmdline").0, "? unreadable");
        assert!(said.contains(odd), "{said}");
        assert_eq!(has_trouble, is_trouble, "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    nix::unistd::mkfifo(&cmdline, nix::sys::stat::Mode::S_IRWXU).unwrap();
    for form in ["text", "json", "junit", "prometheus"] {
        let output = run(&[
            "check",
            "--exit-zero",
            "--format",
            form,
            "--root",
            name(&root),
        ]);
        assert_eq!(output.status.code(), Some(2), "{form}");
        assert!(!output.stdout.is_empty() && text(&output.stderr).contains(special));
    }
    let bundle = scratch.path().join("bundle.tar.gz");
    for arguments in [
        &["features", "--root", name(&root)][..],
        &["features", "show", "ringbuf", "--root", name(&root)],
        &["collect", "--root", name(&root), "-o", name(&bundle)],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(special), "{arguments:?}");
    }
    // What it says was read when it was made.
    let (report, said, has_trouble) = troubled(&bundle);
    assert_eq!(fact(&report, "cmdline").0, "? unreadable");
    assert_eq!((said.as_str(), has_trouble), ("", false));
    fs::remove_file(&cmdline).unwrap();
    fs::create_dir(&cmdline).unwrap();
    let (_, said, has_trouble) = troubled(&root);
    assert!(said.contains(directory) && has_trouble, "{said}");
    // A link to /dev/null leads to nothing here, or to a device.
    fs::remove_dir(&cmdline).unwrap();
    symlink("/dev/null", &cmdline).unwrap();
    let (_, said, has_trouble) = troubled(&root);
    assert!(!has_trouble, "{said}");
    fs::create_dir(root.join("dev")).unwrap();
    let null = root.join("dev/null");
    let mode = nix::sys::stat::Mode::S_IRWXU;
    let kind = nix::sys::stat::SFlag::S_IFCHR;
    let device = nix::sys::stat::makedev(1, 3);
    // Where the machine lets make one.
    if nix::sys::stat::mknod(&null, kind, mode, device).is_ok() {
        let (_, said, has_trouble) = troubled(&root);
        assert!(said.contains(hidden) && !has_trouble, "{said}");
    }
}

#[test]
fn a_fifo_in_a_supportconfig_is_trouble() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().join("scc_host");
    let begin = "#==[ Command ]===#\n# /bin/uname -a\nLinux h 6.4.0-1-default #1 SMP x86_64\n\n";
    put(&root, "basic-environment.txt", begin);
    nix::unistd::mkfifo(&root.join("boot.txt"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let (_, said, has_trouble) = troubled(&root);
    assert!(said.contains("boot.txt is no regular file"), "{said}");
    assert!(has_trouble);
}

#[test]
fn a_kernel_that_is_not_there_is_an_error_that_names_those_that_are() {
    let (_scratch, root) = sosreport();
    for (release, code) in [("5.14.0-427.el9.x86_64", 3), ("5.14.0-9.el9.x86_64", 2)] {
        let output = run(&["check", "--root", name(&root), "--release", release]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code() == Some(2), code == 2, "{said}");
        if code == 2 {
            assert!(said.contains("no kernel 5.14.0-9.el9.x86_64 in"), "{said}");
            assert!(said.contains("there is 5.14.0-427.el9.x86_64"), "{said}");
            assert_eq!(said.lines().count(), 1, "{said}");
        }
    }
}

#[test]
fn refused_directories_of_a_sosreport_are_pointed_out() {
    let (_scratch, root) = sosreport();
    let shut = root.join("sos_commands/kernel");
    fs::set_permissions(&shut, fs::Permissions::from_mode(0o000)).unwrap();
    // Root may read everything, so somebody else has to look.
    let as_nobody = nix::unistd::geteuid().is_root();
    if as_nobody {
        let scratch = root.parent().unwrap();
        fs::set_permissions(scratch, fs::Permissions::from_mode(0o755)).unwrap();
    }
    put(&root, "sos_commands/filesys/mount_-l", "x\n");
    let mount = root.join("sos_commands/filesys/mount_-l");
    fs::set_permissions(&mount, fs::Permissions::from_mode(0o000)).unwrap();
    let mut command = doctor(&["check", "--format", "yaml", "--root", name(&root)]);
    if as_nobody {
        std::os::unix::process::CommandExt::uid(&mut command, 65534);
    }
    let output = command.output().unwrap();
    fs::set_permissions(&shut, fs::Permissions::from_mode(0o755)).unwrap();
    let said = text(&output.stderr);
    assert!(
        said.contains("a directory and a file of this sosreport may not be read"),
        "{said}"
    );
    assert!(
        said.contains("first of all sos_commands/filesys/mount_-l"),
        "{said}"
    );
    assert!(matches!(output.status.code(), Some(0 | 1 | 3)), "{said}");
}

/// The report, and what was said on standard error besides.
#[track_caller]
fn warned(arguments: &[&str]) -> (Value, String) {
    let output = run(&[&["check", "--format", "yaml"], arguments].concat());
    let said = text(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1 | 3)), "{said}");
    (serde_yaml::from_slice(&output.stdout).unwrap(), said)
}

#[test]
fn a_part_of_a_config_says_nothing_by_what_it_lacks() {
    let scratch = tempfile::tempdir().unwrap();
    let whole = CONFIG.replace("CONFIG_BPF_STREAM_PARSER=y\n", "");
    let file = |name: &str, content: &str| {
        put(scratch.path(), name, content);
        scratch.path().join(name)
    };
    let absent = report(&[
        "--config",
        name(&file("whole", &whole)),
        "--release",
        "5.10.218",
    ]);
    assert_eq!(status(&absent, "sockmap-config-missing"), "fail");

    // What savedefconfig writes, and what `merge_config.sh` takes.
    let part = file(
        "part",
        "CONFIG_BPF_SYSCALL=y\n# CONFIG_BPF_LSM is not set\n",
    );
    let saved = scratch.path().join("saved.yaml");
    let arguments = ["--config", name(&part), "--release", "5.10.218"];
    let (report, said) = warned(&arguments);
    assert!(
        said.contains("part is a fragment of a kernel config (2 options, no header)"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
    assert_eq!(status(&report, "sockmap-config-missing"), "unknown");
    let output = run(&[
        &["check", "--format", "yaml", "-o", name(&saved)],
        &arguments[..],
    ]
    .concat());
    assert_eq!(text(&output.stderr), said);
    assert_eq!(warned(&["--from", name(&saved)]), (report, String::new()));
}

#[test]
fn what_single_files_tell_differently_is_shown() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path();
    let header = "# Linux/x86 6.1.0 Kernel Configuration\n";
    put(root, "config", format!("{header}CONFIG_BPF_LSM=y\n"));
    put(root, "cmdline", "lsm=yama,bpf lockdown=confidentiality\n");
    put(root, "lsm", "capability,yama\n");
    put(root, "lockdown", "[none] integrity confidentiality\n");
    let at = |file: &str| root.join(file).to_str().unwrap().to_owned();
    let (config, cmdline, lsm, lockdown) = (at("config"), at("cmdline"), at("lsm"), at("lockdown"));
    let files = report(&[
        "--config",
        &config,
        "--cmdline",
        &cmdline,
        "--lsm",
        &lsm,
        "--lockdown",
        &lockdown,
        "--release",
        "6.1.0-10-amd64",
    ]);
    let told = fact(&files, "kernel.disagreements").0;
    for sentence in [
        format!("lsm= in {cmdline} asks for bpf, which {lsm} does not have"),
        format!("lockdown is none in {lockdown} and confidentiality in {cmdline}"),
    ] {
        assert!(told.contains(&sentence), "{told}");
    }
    assert_eq!(status(&files, "config-disagrees"), "fail");
    // A file without a byte is no copy of a command line.
    let (_sosreport, root) = sosreport();
    put(&root, "proc/cmdline", "");
    let (empty, said) = warned(&["--root", name(&root)]);
    assert_eq!(said, "bpf-doctor: /proc/cmdline is empty\n");
    let source = "/proc/cmdline".to_owned();
    assert_eq!(fact(&empty, "cmdline"), ("? malformed".to_owned(), source));
    assert_eq!(fact(&empty, "kernel.disagreements").0, "[]");
}

#[test]
fn a_kernel_that_is_locked_down_nobody_knows_how_far_is_not_ready() {
    let (_scratch, root) = sosreport();
    let release = "4.19.0-25-amd64";
    put(
        &root,
        "sos_commands/kernel/uname_-a",
        format!("Linux vm {release} #1 SMP Debian 4.19.289-2 (2023-08-08) x86_64 GNU/Linux\n"),
    );
    let log = "Kernel is locked down from EFI secure boot; see man kernel_lockdown.7\n";
    let log = format!("[    0.000000] Linux version {release}\n[    0.000000] {log}");
    put(&root, "sos_commands/kernel/dmesg", &log);
    put(
        &root,
        &format!("boot/config-{release}"),
        "CONFIG_BPF=y\nCONFIG_LOCK_DOWN_KERNEL=y\n",
    );
    let arguments = ["--root", name(&root), "--only", "kernel-lockdown"];
    let locked = report(&arguments);
    assert_eq!(status(&locked, "kernel-lockdown"), "unknown");
    assert_eq!(locked["verdict"].as_str(), Some("undetermined"));
    // Where nothing speaks of lockdown, not knowing leaves the verdict alone.
    put(&root, "sos_commands/kernel/dmesg", "[ 9.0] cut off\n");
    let silent = report(&arguments);
    assert_eq!(status(&silent, "kernel-lockdown"), "unknown");
    assert_eq!(silent["verdict"].as_str(), Some("ready"));
}

#[test]
fn what_files_of_a_sosreport_tell_differently_is_shown() {
    let (_scratch, root) = sosreport();
    let told = |report: &Value| fact(report, "kernel.disagreements").0;
    assert_eq!(told(&report(&["--root", name(&root)])), "[]");
    put(
        &root,
        "etc/redhat-release",
        "Red Hat Enterprise Linux release 9.2 (Plow)\n",
    );
    put(
        &root,
        "sos_commands/filesys/mount_-l",
        "cgroup2 on /sys/fs/cgroup type cgroup2 (rw)\n",
    );
    let report = report(&["--root", name(&root)]);
    let told = told(&report);
    for sentence in [
        "the distribution's version is 9.4 in /etc/os-release and 9.2 in /etc/redhat-release",
        "at /sys/fs/bpf there is bpf by /proc/self/mountinfo and no mount by \
         sos_commands/filesys/mount_-l",
    ] {
        assert!(told.contains(sentence), "{told}");
    }
    assert_eq!(status(&report, "config-disagrees"), "fail");
}

#[test]
fn the_log_of_a_sosreport_tells_what_its_files_lack() {
    let (scratch, root) = sosreport();
    fs::remove_file(root.join("proc/cmdline")).unwrap();
    put(
        &root,
        "sos_commands/kernel/uname_-a",
        "Linux web-17 4.18.0-553.el8_10.x86_64 #1 SMP x86_64 x86_64 x86_64 GNU/Linux\n",
    );
    let log = "[    0.000000] Linux version 4.18.0-553.el8_10.x86_64\n\
               [    0.000000] Command line: ro lsm=yama psk=hunter2\n\
               [    0.000000] secureboot: Secure boot enabled\n\
               [    0.000000] Kernel is locked down from EFI secure boot; see man kernel_lockdown.7\n";
    put(&root, "sos_commands/kernel/dmesg", log);
    put(
        &root,
        "boot/config-4.18.0-553.el8_10.x86_64",
        "CONFIG_BPF=y\nCONFIG_LOCK_DOWN_KERNEL=y\n",
    );
    let plain = report(&["--root", name(&root)]);
    let source = "sos_commands/kernel/dmesg";
    for (key, value) in [
        ("cmdline", "ro lsm=yama psk=hunter2"),
        ("security.lockdown", "integrity"),
        ("security.secure-boot", "true"),
    ] {
        let expected = (value.to_owned(), source.to_owned());
        assert_eq!(fact(&plain, key), expected, "{key}");
    }
    let redacted = report(&["--redact", "--root", name(&root)]);
    assert_eq!(
        fact(&redacted, "cmdline"),
        ("ro lsm=yama psk=redacted".to_owned(), source.to_owned())
    );
    let bundle = scratch.path().join("x.tar.gz");
    pack_redacted(&root, &bundle);
    assert_eq!(report(&["--root", name(&bundle)]), redacted);

    put(
        &root,
        "sos_commands/boot/mokutil_--sb-state",
        "SecureBoot disabled\n",
    );
    let other = report(&["--root", name(&root)]);
    assert_eq!(fact(&other, "security.secure-boot").0, "false");
    let told = fact(&other, "kernel.disagreements").0;
    assert!(
        told.contains("Secure Boot is disabled in sos_commands/boot/mokutil"),
        "{told}"
    );
}

#[test]
fn a_byte_order_mark_before_a_file_is_no_part_of_it() {
    let scratch = tempfile::tempdir().unwrap();
    for format in ["yaml", "json"] {
        let plain = text(&run(&["check", "--no-probes", "--format", format]).stdout);
        let path = scratch.path().join(format);
        fs::write(&path, format!("\u{feff}{plain}")).unwrap();
        let again = run(&["check", "--format", format, "--from", name(&path)]);
        assert_eq!(text(&again.stdout), plain);
        let fleet = run(&["fleet", name(&path)]);
        assert!(text(&fleet.stdout).starts_with("1 host: "), "{fleet:?}");
        let explain = run(&["explain", "--host", name(&path), "--text", "x"]);
        assert_eq!(explain.status.code(), Some(1), "{explain:?}");
    }
    for (option, content, key, value) in [
        ("--cmdline", "lsm=bpf\n", "cmdline", "lsm=bpf"),
        ("--os-release", "ID=debian\n", "os.id", "debian"),
        ("--lsm", "yama,bpf", "security.lsm", "- yama\n- bpf"),
    ] {
        let path = scratch.path().join("file");
        fs::write(&path, format!("\u{feff}{content}")).unwrap();
        let report = report(&[option, name(&path), "--release", "6.1.0"]);
        assert_eq!(fact(&report, key).0, value, "{option}");
    }
}

#[test]
fn an_archive_of_a_root_is_understood_whatever_its_members_begin_with() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = tar::EntryType::Directory;
    let file = tar::EntryType::Regular;
    let release = |top: &str| member(file, &format!("{top}etc/os-release"), "", b"ID=debian\n");
    for (at, members) in [
        vec![member(directory, "/", "", b""), release("")],
        vec![member(directory, "./", "", b""), release("./")],
        vec![release("root/")],
        vec![member(directory, "mnt/", "", b""), release("mnt/")],
        vec![release("top/"), member(file, "top.sha256", "", b"x")],
        vec![release("")],
    ]
    .into_iter()
    .enumerate()
    {
        let path = scratch.path().join(format!("{at}.tar"));
        fs::write(&path, ended(&members.concat())).unwrap();
        let report = report(&["--root", name(&path)]);
        let expected = ("debian".to_owned(), "/etc/os-release".to_owned());
        assert_eq!(fact(&report, "os.id"), expected, "{at}");
    }
    // And so is a directory that was unpacked from one.
    put(
        scratch.path(),
        "unpacked/root/etc/os-release",
        "ID=debian\n",
    );
    let report = report(&["--root", name(&scratch.path().join("unpacked"))]);
    assert_eq!(fact(&report, "os.id").0, "debian");
}

#[test]
fn of_a_system_that_is_off_it_is_said_that_nothing_runs() {
    let image = tempfile::tempdir().unwrap();
    put(image.path(), "etc/os-release", "ID=debian\n");
    put(image.path(), "boot/vmlinuz-6.1.0-9-amd64", "");
    for empty in ["proc", "sys"] {
        fs::create_dir(image.path().join(empty)).unwrap();
    }
    let shown = text(&run(&["check", "-v", "--root", name(image.path())]).stdout);
    assert!(shown.contains("nothing runs in this root"), "{shown}");
    for wrong in [
        "securityfs is not mounted",
        "sysfs is not mounted",
        "/proc/sys is not there",
        "network namespace",
    ] {
        assert!(!shown.contains(wrong), "{wrong}: {shown}");
    }
    // A copy of some files of /proc/sys is no /proc/sys that is not there.
    put(image.path(), "proc/sys/kernel/osrelease", "6.1.0-9-amd64\n");
    put(
        image.path(),
        "proc/sys/kernel/unprivileged_bpf_disabled",
        "2\n",
    );
    let shown = text(&run(&["check", "-v", "--root", name(image.path())]).stdout);
    for wrong in ["/proc/sys is not there", "network namespace"] {
        assert!(!shown.contains(wrong), "{wrong}: {shown}");
    }
}

#[test]
fn a_hundred_thousand_mounts_take_no_more_memory_than_ten() {
    let scratch = tempfile::tempdir().unwrap();
    let few = MOUNTS.to_owned();
    let line = |id: u32| {
        format!("{id} 28 0:{id} / /var/lib/x/{id:064}/merged rw - overlay overlay rw,lowerdir=/a\n")
    };
    let many: String = MOUNTS.to_owned() + &(100..100_100).map(line).collect::<String>();
    let peak = |file: &str, content: &str| {
        let path = scratch.path().join(file);
        fs::write(&path, content).unwrap();
        let mut command = doctor(&["check", "--release", "6.1.0", "--mountinfo", name(&path)]);
        let child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
        peak_of(child)
    };
    let (few, many) = (peak("few", &few), peak("many", &many));
    assert!(many < few + 4096, "{many} KiB instead of {few}");
}

/// The most memory a process had, in KiB.
fn peak_of(child: std::process::Child) -> u64 {
    let pid = child.id();
    let mut most = 0;
    let mut child = child;
    while child.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        most = most.max(peak.unwrap_or(0));
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert_ne!(most, 0);
    most
}

#[test]
fn an_answer_of_a_bundle_that_is_none_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let manifest = "schema: bpf-doctor/bundle/v1\ntool: x\ncollected_at: 2026-01-01T00:00:00Z\nredacted: false\n\
                    link: {/x: {refused: nonsense}}\ncomplete: true\n";
    put(scratch.path(), "manifest.yaml", manifest);
    refused(
        &["check", "--root", name(scratch.path())],
        "its manifest.yaml: link of `/x`: `refused` can't be `nonsense`",
    );
}
