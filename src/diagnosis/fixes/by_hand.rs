//! Kernel arguments that are told and never typed.

use super::kernel_arguments::Change;
use super::{Recipe, is_plain, quote, remark};
use crate::catalogue::Needs;
use crate::facts::Facts;

/// Arguments with characters that a shell or a boot loader takes for something else are told and
/// never typed: they would be written into files that others source, and no quotes hold through
/// all of them. No module, device or setting of the kernel has such a name.
pub(super) fn unfit(add: &[String], remove: &[String]) -> Option<Recipe> {
    let mut words = add.iter().chain(remove);
    if words.all(|word| is_plain(word)) {
        return None;
    }
    let told = |what: &str, words: &[String]| {
        let words: Vec<String> = words.iter().map(|word| quote(word)).collect();
        (!words.is_empty()).then(|| remark(&format!("{what}: {}", words.join(" "))))
    };
    let mut commands = vec![remark(
        "an argument has characters that a shell would run or a boot loader would split; look at \
         it, and change the command line by hand",
    )];
    commands.extend(told("remove", remove));
    commands.extend(told("add", add));
    Some(Recipe {
        kind: "kernel-arguments",
        commands,
        undo: Vec::new(),
        needs: Needs::Reboot,
    })
}

/// An argument made of what is not known of this host is told and never typed: a gap in the
/// middle of it would set something else.
pub(super) fn with_gaps(add: &[String], gaps: &[&str], facts: &Facts) -> Recipe {
    let named = |text: &str| {
        let modules = "security.lsm.argument";
        text.replace(
            modules,
            "what /sys/kernel/security/lsm lists, without capability",
        )
    };
    let words: Vec<String> = add
        .iter()
        .map(|word| named(&super::fill(word, facts)))
        .collect();
    Recipe {
        kind: "kernel-arguments",
        commands: vec![
            remark(&format!(
                "find out {} first; then the kernel command line needs",
                named(&gaps.join(", "))
            )),
            remark(&words.join(" ")),
        ],
        undo: Vec::new(),
        needs: Needs::Reboot,
    }
}

/// The change in words, at a place that no command reaches.
pub(super) fn in_words(change: &Change, place: &str, then: Option<&str>) -> Vec<String> {
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

/// NixOS makes `lsm=` from an option of its own; a second one among the parameters would leave
/// it to their order which counts.
pub(super) fn nixos(change: &Change) -> Vec<String> {
    let of_option = |word: &&String| word.starts_with("lsm=");
    let made = change.remove.iter().any(|word| of_option(&word));
    let take = |words: &[String], option: bool| -> Vec<String> {
        let some = words
            .iter()
            .filter(|word| (of_option(word) && made) == option);
        some.cloned().collect()
    };
    let params = Change {
        add: take(&change.add, false),
        remove: take(&change.remove, false),
        ..Change::default()
    };
    let mut lines = Vec::new();
    for word in take(&change.add, true) {
        let modules = word.trim_start_matches("lsm=").split(',');
        let list: Vec<String> = modules.map(|module| format!("\"{module}\"")).collect();
        lines.push(remark(&format!(
            "in /etc/nixos/configuration.nix, the option security.lsm, which makes lsm= (with lib \
             among its arguments): security.lsm = lib.mkForce [ {} ];",
            list.join(" ")
        )));
    }
    // What the option was before, the running command line does not tell.
    if !change.add.iter().any(|word| of_option(&word)) {
        for word in take(&change.remove, true) {
            lines.push(remark(&format!(
                "in /etc/nixos/configuration.nix, take {word} out again, of boot.kernelParams or \
                 of security.lsm, wherever it was set"
            )));
        }
    }
    if !params.add.is_empty() || !params.remove.is_empty() {
        let place = "in /etc/nixos/configuration.nix, the list boot.kernelParams";
        lines.extend(in_words(&params, place, None));
    }
    lines.push("nixos-rebuild boot".to_owned());
    lines
}

/// bootc reads arguments from files of the image, so they are changed where it is built.
pub(super) fn bootc(change: &Change) -> Vec<String> {
    let words: Vec<String> = change.add.iter().map(|word| format!("{word:?}")).collect();
    let mut commands = vec![remark(
        "in the Containerfile of the image, a file /usr/lib/bootc/kargs.d/90-bpf.toml with",
    )];
    commands.push(remark(&format!("kargs = [{}]", words.join(", "))));
    if !change.remove.is_empty() {
        commands.push(remark(&format!(
            "and there no more: {}",
            change.remove.join(" ")
        )));
    }
    commands.push("bootc upgrade".to_owned());
    commands
}
