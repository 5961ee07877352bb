//! Kernel configs that are a part of one: fragments, what `savedefconfig` writes, files that
//! were cut off. What such a file does not name has whatever value it has.

use super::config_version;

/// Where facts look for a config that is a part of one. No kernel has such a file.
pub const CONFIG_FRAGMENT: &str = "/proc/config.fragment";

/// No kernel's whole config has fewer options, as far as it names them by more than comments:
/// the smallest for 64 bits have some 400.
const FEWEST: usize = 300;

/// Options that nobody can choose, so that no hand-made file and no `savedefconfig` has them;
/// each whole config has some dozens.
const OF_NOBODY: &str = "CONFIG_HAVE_";
const OF_NOBODY_FEWEST: usize = 20;

/// Why a config is a part of one, in words that continue its name; nothing where it is whole.
///
/// A whole one has the header of the program that wrote it (`conf_write` in
/// scripts/kconfig/confdata.c), or so much in it that only its comments can have been taken
/// out. From Linux 5.3 on each menu's end is written down, and the last menu is always the same.
pub(super) fn reason(text: &str) -> Option<String> {
    let begin = || text.lines().take(10);
    let generated = config_version(text).is_some()
        || begin().any(|line| line.starts_with("# Automatically generated"));
    let option = |line: &&str| line.starts_with("CONFIG_") || is_not_set(line);
    let options = text.lines().filter(option).count();
    if !generated {
        let of_nobody = text.lines().filter(|line| line.starts_with(OF_NOBODY));
        let of_nobody = of_nobody.count();
        // Not the output of a search for these.
        let rest = options - of_nobody;
        let whole = options >= FEWEST && of_nobody >= OF_NOBODY_FEWEST && rest > of_nobody;
        return (!whole).then(|| {
            let plural = if options == 1 { "" } else { "s" };
            format!(
                "is a fragment of a kernel config ({options} option{plural}, no header): what it \
                 does not name is not known"
            )
        });
    }
    let before = match is_cut_off(text) {
        true => "before the last menu of a kernel config",
        // The program that writes it ends each line.
        false if !text.ends_with('\n') => "within a line",
        false => return None,
    };
    Some(format!(
        "is cut off after {options} options, {before}: what it does not name is not known"
    ))
}

/// Whether a config ends before its last menu.
#[must_use]
pub fn is_cut_off(config: &str) -> bool {
    let ends = |line: &str| line.starts_with("# end of ");
    config.lines().any(ends) && !config.lines().any(|line| line == LAST_MENU)
}

const LAST_MENU: &str = "# end of Kernel hacking";

fn is_not_set(line: &str) -> bool {
    line.starts_with("# CONFIG_") && line.trim_end().ends_with(" is not set")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_config_is_told_from_a_whole_one() {
        let header = "#\n# Automatically generated file; DO NOT EDIT.\n\
                      # Linux/x86 6.1.0 Kernel Configuration\n#\n";
        let many = |prefix: &str, count: usize| -> String {
            let line = |number| format!("CONFIG_{prefix}{number}=y\n");
            (0..count).map(line).collect()
        };
        let plain = many("A", 400) + &many("HAVE_B", 40);
        let menus = "# General setup\nCONFIG_A=y\n# end of General setup\n";
        for (text, says) in [
            ("CONFIG_BPF=y\n".to_owned(), Some("(1 option, no header)")),
            (
                "# CONFIG_BPF is not set\nCONFIG_NET=y\n".to_owned(),
                Some("(2 options, no header)"),
            ),
            // As savedefconfig writes that of a distribution, and as `grep HAVE_` finds them.
            (many("A", 2000), Some("2000 options")),
            (many("HAVE_B", 400), Some("400 options")),
            // Without its comments.
            (plain.clone(), None),
            (format!("{header}CONFIG_BPF=y\n"), None),
            (
                format!("{header}CONFIG_BPF=y\nCONFIG_BPF_SYS"),
                Some("2 options, within a line"),
            ),
            (format!("{header}{menus}"), Some("is cut off after 1 ")),
            (format!("{header}{menus}{LAST_MENU}\n"), None),
        ] {
            let told = reason(&text);
            let fits = told
                .as_deref()
                .map(|told| told.contains(says.unwrap_or("?")));
            assert_eq!(fits, says.map(|_| true), "{told:?} instead of {says:?}");
        }
    }
}
