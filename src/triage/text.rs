//! An explanation for people.

use super::explanation::{Confidence, Explained, Explanation, Standing};
use super::found::Cut;
use crate::diagnosis::RenderedFix;
use crate::report::{Detail, Style, broken, clean, evidence_line, needs_words};

/// Columns to the left of what belongs to a cause.
const INDENT: &str = "    ";
/// Columns of the words that name what follows.
const LABEL: usize = 12;
/// Lines are broken at this column.
const WIDTH: usize = 96;
/// Of a log with no more lines than these not much was given.
const SHORT: u64 = 40;
/// What to give of such a log where nothing in it is known.
const MORE: &str = "If this is about eBPF, more of it helps: the lines above and below, what the loader prints \
    with its debug output on, and what the kernel said (dmesg).";
/// So many ways to cure a cause are told, unless all are asked for.
const FIXES: usize = 3;
/// So many of what may be behind it.
const POSSIBLE: usize = 4;
/// Longer conditions are not told.
const LONGEST: usize = 120;
/// So many lines of commands of each.
const COMMANDS: usize = 5;

/// The explanation as text.
#[must_use]
pub fn text(explanation: &Explanation, style: Style) -> String {
    let mut page = Page {
        style,
        out: String::new(),
    };
    page.causes(explanation);
    page.footer(explanation);
    page.out
}

struct Page {
    style: Style,
    out: String,
}

impl Page {
    fn line(&mut self, line: &str) {
        let line = self.style.plain(line.trim_end());
        self.out.push_str(&line);
        self.out.push('\n');
    }

    fn labelled(&mut self, label: &str, text: &str) {
        let label = self.style.dim(&format!("{label:<LABEL$}"));
        self.line(&format!("{INDENT}{label}{text}"));
    }

    fn explained(&mut self, label: &str, text: &str) {
        let room = WIDTH - INDENT.len() - LABEL;
        for (index, line) in broken(&clean(text), room).iter().enumerate() {
            self.labelled(if index == 0 { label } else { "" }, line);
        }
    }

    fn causes(&mut self, explanation: &Explanation) {
        let full = match self.style.detail {
            Detail::Quiet => 1,
            Detail::Normal => 3,
            Detail::Verbose => usize::MAX,
        };
        for (place, cause) in explanation.causes.iter().enumerate() {
            if place >= full {
                break;
            }
            if place > 0 {
                self.line("");
            }
            self.cause(cause, place, explanation.host.known_from);
        }
        let rest = explanation.causes.iter().skip(full);
        let rest: Vec<&str> = rest.map(Explained::entry).collect();
        if !rest.is_empty() && self.style.detail != Detail::Quiet {
            self.line("");
            self.line(&format!("Less likely (-v shows them): {}", rest.join(", ")));
        }
    }

