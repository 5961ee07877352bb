//! Kernels that the host's release has as packages: which of them has what is missing, and how it
//! is installed here.

use super::origin::{NONE, OUTSIDE, is_from_outside, is_own};
use super::platform::Platform;
use super::{own, packages, remark};
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
    /// Nothing on this machine starts its kernel.
    outside: bool,
}

impl<'a> Shelf<'a> {
    pub(super) fn of(catalogue: &'a Catalogue, facts: &'a Facts, platform: &'a Platform) -> Self {
        let text = |key: &str| facts.text(key).unwrap_or_default();
        let all = || catalogue.kernels.iter();
        let flavour = text("kernel.flavour");
        let of_flavour = |row: &&PackagedKernel| row.flavour.as_ref() == Some(&flavour);
        let mut rows: Vec<&PackagedKernel> = all().filter(of_flavour).collect();
        for name in [&platform.packages_of, &platform.family] {
            if rows.is_empty() {
                // What is made of a distribution that goes on has kernels of its own.
                let is_its = |row: &&PackagedKernel| !row.rolling || *name == platform.packages_of;
                let of = |row: &&PackagedKernel| row.os.as_ref() == Some(name) && is_its(row);
                rows = all().filter(of).collect();
            }
        }
        let here = rows.iter().filter(|row| row.is_of(&platform.release));
        let here = here.copied().collect();
        Self {
            catalogue,
            facts,
            platform,
            rows,
            here,
            own: is_own(facts, platform),
            outside: is_from_outside(facts, platform),
        }
    }

    /// The running kernel is none of the distribution's: somebody built it for this machine.
    pub(super) fn is_own(&self) -> bool {
        self.own
    }

    fn running(&self) -> Option<KernelVersion> {
        self.facts.text("kernel.version")?.parse().ok()
    }

    /// Whether it is of a lower series than the running kernel. Nobody goes back to such a one for
    /// what it has: what runs here may need what came since.
    fn is_lower(&self, row: &PackagedKernel) -> bool {
        let running = self.running().filter(|_| !row.rolling);
        running.is_some_and(|running| row.kernel.series() < running.series())
    }

    /// Whether no packaged kernel of this release would be a step forward, in words.
    fn only_lower(&self) -> Option<String> {
        let newest = self.here.last()?;
        let running = self.facts.text("kernel.release")?;
        self.is_lower(newest).then(|| {
            format!(
                "{NONE}{} is newer than {running}: {}",
                newest.name,
                newest.as_newest()
            )
        })
    }

    /// Whether the last kernel of a release that ended is the one that runs, in words.
    fn ended(&self, newest: &PackagedKernel) -> Option<String> {
        let (os, release) = (&self.platform.packages_of, &self.platform.release);
        let archived = self.catalogue.archived_of(os, release)?;
        let running = self.facts.text("kernel.release").unwrap_or_default();
        archived.ends_with(&running).then(|| {
            let name = self.facts.text("os.name");
            let name = name.unwrap_or_else(|| newest.name.clone());
            let goes_on = archived.goes_on.as_deref();
            let goes_on = goes_on.map(|systems| format!("; what goes on from it: {systems}"));
            format!(
                "{NONE}{name} is newer than {running}, with which it ended{}",
                goes_on.unwrap_or_default()
            )
        })
    }

