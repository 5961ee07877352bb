//! Kernels that run nowhere: what they leave to the host that will run them.

use super::finding::{Evidence, Finding, Status, sort};
use super::judge::NO_PROCESS;
use crate::catalogue::Severity;
use crate::facts::Facts;

/// Whether a question that is not answered by this evidence is one of the host that will run the
/// kernel: of mounts, rights, settings, tools. What an experiment would tell of the kernel is none.
pub(super) fn is_left_to_the_host(facts: &Facts, evidence: &[Evidence]) -> bool {
    if !facts.of_a_kernel_at_rest() {
        return false;
    }
    let untold = evidence.iter().filter_map(|piece| match piece {
        Evidence::Fact { fact, known, .. } => known.value().is_none().then_some(fact.as_str()),
        Evidence::Probe { .. } => None,
    });
    let untold: Vec<&str> = untold.collect();
    let is_probe = |piece: &Evidence| matches!(piece, Evidence::Probe { .. });
    evidence.iter().all(Evidence::is_unasked)
        && !untold.iter().any(|key| Facts::is_of_the_kernel(key))
        && (!untold.is_empty() || evidence.iter().all(is_probe))
}

/// The findings that were asked for, with what is left to the host: it is no lack of this kernel,
/// and something to look at where it runs. Where nothing was asked that the kernel decides, it is
/// the question itself, and stays as open as it is.
#[must_use]
pub fn leave_to_the_host(mut findings: Vec<Finding>, facts: &Facts) -> Vec<Finding> {
    let is_answer = |finding: &Finding| matches!(finding.status, Status::Ok | Status::Fail);
    if !findings.iter().any(is_answer) {
        // Where that was all of the question, nothing was judged, and it can't have come out well.
        for finding in &mut findings {
            if finding.status == Status::NotApplicable && finding.because == NO_PROCESS {
                finding.status = Status::Unknown;
            }
        }
        sort(&mut findings);
        return findings;
    }
    for finding in &mut findings {
        let is_open = finding.status == Status::Unknown;
        if is_open && is_left_to_the_host(facts, &finding.evidence) {
            finding.severity = finding.severity.min(Severity::Warning);
        }
    }
    sort(&mut findings);
    findings
}
