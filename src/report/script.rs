//! All fixes of a report as one shell script: to be read by a person, and run by a machine.
//!
//! The script asks nothing and may run again. What takes a decision (a build, an upgrade of the
//! whole system, a change of the program, an alternative) stands in it as a comment.

use super::evidence::{evidence_line, once};
use super::model::Report;
use super::profiles::ProfileReport;
use super::style::clean;
use super::typed::{in_quotes, installs, is_remark, runs_by_itself, takes_in, unasked};
use crate::diagnosis::{ByHand, Evidence, Finding, Lack, Needs, RenderedFix, Severity, Status};

/// What is to be mended: a failing check, or what software lacks and no check tells of.
struct Entry<'a> {
    title: &'a str,
    /// What the last lines of the script call it.
    name: String,
    /// Whose word it is: a label as wide as the others, and what stands behind it.
    source: (&'static str, String),
    severity: Severity,
    /// Software does without it.
    optional: bool,
    /// What software needs it for.
    needed_for: Option<&'a str>,
    because: &'a str,
    evidence: &'a [Evidence],
    fixes: &'a [RenderedFix],
}

impl<'a> Entry<'a> {
    /// What is told of a check that fails; whether software does without it, the profiles tell
    /// that were asked for.
    fn of_check(finding: &'a Finding, profiles: &[ProfileReport]) -> Self {
        let is_among = |lacks: fn(&ProfileReport) -> &[Lack]| {
            let mut all = profiles.iter().flat_map(lacks);
            all.any(|lack| lack.check.as_ref() == Some(&finding.check))
        };
        Self {
            title: &finding.title,
            name: finding.check.clone(),
            source: ("check   ", finding.check.clone()),
            severity: finding.severity,
            optional: is_among(|one| &one.missing_optional)
                && !is_among(|one| &one.missing_required),
            needed_for: None,
            because: &finding.because,
            evidence: &finding.evidence,
            fixes: &finding.fixes,
        }
    }

    fn of_need(lack: &'a Lack, profile: &str, severity: Severity) -> Self {
        Self {
            title: lack.lacking.as_ref().unwrap_or(&lack.need),
            name: match &lack.lacking {
                Some(lacking) => format!("{lacking}, which {profile} can't do with"),
                None if severity < Severity::Error => {
                    format!("{}, which {profile} can do without", lack.need)
                }
                None => format!("{}, which {profile} needs", lack.need),
            },
            source: ("profile ", profile.to_owned()),
            severity,
            optional: severity < Severity::Error,
            needed_for: lack.needed_for.as_deref(),
            because: &lack.because,
            evidence: &lack.evidence,
            fixes: &lack.fixes,
        }
    }

    /// The fix to prefer, where a script may do it by itself.
    fn typed(&self) -> Option<&'a RenderedFix> {
        let first = self.fixes.first()?;
        let left = self.severity == Severity::Info || !runs_by_itself(first);
        // Nobody's kernel is changed, nor booted otherwise, for what software does without.
        let left = left || self.optional && first.needs >= Needs::Reboot;
        (!left).then_some(first)
    }

    /// Which of its fixes a step does by the way: one that is known to mend it, else one that may.
    fn done_by(&self, step: &[String]) -> Option<usize> {
        let done = |by_hand: Option<ByHand>| {
            let mut fixes = self.fixes.iter();
            fixes.position(|fix| fix.by_hand == by_hand && takes_in(step, &fix.commands))
        };
        done(None).or_else(|| done(Some(ByHand::Perhaps)))
    }

    /// Whether a person finds in it what to do.
    fn has_way(&self) -> bool {
        self.fixes.iter().any(RenderedFix::is_a_way)
    }

    /// Whether it is the same need as another, with the same to be done for it.
    fn repeats(&self, other: &Self) -> bool {
        let commands = |entry: &Self| -> Vec<&'a [String]> {
            let fixes = entry.fixes.iter();
            fixes.map(|fix| fix.commands.as_slice()).collect()
        };
        self.title == other.title && commands(self) == commands(other)
    }
}

