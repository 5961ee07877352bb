//! What turned on hosts of which nothing is known to be another but the doctor's catalogue.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::digest::Place;
use super::judge::Class;
use crate::diagnosis::Status;

/// What turned, by the catalogue that judges now, on all hosts that stood alike then and stand
/// where they stood. Whether they changed, or the check asks for something else, is not known; where
/// it stayed on one of them, another catalogue is no reason.
#[derive(Default)]
pub(super) struct Ruled<'a>(BTreeMap<&'a str, BTreeSet<&'a str>>);

impl<'a> Ruled<'a> {
    /// That of hosts which had one shape then, and have these now.
    pub(super) fn of(old: &Class<'a>, all: &[&Class<'a>]) -> Self {
        let mut turned: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let judged = || {
            let all = all.iter().filter(|new| by_catalogue_alone(old, new));
            all.filter_map(|new| Some((catalogue(new)?, *new)))
        };
        for (catalogue, new) in judged() {
            let of = turned.entry(catalogue).or_default();
            let known = old.findings.iter().chain(new.findings.iter());
            let known = known.map(|known| &*known.check);
            of.extend(known.filter(|check| standing(old, check) != standing(new, check)));
        }
        for (catalogue, new) in judged() {
            if let Some(of) = turned.get_mut(catalogue) {
                of.retain(|check| standing(old, check) != standing(new, check));
            }
        }
        Self(turned)
    }

    /// Whether this check is one of those on these hosts.
    pub(super) fn has(&self, old: &Class<'_>, new: &Class<'_>, check: &str) -> bool {
        let of = catalogue(new).and_then(|catalogue| self.0.get(catalogue));
        of.is_some_and(|of| of.contains(check)) && by_catalogue_alone(old, new)
    }
}

/// Whether another catalogue judged these hosts then, as far as both are known.
pub(super) fn by_another_catalogue(old: &Class<'_>, new: &Class<'_>) -> bool {
    let both = catalogue(old).zip(catalogue(new));
    both.is_some_and(|(then, now)| then != now)
}

/// The same, of hosts that stand where they stood.
fn by_catalogue_alone(old: &Class<'_>, new: &Class<'_>) -> bool {
    let (then, now) = (&*old.shape.place, &*new.shape.place);
    let for_the_same_doctor = || Place {
        tool: then.tool.clone(),
        catalogue: then.catalogue.clone(),
        ..now.clone()
    };
    by_another_catalogue(old, new) && *then == for_the_same_doctor()
}

fn catalogue<'a>(class: &Class<'a>) -> Option<&'a str> {
    class.shape.place.catalogue.as_deref()
}

/// How a check stands; nothing where nobody looked, and where a need of software is met.
fn standing(class: &Class<'_>, check: &str) -> Option<Status> {
    let is_in = |list: &[Arc<str>]| list.binary_search_by(|one| (**one).cmp(check)).is_ok();
    let mut findings = class.findings.iter();
    match findings.find(|known| *known.check == *check) {
        Some(known) => Some(known.status),
        None if is_in(&class.shape.ok) => Some(Status::Ok),
        None if is_in(&class.shape.moot) => Some(Status::NotApplicable),
        None => None,
    }
}
