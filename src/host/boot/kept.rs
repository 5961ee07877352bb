//! What GRUB keeps between boots.

use std::collections::BTreeMap;
use std::io;

use super::text;
use crate::host::{Host, in_a_line};

const VARIABLES: &[&str] = &["/boot/grub2/grubenv", "/boot/grub/grubenv"];

/// Below it, a directory per system that was installed for this firmware.
pub(super) const FIRMWARE: &str = "/boot/efi/EFI";

/// The variables GRUB keeps between boots.
pub(super) fn variables(host: &dyn Host) -> BTreeMap<String, String> {
    kept(host).0
}

/// The same, and the file that may have them and can't be read: what was saved in it is not known
/// then, which is something else than nothing.
pub(super) fn kept(host: &dyn Host) -> (BTreeMap<String, String>, Option<(io::Error, String)>) {
    let systems = host.list(FIRMWARE).unwrap_or_default();
    let of_systems = systems
        .iter()
        .map(|name| format!("{FIRMWARE}/{name}/grubenv"));
    let mut unread = None;
    for path in VARIABLES
        .iter()
        .map(|path| (*path).to_owned())
        .chain(of_systems)
    {
        match text(host, &path) {
            Ok(text) => return (variables_in(&text), None),
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                    // A link to a partition that is not mounted here, as of the firmware's.
                    if let Ok(target) = host.link(&path) {
                        let told = in_a_line(&target, 60);
                        let led =
                            io::Error::other(format!("it leads to {told}, which is not here"));
                        unread.get_or_insert((led, path));
                    }
                }
                _ => {
                    unread.get_or_insert((error, path));
                }
            },
        }
    }
    (BTreeMap::new(), unread)
}

/// The variables in an environment block: `name=value` lines, filled up with `#`.
pub(super) fn variables_in(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect()
}
