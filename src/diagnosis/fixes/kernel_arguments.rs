//! Kernel arguments, set for good with the tool this host boots with.

use super::by_hand::{bootc, in_words, nixos};
use super::platform::{BootLoader, Platform};
use super::{Recipe, by_hand, drop_in, escape, files, pattern, quote, remark};
use crate::catalogue::Needs;
use crate::facts::Facts;

/// What must change on the command line of the next boot.
#[derive(Default)]
pub(super) struct Change {
    pub(super) add: Vec<String>,
    pub(super) remove: Vec<String>,
    /// Of those that are removed, what all entries of GRUB's menu have, by another variable than
    /// that of the usual ones.
    pub(super) in_all: Vec<String>,
}

impl Change {
    /// The wanted arguments less those that are there already, and those that must go: asked
    /// for, or contradicting a wanted one.
    fn of(add: &[String], remove: &[String], facts: &Facts) -> Self {
        let cmdline = facts.text("cmdline").unwrap_or_default();
        let present: Vec<&str> = cmdline.split_whitespace().collect();
        let wanted = add.iter().map(|word| super::fill_plain(word, facts));
        let missing: Vec<String> = wanted
            .filter(|word| !present.contains(&word.as_str()))
            .collect();
        let unwanted = |word: &&str| {
            let named = |wanted: &String| wanted == word || *wanted == name(word);
            let contradicts = |wanted: &String| name(wanted) == name(word) && wanted.contains('=');
            remove.iter().any(named) || missing.iter().any(contradicts)
        };
        let gone = present.iter().filter(|word| unwanted(word));
        let gone: Vec<String> = gone.map(|word| (*word).to_owned()).collect();
        let all = facts.list("boot.grub-arguments").unwrap_or_default();
        let in_all = gone
            .iter()
            .filter(|word| all.contains(&name(word).to_owned()));
        Self {
            in_all: in_all.cloned().collect(),
            remove: gone,
            add: missing,
        }
    }

    /// The change that takes this one back.
    fn reversed(&self) -> Self {
        Self {
            add: self.remove.clone(),
            remove: self.add.clone(),
            in_all: self.in_all.clone(),
        }
    }

    /// The variable that an argument is to stand in.
    fn variable<'a>(&self, word: &String, usual: &'a str) -> &'a str {
        match usual == GRUB_VARIABLE && self.in_all.contains(word) {
            true => GRUB_OF_ALL,
            false => usual,
        }
    }
}

pub(super) fn name(word: &str) -> &str {
    word.split('=').next().unwrap_or(word)
}

