//! Versions out of the package databases that are plain files. No program is asked, and a
//! database is read only for a package that is probably there.

use super::{Fact, Value, Why, reader};
use crate::host::{DEBS, Host, RPMS, listed};

/// dpkg's database of a host with every package of a desktop; more is cut, and what is
/// behind it unknown.
const LIMIT: usize = 16 << 20;

const DPKG: &str = "/var/lib/dpkg/status";
const APK: &str = "/lib/apk/db/installed";
const PACMAN: &str = "/var/lib/pacman/local";
const RPM: &[&str] = &["/var/lib/rpm", "/usr/lib/sysimage/rpm"];

/// The database of the host's package manager.
#[derive(Debug)]
pub(super) enum Packages {
    /// A list of names and versions that has all there are, and where it is.
    List(Vec<(String, String)>, &'static str),
    Dpkg(Vec<u8>),
    Apk(Vec<u8>),
    /// Names of packages with their versions.
    Pacman(Vec<String>),
    None(Fact),
}

impl Packages {
    /// Reads the database that is there.
    pub(super) fn read(host: &dyn Host) -> Self {
        if let Some(list) = Self::list(host) {
            return list;
        }
        match host.read(DPKG, LIMIT) {
            Ok(bytes) => return Self::Dpkg(bytes),
            Err(error) if reader::why(&error) == Why::Missing => {}
            Err(error) => return Self::None(reader::unreadable(&error, DPKG)),
        }
        if let Ok(bytes) = host.read(APK, LIMIT) {
            return Self::Apk(bytes);
        }
        if let Ok(names) = host.list(PACMAN) {
            return Self::Pacman(names);
        }
        Self::None(match RPM.iter().find(|path| host.stat(path).is_ok()) {
            Some(path) => Fact::unknown(Why::Unreadable, "the database of rpm is no text", path),
            None => Fact::unknown(Why::Missing, "no package database is there", DPKG),
        })
    }

    /// The list of a host from files, where its database was not collected.
    pub(super) fn list(host: &dyn Host) -> Option<Self> {
        if host.is_live() || host.stat(DPKG).is_ok() {
            return None;
        }
        [RPMS, DEBS].into_iter().find_map(|path| {
            let bytes = host.read(path, LIMIT).ok()?;
            let text = String::from_utf8_lossy(&bytes);
            let packages = listed(path, &text);
            let owned = |text: &str| text.to_owned();
            let packages: Vec<_> = packages
                .map(|package| (owned(package.name), owned(package.version)))
                .collect();
            // Something else is in its place, or the command failed.
            (!packages.is_empty()).then_some(Self::List(packages, path))
        })
    }

    /// Whether a list names what a package's own files are of: `kernel-devel-5.14.0-427.el9.x86_64`
    /// by its whole name, `linux-headers-6.1.0-9-amd64` by its first word. Nothing where there is
    /// no list, and the list's place.
    pub(super) fn lists(host: &dyn Host, is_one: &dyn Fn(&str) -> bool) -> Option<(bool, String)> {
        let Some(Self::List(_, path)) = Self::list(host) else {
            return None;
        };
        let bytes = host.read(path, LIMIT).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        let has = listed(path, &text).any(|package| is_one(package.word));
        Some((has, path.to_owned()))
    }

