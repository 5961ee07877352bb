//! Causes and fixes of a failure that is known by another way than a finding: from what a
//! program printed, say.

use serde::Serialize;

use super::evaluate::World;
use super::finding::RenderedFix;
use super::fixes;
use super::systems::systems;
use super::tri::Tri;
use crate::catalogue::{About, Catalogue, Cause, Check, Condition, Fix, Kind, Remedy, StepsKind};
use crate::facts::Facts;
use crate::probes::ProbeResult;
use crate::version::VersionRange;

/// A cause that may be behind a failure, and what tells whether it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Possible {
    /// The cause in a sentence or two.
    pub because: String,
    /// What is the case where it is this one, in words; nothing where the catalogue has no
    /// condition for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
}

/// What is behind a failure and what cures it, as far as facts tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// The cause in a sentence or two; empty where several are possible.
    pub because: String,
    /// The causes that are possible, where nothing tells which one it is.
    pub possible: Vec<Possible>,
    /// What cures it, the cheapest first.
    pub fixes: Vec<RenderedFix>,
}

/// What is behind a failure that is there, whatever its check finds: the cause that what a
/// program printed points to, unless the host rules it out or shows another one; else its first
/// cause whose condition holds, or the one that remains when the others are ruled out. Where
/// several stay open and nothing points to one, all of them are possible. Fixes of causes that
/// stay open are offered after those of the cause told, unless that was pointed to.
#[must_use]
pub fn advise(
    catalogue: &Catalogue,
    facts: &Facts,
    probes: &[ProbeResult],
    check: &Check,
    pointed: Option<&str>,
) -> Advice {
    let world = World::new(catalogue, facts, probes);
    let judged = check.causes.iter().map(|cause| {
        let tri = cause.when.as_ref().map(|when| world.answer(when).tri);
        (cause, tri)
    });
    let judged: Vec<_> = judged.collect();
    let first =
        |wanted: &dyn Fn(Option<Tri>) -> bool| judged.iter().position(|(_, tri)| wanted(*tri));
    let holds = first(&|tri| tri.is_none_or(|tri| tri == Tri::Yes));
    // The last cause of a host's failure is what remains when the others are ruled out; where
    // none is, the first one is more likely.
    let remains = check.kind == Kind::Host
        && holds.is_some_and(|index| judged.get(index).is_some_and(|(_, tri)| tri.is_none()));
    let shown = check.fails.is_some() && judged.iter().any(|(_, tri)| *tri == Some(Tri::Yes));
    let pointed = judged.iter().position(|(cause, tri)| {
        pointed.is_some() && cause.id.as_deref() == pointed && *tri != Some(Tri::No)
    });
    // What one process may not do is not what the host's settings show.
    let of_process = |index: &usize| {
        let cause = judged.get(*index).map(|(cause, _)| cause);
        cause.is_some_and(|cause| cause.about == Some(About::Process))
    };
    let pointed = pointed.filter(|index| !shown || of_process(index));
    let is_pointed = pointed.is_some();
    let open = |tri: Option<Tri>| tri != Some(Tri::No);
    let several = judged.iter().filter(|(_, tri)| open(*tri)).count() > 1;
    let is_held = judged.iter().any(|(_, tri)| *tri == Some(Tri::Yes));
    let chosen = match (pointed, remains) {
        (Some(pointed), _) => Some(pointed),
        (None, _) if several && !is_held => None,
        (None, true) => first(&open),
        (None, false) => holds,
    };
    let possible = judged
        .iter()
        .filter(|(_, tri)| chosen.is_none() && open(*tri));
    let possible = possible.map(|(cause, _)| Possible {
        because: cause.because.clone(),
        when: cause.when.as_ref().map(Condition::sentence),
    });
    let mut advice = Advice {
        because: String::new(),
        possible: possible.collect(),
        fixes: Vec::new(),
    };
    let verify = match check.fails {
        Some(_) => format!("{} --only {}", fixes::again(catalogue), check.id),
        None => "run the program again".to_owned(),
    };
    let mut order: Vec<usize> = chosen.into_iter().collect();
    order.extend((0..judged.len()).filter(|index| Some(*index) != chosen));
    for index in order {
        let Some((cause, tri)) = judged.get(index) else {
            continue;
        };
        let is_chosen = Some(index) == chosen;
        if is_chosen {
            advice.because = cause.because.clone();
        } else if is_pointed || *tri != Some(Tri::Unknown) && (chosen.is_some() || !open(*tri)) {
            continue;
        }
        for fix in &cause.fixes {
            let when = fix.when.as_ref().map(|when| world.answer(when).tri);
            if when.is_some_and(|tri| tri == Tri::No) || is_past(fix, &world) {
                continue;
            }
            for mut rendered in fixes::rendered([fix].into_iter(), catalogue, facts, &verify) {
                let when = fix.when.as_ref();
                rendered.only_on = when.and_then(|when| systems(when, &world));
                if !advice.fixes.contains(&rendered) {
                    advice.fixes.push(rendered);
                }
            }
        }
    }
    // One system's way is none for most hosts of which it is not known what they are.
    advice.fixes.sort_by_key(|fix| fix.only_on.is_some());
    advice
}

