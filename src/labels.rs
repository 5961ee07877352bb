//! Labels: what whoever runs the doctor says of a host, `role=web`, to group hosts by later.
//!
//! The doctor never derives one and never judges by one. They come from the command line and
//! from saved reports, so their number and size are limited, and a value is one line.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Labels of a host by key, in the order of keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>")]
pub struct Labels(BTreeMap<String, String>);

/// More labels than a person gives a host.
const MOST: usize = 64;
/// The longest key: a name of Kubernetes' labels with its prefix is at most 317, and such
/// names in use are far shorter.
const LONGEST_KEY: usize = 128;
/// The longest value, in bytes.
const LONGEST_VALUE: usize = 256;

/// Why something can't be a label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// There is no `=`.
    #[error("a label is KEY=VALUE, such as role=web")]
    NoValue,
    /// The key has other characters, none, or too many.
    #[error(
        "a label's key begins with a letter or `_` and has letters, digits and `_ - . /`, {LONGEST_KEY} at most"
    )]
    Key,
    /// The value is longer than a line, or no line.
    #[error("the value of the label {0} is no line of at most {LONGEST_VALUE} bytes")]
    Value(String),
    /// One key, two values.
    #[error("the label {0} is given twice")]
    Twice(String),
    /// Too many of them.
    #[error("there are more than {MOST} labels")]
    TooMany,
}

impl Labels {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The labels, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The value of a label.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Adds `KEY=VALUE`.
    ///
    /// # Errors
    /// If it is no label, has the key of one that is there, or is one too many.
    pub fn add(&mut self, text: &str) -> Result<(), LabelError> {
        let (key, value) = text.split_once('=').ok_or(LabelError::NoValue)?;
        fits(key, value)?;
        if self.0.contains_key(key) {
            return Err(LabelError::Twice(key.to_owned()));
        }
        if self.0.len() >= MOST {
            return Err(LabelError::TooMany);
        }
        self.0.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    /// These labels with `newer` over them.
    ///
    /// # Errors
    /// If they are too many together.
    pub fn with(mut self, newer: &Self) -> Result<Self, LabelError> {
        self.0.extend(newer.0.clone());
        if self.0.len() > MOST {
            return Err(LabelError::TooMany);
        }
        Ok(self)
    }

    /// Has every value rewritten, such as to leave out names; a value that no longer fits is
    /// cut.
    pub fn rewrite(&mut self, rewrite: &mut impl FnMut(&str, &str) -> String) {
        for (key, value) in &mut self.0 {
            let mut rewritten = rewrite(key, value);
            let end = (0..=LONGEST_VALUE).rev();
            let end = end.into_iter().find(|end| rewritten.is_char_boundary(*end));
            rewritten.truncate(end.unwrap_or_default());
            *value = rewritten;
        }
    }
}

impl TryFrom<BTreeMap<String, String>> for Labels {
    type Error = LabelError;

    fn try_from(labels: BTreeMap<String, String>) -> Result<Self, LabelError> {
        if labels.len() > MOST {
            return Err(LabelError::TooMany);
        }
        for (key, value) in &labels {
            fits(key, value)?;
        }
        Ok(Self(labels))
    }
}

fn fits(key: &str, value: &str) -> Result<(), LabelError> {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let rest = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    if !key.starts_with(first) || !key.chars().all(rest) || key.len() > LONGEST_KEY {
        return Err(LabelError::Key);
    }
    if value.len() > LONGEST_VALUE || value.chars().any(char::is_control) {
        return Err(LabelError::Value(key.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_label() {
        let long = format!("{}=x", "k".repeat(LONGEST_KEY + 1));
        let large = format!("k={}", "ü".repeat(LONGEST_VALUE / 2 + 1));
        let rows: [(&str, Result<(), LabelError>); 10] = [
            ("role=web", Ok(())),
            ("example.com/rack_2=a=b c ü", Ok(())),
            ("site=", Ok(())),
            ("role", Err(LabelError::NoValue)),
            ("role=db", Err(LabelError::Twice("role".to_owned()))),
            ("=web", Err(LabelError::Key)),
            ("2=web", Err(LabelError::Key)),
            (&long, Err(LabelError::Key)),
            (&large, Err(LabelError::Value("k".to_owned()))),
            ("a=\u{1b}[31m", Err(LabelError::Value("a".to_owned()))),
        ];
        let mut labels = Labels::default();
        for (text, expected) in rows {
            assert_eq!(labels.add(text), expected, "{text}");
        }
        assert_eq!(labels.get("example.com/rack_2"), Some("a=b c ü"));
        assert_eq!(labels.iter().count(), 3);
    }

    #[test]
    fn they_are_as_many_as_a_person_gives() {
        let mut labels = Labels::default();
        for number in 0..MOST {
            labels.add(&format!("k{number}=v")).unwrap();
        }
        assert_eq!(labels.add("one=more"), Err(LabelError::TooMany));
        let mut more = Labels::default();
        more.add("k0=new").unwrap();
        let both = labels.clone().with(&more).unwrap();
        assert_eq!(both.get("k0"), Some("new"));
        more.add("one=more").unwrap();
        assert_eq!(labels.with(&more), Err(LabelError::TooMany));
    }

    #[test]
    fn what_is_read_is_held_to_the_same() {
        let read = |text: &str| serde_json::from_str::<Labels>(text).map_err(|e| e.to_string());
        assert_eq!(read(r#"{"a": "b"}"#).unwrap().get("a"), Some("b"));
        let bad = read(r#"{"a b": "c"}"#).unwrap_err();
        assert!(bad.contains("a label's key"), "{bad}");
        let many: BTreeMap<String, String> = (0..=MOST)
            .map(|number| (format!("k{number}"), String::new()))
            .collect();
        let bad = read(&serde_json::to_string(&many).unwrap()).unwrap_err();
        assert!(bad.contains("more than 64"), "{bad}");
    }

    #[test]
    fn rewriting_keeps_a_value_in_its_bounds() {
        let mut labels = Labels::default();
        labels.add("a=b").unwrap();
        labels.rewrite(&mut |key, value| format!("{key}{value}{}", "ü".repeat(LONGEST_VALUE)));
        let value = labels.get("a").unwrap();
        assert!(value.starts_with("abü") && value.len() <= LONGEST_VALUE);
    }
}
