//! Patterns of symptoms, and the words a log is searched for before a pattern is tried.

use std::fmt;
use std::sync::OnceLock;

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::vocabulary;

/// A word of fewer bytes stands in every second line.
const SHORTEST: usize = 3;
/// A pattern that could begin with so many words would be tried at every line.
const MOST: usize = 64;

/// A regular expression over one line of a log; capitals and small letters are the same.
#[derive(Clone, Serialize)]
#[serde(into = "String")]
pub struct Pattern {
    source: String,
    sought: OnceLock<Sought>,
}

/// What a log is searched for before a pattern is tried.
#[derive(Debug, Clone, Default)]
struct Sought {
    words: Vec<String>,
    gates: Vec<Vec<String>>,
}

impl Pattern {
    /// The expression as it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Words in small letters of which a line that matches has at least one.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.sought().words
    }

    /// More sets of words in small letters: of each of them a line that matches has at least one.
    #[must_use]
    pub fn gates(&self) -> &[Vec<String>] {
        &self.sought().gates
    }

    /// Taking an expression apart takes longer than reading it, and only logs ask for its words.
    fn sought(&self) -> &Sought {
        let sought = || Sought::of(&self.source).unwrap_or_default();
        self.sought.get_or_init(sought)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.source, f)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Pattern {}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.source
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(source: String) -> Result<Self, String> {
        let sought = Sought::of(&source)?.into();
        Ok(Self { source, sought })
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let source = String::deserialize(deserializer)?;
        if vocabulary::is_in_force() {
            return Self::try_from(source).map_err(D::Error::custom);
        }
        let sought = OnceLock::new();
        Ok(Self { source, sought })
    }
}

impl Sought {
    fn of(source: &str) -> Result<Self, String> {
        let mut parser = ParserBuilder::new().unicode(false).utf8(false).build();
        let hir = parser
            .parse(source)
            .map_err(|error| format!("`{source}` is no regular expression: {}", short(&error)))?;
        let mut words = words(&hir).unwrap_or_default();
        words.sort();
        words.dedup();
        let weak = |word: &String| word.len() < SHORTEST;
        if words.is_empty() || words.iter().any(weak) || words.len() > MOST {
            return Err(format!(
                "`{source}` has no word of at least {SHORTEST} letters by which a log could be \
                 searched for it"
            ));
        }
        let gates = gates(&hir, &words);
        Ok(Self { words, gates })
    }
}

/// The last line of the parser's message says what is wrong, the others draw a picture.
fn short(error: &regex_syntax::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}

/// Words of which every match has at least one; none, if there are no such words.
fn words(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Literal(literal) => longest_piece(&literal.0).map(|word| vec![word]),
        HirKind::Capture(group) => words(&group.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => words(&repetition.sub),
        HirKind::Concat(parts) => {
            let sets = parts.iter().filter_map(words);
            let worth = |set: &Vec<String>| {
                let shortest = set.iter().map(String::len).min().unwrap_or_default();
                (shortest.min(16), std::cmp::Reverse(set.len()), shortest)
            };
            sets.max_by_key(worth)
        }
        HirKind::Alternation(parts) => {
            let sets: Option<Vec<Vec<String>>> = parts.iter().map(words).collect();
            Some(sets?.concat())
        }
        _ => None,
    }
}

/// The sets of words of the parts that follow one another, but for the one that is looked for
/// and those that say little.
fn gates(hir: &Hir, chosen: &[String]) -> Vec<Vec<String>> {
    let parts = match hir.kind() {
        HirKind::Concat(parts) => parts.as_slice(),
        HirKind::Capture(group) => return gates(&group.sub, chosen),
        _ => return Vec::new(),
    };
    let sets = parts.iter().filter_map(words).filter_map(|mut set| {
        set.sort();
        set.dedup();
        let weak = set.iter().any(|word| word.len() < SHORTEST);
        (!set.is_empty() && !weak && set.len() <= MOST && set != chosen).then_some(set)
    });
    sets.collect()
}

/// The longest part without what an encoding (JSON, say) writes differently.
fn longest_piece(literal: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(literal).ok()?;
    let differs = |c: char| c.is_control() || !c.is_ascii() || "\"'\\/<>&".contains(c);
    let pieces = text.split(differs);
    let longest = pieces.max_by_key(|piece| piece.len())?;
    (!longest.is_empty()).then(|| longest.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_a_match_must_have() {
        let rows: [(&str, &[&str]); 6] = [
            (
                r"R\d+ invalid mem access '(inv|scalar)'",
                &[" invalid mem access "],
            ),
            ("(?:load|attach)ing failed", &["ing failed"]),
            (
                "cannot (?:load program|attach kprobe)",
                &["attach kprobe", "load program"],
            ),
            (r#""map \"x\" is gone""#, &[" is gone"]),
            ("(?:long enough )?also required", &["also required"]),
            ("Fails HERE.*", &["fails here"]),
        ];
        for (pattern, expected) in rows {
            let pattern = Pattern::try_from(pattern.to_owned()).unwrap();
            assert_eq!(pattern.words(), expected, "{}", pattern.source());
        }
    }

    #[test]
    fn gates_are_what_else_a_match_must_have() {
        let rows: [(&str, &[&[&str]]); 3] = [
            (
                "(?:invalid|bad) (?:map )?(?:key|value) size",
                &[&["bad", "invalid"], &["key", "value"]],
            ),
            ("load(?:ing)? .{0,9}failed badly", &[&["load"]]),
            ("one word alone", &[]),
        ];
        for (source, expected) in rows {
            let pattern = Pattern::try_from(source.to_owned()).unwrap();
            assert_eq!(pattern.gates(), expected, "{source}");
        }
    }

    #[test]
    fn patterns_that_would_be_tried_everywhere_are_refused() {
        for pattern in [".*", r"R\d+", "abc|(unclosed", "", "good word|x"] {
            let refused = Pattern::try_from(pattern.to_owned()).unwrap_err();
            assert!(refused.starts_with(&format!("`{pattern}`")), "{refused}");
        }
    }
}
