//! Lists of packages: what installs by lists that nobody fetched finds what an archive had once, or
//! nothing.

use super::check::Check;
use super::fix::{Fix, Remedy};
use super::lint::Level;
use super::packaged::PackagedKernel;
use super::rules::Scene;

/// What is wrong with the commands of a fix or of a packaged kernel that install packages.
fn fault(commands: &[String]) -> Option<String> {
    let mut fetched = false;
    for line in commands.iter().filter(|line| !line.starts_with('#')) {
        fetched |= has(line, "apt-get update") || has(line, "apt update");
        if !fetched && (has(line, "apt-get install") || has(line, "apt install")) {
            return Some(format!(
                "`{line}` goes by lists that may be old or empty: `apt-get update` before it"
            ));
        }
        let mut words = line.split_whitespace().skip_while(|word| *word != "pacman");
        let how = words.nth(1).and_then(|option| option.strip_prefix("-S"));
        let is_whole = |option: &str| option.contains('y') && option.contains('u');
        if how.is_some_and(|option| !is_whole(option)) {
            return Some(format!(
                "`{line}` installs by an old list or upgrades a part of the system, which Arch does \
                 not support: `pacman -Syu`"
            ));
        }
    }
    None
}

/// Whether a line has these words one behind the other, whatever stands around them.
fn has(line: &str, words: &str) -> bool {
    let ends = |c: Option<char>| c.is_none_or(|c| !(c.is_ascii_alphanumeric() || c == '-'));
    line.match_indices(words).any(|(place, _)| {
        let (before, behind) = (&line[..place], &line[place + words.len()..]);
        ends(before.chars().next_back()) && ends(behind.chars().next())
    })
}

/// The same of a fix.
pub(super) fn fault_of(fix: &Fix) -> Option<(Level, String)> {
    let Remedy::Steps(_, steps) = &fix.remedy else {
        return None;
    };
    fault(&steps.commands).map(|message| (Level::Error, message))
}

/// The rule for checks.
pub(super) fn out_of_date(check: &Check, _: &Scene) -> Vec<(Level, String)> {
    let mut found = Vec::new();
    for (cause, place) in check.causes.iter().zip(1..) {
        for (fix, number) in cause.fixes.iter().zip(1..) {
            let told =
                |(level, message)| (level, format!("cause {place}, fix {number}: {message}"));
            found.extend(fault_of(fix).map(told));
        }
    }
    found
}

/// The rule for packaged kernels.
pub(super) fn fault_of_kernel(row: &PackagedKernel) -> Option<(Level, String)> {
    let message = fault(&row.commands)?;
    Some((Level::Error, format!("kernel of `{}`: {message}", row.name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_installs_has_its_lists_fetched() {
        for (commands, is_fault) in [
            (&["apt-get update", "apt-get install a"][..], false),
            (&["apt-get install a"], true),
            (&["apt-get install a", "apt-get update"], true),
            (&["# apt-get update", "apt-get install a"], true),
            (&["apt-get update && apt-get install a"], false),
            (&["a=$(uname -r) && apt-get install -t b \"c-$a\""], true),
            (&["apt install a"], true),
            (&["# apt-get install a", "my-apt-get install a"], false),
            (&["apt-get installer"], false),
            (&["apt-get upgrade --with-new-pkgs"], false),
            (&["dnf install a", "zypper install b", "apk add c"], false),
            (&["pacman -Syu a"], false),
            (&["pacman -Syu"], false),
            (&["pacman -R a", "pacman -Qi a"], false),
            (&["pacman -S a"], true),
            (&["pacman -Sy a"], true),
            (&["sudo pacman -S --needed a"], true),
        ] {
            let commands: Vec<String> = commands.iter().map(ToString::to_string).collect();
            assert_eq!(fault(&commands).is_some(), is_fault, "{commands:?}");
        }
    }
}
