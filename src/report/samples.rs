//! A small report with one finding of each kind, for the tests of renderings.

use super::{Origin, Report, Threshold};
use crate::diagnosis::{
    Area, Evidence, Finding, Lack, Needs, ProfileFinding, RenderedFix, Severity, Status,
};
use crate::facts::{Fact, Facts};
use crate::labels::Labels;
use crate::probes::{Outcome, Stage};

/// The areas of its findings.
pub(super) fn areas() -> Vec<Area> {
    let area = |id: &str| Area {
        id: id.to_owned(),
        title: format!("Title of {id}"),
    };
    vec![area("maps"), area("btf"), area("empty")]
}

/// A report, judged by errors.
pub(super) fn report() -> Report {
    let mut facts = Facts::default();
    for (key, value) in [
        ("environment.hostname", "web-17"),
        ("kernel.release", "5.10.0-32-amd64"),
        ("kernel.version", "5.10.218"),
        ("kernel.arch", "x86_64"),
        ("os.id", "debian"),
        ("os.name", "Debian \"11\""),
    ] {
        facts.set(key, Fact::known(value, "a file"));
    }
    facts.set("privilege.euid", Fact::known(0_i64, "a file"));
    let origin = Origin {
        version: "0".to_owned(),
        catalogue: "digest".to_owned(),
        generated_at: "2026-01-01T00:00:00Z".to_owned(),
    };
    let findings = vec![
        Finding {
            evidence: vec![
                Evidence::Probe {
                    probe: "p".to_owned(),
                    outcome: Outcome::Fails {
                        stage: Stage::Create,
                        errno: "EINVAL".to_owned(),
                        call: String::new(),
                        log: "a log".to_owned(),
                    },
                    disagrees: false,
                    against: Vec::new(),
                },
                Evidence::Fact {
                    fact: "f".to_owned(),
                    known: Fact::known("y", "/boot/config"),
                    disagrees: true,
                    against: vec!["probe p fails at create with EINVAL".to_owned()],
                    asked: Vec::new(),
                },
            ],
            fixes: vec![RenderedFix {
                kind: "sysctl".to_owned(),
                summary: "Set it & see".to_owned(),
                commands: vec!["sysctl -w a.b=1 <x".to_owned()],
                needs: Needs::Reboot,
                risk: None,
                by_hand: None,
                undo: Vec::new(),
                verify: "bpf-doctor check --only fails-badly".to_owned(),
                only_on: None,
            }],
            ..finding("fails-badly", "maps", Status::Fail, Severity::Error)
        },
        finding("fails-a-little", "maps", Status::Fail, Severity::Warning),
        finding("worth-knowing", "btf", Status::Fail, Severity::Info),
        finding("not-known", "btf", Status::Unknown, Severity::Error),
        finding(
            "not-known-either",
            "btf",
            Status::Unknown,
            Severity::Warning,
        ),
        finding("fine", "btf", Status::Ok, Severity::Error),
        finding("moot", "maps", Status::NotApplicable, Severity::Error),
    ];
    let lack = Lack {
        id: None,
        need: "a need".to_owned(),
        lacking: None,
        check: None,
        because: "not <there>".to_owned(),
        needed_for: None,
        evidence: Vec::new(),
        fixes: Vec::new(),
    };
    let profile = |profile: &str, missing: Vec<Lack>, unknown: Vec<Lack>| ProfileFinding {
        profile: profile.to_owned(),
        title: format!("The {profile}"),
        missing_required: missing,
        missing_optional: Vec::new(),
        unknown,
        left_to_host: Vec::new(),
        unknown_optional: Vec::new(),
    };
    let profiles = vec![
        profile("first", Vec::new(), Vec::new()),
        profile("second", vec![lack.clone()], Vec::new()),
        profile("third", Vec::new(), vec![lack]),
    ];
    let mut labels = Labels::default();
    for label in ["role=web", "example.com/site=\"fra\" \\ 1"] {
        labels.add(label).unwrap();
    }
    Report::new(origin, findings, Threshold::Error, Vec::new(), facts)
        .with_labels(labels)
        .with_profiles(profiles, &["second".to_owned()], Threshold::Error)
}

fn finding(check: &str, area: &str, status: Status, severity: Severity) -> Finding {
    Finding {
        check: check.to_owned(),
        area: area.to_owned(),
        status,
        severity,
        title: format!("Title of \"{check}\""),
        because: "Because <it> is so".to_owned(),
        evidence: Vec::new(),
        fixes: Vec::new(),
    }
}
