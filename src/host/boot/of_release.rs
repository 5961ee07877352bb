//! What an installed kernel would be given if it were booted, the next one or not.

use super::follow::Scope;
use super::grub;
use super::menu::Menu;
use super::select::{self, ENTRIES, SYSTEMD_BOOT, Selected};
use super::{entries, release_of, text};
use crate::host::Host;

/// The first entry that starts the kernel of this release and is not for rescue. `installed`
/// are the releases that are there, the newest last.
pub(crate) fn entry_for(host: &dyn Host, release: &str, installed: &[String]) -> Option<Selected> {
    let starts = |selected: &Selected| {
        let found = select::release_of_image(host, selected, installed);
        found.as_deref() == Some(release) && !is_for_rescue(&selected.cmdline)
    };
    let of_systemd_boot = SYSTEMD_BOOT
        .iter()
        .map(|place| format!("{place}/loader/entries"));
    let mut directories = of_systemd_boot.collect::<Vec<_>>();
    directories.insert(0, ENTRIES.to_owned());
    let variables = super::kept::variables(host);
    let in_files = directories.iter().find_map(|directory| {
        let entries = entries::read(host, directory).ok()?;
        let mut entries = entries.into_iter().filter_map(|entry| {
            let mut selected = Selected::of_entry(entry, directory).ok()?;
            selected.cmdline = select::expanded(&selected.cmdline, &variables);
            Some(selected)
        });
        entries.find(|selected| starts(selected))
    });
    in_files
        .or_else(|| {
            grub::MENUS.iter().find_map(|path| {
                let menu = Menu::parse(&text(host, path).ok()?, Scope::new(&variables, false));
                let (image, cmdline) = menu.first(&|image, cmdline| {
                    release_of(image).as_deref() == Some(release) && !is_for_rescue(cmdline)
                })?;
                Some(Selected::of_menu(image, cmdline, path))
            })
        })
        .or_else(|| super::legacy_entries(host).into_iter().find(starts))
}

fn is_for_rescue(cmdline: &str) -> bool {
    let words = ["single", "recovery", "rescue", "systemd.unit=rescue.target"];
    cmdline.split_whitespace().any(|word| words.contains(&word))
}
