//! The doctor's report, as far as the bench looks at it, and whether it agrees
//! with itself.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bpf_doctor::catalogue::{Catalogue, Severity};
use bpf_doctor::probes::{Outcome, ProbeResult};
use serde::Deserialize;

use crate::guest::DOCTOR_LIMIT;

/// `bpf-doctor/report/v1`; unknown keys may be added to it.
#[derive(Debug, Deserialize)]
pub struct Report {
    pub schema: String,
    #[serde(default)]
    pub tool: Tool,
    /// RFC 3339, in UTC.
    #[serde(default)]
    pub generated_at: String,
    #[serde(default)]
    pub host: Host,
    pub verdict: String,
    pub summary: BTreeMap<String, usize>,
    pub findings: Vec<Finding>,
    #[serde(default)]
    pub probes: Vec<ProbeResult>,
    /// The last line of a whole report.
    #[serde(default)]
    pub complete: bool,
}

#[derive(Debug, Default, Deserialize)]
pub struct Tool {
    #[serde(default)]
    pub catalogue: String,
}

/// What the bench knows of a guest.
#[derive(Debug, Clone, Copy)]
pub struct Guest<'a> {
    /// What init said before the doctor ran.
    pub setup: &'a str,
    /// The release of the kernel that was booted.
    pub release: &'a str,
    /// Its name.
    pub host: &'a str,
    /// Whom the doctor ran as, where that is sure.
    pub euid: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Host {
    #[serde(default)]
    pub hostname: String,
    #[serde(default)]
    pub kernel: Kernel,
    #[serde(default)]
    pub environment: Environment,
}

#[derive(Debug, Default, Deserialize)]
pub struct Kernel {
    pub release: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Environment {
    pub euid: Option<u32>,
}

#[derive(Debug, Deserialize)]
pub struct Finding {
    pub check: String,
    pub status: Status,
    pub severity: String,
    #[serde(default)]
    pub because: String,
    #[serde(default)]
    pub evidence: Vec<serde_yaml::Value>,
    #[serde(default)]
    pub fixes: Vec<serde_yaml::Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Ok,
    Fail,
    Unknown,
    NotApplicable,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::NotApplicable => "not-applicable",
        }
    }
}

/// `works`, `skipped`, `fails EINVAL`.
pub fn short(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Works => "works".to_owned(),
        Outcome::Skipped { .. } => "skipped".to_owned(),
        Outcome::Fails { errno, .. } => format!("fails {errno}").trim_end().to_owned(),
    }
}

impl Report {
    /// What shows that this is the report of another guest, kernel or user, or of another time.
    pub fn strangeness(&self, guest: &Guest) -> Vec<String> {
        let mut problems = Vec::new();
        let mut lines = guest.setup.lines();
        let release = lines.next().and_then(|line| line.split_whitespace().nth(2));
        if release != Some(guest.release) {
            problems.push(format!(
                "the guest runs {release:?}, and {} was to be booted",
                guest.release
            ));
        }
        let told = self.host.kernel.release.as_deref();
        if told != Some(guest.release) {
            problems.push(format!(
                "the report is of kernel {told:?}, and the guest runs {}",
                guest.release
            ));
        }
        if self.host.hostname != guest.host {
            problems.push(format!(
                "the report is of host {}, and the guest is {}",
                self.host.hostname, guest.host
            ));
        }
        let time = |text: &str| humantime::parse_rfc3339(text).ok();
        let begun = time(lines.last().unwrap_or_default());
        let latest = begun.map(|begun| begun + Duration::from_secs(DOCTOR_LIMIT.into()));
        let made = time(&self.generated_at);
        if begun.is_none() || made < begun || made > latest {
            problems.push(format!(
                "the report is of {:?}, and the doctor ran after {begun:?}",
                self.generated_at
            ));
        }
        if guest.euid.is_some() && self.host.environment.euid != guest.euid {
            problems.push(format!(
                "the report is of user {:?}, and the doctor ran as {:?}",
                self.host.environment.euid, guest.euid
            ));
        }
        problems
    }

