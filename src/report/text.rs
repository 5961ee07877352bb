//! The report for people.

use super::evidence::{evidence_line, nobody_looked, once, sentences};
use super::model::{Report, Verdict};
use super::profiles::Runs;
use super::style::{Detail, Style, clean};
use super::tally::{software, tally};

use crate::diagnosis::{Area, ByHand, Evidence, Finding, Needs, RenderedFix, Status};
use crate::probes::Outcome;

/// Columns to the left of what belongs to a finding.
const INDENT: &str = "      ";
/// Columns of the words that name what follows: `evidence`, `fix`, `undo`.
const LABEL: usize = 10;
/// Lines are broken at this column.
const WIDTH: usize = 96;
/// Of files alone, such as a kernel's config: what they answer by themselves.
const OF_WHAT_WAS_THERE: &str =
    "nothing that was there to look at fails, what is not known takes more of the host";

/// Of a kernel that runs nowhere: what the question was.
const OF_THE_KERNEL: &str =
    "the kernel would do, what is not known is of the host that will run it";

/// Of a root without a kernel.
const NO_KERNEL: &str =
    "no kernel is installed in this root: nothing here tells of the one that will run it";

fn has_no_kernel(report: &Report) -> bool {
    report.facts.text("kernel.state").as_deref() == Some("none")
}

