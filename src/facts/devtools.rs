//! What BPF programs are built and looked at with, and of which version, as far as names of
//! files and package databases tell.

use super::keys::Values::{List, Text};
use super::packages::Packages;
use super::{Fact, Facts, KeyInfo, Value, Why};
use crate::host::Host;
use crate::host::boot::compare;

pub(super) const KEYS: &[KeyInfo] = &[
    KeyInfo::one(
        "dev-tools.missing",
        List,
        "Which of bpftool, clang, llvm-objdump and pahole are not there.",
    ),
    KeyInfo::one(
        "version.bpftool",
        Text,
        "Version of bpftool's package; of Ubuntu's, the kernel it is of.",
    ),
    KeyInfo::one(
        "version.clang",
        Text,
        "Version of clang, by the directory of its own headers; newer ones tell the major \
         number alone.",
    ),
    KeyInfo::one(
        "version.llvm-objdump",
        Text,
        "Version of llvm-objdump's package, or of the clang that came with it.",
    ),
    KeyInfo::one("version.pahole", Text, "Version of pahole's package."),
    KeyInfo::one(
        "version.libbpf",
        Text,
        "Version of the shared libbpf, by the name of its file; programs may have another one \
         built in.",
    ),
];

/// The tools that the notes on BPF development use.
const NEEDED: &[&str] = &["bpftool", "clang", "llvm-objdump", "pahole"];

/// Smaller than any program: Ubuntu's bpftool is a script that looks for the one which
/// belongs to the running kernel.
const SCRIPT: u64 = 65_536;

/// Where Ubuntu has the tools that belong to one kernel, below its release.
const OF_KERNELS: &str = "/usr/lib/linux-tools/";

/// Looks for versions; the tools have to be collected before.
pub(super) fn collect(host: &dyn Host, facts: &mut Facts) {
    let bpftool = bpftool(host, facts);
    let pahole = facts.get("tool.pahole");
    if bpftool.value().is_none()
        && let Some(list) = Packages::list(host)
    {
        facts.set("tool.bpftool", bpftool);
        return by_list(&list, facts);
    }
    // Megabytes on a desktop, and nothing in them of what is not there.
    let is_there = |fact: &Fact| matches!(fact.value(), Some(Value::Text(_)));
    let objdump = facts.get("tool.llvm-objdump");
    let tools = [&bpftool, &pahole, &objdump];
    let packages = tools
        .into_iter()
        .any(is_there)
        .then(|| Packages::read(host));
    let version = |tool: &Fact, names: &[&str]| match &packages {
        Some(packages) if is_there(tool) => packages.version(names),
        _ => tool.clone(),
    };
    let of_kernel = bpftool.source().starts_with(OF_KERNELS);
    let of_bpftool = match is_there(&bpftool) && of_kernel {
        true => facts.get("kernel.release"),
        false => version(&bpftool, &["bpftool", "bpf"]),
    };
    facts.set("version.bpftool", of_bpftool);
    // Debian's package of this name is of no version of its own.
    let numbered = match objdump.value() {
        Some(Value::Text(path)) => numbered(host, path).map(|number| format!("llvm-{number}")),
        _ => None,
    };
    let names = [numbered.as_deref().unwrap_or("llvm"), "llvm"];
    let of_objdump = match version(&objdump, &names) {
        fact @ Fact::Known { .. } if is_there(&fact) || !is_there(&objdump) => fact,
        _ => of_headers(host, &objdump),
    };
    facts.set("version.llvm-objdump", of_objdump);
    facts.set("version.pahole", version(&pahole, &["pahole", "dwarves"]));
    facts.set("tool.bpftool", bpftool);
    facts.set("version.clang", of_headers(host, &facts.get("tool.clang")));
    facts.set("version.libbpf", libbpf(host));
    facts.set("dev-tools.missing", missing(facts));
}

/// Where no programs were collected, and a list of packages was.
fn by_list(list: &Packages, facts: &mut Facts) {
    let release = facts.text("kernel.release").unwrap_or_default();
    // Ubuntu has it among the tools of a kernel.
    let of_kernel = format!("linux-tools-{release}");
    let mut missing = Vec::new();
    let mut source = String::new();
    for (name, packages) in [
        ("bpftool", &["bpftool", of_kernel.as_str()][..]),
        ("clang", &["clang"]),
        ("llvm-objdump", &["llvm"]),
        ("pahole", &["pahole", "dwarves"]),
    ] {
        let version = list.version(packages);
        version.source().clone_into(&mut source);
        if version.value() == Some(&Value::Absent) {
            missing.push(name.to_owned());
        }
        facts.set(&format!("version.{name}"), version);
    }
    facts.set(
        "version.libbpf",
        list.version(&["libbpf", "libbpf1", "libbpf0"]),
    );
    facts.set("dev-tools.missing", Fact::known(missing, &source));
}

