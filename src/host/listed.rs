//! Lines of what `rpm -qa` and `dpkg -l` say, as a sosreport has them at its top.

/// `bpftool-7.3.0-427.el9.x86_64    Tue 01 Oct 2024`: name, version, release, machine.
pub(crate) fn of_rpm_list(line: &str) -> Option<(String, String)> {
    let (package, _) = line.split_whitespace().next()?.rsplit_once('.')?;
    let (package, _) = package.rsplit_once('-')?;
    let (name, version) = package.rsplit_once('-')?;
    (!name.is_empty()).then(|| (name.to_owned(), version.to_owned()))
}

/// `ii  libbpf1:amd64  1:1.1.2-0  amd64  text`: what is wanted and what is, then name and version.
pub(crate) fn of_deb_list(line: &str) -> Option<(String, String)> {
    let mut words = line.split_whitespace();
    let state = words.next()?;
    let is_installed = (2..=3).contains(&state.len()) && state.get(1..2) == Some("i");
    let (name, version) = (words.next()?, words.next()?);
    let name = name.split(':').next()?;
    let is_version = version.starts_with(|c: char| c.is_ascii_digit());
    (is_installed && is_version).then(|| (name.to_owned(), version.to_owned()))
}
