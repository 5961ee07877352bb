//! The audit for programs: YAML and JSON of the same data.

use std::fmt::Write as _;

use super::super::audit::Audit;
use crate::report::is_harmful;
use crate::yaml::{self, Error};

/// The audit in YAML. Characters that turn a terminal's text around, which YAML writes as they
/// are, are replaced.
///
/// # Errors
/// None that an audit can cause; the serializer's signature asks for it.
pub fn yaml(audit: &Audit) -> Result<String, Error> {
    let text = yaml::to_string(audit)?;
    Ok(without_harm(text, |out, _| out.push('\u{fffd}')))
}

/// The audit in JSON, indented, with a newline at the end. What may harm a terminal is escaped.
///
/// # Errors
/// None that an audit can cause; the serializer's signature asks for it.
pub fn json(audit: &Audit) -> Result<String, serde_json::Error> {
    let text = serde_json::to_string_pretty(audit)? + "\n";
    Ok(without_harm(text, |out, c| {
        // In texts alone; all of them have four digits. Writing to a string can't fail.
        let _ok = write!(out, "\\u{:04x}", u32::from(c));
    }))
}

/// The text with something else for each character that is not for a terminal.
fn without_harm(text: String, instead: impl Fn(&mut String, char)) -> String {
    let is_harm = |c: char| c != '\n' && is_harmful(c);
    if !text.contains(is_harm) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match is_harm(c) {
            true => instead(&mut out, c),
            false => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_harms_a_terminal_is_escaped() {
        let hostile = "a\u{202e}b\u{9b}31m\u{7f}\n\u{2066}";
        let json = serde_json::to_string(hostile).unwrap();
        let safe = without_harm(json, |out, c| {
            let _ok = write!(out, "\\u{:04x}", u32::from(c));
        });
        assert!(!safe.contains(is_harmful));
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), hostile);
        let same = without_harm("a\n".to_owned(), |out, _| out.push('x'));
        assert_eq!(same, "a\n");
    }
}
