//! The one door to the terminal: where output goes and how it looks.

use std::ffi::OsStr;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};

use super::Exit;
use super::place::{Place, Readers};
use bpf_doctor::report::{Detail, Style};

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set or TERM is dumb
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Shape of the output, where a command has these three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Yaml,
    /// The same data
    Json,
}

/// Where output goes and how it looks; the same for every command.
#[derive(Debug, Clone, Args)]
pub struct OutputArguments {
    /// Write to this file instead of standard output (`-`); it is there whole or not at all
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// When to use colour
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
    /// Show everything in full, also what is fine or does not apply
    #[arg(long, short, conflicts_with = "quiet")]
    verbose: bool,
    /// Show what fails and the last line, no more
    #[arg(long, short)]
    quiet: bool,
}

impl OutputArguments {
    /// These, and where they are silent those of the command around.
    pub fn or(&self, around: &Self) -> Self {
        Self {
            output: self.output.clone().or_else(|| around.output.clone()),
            color: match self.color {
                Color::Auto => around.color,
                own => own,
            },
            verbose: self.verbose || around.verbose,
            quiet: self.quiet || around.quiet,
        }
    }

    /// The file that is written, if any.
    pub fn path(&self) -> Option<&Path> {
        self.output.as_deref()
    }

    /// Whether all is to be said.
    pub fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Whether little is to be said.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }
}

/// A place that output goes to.
#[derive(Debug)]
pub struct Terminal {
    place: Place,
    style: Style,
}

impl Terminal {
    /// Opens the place before the work begins, so that a bad path is known early.
    pub fn open(arguments: &OutputArguments) -> anyhow::Result<Self> {
        let path = arguments.output.as_deref().unwrap_or(Path::new("-"));
        let place = Place::open(path, Readers::AsUsual)?;
        let on_terminal = path.as_os_str() == "-" && place.is_terminal();
        let color = match arguments.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                on_terminal && !is_set("NO_COLOR") && env("TERM").as_deref() != Some("dumb")
            }
        };
        let detail = match (arguments.quiet, arguments.verbose) {
            (true, _) => Detail::Quiet,
            (_, true) => Detail::Verbose,
            _ => Detail::Normal,
        };
        Ok(Self {
            place,
            style: Style {
                color,
                unicode: speaks_utf8(),
                detail,
            },
        })
    }

    /// How text for people looks here.
    pub fn style(&self) -> Style {
        self.style
    }

    /// Writes a whole document. A reader that went away (`| head`) is no error.
    pub fn write(&mut self, text: &str) -> anyhow::Result<()> {
        self.stream(|out| out.write_all(text.as_bytes()))
    }

    /// Writes a document piece by piece. A reader that went away is no error.
    pub fn stream(
        &mut self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> anyhow::Result<()> {
        match self.place.fill(write) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other.with_context(|| format!("can't write to {}", self.place.name())),
        }
    }

    /// Whether standard error is a terminal, on which a line can be written over.
    pub fn shows_progress() -> bool {
        io::stderr().is_terminal() && env("TERM").as_deref() != Some("dumb")
    }

    /// Replaces the line on standard error; an empty text takes it away.
    pub fn progress(text: &str) {
        let mut err = io::stderr().lock();
        // There is nowhere left to say that standard error is gone.
        let _closed = write!(err, "\r\x1b[K{text}").and_then(|()| err.flush());
    }

    /// Says on standard error what the reader should know besides the result.
    pub fn warn(text: &str) {
        let line = bpf_doctor::report::clean(text);
        // There is nowhere left to say that standard error is gone.
        let _closed = writeln!(io::stderr().lock(), "bpf-doctor: {line}");
    }

    /// Says on standard error why the program can't go on.
    pub fn complain(error: &anyhow::Error) -> Exit {
        let line = bpf_doctor::report::clean(&format!("{error:#}"));
        let mut err = io::stderr().lock();
        // There is nowhere left to say that standard error is gone.
        let _closed = writeln!(err, "bpf-doctor: {line}");
        Exit::Trouble
    }
}

/// Help and version on standard output, wrong usage on standard error.
pub fn usage(error: &clap::Error) -> Exit {
    let _closed = error.print();
    if error.use_stderr() {
        Exit::Trouble
    } else {
        Exit::Status(0)
    }
}

/// Whether the locale can show more than ASCII: the first of the three variables that is
/// set decides, as in setlocale(3).
fn speaks_utf8() -> bool {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"];
    let locale = names
        .into_iter()
        .filter_map(env)
        .find(|text| !text.is_empty());
    let locale = locale.unwrap_or_default().to_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

fn is_set(name: &str) -> bool {
    env(name).is_some_and(|value| !value.is_empty())
}

/// A variable of the environment; what is no UTF-8 counts as empty.
pub fn env(name: impl AsRef<OsStr>) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "cli alone reads the environment")]
    let value = std::env::var_os(name)?;
    Some(value.into_string().unwrap_or_default())
}