    fn cause(&mut self, cause: &Explained, place: usize, known_from: &str) {
        let in_full = place == 0 || self.style.detail == Detail::Verbose;
        let lead = match (place, &cause.instead_of) {
            (0, _) => "",
            (_, Some(_)) => "or: ",
            (_, None) => "also: ",
        };
        let title = self.style.bold(&clean(&cause.title));
        let kind_of = cause
            .entry
            .as_ref()
            .map(|_| format!(", a kind of {}", cause.cause));
        let id = self
            .style
            .dim(&format!("{}{}", cause.entry(), kind_of.unwrap_or_default()));
        self.line(&format!("{lead}{title}  {id}"));
        let confidence = match cause.confidence {
            Confidence::High => self.style.green("high confidence"),
            Confidence::Medium => self.style.yellow("medium confidence"),
            Confidence::Low => self.style.yellow("low confidence"),
        };
        let standing = match (cause.standing, known_from) {
            (Standing::Confirmed, "log") => format!(", {}", self.style.red("confirmed by the log")),
            (Standing::Confirmed, _) => format!(", {}", self.style.red("confirmed here")),
            (Standing::Refuted, _) => format!(", {}", self.style.yellow("not so on this host")),
            (Standing::Open, "none" | "log") => String::new(),
            (Standing::Open, _) => ", the host does not tell".to_owned(),
        };
        self.labelled("", &format!("{confidence}{standing}"));
        for (index, line) in cause.lines.iter().enumerate() {
            if !in_full && index > 0 {
                break;
            }
            let label = if index == 0 { "log" } else { "" };
            let quoted = format!("{:>5} | {}", line.line, clean(&line.text));
            self.labelled(label, &self.style.cyan(&quoted));
        }
        for (label, found) in [
            ("program", &cause.program),
            ("source", &cause.source),
            ("instruction", &cause.instruction),
            ("register", &cause.register),
        ] {
            if let Some(found) = found.as_ref().filter(|_| in_full) {
                self.labelled(label, &clean(found));
            }
        }
        if let Some(means) = &cause.means {
            self.explained("means", means);
        }
        if in_full || cause.means.is_none() {
            self.explained("why", &cause.because);
            self.possible(cause);
        }
        if !cause.standing_because.is_empty() {
            let label = if cause.standing == Standing::Refuted {
                "but here"
            } else {
                "here"
            };
            self.explained(label, &cause.standing_because);
        }
        for piece in &cause.evidence {
            self.labelled("evidence", &evidence_line(piece));
        }
        if let Some(remains) = &cause.remains {
            self.explained("so", remains);
        }
        if in_full {
            self.remedies(cause);
            return;
        }
        // What the host refutes is named, and needs no commands.
        let commands = match cause.standing {
            Standing::Refuted => 0,
            Standing::Confirmed | Standing::Open => COMMANDS,
        };
        match cause.fixes.first() {
            Some(fix) if commands > 0 => self.remedy(fix, "fix", commands),
            Some(fix) => self.explained("fix", &fix.told()),
            None => {}
        }
        // What is not told here, for it is not the first to try, is told somewhere.
        let is_left = match cause.fixes.as_slice() {
            [] => false,
            [fix] => commands == 0 && !fix.commands.is_empty(),
            _ => true,
        };
        if is_left {
            let what = if commands == 0 {
                "its commands"
            } else {
                "other ways"
            };
            let shown = format!("{what}: bpf-doctor checks show {}", clean(cause.entry()));
            let more = self.style.dim(&shown);
            self.labelled("", &more);
        }
        if let Some(command) = cause.look_closer.first() {
            self.labelled(
                "to tell",
                &format!("$ {}", self.style.cyan(&clean(command))),
            );
        }
    }

    /// What may be behind a cause, and what tells it from the others.
    fn possible(&mut self, cause: &Explained) {
        let most = match self.style.detail {
            Detail::Verbose => usize::MAX,
            _ => POSSIBLE,
        };
        for possible in cause.possible.iter().take(most) {
            let when = possible.when.as_ref().filter(|when| when.len() <= LONGEST);
            let when = when.map(|when| format!(" (if {when})")).unwrap_or_default();
            let text = format!("{}{when}", possible.because);
            let room = WIDTH - INDENT.len() - LABEL - 2;
            for (index, line) in broken(&clean(&text), room).iter().enumerate() {
                let mark = if index == 0 { "- " } else { "  " };
                self.labelled("", &format!("{mark}{line}"));
            }
        }
        let left = cause.possible.len().saturating_sub(most);
        if left > 0 {
            let more = self.style.dim(&format!("- {left} more (-v shows all)"));
            self.labelled("", &more);
        }
    }

    fn remedies(&mut self, cause: &Explained) {
        let (fixes, commands) = match self.style.detail {
            Detail::Verbose => (usize::MAX, usize::MAX),
            _ => (FIXES, COMMANDS),
        };
        for (index, fix) in cause.fixes.iter().take(fixes).enumerate() {
            let label = if index == 0 { "fix" } else { "or" };
            self.remedy(fix, label, commands);
        }
        let left = cause.fixes.len().saturating_sub(fixes);
        if left > 0 {
            let ways = if left == 1 { "way" } else { "ways" };
            let more = self
                .style
                .dim(&format!("{left} more {ways} (-v shows all)"));
            self.labelled("", &more);
        }
        let change = cause.change.iter().flat_map(|change| change.lines());
        for (index, line) in change.enumerate() {
            let label = if index == 0 { "change" } else { "" };
            self.labelled(label, &self.style.cyan(&clean(line)));
        }
        for (index, command) in cause.look_closer.iter().enumerate() {
            let label = if index == 0 { "look closer" } else { "" };
            self.labelled(label, &format!("$ {}", self.style.cyan(&clean(command))));
        }
    }

