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
            let (word, behind) = rest_end.split_once([' ', '\t']).unwrap_or((rest_end, ""));
            let told = match word.to_ascii_lowercase().as_str() {
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
                _ => match rest_end.split_once('=') {
                    Some((name, value)) if name.starts_with("GRUB_CMDLINE") => {
                        let inner = value.trim_matches(['"', '\'']);
                        format!("{name}=\"{}\"", self.command_line(inner))
                    }
                    _ => self.text(rest_end),
                },
            };
            out.push_str(blank);
            out.push_str(told.trim_end());
            out.push_str(end);
        }
        out
    }
}

/// Whether this is the configuration of a boot loader, by its path.
pub(super) fn is_boot_configuration(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    path.starts_with("/boot/") && name.ends_with(".conf")
        || path.contains("/loader/entries/")
        || name == "grub.cfg"
        || path.starts_with("/etc/default/grub")
}

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
