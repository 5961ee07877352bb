//! Whether the symptoms of a catalogue find what their examples show.

use super::candidate::weight;
use super::found::{Hit, Reading};
use super::known::KnownHost;
use super::lacks::{Lack, OWN_WORDS, UNMISTAKABLE, lacks};
use super::reading::Searcher;
use super::weigh::LEAST;
use crate::catalogue::{Catalogue, Check, Level, Offence, Symptom, Vocabulary, places};

/// [`faults`] of one checks file, at the entries they are about. What parsing refuses has none:
/// [`crate::catalogue::lint`] tells it.
#[must_use]
pub fn lint(base: &Catalogue, name: &str, bytes: &[u8], vocabulary: Vocabulary) -> Vec<Offence> {
    // Checks and profiles of the file may lean on those of the base.
    let mut joined = base.clone();
    if joined.extend_bytes(name, bytes, vocabulary).is_err() {
        return Vec::new();
    }
    let places = places(bytes);
    // What the file has as the base has it is no fault of the file.
    let old = |check: &Check| {
        let old = base.check(&check.id);
        old.is_some_and(|old| format!("{old:?}") == format!("{check:?}"))
    };
    joined
        .checks
        .retain(|check| places.contains_key(&check.id) && !old(check));
    let own = base.noise.len();
    let offence = |fault: Fault| Offence {
        file: name.to_owned(),
        line: places.get(&fault.entry).copied().unwrap_or(0),
        entry: fault.entry,
        level: fault.level,
        message: fault.message,
    };
    found(&joined, own).into_iter().map(offence).collect()
}

/// What is wrong with symptoms and noise: an example that the symptom itself, or its check,
/// is not found in.
#[must_use]
pub fn faults(catalogue: &Catalogue) -> Vec<String> {
    let faults = found(catalogue, 0).into_iter();
    let errors = faults.filter(|fault| fault.level == Level::Error);
    let told = |fault: Fault| match fault.entry.as_str() {
        "" => fault.message,
        entry => format!("`{entry}`: {}", fault.message),
    };
    errors.map(told).collect()
}

struct Fault {
    /// The id of its check; none of noise.
    entry: String,
    level: Level,
    message: String,
}

