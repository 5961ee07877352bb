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
