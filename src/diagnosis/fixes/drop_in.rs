//! GRUB's drop-ins on Debian and its kin: shell that grub-mkconfig reads behind the main file.

use std::collections::BTreeSet;

use super::kernel_arguments::{Change, assignment, name};
use super::{pattern, quote};

/// Debian's grub-mkconfig reads drop-ins after the main file, also after those of cloud
/// images: a file of its own is added and taken away without touching what others wrote.
pub(super) fn commands(change: &Change) -> Vec<String> {
    let lines: Vec<String> = lines(change).iter().map(|line| quote(line)).collect();
    vec![
        "mkdir -p /etc/default/grub.d".to_owned(),
        format!("printf '%s\\n' {} > {}", lines.join(" "), path(change)),
        "update-grub".to_owned(),
    ]
}

/// Everything is as it was.
pub(super) fn undo(change: &Change) -> Vec<String> {
    vec![format!("rm {}", path(change)), "update-grub".to_owned()]
}

/// What the drop-in says. The other files may hold what no boot has seen yet: whatever
/// contradicts is taken out of what they say, each time they are read.
fn lines(change: &Change) -> Vec<String> {
    let valued = change.add.iter().filter(|word| word.contains('='));
    let names: BTreeSet<&str> = valued.map(|word| name(word)).collect();
    let mut scripts: Vec<String> = names
        .iter()
        .map(|name| format!("s/[[:space:]]{}=[^[:space:]]*//g", pattern(name)))
        .collect();
    let others = change.remove.iter();
    let others = others.filter(|word| !names.contains(name(word)));
    scripts.extend(others.map(|word| {
        let word = pattern(word);
        format!("s/([[:space:]]{word})+($|[[:space:]])/\\2/g")
    }));
    let mut lines = Vec::new();
    if !scripts.is_empty() {
        scripts.push("s/^[[:space:]]//".to_owned());
        let scripts: Vec<String> = scripts.iter().map(|one| format!("-e '{one}'")).collect();
        let scripts = scripts.join(" ");
        for variable in ["GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT"] {
            lines.push(format!(
                "{variable}=\"$(printf '%s' \" ${variable}\" | sed -E {scripts})\""
            ));
        }
    }
    if !change.add.is_empty() {
        lines.push(assignment("GRUB_CMDLINE_LINUX", &change.add.join(" ")));
    }
    lines
}

/// The drop-in is named after its argument, so that several fixes don't overwrite each other.
fn path(change: &Change) -> String {
    let (kind, word) = match change.add.first() {
        Some(word) => ("", word.as_str()),
        None => ("without-", change.remove.first().map_or("", String::as_str)),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let safe = |c| if plain(c) { c } else { '-' };
    let name: String = name(word).chars().map(safe).collect();
    format!("/etc/default/grub.d/zz-bpf-doctor-{kind}{name}.cfg")
}

#[cfg(test)]
mod tests {
    use super::super::kernel_arguments::tests::printed;
    use super::*;

    /// The drop-in has the last word, also over what was set and not booted with yet.
    #[test]
    fn what_waits_for_the_next_boot_is_overruled() {
        let add = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        for (linux, default, adds, removes, wanted) in [
            (
                "",
                "quiet splash lsm=lockdown,yama",
                &["lsm=yama,bpf"][..],
                &[][..],
                "lsm=yama,bpf quiet splash",
            ),
            (
                "lsm=a lsm=b ro",
                "xlsm=1 lsm.debug",
                &["lsm=bpf"],
                &["lsm=a"],
                "ro lsm=bpf xlsm=1 lsm.debug",
            ),
            (
                "lockdown=integrity lockdown=integrity quiet",
                "lockdown=integrity",
                &[],
                &["lockdown=integrity"],
                "quiet",
            ),
            ("a", "b", &["nosmt"], &[], "a nosmt b"),
        ] {
            let change = Change {
                add: add(adds),
                remove: add(removes),
                ..Change::default()
            };
            let script = format!(
                "GRUB_CMDLINE_LINUX={}\nGRUB_CMDLINE_LINUX_DEFAULT={}\n{}\n\
                 echo $GRUB_CMDLINE_LINUX $GRUB_CMDLINE_LINUX_DEFAULT",
                quote(linux),
                quote(default),
                lines(&change).join("\n")
            );
            assert_eq!(printed(&script).trim_end(), wanted, "{script}");
        }
    }
}