/// The report as text, grouped by these areas in their order.
#[must_use]
pub fn text(report: &Report, areas: &[Area], style: Style) -> String {
    let mut page = Page {
        style,
        out: String::new(),
    };
    if style.detail != Detail::Quiet {
        page.header(report);
    }
    for area in areas {
        page.area(report, area);
    }
    page.without_kernel(report);
    page.footer(report);
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

    fn header(&mut self, report: &Report) {
        let line = super::head::host_line(report, self.style);
        self.line(&line);
        self.kernel_chosen(report);
        if has_no_kernel(report) {
            let line = self.style.dim(NO_KERNEL);
            self.line(&line);
        }
        if report.facts.judges_no_process() {
            let line = self.style.dim(super::head::BY_ROOT);
            self.line(&line);
        }
        let labels = report.host.labels.iter();
        let labels = labels.map(|(key, value)| clean(&format!("{key}={value}")));
        let labels: Vec<String> = labels.collect();
        if !labels.is_empty() {
            let line = self.style.dim(&format!("labels {}", labels.join(", ")));
            self.line(&line);
        }
    }

    /// Which of several kernels is meant, and why, unless it is the one that runs.
    fn kernel_chosen(&mut self, report: &Report) {
        let release = report.facts.get("kernel.release");
        let usual = matches!(
            release.source(),
            "" | "uname(2)" | "/proc/sys/kernel/osrelease"
        );
        if !usual && let Some(release_text) = release.value() {
            let release_text = clean(&release_text.to_string());
            let line = format!("kernel {release_text} by {}", clean(release.source()));
            let line = self.style.dim(&line);
            self.line(&line);
        }
    }

    fn area(&mut self, report: &Report, area: &Area) {
        let of_area = report.findings.iter().filter(|f| f.area == area.id);
        let shown: Vec<&Finding> = of_area
            .filter(|finding| self.shows(finding) && !self.is_for_want_of_a_kernel(report, finding))
            .collect();
        if shown.is_empty() {
            return;
        }
        if self.style.detail != Detail::Quiet {
            let title = self.style.bold(&area.title);
            self.line("");
            self.line(&title);
        }
        // Where nobody looked, saying so at each finding would hide what was seen.
        let in_short = self.style.detail == Detail::Normal && report.probes.is_empty();
        let (unseen, told): (Vec<&Finding>, Vec<&Finding>) = shown
            .into_iter()
            .partition(|finding| in_short && nobody_looked(finding));
        match unseen.as_slice() {
            [] => {}
            [one] => self.finding(one),
            _ => self.unseen(&unseen),
        }
        for finding in told {
            self.finding(finding);
        }
    }

    /// Whether it is not known because there is no kernel, which is then said once for all.
    fn is_for_want_of_a_kernel(&self, report: &Report, finding: &Finding) -> bool {
        let in_short = self.style.detail == Detail::Normal;
        in_short && has_no_kernel(report) && nobody_looked(finding)
    }

    /// All that is not known because there is no kernel.
    fn without_kernel(&mut self, report: &Report) {
        let findings = report.findings.iter();
        let findings = findings.filter(|finding| self.is_for_want_of_a_kernel(report, finding));
        let ids: Vec<String> = findings.map(|finding| clean(&finding.check)).collect();
        if !ids.is_empty() {
            let count = ids.len();
            self.line("");
            self.line(&format!("Not known, as there is no kernel ({count}):"));
            self.paragraph(INDENT, &ids.join(", "));
        }
    }

    /// Findings of which nothing that was there tells, a line each.
    fn unseen(&mut self, findings: &[&Finding]) {
        let mark = findings.first().map(|finding| self.style.mark(finding));
        let mark = mark.unwrap_or_default();
        self.line(&format!("  {mark} Not known, nothing here tells:"));
        for finding in findings {
            let id = self.style.dim(&clean(&finding.check));
            self.line(&format!("{INDENT}{}?  {id}", clean(&finding.title)));
        }
    }

    fn shows(&self, finding: &Finding) -> bool {
        match self.style.detail {
            Detail::Quiet => finding.status == Status::Fail,
            Detail::Normal => finding.status != Status::NotApplicable,
            Detail::Verbose => true,
        }
    }

    fn finding(&mut self, finding: &Finding) {
        let mark = self.style.mark(finding);
        let id = self.style.dim(&finding.check);
        let sentence = match finding.status {
            Status::Ok => &finding.because,
            Status::Fail | Status::Unknown | Status::NotApplicable => &finding.title,
        };
        let sentence = clean(sentence);
        let sentence = match finding.status {
            Status::Fail => self.style.bold(&sentence),
            Status::Unknown => format!("{sentence}? Not known"),
            Status::Ok | Status::NotApplicable => sentence,
        };
        self.line(&format!("  {mark} {sentence}  {id}"));
        if finding.status != Status::Ok {
            self.paragraph(INDENT, &clean(&finding.because));
        }
        let in_full = self.style.detail == Detail::Verbose || finding.status == Status::Fail;
        let in_full = in_full || finding.evidence.iter().any(Evidence::disagrees);
        if in_full {
            let attributed = finding.status == Status::Fail && !finding.because.is_empty();
            self.evidence(&finding.evidence, attributed);
        }
        for (index, fix) in finding.fixes.iter().enumerate() {
            self.fix(fix, index);
        }
        // The last word is the check's own way to see, where one of the fixes has it.
        let ways = || finding.fixes.iter().map(|fix| fix.verify.as_str());
        let own = ways().find(|way| way.contains(&finding.check));
        if let Some(way) = own.or_else(|| ways().next_back()) {
            self.labelled("verify", &self.style.dim(&clean(way)));
        }
    }

    /// Where who refused is `attributed` above, who may refuse is not listed again.
    fn evidence(&mut self, evidence: &[Evidence], attributed: bool) {
        let evidence = once(evidence);
        for (index, &piece) in evidence.iter().enumerate() {
            let label = if index == 0 { "evidence" } else { "" };
            if let Some(sentences) = sentences(piece) {
                for (index, sentence) in sentences.iter().enumerate() {
                    let label = if index == 0 { label } else { "" };
                    self.explained(label, &clean(sentence));
                }
                continue;
            }
            let told = evidence_line(piece);
            match piece {
                Evidence::Fact { .. } => self.fact(label, &told),
                Evidence::Probe { .. } => self.labelled(label, &told),
            }
            if let Evidence::Probe { outcome, .. } = piece
                && let Outcome::Fails { log, .. } = outcome
            {
                // Of probes that fail alike, the last is explained.
                let meaning = piece.meaning();
                let mut later = evidence.iter().skip(index + 1);
                let again = later.any(|other| other.meaning() == meaning);
                let again = again || (attributed && !outcome.is_conclusive());
                if let Some(meaning) = meaning.filter(|_| !again) {
                    self.explained("", &format!("({meaning})"));
                }
                for line in log.lines() {
                    let quoted = self.style.dim(&format!("| {}", clean(line)));
                    self.labelled("", &quoted);
                }
            }
        }
    }

    fn fix(&mut self, fix: &RenderedFix, index: usize) {
        let label = if index == 0 { "fix" } else { "or" };
        let needs = needs_words(fix);
        self.explained(label, &format!("{}{needs}", clean(&fix.summary)));
        for command in &fix.commands {
            self.command(command);
        }
        if let Some(risk) = &fix.risk {
            self.explained("risk", &clean(risk));
        }
        for (index, command) in fix.undo.iter().enumerate() {
            let label = if index == 0 { "undo" } else { "" };
            self.labelled(label, &self.style.dim(&clean(command)));
        }
    }

    /// A command on a line of its own, whole: a broken line could not be copied.
    fn command(&mut self, command: &str) {
        let command = clean(command);
        let line = match command.strip_prefix("# ") {
            Some(remark) => self.style.dim(&format!("# {remark}")),
            None => format!("$ {}", self.style.cyan(&command)),
        };
        self.labelled("", &line);
    }

    /// A fact with its value, whole: what is longer than a line goes on below it.
    fn fact(&mut self, label: &str, told: &str) {
        let room = WIDTH - INDENT.len() - LABEL;
        if told.chars().count() <= room {
            self.labelled(label, told);
            return;
        }
        for (index, line) in broken(told, room - 2).iter().enumerate() {
            match index {
                0 => self.labelled(label, line),
                _ => self.labelled("", &format!("  {line}")),
            }
        }
    }

    /// A label and what it names, broken into lines between words.
    fn explained(&mut self, label: &str, text: &str) {
        let room = WIDTH - INDENT.len() - LABEL;
        let lines = broken(text, room);
        for (index, line) in lines.iter().enumerate() {
            self.labelled(if index == 0 { label } else { "" }, line);
        }
    }

    fn labelled(&mut self, label: &str, text: &str) {
        let label = format!("{label:<LABEL$}");
        let label = self.style.dim(&label);
        self.line(&format!("{INDENT}{label}{text}"));
    }

    fn paragraph(&mut self, indent: &str, text: &str) {
        for line in broken(text, WIDTH - indent.len()) {
            self.line(&format!("{indent}{line}"));
        }
    }

    /// What the software that was asked for lacks.
    fn profiles(&mut self, report: &Report) {
        for one in &report.profiles {
            let title = self.style.bold(&clean(&one.title));
            let verdict = match report.runs(one) {
                Runs::Yes if one.left_to_host.is_empty() => self.style.green("will run"),
                Runs::Yes => self.style.green("will run, as far as the kernel decides"),
                Runs::InPart => self.style.red("will run in part, where all was asked for"),
                Runs::NotYet if one.unknown.is_empty() => {
                    self.style.red("will run once the fixes told here are made")
                }
                Runs::NotYet => self.style.red(
                    "will not run before the fixes told here are made; whether it does then is \
                     not known",
                ),
                Runs::No => self.style.red("will not run"),
                Runs::Unknown => self.style.yellow("not known whether it will run"),
            };
            self.line("");
            self.line(&format!("{title}: {verdict}"));
            for line in super::profiles::in_full(one, self.style) {
                self.line(&line);
            }
        }
    }

    fn footer(&mut self, report: &Report) {
        let verdict = match report.verdict {
            Verdict::Ready => self.style.green("ready"),
            Verdict::NotReady => self.style.red("not ready"),
            Verdict::Undetermined => self.style.yellow("undetermined"),
        };
        self.profiles(report);
        self.line("");
        // Of several causes the report tells the one that is so here; the others have fixes, too.
        let mut failing = report.findings.iter();
        let is_told = failing.any(|finding| finding.status == Status::Fail && self.shows(finding));
        if is_told && self.style.detail != Detail::Quiet {
            let line = self
                .style
                .dim("all causes and commands of a check: bpf-doctor checks show ID");
            self.line(&line);
        }
        let parts = [software(report), tally(report)];
        let mut parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        if report.is_open_unasked() {
            parts.push(OF_WHAT_WAS_THERE.to_owned());
        }
        if report.would_do() {
            parts.push(OF_THE_KERNEL.to_owned());
        }
        match parts.is_empty() {
            true => self.line(&verdict),
            false => self.line(&format!("{verdict}: {}", parts.join("; "))),
        }
    }
}

