//! The name of the host itself, where it stands in other texts.

use super::Redactor;
use super::words::{COMMON, PATH_WORDS, SYSTEM_PATHS};

impl Redactor {
    /// A name the host has, long or short. One that is a part of the kernel's release says nothing.
    pub(super) fn learn_host(&mut self, name: &str) {
        let full = name.trim().to_owned();
        let short = full.split('.').next().unwrap_or_default().to_owned();
        // Device mapper writes a dash of a name as two.
        let mapped = short.replace('-', "--");
        for name in [&full, &mapped, &short] {
            let of_release = replaced(&self.release, name, "") != self.release;
            if is_telling(name) && !of_release && !self.hosts.contains(name) {
                self.hosts.push(name.clone());
                self.known.insert(("host", name.to_lowercase()), 1);
            }
        }
        self.hosts.sort_by_key(|name| std::cmp::Reverse(name.len()));
        let domain = full.split_once('.').map(|(_, domain)| domain);
        let telling = |domain: &&str| is_telling(domain) && !self.release.contains(domain);
        if let Some(domain) = domain.filter(telling).filter(|_| self.domain.is_none()) {
            self.domain = Some(domain.to_owned());
            self.known.insert(("domain", domain.to_lowercase()), 1);
        }
    }

    /// What a kernel or a compiler calls its build: words alike everywhere, but for who built it
    /// where.
    pub(super) fn build(&mut self, text: &str) -> String {
        let ends = |c: char| c.is_whitespace() || "()\"".contains(c);
        let mut out = String::with_capacity(text.len());
        for piece in text.split_inclusive(ends) {
            let (word, rest) = piece.split_at(piece.find(ends).unwrap_or(piece.len()));
            match word.split_once('@') {
                Some((user, place)) if !user.is_empty() && !place.is_empty() => {
                    let user = self.number("user", user);
                    let named = self.host_names(place);
                    let place = match named == place {
                        false => named,
                        true if self.is_known(place) => named,
                        true if place.contains('.') => self.number("domain", place),
                        true => self.number("host", place),
                    };
                    out.push_str(&format!("{user}@{place}"));
                }
                _ => out.push_str(&self.harmless(word)),
            }
            out.push_str(rest);
        }
        out
    }

    /// There is one host, so its name needs no number of its own.
    pub(super) fn host_names(&self, text: &str) -> String {
        if self.hosts.is_empty() {
            return text.to_owned();
        }
        let blank = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '(' | ')');
        let mut out = String::with_capacity(text.len());
        for piece in text.split_inclusive(blank) {
            if SYSTEM_PATHS.iter().any(|path| piece.starts_with(path)) {
                out.push_str(piece);
                continue;
            }
            // Installers call a group of volumes `rhel_web-17`. Elsewhere a name with a low line is
            // another name: no host's name has one.
            let parts: Vec<&str> = match piece.contains("/dev/") {
                true => piece.split('_').collect(),
                false => vec![piece],
            };
            let parts = parts.into_iter().map(|part| self.host_name(part));
            out.push_str(&parts.collect::<Vec<_>>().join("_"));
        }
        out
    }

    /// The same in a word; what stands from a version on is that of a kernel.
    fn host_name(&self, word: &str) -> String {
        let (head, tail) = word.split_at(version_at(word).unwrap_or(word.len()));
        let hosts = self.hosts.iter();
        let whole = hosts.fold(word.to_owned(), |word, name| {
            replaced(&word, name, "host-1")
        });
        if whole == word || tail.is_empty() {
            return whole;
        }
        let hosts = self.hosts.iter();
        let head = hosts.fold(head.to_owned(), |head, name| {
            // With what stands behind, or a name would end where a longer one goes on.
            let marked = replaced(&format!("{head}\u{1}"), name, "host-1");
            marked.trim_end_matches('\u{1}').to_owned()
        });
        head + tail
    }

    /// The same in a path, part by part, but for what paths of systems are made of.
    pub(super) fn host_in_path(&self, path: &str) -> String {
        if SYSTEM_PATHS.iter().any(|begin| path.starts_with(begin)) {
            return path.to_owned();
        }
        let parts = path.split('/').map(|part| {
            let plain = PATH_WORDS.contains(&part) || COMMON.contains(&part);
            match plain {
                true => part.to_owned(),
                false => self.host_name(part),
            }
        });
        parts.collect::<Vec<_>>().join("/")
    }

    /// The same only where it is a place on the network or who did something where.
    pub(super) fn host_in_addresses(&self, text: &str) -> String {
        let pieces = text.split_inclusive([' ', '(', ')', '\n', '\t']);
        let pieces = pieces.map(|piece| match piece.split_once('@') {
            Some((who, place)) => format!("{who}@{}", self.host_names(place)),
            None => piece.to_owned(),
        });
        pieces.collect()
    }
}

/// Where a version begins in a word: two numbers with a dot between.
pub(super) fn version_at(word: &str) -> Option<usize> {
    let bytes = word.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    (0..bytes.len()).find(|at| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let begins = before.is_none_or(|before| b"-_/".contains(before));
        let end = (*at..bytes.len()).find(|end| !digit(*end));
        begins
            && digit(*at)
            && end.is_some_and(|end| bytes.get(end) == Some(&b'.') && digit(end + 1))
    })
}

/// Whether a name says whose host it is.
pub(super) fn is_telling(name: &str) -> bool {
    name.len() > 2 && !COMMON.contains(&name.to_lowercase().as_str())
}

/// The text with `word` replaced where it stands alone, in whatever case.
pub(super) fn replaced(text: &str, word: &str, by: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if word.is_empty() {
        return text.to_owned();
    }
    // ASCII alone, so that places are the same in both.
    let (lower, word) = (text.to_ascii_lowercase(), word.to_ascii_lowercase());
    let ahead = |rest: &str| lower.get(text.len() - rest.len()..)?.find(&word);
    while let Some(at) = ahead(rest) {
        let (before, found) = rest.split_at(at);
        let (found, behind) = found.split_at(word.len());
        let last = before
            .chars()
            .next_back()
            .or_else(|| out.chars().next_back());
        let alone = !last.is_some_and(part) && !behind.starts_with(part);
        out.push_str(before);
        out.push_str(if alone { by } else { found });
        rest = behind;
    }
    out + rest
}
