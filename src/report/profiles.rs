//! Which software will run on the host: the part of a report that profiles add, and its text.

use serde::{Deserialize, Serialize};

use super::model::{Report, Threshold, Verdict};
use super::style::{Detail, Style, clean};
use crate::diagnosis::{Lack, ProfileFinding};

/// Whether a piece of software will run on the host, and what it lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ProfileReport {
    /// The profile's id.
    pub profile: String,
    /// The software's name.
    pub title: String,
    /// Whether it will run.
    pub verdict: Verdict,
    /// Required, and not there.
    pub missing_required: Vec<Lack>,
    /// Optional, and not there.
    pub missing_optional: Vec<Lack>,
    /// Required, and not known to be there.
    pub unknown: Vec<Lack>,
    /// Optional, and not known to be there.
    pub unknown_optional: Vec<Lack>,
}

impl ProfileReport {
    fn new(finding: ProfileFinding, threshold: Threshold) -> Self {
        let missing = !finding.missing_required.is_empty();
        let optional = !finding.missing_optional.is_empty();
        let open = !finding.unknown.is_empty();
        let verdict = match threshold {
            Threshold::Never => Verdict::Ready,
            _ if missing => Verdict::NotReady,
            Threshold::Warning | Threshold::Strict if optional => Verdict::NotReady,
            Threshold::Strict if open => Verdict::NotReady,
            _ if open => Verdict::Undetermined,
            _ => Verdict::Ready,
        };
        Self {
            profile: finding.profile,
            title: finding.title,
            verdict,
            missing_required: finding.missing_required,
            missing_optional: finding.missing_optional,
            unknown: finding.unknown,
            unknown_optional: finding.unknown_optional,
        }
    }
}

impl Report {
    /// The report with these profiles, which decide the verdict from now on: those that are
    /// demanded must all run. Where none is, the question was which will, and one suffices;
    /// under [`Threshold::Strict`] all must.
    #[must_use]
    pub fn with_profiles(
        self,
        findings: Vec<ProfileFinding>,
        demanded: &[String],
        threshold: Threshold,
    ) -> Self {
        let profiles: Vec<ProfileReport> = findings
            .into_iter()
            .map(|finding| ProfileReport::new(finding, threshold))
            .collect();
        let all = demanded.is_empty();
        let counted = profiles.iter();
        let counted: Vec<Verdict> = counted
            .filter(|one| all || demanded.contains(&one.profile))
            .map(|one| one.verdict)
            .collect();
        let order = match all && threshold != Threshold::Strict {
            true => [Verdict::Ready, Verdict::Undetermined, Verdict::NotReady],
            false => [Verdict::NotReady, Verdict::Undetermined, Verdict::Ready],
        };
        let verdict = order.into_iter().find(|verdict| counted.contains(verdict));
        Self {
            verdict: verdict.unwrap_or(Verdict::Ready),
            demanded: Some(demanded.to_vec()),
            profiles,
            ..self
        }
    }
}

impl Report {
    /// Whether all that this software lacks comes with a package, by the first fix of each
    /// finding, and nothing else is open: then it runs once that is installed.
    fn wants_packages_alone(&self, one: &ProfileReport) -> bool {
        let in_package = |lack: &Lack| {
            let mut findings = self.findings.iter();
            let finding = findings.find(|finding| lack.check.as_ref() == Some(&finding.check));
            let fix = finding.and_then(|finding| finding.fixes.first());
            fix.is_some_and(|fix| fix.kind == "package")
        };
        let lacks = &one.missing_required;
        one.unknown.is_empty() && !lacks.is_empty() && lacks.iter().all(in_package)
    }
}

