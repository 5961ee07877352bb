//! Kernel command lines, and the configuration of boot loaders, which has them in it.

use super::words::{OPEN_ARGUMENTS, OPEN_FAMILIES, PLAIN_VALUES};
use super::{REDACTED, Redactor};

impl Redactor {
    /// The kernel command line. Anything may stand in it, so what nobody needs to know is taken
    /// out rather than what looks like a secret: values of arguments that are not known to tell
    /// nothing, words that are no plain words, and what follows a lone `--`, which is for init.
    pub(super) fn command_line(&mut self, text: &str) -> String {
        let mut quoted = false;
        let blank = |c: char| {
            quoted ^= c == '"';
            c.is_whitespace() && !quoted
        };
        let mut words: Vec<String> = Vec::new();
        for word in text.split(blank).filter(|word| !word.is_empty()) {
            if word == "--" {
                words.push(format!("-- {REDACTED}"));
                break;
            }
            words.push(match word.split_once('=') {
                Some((name, value)) if is_place(name) => match is_plain_place(value) {
                    true => self.text(word),
                    false => format!("{name}={REDACTED}"),
                },
                Some((name, _)) if is_open(name) => self.text(word),
                Some((_, value)) if is_plain_value(value) => word.to_owned(),
                Some((name, _)) => format!("{}={REDACTED}", self.text(name)),
                None if is_plain_word(word) => self.host_names(word),
                None => REDACTED.to_owned(),
            });
        }
        let end = if text.ends_with('\n') { "\n" } else { "" };
        words.join(" ") + end
    }

    /// A kernel's config: texts that somebody wrote into it.
    pub(super) fn kernel_config(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            let written = line.trim_end();
            let value = written.split_once("=\"").and_then(|(name, value)| {
                let value = value.strip_suffix('"')?;
                Some((name, value)).filter(|(_, value)| !value.is_empty())
            });
            match value {
                Some((name @ "CONFIG_CMDLINE", value)) => {
                    out += &format!("{name}=\"{}\"\n", self.command_line(value));
                }
                Some((name @ "CONFIG_DEFAULT_HOSTNAME", value)) if value != "(none)" => {
                    out += &format!("{name}=\"{}\"\n", self.host(value));
                }
                Some((name, value)) if FREE_OPTIONS.contains(&name) => {
                    out += &format!("{name}=\"{}\"\n", self.text(value));
                }
                _ => out += line,
            }
        }
        out
    }

    /// The kernel's log, which has the command line in it.
    pub(super) fn kernel_log(&mut self, text: &str) -> String {
        const MARK: &str = "ommand line: ";
        let mut out = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            match line.split_once(MARK) {
                Some((before, line)) => {
                    out += &self.text(before);
                    out += MARK;
                    out += &self.command_line(line);
                }
                None => out += &self.text(line),
            }
        }
        out
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

    fn boot_line(&mut self, line: &str) -> String {
        let (word, behind) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        match word.to_ascii_lowercase().as_str() {
            "options" | "append" => format!("{word} {}", self.command_line(behind.trim())),
            "linux" | "linux16" | "linuxefi" => {
                let behind = behind.trim();
                let (image, arguments) = behind.split_once([' ', '\t']).unwrap_or((behind, ""));
                format!(
                    "{word} {} {}",
                    self.text(image),
                    self.command_line(arguments)
                )
            }
            "set" if !behind.trim_start().starts_with("default=") => word.to_owned(),
            known if KEPT_WORDS.contains(&known) => match several(line) {
                Some(statements) => {
                    let told = statements.into_iter().map(|(statement, end)| {
                        let told = self.boot_line(statement.trim());
                        format!("{}{end}", if told.is_empty() { told } else { told + " " })
                    });
                    told.collect::<Vec<_>>().join(" ")
                }
                None => self.text(line),
            },
            _ => match line.split_once('=') {
                Some((name, value)) if name.starts_with("GRUB_CMDLINE") => {
                    let inner = value.trim_matches(['"', '\'']);
                    format!("{name}=\"{}\"", self.command_line(inner))
                }
                Some((name @ ("kernelopts" | "default_kernelopts"), value)) => {
                    format!("{name}={}", self.command_line(value))
                }
                Some((name, _)) if KEPT_NAMES.iter().any(|kept| name.starts_with(kept)) => {
                    self.text(line)
                }
                // Passwords, their users, remarks: nobody asks for them. Blocks stay blocks.
                _ if line.ends_with('{') => format!("{REDACTED} {{"),
                _ => String::new(),
            },
        }
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

/// Whether the value of a kernel argument is where something lies, perhaps on a server.
fn is_place(name: &str) -> bool {
    let names = [
        "root",
        "nfsroot",
        "netroot",
        "resume",
        "init",
        "rd.lvm.lv",
        "ostree",
    ];
    names.contains(&name.replace('-', "_").as_str())
}

/// A disk by its device or id, and programs of the system: no names that somebody gave.
fn is_plain_place(value: &str) -> bool {
    let of_id = ["UUID=", "PARTUUID=", "/dev/disk/by-uuid/", "/ostree/boot."];
    let of_system = ["/sbin/", "/usr/", "/bin/", "/lib/"];
    let is_device = |name: &str| !name.contains('/') && name != "mapper";
    of_id
        .iter()
        .chain(&of_system)
        .any(|begin| value.starts_with(begin))
        || value.strip_prefix("/dev/").is_some_and(is_device)
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
    "kernel",
    "label",
    "load_env",
    "machine-id",
    "menu",
    "menuentry",
    "module2",
    "multiboot2",
    "ontimeout",
    "prompt",
    "sort-key",
    "submenu",
    "timeout",
    "title",
    "version",
];

/// Beginnings of the names of settings that are kept.
const KEPT_NAMES: &[&str] = &["saved_entry", "next_entry", "boot_", "GRUB_"];

/// Whether this is the configuration of a boot loader, by its path.
pub(super) fn is_boot_configuration(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    path.starts_with("/boot/") && name.ends_with(".conf")
        || path.contains("/loader/entries/")
        || matches!(name, "grub.cfg" | "grubenv")
        || path.starts_with("/etc/default/grub")
}

/// Options of a kernel's config that hold paths and words of whoever built it.
const FREE_OPTIONS: &[&str] = &[
    "CONFIG_BUILD_SALT",
    "CONFIG_EXTRA_FIRMWARE_DIR",
    "CONFIG_INITRAMFS_SOURCE",
    "CONFIG_MODULE_SIG_KEY",
    "CONFIG_SYSTEM_REVOCATION_KEYS",
    "CONFIG_SYSTEM_TRUSTED_KEYS",
];

/// Whether the values of a kernel argument tell nothing of anybody, once names and addresses are
/// replaced in them.
fn is_open(name: &str) -> bool {
    let name = name.replace('-', "_");
    let begins = |begin: &&&str| name.starts_with(**begin);
    OPEN_ARGUMENTS.contains(&name.as_str()) || OPEN_FAMILIES.iter().find(begins).is_some()
}

/// Numbers and words that mean the same everywhere.
fn is_plain_value(value: &str) -> bool {
    let digits = value.trim_end_matches(['k', 'K', 'm', 'M', 'g', 'G', '%']);
    let number = digits.len() <= 6 && digits.chars().all(|c| c.is_ascii_digit());
    number || PLAIN_VALUES.contains(&value)
}

/// An argument without a value, as the kernel and dracut know them.
fn is_plain_word(word: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.-".contains(c);
    word.len() <= 24 && word.starts_with(|c: char| c.is_ascii_lowercase()) && word.chars().all(fits)
}
