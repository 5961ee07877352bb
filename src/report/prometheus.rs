//! The report as metrics, in the text format that node_exporter's textfile collector reads
//! (Prometheus' exposition format 0.0.4, without time stamps on samples, which the collector
//! refuses).
//!
//! The number of series is bounded: one for each check, whatever it came to, one for each
//! profile that was asked for and for each need of it that is missing, and nine more.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::model::{Report, Verdict};
use super::style::clean;
use crate::diagnosis::Status;

/// More than a kernel's release or a distribution's name has, in characters.
const LONGEST: usize = 128;

/// The report as metrics; `seconds` since 1970 is when it was made.
#[must_use]
pub fn prometheus(report: &Report, seconds: u64) -> String {
    let mut page = Page::default();
    page.family(
        "info",
        "The host that was diagnosed, and what judged it; always 1.",
    );
    page.sample("info", &host(report), 1);
    page.family(
        "report_timestamp_seconds",
        "When the report was made, in seconds since 1970.",
    );
    page.sample("report_timestamp_seconds", &[] as &[(&str, &str)], seconds);
    page.family(
        "verdict",
        "Whether the host is ready: 1 for the verdict that holds, 0 for the others.",
    );
    for verdict in [Verdict::Ready, Verdict::NotReady, Verdict::Undetermined] {
        let holds = u64::from(report.verdict == verdict);
        page.sample("verdict", &[("verdict", verdict.word())], holds);
    }
    page.family("checks", "How many checks came to which answer.");
    let summary = report.summary;
    for (status, count) in [
        (Status::Ok, summary.ok),
        (Status::Fail, summary.fail),
        (Status::Unknown, summary.unknown),
        (Status::NotApplicable, summary.not_applicable),
    ] {
        page.sample("checks", &[("status", status.word())], count as u64);
    }
    page.family(
        "check",
        "What a check came to, and how much it matters if it fails; always 1.",
    );
    for finding in &report.findings {
        let severity = finding.severity.to_string();
        let labels = [
            ("check", finding.check.as_str()),
            ("area", &finding.area),
            ("severity", &severity),
            ("status", finding.status.word()),
        ];
        page.sample("check", &labels, 1);
    }
    if !report.profiles.is_empty() {
        page.family("profile", "Whether the software will run; always 1.");
    }
    for one in &report.profiles {
        let verdict = one.verdict.word();
        let labels = [("profile", one.profile.as_str()), ("verdict", verdict)];
        page.sample("profile", &labels, 1);
    }
    missing(&mut page, report);
    page.0
}

/// More needs than a profile has; no series without end from a profile of one's own.
const NEEDS: usize = 64;

/// What software needs and the host has not: it is why the verdict is not ready, and no check
/// need fail for it.
fn missing(page: &mut Page, report: &Report) {
    let mut told = BTreeSet::new();
    for one in &report.profiles {
        for lack in one.missing_required.iter().take(NEEDS) {
            let check = lack.check.as_deref().unwrap_or_default();
            // As they are written: two needs that are cut to the same text are one series.
            told.insert([&one.profile, &lack.need, check].map(escaped));
        }
    }
    if !told.is_empty() {
        page.family(
            "profile_missing",
            "What software requires and the host has not, and the check that says so; always 1.",
        );
    }
    for [profile, need, check] in &told {
        page.line(
            "profile_missing",
            &format!("{{profile=\"{profile}\",need=\"{need}\",check=\"{check}\"}}"),
            1,
        );
    }
}

