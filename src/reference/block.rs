//! What an entry is made of on paper, and its two renderings: for a terminal and for a page.

use crate::report::{Style, clean};

/// Lines are broken at this column.
const WIDTH: usize = 96;

/// A piece of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    /// A heading within the entry.
    Heading(String),
    /// A paragraph.
    Text(String),
    /// Points, each at its depth.
    Points(Vec<(usize, String)>),
    /// Lines to type, below a point of this depth; kept whole.
    Commands(usize, Vec<String>),
    /// Lines of a program, with a few words among them.
    Code(String),
}

/// The blocks for a terminal.
pub(super) fn terminal(blocks: &[Block], style: Style) -> String {
    let mut out = String::new();
    let mut line = |text: &str| {
        out.push_str(&style.plain(text.trim_end()));
        out.push('\n');
    };
    for block in blocks {
        match block {
            Block::Heading(text) => {
                line("");
                line(&style.bold(&clean(text)));
            }
            Block::Text(text) => {
                for text in broken(&clean(text), WIDTH - 2) {
                    line(&format!("  {text}"));
                }
            }
            Block::Points(points) => {
                for (depth, text) in points {
                    let indent = " ".repeat(2 + depth * 2);
                    let room = WIDTH.saturating_sub(indent.len() + 2).max(20);
                    for (index, text) in broken(&clean(text), room).iter().enumerate() {
                        let bullet = if index == 0 { "- " } else { "  " };
                        line(&format!("{indent}{bullet}{text}"));
                    }
                }
            }
            Block::Code(code) => {
                for text in code.lines() {
                    line(&format!("    {}", clean(text)));
                }
            }
            Block::Commands(depth, lines) => {
                let indent = " ".repeat(4 + depth * 2);
                for command in lines {
                    let command = clean(command);
                    match command.strip_prefix("# ") {
                        Some(remark) => {
                            line(&format!("{indent}{}", style.dim(&format!("# {remark}"))))
                        }
                        None => line(&format!("{indent}$ {}", style.cyan(&command))),
                    }
                }
            }
        }
    }
    out
}

/// The blocks for a page in Markdown.
pub(super) fn markdown(blocks: &[Block]) -> String {
    let mut out = String::new();
    for block in blocks {
        match block {
            Block::Heading(text) => out.push_str(&format!("\n**{}**\n\n", escaped(text))),
            Block::Text(text) => out.push_str(&format!("{}\n", escaped(text))),
            Block::Points(points) => {
                for (depth, text) in points {
                    out.push_str(&format!("{}- {}\n", "  ".repeat(*depth), escaped(text)));
                }
            }
            Block::Code(code) => out.push_str(&format!("\n```c\n{code}\n```\n")),
            Block::Commands(depth, lines) => {
                let indent = "  ".repeat(*depth);
                out.push_str(&format!("\n{indent}```sh\n"));
                for line in lines {
                    out.push_str(&format!("{indent}{line}\n"));
                }
                out.push_str(&format!("{indent}```\n\n"));
            }
        }
    }
    out
}

/// Text in which Markdown finds no marks of its own; what stands in backticks stays.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::new();
    let mut in_code = false;
    for c in text.chars() {
        match c {
            '`' => in_code = !in_code,
            '<' | '*' | '_' | '|' | '[' if !in_code => out.push('\\'),
            _ => {}
        }
        out.push(c);
    }
    out
}

/// `text` in lines of at most `room` columns, broken between words.
fn broken(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_show_what_stands_there() {
        for (text, page) in [("a_b <c> `d_e`", "a\\_b \\<c> `d_e`"), ("x | y", "x \\| y")] {
            assert_eq!(escaped(text), page);
        }
        let block = Block::Commands(1, vec!["a | b".to_owned()]);
        assert_eq!(markdown(&[block]), "\n  ```sh\n  a | b\n  ```\n\n");
    }
}
