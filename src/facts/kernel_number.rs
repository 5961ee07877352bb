//! The upstream version of kernels whose release has another number in its place.

use super::kernel::is_packaged;
use super::{Fact, Facts, Value, reader};
use crate::host::{Host, KERNEL_LOG};
use crate::version::KernelVersion;

/// Where Ubuntu's kernels tell their upstream version.
const SIGNATURE: &str = "/proc/version_signature";

/// `Ubuntu 5.4.0-26.30-generic 5.4.30`: the third word is the upstream version. The line of
/// /proc/version, with which the kernel's log begins, has the same in brackets at its end.
pub(super) fn ubuntu_version(
    host: &dyn Host,
    release: &str,
) -> Option<(KernelVersion, &'static str)> {
    let version = |signature: &str| signature.split_whitespace().nth(2)?.parse().ok();
    if let Some(version) = version(&reader::text(host, SIGNATURE).unwrap_or_default()) {
        return Some((version, SIGNATURE));
    }
    let log = match host.is_live() {
        true => None,
        false => Some(KERNEL_LOG),
    };
    ["/proc/version"].into_iter().chain(log).find_map(|place| {
        let text = host.read(place, LOG_LIMIT).ok()?;
        let text = String::from_utf8_lossy(&text);
        let of_release = format!("Linux version {release} ");
        let line = text.lines().find(|line| line.contains(&of_release))?;
        // Before the build's number, brackets hold the version of a compiler.
        let (_, build) = line.trim_end().rsplit_once('#')?;
        let (_, signature) = build.strip_suffix(')')?.rsplit_once("(Ubuntu ")?;
        let is_own = series(signature)? == series(release)?;
        is_own.then_some((version(&format!("Ubuntu {signature}"))?, place))
    })
}

/// The series of the version that a text begins with.
fn series(text: &str) -> Option<(u32, u32)> {
    Some(text.parse::<KernelVersion>().ok()?.series())
}

/// How much of a kernel's log is read for its first line: one that was cut has none.
const LOG_LIMIT: usize = 64 << 10;

/// Takes the version in the header of the kernel's config, where the release alone told one that
/// lacks its last number: Debian's and Ubuntu's have one of their own behind (`6.1.0-56-amd64`).
/// The config has to be collected before.
pub(super) fn refine(facts: &mut Facts) {
    let by_header = facts.get("config-file.version");
    let (version, release) = (facts.get("kernel.version"), facts.get("kernel.release"));
    let (Some(Value::Text(header)), Some(Value::Text(name)), Some(known)) =
        (by_header.value(), release.value(), facts.kernel_version())
    else {
        return;
    };
    let Ok(header) = header.parse::<KernelVersion>() else {
        return;
    };
    let is_short = version.source() == release.source()
        && name.contains('-')
        && known == KernelVersion::new(known.series().0, known.series().1, 0);
    if is_short && header.series() == known.series() && header > known {
        facts.set(
            "kernel.version",
            Fact::known(header.to_string(), by_header.source()),
        );
    }
}

/// Whether the third number of the kernel's version is not known: Debian and Ubuntu name all kernels
/// of a series X.Y.0-NNN, and nothing beside the release tells which stable one theirs is made from.
pub(crate) fn lacks_stable_number(facts: &Facts) -> bool {
    let (version, release) = (facts.get("kernel.version"), facts.get("kernel.release"));
    let (Some(known), Some(Value::Text(name))) = (facts.kernel_version(), release.value()) else {
        return false;
    };
    let flavour = facts.text("kernel.flavour").unwrap_or_default();
    let is_theirs = |os: &&str| flavour == *os || is_packaged(name, os);
    version.source() == release.source()
        && known.numbers().2 == 0
        && name.contains(".0-")
        && ["debian", "ubuntu"].iter().any(is_theirs)
}

/// `#1 SMP Debian 5.10.218-1 (2024-06-01)`: the word behind the distribution's name is the
/// package's version. Its release, 5.10.0-30-amd64, names the ABI.
pub(super) fn debian_version(release: &str, build: &str) -> Option<KernelVersion> {
    let mut words = build.split_whitespace();
    words.find(|word| matches!(*word, "Debian" | "Kali"))?;
    let package = words.next()?;
    // Raspberry Pi OS writes the package's epoch, too: `1:6.6.31-1+rpt1`.
    let upstream = package
        .split_once(':')
        .map_or(package, |(_, version)| version);
    let version: KernelVersion = upstream.parse().ok()?;
    // A line of another series is about something else than this kernel.
    (version.series() == series(release)?).then_some(version)
}
