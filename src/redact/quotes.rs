//! Quotes in command lines: which words they make of a line depends on who reads it.

/// Who reads a command line, and what quotes are to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoting {
    /// The kernel: double quotes keep blanks together, around an argument or its value.
    Kernel,
    /// GRUB's script: quotes of both kinds and backslashes, wherever they stand in a word.
    Script,
}

impl Quoting {
    /// The words of a line with their quotes; a script's ends before a remark.
    pub(super) fn words(self, text: &str) -> Vec<&str> {
        let mut words = Vec::new();
        let (mut quote, mut escaped, mut begin) = (None, false, None);
        for (at, c) in text.char_indices() {
            let was_escaped = std::mem::take(&mut escaped);
            match (quote, c) {
                (None | Some('"'), '\\') if self == Self::Script && !was_escaped => escaped = true,
                _ if was_escaped => {}
                (Some(open), c) if c == open => quote = None,
                (None, '"') => quote = Some(c),
                (None, '\'') if self == Self::Script => quote = Some(c),
                (None, '#') if self == Self::Script && begin.is_none() => return words,
                (None, c) if c.is_whitespace() => {
                    words.extend(begin.take().and_then(|begin| text.get(begin..at)));
                    continue;
                }
                _ => {}
            }
            begin = begin.or(Some(at));
        }
        words.extend(begin.and_then(|begin| text.get(begin..)));
        words
    }

    /// A word as it is understood.
    pub(super) fn plain(self, written: &str) -> String {
        match self {
            Self::Kernel => {
                let end = |text: &str| text.strip_suffix('"').map(str::to_owned);
                let whole = written.strip_prefix('"').unwrap_or(written);
                let is_whole = whole.len() < written.len();
                let whole = end(whole).filter(|_| is_whole).unwrap_or(whole.to_owned());
                match whole.split_once('=') {
                    Some((name, value)) if value.starts_with('"') => {
                        let value = value.trim_start_matches('"');
                        format!("{name}={}", value.strip_suffix('"').unwrap_or(value))
                    }
                    _ => whole,
                }
            }
            Self::Script => {
                let mut word = String::with_capacity(written.len());
                let mut quote = None;
                let mut chars = written.chars();
                while let Some(c) = chars.next() {
                    match (quote, c) {
                        (None, '\'' | '"') => quote = Some(c),
                        (Some(open), c) if c == open => quote = None,
                        (None | Some('"'), '\\') => word.extend(chars.next()),
                        (_, c) => word.push(c),
                    }
                }
                word
            }
        }
    }
}

/// A word that was changed, so that it is one still.
pub(super) fn in_quotes(word: &str) -> String {
    let plain = word.replace(['"', '\'', '\\'], "");
    let is_one = |c: char| !c.is_whitespace() && !"{};|&<>#".contains(c);
    match plain.chars().all(is_one) {
        true => plain,
        false => format!("\"{plain}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_their_reader() {
        for (quoting, line, words) in [
            (
                Quoting::Kernel,
                "a  \"b c=d e\" f=\"g h\" i='j k' l=m\"n o\"p",
                &["a", "b c=d e", "f=g h", "i='j", "k'", "l=m\"n o\"p"][..],
            ),
            (Quoting::Kernel, "a \"b c", &["a", "b c"]),
            (Quoting::Kernel, " \"\" x=\"", &["", "x="]),
            (
                Quoting::Script,
                "a 'b c=d e' f=\"g h\" i\\ j \"k\\\"l\" m='n'o # p q",
                &["a", "b c=d e", "f=g h", "i j", "k\"l", "m=no"],
            ),
            (Quoting::Script, "a 'b c", &["a", "b c"]),
            (Quoting::Script, "a#b \\", &["a#b", ""]),
        ] {
            let read = quoting.words(line).into_iter();
            let read: Vec<String> = read.map(|word| quoting.plain(word)).collect();
            assert_eq!(read, words, "{line}");
        }
        for (word, written) in [
            ("a=redacted", "a=redacted"),
            ("a b=redacted", "\"a b=redacted\""),
            ("a\"b'c\\d", "abcd"),
            ("a;b", "\"a;b\""),
        ] {
            assert_eq!(in_quotes(word), written);
        }
    }
}
