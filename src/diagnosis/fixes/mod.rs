//! Remedies as commands for the host at hand: its distribution, its boot loader, its values.

mod builds;
mod by_hand;
mod config_file;
mod drop_in;
mod files;
mod kernel_arguments;
mod kernel_config;
mod limits;
mod origin;
mod own;
mod packages;
mod platform;
mod privileges;
mod settings;
mod shelf;
mod transactional;
mod upgrade;

use super::finding::RenderedFix;
use super::tri::Tri;
use crate::catalogue::{ByHand, Catalogue, Fix, Needs, PackagedKernel, Remedy, Steps, StepsKind};
use crate::facts::{Facts, Value};

use platform::Platform;
use shelf::{Shelf, WithOptions};

/// What to type and to type back; the common part of all remedies.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Recipe {
    kind: &'static str,
    commands: Vec<String>,
    undo: Vec<String>,
    needs: Needs,
}

/// Fixes as commands for this host, in their order: a packaged kernel that has what another one
/// would be built for comes before the build, and what is to be typed is told once.
pub(super) fn rendered<'a>(
    fixes: impl Iterator<Item = &'a Fix>,
    catalogue: &Catalogue,
    facts: &Facts,
    verify: &str,
) -> Vec<RenderedFix> {
    let mut all: Vec<RenderedFix> = Vec::new();
    for fix in fixes {
        let mut own = render(fix, catalogue, facts, verify);
        let booted = |summary, lines, by_hand| {
            let mut fix = booting(summary, lines);
            fix.by_hand = by_hand;
            render(&fix, catalogue, facts, verify)
        };
        let (mut before, mut behind) = (None, None);
        let beside = beside(fix, catalogue, facts);
        // What is said of packaged kernels is said beside it.
        if beside.is_some()
            && let (Some(own), Remedy::KernelConfig(wanted)) = (&mut own, &fix.remedy)
            && builds::offers_another(&fix.summary)
        {
            let lacking = kernel_config::lacking(wanted, facts);
            own.summary = format!("Rebuild this kernel with {}", builds::named(&lacking));
        }
        match beside {
            Some(WithOptions::Packaged(summary, lines)) => before = booted(summary, lines, None),
            Some(WithOptions::Perhaps(summary, lines)) => {
                behind = booted(summary, lines, Some(ByHand::Perhaps));
            }
            Some(WithOptions::None(told)) => {
                if let Some(own) = &mut own {
                    own.commands.insert(0, remark(&told));
                }
            }
            None => {}
        }
        for fix in before.into_iter().chain(own).chain(behind) {
            let same = |other: &RenderedFix| {
                fix.kind == "upgrade" && other.kind == fix.kind && other.commands == fix.commands
            };
            if !all.iter().any(same) {
                all.push(fix);
            }
        }
    }
    builds::without_needless(&mut all, facts);
    in_order(all)
}

/// What mends comes before words that say what does not.
pub(super) fn in_order(mut fixes: Vec<RenderedFix>) -> Vec<RenderedFix> {
    fixes.sort_by_key(|fix| origin::say_none(&fix.commands));
    fixes
}

/// Whether a fix of a need of software is certain: no kernel that may do, nor words that none is.
pub(super) fn is_certain(fix: &RenderedFix) -> bool {
    matches!(fix.by_hand, None | Some(ByHand::Decision))
}

/// The packaged kernel beside a build of one.
fn beside(fix: &Fix, catalogue: &Catalogue, facts: &Facts) -> Option<WithOptions> {
    let Remedy::KernelConfig(wanted) = &fix.remedy else {
        return None;
    };
    let platform = Platform::of(facts);
    let options = wanted.iter().filter(|(_, value)| *value != "n");
    let options: Vec<&str> = options.map(|(option, _)| option.as_str()).collect();
    Shelf::of(catalogue, facts, &platform).with_options(&options)
}

