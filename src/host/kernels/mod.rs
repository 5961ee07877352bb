//! Which of the kernels installed below a root is meant, where none runs there.
//!
//! In this order: the one that was asked for, the one the boot configuration selects, the
//! newest. Whoever reads the choice learns where it comes from.

mod image;
mod unmounted;

use super::Host;
use super::boot::{self, Selected, Unselected, is_release};
pub(super) use image::{build_line, machine};
pub(super) use unmounted::unmounted;

/// A kernel that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    /// Its release.
    pub(super) release: String,
    /// Where the choice comes from.
    pub(super) why: String,
    /// The command line it would be given, where the boot configuration tells, and the file
    /// that does.
    pub(super) cmdline: Option<(String, String)>,
}

impl Choice {
    fn booted(release: String, why: &str, cmdline: Option<String>) -> Self {
        Self {
            release,
            cmdline: cmdline.map(|line| (line, why.to_owned())),
            why: why.to_owned(),
        }
    }
}

/// The kernel that is meant.
pub(super) fn choose(host: &dyn Host, asked: Option<&str>) -> Option<Choice> {
    let there = traced(host);
    let (booted, trouble) = selected(host, &there);
    // A menu that was not written anew names kernels that are gone.
    let (booted, gone) = match booted {
        Some(choice) if there.is_empty() || there.contains(&choice.release) => (Some(choice), None),
        gone => (None, gone),
    };
    if let Some(release) = asked {
        let booted = booted.filter(|choice| choice.release == release);
        let entry = || {
            let entry = boot::entry_for(host, release, &there)?;
            let place = place(&entry, false);
            Choice::booted(String::new(), &place, Some(entry.cmdline)).cmdline
        };
        return Some(Choice {
            release: release.to_owned(),
            why: "--release".to_owned(),
            cmdline: booted.and_then(|choice| choice.cmdline).or_else(entry),
        });
    }
    let choice = booted.or_else(|| linked(host)).or_else(|| newest(host))?;
    let why = match (gone, trouble) {
        (Some(Choice { release, why, .. }), _) => {
            format!(
                "{}; {why} selects {release}, which is not there",
                choice.why
            )
        }
        (None, Some(trouble)) => format!("{}; {trouble}", choice.why),
        (None, None) => choice.why,
    };
    Some(Choice { why, ..choice })
}

/// The kernel the boot configuration selects, and what of it could not be followed. Which loader
/// a host starts with is not asked: the one that has entries or a menu that lead to a kernel is
/// believed, and a grubenv tells whose the entries are.
fn selected(host: &dyn Host, there: &[String]) -> (Option<Choice>, Option<String>) {
    let names = host.list(boot::ENTRIES).unwrap_or_default();
    let of_ostree = names.iter().any(|name| name.starts_with("ostree-"));
    let of_grub = host.stat("/boot/grub2").is_ok();
    let has_settings = |place: &&str| host.stat(&format!("{place}/loader/loader.conf")).is_ok();
    let of_systemd_boot = !of_grub && boot::SYSTEMD_BOOT.iter().any(has_settings);
    let by_extlinux = |host: &dyn Host| {
        let mut menus = boot::EXTLINUX.iter();
        let found = menus.find_map(|path| boot::by_extlinux(host, path).ok());
        found.ok_or_else(|| Unselected::Untold(String::new(), String::new()))
    };
    type Rule<'a> = (bool, &'a dyn Fn(&dyn Host) -> Result<Selected, Unselected>);
    let of_zipl = !of_grub && host.stat(boot::ZIPL).is_ok();
    let rules: [Rule<'_>; 8] = [
        (of_ostree, &boot::by_ostree),
        (of_zipl, &boot::by_zipl),
        (of_systemd_boot, &boot::by_systemd_boot),
        (!names.is_empty(), &boot::by_entry_files),
        (true, &boot::by_menu),
        (true, &boot::by_systemd_boot),
        (true, &by_extlinux),
        (true, &boot::by_legacy_menu),
    ];
    let mut trouble = None;
    for (asked, rule) in rules {
        if !asked {
            continue;
        }
        match rule(host) {
            Ok(selected) => match boot::release_of_image(host, &selected, there) {
                Some(release) => {
                    let choice = Choice::booted(
                        release,
                        &place(&selected, trouble.is_some()),
                        Some(selected.cmdline),
                    );
                    return (Some(choice), trouble);
                }
                None => {
                    let image = shown(&selected.image);
                    let problem = format!("its image {image} bears no version");
                    trouble.get_or_insert(unfollowed(&selected.source, &problem));
                }
            },
            Err(Unselected::Untold(problem, path) | Unselected::Malformed(problem, path))
                if !problem.is_empty() && (host.stat(&path).is_ok() || path.is_empty()) =>
            {
                trouble.get_or_insert(unfollowed(&path, &problem));
            }
            Err(Unselected::Unreadable(error, path)) if boot::is_hidden(&error) => {
                trouble.get_or_insert(unfollowed(&path, &super::in_a_line(&error.to_string(), 60)));
            }
            Err(_) => {}
        }
    }
    (None, trouble)
}

