//! The words a checks file may use for facts and probes.

use std::cell::RefCell;

/// What a checks file may refer to: told by whoever knows facts and probes.
#[derive(Debug, Clone, Copy)]
pub struct Vocabulary {
    /// Whether a fact of this key can be collected.
    pub is_fact: fn(&str) -> bool,
    /// The nearest fact key to a wrong one.
    pub nearest_fact: fn(&str) -> Option<String>,
    /// The ids of all probes.
    pub probes: fn() -> Vec<&'static str>,
}

thread_local! {
    // serde hands no context to `Deserialize`, and only an error raised inside it carries
    // the line it arose on: so the words wait here while a checks file is being read.
    static CURRENT: RefCell<Option<Vocabulary>> = const { RefCell::new(None) };
}

/// Runs `read` with these words in force on this thread.
pub(super) fn speaking<T>(vocabulary: Vocabulary, read: impl FnOnce() -> T) -> T {
    let before = CURRENT.replace(Some(vocabulary));
    let result = read();
    CURRENT.replace(before);
    result
}

/// Complains about a fact key that nothing collects.
pub(super) fn check_fact(key: &str) -> Result<(), String> {
    let Some(words) = CURRENT.with_borrow(|current| *current) else {
        return Ok(());
    };
    if (words.is_fact)(key) {
        return Ok(());
    }
    let hint = (words.nearest_fact)(key);
    Err(unknown_word("fact", key, hint.as_deref()))
}

/// Complains about a probe that does not exist.
pub(super) fn check_probe(id: &str) -> Result<(), String> {
    let Some(words) = CURRENT.with_borrow(|current| *current) else {
        return Ok(());
    };
    let probes = (words.probes)();
    if probes.contains(&id) {
        return Ok(());
    }
    Err(unknown_word("probe", id, nearest(id, probes.into_iter())))
}

/// `unknown KIND `WORD`, did you mean …`.
pub(super) fn unknown_word(kind: &str, word: &str, hint: Option<&str>) -> String {
    match hint {
        Some(hint) => format!("unknown {kind} `{word}`, did you mean `{hint}`?"),
        None => format!("unknown {kind} `{word}`"),
    }
}

/// The candidate that differs least from `word`, if it is near enough to be meant.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = candidates.map(|candidate| (strsim::jaro_winkler(word, candidate), candidate));
    scored
        .filter(|(score, _)| *score > 0.75)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, candidate)| candidate)
}
