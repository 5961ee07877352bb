//! Names of a host: where its kernel tells it, and which two are one.

/// Where the kernel tells the name of the host.
pub(super) const HOSTNAME: &str = "/proc/sys/kernel/hostname";

/// The same of what another file tells to be its name, behind the first and a zero byte; no such
/// file is there.
pub(crate) const OTHER_HOSTNAME: &str = "/proc/sys/kernel/hostname (another)";

/// Whether two names are one host's: the same, or one of them the other without its domain, or
/// without a part of that.
pub(crate) fn is_same_host(left: &str, right: &str) -> bool {
    let plain = |name: &str| name.trim().trim_end_matches('.').to_lowercase();
    let (left, right) = (plain(left), plain(right));
    left == right || goes_on_from(&left, &right) || goes_on_from(&right, &left)
}

/// Whether the first is the second, or goes on at a dot where that ends.
pub(crate) fn goes_on_from(long: &str, short: &str) -> bool {
    let rest = long.strip_prefix(short).filter(|_| !short.is_empty());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
