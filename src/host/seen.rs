//! When a sosreport was made, as its files tell.

use super::Host;
use crate::time::seconds;

/// Files with times of their own.
pub(super) trait Dated: Host {
    /// Seconds since 1970 at which the file at this path was written.
    fn modified(&self, path: &str) -> Option<u64>;
}

/// When a host was seen, in seconds since 1970, and what tells so.
pub(super) type Seen = (u64, String);

/// What date(1) said; that of universal time first, since not every zone is known by its letters.
const DATES: &[&str] = &[
    "/sos_commands/date/date_--utc",
    "/sos_commands/date/date",
    "/sos_commands/host/date",
    "/sos_commands/general/date",
    "/date",
];

/// Times that a report can be of: not those of an unpacker that gave none, or of nonsense.
const TIMES: std::ops::Range<u64> = 946_684_800..4_102_444_800;

/// Files that are written while a report is made.
const WRITTEN: &[&str] = &[
    "/sos_commands/kernel/uname_-a",
    "/sos_commands/general/uname_-a",
    "/sos_commands/kernel/sysctl_-a",
    "/version.txt",
    "/basic-environment.txt",
];

/// When the report was made: by its own date, else by when its files were written.
pub(super) fn seen(report: &impl Dated) -> Option<Seen> {
    let by_date = DATES.iter().find_map(|path| {
        let bytes = report.read(path, 1024).ok()?;
        let time = of_date(&String::from_utf8_lossy(&bytes))?;
        let origin = report.origin(path);
        let own = || path.trim_start_matches('/').to_owned();
        Some((time, origin.unwrap_or_else(own)))
    });
    by_date.or_else(|| {
        let mut written = WRITTEN.iter();
        written.find_map(|path| {
            let time = report.modified(path).filter(|time| TIMES.contains(time))?;
            let name = path.trim_start_matches('/');
            Some((time, format!("the time at which {name} was written")))
        })
    })
}

/// `Fri Feb 23 06:51:18 UTC 2024`, as date(1) prints it in the locale C, or with the twelve hours of
/// en_US: `Fri 23 Feb 2024 06:51:18 AM UTC`, also in the order of C. A zone that is not known tells
/// nothing, and a word too many or too few neither.
fn of_date(text: &str) -> Option<u64> {
    let mut words: Vec<&str> = text.lines().next()?.split_whitespace().skip(1).collect();
    let mut take = |fits: &dyn Fn(&str) -> bool| {
        let at = words.iter().position(|word| fits(word))?;
        Some(words.remove(at))
    };
    let number = |word: &str, length: std::ops::RangeInclusive<usize>| {
        length.contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit())
    };
    let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = take(&|word| months.contains(&word))?;
    let month = 1 + months.iter().position(|name| *name == month)?;
    let day: u8 = take(&|word| number(word, 1..=2))?.parse().ok()?;
    let year = take(&|word| number(word, 4..=4))?;
    let clock = take(&|word| word.contains(':'))?;
    let half = take(&|word| matches!(word, "AM" | "PM"));
    let clock = of_day(clock, half)?;
    let [zone] = words.as_slice() else {
        return None;
    };
    let local = seconds(&format!("{year}-{month:02}-{day:02}T{clock}Z"))?;
    local.checked_add_signed(-offset(zone)?)
}

/// The time of day in 24 hours: of a half of the day, its hour 12 is the first.
fn of_day(clock: &str, half: Option<&str>) -> Option<String> {
    let Some(half) = half else {
        return Some(clock.to_owned());
    };
    let (hour, rest) = clock.split_once(':')?;
    let hour: u8 = hour.parse().ok().filter(|hour| (1..=12).contains(hour))?;
    let later = if half == "PM" { 12 } else { 0 };
    Some(format!("{:02}:{rest}", hour % 12 + later))
}

/// Seconds by which a zone is before universal time.
fn offset(zone: &str) -> Option<i64> {
    let hours = |hours: i64| Some(hours * 3600);
    match zone {
        "UTC" | "GMT" | "UCT" | "Z" | "WET" => hours(0),
        "CET" | "WEST" | "BST" => hours(1),
        "CEST" | "EET" | "SAST" => hours(2),
        "EEST" | "MSK" => hours(3),
        "JST" | "KST" => hours(9),
        "EDT" => hours(-4),
        "EST" | "CDT" => hours(-5),
        "MDT" => hours(-6),
        "MST" | "PDT" => hours(-7),
        "PST" => hours(-8),
        _ => {
            let digits = zone.strip_prefix(['+', '-'])?;
            let (hours, minutes) = match digits.len() {
                2 => (digits, "0"),
                4 => digits.split_at(2),
                _ => return None,
            };
            let seconds = hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60;
            Some(if zone.starts_with('-') {
                -seconds
            } else {
                seconds
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_with_their_zones() {
        for (text, time) in [
            (
                "Fri Feb 23 06:51:18 UTC 2024\n",
                Some("2024-02-23T06:51:18Z"),
            ),
            (
                "Fri Feb 23 01:51:18 EST 2024\n",
                Some("2024-02-23T06:51:18Z"),
            ),
            (
                "Fri Feb  2 07:51:18 CET 2024\n",
                Some("2024-02-02T06:51:18Z"),
            ),
            (
                "Fri Feb 23 12:21:18 +0530 2024\n",
                Some("2024-02-23T06:51:18Z"),
            ),
            (
                "Fri Feb 23 03:51:18 -03 2024\n",
                Some("2024-02-23T06:51:18Z"),
            ),
            (
                "Thu Nov 16 10:11:12 AM UTC 2023\n",
                Some("2023-11-16T10:11:12Z"),
            ),
            (
                "Thu Nov 16 01:11:12 PM EST 2023\n",
                Some("2023-11-16T18:11:12Z"),
            ),
            (
                "Thu 16 Nov 2023 12:11:12 AM UTC\n",
                Some("2023-11-16T00:11:12Z"),
            ),
            (
                "Thu 16 Nov 2023 12:11:12 PM -03\n",
                Some("2023-11-16T15:11:12Z"),
            ),
            ("Thu Nov 16 13:11:12 PM UTC 2023\n", None),
            ("Thu Nov 16 00:11:12 AM UTC 2023\n", None),
            ("Thu Nov 16 10:11:12 AM PM UTC 2023\n", None),
            ("Thu Nov 16 10:11:12 AM 2023\n", None),
            ("Fri Feb 23 06:51:18 XYZ 2024\n", None),
            ("Fr 23. Feb 06:51:18 UTC 2024\n", None),
            ("Fri Feb 31 06:51:18 UTC 99999999\n", None),
            ("", None),
        ] {
            assert_eq!(
                of_date(text).map(crate::time::time).as_deref(),
                time,
                "{text}"
            );
        }
    }
}
