//! Configurations of boot loaders: names of entries, and command lines in them.

use super::cmdline::is_plain_value;
use super::secrets::secrets;
use super::{REDACTED, Redactor};

impl Redactor {
    /// The name of an entry of a boot loader, or a pattern of such names.
    pub(super) fn entry_name(&mut self, name: &str) -> String {
        let told = self.ids(name);
        self.boot_name(&told)
    }

    /// What the boot loader's variable of the firmware holds: attributes, and text in UTF-16.
    pub(super) fn loader_entry(&mut self, text: &str) -> String {
        let wide = |text: &str| text.chars().skip(1).step_by(2).all(|c| c == '\0');
        let (attributes, id) = match text.char_indices().nth(4) {
            Some((at, _)) if text.get(at..).is_some_and(wide) => text.split_at(at),
            _ => return self.harmless(text),
        };
        let id: String = id.chars().step_by(2).collect();
        let end = if id.ends_with('\0') { "\0" } else { "" };
        let told = self.entry_name(id.trim_end_matches('\0')) + end;
        let told = told.chars().flat_map(|c| [c, '\0']);
        attributes.chars().chain(told).collect()
    }

    /// The configuration of a boot loader, line by line: it has command lines in it.
    pub(super) fn boot_configuration(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            let indent = line.len() - line.trim_start().len();
            let (blank, rest) = line.split_at(indent);
            let rest_end = rest.trim_end();
            let end = rest.get(rest_end.len()..).unwrap_or_default();
            out.push_str(blank);
            out.push_str(self.boot_line(rest_end).trim_end());
            out.push_str(end);
        }
        out
    }

    /// Commands in one line, each with what ends it.
    fn boot_statements(&mut self, statements: Vec<(&str, &str)>) -> String {
        let told = statements.into_iter().map(|(statement, end)| {
            let told = self.boot_line(statement.trim());
            format!("{}{end}", if told.is_empty() { told } else { told + " " })
        });
        told.collect::<Vec<_>>().join(" ")
    }

    fn boot_line(&mut self, line: &str) -> String {
        let (word, behind) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        match word.to_ascii_lowercase().as_str() {
            "options" | "append" => format!("{word} {}", self.command_line(behind.trim())),
            "kernel" | "linux" | "linux16" | "linuxefi" | "module" | "module2" | "multiboot2" => {
                if let Some(statements) = several(line) {
                    return self.boot_statements(statements);
                }
                let behind = behind.trim();
                let (image, arguments) = behind.split_once([' ', '\t']).unwrap_or((behind, ""));
                let image = self.unnamed(image);
                format!(
                    "{word} {} {}",
                    self.path(&image),
                    self.script_line(arguments)
                )
            }
            "set" if !behind.trim_start().starts_with("default=") => word.to_owned(),
            "set" => self.boot_words(line),
            known if KEPT_WORDS.contains(&known) => match several(line) {
                Some(statements) => self.boot_statements(statements),
                None => self.boot_words(line),
            },
            _ => match line.split_once('=') {
                Some((name, value)) if name.starts_with("GRUB_CMDLINE") => {
                    // What stands in double quotes has a backslash before such.
                    let inner = value.trim_matches(['"', '\'']);
                    let told = self.command_line(&inner.replace("\\\"", "\""));
                    format!("{name}=\"{}\"", told.replace('"', "\\\""))
                }
                Some((name @ ("kernelopts" | "default_kernelopts"), value)) => {
                    format!("{name}={}", self.command_line(value))
                }
                Some((name, value)) if KEPT_NAMES.iter().any(|kept| name.starts_with(kept)) => {
                    let value = self.unnamed(&secrets(value));
                    let value = match value.contains('$') || is_plain_choice(&value) {
                        true => value,
                        false => self.boot_name(&value),
                    };
                    format!("{name}={value}")
                }
                // Passwords, their users, remarks: nobody asks for them. Blocks stay blocks.
                _ if line.ends_with('{') => format!("{REDACTED} {{"),
                _ => String::new(),
            },
        }
    }
}

/// What a menu's choice may be besides the name of an entry.
fn is_plain_choice(value: &str) -> bool {
    let value = value.trim_matches(['"', '\'']);
    matches!(value, "saved" | "true" | "false" | "@saved") || is_plain_value(value)
}

