//! The report as JUnit's XML, which CI servers show: areas as suites, checks as test cases.
//!
//! There is no one schema of it. What is written fits both that are in use, that of Ant's
//! JUnitReport and the stricter parts of Jenkins' xUnit plugin: suites with all attributes,
//! with properties before the cases and both outputs after them, and one element at most in
//! a case.
//!
//! The file says what the exit status says: a failure is what makes the host not ready, an
//! error is what leaves the verdict open. What does neither is skipped, and its message says
//! why: it doesn't apply, it isn't known, or it fails and doesn't count.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::evidence::evidence_line;
use super::model::{Bearing, Report, Threshold, Verdict};
use super::profiles::Runs;
use super::style::clean;
use super::text::needs_words;
use crate::diagnosis::{Area, Finding, Status};

/// A test case, and what it came to.
struct Case {
    name: String,
    came_to: Outcome,
    /// One line for those who read the output of the suite.
    line: String,
}

enum Outcome {
    Passed,
    Skipped { message: String },
    Error(Trouble),
    Failure(Trouble),
}

struct Trouble {
    kind: String,
    message: String,
    text: String,
}

/// The report as JUnit's XML, a suite for each of these areas that has findings; the
/// threshold is the one the verdict was made by.
///
/// # Errors
/// None that a report can cause; the writer's signature asks for it.
pub fn junit(report: &Report, areas: &[Area], threshold: Threshold) -> io::Result<String> {
    let of_area = |area: &Area| {
        let findings = report.findings.iter().filter(|f| f.area == area.id);
        let cases = findings.map(|finding| case(finding, report, threshold));
        (area.id.clone(), cases.collect::<Vec<Case>>())
    };
    let mut suites: Vec<(String, Vec<Case>)> = areas.iter().map(of_area).collect();
    suites.push(("profiles".to_owned(), profiles(report)));
    suites.retain(|(_, cases)| !cases.is_empty());

    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer
        .create_element("testsuites")
        .write_inner_content(|writer| {
            for (id, (name, cases)) in suites.iter().enumerate() {
                suite(writer, report, id, name, cases)?;
            }
            Ok(())
        })?;
    let mut text = String::from_utf8_lossy(&writer.into_inner()).into_owned();
    text.push('\n');
    Ok(text)
}

fn suite(
    writer: &mut Writer<Vec<u8>>,
    report: &Report,
    id: usize,
    name: &str,
    cases: &[Case],
) -> io::Result<()> {
    let count = |is: fn(&Outcome) -> bool| {
        let counted = cases.iter().filter(|case| is(&case.came_to));
        counted.count().to_string()
    };
    let failures = count(|outcome| matches!(outcome, Outcome::Failure(_)));
    let errors = count(|outcome| matches!(outcome, Outcome::Error(_)));
    let skipped = count(|outcome| matches!(outcome, Outcome::Skipped { .. }));
    let hostname = report.host.hostname.as_deref().map(line);
    let hostname = hostname.filter(|name| !name.trim().is_empty());
    let hostname = hostname.unwrap_or_else(|| "localhost".to_owned());
    let name = line(name);
    let lines: Vec<&str> = cases.iter().map(|case| case.line.as_str()).collect();
    let suite = writer.create_element("testsuite").with_attributes([
        ("package", "bpf-doctor"),
        ("id", id.to_string().as_str()),
        ("name", &name),
        // The schema admits no time zone; it is UTC.
        ("timestamp", report.generated_at.trim_end_matches('Z')),
        ("hostname", &hostname),
        ("tests", &cases.len().to_string()),
        ("failures", &failures),
        ("errors", &errors),
        ("skipped", &skipped),
        ("time", "0"),
    ]);
    let classname = format!("bpf-doctor.{name}");
    suite.write_inner_content(|writer| {
        properties(writer, report)?;
        for case in cases {
            write_case(writer, &classname, case)?;
        }
        let output = format!("\n{}\n", lines.join("\n"));
        let element = writer.create_element("system-out");
        element.write_text_content(BytesText::new(&output))?;
        writer.create_element("system-err").write_empty()?;
        Ok(())
    })?;
    Ok(())
}