    /// Whether a packaged kernel is as new as this by its number, where that tells.
    pub(super) fn is_as_new(row: &PackagedKernel, wanted: KernelVersion) -> Tri {
        match (row.kernel >= wanted, row.may_have_more()) {
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
        if let Some(told) = self.told(row, option) {
            told
        } else if !row.may_have_more() && !self.catalogue.offers_option(option, row.kernel) {
            Tri::No
        } else if all.any(|row| names(&row.has)) {
            Tri::Unknown
        } else {
            Tri::Yes
        }
    }

    /// What is told of an option of a packaged kernel: of itself, of the same version in another
    /// release of its distribution, or that one before it has it; for who builds with an option
    /// goes on to.
    fn told(&self, row: &PackagedKernel, option: &str) -> Option<Tri> {
        let names = |list: &[String]| list.iter().any(|one| one == option);
        let of = |row: &PackagedKernel| match (names(&row.lacks), names(&row.has)) {
            (true, _) => Some(Tri::No),
            (_, true) => Some(Tri::Yes),
            _ => None,
        };
        let kin = |other: &&PackagedKernel| other.os == row.os && other.flavour == row.flavour;
        let kin = || self.catalogue.kernels.iter().filter(kin);
        let series = row.kernel.series();
        let same = || kin().filter(|other| other.kernel.series() == series);
        let before = || kin().filter(|other| other.kernel.series() < series);
        let told = of(row).or_else(|| same().find_map(of));
        told.or_else(|| {
            let last = before().filter(|other| of(other).is_some());
            let last = last.max_by_key(|other| other.kernel)?;
            of(last).filter(|told| *told == Tri::Yes)
        })
    }

    /// Whether the flavour that runs is another than the main one, and its kernels are built of the
    /// main one's series and settings.
    fn follows(&self) -> bool {
        let release = self.facts.text("kernel.release").unwrap_or_default();
        self.platform.packages_of == "ubuntu" && packages::ubuntu(&release).is_some()
    }

    /// Installs and boots the oldest packaged kernel of this release that is known to do; else the
    /// newest that may; else says that none does, and which release has one. `None` where nothing
    /// is known of the release, or of the flavour that runs.
    pub(super) fn lines(
        &self,
        does: &dyn Fn(&PackagedKernel) -> Tri,
        options: &[String],
    ) -> Option<Vec<String>> {
        if self.outside {
            return Some(vec![remark(OUTSIDE)]);
        }
        // A flavour without later kernels has the first series of its release alone.
        let release = self.facts.text("kernel.release").unwrap_or_default();
        let stays = packages::stays(&release).filter(|_| self.follows());
        let here = self.here.iter();
        let here = here.take(stays.map_or(usize::MAX, |_| 1));
        let newest = here.clone().next_back()?;
        let here = here.filter(|row| !self.is_lower(row));
        // What a release has for others says nothing of a flavour with a series of its own, but
        // that this has none where those have none: it follows them.
        let of_newest = self.filled(newest);
        if of_newest.is_none() && !(self.follows() && here.clone().all(|row| does(row) == Tri::No))
        {
            return None;
        }
        let of_newest = of_newest.unwrap_or_default();
        if let Some(told) = self.only_lower().or_else(|| self.ended(newest)) {
            return Some(vec![remark(&told)]);
        }
        if let Some(row) = here.clone().find(|row| does(row) == Tri::Yes) {
            return self.filled(row);
        }
        let name = match stays {
            Some(flavour) => format!("{} (linux-{flavour})", newest.name),
            None => newest.name.clone(),
        };
        let number = newest.number();
        let mut elsewhere = self.rows.iter();
        let elsewhere = elsewhere.find(|row| does(row) == Tri::Yes);
        let elsewhere = elsewhere.map(|row| format!("{} has {}", row.name, row.number()));
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
            "{NONE}{name} is {what}: {}",
            newest.as_newest()
        ))];
        lines.extend(elsewhere);
        Some(lines)
    }

    /// What installs a kernel of the distribution in the place of one that somebody built,
    /// whichever it is.
    pub(super) fn any(&self) -> Option<Vec<String>> {
        if self.outside {
            return Some(vec![remark(OUTSIDE)]);
        }
        if let Some(told) = self.only_lower() {
            return Some(vec![remark(&told)]);
        }
        match self.here.iter().find(|row| !self.is_lower(row)) {
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
        // What its build needs is told to who starts the machine.
        if self.outside {
            return None;
        }
        let running = self.running();
        let is_in = |list: &[String], option: &str| list.iter().any(|one| one == option);
        // Its config was seen: what nobody saw is not promised.
        let is_with = |row: &PackagedKernel, option: &str| self.told(row, option) == Some(Tri::Yes);
        let has = |row: &PackagedKernel| options.iter().all(|option| is_with(row, option));
        let lacks = |row: &PackagedKernel| {
            let mut all = options.iter();
            all.any(|option| self.is_built_with(row, option) == Tri::No)
        };
        // Who builds without an option goes on to, unless it is known otherwise.
        let later = |row: &PackagedKernel| {
            running.is_some_and(|running| row.kernel.series() > running.series())
        };
        let names: Vec<String> = options
            .iter()
            .map(|name| format!("CONFIG_{name}"))
            .collect();
        let names = names.join(", ");
        let mut here = self.here.iter().filter(|row| !self.is_lower(row));
        if let Some(row) = here
            .clone()
            .find(|row| has(row) && (self.own || later(row)))
        {
            let number = row.number();
            let summary = format!(
                "Boot the kernel that {} has as a package ({number}), which has {names}",
                row.name
            );
            return Some(WithOptions::Packaged(summary, self.filled(row)?));
        }
        let Some(newest) = self.here.last() else {
            let lines = self.own.then(|| self.rolling())??;
            return Some(WithOptions::Perhaps(
                format!(
                    "Boot the distribution's own kernel; whether it has {names} is not known here"
                ),
                lines,
            ));
        };
        self.filled(newest)?;
        if self.own && self.is_lower(newest) {
            let release = self.facts.text("kernel.release").unwrap_or_default();
            let told = has(newest).then(|| {
                format!(
                    "the packaged kernel of {}, {}, has {names}; it is older than {release}, which \
                     somebody built for this machine",
                    newest.name,
                    newest.number()
                )
            });
            return told.or_else(|| self.only_lower()).map(WithOptions::None);
        }
        // Of a later one that nobody looked into, it is not known that it has none either.
        if let Some(row) = here.rfind(|row| !lacks(row) && (self.own || later(row))) {
            let summary = format!(
                "Boot the kernel that {} has as a package ({}); whether it has {names} is not \
                 known here",
                row.name,
                row.number()
            );
            return Some(WithOptions::Perhaps(summary, self.filled(row)?));
        }
        let rows = &self.catalogue.kernels;
        let told = |option: &&str| rows.iter().any(|row| is_in(&row.has, option));
        // Of several options those are told that none of them has.
        let none = |option: &&&str| !self.here.iter().any(|row| is_with(row, option));
        let missing = options.iter().filter(none);
        let missing: Vec<String> = missing.map(|name| format!("CONFIG_{name}")).collect();
        if missing.is_empty() && options.len() == 1 {
            // One has it; the kernel that runs calls itself by its name, and was built otherwise.
            return None;
        }
        let names = match missing.is_empty() {
            true => format!("all of {names}"),
            false => missing.join(", "),
        };
        (self.own || options.iter().any(told)).then(|| {
            WithOptions::None(format!(
                "no packaged kernel of {} is known to have {names}: {}",
                newest.name,
                newest.as_newest()
            ))
        })
    }

    /// What brings the newest of the series that runs, where the release has that one as a package:
    /// the main package of a later series is another than that of the first, or from elsewhere.
    pub(super) fn of_running(&self) -> Option<Vec<String>> {
        let running = self.running()?.series();
        let mut here = self.here.iter().rev();
        let row = here.find(|row| {
            let series = row.kernel.series();
            series == running || (row.rolling && series < running)
        })?;
        self.filled(row)
    }

    /// The commands of a row, for the flavour that runs; `None` where that has a package of
    /// another kind.
    fn filled(&self, row: &PackagedKernel) -> Option<Vec<String>> {
        if let Some(next) = packages::starts_next(row, self.facts).filter(|_| !self.own) {
            let told = format!("{next} is such a kernel, and starts with the next boot:");
            return Some(vec![remark(&told), "reboot".to_owned()]);
        }
        if self.own {
            let lines = row
                .commands
                .iter()
                .map(|line| super::fill(line, self.facts));
            return Some(own::installing(lines.collect(), self.facts, self.platform));
        }
        let uname = self.facts.text("kernel.release").unwrap_or_default();
        let os = &self.platform.packages_of;
        let lines = row.commands.iter();
        let lines: Option<Vec<String>> = lines
            .map(|line| packages::in_flavour(line, os, &uname))
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
            "arch" => "pacman -Syu linux",
            "alpine" => "apk upgrade",
            _ => return None,
        };
        Some(own::installing(
            vec![line.to_owned(), "reboot".to_owned()],
            self.facts,
            self.platform,
        ))
    }
}

