//! The kernel image that the next boot starts, by each boot loader's own rules.

use std::collections::BTreeMap;
use std::io;

use super::entries::{self, Entry};
use super::zipl::{self, Start};
use super::{LIMIT, compare, release_of, text};
use crate::host::{Host, in_a_line};

/// Where GRUB and ostree have their entries, a file each.
pub(crate) const ENTRIES: &str = "/boot/loader/entries";

/// Where systemd-boot has its settings: on the partition the firmware starts from.
pub(crate) const SYSTEMD_BOOT: &[&str] = &["/efi", "/boot/efi", "/boot"];

/// Where extlinux has its menu.
pub(crate) const EXTLINUX: &[&str] = &["/boot/extlinux/extlinux.conf", "/boot/extlinux.conf"];

/// What the next boot starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selected {
    /// Path of the kernel image.
    pub(crate) image: String,
    /// The version the configuration gives it; empty where it gives none.
    pub(crate) version: String,
    /// Its command line.
    pub(crate) cmdline: String,
    /// The file that tells.
    pub(crate) source: String,
    /// What the configuration names to be booted and nothing is called; the loader then takes
    /// its first entry.
    pub(crate) missed: Option<String>,
}

impl Selected {
    /// What an entry of a directory starts.
    ///
    /// # Errors
    /// If its file can't be read.
    pub(super) fn of_entry(entry: Entry, directory: &str) -> Selection {
        let source = format!("{directory}/{}", entry.file);
        if let Some(unread) = &entry.unread {
            return Err(Unselected::Unreadable(unread.error(), source));
        }
        Ok(Self {
            image: entry.image,
            version: entry.version,
            cmdline: entry.options,
            source,
            missed: None,
        })
    }

    /// What an entry of GRUB's menu starts, which gives it no version.
    pub(super) fn of_menu(image: &str, cmdline: &str, path: &str) -> Self {
        Self {
            image: image.to_owned(),
            version: String::new(),
            cmdline: cmdline.to_owned(),
            source: path.to_owned(),
            missed: None,
        }
    }
}

/// Why it can't be told what the next boot starts.
#[derive(Debug)]
pub(crate) enum Unselected {
    /// The file or directory at this path can't be read.
    Unreadable(io::Error, String),
    /// The configuration at this path is there and does not tell; a reason, or nothing where
    /// none is needed.
    Untold(String, String),
    /// The configuration at this path makes no sense; a reason.
    Malformed(String, String),
}

pub(super) type Selection = Result<Selected, Unselected>;

pub(super) fn untold(detail: &str, source: &str) -> Unselected {
    Unselected::Untold(detail.to_owned(), source.to_owned())
}

/// By the entries of Red Hat's GRUB, as the loader of IBM Z chooses one, or by a section of its own settings.
pub(crate) fn by_zipl(host: &dyn Host) -> Selection {
    let chosen = match zipl::start(host)? {
        Start::Section(selected) => return Ok(selected),
        Start::First => return named_entry(host, None),
        Start::Entry(name) => name,
    };
    let selected = named_entry(host, Some(&chosen))?;
    match selected.missed {
        // zipl(8) writes nothing then, and what it wrote last is booted on.
        Some(name) => {
            let name = in_a_line(&name, 60);
            let detail = format!(
                "its default `{name}` is neither a section of it nor an entry, and zipl(8) takes \
                 none that is not there"
            );
            Err(untold(&detail, zipl::ZIPL))
        }
        None => Ok(selected),
    }
}

/// The entry that is called so, or the first.
pub(super) fn named_entry(host: &dyn Host, chosen: Option<&String>) -> Selection {
    let mut missed = None;
    let entry = entry_of(host, ENTRIES, |entries| {
        // One that names no kernel is left out of the menu (`create_entry()` in GRUB's blscfg.c).
        let starts = |entry: &&Entry| !entry.image.is_empty() || entry.unread.is_some();
        let entries: &[Entry] = &entries.iter().filter(starts).cloned().collect::<Vec<_>>();
        let named = chosen.and_then(|chosen| {
            let named = |entry: &&Entry| entry.id == *chosen || entry.title == *chosen;
            entries.iter().find(named).or_else(|| {
                let place = chosen.parse::<usize>().ok()?;
                let mut sorted: Vec<&Entry> = entries.iter().collect();
                sorted.sort_by(|left, right| compare(&right.id, &left.id));
                sorted.get(place).copied()
            })
        });
        missed = chosen.filter(|_| named.is_none()).cloned();
        // What nothing is called may be the title of one that can't be read.
        let unread = entries::unread(entries).filter(|_| missed.is_some());
        let first = || entries::first_of_grub(entries);
        named.or(unread).or_else(first).cloned()
    });
    let selected = entry?;
    Ok(Selected { missed, ..selected })
}

/// By the newest deployment of ostree, whose number is in its entry.
pub(super) fn newest_deployment(host: &dyn Host) -> Selection {
    entry_of(host, ENTRIES, |entries| {
        let unread = entries::unread(entries);
        unread
            .or_else(|| entries::first_of_ostree(entries))
            .cloned()
    })
}