impl Redactor {
    /// A line of a menu: names of entries are texts for people, in which the host's may stand;
    /// all other words are the loader's own.
    fn boot_words(&mut self, line: &str) -> String {
        let (word, behind) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        let space = line.get(word.len()..line.len() - behind.len());
        let behind = self.unnamed(&secrets(behind));
        let told = match word.to_ascii_lowercase().as_str() {
            "set" => match behind.split_once('=') {
                Some((name, value)) if !value.contains('$') && !is_plain_choice(value) => {
                    format!("{name}={}", self.boot_name(value))
                }
                _ => behind,
            },
            // What is not in quotes are options and variables.
            "menuentry" | "submenu" => {
                let behind = self.options_of_entry(&behind);
                self.quoted(&behind)
            }
            "menu" => match behind.split_once(' ') {
                Some((kind, name)) => format!("{kind} {}", self.boot_name(name)),
                None => behind,
            },
            "title" | "label" | "default" | "ontimeout" if !is_plain_choice(&behind) => {
                self.boot_name(&behind)
            }
            "kernel" | "initrd" | "initrd16" | "initrdefi" | "devicetree" => self.path(&behind),
            _ => behind,
        };
        format!("{word}{}{told}", space.unwrap_or_default())
    }

    /// `--users NAME,NAME`: who may start an entry; `--id NAME`, without quotes.
    fn options_of_entry(&mut self, text: &str) -> String {
        let mut before = "";
        let words = text.split(' ').map(|word| {
            let (option, value) = match word.split_once('=') {
                Some((option @ ("--users" | "--id"), value)) => (option, value),
                _ => (before, word),
            };
            before = word;
            let begin = word.get(..word.len() - value.len()).unwrap_or_default();
            let told = match option {
                "--users" => self.users_of_entry(value),
                "--id" | "$menuentry_id_option" if !value.starts_with(['"', '\'']) => {
                    self.boot_name(value)
                }
                _ => value.to_owned(),
            };
            begin.to_owned() + &told
        });
        words.collect::<Vec<_>>().join(" ")
    }

    fn users_of_entry(&mut self, names: &str) -> String {
        let names = names.trim_matches(['"', '\'']).split(',');
        let names = names.map(|name| match name {
            "" | "root" => name.to_owned(),
            name if name.starts_with("user-") => name.to_owned(),
            name => self.number("user", name),
        });
        names.collect::<Vec<_>>().join(",")
    }

    /// The name of an entry, the same wherever it stands.
    fn boot_name(&mut self, name: &str) -> String {
        let (id, end) = match name.strip_suffix(".conf") {
            Some(id) => (id, ".conf"),
            None => (name, ""),
        };
        let told = self.host_names(id);
        self.users_in_words(&told) + end
    }

    /// The text with names in what stands in quotes.
    fn quoted(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(begin) = rest.find(['"', '\'']) {
            let (before, found) = rest.split_at(begin);
            let quote = found.get(..1).unwrap_or_default();
            let inner = found.get(1..).unwrap_or_default();
            let Some(end) = inner.find(quote) else {
                break;
            };
            let (inner, behind) = inner.split_at(end);
            out += &format!("{before}{quote}{}{quote}", self.boot_name(inner));
            rest = behind.get(1..).unwrap_or_default();
        }
        out + rest
    }
}

/// The commands of a line of GRUB's script and what ends each, if there are several.
fn several(line: &str) -> Option<Vec<(&str, &str)>> {
    let (mut quote, mut variable, mut begin) = (None, false, 0);
    let mut before = ' ';
    let mut statements = Vec::new();
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') if before != '\\' => quote = Some(c),
            (None, '{') if before == '$' => variable = true,
            (None, '}') if variable => variable = false,
            (None, ';' | '{' | '}') => {
                let statement = line.get(begin..at).unwrap_or_default();
                let end = line.get(at..at + 1).unwrap_or_default();
                statements.push((statement, end));
                begin = at + 1;
            }
            _ => {}
        }
        before = c;
    }
    let rest = line.get(begin..).unwrap_or_default().trim();
    if !rest.is_empty() {
        statements.push((rest, ""));
    }
    (statements.len() > 1).then_some(statements)
}

/// First words of lines that say which kernel is booted and how; `}`, `fi` and their kin, so
/// that blocks stay blocks.
const KEPT_WORDS: &[&str] = &[
    "}",
    "architecture",
    "blscfg",
    "default",
    "devicetree",
    "efi",
    "else",
    "fi",
    "if",
    "initrd",
    "initrd16",
    "initrdefi",
    "label",
    "load_env",
    "machine-id",
    "menu",
    "menuentry",
    "ontimeout",
    "prompt",
    "sort-key",
    "submenu",
    "timeout",
    "title",
    "version",
];

/// Beginnings of the names of settings that are kept.
const KEPT_NAMES: &[&str] = &[
    "saved_entry",
    "next_entry",
    "boot_",
    "default",
    "fallback",
    "GRUB_",
];

/// Whether this is the configuration of a boot loader, by its path.
pub(super) fn is_boot_configuration(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    path.starts_with("/boot/") && name.ends_with(".conf")
        || path.contains("/loader/entries/")
        || matches!(name, "grub.cfg" | "grubenv" | "menu.lst" | "zipl.conf")
        || path.starts_with("/etc/default/grub")
}