/// `text` in lines of at most `room` columns, broken between words.
#[must_use]
pub fn broken(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// What a fix needs, to stand behind its summary; nothing where that is what others do.
#[must_use]
pub fn needs_words(fix: &RenderedFix) -> &'static str {
    match fix.needs {
        _ if fix.by_hand == Some(ByHand::Elsewhere) => "",
        Needs::Nothing => "",
        Needs::Privilege => " (needs root)",
        Needs::Reboot => " (needs a reboot)",
        Needs::Rebuild => " (needs a kernel build and a reboot)",
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{areas, report};
    use super::*;
    use crate::diagnosis::Severity;

    const PLAIN: Style = Style {
        color: false,
        unicode: false,
        detail: Detail::Normal,
    };

    #[test]
    fn root_of_a_namespace_is_not_root_of_the_host() {
        for (namespace, words) in [
            ("other", "as root of a user namespace of its own"),
            ("initial", "as root"),
        ] {
            let mut report = report();
            report.host.environment.euid = Some(0);
            let fact = crate::facts::Fact::known(namespace, "/proc/self/ns/user");
            report.facts.set("privilege.user-namespace", fact);
            let told = text(&report, &areas(), PLAIN);
            let line = told.lines().next().unwrap();
            let parts: Vec<&str> = line.split(" - ").collect();
            let root = parts.iter().find(|part| part.starts_with("as root"));
            assert_eq!(root.copied(), Some(words), "{line}");
        }
    }

    #[test]
    fn the_last_line_names_software_that_will_not_run() {
        let told = text(&report(), &areas(), PLAIN);
        let last = told.lines().next_back().unwrap();
        let begins = "not ready: The second will not run; The third may or may not run; 1 need not met, \
                      1 need not known, 1 error, ";
        assert!(last.starts_with(begins), "{last}");
        let mut none = report();
        none.profiles.clear();
        let told = text(&none, &areas(), PLAIN);
        let last = told.lines().next_back().unwrap();
        assert!(last.starts_with("not ready: 1 error, "), "{last}");
    }

    /// Of files alone it is told what they answer, and whether half an answer is among them.
    #[test]
    fn what_files_tell_is_told_apart_from_what_they_can_not_tell() {
        use crate::facts::{Fact, Why};
        let fact = |key: &str, known: Fact| Evidence::Fact {
            fact: key.to_owned(),
            known,
            disagrees: false,
            against: Vec::new(),
            asked: Vec::new(),
        };
        let half = || fact("sysctl.kernel.x", Fact::known(2_i64, "/x"));
        let version = || fact("kernel.version", Fact::known("5.10.1", "/x"));
        let missing = |why| Fact::unknown(why, "", "/y");
        let nobody = || fact("privilege.euid", missing(Why::NotCollected));
        let refused = || fact("security.lsm", missing(Why::Denied));
        for (evidence, short, open) in [
            (vec![nobody(), version()], true, true),
            (vec![half(), nobody()], false, true),
            (vec![nobody(), refused()], false, false),
        ] {
            let mut report = report();
            report.profiles.clear();
            report.probes.clear();
            report
                .findings
                .retain(|finding| finding.status == Status::Ok);
            let mut finding = report.findings[0].clone();
            finding.status = Status::Unknown;
            finding.severity = Severity::Error;
            finding.evidence = evidence;
            report.findings.push(finding.clone());
            report.verdict = Verdict::of(&report.findings, crate::report::Threshold::Error);
            assert_eq!(report.verdict, Verdict::Undetermined);
            assert_eq!(nobody_looked(&finding), short, "{finding:?}");
            let told = text(&report, &areas(), PLAIN);
            let last = told.lines().next_back().unwrap();
            assert_eq!(last.ends_with(OF_WHAT_WAS_THERE), open, "{last}");
            // Where something fails, that is the answer.
            finding.status = Status::Fail;
            finding.severity = Severity::Warning;
            report.findings.push(finding);
            let told = text(&report, &areas(), PLAIN);
            assert!(!told.contains(OF_WHAT_WAS_THERE), "{told}");
        }
    }

    /// However many are between them, and once for each meaning.
    #[test]
    fn of_probes_that_fail_alike_the_last_is_explained() {
        let probe = |probe: &str, errno: &str| Evidence::Probe {
            probe: probe.to_owned(),
            outcome: Outcome::Fails {
                stage: crate::probes::Stage::Load,
                errno: errno.to_owned(),
                call: String::new(),
                log: String::new(),
            },
            disagrees: false,
            against: Vec::new(),
        };
        let mut page = Page {
            style: PLAIN,
            out: String::new(),
        };
        page.evidence(
            &[
                probe("first", "EPERM"),
                probe("second", "EACCES"),
                probe("third", "EPERM"),
            ],
            false,
        );
        // Who refused was told before: of those who may have, nothing.
        let mut attributed = Page {
            style: PLAIN,
            out: String::new(),
        };
        attributed.evidence(&[probe("first", "EPERM"), probe("second", "EACCES")], true);
        assert!(!attributed.out.contains("(refused"), "{}", attributed.out);
        assert!(
            attributed.out.contains("(the verifier"),
            "{}",
            attributed.out
        );
        let begins = [
            "probe first",
            "probe second",
            "(the verifier",
            "probe third",
            "(refused",
        ];
        let lines = page.out.lines().map(|line| line.trim_start());
        let lines = lines.map(|line| line.trim_start_matches("evidence").trim_start());
        let lines: Vec<&str> = lines
            .filter(|line| begins.iter().any(|b| line.starts_with(b)))
            .collect();
        assert_eq!(lines.len(), begins.len(), "{}", page.out);
        for (line, begin) in lines.iter().zip(begins) {
            assert!(line.starts_with(begin), "{}", page.out);
        }
    }
}
