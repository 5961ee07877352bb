//! Kernel arguments, set for good with the tool this host boots with.

use super::platform::{BootLoader, Platform};
use super::{Recipe, quote, remark};
use crate::catalogue::Needs;
use crate::facts::Facts;

/// What must change on the command line of the next boot.
struct Change {
    add: Vec<String>,
    remove: Vec<String>,
}

impl Change {
    /// The wanted arguments less those that are there already, and those that must go: asked
    /// for, or contradicting a wanted one.
    fn of(add: &[String], remove: &[String], facts: &Facts) -> Self {
        let cmdline = facts.text("cmdline").unwrap_or_default();
        let present: Vec<&str> = cmdline.split_whitespace().collect();
        let missing = add.iter().filter(|word| !present.contains(&word.as_str()));
        let missing: Vec<String> = missing.map(|word| super::fill(word, facts)).collect();
        let unwanted = |word: &&str| {
            let named = |wanted: &String| wanted == word || *wanted == name(word);
            let contradicts = |wanted: &String| name(wanted) == name(word) && wanted.contains('=');
            remove.iter().any(named) || missing.iter().any(contradicts)
        };
        let gone = present.iter().filter(|word| unwanted(word));
        Self {
            remove: gone.map(|word| (*word).to_owned()).collect(),
            add: missing,
        }
    }

    /// The change that takes this one back.
    fn reversed(&self) -> Self {
        Self {
            add: self.remove.clone(),
            remove: self.add.clone(),
        }
    }
}

fn name(word: &str) -> &str {
    word.split('=').next().unwrap_or(word)
}

/// `None` where the running command line has all of it.
pub(super) fn recipe(
    add: &[String],
    remove: &[String],
    facts: &Facts,
    platform: &Platform,
) -> Option<Recipe> {
    let change = Change::of(add, remove, facts);
    if change.add.is_empty() && change.remove.is_empty() {
        return None;
    }
    let mut commands = commands(&change, platform.loader);
    let mut undo = undo(&change, platform.loader);
    if platform.loader != BootLoader::Wsl {
        commands.push("reboot".to_owned());
        undo.push("reboot".to_owned());
    }
    Some(Recipe {
        kind: "kernel-arguments",
        commands,
        undo,
        needs: Needs::Reboot,
    })
}

fn commands(change: &Change, loader: BootLoader) -> Vec<String> {
    match loader {
        BootLoader::Grubby => {
            let mut line = "grubby --update-kernel=ALL".to_owned();
            push(&mut line, " --remove-args=", &change.remove.join(" "));
            push(&mut line, " --args=", &change.add.join(" "));
            vec![line]
        }
        BootLoader::RpmOstree => {
            let mut line = "rpm-ostree kargs".to_owned();
            for word in &change.remove {
                push(&mut line, " --delete-if-present=", word);
            }
            for word in &change.add {
                push(&mut line, " --append-if-missing=", word);
            }
            vec![line]
        }
        BootLoader::Kernelstub => {
            let mut line = "kernelstub".to_owned();
            push(&mut line, " -d ", &change.remove.join(" "));
            push(&mut line, " -a ", &change.add.join(" "));
            vec![line]
        }
        BootLoader::UpdateGrub => debian(change),
        BootLoader::Grub2Mkconfig => {
            append_assignment(change, DEFAULT_GRUB, GRUB_VARIABLE, GRUB2_UPDATE)
        }
        BootLoader::GrubMkconfig => {
            append_assignment(change, DEFAULT_GRUB, GRUB_VARIABLE, GRUB_UPDATE)
        }
        BootLoader::SystemdBoot => one_line_file(
            change,
            "/etc/kernel/cmdline",
            Some("kernel-install add \"$(uname -r)\" \"/lib/modules/$(uname -r)/vmlinuz\""),
        ),
        BootLoader::LoaderEntries => loader_entries(change),
        BootLoader::MachineConfig => in_words(
            change,
            "in a MachineConfig of the cluster, spec.kernelArguments (what is set by hand on a \
             node is taken back)",
            Some("oc apply -f machine-config.yaml"),
        ),
        BootLoader::RaspberryPi(path) => one_line_file(change, path, None),
        BootLoader::Extlinux => {
            append_assignment(change, EXTLINUX, EXTLINUX_VARIABLE, EXTLINUX_UPDATE)
        }
        BootLoader::Wsl => in_words(
            change,
            "in %UserProfile%\\.wslconfig on Windows, section [wsl2], the line kernelCommandLine",
            Some("wsl.exe --shutdown"),
        ),
        BootLoader::NixOs => in_words(
            change,
            "in /etc/nixos/configuration.nix, the list boot.kernelParams",
            Some("nixos-rebuild boot"),
        ),
        BootLoader::Unknown => in_words(
            change,
            "which boot loader this host uses is not known; on its kernel command line",
            None,
        ),
    }
}

