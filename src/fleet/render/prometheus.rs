//! The audit in the text format of Prometheus, for node_exporter's textfile collector or a
//! push gateway.

use std::collections::HashMap;

use super::super::audit::{Audit, Verdicts};
use crate::diagnosis::Severity;
use crate::report::clean;
use crate::time::seconds;

/// Groups of one grouping that become series; more would burden who stores them.
const SERIES: usize = 200;

/// The audit as metrics, all of them gauges.
#[must_use]
pub fn prometheus(audit: &Audit) -> String {
    let mut page = Page::default();
    page.family("hosts", "Hosts by verdict.");
    page.verdicts("hosts", &[], &audit.verdicts);
    let reports = &audit.reports;
    page.family(
        "reports",
        "Reports that were read, replaced by newer ones, and not usable.",
    );
    for (state, count) in [
        ("read", reports.read),
        ("superseded", reports.superseded),
        ("bad", reports.bad),
    ] {
        page.sample("reports", &[("state", state)], count);
    }
    let partly = &audit.partly;
    page.family(
        "partly_checked_hosts",
        "Hosts of which only a part was looked at, by whether they are ready as far as that goes.",
    );
    for (ready, hosts) in [
        ("true", partly.ready),
        ("false", partly.hosts - partly.ready),
    ] {
        page.sample("partly_checked_hosts", &[("ready", ready)], hosts);
    }
    page.family(
        "unasked_hosts",
        "Hosts whose reports tell nothing of software that was named.",
    );
    page.sample("unasked_hosts", &[], partly.unasked.hosts);
    page.family(
        "future_reports",
        "Reports of a time that was still to come when they were read.",
    );
    page.sample("future_reports", &[], reports.future);
    page.family(
        "plan_gained_hosts",
        "Hosts that become ready by so many changes.",
    );
    for step in &audit.plan.steps {
        let changes = step.changes.to_string();
        page.sample("plan_gained_hosts", &[("changes", &changes)], step.gained);
    }
    page.family(
        "plan_exact",
        "0 where the larger steps of the plan are approximate.",
    );
    page.sample("plan_exact", &[], u64::from(audit.plan.exact));
    for (name, help, time) in [
        (
            "oldest",
            "When the oldest report that counts was made.",
            &reports.oldest,
        ),
        (
            "newest",
            "When the newest report was made.",
            &reports.newest,
        ),
    ] {
        if let Some(time) = time.as_deref().and_then(seconds) {
            let name = format!("{name}_report_timestamp_seconds");
            page.family(&name, help);
            page.sample(&name, &[], time);
        }
    }
    page.family(
        "cause_hosts",
        "Hosts on which a check fails, by whether it keeps them from being ready.",
    );
    for (blocks, causes) in [("true", &audit.causes), ("false", &audit.remarks)] {
        for cause in causes {
            let labels = [
                ("check", cause.check.as_str()),
                ("severity", severity(cause.severity)),
                ("blocks", blocks),
            ];
            page.sample("cause_hosts", &labels, cause.hosts);
        }
    }
    page.family(
        "cause_alone_hosts",
        "Hosts that become ready by mending this alone.",
    );
    for cause in &audit.causes {
        page.sample("cause_alone_hosts", &[("check", &cause.check)], cause.alone);
    }
    page.family("unknown_hosts", "Hosts on which a check has no answer.");
    for unknown in &audit.unknowns {
        let labels = [
            ("check", unknown.check.as_str()),
            ("severity", severity(unknown.severity)),
        ];
        page.sample("unknown_hosts", &labels, unknown.hosts);
    }
    page.family(
        "group_hosts",
        "Hosts by what they have in common, and by verdict.",
    );
    for grouping in &audit.groups {
        for group in grouping.groups.iter().take(SERIES) {
            let labels = [("by", grouping.by.as_str()), ("value", &group.value)];
            page.verdicts("group_hosts", &labels, &group.verdicts);
        }
    }
    page.family(
        "outlier_hosts",
        "Hosts unlike most of their kernel and distribution.",
    );
    page.sample("outlier_hosts", &[], audit.outliers.hosts);
    if let Some(changes) = &audit.changes {
        page.family("changed_hosts", "Hosts that changed since the baseline.");
        for (change, some) in [
            ("became-ready", &changes.became_ready),
            ("broke", &changes.broke),
            ("worse", &changes.worse),
            ("unclear", &changes.unclear),
            ("rejudged", &changes.rejudged),
            ("new", &changes.new),
            ("gone", &changes.gone),
        ] {
            page.sample("changed_hosts", &[("change", change)], some.hosts);
        }
        page.family(
            "other_catalogue_hosts",
            "Hosts that another catalogue of checks judged at the baseline.",
        );
        page.sample("other_catalogue_hosts", &[], changes.other_catalogue.hosts);
        page.family(
            "regression",
            "1 where a host is worse than at the baseline.",
        );
        page.sample("regression", &[], u64::from(changes.regression));
    }
    page.finish();
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
    /// The series of the family at hand, in order.
    series: Vec<(String, u64)>,
    /// Where each of them is.
    places: HashMap<String, usize>,
}

impl Page {
    fn family(&mut self, name: &str, help: &str) {
        self.finish();
        self.text += &format!(
            "# HELP bpf_doctor_fleet_{name} {help}\n# TYPE bpf_doctor_fleet_{name} gauge\n"
        );
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: u64) {
        let labels = labels.iter();
        let labels = labels.map(|(key, value)| format!("{key}=\"{}\"", escaped(value)));
        let labels: Vec<String> = labels.collect();
        let labels = match labels.is_empty() {
            true => String::new(),
            false => format!("{{{}}}", labels.join(",")),
        };
        let series = format!("bpf_doctor_fleet_{name}{labels}");
        // Names that differ in control characters alone are one here: a series can't be told twice.
        let place = *self
            .places
            .entry(series.clone())
            .or_insert(self.series.len());
        match self.series.get_mut(place) {
            Some((_, sum)) => *sum += value,
            None => self.series.push((series, value)),
        }
    }

    /// Writes the series of the family at hand.
    fn finish(&mut self) {
        self.places.clear();
        for (series, value) in self.series.drain(..) {
            self.text += &format!("{series} {value}\n");
        }
    }

    fn verdicts(&mut self, name: &str, labels: &[(&str, &str)], verdicts: &Verdicts) {
        for (verdict, count) in [
            ("ready", verdicts.ready),
            ("not-ready", verdicts.not_ready),
            ("undetermined", verdicts.undetermined),
        ] {
            let labels: Vec<(&str, &str)> = labels
                .iter()
                .copied()
                .chain([("verdict", verdict)])
                .collect();
            self.sample(name, &labels, count);
        }
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

fn escaped(text: &str) -> String {
    clean(text).replace('\\', "\\\\").replace('"', "\\\"")
}
