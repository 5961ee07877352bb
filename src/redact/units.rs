//! Names of units and control groups: who runs a service on a host may have named it so.

use super::Redactor;
use super::hosts::{ESCAPED_DASH, replaced};
use super::words::{COMMON, PATH_WORDS};
use crate::facts;

/// Endings of the names of units.
const UNITS: &[&str] = &[".mount", ".scope", ".service", ".slice", ".socket"];

impl Redactor {
    /// /proc/PID/cgroup: `0::PATH`, `1:name=systemd:PATH`.
    pub(super) fn control_groups(&mut self, text: &str) -> String {
        let lines = text.split_inclusive('\n').map(|line| {
            let Some(at) = line.match_indices(':').nth(1).map(|(at, _)| at + 1) else {
                return self.harmless(line);
            };
            let (before, path) = line.split_at(at);
            let end = if path.ends_with('\n') { "\n" } else { "" };
            let path = self.pods(path.trim_end_matches('\n'));
            let path = self.harmless(&path);
            let parts: Vec<String> = path.split('/').map(|part| self.group(part)).collect();
            format!("{before}{}{end}", parts.join("/"))
        });
        lines.collect()
    }

    /// Ids of Kubernetes pods behind `pod`; systemd's names of slices have low lines in them.
    fn pods(&mut self, path: &str) -> String {
        const LENGTH: usize = 36;
        let mut out = String::with_capacity(path.len());
        let mut rest = path;
        while let Some(at) = rest.find("pod") {
            let (before, behind) = rest.split_at(at + "pod".len());
            out += before;
            let id = behind.get(..LENGTH).filter(|id| {
                let digits = id.chars().filter(char::is_ascii_hexdigit).count();
                let lines = id.chars().filter(|c| matches!(c, '-' | '_')).count();
                (digits, lines) == (32, 4)
            });
            rest = behind;
            if let Some(id) = id {
                out += &self.number("machine", &id.replace(['-', '_'], ""));
                rest = behind.get(LENGTH..).unwrap_or_default();
            }
        }
        out + rest
    }

    /// A part of the path of a control group.
    fn group(&mut self, part: &str) -> String {
        if let Some(written) = Escaped::read(part) {
            return written.back(&self.group(&written.text));
        }
        let is_unit = match self.is_wordlike {
            // Of slices and scopes, systemd's own are words.
            true => part.ends_with(".service"),
            false => UNITS.iter().any(|end| part.ends_with(end)),
        };
        match is_unit {
            true => self.unit(part),
            // A container's own name is among these; words of the system are, too.
            false => {
                let part = self.host_in_unit(part, self.is_wordlike);
                self.below_domain(&part)
            }
        }
    }

    /// The host's name replaced in that of a unit or a control group. Where the host is called like
    /// a container manager and more, the manager's word stays, since a container is known by it; one
    /// that is called so and nothing else is told by nothing. `whole` says that the name alone may be
    /// a word, and only with its domain is one.
    fn host_in_unit(&self, text: &str, whole: bool) -> String {
        if !whole && !self.tells_a_manager() {
            return self.host_names(text);
        }
        let hosts = self.hosts.iter();
        let hosts = hosts.filter(|name| !whole || name.contains('.'));
        hosts.fold(text.to_owned(), |text, name| {
            match facts::manager_in(name) {
                Some(word) if name.eq_ignore_ascii_case(word) => text,
                Some(word) => replaced(&text, name, &format!("{word}-host-1")),
                None => replaced(&text, name, "host-1"),
            }
        })
    }

