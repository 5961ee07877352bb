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
        self.by_line(text, Self::boot_line)
    }

    /// The settings of IBM Z's loader: sections with a name each, images, and command lines.
    pub(super) fn zipl(&mut self, text: &str) -> String {
        self.by_line(text, Self::zipl_line)
    }

    fn zipl_line(&mut self, line: &str) -> String {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            return format!("[{}]", self.boot_name(name));
        }
        if let Some(name) = line.strip_prefix(':') {
            return format!(":{}", self.boot_name(name));
        }
        let Some((key, value)) = line.split_once('=') else {
            return if line == "defaultauto" { line } else { "" }.to_owned();
        };
        let (key, value) = (key.trim(), value.trim().trim_matches(['"', '\'']));
        let is_place = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
        match key {
            "image" => {
                let image = self.unnamed(value);
                format!("{key}={}", self.path(&image))
            }
            "parameters" => format!("{key}=\"{}\"", self.command_line(value).replace('"', "")),
            "default" | "defaultmenu" => format!("{key}={}", self.boot_name(value)),
            _ if is_place => format!("{key}={}", self.boot_name(value)),
            _ => String::new(),
        }
    }

    fn by_line(&mut self, text: &str, told: impl Fn(&mut Self, &str) -> String) -> String {
        let mut out = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            let indent = line.len() - line.trim_start().len();
            let (blank, rest) = line.split_at(indent);
            let rest_end = rest.trim_end();
            let end = rest.get(rest_end.len()..).unwrap_or_default();
            out.push_str(blank);
            out.push_str(told(self, rest_end).trim_end());
            out.push_str(end);
        }
        // A text that makes no sense is not made one by what is left out.
        if text.contains('\0') && !out.contains('\0') {
            out.push('\0');
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
        // The GRUB before version 2 takes `=` for a blank.
        if let Some((command, value)) = line.split_once('=')
            && ["kernel", "module", "title"].contains(&command.trim_end())
        {
            return self.boot_line(&format!("{} {value}", command.trim_end()));
        }
        match word.to_ascii_lowercase().as_str() {
            "options" | "append" => format!("{word} {}", self.command_line(behind.trim())),
            "kernel" | "linux" | "linux16" | "linuxefi" | "module" | "module2" | "multiboot2" => {
                if let Some(statements) = several(line) {
                    return self.boot_statements(statements);
                }
                let (options, behind) = options_of_loader(behind.trim());
                let (image, arguments) = behind.split_once([' ', '\t']).unwrap_or((behind, ""));
                let image = self.unnamed(image);
                format!(
                    "{word} {options}{} {}",
                    self.path(&image),
                    self.script_line(arguments)
                )
            }
            "then" | "else" | "do" if !behind.is_empty() => {
                format!("{word} {}", self.boot_line(behind.trim()))
            }
            "set" if several(line).is_some() => {
                self.boot_statements(several(line).unwrap_or_default())
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
                _ if several(line).is_some() => {
                    self.boot_statements(several(line).unwrap_or_default())
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
            "title" | "label" | "default" | "preferred" | "ontimeout"
                if !is_plain_choice(&behind) =>
            {
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

/// The options of a command that starts a kernel, each with a blank behind it, and what follows:
/// the image. What they say is the loader's, and no entry is told by it.
fn options_of_loader(text: &str) -> (String, &str) {
    let (mut options, mut rest) = (String::new(), text);
    while rest.starts_with("--") {
        let (word, behind) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
        let is_known = word == "--no-mem-option" || word.starts_with("--type=");
        options += match is_known {
            true => word,
            false => "--redacted",
        };
        options.push(' ');
        rest = behind.trim_start();
    }
    (options, rest)
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
    "preferred",
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
        || path.ends_with("/loader/loader.conf")
        || matches!(name, "grub.cfg" | "grubenv" | "menu.lst" | "zipl.conf")
        || path.starts_with("/etc/default/grub")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::boot::{self, Selected, Unselected};
    use crate::host::{Host, Memory};

    type Rule = fn(&dyn Host) -> Result<Selected, Unselected>;

    fn booted(rule: Rule, path: &str, text: &str) -> Option<String> {
        let entry = |release: &str| format!("title L ({release})\nlinux /vmlinuz-{release}\n");
        let entries = ["6.9.1", "6.9.2"]
            .iter()
            .fold(Memory::new(), |host, release| {
                host.with(
                    &format!("{}/l-{release}.conf", boot::ENTRIES),
                    entry(release),
                )
            });
        let host = entries.with(path, text);
        rule(&host).ok().map(|selected| selected.image)
    }

    #[test]
    fn what_is_booted_stays_the_same() {
        let menu = "/boot/grub/menu.lst";
        let (settings, zipl) = ("/boot/loader/loader.conf", "/etc/zipl.conf");
        let legacy: Rule = boot::by_legacy_menu;
        let systemd: Rule = boot::by_systemd_boot;
        let of_z: Rule = boot::by_zipl;
        let grub: Rule = boot::by_menu;
        let (old, new) = (Some("/vmlinuz-6.9.1"), Some("/vmlinuz-6.9.2"));
        for (rule, path, text, image) in [
            (
                legacy,
                menu,
                "title A\nkernel /vmlinuz-6.9.1 ro pw=x\n",
                old,
            ),
            (
                legacy,
                menu,
                "title A\n\tkernel --no-mem-option /vmlinuz-6.9.1 ro\n",
                old,
            ),
            (
                legacy,
                menu,
                "title A\nkernel  --type=linux --x=web-17.corp.example\t/vmlinuz-6.9.1 ro\n",
                old,
            ),
            (
                legacy,
                menu,
                "default=1\ntitle=A\nkernel=/vmlinuz-6.9.2 ro\ntitle=B\nkernel = /vmlinuz-6.9.1\n",
                old,
            ),
            (
                legacy,
                menu,
                "title X\nkernel /xen.gz mem=1G\nmodule --nounzip /vmlinuz-6.9.1 ro\n",
                old,
            ),
            (
                grub,
                "/boot/grub/grub.cfg",
                "set timeout=5; set default=1\nmenuentry A {\nlinux /vmlinuz-6.9.2\n}\n\
                 menuentry 'B on web-17' {\nlinux /vmlinuz-6.9.1\n}\n",
                old,
            ),
            (
                grub,
                "/boot/grub/grub.cfg",
                "timeout=5; default=1\nmenuentry A {\nlinux /vmlinuz-6.9.2\n}\n\
                 menuentry B {\nlinux /vmlinuz-6.9.1\n}\n",
                old,
            ),
            (
                grub,
                "/boot/grub/grub.cfg",
                "if [ x = x ]; then set default=1; fi\nmenuentry A {\nlinux /vmlinuz-6.9.2\n}\n\
                 menuentry B {\nlinux /vmlinuz-6.9.1\n}\n",
                old,
            ),
            (systemd, settings, "timeout 3\n", new),
            (systemd, settings, "default l-6.9.1.conf\n", old),
            (systemd, settings, "preferred l-6.9.1.conf\n", None),
            (systemd, settings, "# nothing\0\n", None),
            (
                systemd,
                "/boot/efi/loader/loader.conf",
                "default l-6.9.1.conf\n",
                old,
            ),
            (
                systemd,
                "/efi/loader/loader.conf",
                "default l-6.9.1.conf\n",
                old,
            ),
            (of_z, zipl, "[defaultboot]\ndefault=L (6.9.1)\n", old),
            (of_z, zipl, "[defaultboot]\ndefault=gone\n", None),
            (
                of_z,
                zipl,
                "[defaultboot]\ndefault=l\n[l]\n image=/vmlinuz-6.9.1\n parameters=\"pw=x\"\n",
                old,
            ),
            (
                of_z,
                zipl,
                "[defaultboot]\ndefaultmenu=m\n[l]\nimage=/vmlinuz-6.9.1\n:m\ndefault=2\n2=l\n",
                old,
            ),
        ] {
            assert_eq!(booted(rule, path, text).as_deref(), image, "{text}");
            let mut redactor = Redactor::new(Some("web-17.corp.example"), None);
            let told = redactor.file(path, text);
            assert_eq!(booted(rule, path, &told).as_deref(), image, "{text} {told}");
            assert!(!told.contains("pw=x") && !told.contains("web-17"), "{told}");
        }
    }
}
