//! The kernel that systemd-boot starts next: by its settings, by what the firmware's variables say
//! of it, and by the entries on the partitions it reads (its boot.c; loader.conf(5)).

use std::io;

use super::entries::{self, Entry};
use super::glob::Pattern;
use super::select::{ENTRIES, SYSTEMD_BOOT, Selected, Selection, Unselected, untold};
use super::{is_absent, is_hidden, text};
use crate::host::Host;

/// Entries that systemd-boot makes itself, after all others: none of them is a file that tells
/// which kernel starts, if any does.
const OF_ITS_OWN: &[&str] = &[
    "auto-efi-default",
    "auto-efi-shell",
    "auto-osx",
    "auto-poweroff",
    "auto-reboot",
    "auto-reboot-to-firmware-setup",
    "auto-windows",
];

/// The vendor of its variables.
const VENDOR: &str = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

/// By systemd-boot's settings and entries.
pub(crate) fn by_systemd_boot(host: &dyn Host) -> Selection {
    let place = partition(host)?;
    let directory = format!("{place}/loader/entries");
    // What can't be read may name another entry; what is not there names none.
    let settings_path = format!("{place}/loader/loader.conf");
    let settings = told(text(host, &settings_path), &settings_path)?.unwrap_or_default();
    let setting = |name: &str| {
        let mut lines = settings
            .lines()
            .filter_map(|line| line.trim().split_once([' ', '\t']));
        let (_, value) = lines.rfind(|(key, _)| *key == name)?;
        Some(value.trim().to_owned()).filter(|value| !value.is_empty())
    };
    let variable = |name: &str| {
        let path = format!("/sys/firmware/efi/efivars/{name}-{VENDOR}");
        let bytes = told(host.read(&path, 1024), &path)?.unwrap_or_default();
        let id = utf16(bytes.get(4..).unwrap_or_default());
        Ok(Some(id).filter(|id| !id.is_empty()))
    };
    // What systemd 260 has besides, in an order of its own.
    if variable("LoaderEntryPreferred")?.is_some() || setting("preferred").is_some() {
        let detail =
            "what is preferred is booted unless it failed before, which nothing here tells";
        return Err(untold(detail, &directory));
    }
    // The variables outrank the file: the first is for one boot, the second is set by
    // `bootctl set-default`. What names nothing leaves the choice to the next.
    let chosen: Vec<String> = [
        variable("LoaderEntryOneShot")?,
        variable("LoaderEntryDefault")?,
        setting("default"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let more = (place != "/boot").then_some("/boot");
    for place in [Some(place), more].into_iter().flatten() {
        let images = format!("{place}/EFI/Linux");
        let names = told(host.list(&images), &images)?.unwrap_or_default();
        if !names.is_empty() {
            let detail = "unified kernel images are not looked into";
            return Err(untold(detail, &directory));
        }
    }
    let own = entries::read(host, &directory);
    let beside = more.map(|_| entries::read(host, ENTRIES));
    let chosen = Chosen(&chosen);
    match (own, beside) {
        (Ok(own), None) => chosen.among(&[(&directory, own)]),
        (Ok(own), Some(Err(error))) if is_absent(&error) => chosen.among(&[(&directory, own)]),
        (Err(error), Some(Ok(beside))) if is_absent(&error) => chosen.among(&[(ENTRIES, beside)]),
        (Ok(own), Some(Ok(beside))) if own.is_empty() => chosen.among(&[(ENTRIES, beside)]),
        // The partition at /boot is read, too, if it is marked as one for that, or is another
        // loader's.
        (Ok(own), Some(Ok(beside))) => {
            let alone = chosen.among(&[(&directory, own.clone())]);
            let both = chosen.among(&[(&directory, own), (ENTRIES, beside)]);
            match (alone, both) {
                (Ok(alone), Ok(both)) if alone.image == both.image => Ok(both),
                (Err(alone), Err(_)) => Err(alone),
                _ => {
                    let detail = format!("whether entries in {ENTRIES} count, too, is not told");
                    Err(untold(&detail, &directory))
                }
            }
        }
        (Ok(_), Some(Err(error))) => Err(Unselected::Unreadable(error, ENTRIES.to_owned())),
        (Err(error), _) => Err(Unselected::Unreadable(error, directory)),
    }
}

/// The partition that the firmware starts it from, which has its settings: its program shows it,
/// else these. Another one may have entries and nothing else.
///
/// # Errors
/// If one that may be it is out of sight.
fn partition(host: &dyn Host) -> Result<&'static str, Unselected> {
    for sign in ["EFI/systemd", "loader/loader.conf", "EFI", "loader"] {
        for place in SYSTEMD_BOOT {
            let path = format!("{place}/{sign}");
            if told(host.stat(&path), &path)?.is_some() {
                return Ok(place);
            }
        }
    }
    Ok("/boot")
}

/// What a path holds; nothing where it is not there, or was not collected.
fn told<T>(answer: io::Result<T>, path: &str) -> Result<Option<T>, Unselected> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if is_hidden(&error) => Err(Unselected::Unreadable(error, path.to_owned())),
        Err(_) => Ok(None),
    }
}