fn missing(facts: &Facts) -> Fact {
    let mut absent = Vec::new();
    let mut source = String::new();
    for name in NEEDED {
        let fact = facts.get(&format!("tool.{name}"));
        match fact.value() {
            None => return fact,
            Some(Value::Absent) => {
                absent.push((*name).to_owned());
                source = fact.source().to_owned();
            }
            Some(_) if source.is_empty() => source = fact.source().to_owned(),
            Some(_) => {}
        }
    }
    Fact::known(absent, &source)
}

/// bpftool itself, where its name leads to a script that may find none.
fn bpftool(host: &dyn Host, facts: &Facts) -> Fact {
    let told = facts.get("tool.bpftool");
    let is_script = |path: &str| host.stat(path).is_ok_and(|(_, size)| size < SCRIPT);
    match (told.value(), facts.text("kernel.release")) {
        (Some(Value::Text(path)), Some(release))
            if facts.text("os.family").as_deref() == Some("debian") && is_script(path) =>
        {
            of_kernel(host, &release)
        }
        _ => told,
    }
}

fn of_kernel(host: &dyn Host, release: &str) -> Fact {
    let place = format!("{OF_KERNELS}{release}/bpftool");
    match host.stat(&place) {
        Ok(_) => Fact::known(place.as_str(), &place),
        Err(_) => Fact::absent(&place),
    }
}

/// The number of LLVM in the way to one of its programs: `/usr/lib/llvm-14/bin`, `llvm18`.
fn numbered(host: &dyn Host, program: &str) -> Option<String> {
    let target = host.link(program).ok()?;
    let (_, rest) = target
        .split_once("/llvm-")
        .or_else(|| target.split_once("llvm"))?;
    let number = rest.split('/').next().unwrap_or_default();
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| number.to_owned())
}

/// `/usr/lib/llvm-14/lib/clang/14.0.6`, `/usr/lib/clang/18`: by the way to the program, then
/// at the usual places.
fn of_headers(host: &dyn Host, tool: &Fact) -> Fact {
    let path = match tool.value() {
        Some(Value::Text(path)) => path,
        _ => return tool.clone(),
    };
    let mut places = vec![
        "/usr/lib64/clang".to_owned(),
        "/usr/lib/clang".to_owned(),
        "/usr/lib64/llvm/clang".to_owned(),
    ];
    if let Some(number) = numbered(host, path) {
        places.insert(0, format!("/usr/lib/llvm-{number}/lib/clang"));
        places.insert(1, format!("/usr/lib/llvm{number}/lib/clang"));
    }
    for place in places {
        let mut versions = host.list(&place).unwrap_or_default();
        versions.retain(|name| name.starts_with(|c: char| c.is_ascii_digit()));
        versions.sort_by(|left, right| compare(left, right));
        if let Some(newest) = versions.pop() {
            return Fact::known(newest, &place);
        }
    }
    Fact::unknown(
        Why::Missing,
        "its own headers are not at the usual places",
        path,
    )
}