/// A packaged kernel with what is missing.
pub(super) enum WithOptions {
    /// What it is, and how it is installed.
    Packaged(String, Vec<String>),
    /// One that may have it.
    Perhaps(String, Vec<String>),
    /// In words, that there is none.
    None(String),
}

#[cfg(test)]
mod tests {
    use super::super::rendered;
    use super::super::tests::with;
    use crate::catalogue::{Fix, Needs, Remedy};
    use crate::facts::{Fact, Value};

    const ROCKY: &[(&str, &str)] = &[
        ("os.id", "rocky"),
        ("os.family", "rhel"),
        ("os.version-id", "9.4"),
        ("kernel.flavour", "vanilla"),
        ("tool.grubby", "/sbin/grubby"),
    ];
    const DEBIAN: &[(&str, &str)] = &[
        ("os.id", "debian"),
        ("os.family", "debian"),
        ("os.version-id", "12"),
        ("kernel.flavour", "vanilla"),
    ];
    const FOCAL: &[(&str, &str)] = &[
        ("os.id", "ubuntu"),
        ("os.family", "debian"),
        ("os.version-id", "20.04"),
        ("kernel.flavour", "ubuntu"),
    ];
    const WSL: &[(&str, &str)] = &[
        ("os.id", "ubuntu"),
        ("os.family", "debian"),
        ("os.version-id", "22.04"),
        ("kernel.flavour", "wsl"),
    ];
    const FEDORA: &[(&str, &str)] = &[
        ("os.id", "fedora"),
        ("os.family", "fedora"),
        ("os.version-id", "42"),
        ("kernel.flavour", "vanilla"),
    ];
    const ARCH: &[(&str, &str)] = &[
        ("os.id", "arch"),
        ("os.family", "arch"),
        ("kernel.flavour", "arch"),
    ];
    const MANJARO: &[(&str, &str)] = &[
        ("os.id", "manjaro"),
        ("os.family", "arch"),
        ("kernel.flavour", "vanilla"),
    ];
    const BOARD: &[(&str, &str)] = &[
        ("os.id", "ubuntu"),
        ("os.family", "debian"),
        ("os.version-id", "22.04"),
        ("kernel.flavour", "other"),
    ];