fn entry_of(
    host: &dyn Host,
    directory: &str,
    choose: impl FnOnce(&[Entry]) -> Option<Entry>,
) -> Selection {
    let unreadable = |error| Unselected::Unreadable(error, directory.to_owned());
    let entries = entries::read(host, directory).map_err(unreadable)?;
    let entry =
        choose(&entries).ok_or_else(|| untold("no entry is the one that is booted", directory))?;
    Selected::of_entry(entry, directory)
}

/// By extlinux's menu: `ONTIMEOUT label`, `MENU DEFAULT` below a label or `DEFAULT label`, then
/// `LABEL label` with `LINUX path` or `KERNEL path` and `APPEND arguments` below it.
pub(crate) fn by_extlinux(host: &dyn Host, path: &str) -> Selection {
    let menu = text(host, path);
    let menu = menu.map_err(|error| Unselected::Unreadable(error, path.to_owned()))?;
    let (mut default, mut in_menu, mut at_end) = (None, None, None);
    let mut images: Vec<(String, Selected)> = Vec::new();
    let mut label = String::new();
    for line in menu.lines() {
        let Some((key, value)) = line.trim().split_once([' ', '\t']) else {
            continue;
        };
        let value = value.trim().to_owned();
        match key.to_ascii_lowercase().as_str() {
            "default" => default = Some(value),
            "ontimeout" => at_end = Some(value),
            "menu" if value.eq_ignore_ascii_case("default") => in_menu = Some(label.clone()),
            "label" => label = value,
            "linux" | "kernel" => {
                let selected = Selected {
                    image: value,
                    version: String::new(),
                    cmdline: String::new(),
                    source: path.to_owned(),
                    missed: None,
                };
                images.push((label.clone(), selected));
            }
            "append" => {
                if let Some((_, image)) = images.last_mut().filter(|(name, _)| *name == label) {
                    image.cmdline = value;
                }
            }
            _ => {}
        }
    }
    // `DEFAULT menu.c32` starts the menu, which has a default of its own.
    let chosen = [at_end, in_menu, default];
    let named = chosen.iter().flatten().find_map(|name| {
        let mut images = images.iter();
        images.find(|(label, _)| label == name)
    });
    // A menu's own program is no label.
    let mut labels = chosen
        .iter()
        .flatten()
        .filter(|name| !name.ends_with(".c32"));
    let missed = labels.next().filter(|_| named.is_none()).cloned();
    let image = named.or_else(|| images.first());
    let image = image.map(|(_, selected)| Selected {
        missed,
        ..selected.clone()
    });
    image.ok_or_else(|| untold("no entry starts a kernel", path))
}

/// The release of what was selected: in its image's name, in that of the file a link leads to,
/// where the distribution notes it, or in the version of its entry. `installed` are the
/// releases that are there, the newest last.
pub(crate) fn release_of_image(
    host: &dyn Host,
    selected: &Selected,
    installed: &[String],
) -> Option<String> {
    let image = selected.image.as_str();
    if let Some(release) = release_of(image).filter(|release| !super::is_copy(host, release)) {
        return Some(release);
    }
    let name = image.rsplit('/').next().unwrap_or(image);
    for place in ["/boot", ""] {
        let target = host.link(&format!("{place}/{name}")).unwrap_or_default();
        if let Some(release) = release_of(&target) {
            return Some(release);
        }
    }
    if let Some(release) = super::image_release(host, &format!("/boot/{name}")) {
        return Some(release);
    }
    let flavour = name.split_once('-').map_or("", |(_, flavour)| flavour);
    let noted = format!("/usr/share/kernel/{flavour}/kernel.release");
    let alpine = text(host, &noted).map(|text| text.trim().to_owned());
    if let Some(release) = alpine.ok().filter(|release| super::is_release(release)) {
        return Some(release);
    }
    // Arch notes beside the modules of a release which package it is of.
    let of_package = |release: &&String| {
        let noted = format!("/usr/lib/modules/{release}/pkgbase");
        text(host, &noted).is_ok_and(|text| text.trim() == flavour)
    };
    let of_package = installed.iter().rev().find(of_package).cloned();
    of_package.or_else(|| super::is_release(&selected.version).then(|| selected.version.clone()))
}

/// The options with GRUB's variables put in; a variable nobody set is nothing.
pub(super) fn expanded(options: &str, variables: &BTreeMap<String, String>) -> String {
    let words = options.split_whitespace().filter_map(|word| {
        let Some(name) = word.strip_prefix('$') else {
            return Some(word);
        };
        let name = name.trim_matches(['{', '}']);
        variables.get(name).map(|value| value.trim())
    });
    // A short line that names a long variable often would grow without end.
    let mut line = String::new();
    for word in words.filter(|word| !word.is_empty()) {
        if line.len() + word.len() > LIMIT {
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_put_into_options() {
        let variables =
            BTreeMap::from([("kernelopts".to_owned(), "root=/dev/sda1 ro ".to_owned())]);
        let options = expanded("$kernelopts ${tuned_params} quiet", &variables);
        assert_eq!(options, "root=/dev/sda1 ro quiet");
    }
}
