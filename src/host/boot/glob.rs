//! Patterns of names, as systemd-boot has them: `*` is any text, `?` a character, `[a-c1]` one of a
//! set, and a backslash takes the meaning from what follows. Capitals are small letters.

/// A pattern that was read.
pub(super) struct Pattern(Option<Vec<Token>>);

enum Token {
    Any,
    One,
    /// A character between two.
    Of(Vec<(char, char)>),
}

impl Token {
    fn fits(&self, c: char) -> bool {
        match self {
            Self::Any => false,
            Self::One => true,
            Self::Of(ranges) => ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)),
        }
    }
}

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        Self(tokens(&text.to_lowercase()))
    }

    /// Whether a name fits. A pattern that ends within a set fits nothing.
    pub(super) fn fits(&self, name: &str) -> bool {
        let Some(tokens) = &self.0 else {
            return false;
        };
        let name: Vec<char> = name.to_lowercase().chars().collect();
        let (mut at, mut of) = (0, 0);
        let mut retry = None;
        while let Some(c) = name.get(of) {
            match tokens.get(at) {
                Some(Token::Any) => {
                    retry = Some((at, of));
                    at += 1;
                }
                Some(token) if token.fits(*c) => {
                    at += 1;
                    of += 1;
                }
                _ => match retry {
                    Some((star, from)) => {
                        retry = Some((star, from + 1));
                        at = star + 1;
                        of = from + 1;
                    }
                    None => return false,
                },
            }
        }
        tokens
            .get(at..)
            .is_some_and(|rest| rest.iter().all(|token| matches!(token, Token::Any)))
    }
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        tokens.push(match c {
            '*' => Token::Any,
            '?' => Token::One,
            '[' => Token::Of(set(&mut chars)?),
            '\\' => {
                let c = chars.next()?;
                Token::Of(vec![(c, c)])
            }
            c => Token::Of(vec![(c, c)]),
        });
    }
    Some(tokens)
}

/// What stands up to the bracket that closes a set; one that comes first is of the set, and a dash
/// that comes first or last, too.
fn set(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Vec<(char, char)>> {
    let mut ranges: Vec<(char, char)> = Vec::new();
    let mut may_go_on = false;
    loop {
        let c = chars.next()?;
        match c {
            ']' if !ranges.is_empty() => return Some(ranges),
            '-' if may_go_on && chars.peek().is_some_and(|next| *next != ']') => {
                let high = match chars.next()? {
                    '\\' => chars.next()?,
                    high => high,
                };
                if let Some(range) = ranges.last_mut() {
                    range.1 = high;
                }
                may_go_on = false;
            }
            c => {
                let c = if c == '\\' { chars.next()? } else { c };
                ranges.push((c, c));
                may_go_on = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_have_stars_and_sets() {
        for (pattern, name, fits) in [
            ("*", "a.conf", true),
            ("a.conf", "A.conf", true),
            ("fedora", "fedora-6", false),
            ("a*", "b", false),
            ("*-6.1*.conf", "1f-6.1.0.conf", true),
            ("*-6.1*x", "1f-6.1.0.conf", false),
            ("*-6.1?", "x-6.12", true),
            ("*a*b", "xaybzb", true),
            ("*a*b", "xaybz", false),
            ("", "", true),
            ("", "a", false),
            ("l-6.9.[1]*", "l-6.9.1.conf", true),
            ("l-6.9.[1]*", "l-6.9.2.conf", false),
            ("l-6.9.[0-12]", "l-6.9.2", true),
            ("x[a-c-]", "x-", true),
            ("x[]a]", "x]", true),
            ("x[\\]]", "x]", true),
            ("x\\*", "x*", true),
            ("x\\*", "xy", false),
            ("x[a", "xa", false),
            ("x\\", "x", false),
        ] {
            assert_eq!(Pattern::new(pattern).fits(name), fits, "{pattern} {name}");
        }
    }
}
