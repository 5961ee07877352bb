//! SUSE's read-only systems: packages go into the next snapshot, which the next boot starts.

use super::Recipe;
use crate::catalogue::Needs;

/// Commands of zypper as those that work there. `--continue` keeps what other fixes put into
/// the same snapshot.
pub(super) fn through(recipe: &mut Recipe) {
    let commands = translated(&recipe.commands);
    if commands == recipe.commands {
        return;
    }
    recipe.commands = commands;
    recipe.undo = translated(&recipe.undo);
    recipe.needs = recipe.needs.max(Needs::Reboot);
}

/// The reboot comes right behind the last of them: what follows needs what they brought.
fn translated(lines: &[String]) -> Vec<String> {
    let mut commands = Vec::new();
    let mut brought = None;
    // Refreshing is a part of each of them.
    for line in lines.iter().filter(|line| *line != "zypper refresh") {
        match way(line) {
            Some(way) => {
                commands.push(way);
                brought = Some(commands.len());
            }
            None => commands.push(line.clone()),
        }
    }
    let reboot = "reboot".to_owned();
    if let Some(place) = brought
        && commands.get(place) != Some(&reboot)
    {
        commands.insert(place, reboot);
    }
    commands
}

fn way(line: &str) -> Option<String> {
    let rest = line.strip_prefix("zypper ")?;
    let (verb, rest) = rest.split_once(' ')?;
    matches!(verb, "install" | "update" | "remove")
        .then(|| format!("transactional-update --continue pkg {verb} {rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_go_into_the_next_snapshot() {
        let lines = |lines: &[&str]| lines.iter().map(|one| (*one).to_owned()).collect();
        let to = "transactional-update --continue pkg";
        for (commands, wanted, needs) in [
            (
                &["zypper install dwarves", "pahole --version"][..],
                &[
                    &format!("{to} install dwarves"),
                    "reboot",
                    "pahole --version",
                ][..],
                Needs::Reboot,
            ),
            (
                &["zypper refresh", "zypper update kernel-azure", "reboot"],
                &[&format!("{to} update kernel-azure"), "reboot"],
                Needs::Reboot,
            ),
            (&["modprobe a"], &["modprobe a"], Needs::Privilege),
        ] {
            let mut recipe = Recipe {
                kind: "package",
                commands: lines(commands),
                undo: Vec::new(),
                needs: Needs::Privilege,
            };
            through(&mut recipe);
            let wanted: Vec<String> = lines(wanted);
            assert_eq!((recipe.commands, recipe.needs), (wanted, needs));
        }
    }
}
