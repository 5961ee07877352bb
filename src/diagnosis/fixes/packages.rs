//! Which of its kernels a distribution of Debian's family runs here: the end of the release says
//! the flavour, and the flavour is the end of the package's name.

use super::platform::Platform;
use super::remark;
use crate::catalogue::{Catalogue, PackagedKernel};
use crate::facts::{Facts, Value};
use crate::version::KernelVersion;

/// Says before commands of a package manager that the release lies in an archive alone, where
/// they find nothing until their sources name it.
pub(super) fn come_from_archives(
    commands: &mut Vec<String>,
    catalogue: &Catalogue,
    platform: &Platform,
) {
    let asks = |line: &String| {
        let beginnings = ["apt-get ", "dnf ", "yum "];
        beginnings.iter().any(|begin| line.starts_with(begin))
    };
    if platform.is_container() || !commands.iter().any(asks) {
        return;
    }
    if let Some(archived) = catalogue.archived_of(&platform.packages_of, &platform.release) {
        let told = format!(
            "this release lies at {} alone by now; once the sources of packages name that:",
            archived.at
        );
        commands.insert(0, remark(&told));
        // What they name is known once the lists are read anew.
        let installs = |line: &String| line.starts_with("apt-get install ");
        let is_listed = commands.iter().any(|line| line == "apt-get update");
        if let Some(place) = commands.iter().position(installs)
            && !is_listed
        {
            commands.insert(place, "apt-get update".to_owned());
        }
    }
}

/// Takes away what these commands install and was not there before; nothing where one of them
/// does something else, where they install once more what is there, or a kernel.
pub(super) fn removing(commands: &[String], facts: &Facts) -> Vec<String> {
    const WAYS: &[(&str, &str)] = &[
        ("apt-get install", "apt-get remove"),
        ("dnf install", "dnf remove"),
        ("yum install", "yum remove"),
        ("tdnf install", "tdnf remove"),
        ("zypper install", "zypper remove"),
        ("pacman -Syu", "pacman -R"),
        ("apk add", "apk del"),
    ];
    let missing = facts.list("dev-tools.missing");
    // Of the tools it is known which are there; of what holds them, so it is, too.
    let was_there = |package: &str| {
        let tool = TOOLS
            .iter()
            .find(|(_, packages)| packages.contains(&package));
        let missing = missing.as_ref();
        tool.is_some_and(|(tool, _)| missing.is_some_and(|all| all.iter().all(|one| one != tool)))
    };
    let mut undo = Vec::new();
    for line in commands.iter().filter(|line| *line != "reboot") {
        let way = WAYS.iter().find_map(|(way, back)| {
            let rest = line.strip_prefix(way)?;
            Some((rest.strip_prefix(' ')?, back))
        });
        match way {
            Some((words, back)) => {
                let words = words_of(words);
                let again = ["--reinstall", "--force"];
                if words
                    .iter()
                    .any(|word| again.contains(word) || is_kernel(word, facts))
                {
                    return Vec::new();
                }
                let packages = without_options(&words).into_iter();
                let packages: Vec<&str> = packages.filter(|one| !was_there(one)).collect();
                if !packages.is_empty() {
                    undo.push(format!("{back} {}", packages.join(" ")));
                }
            }
            None if line.starts_with('#') || line.ends_with("-get update") => {}
            None if line.starts_with("subscription-manager ") || line.starts_with("ls ") => {}
            None => return Vec::new(),
        }
    }
    undo
}

/// Modules of SUSE Linux Enterprise Server 15, each behind what it asks for, and packages that
/// come with it.
const MODULES: &[(&str, &[&str])] = &[
    (
        "sle-module-desktop-applications",
        &["kernel-source", "dwarves", "clang", "llvm"],
    ),
    (
        "sle-module-development-tools",
        &["kernel-source", "dwarves", "clang", "llvm"],
    ),
    ("PackageHub", &["clang", "llvm"]),
];

