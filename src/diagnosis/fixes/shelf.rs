//! Kernels that the host's release has as packages: which of them has what is missing, and how it
//! is installed here.

use super::platform::{BootLoader, Platform};
use super::{packages, remark};
use crate::catalogue::{Catalogue, PackagedKernel};
use crate::diagnosis::tri::Tri;
use crate::facts::Facts;
use crate::version::KernelVersion;

/// The packaged kernels of the host's distribution, and what tells which may be had here.
pub(super) struct Shelf<'a> {
    catalogue: &'a Catalogue,
    facts: &'a Facts,
    platform: &'a Platform,
    /// Those of all its releases, the older first.
    rows: Vec<&'a PackagedKernel>,
    /// Those of this release.
    here: Vec<&'a PackagedKernel>,
    /// The running kernel is none of them: somebody built it.
    own: bool,
}

impl<'a> Shelf<'a> {
    pub(super) fn of(catalogue: &'a Catalogue, facts: &'a Facts, platform: &'a Platform) -> Self {
        let text = |key: &str| facts.text(key).unwrap_or_default();
        let all = || catalogue.kernels.iter();
        let flavour = text("kernel.flavour");
        let of_flavour = |row: &&PackagedKernel| row.flavour.as_ref() == Some(&flavour);
        let mut rows: Vec<&PackagedKernel> = all().filter(of_flavour).collect();
        for name in ["os.id", "os.family"] {
            if rows.is_empty() {
                let name = text(name);
                rows = all().filter(|row| row.os.as_ref() == Some(&name)).collect();
            }
        }
        let release = text("os.version-id");
        let here = rows.iter().filter(|row| row.is_of(&release));
        let here = here.copied().collect();
        Self {
            catalogue,
            facts,
            platform,
            rows,
            here,
            own: is_own(facts, platform),
        }
    }

    /// The running kernel is none of the distribution's: somebody built it for this machine.
    pub(super) fn is_own(&self) -> bool {
        self.own
    }

    fn running(&self) -> Option<KernelVersion> {
        self.facts.text("kernel.version")?.parse().ok()
    }

    /// Whether a packaged kernel is as new as this by its number; where its vendor brings features
    /// to an old one, the number does not tell.
    pub(super) fn is_as_new(row: &PackagedKernel, wanted: KernelVersion) -> Tri {
        match (row.kernel >= wanted, row.backports) {
            (true, _) => Tri::Yes,
            (false, true) => Tri::Unknown,
            (false, false) => Tri::No,
        }
    }

    /// Whether it is built with an option: taken for granted of what kernels of its version have,
    /// unless it is told of it, or of others alone.
    pub(super) fn is_built_with(&self, row: &PackagedKernel, option: &str) -> Tri {
        let names = |list: &[String]| list.iter().any(|one| one == option);
        let mut all = self.catalogue.kernels.iter();
        if names(&row.lacks) {
            Tri::No
        } else if names(&row.has) {
            Tri::Yes
        } else if !row.backports && !self.catalogue.offers_option(option, row.kernel) {
            Tri::No
        } else if all.any(|row| names(&row.has)) {
            Tri::Unknown
        } else {
            Tri::Yes
        }
    }

    /// Installs and boots the oldest packaged kernel of this release that is known to do; else the
    /// newest that may; else says that none does, and which release has one. `None` where nothing
    /// is known of the release, or of the flavour that runs.
    pub(super) fn lines(
        &self,
        does: &dyn Fn(&PackagedKernel) -> Tri,
        options: &[String],
    ) -> Option<Vec<String>> {
        let newest = self.here.last()?;
        // What a release has for others says nothing of a flavour with a series of its own.
        let of_newest = self.filled(newest)?;
        let mut here = self.here.iter();
        if let Some(row) = here.find(|row| does(row) == Tri::Yes) {
            return self.filled(row);
        }
        let (name, number) = (&newest.name, series(newest.kernel));
        let mut elsewhere = self.rows.iter();
        let elsewhere = elsewhere.find(|row| does(row) == Tri::Yes);
        let elsewhere = elsewhere.map(|row| format!("{} has {}", row.name, series(row.kernel)));
        let elsewhere = elsewhere.map(|told| remark(&told));
        if does(newest) == Tri::Unknown {
            let told = match newest.backports {
                true => format!(
                    "the kernel of {name} stays at {number} by its number; its vendor brings \
                     features of later ones to it, so the newest may do"
                ),
                false => format!("whether that of {name}, {number}, has it is not known here"),
            };
            let mut lines = vec![remark(&told)];
            lines.extend(elsewhere);
            lines.extend(of_newest);
            return Some(lines);
        }
        let what = match options {
            [] => "that new".to_owned(),
            options => format!("known to have CONFIG_{}", options.join(", CONFIG_")),
        };
        let mut lines = vec![remark(&format!(
            "no kernel of {name} is {what}: {number} is the newest"
        ))];
        lines.extend(elsewhere);
        Some(lines)
    }

    /// What installs a kernel of the distribution in the place of one that somebody built,
    /// whichever it is.
    pub(super) fn any(&self) -> Option<Vec<String>> {
        match self.here.first() {
            Some(row) => self.filled(row),
            None => self.rolling(),
        }
    }

