//! Archives and the directories they are unpacked to: the same is known of both.

use super::*;

/// What stands at a path of a tree.
enum Is {
    Text(&'static str),
    Link(&'static str),
    /// Another name of the file at this path.
    Same(&'static str),
    Config,
    Fifo,
}

use Is::{Config, Fifo, Link, Same, Text};

const OS: Is = Text("ID=nixos\nNAME=NixOS\nVERSION_ID=\"24.05\"\nPRETTY_NAME=\"NixOS 24.05\"\n");
const RELEASE: Is = Text("6.6.30\n");
const NIX: &str = "/nix/store/abc-etc/etc";

/// Trees in which what is asked for lies somewhere else, by links of every kind; each has its
/// release, system and config.
fn trees() -> Vec<(&'static str, Vec<(&'static str, Is)>)> {
    let osrelease = "proc/sys/kernel/osrelease";
    vec![
        (
            "a chain of links",
            vec![
                (osrelease, RELEASE),
                ("etc/os-release", Link("/etc/static/os-release")),
                ("etc/static", Link(NIX)),
                ("nix/store/abc-etc/etc/os-release", Link("../../xyz/os")),
                ("nix/store/xyz/os", OS),
                ("nix/store/xyz/other", Text("x")),
                ("boot/config-6.6.30", Config),
            ],
        ),
        (
            "the process that packed it",
            vec![
                (osrelease, RELEASE),
                ("etc/os-release", OS),
                ("proc/self", Link("4711")),
                ("proc/mounts", Link("self/mounts")),
                ("proc/4711/mounts", Text("bpf /sys/fs/bpf bpf rw 0 0\n")),
                ("proc/4711/mountinfo", Text(MOUNTS)),
                ("proc/4711/cgroup", Text("0::/init.scope\n")),
                ("proc/config.gz", Config),
            ],
        ),
        (
            "the first process",
            vec![
                (osrelease, RELEASE),
                ("etc/os-release", OS),
                ("proc/self/mountinfo", Text("1 0 0:1 / / rw - x x rw\n")),
                ("proc/1/mountinfo", Text(MOUNTS)),
                ("proc/1/cgroup", Text("0::/init.scope\n")),
                ("proc/config.gz", Config),
            ],
        ),
        (
            "other names of files",
            vec![
                ("aaa/inode-1", Config),
                ("aaa/inode-2", OS),
                ("boot/config-6.6.30", Same("aaa/inode-1")),
                ("etc/os-release", Same("aaa/inode-2")),
                (osrelease, RELEASE),
            ],
        ),
        (
            "links out of the way",
            vec![
                (osrelease, RELEASE),
                ("aaa/x", Config),
                ("boot/config-6.6.30", Link("../aaa/x")),
                ("etc/os-release", Link("../../../usr/lib/os-release")),
                ("usr/lib/os-release", OS),
                ("etc/up", Link("../etc")),
                ("etc/loop", Link("loop")),
            ],
        ),
        (
            "linked directories",
            vec![
                (osrelease, RELEASE),
                ("boot", Link("data/boot")),
                ("data/boot", Link("/srv/deep/boot")),
                ("srv/deep/boot/config-6.6.30", Config),
                ("srv/deep/boot/vmlinuz-6.6.30", Text("x")),
                ("lib", Link("usr/lib")),
                ("usr/lib/modules/6.6.30/kernel/x.ko", Text("x")),
                ("etc", Link("/opt/system/etc")),
                ("opt/system/etc/os-release", OS),
                ("opt/system/etc/default/grub", Text("GRUB_DEFAULT=0\n")),
            ],
        ),
        (
            "what is no file",
            vec![
                (osrelease, RELEASE),
                ("etc/os-release", OS),
                ("proc/cmdline", Fifo),
                ("boot/config-6.6.30", Config),
            ],
        ),
        (
            "a link to itself",
            vec![
                (osrelease, RELEASE),
                ("etc/os-release", OS),
                ("proc/cmdline", Link("cmdline")),
                ("boot/config-6.6.30", Config),
            ],
        ),
    ]
}

fn build(root: &Path, tree: &[(&str, Is)]) {
    for (path, is) in tree {
        let place = root.join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        match is {
            Text(text) => fs::write(place, text).unwrap(),
            Config => fs::write(place, CONFIG.replace("5.14.0-427.el9.x86_64", "6.6.30")).unwrap(),
            Link(target) => symlink(target, place).unwrap(),
            Same(other) => fs::hard_link(root.join(other), place).unwrap(),
            Fifo => nix::unistd::mkfifo(&place, nix::sys::stat::Mode::S_IRWXU).unwrap(),
        }
    }
}

/// The output of a run in YAML and what it said besides.
fn told(path: &Path) -> (String, String) {
    let output = run(&["check", "--format", "yaml", "--root", name(path)]);
    let said = text(&output.stderr).replace(name(path), "SOURCE");
    (text(&output.stdout), said)
}

/// Archives of a directory: the name of each, and how tar(1) is to make it.
const ARCHIVES: &[(&str, &[&str])] = &[
    ("dots.tar.xz", &["-C", "host", "-cJf", "dots.tar.xz", "."]),
    ("top.tar.gz", &["-czf", "top.tar.gz", "host"]),
    (
        "pax.tar",
        &["--format=pax", "--sort=name", "-cf", "pax.tar", "host"],
    ),
];

fn pack(scratch: &Path, arguments: &[&str]) {
    let mut tar = std::process::Command::new("tar");
    let packed = tar.current_dir(scratch).args(arguments).output().unwrap();
    assert!(packed.status.success(), "{packed:?}");
}

#[test]
fn an_archive_tells_what_the_directory_it_was_made_of_tells() {
    for (what, tree) in trees() {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().join("host");
        build(&root, &tree);
        let unpacked = told(&root);
        let facts: Value = serde_yaml::from_str(&unpacked.0).unwrap();
        let odd = ["what is no file", "a link to itself"].contains(&what);
        assert_eq!(
            unpacked.1.contains("/proc/cmdline is "),
            odd,
            "{}",
            unpacked.1
        );
        assert_eq!(fact(&facts, "os.id").0, "nixos", "{what}");
        let option = &facts["facts"]["config"]["options"]["BPF_SYSCALL"];
        assert_eq!(option, "y", "{what}");
        for (file, arguments) in ARCHIVES {
            pack(scratch.path(), arguments);
            let packed = told(&scratch.path().join(file));
            assert_eq!(packed.0, unpacked.0, "{what}: {file}");
            assert_eq!(packed.1, unpacked.1, "{what}: {file}");
        }
    }
}

#[test]
fn a_link_that_leads_out_of_an_archive_is_trouble_where_a_file_is_read() {
    for (target, is_trouble) in [
        ("../../../../cmdline", true),
        // They lead to nothing, as in the directory.
        ("/srv/cmdline", false),
        ("/run/cmdline", false),
        ("/dev/null", false),
        ("gone", false),
    ] {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().join("host");
        let tree = [
            ("proc/sys/kernel/osrelease", RELEASE),
            ("etc/os-release", OS),
            ("boot/config-6.6.30", Config),
            // Links of every system, by which nobody reads a file.
            ("lib/modules/6.6.30/build", Link("/usr/src/linux-6.6.30")),
            ("etc/mtab", Link("/proc/self/mounts")),
            ("proc/cmdline", Link(target)),
        ];
        build(&root, &tree);
        for (file, arguments) in ARCHIVES {
            pack(scratch.path(), arguments);
            let (report, said, has_trouble) = super::troubled(&scratch.path().join(file));
            assert_eq!(fact(&report, "os.id").0, "nixos", "{target}");
            assert_eq!(has_trouble, is_trouble, "{target}: {said}");
            let line = format!("/proc/cmdline is a link to `{target}`, out of the archive");
            assert_eq!(said.contains(&line), is_trouble, "{said}");
            assert_eq!(said.lines().count(), usize::from(is_trouble), "{said}");
        }
    }
}

#[test]
fn archives_of_hosts_tell_what_their_directories_tell() {
    let hosts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts");
    // Of each kind of boot loader and image one.
    let names = [
        "flatcar-3815",
        "nixos",
        "rhcos-4.12",
        "alpine-3.21",
        "talos-1.9",
        "ubuntu-22.04",
    ];
    for host in names {
        let host = hosts.join(host);
        let scratch = tempfile::tempdir().unwrap();
        let packed = scratch.path().join("x.tar");
        pack(&host, &["-cf", name(&packed), "root"]);
        assert_eq!(told(&packed), told(&host.join("root")), "{host:?}");
    }
}

/// Of a file with holes, tar leaves them out in each of its formats, each in a way of its own.
#[test]
fn a_file_with_holes_is_the_same_in_an_archive() {
    use std::io::{Seek, SeekFrom};
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().join("host");
    let tree = [
        ("proc/sys/kernel/osrelease", RELEASE),
        ("etc/os-release", OS),
    ];
    build(&root, &tree);
    put(
        &root,
        "boot/config-6.6.30",
        CONFIG.replace("5.14.0-427.el9.x86_64", "6.6.30"),
    );
    let place = root.join("boot/config-6.6.30");
    let mut config = fs::OpenOptions::new().write(true).open(place).unwrap();
    // More pieces than a header has room for, and zeros at the end.
    for (number, at) in (64 << 10..2 << 20).step_by(64 << 10).enumerate() {
        config.seek(SeekFrom::Start(at)).unwrap();
        writeln!(config, "\nCONFIG_HOLE_{number}=y").unwrap();
    }
    config.set_len(3 << 20).unwrap();
    drop(config);
    let (unpacked, said) = told(&root);
    let options: Value = serde_yaml::from_str(&unpacked).unwrap();
    let option = &options["facts"]["config"]["options"]["BPF_SYSCALL"];
    assert_eq!(
        (option.as_str(), said.as_str()),
        (Some("y"), ""),
        "{unpacked}"
    );
    for (format, version) in [
        ("gnu", "1.0"),
        ("posix", "1.0"),
        ("posix", "0.1"),
        ("posix", "0.0"),
    ] {
        let (format, version) = (
            format!("--format={format}"),
            format!("--sparse-version={version}"),
        );
        let sparse = ["--hole-detection=raw", "--sparse", "-cf", "x.tar", "host"];
        pack(
            scratch.path(),
            &[&[format.as_str(), &version], &sparse[..]].concat(),
        );
        let packed = scratch.path().join("x.tar");
        let size = fs::metadata(&packed).unwrap().len();
        assert!(size < 1 << 20, "tar found no holes");
        assert_eq!(
            told(&packed),
            (unpacked.clone(), String::new()),
            "{format} {version}"
        );
    }
}
