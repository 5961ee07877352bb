//! Secrets: values of arguments whose names promise one, and words that are one by their looks.

use super::REDACTED;
use super::words::{OPTION_SECRETS, PROSE, SECRETS, SHORT_SECRETS, TOKENS};

/// Values of arguments whose names promise a secret, and what stands before the `@` of an
/// address.
fn arguments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['=', '@']) {
        let (before, found) = rest.split_at(at);
        let behind = found.get(1..).unwrap_or_default();
        out.push_str(before);
        rest = behind;
        if found.starts_with('@') {
            let word = out.rfind(char::is_whitespace).map_or(0, |at| at + 1);
            if let Some(scheme) = out.get(word..).and_then(|word| word.find("://")) {
                out.truncate(word + scheme + 3);
                out.push_str(REDACTED);
            } else if let Some(value) = out.get(word..).and_then(|word| word.find('=')) {
                // netroot=iscsi:user:password@address
                let value = word + value + 1;
                if out.get(value..).is_some_and(|value| value.contains(':')) {
                    out.truncate(value);
                    out.push_str(REDACTED);
                }
            }
            out.push('@');
            continue;
        }
        out.push('=');
        let name = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
        let name = before
            .rsplit(name)
            .next()
            .unwrap_or_default()
            .to_lowercase();
        let is_secret = SECRETS.iter().any(|secret| name.contains(secret))
            || SHORT_SECRETS.contains(&name.as_str());
        if is_secret {
            let end = match behind.strip_prefix('"') {
                Some(quoted) => quoted.find('"').map(|at| at + 2),
                None => behind.find(|c: char| c.is_whitespace() || matches!(c, '"' | ',')),
            };
            out.push_str(REDACTED);
            rest = behind
                .get(end.unwrap_or(behind.len())..)
                .unwrap_or_default();
        }
    }
    out + rest
}

/// The text without secrets, and without what stands before the `@` of an address.
pub(super) fn secrets(text: &str) -> String {
    let text = arguments(text);
    let blank = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ';');
    let mut out = String::with_capacity(text.len());
    // What the word before promises of the next one.
    let mut promised = Promise::Nothing;
    for piece in text.split_inclusive(blank) {
        let word = piece.trim_end_matches(blank);
        let rest = piece.get(word.len()..).unwrap_or_default();
        if word.is_empty() {
            out.push_str(piece);
            continue;
        }
        let is_value = match promised {
            Promise::Nothing => false,
            Promise::Secret => !word.starts_with('-'),
            Promise::Perhaps => !PROSE.contains(&word.to_lowercase().as_str()),
        };
        let next = promise(word, promised);
        // `Authorization: Bearer x`: the kind of the secret is none.
        let is_kind = next == Promise::Secret;
        if (is_value && !is_kind) || looks_secret(word) {
            out.push_str(REDACTED);
        } else {
            out.push_str(word);
        }
        out.push_str(rest);
        promised = next;
    }
    out
}

/// Whether a word is followed by a secret, in a line of arguments.
pub(super) fn promises(word: &str) -> bool {
    promise(word, Promise::Nothing) != Promise::Nothing
}

/// What a word says of the one behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Promise {
    Nothing,
    /// It is a secret.
    Secret,
    /// It is one, unless this is a sentence.
    Perhaps,
}

fn promise(word: &str, before: Promise) -> Promise {
    let lower = word.to_lowercase();
    let name = lower.trim_start_matches('-').trim_end_matches(':');
    let named = |words: &[&str]| {
        let last = name.rsplit(['-', '_', '.']).next().unwrap_or_default();
        words.contains(&name) || words.contains(&last)
    };
    if lower.contains(REDACTED) || lower.contains('=') {
        return Promise::Nothing;
    }
    let is_option = lower.starts_with("--") || (lower.starts_with('-') && name.len() > 2);
    match () {
        () if matches!(name, "bearer" | "basic") && (before != Promise::Nothing) => Promise::Secret,
        () if name == "bearer" || name == "authorization" && lower.ends_with(':') => {
            Promise::Secret
        }
        () if is_option && (named(OPTION_SECRETS) || named(SHORT_SECRETS)) => Promise::Secret,
        () if OPTION_SECRETS.contains(&name) && !word.contains('/') => Promise::Perhaps,
        () => Promise::Nothing,
    }
}

/// Keys of clouds and services, which begin the same everywhere; and the three parts of a token
/// as Kubernetes has them.
fn looks_secret(word: &str) -> bool {
    let key = |begin: &str| {
        let rest = word.strip_prefix(begin).unwrap_or_default();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        rest.len() >= 14 && rest.chars().all(plain)
    };
    let is_jwt = word.starts_with("eyJ") && word.len() >= 20 && word.matches('.').count() == 2;
    is_jwt || TOKENS.iter().any(|begin| key(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_behind_a_blank_are_none_any_more() {
        for (text, expected) in [
            ("--password hunter2 x", "--password redacted x"),
            (
                "run --db-password 'hunter2' x",
                "run --db-password 'redacted' x",
            ),
            ("password hunter2", "password redacted"),
            ("Password: hunter2", "Password: redacted"),
            (
                "-H 'Authorization: Bearer hunter2'",
                "-H 'Authorization: Bearer redacted'",
            ),
            (
                "Authorization: Basic hunter2=",
                "Authorization: Basic redacted",
            ),
            (
                "--token eyJhbGciOi.eyJpc3MiOi.c2lnbmF0dXJl",
                "--token redacted",
            ),
            ("x AKIAIOSFODNN7EXAMPLE y", "x redacted y"),
            ("x ghp_abcdefghijklmnopqrst y", "x redacted y"),
            ("a eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOi.c2ln b", "a redacted b"),
            // Sentences, and words of the verifier.
            ("the password is wrong", "the password is wrong"),
            ("map key size 4, key 7", "map key size 4, key 7"),
            ("--token --verbose", "--token --verbose"),
            ("invalid token in line 3", "invalid token in line 3"),
            ("no secret", "no secret"),
        ] {
            assert_eq!(secrets(text), expected);
        }
    }
}
