//! Numbers and names in words, the same in every rendering for people.

use super::super::audit::{Cause, Count, Counts, Hosts, LeftOut, Partly, Plan, Reports, Takes};
use crate::diagnosis::Needs;

/// `1,234,567`.
#[must_use]
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 host`, `2 hosts`.
pub(super) fn hosts(count: u64) -> String {
    counted(count, "host")
}

/// `1 report`, `2 reports`.
pub(super) fn reports(count: u64) -> String {
    counted(count, "report")
}

/// `1 thing`, `2 things`.
pub(super) fn counted(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{} {what}s", number(count)),
    }
}

/// `12%`, and `<1%` of what is there and little.
pub(super) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "0%".to_owned();
    }
    let rounded = (u128::from(part) * 200 + u128::from(whole)) / (2 * u128::from(whole));
    match rounded {
        0 if part > 0 => "<1%".to_owned(),
        100 if part < whole => ">99%".to_owned(),
        rounded => format!("{rounded}%"),
    }
}

/// What a fix takes.
fn needs(needs: Needs) -> &'static str {
    match needs {
        Needs::Nothing => "as any user",
        Needs::Privilege => "as root, no reboot",
        Needs::Reboot => "a reboot",
        Needs::Rebuild => "a rebuilt kernel",
    }
}

/// What something takes, by its word in data.
pub(super) fn word(what: &str) -> &'static str {
    match what {
        "nothing" => needs(Needs::Nothing),
        "privilege" => needs(Needs::Privilege),
        "reboot" => needs(Needs::Reboot),
        "rebuild" => needs(Needs::Rebuild),
        "own-report" => "as their own reports say",
        "looks" => "changes nothing, only looks",
        "perhaps" => "not known whether it helps",
        "program" => "in the program, not on the host",
        _ => "no known fix",
    }
}

/// `40 hosts: as root, no reboot; 12 hosts: a reboot`; the number is left out where it is all.
pub(super) fn takes(takes: &[Takes]) -> String {
    match takes {
        [one] => word(one.what).to_owned(),
        several => {
            let several = several.iter();
            let several = several.map(|one| format!("{}: {}", hosts(one.hosts), word(one.what)));
            several.collect::<Vec<_>>().join("; ")
        }
    }
}

/// What a plan is that is not the best in all of its steps.
pub(super) fn approximate(plan: &Plan) -> String {
    let best = match plan.exact_up_to {
        0 => {
            return "Approximate: with so many causes not all sets of them were tried.".to_owned();
        }
        1 => "one change".to_owned(),
        many => format!("up to {many} changes"),
    };
    format!(
        "Approximate: sets of {best} are the best there are; larger ones are good, and with so many \
         causes not all were tried."
    )
}

/// `: web-1, web-2, …` with so many names at most.
pub(super) fn first(some: &Hosts, most: usize) -> String {
    let shown = some.examples.get(..most).unwrap_or(&some.examples);
    such(": ", shown, some.hosts, "")
}

/// `: web-1, web-2, …`.
fn few(some: &Hosts) -> String {
    first(some, usize::MAX)
}

/// Reports that don't count because of another one of their host.
pub(super) fn repeated(reports: &Reports) -> String {
    format!(
        "{} of them {} not count, because there is a newer one of the same host, or the same again ({}{})",
        number(reports.superseded),
        if reports.superseded == 1 {
            "does"
        } else {
            "do"
        },
        hosts(reports.repeated.hosts),
        few(&reports.repeated)
    )
}

/// Hosts that are told from each other by what their reports say alone.
pub(super) fn unnamed(reports: &Reports) -> String {
    let many = reports.unnamed != 1;
    format!(
        "{} without a name of {}: each report counts as a host, and the very same one again does not",
        hosts(reports.unnamed),
        if many { "their own" } else { "its own" }
    )
}

/// What there is to say of hosts of which only a part was looked at.
pub(super) fn partly(partly: &Partly) -> Vec<String> {
    let mut lines = Vec::new();
    if partly.hosts > 0 {
        let names = such(" (", &partly.examples, partly.hosts, ")");
        let ready = match partly.ready == partly.hosts {
            true => "ready as far as that goes".to_owned(),
            false => format!(
                "of these {}, {} ready as far as that goes",
                number(partly.hosts),
                match partly.ready {
                    0 => "none is".to_owned(),
                    1 => "1 is".to_owned(),
                    some => format!("{} are", number(some)),
                }
            ),
        };
        lines.push(format!(
            "{} only partly looked at, by --only, --skip or --profile{names}: {ready}",
            hosts(partly.hosts)
        ));
    }
    if partly.narrowed.hosts > 0 {
        lines.push(format!(
            "{} with an older report that looked at all: the newer one counts{}",
            hosts(partly.narrowed.hosts),
            few(&partly.narrowed)
        ));
    }
    lines.extend(unasked(partly));
    if partly.one_suffices.hosts > 0 {
        let whole = &partly.one_suffices;
        lines.push(format!(
            "on {} ready means that one of the software that was asked for runs (`--by profile` tells \
             each, `--profile NAME` judges by one)",
            hosts(whole.hosts)
        ));
    }
    for [one, other] in &partly.reworded {
        lines.push(format!(
            "doctors of different versions tell of `{one}` and of `{other}`: that may be one need in \
             other words, which counts as two causes here"
        ));
    }
    lines
}

/// How many hosts become ready by mending a cause, alone and with another one, in a line or two.
pub(super) fn helps(cause: &Cause) -> Vec<String> {
    let verb = if cause.alone == 1 {
        "becomes"
    } else {
        "become"
    };
    let with = cause.same_change.join(", ");
    let everywhere = cause.same_change_hosts == cause.hosts && !with.is_empty();
    let mut told = match (cause.alone, everywhere) {
        (0, false) => "mending this alone makes no host ready".to_owned(),
        (0, true) => format!("this change, which mends {with} as well, makes no host ready"),
        (some, false) => format!("{} {verb} ready by mending this alone", hosts(some)),
        (some, true) => format!(
            "{} {verb} ready by this change, which mends {with} as well",
            hosts(some)
        ),
    };
    if let Some(together) = &cause.together {
        told += &format!(
            "; {} together with {}",
            number(together.hosts),
            together.with
        );
        if together.same_commands {
            told += ", mostly by the same commands";
        }
    }
    let mut lines = vec![told];
    if cause.same_change_hosts > 0 && !everywhere {
        lines.push(format!(
            "on {} one change mends as well what they have of {with}",
            match cause.same_change_hosts == cause.hosts {
                true => "all of them".to_owned(),
                false => hosts(cause.same_change_hosts),
            }
        ));
    }
    if cause.alone_unseen > 0 {
        let on = match cause.alone_unseen == cause.alone {
            true if cause.alone == 1 => "there".to_owned(),
            true => "on all of them".to_owned(),
            false => format!("on {} of them", number(cause.alone_unseen)),
        };
        lines.push(format!(
            "{on} other checks can't be made while it fails; more may fail then"
        ));
    }
    lines
}

/// Hosts of a cause on which nobody knows whether it fails.
pub(super) fn unanswered(cause: &Cause) -> Option<String> {
    (cause.unknown > 0).then(|| {
        format!(
            "without an answer on {}, which counts like a failure here",
            match cause.unknown == cause.hosts {
                true => "all of them".to_owned(),
                false => hosts(cause.unknown),
            }
        )
    })
}

/// Hosts that nobody asked about the software that decides.
fn unasked(partly: &Partly) -> Option<String> {
    let unasked = &partly.unasked;
    (unasked.hosts > 0).then(|| {
        format!(
            "{} whose reports do not tell of all software that was named: without an answer, unless \
             something fails that it needs (`check --profile` there){}",
            hosts(unasked.hosts),
            few(unasked)
        )
    })
}

/// What there is to say of names that several hosts have, of reports of a time that was still to
/// come, and of labels that were left out.
pub(super) fn remarks(reports: &Reports) -> Vec<String> {
    let mut lines = Vec::new();
    if reports.namesakes.hosts > 0 {
        let Hosts { hosts, examples } = &reports.namesakes;
        let names = examples.get(..3).unwrap_or(examples);
        let dots = if examples.len() > names.len() {
            ", …"
        } else {
            ""
        };
        let names = names.join(", ");
        lines.push(format!(
            "{} with a name that another one has, by another machine id ({names}{dots}): installed anew, or \
             one name given twice? Each counts; where it was installed anew, leave out the older report",
            self::hosts(*hosts)
        ));
    }
    if reports.future > 0 {
        lines.push(format!(
            "{} of a time more than a day from now: a clock is wrong; they count where a host has no \
             other ({}{})",
            self::reports(reports.future),
            hosts(reports.of_future.hosts),
            few(&reports.of_future)
        ));
    }
    let LeftOut { hosts, labels } = &reports.labels_left_out;
    if *hosts > 0 {
        let (named, dots) = match labels.get(..5) {
            Some(some) if labels.len() > 5 => (some, ", …"),
            _ => (labels.as_slice(), ""),
        };
        let of = match named {
            [] => String::new(),
            named => format!(" (no host has {}{dots})", named.join(", ")),
        };
        lines.push(format!(
            "labels of {} left out{of}: there was no room for so many values; the hosts count all \
             the same, but are in no group by those",
            self::hosts(*hosts)
        ));
    }
    lines
}

/// `a (12), b (3) and 4 more`.
pub(super) fn counts(counts: &Counts, told: usize) -> String {
    let some = counts.most.iter().take(told);
    let some = some.map(|Count { value, hosts }| format!("{value} ({})", number(*hosts)));
    let some: Vec<String> = some.collect();
    let rest = counts.different - some.len() as u64;
    match rest {
        0 => some.join(", "),
        rest => format!("{} and {} more", some.join(", "), number(rest)),
    }
}

/// `web-1, web-2, …` of more than these, after what leads to them; nothing where none has a
/// name.
pub(super) fn such(before: &str, examples: &[String], of: u64, after: &str) -> String {
    if examples.is_empty() {
        return String::new();
    }
    let dots = if examples.len() as u64 == of {
        ""
    } else {
        ", …"
    };
    format!("{before}{}{dots}{after}", examples.join(", "))
}

/// `1 more line (-v ...` without its end: what is left out, in the number it has.
pub(super) fn more(rest: u64, one: &str, many: &str) -> String {
    let what = if rest == 1 { one } else { many };
    format!("and {} more {what}", number(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_words() {
        for (count, told) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(number(count), told);
        }
        for (part, whole, told) in [
            (0, 0, "0%"),
            (0, 5, "0%"),
            (1, 100_000, "<1%"),
            (99_999, 100_000, ">99%"),
            (1, 3, "33%"),
            (2, 3, "67%"),
            (5, 5, "100%"),
        ] {
            assert_eq!(percent(part, whole), told);
        }
    }
}
