//! The project as text, with what is code, comment, string and test told apart.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A text file of the project.
pub struct Source {
    /// Its path below the project's folder.
    pub path: String,
    pub lines: Vec<Line>,
    pub executable: bool,
}

pub struct Line {
    pub number: usize,
    /// As it is in the file.
    pub text: String,
    /// In Rust, without comments and without the contents of strings.
    pub code: String,
    /// In Rust, without comments.
    pub said: String,
    /// Whether it belongs to a test.
    pub test: bool,
}

/// A line that breaks a rule.
pub struct Offence {
    pub path: String,
    pub line: usize,
    pub what: String,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        let (code, said) = if path.ends_with(".rs") {
            strip(text)
        } else {
            (text.to_owned(), text.to_owned())
        };
        let tests = test_lines(path, &code);
        let lines = text.lines().zip(code.lines()).zip(said.lines()).zip(tests);
        let lines = lines
            .enumerate()
            .map(|(index, (((text, code), said), test))| Line {
                number: index + 1,
                text: text.to_owned(),
                code: code.to_owned(),
                said: said.to_owned(),
                test,
            });
        Self {
            path: path.to_owned(),
            lines: lines.collect(),
            executable: false,
        }
    }

    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The lines of a Rust file, none of any other one.
    pub fn rust(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|_| self.is_rust())
    }

    /// The lines of a Rust file that are no tests.
    pub fn production(&self) -> impl Iterator<Item = &Line> {
        self.rust().filter(|line| !line.test)
    }

    /// The folders and the file below `src` as modules, e.g. `diagnosis`, `fixes`, `boot`.
    pub fn modules(&self) -> Vec<&str> {
        let below = self.path.strip_prefix("src/").unwrap_or_default();
        let below = below.strip_suffix(".rs").unwrap_or_default();
        let below = below.strip_suffix("/mod").unwrap_or(below);
        below.split('/').filter(|name| !name.is_empty()).collect()
    }

    /// The room this file belongs to; none for `lib.rs`, `main.rs` and what is not in `src`.
    pub fn room(&self) -> Option<&str> {
        self.modules()
            .first()
            .copied()
            .filter(|&name| name != "lib" && name != "main")
    }

    /// An offence for each of `lines` of which `judge` has something to say.
    pub fn judge<'a>(
        &self,
        lines: impl Iterator<Item = &'a Line>,
        judge: impl Fn(&Line) -> Option<String>,
    ) -> Vec<Offence> {
        let found = lines.filter_map(|line| Some((line.number, judge(line)?)));
        let offence = |(line, what)| Offence {
            path: self.path.clone(),
            line,
            what,
        };
        found.map(offence).collect()
    }

    /// An offence of the file as a whole, told at its first line.
    pub fn whole(&self, what: impl Into<String>) -> Vec<Offence> {
        vec![Offence {
            path: self.path.clone(),
            line: 1,
            what: what.into(),
        }]
    }
}

/// Rust without comments and contents of strings, and Rust without comments; both keep
/// their lines.
fn strip(text: &str) -> (String, String) {
    let mut code = String::new();
    let mut said = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (kind, length) = token(rest);
        let (piece, after) = rest.split_at(length);
        let blank: String = piece
            .chars()
            .map(|c| if c == '\n' { c } else { ' ' })
            .collect();
        code.push_str(if kind == Token::Code { piece } else { &blank });
        said.push_str(if kind == Token::Comment {
            &blank
        } else {
            piece
        });
        rest = after;
    }
    (code, said)
}

#[derive(PartialEq)]
enum Token {
    Code,
    Comment,
    Literal,
}

/// What `rest` begins with, and its length in bytes; code comes a character at a time.
fn token(rest: &str) -> (Token, usize) {
    let until = |from: usize, end: &str| {
        let found = rest.get(from..).and_then(|text| text.find(end));
        found.map_or(rest.len(), |place| from + place + end.len())
    };
    let hashes = rest
        .bytes()
        .skip(1)
        .take_while(|&byte| byte == b'#')
        .count();
    let raw = rest.as_bytes().get(1 + hashes) == Some(&b'"');
    let mut chars = rest.chars();
    match (chars.next(), chars.next(), chars.next()) {
        (Some('/'), Some('/'), _) => (Token::Comment, rest.find('\n').unwrap_or(rest.len())),
        (Some('/'), Some('*'), _) => (Token::Comment, until(2, "*/")),
        (Some('r'), ..) if raw => {
            let end = format!("\"{}", "#".repeat(hashes));
            (Token::Literal, until(2 + hashes, &end))
        }
        (Some('"'), ..) => {
            let mut escaped = false;
            let end = rest.char_indices().skip(1).find(|&(_, c)| {
                let quote = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                quote
            });
            (
                Token::Literal,
                end.map_or(rest.len(), |(place, _)| place + 1),
            )
        }
        (Some('\''), Some('\\'), _) => (Token::Literal, until(3, "'")),
        (Some('\''), Some(c), Some('\'')) => (Token::Literal, 2 + c.len_utf8()),
        (first, ..) => (Token::Code, first.map_or(0, char::len_utf8)),
    }
}

/// Which lines of Rust code are tests: all where the file is one, otherwise each item
/// behind `#[cfg(test)]`, down to the brace that closes it.
fn test_lines(path: &str, code: &str) -> Vec<bool> {
    let is_test =
        !path.starts_with("src/") || path.ends_with("/tests.rs") || path.contains("/tests/");
    let mut closing: Option<String> = None;
    let mut pending = false;
    let mut tests = Vec::new();
    for line in code.lines() {
        let trimmed = line.trim();
        let opens = trimmed.starts_with("#[cfg(test)]");
        tests.push(is_test || opens || pending || closing.is_some());
        if let Some(end) = &closing {
            if line.starts_with(end.as_str()) {
                closing = None;
            }
        } else if pending && !trimmed.starts_with("#[") && !trimmed.is_empty() {
            pending = false;
            if !trimmed.ends_with([';', '}']) {
                let indent = line.len() - line.trim_start().len();
                closing = Some(format!("{}}}", " ".repeat(indent)));
            }
        }
        pending = pending || opens;
    }
    tests
}

/// Whether `word` occurs in `line` as a whole word. Hyphens belong to words as letters do.
pub fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    line.match_indices(word).any(|(place, _)| {
        let (before, rest) = line.split_at(place);
        let after = rest.strip_prefix(word).unwrap_or_default();
        let longer_before = word.starts_with(part) && before.ends_with(part);
        let longer_after = word.ends_with(part) && after.starts_with(part);
        !longer_before && !longer_after
    })
}

/// All text files of the project, but what was built and the lock file.
pub fn project() -> Vec<Source> {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<Source>) {
        for entry in fs::read_dir(folder).expect("the project can be listed") {
            let path = entry.expect("the project can be listed").path();
            let below = path
                .strip_prefix(root)
                .unwrap_or(&path)
                .to_string_lossy()
                .into_owned();
            if matches!(below.as_str(), "target" | ".git" | "Cargo.lock") || path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                walk(root, &path, found);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let mode = fs::metadata(&path).map_or(0, |meta| meta.permissions().mode());
                let mut source = Source::new(&below, &text);
                source.executable = mode & 0o111 != 0;
                found.push(source);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    walk(root, root, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}
