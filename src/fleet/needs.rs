//! What software needs and no check speaks of, by one name. A need is known by its permanent
//! name where the catalogue of a report has one, and else by its words; a report that has words
//! alone means the need of another report that has the same words beside the name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::summary::Summary;
use super::words::Words;

/// The area of findings that stand for needs.
pub(super) const AREA: &str = "profile";
/// Stands in their titles between the software and the need.
const NEEDS: &str = " needs: ";

/// The name of a need, by its permanent name or by its words.
pub(super) fn name(profile: &str, need: &str) -> String {
    format!("{profile}: {need}")
}

/// The title of a need.
pub(super) fn title(software: &str, need: &str) -> String {
    format!("{software}{NEEDS}{need}")
}

/// The name that a need would have by its words; none of a check.
pub(super) fn by_words(check: &str, words: &Words) -> Option<String> {
    let (profile, _) = check.split_once(": ").filter(|_| words.area == AREA)?;
    let (_, need) = words.title.split_once(NEEDS)?;
    Some(name(profile, need))
}

impl Summary {
    /// Has the needs that some reports name, and others tell in the same words alone, be the
    /// same, here and in the summary of an earlier time.
    pub fn join_needs(&mut self, before: Option<&mut Self>) {
        let mut names = BTreeMap::new();
        self.named_needs(&mut names);
        if let Some(before) = &before {
            before.named_needs(&mut names);
        }
        // Words that two needs have tell neither.
        let names = names.into_iter();
        let names = names.filter_map(|(words, name)| Some((words, name?)));
        let names: BTreeMap<String, Arc<str>> = names.collect();
        if names.is_empty() {
            return;
        }
        self.name_needs(&names);
        if let Some(before) = before {
            before.name_needs(&names);
        }
    }

    /// Adds which words stand for which name.
    fn named_needs(&self, names: &mut BTreeMap<String, Option<Arc<str>>>) {
        for known in self.findings.values() {
            let words = self.words.get(known.key);
            let Some(words) = words.and_then(|words| by_words(&known.check, words)) else {
                continue;
            };
            if *words == *known.check {
                continue;
            }
            let name = names
                .entry(words)
                .or_insert_with(|| Some(Arc::clone(&known.check)));
            if name.as_ref().is_some_and(|name| *name != known.check) {
                *name = None;
            }
        }
    }

    /// Gives needs that are known by their words the names they have.
    fn name_needs(&mut self, names: &BTreeMap<String, Arc<str>>) {
        for known in self.findings.values_mut() {
            if let Some(name) = names.get(&*known.check) {
                known.check = Arc::clone(name);
            }
        }
        for place in 0..self.shapes.len() {
            let Some(shape) = self.shapes.get(place) else {
                continue;
            };
            let is_named = |text: &Arc<str>| names.contains_key(&**text);
            if !shape.software.iter().any(|one| one.texts().any(is_named)) {
                continue;
            }
            let mut suite = shape.software.to_vec();
            for one in &mut suite {
                Arc::make_mut(one).rename(names);
            }
            let suite = self.parts.suite(&suite);
            if let Some(shape) = self.shapes.get_mut(place) {
                Arc::make_mut(shape).software = suite;
            }
        }
    }
}

impl super::digest::Software {
    /// Has what it lacks by these names, once each.
    fn rename(&mut self, names: &BTreeMap<String, Arc<str>>) {
        for list in [&mut self.missing, &mut self.optional, &mut self.open] {
            for lack in list.iter_mut() {
                if let Some(name) = names.get(&**lack) {
                    *lack = Arc::clone(name);
                }
            }
            list.sort();
            list.dedup();
        }
    }
}