/// What tells of the host, and of who judged.
fn properties(writer: &mut Writer<Vec<u8>>, report: &Report) -> io::Result<()> {
    let host = &report.host;
    let known = [
        ("verdict", Some(report.verdict.word())),
        ("kernel.release", host.kernel.release.as_deref()),
        ("arch", host.arch.as_deref()),
        ("os", host.os.name.as_deref()),
        ("container", host.environment.container.as_deref()),
        ("bpf-doctor.version", Some(report.tool.version.as_str())),
        ("bpf-doctor.catalogue", Some(report.tool.catalogue.as_str())),
    ];
    let known = known.into_iter();
    let known = known.filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let labels = host.labels.iter();
    let labels = labels.map(|(key, value)| (format!("label.{key}"), value));
    let element = writer.create_element("properties");
    element.write_inner_content(|writer| {
        for (name, value) in known.chain(labels) {
            let element = writer.create_element("property");
            let attributes = [("name", name.as_str()), ("value", &line(value))];
            element.with_attributes(attributes).write_empty()?;
        }
        Ok(())
    })?;
    Ok(())
}

fn write_case(writer: &mut Writer<Vec<u8>>, classname: &str, case: &Case) -> io::Result<()> {
    let attributes = [
        ("classname", classname),
        ("name", &case.name),
        ("time", "0"),
    ];
    let element = writer
        .create_element("testcase")
        .with_attributes(attributes);
    let (word, trouble) = match &case.came_to {
        Outcome::Passed => {
            element.write_empty()?;
            return Ok(());
        }
        Outcome::Skipped { message } => {
            element.write_inner_content(|writer| {
                let skipped = writer.create_element("skipped");
                skipped
                    .with_attribute(("message", message.as_str()))
                    .write_empty()?;
                Ok(())
            })?;
            return Ok(());
        }
        Outcome::Error(trouble) => ("error", trouble),
        Outcome::Failure(trouble) => ("failure", trouble),
    };
    element.write_inner_content(|writer| {
        let attributes = [
            ("type", trouble.kind.as_str()),
            ("message", &trouble.message),
        ];
        let element = writer.create_element(word).with_attributes(attributes);
        element.write_text_content(BytesText::new(&trouble.text))?;
        Ok(())
    })?;
    Ok(())
}

fn case(finding: &Finding, report: &Report, threshold: Threshold) -> Case {
    let title = line(&finding.title);
    let because = line(&finding.because);
    let trouble = |message: String| Trouble {
        kind: finding.severity.to_string(),
        message,
        text: in_full(finding),
    };
    let unknown = || format!("not known: {title}");
    let came_to = match (report.bearing(finding, threshold), finding.status) {
        (_, Status::Ok) => Outcome::Passed,
        (_, Status::NotApplicable) => Outcome::Skipped {
            message: format!("does not apply: {because}"),
        },
        (Bearing::Against, Status::Unknown) => Outcome::Failure(trouble(unknown())),
        (Bearing::Against, Status::Fail) => Outcome::Failure(trouble(title.clone())),
        (Bearing::Open, _) => Outcome::Error(trouble(unknown())),
        (Bearing::None, Status::Unknown) => Outcome::Skipped {
            message: format!("{}: {because}", unknown()),
        },
        (Bearing::None, Status::Fail) => Outcome::Skipped {
            message: format!("{}, does not count: {title}", finding.severity),
        },
    };
    let told = match finding.status {
        Status::Fail => &title,
        Status::Ok | Status::Unknown | Status::NotApplicable => &because,
    };
    Case {
        name: line(&finding.check),
        came_to,
        line: format!("{} {}: {told}", finding.status.word(), line(&finding.check)),
    }
}

