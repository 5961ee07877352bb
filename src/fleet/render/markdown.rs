//! The audit in Markdown, for tickets, wikis and pull requests.

use super::super::audit::{Audit, Cause, Changes, Grouping, Hosts};
use super::words::{
    counts, hosts, number, partly, percent, remarks, repeated, such, takes, unanswered, word,
};
use crate::report::clean;

/// Causes and rows that are told; a page has an end.
const CAUSES: usize = 25;
const FIXES: usize = 5;
/// Names told of hosts that changed, and of those of one cause.
const NAMES: usize = 25;
const EXAMPLES: usize = 3;
const ROWS: usize = 25;

/// The audit as a page of Markdown.
#[must_use]
pub fn markdown(audit: &Audit) -> String {
    let mut page = String::from("# BPF readiness of the fleet\n\n");
    let verdicts = &audit.verdicts;
    let share = |part| percent(part, audit.hosts);
    page += &format!(
        "**{}**: {} ready ({}), {} not ready ({}), {} undetermined ({})\n",
        hosts(audit.hosts),
        number(verdicts.ready),
        share(verdicts.ready),
        number(verdicts.not_ready),
        share(verdicts.not_ready),
        number(verdicts.undetermined),
        share(verdicts.undetermined)
    );
    let reports = &audit.reports;
    if let (Some(oldest), Some(newest)) = (&reports.oldest, &reports.newest) {
        page += &format!(
            "\n{} from {oldest} to {newest}; {} could not be used.\n",
            super::words::reports(reports.read),
            number(reports.bad)
        );
    }
    let mut notes = [partly(&audit.partly), remarks(reports)].concat();
    if reports.superseded > 0 {
        notes.push(repeated(reports));
    }
    for note in notes {
        page += &format!("\n{}\n", text(&note));
    }
    if let Some(changes) = &audit.changes {
        page += &since(changes, audit.fail_on);
    }
    page += &plan(audit);
    page += &causes(
        "What keeps hosts from being ready",
        &audit.causes,
        audit.hosts,
    );
    for cause in audit.causes.iter().take(CAUSES) {
        page += &fixes(cause);
    }
    if !audit.unknowns.is_empty() {
        page += &heading("Unknown");
        page += &table(&[
            "Check",
            "Hosts",
            "Verdict waits for it on",
            "In the way",
            "What would let the doctor know",
        ]);
        for unknown in audit.unknowns.iter().take(ROWS) {
            let reasons = counts(&unknown.reasons, 2);
            let grant = unknown
                .grant
                .iter()
                .map(|line| match line.strip_prefix("$ ") {
                    Some(command) => code(command),
                    None => text(line),
                });
            let grant: Vec<String> = grant.collect();
            page += &row(&[
                code(&unknown.check),
                number(unknown.hosts),
                super::plan_words::waiting(unknown),
                text(&reasons),
                grant.join("; "),
            ]);
        }
    }
    for grouping in &audit.groups {
        page += &groups(grouping);
    }
    if audit.outliers.hosts > 0 {
        page += &heading("Outliers");
        page += &format!("{}\n\n", text(&super::plan_words::rule(&audit.outliers)));
        page += &table(&[
            "Hosts",
            "Of",
            "Kernel",
            "Distribution",
            "Fails",
            "Does not fail",
            "Such as",
        ]);
        for outlier in audit.outliers.most.iter().take(ROWS) {
            page += &row(&[
                number(outlier.hosts),
                number(outlier.of),
                text(&outlier.kernel),
                text(&outlier.distribution),
                text(&outlier.more.join(", ")),
                text(&outlier.fewer.join(", ")),
                text(&such("", &outlier.examples, outlier.hosts, "")),
            ]);
        }
    }
    page += &causes("Fails, and does not count", &audit.remarks, audit.hosts);
    if reports.bad > 0 {
        page += &heading("Could not be used");
        for bad in reports.bad_reports.iter().take(ROWS) {
            page += &format!("- {}\n", text(&bad.told()));
        }
    }
    page
}

