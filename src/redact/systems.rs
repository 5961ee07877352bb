//! Names of systems, in which somebody may have put the name of the host, or their own.

use super::secrets::secrets;
use super::{REDACTED, Redactor};

/// What checks compare of os-release.
const COMPARED: &[&str] = &[
    "ID",
    "ID_LIKE",
    "OSTREE_VERSION",
    "VARIANT_ID",
    "VERSION_ID",
];

impl Redactor {
    /// os-release: of its values, those for people. Builders of images write into them who
    /// built what where.
    pub(super) fn os_release(&mut self, text: &str) -> String {
        let lines = text.split_inclusive('\n');
        let lines = lines.map(|line| match line.split_once('=') {
            Some((key, _)) if COMPARED.contains(&key) => self.harmless(line),
            // A registry's name for a version: what looks like an address in it is none.
            Some(("CPE_NAME", _)) => {
                let line = self.harmless(line);
                self.users_in_words(&line)
            }
            // Nobody asks for them.
            Some((key, value)) if key.ends_with("_URL") => {
                let end = if value.ends_with('\n') { "\n" } else { "" };
                format!("{key}={REDACTED}{end}")
            }
            Some((key, value)) => format!("{key}={}", self.system_name(value)),
            None => self.of_people(line),
        });
        lines.collect()
    }

    /// `NAME release VERSION (CODENAME)`, or a name of free form. What stands before a version
    /// is the maker's name, by which the system is known.
    pub(super) fn system_name(&mut self, text: &str) -> String {
        let Some((maker, rest)) = text.split_once(" release ") else {
            return self.of_people(text);
        };
        let (version, behind) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
        let maker = self.unnamed(&secrets(maker));
        format!("{maker} release {version}{}", self.of_people(behind))
    }

    fn of_people(&mut self, text: &str) -> String {
        let text = self.unnamed(&secrets(text));
        let text = self.host_names(&text);
        self.users_in_words(&text)
    }
}
