//! Boot loader entries: one file per kernel, as systemd-boot, ostree and Red Hat's GRUB read
//! them (the Boot Loader Specification, type 1).

use std::cmp::Ordering;
use std::io;

use super::{compare, compare_of_systemd, text};
use crate::host::Host;

/// More entries than any menu has.
const LIMIT: usize = 64;

/// An entry, with what decides which one is booted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// The file's name.
    pub(super) file: String,
    /// The same without `.conf` and without the count of boots that were tried.
    pub(super) id: String,
    pub(super) title: String,
    pub(super) version: String,
    pub(super) sort_key: String,
    pub(super) machine: String,
    /// Path of the kernel image, from the root of the boot partition.
    pub(super) image: String,
    /// Its arguments, with the names of GRUB's variables in them.
    pub(super) options: String,
    /// Why nothing but its name is known.
    pub(super) unread: Option<Unread>,
}

/// An error of a file that is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unread {
    number: Option<i32>,
    kind: io::ErrorKind,
    text: String,
}

impl Unread {
    fn of(error: &io::Error) -> Self {
        Self {
            number: error.raw_os_error(),
            kind: error.kind(),
            text: error.to_string(),
        }
    }

    pub(super) fn error(&self) -> io::Error {
        match self.number {
            Some(number) => io::Error::from_raw_os_error(number),
            None => io::Error::new(self.kind, self.text.clone()),
        }
    }
}

impl Entry {
    fn parse(id: &str, text: &str) -> Self {
        let values = |name: &'static str| {
            let lines = text.lines().map(str::trim);
            let words = lines.filter_map(|line| line.split_once([' ', '\t']));
            words
                .filter(move |(key, _)| *key == name)
                .map(|(_, value)| value.trim())
        };
        let field = |name| values(name).next().unwrap_or_default().to_owned();
        Self {
            file: format!("{id}.conf"),
            id: uncounted(id).to_owned(),
            title: field("title"),
            version: released(&field("version")).to_owned(),
            sort_key: field("sort-key"),
            machine: field("machine-id"),
            image: field("linux"),
            options: values("options").collect::<Vec<_>>().join(" "),
            unread: None,
        }
    }

    /// One of which nothing but the name is known.
    fn unread(id: &str, error: &io::Error) -> Self {
        Self {
            unread: Some(Unread::of(error)),
            ..Self::parse(id, "")
        }
    }
}

impl Entry {
    /// Whether all its tries were used up without success: `+0` or `+0-3` in the file's name.
    fn is_given_up(&self) -> bool {
        let name = self.file.trim_end_matches(".conf");
        let count = name.strip_prefix(self.id.as_str());
        count.is_some_and(|count| count == "+0" || count.starts_with("+0-"))
    }
}

/// A version without the snapshot of its system in front, as SUSE's sdbootutil writes it:
/// `12@6.11.8-1-default`.
fn released(version: &str) -> &str {
    match version.split_once('@') {
        Some((snapshot, release)) if snapshot.bytes().all(|byte| byte.is_ascii_digit()) => release,
        _ => version,
    }
}

