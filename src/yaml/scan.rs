//! What nests in a text, how deep, and where the first tag, anchor or alias stands: seen before
//! the parser, which takes both for granted, has any of it.

use super::{DEEPEST, Error};

/// One pass over a text that follows what nests, and nothing more.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Columns of the block maps and lists that are open.
    block: Vec<usize>,
    /// Flow maps and lists that are open.
    flow: usize,
    /// The quotation mark that is open.
    quote: Option<char>,
    /// Whether a scalar without quotes is being read, in which nothing but its end counts.
    plain: bool,
    /// Lines indented deeper than this continue a scalar.
    text_below: Option<usize>,
    /// Whether anything but comments and directives was seen.
    begun: bool,
    /// Whether the document was ended by `...`.
    ended: bool,
    /// The line at hand.
    number: usize,
    /// The line of the first tag, anchor or alias.
    reference: Option<usize>,
}

impl Scan {
    /// Follows all of it; gives the line of the first tag, anchor or alias.
    pub(super) fn run(mut self, text: &str) -> Result<Option<usize>, Error> {
        // Each of these ends a line in YAML 1.1; the parser counts them so.
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        let lines = text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']);
        for (index, line) in lines.enumerate() {
            self.number = index + 1;
            self.line(line)
                .map_err(|message| Error::new(index + 1, message))?;
        }
        Ok(self.reference)
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        let column = line.len() - line.trim_start_matches(' ').len();
        let content = line.trim();
        if content.is_empty() || (column == 0 && line.starts_with('%') && !self.begun) {
            return Ok(());
        }
        let marker = |word| {
            let rest = line.strip_prefix(word);
            rest.filter(|rest: &&str| rest.is_empty() || rest.starts_with([' ', '\t']))
        };
        let opens = marker("---");
        if self.ended && !content.starts_with('#') || opens.is_some() && self.begun {
            return Err("a second document begins here; a file has one".to_owned());
        }
        if marker("...").is_some() {
            self.ended = true;
            return Ok(());
        }
        if let Some(rest) = opens {
            self.begun = true;
            return self.part(rest.trim_start(), 3);
        }
        if self.flow > 0 || self.quote.is_some() {
            return self.part(line, 0);
        }
        if self.text_below.is_some_and(|below| column > below) || content.starts_with('#') {
            return Ok(());
        }
        self.begun = true;
        self.text_below = None;
        self.plain = false;
        while self.block.last().is_some_and(|open| *open > column) {
            self.block.pop();
        }
        self.part(line.trim_start_matches(' '), column)
    }

    /// Follows a line, or what is left of it, from this column on.
    fn part(&mut self, text: &str, start: usize) -> Result<(), String> {
        let mut chars = text.char_indices().peekable();
        let mut parent = start;
        // Whether the text is the value of a key on this line, and continues below that key.
        let mut keyed = false;
        let mut before = ' ';
        let mut head = self.flow == 0 && self.quote.is_none();
        while let Some((index, c)) = chars.next() {
            let next = chars.peek().map_or(' ', |(_, next)| *next);
            let blank = |c: char| matches!(c, ' ' | '\t');
            if let Some(quote) = self.quote {
                match c {
                    '\\' if quote == '"' => drop(chars.next()),
                    _ if c == quote => self.quote = None,
                    _ => {}
                }
                before = c;
                continue;
            }
            if blank(c) {
                before = c;
                continue;
            }
            if c == '#' && blank(before) {
                self.plain = false;
                break;
            }
            if head {
                self.open(start + index)?;
                parent = start + index;
            }
            head = head && matches!(c, '-' | '?') && blank(next);
            if head {
                before = c;
                continue;
            }
            match c {
                '[' | '{' if self.flow > 0 || !self.plain => {
                    self.flow += 1;
                    self.plain = false;
                    self.limit()?;
                }
                ']' | '}' if self.flow > 0 => {
                    self.flow -= 1;
                    self.plain = false;
                }
                ',' if self.flow > 0 => self.plain = false,
                ':' if !self.plain || blank(next) => {
                    self.plain = false;
                    keyed |= self.flow == 0;
                }
                ':' if self.flow > 0 && ",[]{}".contains(next) => self.plain = false,
                '"' | '\'' if !self.plain => self.quote = Some(c),
                '&' | '!' | '*' if !self.plain => {
                    self.reference.get_or_insert(self.number);
                    let ends = |c: char| blank(c) || ",[]{}".contains(c);
                    while chars.next_if(|(_, c)| !ends(*c)).is_some() {}
                }
                '|' | '>' if !self.plain && self.flow == 0 => {
                    self.plain = true;
                    break;
                }
                _ => self.plain = true,
            }
            before = c;
        }
        if self.flow == 0 && self.quote.is_none() && self.plain {
            let mut outer = self.block.iter().rev();
            self.text_below = match keyed {
                true => Some(parent),
                // An item of a list, or a value on a line of its own.
                false => outer.find(|open| **open < parent).copied(),
            };
        }
        Ok(())
    }

    fn open(&mut self, column: usize) -> Result<(), String> {
        if self.block.last().is_none_or(|open| *open < column) {
            self.block.push(column);
        }
        self.limit()
    }

    fn limit(&self) -> Result<(), String> {
        if self.flow + self.block.len() > DEEPEST {
            return Err(format!("nested deeper than {DEEPEST} levels"));
        }
        Ok(())
    }
}
