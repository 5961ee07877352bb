//! What many hosts have in common, once: where they stand, lists of checks, keys of findings,
//! software and what it lacks. A host of a kind of its own then takes what is its own alone,
//! and not again what it shares with hosts of other kinds.

use std::collections::HashSet;
use std::sync::Arc;

use super::digest::{Key, Place, Software};
use super::room::{A_LIST, A_PLACE, A_SOFTWARE, A_TEXT};

/// A list of checks by their names.
pub(super) type Checks = Arc<[Arc<str>]>;
/// Software in its order.
pub(super) type Suite = Arc<[Arc<Software>]>;

/// The one copy of each.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    places: HashSet<Arc<Place>>,
    texts: HashSet<Arc<str>>,
    checks: HashSet<Checks>,
    keys: HashSet<Arc<[Key]>>,
    software: HashSet<Arc<Software>>,
    suites: HashSet<Suite>,
    held: usize,
}

impl Parts {
    /// About what they take, in bytes.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// The one copy of a text.
    pub(super) fn text(&mut self, text: &Arc<str>) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        self.held += of_text(text);
        self.texts.insert(Arc::clone(text));
        Arc::clone(text)
    }

    /// What a text would take.
    pub(super) fn weight_of_text(&self, text: &str) -> usize {
        match self.texts.contains(text) {
            true => 0,
            false => of_text(text),
        }
    }

    /// The one copy of a list of checks.
    pub(super) fn checks(&mut self, checks: &[Arc<str>]) -> Checks {
        if let Some(known) = self.checks.get(checks) {
            return Arc::clone(known);
        }
        self.held += of_list(checks);
        let new: Checks = checks.iter().map(|check| self.text(check)).collect();
        self.checks.insert(Arc::clone(&new));
        new
    }

    /// What a list of checks would take.
    pub(super) fn weight_of_checks(&self, checks: &[Arc<str>]) -> usize {
        if self.checks.contains(checks) {
            return 0;
        }
        let texts = checks.iter().map(|check| self.weight_of_text(check));
        of_list(checks) + texts.sum::<usize>()
    }

    /// The one copy of keys of findings.
    pub(super) fn keys(&mut self, keys: &[Key]) -> Arc<[Key]> {
        if let Some(known) = self.keys.get(keys) {
            return Arc::clone(known);
        }
        self.same_keys(keys.into())
    }

    /// The same, which are these if there are none.
    pub(super) fn same_keys(&mut self, keys: Arc<[Key]>) -> Arc<[Key]> {
        if let Some(known) = self.keys.get(&keys) {
            return Arc::clone(known);
        }
        self.held += of_list(&keys);
        self.keys.insert(Arc::clone(&keys));
        keys
    }

    /// What keys of findings would take.
    pub(super) fn weight_of_keys(&self, keys: &[Key]) -> usize {
        match self.keys.contains(keys) {
            true => 0,
            false => of_list(keys),
        }
    }

    /// The one copy of software that was asked for.
    pub(super) fn suite(&mut self, suite: &[Arc<Software>]) -> Suite {
        if let Some(known) = self.suites.get(suite) {
            return Arc::clone(known);
        }
        self.held += of_list(suite);
        let new: Suite = suite.iter().map(|one| self.software(one)).collect();
        self.suites.insert(Arc::clone(&new));
        new
    }

    /// What software would take.
    pub(super) fn weight_of_suite(&self, suite: &[Arc<Software>]) -> usize {
        if self.suites.contains(suite) {
            return 0;
        }
        let new = suite.iter().filter(|one| !self.software.contains(*one));
        let new = new.map(|one| {
            let texts = one.texts().map(|text| self.weight_of_text(text));
            of_software(one) + texts.sum::<usize>()
        });
        of_list(suite) + new.sum::<usize>()
    }

    fn software(&mut self, one: &Arc<Software>) -> Arc<Software> {
        if let Some(known) = self.software.get(one) {
            return Arc::clone(known);
        }
        self.held += of_software(one);
        let mut new = (**one).clone();
        for text in new.texts_mut() {
            *text = self.text(text);
        }
        let new = Arc::new(new);
        self.software.insert(Arc::clone(&new));
        new
    }

    /// The one copy of a place.
    pub(super) fn place(&mut self, place: &Place) -> Arc<Place> {
        if let Some(known) = self.places.get(place) {
            return Arc::clone(known);
        }
        self.same_place(Arc::new(place.clone()))
    }

    /// The same, which is this one if there is none.
    pub(super) fn same_place(&mut self, mut place: Arc<Place>) -> Arc<Place> {
        if let Some(known) = self.places.get(&place) {
            return Arc::clone(known);
        }
        self.held += of_place(&place);
        for text in Arc::make_mut(&mut place).common() {
            *text = self.text(text);
        }
        self.places.insert(Arc::clone(&place));
        place
    }

    /// What a place would take.
    pub(super) fn weight_of_place(&self, place: &Place) -> usize {
        if self.places.contains(place) {
            return 0;
        }
        let mut texts = place.clone();
        let texts = texts.common().map(|text| self.weight_of_text(text));
        of_place(place) + texts.sum::<usize>()
    }
}

fn of_text(text: &str) -> usize {
    A_TEXT + text.len()
}

fn of_list<T>(list: &[T]) -> usize {
    A_LIST + size_of_val(list)
}

/// What a place takes; a release is often one of its own.
fn of_place(place: &Place) -> usize {
    A_PLACE + place.release.as_deref().map_or(0, of_text)
}

fn of_software(one: &Software) -> usize {
    A_SOFTWARE + one.texts().count() * size_of::<Arc<str>>()
}
