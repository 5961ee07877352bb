//! The settings of IBM Z's boot loader.

use super::select::{Selected, Unselected, untold};
use super::{is_hidden, text};
use crate::host::{Host, in_a_line};

/// The settings of IBM Z's loader.
pub(crate) const ZIPL: &str = "/etc/zipl.conf";

/// What the settings start, once zipl(8) was run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// The first of the entries in files: nothing else is named.
    First,
    /// The entry of this title or file.
    Entry(String),
    /// What a section of the settings themselves has.
    Section(Selected),
}

/// A section: its name, and what it sets, in its order.
type Section = (String, Vec<(String, String)>);

/// What the settings of IBM Z's loader name to be booted (zipl.conf(5)): in `[defaultboot]`, a
/// section or an entry by `default`, or by `defaultmenu` a menu, `:NAME`, that has sections by
/// number.
///
/// # Errors
/// Why it can't be told.
pub(super) fn start(host: &dyn Host) -> Result<Start, Unselected> {
    let settings = match text(host, ZIPL) {
        Ok(settings) => settings,
        Err(error) if is_hidden(&error) => {
            return Err(Unselected::Unreadable(error, ZIPL.to_owned()));
        }
        Err(_) => return Ok(Start::First),
    };
    let sections = sections(&settings);
    let section = |name: &str| sections.iter().find(|(known, _)| known == name);
    let value = |(_, values): &Section, key: &str| {
        let mut values = values
            .iter()
            .filter(|(known, value)| known == key && !value.is_empty());
        values.next().map(|(_, value)| value.clone())
    };
    let Some(defaults) = section("defaultboot") else {
        return Ok(Start::First);
    };
    let named = match value(defaults, "defaultmenu") {
        None => value(defaults, "default"),
        Some(menu) => {
            let menu = format!(":{menu}");
            let found = section(&menu).and_then(|menu| {
                let place = value(menu, "default").unwrap_or_else(|| "1".to_owned());
                value(menu, &place)
            });
            let name = in_a_line(&menu, 60);
            let missing = || untold(&format!("its menu `{name}` has no default"), ZIPL);
            Some(found.ok_or_else(missing)?)
        }
    };
    let Some(name) = named else {
        // All sections are in the menu it makes itself then, before all entries.
        let own = |(name, values): &&Section| {
            let starts = values.iter().any(|(key, _)| key == "image");
            starts && !name.starts_with(':') && name != "defaultboot"
        };
        let first = sections.iter().find(own);
        return Ok(first.map_or(Start::First, |section| Start::Section(selected(section))));
    };
    match section(&name) {
        None => Ok(Start::Entry(name)),
        Some(section) if value(section, "image").is_some() => Ok(Start::Section(selected(section))),
        Some(_) => {
            let name = in_a_line(&name, 60);
            Err(untold(
                &format!("its section `{name}` starts no kernel"),
                ZIPL,
            ))
        }
    }
}

/// What a section starts.
fn selected((_, values): &Section) -> Selected {
    let value = |key: &str| {
        let found = values.iter().find(|(known, _)| known == key);
        found.map_or("", |(_, value)| value)
    };
    // An image may have the address behind it at which it is loaded.
    let (image, _) = value("image")
        .split_once(',')
        .unwrap_or((value("image"), ""));
    Selected::of_menu(image, value("parameters"), ZIPL)
}

/// The sections; what stands before the first is taken for the defaults.
fn sections(settings: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = vec![("defaultboot".to_owned(), Vec::new())];
    for line in settings.lines().map(str::trim) {
        if line.starts_with('#') {
            continue;
        }
        let heading = match line.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').map(str::to_owned),
            None if line.starts_with(':') => Some(line.to_owned()),
            None => None,
        };
        match heading {
            Some(name) if name.trim() == "defaultboot" => {
                // Once more at the end, so that it is the one that is added to.
                let at = sections
                    .iter()
                    .position(|(known, _)| known == "defaultboot");
                if let Some(at) = at {
                    let defaults = sections.remove(at);
                    sections.push(defaults);
                }
            }
            Some(name) => sections.push((name.trim().to_owned(), Vec::new())),
            None => {
                let (key, value) = line.split_once('=').unwrap_or((line, ""));
                if let Some((_, values)) = sections.last_mut() {
                    let value = value.trim().trim_matches(['"', '\'']);
                    values.push((key.trim().to_owned(), value.to_owned()));
                }
            }
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;
    use crate::host::Memory;

    fn told(settings: &str) -> Result<Start, Unselected> {
        start(&Memory::new().with(ZIPL, settings))
    }

    #[test]
    fn the_default_is_an_entry() {
        for (settings, entry) in [
            (
                "[defaultboot]\ndefaultauto\ndefault=abc-5.14.0-1\n",
                Some("abc-5.14.0-1"),
            ),
            (
                "default = \"Red Hat (5.14.0-1)\"\n",
                Some("Red Hat (5.14.0-1)"),
            ),
            (
                "[linux]\nimage=/boot/vmlinuz-5.14.0-1\n[defaultboot]\ndefault=x\n",
                Some("x"),
            ),
            ("default=\n", None),
            ("[defaultboot]\ndefaultauto\ntarget=/boot\n", None),
            ("#default=x\n", None),
        ] {
            let wanted = entry.map_or(Start::First, |name| Start::Entry(name.to_owned()));
            assert_eq!(told(settings).unwrap(), wanted, "{settings}");
        }
        assert_eq!(start(&Memory::new()).unwrap(), Start::First);
        for kind in [ErrorKind::PermissionDenied, ErrorKind::InvalidInput] {
            let host = Memory::new().refusing(ZIPL, kind);
            assert!(start(&host).is_err(), "{kind}");
        }
        assert!(told("default=x\0\n").is_err());
    }

    #[test]
    fn a_section_of_its_own_is_one_that_starts_a_kernel() {
        let sections = "[linux]\nimage = /boot/vmlinuz-5.14.0-1,0x10000\n\
                        parameters=\"root=/dev/dasda1 ro\"\n[old]\nimage=/boot/image-5.3.18-1\n\
                        [dump]\ndumpto=/dev/dasdb1\n:menu\n1=linux\n2=old\ndefault=2\n:empty\n";
        for (defaults, image) in [
            ("default=linux", Ok("/boot/vmlinuz-5.14.0-1")),
            ("defaultauto\ndefault=old", Ok("/boot/image-5.3.18-1")),
            ("defaultauto", Ok("/boot/vmlinuz-5.14.0-1")),
            ("defaultmenu = menu", Ok("/boot/image-5.3.18-1")),
            ("defaultmenu=empty", Err("`:empty` has no default")),
            ("defaultmenu=gone", Err("`:gone` has no default")),
            ("default=dump", Err("`dump` starts no kernel")),
        ] {
            let settings = format!("[defaultboot]\n{defaults}\ntarget=/boot\n{sections}");
            match (told(&settings), image) {
                (Ok(Start::Section(selected)), Ok(image)) => {
                    assert_eq!(selected.image, image, "{defaults}");
                    let has = selected.cmdline == "root=/dev/dasda1 ro";
                    assert_eq!(has, image.ends_with("5.14.0-1"), "{defaults}");
                }
                (Err(Unselected::Untold(detail, _)), Err(says)) => {
                    assert!(detail.contains(says), "{detail}");
                }
                (other, _) => panic!("{defaults}: {other:?}"),
            }
        }
    }
}
