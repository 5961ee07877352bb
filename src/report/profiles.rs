//! Which software will run on the host: the part of a report that profiles add, and its text.

use serde::{Deserialize, Serialize};

use super::model::{Report, Threshold, Verdict};
use super::style::{Detail, Style, clean};
use crate::diagnosis::{Evidence, Lack, ProfileFinding, RenderedFix};

/// Whether a piece of software will run on the host, and what it lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ProfileReport {
    /// The profile's id.
    pub profile: String,
    /// The software's name.
    pub title: String,
    /// What is demanded of it, held against what is there.
    pub verdict: Verdict,
    /// Whether it will run.
    #[serde(default)]
    pub runs: Runs,
    /// Required, and not there.
    pub missing_required: Vec<Lack>,
    /// Optional, and not there.
    pub missing_optional: Vec<Lack>,
    /// Required, and not known to be there.
    pub unknown: Vec<Lack>,
    /// Required of the host that will run the kernel, where this one runs nowhere: it leaves the
    /// verdict to the kernel.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_to_host: Vec<Lack>,
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
            Threshold::Strict if open || !finding.left_to_host.is_empty() => Verdict::NotReady,
            _ if open => Verdict::Undetermined,
            _ => Verdict::Ready,
        };
        Self {
            profile: finding.profile,
            title: finding.title,
            verdict,
            runs: Runs::default(),
            missing_required: finding.missing_required,
            missing_optional: finding.missing_optional,
            unknown: finding.unknown,
            left_to_host: finding.left_to_host,
            unknown_optional: finding.unknown_optional,
        }
    }
}

impl ProfileReport {
    /// What is required and not known to be there, also of the host that will run the kernel.
    pub(super) fn open(&self) -> impl Iterator<Item = &Lack> {
        self.unknown.iter().chain(&self.left_to_host)
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
        let mut report = Self {
            verdict: verdict.unwrap_or(Verdict::Ready),
            demanded: Some(demanded.to_vec()),
            ..self
        };
        report.profiles = profiles
            .into_iter()
            .map(|one| ProfileReport {
                runs: report.runs(&one),
                ..one
            })
            .collect();
        report
    }
}

impl Report {
    /// Whether something is known to bring about, on this system, each thing that this software
    /// requires and that is not there.
    fn is_curable(&self, one: &ProfileReport) -> bool {
        let is_cured = |lack: &Lack| {
            let mut findings = self.findings.iter();
            let finding = findings.find(|finding| lack.check.as_ref() == Some(&finding.check));
            let of_check = finding.map_or(&[][..], |finding| finding.fixes.as_slice());
            lack.fixes.iter().chain(of_check).any(RenderedFix::is_cure)
        };
        one.missing_required.iter().all(is_cured)
    }
}

/// Whether a piece of software will run, whatever is demanded of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runs {
    /// All that is required is there.
    Yes,
    /// So it is, and what is optional is not all there, which was demanded.
    InPart,
    /// Something required is missing, and something is known to bring about all of that on this
    /// system: a package, be it of a kernel, a mount, a setting, a right. What is not known to be
    /// there may be missing besides.
    NotYet,
    /// Something required is missing.
    No,
    /// Something required is not known to be there.
    #[default]
    Unknown,
}

impl Report {
    /// What is true of the software; the verdict says what comes of it under a threshold.
    pub(super) fn runs(&self, one: &ProfileReport) -> Runs {
        if !one.missing_required.is_empty() {
            return match self.is_curable(one) {
                true => Runs::NotYet,
                false => Runs::No,
            };
        }
        match one.verdict {
            _ if !one.unknown.is_empty() => Runs::Unknown,
            Verdict::NotReady if !one.missing_optional.is_empty() => Runs::InPart,
            Verdict::NotReady if !one.left_to_host.is_empty() => Runs::Unknown,
            _ => Runs::Yes,
        }
    }

