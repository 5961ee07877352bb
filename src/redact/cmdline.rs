//! Kernel command lines, and the configuration of boot loaders, which has them in it.

use super::quotes::{Quoting, in_quotes};
use super::secrets::{promises, secrets};
use super::words::{OPEN_ARGUMENTS, OPEN_FAMILIES, PLAIN_VALUES, USER_ARGUMENTS};
use super::{REDACTED, Redactor};

impl Redactor {
    /// The kernel command line. Anything may stand in it, so what nobody needs to know is taken
    /// out rather than what looks like a secret: values of arguments that are not known to tell
    /// nothing, words that are no plain words, and what follows a lone `--`, which is for init.
    pub(super) fn command_line(&mut self, text: &str) -> String {
        self.arguments(text, Quoting::Kernel)
    }

    /// The same in a script of GRUB.
    pub(super) fn script_line(&mut self, text: &str) -> String {
        self.arguments(text, Quoting::Script)
    }

    fn arguments(&mut self, text: &str, quoting: Quoting) -> String {
        let mut words: Vec<String> = Vec::new();
        let mut is_secret = false;
        for written in quoting.words(text) {
            if written == "--" {
                words.push(format!("-- {REDACTED}"));
                break;
            }
            let word = quoting.plain(written);
            let promised = std::mem::replace(&mut is_secret, promises(&word));
            let told = self.argument(&word, promised);
            words.push(match told == word {
                true => written.to_owned(),
                false => in_quotes(&told),
            });
        }
        let end = if text.ends_with('\n') { "\n" } else { "" };
        words.join(" ") + end
    }

    /// An argument without its quotes; `promised` says that the one before it announced a secret.
    fn argument(&mut self, word: &str, promised: bool) -> String {
        match word.split_once('=') {
            None if promised => REDACTED.to_owned(),
            Some((name, value)) if is_place(name) => match is_plain_place(value) {
                true => self.disk(word),
                false => format!("{name}={}", self.masked(name, value)),
            },
            Some((name, value)) if is_open(name) => self.open_argument(word, name, value),
            Some((name, value)) if is_plain_value(value) => {
                format!("{}={value}", self.users_in_word(name))
            }
            Some((name, value)) if self.is_host_name(name) => {
                format!("{REDACTED}={}", self.masked(REDACTED, value))
            }
            Some((name, value)) => {
                self.learn_user(name, value);
                let name = self.unnamed(&secrets(name));
                let name = self.users_in_word(&name);
                format!("{name}={}", self.masked(&name, value))
            }
            None if self.is_host_name(word) => "host-1".to_owned(),
            None if is_variable(word) => word.to_owned(),
            // A word of people that is known to be a user; others are the system's.
            None if is_plain_word(word) => self.users_in_word(word),
            None => REDACTED.to_owned(),
        }
    }

