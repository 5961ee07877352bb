//! A report as its bytes have it: what is asked of one, and nothing else.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::diagnosis::{RenderedFix, Severity, Status};
use crate::report::{Selected, Summary, Tool, Verdict};

/// What is asked of a report. Everything that every report has must be there and have its
/// shape; facts, outcomes and evidence must only be YAML or JSON.
#[derive(Deserialize)]
pub(super) struct Raw {
    schema: String,
    tool: Tool,
    generated_at: String,
    host: RawHost,
    verdict: Verdict,
    summary: Summary,
    #[serde(default)]
    selection: Option<Selected>,
    #[serde(default)]
    demanded: Option<Vec<String>>,
    #[serde(default)]
    profiles: Vec<RawProfile>,
    pub(super) findings: Vec<RawFinding>,
    #[serde(rename = "probes")]
    _probes: Vec<IgnoredAny>,
    #[serde(rename = "facts")]
    _facts: BTreeMap<String, IgnoredAny>,
    pub(super) complete: bool,
}

/// The part of a report before its findings.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RawHead {
    pub(super) schema: String,
    pub(super) tool: Tool,
    pub(super) generated_at: String,
    pub(super) host: RawHost,
    pub(super) verdict: Verdict,
    pub(super) summary: Summary,
    #[serde(default)]
    pub(super) selection: Option<Selected>,
    #[serde(default)]
    pub(super) demanded: Option<Vec<String>>,
    #[serde(default)]
    pub(super) profiles: Vec<RawProfile>,
}

impl RawHead {
    /// Whether this software must run; where none must, one suffices. Reports that do not say
    /// so tell it by a verdict that is better than that of their worst software.
    pub(super) fn demands(&self, profile: &RawProfile) -> bool {
        let told = |verdict| self.profiles.iter().any(|one| one.verdict == verdict);
        match &self.demanded {
            Some(demanded) => demanded.contains(&profile.profile),
            None => match self.verdict {
                Verdict::Ready => !told(Verdict::NotReady) && !told(Verdict::Undetermined),
                Verdict::Undetermined => !told(Verdict::NotReady),
                Verdict::NotReady => true,
            },
        }
    }
}

impl Raw {
    pub(super) fn into_parts(self) -> (RawHead, Vec<RawFinding>) {
        let head = RawHead {
            schema: self.schema,
            tool: self.tool,
            generated_at: self.generated_at,
            host: self.host,
            verdict: self.verdict,
            summary: self.summary,
            selection: self.selection,
            demanded: self.demanded,
            profiles: self.profiles,
        };
        (head, self.findings)
    }
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct RawHost {
    pub(super) hostname: Option<String>,
    #[serde(default)]
    pub(super) machine_id: Option<String>,
    pub(super) kernel: crate::report::Kernel,
    pub(super) arch: Option<String>,
    pub(super) os: crate::report::Os,
    pub(super) environment: crate::report::Environment,
    #[serde(default)]
    pub(super) labels: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct RawProfile {
    pub(super) profile: String,
    pub(super) title: String,
    pub(super) verdict: Verdict,
    pub(super) missing_required: Vec<RawLack>,
    pub(super) missing_optional: Vec<RawLack>,
    pub(super) unknown: Vec<RawLack>,
    #[serde(rename = "unknown-optional")]
    _unknown_optional: Vec<RawLack>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct RawLack {
    #[serde(default)]
    pub(super) id: Option<String>,
    pub(super) need: String,
    #[serde(default)]
    pub(super) check: Option<String>,
    pub(super) because: String,
    #[serde(default)]
    pub(super) fixes: Vec<RenderedFix>,
}

/// A finding without what it rests on.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RawFinding {
    pub(super) check: String,
    pub(super) area: String,
    pub(super) status: Status,
    pub(super) severity: Severity,
    pub(super) title: String,
    pub(super) because: String,
    #[serde(default, rename = "evidence")]
    _evidence: Vec<IgnoredAny>,
    #[serde(default)]
    pub(super) fixes: Vec<RenderedFix>,
}
