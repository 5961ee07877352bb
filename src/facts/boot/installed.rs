//! The kernels that are installed, in the order of their versions.

use crate::facts::{Fact, Value, Why, reader};
use crate::host::{Host, boot};

/// Releases with an image in /boot or beside their modules. A directory of modules alone
/// is what a removed kernel leaves behind; it counts where no image is to be seen at all.
pub(super) fn kernels(host: &dyn Host) -> Fact {
    let images_there = host.list("/boot");
    let modules = boot::MODULES
        .iter()
        .find_map(|path| Some((*path, host.list(path).ok()?)));
    let found = boot::images(host);
    let of_boot = found.iter().any(|(_, place)| place.starts_with("/boot/"));
    let mut images: Vec<String> = found.into_iter().map(|(release, _)| release).collect();
    let mut source = "/boot";
    if let Some((path, names)) = &modules
        && !of_boot
    {
        source = path;
        if images.is_empty() {
            let is_kernel = |name: &&String| boot::is_release(name) && !boot::is_copy(host, name);
            images = names.iter().filter(is_kernel).cloned().collect();
        }
    }
    // A sosreport has the configs of kernels, and leaves the images where they are.
    let uncollected = |error| reader::why(&error) == Why::NotCollected;
    if images.is_empty() && host.stat("/boot/vmlinuz").is_err_and(uncollected) {
        let names = images_there.iter().flatten();
        let of_configs = names.filter_map(|name| name.strip_prefix("config-"));
        let of_configs = of_configs.filter(|release| boot::is_release(release));
        images = of_configs.map(str::to_owned).collect();
    }
    images.sort_by(|left, right| boot::compare(left, right));
    images.dedup();
    match (images_there, modules) {
        _ if !images.is_empty() => Fact::known(images, source),
        (Err(error), None) => reader::unreadable(&error, "/boot"),
        (Err(error), _) if reader::why(&error) == Why::Denied => {
            reader::unreadable(&error, "/boot")
        }
        _ => Fact::known(Value::List(Vec::new()), "/boot"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Memory;

    #[test]
    fn images_tell_what_is_installed_and_modules_where_there_are_none() {
        let debian = Memory::new()
            .with("/boot/vmlinuz-6.1.0-10-amd64", "")
            .with("/boot/vmlinuz-6.1.0-9-amd64", "")
            .with("/boot/vmlinuz-6.1.0-9-amd64.old", "")
            .with("/boot/vmlinuz-0-rescue-1f", "")
            .with("/boot/config-6.1.0-8-amd64", "")
            .with("/lib/modules/6.1.0-8-amd64/updates/dkms/x.ko", "");
        let arch = Memory::new()
            .with("/boot/vmlinuz-linux", "")
            .with("/usr/lib/modules/6.9.1-arch1-1/vmlinuz", "")
            .with("/usr/lib/modules/6.8.9-arch1-1/kernel/x", "");
        let container = Memory::new().with("/lib/modules/6.1.0/kernel/x.ko", "");
        for (host, releases) in [
            (debian, Some(&["6.1.0-9-amd64", "6.1.0-10-amd64"][..])),
            (arch, Some(&["6.9.1-arch1-1"])),
            (container, Some(&["6.1.0"])),
            (Memory::new().with("/boot/efi/x", ""), Some(&[])),
            (Memory::new(), None),
            (
                Memory::new().refusing("/boot", std::io::ErrorKind::PermissionDenied),
                None,
            ),
        ] {
            let known = kernels(&host);
            let expected = releases
                .map(|names| Value::List(names.iter().map(|name| (*name).to_owned()).collect()));
            assert_eq!(known.value(), expected.as_ref(), "{host:?}");
        }
    }
}