/// Where a choice comes from: the boot configuration, or the first entry of one that names
/// another which is not there.
fn place(selected: &Selected, for_another: bool) -> String {
    let source = &selected.source;
    match &selected.missed {
        Some(name) => format!(
            "{source} (its first entry: the boot configuration selects {}, which is not there)",
            shown(name)
        ),
        None if for_another => format!("{source} (the first that leads to a kernel)"),
        None => format!("{source} (boot configuration)"),
    }
}

fn unfollowed(path: &str, problem: &str) -> String {
    format!("{path} could not be followed: {problem}")
}

/// Text out of a file of the host, in one line that is not too long.
fn shown(text: &str) -> String {
    format!("`{}`", super::in_a_line(text, 60))
}

/// By a link to the kernel that was installed last.
fn linked(host: &dyn Host) -> Option<Choice> {
    let (release, place) = boot::linked(host)?;
    let why = format!("{place} (boot configuration)");
    Some(Choice::booted(release, &why, None))
}

/// The releases that left something below the root in their names, and the file that shows it.
/// Kernels first: a config or a directory of modules can outlive its kernel.
fn traces(host: &dyn Host) -> [Vec<(String, String)>; 3] {
    let named = |place: &str, begin: &str| {
        let names = host.list(place).unwrap_or_default();
        let releases = names.into_iter().filter_map(|name| {
            let release = name.strip_prefix(begin)?;
            let is_kernel = is_release(release) && !boot::is_copy(host, release);
            is_kernel.then(|| (release.to_owned(), format!("{place}/{name}")))
        });
        releases.collect::<Vec<_>>()
    };
    let modules = boot::MODULES.iter().flat_map(|place| named(place, ""));
    [
        boot::images(host),
        named("/boot", "config-"),
        modules.collect(),
    ]
}

/// The newest of the releases that left something below the root.
fn newest(host: &dyn Host) -> Option<Choice> {
    traces(host).into_iter().find_map(|traces| {
        let traces = traces.into_iter();
        let newest = traces.max_by(|(left, _), (right, _)| boot::compare(left, right));
        newest.map(|(release, place)| Choice {
            release,
            why: format!("{place} (the newest installed)"),
            cmdline: None,
        })
    })
}

/// All releases there is anything of, the newest first.
pub(super) fn installed(host: &dyn Host) -> Vec<String> {
    let chosen = choose(host, None).map(|choice| choice.release);
    let mut releases = traced(host);
    releases.extend(chosen);
    releases.sort_by(|left, right| boot::compare(right, left).then_with(|| left.cmp(right)));
    releases.dedup();
    releases
}

/// What is to be said of a kernel that runs and is none of those installed below the root: its own
/// may have been removed since, or /proc is of another system, such as a rescue system.
pub(super) fn stranger(host: &dyn Host) -> Option<String> {
    let running = host.uname().ok()?.release;
    let there = traced(host);
    let newest = there.last().filter(|_| !running.is_empty())?;
    (!there.contains(&running)).then(|| {
        format!(
            "{running} runs there and is not installed there; if /proc and /sys in it are another \
             system's, --release {newest} names one that is"
        )
    })
}

/// The releases that left something below the root, the newest last.
fn traced(host: &dyn Host) -> Vec<String> {
    let traces = traces(host).into_iter().flatten();
    let mut releases: Vec<String> = traces.map(|(release, _)| release).collect();
    releases.sort_by(|left, right| boot::compare(left, right));
    releases.dedup();
    releases
}

#[cfg(test)]
#[path = "../kernels_tests.rs"]
mod tests;
