//! Lines of what `rpm -qa` and `dpkg -l` say, as a sosreport has them at its top.

/// Lists of what is installed that a sosreport has at its top.
pub(crate) const RPMS: &str = "/installed-rpms";
pub(crate) const DEBS: &str = "/installed-debs";

/// Packages that tell of tools, headers and kernels, by parts of their names.
const SUBJECTS: &[&str] = &[
    "bpf",
    "pahole",
    "dwarves",
    "clang",
    "llvm",
    "linux-tools",
    "linux-headers",
    "linux-image",
    "kernel",
    "pve-headers",
    "proxmox-headers",
];

/// A package that a list names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Listed<'a> {
    /// The line that names it, with its end.
    pub(crate) line: &'a str,
    /// All of the word that names it: of rpm, name, version, release and machine.
    pub(crate) word: &'a str,
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
}

/// What facts ask for of a list, and what a bundle keeps of it: the packages that tell something,
/// and the first one, since a list without any tells nothing, and one of others tells that these
/// are not installed.
pub(crate) fn listed<'a>(path: &str, text: &'a str) -> impl Iterator<Item = Listed<'a>> {
    let parse = match path {
        RPMS => of_rpm_list,
        _ => of_deb_list,
    };
    let lines = text.split_inclusive('\n');
    let packages = lines.filter_map(move |line| {
        let (word, name, version) = parse(line)?;
        Some(Listed {
            line,
            word,
            name,
            version,
        })
    });
    let asked = |(at, package): &(usize, Listed<'_>)| {
        *at == 0 || SUBJECTS.iter().any(|word| package.name.contains(word))
    };
    packages
        .enumerate()
        .filter(asked)
        .map(|(_, package)| package)
}

/// `bpftool-7.3.0-427.el9.x86_64    Tue 01 Oct 2024`: name, version, release, machine. Of what has
/// another shape, the version begins at the first number behind a dash.
fn of_rpm_list(line: &str) -> Option<(&str, &str, &str)> {
    let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let word = line.split_whitespace().next()?;
    let whole = || {
        let (package, _) = word.rsplit_once('.')?;
        let (package, _) = package.rsplit_once('-')?;
        package
            .rsplit_once('-')
            .filter(|(_, version)| is_number(version))
    };
    let short = || {
        let mut dashes = word.match_indices('-');
        let (at, _) = dashes.find(|(at, _)| word.get(at + 1..).is_some_and(is_number))?;
        let version = word.get(at + 1..)?.split('-').next()?;
        Some((word.get(..at)?, version))
    };
    let (name, version) = whole().or_else(short)?;
    (!name.is_empty()).then_some((word, name, version))
}

/// `ii  libbpf1:amd64  1:1.1.2-0  amd64  text`: what is wanted and what is, then name and version.
fn of_deb_list(line: &str) -> Option<(&str, &str, &str)> {
    let mut words = line.split_whitespace();
    let state = words.next()?;
    let is_installed = (2..=3).contains(&state.len()) && state.get(1..2) == Some("i");
    let (name, version) = (words.next()?, words.next()?);
    let name = name.split(':').next()?;
    let is_version = version.starts_with(|c: char| c.is_ascii_digit());
    (is_installed && is_version).then_some((name, name, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_told_apart_by_name_and_version() {
        for (path, line, package) in [
            (RPMS, "kernel-6.1.0 Mon", Some(("kernel", "6.1.0"))),
            (RPMS, "kernel-6.1 Mon", Some(("kernel", "6.1"))),
            (RPMS, "kernel-devel-6.1.0", Some(("kernel-devel", "6.1.0"))),
            (
                RPMS,
                "kernel6.12-devel-6.12.1-2.amzn2023.x86_64 x",
                Some(("kernel6.12-devel", "6.12.1")),
            ),
            (RPMS, "clang17-17.0.6-1.x86_64", Some(("clang17", "17.0.6"))),
            (RPMS, "[error] no command", None),
            (RPMS, "bash: rpm: command not found", None),
            (RPMS, "-1.x86_64", None),
            (
                DEBS,
                "ii  libbpf1:amd64 1:1.1.2-0 amd64 x",
                Some(("libbpf1", "1:1.1.2-0")),
            ),
            (DEBS, "rc  dwarves 1.24 amd64 x", None),
        ] {
            let told = listed(path, line).next();
            let told = told.map(|package| (package.name, package.version));
            assert_eq!(told, package, "{line}");
        }
    }
}
