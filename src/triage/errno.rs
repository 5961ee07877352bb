//! Errors of the kernel in all the ways programs write them.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// An error: its name, its number, and what strerror(3) says of it in small letters.
const ERRORS: &[(&str, u32, &str)] = &[
    // Longer phrases before those they contain.
    ("EPERM", 1, "operation not permitted"),
    ("ENOENT", 2, "no such file or directory"),
    ("ESRCH", 3, "no such process"),
    ("EINTR", 4, "interrupted system call"),
    ("EIO", 5, "input/output error"),
    ("ENXIO", 6, "no such device or address"),
    ("E2BIG", 7, "argument list too long"),
    ("EBADF", 9, "bad file descriptor"),
    ("EAGAIN", 11, "resource temporarily unavailable"),
    ("ENOMEM", 12, "cannot allocate memory"),
    ("EACCES", 13, "permission denied"),
    ("EFAULT", 14, "bad address"),
    ("EBUSY", 16, "device or resource busy"),
    ("EEXIST", 17, "file exists"),
    ("ENODEV", 19, "no such device"),
    ("EINVAL", 22, "invalid argument"),
    ("EMFILE", 24, "too many open files"),
    ("ETXTBSY", 26, "text file busy"),
    ("EFBIG", 27, "file too large"),
    ("ENOSPC", 28, "no space left on device"),
    ("ERANGE", 34, "numerical result out of range"),
    ("ENOSYS", 38, "function not implemented"),
    ("ELOOP", 40, "too many levels of symbolic links"),
    ("ENODATA", 61, "no data available"),
    ("EPROTO", 71, "protocol error"),
    (
        "EILSEQ",
        84,
        "invalid or incomplete multibyte or wide character",
    ),
    ("EOPNOTSUPP", 95, "operation not supported"),
    (
        "EAFNOSUPPORT",
        97,
        "address family not supported by protocol",
    ),
    ("EADDRINUSE", 98, "address already in use"),
    ("EADDRNOTAVAIL", 99, "cannot assign requested address"),
    ("ENOBUFS", 105, "no buffer space available"),
    ("ESTALE", 116, "stale file handle"),
    ("ENOTSUPP", 524, "unknown error 524"),
];

/// Other names and phrases for the same.
const OTHERWISE: &[(&str, &str)] = &[
    ("permissiondenied", "EACCES"),
    ("not supported", "EOPNOTSUPP"),
    ("enotsup", "EOPNOTSUPP"),
    ("ewouldblock", "EAGAIN"),
    ("out of memory", "ENOMEM"),
    ("strerror_r(-524)", "ENOTSUPP"),
    ("strerror_r(524)", "ENOTSUPP"),
    ("no such file", "ENOENT"),
];

/// Words in front of a number that make it the number of an error.
const BEFORE_NUMBER: &[&str] = &[
    "errno", "error", "err", "code", "ret", "rc", "returned", "status", "failed", "result",
];

/// Whether a line is one of a manual's table of errors: the name of one, and from a capital on what
/// it is returned for, in more words than strerror(3) has.
pub(super) fn is_explained(line: &str) -> bool {
    let Some((name, sentence)) = line.trim_start().split_once(char::is_whitespace) else {
        return false;
    };
    let mut phrases = ERRORS.iter().filter(|(known, ..)| *known == name);
    let Some((.., phrase)) = phrases.next() else {
        return false;
    };
    let sentence = sentence.trim_start();
    sentence.starts_with(|c: char| c.is_ascii_uppercase())
        && sentence.split_whitespace().count() > 4
        && !sentence.to_ascii_lowercase().starts_with(phrase)
}

/// The error a line speaks of; of several, the last one that is spelt out, as what is inside
/// stands at the end of what wraps it.
pub(super) fn find(line: &str) -> Option<&'static str> {
    let line = line.to_ascii_lowercase();
    let spelt_out = SPELLINGS.as_ref().and_then(|all| all.last(&line));
    spelt_out
        .or_else(|| number(&line))
        .or_else(|| cut_off(&line))
}

