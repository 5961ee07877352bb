//! From a check to its finding.

use std::collections::BTreeMap;

use super::evaluate::{Answer, World, asks_probe};
use super::finding::{self, Evidence, Finding, RenderedFix, Status};
use super::fixes;
use super::tri::Tri;
use crate::catalogue::{About, Catalogue, Cause, Check, Condition, Severity};
use crate::facts::{Fact, Facts};
use crate::probes::{Outcome, ProbeResult};

/// Puts every check of the catalogue that has `fails` to a host. The findings come sorted: failures by
/// severity, then what is unknown, then the rest; ties by check id.
#[must_use]
pub fn diagnose(catalogue: &Catalogue, facts: &Facts, probes: &[ProbeResult]) -> Vec<Finding> {
    // Where no process is judged, what is no question of its rights is asked for one that has them.
    let of_a_loader = facts.for_a_loader();
    let mut judge = Judge {
        catalogue,
        world: World::new(catalogue, &of_a_loader, probes),
        of_nobody: facts
            .judges_no_process()
            .then(|| World::new(catalogue, facts, probes)),
        findings: BTreeMap::new(),
    };
    for check in &catalogue.checks {
        judge.judge(check);
    }
    let mut findings: Vec<Finding> = judge.findings.into_values().collect();
    finding::sort(&mut findings);
    findings
}

/// Why a question about the rights of a process is none.
pub(super) const NO_PROCESS: &str =
    "no process is judged here; started as root, a loader has these rights";