/// What is wrong with the symptoms of the checks, and with noise from the one at `own` on. Long
/// files are looked through by as many threads as there are processors.
fn found(catalogue: &Catalogue, own: usize) -> Vec<Fault> {
    let parts: Vec<&[Check]> = catalogue.checks.chunks(TOGETHER).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = parts.len().div_ceil(threads).max(1);
    let of_share = |share: &[&[Check]]| -> Vec<Fault> {
        let parts = share.iter();
        parts.flat_map(|part| of_checks(catalogue, part)).collect()
    };
    let mut faults: Vec<Fault> = std::thread::scope(|scope| {
        let shares = parts.chunks(share);
        let at_work: Vec<_> = shares
            .map(|share| scope.spawn(move || of_share(share)))
            .collect();
        let done = at_work.into_iter().flat_map(|thread| match thread.join() {
            Ok(faults) => faults,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        done.collect()
    });
    let alone = Catalogue {
        noise: catalogue.noise.get(own..).unwrap_or_default().to_vec(),
        ..Catalogue::default()
    };
    let searcher = Searcher::new(&alone);
    for (index, noise) in alone.noise.iter().enumerate() {
        for example in &noise.examples {
            let harmless = read(&searcher, example).harmless;
            if !harmless.iter().any(|found| found.noise == index) {
                faults.push(Fault {
                    entry: String::new(),
                    level: Level::Error,
                    message: format!("noise {} is not found in `{example}`", index + 1),
                });
            }
        }
    }
    faults
}

/// What is wrong with the symptoms of these checks.
fn of_checks(catalogue: &Catalogue, checks: &[Check]) -> Vec<Fault> {
    let some = Catalogue {
        noise: catalogue.noise.clone(),
        checks: checks.to_vec(),
        ..Catalogue::default()
    };
    let searcher = Searcher::new(&some);
    let mut faults = Vec::new();
    for (place, check) in checks.iter().enumerate() {
        for (index, symptom) in check.symptoms.iter().enumerate() {
            let told = of_symptom(&some, &searcher, (place, index), symptom);
            faults.extend(told.into_iter().map(|(level, message)| Fault {
                entry: check.id.clone(),
                level,
                message: format!("symptom {} {message}", index + 1),
            }));
        }
    }
    faults
}

/// So many checks are looked for at once: few, so that a line that has the words of all of
/// them is not held against all the checks of a file for each of its examples.
const TOGETHER: usize = 64;

fn read(searcher: &Searcher<'_>, example: &str) -> Reading {
    let reading = searcher.read(&mut example.as_bytes(), u64::MAX);
    reading.unwrap_or_default()
}

/// What keeps a symptom from counting in one of its examples, as [`super::explain`] judges.
enum Miss {
    /// It is told in none of the logs that have such a line.
    Never(String),
    /// It is told where another line is about eBPF.
    Alone,
}

/// Why nothing would be told for a hit in an example; nothing, where something would.
fn missed(
    catalogue: &Catalogue,
    reading: &Reading,
    hit: &Hit,
    symptom: &Symptom,
    host: &KnownHost,
) -> Option<Miss> {
    if hit.aside {
        let why = ": the line only names a setting or a command, or the verifier says it before it \
                   comes to the program, which is no failure; show one that tells of it";
        return Some(Miss::Never(why.to_owned()));
    }
    match lacks(reading, hit, symptom) {
        Some(Lack::Without(pattern)) => {
            let why = format!(": it has `{pattern}`, which `without` rules out");
            return Some(Miss::Never(why));
        }
        Some(Lack::Loader) => {
            return Some(Miss::Never(": it has no words of its `loader`".to_owned()));
        }
        Some(Lack::Subject) => return Some(Miss::Alone),
        // One of the examples shows the other line.
        Some(Lack::Also) => return None,
        None => {}
    }
    let weight = weight(catalogue, reading, host, hit, symptom)?;
    (weight < LEAST).then(|| {
        let why = format!(": it weighs {weight} there, and below {LEAST} nothing is told");
        Miss::Never(why)
    })
}

/// What is wrong with the examples of one symptom.
fn of_symptom(
    catalogue: &Catalogue,
    searcher: &Searcher<'_>,
    place: (usize, usize),
    symptom: &Symptom,
) -> Vec<(Level, String)> {
    let mut faults = Vec::new();
    let mut shown = symptom.also.is_none();
    let host = KnownHost::none();
    let mut alone = Vec::new();
    for example in &symptom.examples {
        let reading = read(searcher, example);
        shown |= reading.also.contains(&place);
        let hits = reading.hits.iter();
        let mut hits = hits.filter(|hit| (hit.check, hit.symptom) == place);
        let first = hits.next();
        let judged = |hit| missed(catalogue, &reading, hit, symptom, &host);
        let missing = match first.map(judged) {
            None => String::new(),
            Some(None) => continue,
            Some(_) if hits.any(|hit| judged(hit).is_none()) => continue,
            Some(Some(Miss::Alone)) => {
                alone.push(example);
                continue;
            }
            Some(Some(Miss::Never(why))) => why,
        };
        faults.push((
            Level::Error,
            format!("is not found in `{example}`{missing}"),
        ));
    }
    if let [example, ..] = alone.as_slice()
        && alone.len() == symptom.examples.len()
    {
        let message = alone_in(symptom, example);
        faults.push((Level::Advice, message));
    }
    faults.extend(common(symptom));
    if let Some(also) = symptom.also.as_ref().filter(|_| !shown) {
        let message = format!(
            "asks for another line with `{}` in the log (`also`), which none of its examples \
             has: show both lines in one",
            also.source()
        );
        faults.push((Level::Error, message));
    }
    faults
}

/// Words that stand in the logs of all programs.
const COMMON: &[&str] = &[
    "abort",
    "aborted",
    "bad",
    "cannot",
    "could not",
    "crash",
    "denied",
    "errno",
    "error",
    "errors",
    "exception",
    "exit",
    "failed",
    "failed to load",
    "failure",
    "fails",
    "fatal",
    "invalid",
    "invalid argument",
    "missing",
    "no such file",
    "no such file or directory",
    "not found",
    "not supported",
    "operation not permitted",
    "operation not supported",
    "panic",
    "permission denied",
    "refused",
    "timeout",
    "unable",
    "unable to",
    "unknown",
    "unsupported",
    "warn",
    "warning",
];

/// A text that any failure has, and that nothing else narrows.
fn common(symptom: &Symptom) -> Option<(Level, String)> {
    let text = symptom.text.as_ref()?.source();
    let bare = text.trim_matches(|c: char| "^$():. ".contains(c));
    let bare = bare.replace("\\b", "").to_lowercase();
    let is_narrow = !symptom.event.is_empty() || symptom.also.is_some();
    (!is_narrow && COMMON.contains(&bare.as_str())).then(|| {
        let message = format!(
            "looks for `{text}`, which stands in the log of any failure: look for words that this \
             one alone has, or ask for an `event` or another line (`also`) as well"
        );
        (Level::Advice, message)
    })
}

/// What is said of a symptom that no example of which is found without another line of eBPF.
fn alone_in(symptom: &Symptom, example: &str) -> String {
    let why = match symptom.verifier {
        Some(_) => "what the verifier says counts there where it speaks of a register, or is in \
                    words of code and weighs 94 or more, or weighs 99"
            .to_owned(),
        None if symptom.weight < UNMISTAKABLE => format!(
            "below {UNMISTAKABLE} its weight counts for nothing there; {OWN_WORDS} and more says \
             that the words are this failure's alone"
        ),
        None => format!(
            "plain English counts for nothing there below {OWN_WORDS}, which says that the words \
             are this failure's alone"
        ),
    };
    format!(
        "is found in `{example}` only where another line of the log is about eBPF: {why}; or show \
         such a line in an example"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "
areas: [{id: a, title: A}]
checks:
  - id: some-failure
    area: a
    kind: program
    severity: error
    title: T
    why: W.
    causes: [{because: B.}]
    symptoms:
      - {text: 'map create failed', weight: 95, examples: ['map create failed', 'program load failed']}
";

    #[test]
    fn an_example_without_its_symptom_is_an_error_at_its_entry() {
        let base = Catalogue::default();
        let offences = lint(&base, "mine.yaml", FILE.as_bytes(), Vocabulary::OPEN);
        let [one] = offences.as_slice() else {
            panic!("{offences:?}");
        };
        assert_eq!((one.line, one.level), (4, Level::Error));
        assert_eq!(one.entry, "some-failure");
        assert!(one.message.contains("`program load failed`"), "{one:?}");
        let right = FILE.replace(", 'program load failed'", "");
        assert_eq!(
            lint(&base, "mine.yaml", right.as_bytes(), Vocabulary::OPEN),
            []
        );
        assert_eq!(lint(&base, "mine.yaml", b"checks: 7", Vocabulary::OPEN), []);
    }

    /// Faults of a long file come in its order, whichever thread found them.
    #[test]
    fn a_long_file_is_told_in_its_order() {
        let (head, entry) = FILE.split_once("  - id: some-failure").unwrap();
        let count = TOGETHER * 5;
        let entries: String = (0..count)
            .map(|number| format!("  - id: failure-{number}{entry}"))
            .collect();
        let text = format!("{head}{entries}");
        let base = Catalogue::default();
        let offences = lint(&base, "long.yaml", text.as_bytes(), Vocabulary::OPEN);
        let told: Vec<&str> = offences.iter().map(|one| one.entry.as_str()).collect();
        let wanted: Vec<String> = (0..count)
            .map(|number| format!("failure-{number}"))
            .collect();
        assert_eq!(told, wanted);
    }

    #[test]
    fn an_example_is_held_against_all_that_its_symptom_asks() {
        let rows = [
            ("text: foo bar quux, weight: 95", "foo bar quux", ""),
            (
                "text: foo bar quux, weight: 90, without: quux",
                "foo bar quux",
                "`quux`, which `without` rules out",
            ),
            (
                "text: foo bar quux, weight: 95, without: zzz",
                "foo bar quux",
                "",
            ),
            (
                "text: foo bar quux, weight: 90, also: zzz not there",
                "foo bar quux",
                "another line with `zzz not there`",
            ),
            (
                "text: foo bar quux, weight: 95, also: zzz not there",
                "zzz not there\\nfoo bar quux",
                "",
            ),
            (
                "text: foo bar quux, weight: 90, loader: bcc",
                "libbpf: foo bar quux",
                "no words of its `loader`",
            ),
            (
                "text: foo bar quux, weight: 90, loader: libbpf",
                "libbpf: foo bar quux",
                "",
            ),
            (
                "verifier: foo bar quux, weight: 90",
                "foo bar quux for R1",
                "",
            ),
            (
                "text: foo bar quux, weight: 90, event: map-create",
                "foo bar quux",
                "not found",
            ),
            // As `explain` has it: what it would not tell is told here.
            (
                "text: 'my-agent: kernel too old', weight: 50",
                "my-agent: kernel too old (5.2)",
                "only where another line of the log is about eBPF: below 84",
            ),
            (
                "text: 'my-agent: kernel too old', weight: 90",
                "my-agent: kernel too old (5.2)",
                "plain English counts for nothing there below 95",
            ),
            (
                "text: 'my-agent: kernel too old', weight: 95",
                "my-agent: kernel too old (5.2)",
                "",
            ),
            (
                "text: 'my-agent: kernel too old', weight: 50",
                "libbpf: load failed\\nmy-agent: kernel too old (5.2)",
                "",
            ),
            (
                "text: 'CONFIG_BPF_FOO', weight: 90",
                "# CONFIG_BPF_FOO is not set",
                "only names a setting",
            ),
            (
                "text: 'Error', weight: 95",
                "bpf: Error 7",
                "`Error`, which stands in the log of any failure",
            ),
            (
                "text: '\\bfailed\\b', weight: 95, also: 'bpf_frob'",
                "bpf_frob: failed",
                "",
            ),
            (
                "text: foo bpf_quux, weight: 24",
                "libbpf: foo bpf_quux",
                "weighs 24 there, and below 25",
            ),
        ];
        for (symptom, example, wanted) in rows {
            let entry = format!("{{{symptom}, examples: [\"{example}\"]}}");
            let written = FILE.split_once("      - {text").unwrap().0;
            let text = format!("{written}      - {entry}\n");
            let base = Catalogue::default();
            let offences = lint(&base, "mine.yaml", text.as_bytes(), Vocabulary::OPEN);
            let told = offences.iter().map(|one| one.message.as_str());
            let told: Vec<&str> = told.collect();
            assert_eq!(told.is_empty(), wanted.is_empty(), "{entry}: {told:?}");
            assert!(told.iter().all(|one| one.contains(wanted)), "{told:?}");
        }
    }
}
