//! Paths: those that have a user's name in them, and those that are the same on every host.

use super::Redactor;

impl Redactor {
    /// `/home/NAME`, and where desktops mount what a user plugs in.
    pub(super) fn homes(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for place in [
            "/home/",
            "/home2/",
            "/run/media/",
            "/media/",
            "/users/",
            "/Users/",
        ] {
            if text.contains(place) {
                text = self.names_below(&text, place);
            }
        }
        text
    }

    fn names_below(&mut self, text: &str, place: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(place) {
            out.push_str(before);
            out.push_str(place);
            let stop = |c: char| {
                c == '/' || c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ':' | ';' | ')')
            };
            let (name, behind) = after.split_at(after.find(stop).unwrap_or(after.len()));
            // Below /run/media the second place would take the number for a name.
            match name {
                "" => {}
                _ if name.starts_with("user-") => out.push_str(name),
                _ => out.push_str(&self.number("user", name)),
            }
            rest = behind;
        }
        out + rest
    }
}

/// Whether a path is of a program, or of a directory of programs: their names are the same on
/// every host, even where one begins like the host is called.
pub(super) fn is_program(path: &str) -> bool {
    let among_programs = ["/bin/", "/sbin/"].iter().any(|part| path.contains(part));
    among_programs && path.starts_with('/') && !path.starts_with("/home/")
}