    /// That the host which will run the kernel is left out of what is said of software.
    fn left_to_whom(&self) -> Option<&'static str> {
        let mut profiles = self.profiles.iter();
        let is_left = profiles.any(|one| !one.left_to_host.is_empty());
        is_left.then_some(super::head::BY_THE_KERNEL)
    }

    /// By whose rights software is judged, where that is to be said.
    fn by_whose_rights(&self) -> Option<&'static str> {
        if self.facts.judges_no_process() {
            return Some(super::head::BY_ROOT);
        }
        self.hangs_on_rights().then_some(
            "judged by the rights of this process; what is started with others may do more, or less",
        )
    }

    /// Whether it hangs on the rights of the process that asked whether software will run.
    fn hangs_on_rights(&self) -> bool {
        let of_rights = |piece: &Evidence| match piece {
            // Files of a host have no process.
            Evidence::Fact { fact, known, .. } => {
                fact.starts_with("privilege.") && known.value().is_some()
            }
            Evidence::Probe { .. } => false,
        };
        let lacks = self.profiles.iter().flat_map(|one| {
            let required = one.missing_required.iter().chain(&one.unknown);
            required.chain(&one.missing_optional)
        });
        lacks.into_iter().any(|lack| {
            let mut findings = self.findings.iter();
            let finding = findings.find(|finding| lack.check.as_ref() == Some(&finding.check));
            let of_check = finding.map_or(&[][..], |finding| finding.evidence.as_slice());
            lack.evidence.iter().chain(of_check).any(of_rights)
        })
    }
}

/// One line for each profile: whether the software will run, and if not, why. `again` is what
/// judged this host, without its profiles.
#[must_use]
pub fn profiles_text(report: &Report, again: &str, style: Style) -> String {
    let mut out = String::new();
    if style.detail != Detail::Quiet {
        let head = super::head::host_line(report, style);
        out.push_str(&format!("{head}\n"));
        let told = [report.by_whose_rights(), report.left_to_whom()];
        for told in told.into_iter().flatten() {
            out.push_str(&format!("{}\n", style.dim(told)));
        }
        out.push('\n');
    }
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
        let (well, ill) = (pick("[✓]", "[+]"), pick("[✗]", "[x]"));
        let (mark, word, reasons) = match report.runs(one) {
            Runs::Yes => (style.green(well), "runs", reasons(&one.missing_optional)),
            Runs::InPart => (style.red(ill), "in part", reasons(&one.missing_optional)),
            Runs::NotYet => (style.red(ill), "not yet", reasons(&one.missing_required)),
            Runs::No => (style.red(ill), "does not", reasons(&one.missing_required)),
            Runs::Unknown => (style.yellow("[?]"), "not known", open(one.open())),
        };
        let title = clean(&one.title);
        let pad = width.saturating_sub(title.chars().count());
        let line = format!("{mark} {title}{:pad$}  {word:<9}", "");
        out.push_str(line.trim_end());
        if !reasons.is_empty() {
            let but = match report.runs(one) {
                Runs::Yes | Runs::InPart => "but: ",
                _ => "",
            };
            out.push_str(&format!("  {but}{}", in_a_line(&reasons)));
        }
        out.push('\n');
    }
    let would = report.left_to_whom().is_some();
    let sums = [
        (Runs::Yes, if would { "would run" } else { "will run here" }),
        (Runs::InPart, "in part, where all was asked for"),
        (Runs::NotYet, "not before the fixes are made"),
        (Runs::No, "will not"),
        (Runs::Unknown, "not known"),
    ];
    let sums: Vec<String> = sums
        .into_iter()
        .map(|(runs, word)| {
            let ones = report.profiles.iter();
            (ones.filter(|one| report.runs(one) == runs).count(), word)
        })
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    out.push_str(&format!("\n{}", sums.join(", ")));
    // Whose lacks and fixes are worth a look: the first that does not run.
    let other = report.profiles.iter();
    let other = other
        .filter(|one| report.runs(one) != Runs::Yes)
        .map(|one| one.profile.as_str());
    if let Some(name) = other.clone().next() {
        let line = format!(
            "; what one lacks, and the fixes: {} --profile {}",
            clean(again),
            clean(name)
        );
        out.push_str(&style.dim(&line));
    }
    out.push('\n');
    style.plain(&out)
}

/// What is not as it should be, in short: what fails, and then what is not there.
fn reasons(lacks: &[Lack]) -> Vec<String> {
    let told = |lack: &&Lack| lack.check.is_some() || lack.lacking.is_some();
    let (told, missing): (Vec<&Lack>, Vec<&Lack>) = lacks.iter().partition(told);
    let told = told.into_iter().map(|lack| match &lack.check {
        Some(check) => format!("{} ({})", clean(&lack.told()), clean(check)),
        None => clean(&lack.told()),
    });
    let missing = missing
        .into_iter()
        .enumerate()
        .map(|(index, lack)| match index {
            0 => clean(&lack.told()),
            _ => clean(&lack.need),
        });
    told.chain(missing).collect()
}