/// `None` where the running command line has all of it.
pub(super) fn recipe(
    add: &[String],
    remove: &[String],
    facts: &Facts,
    platform: &Platform,
) -> Option<Recipe> {
    let gaps: Vec<&str> = add
        .iter()
        .flat_map(|word| super::gaps(word, facts))
        .collect();
    if !gaps.is_empty() {
        return Some(by_hand::with_gaps(add, &gaps, facts));
    }
    let change = Change::of(add, remove, facts);
    if change.add.is_empty() && change.remove.is_empty() {
        return None;
    }
    if let Some(by_hand) = by_hand::unfit(&change.add, &change.remove) {
        return Some(by_hand);
    }
    let mut commands = commands(&change, platform.loader);
    let mut undo = undo(&change, platform.loader);
    // What is told of other systems brings its own way to boot along.
    let reboots = !matches!(
        platform.loader,
        BootLoader::Wsl
            | BootLoader::MachineConfig
            | BootLoader::Talos
            | BootLoader::Bottlerocket
            | BootLoader::Cos
    );
    if reboots {
        commands.push("reboot".to_owned());
        undo.push("reboot".to_owned());
    }
    // What a host was booted with on purpose goes by somebody's word alone.
    if add.is_empty() {
        commands.insert(
            0,
            remark("somebody asked for this at boot; where it may go:"),
        );
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
        BootLoader::UpdateGrub => drop_in::commands(change),
        BootLoader::Transactional => transactional(change),
        BootLoader::Grub2Mkconfig => {
            append_assignment(change, DEFAULT_GRUB, GRUB_VARIABLE, GRUB2_UPDATE)
        }
        BootLoader::GrubMkconfig => {
            append_assignment(change, DEFAULT_GRUB, GRUB_VARIABLE, GRUB_UPDATE)
        }
        BootLoader::SystemdBoot => one_line_file(change, KERNEL_CMDLINE, Some(KERNEL_INSTALL)),
        BootLoader::LoaderEntries(entries) => loader_entries(change, entries),
        BootLoader::Mkinitcpio => mkinitcpio(change),
        BootLoader::Unified => in_words(
            change,
            "the command line is part of a unified kernel image, and is changed where that is \
             made (dracut: kernel_cmdline= in /etc/dracut.conf.d; ukify: --cmdline; mkinitcpio: \
             all of /proc/cmdline in /etc/kernel/cmdline, then mkinitcpio -P), or by an addon \
             in IMAGE.efi.extra.d beside one that its vendor signed",
            None,
        ),
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
        BootLoader::NixOs => nixos(change),
        BootLoader::Flatcar(path) => flatcar(change, path),
        BootLoader::Bootc => bootc(change),
        BootLoader::Talos => in_words(
            change,
            "in the machine config, machine.install.extraKernelArgs (an image with Secure Boot \
             or a unified kernel takes them from Image Factory instead)",
            Some(
                "talosctl upgrade --nodes NODE --image IMAGE   # IMAGE: machine.install.image of \
                 the config, or an installer of the version that is wanted",
            ),
        ),
        BootLoader::Bottlerocket => in_words(
            change,
            "in the user data or with apiclient, [settings.boot.kernel-parameters] as \
             \"name\" = [\"value\"], and reboot-to-reconcile = true in [settings.boot]",
            None,
        ),
        BootLoader::Cos => in_words(
            change,
            "a VM of Container-Optimized OS keeps the command line in efi/boot/grub.cfg of its \
             EFI partition (/dev/sda12), behind the word cros_efi; of GKE's nodes \
             --system-config-from-file sets a few things, and anything else takes another node image",
            None,
        ),
        BootLoader::Unknown => in_words(
            change,
            "which boot loader this host uses is not known; on its kernel command line",
            None,
        ),
    }
}

/// mkinitcpio joins the lines of these files, and leaves out those that are remarks: a line of
/// its own is added and taken away whatever the others are.
fn mkinitcpio(change: &Change) -> Vec<String> {
    let mut commands = Vec::new();
    for word in &change.remove {
        let script = quote(&removal(word));
        commands.push(format!(
            "for file in {KERNEL_CMDLINE} /etc/cmdline.d/*.conf; do [ ! -f \"$file\" ] || sed -i -E {script} \"$file\"; done"
        ));
    }
    let words = change.add.iter();
    commands.extend(words.map(|word| files::append(KERNEL_CMDLINE, word)));
    commands.push(MKINITCPIO.to_owned());
    commands
}

/// Flatcar's GRUB reads a file of the provider's partition; what it appends can be taken
/// back by hand.
fn flatcar(change: &Change, path: &str) -> Vec<String> {
    let mut commands = Vec::new();
    if !change.remove.is_empty() {
        let words = change.remove.join(" ");
        commands.push(remark(&format!("in {path}, remove: {words}")));
    }
    if !change.add.is_empty() {
        commands.push(files::append(path, &flatcar_line(change)));
    }
    commands
}

fn flatcar_line(change: &Change) -> String {
    format!(
        "set linux_append=\"$linux_append {}\"",
        change.add.join(" ")
    )
}