    /// What stands in place of an argument's value: the same for the same, and for two that are not
    /// the same two, or two command lines that differ would agree.
    fn masked(&mut self, name: &str, value: &str) -> String {
        let number = value
            .strip_prefix(REDACTED)
            .map(|rest| rest.trim_start_matches('-'));
        if number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit())) {
            return value.to_owned();
        }
        let values = self.masked.entry(name.to_owned()).or_default();
        let next = values.len() + 1;
        match *values.entry(value.to_owned()).or_insert(next) {
            1 => REDACTED.to_owned(),
            number => format!("{REDACTED}-{number}"),
        }
    }

    /// A user that the value of an argument names: it is taken out here, and has to be known where
    /// it stands elsewhere.
    fn learn_user(&mut self, name: &str, value: &str) {
        if value.contains("home/") {
            self.homes(value);
        }
        let of = name.rsplit(['.', '_', '-']).next().unwrap_or_default();
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let is_name = value.contains(|c: char| c.is_ascii_alphabetic()) && value.chars().all(plain);
        if is_name && value != REDACTED && USER_ARGUMENTS.contains(&of.to_lowercase().as_str()) {
            self.number("user", value);
        }
    }

    /// An argument whose value tells nothing of anybody, but for names of the host in an address
    /// or a path. Other values are words that checks look for, and a host may be called by one.
    fn open_argument(&mut self, word: &str, name: &str, value: &str) -> String {
        // With its name before it, a value shows what it is.
        let told = self.unnamed(&secrets(word));
        let value = told.split_once('=').map_or(value, |(_, value)| value);
        let value = match value {
            _ if name == "ip" => {
                let value = self.host_names(value);
                self.client_unnamed(&value)
            }
            // It is the host's own, and two are two.
            _ if is_own_name(name) => {
                let number = self.masked(name, value);
                self.host(value) + number.strip_prefix(REDACTED).unwrap_or_default()
            }
            _ if name == "rootflags" => {
                let value = self.host_names(value);
                self.host_anywhere(&value)
            }
            _ if name == "systemd.unit" && !self.is_wordlike => self.unit(value),
            _ if value.contains('/') => self.path(value),
            _ => self.host_anywhere(value),
        };
        format!("{name}={value}")
    }

    /// `root=UUID=...`, `root=PARTUUID=0a1b2c3d-02`, `resume=UUID=1A2B-3C4D`.
    fn disk(&mut self, word: &str) -> String {
        let (before, id) = match word.rsplit_once("UUID=") {
            Some((before, id)) => (format!("{before}UUID="), id),
            None => return self.unnamed(word),
        };
        let is_id = |c: char| c.is_ascii_hexdigit() || c == '-';
        match id.len() < 32 && !id.is_empty() && id.chars().all(is_id) {
            true => before + &self.number("machine", &id.replace('-', "")),
            false => self.unnamed(word),
        }
    }

    /// `ip=CLIENT:SERVER:GATEWAY:NETMASK:HOSTNAME:DEVICE:AUTOCONF:DNS0:DNS1:NTP`: the fifth field is
    /// the name of the host (Documentation/admin-guide/nfs/nfsroot.rst), whatever it is called
    /// elsewhere; servers may have names, too.
    fn client_unnamed(&mut self, value: &str) -> String {
        let mut in_brackets = false;
        let separates = |c: char| {
            in_brackets = (in_brackets || c == '[') && c != ']';
            c == ':' && !in_brackets
        };
        let fields: Vec<&str> = value.split(separates).collect();
        let fields = fields.into_iter().enumerate().map(|(at, field)| {
            let is_name = field.contains(|c: char| c.is_ascii_alphabetic());
            match at {
                4 if !field.is_empty() => {
                    // A plain word may be one of the system's.
                    if field.contains(|c: char| !c.is_ascii_alphabetic()) {
                        self.learn_host(field);
                    }
                    "host-1".to_owned()
                }
                1 | 7.. if is_name && field.contains('.') => self.number("host", field),
                _ => field.to_owned(),
            }
        });
        fields.collect::<Vec<_>>().join(":")
    }

    /// Whether a word is the name of the host and can't be one that the kernel knows.
    fn is_host_name(&self, word: &str) -> bool {
        !self.is_wordlike
            && self
                .hosts
                .iter()
                .any(|name| name.eq_ignore_ascii_case(word))
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
                // Quotes in a text of a config have a backslash before them.
                Some((name @ "CONFIG_CMDLINE", value)) => {
                    let line = self.command_line(&value.replace("\\\"", "\""));
                    out += &format!("{name}=\"{}\"\n", line.replace('"', "\\\""));
                }
                Some((name @ "CONFIG_DEFAULT_HOSTNAME", value)) if value != "(none)" => {
                    out += &format!("{name}=\"{}\"\n", self.host(value));
                }
                // Ids and homes are looked for in the whole.
                Some((name, value)) if FREE_OPTIONS.contains(&name) => {
                    let value = self.names(&secrets(value));
                    out += &format!("{name}=\"{}\"\n", self.host_names(&value));
                }
                Some((name @ "CONFIG_CC_VERSION_TEXT", value)) => {
                    out += &format!("{name}=\"{}\"\n", self.build(value));
                }
                // Whatever somebody wrote beside it is nobody's business.
                None if written.starts_with('#') && !is_told_by_kconfig(written) => {
                    out.push('#');
                    out += line.get(written.len()..).unwrap_or_default();
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
                    out += &self.log_line(before);
                    out += MARK;
                    out += &self.command_line(line);
                }
                None => out += &self.log_line(line),
            }
        }
        out
    }

    /// A line of the kernel: its words are those of every kernel, but for who built it where.
    fn log_line(&mut self, line: &str) -> String {
        let line = self.unnamed(&secrets(line));
        self.host_in_addresses(&line)
    }
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

/// Whether an argument sets the host's name.
fn is_own_name(name: &str) -> bool {
    name.replace('/', ".") == "sysctl.kernel.hostname"
}

/// Whether this is the line that tells machine and version of a kernel's config.
pub(super) fn is_header_of_config(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["#", machine, version, "Kernel", "Configuration"] => {
            machine.starts_with("Linux/") && version.starts_with(|c: char| c.is_ascii_digit())
        }
        _ => false,
    }
}

/// Whether a comment is one that Kconfig writes and that says something: an option that is not set,
/// or the header with version and machine.
fn is_told_by_kconfig(comment: &str) -> bool {
    let words: Vec<&str> = comment.split_whitespace().skip(1).collect();
    match words.as_slice() {
        [option, "is", "not", "set"] => option.starts_with("CONFIG_"),
        _ if is_header_of_config(comment) => true,
        _ => {
            let plain = ["Linux kernel version:", "Automatically generated"];
            let text = words.join(" ");
            plain.iter().any(|begin| text.starts_with(begin)) && !text.contains('@')
        }
    }
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
pub(super) fn is_plain_value(value: &str) -> bool {
    let digits = value.trim_end_matches(['k', 'K', 'm', 'M', 'g', 'G', '%']);
    let number = digits.len() <= 6 && digits.chars().all(|c| c.is_ascii_digit());
    number || PLAIN_VALUES.contains(&value)
}

/// `$kernelopts` or `${kernelopts}`: what it stands for is written, and redacted, elsewhere.
fn is_variable(word: &str) -> bool {
    let name = word.strip_prefix('$').map(|name| {
        let inner = name
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'));
        inner.unwrap_or(name)
    });
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.is_some_and(|name| !name.is_empty() && name.chars().all(fits))
}

/// An argument without a value, as the kernel and dracut know them.
fn is_plain_word(word: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.-".contains(c);
    word.len() <= 24 && word.starts_with(|c: char| c.is_ascii_lowercase()) && word.chars().all(fits)
}
