//! Patterns of the code's own, which read the shape of lines; those of causes are the catalogue's.

use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};

/// One over bytes: nothing in it is more than ASCII.
pub(super) fn pattern(source: &str) -> Option<Regex> {
    RegexBuilder::new(source).unicode(false).build().ok()
}

/// One for which small letters are as good as great ones.
pub(super) fn any_case(source: &str) -> Option<Regex> {
    pattern(&format!("(?i){source}"))
}

/// Whether a text has it.
pub(super) fn is_in(regex: &LazyLock<Option<Regex>>, text: &str) -> bool {
    let regex = regex.as_ref();
    regex.is_some_and(|regex| regex.is_match(text.as_bytes()))
}