/// Whether a cause of a check, by its `id`, can't be the one of a failure on the host.
#[must_use]
pub fn rules_out(catalogue: &Catalogue, facts: &Facts, check: &Check, cause: &str) -> bool {
    let world = World::new(catalogue, facts, &[]);
    let mut causes = check.causes.iter();
    let named = causes.find(|one| one.id.as_deref() == Some(cause));
    let when = named.and_then(|cause| cause.when.as_ref());
    when.is_some_and(|when| world.answer(when).tri == Tri::No)
}

/// The first cause of a check, by its `id`, that holds on the host and asks for this option.
#[must_use]
pub fn for_want_of<'a>(
    catalogue: &Catalogue,
    facts: &Facts,
    check: &'a Check,
    option: &str,
) -> Option<&'a str> {
    let world = World::new(catalogue, facts, &[]);
    let holds = |cause: &&Cause| {
        let when = cause.when.as_ref();
        when.is_some_and(|when| {
            when.options().any(|one| one == option) && world.answer(when).tri == Tri::Yes
        })
    };
    check.causes.iter().find(holds)?.id.as_deref()
}

/// Whether a fix asks for a kernel that is not newer than the one that runs.
fn is_past(fix: &Fix, world: &World<'_>) -> bool {
    let Remedy::Steps(StepsKind::Upgrade, steps) = &fix.remedy else {
        return false;
    };
    let wanted = steps.kernel.map(|kernel| format!(">={kernel}"));
    let range = wanted.and_then(|wanted| wanted.parse::<VersionRange>().ok());
    range.is_some_and(|range| world.answer(&Condition::Kernel(range)).tri == Tri::Yes)
}

/// Whether a condition holds, by these facts alone, as far as they tell.
#[must_use]
pub fn is_failing(catalogue: &Catalogue, facts: &Facts, condition: &Condition) -> Option<bool> {
    match World::new(catalogue, facts, &[]).answer(condition).tri {
        Tri::Yes => Some(true),
        Tri::No => Some(false),
        Tri::Unknown => None,
    }
}