    /// A kernel that somebody built is replaced by none that is older, by none of which nobody
    /// saw what it has, and by none that the machine does not start; a script replaces it never.
    #[test]
    fn packaged_kernels_are_promised_where_they_are_known() {
        for (host, release, option, outside, told) in [
            // Newer, and its config was seen: first, before the build.
            (
                ROCKY,
                "5.10.9",
                "KPROBES",
                false,
                &["upgrade which has", "kernel-config"][..],
            ),
            (
                ROCKY,
                "6.12.10",
                "KPROBES",
                false,
                &["kernel-config has CONFIG_KPROBES; it is older than 6.12.10"],
            ),
            (
                DEBIAN,
                "5.15.9",
                "IKHEADERS",
                false,
                &[
                    "kernel-config # no packaged kernel of Debian 12 is known to have CONFIG_IKHEADERS",
                ],
            ),
            // A release that goes on may have one as new as any.
            (
                FEDORA,
                "7.1.3",
                "KPROBES",
                false,
                &["upgrade (6.17 or later), which has", "kernel-config"],
            ),
            (
                FEDORA,
                "7.1.3",
                "BPF_KPROBE_OVERRIDE",
                false,
                &["kernel-config CONFIG_BPF_KPROBE_OVERRIDE: it has 6.17 or later"],
            ),
            // What is made of it has kernels of its own.
            (
                MANJARO,
                "6.17.9",
                "KPROBES",
                false,
                &["kernel-config", "upgrade not known here"],
            ),
            (
                // 6.6 has no such option to be built with.
                ARCH,
                "6.6.9-1-lts",
                "SCHED_CLASS_EXT",
                false,
                &["upgrade (6.17 or later), which has"],
            ),
            // What an earlier kernel of the distribution has, and the same one in another release.
            (
                DEBIAN,
                "6.9.9",
                "KPROBES",
                false,
                &["upgrade (6.12), which has", "kernel-config"],
            ),
            (
                FOCAL,
                "5.4.0-26-generic",
                "DEBUG_INFO_BTF",
                false,
                &["upgrade (5.15), which has", "kernel-config Build it"],
            ),
            (
                DEBIAN,
                "5.15.9",
                "KPROBES",
                true,
                &["kernel-config comes from outside"],
            ),
            // Nobody looked into the later one of the release.
            (
                FOCAL,
                "5.4.0-26-generic",
                "XDP_SOCKETS_DIAG",
                false,
                &["kernel-config", "upgrade not known here"],
            ),
            (
                WSL,
                "5.15.133.1-microsoft-standard-WSL2",
                "BPF_LSM",
                false,
                &["upgrade which has"],
            ),
            (
                BOARD,
                "5.15.148-tegra",
                "KPROBES",
                false,
                &["kernel-config"],
            ),
        ] {
            let version = release.split('-').next().unwrap();
            let version = version.trim_end_matches(".133.1");
            let mut facts = with(host);
            facts.set("kernel.release", Fact::known(release, "x"));
            facts.set("kernel.version", Fact::known(version, "x"));
            if outside {
                facts.set("boot.loader", Fact::known("none", "/boot"));
                facts.set(
                    "boot.installed",
                    Fact::known(Value::List(Vec::new()), "/boot"),
                );
            }
            let fix = Fix {
                when: None,
                summary: "Build it".to_owned(),
                risk: None,
                by_hand: None,
                remedy: Remedy::KernelConfig([(option.to_owned(), "y".to_owned())].into()),
            };
            let catalogue = crate::built_in_catalogue().unwrap();
            let fixes = rendered([&fix].into_iter(), &catalogue, &facts, "v");
            assert_eq!(fixes.len(), told.len(), "{release} {option}: {fixes:#?}");
            for (fix, told) in fixes.iter().zip(told) {
                let (kind, words) = told.split_once(' ').unwrap_or((told, ""));
                assert_eq!(fix.kind, kind, "{release} {option}");
                let text = format!("{}\n{}", fix.summary, fix.commands.join("\n"));
                assert!(text.contains(words), "{release} {option}: {text}");
                // A person's, not a script's: what leads to it ends with a colon.
                let own = fix.kind == "upgrade" && ![FOCAL, WSL, ARCH].contains(&host);
                let by_hand = !own || fix.commands[0].ends_with(':');
                assert!(by_hand, "{text}");
                assert!(!outside || !text.contains("dpkg -i"), "{text}");
            }
        }
    }

