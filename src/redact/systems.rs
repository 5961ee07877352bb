//! Names of systems, in which somebody may have put the name of the host.

use super::Redactor;

impl Redactor {
    /// os-release: of its values, those for people.
    pub(super) fn os_release(&mut self, text: &str) -> String {
        let lines = text.split_inclusive('\n');
        let lines = lines.map(|line| match line.split_once('=') {
            Some((key @ ("NAME" | "PRETTY_NAME"), value)) => {
                format!("{key}={}", self.system_name(value))
            }
            _ => self.harmless(line),
        });
        lines.collect()
    }

    /// `NAME release VERSION (CODENAME)`, or a name of free form. What stands before a version
    /// is the maker's name, by which the system is known.
    pub(super) fn system_name(&mut self, text: &str) -> String {
        let text = self.harmless(text);
        match text.split_once(" release ") {
            Some((maker, rest)) => format!("{maker} release {}", self.host_names(rest)),
            None => self.host_names(&text),
        }
    }
}
