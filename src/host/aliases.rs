//! What members of an archive are called besides by their own names: where links lead, that the
//! files asked for lie at paths that nobody asks for.
//!
//! An archive is read from front to back, and a link may stand before or after what it leads to.
//! So all links are noted at first; where one that matters leads to something that was passed
//! over, the archive is read again, and what lies there is kept as what the link makes it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::links;
use super::wanted::{Wish, is_whole};

/// Where a member leads that is a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// As a symbolic link: the text it holds.
    Symbolic(String),
    /// As another name of the member at this path.
    Hard(String),
}

/// The links of an archive by their paths in it, the top directory taken off.
pub(super) type Links = BTreeMap<String, Target>;

/// More than the links of a host that lead to where nothing is asked for by itself.
const MOST: usize = 20_000;

/// Longest name that is made of links, in bytes; facts ask for shorter ones.
const LONGEST: usize = 512;

/// Links that are many on every host, and that no fact follows.
const NOISE: &[&str] = &[
    "/etc/alternatives/",
    "/etc/ca-certificates/",
    "/etc/fonts/",
    "/etc/localtime",
    "/etc/pki/",
    "/etc/rc",
    "/etc/ssl/",
    "/etc/systemd/",
];

/// The other names of members, and of directories of members.
#[derive(Debug, Default)]
pub(super) struct Aliases {
    by_member: BTreeMap<String, BTreeSet<String>>,
    count: usize,
}

impl Aliases {
    /// The names that these links give to others, as far as `wish` asks for anything there.
    pub(super) fn of(links: &Links, wish: &dyn Fn(&str) -> Wish) -> Self {
        let mut known = Self::default();
        let mut waiting = VecDeque::new();
        for (link, target) in links {
            if wish(link) != Wish::Nothing {
                waiting.extend(step(links, link, target, link));
            }
        }
        while let Some((member, alias)) = waiting.pop_front() {
            // By their own names these are kept as they are.
            if is_whole(&member) || !known.add(&member, &alias) {
                continue;
            }
            let inside = links.range(member.clone()..);
            let inside = inside.take_while(|(link, _)| link.starts_with(&member));
            for (link, target) in inside {
                let Some(rest) = below(link, &member) else {
                    continue;
                };
                let alias = format!("{alias}{rest}");
                if alias.len() <= LONGEST && alias != *link && wish(&alias) != Wish::Nothing {
                    waiting.extend(step(links, link, target, &alias));
                }
            }
        }
        known
    }

    fn add(&mut self, member: &str, alias: &str) -> bool {
        if self.count >= MOST {
            return false;
        }
        let names = self.by_member.entry(member.to_owned()).or_default();
        let new = names.insert(alias.to_owned());
        self.count += usize::from(new);
        new
    }

    /// Whether reading again would bring more, where `lesser` are the paths of what was not
    /// kept whole, and of the directories above.
    pub(super) fn lead_to(&self, lesser: &dyn Fn(&str) -> bool) -> bool {
        self.by_member.iter().any(|(member, aliases)| {
            let matters = |alias: &String| {
                let merged = member.strip_prefix("/usr") == Some(alias);
                !merged && !NOISE.iter().any(|begin| alias.starts_with(begin))
            };
            aliases.iter().any(matters) && lesser(member)
        })
    }

    /// What is asked of a member by whatever name.
    pub(super) fn wish(&self, path: &str, wish: &dyn Fn(&str) -> Wish) -> Wish {
        let ends = path.match_indices('/').map(|(at, _)| at).skip(1);
        let by_links = ends.chain([path.len()]).flat_map(|end| {
            let (member, rest) = path.split_at(end);
            let aliases = self.by_member.get(member).into_iter().flatten();
            aliases.map(move |alias| wish(&format!("{alias}{rest}")))
        });
        by_links.fold(wish(path), Wish::max)
    }
}

/// Where a link leads, itself known by another name.
fn step(links: &Links, link: &str, target: &Target, alias: &str) -> Option<(String, String)> {
    let member = match target {
        Target::Hard(path) => path.clone(),
        Target::Symbolic(text) => {
            let (directory, _) = link.rsplit_once('/')?;
            let path = match text.starts_with('/') {
                true => text.clone(),
                false => format!("{directory}/{text}"),
            };
            let at = |parts: &[String]| match links.get(&format!("/{}", parts.join("/"))) {
                Some(Target::Symbolic(target)) => Ok(Some(target.clone())),
                _ => Ok(None),
            };
            let parts = links::resolve(&path, false, at).ok()?;
            format!("/{}", parts.join("/"))
        }
    };
    // One that leads upwards gives no new names, only longer ones.
    let is_upwards = member == "/" || below(link, &member).is_some();
    (!is_upwards).then(|| (member, alias.to_owned()))
}

/// What a path has behind that of a directory; empty for the directory itself.
fn below<'a>(path: &'a str, directory: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(directory)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::wanted::wish;

    fn links(rows: &[(&str, &str)]) -> Links {
        let rows = rows.iter();
        rows.map(|(link, target)| {
            let target = match target.strip_prefix("hard:") {
                Some(path) => Target::Hard(path.to_owned()),
                None => Target::Symbolic((*target).to_owned()),
            };
            ((*link).to_owned(), target)
        })
        .collect()
    }

    #[test]
    fn chains_of_links_lead_to_what_is_asked_for() {
        let links = links(&[
            ("/etc/os-release", "/etc/static/os-release"),
            ("/etc/static", "/nix/store/a-etc/etc"),
            ("/nix/store/a-etc/etc/os-release", "/nix/store/b-os-release"),
            ("/proc/self", "4711"),
            ("/boot/config-6.1", "../data/../kernels/config"),
            ("/kernels", "deep/kernels"),
            ("/lib", "usr/lib"),
            ("/usr/bin/X11", "."),
            ("/etc/round", "round"),
            ("/etc/up", "../.."),
            ("/proc/version", "hard:/inodes/7"),
        ]);
        let aliases = Aliases::of(&links, &wish);
        for (member, wished) in [
            ("/nix/store/b-os-release", Wish::Bytes),
            ("/nix/store/a-etc/etc/os-release", Wish::Bytes),
            ("/nix/store/c-other", Wish::Nothing),
            ("/proc/4711/mountinfo", Wish::Bytes),
            ("/proc/4712/mountinfo", Wish::Nothing),
            ("/deep/kernels/config", Wish::Bytes),
            ("/inodes/7", Wish::Bytes),
            ("/usr/lib/modules/6.1/pkgbase", Wish::Bytes),
        ] {
            assert_eq!(aliases.wish(member, &wish), wished, "{member}");
        }
        assert!(aliases.lead_to(&|path| path == "/proc/4711"));
        assert!(!aliases.lead_to(&|path| path == "/usr/lib"));
    }

    #[test]
    fn links_that_lead_to_each_other_come_to_an_end() {
        let rows: Vec<(String, Target)> = (0..300)
            .flat_map(|number| {
                let other = (number + 1) % 300;
                let up = Target::Symbolic(format!("/opt/d{other}"));
                let name = format!("/opt/d{number}");
                [
                    (format!("{name}/etc"), up.clone()),
                    (format!("/etc/{number}"), up),
                ]
            })
            .collect();
        let links: Links = rows.into_iter().collect();
        let start = std::time::Instant::now();
        let aliases = Aliases::of(&links, &wish);
        assert!(aliases.count <= MOST);
        assert!(start.elapsed().as_secs() < 20);
    }
}