/// The words and phrases that spell out an error, in small letters.
pub(super) fn words() -> impl Iterator<Item = String> {
    let spelt = ERRORS
        .iter()
        .flat_map(|(name, _, phrase)| [name.to_ascii_lowercase(), (*phrase).to_owned()]);
    spelt.chain(OTHERWISE.iter().map(|(phrase, _)| (*phrase).to_owned()))
}

/// All ways to spell out an error, looked for at once.
struct Spellings {
    automaton: AhoCorasick,
    /// For each word its error, its rank, and whether it has to stand alone.
    words: Vec<(&'static str, usize, bool)>,
}

static SPELLINGS: LazyLock<Option<Spellings>> = LazyLock::new(Spellings::new);

impl Spellings {
    fn new() -> Option<Self> {
        let mut spelt: Vec<String> = Vec::new();
        let mut words = Vec::new();
        let mut add = |word: &str, name, rank, alone| {
            spelt.push(word.to_ascii_lowercase());
            words.push((name, rank, alone));
        };
        for (word, alone) in SPECIAL {
            add(word, "ENOTSUPP", 0, *alone);
        }
        let mut ranks = 1..;
        for (name, _, phrase) in ERRORS {
            let rank = ranks.next()?;
            add(phrase, name, rank, false);
            add(name, name, rank, true);
        }
        for (phrase, name) in OTHERWISE {
            add(phrase, name, ranks.next()?, false);
        }
        let automaton = AhoCorasick::new(&spelt).ok()?;
        Some(Self { automaton, words })
    }

    /// The error that is spelt out last in a line of small letters; 524 wherever it is, as it has
    /// no phrase of its own and the C library's complaint about it names another one.
    fn last(&self, line: &str) -> Option<&'static str> {
        let mut best: Option<(usize, usize, &'static str)> = None;
        for found in self.automaton.find_overlapping_iter(line) {
            let Some((name, rank, alone)) = self.words.get(found.pattern().as_usize()) else {
                continue;
            };
            if *alone && !stands_alone(line, found.start(), found.end()) {
                continue;
            }
            if *rank == 0 {
                return Some(name);
            }
            // Where two begin at one place, the longer phrase was meant; it stands first.
            let place = found.start();
            let is_later =
                |(at, known, _): (usize, usize, _)| place > at || place == at && *rank < known;
            if best.is_none_or(is_later) {
                best = Some((place, *rank, name));
            }
        }
        best.map(|(.., name)| name)
    }
}

/// Fewer letters of a phrase are not enough.
const BEGINNING: usize = 11;

/// The one error whose phrase a line ends in the middle of, as where it was cut.
fn cut_off(line: &str) -> Option<&'static str> {
    let line = line.trim_end_matches(['.', '…', ' ']).as_bytes();
    let mut found = None;
    for (name, _, phrase) in ERRORS {
        let phrase = phrase.as_bytes();
        // The end of the line is compared only where its last letter is the phrase's.
        let mut lengths = (BEGINNING..phrase.len()).rev();
        let last = line.last();
        if lengths.any(|length| {
            phrase.get(length - 1) == last
                && phrase
                    .get(..length)
                    .is_some_and(|part| line.ends_with(part))
        }) {
            if found.is_some() {
                return None;
            }
            found = Some(*name);
        }
    }
    found
}

/// 524 in all its ways, and whether they are words that have to stand alone.
const SPECIAL: &[(&str, bool)] = &[
    ("enotsupp", true),
    ("error 524", false),
    ("(-524)", false),
    ("errno 524", false),
    ("err -524", false),
    (": -524", false),
];

/// Whether this part of a line is no part of a longer word.
fn stands_alone(line: &str, start: usize, end: usize) -> bool {
    let part_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let bytes = line.as_bytes();
    let before = start.checked_sub(1).and_then(|at| bytes.get(at));
    !before.is_some_and(part_of_word) && !bytes.get(end).is_some_and(part_of_word)
}

