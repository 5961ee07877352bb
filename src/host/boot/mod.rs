//! What boot loaders' configuration says: which kernel image the next boot starts, and with
//! which arguments; and the releases in the names of kernel images.
//!
//! Read by both who ask which kernel is meant on a host that doesn't run, and the fact of the
//! next boot's kernel, so that the two can't differ.

mod condition;
mod entries;
mod follow;
mod glob;
mod grub;
mod kept;
mod legacy;
mod menu;
mod names;
mod of_release;
mod order;
mod partitions;
mod script;
mod select;
mod systemd;
mod zipl;

pub(crate) use grub::{by_entry_files, by_menu, by_ostree, firmware_menu};
pub(crate) use legacy::{LEGACY_MENUS, by_legacy_menu, legacy_entries};
#[cfg(test)]
pub(crate) use menu::tests::DEBIAN;
use names::image_release;
pub(crate) use names::{
    MODULES, banner, copied, images, images_of, is_copy, is_release, release_of,
};
pub(crate) use of_release::entry_for;
pub(crate) use order::compare;
use order::compare_of_systemd;
pub(crate) use partitions::{has_efi_kernels, mounted_by_fstab};
pub(crate) use select::{
    ENTRIES, EXTLINUX, SYSTEMD_BOOT, Selected, Unselected, by_extlinux, by_zipl, release_of_image,
};
pub(crate) use systemd::by_systemd_boot;
pub(crate) use zipl::ZIPL;

use std::io;

use super::Host;

/// More than any configuration of a boot loader.
const LIMIT: usize = 1 << 20;

/// Debian's and SUSE's links to the kernel that was installed last: its release, and the link.
pub(crate) fn linked(host: &dyn Host) -> Option<(String, &'static str)> {
    ["/vmlinuz", "/boot/vmlinuz", "/boot/Image"]
        .into_iter()
        .find_map(|place| Some((release_of(&host.link(place).ok()?)?, place)))
}

/// The text of a file of a boot loader. One with zero bytes is none: a disk lost it, and what the
/// loader makes of the rest is not told.
fn text(host: &dyn Host, path: &str) -> io::Result<String> {
    let bytes = host.read(path, LIMIT)?;
    if bytes.contains(&0) {
        let what = "it has zero bytes in it";
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether an error says that nothing is there.
pub(super) fn is_absent(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

/// Whether an error leaves open what is there: neither is it absent, nor was it left out of files
/// that somebody collected.
pub(crate) fn is_hidden(error: &io::Error) -> bool {
    let is_left_out = error.kind() == io::ErrorKind::Unsupported && error.raw_os_error().is_none();
    !is_absent(error) && !is_left_out
}
