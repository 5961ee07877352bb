//! What GRUB starts next: its menu is a script, which may take entries from files.

use std::collections::BTreeMap;
use std::io;

use super::entries::{self, Entry};
use super::follow::Scope;
use super::kept::{FIRMWARE, kept};
use super::menu::{Menu, Next, Untold};
use super::select::{self, ENTRIES, Selected, Selection, Unselected, untold};
use super::{compare, is_hidden, text};
use crate::host::Host;

/// GRUB's menu; Red Hat's firmware starts one of another place, to which a link leads.
pub(super) const MENUS: &[&str] = &[
    "/boot/grub2/grub.cfg",
    "/boot/grub/grub.cfg",
    "/etc/grub2-efi.cfg",
];

/// What people add to the menu, beside it: the menus of distributions end by reading it.
const ADDED: &str = "custom.cfg";

/// By GRUB's menu.
///
/// # Errors
/// Why it can't be told, here and below.
pub(crate) fn by_menu(host: &dyn Host) -> Selection {
    match script(host) {
        Ok(script) => by_script(host, &script),
        Err(trouble) => Err(trouble.unwrap_or_else(|| untold("", MENUS.first().unwrap_or(&"")))),
    }
}

/// By the menu of Red Hat's GRUB, which takes its entries from files; where there is no menu, by
/// these and what was saved: `saved_entry` names an entry's file, its title or its place, and what
/// names none of them stands for the first.
pub(crate) fn by_entry_files(host: &dyn Host) -> Selection {
    if let Some(selection) = by_whole_menu(host) {
        return selection;
    }
    let (variables, unread) = kept(host);
    if let Some((error, path)) = unread {
        return Err(Unselected::Unreadable(error, path));
    }
    let variable = |name: &str| variables.get(name).filter(|value| !value.is_empty());
    let chosen = variable("next_entry").or_else(|| variable("saved_entry"));
    let mut selected = match chosen {
        Some(chosen) => select::named_entry(host, Some(chosen)),
        None => select::by_zipl(host),
    }?;
    selected.cmdline = select::expanded(&selected.cmdline, &variables);
    Ok(selected)
}

/// By the menu where GRUB starts a deployment of ostree; where there is none, the newest one.
pub(crate) fn by_ostree(host: &dyn Host) -> Selection {
    by_whole_menu(host).unwrap_or_else(|| select::newest_deployment(host))
}

/// By the menu, where one is there that has anything to start; that it can't be read is an answer.
fn by_whole_menu(host: &dyn Host) -> Option<Selection> {
    match script(host) {
        Ok(script) if is_whole(&script.text) => Some(by_script(host, &script)),
        Err(Some(Unselected::Unreadable(error, path))) if is_hidden(&error) => {
            Some(Err(Unselected::Unreadable(error, path)))
        }
        _ => None,
    }
}

/// A menu with what was added to it.
struct Script {
    path: String,
    text: String,
    /// Where the menu's own text ends, and the place of what follows, if anything does.
    added: Option<(usize, String)>,
}

/// The first menu that is there, with what was added to it; what stood in the way of reading one.
fn script(host: &dyn Host) -> Result<Script, Option<Unselected>> {
    let mut trouble = None;
    let usual = MENUS.iter().map(|path| (*path).to_owned());
    for path in usual.chain(firmware_menu(host)) {
        match text(host, &path) {
            Ok(mut text) => {
                let added = added(host, &path, &text).map_err(Some)?;
                let added = added.map(|(place, added)| {
                    let own = text.len();
                    text.push('\n');
                    text.push_str(&added);
                    (own, place)
                });
                return Ok(Script { path, text, added });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                trouble.get_or_insert(Unselected::Unreadable(error, path));
            }
        }
    }
    Err(trouble)
}