/// What is asked and has no answer.
fn open<'a>(lacks: impl Iterator<Item = &'a Lack>) -> Vec<String> {
    let asked = lacks.map(|lack| match &lack.check {
        Some(check) => format!("{}? ({})", clean(&lack.need), clean(check)),
        None => format!("{}?", clean(&lack.need)),
    });
    asked.collect()
}

/// The first of these, as many as a line has room for.
fn in_a_line(told: &[String]) -> String {
    const ROOM: usize = 100;
    let mut line = String::new();
    for (index, told_now) in told.iter().enumerate() {
        if index > 0 && line.chars().count() + told_now.chars().count() > ROOM {
            line.push_str(&format!("; and {} more", told.len() - index));
            break;
        }
        if index > 0 {
            line.push_str("; ");
        }
        line.push_str(told_now);
    }
    line
}

/// What a profile lacks, in full, for the end of a report.
pub(super) fn in_full(one: &ProfileReport, style: Style) -> Vec<String> {
    let groups = [
        ("missing", &one.missing_required),
        ("optional", &one.missing_optional),
        ("unknown", &one.unknown),
        ("left to the host", &one.left_to_host),
        ("unknown, optional", &one.unknown_optional),
    ];
    let mut lines = Vec::new();
    for (label, lacks) in groups {
        let is_open = !matches!(label, "missing" | "optional");
        for lack in lacks {
            let check = lack.check.as_ref();
            let check = check.map_or(String::new(), |id| format!("  {}", style.dim(&clean(id))));
            let label = style.dim(&format!("{label:<18}"));
            // Beside its label a lack is what is needed, unless that is a sentence.
            let needed = lack.lacking.as_ref().filter(|_| !is_open);
            let needed = clean(needed.unwrap_or(&lack.need));
            lines.push(format!("  {label} {needed}{check}"));
            let more = |text: &str| format!("  {:<18} {}", "", clean(text));
            if let Some(what) = &lack.needed_for {
                lines.push(more(&format!("for: {what}")));
            }
            if lack.check.is_none() {
                lines.push(more(&lack.because));
            }
            for fix in &lack.fixes {
                lines.push(more(&format!("fix: {}", fix.summary)));
                lines.extend(fix.commands.iter().map(|command| {
                    let prompt = if command.starts_with('#') { "" } else { "$ " };
                    more(&format!("{prompt}{command}"))
                }));
                if let Some(risk) = &fix.risk {
                    lines.push(more(&format!("risk: {risk}")));
                }
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty(threshold: Threshold) -> Report {
        let origin = crate::report::Origin {
            version: "0".to_owned(),
            catalogue: "c".to_owned(),
            generated_at: "now".to_owned(),
        };
        let facts = crate::facts::Facts::default();
        Report::new(origin, Vec::new(), threshold, Vec::new(), facts)
    }

    #[test]
    fn what_is_demanded_must_run_and_of_all_one_suffices() {
        use Verdict::{NotReady, Ready, Undetermined};
        let lack = |is: bool| {
            let lack = Lack {
                id: None,
                need: "n".to_owned(),
                lacking: None,
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
            left_to_host: Vec::new(),
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
            let report = empty(threshold);
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
                id: None,
                need: "n".to_owned(),
                lacking: None,
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
        let told = [
            [Runs::Yes; 4],
            [Runs::No; 4],
            [Runs::Yes, Runs::InPart, Runs::Yes, Runs::InPart],
            [Runs::Unknown; 4],
        ];
        for ((lacking, expected), told) in rows.into_iter().zip(told) {
            let [required, optional, unknown] =
                lacking.map(|is| if is { lack() } else { Vec::new() });
            let finding = ProfileFinding {
                profile: "p".to_owned(),
                title: "P".to_owned(),
                missing_required: required,
                missing_optional: optional,
                unknown,
                left_to_host: Vec::new(),
                unknown_optional: Vec::new(),
            };
            let verdicts = [Error, Warning, Never, Strict]
                .map(|threshold| ProfileReport::new(finding.clone(), threshold).verdict);
            assert_eq!(verdicts, expected, "{lacking:?}");
            // A verdict that nothing required explains is explained by this.
            let runs = [Error, Warning, Never, Strict].map(|threshold| {
                let report = empty(threshold);
                report
                    .with_profiles(vec![finding.clone()], &[], threshold)
                    .profiles[0]
                    .runs
            });
            assert_eq!(runs, told, "{lacking:?}");
        }
    }
}
