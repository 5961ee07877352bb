//! Kernel versions that can be compared, and ranges of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The three numbers of an upstream kernel version.
///
/// Parsed from the beginning of a text: `6.12-rc3` is 6.12.0 (what a release candidate
/// has, the release has, too), `4.18.0-553.el8` is 4.18.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KernelVersion {
    major: u32,
    minor: u32,
    patch: u32,
}

/// Why a text is no version, or no range of versions.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VersionError {
    /// The text does not begin with at least two numbers.
    #[error("`{0}` is not a kernel version; write it as in `5.10` or `5.10.218`")]
    NotAVersion(String),
    /// A term of a range that does not begin with a comparison.
    #[error("`{0}` has no comparison; write it as in `>=4.20 <5.13`")]
    NoComparison(String),
    /// A comparison that is not followed by one to three numbers.
    #[error("`{0}` does not compare with a kernel version; write it as in `>=4.20 <5.13`")]
    NoVersion(String),
    /// A range without terms.
    #[error("the range of kernel versions is empty")]
    Empty,
    /// A range that no version can be in.
    #[error("no kernel version is `{0}`")]
    Impossible(String),
}

impl KernelVersion {
    /// The version `major.minor.patch`.
    #[must_use]
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self {
            major,
            minor,
            patch,
        }
    }

    /// The three numbers.
    #[must_use]
    pub const fn numbers(self) -> (u32, u32, u32) {
        (self.major, self.minor, self.patch)
    }

    /// Major and minor number: the series that stable releases of one kernel share.
    #[must_use]
    pub const fn series(self) -> (u32, u32) {
        (self.major, self.minor)
    }
}

impl fmt::Display for KernelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for KernelVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match Numbers::parse(text) {
            Some(numbers) if numbers.count >= 2 => Ok(numbers.version),
            _ => Err(VersionError::NotAVersion(text.to_owned())),
        }
    }
}

impl TryFrom<String> for KernelVersion {
    type Error = VersionError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<KernelVersion> for String {
    fn from(version: KernelVersion) -> Self {
        version.to_string()
    }
}

/// One to three numbers with dots between them, and what follows.
struct Numbers<'a> {
    /// The numbers; those that were not given are 0.
    version: KernelVersion,
    count: u8,
    rest: &'a str,
}

impl<'a> Numbers<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (major, mut rest) = number(text)?;
        let mut version = KernelVersion::new(major, 0, 0);
        let mut count = 1;
        for part in [&mut version.minor, &mut version.patch] {
            let Some((value, after)) = rest.strip_prefix('.').and_then(number) else {
                break;
            };
            *part = value;
            rest = after;
            count += 1;
        }
        Some(Self {
            version,
            count,
            rest,
        })
    }

    /// The first version after all that begin with these numbers: 5.10 gives 5.11.0.
    fn next(&self) -> KernelVersion {
        let KernelVersion {
            major,
            minor,
            patch,
        } = self.version;
        match self.count {
            1 => KernelVersion::new(major.saturating_add(1), 0, 0),
            2 => KernelVersion::new(major, minor.saturating_add(1), 0),
            _ => KernelVersion::new(major, minor, patch.saturating_add(1)),
        }
    }
}

/// The number a text begins with, and the text after it.
fn number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit());
    let (digits, rest) = text.split_at(end.unwrap_or(text.len()));
    Some((digits.parse().ok()?, rest))
}

/// A range of kernel versions, written as comparisons that must all hold: `>=4.20 <5.13`.
///
/// A comparison looks at the numbers it gives and no further: 5.13.0 is not `<5.13`,
/// 5.10.218 is `<=5.10` and `=5.10`, and not `>5.10`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VersionRange {
    /// The comparisons with one space between them.
    text: String,
    lowest: KernelVersion,
    /// The first version above the range.
    end: Option<KernelVersion>,
}

impl VersionRange {
    /// Whether `version` is in the range.
    #[must_use]
    pub fn contains(&self, version: KernelVersion) -> bool {
        self.lowest <= version && self.end.is_none_or(|end| version < end)
    }

    /// The first version of the range, and the first above it, if it ends.
    #[must_use]
    pub const fn bounds(&self) -> (KernelVersion, Option<KernelVersion>) {
        (self.lowest, self.end)
    }

