//! From a check to its finding.

use std::collections::BTreeMap;

use super::evaluate::{Answer, World};
use super::finding::{Evidence, Finding, RenderedFix, Status};
use super::fixes;
use super::tri::Tri;
use crate::catalogue::{Catalogue, Cause, Check, Condition};
use crate::facts::{Fact, Facts};
use crate::probes::{Outcome, ProbeResult};

/// Puts every check of the catalogue that has `fails` to a host. The findings come sorted: failures by
/// severity, then what is unknown, then the rest; ties by check id.
#[must_use]
pub fn diagnose(catalogue: &Catalogue, facts: &Facts, probes: &[ProbeResult]) -> Vec<Finding> {
    let world = World::new(catalogue, facts, probes);
    let mut judge = Judge {
        catalogue,
        world,
        findings: BTreeMap::new(),
    };
    for check in &catalogue.checks {
        judge.judge(check);
    }
    let mut findings: Vec<Finding> = judge.findings.into_values().collect();
    findings.sort_by(|left, right| {
        let rank = |finding: &Finding| match finding.status {
            Status::Ok | Status::NotApplicable => (Status::Ok, None),
            status => (status, Some(std::cmp::Reverse(finding.severity))),
        };
        rank(left)
            .cmp(&rank(right))
            .then_with(|| left.check.cmp(&right.check))
    });
    findings
}

struct Judge<'a> {
    catalogue: &'a Catalogue,
    world: World<'a>,
    findings: BTreeMap<&'a str, Finding>,
}

impl<'a> Judge<'a> {
    /// The status of a check, judged now if it wasn't yet; none where nothing on a host
    /// decides it. The catalogue was refused if checks required each other in a circle, so
    /// this ends.
    fn judge(&mut self, check: &'a Check) -> Option<Status> {
        let fails = check.fails.as_ref()?;
        if let Some(finding) = self.findings.get(check.id.as_str()) {
            return Some(finding.status);
        }
        let catalogue = self.catalogue;
        let mut required = check.requires.iter().filter_map(|id| catalogue.check(id));
        let moot = required.find(|required| self.judge(required) == Some(Status::Fail));
        let finding = match moot {
            Some(required) => Finding {
                because: format!("moot while {} fails", required.id),
                ..blank(check, Status::NotApplicable)
            },
            None => self.decide(check, fails),
        };
        let status = finding.status;
        self.findings.insert(&check.id, finding);
        Some(status)
    }

    fn decide(&self, check: &Check, fails: &Condition) -> Finding {
        let applies = match &check.applies {
            Some(condition) => self.world.answer(condition),
            None => Answer {
                tri: Tri::Yes,
                evidence: Vec::new(),
            },
        };
        if applies.tri == Tri::No {
            return Finding {
                because: "does not apply here".to_owned(),
                evidence: tidy(applies.evidence),
                ..blank(check, Status::NotApplicable)
            };
        }
        let fails = self.world.answer(fails);
        match (applies.tri, fails.tri) {
            (_, Tri::No) => Finding {
                because: check.ok.clone().unwrap_or_default(),
                evidence: tidy(fails.evidence),
                ..blank(check, Status::Ok)
            },
            (Tri::Yes, Tri::Yes) => self.failure(check, fails.evidence),
            _ => {
                let missing = if fails.tri == Tri::Unknown {
                    fails.evidence
                } else {
                    applies.evidence
                };
                let missing = tidy(missing);
                Finding {
                    because: what_is_missing(&missing),
                    evidence: missing,
                    ..blank(check, Status::Unknown)
                }
            }
        }
    }

    fn failure(&self, check: &Check, mut evidence: Vec<Evidence>) -> Finding {
        let answers = check.causes.iter().map(|cause| {
            let answer = cause.when.as_ref().map(|when| self.world.answer(when));
            (cause, answer)
        });
        let chosen = answers
            .into_iter()
            .find(|(_, answer)| answer.as_ref().is_none_or(|answer| answer.tri == Tri::Yes));
        let mut finding = blank(check, Status::Fail);
        if let Some((cause, answer)) = chosen {
            evidence.extend(answer.into_iter().flat_map(|answer| answer.evidence));
            finding.severity = cause.severity.unwrap_or(check.severity);
            finding.because = cause.because.clone();
            finding.fixes = self.fixes(check, cause);
        }
        finding.evidence = tidy(evidence);
        finding
    }

