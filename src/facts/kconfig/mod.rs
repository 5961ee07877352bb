//! The kernel's build configuration: every option it was built with, or that it lacks.

mod parse;
mod places;
mod scope;
mod written;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::keys::Values::{Number, Option as KernelOption, Text};
use super::{Fact, Facts, KeyInfo, Unknown, Value, Why, kernel};
use crate::host::Host;
use scope::Scope;
use written::Written;

pub(super) const KEYS: &[KeyInfo] = &[
    KeyInfo::family(
        "config.*",
        KernelOption,
        "A kernel option without its CONFIG_: y, m, n (`is not set`), its number or text, \
         absent if the config does not name it.",
    ),
    KeyInfo::one(
        "config-file",
        Text,
        "The file the kernel's options were read from.",
    ),
    KeyInfo::one(
        "config-file.broken-lines",
        Number,
        "How many lines of that file make no sense.",
    ),
    KeyInfo::one(
        "config-file.version",
        Text,
        "The kernel's version in the first lines of that file; absent where it has none.",
    ),
];

/// What an option was set to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Setting {
    Yes,
    Module,
    /// A line says that it is not set.
    No,
    Number(i64),
    Text(Box<str>),
}

impl From<&Setting> for Value {
    fn from(setting: &Setting) -> Self {
        match setting {
            Setting::Yes => "y".into(),
            Setting::Module => "m".into(),
            Setting::No => "n".into(),
            Setting::Number(number) => Self::Number(*number),
            Setting::Text(text) => Self::Text(text.to_string()),
        }
    }
}

/// The build configuration of a kernel.
///
/// Read from a host, it has all options. Written to a report and read back, it has those
/// in its scope: subjects that bear on BPF, and whatever [`keep`](Self::keep) was told.
/// Of the others it then knows that it does not know them. Two configs are equal if they
/// are written the same.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct KernelConfig {
    /// Where it was read; where unknown, the place that was in the way.
    source: String,
    content: Result<Options, Unknown>,
}

#[derive(Debug, Clone)]
struct Options {
    settings: BTreeMap<Box<str>, Setting>,
    /// What a report will have.
    scope: Scope,
    /// Whether these are all the options of the file.
    complete: bool,
    broken_lines: usize,
    /// Whether the file itself is a part of a config.
    fragment: bool,
    /// By the header; a report has it in a fact of its own.
    version: Option<Box<str>>,
    /// By the header, as the kernel's sources name machines; a report has that of the kernel.
    machine: Option<Box<str>>,
    /// Options that two of its lines set differently; a report has them in a fact of its own.
    twice: Vec<(Box<str>, [Setting; 2])>,
}

impl KernelConfig {
    /// The config in the bytes of a file, plain or compressed with gzip; unknown if they
    /// are neither.
    #[must_use]
    pub fn from_bytes(bytes: &[u8], source: &str) -> Self {
        match parse::options(bytes) {
            Ok(parsed) => Self {
                source: source.to_owned(),
                content: Ok(Options {
                    settings: parsed.settings,
                    scope: Scope::subjects(),
                    complete: true,
                    broken_lines: parsed.broken_lines,
                    fragment: false,
                    version: parsed.version,
                    machine: parsed.machine,
                    twice: parsed.twice,
                }),
            },
            Err(problem) => Self::unknown(Why::Malformed, &problem, source),
        }
    }

    /// Some lines of a config, as a log quotes them: of options they do not name nothing is
    /// known.
    #[must_use]
    pub fn quoted(lines: &str, source: &str) -> Self {
        let mut config = Self::from_bytes(lines.as_bytes(), source);
        if let Ok(options) = &mut config.content {
            options.complete = false;
            options.scope = Scope::nothing();
        }
        config
    }

    /// A part of a config, such as `savedefconfig` writes: what it does not name is not known.
    #[must_use]
    pub fn fragment(bytes: &[u8], source: &str) -> Self {
        let mut config = Self::from_bytes(bytes, source);
        if let Ok(options) = &mut config.content {
            options.complete = false;
            options.fragment = true;
            options.scope = Scope::nothing();
        }
        config
    }

    /// No config, and why.
    #[must_use]
    pub fn unknown(why: Why, detail: &str, source: &str) -> Self {
        Self {
            source: source.to_owned(),
            content: Err(Unknown {
                unknown: why,
                detail: detail.to_owned(),
            }),
        }
    }

