//! Names of other hosts, of domains and of users, which stand where only such names stand.

use super::hosts::version_at;
use super::words::{
    COMMON, DOMAIN_ARGUMENTS, HOST_ARGUMENTS, REMOTE, SYSTEM_PATHS, USER_ARGUMENTS,
};
use super::{REDACTED, Redactor};

impl Redactor {
    /// Users and domains by the argument they are the value of; servers by the address or file
    /// system they are part of; and every name below the host's own domain.
    pub(super) fn names(&mut self, text: &str) -> String {
        let ends =
            |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '(' | ')' | ',' | ';');
        let text = self.remote_mounts(text);
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
            // An id is a number, and an address is replaced as one.
            let is_name = value.contains(char::is_alphabetic)
                && value != REDACTED
                && !value.starts_with(['/', '$']);
            if is_name && USER_ARGUMENTS.contains(&of.as_str()) {
                return format!("{argument}={}", self.number("user", value));
            }
            if is_name && DOMAIN_ARGUMENTS.contains(&of.as_str()) {
                return format!("{argument}={}", self.number("domain", value));
            }
            let is_place = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
            let (name, port) = value.split_once(':').unwrap_or((value, ""));
            if HOST_ARGUMENTS.contains(&of.as_str())
                && name.contains('.')
                && name.contains(|c: char| c.is_ascii_alphabetic())
                && name.chars().all(is_place)
                && port.chars().all(|c| c.is_ascii_digit())
            {
                let behind = value.get(name.len()..).unwrap_or_default();
                return format!("{argument}={}{behind}", self.number("host", name));
            }
            // `unc=\\server\share`, as /proc/mounts writes it.
            for slash in ["\\134", "\\"] {
                if let Some(rest) = value.strip_prefix(&slash.repeat(2)) {
                    let (name, behind) = rest.split_at(rest.find(slash).unwrap_or(rest.len()));
                    let name = self.number("host", name);
                    return format!("{argument}={slash}{slash}{name}{behind}");
                }
            }
            if value.starts_with("//") {
                return format!("{argument}={}", self.server(value));
            }
        }
        if let Some((user, domain)) = mail_address(word) {
            let user = self.number("user", user);
            return format!("{user}@{}", self.number("domain", domain));
        }
        // Lustre's, also where no file system is named.
        if let Some(told) = self.of_networks(word) {
            return told;
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
        let word = self.below_domain(&word);
        self.foreign(&word)
    }

    /// Names of hosts of other domains, as a word or as a part of a path.
    fn foreign(&mut self, word: &str) -> String {
        let of_system = SYSTEM_PATHS.iter().chain(&["/var/lib/", "/run/"]);
        let mut begins = of_system.into_iter();
        if !word.contains('.') || begins.any(|begin| word.starts_with(begin)) {
            return word.to_owned();
        }
        let parts = word.split('/').map(|part| {
            let (name, port) = part.split_once(':').unwrap_or((part, ""));
            let is_port = port.chars().all(|c| c.is_ascii_digit());
            match is_port && is_foreign(name) {
                true => self.number("host", name) + part.get(name.len()..).unwrap_or_default(),
                false => part.to_owned(),
            }
        });
        parts.collect::<Vec<_>>().join("/")
    }

    /// What is mounted from elsewhere, in the manner of the file system it is of, line by line.
    fn remote_mounts(&mut self, text: &str) -> String {
        let named = |line: &str| {
            let mut words = line.split([' ', '\t']);
            words.find_map(|word| {
                let name = word.strip_prefix("fuse.").unwrap_or(word);
                (REMOTE.contains(&name) || word == "fuse.sshfs").then(|| name.to_owned())
            })
        };
        let mut out = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            let Some(fs_type) = named(line) else {
                out.push_str(line);
                continue;
            };
            let words = line.split_inclusive(' ').map(|piece| {
                let word = piece.trim_end();
                let rest = piece.get(word.len()..).unwrap_or_default();
                self.remote_word(&fs_type, word) + rest
            });
            out.extend(words);
        }
        out
    }

    fn remote_word(&mut self, fs_type: &str, word: &str) -> String {
        let is_source = word.contains(':') || word.contains('@');
        let is_path = word.starts_with('/') || word.starts_with(|c: char| c.is_ascii_digit());
        let parts = word.split(',');
        if fs_type == "ceph" && word.contains("name=") {
            let parts = parts.map(|part| match part.split_once('=') {
                Some(("name", name)) => format!("name={}", self.number("user", name)),
                _ => part.to_owned(),
            });
            return parts.collect::<Vec<_>>().join(",");
        }
        if !is_source || word.contains("://") || (is_path && !word.contains(['@', ','])) {
            return word.to_owned();
        }
        match fs_type {
            // `alice@1f.fs=/`, or servers with ports and a path.
            "ceph" => match word.split_once('@') {
                Some((user, rest)) => format!("{}@{rest}", self.number("user", user)),
                None => self.servers(parts),
            },
            "glusterfs" => self.servers(parts),
            "lustre" => self.of_networks(word).unwrap_or_else(|| word.to_owned()),
            _ => match word.split_once('@') {
                Some((user, rest)) if !user.contains(['=', '/']) => {
                    format!(
                        "{}@{}",
                        self.number("user", user),
                        self.servers(rest.split(','))
                    )
                }
                _ => self.servers(parts),
            },
        }
    }

    /// `NAME@tcp:NAME@o2ib0:/fs`: servers, each with the network it is reached by.
    fn of_networks(&mut self, word: &str) -> Option<String> {
        const NETWORKS: &[&str] = &["tcp", "o2ib", "gni", "kfi", "ptlf"];
        let is_network = |text: &str| {
            let name = text.split([',', '=']).next().unwrap_or_default();
            let name = name.trim_end_matches(|c: char| c.is_ascii_digit());
            NETWORKS.contains(&name)
        };
        let mut parts = word.split(':');
        let of_network = |part: &str| part.split_once('@').is_some_and(|(_, net)| is_network(net));
        if !parts.any(of_network) {
            return None;
        }
        let parts = word.split(':').map(|part| match part.split_once('@') {
            Some((name, net)) => format!("{}@{net}", self.server_name(name)),
            None => part.to_owned(),
        });
        Some(parts.collect::<Vec<_>>().join(":"))
    }

    /// `NAME:6789` or `NAME:/path`, several of them with commas between.
    fn servers<'a>(&mut self, parts: impl Iterator<Item = &'a str>) -> String {
        let parts = parts.map(|part| match part.split_once(':') {
            Some((name, rest)) => format!("{}:{rest}", self.server_name(name)),
            None if part.contains('=') => part.to_owned(),
            None => self.server_name(part),
        });
        parts.collect::<Vec<_>>().join(",")
    }

    fn server_name(&mut self, name: &str) -> String {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        let is_name = name.contains(|c: char| c.is_ascii_alphabetic()) && name.chars().all(is_part);
        match is_name && !self.is_known(name) {
            true => self.number("host", name),
            false => name.to_owned(),
        }
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
            && !self.is_known(name)
            && !COMMON.contains(&name.to_lowercase().as_str());
        if !is_name {
            return word.to_owned();
        }
        format!("{before}{}{after}", self.number("host", name))
    }

    /// `db-3.example.com` on a host of example.com.
    pub(super) fn below_domain(&mut self, word: &str) -> String {
        let Some(domain) = self.domain.clone() else {
            return word.to_owned();
        };
        // What looks like a domain behind a version is a part of that.
        if version_at(word).is_some() {
            return word.to_owned();
        }
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

/// Three labels or more, the last one that of a domain; what is turned round is the name of a
/// piece of software.
fn is_foreign(name: &str) -> bool {
    const TOPS: &[&str] = &[
        "arpa", "at", "biz", "ch", "cloud", "cn", "com", "corp", "de", "dev", "edu", "es", "eu",
        "example", "fr", "gov", "home", "info", "int", "internal", "invalid", "io", "it", "jp",
        "lan", "local", "mil", "net", "nl", "org", "pl", "priv", "private", "ru", "se", "test",
        "uk", "us",
    ];
    const PUBLIC: &[&str] = &["kernel.org", "debian.org", "github.com", "readthedocs.io"];
    let labels: Vec<&str> = name.split('.').collect();
    let plain = |label: &&str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
        !label.is_empty() && label.chars().all(fits)
    };
    let [first, _, .., last] = labels.as_slice() else {
        return false;
    };
    let public = PUBLIC.iter().any(|domain| name.ends_with(domain));
    labels.len() > 2
        && labels.iter().all(plain)
        && TOPS.contains(last)
        && !TOPS.contains(first)
        && !public
}

/// `NAME@DOMAIN` with a dot in the domain; what systemd calls its units is none.
fn mail_address(word: &str) -> Option<(&str, &str)> {
    const UNITS: &[&str] = &[
        "device", "mount", "path", "scope", "service", "slice", "socket", "swap", "target", "timer",
    ];
    let (user, domain) = word.split_once('@')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "._%+-".contains(c);
    let (_, top) = domain.rsplit_once('.')?;
    let is_domain = domain.chars().all(|c| plain(c) && !"_%+".contains(c))
        && top.len() > 1
        && top.chars().all(|c| c.is_ascii_alphabetic())
        && !UNITS.contains(&top);
    (is_domain && !user.is_empty() && user.chars().all(plain) && user != REDACTED)
        .then_some((user, domain))
}
