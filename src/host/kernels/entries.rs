//! Boot loader entries (the Boot Loader Specification), as systemd-boot and the GRUB of Red
//! Hat's systems read them.

use std::collections::BTreeMap;

use super::{Choice, LIMIT, order, release_of, text};
use crate::host::Host;

const DIRECTORIES: &[&str] = &[
    "/boot/loader/entries",
    "/efi/loader/entries",
    "/boot/efi/loader/entries",
];

/// More entries than a host has kernels.
const MOST: usize = 1000;

/// Where GRUB keeps its variables.
const GRUB_ENVIRONMENTS: &[&str] = &[
    "/boot/grub2/grubenv",
    "/boot/grub/grubenv",
    "/boot/efi/EFI/redhat/grubenv",
    "/boot/efi/EFI/centos/grubenv",
    "/boot/efi/EFI/fedora/grubenv",
];

/// The variables GRUB keeps between boots; a block of text filled up with `#`.
pub(super) fn grub_environment(host: &dyn Host) -> BTreeMap<String, String> {
    let found = GRUB_ENVIRONMENTS.iter().find_map(|place| text(host, place));
    let found = found.unwrap_or_default();
    let lines = found.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.trim_end().to_owned()))
        .collect()
}

struct Entry {
    /// The file's name without `.conf`.
    id: String,
    place: String,
    title: String,
    release: String,
    options: String,
}

/// The entry that would be booted, of the first directory that has any.
pub(super) fn selected(host: &dyn Host) -> Option<Choice> {
    let environment = grub_environment(host);
    let directory = DIRECTORIES.iter().find_map(|place| {
        let entries = entries(host, place);
        (!entries.is_empty()).then_some((place, entries))
    });
    let (place, mut entries) = directory?;
    entries.sort_by(|left, right| order::compare(&right.release, &left.release));

    let saved = environment.get("saved_entry").map(String::as_str);
    let by_grub = saved.and_then(|saved| {
        let same = |entry: &&Entry| entry.id == saved || entry.title == saved;
        let by_number = || saved.parse().ok().and_then(|at: usize| entries.get(at));
        entries.iter().find(same).or_else(by_number)
    });
    let by_loader = || {
        let loader = place.trim_end_matches("entries");
        let settings = text(host, &format!("{loader}loader.conf"))?;
        let pattern = fields(&settings).find(|(key, _)| *key == "default")?.1;
        let pattern = pattern.trim_end_matches(".conf");
        entries.iter().find(|entry| matches(pattern, &entry.id))
    };
    let entry = by_grub.or_else(by_loader).or_else(|| entries.first())?;
    let options = expanded(&entry.options, &environment);
    Some(Choice::booted(&entry.release, &entry.place, Some(options)))
}

fn entries(host: &dyn Host, directory: &str) -> Vec<Entry> {
    let names = host.list(directory).unwrap_or_default();
    let files = names.iter().filter(|name| name.ends_with(".conf"));
    files
        .take(MOST)
        .filter_map(|name| {
            let place = format!("{directory}/{name}");
            entry(&text(host, &place)?, name, &place)
        })
        .collect()
}

/// An entry for a kernel; those for firmware or other systems are none.
fn entry(text: &str, name: &str, place: &str) -> Option<Entry> {
    let field = |wanted: &str| {
        let mut fields = fields(text).filter(|(key, _)| *key == wanted);
        fields.next().map(|(_, value)| value)
    };
    let options: Vec<&str> = fields(text)
        .filter(|(key, _)| *key == "options")
        .map(|(_, value)| value)
        .collect();
    let version = field("version").filter(|version| super::is_release(version));
    // The name of the kernel's file is nearer to the truth than what is shown to people.
    let release = release_of(field("linux")?).or_else(|| version.map(str::to_owned))?;
    // `+3` counts the boots that were tried.
    let id = name.trim_end_matches(".conf");
    Some(Entry {
        id: id.split_once('+').map_or(id, |(id, _)| id).to_owned(),
        place: place.to_owned(),
        title: field("title").unwrap_or_default().to_owned(),
        release,
        options: options.join(" "),
    })
}

fn fields(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| {
        let (key, value) = line.split_once([' ', '\t'])?;
        Some((key, value.trim()))
    })
}

/// The options with GRUB's variables put in; a variable nobody set is nothing.
fn expanded(options: &str, environment: &BTreeMap<String, String>) -> String {
    let words = options.split_whitespace().filter_map(|word| {
        let Some(name) = word.strip_prefix('$') else {
            return Some(word);
        };
        let name = name.trim_matches(['{', '}']);
        environment.get(name).map(|value| value.trim())
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

/// Whether a name fits a pattern, in which `*` stands for any text and `?` for a character.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut at, mut of) = (0, 0);
    let mut retry = None;
    while let Some(byte) = name.get(of) {
        match pattern.get(at) {
            Some(b'*') => {
                retry = Some((at, of));
                at += 1;
            }
            Some(wanted) if wanted == byte || *wanted == b'?' => {
                at += 1;
                of += 1;
            }
            _ => match retry {
                Some((star, from)) => {
                    retry = Some((star, from + 1));
                    at = star + 1;
                    of = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern
        .get(at..)
        .is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_names() {
        for (pattern, name, fits) in [
            ("fedora", "fedora", true),
            ("fedora", "fedora-6", false),
            ("fedora-*", "fedora-6", true),
            ("*-6.1?", "x-6.12", true),
            ("*a*b", "xaybzb", true),
            ("*a*b", "xaybz", false),
            ("", "", true),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn variables_are_put_into_options() {
        let environment =
            BTreeMap::from([("kernelopts".to_owned(), "root=/dev/sda1 ro ".to_owned())]);
        let options = expanded("$kernelopts ${tuned_params} quiet", &environment);
        assert_eq!(options, "root=/dev/sda1 ro quiet");
    }
}