/// The packaged kernel that meets a need, by what `does` says of each of the release's; `None`
/// where nothing is known of them. `written` is what the need itself says of it.
pub(super) fn packaged(
    written: Option<&Fix>,
    catalogue: &Catalogue,
    facts: &Facts,
    does: &dyn Fn(&PackagedKernel) -> Tri,
    verify: &str,
) -> Option<RenderedFix> {
    let platform = Platform::of(facts);
    let lines = match platform.is_container() || platform.image_way().is_some() {
        true => None,
        false => Shelf::of(catalogue, facts, &platform).lines(does, &[]),
    };
    let summary = match (written, &lines) {
        (Some(fix), _) => fix.summary.clone(),
        (None, Some(lines)) if origin::say_none(lines) => "Have a newer kernel".to_owned(),
        (None, _) => "Boot a newer kernel, as this release has it as a package".to_owned(),
    };
    let mut fix = booting(summary, lines.unwrap_or_default());
    fix.risk = written.and_then(|fix| fix.risk.clone());
    // How an image comes by its kernel may depend on which is wanted.
    if platform.image.is_some()
        && let (
            Some(Fix {
                remedy: Remedy::Steps(_, own),
                ..
            }),
            Remedy::Steps(_, steps),
        ) = (written, &mut fix.remedy)
    {
        steps.kernel = own.kernel;
    }
    render(&fix, catalogue, facts, verify)
}

/// What is said of a need that nothing here brings about: whether there is a way, and it is more
/// than a part of software is worth.
pub(super) fn untold(is_too_much: bool, verify: &str) -> RenderedFix {
    let summary = match is_too_much {
        true => {
            "It takes another kernel, or one built for it, which is not typed for a part that can be done without"
        }
        false => "None is known here",
    };
    RenderedFix {
        kind: "program".to_owned(),
        summary: summary.to_owned(),
        commands: Vec::new(),
        needs: Needs::Nothing,
        risk: None,
        by_hand: Some(match is_too_much {
            true => ByHand::TooMuch,
            false => ByHand::NoWay,
        }),
        undo: Vec::new(),
        verify: verify.to_owned(),
        only_on: None,
    }
}

/// A fix that installs a packaged kernel by these commands.
fn booting(summary: String, commands: Vec<String>) -> Fix {
    let steps = Steps {
        commands,
        undo: Vec::new(),
        needs: Needs::Reboot,
        kernel: None,
        options: Vec::new(),
    };
    Fix {
        when: None,
        summary,
        risk: None,
        by_hand: None,
        remedy: Remedy::Steps(StepsKind::Upgrade, steps),
    }
}

