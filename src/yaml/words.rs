//! What is wrong with a text, in words for people.

/// What the parsers of YAML and JSON say of a wrong text, in words that need no knowledge of
/// this program's types.
#[must_use]
pub fn plain(message: &str) -> String {
    let mut text = message.to_owned();
    // Names of types follow; what is put in their place has none of these words.
    for (theirs, ours) in [
        (
            "data did not match any variant of untagged enum ",
            "it is of the wrong kind",
        ),
        ("internally tagged enum ", "a map"),
        ("expected struct ", "expected a map"),
        ("expected enum ", "expected a word"),
    ] {
        while let Some((before, after)) = text.split_once(theirs) {
            let end = after.find(|c: char| !c.is_alphanumeric() && c != '_');
            let rest = after.get(end.unwrap_or(after.len())..).unwrap_or_default();
            text = format!("{before}{ours}{rest}");
        }
    }
    // A word that is none of those that are known: which they are, may follow.
    while let Some((before, after)) = text.split_once("unknown variant ") {
        text = format!("{before}found {after}");
    }
    // `1e30` is too large for any of the parsers' numbers, each of which has a name.
    for number in [" as u64", " as i64", " as u128", " as i128"] {
        text = text.replace(&format!("`{number}"), "`");
    }
    if let Some((before, after)) = text.split_once(" with ")
        && let Some((_, after)) = after.split_once(" element")
    {
        let after = after.strip_prefix('s').unwrap_or(after);
        text = format!("{before}{after}");
    }
    for (theirs, ours) in [
        ("expected a YAML tag starting with '!'", "expected a word"),
        ("expected variant identifier", "expected a word"),
        ("expected variant of", "expected"),
        ("expected string or map", "expected a word or a map"),
        (
            "deserializing from YAML containing more than one document is not supported",
            "it has more than one document",
        ),
        ("invalid type: unit value", "found nothing"),
        ("invalid type: null", "found nothing"),
        ("invalid type: ", "found "),
        ("invalid length ", "found a list of "),
        ("invalid value: ", "found "),
        ("found sequence", "found a list"),
        ("found map", "found a map"),
        ("found unit variant", "found one word"),
        ("found newtype variant", "found one key"),
        ("found string ", "found the text "),
        ("found integer ", "found the number "),
        ("found floating point ", "found the number "),
        ("found boolean ", "found "),
        ("expected a sequence", "expected a list"),
        ("expected sequence", "expected a list"),
        ("expected unit", "expected nothing"),
        ("expected a string", "expected text"),
        ("expected a boolean", "expected true or false"),
        ("expected i64", "expected a whole number"),
        ("expected u8", "expected a whole number from 0 to 255"),
        (
            "expected u64",
            "expected a whole number that is not negative",
        ),
        (
            "expected usize",
            "expected a whole number that is not negative",
        ),
        ("expected value", "there is no value that fits"),
        ("missing field", "there is no"),
        ("duplicate field", "there are two of"),
        (
            "EOF while parsing a value",
            "the text ends where a value should be",
        ),
        ("EOF while parsing a list", "the text ends within a list"),
        ("EOF while parsing an object", "the text ends within a map"),
        (
            "EOF while parsing a string",
            "the text ends within a string",
        ),
    ] {
        text = text.replace(theirs, ours);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_type_of_the_program_is_named() {
        for (theirs, ours) in [
            (
                "severity: unknown variant `huge`, expected one of `info`, `error`",
                "severity: found `huge`, expected one of `info`, `error`",
            ),
            (
                "status: invalid type: sequence, expected a YAML tag starting with '!'",
                "status: found a list, expected a word",
            ),
            (
                "ok: invalid type: integer `10` as u128, expected u64",
                "ok: found the number `10`, expected a whole number that is not negative",
            ),
            (
                "invalid length 0, expected struct Host with 7 elements",
                "found a list of 0, expected a map",
            ),
            (
                "facts: invalid type: string \"x\", expected struct Facts at line 3",
                "facts: found the text \"x\", expected a map at line 3",
            ),
            (
                "data did not match any variant of untagged enum Value at line 1 column 2",
                "it is of the wrong kind at line 1 column 2",
            ),
            (
                "invalid type: unit value, expected a sequence",
                "found nothing, expected a list",
            ),
            ("missing field `facts`", "there is no `facts`"),
            (
                "EOF while parsing an object at line 9 column 1",
                "the text ends within a map at line 9 column 1",
            ),
        ] {
            assert_eq!(plain(theirs), ours);
        }
    }
}
