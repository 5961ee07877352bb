//! The report's types, and how findings become a verdict.

use serde::{Deserialize, Serialize};

use super::profiles::ProfileReport;
use crate::diagnosis::{Finding, Severity, Status};
use crate::facts::Facts;
use crate::labels::Labels;
use crate::probes::ProbeResult;

/// The name and version of the report's shape. Keys keep their meaning within a version;
/// new keys may be added.
pub const SCHEMA: &str = "bpf-doctor/report/v1";

/// Whether the host is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing that counts fails.
    Ready,
    /// Something that counts fails.
    NotReady,
    /// Nothing fails, but an `error` check that applies is unknown.
    Undetermined,
}

/// From which severity on a failing check makes a host not ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Threshold {
    /// Errors count.
    #[default]
    Error,
    /// Errors and warnings count.
    Warning,
    /// Nothing counts.
    Never,
    /// Errors, warnings and what is unknown count.
    Strict,
}

/// What a finding does to the verdict; the strongest decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bearing {
    /// Nothing.
    None,
    /// It leaves the verdict open.
    Open,
    /// It makes the host not ready.
    Against,
}

impl Threshold {
    /// What a finding does to the verdict.
    #[must_use]
    pub fn bearing(self, finding: &Finding) -> Bearing {
        let least = match self {
            Self::Never => return Bearing::None,
            Self::Error => Severity::Error,
            Self::Warning | Self::Strict => Severity::Warning,
        };
        match finding.status {
            Status::Fail if finding.severity >= least => Bearing::Against,
            Status::Unknown if self == Self::Strict && finding.severity >= least => {
                Bearing::Against
            }
            Status::Unknown if finding.severity == Severity::Error => Bearing::Open,
            Status::Ok | Status::Fail | Status::Unknown | Status::NotApplicable => Bearing::None,
        }
    }
}

impl Verdict {
    /// The verdict over these findings.
    #[must_use]
    pub fn of(findings: &[Finding], threshold: Threshold) -> Self {
        let bearings = findings.iter().map(|finding| threshold.bearing(finding));
        match bearings.max().unwrap_or(Bearing::None) {
            Bearing::None => Self::Ready,
            Bearing::Open => Self::Undetermined,
            Bearing::Against => Self::NotReady,
        }
    }

    /// Its name in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::NotReady => "not-ready",
            Self::Undetermined => "undetermined",
        }
    }

    /// The exit status of `check`.
    #[must_use]
    pub fn exit_status(self) -> u8 {
        match self {
            Self::Ready => 0,
            Self::NotReady => 1,
            Self::Undetermined => 3,
        }
    }
}

/// How many checks came to which answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Summary {
    /// Checks without a failure.
    pub ok: usize,
    /// Failing checks, of whatever severity.
    pub fail: usize,
    /// Checks without an answer.
    pub unknown: usize,
    /// Checks that make no sense here.
    pub not_applicable: usize,
}

impl Summary {
    fn of(findings: &[Finding]) -> Self {
        let count = |status| findings.iter().filter(|f| f.status == status).count();
        Self {
            ok: count(Status::Ok),
            fail: count(Status::Fail),
            unknown: count(Status::Unknown),
            not_applicable: count(Status::NotApplicable),
        }
    }
}

/// The program and the catalogue that judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// `bpf-doctor`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The catalogue's digest.
    pub catalogue: String,
}

/// The kernel a report speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kernel {
    /// Its release, as `uname -r` says it.
    pub release: Option<String>,
    /// The mainline version it is built from.
    pub version: Option<String>,
}

/// The distribution a report speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Os {
    /// Its `ID` in os-release.
    pub id: Option<String>,
    /// Its `VERSION_ID`.
    pub version_id: Option<String>,
    /// Its name for people.
    pub name: Option<String>,
}