/// All that is to be mended: what fails, and then the needs of software that are not met and
/// that no check tells of; those of several profiles once.
fn entries(report: &Report) -> Vec<Entry<'_>> {
    let findings = report.findings.iter();
    let failing = findings.filter(|finding| finding.status == Status::Fail);
    let mut entries: Vec<Entry<'_>> = failing
        .map(|finding| Entry::of_check(finding, &report.profiles))
        .collect();
    for (severity, required) in [(Severity::Error, true), (Severity::Warning, false)] {
        for profile in &report.profiles {
            let lacks = match required {
                true => &profile.missing_required,
                false => &profile.missing_optional,
            };
            for lack in lacks.iter().filter(|lack| lack.check.is_none()) {
                let entry = Entry::of_need(lack, &profile.profile, severity);
                if !entries.iter().any(|other| entry.repeats(other)) {
                    entries.push(entry);
                }
            }
        }
    }
    entries
}

/// The script for this report's host; `again` makes the diagnosis once more.
#[must_use]
pub fn fix_script(report: &Report, again: &str) -> String {
    let mut script = Script {
        out: String::new(),
        step: 0,
        listed: false,
        typed: Vec::new(),
        release: report.host.kernel.release.clone().unwrap_or_default(),
        boots_another: false,
    };
    script.header(report);
    let container = report.host.environment.container.as_deref();
    let in_container = container.is_some_and(|name| name != "none");
    let failing = entries(report);
    // The first fix is the one to prefer. Where it takes a decision, none of the others, which
    // go further, is made in its place.
    let (typed, left): (Vec<&Entry<'_>>, Vec<&Entry<'_>>) = failing
        .iter()
        .partition(|entry| !in_container && entry.typed().is_some());
    // What is left of itself, and done by the step of another, follows that.
    let steps: Vec<&RenderedFix> = typed.iter().filter_map(|entry| entry.typed()).collect();
    let step_of = |entry: &Entry<'_>| {
        let mut steps = steps.iter().copied();
        steps.find(|step| entry.done_by(&step.commands).is_some())
    };
    let (done, left): (Vec<&Entry<'_>>, Vec<&Entry<'_>>) =
        left.into_iter().partition(|entry| step_of(entry).is_some());
    let (rebooting, now): (Vec<&Entry<'_>>, Vec<&Entry<'_>>) =
        typed.into_iter().chain(done).partition(|entry| {
            let step = entry.typed().or_else(|| step_of(entry));
            step.is_some_and(|fix| fix.needs >= Needs::Reboot)
        });
    script.group("At once", &now, true);
    script.group("With the next reboot", &rebooting, true);
    let (by_hand, without): (Vec<&Entry<'_>>, Vec<&Entry<'_>>) =
        left.into_iter().partition(|entry| entry.has_way());
    script.group("By hand", &by_hand, false);
    script.group("Left as it is", &without, false);
    if in_container {
        script.remark("this is a container: act on its host, or where it is started");
    }
    let rebooting = !rebooting.is_empty();
    script.title("Then");
    match (script.step, rebooting) {
        (0, _) if failing.is_empty() => script.line("echo 'nothing to mend: nothing fails here'"),
        (0, _) => script.line("echo 'nothing was changed: nothing here is typed by itself'"),
        (_, false) => {
            let told = format!("done; see whether it helped: {again}");
            script.line(&format!("echo {}", in_quotes(&told)));
        }
        (_, true) => {
            let told = format!("done; reboot when it suits, then see: {again}");
            script.line(&format!("echo {}", in_quotes(&told)));
        }
    }
    script.remaining("to be mended by hand; this script says how", &by_hand);
    script.remaining(&without_way(&without), &without);
    script.out
}

/// What is said of those for which there is nothing to do.
fn without_way(entries: &[&Entry<'_>]) -> String {
    let is_too_much = |entry: &&&Entry<'_>| {
        let mut fixes = entry.fixes.iter();
        fixes.any(|fix| fix.by_hand == Some(ByHand::TooMuch))
    };
    let too_much = entries.iter().filter(is_too_much).count();
    match too_much {
        0 => "for which no way is known here",
        all if all == entries.len() => {
            "for which it takes another kernel; the software does without"
        }
        _ => {
            "for which no way is known here, or it takes another kernel for what the software does \
             without"
        }
    }
    .to_owned()
}