/// What takes a change back. What was added in a place of its own goes as a whole; where
/// something was removed, too, the change is made the other way round.
fn undo(change: &Change, loader: BootLoader) -> Vec<String> {
    let whole_lines = |path: &str, variable: &str, update: &str| {
        let words = change.add.iter();
        let lines = words.map(|word| files::take_out(path, &assignment(variable, word)));
        lines.chain([update.to_owned()]).collect()
    };
    if loader == BootLoader::UpdateGrub {
        return drop_in::undo(change);
    }
    if !change.remove.is_empty() {
        return commands(&change.reversed(), loader);
    }
    match loader {
        BootLoader::Transactional => whole_lines(DEFAULT_GRUB, GRUB_VARIABLE, MICRO_OS_UPDATE),
        BootLoader::Grub2Mkconfig => whole_lines(DEFAULT_GRUB, GRUB_VARIABLE, GRUB2_UPDATE),
        BootLoader::GrubMkconfig => whole_lines(DEFAULT_GRUB, GRUB_VARIABLE, GRUB_UPDATE),
        BootLoader::Flatcar(path) => vec![files::take_out(path, &flatcar_line(change))],
        BootLoader::Mkinitcpio => {
            let words = change.add.iter();
            let lines = words.map(|word| files::take_out(KERNEL_CMDLINE, word));
            lines.chain([MKINITCPIO.to_owned()]).collect()
        }
        BootLoader::Extlinux => whole_lines(EXTLINUX, EXTLINUX_VARIABLE, EXTLINUX_UPDATE),
        _ => commands(&change.reversed(), loader),
    }
}

/// Debian keeps the image in /boot, others beside the modules.
const KERNEL_INSTALL: &str = "for image in \"/lib/modules/$(uname -r)/vmlinuz\" \
    \"/boot/vmlinuz-$(uname -r)\"; do [ ! -f \"$image\" ] || kernel-install add \"$(uname -r)\" \
    \"$image\"; done";
const KERNEL_CMDLINE: &str = "/etc/kernel/cmdline";
const MKINITCPIO: &str = "mkinitcpio -P";
const DEFAULT_GRUB: &str = "/etc/default/grub";
/// grub-mkconfig writes it behind GRUB_CMDLINE_LINUX, and of two values the kernel takes the last.
const GRUB_VARIABLE: &str = "GRUB_CMDLINE_LINUX_DEFAULT";
/// What all entries of the menu have, those for recovery, too.
const GRUB_OF_ALL: &str = "GRUB_CMDLINE_LINUX";
const GRUB_UPDATE: &str = "grub-mkconfig -o /boot/grub/grub.cfg";
/// `--continue`: into the snapshot that waits for the reboot, if there is one. A new one of the
/// running system would leave behind what was put into that.
const MICRO_OS_UPDATE: &str = "transactional-update --continue grub.cfg";
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

/// These files are shell scripts: a line at the end adds to what stands above, however that is
/// quoted, and typed twice it is there once.
fn append_assignment(change: &Change, path: &str, variable: &str, update: &str) -> Vec<String> {
    let mut commands = assignments(change, path, variable);
    commands.push(update.to_owned());
    commands
}

/// The update makes a snapshot each time: it is made where something changed. Where it fails, the
/// change is taken back, so that the next run makes both.
fn transactional(change: &Change) -> Vec<String> {
    let mut commands = vec![format!("before=$(cat {DEFAULT_GRUB})")];
    commands.extend(assignments(change, DEFAULT_GRUB, GRUB_VARIABLE));
    commands.push(format!(
        "[ \"$before\" = \"$(cat {DEFAULT_GRUB})\" ] || {MICRO_OS_UPDATE} || {{ printf '%s\\n' \"$before\" > \
         {DEFAULT_GRUB}; false; }}"
    ));
    commands
}

fn assignments(change: &Change, path: &str, variable: &str) -> Vec<String> {
    let mut commands = Vec::new();
    for word in &change.remove {
        // First a line that was appended, then the word wherever it stands.
        let variable = change.variable(word, variable);
        let whole = quote(&format!("/^{}$/d", pattern(&assignment(variable, word))));
        let script = quote(&removal(word));
        commands.push(format!("sed -i -E -e {whole} -e {script} {path}"));
    }
    for word in &change.add {
        let variable = change.variable(word, variable);
        commands.push(files::append(path, &assignment(variable, word)));
    }
    commands
}