/// What surrounded the doctor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// The container runtime, or `none`.
    pub container: Option<String>,
    /// The hypervisor, or `none`.
    pub virtualization: Option<String>,
    /// The effective user id.
    pub euid: Option<i64>,
}

/// The host a report speaks of; `null` is what isn't known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Its name.
    pub hostname: Option<String>,
    /// What tells it from all others: 32 hexadecimal digits made of its machine id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine_id: Option<String>,
    /// Its kernel.
    pub kernel: Kernel,
    /// Its machine, e.g. `x86_64`.
    pub arch: Option<String>,
    /// Its distribution.
    pub os: Os,
    /// What surrounded the doctor.
    pub environment: Environment,
    /// What whoever ran the doctor said of the host, to group hosts by.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
}

impl Host {
    fn of(facts: &Facts) -> Self {
        Self {
            hostname: facts.text("environment.hostname"),
            machine_id: facts
                .text("environment.machine-id")
                // Not what redaction puts in its place: it is the same for all hosts.
                .filter(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())),
            kernel: Kernel {
                release: facts.text("kernel.release"),
                version: facts.text("kernel.version"),
            },
            arch: facts.text("kernel.arch"),
            os: Os {
                id: facts.text("os.id"),
                version_id: facts.text("os.version-id"),
                name: facts.text("os.name"),
            },
            environment: Environment {
                container: facts.text("environment.container"),
                virtualization: facts.text("environment.virtualization"),
                euid: facts.number("privilege.euid"),
            },
            labels: Labels::default(),
        }
    }
}

/// Where and when a report comes from, beyond the host itself.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The program's version.
    pub version: String,
    /// The catalogue's digest.
    pub catalogue: String,
    /// When it was made, RFC 3339.
    pub generated_at: String,
}

/// Which checks were asked for, where it was not all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Selected {
    /// These checks and areas alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// All but these checks and areas.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skip: Vec<String>,
}

/// A diagnosis, complete: what was found, and what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// Who judged.
    pub tool: Tool,
    /// When, RFC 3339.
    pub generated_at: String,
    /// The file of the host that told when, where it was not the clock of who judged or packed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dated_by: Option<String>,
    /// Whom.
    pub host: Host,
    /// The verdict.
    pub verdict: Verdict,
    /// The tally.
    pub summary: Summary,
    /// Which checks were asked for, if not all: of the others this report says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<Selected>,
    /// The software that must run, all of it; where profiles are told and none is named here,
    /// the question was which will run, and one suffices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub demanded: Option<Vec<String>>,
    /// The software that was asked for, and what it lacks; decides the verdict, if any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<ProfileReport>,
    /// One finding per check.
    pub findings: Vec<Finding>,
    /// One outcome per probe.
    pub probes: Vec<ProbeResult>,
    /// What was known: enough to judge again with another catalogue.
    pub facts: Facts,
    /// Always true, and the last key: a report without it was cut off on its way.
    pub complete: bool,
}

