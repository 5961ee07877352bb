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
    /// The values a fact can have, or the items of its list, where they are few.
    pub values_of: fn(&str) -> Option<&'static [&'static str]>,
    /// The names a fact's value, or the items of its list, are chosen from, where a host may have
    /// others and a checks file hardly means one.
    pub names_of: fn(&str) -> Option<&'static [&'static str]>,
    /// The stages at which a probe can fail; any, if there are none.
    pub stages: fn() -> Vec<String>,
    /// The names of the errors a probe can fail with; any, if there are none.
    pub errnos: fn() -> Vec<String>,
}

impl Vocabulary {
    /// Any fact with any value; no probe.
    pub const OPEN: Self = Self {
        is_fact: |_| true,
        nearest_fact: |_| None,
        probes: Vec::new,
        values_of: |_| None,
        names_of: |_| None,
        stages: Vec::new,
        errnos: Vec::new,
    };
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

/// Whether a file is read whose words are held against a vocabulary; what was looked at before
/// is read without.
pub(super) fn is_in_force() -> bool {
    CURRENT.with_borrow(Option::is_some)
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

/// The values this fact can have, where they are few.
pub(super) fn values_of(key: &str) -> Option<&'static [&'static str]> {
    let words = CURRENT.with_borrow(|current| *current)?;
    (words.values_of)(key)
}

/// Complains about a value that this fact, or an item that its list, never has.
pub(super) fn check_value(key: &str, kind: &str, value: &str) -> Result<(), String> {
    let words = CURRENT.with_borrow(|current| *current);
    let names = words.and_then(|words| (words.names_of)(key));
    match values_of(key).or(names) {
        Some(known) => one_of(kind, value, known),
        None => Ok(()),
    }
}

/// Complains about a stage that no probe has.
pub(super) fn check_stage(stage: &str) -> Result<(), String> {
    let words = CURRENT.with_borrow(|current| *current);
    let stages = words.map(|words| (words.stages)()).unwrap_or_default();
    let stages: Vec<&str> = stages.iter().map(String::as_str).collect();
    if stages.is_empty() {
        return Ok(());
    }
    one_of("stage", stage, &stages)
}

/// Complains about an error that no system call fails with.
pub(super) fn check_errno(errno: &str) -> Result<(), String> {
    let words = CURRENT.with_borrow(|current| *current);
    let errnos = words.map(|words| (words.errnos)()).unwrap_or_default();
    if errnos.is_empty() || errnos.iter().any(|known| known == errno) {
        return Ok(());
    }
    let hint = nearest(errno, errnos.iter().map(String::as_str));
    Err(unknown_word("errno", errno, hint))
}

/// Complains about placeholders that no fact fills.
pub(super) fn check_placeholders(text: &str) -> Result<(), String> {
    for piece in text.split("{{").skip(1) {
        let Some((key, _)) = piece.split_once("}}") else {
            return Err(format!("`{{{{` without `}}}}` in `{text}`"));
        };
        check_fact(key.trim())?;
    }
    Ok(())
}

/// Complains about a word that is none of these.
fn one_of(kind: &str, word: &str, known: &[&str]) -> Result<(), String> {
    if known.contains(&word) {
        return Ok(());
    }
    match nearest(word, known.iter().copied()) {
        Some(hint) => Err(unknown_word(kind, word, Some(hint))),
        None if known.len() <= 16 => Err(format!(
            "unknown {kind} `{word}`, it is one of: {}",
            known.join(", ")
        )),
        None => Err(unknown_word(kind, word, None)),
    }
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
