//! Paths: those that have a user's name in them, and those that are the same on every host.

use super::Redactor;
use super::words::{COMMON, PATH_WORDS, SYSTEM_PATHS, SYSTEM_WORDS};

/// Where users have directories of their own names, and desktops mount what they plug in.
const HOMES: &[&str] = &[
    "/run/media/",
    "/home/",
    "/home2/",
    "/media/",
    "/users/",
    "/Users/",
    "home/",
];

impl Redactor {
    /// `/home/NAME`, also at the beginning of a path that is not absolute; and the names that
    /// were found so as parts of other paths.
    pub(super) fn homes(&mut self, text: &str) -> String {
        if !text.contains('/') {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        for piece in text.split_inclusive(ends) {
            let word = piece.trim_end_matches(ends);
            let rest = piece.get(word.len()..).unwrap_or_default();
            match word.contains('/') {
                true => out += &self.home(word),
                false => out += word,
            }
            out += rest;
        }
        out
    }

    fn home(&mut self, word: &str) -> String {
        let place = HOMES.iter().find_map(|place| {
            let at = word.find(place)?;
            // Without its slash, at the beginning alone.
            (place.starts_with('/') || at == 0).then_some(at + place.len())
        });
        let Some(begin) = place else {
            return self.users_in(word);
        };
        let (before, after) = word.split_at(begin);
        let (name, behind) = after.split_at(after.find('/').unwrap_or(after.len()));
        let before = self.users_in(before);
        if name.is_empty() {
            return before + after;
        }
        let user = self.number("user", name);
        // `/home/corp.example.com/NAME`, as domains have it; and where a name was replaced before, or
        // looks so, the one below it may be the user's.
        let of_many = name.contains('.') || name.starts_with("user-");
        let inner = behind.strip_prefix('/').filter(|_| of_many);
        let inner = inner.map(|inner| inner.split_at(inner.find('/').unwrap_or(inner.len())));
        match inner.filter(|(name, _)| !name.is_empty()) {
            Some((name, rest)) => {
                let name = self.number("user", name);
                format!("{before}{user}/{name}{}", self.users_in(rest))
            }
            None => format!("{before}{user}{}", self.users_in(behind)),
        }
    }

    /// A path with the names of users that are known as such replaced, where each part of it may
    /// be one; in paths of the system a part of that name is something else.
    fn users_in(&mut self, path: &str) -> String {
        let of_system = SYSTEM_PATHS
            .iter()
            .chain(&["/var/lib/", "/run/", "/dev/", "/bin/"]);
        let of_system = of_system.into_iter().any(|begin| path.starts_with(begin));
        if of_system && !path.starts_with("/run/user/") {
            return path.to_owned();
        }
        let parts = path.split('/').map(|part| {
            // A user may be called like the system, which is then not told by it: `Linux/x86`.
            let lower = part.to_lowercase();
            let mut plain = [COMMON, PATH_WORDS, SYSTEM_WORDS].into_iter();
            let is_plain = part.is_empty() || plain.any(|words| words.contains(&lower.as_str()));
            match !is_plain && self.is_user(part) {
                true => self.number("user", part),
                false => part.to_owned(),
            }
        });
        parts.collect::<Vec<_>>().join("/")
    }
}

fn ends(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ':' | ';' | '(' | ')' | '=')
}

/// Whether a path is of a program, or of a directory of programs: their names are the same on
/// every host, even where one begins like the host is called.
pub(super) fn is_program(path: &str) -> bool {
    let among_programs = ["/bin/", "/sbin/"].iter().any(|part| path.contains(part));
    among_programs && path.starts_with('/') && !path.starts_with("/home/")
}