/// What tells hosts apart and groups them; what is not known has no label.
fn host(report: &Report) -> Vec<(String, String)> {
    let (host, environment) = (&report.host, &report.host.environment);
    let known = [
        ("hostname", host.hostname.clone()),
        ("kernel_release", host.kernel.release.clone()),
        ("kernel_version", host.kernel.version.clone()),
        ("arch", host.arch.clone()),
        ("os", host.os.name.clone()),
        ("os_id", host.os.id.clone()),
        ("os_version_id", host.os.version_id.clone()),
        ("container", environment.container.clone()),
        ("virtualization", environment.virtualization.clone()),
        ("euid", environment.euid.map(|uid| uid.to_string())),
        ("version", Some(report.tool.version.clone())),
        ("catalogue", Some(report.tool.catalogue.clone())),
    ];
    let known = known.into_iter();
    let mut labels: Vec<(String, String)> = known
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect();
    let mut taken = BTreeSet::new();
    for (key, value) in host.labels.iter() {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let name: String = key.chars().map(|c| if fits(c) { c } else { '_' }).collect();
        // `a.b` and `a-b` are two labels here and one name there.
        let names = std::iter::once(format!("label_{name}"))
            .chain((2..).map(|number| format!("label_{name}_{number}")));
        let mut free = names.filter(|name| taken.insert(name.clone()));
        labels.extend(free.next().map(|name| (name, value.to_owned())));
    }
    labels
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, help: &str) {
        let lines = format!("# HELP bpf_doctor_{name} {help}\n# TYPE bpf_doctor_{name} gauge\n");
        self.0.push_str(&lines);
    }

    fn sample(&mut self, name: &str, labels: &[(impl AsRef<str>, impl AsRef<str>)], value: u64) {
        let labels: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{}=\"{}\"", name.as_ref(), escaped(value.as_ref())))
            .collect();
        let labels = match labels.is_empty() {
            true => String::new(),
            false => format!("{{{}}}", labels.join(",")),
        };
        self.line(name, &labels, value);
    }

    fn line(&mut self, name: &str, labels: &str, value: u64) {
        // Writing to a string can't fail.
        let _written = writeln!(self.0, "bpf_doctor_{name}{labels} {value}");
    }
}

/// A label's value: a line of limited length, in which backslashes and quotes are escaped.
fn escaped(value: &str) -> String {
    let mut out = String::new();
    for c in clean(value).chars().take(LONGEST) {
        if matches!(c, '\\' | '"') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::samples::report;
    use super::*;

    #[test]
    fn a_report_as_metrics() {
        insta::assert_snapshot!(prometheus(&report(), 1_767_225_600));
    }

    #[test]
    fn what_software_lacks_is_told_once_each() {
        let lack = |need: &str, check: Option<&str>| crate::diagnosis::Lack {
            id: None,
            need: need.to_owned(),
            lacking: None,
            check: check.map(str::to_owned),
            because: String::new(),
            needed_for: None,
            evidence: Vec::new(),
            fixes: Vec::new(),
        };
        let mut report = report();
        report.profiles = vec![super::super::ProfileReport {
            profile: "cilium".to_owned(),
            title: "Cilium".to_owned(),
            verdict: Verdict::NotReady,
            runs: super::super::Runs::No,
            missing_required: vec![
                lack("Linux \"6.1\" or later", None),
                lack("Linux \"6.1\" or later", None),
                lack("no BTF", Some("kernel-btf-missing")),
            ],
            missing_optional: vec![lack("netkit", None)],
            unknown: Vec::new(),
            left_to_host: Vec::new(),
            unknown_optional: Vec::new(),
        }];
        let page = prometheus(&report, 0);
        let lines: Vec<&str> = page
            .lines()
            .filter(|line| line.starts_with("bpf_doctor_profile_missing"))
            .collect();
        let expected = [
            "bpf_doctor_profile_missing{profile=\"cilium\",need=\"Linux \\\"6.1\\\" or later\",check=\"\"} 1",
            "bpf_doctor_profile_missing{profile=\"cilium\",need=\"no BTF\",check=\"kernel-btf-missing\"} 1",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn no_value_ends_its_label_or_its_line() {
        let rows = [
            ("plain", "plain"),
            ("a\"} 1\nx{b=\"c", "a\\\"} 1\u{fffd}x{b=\\\"c"),
            ("c:\\", "c:\\\\"),
            ("\u{1b}[31m\u{202e}", "\u{fffd}[31m\u{fffd}"),
        ];
        for (value, expected) in rows {
            assert_eq!(escaped(value), expected);
        }
        assert_eq!(escaped(&"ü".repeat(1000)).chars().count(), LONGEST);
    }

    #[test]
    fn labels_that_come_to_the_same_name_stay_apart() {
        let mut report = report();
        for label in ["a.b=1", "a-b=2", "a_b=3", "a_b_2=4"] {
            report.host.labels.add(label).unwrap();
        }
        let labels = host(&report);
        let own = labels.iter().filter(|(name, _)| name.starts_with("label_"));
        let names: BTreeSet<&str> = own.map(|(name, _)| name.as_str()).collect();
        assert_eq!(names.len(), report.host.labels.iter().count());
    }
}
