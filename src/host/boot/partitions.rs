//! Where the files of boot loaders lie that have a file system of their own.

use super::{SYSTEMD_BOOT, text};
use crate::host::Host;

/// Where /etc/fstab mounts boot files, in its order.
pub(crate) fn mounted_by_fstab(host: &dyn Host) -> Vec<String> {
    let table = text(host, "/etc/fstab").unwrap_or_default();
    let points = table.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let source = words.next().filter(|source| !source.starts_with('#'))?;
        let point = words.next()?.trim_end_matches('/');
        let is_boot = source != "none" && ["/boot", "/boot/efi", "/efi"].contains(&point);
        is_boot.then(|| point.to_owned())
    });
    points.collect()
}

/// Whether the EFI partition has kernels, or entries that lead to them: nothing of them need lie in
/// /boot then.
pub(crate) fn has_efi_kernels(host: &dyn Host) -> bool {
    let has = |path: String, ending: &str| {
        let names = host.list(&path).unwrap_or_default();
        names.iter().any(|name| name.ends_with(ending))
    };
    SYSTEMD_BOOT.iter().any(|place| {
        has(format!("{place}/EFI/Linux"), ".efi") || has(format!("{place}/loader/entries"), ".conf")
    })
}
