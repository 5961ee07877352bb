//! What a piece of software lacks on a host.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::at_rest::is_left_to_the_host;
use super::evaluate::World;
use super::finding::{Evidence, Finding, RenderedFix, Status};
use super::tri::Tri;
use super::{fixes, needs};
use crate::catalogue::{Catalogue, Condition, Fix, Need, Profile, Remedy};
use crate::facts::Facts;
use crate::probes::ProbeResult;

/// Something that is needed and not there, or not known to be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lack {
    /// The need's permanent name in its profile, where no check says so and the catalogue has one:
    /// its words may be others in another catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What is needed, or what fails, in a few words.
    pub need: String,
    /// The same as a lack, where `need` is a sentence that says how it should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lacking: Option<String>,
    /// The check that says so; its finding has evidence and fixes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    /// Why it is not there, or not known.
    pub because: String,
    /// What the software needs it for.
    #[serde(
        default,
        rename = "needed-for",
        skip_serializing_if = "Option::is_none"
    )]
    pub needed_for: Option<String>,
    /// What it rests on, where no check says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// What brings it about, where no check says so; where one does, what this software takes in
    /// its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixes: Vec<RenderedFix>,
}

impl Lack {
    /// What is not as it should be: never how it should be.
    #[must_use]
    pub fn told(&self) -> String {
        match (&self.lacking, &self.check) {
            (Some(lacking), _) => lacking.clone(),
            (None, Some(_)) => self.need.clone(),
            (None, None) => format!("lacks {}", self.need),
        }
    }
}

/// What a piece of software lacks on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileFinding {
    /// The profile's id.
    pub profile: String,
    /// The software's name.
    pub title: String,
    /// Required, and not there.
    pub missing_required: Vec<Lack>,
    /// Optional, and not there.
    pub missing_optional: Vec<Lack>,
    /// Required, and not known to be there.
    pub unknown: Vec<Lack>,
    /// Required, and told by the host alone that will run a kernel which runs nowhere.
    pub left_to_host: Vec<Lack>,
    /// Optional, and not known to be there.
    pub unknown_optional: Vec<Lack>,
}

/// Puts a profile to a host. `findings` are those of all checks of the catalogue; `facts` those for
/// a loader ([`Facts::for_a_loader`]), where the question is whether the host keeps anything from it.
#[must_use]
pub fn assess(
    profile: &Profile,
    catalogue: &Catalogue,
    findings: &[Finding],
    facts: &Facts,
    probes: &[ProbeResult],
) -> ProfileFinding {
    let mut desk = Desk {
        capabilities: Vec::new(),
        verify: format!("{} --profile {}", fixes::again(catalogue), profile.id),
        catalogue,
        findings,
        facts,
        world: World::new(catalogue, facts, probes),
    };
    desk.capabilities = desk.capabilities(profile);
    let required = desk.lacks(&profile.requires, true);
    let optional = desk.lacks(&profile.optional, false);
    let (missing_required, unknown, left_to_host) =
        (required.missing, required.unknown, required.left);
    let mut missing_optional = optional.missing;
    let mut unknown_optional = [optional.unknown, optional.left].concat();
    // What is told among the required needs is not told again.
    let told = |lack: &Lack| {
        let mut all = missing_required.iter().chain(&unknown).chain(&left_to_host);
        lack.check.is_some() && all.any(|other| other.check == lack.check)
    };
    missing_optional.retain(|lack| !told(lack));
    unknown_optional.retain(|lack| !told(lack));
    ProfileFinding {
        profile: profile.id.clone(),
        title: profile.title.clone(),
        missing_required,
        missing_optional,
        unknown,
        left_to_host,
        unknown_optional,
    }
}

/// Needs that are not met.
#[derive(Default)]
struct Lacks {
    missing: Vec<Lack>,
    unknown: Vec<Lack>,
    /// To the host that will run the kernel.
    left: Vec<Lack>,
}

struct Desk<'a> {
    /// All that this software has to be lent: one step gives it, for another one would take the
    /// place of the first.
    capabilities: Vec<String>,
    verify: String,
    catalogue: &'a Catalogue,
    findings: &'a [Finding],
    facts: &'a Facts,
    world: World<'a>,
}