/// Patterns that name the entry to boot, the one that outranks all others first.
struct Chosen<'a>(&'a [String]);

impl Chosen<'_> {
    /// The entry that is booted, of those in some directories.
    fn among(&self, directories: &[(&str, Vec<Entry>)]) -> Selection {
        let source = directories.first().map_or(ENTRIES, |(path, _)| *path);
        let all = directories.iter().flat_map(|(_, entries)| entries);
        let all: Vec<Entry> = all.cloned().collect();
        let found = |entry: &Entry, missed: Option<&String>| {
            let mut directories = directories.iter();
            let (path, _) = directories.find(|(_, entries)| entries.contains(entry))?;
            let selected = Selected::of_entry(entry.clone(), path);
            Some(selected.map(|selected| Selected {
                missed: missed.cloned(),
                ..selected
            }))
        };
        let started = |entry: &Entry, missed: Option<&String>| {
            let selected = found(entry, missed).unwrap_or_else(|| Err(untold("", source)))?;
            match selected.image.is_empty() {
                true => {
                    let detail = "the entry that is booted names no kernel image";
                    Err(untold(detail, source))
                }
                false => Ok(selected),
            }
        };
        // What stands in an entry decides which one is first.
        let first = |entries: &[Entry]| {
            let unread = entries::unread(entries);
            unread
                .or_else(|| entries::first_of_systemd_boot(entries))
                .cloned()
        };
        for text in self.0 {
            if text.starts_with('@') {
                return Err(untold("it boots what was chosen last", source));
            }
            let pattern = Pattern::new(text);
            let fits = |entry: &&Entry| pattern.fits(&entry.file) || pattern.fits(&entry.id);
            let fitting: Vec<Entry> = all.iter().filter(fits).cloned().collect();
            if let Some(entry) = first(&fitting) {
                return started(&entry, None);
            }
            if let Some(name) = OF_ITS_OWN.iter().find(|name| pattern.fits(name)) {
                let detail = format!("it boots `{name}`, which is none of its entries in files");
                return Err(untold(&detail, source));
            }
        }
        match first(&all) {
            Some(entry) => started(&entry, self.0.first()),
            None => Err(untold("no entry is the one that is booted", source)),
        }
    }
}

