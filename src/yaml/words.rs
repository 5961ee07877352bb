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
    for (theirs, ours) in [
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
