//! Conditions in GRUB's script.

use super::follow::{Run, Scope};

/// What `[` and `test` have behind them (grub-core/commands/test.c).
pub(super) struct Test<'a> {
    scope: &'a Scope,
    words: &'a [&'a str],
}

/// Brackets in brackets that are looked into.
const DEEPEST: usize = 16;

impl<'a> Test<'a> {
    pub(super) fn new(scope: &'a Scope, words: &'a [&'a str]) -> Self {
        Self { scope, words }
    }

    /// Whether all of it holds; open where it makes no sense.
    pub(super) fn whole(mut self) -> Run {
        let told = self.either(0);
        let is_whole = self.words.is_empty();
        told.filter(|_| is_whole).unwrap_or(Run::Maybe)
    }

    fn take(&mut self) -> Option<&str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    fn is_next(&mut self, word: &str) -> bool {
        let is_it = self.words.first() == Some(&word);
        if is_it {
            self.words = self.words.get(1..).unwrap_or_default();
        }
        is_it
    }

    fn either(&mut self, depth: usize) -> Option<Run> {
        let mut told = self.both(depth)?;
        while self.is_next("-o") {
            told = self.both(depth)?.max(told);
        }
        Some(told)
    }

    fn both(&mut self, depth: usize) -> Option<Run> {
        let mut told = self.one(depth)?;
        while self.is_next("-a") {
            told = self.one(depth)?.min(told);
        }
        Some(told)
    }

    fn one(&mut self, depth: usize) -> Option<Run> {
        if depth > DEEPEST {
            return None;
        }
        // A binary operator outranks what stands before it.
        if let [left, operator, right, ..] = self.words
            && let Some(told) = self.compared(left, operator, right)
        {
            self.words = self.words.get(3..).unwrap_or_default();
            return Some(told);
        }
        if self.is_next("!") {
            return self.one(depth + 1).map(Run::not);
        }
        if self.is_next("(") {
            let told = self.either(depth + 1)?;
            return self.is_next(")").then_some(told);
        }
        let first = self.take()?.to_owned();
        match first.as_str() {
            "-n" | "-z" => {
                let text = self.take()?.to_owned();
                let is_empty = match self.scope.expanded(&text) {
                    Ok(text) => Run::of(text.is_empty()),
                    Err(_) => Run::Maybe,
                };
                Some(if first == "-z" {
                    is_empty
                } else {
                    is_empty.not()
                })
            }
            "-s" | "-f" | "-e" => {
                let path = self.take()?.to_owned();
                Some(self.scope.has_file(&path))
            }
            option if option.len() == 2 && option.starts_with('-') => {
                self.take()?;
                Some(Run::Maybe)
            }
            text => Some(match self.scope.expanded(text) {
                Ok(text) => Run::of(!text.is_empty()),
                Err(_) => Run::Maybe,
            }),
        }
    }

    fn compared(&self, left: &str, operator: &str, right: &str) -> Option<Run> {
        type Numbers = fn(&i64, &i64) -> bool;
        let of_numbers: Option<Numbers> = match operator {
            "-eq" => Some(i64::eq),
            "-ne" => Some(i64::ne),
            "-lt" => Some(i64::lt),
            "-le" => Some(i64::le),
            "-gt" => Some(i64::gt),
            "-ge" => Some(i64::ge),
            "=" | "==" | "!=" => None,
            "<" | "<=" | ">" | ">=" | "-pgt" | "-plt" | "-nt" | "-ot" => return Some(Run::Maybe),
            _ => return None,
        };
        let (Ok(left), Ok(right)) = (self.scope.expanded(left), self.scope.expanded(right)) else {
            return Some(Run::Maybe);
        };
        let Some(holds) = of_numbers else {
            return Some(Run::of((left == right) == (operator != "!=")));
        };
        let number = |text: &str| text.trim().parse::<i64>().ok();
        Some(match (number(&left), number(&right)) {
            (Some(left), Some(right)) => Run::of(holds(&left, &right)),
            _ => Run::Maybe,
        })
    }
}