/// The fix as commands for this host; `None` where the host has it already, or can't have it.
pub(super) fn render(
    fix: &Fix,
    catalogue: &Catalogue,
    facts: &Facts,
    verify: &str,
) -> Option<RenderedFix> {
    let platform = Platform::of(facts);
    let mut recipe = match &fix.remedy {
        Remedy::KernelArguments { add, remove } => {
            kernel_arguments::recipe(add, remove, facts, &platform)?
        }
        Remedy::KernelConfig(wanted) => kernel_config::recipe(wanted, catalogue, facts, &platform)?,
        Remedy::Sysctl(wanted) => settings::sysctl(wanted, facts, &platform)?,
        Remedy::Mount(mount) => settings::mount(mount, facts, &platform),
        Remedy::Capabilities(wanted) => privileges::capabilities(wanted, facts, &platform),
        Remedy::Memlock(wanted) => limits::memlock(wanted, facts, &platform),
        Remedy::Steps(kind, steps) => written(*kind, steps, facts),
    };
    // What needs neither a reboot nor root is no kernel: a library, or a tool.
    if recipe.kind == "upgrade"
        && recipe.commands.is_empty()
        && recipe.needs != Needs::Nothing
        && let Remedy::Steps(_, steps) = &fix.remedy
    {
        recipe.commands = upgrade::commands(steps, catalogue, facts, &platform);
    }
    let by_hand = fix
        .by_hand
        .or_else(|| origin::by_hand(&recipe, facts, &platform));
    // What says that there is none mends nothing, and no reboot brings it about.
    let says_none = recipe.kind == "upgrade" && origin::say_none(&recipe.commands);
    if says_none {
        recipe.kind = "program";
        recipe.needs = Needs::Nothing;
        recipe.undo.clear();
    }
    if recipe.kind == "upgrade" && recipe.undo.is_empty() {
        recipe.undo = upgrade::undo(&recipe.commands, facts, &platform);
    }
    packages::come_from_archives(&mut recipe.commands, catalogue, &platform);
    if recipe.kind == "package" && recipe.undo.is_empty() && platform.takes_packages() {
        recipe.undo = packages::removing(&recipe.commands, facts);
    }
    packages::come_with_modules(&mut recipe.commands, &mut recipe.undo, facts, &platform);
    let is_let_go = packages::let_go(&mut recipe.commands, &mut recipe.undo, facts, &platform);
    let by_hand = by_hand.or(is_let_go.then_some(ByHand::Decision));
    let is_packaged = matches!(recipe.kind, "package" | "upgrade");
    if is_packaged && platform.image.as_deref() == Some("transactional") {
        transactional::through(&mut recipe);
    }
    let mut summary = fill(&fix.summary, facts);
    if let Remedy::KernelConfig(wanted) = &fix.remedy
        && (builds::offers_another(&fix.summary) || by_hand == Some(ByHand::Elsewhere))
        && let Some(title) = builds::title(&kernel_config::lacking(wanted, facts), facts, &platform)
    {
        summary = title;
    }
    // Some say themselves where a container is started.
    let says_it = matches!(recipe.kind, "program" | "capabilities" | "limit" | "mount");
    if platform.is_container() && !says_it {
        summary.push_str(match recipe.needs {
            Needs::Nothing => "",
            Needs::Privilege => " (this is a container: act on its host, or where it is started)",
            Needs::Reboot => " (this is a container: act on its host, which takes a reboot)",
            Needs::Rebuild => {
                " (this is a container: act on its host, which takes a kernel build and a reboot)"
            }
        });
    }
    if matches!(recipe.kind, "package" | "upgrade" | "kernel-config")
        && let Some(way) = platform.image_way()
    {
        summary.push_str(&format!(" ({way})"));
        if recipe.kind == "package" && !platform.takes_packages() {
            recipe.commands = recipe.commands.iter().map(|line| remark(line)).collect();
            recipe.undo.clear();
        }
    }
    Some(RenderedFix {
        kind: recipe.kind.to_owned(),
        summary,
        commands: recipe.commands,
        needs: recipe.needs,
        risk: match recipe.kind {
            "kernel-config" => {
                let own = fix.risk.iter().map(String::as_str);
                let own: Vec<&str> = own.chain(builds::unsigned(facts, &platform)).collect();
                (!own.is_empty()).then(|| own.join(" "))
            }
            _ => fix.risk.clone(),
        },
        by_hand,
        undo: recipe.undo,
        verify: match recipe.kind {
            // What the doctor finds in its own process says nothing of another one.
            "capabilities" | "limit" => format!("{verify}   # started as the loader is"),
            "program" if !says_none => "run the program again".to_owned(),
            _ => verify.to_owned(),
        },
        only_on: None,
    })
}

/// What asks once more whether something is so, by this catalogue.
pub fn again(catalogue: &Catalogue) -> String {
    let files = catalogue.files.iter();
    let files = files.map(|file| format!(" --checks {}", quote(file)));
    format!("bpf-doctor check{}", files.collect::<String>())
}

fn written(kind: StepsKind, steps: &Steps, facts: &Facts) -> Recipe {
    let fill = |lines: &[String]| lines.iter().map(|line| fill(line, facts)).collect();
    Recipe {
        kind: match kind {
            StepsKind::Package => "package",
            StepsKind::Upgrade => "upgrade",
            StepsKind::Program => "program",
            StepsKind::Setting => "setting",
        },
        commands: fill(&steps.commands),
        undo: fill(&steps.undo),
        needs: steps.needs,
    }
}