impl Desk<'_> {
    /// The needs that are not met, and those of which it is not known.
    fn lacks(&self, needs: &[Need], required: bool) -> Lacks {
        let mut lacks = Lacks::default();
        for need in needs {
            let (lack, tri, finding) = match need {
                Need::Check {
                    check,
                    because,
                    fixes,
                } => match self.of_check(check) {
                    Some((finding, tri)) => {
                        let is_own = tri == Tri::No && finding.check == *check;
                        let lack = Lack {
                            id: None,
                            need: finding.title.clone(),
                            lacking: None,
                            check: Some(finding.check.clone()),
                            because: finding.because.clone(),
                            needed_for: because.clone(),
                            evidence: Vec::new(),
                            fixes: match is_own {
                                true => self.beside(fixes),
                                false => Vec::new(),
                            },
                        };
                        (lack, tri, Some(finding))
                    }
                    None => continue,
                },
                Need::Condition {
                    id,
                    need,
                    lacking,
                    condition,
                    because,
                    fixes,
                } => {
                    let answer = self.world.answer(condition);
                    let lack = Lack {
                        id: id.clone(),
                        need: need.clone(),
                        lacking: lacking.clone(),
                        check: None,
                        because: match answer.tri {
                            Tri::Unknown => {
                                super::judge::what_is_missing(&answer.evidence, condition)
                            }
                            _ => format!("needed is: {}", condition.demand()),
                        },
                        needed_for: because.clone(),
                        fixes: match answer.tri {
                            Tri::No => self.fixes(condition, fixes, required),
                            _ => Vec::new(),
                        },
                        evidence: answer.evidence,
                    };
                    (lack, answer.tri, None)
                }
            };
            let is_left = || {
                let evidence = finding.map_or(&lack.evidence, |finding| &finding.evidence);
                is_left_to_the_host(self.facts, evidence)
            };
            let list = match tri {
                Tri::Yes => continue,
                Tri::No => &mut lacks.missing,
                Tri::Unknown if is_left() => &mut lacks.left,
                Tri::Unknown => &mut lacks.unknown,
            };
            let known = |other: &Lack| lack.check.is_some() && other.check == lack.check;
            if !list.iter().any(known) {
                list.push(lack);
            }
        }
        lacks
    }

    /// What is written for a need; where nothing is, what its condition asks for.
    fn fixes(&self, condition: &Condition, fixes: &[Fix], required: bool) -> Vec<RenderedFix> {
        let (catalogue, facts, verify) = (self.catalogue, self.facts, &self.verify);
        if fixes.is_empty() {
            let lent = &self.capabilities;
            let mut told = needs::fixes(condition, lent, catalogue, facts, verify);
            // Nobody builds a kernel for a part that can be done without, nor changes it for a
            // promise.
            let has_any = !told.is_empty();
            told.retain(|fix| required || fix.kind != "kernel-config" && fixes::is_certain(fix));
            if told.is_empty() {
                told.push(fixes::untold(has_any, verify));
            }
            return told;
        }
        let mut usable: Vec<Fix> = self.usable(fixes).map(|fix| self.lending(fix)).collect();
        if usable.is_empty() {
            usable = fixes
                .iter()
                .filter(|fix| self.may_do(fix))
                .cloned()
                .collect();
        }
        let mut told = needs::written(usable.iter(), condition, catalogue, facts, verify);
        if told.is_empty() {
            told.push(fixes::untold(false, verify));
        }
        told
    }

    /// What this software takes in the place of what a check asks for.
    fn beside(&self, fixes: &[Fix]) -> Vec<RenderedFix> {
        let usable: Vec<Fix> = self.usable(fixes).map(|fix| self.lending(fix)).collect();
        fixes::rendered(usable.iter(), self.catalogue, self.facts, &self.verify)
    }

    /// Whether a fix may be one here: nothing tells that it is not.
    fn may_do(&self, fix: &Fix) -> bool {
        let when = fix.when.as_ref().map(|when| self.world.answer(when).tri);
        when.is_none_or(|tri| tri != Tri::No)
    }

    /// The fixes that can be used here.
    fn usable<'f>(&self, fixes: &'f [Fix]) -> impl Iterator<Item = &'f Fix> {
        fixes.iter().filter(|fix| {
            let when = fix.when.as_ref().map(|when| self.world.answer(when).tri);
            when.is_none_or(|tri| tri == Tri::Yes)
        })
    }

    /// The fix, with all that this software has to be lent where it lends something.
    fn lending(&self, fix: &Fix) -> Fix {
        let mut fix = fix.clone();
        if let Remedy::Capabilities(names) = &mut fix.remedy {
            let others = self
                .capabilities
                .iter()
                .filter(|other| !names.contains(other));
            let others: Vec<String> = others.cloned().collect();
            if !others.is_empty() {
                let told = format!(
                    "; it lacks {} besides, given in the same step",
                    others.join(", ")
                );
                fix.summary.push_str(&told);
            }
            // In one order, so that each need of the software is told the same step.
            let beyond = names
                .iter()
                .filter(|name| !self.capabilities.contains(name));
            let beyond: Vec<String> = beyond.cloned().collect();
            *names = self.capabilities.iter().cloned().chain(beyond).collect();
        }
        fix
    }

    /// The capabilities that the needs of a profile ask for and that are not there.
    fn capabilities(&self, profile: &Profile) -> Vec<String> {
        let mut names = Vec::new();
        let mut lent = |fix: &Fix| {
            if let Remedy::Capabilities(own) = &fix.remedy {
                names.extend(own.iter().cloned());
            }
        };
        for need in profile.requires.iter().chain(&profile.optional) {
            match need {
                Need::Check { check, .. } => {
                    let finding = self.of_check(check).filter(|(_, tri)| *tri == Tri::No);
                    let check =
                        finding.and_then(|(finding, _)| self.catalogue.check(&finding.check));
                    let because = finding.map(|(finding, _)| finding.because.as_str());
                    let causes = check.iter().flat_map(|check| &check.causes);
                    let causes = causes.filter(|cause| because == Some(cause.because.as_str()));
                    causes.for_each(|cause| self.usable(&cause.fixes).take(1).for_each(&mut lent));
                }
                Need::Condition {
                    condition, fixes, ..
                } if self.world.answer(condition).tri == Tri::No => {
                    self.usable(fixes).take(1).for_each(&mut lent);
                }
                Need::Condition { .. } => {}
            }
        }
        for need in profile.requires.iter().chain(&profile.optional) {
            if let Need::Condition {
                condition, fixes, ..
            } = need
                && fixes.is_empty()
                && self.world.answer(condition).tri == Tri::No
            {
                names.extend(needs::capability(condition).map(str::to_owned));
            }
        }
        once(&mut names);
        names
    }

    /// The finding that says whether a check's need is met; where the check is moot, the
    /// one of the failure that makes it so.
    fn of_check(&self, id: &str) -> Option<(&Finding, Tri)> {
        let finding = self.findings.iter().find(|finding| finding.check == id)?;
        match finding.status {
            Status::Ok => Some((finding, Tri::Yes)),
            Status::Fail => Some((finding, Tri::No)),
            Status::Unknown => Some((finding, Tri::Unknown)),
            Status::NotApplicable => {
                let required = &self.catalogue.check(id)?.requires;
                let failing = required.iter().filter_map(|id| self.of_check(id));
                let failing = failing.filter(|(_, tri)| *tri == Tri::No);
                let root = failing.map(|(finding, _)| (finding, Tri::No)).next();
                // Where the failure makes no sense, it is not there.
                root.or(Some((finding, Tri::Yes)))
            }
        }
    }
}

