//! The beginning of the page of text: how many hosts there are, what was read, and what to mend
//! first.

use super::super::audit::Audit;
use super::text::Page;
use super::words::{hosts, number, partly, percent, remarks, repeated, takes};
use crate::report::{Detail, Style, clean};

impl Page {
    pub(super) fn head(&mut self, audit: &Audit) {
        let verdicts = &audit.verdicts;
        let mut parts = Vec::new();
        for (count, word, paint) in [
            (
                verdicts.ready,
                "ready",
                Style::green as fn(Style, &str) -> String,
            ),
            (verdicts.not_ready, "not ready", Style::red),
            (verdicts.undetermined, "undetermined", Style::yellow),
        ] {
            let told = format!("{} {word} ({})", number(count), percent(count, audit.hosts));
            parts.push(match count {
                0 => format!("0 {word}"),
                _ => paint(self.style, &told),
            });
        }
        let total = self.style.bold(&hosts(audit.hosts));
        self.line(&format!("{total}: {}", parts.join(", ")));
        let reports = &audit.reports;
        if let (Some(oldest), Some(newest)) = (&reports.oldest, &reports.newest) {
            let between = match oldest == newest {
                true => format!("of {newest}"),
                false => format!("from {oldest} to {newest}"),
            };
            let read = super::words::reports(reports.read);
            self.line(&format!("{read} {between}"));
        }
        if reports.superseded > 0 {
            self.line(&clean(&repeated(reports)));
        }
        for names in reports.renamed.iter().take(5) {
            self.line(&format!(
                "one machine id, several names: {} (copies of one image? the newest report counts)",
                clean(&names.join(", "))
            ));
        }
        if reports.renamed.len() > 5 {
            self.line(&format!(
                "and {} more such machine ids",
                reports.renamed.len() - 5
            ));
        }
        if reports.unnamed > 0 {
            self.line(&super::words::unnamed(reports));
        }
        for line in [partly(&audit.partly), remarks(reports)].concat() {
            let line = self.style.yellow(&clean(&line));
            self.line(&line);
        }
        if reports.passed_over > 0 {
            let files = match reports.passed_over {
                1 => "1 other file passed over, which does not look like a report".to_owned(),
                many => format!(
                    "{} other files passed over, which don't look like reports",
                    number(many)
                ),
            };
            self.line(&files);
        }
    }

    pub(super) fn plan(&mut self, audit: &Audit) {
        let plan = &audit.plan;
        let waits = plan.undecided > 0 && audit.verdicts.not_ready > 0;
        if plan.steps.is_empty() && plan.stuck == 0 && !waits {
            return;
        }
        self.title("What to mend first");
        let rows = self.shown.rows.min(plan.steps.len());
        let (mut before, mut along): (&[String], &[String]) = (&[], &[]);
        for step in plan.steps.iter().take(rows) {
            let count = super::plan_words::changes(step);
            let gained = self.style.green(&format!("+{}", number(step.gained)));
            self.line(&format!(
                "  {count:<10}  {gained} ready, {} in all ({})",
                number(step.ready),
                takes(&step.takes)
            ));
            // Most steps do what the one before them does, and more.
            let chosen = step.chosen();
            let is_new = |check: &&String| !before.contains(check);
            let more: Vec<&str> = chosen.iter().filter(is_new).map(String::as_str).collect();
            let goes_on = chosen.len() == before.len() + more.len() && !before.is_empty();
            let mut list = match goes_on {
                true => format!("those and {}", more.join(", ")),
                false => chosen.join(", "),
            };
            list += &super::plan_words::along(step, along);
            (before, along) = (chosen, step.along.as_slice());
            self.line(&format!("              {}", clean(&list)));
        }
        self.more(plan.steps.len() - rows, "step", "steps");
        if !plan.exact {
            self.line(&format!("  {}", super::words::approximate(plan)));
        }
        if plan.unseen > 0 {
            self.line(&format!("  {}.", super::plan_words::unseen(plan)));
        }
        if plan.stuck > 0 {
            self.line(&format!("  {}.", super::plan_words::stuck(plan)));
        }
        if plan.undecided > 0 {
            let below = match self.style.detail {
                Detail::Quiet => "",
                Detail::Normal | Detail::Verbose => "; see below",
            };
            let told = clean(&super::plan_words::undecided(plan));
            self.line(&format!("  {told}{below}."));
        }
    }
}
