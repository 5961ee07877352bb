//! Which of two versions is the newer.

use std::cmp::Ordering;

/// Compares two versions as distributions sort them: numbers by their value, a candidate
/// before what it becomes, and what ends before what goes on.
pub(crate) fn compare(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (pieces(left), pieces(right));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return left_over(None, None),
            (one, other) => left_over(one, other),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Piece<'a> {
    Candidate,
    End,
    Word(&'a str),
    Number(usize, &'a str),
}

fn left_over(one: Option<Piece<'_>>, other: Option<Piece<'_>>) -> Ordering {
    one.unwrap_or(Piece::End).cmp(&other.unwrap_or(Piece::End))
}

/// The numbers and words of a version. A number is told by its length without zeros in
/// front, then by its digits, so that no number is too large.
fn pieces(version: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = version;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(['.', '-', '_', '+']);
        let begins = ["~rc", "~", "rc"];
        if let Some(behind) = begins.iter().find_map(|begin| rest.strip_prefix(begin)) {
            rest = behind;
            return Some(Piece::Candidate);
        }
        let first = rest.chars().next()?;
        let digits = first.is_ascii_digit();
        let ends = |c: char| c.is_ascii_digit() != digits || ".-_+~".contains(c);
        let (piece, behind) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
        rest = behind;
        Some(if digits {
            let plain = piece.trim_start_matches('0');
            Piece::Number(plain.len(), plain)
        } else {
            Piece::Word(piece)
        })
    })
}

/// Compares two versions as systemd does, of which its loader's order is made
/// (`strverscmp_improved` in src/fundamental/string-util-fundamental.c).
pub(crate) fn compare_of_systemd(left: &str, right: &str) -> Ordering {
    let counts = |c: &u8| c.is_ascii_alphanumeric() || b"~-^.".contains(c);
    let (mut left, mut right) = (left.as_bytes(), right.as_bytes());
    loop {
        left = skipped(left, |c| !counts(c));
        right = skipped(right, |c| !counts(c));
        // Each of these comes before what has another character in that place, in this order; and
        // only the first of them before the end.
        for mark in *b"~-^." {
            if mark == b'-' && (left.is_empty() || right.is_empty()) {
                return left.len().min(1).cmp(&right.len().min(1));
            }
            let (one, other) = (left.strip_prefix(&[mark]), right.strip_prefix(&[mark]));
            match (one, other) {
                (Some(one), Some(other)) => (left, right) = (one, other),
                (Some(_), None) => return Ordering::Less,
                (None, Some(_)) => return Ordering::Greater,
                (None, None) => {}
            }
        }
        let is_number = [left, right]
            .iter()
            .any(|rest| rest.first().is_some_and(u8::is_ascii_digit));
        let part = |c: &u8| match is_number {
            true => c.is_ascii_digit(),
            false => c.is_ascii_alphabetic(),
        };
        let (one, behind) = left.split_at(left.len() - skipped(left, part).len());
        let (other, behind_other) = right.split_at(right.len() - skipped(right, part).len());
        let order = match is_number {
            true => {
                let zero = |c: &u8| *c == b'0';
                let (value, other_value) = (skipped(one, zero), skipped(other, zero));
                let order = one.is_empty().cmp(&other.is_empty()).reverse();
                let order = order.then(value.len().cmp(&other_value.len()));
                order.then_with(|| value.cmp(other_value))
            }
            false => one.cmp(other),
        };
        if order != Ordering::Equal {
            return order;
        }
        (left, right) = (behind, behind_other);
    }
}

/// What follows the bytes of a kind.
fn skipped(bytes: &[u8], of_kind: impl Fn(&u8) -> bool) -> &[u8] {
    let end = bytes.iter().position(|byte| !of_kind(byte));
    end.and_then(|end| bytes.get(end..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_sort_as_distributions_sort_them() {
        for (older, newer) in [
            ("5.10.0-9-amd64", "5.10.0-10-amd64"),
            ("4.18.0-80.el8", "4.18.0-193.el8"),
            ("4.18.0-193.el8.x86_64", "4.18.0-193.1.2.el8.x86_64"),
            ("6.10-rc7-amd64", "6.10-amd64"),
            ("6.9.0", "6.10.0-rc1"),
            ("6.1", "6.1.1"),
            ("5.15.0-91-generic", "5.15.0-101-generic"),
            ("99999999999999999999998.1", "99999999999999999999999.1"),
        ] {
            assert_eq!(compare(older, newer), Ordering::Less, "{older} {newer}");
            assert_eq!(compare(newer, older), Ordering::Greater, "{older} {newer}");
            assert_eq!(compare(older, older), Ordering::Equal);
        }
    }

    #[test]
    fn systemd_sorts_by_its_own_rules() {
        // As `systemd-analyze compare-versions` tells.
        for (older, newer) in [
            ("linux-lts.conf", "linux.conf"),
            ("linux", "linux-lts"),
            ("~rc1", ""),
            ("", "a"),
            ("1_", "1_2"),
            ("122.1", "123"),
            ("123-a", "123.1-1"),
            ("123.a", "123a"),
            ("123~rc1-1", "123"),
            ("0123", "124"),
            ("6.9.1-arch1-1", "6.10.0-arch1-1"),
            ("12a", "12b"),
            ("a", "1"),
            ("99999999999999999999998", "99999999999999999999999"),
        ] {
            assert_eq!(
                compare_of_systemd(older, newer),
                Ordering::Less,
                "{older} {newer}"
            );
            assert_eq!(
                compare_of_systemd(newer, older),
                Ordering::Greater,
                "{older} {newer}"
            );
            assert_eq!(compare_of_systemd(older, older), Ordering::Equal);
        }
        assert_eq!(compare_of_systemd("1+0", "1_00"), Ordering::Equal);
    }

    #[test]
    fn releases_sort_by_age() {
        let by_age = [
            "",
            "3.10.0-1160.el7.x86_64",
            "4.18.0-553.el8_9.x86_64",
            "4.18.0-553.el8_10.x86_64",
            "5.10.0-32-amd64",
            "5.10.0-32-cloud-amd64",
            "6.12-rc3",
            "6.12-rc10",
            "6.12~rc11",
            "6.12",
            "6.12.1",
        ];
        for (at, older) in by_age.iter().enumerate() {
            for newer in &by_age[at + 1..] {
                assert_eq!(compare(older, newer), Ordering::Less, "{older} {newer}");
            }
        }
    }
}