/// A number that is written as that of an error: `(-22)`, `: -22`, `errno=22`, `code: 22`,
/// `os error 22`.
fn number(line: &str) -> Option<&'static str> {
    let mut found = None;
    // Where the number before begins, and where it ends.
    let (mut from, mut at) = (0, 0);
    while let Some(rest) = line.get(at..)
        && let Some(start) = rest.bytes().position(|byte| byte.is_ascii_digit())
    {
        let start = at + start;
        let tail = line.get(start..).unwrap_or_default();
        let end = tail.bytes().position(|byte| !byte.is_ascii_digit());
        let (digits, after) = tail.split_at(end.unwrap_or(tail.len()));
        if is_error_number(line.get(from..start).unwrap_or_default(), after)
            && let Some(name) = digits.parse().ok().and_then(name_of)
        {
            found = Some(name);
        }
        (from, at) = (start, start + digits.len());
    }
    found
}

fn is_error_number(before: &str, after: &str) -> bool {
    let decimals = after.strip_prefix('.').unwrap_or_default();
    let part_of_more = |c: char| c.is_ascii_alphabetic() || c == '_';
    if after.starts_with(part_of_more) || decimals.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let negative = before.ends_with('-');
    let before = before.trim_end_matches('-');
    // aya's way to say that a call answered -1, as all calls do that fail.
    if negative && before.ends_with("with code ") {
        return false;
    }
    if negative && (before.ends_with(['(', '=', ':', ' ']) || before.is_empty()) {
        let ends = after.is_empty() || after.starts_with([')', ',', '.', ' ', ';', ':', '"', '\'']);
        return ends;
    }
    let word = before.trim_end_matches([' ', '=', ':', '(', '#']);
    word.len() < before.len() && BEFORE_NUMBER.iter().any(|known| word.ends_with(known))
}

fn name_of(number: u32) -> Option<&'static str> {
    let mut errors = ERRORS.iter();
    errors.find_map(|(name, known, _)| (*known == number).then_some(*name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manuals_table_is_told_from_an_error() {
        for (line, wanted) in [
            (
                "EPERM  The call was made without sufficient rights (without",
                true,
            ),
            (
                "       E2BIG  A map has its most entries (max_entries) now",
                true,
            ),
            ("EPERM Operation not permitted: load of x failed", false),
            ("EPERM (Operation not permitted)", false),
            ("ERROR The program is too large for this kernel", false),
            ("EPERM while the map was created by root", false),
        ] {
            assert_eq!(is_explained(line), wanted, "{line}");
        }
    }

    #[test]
    fn every_spelling_is_the_same_error() {
        let rows = [
            (
                "map 'x': failed to create: Invalid argument(-22)",
                Some("EINVAL"),
            ),
            ("map 'x': failed to create: -EINVAL", Some("EINVAL")),
            ("prog 'x': failed to load: -22", Some("EINVAL")),
            (
                "failed: Os { code: 22, kind: InvalidInput }",
                Some("EINVAL"),
            ),
            ("Invalid argument (os error 22)", Some("EINVAL")),
            ("bpf() failed, errno=1", Some("EPERM")),
            (
                "bpf(BPF_MAP_CREATE, {...}, 72) = -1 EPERM (Operation not permitted)",
                Some("EPERM"),
            ),
            ("ERROR: strerror_r(-524)=22(-524)", Some("ENOTSUPP")),
            ("failed to attach: Unknown error 524", Some("ENOTSUPP")),
            ("errno 524", Some("ENOTSUPP")),
            ("creating x: operation not supp", Some("EOPNOTSUPP")),
            ("creating x: no such dev", None),
            ("EPERM, then: No such device or address", Some("ENXIO")),
            ("xEPERM, EPERM_x", None),
            ("ENOENT, last EPERM", Some("EPERM")),
            ("22 errors, ret=-7 of 9", Some("E2BIG")),
            (
                "map create: operation not permitted (MEMLOCK may be too low)",
                Some("EPERM"),
            ),
            ("Couldn't open: No such device or address", Some("ENXIO")),
            (
                "Error loading .BTF into kernel: -22. BTF is optional",
                Some("EINVAL"),
            ),
            ("failed to create map `x` with code -1", None),
            ("Error: failed to attach program", None),
            ("processed 22 insns in 13 usec, prog 7", None),
            ("listening on port 22, version 1.5.22", None),
        ];
        for (line, name) in rows {
            assert_eq!(find(line), name, "{line}");
        }
    }
}