fn utf16(bytes: &[u8]) -> String {
    let pairs = bytes
        .chunks_exact(2)
        .filter_map(|pair| pair.first_chunk::<2>());
    let units: Vec<u16> = pairs.map(|pair| u16::from_le_bytes(*pair)).collect();
    String::from_utf16_lossy(&units)
        .trim_end_matches('\0')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Memory;

    #[test]
    fn what_can_not_be_read_is_not_taken_for_nothing() {
        use io::ErrorKind::{InvalidInput, IsADirectory, NotFound, PermissionDenied, Unsupported};
        let efivar = |name: &str| format!("/sys/firmware/efi/efivars/{name}-{VENDOR}");
        for place in ["/boot", "/boot/efi", "/efi"] {
            let entries = format!("{place}/loader/entries");
            let settings = format!("{place}/loader/loader.conf");
            let two = || {
                let host = Memory::new().with(&settings, "default l-6.9.1.conf\n");
                with_entries(host, &entries, &["6.9.1", "6.9.2"])
            };
            let entry = |release: &str| format!("{entries}/l-{release}.conf");
            let (old, new) = (Some("/vmlinuz-6.9.1"), Some("/vmlinuz-6.9.2"));
            for (host, image) in [
                (two(), old),
                (two().with(&settings, "default l-6.9.1.conf\0\n"), None),
                (two().refusing(&settings, PermissionDenied), None),
                (two().refusing(&settings, IsADirectory), None),
                (two().refusing(&settings, InvalidInput), None),
                (two().refusing(&settings, NotFound), new),
                // Nobody collected it: the other rules of such files say what that means.
                (two().refusing(&settings, Unsupported), new),
                // The entry that is named, and one that is not.
                (two().refusing(&entry("6.9.1"), PermissionDenied), None),
                (two().with(&entry("6.9.1"), "linux /vmlinuz-6.9.1\0"), None),
                (two().refusing(&entry("6.9.2"), PermissionDenied), old),
                // Of more that fit, and of all, one that can't be read may be the first.
                (
                    two()
                        .with(&settings, "default l-*\n")
                        .refusing(&entry("6.9.1"), PermissionDenied),
                    None,
                ),
                (
                    two()
                        .with(&settings, "timeout 3\n")
                        .refusing(&entry("6.9.1"), PermissionDenied),
                    None,
                ),
                (
                    two().refusing(&efivar("LoaderEntryOneShot"), PermissionDenied),
                    None,
                ),
                (
                    two().refusing(&format!("{place}/EFI/Linux"), PermissionDenied),
                    None,
                ),
            ] {
                let selected = by_systemd_boot(&host).map(|selected| selected.image);
                assert_eq!(selected.as_deref().ok(), image, "{host:?} {selected:?}");
            }
        }
        let hidden = with_entries(Memory::new(), ENTRIES, &["6.9.1"]);
        let hidden = hidden.refusing("/boot/efi/EFI/systemd", PermissionDenied);
        assert!(matches!(
            by_systemd_boot(&hidden),
            Err(Unselected::Unreadable(_, path)) if path == "/boot/efi/EFI/systemd"
        ));
    }

    fn with_entries(host: Memory, directory: &str, releases: &[&str]) -> Memory {
        releases.iter().fold(host, |host, release| {
            let text = format!("title x\nlinux /vmlinuz-{release}\n");
            host.with(&format!("{directory}/l-{release}.conf"), text)
        })
    }

    #[test]
    fn settings_and_entries_may_lie_on_two_partitions() {
        let (old, new) = ("6.9.1", "6.9.2");
        for (place, program) in [
            ("/boot/efi", ""),
            ("/efi", ""),
            ("/boot/efi", "EFI/systemd/x"),
        ] {
            let settings = format!("{place}/loader/loader.conf");
            let entries = format!("{place}/loader/entries");
            let of_both = || {
                let host = Memory::new().with(&settings, "default l-6.9.1.conf\n");
                let host = with_entries(host, ENTRIES, &[old, new]);
                match program {
                    "" => host,
                    program => host.with(&format!("{place}/{program}"), ""),
                }
            };
            for (host, image) in [
                (of_both(), Ok("/vmlinuz-6.9.1")),
                // As bootctl(1) makes it, with nothing in it.
                (
                    of_both().with(&format!("{entries}/readme"), ""),
                    Ok("/vmlinuz-6.9.1"),
                ),
                (
                    with_entries(of_both(), &entries, &[old]),
                    Ok("/vmlinuz-6.9.1"),
                ),
                (
                    with_entries(of_both().with(&settings, "timeout 3\n"), &entries, &[old]),
                    Err("count, too"),
                ),
                (
                    of_both().with("/boot/EFI/Linux/x.efi", ""),
                    Err("unified kernel images"),
                ),
            ] {
                match (by_systemd_boot(&host), image) {
                    (Ok(selected), Ok(image)) => assert_eq!(selected.image, image, "{place}"),
                    (Err(Unselected::Untold(detail, _)), Err(says)) => {
                        assert!(detail.contains(says), "{detail}");
                    }
                    (other, _) => panic!("{place} {image:?} {other:?}"),
                }
            }
        }
    }

    #[test]
    fn what_is_no_kernel_of_an_entry_is_not_known() {
        let path = |name: &str| format!("/sys/firmware/efi/efivars/{name}-{VENDOR}");
        let wide = |text: &str| -> Vec<u8> {
            let text = text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes);
            [6, 0, 0, 0].into_iter().chain(text).collect()
        };
        let host = |settings: &str| {
            let host = Memory::new().with("/boot/loader/loader.conf", settings);
            with_entries(host, ENTRIES, &["6.9.1", "6.9.2"])
        };
        let (once, always) = (path("LoaderEntryOneShot"), path("LoaderEntryDefault"));
        for (host, image) in [
            (host("default auto-windows\n"), None),
            (host("default AUTO-win*\n"), None),
            (
                host("").with(&once, wide("auto-reboot-to-firmware-setup")),
                None,
            ),
            (
                host("default l-6.9.1.conf\n").with(&always, wide("auto-windows")),
                None,
            ),
            (host("preferred l-6.9.1.conf\n"), None),
            (host("default @saved\n"), None),
            // Entries in files come first.
            (host("default *\n"), Some("/vmlinuz-6.9.2")),
            (host("default L-6.9.[1]*\n"), Some("/vmlinuz-6.9.1")),
            (host("default gone\n"), Some("/vmlinuz-6.9.2")),
            // What names nothing leaves the choice to the next.
            (
                host("default l-6.9.1.conf\n").with(&once, wide("gone.conf")),
                Some("/vmlinuz-6.9.1"),
            ),
            (
                host("default l-6.9.2.conf\n").with(&always, wide("l-6.9.1.conf")),
                Some("/vmlinuz-6.9.1"),
            ),
            (
                host("default win\n").with(
                    "/boot/loader/entries/win.conf",
                    "title Windows\nversion 10.0\nefi /EFI/Microsoft/Boot/bootmgfw.efi\n",
                ),
                None,
            ),
        ] {
            let selected = by_systemd_boot(&host).map(|selected| selected.image);
            assert_eq!(selected.as_deref().ok(), image, "{host:?} {selected:?}");
        }
    }
}