    /// The name of a unit. What container managers and starters of others are called stays, since
    /// facts know them by it.
    pub(super) fn unit(&mut self, name: &str) -> String {
        if let Some(written) = Escaped::read(name) {
            return written.back(&self.unit(&written.text));
        }
        let (stem, end) = name.split_at(name.rfind('.').unwrap_or(name.len()));
        let (stem, instance) = stem.split_at(stem.find('@').unwrap_or(stem.len()));
        let stem = match facts::is_starter(stem) {
            true => stem.to_owned(),
            false => {
                let stem = self.addresses(stem);
                self.unit_part(&stem)
            }
        };
        let Some(instance) = instance.strip_prefix('@') else {
            return stem + end;
        };
        // `sshd@3-10.0.0.1:22-10.0.0.2:5555`: addresses stand between other numbers.
        let parts = instance.split('-').map(|part| self.addresses(part));
        let instance = parts.collect::<Vec<_>>().join("-");
        let instance = self.unit_part(&instance);
        format!("{stem}@{instance}{end}")
    }

    fn unit_part(&mut self, text: &str) -> String {
        let text = self.host_in_unit(text, false);
        let text = self.below_domain(&text);
        let ends = |c: char| matches!(c, '-' | '.') || c.is_control();
        let parts = text.split_inclusive(ends).map(|piece| {
            let part = piece.trim_end_matches(ends);
            let plain = COMMON.contains(&part) || PATH_WORDS.contains(&part);
            match !plain && self.is_user(part) {
                true => self.number("user", part) + piece.get(part.len()..).unwrap_or_default(),
                false => piece.to_owned(),
            }
        });
        parts.collect()
    }

    /// Whether the host is called like a container manager, by whose name a container is known.
    fn tells_a_manager(&self) -> bool {
        let mut hosts = self.hosts.iter();
        hosts.any(|name| facts::manager_in(name).is_some())
    }
}

/// A name in which systemd wrote characters by their numbers, since they mean something else in
/// names: a dash as `\x2d`. Here each of them is one character that is in no name.
struct Escaped<'a> {
    text: String,
    /// What stands for which character.
    written: Vec<(char, &'a str)>,
}

impl<'a> Escaped<'a> {
    /// More kinds of characters than names have.
    const MOST: u8 = 8;

    /// The name, if something is written so in it.
    fn read(name: &'a str) -> Option<Self> {
        let mut read = Self {
            text: String::with_capacity(name.len()),
            written: Vec::new(),
        };
        if name.contains(char::is_control) {
            return None;
        }
        let mut rest = name;
        while let Some(at) = rest.find("\\x") {
            let (before, behind) = rest.split_at(at);
            read.text += before;
            let number = behind.get(..4).filter(|written| {
                let mut digits = written.chars().skip(2);
                digits.all(|c| c.is_ascii_hexdigit())
            });
            let mark = number.and_then(|number| read.mark(number));
            let (written, behind) = behind.split_at(if mark.is_some() { 4 } else { 2 });
            match mark {
                Some(mark) => read.text.push(mark),
                None => read.text += written,
            }
            rest = behind;
        }
        read.text += rest;
        (!read.written.is_empty()).then_some(read)
    }

    fn mark(&mut self, number: &'a str) -> Option<char> {
        if number.eq_ignore_ascii_case("\\x2d") {
            if !self.written.iter().any(|(mark, _)| *mark == ESCAPED_DASH) {
                self.written.push((ESCAPED_DASH, number));
            }
            return Some(ESCAPED_DASH);
        }
        let mut known = self.written.iter();
        if let Some((mark, _)) = known.find(|(_, written)| *written == number) {
            return Some(*mark);
        }
        let mut free = (2..Self::MOST).map(char::from);
        let mark = free.find(|mark| !self.written.iter().any(|(known, _)| known == mark))?;
        self.written.push((mark, number));
        Some(mark)
    }