    /// A fix with what is to be typed, as many lines of it as this.
    fn remedy(&mut self, fix: &RenderedFix, label: &str, most: usize) {
        self.explained(label, &format!("{}{}", fix.told(), needs_words(fix)));
        for command in fix.commands.iter().take(most) {
            let command = clean(command);
            let line = match command.strip_prefix("# ") {
                Some(remark) => self.style.dim(&format!("# {remark}")),
                None => format!("$ {}", self.style.cyan(&command)),
            };
            self.labelled("", &line);
        }
        let left = fix.commands.len().saturating_sub(most);
        if left > 0 {
            let more = format!("# {left} lines more (-v shows them)");
            let more = self.style.dim(&more);
            self.labelled("", &more);
        }
        if let Some(risk) = &fix.risk {
            self.explained("risk", risk);
        }
    }

    fn footer(&mut self, explanation: &Explanation) {
        let log = &explanation.log;
        if explanation.causes.is_empty() {
            let answer = self.style.bold(&explanation.answer);
            let lines = if log.lines == 1 { "line" } else { "lines" };
            self.line(&format!("{answer} in {} {lines}", log.lines));
        }
        for (place, line) in explanation.unknown.iter().enumerate() {
            let quoted = format!("{:>5} | {}", line.line, clean(&line.text));
            self.labelled("not known", &self.style.cyan(&quoted));
            let next = explanation.unknown.get(place + 1);
            if next.is_none_or(|next| next.says != line.says) {
                self.explained("", &line.says);
            }
        }
        if self.style.detail == Detail::Quiet {
            return;
        }
        let is_silent = explanation.causes.is_empty()
            && explanation.unknown.is_empty()
            && explanation.harmless.is_empty();
        if is_silent && log.lines <= SHORT {
            self.explained("", MORE);
        }
        let shown = match (self.style.detail, explanation.causes.is_empty()) {
            (Detail::Verbose, _) => usize::MAX,
            (_, true) => 3,
            _ => 0,
        };
        for noise in explanation.harmless.iter().take(shown) {
            let quoted = format!("{:>5} | {}", noise.line, clean(&noise.text));
            self.labelled("harmless", &quoted);
            self.explained("", &noise.says);
        }
        self.line("");
        let mut parts = Vec::new();
        let host = &explanation.host;
        let kernel = host.kernel.as_deref().map(clean).unwrap_or_default();
        parts.push(match host.known_from {
            "live" => format!("held against this host (Linux {kernel})"),
            "report" => format!("held against the host of the report (Linux {kernel})"),
            "log" => match (kernel.as_str(), &log.os) {
                ("", None) => "held against what the log tells of its host".to_owned(),
                ("", Some(os)) => format!(
                    "held against what the log tells of its host ({})",
                    clean(os)
                ),
                _ => format!("held against what the log tells of its host (Linux {kernel})"),
            },
            _ => "not held against a host".to_owned(),
        });
        if let Some(note) = &host.note {
            parts.push(clean(note));
        }
        if shown == 0 && !explanation.harmless.is_empty() {
            parts.push(format!(
                "{} harmless lines passed over",
                explanation.harmless.len()
            ));
        }
        match log.cut_by {
            Some(Cut::Bytes) => parts.push(format!(
                "only the first {} MiB of the log were read (--limit reads more)",
                log.bytes >> 20
            )),
            Some(Cut::Seconds) => parts.push(format!(
                "the log had not ended when its time was over, only its first {} lines were read \
                 (--wait reads longer)",
                log.lines
            )),
            None => {}
        }
        let line = self.style.dim(&parts.join("; "));
        self.line(&line);
    }
}