    fn fixes(&self, check: &Check, cause: &Cause) -> Vec<RenderedFix> {
        let usable = cause.fixes.iter().filter(|fix| {
            let when = fix.when.as_ref().map(|when| self.world.answer(when).tri);
            when.is_none_or(|tri| tri == Tri::Yes)
        });
        let verify = format!("bpf-doctor check --only {}", check.id);
        usable
            .filter_map(|fix| fixes::render(fix, self.catalogue, self.world.facts, &verify))
            .collect()
    }
}

fn blank(check: &Check, status: Status) -> Finding {
    Finding {
        check: check.id.clone(),
        area: check.area.clone(),
        status,
        severity: check.severity,
        title: check.title.clone(),
        because: String::new(),
        evidence: Vec::new(),
        fixes: Vec::new(),
    }
}

/// Each piece of evidence once, in the order it was found.
fn tidy(evidence: Vec<Evidence>) -> Vec<Evidence> {
    let mut seen: Vec<Evidence> = Vec::new();
    for piece in evidence {
        if !seen.iter_mut().any(|known| known.takes_in(&piece)) {
            seen.push(piece);
        }
    }
    seen
}

/// Why a question stays open, told from what is missing.
pub(super) fn what_is_missing(missing: &[Evidence]) -> String {
    let mut reasons: Vec<String> = Vec::new();
    for piece in missing {
        let reason = match piece {
            Evidence::Fact { fact, known, .. } => match known {
                Fact::Unknown { reason, source } => {
                    let place = if source.is_empty() { fact } else { source };
                    let what = if reason.detail.is_empty() {
                        reason.unknown.to_string()
                    } else {
                        format!("{}, {}", reason.unknown, reason.detail)
                    };
                    format!("{place}: {what}")
                }
                Fact::Known { .. } => continue,
            },
            Evidence::Probe { probe, outcome, .. } => match outcome {
                Outcome::Works => continue,
                Outcome::Skipped { reason } => format!("probe {probe} was not tried ({reason})"),
                Outcome::Fails { stage, errno, .. } => {
                    format!("probe {probe} was refused at {stage} with {errno}")
                }
            },
        };
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    if reasons.is_empty() {
        let version = |piece: &Evidence| matches!(piece, Evidence::Fact { fact, .. } if fact == "kernel.version");
        return if missing.iter().any(version) {
            "the kernel's vendor brings features to old version numbers, so the number does not \
             tell; an experiment on the host would"
        } else {
            "what is known does not answer the question"
        }
        .to_owned();
    }
    format!("could not look: {}", reasons.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_with_fails_gives_one_finding_whatever_is_known() {
        let catalogue = crate::built_in_catalogue().unwrap();
        let findings = diagnose(&catalogue, &Facts::default(), &[]);
        let mut found: Vec<&str> = findings.iter().map(|f| f.check.as_str()).collect();
        let judged = catalogue.checks.iter().filter(|c| c.fails.is_some());
        let mut asked: Vec<&str> = judged.map(|c| c.id.as_str()).collect();
        assert!(
            asked.len() < catalogue.checks.len(),
            "some are known by symptoms alone"
        );
        found.sort_unstable();
        asked.sort_unstable();
        assert_eq!(found, asked);
        // Nothing known is never taken for well or ill.
        for finding in &findings {
            let open = [Status::Unknown, Status::NotApplicable];
            assert!(open.contains(&finding.status), "{finding:?}");
        }
    }

    #[test]
    fn findings_come_worst_first() {
        let catalogue = crate::built_in_catalogue().unwrap();
        let mut facts = Facts::default();
        let legacy = Fact::known("legacy", "/proc/self/mountinfo");
        facts.set("cgroup.mode", legacy);
        for kind in ["bpf", "cgroup2", "tracefs", "debugfs"] {
            let none = Fact::known(Vec::new(), "/proc/self/mountinfo");
            facts.set(&format!("mount.{kind}"), none);
        }
        facts.set("security.lockdown", Fact::known("integrity", "/sys"));
        let findings = diagnose(&catalogue, &facts, &[]);
        let failing = findings.iter().take_while(|f| f.status == Status::Fail);
        let failing: Vec<&str> = failing.map(|f| f.check.as_str()).collect();
        assert_eq!(
            failing,
            [
                "bpffs-not-mounted",
                "cgroup-legacy-mode",
                "tracefs-not-mounted",
                "kernel-lockdown"
            ]
        );
    }
}