    /// The option `name`, without its `CONFIG_`: `y`, `m`, `n` where a line says that it is
    /// not set, a number or text; absent where no line names it.
    #[must_use]
    pub fn option(&self, name: &str) -> Fact {
        match &self.content {
            Err(reason) => Fact::unknown(reason.unknown, &reason.detail, &self.source),
            Ok(options) => match options.settings.get(name) {
                Some(setting) => Fact::known(setting, &self.source),
                // The line that names it may be among those that are broken.
                None if options.broken_lines > 0 => {
                    let detail = match options.broken_lines {
                        1 => "a line makes no sense, and may be about it".to_owned(),
                        lines => format!("{lines} lines make no sense, and may be about it"),
                    };
                    Fact::unknown(Why::Malformed, &detail, &self.source)
                }
                None if options.fragment => {
                    let detail = "the config is a part of one, which does not name it";
                    Fact::unknown(Why::Untold, detail, &self.source)
                }
                None if options.complete || options.scope.has(name) => Fact::absent(&self.source),
                None => Fact::unknown(Why::NotCollected, "", &self.source),
            },
        }
    }

    /// Has these options written to a report, too. Of a config that came from a report,
    /// nothing more can be kept than was.
    pub fn keep<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        if let Ok(options) = &mut self.content
            && options.complete
        {
            options.scope.add(names);
        }
    }

    /// The file it was read from, where there is one.
    #[must_use]
    pub fn file(&self) -> Fact {
        self.fact(|_| Value::from(self.source.as_str()))
    }

    /// How many lines of the file make no sense.
    #[must_use]
    pub fn broken_lines(&self) -> Fact {
        let count = |options: &Options| i64::try_from(options.broken_lines);
        self.fact(|options| count(options).map_or(Value::Absent, Value::Number))
    }

    /// The kernel's version by the header of the file.
    #[must_use]
    fn version(&self) -> Fact {
        self.fact(|options| {
            options
                .version
                .as_deref()
                .map_or(Value::Absent, Value::from)
        })
    }

    /// The machine it is for by its header, as the kernel's sources name it.
    pub(super) fn machine(&self) -> Option<&str> {
        self.content.as_ref().ok()?.machine.as_deref()
    }

    /// The machine of a kernel with this config, as uname names it.
    fn machine_of_kernel(&self) -> Option<&'static str> {
        let is_yes = |option: &str| self.option(option).value() == Some(&"y".into());
        match (self.machine()?, is_yes("64BIT")) {
            ("x86_64", _) | ("x86", true) => Some("x86_64"),
            ("arm64", _) => Some("aarch64"),
            ("s390", true) => Some("s390x"),
            ("riscv", true) => Some("riscv64"),
            ("loongarch", true) => Some("loongarch64"),
            ("powerpc", _) if is_yes("PPC64") && is_yes("CPU_LITTLE_ENDIAN") => Some("ppc64le"),
            _ => None,
        }
    }

    /// Sentences on options that two lines of the file set differently.
    pub(super) fn told_twice(&self) -> Vec<String> {
        let twice = self.content.iter().flat_map(|options| &options.twice);
        let shown = |setting: &Setting| super::reader::shown(&Value::from(setting).to_string());
        twice
            .map(|(name, [first, last])| {
                let (first, last) = (shown(first), shown(last));
                let (first, last) = (first.trim_matches('`'), last.trim_matches('`'));
                format!(
                    "CONFIG_{name} is {first} by one line of {place} and {last} by a later one",
                    place = self.source
                )
            })
            .collect()
    }

    /// Names the place it really comes from, where `origin` knows better.
    pub(super) fn relocate(&mut self, origin: &dyn Fn(&str) -> Option<String>) {
        if let Some(place) = origin(&self.source) {
            self.source = place;
        }
    }

    /// Changes the texts that are not options, and of these what the compiler calls itself, each
    /// with the key it goes by.
    pub(super) fn rewrite(&mut self, change: &mut dyn FnMut(&str, &str) -> String) {
        self.source = change("config-file", &self.source);
        match &mut self.content {
            Err(reason) => reason.detail = change("config-file", &reason.detail),
            Ok(options) => {
                if let Some(Setting::Text(text)) = options.settings.get_mut("CC_VERSION_TEXT") {
                    *text = change("config-file.compiler", text).into();
                }
            }
        }
    }

    fn fact(&self, known: impl FnOnce(&Options) -> Value) -> Fact {
        match &self.content {
            Ok(options) => Fact::known(known(options), &self.source),
            Err(reason) => Fact::unknown(reason.unknown, &reason.detail, &self.source),
        }
    }
}

/// Whether an option is known not to be set, or not to be there.
pub(super) fn is_off(option: &Fact) -> bool {
    let value = option.value();
    value.is_some_and(|value| *value == "n".into() || *value == Value::Absent)
}