/// Has the modules that packages come with before they are installed, on systems that have modules;
/// what takes the packages away is told of them.
pub(super) fn come_with_modules(
    commands: &mut Vec<String>,
    undo: &mut Vec<String>,
    facts: &Facts,
    platform: &Platform,
) {
    let id = facts.text("os.id").unwrap_or_default();
    let version = facts.text("os.version-id").unwrap_or_default();
    let has_modules = matches!(id.as_str(), "sles" | "sles_sap" | "sled")
        && (version == "15" || version.starts_with("15."));
    let installs = |line: &String| line.starts_with("zypper install ");
    let Some(place) = commands.iter().position(installs) else {
        return;
    };
    if !has_modules || platform.is_container() {
        return;
    }
    let lines = commands.iter().filter(|line| installs(line));
    let words: Vec<&str> = lines.flat_map(|line| line.split(' ')).collect();
    let is_wanted = |packages: &[&str]| packages.iter().any(|one| words.contains(one));
    let modules = MODULES.iter().filter(|(_, packages)| is_wanted(packages));
    let modules: Vec<String> = modules
        .map(|(module, _)| super::quote(&format!("{module}/{version}")))
        .collect();
    if !undo.is_empty() && !modules.is_empty() {
        let off = modules.iter().rev();
        let off: Vec<String> = off
            .map(|module| format!("SUSEConnect -d -p {module}/$(uname -m)"))
            .collect();
        undo.push(remark("and, those that were not on before:"));
        undo.extend(off.iter().map(|line| remark(line)));
    }
    let on = modules
        .iter()
        .map(|module| format!("SUSEConnect -p {module}/\"$(uname -m)\""));
    commands.splice(place..place, on);
}

/// Lets go of a minor release that Red Hat's system is held at before a later kernel is asked for,
/// and says where it could not be read whether it is. Whether it does.
pub(super) fn let_go(
    commands: &mut Vec<String>,
    undo: &mut Vec<String>,
    facts: &Facts,
    platform: &Platform,
) -> bool {
    let asks = |line: &String| line == "dnf upgrade kernel" || line == "yum update kernel";
    let is_rhel = platform.family == "rhel" && platform.image.is_none();
    let Some(place) = commands.iter().position(asks) else {
        return false;
    };
    if !is_rhel || platform.is_container() {
        return false;
    }
    let held = facts.get("os.held-at");
    match held.value() {
        Some(Value::Text(release)) => {
            let release = super::quote(release);
            let told =
                format!("the system is held at {release}, and gets no kernel of a later release");
            let lines = match held.source() {
                by if by.ends_with(".json") => {
                    undo.insert(0, format!("subscription-manager release --set={release}"));
                    vec![
                        remark(&format!("{told}, until its subscription lets it go:")),
                        "subscription-manager release --unset".to_owned(),
                    ]
                }
                by => {
                    let file = match by.ends_with("/etc/yum/vars/releasever") {
                        true => "/etc/yum/vars/releasever",
                        false => "/etc/dnf/vars/releasever",
                    };
                    undo.insert(0, format!("printf '%s\\n' {release} > {file}"));
                    let told = format!(
                        "{told}, until it follows the newest, with the cloud's own repositories in \
                         the place of those for extended support (EUS):"
                    );
                    vec![remark(&told), format!("rm -f {file}")]
                }
            };
            commands.splice(place..place, lines);
            true
        }
        None if facts.text("os.id").as_deref() == Some("rhel") => {
            let told = "whether the system is held at a minor release could not be read: then it gets \
                        no kernel of a later one (subscription-manager release --show; in a cloud \
                        /etc/dnf/vars/releasever)";
            commands.insert(place, remark(told));
            false
        }
        _ => false,
    }
}

/// The packages that bring what is looked for among the tools.
const TOOLS: &[(&str, &[&str])] = &[
    (
        "bpftool",
        &[
            "bpftool",
            "bpf",
            "linux-tools-common",
            "linux-tools-generic",
        ],
    ),
    ("clang", &["clang"]),
    ("llvm-objdump", &["llvm"]),
    ("pahole", &["dwarves", "pahole"]),
];

/// Whether a package is a kernel: the one that runs, or what follows the newest.
fn is_kernel(package: &str, facts: &Facts) -> bool {
    let base = facts.text("kernel.package-base");
    let package = package.trim_matches('"');
    matches!(
        package,
        "linux" | "kernel" | "kernel-core" | "kernel-default" | "kernel-uek"
    ) || base.is_some_and(|base| base == package)
        || package.starts_with("linux-image-")
}

