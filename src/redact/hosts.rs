//! The name of the host itself, where it stands in other texts.

use super::Redactor;
use super::words::{COMMON, PATH_WORDS, SYSTEM_PATHS};

/// What stands for a dash that systemd wrote by its number.
pub(super) const ESCAPED_DASH: char = '\u{1}';

impl Redactor {
    /// A name the host has, long or short. One that is a part of the kernel's release says nothing.
    pub(super) fn learn_host(&mut self, name: &str) {
        let full = name.trim().to_owned();
        let short = full.split('.').next().unwrap_or_default().to_owned();
        // Device mapper writes a dash of a name as two.
        let mapped = short.replace('-', "--");
        // And systemd, in names of units, as a number.
        let escaped = |name: &str| name.replace('-', &ESCAPED_DASH.to_string());
        let (full_escaped, short_escaped) = (escaped(&full), escaped(&short));
        for name in [&full, &mapped, &short, &full_escaped, &short_escaped] {
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
            let last = self.last.entry("domain").or_default();
            *last = (*last).max(1);
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

    /// The host's name wherever it stands alone, also between low lines and behind what tables of
    /// mounts write by its number. One that may be a word of any language stays, and so does what
    /// the kernel gives names to.
    pub(super) fn host_anywhere(&self, text: &str) -> String {
        let of_kernel = ["/sys/", "/proc/"];
        let is_of_kernel = of_kernel.iter().any(|begin| text.starts_with(begin));
        if self.hosts.is_empty() || self.is_wordlike || is_of_kernel {
            return text.to_owned();
        }
        let pieces = pieces(text).into_iter();
        pieces
            .map(|(piece, end)| self.host_name(piece) + end)
            .collect()
    }

    /// Whether a name is one of the host's own: it, or it with a domain where its own is not known.
    pub(super) fn is_own(&self, name: &str) -> bool {
        let (short, domain) = match name.split_once('.') {
            Some((short, domain)) => (short, Some(domain)),
            None => (name, None),
        };
        let mut hosts = self.hosts.iter();
        let is_domain = |domain: &str| {
            let own = self.domain.as_ref();
            own.is_none_or(|own| own.eq_ignore_ascii_case(domain))
        };
        !name.contains(' ')
            && hosts.any(|own| own.eq_ignore_ascii_case(short))
            && domain.is_none_or(is_domain)
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

/// A text in pieces, each with what stands behind it: a low line, or a character as tables of mounts
/// write it, `\040` for a blank.
pub(super) fn pieces(text: &str) -> Vec<(&str, &str)> {
    let mut pieces = Vec::new();
    let mut rest = text;
    loop {
        let found = rest.char_indices().find_map(|(at, c)| match c {
            '_' => Some((at, 1)),
            '\\' => {
                let mut number = rest.get(at + 1..at + 4)?.bytes();
                let is_octal = number.all(|byte| (b'0'..=b'7').contains(&byte));
                is_octal.then_some((at, 4))
            }
            _ => None,
        });
        let Some((at, length)) = found else {
            pieces.push((rest, ""));
            return pieces;
        };
        let (piece, behind) = rest.split_at(at);
        let (end, behind) = behind.split_at(length);
        pieces.push((piece, end));
        rest = behind;
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