/// Puts the host's own values in the place of `{{fact.key}}`, quoted for a shell. A value
/// that isn't known stays a visible gap.
fn fill(text: &str, facts: &Facts) -> String {
    filled(text, facts, &quote)
}

/// The same without quotes, for what is looked at before it is quoted as a whole.
fn fill_plain(text: &str, facts: &Facts) -> String {
    filled(text, facts, &str::to_owned)
}

fn filled(text: &str, facts: &Facts, quote: &dyn Fn(&str) -> String) -> String {
    let mut pieces = text.split("{{");
    let mut filled = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.split_once("}}") {
            Some((key, rest)) => {
                match facts.get(key.trim()).value() {
                    // A word each, as commands take several.
                    Some(Value::List(values)) if !values.is_empty() => {
                        let words: Vec<String> = values.iter().map(|one| quote(one)).collect();
                        filled.push_str(&words.join(" "));
                    }
                    Some(value) => filled.push_str(&quote(&value.to_string())),
                    None => filled.push_str(&format!("<{}>", key.trim())),
                }
                filled.push_str(rest);
            }
            None => {
                filled.push_str("{{");
                filled.push_str(piece);
            }
        }
    }
    filled
}

/// The placeholders in a text whose facts are not known, or are absent.
fn gaps<'a>(text: &'a str, facts: &Facts) -> Vec<&'a str> {
    let pieces = text.split("{{").skip(1);
    let keys = pieces.filter_map(|piece| Some(piece.split_once("}}")?.0.trim()));
    let is_gap = |key: &&str| matches!(facts.get(key).value(), None | Some(Value::Absent));
    keys.filter(is_gap).collect()
}

/// A word fit for a shell, whatever it holds: in single quotes unless it is plain. Control
/// characters have no business in a command that a person copies from a screen, and are
/// dropped.
pub fn quote(word: &str) -> String {
    let clean: String = word.chars().filter(|c| !c.is_control()).collect();
    if !clean.is_empty() && is_plain(&clean) {
        return clean;
    }
    format!("'{}'", clean.replace('\'', "'\\''"))
}

/// Whether no shell takes a character of this for something else.
fn is_plain(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    word.chars().all(plain)
}

/// `word` as an extended regular expression between slashes.
fn pattern(word: &str) -> String {
    escape(word, "\\.[]*^$/+?(){}|")
}