struct Judge<'a> {
    catalogue: &'a Catalogue,
    world: World<'a>,
    /// What is known without a process, where none is judged.
    of_nobody: Option<World<'a>>,
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

    /// Whether it is a question about the rights of a process that is not there.
    fn is_about_nobody(&self, check: &Check, fails: &Condition) -> bool {
        let is_of_process = check.about == Some(About::Process);
        let Some(world) = self.of_nobody.as_ref().filter(|_| is_of_process) else {
            return false;
        };
        let applies = check.applies.as_ref();
        let applies = applies.map_or(Tri::Yes, |condition| world.answer(condition).tri);
        !matches!(
            (applies, world.answer(fails).tri),
            (_, Tri::No) | (Tri::No, _) | (Tri::Yes, Tri::Yes)
        )
    }

    fn decide(&self, check: &Check, fails: &Condition) -> Finding {
        if self.is_about_nobody(check, fails) {
            return Finding {
                because: NO_PROCESS.to_owned(),
                ..blank(check, Status::NotApplicable)
            };
        }
        let applies = match &check.applies {
            Some(condition) => self.world.answer(condition),
            None => Answer {
                tri: Tri::Yes,
                evidence: Vec::new(),
                beside: false,
            },
        };
        if applies.tri == Tri::No {
            return Finding {
                because: "does not apply here".to_owned(),
                evidence: tidy(applies.evidence),
                ..blank(check, Status::NotApplicable)
            };
        }
        let asked = fails;
        let fails = self.world.answer(fails);
        match (applies.tri, fails.tri) {
            (_, Tri::No) => self.ok(check, fails.evidence),
            (Tri::Yes, Tri::Yes) => self.failure(check, fails.evidence),
            _ => {
                // The half of an answer that is there, first of all.
                let halves = match fails.tri {
                    Tri::Unknown => self.world.halves(asked),
                    _ => fails.evidence.clone(),
                };
                let halves: Vec<Evidence> = halves.into_iter().filter(Evidence::is_set).collect();
                let halves = tidy(halves);
                let missing = if fails.tri == Tri::Unknown {
                    fails.evidence
                } else {
                    applies.evidence
                };
                let missing = tidy(missing);
                let mut because = what_is_missing(&missing, asked);
                if !halves.is_empty() {
                    let told: Vec<String> = halves.iter().map(Evidence::brief).collect();
                    because = format!("{}; {because}", told.join(", "));
                }
                Finding {
                    because,
                    evidence: tidy(halves.into_iter().chain(missing).collect()),
                    severity: self.worst_possible(check),
                    ..blank(check, Status::Unknown)
                }
            }
        }
    }

    /// That it does not fail, and what there is to say beside that.
    fn ok(&self, check: &Check, mut evidence: Vec<Evidence>) -> Finding {
        let mut because = check.ok.clone().unwrap_or_default();
        for beside in &check.beside {
            let answer = self.world.answer(&beside.when);
            if answer.tri == Tri::Yes {
                because = format!("{because}; {}", beside.says);
                evidence.extend(answer.evidence);
            }
        }
        Finding {
            because,
            evidence: tidy(evidence),
            ..blank(check, Status::Ok)
        }
    }

    /// How much an open question can come to matter: no more than the worst of the causes that
    /// what is known does not rule out. It stays a warning, since it is open.
    fn worst_possible(&self, check: &Check) -> Severity {
        let mut worst = Severity::Warning;
        for cause in check.own_causes() {
            let answer = cause.when.as_ref().map(|when| self.world.answer(when).tri);
            if answer != Some(Tri::No) {
                worst = worst.max(cause.severity.unwrap_or(check.severity));
            }
            if matches!(answer, None | Some(Tri::Yes)) {
                break;
            }
        }
        let has_causes = !check.causes.is_empty();
        if has_causes {
            worst.min(check.severity)
        } else {
            check.severity
        }
    }

    fn failure(&self, check: &Check, mut evidence: Vec<Evidence>) -> Finding {
        let answers = check.own_causes().iter().map(|cause| {
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
        let verify = format!("{} --only {}", fixes::again(self.catalogue), check.id);
        fixes::rendered(usable, self.catalogue, self.world.facts, &verify)
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

/// `probes a, b, c and 2 others were not tried (why)`.
fn not_tried(probes: &[&str], reason: &str) -> String {
    const NAMED: usize = 3;
    let (named, rest) = probes.split_at(probes.len().min(NAMED));
    let named = match (named.split_last(), rest.len()) {
        (None, _) => String::new(),
        (Some((one, [])), _) => return format!("probe {one} was not tried ({reason})"),
        (Some((last, others)), 0) => format!("{} and {last}", others.join(", ")),
        (Some(_), 1) => format!("{} and another", named.join(", ")),
        (Some(_), many) => format!("{} and {many} others", named.join(", ")),
    };
    format!("probes {named} were not tried ({reason})")
}

/// Why a question stays open, told from what is missing.
pub(super) fn what_is_missing(missing: &[Evidence], condition: &Condition) -> String {
    let mut reasons: Vec<String> = Vec::new();
    let mut untried: Vec<(&str, Vec<&str>)> = Vec::new();
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
                Outcome::Skipped { reason } => {
                    match untried.iter_mut().find(|(known, _)| known == reason) {
                        Some((_, probes)) if probes.contains(&probe.as_str()) => {}
                        Some((_, probes)) => probes.push(probe),
                        None => untried.push((reason, vec![probe])),
                    }
                    continue;
                }
                Outcome::Fails { stage, errno, .. } => {
                    format!("probe {probe} was refused at {stage} with {errno}")
                }
            },
        };
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    let untried = untried
        .iter()
        .map(|(reason, probes)| not_tried(probes, reason));
    reasons.splice(0..0, untried);
    if reasons.is_empty() {
        let version = |piece: &Evidence| matches!(piece, Evidence::Fact { fact, .. } if fact == "kernel.version");
        return match (missing.iter().any(version), asks_probe(condition)) {
            (true, true) => {
                "the kernel's vendor brings features to old version numbers, so the number does not \
                 tell (an experiment on the host would)"
            }
            (true, false) => {
                "the kernel's vendor brings features to old version numbers, so the number does not \
                 tell, and no experiment does"
            }
            (false, _) => "what is known does not answer the question",
        }
        .to_owned();
    }
    format!("could not look: {}", reasons.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{KernelConfig, Value, Why};
    use crate::probes::Stage;

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

    /// What is known of an open question is said, for it is half the answer; not what an
    /// experiment would have to be seen beside, and not what the host is.
    #[test]
    fn half_an_answer_is_shown_where_the_other_half_is_not_known() {
        let catalogue = crate::built_in_catalogue().unwrap();
        for (known, check, says) in [
            (
                &[("sysctl.kernel.unprivileged_bpf_disabled", "2")][..],
                "unprivileged-bpf-disabled",
                "sysctl.kernel.unprivileged_bpf_disabled is 2; could not look: ",
            ),
            (
                &[
                    ("sysctl.kernel.perf_event_paranoid", "4"),
                    ("kernel.flavour", "ubuntu"),
                ],
                "perf-event-paranoid",
                "sysctl.kernel.perf_event_paranoid is 4; could not look: ",
            ),
            (
                &[("security.lsm.configured", "")],
                "bpf-lsm-not-enabled",
                "security.lsm.configured is ",
            ),
            (
                &[("sysctl.kernel.unprivileged_bpf_disabled", "2")],
                "container-seccomp-denied",
                "could not look: ",
            ),
            (
                &[("kernel.flavour", "ubuntu")],
                "perf-event-paranoid",
                "could not look: ",
            ),
        ] {
            let mut facts = Facts::default();
            facts.set("kernel.version", Fact::known("6.8.12", "/x"));
            for (key, value) in known {
                let value = match value.parse::<i64>() {
                    Ok(number) => Value::Number(number),
                    Err(_) if value.is_empty() => {
                        Value::List(vec!["lockdown".to_owned(), "yama".to_owned()])
                    }
                    Err(_) => Value::Text((*value).to_owned()),
                };
                facts.set(key, Fact::known(value, "/x"));
            }
            let findings = diagnose(&catalogue, &facts, &[]);
            let found = findings.iter().find(|f| f.check == check).unwrap();
            assert_eq!(found.status, Status::Unknown, "{found:?}");
            assert!(found.because.starts_with(says), "{}", found.because);
            let half = found.evidence.iter().any(Evidence::is_set);
            assert_eq!(half, !says.starts_with("could"), "{found:?}");
        }
    }

    #[test]
    fn a_part_of_the_cgroups_is_said_to_be_one() {
        let catalogue = crate::built_in_catalogue().unwrap();
        for (extent, said) in [("part", true), ("whole", false)] {
            let mut facts = Facts::default();
            let mounts = vec!["/sys/fs/cgroup".to_owned()];
            for (key, fact) in [
                ("mount.cgroup2", Fact::known(mounts, "/proc/self/mountinfo")),
                (
                    "cgroup.mode",
                    Fact::known("unified", "/proc/self/mountinfo"),
                ),
                (
                    "cgroup.v2-extent",
                    Fact::known(extent, "/proc/self/ns/cgroup"),
                ),
            ] {
                facts.set(key, fact);
            }
            let findings = diagnose(&catalogue, &facts, &[]);
            let found = findings
                .iter()
                .find(|f| f.check == "cgroup2-missing")
                .unwrap();
            assert_eq!(found.status, Status::Ok, "{extent}");
            assert_eq!(found.because.contains("; it is a part"), said, "{extent}");
            let shown = found.evidence.iter().any(
                |piece| matches!(piece, Evidence::Fact { fact, .. } if fact == "cgroup.v2-extent"),
            );
            assert_eq!(shown, said, "{extent}");
        }
    }

    #[test]
    fn experiments_that_were_not_tried_are_told_together() {
        for (probes, told) in [
            (&["a"][..], "probe a was not tried (w)"),
            (&["a", "b"], "probes a and b were not tried (w)"),
            (&["a", "b", "c"], "probes a, b and c were not tried (w)"),
            (
                &["a", "b", "c", "d"],
                "probes a, b, c and another were not tried (w)",
            ),
            (
                &["a", "b", "c", "d", "e"],
                "probes a, b, c and 2 others were not tried (w)",
            ),
        ] {
            assert_eq!(not_tried(probes, "w"), told);
        }
    }

    #[test]
    fn nothing_tried_is_nothing_known_of_a_policy() {
        let catalogue = crate::built_in_catalogue().unwrap();
        let all = ["SYS_ADMIN", "BPF", "PERFMON", "NET_ADMIN"];
        for seccomp in ["disabled", "filter"] {
            let findings = diagnose(&catalogue, &process(&all, seccomp), &[]);
            let found = findings.iter().find(|f| f.check == "lsm-denied").unwrap();
            assert_eq!(found.status, Status::Unknown, "{seccomp}: {found:?}");
            assert!(found.because.contains(" not tried ("), "{found:?}");
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

    // Who refuses: the answers to the outcomes of the experiments that ask for rights.

    /// A process on a kernel of mainline's 6.18, with these capabilities.
    fn process(capabilities: &[&str], seccomp: &str) -> Facts {
        let mut facts = Facts::default();
        let held: Vec<String> = capabilities
            .iter()
            .map(|name| format!("CAP_{name}"))
            .collect();
        facts.set(
            "privilege.capabilities",
            Fact::known(held, "/proc/self/status"),
        );
        facts.set(
            "privilege.seccomp",
            Fact::known(seccomp, "/proc/self/status"),
        );
        facts.set(
            "privilege.user-namespace",
            Fact::known("initial", "/proc/self/ns/user"),
        );
        facts.set(
            "privilege.memlock",
            Fact::known("unlimited", "/proc/self/limits"),
        );
        facts.set(
            "privilege.memlock-hard",
            Fact::known("unlimited", "/proc/self/limits"),
        );
        facts.set("privilege.last-cap", Fact::known(40, "/proc"));
        facts.set("security.selinux", Fact::absent("/sys/fs/selinux"));
        facts.set("kernel.version", Fact::known("6.18.1", "uname"));
        facts.set("kernel.release", Fact::known("6.18.1", "uname"));
        facts.set("kernel.flavour", Fact::known("mainline", "uname"));
        facts.set("environment.container", Fact::known("none", "/proc"));
        facts.set("environment.kubernetes", Fact::known("none", "/proc"));
        facts.set("environment.unit", Fact::absent("/proc"));
        facts.set(
            "sysctl.kernel.unprivileged_bpf_disabled",
            Fact::known(2, "/proc"),
        );
        facts.set("sysctl.kernel.perf_event_paranoid", Fact::known(2, "/proc"));
        facts
    }

    #[test]
    fn what_a_token_lends_is_not_said_to_be_refused() {
        use Status::{Fail, NotApplicable, Ok, Unknown};
        let catalogue = crate::built_in_catalogue().unwrap();
        let refused = &outcomes(&["map-create create EPERM", "prog-load load EPERM"]);
        let nothing = Fact::known(Value::Absent, "/proc");
        let all = Fact::known("all", "/proc");
        let part = Fact::unknown(Why::Untold, "a part", "/proc");
        for (namespace, lent, outcomes, status) in [
            ("other", nothing.clone(), refused, Fail),
            ("other", all.clone(), refused, NotApplicable),
            // It may be what a program needs.
            ("other", part.clone(), refused, Unknown),
            // There it counts for nothing.
            ("initial", all, &outcomes(&[]), Ok),
            ("initial", part, &outcomes(&[]), Ok),
            ("initial", nothing, &outcomes(&[]), Ok),
        ] {
            let mut facts = process(ROOT, "disabled");
            facts.set("privilege.user-namespace", Fact::known(namespace, "/proc"));
            facts.set("privilege.bpf-delegated", lent.clone());
            let findings = diagnose(&catalogue, &facts, outcomes);
            let mut findings = findings.iter();
            let finding = findings.find(|finding| finding.check == "missing-privilege");
            let finding = finding.unwrap();
            assert_eq!(finding.status, status, "{namespace} {lent:?}: {finding:#?}");
        }
    }

    /// Outcomes, each `ID works` or `ID STAGE ERRNO LOG`; what is not told works.
    fn outcomes(told: &[&str]) -> Vec<ProbeResult> {
        let mut results: Vec<ProbeResult> = Vec::new();
        for line in told {
            let mut words = line.splitn(4, ' ');
            let mut word = || words.next().unwrap_or_default();
            let (id, stage, errno, log) = (word(), word(), word(), word());
            let stage = Stage::ALL
                .into_iter()
                .find(|known| known.to_string() == stage);
            let outcome = match stage {
                Some(stage) => Outcome::Fails {
                    stage,
                    errno: errno.to_owned(),
                    call: String::new(),
                    log: log.to_owned(),
                },
                None => Outcome::Skipped {
                    reason: "not tried".to_owned(),
                },
            };
            results.push(ProbeResult {
                probe: id.to_owned(),
                outcome,
                micros: 1,
            });
        }
        for probe in crate::probes::table() {
            if results.iter().all(|result| result.probe != probe.id) {
                results.push(ProbeResult {
                    probe: probe.id.to_owned(),
                    outcome: Outcome::Works,
                    micros: 1,
                });
            }
        }
        results
    }

    const ROOT: &[&str] = &["SYS_ADMIN", "BPF", "PERFMON", "NET_ADMIN", "SYS_RESOURCE"];
    const TRACING: &[&str] = &["BPF", "PERFMON"];
    /// Every program and map is refused, and who refuses comes before the attributes, or after.
    const NOTHING_LOADS: [&str; 6] = [
        "map-create create EPERM",
        "prog-load load EPERM",
        "load-kprobe skipped",
        "load-tracing skipped",
        "load-lsm skipped",
        "load-ext skipped",
    ];
    const NO_TRACING: [&str; 3] = [
        "load-tracing load EPERM",
        "load-lsm load EPERM",
        "load-ext load EPERM",
    ];
    const SINGLE: &str = "bpf-commands trigger EPERM refused before their attributes were looked at: \
        MAP_CREATE (EPERM), PROG_LOAD (EPERM)";

    /// Capabilities, mode of seccomp, outcomes; and of checks the status and words of the cause.
    type Row<'a> = (
        &'a [&'a str],
        &'a str,
        Vec<&'a str>,
        &'a [(&'a str, Status, &'a str)],
    );

    #[test]
    fn a_refusal_is_laid_to_whom_the_experiments_tell() {
        use Status::{Fail, NotApplicable, Ok};
        let with = |more: &[&'static str], rest: &[&'static str]| [more, rest].concat();
        let rows: Vec<Row<'_>> = vec![
            // A filter that refuses single commands, as root.
            (
                ROOT,
                "filter",
                with(&[SINGLE], &NOTHING_LOADS),
                &[
                    ("container-seccomp-denied", Fail, "single commands"),
                    ("lsm-denied", NotApplicable, ""),
                    ("missing-privilege", NotApplicable, ""),
                ],
            ),
            // The same, from a doctor that did not try the commands: a filter stays possible.
            (
                ROOT,
                "filter",
                with(&["bpf-commands skipped"], &NOTHING_LOADS),
                &[
                    ("container-seccomp-denied", Ok, ""),
                    ("lsm-denied", Fail, "seccomp filter is in force"),
                    ("missing-privilege", NotApplicable, "does not apply"),
                ],
            ),
            // Commands reach the kernel: it is no filter.
            (
                ROOT,
                "filter",
                NOTHING_LOADS.to_vec(),
                &[
                    ("container-seccomp-denied", Ok, ""),
                    ("lsm-denied", Fail, "no seccomp filter refuses"),
                    ("missing-privilege", NotApplicable, "does not apply"),
                ],
            ),
            // bpf() refused as a whole, with EACCES.
            (
                ROOT,
                "filter",
                with(
                    &[
                        "bpf-syscall trigger EACCES",
                        "bpf-commands trigger EACCES every command was refused before its attributes were looked at",
                    ],
                    &["map-create create EACCES", "prog-load load EACCES"],
                ),
                &[("container-seccomp-denied", Fail, "does not allow bpf()")],
            ),
            // perf_event_open() alone, with either error.
            (
                ROOT,
                "filter",
                vec![
                    "perf-event-call trigger EPERM",
                    "perf-event-open create EPERM",
                ],
                &[("container-seccomp-denied", Fail, "perf_event_open() is not")],
            ),
            (
                TRACING,
                "filter",
                vec![
                    "perf-event-call trigger EACCES",
                    "perf-event-open create EACCES",
                    "perf-event-kernel skipped",
                    "uprobe attach EACCES",
                ],
                &[
                    ("container-seccomp-denied", Fail, "perf_event_open() is not"),
                    ("perf-event-paranoid", NotApplicable, ""),
                    ("uprobe-denied", NotApplicable, ""),
                ],
            ),
            // A policy that tells types apart, with all capabilities and with two.
            (
                ROOT,
                "disabled",
                NO_TRACING.to_vec(),
                &[
                    ("lsm-denied", Fail, "kprobe, xdp and cgroup_device are not"),
                    ("missing-privilege", Ok, ""),
                ],
            ),
            (
                TRACING,
                "disabled",
                with(
                    &["load-xdp load EPERM", "load-cgroup-device load EPERM"],
                    &NO_TRACING,
                ),
                &[
                    ("lsm-denied", Fail, "CAP_NET_ADMIN besides"),
                    ("missing-privilege", Fail, "CAP_NET_ADMIN is missing"),
                ],
            ),
            // A filter that refuses what is not tried here hides no policy.
            (
                ROOT,
                "filter",
                with(
                    &[
                        "bpf-commands trigger EPERM refused before their attributes were looked at: \
                       PROG_ATTACH (EPERM)",
                    ],
                    &NO_TRACING,
                ),
                &[
                    ("container-seccomp-denied", Fail, "single commands"),
                    ("lsm-denied", Fail, "kprobe, xdp and cgroup_device are not"),
                ],
            ),
            // Nor does one that refuses what the map is used for: it was created.
            (
                ROOT,
                "filter",
                with(
                    &[
                        "bpf-commands trigger EPERM refused before their attributes were looked at: \
                       MAP_UPDATE_ELEM (EPERM)",
                        "map-create trigger EPERM",
                    ],
                    &NO_TRACING,
                ),
                &[
                    ("container-seccomp-denied", Fail, "single commands"),
                    ("lsm-denied", Fail, "kprobe, xdp and cgroup_device are not"),
                ],
            ),
            // Whatever the error is: the kernel looks at the attributes first.
            (
                ROOT,
                "filter",
                vec![
                    "bpf-syscall trigger EUCLEAN",
                    "bpf-commands trigger EUCLEAN every command was refused before its attributes were looked at",
                    "map-create skipped",
                    "prog-load skipped",
                ],
                &[
                    ("container-seccomp-denied", Fail, "does not allow bpf()"),
                    ("missing-privilege", NotApplicable, ""),
                ],
            ),
            (
                ROOT,
                "filter",
                vec![
                    "bpf-syscall trigger ENOMEM",
                    "bpf-commands trigger ENOMEM every command was refused before its attributes were looked at",
                ],
                &[("container-seccomp-denied", Fail, "does not allow bpf()")],
            ),
            (
                ROOT,
                "filter",
                vec![
                    "bpf-commands trigger ENODATA refused before their attributes were looked at: \
                     PROG_LOAD (ENODATA)",
                    "prog-load skipped",
                ],
                &[("container-seccomp-denied", Fail, "single commands")],
            ),
            // From a doctor that did not try the commands.
            (
                ROOT,
                "filter",
                vec!["bpf-syscall trigger EUCLEAN", "bpf-commands skipped"],
                &[("container-seccomp-denied", Fail, "")],
            ),
            (
                ROOT,
                "filter",
                vec!["perf-event-call trigger EUCLEAN", "perf-event-open skipped"],
                &[("container-seccomp-denied", Fail, "perf_event_open() is not")],
            ),
            (
                ROOT,
                "filter",
                vec!["perf-event-call trigger EMFILE", "perf-event-open skipped"],
                &[("container-seccomp-denied", Fail, "perf_event_open() is not")],
            ),
            // An error that the kernel gives as well, but not here.
            (
                ROOT,
                "filter",
                vec!["perf-event-call trigger EINVAL", "perf-event-open skipped"],
                &[("container-seccomp-denied", Fail, "perf_event_open() is not")],
            ),
            // Without CAP_NET_ADMIN an ext program says nothing of policies.
            (
                TRACING,
                "disabled",
                vec!["load-ext load EPERM", "load-xdp load EPERM"],
                &[("lsm-denied", Ok, "")],
            ),
            // Uprobes alone, and perf events as a whole.
            (
                TRACING,
                "disabled",
                vec!["uprobe attach EACCES", "uretprobe attach EACCES"],
                &[
                    ("uprobe-denied", Fail, "CAP_SYS_ADMIN is not held"),
                    ("perf-event-paranoid", Ok, ""),
                ],
            ),
            (
                &["BPF"],
                "disabled",
                vec![
                    "perf-event-kernel create EACCES",
                    "perf-event-cpu create EACCES",
                    "load-kprobe load EPERM",
                    "uprobe skipped",
                ],
                &[
                    (
                        "perf-event-paranoid",
                        Fail,
                        "paranoid is 2 or more, and without CAP_PERFMON",
                    ),
                    ("uprobe-denied", NotApplicable, ""),
                ],
            ),
        ];
        let catalogue = crate::built_in_catalogue().unwrap();
        for (capabilities, seccomp, told, expected) in rows {
            let facts = process(capabilities, seccomp);
            let findings = diagnose(&catalogue, &facts, &outcomes(&told));
            for (check, status, words) in expected {
                let finding = findings.iter().find(|finding| finding.check == *check);
                let finding = finding.unwrap();
                assert_eq!(finding.status, *status, "{told:?}: {finding:#?}");
                assert!(
                    finding.because.contains(words),
                    "{told:?}: {}",
                    finding.because
                );
                if finding.status == Fail {
                    let disagree = finding.evidence.iter().any(Evidence::disagrees);
                    assert!(!disagree, "{told:?}: {finding:#?}");
                }
            }
        }
    }

    /// It loads and attaches without a complaint; the list of active modules and its count tell.
    #[test]
    fn an_lsm_program_that_attaches_and_never_runs_is_told_from_one_that_runs() {
        use Status::{Fail, Ok};
        const CHECK: &str = "bpf-lsm-not-enabled";
        let catalogue = crate::built_in_catalogue().unwrap();
        for (modules, told, status) in [
            (Some(&["lockdown", "yama"][..]), &["lsm trigger"][..], Fail),
            (Some(&["lockdown", "bpf"]), &[], Ok),
            // Active, and not called: that is not for want of it.
            (Some(&["lockdown", "bpf"]), &["lsm trigger"], Ok),
            // Not tried: the list alone tells.
            (Some(&["lockdown", "yama"]), &["lsm skipped"], Fail),
            // No list: programs at other trampolines run, and this one does not.
            (None, &["lsm trigger"], Fail),
            (None, &[], Ok),
        ] {
            let mut facts = process(ROOT, "disabled");
            if let Some(modules) = modules {
                let modules: Vec<String> = modules.iter().map(ToString::to_string).collect();
                let list = "/sys/kernel/security/lsm";
                facts.set("security.lsm", Fact::known(modules, list));
            }
            let findings = diagnose(&catalogue, &facts, &outcomes(told));
            let finding = findings.iter().find(|finding| finding.check == CHECK);
            let finding = finding.unwrap();
            assert_eq!(finding.status, status, "{modules:?} {told:?}: {finding:#?}");
        }
    }

    #[test]
    fn a_setting_and_a_dead_ftrace_are_told_from_the_build() {
        use Status::{Fail, NotApplicable, Ok, Unknown};
        const KPROBES: &str = "kprobes-disabled";
        const FENTRY: &str = "fentry-unsupported";
        const BUILT: &str = "CONFIG_KPROBES=y\nCONFIG_KPROBE_EVENTS=y\nCONFIG_BPF_EVENTS=y\n\
            CONFIG_FUNCTION_TRACER=y\nCONFIG_DYNAMIC_FTRACE=y\nCONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS=y\nCONFIG_BPF=y\n\
            CONFIG_BPF_JIT=y\n";
        // Machine, setting of ftrace, whether the options are known, outcomes; check, status, words.
        type Case<'a> = (&'a str, i64, bool, &'a [&'a str], &'a str, Status, &'a str);
        let untried: &[&str] = &["kprobe skipped", "fentry skipped"];
        let rows: &[Case<'_>] = &[
            // Not tried, for the setting alone tells.
            (
                "x86_64",
                0,
                true,
                untried,
                KPROBES,
                Fail,
                "ftrace_enabled is 0: kprobes where",
            ),
            (
                "x86_64",
                0,
                true,
                untried,
                FENTRY,
                Fail,
                "ftrace_enabled is 0: a program at",
            ),
            (
                "x86_64",
                0,
                false,
                untried,
                FENTRY,
                Fail,
                "ftrace_enabled is 0: a program at",
            ),
            ("x86_64", 1, true, untried, KPROBES, Ok, ""),
            ("x86_64", 1, true, untried, FENTRY, Ok, ""),
            ("x86_64", 1, false, untried, KPROBES, Unknown, ""),
            // Breakpoints there, which go without ftrace.
            ("aarch64", 0, true, untried, KPROBES, Ok, ""),
            ("aarch64", 0, true, untried, FENTRY, Fail, ""),
            // What was tried outranks the setting.
            ("x86_64", 0, true, &[], KPROBES, Ok, ""),
            (
                "x86_64",
                1,
                true,
                &["kprobe trigger"],
                KPROBES,
                Fail,
                "attached and never fired",
            ),
            (
                "x86_64",
                1,
                true,
                &["fentry trigger"],
                FENTRY,
                Fail,
                "attached and never ran",
            ),
            // Ftrace killed itself, whatever the architecture.
            (
                "x86_64",
                1,
                true,
                &["fentry attach ENODEV"],
                FENTRY,
                Fail,
                "shut itself down",
            ),
            (
                "aarch64",
                1,
                true,
                &["fentry attach ENODEV"],
                FENTRY,
                Fail,
                "shut itself down",
            ),
            (
                "x86_64",
                1,
                true,
                &["fentry attach ENOTSUPP"],
                FENTRY,
                Fail,
                "DIRECT_CALLS is off",
            ),
            (
                "aarch64",
                1,
                true,
                &["fentry attach ENOTSUPP"],
                FENTRY,
                Fail,
                "DIRECT_CALLS is off",
            ),
            (
                "s390x",
                1,
                true,
                &["fentry attach ENOTSUPP"],
                FENTRY,
                Fail,
                "DIRECT_CALLS is off",
            ),
            // A refused right is no want of the kernel.
            (
                "x86_64",
                1,
                true,
                &["fentry load EPERM", "load-tracing load EPERM"],
                FENTRY,
                NotApplicable,
                "",
            ),
        ];
        let catalogue = crate::built_in_catalogue().unwrap();
        for (arch, ftrace, options, told, check, status, words) in rows {
            let mut facts = process(ROOT, "disabled");
            facts.set("kernel.arch", Fact::known(*arch, "uname"));
            facts.set(
                "sysctl.kernel.ftrace_enabled",
                Fact::known(*ftrace, "/proc/sys"),
            );
            facts.set(
                "btf.vmlinux",
                Fact::known("present", "/sys/kernel/btf/vmlinux"),
            );
            if *options {
                let config = KernelConfig::from_bytes(BUILT.as_bytes(), "/boot/config");
                facts.set_config(config);
            }
            let findings = diagnose(&catalogue, &facts, &outcomes(told));
            let found = findings.iter().find(|finding| finding.check == *check);
            let found = found.unwrap();
            assert_eq!(
                found.status, *status,
                "{arch} {ftrace} {told:?}: {found:#?}"
            );
            assert!(found.because.contains(words), "{arch} {told:?}: {found:#?}");
        }
    }

    #[test]
    fn where_the_setting_asks_for_more_than_a_capability_the_advice_is_the_setting() {
        let catalogue = crate::built_in_catalogue().unwrap();
        for (capabilities, flavour, level, told, words) in [
            (
                &["BPF"][..],
                "debian",
                3,
                "perf-event-open create EACCES",
                "asks for CAP_SYS_ADMIN",
            ),
            (
                TRACING,
                "debian",
                3,
                "perf-event-open create EACCES",
                "asks for CAP_SYS_ADMIN",
            ),
            (
                &["BPF"][..],
                "mainline",
                3,
                "perf-event-kernel create EACCES",
                "without CAP_PERFMON",
            ),
            (
                &["BPF"][..],
                "mainline",
                1,
                "perf-event-cpu create EACCES",
                "paranoid is 1",
            ),
        ] {
            let mut facts = process(capabilities, "disabled");
            facts.set("kernel.flavour", Fact::known(flavour, "uname"));
            facts.set(
                "sysctl.kernel.perf_event_paranoid",
                Fact::known(level, "/proc"),
            );
            let findings = diagnose(&catalogue, &facts, &outcomes(&[told]));
            let finding = findings
                .iter()
                .find(|finding| finding.check == "perf-event-paranoid");
            let finding = finding.unwrap();
            assert!(
                finding.because.contains(words),
                "{level}: {}",
                finding.because
            );
            let first = &finding.fixes[0];
            let lowers = first
                .commands
                .iter()
                .any(|line| line.contains("perf_event_paranoid="));
            assert!(lowers, "{level}: {first:?}");
        }
    }
}