pub(super) fn assignment(variable: &str, word: &str) -> String {
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
            "1 {{{}! s|[[:space:]]*$| {}|}}",
            has(word),
            replacement(word)
        ));
        commands.push(format!("sed -i -E {script} {path}"));
    }
    commands.extend(update.map(str::to_owned));
    commands
}

/// Entries of systemd-boot that nothing regenerates, as on Arch.
fn loader_entries(change: &Change, entries: &str) -> Vec<String> {
    let removals = change.remove.iter().map(|word| removal(word));
    let additions = change.add.iter().map(|word| {
        let (is_there, word) = (has(word), replacement(word));
        format!("/^options[[:space:]]/{{{is_there}! s|[[:space:]]*$| {word}|}}")
    });
    removals
        .chain(additions)
        .map(|script| format!("sed -i -E {} {entries}/*.conf", quote(&script)))
        .collect()
}

/// A sed command that takes one whole argument out of a line, each time it stands there. What
/// lies between two of them is a part of the match: a separator is the end of one alone.
fn removal(word: &str) -> String {
    let word = pattern(word);
    format!("s/(^|[[:space:]\"'])({word}[[:space:]]+)*{word}($|[[:space:]\"'])/\\1\\3/g")
}

/// An address of sed: lines that have the whole argument.
fn has(word: &str) -> String {
    format!("/(^|[[:space:]\"'])({})($|[[:space:]\"'])/", pattern(word))
}

/// `word` as the replacement of a sed command with `|` as its delimiter.
fn replacement(word: &str) -> String {
    escape(word, "\\&|")
}

#[cfg(test)]
pub(super) mod tests {
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
                    "printf '%s\\n' \
                     'GRUB_CMDLINE_LINUX=\"$(printf '\\''%s'\\'' \" $GRUB_CMDLINE_LINUX\" | sed -E -e \
                     '\\''s/[[:space:]]systemd\\.unified_cgroup_hierarchy=[^[:space:]]*//g'\\'' -e \
                     '\\''s/^[[:space:]]//'\\'')\"' \
                     'GRUB_CMDLINE_LINUX_DEFAULT=\"$(printf '\\''%s'\\'' \" \
                     $GRUB_CMDLINE_LINUX_DEFAULT\" | sed -E -e \
                     '\\''s/[[:space:]]systemd\\.unified_cgroup_hierarchy=[^[:space:]]*//g'\\'' -e \
                     '\\''s/^[[:space:]]//'\\'')\"' \
                     'GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX systemd.unified_cgroup_hierarchy=1\"' > \
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

