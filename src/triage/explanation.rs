//! What a log means: the causes found in it, best first, with what they rest on.

use serde::Serialize;

use super::found::Cut;
use crate::catalogue::Loader;
use crate::diagnosis::{Evidence, Possible, RenderedFix};

/// The name of this shape.
pub const SCHEMA: &str = "bpf-doctor/explanation/v1";

/// How sure the doctor is of a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// One of several, or a guess from little.
    Low,
    /// Likely.
    Medium,
    /// The log says it in so many words.
    High,
}

impl Confidence {
    /// One more.
    pub(super) fn up(self) -> Self {
        match self {
            Self::Low => Self::Medium,
            _ => Self::High,
        }
    }

    /// One less.
    pub(super) fn down(self) -> Self {
        match self {
            Self::High => Self::Medium,
            _ => Self::Low,
        }
    }
}

/// What is known of the host says this of a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The failure is there.
    Confirmed,
    /// Nothing is known for or against it.
    Open,
    /// The failure is not there.
    Refuted,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its number, counted from 1.
    pub line: u64,
    /// What it says, cleaned and shortened.
    pub text: String,
}

/// A line of the log that leads to no cause: a harmless one, or an error that is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoiseLine {
    /// Its number, counted from 1.
    pub line: u64,
    /// What it says, cleaned and shortened.
    pub text: String,
    /// Why it does not matter, or what is made of it.
    pub says: String,
}

/// A cause of what the log shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explained {
    /// The catalogue's id; where the entry is a kind of another failure, that one's.
    pub cause: String,
    /// The entry of the catalogue that tells of it, where it has another name than the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// The failure in a few words.
    pub title: String,
    /// How sure the doctor is.
    pub confidence: Confidence,
    /// What the host says of it.
    pub standing: Standing,
    /// What the host's answer rests on, in a sentence; empty where it is open.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub standing_because: String,
    /// The same in pieces.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// The cause above that the same line may have instead of this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<String>,
    /// The lines that decide, the most telling first.
    pub lines: Vec<Line>,
    /// What is behind it.
    pub because: String,
    /// What may be behind it, where neither the log nor the host tells which.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub possible: Vec<Possible>,
    /// How the line can be true although the host does not have the failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remains: Option<String>,
    /// What the decisive line means, in plain words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub means: Option<String>,
    /// The program the log names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// The verifier's last instruction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instruction: Option<String>,
    /// The line of source it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What the register in question held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register: Option<String>,
    /// What cures it, as commands for the host; nothing where the host refutes it.
    pub fixes: Vec<RenderedFix>,
    /// What to change in the code, where the program is at fault: lines of C.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// What to type to look closer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub look_closer: Vec<String>,
}

impl Explained {
    /// The entry of the catalogue that tells of it.
    #[must_use]
    pub fn entry(&self) -> &str {
        self.entry.as_deref().unwrap_or(&self.cause)
    }
}

/// The log that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogSummary {
    /// Its lines.
    pub lines: u64,
    /// Its bytes.
    pub bytes: u64,
    /// Whether it went on, and the rest was not read.
    pub cut: bool,
    /// What ended the reading, if it was cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_by: Option<Cut>,
    /// Whose words it speaks.
    pub loaders: Vec<Loader>,
    /// The kernel it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// The distribution it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
}

/// The host the causes were held against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostUsed {
    /// `live`, `report`, `log` or `none`.
    pub known_from: &'static str,
    /// Its kernel, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// What else is to be said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What a log means.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Whether a failure was recognised.
    pub recognised: bool,
    /// The answer in a sentence.
    pub answer: String,
    /// The log.
    pub log: LogSummary,
    /// The host.
    pub host: HostUsed,
    /// The causes, best first.
    pub causes: Vec<Explained>,
    /// Errors that the catalogue does not know: what the verifier said last of a program, and,
    /// where no cause was found at all, lines that tell that something failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<NoiseLine>,
    /// Lines that look like errors and are none.
    pub harmless: Vec<NoiseLine>,
}

impl Explanation {
    /// 0 where something was recognised: a failure, or harmless lines in a log that has no
    /// failure; 1 where nothing was, or an error is left whose words are not known.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        let harmless = !self.harmless.is_empty() && self.unknown.is_empty();
        u8::from(!self.recognised && !harmless)
    }
}
