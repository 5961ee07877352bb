//! Kernels that run nowhere: what only a host that runs them can tell is none of their faults.

use super::*;

const CONFIG_FILE: &str = "boot/config-6.1.0-56-amd64";
const WOULD_DO: &str = "the kernel would do, what is not known is of the host that will run it";

fn copy(to: &Path, paths: &[&str]) {
    for path in paths {
        let of_host = Path::new("tests/hosts/debian-12/root").join(path);
        put(to, path, fs::read(of_host).unwrap());
    }
}

#[test]
fn where_nothing_runs_the_kernel_decides() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |file: &str| scratch.path().join(file);
    let image = ["etc/os-release", CONFIG_FILE];
    for root in ["image", "seen", "sos", "other"] {
        copy(&at(root), &image);
        put(&at(root), "boot/vmlinuz-6.1.0-56-amd64", "");
    }
    copy(&at("bare"), &["etc/os-release"]);
    put(&at("bare"), "boot/vmlinuz-6.1.0-56-amd64", "");
    // Something ran there, and more could have been collected of it.
    put(&at("seen"), "proc/uptime", "1 1\n");
    put(
        &at("sos"),
        "sos_commands/kernel/lsmod",
        "Module Size Used by\n",
    );
    put(
        &at("other"),
        "proc/sys/kernel/osrelease",
        "6.1.0-55-amd64\n",
    );
    put(&at("other"), "boot/vmlinuz-6.1.0-55-amd64", "");
    let said = "kernel.osrelease = 6.1.0-56-amd64\nkernel.pid_max = 4194304\n\
                net.core.dev_weight = 64\nnet.core.bpf_jit_enable = 1\n\
                kernel.unprivileged_bpf_disabled = 2\nkernel.ftrace_enabled = 1\nvm.swappiness = 60\n";
    put(scratch.path(), "sysctl", said);
    put(scratch.path(), "lsm", "yama,bpf\n");
    let root = |name: &str| vec!["--root".to_owned(), at(name).display().to_string()];
    let config = |more: &[(&str, &str)]| {
        let path = at("image").join(CONFIG_FILE).display().to_string();
        let more = more.iter();
        let more =
            more.flat_map(|(option, file)| [(*option).to_owned(), at(file).display().to_string()]);
        ["--config".to_owned(), path]
            .into_iter()
            .chain(more)
            .collect()
    };
    let mut other = root("other");
    other.extend(["--release", "6.1.0-56-amd64"].map(str::to_owned));
    copy(&at("sos-other"), &image);
    put(&at("sos-other"), "boot/vmlinuz-6.1.0-56-amd64", "");
    put(
        &at("sos-other"),
        "sos_commands/kernel/uname_-a",
        "Linux h 6.1.0-55-amd64 #1 SMP x86_64 GNU/Linux\n",
    );
    let mut sos_other = root("sos-other");
    sos_other.extend(["--release", "6.1.0-56-amd64"].map(str::to_owned));
    // The one that runs is none that nobody runs.
    put(&at("same"), "proc/sys/kernel/osrelease", "6.1.0-56-amd64\n");
    copy(&at("same"), &image);
    let mut same = root("same");
    same.extend(["--release", "6.1.0-56-amd64"].map(str::to_owned));
    let rows: [(Vec<String>, bool); 10] = [
        (config(&[]), true),
        (config(&[("--sysctl", "sysctl")]), true),
        (config(&[("--lsm", "lsm")]), false),
        (root("image"), true),
        // What the kernel decides is asked of its config.
        (root("bare"), false),
        (root("seen"), false),
        (root("sos"), false),
        (other, true),
        (sos_other, true),
        (same, false),
    ];
    for (place, would_do) in rows {
        for (asked, line) in [
            (&[][..], "ready: "),
            (&["--profile", "tetragon"], "ready: 1 need not known"),
            (&["--profile", "tetragon", "--profile", "all"], "would run"),
        ] {
            let arguments = place
                .iter()
                .map(String::as_str)
                .chain(asked.iter().copied());
            let arguments: Vec<&str> = ["check"].into_iter().chain(arguments).collect();
            let shown = run(&arguments);
            let told = text(&shown.stdout);
            let code = if would_do { 0 } else { 3 };
            assert_eq!(shown.status.code(), Some(code), "{arguments:?} {told}");
            let last = told.lines().next_back().unwrap();
            assert_eq!(last.contains(line), would_do, "{arguments:?} {last}");
            if line.starts_with("ready") {
                assert_eq!(last.ends_with(WOULD_DO), would_do, "{last}");
            }
        }
        // Where nothing is asked that a kernel decides, there is no answer in it.
        let place: Vec<&str> = place.iter().map(String::as_str).collect();
        for alone in ["cgroup2-missing", "missing-privilege"] {
            let told = report(&[&place, &["--only", alone][..]].concat());
            assert_eq!(told["verdict"], "undetermined", "{place:?} {alone}");
        }
    }
    let told = report(&["--root", name(&at("image")), "--profile", "tetragon"]);
    let profile = &told["profiles"][0];
    assert_eq!(profile["runs"], "yes");
    assert_eq!(profile["left-to-host"].as_sequence().unwrap().len(), 1);
    assert_eq!(profile["unknown"].as_sequence().unwrap().len(), 0);
    // All that is not known counts where that was demanded.
    let strict = run(&[
        "check",
        "--root",
        name(&at("image")),
        "--profile",
        "falco",
        "--strict",
    ]);
    assert_eq!(strict.status.code(), Some(1));
}