    /// What only says that there is none looks like nothing that mends.
    #[test]
    fn words_that_there_is_none_are_no_upgrade() {
        for (release, version, wanted) in [
            (
                "5.4.0-1-generic",
                "20.04",
                "# no kernel of Ubuntu 20.04 is that new: 5.15 is the newest",
            ),
            (
                "5.4.0-1032-kvm",
                "20.04",
                "# no kernel of Ubuntu 20.04 (linux-kvm) is that new: 5.4 is the newest",
            ),
            (
                "5.4.0-1100-azure",
                "18.04",
                "# no kernel of Ubuntu 18.04 is that new: 5.4 is the newest",
            ),
        ] {
            let mut facts = with(&[
                ("os.id", "ubuntu"),
                ("os.family", "debian"),
                ("kernel.flavour", "ubuntu"),
                ("kernel.version", "5.4.0"),
            ]);
            facts.set("kernel.release", Fact::known(release, "x"));
            facts.set("os.version-id", Fact::known(version, "x"));
            let fix: Fix = crate::yaml::from_str(
                "{summary: Boot a later one, upgrade: {kernel: '6.1', needs: reboot}}",
            )
            .unwrap();
            let catalogue = crate::built_in_catalogue().unwrap();
            let fixes = rendered([&fix].into_iter(), &catalogue, &facts, "v");
            assert_eq!(fixes[0].commands[0], wanted);
            assert_eq!(
                (fixes[0].kind.as_str(), fixes[0].needs),
                ("program", Needs::Nothing)
            );
            assert_eq!((fixes[0].undo.len(), fixes[0].verify.as_str()), (0, "v"));
        }
    }
}