    /// A text with the characters written as they were.
    fn back(&self, text: &str) -> String {
        let written = self.written.iter();
        written.fold(text.to_owned(), |text, (mark, number)| {
            text.replace(*mark, number)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_systemd_writes_with_numbers_are_seen() {
        for (name, unit, expected) in [
            (
                "web17.acme.io",
                "machine-qemu\\x2d3\\x2dweb17.scope",
                "machine-qemu\\x2d3\\x2dhost-1.scope",
            ),
            (
                "web-17.acme.io",
                "app@web\\x2d17.service",
                "app@host-1.service",
            ),
            (
                "web17.acme.io",
                "app-alice\\x2ddb9.acme.io.service",
                "app-user-1\\x2dhost-2.service",
            ),
            ("web17.acme.io", "app-db9.acme.io.service", "host-2.service"),
            (
                "web17",
                "x\\x40web17\\x20y\\xzz.service",
                "x\\x40host-1\\x20y\\xzz.service",
            ),
            ("web17", "x\\x2d1.service", "x\\x2d1.service"),
            ("web17", "x-10.0.0.5.service", "x-ip-1.service"),
        ] {
            let mut redactor = Redactor::new(Some(name), None);
            redactor.text("/home/alice/x");
            assert_eq!(redactor.fact("environment.unit", unit), expected, "{name}");
            let told = redactor.file("/proc/self/cgroup", &format!("0::/system.slice/{unit}\n"));
            assert_eq!(told, format!("0::/system.slice/{expected}\n"));
        }
    }

    #[test]
    fn units_lose_names_and_stay_what_they_are() {
        let mut redactor = Redactor::new(Some("dbsrv01.acme.example"), None);
        redactor.text("/home/frank/x");
        for (text, expected) in [
            (
                "0::/system.slice/app-dbsrv01.service\n",
                "0::/system.slice/app-host-1.service\n",
            ),
            (
                "1:name=systemd:/system.slice/app-frank@dbsrv01.service\n0::/\n",
                "1:name=systemd:/system.slice/app-user-1@host-1.service\n0::/\n",
            ),
            (
                "0::/system.slice/sshd@3-10.0.0.1:22-10.0.0.2:5555.service\n",
                "0::/system.slice/sshd@3-ip-1:22-ip-2:5555.service\n",
            ),
            (
                "0::/lxc.payload.dbsrv01/system.slice/cron.service",
                "0::/lxc.payload.host-1/system.slice/cron.service",
            ),
            (
                "0::/user.slice/app-org.frank.dbsrv01-1234.scope\n",
                "0::/user.slice/app-org.user-1.host-1-1234.scope\n",
            ),
            (
                "0::/user.slice/user-1000.slice/session-3.scope\n",
                "0::/user.slice/user-1000.slice/session-3.scope\n",
            ),
        ] {
            assert_eq!(redactor.file("/proc/self/cgroup", text), expected);
        }
        assert_eq!(
            redactor.fact("environment.unit", "app-dbsrv01.service"),
            "app-host-1.service"
        );
        // One that is called like a container manager and more.
        for (name, text, expected) in [
            (
                "docker01.acme.example",
                "0::/system.slice/app-docker01.service\n",
                "0::/system.slice/app-docker-host-1.service\n",
            ),
            (
                "lxc-prod-7",
                "0::/lxc.payload.lxc-prod-7/system.slice/x@lxc-prod-7.service\n",
                "0::/lxc.payload.lxc-host-1/system.slice/x@lxc-host-1.service\n",
            ),
            (
                "docker.acme.example",
                "0::/system.slice/docker-1f.scope/docker.acme.example\n",
                "0::/system.slice/docker-1f.scope/docker-host-1\n",
            ),
        ] {
            let mut redactor = Redactor::new(Some(name), None);
            assert_eq!(redactor.file("/proc/self/cgroup", text), expected);
        }
        // A host that is called like what facts look for.
        for (name, text) in [
            ("docker", "0::/system.slice/docker-1f.scope"),
            ("kubepods", "0::/kubepods.slice/kubepods-pod7.slice/x"),
            ("cron", "0::/system.slice/cron.service"),
            ("cloud-init", "0::/system.slice/cloud-init.service"),
            ("system", "0::/system.slice/x.service"),
            ("gandalf", "0::/gandalf/x"),
        ] {
            let mut redactor = Redactor::new(Some(name), None);
            assert_eq!(redactor.file("/proc/self/cgroup", text), text, "{name}");
        }
    }
}