fn plan(audit: &Audit) -> String {
    let plan = &audit.plan;
    let waits = plan.undecided > 0 && audit.verdicts.not_ready > 0;
    if plan.steps.is_empty() && plan.stuck == 0 && !waits {
        return String::new();
    }
    let mut out = heading("What to mend first");
    if !plan.exact {
        out += &format!("{}\n\n", text(&super::words::approximate(plan)));
    }
    if plan.unseen > 0 {
        out += &format!("{}.\n\n", super::plan_words::unseen(plan));
    }
    if plan.stuck > 0 {
        out += &format!("{}.\n\n", super::plan_words::stuck(plan));
    }
    if plan.undecided > 0 {
        out += &format!("{}.\n\n", text(&super::plan_words::undecided(plan)));
    }
    if plan.steps.is_empty() {
        return out;
    }
    out += &table(&[
        "Changes",
        "Hosts that become ready",
        "Ready in all",
        "Takes",
        "Which",
    ]);
    for step in plan.steps.iter().take(ROWS) {
        let checks = step.chosen().iter().map(|check| code(check));
        let checks: Vec<String> = checks.collect();
        let along = text(&super::plan_words::along(step, &[]));
        out += &row(&[
            super::plan_words::changes(step),
            number(step.gained),
            number(step.ready),
            takes(&step.takes),
            checks.join(", ") + &along,
        ]);
    }
    out
}

fn causes(title: &str, causes: &[Cause], of: u64) -> String {
    if causes.is_empty() {
        return String::new();
    }
    let mut out = heading(title);
    out += &table(&[
        "Check",
        "Severity",
        "Hosts",
        "Share",
        "Ready by it alone",
        "What fails",
    ]);
    for cause in causes.iter().take(CAUSES) {
        out += &row(&[
            code(&cause.check),
            cause.severity.to_string(),
            number(cause.hosts),
            percent(cause.hosts, of),
            number(cause.alone),
            text(&cause.title),
        ]);
    }
    out
}

fn fixes(cause: &Cause) -> String {
    let mut out = format!("\n### {}\n\n{}\n\n", code(&cause.check), text(&cause.title));
    if let Some(told) = unanswered(cause) {
        out += &format!("- Answer: {told}\n");
    }
    out += &format!(
        "- Helps: {}\n",
        text(&super::words::helps(cause).join("; "))
    );
    out += &format!("- Kernels: {}\n", text(&counts(&cause.kernels, 5)));
    out += &format!(
        "- Distributions: {}\n",
        text(&counts(&cause.distributions, 5))
    );
    for fix in cause.fixes.iter().take(FIXES) {
        out += &format!(
            "\n{}{}, {}: {}\n",
            hosts(fix.hosts),
            text(&such(" (", &fix.examples, fix.hosts, ")")),
            word(fix.takes),
            text(&fix.summary)
        );
        out += &block(&fix.commands);
        if !fix.others.is_empty() {
            out += &format!("\nOr: {}\n", text(&fix.others.join("; ")));
        }
    }
    let rest = cause.fixes.len().saturating_sub(FIXES);
    if rest > 0 {
        let (one, many) = (
            "group of hosts with other commands",
            "groups of hosts with other commands",
        );
        out += &format!("\n{}\n", super::words::more(rest as u64, one, many));
    }
    if cause.without_fix > 0 {
        out += &format!(
            "\n{} without a fix that is known\n",
            hosts(cause.without_fix)
        );
    }
    out
}

fn groups(grouping: &Grouping) -> String {
    let mut out = heading(&format!("By {}", text(&grouping.by)));
    out += &table(&[
        "Group",
        "Hosts",
        "Ready",
        "Not ready",
        "Undetermined",
        "Causes",
    ]);
    for group in grouping.groups.iter().take(ROWS) {
        let causes = group.causes.iter();
        let causes =
            causes.map(|count| format!("{} ({})", code(&count.value), number(count.hosts)));
        let mut causes: Vec<String> = causes.collect();
        if group.more_causes > 0 {
            causes.push(format!("and {} more", number(group.more_causes)));
        }
        out += &row(&[
            text(&group.value),
            number(group.hosts),
            number(group.verdicts.ready),
            number(group.verdicts.not_ready),
            number(group.verdicts.undetermined),
            causes.join(", "),
        ]);
    }
    let rest = grouping.different.saturating_sub(ROWS as u64);
    if rest > 0 {
        out += &format!("\nand {} more\n", number(rest));
    }
    out
}