/// `word` with a backslash in front of each special character.
fn escape(word: &str, special: &str) -> String {
    let mut escaped = String::new();
    for c in word.chars().filter(|c| !c.is_control()) {
        if special.contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// `text` as a line of a shell script that says something.
fn remark(text: &str) -> String {
    format!("# {text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Fact;

    /// Facts with these words as values.
    pub(super) fn with(pairs: &[(&str, &str)]) -> Facts {
        let mut facts = Facts::default();
        for (key, value) in pairs {
            facts.set(key, Fact::known(*value, "x"));
        }
        facts
    }

    /// An upgrade to a kernel.
    fn newer(kernel: &str) -> Remedy {
        let steps = Steps {
            commands: Vec::new(),
            undo: Vec::new(),
            needs: Needs::Reboot,
            kernel: kernel.parse().ok(),
            options: Vec::new(),
        };
        Remedy::Steps(StepsKind::Upgrade, steps)
    }

    /// What somebody else does is told as that, and what is not known as that; the rest is typed.
    #[test]
    fn who_does_it_is_told_of_each_host() {
        let build = Remedy::KernelConfig([("DEBUG_INFO_BTF".to_owned(), "y".to_owned())].into());
        let debian: &[_] = &[
            ("os.id", "debian"),
            ("os.family", "debian"),
            ("os.version-id", "11"),
            ("kernel.version", "5.10.0"),
            ("kernel.release", "5.10.0-46-amd64"),
            ("kernel.flavour", "debian"),
        ];
        let own: &[_] = &[("kernel.release", "5.10.9"), ("kernel.flavour", "vanilla")];
        let given: &[_] = &[
            own[0],
            own[1],
            ("boot.loader", "none"),
            ("boot.installed", ""),
        ];
        let foreign: &[_] = &[
            ("kernel.release", "5.10.1-azure"),
            ("kernel.flavour", "azure-linux"),
        ];
        let container: &[_] = &[("environment.container", "docker")];
        let flatcar: &[_] = &[("os.image", "flatcar"), ("kernel.flavour", "flatcar")];
        let secure: &[_] = &[("security.secure-boot", "true")];
        let uefi: &[_] = &[("boot.firmware", "uefi")];
        for (known, remedy, by_hand, says) in [
            (&[][..], &build, None, "Build it"),
            (secure, &build, None, "mokutil --import"),
            (uefi, &build, None, "Build it"),
            (
                given,
                &build,
                Some(ByHand::Elsewhere),
                "Have this machine started with a kernel",
            ),
            (
                foreign,
                &build,
                Some(ByHand::Elsewhere),
                "Have who provides this kernel build it",
            ),
            (
                container,
                &build,
                Some(ByHand::Elsewhere),
                "act on its host, which takes a kernel build",
            ),
            (
                flatcar,
                &build,
                Some(ByHand::Elsewhere),
                "Have this system's image made",
            ),
            (&[], &newer("5.15"), None, "linux-image-6.1"),
            (
                &[],
                &newer("6.8"),
                Some(ByHand::NoWay),
                "no kernel of Debian 11",
            ),
            (
                given,
                &newer("5.15"),
                Some(ByHand::Elsewhere),
                "comes from outside",
            ),
            (
                foreign,
                &newer("5.15"),
                Some(ByHand::Elsewhere),
                "not one of this distribution's",
            ),
            (
                container,
                &newer("5.15"),
                Some(ByHand::Elsewhere),
                "act on its host, which takes a reboot",
            ),
            (
                flatcar,
                &newer("5.15"),
                Some(ByHand::Perhaps),
                "is not known here",
            ),
        ] {
            let mut facts = with(debian);
            for (key, value) in known {
                let value = match *value {
                    "" => Value::List(Vec::new()),
                    "true" => true.into(),
                    text => text.into(),
                };
                facts.set(key, Fact::known(value, "x"));
            }
            let fix = Fix {
                when: None,
                summary: "Build it".to_owned(),
                risk: None,
                by_hand: None,
                remedy: remedy.clone(),
            };
            let catalogue = crate::built_in_catalogue().unwrap();
            let told = render(&fix, &catalogue, &facts, "v").unwrap();
            assert_eq!(told.by_hand, by_hand, "{known:?}: {told:#?}");
            let text = format!("{}\n{}", told.summary, told.commands.join("\n"));
            assert!(text.contains(says), "{known:?}: {told:#?}");
            let asks = text.contains("what to ask for, in that kernel's configuration:");
            let of_others = by_hand == Some(ByHand::Elsewhere) && known != container;
            assert_eq!(asks, remedy == &build && of_others, "{known:?}: {told:#?}");
            let risk = told.risk.unwrap_or_default();
            let begins = match known {
                _ if known == secure => "Secure Boot is on here",
                _ if known == uefi => "If Secure Boot is on",
                _ => "",
            };
            assert!(risk.starts_with(begins), "{known:?}: {risk}");
            assert_eq!(risk.is_empty(), begins.is_empty(), "{known:?}: {risk}");
        }
    }

    /// One kernel serves all of a machine with WSL: what the newest mends is not built, and what is
    /// built is built of the newest.
    #[test]
    fn under_wsl_no_fix_takes_another_back() {
        let build =
            |option: &str| Remedy::KernelConfig([(option.to_owned(), "y".to_owned())].into());
        let catalogue = crate::built_in_catalogue().unwrap();
        let facts = with(&[
            ("os.id", "ubuntu"),
            ("os.family", "debian"),
            ("os.version-id", "22.04"),
            ("os.image", "wsl"),
            ("kernel.flavour", "wsl"),
            ("kernel.version", "5.15.133"),
            ("kernel.release", "5.15.133.1-microsoft-standard-WSL2"),
        ]);
        for (remedies, kinds) in [
            (vec![build("BPF_LSM")], &["upgrade"][..]),
            (
                vec![newer("5.16"), build("BPF_STREAM_PARSER")],
                &["upgrade"],
            ),
            (
                vec![build("BPF_STREAM_PARSER")],
                &["kernel-config", "upgrade"],
            ),
        ] {
            let fixes: Vec<Fix> = remedies
                .iter()
                .map(|remedy| Fix {
                    when: None,
                    summary: "Build it".to_owned(),
                    risk: None,
                    by_hand: None,
                    remedy: remedy.clone(),
                })
                .collect();
            let told = rendered(fixes.iter(), &catalogue, &facts, "v");
            let own: Vec<&str> = told.iter().map(|fix| fix.kind.as_str()).collect();
            assert_eq!(own, kinds, "{told:#?}");
            for fix in &told {
                let mut lines = fix.commands.iter().filter(|line| !line.starts_with('#'));
                let first = lines.next().map(String::as_str);
                assert_eq!(first, Some("wsl.exe --update"), "{told:#?}");
            }
        }
    }

    /// A library or a tool that is to be newer brings no word of kernels.
    #[test]
    fn what_needs_neither_root_nor_a_reboot_is_no_kernel() {
        let catalogue = crate::built_in_catalogue().unwrap();
        let facts = with(&[
            ("os.id", "debian"),
            ("os.family", "debian"),
            ("kernel.flavour", "debian"),
        ]);
        let causes = catalogue.checks.iter().flat_map(|check| &check.causes);
        let fixes = causes.flat_map(|cause| &cause.fixes);
        let upgrades = |needs: fn(Needs) -> bool| {
            fixes
                .clone()
                .filter(|fix| match &fix.remedy {
                    Remedy::Steps(StepsKind::Upgrade, steps) => {
                        steps.commands.is_empty() && needs(steps.needs)
                    }
                    _ => false,
                })
                .collect::<Vec<_>>()
        };
        for (upgrades, wanted) in [
            (upgrades(|needs| needs == Needs::Nothing), true),
            (upgrades(|needs| needs == Needs::Reboot), false),
        ] {
            assert!(!upgrades.is_empty());
            for fix in rendered(upgrades.into_iter(), &catalogue, &facts, "v") {
                assert_eq!(fix.commands.is_empty(), wanted, "{fix:?}");
            }
        }
    }

    #[test]
    fn what_the_host_says_is_quoted() {
        let mut facts = Facts::default();
        let hostile = Fact::known("5.10; rm -rf / #\n\u{1b}[31m", "/proc/sys/kernel/osrelease");
        facts.set("kernel.release", hostile);
        let filled = fill("tool-{{kernel.release}} {{os.id}} {{ open", &facts);
        assert_eq!(filled, "tool-'5.10; rm -rf / #[31m' <os.id> {{ open");
        let modules = ["nls_cp437", "it's"].map(str::to_owned).to_vec();
        facts.set(
            "btf.modules.broken",
            Fact::known(modules, "/sys/kernel/btf"),
        );
        let filled = fill("modprobe -r {{btf.modules.broken}}", &facts);
        assert_eq!(filled, "modprobe -r nls_cp437 'it'\\''s'");
        for (word, quoted) in [("a=b", "a=b"), ("", "''"), ("it's $x", "'it'\\''s $x'")] {
            assert_eq!(quote(word), quoted);
        }
    }
}
