//! How text for people looks: colour, marks, and foreign words made harmless.

use owo_colors::OwoColorize;

use crate::diagnosis::{Finding, Severity, Status};
use crate::harmless::is_harmful;

/// How much of a report is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// Failures, and the last line.
    Quiet,
    /// Failures in full, the rest in a line each.
    #[default]
    Normal,
    /// Everything in full.
    Verbose,
}

/// How text for people looks; decided once, by whoever knows the terminal.
#[derive(Debug, Clone, Copy, Default)]
pub struct Style {
    /// With colour.
    pub color: bool,
    /// With marks beyond ASCII.
    pub unicode: bool,
    /// How much is shown.
    pub detail: Detail,
}

impl Style {
    /// `text` in bold, where there is colour.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        self.painted(text, |text| text.bold().to_string())
    }

    /// `text` in the background.
    #[must_use]
    pub fn dim(self, text: &str) -> String {
        self.painted(text, |text| text.dimmed().to_string())
    }

    /// `text` for what is well.
    #[must_use]
    pub fn green(self, text: &str) -> String {
        self.painted(text, |text| text.green().to_string())
    }

    /// `text` for what is doubtful.
    #[must_use]
    pub fn yellow(self, text: &str) -> String {
        self.painted(text, |text| text.yellow().to_string())
    }

    /// `text` for what is ill.
    #[must_use]
    pub fn red(self, text: &str) -> String {
        self.painted(text, |text| text.red().bold().to_string())
    }

    /// `text` for what can be typed.
    #[must_use]
    pub fn cyan(self, text: &str) -> String {
        self.painted(text, |text| text.cyan().to_string())
    }

    fn painted(self, text: &str, paint: impl Fn(&str) -> String) -> String {
        if self.color {
            paint(text)
        } else {
            text.to_owned()
        }
    }

    /// The mark in front of a finding.
    pub(super) fn mark(self, finding: &Finding) -> String {
        let pick = |unicode, ascii| if self.unicode { unicode } else { ascii };
        match (finding.status, finding.severity) {
            (Status::Ok, _) => self.green(pick("[✓]", "[+]")),
            (Status::Fail, Severity::Error) => self.red(pick("[✗]", "[x]")),
            (Status::Fail, Severity::Warning) => self.yellow("[!]"),
            (Status::Fail, Severity::Info) => self.cyan("[i]"),
            (Status::Unknown, _) => self.yellow("[?]"),
            (Status::NotApplicable, _) => self.dim("[-]"),
        }
    }

    /// Our own punctuation for this terminal.
    #[must_use]
    pub fn plain(self, text: &str) -> String {
        if self.unicode {
            return text.to_owned();
        }
        let mut ascii = String::new();
        for c in text.chars() {
            match c {
                '…' => ascii.push_str("..."),
                '·' | '–' | '—' => ascii.push('-'),
                '→' => ascii.push_str("->"),
                '≥' => ascii.push_str(">="),
                c if c.is_ascii() => ascii.push(c),
                _ => ascii.push('?'),
            }
        }
        ascii
    }
}

/// Text from a host, fit for a terminal: control characters and those that reorder text are
/// replaced, so that a mount point or a host name can't write what the doctor didn't say.
#[must_use]
pub fn clean(text: &str) -> String {
    let safe = |c| if is_harmful(c) { '\u{fffd}' } else { c };
    text.chars().map(safe).collect()
}
