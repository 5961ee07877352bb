//! Values that conditions and fixes name, held against those a fact can have.

use super::condition::{Test, Wanted};
use super::vocabulary::{check_value, values_of};

/// Complains about a kernel option that is written with its prefix.
pub(super) fn check_option(name: &str) -> Result<(), String> {
    match name.strip_prefix("CONFIG_") {
        Some(bare) => Err(format!(
            "kernel options are written without `CONFIG_`: write `{bare}`"
        )),
        None => Ok(()),
    }
}

/// The test with its values as the fact has them; an error if the fact never has them.
pub(super) fn fitting(key: &str, test: Test) -> Result<Test, String> {
    match test {
        Test::Is(wanted) => {
            let wanted = wanted.into_iter().map(|value| fitting_value(key, value));
            wanted.collect::<Result<_, _>>().map(Test::Is)
        }
        Test::Has(item) => {
            let kind = match key {
                "privilege.capabilities" => "capability",
                "filesystems" => "file system",
                key if key.starts_with("security.lsm") => "security module",
                _ => "item",
            };
            check_value(key, kind, &item)?;
            Ok(Test::Has(item))
        }
        test => Ok(test),
    }
}

fn fitting_value(key: &str, value: Wanted) -> Result<Wanted, String> {
    let special = matches!(&value, Wanted::Text(word)
        if ["set", "unset", "absent"].contains(&word.as_str()));
    if special {
        return Ok(value);
    }
    if let Some(option) = key.strip_prefix("config.") {
        check_option(option)?;
        return option_value(value);
    }
    if key.starts_with("sysctl.") {
        return Ok(match value {
            Wanted::Text(text) => match text.parse() {
                Ok(number) => Wanted::Number(number),
                Err(_) => Wanted::Text(text),
            },
            value => value,
        });
    }
    let text = match &value {
        Wanted::Bool(flag) => flag.to_string(),
        Wanted::Number(number) => number.to_string(),
        Wanted::Text(text) => text.clone(),
    };
    check_value(key, &format!("value of `{key}`"), &text)?;
    if key.starts_with("tool.") && !text.starts_with('/') {
        return Err(format!(
            "`{key}` is a path, never `{text}`: ask whether it `is: set`"
        ));
    }
    // A fact that is true or false is never the text of it, and the other way round.
    Ok(match (values_of(key), text.parse()) {
        (Some(_), Ok(flag)) => Wanted::Bool(flag),
        _ => value,
    })
}

/// A kernel option is never `true` or `yes`.
pub(super) fn option_value(value: Wanted) -> Result<Wanted, String> {
    let word = match &value {
        Wanted::Bool(flag) => flag.to_string(),
        Wanted::Text(text) => text.clone(),
        Wanted::Number(_) => return Ok(value),
    };
    let meant = match word.to_ascii_lowercase().as_str() {
        "y" | "m" | "n" if word.to_ascii_lowercase() == word => return Ok(value),
        "m" | "module" => "m",
        "y" | "yes" | "true" | "on" => "y",
        "n" | "no" | "false" | "off" => "n",
        _ => return Ok(value),
    };
    Err(format!(
        "a kernel option is y, m, n, set, unset, absent, a number or text, not `{word}`; did \
         you mean `{meant}`?"
    ))
}