/// What takes a change back. What was added in a place of its own goes as a whole; where
/// something was removed, too, the change is made the other way round.
fn undo(change: &Change, loader: BootLoader) -> Vec<String> {
    let whole_lines = |path: &str, variable: &str, update: &str| {
        let lines = change.add.iter().map(|word| {
            let script = quote(&format!("/^{}$/d", pattern(&assignment(variable, word))));
            format!("sed -i -E {script} {path}")
        });
        lines.chain([update.to_owned()]).collect()
    };
    if !change.remove.is_empty() {
        return commands(&change.reversed(), loader);
    }
    match loader {
        BootLoader::UpdateGrub => vec![format!("rm {}", drop_in(change)), "update-grub".to_owned()],
        BootLoader::Grub2Mkconfig => whole_lines(DEFAULT_GRUB, GRUB_VARIABLE, GRUB2_UPDATE),
        BootLoader::GrubMkconfig => whole_lines(DEFAULT_GRUB, GRUB_VARIABLE, GRUB_UPDATE),
        BootLoader::Extlinux => whole_lines(EXTLINUX, EXTLINUX_VARIABLE, EXTLINUX_UPDATE),
        _ => commands(&change.reversed(), loader),
    }
}

const DEFAULT_GRUB: &str = "/etc/default/grub";
const GRUB_VARIABLE: &str = "GRUB_CMDLINE_LINUX";
const GRUB_UPDATE: &str = "grub-mkconfig -o /boot/grub/grub.cfg";
const GRUB2_UPDATE: &str = "grub2-mkconfig -o /boot/grub2/grub.cfg";
const EXTLINUX: &str = "/etc/update-extlinux.conf";
const EXTLINUX_VARIABLE: &str = "default_kernel_opts";
const EXTLINUX_UPDATE: &str = "update-extlinux";

/// Appends an option with a quoted value, unless the value is empty.
fn push(line: &mut String, option: &str, value: &str) {
    if !value.is_empty() {
        line.push_str(option);
        line.push_str(&quote(value));
    }
}

/// Debian's grub-mkconfig reads drop-ins after the main file, also after those of cloud
/// images: a file of its own is added and taken away without touching what others wrote.
fn debian(change: &Change) -> Vec<String> {
    let mut commands = Vec::new();
    for word in &change.remove {
        let script = quote(&removal(word));
        commands.push(format!(
            "sed -i -E {script} /etc/default/grub $(ls /etc/default/grub.d/*.cfg 2>/dev/null)"
        ));
    }
    if !change.add.is_empty() {
        let words = change.add.join(" ");
        let line = quote(&format!(
            "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX {words}\""
        ));
        commands.push("mkdir -p /etc/default/grub.d".to_owned());
        commands.push(format!("printf '%s\\n' {line} > {}", drop_in(change)));
    }
    commands.push("update-grub".to_owned());
    commands
}

/// The drop-in is named after its argument, so that several fixes don't overwrite each other.
fn drop_in(change: &Change) -> String {
    let word = change.add.first().map_or("", String::as_str);
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let safe = |c| if plain(c) { c } else { '-' };
    let name: String = name(word).chars().map(safe).collect();
    format!("/etc/default/grub.d/zz-bpf-doctor-{name}.cfg")
}

/// These files are shell scripts: a line at the end adds to what stands above, however that is
/// quoted, and typed twice it is there once.
fn append_assignment(change: &Change, path: &str, variable: &str, update: &str) -> Vec<String> {
    let mut commands = Vec::new();
    for word in &change.remove {
        // First a line that was appended, then the word wherever it stands.
        let whole = quote(&format!("/^{}$/d", pattern(&assignment(variable, word))));
        let script = quote(&removal(word));
        commands.push(format!("sed -i -E -e {whole} -e {script} {path}"));
    }
    for word in &change.add {
        let line = quote(&assignment(variable, word));
        commands.push(format!(
            "grep -qxF {line} {path} || printf '%s\\n' {line} >> {path}"
        ));
    }
    commands.push(update.to_owned());
    commands
}

fn assignment(variable: &str, word: &str) -> String {
    format!("{variable}=\"${variable} {word}\"")
}

fn one_line_file(change: &Change, path: &str, update: Option<&str>) -> Vec<String> {
    let mut commands = Vec::new();
    for word in &change.remove {
        let script = quote(&removal(word));
        commands.push(format!("sed -i -E {script} {path}"));
    }
    for word in &change.add {
        let script = quote(&format!(
            "1 {{/{}/! s|$| {}|}}",
            pattern(word),
            replacement(word)
        ));
        commands.push(format!("sed -i -E {script} {path}"));
    }
    commands.extend(update.map(str::to_owned));
    commands
}