    fn narrow(&mut self, term: &str) -> Result<(), VersionError> {
        let digits = term.find(|c: char| c.is_ascii_digit());
        let (comparison, version) = term.split_at(digits.unwrap_or(term.len()));
        let from = |range: &mut Self, at| range.lowest = range.lowest.max(at);
        let below = |range: &mut Self, at: KernelVersion| {
            range.end = Some(range.end.map_or(at, |end| end.min(at)));
        };
        let numbers = Numbers::parse(version).filter(|numbers| numbers.rest.is_empty());
        let numbers = numbers.ok_or_else(|| VersionError::NoVersion(term.to_owned()))?;
        match comparison {
            ">=" => from(self, numbers.version),
            ">" => from(self, numbers.next()),
            "<" => below(self, numbers.version),
            "<=" => below(self, numbers.next()),
            "=" => {
                from(self, numbers.version);
                below(self, numbers.next());
            }
            _ => return Err(VersionError::NoComparison(term.to_owned())),
        }
        Ok(())
    }
}

impl FromStr for VersionRange {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let terms: Vec<&str> = text.split_whitespace().collect();
        if terms.is_empty() {
            return Err(VersionError::Empty);
        }
        let mut range = Self {
            text: terms.join(" "),
            lowest: KernelVersion::new(0, 0, 0),
            end: None,
        };
        for term in terms {
            range.narrow(term)?;
        }
        if range.end.is_some_and(|end| end <= range.lowest) {
            return Err(VersionError::Impossible(range.text));
        }
        Ok(range)
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for VersionRange {
    type Error = VersionError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<VersionRange> for String {
    fn from(range: VersionRange) -> Self {
        range.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_the_beginning_of_a_release() {
        for (text, version) in [
            ("5.10", "5.10.0"),
            ("5.10.218", "5.10.218"),
            ("6.12-rc3", "6.12.0"),
            ("6.12.0-rc3+", "6.12.0"),
            ("4.18.0-553.el8_10.x86_64", "4.18.0"),
            ("6.6.87.2-microsoft-standard-WSL2", "6.6.87"),
            ("5.4.", "5.4.0"),
        ] {
            let read: KernelVersion = text.parse().unwrap();
            assert_eq!(read.to_string(), version, "{text}");
        }
        for text in ["", "5", "linux", "-5.10", "v5.10", "99999999999.1"] {
            assert!(text.parse::<KernelVersion>().is_err(), "{text}");
        }
    }

    #[test]
    fn versions_compare_as_numbers() {
        let version = |text: &str| text.parse::<KernelVersion>().unwrap();
        assert!(version("5.10.2") < version("5.10.10"));
        assert!(version("5.9.16") < version("5.10.0"));
        assert!(version("10.0") > version("9.99.99"));
    }

    #[test]
    fn ranges_look_at_the_numbers_they_give() {
        for (range, inside, outside) in [
            (
                ">=4.20 <5.13",
                &["4.20.0", "5.12.19"][..],
                &["4.19.99", "5.13.0"][..],
            ),
            ("<5.11", &["0.0.0", "5.10.218"], &["5.11.0"]),
            (">=5.13", &["5.13.0", "7.0.0"], &["5.12.99"]),
            (">5.10", &["5.11.0"], &["5.10.218"]),
            ("<=5.10", &["5.10.218"], &["5.11.0"]),
            ("=5.10", &["5.10.0", "5.10.218"], &["5.9.0", "5.11.0"]),
            ("=5.10.1", &["5.10.1"], &["5.10.0", "5.10.2"]),
            (">=5", &["5.0.0"], &["4.20.17"]),
            (">=6.1.75 <6.1.80", &["6.1.79"], &["6.1.74", "6.1.80"]),
        ] {
            let read: VersionRange = range.parse().unwrap();
            for text in inside {
                assert!(read.contains(text.parse().unwrap()), "{text} in {range}");
            }
            for text in outside {
                assert!(
                    !read.contains(text.parse().unwrap()),
                    "{text} not in {range}"
                );
            }
        }
    }

    #[test]
    fn a_wrong_range_is_refused_with_its_place() {
        use VersionError::{Empty, Impossible, NoComparison, NoVersion};
        for (text, error) in [
            ("", Empty),
            ("  ", Empty),
            ("5.10", NoComparison("5.10".into())),
            (">= 5.10", NoVersion(">=".into())),
            (">=5.10-rc1", NoVersion(">=5.10-rc1".into())),
            (">=5.10.1.2", NoVersion(">=5.10.1.2".into())),
            (">=5.10.", NoVersion(">=5.10.".into())),
            ("=>5.10", NoComparison("=>5.10".into())),
            ("≥5.10", NoComparison("≥5.10".into())),
            (">=5.13 <5.11", Impossible(">=5.13 <5.11".into())),
        ] {
            assert_eq!(text.parse::<VersionRange>().unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn ranges_are_written_as_text() {
        let range: VersionRange = serde_json::from_str("\">=4.20   <5.13\"").unwrap();
        assert_eq!(serde_json::to_string(&range).unwrap(), "\">=4.20 <5.13\"");
        assert!(serde_json::from_str::<VersionRange>("\"new\"").is_err());
    }
}
