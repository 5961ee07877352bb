//! The parts of the page of text that tell of what is unknown, outliers, what changed, and what
//! could not be used.

use super::super::audit::{Audit, Changes, Hosts, Outlier};
use super::text::{Page, short};
use super::words::{counted, hosts, number, such};
use crate::report::{Style, clean};

impl Page {
    pub(super) fn unknowns(&mut self, audit: &Audit) {
        let unknowns = &audit.unknowns;
        if unknowns.is_empty() {
            return;
        }
        self.title("Unknown");
        let rows = self.shown.rows.min(unknowns.len());
        for unknown in unknowns.iter().take(rows) {
            let mark = self.style.yellow("[?]");
            let check = self.style.bold(&clean(&unknown.check));
            let mut line = format!("{mark} {check}: {}", hosts(unknown.hosts));
            if let Some(waits) = super::plan_words::waits(unknown) {
                line += &format!("; {waits}");
            }
            self.line(&line);
            for reason in unknown.reasons.most.iter().take(2) {
                let value = short(&clean(&reason.value), self.shown.reason);
                self.line(&format!("    {value} ({})", hosts(reason.hosts)));
            }
            let others = (unknown.reasons.different as usize).saturating_sub(2);
            if others > 0 {
                self.line(&format!(
                    "    and {}",
                    counted(others as u64, "more reason")
                ));
            }
            for grant in unknown.grant.iter().take(self.shown.commands) {
                self.line(&format!("    → {}", clean(grant)));
            }
        }
        let rest = audit.untold.unknowns as usize;
        self.more(unknowns.len() - rows + rest, "check", "checks");
    }

    pub(super) fn outliers(&mut self, audit: &Audit) {
        let outliers = &audit.outliers;
        if outliers.hosts == 0 {
            return;
        }
        self.title(&format!(
            "Outliers: {} unlike the others of their kernel and distribution",
            hosts(outliers.hosts)
        ));
        let rule = self.style.dim(&super::plan_words::rule(outliers));
        self.line(&format!("  {rule}"));
        let rows = self.shown.rows.min(outliers.most.len());
        for outlier in outliers.most.iter().take(rows) {
            self.outlier(outlier);
        }
        self.more(
            outliers.different as usize - rows,
            "way to differ",
            "ways to differ",
        );
    }

    fn outlier(&mut self, outlier: &Outlier) {
        self.line(&format!(
            "  {} of {} ({}, {}){}",
            number(outlier.hosts),
            number(outlier.of),
            clean(&outlier.kernel),
            clean(&outlier.distribution),
            clean(&such(": ", &outlier.examples, outlier.hosts, ""))
        ));
        for (word, checks) in [("fails", &outlier.more), ("does not fail", &outlier.fewer)] {
            if !checks.is_empty() {
                self.line(&format!("    {word}: {}", clean(&checks.join(", "))));
            }
        }
    }

    pub(super) fn changes(&mut self, changes: &Changes, fail_on: &str) {
        let [counts, counted] = turned(fail_on);
        self.title(&clean(&super::since_words::since(changes)));
        if changes.swapped {
            let line = self.style.yellow(super::since_words::SWAPPED);
            self.line(&format!("  {line}"));
        }
        if let Some(told) = super::since_words::other_catalogue(changes) {
            let line = self.style.yellow(&told);
            self.line(&format!("  {line}"));
        }
        let few = |some: &Hosts, before: &str, after: &str| {
            clean(&such(before, &some.examples, some.hosts, after))
        };
        let names = self.shown.names;
        for (some, what, paint) in [
            (
                &changes.broke,
                "broke",
                Style::red as fn(Style, &str) -> String,
            ),
            (&changes.worse, "not ready for another cause", Style::red),
            (&changes.unclear, super::since_words::UNCLEAR, Style::yellow),
            (
                &changes.rejudged,
                super::since_words::REJUDGED,
                Style::yellow,
            ),
            (&changes.became_ready, "became ready", Style::green),
            (&changes.new, "new", Style::dim),
            (&changes.gone, "gone", Style::dim),
            (&changes.again, super::since_words::AGAIN, Style::dim),
        ] {
            if some.hosts > 0 {
                let count = paint(self.style, &format!("{:>9}", number(some.hosts)));
                let named = clean(&super::words::first(some, names));
                self.line(&format!("  {count}  {what}{named}"));
            }
        }
        if !changes.regression && changes.became_ready.hosts == 0 {
            self.line("  no host broke, none became ready");
        }
        let rows = self.shown.rows.min(changes.causes.len());
        for cause in changes.causes.iter().take(rows) {
            let mut line = format!(
                "  {}: {} → {} ({})",
                clean(&cause.check),
                number(cause.before),
                hosts(cause.now),
                super::since_words::became(cause)
            );
            if cause.appeared.hosts > 0 {
                let names = few(&cause.appeared, " (", ")");
                line += &format!("; {counts} {}{names}", number(cause.appeared.hosts));
            }
            if cause.cured.hosts > 0 {
                let names = few(&cause.cured, " (", ")");
                line += &format!("; {counted} {}{names}", number(cause.cured.hosts));
            }
            if cause.unseen_before > 0 {
                let again = if cause.appeared.hosts > 0 {
                    ", and"
                } else {
                    "; fails now"
                };
                line += &format!(
                    "{again} on {} of which it was not known",
                    number(cause.unseen_before)
                );
            }
            if cause.unseen > 0 {
                line += &format!("; no answer now on {}", number(cause.unseen));
            }
            line += &super::since_words::by_catalogue(cause);
            line += &super::since_words::with_hosts(cause);
            self.line(&line);
        }
        self.more(
            changes.causes.len() - rows,
            "cause that changed",
            "causes that changed",
        );
        let rows = self.shown.rows.min(changes.kernels.len());
        for one in changes.kernels.iter().take(rows) {
            self.line(&format!(
                "  kernel {} → {}: {}, {} became ready, {} broke",
                clean(&one.from),
                clean(&one.to),
                hosts(one.hosts),
                number(one.became_ready),
                number(one.broke)
            ));
        }
        self.more(
            changes.kernel_moves as usize - rows,
            "kernel move",
            "kernel moves",
        );
    }

    pub(super) fn bad(&mut self, audit: &Audit) {
        let reports = &audit.reports;
        if reports.bad == 0 {
            return;
        }
        let count = super::words::reports(reports.bad);
        let title = self.style.red(&format!("{count} could not be used"));
        self.line("");
        self.line(&title);
        let rows = self.shown.rows.min(reports.bad_reports.len());
        for bad in reports.bad_reports.iter().take(rows) {
            self.line(&format!("  {}", bad.told()));
        }
        self.more(reports.bad as usize - rows, "of them", "of them");
    }
}

/// What is said of hosts on which a check counts now and did not, and the other way round. Where
/// what is unknown counts, it need not fail there.
pub(super) fn turned(fail_on: &str) -> [&'static str; 2] {
    match fail_on {
        "strict" => ["not ok now on", "ok now on"],
        _ => ["fails now on", "cured on"],
    }
}

/// The text as a heading begins.
pub(super) fn capital(text: &str) -> String {
    let (first, rest) = text.split_at_checked(1).unwrap_or((text, ""));
    first.to_ascii_uppercase() + rest
}