/// Entries of systemd-boot that nothing regenerates, as on Arch.
fn loader_entries(change: &Change) -> Vec<String> {
    let entries = "/boot/loader/entries/*.conf";
    let removals = change.remove.iter().map(|word| removal(word));
    let additions = change.add.iter().map(|word| {
        let (is_there, word) = (pattern(word), replacement(word));
        format!("/^options /{{/{is_there}/! s|$| {word}|}}")
    });
    removals
        .chain(additions)
        .map(|script| format!("sed -i -E {} {entries}", quote(&script)))
        .collect()
}

fn in_words(change: &Change, place: &str, then: Option<&str>) -> Vec<String> {
    let mut commands = vec![remark(place)];
    if !change.remove.is_empty() {
        commands.push(remark(&format!("remove: {}", change.remove.join(" "))));
    }
    if !change.add.is_empty() {
        commands.push(remark(&format!("add: {}", change.add.join(" "))));
    }
    commands.extend(then.map(str::to_owned));
    commands
}

/// A sed command that takes one whole argument out of a line.
fn removal(word: &str) -> String {
    format!("s/([\"' ]){}([\"' ]|$)/\\1\\2/g", pattern(word))
}

/// `word` as an extended regular expression between slashes.
fn pattern(word: &str) -> String {
    escape(word, "\\.[]*^$/+?(){}|")
}

/// `word` as the replacement of a sed command with `|` as its delimiter.
fn replacement(word: &str) -> String {
    escape(word, "\\&|")
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Fact;

    const WANTED: &str = "systemd.unified_cgroup_hierarchy=1";

    fn facts(cmdline: &str, known: &[(&str, &str)]) -> Facts {
        let mut facts = Facts::default();
        facts.set("cmdline", Fact::known(cmdline, "/proc/cmdline"));
        for (key, value) in known {
            let value = match *value {
                "true" => Fact::known(true, key),
                text => Fact::known(text, key),
            };
            facts.set(key, value);
        }
        facts
    }

    fn rendered(cmdline: &str, known: &[(&str, &str)]) -> Option<Recipe> {
        let facts = facts(cmdline, known);
        let platform = Platform::of(&facts);
        recipe(&[WANTED.to_owned()], &[], &facts, &platform)
    }

    #[test]
    fn each_boot_loader_in_its_own_words() {
        let default_grub = ("file./etc/default/grub", "true");
        type Known<'a> = &'a [(&'a str, &'a str)];
        let rows: &[(Known<'_>, &[&str])] = &[
            (
                &[("tool.grubby", "/usr/sbin/grubby"), default_grub],
                &["grubby --update-kernel=ALL --args=systemd.unified_cgroup_hierarchy=1"],
            ),
            (
                &[
                    ("tool.rpm-ostree", "/usr/bin/rpm-ostree"),
                    ("file./run/ostree-booted", "true"),
                    ("tool.grubby", "/usr/sbin/grubby"),
                ],
                &["rpm-ostree kargs --append-if-missing=systemd.unified_cgroup_hierarchy=1"],
            ),
            (
                &[("tool.update-grub", "/usr/sbin/update-grub"), default_grub],
                &[
                    "mkdir -p /etc/default/grub.d",
                    "printf '%s\\n' 'GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX \
                     systemd.unified_cgroup_hierarchy=1\"' > \
                     /etc/default/grub.d/zz-bpf-doctor-systemd-unified_cgroup_hierarchy.cfg",
                    "update-grub",
                ],
            ),
        ];
        for (known, expected) in rows {
            let mut commands = rendered("root=/dev/sda1 quiet", known).unwrap().commands;
            assert_eq!(commands.pop().as_deref(), Some("reboot"));
            assert_eq!(commands, *expected);
        }
    }

    #[test]
    fn what_is_there_is_not_repeated_and_what_contradicts_goes() {
        assert_eq!(rendered(&format!("quiet {WANTED}"), &[]), None);
        let known = [("tool.grubby", "/usr/sbin/grubby")];
        let recipe = rendered("quiet systemd.unified_cgroup_hierarchy=0", &known).unwrap();
        assert_eq!(
            recipe.commands[0],
            "grubby --update-kernel=ALL --remove-args=systemd.unified_cgroup_hierarchy=0 \
             --args=systemd.unified_cgroup_hierarchy=1"
        );
        assert_eq!(
            recipe.undo[0],
            "grubby --update-kernel=ALL --remove-args=systemd.unified_cgroup_hierarchy=1 \
             --args=systemd.unified_cgroup_hierarchy=0"
        );
    }

    #[test]
    fn an_unknown_boot_loader_is_said_to_be_unknown() {
        let recipe = rendered("quiet", &[]).unwrap();
        assert!(recipe.commands[0].contains("not known"), "{recipe:?}");
        assert!(recipe.commands.iter().any(|line| line.contains(WANTED)));
    }
}