/// One line for each profile: whether the software will run, and if not, why.
#[must_use]
pub fn profiles_text(report: &Report, style: Style) -> String {
    let mut out = String::new();
    let width = report.profiles.iter().map(|one| one.title.chars().count());
    let width = width.max().unwrap_or(0);
    for one in &report.profiles {
        if style.detail == Detail::Quiet && one.verdict == Verdict::Ready {
            continue;
        }
        let pick = |unicode: &'static str, ascii: &'static str| match style.unicode {
            true => unicode,
            false => ascii,
        };
        let (mark, word) = match one.verdict {
            Verdict::Ready => (style.green(pick("[✓]", "[+]")), "runs"),
            Verdict::NotReady => {
                let packages = report.wants_packages_alone(one);
                let word = if packages { "not yet" } else { "does not" };
                (style.red(pick("[✗]", "[x]")), word)
            }
            Verdict::Undetermined => (style.yellow("[?]"), "not known"),
        };
        let lacks: Vec<&Lack> = one.missing_required.iter().collect();
        let (lacks, before) = match one.verdict {
            Verdict::Undetermined => (one.unknown.iter().collect(), ""),
            Verdict::NotReady if lacks.is_empty() => {
                (one.missing_optional.iter().collect(), "without: ")
            }
            Verdict::NotReady => (lacks, ""),
            Verdict::Ready => (one.missing_optional.iter().collect(), "without: "),
        };
        let title = clean(&one.title);
        let pad = width.saturating_sub(title.chars().count());
        let line = format!("{mark} {title}{:pad$}  {word:<9}", "");
        out.push_str(line.trim_end());
        if !lacks.is_empty() {
            out.push_str(&format!("  {before}{}", in_a_line(&lacks)));
        }
        out.push('\n');
    }
    let count = |verdict, not_yet| {
        let ones = report.profiles.iter().filter(|one| {
            one.verdict == verdict
                && (verdict != Verdict::NotReady || report.wants_packages_alone(one) == not_yet)
        });
        ones.count()
    };
    let sums = [
        (count(Verdict::Ready, false), "will run here"),
        (
            count(Verdict::NotReady, true),
            "once a package is installed",
        ),
        (count(Verdict::NotReady, false), "will not"),
        (count(Verdict::Undetermined, false), "not known"),
    ];
    let sums: Vec<String> = sums
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    out.push_str(&format!("\n{}", sums.join(", ")));
    // Whose lacks and fixes are worth a look: the first that does not run.
    let other = report.profiles.iter();
    let other = other
        .filter(|one| one.verdict != Verdict::Ready)
        .map(|one| one.profile.as_str());
    if let Some(name) = other.clone().next() {
        let line = format!(
            "; what one lacks, and the fixes: bpf-doctor check --profile {}",
            clean(name)
        );
        out.push_str(&style.dim(&line));
    }
    out.push('\n');
    style.plain(&out)
}

/// The first lacks, as many as a line has room for.
fn in_a_line(lacks: &[&Lack]) -> String {
    const ROOM: usize = 100;
    let mut line = String::new();
    for (index, lack) in lacks.iter().enumerate() {
        let told = match &lack.check {
            Some(check) => format!("{} ({})", clean(&lack.need), clean(check)),
            None => clean(&lack.need),
        };
        if index > 0 && line.chars().count() + told.chars().count() > ROOM {
            line.push_str(&format!("; and {} more", lacks.len() - index));
            break;
        }
        if index > 0 {
            line.push_str("; ");
        }
        line.push_str(&told);
    }
    line
}