fn since(changes: &Changes, fail_on: &str) -> String {
    let mut out = heading(&text(&super::since_words::since(changes)));
    if changes.swapped {
        out += &format!("{}\n\n", super::since_words::SWAPPED);
    }
    if let Some(told) = super::since_words::other_catalogue(changes) {
        out += &format!("{told}\n\n");
    }
    for (what, some) in [
        ("broke", &changes.broke),
        ("not ready for another cause", &changes.worse),
        (super::since_words::UNCLEAR, &changes.unclear),
        (super::since_words::REJUDGED, &changes.rejudged),
        ("became ready", &changes.became_ready),
        ("new", &changes.new),
        ("gone", &changes.gone),
        (super::since_words::AGAIN, &changes.again),
    ] {
        if some.hosts > 0 {
            let few = text(&super::words::first(some, NAMES));
            out += &format!("- {} {what}{few}\n", hosts(some.hosts));
        }
    }
    if !changes.causes.is_empty() {
        out += "\n";
        let [counts, counted] = super::since::turned(fail_on).map(super::since::capital);
        out += &table(&["Check", "Before", "Now", "Change", &counts, &counted]);
        for cause in changes.causes.iter().take(ROWS) {
            let on = |some: &Hosts| match some.hosts {
                0 => String::new(),
                count => number(count) + &text(&super::words::first(some, EXAMPLES)),
            };
            out += &row(&[
                code(&cause.check),
                number(cause.before),
                number(cause.now),
                super::since_words::became(cause).to_owned()
                    + &super::since_words::by_catalogue(cause)
                    + &super::since_words::with_hosts(cause),
                on(&cause.appeared),
                on(&cause.cured),
            ]);
        }
    }
    for one in changes.kernels.iter().take(ROWS) {
        out += &format!(
            "\n- kernel {} to {}: {}, {} became ready, {} broke",
            text(&one.from),
            text(&one.to),
            hosts(one.hosts),
            number(one.became_ready),
            number(one.broke)
        );
    }
    out + "\n"
}

fn heading(title: &str) -> String {
    format!("\n## {title}\n\n")
}

fn table(columns: &[&str]) -> String {
    let rule = "| --- ".repeat(columns.len());
    format!("| {} |\n{rule}|\n", columns.join(" | "))
}

fn row(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// Text in which nothing is markup.
fn text(text: &str) -> String {
    let mut out = String::new();
    for c in clean(text).chars() {
        if "\\`*_[]<>|&~".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A name in the type of code; a cell of a table ends at a bar all the same.
fn code(text: &str) -> String {
    let inner = clean(text).replace('`', "'").replace('|', "\\|");
    format!("`{inner}`")
}

/// Commands in a block whose fence is longer than any in them.
fn block(commands: &[String]) -> String {
    if commands.is_empty() {
        return String::new();
    }
    let lines: Vec<String> = commands.iter().map(|line| clean(line)).collect();
    let text = lines.join("\n");
    let mut fence = "```".to_owned();
    while text.contains(&fence) {
        fence.push('`');
    }
    format!("\n{fence}sh\n{text}\n{fence}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_hosts_is_markup() {
        assert_eq!(
            text("a|b <i> *c* [d](e) `f` \u{1b}"),
            "a\\|b \\<i\\> \\*c\\* \\[d\\](e) \\`f\\` \u{fffd}"
        );
        assert_eq!(code("a`b|c"), "`a'b\\|c`");
        assert_eq!(
            block(&["echo ```".to_owned()]),
            "\n````sh\necho ```\n````\n"
        );
    }
}