/// Whether the kernel behaves like a mainline version in this range, as far as is known.
#[must_use]
pub fn kernel_is(catalogue: &Catalogue, facts: &Facts, range: &VersionRange) -> Option<bool> {
    let world = World::new(catalogue, facts, &[]);
    match world.answer(&Condition::Kernel(range.clone())).tri {
        Tri::Yes => Some(true),
        Tri::No => Some(false),
        Tri::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Vocabulary;
    use crate::facts::Fact;

    const FILE: &str = "
areas: [{id: a, title: A}]
checks:
  - id: it-fails
    area: a
    kind: program
    severity: error
    title: It fails
    why: So.
    causes:
      - when: {fact: os.id, is: debian}
        because: On Debian.
        fixes: [{summary: Fix Debian, program: {needs: nothing}}]
      - when: {fact: cgroup.mode, is: legacy}
        because: On v1.
        fixes: [{summary: Fix v1, program: {needs: nothing}}]
      - because: It remains.
        fixes: [{summary: Fix the rest, program: {needs: nothing}}]
";

    #[test]
    fn the_cause_that_holds_comes_first_and_open_ones_after() {
        let catalogue = Catalogue::parse("test", FILE, Vocabulary::OPEN).unwrap();
        let check = &catalogue.checks[0];
        let advise = |facts: &Facts| {
            let advice = advise(&catalogue, facts, &[], check, None);
            let fixes = advice.fixes.into_iter().map(|fix| fix.summary);
            (advice.because, fixes.collect::<Vec<_>>())
        };
        let mut facts = Facts::default();
        let (because, fixes) = advise(&facts);
        assert_eq!(because, "");
        assert_eq!(fixes, ["Fix Debian", "Fix v1", "Fix the rest"]);
        facts.set("os.id", Fact::known("fedora", "x"));
        facts.set("cgroup.mode", Fact::known("legacy", "x"));
        let (because, fixes) = advise(&facts);
        assert_eq!(because, "On v1.");
        assert_eq!(fixes, ["Fix v1"]);
    }

    #[test]
    fn general_ways_come_before_those_of_one_system() {
        let fixes = "
          - {summary: In a shell, when: {fact: os.id, is: nixos}, package: {needs: nothing}}
          - {summary: Install it, when: {fact: os.id, is: [rhel, ol]}, package: {needs: privilege}}
          - {summary: Build it, program: {needs: nothing}}";
        let rest = " [{summary: Fix the rest, program: {needs: nothing}}]";
        let file = FILE.replace(rest, fixes);
        assert_ne!(file, FILE);
        let catalogue = Catalogue::parse("test", &file, Vocabulary::OPEN).unwrap();
        let advised = |os: Option<&str>| -> Vec<String> {
            let mut facts = Facts::default();
            if let Some(os) = os {
                facts.set("os.id", Fact::known(os, "x"));
                facts.set("cgroup.mode", Fact::known("unified", "x"));
            }
            let advice = advise(&catalogue, &facts, &[], &catalogue.checks[0], None);
            let fixes = advice
                .fixes
                .into_iter()
                .filter(|fix| fix.kind == "package" || fix.summary == "Build it");
            fixes
                .map(|fix| match fix.only_on {
                    Some(system) => format!("{system}: {}", fix.summary),
                    None => fix.summary,
                })
                .collect()
        };
        for (os, expected) in [
            (
                None,
                &[
                    "Build it",
                    "NixOS: In a shell",
                    "RHEL and Oracle Linux: Install it",
                ][..],
            ),
            (Some("rhel"), &["Install it", "Build it"]),
            (Some("arch"), &["Build it"]),
        ] {
            assert_eq!(advised(os), expected, "{os:?}");
        }
    }

    #[test]
    fn what_remains_of_a_host_is_not_said_before_the_rest_is_ruled_out() {
        let file = FILE.replace("kind: program", "kind: host");
        let catalogue = Catalogue::parse("test", &file, Vocabulary::OPEN).unwrap();
        let because =
            |facts: &Facts| advise(&catalogue, facts, &[], &catalogue.checks[0], None).because;
        let mut facts = Facts::default();
        assert_eq!(because(&facts), "");
        facts.set("os.id", Fact::known("fedora", "x"));
        assert_eq!(because(&facts), "");
        facts.set("cgroup.mode", Fact::known("unified", "x"));
        assert_eq!(because(&facts), "It remains.");
    }

    #[test]
    fn the_cause_a_line_points_to_is_told_unless_the_host_rules_it_out() {
        let file = FILE
            .replace(
                "- when: {fact: cgroup.mode",
                "- id: old\n        when: {fact: cgroup.mode",
            )
            .replace(
                "- because: It remains.",
                "- id: rest\n        because: It remains.",
            );
        let catalogue = Catalogue::parse("test", &file, Vocabulary::OPEN).unwrap();
        let because = |facts: &Facts, pointed| {
            advise(&catalogue, facts, &[], &catalogue.checks[0], Some(pointed)).because
        };
        let mut facts = Facts::default();
        assert_eq!(because(&facts, "old"), "On v1.");
        assert_eq!(because(&facts, "rest"), "It remains.");
        facts.set("cgroup.mode", Fact::known("unified", "x"));
        assert_eq!(because(&facts, "old"), "");
        facts.set("os.id", Fact::known("fedora", "x"));
        assert_eq!(because(&facts, "old"), "It remains.");
    }

    #[test]
    fn where_nothing_tells_which_cause_it_is_all_are_possible() {
        let catalogue = Catalogue::parse("test", FILE, Vocabulary::OPEN).unwrap();
        let possible = |facts: &Facts| -> Vec<(String, bool)> {
            let advice = advise(&catalogue, facts, &[], &catalogue.checks[0], None);
            let possible = advice.possible.into_iter();
            possible
                .map(|possible| (possible.because, possible.when.is_some()))
                .collect()
        };
        let mut facts = Facts::default();
        let all = ["On Debian.", "On v1.", "It remains."].map(str::to_owned);
        let [debian, v1, rest] = all;
        assert_eq!(
            possible(&facts),
            [(debian, true), (v1.clone(), true), (rest.clone(), false)]
        );
        facts.set("os.id", Fact::known("fedora", "x"));
        assert_eq!(possible(&facts), [(v1, true), (rest, false)]);
        facts.set("cgroup.mode", Fact::known("unified", "x"));
        assert_eq!(possible(&facts), []);
    }

    #[test]
    fn a_kernel_is_not_advised_to_one_that_has_it() {
        let fix = "{summary: Boot 5.8, upgrade: {kernel: \"5.8\", needs: reboot}}";
        let file = FILE.replace("{summary: Fix the rest, program: {needs: nothing}}", fix);
        let catalogue = Catalogue::parse("test", &file, Vocabulary::OPEN).unwrap();
        let mut facts = Facts::default();
        for (version, advised) in [("5.4.0", true), ("6.1.0", false)] {
            facts.set("kernel.version", Fact::known(version, "x"));
            let advice = advise(&catalogue, &facts, &[], &catalogue.checks[0], None);
            let found = advice.fixes.iter().any(|fix| fix.summary == "Boot 5.8");
            assert_eq!(found, advised, "{version}");
        }
    }

    #[test]
    fn a_kernel_that_is_not_known_is_in_no_range() {
        let catalogue = Catalogue::parse("test", FILE, Vocabulary::OPEN).unwrap();
        let range = "<5.11".parse::<VersionRange>().unwrap();
        let mut facts = Facts::default();
        assert_eq!(kernel_is(&catalogue, &facts, &range), None);
        facts.set("kernel.version", Fact::known("5.10.1", "x"));
        assert_eq!(kernel_is(&catalogue, &facts, &range), Some(true));
    }
}