/// The words of a line as a shell parts them; what is quoted or substituted stays as it is.
fn words_of(line: &str) -> Vec<&str> {
    let (mut words, mut start, mut depth, mut quote) = (Vec::new(), 0, 0_usize, None);
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        match (c, quote) {
            // In a substitution quotes begin anew.
            ('(', _) if before == '$' && quote != Some('\'') => depth += 1,
            (')', _) if depth > 0 => depth -= 1,
            ('"' | '\'', None) if depth == 0 => quote = Some(c),
            (c, Some(open)) if c == open && depth == 0 => quote = None,
            (' ', None) if depth == 0 => {
                words.push(&line[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        before = c;
    }
    words.push(&line[start..]);
    words.retain(|word| !word.is_empty());
    words
}

/// The words that are no options, nor the values of some.
fn without_options<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let mut kept = Vec::new();
    let mut before = "";
    for word in words {
        if !word.starts_with('-') && before != "-t" {
            kept.push(*word);
        }
        before = word;
    }
    kept
}

/// Flavours of Ubuntu that have newer kernels for older releases (hardware enablement).
const ENABLED: &[&str] = &["generic", "generic-64k", "generic-lpae", "lowlatency"];

/// Flavours of Ubuntu whose package follows a series of their own.
const ALONE: &[&str] = &[
    "aws",
    "aws-64k",
    "azure",
    "azure-fde",
    "gcp",
    "gcp-64k",
    "gke",
    "gkeop",
    "ibm",
    "intel-iotg",
    "kvm",
    "nvidia",
    "nvidia-64k",
    "oracle",
    "oracle-64k",
    "raspi",
    "xilinx-zynqmp",
];

/// The flavour a release of Ubuntu's ends with, where it has no later kernels for an older release.
pub(super) fn stays(release: &str) -> Option<&'static str> {
    ubuntu(release).filter(|flavour| *flavour == "kvm")
}

/// Flavours of Debian, the longer before what they end with.
const DEBIAN: &[&str] = &[
    "cloud-amd64",
    "rt-amd64",
    "amd64",
    "arm64-16k",
    "cloud-arm64",
    "rt-arm64",
    "arm64",
    "armmp-lpae",
    "rt-armmp",
    "armmp",
    "marvell",
    "rpi",
    "rt-686-pae",
    "686-pae",
    "686",
    "loong64",
    "powerpc64le-64k",
    "powerpc64le",
    "riscv64",
    "s390x",
];

pub(super) const UNTOLD_UBUNTU: &str = "which of Ubuntu's kernels this is, its release does not \
    say: install the newest of its flavour (linux-FLAVOUR, such as linux-generic or linux-aws)";

pub(super) const UNTOLD_DEBIAN: &str = "which of Debian's kernels this is, its release does not \
    say: install the newest of its flavour (linux-image-FLAVOUR, such as linux-image-amd64 or \
    linux-image-armmp)";

/// The flavour behind the version and the number of the ABI, if it is one of Ubuntu's.
pub(super) fn ubuntu(release: &str) -> Option<&'static str> {
    let end = release.splitn(3, '-').nth(2)?;
    let mut all = ENABLED.iter().chain(ALONE);
    all.find(|flavour| **flavour == end).copied()
}

/// The release that the next boot starts, where that is of a later series than the one that runs,
/// and this packaged kernel by its number. Where features come to old numbers, these tell nothing.
pub(super) fn starts_next(row: &PackagedKernel, facts: &Facts) -> Option<String> {
    let next = facts.text("boot.next")?;
    let running: KernelVersion = facts.text("kernel.version")?.parse().ok()?;
    let series = next.parse::<KernelVersion>().ok()?.series();
    let is_it = series == row.kernel.series() && series > running.series();
    (is_it && !row.may_have_more()).then_some(next)
}

/// Whether newer kernels of this flavour come for older releases.
pub(super) fn enables(flavour: &str) -> bool {
    ENABLED.contains(&flavour)
}

/// The flavour a release of Debian's ends with.
pub(super) fn debian(release: &str) -> Option<&'static str> {
    let ends = |flavour: &&&str| {
        let front = release.strip_suffix(**flavour);
        front.is_some_and(|front| front.ends_with('-'))
    };
    DEBIAN.iter().find(ends).copied()
}

/// Whether it is one of Raspberry Pi's own, whose system calls itself Debian on 64 bits.
pub(super) fn is_of_raspberry_pi(release: &str) -> bool {
    release.contains("+rpt")
}

