//! A partition with the boot files that is not mounted below a root.

use super::traces;
use crate::host::{Host, boot};

/// What is to be said where kernels have modules and /boot has nothing of them: the boot configuration
/// lies on a partition that is not mounted, and perhaps images and configs, which others have beside
/// the modules, too. Where /etc/fstab names no such partition and something else leads to kernels,
/// /boot may be empty for good.
pub(in crate::host) fn unmounted(host: &dyn Host) -> Option<String> {
    let is_bare = |name: &String| name.starts_with('.') || name == "efi";
    let names = host.list("/boot");
    let has_boot = names.is_ok();
    // Archives may leave out directories that are empty.
    let names = match names {
        Err(error) if !boot::is_absent(&error) => return None,
        names => names.unwrap_or_default(),
    };
    let [images, configs, modules] = traces(host);
    let is_by_fstab = || {
        boot::mounted_by_fstab(host)
            .iter()
            .any(|point| point == "/boot")
    };
    let is_all =
        has_boot && images.is_empty() && configs.is_empty() && !boot::has_efi_kernels(host);
    (names.iter().all(is_bare) && !modules.is_empty() && (is_all || is_by_fstab())).then(|| {
        "/boot in it is empty, and kernels have modules there: mount its boot partition at that \
         place, for the kernels' configs and what the next boot starts"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Memory;

    /// RHEL and Fedora have images and configs beside the modules, and what boots them in /boot.
    #[test]
    fn a_boot_partition_that_is_not_mounted_is_told() {
        let modules = Memory::new().with("/lib/modules/6.9.0/modules.dep", "");
        let beside = modules.clone().with("/lib/modules/6.9.0/vmlinuz", "");
        let fstab = "# a\nUUID=1 /boot xfs defaults 0 0\n";
        let unified = "/efi/EFI/Linux/a.efi";
        let bare = |host: &Memory| host.clone().with("/boot/efi/x", "");
        for (host, is_told) in [
            (bare(&modules), true),
            (bare(&beside), false),
            (bare(&beside).with("/etc/fstab", fstab), true),
            (bare(&beside).with("/etc/fstab", "/dev/a / xfs\n"), false),
            (beside.clone().with("/etc/fstab", fstab), true),
            (
                beside
                    .with("/boot/config-6.9.0", "")
                    .with("/etc/fstab", fstab),
                false,
            ),
            (bare(&modules).with(unified, ""), false),
            (bare(&modules).with("/efi/loader/entries/a.conf", ""), false),
            (
                bare(&modules).with(unified, "").with("/etc/fstab", fstab),
                true,
            ),
            (modules, false),
        ] {
            assert_eq!(unmounted(&host).is_some(), is_told, "{host:?}");
        }
    }
}