    /// The packaged kernel that has these options, with what is said of it; in words, where none
    /// is known to. `None` where there is nothing to say: the distribution's own kernel runs, and
    /// no later one is known to be built otherwise.
    pub(super) fn with_options(&self, options: &[&str]) -> Option<WithOptions> {
        let image = self.platform.image_way().is_some();
        if image || self.platform.is_container() {
            return None;
        }
        let running = self.running();
        let does = |row: &&&PackagedKernel| {
            let all = options.iter();
            let tri = Tri::all(all.map(|option| self.is_built_with(row, option)));
            // Who builds without an option goes on to, unless it is known otherwise.
            let told = || {
                options
                    .iter()
                    .all(|option| row.has.iter().any(|one| one == option))
            };
            let later = || running.is_some_and(|running| row.kernel.series() > running.series());
            tri == Tri::Yes && (self.own || later() && told())
        };
        let names: Vec<String> = options
            .iter()
            .map(|name| format!("CONFIG_{name}"))
            .collect();
        let names = names.join(", ");
        if let Some(row) = self.here.iter().find(does) {
            let number = series(row.kernel);
            let summary = format!(
                "Boot the kernel that {} has as a package ({number}), which has {names}",
                row.name
            );
            return Some(WithOptions::Packaged(summary, self.filled(row)?));
        }
        let Some(newest) = self.here.last() else {
            let lines = self.own.then(|| self.rolling())??;
            let summary =
                format!("Boot the distribution's own kernel, and see that it has {names}");
            return Some(WithOptions::Packaged(summary, lines));
        };
        self.filled(newest)?;
        let rows = &self.catalogue.kernels;
        let told = |option: &&str| {
            rows.iter()
                .any(|row| row.has.iter().any(|one| one == option))
        };
        (self.own || options.iter().any(told)).then(|| {
            WithOptions::None(format!(
                "no packaged kernel of {} is known to have {names}: {} is the newest",
                newest.name,
                series(newest.kernel)
            ))
        })
    }

    /// The commands of a row, for the flavour that runs; `None` where that has a package of
    /// another kind.
    fn filled(&self, row: &PackagedKernel) -> Option<Vec<String>> {
        let text = |key: &str| self.facts.text(key).unwrap_or_default();
        if self.own {
            let lines = row
                .commands
                .iter()
                .map(|line| super::fill(line, self.facts));
            let mut lines = self.installing(lines.collect());
            if self.running().is_some_and(|running| row.kernel <= running) {
                let (number, release) = (series(row.kernel), text("kernel.release"));
                let told = format!("{number} is older than {release} by its number");
                lines.insert(0, remark(&told));
            }
            return Some(lines);
        }
        let (os, uname) = (text("os.id"), text("kernel.release"));
        let lines = row.commands.iter();
        let lines: Option<Vec<String>> = lines
            .map(|line| packages::in_flavour(line, &os, &uname))
            .collect();
        Some(
            lines?
                .iter()
                .map(|line| super::fill(line, self.facts))
                .collect(),
        )
    }

    /// Where releases go on, or are not known one by one.
    fn rolling(&self) -> Option<Vec<String>> {
        let line = match self.platform.family.as_str() {
            "rhel" | "fedora" | "amazon" => "dnf upgrade kernel",
            "suse" => "zypper update kernel-default",
            "arch" => "pacman -S linux",
            "alpine" => "apk upgrade",
            _ => return None,
        };
        Some(self.installing(vec![line.to_owned(), "reboot".to_owned()]))
    }

    /// Commands that bring a packaged kernel up to date as such that install it, and boot it
    /// though one of a higher number may be there.
    fn installing(&self, lines: Vec<String>) -> Vec<String> {
        let by_grubby = self.platform.loader == BootLoader::Grubby;
        let mut typed = Vec::new();
        for line in lines {
            let line = line
                .replace("dnf upgrade ", "dnf install ")
                .replace("yum update ", "yum install ")
                .replace("tdnf update ", "tdnf install ")
                .replace("apk upgrade", "apk add linux-lts");
            let line = match line.starts_with("zypper update ") {
                true => "zypper install kernel-default".to_owned(),
                false => line,
            };
            let chosen = typed
                .iter()
                .any(|line: &String| line.starts_with("grubby "));
            if line == "reboot" && !chosen {
                typed.push(match by_grubby {
                    true => BOOT_PACKAGED.to_owned(),
                    false => remark(
                        "choose it in the boot menu: the loader begins with the highest number",
                    ),
                });
            }
            typed.push(line);
        }
        typed
    }
}

/// The newest that came in a package, whichever was made the default since.
const BOOT_PACKAGED: &str = "grubby --set-default \"/boot/vmlinuz-$(rpm -q --qf \
     '%{version}-%{release}.%{arch}\\n' kernel | sort -V | tail -n 1)\"";

/// A packaged kernel with what is missing.
pub(super) enum WithOptions {
    /// What it is, and how it is installed.
    Packaged(String, Vec<String>),
    /// In words, that there is none.
    None(String),
}

fn series(version: KernelVersion) -> String {
    let (major, minor) = version.series();
    format!("{major}.{minor}")
}

/// Whether somebody built the running kernel for a machine with packages.
fn is_own(facts: &Facts, platform: &Platform) -> bool {
    let flavour = facts.text("kernel.flavour").unwrap_or_default();
    let release = facts.text("kernel.release").unwrap_or_default();
    let board = matches!(platform.loader, BootLoader::RaspberryPi(_));
    let families = [
        "debian", "rhel", "fedora", "amazon", "suse", "arch", "alpine",
    ];
    matches!(flavour.as_str(), "vanilla" | "other")
        && families.contains(&platform.family.as_str())
        && platform.image.is_none()
        && !platform.is_container()
        && !(board || packages::is_of_raspberry_pi(&release))
}