struct Script {
    out: String,
    step: usize,
    /// The lists of packages were fetched.
    listed: bool,
    /// The commands of the steps.
    typed: Vec<Vec<String>>,
    /// The kernel that runs.
    release: String,
    /// A step has the next boot start another one.
    boots_another: bool,
}

impl Script {
    fn line(&mut self, line: &str) {
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }

    fn remark(&mut self, text: &str) {
        self.line(&format!("# {}", clean(text)));
    }

    fn title(&mut self, title: &str) {
        let bar = "-".repeat(70_usize.saturating_sub(title.len()));
        self.line("");
        self.line(&format!("# --- {title} {bar}"));
    }

    fn group(&mut self, title: &str, entries: &[&Entry<'_>], typed: bool) {
        if !entries.is_empty() {
            self.title(title);
        }
        for entry in entries {
            self.entry(entry, typed);
        }
    }

    /// Whoever runs the script and reads its last lines alone knows what it did not do.
    fn remaining(&mut self, how: &str, entries: &[&Entry<'_>]) {
        let count = match entries.len() {
            0 => return,
            1 => "1 finding remains".to_owned(),
            count => format!("{count} findings remain"),
        };
        let title = format!("{count} {how}:");
        self.line(&format!("echo {}", in_quotes(&title)));
        let mut entries = entries.to_vec();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.severity));
        for entry in entries {
            let severity = entry.severity.to_string();
            let told = format!("  {severity:<7}  {}", clean(&entry.name));
            self.line(&format!("echo {}", in_quotes(&told)));
        }
    }

    fn header(&mut self, report: &Report) {
        let host = &report.host;
        let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
        self.line("#!/bin/sh");
        self.remark(
            "Fixes for one host, made by bpf-doctor. Read them before you run them, as root.",
        );
        self.remark(
            "A step may run again and then changes nothing; nothing is asked, nothing reboots.",
        );
        self.remark(&format!(
            "host {}, {}, kernel {}",
            known(&host.hostname),
            known(&host.os.name),
            known(&host.kernel.release)
        ));
        // Files that are scripts themselves get `$NAME` to expand for themselves.
        self.line("# shellcheck disable=SC2016");
        self.line("set -eu");
        self.line("");
        self.line("if [ \"$(id -u)\" -ne 0 ]; then");
        self.line("    echo 'run this as root' >&2");
        self.line("    exit 2");
        self.line("fi");
        if let Some(release) = report.facts.whole_release() {
            let release = in_quotes(&release);
            self.line(&format!("if [ \"$(uname -r)\" != {release} ]; then"));
            self.line("    echo 'this was made for another kernel: diagnose again' >&2");
            self.line("    exit 2");
            self.line("fi");
        }
    }

    /// The step, by its number, that did what an entry asks for, and with which of its fixes.
    fn done(&self, entry: &Entry<'_>) -> Option<(usize, usize)> {
        let by = |step: &Vec<String>| match entry.typed() {
            Some(first) => takes_in(step, &first.commands).then_some(0),
            None => entry.done_by(step),
        };
        let mut steps = self.typed.iter().enumerate();
        steps.find_map(|(step, commands)| Some((step + 1, by(commands)?)))
    }