/// Each name once, where it is first.
fn once(names: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Vocabulary;
    use crate::diagnosis::diagnose;
    use crate::facts::Fact;

    const FILE: &str = "
areas: [{id: a, title: A}]
checks:
  - id: base
    area: a
    kind: host
    severity: warning
    title: The base is missing
    ok: o
    why: w
    fails: {sysctl: base, is: 0}
    causes: [{because: It is switched off}]
  - id: above
    area: a
    kind: host
    severity: warning
    title: Above
    ok: o
    why: w
    requires: [base]
    fails: {sysctl: above, is: 0}
    causes: [{because: It is switched off}]
  - id: elsewhere
    area: a
    kind: host
    severity: warning
    title: Elsewhere
    ok: o
    why: w
    applies: {sysctl: gone, is: set}
    fails: {sysctl: base, is: 0}
    causes: [{because: It is switched off}]
profiles:
  - id: p
    title: P
    software: P 1
    documents: [here]
    requires:
      - above
      - {check: elsewhere, because: For that}
      - {need: A switch, condition: {sysctl: switch, is: 1}, fixes: [{summary: Switch, sysctl: {switch: 1}}]}
    optional: [base, {need: A light, condition: {sysctl: light, is: 1}}]
";

    fn assessed(known: &[(&str, i64)]) -> ProfileFinding {
        let catalogue = Catalogue::parse("c", FILE, Vocabulary::OPEN).unwrap();
        let mut facts = Facts::default();
        facts.set("sysctl.gone", Fact::absent("/proc"));
        for (key, value) in known {
            facts.set(&format!("sysctl.{key}"), Fact::known(*value, "/proc"));
        }
        let findings = diagnose(&catalogue, &facts, &[]);
        assess(&catalogue.profiles[0], &catalogue, &findings, &facts, &[])
    }

    fn names(lacks: &[Lack]) -> Vec<&str> {
        lacks.iter().map(|lack| lack.need.as_str()).collect()
    }

    #[test]
    fn needs_are_met_missing_or_not_known() {
        let all = [("base", 1), ("above", 1), ("switch", 1), ("light", 1)];
        let fine = assessed(&all);
        assert_eq!(
            (names(&fine.missing_required), names(&fine.unknown)),
            (vec![], vec![])
        );
        let nothing = assessed(&[]);
        assert_eq!(names(&nothing.unknown), ["Above", "A switch"]);
        assert_eq!(
            names(&nothing.unknown_optional),
            ["The base is missing", "A light"]
        );
        let off = assessed(&[("base", 1), ("above", 1), ("switch", 0), ("light", 0)]);
        assert_eq!(names(&off.missing_required), ["A switch"]);
        // A need that nothing brings about is not left without a word.
        let told: Vec<&str> = off.missing_optional[0]
            .fixes
            .iter()
            .map(|fix| fix.summary.as_str())
            .collect();
        assert_eq!(told, ["None is known here"]);
        assert_eq!(off.missing_required[0].fixes.len(), 1);
        assert_eq!(names(&off.missing_optional), ["A light"]);
    }

    /// What makes a check moot is what is missing, and is told once.
    #[test]
    fn a_moot_check_lacks_what_makes_it_moot() {
        let off = assessed(&[("base", 0), ("above", 1), ("switch", 1), ("light", 1)]);
        assert_eq!(names(&off.missing_required), ["The base is missing"]);
        assert_eq!(names(&off.missing_optional), [""; 0]);
    }

    /// A step of one need would take the place of the other's.
    #[test]
    fn what_software_lacks_of_capabilities_is_one_step() {
        let file = "
profiles:
  - id: p
    title: P
    software: P 1
    documents: [here]
    requires:
      - {need: A, condition: {capability: CAP_BPF}, fixes: [{summary: Lend it, capabilities: [CAP_BPF, CAP_PERFMON]}]}
      - {need: B, condition: {capability: CAP_SYS_PTRACE}}
      - {need: C, condition: {capability: CAP_CHOWN}}
    optional: [{need: D, condition: {any: [{kernel: '>=5.11'}, {capability: CAP_SYS_RESOURCE}]}}]
";
        let catalogue = Catalogue::parse("c", file, Vocabulary::OPEN).unwrap();
        for (unit, step) in [
            (
                None,
                "setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_sys_resource,cap_chown+ep /path/to/your-loader",
            ),
            (
                Some("a.service"),
                "AmbientCapabilities=CAP_BPF CAP_PERFMON CAP_SYS_PTRACE CAP_SYS_RESOURCE",
            ),
        ] {
            let mut facts = Facts::default();
            let held = crate::facts::Value::List(vec!["CAP_CHOWN".to_owned()]);
            facts.set("privilege.capabilities", Fact::known(held, "/proc"));
            facts.set("kernel.version", Fact::known("5.10.1", "/proc"));
            if let Some(unit) = unit {
                facts.set("environment.unit", Fact::known(unit, "/proc"));
            }
            let told = assess(&catalogue.profiles[0], &catalogue, &[], &facts, &[]);
            let lacks: Vec<&Lack> = told
                .missing_required
                .iter()
                .chain(&told.missing_optional)
                .collect();
            assert_eq!(lacks.len(), 3);
            for lack in lacks {
                let commands = &lack.fixes[0].commands;
                assert_eq!(commands, &told.missing_required[0].fixes[0].commands);
                assert!(
                    commands.iter().any(|line| line.contains(step)),
                    "{commands:#?}"
                );
            }
        }
    }
}
