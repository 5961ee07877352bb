//! Errors of the kernel in all the ways programs write them.

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
    if let Some(name) = special(&line) {
        return Some(name);
    }
    let named = ERRORS.iter().filter_map(|(name, _, phrase)| {
        let by_phrase = line.rfind(phrase);
        let by_name = last_word(&line, &name.to_ascii_lowercase());
        Some((by_phrase.max(by_name)?, *name))
    });
    let other = OTHERWISE
        .iter()
        .filter_map(|(phrase, name)| Some((line.rfind(phrase)?, *name)));
    // Where two begin at one place, the longer phrase was meant; it stands first.
    let mut best: Option<(usize, &'static str)> = None;
    for (place, name) in named.chain(other) {
        if best.is_none_or(|(at, _)| place > at) {
            best = Some((place, name));
        }
    }
    best.map(|(_, name)| name)
        .or_else(|| number(&line))
        .or_else(|| cut_off(&line))
}

/// Fewer letters of a phrase are not enough.
const BEGINNING: usize = 11;

/// The one error whose phrase a line ends in the middle of, as where it was cut.
fn cut_off(line: &str) -> Option<&'static str> {
    let line = line.trim_end_matches(['.', '…', ' ']);
    let mut found = None;
    for (name, _, phrase) in ERRORS {
        let lengths = BEGINNING..phrase.len();
        let mut beginnings = lengths.filter_map(|length| phrase.get(..length));
        if beginnings.any(|beginning| line.ends_with(beginning)) {
            if found.is_some() {
                return None;
            }
            found = Some(*name);
        }
    }
    found
}

/// 524 has no phrase of its own, and the C library's complaint about it names another one.
fn special(line: &str) -> Option<&'static str> {
    let words = [
        "enotsupp",
        "error 524",
        "(-524)",
        "errno 524",
        "err -524",
        ": -524",
    ];
    let found = words.iter().any(|word| match *word {
        "enotsupp" => last_word(line, word).is_some(),
        word => line.contains(word),
    });
    found.then_some("ENOTSUPP")
}

/// The last place where `word` stands alone.
fn last_word(line: &str, word: &str) -> Option<usize> {
    let part_of_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = line.rmatch_indices(word);
    let alone = found.find(|(place, _)| {
        let (before, after) = (line.get(..*place), line.get(place + word.len()..));
        !before.unwrap_or_default().ends_with(part_of_word)
            && !after.unwrap_or_default().starts_with(part_of_word)
    });
    alone.map(|(place, _)| place)
}

/// A number that is written as that of an error: `(-22)`, `: -22`, `errno=22`, `code: 22`,
/// `os error 22`.
fn number(line: &str) -> Option<&'static str> {
    let mut found = None;
    let mut rest = line;
    let mut before = String::new();
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (head, tail) = rest.split_at(start);
        before.push_str(head);
        let end = tail.find(|c: char| !c.is_ascii_digit());
        let (digits, after) = tail.split_at(end.unwrap_or(tail.len()));
        if is_error_number(&before, after)
            && let Some(name) = digits.parse().ok().and_then(name_of)
        {
            found = Some(name);
        }
        before.clear();
        before.push_str(digits);
        rest = after;
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