/// What is beside the menu for people to write in, where the menu reads it, behind its place.
fn added(
    host: &dyn Host,
    menu: &str,
    script: &str,
) -> Result<Option<(String, String)>, Unselected> {
    let names = |line: &str| !line.trim_start().starts_with('#') && line.contains(ADDED);
    if !script.lines().any(names) {
        return Ok(None);
    }
    // Beside the menu, where a link to it leads.
    let folder = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    let led = host.link(menu).ok();
    let led = led.and_then(|target| match target.starts_with('/') {
        true => folder(&target),
        false => Some(format!("{}/{}", folder(menu)?, folder(&target)?)),
    });
    let folder = led.or_else(|| folder(menu)).unwrap_or_default();
    let path = format!("{folder}/{ADDED}");
    match text(host, &path) {
        Ok(added) => Ok(Some((path, added))),
        Err(error) if is_hidden(&error) => Err(Unselected::Unreadable(error, path)),
        Err(_) => Ok(None),
    }
}

/// What a menu's script starts.
fn by_script(host: &dyn Host, script: &Script) -> Selection {
    let path = &script.path;
    let (variables, unread) = kept(host);
    // One that names no kernel is left out of the menu (`create_entry()` in its blscfg.c).
    let starts = |entry: &Entry| !entry.image.is_empty() || entry.unread.is_some();
    let read = entries::read(host, ENTRIES);
    let unreadable = read.as_ref().err().filter(|error| is_hidden(error));
    let unreadable = unreadable.map(|error| io::Error::new(error.kind(), error.to_string()));
    let mut files = read.unwrap_or_default();
    files.retain(starts);
    files.sort_by(|left, right| compare(&right.id, &left.id));
    let is_unread = unread.is_some();
    let parse = |text| {
        let scope = Scope::new(&variables, is_unread);
        Menu::parse(text, scope).with_entries(&files)
    };
    let menu = parse(&script.text);
    if menu.has_entry_files()
        && let Some(error) = unreadable
    {
        return Err(Unselected::Unreadable(error, ENTRIES.to_owned()));
    }
    let next = menu.next().map_err(|untold| match (untold, unread) {
        (Untold::Open(_), Some((error, path))) => Unselected::Unreadable(error, path),
        (Untold::Open(problem), None) => Unselected::Untold(problem, path.to_owned()),
        (Untold::Malformed(problem), _) => Unselected::Malformed(problem, path.to_owned()),
    })?;
    let of_file = next.file.and_then(|at| files.get(at));
    // What nothing is called may be the title of one that can't be read.
    let unread =
        entries::unread(&files).filter(|_| menu.has_entry_files() && next.missed.is_some());
    let selected = match unread.or(of_file) {
        None => {
            // What the menu alone would not start was chosen by what is beside it.
            let is_other = |own: &usize| {
                let alone = parse(script.text.get(..*own).unwrap_or_default());
                let is_same =
                    |own: Next<'_>| own.image == next.image && own.cmdline == next.cmdline;
                !alone.next().is_ok_and(is_same)
            };
            let added = script.added.as_ref().filter(|(own, _)| is_other(own));
            let place = added.map_or(path, |(_, place)| place);
            Selected::of_menu(next.image, next.cmdline, place)
        }
        Some(entry) => {
            let mut selected = Selected::of_entry(entry.clone(), ENTRIES)?;
            selected.cmdline = select::expanded(&selected.cmdline, &variables);
            selected
        }
    };
    Ok(Selected {
        missed: next.missed,
        ..selected
    })
}

/// Whether there is anything to start in a menu: some have a few lines that lead to another.
fn is_whole(script: &str) -> bool {
    let menu = Menu::parse(script, Scope::new(&BTreeMap::new(), false));
    menu.has_entry_files() || menu.has_entries()
}

/// The menu that GRUB has beside its program for UEFI, where that is the whole one and the only
/// one: some distributions have a few lines there that lead to the menu of /boot.
pub(crate) fn firmware_menu(host: &dyn Host) -> Option<String> {
    let systems = host.list(FIRMWARE).unwrap_or_default();
    let menus = systems
        .iter()
        .map(|name| format!("{FIRMWARE}/{name}/grub.cfg"));
    let whole = |path: &String| text(host, path).is_ok_and(|text| is_whole(&text));
    let mut menus = menus.filter(whole);
    menus.next().filter(|_| menus.next().is_none())
}
