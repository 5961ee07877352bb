//! Addresses, and ids of machines and disks.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Redactor;
use super::words::EFI_VENDORS;

impl Redactor {
    /// Ids of machines, 128 bits in hexadecimal, with or without dashes.
    pub(super) fn ids(&mut self, text: &str) -> String {
        self.words(text, |this, rest| {
            let end = rest.find(|c: char| !c.is_ascii_hexdigit() && c != '-');
            let word = rest.get(..end.unwrap_or(rest.len()))?;
            let first: Vec<&str> = word.split('-').take(5).collect();
            let lengths: Vec<usize> = first.iter().map(|part| part.len()).collect();
            let length = match lengths.as_slice() {
                [8, 4, 4, 4, 12] => 36,
                [32, ..] => 32,
                _ => return None,
            };
            let id = rest.get(..length)?;
            if EFI_VENDORS.contains(&id) {
                return Some((length, id.to_owned()));
            }
            let ends = !rest
                .get(length..)?
                .starts_with(|c: char| c.is_ascii_alphanumeric());
            ends.then(|| (length, this.number("machine", &id.replace('-', ""))))
        })
    }

    /// IP and MAC addresses, but those that every host has.
    pub(super) fn addresses(&mut self, text: &str) -> String {
        self.words(text, |this, rest| {
            let end = rest.find(|c: char| !c.is_ascii_hexdigit() && c != ':' && c != '.');
            let word = rest.get(..end.unwrap_or(rest.len()))?;
            let octets = || word.split(':').all(|octet| octet.len() == 2);
            if word.len() == 17 && word.matches(':').count() == 5 && octets() {
                return Some((17, this.number("mac", word)));
            }
            // As PXE writes it, in BOOTIF after the kind of hardware.
            let dashed = rest.get(..17).filter(|word| {
                let parts: Vec<&str> = word.split('-').collect();
                let octet =
                    |part: &&str| part.len() == 2 && part.chars().all(|c| c.is_ascii_hexdigit());
                parts.len() == 6 && parts.iter().all(octet)
            });
            if let Some(word) = dashed
                && !rest
                    .get(17..)?
                    .starts_with(|c: char| c.is_ascii_hexdigit() || c == '-')
            {
                return Some((17, this.number("mac", &word.replace('-', ":"))));
            }
            // As Cisco's tools write it.
            let dotted = rest.get(..14).filter(|word| {
                let hex =
                    |part: &str| part.len() == 4 && part.chars().all(|c| c.is_ascii_hexdigit());
                word.split('.').count() == 3 && word.split('.').all(hex)
            });
            if let Some(word) = dotted
                && !rest
                    .get(14..)?
                    .starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
            {
                let plain: Vec<char> = word.chars().filter(|c| *c != '.').collect();
                let pairs = plain.chunks(2).map(|pair| pair.iter().collect::<String>());
                let word = pairs.collect::<Vec<_>>().join(":");
                return Some((14, this.number("mac", &word)));
            }
            if word.matches(':').count() >= 2
                && let Ok(address) = word.parse::<Ipv6Addr>()
            {
                let own = address.is_loopback() || address.is_unspecified();
                let behind = rest.get(word.len()..)?;
                let own = own || behind.starts_with(|c: char| c.is_ascii_alphanumeric());
                return (!own).then(|| (word.len(), this.number("ip", word)));
            }
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
            let word = rest.get(..end.unwrap_or(rest.len()))?.trim_end_matches('.');
            let next = rest.get(word.len()..)?.chars().next();
            let address: Ipv4Addr = word.parse().ok()?;
            let may_be_version = address.octets()[0] < VERSIONS_END;
            let goes_on = next.is_some_and(|c| {
                c.is_ascii_alphanumeric() || (matches!(c, '-' | '_') && may_be_version)
            });
            let own =
                address.is_loopback() || address.is_unspecified() || address.octets()[0] == 255;
            (!own && !goes_on).then(|| (word.len(), this.number("ip", word)))
        })
    }

    /// Looks at each place where a word may begin; `replace` gives the length of what it
    /// recognised there, and the word for it.
    fn words(
        &mut self,
        text: &str,
        replace: impl Fn(&mut Self, &str) -> Option<(usize, String)>,
    ) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        let mut begins = true;
        while let Some(c) = rest.chars().next() {
            if (begins && (c.is_ascii_hexdigit() || c == ':'))
                && let Some((length, word)) = replace(self, rest)
            {
                out.push_str(&word);
                rest = rest.get(length..).unwrap_or_default();
                begins = false;
                continue;
            }
            let within = c.is_ascii_alphanumeric() || c == '.';
            out.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            begins = !within && (!matches!(c, '-' | '_') || !is_version(rest));
        }
        out
    }
}

/// Kernels have versions below this, of which some have four numbers.
const VERSIONS_END: u8 = 10;

/// Whether what stands behind a dash or a low line is a version: `vmlinuz-6.6.87.2-microsoft`.
/// Addresses stand there, too: `ip-10.0.0.5:3260-iscsi`.
fn is_version(rest: &str) -> bool {
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
    let word = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
    let address = word.trim_end_matches('.').parse::<Ipv4Addr>();
    let is_address = address.is_ok_and(|address| address.octets()[0] >= VERSIONS_END);
    word.contains('.') && !is_address
}
