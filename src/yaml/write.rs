//! YAML that parsers of every version read alike.

use serde::ser::Serialize;
use serde_yaml::Value;

use super::Error;

/// Writes a value, so that parsers of YAML 1.1 and 1.2 read the same from it.
///
/// # Errors
/// None that maps, lists and scalars can cause.
pub fn to_string<T: Serialize>(value: &T) -> Result<String, Error> {
    let mut tree = serde_yaml::to_value(value)?;
    // `@` can't begin a plain scalar, so it makes the library quote; the character behind it,
    // which the value itself has nowhere, marks it as ours.
    let own = ('\u{e000}'..'\u{e100}').find(|mark| !holds(&tree, *mark));
    let Some(mark) = own.map(|own| format!("@{own}")) else {
        return Ok(serde_yaml::to_string(value)?);
    };
    quote(&mut tree, &mark);
    let text = serde_yaml::to_string(&tree)?;
    Ok(text.replace(&format!("'{mark}"), "'"))
}

fn holds(tree: &Value, mark: char) -> bool {
    match tree {
        Value::String(text) => text.contains(mark),
        Value::Sequence(items) => items.iter().any(|item| holds(item, mark)),
        Value::Mapping(pairs) => pairs
            .iter()
            .any(|(key, value)| holds(key, mark) || holds(value, mark)),
        Value::Tagged(tagged) => holds(&tagged.value, mark),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Marks the texts that have to be quoted.
fn quote(tree: &mut Value, mark: &str) {
    match tree {
        Value::String(text) if is_misread(text) => text.insert_str(0, mark),
        Value::Sequence(items) => items.iter_mut().for_each(|item| quote(item, mark)),
        Value::Mapping(pairs) => {
            let quoted = std::mem::take(pairs)
                .into_iter()
                .map(|(mut key, mut value)| {
                    quote(&mut key, mark);
                    quote(&mut value, mark);
                    (key, value)
                });
            *pairs = quoted.collect();
        }
        Value::Tagged(tagged) => quote(&mut tagged.value, mark),
        _ => {}
    }
}

/// Whether a parser of YAML 1.1 takes this text for something else than text, where one of
/// YAML 1.2 does not (yaml.org/type: bool, int, float, timestamp, merge, value).
fn is_misread(text: &str) -> bool {
    const WORDS: &[&str] = &["y", "n", "yes", "no", "on", "off", "=", "<<"];
    if text.len() > 40 {
        return false;
    }
    let lower = text.to_ascii_lowercase();
    if WORDS.contains(&lower.as_str()) {
        return true;
    }
    let unsigned = lower.strip_prefix(['-', '+']).unwrap_or(&lower);
    let (whole, exponent) = match unsigned.split_once('e') {
        Some((whole, exponent)) if !unsigned.starts_with("0x") => (whole, exponent),
        _ => (unsigned, "0"),
    };
    let all = |text: &str, fits: fn(char) -> bool| {
        !text.is_empty() && text.chars().all(|c| fits(c) || c == '_')
    };
    let digits = |text: &str| all(text, |c| c.is_ascii_digit());
    let radix = unsigned
        .strip_prefix("0x")
        .map(|rest| all(rest, |c| c.is_ascii_hexdigit()))
        .or_else(|| {
            Some(all(unsigned.strip_prefix("0b")?, |c| {
                matches!(c, '0' | '1')
            }))
        });
    let is_number = || {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        let (before, after) = whole.split_once('.').unwrap_or((whole, ""));
        // Minutes and seconds, and degrees, count by sixty.
        let mut parts = before.split(':');
        let begins = whole.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        begins
            && digits(exponent)
            && (after.is_empty() || digits(after))
            && parts.all(|part| digits(part) || (part.is_empty() && before.is_empty()))
            && whole != "."
    };
    radix.unwrap_or_else(is_number) || is_date(&lower)
}

/// `2026-01-01`, and what follows of a time.
fn is_date(text: &str) -> bool {
    let end = text.find(['t', ' ', '\t']).unwrap_or(text.len());
    let (date, time) = text.split_at(end);
    let parts: Vec<&str> = date.split('-').collect();
    let number = |part: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&part.len()) && part.chars().all(|c| c.is_ascii_digit())
    };
    let is_day = match parts.as_slice() {
        [year, month, day] => number(year, 4..=4) && number(month, 1..=2) && number(day, 1..=2),
        _ => false,
    };
    is_day
        && time
            .chars()
            .all(|c| c.is_ascii_digit() || "t \t:.zZ+-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::from_str;

    #[test]
    fn parsers_of_yaml_1_1_read_text_as_text() {
        let misread = [
            "y",
            "N",
            "yes",
            "Off",
            "ON",
            "1:30",
            "-1:30:00",
            "1:30.5",
            "190:20:30.15",
            "0x1F",
            "0b1_0",
            "017",
            "1_000",
            "1_0.5",
            ".5_",
            "+1.",
            "2026-01-01",
            "2026-1-1 10:00:00",
            "2026-01-01T00:00:00Z",
            "=",
            "<<",
            "1_0e+5",
        ];
        let plain = [
            "",
            "a",
            "5.10.218",
            "v1",
            "10.0.0.1",
            "fe80::1",
            "1:a",
            "one",
            "onn",
            "0xyz",
            "::",
            "web-17",
            "2026-01-01x",
            "2026-01",
            "1:",
            ":1",
            "a: b",
            "# x",
            "-",
            "e5",
            "5.10.0-32",
        ];
        for text in misread {
            assert!(is_misread(text), "{text}");
            let written = to_string(&vec![text]).unwrap();
            assert_eq!(written, format!("- '{text}'\n"));
            assert_eq!(from_str::<Vec<String>>(&written).unwrap(), [text]);
        }
        for text in plain {
            assert!(!is_misread(text), "{text}");
            assert_eq!(
                to_string(&vec![text]).unwrap(),
                serde_yaml::to_string(&vec![text]).unwrap()
            );
        }
        // Keys as well, and whatever the text holds.
        let odd = [
            ("on", "'@\u{e000}x"),
            ("n: 1", "on\non\n"),
            ("@", "'@\u{e001}on"),
        ];
        let map: std::collections::BTreeMap<&str, &str> = odd.into();
        let written = to_string(&map).unwrap();
        assert!(written.contains("'on':"), "{written}");
        assert_eq!(
            from_str::<std::collections::BTreeMap<String, String>>(&written).unwrap(),
            map.iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect()
        );
    }
}
