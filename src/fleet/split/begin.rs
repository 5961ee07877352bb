//! Where the next document of a stream begins, and whether it is YAML or JSON.

use std::io;
use std::io::Read;

use super::super::ends::{begins_in_json, begins_in_yaml, blank_lines};
use super::super::list::begins_list;
use super::super::list::goes_on_in_list;
use super::super::list::wrapping;
use super::super::read::LIMIT;
use super::super::read::is_json;
use super::{MARK, Splitter, USELESS};

impl<R: Read> Splitter<R> {
    /// Goes to where a document begins; says whether it is JSON, or that there is none, or none
    /// in sight.
    pub(super) fn begin(&mut self) -> io::Result<Option<bool>> {
        loop {
            if self.useless > USELESS {
                return Ok(None);
            }
            let (json, is_wrapped) = (self.json, self.wrapped);
            let between = |byte: &u8| match json {
                Some(false) => false,
                // Lists of reports are read like reports one after the other.
                Some(true) if is_wrapped && *byte == b'}' => true,
                Some(true) => byte.is_ascii_whitespace() || b"[],".contains(byte),
                None => byte.is_ascii_whitespace() || *byte == b'[',
            };
            let rest = self.rest();
            let blank = rest.iter().take_while(|byte| between(byte)).count();
            let behind = rest.get(blank..).unwrap_or_default();
            let passed = rest.get(..blank).unwrap_or_default();
            let brackets = passed.contains(&b'[');
            // What editors and shells of other systems put before a text.
            let lines = blank_lines(behind);
            let begin = behind.get(lines..).unwrap_or_default();
            if begin.starts_with(MARK) {
                self.brackets |= brackets;
                if self.pass(blank) {
                    return Ok(Some(true));
                }
                self.advance(self.start + lines + MARK.len());
                continue;
            }
            if !self.ended && !begin.is_empty() && MARK.starts_with(begin) {
                self.fill()?;
                continue;
            }
            // A mark between two values, which YAML would need.
            if json == Some(true)
                && !behind.is_empty()
                && b"---".starts_with(behind.get(..3).unwrap_or(behind))
            {
                if behind.len() < 3 && !self.ended {
                    self.fill()?;
                    continue;
                }
                if behind.len() >= 3 {
                    if self.pass(blank) {
                        return Ok(Some(true));
                    }
                    self.advance(self.start + 3);
                    continue;
                }
            }
            if let Some(known) = json
                && let Some(other) = self.other(known, blank)
            {
                if other {
                    if self.pass(blank) {
                        return Ok(Some(true));
                    }
                    self.json = Some(!known);
                } else {
                    self.fill()?;
                }
                continue;
            }
            let rest = self.rest();
            let behind = rest.get(blank..).unwrap_or_default();
            if let Some(first) = behind.first() {
                let known = match (json, first) {
                    (Some(json), _) => Some(json),
                    (None, b'{') if is_json(behind) => {
                        // What comes next tells it from a map of YAML in braces.
                        let is_told = self.ended || behind.trim_ascii_end().len() > 1;
                        (is_told || rest.len() > LIMIT).then_some(true)
                    }
                    (None, b'{') => Some(false),
                    (None, _) if !brackets || rest.len() > LIMIT => Some(false),
                    (None, _) => goes_on_in_list(behind, self.ended),
                };
                let Some(json) = known else {
                    self.fill()?;
                    continue;
                };
                self.json = Some(json);
                // What stands before YAML belongs to it: a list, an indentation.
                if !json || self.pass(blank) {
                    return Ok(Some(json));
                }
                // The end of the first item, with nothing in it.
                if self.rest().starts_with(b"]") {
                    continue;
                }
                let wrapping = match self.place.is_open() {
                    true => Some(0),
                    false => wrapping(self.rest(), self.ended),
                };
                match wrapping {
                    Some(0) => return Ok(Some(true)),
                    Some(length) => {
                        self.wrapped = true;
                        self.advance(self.start + length);
                    }
                    None => self.fill()?,
                }
                continue;
            }
            if self.ended {
                self.brackets |= brackets;
                if json == Some(true) && (self.pass(blank) || self.place.ends_open()) {
                    self.hollow = self.hollow.or(Some(b"["));
                    return Ok(Some(true));
                }
                return Ok(None);
            }
            let is_long = rest.len() > LIMIT;
            self.brackets |= brackets && is_long;
            if is_long || json == Some(true) {
                self.useless += blank as u64;
                if self.pass(blank) {
                    return Ok(Some(true));
                }
            }
            self.fill()?;
        }
    }

    /// Whether something else begins behind so much space: JSON in YAML or YAML in JSON; false
    /// where more must be read to know. None if all goes on as it is.
    fn other(&self, json: bool, blank: usize) -> Option<bool> {
        let rest = self.rest();
        let behind = rest.get(blank..).unwrap_or_default();
        let begins = match json {
            true => begins_in_yaml(behind, self.ended),
            false => {
                let behind = behind.get(blank_lines(behind)..).unwrap_or_default();
                match begins_list(behind, self.ended) {
                    Some(false) => begins_in_json(behind, self.ended),
                    known => known,
                }
            }
        };
        match begins {
            Some(true) => Some(true),
            Some(false) => None,
            // Nothing at all is no beginning.
            None => (!behind.is_empty()).then_some(false),
        }
    }
}
