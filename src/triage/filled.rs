//! Commands of the catalogue with what a log names in the place of words in capitals: a group
//! `pin` of a symptom stands for the word `PIN`.

use std::collections::BTreeMap;

use regex::bytes::{Regex, RegexBuilder};

use super::found::Hit;
use crate::catalogue::{Pattern, Symptom};
use crate::diagnosis::quote;

/// A pattern of the catalogue by itself, as the search for all of them takes it.
pub(super) fn alone(pattern: &Pattern) -> Option<Regex> {
    let mut builder = RegexBuilder::new(pattern.source());
    builder.unicode(false).case_insensitive(true).build().ok()
}

/// What a group of a pattern found. A pattern that has the same in two places calls the second by
/// the first letter and a 2: `t2` is `target`.
pub(super) fn named<'n>(names: &'n BTreeMap<String, String>, name: &str) -> Option<&'n str> {
    let first = name.get(..1).unwrap_or_default();
    let keys = [name.to_owned(), format!("{first}2")];
    let mut values = keys.iter().filter_map(|key| names.get(key));
    let value = values.find(|value| !value.is_empty());
    value.map(String::as_str)
}

/// The function among what a line names: what is attached to, without an offset or what a probe is
/// called by.
fn function(names: &BTreeMap<String, String>) -> Option<String> {
    let mut known = ["function", "target", "sym"].into_iter();
    let name = known.find_map(|name| named(names, name))?;
    let name = name.rsplit(':').next()?.split('+').next()?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_.".contains(c);
    (!name.is_empty() && name.chars().all(is_name)).then(|| name.to_owned())
}

/// What a hit names: on its line, and on the nearest line above that has what its symptom asks
/// for besides.
pub(super) fn names(hit: &Hit, symptom: &Symptom) -> BTreeMap<String, String> {
    let mut names = on_lines(hit, symptom);
    if let Some(function) = function(&names) {
        names.insert("function".to_owned(), function);
    }
    // The BPF file system takes no dots.
    let dotted = names.iter().filter(|(_, value)| value.contains('.'));
    let without =
        dotted.map(|(name, value)| (format!("{name}_without_dot"), value.replace('.', "_")));
    names.extend(without.collect::<Vec<_>>());
    names
}

fn on_lines(hit: &Hit, symptom: &Symptom) -> BTreeMap<String, String> {
    let mut names = hit.names.clone();
    let also = symptom.also.as_ref();
    let Some(regex) = also
        .filter(|also| also.source().contains("(?P<"))
        .and_then(alone)
    else {
        return names;
    };
    let mut above = hit.above.iter();
    if let Some(found) = above.find_map(|line| regex.captures(line.as_bytes())) {
        for name in regex.capture_names().flatten() {
            if let Some(value) = found.name(name) {
                let value = String::from_utf8_lossy(value.as_bytes());
                names.insert(name.to_owned(), value.into_owned());
            }
        }
    }
    names
}

/// Puts what a log names into commands. A path takes the place of the whole path that has the
/// word.
pub(super) fn fill<'a>(
    commands: impl Iterator<Item = &'a mut String>,
    names: &BTreeMap<String, String>,
) {
    for command in commands {
        for (name, value) in names.iter().filter(|(_, value)| !value.is_empty()) {
            *command = filled(command, &name.to_ascii_uppercase(), value);
        }
    }
}

fn filled(command: &str, word: &str, value: &str) -> String {
    let of_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut out = String::new();
    let mut rest = command;
    while let Some(at) = rest.find(word) {
        let (before, behind) = rest.split_at(at);
        let behind = behind.get(word.len()..).unwrap_or_default();
        let is_whole = !before.ends_with(of_word) && !behind.starts_with(of_word);
        match is_whole {
            true => {
                let path = before.rfind(|c: char| c.is_whitespace() || c == '\'' || c == '"');
                let path = path.map_or(0, |at| at + 1);
                let kept = match value.starts_with('/') {
                    true => before.get(..path).unwrap_or_default(),
                    false => before,
                };
                out.push_str(kept);
                out.push_str(&quote(value));
            }
            false => {
                out.push_str(before);
                out.push_str(word);
            }
        }
        rest = behind;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_capitals_are_what_the_log_names() {
        let rows = [
            ("rm /sys/fs/bpf/PIN", "/sys/fs/bpf/a", "rm /sys/fs/bpf/a"),
            ("rm /sys/fs/bpf/PIN", "/tmp/b/a", "rm /tmp/b/a"),
            ("rm /sys/fs/bpf/PIN", "a", "rm /sys/fs/bpf/a"),
            ("rm /sys/fs/bpf/PIN", "/x; rm -rf", "rm '/x; rm -rf'"),
            ("show PIN, PIN", "a", "show a, a"),
            ("show PINS MYPIN", "a", "show PINS MYPIN"),
        ];
        for (command, value, wanted) in rows {
            assert_eq!(filled(command, "PIN", value), wanted, "{command}");
        }
    }
}
