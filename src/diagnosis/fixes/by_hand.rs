//! Kernel arguments that are told and never typed.

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
