//! Roots and reports that hold no process, no kernel, or more than one host.

use super::*;

const DEBIAN: &str = "tests/hosts/debian-12/root";

/// Rights are asked of a process alone: where there is one, it is judged by its own.
#[test]
fn where_no_process_is_judged_its_rights_are_no_question() {
    let (_scratch, short) = sosreport();
    // Since sos 4.2 with files of every process, and of none the user namespace: PID 1 is systemd.
    let (_kept, sosreport) = sosreport();
    fs::rename(sosreport.join("proc/self"), sosreport.join("proc/1")).unwrap();
    for file in ["status", "limits"] {
        let own = fs::read(Path::new(DEBIAN).join("proc/self").join(file)).unwrap();
        put(&sosreport, &format!("proc/1/{file}"), own);
    }
    let image = tempfile::tempdir().unwrap();
    let config = "boot/config-6.1.0-56-amd64";
    let (of_host, status_file) = (Path::new(DEBIAN), "proc/self/status");
    put(
        image.path(),
        config,
        fs::read(of_host.join(config)).unwrap(),
    );
    let alone = of_host.join(config);
    let seen = tempfile::tempdir().unwrap();
    let own = fs::read_to_string(of_host.join(status_file)).unwrap();
    put(seen.path(), config, fs::read(&alone).unwrap());
    for path in ["proc/self/uid_map", "proc/self/mountinfo"] {
        put(seen.path(), path, fs::read(of_host.join(path)).unwrap());
    }
    let bare = own.lines().map(|line| match line.starts_with("CapEff") {
        true => "CapEff:\t0000000000000000",
        false => line,
    });
    put(
        seen.path(),
        status_file,
        bare.collect::<Vec<_>>().join("\n"),
    );
    let rights = ["missing-privilege", "container-seccomp-denied"];
    let line = "no process is judged here";
    for (place, process, found) in [
        (&["--root", name(&short)][..], "none", ["not-applicable"; 2]),
        (&["--root", name(&sosreport)], "none", ["not-applicable"; 2]),
        (
            &["--root", name(image.path())],
            "none",
            ["not-applicable"; 2],
        ),
        (
            &["--config", name(&alone), "--release", "6.1.0"],
            "none",
            ["not-applicable"; 2],
        ),
        (&["--root", DEBIAN], "seen", ["ok"; 2]),
        (&["--root", name(seen.path())], "seen", ["fail", "ok"]),
    ] {
        let told = report(place);
        assert_eq!(fact(&told, "privilege.process").0, process, "{place:?}");
        assert_eq!(rights.map(|id| status(&told, id)), found, "{place:?}");
        let shown = run(&[place, &["--profile", "xdp-tools"]].concat());
        assert_eq!(text(&shown.stdout).contains(line), process == "none");
        // Whether software runs is then a question about the host.
        let code = match found {
            ["fail", _] => 1,
            _ => 0,
        };
        assert_eq!(shown.status.code(), Some(code), "{place:?}");
    }
    // A report says the same when it is read again, and its facts claim no rights.
    let told = report(&["--root", name(image.path())]);
    assert_eq!(fact(&told, "privilege.capabilities").0, "? not-collected");
    let saved = image.path().join("report.yaml");
    fs::write(&saved, serde_yaml::to_string(&told).unwrap()).unwrap();
    let again = report(&["--from", name(&saved)]);
    assert_eq!(statuses(&again), statuses(&told));
}

#[test]
fn of_a_root_without_a_kernel_that_is_said_once() {
    let image = tempfile::tempdir().unwrap();
    put(
        image.path(),
        "etc/os-release",
        "ID=debian\nPRETTY_NAME=\"Debian 12\"\n",
    );
    fs::create_dir(image.path().join("proc")).unwrap();
    let root = ["--root", name(image.path())];
    let told = report(&root);
    assert_eq!(fact(&told, "kernel.state").0, "none");
    let shown = text(&run(&root).stdout);
    let mut lines = shown.lines();
    assert_eq!(lines.next(), Some("Debian 12"));
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("no kernel is installed in this root")
    );
    assert!(shown.lines().count() < 30, "{shown}");
    for (id, found) in statuses(&told) {
        let times = usize::from(found == "unknown");
        let words = shown.split([' ', ',', '\n']).filter(|word| *word == id);
        assert_eq!(words.count(), times, "{id}: {shown}");
    }
}

#[test]
fn a_link_to_itself_in_the_place_of_a_file_is_trouble() {
    let image = tempfile::tempdir().unwrap();
    put(image.path(), "etc/os-release", "ID=debian\n");
    symlink("machine-id", image.path().join("etc/machine-id")).unwrap();
    let (_, said, has_trouble) = troubled(image.path());
    assert_eq!(
        said,
        "bpf-doctor: /etc/machine-id is a link that leads to itself\n"
    );
    assert!(has_trouble);
}

#[test]
fn hosts_side_by_side_in_an_archive_are_named() {
    let scratch = tempfile::tempdir().unwrap();
    let both = scratch.path().join("both");
    for (top, files, named) in [
        (
            ".",
            &["a/sos_commands/kernel/dmesg", "b/sos_commands/kernel/dmesg"][..],
            "a or b",
        ),
        (
            "collected",
            &["sosreport-a.tar.xz", "sosreport-b.tar.xz"],
            "sosreport-a.tar.xz or sosreport-b.tar.xz",
        ),
    ] {
        files.iter().for_each(|file| put(&both, file, "x\n"));
        let path = scratch.path().join("both.tar");
        let mut builder = tar::Builder::new(Vec::new());
        builder.append_dir_all(top, &both).unwrap();
        fs::write(&path, builder.into_inner().unwrap()).unwrap();
        let output = run(&["check", "--root", name(&path)]);
        let said = text(&output.stderr);
        assert!(
            said.contains(&format!(
                "holds 2 hosts: unpack it, and name one of them, {named}"
            )),
            "{said}"
        );
        assert_eq!(output.status.code(), Some(2));
        fs::remove_dir_all(&both).unwrap();
    }
}

#[test]
fn a_copy_of_btf_that_is_cut_is_asked_for_anew() {
    let image = tempfile::tempdir().unwrap();
    for path in ["boot/config-6.1.0-56-amd64", "etc/os-release"] {
        put(
            image.path(),
            path,
            fs::read(Path::new(DEBIAN).join(path)).unwrap(),
        );
    }
    // A header that tells of more than is there.
    let header = [
        0x9f, 0xeb, 1, 0, 24, 0, 0, 0, 0, 0, 0, 0, 99, 0, 0, 0, 99, 0, 0, 0, 9, 0, 0, 0,
    ];
    put(image.path(), "sys/kernel/btf/vmlinux", header);
    let told = report(&["--root", name(image.path()), "--only", "kernel-btf-missing"]);
    let finding = &told["findings"][0];
    assert!(
        finding["because"]
            .as_str()
            .unwrap()
            .contains("cut when it was made")
    );
    assert_eq!(finding["fixes"].as_sequence().unwrap().len(), 1);
}