/// The software that was asked for: what decides the verdict then.
fn profiles(report: &Report) -> Vec<Case> {
    let cases = report.profiles.iter().map(|one| {
        let title = line(&one.title);
        let trouble = |message: String, lacks: &[&crate::diagnosis::Lack]| Trouble {
            kind: "profile".to_owned(),
            message,
            text: lacks
                .iter()
                .map(|lack| {
                    let told = match one.open().any(|open| open == *lack) {
                        true => format!("{}?", lack.need),
                        false => lack.told(),
                    };
                    format!("{}: {}\n", line(&told), line(&lack.because))
                })
                .collect(),
        };
        // Where the question was which software will run, one that won't fails nothing.
        let counts = match (one.verdict, report.verdict) {
            (Verdict::Ready, _) | (_, Verdict::NotReady) => true,
            (verdict, of_all) => verdict == of_all,
        };
        let skipped = |said: &str| Outcome::Skipped {
            message: format!("does not count: {said}"),
        };
        let (came_to, word) = match one.verdict {
            Verdict::Ready => (Outcome::Passed, "runs"),
            Verdict::NotReady if !counts => {
                (skipped(&format!("{title} will not run")), "does not run")
            }
            Verdict::Undetermined if !counts => {
                let said = format!("not known whether {title} will run");
                (skipped(&said), "not known")
            }
            Verdict::NotReady => {
                let lacks: Vec<_> = one
                    .missing_required
                    .iter()
                    .chain(&one.missing_optional)
                    .chain(one.open())
                    .collect();
                let (said, word) = match report.runs(one) {
                    Runs::InPart => ("will run in part", "runs in part"),
                    Runs::Unknown => ("may not run", "not known"),
                    _ => ("will not run", "does not run"),
                };
                (
                    Outcome::Failure(trouble(format!("{title} {said}"), &lacks)),
                    word,
                )
            }
            Verdict::Undetermined => {
                let lacks: Vec<_> = one.unknown.iter().collect();
                let said = trouble(format!("not known whether {title} will run"), &lacks);
                (Outcome::Error(said), "not known")
            }
        };
        Case {
            name: line(&one.profile),
            came_to,
            line: format!("{word}: {title}"),
        }
    });
    cases.collect()
}

/// Why, on what it rests, and what cures it.
fn in_full(finding: &Finding) -> String {
    let mut lines = vec![line(&finding.because)];
    for piece in &finding.evidence {
        lines.push(format!("evidence: {}", line(&evidence_line(piece))));
    }
    for fix in &finding.fixes {
        lines.push(format!("fix: {}{}", line(&fix.summary), needs_words(fix)));
        lines.extend(
            fix.commands
                .iter()
                .map(|command| format!("  {}", line(command))),
        );
        lines.push(format!("verify: {}", line(&fix.verify)));
    }
    lines.join("\n") + "\n"
}

/// Foreign text in a line, without what XML has no way to write.
fn line(text: &str) -> String {
    let writable = |c| match c {
        '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        c => c,
    };
    clean(text).chars().map(writable).collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{areas, report};
    use super::*;

    #[test]
    fn a_report_as_junit() {
        let xml = junit(&report(), &areas(), Threshold::Error).unwrap();
        insta::assert_snapshot!(xml);
    }

    #[test]
    fn failures_and_errors_are_those_of_the_verdict() {
        for threshold in [
            Threshold::Error,
            Threshold::Warning,
            Threshold::Strict,
            Threshold::Never,
        ] {
            for findings in 0..report().findings.len() {
                let mut report = report();
                report.profiles.clear();
                report.findings.truncate(findings + 1);
                report.findings.reverse();
                report.findings.truncate(1);
                report.verdict = Verdict::of(&report.findings, threshold);
                let xml = junit(&report, &areas(), threshold).unwrap();
                let expected = match report.verdict {
                    Verdict::NotReady => "<failure ",
                    Verdict::Undetermined => "<error ",
                    Verdict::Ready => "<testcase ",
                };
                assert!(xml.contains(expected), "{threshold:?} {xml}");
                let trouble = xml.contains("<failure ") || xml.contains("<error ");
                assert_eq!(trouble, report.verdict != Verdict::Ready, "{xml}");
            }
        }
    }

    #[test]
    fn no_text_of_a_host_is_markup() {
        let mut report = report();
        report.host.hostname = Some("<web&\"17>\u{1}\u{ffff}".to_owned());
        let xml = junit(&report, &areas(), Threshold::Error).unwrap();
        let expected = "hostname=\"&lt;web&amp;&quot;17&gt;\u{fffd}\u{fffd}\"";
        assert!(xml.contains(expected), "{xml}");
        let odd = |c: char| c.is_control() && c != '\n';
        assert_eq!(xml.find(odd), None);
    }
}