/// A command for the main flavour, as one for the flavour that runs here; `None` where that has
/// a package of another kind, or is not known.
pub(super) fn in_flavour(command: &str, os: &str, release: &str) -> Option<String> {
    match os {
        "ubuntu" if command.contains("linux-generic") => {
            let flavour = ubuntu(release).filter(|flavour| enables(flavour))?;
            Some(command.replace("linux-generic", &format!("linux-{flavour}")))
        }
        "debian" if is_of_raspberry_pi(release) => None,
        "debian" if command.contains(OF_ARCHITECTURE) => {
            let command = command.replace(OF_ARCHITECTURE, debian(release)?);
            Some(command.replace('"', ""))
        }
        _ => Some(command.to_owned()),
    }
}

/// What stands for the flavour in the commands of the catalogue: right where it is the main one.
const OF_ARCHITECTURE: &str = "$(dpkg --print-architecture)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_installed_is_taken_away_again() {
        use crate::facts::Fact;
        let mut facts = Facts::default();
        facts.set("kernel.package-base", Fact::known("linux-zen", "x"));
        let missing = vec!["llvm-objdump".to_owned(), "pahole".to_owned()];
        let missing = Value::List(missing);
        facts.set("dev-tools.missing", Fact::known(missing, "PATH"));
        for (typed, back) in [
            (
                &["apt-get update", "apt-get install a b"][..],
                &["apt-get remove a b"][..],
            ),
            (&["dnf install --enablerepo=crb a"], &["dnf remove a"]),
            (
                &["dnf install --enablerepo=\"ol$(rpm -E %rhel)_x\" a b"],
                &["dnf remove a b"],
            ),
            (&["apt-get install -t x-backports a"], &["apt-get remove a"]),
            (&["apk add a", "reboot"], &["apk del a"]),
            (&["apt-get dist-upgrade"], &[]),
            (&["nix-shell -p a"], &[]),
            // What is substituted keeps its options.
            (
                &["zypper install a=\"$(uname -r | sed 's/-x$//')\" b"],
                &["zypper remove a=\"$(uname -r | sed 's/-x$//')\" b"],
            ),
            (
                &["apk add \"linux-$(uname -r | sed 's/.*-//')-dev\""],
                &["apk del \"linux-$(uname -r | sed 's/.*-//')-dev\""],
            ),
            // What is installed once more was there before, and a kernel is never taken away.
            (
                &["apt-get install --reinstall linux-image-6.1.0-1-amd64"],
                &[],
            ),
            (&["zypper install --force \"$(rpm -qf /boot/x)\""], &[]),
            (&["pacman -Syu linux", "reboot"], &[]),
            (&["pacman -Syu linux-zen"], &[]),
            (&["pacman -Syu a", "reboot"], &["pacman -R a"]),
            (&["pacman -Syu", "reboot"], &[]),
            (&["dnf reinstall \"kernel*-\"6.1.0"], &[]),
            // Of the tools, the ones that were missing.
            (
                &["dnf install bpftool clang llvm dwarves"],
                &["dnf remove llvm dwarves"],
            ),
            (&["apt-get install clang"], &[]),
        ] {
            let typed: Vec<String> = typed.iter().map(ToString::to_string).collect();
            assert_eq!(removing(&typed, &facts), back, "{typed:?}");
        }
    }

    #[test]
    fn modules_are_on_before_what_comes_with_them() {
        for (os, version, typed, modules) in [
            (
                "sles",
                "15.6",
                "zypper install bpftool clang llvm dwarves",
                3,
            ),
            ("sles", "15.6", "zypper install dwarves", 2),
            ("sles_sap", "15", "zypper install kernel-source gcc", 2),
            ("sles", "15.6", "zypper install bpftool", 0),
            ("sles", "15.6", "zypper update kernel-default", 0),
            ("sles", "12.5", "zypper install dwarves", 0),
            ("opensuse-leap", "15.6", "zypper install dwarves", 0),
        ] {
            let facts = super::super::tests::with(&[("os.id", os), ("os.version-id", version)]);
            let mut lines = vec!["zypper refresh".to_owned(), typed.to_owned()];
            let mut undo = vec!["zypper remove x".to_owned()];
            come_with_modules(&mut lines, &mut undo, &facts, &Platform::of(&facts));
            let on: Vec<&String> = lines
                .iter()
                .filter(|one| one.contains("Connect -p "))
                .collect();
            assert_eq!(on.len(), modules, "{os} {version}: {lines:?}");
            assert_eq!(lines.len(), 2 + modules, "{lines:?}");
            assert_eq!(lines.last().map(String::as_str), Some(typed));
            let off = undo.iter().filter(|one| one.contains("Connect -d -p "));
            assert_eq!(off.count(), modules, "{undo:?}");
        }
    }

    #[test]
    fn a_held_system_is_let_go_and_one_that_is_not_hears_nothing_of_it() {
        use crate::facts::{Fact, Why};
        let unknown = || Fact::unknown(Why::Denied, "", "/etc/dnf/vars/releasever");
        let file = "/etc/dnf/vars/releasever";
        for (os, held, typed, back, by_hand) in [
            (
                "rhel",
                Fact::known("8.1", "/var/lib/rhsm/cache/releasever.json"),
                "subscription-manager release --unset",
                "subscription-manager release --set=8.1",
                true,
            ),
            (
                "rhel",
                Fact::known("8.1", file),
                "rm -f /etc/dnf/vars/releasever",
                "printf '%s\\n' 8.1 > /etc/dnf/vars/releasever",
                true,
            ),
            ("rhel", unknown(), "# whether the system is held", "", false),
            ("rocky", unknown(), "", "", false),
            ("rhel", Fact::absent(file), "", "", false),
        ] {
            let mut facts = super::super::tests::with(&[("os.id", os), ("os.family", "rhel")]);
            facts.set("os.held-at", held);
            let mut lines = vec!["dnf upgrade kernel".to_owned(), "reboot".to_owned()];
            let mut undo = Vec::new();
            let platform = Platform::of(&facts);
            let is_let_go = let_go(&mut lines, &mut undo, &facts, &platform);
            assert_eq!(is_let_go, by_hand, "{lines:?}");
            let before = lines.iter().position(|line| line == "dnf upgrade kernel");
            let before = before.and_then(|place| place.checked_sub(1));
            let said = before.map_or("", |place| lines[place].as_str());
            assert!(said.starts_with(typed), "{lines:?}");
            assert_eq!(said.is_empty(), typed.is_empty(), "{lines:?}");
            assert_eq!(undo.concat(), back);
            let mut others = vec!["dnf install a".to_owned()];
            assert!(!let_go(&mut others, &mut undo, &facts, &platform));
            assert_eq!(others.len(), 1);
        }
    }

    #[test]
    fn an_archived_release_is_told_before_its_packages() {
        let catalogue = crate::built_in_catalogue().unwrap();
        for (os, release, at) in [
            ("debian", "10", "archive.debian.org"),
            ("centos", "8", "vault.centos.org"),
            ("debian", "12", ""),
            ("rocky", "8.9", ""),
        ] {
            let mut facts = Facts::default();
            facts.set("os.id", crate::facts::Fact::known(os, "x"));
            facts.set("os.version-id", crate::facts::Fact::known(release, "x"));
            let platform = Platform::of(&facts);
            let mut lines = vec!["apt-get update".to_owned()];
            come_from_archives(&mut lines, &catalogue, &platform);
            assert_eq!(
                lines.len(),
                1 + usize::from(!at.is_empty()),
                "{os} {release}"
            );
            assert!(lines[0].contains(at), "{lines:?}");
            // What the sources name by now is known to apt once it reads their lists.
            let mut lines = vec!["apt-get install x".to_owned()];
            come_from_archives(&mut lines, &catalogue, &platform);
            let listed = lines.iter().any(|line| line == "apt-get update");
            assert_eq!(listed, !at.is_empty(), "{os} {release}");
            assert_eq!(lines.last().map(String::as_str), Some("apt-get install x"));
            let mut others = vec!["sysctl -w a=1".to_owned()];
            come_from_archives(&mut others, &catalogue, &platform);
            assert_eq!(others.len(), 1);
        }
    }

    #[test]
    fn a_release_ends_with_its_flavour() {
        for (release, of_ubuntu, of_debian) in [
            ("5.4.0-150-generic", Some("generic"), None),
            ("5.15.0-1053-raspi", Some("raspi"), None),
            ("6.8.0-1001-nvidia-64k", Some("nvidia-64k"), None),
            ("5.15.0-generic", None, None),
            ("6.1.0-0.deb11.9-cloud-arm64", None, Some("cloud-arm64")),
            ("6.12.57+deb13-amd64", None, Some("amd64")),
            ("4.19.0-21-armmp-lpae", None, Some("armmp-lpae")),
            ("6.1.0", None, None),
            ("", None, None),
        ] {
            assert_eq!(ubuntu(release), of_ubuntu, "{release}");
            assert_eq!(debian(release), of_debian, "{release}");
        }
    }
}
