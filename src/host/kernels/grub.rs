//! The default entry of a grub.cfg, as grub-mkconfig writes it.

use std::collections::BTreeMap;

use super::{Choice, entries, release_of, text};
use crate::host::Host;

const FILES: &[&str] = &["/boot/grub/grub.cfg", "/boot/grub2/grub.cfg"];

/// A menu entry, or a menu below the menu.
#[derive(Debug, Default)]
struct Item {
    names: Vec<String>,
    /// The kernel's file and its arguments.
    linux: Option<(String, String)>,
    items: Vec<Item>,
}

/// The kernel of the entry that would be booted.
pub(super) fn selected(host: &dyn Host) -> Option<Choice> {
    let environment = entries::grub_environment(host);
    FILES.iter().find_map(|place| {
        let text = text(host, place)?;
        let (linux, arguments) = default_entry(&text, &environment)?;
        Some(Choice::booted(&release_of(&linux)?, place, Some(arguments)))
    })
}

fn default_entry(text: &str, environment: &BTreeMap<String, String>) -> Option<(String, String)> {
    let menu = menu(text);
    let saved = environment.get("saved_entry").map(String::as_str);
    let chosen = default(text).and_then(|default| match default {
        "${saved_entry}" | "$saved_entry" => saved,
        "${next_entry}" | "$next_entry" => environment.get("next_entry").map(String::as_str),
        written => Some(written),
    });
    let found = chosen.and_then(|path| find(&menu, path));
    first_linux(found.or_else(|| menu.first())?)
}

/// The last plain `set default=`; the one for the next boot alone stands in a condition.
fn default(text: &str) -> Option<&str> {
    let lines = text.lines().map(str::trim);
    let values = lines.filter_map(|line| line.strip_prefix("set default="));
    let values = values.map(|value| value.trim_matches(['"', '\'']));
    let mut lasting = values.filter(|value| !value.contains("next_entry"));
    lasting.next_back()
}

/// The item at a path such as `1>2` or `Advanced options>Debian, with Linux 6.1`.
fn find<'a>(menu: &'a [Item], path: &str) -> Option<&'a Item> {
    let named = |name: &str| {
        menu.iter()
            .find(|item| item.names.iter().any(|n| n == name))
    };
    if let Some(item) = named(path) {
        return Some(item);
    }
    let (first, rest) = path.split_once('>').unwrap_or((path, ""));
    let item = named(first).or_else(|| menu.get(first.parse::<usize>().ok()?))?;
    match rest {
        "" => Some(item),
        rest => find(&item.items, rest),
    }
}

fn first_linux(item: &Item) -> Option<(String, String)> {
    item.linux
        .clone()
        .or_else(|| item.items.iter().find_map(first_linux))
}

fn menu(text: &str) -> Vec<Item> {
    // The items that are open, the outermost first; the first is the menu itself.
    let mut open: Vec<(Item, usize)> = vec![(Item::default(), 0)];
    let mut depth = 0_usize;
    for line in text.lines().map(str::trim) {
        let word = line.split_whitespace().next().unwrap_or_default();
        if matches!(word, "menuentry" | "submenu") && line.ends_with('{') && open.len() < 9 {
            depth += 1;
            let item = Item {
                names: names(line),
                ..Item::default()
            };
            open.push((item, depth));
        } else if word.starts_with("linux") {
            if let Some((item, _)) = open.last_mut() {
                let mut words = line.split_whitespace().skip(1);
                let file = words.next().unwrap_or_default().to_owned();
                let arguments = words.collect::<Vec<_>>().join(" ");
                item.linux.get_or_insert((file, arguments));
            }
        } else if line == "}" {
            if open.len() > 1 && open.last().is_some_and(|(_, at)| *at == depth) {
                let closed = open.pop();
                if let (Some((item, _)), Some((parent, _))) = (closed, open.last_mut()) {
                    parent.items.push(item);
                }
            }
            depth = depth.saturating_sub(1);
        } else if line.ends_with('{') {
            depth += 1;
        }
    }
    open.into_iter()
        .next()
        .map(|(menu, _)| menu.items)
        .unwrap_or_default()
}

/// The title, and the id that stands behind `$menuentry_id_option` or `--id`.
fn names(line: &str) -> Vec<String> {
    let words = words(line.trim_end_matches('{'));
    let mut names: Vec<String> = words.get(1).cloned().into_iter().collect();
    let option = |word: &String| word == "$menuentry_id_option" || word == "--id";
    let at = words.iter().position(option);
    names.extend(at.and_then(|at| words.get(at + 1)).cloned());
    names
}

/// Words as GRUB's shell divides them: quotes of both kinds keep spaces together.
fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut quote, mut within) = (None, false);
    for c in line.chars() {
        if quote == Some(c) {
            quote = None;
        } else if quote.is_none() && matches!(c, '\'' | '"') {
            quote = Some(c);
            if !within {
                words.push(String::new());
            }
            within = true;
        } else if quote.is_none() && c.is_whitespace() {
            within = false;
        } else {
            if !within {
                words.push(String::new());
            }
            within = true;
            if let Some(word) = words.last_mut() {
                word.push(c);
            }
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_and_ids_are_told_apart() {
        let line = "menuentry 'A \"b\", c' --class x --id 'a b' {";
        assert_eq!(names(line), ["A \"b\", c", "a b"]);
        assert_eq!(
            names("menuentry \"It's\" $menuentry_id_option 'x' {"),
            ["It's", "x"]
        );
        assert_eq!(names("menuentry {"), [""; 0]);
        assert_eq!(names("menuentry '' {"), [""]);
    }
}
