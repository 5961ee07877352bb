//! Names of other hosts, of domains and of users, which stand where only such names stand.

use super::words::{COMMON, DOMAIN_ARGUMENTS, USER_ARGUMENTS};
use super::{REDACTED, Redactor};

impl Redactor {
    /// Users and domains by the argument they are the value of; servers by the address or file
    /// system they are part of; and every name below the host's own domain.
    pub(super) fn names(&mut self, text: &str) -> String {
        let ends =
            |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '(' | ')' | ',' | ';');
        let mut out = String::with_capacity(text.len());
        for piece in text.split_inclusive(ends) {
            let end = piece.find(ends).unwrap_or(piece.len());
            let (word, rest) = piece.split_at(end);
            out.push_str(&self.name(word));
            out.push_str(rest);
        }
        out
    }

    fn name(&mut self, word: &str) -> String {
        if let Some((argument, value)) = word.split_once('=') {
            let of = argument.rsplit(['.', '_', '-']).next().unwrap_or_default();
            let of = of.to_lowercase();
            let is_name = value.starts_with(|c: char| c.is_alphabetic()) && value != REDACTED;
            if is_name && USER_ARGUMENTS.contains(&of.as_str()) {
                return format!("{argument}={}", self.number("user", value));
            }
            if is_name && DOMAIN_ARGUMENTS.contains(&of.as_str()) {
                return format!("{argument}={}", self.number("domain", value));
            }
        }
        // user@server:/path, as sshfs has it.
        let login = word.split_once('@').filter(|(user, rest)| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            !user.is_empty() && user.chars().all(plain) && rest.contains(":/") && *user != REDACTED
        });
        if let Some((user, rest)) = login {
            let user = self.number("user", user);
            return format!("{user}@{}", self.server(rest));
        }
        let word = self.server(word);
        self.below_domain(&word)
    }

    /// `https://NAME/`, `//NAME/share`, `NAME:/export`.
    fn server(&mut self, word: &str) -> String {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        let (before, name, after) = if let Some(at) = word.find("://") {
            let (before, rest) = word.split_at(at + 3);
            let (login, rest) = rest.rsplit_once('@').map_or(("", rest), |_| {
                rest.split_at(rest.rfind('@').map_or(0, |at| at + 1))
            });
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            (format!("{before}{login}"), name, after)
        } else if let Some(rest) = word.strip_prefix("//") {
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            ("//".to_owned(), name, after)
        } else if let Some(at) = word.find(":/") {
            let (left, after) = word.split_at(at);
            let begin = left.rfind(|c| !is_part(c)).map_or(0, |at| at + 1);
            let (before, name) = left.split_at(begin);
            if before.ends_with(['/', ':', ')']) {
                return word.to_owned();
            }
            (before.to_owned(), name, after)
        } else {
            return word.to_owned();
        };
        let is_name = name.contains(|c: char| c.is_ascii_alphabetic())
            && name.len() > 1
            && !COMMON.contains(&name.to_lowercase().as_str());
        if !is_name {
            return word.to_owned();
        }
        format!("{before}{}{after}", self.number("host", name))
    }

    /// `db-3.example.com` on a host of example.com.
    fn below_domain(&mut self, word: &str) -> String {
        let Some(domain) = self.domain.clone() else {
            return word.to_owned();
        };
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        let mut out = String::new();
        let mut rest = word;
        while let Some(at) = rest.find(&domain) {
            let (before, found) = rest.split_at(at);
            let (found, behind) = found.split_at(domain.len());
            let begin = before.rfind(|c| !is_part(c)).map_or(0, |at| at + 1);
            let (before, label) = before.split_at(begin);
            out.push_str(before);
            let whole =
                behind.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
            match label.strip_suffix('.') {
                _ if whole => {
                    out.push_str(label);
                    out.push_str(found);
                }
                Some(name) if !name.is_empty() => {
                    let name = self.number("host", &format!("{name}.{domain}"));
                    out.push_str(&name);
                }
                _ if label.is_empty() => out.push_str("domain-1"),
                _ => {
                    out.push_str(label);
                    out.push_str(found);
                }
            }
            rest = behind;
        }
        out + rest
    }
}
