//! What fixes bring about, held against what has failed and what is needed.

use std::collections::BTreeMap;

use super::check::Check;
use super::condition::{Condition, FactTest, Test, Wanted};
use super::fix::{Fix, Remedy};
use super::lint::Level;
use super::possible::{NO, UNKNOWN, YES};
use super::rules::{Scene, failing};

/// What a fix brings about, as conditions.
struct Brings {
    /// What is so right after it.
    after: Condition,
    /// What is so where it is not needed.
    there: Condition,
}

/// What a fix brings about, where conditions can ask for it: options, sysctls, a kernel.
fn brings(fix: &Fix) -> Option<Brings> {
    let all = |settings: &BTreeMap<String, String>, area: &str| {
        let each = settings.iter().map(|(name, value)| {
            let wanted = match (area, value.as_str(), value.parse()) {
                // An option that is off is not there, in most configurations.
                ("config", "n", _) => Wanted::Text("unset".to_owned()),
                (_, _, Ok(number)) => Wanted::Number(number),
                (_, text, _) => Wanted::Text(text.to_owned()),
            };
            let key = format!("{area}.{name}");
            let test = Test::Is(vec![wanted]);
            Condition::Fact(FactTest { key, test })
        });
        Condition::All(each.collect())
    };
    let same = |condition: Condition| Brings {
        after: condition.clone(),
        there: condition,
    };
    match &fix.remedy {
        Remedy::KernelConfig(settings) => Some(same(all(settings, "config"))),
        Remedy::Sysctl(settings) => Some(same(all(settings, "sysctl"))),
        Remedy::Steps(_, steps) => {
            let kernel = steps.kernel?;
            let range = |text: String| text.parse().ok().map(Condition::Kernel);
            Some(Brings {
                after: range(format!("={kernel}"))?,
                there: range(format!(">={kernel}"))?,
            })
        }
        _ => None,
    }
}

/// A fix with which the check fails as it did, or which sets what is so already.
pub(super) fn fixes_that_mend_nothing(check: &Check, scene: &Scene) -> Vec<(Level, String)> {
    let failing = failing(check);
    let Some(fails) = check.fails.as_ref().filter(|_| !scene.never(&failing)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (index, cause) in check.causes.iter().enumerate() {
        let reached = cause.when.iter().map(|when| (when, YES));
        let reached: Vec<_> = failing.iter().copied().chain(reached).collect();
        for (place, fix) in cause.fixes.iter().enumerate() {
            let Some(brings) = brings(fix) else { continue };
            let usable = fix.when.iter().map(|when| (when, YES));
            let usable: Vec<_> = reached.iter().copied().chain(usable).collect();
            // What is never reached is told by other rules.
            if scene.never(&usable) {
                continue;
            }
            let so_already: Vec<_> = usable
                .into_iter()
                .chain([(&brings.there, NO | UNKNOWN)])
                .collect();
            let applies = check.applies.iter().map(|applies| (applies, YES));
            let after: Vec<_> = applies.chain([(&brings.after, YES)]).collect();
            // Where the check does not apply any more it does not fail; one that fails for another
            // cause is a step further.
            let ends = [(fails, NO)].into_iter();
            let ends = ends.chain(cause.when.iter().map(|when| (when, NO | UNKNOWN)));
            let mut ended = ends.map(|end| after.iter().copied().chain([end]).collect::<Vec<_>>());
            let what = if !scene.never(&after) && ended.all(|ended| scene.never(&ended)) {
                "the check fails with it as it does without"
            } else if scene.never(&so_already) {
                "what it brings about is so already where it is offered"
            } else {
                continue;
            };
            let message = format!("cause {}, fix {}: {what}", index + 1, place + 1);
            found.push((Level::Error, message));
        }
    }
    found
}

/// A fix with which a need is not met.
pub(super) fn misses(
    fix: &Fix,
    need: &str,
    condition: &Condition,
    scene: &Scene,
) -> Option<(Level, String)> {
    let brings = brings(fix)?;
    let is_missed =
        !scene.never(&[(condition, YES)]) && scene.never(&[(&brings.after, YES), (condition, YES)]);
    is_missed.then(|| {
        let message = format!("`{need}` is not met with its fix `{}`", fix.summary);
        (Level::Error, message)
    })
}
