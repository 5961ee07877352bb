//! What lint found, for people and programs.

use serde::Serialize;

use crate::catalogue::{Level, Offence};
use crate::report::{Style, clean};
use crate::yaml;

/// The offences of some files, with a schema version.
#[derive(Debug, Clone, Serialize)]
pub struct Linted {
    schema: &'static str,
    files: Vec<String>,
    offences: Vec<Offence>,
}

impl Linted {
    /// The offences of these files.
    #[must_use]
    pub fn new(files: Vec<String>, offences: Vec<Offence>) -> Self {
        Self {
            schema: "bpf-doctor/lint/v1",
            files,
            offences,
        }
    }

    /// 1 where a file has an error, or where advice counts and there is some; else 0.
    #[must_use]
    pub fn exit_status(&self, strict: bool) -> u8 {
        let counts = |offence: &Offence| strict || offence.level == Level::Error;
        u8::from(self.offences.iter().any(counts))
    }
}

/// The offences for a person: `FILE:LINE: ENTRY: …`, and a last line that counts them.
#[must_use]
pub fn lint_text(linted: &Linted, style: Style) -> String {
    let mut out = String::new();
    for one in &linted.offences {
        let level = match one.level {
            Level::Error => style.red("error"),
            Level::Advice => style.yellow("advice"),
        };
        let entry = match one.entry.as_str() {
            "" => String::new(),
            entry => format!("{}: ", clean(entry)),
        };
        let (file, message) = (clean(&one.file), clean(&one.message));
        out.push_str(&format!("{file}:{}: {level}: {entry}{message}\n", one.line));
    }
    let count = |level| {
        linted
            .offences
            .iter()
            .filter(|one| one.level == level)
            .count()
    };
    let (errors, advice) = (count(Level::Error), count(Level::Advice));
    let files = linted.files.len();
    let files = if files == 1 {
        "1 file".to_owned()
    } else {
        format!("{files} files")
    };
    let errors = if errors == 1 {
        "1 error".to_owned()
    } else {
        format!("{errors} errors")
    };
    out.push_str(&format!("{files}: {errors}, {advice} of advice\n"));
    style.plain(&out)
}

/// The offences in YAML.
///
/// # Errors
/// None that offences can cause; the serializer's signature asks for it.
pub fn lint_yaml(linted: &Linted) -> Result<String, yaml::Error> {
    yaml::to_string(linted)
}

/// The offences in JSON.
///
/// # Errors
/// None that offences can cause; the serializer's signature asks for it.
pub fn lint_json(linted: &Linted) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(linted).map(|text| text + "\n")
}
