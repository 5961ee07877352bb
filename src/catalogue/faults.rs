//! What is wrong with entries in the light of the others: names that nothing has, circles,
//! and parts that can't stand together.

use std::collections::{BTreeMap, BTreeSet};

use super::check::{Cause, Check};
use super::load::Catalogue;
use super::profile::EVERY_PROFILE;
use super::profile::Profile;
use super::vocabulary::{nearest, unknown_word};

/// What entries may refer to, by names, so that a long file is looked through once.
pub(super) struct Known<'a> {
    areas: BTreeSet<&'a str>,
    checks: BTreeMap<&'a str, &'a Check>,
    /// Checks that require each other, each with the next.
    circle: BTreeMap<&'a str, &'a str>,
}

impl<'a> Known<'a> {
    pub(super) fn of(catalogue: &'a Catalogue) -> Self {
        let checks = catalogue.checks.iter();
        let checks = checks.map(|check| (check.id.as_str(), check)).collect();
        Self {
            areas: catalogue.areas.iter().map(|one| one.id.as_str()).collect(),
            circle: circle(&checks),
            checks,
        }
    }

    pub(super) fn check(&self, id: &str) -> Option<&'a Check> {
        self.checks.get(id).copied()
    }

    /// Whether it is one of those that require each other in a circle.
    pub(super) fn is_in_circle(&self, id: &str) -> bool {
        self.circle.contains_key(id)
    }

    /// The first need of a profile that can't be right.
    pub(super) fn misfit(&self, profile: &Profile) -> Option<String> {
        if profile.id == EVERY_PROFILE {
            return Some(format!(
                "`{EVERY_PROFILE}` means every profile; name this one otherwise"
            ));
        }
        if profile.requires.is_empty() {
            return Some(format!("`{}` requires nothing", profile.id));
        }
        profile.checks().find_map(|(id, _)| match self.check(id) {
            None => Some(self.unknown_check(id)),
            Some(check) if check.fails.is_none() => Some(format!(
                "`{}` needs `{id}`, which has no `fails` and is never judged",
                profile.id
            )),
            Some(_) => None,
        })
    }

    fn unknown_check(&self, id: &str) -> String {
        unknown_word("check", id, nearest(id, self.checks.keys().copied()))
    }

    /// Why a check can't be a kind of this one.
    fn no_kind(&self, check: &Check, of: &str) -> Option<String> {
        match self.check(of) {
            None => Some(self.unknown_check(of)),
            Some(broader) if broader.kind_of.is_some() || of == check.id => Some(format!(
                "`{}` is a kind of `{of}`, which is a kind of another itself; name that",
                check.id
            )),
            Some(_) => None,
        }
    }

    /// The first reference or cause of a check that can't be right.
    pub(super) fn fault(&self, check: &Check) -> Option<String> {
        if !self.areas.contains(check.area.as_str()) {
            let hint = nearest(&check.area, self.areas.iter().copied());
            return Some(unknown_word("area", &check.area, hint));
        }
        for id in &check.requires {
            match self.check(id) {
                None => return Some(self.unknown_check(id)),
                Some(required) if required.fails.is_none() => {
                    return Some(format!(
                        "`{}` requires `{id}`, which has no `fails` and is never judged",
                        check.id
                    ));
                }
                Some(_) => {}
            }
        }
        if let Some(fault) = check
            .kind_of
            .as_deref()
            .and_then(|id| self.no_kind(check, id))
        {
            return Some(fault);
        }
        if let Some(next) = self.circle.get(check.id.as_str()) {
            return Some(format!("`{}` and `{next}` require each other", check.id));
        }
        if let Some(message) = misplaced(check).or_else(|| unnamed_cause(check)) {
            return Some(message);
        }
        let is_nameless = |cause: &Cause| cause.about.is_some() && cause.id.is_none();
        if check.causes.iter().any(is_nameless) {
            return Some(format!(
                "a cause of `{}` has `about` and no `id`, by which symptoms point to it",
                check.id
            ));
        }
        match check.own_causes().split_last() {
            None => Some(format!("`{}` names no cause", check.id)),
            Some((last, _)) if last.when.is_some() => Some(format!(
                "the last cause of `{}` has a `when`; end with one that remains when no other \
                 matches",
                check.id
            )),
            // Without `fails` several may remain, told in their order: nothing on the host decides.
            Some((_, before))
                if check.fails.is_some() && before.iter().any(|cause| cause.when.is_none()) =>
            {
                Some(format!(
                    "a cause of `{}` without `when` stands before others, which are never reached",
                    check.id
                ))
            }
            Some(_) => None,
        }
    }
}