/// What the kernel or the system decides is left to no host.
#[test]
fn what_no_host_changes_is_not_left_to_it() {
    let scratch = tempfile::tempdir().unwrap();
    let place = |file: &str| format!("tests/hosts/{file}");
    let alpine = scratch.path().join("alpine");
    put(
        &alpine,
        "etc/os-release",
        fs::read(place("alpine-edge-2020/root/etc/os-release")).unwrap(),
    );
    put(&alpine, "boot/vmlinuz-6.1.0-56-amd64", "");
    copy(&alpine, &[CONFIG_FILE]);
    let alpine = alpine.display().to_string();
    let old = place("centos-7/root/boot/config-3.10.0-1160.102.1.el7.x86_64");
    for (arguments, runs) in [
        (["--config", &old, "--profile", "xdp-tools"], "unknown"),
        (["--config", &old, "--profile", "bpftrace"], "unknown"),
        (["--root", &alpine, "--profile", "systemd"], "no"),
        (["--root", &alpine, "--profile", "xdp-tools"], "yes"),
    ] {
        let told = report(&arguments);
        assert_eq!(told["profiles"][0]["runs"], runs, "{arguments:?}");
    }
    // The release of Red Hat's configs is in their header, that of Debian's is not.
    let debian = place("debian-12/root/boot/config-6.1.0-56-amd64");
    for (config, is_guarded) in [(&old, true), (&debian, false)] {
        let script = run(&["check", "--config", config, "--fix-script"]);
        let script = text(&script.stdout);
        assert_eq!(script.contains("$(uname -r)\" != "), is_guarded, "{config}");
    }
}

/// What people wrote beside GRUB's menu is named where it chose.
#[test]
fn what_was_added_to_the_menu_is_named_where_it_chose() {
    let scratch = tempfile::tempdir().unwrap();
    let menu = "set default=0\nmenuentry a {\n linux /boot/vmlinuz-6.1.0-9-amd64 ro\n}\n\
                menuentry b {\n linux /boot/vmlinuz-6.1.0-8-amd64 ro\n}\n\
                source ${config_directory}/custom.cfg\n";
    for (added, place) in [
        ("set default=1\n", "/boot/grub/custom.cfg"),
        ("set default=0\n", "/boot/grub/grub.cfg"),
    ] {
        let root = scratch.path();
        copy(root, &["etc/os-release"]);
        put(root, "boot/vmlinuz-6.1.0-9-amd64", "");
        put(root, "boot/vmlinuz-6.1.0-8-amd64", "");
        put(root, "boot/grub/grub.cfg", menu);
        put(root, "boot/grub/custom.cfg", added);
        let told = run(&["check", "--root", name(root)]);
        let told = text(&told.stdout);
        assert!(told.contains(&format!(" by {place} (")), "{added} {told}");
    }
}