    /// Runs shell commands, and gives what they print.
    #[expect(clippy::disallowed_methods, reason = "the commands are what is tested")]
    pub(in super::super) fn printed(script: &str) -> String {
        let output = std::process::Command::new("sh")
            .args(["-ec", script])
            .output();
        let output = output.unwrap();
        assert!(output.status.success(), "{script}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn an_argument_goes_each_time_it_stands_there() {
        for (line, wanted) in [
            ("A=\"lsm=yama lsm=yama quiet\"", "A=\" quiet\""),
            ("lsm=yama lsm=yama", ""),
            ("a lsm=yama b  lsm=yama lsm=yama c", "a  b    c"),
            ("lsm=yama,x xlsm=yama", "lsm=yama,x xlsm=yama"),
        ] {
            let script = quote(&removal("lsm=yama"));
            let once = printed(&format!("echo {} | sed -E {script}", quote(line)));
            assert_eq!(
                once.trim_end_matches('\n').replace("  ", " "),
                wanted.replace("  ", " ")
            );
            let twice = printed(&format!(
                "echo {} | sed -E {script}",
                quote(once.trim_end_matches('\n'))
            ));
            assert_eq!(twice, once);
        }
    }

    /// Each snapshot costs: a second run makes none.
    #[test]
    fn a_snapshot_is_made_where_something_changed() {
        let recipe = rendered("quiet", &[("os.image", "transactional")]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grub");
        let script = recipe.commands.join("\n");
        let script = script
            .replace(DEFAULT_GRUB, path.to_str().unwrap())
            .replace(MICRO_OS_UPDATE, "echo made")
            .replace("reboot", "");
        let create = format!("[ -e {0} ] || echo 'A=1' > {0}\n", path.display());
        // One that failed leaves nothing behind, and is made by the next run.
        let failing = script.replace("echo made", "false");
        let failing = format!("{create}({failing}) || echo failed");
        assert_eq!(printed(&failing), "failed\n", "{script}");
        assert_eq!(printed(&format!("{create}{script}")), "made\n", "{script}");
        assert_eq!(printed(&script), "", "{script}");
    }

    /// GRUB's and systemd's tools are installed on many systems that boot in another way.
    #[test]
    fn the_loader_that_boots_decides_and_not_the_tools_that_are_installed() {
        let tools = [
            ("tool.grub-mkconfig", "/usr/bin/grub-mkconfig"),
            ("file./etc/default/grub", "true"),
            ("tool.bootctl", "/usr/bin/bootctl"),
            ("tool.kernel-install", "/usr/bin/kernel-install"),
        ];
        let mkinitcpio = ("tool.mkinitcpio", "/usr/bin/mkinitcpio");
        let systemd_boot = ("boot.loader", "systemd-boot");
        let cmdline = ("file./etc/kernel/cmdline", "true");
        let arch = ("os.family", "arch");
        let unified = ("boot.unified", "true");
        let esp = ("file./efi/loader/entries", "true");
        type Known<'a> = &'a [(&'a str, &'a str)];
        let rows: &[(Known<'_>, &str, &str)] = &[
            (
                &[arch, mkinitcpio, systemd_boot, unified, cmdline],
                "grep -qxF systemd.unified_cgroup_hierarchy=1 /etc/kernel/cmdline || ",
                "mkinitcpio -P",
            ),
            (
                &[arch, mkinitcpio, systemd_boot, esp, cmdline],
                "/efi/loader/entries/*.conf",
                "sed -i -E '/^options",
            ),
            (
                &[("os.family", "debian"), systemd_boot, esp, cmdline],
                "/etc/kernel/cmdline",
                "kernel-install add",
            ),
            (
                &[
                    ("os.family", "fedora"),
                    ("tool.grubby", "/usr/sbin/grubby"),
                    unified,
                    cmdline,
                ],
                "# the command line is part of a unified kernel image",
                "extra.d",
            ),
            // Its file is not there: what mkinitcpio takes in its place would be lost with it.
            (
                &[arch, mkinitcpio, systemd_boot, unified],
                "# the command line is part of a unified kernel image",
                "# add: systemd.unified_cgroup_hierarchy=1",
            ),
        ];
        for (known, first, then) in rows {
            let known: Vec<_> = known.iter().chain(&tools).copied().collect();
            let recipe = rendered("root=/dev/sda1 quiet", &known).unwrap();
            let text = recipe.commands.join("\n");
            assert!(text.contains(first), "{known:?}: {text}");
            assert!(text.contains(then), "{known:?}: {text}");
            assert!(!text.contains("grub"), "{known:?}: {text}");
        }
    }

    #[test]
    fn nixos_makes_lsm_from_an_option_of_its_own() {
        let add = ["lsm=landlock,yama,bpf".to_owned()];
        for (cmdline, option) in [("quiet lsm=landlock,yama", true), ("quiet", false)] {
            let facts = facts(cmdline, &[("os.image", "nixos")]);
            let text = recipe(&add, &[], &facts, &Platform::of(&facts)).unwrap();
            let text = text.commands.join("\n");
            let list = "security.lsm = lib.mkForce [ \"landlock\" \"yama\" \"bpf\" ];";
            assert_eq!(text.contains(list), option, "{text}");
            assert_eq!(text.contains("boot.kernelParams"), !option, "{text}");
            assert!(text.ends_with("nixos-rebuild boot\nreboot"), "{text}");
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

    /// What is taken back stands where it stood.
    #[test]
    fn what_all_entries_have_they_have_again() {
        for (all, variable) in [
            (&["lockdown"][..], "GRUB_CMDLINE_LINUX"),
            (&["quiet"], "GRUB_CMDLINE_LINUX_DEFAULT"),
            (&[], "GRUB_CMDLINE_LINUX_DEFAULT"),
        ] {
            let known = [
                ("file./etc/default/grub", "true"),
                ("os.family", "suse"),
                ("tool.grub2-mkconfig", "/usr/sbin/grub2-mkconfig"),
            ];
            let mut facts = facts("quiet lockdown=integrity", &known);
            let all: Vec<String> = all.iter().map(ToString::to_string).collect();
            facts.set("boot.grub-arguments", Fact::known(all, "x"));
            let remove = ["lockdown".to_owned()];
            let recipe = recipe(&[], &remove, &facts, &Platform::of(&facts)).unwrap();
            let line = format!("{variable}=\"${variable} lockdown=integrity\"");
            assert!(recipe.undo[0].contains(&line), "{recipe:?}");
            // Taken back and made once more, nothing is left of either.
            let whole = pattern(&line);
            assert!(recipe.commands[1].contains(&whole), "{recipe:?}");
        }
    }

    #[test]
    fn a_list_is_filled_in_and_what_is_not_known_is_never_typed() {
        let add = ["lsm={{security.lsm.argument}},bpf".to_owned()];
        let known = [("security.lsm.argument", "lockdown,yama,apparmor")];
        let facts_with = |cmdline: &str, known: &[(&str, &str)]| {
            let mut tools = vec![("tool.grubby", "/usr/sbin/grubby")];
            tools.extend(known);
            facts(cmdline, &tools)
        };
        let one = |facts: &Facts| recipe(&add, &[], facts, &Platform::of(facts));
        let filled = one(&facts_with("quiet lsm=yama", &known)).unwrap();
        assert_eq!(
            filled.commands[0],
            "grubby --update-kernel=ALL --remove-args=lsm=yama \
             --args=lsm=lockdown,yama,apparmor,bpf"
        );
        let there = facts_with("lsm=lockdown,yama,apparmor,bpf", &known);
        assert_eq!(one(&there), None);
        let gap = one(&facts_with("quiet", &[])).unwrap();
        assert!(
            gap.commands.iter().all(|line| line.starts_with("# ")),
            "{gap:?}"
        );
        assert!(gap.undo.is_empty(), "{gap:?}");
    }

    #[test]
    fn systems_that_are_images_are_changed_their_own_way() {
        for (image, word) in [
            ("talos", "talosctl upgrade --nodes NODE --image IMAGE"),
            ("bottlerocket", "settings.boot.kernel-parameters"),
            ("cos", "node image"),
            ("flatcar", "/oem/grub.cfg"),
            ("bootc", "bootc upgrade"),
            ("transactional", "transactional-update --continue grub.cfg"),
        ] {
            let known = [
                ("os.image", image),
                ("file./etc/default/grub", "true"),
                ("tool.grub2-mkconfig", "/usr/sbin/grub2-mkconfig"),
            ];
            let commands = rendered("quiet", &known).unwrap().commands.join("\n");
            assert!(commands.contains(word), "{image}: {commands}");
            assert!(commands.contains(WANTED), "{image}: {commands}");
            assert!(!commands.contains("grub2-mkconfig"), "{image}: {commands}");
        }
    }

    /// A script of fixes may run again: what was added is added once, and goes as it came.
    #[test]
    fn flatcars_line_comes_once() {
        let known = [("os.image", "flatcar"), ("file./oem/grub.cfg", "true")];
        let recipe = rendered("quiet", &known).unwrap();
        assert!(recipe.commands[0].starts_with("grep -qxF "), "{recipe:?}");
        assert!(recipe.undo[0].starts_with("sed -i "), "{recipe:?}");
    }

    #[test]
    fn an_unknown_boot_loader_is_said_to_be_unknown() {
        let recipe = rendered("quiet", &[]).unwrap();
        assert!(recipe.commands[0].contains("not known"), "{recipe:?}");
        assert!(recipe.commands.iter().any(|line| line.contains(WANTED)));
    }
}
