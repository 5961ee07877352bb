//! Sosreports of all hosts of the tests: what a bundle of one holds is judged as the report was.

use super::*;

/// Lists of packages with the kernel's release in the place of `RELEASE`: what is told of tools and
/// headers is told by what is in them, by what is not, or by nothing.
const RPMS: &[&str] = &[
    "acl-2.3.1-4.el9.x86_64  Mon\nkernel-core-RELEASE  Mon\nkernel-devel-RELEASE  Mon\n\
     bpftool-7.3.0-427.el9.x86_64  Mon\nclang-17.0.6-1.el9.x86_64  Mon\nzlib-1.2.11-40.el9.x86_64  Mon\n",
    "acl-2.3.1-4.el9.x86_64  Mon\nkernel-RELEASE  Mon\nkernel-devel-3.10.0-1.el7.x86_64  Mon\n",
    "acl-2.3.1-4.el9.x86_64  Mon\nkernel-uek-devel-RELEASE  Mon\nlibbpf-1.3.0-2.el9.x86_64  Mon\n",
    "acl-2.3.1-4.el9.x86_64  Mon\nzlib-1.2.11-40.el9.x86_64  Mon\n",
    "bash: rpm: command not found\n",
];
const DEBS: &[&str] = &[
    "ii  linux-headers-RELEASE  6.1-1  amd64  Header files\nii  linux-image-RELEASE  6.1-1  amd64  x\n\
     ii  linux-tools-RELEASE  6.1-1  amd64  x\nii  libbpf1:amd64  1:1.1.2-0  amd64  eBPF helper library\n",
    "ii  linux-image-unsigned-RELEASE  6.1-1  amd64  x\nrc  dwarves  1.24-4.1  amd64  x\n",
    "ii  linux-headers-4.4.0-1  4.4-1  amd64  x\nii  vim  9-1  amd64  x\n",
    "ii  vim  9-1  amd64  x\n",
];

const DEB_HEAD: &str = "Desired=Unknown/Install/Remove/Purge/Hold\n\
    ||/ Name  Version  Architecture  Description\n+++-====-====-====-====\n\
    ii  adduser  3.134  all  add and remove users and groups\n";

/// What `sysctl -a` says of the files of /proc/sys.
fn settings(directory: &Path, before: &str, out: &mut Vec<String>) {
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let path = entry.unwrap().path();
        let key = format!("{before}{}", path.file_name().unwrap().to_string_lossy());
        if path.is_dir() {
            settings(&path, &format!("{key}."), out);
        } else if let Ok(value) = fs::read_to_string(&path)
            && !["kernel.hostname", "kernel.osrelease", "kernel.version"].contains(&key.as_str())
        {
            out.push(format!("{key} = {}\n", value.trim_end()));
        }
    }
}

/// What `mount -l` says of the lines of /proc/self/mountinfo.
fn mounts(mountinfo: &str) -> String {
    let line = |line: &str| {
        let (place, system) = line.split_once(" - ")?;
        let place: Vec<&str> = place.split(' ').collect();
        let mut system = system.split(' ');
        let (kind, device) = (system.next()?, system.next()?);
        let (at, options) = (place.get(4)?, place.get(5)?);
        Some(format!("{device} on {at} type {kind} ({options})\n"))
    };
    mountinfo.lines().filter_map(line).collect()
}

/// The sosreport of a host whose files are below `root`; `number` chooses its list of packages.
fn shaped(root: &Path, number: usize, to: &Path) {
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
    let release = read("proc/sys/kernel/osrelease").trim().to_owned();
    let version = read("proc/sys/kernel/version").trim().to_owned();
    let uname = format!("Linux web-17 {release} {version} x86_64 x86_64 x86_64 GNU/Linux\n");
    put(to, "sos_commands/kernel/uname_-a", uname);
    put(to, "sos_commands/host/hostname", "web-17\n");
    let mut set = Vec::new();
    settings(&root.join("proc/sys"), "", &mut set);
    set.sort();
    put(to, "sos_commands/kernel/sysctl_-a", set.concat());
    let mounted = mounts(&read("proc/self/mountinfo"));
    put(to, "sos_commands/filesys/mount_-l", mounted);
    let system = match read("etc/os-release") {
        none if none.is_empty() => read("usr/lib/os-release"),
        system => system,
    };
    let of_debian = system.contains("debian");
    if !system.is_empty() {
        put(to, "etc/os-release", system);
    }
    for path in ["proc/cmdline", "proc/filesystems", "proc/modules"] {
        if root.join(path).is_file() {
            put(to, path, read(path));
        }
    }
    for entry in fs::read_dir(root.join("boot")).into_iter().flatten() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        if file.starts_with("config-") {
            put(to, &format!("boot/{file}"), fs::read(path).unwrap());
        }
    }
    let (list, begin, packages) = match of_debian {
        true => ("installed-debs", DEB_HEAD, DEBS),
        false => ("installed-rpms", "", RPMS),
    };
    // Names of packages end with the machine, which not every release does.
    let end = match of_debian || release.ends_with("x86_64") {
        true => "",
        false => ".x86_64",
    };
    let release = release + end;
    let packages = packages[number % packages.len()].replace("RELEASE", &release);
    put(to, list, format!("{begin}{packages}"));
}

#[test]
fn a_sosreport_of_every_host_reads_back_out_of_its_bundle() {
    let scratch = tempfile::tempdir().unwrap();
    let mut told = Vec::new();
    for (number, root) in hosts().iter().enumerate() {
        let host = root.parent().unwrap().file_name().unwrap();
        let report = scratch.path().join("sos").join(host);
        shaped(root, number, &report);
        reads_back(&report, scratch.path());
        let judged = super::report(&["--root", name(&report)]);
        for check in ["kernel-headers-missing", "dev-tools-missing"] {
            told.push(format!("{check} {}", status(&judged, check)));
        }
    }
    // The lists tell all that there is to tell.
    for check in ["kernel-headers-missing", "dev-tools-missing"] {
        for status in ["ok", "fail", "unknown"] {
            let line = format!("{check} {status}");
            let all = line == "dev-tools-missing ok" || told.contains(&line);
            assert!(all, "{line} of {told:?}");
        }
    }
}

#[test]
fn every_list_of_packages_reads_back_out_of_a_bundle() {
    let (scratch, root) = sosreport();
    for (list, begin, all) in [
        ("installed-rpms", "", RPMS),
        ("installed-debs", DEB_HEAD, DEBS),
    ] {
        for packages in all {
            let packages = packages.replace("RELEASE", "5.14.0-427.el9.x86_64");
            put(&root, list, format!("{begin}{packages}"));
            reads_back(&root, scratch.path());
        }
        fs::remove_file(root.join(list)).unwrap();
    }
}