/// What a profile lacks, in full, for the end of a report.
pub(super) fn in_full(one: &ProfileReport, style: Style) -> Vec<String> {
    let groups = [
        ("missing", &one.missing_required),
        ("optional", &one.missing_optional),
        ("unknown", &one.unknown),
        ("unknown, optional", &one.unknown_optional),
    ];
    let mut lines = Vec::new();
    for (label, lacks) in groups {
        for lack in lacks {
            let check = lack.check.as_ref();
            let check = check.map_or(String::new(), |id| format!("  {}", style.dim(&clean(id))));
            let label = style.dim(&format!("{label:<18}"));
            lines.push(format!("  {label} {}{check}", clean(&lack.need)));
            let more = |text: &str| format!("  {:<18} {}", "", clean(text));
            if let Some(what) = &lack.needed_for {
                lines.push(more(&format!("for: {what}")));
            }
            if lack.check.is_none() {
                lines.push(more(&lack.because));
            }
            for fix in &lack.fixes {
                lines.push(more(&format!("fix: {}", fix.summary)));
                lines.extend(
                    fix.commands
                        .iter()
                        .map(|command| more(&format!("$ {command}"))),
                );
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_demanded_must_run_and_of_all_one_suffices() {
        use Verdict::{NotReady, Ready, Undetermined};
        let lack = |is: bool| {
            let lack = Lack {
                need: "n".to_owned(),
                check: None,
                because: String::new(),
                needed_for: None,
                evidence: Vec::new(),
                fixes: Vec::new(),
            };
            if is { vec![lack] } else { Vec::new() }
        };
        let finding = |(name, verdict): (&str, Verdict)| ProfileFinding {
            profile: name.to_owned(),
            title: name.to_owned(),
            missing_required: lack(verdict == NotReady),
            missing_optional: Vec::new(),
            unknown: lack(verdict == Undetermined),
            unknown_optional: Vec::new(),
        };
        let some = [("a", Ready), ("b", NotReady), ("c", Undetermined)];
        let none = [("a", NotReady), ("b", NotReady)];
        let open = [("a", NotReady), ("b", Undetermined)];
        type Row<'a> = (&'a [(&'a str, Verdict)], &'a [&'a str], Threshold, Verdict);
        let rows: [Row<'_>; 8] = [
            (&some, &[], Threshold::Error, Ready),
            (&none, &[], Threshold::Error, NotReady),
            (&open, &[], Threshold::Error, Undetermined),
            (&some, &["a"], Threshold::Error, Ready),
            (&some, &["a", "b"], Threshold::Error, NotReady),
            (&some, &["a", "c"], Threshold::Error, Undetermined),
            (&some, &[], Threshold::Strict, NotReady),
            (&none, &[], Threshold::Never, Ready),
        ];
        for (profiles, demanded, threshold, verdict) in rows {
            let origin = crate::report::Origin {
                version: "0".to_owned(),
                catalogue: "c".to_owned(),
                generated_at: "now".to_owned(),
            };
            let facts = crate::facts::Facts::default();
            let report = Report::new(origin, Vec::new(), threshold, Vec::new(), facts);
            let findings = profiles.iter().copied().map(finding).collect();
            let demanded: Vec<String> = demanded.iter().map(ToString::to_string).collect();
            let report = report.with_profiles(findings, &demanded, threshold);
            assert_eq!(
                report.verdict, verdict,
                "{profiles:?} {demanded:?} {threshold:?}"
            );
        }
    }

    #[test]
    fn verdicts_by_what_is_lacking_and_what_counts() {
        use Threshold::{Error, Never, Strict, Warning};
        use Verdict::{NotReady, Ready, Undetermined};
        let lack = || {
            vec![Lack {
                need: "n".to_owned(),
                check: None,
                because: String::new(),
                needed_for: None,
                evidence: Vec::new(),
                fixes: Vec::new(),
            }]
        };
        let rows = [
            ([false, false, false], [Ready, Ready, Ready, Ready]),
            ([true, false, true], [NotReady, NotReady, Ready, NotReady]),
            ([false, true, false], [Ready, NotReady, Ready, NotReady]),
            (
                [false, false, true],
                [Undetermined, Undetermined, Ready, NotReady],
            ),
        ];
        for (lacking, expected) in rows {
            let [required, optional, unknown] =
                lacking.map(|is| if is { lack() } else { Vec::new() });
            let finding = ProfileFinding {
                profile: "p".to_owned(),
                title: "P".to_owned(),
                missing_required: required,
                missing_optional: optional,
                unknown,
                unknown_optional: Vec::new(),
            };
            let verdicts = [Error, Warning, Never, Strict]
                .map(|threshold| ProfileReport::new(finding.clone(), threshold).verdict);
            assert_eq!(verdicts, expected, "{lacking:?}");
        }
    }
}
