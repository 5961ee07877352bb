//! Names of users that are known from elsewhere, where they are parts of names people give: of
//! systems, of entries of boot loaders, of what they mount.

use super::Redactor;
use super::hosts::{pieces, version_at};
use super::mounts::NAMED_BY_PEOPLE;
use super::words::{COMMON, PATH_WORDS, SYSTEM_PATHS, SYSTEM_WORDS};

impl Redactor {
    /// A text for people with the names of users in it replaced, and domains that are known.
    pub(super) fn users_in_words(&mut self, text: &str) -> String {
        let ends = |c: char| c.is_whitespace() || "\"'`(),;:=/".contains(c);
        let mut out = String::with_capacity(text.len());
        for piece in text.split_inclusive(ends) {
            let word = piece.trim_end_matches(ends);
            let rest = piece.get(word.len()..).unwrap_or_default();
            out += &match self.known.contains_key(&("domain", word.to_lowercase())) {
                true => self.number("domain", word),
                false => self.users_in_word(word),
            };
            out += rest;
        }
        out
    }

    /// A path at which something is mounted, or that was mounted: people give their names to what
    /// lies below some of those of the kernel, too.
    pub(super) fn users_in_mount_point(&mut self, path: &str) -> String {
        let mut places = NAMED_BY_PEOPLE.iter();
        let of_people = places.find(|place| path.starts_with(**place));
        let begin = of_people.map_or(0, |place| place.len());
        if begin == 0 && SYSTEM_PATHS.iter().any(|top| path.starts_with(top)) {
            return path.to_owned();
        }
        let (top, rest) = path.split_at(begin);
        let parts = rest.split('/').map(|part| self.users_in_word(part));
        top.to_owned() + &parts.collect::<Vec<_>>().join("/")
    }

    /// The same in a word; what stands from a version on is that of a kernel.
    pub(super) fn users_in_word(&mut self, word: &str) -> String {
        // As tables of mounts write a blank and a backslash.
        if word.contains('\\') {
            let pieces = pieces(word).into_iter();
            return pieces
                .map(|(piece, end)| {
                    let parts = piece.split('\\').map(|part| self.users_in_word(part));
                    parts.collect::<Vec<_>>().join("\\") + end
                })
                .collect();
        }
        let (head, tail) = word.split_at(version_at(word).unwrap_or(word.len()));
        let mut out = String::with_capacity(word.len());
        let ends = ['-', '_', '@'];
        for piece in head.split_inclusive(ends) {
            let part = piece.trim_end_matches(ends);
            let rest = piece.get(part.len()..).unwrap_or_default();
            let lower = part.to_lowercase();
            let mut plain = [COMMON, PATH_WORDS, SYSTEM_WORDS].into_iter();
            let is_name = part.contains(|c: char| c.is_ascii_alphabetic())
                && part.len() > 1
                && !plain.any(|words| words.contains(&lower.as_str()));
            match is_name && self.is_user(part) {
                true => out += &self.number("user", part),
                // `zoe.bak`
                false if part.contains('.') => {
                    let parts = part.split('.').map(|part| self.users_in_word(part));
                    out += &parts.collect::<Vec<_>>().join(".");
                }
                false => out += part,
            }
            out += rest;
        }
        out + tail
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met() -> Redactor {
        let mut redactor = Redactor::new(Some("dbsrv01.acme.example"), None);
        for text in [
            "/home/joe/x",
            "/home/oracle",
            "/home/generic",
            "bob@acme.io",
        ] {
            redactor.text(text);
        }
        redactor
    }

    #[test]
    fn users_stand_in_the_names_of_entries_and_these_stay_one() {
        let mut redactor = met();
        let entry = "/boot/loader/entries/joe-6.1.0-generic.conf";
        for (path, text, expected) in [
            (
                entry,
                "title Red Hat Linux on dbsrv01 by Joe (6.1.0-generic)\nversion 6.1.0-generic\n\
                 linux /vmlinuz-6.1.0-generic\n",
                "title Red Hat Linux on host-1 by user-1 (6.1.0-generic)\nversion 6.1.0-generic\n\
                 linux /vmlinuz-6.1.0-generic\n",
            ),
            (
                "/boot/grub2/grubenv",
                "saved_entry=joe-6.1.0-generic\n",
                "saved_entry=user-1-6.1.0-generic\n",
            ),
            (
                "/boot/grub/grub.cfg",
                "menuentry 'Oracle Linux, joe' --class oracle {\n",
                "menuentry 'Oracle Linux, user-1' --class oracle {\n",
            ),
            (
                "/boot/loader/entries/",
                "joe-6.1.0-generic.conf",
                "user-1-6.1.0-generic.conf",
            ),
            ("", entry, "/boot/loader/entries/user-1-6.1.0-generic.conf"),
        ] {
            assert_eq!(redactor.file(path, text), expected, "{path}");
        }
    }

    #[test]
    fn users_stand_in_the_names_of_systems_and_their_makers_stay() {
        let mut redactor = met();
        let text = "NAME=\"Oracle Linux\"\nPRETTY_NAME=\"Oracle Linux 9 of joe\"\n\
             CPE_NAME=\"cpe:/o:acme.io:joe\"\nBUILD_ID=bob-20240101\nID=oracle\n";
        let expected = "NAME=\"Oracle Linux\"\nPRETTY_NAME=\"Oracle Linux 9 of user-1\"\n\
             CPE_NAME=\"cpe:/o:domain-2:user-1\"\nBUILD_ID=user-4-20240101\nID=oracle\n";
        assert_eq!(redactor.file("/etc/os-release", text), expected);
        let name = redactor.fact("os.name", "Oracle Linux 9 of joe");
        assert_eq!(name, "Oracle Linux 9 of user-1");
    }

    #[test]
    fn users_stand_in_the_names_of_mounts() {
        let mut redactor = met();
        for (line, expected) in [
            (
                "904 30 0:64 / /run/user/1000/bpf-joe rw shared:3 - bpf joe-bpf rw\n",
                "904 30 0:64 / /run/user/1000/bpf-user-1 rw shared:3 - bpf user-1-bpf rw\n",
            ),
            (
                "905 30 0:65 / /sys/fs/bpf/joe rw - bpf none rw,mode=700\n",
                "905 30 0:65 / /sys/fs/bpf/user-1 rw - bpf none rw,mode=700\n",
            ),
            (
                "907 30 0:66 / /srv/of\\040joe rw - ext4 /srv/joe.bak rw\n",
                "907 30 0:66 / /srv/of\\040user-1 rw - ext4 /srv/user-1.bak rw\n",
            ),
            (
                "906 30 0:66 / /usr/lib/joe rw - ext4 /dev/sda1 rw\n",
                "906 30 0:66 / /usr/lib/joe rw - ext4 /dev/sda1 rw\n",
            ),
        ] {
            assert_eq!(redactor.file("/proc/self/mountinfo", line), expected);
        }
        let point = redactor.fact("mount.bpf", "/run/user/1000/bpf-joe");
        assert_eq!(point, "/run/user/1000/bpf-user-1");
        let point = redactor.fact("mount.bpf", "/sys/fs/bpf/joe");
        assert_eq!(point, "/sys/fs/bpf/user-1");
    }
}
