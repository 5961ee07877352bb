//! The pages below docs/checks, made of the catalogue alone.

use super::block::{Block, escaped, markdown};
use super::entry::blocks;
use super::list::kind;
use crate::catalogue::{Catalogue, Check};

/// A page: its file's name, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The name of the file.
    pub name: String,
    /// Its content, in Markdown.
    pub text: String,
}

/// The pages of a catalogue: an index, and one page for each area that has checks.
#[must_use]
pub fn pages(catalogue: &Catalogue) -> Vec<Page> {
    let mut index = "\
# Checks

Every failure that bpf-doctor knows, by areas.
These pages are made from `checks.yaml`; change it, not them.
`bpf-doctor checks show ID` tells the same of the catalogue at hand.
"
    .to_owned();
    let mut pages = Vec::new();
    for area in &catalogue.areas {
        let checks: Vec<&Check> = catalogue
            .checks
            .iter()
            .filter(|check| check.area == area.id)
            .collect();
        if checks.is_empty() {
            continue;
        }
        let name = format!("{}.md", area.id);
        index.push_str(&format!(
            "\n## [{}]({name})\n\n| check | | kind | what fails |\n| --- | --- | --- | --- |\n",
            escaped(&area.title)
        ));
        let mut text = format!(
            "# {}\n\nMade from `checks.yaml`; change it, not this page. [All checks](README.md)\n",
            escaped(&area.title)
        );
        for check in checks {
            index.push_str(&format!(
                "| [{id}]({name}#{id}) | {} | {} | {} |\n",
                check.severity,
                kind(check.kind),
                escaped(&check.title),
                id = check.id
            ));
            text.push_str(&format!(
                "\n## {}\n\n**{}.**\n",
                check.id,
                escaped(&check.title)
            ));
            text.push_str(&tidy(&markdown(&apart(blocks(catalogue, check)))));
        }
        pages.push(Page { name, text });
    }
    let name = "README.md".to_owned();
    pages.insert(0, Page { name, text: index });
    pages
}

/// A numbered cause is a paragraph of its own.
fn apart(blocks: Vec<Block>) -> Vec<Block> {
    let part = |block| match block {
        Block::Text(text) => Block::Text(format!("\n{text}\n")),
        block => block,
    };
    blocks.into_iter().map(part).collect()
}

/// One empty line where there were several, and one newline at the end.
fn tidy(text: &str) -> String {
    let mut out = String::new();
    let mut empty = 0;
    for line in text.trim_end().lines() {
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 2 {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}