/// Some options as another file has them than the one at `first`, and its path: the config
/// the kernel itself shows is compared with the one that was installed with it.
pub(super) fn second(
    host: &dyn Host,
    release: Option<&str>,
    first: &str,
    names: &[&str],
) -> Option<(String, BTreeMap<String, Value>)> {
    let (path, bytes) = places::second(host, release, first)?;
    let settings = parse::chosen(&bytes, names).ok()?;
    let values = settings
        .iter()
        .map(|(name, setting)| (name.to_string(), setting.into()));
    Some((path, values.collect()))
}

/// Finds and reads the config of the running kernel.
pub(super) fn collect(host: &dyn Host, facts: &mut Facts) {
    let mut config = places::find(host, facts.text("kernel.release").as_deref());
    if kernel::is_none(facts)
        && matches!(&config.content, Err(reason) if reason.unknown == Why::Missing)
    {
        config = KernelConfig::unknown(Why::NotCollected, kernel::NO_KERNEL, "");
    }
    facts.set("config-file", config.file());
    facts.set("config-file.broken-lines", config.broken_lines());
    facts.set("config-file.version", config.version());
    // Kernels before 6.1 do not tell it in a file.
    let is_open = match facts.get("kernel.arch") {
        Fact::Unknown { reason, .. } => reason.is_elsewhere(),
        Fact::Known { .. } => false,
    };
    if let Some(machine) = config.machine_of_kernel().filter(|_| is_open) {
        facts.set("kernel.arch", Fact::known(machine, &config.source));
    }
    facts.set_config(config);
}

impl Default for KernelConfig {
    fn default() -> Self {
        Self::unknown(Why::NotCollected, "", "")
    }
}

impl PartialEq for KernelConfig {
    fn eq(&self, other: &Self) -> bool {
        Written::from(self) == Written::from(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
        CONFIG_BPF_SYSCALL=y\n\
        # CONFIG_BPF_LSM is not set\n\
        CONFIG_NET_CLS_BPF=m\n\
        CONFIG_LSM=\"landlock,yama\"\n\
        CONFIG_HZ=250\n\
        CONFIG_BTRFS_FS=m\n\
        CONFIG_ILLEGAL_POINTER_VALUE=0xdead000000000000\n";

    fn config() -> KernelConfig {
        KernelConfig::from_bytes(TEXT.as_bytes(), "/proc/config.gz")
    }

    #[test]
    fn a_config_tells_the_machine_where_nothing_else_does() {
        let wide = "CONFIG_64BIT=y\n";
        for (header, options, machine) in [
            ("x86", wide, Some("x86_64")),
            ("x86", "# CONFIG_64BIT is not set\n", None),
            ("x86_64", "CONFIG_A=y\n", Some("x86_64")),
            ("arm64", "CONFIG_A=y\n", Some("aarch64")),
            ("s390", wide, Some("s390x")),
            ("riscv", wide, Some("riscv64")),
            (
                "powerpc",
                "CONFIG_PPC64=y\nCONFIG_CPU_LITTLE_ENDIAN=y\n",
                Some("ppc64le"),
            ),
            ("sparc", wide, None),
        ] {
            let text = format!("# Linux/{header} 5.15.0 Kernel Configuration\n{options}");
            let host = crate::host::Memory::new()
                .with_uname("5.15.0", "", "")
                .with("/boot/config-5.15.0", text);
            let facts = super::super::collect(&host);
            assert_eq!(facts.text("kernel.arch").as_deref(), machine, "{header}");
            let told = facts.list("config-file.disagreements").unwrap();
            assert!(told.is_empty(), "{told:?}");
            let other = super::super::collect(&host.with_uname("5.15.0", "", "mips64"));
            assert_eq!(other.text("kernel.arch").unwrap(), "mips64", "{header}");
        }
    }

    #[test]
    fn not_set_absent_and_unknown_are_three_things() {
        let config = config();
        for (name, value) in [
            ("BPF_SYSCALL", Value::from("y")),
            ("NET_CLS_BPF", Value::from("m")),
            ("BPF_LSM", Value::from("n")),
            ("BPF_STREAM_PARSER", Value::Absent),
            ("LSM", Value::from("landlock,yama")),
            ("HZ", Value::Number(250)),
            ("ILLEGAL_POINTER_VALUE", Value::from("0xdead000000000000")),
            ("BTRFS_FS", Value::from("m")),
        ] {
            let fact = config.option(name);
            assert_eq!(fact.value(), Some(&value), "{name}");
            assert_eq!(fact.source(), "/proc/config.gz");
        }
        let none = KernelConfig::unknown(Why::Missing, "no file", "");
        assert_eq!(
            none.option("BPF_LSM"),
            Fact::unknown(Why::Missing, "no file", "")
        );
    }
}