    /// The upstream version of the first of these packages that is installed.
    pub(super) fn version(&self, names: &[&str]) -> Fact {
        let mut names = names.iter();
        match self {
            Self::List(packages, path) => {
                // SUSE has the number of LLVM's version in the names.
                let is_one = |known: &str, name: &str| match known.strip_prefix(name) {
                    Some("") => true,
                    Some(rest) => *path == RPMS && rest.bytes().all(|byte| byte.is_ascii_digit()),
                    None => false,
                };
                let found = names.find_map(|name| {
                    let mut packages = packages.iter();
                    packages.find(|(known, _)| is_one(known, name))
                });
                match found {
                    Some((_, version)) => Fact::known(Value::Text(upstream(version)), path),
                    None => Fact::absent(path),
                }
            }
            Self::Dpkg(bytes) => found(names.find_map(|name| of_dpkg(bytes, name)), DPKG),
            Self::Apk(bytes) => found(names.find_map(|name| of_apk(bytes, name)), APK),
            Self::Pacman(entries) => {
                let of_pacman = |name| entries.iter().find_map(|entry| of_pacman(entry, name));
                found(names.find_map(|name| of_pacman(name)), PACMAN)
            }
            Self::None(fact) => fact.clone(),
        }
    }
}

fn found(version: Option<String>, database: &str) -> Fact {
    match version {
        Some(version) => Fact::known(Value::Text(upstream(&version)), database),
        None => Fact::unknown(Why::Missing, "no package there has it", database),
    }
}

fn of_dpkg(database: &[u8], name: &str) -> Option<String> {
    field(database, &format!("Package: {name}\n"), "Version: ")
}

fn of_apk(database: &[u8], name: &str) -> Option<String> {
    field(database, &format!("P:{name}\n"), "V:")
}

/// The value of a field in the paragraph that begins with the line `first`.
fn field(database: &[u8], first: &str, name: &str) -> Option<String> {
    let paragraph = if database.starts_with(first.as_bytes()) {
        database
    } else {
        let line = format!("\n{first}");
        let start = memchr::memmem::find(database, line.as_bytes())?;
        database.get(start + 1..)?
    };
    let lines = paragraph
        .split(|byte| *byte == b'\n')
        .take_while(|line| !line.is_empty());
    let lines = lines.map(String::from_utf8_lossy);
    let mut version = None;
    for line in lines {
        // What was removed and left its settings is still in dpkg's database.
        if line.starts_with("Status: ") && !line.ends_with(" installed") {
            return None;
        }
        if let Some(value) = line.strip_prefix(name) {
            version.get_or_insert(value.trim().to_owned());
        }
    }
    version
}

/// `pahole-1:1.27-2`: name, version, release.
fn of_pacman(entry: &str, name: &str) -> Option<String> {
    let rest = entry.strip_prefix(name)?.strip_prefix('-')?;
    let (version, _) = rest.rsplit_once('-')?;
    let plain = !version.contains('-') && version.starts_with(|c: char| c.is_ascii_digit());
    plain.then(|| version.to_owned())
}

/// What upstream calls the version: no epoch in front, no packager's number behind.
fn upstream(version: &str) -> String {
    let bare = version.split_once(':').map_or(version, |(_, bare)| bare);
    let end = bare.find(['+', '-', '~']).unwrap_or(bare.len());
    bare.get(..end).unwrap_or(bare).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Memory;

    #[test]
    fn a_list_of_what_is_installed_tells_what_is_not() {
        let rpms = "bpftool-7.3.0-427.13.1.el9_4.x86_64                 Tue 01 Oct 2024 09:00:00\n\
                    clang17-17.0.6-1.x86_64   x\nclang17-devel-17.0.6-1.x86_64 x\nlibbpf-1.3.0-2.el9.x86_64 x\n\
                    gpg-pubkey-fd431d51-4ae0493b x\nrubbish\n";
        let debs = "Desired=Unknown/Install\n||/ Name  Version  Architecture Description\n\
                    +++-====-====-====-====\n\
                    ii  libbpf1:amd64  1:1.1.2-0+deb12u1 amd64 eBPF helper library\n\
                    rc  dwarves  1.24-4.1 amd64 x\nhi  clang  1:14.0-55.7~deb12u1 amd64 x\n\
                    ii  clang-15  1:15.0.6-4 amd64 x\n";
        let rpms = Memory::new().with(RPMS, rpms);
        let debs = Memory::new().with(DEBS, debs);
        let absent = Some(Value::Absent);
        let known = |version: &str| Some(Value::from(version));
        for (host, names, version) in [
            (&rpms, &["bpftool"][..], known("7.3.0")),
            (&rpms, &["clang"], known("17.0.6")),
            (&rpms, &["libbpf"], known("1.3.0")),
            (&rpms, &["dwarves", "pahole"], absent.clone()),
            (&debs, &["libbpf", "libbpf1"], known("1.1.2")),
            (&debs, &["clang"], known("14.0")),
            (&debs, &["pahole", "dwarves"], absent.clone()),
            (&debs, &["clang-1"], absent),
            (&Memory::new().with(RPMS, "\n"), &["bpftool"], None),
            (
                &Memory::new().with(RPMS, "[error] no command\n"),
                &["bpftool"],
                None,
            ),
        ] {
            let fact = Packages::read(host).version(names);
            assert_eq!(fact.value(), version.as_ref(), "{names:?}");
        }
        let better = debs.clone().with(DPKG, "Package: x\n");
        assert!(Packages::list(&better).is_none());
    }

    #[test]
    fn each_database_tells_upstreams_version() {
        let dpkg = "Package: adduser\nStatus: install ok installed\nVersion: 3.134\n\n\
                    Package: bpftool\nStatus: install ok installed\nSource: linux\n\
                    Version: 7.1.0+6.1.192-2\n\n\
                    Package: dwarves\nStatus: deinstall ok config-files\nVersion: 1.20-1\n\n\
                    Package: pahole\nStatus: install ok installed\nVersion: 1:1.24-4.1\n";
        let apk = "C:Q1x\nP:bpftool\nV:6.6-r0\n\nC:Q1y\nP:pahole\nV:1.25-r2\n";
        let dpkg = Memory::new().with(DPKG, dpkg);
        let apk = Memory::new().with(APK, apk);
        let pacman = Memory::new()
            .with("/var/lib/pacman/local/bpf-7.3-1/desc", "")
            .with("/var/lib/pacman/local/pahole-1:1.27-2/desc", "")
            .with("/var/lib/pacman/local/pahole-doc-9-2/desc", "");
        for (host, names, version) in [
            (&dpkg, &["bpftool"][..], Some("7.1.0")),
            (&dpkg, &["dwarves", "pahole"], Some("1.24")),
            (&dpkg, &["adduser"], Some("3.134")),
            (&dpkg, &["bpf"], None),
            (&apk, &["bpftool"], Some("6.6")),
            (&apk, &["pahole"], Some("1.25")),
            (&pacman, &["bpftool", "bpf"], Some("7.3")),
            (&pacman, &["pahole"], Some("1.27")),
            (&pacman, &["clang"], None),
            (
                &Memory::new().with("/var/lib/rpm/rpmdb.sqlite", ""),
                &["bpftool"],
                None,
            ),
            (&Memory::new(), &["bpftool"], None),
            (
                &Memory::new().with(DPKG, b"\xff\n\nPackage: x\n"),
                &["x"],
                None,
            ),
        ] {
            let fact = Packages::read(host).version(names);
            assert_eq!(fact.value(), version.map(Value::from).as_ref(), "{names:?}");
        }
    }
}
