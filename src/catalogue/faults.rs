//! What is wrong with entries in the light of the others: names that nothing has, circles,
//! and parts that can't stand together.

use std::collections::BTreeSet;

use super::check::Check;
use super::load::{Catalogue, EVERY_PROFILE};
use super::profile::Profile;
use super::vocabulary::{nearest, unknown_word};

impl Catalogue {
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
            None => {
                let ids = self.checks.iter().map(|check| check.id.as_str());
                Some(unknown_word("check", id, nearest(id, ids)))
            }
            Some(check) if check.fails.is_none() => Some(format!(
                "`{}` needs `{id}`, which has no `fails` and is never judged",
                profile.id
            )),
            Some(_) => None,
        })
    }

    /// The first reference or cause of a check that can't be right.
    pub(super) fn fault(&self, check: &Check) -> Option<String> {
        let ids = || self.checks.iter().map(|check| check.id.as_str());
        if !self.areas.iter().any(|area| area.id == check.area) {
            let areas = self.areas.iter().map(|area| area.id.as_str());
            let hint = nearest(&check.area, areas);
            return Some(unknown_word("area", &check.area, hint));
        }
        for id in &check.requires {
            match self.check(id) {
                None => return Some(unknown_word("check", id, nearest(id, ids()))),
                Some(required) if required.fails.is_none() => {
                    return Some(format!(
                        "`{}` requires `{id}`, which has no `fails` and is never judged",
                        check.id
                    ));
                }
                Some(_) => {}
            }
            if self.leads_to(id, &check.id) {
                return Some(format!("`{}` and `{id}` require each other", check.id));
            }
        }
        if let Some(message) = misplaced(check) {
            return Some(message);
        }
        match check.causes.split_last() {
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

    /// Whether following `requires` from `from` reaches `to`.
    fn leads_to(&self, from: &str, to: &str) -> bool {
        let mut seen = BTreeSet::from([from]);
        let mut open = vec![from];
        while let Some(id) = open.pop() {
            if id == to {
                return true;
            }
            let requires = self.check(id).map(|check| check.requires.iter());
            let next = requires.into_iter().flatten().map(String::as_str);
            open.extend(next.filter(|id| seen.insert(id)));
        }
        false
    }
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
        ("applies", check.applies.is_some()),
        ("requires", !check.requires.is_empty()),
    ];
    let (key, _) = key.into_iter().find(|(_, there)| *there)?;
    Some(format!(
        "`{id}` has `{key}` and lacks `fails`; without `fails` no host is judged by it"
    ))
}
