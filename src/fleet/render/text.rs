//! The audit for people.

use super::super::audit::{Audit, Cause, Group, Grouping};
use super::words::{counts, hosts, number, percent, such, unanswered, word};
use crate::diagnosis::Severity;
use crate::report::{Detail, Style, clean};

/// How many of each are shown unless all are asked for.
pub(super) struct Shown {
    causes: usize,
    fixes: usize,
    /// Other ways to mend, of which there are no commands here.
    others: usize,
    pub(super) commands: usize,
    pub(super) rows: usize,
    /// The longest reason, in characters; a command in it is of no use when it is cut.
    pub(super) reason: usize,
    /// Names of hosts that changed.
    pub(super) names: usize,
}

const NORMAL: Shown = Shown {
    causes: 12,
    fixes: 3,
    others: 2,
    commands: 6,
    rows: 8,
    reason: 240,
    names: 3,
};

const ALL: Shown = Shown {
    causes: usize::MAX,
    fixes: usize::MAX,
    others: usize::MAX,
    commands: usize::MAX,
    rows: usize::MAX,
    reason: usize::MAX,
    names: usize::MAX,
};

/// The audit as a page of text.
#[must_use]
pub fn text(audit: &Audit, style: Style) -> String {
    page(audit, style, true)
}

/// The same where nothing can be typed: without a word of options that show more.
pub(super) fn text_alone(audit: &Audit, style: Style) -> String {
    page(audit, style, false)
}

fn page(audit: &Audit, style: Style, hints: bool) -> String {
    let shown = match style.detail {
        Detail::Verbose => ALL,
        Detail::Quiet | Detail::Normal => NORMAL,
    };
    let mut page = Page {
        out: String::new(),
        style,
        shown,
        hints,
    };
    page.head(audit);
    if let Some(changes) = &audit.changes {
        page.changes(changes, audit.fail_on);
    }
    page.plan(audit);
    if style.detail == Detail::Quiet {
        page.briefly(&audit.causes, audit);
    } else {
        let rest = audit.untold.causes as usize;
        page.causes(
            "What keeps hosts from being ready",
            &audit.causes,
            rest,
            audit,
        );
        page.unknowns(audit);
        page.groups(&audit.groups);
        page.outliers(audit);
        page.remarks(audit);
    }
    page.bad(audit);
    style.plain(&page.out)
}

pub(super) struct Page {
    out: String,
    pub(super) style: Style,
    pub(super) shown: Shown,
    /// Whether it is said how to see more.
    hints: bool,
}

impl Page {
    pub(super) fn line(&mut self, line: &str) {
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }

    pub(super) fn title(&mut self, title: &str) {
        let title = self.style.bold(title);
        self.line("");
        self.line(&title);
    }

    /// Says that not all was shown.
    pub(super) fn more(&mut self, rest: usize, one: &str, many: &str) {
        self.left_out("  ", rest, one, many);
    }

    /// The same, of what belongs to a cause.
    fn more_within(&mut self, rest: usize, one: &str, many: &str) {
        self.left_out("      ", rest, one, many);
    }

    fn left_out(&mut self, indent: &str, rest: usize, one: &str, many: &str) {
        if rest > 0 {
            let more = super::words::more(rest as u64, one, many);
            let them = if rest == 1 { "it" } else { "them" };
            let line = match self.hints {
                true => format!("{indent}{more} (-v shows {them})"),
                false => format!("{indent}{more}"),
            };
            let line = self.style.dim(&line);
            self.line(&line);
        }
    }

    fn causes(&mut self, title: &str, causes: &[Cause], rest: usize, audit: &Audit) {
        if causes.is_empty() {
            return;
        }
        self.title(title);
        let rows = self.shown.causes.min(causes.len());
        for cause in causes.iter().take(rows) {
            self.cause(cause, audit);
        }
        self.more(causes.len() - rows + rest, "cause", "causes");
    }

    /// What fails, and on how many hosts, a line each.
    fn briefly(&mut self, causes: &[Cause], audit: &Audit) {
        if !causes.is_empty() {
            self.title("What keeps hosts from being ready");
        }
        for cause in causes {
            self.first_line(cause, audit);
        }
    }

    fn first_line(&mut self, cause: &Cause, audit: &Audit) {
        let mark = match cause.severity {
            Severity::Error => self
                .style
                .red(if self.style.unicode { "[✗]" } else { "[x]" }),
            Severity::Warning => self.style.yellow("[!]"),
            Severity::Info => self.style.cyan("[i]"),
        };
        let check = self.style.bold(&clean(&cause.check));
        let share = percent(cause.hosts, audit.hosts);
        self.line(&format!("{mark} {check}: {} ({share})", hosts(cause.hosts)));
    }