/// Checks that require each other in a circle, each with the next; empty where there is none.
fn circle<'a>(checks: &BTreeMap<&'a str, &'a Check>) -> BTreeMap<&'a str, &'a str> {
    let needs = |id: &str| {
        let check = checks.get(id);
        let needs = check.into_iter().flat_map(|check| &check.requires);
        needs.map(String::as_str)
    };
    // Whoever needs only what is settled is settled, too.
    let mut open: BTreeMap<&str, usize> = BTreeMap::new();
    let mut needed_by: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for &id in checks.keys() {
        let known = needs(id).filter(|need| checks.contains_key(need));
        let known: BTreeSet<&str> = known.collect();
        open.insert(id, known.len());
        for need in known {
            needed_by.entry(need).or_default().push(id);
        }
    }
    let free = open.iter().filter(|(_, count)| **count == 0);
    let mut settled: Vec<&str> = free.map(|(id, _)| *id).collect();
    while let Some(id) = settled.pop() {
        open.remove(id);
        for other in needed_by.get(id).into_iter().flatten() {
            if let Some(count) = open.get_mut(other) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    settled.push(other);
                }
            }
        }
    }
    // Each of the others needs one of the others: following them comes round.
    let next = |id: &str| {
        let need = needs(id).find(|need| open.contains_key(need))?;
        checks.get_key_value(need).map(|(need, _)| *need)
    };
    let mut circle = BTreeMap::new();
    let mut place = open.keys().next().copied();
    // Once to be on the circle, and once around it.
    for _ in 0..open.len() {
        place = place.and_then(next);
    }
    while let Some(id) = place {
        place = next(id);
        if let Some(next) = place
            && circle.insert(id, next).is_some()
        {
            break;
        }
    }
    circle
}

/// A symptom that points to a cause the check does not have, or a name that two have.
fn unnamed_cause(check: &Check) -> Option<String> {
    let id = &check.id;
    let mut names: Vec<&str> = Vec::new();
    for name in check.causes.iter().filter_map(|cause| cause.id.as_deref()) {
        if names.contains(&name) {
            return Some(format!("two causes of `{id}` have the id `{name}`"));
        }
        names.push(name);
    }
    let pointed = check.symptoms.iter().enumerate();
    let mut pointed = pointed.filter_map(|(place, one)| Some((place, one.cause.as_deref()?)));
    let (place, wrong) = pointed.find(|(_, name)| !names.contains(name))?;
    let hint = unknown_word("cause", wrong, nearest(wrong, names.iter().copied()));
    Some(format!("`{id}`: symptom {}: {hint}", place + 1))
}

/// What only a check that is judged on hosts has, on one that is not, or the other way round.
fn misplaced(check: &Check) -> Option<String> {
    let id = &check.id;
    if check.fails.is_some() {
        return check.ok.is_none().then(|| {
            format!("`{id}` has `fails` and lacks `ok`, what is so when it does not fail")
        });
    }
    let key = [
        ("ok", check.ok.is_some()),
        ("beside", !check.beside.is_empty()),
        ("applies", check.applies.is_some()),
    ];
    let (key, _) = key.into_iter().find(|(_, there)| *there)?;
    Some(format!(
        "`{id}` has `{key}` and lacks `fails`; without `fails` no host is judged by it"
    ))
}
