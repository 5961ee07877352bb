//! Symbolic links, followed as the host itself would follow them and never out of its root.

use std::borrow::Cow;
use std::io;
use std::path::{Component, Path};

/// Links followed before a path counts as a loop; the kernel's own limit (fs/namei.c, MAXSYMLINKS).
const MAX_LINKS: usize = 40;

/// The names on the way from the root to where `path` leads, without links and dots; the
/// last name's link is followed if `follow` says so.
///
/// `link_at` tells where the link at a place leads: nothing if it is none.
pub(super) fn resolve(
    path: &str,
    follow: bool,
    link_at: impl Fn(&[String]) -> io::Result<Option<String>>,
) -> io::Result<Vec<String>> {
    let mut links = 0;
    let mut todo: Vec<String> = parts(Path::new(path)).rev().collect();
    let mut done: Vec<String> = Vec::new();
    while let Some(part) = todo.pop() {
        if part == ".." {
            done.pop();
            continue;
        }
        done.push(part);
        let Some(target) = link_at(&done)? else {
            continue;
        };
        if todo.is_empty() && !follow {
            break;
        }
        links += 1;
        if links > MAX_LINKS {
            return Err(io::Error::from_raw_os_error(libc::ELOOP));
        }
        done.pop();
        let target = Path::new(&target);
        if target.is_absolute() {
            done.clear();
        }
        todo.extend(parts(target).rev());
    }
    Ok(done)
}

/// Whether the words of a link at this place climb above the root.
pub(super) fn climbs(place: &[String], target: &str) -> bool {
    let target = Path::new(target);
    let mut depth = match target.is_absolute() {
        true => 0,
        false => place.len().saturating_sub(1),
    };
    parts(target).any(|part| match part.as_str() {
        ".." => match depth.checked_sub(1) {
            Some(above) => {
                depth = above;
                false
            }
            None => true,
        },
        _ => {
            depth += 1;
            false
        }
    })
}

/// What /proc says of the process that reads it is about the doctor, and not about a host from
/// files: there its first process stands for it, where `shows_processes` finds that.
pub(super) fn of_first_process(path: &str, shows_processes: impl Fn(&str) -> bool) -> Cow<'_, str> {
    match path.strip_prefix("/proc/self/") {
        Some(rest) if shows_processes("/proc/1/mountinfo") => format!("/proc/1/{rest}").into(),
        _ => path.into(),
    }
}

/// Names and `..` of a path, without its root and its dots.
fn parts(path: &Path) -> impl DoubleEndedIterator<Item = String> + '_ {
    path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        Component::ParentDir => Some("..".to_owned()),
        _ => None,
    })
}