/// A name without the count at its end: `+3`, or `+2-1` (the Automatic Boot Assessment of
/// systemd). Releases have a `+` of their own, as in `6.12.48+deb13-amd64`.
fn uncounted(id: &str) -> &str {
    let is_count = |count: &str| {
        let mut numbers = count.splitn(2, '-');
        numbers.all(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
    };
    match id.rsplit_once('+') {
        Some((name, count)) if is_count(count) => name,
        _ => id,
    }
}

/// The entries in a directory, in the order of their files' names; those that can't be read among
/// them, or another would be taken for the one that is booted.
///
/// # Errors
/// If the directory can't be listed.
pub(super) fn read(host: &dyn Host, directory: &str) -> io::Result<Vec<Entry>> {
    let names = host.list(directory)?;
    let ids = names.iter().filter_map(|name| name.strip_suffix(".conf"));
    let entries = ids.take(LIMIT).filter_map(|id| {
        match text(host, &format!("{directory}/{id}.conf")) {
            Ok(text) => Some(Entry::parse(id, &text)),
            // A link that leads nowhere, and a directory: no loader takes either for an entry.
            Err(error) if super::is_absent(&error) => None,
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => None,
            Err(error) => Some(Entry::unread(id, &error)),
        }
    });
    Ok(entries.collect())
}

/// The first of these whose file can't be read.
pub(super) fn unread(entries: &[Entry]) -> Option<&Entry> {
    entries.iter().find(|entry| entry.unread.is_some())
}

/// The first entry of Red Hat's GRUB: it sorts them by the names of their files, the newest
/// first (`bls_cmp` in its blscfg.c).
pub(super) fn first_of_grub(entries: &[Entry]) -> Option<&Entry> {
    entries
        .iter()
        .max_by(|left, right| compare(&left.id, &right.id))
}

/// The first entry of systemd-boot (`boot_entry_compare` in its boot.c): those with no tries
/// left come last; those with a sort key come first, by it and the machine; of one key the newest
/// version, then the last name, which has its `.conf` and no count of tries.
pub(super) fn first_of_systemd_boot(entries: &[Entry]) -> Option<&Entry> {
    entries.iter().min_by(|left, right| {
        let keyless = |entry: &Entry| entry.sort_key.is_empty();
        let order = left.is_given_up().cmp(&right.is_given_up());
        let order = order.then_with(|| keyless(left).cmp(&keyless(right)));
        let order = order.then_with(|| left.sort_key.cmp(&right.sort_key));
        let newest = |order: Ordering| order.reverse();
        let name = |entry: &Entry| format!("{}.conf", entry.id);
        order
            .then_with(|| match keyless(left) {
                true => Ordering::Equal,
                false => left
                    .machine
                    .cmp(&right.machine)
                    .then_with(|| newest(compare_of_systemd(&left.version, &right.version))),
            })
            .then_with(|| newest(compare_of_systemd(&name(left), &name(right))))
    })
}

/// The newest deployment of ostree, which numbers its entries.
pub(super) fn first_of_ostree(entries: &[Entry]) -> Option<&Entry> {
    let deployed = entries
        .iter()
        .filter(|entry| entry.id.starts_with("ostree-"));
    deployed.max_by_key(|entry| entry.version.parse::<u64>().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, version: &str, sort_key: &str) -> Entry {
        Entry {
            id: id.to_owned(),
            version: version.to_owned(),
            sort_key: sort_key.to_owned(),
            ..Entry::default()
        }
    }

    #[test]
    fn an_entry_is_read_with_its_blanks() {
        let text = "# ours\ntitle  Fedora Linux (6.14) \nversion\t6.14.0\nlinux /vmlinuz-6.14.0\n\
                    options root=/dev/sda linux /no\nsort-key fedora\nlinux\n";
        let read = Entry::parse("1f-6.14.0", text);
        assert_eq!(read.title, "Fedora Linux (6.14)");
        assert_eq!(read.version, "6.14.0");
        assert_eq!(read.image, "/vmlinuz-6.14.0");
        assert_eq!(read.sort_key, "fedora");
        assert_eq!(read.options, "root=/dev/sda linux /no");
        let empty = Entry {
            file: "x.conf".to_owned(),
            id: "x".to_owned(),
            ..Entry::default()
        };
        assert_eq!(Entry::parse("x", "\0\n linux"), empty);
        for (version, release) in [
            ("1@6.11.8-1-default", "6.11.8-1-default"),
            ("6.11.8-1-default", "6.11.8-1-default"),
            ("a@6.11", "a@6.11"),
        ] {
            let text = format!("version    {version}\n");
            assert_eq!(Entry::parse("x", &text).version, release);
        }
        for (name, id) in [
            ("fedora+3", "fedora"),
            ("fedora+2-1", "fedora"),
            ("1f-6.12.48+deb13-amd64", "1f-6.12.48+deb13-amd64"),
            ("1f-6.12.48+deb13-amd64+0-3", "1f-6.12.48+deb13-amd64"),
            ("x+", "x+"),
        ] {
            assert_eq!(Entry::parse(name, "").id, id);
        }
    }

    #[test]
    fn each_loader_has_its_own_order() {
        let two = [entry("a-6.9", "6.9", ""), entry("a-6.10", "6.10", "")];
        assert_eq!(first_of_grub(&two).unwrap().id, "a-6.10");
        assert_eq!(first_of_systemd_boot(&two).unwrap().id, "a-6.10");
        let keyed = [
            entry("z", "7.0", "z"),
            entry("a1", "6.1", "a"),
            entry("a2", "6.2", "a"),
            entry("zz", "9", ""),
        ];
        assert_eq!(first_of_systemd_boot(&keyed).unwrap().id, "a2");
        // Names have their ending: `linux.conf` is newer than `linux-lts.conf`.
        for (names, first) in [
            (["linux", "linux-lts"], "linux"),
            (["arch-lts", "arch"], "arch"),
            (["a-6.9.1", "a-6.9"], "a-6.9.1"),
            (["a-6.10-rc1", "a-6.9"], "a-6.10-rc1"),
        ] {
            let entries = names.map(|name| entry(name, "", ""));
            assert_eq!(first_of_systemd_boot(&entries).unwrap().id, first);
        }
        let ostree = [
            entry("ostree-1-x", "1", ""),
            entry("ostree-2-x", "2", ""),
            entry("zz", "9", ""),
        ];
        assert_eq!(first_of_ostree(&ostree).unwrap().id, "ostree-2-x");
        assert_eq!(first_of_grub(&[]), None);
    }
}