    /// What is not as this catalogue has it: a doctor of another tree, or one that makes light
    /// of a failure.
    pub fn foreign_to(&self, catalogue: &Catalogue) -> Vec<String> {
        let mut problems = Vec::new();
        if self.tool.catalogue != catalogue.digest {
            problems.push(format!(
                "the doctor judges by catalogue {}, and this tree has {}: build it again",
                self.tool.catalogue, catalogue.digest
            ));
        }
        for finding in &self.findings {
            let check = catalogue
                .checks
                .iter()
                .find(|check| check.id == finding.check);
            let Some(check) = check else { continue };
            // A cause may weigh more, or less, than its check.
            let of_causes = check.causes.iter().filter_map(|cause| cause.severity);
            // An open question weighs what its worst cause would, and is a warning at least.
            let open = (finding.status == Status::Unknown).then_some(Severity::Warning);
            let mut known = of_causes.chain([check.severity]).chain(open);
            if known.all(|severity| severity.to_string() != finding.severity) {
                problems.push(format!(
                    "{} is told as {}, and is {}",
                    finding.check, finding.severity, check.severity
                ));
            }
        }
        problems
    }

    /// Which of these checks and probes the report leaves out, and which it makes up.
    pub fn gaps<'a>(
        &self,
        checks: impl Iterator<Item = &'a str>,
        probes: impl Iterator<Item = &'a str>,
    ) -> Vec<String> {
        let differences = |what: &str, wanted: BTreeSet<&str>, told: BTreeSet<&str>| {
            let missing = wanted.difference(&told);
            let missing = missing.map(|id| format!("the report has no {what} {id}"));
            let made_up = told.difference(&wanted);
            let made_up =
                made_up.map(|id| format!("the report has a {what} {id}, and there is none"));
            missing.chain(made_up).collect::<Vec<_>>()
        };
        let told = self.findings.iter().map(|finding| finding.check.as_str());
        let mut gaps = differences("finding", checks.collect(), told.collect());
        let told = self.probes.iter().map(|probe| probe.probe.as_str());
        gaps.extend(differences("probe", probes.collect(), told.collect()));
        gaps
    }

    /// What is wrong with the report whatever the host is like.
    pub fn contradictions(&self, exit: &str) -> Vec<String> {
        let mut problems = Vec::new();
        if !self.complete {
            problems.push("the report does not say that it is complete".to_owned());
        }
        for (at, probe) in self.probes.iter().enumerate() {
            let mut before = self.probes.iter().take(at);
            if before.any(|other| other.probe == probe.probe) {
                problems.push(format!("probe {} is told twice", probe.probe));
            }
        }
        if self.schema != "bpf-doctor/report/v1" {
            problems.push(format!("schema is {}", self.schema));
        }
        if self.findings.is_empty() {
            problems.push("the report has no findings".to_owned());
        }
        for (at, finding) in self.findings.iter().enumerate() {
            if self
                .findings
                .iter()
                .take(at)
                .any(|other| other.check == finding.check)
            {
                problems.push(format!("{} has two findings", finding.check));
            }
            if finding.status == Status::Fail && finding.because.is_empty() {
                problems.push(format!("{} fails without a because", finding.check));
            }
            if finding.status == Status::Fail && finding.evidence.is_empty() {
                problems.push(format!("{} fails without evidence", finding.check));
            }
            if finding.status == Status::Fail && finding.fixes.is_empty() {
                problems.push(format!("{} fails without a fix", finding.check));
            }
        }
        for status in [
            Status::Ok,
            Status::Fail,
            Status::Unknown,
            Status::NotApplicable,
        ] {
            let counted = self
                .findings
                .iter()
                .filter(|finding| finding.status == status)
                .count();
            let said = self.summary.get(status.name()).copied().unwrap_or(0);
            if counted != said {
                problems.push(format!(
                    "summary says {said} {}, there are {counted}",
                    status.name()
                ));
            }
        }
        let has = |status| {
            self.findings
                .iter()
                .any(|finding| finding.status == status && finding.severity == "error")
        };
        let (verdict, code) = if has(Status::Fail) {
            ("not-ready", "1")
        } else if has(Status::Unknown) {
            ("undetermined", "3")
        } else {
            ("ready", "0")
        };
        if self.verdict != verdict {
            problems.push(format!(
                "verdict is {}, the findings make it {verdict}",
                self.verdict
            ));
        }
        if exit != code {
            problems.push(format!(
                "exit status is {exit}, the findings make it {code}"
            ));
        }
        problems
    }
}