/// `libbpf.so.1` leads to `libbpf.so.1.1.2`.
fn libbpf(host: &dyn Host) -> Fact {
    let mut places = vec!["/usr/lib64".to_owned(), "/usr/lib".to_owned()];
    for machine in ["x86_64", "aarch64", "riscv64", "powerpc64le", "s390x"] {
        places.push(format!("/usr/lib/{machine}-linux-gnu"));
    }
    for place in &places {
        for soname in ["libbpf.so.1", "libbpf.so.0"] {
            let path = format!("{place}/{soname}");
            let target = host.link(&path).unwrap_or_default();
            let name = target.rsplit('/').next().unwrap_or_default();
            if let Some(version) = name.strip_prefix("libbpf.so.") {
                return Fact::known(version, &path);
            }
        }
    }
    let seen = places.iter().any(|place| host.list(place).is_ok());
    match seen {
        true => Fact::absent(&places.join(":")),
        false => Fact::unknown(
            Why::Missing,
            "no directory of libraries is there",
            "/usr/lib",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Memory;

    fn facts(host: &Memory, family: &str) -> Facts {
        crate::facts::collect(
            &host
                .clone()
                .with_uname("5.15.0-91-generic", "#101-Ubuntu SMP", "x86_64")
                .with("/etc/os-release", format!("ID={family}\n")),
        )
    }

    #[test]
    fn versions_are_told_by_files() {
        let host = Memory::new()
            .with("/usr/lib/llvm-14/bin/clang", "")
            .with_link("/usr/bin/clang", "/usr/lib/llvm-14/bin/clang")
            .with("/usr/lib/llvm-14/lib/clang/14.0.6/include/stddef.h", "")
            .with("/usr/lib/x86_64-linux-gnu/libbpf.so.1.1.2", "")
            .with_link(
                "/usr/lib/x86_64-linux-gnu/libbpf.so.1",
                "/usr/lib/x86_64-linux-gnu/libbpf.so.1.1.2",
            )
            .with("/usr/sbin/bpftool", vec![0; 70_000])
            .with(
                "/var/lib/dpkg/status",
                "Package: bpftool\nStatus: install ok installed\nVersion: 7.1.0+6.1.192-2\n",
            );
        let known = facts(&host, "debian");
        assert_eq!(known.text("version.clang").unwrap(), "14.0.6");
        let objdump = |status: &str| {
            let host = host.clone().with("/var/lib/dpkg/status", status);
            let host = host.with("/usr/lib/llvm-14/bin/llvm-objdump", "");
            let program = "/usr/bin/llvm-objdump";
            let host = host.with_link(program, "/usr/lib/llvm-14/bin/llvm-objdump");
            facts(&host, "debian").text("version.llvm-objdump").unwrap()
        };
        let package = "Package: llvm-14\nStatus: install ok installed\nVersion: 1:14.0.6-12\n";
        assert_eq!(objdump(package), "14.0.6");
        assert_eq!(objdump("Package: x\n"), "14.0.6");
        assert_eq!(known.text("version.libbpf").unwrap(), "1.1.2");
        assert_eq!(known.text("version.bpftool").unwrap(), "7.1.0");
        assert_eq!(known.get("version.pahole").value(), Some(&Value::Absent));
        assert_eq!(
            known.list("dev-tools.missing").unwrap(),
            ["llvm-objdump", "pahole"]
        );

        let fedora = Memory::new()
            .with("/usr/bin/clang", "")
            .with("/usr/lib/clang/20/include/stddef.h", "")
            .with("/usr/lib/clang/9/include/stddef.h", "");
        let known = facts(&fedora, "fedora");
        assert_eq!(known.text("version.clang").unwrap(), "20");
        assert_eq!(known.get("version.libbpf").value(), Some(&Value::Absent));
        assert!(
            facts(&Memory::new(), "fedora")
                .get("dev-tools.missing")
                .value()
                .is_none()
        );
    }

    #[test]
    fn a_list_of_packages_stands_for_programs_that_were_not_collected() {
        let not_collected = std::io::ErrorKind::Unsupported;
        let host = Memory::new()
            .refusing("/usr/bin", not_collected)
            .refusing("/var/lib/dpkg/status", not_collected);
        let told = facts(&host, "rhel").get("dev-tools.missing");
        assert!(
            matches!(told, Fact::Unknown { reason, .. } if reason.unknown == Why::NotCollected)
        );
        let list =
            "bpftool-7.3.0-427.el9.x86_64 x\nllvm-17.0.6-1.el9.x86_64 x\nclang-17.0.6-1.x86_64 x\n";
        let told = facts(&host.clone().with("/installed-rpms", list), "rhel");
        assert_eq!(told.list("dev-tools.missing").unwrap(), ["pahole"]);
        assert_eq!(told.text("version.bpftool").unwrap(), "7.3.0");
        assert_eq!(told.text("version.clang").unwrap(), "17.0.6");
        assert_eq!(told.text("version.llvm-objdump").unwrap(), "17.0.6");
        assert_eq!(told.get("version.libbpf").value(), Some(&Value::Absent));
        assert!(told.get("tool.bpftool").value().is_none());
        let list = "ii  linux-tools-5.15.0-91-generic 5.15.0-91.101 amd64 x\n";
        let told = facts(&host.with("/installed-debs", list), "ubuntu");
        assert_eq!(told.text("version.bpftool").unwrap(), "5.15.0");
        assert_eq!(
            told.list("dev-tools.missing").unwrap(),
            ["clang", "llvm-objdump", "pahole"]
        );
    }

    #[test]
    fn a_script_in_the_place_of_bpftool_is_none() {
        let script = Memory::new().with("/usr/sbin/bpftool", "#!/bin/bash\n");
        let lost = facts(&script, "ubuntu");
        assert_eq!(lost.get("tool.bpftool").value(), Some(&Value::Absent));
        assert!(
            lost.list("dev-tools.missing")
                .unwrap()
                .contains(&"bpftool".to_owned())
        );
        let place = "/usr/lib/linux-tools/5.15.0-91-generic/bpftool";
        let found = facts(&script.with(place, vec![0; 70_000]), "ubuntu");
        assert_eq!(found.text("tool.bpftool").unwrap(), place);
        assert_eq!(found.text("version.bpftool").unwrap(), "5.15.0-91-generic");
    }
}