impl Report {
    /// Joins findings with what they rest on, and decides the verdict.
    #[must_use]
    pub fn new(
        origin: Origin,
        findings: Vec<Finding>,
        threshold: Threshold,
        probes: Vec<ProbeResult>,
        facts: Facts,
    ) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            tool: Tool {
                name: "bpf-doctor".to_owned(),
                version: origin.version,
                catalogue: origin.catalogue,
            },
            generated_at: origin.generated_at,
            dated_by: None,
            host: Host::of(&facts),
            verdict: Verdict::of(&findings, threshold),
            summary: Summary::of(&findings),
            selection: None,
            demanded: None,
            profiles: Vec::new(),
            findings,
            probes,
            facts,
            complete: true,
        }
    }

    /// Whether nothing is against the host but what is not known, and all of that because nobody
    /// looked: no experiment was made, and the files it is known from tell nothing of it.
    #[must_use]
    pub fn is_open_unasked(&self) -> bool {
        let fails = |finding: &Finding| {
            finding.status == Status::Fail && finding.severity >= Severity::Warning
        };
        let open = |finding: &&Finding| finding.status == Status::Unknown;
        let needs = self.profiles.iter();
        let mut lacks =
            needs.flat_map(|one| one.missing_required.iter().chain(&one.missing_optional));
        self.verdict == Verdict::Undetermined
            && self.probes.is_empty()
            && lacks.next().is_none()
            && !self.findings.iter().any(fails)
            && self.findings.iter().filter(open).all(Finding::is_unasked)
    }

    /// Whether nothing is against a kernel that runs nowhere, and something is left to the host
    /// that will run it.
    pub(super) fn would_do(&self) -> bool {
        let mut profiles = self.profiles.iter();
        let is_left = profiles.any(|one| !one.left_to_host.is_empty());
        let is_judged = self.summary.ok > 0 || !self.profiles.is_empty();
        self.verdict == Verdict::Ready
            && self.facts.of_a_kernel_at_rest()
            && is_judged
            && (is_left || self.summary.unknown > 0)
    }

    /// What one of its findings does to the verdict. Where profiles decided, a finding does
    /// no more than they did.
    #[must_use]
    pub fn bearing(&self, finding: &Finding, threshold: Threshold) -> Bearing {
        let bearing = threshold.bearing(finding);
        let most = match self.verdict {
            Verdict::Ready => Bearing::None,
            Verdict::Undetermined => Bearing::Open,
            Verdict::NotReady => Bearing::Against,
        };
        if bearing > most {
            Bearing::None
        } else {
            bearing
        }
    }

    /// The report of these checks alone, or without those.
    #[must_use]
    pub fn with_selection(mut self, only: &[String], skip: &[String]) -> Self {
        self.selection = (!only.is_empty() || !skip.is_empty()).then(|| Selected {
            only: only.to_vec(),
            skip: skip.to_vec(),
        });
        self
    }

    /// The report with the file that told its time.
    #[must_use]
    pub fn with_date_of(mut self, file: Option<String>) -> Self {
        self.dated_by = file;
        self
    }

    /// The report with these labels on its host.
    #[must_use]
    pub fn with_labels(mut self, labels: Labels) -> Self {
        self.host.labels = labels;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(status: Status, severity: Severity) -> Finding {
        Finding {
            check: "c".to_owned(),
            area: "a".to_owned(),
            status,
            severity,
            title: String::new(),
            because: String::new(),
            evidence: Vec::new(),
            fixes: Vec::new(),
        }
    }

    #[test]
    fn verdicts() {
        use Severity::{Error, Info, Warning};
        use Status::{Fail, NotApplicable, Ok, Unknown};
        use Threshold::{Never, Strict};
        use Verdict::{NotReady, Ready, Undetermined};
        let rows = [
            (Ok, Error, [Ready, Ready, Ready, Ready]),
            (NotApplicable, Error, [Ready, Ready, Ready, Ready]),
            (Fail, Error, [NotReady, NotReady, Ready, NotReady]),
            (Fail, Warning, [Ready, NotReady, Ready, NotReady]),
            (Fail, Info, [Ready, Ready, Ready, Ready]),
            (
                Unknown,
                Error,
                [Undetermined, Undetermined, Ready, NotReady],
            ),
            (Unknown, Warning, [Ready, Ready, Ready, NotReady]),
            (Unknown, Info, [Ready, Ready, Ready, Ready]),
        ];
        for (status, severity, expected) in rows {
            let findings = [finding(Ok, Error), finding(status, severity)];
            let verdicts = [Threshold::Error, Threshold::Warning, Never, Strict]
                .map(|threshold| Verdict::of(&findings, threshold));
            assert_eq!(verdicts, expected, "{status:?} {severity}");
        }
        let both = [finding(Unknown, Error), finding(Fail, Error)];
        assert_eq!(Verdict::of(&both, Threshold::Error), NotReady);
    }
}