    /// An entry with its reasons. Its first fix is typed, or told like the others.
    fn entry(&mut self, entry: &Entry<'_>, typed: bool) {
        self.line("");
        // What two entries ask for is typed once.
        let first = entry.fixes.first().filter(|_| typed);
        let done = first.and_then(|_| self.done(entry));
        if typed && done.is_none() {
            self.step += 1;
            self.remark(&format!("{}. {}", self.step, entry.title));
        } else {
            self.remark(entry.title);
        }
        let (label, source) = &entry.source;
        self.remark(&format!("{label} {source} ({})", entry.severity));
        if let Some(what) = entry.needed_for {
            self.remark(&format!("for      {what}"));
        }
        self.remark(&format!("because  {}", entry.because));
        for piece in once(entry.evidence) {
            self.remark(&format!("evidence {}", evidence_line(piece)));
        }
        let chosen = done.map_or(0, |(_, fix)| fix);
        let mut fixes: Vec<&RenderedFix> = entry.fixes.iter().collect();
        // What is done comes before what would do as well.
        if chosen < fixes.len() {
            let first = fixes.remove(chosen);
            fixes.insert(0, first);
        }
        for (index, fix) in fixes.into_iter().enumerate() {
            let label = if index == 0 { "fix     " } else { "or      " };
            self.remark(&format!("{label} {}", fix.summary));
            if let Some(risk) = &fix.risk {
                self.remark(&format!("risk     {risk}"));
            }
            if typed && index == 0 {
                if let Some((step, _)) = done {
                    self.remark(&match fix.by_hand {
                        Some(ByHand::Perhaps) => {
                            format!("perhaps  by step {step}: see after the reboot")
                        }
                        _ => format!("done     by step {step}"),
                    });
                    self.remark(&format!("verify   {}", fix.verify));
                    continue;
                }
                for command in fix.undo.iter().filter(|line| *line != "reboot") {
                    self.remark(&format!("undo     {command}"));
                }
                self.remark(&format!("verify   {}", fix.verify));
                continue;
            }
            for command in &fix.commands {
                let command = command.trim_start_matches("# ");
                self.remark(&format!("           {command}"));
            }
            if fix.kind == "package" && self.boots_another && fix.needs < Needs::Reboot {
                let names = |line: &String| line.contains(&self.release);
                if !self.release.is_empty() && fix.commands.iter().any(names) {
                    let release = &self.release;
                    self.remark(&format!(
                        "           after the reboot into the other kernel: its `uname -r` in the place of {release}"
                    ));
                }
            }
        }
        let Some(fix) = first.filter(|_| done.is_none()) else {
            return;
        };
        self.typed.push(fix.commands.clone());
        self.boots_another |= fix.kind == "upgrade" && fix.needs >= Needs::Reboot;
        let installs = installs(fix);
        for command in fix.commands.iter().filter(|line| *line != "reboot") {
            match installs {
                true if is_remark(command) => self.remark(command.trim_start_matches("# ")),
                true => {
                    // A fresh image has no lists, and finds no package.
                    let wants = command.starts_with("apt-get install ") && !self.listed;
                    if wants {
                        self.line("apt-get update");
                    }
                    self.listed |= wants || command == "apt-get update";
                    self.line(&unasked(command));
                }
                false => self.line(command),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fix(kind: &str, commands: &[&str], undo: &[&str]) -> RenderedFix {
        let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        RenderedFix {
            kind: kind.to_owned(),
            summary: "s".to_owned(),
            commands: lines(commands),
            needs: Needs::Privilege,
            risk: None,
            by_hand: None,
            undo: lines(undo),
            verify: "v".to_owned(),
            only_on: None,
        }
    }

    #[test]
    fn what_an_earlier_step_does_is_not_done_again() {
        let lines = |lines: &[&str]| lines.iter().map(ToString::to_string).collect::<Vec<_>>();
        let step = lines(&[
            "# why",
            "zypper refresh",
            "zypper update k",
            "grub2-mkconfig",
        ]);
        for (commands, done) in [
            (&["zypper update k", "reboot"][..], true),
            (
                &["# another reason", "zypper refresh", "zypper update k"],
                true,
            ),
            (&["zypper update k", "dracut -f"], false),
            (&["zypper refresh", "reboot"], false),
            (&["# nothing is typed"], false),
        ] {
            assert_eq!(takes_in(&step, &lines(commands)), done, "{commands:?}");
        }
    }

    #[test]
    fn an_alternative_may_be_done_by_the_step_of_another() {
        let step = vec!["dnf upgrade kernel".to_owned(), "reboot".to_owned()];
        let other = fix("program", &["make"], &[]);
        let sure = fix("upgrade", &["dnf upgrade kernel", "reboot"], &[]);
        let mut perhaps = fix("upgrade", &["# may do", "dnf upgrade kernel"], &[]);
        perhaps.by_hand = Some(ByHand::Perhaps);
        let mut decision = sure.clone();
        decision.by_hand = Some(ByHand::Decision);
        for (fixes, done) in [
            (vec![sure.clone()], Some(0)),
            (vec![other.clone(), sure.clone()], Some(1)),
            (vec![perhaps.clone(), other.clone()], Some(0)),
            (vec![perhaps, other.clone(), sure], Some(2)),
            (vec![decision], None),
            (vec![other], None),
        ] {
            let entry = Entry {
                title: "t",
                name: "n".to_owned(),
                source: ("check   ", "n".to_owned()),
                severity: Severity::Warning,
                optional: false,
                needed_for: None,
                because: "b",
                evidence: &[],
                fixes: &fixes,
            };
            assert_eq!(entry.done_by(&step), done, "{fixes:?}");
        }
    }

    #[test]
    fn what_takes_a_decision_is_not_run() {
        let rows = [
            ("sysctl", &["sysctl -w a=1"][..], &[][..], true),
            (
                "kernel-arguments",
                &["grubby --args=a", "reboot"],
                &[],
                true,
            ),
            (
                "kernel-arguments",
                &["# find out x first", "# a=b"],
                &[],
                false,
            ),
            (
                "kernel-arguments",
                &["# in the user data", "talosctl upgrade"],
                &[],
                false,
            ),
            ("mount", &["mount -t <kind> x y"], &[], false),
            ("mount", &["mount -t a x y", "# for good, by z"], &[], true),
            ("mount", &["# on the host", "mount -t a x y"], &[], false),
            (
                "setting",
                &["modprobe configs"],
                &["modprobe -r configs"],
                true,
            ),
            ("setting", &["dmesg | grep bpf"], &[], false),
            ("setting", &["reboot"], &["x"], false),
            (
                "capabilities",
                &["setcap cap_bpf+ep /path/to/your-loader"],
                &["x"],
                false,
            ),
            ("kernel-config", &["make"], &["reboot"], false),
            ("upgrade", &["dnf upgrade kernel", "reboot"], &["x"], true),
            (
                "upgrade",
                &["# it stays at 4.18", "dnf upgrade kernel"],
                &[],
                true,
            ),
            (
                "upgrade",
                &["# with backports among the sources:", "apt-get install x"],
                &[],
                false,
            ),
            ("upgrade", &["# none is that new"], &[], false),
            ("upgrade", &["pacman -Syu", "reboot"], &[], false),
            (
                "upgrade",
                &["apt-get update", "apt-get dist-upgrade"],
                &[],
                false,
            ),
            ("package", &["apt-get install a"], &[], true),
            (
                "package",
                &["# one of these", "apt-get install a"],
                &[],
                false,
            ),
            ("package", &["rpm -ivh x.rpm"], &["x"], false),
            ("sysctl", &["sysctl -w a=1\nrm -rf /"], &[], false),
            // One host's script does nothing to others, and stops none.
            (
                "setting",
                &["oc patch nodes.config.openshift.io cluster -p x"],
                &["oc patch y"],
                false,
            ),
            ("setting", &["ssh node sysctl -w a=1"], &["x"], false),
            (
                "setting",
                &["true && /usr/bin/kubectl apply -f x"],
                &["x"],
                false,
            ),
            (
                "setting",
                &["apiclient update apply --reboot"],
                &["x"],
                false,
            ),
            ("setting", &["systemctl reboot"], &["x"], false),
            ("setting", &["shutdown -r now"], &["x"], false),
            (
                "kernel-arguments",
                &["grubby --args=reboot=pci", "reboot"],
                &[],
                true,
            ),
        ];
        for (kind, commands, undo, runs) in rows {
            let fix = fix(kind, commands, undo);
            assert_eq!(runs_by_itself(&fix), runs, "{kind} {commands:?}");
        }
    }

    #[test]
    fn package_managers_ask_nothing() {
        for (asks, asks_not) in [
            (
                "apt-get install a b",
                "DEBIAN_FRONTEND=noninteractive apt-get install -y a b",
            ),
            ("pacman -S a", "pacman -S --needed --noconfirm a"),
            ("apk add a", "apk add a"),
            ("yum update kernel", "yum update -y kernel"),
            ("zypper refresh", "zypper --non-interactive refresh"),
            (
                "amazon-linux-extras install kernel-5.10",
                "amazon-linux-extras install -y kernel-5.10",
            ),
        ] {
            assert_eq!(unasked(asks), asks_not);
        }
    }

    #[test]
    fn words_of_the_host_stay_words() {
        assert_eq!(in_quotes("5.10'; rm\n"), "'5.10'\\''; rm'");
    }
}