    fn cause(&mut self, cause: &Cause, audit: &Audit) {
        self.first_line(cause, audit);
        self.line(&format!("    {}", clean(&cause.title)));
        if let Some(told) = unanswered(cause) {
            self.line(&format!("    {told}"));
        }
        for line in super::words::helps(cause) {
            self.line(&format!("    {}", clean(&line)));
        }
        let dim = |page: &Self, label: &str| page.style.dim(label);
        let kernels = format!(
            "    {} {}",
            dim(self, "kernels:"),
            clean(&counts(&cause.kernels, 4))
        );
        self.line(&kernels);
        let systems = clean(&counts(&cause.distributions, 4));
        let systems = format!("    {} {systems}", dim(self, "distributions:"));
        self.line(&systems);
        let rows = self.shown.fixes.min(cause.fixes.len());
        for fix in cause.fixes.iter().take(rows) {
            self.line(&format!(
                "    {} ({}{}): {}",
                hosts(fix.hosts),
                clean(&such("", &fix.examples, fix.hosts, "; ")),
                word(fix.takes),
                clean(&fix.summary)
            ));
            let commands = self.shown.commands.min(fix.commands.len());
            for command in fix.commands.iter().take(commands) {
                let typed = clean(command);
                let line = match typed.starts_with('#') {
                    true => self.style.dim(&format!("      {typed}")),
                    false => format!("      $ {}", self.style.cyan(&typed)),
                };
                self.line(&line);
            }
            if fix.commands.len() > commands {
                let rest = fix.commands.len() - commands;
                self.more_within(rest, "line", "lines");
            }
            let others = self.shown.others.min(fix.others.len());
            for other in fix.others.iter().take(others) {
                self.line(&self.style.dim(&format!("      or: {}", clean(other))));
            }
            self.more_within(fix.others.len() - others, "other way", "other ways");
        }
        self.more_within(
            cause.fixes.len() - rows,
            "group of hosts with other commands",
            "groups of hosts with other commands",
        );
        if cause.other_fixes > 0 {
            self.line(&format!(
                "    {} with commands of their own: see their reports",
                hosts(cause.other_fixes)
            ));
        }
        if cause.without_fix > 0 {
            self.line(&format!(
                "    {} without a fix that is known",
                hosts(cause.without_fix)
            ));
        }
    }

    fn remarks(&mut self, audit: &Audit) {
        if audit.remarks.is_empty() {
            return;
        }
        let rest = audit.untold.remarks as usize;
        if self.style.detail == Detail::Verbose {
            self.causes("Fails, and does not count", &audit.remarks, rest, audit);
            return;
        }
        self.title("Fails, and does not count");
        let rows = self.shown.causes.min(audit.remarks.len());
        let width = width(
            audit
                .remarks
                .iter()
                .take(rows)
                .map(|cause| cause.check.as_str()),
        );
        for cause in audit.remarks.iter().take(rows) {
            let check = pad(&clean(&cause.check), width);
            let count = number(cause.hosts);
            self.line(&format!("  {count:>9}  {check}  {}", clean(&cause.title)));
        }
        self.more(audit.remarks.len() - rows + rest, "check", "checks");
    }

    fn groups(&mut self, groupings: &[Grouping]) {
        for grouping in groupings {
            self.title(&format!("By {}", clean(&grouping.by)));
            let rows = self.shown.rows.min(grouping.groups.len());
            let some: Vec<&Group> = grouping.groups.iter().take(rows).collect();
            let width = width(some.iter().map(|group| group.value.as_str()));
            for group in some {
                self.group(group, width);
            }
            if rows == 0 {
                self.line("  no host tells of it");
            }
            let rest = grouping.different as usize - rows;
            self.more(rest, "group", "groups");
        }
    }

    fn group(&mut self, group: &Group, width: usize) {
        let verdicts = &group.verdicts;
        let ready = percent(verdicts.ready, group.hosts);
        let bar = bar(verdicts.ready, group.hosts);
        let bar = match verdicts.ready == group.hosts {
            true => self.style.green(&bar),
            false => bar,
        };
        let value = pad(&clean(&group.value), width);
        let mut causes: Vec<String> = group
            .causes
            .iter()
            .map(|count| format!("{} ({})", clean(&count.value), number(count.hosts)))
            .collect();
        if group.more_causes > 0 {
            causes.push(format!("and {} more", number(group.more_causes)));
        }
        let causes = self.style.dim(&causes.join(", "));
        let count = number(group.hosts);
        self.line(&format!(
            "  {value}  {count:>9}  {bar} {ready:>4} ready  {causes}"
        ));
    }
}

fn width<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    let widths = texts.map(|text| text.chars().count());
    widths.max().unwrap_or(0).min(44)
}

fn pad(text: &str, width: usize) -> String {
    let out = short(text, width);
    let have = out.chars().count();
    out + &" ".repeat(width.saturating_sub(have))
}

/// The text, or as much of it as has room.
pub(super) fn short(text: &str, width: usize) -> String {
    if text.char_indices().nth(width).is_none() {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(width.saturating_sub(1)).collect();
    out.push('…');
    out
}

/// Ten cells, as full as the part is of the whole.
fn bar(part: u64, whole: u64) -> String {
    let full = (part * 10).checked_div(whole).unwrap_or(0).min(10) as usize;
    format!("{}{}", "#".repeat(full), ".".repeat(10 - full))
}
