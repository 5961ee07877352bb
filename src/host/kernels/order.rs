//! Which of two releases is newer.

use std::cmp::Ordering;

/// Compares part by part, numbers as numbers. A candidate comes before its release:
/// 6.12-rc3 before 6.12, 6.12~rc3 as well.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (parts(left).into_iter(), parts(right).into_iter());
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (Some(part), None) => longer(&part),
            (None, Some(part)) => longer(&part).reverse(),
            (Some(left), Some(right)) => left.cmp(&right),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

fn longer(part: &Part<'_>) -> Ordering {
    match part {
        Part::Candidate => Ordering::Less,
        _ => Ordering::Greater,
    }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    Candidate,
    Word(&'a str),
    /// Digits without leading zeros: the longer is the larger, then the text decides.
    Number(usize, &'a str),
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let digit = first.is_ascii_digit();
        let same = |c: char| c.is_ascii_digit() == digit && (digit || c.is_ascii_alphabetic());
        let end = rest.find(|c| !same(c)).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end.max(first.len_utf8()));
        rest = after;
        if digit {
            let number = part.trim_start_matches('0');
            parts.push(Part::Number(number.len(), number));
        } else if part == "rc" {
            parts.push(Part::Candidate);
        } else if first.is_ascii_alphabetic() {
            parts.push(Part::Word(part));
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_ordered_by_age() {
        let by_age = [
            "",
            "3.10.0-1160.el7.x86_64",
            "4.18.0-80.el8.x86_64",
            "4.18.0-553.el8_9.x86_64",
            "4.18.0-553.el8_10.x86_64",
            "5.10.0-9-amd64",
            "5.10.0-32-amd64",
            "5.10.0-32-cloud-amd64",
            "6.9.1-arch1-1",
            "6.12-rc3",
            "6.12-rc10",
            "6.12",
            "6.12.1",
        ];
        for (at, older) in by_age.iter().enumerate() {
            for newer in &by_age[at + 1..] {
                assert_eq!(compare(older, newer), Ordering::Less, "{older} {newer}");
                assert_eq!(compare(newer, older), Ordering::Greater);
            }
            assert_eq!(compare(older, older), Ordering::Equal);
        }
        assert_eq!(compare("5.4.0-\u{e4}", "5.4.0-"), Ordering::Equal);
    }
}
